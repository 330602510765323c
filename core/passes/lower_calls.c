/* A call whose body holds what the core runs itself, or what only a run tells the size of, becomes the nodes of its
 * body: no provider could take it. Needs: bound nodes. Keeps: names of outputs. Breaks: nothing. */
#include "passes/pass.h"

static bool has_core(const orti_graph *body) {
    for (orti_node_id id = 0; id < orti_graph_node_count(body); id++) {
        const orti_node *node = orti_graph_node(body, id);
        if (node->is_deleted) continue;
        if (orti_op_is_core(node) || orti_op_is_told(node) || (node->body && has_core(node->body))) return true;
    }
    return false;
}

ort_status *orti_lower_calls(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    /* New nodes come last and are looked at too. */
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        orti_node_id first = ORTI_NONE;
        if (node->is_deleted) continue;
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_lower_calls(orti_node_subgraph(node, i), context, changed));
        if (!node->body || !has_core(node->body)) continue;
        ORT_TRY(orti_graph_inline_body(graph, id, &first));
        for (orti_node_id at = first; at < orti_graph_node_count(graph); at++)
            ORT_TRY(orti_ops_check_arity(orti_graph_node(graph, at)));
        *changed = true;
    }
    return NULL;
}
