/* sdk/src/program.h: a compiled piece of graph, its plans and bindings.
 *
 * A program is a list of ops over values. A value is a graph value in one layout; a value needed in both layouts is two
 * (twins). Compile fixes ops, values and layouts; prepare fixes shapes, aliases and memory; bind fixes addresses. */
#ifndef ORTK_SRC_PROGRAM_H
#define ORTK_SRC_PROGRAM_H

#include "kit.h"

#define ORTK_VALUE_INNER    0u
#define ORTK_VALUE_INPUT    1u /* crosses the border inwards */
#define ORTK_VALUE_CONSTANT 2u
#define ORTK_VALUE_KNOWN    3u /* contents come with prepare */

typedef struct ortk_value {
    uint32_t id, kind, dtype, rank;
    uint32_t input, output;        /* index at the border, or ORTP_NONE */
    uint32_t layout, twin;         /* twin: the other layout's value, or ORTP_NONE */
    uint32_t producer;             /* op, or ORTP_NONE */
    uint32_t reader_count, reader; /* uses by live ops; one of them */
    ortp_dim dims[ORTK_RANK_MAX];  /* symbolic */
    const void *data;              /* CONSTANT that run reads */
} ortk_value;

#define ORTK_ROLE_DEAD    0u
#define ORTK_ROLE_KERNEL  1u
#define ORTK_ROLE_VIEW    2u /* output 0 is input 0's bytes in another shape */
#define ORTK_ROLE_CONVERT 3u /* output 0 is input 0 in the other layout */
#define ORTK_ROLE_RELABEL 4u /* a Transpose between N,H,W,C and N,C,H,W that only renames the axes of its bytes */
#define ORTK_ROLE_CONCAT  5u /* of channels of PIXELS values */
#define ORTK_ROLE_SPLIT   6u /* of channels of a PIXELS value */
#define ORTK_ROLE_KNOWN   7u /* contents come with prepare */

typedef struct ortk_op {
    const ortk_kernel *kernel; /* KERNEL: what runs; else what the graph's node was matched with, or NULL */
    uint32_t role, node;       /* node: the one that the kernel computes */
    uint32_t input_count, output_count, node_count;
    uint32_t *inputs, *outputs; /* values; ORTP_NONE where left out; a residual is the last input */
    uint32_t *nodes;            /* all graph nodes inside, for profiles */
    uint32_t unread;            /* bit i: run does not read input i */
    bool has_residual;
    ortk_fused fused;
    void *params;
    const char *name;
} ortk_op;

typedef struct ortk_packed_ref {
    ortp_packed *packed;
    struct ortk_packed_ref *next;
} ortk_packed_ref;

struct ortp_program {
    ortk_arena arena;
    ortp_instance *instance;
    const ortp_host *host;
    const ortp_view *view; /* valid during compile alone */
    uint32_t precision;    /* ORTP_PRECISION_* of the claim */
    ortk_constants constants;
    ortk_packed_ref *packed;
    ortk_value *values;
    uint32_t value_count, value_capacity;
    ortk_op *ops;
    uint32_t op_count;
    uint32_t *by_id; /* during compile: graph value id -> value, ORTP_NONE */
    uint32_t by_id_count;
    uint32_t input_count, output_count;
    uint32_t *inputs, *outputs; /* values at the border, in its order */
    void *device;               /* what the device kit keeps for it */
};

ort_status *ortk_compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out);
void ortk_program_destroy(ortp_program *program);
ort_status *ortk_save(ortp_program *program, ortp_write_fn write, void *user);
ort_status *ortk_load(ortp_instance *instance, const ortp_compile_args *args, const void *data, uint64_t size_bytes,
                      uint32_t *out_answer, ort_string_view *out_reason, ortp_program **out);

struct ortk_compiler {
    ortp_program *program;
    ortk_op *op;
};

/* Each step of compile. */
ort_status *ortk_program_read(ortp_program *program, const ortp_compile_args *args, const ortk_claim *claim);
void ortk_program_count_readers(ortp_program *program);
ort_status *ortk_program_fuse(ortp_program *program);
ort_status *ortk_program_lay_out(ortp_program *program);
ort_status *ortk_value_add(ortp_program *program, const ortk_value *value, uint32_t *out);

/* ---- plans ---- */
/* The step of an op that no kernel computes. */
typedef ort_status *(*ortk_move_fn)(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out);
struct ortk_planner {
    ortk_arena *arena;
    void *context;
    uint32_t thread_count;
    ortk_move_fn move;
};

/* Where a value's bytes are. Values that share memory hang below a root by a byte offset. */
typedef struct ortk_place {
    uint32_t parent;       /* value, or ORTP_NONE: a root */
    bool is_used;          /* some step or view needs its memory */
    bool is_fixed;         /* the root is not in the workspace: an argument, constant or known value */
    uint64_t offset_bytes; /* in the parent */
    uint64_t size_bytes;
    uint32_t first, last;      /* ops between which a root must keep its bytes */
    uint64_t workspace_offset; /* of a root in the workspace */
    const void *known;         /* contents that prepare was given, kept by the plan */
    bool is_told;              /* its memory comes while its producer runs (tell.c) */
    uint32_t told;             /* which of the plan's told values it is */
} ortk_place;

#define ORTK_SOURCE_NONE      0u
#define ORTK_SOURCE_WORKSPACE 1u
#define ORTK_SOURCE_INPUT     2u
#define ORTK_SOURCE_OUTPUT    3u
#define ORTK_SOURCE_POINTER   4u
#define ORTK_SOURCE_TOLD      5u /* index: the value */
typedef struct ortk_source {
    uint32_t kind, index;
    uint64_t offset_bytes;
    const void *pointer;
} ortk_source;

typedef struct ortk_plan_step {
    ortk_step_plan plan;
    uint32_t op, input_count, output_count;
    const ortk_source *sources; /* inputs, then outputs */
} ortk_plan_step;

struct ortp_plan {
    ortk_arena arena;
    ortp_program *program;
    ortk_desc *descs;   /* by value */
    ortk_place *places; /* by value */
    ortk_plan_step *steps;
    uint32_t step_count, thread_count;
    uint64_t scratch_offset, scratch_stride; /* in the workspace, one for each thread */
    uint64_t workspace_bytes;
    uint64_t *input_bytes, *output_bytes; /* by border index */
    uint32_t told_count, told_read_count; /* values that are told, and arguments that are such */
    void *device;                         /* what the device kit keeps for it */
};

/* The root below which `value` hangs, and its offset there. */
uint32_t ortk_place_root(const ortk_place *places, uint32_t value, uint64_t *out_offset_bytes);
/* Gives every used root its workspace offset; returns the bytes needed. Deterministic. */
ort_status *ortk_memory_assign(ortk_arena *arena, ortk_place *places, uint32_t count, uint64_t align_bytes,
                               uint64_t *out_bytes);
/* Decides which values share memory: views, slices, results in place. */
ort_status *ortk_plan_alias(ortp_plan *plan);
/* The step of an op of any role; run NULL when there is nothing to do. */
ort_status *ortk_plan_move(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out);

/* ---- moves: bytes from one place to another ---- */
typedef struct ortk_region {
    uint32_t from, to; /* indexes of the op's inputs, outputs */
    int64_t rows, row_bytes, from_pitch, to_pitch, from_offset, to_offset;
} ortk_region;
ort_status *ortk_move_regions(ortk_planner *planner, const ortk_region *regions, uint32_t count, ortk_step_plan *out);
ort_status *ortk_move_layout(ortk_planner *planner, const ortk_desc *from, const ortk_desc *to, ortk_step_plan *out);

/* ---- bindings ---- */
typedef struct ortk_item {
    const ortk_step *step;
    void *scratch;
    double cost_ns;
    uint32_t is_inline, plan_step;
} ortk_item;

typedef struct ortk_patch {
    uint32_t is_output, index;
    uint64_t offset_bytes;
    void **slot;
} ortk_patch;

typedef struct ortk_told {
    void *memory;
    uint64_t capacity_bytes;
} ortk_told;

typedef struct ortk_told_slot {
    uint32_t value;
    void **slot;
} ortk_told_slot;

struct ortp_binding {
    const ortp_plan *plan;
    const ortp_host *host;
    ortp_instance *instance;
    ortk_item *items;
    ortk_patch *patches;
    uint32_t item_count, patch_count;
    unsigned char *scratch;
    uint64_t scratch_stride;
    ortp_outputs *outputs;         /* of the run in flight */
    _Atomic(ort_status *) failure; /* of the run in flight: what a kernel said */
    ortk_told *told;               /* memory of told values inside */
    ortk_told_slot *told_slots;    /* arguments to set when they are told */
    uint32_t told_slot_count;
};
ort_status *ortk_told_init(ortp_binding *binding);
void ortk_told_finish(ortp_binding *binding);
ort_status *ortk_bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out);
ort_status *ortk_rebind(ortp_binding *binding, const ortp_bind_args *args);
void ortk_binding_destroy(ortp_binding *binding);
ort_status *ortk_run(ortp_binding *binding, const ortp_run_args *args);
/* Sizes and presence of what bind or rebind was given. */
ort_status *ortk_args_check(const ortp_plan *plan, const ortp_bind_args *args, bool is_rebind);
const ortp_tensor_arg *ortk_arg_at(const ortp_tensor_arg *args, uint32_t stride, uint32_t index);
ort_status *ortk_prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out);
ort_status *ortk_prepare_with(ortp_program *program, const ortp_prepare_args *args, ortk_move_fn move, ortp_plan **out);
void ortk_plan_describe(const ortp_plan *plan, ortp_plan_info *out);
void ortk_plan_destroy(ortp_plan *plan);

#endif
