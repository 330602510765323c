/* MatMul and Gemm with constant weights: packed once at compile, shared by all sessions through the host's store. */
#include "acme.h"

#define PANEL 8 /* columns that are computed together; packed weights lie in panels of [k][PANEL] */

typedef struct product_params {
    int64_t depth, columns;
    bool is_transposed; /* the weights are [columns, depth] in the model */
    bool has_bias;
    const float *packed;
} product_params;

typedef struct product_state {
    const product_params *params;
    int64_t rows;
} product_state;

/* A claim says what the table can't: conditions beyond operator, version and type. What it declines, with the reason
 * that users read in `ort-run --explain`, runs elsewhere. Shapes may be symbolic here: ortk_node_input_dim is then -1.
 */
static bool matmul_claim(ortk_node *node) {
    int64_t count = 0;
    if (!ortk_node_is_constant(node, 1, &count) || ortk_node_input_rank(node, 1) != 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "weights that are not a constant matrix");
    if (ortk_node_input_rank(node, 0) < 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "a left side of rank %d", (int)ortk_node_input_rank(node, 0));
    return true;
}

static bool gemm_claim(ortk_node *node) {
    int64_t columns = ortk_node_input_dim(node, 1, ortk_attr_int(node, "transB", 0) ? 0 : 1);
    if (ortk_attr_float(node, "alpha", 1) != 1 || ortk_attr_float(node, "beta", 1) != 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "alpha or beta other than 1");
    if (ortk_attr_int(node, "transA", 0)) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "a transposed left side");
    if (ortk_node_has_input(node, 2) &&
        (ortk_node_input_rank(node, 2) != 1 || ortk_node_input_dim(node, 2, 0) != columns))
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "a C that is not one number for each column");
    return matmul_claim(node);
}

static void product_pack(const void *user, const void *constant, void *packed) {
    const product_params *p = user;
    const float *from = constant;
    float *to = packed;
    for (int64_t panel = 0; panel < p->columns; panel += PANEL)
        for (int64_t k = 0; k < p->depth; k++)
            for (int64_t j = panel; j < panel + PANEL; j++)
                *to++ = j >= p->columns ? 0 : p->is_transposed ? from[j * p->depth + k] : from[k * p->columns + j];
}

/* MatMul has no attributes: what it does not have reads as the default. A third input is Gemm's C, or what the kit
 * fused: an Add of a vector behind the product. */
static ort_status *product_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    product_params *p = params;
    const void *packed = NULL;
    p->is_transposed = ortk_attr_int(node, "transB", 0) != 0;
    p->depth = ortk_node_input_dim(node, 1, p->is_transposed ? 1 : 0);
    p->columns = ortk_node_input_dim(node, 1, p->is_transposed ? 0 : 1);
    p->has_bias = ortk_node_has_input(node, 2);
    uint64_t panels = (uint64_t)(p->columns + PANEL - 1) / PANEL, bytes = panels * PANEL * (uint64_t)p->depth * 4;
    if (bytes == 0) return NULL;
    /* The text names the layout: weights packed under the same one are shared. Change it when the layout changes. */
    ort_status *status = ortk_compiler_pack(compiler, node, 1, p->is_transposed ? "acme-panel8-t-v1" : "acme-panel8-v1",
                                            bytes, product_pack, p, &packed);
    p->packed = packed;
    return status;
}

/* A task is one row of the result. */
static void product_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const product_state *s = step->state;
    const product_params *p = s->params;
    const float *bias = p->has_bias ? ortk_in(step, 2) : NULL;
    (void)scratch;
    for (int64_t row = begin; row < end; row++) {
        const float *in = (const float *)ortk_in(step, 0) + row * p->depth, *weights = p->packed;
        float *out = (float *)ortk_out(step, 0) + row * p->columns;
        for (int64_t panel = 0; panel < p->columns; panel += PANEL) {
            float sums[PANEL] = {0};
            for (int64_t k = 0; k < p->depth; k++, weights += PANEL)
                for (int j = 0; j < PANEL; j++) sums[j] += in[k] * weights[j];
            for (int64_t j = 0; j < PANEL && panel + j < p->columns; j++)
                out[panel + j] = sums[j] + (bias ? bias[panel + j] : 0);
        }
    }
}

static ort_status *product_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const product_params *p = params;
    product_state *s = ortk_planner_alloc(planner, sizeof *s);
    (void)in_count, (void)out_count;
    if (!s) return ortk_out_of_memory();
    if (in[0].dims[in[0].rank - 1] != p->depth)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a left side of depth %lld for weights of depth %lld",
                         (long long)in[0].dims[in[0].rank - 1], (long long)p->depth);
    *s = (product_state){p, p->columns ? out->element_count / p->columns : 0};
    *step = (ortk_step_plan){.run = product_run, .state = s, .task_count = s->rows};
    step->cost_ns = 0.1 * (double)out->element_count * (double)p->depth;
    return NULL;
}

#define PRODUCT(OP, SINCE, CLAIM)                                                                                      \
    {                                                                                                                  \
        "", OP, SINCE, ACME_OPSET, ACME_F32, ORTK_MODE_ROWS, ORTK_KERNEL_FUSES_BIAS, sizeof(product_params), CLAIM,    \
            product_compile, product_plan                                                                              \
    }

const ortk_kernel acme_product[] = {
    PRODUCT("MatMul", 1, matmul_claim),
    PRODUCT("Gemm", 7, gemm_claim),
    {.op = NULL},
};
