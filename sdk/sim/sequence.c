/* Recorded commands, and whether two sequences get in each other's way. */
#include "sim.h"

#include <string.h>

ort_status *ortk_sim_sequence_create(ortk_device *device, ortk_sequence **out) {
    ortk_sequence *sequence = ortk_sim_alloc(device, sizeof *sequence);
    *out = sequence;
    if (!sequence) return ortk_out_of_memory();
    sequence->device = device;
    return NULL;
}

void ortk_sim_sequence_destroy(ortk_sequence *sequence) {
    if (!sequence) return;
    ortk_device *device = sequence->device;
    pthread_mutex_lock(&device->mutex);
    for (uint32_t i = 0; i < sequence->count; i++)
        for (uint32_t k = 0; k < sequence->commands[i].operand_count; k++)
            ortk_sim_memory_unuse(sequence->commands[i].operands[k].memory);
    pthread_mutex_unlock(&device->mutex);
    ortk_sim_release(device, sequence->commands);
    ortk_sim_release(device, sequence);
}

static ort_status *append(ortk_sequence *sequence, const ortk_operand *operands, uint32_t operand_count,
                          const char *label, sim_command **out) {
    *out = NULL;
    if (sequence->is_sealed) return ortk_fail(ORT_CODE_BUG, "'%s' is recorded into a sealed sequence", label);
    for (uint32_t i = 0; i < operand_count; i++)
        if (!operands[i].memory) return ortk_fail(ORT_CODE_BUG, "'%s': operand %u has no memory", label, (unsigned)i);
    if (sequence->count == sequence->capacity) {
        uint32_t capacity = sequence->capacity * 2 + 16;
        sim_command *commands = ortk_sim_alloc(sequence->device, capacity * sizeof *commands);
        if (!commands) return ortk_out_of_memory();
        if (sequence->count) memcpy(commands, sequence->commands, sequence->count * sizeof *commands);
        ortk_sim_release(sequence->device, sequence->commands);
        sequence->commands = commands;
        sequence->capacity = capacity;
    }
    sim_command *command = &sequence->commands[sequence->count++];
    memset(command, 0, sizeof *command);
    memcpy(command->operands, operands, operand_count * sizeof *operands);
    command->operand_count = operand_count;
    pthread_mutex_lock(&sequence->device->mutex);
    for (uint32_t i = 0; i < operand_count; i++) ortk_sim_memory_use(operands[i].memory);
    pthread_mutex_unlock(&sequence->device->mutex);
    command->label = label;
    command->epoch = sequence->barrier_count;
    *out = command;
    return NULL;
}

ort_status *ortk_sim_launch(ortk_sequence *sequence, ortk_image *image, const uint32_t groups[3], const void *params,
                            uint32_t params_bytes, const ortk_operand *operands, uint32_t operand_count,
                            const char *label) {
    sim_command *command = NULL;
    if (params_bytes != image->host->params_bytes)
        return ortk_fail(ORT_CODE_BUG, "'%s': kernel %s takes %u bytes of parameters, not %u", label,
                         image->variant->name, (unsigned)image->host->params_bytes, (unsigned)params_bytes);
    for (uint32_t i = 0; i < operand_count; i++)
        if (operands[i].offset_bytes % SIM_ALIGN_BYTES)
            return ortk_fail(ORT_CODE_BUG, "'%s': operand %u lies at byte %llu, which is not aligned to %u", label,
                             (unsigned)i, (unsigned long long)operands[i].offset_bytes, SIM_ALIGN_BYTES);
    ORTK_TRY(append(sequence, operands, operand_count, label, &command));
    command->image = image;
    memcpy(command->groups, groups, sizeof command->groups);
    memcpy(command->params, params, params_bytes);
    return NULL;
}

ort_status *ortk_sim_copy(ortk_sequence *sequence, const ortk_operand *from, const ortk_operand *to,
                          const char *label) {
    sim_command *command = NULL;
    const ortk_operand operands[] = {*from, *to};
    return append(sequence, operands, 2, label, &command);
}

ort_status *ortk_sim_barrier(ortk_sequence *sequence) {
    sequence->barrier_count++;
    return NULL;
}

ort_status *ortk_sim_seal(ortk_sequence *sequence) {
    sequence->is_sealed = true;
    return NULL;
}

bool ortk_sim_is_written(const sim_command *command, uint32_t operand) {
    return operand >= (command->image ? command->image->variant->input_count : 1);
}

static bool overlaps(const ortk_operand *a, const ortk_operand *b) {
    return a->memory == b->memory && a->offset_bytes < b->offset_bytes + b->size_bytes &&
           b->offset_bytes < a->offset_bytes + a->size_bytes;
}

static ort_status *command_conflict(const sim_command *a, const sim_command *b) {
    for (uint32_t i = 0; i < a->operand_count; i++)
        for (uint32_t k = 0; k < b->operand_count; k++) {
            bool is_write = ortk_sim_is_written(a, i) || ortk_sim_is_written(b, k);
            if (!is_write || !overlaps(&a->operands[i], &b->operands[k])) continue;
            return ortk_fail(ORT_CODE_BUG,
                             "'%s' touches buffer %u at byte %llu while '%s' has not ended: a wait is missing",
                             b->label, (unsigned)b->operands[k].memory->id,
                             (unsigned long long)b->operands[k].offset_bytes, a->label);
        }
    return NULL;
}

ort_status *ortk_sim_conflict(const ortk_sequence *first, const ortk_sequence *second) {
    for (uint32_t i = 0; i < first->count; i++)
        for (uint32_t k = 0; k < second->count; k++)
            ORTK_TRY(command_conflict(&first->commands[i], &second->commands[k]));
    return NULL;
}
