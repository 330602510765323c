/* sdk/src/claim.h: one propose call, as its parts share it. */
#ifndef ORTK_SRC_CLAIM_H
#define ORTK_SRC_CLAIM_H

#include "kit.h"

typedef struct ortk_asker {
    ortp_instance *instance;
    const ortp_host *host;
    const ortp_view *view;
    ortp_graph_info graph;
    ortk_arena *arena;        /* of the call */
    ortk_constants constants; /* of the call */
    const int64_t *symbols;   /* the policy's `opt`, ORTP_DIM_UNKNOWN where it says nothing */
    uint64_t symbol_count;
    const ortp_claim_sink *sink;
    uint32_t precision; /* that pieces with a kernel that reduces are proposed with */
    /* By node id. */
    const ortk_kernel **kernels; /* NULL: not taken */
    double *costs;
    uint32_t *levels;
} ortk_asker;

double ortk_node_cost_ns(const ortk_asker *asker, const ortk_node *node);
/* The kernel that takes the node, or NULL with decline_code and decline_text set. */
const ortk_kernel *ortk_node_match(const ortk_asker *asker, ortk_node *node);

/* The kernel of a composite that is claimed by its body: never compiled. */
extern const ortk_kernel ortk_kernel_body;
/* Whether every node of the composite's body has a kernel, and what they cost together. */
ort_status *ortk_body_match(const ortk_asker *asker, const ortk_node *node, bool *out_fits, double *out_cost_ns);

#endif
