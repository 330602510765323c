/* Composites that no kernel takes whole, and whose bodies the kernels can do: they are claimed by body. The host then
 * puts the body's nodes in their place and asks again, so that nothing of this is compiled. */
#include "claim.h"

const ortk_kernel ortk_kernel_body = {.domain = "", .op = "body"};

/* One node of a body, which may be a composite itself. */
static ort_status *node_match(ortk_asker *asker, uint32_t id, bool *out_fits, double *out_cost_ns) {
    ortk_node node;
    ORTK_TRY(ortk_node_init(&node, asker->host, asker->view, id, &asker->constants));
    const ortk_kernel *kernel = ortk_node_match(asker, &node);
    *out_fits = kernel != NULL;
    *out_cost_ns = 0;
    if (kernel && kernel != &ortk_kernel_known) *out_cost_ns = ortk_node_cost_ns(asker, &node);
    return kernel ? NULL : ortk_body_match(asker, &node, out_fits, out_cost_ns);
}

static ort_status *nodes_match(ortk_asker *asker, bool *out_fits, double *out_cost_ns) {
    *out_fits = asker->graph.node_count > 0;
    *out_cost_ns = 0;
    for (uint32_t i = 0; i < asker->graph.node_count && *out_fits; i++) {
        double cost_ns;
        ORTK_TRY(node_match(asker, asker->graph.nodes[i], out_fits, &cost_ns));
        *out_cost_ns += cost_ns;
    }
    return NULL;
}

ort_status *ortk_body_match(const ortk_asker *asker, const ortk_node *node, bool *out_fits, double *out_cost_ns) {
    const ortp_view *body = NULL;
    *out_fits = false;
    *out_cost_ns = 0;
    if (!(node->info.flags & ORTP_NODE_HAS_BODY) || !asker->host->graph->body) return NULL;
    ORTK_TRY(asker->host->graph->body(asker->view, node->id, &body));
    if (!body) return NULL;
    ortk_asker inside = {.instance = asker->instance,
                         .host = asker->host,
                         .view = body,
                         .arena = asker->arena,
                         .symbols = asker->symbols,
                         .symbol_count = asker->symbol_count};
    inside.constants.arena = asker->arena;
    inside.constants.host = asker->host;
    inside.graph.size = sizeof inside.graph;
    ort_status *status = asker->host->graph->graph(body, &inside.graph);
    if (!status) status = nodes_match(&inside, out_fits, out_cost_ns);
    ortk_constants_release(&inside.constants);
    return status;
}
