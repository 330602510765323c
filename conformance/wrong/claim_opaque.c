/* Takes operators that it has never heard of. */
#include "wrong.h"

static ort_status *forward(void *user, const ortp_proposal *proposal) {
    const ortp_claim_sink *sink = user;
    return sink->propose(sink->user, proposal);
}

static ort_status *take(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    const ortp_claim_sink *sink = user;
    (void)code, (void)text;
    const ortp_proposal proposal = {
        .size = sizeof proposal, .token = (UINT64_C(1) << 40) + node, .node_count = 1, .nodes = &node, .cost_ns = 1};
    return sink->propose(sink->user, &proposal);
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_claim_sink middle = {
        .size = sizeof middle, .user = (void *)(uintptr_t)sink, .propose = forward, .decline = take};
    return async_claim_table.propose(instance, view, allowed, policy, &middle);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
