/* queue.c: queues, each with a thread of its own that takes jobs in the order of submission. */
#include "async.h"

#include <string.h>

struct ortp_queue {
    ortp_instance *instance;
    pthread_t thread;
    uint32_t flags;
    bool is_stopping;
    async_job *first, **end; /* submitted, not begun */
};

/* ---- the thread ---- */

/* Blocks until every wait has settled; the failure of the first that failed. The lock is held, and given up meanwhile.
 */
static ort_status *waits_finish(ortp_instance *instance, const async_job *job) {
    const ort_status *failure = NULL;
    for (uint32_t i = 0; i < job->wait_count && !failure; i++)
        while (async_point_look(job->waits[i], &failure) == ORTP_POINT_PENDING)
            pthread_cond_wait(&instance->changed, &instance->lock);
    return failure ? instance->host->core->status_copy(instance->host->context, failure) : NULL;
}

/* Next to be begun; NULL: no more will come. The lock is held. */
static async_job *job_take(ortp_queue *queue) {
    while (!queue->first && !queue->is_stopping) pthread_cond_wait(&queue->instance->changed, &queue->instance->lock);
    async_job *job = queue->first;
    if (!job) return NULL;
    queue->first = job->next;
    if (!queue->first) queue->end = &queue->first;
    return job;
}

static void job_do(ortp_instance *instance, async_job *job, ort_status *failure) {
    const ortp_point signal = job->signal;
    if (!failure) failure = job->work(job);
    if (job->destroy) job->destroy(job);
    if (signal.timeline)
        async_timeline_settle(signal.timeline, signal.value, failure);
    else
        instance->host->core->status_destroy(failure);
}

static void *queue_main(void *user) {
    ortp_queue *queue = user;
    ortp_instance *instance = queue->instance;
    async_job *job;
    pthread_mutex_lock(&instance->lock);
    while ((job = job_take(queue)) != NULL) {
        ort_status *failure = waits_finish(instance, job);
        pthread_mutex_unlock(&instance->lock);
        job_do(instance, job, failure);
        pthread_mutex_lock(&instance->lock);
        instance->job_count--;
        pthread_cond_broadcast(&instance->changed);
    }
    pthread_mutex_unlock(&instance->lock);
    return NULL;
}

/* ---- submission ---- */

static ort_status *waits_copy(async_job *job, const ortp_order *order) {
    if (!job->waits) {
        job->waits = job->inside;
        job->wait_capacity = ASYNC_WAITS_INSIDE;
    }
    if (order->wait_count > job->wait_capacity) {
        ortp_point *more = async_alloc(job->host, order->wait_count * sizeof *more);
        if (!more) return async_out_of_memory(job->host, "what a job waits for");
        async_job_finish(job);
        job->waits = more;
        job->wait_capacity = order->wait_count;
    }
    if (order->wait_count) memcpy(job->waits, order->waits, order->wait_count * sizeof *job->waits);
    job->wait_count = order->wait_count;
    job->signal = order->signal;
    return NULL;
}

ort_status *async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order) {
    const ortp_order nothing = {.size = sizeof nothing};
    ortp_instance *instance = queue->instance;
    if (!order) order = &nothing;
    ort_status *status = async_check(instance->host, "an order", order->size, ORTP_ORDER_SIZE_0_0, 0, NULL);
    if (!status) status = waits_copy(job, order);
    if (status) return status;
    job->next = NULL;
    pthread_mutex_lock(&instance->lock);
    *queue->end = job;
    queue->end = &job->next;
    instance->job_count++;
    pthread_cond_broadcast(&instance->changed);
    pthread_mutex_unlock(&instance->lock);
    return NULL;
}

void async_job_finish(async_job *job) {
    if (job->waits != job->inside) async_free(job->host, job->waits);
    job->waits = NULL;
}

/* ---- copies ---- */

typedef struct copy_range {
    void *to;
    const void *from;
    uint64_t size_bytes;
} copy_range;

typedef struct copy_job {
    async_job job;
    uint64_t range_count;
    copy_range ranges[];
} copy_job;

static ort_status *copy_work(async_job *job) {
    const copy_job *copy = (const copy_job *)job;
    for (uint64_t i = 0; i < copy->range_count; i++)
        if (copy->ranges[i].size_bytes) memcpy(copy->ranges[i].to, copy->ranges[i].from, copy->ranges[i].size_bytes);
    return NULL;
}

static void copy_destroy(async_job *job) {
    async_job_finish(job);
    async_free(job->host, job);
}

/* Buffers to addresses; host memory is an address already. */
static ort_status *range_fill(const ortp_host *host, const ortp_copy *copy, copy_range *range) {
    unsigned char *from = NULL, *to = NULL;
    ort_status *status = async_check(host, "a copy", copy->size, ORTP_COPY_SIZE_0_0, 0, NULL);
    if (!status && copy->size_bytes && !copy->src_host)
        status = async_buffer_range(host, "the source of a copy", copy->src_buffer, copy->src_offset_bytes,
                                    copy->size_bytes, &from);
    if (!status && copy->size_bytes && !copy->dst_host)
        status = async_buffer_range(host, "the destination of a copy", copy->dst_buffer, copy->dst_offset_bytes,
                                    copy->size_bytes, &to);
    if (status) return status;
    range->from = from ? from : (const unsigned char *)copy->src_host + copy->src_offset_bytes;
    range->to = to ? to : (unsigned char *)copy->dst_host + copy->dst_offset_bytes;
    range->size_bytes = copy->size_bytes;
    return NULL;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    const ortp_host *host = queue->instance->host;
    ort_status *status = NULL;
    if (copy_count && (!copies || stride < ORTP_COPY_SIZE_0_0))
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "copies lie %u bytes apart, at least %u are due", stride,
                          ORTP_COPY_SIZE_0_0);
    if (copy_count > ASYNC_MEMORY_BYTES) return async_out_of_memory(host, "a list of copies");
    copy_job *copy = async_alloc(host, sizeof *copy + copy_count * sizeof copy->ranges[0]);
    if (!copy) return async_out_of_memory(host, "a list of copies");
    copy->job = (async_job){.work = copy_work, .destroy = copy_destroy, .host = host};
    copy->range_count = copy_count;
    for (uint64_t i = 0; i < copy_count && !status; i++)
        status = range_fill(host, (const ortp_copy *)((const char *)copies + i * stride), &copy->ranges[i]);
    if (!status) status = async_queue_submit(queue, &copy->job, order);
    if (status) copy_destroy(&copy->job);
    return status;
}

/* ---- the object ---- */

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    const ortp_host *host = instance->host;
    *out = NULL;
    if (device != 0) return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "there is no device %u", device);
    ort_status *status = async_check(host, "a queue", UINT32_MAX, 0, flags, NULL);
    if (status) return status;
    ortp_queue *queue = async_alloc(host, sizeof *queue);
    if (!queue) return async_out_of_memory(host, "a queue");
    *queue = (ortp_queue){.instance = instance, .flags = ORTP_QUEUE_ORDERED | (flags & ORTP_QUEUE_COPY)};
    queue->end = &queue->first;
    if (pthread_create(&queue->thread, NULL, queue_main, queue) != 0) {
        async_free(host, queue);
        return async_fail(host, ORT_CODE_IO, "no thread could be started for a queue");
    }
    *out = queue;
    return NULL;
}

static void queue_destroy(ortp_queue *queue) {
    if (!queue) return;
    ortp_instance *instance = queue->instance;
    pthread_mutex_lock(&instance->lock);
    queue->is_stopping = true; /* once nothing is left to do */
    pthread_cond_broadcast(&instance->changed);
    pthread_mutex_unlock(&instance->lock);
    pthread_join(queue->thread, NULL);
    async_free(instance->host, queue);
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    const ortp_queue_info info = {.size = sizeof info, .flags = queue->flags};
    async_give(out, &info, sizeof info);
}

const ortp_queue_table async_queue_table = {.size = sizeof async_queue_table,
                                            .create = queue_create,
                                            .destroy = queue_destroy,
                                            .describe = queue_describe,
                                            .copy = queue_copy,
                                            .timeline_create = async_timeline_create,
                                            .timeline_destroy = async_timeline_destroy,
                                            .point_state = async_point_state,
                                            .point_wait = async_point_wait,
                                            .on_settled = async_on_settled,
                                            .host_signal = async_host_signal};
