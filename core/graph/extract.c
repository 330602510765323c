/* Some of a graph's nodes as a graph of their own, and bodies that stand alone. */
#include "graph/inner.h"

typedef struct extraction {
    const orti_graph *from;
    orti_graph *to;
    orti_value_id *mapped; /* by value of `from`: its id in `to`, or ORTI_NONE */
} extraction;

static ort_status *value_add(const extraction *self, orti_value_id id, orti_value_kind kind) {
    const orti_value *from = self->from->values[id];
    orti_value_id *to = &self->mapped[id];
    if (from->kind == ORTI_VALUE_CONSTANT) return orti_graph_add_constant(self->to, from->name, from->constant, to);
    ORT_TRY(orti_graph_add_value(self->to, from->name, ORTI_VALUE_INNER, to));
    orti_value *value = self->to->values[*to];
    value->type = from->type;
    if (from->type_text)
        ORT_TRY(orti_arena_string(&self->to->arena, from->type_text, strlen(from->type_text), &value->type_text));
    ORT_TRY(orti_graph_set_shape(self->to, *to, from->dtype, from->dims, from->has_shape ? from->rank : ORTI_NONE));
    return kind == ORTI_VALUE_INPUT ? orti_graph_add_input(self->to, *to) : NULL;
}

static ort_status *ids_map(const extraction *self, const orti_value_id *ids, uint32_t count, orti_value_kind kind,
                           orti_value_id **out) {
    ORT_TRY(orti_arena_alloc(&self->to->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) {
        (*out)[i] = ORTI_NONE;
        if (ids[i] == ORTI_NONE) continue;
        if (self->mapped[ids[i]] == ORTI_NONE) ORT_TRY(value_add(self, ids[i], kind));
        (*out)[i] = self->mapped[ids[i]];
    }
    return NULL;
}

static ort_status *body_copy(const extraction *self, const orti_node *from, orti_node *to) {
    if (!from->body) return NULL;
    ORT_TRY(orti_graph_copy(from->body, &to->body));
    to->body->outer = self->to;
    return NULL;
}

static ort_status *node_add(const extraction *self, const orti_node *from) {
    orti_value_id *inputs = NULL, *outputs = NULL;
    orti_node_id id = ORTI_NONE;
    if (orti_node_subgraph_count(from) != (from->body != NULL))
        ORT_FAIL(UNSUPPORTED, "node '%s' (%s): a graph in an attribute of it is not known here", from->name,
                 from->op_type);
    ORT_TRY(ids_map(self, from->inputs, from->input_count, ORTI_VALUE_INPUT, &inputs));
    ORT_TRY(ids_map(self, from->outputs, from->output_count, ORTI_VALUE_INNER, &outputs));
    ORT_TRY(orti_graph_add_node(self->to, from->name, from->domain, from->op_type, inputs, from->input_count, outputs,
                                from->output_count, &id));
    for (uint32_t i = 0; i < from->attr_count; i++) ORT_TRY(orti_graph_set_attr(self->to, id, &from->attrs[i]));
    orti_node *node = self->to->nodes[id];
    node->since_version = from->since_version;
    node->until_version = from->until_version;
    node->op = from->op;
    return body_copy(self, from, node);
}

static ort_status *extract(const extraction *self, const orti_node_id *nodes, uint32_t node_count,
                           const orti_value_id *outputs, uint32_t output_count) {
    ORT_TRY(orti_graph_set_name(self->to, self->from->name));
    for (uint32_t v = 0; v < self->from->value_count; v++) self->mapped[v] = ORTI_NONE;
    for (uint32_t i = 0; i < node_count; i++) ORT_TRY(node_add(self, self->from->nodes[nodes[i]]));
    for (uint32_t i = 0; i < output_count; i++) {
        if (self->mapped[outputs[i]] == ORTI_NONE)
            ORT_FAIL(INVALID_ARGUMENT, "value '%s' is none of the nodes'", self->from->values[outputs[i]]->name);
        ORT_TRY(orti_graph_add_output(self->to, self->mapped[outputs[i]]));
    }
    return NULL;
}

ort_status *orti_graph_extract(orti_graph *graph, const orti_node_id *nodes, uint32_t node_count,
                               const orti_value_id *outputs, uint32_t output_count, orti_graph **out) {
    extraction self = {.from = graph};
    *out = NULL;
    ORT_TRY(orti_graph_create(graph->arena.alloc, graph, &self.to));
    ort_status *status =
        orti_alloc(graph->arena.alloc, (size_t)graph->value_count + 1, sizeof *self.mapped, &self.mapped);
    if (!status) status = extract(&self, nodes, node_count, outputs, output_count);
    orti_free(graph->arena.alloc, self.mapped);
    if (status)
        orti_graph_destroy(self.to);
    else
        *out = self.to;
    return status;
}

ort_status *orti_graph_close(orti_graph *body, orti_value_id **out_outer_ids, uint32_t *out_count) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < body->value_count; v++) count += body->values[v]->kind == ORTI_VALUE_CAPTURE;
    ORT_TRY(orti_arena_alloc(&body->arena, count, sizeof **out_outer_ids, out_outer_ids));
    *out_count = 0;
    for (uint32_t v = 0; v < body->value_count; v++) {
        orti_value *value = body->values[v];
        if (value->kind != ORTI_VALUE_CAPTURE) continue;
        (*out_outer_ids)[(*out_count)++] = value->outer_id;
        value->kind = ORTI_VALUE_INNER;
        value->outer_id = ORTI_NONE;
        ORT_TRY(orti_graph_add_input(body, v));
    }
    return NULL;
}

ort_status *orti_graph_settle_capture(orti_graph *body, orti_value_id id, bool is_read) {
    ORT_TRY(orti_graph_check_value(body, id));
    orti_value *value = body->values[id];
    orti_tensor *constant = value->kind == ORTI_VALUE_CAPTURE ? body->outer->values[value->outer_id]->constant : NULL;
    if (value->kind != ORTI_VALUE_CAPTURE || (is_read && !constant)) return NULL;
    value->kind = ORTI_VALUE_INNER;
    value->outer_id = ORTI_NONE;
    orti_graph_touch(body);
    return is_read ? orti_graph_make_constant(body, id, constant) : NULL;
}
