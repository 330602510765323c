/* compile, prepare, bind and run over a device. The kit's own compile and prepare decide everything; here constants and
 * known values are brought to the device once, a binding is a recorded sequence, and a run submits it. */
#include "unit.h"

#include <string.h>

/* ---- constants and known values ---- */

typedef struct bytes_of_value {
    const void *data;
    uint64_t size_bytes;
} bytes_of_value;

/* Lays `found` (by value) out, aligned for kernels, and brings it to the device in one piece. */
static ort_status *upload_create(ortk_unit *unit, ortk_arena *arena, const bytes_of_value *found, uint32_t count,
                                 ortk_upload **out) {
    ortk_upload *upload = ortk_arena_alloc(arena, sizeof *upload);
    uint64_t total = 0, align = unit->limits.align_bytes;
    if (!upload || !(upload->offsets = ortk_arena_array(arena, count, sizeof *upload->offsets)))
        return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++) {
        upload->offsets[i] = found[i].size_bytes ? total : UINT64_MAX;
        total += (found[i].size_bytes + align - 1) & ~(align - 1);
    }
    *out = upload;
    if (!total) return NULL;
    unsigned char *gathered = ortk_unit_alloc(unit, (size_t)total);
    if (!gathered) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++)
        if (found[i].size_bytes) memcpy(gathered + upload->offsets[i], found[i].data, (size_t)found[i].size_bytes);
    ort_status *status = ortk_unit_upload(unit, gathered, total, &upload->memory);
    ortk_unit_release(unit, gathered);
    return status;
}

static void upload_destroy(const ortk_unit *unit, ortk_upload *upload) {
    if (upload) unit->driver->memory_destroy(upload->memory);
}

static const ortk_constant_entry *constant_of(const ortp_program *program, uint32_t id) {
    for (uint32_t i = 0; i < ORTK_COUNT_OF(program->constants.buckets); i++)
        for (const ortk_constant_entry *entry = program->constants.buckets[i]; entry; entry = entry->next)
            if (entry->value == id) return entry;
    return NULL;
}

static ort_status *constants_upload(ortp_program *program) {
    ortk_unit *unit = ortk_unit_of(program->instance);
    bytes_of_value *found = ortk_unit_alloc(unit, program->value_count * sizeof *found);
    if (!found) return ortk_out_of_memory();
    for (uint32_t i = 0; i < program->op_count; i++) {
        const ortk_op *op = &program->ops[i];
        for (uint32_t k = 0; k < op->input_count; k++) {
            if (op->inputs[k] == ORTP_NONE || (k < 32 && op->unread >> k & 1)) continue;
            const ortk_value *value = &program->values[op->inputs[k]];
            const ortk_constant_entry *entry =
                value->kind == ORTK_VALUE_CONSTANT ? constant_of(program, value->id) : NULL;
            if (entry) found[op->inputs[k]] = (bytes_of_value){entry->data, entry->constant.size_bytes};
        }
    }
    ort_status *status =
        upload_create(unit, &program->arena, found, program->value_count, (ortk_upload **)&program->device);
    ortk_unit_release(unit, found);
    return status;
}

static void program_destroy(ortp_program *program) {
    if (!program) return;
    const ortp_host *before = ortk_host_enter(program->host);
    upload_destroy(ortk_unit_of(program->instance), program->device);
    ortk_host_leave(before);
    ortk_program_destroy(program);
}

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    ORTK_TRY(ortk_compile(instance, args, out));
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = constants_upload(*out);
    ortk_host_leave(before);
    if (status) {
        program_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* Launches that have a table, one after the other. */
static ortk_launch *table_next(const ortp_plan *plan, uint32_t *step, ortk_launch *launch) {
    ortk_launch *next = launch ? launch->next : NULL;
    for (;; next = next->next) {
        while (!next && *step < plan->step_count)
            next = (ortk_launch *)(uintptr_t)plan->steps[(*step)++].plan.launches; /* the plan is still being made */
        if (!next || next->table) return next;
    }
}

/* What steps read, or write to the border, without anybody having computed it. */
static void known_find(const ortp_plan *plan, bytes_of_value *found) {
    const ortp_program *program = plan->program;
    const ortk_upload *constants = program->device;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const ortk_op *op = &program->ops[plan->steps[i].op];
        for (uint32_t k = 0; k < op->input_count + op->output_count; k++) {
            uint32_t value = k < op->input_count ? op->inputs[k] : op->outputs[k - op->input_count];
            uint64_t offset = 0;
            if (value == ORTP_NONE) continue;
            uint32_t root = ortk_place_root(plan->places, value, &offset);
            const ortk_place *place = &plan->places[root];
            if (place->known && constants->offsets[root] == UINT64_MAX)
                found[root] = (bytes_of_value){place->known, place->size_bytes};
        }
    }
}

static void plan_destroy(ortp_plan *plan) {
    if (!plan) return;
    const ortp_host *before = ortk_host_enter(plan->program->host);
    upload_destroy(ortk_unit_of(plan->program->instance), plan->device);
    ortk_host_leave(before);
    ortk_plan_destroy(plan);
}

/* Known values first, then the launches' tables. */
static ort_status *plan_upload(ortp_plan *plan) {
    ortk_unit *unit = ortk_unit_of(plan->program->instance);
    uint32_t value_count = plan->program->value_count, count = value_count, step = 0;
    for (ortk_launch *at = NULL; (at = table_next(plan, &step, at)) != NULL;) count++;
    bytes_of_value *found = ortk_unit_alloc(unit, count * sizeof *found);
    if (!found) return ortk_out_of_memory();
    known_find(plan, found);
    step = 0;
    uint32_t index = value_count;
    for (ortk_launch *at = NULL; (at = table_next(plan, &step, at)) != NULL;)
        found[index++] = (bytes_of_value){at->table, at->table_bytes};
    ort_status *status = upload_create(unit, &plan->arena, found, count, (ortk_upload **)&plan->device);
    const ortk_upload *upload = plan->device;
    step = 0;
    index = value_count;
    for (ortk_launch *at = NULL; !status && (at = table_next(plan, &step, at)) != NULL;)
        at->table_offset = upload->offsets[index++];
    ortk_unit_release(unit, found);
    return status;
}

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    ORTK_TRY(ortk_prepare_with(program, args, ortk_launch_move, out));
    const ortp_host *before = ortk_host_enter(program->host);
    ort_status *status = plan_upload(*out);
    ortk_host_leave(before);
    if (status) {
        plan_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* ---- bindings ---- */

typedef struct device_binding {
    const ortp_plan *plan;
    ortk_unit *unit;
    ortk_sequence *sequence;
    ortp_bind_args args; /* with arrays of its own, kept up to date by rebind */
    ortp_tensor_arg *inputs, *outputs;
    uint32_t *nodes; /* of all steps, for profiles */
    uint32_t node_count;
    ortk_job job;
} device_binding;

static void binding_destroy(ortp_binding *binding) {
    device_binding *self = (device_binding *)(void *)binding;
    if (!self) return;
    const ortp_host *host = self->unit->host, *before = ortk_host_enter(host);
    self->unit->driver->sequence_destroy(self->sequence);
    ortk_job_finish(host, &self->job);
    ortk_unit_release(self->unit, self->inputs);
    ortk_unit_release(self->unit, self->outputs);
    ortk_unit_release(self->unit, self->nodes);
    ortk_unit_release(self->unit, self);
    ortk_host_leave(before);
}

static ort_status *host_memory_refuse(const ortp_bind_args *args) {
    for (uint32_t i = 0; i < args->input_count + args->output_count; i++) {
        const ortp_tensor_arg *arg = i < args->input_count
                                         ? ortk_arg_at(args->inputs, args->arg_stride, i)
                                         : ortk_arg_at(args->outputs, args->arg_stride, i - args->input_count);
        /* No bytes may stand anywhere. */
        if (arg->host && !arg->buffer && arg->size_bytes)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%s %u lies in host memory, which this device can't address",
                             i < args->input_count ? "input" : "output",
                             (unsigned)(i < args->input_count ? i : i - args->input_count));
    }
    return NULL;
}

static void args_take(ortp_tensor_arg *own, const ortp_tensor_arg *given, uint32_t stride, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const ortp_tensor_arg *arg = ortk_arg_at(given, stride, i);
        if (ortk_arg_is_bound(arg)) own[i] = *arg;
    }
}

/* Records anew for the arguments that are bound now. */
static ort_status *binding_record(device_binding *self, const ortp_bind_args *args) {
    args_take(self->inputs, args->inputs, args->arg_stride, args->input_count);
    args_take(self->outputs, args->outputs, args->arg_stride, args->output_count);
    if (ortk_arg_is_bound(&args->workspace)) self->args.workspace = args->workspace;
    ortk_sequence *sequence = NULL;
    ORTK_TRY(ortk_record(self->plan, &self->args, &sequence));
    self->unit->driver->sequence_destroy(self->sequence);
    self->sequence = sequence;
    return NULL;
}

static ort_status *nodes_gather(device_binding *self) {
    const ortp_program *program = self->plan->program;
    for (uint32_t i = 0; i < program->op_count; i++) self->node_count += program->ops[i].node_count;
    self->nodes = ortk_unit_alloc(self->unit, self->node_count * sizeof *self->nodes);
    if (!self->nodes) return ortk_out_of_memory();
    for (uint32_t i = 0, at = 0; i < program->op_count; at += program->ops[i++].node_count)
        if (program->ops[i].node_count)
            memcpy(self->nodes + at, program->ops[i].nodes, program->ops[i].node_count * sizeof *self->nodes);
    return NULL;
}

static ort_status *binding_fill(device_binding *self, const ortp_bind_args *args) {
    self->inputs = ortk_unit_alloc(self->unit, args->input_count * sizeof *self->inputs);
    self->outputs = ortk_unit_alloc(self->unit, args->output_count * sizeof *self->outputs);
    if (!self->inputs || !self->outputs) return ortk_out_of_memory();
    self->args = (ortp_bind_args){.size = sizeof self->args,
                                  .inputs = self->inputs,
                                  .outputs = self->outputs,
                                  .input_count = args->input_count,
                                  .output_count = args->output_count,
                                  .arg_stride = sizeof(ortp_tensor_arg)};
    ORTK_TRY(nodes_gather(self));
    ORTK_TRY(ortk_job_reserve(self->unit, &self->job, args->input_count + 8));
    return binding_record(self, args);
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    ortk_unit *unit = ortk_unit_of(plan->program->instance);
    const ortp_host *before = ortk_host_enter(unit->host);
    *out = NULL;
    device_binding *self = NULL;
    ort_status *status = ortk_args_check(plan, args, false);
    if (!status) status = host_memory_refuse(args);
    if (!status && !(self = ortk_unit_alloc(unit, sizeof *self))) status = ortk_out_of_memory();
    if (!status) {
        self->plan = plan;
        self->unit = unit;
        *out = (ortp_binding *)(void *)self;
        status = binding_fill(self, args);
    }
    ortk_host_leave(before);
    if (status) {
        binding_destroy(*out);
        *out = NULL;
    }
    return status;
}

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    device_binding *self = (device_binding *)(void *)binding;
    const ortp_host *before = ortk_host_enter(self->unit->host);
    ort_status *status = ortk_args_check(self->plan, args, true);
    if (!status) status = host_memory_refuse(args);
    if (!status) status = binding_record(self, args);
    ortk_host_leave(before);
    return status;
}

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    device_binding *self = (device_binding *)(void *)binding;
    const ortp_host *before = ortk_host_enter(self->unit->host);
    self->job.sequence = self->sequence;
    self->job.cancel = args->cancel;
    self->job.deadline_ns = args->deadline_ns;
    self->job.span = args->span;
    self->job.nodes = self->nodes;
    self->job.node_count = self->node_count;
    ort_status *status = ortk_unknown_check("run", args->flags, args->next);
    if (!status) status = ortk_queue_submit(args->queue, &self->job, args->order);
    ortk_host_leave(before);
    return status;
}

const ortp_program_table ortk_device_program = {
    .size = sizeof(ortp_program_table),
    .compile = compile,
    .program_destroy = program_destroy,
    .prepare = prepare,
    .plan_describe = ortk_plan_describe,
    .plan_destroy = plan_destroy,
    .bind = bind,
    .rebind = rebind,
    .binding_destroy = binding_destroy,
    .run = run,
    .save = ortk_save,
    .load = ortk_load,
};
