/* Nodes that give back what they get go.
 * Needs: inference (element types, shapes). Keeps: the outputs' names. Breaks: nothing. */
#include "passes/pass.h"

#include <string.h>

typedef struct candidate {
    orti_graph *graph;
    const orti_node *node;
    const orti_value *in, *out;
} candidate;

/* Every number of input `index` is `number`; an input left out counts as such. */
static bool all_are(const candidate *c, uint32_t index, int64_t number) {
    const orti_tensor *tensor = orti_rewrite_constant(c->graph, orti_rewrite_input(c->node, index));
    if (orti_rewrite_input(c->node, index) == ORTI_NONE) return true;
    if (!tensor || !orti_dtype_is_integer(tensor->dtype)) return false;
    for (int64_t i = 0; i < tensor->element_count; i++)
        if (orti_dtype_get_i64(tensor->dtype, tensor->data, i) != number) return false;
    return true;
}

static bool always(const candidate *c) {
    return c->node->output_count == 1;
}

/* Dropout-12: without training_mode it passes its input on; the mask must be unread. */
static bool dropout(const candidate *c) {
    return orti_rewrite_input(c->node, 2) == ORTI_NONE &&
           (c->node->output_count < 2 || c->node->outputs[1] == ORTI_NONE);
}

static bool cast(const candidate *c) {
    return c->in->dtype != ORT_DTYPE_NONE && (int64_t)c->in->dtype == orti_node_attr_int(c->node, "to", 0);
}

static bool same_shape(const candidate *c) {
    return orti_rewrite_same_shape(c->in, c->out);
}

static bool transpose(const candidate *c) {
    const orti_attr *perm = orti_node_attr(c->node, "perm");
    if (!perm || perm->kind != ORTI_ATTR_INTS) return c->in->has_shape && c->in->rank < 2;
    for (uint32_t i = 0; i < perm->count; i++)
        if (perm->ints[i] != (int64_t)i) return false;
    return true;
}

static bool pad(const candidate *c) {
    return all_are(c, 1, 0);
}

/* Slice-13: an equal shape with steps of 1 is the whole. */
static bool slice(const candidate *c) {
    return all_are(c, 4, 1) && same_shape(c);
}

static bool single(const candidate *c) {
    return c->node->input_count == 1;
}

static const struct {
    const char *op_type;
    bool (*gives_back)(const candidate *c);
} rules[] = {{"Identity", always},     {"Dropout", dropout},
             {"Cast", cast},           {"Reshape", same_shape},
             {"Flatten", same_shape},  {"Squeeze", same_shape},
             {"Expand", same_shape},   {"Unsqueeze", same_shape},
             {"Transpose", transpose}, {"Pad", pad},
             {"Slice", slice},         {"Concat", single},
             {"Sum", single},          {"Max", single},
             {"Min", single},          {"Mean", single}};

static bool gives_back(const candidate *c) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (orti_rewrite_is(c->node, rules[i].op_type)) return rules[i].gives_back(c);
    return false;
}

/* A graph output keeps its name: only an inner value that is no output itself can take it over. */
static bool can_stand_in(const candidate *c) {
    return !c->out->is_output || (c->in->kind == ORTI_VALUE_INNER && !c->in->is_output);
}

ort_status *orti_opt_identity(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    (void)context;
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        orti_value_id in = orti_rewrite_input(node, 0), out = node->output_count ? node->outputs[0] : ORTI_NONE;
        if (node->is_deleted || in == ORTI_NONE || out == ORTI_NONE) continue;
        candidate c = {graph, node, orti_graph_value(graph, in), orti_graph_value(graph, out)};
        if (!gives_back(&c) || !can_stand_in(&c)) continue;
        ORT_TRY(orti_graph_replace_value(graph, out, in));
        orti_graph_remove_node(graph, id);
        *changed = true;
    }
    return NULL;
}
