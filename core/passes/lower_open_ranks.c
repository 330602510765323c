/* Where the branches of an If differ in rank, nobody can be asked to take what reads it: it moves into both branches,
 * where the rank is known. What was asked of the rank there is decided, and Ifs inside of it with it. Exporters write
 * such Ifs around Squeeze. Needs: inference. Keeps: outputs. Breaks: nothing. */
#include "passes/pass.h"

#define COPY_COUNT_MAX 16384u /* nodes that are copied in all: Ifs in a row double what is behind each */

typedef struct splitting {
    const orti_pass_context *context;
    bool *changed;
    uint32_t copies_left;
} splitting;

static bool is_open(const orti_graph *graph, const orti_node *node) {
    if (!orti_rewrite_is(node, "If")) return false;
    const orti_graph *first = orti_node_subgraph(node, 0), *second = orti_node_subgraph(node, 1);
    for (uint32_t k = 0; k < node->output_count; k++) {
        if (node->outputs[k] == ORTI_NONE || orti_graph_value(graph, node->outputs[k])->has_shape) continue;
        const orti_value *a = orti_graph_value(first, orti_graph_output(first, k));
        const orti_value *b = orti_graph_value(second, orti_graph_output(second, k));
        if (a->has_shape && b->has_shape && a->rank != b->rank) return true;
    }
    return false;
}

static bool reads_marked(const orti_node *node, const bool *is_marked) {
    bool does = false;
    for (uint32_t i = 0; i < node->input_count; i++) does |= node->inputs[i] != ORTI_NONE && is_marked[node->inputs[i]];
    for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node) && !does; i++) {
        const orti_graph *body = orti_node_subgraph(node, i);
        for (orti_value_id v = 0; v < orti_graph_value_count(body); v++)
            does |=
                orti_graph_value(body, v)->kind == ORTI_VALUE_CAPTURE && is_marked[orti_graph_value(body, v)->outer_id];
    }
    return does;
}

static void outputs_mark(const orti_graph *graph, const orti_node *node, bool only_open, bool *is_marked) {
    for (uint32_t k = 0; k < node->output_count; k++)
        if (node->outputs[k] != ORTI_NONE && !(only_open && orti_graph_value(graph, node->outputs[k])->has_shape))
            is_marked[node->outputs[k]] = true;
}

/* The first If of the graph whose rank is open and read; the nodes that depend on it, producers first. */
static ort_status *split_find(orti_graph *graph, bool *is_marked, orti_node_id *tail, orti_node_id *out_if,
                              uint32_t *out_count) {
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    *out_if = ORTI_NONE;
    *out_count = 0;
    ORT_TRY(orti_graph_order(graph, &order, &count));
    for (uint32_t i = 0; i < count && !*out_count; i++) {
        if (!is_open(graph, orti_graph_node(graph, order[i]))) continue;
        *out_if = order[i];
        outputs_mark(graph, orti_graph_node(graph, order[i]), true, is_marked);
        for (uint32_t at = i + 1; at < count; at++) {
            const orti_node *node = orti_graph_node(graph, order[at]);
            if (!reads_marked(node, is_marked)) continue;
            outputs_mark(graph, node, false, is_marked);
            tail[(*out_count)++] = order[at];
        }
    }
    return NULL;
}

static ort_status *split_once(splitting *self, orti_graph *graph, bool *out_split) {
    const orti_allocator *alloc = orti_rewrite_alloc(graph);
    orti_node_id id = ORTI_NONE, *tail = NULL;
    uint32_t count = 0;
    bool *is_marked = NULL;
    ort_status *status = NULL;
    *out_split = false;
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_value_count(graph) + 1, sizeof(bool), &is_marked));
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_node_count(graph) + 1, sizeof *tail, &tail));
    ORT_TRY_TO(done, status, split_find(graph, is_marked, tail, &id, &count));
    if (!count || 2 * count > self->copies_left) goto done;
    self->copies_left -= 2 * count;
    ORT_TRY_TO(done, status, orti_graph_sink(graph, id, tail, count));
    *out_split = true;
done:
    orti_free(alloc, is_marked);
    orti_free(alloc, tail);
    return status;
}

/* A body that contradicts itself is left for whoever enters it. */
static ort_status *infer(orti_graph *graph, bool *out_sound) {
    ort_status *status = orti_infer_graph(graph);
    *out_sound = !status;
    if (!status || !orti_graph_outer(graph) || ort_status_code(status) != ORT_CODE_INVALID_MODEL) return status;
    ort_status_destroy(status);
    return NULL;
}

/* What is known of ranks in a branch decides more there. */
static ort_status *branch_simplify(const splitting *self, orti_graph *body, bool *out_sound) {
    ORT_TRY(infer(body, out_sound));
    if (!*out_sound) return NULL;
    ORT_TRY(orti_lower_captures(body, self->context, self->changed));
    ORT_TRY(orti_opt_known(body, self->context, self->changed));
    return orti_opt_inline_if(body, self->context, self->changed);
}

static ort_status *split(splitting *self, orti_graph *graph) {
    bool has_split = true, is_sound = true;
    while (has_split && is_sound) {
        ORT_TRY(split_once(self, graph, &has_split));
        *self->changed = *self->changed || has_split;
        if (has_split) ORT_TRY(infer(graph, &is_sound));
    }
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        for (uint32_t i = node->body ? 1 : 0; !node->is_deleted && i < orti_node_subgraph_count(node); i++) {
            orti_graph *body = orti_node_subgraph(node, i);
            is_sound = true;
            if (*self->changed) ORT_TRY(branch_simplify(self, body, &is_sound));
            if (is_sound) ORT_TRY(split(self, body));
        }
    }
    return NULL;
}

ort_status *orti_lower_open_ranks(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    splitting self = {context, changed, COPY_COUNT_MAX};
    return split(&self, graph);
}
