/* Two operands and more: arithmetic and comparison, with broadcasting. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

#include <string.h>

typedef struct binary_params {
    ortcpu_binary op;
} binary_params;

static const struct {
    const char *name;
    ortcpu_binary op;
} names[] = {
    {"Add", ORTCPU_ADD},         {"Sub", ORTCPU_SUB},
    {"Mul", ORTCPU_MUL},         {"Div", ORTCPU_DIV},
    {"PRelu", ORTCPU_PRELU},     {"Equal", ORTCPU_EQUAL},
    {"Less", ORTCPU_LESS},       {"LessOrEqual", ORTCPU_LESS_EQUAL},
    {"Greater", ORTCPU_GREATER}, {"GreaterOrEqual", ORTCPU_GREATER_EQUAL},
    {"Max", ORTCPU_MAX},         {"Min", ORTCPU_MIN},
    {"Sum", ORTCPU_ADD},         {"Mean", ORTCPU_ADD},
};

static ort_status *find_op(const char *name, ortcpu_binary *out) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) != 0) continue;
        *out = names[i].op;
        return NULL;
    }
    return ortk_fail(ORT_CODE_BUG, "no loop for operator %s", name);
}

static ort_status *binary_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    return find_op(ortk_node_op(node), &((binary_params *)params)->op);
}

static ort_status *binary_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const binary_params *p = params;
    ortcpu_walk_spec spec = {ortcpu_binary_loop(p->op, in[0].dtype), p, out, in, in_count, 0.15};
    if (p->op == ORTCPU_DIV && (ORTCPU_TYPES_REAL & ~ORTCPU_TYPE_F32 & ORT_DTYPE_BIT(in[0].dtype)))
        spec.element_ns = 1.5;
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

/* ---- Max, Min, Sum, Mean: one after the other ---- */

#define CHUNK_BYTES 4096

typedef struct variadic_params {
    ortcpu_binary op;
    bool is_mean;
} variadic_params;

typedef struct variadic_state {
    ortcpu_loop_fn loop, divide;
    int64_t bytes;
    float divisor_f32;
    double divisor_f64;
    const void *divisor;
} variadic_state;

/* acc = op(left, right) over `count` elements. */
static void join(ortcpu_loop_fn loop, int64_t bytes, int64_t count, void *acc, void *left, int64_t left_inc,
                 void *right, int64_t right_inc) {
    const int64_t inc[] = {bytes, left_inc, right_inc}, step[] = {0, 0, 0};
    const ortcpu_block block = {count, 1, inc, step, NULL, 3, {acc, left, right}};
    loop(&block);
}

/* Through a buffer, since the output may share memory with an input that is still to be read. */
static void variadic_loop(const ortcpu_block *block) {
    const variadic_state *s = block->params;
    double buffer[CHUNK_BYTES / sizeof(double)];
    const int64_t chunk = CHUNK_BYTES / s->bytes;
    for (int64_t r = 0; r < block->rows; r++)
        for (int64_t at = 0; at < block->count; at += chunk) {
            int64_t n = block->count - at < chunk ? block->count - at : chunk;
            char *p[ORTCPU_OPERAND_MAX];
            for (uint32_t k = 0; k < block->operand_count; k++)
                p[k] = (char *)block->ptr[k] + r * block->step[k] + at * block->inc[k];
            join(s->loop, s->bytes, n, buffer, p[1], block->inc[1], p[2], block->inc[2]);
            for (uint32_t k = 3; k < block->operand_count; k++)
                join(s->loop, s->bytes, n, buffer, buffer, s->bytes, p[k], block->inc[k]);
            if (s->divide != NULL) join(s->divide, s->bytes, n, buffer, buffer, s->bytes, (void *)s->divisor, 0);
            memcpy(p[0], buffer, (size_t)(n * s->bytes));
        }
}

static void copy_loop(const ortcpu_block *block) {
    for (int64_t r = 0; r < block->rows; r++)
        memmove((char *)block->ptr[0] + r * block->step[0], (char *)block->ptr[1] + r * block->step[1],
                (size_t)(block->count * block->inc[0]));
}

static bool variadic_claim(ortk_node *node) {
    if (ortk_node_input_count(node) < ORTCPU_OPERAND_MAX) return true;
    return ortk_decline(node, ORTP_DECLINE_SHAPE, "%u inputs are more than %u", ortk_node_input_count(node),
                        ORTCPU_OPERAND_MAX - 1);
}

static ort_status *variadic_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    variadic_params *p = params;
    p->is_mean = strcmp(ortk_node_op(node), "Mean") == 0;
    return find_op(ortk_node_op(node), &p->op);
}

static ort_status *variadic_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const variadic_params *p = params;
    variadic_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    const uint32_t dtype = ORTCPU_TYPES_SHORT & ORT_DTYPE_BIT(out->dtype) ? ORT_DTYPE_F32 : out->dtype;
    s->loop = ortcpu_binary_loop(p->op, dtype);
    s->divide = p->is_mean ? ortcpu_binary_loop(ORTCPU_DIV, dtype) : NULL;
    s->bytes = (int64_t)ortk_dtype_bytes(dtype, 1);
    s->divisor_f32 = (float)in_count;
    s->divisor_f64 = in_count;
    s->divisor = dtype == ORT_DTYPE_F32 ? (void *)&s->divisor_f32 : &s->divisor_f64;
    ortcpu_walk_spec spec = {variadic_loop, s, out, in, in_count, 0.15 * in_count};
    if (in_count == 1) spec.loop = copy_loop;
    if (in_count == 2 && !p->is_mean) spec.loop = s->loop;
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

#define BINARY(NAME, SINCE, TYPES)                                                                                     \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE, .params_bytes = sizeof(binary_params),            \
        .compile = binary_compile, .plan = binary_plan                                                                 \
    }
#define VARIADIC(NAME, TYPES)                                                                                          \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 8, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),          \
        .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE, .params_bytes = sizeof(variadic_params),          \
        .claim = variadic_claim, .compile = variadic_compile, .plan = variadic_plan                                    \
    }

#define NUMBERS (ORTCPU_TYPES_REAL | ORTCPU_TYPES_SHORT)
static const ortk_kernel kernels[] = {
    BINARY("Add", 7, NUMBERS),
    BINARY("Sub", 7, NUMBERS),
    BINARY("Mul", 7, NUMBERS),
    BINARY("Div", 7, NUMBERS),
    BINARY("PRelu", 9, NUMBERS),
    BINARY("Equal", 11, NUMBERS | ORTCPU_TYPE_BOOL),
    BINARY("Less", 9, NUMBERS),
    BINARY("LessOrEqual", 12, NUMBERS),
    BINARY("Greater", 9, NUMBERS),
    BINARY("GreaterOrEqual", 12, NUMBERS),
    VARIADIC("Max", NUMBERS),
    VARIADIC("Min", NUMBERS),
    VARIADIC("Sum", ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT),
    VARIADIC("Mean", ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT),
};
const ortcpu_op_table ortcpu_ops_binary = ORTCPU_TABLE(kernels);
