#include "graph/inner.h"

static ort_status *strings_copy(orti_graph *graph, const orti_attr *from, orti_attr *to) {
    const char **strings = NULL;
    uint64_t *lengths = NULL;
    ORT_TRY(orti_arena_alloc(&graph->arena, from->count, sizeof *strings, &strings));
    ORT_TRY(orti_arena_alloc(&graph->arena, from->count, sizeof *lengths, &lengths));
    for (uint32_t i = 0; i < from->count; i++) {
        lengths[i] = from->string_lengths ? from->string_lengths[i] : strlen(from->strings[i]);
        ORT_TRY(orti_arena_string(&graph->arena, from->strings[i], (size_t)lengths[i], &strings[i]));
    }
    to->strings = strings;
    to->string_lengths = lengths;
    return NULL;
}

static ort_status *lists_copy(orti_graph *graph, const orti_attr *from, orti_attr *to) {
    orti_arena *arena = &graph->arena;
    size_t count = from->count;
    if (from->floats) ORT_TRY(orti_arena_copy(arena, from->floats, count * sizeof *from->floats, &to->floats));
    if (from->ints) ORT_TRY(orti_arena_copy(arena, from->ints, count * sizeof *from->ints, &to->ints));
    if (from->graphs) ORT_TRY(orti_arena_copy(arena, from->graphs, count * sizeof *from->graphs, &to->graphs));
    if (from->tensors) ORT_TRY(orti_arena_copy(arena, from->tensors, count * sizeof *from->tensors, &to->tensors));
    if (from->strings) ORT_TRY(strings_copy(graph, from, to));
    return NULL;
}

ort_status *orti_graph_attr_copy(orti_graph *graph, const orti_attr *from, orti_attr *to) {
    orti_attr copy = *from;
    ORT_TRY(orti_arena_string(&graph->arena, from->name, strlen(from->name), &copy.name));
    if (from->text) {
        size_t length = from->kind == ORTI_ATTR_STRING ? from->count : strlen(from->text);
        ORT_TRY(orti_arena_string(&graph->arena, from->text, length, &copy.text));
    }
    ORT_TRY(lists_copy(graph, from, &copy));
    /* Last, so that a failure above has retained nothing. */
    if (copy.tensor) orti_tensor_retain(copy.tensor);
    for (uint32_t i = 0; copy.tensors && i < copy.count; i++) orti_tensor_retain(copy.tensors[i]);
    *to = copy;
    return NULL;
}

static void attr_graphs_destroy(const orti_attr *attr) {
    orti_graph_destroy(attr->graph);
    for (uint32_t i = 0; attr->graphs && i < attr->count; i++) orti_graph_destroy(attr->graphs[i]);
}

void orti_graph_attr_release(orti_attr *attr) {
    attr_graphs_destroy(attr);
    orti_tensor_release(attr->tensor);
    for (uint32_t i = 0; attr->tensors && i < attr->count; i++) orti_tensor_release(attr->tensors[i]);
}

static orti_attr *attr_find(const orti_node *node, const char *name) {
    for (uint32_t i = 0; i < node->attr_count; i++)
        if (strcmp(node->attrs[i].name, name) == 0) return &node->attrs[i];
    return NULL;
}

/* The slot for a new attribute. Attributes are few: the array grows by doubling inside the arena. */
static ort_status *attr_slot(orti_graph *graph, orti_node *node, orti_attr **out) {
    uint32_t count = node->attr_count;
    if ((count & (count - 1)) == 0) { /* 0 or a power of two: full */
        orti_attr *larger = NULL;
        ORT_TRY(orti_arena_alloc(&graph->arena, count ? 2 * (size_t)count : 1, sizeof *larger, &larger));
        if (count) memcpy(larger, node->attrs, count * sizeof *larger);
        node->attrs = larger;
    }
    *out = &node->attrs[count];
    return NULL;
}

/* What every reader relies on without looking. */
static ort_status *attr_check(const orti_attr *attr) {
    bool is_list = attr->count != 0;
    bool is_missing = (attr->kind == ORTI_ATTR_GRAPH && !attr->graph) ||
                      (attr->kind == ORTI_ATTR_GRAPHS && is_list && !attr->graphs) ||
                      ((attr->kind == ORTI_ATTR_TENSOR || attr->kind == ORTI_ATTR_SPARSE) && !attr->tensor) ||
                      (attr->kind == ORTI_ATTR_TENSORS && is_list && !attr->tensors) ||
                      (attr->kind == ORTI_ATTR_INTS && is_list && !attr->ints) ||
                      (attr->kind == ORTI_ATTR_FLOATS && is_list && !attr->floats) ||
                      (attr->kind == ORTI_ATTR_STRINGS && is_list && !attr->strings) ||
                      ((attr->kind == ORTI_ATTR_STRING || attr->kind == ORTI_ATTR_REF) && !attr->text);
    if (is_missing) ORT_FAIL(INVALID_ARGUMENT, "attribute '%s' has no value of its kind", attr->name);
    return NULL;
}

ort_status *orti_graph_set_attr(orti_graph *graph, orti_node_id id, const orti_attr *attr) {
    ort_status *status = NULL;
    orti_attr copy = {0}, *slot = NULL;
    ORT_TRY_TO(done, status, orti_graph_check_node(graph, id));
    ORT_TRY_TO(done, status, attr_check(attr));
    orti_node *node = graph->nodes[id];
    slot = attr_find(node, attr->name);
    bool is_new = !slot;
    if (is_new) ORT_TRY_TO(done, status, attr_slot(graph, node, &slot));
    ORT_TRY_TO(done, status, orti_graph_attr_copy(graph, attr, &copy));
    if (is_new)
        node->attr_count++;
    else
        orti_graph_attr_release(slot);
    *slot = copy;
    orti_graph_touch(graph);
done:
    if (status) attr_graphs_destroy(attr);
    return status;
}

ort_status *orti_graph_set_attr_int(orti_graph *graph, orti_node_id node, const char *name, int64_t value) {
    return orti_graph_set_attr(graph, node, &(orti_attr){.name = name, .kind = ORTI_ATTR_INT, .count = 1, .i = value});
}

ort_status *orti_graph_set_attr_ints(orti_graph *graph, orti_node_id node, const char *name, const int64_t *values,
                                     uint32_t count) {
    return orti_graph_set_attr(graph, node,
                               &(orti_attr){.name = name, .kind = ORTI_ATTR_INTS, .count = count, .ints = values});
}

ort_status *orti_graph_set_attr_float(orti_graph *graph, orti_node_id node, const char *name, float value) {
    return orti_graph_set_attr(graph, node,
                               &(orti_attr){.name = name, .kind = ORTI_ATTR_FLOAT, .count = 1, .f = value});
}

ort_status *orti_graph_set_attr_string(orti_graph *graph, orti_node_id node, const char *name, const char *value) {
    size_t length = strlen(value);
    if (length > UINT32_MAX) ORT_FAIL(LIMIT_EXCEEDED, "attribute '%s' of %zu bytes", name, length);
    return orti_graph_set_attr(
        graph, node, &(orti_attr){.name = name, .kind = ORTI_ATTR_STRING, .count = (uint32_t)length, .text = value});
}

void orti_graph_remove_attr(orti_graph *graph, orti_node_id id, const char *name) {
    ORT_ASSERT(id < graph->node_count);
    orti_node *node = graph->nodes[id];
    orti_attr *attr = attr_find(node, name);
    if (!attr) return;
    orti_graph_attr_release(attr);
    /* The array grows when the count is a power of two: a smaller one would be replaced too early, never too late. */
    node->attr_count--;
    memmove(attr, attr + 1, (size_t)(node->attrs + node->attr_count - attr) * sizeof *attr);
    orti_graph_touch(graph);
}

const orti_attr *orti_node_attr(const orti_node *node, const char *name) {
    return attr_find(node, name);
}

static const orti_attr *attr_of_kind(const orti_node *node, const char *name, orti_attr_kind kind) {
    const orti_attr *attr = attr_find(node, name);
    return attr && attr->kind == kind ? attr : NULL;
}

int64_t orti_node_attr_int(const orti_node *node, const char *name, int64_t fallback) {
    const orti_attr *attr = attr_of_kind(node, name, ORTI_ATTR_INT);
    return attr ? attr->i : fallback;
}

float orti_node_attr_float(const orti_node *node, const char *name, float fallback) {
    const orti_attr *attr = attr_of_kind(node, name, ORTI_ATTR_FLOAT);
    return attr ? attr->f : fallback;
}

const char *orti_node_attr_string(const orti_node *node, const char *name, const char *fallback) {
    const orti_attr *attr = attr_of_kind(node, name, ORTI_ATTR_STRING);
    return attr ? attr->text : fallback;
}
