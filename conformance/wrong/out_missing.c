/* Says that an allocation of 257 bytes succeeded and gives no buffer. */
#include "wrong.h"

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    ort_status *status = async_memory_table.alloc(instance, device, space, size_bytes, align_bytes, after, out);
    if (!status && size_bytes == 257) {
        async_memory_table.release(instance, *out, after);
        *out = NULL;
    }
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.alloc = alloc;
}
