#include "ops/window_any.h"

#include "ort/sdk/attr.h"

void ortcpu_window_any_read(const ortk_node *node, uint32_t rank, ortcpu_window_any *out) {
    *out = (ortcpu_window_any){.is_same_upper = ortk_attr_is(node, "auto_pad", "NOTSET", "SAME_UPPER"),
                               .is_same_lower = ortk_attr_is(node, "auto_pad", "NOTSET", "SAME_LOWER"),
                               .is_valid = ortk_attr_is(node, "auto_pad", "NOTSET", "VALID")};
    for (uint32_t i = 0; i < rank; i++) out->kernel[i] = out->stride[i] = out->dilation[i] = 1;
    (void)ortk_attr_ints(node, "kernel_shape", out->kernel, rank);
    (void)ortk_attr_ints(node, "strides", out->stride, rank);
    (void)ortk_attr_ints(node, "dilations", out->dilation, rank);
    (void)ortk_attr_ints(node, "pads", out->pads, 2 * rank);
}

void ortcpu_windows_set(const ortcpu_window_any *window, const ortk_desc *in, const ortk_desc *out,
                        const int64_t *kernel, ortcpu_windows *w) {
    *w = (ortcpu_windows){.rank = in->rank - 2, .in_count = 1, .out_count = 1, .tap_count = 1};
    for (uint32_t i = 0; i < w->rank; i++) {
        w->in[i] = in->dims[i + 2];
        w->out[i] = out->dims[i + 2];
        w->kernel[i] = kernel != NULL ? kernel[i] : window->kernel[i];
        w->stride[i] = window->stride[i];
        w->dilation[i] = window->dilation[i];
        int64_t total = (w->out[i] - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - w->in[i];
        if (total < 0) total = 0;
        const bool is_same = window->is_same_upper || window->is_same_lower;
        if (is_same) w->begin[i] = window->is_same_upper ? total / 2 : total - total / 2;
        if (is_same) w->end[i] = total - w->begin[i];
        if (!is_same && !window->is_valid) w->begin[i] = window->pads[i];
        if (!is_same && !window->is_valid) w->end[i] = window->pads[i + w->rank];
        w->in_count *= w->in[i];
        w->out_count *= w->out[i];
        w->tap_count *= w->kernel[i];
    }
}

int64_t ortcpu_windows_at(const ortcpu_windows *w, int64_t position, int64_t tap, bool *out_is_padding) {
    int64_t at = 0, pitch = 1;
    bool is_inside = true;
    *out_is_padding = true;
    for (uint32_t i = w->rank; i-- > 0;) {
        const int64_t x = position % w->out[i] * w->stride[i] + tap % w->kernel[i] * w->dilation[i] - w->begin[i];
        position /= w->out[i];
        tap /= w->kernel[i];
        is_inside = is_inside && x >= 0 && x < w->in[i];
        *out_is_padding = *out_is_padding && x < w->in[i] + w->end[i];
        at += x * pitch;
        pitch *= w->in[i];
    }
    return is_inside ? at : -1;
}
