/* base/worker.h: one background thread that runs tasks in the order in which they were given.
 * Start at: orti_worker_create(), orti_worker_submit().  Used by: providers (the border's exec table), run, session.
 * Threads: any.
 */
#ifndef ORT_CORE_BASE_WORKER_H
#define ORT_CORE_BASE_WORKER_H

#include "base/alloc.h"

typedef struct orti_worker orti_worker;

/* A task whose memory is the caller's. */
typedef struct orti_worker_task {
    void (*run)(void *user);
    void *user;
    struct orti_worker_task *next; /* the worker's */
    bool is_owned;                 /* the worker's: false */
} orti_worker_task;

ORT_MUST_USE ort_status *orti_worker_create(const orti_allocator *alloc, orti_worker **out);
/* Runs what was given, then ends the thread. Takes NULL. Not from a task. */
void orti_worker_destroy(orti_worker *worker);
ORT_MUST_USE ort_status *orti_worker_submit(orti_worker *worker, void (*run)(void *user), void *user);
/* The same without memory of the worker's, so that it can't fail. The task is the caller's again when `run` begins: it
 * may be pushed again from there. Blocks no longer than a short lock. */
void orti_worker_push(orti_worker *worker, orti_worker_task *task);

#endif
