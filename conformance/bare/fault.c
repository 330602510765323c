/* L5, as far as it needs no core: no memory, wrong arguments, calls that are given up, and nothing that stays behind.
 */
#include "bare/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NTH_MAX   400u
#define FILLS_MAX 16u /* more than an instance keeps of a life, one at a time */

/* ---- no memory ---- */

typedef struct attempt {
    ortc_bare *bare;
    ort_status *failure; /* of the first call that failed */
    const char *what;
} attempt;

/* True when the call succeeded. out_place: where it writes its object, NULL when it writes none; read only here,
 * because arguments are evaluated in any order. */
static bool tried(attempt *a, ort_status *status, const void *out_place, const char *what) {
    const void *out = NULL;
    if (out_place) memcpy(&out, out_place, sizeof out);
    if (status) {
        a->failure = status;
        a->what = what;
        if (out) ortc_fail(a->bare->context, "out.written", "%s failed and wrote its out-parameter", what);
    } else if (!out) {
        ortc_fail(a->bare->context, "out.written", "%s succeeded without memory and gave nothing", what);
    }
    return !status && out;
}

/* A life as far as it goes; what was made is taken back. `step` of a compile, in a program's own order. */
static void attempt_program(attempt *a, ortc_trial *trial) {
    ortc_bare *bare = a->bare;
    ortc_answers answers;
    ortp_view *view = ortc_view_create(bare->host, &trial->example.graph, ++bare->epoch);
    ortp_program *program = NULL;
    ortp_plan *plan = NULL;
    if (!view) return;
    ort_status *status = ortc_claim_try(bare, &trial->example.graph, view, &answers);
    if (status) {
        tried(a, status, NULL, "propose");
        ortc_claim_settle(bare, NULL, 0);
        ortc_view_close(view);
        return;
    }
    uint32_t accepted = answers.proposal_count == 1;
    ortc_claim_settle(bare, &answers.proposals[0].token, accepted);
    if (accepted) {
        status = ortc_compile_call(bare, &trial->example, view, answers.proposals[0].token, 0, NULL, NULL, &program);
        if (tried(a, status, &program, "compile")) {
            ortp_program *before = trial->program;
            trial->program = program;
            tried(a, ortc_prepare_call(trial, &trial->example.n, false, 0, NULL, &plan), &plan, "prepare");
            trial->program = before;
            bare->program.plan_destroy(plan);
        }
        bare->program.program_destroy(program);
    }
    ortc_view_close(view);
}

static void attempt_objects(attempt *a) {
    ortc_bare *bare = a->bare;
    ortp_queue *queue = NULL;
    ortp_timeline *line = NULL;
    ortp_buffer *buffer = NULL;
    if (tried(a, bare->queue.timeline_create(bare->instance, 0, &line), &line, "timeline_create") &&
        tried(a, bare->queue.create(bare->instance, 0, 0, &queue), &queue, "queue.create"))
        tried(a, bare->memory.alloc(bare->instance, 0, 0, 300, 64, (ortp_point){0}, &buffer), &buffer, "alloc");
    bare->memory.release(bare->instance, buffer, (ortp_point){0});
    bare->queue.destroy(queue);
    bare->queue.timeline_destroy(line);
}

static void attempt_instance(attempt *a) {
    ortc_bare *bare = a->bare;
    ortp_plugin *plugin = NULL, *made = bare->made;
    ortp_instance *instance = NULL;
    uint32_t device = bare->context->subject->device;
    if (tried(a, bare->plugin.create(ortc_host_table(bare->host), &plugin), &plugin, "create")) {
        bare->made = plugin;
        tried(a, ortc_bare_open_call(bare, &device, 1, 0, NULL, &instance), &instance, "open");
        bare->plugin.close(instance);
        bare->made = made;
    }
    bare->plugin.shutdown(plugin);
}

/* One life without the nth allocation. *out_was_refused: it got so far. False: a rule is broken. */
static bool life_run(ortc_bare *bare, ortc_trial *trial, uint64_t nth, bool is_lasting, attempt *out,
                     bool *out_was_refused) {
    attempt a = {.bare = bare};
    ortc_host_fail_alloc(bare->host, nth, is_lasting);
    attempt_instance(&a);
    if (!a.failure) attempt_objects(&a);
    if (!a.failure && trial->is_taken) attempt_program(&a, trial);
    *out_was_refused = ortc_host_fail_alloc(bare->host, 0, false);
    *out = a;
    if (ortc_has_failed(bare->context)) return false;
    return !a.failure || ortc_bare_fails(bare, a.failure, ORT_CODE_OUT_OF_MEMORY, "fault.memory", a.what);
}

static bool holds_more(const ortc_balance *before, const ortc_balance *after) {
    return after->live_blocks != before->live_blocks || after->live_statuses != before->live_statuses ||
           after->retained_constants != before->retained_constants || after->packed_weights != before->packed_weights;
}

/* What failed must say so, and hold no more than before. An instance may keep what it loads when it is first wanted;
 * what the same life adds each time is lost. */
static bool life_check(ortc_bare *bare, ortc_trial *trial, uint64_t nth, bool is_lasting, bool *out_was_refused) {
    attempt a = {NULL};
    ortc_balance before = ortc_host_weigh(bare->host), after = before;
    for (uint32_t i = 0; i < FILLS_MAX; i++) {
        before = after;
        if (!life_run(bare, trial, nth, is_lasting, &a, out_was_refused)) return false;
        after = ortc_host_weigh(bare->host);
        if (!holds_more(&before, &after)) return ortc_bare_is_clean(bare);
    }
    ortc_fail(bare->context, "fault.memory",
              "after %s without the %lluth allocation %llu blocks and %llu statuses are held, before %llu and %llu",
              a.failure ? a.what : "a life", (unsigned long long)nth, (unsigned long long)after.live_blocks,
              (unsigned long long)after.live_statuses, (unsigned long long)before.live_blocks,
              (unsigned long long)before.live_statuses);
    return false;
}

/* Allocation 1, 2 ... fails, until a life makes fewer: one that goes well may do without. */
static bool memory_check(ortc_bare *bare, ortc_trial *trial, bool is_lasting) {
    bool was_refused = true;
    for (uint64_t nth = 1; was_refused && nth <= NTH_MAX; nth++)
        if (!life_check(bare, trial, nth, is_lasting, &was_refused)) return false;
    return true;
}

/* The first probe of a form with a constant is the richest; any will do. */
static bool any_trial(ortc_trial *trial, ortc_bare *bare) {
    static const ortc_form wanted[] = {ORTC_FORM_PRODUCT, ORTC_FORM_CONSTANT, ORTC_FORM_CHAIN, ORTC_FORM_ONE,
                                       ORTC_FORM_TWO};
    for (uint32_t k = 0; k < ORTC_COUNT(wanted); k++)
        for (uint32_t i = 0; i < ortc_probe_count; i++) {
            if (ortc_probes[i].form != wanted[k]) continue;
            if (!ortc_trial_open(trial, bare, &ortc_probes[i], 12, false)) return false;
            if (trial->is_taken) return true;
            ortc_trial_close(trial);
        }
    return true;
}

static void memory_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    if (ortc_bare_start(&bare, context) && any_trial(&trial, &bare) && memory_check(&bare, &trial, false) &&
        memory_check(&bare, &trial, true))
        ortc_trial_close(&trial);
    ortc_bare_finish(&bare);
}

/* ---- wrong arguments ---- */

static bool bind_refused(ortc_bound *bound, uint32_t input_count, uint32_t flags, const ortp_ext *next,
                         const char *what) {
    ortc_bare *bare = bound->trial->bare;
    ortp_binding *binding = NULL;
    const char *rule = flags || next ? "flags.unknown" : "fault.input";
    if (!ortc_bare_fails(bare, ortc_bind_call(bound, input_count, flags, next, &binding), ORT_CODE_OK, rule, what))
        return false;
    if (binding) ortc_fail(bare->context, "out.written", "%s failed and gave a binding", what);
    return !binding;
}

/* One argument at a time is spoilt. */
static bool binds_refused(ortc_bound *bound) {
    const ortc_example *e = &bound->trial->example;
    ortp_ext must = {sizeof must, 0x7133u | ORTP_EXT_MUST, NULL};
    ortp_tensor_arg in = bound->inputs[0].arg, out = bound->output.arg, workspace = bound->workspace.arg;
    bool is_right = bind_refused(bound, e->input_count - 1, 0, NULL, "bind with an input too few") &&
                    bind_refused(bound, e->input_count, 0x40000000u, NULL, "bind with an unknown high flag") &&
                    bind_refused(bound, e->input_count, 0, &must, "bind with an unknown extension with MUST");
    bound->inputs[0].arg.size_bytes = e->input_bytes[0] - 1;
    is_right = is_right && bind_refused(bound, e->input_count, 0, NULL, "bind of an input that is a byte too short");
    bound->inputs[0].arg = (ortp_tensor_arg){.size = sizeof in, .dtype = in.dtype, .size_bytes = in.size_bytes};
    is_right = is_right && bind_refused(bound, e->input_count, 0, NULL, "bind of an input without memory");
    bound->inputs[0].arg = in;
    bound->output.arg.size_bytes = e->output_bytes - 1;
    is_right = is_right && bind_refused(bound, e->input_count, 0, NULL, "bind of an output that is a byte too short");
    bound->output.arg = out;
    bound->output.arg.offset_bytes += UINT64_C(1) << 40;
    is_right = is_right && bind_refused(bound, e->input_count, 0, NULL, "bind of an output beyond its buffer");
    bound->output.arg = out;
    if (bound->trial->info.workspace_bytes) {
        bound->workspace.arg.size_bytes = bound->trial->info.workspace_bytes - 1;
        is_right = is_right && bind_refused(bound, e->input_count, 0, NULL, "bind of a workspace that is too short");
        bound->workspace.arg = workspace;
    }
    return is_right;
}

static bool copies_refused(ortc_bare *bare, uint32_t space) {
    unsigned char bytes[64] = {0};
    ortp_buffer *buffer = ortc_bare_alloc(bare, space, 64, 64);
    if (!buffer) return false;
    const ortp_copy wrong[] = {ortc_copy_in(buffer, 1, bytes, 64), ortc_copy_out(bytes, buffer, 1, 64),
                               ortc_copy_in(buffer, UINT64_MAX - 8, bytes, 64), ortc_copy_in(NULL, 0, bytes, 64)};
    for (uint32_t i = 0; i < ORTC_COUNT(wrong); i++) {
        const ortp_point end = {bare->moves, ++bare->moved};
        ort_status *status = ortc_bare_copy(bare, bare->mover, &wrong[i], 1, NULL, 0, end);
        bool was_submitted = !status;
        if (!status) status = bare->queue.point_wait(end, ORTC_WAIT_NS);
        if (!ortc_bare_fails(bare, status, ORT_CODE_OK, "fault.input", "a copy beyond its buffer")) return false;
        /* A failed submission signals nothing: the host does. */
        if (!was_submitted) ortc_status_destroy(bare->queue.host_signal(bare->moves, bare->moved, NULL));
    }
    ortc_bare_release(bare, buffer);
    return true;
}

static void input_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t space = 0; space < bare.space_count; space++)
        if (!copies_refused(&bare, space)) goto done;
    if (!any_trial(&trial, &bare)) goto done;
    if (!trial.is_taken) goto done;
    if (!ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) || !binds_refused(&bound)) goto done;
    if (!ortc_bound_go(&bound, 0, NULL, "fault.input", NULL)) goto done;
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

/* ---- unknown flags and extensions of the rest ---- */

static bool unknown_prepare(ortc_trial *trial, uint32_t flags, const ortp_ext *next) {
    ortp_plan *plan = NULL;
    ort_status *status = ortc_prepare_call(trial, &trial->example.n, false, flags, next, &plan);
    if (!ortc_bare_fails(trial->bare, status, ORT_CODE_OK, "flags.unknown", "prepare with what must be understood"))
        return false;
    if (plan) ortc_fail(trial->bare->context, "out.written", "prepare failed and gave a plan");
    return !plan;
}

static bool unknown_run_refused(ortc_bound *bound, uint32_t flags, const ortp_ext *next) {
    ortc_bare *bare = bound->trial->bare;
    const ortc_run_wish wish = {.flags = flags, .next = next};
    ortp_point end;
    return ortc_bare_fails(bare, ortc_run_call(bound, &wish, &end), ORT_CODE_OK, "flags.unknown",
                           "run with what must be understood") &&
           ortc_bare_ok(bare, bare->queue.host_signal(end.timeline, end.value, NULL), "point.host", "host_signal");
}

static void unknown_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    ortp_ext may = {sizeof may, 0x7134u, NULL}, must = {sizeof must, 0x7135u | ORTP_EXT_MUST, NULL};
    const ortc_run_wish harmless = {.flags = 0x4000u, .next = &may};
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 12, false) ||
        !unknown_prepare(&trial, 0x40000000u, NULL) || !unknown_prepare(&trial, 0, &must) ||
        !ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) ||
        !unknown_run_refused(&bound, 0x40000000u, NULL) || !unknown_run_refused(&bound, 0, &must) ||
        !ortc_bound_go(&bound, 0, &harmless, "flags.unknown", NULL))
        goto done;
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

/* ---- given up ---- */

/* A run that is asked to end, or late, ends with its code or was already done; the next one is right. */
static bool given_up(ortc_bound *bound, const ortc_run_wish *wish, ort_code code, const char *what) {
    ortc_bare *bare = bound->trial->bare;
    ortp_point end;
    if (!ortc_bound_fill(bound, 0)) return false;
    ort_status *status = ortc_run_call(bound, wish, &end);
    bool was_submitted = !status;
    if (!status) status = bare->queue.point_wait(end, ORTC_WAIT_NS);
    if (status && !ortc_bare_fails(bare, status, code, "fault.cancel", what)) return false;
    if (!was_submitted) ortc_status_destroy(bare->queue.host_signal(end.timeline, end.value, NULL));
    return ortc_bound_go(bound, 0xff, NULL, "fault.cancel", NULL);
}

static bool compile_given_up(ortc_trial *trial) {
    ortc_bare *bare = trial->bare;
    ortc_answers answers;
    ortp_program *program = NULL;
    const ortp_cancel cancel = {.is_asked = 1};
    ortp_view *view = ortc_view_create(bare->host, &trial->example.graph, ++bare->epoch);
    if (!view || !ortc_claim_ask(bare, &trial->example.graph, view, NULL, &answers)) return false;
    ortc_claim_settle(bare, &answers.proposals[0].token, answers.proposal_count == 1);
    ort_status *status =
        ortc_compile_call(bare, &trial->example, view, answers.proposals[0].token, 0, NULL, &cancel, &program);
    if (status && !ortc_bare_fails(bare, status, ORT_CODE_CANCELLED, "fault.cancel", "a compile that is cancelled"))
        return false;
    bare->program.program_destroy(program);
    ortc_view_close(view);
    return true;
}

static void cancel_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    const ortp_cancel cancel = {.is_asked = 1};
    const ortc_run_wish cancelled = {.cancel = &cancel}, late = {.deadline_ns = 1};
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 5000, false) ||
        !compile_given_up(&trial) || !ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) ||
        !given_up(&bound, &cancelled, ORT_CODE_CANCELLED, "a run that is cancelled") ||
        !given_up(&bound, &late, ORT_CODE_DEADLINE, "a run that is late"))
        goto done;
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

/* ---- nothing grows ---- */

#define ENDURE_RUNS 1000u
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define GROWN_BYTES (UINT64_C(64) << 20) /* the sanitizer's own notes on what is touched */
#else
#define GROWN_BYTES (UINT64_C(4) << 20)
#endif

/* Of the process: what it holds in memory, by the system's count. */
static uint64_t resident_bytes(void) {
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%llu %llu", &total, &resident) != 2) resident = 0;
    fclose(file);
    return resident * 4096;
}

static bool runs_many(ortc_bound *bound, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (!ortc_bound_run(bound, NULL)) return false;
    return true;
}

static void endure_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_bound bound;
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 100, false) ||
        !ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) || !ortc_bound_fill(&bound, 0) ||
        !runs_many(&bound, ENDURE_RUNS / 5))
        goto done;
    ortc_balance before = ortc_host_weigh(bare.host);
    uint64_t resident = resident_bytes();
    if (!runs_many(&bound, ENDURE_RUNS)) goto done;
    ortc_balance after = ortc_host_weigh(bare.host);
    uint64_t now = resident_bytes();
    if (after.live_bytes > before.live_bytes || after.live_statuses > before.live_statuses)
        ortc_fail(context, "endure.memory", "after %u more runs %llu bytes of the host are held and not %llu",
                  ENDURE_RUNS, (unsigned long long)after.live_bytes, (unsigned long long)before.live_bytes);
    else if (now > resident + GROWN_BYTES)
        ortc_fail(context, "endure.memory", "%u runs made the process grow by %llu bytes", ENDURE_RUNS,
                  (unsigned long long)(now - resident));
    if (!ortc_bound_judge(&bound, "run.repeats", NULL)) goto done;
    ortc_bound_close(&bound);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_fault_input_checks[] = {
    {"bare-memory", 5, ORTC_CHECK_SLOW, "each allocation in turn fails", memory_run},
    {"bare-input", 5, 0, "wrong arguments of bind and copy", input_run},
    {"bare-unknown", 5, 0, "unknown flags and extensions of prepare and run", unknown_run},
    {"bare-cancel", 5, 0, "compiles and runs that are given up", cancel_run},
    {"bare-endure", 5, ORTC_CHECK_ALONE | ORTC_CHECK_SLOW, "a thousand runs do not grow the process", endure_run},
};
const uint32_t ortc_fault_input_check_count = ORTC_COUNT(ortc_fault_input_checks);
