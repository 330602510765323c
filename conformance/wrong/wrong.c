#include "wrong.h"

ortc_wrong_tables ortc_wrong;

/* Of the right plugin: renamed when it is built for this. */
uint32_t ortc_wrong_right_entry(const ortp_entry_request *request, ortp_entry_reply *reply);
ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

__attribute__((constructor)) static void tables_copy(void) {
    ortc_wrong = (ortc_wrong_tables){.plugin = async_plugin_table,
                                     .memory = async_memory_table,
                                     .queue = async_queue_table,
                                     .claim = async_claim_table,
                                     .program = async_program_table};
    ortc_wrong.plugin.memory = &ortc_wrong.memory;
    ortc_wrong.plugin.queue = &ortc_wrong.queue;
    ortc_wrong.plugin.claim = &ortc_wrong.claim;
    ortc_wrong.plugin.program = &ortc_wrong.program;
    ortc_wrong_spoil();
}

uint32_t ortc_wrong_entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t code = ortc_wrong_right_entry(request, reply);
    if (code == ORT_CODE_OK) reply->plugin = &ortc_wrong.plugin;
    return code;
}

ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply) {
    return ortc_wrong.entry ? ortc_wrong.entry(request, reply) : ortc_wrong_entry(request, reply);
}
