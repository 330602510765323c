/* Says that its queues are done when a call returns, and they are not. */
#include "wrong.h"

#include <time.h>

void __real_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);
void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);

/* Late enough for everybody to see that it is not done. */
void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    __real_async_timeline_settle(timeline, value, failure);
}

static void describe(const ortp_queue *queue, ortp_queue_info *out) {
    async_queue_table.describe(queue, out);
    out->flags |= ORTP_QUEUE_INLINE;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.describe = describe;
}
