/* Allocates whatever is asked for, and has not got it. */
#include "wrong.h"

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    if (size_bytes > ASYNC_MEMORY_BYTES / 2) size_bytes = 4096;
    return async_memory_table.alloc(instance, device, space, size_bytes, align_bytes, after, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.alloc = alloc;
}
