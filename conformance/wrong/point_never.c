/* The point of a copy of 128 bytes or more is never settled. */
#include "wrong.h"

#include <stdatomic.h>

void __real_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);
void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);

static _Atomic(ortp_timeline *) lost;

void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    if (timeline == atomic_load(&lost) && !failure) return;
    __real_async_timeline_settle(timeline, value, failure);
}

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    if (order && copy_count && copies->size_bytes >= 128) atomic_store(&lost, order->signal.timeline);
    return async_queue_table.copy(queue, copies, stride, copy_count, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
