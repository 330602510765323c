/* device.c: one device with a memory of its own. A real plugin asks its driver here. */
#include "async.h"

#define TEXT(literal)                                                                                                  \
    { literal, sizeof literal - 1 }

ort_status *async_device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason) {
    (void)plugin;
    *out_count = 1;
    *out_reason = (ort_string_view){0};
    return NULL;
}

ort_status *async_device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    /* Neither HOST_VISIBLE nor HOST_ADDRESSABLE: the host copies in and out through a queue. */
    static const ortp_space_info memory = {.size = sizeof memory,
                                           .flags = ORTP_SPACE_DEVICE,
                                           .name = TEXT("memory"),
                                           .size_bytes = ASYNC_MEMORY_BYTES,
                                           .align_bytes = ASYNC_ALIGN_BYTES,
                                           .max_buffer_bytes = ASYNC_MEMORY_BYTES};
    /* WAIT_BEFORE_SIGNAL: a queue that waits blocks nobody but itself (queue.c), so the work that it waits for may
     * come later. */
    static const ortp_device_info facts = {.size = sizeof facts,
                                           .kind = ORTP_DEVICE_KIND_OTHER,
                                           .flags = ORTP_DEVICE_WAIT_BEFORE_SIGNAL,
                                           .numa_node = ORTP_NONE,
                                           .id = TEXT("async-0"),
                                           .name = TEXT("Asynchronous device"),
                                           .vendor = TEXT("Example"),
                                           .driver_version = TEXT("1.0"),
                                           .pci_address = {"", 0},
                                           .dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_I32),
                                           .space_count = 1,
                                           .space_stride = sizeof memory,
                                           .spaces = &memory,
                                           .flops_per_ns = 2,
                                           .bytes_per_ns = 5,
                                           .launch_ns = 5000};
    if (device != 0) return async_fail(plugin->host, ORT_CODE_INVALID_ARGUMENT, "there is no device %u", device);
    async_give(out, &facts, sizeof facts);
    return NULL;
}
