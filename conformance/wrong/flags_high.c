/* The device has a flag in the high bits that no version names. */
#include "wrong.h"

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    ort_status *status = async_device_describe(plugin, device, out);
    if (!status) out->flags |= 0x40000000u;
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.device_describe = describe;
}
