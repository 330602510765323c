#include "tensor/dtype.h"

#include <string.h>

typedef enum dtype_class { CLASS_OTHER, CLASS_INTEGER, CLASS_FLOAT } dtype_class;

typedef struct dtype_fact {
    const char *name;
    uint32_t bits;
    dtype_class class;
} dtype_fact;

static const dtype_fact facts[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_NONE] = {"unknown", 0, CLASS_OTHER},
    [ORT_DTYPE_F32] = {"float32", 32, CLASS_FLOAT},
    [ORT_DTYPE_U8] = {"uint8", 8, CLASS_INTEGER},
    [ORT_DTYPE_I8] = {"int8", 8, CLASS_INTEGER},
    [ORT_DTYPE_U16] = {"uint16", 16, CLASS_INTEGER},
    [ORT_DTYPE_I16] = {"int16", 16, CLASS_INTEGER},
    [ORT_DTYPE_I32] = {"int32", 32, CLASS_INTEGER},
    [ORT_DTYPE_I64] = {"int64", 64, CLASS_INTEGER},
    [ORT_DTYPE_STRING] = {"string", 0, CLASS_OTHER},
    [ORT_DTYPE_BOOL] = {"bool", 8, CLASS_OTHER},
    [ORT_DTYPE_F16] = {"float16", 16, CLASS_FLOAT},
    [ORT_DTYPE_F64] = {"float64", 64, CLASS_FLOAT},
    [ORT_DTYPE_U32] = {"uint32", 32, CLASS_INTEGER},
    [ORT_DTYPE_U64] = {"uint64", 64, CLASS_INTEGER},
    [ORT_DTYPE_C64] = {"complex64", 64, CLASS_OTHER},
    [ORT_DTYPE_C128] = {"complex128", 128, CLASS_OTHER},
    [ORT_DTYPE_BF16] = {"bfloat16", 16, CLASS_FLOAT},
    [ORT_DTYPE_F8E4M3FN] = {"float8e4m3fn", 8, CLASS_FLOAT},
    [ORT_DTYPE_F8E4M3FNUZ] = {"float8e4m3fnuz", 8, CLASS_FLOAT},
    [ORT_DTYPE_F8E5M2] = {"float8e5m2", 8, CLASS_FLOAT},
    [ORT_DTYPE_F8E5M2FNUZ] = {"float8e5m2fnuz", 8, CLASS_FLOAT},
    [ORT_DTYPE_U4] = {"uint4", 4, CLASS_INTEGER},
    [ORT_DTYPE_I4] = {"int4", 4, CLASS_INTEGER},
    [ORT_DTYPE_F4E2M1] = {"float4e2m1", 4, CLASS_FLOAT},
    [ORT_DTYPE_F8E8M0] = {"float8e8m0", 8, CLASS_FLOAT},
    [ORT_DTYPE_U2] = {"uint2", 2, CLASS_INTEGER},
    [ORT_DTYPE_I2] = {"int2", 2, CLASS_INTEGER},
    [ORT_DTYPE_F6E2M3] = {"float6e2m3", 6, CLASS_FLOAT},
    [ORT_DTYPE_F6E3M2] = {"float6e3m2", 6, CLASS_FLOAT},
};

static const dtype_fact *fact_of(ort_dtype dtype) {
    return &facts[dtype < ORT_DTYPE_COUNT ? dtype : ORT_DTYPE_NONE];
}

const char *orti_dtype_name(ort_dtype dtype) {
    return fact_of(dtype)->name;
}

ort_dtype orti_dtype_from_name(const char *name) {
    for (ort_dtype dtype = 1; dtype < ORT_DTYPE_COUNT; dtype++)
        if (strcmp(name, facts[dtype].name) == 0) return dtype;
    return ORT_DTYPE_NONE;
}

uint32_t orti_dtype_bits(ort_dtype dtype) {
    return fact_of(dtype)->bits;
}

bool orti_dtype_is_integer(ort_dtype dtype) {
    return fact_of(dtype)->class == CLASS_INTEGER;
}

bool orti_dtype_is_float(ort_dtype dtype) {
    return fact_of(dtype)->class == CLASS_FLOAT;
}

bool orti_dtype_bytes(ort_dtype dtype, int64_t count, uint64_t *out_bytes) {
    uint64_t bits = orti_dtype_bits(dtype), number = (uint64_t)count;
    if (bits == 0 || count < 0) return false;
    if (bits >= 8) {
        if (number > UINT64_MAX / (bits / 8)) return false;
        *out_bytes = number * (bits / 8);
    } else { /* a stream of bits, lowest first, filled up to a byte at its end alone */
        *out_bytes = number / 8 * bits + (number % 8 * bits + 7) / 8;
    }
    return true;
}
