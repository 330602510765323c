/* kernels/gemm.h: C[m x n] = epilogue(A[m x k] * B[k x n]) in float32, for one product or a batch of them.
 *
 * Prepare time: gemm_plan fixes the task count and the scratch; when B is constant, gemm_pack lays it out once.
 * Run time: gemm_run does tasks [begin, end) and may run from several threads at once, each with its own scratch. Work
 * is split over rows and columns, never over k: results have the same bits for any thread count and any chunking.
 * Nothing is allocated, nothing fails; shapes are the caller's to check. Sizes and pitches count floats. Pointers need
 * no alignment beyond a float's, but for packed weights and scratch: 64 bytes. */
#ifndef ORTCPU_KERNELS_GEMM_H
#define ORTCPU_KERNELS_GEMM_H

#include <stddef.h>

#include "kernels/epilogue.h"

typedef struct ortcpu_gemm_shape {
    int64_t m, n, k;
    int64_t batch;                      /* products; 0 is read as 1 */
    int64_t a_row_stride, a_col_stride; /* A[row][col]; a_col_stride 0 is read as 1; transA: 1 and m */
    bool b_packed;                      /* B comes from gemm_pack, one for the whole batch */
    void (*b_widen)(float *y, const uint16_t *x, int64_t count); /* unpacked B of 16-bit floats; NULL: of float32 */
    int64_t b_row_stride, b_col_stride; /* unpacked B[k][n]; b_col_stride 0 is read as 1; transB: 1 and k */
    int64_t c_row_stride;               /* C's columns are adjacent */
} ortcpu_gemm_shape;

/* Filled by gemm_plan, read-only afterwards; the caller may read the first two. */
typedef struct ortcpu_gemm_plan {
    int64_t task_count;
    size_t scratch_bytes; /* for each slot that runs at the same time; 0: pass NULL */
    ortcpu_gemm_shape s;
    int64_t m_splits, n_splits; /* tasks = batch * m_splits * n_splits */
    int64_t m_tiles, panels;
    int64_t k_block, m_block;
    int64_t a_scratch_offset; /* floats */
    bool a_copied, b_direct, few_rows;
} ortcpu_gemm_plan;

typedef struct ortcpu_gemm_args {
    const float *a;
    const void *b; /* packed or not, as the plan says */
    float *c;
    /* Product i of the batch starts at offset[i], or i * stride where the array is NULL (so a zero stride broadcasts).
     */
    const int64_t *a_offset, *b_offset;
    int64_t a_stride, b_stride, c_stride, residual_stride;
    ortcpu_epilogue epilogue;
} ortcpu_gemm_args;

/* `thread_count` threads may take part; 1 gives one task unless the batch asks for more. */
typedef void ortcpu_gemm_plan_fn(const ortcpu_gemm_shape *shape, int64_t thread_count, ortcpu_gemm_plan *out);
typedef size_t ortcpu_gemm_pack_bytes_fn(int64_t n, int64_t k);
/* Reads b[row * row_stride + col * col_stride] for k rows and n columns; writes gemm_pack_bytes. */
typedef void ortcpu_gemm_pack_fn(int64_t n, int64_t k, const float *b, int64_t row_stride, int64_t col_stride,
                                 float *packed);
typedef void ortcpu_gemm_run_fn(const ortcpu_gemm_plan *plan, const ortcpu_gemm_args *args, int64_t task_begin,
                                int64_t task_end, void *scratch);

#endif
