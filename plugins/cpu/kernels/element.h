/* kernels/element.h: what products multiply. Private to this folder.
 *
 * The same sources make two families. In the float32 family a unit is a float. In the bfloat16 family (ORTCPU_BF16) it
 * is a pair of bfloat16 in the four bytes of a float, neighbours in k: A's rows are rounded into scratch, weights when
 * they are packed, and one instruction multiplies and adds both of a pair to a float32 sum (VDPBF16PS, Intel SDM). All
 * strides and offsets count units, an odd last element has a zero beside it. */
#ifndef ORTCPU_KERNELS_ELEMENT_H
#define ORTCPU_KERNELS_ELEMENT_H

#include "kernels/transpose.h"
#include "kernels/vec.h"

#if defined(ORTCPU_BF16)

/* What this family does not compute in bfloat16 is the float32 family's. */
#define ORTCPU_FLOAT_FN(name) name##_avx512
enum { ORTCPU_ROUNDS = 1, ORTCPU_UNIT = 2 /* elements */ };

ORTCPU_INLINE vf ortcpu_multiply_add(vf a, vf b, vf sum) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

/* Rounds up to 16 floats from `from` into 8 units or less. */
ORTCPU_INLINE void ortcpu_units_round(const float *from, int64_t n, float *to) {
    __m256i pairs = (__m256i)_mm512_cvtneps_pbh((__m512)(n < VL ? vf_load_n(from, n) : vf_load(from)));
    if (n < VL)
        _mm256_mask_storeu_epi32(to, (__mmask8)((1U << ((n + 1) / 2)) - 1U), pairs);
    else
        _mm256_storeu_si256((__m256i *)(void *)to, pairs);
}

/* A run of n elements into (n + 1) / 2 units. */
ORTCPU_INLINE void ortcpu_units_copy(const float *from, int64_t n, float *to) {
    int64_t i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL) {
        __m512 low = (__m512)vf_load(from + i), high = (__m512)vf_load(from + i + VL);
        _mm512_storeu_si512(to + i / 2, (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
    for (; i < n; i += VL) ortcpu_units_round(from + i, n - i < VL ? n - i : VL, to + i / 2);
}

/* Two rows of up to VL columns become one row of pairs. */
ORTCPU_INLINE vf ortcpu_units_pair(vf even, vf odd) {
    __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)even));
    __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)odd));
    return (vf)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

#else

#define ORTCPU_FLOAT_FN(name) ORTCPU_FN(name)
enum { ORTCPU_ROUNDS = 0, ORTCPU_UNIT = 1 };

ORTCPU_INLINE vf ortcpu_multiply_add(vf a, vf b, vf sum) {
    return vf_fma(a, b, sum);
}
ORTCPU_INLINE void ortcpu_units_copy(const float *from, int64_t n, float *to) {
    memcpy(to, from, (size_t)n * sizeof(float));
}

#endif

/* Units of n elements. */
ORTCPU_INLINE int64_t ortcpu_units(int64_t n) {
    return (n + ORTCPU_UNIT - 1) / ORTCPU_UNIT;
}

#endif
