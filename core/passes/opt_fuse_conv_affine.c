/* Mul and Add by constants that are one number a channel go into the weights and the bias of the convolution before.
 * Needs: constants folded. Keeps: names. Breaks: nothing; it writes arithmetic on constants, to be folded. */
#include "passes/pass.h"

typedef struct affine {
    orti_graph *graph;
    orti_node_id conv, next;
    bool is_transposed;
    int64_t channel_count;
    orti_value_id factor; /* the constant operand of `next` */
} affine;

static ort_status *two(orti_graph *graph, const char *op_type, orti_value_id a, orti_value_id b, orti_value_id *out) {
    const orti_value_id inputs[] = {a, b};
    return orti_rewrite_node(graph, op_type, inputs, 2, ORTI_NONE, out);
}

static ort_status *reshape(orti_graph *graph, orti_value_id value, const int64_t *dims, uint32_t rank,
                           orti_value_id *out) {
    orti_value_id shape = ORTI_NONE;
    ORT_TRY(orti_rewrite_ints(graph, dims, rank, &shape));
    return two(graph, "Reshape", value, shape, out);
}

/* True when the tensor broadcasts along axis 1 of a value of `rank` and nowhere else, without growing it. */
static bool is_by_channel(const orti_tensor *tensor, uint32_t rank, int64_t channel_count) {
    if (!tensor || tensor->rank > rank) return false;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint32_t axis = rank - tensor->rank + i;
        if (tensor->dims[i] != 1 && !(axis == 1 && tensor->dims[i] == channel_count)) return false;
    }
    return tensor->element_count == channel_count;
}

/* The weights, when a constant says how many channels come out; a Mul may have made them not yet a constant. */
static const orti_value *weights_of(const orti_graph *graph, const orti_node *conv) {
    return conv->input_count > 1 && conv->inputs[1] != ORTI_NONE ? orti_graph_value(graph, conv->inputs[1]) : NULL;
}

static bool is_conv(const orti_graph *graph, const orti_node *node, affine *out) {
    bool is_plain = orti_rewrite_is(node, "Conv");
    out->is_transposed = orti_rewrite_is(node, "ConvTranspose");
    if (!is_plain && !out->is_transposed) return false;
    const orti_value *weights = weights_of(graph, node);
    if (!weights || !weights->constant || weights->rank < 3) return false;
    int64_t group = orti_node_attr_int(node, "group", 1);
    if (out->is_transposed && group != 1) return false;
    out->channel_count = weights->constant->dims[out->is_transposed ? 1 : 0];
    return true;
}

/* Does the only reader of the convolution scale or shift it by channel? */
static ort_status *find_next(affine *self, bool *out_is_mul, bool *out) {
    const orti_node *conv = orti_graph_node(self->graph, self->conv);
    const uint32_t rank = weights_of(self->graph, conv)->rank;
    *out = false;
    ORT_TRY(orti_rewrite_sole_reader(self->graph, conv->outputs[0], &self->next));
    if (self->next == ORTI_NONE) return NULL;
    const orti_node *next = orti_graph_node(self->graph, self->next);
    *out_is_mul = orti_rewrite_is(next, "Mul");
    if (!*out_is_mul && !orti_rewrite_is(next, "Add")) return NULL;
    uint32_t other = next->inputs[0] == conv->outputs[0] ? 1 : 0;
    const orti_tensor *tensor = orti_rewrite_constant(self->graph, next->inputs[other]);
    if (!is_by_channel(tensor, rank, self->channel_count)) return NULL;
    if (tensor->dtype != weights_of(self->graph, conv)->dtype) return NULL;
    self->factor = next->inputs[other];
    *out = true;
    return NULL;
}

static ort_status *scale_weights(affine *self, orti_value_id *out) {
    const orti_value_id weights = orti_graph_node(self->graph, self->conv)->inputs[1];
    const uint32_t rank = orti_graph_value(self->graph, weights)->rank;
    int64_t dims[ORTI_RANK_MAX];
    orti_value_id factor = ORTI_NONE;
    for (uint32_t i = 0; i < rank; i++) dims[i] = 1;
    dims[self->is_transposed ? 1 : 0] = self->channel_count;
    ORT_TRY(reshape(self->graph, self->factor, dims, rank, &factor));
    ORT_TRY(two(self->graph, "Mul", weights, factor, out));
    const orti_value *like = orti_graph_value(self->graph, weights);
    return orti_graph_set_shape(self->graph, *out, like->dtype, like->dims, rank);
}

/* The bias after the step: scaled, shifted, or made. */
static ort_status *move_bias(affine *self, bool is_mul, orti_value_id *bias) {
    orti_value_id line = ORTI_NONE;
    if (is_mul && *bias == ORTI_NONE) return NULL;
    ORT_TRY(reshape(self->graph, self->factor, &self->channel_count, 1, &line));
    if (*bias == ORTI_NONE) {
        *bias = line;
        return NULL;
    }
    return two(self->graph, is_mul ? "Mul" : "Add", *bias, line, bias);
}

/* The weights and the bias that the chain has so far: nodes are written once for all of it. */
static ort_status *fuse_next(affine *self, bool is_mul) {
    const orti_node *conv = orti_graph_node(self->graph, self->conv);
    orti_value_id weights = conv->inputs[1], bias = orti_rewrite_input(conv, 2);
    if (is_mul) ORT_TRY(scale_weights(self, &weights));
    ORT_TRY(move_bias(self, is_mul, &bias));
    conv = orti_graph_node(self->graph, self->conv);
    const orti_value_id inputs[] = {conv->inputs[0], weights, bias};
    ORT_TRY(orti_graph_set_inputs(self->graph, self->conv, inputs, bias == ORTI_NONE ? 2 : 3));
    const orti_value_id out = orti_graph_node(self->graph, self->next)->outputs[0];
    orti_graph_remove_node(self->graph, self->next);
    orti_rewrite_output(self->graph, self->conv, 0, out);
    return NULL;
}

ort_status *orti_opt_fuse_conv_affine(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    if (!context->options->evaluate) return NULL; /* the arithmetic on constants would be left to every run */
    for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
        affine self = {.graph = graph, .conv = id};
        bool is_mul = false, is_fit = false;
        if (orti_graph_node(graph, id)->is_deleted || !is_conv(graph, orti_graph_node(graph, id), &self)) continue;
        for (;;) {
            ORT_TRY(find_next(&self, &is_mul, &is_fit));
            if (!is_fit) break;
            ORT_TRY(fuse_next(&self, is_mul));
            *changed = true;
        }
    }
    return NULL;
}
