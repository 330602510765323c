/* kernels/half.h: rows of 16-bit floats to and from float32, rounding to nearest, ties to even. Threads: any. */
#ifndef ORTCPU_KERNELS_HALF_H
#define ORTCPU_KERNELS_HALF_H

#include <stdint.h>

typedef enum ortcpu_half { ORTCPU_HALF_F16, ORTCPU_HALF_BF16, ORTCPU_HALF_COUNT } ortcpu_half;

typedef struct ortcpu_half_rows {
    void (*widen[ORTCPU_HALF_COUNT])(float *y, const uint16_t *x, int64_t count);
    void (*narrow[ORTCPU_HALF_COUNT])(uint16_t *y, const float *x, int64_t count);
} ortcpu_half_rows;

#endif
