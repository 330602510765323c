#include "adapters/heavy.h"

static void pair_read(const ortk_node *node, const char *name, uint32_t spatial, int64_t fallback, int64_t out[2]) {
    int64_t values[2] = {fallback, fallback};
    (void)ortk_attr_ints(node, name, values, spatial);
    out[0] = spatial == 2 ? values[0] : name[0] == 'o' ? 0 : 1;
    out[1] = spatial == 2 ? values[1] : values[0];
}

static bool auto_pad_read(const ortk_node *node, ortcpu_auto_pad *out) {
    static const char *const names[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    for (uint32_t i = 0; i < 4; i++) {
        if (!ortk_attr_is(node, "auto_pad", "NOTSET", names[i])) continue;
        *out = (ortcpu_auto_pad)i;
        return true;
    }
    return false;
}

bool ortcpu_window_read(const ortk_node *node, uint32_t spatial, ortcpu_window *out) {
    int64_t pads[4] = {0};
    *out = (ortcpu_window){.spatial = spatial};
    if (spatial < 1 || spatial > 2 || !auto_pad_read(node, &out->auto_pad)) return false;
    pair_read(node, "kernel_shape", spatial, 1, out->kernel);
    pair_read(node, "strides", spatial, 1, out->stride);
    pair_read(node, "dilations", spatial, 1, out->dilation);
    pair_read(node, "output_padding", spatial, 0, out->output_padding);
    (void)ortk_attr_ints(node, "pads", pads, 2 * spatial);
    for (uint32_t i = 0; i < spatial; i++) {
        out->pad_begin[i + 2 - spatial] = pads[i];
        out->pad_end[i + 2 - spatial] = pads[i + spatial];
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (out->kernel[i] < 1 || out->stride[i] < 1 || out->dilation[i] < 1) return false;
        if (out->pad_begin[i] < 0 || out->pad_end[i] < 0) return false;
    }
    return true;
}

void ortcpu_image_size(const ortk_desc *desc, int64_t out_size[2]) {
    out_size[0] = desc->rank == 4 ? desc->dims[2] : 1;
    out_size[1] = desc->dims[desc->rank - 1];
}

void ortcpu_window_pads(const ortcpu_window *window, uint32_t axis, int64_t in, int64_t out, int64_t *begin,
                        int64_t *end) {
    *begin = *end = 0;
    if (window->auto_pad == ORTCPU_PAD_EXPLICIT) {
        *begin = window->pad_begin[axis];
        *end = window->pad_end[axis];
    }
    if (window->auto_pad == ORTCPU_PAD_EXPLICIT || window->auto_pad == ORTCPU_PAD_VALID) return;
    int64_t reach = (window->kernel[axis] - 1) * window->dilation[axis] + 1;
    int64_t total = (out - 1) * window->stride[axis] + reach - in;
    if (total < 0) total = 0;
    *begin = window->auto_pad == ORTCPU_PAD_SAME_UPPER ? total / 2 : total - total / 2;
    *end = total - *begin;
}

ortcpu_epilogue ortcpu_epilogue_of(const ortk_fused *fused) {
    static const ortcpu_act acts[] = {
        [ORTK_ACT_NONE] = ORTCPU_ACT_NONE,
        [ORTK_ACT_RELU] = ORTCPU_ACT_RELU,
        [ORTK_ACT_CLIP] = ORTCPU_ACT_CLIP,
        [ORTK_ACT_LEAKY] = ORTCPU_ACT_LEAKY_RELU,
        [ORTK_ACT_PRELU] = ORTCPU_ACT_PRELU,
        [ORTK_ACT_SIGMOID] = ORTCPU_ACT_SIGMOID,
        [ORTK_ACT_TANH] = ORTCPU_ACT_TANH,
        [ORTK_ACT_HARDSIGMOID] = ORTCPU_ACT_HARD_SIGMOID,
        [ORTK_ACT_HARDSWISH] = ORTCPU_ACT_HARD_SWISH,
        [ORTK_ACT_SILU] = ORTCPU_ACT_SILU,
        [ORTK_ACT_GELU] = ORTCPU_ACT_GELU,
        [ORTK_ACT_GELU_TANH] = ORTCPU_ACT_GELU_TANH,
        [ORTK_ACT_QUANTIZED] = ORTCPU_ACT_QUANTIZED,
    };
    return (ortcpu_epilogue){.act = acts[fused->activation],
                             .alpha = fused->alpha,
                             .beta = fused->beta,
                             .step = fused->step,
                             .slope = fused->slopes};
}
