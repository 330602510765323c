/* Memory that the host can't touch: pages are PROT_NONE but while work of the device runs on them. Records of released
 * memory stay until the last sequence that has it is gone. */
#include "sim.h"

#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u

static bool is_used(const ortk_sequence *sequence, const ortk_memory *memory) {
    for (uint32_t i = 0; i < sequence->count; i++)
        for (uint32_t k = 0; k < sequence->commands[i].operand_count; k++)
            if (sequence->commands[i].operands[k].memory == memory) return true;
    return false;
}

static ort_status *pages_get(ortk_device *device, uint32_t kind, uint64_t size_bytes, ortk_memory *memory) {
    if (device->faults.memory_bytes > 0 && device->live_bytes + size_bytes > (uint64_t)device->faults.memory_bytes)
        return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "%llu bytes more than the %lld that the simulated device has",
                         (unsigned long long)(device->live_bytes + size_bytes - (uint64_t)device->faults.memory_bytes),
                         (long long)device->faults.memory_bytes);
    memory->mapped_bytes = (size_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    memory->written = ortk_sim_alloc(device, (size_t)(size_bytes / SIM_GRANULE_BYTES / 8 + 1));
    if (!memory->written) return ortk_out_of_memory();
    void *pages =
        mmap(NULL, (size_t)memory->mapped_bytes, kind == ORTK_MEMORY_STAGING ? PROT_READ | PROT_WRITE : PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "no pages for %llu bytes of simulated memory",
                         (unsigned long long)size_bytes);
    memory->bytes = pages;
    return NULL;
}

static ort_status *memory_fill(ortk_device *device, ortk_memory *memory) {
    if (device->is_lost) return ortk_sim_lost_status(device);
    if (ortk_sim_fault_due(device, device->faults.out_of_memory_at, ++device->allocations))
        return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "allocation %lld of the simulated device fails, as its options say",
                         (long long)device->allocations);
    ORTK_TRY(pages_get(device, memory->kind, memory->size_bytes, memory));
    memory->id = device->memory_count++;
    memory->next = device->memories;
    device->memories = memory;
    device->live_bytes += memory->size_bytes;
    return NULL;
}

ort_status *ortk_sim_memory_create(ortk_device *device, uint32_t kind, uint64_t size_bytes, ortk_memory **out) {
    *out = NULL;
    ortk_memory *memory = ortk_sim_alloc(device, sizeof *memory);
    if (!memory) return ortk_out_of_memory();
    memory->device = device;
    memory->kind = kind;
    memory->size_bytes = size_bytes;
    pthread_mutex_lock(&device->mutex);
    ort_status *status = memory_fill(device, memory);
    pthread_mutex_unlock(&device->mutex);
    if (status)
        ortk_sim_memory_free(memory);
    else
        *out = memory;
    return status;
}

void ortk_sim_memory_free(ortk_memory *memory) {
    ortk_device *device = memory->device;
    if (memory->bytes) munmap(memory->bytes, (size_t)memory->mapped_bytes);
    ortk_sim_release(device, memory->written);
    ortk_sim_release(device, memory);
}

/* Work that still uses it fails and says so. */
static void users_fail(ortk_device *device, const ortk_memory *memory) {
    for (ortk_stream *stream = device->streams; stream; stream = stream->next)
        for (sim_work *work = stream->first; work; work = work->next)
            if (!work->failure && is_used(work->sequence, memory))
                work->failure = ortk_fail(ORT_CODE_BUG, "buffer %u was released while '%s' still used it",
                                          (unsigned)memory->id, work->sequence->commands[0].label);
}

static void record_drop(ortk_memory *memory) {
    ortk_memory **at = &memory->device->memories;
    if (!memory->is_released || memory->use_count) return;
    while (*at != memory) at = &(*at)->next;
    *at = memory->next;
    ortk_sim_memory_free(memory);
}

void ortk_sim_memory_use(ortk_memory *memory) {
    memory->use_count++;
}

void ortk_sim_memory_unuse(ortk_memory *memory) {
    memory->use_count--;
    record_drop(memory);
}

void ortk_sim_memory_destroy(ortk_memory *memory) {
    if (!memory) return;
    ortk_device *device = memory->device;
    pthread_mutex_lock(&device->mutex);
    users_fail(device, memory);
    /* Running work has it open: its pages go when that closes it. */
    if (!memory->open_count) {
        munmap(memory->bytes, (size_t)memory->mapped_bytes);
        memory->bytes = NULL;
    }
    memory->is_released = true;
    device->live_bytes -= memory->size_bytes;
    record_drop(memory);
    pthread_mutex_unlock(&device->mutex);
}

void *ortk_sim_memory_address(ortk_memory *memory) {
    return memory->kind == ORTK_MEMORY_STAGING ? memory->bytes : NULL;
}

/* ---- while work runs ---- */

static ort_status *operand_open(const sim_command *command, const ortk_operand *operand) {
    ortk_memory *memory = operand->memory;
    if (memory->is_released)
        return ortk_fail(ORT_CODE_BUG, "'%s' touches buffer %u after it was released", command->label,
                         (unsigned)memory->id);
    if (operand->offset_bytes > memory->size_bytes || operand->size_bytes > memory->size_bytes - operand->offset_bytes)
        return ortk_fail(ORT_CODE_BUG, "'%s' touches bytes %llu to %llu of buffer %u, which has %llu", command->label,
                         (unsigned long long)operand->offset_bytes,
                         (unsigned long long)(operand->offset_bytes + operand->size_bytes), (unsigned)memory->id,
                         (unsigned long long)memory->size_bytes);
    return NULL;
}

static void memory_enter(ortk_memory *memory) {
    if (memory->open_count++ == 0 && memory->kind == ORTK_MEMORY_DEVICE)
        (void)mprotect(memory->bytes, (size_t)memory->mapped_bytes, PROT_READ | PROT_WRITE);
}

static void memory_leave(ortk_memory *memory) {
    if (--memory->open_count) return;
    if (memory->is_released) {
        munmap(memory->bytes, (size_t)memory->mapped_bytes);
        memory->bytes = NULL;
    } else if (memory->kind == ORTK_MEMORY_DEVICE) {
        (void)mprotect(memory->bytes, (size_t)memory->mapped_bytes, PROT_NONE);
    }
}

ort_status *ortk_sim_sequence_open(ortk_sequence *sequence) {
    for (uint32_t i = 0; i < sequence->count; i++)
        for (uint32_t k = 0; k < sequence->commands[i].operand_count; k++)
            ORTK_TRY(operand_open(&sequence->commands[i], &sequence->commands[i].operands[k]));
    for (uint32_t i = 0; i < sequence->count; i++)
        for (uint32_t k = 0; k < sequence->commands[i].operand_count; k++)
            memory_enter(sequence->commands[i].operands[k].memory);
    return NULL;
}

void ortk_sim_sequence_close(ortk_sequence *sequence) {
    for (uint32_t i = 0; i < sequence->count; i++)
        for (uint32_t k = 0; k < sequence->commands[i].operand_count; k++)
            memory_leave(sequence->commands[i].operands[k].memory);
}

/* ---- what was ever written ---- */

static uint64_t granule_first(const ortk_operand *operand) {
    return operand->offset_bytes / SIM_GRANULE_BYTES;
}

static uint64_t granule_end(const ortk_operand *operand) {
    return (operand->offset_bytes + operand->size_bytes + SIM_GRANULE_BYTES - 1) / SIM_GRANULE_BYTES;
}

ort_status *ortk_sim_operand_check(const sim_command *command, const ortk_operand *operand) {
    const ortk_memory *memory = operand->memory;
    if (memory->kind == ORTK_MEMORY_STAGING || !operand->size_bytes) return NULL; /* the host writes that */
    for (uint64_t at = granule_first(operand); at < granule_end(operand); at++)
        if (!(memory->written[at / 8] >> (at % 8) & 1))
            return ortk_fail(ORT_CODE_BUG,
                             "'%s' reads byte %llu of buffer %u before anything has written it: a wait is missing",
                             command->label, (unsigned long long)(at * SIM_GRANULE_BYTES), (unsigned)memory->id);
    return NULL;
}

void ortk_sim_operand_written(const ortk_operand *operand) {
    if (!operand->size_bytes) return;
    for (uint64_t at = granule_first(operand); at < granule_end(operand); at++)
        operand->memory->written[at / 8] |= (unsigned char)(1u << (at % 8));
}
