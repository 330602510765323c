/* L2: timelines and points as such: states, callbacks, deadlines, signals of the host. */
#include "bare/bare.h"

#include <pthread.h>
#include <string.h>

#define SHORT_NS  UINT64_C(30000000)
#define LATE_NS   UINT64_C(4000000000) /* what a wait may take beyond its time on a machine that is busy */
#define RESCUE_NS UINT64_C(6000000000)

static bool line_create(ortc_bare *bare, uint64_t value, ortp_timeline **out) {
    return ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, value, out), "point.state",
                        "timeline_create");
}

static bool signal_ok(ortc_bare *bare, ortp_timeline *line, uint64_t value, ort_status *failure) {
    return ortc_bare_ok(bare, bare->queue.host_signal(line, value, failure), "point.host", "host_signal");
}

static bool state_is(ortc_bare *bare, ortp_point point, uint32_t want, const char *rule, const char *when) {
    static const char *const names[] = {"pending", "reached", "failed"};
    uint32_t got = bare->queue.point_state(point, NULL);
    if (got == want) return true;
    ortc_fail(bare->context, rule, "%s point %llu is %s and not %s", when, (unsigned long long)point.value,
              got < 3 ? names[got] : "in no state that types.h names", names[want]);
    return false;
}

static bool states_check(ortc_bare *bare, ortp_timeline *line) {
    return state_is(bare, (ortp_point){line, 5}, ORTP_POINT_REACHED, "point.state",
                    "on a timeline that begins at 5,") &&
           state_is(bare, (ortp_point){line, 1}, ORTP_POINT_REACHED, "point.state",
                    "on a timeline that begins at 5,") &&
           state_is(bare, (ortp_point){line, 6}, ORTP_POINT_PENDING, "point.state",
                    "on a timeline that begins at 5,") &&
           state_is(bare, (ortp_point){NULL, 9}, ORTP_POINT_REACHED, "point.state", "without a timeline,") &&
           signal_ok(bare, line, 8, NULL) &&
           state_is(bare, (ortp_point){line, 8}, ORTP_POINT_REACHED, "point.host", "signalled up to 8,") &&
           state_is(bare, (ortp_point){line, 6}, ORTP_POINT_REACHED, "point.host", "signalled up to 8,") &&
           state_is(bare, (ortp_point){line, 9}, ORTP_POINT_PENDING, "point.host", "signalled up to 8,") &&
           signal_ok(bare, line, 7, NULL) &&
           state_is(bare, (ortp_point){line, 8}, ORTP_POINT_REACHED, "point.state", "signalled once more lower,") &&
           ortc_bare_ok(bare, bare->queue.point_wait((ortp_point){line, 8}, 0), "point.state",
                        "a wait for what is reached") &&
           ortc_bare_ok(bare, bare->queue.point_wait((ortp_point){NULL, 3}, 0), "point.state",
                        "a wait without a timeline");
}

/* Failed is failed however often it is asked, and what was reached stays reached. */
static bool failed_check(ortc_bare *bare, ortp_timeline *line) {
    const ortp_point point = {line, 20};
    if (!signal_ok(bare, line, 20, ortc_status_create(bare->host, ORT_CODE_IO, "planted"))) return false;
    for (uint32_t turn = 0; turn < 3; turn++) {
        ort_status *failure = NULL;
        uint32_t state = bare->queue.point_state(point, &failure);
        if (state != ORTP_POINT_FAILED) {
            ortc_status_destroy(failure);
            ortc_fail(bare->context, "point.state", "asked for the %uth time, a failed point is in state %u", turn + 1,
                      state);
            return false;
        }
        if (!ortc_bare_fails(bare, failure, ORT_CODE_IO, "point.failure", "point_state of a failed point") ||
            !state_is(bare, point, ORTP_POINT_FAILED, "point.state", "once failed,") ||
            !ortc_bare_fails(bare, bare->queue.point_wait(point, ORTC_WAIT_NS), ORT_CODE_IO, "point.failure",
                             "point_wait for a failed point"))
            return false;
    }
    return state_is(bare, (ortp_point){line, 8}, ORTP_POINT_REACHED, "point.state", "after a later one failed,") &&
           signal_ok(bare, line, 21, NULL) &&
           state_is(bare, point, ORTP_POINT_FAILED, "point.state", "after a later one was reached,") &&
           state_is(bare, (ortp_point){line, 21}, ORTP_POINT_REACHED, "point.host", "signalled after a failure,");
}

static void state_run(ortc_context *context) {
    ortc_bare bare;
    ortp_timeline *line;
    if (ortc_bare_start(&bare, context) && line_create(&bare, 5, &line) && states_check(&bare, line) &&
        failed_check(&bare, line))
        bare.queue.timeline_destroy(line);
    ortc_bare_finish(&bare);
}

/* ---- deadlines ---- */

/* Ends a wait that has no end of its own. */
typedef struct rescue {
    ortc_bare *bare;
    ortp_timeline *line;
    atomic_bool is_over;
} rescue;

static void *rescue_work(void *user) {
    rescue *r = user;
    uint64_t (*clock)(void) = ortc_host_table(r->bare->host)->core->clock_ns;
    for (uint64_t until = clock() + RESCUE_NS; clock() < until && !atomic_load(&r->is_over);) ortc_bare_pause();
    if (!atomic_load(&r->is_over)) ortc_status_destroy(r->bare->queue.host_signal(r->line, 1, NULL));
    return NULL;
}

static bool deadlines_check(ortc_bare *bare, ortp_timeline *line) {
    static const uint64_t times[] = {0, 1, SHORT_NS, SHORT_NS * 2};
    uint64_t (*clock)(void) = ortc_host_table(bare->host)->core->clock_ns;
    for (uint32_t i = 0; i < ORTC_COUNT(times); i++) {
        uint64_t begin = clock();
        ort_status *status = bare->queue.point_wait((ortp_point){line, 1}, times[i]);
        uint64_t took = clock() - begin;
        if (took < times[i] / 2 || took > times[i] + LATE_NS) {
            ortc_fail(bare->context, "point.deadline", "a wait of %llu ns took %llu", (unsigned long long)times[i],
                      (unsigned long long)took);
            return false;
        }
        if (!ortc_bare_fails(bare, status, ORT_CODE_DEADLINE, "point.deadline", "a wait for what nobody signals"))
            return false;
    }
    return true;
}

static void deadline_run(ortc_context *context) {
    ortc_bare bare;
    rescue r = {.bare = &bare};
    pthread_t thread;
    if (!ortc_bare_start(&bare, context) || !line_create(&bare, 0, &r.line)) goto done;
    bool has_thread = pthread_create(&thread, NULL, rescue_work, &r) == 0;
    bool is_right = deadlines_check(&bare, r.line);
    atomic_store(&r.is_over, true);
    if (has_thread) pthread_join(thread, NULL);
    if (is_right && signal_ok(&bare, r.line, 1, NULL)) bare.queue.timeline_destroy(r.line);
done:
    ortc_bare_finish(&bare);
}

/* ---- signals from another thread ---- */

typedef struct waiter {
    ortc_bare *bare;
    ortp_point point;
    ort_status *status;
    pthread_t thread;
    bool has_thread;
} waiter;

static void *waiter_work(void *user) {
    waiter *w = user;
    w->status = w->bare->queue.point_wait(w->point, ORTC_WAIT_NS);
    return NULL;
}

static void host_run(ortc_context *context) {
    ortc_bare bare;
    ortp_timeline *line;
    waiter waiters[4] = {{0}};
    if (!ortc_bare_start(&bare, context) || !line_create(&bare, 0, &line)) goto done;
    for (uint32_t i = 0; i < ORTC_COUNT(waiters); i++) {
        waiters[i] = (waiter){.bare = &bare, .point = {line, i + 1}};
        waiters[i].has_thread = pthread_create(&waiters[i].thread, NULL, waiter_work, &waiters[i]) == 0;
    }
    bool is_right = signal_ok(&bare, line, 2, NULL) &&
                    signal_ok(&bare, line, 4, ortc_status_create(bare.host, ORT_CODE_IO, "planted"));
    for (uint32_t i = 0; i < ORTC_COUNT(waiters); i++) {
        if (!waiters[i].has_thread) continue;
        pthread_join(waiters[i].thread, NULL);
        if (!is_right) continue;
        is_right = i < 2 ? ortc_bare_ok(&bare, waiters[i].status, "point.host", "a wait on another thread")
                         : ortc_bare_fails(&bare, waiters[i].status, ORT_CODE_IO, "point.host",
                                           "a wait on another thread for what the host failed");
    }
    if (is_right) bare.queue.timeline_destroy(line);
done:
    ortc_bare_finish(&bare);
}

/* ---- callbacks ---- */

#define CALLBACKS 6u

typedef struct called {
    ortc_bare *bare;
    atomic_uint count, failed_code;
} called;

/* A status is looked at, not kept: it is borrowed for the call. */
static void on_settled(void *user, const ort_status *status) {
    called *c = user;
    if (status) atomic_store(&c->failed_code, ortc_status_code(status));
    atomic_fetch_add(&c->count, 1);
}

static bool listen(ortc_bare *bare, ortp_point point, called *out) {
    return ortc_bare_ok(bare, bare->queue.on_settled(point, on_settled, out), "point.once", "on_settled");
}

static bool called_check(ortc_bare *bare, called *calls, const uint32_t *codes) {
    uint64_t (*clock)(void) = ortc_host_table(bare->host)->core->clock_ns;
    for (uint32_t i = 0; i < CALLBACKS; i++) {
        uint64_t until = clock() + ORTC_WAIT_NS / 2;
        while (atomic_load(&calls[i].count) == 0 && clock() < until) ortc_bare_pause();
        if (atomic_load(&calls[i].count) != 1) {
            ortc_fail(bare->context, "point.once", "callback %u was called %u times", i, atomic_load(&calls[i].count));
            return false;
        }
        if (atomic_load(&calls[i].failed_code) != codes[i]) {
            ortc_fail(bare->context, "point.failure", "callback %u was told code %u and not %u", i,
                      atomic_load(&calls[i].failed_code), codes[i]);
            return false;
        }
    }
    return true;
}

/* Before and after the point settles, reached and failed, twice on one point, and on none. */
static bool callbacks_check(ortc_bare *bare, ortp_timeline *line, called *calls) {
    static const uint32_t codes[CALLBACKS] = {0, 0, ORT_CODE_IO, 0, ORT_CODE_IO, 0};
    if (!listen(bare, (ortp_point){line, 1}, &calls[0]) || !listen(bare, (ortp_point){line, 1}, &calls[1]) ||
        !listen(bare, (ortp_point){line, 2}, &calls[2]))
        return false;
    for (uint32_t i = 0; i < 3; i++)
        if (atomic_load(&calls[i].count)) {
            ortc_fail(bare->context, "point.once", "a callback came before its point had settled");
            return false;
        }
    if (!signal_ok(bare, line, 1, NULL) ||
        !signal_ok(bare, line, 2, ortc_status_create(bare->host, ORT_CODE_IO, "planted")) ||
        !listen(bare, (ortp_point){line, 1}, &calls[3]) || !listen(bare, (ortp_point){line, 2}, &calls[4]) ||
        !listen(bare, (ortp_point){NULL, 0}, &calls[5]) || !called_check(bare, calls, codes))
        return false;
    /* A second call may come with a later signal, or when the timeline ends. */
    if (!signal_ok(bare, line, 9, NULL)) return false;
    bare->queue.timeline_destroy(line);
    return called_check(bare, calls, codes);
}

static void once_run(ortc_context *context) {
    static called calls[CALLBACKS];
    static const uint32_t codes[CALLBACKS] = {0, 0, ORT_CODE_IO, 0, ORT_CODE_IO, 0};
    ortc_bare bare;
    ortp_timeline *line;
    memset(calls, 0, sizeof calls);
    bool is_right =
        ortc_bare_start(&bare, context) && line_create(&bare, 0, &line) && callbacks_check(&bare, line, calls);
    if (is_right) {
        ortc_bare_close(&bare);
        called_check(&bare, calls, codes);
    }
    ortc_bare_finish(&bare);
}

const ortc_check ortc_point_checks[] = {
    {"point-state", 2, 0, "points are pending, then reached or failed for good", state_run},
    {"point-deadline", 2, 0, "a wait ends when its time is over", deadline_run},
    {"point-host", 2, 0, "the host's signals wake other threads", host_run},
    {"point-once", 2, 0, "each callback comes once", once_run},
};
const uint32_t ortc_point_check_count = ORTC_COUNT(ortc_point_checks);
