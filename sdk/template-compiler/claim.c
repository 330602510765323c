/* Which nodes are taken, and in which pieces. */
#include "weld.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- one node ---- */

typedef struct judged {
    uint32_t code; /* ORTP_DECLINE_*; 0: taken */
    uint32_t operator_index;
    char text[160];
} judged;

__attribute__((format(printf, 3, 4))) static void decline(judged *out, uint32_t code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    out->code = code;
    vsnprintf(out->text, sizeof out->text, fmt, args);
    va_end(args);
}

static bool same_shape(const ortp_value_info *a, const ortp_value_info *b) {
    /* Equal ids are equal sizes, whatever the symbols will be. */
    return a->rank == b->rank && (a->rank == 0 || memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0);
}

static bool is_one_number(const ortp_value_info *value, uint32_t rank_max) {
    if (value->kind != ORTP_VALUE_CONSTANT || value->rank > rank_max) return false;
    for (uint32_t i = 0; i < value->rank; i++)
        if (value->dims[i] != 1) return false;
    return true;
}

static uint32_t operator_find(const ortp_node_info *node) {
    if (node->domain.length && !ortk_view_is(node->domain, "ai.onnx")) return ORTP_NONE;
    for (uint32_t i = 0; i < weld_operator_count; i++)
        if (ortk_view_is(node->op_type, weld_operators[i].name)) return i;
    return ORTP_NONE;
}

static ort_status *value_get(const ortp_host *host, const ortp_view *view, uint32_t value, ortp_value_info *out) {
    *out = (ortp_value_info){.size = sizeof *out};
    return host->graph->value(view, value, out);
}

static void output_judge(const ortp_value_info *output, judged *out) {
    if (output->dtype != ORT_DTYPE_F32) {
        decline(out, ORTP_DECLINE_TYPE, "element type %u: only float32 is welded", (unsigned)output->dtype);
        return;
    }
    if (!(output->flags & ORTP_VALUE_HAS_SHAPE)) {
        decline(out, ORTP_DECLINE_SHAPE, "a shape that is not known");
        return;
    }
    for (uint32_t i = 0; i < output->rank; i++)
        if (output->dims[i] == ORTP_DIM_UNKNOWN) decline(out, ORTP_DECLINE_SHAPE, "a size that only the run can tell");
    if (output->flags & ORTP_VALUE_IS_KNOWN) decline(out, ORTP_DECLINE_COST, "the host knows the result without a run");
}

static ort_status *node_judge(const ortp_host *host, const ortp_view *view, const ortp_node_info *node, judged *out) {
    ortp_value_info output, input;
    out->code = 0;
    out->operator_index = operator_find(node);
    if (out->operator_index == ORTP_NONE) {
        decline(out, ORTP_DECLINE_OPERATOR, "%.*s: not an operator that is welded", (int)node->op_type.length,
                node->op_type.data);
        return NULL;
    }
    const weld_operator *op = &weld_operators[out->operator_index];
    if (node->until_version < op->since_version || node->input_count != op->input_count || node->output_count != 1 ||
        node->outputs[0] == ORTP_NONE) {
        decline(out, ORTP_DECLINE_OPERATOR, "%s: version %d, %u inputs", op->name, (int)node->since_version,
                (unsigned)node->input_count);
        return NULL;
    }
    WELD_TRY(value_get(host, view, node->outputs[0], &output));
    output_judge(&output, out);
    for (uint32_t i = 0; i < node->input_count && !out->code; i++) {
        WELD_TRY(value_get(host, view, node->inputs[i], &input));
        if (input.dtype != ORT_DTYPE_F32 || !(input.flags & ORTP_VALUE_HAS_SHAPE))
            decline(out, ORTP_DECLINE_TYPE, "%s: input %u is not float32 of a known rank", op->name, (unsigned)i);
        else if (input.kind == ORTP_VALUE_CONSTANT ? !is_one_number(&input, output.rank) : !same_shape(&input, &output))
            decline(out, ORTP_DECLINE_SHAPE, "%s: input %u has another shape than the output", op->name, (unsigned)i);
    }
    return NULL;
}

/* ---- pieces ---- */

typedef struct asker {
    ortp_instance *instance;
    const ortp_host *host;
    const ortp_view *view;
    const ortp_claim_sink *sink;
    ortp_graph_info graph;
    int64_t *symbols;    /* the wished-for numbers, or ORTP_DIM_UNKNOWN */
    uint32_t *operators; /* by node id: what takes it; ORTP_NONE: nothing */
    uint32_t *levels;    /* by node id */
    uint8_t *done;       /* by node id: in a piece already */
} asker;

/* A path that leaves the taken nodes and comes back crosses from taken to not taken and again: with a level that grows
 * at each crossing, the taken nodes of one level are convex together. */
static ort_status *levels_spread(asker *a) {
    for (uint32_t i = 0; i < a->graph.node_count; i++) {
        uint32_t id = a->graph.nodes[i];
        ortp_node_info node = {.size = sizeof node};
        WELD_TRY(a->host->graph->node(a->view, id, &node));
        for (uint32_t o = 0; o < node.output_count; o++) {
            ortp_value_info value;
            if (node.outputs[o] == ORTP_NONE) continue;
            WELD_TRY(value_get(a->host, a->view, node.outputs[o], &value));
            for (uint32_t c = 0; c < value.consumer_count; c++) {
                uint32_t reader = value.consumers[c];
                if (reader >= a->graph.node_bound) continue;
                uint32_t level =
                    a->levels[id] + ((a->operators[id] == ORTP_NONE) != (a->operators[reader] == ORTP_NONE));
                if (level > a->levels[reader]) a->levels[reader] = level;
            }
        }
    }
    return NULL;
}

static ort_status *output_get(const asker *a, uint32_t node, ortp_value_info *out) {
    ortp_node_info info = {.size = sizeof info};
    WELD_TRY(a->host->graph->node(a->view, node, &info));
    return value_get(a->host, a->view, info.outputs[0], out);
}

/* Elements at the wished-for sizes; a symbol without a wish counts as 1. */
static double elements_of(const asker *a, const ortp_value_info *value) {
    double count = 1;
    for (uint32_t i = 0; i < value->rank; i++) {
        int64_t dim = value->dims[i];
        if (dim < 0 && !a->host->graph->dim_eval(a->view, dim, a->symbols, a->graph.symbol_count, &dim)) dim = 1;
        count *= (double)dim;
    }
    return count;
}

void weld_claim_destroy(const ortp_host *host, weld_claim *claim) {
    if (!claim) return;
    weld_release(host, claim->nodes);
    weld_release(host, claim->operators);
    weld_release(host, claim);
}

static weld_claim *claim_create(const asker *a) {
    weld_claim *claim = weld_alloc(a->host, 1, sizeof *claim);
    if (!claim) return NULL;
    claim->nodes = weld_alloc(a->host, a->graph.node_count, sizeof *claim->nodes);
    claim->operators = weld_alloc(a->host, a->graph.node_count, sizeof *claim->operators);
    if (claim->nodes && claim->operators) return claim;
    weld_claim_destroy(a->host, claim);
    return NULL;
}

/* From here on the claim is the instance's, until settle or compile. */
static uint64_t claim_keep(ortp_instance *instance, weld_claim *claim) {
    weld_instance *own = ortk_instance_context(instance);
    mtx_lock(&own->lock);
    claim->token = ++own->next_token;
    claim->next = own->claims;
    own->claims = claim;
    mtx_unlock(&own->lock);
    return claim->token;
}

static ort_status *claim_propose(const asker *a, weld_claim *claim, double elements) {
    double *costs = weld_alloc(a->host, claim->node_count, sizeof *costs), total = 0;
    if (!costs) {
        weld_claim_destroy(a->host, claim);
        return ortk_out_of_memory();
    }
    for (uint32_t i = 0; i < claim->node_count; i++)
        total += costs[i] = elements * weld_operators[claim->operators[i]].element_ns;
    ortp_proposal proposal = {
        .size = sizeof proposal,
        .flags = ORTP_PROPOSAL_DETERMINISTIC,
        .node_count = claim->node_count,
        .nodes = claim->nodes,
        .node_cost_ns = costs,
        .cost_ns = total,
        .launch_ns = 200,
        .precision = ORTP_PRECISION_MODEL,
        .accumulate_dtype = ORT_DTYPE_F32,
    };
    proposal.token = claim_keep(a->instance, claim);
    ort_status *status = a->sink->propose(a->sink->user, &proposal);
    weld_release(a->host, costs);
    return status;
}

/* All nodes from position `first` on with its level and shape. Between taken nodes runs no edge that changes the shape,
 * so these are convex too. */
static ort_status *piece_propose(asker *a, uint32_t first) {
    uint32_t head = a->graph.nodes[first];
    ortp_value_info shape, other;
    WELD_TRY(output_get(a, head, &shape));
    weld_claim *claim = claim_create(a);
    if (!claim) return ortk_out_of_memory();
    claim->epoch = a->graph.epoch;
    for (uint32_t i = first; i < a->graph.node_count; i++) {
        uint32_t id = a->graph.nodes[i];
        if (a->operators[id] == ORTP_NONE || a->done[id] || a->levels[id] != a->levels[head]) continue;
        ort_status *status = output_get(a, id, &other);
        if (status) {
            weld_claim_destroy(a->host, claim);
            return status;
        }
        if (!same_shape(&shape, &other)) continue;
        a->done[id] = 1;
        claim->operators[claim->node_count] = a->operators[id];
        claim->nodes[claim->node_count++] = id;
    }
    return claim_propose(a, claim, elements_of(a, &shape));
}

static ort_status *nodes_judge(asker *a, const uint8_t *allowed) {
    for (uint32_t i = 0; i < a->graph.node_bound; i++) a->operators[i] = ORTP_NONE;
    for (uint32_t i = 0; i < a->graph.node_count; i++) {
        ortp_node_info node = {.size = sizeof node};
        judged answer;
        if (allowed && !allowed[i]) continue;
        WELD_TRY(a->host->graph->node(a->view, a->graph.nodes[i], &node));
        WELD_TRY(node_judge(a->host, a->view, &node, &answer));
        if (!answer.code) {
            a->operators[a->graph.nodes[i]] = answer.operator_index;
            continue;
        }
        ort_string_view text = {answer.text, strlen(answer.text)};
        WELD_TRY(a->sink->decline(a->sink->user, a->graph.nodes[i], answer.code, text));
    }
    return NULL;
}

static ort_status *ask(asker *a, const uint8_t *allowed, const ortp_policy *policy) {
    uint32_t bound = a->graph.node_bound;
    a->operators = weld_alloc(a->host, bound, sizeof *a->operators);
    a->levels = weld_alloc(a->host, bound, sizeof *a->levels);
    a->done = weld_alloc(a->host, bound, 1);
    a->symbols = weld_alloc(a->host, a->graph.symbol_count, sizeof *a->symbols);
    if (!a->operators || !a->levels || !a->done || !a->symbols) return ortk_out_of_memory();
    for (uint32_t i = 0; i < a->graph.symbol_count; i++) a->symbols[i] = ORTP_DIM_UNKNOWN;
    for (uint32_t i = 0; policy && i < policy->range_count; i++)
        if (policy->ranges[i].symbol < a->graph.symbol_count && policy->ranges[i].opt > 0)
            a->symbols[policy->ranges[i].symbol] = policy->ranges[i].opt;
    WELD_TRY(nodes_judge(a, allowed));
    WELD_TRY(levels_spread(a));
    for (uint32_t i = 0; i < a->graph.node_count; i++)
        if (a->operators[a->graph.nodes[i]] != ORTP_NONE && !a->done[a->graph.nodes[i]]) WELD_TRY(piece_propose(a, i));
    return NULL;
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_host *host = ortk_instance_host(instance), *before = ortk_host_enter(host);
    asker a = {.instance = instance, .host = host, .view = view, .sink = sink, .graph = {.size = sizeof a.graph}};
    ort_status *status = host->graph->graph(view, &a.graph);
    if (!status) status = ask(&a, allowed, policy);
    weld_release(host, a.operators);
    weld_release(host, a.levels);
    weld_release(host, a.done);
    weld_release(host, a.symbols);
    ortk_host_leave(before);
    return status;
}

/* ---- after propose ---- */

static bool is_among(uint64_t token, const uint64_t *tokens, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (tokens[i] == token) return true;
    return false;
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    weld_instance *own = ortk_instance_context(instance);
    weld_claim *ended = NULL;
    mtx_lock(&own->lock);
    for (weld_claim **at = &own->claims; *at;) {
        weld_claim *claim = *at;
        if (claim->epoch != epoch || is_among(claim->token, tokens, token_count)) {
            at = &claim->next;
            continue;
        }
        *at = claim->next;
        claim->next = ended;
        ended = claim;
    }
    mtx_unlock(&own->lock);
    for (weld_claim *next = NULL; ended; ended = next) {
        next = ended->next;
        weld_claim_destroy(ortk_instance_host(instance), ended);
    }
}

weld_claim *weld_claim_take(ortp_instance *instance, uint64_t token) {
    weld_instance *own = ortk_instance_context(instance);
    mtx_lock(&own->lock);
    weld_claim **at = &own->claims;
    while (*at && (*at)->token != token) at = &(*at)->next;
    weld_claim *found = *at;
    if (found) *at = found->next;
    mtx_unlock(&own->lock);
    return found;
}

const ortp_claim_table weld_claim_table = {.size = sizeof(ortp_claim_table), .propose = propose, .settle = settle};
