/* Element types as numbers. Formats: IEEE 754; OCP 8-bit floating point (OFP8) 1.0; FNUZ of arXiv 2206.02915; OCP
 * Microscaling Formats (MX) 1.0. Sub-byte elements are packed from the low bits up (ONNX, "IR", packed types). */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

typedef enum number_kind { NOT_A_NUMBER, INTEGER, UNSIGNED, IEEE, FINITE, FN, FNUZ, SCALE } number_kind;

typedef struct format {
    const char *name;
    number_kind kind;
    int bits, mantissa_bits, bias;
} format;

static const format formats[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F32] = {"float32", IEEE, 32, 23, 127},
    [ORT_DTYPE_U8] = {"uint8", UNSIGNED, 8, 0, 0},
    [ORT_DTYPE_I8] = {"int8", INTEGER, 8, 0, 0},
    [ORT_DTYPE_U16] = {"uint16", UNSIGNED, 16, 0, 0},
    [ORT_DTYPE_I16] = {"int16", INTEGER, 16, 0, 0},
    [ORT_DTYPE_I32] = {"int32", INTEGER, 32, 0, 0},
    [ORT_DTYPE_I64] = {"int64", INTEGER, 64, 0, 0},
    [ORT_DTYPE_STRING] = {"string", NOT_A_NUMBER, 0, 0, 0},
    [ORT_DTYPE_BOOL] = {"bool", UNSIGNED, 8, 0, 0},
    [ORT_DTYPE_F16] = {"float16", IEEE, 16, 10, 15},
    [ORT_DTYPE_F64] = {"float64", IEEE, 64, 52, 1023},
    [ORT_DTYPE_U32] = {"uint32", UNSIGNED, 32, 0, 0},
    [ORT_DTYPE_U64] = {"uint64", UNSIGNED, 64, 0, 0},
    [ORT_DTYPE_C64] = {"complex64", NOT_A_NUMBER, 0, 0, 0},
    [ORT_DTYPE_C128] = {"complex128", NOT_A_NUMBER, 0, 0, 0},
    [ORT_DTYPE_BF16] = {"bfloat16", IEEE, 16, 7, 127},
    [ORT_DTYPE_F8E4M3FN] = {"float8e4m3fn", FN, 8, 3, 7},
    [ORT_DTYPE_F8E4M3FNUZ] = {"float8e4m3fnuz", FNUZ, 8, 3, 8},
    [ORT_DTYPE_F8E5M2] = {"float8e5m2", IEEE, 8, 2, 15},
    [ORT_DTYPE_F8E5M2FNUZ] = {"float8e5m2fnuz", FNUZ, 8, 2, 16},
    [ORT_DTYPE_U4] = {"uint4", UNSIGNED, 4, 0, 0},
    [ORT_DTYPE_I4] = {"int4", INTEGER, 4, 0, 0},
    [ORT_DTYPE_F4E2M1] = {"float4e2m1", FINITE, 4, 1, 1},
    [ORT_DTYPE_F8E8M0] = {"float8e8m0", SCALE, 8, 0, 127},
    [ORT_DTYPE_U2] = {"uint2", UNSIGNED, 2, 0, 0},
    [ORT_DTYPE_I2] = {"int2", INTEGER, 2, 0, 0},
};

static const format *format_of(ort_dtype dtype) {
    return &formats[dtype < ORT_DTYPE_COUNT ? dtype : ORT_DTYPE_NONE];
}

const char *ortc_dtype_name(ort_dtype dtype) {
    const char *name = format_of(dtype)->name;
    return name ? name : "unknown";
}

bool ortc_dtype_is_float(ort_dtype dtype) {
    return format_of(dtype)->kind >= IEEE;
}

int ortc_mantissa_bits(ort_dtype dtype) {
    return format_of(dtype)->mantissa_bits;
}

double ortc_min_normal(ort_dtype dtype) {
    return ldexp(1, 1 - format_of(dtype)->bias);
}

int64_t ortc_tensor_count(const ortc_tensor *tensor) {
    int64_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) count *= tensor->dims[i];
    return count;
}

bool ortc_tensor_is_readable(const ortc_tensor *tensor) {
    const format *f = format_of(tensor->dtype);
    int64_t count = ortc_tensor_count(tensor);
    return f->kind != NOT_A_NUMBER && count >= 0 && tensor->size_bytes >= ((uint64_t)count * (uint64_t)f->bits + 7) / 8;
}

uint64_t ortc_element_bits(const ortc_tensor *tensor, int64_t index) {
    int bits = format_of(tensor->dtype)->bits;
    const uint8_t *bytes = tensor->data;
    if (bits < 8) {
        int64_t at = index * bits;
        return (uint64_t)(bytes[at / 8] >> (at % 8)) & ((1u << bits) - 1);
    }
    uint64_t value = 0;
    memcpy(&value, bytes + index * (bits / 8), (size_t)bits / 8); /* little-endian, as ONNX stores */
    return value;
}

int64_t ortc_element_integer(const ortc_tensor *tensor, int64_t index) {
    const format *f = format_of(tensor->dtype);
    uint64_t bits = ortc_element_bits(tensor, index);
    if (f->kind == INTEGER && f->bits < 64 && bits >> (f->bits - 1)) bits |= ~UINT64_C(0) << f->bits;
    return (int64_t)bits;
}

/* Sign, exponent and significand of any of the small formats; float32 and float64 come straight from memory. */
static double decode(const format *f, uint64_t bits) {
    if (f->kind == SCALE) return bits == 255 ? NAN : ldexp(1, (int)bits - f->bias);
    uint64_t sign = bits >> (f->bits - 1), rest = bits & ((UINT64_C(1) << (f->bits - 1)) - 1);
    uint64_t mantissa = rest & ((UINT64_C(1) << f->mantissa_bits) - 1), exponent = rest >> f->mantissa_bits;
    uint64_t top = (UINT64_C(1) << (f->bits - 1 - f->mantissa_bits)) - 1;
    if (f->kind == FNUZ && sign && rest == 0) return NAN;
    if (f->kind == FN && rest == (UINT64_C(1) << (f->bits - 1)) - 1) return NAN;
    double magnitude;
    if (f->kind == IEEE && exponent == top)
        magnitude = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexp((double)mantissa, 1 - f->bias - f->mantissa_bits);
    else
        magnitude =
            ldexp((double)(mantissa | UINT64_C(1) << f->mantissa_bits), (int)exponent - f->bias - f->mantissa_bits);
    return sign ? -magnitude : magnitude;
}

double ortc_element(const ortc_tensor *tensor, int64_t index) {
    const format *f = format_of(tensor->dtype);
    if (tensor->dtype == ORT_DTYPE_F32) {
        float value;
        memcpy(&value, (const char *)tensor->data + index * 4, 4);
        return (double)value;
    }
    if (tensor->dtype == ORT_DTYPE_F64) {
        double value;
        memcpy(&value, (const char *)tensor->data + index * 8, 8);
        return value;
    }
    if (f->kind == UNSIGNED) return (double)ortc_element_bits(tensor, index);
    if (f->kind == INTEGER) return (double)ortc_element_integer(tensor, index);
    return f->kind == NOT_A_NUMBER ? NAN : decode(f, ortc_element_bits(tensor, index));
}
