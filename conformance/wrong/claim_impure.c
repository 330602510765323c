/* Takes nodes on every other question alone. */
#include "wrong.h"

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    static int asked;
    ortp_graph_info graph = {.size = sizeof graph};
    if (asked++ % 2 == 0) return async_claim_table.propose(instance, view, allowed, policy, sink);
    ort_status *status = instance->host->graph->graph(view, &graph);
    for (uint32_t i = 0; i < graph.node_count && !status; i++)
        if (!allowed || allowed[i])
            status = sink->decline(sink->user, graph.nodes[i], ORTP_DECLINE_COST, (ort_string_view){"not now", 7});
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
