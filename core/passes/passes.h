/* passes/passes.h: a graph becomes an equal graph that is simpler for those who compute it.
 * Start at: orti_passes_run().  Used by: session.  Threads: one graph, one thread.
 *
 * pipeline.c is the list. lower_* passes are required, opt_* ones can be switched off. Passes rewrite, they never
 * calculate: constant subgraphs are computed by `evaluate`, which the session hands over (architecture.md,
 * decision 5). */
#ifndef ORT_CORE_PASSES_PASSES_H
#define ORT_CORE_PASSES_PASSES_H

#include "base/log.h"
#include "ops/ops.h"

/* What one pass cost, inference after it included, and what it did. */
typedef struct orti_pass_record {
    uint64_t time_ns;
    uint32_t run_count, change_count; /* times it ran; times it changed the graph */
    int64_t removed_count;            /* nodes fewer than before; negative: more */
} orti_pass_record;

#define ORTI_PASS_COUNT_MAX 48u
/* By index of orti_passes_name(); what runs later is added. */
typedef struct orti_passes_record {
    orti_pass_record passes[ORTI_PASS_COUNT_MAX];
} orti_passes_record;

typedef struct orti_passes_options {
    const char *const *disabled; /* names of opt_* passes that are left out */
    uint32_t disabled_count, only_count;
    bool has_only; /* the opt_* passes named in `only` run, and no others */
    const char *const *only;
    int32_t opset; /* no opt_* pass writes an operator that is newer; 0: any */
    /* Computes a graph without inputs: outputs[i] (room for all of the graph's outputs, NULL on entry) gets a
     * reference that the caller releases, also after a failure. NULL: nothing is folded. */
    ort_status *(*evaluate)(void *user, orti_graph *graph, orti_tensor **outputs);
    void *evaluate_user;
    bool
        is_expanded; /* composites were replaced by their bodies for a provider: no opt_lift_* makes them whole again */
    bool keeps_quantized;      /* weights in integers stay so: readers of a saved model find their kernels by them */
    uint64_t fold_limit_bytes; /* largest constant that folding makes; 0: 64 MiB */
    const orti_log *log;       /* NULL: none */
    /* Called with the graph after each pass that changed it; NULL: not. */
    void (*observe)(void *user, const char *pass, const orti_graph *graph);
    void *observe_user;
    orti_passes_record *record; /* NULL: nothing is timed */
} orti_passes_options;

/* Raises a bound graph (orti_ops_bind) to the newest version of each operator, infers it and simplifies it. options
 * NULL: all passes, nothing folded. The graph is verified after every pass in debug builds, and is inferred at the
 * end.
 * errors: INVALID_ARGUMENT for a name that is no pass (the nearest one is named) or a disabled lower_* one;
 * UNSUPPORTED where a version can't be raised, naming node, operator and both versions; INVALID_MODEL from inference.
 */
ORT_MUST_USE ort_status *orti_passes_run(orti_graph *graph, const orti_passes_options *options);
/* Runs the passes of these names alone, in this order, once each: for tests and tools. */
ORT_MUST_USE ort_status *orti_passes_run_named(orti_graph *graph, const char *const *names, uint32_t count,
                                               const orti_passes_options *options);
/* The name of pass `index`, and what it does in one line; NULL past the end. Each once, whatever the order. */
const char *orti_passes_name(uint32_t index);
const char *orti_passes_summary(uint32_t index);
bool orti_passes_is_required(uint32_t index);
/* The passes that ran, as a JSON array: [{"name", "time_ns", "runs", "changes", "removed"}, ...]. */
ORT_MUST_USE ort_status *orti_passes_record_json(const orti_passes_record *record, orti_text *text);

#endif
