/* base/worker.h: one background thread that runs tasks in the order in which they were given.
 * Start at: orti_worker_create(), orti_worker_submit().  Used by: providers (the border's exec table).  Threads: any.
 */
#ifndef ORT_CORE_BASE_WORKER_H
#define ORT_CORE_BASE_WORKER_H

#include "base/alloc.h"

typedef struct orti_worker orti_worker;

ORT_MUST_USE ort_status *orti_worker_create(const orti_allocator *alloc, orti_worker **out);
/* Runs what was given, then ends the thread. Takes NULL. Not from a task. */
void orti_worker_destroy(orti_worker *worker);
ORT_MUST_USE ort_status *orti_worker_submit(orti_worker *worker, void (*run)(void *user), void *user);

#endif
