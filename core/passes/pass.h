/* passes/pass.h: what the passes share. Inside this room only.
 * Start at: orti_pass, orti_rewrite_node(). */
#ifndef ORT_CORE_PASSES_PASS_H
#define ORT_CORE_PASSES_PASS_H

#include "passes/passes.h"

typedef struct orti_pass_context {
    const orti_passes_options *options; /* never NULL */
} orti_pass_context;

/* Each says in its file what it needs of the graph, what it keeps and what it may break until inference runs again. */
typedef ort_status *(*orti_pass_fn)(orti_graph *graph, const orti_pass_context *context, bool *changed);
/* What a pass has to do with the facts that inference writes, so that inference runs where somebody reads them. */
enum {
    ORTI_PASS_BLIND = 1, /* reads no facts, or infers for itself */
    ORTI_PASS_KEEPS = 2  /* what facts there are stay true; values that it makes have theirs */
};
typedef struct orti_pass {
    const char *name;
    orti_pass_fn run;
    const char *summary; /* what it does, in one line for people */
    uint32_t flags;      /* ORTI_PASS_... */
} orti_pass;

ORT_MUST_USE ort_status *orti_lower_constant(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_versions(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_standard_forms(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_bodies(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_calls(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_captures(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_lower_open_ranks(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_inline_if(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_identity(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_known(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_fold_constants(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_batch_norm(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_fuse_conv_affine(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_common_subexpressions(orti_graph *graph, const orti_pass_context *context,
                                                        bool *changed);
ORT_MUST_USE ort_status *orti_opt_compose_moves(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_lift_activations(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_lift_layer_norm(orti_graph *graph, const orti_pass_context *context, bool *changed);
ORT_MUST_USE ort_status *orti_opt_dead_code(orti_graph *graph, const orti_pass_context *context, bool *changed);

/* ---- rewriting (rewrite.c) ---- */
const orti_allocator *orti_rewrite_alloc(const orti_graph *graph);
/* Gives the node the newest version of its operator. */
void orti_rewrite_bind(orti_node *node);
bool orti_rewrite_is(const orti_node *node, const char *op_type); /* of the default domain */
/* A new inner value. */
ORT_MUST_USE ort_status *orti_rewrite_value(orti_graph *graph, orti_value_id *out);
/* A node of the default domain at its newest version, with one output: a new value, or `output` if not ORTI_NONE. */
ORT_MUST_USE ort_status *orti_rewrite_node(orti_graph *graph, const char *op_type, const orti_value_id *inputs,
                                           uint32_t input_count, orti_value_id output, orti_value_id *out);
/* The node makes `replacement` instead of its output `index`; the old value has no producer then. */
void orti_rewrite_output(orti_graph *graph, orti_node_id node, uint32_t index, orti_value_id replacement);
/* Constants: int64[count]; a float of `dtype`, of rank 0. */
ORT_MUST_USE ort_status *orti_rewrite_ints(orti_graph *graph, const int64_t *values, uint32_t count,
                                           orti_value_id *out);
ORT_MUST_USE ort_status *orti_rewrite_scalar(orti_graph *graph, ort_dtype dtype, double value, orti_value_id *out);
/* The tensor of a constant, here or around a body that captures it; or NULL (also for ORTI_NONE). */
const orti_tensor *orti_rewrite_constant(const orti_graph *graph, orti_value_id value);
/* The one node that reads `value`, when there is one and it is no graph output; else ORTI_NONE. */
ORT_MUST_USE ort_status *orti_rewrite_sole_reader(orti_graph *graph, orti_value_id value, orti_node_id *out);
/* True when no node reads the value and it is no output (or it is ORTI_NONE). */
ORT_MUST_USE ort_status *orti_rewrite_is_unread(orti_graph *graph, orti_value_id value, bool *out);
/* Input `index` or ORTI_NONE. */
orti_value_id orti_rewrite_input(const orti_node *node, uint32_t index);
/* Both have the same shape, provably. */
bool orti_rewrite_same_shape(const orti_value *a, const orti_value *b);

#endif
