/* Outputs whose size only the run tells, and strings: memory is asked for while the step runs. What crosses the border
 * comes from the host; what stays inside is kept by the binding and grows to the largest that was ever asked for. */
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void keep_first(ortp_binding *binding, ort_status *status) {
    ort_status *none = NULL;
    if (status && !atomic_compare_exchange_strong(&binding->failure, &none, status))
        ortk_status_drop(binding->host, status);
}

void ortk_run_fail(const ortk_step *step, ort_code code, const char *fmt, ...) {
    ortp_binding *binding = step->binding;
    const ortk_op *op = &binding->plan->program->ops[step->op];
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const ortp_host *before = ortk_host_enter(binding->host);
    keep_first(binding, ortk_fail(code, "%s: %s", op->name, text));
    ortk_host_leave(before);
}

static void *inner_provide(ortp_binding *binding, uint32_t value, uint64_t size_bytes) {
    const ortp_host *host = binding->host;
    ortk_told *told = &binding->told[binding->plan->places[value].told];
    if (told->capacity_bytes >= size_bytes) return told->memory;
    if (told->memory) host->core->release(host->context, told->memory);
    *told = (ortk_told){NULL, 0};
    told->memory = host->core->alloc(host->context, size_bytes + size_bytes / 2, ORTK_ALIGN);
    if (told->memory) told->capacity_bytes = size_bytes + size_bytes / 2;
    return told->memory;
}

static void *border_provide(ortp_binding *binding, uint32_t output, const int64_t *dims, uint32_t rank,
                            uint64_t size_bytes) {
    ortp_tensor_arg arg = {.size = sizeof arg};
    if (!binding->outputs) return NULL;
    keep_first(binding, binding->host->output->provide(binding->outputs, output, dims, rank, size_bytes, &arg));
    return binding->failure ? NULL : ortk_host_address(&arg);
}

/* A size that was known after all: the memory is there. */
static void *fixed_provide(const ortk_step *step, uint32_t index, const ortk_desc *desc, const int64_t *dims,
                           uint32_t rank) {
    bool is_same = desc->rank == rank && (!rank || memcmp(desc->dims, dims, rank * sizeof *dims) == 0);
    if (is_same) return ortk_out(step, index);
    ortk_run_fail(step, ORT_CODE_PLUGIN, "output %u got another shape than the model's shapes say", (unsigned)index);
    return NULL;
}

void *ortk_provide(const ortk_step *step, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes) {
    ortp_binding *binding = step->binding;
    const ortp_plan *plan = binding->plan;
    const ortk_op *op = &plan->program->ops[step->op];
    uint32_t value = op->outputs[index];
    if (value == ORTP_NONE || binding->failure) return NULL;
    const ortk_desc *desc = &plan->descs[value];
    if (!plan->places[value].is_told) return fixed_provide(step, index, desc, dims, rank);
    uint32_t output = plan->program->values[value].output;
    void *memory = output == ORTP_NONE ? inner_provide(binding, value, size_bytes)
                                       : border_provide(binding, output, dims, rank, size_bytes);
    if (!memory && !binding->failure) ortk_run_fail(step, ORT_CODE_OUT_OF_MEMORY, "no memory for its output");
    for (uint32_t i = 0; i < binding->told_slot_count; i++)
        if (binding->told_slots[i].value == value) *binding->told_slots[i].slot = memory;
    return memory;
}

ort_status *ortk_told_init(ortp_binding *binding) {
    const ortp_plan *plan = binding->plan;
    const ortp_host *host = binding->host;
    size_t slots = plan->told_read_count * sizeof *binding->told_slots;
    if (!plan->told_count) return NULL;
    binding->told = host->core->alloc(host->context, plan->told_count * sizeof *binding->told + slots, ORTK_ALIGN);
    if (!binding->told) return ortk_out_of_memory();
    memset(binding->told, 0, plan->told_count * sizeof *binding->told + slots);
    binding->told_slots = (ortk_told_slot *)(void *)(binding->told + plan->told_count);
    return NULL;
}

void ortk_told_finish(ortp_binding *binding) {
    const ortp_host *host = binding->host;
    for (uint32_t i = 0; binding->told && i < binding->plan->told_count; i++)
        if (binding->told[i].memory) host->core->release(host->context, binding->told[i].memory);
    if (binding->told) host->core->release(host->context, binding->told);
}
