/* Normalizations at run, float32: BatchNormalization as inference has it, LayerNormalization, InstanceNormalization,
 * RMSNormalization. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/wide.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct norm_params {
    ortcpu_unary_params loop; /* alpha: epsilon */
    int64_t axis;
    bool centred, by_channel;
} norm_params;

static ort_status *norm_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    norm_params *p = params;
    p->loop.alpha = ortk_attr_float(node, "epsilon", 1e-5f);
    p->axis = ortk_attr_int(node, "axis", -1);
    p->centred = strcmp(ortk_node_op(node), "RMSNormalization") != 0;
    p->by_channel = strcmp(ortk_node_op(node), "InstanceNormalization") == 0;
    return NULL;
}

static bool batch_claim(ortk_node *node) {
    if (ortk_attr_int(node, "training_mode", 0) != 0)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "BatchNormalization in training mode");
    for (uint32_t i = 0; i < 5; i++)
        if (!((ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT) & ORT_DTYPE_BIT(ortk_node_input_dtype(node, i))))
            return ortk_decline(node, ORTP_DECLINE_TYPE, "parameters of element type %u",
                                ortk_node_input_dtype(node, i));
    return true;
}

static ort_status *batch_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    ortk_desc plain[5] = {in[0]};
    for (uint32_t i = 1; i < 5; i++) {
        plain[i] = in[i];
        plain[i].layout = ORTK_LAYOUT_ROWS;
        if (in->rank < 2) continue;
        plain[i].rank = in->rank - 1; /* [C, 1, ...] */
        for (uint32_t d = 0; d < plain[i].rank; d++) plain[i].dims[d] = d == 0 ? in[i].element_count : 1;
    }
    ortcpu_walk_spec spec = {ortcpu_loops_get()->elementwise->batch_norm, params, out, plain, 5, 0.5};
    return ortcpu_walk_plan_f32(planner, &spec, step);
}

typedef struct norm_state {
    const ortcpu_row_loops *loops;
    int64_t rows, count, channels; /* channels: of InstanceNormalization, else 0 */
    float epsilon;
    bool centred, has_mean, has_inverse;
    int64_t scale_count, bias_count;
} norm_state;

static void norm_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const norm_state *s = step->state;
    const float *x = ortk_in(step, 0), *scale = ortk_in(step, 1);
    const float *bias = step->input_count > 2 ? ortk_in(step, 2) : NULL;
    float *y = ortk_out(step, 0), mean, inverse;
    for (int64_t r = begin; r < end; r++) {
        const int64_t channel = s->channels != 0 ? r % s->channels : 0;
        const float *b = bias != NULL ? bias + channel : NULL;
        s->loops->norm_row(y + r * s->count, x + r * s->count, s->count, scale + channel, b, s->channels == 0,
                           s->epsilon, s->centred, &mean, &inverse);
        if (s->has_mean) ((float *)ortk_out(step, 1))[r] = mean;
        if (s->has_inverse) ((float *)ortk_out(step, 2))[r] = inverse;
    }
}

static ort_status *norm_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const norm_params *p = params;
    if (out->element_count == 0) return NULL;
    norm_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    const uint32_t axis = p->by_channel ? 2 : ortcpu_axis(p->axis, in->rank);
    *s = (norm_state){.loops = ortcpu_loops_get()->row, .epsilon = p->loop.alpha, .centred = p->centred};
    s->rows = ortcpu_product(in->dims, 0, axis);
    s->count = ortcpu_product(in->dims, axis, in->rank);
    s->channels = p->by_channel ? in->dims[1] : 0;
    s->has_mean = out_count > 1 && out[1].is_present;
    s->has_inverse = out_count > 2 && out[2].is_present;
    const int64_t want = p->by_channel ? s->channels : s->count;
    for (uint32_t i = 1; i < in_count; i++)
        if (in[i].is_present && in[i].element_count != want)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "scale or bias has %lld elements, not %lld",
                             (long long)in[i].element_count, (long long)want);
    step->run = norm_run;
    step->state = s;
    step->task_count = s->rows;
    step->grain = 1 + 8192 / s->count;
    step->cost_ns = (double)out->element_count * 0.6;
    return NULL;
}

ORTCPU_WIDE_PLAN(norm_plan, 0)

#define NORM(NAME, SINCE, MODE, FLAGS, CLAIM, PLAN_FN)                                                                 \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT, .mode = MODE, .flags = FLAGS,                                   \
        .params_bytes = sizeof(norm_params), .claim = CLAIM, .compile = norm_compile, .plan = PLAN_FN                  \
    }
static const ortk_kernel kernels[] = {
    NORM("BatchNormalization", 7, ORTK_MODE_ELEMENTWISE, ORTK_KERNEL_INPLACE, batch_claim, batch_plan),
    NORM("LayerNormalization", 17, ORTK_MODE_ROWS, 0, NULL, norm_plan_wide),
    NORM("InstanceNormalization", 6, ORTK_MODE_ROWS, 0, NULL, norm_plan_wide),
    NORM("RMSNormalization", 23, ORTK_MODE_ROWS, 0, NULL, norm_plan_wide),
};
const ortcpu_op_table ortcpu_ops_norm = ORTCPU_TABLE(kernels);
