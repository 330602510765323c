#include "graph/inner.h"

#include <inttypes.h>

/* ---- values ---- */

ort_status *orti_graph_unique_name(orti_graph *graph, const char *prefix, const char **out) {
    orti_text text;
    *out = NULL;
    orti_text_init(&text, graph->arena.alloc);
    ort_status *status = NULL;
    do {
        orti_text_finish(&text);
        orti_text_add(&text, "%s_%" PRIu32, prefix, ++graph->unique_count);
        ORT_TRY_TO(done, status, orti_text_status(&text));
    } while (orti_map_find(&graph->names, text.data, text.length) != ORTI_MAP_NONE);
    ORT_TRY_TO(done, status, orti_arena_string(&graph->arena, text.data, text.length, out));
done:
    orti_text_finish(&text);
    return status;
}

ort_status *orti_graph_add_value(orti_graph *graph, const char *name, orti_value_kind kind, orti_value_id *out) {
    orti_value *value = NULL;
    *out = ORTI_NONE;
    if (graph->value_count == ORTI_NONE - 1) ORT_FAIL(LIMIT_EXCEEDED, "graph '%s' has too many values", graph->name);
    ORT_TRY(orti_arena_alloc(&graph->arena, 1, sizeof *value, &value));
    if (!name || !name[0]) {
        ORT_TRY(orti_graph_unique_name(graph, "value", &value->name));
    } else {
        if (orti_graph_find_value(graph, name) != ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "graph '%s' has two values named '%s'", graph->name, name);
        ORT_TRY(orti_arena_string(&graph->arena, name, strlen(name), &value->name));
    }
    value->kind = kind;
    value->producer = ORTI_NONE;
    value->outer_id = ORTI_NONE;
    ORT_TRY(orti_grow(graph->arena.alloc, &graph->values, &graph->value_capacity, (size_t)graph->value_count + 1,
                      sizeof *graph->values));
    ORT_TRY(orti_map_set(&graph->names, value->name, strlen(value->name), graph->value_count));
    orti_graph_touch(graph);
    *out = graph->value_count;
    graph->values[graph->value_count++] = value;
    return NULL;
}

static void dims_assign(orti_value *value, orti_dim *dims, const int64_t *from, uint32_t rank) {
    for (uint32_t i = 0; i < rank; i++) dims[i] = from[i];
    value->has_shape = true;
    value->rank = rank;
    value->dims = dims;
}

static ort_status *value_set_dims(orti_graph *graph, orti_value *value, const orti_dim *dims, uint32_t rank) {
    orti_dim *copy = NULL;
    if (rank > ORTI_RANK_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "value '%s' has rank %u, the limit is %u", value->name, rank, ORTI_RANK_MAX);
    ORT_TRY(orti_arena_alloc(&graph->arena, rank, sizeof *copy, &copy));
    dims_assign(value, copy, dims, rank);
    return NULL;
}

ort_status *orti_graph_set_shape(orti_graph *graph, orti_value_id id, ort_dtype dtype, const orti_dim *dims,
                                 uint32_t rank) {
    ORT_TRY(orti_graph_check_value(graph, id));
    orti_value *value = graph->values[id];
    if (rank == ORTI_NONE) {
        value->has_shape = false;
        value->rank = 0;
        value->dims = NULL;
    } else {
        ORT_TRY(value_set_dims(graph, value, dims, rank));
    }
    value->dtype = dtype;
    return NULL;
}

static ort_status *value_hold(orti_graph *graph, orti_value *value, orti_tensor *tensor) {
    ORT_TRY(value_set_dims(graph, value, tensor->dims, tensor->rank));
    orti_tensor_retain(tensor);
    orti_tensor_release(value->constant);
    value->type = ORTI_TYPE_TENSOR;
    value->type_text = NULL;
    value->dtype = tensor->dtype;
    value->constant = tensor;
    value->kind = ORTI_VALUE_CONSTANT;
    return NULL;
}

ort_status *orti_graph_add_constant(orti_graph *graph, const char *name, orti_tensor *tensor, orti_value_id *out) {
    orti_value_id id = ORTI_NONE;
    *out = ORTI_NONE;
    if (tensor->rank > ORTI_RANK_MAX) ORT_FAIL(LIMIT_EXCEEDED, "constant '%s' has rank %u", name, tensor->rank);
    ORT_TRY(orti_graph_add_value(graph, name, ORTI_VALUE_INNER, &id));
    ORT_TRY(value_hold(graph, graph->values[id], tensor));
    *out = id;
    return NULL;
}

ort_status *orti_graph_add_capture(orti_graph *graph, const char *name, orti_value_id outer_id, orti_value_id *out) {
    *out = ORTI_NONE;
    if (!graph->outer) ORT_FAIL(INVALID_ARGUMENT, "graph '%s' has no graph around it to capture from", graph->name);
    ORT_TRY(orti_graph_check_value(graph->outer, outer_id));
    const orti_value *from = graph->outer->values[outer_id];
    orti_value_id id = ORTI_NONE;
    ORT_TRY(orti_graph_add_value(graph, name, ORTI_VALUE_CAPTURE, &id));
    orti_value *value = graph->values[id];
    value->outer_id = outer_id;
    value->type = from->type;
    value->dtype = from->dtype;
    if (from->type_text)
        ORT_TRY(orti_arena_string(&graph->arena, from->type_text, strlen(from->type_text), &value->type_text));
    if (from->has_shape) ORT_TRY(value_set_dims(graph, value, from->dims, from->rank));
    *out = id;
    return NULL;
}

ort_status *orti_graph_add_input(orti_graph *graph, orti_value_id id) {
    ORT_TRY(orti_graph_check_value(graph, id));
    orti_value *value = graph->values[id];
    if (value->kind == ORTI_VALUE_CONSTANT || value->kind == ORTI_VALUE_CAPTURE || value->producer != ORTI_NONE)
        ORT_FAIL(INVALID_MODEL, "graph '%s': value '%s' has a value already and can't be an input", graph->name,
                 value->name);
    for (uint32_t i = 0; value->kind == ORTI_VALUE_INPUT && i < graph->inputs.count; i++)
        if (graph->inputs.ids[i] == id)
            ORT_FAIL(INVALID_MODEL, "graph '%s': '%s' is an input twice", graph->name, value->name);
    ORT_TRY(orti_graph_list_add(graph, &graph->inputs, id));
    value->kind = ORTI_VALUE_INPUT;
    orti_graph_touch(graph);
    return NULL;
}

ort_status *orti_graph_add_output(orti_graph *graph, orti_value_id id) {
    ORT_TRY(orti_graph_check_value(graph, id));
    ORT_TRY(orti_graph_list_add(graph, &graph->outputs, id));
    graph->values[id]->is_output = true;
    orti_graph_touch(graph);
    return NULL;
}

/* ---- nodes ---- */

static ort_status *check_inputs(const orti_graph *graph, const orti_value_id *inputs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (inputs[i] != ORTI_NONE) ORT_TRY(orti_graph_check_value(graph, inputs[i]));
    return NULL;
}

static ort_status *check_outputs(const orti_graph *graph, const char *node, const orti_value_id *outputs,
                                 uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (outputs[i] == ORTI_NONE) continue;
        ORT_TRY(orti_graph_check_value(graph, outputs[i]));
        const orti_value *value = graph->values[outputs[i]];
        static const char *const what[] = {"the output of another node", "a graph input", "a constant",
                                           "a value of the graph around"};
        if (value->kind != ORTI_VALUE_INNER || value->producer != ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' produces value '%s', which is %s", graph->name, node,
                     value->name, what[value->kind]);
    }
    return NULL;
}

static ort_status *node_set_name(orti_graph *graph, orti_node *node, const char *name) {
    if (name && name[0]) return orti_arena_string(&graph->arena, name, strlen(name), &node->name);
    orti_text text;
    orti_text_init(&text, graph->arena.alloc);
    orti_text_add(&text, "%s_%" PRIu32, node->op_type, graph->node_count);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&graph->arena, text.data, text.length, &node->name);
    orti_text_finish(&text);
    return status;
}

/* Everything of a node but its place in the graph. */
static ort_status *node_create(orti_graph *graph, const char *name, const char *domain, const char *op_type,
                               const orti_value_id *inputs, uint32_t input_count, const orti_value_id *outputs,
                               uint32_t output_count, orti_node **out) {
    orti_arena *arena = &graph->arena;
    orti_node *node = NULL;
    ORT_TRY(orti_arena_alloc(arena, 1, sizeof *node, &node));
    if (strcmp(domain, "ai.onnx") == 0) domain = "";
    ORT_TRY(orti_arena_string(arena, domain, strlen(domain), &node->domain));
    ORT_TRY(orti_arena_string(arena, op_type, strlen(op_type), &node->op_type));
    ORT_TRY(node_set_name(graph, node, name));
    ORT_TRY(orti_arena_copy(arena, inputs, input_count * sizeof *inputs, &node->inputs));
    ORT_TRY(orti_arena_copy(arena, outputs, output_count * sizeof *outputs, &node->outputs));
    node->input_count = input_count;
    node->output_count = output_count;
    *out = node;
    return NULL;
}

ort_status *orti_graph_add_node(orti_graph *graph, const char *name, const char *domain, const char *op_type,
                                const orti_value_id *inputs, uint32_t input_count, const orti_value_id *outputs,
                                uint32_t output_count, orti_node_id *out) {
    orti_node *node = NULL;
    *out = ORTI_NONE;
    if (graph->node_count == ORTI_NONE - 1) ORT_FAIL(LIMIT_EXCEEDED, "graph '%s' has too many nodes", graph->name);
    ORT_TRY(check_inputs(graph, inputs, input_count));
    ORT_TRY(check_outputs(graph, name && name[0] ? name : op_type, outputs, output_count));
    ORT_TRY(node_create(graph, name, domain, op_type, inputs, input_count, outputs, output_count, &node));
    ORT_TRY(orti_grow(graph->arena.alloc, &graph->nodes, &graph->node_capacity, (size_t)graph->node_count + 1,
                      sizeof *graph->nodes));
    for (uint32_t i = 0; i < output_count; i++) {
        if (outputs[i] == ORTI_NONE) continue;
        orti_value *value = graph->values[outputs[i]];
        if (value->producer == graph->node_count) { /* listed twice by this very node */
            for (uint32_t k = 0; k < i; k++)
                if (outputs[k] != ORTI_NONE) graph->values[outputs[k]]->producer = ORTI_NONE;
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' produces value '%s' twice", graph->name, node->name,
                     value->name);
        }
        value->producer = graph->node_count;
        value->producer_index = i;
    }
    orti_graph_touch(graph);
    *out = graph->node_count;
    graph->nodes[graph->node_count++] = node;
    return NULL;
}

ort_status *orti_graph_set_input(orti_graph *graph, orti_node_id id, uint32_t index, orti_value_id value) {
    ORT_TRY(orti_graph_check_node(graph, id));
    orti_node *node = graph->nodes[id];
    if (index >= node->input_count)
        ORT_FAIL(INVALID_ARGUMENT, "node '%s' has %u inputs, not %u", node->name, node->input_count, index + 1);
    ORT_TRY(check_inputs(graph, &value, 1));
    node->inputs[index] = value;
    orti_graph_touch(graph);
    return NULL;
}

ort_status *orti_graph_set_inputs(orti_graph *graph, orti_node_id id, const orti_value_id *inputs, uint32_t count) {
    orti_value_id *copy = NULL;
    ORT_TRY(orti_graph_check_node(graph, id));
    ORT_TRY(check_inputs(graph, inputs, count));
    ORT_TRY(orti_arena_copy(&graph->arena, inputs, count * sizeof *inputs, &copy));
    graph->nodes[id]->inputs = copy;
    graph->nodes[id]->input_count = count;
    orti_graph_touch(graph);
    return NULL;
}

void orti_graph_remove_node(orti_graph *graph, orti_node_id id) {
    ORT_ASSERT(id < graph->node_count);
    orti_node *node = graph->nodes[id];
    if (node->is_deleted) return;
    node->is_deleted = true;
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] != ORTI_NONE) graph->values[node->outputs[i]]->producer = ORTI_NONE;
    orti_graph_touch(graph);
}

ort_status *orti_graph_make_constant(orti_graph *graph, orti_value_id id, orti_tensor *tensor) {
    ORT_TRY(orti_graph_check_value(graph, id));
    orti_value *value = graph->values[id];
    if (value->kind != ORTI_VALUE_INNER)
        ORT_FAIL(INVALID_ARGUMENT, "graph '%s': value '%s' is not the output of a node", graph->name, value->name);
    ORT_TRY(value_hold(graph, value, tensor));
    if (value->producer != ORTI_NONE) graph->nodes[value->producer]->outputs[value->producer_index] = ORTI_NONE;
    value->producer = ORTI_NONE;
    value->producer_index = 0;
    orti_graph_touch(graph);
    return NULL;
}

ort_status *orti_graph_outline_constants(orti_graph *graph, bool (*is_kept)(void *user, const orti_tensor *tensor),
                                         void *user) {
    for (uint32_t i = 0; i < graph->value_count; i++) {
        orti_value *value = graph->values[i];
        orti_tensor *tensor = value->constant, *outline = NULL;
        if (!tensor || tensor->element_count <= (int64_t)ORTI_KNOWN_MAX || tensor->dtype == ORT_DTYPE_STRING) continue;
        if (value->is_output || is_kept(user, tensor)) continue;
        ORT_TRY(orti_tensor_outline(tensor, &outline));
        value->constant = outline;
        orti_tensor_release(tensor);
    }
    return NULL;
}
