/* Refuses without a word. */
#include "wrong.h"

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t code = ortc_wrong_entry(request, reply);
    if (code != ORT_CODE_OK && reply) reply->text[0] = '\0';
    return code;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
