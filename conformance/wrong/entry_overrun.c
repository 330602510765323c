/* Writes behind the end of the reply. */
#include "wrong.h"

#include <string.h>

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t size = reply->size;
    uint32_t code = ortc_wrong_entry(request, reply);
    memset((char *)reply + size, 0x5a, 8);
    return code;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
