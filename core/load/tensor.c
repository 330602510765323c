#include "load/context.h"

#include <inttypes.h>
#include <string.h>

/* How a TensorProto keeps an element type in typed fields: the field, and the bytes of ours that one entry gives. */
typedef enum data_field { DATA_FLOAT, DATA_INT32, DATA_INT64, DATA_DOUBLE, DATA_UINT64, DATA_FIELD_COUNT } data_field;

static data_field field_of(ort_dtype dtype) {
    switch (dtype) {
    case ORT_DTYPE_F32:
    case ORT_DTYPE_C64:
        return DATA_FLOAT;
    case ORT_DTYPE_F64:
    case ORT_DTYPE_C128:
        return DATA_DOUBLE;
    case ORT_DTYPE_I64:
        return DATA_INT64;
    case ORT_DTYPE_U32:
    case ORT_DTYPE_U64:
        return DATA_UINT64;
    default:
        return DATA_INT32;
    }
}

static size_t entry_bytes(ort_dtype dtype) {
    switch (field_of(dtype)) {
    case DATA_FLOAT:
        return 4;
    case DATA_INT64:
    case DATA_DOUBLE:
        return 8;
    case DATA_UINT64:
        return dtype == ORT_DTYPE_U32 ? 4 : 8;
    default:
        break;
    }
    uint32_t bits = orti_dtype_bits(dtype);
    return bits <= 8 ? 1 : bits / 8; /* packed types hold one byte of elements an entry */
}

typedef struct typed_data {
    const void *data;
    size_t count, stride;
    const char *name;
} typed_data;

static typed_data typed_of(const Onnx__TensorProto *proto, data_field field) {
    switch (field) {
    case DATA_FLOAT:
        return (typed_data){proto->float_data, proto->n_float_data, 4, "float_data"};
    case DATA_INT32:
        return (typed_data){proto->int32_data, proto->n_int32_data, 4, "int32_data"};
    case DATA_INT64:
        return (typed_data){proto->int64_data, proto->n_int64_data, 8, "int64_data"};
    case DATA_DOUBLE:
        return (typed_data){proto->double_data, proto->n_double_data, 8, "double_data"};
    default:
        return (typed_data){proto->uint64_data, proto->n_uint64_data, 8, "uint64_data"};
    }
}

ort_status *orti_load_count_host(load_context *context, uint64_t bytes) {
    if (!context) return NULL;
    if (bytes > context->limits.host_bytes - context->host_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "needs more than %" PRIu64 " bytes of memory (limit host_bytes)",
                 context->limits.host_bytes);
    context->host_bytes += bytes;
    return NULL;
}

/* A little-endian machine's view: the low bytes of an entry are the element. */
static ort_status *from_typed(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                              ort_dtype dtype, uint64_t size_bytes, orti_tensor **out) {
    typed_data typed = typed_of(proto, field_of(dtype));
    size_t bytes = entry_bytes(dtype);
    if (typed.count != size_bytes / bytes)
        ORT_FAIL(INVALID_MODEL, "its shape needs %" PRIu64 " entries of %s, it has %zu", size_bytes / bytes, typed.name,
                 typed.count);
    ORT_TRY(orti_load_count_host(context, size_bytes));
    ORT_TRY(orti_tensor_create(alloc, dtype, proto->dims, (uint32_t)proto->n_dims, 0, out));
    uint8_t *to = (*out)->data;
    const uint8_t *from = typed.data;
    if (bytes == typed.stride) {
        if (size_bytes) memcpy(to, from, (size_t)size_bytes);
        return NULL;
    }
    for (size_t i = 0; i < typed.count; i++) memcpy(to + i * bytes, from + i * typed.stride, bytes);
    return NULL;
}

static ort_status *from_strings(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                                int64_t count, orti_tensor **out) {
    uint64_t total = 0;
    if ((uint64_t)count != proto->n_string_data)
        ORT_FAIL(INVALID_MODEL, "its shape needs %" PRId64 " strings, it has %zu", count, proto->n_string_data);
    for (size_t i = 0; i < proto->n_string_data; i++) total += proto->string_data[i].len;
    ORT_TRY(orti_load_count_host(context, total + ((uint64_t)count + 1) * sizeof(int64_t)));
    ORT_TRY(orti_tensor_create(alloc, ORT_DTYPE_STRING, proto->dims, (uint32_t)proto->n_dims, total, out));
    int64_t *offsets = (*out)->data;
    char *bytes = (char *)(offsets + count + 1);
    offsets[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        const ProtobufCBinaryData *string = &proto->string_data[i];
        if (string->len) memcpy(bytes + offsets[i], string->data, string->len);
        offsets[i + 1] = offsets[i] + (int64_t)string->len;
    }
    return NULL;
}

static ort_status *raw_size_check(uint64_t has, uint64_t needs) {
    if (has == needs) return NULL;
    ORT_FAIL(INVALID_MODEL, "its shape needs %" PRIu64 " bytes of raw_data, it has %" PRIu64, needs, has);
}

static ort_status *from_raw(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                            ort_dtype dtype, uint64_t size_bytes, orti_tensor **out) {
    if (context && proto->has_lifted_length) {
        ORT_TRY(raw_size_check(proto->lifted_length, size_bytes));
        return orti_tensor_from_file(alloc, dtype, proto->dims, (uint32_t)proto->n_dims, context->model->file,
                                     proto->lifted_offset, size_bytes, out);
    }
    ORT_TRY(raw_size_check(proto->raw_data.len, size_bytes));
    ORT_TRY(orti_load_count_host(context, size_bytes));
    ORT_TRY(orti_tensor_create(alloc, dtype, proto->dims, (uint32_t)proto->n_dims, 0, out));
    if (size_bytes) memcpy((*out)->data, proto->raw_data.data, (size_t)size_bytes);
    return NULL;
}

static ort_status *tensor_check(const load_context *context, const Onnx__TensorProto *proto, int64_t *out_count,
                                uint64_t *out_bytes) {
    ort_dtype dtype = (ort_dtype)proto->data_type;
    if (!proto->has_data_type || dtype == ORT_DTYPE_NONE || dtype >= ORT_DTYPE_COUNT)
        ORT_FAIL(INVALID_MODEL, "its element type is %" PRId32 ", which ONNX does not have", proto->data_type);
    if (proto->segment) ORT_FAIL(UNSUPPORTED, "it is cut into segments, which is not supported");
    if (proto->n_dims > ORTI_RANK_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "its rank is %zu, the limit is %u", proto->n_dims, ORTI_RANK_MAX);
    for (size_t i = 0; i < proto->n_dims; i++)
        if (proto->dims[i] < 0) ORT_FAIL(INVALID_MODEL, "its dimension %zu is %" PRId64, i, proto->dims[i]);
    bool is_string = dtype == ORT_DTYPE_STRING;
    if (!orti_shape_count(proto->dims, (uint32_t)proto->n_dims, out_count) ||
        (!is_string && !orti_dtype_bytes(dtype, *out_count, out_bytes)))
        ORT_FAIL(INVALID_MODEL, "its shape has more elements than 64 bits can count");
    if (is_string) *out_bytes = 0;
    if (context && *out_bytes > context->limits.tensor_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "it has %" PRIu64 " bytes, the limit is %" PRIu64 " (limit tensor_bytes)", *out_bytes,
                 context->limits.tensor_bytes);
    return NULL;
}

static ort_status *tensor_make(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                               orti_tensor **out) {
    int64_t count = 0;
    uint64_t size_bytes = 0;
    ort_dtype dtype = (ort_dtype)proto->data_type;
    ORT_TRY(tensor_check(context, proto, &count, &size_bytes));
    bool is_external = proto->data_location == 1; /* DataLocation.EXTERNAL */
    bool has_raw = proto->has_raw_data || proto->has_lifted_length;
    if (proto->has_raw_data && proto->has_lifted_length && context) ORT_FAIL(INVALID_MODEL, "it has raw_data twice");
    if (dtype == ORT_DTYPE_STRING) {
        if (is_external || has_raw) ORT_FAIL(INVALID_MODEL, "strings can't be raw or external data");
        return from_strings(context, alloc, proto, count, out);
    }
    if (is_external) {
        if (!context) ORT_FAIL(UNSUPPORTED, "it has external data, which a tensor file can't have here");
        return orti_load_external_tensor(context, proto, dtype, proto->dims, size_bytes, out);
    }
    if (has_raw) return from_raw(context, alloc, proto, dtype, size_bytes, out);
    return from_typed(context, alloc, proto, dtype, size_bytes, out);
}

ort_status *orti_load_tensor(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                             orti_tensor **out) {
    orti_tensor *tensor = NULL;
    *out = NULL;
    ort_status *status = tensor_make(context, alloc, proto, &tensor);
    if (status) {
        orti_tensor_release(tensor);
        return ORT_NOTE(status, "tensor '%s'", load_text(proto->name));
    }
    *out = tensor;
    return NULL;
}
