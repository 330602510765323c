#include "partition/inner.h"

#include <string.h>

static ort_status *known_find(attempt *at) {
    orti_arena *arena = &at->result->arena;
    ORT_TRY(orti_arena_alloc(arena, at->node_bound, 1, &at->is_known_node));
    ORT_TRY(orti_arena_alloc(arena, at->value_bound, 1, &at->is_known_value));
    for (uint32_t i = 0; i < at->order_count; i++) {
        orti_node_id id = at->order[i];
        if (!orti_infer_is_known(at->request->graph, id)) continue;
        const orti_node *node = orti_graph_node(at->request->graph, id);
        at->is_known_node[id] = 1;
        for (uint32_t k = 0; k < node->output_count; k++)
            if (node->outputs[k] != ORTI_NONE) at->is_known_value[node->outputs[k]] = 1;
    }
    at->result->is_known_node = at->is_known_node;
    at->result->is_known_value = at->is_known_value;
    return NULL;
}

static ort_status *shown_find(attempt *at) {
    orti_node_id *shown;
    ORT_TRY(orti_arena_alloc(&at->arena, at->order_count, sizeof *shown, &shown));
    for (uint32_t i = 0; i < at->order_count; i++)
        if (!at->is_known_node[at->order[i]]) shown[at->shown_count++] = at->order[i];
    at->shown = shown;
    return NULL;
}

static ort_status *attempt_begin(attempt *at) {
    orti_graph *graph = at->request->graph;
    at->node_bound = orti_graph_node_count(graph);
    at->value_bound = orti_graph_value_count(graph);
    ORT_TRY(orti_graph_order(graph, &at->order, &at->order_count));
    ORT_TRY(known_find(at));
    ORT_TRY(shown_find(at));
    ORT_TRY(orti_arena_alloc(&at->result->arena, at->node_bound, sizeof(uint32_t), &at->piece_of));
    ORT_TRY(orti_arena_alloc(&at->arena, at->shown_count, 1, &at->mask));
    ORT_TRY(orti_arena_alloc(&at->arena, at->node_bound, 1, &at->mark));
    ORT_TRY(orti_arena_alloc(&at->arena, at->node_bound, sizeof(uint32_t), &at->stack));
    ORT_TRY(orti_arena_alloc(&at->arena, at->request->candidate_count, sizeof(attempt_answer), &at->answers));
    for (uint32_t i = 0; i < at->node_bound; i++) at->piece_of[i] = PIECE_NONE;
    ORT_TRY(orti_attempt_pins_read(at));
    for (uint32_t i = 0; i < at->request->candidate_count; i++) at->answers[i].refusal = at->result->refusals[i];
    return orti_view_create(at->request->providers, graph, at->is_known_node, at->is_known_value, &at->result->view);
}

/* Pieces in their order become the result. */
static ort_status *attempt_finish(attempt *at) {
    uint32_t *order = NULL, *place = NULL;
    ORT_TRY(orti_arena_alloc(&at->arena, at->piece_count, sizeof *order, &order));
    ORT_TRY(orti_arena_alloc(&at->arena, at->piece_count, sizeof *place, &place));
    ORT_TRY(orti_arena_alloc(&at->result->arena, at->piece_count, sizeof(orti_partition), &at->result->parts));
    ORT_TRY(orti_attempt_order_pieces(at, order));
    ORT_TRY(orti_attempt_explain(at));
    for (uint32_t i = 0; i < at->piece_count; i++) {
        at->result->parts[i] = at->pieces[order[i]];
        place[order[i]] = i;
    }
    for (uint32_t i = 0; i < at->node_bound; i++)
        at->piece_of[i] = at->piece_of[i] == PIECE_NONE ? ORTI_NONE : place[at->piece_of[i]];
    at->result->part_of = at->piece_of;
    at->result->part_count = (uint32_t)at->piece_count;
    return NULL;
}

/* Ends the epoch for everybody who was asked; what was accepted stays valid only when all went well. */
static void attempt_end(attempt *at, bool is_good) {
    for (uint32_t i = 0; at->answers && i < at->request->candidate_count; i++) {
        attempt_answer *answer = &at->answers[i];
        if (answer->is_asked)
            orti_instance_settle(at->request->candidates[i].instance, at->result->view, answer->tokens,
                                 is_good ? answer->token_count : 0);
        orti_claims_finish(&answer->claims);
        orti_free(at->request->alloc, answer->tokens);
    }
    orti_free(at->request->alloc, at->pieces);
}

static void log_breach(const attempt *at, uint32_t candidate) {
    if (at->request->log)
        orti_log_write(at->request->log, ORTI_LOG_WARNING, "partition", "provider '%s' is left out: %s",
                       orti_provider_name(orti_instance_provider(at->request->candidates[candidate].instance)),
                       at->answers[candidate].refusal);
}

/* One try. *out_again: a candidate broke a rule; its refusal is kept, and the choice begins anew without it. */
static ort_status *attempt_run(const orti_partition_request *request, orti_partitioning *result, const char **refusals,
                               bool *out_again) {
    attempt at = {.request = request, .result = result};
    orti_arena_init(&at.arena, request->alloc);
    ort_status *status = attempt_begin(&at);
    if (!status) status = orti_attempt_ask_all(&at);
    if (!status) status = orti_attempt_choose(&at, out_again);
    for (uint32_t i = 0; !status && i < request->candidate_count; i++) {
        if (at.answers[i].refusal && !refusals[i]) log_breach(&at, i), *out_again = true;
        refusals[i] = at.answers[i].refusal;
    }
    if (!status && !*out_again) status = orti_attempt_find_expansions(&at);
    bool is_last = !*out_again && !result->expansion_count;
    if (!status && is_last) status = orti_attempt_check_all_placed(&at);
    if (!status && is_last) status = orti_attempt_check_fallback(&at);
    if (!status && is_last) status = attempt_finish(&at);
    attempt_end(&at, !status && is_last);
    orti_arena_finish(&at.arena);
    return status;
}

ort_status *orti_partition_create(const orti_partition_request *request, orti_partitioning **out) {
    orti_partitioning *result = NULL;
    const char **refusals = NULL;
    ort_status *status = NULL;
    bool again = true;
    *out = NULL;
    ORT_TRY(orti_alloc(request->alloc, 1, sizeof *result, &result));
    orti_arena_init(&result->arena, request->alloc);
    result->graph = request->graph;
    result->candidate_count = request->candidate_count;
    ORT_TRY_TO(done, status, orti_arena_alloc(&result->arena, request->candidate_count, sizeof *refusals, &refusals));
    result->refusals = refusals;
    while (again) {
        again = false;
        orti_view_destroy(result->view);
        result->view = NULL;
        ORT_TRY_TO(done, status, attempt_run(request, result, refusals, &again));
    }
    *out = result;
done:
    if (status) orti_partitioning_destroy(result);
    return status;
}

void orti_partitioning_close_view(orti_partitioning *partitioning) {
    orti_view_destroy(partitioning->view);
    partitioning->view = NULL;
}

void orti_partitioning_destroy(orti_partitioning *partitioning) {
    if (!partitioning) return;
    const orti_allocator *alloc = partitioning->arena.alloc;
    orti_view_destroy(partitioning->view);
    orti_arena_finish(&partitioning->arena);
    orti_free(alloc, partitioning);
}

double orti_partition_node_cost_ns(const orti_partition *part, orti_node_id node) {
    for (uint32_t i = 0; part->node_cost_ns && i < part->node_count; i++)
        if (part->nodes[i] == node) return part->node_cost_ns[i];
    return part->node_cost_ns ? 0 : part->cost_ns / part->node_count;
}
