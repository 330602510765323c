/* host/half.h: IEEE 754 binary16 as bits; the compilers' own type is not there everywhere. */
#ifndef ORTK_DEVICE_HALF_H
#define ORTK_DEVICE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float ortk_from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
    uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
    float value;
    if (exponent == 31) bits = sign | 0x7f800000u | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    if (exponent) return value;
    /* Zero and the denormals: multiples of 2^-24. */
    value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
}

/* To the nearest, ties to even; NaN stays NaN. */
static inline uint16_t ortk_to_half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);
    if (rest < 0x38800000u) {
        /* Adding a half brings the multiple of 2^-24 into the low bits, rounded by the addition. */
        float magnitude;
        memcpy(&magnitude, &rest, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&rest, &magnitude, sizeof rest);
        return (uint16_t)(sign | (rest - 0x3f000000u));
    }
    rest += 0xc8000fffu + (rest >> 13 & 1u);
    return (uint16_t)(sign | rest >> 13);
}

#endif
