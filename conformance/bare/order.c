/* L2: work and the points around it: nothing begins before what it waits for, no point comes before its work.
 *
 * How early work is seen. A device that takes waits on what the host signals later is held: a point that the host has
 * not signalled stands before the work, and while it stands the work's own point must be pending and its output
 * untouched. On every device: a large copy to the host is looked at, byte by byte, the moment its point is reached. */
#include "bare/trial.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_NS   UINT64_C(20000000)
#define BLOCKED_NS UINT64_C(5000000000)
#define BIG_BYTES  (UINT64_C(8) << 20)
#define BIG_TURNS  6u

typedef struct stage {
    ortc_bare *bare;
    ortp_queue *queue; /* beside the mover */
    ortp_timeline *holds, *ends, *others;
    ortp_buffer *buffer;
    unsigned char *sent, *got;
    uint64_t size_bytes;
} stage;

static bool stage_open(stage *s, ortc_bare *bare, uint64_t size_bytes) {
    *s = (stage){.bare = bare, .size_bytes = size_bytes};
    s->sent = malloc(size_bytes);
    s->got = ortc_block_create(bare->host, ORTC_USE_TENSOR, size_bytes, 64);
    if (!s->sent || !s->got) {
        ortc_broken(bare->context, "no memory for %llu bytes", (unsigned long long)size_bytes);
        return false;
    }
    ortc_fill(s->sent, size_bytes, 4);
    memset(s->got, 0, size_bytes);
    s->buffer = ortc_bare_alloc(bare, 0, size_bytes, 64);
    return s->buffer && ortc_bare_upload(bare, s->buffer, 0, s->sent, size_bytes) &&
           ortc_bare_ok(bare, bare->queue.create(bare->instance, 0, 0, &s->queue), "queue.describe", "queue.create") &&
           ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &s->holds), "point.state",
                        "timeline_create") &&
           ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &s->ends), "point.state",
                        "timeline_create") &&
           ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &s->others), "point.state",
                        "timeline_create");
}

static void stage_close(stage *s) {
    if (ortc_has_failed(s->bare->context)) return;
    s->bare->queue.destroy(s->queue);
    s->bare->queue.timeline_destroy(s->holds);
    s->bare->queue.timeline_destroy(s->ends);
    s->bare->queue.timeline_destroy(s->others);
    ortc_bare_release(s->bare, s->buffer);
    ortc_block_destroy(s->got);
    free(s->sent);
}

static ort_status *copy_out(stage *s, ortp_queue *queue, const ortp_point *waits, uint32_t wait_count, ortp_point end) {
    const ortp_copy copy = ortc_copy_out(s->got, s->buffer, 0, s->size_bytes);
    return ortc_bare_copy(s->bare, queue, &copy, 1, waits, wait_count, end);
}

static bool signal_ok(ortc_bare *bare, ortp_timeline *line, uint64_t value, ort_status *failure) {
    return ortc_bare_ok(bare, bare->queue.host_signal(line, value, failure), "point.host", "host_signal");
}

static bool is_zero(const unsigned char *bytes, uint64_t size_bytes) {
    for (uint64_t i = 0; i < size_bytes; i++)
        if (bytes[i]) return false;
    return true;
}

/* A point whose work can't have begun: pending, and a wait for it ends without it. When it is reached, the caller's
 * look at the output has the word: done work did not wait, work that is not done has a point that comes early. */
static bool is_held(ortc_bare *bare, ortp_point point, bool *out_reached, const char *what) {
    ort_status *status = bare->queue.point_wait(point, SHORT_NS);
    *out_reached = !status;
    if (!status) return true;
    if (!ortc_bare_fails(bare, status, ORT_CODE_DEADLINE, "queue.order", what)) return false;
    if (bare->queue.point_state(point, NULL) == ORTP_POINT_PENDING) return true;
    ortc_fail(bare->context, "point.state", "the point of %s is not pending behind one that is", what);
    return false;
}

/* ---- copies ---- */

static bool arrives(stage *s, ortp_point end, const char *what) {
    if (!ortc_bare_wait(s->bare, end, what)) return false;
    if (memcmp(s->sent, s->got, s->size_bytes) == 0) return true;
    ortc_fail(s->bare->context, "point.early", "%s: its point is reached and its bytes are not there", what);
    return false;
}

static bool copy_waits(stage *s, bool is_reached) {
    if (!is_zero(s->got, s->size_bytes))
        ortc_fail(s->bare->context, "queue.order", "a copy is done while what it waits for is pending");
    else if (is_reached)
        ortc_fail(s->bare->context, "point.early", "the point of a copy is reached while what it waits for is pending");
    return !ortc_has_failed(s->bare->context);
}

/* Behind two holds, and behind another queue that is held: one at a time they go, and not before. */
static bool held_copies(stage *s) {
    ortc_bare *bare = s->bare;
    const ortp_point holds[] = {{s->holds, 1}, {s->others, 1}}, end = {s->ends, 1};
    bool is_reached = false;
    if (!ortc_bare_ok(bare, copy_out(s, s->queue, holds, 2, end), "queue.order", "a copy behind two points"))
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        if (!is_held(bare, end, &is_reached, "a copy") || !copy_waits(s, is_reached)) return false;
        if (!signal_ok(bare, i ? s->others : s->holds, 1, NULL)) return false;
    }
    return arrives(s, end, "a copy behind two points");
}

/* The held queue writes the buffer, the other one reads it behind that. */
static bool held_queues(stage *s) {
    ortc_bare *bare = s->bare;
    const ortp_point hold = {s->holds, 2}, written = {s->others, 2}, end = {s->ends, 2};
    bool is_reached = false;
    ortc_fill(s->sent, s->size_bytes, 9);
    memset(s->got, 0, s->size_bytes);
    const ortp_copy in = ortc_copy_in(s->buffer, 0, s->sent, s->size_bytes);
    if (!ortc_bare_ok(bare, ortc_bare_copy(bare, s->queue, &in, 1, &hold, 1, written), "queue.order",
                      "a copy that waits") ||
        !ortc_bare_ok(bare, copy_out(s, bare->mover, &written, 1, end), "queue.order", "a copy behind another queue") ||
        !is_held(bare, end, &is_reached, "a copy behind another queue") || !copy_waits(s, is_reached) ||
        !signal_ok(bare, s->holds, 2, NULL))
        return false;
    return arrives(s, end, "a copy behind another queue");
}

static void order_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context)) goto done;
    if (!ortc_bare_can_hold(&bare)) {
        ortc_decline(context, "the device takes no waits on points that the host has yet to signal");
        goto done;
    }
    if (stage_open(&s, &bare, 4096) && held_copies(&s) && held_queues(&s)) stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

/* Without holding: the same on two queues by the amount of work, behind points that are submitted. */
static void chain_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context) || !stage_open(&s, &bare, BIG_BYTES)) goto done;
    for (uint32_t turn = 1; turn <= BIG_TURNS; turn++) {
        const ortp_point written = {s.others, turn}, end = {s.ends, turn};
        ortc_fill(s.sent, s.size_bytes, turn);
        const ortp_copy in = ortc_copy_in(s.buffer, 0, s.sent, s.size_bytes);
        if (!ortc_bare_ok(&bare, ortc_bare_copy(&bare, s.queue, &in, 1, NULL, 0, written), "queue.order",
                          "a large copy") ||
            !ortc_bare_ok(&bare, copy_out(&s, bare.mover, &written, 1, end), "queue.order",
                          "a copy behind another queue") ||
            !ortc_bare_wait(&bare, end, "a copy behind another queue"))
            goto done;
        if (memcmp(s.sent, s.got, s.size_bytes) != 0) {
            ortc_fail(context, "queue.order", "a copy read a buffer before the copy that it waits for had written it");
            goto done;
        }
    }
    stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

/* The last bytes are looked at first: they come last. */
static void early_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context) || !stage_open(&s, &bare, BIG_BYTES)) goto done;
    uint64_t (*clock)(void) = ortc_host_table(bare.host)->core->clock_ns;
    for (uint32_t turn = 1; turn <= BIG_TURNS; turn++) {
        const ortp_point end = {s.ends, turn};
        memset(s.got, 0, s.size_bytes);
        if (!ortc_bare_ok(&bare, copy_out(&s, s.queue, NULL, 0, end), "queue.copy", "a large copy")) goto done;
        uint64_t until = clock() + ORTC_WAIT_NS;
        while (bare.queue.point_state(end, NULL) == ORTP_POINT_PENDING && clock() < until) continue;
        if (memcmp(s.sent + s.size_bytes - 64, s.got + s.size_bytes - 64, 64) != 0 &&
            bare.queue.point_state(end, NULL) == ORTP_POINT_REACHED) {
            ortc_fail(context, "point.early", "the point of a copy is reached and its last bytes are not there");
            goto done;
        }
        if (!arrives(&s, end, "a large copy")) goto done;
    }
    stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

#define MANY        200u
#define PIECE_BYTES 64u

/* Many at once on two queues, each of a piece of its own, their points waited for in another order. */
static void settles_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context) || !stage_open(&s, &bare, MANY * PIECE_BYTES)) goto done;
    for (uint32_t i = 0; i < MANY; i++) {
        const bool is_first = i % 2 == 0;
        const uint64_t at = (uint64_t)i * PIECE_BYTES;
        const ortp_copy copy = ortc_copy_out(s.got + at, s.buffer, at, PIECE_BYTES);
        const ortp_point end = {is_first ? s.ends : s.others, i + 1};
        if (!ortc_bare_ok(&bare, ortc_bare_copy(&bare, is_first ? s.queue : bare.mover, &copy, 1, NULL, 0, end),
                          "queue.copy", "a copy"))
            goto done;
    }
    for (uint32_t i = MANY; i-- > 0;)
        if (!ortc_bare_wait(&bare, (ortp_point){i % 2 == 0 ? s.ends : s.others, i + 1},
                            "the point of one of 200 copies"))
            goto done;
    if (memcmp(s.sent, s.got, s.size_bytes) != 0)
        ortc_fail(context, "point.early", "200 points are reached and not all of their bytes are there");
    stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

/* ---- failures ---- */

/* Work behind a failed point: its call fails with the code (inline), or its point does. */
static bool fails_with(ortc_bare *bare, ort_status *status, ortp_point end, ort_code code, const char *what) {
    if (status) {
        if (!ortc_bare_fails(bare, status, code, "point.failure", what)) return false;
        return signal_ok(bare, end.timeline, end.value, ortc_status_create(bare->host, code, "the call failed"));
    }
    return ortc_bare_fails(bare, bare->queue.point_wait(end, ORTC_WAIT_NS), code, "point.failure", what);
}

static bool failed_copies(stage *s, bool is_held_first) {
    ortc_bare *bare = s->bare;
    uint64_t turn = is_held_first ? 1 : 2;
    const ortp_point hold = {s->holds, turn}, first = {s->ends, turn}, second = {s->others, turn};
    if (!is_held_first && !signal_ok(bare, s->holds, turn, ortc_status_create(bare->host, ORT_CODE_IO, "planted")))
        return false;
    memset(s->got, 0, s->size_bytes);
    ort_status *one = copy_out(s, s->queue, &hold, 1, first);
    if (!is_held_first && !fails_with(bare, one, first, ORT_CODE_IO, "a copy behind a failed point")) return false;
    if (is_held_first && !ortc_bare_ok(bare, one, "queue.order", "a copy that waits")) return false;
    ort_status *two = copy_out(s, bare->mover, &first, 1, second);
    if (is_held_first && !signal_ok(bare, s->holds, turn, ortc_status_create(bare->host, ORT_CODE_IO, "planted")))
        return false;
    if (is_held_first && !fails_with(bare, NULL, first, ORT_CODE_IO, "a copy behind a point that fails")) return false;
    if (!fails_with(bare, two, second, ORT_CODE_IO, "a copy behind a copy that failed")) return false;
    if (is_zero(s->got, s->size_bytes)) return true;
    ortc_fail(bare->context, "point.failure", "a copy behind a failed point was done");
    return false;
}

static void failure_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context) || !stage_open(&s, &bare, 4096)) goto done;
    if ((ortc_bare_can_hold(&bare) && !failed_copies(&s, true)) || !failed_copies(&s, false)) goto done;
    /* The queues are none the worse. */
    const ortp_point end = {s.ends, 9};
    if (ortc_bare_ok(&bare, copy_out(&s, s.queue, NULL, 0, end), "point.failure", "a copy after failed ones") &&
        arrives(&s, end, "a copy after failed ones"))
        stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

/* ---- submission that does not return ---- */

/* Whoever waits inside a submission waits for a signal that this thread would give afterwards: a watchdog gives it. */
typedef struct watchdog {
    ortc_bare *bare;
    ortp_timeline *line;
    atomic_bool is_over, has_bitten;
} watchdog;

static void *watchdog_work(void *user) {
    watchdog *w = user;
    uint64_t (*clock)(void) = ortc_host_table(w->bare->host)->core->clock_ns;
    for (uint64_t until = clock() + BLOCKED_NS; clock() < until && !atomic_load(&w->is_over);) ortc_bare_pause();
    if (atomic_load(&w->is_over)) return NULL;
    atomic_store(&w->has_bitten, true);
    ortc_status_destroy(w->bare->queue.host_signal(w->line, 1, NULL));
    return NULL;
}

/* ---- runs ---- */

/* What the output holds now; false when it can't be read. */
static bool output_is(ortc_bound *bound, unsigned char poison, bool *out_is) {
    uint64_t bytes = bound->trial->example.output_bytes;
    unsigned char *now = malloc(bytes + 1);
    bool is_right = now && ortc_tensor_read(&bound->output, bound->trial->bare, now, "an output");
    *out_is = true;
    for (uint64_t i = 0; is_right && i < bytes; i++)
        if (now[i] != poison) *out_is = false;
    free(now);
    return is_right;
}

static bool run_untouched(ortc_bound *bound, const char *rule, const char *what) {
    bool is_untouched = false;
    if (!output_is(bound, 0x5c, &is_untouched)) return false;
    if (!is_untouched) ortc_fail(bound->trial->bare->context, rule, "%s wrote its output", what);
    return is_untouched;
}

static bool run_waits(ortc_bound *bound, bool is_reached) {
    if (!run_untouched(bound, "queue.order", "a run whose wait is pending")) return false;
    if (is_reached)
        ortc_fail(bound->trial->bare->context, "point.early",
                  "the point of a run is reached while what it waits for is pending");
    return !is_reached;
}

static bool held_run(ortc_bound *bound, ortp_timeline *holds) {
    ortc_bare *bare = bound->trial->bare;
    const ortp_point hold = {holds, 1};
    const ortc_run_wish wish = {.waits = &hold, .wait_count = 1};
    ortp_point end;
    bool is_reached = false, has_bitten = false;
    if (!ortc_bound_fill(bound, 0x5c)) return false;
    watchdog w = {.bare = bare, .line = holds};
    pthread_t thread;
    bool has_thread = pthread_create(&thread, NULL, watchdog_work, &w) == 0;
    ort_status *status = ortc_run_call(bound, &wish, &end);
    atomic_store(&w.is_over, true);
    if (has_thread) pthread_join(thread, NULL);
    has_bitten = atomic_load(&w.has_bitten);
    if (has_bitten) ortc_fail(bare->context, "queue.returns", "run returned only when what it waits for had settled");
    return !has_bitten && ortc_bare_ok(bare, status, "queue.order", "a run that waits") &&
           is_held(bare, end, &is_reached, "a run") && run_waits(bound, is_reached) &&
           signal_ok(bare, holds, 1, NULL) && ortc_bare_wait(bare, end, "the point of a run") &&
           ortc_bound_judge(bound, "point.early", NULL);
}

static bool failed_run(ortc_bound *bound, ortp_timeline *holds) {
    ortc_bare *bare = bound->trial->bare;
    const ortp_point hold = {holds, 2};
    const ortc_run_wish wish = {.waits = &hold, .wait_count = 1};
    ortp_point end;
    if (!signal_ok(bare, holds, 2, ortc_status_create(bare->host, ORT_CODE_IO, "planted")) ||
        !ortc_bound_fill(bound, 0x5c))
        return false;
    ort_status *status = ortc_run_call(bound, &wish, &end);
    return fails_with(bare, status, end, ORT_CODE_IO, "a run behind a failed point") &&
           run_untouched(bound, "point.failure", "a run behind a failed point") &&
           ortc_bound_go(bound, 0x5c, NULL, "point.failure", NULL);
}

static void runs_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    ortp_timeline *holds;
    ortp_queue *queue;
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 40000, false) ||
        !ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) ||
        !ortc_bare_ok(&bare, bare.queue.timeline_create(bare.instance, 0, &holds), "point.state", "timeline_create") ||
        !ortc_bare_ok(&bare, bare.queue.create(bare.instance, 0, 0, &queue), "queue.describe", "queue.create"))
        goto done;
    bound.queue = queue; /* the output is read on another one, which does not wait for it */
    if ((ortc_bare_can_hold(&bare) && !held_run(&bound, holds)) || !failed_run(&bound, holds)) goto done;
    for (uint32_t turn = 0; turn < 8; turn++)
        if (!ortc_bound_go(&bound, 0x5c, NULL, "point.early", NULL)) goto done;
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
    bare.queue.destroy(queue);
    bare.queue.timeline_destroy(holds);
done:
    ortc_bare_finish(&bare);
}

/* ---- submission returns ---- */

static bool returns_check(stage *s, watchdog *w) {
    const ortp_point hold = {s->holds, 1}, end = {s->ends, 1};
    pthread_t thread;
    bool has_thread = pthread_create(&thread, NULL, watchdog_work, w) == 0;
    ort_status *status = copy_out(s, s->queue, &hold, 1, end);
    atomic_store(&w->is_over, true);
    if (has_thread) pthread_join(thread, NULL);
    if (!ortc_bare_ok(s->bare, status, "queue.returns", "a copy that waits")) return false;
    if (atomic_load(&w->has_bitten)) {
        ortc_fail(s->bare->context, "queue.returns", "copy returned only when what it waits for had settled");
        return false;
    }
    return signal_ok(s->bare, s->holds, 1, NULL) && arrives(s, end, "a copy that waited");
}

static void returns_run(ortc_context *context) {
    ortc_bare bare;
    stage s;
    if (!ortc_bare_start(&bare, context)) goto done;
    if (!ortc_bare_can_hold(&bare)) {
        ortc_decline(context, "the device takes no waits on points that the host has yet to signal");
        goto done;
    }
    if (!stage_open(&s, &bare, 4096)) goto done;
    watchdog w = {.bare = &bare, .line = s.holds};
    if (returns_check(&s, &w)) stage_close(&s);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_order_checks[] = {
    {"order-copies", 2, 0, "copies begin when all their waits have settled", order_run},
    {"order-chain", 2, 0, "large copies on two queues, one behind the other", chain_run},
    {"order-early", 2, 0, "no point comes before its work is done", early_run},
    {"order-settles", 2, 0, "every point settles", settles_run},
    {"order-failure", 2, 0, "what depends on a failed point fails and does nothing", failure_run},
    {"order-returns", 2, 0, "submissions return while their work waits", returns_run},
    {"order-runs", 2, 0, "runs behind points, and their own points", runs_run},
};
const uint32_t ortc_order_check_count = ORTC_COUNT(ortc_order_checks);
