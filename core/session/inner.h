/* session/inner.h: the application's handles from inside, shared by the files of this room. */
#ifndef ORT_CORE_SESSION_INNER_H
#define ORT_CORE_SESSION_INNER_H

#include "base/worker.h"
#include "load/load.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "run/run.h"
#include "session/options.h"
#include "topology/topology.h"

#include <stdatomic.h>

/* ---- tensors: the application's handle is the core's tensor ---- */
static inline orti_tensor *tensor_in(const ort_tensor *tensor) {
    return (orti_tensor *)(uintptr_t)tensor;
}
static inline ort_tensor *tensor_out(orti_tensor *tensor) {
    return (ort_tensor *)(void *)tensor;
}

static inline orti_datum *value_in(const ort_value *value) {
    return (orti_datum *)(uintptr_t)value;
}
static inline ort_value *value_out(orti_datum *datum) {
    return (ort_value *)(void *)datum;
}

/* ---- environment ---- */
struct ort_environment {
    const orti_allocator *alloc;
    ort_options *options;
    orti_log log;
    orti_topology *topology;
    orti_lanes *lanes;
    ortp_lane *border_lanes; /* the same, as plugins see them */
    uint32_t lane_count;
    _Atomic uint32_t next_lane;
    orti_providers *providers;
    orti_lock lock; /* the drivers */
    /* By lane: the thread that asynchronous runs go on from, made by the first. Runs that wait hold none. */
    orti_worker **drivers;
};
/* Lane `number`; with ORTI_TOPOLOGY_NONE lanes in turn: runs of one session spread over them. NULL: there is none. */
ortp_lane *orti_environment_lane(ort_environment *environment, uint32_t number);
/* The cores that a device is fed from. */
void orti_environment_feed(const ort_environment *environment, const orti_topology *topology,
                           const ortp_device_info *device, orti_feed *out);
/* The thread that drives the asynchronous runs of a lane; it works on the lane's cores where lanes are bound. */
ORT_MUST_USE ort_status *orti_environment_driver(ort_environment *environment, const ortp_lane *lane,
                                                 orti_worker **out);

/* ---- values ---- */
/* Describes a graph's value; arrays and names live in `arena`. */
ORT_MUST_USE ort_status *orti_value_describe(orti_arena *arena, const orti_graph *graph, orti_value_id value,
                                             ort_value_info *out);
/* Copies as much of a struct of the library as the caller's has room for; its size stays the caller's. */
ORT_MUST_USE ort_status *orti_info_copy(void *out, const void *info, uint32_t info_size, const char *what);

typedef struct value_list {
    ort_value_info *items;
    uint32_t count;
} value_list;
ORT_MUST_USE ort_status *orti_values_describe(orti_arena *arena, const orti_graph *graph, bool is_output,
                                              value_list *out);

/* ---- model ---- */
struct ort_model {
    const orti_allocator *alloc;
    orti_arena arena;
    orti_model *loaded;
    orti_graph *graph; /* borrow: loaded */
    value_list inputs, outputs;
    ort_options *options;
    orti_passes_record *passes; /* what they did, where passes made the model; else NULL */
};
/* What the configuration says of passes; names live in `arena` and in `options`. */
ORT_MUST_USE ort_status *orti_passes_read(orti_arena *arena, const ort_options *options, orti_passes_options *out);

/* ---- from a graph to something that runs: used by the session, and for folding constants ---- */

/* A stretch of a graph that is partitioned, compiled and planned as a whole. */
typedef struct session_segment {
    orti_graph *graph; /* owned where it is not `from` itself */
    const orti_graph *from;
    const orti_node_id *nodes; /* node i was nodes[i] of `from`; NULL: all nodes are those of `from` */
    uint32_t node_count;       /* nodes from here on came later */
    /* By node id, both of one length: whose it is to be; what has come of composites. */
    orti_pin *pins;
    uint8_t *origins; /* COMPOSITION_* */
    size_t pin_capacity, origin_capacity;
    uint32_t mark_count;
    orti_partitioning *partitioning;
    uint32_t first_part; /* its parts are counted from here on */
    orti_schedule *schedule;
} session_segment;
#define COMPOSITION_EXPANDED 1u /* a composite that was replaced by its body */
#define COMPOSITION_OF_BODY  2u /* a node that came from one */

typedef struct session_composition {
    const orti_allocator *alloc;
    orti_arena arena;
    orti_candidate *candidates;
    orti_compile_settings *settings;
    uint32_t candidate_count;
    ortp_policy policy;
    ortp_symbol_range *ranges;
    orti_fallback fallback;
    uint64_t host_limit_bytes;
    const ort_options *options; /* for forced cuts; NULL: none */
    /* Simplifies the graph after composites were expanded; NULL: the required passes alone. */
    ort_status *(*simplify)(void *user, orti_graph *graph);
    void *simplify_user;
    bool *is_wish_served; /* by entry of "placement.nodes": a node was found */
    uint32_t plan_limit;  /* of each segment */
    session_segment **segments;
    size_t segment_capacity;
    uint32_t segment_count, part_count;
    orti_script *script; /* in the arena */
} session_composition;
/* Opens the instances that `options` ask for. */
ORT_MUST_USE ort_status *orti_candidates_open(ort_environment *environment, const ort_options *options,
                                              session_composition *composition);
/* Ranges of symbols and the rest of the policy; the graph has its symbols. */
ORT_MUST_USE ort_status *orti_policy_read(const ort_options *options, const orti_graph *graph,
                                          session_composition *composition);
/* Divides the graph into segments, and partitions and compiles each. */
ORT_MUST_USE ort_status *orti_compose(ort_environment *environment, orti_graph *graph, uint32_t plan_limit,
                                      session_composition *composition);
/* Providers keep what they read of the weights; what is left in the compiled graphs goes. */
ORT_MUST_USE ort_status *orti_composition_release_constants(session_composition *composition, orti_graph *graph);
void orti_composition_finish(session_composition *composition);
/* ---- cuts.c: whose nodes are to be ---- */
/* Room for marks of every node of the segment. */
ORT_MUST_USE ort_status *orti_marks_grow(session_composition *composition, session_segment *segment);
/* Pins by the configuration's "placement"; those that are there already stay. */
ORT_MUST_USE ort_status *orti_cuts_pin(session_composition *composition, session_segment *segment);
/* At the end: every node that was named was found. */
ORT_MUST_USE ort_status *orti_cuts_check(const session_composition *composition);

/* The evaluate of passes: computes `graph` once, without inputs, on providers that the host addresses. */
typedef struct evaluate_context {
    ort_environment *environment;
    const session_composition *parent; /* whose candidates are used */
} evaluate_context;
ORT_MUST_USE ort_status *orti_evaluate(void *user, orti_graph *graph, orti_tensor **outputs);

/* ---- session ---- */
#define POOL_RUN_COUNT_MAX 32u
#define PLAN_COUNT_MAX     16u
#define POOL_FREE_BYTES    UINT64_C(131072) /* runs that idle may hold so much beyond their share */

typedef struct session_metrics {
    _Atomic uint64_t run_count, failure_count;
    orti_run_counters runs;
    uint64_t passes_ns, compose_ns, create_ns;
    orti_passes_record passes;
} session_metrics;

struct ort_session {
    const orti_allocator *alloc;
    ort_environment *environment;
    ort_options *options;
    orti_arena arena;
    orti_graph *graph;
    session_composition composition;
    value_list inputs, outputs;
    uint32_t feed_lane;    /* near the first device that has memory of its own; or ORTI_TOPOLOGY_NONE */
    uint32_t loaded_bound; /* node ids of the model as loaded are below it */
    const char **taken_by; /* by node id: the pass that took it (static), or NULL */
    ort_placement *placements;
    uint32_t placement_count;
    session_metrics metrics;
    orti_lock lock; /* pool, bindings, profile */
    orti_execution *pool[POOL_RUN_COUNT_MAX];
    uint32_t pool_count;
    uint64_t peak_bytes;           /* the most that runs in use held at once */
    struct ort_binding *bindings;  /* whose counters are added up */
    orti_profile *_Atomic profile; /* NULL: not profiling */
    orti_profile *profile_owned;   /* kept until the session goes: a run may still write to it */
    _Atomic uint32_t next_track;
};

/* ---- placement.c ---- */
/* One entry for each node of `loaded`, told by what became of it in the session's graph: ids are the same in both. */
ORT_MUST_USE ort_status *orti_placements_make(ort_session *session, const orti_graph *loaded);

/* ---- pool.c ---- */
/* An execution that fits the inputs: from the pool, or a new one. */
ORT_MUST_USE ort_status *orti_pool_take(ort_session *session, orti_datum *const *inputs, orti_execution **out);
/* Gives it back, without its tensors. */
void orti_pool_give(ort_session *session, orti_execution *execution);
/* Destroys the runs that nobody uses; others come back later. */
void orti_pool_drop(ort_session *session);
/* Type of an input tensor. INVALID_ARGUMENT naming the input. */
ORT_MUST_USE ort_status *orti_input_check(const ort_session *session, uint32_t index, orti_datum *datum);

/* ---- recover.c ---- */
/* True when memory ran out and there is something to be won by another try: what the session keeps for later is given
 * up, devices are trimmed, and plans that need less are made from now on. Takes `*status` then. */
bool orti_session_save_memory(ort_session *session, ort_status **status);
/* Says so when it ran out again. */
ORT_MUST_USE ort_status *orti_memory_note(ort_status *status);

struct ort_run {
    ortp_cancel cancel;
};
/* Reads the caller's options into a request; `own_cancel` serves a deadline without a handle. */
ORT_MUST_USE ort_status *orti_request_read(ort_session *session, const ort_run_options *options,
                                           ortp_cancel *own_cancel, orti_run_request *out);

struct ort_binding {
    ort_session *session;
    struct ort_binding *next, **previous;
    orti_datum **inputs;   /* as set by the caller */
    orti_tensor **outputs; /* as set by the caller */
    orti_execution *execution;
    _Atomic uint32_t is_in_use;
    bool needs_plan;
    uint32_t track;
    ortp_cancel cancel;
    _Atomic uint64_t run_count; /* written by the binding's user alone */
};

#endif
