/* Maps other memory than the buffer's. */
#include "wrong.h"

static _Alignas(4096) unsigned char elsewhere[1 << 20];

static ort_status *map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                       void **out) {
    (void)buffer, (void)offset_bytes;
    *out = elsewhere;
    return size_bytes <= sizeof elsewhere ? NULL : async_out_of_memory(instance->host, "a mapping");
}

static void unmap(ortp_instance *instance, ortp_buffer *buffer) {
    (void)instance, (void)buffer;
}

static ort_status *describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static ortp_space_info space;
    ort_status *status = async_device_describe(plugin, device, out);
    if (status) return status;
    space = out->spaces[0];
    space.flags |= ORTP_SPACE_HOST_VISIBLE;
    out->spaces = &space;
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.map = map;
    ortc_wrong.memory.unmap = unmap;
    ortc_wrong.plugin.device_describe = describe;
}
