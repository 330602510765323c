/* What passes do to graphs, in a line each. */
#include "passes/pass.h"

#include <string.h>

const orti_allocator *orti_rewrite_alloc(const orti_graph *graph) {
    return orti_graph_arena((orti_graph *)(uintptr_t)graph)->alloc;
}

/* A node of ours uses what every equal version has, so that kernels for an older one may take it. */
void orti_rewrite_bind(orti_node *node) {
    node->op = orti_op_newest(node->domain, node->op_type);
    if (!node->op) return;
    node->since_version = node->op->since_version;
    node->until_version = node->op->last_equal_version;
    for (int32_t version = node->since_version - 1; version > 0; version = node->since_version - 1) {
        const orti_op *older = orti_op_find(node->domain, node->op_type, version);
        if (!older || older->last_equal_version < node->op->since_version) return;
        node->since_version = older->since_version;
    }
}

bool orti_rewrite_is(const orti_node *node, const char *op_type) {
    /* The first letter decides most of the many questions. */
    if (node->is_deleted || node->op_type[0] != op_type[0]) return false;
    return !node->domain[0] && !node->body && strcmp(node->op_type, op_type) == 0;
}

ort_status *orti_rewrite_value(orti_graph *graph, orti_value_id *out) {
    return orti_graph_add_value(graph, NULL, ORTI_VALUE_INNER, out);
}

ort_status *orti_rewrite_node(orti_graph *graph, const char *op_type, const orti_value_id *inputs, uint32_t input_count,
                              orti_value_id output, orti_value_id *out) {
    orti_node_id id = ORTI_NONE;
    *out = ORTI_NONE;
    if (output == ORTI_NONE) ORT_TRY(orti_rewrite_value(graph, &output));
    ORT_TRY(orti_graph_add_node(graph, NULL, "", op_type, inputs, input_count, &output, 1, &id));
    orti_rewrite_bind(orti_graph_node(graph, id));
    *out = output;
    return NULL;
}

void orti_rewrite_output(orti_graph *graph, orti_node_id id, uint32_t index, orti_value_id replacement) {
    orti_node *node = orti_graph_node(graph, id);
    orti_value *old = orti_graph_value(graph, node->outputs[index]), *fresh = orti_graph_value(graph, replacement);
    old->producer = ORTI_NONE;
    old->producer_index = 0;
    fresh->producer = id;
    fresh->producer_index = index;
    node->outputs[index] = replacement;
}

ort_status *orti_rewrite_ints(orti_graph *graph, const int64_t *values, uint32_t count, orti_value_id *out) {
    orti_tensor *tensor = NULL;
    int64_t dims[1] = {count};
    *out = ORTI_NONE;
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(graph), ORT_DTYPE_I64, dims, 1, 0, &tensor));
    if (count) memcpy(tensor->data, values, count * sizeof *values);
    ort_status *status = orti_graph_add_constant(graph, NULL, tensor, out);
    orti_tensor_release(tensor);
    return status;
}

ort_status *orti_rewrite_scalar(orti_graph *graph, ort_dtype dtype, double value, orti_value_id *out) {
    orti_tensor *tensor = NULL;
    int64_t dims[1] = {0};
    *out = ORTI_NONE;
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(graph), dtype, dims, 0, 0, &tensor));
    if (orti_dtype_is_float(dtype))
        orti_dtype_set_f64(dtype, tensor->data, 0, value);
    else
        orti_dtype_set_i64(dtype, tensor->data, 0, (int64_t)value);
    ort_status *status = orti_graph_add_constant(graph, NULL, tensor, out);
    orti_tensor_release(tensor);
    return status;
}

const orti_tensor *orti_rewrite_constant(const orti_graph *graph, orti_value_id value) {
    while (value != ORTI_NONE && orti_graph_value(graph, value)->kind == ORTI_VALUE_CAPTURE) {
        value = orti_graph_value(graph, value)->outer_id;
        graph = orti_graph_outer(graph);
    }
    return value == ORTI_NONE ? NULL : orti_graph_value(graph, value)->constant;
}

ort_status *orti_rewrite_sole_reader(orti_graph *graph, orti_value_id value, orti_node_id *out) {
    const orti_node_id *readers = NULL;
    uint32_t count = 0;
    *out = ORTI_NONE;
    if (orti_graph_value(graph, value)->is_output) return NULL;
    ORT_TRY(orti_graph_consumers(graph, value, &readers, &count));
    if (count == 1) *out = readers[0];
    return NULL;
}

ort_status *orti_rewrite_is_unread(orti_graph *graph, orti_value_id value, bool *out) {
    const orti_node_id *readers = NULL;
    uint32_t count = 0;
    *out = true;
    if (value == ORTI_NONE) return NULL;
    ORT_TRY(orti_graph_consumers(graph, value, &readers, &count));
    *out = count == 0 && !orti_graph_value(graph, value)->is_output;
    return NULL;
}

orti_value_id orti_rewrite_input(const orti_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : ORTI_NONE;
}

bool orti_rewrite_same_shape(const orti_value *a, const orti_value *b) {
    if (!a->has_shape || !b->has_shape || a->rank != b->rank) return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dims[i] == ORTI_DIM_INVALID || a->dims[i] != b->dims[i]) return false;
    return true;
}
