#include "run/inner.h"

#include <stdatomic.h>
#include <string.h>

static ort_status *memories_open(orti_run *run) {
    const orti_schedule *schedule = run->plan->schedule;
    const ortp_point at_once = {NULL, 0};
    ORT_TRY(orti_arena_alloc(&run->arena, schedule->domain_count, sizeof(run_memory), &run->memories));
    ORT_TRY(orti_alloc_aligned(schedule->alloc, (size_t)run->plan->domain_bytes[0], &run->memories[0].host));
    for (uint32_t i = 1; i < schedule->domain_count; i++) {
        const orti_domain *domain = &schedule->domains[i];
        if (!run->plan->domain_bytes[i]) continue;
        ORT_TRY(orti_buffer_alloc(domain->instance, domain->device, domain->space, run->plan->domain_bytes[i],
                                  domain->align_bytes, at_once, &run->memories[i].buffer));
    }
    return NULL;
}

static ort_status *operation_open(orti_run *run, run_operation *at) {
    const orti_schedule *schedule = run->plan->schedule;
    const orti_operation *operation = at->operation;
    const orti_schedule_queue *queue = &schedule->queues[operation->queue];
    at->is_inline = queue->is_inline;
    at->instance = queue->instance;
    ORT_TRY(orti_arena_alloc(&run->arena, operation->wait_count, sizeof(ortp_point), &at->waits));
    at->order = (ortp_order){.size = sizeof at->order, .wait_count = operation->wait_count, .waits = at->waits};
    if (operation->action == ORTI_ACTION_COPY) {
        at->copy = orti_instance_hot_table(queue->instance)->copy;
        at->copy_args = (ortp_copy){.size = sizeof at->copy_args, .size_bytes = operation->outputs[0].size_bytes};
        return NULL;
    }
    ORT_TRY(orti_arena_alloc(&run->arena, operation->input_count, sizeof(ortp_tensor_arg), &at->inputs));
    ORT_TRY(orti_arena_alloc(&run->arena, operation->output_count, sizeof(ortp_tensor_arg), &at->outputs));
    at->launch = schedule->steps[operation->step].hot->run;
    at->bind = (ortp_bind_args){.size = sizeof at->bind,
                                .inputs = at->inputs,
                                .outputs = at->outputs,
                                .input_count = operation->input_count,
                                .output_count = operation->output_count,
                                .arg_stride = sizeof(ortp_tensor_arg)};
    at->args = (ortp_run_args){.size = sizeof at->args,
                               .queue = queue->queue,
                               .lane = run->lane,
                               .order = at->is_inline ? NULL : &at->order,
                               .symbols = run->plan->symbols,
                               .symbol_count = run->plan->symbol_count};
    if (!operation->has_told_outputs) return NULL;
    ORT_TRY(orti_arena_alloc(&run->arena, 1, sizeof(run_told), &at->told_user));
    *at->told_user = (run_told){run, operation};
    at->told = (ortp_outputs){at->told_user, orti_run_provide};
    at->args.outputs = &at->told;
    return NULL;
}

static ort_status *run_open(orti_run *run) {
    const orti_plan *plan = run->plan;
    ORT_TRY(orti_arena_alloc(&run->arena, plan->schedule->input_count, sizeof(orti_tensor *), &run->inputs));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->schedule->input_count, sizeof(run_address), &run->input_addresses));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->output_count, sizeof(orti_tensor *), &run->outputs));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->output_count, sizeof(orti_tensor *), &run->spares));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->output_count, sizeof(bool), &run->is_own_output));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->schedule->queue_count, sizeof(run_timeline), &run->timelines));
    ORT_TRY(orti_arena_alloc(&run->arena, plan->operation_count, sizeof(run_operation), &run->operations));
    ORT_TRY(memories_open(run));
    for (uint32_t i = 0; i < plan->operation_count; i++) {
        run->operations[i].operation = &plan->operations[i];
        ORT_TRY(operation_open(run, &run->operations[i]));
    }
    return NULL;
}

ort_status *orti_run_create(orti_plan *plan, ortp_lane *lane, orti_run **out) {
    orti_run *run = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(plan->schedule->alloc, 1, sizeof *run, &run));
    run->plan = orti_plan_retain(plan);
    run->lane = lane;
    run->has_team = lane && lane->team && orti_team_thread_count(lane->team) > 1;
    orti_arena_init(&run->arena, plan->schedule->alloc);
    ort_status *status = run_open(run);
    if (status)
        orti_run_destroy(run);
    else
        *out = run;
    return status;
}

static void memories_close(orti_run *run) {
    const orti_schedule *schedule = run->plan->schedule;
    const ortp_point at_once = {NULL, 0};
    if (!run->memories) return;
    orti_free(schedule->alloc, run->memories[0].host);
    for (uint32_t i = 1; i < schedule->domain_count; i++)
        if (run->memories[i].buffer)
            orti_buffer_release(schedule->domains[i].instance, run->memories[i].buffer, at_once);
}

void orti_run_destroy(orti_run *run) {
    if (!run) return;
    orti_plan *plan = run->plan;
    const orti_allocator *alloc = plan->schedule->alloc;
    for (uint32_t i = 0; run->operations && i < plan->operation_count; i++)
        if (run->operations[i].binding) orti_plan_unbind(run->operations[i].instance, run->operations[i].binding);
    if (run->timelines) orti_run_timelines_close(run);
    memories_close(run);
    for (uint32_t i = 0; run->inputs && i < plan->schedule->input_count; i++) orti_tensor_release(run->inputs[i]);
    for (uint32_t i = 0; run->outputs && i < plan->output_count; i++) orti_tensor_release(run->outputs[i]);
    for (uint32_t i = 0; run->spares && i < plan->output_count; i++) orti_tensor_release(run->spares[i]);
    orti_arena_finish(&run->arena);
    orti_free(alloc, run);
    orti_plan_release(plan);
}

orti_plan *orti_run_plan(const orti_run *run) {
    return run->plan;
}

ortp_lane *orti_run_lane(const orti_run *run) {
    return run->lane;
}

uint64_t orti_run_memory_bytes(const orti_run *run) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < run->plan->schedule->domain_count; i++) bytes += run->plan->domain_bytes[i];
    return bytes;
}

/* Every operation that reads or writes the caller's memory of `kind` and `index` is bound again. */
static void mark_dirty(orti_run *run, orti_place_kind kind, uint32_t index) {
    for (uint32_t i = 0; i < run->plan->operation_count; i++) {
        run_operation *at = &run->operations[i];
        const orti_operation *operation = at->operation;
        bool is_input = kind == ORTI_PLACE_INPUT;
        /* An output may be read again by a later piece. */
        for (uint32_t k = 0; k < operation->input_count; k++)
            at->is_dirty |= operation->inputs[k].kind == kind && operation->inputs[k].index == index;
        for (uint32_t k = 0; !is_input && k < operation->output_count; k++)
            at->is_dirty |= operation->outputs[k].kind == kind && operation->outputs[k].index == index;
    }
    run->has_dirty = true;
}

/* Puts a tensor into a slot; true when its memory is another one than before. */
static bool slot_set(orti_tensor **slot, orti_tensor *tensor) {
    orti_tensor *old = *slot;
    if (old == tensor) return false;
    bool is_same = old && tensor && old->data == tensor->data && old->size_bytes == tensor->size_bytes;
    *slot = tensor ? orti_tensor_retain(tensor) : NULL;
    orti_tensor_release(old);
    return !is_same;
}

void orti_run_set_input(orti_run *run, uint32_t index, orti_tensor *tensor) {
    run_address *at = &run->input_addresses[index];
    (void)slot_set(&run->inputs[index], tensor);
    if (!tensor || (at->data == tensor->data && at->size_bytes == tensor->size_bytes)) return;
    *at = (run_address){tensor->data, tensor->size_bytes};
    mark_dirty(run, ORTI_PLACE_INPUT, index);
}

void orti_run_release_inputs(orti_run *run) {
    for (uint32_t i = 0; i < run->plan->schedule->input_count; i++) orti_run_set_input(run, i, NULL);
}

ort_status *orti_run_output_refuse(const orti_graph *graph, uint32_t index, const orti_plan_output *want,
                                   const orti_tensor *tensor) {
    orti_text got, wanted;
    orti_text_init(&got, orti_allocator_default());
    orti_text_init(&wanted, orti_allocator_default());
    orti_shape_print(tensor->dtype, tensor->dims, tensor->rank, &got);
    orti_shape_print(want->dtype, want->dims, want->rank, &wanted);
    ort_status *status =
        ORT_STATUS(INVALID_ARGUMENT, "output '%s' is %s, but the tensor set for it is %s",
                   orti_graph_value(graph, orti_graph_output(graph, index))->name, wanted.data, got.data);
    orti_text_finish(&got);
    orti_text_finish(&wanted);
    return status;
}

static ort_status *output_check(const orti_run *run, uint32_t index, const orti_tensor *tensor) {
    const orti_plan_output *want = &run->plan->outputs[index];
    bool is_same = tensor->dtype == want->dtype;
    if (!want->is_told) {
        is_same &= tensor->rank == want->rank && tensor->size_bytes == want->size_bytes;
        is_same = is_same && (want->rank == 0 || memcmp(tensor->dims, want->dims, want->rank * sizeof(int64_t)) == 0);
    }
    return is_same ? NULL : orti_run_output_refuse(run->plan->schedule->graph, index, want, tensor);
}

ort_status *orti_run_set_output(orti_run *run, uint32_t index, orti_tensor *tensor) {
    if (tensor && tensor == run->outputs[index] && !run->is_own_output[index]) return NULL;
    if (tensor) ORT_TRY(output_check(run, index, tensor));
    run->is_own_output[index] = false;
    if (slot_set(&run->outputs[index], tensor)) mark_dirty(run, ORTI_PLACE_OUTPUT, index);
    return NULL;
}

/* The two take turns: whoever holds the one lets it go before the other is wanted again. */
static void output_turn(orti_run *run, uint32_t index) {
    orti_tensor *held = run->outputs[index], *spare = run->spares[index];
    run->spares[index] = held;
    run->outputs[index] = NULL;
    if (spare && atomic_load_explicit(&spare->datum.ref_count, memory_order_acquire) == 1) {
        run->outputs[index] = spare;
        mark_dirty(run, ORTI_PLACE_OUTPUT, index);
    } else {
        orti_tensor_release(spare);
    }
}

void orti_run_renew_outputs(orti_run *run) {
    for (uint32_t i = 0; i < run->plan->output_count; i++) {
        const orti_tensor *tensor = run->outputs[i];
        if (!tensor || !run->is_own_output[i] || run->plan->outputs[i].is_told) continue;
        if (atomic_load_explicit(&tensor->datum.ref_count, memory_order_acquire) == 1) continue;
        output_turn(run, i);
        run->has_dirty = true;
    }
}

orti_tensor *orti_run_output(const orti_run *run, uint32_t index) {
    return run->outputs[index];
}
