/* The dialogue of claims, each word of it judged as it is said. */
#include "bare/trial.h"

#include <math.h>
#include <string.h>

#define BYTES_MAX (UINT64_C(1) << 60)

typedef struct listener {
    ortc_bare *bare;
    const ortc_graph *graph;
    const uint8_t *allowed;
    ortc_answers *answers;
    bool is_open;
} listener;

static void fail(listener *l, const char *rule, const char *what, uint64_t number) {
    ortc_fail(l->bare->context, rule, "%s (%llu)", what, (unsigned long long)number);
}

static bool is_listening(const listener *l) {
    if (!l->is_open) ortc_fault_note("lifetime.after_release", "an answer came after its propose had ended");
    return l->is_open;
}

static bool node_answered(listener *l, uint32_t node) {
    if (node >= l->graph->node_count) {
        fail(l, "claim.known", "a node is named that the view does not show", node);
        return false;
    }
    if (l->allowed && !l->allowed[node]) fail(l, "claim.allowed", "a node outside of the mask is answered", node);
    if (l->answers->answered[node]++) fail(l, "claim.answers", "a node is answered a second time", node);
    return true;
}

static bool is_in(const ortp_proposal *p, uint32_t node) {
    for (uint32_t i = 0; i < p->node_count; i++)
        if (p->nodes[i] == node) return true;
    return false;
}

static bool feeds(const ortc_graph *graph, uint32_t from, uint32_t to) {
    for (uint32_t o = 0; o < graph->nodes[from].output_count; o++)
        for (uint32_t i = 0; i < graph->nodes[to].input_count; i++)
            if (graph->nodes[from].outputs[o] == graph->nodes[to].inputs[i]) return true;
    return false;
}

/* Nodes stand producers first: one pass carries "comes after the proposal, by a way outside of it" forward. */
static void convex_check(listener *l, const ortp_proposal *p) {
    bool has_left[ORTC_NODES_MAX] = {false};
    for (uint32_t to = 0; to < l->graph->node_count; to++)
        for (uint32_t from = 0; from < to; from++) {
            if (!feeds(l->graph, from, to)) continue;
            bool from_in = is_in(p, from), to_in = is_in(p, to);
            if (!from_in && has_left[from] && to_in)
                fail(l, "claim.convex", "a path leaves a proposal and comes back at a node", to);
            if (!to_in && (from_in || has_left[from])) has_left[to] = true;
        }
}

static bool is_cost(double cost) {
    return isfinite(cost) && cost >= 0;
}

static void numbers_check(listener *l, const ortp_proposal *p) {
    if (!is_cost(p->cost_ns) || !is_cost(p->launch_ns))
        fail(l, "claim.numbers", "a proposal's cost is negative or not finite", p->token);
    for (uint32_t i = 0; p->node_cost_ns && i < p->node_count; i++)
        if (!is_cost(p->node_cost_ns[i])) fail(l, "claim.numbers", "a node's cost is negative or not finite", i);
    if (p->constant_bytes > BYTES_MAX || p->workspace_bytes > BYTES_MAX)
        fail(l, "claim.numbers", "a proposal wants more bytes than any machine has", p->token);
    if (p->device != 0)
        fail(l, "claim.numbers", "a proposal is for a device that the instance does not have", p->device);
    if (p->precision > ORTP_PRECISION_TF32) fail(l, "values.known", "a proposal's precision is unknown", p->precision);
    if (p->accumulate_dtype >= ORT_DTYPE_COUNT)
        fail(l, "values.known", "a proposal accumulates in an unknown type", p->accumulate_dtype);
    if (p->flags & 0xffff0000u) fail(l, "values.known", "a proposal's high flags have no meaning here", p->flags);
}

static void edges_check(listener *l, const ortp_proposal *p) {
    if (p->boundary_count && (!p->boundaries || p->boundary_stride < ORTP_BOUNDARY_SIZE_0_0))
        fail(l, "claim.numbers", "boundaries lie too close together, or nowhere", p->boundary_stride);
    for (uint32_t i = 0; i < p->boundary_count && !ortc_has_failed(l->bare->context); i++) {
        const ortp_boundary *at =
            (const ortp_boundary *)(const void *)((const char *)p->boundaries + (size_t)i * p->boundary_stride);
        if (at->value >= l->graph->value_count) fail(l, "claim.known", "a boundary is at an unknown value", at->value);
        if (at->device != 0 || at->space >= l->bare->device.space_count)
            fail(l, "claim.numbers", "a boundary is in a space that is not there", at->space);
    }
    for (uint64_t i = 0; p->ranges && i < p->range_count; i++) {
        const ortp_symbol_range *range = &p->ranges[i];
        if (range->symbol >= l->graph->symbol_count)
            fail(l, "claim.known", "a range is of an unknown symbol", range->symbol);
        if (range->min > range->opt || range->opt > range->max || range->min < 0)
            fail(l, "claim.numbers", "a range is empty or out of order", range->symbol);
    }
}

static void token_check(listener *l, const ortp_proposal *p) {
    if (p->token == 0) fail(l, "claim.token", "a token is 0", 0);
    for (uint32_t i = 0; i < l->answers->proposal_count; i++)
        if (l->answers->proposals[i].token == p->token) fail(l, "claim.token", "a token is used twice", p->token);
}

static void proposal_keep(listener *l, const ortp_proposal *p) {
    ortc_answers *a = l->answers;
    if (a->proposal_count == ORTC_ANSWERS_MAX) return;
    ortc_said *said = &a->proposals[a->proposal_count++];
    *said = (ortc_said){.token = p->token,
                        .node_count = p->node_count,
                        .is_deterministic = (p->flags & ORTP_PROPOSAL_DETERMINISTIC) != 0};
    memcpy(said->nodes, p->nodes, p->node_count * sizeof *p->nodes);
}

static ort_status *on_propose(void *user, const ortp_proposal *given) {
    listener *l = user;
    ortp_proposal p = {0};
    if (!is_listening(l)) return NULL;
    if (given->size < ORTP_PROPOSAL_SIZE_0_0) {
        fail(l, "claim.answers", "a proposal's size is too small", given->size);
        return NULL;
    }
    memcpy(&p, given, given->size < sizeof p ? given->size : sizeof p);
    if (p.node_count == 0 || !p.nodes) {
        fail(l, "claim.answers", "a proposal has no nodes", p.token);
        return NULL;
    }
    for (uint32_t i = 0; i < p.node_count; i++) {
        if (!node_answered(l, p.nodes[i])) return NULL;
        if (strcmp(l->graph->nodes[p.nodes[i]].domain, "orthrus.conformance") == 0)
            fail(l, "claim.operator", "an operator is taken that nobody can know: Opaque, node", p.nodes[i]);
    }
    if (ortc_has_failed(l->bare->context)) return NULL;
    token_check(l, &p);
    convex_check(l, &p);
    numbers_check(l, &p);
    edges_check(l, &p);
    proposal_keep(l, &p);
    return NULL;
}

static ort_status *on_decline(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    listener *l = user;
    if (!is_listening(l) || !node_answered(l, node)) return NULL;
    if (code < ORTP_DECLINE_OPERATOR || code > ORTP_DECLINE_COST)
        fail(l, "values.known", "a decline's code is unknown", code);
    if (text.length == 0 || !text.data) fail(l, "claim.answers", "a decline has no text; node", node);
    if (l->answers->decline_count < ORTC_ANSWERS_MAX) l->answers->declined[l->answers->decline_count++] = node;
    return NULL;
}

static ort_status *propose_call(ortc_bare *bare, const ortp_view *view, listener *l, uint32_t node_count) {
    const ortp_policy policy = {.size = sizeof policy};
    const ortp_claim_sink sink = {.size = sizeof sink, .user = l, .propose = on_propose, .decline = on_decline};
    uint8_t *allowed = l->allowed ? ortc_block_lend(bare->host, l->allowed, node_count) : NULL;
    ortp_policy *lent_policy = ortc_block_lend(bare->host, &policy, sizeof policy);
    ortp_claim_sink *lent_sink = ortc_block_lend(bare->host, &sink, sizeof sink);
    ort_status *status = bare->claim.propose(bare->instance, view, allowed, lent_policy, lent_sink);
    ortc_block_destroy(allowed);
    ortc_block_destroy(lent_policy);
    ortc_block_destroy(lent_sink);
    return status;
}

bool ortc_claim_ask(ortc_bare *bare, const ortc_graph *graph, const ortp_view *view, const uint8_t *allowed,
                    ortc_answers *out) {
    memset(out, 0, sizeof *out);
    listener l = {bare, graph, allowed, out, true};
    if (!ortc_bare_ok(bare, propose_call(bare, view, &l, graph->node_count), "claim.answers", "propose")) return false;
    l.is_open = false;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if ((!allowed || allowed[i]) && out->answered[i] == 0)
            fail(&l, "claim.answers", "a node is neither proposed nor declined", i);
    return !ortc_has_failed(bare->context) && ortc_bare_is_clean(bare);
}

ort_status *ortc_claim_try(ortc_bare *bare, const ortc_graph *graph, const ortp_view *view, ortc_answers *out) {
    memset(out, 0, sizeof *out);
    listener l = {bare, graph, NULL, out, true};
    return propose_call(bare, view, &l, graph->node_count);
}

void ortc_claim_settle(ortc_bare *bare, const uint64_t *tokens, uint64_t token_count) {
    uint64_t *lent = ortc_block_lend(bare->host, tokens, token_count * sizeof *tokens);
    bare->claim.settle(bare->instance, bare->epoch, lent, token_count);
    ortc_block_destroy(lent);
}
