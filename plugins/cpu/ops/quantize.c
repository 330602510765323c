/* QuantizeLinear-25 and DequantizeLinear-25: one scale, or one for each place along an axis; and
 * DynamicQuantizeLinear-11. Arithmetic is in float32. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>

typedef struct quantize_params {
    int64_t axis, block;
    bool dequantizes;
} quantize_params;

#define FLOATS (ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT)
#define SMALL                                                                                                          \
    (ORT_DTYPE_BIT(ORT_DTYPE_U8) | ORT_DTYPE_BIT(ORT_DTYPE_I8) | ORT_DTYPE_BIT(ORT_DTYPE_U16) |                        \
     ORT_DTYPE_BIT(ORT_DTYPE_I16))

static bool takes(ortk_node *node, uint32_t index, uint64_t types) {
    uint32_t dtype = ortk_node_input_dtype(node, index);
    if (types & ORT_DTYPE_BIT(dtype)) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "input %u of element type %u", index, dtype);
}

static bool quantize_claim(ortk_node *node) {
    uint32_t to = ortk_node_output_dtype(node, 0), precision = (uint32_t)ortk_attr_int(node, "precision", 0);
    if (!(SMALL & ORT_DTYPE_BIT(to))) return ortk_decline(node, ORTP_DECLINE_TYPE, "quantising to element type %u", to);
    if (precision != 0 && precision != ORT_DTYPE_F32)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "precision of element type %u", precision);
    return takes(node, 1, FLOATS);
}

static bool dequantize_claim(ortk_node *node) {
    uint32_t to = ortk_node_output_dtype(node, 0);
    if (!(FLOATS & ORT_DTYPE_BIT(to)))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "dequantising to element type %u", to);
    return takes(node, 1, FLOATS);
}

static ort_status *quantize_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    quantize_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 1);
    p->block = ortk_attr_int(node, "block_size", 0);
    return NULL;
}

static ort_status *dequantize_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    ((quantize_params *)params)->dequantizes = true;
    return quantize_compile(compiler, node, params);
}

/* x and y with the axis cut in two, whole blocks and places in a block; scales and zero points spread over the places.
 * Rows, so that the memory stays what it is. */
static ort_status *cut_blocks(const quantize_params *p, ortk_desc *x, ortk_desc *y, ortk_desc *spread) {
    uint32_t axis = ortcpu_axis(p->axis, x->rank);
    if (x->rank == ORTK_RANK_MAX || p->block < 1 || x->dims[axis] % p->block != 0)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "blocks of %lld do not cut the %lld elements of axis %u evenly",
                         (long long)p->block, (long long)x->dims[axis], axis);
    for (uint32_t i = x->rank; i > axis + 1; i--) {
        x->dims[i] = x->dims[i - 1];
        for (uint32_t k = 0; k < 2; k++) spread[k].dims[i] = spread[k].dims[i - 1];
    }
    for (uint32_t k = 0; k < 2; k++) {
        spread[k].dims[axis + 1] = 1;
        spread[k].rank = x->rank + 1;
    }
    x->dims[axis + 1] = p->block;
    x->dims[axis] /= p->block;
    x->rank++;
    for (uint32_t i = 0; i < x->rank; i++) y->dims[i] = x->dims[i];
    y->rank = x->rank;
    return NULL;
}

/* A vector of scales lies along the axis. */
static void lie_along(const quantize_params *p, const ortk_desc *x, ortk_desc *spread) {
    if (!spread->is_present) return;
    int64_t count = spread->element_count;
    spread->rank = count == 1 ? 0 : x->rank;
    for (uint32_t i = 0; i < x->rank; i++) spread->dims[i] = 1;
    if (count > 1) spread->dims[ortcpu_axis(p->axis, x->rank)] = count;
}

static ort_status *quantize_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const quantize_params *p = params;
    const ortcpu_quantize_loops *loops = ortcpu_loops_get()->quantize;
    ortk_desc plain[3] = {in[0], in[1]}, result = out[0];
    if (in_count > 2) plain[2] = in[2];
    if (p->block > 0) {
        ort_status *status = cut_blocks(p, &plain[0], &result, &plain[1]);
        if (status != NULL) return status;
    } else {
        lie_along(p, &in[0], &plain[1]);
        lie_along(p, &in[0], &plain[2]);
    }
    ortcpu_walk_spec spec = {.loop = p->dequantizes ? loops->dequantize[in[0].dtype] : loops->quantize[out[0].dtype],
                             .out = &result,
                             .in = plain,
                             .in_count = in_count,
                             .element_ns = 0.2};
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

/* ---- DynamicQuantizeLinear: the range with 0 in it, cut into 255 steps ---- */

typedef struct dynamic_state {
    const ortcpu_quantize_loops *loops;
    int64_t count;
} dynamic_state;

static void dynamic_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const dynamic_state *s = step->state;
    const float *x = ortk_in(step, 0);
    float low = 0, high = 0;
    s->loops->range(x, s->count, &low, &high);
    float scale = (high - low) / 255.0f, at = scale > 0 ? rintf(-low / scale) : 0;
    uint8_t zero = at <= 0 ? 0 : at >= 255 ? 255 : (uint8_t)at;
    float *scale_out = ortk_out(step, 1);
    uint8_t *zero_out = ortk_out(step, 2);
    if (scale_out != NULL) *scale_out = scale;
    if (zero_out != NULL) *zero_out = zero;
    if (!(scale > 0)) scale = 1; /* all of x is 0 */
    const int64_t inc[] = {1, 4, 0, 0}, rows[] = {0, 0, 0, 0};
    s->loops->quantize[ORT_DTYPE_U8](
        &(ortcpu_block){s->count, 1, inc, rows, NULL, 4, {ortk_out(step, 0), (void *)x, &scale, &zero}});
}

static ort_status *dynamic_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)in_count, (void)out, (void)out_count;
    dynamic_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (dynamic_state){ortcpu_loops_get()->quantize, in[0].element_count};
    step->run = dynamic_run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)in[0].element_count * 0.3;
    return NULL;
}

#define LINEAR(NAME, SINCE, TYPES, MODE, CLAIM, COMPILE)                                                               \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = MODE, .params_bytes = sizeof(quantize_params), .claim = CLAIM, .compile = COMPILE,                     \
        .plan = quantize_plan                                                                                          \
    }

static bool plain_quantize(ortk_node *node) {
    return ortk_attr_int(node, "block_size", 0) == 0 && quantize_claim(node);
}
static bool plain_dequantize(ortk_node *node) {
    return ortk_attr_int(node, "block_size", 0) == 0 && dequantize_claim(node);
}

static const ortk_kernel kernels[] = {
    LINEAR("QuantizeLinear", 10, FLOATS, ORTK_MODE_ELEMENTWISE, plain_quantize, quantize_compile),
    LINEAR("QuantizeLinear", 10, FLOATS, ORTK_MODE_ROWS, quantize_claim, quantize_compile),
    LINEAR("DequantizeLinear", 10, SMALL | ORT_DTYPE_BIT(ORT_DTYPE_I32), ORTK_MODE_ELEMENTWISE, plain_dequantize,
           dequantize_compile),
    LINEAR("DequantizeLinear", 10, SMALL | ORT_DTYPE_BIT(ORT_DTYPE_I32), ORTK_MODE_ROWS, dequantize_claim,
           dequantize_compile),
    {.op = "DynamicQuantizeLinear",
     .domain = "",
     .since_version = 11,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_TYPE_F32,
     .mode = ORTK_MODE_ROWS,
     .plan = dynamic_plan},
};
const ortcpu_op_table ortcpu_ops_quantize = ORTCPU_TABLE(kernels);
