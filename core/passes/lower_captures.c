/* What a body captures and is constant becomes a constant of the body, of the same bytes: a body is then read like any
 * graph. Captures that nobody reads go. Needs: nothing. Keeps: names. Breaks: nothing. */
#include "passes/pass.h"

static ort_status *captures_settle(orti_graph *body, bool *changed) {
    for (orti_value_id id = 0; id < orti_graph_value_count(body); id++) {
        const orti_value *value = orti_graph_value(body, id);
        bool is_unread = false;
        if (value->kind != ORTI_VALUE_CAPTURE) continue;
        ORT_TRY(orti_rewrite_is_unread(body, id, &is_unread));
        ORT_TRY(orti_graph_settle_capture(body, id, !is_unread));
        *changed = *changed || value->kind != ORTI_VALUE_CAPTURE;
    }
    return NULL;
}

ort_status *orti_lower_captures(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    if (orti_graph_outer(graph)) ORT_TRY(captures_settle(graph, changed));
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        for (uint32_t i = 0; !node->is_deleted && i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_lower_captures(orti_node_subgraph(node, i), context, changed));
    }
    return NULL;
}
