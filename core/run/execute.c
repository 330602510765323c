/* The hot path. What is rare is kept in functions of its own. */
#include "run/inner.h"

#include "base/file.h"

#include <stdatomic.h>
#include <string.h>

ort_status *orti_run_give_up_check(const orti_run_request *request) {
    if (request->cancel && atomic_load_explicit(&request->cancel->is_requested, memory_order_relaxed))
        ORT_FAIL(CANCELLED, "the run was cancelled");
    if (request->deadline_ns && orti_clock_ns() >= request->deadline_ns)
        ORT_FAIL(DEADLINE, "the run took longer than it was given");
    return NULL;
}

static uint64_t time_left_ns(const orti_run_request *request) {
    if (!request->deadline_ns) return UINT64_MAX;
    uint64_t now = orti_clock_ns();
    return now < request->deadline_ns ? request->deadline_ns - now : 0;
}

ortp_point orti_run_point(const orti_run *run, const orti_wait *wait) {
    const run_timeline *timeline = &run->timelines[wait->queue];
    return (ortp_point){timeline->timeline, timeline->base + wait->value};
}

/* Blocks until value `value` of a queue's timeline has settled. */
static ort_status *host_wait(orti_run *run, const orti_wait *wait, uint64_t timeout_ns) {
    orti_instance *instance = run->plan->schedule->queues[wait->queue].instance;
    return orti_point_wait(instance, orti_run_point(run, wait), timeout_ns);
}

static ort_status *host_waits(orti_run *run, const orti_wait *waits, uint32_t count, const orti_run_request *request) {
    for (uint32_t i = 0; i < count; i++) ORT_TRY(host_wait(run, &waits[i], time_left_ns(request)));
    return NULL;
}

/* Points for the queue: what to wait for, what to settle. */
static void order_fill(orti_run *run, run_operation *at) {
    const orti_operation *operation = at->operation;
    for (uint32_t i = 0; i < operation->wait_count; i++) {
        const run_timeline *timeline = &run->timelines[operation->waits[i].queue];
        at->waits[i] = (ortp_point){timeline->timeline, timeline->base + operation->waits[i].value};
    }
    run_timeline *own = &run->timelines[operation->queue];
    at->order.signal = (ortp_point){own->timeline, own->base + operation->signal};
}

/* A submission that failed signals nothing: its point is failed by us, once all before it on the timeline has settled,
 * because that settles every value up to it. */
static ort_status *submit_failed(orti_run *run, const run_operation *at, ort_status *status) {
    if (!at->is_inline) run->timelines[at->operation->queue].refused = at->order.signal.value;
    return orti_instance_note(at->instance, status);
}

static ort_status *submit(run_operation *at, const orti_run *run) {
    if (at->operation->action == ORTI_ACTION_RUN) return at->launch(at->binding, &at->args);
    ortp_queue *queue = run->plan->schedule->queues[at->operation->queue].queue;
    return at->copy(queue, &at->copy_args, sizeof at->copy_args, 1, &at->order);
}

static ort_status *operation_execute(orti_run *run, run_operation *at, const orti_run_request *request) {
    const orti_operation *operation = at->operation;
    if (operation->host_wait_count)
        ORT_TRY(host_waits(run, operation->host_waits, operation->host_wait_count, request));
    if (request->cancel || request->deadline_ns) ORT_TRY(orti_run_give_up_check(request));
    at->args.cancel = request->cancel;
    at->args.deadline_ns = request->deadline_ns;
    at->args.seed = request->seed;
    at->args.span = request->profile ? &run->span : NULL;
    if (!at->is_inline) order_fill(run, at);
    ort_status *status = submit(at, run);
    if (status) return submit_failed(run, at, status);
    if (!at->is_inline) run->timelines[operation->queue].submitted = operation->signal;
    return NULL;
}

/* ---- profile ---- */

static void span_add(void *user, const uint32_t *nodes, uint64_t node_count, ort_string_view name, uint64_t begin_ns,
                     uint64_t end_ns) {
    orti_run *run = user;
    const orti_graph *graph = run->plan->schedule->graph;
    orti_text text;
    orti_text_init(&text, run->plan->schedule->alloc);
    orti_text_add_bytes(&text, name.data, (size_t)name.length);
    for (uint64_t i = 0; i < node_count; i++)
        if (nodes[i] < orti_graph_node_count(graph))
            orti_text_add(&text, "%s%s", i ? "+" : " ", orti_graph_node(graph, nodes[i])->name);
    orti_profile_add(run->request->profile, "kernel", text.data, text.length, run->request->track, begin_ns, end_ns);
    orti_text_finish(&text);
}

static void operation_name(const orti_run *run, const orti_operation *operation, orti_text *text) {
    const orti_schedule *schedule = run->plan->schedule;
    const char *provider = orti_provider_name(orti_instance_provider(schedule->queues[operation->queue].instance));
    if (operation->action == ORTI_ACTION_COPY)
        orti_text_add(text, "%s copy", provider);
    else
        orti_text_add(text, "%s partition %u", provider, operation->step);
}

static ort_status *operation_profiled(orti_run *run, run_operation *at, const orti_run_request *request) {
    orti_text name;
    orti_text_init(&name, run->plan->schedule->alloc);
    operation_name(run, at->operation, &name);
    uint64_t begin_ns = orti_clock_ns();
    ort_status *status = operation_execute(run, at, request);
    orti_profile_add(request->profile, at->operation->action == ORTI_ACTION_COPY ? "copy" : "partition", name.data,
                     name.length, request->track, begin_ns, orti_clock_ns());
    orti_text_finish(&name);
    return status;
}

ort_status *orti_run_begin(orti_run *run, const orti_run_request *request) {
    if (!run->is_bound || run->has_dirty) ORT_TRY(orti_run_bind(run));
    if (request->profile) {
        run->span = (ortp_span){run, span_add};
        run->request = request;
    }
    return NULL;
}

ort_status *orti_run_operation(orti_run *run, uint32_t index, const orti_run_request *request) {
    run_operation *at = &run->operations[index];
    return request->profile ? operation_profiled(run, at, request) : operation_execute(run, at, request);
}

ort_status *orti_run_final(orti_run *run, const orti_run_request *request) {
    return host_waits(run, run->plan->final_waits, run->plan->final_wait_count, request);
}

static ort_status *run_profiled(orti_run *run, const orti_run_request *request) {
    ort_status *status = NULL;
    uint64_t begin_ns = orti_clock_ns();
    for (uint32_t i = 0; i < run->plan->operation_count && !status; i++)
        status = operation_profiled(run, &run->operations[i], request);
    if (!status) status = orti_run_final(run, request);
    orti_profile_add(request->profile, "run", "run", 3, request->track, begin_ns, orti_clock_ns());
    return status;
}

/* ---- the end ---- */

/* Outputs that no program writes. */
static void fixed_write(orti_run *run, const orti_fixed_output *fixed) {
    const orti_tensor *source = fixed->tensor;
    if (fixed->input != ORTI_NONE) source = run->inputs[fixed->input];
    if (fixed->same_as != ORTI_NONE) source = run->outputs[fixed->same_as];
    orti_tensor *target = run->outputs[fixed->output];
    if (target && source && target->size_bytes == source->size_bytes) {
        if (source->size_bytes) memcpy(target->data, source->data, (size_t)source->size_bytes);
    } else if (source && run->plan->outputs[fixed->output].is_told) {
        /* Its size was not known before: the caller gets the same tensor. */
        orti_tensor_release(target);
        run->outputs[fixed->output] = orti_tensor_retain((orti_tensor *)(uintptr_t)source);
        run->is_own_output[fixed->output] = true;
    }
}

/* The point of a submission that failed fails with it. */
static void refused_settle(const orti_run *run, uint32_t queue, const ort_status *status) {
    const run_timeline *timeline = &run->timelines[queue];
    ort_status *copy =
        orti_status_create(ort_status_code(status), __FILE__, __LINE__, "%s", ort_status_message(status));
    ort_status_destroy(
        orti_timeline_signal(run->plan->schedule->queues[queue].instance, timeline->timeline, timeline->refused, copy));
}

/* After a failure: what was submitted still uses the run's memory, so all of it has to settle. The timelines are not
 * used again: their later points may have been failed. */
static void drain(orti_run *run, const ort_status *status) {
    for (uint32_t i = 0; i < run->plan->schedule->queue_count; i++) {
        const orti_wait last = {i, run->timelines[i].submitted};
        if (run->timelines[i].timeline && last.value) ort_status_destroy(host_wait(run, &last, UINT64_MAX));
        if (run->timelines[i].refused) refused_settle(run, i, status);
    }
    orti_run_timelines_close(run);
    run->has_dirty = true;
}

static void timelines_advance(orti_run *run) {
    for (uint32_t i = 0; i < run->plan->schedule->queue_count; i++) {
        run->timelines[i].base += run->plan->queue_values[i];
        run->timelines[i].submitted = 0;
    }
}

ort_status *orti_run_end(orti_run *run, ort_status *status) {
    const orti_plan *plan = run->plan;
    if (!plan->is_plain) {
        if (status)
            drain(run, status);
        else
            timelines_advance(run);
    }
    for (uint32_t i = 0; i < plan->fixed_count && !status; i++) fixed_write(run, &plan->fixed[i]);
    return status;
}

ort_status *orti_run_execute(orti_run *run, const orti_run_request *request) {
    const orti_plan *plan = run->plan;
    ort_status *status = NULL;
    ORT_TRY(orti_run_begin(run, request));
    if (run->has_team) orti_team_enter(run->lane->team);
    if (request->profile) {
        status = run_profiled(run, request);
    } else {
        for (uint32_t i = 0; i < plan->operation_count && !status; i++)
            status = operation_execute(run, &run->operations[i], request);
        if (!status && plan->final_wait_count) status = orti_run_final(run, request);
    }
    if (run->has_team) orti_team_leave(run->lane->team);
    return orti_run_end(run, status);
}
