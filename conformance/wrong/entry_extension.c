/* Skips an extension that has to be understood. */
#include "wrong.h"

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    ortp_entry_request plain = *request;
    plain.next = NULL;
    return ortc_wrong_entry(&plain, reply);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
