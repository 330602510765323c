/* bare/trial.h: one example taken through the border: proposed, settled, compiled, prepared, bound, run, read back.
 * Start at: ortc_trial_open(), ortc_bound_open().  Used by: this room.
 * The functions that return bool have recorded a failure when they return false. */
#ifndef ORTC_BARE_TRIAL_H
#define ORTC_BARE_TRIAL_H

#include "bare/bare.h"
#include "bare/probe.h"

#define ORTC_ANSWERS_MAX 16u

/* What propose said, as it said it. */
typedef struct ortc_said {
    uint64_t token;
    uint32_t node_count, nodes[ORTC_NODES_MAX];
    bool is_deterministic;
} ortc_said;
typedef struct ortc_answers {
    ortc_said proposals[ORTC_ANSWERS_MAX];
    uint32_t proposal_count;
    uint32_t declined[ORTC_ANSWERS_MAX], decline_count;
    uint32_t answered[ORTC_NODES_MAX]; /* how often each node was answered */
} ortc_answers;

/* Proposes and judges each answer by the claim.* rules. allowed: NULL is all. */
bool ortc_claim_ask(ortc_bare *bare, const ortc_graph *graph, const ortp_view *view, const uint8_t *allowed,
                    ortc_answers *out);
/* As far as it comes: a failure is returned, not judged. */
ort_status *ortc_claim_try(ortc_bare *bare, const ortc_graph *graph, const ortp_view *view, ortc_answers *out);
void ortc_claim_settle(ortc_bare *bare, const uint64_t *tokens, uint64_t token_count);

typedef struct ortc_trial {
    ortc_bare *bare;
    ortc_example example;
    ortp_program *program;
    ortp_plan *plan;
    ortp_plan_info info;
    uint8_t shared; /* of the only output */
    bool is_taken, is_deterministic;
    const char *bind_rule; /* what a failing bind breaks; NULL: claim.compiles */
} ortc_trial;

/* is_taken tells whether the plugin takes the whole of it; then it is compiled. */
bool ortc_trial_open(ortc_trial *trial, ortc_bare *bare, const ortc_probe *probe, int64_t n, bool is_symbolic);
/* donated: every input may be overwritten, and the output wishes the first one's memory. */
bool ortc_trial_prepare(ortc_trial *trial, bool is_donated);
ort_status *ortc_prepare_call(ortc_trial *trial, const int64_t *symbols, bool is_donated, uint32_t flags,
                              const ortp_ext *next, ortp_plan **out);
ort_status *ortc_compile_call(ortc_bare *bare, const ortc_example *example, const ortp_view *view, uint64_t token,
                              uint32_t flags, const ortp_ext *next, const ortp_cancel *cancel, ortp_program **out);
void ortc_trial_close(ortc_trial *trial);
/* The first probe of this form (or any: form < 0) that the plugin takes, opened; a decline when there is none. */
bool ortc_trial_find(ortc_trial *trial, ortc_bare *bare, int form, int64_t n, bool is_symbolic);
/* One probe, whole: claimed, run, compared, closed. True, too, when the plugin takes none. */
bool ortc_trial_once(ortc_bare *bare);

/* ---- bound memory ---- */

/* A tensor between guards: host memory, or a buffer that is larger than the tensor on both sides. */
typedef struct ortc_tensor {
    ortp_tensor_arg arg;
    void *host;
    ortp_buffer *buffer;
    uint64_t guard_bytes, size_bytes;
    bool is_shared; /* another's memory */
} ortc_tensor;

/* dtype: ORT_DTYPE_NONE for a workspace. */
bool ortc_tensor_open(ortc_tensor *tensor, ortc_bare *bare, uint32_t dtype, uint64_t size_bytes, uint64_t align_bytes,
                      uint32_t space, bool is_host);
void ortc_tensor_close(ortc_tensor *tensor, ortc_bare *bare);
bool ortc_tensor_write(ortc_tensor *tensor, ortc_bare *bare, const void *data);
bool ortc_tensor_poison(ortc_tensor *tensor, ortc_bare *bare, unsigned char byte);
/* Reads it and looks at its guards; `what` names it in a failure of run.bounds. */
bool ortc_tensor_read(ortc_tensor *tensor, ortc_bare *bare, void *data, const char *what);

typedef struct ortc_bound {
    ortc_trial *trial;
    ortc_tensor inputs[ORTC_PROBE_INPUTS], output, workspace;
    ortp_binding *binding;
    ortp_queue *queue; /* borrow */
    ortp_timeline *timeline;
    uint64_t submitted;
    bool is_host;
} ortc_bound;

#define ORTC_BIND_HOST  0x1u /* host pointers: only for devices that take them */
#define ORTC_BIND_SHARE 0x2u /* the output in the first input's memory */
bool ortc_bound_open(ortc_bound *bound, ortc_trial *trial, uint32_t flags);
ort_status *ortc_bind_call(ortc_bound *bound, uint32_t input_count, uint32_t flags, const ortp_ext *next,
                           ortp_binding **out);
ort_status *ortc_rebind_call(ortc_bound *bound, bool has_inputs, bool has_output);
void ortc_bound_close(ortc_bound *bound);
/* Writes the inputs and fills the output with `poison`. */
bool ortc_bound_fill(ortc_bound *bound, unsigned char poison);

typedef struct ortc_run_wish {
    ortp_lane *lane;
    const ortp_cancel *cancel;
    uint64_t deadline_ns;
    const ortp_point *waits;
    uint32_t wait_count, flags;
    const ortp_ext *next;
} ortc_run_wish;

/* Submits; the point is the next of the bound's timeline. wish: NULL is nothing. */
ort_status *ortc_run_call(ortc_bound *bound, const ortc_run_wish *wish, ortp_point *out_point);
/* A run that has to succeed, waited for. */
bool ortc_bound_run(ortc_bound *bound, const ortc_run_wish *wish);
/* Output, guards, inputs and workspace after a run. out_bytes: the output, or NULL. */
bool ortc_bound_judge(ortc_bound *bound, const char *rule, void *out_bytes);
/* Fill, run, judge. */
bool ortc_bound_go(ortc_bound *bound, unsigned char poison, const ortc_run_wish *wish, const char *rule,
                   void *out_bytes);

#endif
