/* cpu/ops/window_any.h: windows over any number of spatial axes, for the pools and convolutions that the kernels for
 * images leave: 3-d ones, places of maxima, element types other than float32. Threads: any. */
#ifndef ORTCPU_OPS_WINDOW_ANY_H
#define ORTCPU_OPS_WINDOW_ANY_H

#include "ort/sdk/kernel.h"

#define ORTCPU_SPATIAL_MAX 6u

typedef struct ortcpu_window_any {
    bool is_same_upper, is_same_lower, is_valid;
    int64_t kernel[ORTCPU_SPATIAL_MAX], stride[ORTCPU_SPATIAL_MAX], dilation[ORTCPU_SPATIAL_MAX];
    int64_t pads[2 * ORTCPU_SPATIAL_MAX]; /* all begins, then all ends */
} ortcpu_window_any;

/* A window with its sizes. */
typedef struct ortcpu_windows {
    uint32_t rank; /* spatial */
    int64_t in[ORTCPU_SPATIAL_MAX], out[ORTCPU_SPATIAL_MAX], kernel[ORTCPU_SPATIAL_MAX], stride[ORTCPU_SPATIAL_MAX];
    int64_t dilation[ORTCPU_SPATIAL_MAX], begin[ORTCPU_SPATIAL_MAX], end[ORTCPU_SPATIAL_MAX];
    int64_t in_count, out_count, tap_count;
} ortcpu_windows;

/* From the node's attributes; kernel_shape may be absent (convolutions have it in the weight). */
void ortcpu_window_any_read(const ortk_node *node, uint32_t rank, ortcpu_window_any *out);
/* `in` and `out` are images: batch, channels, spatial axes. A kernel of NULL is the window's own. */
void ortcpu_windows_set(const ortcpu_window_any *window, const ortk_desc *in, const ortk_desc *out,
                        const int64_t *kernel, ortcpu_windows *result);
/* Where tap `tap` of output `position` reads in the image; -1: in the padding. *out_is_padding: inside the image with
 * its pads, which a window of ceil_mode may leave. */
int64_t ortcpu_windows_at(const ortcpu_windows *w, int64_t position, int64_t tap, bool *out_is_padding);

#endif
