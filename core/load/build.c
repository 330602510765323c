/* GraphProto -> graph: inputs, initializers and all outputs of nodes first, so that nodes may stand in any order. */
#include "load/context.h"

#include <inttypes.h>
#include <string.h>

ort_status *orti_load_resolve(load_scope *scope, const char *name, orti_value_id *out) {
    *out = orti_graph_find_value(scope->graph, name);
    if (*out != ORTI_NONE || !scope->outer) return NULL;
    orti_value_id outer = ORTI_NONE;
    ORT_TRY(orti_load_resolve(scope->outer, name, &outer));
    return outer == ORTI_NONE ? NULL : orti_graph_add_capture(scope->graph, name, outer, out);
}

static bool is_kept_input(const load_context *context, const char *name) {
    for (uint32_t i = 0; i < context->options->kept_input_count; i++)
        if (strcmp(context->options->kept_inputs[i], name) == 0) return true;
    return false;
}

static ort_status *add_initializer(load_context *context, orti_graph *graph, const char *name, orti_tensor *tensor) {
    orti_value_id id = ORTI_NONE;
    if (!name[0]) ORT_FAIL(INVALID_MODEL, "graph '%s' has an initializer without a name", orti_graph_name(graph));
    if (!orti_graph_outer(graph) && is_kept_input(context, name)) return NULL;
    return orti_graph_add_constant(graph, name, tensor, &id);
}

static ort_status *add_initializers(load_context *context, orti_graph *graph, const Onnx__GraphProto *proto) {
    for (size_t i = 0; i < proto->n_initializer; i++) {
        orti_tensor *tensor = NULL;
        ORT_TRY(orti_load_tensor(context, context->alloc, proto->initializer[i], &tensor));
        ort_status *status = add_initializer(context, graph, load_text(proto->initializer[i]->name), tensor);
        orti_tensor_release(tensor);
        ORT_TRY(status);
    }
    for (size_t i = 0; i < proto->n_sparse_initializer; i++) {
        const Onnx__SparseTensorProto *sparse = proto->sparse_initializer[i];
        orti_tensor *tensor = NULL;
        ORT_TRY(orti_load_sparse_tensor(context, sparse, &tensor));
        ort_status *status = add_initializer(context, graph, load_text(sparse->values->name), tensor);
        orti_tensor_release(tensor);
        ORT_TRY(status);
    }
    return NULL;
}

/* Comes after the initializers: an input of the same name is one of them. */
static ort_status *add_inputs(orti_graph *graph, const Onnx__GraphProto *proto) {
    for (size_t i = 0; i < proto->n_input; i++) {
        const char *name = load_text(proto->input[i]->name);
        if (!name[0]) ORT_FAIL(INVALID_MODEL, "graph '%s': input %zu has no name", orti_graph_name(graph), i);
        orti_value_id id = orti_graph_find_value(graph, name);
        bool is_constant = id != ORTI_NONE && orti_graph_value(graph, id)->kind == ORTI_VALUE_CONSTANT;
        if (!is_constant) {
            ORT_TRY(orti_graph_add_value(graph, name, ORTI_VALUE_INNER, &id));
            ORT_TRY(orti_graph_add_input(graph, id));
        }
        ORT_TRY(orti_load_value_type(graph, id, proto->input[i]->type));
    }
    return NULL;
}

ort_status *orti_load_define_outputs(load_scope *scope, Onnx__NodeProto **nodes, size_t count) {
    for (size_t n = 0; n < count; n++) {
        const Onnx__NodeProto *node = nodes[n];
        for (size_t i = 0; i < node->n_output; i++) {
            orti_value_id id = ORTI_NONE;
            if (!node->output[i][0]) continue;
            ort_status *status = orti_graph_add_value(scope->graph, node->output[i], ORTI_VALUE_INNER, &id);
            if (status) return ORT_NOTE(status, "node '%s' (%s)", load_text(node->name), load_text(node->op_type));
        }
    }
    return NULL;
}

static ort_status *add_outputs(load_scope *scope, const Onnx__GraphProto *proto) {
    orti_graph *graph = scope->graph;
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = load_text(proto->output[i]->name);
        orti_value_id id = ORTI_NONE;
        ORT_TRY(orti_load_resolve(scope, name, &id));
        if (id == ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "graph '%s': output '%s' is produced by no node", orti_graph_name(graph), name);
        if (!scope->outer && orti_graph_value(graph, id)->is_output)
            ORT_FAIL(INVALID_MODEL, "graph '%s': '%s' is an output twice", orti_graph_name(graph), name);
        if (orti_graph_value(graph, id)->kind == ORTI_VALUE_INNER)
            ORT_TRY(orti_load_value_type(graph, id, proto->output[i]->type));
        ORT_TRY(orti_graph_add_output(graph, id));
    }
    return NULL;
}

static ort_status *add_value_infos(orti_graph *graph, const Onnx__GraphProto *proto) {
    for (size_t i = 0; i < proto->n_value_info; i++) {
        orti_value_id id = orti_graph_find_value(graph, load_text(proto->value_info[i]->name));
        if (id != ORTI_NONE && orti_graph_value(graph, id)->kind == ORTI_VALUE_INNER)
            ORT_TRY(orti_load_value_type(graph, id, proto->value_info[i]->type));
    }
    return NULL;
}

/* ---- nodes ---- */

static ort_status *count_node(load_context *context) {
    if (context->node_count >= context->limits.node_count)
        ORT_FAIL(LIMIT_EXCEEDED, "the model has more than %" PRIu32 " nodes (limit node_count)",
                 context->limits.node_count);
    context->node_count++;
    return orti_load_count_host(context, sizeof(orti_node));
}

static ort_status *resolve_inputs(load_scope *scope, const Onnx__NodeProto *proto, orti_value_id *ids) {
    for (size_t i = 0; i < proto->n_input; i++) {
        ids[i] = ORTI_NONE;
        if (!proto->input[i][0]) continue;
        ORT_TRY(orti_load_resolve(scope, proto->input[i], &ids[i]));
        if (ids[i] == ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "its input %zu, '%s', is produced by no node and is no input or initializer", i,
                     proto->input[i]);
    }
    return NULL;
}

static ort_status *add_node(load_context *context, load_scope *scope, const Onnx__NodeProto *proto) {
    orti_value_id *ids = NULL;
    orti_node_id node = ORTI_NONE;
    ort_status *status = NULL;
    ORT_TRY(count_node(context));
    if (!proto->op_type || !proto->op_type[0]) ORT_FAIL(INVALID_MODEL, "it has no operator type");
    ORT_TRY(orti_alloc(context->alloc, proto->n_input + proto->n_output, sizeof *ids, &ids));
    ORT_TRY_TO(done, status, resolve_inputs(scope, proto, ids));
    orti_value_id *outputs = ids + proto->n_input;
    for (size_t i = 0; i < proto->n_output; i++)
        outputs[i] = proto->output[i][0] ? orti_graph_find_value(scope->graph, proto->output[i]) : ORTI_NONE;
    ORT_TRY_TO(done, status,
               orti_graph_add_node(scope->graph, proto->name, load_text(proto->domain), proto->op_type, ids,
                                   (uint32_t)proto->n_input, proto->n_output ? outputs : NULL,
                                   (uint32_t)proto->n_output, &node));
    ORT_TRY_TO(done, status, orti_load_attrs(context, scope, node, proto));
    ORT_TRY_TO(done, status, orti_load_call(context, scope, node, proto));
done:
    orti_free(context->alloc, ids);
    return status;
}

ort_status *orti_load_nodes(load_context *context, load_scope *scope, Onnx__NodeProto **nodes, size_t count) {
    for (size_t n = 0; n < count; n++) {
        ort_status *status = add_node(context, scope, nodes[n]);
        if (!status) continue;
        const char *name = load_text(nodes[n]->name), *op_type = load_text(nodes[n]->op_type);
        if (name[0]) return ORT_NOTE(status, "node '%s' (%s)", name, op_type);
        return ORT_NOTE(status, "node %zu of graph '%s' (%s)", n, orti_graph_name(scope->graph), op_type);
    }
    return NULL;
}

/* ---- graphs ---- */

static ort_status *fill_graph(load_context *context, load_scope *scope, const Onnx__GraphProto *proto) {
    ORT_TRY(orti_graph_set_name(scope->graph, load_text(proto->name)));
    ORT_TRY(add_initializers(context, scope->graph, proto));
    ORT_TRY(add_inputs(scope->graph, proto));
    ORT_TRY(orti_load_define_outputs(scope, proto->node, proto->n_node));
    ORT_TRY(add_value_infos(scope->graph, proto));
    ORT_TRY(orti_load_nodes(context, scope, proto->node, proto->n_node));
    return add_outputs(scope, proto);
}

ort_status *orti_load_graph(load_context *context, load_scope *outer, const Onnx__GraphProto *proto, orti_graph **out) {
    load_scope scope = {.outer = outer};
    *out = NULL;
    if (outer) {
        scope.function = outer->function;
        scope.call = outer->call;
    }
    if (context->nesting > context->limits.nesting)
        ORT_FAIL(LIMIT_EXCEEDED, "bodies lie more than %" PRIu32 " deep inside each other (limit nesting)",
                 context->limits.nesting);
    ORT_TRY(orti_graph_create(context->alloc, outer ? outer->graph : NULL, &scope.graph));
    context->nesting++;
    ort_status *status = fill_graph(context, &scope, proto);
    context->nesting--;
    if (status)
        orti_graph_destroy(scope.graph);
    else
        *out = scope.graph;
    return status;
}
