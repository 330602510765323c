#include "load/save_context.h"

#include <inttypes.h>
#include <string.h>

#define EXTERNAL_LEAST_BYTES 1024u /* smaller ones stay in the model, where tools see them */
#define EXTERNAL_ALIGN_BYTES 64u   /* what kernels like best of a mapped file */

/* ---- tensors ---- */

static ort_status *entry_add(save_context *context, Onnx__TensorProto *proto, const char *key, const char *value) {
    Onnx__StringStringEntryProto *entry = NULL;
    SAVE_NEW(context, string_string_entry_proto, &entry);
    entry->key = save_text(key);
    entry->value = save_text(value);
    proto->external_data[proto->n_external_data++] = entry;
    return NULL;
}

static ort_status *number_entry_add(save_context *context, Onnx__TensorProto *proto, const char *key, uint64_t number) {
    orti_text text;
    const char *value = NULL;
    orti_text_init(&text, context->alloc);
    orti_text_add(&text, "%" PRIu64, number);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&context->arena, text.data, text.length, &value);
    orti_text_finish(&text);
    return status ? status : entry_add(context, proto, key, value);
}

/* The bytes go to the file beside the model; the message says where (ONNX, "External data"). */
static ort_status *put_outside(save_context *context, const orti_tensor *tensor, Onnx__TensorProto *proto) {
    static const uint8_t zeros[EXTERNAL_ALIGN_BYTES];
    uint64_t end = orti_file_writer_size_bytes(context->data_file);
    orti_file_writer_add(context->data_file, zeros, (size_t)(-end % EXTERNAL_ALIGN_BYTES));
    const uint64_t offset = orti_file_writer_size_bytes(context->data_file);
    orti_file_writer_add(context->data_file, tensor->data, (size_t)tensor->size_bytes);
    ORT_TRY(orti_arena_alloc(&context->arena, 3, sizeof *proto->external_data, &proto->external_data));
    ORT_TRY(entry_add(context, proto, "location", context->data_name));
    ORT_TRY(number_entry_add(context, proto, "offset", offset));
    ORT_TRY(number_entry_add(context, proto, "length", tensor->size_bytes));
    proto->has_data_location = 1;
    proto->data_location = 1; /* EXTERNAL */
    return NULL;
}

static ort_status *put_strings(save_context *context, const orti_tensor *tensor, Onnx__TensorProto *proto) {
    const int64_t *offsets = tensor->data;
    const size_t count = (size_t)tensor->element_count;
    uint8_t *bytes = (uint8_t *)tensor->data + (count + 1) * sizeof *offsets;
    ORT_TRY(orti_arena_alloc(&context->arena, count, sizeof *proto->string_data, &proto->string_data));
    for (size_t i = 0; i < count; i++) {
        int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, offsets, (int64_t)i);
        int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, offsets, (int64_t)i + 1);
        proto->string_data[i] = (ProtobufCBinaryData){(size_t)(to - from), bytes + from};
    }
    proto->n_string_data = count;
    return NULL;
}

ort_status *orti_save_tensor(save_context *context, const orti_tensor *tensor, const char *name,
                             Onnx__TensorProto **out) {
    SAVE_NEW(context, tensor_proto, out);
    Onnx__TensorProto *proto = *out;
    ORT_TRY(orti_arena_copy(&context->arena, tensor->dims, tensor->rank * sizeof *tensor->dims, &proto->dims));
    proto->n_dims = tensor->rank;
    proto->has_data_type = 1;
    proto->data_type = (int32_t)tensor->dtype;
    proto->name = save_text(name);
    if (tensor->dtype == ORT_DTYPE_STRING) return put_strings(context, tensor, proto);
    if (context->data_file && tensor->size_bytes >= EXTERNAL_LEAST_BYTES) return put_outside(context, tensor, proto);
    proto->has_raw_data = 1;
    proto->raw_data = (ProtobufCBinaryData){(size_t)tensor->size_bytes, tensor->data};
    return NULL;
}

static bool is_zero(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i]) return false;
    return true;
}

ort_status *orti_save_sparse(save_context *context, const orti_tensor *tensor, Onnx__SparseTensorProto **out) {
    const uint32_t bits = orti_dtype_bits(tensor->dtype);
    const size_t width = bits / 8;
    int64_t *indices = NULL;
    uint8_t *values = NULL;
    size_t count = 0;
    if (bits < 8 || bits % 8) ORT_FAIL(UNSUPPORTED, "a sparse tensor of %s", orti_dtype_name(tensor->dtype));
    SAVE_NEW(context, sparse_tensor_proto, out);
    ORT_TRY(orti_arena_alloc(&context->arena, (size_t)tensor->element_count, sizeof *indices, &indices));
    ORT_TRY(orti_arena_alloc(&context->arena, (size_t)tensor->element_count, width, &values));
    for (int64_t i = 0; i < tensor->element_count; i++) {
        const uint8_t *element = (const uint8_t *)tensor->data + (size_t)i * width;
        if (is_zero(element, width)) continue;
        indices[count] = i;
        memcpy(values + count++ * width, element, width);
    }
    const int64_t dims[1] = {(int64_t)count};
    const orti_tensor shown[] = {{.dtype = tensor->dtype, .rank = 1, .size_bytes = count * width, .data = values},
                                 {.dtype = ORT_DTYPE_I64, .rank = 1, .size_bytes = count * 8, .data = indices}};
    ORT_TRY(orti_save_tensor(context, &shown[0], NULL, &(*out)->values));
    ORT_TRY(orti_save_tensor(context, &shown[1], NULL, &(*out)->indices));
    (*out)->values->dims[0] = (*out)->indices->dims[0] = dims[0];
    ORT_TRY(orti_arena_copy(&context->arena, tensor->dims, tensor->rank * sizeof *tensor->dims, &(*out)->dims));
    (*out)->n_dims = tensor->rank;
    return NULL;
}

/* ---- types ---- */

/* A size that has a name or a formula is named by it; one that only the run tells is left open. */
static ort_status *save_dim(save_context *context, const orti_dim_pool *pool, orti_dim dim,
                            Onnx__TensorShapeProto__Dimension **out) {
    uint32_t symbol = orti_dim_symbol_index(pool, dim);
    orti_text text;
    const char *name = NULL;
    SAVE_NEW(context, tensor_shape_proto__dimension, out);
    if (dim >= 0) {
        (*out)->has_dim_value = 1;
        (*out)->dim_value = dim;
        return NULL;
    }
    if (dim == ORTI_DIM_INVALID || (symbol != UINT32_MAX && orti_dim_symbol_name(pool, symbol)[0] == '?')) return NULL;
    orti_text_init(&text, context->alloc);
    if (symbol != UINT32_MAX)
        orti_text_add(&text, "%s", orti_dim_symbol_name(pool, symbol));
    else
        orti_dim_print(pool, dim, &text);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&context->arena, text.data, text.length, &name);
    orti_text_finish(&text);
    (*out)->dim_param = save_text(name);
    return status;
}

static ort_status *save_tensor_type(save_context *context, const orti_graph *graph, const orti_value *value,
                                    Onnx__TypeProto *type) {
    Onnx__TensorShapeProto *shape = NULL;
    SAVE_NEW(context, type_proto__tensor, &type->tensor_type);
    type->tensor_type->has_elem_type = 1;
    type->tensor_type->elem_type = (int32_t)value->dtype;
    if (!value->has_shape) return NULL;
    SAVE_NEW(context, tensor_shape_proto, &shape);
    ORT_TRY(orti_arena_alloc(&context->arena, value->rank, sizeof *shape->dim, &shape->dim));
    for (uint32_t i = 0; i < value->rank; i++)
        ORT_TRY(save_dim(context, orti_graph_pool(graph), value->dims[i], &shape->dim[i]));
    shape->n_dim = value->rank;
    type->tensor_type->shape = shape;
    return NULL;
}

ort_status *orti_save_value_info(save_context *context, const orti_graph *graph, const orti_value *value,
                                 const char *name, Onnx__ValueInfoProto **out) {
    SAVE_NEW(context, value_info_proto, out);
    (*out)->name = save_text(name);
    if (value->type_text) return orti_save_type_text(context, value->type_text, &(*out)->type);
    if (value->dtype == ORT_DTYPE_NONE) return NULL;
    SAVE_NEW(context, type_proto, &(*out)->type);
    return save_tensor_type(context, graph, value, (*out)->type);
}

/* ---- types in words, as types.c writes them ---- */

static bool take(const char **at, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0) return false;
    *at += length;
    return true;
}

/* ONNX's names of element types are numpy's but for two. */
static ort_status *take_dtype(const char **at, int32_t *out) {
    size_t length = strcspn(*at, "),");
    for (uint32_t dtype = 0; dtype < ORT_DTYPE_COUNT; dtype++) {
        const char *name = dtype == (uint32_t)ORT_DTYPE_F32   ? "float"
                           : dtype == (uint32_t)ORT_DTYPE_F64 ? "double"
                                                              : orti_dtype_name((ort_dtype)dtype);
        if (strlen(name) != length || strncmp(name, *at, length) != 0) continue;
        *at += length;
        *out = (int32_t)dtype;
        return NULL;
    }
    ORT_FAIL(UNSUPPORTED, "the type '%s' has no form in a file", *at);
}

static ort_status *take_type(save_context *context, const char **at, Onnx__TypeProto **out);

static ort_status *take_tensor(save_context *context, const char **at, Onnx__TypeProto__Tensor **out) {
    SAVE_NEW(context, type_proto__tensor, out);
    (*out)->has_elem_type = 1;
    return take_dtype(at, &(*out)->elem_type);
}

static ort_status *take_list(save_context *context, const char **at, Onnx__TypeProto__Sequence **out) {
    SAVE_NEW(context, type_proto__sequence, out);
    return **at == ')' ? NULL : take_type(context, at, &(*out)->elem_type);
}

static ort_status *take_map(save_context *context, const char **at, Onnx__TypeProto__Map **out) {
    SAVE_NEW(context, type_proto__map, out);
    (*out)->has_key_type = 1;
    ORT_TRY(take_dtype(at, &(*out)->key_type));
    if (!take(at, ", ")) ORT_FAIL(UNSUPPORTED, "a map without a type of values");
    return **at == ')' ? NULL : take_type(context, at, &(*out)->value_type);
}

static ort_status *take_type(save_context *context, const char **at, Onnx__TypeProto **out) {
    ort_status *status = NULL;
    SAVE_NEW(context, type_proto, out);
    if (take(at, "tensor("))
        status = take_tensor(context, at, &(*out)->tensor_type);
    else if (take(at, "sparse_tensor("))
        status = take_tensor(context, at, &(*out)->sparse_tensor_type);
    else if (take(at, "seq("))
        status = take_list(context, at, &(*out)->sequence_type);
    else if (take(at, "optional("))
        status = take_list(context, at, &(*out)->optional_type);
    else if (take(at, "map("))
        status = take_map(context, at, &(*out)->map_type);
    ORT_TRY(status);
    if (!take(at, ")")) ORT_FAIL(UNSUPPORTED, "the type '%s' has no form in a file", *at);
    return NULL;
}

ort_status *orti_save_type_text(save_context *context, const char *text, Onnx__TypeProto **out) {
    const char *at = text;
    return ORT_NOTE(take_type(context, &at, out), "type '%s'", text);
}
