#include "graph/inner.h"

#include <stdio.h>

ort_status *orti_graph_create(const orti_allocator *alloc, orti_graph *outer, orti_graph **out) {
    orti_graph *graph = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *graph, &graph));
    orti_arena_init(&graph->arena, alloc);
    orti_map_init(&graph->names, alloc);
    graph->outer = outer;
    graph->name = "";
    if (outer) {
        graph->pool = outer->pool;
    } else {
        ort_status *status = orti_dim_pool_create(alloc, &graph->pool);
        if (status) {
            orti_graph_destroy(graph);
            return status;
        }
    }
    *out = graph;
    return NULL;
}

static void node_release(orti_node *node) {
    for (uint32_t i = 0; i < node->attr_count; i++) orti_graph_attr_release(&node->attrs[i]);
    orti_graph_destroy(node->body);
}

void orti_graph_destroy(orti_graph *graph) {
    if (!graph) return;
    const orti_allocator *alloc = graph->arena.alloc;
    for (uint32_t i = 0; i < graph->node_count; i++) node_release(graph->nodes[i]);
    for (uint32_t i = 0; i < graph->value_count; i++) orti_tensor_release(graph->values[i]->constant);
    if (!graph->outer) orti_dim_pool_destroy(graph->pool);
    id_list *lists[] = {&graph->inputs, &graph->outputs, &graph->order, &graph->use_starts, &graph->uses};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) orti_free(alloc, lists[i]->ids);
    orti_free(alloc, graph->nodes);
    orti_free(alloc, graph->values);
    orti_map_finish(&graph->names);
    orti_arena_finish(&graph->arena);
    orti_free(alloc, graph);
}

ort_status *orti_graph_list_add(orti_graph *graph, id_list *list, uint32_t id) {
    ORT_TRY(orti_grow(graph->arena.alloc, &list->ids, &list->capacity, (size_t)list->count + 1, sizeof id));
    list->ids[list->count++] = id;
    return NULL;
}

ort_status *orti_graph_list_resize(orti_graph *graph, id_list *list, uint32_t count) {
    ORT_TRY(orti_grow(graph->arena.alloc, &list->ids, &list->capacity, count, sizeof *list->ids));
    list->count = count;
    return NULL;
}

void orti_graph_touch(orti_graph *graph) {
    for (; graph; graph = graph->outer) graph->has_order = graph->has_uses = false;
}

const char *orti_graph_name(const orti_graph *graph) {
    return graph->name;
}

ort_status *orti_graph_set_name(orti_graph *graph, const char *name) {
    return orti_arena_string(&graph->arena, name, strlen(name), &graph->name);
}

orti_arena *orti_graph_arena(orti_graph *graph) {
    return &graph->arena;
}
orti_dim_pool *orti_graph_pool(const orti_graph *graph) {
    return graph->pool;
}
orti_graph *orti_graph_outer(const orti_graph *graph) {
    return graph->outer;
}
uint32_t orti_graph_node_count(const orti_graph *graph) {
    return graph->node_count;
}
uint32_t orti_graph_value_count(const orti_graph *graph) {
    return graph->value_count;
}

uint32_t orti_graph_live_node_count(const orti_graph *graph) {
    uint32_t count = 0;
    for (orti_node_id id = 0; id < graph->node_count; id++) {
        const orti_node *node = graph->nodes[id];
        if (node->is_deleted) continue;
        count++;
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            count += orti_graph_live_node_count(orti_node_subgraph(node, i));
    }
    return count;
}

orti_node *orti_graph_node(const orti_graph *graph, orti_node_id id) {
    ORT_ASSERT(id < graph->node_count);
    return graph->nodes[id];
}

orti_value *orti_graph_value(const orti_graph *graph, orti_value_id id) {
    ORT_ASSERT(id < graph->value_count);
    return graph->values[id];
}

orti_value_id orti_graph_find_value(const orti_graph *graph, const char *name) {
    return orti_map_find(&graph->names, name, strlen(name));
}

uint32_t orti_graph_input_count(const orti_graph *graph) {
    return graph->inputs.count;
}

orti_value_id orti_graph_input(const orti_graph *graph, uint32_t index) {
    ORT_ASSERT(index < graph->inputs.count);
    return graph->inputs.ids[index];
}

uint32_t orti_graph_output_count(const orti_graph *graph) {
    return graph->outputs.count;
}

orti_value_id orti_graph_output(const orti_graph *graph, uint32_t index) {
    ORT_ASSERT(index < graph->outputs.count);
    return graph->outputs.ids[index];
}

ort_status *orti_graph_check_node(const orti_graph *graph, orti_node_id id) {
    if (id >= graph->node_count || graph->nodes[id]->is_deleted)
        ORT_FAIL(INVALID_ARGUMENT, "graph '%s' has no node %u", graph->name, id);
    return NULL;
}

ort_status *orti_graph_check_value(const orti_graph *graph, orti_value_id id) {
    if (id >= graph->value_count) ORT_FAIL(INVALID_ARGUMENT, "graph '%s' has no value %u", graph->name, id);
    return NULL;
}

uint32_t orti_node_subgraph_count(const orti_node *node) {
    uint32_t count = node->body != NULL;
    for (uint32_t i = 0; i < node->attr_count; i++) {
        if (node->attrs[i].kind == ORTI_ATTR_GRAPH) count++;
        if (node->attrs[i].kind == ORTI_ATTR_GRAPHS) count += node->attrs[i].count;
    }
    return count;
}

orti_graph *orti_node_subgraph(const orti_node *node, uint32_t index) {
    if (node->body && index-- == 0) return node->body;
    for (uint32_t i = 0; i < node->attr_count; i++) {
        const orti_attr *attr = &node->attrs[i];
        uint32_t count = attr->kind == ORTI_ATTR_GRAPH ? 1 : attr->kind == ORTI_ATTR_GRAPHS ? attr->count : 0;
        if (index < count) return attr->kind == ORTI_ATTR_GRAPH ? attr->graph : attr->graphs[index];
        index -= count;
    }
    return NULL;
}

void orti_graph_node_reads(const orti_node *node, void (*visit)(void *user, orti_value_id value), void *user) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != ORTI_NONE) visit(user, node->inputs[i]);
    for (uint32_t i = 0, count = orti_node_subgraph_count(node); i < count; i++) {
        const orti_graph *body = orti_node_subgraph(node, i);
        for (uint32_t v = 0; body && v < body->value_count; v++)
            if (body->values[v]->kind == ORTI_VALUE_CAPTURE) visit(user, body->values[v]->outer_id);
    }
}
