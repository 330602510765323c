/* tensor/dtype.h: facts about element types. Threads: any. */
#ifndef ORT_CORE_TENSOR_DTYPE_H
#define ORT_CORE_TENSOR_DTYPE_H

#include "base/alloc.h"

/* "float32", "int64", "string" ... ONNX's names in numpy's spelling; "unknown" otherwise. Static. */
const char *orti_dtype_name(ort_dtype dtype);
/* The type with that name or ORT_DTYPE_NONE. */
ort_dtype orti_dtype_from_name(const char *name);
/* Bits of an element: 32 for float32, 4 for int4; 0 for string and unknown. */
uint32_t orti_dtype_bits(ort_dtype dtype);
bool orti_dtype_is_integer(ort_dtype dtype); /* signed or not, 4 to 64 bits; bool is not */
bool orti_dtype_is_float(ort_dtype dtype);   /* of any width */

/* Bytes of `count` elements, sub-byte types packed as ONNX packs them. False when it overflows or the type has none. */
bool orti_dtype_bytes(ort_dtype dtype, int64_t count, uint64_t *out_bytes);

/* Element `index` of a dense buffer as a number; bool is 0 or 1. f16, bf16 and sub-byte types included, strings not. */
double orti_dtype_get_f64(ort_dtype dtype, const void *data, int64_t index);
int64_t orti_dtype_get_i64(ort_dtype dtype, const void *data, int64_t index);
void orti_dtype_set_f64(ort_dtype dtype, void *data, int64_t index, double value); /* rounds to nearest even */
void orti_dtype_set_i64(ort_dtype dtype, void *data, int64_t index, int64_t value);

#endif
