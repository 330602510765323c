/* A copy leaves out the last byte. */
#include "wrong.h"

enum { COPIES_MAX = 64 };

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    ortp_copy shorter[COPIES_MAX];
    if (copy_count > COPIES_MAX) return async_queue_table.copy(queue, copies, stride, copy_count, order);
    for (uint64_t i = 0; i < copy_count; i++) {
        shorter[i] = *(const ortp_copy *)((const char *)copies + i * stride);
        if (shorter[i].size_bytes) shorter[i].size_bytes--;
    }
    return async_queue_table.copy(queue, shorter, sizeof shorter[0], copy_count, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
