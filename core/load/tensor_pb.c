#include "load/context.h"
#include "load/tensor_file.h"

#include <string.h>

static void *pb_alloc(void *user, size_t size_bytes) {
    const orti_allocator *alloc = user;
    return alloc->alloc(alloc->user, size_bytes ? size_bytes : 1, 16);
}

static void pb_free(void *user, void *pointer) {
    const orti_allocator *alloc = user;
    alloc->release(alloc->user, pointer);
}

static ort_status *copy_name(const orti_allocator *alloc, const char *name, char **out) {
    size_t length = strlen(load_text(name));
    ORT_TRY(orti_alloc(alloc, length + 1, 1, out));
    memcpy(*out, load_text(name), length);
    return NULL;
}

static ort_status *decode(const orti_allocator *alloc, const Onnx__TensorProto *proto, orti_tensor **out,
                          char **out_name) {
    /* SequenceProto and OptionalProto keep their values where a TensorProto has its segment or int32_data. */
    if (!proto->has_data_type || proto->segment)
        ORT_FAIL(UNSUPPORTED, "holds no tensor: sequences, optionals and maps are loaded by their type");
    if (proto->has_lifted_length || proto->has_lifted_offset) ORT_FAIL(INVALID_ARGUMENT, "has unknown fields");
    ort_status *status = orti_load_tensor(NULL, alloc, proto, out);
    if (status && !proto->name)
        return ORT_NOTE(status, "is no plain tensor: sequences, optionals and maps are loaded by their type");
    ORT_TRY(status);
    if (!out_name) return NULL;
    status = copy_name(alloc, proto->name, out_name);
    if (status) {
        orti_tensor_release(*out);
        *out = NULL;
    }
    return status;
}

ort_status *orti_tensor_decode_pb(const orti_allocator *alloc, const uint8_t *data, size_t size_bytes,
                                  orti_tensor **out, char **out_name) {
    ProtobufCAllocator pb = {pb_alloc, pb_free, (void *)(uintptr_t)alloc};
    *out = NULL;
    if (out_name) *out_name = NULL;
    Onnx__TensorProto *proto = onnx__tensor_proto__unpack(&pb, size_bytes, data ? data : (const uint8_t *)"");
    if (!proto) ORT_FAIL(INVALID_ARGUMENT, "is no TensorProto");
    ort_status *status = decode(alloc, proto, out, out_name);
    onnx__tensor_proto__free_unpacked(proto, &pb);
    return status;
}

ort_status *orti_tensor_load_pb(const orti_allocator *alloc, const char *path, orti_tensor **out, char **out_name) {
    orti_file *file = NULL;
    *out = NULL;
    if (out_name) *out_name = NULL;
    ORT_TRY(orti_file_open(alloc, path, false, INT32_MAX, &file));
    ort_status *status = orti_tensor_decode_pb(alloc, file->data, (size_t)file->size_bytes, out, out_name);
    orti_file_release(file);
    return status ? ORT_NOTE(status, "tensor file '%s'", path) : NULL;
}

/* ---- saving ---- */

static ort_status *pack(const orti_allocator *alloc, const Onnx__TensorProto *proto, orti_text *out) {
    uint8_t *bytes = NULL;
    size_t size = onnx__tensor_proto__get_packed_size(proto);
    ORT_TRY(orti_alloc(alloc, size, 1, &bytes));
    onnx__tensor_proto__pack(proto, bytes);
    orti_text_add_bytes(out, (const char *)bytes, size);
    orti_free(alloc, bytes);
    return orti_text_status(out);
}

/* The fields that protobuf-c takes are not const; packing reads them only. */
static ort_status *encode(const orti_tensor *tensor, Onnx__TensorProto *proto, orti_text *out) {
    const orti_allocator *alloc = tensor->datum.alloc;
    ProtobufCBinaryData *strings = NULL;
    if (tensor->dtype == ORT_DTYPE_STRING) {
        const int64_t *offsets = tensor->data;
        uint8_t *bytes = (uint8_t *)tensor->data + ((size_t)tensor->element_count + 1) * sizeof *offsets;
        ORT_TRY(orti_alloc(alloc, (size_t)tensor->element_count, sizeof *strings, &strings));
        for (int64_t i = 0; i < tensor->element_count; i++) {
            int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, offsets, i);
            int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, offsets, i + 1);
            strings[i] = (ProtobufCBinaryData){(size_t)(to - from), bytes + from};
        }
        proto->n_string_data = (size_t)tensor->element_count;
        proto->string_data = strings;
    } else {
        proto->has_raw_data = 1;
        proto->raw_data = (ProtobufCBinaryData){(size_t)tensor->size_bytes, tensor->data};
    }
    ort_status *status = pack(alloc, proto, out);
    orti_free(alloc, strings);
    return status;
}

ort_status *orti_tensor_encode_pb(const orti_tensor *tensor, const char *name, orti_text *out) {
    Onnx__TensorProto proto = ONNX__TENSOR_PROTO__INIT;
    int64_t dims[ORTI_RANK_MAX];
    memcpy(dims, tensor->dims, sizeof dims);
    proto.n_dims = tensor->rank;
    proto.dims = dims;
    proto.has_data_type = 1;
    proto.data_type = (int32_t)tensor->dtype;
    proto.name = (char *)(uintptr_t)name;
    if (tensor->size_bytes > INT32_MAX / 2)
        ORT_FAIL(LIMIT_EXCEEDED, "a tensor of more than 1 GiB does not fit into a file");
    return encode(tensor, &proto, out);
}

ort_status *orti_tensor_save_pb(const orti_tensor *tensor, const char *name, const char *path) {
    return orti_datum_save_pb((orti_datum *)(uintptr_t)&tensor->datum, name, path);
}
