/* Takes the first and the last node that it can compute as one piece, and leaves those between. */
#include "wrong.h"

static ort_status *first_and_last(void *user, const ortp_proposal *proposal) {
    uint32_t *ends = user;
    if (ends[0] == ORTP_NONE) ends[0] = proposal->nodes[0];
    ends[1] = proposal->nodes[proposal->node_count - 1];
    return NULL;
}

static ort_status *ignore(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    (void)user, (void)node, (void)code, (void)text;
    return NULL;
}

static ort_status *others_decline(const ortp_graph_info *graph, const uint8_t *allowed, const uint32_t *ends,
                                  const ortp_claim_sink *sink) {
    ort_status *status = NULL;
    for (uint32_t i = 0; i < graph->node_count && !status; i++) {
        uint32_t node = graph->nodes[i];
        if ((!allowed || allowed[i]) && node != ends[0] && node != ends[1])
            status = sink->decline(sink->user, node, ORTP_DECLINE_COST, (ort_string_view){"left out", 8});
    }
    return status;
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    uint32_t ends[2] = {ORTP_NONE, ORTP_NONE};
    ortp_graph_info graph = {.size = sizeof graph};
    const ortp_claim_sink look = {.size = sizeof look, .user = ends, .propose = first_and_last, .decline = ignore};
    ort_status *status = async_claim_table.propose(instance, view, allowed, policy, &look);
    if (!status) status = instance->host->graph->graph(view, &graph);
    if (!status && ends[0] == ends[1]) return async_claim_table.propose(instance, view, allowed, policy, sink);
    if (!status) status = others_decline(&graph, allowed, ends, sink);
    const ortp_proposal both = {.size = sizeof both, .token = UINT64_C(1) << 40, .node_count = 2, .nodes = ends};
    return status ? status : sink->propose(sink->user, &both);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
