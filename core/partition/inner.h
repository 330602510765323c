/* partition/inner.h: one attempt at a partitioning, shared by the files of this room. */
#ifndef ORT_CORE_PARTITION_INNER_H
#define ORT_CORE_PARTITION_INNER_H

#include "partition/partition.h"

#include <math.h>

#define PIECE_NONE UINT32_MAX

/* What was learnt of one candidate when it was asked about everything. */
typedef struct attempt_answer {
    orti_claims claims; /* of the whole graph */
    bool is_asked;
    const char *refusal;  /* a rule that it broke: it is out; in the attempt's arena */
    double *node_cost_ns; /* by node id; infinite where it does not take it */
    const char **decline; /* by node id; its words, or NULL */
    uint64_t *tokens;     /* accepted */
    size_t token_count, token_capacity;
} attempt_answer;

typedef struct attempt {
    const orti_partition_request *request;
    orti_partitioning *result; /* its arena holds what outlives the attempt */
    orti_arena arena;          /* and this one what does not */
    const orti_node_id *order; /* live nodes, producers first */
    uint32_t order_count, node_bound, value_bound;
    uint8_t *is_known_node, *is_known_value;
    uint32_t *piece_of;     /* by node id: PIECE_NONE while free */
    orti_partition *pieces; /* accepted, not yet in order */
    size_t piece_count, piece_capacity;
    attempt_answer *answers;   /* one a candidate */
    const orti_node_id *shown; /* the view's nodes: masks are in this order */
    uint32_t shown_count;
    uint8_t *mask;    /* scratch: one byte for each shown node */
    uint8_t *mark;    /* scratch: one byte for each node id */
    uint32_t *stack;  /* scratch: node ids */
    uint32_t *pin_of; /* by node id: the candidate that it is for, or ORTI_NONE */
} attempt;

/* ---- ask.c ---- */
/* Asks every candidate about the whole graph; a breach becomes its refusal. */
ORT_MUST_USE ort_status *orti_attempt_ask_all(attempt *at);
/* Asks again, about the nodes that are free and, with `only` (by node id), marked there. On a breach the candidate's
 * refusal is set and *out is empty. */
ORT_MUST_USE ort_status *orti_attempt_ask(attempt *at, uint32_t candidate, const uint8_t *only, orti_claims *out);

/* ---- convex.c ---- */
/* True when taking `nodes` as one piece keeps the order of pieces free of cycles. When it does not, `keep` (by node id)
 * marks the part of them that can be taken first. */
ORT_MUST_USE ort_status *orti_attempt_is_acyclic(attempt *at, const orti_node_id *nodes, uint32_t node_count,
                                                 uint8_t *keep, bool *out);
/* Puts the pieces in an order in which producers come first. */
ORT_MUST_USE ort_status *orti_attempt_order_pieces(attempt *at, uint32_t *out_order);

/* ---- choose.c ---- */
/* Copies to and from the host on a device whose memory the host can't touch. */
ORT_MUST_USE ort_status *orti_attempt_copy_ns(attempt *at, uint32_t candidate, const orti_proposal *proposal,
                                              double *out);
/* Accepts proposals until nobody adds one. Stops early when a candidate breaks a rule. */
ORT_MUST_USE ort_status *orti_attempt_choose(attempt *at, bool *out_has_breach);

/* ---- expand.c ---- */
ORT_MUST_USE ort_status *orti_attempt_pins_read(attempt *at);
bool orti_attempt_may_take(const attempt *at, uint32_t candidate, orti_node_id node);
/* Nodes that whoever they were pinned to does not take become anybody's; *out_freed: there were such. */
ORT_MUST_USE ort_status *orti_attempt_pins_free(attempt *at, bool *out_freed);
/* Composites that nobody takes whole become the result's expansions. */
ORT_MUST_USE ort_status *orti_attempt_find_expansions(attempt *at);

/* ---- explain.c ---- */
ORT_MUST_USE ort_status *orti_attempt_check_all_placed(attempt *at);
ORT_MUST_USE ort_status *orti_attempt_check_fallback(attempt *at);
ORT_MUST_USE ort_status *orti_attempt_explain(attempt *at);

#endif
