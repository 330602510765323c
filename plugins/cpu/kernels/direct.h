/* kernels/direct.h: convolution as products over the taps of the kernel, and its transpose by phases. Private.
 *
 * One axis of one phase: output position out_base + i * out_step, 0 <= i < count, takes tap t, 0 <= t < taps, from
 * input position in_base + i * in_step + first + t * step (outside the image: zero), weighted by kernel position
 * kernel_first + t * kernel_step. A convolution has one phase; a transposed one with stride s has s for each axis: the
 * outputs whose position plus padding leaves the same remainder by s see the same taps. */
#ifndef ORTCPU_KERNELS_DIRECT_H
#define ORTCPU_KERNELS_DIRECT_H

#include "kernels/conv.h"
#include "kernels/element.h"
#include "kernels/micro.h"

typedef struct ortcpu_axis {
    int64_t taps, first, step, in_step, in_base, out_step, out_base, count;
    int64_t kernel_first, kernel_step;
} ortcpu_axis;

static inline int64_t ortcpu_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t ortcpu_most(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static inline int64_t ortcpu_ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

/* What one task of a convolution works on. */
typedef struct ortcpu_conv_part {
    const ortcpu_conv_plan *plan;
    const ortcpu_conv_args *args;
    int64_t image, group;
    int64_t row_index, panel0, panel1; /* row_index of plan->row_splits */
    char *scratch;
} ortcpu_conv_part;

int64_t ORTCPU_FN(ortcpu_phase_count)(const ortcpu_conv_shape *s, bool vertical);
ortcpu_axis ORTCPU_FN(ortcpu_phase_axis)(const ortcpu_conv_shape *s, bool vertical, int64_t phase);

void ORTCPU_FN(ortcpu_direct_plan)(ortcpu_conv_plan *plan);
void ORTCPU_FN(ortcpu_direct_pack)(const ortcpu_conv_plan *plan, const float *weights, float *packed);
void ORTCPU_FN(ortcpu_direct_run)(const ortcpu_conv_part *part);
void ORTCPU_FLOAT_FN(ortcpu_depthwise_pack)(const ortcpu_conv_plan *plan, const float *weights, float *packed);
/* Output rows [row0, row1) of one image. */
void ORTCPU_FLOAT_FN(ortcpu_depthwise_run)(const ortcpu_conv_part *part, int64_t row0, int64_t row1);

size_t ORTCPU_FLOAT_FN(ortcpu_winograd_scratch_bytes)(const ortcpu_conv_shape *s);
size_t ORTCPU_FLOAT_FN(ortcpu_winograd_pack_bytes)(const ortcpu_conv_shape *s);
/* Tiles of 4 x 4 outputs in the whole batch. */
int64_t ORTCPU_FLOAT_FN(ortcpu_winograd_tiles)(const ortcpu_conv_shape *s);
void ORTCPU_FLOAT_FN(ortcpu_winograd_pack)(const ortcpu_conv_plan *plan, const float *weights, float *packed);
void ORTCPU_FLOAT_FN(ortcpu_winograd_run)(const ortcpu_conv_part *part, int64_t tile0, int64_t tile1);

#endif
