/* The most products a second that this instruction set gives: independent chains in registers, nothing loaded. */
#include "kernels/vec.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

enum { CHAINS = VL == 16 ? 24 : 12 };

float ORTCPU_FN(bench_peak)(int64_t steps);
int64_t ORTCPU_FN(bench_peak_flops)(int64_t steps);

float ORTCPU_FN(bench_peak)(int64_t steps) {
    static volatile const float factor = 1.0f, term = 1e-9f; /* volatile: not known to the compiler */
    vf sum[CHAINS], x = vf_set1(factor), y = vf_set1(term);
    UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] = vf_set1((float)i);
    for (int64_t k = 0; k < steps; k++) {
        UNROLLED for (int i = 0; i < CHAINS; i++) sum[i] = vf_fma(x, sum[i], y);
    }
    vf all = vf_zero();
    UNROLLED for (int i = 0; i < CHAINS; i++) all = all + sum[i];
    return vf_sum(all);
}

int64_t ORTCPU_FN(bench_peak_flops)(int64_t steps) {
    return steps * CHAINS * VL * 2;
}
