/* partition/partition.h: who computes what: every node in exactly one piece of one provider.
 * Start at: orti_partition_create().  Used by: schedule, session.
 * Threads: one at a time; a finished partitioning is read by any.
 *
 * Each candidate is asked about the whole graph, and again with smaller masks where pieces overlap or would form a
 * cycle. Named providers are served in the order given; without names the piece that saves most is taken first, where
 * the saving is the cheapest alternative minus the piece's own cost, its launch and its copies. A candidate that breaks
 * a rule of the border is left out, and the choice begins anew without it. */
#ifndef ORT_CORE_PARTITION_PARTITION_H
#define ORT_CORE_PARTITION_PARTITION_H

#include "ops/ops.h"
#include "providers/providers.h"

/* An instance that may take nodes. Lower ranks are served first; within a rank the cost decides. `is_asked_for`: the
 * user named it, so that landing there is no fallback. */
typedef struct orti_candidate {
    orti_instance *instance; /* borrow: whoever made the request */
    uint32_t rank;
    bool is_asked_for;
} orti_candidate;

/* Whose a node is to be. */
typedef enum orti_pin_kind {
    ORTI_PIN_DRAWN,  /* that one's, and anybody's when it does not take it */
    ORTI_PIN_STRICT, /* that one's, or the partitioning fails */
    ORTI_PIN_WON     /* as drawn, but candidates of a lower rank than its own may take it too */
} orti_pin_kind;
typedef struct orti_pin {
    uint32_t candidate; /* ORTI_NONE: anybody's */
    orti_pin_kind kind;
} orti_pin;

typedef enum orti_fallback { ORTI_FALLBACK_ALLOW, ORTI_FALLBACK_WARN, ORTI_FALLBACK_ERROR } orti_fallback;

typedef struct orti_partition_request {
    const orti_allocator *alloc;
    orti_providers *providers;
    orti_graph *graph; /* inferred; not edited while the partitioning lives */
    const orti_candidate *candidates;
    uint32_t candidate_count;
    const ortp_policy *policy;
    orti_fallback fallback;
    const orti_log *log;  /* or NULL */
    const orti_pin *pins; /* by node id; those from pin_count on are anybody's */
    uint32_t pin_count;
} orti_partition_request;

/* A composite that is to be replaced by its body, and by whose proposal; ORTI_NONE: nobody takes it at all. */
typedef struct orti_expansion {
    orti_node_id node;
    uint32_t candidate;
} orti_expansion;

/* One piece: an accepted proposal. Pointers: the partitioning's. */
typedef struct orti_partition {
    uint32_t candidate, device; /* device: of the instance */
    uint64_t token;
    uint32_t node_count, input_count, output_count;
    const orti_node_id *nodes;             /* producers first */
    const uint8_t *by_body;                /* 1 for composites that are taken by their body; or NULL */
    const orti_value_id *inputs, *outputs; /* cross the border; neither constant nor known */
    const ortp_boundary *boundaries;
    uint32_t boundary_count, precision, flags; /* ORTP_PRECISION_*, ORTP_PROPOSAL_* */
    double cost_ns, launch_ns, copy_ns;
    const double *node_cost_ns; /* or NULL */
    uint64_t constant_bytes, workspace_bytes;
} orti_partition;

typedef struct orti_partitioning {
    orti_arena arena;
    orti_graph *graph;     /* borrow */
    const ortp_view *view; /* the one proposed on; owned */
    orti_partition *parts; /* in an order in which producers come first */
    uint32_t part_count, candidate_count;
    const uint32_t *part_of;       /* for each node id: index in parts, or ORTI_NONE */
    const uint8_t *is_known_node;  /* for each node id: computed by nobody */
    const uint8_t *is_known_value; /* for each value id */
    const char *const *details;    /* for each node id: why others were not chosen; "" */
    const char *const *refusals;   /* for each candidate: the rule that it broke, or NULL */
    /* Not empty: nothing else is told and no token is kept. The graph is to be expanded and partitioned again. */
    const orti_expansion *expansions;
    uint32_t expansion_count;
} orti_partitioning;

/* Composites (nodes with a body) are taken whole, or asked to be expanded (docs/adr/0012-composites-and-cuts.md).
 * errors: UNSUPPORTED naming the first operator, in graph order, that nobody takes, with each candidate's reason; or
 * (fallback ERROR) the first node that lands on a provider nobody asked for; or a node that is strictly pinned to a
 * candidate that does not take it. */
ORT_MUST_USE ort_status *orti_partition_create(const orti_partition_request *request, orti_partitioning **out);
/* Compiling is done: the view that programs were compiled from goes, and what it kept of the constants. */
void orti_partitioning_close_view(orti_partitioning *partitioning);
void orti_partitioning_destroy(orti_partitioning *partitioning); /* takes NULL; programs are gone before */
/* What a node costs in its piece; 0 where it has none. */
double orti_partition_node_cost_ns(const orti_partition *part, orti_node_id node);

#endif
