#include "kernels/element.h"
#include "kernels/kernels.h"
#include "kernels/micro.h"

/* The entries of every family, under this instruction set's names. */
ortcpu_gemm_plan_fn ORTCPU_FN(ortcpu_gemm_plan);
ortcpu_gemm_pack_bytes_fn ORTCPU_FN(ortcpu_gemm_pack_bytes);
ortcpu_gemm_pack_fn ORTCPU_FN(ortcpu_gemm_pack);
ortcpu_gemm_run_fn ORTCPU_FN(ortcpu_gemm_run);
ortcpu_conv_plan_fn ORTCPU_FN(ortcpu_conv_plan);
ortcpu_conv_pack_bytes_fn ORTCPU_FN(ortcpu_conv_pack_bytes);
ortcpu_conv_pack_fn ORTCPU_FN(ortcpu_conv_pack);
ortcpu_conv_run_fn ORTCPU_FN(ortcpu_conv_run);
ortcpu_pool_run_fn ORTCPU_FLOAT_FN(ortcpu_pool_run);
ortcpu_cell_fn ORTCPU_FLOAT_FN(ortcpu_lstm_cell), ORTCPU_FLOAT_FN(ortcpu_gru_cell), ORTCPU_FLOAT_FN(ortcpu_gru_reset),
    ORTCPU_FLOAT_FN(ortcpu_rnn_cell);
ortcpu_attention_scratch_bytes_fn ORTCPU_FLOAT_FN(ortcpu_attention_scratch_bytes);
ortcpu_attention_run_fn ORTCPU_FLOAT_FN(ortcpu_attention_run);
ortcpu_nchw_to_nhwc_fn ORTCPU_FLOAT_FN(ortcpu_nchw_to_nhwc);
ortcpu_nhwc_to_nchw_fn ORTCPU_FLOAT_FN(ortcpu_nhwc_to_nchw);

#define THIS_NAME_2(isa) #isa
#define THIS_NAME_1(isa) THIS_NAME_2(isa)
#if defined(ORTCPU_AVX512)
#define THIS_ISA ORTCPU_ISA_AVX512
#elif defined(ORTCPU_AVX2)
#define THIS_ISA ORTCPU_ISA_AVX2
#else
#define THIS_ISA ORTCPU_ISA_BASELINE
#endif

extern const ortcpu_kernels ORTCPU_FN(ortcpu_kernels);
const ortcpu_kernels ORTCPU_FN(ortcpu_kernels) = {
    .isa = THIS_ISA,
    .name = THIS_NAME_1(ORTCPU_ISA),
    .vector_floats = VL,
    .panel_floats = NR,
    .gemm_plan = ORTCPU_FN(ortcpu_gemm_plan),
    .gemm_pack_bytes = ORTCPU_FN(ortcpu_gemm_pack_bytes),
    .gemm_pack = ORTCPU_FN(ortcpu_gemm_pack),
    .gemm_run = ORTCPU_FN(ortcpu_gemm_run),
    .conv_plan = ORTCPU_FN(ortcpu_conv_plan),
    .conv_pack_bytes = ORTCPU_FN(ortcpu_conv_pack_bytes),
    .conv_pack = ORTCPU_FN(ortcpu_conv_pack),
    .conv_run = ORTCPU_FN(ortcpu_conv_run),
    .pool_run = ORTCPU_FLOAT_FN(ortcpu_pool_run),
    .lstm_cell = ORTCPU_FLOAT_FN(ortcpu_lstm_cell),
    .gru_cell = ORTCPU_FLOAT_FN(ortcpu_gru_cell),
    .gru_reset = ORTCPU_FLOAT_FN(ortcpu_gru_reset),
    .rnn_cell = ORTCPU_FLOAT_FN(ortcpu_rnn_cell),
    .attention_scratch_bytes = ORTCPU_FLOAT_FN(ortcpu_attention_scratch_bytes),
    .attention_run = ORTCPU_FLOAT_FN(ortcpu_attention_run),
    .nchw_to_nhwc = ORTCPU_FLOAT_FN(ortcpu_nchw_to_nhwc),
    .nhwc_to_nchw = ORTCPU_FLOAT_FN(ortcpu_nhwc_to_nchw),
};
