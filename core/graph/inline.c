/* A function call becomes the nodes of its body, and a node with graphs in attributes the nodes of one of them. */
#include "graph/inner.h"

typedef struct inlining {
    orti_graph *graph, *body;
    const char *call_name;
    const orti_value_id *call_outputs;
    uint32_t call_output_count;
    orti_value_id *to; /* by value of the body: what it is in the graph */
} inlining;

static ort_status *facts_copy(const inlining *self, const orti_value *from, orti_value_id to) {
    orti_value *value = self->graph->values[to];
    value->type = from->type;
    if (from->type_text)
        ORT_TRY(orti_arena_string(&self->graph->arena, from->type_text, strlen(from->type_text), &value->type_text));
    return orti_graph_set_shape(self->graph, to, from->dtype, from->dims, from->has_shape ? from->rank : ORTI_NONE);
}

/* The call's output that the body's value is, and nothing else is yet; or ORTI_NONE. */
static orti_value_id output_that_is(const inlining *self, orti_value_id value) {
    if (self->body->values[value]->kind != ORTI_VALUE_INNER) return ORTI_NONE;
    for (uint32_t k = 0; k < self->call_output_count && k < self->body->outputs.count; k++)
        if (self->body->outputs.ids[k] == value && self->call_outputs[k] != ORTI_NONE) return self->call_outputs[k];
    return ORTI_NONE;
}

static ort_status *value_map(const inlining *self, orti_value_id id) {
    const orti_value *value = self->body->values[id];
    const char *name = NULL;
    if (value->kind == ORTI_VALUE_INPUT) return NULL; /* mapped already */
    if (value->kind == ORTI_VALUE_CAPTURE) {
        self->to[id] = value->outer_id;
        return NULL;
    }
    self->to[id] = output_that_is(self, id);
    if (self->to[id] != ORTI_NONE) return NULL;
    ORT_TRY(orti_graph_unique_name(self->graph, value->name, &name));
    if (value->kind == ORTI_VALUE_CONSTANT)
        return orti_graph_add_constant(self->graph, name, value->constant, &self->to[id]);
    ORT_TRY(orti_graph_add_value(self->graph, name, ORTI_VALUE_INNER, &self->to[id]));
    return facts_copy(self, value, self->to[id]);
}

/* A capture can't be left out. */
static ort_status *captures_check(const inlining *self, const orti_graph *inside) {
    for (uint32_t v = 0; v < inside->value_count; v++) {
        const orti_value *value = inside->values[v];
        if (value->kind == ORTI_VALUE_CAPTURE && self->to[value->outer_id] == ORTI_NONE)
            ORT_FAIL(UNSUPPORTED,
                     "node '%s': it leaves out '%s', which a graph inside its function captures: not supported yet",
                     self->call_name, self->body->values[value->outer_id]->name);
    }
    return NULL;
}

/* A graph inside the body now lies in the graph: what it captured goes by another number. */
static void subgraph_move(const inlining *self, orti_graph *inside) {
    inside->outer = self->graph;
    for (uint32_t v = 0; v < inside->value_count; v++) {
        orti_value *value = inside->values[v];
        if (value->kind == ORTI_VALUE_CAPTURE) value->outer_id = self->to[value->outer_id];
    }
    orti_graph_touch(inside);
}

/* The body's node loses what is handed over. */
static ort_status *attr_move(const inlining *self, orti_attr *attr, orti_node_id node) {
    orti_attr moved = *attr;
    if (moved.graph) ORT_TRY(captures_check(self, moved.graph));
    for (uint32_t i = 0; moved.graphs && i < moved.count; i++) ORT_TRY(captures_check(self, moved.graphs[i]));
    if (moved.graph) subgraph_move(self, moved.graph);
    for (uint32_t i = 0; moved.graphs && i < moved.count; i++) subgraph_move(self, moved.graphs[i]);
    attr->graph = NULL;
    attr->graphs = NULL;
    return orti_graph_set_attr(self->graph, node, &moved);
}

static ort_status *ids_map(const inlining *self, const orti_value_id *from, uint32_t count, orti_value_id **out) {
    ORT_TRY(orti_arena_alloc(&self->graph->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) (*out)[i] = from[i] == ORTI_NONE ? ORTI_NONE : self->to[from[i]];
    return NULL;
}

static ort_status *node_name(const inlining *self, const orti_node *from, const char **out) {
    orti_text text;
    orti_text_init(&text, self->graph->arena.alloc);
    orti_text_add(&text, "%s/%s", self->call_name, from->name);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&self->graph->arena, text.data, text.length, out);
    orti_text_finish(&text);
    return status;
}

static ort_status *node_move(const inlining *self, orti_node *from) {
    orti_value_id *inputs = NULL, *outputs = NULL;
    const char *name = NULL;
    orti_node_id id = ORTI_NONE;
    ORT_TRY(node_name(self, from, &name));
    ORT_TRY(ids_map(self, from->inputs, from->input_count, &inputs));
    ORT_TRY(ids_map(self, from->outputs, from->output_count, &outputs));
    ORT_TRY(orti_graph_add_node(self->graph, name, from->domain, from->op_type, inputs, from->input_count, outputs,
                                from->output_count, &id));
    for (uint32_t i = 0; i < from->attr_count; i++) ORT_TRY(attr_move(self, &from->attrs[i], id));
    orti_node *node = self->graph->nodes[id];
    node->since_version = from->since_version;
    node->until_version = from->until_version;
    node->op = from->op;
    node->body = from->body;
    from->body = NULL;
    if (node->body) node->body->outer = self->graph;
    return NULL;
}

/* Outputs that are formal inputs, constants, or a value that is another output too. */
static ort_status *outputs_replace(const inlining *self) {
    for (uint32_t k = 0; k < self->call_output_count; k++) {
        orti_value_id output = self->call_outputs[k];
        if (output == ORTI_NONE || self->graph->values[output]->producer != ORTI_NONE) continue;
        orti_value_id source = k < self->body->outputs.count ? self->to[self->body->outputs.ids[k]] : ORTI_NONE;
        if (source == ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "node '%s': its function makes no output %u", self->call_name, k);
        ORT_TRY(orti_graph_replace_value(self->graph, output, source));
    }
    return NULL;
}

static ort_status *body_move(const inlining *self, const orti_node *call) {
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    for (uint32_t v = 0; v < self->body->value_count; v++) self->to[v] = ORTI_NONE;
    for (uint32_t i = 0; i < self->body->inputs.count && i < call->input_count; i++)
        self->to[self->body->inputs.ids[i]] = call->inputs[i];
    for (uint32_t v = 0; v < self->body->value_count; v++) ORT_TRY(value_map(self, v));
    ORT_TRY(orti_graph_order(self->body, &order, &count));
    for (uint32_t i = 0; i < count; i++) ORT_TRY(node_move(self, self->body->nodes[order[i]]));
    return outputs_replace(self);
}

/* `body` is taken. */
static ort_status *inline_graph(orti_graph *graph, orti_node_id id, orti_graph *body, orti_node_id *out_first) {
    const orti_node *call = graph->nodes[id];
    inlining self = {graph, body, call->name, call->outputs, call->output_count, NULL};
    *out_first = graph->node_count;
    orti_graph_remove_node(graph, id);
    ort_status *status = orti_alloc(graph->arena.alloc, (size_t)body->value_count + 1, sizeof *self.to, &self.to);
    if (!status) status = body_move(&self, call);
    orti_free(graph->arena.alloc, self.to);
    orti_graph_destroy(body);
    return status;
}

ort_status *orti_graph_inline_body(orti_graph *graph, orti_node_id id, orti_node_id *out_first) {
    ORT_TRY(orti_graph_check_node(graph, id));
    orti_node *call = graph->nodes[id];
    orti_graph *body = call->body;
    if (!body) ORT_FAIL(INVALID_ARGUMENT, "node '%s' (%s) has no body", call->name, call->op_type);
    call->body = NULL;
    return inline_graph(graph, id, body, out_first);
}

ort_status *orti_graph_inline_attr(orti_graph *graph, orti_node_id id, const char *attr_name, orti_node_id *out_first) {
    ORT_TRY(orti_graph_check_node(graph, id));
    orti_node *node = graph->nodes[id];
    for (uint32_t i = 0; i < node->attr_count; i++) {
        orti_graph *body = node->attrs[i].graph;
        if (!body || strcmp(node->attrs[i].name, attr_name) != 0) continue;
        node->attrs[i].graph = NULL;
        return inline_graph(graph, id, body, out_first);
    }
    ORT_FAIL(INVALID_ARGUMENT, "node '%s' (%s) has no graph '%s'", node->name, node->op_type, attr_name);
}

ort_status *orti_graph_inline_calls(orti_graph *graph) {
    for (orti_node_id id = 0; id < graph->node_count; id++) {
        const orti_node *node = graph->nodes[id];
        orti_node_id first = ORTI_NONE;
        if (node->is_deleted) continue;
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_graph_inline_calls(orti_node_subgraph(node, i)));
        if (node->body && !node->op) ORT_TRY(orti_graph_inline_body(graph, id, &first));
    }
    return NULL;
}
