/* Claims a node that the view does not show. */
#include "wrong.h"

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    ortp_graph_info graph = {.size = sizeof graph};
    ort_status *status = async_claim_table.propose(instance, view, allowed, policy, sink);
    if (!status) status = instance->host->graph->graph(view, &graph);
    if (status) return status;
    const uint32_t beyond = graph.node_bound + 3;
    const ortp_proposal proposal = {
        .size = sizeof proposal, .token = UINT64_C(1) << 40, .node_count = 1, .nodes = &beyond};
    return sink->propose(sink->user, &proposal);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
