/* An instance can be opened once in a process. */
#include "wrong.h"

static ort_status *open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    static int opened;
    *out = NULL;
    if (opened++) return async_fail(plugin->host, ORT_CODE_BUSY, "this device was opened before");
    return async_plugin_table.open(plugin, args, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.open = open;
}
