/* Buffers lie 4 bytes behind an aligned address. */
#include "wrong.h"

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    ort_status *status = async_memory_table.alloc(instance, device, space, size_bytes, align_bytes, after, out);
    if (!status) (*out)->bytes += 4;
    return status;
}

/* The one way to see it from outside: a space that maps. */
static ort_status *map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                       void **out) {
    (void)instance, (void)size_bytes;
    *out = buffer->bytes + offset_bytes;
    return NULL;
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
    ortc_wrong.memory.alloc = alloc;
    ortc_wrong.memory.map = map;
    ortc_wrong.memory.unmap = unmap;
    ortc_wrong.plugin.device_describe = describe;
}
