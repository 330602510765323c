/* Constant nodes become constants of the graph.
 * Needs: nothing. Keeps: names of values. Breaks: nothing. */
#include "passes/pass.h"

#include <string.h>

static ort_status *from_numbers(const orti_graph *graph, ort_dtype dtype, const void *data, int64_t count,
                                uint32_t rank, orti_tensor **out) {
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(graph), dtype, &count, rank, 0, out));
    if ((*out)->size_bytes) memcpy((*out)->data, data, (*out)->size_bytes);
    return NULL;
}

/* One buffer: offsets[n+1], then the bytes (tensor.h). */
static ort_status *from_strings(const orti_graph *graph, const char *const *strings, const uint64_t *lengths,
                                int64_t count, uint32_t rank, orti_tensor **out) {
    uint64_t bytes = 0;
    for (int64_t i = 0; i < count; i++) bytes += lengths[i];
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(graph), ORT_DTYPE_STRING, &count, rank, bytes, out));
    int64_t *offsets = (*out)->data;
    char *text = (char *)(offsets + count + 1);
    offsets[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        if (lengths[i]) memcpy(text + offsets[i], strings[i], lengths[i]);
        offsets[i + 1] = offsets[i] + (int64_t)lengths[i];
    }
    return NULL;
}

static ort_status *from_attr(const orti_graph *graph, const orti_node *node, const orti_attr *attr, orti_tensor **out) {
    uint64_t length = attr->count;
    switch (attr->kind) {
    case ORTI_ATTR_TENSOR:
        *out = orti_tensor_retain(attr->tensor);
        return NULL;
    case ORTI_ATTR_FLOAT:
        return from_numbers(graph, ORT_DTYPE_F32, &attr->f, 1, 0, out);
    case ORTI_ATTR_INT:
        return from_numbers(graph, ORT_DTYPE_I64, &attr->i, 1, 0, out);
    case ORTI_ATTR_FLOATS:
        return from_numbers(graph, ORT_DTYPE_F32, attr->floats, attr->count, 1, out);
    case ORTI_ATTR_INTS:
        return from_numbers(graph, ORT_DTYPE_I64, attr->ints, attr->count, 1, out);
    case ORTI_ATTR_STRING:
        return from_strings(graph, &attr->text, &length, 1, 0, out);
    case ORTI_ATTR_STRINGS:
        return from_strings(graph, attr->strings, attr->string_lengths, attr->count, 1, out);
    default:
        ORT_FAIL(UNSUPPORTED, "node '%s' (Constant): attribute '%s' of kind %u is not read yet", node->name, attr->name,
                 (unsigned)attr->kind);
    }
}

static ort_status *lower_node(orti_graph *graph, orti_node_id id) {
    const orti_node *node = orti_graph_node(graph, id);
    orti_tensor *tensor = NULL;
    ort_status *status = NULL;
    if (node->attr_count != 1 || node->output_count != 1 || node->outputs[0] == ORTI_NONE)
        ORT_FAIL(INVALID_MODEL, "node '%s' (Constant): has %u attributes and %u outputs, needs one of each", node->name,
                 node->attr_count, node->output_count);
    ORT_TRY_TO(done, status, from_attr(graph, node, &node->attrs[0], &tensor));
    ORT_TRY_TO(done, status, orti_graph_make_constant(graph, node->outputs[0], tensor));
    orti_graph_remove_node(graph, id);
done:
    orti_tensor_release(tensor);
    return status;
}

ort_status *orti_lower_constant(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        for (uint32_t i = 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(orti_lower_constant(orti_node_subgraph(node, i), context, changed));
        if (!orti_rewrite_is(node, "Constant")) continue;
        ORT_TRY(lower_node(graph, id));
        *changed = true;
    }
    return NULL;
}
