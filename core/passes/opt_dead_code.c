/* Nodes whose values nobody reads go, and so does the memory of constants that nobody reads.
 * Needs: nothing. Keeps: everything else. Breaks: nothing. */
#include "passes/pass.h"

/* What a live node reads, its bodies' captures included. */
static void mark_reads(const orti_graph *graph, const orti_node *node, bool *live) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != ORTI_NONE) live[node->inputs[i]] = true;
    for (uint32_t i = 0; i < orti_node_subgraph_count(node); i++) {
        const orti_graph *body = orti_node_subgraph(node, i);
        if (orti_graph_outer(body) != graph) continue;
        for (orti_value_id v = 0; v < orti_graph_value_count(body); v++)
            if (orti_graph_value(body, v)->kind == ORTI_VALUE_CAPTURE) live[orti_graph_value(body, v)->outer_id] = true;
    }
}

static bool is_read(const orti_node *node, const bool *live) {
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] != ORTI_NONE && live[node->outputs[i]]) return true;
    return false;
}

/* The value stays as an id without a producer, as the outputs of removed nodes do. */
static void drop_constants(const orti_graph *graph, const bool *live) {
    for (orti_value_id id = 0; id < orti_graph_value_count(graph); id++) {
        orti_value *value = orti_graph_value(graph, id);
        if (live[id] || value->kind != ORTI_VALUE_CONSTANT) continue;
        orti_tensor_release(value->constant);
        value->constant = NULL;
        value->kind = ORTI_VALUE_INNER;
    }
}

ort_status *orti_opt_dead_code(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    const orti_allocator *alloc = orti_rewrite_alloc(graph);
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    bool *live = NULL;
    (void)context;
    ORT_TRY(orti_graph_order(graph, &order, &count));
    ORT_TRY(orti_alloc(alloc, (size_t)orti_graph_value_count(graph) + orti_graph_node_count(graph) + 1, sizeof *live,
                       &live));
    bool *is_dead = live + orti_graph_value_count(graph);
    for (uint32_t i = 0; i < orti_graph_output_count(graph); i++) live[orti_graph_output(graph, i)] = true;
    for (uint32_t i = count; i-- > 0;) {
        const orti_node *node = orti_graph_node(graph, order[i]);
        is_dead[order[i]] = !is_read(node, live);
        if (!is_dead[order[i]]) mark_reads(graph, node, live);
    }
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        if (!is_dead[id]) continue;
        orti_graph_remove_node(graph, id);
        *changed = true;
    }
    drop_constants(graph, live);
    orti_free(alloc, live);
    return NULL;
}
