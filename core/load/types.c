#include "load/context.h"

#include <inttypes.h>
#include <string.h>

static ort_status *check_dtype(int32_t dtype) {
    if (dtype < 0 || dtype >= (int32_t)ORT_DTYPE_COUNT)
        ORT_FAIL(INVALID_MODEL, "element type %" PRId32 ", which ONNX does not have", dtype);
    return NULL;
}

/* ONNX's own names: numpy's but for two. */
static const char *onnx_name(int32_t dtype) {
    if (dtype == (int32_t)ORT_DTYPE_F32) return "float";
    if (dtype == (int32_t)ORT_DTYPE_F64) return "double";
    return orti_dtype_name((ort_dtype)dtype);
}

static ort_status *sequence_text(const char *name, const Onnx__TypeProto__Sequence *proto, orti_text *text) {
    orti_text_add(text, "%s(", name);
    if (proto->elem_type) ORT_TRY(orti_load_type_text(proto->elem_type, text));
    orti_text_add(text, ")");
    return NULL;
}

ort_status *orti_load_type_text(const Onnx__TypeProto *proto, orti_text *text) {
    const Onnx__TypeProto__Tensor *tensor = proto->tensor_type ? proto->tensor_type : proto->sparse_tensor_type;
    if (tensor) {
        ORT_TRY(check_dtype(tensor->elem_type));
        orti_text_add(text, "%stensor(%s)", proto->tensor_type ? "" : "sparse_", onnx_name(tensor->elem_type));
    } else if (proto->sequence_type) {
        ORT_TRY(sequence_text("seq", proto->sequence_type, text));
    } else if (proto->optional_type) {
        ORT_TRY(sequence_text("optional", proto->optional_type, text));
    } else if (proto->map_type) {
        ORT_TRY(check_dtype(proto->map_type->key_type));
        orti_text_add(text, "map(%s, ", onnx_name(proto->map_type->key_type));
        if (proto->map_type->value_type) ORT_TRY(orti_load_type_text(proto->map_type->value_type, text));
        orti_text_add(text, ")");
    } else if (proto->opaque_type) {
        ORT_FAIL(UNSUPPORTED, "opaque type '%s'", load_text(proto->opaque_type->name));
    }
    return orti_text_status(text);
}

static ort_status *load_dim(orti_dim_pool *pool, const Onnx__TensorShapeProto__Dimension *proto, orti_dim *out) {
    if (proto->has_dim_value && proto->dim_value >= 0) {
        *out = proto->dim_value;
        return NULL;
    }
    if (proto->has_dim_value && proto->dim_value < -1)
        ORT_FAIL(INVALID_MODEL, "a dimension of %" PRId64, proto->dim_value);
    const char *name = proto->dim_param && proto->dim_param[0] ? proto->dim_param : NULL;
    return orti_dim_symbol(pool, name, out);
}

static ort_status *load_shape(orti_graph *graph, orti_value_id id, ort_dtype dtype,
                              const Onnx__TensorShapeProto *shape) {
    orti_dim dims[ORTI_RANK_MAX];
    if (!shape) return orti_graph_set_shape(graph, id, dtype, NULL, ORTI_NONE);
    if (shape->n_dim > ORTI_RANK_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "rank %zu, the limit is %u", shape->n_dim, ORTI_RANK_MAX);
    for (size_t i = 0; i < shape->n_dim; i++) ORT_TRY(load_dim(orti_graph_pool(graph), shape->dim[i], &dims[i]));
    return orti_graph_set_shape(graph, id, dtype, dims, (uint32_t)shape->n_dim);
}

/* An initializer's own type and shape win; a declared type that says something else is a contradiction. */
static ort_status *check_constant(const orti_value *value, const Onnx__TypeProto *proto) {
    const Onnx__TypeProto__Tensor *tensor = proto->tensor_type;
    if (!tensor) ORT_FAIL(INVALID_MODEL, "an initializer is declared to be no tensor");
    if (tensor->elem_type && (ort_dtype)tensor->elem_type != value->dtype)
        ORT_FAIL(INVALID_MODEL, "declared as %s, and its initializer is %s",
                 orti_dtype_name((ort_dtype)tensor->elem_type), orti_dtype_name(value->dtype));
    if (!tensor->shape) return NULL;
    bool is_equal = tensor->shape->n_dim == value->rank;
    for (uint32_t i = 0; is_equal && i < value->rank; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        is_equal = !dim->has_dim_value || dim->dim_value < 0 || dim->dim_value == value->dims[i];
    }
    if (!is_equal) ORT_FAIL(INVALID_MODEL, "declared with another shape than its initializer has");
    return NULL;
}

static ort_status *set_type(orti_graph *graph, orti_value_id id, const Onnx__TypeProto *proto) {
    orti_value *value = orti_graph_value(graph, id);
    if (value->kind == ORTI_VALUE_CONSTANT) return check_constant(value, proto);
    if (proto->tensor_type) {
        ORT_TRY(check_dtype(proto->tensor_type->elem_type));
        return load_shape(graph, id, (ort_dtype)proto->tensor_type->elem_type, proto->tensor_type->shape);
    }
    orti_text text;
    orti_text_init(&text, orti_graph_arena(graph)->alloc);
    ort_status *status = orti_load_type_text(proto, &text);
    if (!status && text.length) {
        status = orti_arena_string(orti_graph_arena(graph), text.data, text.length, &value->type_text);
        value->type = proto->sequence_type   ? ORTI_TYPE_SEQUENCE
                      : proto->optional_type ? ORTI_TYPE_OPTIONAL
                      : proto->map_type      ? ORTI_TYPE_MAP
                                             : ORTI_TYPE_SPARSE;
    }
    orti_text_finish(&text);
    return status;
}

ort_status *orti_load_value_type(orti_graph *graph, orti_value_id id, const Onnx__TypeProto *proto) {
    if (!proto) return NULL;
    ort_status *status = set_type(graph, id, proto);
    return status ? ORT_NOTE(status, "value '%s'", orti_graph_value(graph, id)->name) : NULL;
}
