/* What a plugin proposes, checked rule by rule while it is copied. */
#include "providers/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_NONE     0u
#define ANSWER_PROPOSED 1u
#define ANSWER_DECLINED 2u
#define NOT_ALLOWED     3u

typedef struct claim_sink {
    orti_instance *instance;
    const ortp_view *view;
    orti_claims *claims;
    uint8_t *answers; /* by node id */
    uint8_t *reached; /* by position in the view's order: scratch of the convexity check */
    uint32_t node_bound;
    ort_status *breach; /* the first */
} claim_sink;

static const char *node_name(const claim_sink *sink, uint32_t node) {
    return orti_graph_node(sink->view->graph, node)->name;
}

static ort_status *node_exists(const claim_sink *sink, uint32_t node) {
    if (node < sink->node_bound && sink->view->is_shown[node]) return NULL;
    return orti_breach(sink->instance, "propose", "names node %u, which the view does not show", node);
}

/* ---- copy ---- */

typedef struct ranked {
    uint32_t position, index;
} ranked;

static int ranked_compare(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return x->position < y->position ? -1 : x->position > y->position;
}

/* Nodes with what belongs to each, producers first. */
static ort_status *nodes_copy(claim_sink *sink, const ortp_proposal *from, orti_proposal *to) {
    orti_arena *arena = &sink->claims->arena;
    ranked *order = NULL;
    uint32_t *nodes = NULL;
    uint8_t *by_body = NULL;
    double *costs = NULL;
    ORT_TRY(orti_arena_alloc(arena, from->node_count, sizeof *order, &order));
    ORT_TRY(orti_arena_alloc(arena, from->node_count, sizeof *nodes, &nodes));
    if (from->by_body) ORT_TRY(orti_arena_alloc(arena, from->node_count, 1, &by_body));
    if (from->node_cost_ns) ORT_TRY(orti_arena_alloc(arena, from->node_count, sizeof *costs, &costs));
    for (uint32_t i = 0; i < from->node_count; i++) order[i] = (ranked){sink->view->positions[from->nodes[i]], i};
    qsort(order, from->node_count, sizeof *order, ranked_compare);
    for (uint32_t i = 0; i < from->node_count; i++) {
        nodes[i] = from->nodes[order[i].index];
        if (by_body) by_body[i] = from->by_body[order[i].index];
        if (by_body && by_body[i] && !orti_graph_node(sink->view->graph, nodes[i])->body)
            return orti_breach(sink->instance, "propose", "takes node '%s' by its body, and it has none",
                               node_name(sink, nodes[i]));
        if (!costs) continue;
        costs[i] = from->node_cost_ns[order[i].index];
        if (!isfinite(costs[i]) || costs[i] < 0)
            return orti_breach(sink->instance, "propose", "the cost of node '%s' is no number or below zero",
                               node_name(sink, nodes[i]));
    }
    to->node_count = from->node_count;
    to->nodes = nodes;
    to->by_body = by_body;
    to->node_cost_ns = costs;
    return NULL;
}

static ort_status *boundaries_copy(claim_sink *sink, const ortp_proposal *from, orti_proposal *to) {
    const uint8_t *at = (const uint8_t *)from->boundaries;
    ortp_boundary *copies = NULL;
    if (!from->boundary_count) return NULL;
    if (!at || from->boundary_stride < ORTP_BOUNDARY_SIZE_0_0)
        return orti_breach(sink->instance, "propose", "has %u boundaries, %u bytes apart", from->boundary_count,
                           from->boundary_stride);
    ORT_TRY(orti_arena_alloc(&sink->claims->arena, from->boundary_count, sizeof *copies, &copies));
    for (uint32_t i = 0; i < from->boundary_count; i++, at += from->boundary_stride) {
        memcpy(&copies[i], at, sizeof copies[i]);
        const ortp_device_info *device = orti_instance_device(sink->instance, copies[i].device);
        if (copies[i].value >= orti_graph_value_count(sink->view->graph) || !device ||
            copies[i].space >= device->space_count)
            return orti_breach(sink->instance, "propose", "boundary %u: value %u on device %u, space %u: there is none",
                               i, copies[i].value, copies[i].device, copies[i].space);
    }
    to->boundaries = copies;
    to->boundary_count = from->boundary_count;
    return NULL;
}

static ort_status *ranges_copy(claim_sink *sink, const ortp_proposal *from, orti_proposal *to) {
    uint32_t symbol_count = orti_dim_symbol_count(orti_graph_pool(sink->view->graph));
    if (!from->ranges || !from->range_count) return NULL;
    for (uint64_t i = 0; i < from->range_count; i++)
        if (i >= symbol_count || from->ranges[i].symbol >= symbol_count || from->ranges[i].min > from->ranges[i].max)
            return orti_breach(sink->instance, "propose", "range %llu is of no symbol or empty", (unsigned long long)i);
    to->range_count = from->range_count;
    return orti_arena_copy(&sink->claims->arena, from->ranges, (size_t)from->range_count * sizeof *from->ranges,
                           &to->ranges);
}

/* ---- rules ---- */

/* Each node exists, may be taken and was not taken before; taken from here on. */
static ort_status *nodes_take(claim_sink *sink, const ortp_proposal *proposal) {
    if (!proposal->node_count || !proposal->nodes) return orti_breach(sink->instance, "propose", "has no node");
    for (uint32_t i = 0; i < proposal->node_count; i++) {
        uint32_t node = proposal->nodes[i];
        ORT_TRY(node_exists(sink, node));
        if (sink->answers[node] == NOT_ALLOWED)
            return orti_breach(sink->instance, "propose", "claims node '%s', which was not allowed",
                               node_name(sink, node));
        if (sink->answers[node] == ANSWER_PROPOSED)
            return orti_breach(sink->instance, "propose", "claims node '%s' twice", node_name(sink, node));
        sink->answers[node] = ANSWER_PROPOSED;
    }
    return NULL;
}

/* Is a value that `node` reads downstream of the set without being in it, or in the set (`or_inside`)? Known values
 * come from the core before a run and carry no order. */
static bool reads_from(const claim_sink *sink, uint32_t node, uint32_t first, const uint8_t *inside, bool or_inside) {
    uint32_t count = 0;
    const uint32_t *reads = orti_view_reads(sink->view, node, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (sink->view->known && sink->view->known[reads[i]]) continue;
        uint32_t producer = orti_graph_value(sink->view->graph, reads[i])->producer;
        if (producer == ORTI_NONE) continue;
        uint32_t position = sink->view->positions[producer];
        if (position == ORTI_NONE || position < first) continue;
        if (sink->reached[position]) return true;
        if (or_inside && inside[position]) return true;
    }
    return false;
}

/* No path leaves the set and comes back. Only nodes between the set's first and last can lie on one. */
static ort_status *convex_check(claim_sink *sink, const orti_proposal *proposal) {
    const ortp_view *view = sink->view;
    uint32_t first = view->positions[proposal->nodes[0]];
    uint32_t last = view->positions[proposal->nodes[proposal->node_count - 1]];
    if (last - first + 1 == proposal->node_count) return NULL; /* nothing lies between */
    uint8_t *inside = NULL;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(view->providers->alloc, view->order_count, 1, &inside));
    for (uint32_t i = 0; i < proposal->node_count; i++) inside[view->positions[proposal->nodes[i]]] = 1;
    memset(sink->reached + first, 0, last - first + 1);
    for (uint32_t at = first; !status && at <= last; at++) {
        uint32_t node = view->order[at];
        if (!inside[at])
            sink->reached[at] = reads_from(sink, node, first, inside, true);
        else if (reads_from(sink, node, first, inside, false))
            status = orti_breach(sink->instance, "propose",
                                 "claims a set that is not convex: a path leaves it and comes back at node '%s'",
                                 node_name(sink, node));
    }
    orti_free(view->providers->alloc, inside);
    return status;
}

static ort_status *numbers_check(const claim_sink *sink, const ortp_proposal *proposal) {
    if (!proposal->token) return orti_breach(sink->instance, "propose", "has the token 0");
    for (size_t i = 0; i < sink->claims->proposal_count; i++)
        if (sink->claims->proposals[i].token == proposal->token)
            return orti_breach(sink->instance, "propose", "has the token %llu twice",
                               (unsigned long long)proposal->token);
    if (proposal->device >= sink->instance->device_count)
        return orti_breach(sink->instance, "propose", "is on device %u of %u", proposal->device,
                           sink->instance->device_count);
    if (!isfinite(proposal->cost_ns) || proposal->cost_ns < 0 || !isfinite(proposal->launch_ns) ||
        proposal->launch_ns < 0)
        return orti_breach(sink->instance, "propose", "has a cost that is no number or below zero");
    return NULL;
}

static ort_status *proposal_add(claim_sink *sink, const ortp_proposal *given) {
    ortp_proposal from = {0};
    if (!given || given->size < ORTP_PROPOSAL_SIZE_0_0)
        return orti_breach(sink->instance, "propose", "a proposal has %u bytes, at least %u are due",
                           given ? given->size : 0, ORTP_PROPOSAL_SIZE_0_0);
    memcpy(&from, given, given->size < sizeof from ? given->size : sizeof from);
    ORT_TRY(orti_instance_note(sink->instance, orti_check_flags(from.flags, "a proposal")));
    ORT_TRY(orti_instance_note(sink->instance, orti_check_extensions(from.next, "a proposal")));
    ORT_TRY(numbers_check(sink, &from));
    ORT_TRY(nodes_take(sink, &from));
    orti_claims *claims = sink->claims;
    orti_proposal to = {.token = from.token,
                        .flags = from.flags,
                        .device = from.device,
                        .cost_ns = from.cost_ns,
                        .launch_ns = from.launch_ns,
                        .constant_bytes = from.constant_bytes,
                        .workspace_bytes = from.workspace_bytes,
                        .precision = from.precision,
                        .accumulate_dtype = from.accumulate_dtype};
    ORT_TRY(nodes_copy(sink, &from, &to));
    ORT_TRY(convex_check(sink, &to));
    ORT_TRY(boundaries_copy(sink, &from, &to));
    ORT_TRY(ranges_copy(sink, &from, &to));
    ORT_TRY(orti_grow(claims->arena.alloc, &claims->proposals, &claims->proposal_capacity, claims->proposal_count + 1,
                      sizeof to));
    claims->proposals[claims->proposal_count++] = to;
    return NULL;
}

static ort_status *decline_add(claim_sink *sink, uint32_t node, uint32_t code, ort_string_view text) {
    orti_claims *claims = sink->claims;
    orti_decline decline = {.node = node, .code = code};
    ORT_TRY(node_exists(sink, node));
    if (sink->answers[node] != ANSWER_NONE) return NULL; /* answered, or not asked */
    ORT_TRY(orti_instance_note(sink->instance, orti_check_text(&claims->arena, text, "a decline", &decline.text)));
    ORT_TRY(orti_grow(claims->arena.alloc, &claims->declines, &claims->decline_capacity, claims->decline_count + 1,
                      sizeof decline));
    claims->declines[claims->decline_count++] = decline;
    sink->answers[node] = ANSWER_DECLINED;
    return NULL;
}

/* ---- the sink that the plugin sees ---- */

/* Keeps the first breach and tells the plugin; it may go on, but nothing of it counts any more. */
static ort_status *breach_keep(claim_sink *sink, ort_status *status) {
    if (!status) return NULL;
    ort_status *told = ORT_STATUS(PLUGIN, "%s", ort_status_message(status));
    sink->breach = orti_status_join(sink->breach, status);
    return told;
}

static ort_status *sink_propose(void *user, const ortp_proposal *proposal) {
    claim_sink *sink = user;
    if (sink->breach) ORT_FAIL(PLUGIN, "%s", ort_status_message(sink->breach));
    return breach_keep(sink, proposal_add(sink, proposal));
}

static ort_status *sink_decline(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    claim_sink *sink = user;
    if (sink->breach) ORT_FAIL(PLUGIN, "%s", ort_status_message(sink->breach));
    return breach_keep(sink, decline_add(sink, node, code, text));
}

static ort_status *sink_prepare(claim_sink *sink, const uint8_t *allowed) {
    const ortp_view *view = sink->view;
    sink->node_bound = orti_graph_node_count(view->graph);
    ORT_TRY(orti_arena_alloc(&sink->claims->arena, sink->node_bound, 1, &sink->answers));
    ORT_TRY(orti_arena_alloc(&sink->claims->arena, view->order_count, 1, &sink->reached));
    for (uint32_t i = 0; allowed && i < view->node_count; i++)
        if (!allowed[i]) sink->answers[view->nodes[i]] = NOT_ALLOWED;
    return NULL;
}

static ort_status *silence_decline(claim_sink *sink) {
    static const char text[] = "the provider said nothing about it";
    for (uint32_t i = 0; i < sink->view->node_count; i++)
        if (sink->answers[sink->view->nodes[i]] == ANSWER_NONE)
            ORT_TRY(decline_add(sink, sink->view->nodes[i], ORTP_DECLINE_OPERATOR,
                                (ort_string_view){text, sizeof text - 1}));
    return NULL;
}

ort_status *orti_instance_propose(orti_instance *instance, const ortp_view *view, const uint8_t *allowed,
                                  const ortp_policy *policy, orti_claims *out) {
    claim_sink sink = {.instance = instance, .view = view, .claims = out};
    const ortp_policy plain = {.size = sizeof plain};
    *out = (orti_claims){0};
    orti_arena_init(&out->arena, view->providers->alloc);
    ort_status *status = sink_prepare(&sink, allowed);
    const ortp_claim_sink table = {
        .size = sizeof table, .user = &sink, .propose = sink_propose, .decline = sink_decline};
    if (!status)
        status = orti_instance_note(instance, instance->provider->claim.propose(instance->handle, view, allowed,
                                                                                policy ? policy : &plain, &table));
    if (sink.breach) status = orti_status_join(sink.breach, status);
    if (!status) status = silence_decline(&sink);
    if (status) orti_claims_finish(out);
    return status;
}

void orti_claims_finish(orti_claims *claims) {
    if (!claims->arena.alloc) return;
    orti_free(claims->arena.alloc, claims->proposals);
    orti_free(claims->arena.alloc, claims->declines);
    orti_arena_finish(&claims->arena);
    *claims = (orti_claims){0};
}

void orti_instance_settle(orti_instance *instance, const ortp_view *view, const uint64_t *tokens,
                          uint64_t token_count) {
    instance->provider->claim.settle(instance->handle, view->epoch, tokens, token_count);
}
