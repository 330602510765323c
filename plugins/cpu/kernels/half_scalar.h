/* kernels/half_scalar.h: the two 16-bit float formats, one number at a time, to and from wider ones, rounding to
 * nearest, ties to even. */
#ifndef ORTCPU_KERNELS_HALF_SCALAR_H
#define ORTCPU_KERNELS_HALF_SCALAR_H

#include <stdint.h>
#include <string.h>

static inline uint32_t ortcpu_f32_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline float ortcpu_f32_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float ortcpu_f16_to_f32(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7fffu;
    if (rest >= 0x7c00u) return ortcpu_f32_of(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
    if (rest >= 0x400u) return ortcpu_f32_of(sign | ((rest << 13) + 0x38000000u));
    const float small = (float)rest * 0x1p-24f;
    return ortcpu_f32_of(sign | ortcpu_f32_bits(small));
}

static inline uint16_t ortcpu_f32_to_f16(float x) {
    const uint32_t bits = ortcpu_f32_bits(x), sign = bits >> 16 & 0x8000u;
    const uint32_t size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (size >> 13 & 0x3ffu));
    if (size >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* from 65520 on */
    if (size < 0x38800000u)                                     /* below 2^-14: the sum rounds to a multiple of 2^-24 */
        return (uint16_t)(sign | (ortcpu_f32_bits(ortcpu_f32_of(size) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13);
}

static inline float ortcpu_bf16_to_f32(uint16_t h) {
    return ortcpu_f32_of((uint32_t)h << 16);
}

static inline uint16_t ortcpu_f32_to_bf16(float x) {
    const uint32_t bits = ortcpu_f32_bits(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/* To float32, inexact results to the odd neighbour: so that rounding once more, to 16 bits, is rounding once. */
static inline float ortcpu_f64_to_f32_odd(double x) {
    const float y = (float)x;
    if ((double)y == x || x != x || x - x != 0) return y;
    uint32_t bits = ortcpu_f32_bits(y);
    const double size = x < 0 ? -x : x, got = y < 0 ? -(double)y : (double)y;
    if (got > size) bits--;
    return ortcpu_f32_of(bits | 1u);
}

#endif
