/* Operators of com.microsoft that ONNX's own say in a node or two become these, so that kernels, fusions and passes
 * know one form of each: FastGelu, BiasGelu, Gelu, QuickGelu, FusedMatMul, FusedConv, SimplifiedLayerNormalization
 * (which old exporters write in ONNX's own domain). Needs: bound nodes at their newest version. Keeps: ids and outputs'
 * names. Breaks: shapes, until inference runs. */
#include "passes/pass.h"

#include <string.h>

static void rename_to(orti_node *node, const char *op_type) {
    node->domain = "";
    node->op_type = op_type;
    orti_rewrite_bind(node);
}

/* The node reads the sum of its two inputs, where it has two, as its only one. */
static ort_status *add_first(orti_graph *graph, orti_node_id id) {
    const orti_node *node = orti_graph_node(graph, id);
    orti_value_id sum = node->inputs[0];
    if (orti_rewrite_input(node, 1) != ORTI_NONE)
        ORT_TRY(orti_rewrite_node(graph, "Add", node->inputs, 2, ORTI_NONE, &sum));
    return orti_graph_set_inputs(graph, id, &sum, 1);
}

static ort_status *gelu(orti_graph *graph, orti_node_id id, bool *out_did) {
    ORT_TRY(add_first(graph, id));
    rename_to(orti_graph_node(graph, id), "Gelu");
    *out_did = true;
    return NULL;
}

static ort_status *fast_gelu(orti_graph *graph, orti_node_id id, bool *out_did) {
    ORT_TRY(orti_graph_set_attr_string(graph, id, "approximate", "tanh"));
    return gelu(graph, id, out_did);
}

static ort_status *quick_gelu(orti_graph *graph, orti_node_id id, bool *out_did) {
    const float alpha = orti_node_attr_float(orti_graph_node(graph, id), "alpha", 1.702f);
    ORT_TRY(orti_graph_set_attr_float(graph, id, "alpha", alpha));
    rename_to(orti_graph_node(graph, id), "Swish");
    *out_did = true;
    return NULL;
}

static ort_status *simplified_norm(orti_graph *graph, orti_node_id id, bool *out_did) {
    orti_node *node = orti_graph_node(graph, id);
    if (node->output_count > 1 && node->outputs[1] != ORTI_NONE) return NULL;
    node->output_count = 1;
    rename_to(node, "RMSNormalization");
    *out_did = true;
    return NULL;
}

static ort_status *fused_matmul(orti_graph *graph, orti_node_id id, bool *out_did) {
    static const char *const turns[] = {"transA", "transB", "transBatchA", "transBatchB"};
    orti_node *node = orti_graph_node(graph, id);
    const float alpha = orti_node_attr_float(node, "alpha", 1);
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
        if (orti_node_attr_int(node, turns[i], 0)) return NULL;
    if (alpha < 1 || alpha > 1) return NULL;
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) orti_graph_remove_attr(graph, id, turns[i]);
    orti_graph_remove_attr(graph, id, "alpha");
    rename_to(orti_graph_node(graph, id), "MatMul");
    *out_did = true;
    return NULL;
}

/* An activation by name, and what its parameters are called. */
typedef struct act_form {
    const char *name, *attrs[2];
} act_form;
static const act_form act_forms[] = {{"Relu", {NULL, NULL}},
                                     {"Sigmoid", {NULL, NULL}},
                                     {"Tanh", {NULL, NULL}},
                                     {"LeakyRelu", {"alpha", NULL}},
                                     {"HardSigmoid", {"alpha", "beta"}}};

static const act_form *act_find(const char *name) {
    for (size_t i = 0; i < sizeof act_forms / sizeof *act_forms; i++)
        if (strcmp(act_forms[i].name, name) == 0) return &act_forms[i];
    return NULL;
}

static ort_status *activate(orti_graph *graph, const act_form *form, const float *params, uint32_t count,
                            orti_value_id in, orti_value_id out) {
    orti_value_id made = ORTI_NONE;
    ORT_TRY(orti_rewrite_node(graph, form->name, &in, 1, out, &made));
    const orti_node_id id = orti_graph_value(graph, made)->producer;
    for (uint32_t i = 0; i < 2 && i < count && form->attrs[i]; i++)
        ORT_TRY(orti_graph_set_attr_float(graph, id, form->attrs[i], params[i]));
    return NULL;
}

/* activation(Conv(X, W, B) + Z) */
static ort_status *fused_conv(orti_graph *graph, orti_node_id id, bool *out_did) {
    orti_node *node = orti_graph_node(graph, id);
    const char *name = orti_node_attr_string(node, "activation", "");
    const orti_attr *params = orti_node_attr(node, "activation_params");
    const act_form *form = *name ? act_find(name) : NULL;
    const uint32_t count = params && params->kind == ORTI_ATTR_FLOATS ? params->count : 0;
    const float *numbers = count ? params->floats : NULL;
    const orti_value_id addend = orti_rewrite_input(node, 3), out = node->outputs[0];
    orti_value_id result, sum;
    if (*name && !form) return NULL;
    const orti_value_id inputs[] = {node->inputs[0], node->inputs[1], orti_rewrite_input(node, 2)};
    ORT_TRY(orti_graph_set_inputs(graph, id, inputs, inputs[2] != ORTI_NONE ? 3 : 2));
    orti_graph_remove_attr(graph, id, "activation");
    orti_graph_remove_attr(graph, id, "activation_params");
    rename_to(orti_graph_node(graph, id), "Conv");
    *out_did = true;
    if (!form && addend == ORTI_NONE) return NULL;
    ORT_TRY(orti_rewrite_value(graph, &result));
    orti_rewrite_output(graph, id, 0, result);
    if (addend != ORTI_NONE) {
        const orti_value_id both[] = {result, addend};
        ORT_TRY(orti_rewrite_node(graph, "Add", both, 2, form ? ORTI_NONE : out, &sum));
        result = sum;
    }
    return form ? activate(graph, form, numbers, count, result, out) : NULL;
}

typedef struct form {
    const char *domain, *op_type;
    ort_status *(*run)(orti_graph *graph, orti_node_id id, bool *out_did);
} form;
static const form forms[] = {
    {"", "SimplifiedLayerNormalization", simplified_norm},
    {"com.microsoft", "BiasGelu", gelu},
    {"com.microsoft", "FastGelu", fast_gelu},
    {"com.microsoft", "FusedConv", fused_conv},
    {"com.microsoft", "FusedMatMul", fused_matmul},
    {"com.microsoft", "Gelu", gelu},
    {"com.microsoft", "QuickGelu", quick_gelu},
    {"com.microsoft", "SimplifiedLayerNormalization", simplified_norm},
};

static const form *form_find(const orti_node *node) {
    for (size_t i = 0; node->op && !node->body && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].domain, node->domain) == 0 && strcmp(forms[i].op_type, node->op_type) == 0)
            return &forms[i];
    return NULL;
}

ort_status *orti_lower_standard_forms(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        for (uint32_t i = 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_lower_standard_forms(orti_node_subgraph(node, i), context, changed));
        const form *found = form_find(node);
        if (found) ORT_TRY(ORT_NOTE(found->run(graph, id, changed), "node '%s' (%s)", node->name, node->op_type));
    }
    return NULL;
}
