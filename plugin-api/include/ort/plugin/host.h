/* ort/plugin/host.h: what the host offers a plugin. Given once, to create; every function takes `context`, the host's
 * word for this plugin, first. A plugin calls the host only through these, never from `run` into `run`, and keeps
 * nothing of a host in statics. threads: any. */
#ifndef ORT_PLUGIN_HOST_H
#define ORT_PLUGIN_HOST_H

#include "ort/plugin/graph.h"
#include "ort/plugin/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_LOG_ERROR   1u
#define ORTP_LOG_WARNING 2u
#define ORTP_LOG_INFO    3u
#define ORTP_LOG_DEBUG   4u

/* Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_host_core {
    uint32_t size, log_level; /* messages above log_level need not be made */
    void (*log)(ortp_host_context *context, uint32_t level, ort_string_view message);
    /* out: never NULL; belongs to who receives it. */
    ort_status *(*status_create)(ortp_host_context *context, ort_code code, ort_string_view message);
    /* Puts "note: " before the message. status: take; returns the same one. */
    ort_status *(*status_note)(ortp_host_context *context, ort_status *status, ort_string_view note);
    ort_code (*status_code)(const ort_status *status);
    ort_string_view (*status_message)(const ort_status *status); /* borrow-parent */
    ort_status *(*status_copy)(ortp_host_context *context, const ort_status *status);
    void (*status_destroy)(ort_status *status);
    /* Not zeroed. NULL: none left. Released by release alone. */
    void *(*alloc)(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes);
    void (*release)(ortp_host_context *context, void *memory);
    uint64_t (*clock_ns)(void); /* monotonic; deadlines are on it */
    /* A stable or experimental (vendor-prefixed) interface, or NULL. Static. */
    const void *(*find_interface)(ortp_host_context *context, ort_string_view name, uint32_t version);
} ortp_host_core;
#define ORTP_HOST_CORE_SIZE_0_0 96u

/* Out-structs: the caller sets size. Everything borrowed from the view.
 * Unless said: threads: any; blocking: no; errors: INVALID_ARGUMENT for an id out of range. */
typedef struct ortp_host_graph {
    uint32_t size, reserved;
    ort_status *(*graph)(const ortp_view *view, ortp_graph_info *out);
    ort_status *(*node)(const ortp_view *view, uint32_t node, ortp_node_info *out);
    ort_status *(*attr)(const ortp_view *view, uint32_t node, uint32_t index, ortp_attr_info *out);
    ort_status *(*value)(const ortp_view *view, uint32_t value, ortp_value_info *out);
    ort_status *(*constant)(const ortp_view *view, uint32_t value, ortp_constant *out);
    /* A composite's body as a view: its inputs and outputs are the node's, by position. NULL when it has none. */
    ort_status *(*body)(const ortp_view *view, uint32_t node, const ortp_view **out);
    /* False (0) when a symbol that it needs is not known. */
    uint32_t (*dim_eval)(const ortp_view *view, ortp_dim dim, const int64_t *symbols, uint64_t symbol_count,
                         int64_t *out);
    ort_string_view (*dim_text)(const ortp_view *view, ortp_dim dim);
    ort_string_view (*symbol_name)(const ortp_view *view, uint32_t symbol);
} ortp_host_graph;
#define ORTP_HOST_GRAPH_SIZE_0_0 80u

typedef void (*ortp_for_fn)(void *user, int64_t begin, int64_t end, uint32_t slot);
typedef void (*ortp_task_fn)(void *user);

typedef struct ortp_lane_info {
    uint32_t size, thread_count; /* slots of parallel_for are below thread_count */
    uint32_t numa_node, reserved;
    uint64_t l1_bytes, l2_bytes, l3_bytes;
} ortp_lane_info;
#define ORTP_LANE_INFO_SIZE_0_0 40u

/* Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_host_exec {
    uint32_t size, reserved;
    /* fn over [0, n) in chunks of `grain`, on the lane's one team: the caller takes part; chunks depend on n and grain
     * alone; nested calls are inline. lane NULL: inline. One chunk: inline, no lock, no system call. blocking: yes. */
    void (*parallel_for)(ortp_lane *lane, int64_t n, int64_t grain, ortp_for_fn fn, void *user);
    /* Runs fn once, on some thread of the host, later. errors: OUT_OF_MEMORY. */
    ort_status *(*submit)(ortp_host_context *context, ortp_task_fn fn, void *user);
    void (*lane_describe)(const ortp_lane *lane, ortp_lane_info *out);
    /* 1 when the lane's workers are awake. */
    uint32_t (*lane_is_hot)(const ortp_lane *lane);
    /* The widest lane that this environment has: what scratch is sized by. */
    uint32_t (*thread_count_max)(ortp_host_context *context);
    uint32_t (*is_cancelled)(const ortp_cancel *cancel); /* 1: asked for, or past its deadline */
    void (*progress)(ortp_compile_job *job, double fraction);
} ortp_host_exec;
#define ORTP_HOST_EXEC_SIZE_0_0 64u

/* Fills `size_bytes` at `memory` with the packed form. */
typedef ort_status *(*ortp_pack_fn)(void *user, void *memory, uint64_t size_bytes);

/* A packed weight: shared between programs and sessions that ask for the same key. */
typedef struct ortp_packed ortp_packed;

/* Unless said: threads: any; blocking: yes, for a file; errors: IO. */
typedef struct ortp_host_store {
    uint32_t size, reserved;
    /* Keeps a constant's bytes alive and readable beyond the call. out_data: borrow, until constant_release. */
    ort_status *(*constant_retain)(ortp_host_context *context, const ortp_constant *constant, const void **out_data);
    void (*constant_release)(ortp_host_context *context, const ortp_constant *constant, const void *data);
    /* The packed form under (constant's identity, layout, device): found, or made by `pack` once, in memory aligned to
     * 64 bytes. A constant without identity is packed for this caller alone. layout: names algorithm, type, panel
     * width, version. blocking: yes (another's pack of the same key). out: create, given back by weight_release.
     * out_data: borrow-parent (packed). */
    ort_status *(*weight)(ortp_host_context *context, const ortp_constant *constant, ort_string_view layout,
                          ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack, void *user, ortp_packed **out,
                          const void **out_data);
    void (*weight_release)(ortp_host_context *context, ortp_packed *packed); /* NULL: nothing */
    /* The disk cache (option cache.folder). out_data: borrow-parent (the host). errors: NOT_FOUND, UNSUPPORTED without
     * a cache. */
    ort_status *(*cache_get)(ortp_host_context *context, ort_string_view key, const void **out_data,
                             uint64_t *out_size_bytes);
    ort_status *(*cache_put)(ortp_host_context *context, ort_string_view key, const void *data, uint64_t size_bytes);
} ortp_host_store;
#define ORTP_HOST_STORE_SIZE_0_0 56u

/* The shape of a value, with numbers, and its contents where they are known. */
typedef struct ortp_shape {
    uint32_t size, dtype;
    uint32_t rank, is_partial; /* is_partial: some dimension is ORTP_DIM_UNKNOWN until the run */
    const int64_t *dims;       /* borrow: the prepare call */
    const void *known;         /* contents (dense) of a constant or known value of at most 1,024 elements; or NULL */
    uint64_t known_bytes;
} ortp_shape;
#define ORTP_SHAPE_SIZE_0_0 40u

/* Unless said: threads: any; blocking: no; errors: INVALID_ARGUMENT. */
typedef struct ortp_host_infer {
    uint32_t size, reserved;
    /* Of any value of the program's subgraph, for the shapes that prepare was given. */
    ort_status *(*shape)(const ortp_shapes *shapes, uint32_t value, ortp_shape *out);
    /* What follows once the run has told the sizes of some values: for programs that keep such nodes inside. */
    ort_status *(*resolve)(ortp_host_context *context, const ortp_shapes *shapes, const uint32_t *values,
                           const int64_t *const *dims, uint64_t value_count, const ortp_shapes **out);
    /* A vendor operator's shape function sets output `index`. */
    ort_status *(*set)(ortp_shapes *shapes, uint32_t node, uint32_t index, uint32_t dtype, const ortp_dim *dims,
                       uint32_t rank);
} ortp_host_infer;
#define ORTP_HOST_INFER_SIZE_0_0 32u

/* Unless said: threads: any; blocking: no; errors: INVALID_ARGUMENT. */
typedef struct ortp_host_output {
    uint32_t size, reserved;
    /* Tells the size of output `index` and gets memory for it, in the space the proposal named. Only before the
     * run's point settles. String outputs always come this way: `size_bytes` counts offsets and bytes. */
    ort_status *(*provide)(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                           uint64_t size_bytes, ortp_tensor_arg *out);
} ortp_host_output;
#define ORTP_HOST_OUTPUT_SIZE_0_0 16u

/* Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_host_trace {
    uint32_t size, reserved;
    /* A piece of a run: nodes (ids), what ran them, when (host clock). Until the run's point settles. */
    void (*span)(ortp_span *span, const uint32_t *nodes, uint64_t node_count, ort_string_view name, uint64_t begin_ns,
                 uint64_t end_ns);
} ortp_host_trace;
#define ORTP_HOST_TRACE_SIZE_0_0 16u

/* Everything. The tables are static; context lives from create to shutdown. */
typedef struct ortp_host {
    uint32_t size, agreed_minor;
    const ortp_ext *next;
    ortp_host_context *context;
    const ortp_host_core *core;
    const ortp_host_graph *graph;
    const ortp_host_exec *exec;
    const ortp_host_store *store;
    const ortp_host_infer *infer;
    const ortp_host_output *output;
    const ortp_host_trace *trace;
} ortp_host;
#define ORTP_HOST_SIZE_0_0 80u

#ifdef __cplusplus
}
#endif

#endif
