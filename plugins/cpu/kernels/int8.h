/* kernels/int8.h: products of bytes, exact in int32: C[m x n] = A[m x k] * B[k x n], A of uint8, B of int8.
 *
 * Other types come by an offset of 128, which is flipping the highest bit: int8 rows of A become uint8 by `flip` 0x80,
 * uint8 weights int8. Zero points are the caller's: sum (a - za) * (b - zb) is sum a * b - za * (B's column sums) -
 * zb * (A's row sums) + k * za * zb. Rows of A are ortcpu_int8_depth(k) bytes, what is beyond k meets zeros.
 * Pointers need no alignment but packed weights: 64 bytes. Nothing is allocated, nothing fails. Threads: any. */
#ifndef ORTCPU_KERNELS_INT8_H
#define ORTCPU_KERNELS_INT8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/isa.h"

typedef struct ortcpu_int8 {
    const char *name; /* in layouts of packed weights */
    size_t (*pack_bytes)(int64_t n, int64_t k);
    /* Reads b[row * row_stride + col * col_stride] for k rows and n columns, each byte with `flip`. */
    void (*pack)(int64_t n, int64_t k, const uint8_t *b, int64_t row_stride, int64_t col_stride, uint8_t flip,
                 void *packed);
    /* n sums over k of what was packed. */
    const int32_t *(*column_sums)(int64_t n, int64_t k, const void *packed);
    void (*run)(int64_t m, int64_t n, int64_t k, const uint8_t *a, int64_t a_stride, const void *packed, int32_t *c,
                int64_t c_stride);
} ortcpu_int8;

/* The family for an instruction set that the machine has: VNNI's where it is there (AVX512_VNNI, AVX-VNNI). */
const ortcpu_int8 *ortcpu_int8_get(ortcpu_isa isa);

/* Bytes of a row of A. */
static inline int64_t ortcpu_int8_depth(int64_t k) {
    return (k + 3) / 4 * 4;
}

#endif
