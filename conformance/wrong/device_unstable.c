/* The device has another id each time it is asked by a new plugin. */
#include "wrong.h"

#include <stdio.h>

static int plugins;

static ort_status *create(const ortp_host *host, ortp_plugin **out) {
    plugins++;
    return async_plugin_table.create(host, out);
}

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static char id[32];
    ort_status *status = async_device_describe(plugin, device, out);
    int length = snprintf(id, sizeof id, "async-%d", plugins);
    if (!status) out->id = (ort_string_view){id, (uint64_t)length};
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.create = create;
    ortc_wrong.plugin.device_describe = describe;
}
