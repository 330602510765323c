/* Copies of a list are taken to lie as close as they can. */
#include "wrong.h"

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    (void)stride;
    return async_queue_table.copy(queue, copies, sizeof *copies, copy_count, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
