/* kernels/vec.h: one vector of floats, whatever the instruction set.
 *
 * A kernel's source is compiled once for each instruction set (ortcpu_isa_sources in CMakeLists.txt): VL is 4, 8 or 16
 * floats, vf a vector of VL floats, vi of VL int32, vm one truth value for each lane. + - * / and unary - work on vf
 * and vi, << >> & | ^ on vi; a scalar operand spreads over the lanes. ORTCPU_FN(name) is name_baseline, name_avx2, ...
 *
 * NaN: vf_max and vf_min give NaN when either operand is NaN (numpy, ONNX Max and Min). vf_max_bound(x, bound) and
 * vf_min_bound(x, bound) are one instruction: NaN in x passes, `bound` must not be NaN (Relu, Clip with constant
 * bounds). Denormals are kept. Loads and stores need a float's alignment; the _n forms touch n lanes alone, 0 <= n <=
 * VL. */
#ifndef ORTCPU_KERNELS_VEC_H
#define ORTCPU_KERNELS_VEC_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef ORTCPU_ISA
#define ORTCPU_ISA baseline
#endif
#define ORTCPU_PASTE_2(a, b) a##_##b
#define ORTCPU_PASTE_1(a, b) ORTCPU_PASTE_2(a, b)
#define ORTCPU_FN(name)      ORTCPU_PASTE_1(name, ORTCPU_ISA)

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define ORTCPU_AVX512 1
#define VL            16
#elif defined(__AVX2__) && defined(__FMA__)
#define ORTCPU_AVX2 1
#define VL          8
#else
#define ORTCPU_GENERIC 1
#define VL             4
#endif
#define ORTCPU_INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4))); /* vi where arithmetic may wrap */
/* The same at any address. */
typedef float vf_any __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi_any __attribute__((vector_size(VL * 4), aligned(4), may_alias));

ORTCPU_INLINE vf vf_load(const float *p) {
    return *(const vf_any *)p;
}
ORTCPU_INLINE void vf_store(float *p, vf x) {
    *(vf_any *)p = x;
}
ORTCPU_INLINE vi vi_load(const int32_t *p) {
    return *(const vi_any *)p;
}
ORTCPU_INLINE void vi_store(int32_t *p, vi x) {
    *(vi_any *)p = x;
}
ORTCPU_INLINE vf vf_bits(vi x) {
    return (vf)x;
} /* the same bits as floats */
ORTCPU_INLINE vi vi_bits(vf x) {
    return (vi)x;
}

#if defined(ORTCPU_AVX512)

typedef __mmask16 vm;
ORTCPU_INLINE vf vf_set1(float x) {
    return (vf)_mm512_set1_ps(x);
}
ORTCPU_INLINE vi vi_set1(int32_t x) {
    return (vi)_mm512_set1_epi32(x);
}
ORTCPU_INLINE vm vm_first(int64_t n) {
    return (vm)((1U << n) - 1U);
} /* the first n lanes, 0 <= n <= VL */
ORTCPU_INLINE vf vf_load_n(const float *p, int64_t n) {
    return (vf)_mm512_maskz_loadu_ps(vm_first(n), p);
}
ORTCPU_INLINE void vf_store_n(float *p, vf x, int64_t n) {
    _mm512_mask_storeu_ps(p, vm_first(n), (__m512)x);
}
ORTCPU_INLINE vf vf_fma(vf a, vf b, vf c) {
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
/* Half a vector: as cheap as a whole one at worst, half the price where the units are 256 bits wide. */
#define VH (VL / 2)
typedef float vh __attribute__((vector_size(VH * 4)));
typedef float vh_any __attribute__((vector_size(VH * 4), aligned(4), may_alias));
ORTCPU_INLINE vh vh_load(const float *p) {
    return *(const vh_any *)p;
}
ORTCPU_INLINE void vh_store(float *p, vh x) {
    *(vh_any *)p = x;
}
ORTCPU_INLINE vh vh_set1(float x) {
    return (vh)_mm256_set1_ps(x);
}
ORTCPU_INLINE vh vh_fma(vh a, vh b, vh c) {
    return (vh)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
ORTCPU_INLINE vh vf_lower(vf x) {
    return (vh)_mm512_castps512_ps256((__m512)x);
}
ORTCPU_INLINE vf vh_widen(vh x) {
    return (vf)_mm512_zextps256_ps512((__m256)x);
} /* zeros above */
ORTCPU_INLINE vf vf_fnma(vf a, vf b, vf c) {
    return (vf)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
ORTCPU_INLINE vf vf_max_bound(vf x, vf bound) {
    return (vf)_mm512_max_ps((__m512)bound, (__m512)x);
}
ORTCPU_INLINE vf vf_min_bound(vf x, vf bound) {
    return (vf)_mm512_min_ps((__m512)bound, (__m512)x);
}
ORTCPU_INLINE vf vf_sqrt(vf x) {
    return (vf)_mm512_sqrt_ps((__m512)x);
}
ORTCPU_INLINE vf vf_round_even(vf x) {
    return (vf)_mm512_roundscale_ps((__m512)x, 8);
}
ORTCPU_INLINE vf vf_floor(vf x) {
    return (vf)_mm512_roundscale_ps((__m512)x, 9);
}
ORTCPU_INLINE vf vf_ceil(vf x) {
    return (vf)_mm512_roundscale_ps((__m512)x, 10);
}
ORTCPU_INLINE vf vf_trunc(vf x) {
    return (vf)_mm512_roundscale_ps((__m512)x, 11);
}
ORTCPU_INLINE vi vi_round(vf x) {
    return (vi)_mm512_cvtps_epi32((__m512)x);
} /* to nearest, ties to even */
ORTCPU_INLINE vi vi_trunc(vf x) {
    return (vi)_mm512_cvttps_epi32((__m512)x);
} /* out of range: INT32_MIN */
ORTCPU_INLINE vf vi_to_vf(vi x) {
    return (vf)_mm512_cvtepi32_ps((__m512i)x);
}
#define ORTCPU_CMP(name, code)                                                                                         \
    ORTCPU_INLINE vm name(vf a, vf b) {                                                                                \
        return _mm512_cmp_ps_mask((__m512)a, (__m512)b, code);                                                         \
    }
ORTCPU_CMP(vf_lt, _CMP_LT_OQ)
ORTCPU_CMP(vf_le, _CMP_LE_OQ)
ORTCPU_CMP(vf_eq, _CMP_EQ_OQ)
ORTCPU_CMP(vf_ne, _CMP_NEQ_UQ)
ORTCPU_INLINE vm vi_lt(vi a, vi b) {
    return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b);
}
ORTCPU_INLINE vm vi_eq(vi a, vi b) {
    return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
}
ORTCPU_INLINE vm vm_and(vm a, vm b) {
    return (vm)(a & b);
}
ORTCPU_INLINE vm vm_or(vm a, vm b) {
    return (vm)(a | b);
}
ORTCPU_INLINE vm vm_not(vm a) {
    return (vm)~a;
}
ORTCPU_INLINE bool vm_any(vm a) {
    return a != 0;
}
ORTCPU_INLINE bool vm_all(vm a) {
    return a == 0xffff;
}
ORTCPU_INLINE vi vm_to_vi(vm a) {
    return (vi)_mm512_movm_epi32(a);
} /* -1 where true, else 0 */
/* m ? a : b */
ORTCPU_INLINE vf vf_select(vm m, vf a, vf b) {
    return (vf)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a);
}
ORTCPU_INLINE vi vi_select(vm m, vi a, vi b) {
    return (vi)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a);
}

#else

typedef vi vm;
ORTCPU_INLINE vm vf_lt(vf a, vf b) {
    return (vm)(a < b);
}
ORTCPU_INLINE vm vf_le(vf a, vf b) {
    return (vm)(a <= b);
}
ORTCPU_INLINE vm vf_eq(vf a, vf b) {
    return (vm)(a == b);
}
ORTCPU_INLINE vm vf_ne(vf a, vf b) {
    return (vm)(a != b);
}
ORTCPU_INLINE vm vi_lt(vi a, vi b) {
    return (vm)(a < b);
}
ORTCPU_INLINE vm vi_eq(vi a, vi b) {
    return (vm)(a == b);
}
ORTCPU_INLINE vm vm_and(vm a, vm b) {
    return a & b;
}
ORTCPU_INLINE vm vm_or(vm a, vm b) {
    return a | b;
}
ORTCPU_INLINE vm vm_not(vm a) {
    return ~a;
}
ORTCPU_INLINE vi vm_to_vi(vm a) {
    return a;
}

#if defined(ORTCPU_AVX2)

static const int32_t ortcpu_lane_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
ORTCPU_INLINE vf vf_set1(float x) {
    return (vf)_mm256_set1_ps(x);
}
ORTCPU_INLINE vi vi_set1(int32_t x) {
    return (vi)_mm256_set1_epi32(x);
}
ORTCPU_INLINE vm vm_first(int64_t n) {
    return (vm)vi_load(ortcpu_lane_mask + 8 - n);
}
ORTCPU_INLINE vf vf_load_n(const float *p, int64_t n) {
    return (vf)_mm256_maskload_ps(p, (__m256i)vm_first(n));
}
ORTCPU_INLINE void vf_store_n(float *p, vf x, int64_t n) {
    _mm256_maskstore_ps(p, (__m256i)vm_first(n), (__m256)x);
}
ORTCPU_INLINE vf vf_fma(vf a, vf b, vf c) {
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
ORTCPU_INLINE vf vf_fnma(vf a, vf b, vf c) {
    return (vf)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
ORTCPU_INLINE vf vf_max_bound(vf x, vf bound) {
    return (vf)_mm256_max_ps((__m256)bound, (__m256)x);
}
ORTCPU_INLINE vf vf_min_bound(vf x, vf bound) {
    return (vf)_mm256_min_ps((__m256)bound, (__m256)x);
}
ORTCPU_INLINE vf vf_sqrt(vf x) {
    return (vf)_mm256_sqrt_ps((__m256)x);
}
ORTCPU_INLINE vf vf_round_even(vf x) {
    return (vf)_mm256_round_ps((__m256)x, 8);
}
ORTCPU_INLINE vf vf_floor(vf x) {
    return (vf)_mm256_round_ps((__m256)x, 9);
}
ORTCPU_INLINE vf vf_ceil(vf x) {
    return (vf)_mm256_round_ps((__m256)x, 10);
}
ORTCPU_INLINE vf vf_trunc(vf x) {
    return (vf)_mm256_round_ps((__m256)x, 11);
}
ORTCPU_INLINE vi vi_round(vf x) {
    return (vi)_mm256_cvtps_epi32((__m256)x);
}
ORTCPU_INLINE vi vi_trunc(vf x) {
    return (vi)_mm256_cvttps_epi32((__m256)x);
}
ORTCPU_INLINE vf vi_to_vf(vi x) {
    return (vf)_mm256_cvtepi32_ps((__m256i)x);
}
ORTCPU_INLINE bool vm_any(vm a) {
    return _mm256_movemask_ps((__m256)a) != 0;
}
ORTCPU_INLINE bool vm_all(vm a) {
    return _mm256_movemask_ps((__m256)a) == 0xff;
}
ORTCPU_INLINE vf vf_select(vm m, vf a, vf b) {
    return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
}
ORTCPU_INLINE vi vi_select(vm m, vi a, vi b) {
    return (vi)vf_select(m, (vf)a, (vf)b);
}

#else

ORTCPU_INLINE vf vf_set1(float x) {
    return (vf){x, x, x, x};
}
ORTCPU_INLINE vi vi_set1(int32_t x) {
    return (vi){x, x, x, x};
}
ORTCPU_INLINE vm vm_first(int64_t n) {
    return (vi){0, 1, 2, 3} < (int32_t)n;
}
ORTCPU_INLINE vf vf_load_n(const float *p, int64_t n) {
    if (n >= 4) return vf_load(p);
    return (vf){n > 0 ? p[0] : 0, n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}
ORTCPU_INLINE void vf_store_n(float *p, vf x, int64_t n) {
    if (n >= 4) {
        vf_store(p, x);
        return;
    }
    if (n > 0) p[0] = x[0];
    if (n > 1) p[1] = x[1];
    if (n > 2) p[2] = x[2];
}
ORTCPU_INLINE vi vi_select(vm m, vi a, vi b) {
    return (a & m) | (b & ~m);
}
ORTCPU_INLINE vf vf_select(vm m, vf a, vf b) {
    return (vf)vi_select(m, (vi)a, (vi)b);
}
#if defined(__SSE2__)
/* Not fused: the baseline rounds twice. */
ORTCPU_INLINE vf vf_fma(vf a, vf b, vf c) {
    return a * b + c;
}
ORTCPU_INLINE vf vf_fnma(vf a, vf b, vf c) {
    return c - a * b;
}
ORTCPU_INLINE vf vf_max_bound(vf x, vf bound) {
    return (vf)_mm_max_ps((__m128)bound, (__m128)x);
}
ORTCPU_INLINE vf vf_min_bound(vf x, vf bound) {
    return (vf)_mm_min_ps((__m128)bound, (__m128)x);
}
ORTCPU_INLINE vf vf_sqrt(vf x) {
    return (vf)_mm_sqrt_ps((__m128)x);
}
ORTCPU_INLINE vi vi_round(vf x) {
    return (vi)_mm_cvtps_epi32((__m128)x);
}
ORTCPU_INLINE vi vi_trunc(vf x) {
    return (vi)_mm_cvttps_epi32((__m128)x);
}
ORTCPU_INLINE vf vi_to_vf(vi x) {
    return (vf)_mm_cvtepi32_ps((__m128i)x);
}
ORTCPU_INLINE bool vm_any(vm a) {
    return _mm_movemask_ps((__m128)a) != 0;
}
ORTCPU_INLINE bool vm_all(vm a) {
    return _mm_movemask_ps((__m128)a) == 0xf;
}
/* SSE2 has no rounding instruction: through int32 where the value has a fraction at all, keeping the sign of zero. */
ORTCPU_INLINE vf ortcpu_integral(vf x, vf r) {
    vf kept = (vf)((vi)r | ((vi)x & INT32_MIN));
    vf size = (vf)((vi)x & INT32_MAX);
    return vf_select(vf_lt(size, vf_set1(8388608.0f)), kept, x);
}
ORTCPU_INLINE vf vf_round_even(vf x) {
    return ortcpu_integral(x, vi_to_vf(vi_round(x)));
}
ORTCPU_INLINE vf vf_trunc(vf x) {
    return ortcpu_integral(x, vi_to_vf(vi_trunc(x)));
}
ORTCPU_INLINE vf vf_floor(vf x) {
    vf r = vi_to_vf(vi_trunc(x));
    return ortcpu_integral(x, r - vf_select(vf_lt(x, r), vf_set1(1), vf_set1(0)));
}
ORTCPU_INLINE vf vf_ceil(vf x) {
    vf r = vi_to_vf(vi_trunc(x));
    return ortcpu_integral(x, r + vf_select(vf_lt(r, x), vf_set1(1), vf_set1(0)));
}
#else
/* NEON and any other set of four floats: lane by lane where no operator does it; compilers fuse these loops. */
#define ORTCPU_LANES(expr)                                                                                             \
    vf y = {0};                                                                                                        \
    for (int i = 0; i < VL; i++) y[i] = (expr);                                                                        \
    return y
ORTCPU_INLINE vf vf_fma(vf a, vf b, vf c) {
    ORTCPU_LANES(fmaf(a[i], b[i], c[i]));
}
ORTCPU_INLINE vf vf_fnma(vf a, vf b, vf c) {
    ORTCPU_LANES(fmaf(-a[i], b[i], c[i]));
}
ORTCPU_INLINE vf vf_max_bound(vf x, vf bound) {
    return vf_select(vf_lt(x, bound), bound, x);
}
ORTCPU_INLINE vf vf_min_bound(vf x, vf bound) {
    return vf_select(vf_lt(bound, x), bound, x);
}
ORTCPU_INLINE vf vf_sqrt(vf x) {
    ORTCPU_LANES(sqrtf(x[i]));
}
ORTCPU_INLINE vf vf_round_even(vf x) {
    ORTCPU_LANES(nearbyintf(x[i]));
}
ORTCPU_INLINE vf vf_floor(vf x) {
    ORTCPU_LANES(floorf(x[i]));
}
ORTCPU_INLINE vf vf_ceil(vf x) {
    ORTCPU_LANES(ceilf(x[i]));
}
ORTCPU_INLINE vf vf_trunc(vf x) {
    ORTCPU_LANES(truncf(x[i]));
}
ORTCPU_INLINE vf vi_to_vf(vi x) {
    ORTCPU_LANES((float)x[i]);
}
ORTCPU_INLINE vi vi_trunc(vf x) {
    vi y = {0};
    for (int i = 0; i < VL; i++) y[i] = x[i] > -2147483904.0f && x[i] < 2147483648.0f ? (int32_t)x[i] : INT32_MIN;
    return y;
}
ORTCPU_INLINE vi vi_round(vf x) {
    return vi_trunc(vf_round_even(x));
}
ORTCPU_INLINE bool vm_any(vm a) {
    return (a[0] | a[1] | a[2] | a[3]) != 0;
}
ORTCPU_INLINE bool vm_all(vm a) {
    return (a[0] & a[1] & a[2] & a[3]) != 0;
}
#endif

#endif
#endif

ORTCPU_INLINE vf vf_zero(void) {
    return vf_set1(0.0f);
}
ORTCPU_INLINE vm vf_gt(vf a, vf b) {
    return vf_lt(b, a);
}
ORTCPU_INLINE vm vf_ge(vf a, vf b) {
    return vf_le(b, a);
}
ORTCPU_INLINE vm vf_isnan(vf x) {
    return vf_ne(x, x);
}
ORTCPU_INLINE vf vf_abs(vf x) {
    return (vf)((vi)x & INT32_MAX);
}
ORTCPU_INLINE vm vf_isinf(vf x) {
    return vf_eq(vf_abs(x), vf_set1(INFINITY));
}
ORTCPU_INLINE vf vf_copysign(vf size, vf sign) {
    return (vf)(((vi)size & INT32_MAX) | ((vi)sign & INT32_MIN));
}
ORTCPU_INLINE vf vf_max(vf a, vf b) {
    return vf_select(vf_isnan(a), a, vf_max_bound(b, a));
}
ORTCPU_INLINE vf vf_min(vf a, vf b) {
    return vf_select(vf_isnan(a), a, vf_min_bound(b, a));
}
ORTCPU_INLINE vf vf_relu(vf x) {
    return vf_max_bound(x, vf_zero());
}

/* Over the lanes, in halves: always the same order. */
#if defined(ORTCPU_AVX512) || defined(ORTCPU_AVX2)
/* Halves, quarters ... are joined, lane i with lane i + width, as the plain form below does. */
#define ORTCPU_HORIZONTAL(name, JOIN_256, JOIN_128)                                                                    \
    ORTCPU_INLINE float name(vf x) {                                                                                   \
        const __m256 half = JOIN_256(x);                                                                               \
        __m128 y = JOIN_128(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));                             \
        y = JOIN_128(y, _mm_movehl_ps(y, y));                                                                          \
        return _mm_cvtss_f32(JOIN_128(y, _mm_shuffle_ps(y, y, 1)));                                                    \
    }
#if defined(ORTCPU_AVX512)
#define ORTCPU_JOIN_HALVES(op, x) op(_mm512_castps512_ps256((__m512)(x)), _mm512_extractf32x8_ps((__m512)(x), 1))
#else
#define ORTCPU_JOIN_HALVES(op, x) (__m256)(x)
#endif
#define ORTCPU_ADD_HALVES(x) ORTCPU_JOIN_HALVES(_mm256_add_ps, x)
#define ORTCPU_MAX_HALVES(x) ORTCPU_JOIN_HALVES(_mm256_max_ps, x)
#define ORTCPU_MIN_HALVES(x) ORTCPU_JOIN_HALVES(_mm256_min_ps, x)
ORTCPU_HORIZONTAL(vf_sum, ORTCPU_ADD_HALVES, _mm_add_ps)
ORTCPU_HORIZONTAL(ortcpu_top, ORTCPU_MAX_HALVES, _mm_max_ps)
ORTCPU_HORIZONTAL(ortcpu_low, ORTCPU_MIN_HALVES, _mm_min_ps)
#else
#define ORTCPU_HORIZONTAL(name, JOINED)                                                                                \
    ORTCPU_INLINE float name(vf x) {                                                                                   \
        float t[VL];                                                                                                   \
        vf_store(t, x);                                                                                                \
        for (int w = VL / 2; w > 0; w /= 2)                                                                            \
            for (int i = 0; i < w; i++) t[i] = (JOINED);                                                               \
        return t[0];                                                                                                   \
    }
ORTCPU_HORIZONTAL(vf_sum, t[i] + t[i + w])
ORTCPU_HORIZONTAL(ortcpu_top, t[i] > t[i + w] ? t[i] : t[i + w])
ORTCPU_HORIZONTAL(ortcpu_low, t[i] < t[i + w] ? t[i] : t[i + w])
#endif
/* NaN when any lane is NaN. */
ORTCPU_INLINE float vf_largest(vf x) {
    return vm_any(vf_isnan(x)) ? NAN : ortcpu_top(x);
}
ORTCPU_INLINE float vf_smallest(vf x) {
    return vm_any(vf_isnan(x)) ? NAN : ortcpu_low(x);
}

#endif
