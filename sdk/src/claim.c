/* claim: every allowed node is matched against the kernels; what is taken is cut into convex pieces, each a token that
 * keeps the match for compile. */
#include "claim.h"

#include <string.h>
#include <threads.h>

static void lock(ortp_instance *instance) {
    while (atomic_flag_test_and_set_explicit(&instance->lock, memory_order_acquire)) thrd_yield();
}

static void unlock(ortp_instance *instance) {
    atomic_flag_clear_explicit(&instance->lock, memory_order_release);
}

void ortk_claim_destroy(ortk_claim *claim) {
    if (!claim) return;
    ortk_arena arena = claim->arena; /* the claim lives in it */
    ortk_arena_finish(&arena);
}

ortk_claim *ortk_claim_take(ortp_instance *instance, uint64_t token) {
    lock(instance);
    ortk_claim **at = &instance->claims;
    while (*at && (*at)->token != token) at = &(*at)->next;
    ortk_claim *found = *at;
    if (found) *at = found->next;
    unlock(instance);
    return found;
}

static bool is_among(uint64_t token, const uint64_t *tokens, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (tokens[i] == token) return true;
    return false;
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    ortk_claim *ended = NULL;
    lock(instance);
    for (ortk_claim **at = &instance->claims; *at;) {
        ortk_claim *claim = *at;
        if (claim->epoch != epoch || is_among(claim->token, tokens, token_count)) {
            at = &claim->next;
            continue;
        }
        *at = claim->next;
        claim->next = ended;
        ended = claim;
    }
    unlock(instance);
    for (ortk_claim *next = NULL; ended; ended = next) {
        next = ended->next;
        ortk_claim_destroy(ended);
    }
}

static ort_status *symbols_read(ortk_asker *asker, const ortp_policy *policy) {
    uint32_t count = asker->graph.symbol_count;
    int64_t *symbols = ortk_arena_array(asker->arena, count, sizeof *symbols);
    if (!symbols) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++) symbols[i] = ORTP_DIM_UNKNOWN;
    for (uint32_t i = 0; policy && i < policy->range_count; i++) {
        const ortp_symbol_range *range = &policy->ranges[i];
        if (range->symbol < count && range->opt > 0) symbols[range->symbol] = range->opt;
    }
    asker->symbols = symbols;
    asker->symbol_count = count;
    return NULL;
}

static ort_status *match_one(ortk_asker *asker, uint32_t id) {
    ortk_node node;
    ORTK_TRY(ortk_node_init(&node, asker->host, asker->view, id, &asker->constants));
    bool has_fitting_body = false;
    asker->kernels[id] = ortk_node_match(asker, &node);
    if (!asker->kernels[id]) ORTK_TRY(ortk_body_match(asker, &node, &has_fitting_body, &asker->costs[id]));
    if (has_fitting_body) {
        asker->kernels[id] = &ortk_kernel_body;
        return NULL;
    }
    if (!asker->kernels[id]) {
        ort_string_view text = {node.decline_text, strlen(node.decline_text)};
        return asker->sink->decline(asker->sink->user, id, node.decline_code, text);
    }
    asker->costs[id] = asker->kernels[id] == &ortk_kernel_known ? 0 : ortk_node_cost_ns(asker, &node);
    return NULL;
}

static bool is_telling(const ortk_kernel *kernel) {
    return kernel && kernel->flags & ORTK_KERNEL_TELLS;
}

/* A path from one taken node to another through a node that is not taken climbs two levels; so the taken nodes of one
 * level are convex together. What reads a size that the run tells is a piece of its own: its plan waits for it. */
static ort_status *levels_spread(ortk_asker *asker) {
    for (uint32_t i = 0; i < asker->graph.node_count; i++) {
        uint32_t id = asker->graph.nodes[i];
        ortp_node_info info = {.size = sizeof info};
        ORTK_TRY(asker->host->graph->node(asker->view, id, &info));
        for (uint32_t o = 0; o < info.output_count; o++) {
            ortp_value_info value;
            if (info.outputs[o] == ORTP_NONE) continue;
            ORTK_TRY(ortk_view_value(asker->host, asker->view, info.outputs[o], &value));
            for (uint32_t c = 0; c < value.consumer_count; c++) {
                uint32_t reader = value.consumers[c];
                if (reader >= asker->graph.node_bound) continue;
                bool is_cut = is_telling(asker->kernels[id]) || !asker->kernels[id] != !asker->kernels[reader];
                uint32_t level = asker->levels[id] + is_cut;
                if (level > asker->levels[reader]) asker->levels[reader] = level;
            }
        }
    }
    return NULL;
}

static ort_status *claim_create(ortk_asker *asker, uint32_t level, uint32_t count, ortk_claim **out) {
    ortk_arena arena;
    ortk_arena_init(&arena, asker->host);
    ortk_claim *claim = ortk_arena_alloc(&arena, sizeof *claim);
    uint32_t *nodes = ortk_arena_array(&arena, count, sizeof *nodes);
    const ortk_kernel **kernels = ortk_arena_array(&arena, count, sizeof *kernels);
    if (!claim || !nodes || !kernels) {
        ortk_arena_finish(&arena);
        return ortk_out_of_memory();
    }
    for (uint32_t i = 0; i < asker->graph.node_count; i++) {
        uint32_t id = asker->graph.nodes[i];
        if (!asker->kernels[id] || asker->levels[id] != level) continue;
        nodes[claim->node_count] = id;
        kernels[claim->node_count++] = asker->kernels[id];
    }
    claim->nodes = nodes;
    claim->kernels = kernels;
    for (uint32_t i = 0; i < claim->node_count; i++)
        if (kernels[i]->flags & ORTK_KERNEL_REDUCES) claim->precision = asker->precision;
    claim->token = atomic_fetch_add_explicit(&asker->instance->next_token, 1, memory_order_relaxed);
    claim->epoch = asker->graph.epoch;
    claim->arena = arena;
    *out = claim;
    return NULL;
}

static ort_status *piece_propose(ortk_asker *asker, uint32_t level, uint32_t count) {
    ortk_claim *claim = NULL;
    double *costs = ortk_arena_array(asker->arena, count, sizeof *costs), total = 0;
    uint8_t *by_body = ortk_arena_array(asker->arena, count, sizeof *by_body);
    if (!costs || !by_body) return ortk_out_of_memory();
    ORTK_TRY(claim_create(asker, level, count, &claim));
    for (uint32_t i = 0; i < count; i++) {
        total += costs[i] = asker->costs[claim->nodes[i]];
        by_body[i] = claim->kernels[i] == &ortk_kernel_body;
    }
    ortp_proposal proposal = {
        .size = sizeof proposal,
        .flags = ORTP_PROPOSAL_DETERMINISTIC,
        .token = claim->token,
        .node_count = count,
        .nodes = claim->nodes,
        .by_body = by_body,
        .node_cost_ns = costs,
        .cost_ns = total,
        .launch_ns = asker->instance->launch_ns,
        .precision = claim->precision,
        .accumulate_dtype = ORT_DTYPE_F32,
    };
    lock(asker->instance);
    claim->next = asker->instance->claims;
    asker->instance->claims = claim;
    unlock(asker->instance);
    return asker->sink->propose(asker->sink->user, &proposal);
}

static ort_status *pieces_propose(ortk_asker *asker) {
    uint32_t bound = asker->graph.node_count + 1;
    uint32_t *counts = ortk_arena_array(asker->arena, bound, sizeof *counts);
    if (!counts) return ortk_out_of_memory();
    for (uint32_t i = 0; i < asker->graph.node_count; i++) {
        uint32_t id = asker->graph.nodes[i];
        if (asker->kernels[id]) counts[asker->levels[id]]++;
    }
    for (uint32_t level = 0; level < bound; level++)
        if (counts[level]) ORTK_TRY(piece_propose(asker, level, counts[level]));
    return NULL;
}

/* What was asked of the session, else of the provider, where it can be kept. */
static uint32_t precision_of(const ortk_settings *settings, const ortp_policy *policy) {
    uint32_t wish = policy && policy->precision ? policy->precision : settings->precision;
    return wish < 32 && settings->precision_bits & 1U << wish ? wish : ORTP_PRECISION_MODEL;
}

static ort_status *ask(ortk_asker *asker, const uint8_t *allowed, const ortp_policy *policy) {
    asker->graph.size = sizeof asker->graph;
    ORTK_TRY(asker->host->graph->graph(asker->view, &asker->graph));
    ORTK_TRY(symbols_read(asker, policy));
    asker->precision = precision_of(&asker->instance->settings, policy);
    uint32_t bound = asker->graph.node_bound;
    asker->kernels = ortk_arena_array(asker->arena, bound, sizeof *asker->kernels);
    asker->costs = ortk_arena_array(asker->arena, bound, sizeof *asker->costs);
    asker->levels = ortk_arena_array(asker->arena, bound, sizeof *asker->levels);
    if (!asker->kernels || !asker->costs || !asker->levels) return ortk_out_of_memory();
    for (uint32_t i = 0; i < asker->graph.node_count; i++)
        if (!allowed || allowed[i]) ORTK_TRY(match_one(asker, asker->graph.nodes[i]));
    ORTK_TRY(levels_spread(asker));
    return pieces_propose(asker);
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_host *host = instance->host, *before = ortk_host_enter(host);
    ortk_arena arena;
    ortk_arena_init(&arena, host);
    ortk_asker asker = {.instance = instance, .host = host, .view = view, .arena = &arena, .sink = sink};
    asker.constants.arena = &arena;
    asker.constants.host = host;
    ort_status *status = ask(&asker, allowed, policy);
    ortk_constants_release(&asker.constants);
    ortk_arena_finish(&arena);
    ortk_host_leave(before);
    return status;
}

const ortp_claim_table ortk_claim_table = {
    .size = sizeof(ortp_claim_table),
    .propose = propose,
    .settle = settle,
};
