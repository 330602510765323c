/* Loses what it had when an allocation fails half way. */
#include "wrong.h"

static ort_status *open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    void *first = async_alloc(plugin->host, 64);
    ort_status *status = first ? async_plugin_table.open(plugin, args, out) : async_out_of_memory(plugin->host, "it");
    if (!status) async_free(plugin->host, first);
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.open = open;
}
