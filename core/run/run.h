/* run/run.h: executes a plan. No decision is left to take here.
 * Start at: orti_run_create(), orti_run_execute(), orti_run_start().  Used by: session.
 * Threads: one at a time for each run; runs of one plan are independent of each other.
 *
 * A run has its own memory, plugin bindings and timelines. Once it is bound, orti_run_execute allocates nothing, takes
 * no lock and, where every queue is inline and the lane has one thread, makes no system call. */
#ifndef ORT_CORE_RUN_RUN_H
#define ORT_CORE_RUN_RUN_H

#include "base/worker.h"
#include "schedule/script.h"
#include "telemetry/profile.h"

typedef struct orti_run orti_run;

typedef struct orti_run_request {
    ortp_cancel *cancel;  /* or NULL */
    uint64_t deadline_ns; /* on orti_clock_ns; 0: none */
    uint64_t seed;
    orti_profile *profile; /* or NULL */
    uint32_t track;        /* of the profile */
} orti_run_request;

/* plan: retained. lane: borrow, or NULL: the calling thread alone. Allocates the run's memory. */
ORT_MUST_USE ort_status *orti_run_create(orti_plan *plan, ortp_lane *lane, orti_run **out);
void orti_run_destroy(orti_run *run);          /* takes NULL */
orti_plan *orti_run_plan(const orti_run *run); /* borrow */
ortp_lane *orti_run_lane(const orti_run *run); /* borrow, or NULL */

/* The tensor of an input; its type and shape are those of the plan. Retained. */
void orti_run_set_input(orti_run *run, uint32_t index, orti_tensor *tensor);
/* Lets all inputs go; setting one of the same memory again costs next to nothing. */
void orti_run_release_inputs(orti_run *run);
/* The tensor that output `index` is written to; NULL: one is made. Retained. errors: INVALID_ARGUMENT when its type or
 * shape is not the plan's. */
ORT_MUST_USE ort_status *orti_run_set_output(orti_run *run, uint32_t index, orti_tensor *tensor);
/* The tensor of an output, made when none was set; NULL for one whose size the run tells, before it has. Borrow. */
orti_tensor *orti_run_output(const orti_run *run, uint32_t index);

/* Outputs of the run's own that somebody else holds stay theirs: others take their place in the next run. */
void orti_run_renew_outputs(orti_run *run);

/* Makes missing outputs and gives the plugins all addresses; orti_run_execute does it when it was not. */
ORT_MUST_USE ort_status *orti_run_bind(orti_run *run);
/* errors: INVALID_ARGUMENT when an output lies on an input; CANCELLED; DEADLINE; what a plugin says. */
ORT_MUST_USE ort_status *orti_run_execute(orti_run *run, const orti_run_request *request);

/* `status`: NULL or the failure; taken. On the driver's thread; the run is idle and may be used or destroyed. */
typedef void (*orti_run_done_fn)(void *user, ort_status *status);
/* Executes on `driver`'s thread, from the next task on, and holds no thread while it waits: where a point is pending
 * the run is left and goes on once it has settled. `request` is copied; what it points at lives until `done`. The
 * errors are those of orti_run_execute. A deadline is looked at when the run goes on. */
void orti_run_start(orti_run *run, const orti_run_request *request, orti_worker *driver, orti_run_done_fn done,
                    void *user);
/* ---- scripts ---- */

/* What executions make and hold; one for a session. */
typedef struct orti_run_counters {
    _Atomic uint64_t plan_made_count, run_made_count, memory_bytes;
} orti_run_counters;

typedef struct orti_execution_request {
    const orti_allocator *alloc;
    const orti_script *script;   /* borrow */
    ortp_lane *lane;             /* borrow, or NULL */
    orti_run_counters *counters; /* borrow */
} orti_execution_request;

/* UNSUPPORTED naming the first node, bodies included, that the core is to run and can't. */
ORT_MUST_USE ort_status *orti_script_check(const orti_script *script);

/* One run of a script at a time: of a plain one it is a run of the plan that fits, of others a frame for each graph
 * that is entered, with the runs of its segments, which it keeps. */
typedef struct orti_execution orti_execution;
ORT_MUST_USE ort_status *orti_execution_create(const orti_execution_request *request, orti_execution **out);
void orti_execution_destroy(orti_execution *execution);                /* takes NULL */
uint64_t orti_execution_memory_bytes(const orti_execution *execution); /* of the runs that it keeps, all domains */
ortp_lane *orti_execution_lane(const orti_execution *execution);
/* Makes it fit for inputs of these shapes. */
ORT_MUST_USE ort_status *orti_execution_plan(orti_execution *execution, orti_datum *const *inputs);
bool orti_execution_fits(const orti_execution *execution, orti_datum *const *inputs);
/* The same for the inputs that it was planned for, whose contents may have changed. */
bool orti_execution_is_current(const orti_execution *execution, orti_datum *const *inputs);
/* As those of a run. An output's shape is checked here where it is known, else at the end of the run. Values that are
 * no tensors go in and out too; written in place are tensors alone. */
void orti_execution_set_input(orti_execution *execution, uint32_t index, orti_datum *datum);
ORT_MUST_USE ort_status *orti_execution_set_output(orti_execution *execution, uint32_t index, orti_tensor *tensor);
orti_datum *orti_execution_output(const orti_execution *execution, uint32_t index);
/* Lets inputs and outputs go. */
void orti_execution_release_values(orti_execution *execution);
ORT_MUST_USE ort_status *orti_execution_bind(orti_execution *execution);
ORT_MUST_USE ort_status *orti_execution_run(orti_execution *execution, const orti_run_request *request);
void orti_execution_start(orti_execution *execution, const orti_run_request *request, orti_worker *driver,
                          orti_run_done_fn done, void *user);

/* Bytes of memory that this run holds, all domains. */
uint64_t orti_run_memory_bytes(const orti_run *run);

#endif
