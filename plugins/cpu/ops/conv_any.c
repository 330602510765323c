/* Conv and ConvTranspose over any number of axes and in double: sums of products in double, output by output. Images of
 * float32 go to adapters/conv.c, which is asked first. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/window_any.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct conv_params {
    ortcpu_window_any window;
    int64_t group;
    bool is_transposed;
} conv_params;

typedef struct conv_state {
    ortcpu_windows w;                         /* transposed: from the output to the input */
    int64_t group, in_channels, out_channels; /* channels of a group */
    bool is_transposed, has_bias;
} conv_state;

static bool claim(ortk_node *node) {
    const int32_t rank = ortk_node_input_rank(node, 0);
    if (rank < 3 || rank > (int32_t)ORTCPU_SPATIAL_MAX + 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d", (int)rank);
    if (ortk_attr_has(node, "output_shape"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "an output_shape of this rank or type");
    if (strcmp(ortk_node_op(node), "ConvTranspose") == 0 && !ortk_attr_is(node, "auto_pad", "NOTSET", "NOTSET"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "auto_pad at this rank or type");
    return true;
}

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    conv_params *p = params;
    ortcpu_window_any_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window);
    p->group = ortk_attr_int(node, "group", 1);
    p->is_transposed = strcmp(ortk_node_op(node), "ConvTranspose") == 0;
    return NULL;
}

/* Input position from which tap `tap` adds to output `position`; -1: none. */
static int64_t transposed_at(const ortcpu_windows *w, int64_t position, int64_t tap) {
    int64_t at = 0, pitch = 1;
    bool is_inside = true;
    for (uint32_t i = w->rank; i-- > 0;) {
        const int64_t x = position % w->out[i] + w->begin[i] - tap % w->kernel[i] * w->dilation[i];
        position /= w->out[i];
        tap /= w->kernel[i];
        is_inside = is_inside && x >= 0 && x % w->stride[i] == 0 && x / w->stride[i] < w->in[i];
        at += x / w->stride[i] * pitch;
        pitch *= w->in[i];
    }
    return is_inside ? at : -1;
}

/* Weights: Conv [out][in of a group][taps]; ConvTranspose [in][out of a group][taps]. */
#define CONV(name, T)                                                                                                  \
    static void name(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const conv_state *s = step->state;                                                                             \
        const T *bias = s->has_bias ? ortk_in(step, 2) : NULL;                                                         \
        for (int64_t task = begin; task < end; task++) {                                                               \
            const int64_t channels = s->group * s->out_channels, n = task / channels, c = task % channels;             \
            const int64_t g = c / s->out_channels, own = c % s->out_channels;                                          \
            const T *x = (const T *)ortk_in(step, 0) + (n * s->group + g) * s->in_channels * s->w.in_count;            \
            T *y = (T *)ortk_out(step, 0) + task * s->w.out_count;                                                     \
            for (int64_t i = 0; i < s->w.out_count; i++) {                                                             \
                double sum = bias != NULL ? (double)bias[c] : 0;                                                       \
                for (int64_t tap = 0; tap < s->w.tap_count; tap++) {                                                   \
                    bool is_padding;                                                                                   \
                    const int64_t at = s->is_transposed ? transposed_at(&s->w, i, tap)                                 \
                                                        : ortcpu_windows_at(&s->w, i, tap, &is_padding);               \
                    if (at < 0) continue;                                                                              \
                    const T *w = (const T *)ortk_in(step, 1) + tap +                                                   \
                                 (s->is_transposed ? (g * s->in_channels * s->out_channels + own) * s->w.tap_count     \
                                                   : c * s->in_channels * s->w.tap_count);                             \
                    const int64_t pitch = (s->is_transposed ? s->out_channels : 1) * s->w.tap_count;                   \
                    for (int64_t k = 0; k < s->in_channels; k++)                                                       \
                        sum += (double)x[k * s->w.in_count + at] * (double)w[k * pitch];                               \
                }                                                                                                      \
                y[i] = (T)sum;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }
CONV(conv_f32, float)
CONV(conv_f64, double)

static ort_status *plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const conv_params *p = params;
    if (out->element_count == 0) return NULL;
    conv_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (conv_state){.group = p->group,
                      .in_channels = in->dims[1] / p->group,
                      .out_channels = out->dims[1] / p->group,
                      .is_transposed = p->is_transposed,
                      .has_bias = in_count > 2 && in[2].is_present};
    const int64_t wanted = p->is_transposed ? in[1].dims[0] : in[1].dims[1] * p->group;
    if (wanted != in->dims[1] || in[1].rank != in->rank || (s->has_bias && in[2].element_count != out->dims[1]))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld channels into weights for %lld", (long long)in->dims[1],
                         (long long)wanted);
    ortcpu_windows_set(&p->window, in, out, in[1].dims + 2, &s->w);
    step->run = in->dtype == ORT_DTYPE_F32 ? conv_f32 : conv_f64;
    step->state = s;
    step->task_count = out->dims[0] * out->dims[1];
    step->cost_ns = (double)out->element_count * (double)(s->w.tap_count * s->in_channels);
    return NULL;
}

#define CONVOLUTION(NAME)                                                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 1, .until_version = ORTCPU_NEWEST_OPSET,                            \
        .types = ORTCPU_TYPES_FLOAT, .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(conv_params), .claim = claim,      \
        .compile = compile, .plan = plan                                                                               \
    }
static const ortk_kernel kernels[] = {CONVOLUTION("Conv"), CONVOLUTION("ConvTranspose")};
const ortcpu_op_table ortcpu_ops_conv_any = ORTCPU_TABLE(kernels);
