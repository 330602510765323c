#include "partition/inner.h"

#include <stdlib.h>
#include <string.h>

/* What a copy between host and a device of its own costs where nobody says: a PCIe 4.0 x16 link in one direction, and a
 * submission on either side. */
#define COPY_BYTES_PER_NS 12.0
#define COPY_START_NS     8000.0
#define BYTES_UNKNOWN     4096.0

typedef struct choice_offer {
    uint32_t candidate, rank;
    double saving_ns;
    const orti_proposal *proposal;
} choice_offer;

static double value_bytes(const attempt *at, orti_value_id value) {
    const orti_value *facts = orti_graph_value(at->request->graph, value);
    double count = 1;
    if (!facts->has_shape) return BYTES_UNKNOWN;
    for (uint32_t i = 0; i < facts->rank; i++) count *= facts->dims[i] >= 0 ? (double)facts->dims[i] : 1;
    return count * orti_dtype_bits(facts->dtype) / 8;
}

static bool is_host(const attempt *at, uint32_t candidate, uint32_t device) {
    return orti_instance_is_host_addressable(at->request->candidates[candidate].instance, device);
}

/* True when the piece that already has `node` lives on the same device, so that nothing is copied. */
static bool is_neighbour(const attempt *at, const choice_offer *offer, orti_node_id node) {
    uint32_t index = node == ORTI_NONE ? PIECE_NONE : at->piece_of[node];
    if (index == PIECE_NONE) return false;
    const orti_partition *part = &at->pieces[index];
    return part->candidate == offer->candidate && part->device == offer->proposal->device;
}

static bool crosses_in(const attempt *at, const choice_offer *offer, orti_value_id value) {
    if (value == ORTI_NONE || at->is_known_value[value]) return false;
    const orti_value *facts = orti_graph_value(at->request->graph, value);
    if (facts->kind == ORTI_VALUE_CONSTANT) return false;
    if (facts->kind != ORTI_VALUE_INNER) return true;
    return !(at->mark[facts->producer] & 1) && !is_neighbour(at, offer, facts->producer);
}

static ort_status *crosses_out(const attempt *at, const choice_offer *offer, orti_value_id value, bool *out) {
    const orti_node_id *readers;
    uint32_t count;
    *out = false;
    if (value == ORTI_NONE) return NULL;
    *out = orti_graph_value(at->request->graph, value)->is_output;
    ORT_TRY(orti_graph_consumers(at->request->graph, value, &readers, &count));
    for (uint32_t i = 0; i < count && !*out; i++)
        *out = !(at->mark[readers[i]] & 1) && !at->is_known_node[readers[i]] && !is_neighbour(at, offer, readers[i]);
    return NULL;
}

static ort_status *copy_cost(attempt *at, const choice_offer *offer, double *out) {
    const orti_proposal *proposal = offer->proposal;
    *out = 0;
    if (is_host(at, offer->candidate, proposal->device)) return NULL;
    memset(at->mark, 0, at->node_bound);
    for (uint32_t i = 0; i < proposal->node_count; i++) at->mark[proposal->nodes[i]] = 1;
    for (uint32_t i = 0; i < proposal->node_count; i++) {
        const orti_node *node = orti_graph_node(at->request->graph, proposal->nodes[i]);
        for (uint32_t k = 0; k < node->input_count; k++)
            if (crosses_in(at, offer, node->inputs[k]))
                *out += COPY_START_NS + value_bytes(at, node->inputs[k]) / COPY_BYTES_PER_NS;
        for (uint32_t k = 0; k < node->output_count; k++) {
            bool crosses;
            ORT_TRY(crosses_out(at, offer, node->outputs[k], &crosses));
            if (crosses) *out += COPY_START_NS + value_bytes(at, node->outputs[k]) / COPY_BYTES_PER_NS;
        }
    }
    return NULL;
}

ort_status *orti_attempt_copy_ns(attempt *at, uint32_t candidate, const orti_proposal *proposal, double *out) {
    choice_offer offer = {.candidate = candidate, .proposal = proposal};
    return copy_cost(at, &offer, out);
}

/* What the cheapest other would cost on a node; infinite when there is none. */
static double alternative_ns(const attempt *at, uint32_t candidate, orti_node_id node) {
    double best = INFINITY;
    for (uint32_t c = 0; c < at->request->candidate_count; c++)
        if (c != candidate && !at->answers[c].refusal) best = fmin(best, at->answers[c].node_cost_ns[node]);
    return best;
}

/* Nodes that only this one takes save nothing and cost nothing here: somebody has to run them. So a piece that holds
 * such nodes beside others which are cheaper elsewhere waits until those are taken, and is proposed again without. */
static ort_status *offer_rate(attempt *at, choice_offer *offer) {
    const orti_proposal *proposal = offer->proposal;
    double copies;
    ORT_TRY(copy_cost(at, offer, &copies));
    double share = (proposal->cost_ns + proposal->launch_ns + copies) / proposal->node_count;
    double extra = (proposal->launch_ns + copies) / proposal->node_count;
    offer->saving_ns = 0;
    for (uint32_t i = 0; i < proposal->node_count; i++) {
        double other = alternative_ns(at, offer->candidate, proposal->nodes[i]);
        double own = proposal->node_cost_ns ? proposal->node_cost_ns[i] + extra : share;
        if (isfinite(other)) offer->saving_ns += other - own;
    }
    return NULL;
}

static int offer_compare(const void *left, const void *right) {
    const choice_offer *a = left, *b = right;
    if (a->saving_ns != b->saving_ns) return a->saving_ns > b->saving_ns ? -1 : 1;
    if (a->candidate != b->candidate) return a->candidate < b->candidate ? -1 : 1;
    return a->proposal->nodes[0] < b->proposal->nodes[0] ? -1 : 1;
}

static bool is_free(const attempt *at, const orti_proposal *proposal) {
    for (uint32_t i = 0; i < proposal->node_count; i++)
        if (at->piece_of[proposal->nodes[i]] != PIECE_NONE) return false;
    return true;
}

/* Values that cross the border of the nodes marked 1, each once, in the order in which they are met. */
static ort_status *boundary_values(attempt *at, orti_partition *part) {
    orti_graph *graph = at->request->graph;
    uint8_t *seen = NULL;
    uint32_t in_bound = 0, out_bound = 0;
    orti_value_id *inputs, *outputs;
    for (uint32_t i = 0; i < part->node_count; i++) {
        in_bound += orti_graph_node(graph, part->nodes[i])->input_count;
        out_bound += orti_graph_node(graph, part->nodes[i])->output_count;
    }
    ORT_TRY(orti_arena_alloc(&at->result->arena, in_bound, sizeof *inputs, &inputs));
    ORT_TRY(orti_arena_alloc(&at->result->arena, out_bound, sizeof *outputs, &outputs));
    ORT_TRY(orti_alloc(at->request->alloc, at->value_bound, 1, &seen));
    ort_status *status = NULL;
    /* No piece is a neighbour here: what crosses a border of the plugin's programs, same device or not, is wanted. */
    choice_offer alone = {.candidate = UINT32_MAX};
    orti_proposal nowhere = {.device = UINT32_MAX};
    alone.proposal = &nowhere;
    for (uint32_t i = 0; i < part->node_count && !status; i++) {
        const orti_node *node = orti_graph_node(graph, part->nodes[i]);
        for (uint32_t k = 0; k < node->input_count; k++) {
            orti_value_id value = node->inputs[k];
            if (value == ORTI_NONE || seen[value] || !crosses_in(at, &alone, value)) continue;
            seen[value] = 1;
            inputs[part->input_count++] = value;
        }
        for (uint32_t k = 0; k < node->output_count && !status; k++) {
            bool crosses;
            status = crosses_out(at, &alone, node->outputs[k], &crosses);
            if (!status && crosses) outputs[part->output_count++] = node->outputs[k];
        }
    }
    orti_free(at->request->alloc, seen);
    part->inputs = inputs;
    part->outputs = outputs;
    return status;
}

static ort_status *part_fill(attempt *at, const choice_offer *offer, orti_partition *part) {
    const orti_proposal *proposal = offer->proposal;
    orti_arena *arena = &at->result->arena;
    *part = (orti_partition){.candidate = offer->candidate,
                             .device = proposal->device,
                             .token = proposal->token,
                             .node_count = proposal->node_count,
                             .boundary_count = proposal->boundary_count,
                             .precision = proposal->precision,
                             .flags = proposal->flags,
                             .cost_ns = proposal->cost_ns,
                             .launch_ns = proposal->launch_ns,
                             .constant_bytes = proposal->constant_bytes,
                             .workspace_bytes = proposal->workspace_bytes};
    ORT_TRY(copy_cost(at, offer, &part->copy_ns));
    ORT_TRY(orti_arena_copy(arena, proposal->nodes, proposal->node_count * sizeof(uint32_t), &part->nodes));
    if (proposal->by_body) ORT_TRY(orti_arena_copy(arena, proposal->by_body, proposal->node_count, &part->by_body));
    ORT_TRY(orti_arena_copy(arena, proposal->boundaries, proposal->boundary_count * sizeof(ortp_boundary),
                            &part->boundaries));
    if (proposal->node_cost_ns)
        ORT_TRY(
            orti_arena_copy(arena, proposal->node_cost_ns, proposal->node_count * sizeof(double), &part->node_cost_ns));
    memset(at->mark, 0, at->node_bound);
    for (uint32_t i = 0; i < part->node_count; i++) at->mark[part->nodes[i]] = 1;
    return boundary_values(at, part);
}

static ort_status *accept(attempt *at, const choice_offer *offer) {
    attempt_answer *answer = &at->answers[offer->candidate];
    orti_partition part;
    ORT_TRY(part_fill(at, offer, &part));
    ORT_TRY(
        orti_grow(at->request->alloc, &at->pieces, &at->piece_capacity, at->piece_count + 1, sizeof(orti_partition)));
    ORT_TRY(orti_grow(at->request->alloc, &answer->tokens, &answer->token_capacity, answer->token_count + 1,
                      sizeof(uint64_t)));
    answer->tokens[answer->token_count++] = part.token;
    at->pieces[at->piece_count] = part;
    for (uint32_t i = 0; i < part.node_count; i++) at->piece_of[part.nodes[i]] = (uint32_t)at->piece_count;
    at->piece_count++;
    return NULL;
}

static ort_status *offer_take(attempt *at, const choice_offer *offer, bool *out_is_taken);

/* The candidate proposes again, for the part that can go first. The mask shrinks at every step, so this ends. */
static ort_status *take_part(attempt *at, const choice_offer *whole, const uint8_t *keep, bool *out_is_taken) {
    orti_claims claims = {0};
    ort_status *status = orti_attempt_ask(at, whole->candidate, keep, &claims);
    for (size_t i = 0; i < claims.proposal_count && !status && !at->answers[whole->candidate].refusal; i++) {
        choice_offer part = {whole->candidate, whole->rank, 0, &claims.proposals[i]};
        bool is_taken = false;
        status = offer_take(at, &part, &is_taken);
        *out_is_taken |= is_taken;
    }
    orti_claims_finish(&claims);
    return status;
}

static ort_status *offer_take(attempt *at, const choice_offer *offer, bool *out_is_taken) {
    uint8_t *keep = NULL;
    bool is_acyclic = false;
    *out_is_taken = false;
    if (!is_free(at, offer->proposal)) return NULL;
    ORT_TRY(orti_alloc(at->request->alloc, at->node_bound, 1, &keep));
    ort_status *status =
        orti_attempt_is_acyclic(at, offer->proposal->nodes, offer->proposal->node_count, keep, &is_acyclic);
    if (!status && is_acyclic) {
        status = accept(at, offer);
        *out_is_taken = !status;
    } else if (!status) {
        status = take_part(at, offer, keep, out_is_taken);
    }
    orti_free(at->request->alloc, keep);
    return status;
}

/* Takes the offers that save something, best first. */
static ort_status *offers_take(attempt *at, choice_offer *offers, size_t offer_count, bool has_rivals,
                               uint32_t *out_taken) {
    qsort(offers, offer_count, sizeof *offers, offer_compare);
    for (size_t i = 0; i < offer_count; i++) {
        bool is_taken = false;
        if (at->answers[offers[i].candidate].refusal) continue;
        /* What others do cheaper is left to them: it is offered again when they don't get it. */
        if (offers[i].saving_ns < 0 && *out_taken && has_rivals) break;
        ORT_TRY(offer_take(at, &offers[i], &is_taken));
        *out_taken += is_taken;
    }
    return NULL;
}

static bool is_candidate_of(const attempt *at, uint32_t candidate, uint32_t rank) {
    return at->request->candidates[candidate].rank == rank && !at->answers[candidate].refusal;
}

/* Everybody of the rank is asked about what is free; *out_taken pieces are accepted. */
static ort_status *round_of_rank(attempt *at, uint32_t rank, uint32_t *out_taken) {
    uint32_t candidate_count = at->request->candidate_count, asked_count = 0;
    orti_claims *claims = NULL;
    choice_offer *offers = NULL;
    size_t offer_count = 0, offer_capacity = 0;
    ort_status *status = NULL;
    *out_taken = 0;
    ORT_TRY(orti_alloc(at->request->alloc, candidate_count, sizeof *claims, &claims));
    for (uint32_t c = 0; c < candidate_count; c++) {
        if (!is_candidate_of(at, c, rank)) continue;
        asked_count++;
        ORT_TRY_TO(done, status, orti_attempt_ask(at, c, NULL, &claims[c]));
        ORT_TRY_TO(done, status,
                   orti_grow(at->request->alloc, &offers, &offer_capacity, offer_count + claims[c].proposal_count,
                             sizeof *offers));
        for (size_t i = 0; i < claims[c].proposal_count; i++) {
            offers[offer_count] = (choice_offer){c, rank, 0, &claims[c].proposals[i]};
            ORT_TRY_TO(done, status, offer_rate(at, &offers[offer_count++]));
        }
    }
    if (offer_count) status = offers_take(at, offers, offer_count, asked_count > 1, out_taken);
done:
    for (uint32_t c = 0; c < candidate_count; c++) orti_claims_finish(&claims[c]);
    orti_free(at->request->alloc, claims);
    orti_free(at->request->alloc, offers);
    return status;
}

static bool has_breach(const attempt *at, const bool *was_out) {
    for (uint32_t c = 0; c < at->request->candidate_count; c++)
        if (at->answers[c].refusal && !was_out[c]) return true;
    return false;
}

/* Rank after rank, until nobody takes any more. */
static ort_status *ranks_serve(attempt *at, uint32_t rank_bound, const bool *was_out, bool *out_has_breach) {
    for (uint32_t rank = 0; rank < rank_bound; rank++) {
        uint32_t taken = 1;
        while (taken && !*out_has_breach) {
            ORT_TRY(round_of_rank(at, rank, &taken));
            *out_has_breach = has_breach(at, was_out);
        }
    }
    return NULL;
}

ort_status *orti_attempt_choose(attempt *at, bool *out_has_breach) {
    uint32_t rank_bound = 0;
    bool *was_out = NULL, has_freed = true;
    *out_has_breach = false;
    ORT_TRY(orti_arena_alloc(&at->arena, at->request->candidate_count, sizeof *was_out, &was_out));
    for (uint32_t c = 0; c < at->request->candidate_count; c++) {
        was_out[c] = at->answers[c].refusal != NULL;
        if (at->request->candidates[c].rank >= rank_bound) rank_bound = at->request->candidates[c].rank + 1;
    }
    while (has_freed && !*out_has_breach) {
        ORT_TRY(ranks_serve(at, rank_bound, was_out, out_has_breach));
        has_freed = false;
        if (!*out_has_breach) ORT_TRY(orti_attempt_pins_free(at, &has_freed));
    }
    return NULL;
}
