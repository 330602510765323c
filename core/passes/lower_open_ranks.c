/* Where the branches of an If differ in rank, nobody can be asked to take what reads it: it moves into both branches,
 * where the rank is known. What was asked of the rank there is decided, and Ifs inside of it with it. Exporters write
 * such Ifs around Squeeze. Needs: inference. Keeps: outputs. Breaks: nothing. */
#include "passes/pass.h"

#include <string.h>

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

/* Of which outputs of the If a value depends on one. */
enum { ON_OPEN = 1, ON_OTHER = 2 };

/* The marks of what a node reads, for itself or in its graphs. */
static uint8_t read_marks(const orti_node *node, const uint8_t *marks) {
    uint8_t read = 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != ORTI_NONE) read |= marks[node->inputs[i]];
    for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++) {
        const orti_graph *body = orti_node_subgraph(node, i);
        for (orti_value_id v = 0; v < orti_graph_value_count(body); v++)
            if (orti_graph_value(body, v)->kind == ORTI_VALUE_CAPTURE)
                read |= marks[orti_graph_value(body, v)->outer_id];
    }
    return read;
}

static void outputs_mark(const orti_node *node, uint8_t add, uint8_t *marks) {
    for (uint32_t k = 0; k < node->output_count; k++)
        if (node->outputs[k] != ORTI_NONE) marks[node->outputs[k]] |= add;
}

/* The nodes after the If that depend on an output of open rank, producers first. None where one of them depends on
 * another output too: the If would wait for what stays behind between them, and that for the If. */
static uint32_t tail_find(const orti_graph *graph, const orti_node *choice, const orti_node_id *order, uint32_t count,
                          uint8_t *marks, orti_node_id *tail) {
    uint32_t moving_count = 0;
    for (uint32_t k = 0; k < choice->output_count; k++)
        if (choice->outputs[k] != ORTI_NONE)
            marks[choice->outputs[k]] = orti_graph_value(graph, choice->outputs[k])->has_shape ? ON_OTHER : ON_OPEN;
    for (uint32_t at = 0; at < count; at++) {
        const orti_node *node = orti_graph_node(graph, order[at]);
        const uint8_t read = read_marks(node, marks);
        if (read == (ON_OPEN | ON_OTHER)) return 0;
        outputs_mark(node, read, marks);
        if (read & ON_OPEN) tail[moving_count++] = order[at];
    }
    return moving_count;
}

/* The first If of the graph whose rank is open and read; the nodes that move into it. */
static ort_status *split_find(orti_graph *graph, uint8_t *marks, orti_node_id *tail, orti_node_id *out_if,
                              uint32_t *out_count) {
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    *out_if = ORTI_NONE;
    *out_count = 0;
    ORT_TRY(orti_graph_order(graph, &order, &count));
    for (uint32_t i = 0; i < count && !*out_count; i++) {
        const orti_node *node = orti_graph_node(graph, order[i]);
        if (!is_open(graph, node)) continue;
        *out_if = order[i];
        memset(marks, 0, orti_graph_value_count(graph));
        *out_count = tail_find(graph, node, order + i + 1, count - i - 1, marks, tail);
    }
    return NULL;
}

static ort_status *split_once(splitting *self, orti_graph *graph, bool *out_split) {
    const orti_allocator *alloc = orti_rewrite_alloc(graph);
    orti_node_id id = ORTI_NONE, *tail = NULL;
    uint32_t count = 0;
    uint8_t *marks = NULL;
    ort_status *status = NULL;
    *out_split = false;
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_value_count(graph) + 1, sizeof *marks, &marks));
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)orti_graph_node_count(graph) + 1, sizeof *tail, &tail));
    ORT_TRY_TO(done, status, split_find(graph, marks, tail, &id, &count));
    if (!count || 2 * count > self->copies_left) goto done;
    self->copies_left -= 2 * count;
    ORT_TRY_TO(done, status, orti_graph_sink(graph, id, tail, count));
    *out_split = true;
done:
    orti_free(alloc, marks);
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
