/* Fills one byte more of a device's description than there is room for. */
#include "wrong.h"

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    const uint32_t capacity = out->size;
    ort_status *status = async_plugin_table.device_describe(plugin, device, out);
    if (!status) ((unsigned char *)out)[capacity] = 1;
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.device_describe = describe;
}
