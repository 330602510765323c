/* Agrees on a minor that the host did not offer. */
#include "wrong.h"

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t code = ortc_wrong_entry(request, reply);
    if (code == ORT_CODE_OK) reply->agreed_minor = request->max_minor + 7;
    return code;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
