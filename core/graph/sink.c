/* Nodes move into the graphs of a node that they read, a copy into each. */
#include "graph/inner.h"

typedef struct sinking {
    orti_graph *from, *to;
    orti_value_id *mapped; /* by value of `from`: its id in `to`, or ORTI_NONE */
} sinking;

static ort_status *name_find(const sinking *self, const char *name, const char **out) {
    *out = name;
    if (orti_graph_find_value(self->to, name) == ORTI_NONE) return NULL;
    return orti_graph_unique_name(self->to, name, out);
}

/* What the copy reads from around. */
static ort_status *value_bring(const sinking *self, orti_value_id id) {
    const orti_value *value = self->from->values[id];
    const char *name = NULL;
    if (self->mapped[id] != ORTI_NONE) return NULL;
    ORT_TRY(name_find(self, value->name, &name));
    if (value->constant) return orti_graph_add_constant(self->to, name, value->constant, &self->mapped[id]);
    return orti_graph_add_capture(self->to, name, id, &self->mapped[id]);
}

/* What the copy makes. */
static ort_status *value_copy(const sinking *self, orti_value_id id) {
    const orti_value *from = self->from->values[id];
    const char *name = NULL;
    ORT_TRY(name_find(self, from->name, &name));
    ORT_TRY(orti_graph_add_value(self->to, name, ORTI_VALUE_INNER, &self->mapped[id]));
    orti_value *value = self->to->values[self->mapped[id]];
    value->type = from->type;
    value->dtype = from->dtype;
    if (!from->type_text) return NULL;
    return orti_arena_string(&self->to->arena, from->type_text, strlen(from->type_text), &value->type_text);
}

static ort_status *ids_map(const sinking *self, const orti_value_id *ids, uint32_t count,
                           ort_status *(*make)(const sinking *self, orti_value_id id), orti_value_id **out) {
    ORT_TRY(orti_arena_alloc(&self->to->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) {
        (*out)[i] = ORTI_NONE;
        if (ids[i] == ORTI_NONE) continue;
        ORT_TRY(make(self, ids[i]));
        (*out)[i] = self->mapped[ids[i]];
    }
    return NULL;
}

static ort_status *body_copy(const sinking *self, const orti_graph *body, orti_graph **out) {
    ORT_TRY(orti_graph_copy(body, out));
    (*out)->outer = self->to;
    for (uint32_t v = 0; v < (*out)->value_count; v++) {
        orti_value *value = (*out)->values[v];
        if (value->kind != ORTI_VALUE_CAPTURE) continue;
        ort_status *status = value_bring(self, value->outer_id);
        if (status) {
            orti_graph_destroy(*out);
            *out = NULL;
            return status;
        }
        value->outer_id = self->mapped[value->outer_id];
    }
    return NULL;
}

static void captures_map(const sinking *self) {
    for (uint32_t v = 0; v < self->from->value_count; v++) self->mapped[v] = ORTI_NONE;
    for (uint32_t v = 0; v < self->to->value_count; v++)
        if (self->to->values[v]->kind == ORTI_VALUE_CAPTURE) self->mapped[self->to->values[v]->outer_id] = v;
}

ort_status *orti_graph_copy_inside(orti_graph *inside, const orti_graph *body, orti_graph **out) {
    sinking self = {inside->outer, inside, NULL};
    const orti_allocator *alloc = inside->arena.alloc;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, (size_t)self.from->value_count + 1, sizeof *self.mapped, &self.mapped));
    captures_map(&self);
    ort_status *status = body_copy(&self, body, out);
    orti_free(alloc, self.mapped);
    return status;
}

static ort_status *attr_copy(const sinking *self, const orti_attr *from, orti_node_id id) {
    orti_attr copy = *from;
    if (from->graphs)
        ORT_FAIL(UNSUPPORTED, "node '%s': a list of graphs can't be copied yet", self->to->nodes[id]->name);
    if (from->graph) ORT_TRY(body_copy(self, from->graph, &copy.graph));
    return orti_graph_set_attr(self->to, id, &copy);
}

static ort_status *node_copy(const sinking *self, const orti_node *from) {
    orti_value_id *inputs = NULL, *outputs = NULL;
    orti_node_id id = ORTI_NONE;
    ORT_TRY(ids_map(self, from->inputs, from->input_count, value_bring, &inputs));
    ORT_TRY(ids_map(self, from->outputs, from->output_count, value_copy, &outputs));
    ORT_TRY(orti_graph_add_node(self->to, from->name, from->domain, from->op_type, inputs, from->input_count, outputs,
                                from->output_count, &id));
    for (uint32_t i = 0; i < from->attr_count; i++) ORT_TRY(attr_copy(self, &from->attrs[i], id));
    orti_node *node = self->to->nodes[id];
    node->since_version = from->since_version;
    node->until_version = from->until_version;
    node->op = from->op;
    return from->body ? body_copy(self, from->body, &node->body) : NULL;
}

/* The graph's outputs become `kept` of those that it has, then copies of `values`. */
static ort_status *outputs_set(const sinking *self, const bool *kept, const orti_value_id *values, uint32_t count) {
    id_list *outputs = &self->to->outputs;
    uint32_t before = outputs->count;
    outputs->count = 0;
    for (uint32_t k = 0; k < before; k++)
        if (kept[k]) outputs->ids[outputs->count++] = outputs->ids[k];
    for (uint32_t i = 0; i < count; i++) ORT_TRY(orti_graph_list_add(self->to, outputs, self->mapped[values[i]]));
    for (uint32_t v = 0; v < self->to->value_count; v++) self->to->values[v]->is_output = false;
    for (uint32_t k = 0; k < outputs->count; k++) self->to->values[outputs->ids[k]]->is_output = true;
    orti_graph_touch(self->to);
    return NULL;
}

typedef struct sink_list {
    const orti_node_id *nodes;
    uint32_t node_count, value_count;
    orti_value_id *values; /* of theirs, that are outputs of the graph */
    bool *kept;            /* by output of the node: it is still read */
} sink_list;

static ort_status *sink_into(orti_graph *graph, const orti_node *node, orti_graph *body, const sink_list *list) {
    sinking self = {graph, body, NULL};
    ORT_TRY(orti_alloc(graph->arena.alloc, (size_t)graph->value_count + 1, sizeof *self.mapped, &self.mapped));
    captures_map(&self);
    for (uint32_t k = 0; k < node->output_count; k++)
        if (node->outputs[k] != ORTI_NONE) self.mapped[node->outputs[k]] = body->outputs.ids[k];
    ort_status *status = NULL;
    for (uint32_t i = 0; i < list->node_count && !status; i++) status = node_copy(&self, graph->nodes[list->nodes[i]]);
    if (!status) status = outputs_set(&self, list->kept, list->values, list->value_count);
    orti_free(graph->arena.alloc, self.mapped);
    return status;
}

static ort_status *list_make(orti_graph *graph, const orti_node *node, sink_list *list) {
    size_t count = 0;
    for (uint32_t i = 0; i < list->node_count; i++) count += graph->nodes[list->nodes[i]]->output_count;
    ORT_TRY(orti_arena_alloc(&graph->arena, count, sizeof *list->values, &list->values));
    ORT_TRY(orti_arena_alloc(&graph->arena, node->output_count, sizeof *list->kept, &list->kept));
    for (uint32_t i = 0; i < list->node_count; i++) {
        const orti_node *at = graph->nodes[list->nodes[i]];
        for (uint32_t k = 0; k < at->output_count; k++)
            if (at->outputs[k] != ORTI_NONE && graph->values[at->outputs[k]]->is_output)
                list->values[list->value_count++] = at->outputs[k];
    }
    return NULL;
}

/* The nodes are gone from the graph, and `node` makes what they made. */
static ort_status *node_rewire(orti_graph *graph, orti_node_id id, const sink_list *list) {
    orti_node *node = graph->nodes[id];
    orti_value_id *outputs = NULL;
    uint32_t count = 0;
    ORT_TRY(orti_arena_alloc(&graph->arena, (size_t)node->output_count + list->value_count, sizeof *outputs, &outputs));
    for (uint32_t k = 0; k < node->output_count; k++) {
        if (list->kept[k])
            outputs[count++] = node->outputs[k];
        else if (node->outputs[k] != ORTI_NONE)
            graph->values[node->outputs[k]]->producer = ORTI_NONE;
    }
    for (uint32_t i = 0; i < list->value_count; i++) outputs[count++] = list->values[i];
    node->outputs = outputs;
    node->output_count = count;
    for (uint32_t k = 0; k < count; k++) {
        if (outputs[k] == ORTI_NONE) continue;
        graph->values[outputs[k]]->producer = id;
        graph->values[outputs[k]]->producer_index = k;
    }
    orti_graph_touch(graph);
    return NULL;
}

ort_status *orti_graph_sink(orti_graph *graph, orti_node_id id, const orti_node_id *nodes, uint32_t node_count) {
    ORT_TRY(orti_graph_check_node(graph, id));
    const orti_node *node = graph->nodes[id];
    sink_list list = {.nodes = nodes, .node_count = node_count};
    ORT_TRY(list_make(graph, node, &list));
    for (uint32_t i = 0; i < node->attr_count; i++)
        if (node->attrs[i].graph && node->attrs[i].graph->outputs.count != node->output_count)
            ORT_FAIL(INVALID_ARGUMENT, "node '%s': its graph '%s' has another number of outputs", node->name,
                     node->attrs[i].name);
    /* Whether an output is still read is seen once its readers are gone from the list of live nodes. */
    for (uint32_t i = 0; i < node_count; i++) graph->nodes[nodes[i]]->is_deleted = true;
    orti_graph_touch(graph);
    ort_status *status = NULL;
    for (uint32_t k = 0; k < node->output_count && !status; k++) {
        const orti_node_id *readers = NULL;
        uint32_t reader_count = 0;
        if (node->outputs[k] == ORTI_NONE) continue;
        status = orti_graph_consumers(graph, node->outputs[k], &readers, &reader_count);
        list.kept[k] = reader_count || graph->values[node->outputs[k]]->is_output;
    }
    for (uint32_t i = 0; i < node_count; i++) graph->nodes[nodes[i]]->is_deleted = false;
    orti_graph_touch(graph);
    for (uint32_t i = 0; i < node->attr_count && !status; i++)
        if (node->attrs[i].graph) status = sink_into(graph, node, node->attrs[i].graph, &list);
    if (status) return status;
    for (uint32_t i = 0; i < node_count; i++) orti_graph_remove_node(graph, nodes[i]);
    return node_rewire(graph, id, &list);
}
