/* kernels/pool.h: pooling over channels-last images with a pixel pitch (conv.h), and changes of layout. */
#ifndef ORTCPU_KERNELS_POOL_H
#define ORTCPU_KERNELS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ortcpu_pool_kind {
    ORTCPU_POOL_MAX,             /* NaN wins, as ONNX MaxPool's reference has it; padding never counts */
    ORTCPU_POOL_AVERAGE,         /* divides by the pixels inside the image */
    ORTCPU_POOL_AVERAGE_WITH_PAD /* count_include_pad: divides by the pixels inside the padded image */
} ortcpu_pool_kind;

typedef struct ortcpu_pool_shape {
    ortcpu_pool_kind kind;
    int64_t batch, channels;
    int64_t in_h, in_w, out_h, out_w; /* ceil_mode is the caller's, who computes out_h and out_w */
    int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t in_pitch, out_pitch;
} ortcpu_pool_shape;

/* Does output rows [row_begin, row_end) of batch * out_h. A global pool is a kernel as large as the image. */
typedef void ortcpu_pool_run_fn(const ortcpu_pool_shape *shape, const float *in, float *out, int64_t row_begin,
                                int64_t row_end);

/* Pixels [pixel_begin, pixel_end) of one image: from [channels][pixels] to pixels of `pitch`, and back. */
typedef void ortcpu_nchw_to_nhwc_fn(int64_t channels, int64_t pixels, const float *in, float *out, int64_t pitch,
                                    int64_t pixel_begin, int64_t pixel_end);
typedef void ortcpu_nhwc_to_nchw_fn(int64_t channels, int64_t pixels, const float *in, int64_t pitch, float *out,
                                    int64_t pixel_begin, int64_t pixel_end);

#endif
