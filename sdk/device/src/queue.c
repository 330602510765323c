/* Queues of the border over a device's streams. A job whose waits have settled is submitted by the thread that brings
 * it; the queue's own thread submits the others and settles points in order. No driver knows a failed point, so what
 * waits is looked at on the host before anything is submitted: what depends on a failure never starts. */
#include "unit.h"

#include <string.h>

#define WATCH_NS 2000000u /* between two looks at cancel and deadline */

typedef struct copy_job {
    ortk_job job; /* first */
    struct copy_job *next_free;
    ortp_queue *queue;
    ortk_memory *staging;
    uint64_t staging_bytes;
    ortp_copy *copies;
    uint64_t count, capacity;
} copy_job;

struct ortp_queue {
    ortp_instance *instance;
    ortk_unit *unit;
    ortk_stream *stream;
    uint32_t device, flags;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    ortk_job *waiting, **waiting_end; /* brought, not submitted */
    ortk_job *running, **running_end; /* submitted, or failed before */
    bool is_stopped, has_thread;
    bool is_starting; /* the queue's thread has one in its hands that comes before all others */
    copy_job *free_jobs;
};

/* ---- one job ---- */

ort_status *ortk_job_reserve(const ortk_unit *unit, ortk_job *job, uint32_t wait_count) {
    if (wait_count <= job->wait_capacity) return NULL;
    ortp_point *waits = ortk_unit_alloc(unit, wait_count * sizeof *waits);
    if (!waits) return ortk_out_of_memory();
    ortk_unit_release(unit, job->waits);
    job->waits = waits;
    job->wait_capacity = wait_count;
    return NULL;
}

static ort_status *order_keep(const ortk_unit *unit, ortk_job *job, const ortp_order *order) {
    job->next = NULL;
    job->failure = NULL;
    job->value = 0;
    job->wait_count = 0;
    job->signal = order ? order->signal : (ortp_point){NULL, 0};
    if (!order || !order->wait_count) return NULL;
    ORTK_TRY(ortk_job_reserve(unit, job, order->wait_count));
    memcpy(job->waits, order->waits, order->wait_count * sizeof *job->waits);
    job->wait_count = order->wait_count;
    return NULL;
}

void ortk_job_finish(const ortp_host *host, ortk_job *job) {
    if (job->waits) host->core->release(host->context, job->waits);
    job->waits = NULL;
}

static bool is_ready(const ortk_job *job) {
    for (uint32_t i = 0; i < job->wait_count; i++)
        if (ortk_point_state(job->waits[i], NULL) == ORTP_POINT_PENDING) return false;
    return true;
}

/* Who is past the deadline counts as cancelled too, so that the clock is asked last. */
static ort_status *given_up(const ortk_unit *unit, const ortk_job *job) {
    bool is_cancelled = job->cancel && unit->host->exec->is_cancelled(job->cancel);
    if (job->deadline_ns && unit->host->core->clock_ns() >= job->deadline_ns)
        return ortk_fail(ORT_CODE_DEADLINE, "the run met its deadline before it began");
    return is_cancelled ? ortk_fail(ORT_CODE_CANCELLED, "the run was cancelled before it began") : NULL;
}

/* The first failure among what the job waits for, all of it settled. */
static ort_status *waits_check(const ortk_job *job) {
    for (uint32_t i = 0; i < job->wait_count; i++) {
        ort_status *failure = NULL;
        if (ortk_point_state(job->waits[i], &failure) == ORTP_POINT_FAILED) return failure;
    }
    return NULL;
}

/* Everything that it waits for has settled. */
static ort_status *job_start(ortp_queue *queue, ortk_job *job) {
    ORTK_TRY(waits_check(job));
    ORTK_TRY(given_up(queue->unit, job));
    if (job->before) job->before(job);
    return job->sequence ? queue->unit->driver->submit(queue->stream, job->sequence, &job->value) : NULL;
}

static void append(ortk_job ***end, ortk_job *job) {
    job->next = NULL;
    **end = job;
    *end = &job->next;
}

static ortk_job *take_first(ortk_job **list, ortk_job ***end) {
    ortk_job *job = *list;
    *list = job->next;
    if (!*list) *end = list;
    return job;
}

/* Waits for a submitted job; one that the caller gave up gets the device's time to end, and then costs the device. */
static ort_status *job_wait(const ortp_queue *queue, const ortk_job *job) {
    const ortk_unit *unit = queue->unit;
    const ortp_host *host = unit->host;
    bool is_watched = job->cancel || job->deadline_ns;
    uint64_t hung_at = UINT64_MAX;
    for (;;) {
        ort_status *status = unit->driver->wait(queue->stream, job->value, is_watched ? WATCH_NS : UINT64_MAX);
        if (!status || host->core->status_code(status) != ORT_CODE_DEADLINE) return status;
        ortk_status_drop(host, status);
        status = given_up(unit, job);
        uint64_t now = host->core->clock_ns();
        if (status && hung_at == UINT64_MAX) hung_at = now + unit->limits.hang_ns;
        ortk_status_drop(host, status);
        if (now < hung_at) continue;
        unit->driver->lose(unit->device, "work that was given up has not ended");
        hung_at = UINT64_MAX;
    }
}

static void span_add(const ortp_queue *queue, const ortk_job *job) {
    const ortp_host *host = queue->unit->host;
    uint64_t begin_ns = 0, end_ns = 0;
    if (!job->span || !host->trace || !job->value) return;
    if (!queue->unit->driver->measure(queue->stream, job->value, &begin_ns, &end_ns)) return;
    host->trace->span(job->span, job->nodes, job->node_count, (ort_string_view){"sequence", 8}, begin_ns, end_ns);
}

/* The job is its owner's again once `done` was called; the point comes last. */
static void job_settle(const ortp_queue *queue, ortk_job *job) {
    const ortp_host *host = queue->unit->host;
    ort_status *status = job->failure;
    if (!status && job->value) status = job_wait(queue, job);
    if (!status && job->after) job->after(job);
    if (!status) span_add(queue, job);
    ortp_point signal = job->signal;
    if (job->done) job->done(job);
    if (signal.timeline)
        ortk_status_drop(host, ortk_host_signal(signal.timeline, signal.value, status));
    else
        ortk_status_drop(host, status);
}

/* ---- the queue's thread ---- */

/* Moves jobs from waiting to running while the first one's waits have settled. Locked. */
static void ready_start(ortp_queue *queue) {
    while (queue->waiting && is_ready(queue->waiting)) {
        ortk_job *job = take_first(&queue->waiting, &queue->waiting_end);
        queue->is_starting = true;
        pthread_mutex_unlock(&queue->mutex);
        job->failure = job_start(queue, job);
        pthread_mutex_lock(&queue->mutex);
        queue->is_starting = false;
        append(&queue->running_end, job);
    }
}

static void first_waits_settle(const ortk_unit *unit, const ortk_job *job) {
    for (uint32_t i = 0; i < job->wait_count; i++)
        ortk_status_drop(unit->host, ortk_point_wait(job->waits[i], UINT64_MAX));
}

static void *queue_main(void *user) {
    ortp_queue *queue = user;
    const ortp_host *before = ortk_host_enter(queue->unit->host);
    pthread_mutex_lock(&queue->mutex);
    for (;;) {
        ready_start(queue);
        if (queue->running) {
            ortk_job *job = take_first(&queue->running, &queue->running_end);
            pthread_mutex_unlock(&queue->mutex);
            job_settle(queue, job);
            pthread_mutex_lock(&queue->mutex);
        } else if (queue->waiting) {
            const ortk_job *job = queue->waiting;
            pthread_mutex_unlock(&queue->mutex);
            first_waits_settle(queue->unit, job);
            pthread_mutex_lock(&queue->mutex);
        } else if (queue->is_stopped) {
            break;
        } else {
            pthread_cond_wait(&queue->changed, &queue->mutex);
        }
    }
    pthread_mutex_unlock(&queue->mutex);
    ortk_host_leave(before);
    return NULL;
}

ort_status *ortk_queue_submit(ortp_queue *queue, ortk_job *job, const ortp_order *order) {
    ort_status *status = NULL;
    ORTK_TRY(order_keep(queue->unit, job, order));
    pthread_mutex_lock(&queue->mutex);
    /* Copies touch host memory: that is the queue's thread's business. */
    if (!queue->waiting && !queue->is_starting && !job->before && is_ready(job)) {
        status = job_start(queue, job);
        if (!status) append(&queue->running_end, job);
    } else {
        append(&queue->waiting_end, job);
    }
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    return status;
}

/* ---- copies ---- */

static const ortp_copy *copy_at(const ortp_copy *copies, uint32_t stride, uint64_t index) {
    if (!stride) stride = (uint32_t)sizeof *copies;
    return (const ortp_copy *)(const void *)((const unsigned char *)copies + stride * index);
}

static const unsigned char *host_source(const ortp_copy *copy) {
    const unsigned char *base = copy->src_host ? copy->src_host : copy->src_buffer->data;
    return base ? base + copy->src_offset_bytes : NULL;
}

static unsigned char *host_target(const ortp_copy *copy) {
    unsigned char *base = copy->dst_host ? copy->dst_host : copy->dst_buffer->data;
    return base ? base + copy->dst_offset_bytes : NULL;
}

static bool needs_staging(const ortp_copy *copy) {
    return copy->size_bytes && (!host_source(copy)) != (!host_target(copy));
}

static uint64_t staged(uint64_t size_bytes) {
    return (size_bytes + 255) & ~(uint64_t)255;
}

static void copies_before(ortk_job *base) {
    copy_job *job = (copy_job *)(void *)base;
    unsigned char *staging = job->staging ? job->queue->unit->driver->memory_address(job->staging) : NULL;
    uint64_t at = 0;
    for (uint64_t i = 0; i < job->count; i++) {
        const ortp_copy *copy = &job->copies[i];
        if (!needs_staging(copy)) continue;
        if (host_source(copy)) memcpy(staging + at, host_source(copy), (size_t)copy->size_bytes);
        at += staged(copy->size_bytes);
    }
}

static void copies_after(ortk_job *base) {
    copy_job *job = (copy_job *)(void *)base;
    const unsigned char *staging = job->staging ? job->queue->unit->driver->memory_address(job->staging) : NULL;
    uint64_t at = 0;
    for (uint64_t i = 0; i < job->count; i++) {
        const ortp_copy *copy = &job->copies[i];
        unsigned char *target = copy->size_bytes ? host_target(copy) : NULL;
        if (target && host_source(copy)) memcpy(target, host_source(copy), (size_t)copy->size_bytes);
        if (!needs_staging(copy)) continue;
        if (target) memcpy(target, staging + at, (size_t)copy->size_bytes);
        at += staged(copy->size_bytes);
    }
}

static void copies_done(ortk_job *base) {
    copy_job *job = (copy_job *)(void *)base;
    ortp_queue *queue = job->queue;
    queue->unit->driver->sequence_destroy(job->job.sequence);
    job->job.sequence = NULL;
    pthread_mutex_lock(&queue->mutex);
    job->next_free = queue->free_jobs;
    queue->free_jobs = job;
    pthread_mutex_unlock(&queue->mutex);
}

static ort_status *copies_record(copy_job *job) {
    const ortk_unit *unit = job->queue->unit;
    const ortk_driver *driver = unit->driver;
    uint64_t at = 0;
    ORTK_TRY(driver->sequence_create(unit->device, &job->job.sequence));
    for (uint64_t i = 0; i < job->count; i++) {
        const ortp_copy *copy = &job->copies[i];
        if (!copy->size_bytes || (host_source(copy) && host_target(copy))) continue;
        ortk_operand staging = {job->staging, at, copy->size_bytes};
        ortk_operand from = {0}, to = {0};
        if (copy->src_buffer) from = (ortk_operand){copy->src_buffer->memory, copy->src_offset_bytes, copy->size_bytes};
        if (copy->dst_buffer) to = (ortk_operand){copy->dst_buffer->memory, copy->dst_offset_bytes, copy->size_bytes};
        ORTK_TRY(driver->copy(job->job.sequence, host_source(copy) ? &staging : &from,
                              host_target(copy) ? &staging : &to,
                              host_source(copy)   ? "copy to the device"
                              : host_target(copy) ? "copy from the device"
                                                  : "copy inside the device"));
        if (needs_staging(copy)) at += staged(copy->size_bytes);
    }
    return driver->seal(job->job.sequence);
}

/* No API below looks: what reaches beyond a buffer is another one's there, or nobody's. */
static ort_status *side_check(const ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes, uint64_t index) {
    if (!buffer || (offset_bytes <= buffer->size_bytes && size_bytes <= buffer->size_bytes - offset_bytes)) return NULL;
    return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "copy %llu: %llu bytes at %llu of a buffer of %llu",
                     (unsigned long long)index, (unsigned long long)size_bytes, (unsigned long long)offset_bytes,
                     (unsigned long long)buffer->size_bytes);
}

static ort_status *copies_keep(copy_job *job, const ortp_copy *copies, uint32_t stride, uint64_t count) {
    const ortk_unit *unit = job->queue->unit;
    uint64_t bytes = 0;
    if (count > job->capacity) {
        ortp_copy *kept = ortk_unit_alloc(unit, (size_t)count * sizeof *kept);
        if (!kept) return ortk_out_of_memory();
        ortk_unit_release(unit, job->copies);
        job->copies = kept;
        job->capacity = count;
    }
    job->count = count;
    for (uint64_t i = 0; i < count; i++) {
        job->copies[i] = *copy_at(copies, stride, i);
        const ortp_copy *copy = &job->copies[i];
        if ((!copy->src_host && !copy->src_buffer) || (!copy->dst_host && !copy->dst_buffer))
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "copy %llu has no source or no target", (unsigned long long)i);
        if (!copy->src_host) ORTK_TRY(side_check(copy->src_buffer, copy->src_offset_bytes, copy->size_bytes, i));
        if (!copy->dst_host) ORTK_TRY(side_check(copy->dst_buffer, copy->dst_offset_bytes, copy->size_bytes, i));
        if (needs_staging(copy)) bytes += staged(copy->size_bytes);
    }
    if (bytes <= job->staging_bytes) return NULL;
    unit->driver->memory_destroy(job->staging);
    job->staging = NULL;
    job->staging_bytes = 0;
    ORTK_TRY(unit->driver->memory_create(unit->device, ORTK_MEMORY_STAGING, bytes, &job->staging));
    job->staging_bytes = bytes;
    return NULL;
}

static ort_status *copy_job_get(ortp_queue *queue, copy_job **out) {
    pthread_mutex_lock(&queue->mutex);
    copy_job *job = queue->free_jobs;
    if (job) queue->free_jobs = job->next_free;
    pthread_mutex_unlock(&queue->mutex);
    if (!job) {
        job = ortk_unit_alloc(queue->unit, sizeof *job);
        if (!job) return ortk_out_of_memory();
        job->queue = queue;
        job->job.before = copies_before;
        job->job.after = copies_after;
        job->job.done = copies_done;
    }
    *out = job;
    return NULL;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    const ortp_host *before = ortk_host_enter(queue->unit->host);
    copy_job *job = NULL;
    ort_status *status = copy_job_get(queue, &job);
    if (!status) {
        status = copies_keep(job, copies, stride, copy_count);
        if (!status) status = copies_record(job);
        if (!status) status = ortk_queue_submit(queue, &job->job, order);
        if (status) copies_done(&job->job);
    }
    ortk_host_leave(before);
    return status;
}

/* ---- making and ending ---- */

static void queue_destroy(ortp_queue *queue) {
    if (!queue) return;
    ortk_unit *unit = queue->unit;
    const ortp_host *before = ortk_host_enter(unit->host);
    if (queue->has_thread) {
        pthread_mutex_lock(&queue->mutex);
        queue->is_stopped = true;
        pthread_cond_signal(&queue->changed);
        pthread_mutex_unlock(&queue->mutex);
        pthread_join(queue->thread, NULL);
    }
    for (copy_job *job = queue->free_jobs, *next; job; job = next) {
        next = job->next_free;
        unit->driver->memory_destroy(job->staging);
        ortk_unit_release(unit, job->copies);
        ortk_job_finish(unit->host, &job->job);
        ortk_unit_release(unit, job);
    }
    unit->driver->stream_destroy(queue->stream);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    ortk_unit_release(unit, queue);
    ortk_host_leave(before);
}

static ort_status *queue_fill(ortp_queue *queue, uint32_t flags) {
    const ortk_unit *unit = queue->unit;
    queue->flags = ORTP_QUEUE_ORDERED | (flags & ORTP_QUEUE_COPY);
    ORTK_TRY(unit->driver->stream_create(unit->device, flags & ORTP_QUEUE_COPY, &queue->stream));
    if (pthread_create(&queue->thread, NULL, queue_main, queue) != 0)
        return ortk_fail(ORT_CODE_IO, "no thread to be had for a queue");
    queue->has_thread = true;
    return NULL;
}

static ort_status *queue_make(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    ortk_unit *unit = ortk_unit_of(instance);
    if (device != 0) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "no device %u in this instance", (unsigned)device);
    ortp_queue *queue = ortk_unit_alloc(unit, sizeof *queue);
    if (!queue) return ortk_out_of_memory();
    queue->instance = instance;
    queue->unit = unit;
    queue->device = device;
    queue->waiting_end = &queue->waiting;
    queue->running_end = &queue->running;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    ort_status *status = queue_fill(queue, flags);
    if (status)
        queue_destroy(queue);
    else
        *out = queue;
    return status;
}

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    const ortp_host *before = ortk_host_enter(instance->host);
    *out = NULL;
    ort_status *status = queue_make(instance, device, flags, out);
    ortk_host_leave(before);
    return status;
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    ortp_queue_info info = {.flags = queue->flags, .device = queue->device};
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
}

const ortp_queue_table ortk_device_queue = {
    .size = sizeof(ortp_queue_table),
    .create = queue_create,
    .destroy = queue_destroy,
    .describe = queue_describe,
    .copy = queue_copy,
    .timeline_create = ortk_timeline_create,
    .timeline_destroy = ortk_timeline_destroy,
    .point_state = ortk_point_state,
    .point_wait = ortk_point_wait,
    .on_settled = ortk_on_settled,
    .host_signal = ortk_host_signal,
    .timeline_export = ortk_timeline_export,
    .timeline_import = ortk_timeline_import,
};
