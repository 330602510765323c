/* bind: every step's arguments as addresses, in one block; rebind writes only the addresses that change. */
#include "program.h"

#include <string.h>

#define SLICE_NS_MAX 4e6 /* what a caller that gives up may have to wait for */

const ortp_tensor_arg *ortk_arg_at(const ortp_tensor_arg *args, uint32_t stride, uint32_t index) {
    if (stride == 0) stride = (uint32_t)sizeof(ortp_tensor_arg);
    return (const ortp_tensor_arg *)(const void *)((const unsigned char *)args + (size_t)stride * index);
}

ort_status *ortk_arg_check(const ortp_tensor_arg *arg, uint64_t size_bytes, const char *what, uint32_t index) {
    if (arg->strides) return ortk_fail(ORT_CODE_UNSUPPORTED, "%s %u has strides", what, (unsigned)index);
    if (size_bytes && !ortk_arg_is_bound(arg))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%s %u is bound to no memory", what, (unsigned)index);
    if (arg->size_bytes < size_bytes)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%s %u is bound to %llu bytes and has %llu", what, (unsigned)index,
                         (unsigned long long)arg->size_bytes, (unsigned long long)size_bytes);
    if (arg->buffer && !arg->host &&
        (arg->offset_bytes > arg->buffer->size_bytes || size_bytes > arg->buffer->size_bytes - arg->offset_bytes))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%s %u reaches beyond its buffer of %llu bytes", what,
                         (unsigned)index, (unsigned long long)arg->buffer->size_bytes);
    return NULL;
}

ort_status *ortk_args_check(const ortp_plan *plan, const ortp_bind_args *args, bool is_rebind) {
    const ortp_program *program = plan->program;
    ORTK_TRY(ortk_unknown_check(is_rebind ? "rebind" : "bind", args->flags, args->next));
    if (args->input_count != program->input_count || args->output_count != program->output_count)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%u inputs and %u outputs are bound: the program has %u and %u",
                         (unsigned)args->input_count, (unsigned)args->output_count, (unsigned)program->input_count,
                         (unsigned)program->output_count);
    for (uint32_t i = 0; i < args->input_count; i++) {
        const ortp_tensor_arg *arg = ortk_arg_at(args->inputs, args->arg_stride, i);
        if (is_rebind && !ortk_arg_is_bound(arg)) continue;
        ORTK_TRY(ortk_arg_check(arg, plan->input_bytes[i], "input", i));
    }
    for (uint32_t i = 0; i < args->output_count; i++) {
        const ortp_tensor_arg *arg = ortk_arg_at(args->outputs, args->arg_stride, i);
        if (is_rebind && !ortk_arg_is_bound(arg)) continue;
        ORTK_TRY(ortk_arg_check(arg, plan->output_bytes[i], "output", i));
    }
    if (is_rebind && !ortk_arg_is_bound(&args->workspace)) return NULL;
    ORTK_TRY(ortk_arg_check(&args->workspace, plan->workspace_bytes, "workspace", 0));
    uintptr_t start = (uintptr_t)args->workspace.host;
    if (!start && args->workspace.buffer)
        start = (uintptr_t)args->workspace.buffer->data + args->workspace.offset_bytes;
    uint64_t align = program->instance->settings.align_bytes;
    if (plan->workspace_bytes && start % align)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the workspace is not aligned to %llu bytes",
                         (unsigned long long)align);
    return NULL;
}

static void patches_apply(ortp_binding *binding, const ortp_bind_args *args) {
    for (uint32_t i = 0; i < binding->patch_count; i++) {
        const ortk_patch *patch = &binding->patches[i];
        unsigned char *base = ortk_host_address(
            ortk_arg_at(patch->is_output ? args->outputs : args->inputs, args->arg_stride, patch->index));
        if (base) *patch->slot = base + patch->offset_bytes;
    }
}

static size_t aligned(size_t size_bytes) {
    return (size_bytes + 15) & ~(size_t)15;
}

static size_t step_bytes(const ortk_plan_step *step) {
    return aligned(sizeof(ortk_step) + (step->input_count + step->output_count) * sizeof(void *));
}

static uint32_t patches_count(const ortp_plan *plan) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->step_count; i++)
        for (uint32_t k = 0; k < plan->steps[i].input_count + plan->steps[i].output_count; k++) {
            uint32_t kind = plan->steps[i].sources[k].kind;
            count += kind == ORTK_SOURCE_INPUT || kind == ORTK_SOURCE_OUTPUT;
        }
    return count;
}

/* Sizes what is not told by the kernel, so that a lane is not woken for little. */
static double cost_guess(const ortp_plan *plan, const ortk_plan_step *step) {
    if (step->plan.cost_ns > 0) return step->plan.cost_ns;
    const ortk_op *op = &plan->program->ops[step->op];
    double bytes = 0;
    for (uint32_t k = 0; k < op->output_count; k++)
        if (op->outputs[k] != ORTP_NONE) bytes += (double)plan->places[op->outputs[k]].size_bytes;
    return bytes / 2;
}

/* About four chunks for each thread, and more where one would keep a caller that gives up waiting. Tasks are
 * independent, so the answer does not depend on it. */
static int64_t grain_choose(const ortk_step_plan *plan, uint32_t thread_count, double cost_ns) {
    int64_t grain = plan->grain > 0 ? plan->grain : 1, wanted = plan->task_count / ((int64_t)thread_count * 4);
    double brief = (double)plan->task_count * SLICE_NS_MAX;
    if ((double)wanted * cost_ns > brief) wanted = (int64_t)(brief / cost_ns);
    return wanted > grain ? wanted : grain;
}

static void step_fill(ortp_binding *binding, const ortk_plan_step *from, ortk_step *step, unsigned char *workspace) {
    step->run = from->plan.run;
    step->state = from->plan.state;
    step->input_count = from->input_count;
    step->output_count = from->output_count;
    step->task_count = from->plan.task_count;
    step->grain = grain_choose(&from->plan, binding->plan->thread_count, cost_guess(binding->plan, from));
    step->binding = binding;
    step->op = from->op;
    for (uint32_t k = 0; k < from->input_count + from->output_count; k++) {
        const ortk_source *source = &from->sources[k];
        /* Kernels only read what they know as inputs. */
        if (source->kind == ORTK_SOURCE_POINTER) memcpy(&step->args[k], &source->pointer, sizeof source->pointer);
        if (source->kind == ORTK_SOURCE_WORKSPACE) step->args[k] = workspace + source->offset_bytes;
        if (source->kind == ORTK_SOURCE_TOLD)
            binding->told_slots[binding->told_slot_count++] = (ortk_told_slot){source->index, &step->args[k]};
        if (source->kind == ORTK_SOURCE_INPUT || source->kind == ORTK_SOURCE_OUTPUT)
            binding->patches[binding->patch_count++] =
                (ortk_patch){source->kind == ORTK_SOURCE_OUTPUT, source->index, source->offset_bytes, &step->args[k]};
    }
}

static void item_fill(ortp_binding *binding, uint32_t index, const ortk_step *step) {
    const ortp_plan *plan = binding->plan;
    const ortk_plan_step *from = &plan->steps[index];
    double cost = cost_guess(plan, from);
    binding->items[index] = (ortk_item){
        .step = step,
        .scratch = from->plan.scratch_bytes ? binding->scratch : NULL,
        .cost_ns = cost,
        .is_inline = step->task_count <= step->grain || cost < binding->instance->settings.inline_hot_ns,
        .plan_step = index,
    };
}

static ort_status *binding_create(ortp_plan *plan, unsigned char *workspace, ortp_binding **out) {
    const ortp_program *program = plan->program;
    const ortp_host *host = program->host;
    size_t head = aligned(sizeof(ortp_binding)), items = aligned(plan->step_count * sizeof(ortk_item));
    size_t patches = aligned(patches_count(plan) * sizeof(ortk_patch)), steps = 0;
    for (uint32_t i = 0; i < plan->step_count; i++) steps += step_bytes(&plan->steps[i]);
    unsigned char *block = host->core->alloc(host->context, head + items + patches + steps, ORTK_ALIGN);
    if (!block) return ortk_out_of_memory();
    memset(block, 0, head + items + patches + steps);
    ortp_binding *binding = (ortp_binding *)(void *)block;
    binding->plan = plan;
    binding->host = host;
    binding->instance = program->instance;
    binding->items = (ortk_item *)(void *)(block + head);
    binding->patches = (ortk_patch *)(void *)(block + head + items);
    ort_status *status = ortk_told_init(binding);
    if (status) {
        host->core->release(host->context, block);
        return status;
    }
    binding->item_count = plan->step_count;
    binding->scratch_stride = plan->scratch_stride;
    binding->scratch = plan->scratch_stride ? workspace + plan->scratch_offset : NULL;
    unsigned char *at = block + head + items + patches;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        ortk_step *step = (ortk_step *)(void *)at;
        step_fill(binding, &plan->steps[i], step, workspace);
        item_fill(binding, i, step);
        at += step_bytes(&plan->steps[i]);
    }
    *out = binding;
    return NULL;
}

ort_status *ortk_bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    *out = NULL;
    const ortp_host *before = ortk_host_enter(plan->program->host);
    ort_status *status = ortk_args_check(plan, args, false);
    if (!status) status = binding_create(plan, ortk_host_address(&args->workspace), out);
    if (!status) patches_apply(*out, args);
    ortk_host_leave(before);
    return status;
}

/* Another workspace moves everything in it: rare, so every step is written again. */
static void workspace_move(ortp_binding *binding, unsigned char *workspace) {
    const ortp_plan *plan = binding->plan;
    binding->scratch = plan->scratch_stride ? workspace + plan->scratch_offset : NULL;
    for (uint32_t i = 0; i < binding->item_count; i++) {
        const ortk_plan_step *from = &plan->steps[i];
        void **args = (void **)(uintptr_t)binding->items[i].step->args;
        for (uint32_t k = 0; k < from->input_count + from->output_count; k++)
            if (from->sources[k].kind == ORTK_SOURCE_WORKSPACE) args[k] = workspace + from->sources[k].offset_bytes;
        if (from->plan.scratch_bytes) binding->items[i].scratch = binding->scratch;
    }
}

ort_status *ortk_rebind(ortp_binding *binding, const ortp_bind_args *args) {
    const ortp_host *before = ortk_host_enter(binding->host);
    ort_status *status = ortk_args_check(binding->plan, args, true);
    if (!status) {
        unsigned char *workspace = ortk_host_address(&args->workspace);
        if (workspace) workspace_move(binding, workspace);
        patches_apply(binding, args);
    }
    ortk_host_leave(before);
    return status;
}

void ortk_binding_destroy(ortp_binding *binding) {
    if (!binding) return;
    const ortp_host *host = binding->host;
    ortk_told_finish(binding);
    host->core->release(host->context, binding);
}
