/* Reads the list of copies when it gets to them, after the call has ended. */
#include "wrong.h"

#include <string.h>

typedef struct late_copy {
    async_job job;
    const ortp_copy *copies;
} late_copy;

static ort_status *late_work(async_job *job) {
    const ortp_copy *copy = ((late_copy *)job)->copies;
    unsigned char *from = NULL, *to = NULL;
    ort_status *status = NULL;
    if (!copy->src_host)
        status =
            async_buffer_range(job->host, "from", copy->src_buffer, copy->src_offset_bytes, copy->size_bytes, &from);
    if (!status && !copy->dst_host)
        status = async_buffer_range(job->host, "to", copy->dst_buffer, copy->dst_offset_bytes, copy->size_bytes, &to);
    if (!status && copy->size_bytes) memcpy(to ? to : copy->dst_host, from ? from : copy->src_host, copy->size_bytes);
    return status;
}

static void late_destroy(async_job *job) {
    async_job_finish(job);
    async_free(job->host, job);
}

static ort_status *copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order) {
    if (copy_count != 1 || !order || !order->signal.timeline ||
        (copies->size_bytes && !copies->src_host == !copies->dst_host))
        return async_queue_table.copy(queue, copies, stride, copy_count, order);
    const ortp_host *host = order->signal.timeline->instance->host;
    late_copy *late = async_alloc(host, sizeof *late);
    if (!late) return async_out_of_memory(host, "a copy");
    *late = (late_copy){.job = {.work = late_work, .destroy = late_destroy, .host = host}, .copies = copies};
    return async_queue_submit(queue, &late->job, order);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.copy = copy;
}
