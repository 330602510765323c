/* A queue that works on the calling thread, and timelines for it. Everything is settled on return; what can be pending
 * are points that the host signals itself. A timeline's value is an atomic; its lists (failures, callbacks) are guarded
 * by a flag that is held for a few instructions, never across a callback. */
#include "kit.h"

#include <string.h>
#include <threads.h>

struct ortp_queue {
    ortp_instance *instance;
    uint32_t device, flags;
};

/* Points (after, upto] failed with `status`. */
typedef struct failure {
    uint64_t after, upto;
    ort_status *status;
    struct failure *next;
} failure;

typedef struct listener {
    uint64_t value;
    ortp_settled_fn fn;
    void *user;
    struct listener *next;
} listener;

struct ortp_timeline {
    ortp_instance *instance;
    atomic_uint_fast64_t value;
    atomic_flag lock;
    failure *failures;
    listener *listeners;
};

static void lock(ortp_timeline *timeline) {
    while (atomic_flag_test_and_set_explicit(&timeline->lock, memory_order_acquire)) thrd_yield();
}

static void unlock(ortp_timeline *timeline) {
    atomic_flag_clear_explicit(&timeline->lock, memory_order_release);
}

static void *host_alloc(ortp_instance *instance, size_t size_bytes) {
    void *memory = instance->host->core->alloc(instance->host->context, size_bytes, ORTK_ALIGN);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

static void host_release(ortp_instance *instance, void *memory) {
    instance->host->core->release(instance->host->context, memory);
}

/* ---- timelines ---- */

static ort_status *timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    *out = NULL;
    ortp_timeline *timeline = host_alloc(instance, sizeof *timeline);
    if (!timeline) {
        const ortp_host *before = ortk_host_enter(instance->host);
        ort_status *status = ortk_out_of_memory();
        ortk_host_leave(before);
        return status;
    }
    timeline->instance = instance;
    atomic_init(&timeline->value, initial_value);
    atomic_flag_clear(&timeline->lock);
    *out = timeline;
    return NULL;
}

static void timeline_destroy(ortp_timeline *timeline) {
    if (!timeline) return;
    ortp_instance *instance = timeline->instance;
    failure *next = NULL;
    for (failure *f = timeline->failures; f; f = next) {
        next = f->next;
        ortk_status_drop(instance->host, f->status);
        host_release(instance, f);
    }
    listener *after = NULL;
    for (listener *l = timeline->listeners; l; l = after) {
        after = l->next;
        host_release(instance, l);
    }
    host_release(instance, timeline);
}

/* The failure that covers a settled value, or NULL. Failures are only ever added, so a pointer stays good. */
static const failure *failure_of(ortp_timeline *timeline, uint64_t value) {
    lock(timeline);
    const failure *found = timeline->failures;
    while (found && !(value > found->after && value <= found->upto)) found = found->next;
    unlock(timeline);
    return found;
}

static bool is_settled(ortp_point point) {
    return !point.timeline || atomic_load_explicit(&point.timeline->value, memory_order_acquire) >= point.value;
}

static uint32_t point_state(ortp_point point, ort_status **out_failure) {
    if (out_failure) *out_failure = NULL;
    if (!point.timeline) return ORTP_POINT_REACHED;
    if (!is_settled(point)) return ORTP_POINT_PENDING;
    const failure *found = failure_of(point.timeline, point.value);
    if (!found) return ORTP_POINT_REACHED;
    const ortp_host *host = point.timeline->instance->host;
    if (out_failure) *out_failure = host->core->status_copy(host->context, found->status);
    return ORTP_POINT_FAILED;
}

static ort_status *deadline_status(const ortp_host *host, uint64_t value) {
    const ortp_host *before = ortk_host_enter(host);
    ort_status *status =
        ortk_fail(ORT_CODE_DEADLINE, "point %llu of a timeline has not settled in time", (unsigned long long)value);
    ortk_host_leave(before);
    return status;
}

static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    if (!point.timeline) return NULL;
    const ortp_host *host = point.timeline->instance->host;
    uint64_t start = is_settled(point) || timeout_ns == UINT64_MAX ? 0 : host->core->clock_ns();
    for (uint32_t turn = 0; !is_settled(point); turn++) {
        if (timeout_ns != UINT64_MAX && host->core->clock_ns() - start >= timeout_ns)
            return deadline_status(host, point.value);
        if (turn < 64)
            thrd_yield();
        else
            thrd_sleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    ort_status *status = NULL;
    (void)point_state(point, &status);
    return status;
}

static void listener_call(ortp_timeline *timeline, listener *l) {
    const failure *found = failure_of(timeline, l->value);
    l->fn(l->user, found ? found->status : NULL);
    host_release(timeline->instance, l);
}

/* Takes the listeners whose value has settled off the list and calls them. */
static void listeners_call(ortp_timeline *timeline) {
    listener *due = NULL;
    lock(timeline);
    uint64_t value = atomic_load_explicit(&timeline->value, memory_order_acquire);
    for (listener **at = &timeline->listeners; *at;) {
        listener *l = *at;
        if (l->value > value) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        l->next = due;
        due = l;
    }
    unlock(timeline);
    for (listener *next = NULL; due; due = next) {
        next = due->next;
        listener_call(timeline, due);
    }
}

static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    if (!point.timeline) {
        fn(user, NULL);
        return NULL;
    }
    ortp_timeline *timeline = point.timeline;
    listener *l = host_alloc(timeline->instance, sizeof *l);
    if (!l) {
        const ortp_host *before = ortk_host_enter(timeline->instance->host);
        ort_status *status = ortk_out_of_memory();
        ortk_host_leave(before);
        return status;
    }
    *l = (listener){point.value, fn, user, NULL};
    lock(timeline);
    l->next = timeline->listeners;
    timeline->listeners = l;
    unlock(timeline);
    listeners_call(timeline); /* it may have settled before the listener was on the list */
    return NULL;
}

static ort_status *host_signal(ortp_timeline *timeline, uint64_t value, ort_status *status) {
    failure *f = NULL;
    ortp_instance *instance = timeline->instance;
    if (status) {
        f = host_alloc(instance, sizeof *f);
        if (!f) return status; /* the caller learns what it tried to tell; the points stay pending */
    }
    lock(timeline);
    uint64_t reached = atomic_load_explicit(&timeline->value, memory_order_relaxed);
    bool moves = value > reached;
    if (f && moves) {
        *f = (failure){reached, value, status, timeline->failures};
        timeline->failures = f;
    }
    if (moves) atomic_store_explicit(&timeline->value, value, memory_order_release);
    unlock(timeline);
    if (f && !moves) {
        ortk_status_drop(instance->host, status);
        host_release(instance, f);
    }
    listeners_call(timeline);
    return NULL;
}

/* ---- the queue ---- */

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    *out = NULL;
    (void)flags; /* whatever was wished for, this is what there is */
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = NULL;
    ortp_queue *queue = host_alloc(instance, sizeof *queue);
    if (queue) {
        *queue = (ortp_queue){instance, device, ORTP_QUEUE_INLINE | ORTP_QUEUE_ORDERED};
        *out = queue;
    } else {
        status = ortk_out_of_memory();
    }
    ortk_host_leave(before);
    return status;
}

static void queue_destroy(ortp_queue *queue) {
    if (queue) host_release(queue->instance, queue);
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    ortp_queue_info info = {.flags = queue->flags, .device = queue->device};
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
}

static ort_status *wait_all(const ortp_order *order) {
    for (uint32_t i = 0; order && i < order->wait_count; i++) ORTK_TRY(point_wait(order->waits[i], UINT64_MAX));
    return NULL;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    (void)queue;
    ORTK_TRY(wait_all(order));
    const unsigned char *at = (const unsigned char *)copies;
    for (uint64_t i = 0; i < copy_count; i++, at += stride) {
        const ortp_copy *copy = (const ortp_copy *)(const void *)at;
        const void *src = copy->src_host ? (const unsigned char *)copy->src_host + copy->src_offset_bytes
                                         : copy->src_buffer->data + copy->src_offset_bytes;
        void *dst = copy->dst_host ? (unsigned char *)copy->dst_host + copy->dst_offset_bytes
                                   : copy->dst_buffer->data + copy->dst_offset_bytes;
        if (copy->size_bytes) memcpy(dst, src, (size_t)copy->size_bytes);
    }
    if (order && order->signal.timeline) return host_signal(order->signal.timeline, order->signal.value, NULL);
    return NULL;
}

static ort_status *refuse(ortp_instance *instance, const char *what) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = ortk_fail(ORT_CODE_UNSUPPORTED, "this device's timelines can't be %s", what);
    ortk_host_leave(before);
    return status;
}

static ort_status *timeline_export(ortp_timeline *timeline, uint32_t kind, uint64_t *out_handle) {
    (void)kind;
    *out_handle = 0;
    return refuse(timeline->instance, "given out");
}

static ort_status *timeline_import(ortp_instance *instance, uint32_t kind, uint64_t handle, ortp_timeline **out) {
    (void)kind;
    (void)handle;
    *out = NULL;
    return refuse(instance, "taken in");
}

const ortp_queue_table ortk_inline_queue = {
    .size = sizeof(ortp_queue_table),
    .create = queue_create,
    .destroy = queue_destroy,
    .describe = queue_describe,
    .copy = queue_copy,
    .timeline_create = timeline_create,
    .timeline_destroy = timeline_destroy,
    .point_state = point_state,
    .point_wait = point_wait,
    .on_settled = on_settled,
    .host_signal = host_signal,
    .timeline_export = timeline_export,
    .timeline_import = timeline_import,
};
