#include "graph/inner.h"

typedef struct verify_work {
    orti_graph *graph;
    const orti_node *node;
    ort_status *status;
} verify_work;

#define VERIFY_DEPTH_MAX 256u

static ort_status *verify_graph(orti_graph *graph, uint32_t depth);

static ort_status *verify_constant(const orti_graph *graph, const orti_value *value) {
    const orti_tensor *tensor = value->constant;
    if (!tensor) ORT_FAIL(INVALID_MODEL, "graph '%s': constant '%s' holds no tensor", graph->name, value->name);
    bool is_equal = value->dtype == tensor->dtype && value->has_shape && value->rank == tensor->rank;
    for (uint32_t i = 0; is_equal && i < value->rank; i++) is_equal = value->dims[i] == tensor->dims[i];
    if (is_equal) return NULL;
    orti_text declared, held;
    orti_text_init(&declared, graph->arena.alloc);
    orti_text_init(&held, graph->arena.alloc);
    orti_graph_print_type(graph, value, &declared);
    orti_shape_print(tensor->dtype, tensor->dims, tensor->rank, &held);
    ort_status *status = ORT_STATUS(INVALID_MODEL, "graph '%s': constant '%s' is declared %s and holds %s", graph->name,
                                    value->name, declared.data, held.data);
    orti_text_finish(&declared);
    orti_text_finish(&held);
    return status;
}

static ort_status *verify_producer(const orti_graph *graph, orti_value_id id) {
    const orti_value *value = graph->values[id];
    if (value->producer == ORTI_NONE) return NULL;
    if (value->kind != ORTI_VALUE_INNER)
        ORT_FAIL(INVALID_MODEL, "graph '%s': value '%s' has a producer but is no inner value", graph->name,
                 value->name);
    const orti_node *node = value->producer < graph->node_count ? graph->nodes[value->producer] : NULL;
    if (!node || node->is_deleted)
        ORT_FAIL(INVALID_MODEL, "graph '%s': the producer of value '%s' is node %u, which does not exist", graph->name,
                 value->name, value->producer);
    if (value->producer_index >= node->output_count || node->outputs[value->producer_index] != id)
        ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' (%s) does not list its output '%s'", graph->name, node->name,
                 node->op_type, value->name);
    return NULL;
}

static ort_status *verify_value(const orti_graph *graph, orti_value_id id) {
    const orti_value *value = graph->values[id];
    if (!value->name || orti_graph_find_value(graph, value->name) != id)
        ORT_FAIL(INVALID_MODEL, "graph '%s': the name '%s' of value %u belongs to another value", graph->name,
                 value->name ? value->name : "", id);
    if (value->dtype >= ORT_DTYPE_COUNT)
        ORT_FAIL(INVALID_MODEL, "graph '%s': value '%s' has element type %u", graph->name, value->name, value->dtype);
    if (value->has_shape && (value->rank > ORTI_RANK_MAX || (value->rank && !value->dims)))
        ORT_FAIL(INVALID_MODEL, "graph '%s': value '%s' has a shape of rank %u without dimensions", graph->name,
                 value->name, value->rank);
    if (value->kind == ORTI_VALUE_CONSTANT) ORT_TRY(verify_constant(graph, value));
    if (value->kind == ORTI_VALUE_CAPTURE && (!graph->outer || value->outer_id >= graph->outer->value_count))
        ORT_FAIL(INVALID_MODEL, "graph '%s': value '%s' captures value %u, which no graph around it has", graph->name,
                 value->name, value->outer_id);
    return verify_producer(graph, id);
}

/* A value that is read, or is an output, must come from somewhere. */
static ort_status *verify_source(const orti_graph *graph, orti_value_id id, const char *reader) {
    if (id >= graph->value_count)
        ORT_FAIL(INVALID_MODEL, "graph '%s': %s is value %u, the graph has %u values", graph->name, reader, id,
                 graph->value_count);
    const orti_value *value = graph->values[id];
    if (value->kind == ORTI_VALUE_INNER && value->producer == ORTI_NONE)
        ORT_FAIL(INVALID_MODEL, "graph '%s': %s is value '%s', which nothing produces", graph->name, reader,
                 value->name);
    return NULL;
}

static void verify_read(void *user, orti_value_id id) {
    verify_work *work = user;
    if (work->status) return;
    bool is_good = id < work->graph->value_count && (work->graph->values[id]->kind != ORTI_VALUE_INNER ||
                                                     work->graph->values[id]->producer != ORTI_NONE);
    if (is_good) return;
    work->status =
        ORT_NOTE(verify_source(work->graph, id, "an input"), "node '%s' (%s)", work->node->name, work->node->op_type);
}

static ort_status *verify_node(orti_graph *graph, orti_node_id id, uint32_t depth) {
    const orti_node *node = graph->nodes[id];
    verify_work work = {.graph = graph, .node = node};
    orti_graph_node_reads(node, verify_read, &work);
    ORT_TRY(work.status);
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == ORTI_NONE) continue;
        if (node->outputs[i] >= graph->value_count)
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' (%s): output %u is value %u, the graph has %u values",
                     graph->name, node->name, node->op_type, i, node->outputs[i], graph->value_count);
        const orti_value *value = graph->values[node->outputs[i]];
        if (value->producer != id || value->producer_index != i)
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' (%s): output %u, value '%s', is produced elsewhere",
                     graph->name, node->name, node->op_type, i, value->name);
    }
    for (uint32_t i = 0, count = orti_node_subgraph_count(node); i < count; i++) {
        orti_graph *body = orti_node_subgraph(node, i);
        if (body->outer != graph)
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' (%s): its body '%s' lies in another graph", graph->name,
                     node->name, node->op_type, body->name);
        ort_status *status = verify_graph(body, depth + 1);
        if (status) return ORT_NOTE(status, "node '%s' (%s)", node->name, node->op_type);
    }
    return NULL;
}

static ort_status *verify_ends(const orti_graph *graph) {
    uint32_t kind_count = 0;
    for (uint32_t i = 0; i < graph->inputs.count; i++) {
        orti_value_id id = graph->inputs.ids[i];
        if (id >= graph->value_count || graph->values[id]->kind != ORTI_VALUE_INPUT)
            ORT_FAIL(INVALID_MODEL, "graph '%s': input %u, value '%s', is no input", graph->name, i,
                     id < graph->value_count ? graph->values[id]->name : "?");
    }
    for (uint32_t v = 0; v < graph->value_count; v++) kind_count += graph->values[v]->kind == ORTI_VALUE_INPUT;
    if (kind_count != graph->inputs.count)
        ORT_FAIL(INVALID_MODEL, "graph '%s': %u values are inputs, %u are listed", graph->name, kind_count,
                 graph->inputs.count);
    for (uint32_t i = 0; i < graph->outputs.count; i++) {
        ORT_TRY(verify_source(graph, graph->outputs.ids[i], "an output"));
        const orti_value *value = graph->values[graph->outputs.ids[i]];
        if (!value->is_output)
            ORT_FAIL(INVALID_MODEL, "graph '%s': output '%s' is not marked as one", graph->name, value->name);
    }
    return NULL;
}

static ort_status *verify_graph(orti_graph *graph, uint32_t depth) {
    const orti_node_id *order = NULL;
    uint32_t order_count = 0;
    if (depth > VERIFY_DEPTH_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "graph '%s' lies %u bodies deep, the limit is %u", graph->name, depth,
                 VERIFY_DEPTH_MAX);
    for (uint32_t v = 0; v < graph->value_count; v++) ORT_TRY(verify_value(graph, v));
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n]->is_deleted) ORT_TRY(verify_node(graph, n, depth));
    ORT_TRY(verify_ends(graph));
    return orti_graph_order(graph, &order, &order_count);
}

ort_status *orti_graph_verify(orti_graph *graph) {
    return verify_graph(graph, 0);
}
