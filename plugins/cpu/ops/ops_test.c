/* The tables, run without the kit: this file is the kit, as little of it as the kernels call. Every case runs with each
 * instruction set, all tasks at once and one by one, and must give the same. */
#include "ops/ops.h"
#include "ort/sdk/attr.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testing/test.h"

/* ---- the kit ---- */

typedef struct fake_attr {
    const char *name;
    int64_t ints[8];
    uint32_t int_count;
    float number;
    const char *text;
    const void *tensor;
    uint32_t tensor_dtype;
} fake_attr;

struct ortk_node {
    const char *op;
    uint32_t in_count, out_count;
    const ortk_desc *in, *out;
    const fake_attr *attrs; /* the last has no name */
};

static void *held[256];
static uint32_t held_count;

static void *hold(size_t size_bytes) {
    held[held_count] = calloc(1, size_bytes + 1);
    return held[held_count++];
}

static void *hold_aligned(size_t size_bytes) {
    held[held_count] = aligned_alloc(64, (size_bytes + 63) & ~(size_t)63);
    return held[held_count++];
}

static const fake_attr *attr_find(const ortk_node *node, const char *name) {
    for (const fake_attr *a = node->attrs; a != NULL && a->name != NULL; a++)
        if (strcmp(a->name, name) == 0) return a;
    return NULL;
}
ort_string_view ortk_attr_text(const ortk_node *node, const char *name, const char *fallback) {
    (void)node, (void)name;
    return (ort_string_view){fallback, strlen(fallback)};
}
bool ortk_attr_has(const ortk_node *node, const char *name) {
    return attr_find(node, name) != NULL;
}
int64_t ortk_attr_int(const ortk_node *node, const char *name, int64_t fallback) {
    const fake_attr *a = attr_find(node, name);
    return a != NULL ? a->ints[0] : fallback;
}
float ortk_attr_float(const ortk_node *node, const char *name, float fallback) {
    const fake_attr *a = attr_find(node, name);
    return a != NULL ? a->number : fallback;
}
uint32_t ortk_attr_ints(const ortk_node *node, const char *name, int64_t *out, uint32_t capacity) {
    const fake_attr *a = attr_find(node, name);
    if (a == NULL) return 0;
    for (uint32_t i = 0; i < a->int_count && i < capacity; i++) out[i] = a->ints[i];
    return a->int_count;
}
const void *ortk_attr_tensor(const ortk_node *node, const char *name, uint32_t *out_dtype, int64_t *out_count) {
    const fake_attr *a = attr_find(node, name);
    *out_dtype = a != NULL ? a->tensor_dtype : 0;
    *out_count = a != NULL;
    return a != NULL ? a->tensor : NULL;
}
bool ortk_attr_is(const ortk_node *node, const char *name, const char *fallback, const char *text) {
    const fake_attr *a = attr_find(node, name);
    return strcmp(a != NULL ? a->text : fallback, text) == 0;
}
uint32_t ortk_node_input_count(const ortk_node *node) {
    return node->in_count;
}
uint32_t ortk_node_input_dtype(const ortk_node *node, uint32_t index) {
    return node->in[index].dtype;
}
uint32_t ortk_node_output_dtype(const ortk_node *node, uint32_t index) {
    return node->out[index].dtype;
}
int32_t ortk_node_input_rank(const ortk_node *node, uint32_t index) {
    return (int32_t)node->in[index].rank;
}
const char *ortk_node_op(const ortk_node *node) {
    return node->op;
}
bool ortk_decline(ortk_node *node, uint32_t code, const char *fmt, ...) {
    (void)node, (void)code, (void)fmt;
    return false;
}
static char failure;
ort_status *ortk_fail(ort_code code, const char *fmt, ...) {
    (void)code, (void)fmt;
    return (ort_status *)(void *)&failure;
}
void ortk_run_fail(const ortk_step *step, ort_code code, const char *fmt, ...) {
    (void)step, (void)code, (void)fmt;
    abort();
}
void *ortk_provide(const ortk_step *step, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes) {
    (void)step, (void)index, (void)dims, (void)rank, (void)size_bytes;
    abort();
}
ort_status *ortk_out_of_memory(void) {
    return (ort_status *)(void *)&failure;
}
void *ortk_planner_alloc(ortk_planner *planner, size_t size_bytes) {
    (void)planner;
    return hold(size_bytes);
}

/* ---- tensors ---- */

static ortk_desc desc(uint32_t dtype, uint32_t rank, const int64_t *dims, const void *known) {
    ortk_desc d = {.dtype = dtype, .rank = rank, .element_count = 1, .known = known, .is_present = true};
    for (uint32_t i = 0; i < rank; i++) {
        d.dims[i] = dims[i];
        d.element_count *= dims[i];
    }
    return d;
}
#define DIMS(...)                                                                                                      \
    (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) {                                          \
        __VA_ARGS__                                                                                                    \
    }
#define TENSOR(type, data, ...) desc(type, DIMS(__VA_ARGS__), data)

#define PIXELS(d, p) (d).layout = ORTK_LAYOUT_PIXELS, (d).pitch = (p)

typedef struct fake_case {
    const char *op;
    const fake_attr *attrs;
    const ortk_desc *in, *out; /* contents: known */
    uint32_t in_count, out_count, mode;
} fake_case;

static const ortk_kernel *find(ortk_node *node, uint32_t mode) {
    for (uint32_t t = 0; t < ortcpu_ops_count; t++)
        for (uint32_t i = 0; i < ortcpu_ops[t]->count; i++) {
            const ortk_kernel *k = &ortcpu_ops[t]->kernels[i];
            if (strcmp(k->op, node->op) != 0 || k->mode != mode) continue;
            if ((k->types & ORT_DTYPE_BIT(node->in[0].dtype)) == 0) continue;
            if (k->claim == NULL || k->claim(node)) return k;
        }
    return NULL;
}

static void run_tasks(const ortk_step_plan *plan, const fake_case *c, int64_t chunk) {
    ortk_step *step = hold(sizeof *step + 16 * sizeof(void *));
    step->run = plan->run;
    step->state = plan->state;
    step->input_count = c->in_count;
    step->output_count = c->out_count;
    for (uint32_t i = 0; i < c->in_count; i++) step->args[i] = (void *)c->in[i].known;
    for (uint32_t i = 0; i < c->out_count; i++) step->args[c->in_count + i] = (void *)c->out[i].known;
    void *scratch = plan->scratch_bytes != 0 ? hold_aligned(plan->scratch_bytes) : NULL;
    for (int64_t end = plan->task_count; end > 0; end -= chunk)
        plan->run(step, end < chunk ? 0 : end - chunk, end, scratch);
}

static void run_once(const fake_case *c, ortcpu_isa isa, bool one_by_one) {
    ortcpu_ops_use(isa);
    ortk_node node = {c->op, c->in_count, c->out_count, c->in, c->out, c->attrs};
    const ortk_kernel *k = find(&node, c->mode);
    CHECK(k != NULL, "no kernel for %s", c->op);
    void *params = hold(k->params_bytes);
    if (k->compile != NULL) CHECK(k->compile(NULL, &node, params) == NULL, "compile of %s", c->op);
    ortk_step_plan plan = {0};
    CHECK(k->plan(NULL, params, c->in, c->in_count, c->out, c->out_count, &plan) == NULL, "plan of %s", c->op);
    if (plan.run != NULL) run_tasks(&plan, c, one_by_one ? 1 : plan.task_count);
    while (held_count > 0) free(held[--held_count]);
}

/* Runs the case in every way and compares output 0's bytes with `want`. */
static void expect(const fake_case *c, const void *want, size_t size_bytes) {
    for (int isa = 0; isa < ORTCPU_ISA_COUNT; isa++)
        for (int way = 0; way < 2; way++) {
            if (!ortcpu_isa_available((ortcpu_isa)isa)) continue;
            memset((void *)c->out[0].known, 0x5a, size_bytes);
            run_once(c, (ortcpu_isa)isa, way == 1);
            CHECK(memcmp(c->out[0].known, want, size_bytes) == 0, "%s, %s", c->op, ortcpu_isa_name((ortcpu_isa)isa));
        }
}

#define EXPECT(OP, ATTRS, MODE, IN, OUT, WANT)                                                                         \
    expect(&(fake_case){OP, ATTRS, IN, OUT, sizeof(IN) / sizeof((IN)[0]), sizeof(OUT) / sizeof((OUT)[0]), MODE}, WANT, \
           sizeof(WANT))

/* ---- elementwise ---- */

ORT_TEST(ops, add_spreads_rows_and_columns) {
    const float a[] = {1, 2, 3}, b[] = {10, 20};
    float y[6];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 1, 3), TENSOR(ORT_DTYPE_F32, b, 2, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 2, 3)};
    const float want[] = {11, 12, 13, 21, 22, 23};
    EXPECT("Add", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, a_constant_for_each_channel_meets_pixels) {
    const float a[] = {1, 2, 99, 3, 4, 99, 5, 6, 99, 7, 8, 99}, b[] = {10, 20}; /* [1,2,2,2], pitch 3 */
    float y[] = {0, 0, 0, 0, 0, 0, 0, 0};
    ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 1, 2, 2, 2), TENSOR(ORT_DTYPE_F32, b, 2, 1, 1)};
    ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 1, 2, 2, 2)};
    PIXELS(in[0], 3);
    PIXELS(out[0], 2);
    const float want[] = {11, 22, 13, 24, 15, 26, 17, 28};
    EXPECT("Add", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, integers_divide_without_traps) {
    const int32_t a[] = {7, -7, 5, INT32_MIN}, b[] = {2, 2, 0, -1};
    int32_t y[4];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_I32, a, 4), TENSOR(ORT_DTYPE_I32, b, 4)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_I32, y, 4)};
    const int32_t want[] = {3, -3, 0, INT32_MIN};
    EXPECT("Div", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, max_and_relu_pass_nan) {
    const float a[] = {NAN, 1, -2}, b[] = {1, NAN, -3};
    float y[3];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 3), TENSOR(ORT_DTYPE_F32, b, 3)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 3)};
    run_once(&(fake_case){"Max", NULL, in, out, 2, 1, ORTK_MODE_ELEMENTWISE}, ortcpu_isa_detect(), false);
    CHECK(isnan(y[0]) && isnan(y[1]) && y[2] == -2.0f, "of Max");
    run_once(&(fake_case){"Relu", NULL, in, out, 1, 1, ORTK_MODE_ELEMENTWISE}, ortcpu_isa_detect(), false);
    CHECK(isnan(y[0]) && y[1] == 1.0f && y[2] == 0.0f, "of Relu");
}

ORT_TEST(ops, long_rows_are_cut_into_tasks) {
    enum { COUNT = 70001 };
    float *a = calloc(COUNT, sizeof *a), *y = calloc(COUNT, sizeof *y), *want = calloc(COUNT, sizeof *want);
    for (int i = 0; i < COUNT; i++) {
        a[i] = (float)(i % 1000) - 500.0f;
        want[i] = a[i] < 0 ? 0.0f : a[i];
    }
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, COUNT)}, out[] = {TENSOR(ORT_DTYPE_F32, y, COUNT)};
    expect(&(fake_case){"Relu", NULL, in, out, 1, 1, ORTK_MODE_ELEMENTWISE}, want, COUNT * sizeof *want);
    free(a), free(y), free(want);
}

ORT_TEST(ops, clip_without_a_lower_bound) {
    const float a[] = {-1, 5, 9}, high = 6;
    float y[3];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 3), {0}, desc(ORT_DTYPE_F32, 0, NULL, &high)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 3)};
    const float want[] = {-1, 5, 6};
    EXPECT("Clip", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, cast_saturates_and_rounds) {
    const float a[] = {-1.9f, 300.0f, NAN, 1e20f};
    int8_t small[4];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 4)}, to_i8[] = {TENSOR(ORT_DTYPE_I8, small, 4)};
    const int8_t want_small[] = {-1, 127, 0, 127};
    EXPECT("Cast", NULL, ORTK_MODE_ELEMENTWISE, in, to_i8, want_small);
    const double d[] = {1.00048828125 + 0x1p-40, 65519.0, 65520.0,
                        0x1p-25}; /* just above a tie, the largest, too large, a tie */
    uint16_t half[4];
    const ortk_desc wide[] = {TENSOR(ORT_DTYPE_F64, d, 4)}, to_f16[] = {TENSOR(ORT_DTYPE_F16, half, 4)};
    const uint16_t want_half[] = {0x3c01, 0x7bff, 0x7c00, 0};
    EXPECT("Cast", NULL, ORTK_MODE_ELEMENTWISE, wide, to_f16, want_half);
}

ORT_TEST(ops, where_chooses_by_broadcast_truth) {
    const uint8_t c[] = {1, 0};
    const int64_t x[] = {1, 2, 3, 4}, z = 9;
    int64_t y[4];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_BOOL, c, 2, 1), TENSOR(ORT_DTYPE_I64, x, 2, 2),
                            desc(ORT_DTYPE_I64, 0, NULL, &z)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_I64, y, 2, 2)};
    const int64_t want[] = {1, 2, 9, 9};
    EXPECT("Where", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

/* ---- quantised numbers ---- */

/* Halves go to even, the ends saturate; 37 elements: whole vectors and a tail. */
ORT_TEST(ops, quantize_rounds_to_even_and_saturates) {
    enum { COUNT = 37 };
    float x[COUNT], scale = 2;
    uint8_t zero = 100, y[COUNT], want[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)(i * 20 - 300) + 1.0f;                 /* a half of the scale beyond an even multiple of it */
        int q = 100 + (i * 10 - 150) + ((i * 10 - 150) & 1); /* -> even */
        want[i] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
    }
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, COUNT), desc(ORT_DTYPE_F32, 0, NULL, &scale),
                            desc(ORT_DTYPE_U8, 0, NULL, &zero)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_U8, y, COUNT)};
    EXPECT("QuantizeLinear", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, dequantize_along_an_axis_of_pixels) {
    const int8_t x[] = {1, -128, 99, 3, 127, 99}, zero[] = {1, -1}; /* [1,2,1,2], pitch 3 */
    const float scale[] = {0.5f, 2}, want[] = {0, -254, 1, 256};
    float y[4];
    ortk_desc in[] = {TENSOR(ORT_DTYPE_I8, x, 1, 2, 1, 2), TENSOR(ORT_DTYPE_F32, scale, 2),
                      TENSOR(ORT_DTYPE_I8, zero, 2)};
    ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 1, 2, 1, 2)};
    PIXELS(in[0], 3);
    PIXELS(out[0], 2);
    EXPECT("DequantizeLinear", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, dequantize_by_blocks_without_zero_points) {
    const int16_t x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const float scale[] = {1, 10, 100, 1000}, want[] = {1, 2, 30, 40, 500, 600, 7000, 8000};
    float y[8];
    const fake_attr attrs[] = {{.name = "axis", .ints = {1}}, {.name = "block_size", .ints = {2}}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_I16, x, 2, 4), TENSOR(ORT_DTYPE_F32, scale, 2, 2)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 2, 4)};
    EXPECT("DequantizeLinear", attrs, ORTK_MODE_ROWS, in, out, want);
}

/* 0x3e00 is 1.5, 0xc000 is -2, 0x3800 is 0.5 in float16. */
ORT_TEST(ops, quantize_takes_short_floats) {
    const uint16_t x[] = {0x3e00, 0xc000}, scale = 0x3800;
    const int8_t want[] = {3, -4};
    int8_t y[2];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F16, x, 2), desc(ORT_DTYPE_F16, 0, NULL, &scale)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_I8, y, 2)};
    EXPECT("QuantizeLinear", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, dynamic_quantize_holds_zero_in_its_range) {
    const float x[] = {1, 51}, none[] = {0, 0, 0};
    uint8_t y[3], zero = 9;
    float scale = 0;
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 2)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_U8, y, 2), desc(ORT_DTYPE_F32, 0, NULL, &scale),
                             desc(ORT_DTYPE_U8, 0, NULL, &zero)};
    const uint8_t want[] = {5, 255}, want_none[] = {0, 0, 0};
    EXPECT("DynamicQuantizeLinear", NULL, ORTK_MODE_ROWS, in, out, want);
    CHECK(scale == 51.0f / 255.0f && zero == 0, "scale %g, zero %d", (double)scale, zero);
    const ortk_desc in_none[] = {TENSOR(ORT_DTYPE_F32, none, 3)};
    const ortk_desc out_none[] = {TENSOR(ORT_DTYPE_U8, y, 3), out[1], out[2]};
    EXPECT("DynamicQuantizeLinear", NULL, ORTK_MODE_ROWS, in_none, out_none, want_none);
    CHECK(scale == 0 && zero == 0, "scale %g, zero %d of nothing", (double)scale, zero);
}

/* ---- 16-bit floats: 0x3c00 is 1, 0x4000 is 2, 0x7bff is 65504, 0x7c00 infinity in float16 ---- */

/* 601 elements: more than the walk converts at once, and a tail. */
ORT_TEST(ops, short_floats_are_added_and_rounded_once) {
    enum { COUNT = 601 };
    uint16_t x[COUNT], y[COUNT], want[COUNT];
    const uint16_t small = 0x1000; /* 2^-11: half of the last place of 1 */
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 3 == 0 ? 0x3c00 : i % 3 == 1 ? 0x3c01 : 0x7c00;
        want[i] = i % 3 == 0 ? 0x3c00 : i % 3 == 1 ? 0x3c02 : 0x7c00; /* ties to even */
    }
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F16, x, COUNT), desc(ORT_DTYPE_F16, 0, NULL, &small)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F16, y, COUNT)};
    EXPECT("Add", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

ORT_TEST(ops, short_floats_compare_to_truth_values) {
    const uint16_t x[] = {0x3f80, 0xbf80, 0x7fc0}, zero = 0; /* 1, -1, NaN in bfloat16 */
    uint8_t y[3];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_BF16, x, 3), desc(ORT_DTYPE_BF16, 0, NULL, &zero)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_BOOL, y, 3)};
    const uint8_t want[] = {0, 1, 0};
    EXPECT("Less", NULL, ORTK_MODE_ELEMENTWISE, in, out, want);
}

/* The sum is in float32: 65504 + 65504 - 65504 would be infinite in float16. */
ORT_TEST(ops, short_floats_are_summed_in_float32) {
    const uint16_t x[] = {0x7bff, 0x7bff, 0xfbff, 0x3c00, 0x3c00, 0x4000}, want[] = {0x7bff, 0x4400};
    const int64_t axes[] = {1};
    uint16_t y[2];
    const fake_attr attrs[] = {{.name = "keepdims", .ints = {0}}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F16, x, 2, 3), TENSOR(ORT_DTYPE_I64, axes, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F16, y, 2)};
    EXPECT("ReduceSum", attrs, ORTK_MODE_ROWS, in, out, want);
}

/* ---- moves ---- */

ORT_TEST(ops, transpose_matches_the_definition_at_odd_sizes) {
    enum { A = 37, B = 3, C = 53 };
    int32_t *x = calloc(A * B * C, sizeof *x), *y = calloc(A * B * C, sizeof *y),
            *want = calloc(A * B * C, sizeof *want);
    for (int a = 0; a < A; a++)
        for (int b = 0; b < B; b++)
            for (int c = 0; c < C; c++) {
                x[(a * B + b) * C + c] = (a * B + b) * C + c;
                want[(c * B + b) * A + a] = (a * B + b) * C + c;
            }
    const fake_attr attrs[] = {{.name = "perm", .ints = {2, 1, 0}, .int_count = 3}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_I32, x, A, B, C)}, out[] = {TENSOR(ORT_DTYPE_I32, y, C, B, A)};
    expect(&(fake_case){"Transpose", attrs, in, out, 1, 1, ORTK_MODE_ROWS}, want, A * B * C * sizeof *want);
    free(x), free(y), free(want);
}

ORT_TEST(ops, slice_walks_backwards) {
    const uint8_t x[] = {0, 1, 2, 3, 4, 5};
    const int64_t start[] = {-1}, end[] = {INT64_MIN}, axis[] = {0}, stride[] = {-2};
    uint8_t y[3];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_U8, x, 6), TENSOR(ORT_DTYPE_I64, start, 1), TENSOR(ORT_DTYPE_I64, end, 1),
                            TENSOR(ORT_DTYPE_I64, axis, 1), TENSOR(ORT_DTYPE_I64, stride, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_U8, y, 3)};
    const uint8_t want[] = {5, 3, 1};
    EXPECT("Slice", NULL, ORTK_MODE_ROWS, in, out, want);
}

ORT_TEST(ops, concat_takes_an_empty_part) {
    const float a[] = {1, 2}, b[] = {3, 4};
    float y[4];
    const fake_attr attrs[] = {{.name = "axis", .ints = {-1}}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, a, 2, 1), TENSOR(ORT_DTYPE_F32, b, 2, 0),
                            TENSOR(ORT_DTYPE_F32, b, 2, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 2, 2)};
    const float want[] = {1, 3, 2, 4};
    EXPECT("Concat", attrs, ORTK_MODE_ROWS, in, out, want);
}

ORT_TEST(ops, pad_reflects_and_crops) {
    const float x[] = {1, 2, 3};
    const int64_t pads[] = {2, 1}, crop[] = {-1, 2};
    float y[6], z[4];
    const fake_attr reflect[] = {{.name = "mode", .text = "reflect"}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 3), TENSOR(ORT_DTYPE_I64, pads, 2)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 6)};
    const float want[] = {3, 2, 1, 2, 3, 2};
    EXPECT("Pad", reflect, ORTK_MODE_ROWS, in, out, want);
    const ortk_desc in_crop[] = {in[0], TENSOR(ORT_DTYPE_I64, crop, 2)}, out_crop[] = {TENSOR(ORT_DTYPE_F32, z, 4)};
    const float want_crop[] = {2, 3, 0, 0};
    EXPECT("Pad", NULL, ORTK_MODE_ROWS, in_crop, out_crop, want_crop);
}

ORT_TEST(ops, pad_adds_channels_to_pixels) {
    const float x[] = {1, 2, 3, 4}; /* [1,2,1,2] as pixels */
    const int64_t pads[] = {0, 0, 0, 0, 0, 1, 0, 0};
    float y[6];
    ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 1, 2, 1, 2), TENSOR(ORT_DTYPE_I64, pads, 8)};
    ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 1, 3, 1, 2)};
    PIXELS(in[0], 2);
    PIXELS(out[0], 3);
    const float want[] = {1, 2, 0, 3, 4, 0};
    EXPECT("Pad", NULL, ORTK_MODE_PIXELS, in, out, want);
}

ORT_TEST(ops, gather_out_of_range_reads_nothing) {
    const float x[] = {1, 2, 3, 4};
    const int64_t at[] = {-1, 5, 0, INT64_MIN};
    float y[8];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 2, 2), TENSOR(ORT_DTYPE_I64, at, 4)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 4, 2)};
    const float want[] = {3, 4, 0, 0, 1, 2, 0, 0};
    EXPECT("Gather", NULL, ORTK_MODE_ROWS, in, out, want);
}

/* ---- reductions ---- */

ORT_TEST(ops, sums_over_the_middle_and_over_nothing) {
    const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const int64_t axes[] = {1};
    float y[4];
    const fake_attr attrs[] = {{.name = "keepdims", .ints = {0}}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 2, 2, 2), TENSOR(ORT_DTYPE_I64, axes, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 2, 2)};
    const float want[] = {4, 6, 12, 14};
    EXPECT("ReduceSum", attrs, ORTK_MODE_ROWS, in, out, want);
    const ortk_desc empty[] = {TENSOR(ORT_DTYPE_F32, x, 2, 0, 2), in[1]};
    const float ones[] = {1, 1, 1, 1};
    EXPECT("ReduceProd", attrs, ORTK_MODE_ROWS, empty, out, ones);
}

/* A double between 0 and 1 is its own magnitude. */
ORT_TEST(ops, sums_of_magnitudes_of_doubles) {
    const double x[] = {0.25, -0.5, 0.75, -3};
    const int64_t axes[] = {0};
    double y[1];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F64, x, 4), TENSOR(ORT_DTYPE_I64, axes, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F64, y, 1)};
    const double want[] = {4.5};
    EXPECT("ReduceL1", NULL, ORTK_MODE_ROWS, in, out, want);
}

ORT_TEST(ops, arg_max_takes_the_first_or_the_last) {
    const float x[] = {1, 3, 3, 0};
    int64_t y[1];
    const fake_attr last[] = {{.name = "select_last_index", .ints = {1}}, {0}};
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 4)}, out[] = {TENSOR(ORT_DTYPE_I64, y, 1)};
    const int64_t first_index[] = {1}, last_index[] = {2};
    EXPECT("ArgMax", NULL, ORTK_MODE_ROWS, in, out, first_index);
    EXPECT("ArgMax", last, ORTK_MODE_ROWS, in, out, last_index);
}

ORT_TEST(ops, softmax_of_large_numbers_sums_to_one) {
    const float x[] = {1000, 1001, 1002, -1000, 0, 0};
    float y[6];
    const ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 2, 3)}, out[] = {TENSOR(ORT_DTYPE_F32, y, 2, 3)};
    run_once(&(fake_case){"Softmax", NULL, in, out, 1, 1, ORTK_MODE_ROWS}, ortcpu_isa_detect(), false);
    CHECK(fabsf(y[0] + y[1] + y[2] - 1.0f) < 1e-6f && fabsf(y[2] - 0.66524096f) < 1e-6f, "got %f", (double)y[2]);
    CHECK(y[3] == 0.0f && y[4] == 0.5f && y[5] == 0.5f, "of the second row");
}

/* ONNX Resize-19: the region of interest may be float16; 0x3800 is a half, 0x3c00 is one. */
ORT_TEST(ops, resize_crops_by_a_region_in_float16) {
    const float x[] = {1, 2, 3, 4, 5};
    const uint16_t roi[] = {0x3800, 0x3c00};
    const int64_t sizes[] = {2};
    float y[2];
    const fake_attr attrs[] = {{.name = "coordinate_transformation_mode", .text = "tf_crop_and_resize"},
                               {.name = "mode", .text = "linear"},
                               {0}};
    const ortk_desc in[] = {
        TENSOR(ORT_DTYPE_F32, x, 5), TENSOR(ORT_DTYPE_F16, roi, 2), {0}, TENSOR(ORT_DTYPE_I64, sizes, 1)};
    const ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 2)};
    const float want[] = {3, 5};
    EXPECT("Resize", attrs, ORTK_MODE_ROWS, in, out, want);
}

ORT_TEST(ops, resize_doubles_pixels) {
    const float x[] = {1, 10, 2, 20}, scales[] = {1, 1, 1, 2}; /* [1,2,1,2] as pixels */
    float y[8];
    const fake_attr attrs[] = {{.name = "coordinate_transformation_mode", .text = "asymmetric"},
                               {.name = "nearest_mode", .text = "floor"},
                               {.name = "mode", .text = "nearest"},
                               {0}};
    ortk_desc in[] = {TENSOR(ORT_DTYPE_F32, x, 1, 2, 1, 2), {0}, TENSOR(ORT_DTYPE_F32, scales, 4)};
    ortk_desc out[] = {TENSOR(ORT_DTYPE_F32, y, 1, 2, 1, 4)};
    PIXELS(in[0], 2);
    PIXELS(out[0], 2);
    const float want[] = {1, 10, 1, 10, 2, 20, 2, 20};
    EXPECT("Resize", attrs, ORTK_MODE_PIXELS, in, out, want);
}
