#include "load/save_context.h"

#include <string.h>

static ort_status *save_strings(save_context *context, const orti_attr *attr, Onnx__AttributeProto *proto) {
    ORT_TRY(orti_arena_alloc(&context->arena, attr->count, sizeof *proto->strings, &proto->strings));
    for (uint32_t i = 0; i < attr->count; i++)
        proto->strings[i] =
            (ProtobufCBinaryData){(size_t)attr->string_lengths[i], (uint8_t *)save_text(attr->strings[i])};
    proto->n_strings = attr->count;
    return NULL;
}

static ort_status *save_tensors(save_context *context, const orti_attr *attr, Onnx__AttributeProto *proto) {
    ORT_TRY(orti_arena_alloc(&context->arena, attr->count, sizeof *proto->tensors, &proto->tensors));
    for (uint32_t i = 0; i < attr->count; i++)
        ORT_TRY(orti_save_tensor(context, attr->tensors[i], NULL, &proto->tensors[i]));
    proto->n_tensors = attr->count;
    return NULL;
}

static ort_status *save_graphs(save_context *context, save_scope *scope, const orti_attr *attr,
                               Onnx__AttributeProto *proto) {
    ORT_TRY(orti_arena_alloc(&context->arena, attr->count, sizeof *proto->graphs, &proto->graphs));
    for (uint32_t i = 0; i < attr->count; i++)
        ORT_TRY(orti_save_graph(context, scope, attr->graphs[i], &proto->graphs[i]));
    proto->n_graphs = attr->count;
    return NULL;
}

/* Numbers and lists of them. */
static void save_plain(const orti_attr *attr, Onnx__AttributeProto *proto) {
    proto->has_f = attr->kind == ORTI_ATTR_FLOAT;
    proto->f = attr->f;
    proto->has_i = attr->kind == ORTI_ATTR_INT;
    proto->i = attr->i;
    proto->has_s = attr->kind == ORTI_ATTR_STRING;
    if (proto->has_s) proto->s = (ProtobufCBinaryData){attr->count, (uint8_t *)save_text(attr->text)};
    proto->n_floats = attr->kind == ORTI_ATTR_FLOATS ? attr->count : 0;
    proto->floats = (float *)(uintptr_t)attr->floats;
    proto->n_ints = attr->kind == ORTI_ATTR_INTS ? attr->count : 0;
    proto->ints = (int64_t *)(uintptr_t)attr->ints;
}

ort_status *orti_save_attr(save_context *context, save_scope *scope, const orti_attr *attr,
                           Onnx__AttributeProto **out) {
    SAVE_NEW(context, attribute_proto, out);
    Onnx__AttributeProto *proto = *out;
    proto->name = save_text(attr->name);
    proto->has_type = 1;
    proto->type = (int32_t)attr->kind;
    switch (attr->kind) {
    case ORTI_ATTR_STRINGS:
        return save_strings(context, attr, proto);
    case ORTI_ATTR_TENSOR:
        return orti_save_tensor(context, attr->tensor, NULL, &proto->t);
    case ORTI_ATTR_SPARSE:
        return orti_save_sparse(context, attr->tensor, &proto->sparse_tensor);
    case ORTI_ATTR_TENSORS:
        return save_tensors(context, attr, proto);
    case ORTI_ATTR_GRAPH:
        return orti_save_graph(context, scope, attr->graph, &proto->g);
    case ORTI_ATTR_GRAPHS:
        return save_graphs(context, scope, attr, proto);
    case ORTI_ATTR_TYPE:
        return attr->text && attr->text[0] ? orti_save_type_text(context, attr->text, &proto->tp) : NULL;
    case ORTI_ATTR_REF:
        ORT_FAIL(UNSUPPORTED, "attribute '%s' refers to a function's attribute '%s'", attr->name, attr->text);
    default:
        save_plain(attr, proto);
        return NULL;
    }
}
