/* kernels/conv.h: 2-d convolution and transposed convolution over channels-last images, in float32.
 *
 * An image is [height][width][channels] with an explicit pixel pitch: pixel (y, x) starts at (y * width + x) * pitch,
 * and pitch may exceed the channel count, so a channel slice of a wider image is an image. 1-d: height 1, kernel_h 1.
 * The contract is gemm.h's: plan, pack once, run tasks from any thread; same bits for any thread count and chunking.
 * The algorithm depends on the weights' shape, strides, dilations and groups alone, so one packing serves every image
 * size when those do not change. */
#ifndef ORTCPU_KERNELS_CONV_H
#define ORTCPU_KERNELS_CONV_H

#include "kernels/gemm.h"

typedef enum ortcpu_conv_algorithm {
    ORTCPU_CONV_GEMM,      /* 1x1, stride 1, no padding: a product over pixels */
    ORTCPU_CONV_DIRECT,    /* a product over (ky, kx * C), no im2col; each group by itself */
    ORTCPU_CONV_DEPTHWISE, /* one input and one output channel for each group */
    ORTCPU_CONV_WINOGRAD,  /* F(4x4, 3x3); error about 2e-5 of the largest value */
    ORTCPU_CONV_TRANSPOSE  /* one direct product for each phase of the strides */
} ortcpu_conv_algorithm;

typedef struct ortcpu_conv_shape {
    int64_t batch;
    int64_t in_h, in_w, in_c; /* channels of all groups */
    int64_t out_h, out_w, out_c;
    int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int64_t pad_top, pad_left; /* those at the bottom and right follow from out_h and out_w */
    int64_t groups;
    int64_t in_pitch, out_pitch; /* floats between pixels; in_pitch is unused when in_nchw */
    bool in_nchw;    /* the input is [batch][channel][height][width]: for first layers; not for transposes */
    bool transposed; /* ConvTranspose: weights are [in_c][out_c / groups][kh][kw] */
    bool no_winograd;
} ortcpu_conv_shape;

/* Filled by conv_plan, read-only afterwards; the caller may read the first three. */
typedef struct ortcpu_conv_plan {
    int64_t task_count;
    size_t scratch_bytes; /* for each slot that runs at the same time */
    ortcpu_conv_algorithm algorithm;
    ortcpu_conv_shape s;
    ortcpu_gemm_plan gemm;
    int64_t row_splits, panel_splits; /* of output rows (or tiles), of panels of output channels, in one group */
    int64_t panels;                   /* of one group */
    int64_t band_bytes;               /* of the padded copy of input rows that a task works on */
    int64_t offset_floats;            /* where the copy begins in scratch */
} ortcpu_conv_plan;

typedef struct ortcpu_conv_args {
    const float *in;
    const float *weights; /* packed */
    float *out;
    ortcpu_epilogue epilogue; /* columns are output channels, rows are output pixels in order (batch, y, x) */
} ortcpu_conv_args;

typedef void ortcpu_conv_plan_fn(const ortcpu_conv_shape *shape, int64_t thread_count, ortcpu_conv_plan *out);
typedef size_t ortcpu_conv_pack_bytes_fn(const ortcpu_conv_plan *plan);
/* `weights` as ONNX has them: [out_c][in_c / groups][kh][kw], for a transpose [in_c][out_c / groups][kh][kw]. */
typedef void ortcpu_conv_pack_fn(const ortcpu_conv_plan *plan, const float *weights, float *packed);
typedef void ortcpu_conv_run_fn(const ortcpu_conv_plan *plan, const ortcpu_conv_args *args, int64_t task_begin,
                                int64_t task_end, void *scratch);

#endif
