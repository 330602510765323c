#include "kernels/half.h"

#include "kernels/half_scalar.h"
#include "kernels/vec.h"

typedef uint16_t v_u16 __attribute__((vector_size(VL * 2)));

ORTCPU_INLINE v_u16 halves_load(const uint16_t *p) {
    v_u16 x;
    memcpy(&x, p, sizeof x);
    return x;
}
ORTCPU_INLINE void halves_store(uint16_t *p, v_u16 x) {
    memcpy(p, &x, sizeof x);
}

#if defined(ORTCPU_AVX512)
ORTCPU_INLINE vf f16_widen(v_u16 x) {
    return (vf)_mm512_cvtph_ps((__m256i)x);
}
ORTCPU_INLINE v_u16 f16_narrow(vf x) {
    return (v_u16)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#elif defined(ORTCPU_AVX2)
ORTCPU_INLINE vf f16_widen(v_u16 x) {
    return (vf)_mm256_cvtph_ps((__m128i)x);
}
ORTCPU_INLINE v_u16 f16_narrow(vf x) {
    return (v_u16)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT);
}
#else
ORTCPU_INLINE vf f16_widen(v_u16 x) {
    vf y = {0};
    for (int i = 0; i < VL; i++) y[i] = ortcpu_f16_to_f32(x[i]);
    return y;
}
ORTCPU_INLINE v_u16 f16_narrow(vf x) {
    v_u16 y = {0};
    for (int i = 0; i < VL; i++) y[i] = ortcpu_f32_to_f16(x[i]);
    return y;
}
#endif

ORTCPU_INLINE vf bf16_widen(v_u16 x) {
    return (vf)(__builtin_convertvector(x, vu) << 16);
}
/* As ortcpu_f32_to_bf16: denormals are kept, which VCVTNEPS2BF16 would flush. */
ORTCPU_INLINE v_u16 bf16_narrow(vf x) {
    vu bits = (vu)x, rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    vi quiet = (vi)(bits >> 16 | 0x40u);
    return __builtin_convertvector((vu)vi_select(vf_isnan(x), quiet, (vi)rounded), v_u16);
}

#define ROWS(name)                                                                                                     \
    static void name##_widen_row(float *y, const uint16_t *x, int64_t count) {                                         \
        int64_t i = 0;                                                                                                 \
        for (; i + VL <= count; i += VL) vf_store(y + i, name##_widen(halves_load(x + i)));                            \
        for (; i < count; i++) y[i] = ortcpu_##name##_to_f32(x[i]);                                                    \
    }                                                                                                                  \
    static void name##_narrow_row(uint16_t *y, const float *x, int64_t count) {                                        \
        int64_t i = 0;                                                                                                 \
        for (; i + VL <= count; i += VL) halves_store(y + i, name##_narrow(vf_load(x + i)));                           \
        for (; i < count; i++) y[i] = ortcpu_f32_to_##name(x[i]);                                                      \
    }
ROWS(f16)
ROWS(bf16)

extern const ortcpu_half_rows ORTCPU_FN(ortcpu_half_rows);
const ortcpu_half_rows ORTCPU_FN(ortcpu_half_rows) = {.widen = {f16_widen_row, bf16_widen_row},
                                                      .narrow = {f16_narrow_row, bf16_narrow_row}};
