/* Says that its queues are done when a call returns, and they are not. */
#include "wrong.h"

static void describe(const ortp_queue *queue, ortp_queue_info *out) {
    async_queue_table.describe(queue, out);
    out->flags |= ORTP_QUEUE_INLINE;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.describe = describe;
}
