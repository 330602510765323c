/* run/inner.h: a run from inside, shared by the files of this room. */
#ifndef ORT_CORE_RUN_INNER_H
#define ORT_CORE_RUN_INNER_H

#include "run/run.h"

typedef struct run_operation {
    const orti_operation *operation;
    orti_instance *instance;
    /* RUN */
    ortp_binding *binding;
    ort_status *(*launch)(ortp_binding *binding, const ortp_run_args *args);
    ortp_run_args args;
    ortp_bind_args bind; /* its arrays are kept up to date by the setters */
    ortp_tensor_arg *inputs, *outputs;
    ortp_outputs told; /* user: this operation's run_told */
    struct run_told *told_user;
    /* COPY */
    ort_status *(*copy)(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order);
    ortp_copy copy_args;
    /* On queues that are not inline. */
    ortp_order order;
    ortp_point *waits;
    bool is_inline, is_dirty;
} run_operation;

/* Whose outputs a plugin tells the sizes of. */
typedef struct run_told {
    orti_run *run;
    const orti_operation *operation;
} run_told;

typedef struct run_timeline {
    ortp_timeline *timeline;  /* NULL on an inline queue, and until the first run */
    uint64_t base, submitted; /* values of earlier runs end at base; the last one submitted in this run */
    uint64_t refused;         /* of a submission that failed: its point is settled by us; 0: none */
} run_timeline;

typedef struct run_memory {
    void *host;          /* domain 0 */
    ortp_buffer *buffer; /* the others */
} run_memory;

/* What operations were last bound to as an input. */
typedef struct run_address {
    const void *data;
    uint64_t size_bytes;
} run_address;

/* What an asynchronous run waits for next. */
typedef enum run_phase { RUN_PHASE_OPERATIONS, RUN_PHASE_FINAL, RUN_PHASE_DRAIN } run_phase;

typedef struct run_async {
    orti_run_request request;
    orti_worker *driver;
    orti_worker_task task;
    orti_run_done_fn done;
    void *user;
    run_phase phase;
    uint32_t operation, wait; /* the next operation; the next of the waits before it */
    uint64_t begin_ns;        /* of a profiled run */
    ort_status *status;       /* why it drains */
} run_async;

struct orti_run {
    orti_plan *plan;
    ortp_lane *lane;
    orti_arena arena;
    run_memory *memories;    /* by domain */
    run_timeline *timelines; /* by queue */
    run_operation *operations;
    orti_tensor **inputs, **outputs;
    run_address *input_addresses; /* stay when the inputs are let go */
    bool *is_own_output;          /* made by us */
    orti_tensor **spares;         /* by output: one of ours that took turns with it; or NULL */
    bool is_bound, has_dirty;
    bool has_team; /* of more than one thread */
    ortp_span span;
    const orti_run_request *request; /* of the run in flight */
    run_async async;
};

ORT_MUST_USE ort_status *orti_run_timelines_open(orti_run *run);
void orti_run_timelines_close(orti_run *run);

/* INVALID_ARGUMENT: a tensor that was set for an output of another shape. */
ORT_MUST_USE ort_status *orti_run_output_refuse(const orti_graph *graph, uint32_t index, const orti_plan_output *want,
                                                const orti_tensor *tensor);
/* CANCELLED or DEADLINE. */
ORT_MUST_USE ort_status *orti_run_give_up_check(const orti_run_request *request);

/* ---- execute.c: the steps of a run, for both ways of waiting ---- */
ORT_MUST_USE ort_status *orti_run_begin(orti_run *run, const orti_run_request *request);
/* Waits on the host for what operation `index` needs there, and submits it. */
ORT_MUST_USE ort_status *orti_run_operation(orti_run *run, uint32_t index, const orti_run_request *request);
/* Waits for what nobody else waits for. */
ORT_MUST_USE ort_status *orti_run_final(orti_run *run, const orti_run_request *request);
/* The point of one of the run's waits. */
ortp_point orti_run_point(const orti_run *run, const orti_wait *wait);
/* After a failure it waits until all that was submitted has settled. Returns `status`. */
ORT_MUST_USE ort_status *orti_run_end(orti_run *run, ort_status *status);

/* ortp_outputs.provide */
ort_status *orti_run_provide(void *user, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes,
                             ortp_tensor_arg *out);

#endif
