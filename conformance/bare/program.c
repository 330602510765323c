/* L2: programs: right answers, inside their memory, again and again. */
#include "bare/trial.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define POISON_A 0x00
#define POISON_B 0xff

static bool takes_host(const ortc_bare *bare) {
    return (bare->device.flags & ORTP_DEVICE_HOST_ADDRESSABLE) != 0;
}

/* A byte that holds the poison after each of two runs was written by neither. */
static bool complete_check(ortc_trial *trial, const unsigned char *a, const unsigned char *b) {
    for (uint64_t i = 0; i < trial->example.output_bytes; i++)
        if (a[i] == POISON_A && b[i] == POISON_B) {
            ortc_fail(trial->bare->context, "run.complete", "byte %llu of %llu of %s's output is not written",
                      (unsigned long long)i, (unsigned long long)trial->example.output_bytes,
                      trial->example.probe->name);
            return false;
        }
    return true;
}

static const char *rule_of(const ortc_trial *trial) {
    return trial->example.probe->form == ORTC_FORM_CHAIN ? "graph.correct" : "run.correct";
}

/* Three runs on one binding. The first two differ in the poison alone. What is unwritten would look like a wrong
 * answer, so bytes are compared before values. */
static bool repeat(ortc_bound *bound, unsigned char *a, unsigned char *b) {
    ortc_trial *trial = bound->trial;
    return ortc_bound_fill(bound, POISON_A) && ortc_bound_run(bound, NULL) &&
           ortc_tensor_read(&bound->output, trial->bare, a, "an output") && ortc_bound_fill(bound, POISON_B) &&
           ortc_bound_run(bound, NULL) && ortc_tensor_read(&bound->output, trial->bare, b, "an output") &&
           complete_check(trial, a, b) && ortc_bound_judge(bound, rule_of(trial), NULL) &&
           ortc_bound_go(bound, 0x55, NULL, "run.repeats", NULL);
}

static bool answers_on(ortc_trial *trial, uint32_t flags) {
    ortc_bound bound;
    unsigned char *a = malloc(trial->example.output_bytes + 1), *b = malloc(trial->example.output_bytes + 1);
    bool is_right = a && b && ortc_bound_open(&bound, trial, flags) && repeat(&bound, a, b);
    if (is_right) ortc_bound_close(&bound);
    free(a);
    free(b);
    return is_right && ortc_bare_is_clean(trial->bare);
}

/* taken: whether it is; true when declined. */
static bool answers_check(ortc_bare *bare, const ortc_probe *probe, int64_t n, bool is_symbolic, bool *out_taken) {
    ortc_trial trial;
    if (!ortc_trial_open(&trial, bare, probe, n, is_symbolic)) return false;
    *out_taken = trial.is_taken;
    if (trial.is_taken && (!ortc_trial_prepare(&trial, false) || !answers_on(&trial, 0) ||
                           (takes_host(bare) && !answers_on(&trial, ORTC_BIND_HOST))))
        return false;
    ortc_trial_close(&trial);
    return true;
}

static const int64_t sizes[] = {16, 1, 7, 8, 9, 15, 17, 63, 65, 0, 1023, 1025};

static void answers_run(ortc_context *context) {
    ortc_bare bare;
    uint32_t taken = 0;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        bool is_taken = true, is_any = false;
        for (uint32_t k = 0; k < ORTC_COUNT(sizes); k++) {
            if (!answers_check(&bare, &ortc_probes[i], sizes[k], false, &is_taken)) goto done;
            is_any |= is_taken;
            if (!is_taken && k == 0) break;
        }
        taken += is_any;
    }
    ortc_metric(context, "taken=%u asked=%u", taken, ortc_probe_count);
    if (!taken) ortc_decline(context, "the plugin takes none of %u small graphs", ortc_probe_count);
done:
    ortc_bare_finish(&bare);
}

/* One program for several sizes of a symbol: a plan for each, all alive at once in the end. */
static void dynamic_run(ortc_context *context) {
    ortc_bare bare;
    bool is_taken = false, is_any = false;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++)
        for (uint32_t k = 0; k < 4; k++) {
            if (ortc_probes[i].form == ORTC_FORM_CONSTANT) continue;
            if (!answers_check(&bare, &ortc_probes[i], sizes[k], true, &is_taken)) goto done;
            is_any |= is_taken;
        }
    if (!is_any) ortc_decline(context, "the plugin takes none of the small graphs with a symbol");
done:
    ortc_bare_finish(&bare);
}

/* The trial as it is, for another size of its symbol. */
static bool resize(ortc_trial *trial, int64_t n) {
    const ortc_probe *probe = trial->example.probe;
    ortc_example_finish(&trial->example);
    if (ortc_example_init(&trial->example, probe, n, true, 5)) return true;
    ortc_broken(trial->bare->context, "no memory for an example");
    return false;
}

static bool range_holds(ortc_trial *trial, const ortp_symbol_range *range) {
    trial->bind_rule = "plan.ranges";
    const int64_t wanted[] = {range->min, range->opt, range->max, range->min + 1, range->max - 1, 1, 5, 200};
    for (uint32_t i = 0; i < ORTC_COUNT(wanted); i++) {
        ortc_bound bound;
        if (wanted[i] < range->min || wanted[i] > range->max || wanted[i] < 0 || wanted[i] > 4096) continue;
        if (!resize(trial, wanted[i]) || !ortc_bound_open(&bound, trial, 0) ||
            !ortc_bound_go(&bound, POISON_B, NULL, "plan.ranges", NULL))
            return false;
        ortc_bound_close(&bound);
    }
    return true;
}

static void ranges_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, ORTC_FORM_ONE, 16, true) ||
        !ortc_trial_prepare(&trial, false))
        goto done;
    if (!trial.info.ranges || trial.info.range_count == 0)
        ortc_decline(context, "the plan holds for one size alone");
    else if (!range_holds(&trial, &trial.info.ranges[0]))
        goto done;
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

/* ---- one binding, other addresses ---- */

static bool rebind_check(ortc_trial *trial, uint32_t flags) {
    ortc_bound bound, other;
    ortc_bare *bare = trial->bare;
    if (!ortc_bound_open(&bound, trial, flags) || !ortc_bound_open(&other, trial, flags) ||
        !ortc_bound_go(&bound, POISON_A, NULL, rule_of(trial), NULL))
        return false;
    /* The first one's binding gets the other's tensors, and the first one's own are spoilt. */
    ortc_bound saved = bound;
    memcpy(bound.inputs, other.inputs, sizeof bound.inputs);
    bound.output = other.output;
    if (!ortc_tensor_poison(&saved.output, bare, 0x3c) || !ortc_tensor_poison(&saved.inputs[0], bare, 0x3c) ||
        !ortc_bare_ok(bare, ortc_rebind_call(&bound, true, true), "run.rebind", "rebind") ||
        !ortc_bound_go(&bound, POISON_B, NULL, "run.rebind", NULL))
        return false;
    unsigned char *old = malloc(saved.output.size_bytes + 1);
    bool is_right = old && ortc_tensor_read(&saved.output, bare, old, "an output");
    for (uint64_t i = 0; is_right && i < saved.output.size_bytes; i++)
        if (old[i] != 0x3c) {
            ortc_fail(bare->context, "run.rebind", "after rebind byte %llu of the old output was written",
                      (unsigned long long)i);
            is_right = false;
        }
    free(old);
    /* Back to the old output alone: arguments that say nothing stay. */
    bound.output = saved.output;
    if (!is_right || !ortc_bare_ok(bare, ortc_rebind_call(&bound, false, true), "run.rebind", "rebind of the output") ||
        !ortc_bound_go(&bound, POISON_A, NULL, "run.rebind", NULL))
        return false;
    memcpy(bound.inputs, saved.inputs, sizeof bound.inputs);
    ortc_bound_close(&bound);
    ortc_bound_close(&other);
    return true;
}

static void rebind_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    if (ortc_bare_start(&bare, context) && ortc_trial_find(&trial, &bare, -1, 33, false) &&
        ortc_trial_prepare(&trial, false) && rebind_check(&trial, 0) &&
        (!takes_host(&bare) || rebind_check(&trial, ORTC_BIND_HOST)))
        ortc_trial_close(&trial);
    ortc_bare_finish(&bare);
}

/* ---- many at once ---- */

#define THREADS 4
#define TURNS   8
#define ROUNDS  24

typedef struct runner {
    ortc_bound bound;
    ortc_context context; /* a failure of its own */
    ortc_bare bare;
    ortc_trial trial;
    pthread_t thread;
    bool has_thread;
} runner;

static void *runner_work(void *user) {
    runner *r = user;
    for (uint32_t i = 0; i < TURNS && !ortc_has_failed(&r->context); i++)
        ortc_bound_go(&r->bound, i % 2 ? POISON_A : POISON_B, NULL, "plan.reentrant", NULL);
    return NULL;
}

/* Everything of a runner is its own, but for instance, program and plan. */
static bool runner_open(runner *r, const ortc_trial *trial, uint64_t seed) {
    r->context = *trial->bare->context;
    r->bare = *trial->bare;
    r->bare.context = &r->context;
    r->trial = *trial;
    r->trial.bare = &r->bare;
    /* Other inputs than its neighbours': what gets into the wrong place is told apart. */
    if (!ortc_example_init(&r->trial.example, trial->example.probe, trial->example.n, false, seed)) return false;
    r->bare.moved = 0;
    return ortc_bare_ok(&r->bare, r->bare.queue.create(r->bare.instance, 0, 0, &r->bare.mover), "queue.describe",
                        "queue.create") &&
           ortc_bare_ok(&r->bare, r->bare.queue.timeline_create(r->bare.instance, 0, &r->bare.moves), "point.state",
                        "timeline_create") &&
           ortc_bound_open(&r->bound, &r->trial, takes_host(&r->bare) ? ORTC_BIND_HOST : 0);
}

static void runner_close(runner *r) {
    ortc_bound_close(&r->bound);
    if (ortc_has_failed(&r->context)) return;
    r->bare.queue.destroy(r->bare.mover);
    r->bare.queue.timeline_destroy(r->bare.moves);
    ortc_example_finish(&r->trial.example);
}

/* All runs stand behind one point, and begin together when it is signalled. */
static bool round_go(runner *runners, ortp_timeline *holds, uint64_t round) {
    ortc_bare *bare = &runners[0].bare;
    const ortp_point hold = {holds, round};
    const ortc_run_wish wish = {.waits = &hold, .wait_count = 1};
    ortp_point ends[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        runners[i].bound.queue = runners[i].bare.mover;
        if (!ortc_bound_fill(&runners[i].bound, POISON_B) ||
            !ortc_bare_ok(&runners[i].bare, ortc_run_call(&runners[i].bound, &wish, &ends[i]), "queue.order",
                          "a run that waits"))
            return false;
    }
    if (!ortc_bare_ok(bare, bare->queue.host_signal(holds, round, NULL), "point.host", "host_signal")) return false;
    for (uint32_t i = 0; i < THREADS; i++)
        if (!ortc_bare_wait(&runners[i].bare, ends[i], "the point of a run")) return false;
    for (uint32_t i = 0; i < THREADS; i++)
        if (!ortc_bound_judge(&runners[i].bound, "plan.reentrant", NULL)) return false;
    return true;
}

static bool rounds_go(runner *runners) {
    ortc_bare *bare = &runners[0].bare;
    ortp_timeline *holds;
    bool is_right =
        ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &holds), "point.state", "timeline_create");
    for (uint64_t round = 1; is_right && round <= ROUNDS; round++) is_right = round_go(runners, holds, round);
    if (is_right) bare->queue.timeline_destroy(holds);
    return is_right;
}

static bool runners_go(ortc_trial *trial) {
    ortc_context *context = trial->bare->context;
    runner *runners = calloc(THREADS, sizeof *runners);
    bool is_right = runners != NULL;
    for (uint32_t i = 0; is_right && i < THREADS; i++) is_right = runner_open(&runners[i], trial, 1000 + i);
    if (is_right && ortc_bare_can_hold(trial->bare)) is_right = rounds_go(runners);
    for (uint32_t i = 0; is_right && i < THREADS; i++)
        runners[i].has_thread = pthread_create(&runners[i].thread, NULL, runner_work, &runners[i]) == 0;
    for (uint32_t i = 0; runners && i < THREADS; i++) {
        if (runners[i].has_thread) pthread_join(runners[i].thread, NULL);
        if (ortc_has_failed(&runners[i].context))
            ortc_fail(context, runners[i].context.rule, "among %u threads: %.1000s", THREADS, runners[i].context.text);
        else if (is_right)
            runner_close(&runners[i]);
    }
    if (!ortc_has_failed(context)) free(runners);
    return !ortc_has_failed(context);
}

static void reentrant_run(ortc_context *context) {
    /* A chain, too: what lies between its steps is where bindings meet. */
    static const ortc_form forms[] = {ORTC_FORM_ONE, ORTC_FORM_TWO, ORTC_FORM_CHAIN};
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ORTC_COUNT(forms); i++) {
        ortc_trial trial = {0};
        if (!ortc_trial_find(&trial, &bare, (int)forms[i], 200003, false)) {
            if (ortc_has_failed(context)) goto done;
            continue;
        }
        if (!ortc_trial_prepare(&trial, false) || !runners_go(&trial)) goto done;
        ortc_trial_close(&trial);
    }
done:
    ortc_bare_finish(&bare);
}

/* ---- cores and memory of a run ---- */

static bool lanes_agree(ortc_trial *trial) {
    ortc_bound bound;
    bool is_right = ortc_bound_open(&bound, trial, 0);
    unsigned char *first = malloc(trial->example.output_bytes + 1), *now = malloc(trial->example.output_bytes + 1);
    is_right = is_right && first && now && ortc_bound_go(&bound, POISON_A, NULL, rule_of(trial), first);
    for (ortc_spread spread = ORTC_SPREAD_ORDERED; is_right && spread <= ORTC_SPREAD_THREADS; spread++)
        for (uint32_t threads = 1; is_right && threads <= 4; threads += 3) {
            ortp_lane lane = {.thread_count = threads, .spread = spread, .is_hot = true};
            ortc_run_wish wish = {.lane = &lane};
            is_right = ortc_bound_go(&bound, POISON_B, &wish, "run.correct", now);
            if (is_right && trial->is_deterministic && memcmp(first, now, trial->example.output_bytes) != 0) {
                ortc_fail(trial->bare->context, "run.deterministic", "%s gives other bits on %u threads",
                          trial->example.probe->name, threads);
                is_right = false;
            }
        }
    free(first);
    free(now);
    if (is_right) ortc_bound_close(&bound);
    return is_right;
}

static void lanes_run(ortc_context *context) {
    ortc_bare bare;
    bool is_any = false;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_trial trial;
        if (!ortc_trial_open(&trial, &bare, &ortc_probes[i], 20011, false)) goto done;
        if (trial.is_taken && (!ortc_trial_prepare(&trial, false) || !lanes_agree(&trial))) goto done;
        is_any |= trial.is_taken;
        ortc_trial_close(&trial);
    }
    if (!is_any) ortc_decline(context, "the plugin takes none of %u small graphs", ortc_probe_count);
done:
    ortc_bare_finish(&bare);
}

static void allocates_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    ortp_point last = {0};
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 33, false) ||
        !ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) ||
        !ortc_bound_go(&bound, POISON_A, NULL, "run.correct", NULL))
        goto done;
    uint64_t before = ortc_host_weigh(bare.host).alloc_calls;
    for (uint32_t i = 0; i < 8; i++)
        if (!ortc_bare_ok(&bare, ortc_run_call(&bound, NULL, &last), "run.correct", "run") ||
            !ortc_bare_wait(&bare, last, "the point of a run"))
            goto done;
    uint64_t calls = ortc_host_weigh(bare.host).alloc_calls - before;
    if (calls)
        ortc_fail(context, "run.allocates", "8 runs asked the host for memory %llu times", (unsigned long long)calls);
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

/* ---- inputs that may be overwritten ---- */

static bool shared_check(ortc_trial *trial) {
    ortc_bound bound;
    /* Shared memory only where the plan grants it; else memory of its own, and the inputs are anybody's. */
    bool is_granted = trial->shared != ORTP_SHARED_NO;
    if (is_granted && trial->example.input_bytes[0] < trial->example.output_bytes) {
        ortc_fail(trial->bare->context, "plan.shared", "an output of %llu bytes is to share an input of %llu",
                  (unsigned long long)trial->example.output_bytes, (unsigned long long)trial->example.input_bytes[0]);
        return false;
    }
    if (!ortc_bound_open(&bound, trial, is_granted ? ORTC_BIND_SHARE : 0)) return false;
    for (uint32_t turn = 0; turn < 2; turn++) {
        if (!is_granted) bound.output.is_shared = true; /* donated: not compared afterwards */
        bool is_right = ortc_bound_go(&bound, POISON_B, NULL, "plan.shared", NULL);
        if (!is_granted) bound.output.is_shared = false;
        if (!is_right) return false;
    }
    ortc_bound_close(&bound);
    return true;
}

static void shared_run(ortc_context *context) {
    ortc_bare bare;
    uint32_t granted = 0, asked = 0;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_trial trial;
        if (!ortc_trial_open(&trial, &bare, &ortc_probes[i], 33, false)) goto done;
        if (trial.is_taken && (!ortc_trial_prepare(&trial, true) || !shared_check(&trial))) goto done;
        asked += trial.is_taken;
        granted += trial.is_taken && trial.shared != ORTP_SHARED_NO;
        ortc_trial_close(&trial);
    }
    ortc_metric(context, "granted=%u asked=%u", granted, asked);
    if (!asked) ortc_decline(context, "the plugin takes none of %u small graphs", ortc_probe_count);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_program_checks[] = {
    {"run-answers", 2, ORTC_CHECK_SLOW, "small graphs at odd sizes: bounds, inputs, every byte, every value",
     answers_run},
    {"run-dynamic", 2, 0, "sizes of a symbol", dynamic_run},
    {"run-rebind", 2, 0, "a binding that gets other addresses", rebind_run},
    {"run-lanes", 2, ORTC_CHECK_SLOW, "the same bits on any number of threads", lanes_run},
    {"run-allocates", 2, 0, "a run asks for no memory", allocates_run},
    {"plan-ranges", 2, 0, "a plan holds where it says", ranges_run},
    {"plan-reentrant", 2, ORTC_CHECK_SLOW, "bindings of one plan run at once", reentrant_run},
    {"plan-shared", 2, 0, "donated inputs and shared outputs", shared_run},
};
const uint32_t ortc_program_check_count = ORTC_COUNT(ortc_program_checks);
