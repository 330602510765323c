/* Pieces must not wait for each other: the graph in which every piece is one node has to be free of cycles. Known nodes
 * are computed by nobody, so no path goes through them. */
#include "partition/inner.h"

#include <string.h>

#define MARK_INSIDE  1u /* in the piece in question */
#define MARK_REACHED 2u /* downstream of it, through a node outside */

typedef struct quotient_walk {
    attempt *at;
    uint32_t top;
    uint8_t *is_piece_entered; /* by piece */
} quotient_walk;

static void walk_push(quotient_walk *walk, orti_node_id node) {
    attempt *at = walk->at;
    if ((at->mark[node] & MARK_REACHED) || at->is_known_node[node]) return;
    at->mark[node] |= MARK_REACHED;
    at->stack[walk->top++] = node;
}

/* Everything that reads what `node` makes. */
static ort_status *walk_consumers(quotient_walk *walk, orti_node_id node, bool skips_inside) {
    const orti_node *facts = orti_graph_node(walk->at->request->graph, node);
    for (uint32_t i = 0; i < facts->output_count; i++) {
        const orti_node_id *readers;
        uint32_t count;
        if (facts->outputs[i] == ORTI_NONE) continue;
        ORT_TRY(orti_graph_consumers(walk->at->request->graph, facts->outputs[i], &readers, &count));
        for (uint32_t r = 0; r < count; r++)
            if (!skips_inside || !(walk->at->mark[readers[r]] & MARK_INSIDE)) walk_push(walk, readers[r]);
    }
    return NULL;
}

/* Who enters a piece has to wait for all of it: all that it makes is downstream. */
static ort_status *walk_enter(quotient_walk *walk, orti_node_id node) {
    uint32_t index = walk->at->piece_of[node];
    if (index == PIECE_NONE) return walk_consumers(walk, node, false);
    if (walk->is_piece_entered[index]) return NULL;
    walk->is_piece_entered[index] = 1;
    const orti_partition *part = &walk->at->pieces[index];
    for (uint32_t i = 0; i < part->node_count; i++) ORT_TRY(walk_consumers(walk, part->nodes[i], false));
    return NULL;
}

ort_status *orti_attempt_is_acyclic(attempt *at, const orti_node_id *nodes, uint32_t node_count, uint8_t *keep,
                                    bool *out) {
    quotient_walk walk = {at, 0, NULL};
    uint32_t kept = 0;
    ORT_TRY(orti_alloc(at->request->alloc, at->piece_count, 1, &walk.is_piece_entered));
    memset(at->mark, 0, at->node_bound);
    for (uint32_t i = 0; i < node_count; i++) at->mark[nodes[i]] = MARK_INSIDE;
    ort_status *status = NULL;
    for (uint32_t i = 0; i < node_count && !status; i++) status = walk_consumers(&walk, nodes[i], true);
    while (walk.top && !status) status = walk_enter(&walk, at->stack[--walk.top]);
    orti_free(at->request->alloc, walk.is_piece_entered);
    ORT_TRY(status);
    memset(keep, 0, at->node_bound);
    for (uint32_t i = 0; i < node_count; i++) {
        keep[nodes[i]] = !(at->mark[nodes[i]] & MARK_REACHED);
        kept += keep[nodes[i]];
    }
    *out = kept == node_count;
    return NULL;
}

/* The piece that makes `value`, or PIECE_NONE. */
static uint32_t maker_of(const attempt *at, orti_value_id value) {
    const orti_value *facts = orti_graph_value(at->request->graph, value);
    if (facts->kind != ORTI_VALUE_INNER || facts->producer == ORTI_NONE || at->is_known_value[value]) return PIECE_NONE;
    return at->piece_of[facts->producer];
}

static bool is_ready(const attempt *at, const orti_partition *part, const uint8_t *is_done) {
    for (uint32_t i = 0; i < part->input_count; i++) {
        uint32_t maker = maker_of(at, part->inputs[i]);
        if (maker != PIECE_NONE && !is_done[maker]) return false;
    }
    return true;
}

ort_status *orti_attempt_order_pieces(attempt *at, uint32_t *out_order) {
    uint8_t *is_done = NULL;
    ORT_TRY(orti_arena_alloc(&at->arena, at->piece_count, 1, &is_done));
    /* Among the ready ones the piece that was begun first: the order of the graph where there is a choice. */
    for (size_t done = 0; done < at->piece_count; done++) {
        uint32_t next = PIECE_NONE;
        for (uint32_t i = 0; i < at->piece_count; i++) {
            const orti_partition *part = &at->pieces[i];
            if (is_done[i] || !is_ready(at, part, is_done)) continue;
            if (next == PIECE_NONE || part->nodes[0] < at->pieces[next].nodes[0]) next = i;
        }
        if (next == PIECE_NONE)
            ORT_FAIL(BUG, "the pieces of graph '%s' form a cycle", orti_graph_name(at->request->graph));
        is_done[next] = 1;
        out_order[done] = next;
    }
    return NULL;
}
