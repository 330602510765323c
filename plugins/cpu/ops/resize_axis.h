/* cpu/ops/resize_axis.h: where the values of one resized axis come from (ONNX Resize-19). */
#ifndef ORTCPU_OPS_RESIZE_AXIS_H
#define ORTCPU_OPS_RESIZE_AXIS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ortcpu_resize_mode { ORTCPU_RESIZE_NEAREST, ORTCPU_RESIZE_LINEAR, ORTCPU_RESIZE_CUBIC } ortcpu_resize_mode;
typedef enum ortcpu_resize_coordinates {
    ORTCPU_RESIZE_HALF_PIXEL,
    ORTCPU_RESIZE_HALF_PIXEL_SYMMETRIC,
    ORTCPU_RESIZE_PYTORCH_HALF_PIXEL,
    ORTCPU_RESIZE_ALIGN_CORNERS,
    ORTCPU_RESIZE_ASYMMETRIC,
    ORTCPU_RESIZE_TF_CROP
} ortcpu_resize_coordinates;
typedef enum ortcpu_resize_nearest {
    ORTCPU_RESIZE_PREFER_FLOOR,
    ORTCPU_RESIZE_PREFER_CEIL,
    ORTCPU_RESIZE_FLOOR,
    ORTCPU_RESIZE_CEIL
} ortcpu_resize_nearest;

typedef struct ortcpu_resize_rule {
    ortcpu_resize_mode mode;
    ortcpu_resize_coordinates coordinates;
    ortcpu_resize_nearest nearest;
    bool antialias, exclude_outside;
    float cubic_a, extrapolation;
} ortcpu_resize_rule;

/* One axis: output index i is the sum over k < taps of weights[i * taps + k] * input[indices[i * taps + k]], or the
 * extrapolation value where outside[i]. */
typedef struct ortcpu_resize_axis {
    int64_t in_dim, out_dim, taps;
    int64_t *indices;
    float *weights;
    bool *outside;
} ortcpu_resize_axis;

int64_t ortcpu_resize_taps(const ortcpu_resize_rule *rule, double scale);
/* The arrays are the caller's: out_dim * taps, and out_dim of `outside`. `start`, `end`: the region of interest. */
void ortcpu_resize_fill(const ortcpu_resize_rule *rule, double scale, double start, double end,
                        ortcpu_resize_axis *axis);

#endif
