/* binding.c: a plan gets addresses, and runs. */
#include "async.h"

#include <string.h>

struct ortp_binding {
    async_job job; /* first: one run at a time, so the job is part of the binding and run allocates nothing */
    ortp_plan *plan;
    unsigned char **addresses; /* by operand */
    const ortp_cancel *cancel; /* of the run in flight, as all below */
    uint64_t deadline_ns;
    ortp_span *span;
};

/* ---- addresses ---- */

static ort_status *arg_bind(ortp_binding *binding, uint32_t operand, const ortp_tensor_arg *arg) {
    const ortp_host *host = binding->job.host;
    uint64_t want_bytes = binding->plan->places[operand].size_bytes;
    ort_status *status = async_check(host, "an argument", arg->size, ORTP_TENSOR_ARG_SIZE_0_0, 0, NULL);
    if (status || want_bytes == 0) return status;
    if (arg->host || arg->strides)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "argument %u: this device takes dense buffers of its own",
                          operand);
    if (arg->size_bytes < want_bytes || arg->dtype != binding->plan->program->operands[operand].dtype)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "argument %u has %llu bytes of type %u, %llu of %u are due",
                          operand, (unsigned long long)arg->size_bytes, arg->dtype, (unsigned long long)want_bytes,
                          binding->plan->program->operands[operand].dtype);
    return async_buffer_range(host, "an argument", arg->buffer, arg->offset_bytes, want_bytes,
                              &binding->addresses[operand]);
}

static bool is_left_out(const ortp_tensor_arg *arg) {
    return !arg->buffer && !arg->host;
}

static ort_status *args_bind(ortp_binding *binding, const ortp_bind_args *args, bool is_again) {
    const ortp_program *program = binding->plan->program;
    ort_status *status = NULL;
    for (uint32_t i = 0; i < program->input_count + program->output_count && !status; i++) {
        bool is_input = i < program->input_count;
        const char *list = (const char *)(is_input ? args->inputs : args->outputs);
        uint64_t position = is_input ? i : i - program->input_count;
        const ortp_tensor_arg *arg = (const ortp_tensor_arg *)(list + position * args->arg_stride);
        if (!is_again || !is_left_out(arg)) status = arg_bind(binding, i, arg);
    }
    return status;
}

static ort_status *workspace_bind(ortp_binding *binding, const ortp_tensor_arg *workspace) {
    const ortp_plan *plan = binding->plan;
    unsigned char *bytes = NULL;
    if (plan->workspace_bytes > workspace->size_bytes)
        return async_fail(binding->job.host, ORT_CODE_INVALID_ARGUMENT, "a workspace of %llu bytes, %llu are due",
                          (unsigned long long)workspace->size_bytes, (unsigned long long)plan->workspace_bytes);
    ort_status *status = async_buffer_range(binding->job.host, "the workspace", workspace->buffer,
                                            workspace->offset_bytes, plan->workspace_bytes, &bytes);
    for (uint32_t i = 0; i < plan->program->operand_count && !status; i++)
        if (plan->program->operands[i].kind == ASYNC_TEMPORARY && bytes)
            binding->addresses[i] = bytes + plan->places[i].offset_bytes;
    return status;
}

static ort_status *args_check(const ortp_plan *plan, const ortp_bind_args *args) {
    const ortp_program *program = plan->program;
    const ortp_host *host = program->instance->host;
    ort_status *status = async_check(host, "bind", args->size, ORTP_BIND_ARGS_SIZE_0_0, args->flags, args->next);
    if (status) return status;
    if (args->input_count == program->input_count && args->output_count == program->output_count &&
        args->arg_stride >= ORTP_TENSOR_ARG_SIZE_0_0)
        return NULL;
    return async_fail(host, ORT_CODE_INVALID_ARGUMENT,
                      "%u inputs and %u outputs %u bytes apart are given, %u and %u are due", args->input_count,
                      args->output_count, args->arg_stride, program->input_count, program->output_count);
}

ort_status *async_bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    const ortp_host *host = plan->program->instance->host;
    const ortp_program *program = plan->program;
    *out = NULL;
    ort_status *status = args_check(plan, args);
    if (status) return status;
    ortp_binding *binding = async_alloc(host, sizeof *binding);
    if (!binding) return async_out_of_memory(host, "a binding");
    binding->plan = plan;
    binding->job.host = host;
    binding->addresses = async_alloc(host, program->operand_count * sizeof *binding->addresses);
    if (!binding->addresses) status = async_out_of_memory(host, "a binding");
    for (uint32_t i = 0; i < program->operand_count && !status; i++)
        if (program->operands[i].constant) binding->addresses[i] = program->operands[i].constant->bytes;
    if (!status) status = args_bind(binding, args, false);
    if (!status) status = workspace_bind(binding, &args->workspace);
    if (status)
        async_binding_destroy(binding);
    else
        *out = binding;
    return status;
}

ort_status *async_rebind(ortp_binding *binding, const ortp_bind_args *args) {
    ort_status *status = args_check(binding->plan, args);
    if (!status) status = args_bind(binding, args, true);
    if (!status && !is_left_out(&args->workspace)) status = workspace_bind(binding, &args->workspace);
    return status;
}

void async_binding_destroy(ortp_binding *binding) {
    if (!binding) return;
    const ortp_host *host = binding->job.host;
    async_job_finish(&binding->job);
    async_free(host, binding->addresses);
    async_free(host, binding);
}

/* ---- run ---- */

/* Who is past the deadline counts as cancelled too, so that the clock is asked last. */
static ort_status *give_up_check(const ortp_binding *binding) {
    const ortp_host *host = binding->job.host;
    bool is_cancelled = binding->cancel && host->exec->is_cancelled(binding->cancel);
    if (binding->deadline_ns && host->core->clock_ns() >= binding->deadline_ns)
        return async_fail(host, ORT_CODE_DEADLINE, "the run took longer than it was given");
    return is_cancelled ? async_fail(host, ORT_CODE_CANCELLED, "the run was cancelled") : NULL;
}

static void step_run(const ortp_binding *binding, uint32_t index) {
    const ortp_program *program = binding->plan->program;
    const async_step *step = &program->steps[index];
    const ortp_host *host = binding->job.host;
    const void *const in[2] = {binding->addresses[step->in[0]],
                               step->op->input_count > 1 ? binding->addresses[step->in[1]] : NULL};
    uint64_t begin_ns = binding->span ? host->core->clock_ns() : 0;
    async_compute(step->op, program->operands[step->out].dtype, &binding->plan->walks[index], in,
                  binding->addresses[step->out]);
    if (binding->span)
        host->trace->span(binding->span, &step->node, 1, (ort_string_view){step->op->name, strlen(step->op->name)},
                          begin_ns, host->core->clock_ns());
}

/* On the queue's thread. */
static ort_status *binding_work(async_job *job) {
    const ortp_binding *binding = (const ortp_binding *)job;
    for (uint32_t i = 0; i < binding->plan->program->step_count; i++) {
        ort_status *status = give_up_check(binding);
        if (status) return status;
        step_run(binding, i);
    }
    return NULL;
}

ort_status *async_run(ortp_binding *binding, const ortp_run_args *args) {
    ort_status *status =
        async_check(binding->job.host, "run", args->size, ORTP_RUN_ARGS_SIZE_0_0, args->flags, args->next);
    if (status) return status;
    binding->job.work = binding_work;
    binding->cancel = args->cancel;
    binding->deadline_ns = args->deadline_ns;
    binding->span = args->span;
    status = give_up_check(binding);
    return status ? status : async_queue_submit(args->queue, &binding->job, args->order);
}
