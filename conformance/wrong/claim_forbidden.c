/* Takes nodes that were not allowed. */
#include "wrong.h"

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    (void)allowed;
    return async_claim_table.propose(instance, view, NULL, policy, sink);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.claim.propose = propose;
}
