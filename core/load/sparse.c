#include "load/context.h"

#include <inttypes.h>
#include <string.h>

/* The place of entry `i` in the dense tensor: indices are linear, or one column for each dimension
 * (ONNX SparseTensorProto). */
static ort_status *place_of(const orti_tensor *indices, int64_t i, const orti_tensor *dense, int64_t *out) {
    int64_t place = 0;
    if (indices->rank == 1) {
        place = orti_dtype_get_i64(ORT_DTYPE_I64, indices->data, i);
        if (place < 0 || place >= dense->element_count)
            ORT_FAIL(INVALID_MODEL, "sparse index %" PRId64 " is outside of %" PRId64 " elements", place,
                     dense->element_count);
    } else {
        for (uint32_t d = 0; d < dense->rank; d++) {
            int64_t index = orti_dtype_get_i64(ORT_DTYPE_I64, indices->data, i * dense->rank + d);
            if (index < 0 || index >= dense->dims[d])
                ORT_FAIL(INVALID_MODEL, "sparse index %" PRId64 " is outside of dimension %u, %" PRId64, index, d,
                         dense->dims[d]);
            place = place * dense->dims[d] + index;
        }
    }
    *out = place;
    return NULL;
}

static ort_status *scatter(const orti_tensor *values, const orti_tensor *indices, orti_tensor *dense) {
    size_t bytes = orti_dtype_bits(dense->dtype) / 8;
    for (int64_t i = 0; i < values->element_count; i++) {
        int64_t place = 0;
        ORT_TRY(place_of(indices, i, dense, &place));
        memcpy((uint8_t *)dense->data + (size_t)place * bytes, (const uint8_t *)values->data + (size_t)i * bytes,
               bytes);
    }
    return NULL;
}

static ort_status *dense_create(load_context *context, const Onnx__SparseTensorProto *proto, const orti_tensor *values,
                                const orti_tensor *indices, orti_tensor **out) {
    int64_t count = 0;
    uint64_t bytes = 0;
    uint32_t bits = orti_dtype_bits(values->dtype);
    if (bits < 8) ORT_FAIL(UNSUPPORTED, "sparse tensors of %s are not supported", orti_dtype_name(values->dtype));
    if (proto->n_dims > ORTI_RANK_MAX) ORT_FAIL(LIMIT_EXCEEDED, "a sparse tensor of rank %zu", proto->n_dims);
    bool is_linear = indices->rank == 1 && indices->dims[0] == values->element_count;
    bool is_table =
        indices->rank == 2 && indices->dims[0] == values->element_count && indices->dims[1] == (int64_t)proto->n_dims;
    if (values->rank != 1 || indices->dtype != ORT_DTYPE_I64 || (!is_linear && !is_table))
        ORT_FAIL(INVALID_MODEL, "a sparse tensor's values and int64 indices don't fit each other");
    if (!orti_shape_count(proto->dims, (uint32_t)proto->n_dims, &count) ||
        !orti_dtype_bytes(values->dtype, count, &bytes))
        ORT_FAIL(INVALID_MODEL, "a sparse tensor's shape is not one");
    if (bytes > context->limits.sparse_bytes - context->sparse_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "sparse tensors need more than %" PRIu64 " bytes (limit sparse_bytes)",
                 context->limits.sparse_bytes);
    context->sparse_bytes += bytes;
    ORT_TRY(orti_load_count_host(context, bytes));
    ORT_TRY(orti_tensor_create(context->alloc, values->dtype, proto->dims, (uint32_t)proto->n_dims, 0, out));
    if (bytes) memset((*out)->data, 0, (size_t)bytes);
    return NULL;
}

ort_status *orti_load_sparse_tensor(load_context *context, const Onnx__SparseTensorProto *proto, orti_tensor **out) {
    orti_tensor *values = NULL, *indices = NULL, *dense = NULL;
    ort_status *status = NULL;
    *out = NULL;
    if (!proto->values || !proto->indices) ORT_FAIL(INVALID_MODEL, "a sparse tensor has no values or no indices");
    ORT_TRY_TO(done, status, orti_load_tensor(context, context->alloc, proto->values, &values));
    ORT_TRY_TO(done, status, orti_load_tensor(context, context->alloc, proto->indices, &indices));
    ORT_TRY_TO(done, status, dense_create(context, proto, values, indices, &dense));
    ORT_TRY_TO(done, status, scatter(values, indices, dense));
    *out = orti_tensor_retain(dense);
done:
    orti_tensor_release(values);
    orti_tensor_release(indices);
    orti_tensor_release(dense);
    return status;
}
