/* The device's id is made of an address, and differs from plugin to plugin. */
#include "wrong.h"

#include <stdio.h>

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static char ids[64][32];
    static int asked;
    char *id = ids[asked++ % 64];
    ort_status *status = async_device_describe(plugin, device, out);
    int length = snprintf(id, sizeof ids[0], "async-%p", (void *)plugin);
    if (!status) out->id = (ort_string_view){id, (uint64_t)length};
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.device_describe = describe;
}
