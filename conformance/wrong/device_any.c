/* Describes devices that there are not. */
#include "wrong.h"

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    (void)device;
    return async_device_describe(plugin, 0, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.device_describe = describe;
}
