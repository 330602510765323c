/* Keeps a piece of the host's memory when an instance is closed. */
#include "wrong.h"

static ort_status *open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    (void)async_alloc(plugin->host, 100);
    return async_plugin_table.open(plugin, args, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.open = open;
}
