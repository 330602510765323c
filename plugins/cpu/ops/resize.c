/* Resize (ONNX 11 to 28). Each axis has a table of taps; an output pixel is the weighted sum of input pixels over the
 * product of its axes' taps, done for a whole run of channels where they are adjacent (PIXELS). */
#include "kernels/half_scalar.h"
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/resize_axis.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct resize_params {
    ortcpu_resize_rule rule;
    uint32_t axis_count; /* of the attribute `axes`; 0: all */
    int64_t axes[ORTK_RANK_MAX];
    int policy; /* 0 stretch, 1 not_larger, 2 not_smaller */
} resize_params;

typedef struct resize_state {
    ortcpu_resize_rule rule;
    uint32_t rank; /* axes in memory order, without the innermost when it runs on as it is */
    ortcpu_resize_axis axes[ORTK_RANK_MAX];
    int64_t in_strides[ORTK_RANK_MAX], out_strides[ORTK_RANK_MAX];
    int64_t inner, bytes, pixel_count;
} resize_state;

static int choice(const ortk_node *node, const char *name, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (ortk_attr_is(node, name, words[0], words[i])) return i;
    return -1;
}

static const char *const modes[] = {"nearest", "linear", "cubic"};
static const char *const coordinates[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                          "align_corners", "asymmetric",           "tf_crop_and_resize"};
static const char *const nearests[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};

static ort_status *resize_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    resize_params *p = params;
    p->rule.mode = (ortcpu_resize_mode)choice(node, "mode", modes, 3);
    p->rule.coordinates = (ortcpu_resize_coordinates)choice(node, "coordinate_transformation_mode", coordinates, 6);
    p->rule.nearest = (ortcpu_resize_nearest)choice(node, "nearest_mode", nearests, 4);
    p->rule.antialias = ortk_attr_int(node, "antialias", 0) != 0;
    p->rule.exclude_outside = ortk_attr_int(node, "exclude_outside", 0) != 0;
    p->rule.cubic_a = ortk_attr_float(node, "cubic_coeff_a", -0.75f);
    p->rule.extrapolation = ortk_attr_float(node, "extrapolation_value", 0.0f);
    p->policy = choice(node, "keep_aspect_ratio_policy", policies, 3);
    p->axis_count = ortk_attr_ints(node, "axes", p->axes, ORTK_RANK_MAX);
    return NULL;
}

static bool resize_claim(ortk_node *node) {
    if (choice(node, "mode", modes, 3) < 0 || choice(node, "coordinate_transformation_mode", coordinates, 6) < 0 ||
        choice(node, "nearest_mode", nearests, 4) < 0 || choice(node, "keep_aspect_ratio_policy", policies, 3) < 0)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "Resize with a mode that is not known");
    if (choice(node, "mode", modes, 3) == 0 || ortk_node_input_dtype(node, 0) == ORT_DTYPE_F32) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "interpolation of another type than float32");
}

static bool pixels_claim(ortk_node *node) {
    if (ortk_node_input_rank(node, 0) != 4) return ortk_decline(node, ORTP_DECLINE_SHAPE, "not an image");
    return resize_claim(node);
}

static double known_float(const ortk_desc *desc, int64_t i) {
    if (desc->dtype == ORT_DTYPE_F64) return ((const double *)desc->known)[i];
    if (desc->dtype == ORT_DTYPE_F16) return (double)ortcpu_f16_to_f32(((const uint16_t *)desc->known)[i]);
    return (double)((const float *)desc->known)[i];
}

/* The scale of each axis and its region of interest, by `scales` or by `sizes` and the policy. */
static void find_scales(const resize_params *p, const ortk_desc *in, uint32_t in_count, const ortk_desc *out,
                        double *scales, double *starts, double *ends) {
    const bool by_scale = ortcpu_is_known(in, in_count, 2) && in[2].element_count > 0;
    const bool roi = ortcpu_is_known(in, in_count, 1) && in[1].element_count > 0;
    const uint32_t count = p->axis_count != 0 ? p->axis_count : in->rank;
    double common = -1;
    for (uint32_t d = 0; d < in->rank; d++) {
        scales[d] = 1;
        starts[d] = 0;
        ends[d] = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t d = p->axis_count != 0 ? ortcpu_axis(p->axes[i], in->rank) : i;
        if (by_scale && i < in[2].element_count)
            scales[d] = known_float(&in[2], i);
        else if (ortcpu_is_known(in, in_count, 3) && i < in[3].element_count)
            scales[d] = (double)ortcpu_known_int(&in[3], i) / (double)in->dims[d];
        else
            scales[d] = (double)out->dims[d] / (double)in->dims[d];
        if (common < 0 || (p->policy == 1 ? scales[d] < common : scales[d] > common)) common = scales[d];
        if (roi && i + count < in[1].element_count) {
            starts[d] = known_float(&in[1], i);
            ends[d] = known_float(&in[1], i + count);
        }
    }
    for (uint32_t i = 0; !by_scale && p->policy != 0 && i < count; i++)
        scales[p->axis_count != 0 ? ortcpu_axis(p->axes[i], in->rank) : i] = common;
}

static bool axis_create(ortk_planner *planner, const ortcpu_resize_rule *rule, double scale, double start, double end,
                        ortcpu_resize_axis *axis) {
    const bool same = axis->in_dim == axis->out_dim && scale == 1 && rule->coordinates != ORTCPU_RESIZE_TF_CROP;
    const ortcpu_resize_rule copy = {.mode = ORTCPU_RESIZE_NEAREST, .coordinates = ORTCPU_RESIZE_ASYMMETRIC};
    axis->taps = same ? 1 : ortcpu_resize_taps(rule, scale);
    const size_t count = (size_t)(axis->out_dim * axis->taps);
    axis->indices = ortk_planner_alloc(planner, count * sizeof *axis->indices);
    axis->weights = ortk_planner_alloc(planner, count * sizeof *axis->weights);
    axis->outside = ortk_planner_alloc(planner, (size_t)axis->out_dim * sizeof *axis->outside);
    if (axis->indices == NULL || axis->weights == NULL || axis->outside == NULL) return false;
    ortcpu_resize_fill(same ? &copy : rule, scale, start, end, axis);
    return true;
}

/* Where pixel `pixel` is written; index[d] becomes its place along each axis. */
static int64_t locate(const resize_state *s, int64_t pixel, int64_t *index, bool *outside) {
    int64_t offset = 0;
    *outside = false;
    for (uint32_t d = s->rank; d-- > 0;) {
        index[d] = pixel % s->axes[d].out_dim;
        pixel /= s->axes[d].out_dim;
        offset += index[d] * s->out_strides[d];
        *outside |= s->axes[d].outside[index[d]];
    }
    return offset;
}

static void nearest_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const resize_state *s = step->state;
    const float extrapolation = s->rule.extrapolation;
    for (int64_t pixel = begin; pixel < end; pixel++) {
        int64_t index[ORTK_RANK_MAX], from = 0;
        bool outside;
        const int64_t to = locate(s, pixel, index, &outside);
        char *out = (char *)ortk_out(step, 0) + to * s->bytes;
        for (uint32_t d = 0; d < s->rank; d++) from += s->axes[d].indices[index[d]] * s->in_strides[d];
        if (!outside)
            memcpy(out, (const char *)ortk_in(step, 0) + from * s->bytes, (size_t)(s->inner * s->bytes));
        else if (s->bytes == sizeof extrapolation)
            for (int64_t i = 0; i < s->inner; i++) memcpy(out + i * s->bytes, &extrapolation, sizeof extrapolation);
        else
            memset(out, 0, (size_t)(s->inner * s->bytes));
    }
}

/* The next combination of taps; false after the last. */
static bool next_tap(const resize_state *s, int64_t *tap) {
    for (uint32_t d = s->rank; d-- > 0;) {
        if (++tap[d] < s->axes[d].taps) return true;
        tap[d] = 0;
    }
    return false;
}

static void weighted_pixel(const resize_state *s, const int64_t *index, const float *in, float *restrict out) {
    int64_t tap[ORTK_RANK_MAX] = {0};
    for (int64_t c = 0; c < s->inner; c++) out[c] = 0.0f;
    do {
        int64_t from = 0;
        float weight = 1.0f;
        for (uint32_t d = 0; d < s->rank; d++) {
            const int64_t at = index[d] * s->axes[d].taps + tap[d];
            from += s->axes[d].indices[at] * s->in_strides[d];
            weight *= s->axes[d].weights[at];
        }
        if (weight == 0.0f) continue;
        const float *x = in + from;
        for (int64_t c = 0; c < s->inner; c++) out[c] += weight * x[c];
    } while (next_tap(s, tap));
}

static void weighted_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const resize_state *s = step->state;
    for (int64_t pixel = begin; pixel < end; pixel++) {
        int64_t index[ORTK_RANK_MAX];
        bool outside;
        float *out = (float *)ortk_out(step, 0) + locate(s, pixel, index, &outside);
        if (!outside) {
            weighted_pixel(s, index, ortk_in(step, 0), out);
            continue;
        }
        for (int64_t c = 0; c < s->inner; c++) out[c] = s->rule.extrapolation;
    }
}

static void set_run(const resize_state *s, int64_t element_count, ortk_step_plan *step) {
    const bool is_nearest = s->rule.mode == ORTCPU_RESIZE_NEAREST;
    step->run = is_nearest ? nearest_run : weighted_run;
    step->state = s;
    step->task_count = s->pixel_count;
    step->grain = 1 + 4096 / s->inner;
    step->cost_ns = (double)s->pixel_count * 10 + (double)element_count * (is_nearest ? 0.2 : 1.0);
}

static ort_status *resize_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const resize_params *p = params;
    if (out->element_count == 0) return NULL;
    if (in->element_count == 0) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "nothing to resize in an empty tensor");
    resize_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (resize_state){.rule = p->rule, .inner = 1, .bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1)};
    double scales[ORTK_RANK_MAX], starts[ORTK_RANK_MAX], ends[ORTK_RANK_MAX];
    int64_t in_strides[ORTK_RANK_MAX], out_strides[ORTK_RANK_MAX];
    find_scales(p, in, in_count, out, scales, starts, ends);
    ortk_desc_strides(in, in_strides);
    ortk_desc_strides(out, out_strides);
    const bool pixels = out->layout == ORTK_LAYOUT_PIXELS;
    for (uint32_t k = 0; k < out->rank; k++) {
        const uint32_t d = !pixels || k == 0 ? k : k + 1 < out->rank ? k + 1 : 1;
        const bool is_last = k + 1 == out->rank, same = in->dims[d] == out->dims[d] && scales[d] == 1;
        if (is_last && same && p->rule.coordinates != ORTCPU_RESIZE_TF_CROP && in_strides[d] == 1 &&
            out_strides[d] == 1) {
            s->inner = out->dims[d];
            break;
        }
        ortcpu_resize_axis *axis = &s->axes[s->rank];
        *axis = (ortcpu_resize_axis){.in_dim = in->dims[d], .out_dim = out->dims[d]};
        s->in_strides[s->rank] = in_strides[d];
        s->out_strides[s->rank++] = out_strides[d];
        if (!axis_create(planner, &p->rule, scales[d], starts[d], ends[d], axis)) return ortk_out_of_memory();
    }
    s->pixel_count = out->element_count / s->inner;
    set_run(s, out->element_count, step);
    return NULL;
}

#define RESIZE(TYPES, MODE, CLAIM)                                                                                     \
    {                                                                                                                  \
        .op = "Resize", .domain = "", .since_version = 11, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),     \
        .mode = MODE, .flags = ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2) | ORTK_KERNEL_KNOWN(3),                     \
        .params_bytes = sizeof(resize_params), .claim = CLAIM, .compile = resize_compile, .plan = resize_plan          \
    }
static const ortk_kernel kernels[] = {
    RESIZE(ORTCPU_TYPE_F32, ORTK_MODE_PIXELS, pixels_claim),
    RESIZE(ORTCPU_TYPES_MOVED, ORTK_MODE_ROWS, resize_claim),
};
const ortcpu_op_table ortcpu_ops_resize = ORTCPU_TABLE(kernels);
