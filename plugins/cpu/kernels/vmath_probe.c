#include "kernels/vmath_probe.h"

#include "kernels/vmath.h"

#define EACH(f)                                                                                                        \
    for (int64_t i = 0; i < n; i += VL) {                                                                              \
        int64_t lanes = n - i < VL ? n - i : VL;                                                                       \
        vf_store_n(y + i, f(vf_load_n(x + i, lanes)), lanes);                                                          \
    }                                                                                                                  \
    break

void ORTCPU_FN(vmath_probe)(int f, const float *x, float *y, int64_t n) {
    switch (f) {
    case PROBE_EXP:
        EACH(vf_exp);
    case PROBE_EXPM1:
        EACH(vf_expm1);
    case PROBE_LOG:
        EACH(vf_log);
    case PROBE_LOG1P:
        EACH(vf_log1p);
    case PROBE_TANH:
        EACH(vf_tanh);
    case PROBE_SIGMOID:
        EACH(vf_sigmoid);
    case PROBE_ERF:
        EACH(vf_erf);
    case PROBE_SOFTPLUS:
        EACH(vf_softplus);
    case PROBE_SQRT:
        EACH(vf_sqrt);
    case PROBE_ROUND:
        EACH(vf_round_even);
    case PROBE_FLOOR:
        EACH(vf_floor);
    case PROBE_CEIL:
        EACH(vf_ceil);
    case PROBE_TRUNC:
        EACH(vf_trunc);
    default:
        break;
    }
}

void ORTCPU_FN(vmath_probe_bounds)(const float *a, const float *b, float *larger, float *smaller, int64_t n) {
    for (int64_t i = 0; i < n; i += VL) {
        int64_t lanes = n - i < VL ? n - i : VL;
        vf p = vf_load_n(a + i, lanes), q = vf_load_n(b + i, lanes);
        vf_store_n(larger + i, vf_max(p, q), lanes);
        vf_store_n(smaller + i, vf_min(p, q), lanes);
    }
}
