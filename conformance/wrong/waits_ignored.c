/* Begins before what it waits for has settled. */
#include "wrong.h"

ort_status *__real_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);
ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);

ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order) {
    ortp_order hasty = order ? *order : (ortp_order){.size = sizeof hasty};
    hasty.wait_count = 0;
    return __real_async_queue_submit(queue, job, &hasty);
}

void ortc_wrong_spoil(void) {}
