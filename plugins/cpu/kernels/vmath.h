/* kernels/vmath.h: elementary functions on a vector of floats (vec.h).
 *
 * Within about 2 ulp (erf, tanh 3), over the whole range: NaN gives NaN, infinities their limits, denormal arguments
 * and results are kept. The coefficients are minimax fits of these forms, made for this file. A lane's result does not
 * depend on its neighbours; it may differ between instruction sets in the last bit, since the baseline has no fused
 * product. */
#ifndef ORTCPU_KERNELS_VMATH_H
#define ORTCPU_KERNELS_VMATH_H

#include "kernels/vec.h"

ORTCPU_INLINE vf vf_recip(vf x) {
    return vf_set1(1.0f) / x;
}

/* y * 2^n for |n| <= 252, rounding once into the denormals. */
ORTCPU_INLINE vf ortcpu_scale(vf y, vf n) {
#if defined(ORTCPU_AVX512)
    return (vf)_mm512_scalef_ps((__m512)y, (__m512)n);
#else
    vi i = vi_round(n), half = i >> 1;
    return y * vf_bits((half + 127) << 23) * vf_bits((i - half + 127) << 23);
#endif
}

/* r with x = n * ln 2 + r, |r| <= ln 2 / 2. */
ORTCPU_INLINE vf ortcpu_exp_reduce(vf x, vf *n) {
    *n = vf_round_even(x * 1.44269502f);
    return vf_fnma(*n, vf_set1(-2.12194440e-4f), vf_fnma(*n, vf_set1(0.693359375f), x));
}

/* (exp(r) - 1 - r) / r^2 */
ORTCPU_INLINE vf ortcpu_exp_tail(vf r) {
    vf p = vf_fma(vf_set1(0x1.a1b5cap-13f), r, vf_set1(0x1.6d974cp-10f));
    p = vf_fma(p, r, vf_set1(0x1.11107ep-7f));
    p = vf_fma(p, r, vf_set1(0x1.55548p-5f));
    p = vf_fma(p, r, vf_set1(0x1.555556p-3f));
    return vf_fma(p, r, vf_set1(0.5f));
}

ORTCPU_INLINE vf vf_exp(vf x) {
    vf n, r = ortcpu_exp_reduce(vf_max_bound(vf_min_bound(x, vf_set1(89.0f)), vf_set1(-104.0f)), &n);
    vf p = vf_fma(ortcpu_exp_tail(r) * r, r, r) + 1.0f;
    return ortcpu_scale(p, n);
}

ORTCPU_INLINE vf vf_expm1(vf x) {
    vf n, r = ortcpu_exp_reduce(vf_max_bound(vf_min_bound(x, vf_set1(89.0f)), vf_set1(-30.0f)), &n);
    vf p = vf_fma(ortcpu_exp_tail(r) * r, r, r);
    /* 2^128 alone overflows where 2^128 * (1 + p) - 1 may not: one factor of 2 is kept back. */
    vf half = ortcpu_scale(vf_set1(0.5f), n);
    vf y = vf_fma(half, p, half - 0.5f) * 2.0f;
    return vf_select(vf_eq(x, vf_zero()), x, y);
}

ORTCPU_INLINE vf vf_log(vf x) {
    vm tiny = vf_lt(x, vf_set1(0x1p-126f));
    vf scaled = vf_select(tiny, x * 0x1p23f, x);
    vi bits = vi_bits(scaled);
    /* m in [sqrt(1/2), sqrt(2)), whose bits begin at 0x3f3504f3 */
    vi e = (vi)((vu)bits - 0x3f3504f3u) >> 23;
    vf f = vf_bits((vi)((vu)bits - ((vu)e << 23))) - 1.0f;
    vf n = vi_to_vf(e) - vf_select(tiny, vf_set1(23.0f), vf_zero());
    vf p = vf_fma(vf_set1(0x1.1462aep-4f), f, vf_set1(-0x1.de4f84p-4f));
    p = vf_fma(p, f, vf_set1(0x1.e6f626p-4f));
    p = vf_fma(p, f, vf_set1(-0x1.fc1f72p-4f));
    p = vf_fma(p, f, vf_set1(0x1.2336ep-3f));
    p = vf_fma(p, f, vf_set1(-0x1.555c5ap-3f));
    p = vf_fma(p, f, vf_set1(0x1.99a4bcp-3f));
    p = vf_fma(p, f, vf_set1(-0x1.000006p-2f));
    p = vf_fma(p, f, vf_set1(0x1.555548p-2f));
    vf ff = f * f;
    vf y = vf_fma(p * f, ff, n * -2.12194440e-4f);
    y = vf_fma(ff, vf_set1(-0.5f), y) + f;
    y = vf_fma(n, vf_set1(0.693359375f), y);
    y = vf_select(vf_lt(x, vf_set1(INFINITY)), y, x); /* +inf and NaN */
    y = vf_select(vf_eq(x, vf_zero()), vf_set1(-INFINITY), y);
    return vf_select(vf_lt(x, vf_zero()), vf_set1(NAN), y);
}

/* log(u) * x / (u - 1) for u = 1 + x as rounded, which undoes the rounding (W. Kahan). */
ORTCPU_INLINE vf vf_log1p(vf x) {
    vf u = x + 1.0f, d = u - 1.0f;
    vf y = vf_log(u) * (x / d);
    y = vf_select(vf_eq(d, vf_zero()), x, y);
    return vf_select(vf_lt(u, vf_set1(INFINITY)), vf_select(vf_eq(u, vf_zero()), vf_set1(-INFINITY), y), u);
}

ORTCPU_INLINE vf vf_tanh(vf x) {
    vf t = vf_expm1(vf_abs(x) * -2.0f);
    return vf_copysign(t / (t + 2.0f), x);
}

/* By exp(-|x|), so that neither tail loses its digits. */
ORTCPU_INLINE vf vf_sigmoid(vf x) {
    vf e = vf_exp(-vf_abs(x));
    return vf_select(vf_lt(x, vf_zero()), e, vf_set1(1.0f)) / (e + 1.0f);
}

/* log(1 + exp(x)) */
ORTCPU_INLINE vf vf_softplus(vf x) {
    return vf_relu(x) + vf_log1p(vf_exp(-vf_abs(x)));
}

ORTCPU_INLINE vf vf_erf(vf x) {
    vf t = vf_min_bound(vf_abs(x), vf_set1(4.0f)), s = x * x;
    vf p = vf_fma(vf_set1(0x1.5e062cp-14f), s, vf_set1(-0x1.aaa2d6p-11f)); /* (erf(x) / x - 1) by x^2 below 0.93 */
    p = vf_fma(p, s, vf_set1(0x1.54d42ap-8f));
    p = vf_fma(p, s, vf_set1(-0x1.b80ff2p-6f));
    p = vf_fma(p, s, vf_set1(0x1.ce2e1cp-4f));
    p = vf_fma(p, s, vf_set1(-0x1.812744p-2f));
    p = vf_fma(p, s, vf_set1(0x1.06eba8p-3f));
    vf small = vf_fma(p, x, x);
    vf q = vf_fma(vf_set1(-0x1.63ca6cp-16f), t, vf_set1(0x1.c8ec4p-12f)); /* log(1 - erf(t)) above */
    q = vf_fma(q, t, vf_set1(-0x1.11c40cp-8f));
    q = vf_fma(q, t, vf_set1(0x1.9bd3ep-6f));
    q = vf_fma(q, t, vf_set1(-0x1.bb9ec2p-4f));
    q = vf_fma(q, t, vf_set1(-0x1.4442fep-1f));
    q = vf_fma(q, t, vf_set1(-0x1.2128a6p+0f));
    q = vf_fma(q, t, vf_set1(0x1.7362fcp-13f));
    vf large = vf_copysign(1.0f - vf_exp(q), x);
    return vf_select(vf_lt(t, vf_set1(0.93f)), small, large);
}

#endif
