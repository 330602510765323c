#include "graph/inner.h"

static void readers_replace(const orti_graph *graph, orti_value_id from, orti_value_id to) {
    for (uint32_t n = 0; n < graph->node_count; n++) {
        orti_node *node = graph->nodes[n];
        if (node->is_deleted) continue;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == from) node->inputs[i] = to;
        for (uint32_t i = 0, count = orti_node_subgraph_count(node); i < count; i++) {
            orti_graph *body = orti_node_subgraph(node, i);
            for (uint32_t v = 0; v < body->value_count; v++)
                if (body->values[v]->kind == ORTI_VALUE_CAPTURE && body->values[v]->outer_id == from)
                    body->values[v]->outer_id = to;
            orti_graph_touch(body);
        }
    }
}

static ort_status *names_swap(orti_graph *graph, orti_value_id a, orti_value_id b) {
    orti_value *first = graph->values[a], *second = graph->values[b];
    /* Both keys exist already, so setting them again can't fail half-way for want of memory. */
    ORT_TRY(orti_map_set(&graph->names, first->name, strlen(first->name), b));
    ORT_TRY(orti_map_set(&graph->names, second->name, strlen(second->name), a));
    const char *name = first->name;
    first->name = second->name;
    second->name = name;
    return NULL;
}

static void outputs_replace(orti_graph *graph, orti_value_id from, orti_value_id to) {
    for (uint32_t i = 0; i < graph->outputs.count; i++)
        if (graph->outputs.ids[i] == from) graph->outputs.ids[i] = to;
    graph->values[from]->is_output = false;
    graph->values[to]->is_output = true;
}

/* A new value with `from`'s type, which an Identity makes of `to`. */
static ort_status *identity_add(orti_graph *graph, orti_value_id from, orti_value_id to, orti_value_id *out) {
    orti_value_id carrier = ORTI_NONE;
    orti_node_id node = ORTI_NONE;
    ORT_TRY(orti_graph_add_value(graph, NULL, ORTI_VALUE_INNER, &carrier));
    orti_value *value = graph->values[carrier];
    const orti_value *like = graph->values[from];
    value->type = like->type;
    value->type_text = like->type_text;
    value->dtype = like->dtype;
    value->has_shape = like->has_shape;
    value->rank = like->rank;
    ORT_TRY(orti_arena_copy(&graph->arena, like->dims, like->rank * sizeof *like->dims, &value->dims));
    ORT_TRY(orti_graph_add_node(graph, NULL, "", "Identity", &to, 1, &carrier, 1, &node));
    graph->nodes[node]->since_version = 1; /* Identity's meaning has never changed */
    graph->nodes[node]->until_version = INT32_MAX;
    *out = carrier;
    return NULL;
}

/* What is known of the one is true of the other. */
static void knowledge_pass(const orti_value *from, orti_value *to) {
    if (to->type == ORTI_TYPE_TENSOR && to->dtype == ORT_DTYPE_NONE) {
        to->type = from->type;
        to->type_text = from->type_text;
        to->dtype = from->dtype;
    }
    if (to->has_shape || !from->has_shape) return;
    to->has_shape = true;
    to->rank = from->rank;
    to->dims = from->dims; /* in the same arena, and never written again */
}

ort_status *orti_graph_replace_value(orti_graph *graph, orti_value_id from, orti_value_id to) {
    ORT_TRY(orti_graph_check_value(graph, from));
    ORT_TRY(orti_graph_check_value(graph, to));
    if (from == to) return NULL;
    const orti_value *old = graph->values[from], *carrier = graph->values[to];
    if (old->is_output && old->kind == ORTI_VALUE_INPUT)
        ORT_FAIL(INVALID_ARGUMENT, "graph '%s': value '%s' is an input and an output and can't be replaced",
                 graph->name, old->name);
    if (old->is_output) {
        orti_value_id output = to;
        if (carrier->kind != ORTI_VALUE_INNER || carrier->is_output) ORT_TRY(identity_add(graph, from, to, &output));
        ORT_TRY(names_swap(graph, from, output));
        outputs_replace(graph, from, output);
    }
    knowledge_pass(graph->values[from], graph->values[to]);
    readers_replace(graph, from, to);
    orti_graph_touch(graph);
    return NULL;
}
