/* ort/plugin/program.h: compile, prepare, bind, run.
 *
 * compile chooses kernels and packs weights. prepare fixes shapes and workspace: a plan is immutable and re-entrant.
 * bind fixes addresses and records commands: one run at a time on a binding, many bindings of one plan. run is the only
 * submission of work: it allocates nothing, takes no lock that another run holds for long, reads no environment. One
 * thing may grow in it: memory of strings that stay inside a program, whose bytes only the data tells; a binding keeps
 * it, so that the same data again allocates nothing. */
#ifndef ORT_PLUGIN_PROGRAM_H
#define ORT_PLUGIN_PROGRAM_H

#include "ort/plugin/claim.h"
#include "ort/plugin/graph.h"
#include "ort/plugin/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ortp_compile_args {
    uint32_t size, flags;
    const ortp_ext *next;
    uint64_t token;
    const ortp_view *view; /* the one proposed on: borrow-call; constants through the graph and store tables */
    ortp_compile_job *job;
    const uint32_t *inputs, *outputs; /* values that cross the border, in the order in which bind gives them. Constants
                                         are not among the inputs; known values are not either: prepare gives them */
    uint32_t input_count, output_count;
    const ortp_setting *settings; /* options of compile scope */
    uint32_t setting_count, setting_stride;
    const ortp_policy *policy;
    const ortp_cancel *cancel; /* NULL: not cancellable */
} ortp_compile_args;
#define ORTP_COMPILE_ARGS_SIZE_0_0 96u

typedef struct ortp_prepare_args {
    uint32_t size, flags;
    const ortp_ext *next;
    const int64_t *symbols; /* values of the view's symbols; ORTP_DIM_UNKNOWN where the run tells */
    uint64_t symbol_count;
    const ortp_shapes *shapes; /* asked through the infer table; borrow-call */
    const uint8_t *donated;    /* for each input: 1 = may be overwritten; NULL: none */
    const uint32_t *same_as;   /* for each output: the input whose buffer it should share, or ORTP_NONE; NULL: none */
    ortp_plan *previous;       /* a plan of the same program to learn from, or NULL; borrow-call */
} ortp_prepare_args;
#define ORTP_PREPARE_ARGS_SIZE_0_0 64u

#define ORTP_SHARED_NO      0u /* the output has memory of its own */
#define ORTP_SHARED_INPLACE 1u
#define ORTP_SHARED_COPIED  2u /* granted, at the price of a copy inside */

/* What a plan says of itself. */
typedef struct ortp_plan_info {
    uint32_t size, flags;
    uint64_t workspace_bytes, workspace_align_bytes;
    uint32_t workspace_space, launch_count; /* the space that the workspace must come from */
    const ortp_symbol_range *ranges; /* the plan holds for symbols in min .. max; NULL: for these symbols alone */
    uint64_t range_count;
    const uint8_t *shared; /* for each output: ORTP_SHARED_*; NULL: all ORTP_SHARED_NO */
} ortp_plan_info;
#define ORTP_PLAN_INFO_SIZE_0_0 56u

typedef struct ortp_bind_args {
    uint32_t size, flags;
    const ortp_ext *next;
    const ortp_tensor_arg *inputs,
        *outputs; /* as many as compile was told; outputs whose size the run tells are empty */
    uint32_t input_count, output_count, arg_stride, reserved;
    ortp_tensor_arg workspace;
    ortp_state *const *states;
    uint64_t state_count;
} ortp_bind_args;
#define ORTP_BIND_ARGS_SIZE_0_0 112u

typedef struct ortp_run_args {
    uint32_t size, flags;
    const ortp_ext *next;
    ortp_queue *queue;
    const ortp_order *order;   /* NULL: waits for nothing, signals nothing (inline queues) */
    ortp_lane *lane;           /* cores for parallel_for on a CPU; NULL: the calling thread alone */
    const ortp_cancel *cancel; /* NULL: not cancellable */
    uint64_t deadline_ns;      /* on the host's clock; 0: none */
    uint64_t seed;
    ortp_span *span;       /* NULL: no profile */
    ortp_outputs *outputs; /* for outputs whose size the run tells; NULL when there are none */
    const int64_t *symbols;
    uint64_t symbol_count;
} ortp_run_args;
#define ORTP_RUN_ARGS_SIZE_0_0 96u

/* Answers of load. */
#define ORTP_IMAGE_OPTIMAL   0u
#define ORTP_IMAGE_USABLE    1u
#define ORTP_IMAGE_RECOMPILE 2u
#define ORTP_IMAGE_REJECT    3u

/* Receives bytes that save writes. */
typedef ort_status *(*ortp_write_fn)(void *user, const void *data, uint64_t size_bytes);

/* Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_program_table {
    uint32_t size, reserved;
    /* blocking: yes; several at once. out: create. errors: CANCELLED, UNSUPPORTED. */
    ort_status *(*compile)(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out);
    void (*program_destroy)(ortp_program *program); /* its plans and bindings are gone before; NULL: nothing */
    /* blocking: yes. out: create. errors: INVALID_ARGUMENT naming node and shape when the shapes can't be. */
    ort_status *(*prepare)(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out);
    void (*plan_describe)(const ortp_plan *plan, ortp_plan_info *out); /* pointers: borrow-parent (plan) */
    void (*plan_destroy)(ortp_plan *plan);                             /* NULL: nothing */
    /* out: create; it borrows the plan and the buffers. errors: INVALID_ARGUMENT. */
    ort_status *(*bind)(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out);
    /* Changes addresses of some arguments: the same args as bind, in which an argument with neither buffer nor host
     * stays as it is; no run is in flight on the binding. Allocates nothing for host pointers. threads: one per object.
     * errors: INVALID_ARGUMENT. */
    ort_status *(*rebind)(ortp_binding *binding, const ortp_bind_args *args);
    void (*binding_destroy)(ortp_binding *binding); /* its run has settled; NULL: nothing */
    /* Returns when the work is queued; on an inline queue when it is done. A failure here signals nothing: the host
     * then fails the order's point. threads: one per object. blocking: no (inline: for the work). errors: CANCELLED,
     * DEADLINE, DEVICE_LOST. */
    ort_status *(*run)(ortp_binding *binding, const ortp_run_args *args);
    /* Writes what load needs; `fingerprint` names what made it. blocking: yes. errors: UNSUPPORTED. */
    ort_status *(*save)(ortp_program *program, ortp_write_fn write, void *user);
    /* *out_answer is one of ORTP_IMAGE_*; for RECOMPILE and REJECT *out is NULL and *out_reason a static text that says
     * why. out: create. blocking: yes. errors: INVALID_ARGUMENT, CANCELLED. */
    ort_status *(*load)(ortp_instance *instance, const ortp_compile_args *args, const void *data, uint64_t size_bytes,
                        uint32_t *out_answer, ort_string_view *out_reason, ortp_program **out);
} ortp_program_table;
#define ORTP_PROGRAM_TABLE_SIZE_0_0 96u

/* Values that the provider keeps between runs, in its own layout (a KV cache). Offered with the option `state`.
 * Unless said: threads: one per object; blocking: yes; errors: DEVICE_LOST. */
typedef struct ortp_state_table {
    uint32_t size, reserved;
    /* errors: INVALID_ARGUMENT, UNSUPPORTED. out: create. */
    ort_status *(*create)(ortp_program *program, uint32_t output, uint32_t input, ortp_state **out);
    void (*destroy)(ortp_state *state);
    ort_status *(*reset)(ortp_state *state);
    /* Dense, in ONNX's order. */
    ort_status *(*read)(ortp_state *state, void *data, uint64_t size_bytes);
    ort_status *(*write)(ortp_state *state, const void *data, uint64_t size_bytes);
    uint64_t (*size_bytes)(const ortp_state *state);
} ortp_state_table;
#define ORTP_STATE_TABLE_SIZE_0_0 56u

/* A vendor's own operators: names, arity and shape functions, so that a model may use them.
 * Unless said: threads: any; blocking: no; errors: INVALID_MODEL when the inputs can't be. */
typedef struct ortp_op_schema {
    uint32_t size, flags;
    ort_string_view domain, op_type;
    int32_t since_version, reserved;
    uint32_t min_inputs, max_inputs, min_outputs, max_outputs;
    /* Output shapes and types from those of the inputs. `infer` writes through the host's infer table. */
    ort_status *(*infer)(void *user, const ortp_view *view, uint32_t node, ortp_shapes *shapes);
    void *user;
} ortp_op_schema;
#define ORTP_OP_SCHEMA_SIZE_0_0 80u

typedef struct ortp_ops_table {
    uint32_t size, schema_stride;
    const ortp_op_schema *schemas;
    uint64_t schema_count;
} ortp_ops_table;
#define ORTP_OPS_TABLE_SIZE_0_0 24u

#ifdef __cplusplus
}
#endif

#endif
