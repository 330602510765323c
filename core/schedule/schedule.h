/* schedule/schedule.h: programs for every piece, and plans for concrete shapes.
 * Start at: orti_schedule_create(), orti_schedule_plan().  Used by: run, session.
 * Threads: any on a finished schedule; plans are immutable and counted.
 *
 * A plan is a list of operations in submission order: run a program, or copy bytes between memories. On a queue that is
 * not inline an operation signals one value of the queue's timeline, counted from 1 inside a run, and waits for exactly
 * the operations whose bytes it touches and that are not implied by another wait (docs/adr/0010-exact-waits.md).
 * Nothing is left to decide at run. */
#ifndef ORT_CORE_SCHEDULE_SCHEDULE_H
#define ORT_CORE_SCHEDULE_SCHEDULE_H

#include "base/lock.h"
#include "partition/partition.h"

/* A memory: the host's (`instance` NULL, always index 0) or a space of a device that the host can't address. */
typedef struct orti_domain {
    orti_instance *instance;
    uint32_t device, space;
    uint64_t align_bytes;
} orti_domain;

/* A queue that all runs of the session share. Index 0 .. of the schedule. */
typedef struct orti_schedule_queue {
    orti_instance *instance;
    uint32_t device;
    ortp_queue *queue;
    bool is_inline;
} orti_schedule_queue;

/* A compiled piece. */
typedef struct orti_step {
    const orti_partition *part;
    orti_instance *instance; /* borrow: the request's candidates */
    const orti_instance_hot *hot;
    ortp_program *program;
    /* For programs, for copies to its device and for copies from it; the same one where the host addresses it. */
    uint32_t queue, copy_in_queue, copy_out_queue;
    uint32_t *input_domains, *output_domains;
} orti_step;

typedef struct orti_schedule_cache orti_schedule_cache;

typedef struct orti_schedule {
    const orti_allocator *alloc;
    orti_arena arena;
    orti_graph *graph;               /* borrow */
    orti_partitioning *partitioning; /* borrow */
    orti_domain *domains;
    uint32_t domain_count;
    orti_schedule_queue *queues;
    uint32_t queue_count;
    orti_step *steps; /* in the order of the partitioning's parts */
    uint32_t step_count;
    uint32_t *order; /* of submission: indexes of steps */
    uint64_t host_limit_bytes;
    uint32_t input_count; /* of the graph */
    bool *needs_contents; /* by graph input: plans are keyed by its contents */
    bool has_contents_key;
    bool is_frugal; /* plans made from now on; under the cache's build lock */
    orti_schedule_cache *cache;
} orti_schedule;

/* Options of compile scope for one candidate. */
typedef struct orti_compile_settings {
    const ortp_setting *settings;
    uint32_t count;
} orti_compile_settings;

typedef struct orti_schedule_request {
    const orti_allocator *alloc;
    orti_partitioning *partitioning;
    const orti_candidate *candidates;
    const orti_compile_settings *settings; /* one a candidate, or NULL */
    const ortp_policy *policy;
    const ortp_cancel *cancel; /* or NULL */
    uint64_t host_limit_bytes; /* of one run's memory on the host; UINT64_MAX: none */
    uint32_t plan_limit;       /* plans that are kept */
} orti_schedule_request;

ORT_MUST_USE ort_status *orti_schedule_create(const orti_schedule_request *request, orti_schedule **out);
void orti_schedule_destroy(orti_schedule *schedule); /* all plans are released; takes NULL */

/* ---- plans ---- */

typedef enum orti_place_kind {
    ORTI_PLACE_NONE,
    ORTI_PLACE_INPUT,  /* the caller's memory of graph input `index` */
    ORTI_PLACE_OUTPUT, /* ... of graph output `index` */
    ORTI_PLACE_TOLD,   /* graph output `index`, whose size and memory come during the run */
    ORTI_PLACE_MEMORY  /* [offset, offset + size) of domain `index` */
} orti_place_kind;
typedef struct orti_place {
    orti_place_kind kind;
    uint32_t index;
    uint64_t offset_bytes, size_bytes;
    ort_dtype dtype;
} orti_place;

/* Value `value` of queue `queue`'s timeline, counted inside the run. */
typedef struct orti_wait {
    uint32_t queue;
    uint64_t value;
} orti_wait;

/* A plugin's plan; shared by all plans for whose symbols it holds. */
typedef struct orti_prepared {
    _Atomic uint32_t ref_count;
    orti_instance *instance;
    ortp_plan *plan;
    uint64_t workspace_bytes, workspace_align_bytes;
    uint32_t workspace_space, launch_count;
    ortp_symbol_range *ranges; /* NULL: for its own symbols alone */
    uint64_t range_count;
} orti_prepared;

typedef enum orti_action { ORTI_ACTION_RUN, ORTI_ACTION_COPY } orti_action;
typedef struct orti_operation {
    orti_action action;
    uint32_t step; /* RUN: index of the step */
    uint32_t queue;
    /* RUN: the program's arguments. COPY: one input is the source, one output the destination. */
    uint32_t input_count, output_count;
    orti_place *inputs, *outputs;
    orti_place workspace;    /* RUN; kind NONE where none is wanted */
    orti_prepared *prepared; /* RUN; held by the plan */
    const orti_wait *waits;  /* by the queue itself */
    uint32_t wait_count, host_wait_count;
    const orti_wait *host_waits; /* by the host before it submits */
    uint64_t signal;             /* the value it settles; 0 on an inline queue */
    bool has_told_outputs;
} orti_operation;

/* Outputs that no program writes. */
typedef struct orti_fixed_output {
    uint32_t output;
    uint32_t input;      /* a graph input that is an output too; or ORTI_NONE */
    uint32_t same_as;    /* an earlier output of the same value; or ORTI_NONE */
    orti_tensor *tensor; /* a constant or known value; held by the plan; or NULL */
} orti_fixed_output;

typedef struct orti_plan_output {
    ort_dtype dtype;
    uint32_t rank;
    bool is_told; /* shape and bytes come during the run */
    int64_t *dims;
    uint64_t size_bytes;
} orti_plan_output;

typedef struct orti_plan {
    _Atomic uint32_t ref_count;
    orti_schedule *schedule; /* borrow */
    orti_arena arena;
    orti_operation *operations;
    uint32_t operation_count, copy_count;
    uint64_t *domain_bytes; /* what a run needs of each domain */
    orti_plan_output *outputs;
    uint32_t output_count, fixed_count;
    orti_fixed_output *fixed;
    uint64_t *queue_values; /* by queue: the last value of a run */
    orti_wait *final_waits; /* what the host waits for at the end */
    uint32_t final_wait_count;
    int64_t *symbols;
    uint32_t symbol_count;
    bool is_plain; /* every queue is inline */
    int64_t *key;  /* for each graph input its rank and dimensions, then the contents that shapes depend on */
} orti_plan;

/* The plan for inputs of these shapes (one tensor for each graph input): found, or made. out: retained.
 * *out_was_made may be NULL. errors: INVALID_ARGUMENT naming the input and both shapes; LIMIT_EXCEEDED; UNSUPPORTED. */
ORT_MUST_USE ort_status *orti_schedule_plan(orti_schedule *schedule, orti_tensor *const *inputs, orti_plan **out,
                                            bool *out_was_made);
/* After memory ran out: forgets all plans that nobody holds, and makes new ones that need less of it. Bytes are then
 * shared by the order of submission, and waits make up for it: less overlaps. */
uint32_t orti_schedule_plan_count(orti_schedule *schedule); /* plans that are kept */
void orti_schedule_save_memory(orti_schedule *schedule);
orti_plan *orti_plan_retain(orti_plan *plan);
void orti_plan_release(orti_plan *plan); /* takes NULL */
/* True when the plan was made for inputs of these shapes (and contents). */
bool orti_plan_fits(const orti_plan *plan, orti_tensor *const *inputs);

#endif
