/* Between float32 and quantised integers, compiled for each instruction set: ONNX QuantizeLinear-25 and
 * DequantizeLinear-25. Operands: y, x, scale, zero point (NULL: 0). */
#include "ops/loops_isa.h"

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

typedef uint8_t v_u8 __attribute__((vector_size(VL)));
typedef int8_t v_i8 __attribute__((vector_size(VL)));
typedef uint16_t v_u16 __attribute__((vector_size(VL * 2)));
typedef int16_t v_i16 __attribute__((vector_size(VL * 2)));

ORTCPU_INLINE vf floats_load(const float *p, int64_t n) {
    return n == VL ? vf_load(p) : vf_load_n(p, n);
}
ORTCPU_INLINE void floats_store(float *p, vf x, int64_t n) {
    if (n == VL)
        vf_store(p, x);
    else
        vf_store_n(p, x, n);
}
ORTCPU_INLINE vi i32_load(const int32_t *p, int64_t n) {
    if (n == VL) return vi_load(p);
    int32_t copy[VL] = {0};
    memcpy(copy, p, (size_t)n * sizeof *p);
    return vi_load(copy);
}

/* Between bytes or words and lanes. By instructions where there is one: compilers take __builtin_convertvector between
 * widths four times apart to pieces. */
#if defined(ORTCPU_AVX512)
#define WIDEN_u8(x)   (vi) _mm512_cvtepu8_epi32((__m128i)(x))
#define WIDEN_i8(x)   (vi) _mm512_cvtepi8_epi32((__m128i)(x))
#define WIDEN_u16(x)  (vi) _mm512_cvtepu16_epi32((__m256i)(x))
#define WIDEN_i16(x)  (vi) _mm512_cvtepi16_epi32((__m256i)(x))
#define NARROW_u8(x)  (v_u8) _mm512_cvtepi32_epi8((__m512i)(x))
#define NARROW_i8(x)  (v_i8) _mm512_cvtepi32_epi8((__m512i)(x))
#define NARROW_u16(x) (v_u16) _mm512_cvtepi32_epi16((__m512i)(x))
#define NARROW_i16(x) (v_i16) _mm512_cvtepi32_epi16((__m512i)(x))
#elif defined(ORTCPU_AVX2)
ORTCPU_INLINE __m128i low_bytes(__m128i x) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    return _mm_shuffle_epi8(x, order);
}
ORTCPU_INLINE int64_t bytes_narrow(vi x) {
    __m256i wide = (__m256i)x;
    return _mm_cvtsi128_si64(
        _mm_unpacklo_epi32(low_bytes(_mm256_castsi256_si128(wide)), low_bytes(_mm256_extracti128_si256(wide, 1))));
}
ORTCPU_INLINE __m128i half_of(int64_t bytes) {
    return _mm_cvtsi64_si128(bytes);
}
#define WIDEN_u8(x)   (vi) _mm256_cvtepu8_epi32(half_of((int64_t)(x)))
#define WIDEN_i8(x)   (vi) _mm256_cvtepi8_epi32(half_of((int64_t)(x)))
#define WIDEN_u16(x)  (vi) _mm256_cvtepu16_epi32((__m128i)(x))
#define WIDEN_i16(x)  (vi) _mm256_cvtepi16_epi32((__m128i)(x))
#define NARROW_u8(x)  (v_u8) bytes_narrow(x)
#define NARROW_i8(x)  (v_i8) bytes_narrow(x)
#define NARROW_u16(x) __builtin_convertvector(x, v_u16)
#define NARROW_i16(x) __builtin_convertvector(x, v_i16)
#else
#define WIDEN_u8(x)   __builtin_convertvector(x, vi)
#define WIDEN_i8(x)   __builtin_convertvector(x, vi)
#define WIDEN_u16(x)  __builtin_convertvector(x, vi)
#define WIDEN_i16(x)  __builtin_convertvector(x, vi)
#define NARROW_u8(x)  __builtin_convertvector(x, v_u8)
#define NARROW_i8(x)  __builtin_convertvector(x, v_i8)
#define NARROW_u16(x) __builtin_convertvector(x, v_u16)
#define NARROW_i16(x) __builtin_convertvector(x, v_i16)
#endif

#define LANES(suffix, T)                                                                                               \
    ORTCPU_INLINE vi suffix##_load(const T *p, int64_t n) {                                                            \
        v_##suffix x = {0};                                                                                            \
        memcpy(&x, p, (size_t)n * sizeof(T));                                                                          \
        return WIDEN_##suffix(x);                                                                                      \
    }                                                                                                                  \
    ORTCPU_INLINE void suffix##_store(T *p, vi wide, int64_t n) {                                                      \
        v_##suffix x = NARROW_##suffix(wide);                                                                          \
        memcpy(p, &x, (size_t)n * sizeof(T));                                                                          \
    }
LANES(u8, uint8_t)
LANES(i8, int8_t)
LANES(u16, uint16_t)
LANES(i16, int16_t)

/* n elements of the type T at p; one for all where inc is 0. */
#define SPREAD(suffix, p, inc, i, n) ((p) == NULL ? vi_set1(0) : (inc) ? suffix##_load((p) + (i), n) : vi_set1(*(p)))

/* Rows of Y from rows of X, by verb_suffix_step; zero points are of the type T. */
#define LINEAR(verb, suffix, Y, X, T)                                                                                  \
    static void verb##_##suffix(const ortcpu_block *block) {                                                           \
        const int64_t *inc = block->inc, *step = block->step, count = block->count;                                    \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            Y *y = AT(block->ptr[0], r * step[0]);                                                                     \
            const X *x = AT(block->ptr[1], r * step[1]);                                                               \
            const float *scale = AT(block->ptr[2], r * step[2]);                                                       \
            const T *zero = block->ptr[3] ? AT(block->ptr[3], r * step[3]) : NULL;                                     \
            const vf one = vf_set1(*scale);                                                                            \
            const vi shift = SPREAD(suffix, zero, 0, 0, 0);                                                            \
            int64_t i = 0;                                                                                             \
            if (inc[2] == 0 && (zero == NULL || inc[3] == 0))                                                          \
                for (; i + VL <= count; i += VL) verb##_##suffix##_step(y + i, x + i, one, shift, VL);                 \
            for (int64_t n; i < count; i += n) {                                                                       \
                n = count - i < VL ? count - i : VL;                                                                   \
                verb##_##suffix##_step(y + i, x + i, inc[2] ? vf_load_n(scale + i, n) : one,                           \
                                       SPREAD(suffix, zero, inc[3], i, n), n);                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Rounded to even after it is brought into range: the bounds are whole, so the order does not matter. */
#define QUANTIZE(suffix, T, LOW, HIGH)                                                                                 \
    ORTCPU_INLINE void quantize_##suffix##_step(T *y, const float *x, vf scale, vi zero, int64_t n) {                  \
        vf shift = vi_to_vf(zero), v = floats_load(x, n) / scale;                                                      \
        v = vf_min_bound(vf_max_bound(v, vf_set1(LOW) - shift), vf_set1(HIGH) - shift);                                \
        suffix##_store(y, (vi)((vu)vi_round(v) + (vu)zero), n);                                                        \
    }                                                                                                                  \
    LINEAR(quantize, suffix, T, float, T)
QUANTIZE(u8, uint8_t, 0.0f, 255.0f)
QUANTIZE(i8, int8_t, -128.0f, 127.0f)
QUANTIZE(u16, uint16_t, 0.0f, 65535.0f)
QUANTIZE(i16, int16_t, -32768.0f, 32767.0f)

#define DEQUANTIZE(suffix, T)                                                                                          \
    ORTCPU_INLINE void dequantize_##suffix##_step(float *y, const T *x, vf scale, vi zero, int64_t n) {                \
        vi whole = (vi)((vu)suffix##_load(x, n) - (vu)zero);                                                           \
        floats_store(y, vi_to_vf(whole) * scale, n);                                                                   \
    }                                                                                                                  \
    LINEAR(dequantize, suffix, float, T, T)
DEQUANTIZE(u8, uint8_t)
DEQUANTIZE(i8, int8_t)
DEQUANTIZE(u16, uint16_t)
DEQUANTIZE(i16, int16_t)
DEQUANTIZE(i32, int32_t)

static void range(const float *x, int64_t count, float *low, float *high) {
    vf least = vf_set1(*low), most = vf_set1(*high);
    int64_t i = 0;
    for (; i + VL <= count; i += VL) {
        vf v = vf_load(x + i);
        least = vf_min_bound(v, least);
        most = vf_max_bound(v, most);
    }
    *low = vf_smallest(least);
    *high = vf_largest(most);
    for (; i < count; i++) {
        if (x[i] < *low) *low = x[i];
        if (x[i] > *high) *high = x[i];
    }
}

const ortcpu_quantize_loops ORTCPU_FN(ortcpu_quantize_loops) = {
    .quantize = {[ORT_DTYPE_U8] = quantize_u8,
                 [ORT_DTYPE_I8] = quantize_i8,
                 [ORT_DTYPE_U16] = quantize_u16,
                 [ORT_DTYPE_I16] = quantize_i16},
    .dequantize = {[ORT_DTYPE_U8] = dequantize_u8,
                   [ORT_DTYPE_I8] = dequantize_i8,
                   [ORT_DTYPE_U16] = dequantize_u16,
                   [ORT_DTYPE_I16] = dequantize_i16,
                   [ORT_DTYPE_I32] = dequantize_i32},
    .range = range,
};
