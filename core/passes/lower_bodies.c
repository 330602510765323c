/* Composites of ONNX's own get their bodies, so that a provider may take them by body, and what nobody takes whole can
 * be expanded. Needs: the newest form of every operator; inference (types, ranks). Keeps: everything. Breaks: nothing;
 * it comes last, because a node with a body is none that other passes look at. */
#include "passes/pass.h"

ort_status *orti_lower_bodies(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        bool is_given = false;
        if (node->is_deleted) continue;
        for (uint32_t i = 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_lower_bodies(orti_node_subgraph(node, i), context, changed));
        ORT_TRY(orti_ops_give_body(graph, id, &is_given));
        *changed = *changed || is_given;
    }
    return NULL;
}
