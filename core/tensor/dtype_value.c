/* Single elements as numbers. Narrow floats share one decoder and one encoder over a table of formats. */
#include "tensor/dtype.h"

#include <math.h>
#include <string.h>

/* A float of at most 16 bits: an optional sign, exponent, mantissa. Codes are without the sign. */
typedef struct float_format {
    uint32_t bits, mantissa_bits;
    int bias;
    uint32_t max_code;      /* of the largest finite number */
    uint32_t infinity_code; /* 0: there is none */
    uint32_t nan_code;      /* 0: there is none and a NaN becomes the largest number; may include the sign's bit */
    bool saturates;         /* what is too large becomes the largest number, infinities too */
    bool is_unsigned;       /* and has no zero: float8e8m0 */
} float_format;

/* ONNX's "Float stored in 8 bits", "in 4 bits" and IEEE 754; saturation is Cast's default. */
static const float_format formats[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F16] = {16, 10, 15, 0x7bff, 0x7c00, 0x7e00, false, false},
    [ORT_DTYPE_BF16] = {16, 7, 127, 0x7f7f, 0x7f80, 0x7fc0, false, false},
    [ORT_DTYPE_F8E4M3FN] = {8, 3, 7, 0x7e, 0, 0x7f, true, false},
    [ORT_DTYPE_F8E4M3FNUZ] = {8, 3, 8, 0x7f, 0, 0x80, true, false},
    [ORT_DTYPE_F8E5M2] = {8, 2, 15, 0x7b, 0x7c, 0x7e, true, false},
    [ORT_DTYPE_F8E5M2FNUZ] = {8, 2, 16, 0x7f, 0, 0x80, true, false},
    [ORT_DTYPE_F8E8M0] = {8, 0, 127, 0xfe, 0, 0xff, true, true},
    [ORT_DTYPE_F4E2M1] = {4, 1, 1, 0x7, 0, 0, true, false},
    [ORT_DTYPE_F6E2M3] = {6, 3, 1, 0x1f, 0, 0, true, false},
    [ORT_DTYPE_F6E3M2] = {6, 2, 3, 0x1f, 0, 0, true, false},
};

/* "uz": one zero; the code of the negative one is the NaN. */
static bool has_one_zero(const float_format *format) {
    return format->nan_code == 1u << (format->bits - 1);
}

static double float_decode(const float_format *format, uint32_t code) {
    uint32_t sign_bit = format->is_unsigned ? 0 : 1u << (format->bits - 1);
    uint32_t magnitude = code & ~sign_bit;
    if (format->infinity_code && magnitude == format->infinity_code) return code & sign_bit ? -INFINITY : INFINITY;
    if (has_one_zero(format) ? code == sign_bit : magnitude > format->max_code) return NAN;
    int exponent = (int)(magnitude >> format->mantissa_bits);
    double mantissa = magnitude & ((1u << format->mantissa_bits) - 1);
    bool is_normal = exponent != 0 || format->is_unsigned;
    if (is_normal) mantissa += 1u << format->mantissa_bits;
    double value = ldexp(mantissa, (is_normal ? exponent : 1) - format->bias - (int)format->mantissa_bits);
    return code & sign_bit ? -value : value;
}

/* The code of a finite number >= 0, rounded to nearest even; may be larger than max_code. Numbers that are rounded up
 * to the next power of two carry into the exponent by themselves. */
static double magnitude_encode(const float_format *format, double magnitude) {
    int exponent;
    frexp(magnitude, &exponent);
    if (exponent - 1 < 1 - format->bias || magnitude == 0) exponent = 2 - format->bias;
    double quanta = nearbyint(ldexp(magnitude, (int)format->mantissa_bits - (exponent - 1)));
    return ldexp(exponent - 1 + format->bias - 1, (int)format->mantissa_bits) + quanta;
}

static uint32_t float_encode(const float_format *format, double value) {
    uint32_t sign = !format->is_unsigned && signbit(value) ? 1u << (format->bits - 1) : 0;
    uint32_t beyond = format->saturates ? format->max_code : format->infinity_code;
    if (isnan(value)) return format->nan_code ? format->nan_code : format->max_code;
    if (format->is_unsigned && value <= 0) return 0;
    if (isinf(value)) return sign | beyond;
    double code = magnitude_encode(format, fabs(value));
    if (code > format->max_code) return sign | beyond;
    return has_one_zero(format) && code == 0 ? 0 : sign | (uint32_t)code;
}

/* `bits` (<= 16) of the stream at element `index`, lowest bit first: an element may straddle two bytes. */
static uint32_t bits_get(const void *data, int64_t index, uint32_t bits) {
    const uint8_t *bytes = data;
    uint64_t first = (uint64_t)index * bits, shift = first % 8;
    uint32_t word = bytes[first / 8];
    if (shift + bits > 8) word |= (uint32_t)bytes[first / 8 + 1] << 8;
    return word >> shift & ((1u << bits) - 1);
}

static void bits_set(void *data, int64_t index, uint32_t bits, uint32_t code) {
    uint8_t *bytes = data;
    uint64_t first = (uint64_t)index * bits, shift = first % 8;
    uint32_t mask = ((1u << bits) - 1) << shift, word = code << shift & mask;
    bytes[first / 8] = (uint8_t)((bytes[first / 8] & ~mask) | word);
    if (shift + bits > 8) bytes[first / 8 + 1] = (uint8_t)((bytes[first / 8 + 1] & ~(mask >> 8)) | word >> 8);
}

/* Truncates towards zero; what does not fit becomes the nearest limit, a NaN zero. */
static int64_t i64_from_f64(double value) {
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value < -0x1p63) return INT64_MIN;
    return (int64_t)value;
}

/* X(dtype, C type): elements that C has a type for. Read through memcpy: a file's tensor may have any alignment. */
#define PLAIN_TYPES(X)                                                                                                 \
    X(ORT_DTYPE_F32, float)                                                                                            \
    X(ORT_DTYPE_F64, double)                                                                                           \
    X(ORT_DTYPE_U8, uint8_t)                                                                                           \
    X(ORT_DTYPE_I8, int8_t)                                                                                            \
    X(ORT_DTYPE_U16, uint16_t)                                                                                         \
    X(ORT_DTYPE_I16, int16_t)                                                                                          \
    X(ORT_DTYPE_U32, uint32_t)                                                                                         \
    X(ORT_DTYPE_I32, int32_t)                                                                                          \
    X(ORT_DTYPE_U64, uint64_t)                                                                                         \
    X(ORT_DTYPE_I64, int64_t)

/* Complex elements are read and written by their real part: it comes first. */
static ort_dtype dtype_of_part(ort_dtype dtype, int64_t *index) {
    if (dtype != ORT_DTYPE_C64 && dtype != ORT_DTYPE_C128) return dtype;
    *index *= 2;
    return dtype == ORT_DTYPE_C64 ? ORT_DTYPE_F32 : ORT_DTYPE_F64;
}

static int64_t small_integer_get(ort_dtype dtype, const void *data, int64_t index) {
    uint32_t bits = orti_dtype_bits(dtype), code;
    if (bits == 0 || bits > 8) return 0;
    code = bits_get(data, index, bits);
    if (dtype == ORT_DTYPE_BOOL) return code != 0;
    bool is_negative = (dtype == ORT_DTYPE_I4 || dtype == ORT_DTYPE_I2) && code >> (bits - 1);
    return (int64_t)code - (is_negative ? (int64_t)1 << bits : 0);
}

#define GET_F64(D, T)                                                                                                  \
    case D: {                                                                                                          \
        T element;                                                                                                     \
        memcpy(&element, (const uint8_t *)data + (uint64_t)index * sizeof element, sizeof element);                    \
        return (double)element;                                                                                        \
    }
double orti_dtype_get_f64(ort_dtype dtype, const void *data, int64_t index) {
    dtype = dtype_of_part(dtype, &index);
    switch (dtype) {
        PLAIN_TYPES(GET_F64)
    default:
        break;
    }
    if (orti_dtype_is_float(dtype)) return float_decode(&formats[dtype], bits_get(data, index, formats[dtype].bits));
    return (double)small_integer_get(dtype, data, index);
}

#define GET_I64(D, T)                                                                                                  \
    case D: {                                                                                                          \
        T element;                                                                                                     \
        memcpy(&element, (const uint8_t *)data + (uint64_t)index * sizeof element, sizeof element);                    \
        return (int64_t)element;                                                                                       \
    }
int64_t orti_dtype_get_i64(ort_dtype dtype, const void *data, int64_t index) {
    dtype = dtype_of_part(dtype, &index);
    if (orti_dtype_is_float(dtype)) return i64_from_f64(orti_dtype_get_f64(dtype, data, index));
    switch (dtype) {
        PLAIN_TYPES(GET_I64)
    default:
        return small_integer_get(dtype, data, index);
    }
}

#define SET(D, T)                                                                                                      \
    case D: {                                                                                                          \
        T element = (T)value;                                                                                          \
        memcpy((uint8_t *)data + (uint64_t)index * sizeof element, &element, sizeof element);                          \
        return;                                                                                                        \
    }
void orti_dtype_set_f64(ort_dtype dtype, void *data, int64_t index, double value) {
    if (dtype == ORT_DTYPE_C64 || dtype == ORT_DTYPE_C128)
        orti_dtype_set_f64(dtype == ORT_DTYPE_C64 ? ORT_DTYPE_F32 : ORT_DTYPE_F64, data, index * 2 + 1, 0);
    dtype = dtype_of_part(dtype, &index);
    switch (dtype) {
        SET(ORT_DTYPE_F32, float)
        SET(ORT_DTYPE_F64, double)
    case ORT_DTYPE_U64:
        if (value >= 0x1p63) {
            uint64_t large = value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
            memcpy((uint8_t *)data + (uint64_t)index * sizeof large, &large, sizeof large);
            return;
        }
        break;
    case ORT_DTYPE_BOOL:
        bits_set(data, index, 8, value != 0);
        return;
    default:
        break;
    }
    if (orti_dtype_is_float(dtype))
        bits_set(data, index, formats[dtype].bits, float_encode(&formats[dtype], value));
    else
        orti_dtype_set_i64(dtype, data, index, i64_from_f64(nearbyint(value)));
}

void orti_dtype_set_i64(ort_dtype dtype, void *data, int64_t index, int64_t value) {
    switch (dtype) {
        PLAIN_TYPES(SET)
    case ORT_DTYPE_BOOL:
        bits_set(data, index, 8, value != 0);
        return;
    case ORT_DTYPE_U4:
    case ORT_DTYPE_I4:
    case ORT_DTYPE_U2:
    case ORT_DTYPE_I2:
        bits_set(data, index, orti_dtype_bits(dtype), (uint32_t)value);
        return;
    case ORT_DTYPE_NONE:
    case ORT_DTYPE_STRING:
        return;
    default:
        orti_dtype_set_f64(dtype, data, index, (double)value);
    }
}
