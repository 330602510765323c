#include "base/worker.h"

#include "base/lock.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct orti_worker {
    const orti_allocator *alloc;
    orti_lock lock;
    orti_condition changed;
    orti_worker_task *first, **last;
    bool is_ending;
    pthread_t thread;
};

/* The oldest task, waiting for one; NULL when the worker ends and none is left. */
static orti_worker_task *task_next(orti_worker *worker) {
    orti_lock_take(&worker->lock);
    while (!worker->first && !worker->is_ending) orti_condition_wait(&worker->changed, &worker->lock);
    orti_worker_task *task = worker->first;
    if (task) {
        worker->first = task->next;
        if (!worker->first) worker->last = &worker->first;
    }
    orti_lock_give(&worker->lock);
    return task;
}

static void *worker_main(void *user) {
    orti_worker *worker = user;
    for (orti_worker_task *task = task_next(worker); task; task = task_next(worker)) {
        const orti_worker_task now = *task;
        if (now.is_owned) orti_free(worker->alloc, task);
        now.run(now.user);
    }
    return NULL;
}

ort_status *orti_worker_create(const orti_allocator *alloc, orti_worker **out) {
    orti_worker *worker = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *worker, &worker));
    worker->alloc = alloc;
    worker->last = &worker->first;
    orti_lock_init(&worker->lock);
    orti_condition_init(&worker->changed);
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (error) {
        orti_condition_finish(&worker->changed);
        orti_lock_finish(&worker->lock);
        orti_free(alloc, worker);
        ORT_FAIL(IO, "can't start a thread: %s", strerror(error));
    }
    *out = worker;
    return NULL;
}

void orti_worker_destroy(orti_worker *worker) {
    if (!worker) return;
    orti_lock_take(&worker->lock);
    worker->is_ending = true;
    orti_condition_wake_all(&worker->changed);
    orti_lock_give(&worker->lock);
    pthread_join(worker->thread, NULL);
    orti_condition_finish(&worker->changed);
    orti_lock_finish(&worker->lock);
    orti_free(worker->alloc, worker);
}

void orti_worker_push(orti_worker *worker, orti_worker_task *task) {
    task->next = NULL;
    orti_lock_take(&worker->lock);
    *worker->last = task;
    worker->last = &task->next;
    orti_condition_wake_all(&worker->changed);
    orti_lock_give(&worker->lock);
}

ort_status *orti_worker_submit(orti_worker *worker, void (*run)(void *user), void *user) {
    orti_worker_task *task = NULL;
    ORT_TRY(orti_alloc(worker->alloc, 1, sizeof *task, &task));
    *task = (orti_worker_task){.run = run, .user = user, .is_owned = true};
    orti_worker_push(worker, task);
    return NULL;
}
