/* Nodes that are somebody's by wish, and composites that nobody takes whole (docs/adr/0012-composites-and-cuts.md). */
#include "partition/inner.h"

static const orti_pin *pin_at(const attempt *at, orti_node_id node) {
    static const orti_pin nobody = {ORTI_NONE, ORTI_PIN_DRAWN};
    return node < at->request->pin_count ? &at->request->pins[node] : &nobody;
}

ort_status *orti_attempt_pins_read(attempt *at) {
    ORT_TRY(orti_arena_alloc(&at->arena, at->node_bound, sizeof *at->pin_of, &at->pin_of));
    for (uint32_t i = 0; i < at->node_bound; i++) at->pin_of[i] = pin_at(at, i)->candidate;
    return NULL;
}

bool orti_attempt_may_take(const attempt *at, uint32_t candidate, orti_node_id node) {
    uint32_t pinned = at->pin_of[node];
    if (pinned == ORTI_NONE || pinned == candidate) return true;
    const orti_candidate *candidates = at->request->candidates;
    return pin_at(at, node)->kind == ORTI_PIN_WON && candidates[candidate].rank < candidates[pinned].rank;
}

/* The words of the one who was to take it. */
static ort_status *strict_failure(const attempt *at, orti_node_id node) {
    const orti_node *facts = orti_graph_node(at->request->graph, node);
    uint32_t candidate = at->pin_of[node];
    const attempt_answer *answer = &at->answers[candidate];
    const char *why = answer->refusal ? answer->refusal : answer->decline ? answer->decline[node] : NULL;
    ORT_FAIL(UNSUPPORTED, "node '%s' (%s) is to be taken by provider '%s', which does not: %s", facts->name,
             facts->op_type, orti_provider_name(orti_instance_provider(at->request->candidates[candidate].instance)),
             why ? why : "it did not propose it");
}

ort_status *orti_attempt_pins_free(attempt *at, bool *out_freed) {
    *out_freed = false;
    for (uint32_t i = 0; i < at->shown_count; i++) {
        orti_node_id node = at->shown[i];
        if (at->piece_of[node] != PIECE_NONE || at->pin_of[node] == ORTI_NONE) continue;
        /* A composite that is not taken whole gets another chance as its body. */
        bool has_body = orti_graph_node(at->request->graph, node)->body != NULL;
        if (pin_at(at, node)->kind == ORTI_PIN_STRICT && !has_body) return strict_failure(at, node);
        if (has_body) continue;
        at->pin_of[node] = ORTI_NONE;
        *out_freed = true;
    }
    return NULL;
}

/* Who takes the composite by its body; ORTI_NONE: nobody takes it; false: somebody takes it whole. */
static bool wants_expansion(const attempt *at, orti_node_id node, uint32_t *out_candidate) {
    *out_candidate = at->pin_of[node];
    if (at->piece_of[node] == PIECE_NONE) return true;
    const orti_partition *part = &at->pieces[at->piece_of[node]];
    *out_candidate = part->candidate;
    for (uint32_t i = 0; part->by_body && i < part->node_count; i++)
        if (part->nodes[i] == node) return part->by_body[i] != 0;
    return false;
}

ort_status *orti_attempt_find_expansions(attempt *at) {
    orti_expansion *expansions = NULL;
    orti_partitioning *result = at->result;
    result->expansion_count = 0;
    ORT_TRY(orti_arena_alloc(&result->arena, at->shown_count, sizeof *expansions, &expansions));
    for (uint32_t i = 0; i < at->shown_count; i++) {
        orti_expansion expansion = {at->shown[i], ORTI_NONE};
        if (!orti_graph_node(at->request->graph, expansion.node)->body) continue;
        if (wants_expansion(at, expansion.node, &expansion.candidate))
            expansions[result->expansion_count++] = expansion;
    }
    result->expansions = expansions;
    return NULL;
}
