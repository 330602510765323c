/* Takes a host of a major version that did not exist when it was written. */
#include "wrong.h"

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    ortp_entry_request older = *request;
    older.major = ORTP_ABI_MAJOR;
    older.min_minor = older.max_minor = ORTP_ABI_MINOR;
    return ortc_wrong_entry(&older, reply);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
