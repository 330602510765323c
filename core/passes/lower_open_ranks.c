/* Where the branches of an If differ in rank, nobody can be asked to take what reads it: it moves into both branches,
 * where the rank is known. What was asked of the rank there is decided, and Ifs inside of it with it. Exporters write
 * such Ifs around Squeeze. Needs: inference. Keeps: outputs. Breaks: nothing. */
#include "passes/pass.h"

#define SPLIT_COUNT_MAX 8u    /* of one graph */
#define TAIL_COUNT_MAX  4096u /* nodes that are copied */

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

static ort_status *split_once(orti_graph *graph, bool *out_split) {
    const orti_allocator *alloc = orti_rewrite_alloc(graph);
    orti_node_id id = ORTI_NONE, *tail = NULL;
    uint32_t count = 0;
    bool *is_marked = NULL;
    ort_status *status = NULL;
    *out_split = false;
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_value_count(graph) + 1, sizeof(bool), &is_marked));
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_node_count(graph) + 1, sizeof *tail, &tail));
    ORT_TRY_TO(done, status, split_find(graph, is_marked, tail, &id, &count));
    if (!count || count > TAIL_COUNT_MAX) goto done;
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

static ort_status *split(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    bool has_split = true, is_sound = true;
    for (uint32_t i = 0; i < SPLIT_COUNT_MAX && has_split && is_sound; i++) {
        ORT_TRY(split_once(graph, &has_split));
        if (!has_split) break;
        *changed = true;
        ORT_TRY(infer(graph, &is_sound));
    }
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        for (uint32_t i = node->body ? 1 : 0; !node->is_deleted && i < orti_node_subgraph_count(node); i++) {
            orti_graph *body = orti_node_subgraph(node, i);
            if (*changed) {
                ORT_TRY(infer(body, &is_sound));
                if (!is_sound) continue;
                ORT_TRY(orti_lower_captures(body, context, changed));
                ORT_TRY(orti_opt_known(body, context, changed));
                ORT_TRY(orti_opt_inline_if(body, context, changed));
            }
            ORT_TRY(split(body, context, changed));
        }
    }
    return NULL;
}

ort_status *orti_lower_open_ranks(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    return split(graph, context, changed);
}
