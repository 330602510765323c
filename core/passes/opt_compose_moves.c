/* Transposes one after the other are one, and so are views (Reshape, Flatten, Squeeze, Unsqueeze), which only say the
 * shape in another way; views that come back to where they began are none.
 * Needs: inference (shapes). Keeps: names of what is left. Breaks: nothing; what is left without readers is dead code.
 */
#include "passes/pass.h"

static orti_node *producer_of(const orti_graph *graph, orti_value_id value) {
    if (value == ORTI_NONE || orti_graph_value(graph, value)->producer == ORTI_NONE) return NULL;
    return orti_graph_node(graph, orti_graph_value(graph, value)->producer);
}

/* perm[i]: the axis that becomes axis i; without the attribute the axes are reversed (ONNX Transpose-1). */
static bool read_perm(const orti_graph *graph, const orti_node *node, int64_t *perm, uint32_t *rank) {
    const orti_value *in = orti_graph_value(graph, node->inputs[0]);
    const orti_attr *attr = orti_node_attr(node, "perm");
    bool is_given = attr && attr->kind == ORTI_ATTR_INTS;
    if ((!is_given && !in->has_shape) || (is_given && attr->count > ORTI_RANK_MAX)) return false;
    *rank = is_given ? attr->count : in->rank;
    for (uint32_t i = 0; i < *rank; i++) perm[i] = is_given ? attr->ints[i] : (int64_t)(*rank - 1 - i);
    for (uint32_t i = 0; i < *rank; i++)
        if (perm[i] < 0 || perm[i] >= *rank) return false;
    return true;
}

static ort_status *compose_transposes(orti_graph *graph, orti_node_id id, bool *changed) {
    const orti_node *node = orti_graph_node(graph, id);
    const orti_node *before = producer_of(graph, node->inputs[0]);
    int64_t first[ORTI_RANK_MAX], second[ORTI_RANK_MAX], both[ORTI_RANK_MAX];
    uint32_t first_rank = 0, rank = 0;
    if (!before || !orti_rewrite_is(before, "Transpose")) return NULL;
    if (!read_perm(graph, before, first, &first_rank) || !read_perm(graph, node, second, &rank)) return NULL;
    if (rank != first_rank) return NULL;
    for (uint32_t i = 0; i < rank; i++) both[i] = first[second[i]];
    ORT_TRY(orti_graph_set_input(graph, id, 0, before->inputs[0]));
    *changed = true;
    return orti_graph_set_attr_ints(graph, id, "perm", both, rank);
}

static bool is_view(const orti_node *node) {
    return orti_rewrite_is(node, "Reshape") || orti_rewrite_is(node, "Flatten") || orti_rewrite_is(node, "Squeeze") ||
           orti_rewrite_is(node, "Unsqueeze");
}

/* A shape that says all but one size itself: it does not copy sizes of what it is given. */
static bool says_its_shape(const orti_graph *graph, const orti_node *node) {
    const orti_tensor *shape = orti_rewrite_constant(graph, orti_rewrite_input(node, 1));
    if (!orti_rewrite_is(node, "Reshape") || !shape || shape->dtype != ORT_DTYPE_I64) return false;
    for (int64_t i = 0; i < shape->element_count; i++)
        if (orti_dtype_get_i64(ORT_DTYPE_I64, shape->data, i) == 0) return false;
    return true;
}

/* The value that the views before the node began with, when it has the node's shape already; else ORTI_NONE. */
static orti_value_id find_beginning(const orti_graph *graph, const orti_node *node) {
    const orti_value *made = orti_graph_value(graph, node->outputs[0]);
    if (made->is_output) return ORTI_NONE;
    for (const orti_node *at = node; at && is_view(at); at = producer_of(graph, at->inputs[0]))
        if (orti_rewrite_same_shape(made, orti_graph_value(graph, at->inputs[0]))) return at->inputs[0];
    return ORTI_NONE;
}

static ort_status *compose_views(orti_graph *graph, orti_node_id id, bool *changed) {
    const orti_node *node = orti_graph_node(graph, id);
    const orti_value_id beginning = find_beginning(graph, node);
    if (beginning != ORTI_NONE) {
        ORT_TRY(orti_graph_replace_value(graph, node->outputs[0], beginning));
        orti_graph_remove_node(graph, id);
        *changed = true;
        return NULL;
    }
    const orti_node *before = producer_of(graph, node->inputs[0]);
    if (!before || !is_view(before) || !says_its_shape(graph, node)) return NULL;
    *changed = true;
    return orti_graph_set_input(graph, id, 0, before->inputs[0]);
}

ort_status *orti_opt_compose_moves(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    (void)context;
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted || !node->input_count || node->inputs[0] == ORTI_NONE) continue;
        /* Dead code that is still to be swept: its output became a constant (orti_graph_make_constant). */
        if (!node->output_count || node->outputs[0] == ORTI_NONE) continue;
        if (orti_rewrite_is(node, "Transpose")) ORT_TRY(compose_transposes(graph, id, changed));
        if (is_view(node)) ORT_TRY(compose_views(graph, id, changed));
    }
    return NULL;
}
