/* Says that an allocation succeeded and gives no buffer. */
#include "wrong.h"

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    ort_status *status = async_memory_table.alloc(instance, device, space, size_bytes, align_bytes, after, out);
    if (status) instance->host->core->status_destroy(status);
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.alloc = alloc;
}
