/* kernels/micro.h: the one microkernel that products and convolutions share. Private to this folder.
 *
 *     C[rows x n] = finish(sum over taps t, then k, of A(t, row, k) * B(t, k, column))
 *
 * A(t, row, k) is a[tap_offset[t] + row * a_stride + k]; B's rows follow each other through the taps, b_stride apart;
 * vector v of a B row is at (v / 2) * panel_stride + (v % 2) * VL. Each element is one chain of products over (t, k) in
 * order, whatever the tile: so the bits do not depend on how the work was cut. `load_c` continues a chain whose partial
 * sums are in C, `last` applies the epilogue. */
#ifndef ORTCPU_KERNELS_MICRO_H
#define ORTCPU_KERNELS_MICRO_H

#include "kernels/epilogue.h"
#include "kernels/vec.h"

enum {
    NR = 2 * VL,
#if defined(ORTCPU_AVX512)
    MR = 14 /* 28 sums, 2 of B, 1 of A in 32 registers */
#else
    MR = 6 /* 12 of 16 */
#endif
};

typedef struct ortcpu_tile {
    const float *a;
    int64_t a_stride;
    const int64_t *tap_offset;
    int64_t taps, k;
    const float *b;
    int64_t b_stride, panel_stride;
    /* Read by ortcpu_tile_panels, which sets b_stride from it: 0 for packed panels, else the row stride of B as it is.
     */
    int64_t b_plain_stride;
    int64_t b_skip; /* rows of B that earlier calls have done */
    float *c;
    int64_t c_stride, n;                  /* columns of this tile: at most the kernel's */
    const float *bias, *residual, *slope; /* at this tile's first row and column, or NULL */
    int64_t residual_stride;
    float scale, low, high;      /* of a plain epilogue: scale 1, low -inf, high inf where there is none */
    bool load_c, last, bounded;  /* bounded: low and high matter */
    const ortcpu_epilogue *full; /* not NULL: an epilogue that needs more than scale, bias, residual and bounds */
} ortcpu_tile;

typedef void ortcpu_micro_fn(const ortcpu_tile *tile);

/* Columns of the kernels. Those with half a vector are there where a half may be cheaper than a whole (ORTCPU_HALVES).
 */
enum { COLUMNS_HALF, COLUMNS_1, COLUMNS_1_HALF, COLUMNS_2, COLUMNS_4, COLUMNS_8, COLUMNS_KINDS };
#if defined(ORTCPU_AVX512) && !defined(ORTCPU_BF16)
#define ORTCPU_HALVES 1
#else
#define ORTCPU_HALVES 0
#endif

/* micro[rows][i]: a kernel of `rows` rows and columns of kind i, NULL where there is none. All rows have up to 2; one
 * row has 4 and 8, up to three rows have 4. */
extern ortcpu_micro_fn *const ORTCPU_FN(ortcpu_micro)[MR + 1][COLUMNS_KINDS];
/* Columns that a packed panel of n columns is wide, 1 <= n: what its kernel reads of each row. */
static inline int64_t ortcpu_panel_width(int64_t n) {
    if (ORTCPU_HALVES && n <= VL / 2) return VL / 2;
    if (n <= VL) return VL;
    return ORTCPU_HALVES && n <= VL + VL / 2 ? VL + VL / 2 : NR;
}
/* Columns of n columns in packed panels: NR wide each, the last as wide as it must. */
static inline int64_t ortcpu_packed_columns(int64_t n) {
    int64_t rest = n % NR;
    return n - rest + (rest ? ortcpu_panel_width(rest) : 0);
}
/* Runs n columns of packed panels: tile->b is the first panel's start, panel_stride a panel's size. */
void ORTCPU_FN(ortcpu_tile_panels)(const ortcpu_tile *first, int64_t rows, int64_t n);
/* Splits an epilogue into what the kernels do inline and the rest. */
void ORTCPU_FN(ortcpu_tile_epilogue)(ortcpu_tile *tile, const ortcpu_epilogue *e);
/* Finishes sums that lie in a buffer: the whole epilogue, into c; rows of n columns. */
void ORTCPU_FN(ortcpu_tile_finish)(const ortcpu_tile *tile, const float *sums, int64_t sums_stride, int64_t rows);

#endif
