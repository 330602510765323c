/* kernels/kernels.h: the table of compute-heavy kernels, one for each instruction set.
 *
 *     const ortcpu_kernels *k = ortcpu_kernels_get(ortcpu_isa_detect());
 *     k->gemm_plan(&shape, threads, &plan);
 *     k->gemm_pack(n, k, weights, n, 1, packed);                     once
 *     k->gemm_run(&plan, &args, 0, plan.task_count, scratch);        or in pieces from several threads
 *
 * Packed weights and plans belong to the table that made them. */
#ifndef ORTCPU_KERNELS_KERNELS_H
#define ORTCPU_KERNELS_KERNELS_H

#include "kernels/attention.h"
#include "kernels/cell.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/pool.h"

typedef struct ortcpu_kernels {
    ortcpu_isa isa;
    const char *name;                    /* of the family, in layouts of packed weights */
    int64_t vector_floats, panel_floats; /* of one vector; columns in one panel of packed weights */
    ortcpu_gemm_plan_fn *gemm_plan;
    ortcpu_gemm_pack_bytes_fn *gemm_pack_bytes;
    ortcpu_gemm_pack_fn *gemm_pack;
    ortcpu_gemm_run_fn *gemm_run;
    ortcpu_conv_plan_fn *conv_plan;
    ortcpu_conv_pack_bytes_fn *conv_pack_bytes;
    ortcpu_conv_pack_fn *conv_pack;
    ortcpu_conv_run_fn *conv_run;
    ortcpu_pool_run_fn *pool_run;
    ortcpu_attention_scratch_bytes_fn *attention_scratch_bytes;
    ortcpu_attention_run_fn *attention_run;
    ortcpu_cell_fn *lstm_cell, *gru_cell, *gru_reset, *rnn_cell;
    ortcpu_nchw_to_nhwc_fn *nchw_to_nhwc;
    ortcpu_nhwc_to_nchw_fn *nhwc_to_nchw;
} ortcpu_kernels;

/* NULL when this build or this machine lacks the instruction set. */
const ortcpu_kernels *ortcpu_kernels_get(ortcpu_isa isa);
/* The family whose products with packed weights, and dense convolutions but for Winograd's, round both sides to
 * bfloat16 and add in float32; all else is the AVX-512 family's. NULL where there is no AVX512_BF16. */
const ortcpu_kernels *ortcpu_kernels_bf16(void);

#endif
