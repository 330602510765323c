/* Gives memory to the host that did not come from it. */
#include "wrong.h"

static void shutdown(ortp_plugin *plugin) {
    static char own[64];
    if (plugin) plugin->host->core->release(plugin->host->context, own + 16);
    async_plugin_table.shutdown(plugin);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.shutdown = shutdown;
}
