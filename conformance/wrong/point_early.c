/* A point is reached when its work is submitted, not when it is done. */
#include "wrong.h"

ort_status *__real_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);
ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);

ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order) {
    const ortp_point signal = order ? order->signal : (ortp_point){NULL, 0};
    ort_status *status = __real_async_queue_submit(queue, job, order);
    if (!status && signal.timeline) async_timeline_settle(signal.timeline, signal.value, NULL);
    return status;
}

void ortc_wrong_spoil(void) {}
