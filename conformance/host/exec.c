/* parallel_for three ways, and tasks on threads that are joined. */
#include "host/inner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct loop {
    ortp_for_fn fn;
    void *user;
    int64_t n, grain, chunk_count;
    atomic_int_fast64_t next;
    atomic_uint slots;
} loop;

static _Thread_local bool is_inside;

static void chunk_run(const loop *l, int64_t chunk, uint32_t slot) {
    int64_t begin = chunk * l->grain, end = begin + l->grain;
    l->fn(l->user, begin, end < l->n ? end : l->n, slot);
}

static void *loop_work(void *user) {
    loop *l = user;
    bool before = is_inside;
    uint32_t slot = atomic_fetch_add(&l->slots, 1);
    is_inside = true;
    for (int64_t chunk; (chunk = atomic_fetch_add(&l->next, 1)) < l->chunk_count;) chunk_run(l, chunk, slot);
    is_inside = before;
    return NULL;
}

#define TEAM_MAX 16u

static void loop_threads(loop *l, uint32_t thread_count) {
    pthread_t team[TEAM_MAX];
    uint32_t count = 0;
    while (count + 1 < thread_count && count < TEAM_MAX && pthread_create(&team[count], NULL, loop_work, l) == 0)
        count++;
    loop_work(l);
    for (uint32_t i = 0; i < count; i++) pthread_join(team[i], NULL);
}

static void parallel_for(ortp_lane *lane, int64_t n, int64_t grain, ortp_for_fn fn, void *user) {
    if (n <= 0) return;
    if (!fn) {
        ortc_fault_note("host.calls", "parallel_for without a function");
        return;
    }
    loop l = {.fn = fn, .user = user, .n = n, .grain = grain > 0 ? grain : 1};
    l.chunk_count = (n - 1) / l.grain + 1;
    uint32_t slots = lane ? lane->thread_count : 1;
    if (!lane || is_inside || l.chunk_count == 1 || lane->spread == ORTC_SPREAD_ORDERED)
        for (int64_t i = 0; i < l.chunk_count; i++) chunk_run(&l, i, 0);
    else if (lane->spread == ORTC_SPREAD_REVERSE)
        for (int64_t i = l.chunk_count; i-- > 0;) chunk_run(&l, i, (uint32_t)(i % slots));
    else
        loop_threads(&l, slots);
}

typedef struct task {
    ortp_task_fn fn;
    void *user;
} task;

static void *task_run(void *user) {
    task t = *(task *)user;
    free(user);
    t.fn(t.user);
    return NULL;
}

static ort_status *submit(ortp_host_context *context, ortp_task_fn fn, void *user) {
    ort_status *status = NULL;
    task *t = !fn || ortc_host_must_fail(context) ? NULL : malloc(sizeof *t);
    pthread_mutex_lock(&context->lock);
    if (t) *t = (task){fn, user};
    if (!t || context->task_count == TASKS_MAX ||
        pthread_create(&context->tasks[context->task_count], NULL, task_run, t) != 0) {
        free(t);
        status = ortc_status_create(context, fn ? ORT_CODE_OUT_OF_MEMORY : ORT_CODE_INVALID_ARGUMENT,
                                    "a task could not be started");
    } else {
        context->task_count++;
    }
    pthread_mutex_unlock(&context->lock);
    return status;
}

void ortc_exec_finish(ortc_host *host) {
    pthread_mutex_lock(&host->lock);
    uint32_t count = host->task_count;
    host->task_count = 0;
    pthread_mutex_unlock(&host->lock);
    for (uint32_t i = 0; i < count; i++) pthread_join(host->tasks[i], NULL);
}

static void lane_describe(const ortp_lane *lane, ortp_lane_info *out) {
    ortp_lane_info info = {.thread_count = lane ? lane->thread_count : 1,
                           .numa_node = ORTP_NONE,
                           .l1_bytes = 32768,
                           .l2_bytes = 1048576,
                           .l3_bytes = 8388608};
    info.size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, info.size);
}

static uint32_t lane_is_hot(const ortp_lane *lane) {
    return lane ? lane->is_hot : 0;
}

static uint32_t thread_count_max(ortp_host_context *context) {
    return context->thread_count;
}

static uint32_t is_cancelled(const ortp_cancel *cancel) {
    return cancel ? atomic_load(&cancel->is_asked) : 0;
}

static void progress(ortp_compile_job *job, double fraction) {
    if (!job) return;
    if (!atomic_load(&job->is_open)) ortc_fault_note("lifetime.after_release", "progress of a compile that had ended");
    if (!(fraction >= 0 && fraction <= 1)) ortc_fault_note("host.calls", "progress outside of 0 to 1");
    atomic_fetch_add(&job->reports, 1);
}

const ortp_host_exec ortc_exec_table = {.size = sizeof(ortp_host_exec),
                                        .parallel_for = parallel_for,
                                        .submit = submit,
                                        .lane_describe = lane_describe,
                                        .lane_is_hot = lane_is_hot,
                                        .thread_count_max = thread_count_max,
                                        .is_cancelled = is_cancelled,
                                        .progress = progress};
