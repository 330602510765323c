/* Of a list of copies only the first is made. */
#include "wrong.h"

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    return async_queue_table.copy(queue, copies, stride, copy_count ? 1 : 0, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
