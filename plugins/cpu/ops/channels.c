/* LRN, GroupNormalization: normalized across or within channels, float32. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct channels_params {
    int64_t size, groups;
    float alpha, beta, bias, epsilon;
} channels_params;

typedef struct channels_state {
    channels_params p;
    int64_t channels, pixels;
    const ortcpu_row_loops *loops;
} channels_state;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    *(channels_params *)params = (channels_params){.size = ortk_attr_int(node, "size", 1),
                                                   .groups = ortk_attr_int(node, "num_groups", 1),
                                                   .alpha = ortk_attr_float(node, "alpha", 0.0001f),
                                                   .beta = ortk_attr_float(node, "beta", 0.75f),
                                                   .bias = ortk_attr_float(node, "bias", 1),
                                                   .epsilon = ortk_attr_float(node, "epsilon", 1e-5f)};
    return NULL;
}

/* x / (bias + alpha / size * sum of squares of neighbouring channels) ^ beta (ONNX LRN-13). */
static void lrn_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const channels_state *s = step->state;
    for (int64_t task = begin; task < end; task++) {
        const int64_t n = task / s->channels, c = task % s->channels, before = (s->p.size - 1) / 2;
        const int64_t from = c - before < 0 ? 0 : c - before;
        const int64_t to = c - before + s->p.size > s->channels ? s->channels : c - before + s->p.size;
        const float *image = (const float *)ortk_in(step, 0) + n * s->channels * s->pixels;
        float *out = (float *)ortk_out(step, 0) + task * s->pixels;
        for (int64_t i = 0; i < s->pixels; i++) {
            float sum = 0;
            for (int64_t k = from; k < to; k++) sum += image[k * s->pixels + i] * image[k * s->pixels + i];
            out[i] = image[c * s->pixels + i] / powf(s->p.bias + s->p.alpha / (float)s->p.size * sum, s->p.beta);
        }
    }
}

/* A task is a group of channels of one image: one row, then the scale and bias of each channel. */
static void group_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const channels_state *s = step->state;
    const int64_t each = s->channels / s->p.groups;
    const float *scale = ortk_in(step, 1), *bias = ortk_in(step, 2);
    for (int64_t task = begin; task < end; task++) {
        const float *x = (const float *)ortk_in(step, 0) + task * each * s->pixels;
        float *y = (float *)ortk_out(step, 0) + task * each * s->pixels, mean, inverse;
        s->loops->norm_row(y, x, each * s->pixels, NULL, NULL, 0, s->p.epsilon, true, &mean, &inverse);
        for (int64_t k = 0; k < each; k++) {
            const int64_t c = task % s->p.groups * each + k;
            for (int64_t i = 0; i < s->pixels; i++) y[k * s->pixels + i] = y[k * s->pixels + i] * scale[c] + bias[c];
        }
    }
}

static ort_status *channels_plan(ortk_planner *planner, const void *params, const ortk_desc *in, const ortk_desc *out,
                                 ortk_step_plan *step) {
    if (out->element_count == 0) return NULL;
    if (in->rank < 2) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "an input of rank %u has no channels", in->rank);
    channels_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (channels_state){*(const channels_params *)params, in->dims[1], ortcpu_product(in->dims, 2, in->rank),
                          ortcpu_loops_get()->row};
    step->state = s;
    step->run = lrn_run;
    step->task_count = in->dims[0] * s->channels;
    step->cost_ns = (double)out->element_count * 20;
    return NULL;
}

static ort_status *lrn_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    return channels_plan(planner, params, in, out, step);
}

static ort_status *group_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    const channels_params *p = params;
    ort_status *status = channels_plan(planner, params, in, out, step);
    if (status != NULL || out->element_count == 0) return status;
    if (p->groups < 1 || in->dims[1] % p->groups != 0 || in[1].element_count != in->dims[1] ||
        in[2].element_count != in->dims[1])
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld groups of %lld channels, %lld scales", (long long)p->groups,
                         (long long)in->dims[1], (long long)in[1].element_count);
    step->run = group_run;
    step->task_count = in->dims[0] * p->groups;
    step->cost_ns = (double)out->element_count;
    return NULL;
}

#define CHANNELS(NAME, SINCE, PLAN_FN)                                                                                 \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPE_F32, .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(channels_params), .compile = compile, \
        .plan = PLAN_FN                                                                                                \
    }
static const ortk_kernel kernels[] = {
    CHANNELS("LRN", 1, lrn_plan),
    CHANNELS("GroupNormalization", 21, group_plan),
};
const ortcpu_op_table ortcpu_ops_channels = ORTCPU_TABLE(kernels);
