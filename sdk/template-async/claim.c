/* claim.c: which nodes this device takes. Nodes that follow one another, each the only reader of the one before, are
 * taken as one chain: what lies between them never leaves the device's workspace. */
#include "async.h"

#include <string.h>

/* A proposal being made: nodes are linked in chains. */
typedef struct claim_builder {
    ortp_instance *instance;
    const ortp_view *view;
    const ortp_claim_sink *sink;
    ortp_graph_info graph;
    uint32_t *next;  /* by node: the one behind it in its chain, or ORTP_NONE */
    uint32_t *chain; /* by node: the first of its chain; ORTP_NONE: not taken */
    double *cost_ns; /* by node */
} claim_builder;

static const ortp_host_graph *graph_of(const claim_builder *builder) {
    return builder->instance->host->graph;
}

static ort_status *decline(const claim_builder *builder, uint32_t node, uint32_t code, const char *text) {
    return builder->sink->decline(builder->sink->user, node, code, (ort_string_view){text, strlen(text)});
}

/* ---- one node ---- */

typedef struct claim_verdict {
    uint32_t code; /* ORTP_DECLINE_*; 0: taken */
    const char *text;
} claim_verdict;

static claim_verdict value_judge(const ortp_value_info *value, const async_operator *op, ort_dtype dtype) {
    if (value->flags & ORTP_VALUE_IS_KNOWN)
        return (claim_verdict){ORTP_DECLINE_OPERATOR, "values that follow from shapes are not brought to this device"};
    if (value->dtype != dtype) return (claim_verdict){ORTP_DECLINE_TYPE, "operands differ in type"};
    if (dtype != ORT_DTYPE_F32 && !(dtype == ORT_DTYPE_I32 && op->row_i32))
        return (claim_verdict){ORTP_DECLINE_TYPE, "computed in float32, Add and Mul in int32, too"};
    if (!(value->flags & ORTP_VALUE_HAS_SHAPE)) return (claim_verdict){ORTP_DECLINE_SHAPE, "a rank is not known"};
    if (value->rank > ASYNC_RANK_MAX) return (claim_verdict){ORTP_DECLINE_SHAPE, "more than eight dimensions"};
    return (claim_verdict){0};
}

/* Elements, a dimension without number counting as 64: an estimate is all that a cost has to be. */
static double element_count(const ortp_value_info *value) {
    double count = 1;
    for (uint32_t i = 0; i < value->rank; i++) count *= value->dims[i] >= 0 ? (double)value->dims[i] : 64;
    return count;
}

static double cost_of(const async_operator *op, const ortp_value_info *first_input, const ortp_value_info *output) {
    double inner = 1;
    if (!op->row_f32 && first_input->rank) {
        ortp_dim dim = first_input->dims[first_input->rank - 1];
        inner = dim >= 0 ? (double)dim : 64;
    }
    return op->cost_ns * inner * element_count(output);
}

static ort_status *node_judge(claim_builder *builder, uint32_t id, claim_verdict *out) {
    ortp_node_info node = {.size = sizeof node};
    ortp_value_info values[3] = {{.size = sizeof values[0]}, {.size = sizeof values[0]}, {.size = sizeof values[0]}};
    ort_status *status = graph_of(builder)->node(builder->view, id, &node);
    if (status) return status;
    const async_operator *op = node.domain.length == 0 ? async_operator_find(node.op_type) : NULL;
    *out = (claim_verdict){ORTP_DECLINE_OPERATOR, "not an operator of this device, or not in this version"};
    if (!op || node.until_version < op->since_version || node.input_count != op->input_count || node.output_count != 1)
        return NULL;
    for (uint32_t i = 0; i <= op->input_count && !status; i++) {
        uint32_t value = i < op->input_count ? node.inputs[i] : node.outputs[0];
        if (value == ORTP_NONE) return NULL;
        status = graph_of(builder)->value(builder->view, value, &values[i]);
        if (status) return status;
        *out = value_judge(&values[i], op, values[0].dtype);
        if (out->code) return NULL;
    }
    builder->cost_ns[id] = cost_of(op, &values[0], &values[op->input_count]);
    return NULL;
}

/* ---- chains ---- */

static bool is_only_reader(const ortp_value_info *value, uint32_t node) {
    if (value->flags & ORTP_VALUE_IS_OUTPUT) return false;
    for (uint32_t i = 0; i < value->consumer_count; i++)
        if (value->consumers[i] != node) return false;
    return true;
}

/* Appends a node to the chain of one that it reads from, or begins one. A chain is convex: a path can leave it behind
 * its last node alone. */
static ort_status *chain_join(claim_builder *builder, uint32_t id) {
    ortp_node_info node = {.size = sizeof node};
    ort_status *status = graph_of(builder)->node(builder->view, id, &node);
    builder->chain[id] = id;
    for (uint32_t i = 0; !status && i < node.input_count; i++) {
        ortp_value_info value = {.size = sizeof value};
        status = graph_of(builder)->value(builder->view, node.inputs[i], &value);
        if (status || value.kind != ORTP_VALUE_INNER || !is_only_reader(&value, id)) continue;
        uint32_t before = value.producer;
        if (before == ORTP_NONE || builder->chain[before] == ORTP_NONE) continue;
        builder->next[before] = id;
        builder->chain[id] = builder->chain[before];
        return NULL;
    }
    return status;
}

static async_claim *claim_create(claim_builder *builder, uint32_t first) {
    uint32_t count = 0;
    for (uint32_t at = first; at != ORTP_NONE; at = builder->next[at]) count++;
    async_claim *claim = async_alloc(builder->instance->host, sizeof *claim + count * sizeof claim->nodes[0]);
    if (!claim) return NULL;
    claim->epoch = builder->graph.epoch;
    for (uint32_t at = first; at != ORTP_NONE; at = builder->next[at]) claim->nodes[claim->node_count++] = at;
    return claim;
}

static void claim_keep(ortp_instance *instance, async_claim *claim) {
    pthread_mutex_lock(&instance->lock);
    claim->token = ++instance->last_token;
    claim->next = instance->claims;
    instance->claims = claim;
    pthread_mutex_unlock(&instance->lock);
}

static ort_status *chain_propose(claim_builder *builder, uint32_t first) {
    const ortp_host *host = builder->instance->host;
    async_claim *claim = claim_create(builder, first);
    double *costs = claim ? async_alloc(host, claim->node_count * sizeof *costs) : NULL;
    if (!costs) {
        async_free(host, claim);
        return async_out_of_memory(host, "a proposal");
    }
    ortp_proposal proposal = {.size = sizeof proposal,
                              .flags = ORTP_PROPOSAL_DETERMINISTIC,
                              .node_count = claim->node_count,
                              .nodes = claim->nodes,
                              .node_cost_ns = costs,
                              .launch_ns = 5000,
                              .precision = ORTP_PRECISION_MODEL,
                              .accumulate_dtype = ORT_DTYPE_F32};
    for (uint32_t i = 0; i < claim->node_count; i++) proposal.cost_ns += costs[i] = builder->cost_ns[claim->nodes[i]];
    claim_keep(builder->instance, claim); /* before it is shown: from then on a token is out */
    proposal.token = claim->token;
    ort_status *status = builder->sink->propose(builder->sink->user, &proposal);
    async_free(host, costs);
    return status;
}

static ort_status *nodes_answer(claim_builder *builder, const uint8_t *allowed) {
    ort_status *status = NULL;
    for (uint32_t i = 0; i < builder->graph.node_count && !status; i++) {
        claim_verdict verdict = {0};
        uint32_t node = builder->graph.nodes[i];
        if (allowed && !allowed[i]) continue;
        status = node_judge(builder, node, &verdict);
        if (status) break;
        status = verdict.code ? decline(builder, node, verdict.code, verdict.text) : chain_join(builder, node);
    }
    for (uint32_t i = 0; i < builder->graph.node_count && !status; i++)
        if (builder->chain[builder->graph.nodes[i]] == builder->graph.nodes[i])
            status = chain_propose(builder, builder->graph.nodes[i]);
    return status;
}

/* ---- the table ---- */

static ort_status *claim_propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                                 const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_host *host = instance->host;
    claim_builder builder = {.instance = instance, .view = view, .sink = sink, .graph = {.size = sizeof builder.graph}};
    ort_status *status = async_check(host, "a policy", policy->size, ORTP_POLICY_SIZE_0_0, policy->flags, policy->next);
    if (!status) status = host->graph->graph(view, &builder.graph);
    if (status) return status;
    uint64_t bound = builder.graph.node_bound;
    builder.cost_ns = async_alloc(host, bound * (sizeof *builder.cost_ns + 2 * sizeof *builder.next));
    if (!builder.cost_ns) return async_out_of_memory(host, "a proposal");
    builder.next = (uint32_t *)(builder.cost_ns + bound);
    builder.chain = builder.next + bound;
    memset(builder.next, 0xff, 2 * bound * sizeof *builder.next); /* ORTP_NONE */
    status = nodes_answer(&builder, allowed);
    async_free(host, builder.cost_ns);
    return status;
}

static bool is_among(uint64_t token, const uint64_t *tokens, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (tokens[i] == token) return true;
    return false;
}

static void claim_settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    async_claim *gone = NULL;
    pthread_mutex_lock(&instance->lock);
    for (async_claim **slot = &instance->claims; *slot;) {
        async_claim *claim = *slot;
        if (claim->epoch != epoch || is_among(claim->token, tokens, token_count)) {
            slot = &claim->next;
            continue;
        }
        *slot = claim->next;
        claim->next = gone;
        gone = claim;
    }
    pthread_mutex_unlock(&instance->lock);
    while (gone) {
        async_claim *claim = gone;
        gone = claim->next;
        async_free(instance->host, claim);
    }
}

async_claim *async_claim_take(ortp_instance *instance, uint64_t token) {
    async_claim *found = NULL;
    pthread_mutex_lock(&instance->lock);
    for (async_claim **slot = &instance->claims; *slot; slot = &(*slot)->next) {
        if ((*slot)->token != token) continue;
        found = *slot;
        *slot = found->next;
        break;
    }
    pthread_mutex_unlock(&instance->lock);
    return found;
}

const ortp_claim_table async_claim_table = {
    .size = sizeof async_claim_table, .propose = claim_propose, .settle = claim_settle};
