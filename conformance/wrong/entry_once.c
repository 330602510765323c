/* Serves one host in a process: the second gets an empty table. */
#include "wrong.h"

static uint32_t entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    static const ortp_plugin_table empty = {.size = sizeof empty};
    static int served;
    uint32_t code = ortc_wrong_entry(request, reply);
    if (code == ORT_CODE_OK && served++) reply->plugin = &empty;
    return code;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.entry = entry;
}
