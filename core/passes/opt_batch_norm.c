/* BatchNormalization with constant statistics becomes Mul and Add by constants that are still to be folded.
 * Needs: inference (rank of the input). Keeps: names. Breaks: nothing.
 *   scale = gamma / Sqrt(variance + epsilon), y = x * scale + (beta - mean * scale)   (ONNX BatchNormalization-15) */
#include "passes/pass.h"

static ort_status *two(orti_graph *graph, const char *op_type, orti_value_id a, orti_value_id b, orti_value_id *out) {
    const orti_value_id inputs[] = {a, b};
    return orti_rewrite_node(graph, op_type, inputs, 2, ORTI_NONE, out);
}

/* Is it inference with constant statistics, and is nothing but y read? */
static ort_status *fits(orti_graph *graph, const orti_node *node, bool *out) {
    *out = false;
    if (!orti_rewrite_is(node, "BatchNormalization") || node->input_count != 5) return NULL;
    if (node->outputs[0] == ORTI_NONE || orti_node_attr_int(node, "training_mode", 0)) return NULL;
    const orti_value *x = orti_graph_value(graph, node->inputs[0]);
    if (!x->has_shape || x->rank < 2) return NULL;
    for (uint32_t i = 1; i < 5; i++) {
        const orti_tensor *tensor = orti_rewrite_constant(graph, node->inputs[i]);
        if (!tensor || tensor->dtype != x->dtype || tensor->rank != 1) return NULL;
    }
    for (uint32_t i = 1; i < node->output_count; i++) {
        bool is_unread = false;
        ORT_TRY(orti_rewrite_is_unread(graph, node->outputs[i], &is_unread));
        if (!is_unread) return NULL;
    }
    *out = true;
    return NULL;
}

/* [C] as [C,1,1..]: it broadcasts along axis 1 of a value of `rank`. */
static ort_status *as_channels(orti_graph *graph, orti_value_id value, uint32_t rank, orti_value_id *out) {
    int64_t dims[ORTI_RANK_MAX];
    orti_value_id shape = ORTI_NONE;
    if (rank == 2) {
        *out = value;
        return NULL;
    }
    dims[0] = -1;
    for (uint32_t i = 1; i + 1 < rank; i++) dims[i] = 1;
    ORT_TRY(orti_rewrite_ints(graph, dims, rank - 1, &shape));
    return two(graph, "Reshape", value, shape, out);
}

static ort_status *rewrite(orti_graph *graph, orti_node_id id) {
    const orti_node *node = orti_graph_node(graph, id);
    const orti_value_id x = node->inputs[0], gamma = node->inputs[1], beta = node->inputs[2], mean = node->inputs[3],
                        variance = node->inputs[4], out = node->outputs[0];
    const uint32_t rank = orti_graph_value(graph, x)->rank;
    const double number = (double)orti_node_attr_float(node, "epsilon", 1e-5f);
    orti_value_id epsilon, sum, root, scale, part, shift, product, made;
    ORT_TRY(orti_rewrite_scalar(graph, orti_graph_value(graph, x)->dtype, number, &epsilon));
    ORT_TRY(two(graph, "Add", variance, epsilon, &sum));
    ORT_TRY(orti_rewrite_node(graph, "Sqrt", &sum, 1, ORTI_NONE, &root));
    ORT_TRY(two(graph, "Div", gamma, root, &scale));
    ORT_TRY(two(graph, "Mul", mean, scale, &part));
    ORT_TRY(two(graph, "Sub", beta, part, &shift));
    ORT_TRY(as_channels(graph, scale, rank, &scale));
    ORT_TRY(as_channels(graph, shift, rank, &shift));
    orti_graph_remove_node(graph, id);
    ORT_TRY(two(graph, "Mul", x, scale, &product));
    const orti_value_id inputs[] = {product, shift};
    return orti_rewrite_node(graph, "Add", inputs, 2, out, &made);
}

ort_status *orti_opt_batch_norm(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    if (!context->options->evaluate) return NULL; /* the arithmetic on constants would be left to every run */
    for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
        bool is_fit = false;
        ORT_TRY(fits(graph, orti_graph_node(graph, id), &is_fit));
        if (!is_fit) continue;
        ORT_TRY(rewrite(graph, id));
        *changed = true;
    }
    return NULL;
}
