/* Results that come from shapes and scalars: ConstantOfShape, Range, Shape, Size. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct fill_params {
    unsigned char value[16];
    int64_t start;
} fill_params;

typedef struct fill_state {
    unsigned char value[16];
    int64_t count, bytes, dims[ORTK_RANK_MAX];
} fill_state;

#define FILL_CHUNK 65536

static bool fill_claim(ortk_node *node) {
    if ((ORT_DTYPE_BIT(ortk_node_output_dtype(node, 0)) & ORTCPU_TYPES_MOVED) != 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "this element type");
}

static ort_status *fill_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    uint32_t dtype = 0;
    int64_t count = 0;
    const void *value = ortk_attr_tensor(node, "value", &dtype, &count);
    if (value != NULL && count > 0) memcpy(((fill_params *)params)->value, value, (size_t)ortk_dtype_bytes(dtype, 1));
    return NULL;
}

static void fill_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const fill_state *s = step->state;
    const int64_t to = end * FILL_CHUNK < s->count ? end * FILL_CHUNK : s->count;
    char *out = ortk_out(step, 0);
    ortcpu_repeat(out + begin * FILL_CHUNK * s->bytes, s->value, s->bytes, to - begin * FILL_CHUNK);
}

static fill_state *state_create(ortk_planner *planner, const ortk_desc *out) {
    fill_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return NULL;
    memset(s, 0, sizeof *s);
    s->count = out->element_count;
    s->bytes = (int64_t)ortk_dtype_bytes(out->dtype, 1);
    return s;
}

static ort_status *fill_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in, (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    fill_state *s = state_create(planner, out);
    if (s == NULL) return ortk_out_of_memory();
    memcpy(s->value, ((const fill_params *)params)->value, sizeof s->value);
    step->run = fill_run;
    step->state = s;
    step->task_count = (s->count + FILL_CHUNK - 1) / FILL_CHUNK;
    step->cost_ns = (double)s->count * 0.5;
    return NULL;
}

/* start + i * delta, each by itself (ONNX Range-27). The count is the result's. */
#define RANGE(name, T, U)                                                                                              \
    static void name(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)begin, (void)end, (void)scratch;                                                                         \
        const fill_state *s = step->state;                                                                             \
        const U start = (U) * (const T *)ortk_in(step, 0), delta = (U) * (const T *)ortk_in(step, 2);                  \
        T *out = ortk_out(step, 0);                                                                                    \
        for (int64_t i = 0; i < s->count; i++) out[i] = (T)(start + (U)i * delta);                                     \
    }
RANGE(range_f32, float, float)
RANGE(range_f64, double, double)
RANGE(range_i16, int16_t, uint32_t)
RANGE(range_i32, int32_t, uint32_t)
RANGE(range_i64, int64_t, uint64_t)

static ort_status *range_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)in, (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    fill_state *s = state_create(planner, out);
    if (s == NULL) return ortk_out_of_memory();
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {[ORT_DTYPE_F32] = range_f32,
                                                         [ORT_DTYPE_F64] = range_f64,
                                                         [ORT_DTYPE_I16] = range_i16,
                                                         [ORT_DTYPE_I32] = range_i32,
                                                         [ORT_DTYPE_I64] = range_i64};
    step->run = by_type[out->dtype];
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)s->count;
    return NULL;
}

static ort_status *shape_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    int64_t start = ortk_attr_int(node, "start", 0), rank = ortk_node_input_rank(node, 0);
    if (start < 0) start += rank;
    ((fill_params *)params)->start = start < 0 ? 0 : start;
    return NULL;
}

static void dims_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const fill_state *s = step->state;
    memcpy(ortk_out(step, 0), s->dims, (size_t)s->count * sizeof s->dims[0]);
}

static ort_status *shape_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    fill_state *s = state_create(planner, out);
    if (s == NULL) return ortk_out_of_memory();
    const int64_t start = ((const fill_params *)params)->start;
    for (int64_t i = 0; i < s->count && start + i < in->rank; i++) s->dims[i] = in->dims[start + i];
    if (out->rank == 0) s->dims[0] = in->element_count;
    step->run = dims_run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = 10;
    return NULL;
}

#define FILL(NAME, SINCE, TYPES, FLAGS, CLAIM, COMPILE, PLAN_FN)                                                       \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .flags = (FLAGS), .params_bytes = sizeof(fill_params), .claim = CLAIM,                 \
        .compile = COMPILE, .plan = PLAN_FN                                                                            \
    }
static const ortk_kernel kernels[] = {
    FILL("ConstantOfShape", 9, ORT_DTYPE_BIT(ORT_DTYPE_I64), ORTK_KERNEL_KNOWN(0), fill_claim, fill_compile, fill_plan),
    FILL("Range", 11,
         ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I16) | ORT_DTYPE_BIT(ORT_DTYPE_I32) |
             ORT_DTYPE_BIT(ORT_DTYPE_I64),
         0, NULL, NULL, range_plan),
    FILL("Shape", 1, ORTCPU_TYPES_MOVED, 0, NULL, shape_compile, shape_plan),
    FILL("Size", 1, ORTCPU_TYPES_MOVED, 0, NULL, NULL, shape_plan),
};
const ortcpu_op_table ortcpu_ops_fill = ORTCPU_TABLE(kernels);
