/* run: the steps, one after the other. No allocation, no lock, no system call on one thread. */
#include "program.h"

#include <stdatomic.h>
#include <string.h>

#define CHECK_STEPS 16 /* steps between two looks at cancel and deadline */

/* Asked before every slice: what has not begun when the caller gives up never begins. */
static ort_code stop_code(const ortp_host *host, const ortp_run_args *args) {
    ort_code code = ORT_CODE_OK;
    if (args->cancel && host->exec->is_cancelled(args->cancel)) code = ORT_CODE_CANCELLED;
    if (args->deadline_ns && host->core->clock_ns() >= args->deadline_ns) code = ORT_CODE_DEADLINE;
    return code;
}

typedef struct spread {
    const ortk_step *step;
    unsigned char *scratch;
    uint64_t scratch_stride;
    const ortp_host *host;
    const ortp_run_args *args;
    _Atomic ort_code code; /* why slices were left out; OK: none was */
} spread;

static void spread_run(void *user, int64_t begin, int64_t end, uint32_t slot) {
    spread *s = user;
    ort_code code = stop_code(s->host, s->args);
    if (code == ORT_CODE_OK)
        s->step->run(s->step, begin, end, s->scratch ? s->scratch + s->scratch_stride * slot : NULL);
    else
        atomic_store_explicit(&s->code, code, memory_order_relaxed); /* parallel_for's end orders it */
}

/* Says why the step is not complete. Without a lane long steps are cut into slices too. */
static ort_code item_run(const ortp_binding *binding, const ortk_item *item, const ortp_run_args *args) {
    const ortk_step *step = item->step;
    const ortp_host_exec *exec = binding->host->exec;
    if (item->is_inline || (item->cost_ns < binding->instance->settings.inline_cold_ns &&
                            (!args->lane || !exec->lane_is_hot(args->lane)))) {
        step->run(step, 0, step->task_count, item->scratch);
        return ORT_CODE_OK;
    }
    spread s = {step, item->scratch, binding->scratch_stride, binding->host, args, ORT_CODE_OK};
    exec->parallel_for(args->lane, step->task_count, step->grain, spread_run, &s);
    return atomic_load_explicit(&s.code, memory_order_relaxed);
}

static ort_status *stopped(const ortp_binding *binding, ort_code code, uint32_t done) {
    if (code == ORT_CODE_OK) return NULL;
    const ortp_host *before = ortk_host_enter(binding->host);
    ort_status *status = ortk_fail(code, "the run %s after %u of %u steps",
                                   code == ORT_CODE_CANCELLED ? "was cancelled" : "met its deadline", (unsigned)done,
                                   (unsigned)binding->item_count);
    ortk_host_leave(before);
    return status;
}

static ort_status *run_watched(const ortp_binding *binding, const ortp_run_args *args) {
    const ortp_host *host = binding->host;
    const ortp_program *program = binding->plan->program;
    bool is_traced = args->span && host->trace;
    for (uint32_t i = 0; i < binding->item_count; i++) {
        if (i % CHECK_STEPS == 0 || binding->items[i].cost_ns > 50000)
            ORTK_TRY(stopped(binding, stop_code(host, args), i));
        uint64_t begin = is_traced ? host->core->clock_ns() : 0;
        ORTK_TRY(stopped(binding, item_run(binding, &binding->items[i], args), i));
        if (binding->failure) return NULL;
        if (!is_traced) continue;
        const ortk_op *op = &program->ops[binding->plan->steps[binding->items[i].plan_step].op];
        host->trace->span(args->span, op->nodes, op->node_count, (ort_string_view){op->name, strlen(op->name)}, begin,
                          host->core->clock_ns());
    }
    return NULL;
}

static void run_alone(const ortp_binding *binding) {
    const ortk_item *end = binding->items + binding->item_count;
    for (const ortk_item *item = binding->items; item < end && !binding->failure; item++)
        item->step->run(item->step, 0, item->step->task_count, item->scratch);
}

static ort_status *waits_settle(const ortp_binding *binding, const ortp_run_args *args) {
    const ortp_queue_table *queue = binding->instance->plugin->table->queue;
    uint64_t now = args->deadline_ns ? binding->host->core->clock_ns() : 0;
    uint64_t timeout = !args->deadline_ns ? UINT64_MAX : args->deadline_ns > now ? args->deadline_ns - now : 0;
    for (uint32_t i = 0; i < args->order->wait_count; i++) ORTK_TRY(queue->point_wait(args->order->waits[i], timeout));
    return NULL;
}

static ort_status *wishes_check(const ortp_binding *binding, const ortp_run_args *args) {
    const ortp_host *before = ortk_host_enter(binding->host);
    ort_status *status = ortk_unknown_check("run", args->flags, args->next);
    ortk_host_leave(before);
    return status;
}

static ort_status *failure_take(ortp_binding *binding) {
    return atomic_exchange(&binding->failure, (ort_status *)NULL);
}

ort_status *ortk_run(ortp_binding *binding, const ortp_run_args *args) {
    if (args->flags || args->next) ORTK_TRY(wishes_check(binding, args));
    if (args->order && args->order->wait_count) ORTK_TRY(waits_settle(binding, args));
    binding->outputs = args->outputs;
    if (args->cancel || args->deadline_ns || args->span) {
        ORTK_TRY(run_watched(binding, args));
    } else if (!args->lane || binding->plan->thread_count == 1) {
        run_alone(binding);
    } else {
        for (uint32_t i = 0; i < binding->item_count && !binding->failure; i++)
            (void)item_run(binding, &binding->items[i], args);
    }
    if (binding->failure) return failure_take(binding);
    if (args->order && args->order->signal.timeline)
        return binding->instance->plugin->table->queue->host_signal(args->order->signal.timeline,
                                                                    args->order->signal.value, NULL);
    return NULL;
}
