/* The device is of a kind that does not exist. */
#include "wrong.h"

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    ort_status *status = async_device_describe(plugin, device, out);
    if (!status) out->kind = 0xdead;
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.device_describe = describe;
}
