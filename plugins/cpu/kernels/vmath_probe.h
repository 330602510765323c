/* kernels/vmath_probe.h: vmath.h and vec.h behind plain functions, for the tests. */
#ifndef ORTCPU_KERNELS_VMATH_PROBE_H
#define ORTCPU_KERNELS_VMATH_PROBE_H

#include <stdint.h>

enum {
    PROBE_EXP,
    PROBE_EXPM1,
    PROBE_LOG,
    PROBE_LOG1P,
    PROBE_TANH,
    PROBE_SIGMOID,
    PROBE_ERF,
    PROBE_SOFTPLUS,
    PROBE_SQRT,
    PROBE_ROUND,
    PROBE_FLOOR,
    PROBE_CEIL,
    PROBE_TRUNC,
    PROBE_COUNT
};

/* y[i] = f(x[i]) for n numbers, whole vectors and then a tail. */
typedef void vmath_probe_fn(int f, const float *x, float *y, int64_t n);
/* Larger and smaller of a[i], b[i]. */
typedef void vmath_probe_bounds_fn(const float *a, const float *b, float *larger, float *smaller, int64_t n);
vmath_probe_fn vmath_probe_baseline, vmath_probe_avx2, vmath_probe_avx512;
vmath_probe_bounds_fn vmath_probe_bounds_baseline, vmath_probe_bounds_avx2, vmath_probe_bounds_avx512;

#endif
