/* A plan as one sequence of commands, for the addresses of a binding. A barrier stands where a command touches what one
 * since the last barrier wrote, or writes what one read. */
#include "unit.h"

#define TOUCHED_MAX 256u

typedef struct touched {
    ortk_operand range;
    bool is_written;
} touched;

typedef struct recorder {
    const ortp_plan *plan;
    const ortp_bind_args *args;
    const ortk_unit *unit;
    ortk_sequence *sequence;
    uint32_t touched_count;
    touched touched[TOUCHED_MAX]; /* since the last barrier */
} recorder;

static ortk_operand arg_operand(const ortp_tensor_arg *arg, uint64_t offset_bytes, uint64_t size_bytes) {
    return (ortk_operand){arg->buffer ? arg->buffer->memory : NULL, arg->offset_bytes + offset_bytes, size_bytes};
}

static ort_status *contents_operand(const recorder *r, uint32_t value, uint64_t size_bytes, ortk_operand *out) {
    uint64_t offset = 0;
    uint32_t root = ortk_place_root(r->plan->places, value, &offset);
    const ortk_upload *uploads[] = {r->plan->program->device, r->plan->device};
    for (uint32_t i = 0; i < ORTK_COUNT_OF(uploads); i++) {
        if (!uploads[i] || uploads[i]->offsets[root] == UINT64_MAX) continue;
        *out = (ortk_operand){uploads[i]->memory, uploads[i]->offsets[root] + offset, size_bytes};
        return NULL;
    }
    return ortk_fail(ORT_CODE_BUG, "value %u has contents that were not brought to the device",
                     (unsigned)r->plan->program->values[value].id);
}

static ort_status *operand_find(const recorder *r, const ortk_plan_step *step, const ortk_launch *launch, uint32_t arg,
                                ortk_operand *out) {
    if (arg & ORTK_ARG_TABLE) {
        const ortk_upload *upload = r->plan->device;
        *out = (ortk_operand){upload->memory, launch->table_offset, launch->table_bytes};
        return NULL;
    }
    const ortk_op *op = &r->plan->program->ops[step->op];
    bool is_contents = arg & ORTK_ARG_CONTENTS;
    uint32_t index = arg & ~ORTK_ARG_CONTENTS;
    uint32_t value = is_contents               ? op->outputs[index]
                     : index < op->input_count ? op->inputs[index]
                                               : op->outputs[index - op->input_count];
    uint64_t size_bytes = r->plan->places[value].size_bytes;
    const ortk_source *source = &step->sources[index];
    if (is_contents || source->kind == ORTK_SOURCE_POINTER || source->kind == ORTK_SOURCE_NONE)
        return contents_operand(r, value, size_bytes, out);
    const ortp_tensor_arg *bound = source->kind == ORTK_SOURCE_WORKSPACE ? &r->args->workspace
                                   : source->kind == ORTK_SOURCE_INPUT
                                       ? ortk_arg_at(r->args->inputs, r->args->arg_stride, source->index)
                                       : ortk_arg_at(r->args->outputs, r->args->arg_stride, source->index);
    *out = arg_operand(bound, source->offset_bytes, size_bytes);
    return NULL;
}

static bool overlaps(const ortk_operand *a, const ortk_operand *b) {
    return a->memory == b->memory && a->offset_bytes < b->offset_bytes + b->size_bytes &&
           b->offset_bytes < a->offset_bytes + a->size_bytes;
}

static bool is_hazard(const recorder *r, const ortk_operand *operand, bool is_written) {
    for (uint32_t i = 0; i < r->touched_count; i++)
        if ((is_written || r->touched[i].is_written) && overlaps(&r->touched[i].range, operand)) return true;
    return false;
}

static ort_status *order_keep(recorder *r, const ortk_operand *operands, uint32_t count, uint32_t input_count) {
    bool wants_barrier = r->touched_count + count > TOUCHED_MAX;
    for (uint32_t i = 0; i < count && !wants_barrier; i++) wants_barrier = is_hazard(r, &operands[i], i >= input_count);
    if (wants_barrier) {
        ORTK_TRY(r->unit->driver->barrier(r->sequence));
        r->touched_count = 0;
    }
    for (uint32_t i = 0; i < count; i++) r->touched[r->touched_count++] = (touched){operands[i], i >= input_count};
    return NULL;
}

static ort_status *launch_record(recorder *r, const ortk_plan_step *step, const ortk_launch *launch) {
    const ortk_driver *driver = r->unit->driver;
    const char *label = r->plan->program->ops[step->op].name;
    ortk_operand operands[ORTK_OPERANDS_MAX];
    for (uint32_t i = 0; i < launch->arg_count; i++)
        ORTK_TRY(operand_find(r, step, launch, launch->args[i], &operands[i]));
    ORTK_TRY(order_keep(r, operands, launch->arg_count, launch->variant ? launch->variant->input_count : 1));
    if (!launch->image) {
        operands[0].size_bytes = operands[1].size_bytes;
        return driver->copy(r->sequence, &operands[0], &operands[1], label);
    }
    return driver->launch(r->sequence, launch->image, launch->groups, launch->params, launch->params_bytes, operands,
                          launch->arg_count, label);
}

static ort_status *steps_record(recorder *r) {
    for (uint32_t i = 0; i < r->plan->step_count; i++) {
        const ortk_plan_step *step = &r->plan->steps[i];
        for (const ortk_launch *launch = step->plan.launches; launch; launch = launch->next)
            ORTK_TRY(launch_record(r, step, launch));
    }
    return r->unit->driver->seal(r->sequence);
}

ort_status *ortk_record(const ortp_plan *plan, const ortp_bind_args *args, ortk_sequence **out) {
    const ortk_unit *unit = ortk_unit_of(plan->program->instance);
    recorder *r = ortk_unit_alloc(unit, sizeof *r);
    *out = NULL;
    if (!r) return ortk_out_of_memory();
    r->plan = plan;
    r->args = args;
    r->unit = unit;
    ort_status *status = unit->driver->sequence_create(unit->device, &r->sequence);
    if (!status) status = steps_record(r);
    if (status)
        unit->driver->sequence_destroy(r->sequence);
    else
        *out = r->sequence;
    ortk_unit_release(unit, r);
    return status;
}
