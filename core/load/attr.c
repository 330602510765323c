#include "load/context.h"

#include <inttypes.h>
#include <string.h>

#define ATTRS_MAX 1024u /* of one node: looking for duplicates takes the square of it */

static ort_status *set_strings(load_context *context, orti_graph *graph, orti_node_id node, orti_attr *attr,
                               const Onnx__AttributeProto *proto) {
    const char **strings = NULL;
    uint64_t *lengths = NULL;
    ort_status *status = NULL;
    ORT_TRY_TO(done, status, orti_alloc(context->alloc, proto->n_strings, sizeof *strings, &strings));
    ORT_TRY_TO(done, status, orti_alloc(context->alloc, proto->n_strings, sizeof *lengths, &lengths));
    for (size_t i = 0; i < proto->n_strings; i++) {
        strings[i] = proto->strings[i].len ? (const char *)proto->strings[i].data : "";
        lengths[i] = proto->strings[i].len;
    }
    attr->strings = strings;
    attr->string_lengths = lengths;
    ORT_TRY_TO(done, status, orti_graph_set_attr(graph, node, attr));
done:
    orti_free(context->alloc, strings);
    orti_free(context->alloc, lengths);
    return status;
}

static ort_status *set_tensor(load_context *context, orti_graph *graph, orti_node_id node, orti_attr *attr,
                              const Onnx__AttributeProto *proto) {
    bool is_sparse = attr->kind == ORTI_ATTR_SPARSE;
    if (is_sparse ? !proto->sparse_tensor : !proto->t) ORT_FAIL(INVALID_MODEL, "it holds no tensor");
    ORT_TRY(is_sparse ? orti_load_sparse_tensor(context, proto->sparse_tensor, &attr->tensor)
                      : orti_load_tensor(context, context->alloc, proto->t, &attr->tensor));
    ort_status *status = orti_graph_set_attr(graph, node, attr);
    orti_tensor_release(attr->tensor);
    return status;
}

static ort_status *set_tensors(load_context *context, orti_graph *graph, orti_node_id node, orti_attr *attr,
                               const Onnx__AttributeProto *proto) {
    orti_tensor **tensors = NULL;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(context->alloc, proto->n_tensors, sizeof *tensors, &tensors));
    for (size_t i = 0; i < proto->n_tensors; i++)
        ORT_TRY_TO(done, status, orti_load_tensor(context, context->alloc, proto->tensors[i], &tensors[i]));
    attr->tensors = tensors;
    ORT_TRY_TO(done, status, orti_graph_set_attr(graph, node, attr));
done:
    for (size_t i = 0; tensors && i < proto->n_tensors; i++) orti_tensor_release(tensors[i]);
    orti_free(context->alloc, tensors);
    return status;
}

static ort_status *set_graph(load_context *context, load_scope *scope, orti_node_id node, orti_attr *attr,
                             const Onnx__AttributeProto *proto) {
    if (!proto->g) ORT_FAIL(INVALID_MODEL, "it holds no graph");
    ORT_TRY(orti_load_graph(context, scope, proto->g, &attr->graph));
    return orti_graph_set_attr(scope->graph, node, attr);
}

static ort_status *set_graphs(load_context *context, load_scope *scope, orti_node_id node, orti_attr *attr,
                              const Onnx__AttributeProto *proto) {
    orti_graph **graphs = NULL;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(context->alloc, proto->n_graphs, sizeof *graphs, &graphs));
    for (size_t i = 0; i < proto->n_graphs && !status; i++)
        status = orti_load_graph(context, scope, proto->graphs[i], &graphs[i]);
    attr->graphs = graphs;
    if (!status)
        status = orti_graph_set_attr(scope->graph, node, attr);
    else
        for (size_t i = 0; i < proto->n_graphs; i++) orti_graph_destroy(graphs[i]);
    orti_free(context->alloc, graphs);
    return status;
}

static ort_status *set_type(load_context *context, orti_graph *graph, orti_node_id node, orti_attr *attr,
                            const Onnx__AttributeProto *proto) {
    orti_text text;
    orti_text_init(&text, context->alloc);
    ort_status *status = proto->tp ? orti_load_type_text(proto->tp, &text) : NULL;
    attr->text = text.data;
    if (!status) status = orti_graph_set_attr(graph, node, attr);
    orti_text_finish(&text);
    return status;
}

/* Files before IR 3 left the type out; what the attribute holds tells it then. */
static int32_t kind_of(const Onnx__AttributeProto *proto) {
    if (proto->has_type && proto->type) return proto->type;
    if (proto->has_f) return ORTI_ATTR_FLOAT;
    if (proto->has_i) return ORTI_ATTR_INT;
    if (proto->has_s) return ORTI_ATTR_STRING;
    if (proto->t) return ORTI_ATTR_TENSOR;
    if (proto->g) return ORTI_ATTR_GRAPH;
    if (proto->n_floats) return ORTI_ATTR_FLOATS;
    if (proto->n_ints) return ORTI_ATTR_INTS;
    if (proto->n_strings) return ORTI_ATTR_STRINGS;
    return 0;
}

static size_t list_count(const Onnx__AttributeProto *proto, int32_t kind) {
    switch (kind) {
    case ORTI_ATTR_FLOATS:
        return proto->n_floats;
    case ORTI_ATTR_INTS:
        return proto->n_ints;
    case ORTI_ATTR_STRINGS:
        return proto->n_strings;
    case ORTI_ATTR_TENSORS:
        return proto->n_tensors;
    case ORTI_ATTR_GRAPHS:
        return proto->n_graphs;
    case ORTI_ATTR_STRING:
        return proto->s.len;
    default:
        return 1;
    }
}

static ort_status *set_value(load_context *context, load_scope *scope, orti_node_id node,
                             const Onnx__AttributeProto *proto) {
    int32_t kind = kind_of(proto);
    orti_graph *graph = scope->graph;
    orti_attr attr = {.name = proto->name, .count = (uint32_t)list_count(proto, kind), .f = proto->f, .i = proto->i};
    if (kind < 1 || kind > 14) ORT_FAIL(INVALID_MODEL, "its type is %" PRId32 ", which ONNX does not have", kind);
    if (kind == 12 || kind == 14)
        ORT_FAIL(UNSUPPORTED, "lists of %s are not supported", kind == 12 ? "sparse tensors" : "types");
    attr.kind = (orti_attr_kind)kind;
    ORT_TRY(orti_load_count_host(context, sizeof attr + attr.count * sizeof(int64_t)));
    switch (attr.kind) {
    case ORTI_ATTR_STRING:
        attr.text = attr.count ? (const char *)proto->s.data : "";
        break;
    case ORTI_ATTR_FLOATS:
        attr.floats = proto->floats;
        break;
    case ORTI_ATTR_INTS:
        attr.ints = proto->ints;
        break;
    case ORTI_ATTR_STRINGS:
        return set_strings(context, graph, node, &attr, proto);
    case ORTI_ATTR_TENSOR:
    case ORTI_ATTR_SPARSE:
        return set_tensor(context, graph, node, &attr, proto);
    case ORTI_ATTR_TENSORS:
        return set_tensors(context, graph, node, &attr, proto);
    case ORTI_ATTR_GRAPH:
        return set_graph(context, scope, node, &attr, proto);
    case ORTI_ATTR_GRAPHS:
        return set_graphs(context, scope, node, &attr, proto);
    case ORTI_ATTR_TYPE:
        return set_type(context, graph, node, &attr, proto);
    default:
        break;
    }
    return orti_graph_set_attr(graph, node, &attr);
}

/* The formal attribute's value at the call, else the function's default, else nothing (ONNX FunctionProto). */
static ort_status *set_reference(load_context *context, load_scope *scope, orti_node_id node,
                                 const Onnx__AttributeProto *proto) {
    const char *name = proto->ref_attr_name;
    if (!scope->function) ORT_FAIL(INVALID_MODEL, "it refers to '%s', and no function is around it", name);
    const orti_attr *given = orti_node_attr(scope->call, name);
    if (given) {
        orti_attr attr = *given;
        attr.name = proto->name;
        if (given->graph || given->graphs) ORT_FAIL(UNSUPPORTED, "a reference to the graph '%s'", name);
        return orti_graph_set_attr(scope->graph, node, &attr);
    }
    for (size_t i = 0; i < scope->function->n_attribute_proto; i++) {
        const Onnx__AttributeProto *fallback = scope->function->attribute_proto[i];
        if (!fallback->name || strcmp(fallback->name, name) != 0) continue;
        Onnx__AttributeProto renamed = *fallback;
        renamed.name = proto->name;
        renamed.ref_attr_name = NULL;
        return set_value(context, scope, node, &renamed);
    }
    return NULL;
}

ort_status *orti_load_attrs(load_context *context, load_scope *scope, orti_node_id node, const Onnx__NodeProto *proto) {
    if (proto->n_attribute > ATTRS_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "it has %zu attributes, the limit is %u", proto->n_attribute, ATTRS_MAX);
    for (size_t i = 0; i < proto->n_attribute; i++) {
        const Onnx__AttributeProto *attr = proto->attribute[i];
        if (!attr->name || !attr->name[0]) ORT_FAIL(INVALID_MODEL, "its attribute %zu has no name", i);
        if (orti_node_attr(orti_graph_node(scope->graph, node), attr->name))
            ORT_FAIL(INVALID_MODEL, "it has the attribute '%s' twice", attr->name);
        bool is_reference = attr->ref_attr_name && attr->ref_attr_name[0];
        ort_status *status =
            is_reference ? set_reference(context, scope, node, attr) : set_value(context, scope, node, attr);
        if (status) return ORT_NOTE(status, "attribute '%s'", attr->name);
    }
    return NULL;
}
