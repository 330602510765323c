/* Submitting blocks until everything that the work waits for has settled. */
#include "wrong.h"

ort_status *__real_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);
ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);

ort_status *__wrap_async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order) {
    for (uint32_t i = 0; order && i < order->wait_count; i++)
        job->host->core->status_destroy(async_point_wait(order->waits[i], UINT64_MAX));
    return __real_async_queue_submit(queue, job, order);
}

void ortc_wrong_spoil(void) {}
