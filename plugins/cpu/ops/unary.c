/* One operand, element by element. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct unary_params {
    ortcpu_unary_params loop;
    ortcpu_unary op;
    double element_ns;
} unary_params;

/* An operator, its two attributes with their defaults (ONNX), and what an element costs. */
typedef struct unary_fact {
    const char *name;
    ortcpu_unary op;
    const char *alpha;
    float alpha_default;
    const char *beta;
    float beta_default;
    double element_ns;
} unary_fact;

static const unary_fact facts[] = {
    {"Abs", ORTCPU_ABS, NULL, 0, NULL, 0, 0.1},
    {"Neg", ORTCPU_NEG, NULL, 0, NULL, 0, 0.1},
    {"Sign", ORTCPU_SIGN, NULL, 0, NULL, 0, 0.1},
    {"Relu", ORTCPU_RELU, NULL, 0, NULL, 0, 0.1},
    {"LeakyRelu", ORTCPU_LEAKY_RELU, "alpha", 0.01f, NULL, 0, 0.1},
    {"Clip", ORTCPU_CLIP, NULL, 0, NULL, 0, 0.1},
    {"Floor", ORTCPU_FLOOR, NULL, 0, NULL, 0, 0.1},
    {"Ceil", ORTCPU_CEIL, NULL, 0, NULL, 0, 0.1},
    {"Round", ORTCPU_ROUND, NULL, 0, NULL, 0, 0.1},
    {"Sqrt", ORTCPU_SQRT, NULL, 0, NULL, 0, 0.3},
    {"Reciprocal", ORTCPU_RECIPROCAL, NULL, 0, NULL, 0, 0.2},
    {"Exp", ORTCPU_EXP, NULL, 0, NULL, 0, 0.5},
    {"Log", ORTCPU_LOG, NULL, 0, NULL, 0, 0.6},
    {"Tanh", ORTCPU_TANH, NULL, 0, NULL, 0, 0.8},
    {"Sigmoid", ORTCPU_SIGMOID, NULL, 0, NULL, 0, 0.7},
    {"Erf", ORTCPU_ERF, NULL, 0, NULL, 0, 0.9},
    {"Softplus", ORTCPU_SOFTPLUS, NULL, 0, NULL, 0, 1.3},
    {"Softsign", ORTCPU_SOFTSIGN, NULL, 0, NULL, 0, 0.2},
    {"Elu", ORTCPU_ELU, "alpha", 1, NULL, 0, 0.6},
    {"Celu", ORTCPU_CELU, "alpha", 1, NULL, 0, 0.7},
    {"Selu", ORTCPU_SELU, "alpha", 1.67326319217681884765625f, "gamma", 1.05070102214813232421875f, 0.6},
    {"ThresholdedRelu", ORTCPU_THRESHOLDED, "alpha", 1, NULL, 0, 0.1},
    {"HardSigmoid", ORTCPU_HARD_SIGMOID, "alpha", 0.2f, "beta", 0.5f, 0.1},
    {"HardSwish", ORTCPU_HARD_SWISH, NULL, 0, NULL, 0, 0.1},
    {"Mish", ORTCPU_MISH, NULL, 0, NULL, 0, 2.2},
    {"Swish", ORTCPU_SWISH, "alpha", 1, NULL, 0, 0.8},
    {"Gelu", ORTCPU_GELU, NULL, 0, NULL, 0, 1},
    {"IsNaN", ORTCPU_IS_NAN, NULL, 0, NULL, 0, 0.1},
    {"Sin", ORTCPU_SIN, NULL, 0, NULL, 0, 10},
    {"Cos", ORTCPU_COS, NULL, 0, NULL, 0, 10},
    {"Tan", ORTCPU_TAN, NULL, 0, NULL, 0, 12},
    {"Asin", ORTCPU_ASIN, NULL, 0, NULL, 0, 12},
    {"Acos", ORTCPU_ACOS, NULL, 0, NULL, 0, 12},
    {"Atan", ORTCPU_ATAN, NULL, 0, NULL, 0, 12},
    {"Sinh", ORTCPU_SINH, NULL, 0, NULL, 0, 12},
    {"Cosh", ORTCPU_COSH, NULL, 0, NULL, 0, 12},
    {"Asinh", ORTCPU_ASINH, NULL, 0, NULL, 0, 15},
    {"Acosh", ORTCPU_ACOSH, NULL, 0, NULL, 0, 15},
    {"Atanh", ORTCPU_ATANH, NULL, 0, NULL, 0, 15},
};

static ort_status *unary_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    unary_params *p = params;
    const char *name = ortk_node_op(node);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const unary_fact *f = &facts[i];
        if (strcmp(f->name, name) != 0) continue;
        p->op = f->op;
        p->element_ns = f->element_ns;
        if (f->alpha != NULL) p->loop.alpha = ortk_attr_float(node, f->alpha, f->alpha_default);
        if (f->beta != NULL) p->loop.beta = ortk_attr_float(node, f->beta, f->beta_default);
        if (f->op == ORTCPU_GELU && ortk_attr_is(node, "approximate", "none", "tanh")) p->op = ORTCPU_GELU_TANH;
        return NULL;
    }
    return ortk_fail(ORT_CODE_BUG, "no loop for operator %s", name);
}

static ort_status *is_inf_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    unary_params *p = params;
    p->op = ORTCPU_IS_INF;
    p->element_ns = 0.1;
    p->loop.alpha = ortk_attr_int(node, "detect_negative", 1) != 0 ? 1.0f : 0.0f;
    p->loop.beta = ortk_attr_int(node, "detect_positive", 1) != 0 ? 1.0f : 0.0f;
    return NULL;
}

static ort_status *unary_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const unary_params *p = params;
    ortcpu_walk_spec spec = {ortcpu_unary_loop(p->op, in[0].dtype), &p->loop, out, in, in_count, p->element_ns};
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

/* Clip's bounds are operands 2 and 3 of the loop, read at run, NULL where left out. */
static ort_status *clip_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const unary_params *p = params;
    ortk_desc plain[3] = {in[0]};
    for (uint32_t i = 1; i < in_count && i < 3; i++) {
        if (in[i].is_present && in[i].element_count != 1)
            return ortk_fail(ORT_CODE_INVALID_MODEL, "a bound of Clip has %lld elements, not one",
                             (long long)in[i].element_count);
        plain[i] = (ortk_desc){.dtype = in[0].dtype, .element_count = 1};
    }
    ortcpu_walk_spec spec = {ortcpu_unary_loop(p->op, in[0].dtype), &p->loop, out, plain, in_count, p->element_ns};
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

#define UNARY(NAME, SINCE, TYPES, COMPILE, PLAN)                                                                       \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE | ORTK_KERNEL_UNARY,                               \
        .params_bytes = sizeof(unary_params), .compile = COMPILE, .plan = PLAN                                         \
    }
#define FLOATS(NAME, SINCE) UNARY(NAME, SINCE, ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT, unary_compile, unary_plan)

static const ortk_kernel kernels[] = {
    UNARY("Abs", 6, ORTCPU_TYPES_REAL | ORTCPU_TYPES_SHORT, unary_compile, unary_plan),
    UNARY("Neg", 6, ORTCPU_TYPES_INT | ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT, unary_compile, unary_plan),
    UNARY("Sign", 9, ORTCPU_TYPES_REAL | ORTCPU_TYPES_SHORT, unary_compile, unary_plan),
    UNARY("Relu", 6, ORTCPU_TYPES_INT | ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT, unary_compile, unary_plan),
    UNARY("Clip", 11, ORTCPU_TYPES_REAL | ORTCPU_TYPES_SHORT, unary_compile, clip_plan),
    UNARY("IsInf", 10, ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT, is_inf_compile, unary_plan),
    FLOATS("LeakyRelu", 6),
    FLOATS("Floor", 6),
    FLOATS("Ceil", 6),
    FLOATS("Round", 11),
    FLOATS("Sqrt", 6),
    FLOATS("Reciprocal", 6),
    FLOATS("Exp", 6),
    FLOATS("Log", 6),
    FLOATS("Tanh", 6),
    FLOATS("Sigmoid", 6),
    FLOATS("Erf", 9),
    FLOATS("Softplus", 1),
    FLOATS("Softsign", 1),
    FLOATS("Elu", 6),
    FLOATS("Celu", 12),
    FLOATS("Selu", 6),
    FLOATS("ThresholdedRelu", 10),
    FLOATS("HardSigmoid", 6),
    FLOATS("HardSwish", 14),
    FLOATS("Mish", 18),
    FLOATS("Swish", 24),
    FLOATS("Gelu", 20),
    FLOATS("IsNaN", 9),
    FLOATS("Sin", 7),
    FLOATS("Cos", 7),
    FLOATS("Tan", 7),
    FLOATS("Asin", 7),
    FLOATS("Acos", 7),
    FLOATS("Atan", 7),
    FLOATS("Sinh", 9),
    FLOATS("Cosh", 9),
    FLOATS("Asinh", 9),
    FLOATS("Acosh", 9),
    FLOATS("Atanh", 9),
};
const ortcpu_op_table ortcpu_ops_unary = ORTCPU_TABLE(kernels);
