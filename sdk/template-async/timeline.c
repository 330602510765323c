/* timeline.c: points. A timeline is a number that only grows; a point is reached, or has failed, once the number is at
 * its value. */
#include "async.h"

#include <errno.h>
#include <time.h>

uint32_t async_point_look(ortp_point point, const ort_status **out_failure) {
    const ortp_timeline *timeline = point.timeline;
    *out_failure = NULL;
    if (!timeline) return ORTP_POINT_REACHED;
    if (timeline->for_good.status && point.value >= timeline->for_good.first)
        *out_failure = timeline->for_good.status;
    else if (point.value > timeline->settled)
        return ORTP_POINT_PENDING;
    for (const async_failure *at = timeline->failures; at && !*out_failure; at = at->next)
        if (point.value >= at->first && point.value <= at->last) *out_failure = at->status;
    return *out_failure ? ORTP_POINT_FAILED : ORTP_POINT_REACHED;
}

/* The lock is held. */
static void failure_note(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    async_failure *note = async_alloc(timeline->instance->host, sizeof *note);
    async_failure facts = {timeline->failures, timeline->settled + 1, value, failure};
    if (!note) {
        timeline->for_good = facts;
    } else {
        *note = facts;
        timeline->failures = note;
    }
}

/* The waiters that have nothing left to wait for, each with its point's failure. The lock is held. */
static async_waiter *due_take(ortp_timeline *timeline) {
    const ortp_host *host = timeline->instance->host;
    async_waiter *due = NULL, **end = &due, **slot = &timeline->waiters;
    while (*slot) {
        async_waiter *waiter = *slot;
        const ort_status *failure;
        if (async_point_look((ortp_point){timeline, waiter->value}, &failure) == ORTP_POINT_PENDING) {
            slot = &waiter->next;
            continue;
        }
        *slot = waiter->next;
        waiter->failure = failure ? host->core->status_copy(host->context, failure) : NULL;
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    return due;
}

/* A waiter that was not made here belongs to an object that its function may free. */
static void waiters_tell(const ortp_host *host, async_waiter *due) {
    while (due) {
        async_waiter *waiter = due;
        ort_status *failure = waiter->failure;
        bool is_made = waiter->is_made;
        due = waiter->next;
        waiter->fn(waiter->user, failure);
        host->core->status_destroy(failure);
        if (is_made) async_free(host, waiter);
    }
}

void async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    ortp_instance *instance = timeline->instance;
    const ortp_host *host = instance->host;
    pthread_mutex_lock(&instance->lock);
    if (value > timeline->settled && !timeline->for_good.status) {
        if (failure) failure_note(timeline, value, failure);
        timeline->settled = value;
        failure = NULL;
    }
    async_waiter *due = due_take(timeline);
    pthread_cond_broadcast(&instance->changed);
    pthread_mutex_unlock(&instance->lock);
    host->core->status_destroy(failure);
    waiters_tell(host, due);
}

void async_point_watch(const ortp_host *host, ortp_point point, async_waiter *waiter) {
    async_waiter *due = waiter;
    waiter->value = point.value;
    waiter->next = NULL;
    if (point.timeline) {
        ortp_timeline *timeline = point.timeline;
        pthread_mutex_lock(&timeline->instance->lock);
        waiter->next = timeline->waiters;
        timeline->waiters = waiter;
        due = due_take(timeline);
        pthread_mutex_unlock(&timeline->instance->lock);
    }
    waiters_tell(host, due);
}

ort_status *async_timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    ortp_timeline *timeline = *out = async_alloc(instance->host, sizeof *timeline);
    if (!timeline) return async_out_of_memory(instance->host, "a timeline");
    *timeline = (ortp_timeline){.instance = instance, .settled = initial_value};
    return NULL;
}

void async_timeline_destroy(ortp_timeline *timeline) {
    if (!timeline) return;
    ortp_instance *instance = timeline->instance;
    const ortp_host *host = instance->host;
    pthread_mutex_lock(&instance->lock); /* whoever settled the last point has left */
    pthread_mutex_unlock(&instance->lock);
    while (timeline->failures) {
        async_failure *note = timeline->failures;
        timeline->failures = note->next;
        host->core->status_destroy(note->status);
        async_free(host, note);
    }
    host->core->status_destroy(timeline->for_good.status);
    async_free(host, timeline);
}

uint32_t async_point_state(ortp_point point, ort_status **out_failure) {
    const ort_status *failure = NULL;
    if (out_failure) *out_failure = NULL;
    if (!point.timeline) return ORTP_POINT_REACHED;
    ortp_instance *instance = point.timeline->instance;
    const ortp_host *host = instance->host;
    pthread_mutex_lock(&instance->lock);
    uint32_t state = async_point_look(point, &failure);
    if (failure && out_failure) *out_failure = host->core->status_copy(host->context, failure);
    pthread_mutex_unlock(&instance->lock);
    return state;
}

static struct timespec time_after(uint64_t timeout_ns) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_nsec + timeout_ns % 1000000000u;
    return (struct timespec){now.tv_sec + (time_t)(timeout_ns / 1000000000u) + (time_t)(ns / 1000000000u),
                             (long)(ns % 1000000000u)};
}

ort_status *async_point_wait(ortp_point point, uint64_t timeout_ns) {
    const ort_status *failure = NULL;
    int late = 0;
    uint32_t state;
    if (!point.timeline) return NULL;
    ortp_instance *instance = point.timeline->instance;
    const ortp_host *host = instance->host;
    const struct timespec until = time_after(timeout_ns < UINT64_MAX / 4 ? timeout_ns : 0);
    pthread_mutex_lock(&instance->lock);
    while ((state = async_point_look(point, &failure)) == ORTP_POINT_PENDING && late != ETIMEDOUT)
        late = timeout_ns < UINT64_MAX / 4 ? pthread_cond_timedwait(&instance->changed, &instance->lock, &until)
                                           : pthread_cond_wait(&instance->changed, &instance->lock);
    ort_status *status = failure ? host->core->status_copy(host->context, failure) : NULL;
    pthread_mutex_unlock(&instance->lock);
    if (state != ORTP_POINT_PENDING) return status;
    return async_fail(host, ORT_CODE_DEADLINE, "point %llu was not reached in %llu ns", (unsigned long long)point.value,
                      (unsigned long long)timeout_ns);
}

ort_status *async_on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    if (!point.timeline) {
        fn(user, NULL);
        return NULL;
    }
    const ortp_host *host = point.timeline->instance->host;
    async_waiter *waiter = async_alloc(host, sizeof *waiter);
    if (!waiter) return async_out_of_memory(host, "a callback");
    *waiter = (async_waiter){.fn = fn, .user = user, .is_made = true};
    async_point_watch(host, point, waiter);
    return NULL;
}

ort_status *async_host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    async_timeline_settle(timeline, value, failure);
    return NULL;
}
