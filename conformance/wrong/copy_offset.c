/* A copy begins at the buffer's first byte, whatever offset it names. */
#include "wrong.h"

enum { COPIES_MAX = 64 };

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    ortp_copy moved[COPIES_MAX];
    if (copy_count > COPIES_MAX) return async_queue_table.copy(queue, copies, stride, copy_count, order);
    for (uint64_t i = 0; i < copy_count; i++) {
        moved[i] = *(const ortp_copy *)((const char *)copies + i * stride);
        if (moved[i].src_buffer) moved[i].src_offset_bytes = 0;
    }
    return async_queue_table.copy(queue, moved, sizeof moved[0], copy_count, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
