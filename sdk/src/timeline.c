/* Timelines of the border: which points have settled, and how. A value is an atomic, so that a settled point costs one
 * load; the lists (failures, callbacks) and waiting threads are behind a mutex, which is never held across a callback.
 */
#include "timeline.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

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
    ort_status *failure; /* when it is called */
    struct listener *next;
} listener;

struct ortp_timeline {
    ortp_instance *instance;
    atomic_uint_fast64_t value;
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* the value rose */
    failure *failures;
    failure for_good; /* where there was no memory to note a failure: what comes after has failed too */
    listener *listeners;
};

static void lock(ortp_timeline *timeline) {
    pthread_mutex_lock(&timeline->mutex);
}

static void unlock(ortp_timeline *timeline) {
    pthread_mutex_unlock(&timeline->mutex);
}

static void *host_alloc(ortp_instance *instance, size_t size_bytes) {
    void *memory = instance->host->core->alloc(instance->host->context, size_bytes, ORTK_ALIGN);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

static void host_release(ortp_instance *instance, void *memory) {
    instance->host->core->release(instance->host->context, memory);
}

ort_status *ortk_timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
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
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&timeline->mutex, NULL);
    pthread_cond_init(&timeline->moved, &clock);
    pthread_condattr_destroy(&clock);
    *out = timeline;
    return NULL;
}

void ortk_timeline_destroy(ortp_timeline *timeline) {
    if (!timeline) return;
    ortp_instance *instance = timeline->instance;
    /* Whoever settled the last point may still be about to give the lock back. */
    lock(timeline);
    unlock(timeline);
    failure *next = NULL;
    for (failure *f = timeline->failures; f; f = next) {
        next = f->next;
        ortk_status_drop(instance->host, f->status);
        host_release(instance, f);
    }
    ortk_status_drop(instance->host, timeline->for_good.status);
    listener *after = NULL;
    for (listener *l = timeline->listeners; l; l = after) {
        after = l->next;
        host_release(instance, l);
    }
    pthread_cond_destroy(&timeline->moved);
    pthread_mutex_destroy(&timeline->mutex);
    host_release(instance, timeline);
}

/* The failure that covers a settled value, or NULL. Failures are only ever added, so a pointer stays good. Locked. */
static const failure *failure_find(const ortp_timeline *timeline, uint64_t value) {
    const failure *found = timeline->failures;
    while (found && !(value > found->after && value <= found->upto)) found = found->next;
    if (!found && timeline->for_good.status && value > timeline->for_good.after) found = &timeline->for_good;
    return found;
}

static const failure *failure_of(ortp_timeline *timeline, uint64_t value) {
    lock(timeline);
    const failure *found = failure_find(timeline, value);
    unlock(timeline);
    return found;
}

static bool is_settled(ortp_point point) {
    return !point.timeline || atomic_load_explicit(&point.timeline->value, memory_order_acquire) >= point.value;
}

uint32_t ortk_point_state(ortp_point point, ort_status **out_failure) {
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

/* The time `timeout_ns` from now, on the condition's clock. */
static struct timespec time_after(uint64_t timeout_ns) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    uint64_t ns = (uint64_t)at.tv_nsec + timeout_ns % 1000000000u;
    at.tv_sec += (time_t)(timeout_ns / 1000000000u + ns / 1000000000u);
    at.tv_nsec = (long)(ns % 1000000000u);
    return at;
}

static void value_wait(ortp_timeline *timeline, uint64_t value, uint64_t timeout_ns) {
    const ortp_point point = {timeline, value};
    bool is_bounded = timeout_ns < UINT64_MAX / 4, is_over = false;
    struct timespec until = {0};
    if (is_bounded) until = time_after(timeout_ns);
    lock(timeline);
    while (!is_settled(point) && !is_over) {
        if (is_bounded)
            is_over = pthread_cond_timedwait(&timeline->moved, &timeline->mutex, &until) != 0;
        else
            pthread_cond_wait(&timeline->moved, &timeline->mutex);
    }
    unlock(timeline);
}

ort_status *ortk_point_wait(ortp_point point, uint64_t timeout_ns) {
    if (!point.timeline) return NULL;
    if (!is_settled(point)) value_wait(point.timeline, point.value, timeout_ns);
    if (!is_settled(point)) return deadline_status(point.timeline->instance->host, point.value);
    ort_status *status = NULL;
    (void)ortk_point_state(point, &status);
    return status;
}

/* Takes the listeners whose value has settled off the list, each with a copy of its failure: once the lock is given
 * back, whoever was waiting may destroy the timeline. Locked. */
static listener *listeners_take(ortp_timeline *timeline) {
    const ortp_host *host = timeline->instance->host;
    listener *due = NULL;
    uint64_t value = atomic_load_explicit(&timeline->value, memory_order_relaxed);
    for (listener **at = &timeline->listeners; *at;) {
        listener *l = *at;
        if (l->value > value) {
            at = &l->next;
            continue;
        }
        const failure *found = failure_find(timeline, l->value);
        l->failure = found ? host->core->status_copy(host->context, found->status) : NULL;
        *at = l->next;
        l->next = due;
        due = l;
    }
    return due;
}

static void listeners_call(ortp_instance *instance, listener *due) {
    for (listener *next = NULL; due; due = next) {
        next = due->next;
        due->fn(due->user, due->failure);
        ortk_status_drop(instance->host, due->failure);
        host_release(instance, due);
    }
}

ort_status *ortk_on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
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
    *l = (listener){.value = point.value, .fn = fn, .user = user};
    lock(timeline);
    l->next = timeline->listeners;
    timeline->listeners = l;
    ortp_instance *instance = timeline->instance;
    listener *due = listeners_take(timeline); /* it may have settled before the listener was on the list */
    unlock(timeline);
    listeners_call(instance, due);
    return NULL;
}

/* Every point settles, with or without memory `f` to note how. Takes `status` and `f`. Locked. */
static void failure_add(ortp_timeline *timeline, uint64_t after, uint64_t upto, ort_status *status, failure *f) {
    if (f) {
        *f = (failure){after, upto, status, timeline->failures};
        timeline->failures = f;
    } else if (!timeline->for_good.status) {
        timeline->for_good = (failure){after, UINT64_MAX, status, NULL};
    } else {
        ortk_status_drop(timeline->instance->host, status);
    }
}

ort_status *ortk_host_signal(ortp_timeline *timeline, uint64_t value, ort_status *status) {
    ortp_instance *instance = timeline->instance;
    failure *f = status ? host_alloc(instance, sizeof *f) : NULL;
    lock(timeline);
    uint64_t reached = atomic_load_explicit(&timeline->value, memory_order_relaxed);
    bool moves = value > reached;
    if (status && moves) {
        failure_add(timeline, reached, value, status, f);
        f = NULL;
        status = NULL;
    }
    if (moves) atomic_store_explicit(&timeline->value, value, memory_order_release);
    if (moves) pthread_cond_broadcast(&timeline->moved);
    listener *due = listeners_take(timeline);
    unlock(timeline);
    ortk_status_drop(instance->host, status);
    if (f) host_release(instance, f);
    listeners_call(instance, due);
    return NULL;
}

static ort_status *refuse(ortp_instance *instance, const char *what) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = ortk_fail(ORT_CODE_UNSUPPORTED, "this device's timelines can't be %s", what);
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_timeline_export(ortp_timeline *timeline, uint32_t kind, uint64_t *out_handle) {
    (void)kind;
    *out_handle = 0;
    return refuse(timeline->instance, "given out");
}

ort_status *ortk_timeline_import(ortp_instance *instance, uint32_t kind, uint64_t handle, ortp_timeline **out) {
    (void)kind;
    (void)handle;
    *out = NULL;
    return refuse(instance, "taken in");
}
