/* Operators that work element by element. */
#include "host/half.h"
#include "ops.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- one input ---- */

/* Operators with attributes; their kernels have the operators' names. */
typedef struct unary_fact {
    const char *op, *a_name, *b_name; /* b_name NULL: one attribute */
    float a, b;                       /* their defaults */
} unary_fact;

static const unary_fact unary_facts[] = {
    {"LeakyRelu", "alpha", NULL, 0.01f, 0},
    {"HardSigmoid", "alpha", "beta", 0.2f, 0.5f},
    {"Elu", "alpha", NULL, 1, 0},
};

typedef struct unary_params {
    char op[24];
    float a, b;
} unary_params;

OP_COMPILE(unary_compile) {
    (void)compiler;
    unary_params *p = params;
    snprintf(p->op, sizeof p->op, "%s", ortk_node_op(node));
    for (uint32_t i = 0; i < ORTK_COUNT_OF(unary_facts); i++) {
        const unary_fact *fact = &unary_facts[i];
        if (strcmp(fact->op, p->op) != 0) continue;
        p->a = ortk_attr_float(node, fact->a_name, fact->a);
        if (fact->b_name) p->b = ortk_attr_float(node, fact->b_name, fact->b);
    }
    return NULL;
}

typedef struct unary_launch {
    int32_t count;
    float a, b;
} unary_launch;

static ort_status *unary_add(ortk_planner *planner, const char *op, float a, float b, const ortk_desc *in, uint32_t to,
                             ortk_step_plan *step) {
    char name[48];
    unary_launch launch = {(int32_t)in->element_count, a, b};
    snprintf(name, sizeof name, "unary_%s_%s", op, ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, in->element_count, &launch, sizeof launch, (uint32_t[]){0, to}, 2);
}

OP_PLAN(unary_plan) {
    (void)out_count;
    const unary_params *p = params;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    return unary_add(planner, p->op, p->a, p->b, in, in_count, step);
}

static bool gelu_claim(ortk_node *node) {
    return ortk_attr_is(node, "approximate", "none", "none") ||
           ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "the tanh approximation is not built");
}

/* ---- Clip ---- */

static float bound_of(const ortk_desc *in, uint32_t in_count, uint32_t index, float fallback) {
    if (!ortk_is_known(in, in_count, index) || in[index].element_count != 1) return fallback;
    if (in[index].dtype == ORT_DTYPE_F32) return *(const float *)in[index].known;
    return ortk_from_half(*(const uint16_t *)in[index].known);
}

OP_PLAN(clip_plan) {
    (void)params, (void)out_count;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    float low = bound_of(in, in_count, 1, -INFINITY), high = bound_of(in, in_count, 2, INFINITY);
    /* ONNX Clip-13: with min above max everything becomes max. */
    return unary_add(planner, "Clip", low > high ? high : low, high, in, in_count, step);
}

/* ---- two inputs ---- */

typedef struct binary_params {
    char op[24];
} binary_params;

OP_COMPILE(binary_compile) {
    (void)compiler;
    snprintf(((binary_params *)params)->op, sizeof(binary_params), "%s", ortk_node_op(node));
    return NULL;
}

static bool binary_claim(ortk_node *node) {
    if (ortk_node_input_count(node) != 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "%u inputs: two are done", (unsigned)ortk_node_input_count(node));
    if (ortk_node_input_dtype(node, 1) != ortk_node_input_dtype(node, 0))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "inputs of two types");
    return ortk_rank_claim(node);
}

typedef struct binary_launch {
    int32_t count, dims[DIMS], x[DIMS], y[DIMS];
} binary_launch;

OP_PLAN(binary_plan) {
    (void)out_count;
    const binary_params *p = params;
    ortk_loops loops;
    binary_launch launch;
    char name[48];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_loops_find(out, in, in_count, &loops));
    launch.count = loops.count;
    memcpy(launch.dims, loops.dims, sizeof launch.dims);
    memcpy(launch.x, loops.strides[0], sizeof launch.x);
    memcpy(launch.y, loops.strides[1], sizeof launch.y);
    bool gives_bool = out->dtype == ORT_DTYPE_BOOL && in->dtype != ORT_DTYPE_BOOL;
    /* What wraps, and Min and Max without NaN, are kernels of their own. */
    bool is_int = (INTS & ORT_DTYPE_BIT(in->dtype)) && !gives_bool;
    snprintf(name, sizeof name, "binary_%s%s_%s%s", is_int ? "Int" : "", p->op, ortk_type_token(in->dtype),
             gives_bool ? "_u8" : "");
    return ortk_launch_each(planner, step, name, loops.count, &launch, sizeof launch, (uint32_t[]){0, 1, in_count}, 3);
}

/* ---- Where ---- */

typedef struct where_launch {
    int32_t count, dims[DIMS], c[DIMS], x[DIMS], y[DIMS];
} where_launch;

static bool where_claim(ortk_node *node) {
    if (!ortk_size_token(ortk_node_input_dtype(node, 1)))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "elements of this size are not moved");
    return ortk_rank_claim(node);
}

OP_PLAN(where_plan) {
    (void)params, (void)out_count;
    ortk_loops loops;
    where_launch launch;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_loops_find(out, in, in_count, &loops));
    launch.count = loops.count;
    memcpy(launch.dims, loops.dims, sizeof launch.dims);
    memcpy(launch.c, loops.strides[0], sizeof launch.c);
    memcpy(launch.x, loops.strides[1], sizeof launch.x);
    memcpy(launch.y, loops.strides[2], sizeof launch.y);
    snprintf(name, sizeof name, "where_%s", ortk_size_token(out->dtype));
    return ortk_launch_each(planner, step, name, loops.count, &launch, sizeof launch, (uint32_t[]){0, 1, 2, in_count},
                            4);
}

/* ---- Cast ---- */

static bool cast_claim(ortk_node *node) {
    uint32_t from = ortk_node_input_dtype(node, 0), to = ortk_node_output_dtype(node, 0);
    if (!ortk_type_token(to)) return ortk_decline(node, ORTP_DECLINE_TYPE, "to a type that kernels don't compute in");
    /* What a float outside an integer's range becomes is the compiler's affair, not ONNX's. */
    if ((FLOATS & ORT_DTYPE_BIT(from)) && to == ORT_DTYPE_U8)
        return ortk_decline(node, ORTP_DECLINE_TYPE, "a float to uint8");
    return true;
}

typedef struct cast_launch {
    int32_t count, to_bool;
} cast_launch;

OP_PLAN(cast_plan) {
    (void)params, (void)out_count;
    cast_launch launch = {(int32_t)out->element_count, out->dtype == ORT_DTYPE_BOOL};
    char name[32];
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    snprintf(name, sizeof name, "cast_%s_%s", ortk_type_token(in->dtype), ortk_type_token(out->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, (uint32_t[]){0, in_count},
                            2);
}

#define UNARY(op, since, types, claim)                                                                                 \
    { "", op, since, NEWEST, types, ORTK_MODE_ROWS, 0, sizeof(unary_params), claim, unary_compile, unary_plan }
#define BINARY(op, since, types)                                                                                       \
    {                                                                                                                  \
        "", op, since, NEWEST, types, ORTK_MODE_ROWS, 0, sizeof(binary_params), binary_claim, binary_compile,          \
            binary_plan                                                                                                \
    }
static const ortk_kernel kernels[] = {
    UNARY("Relu", 6, FLOATS, NULL),
    UNARY("LeakyRelu", 6, FLOATS, NULL),
    UNARY("Sigmoid", 6, FLOATS, NULL),
    UNARY("Tanh", 6, FLOATS, NULL),
    UNARY("HardSigmoid", 6, FLOATS, NULL),
    UNARY("HardSwish", 14, FLOATS, NULL),
    UNARY("Exp", 6, FLOATS, NULL),
    UNARY("Log", 6, FLOATS, NULL),
    UNARY("Sqrt", 6, FLOATS, NULL),
    UNARY("Neg", 6, FLOATS, NULL),
    UNARY("Abs", 6, FLOATS, NULL),
    UNARY("Reciprocal", 6, FLOATS, NULL),
    UNARY("Floor", 6, FLOATS, NULL),
    UNARY("Ceil", 6, FLOATS, NULL),
    UNARY("Round", 11, FLOATS, NULL),
    UNARY("Erf", 9, FLOATS, NULL),
    UNARY("Softplus", 1, FLOATS, NULL),
    UNARY("Elu", 6, FLOATS, NULL),
    UNARY("Softsign", 1, FLOATS, NULL),
    UNARY("Gelu", 20, FLOATS, gelu_claim),
    UNARY("Sin", 7, FLOATS, NULL),
    UNARY("Cos", 7, FLOATS, NULL),
    UNARY("Not", 1, BIT(BOOL), NULL),
    {"", "Clip", 11, NEWEST, FLOATS, ORTK_MODE_ROWS, ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2), 0, NULL, NULL,
     clip_plan},
    BINARY("Add", 7, FLOATS | INTS),
    BINARY("Sub", 7, FLOATS | INTS),
    BINARY("Mul", 7, FLOATS | INTS),
    BINARY("Div", 7, FLOATS),
    BINARY("Pow", 7, FLOATS),
    BINARY("Min", 8, FLOATS | INTS),
    BINARY("Max", 8, FLOATS | INTS),
    BINARY("PRelu", 9, FLOATS),
    BINARY("Less", 9, FLOATS | INTS),
    BINARY("LessOrEqual", 12, FLOATS | INTS),
    BINARY("Greater", 9, FLOATS | INTS),
    BINARY("GreaterOrEqual", 12, FLOATS | INTS),
    BINARY("Equal", 11, FLOATS | INTS),
    BINARY("And", 7, BIT(BOOL)),
    BINARY("Or", 7, BIT(BOOL)),
    BINARY("Xor", 7, BIT(BOOL)),
    {"", "Where", 9, NEWEST, BIT(BOOL), ORTK_MODE_ROWS, 0, 0, where_claim, NULL, where_plan},
    {"", "Cast", 6, NEWEST, FLOATS | INTS | BIT(U8) | BIT(BOOL), ORTK_MODE_ROWS, 0, 0, cast_claim, NULL, cast_plan},
};
const ortk_device_table ortk_device_elementwise = {kernels, ORTK_COUNT_OF(kernels)};
