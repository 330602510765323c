/* A failure has a code that no header names. */
#include "wrong.h"

static ort_status *create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    *out = NULL;
    if (device != 0) return async_fail(instance->host, 4711, "device %u is not there", device);
    return async_queue_table.create(instance, device, flags, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.create = create;
}
