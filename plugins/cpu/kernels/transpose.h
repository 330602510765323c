/* kernels/transpose.h: out[column][row] = in[row][column], in blocks of 4 x 4. Private to this folder. */
#ifndef ORTCPU_KERNELS_TRANSPOSE_H
#define ORTCPU_KERNELS_TRANSPOSE_H

#include "kernels/vec.h"

typedef float ortcpu_f4 __attribute__((vector_size(16)));
typedef float ortcpu_f4_any __attribute__((vector_size(16), aligned(4), may_alias));

ORTCPU_INLINE void ortcpu_transpose_block(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    ortcpu_f4 r0 = *(const ortcpu_f4_any *)in, r1 = *(const ortcpu_f4_any *)(in + in_stride);
    ortcpu_f4 r2 = *(const ortcpu_f4_any *)(in + 2 * in_stride), r3 = *(const ortcpu_f4_any *)(in + 3 * in_stride);
    ortcpu_f4 a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    ortcpu_f4 c = __builtin_shufflevector(r0, r1, 2, 6, 3, 7), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *(ortcpu_f4_any *)out = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    *(ortcpu_f4_any *)(out + out_stride) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    *(ortcpu_f4_any *)(out + 2 * out_stride) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    *(ortcpu_f4_any *)(out + 3 * out_stride) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/* Three rows (the channels of a picture) into adjacent triples: a store writes four floats, the next one mends the
 * last. */
ORTCPU_INLINE int64_t ortcpu_interleave_3(int64_t columns, const float *in, int64_t in_stride, float *out) {
    int64_t c = 0;
    for (; c + 5 <= columns; c += 4, in += 4, out += 12) {
        ortcpu_f4 r0 = *(const ortcpu_f4_any *)in, r1 = *(const ortcpu_f4_any *)(in + in_stride);
        ortcpu_f4 r2 = *(const ortcpu_f4_any *)(in + 2 * in_stride);
        ortcpu_f4 a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
        *(ortcpu_f4_any *)out = __builtin_shufflevector(a, r2, 0, 1, 4, 4);
        *(ortcpu_f4_any *)(out + 3) = __builtin_shufflevector(a, r2, 2, 3, 5, 5);
        *(ortcpu_f4_any *)(out + 6) = __builtin_shufflevector(b, r2, 0, 1, 6, 6);
        *(ortcpu_f4_any *)(out + 9) = __builtin_shufflevector(b, r2, 2, 3, 7, 7);
    }
    return c;
}

__attribute__((unused)) static void ortcpu_transpose(int64_t rows, int64_t columns, const float *in, int64_t in_stride,
                                                     float *out, int64_t out_stride) {
    int64_t r = 0;
    if (rows == 3 && out_stride == 3) {
        int64_t done = ortcpu_interleave_3(columns, in, in_stride, out);
        in += done, out += done * 3, columns -= done;
    }
    for (; r + 4 <= rows; r += 4) {
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4)
            ortcpu_transpose_block(in + r * in_stride + c, in_stride, out + c * out_stride + r, out_stride);
        for (; c < columns; c++)
            for (int64_t i = 0; i < 4; i++) out[c * out_stride + r + i] = in[(r + i) * in_stride + c];
    }
    for (; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) out[c * out_stride + r] = in[r * in_stride + c];
}

#endif
