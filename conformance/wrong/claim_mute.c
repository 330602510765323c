/* Declines without a text. */
#include "wrong.h"

static ort_status *forward(void *user, const ortp_proposal *proposal) {
    const ortp_claim_sink *sink = user;
    return sink->propose(sink->user, proposal);
}

static ort_status *decline(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    const ortp_claim_sink *sink = user;
    (void)text;
    return sink->decline(sink->user, node, code, (ort_string_view){"", 0});
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_claim_sink middle = {
        .size = sizeof middle, .user = (void *)(uintptr_t)sink, .propose = forward, .decline = decline};
    return async_claim_table.propose(instance, view, allowed, policy, &middle);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
