/* Streams: a thread each, which runs work in order, takes its time, and has its faults. */
#include "sim.h"

#include <string.h>
#include <time.h>

static struct timespec clock_after(uint64_t ns) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    ns += (uint64_t)at.tv_nsec;
    at.tv_sec += (time_t)(ns / 1000000000u);
    at.tv_nsec = (long)(ns % 1000000000u);
    return at;
}

/* ---- one piece of work ---- */

/* What it takes before it begins: the options' delay, and the time of its copies. Locked; a loss ends it. */
static void time_pass(ortk_device *device, const ortk_sequence *sequence) {
    uint64_t ns = (uint64_t)device->faults.delay_us * 1000;
    for (uint32_t i = 0; i < sequence->count; i++)
        if (!sequence->commands[i].image)
            ns += sequence->commands[i].operands[1].size_bytes * (uint64_t)device->faults.copy_ns_per_kib / 1024;
    if (!ns) return;
    struct timespec until = clock_after(ns);
    while (!device->is_lost && pthread_cond_timedwait(&device->changed, &device->mutex, &until) == 0)
        ;
}

static ort_status *command_run(const sim_command *command) {
    void *buffers[ORTK_OPERANDS_MAX] = {0};
    for (uint32_t i = 0; i < command->operand_count; i++)
        buffers[i] = command->operands[i].memory->bytes + command->operands[i].offset_bytes;
    if (!command->image) {
        memcpy(buffers[1], buffers[0], (size_t)command->operands[1].size_bytes);
        return NULL;
    }
    if (ortk_host_image_run(command->image->host, command->groups, command->params, buffers)) return NULL;
    return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "'%s': no memory for the stacks of its work-items", command->label);
}

/* Flips a bit of the last thing written. */
static void result_spoil(const ortk_sequence *sequence) {
    if (!sequence->count) return;
    const sim_command *command = &sequence->commands[sequence->count - 1];
    const ortk_operand *operand = &command->operands[command->operand_count - 1];
    if (operand->size_bytes > 2) operand->memory->bytes[operand->offset_bytes + 2] ^= 0x40;
}

/* The mutex is given back while the command runs. */
static ort_status *command_meet(ortk_device *device, const sim_command *command) {
    if (device->is_lost) return ortk_sim_lost_status(device);
    for (uint32_t k = 0; k < command->operand_count; k++)
        if (!ortk_sim_is_written(command, k)) ORTK_TRY(ortk_sim_operand_check(command, &command->operands[k]));
    pthread_mutex_unlock(&device->mutex);
    ort_status *status = command_run(command);
    pthread_mutex_lock(&device->mutex);
    for (uint32_t k = 0; k < command->operand_count && !status; k++)
        if (ortk_sim_is_written(command, k)) ortk_sim_operand_written(&command->operands[k]);
    return status;
}

/* What no barrier orders runs backwards, so that a barrier that is missing shows. */
static ort_status *commands_run(ortk_device *device, const ortk_sequence *sequence) {
    for (uint32_t begin = 0, end = 0; begin < sequence->count; begin = end) {
        while (end < sequence->count && sequence->commands[end].epoch == sequence->commands[begin].epoch) end++;
        for (uint32_t i = end; i-- > begin;) ORTK_TRY(command_meet(device, &sequence->commands[i]));
    }
    return device->is_lost ? ortk_sim_lost_status(device) : NULL;
}

static ort_status *faults_meet(ortk_device *device, int64_t number, const char *label) {
    if (ortk_sim_fault_due(device, device->faults.lose_at, number)) ortk_sim_device_lose(device, "its options say so");
    if (ortk_sim_fault_due(device, device->faults.hang_at, number))
        while (!device->is_lost) pthread_cond_wait(&device->changed, &device->mutex);
    if (device->is_lost) return ortk_sim_lost_status(device);
    if (ortk_sim_fault_due(device, device->faults.fail_at, number))
        return ortk_fail(ORT_CODE_DEVICE_LOST, "work %lld ('%s') of the simulated device fails, as its options say",
                         (long long)number, label);
    return NULL;
}

static ort_status *work_run(ortk_device *device, sim_work *work) {
    ortk_sequence *sequence = work->sequence;
    int64_t number = ++device->works;
    time_pass(device, sequence);
    ORTK_TRY(faults_meet(device, number, sequence->count ? sequence->commands[0].label : "nothing"));
    if (work->failure) return NULL; /* found when it was submitted, or since */
    ORTK_TRY(ortk_sim_sequence_open(sequence));
    ort_status *status = commands_run(device, sequence);
    if (!status && ortk_sim_fault_due(device, device->faults.wrong_at, number)) result_spoil(sequence);
    ortk_sim_sequence_close(sequence);
    return status;
}

static void spare_add(ortk_stream *stream, sim_work *work) {
    work->next = stream->spare;
    stream->spare = work;
}

/* Locked. */
static sim_work *work_get(ortk_stream *stream) {
    sim_work *work = stream->spare;
    if (!work) return ortk_sim_alloc(stream->device, sizeof *work);
    stream->spare = work->next;
    memset(work, 0, sizeof *work);
    return work;
}

/* The first of the list has ended. */
static void work_end(ortk_stream *stream, sim_work *work) {
    ortk_device *device = stream->device;
    stream->first = work->next;
    if (!stream->first) stream->end = &stream->first;
    stream->ended = work->value;
    if (work->failure) {
        work->next = stream->failed;
        stream->failed = work;
    } else {
        spare_add(stream, work);
    }
    pthread_cond_broadcast(&device->changed);
}

static void *stream_main(void *user) {
    ortk_stream *stream = user;
    ortk_device *device = stream->device;
    const ortp_host *before = ortk_host_enter(device->host);
    pthread_mutex_lock(&device->mutex);
    while (stream->first || !stream->is_stopped) {
        sim_work *work = stream->first;
        if (!work) {
            pthread_cond_wait(&device->changed, &device->mutex);
            continue;
        }
        uint32_t slot = (uint32_t)(work->value % SIM_TIMES);
        stream->begin_ns[slot] = device->host->core->clock_ns();
        ort_status *status = work_run(device, work);
        stream->end_ns[slot] = device->host->core->clock_ns();
        if (work->failure)
            ortk_status_drop(device->host, status);
        else
            work->failure = status;
        work_end(stream, work);
    }
    pthread_mutex_unlock(&device->mutex);
    ortk_work_stacks_give();
    ortk_host_leave(before);
    return NULL;
}

/* ---- what the driver offers ---- */

static void works_free(const ortk_device *device, sim_work *list) {
    for (sim_work *next = NULL; list; list = next) {
        next = list->next;
        ortk_status_drop(device->host, list->failure);
        ortk_sim_release(device, list);
    }
}

static void spares_make(ortk_stream *stream) {
    for (uint32_t i = 0; i < SIM_SPARES; i++) {
        sim_work *work = ortk_sim_alloc(stream->device, sizeof *work);
        if (work) spare_add(stream, work); /* a missing one is made when it is wanted */
    }
}

ort_status *ortk_sim_stream_create(ortk_device *device, bool is_copy, ortk_stream **out) {
    (void)is_copy; /* every stream has a thread of its own */
    ortk_stream *stream = ortk_sim_alloc(device, sizeof *stream);
    *out = NULL;
    if (!stream) return ortk_out_of_memory();
    stream->device = device;
    stream->end = &stream->first;
    spares_make(stream);
    if (pthread_create(&stream->thread, NULL, stream_main, stream) != 0) {
        works_free(device, stream->spare);
        ortk_sim_release(device, stream);
        return ortk_fail(ORT_CODE_IO, "no thread for a stream of the simulated device");
    }
    pthread_mutex_lock(&device->mutex);
    stream->next = device->streams;
    device->streams = stream;
    pthread_mutex_unlock(&device->mutex);
    *out = stream;
    return NULL;
}

void ortk_sim_stream_destroy(ortk_stream *stream) {
    if (!stream) return;
    ortk_device *device = stream->device;
    pthread_mutex_lock(&device->mutex);
    stream->is_stopped = true;
    pthread_cond_broadcast(&device->changed);
    pthread_mutex_unlock(&device->mutex);
    pthread_join(stream->thread, NULL);
    pthread_mutex_lock(&device->mutex);
    ortk_stream **at = &device->streams;
    while (*at != stream) at = &(*at)->next;
    *at = stream->next;
    pthread_mutex_unlock(&device->mutex);
    works_free(device, stream->failed);
    works_free(device, stream->spare);
    ortk_sim_release(device, stream);
}

/* Against everything of other streams that has not ended: the kit submits only what need not wait for it. */
static ort_status *conflicts_find(const ortk_stream *stream, const ortk_sequence *sequence) {
    for (const ortk_stream *other = stream->device->streams; other; other = other->next)
        for (const sim_work *work = other == stream ? NULL : other->first; work; work = work->next)
            ORTK_TRY(ortk_sim_conflict(work->sequence, sequence));
    return NULL;
}

ort_status *ortk_sim_submit(ortk_stream *stream, ortk_sequence *sequence, uint64_t *out_value) {
    ortk_device *device = stream->device;
    if (!sequence->is_sealed) return ortk_fail(ORT_CODE_BUG, "a sequence is submitted before it is sealed");
    pthread_mutex_lock(&device->mutex);
    ort_status *status = device->is_lost ? ortk_sim_lost_status(device) : NULL;
    sim_work *work = status ? NULL : work_get(stream);
    if (!status && !work) status = ortk_out_of_memory();
    if (!status) {
        work->sequence = sequence;
        work->failure = conflicts_find(stream, sequence);
        work->value = *out_value = ++stream->submitted;
        *stream->end = work;
        stream->end = &work->next;
        pthread_cond_broadcast(&device->changed);
    }
    pthread_mutex_unlock(&device->mutex);
    return status;
}

/* The failure of a value that has ended; it is told once. */
static ort_status *failure_take(ortk_stream *stream, uint64_t value) {
    for (sim_work **at = &stream->failed; *at; at = &(*at)->next) {
        sim_work *work = *at;
        if (work->value != value) continue;
        ort_status *failure = work->failure;
        *at = work->next;
        work->failure = NULL;
        spare_add(stream, work);
        return failure;
    }
    return NULL;
}

ort_status *ortk_sim_wait(ortk_stream *stream, uint64_t value, uint64_t timeout_ns) {
    ortk_device *device = stream->device;
    bool is_bounded = timeout_ns < UINT64_MAX / 4, is_over = false;
    struct timespec until = {0};
    if (is_bounded) until = clock_after(timeout_ns);
    pthread_mutex_lock(&device->mutex);
    while (stream->ended < value && !is_over) {
        if (is_bounded)
            is_over = pthread_cond_timedwait(&device->changed, &device->mutex, &until) != 0;
        else
            pthread_cond_wait(&device->changed, &device->mutex);
    }
    ort_status *status = stream->ended < value
                             ? ortk_fail(ORT_CODE_DEADLINE, "work %llu has not ended", (unsigned long long)value)
                             : failure_take(stream, value);
    pthread_mutex_unlock(&device->mutex);
    return status;
}

bool ortk_sim_measure(ortk_stream *stream, uint64_t value, uint64_t *out_begin_ns, uint64_t *out_end_ns) {
    pthread_mutex_lock(&stream->device->mutex);
    bool is_there = stream->ended >= value && stream->submitted - value < SIM_TIMES;
    *out_begin_ns = stream->begin_ns[value % SIM_TIMES];
    *out_end_ns = stream->end_ns[value % SIM_TIMES];
    pthread_mutex_unlock(&stream->device->mutex);
    return is_there;
}
