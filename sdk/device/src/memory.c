/* Buffers of the border over a device's memory: space 0 is the device's own, space 1 staging that the host maps. */
#include "unit.h"

#include <string.h>

static ort_status *buffer_create(ortp_instance *instance, uint32_t space, uint64_t size_bytes, uint64_t align_bytes,
                                 ortp_buffer **out) {
    ortk_unit *unit = ortk_unit_of(instance);
    if (align_bytes > 4096 || (align_bytes & (align_bytes - 1)))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT,
                         "a buffer aligned to %llu bytes: this device aligns to 4096 at most",
                         (unsigned long long)align_bytes);
    ortp_buffer *buffer = ortk_unit_alloc(unit, sizeof *buffer);
    if (!buffer) return ortk_out_of_memory();
    buffer->size_bytes = size_bytes;
    ort_status *status =
        unit->driver->memory_create(unit->device, space == 0 ? ORTK_MEMORY_DEVICE : ORTK_MEMORY_STAGING,
                                    size_bytes ? size_bytes : 1, &buffer->memory);
    if (status) {
        ortk_unit_release(unit, buffer);
        return status;
    }
    buffer->data = unit->driver->memory_address(buffer->memory);
    ortk_count_in(instance, size_bytes);
    *out = buffer;
    return NULL;
}

static ort_status *memory_alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                                uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    (void)after; /* the driver's memory is nobody else's: free at once */
    *out = NULL;
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = device != 0 || space > 1
                             ? ortk_fail(ORT_CODE_INVALID_ARGUMENT, "no space %u on device %u of this instance",
                                         (unsigned)space, (unsigned)device)
                             : buffer_create(instance, space, size_bytes, align_bytes, out);
    ortk_host_leave(before);
    return status;
}

static void buffer_free(ortp_instance *instance, ortp_buffer *buffer) {
    ortk_unit *unit = ortk_unit_of(instance);
    const ortp_host *before = ortk_host_enter(unit->host);
    ortk_count_out(instance, buffer->size_bytes);
    unit->driver->memory_destroy(buffer->memory);
    ortk_unit_release(unit, buffer);
    ortk_host_leave(before);
}

static void memory_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    if (buffer) ortk_release_after(instance, buffer, after, buffer_free);
}

static ort_status *memory_map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                              void **out) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = NULL;
    *out = NULL;
    if (!buffer->data)
        status = ortk_fail(ORT_CODE_UNSUPPORTED, "a buffer in the device's own memory can't be mapped");
    else if (offset_bytes > buffer->size_bytes || size_bytes > buffer->size_bytes - offset_bytes)
        status = ortk_fail(ORT_CODE_INVALID_ARGUMENT, "mapping %llu bytes at %llu of a buffer of %llu",
                           (unsigned long long)size_bytes, (unsigned long long)offset_bytes,
                           (unsigned long long)buffer->size_bytes);
    else
        *out = buffer->data + offset_bytes;
    ortk_host_leave(before);
    return status;
}

static void memory_unmap(ortp_instance *instance, ortp_buffer *buffer) {
    (void)instance; /* staging is coherent and stays mapped */
    (void)buffer;
}

static ort_status *refuse(ortp_instance *instance, uint32_t kind, const char *what) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status =
        ortk_fail(ORT_CODE_UNSUPPORTED, "this device's buffers can't be %s (share of kind %u)", what, (unsigned)kind);
    ortk_host_leave(before);
    return status;
}

static ort_status *memory_import(ortp_instance *instance, uint32_t device, const ortp_share *share, ortp_buffer **out) {
    (void)device;
    *out = NULL;
    return refuse(instance, share->kind, "taken in");
}

static ort_status *memory_export(ortp_instance *instance, ortp_buffer *buffer, ortp_share *share) {
    (void)buffer;
    return refuse(instance, share->kind, "given out");
}

static ort_status *memory_stats(ortp_instance *instance, uint32_t device, uint32_t space, ortp_memory_stats *out) {
    return ortk_host_memory.stats(instance, device, space, out);
}

static ort_status *memory_trim(ortp_instance *instance, uint32_t device, uint64_t budget_bytes) {
    (void)instance; /* nothing is kept back */
    (void)device;
    (void)budget_bytes;
    return NULL;
}

const ortp_memory_table ortk_device_memory = {
    .size = sizeof(ortp_memory_table),
    .alloc = memory_alloc,
    .release = memory_release,
    .map = memory_map,
    .unmap = memory_unmap,
    .import = memory_import,
    .export_as = memory_export,
    .stats = memory_stats,
    .trim = memory_trim,
};
