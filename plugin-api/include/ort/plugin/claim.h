/* ort/plugin/claim.h: the dialogue about who computes what: propose, settle.
 *
 * `propose` is pure and repeatable. A proposal is convex (no path leaves and re-enters it) and indivisible: for a part
 * of it the host proposes again with a smaller mask. `settle` ends all tokens of an epoch, exactly once. */
#ifndef ORT_PLUGIN_CLAIM_H
#define ORT_PLUGIN_CLAIM_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why a node is not taken. */
#define ORTP_DECLINE_OPERATOR  1u /* the operator or its version */
#define ORTP_DECLINE_TYPE      2u /* an element type */
#define ORTP_DECLINE_SHAPE     3u /* rank or shape, or that it is not known */
#define ORTP_DECLINE_ATTRIBUTE 4u
#define ORTP_DECLINE_POLICY    5u /* precision, determinism or another wish of the policy */
#define ORTP_DECLINE_RESOURCE  6u /* memory or another limit of the device */
#define ORTP_DECLINE_COST      7u /* could, but would be slower than anybody else */

#define ORTP_PRECISION_MODEL 0u /* what the model's types say */
#define ORTP_PRECISION_BF16  1u
#define ORTP_PRECISION_F16   2u
#define ORTP_PRECISION_TF32  3u

#define ORTP_POLICY_DETERMINISTIC  0x0001u /* the same bits for the same inputs, run after run */
#define ORTP_POLICY_FLUSH_DENORMAL 0x0002u

/* The application's wish for a symbol: plans will be asked for inside min .. max, mostly at opt. */
typedef struct ortp_symbol_range {
    uint32_t symbol, reserved;
    int64_t min, opt, max;
} ortp_symbol_range;

typedef struct ortp_policy {
    uint32_t size, flags, precision, range_count;
    const ortp_ext *next;
    const ortp_symbol_range *ranges;
} ortp_policy;
#define ORTP_POLICY_SIZE_0_0 32u

/* Where a proposal wants a value that crosses its border. */
typedef struct ortp_boundary {
    uint32_t size, value; /* the value's id */
    uint32_t device, space;
} ortp_boundary;
#define ORTP_BOUNDARY_SIZE_0_0 16u

#define ORTP_PROPOSAL_DETERMINISTIC 0x0001u
#define ORTP_PROPOSAL_KEEPS_SIZES   0x0002u /* contains nodes whose output size only the run tells */

typedef struct ortp_proposal {
    uint32_t size, flags;
    const ortp_ext *next;
    uint64_t token;              /* the plugin's word for it, unique in the epoch, not 0 */
    uint32_t node_count, device; /* device: index in the instance */
    const uint32_t *nodes;
    const uint8_t *by_body;     /* for each node: 1 = by its body, 0 = whole; NULL: all whole */
    const double *node_cost_ns; /* for each node, at the ranges' opt; NULL: launch_ns and cost_ns alone count */
    double cost_ns, launch_ns;
    uint64_t constant_bytes, workspace_bytes;
    uint32_t precision, accumulate_dtype;
    const ortp_boundary *boundaries; /* exceptions: by default device `device`, its first space */
    uint32_t boundary_count, boundary_stride;
    const ortp_symbol_range *ranges; /* sizes that it can do; NULL: all */
    uint64_t range_count;
} ortp_proposal;
#define ORTP_PROPOSAL_SIZE_0_0 128u

/* Where proposals and declines go. The host copies what it is shown.
 * Unless said: threads: that of the propose which was given the sink; blocking: no; errors: PLUGIN when the contract is
 * broken: hand it on. */
typedef struct ortp_claim_sink {
    uint32_t size, reserved;
    void *user;
    ort_status *(*propose)(void *user, const ortp_proposal *proposal);
    ort_status *(*decline)(void *user, uint32_t node, uint32_t code, ort_string_view text);
} ortp_claim_sink;
#define ORTP_CLAIM_SINK_SIZE_0_0 32u

/* Several at once on one instance, also for different views.
 * Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_claim_table {
    uint32_t size, reserved;
    /* Shows a view; `allowed[i]` is 1 for the nodes ids[i] of ortp_graph_info.nodes that may be taken (NULL: all).
     * For each allowed node: one proposal that holds it, or one decline. view: borrow until settle. */
    ort_status *(*propose)(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink);
    /* Ends the epoch: `tokens` are accepted and stay valid for one compile each, all others are gone. Once an epoch,
     * also when nothing was accepted. */
    void (*settle)(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count);
} ortp_claim_table;
#define ORTP_CLAIM_TABLE_SIZE_0_0 24u

#ifdef __cplusplus
}
#endif

#endif
