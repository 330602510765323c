/* Asks the host for memory with an alignment that is no power of two. */
#include "wrong.h"

static ort_status *create(const ortp_host *host, ortp_plugin **out) {
    host->core->release(host->context, host->core->alloc(host->context, 16, 24));
    return async_plugin_table.create(host, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.create = create;
}
