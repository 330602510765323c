/* Nodes that compute the same from the same are one.
 * Needs: nothing. Keeps: names of the graph's outputs. Breaks: nothing; the nodes without readers are dead code. */
#include "passes/pass.h"

#include <string.h>

#define SMALL_CONSTANT_BYTES 256u /* axes, shapes, scalars: equal ones count as one */

typedef struct search {
    orti_graph *graph;
    orti_map nodes, constants; /* by what they are */
    orti_text key;
} search;

static void add_bytes(search *self, const void *data, size_t size_bytes) {
    orti_text_add_bytes(&self->key, data, size_bytes);
}

static void add_number(search *self, uint64_t number) {
    add_bytes(self, &number, sizeof number);
}

static void add_text(search *self, const char *text) {
    add_bytes(self, text, strlen(text) + 1);
}

/* The first small constant with the same contents, or the value itself. */
static ort_status *first_equal(search *self, orti_value_id id, orti_value_id *out) {
    const orti_tensor *tensor = orti_rewrite_constant(self->graph, id);
    *out = id;
    if (!tensor || tensor->size_bytes > SMALL_CONSTANT_BYTES || tensor->dtype == ORT_DTYPE_STRING) return NULL;
    self->key.length = 0;
    add_number(self, tensor->dtype);
    add_number(self, tensor->rank);
    add_bytes(self, tensor->dims, tensor->rank * sizeof *tensor->dims);
    if (tensor->size_bytes) add_bytes(self, tensor->data, tensor->size_bytes);
    ORT_TRY(orti_text_status(&self->key));
    uint32_t found = orti_map_find(&self->constants, self->key.data, self->key.length);
    if (found == ORTI_MAP_NONE) return orti_map_set(&self->constants, self->key.data, self->key.length, id);
    *out = found;
    return NULL;
}

/* False for what can't be compared. */
static bool add_attr(search *self, const orti_attr *attr) {
    add_text(self, attr->name);
    add_number(self, (uint64_t)attr->kind);
    add_number(self, attr->count);
    switch (attr->kind) {
    case ORTI_ATTR_INT:
        add_bytes(self, &attr->i, sizeof attr->i);
        return true;
    case ORTI_ATTR_FLOAT:
        add_bytes(self, &attr->f, sizeof attr->f);
        return true;
    case ORTI_ATTR_STRING:
        add_bytes(self, attr->text, attr->count);
        return true;
    case ORTI_ATTR_INTS:
        add_bytes(self, attr->ints, attr->count * sizeof *attr->ints);
        return true;
    case ORTI_ATTR_FLOATS:
        add_bytes(self, attr->floats, attr->count * sizeof *attr->floats);
        return true;
    default:
        return false;
    }
}

static bool is_comparable(const search *self, const orti_node *node) {
    static const char *const random[] = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
                                         "Bernoulli",    "Multinomial",      "Dropout"};
    if (node->is_deleted || orti_node_subgraph_count(node) || !node->op || node->output_count != 1) return false;
    for (size_t i = 0; i < sizeof random / sizeof *random; i++)
        if (strcmp(random[i], node->op_type) == 0) return false;
    return node->outputs[0] != ORTI_NONE && !orti_graph_value(self->graph, node->outputs[0])->is_output;
}

/* Writes into `key` what the node is; inputs first, because their own keys use the same text. */
static ort_status *describe(search *self, const orti_node *node, bool *out_is_comparable) {
    orti_value_id ids[16];
    *out_is_comparable = is_comparable(self, node) && node->input_count <= 16;
    if (!*out_is_comparable) return NULL;
    for (uint32_t i = 0; i < node->input_count; i++) ORT_TRY(first_equal(self, node->inputs[i], &ids[i]));
    self->key.length = 0;
    add_text(self, node->domain);
    add_text(self, node->op_type);
    add_number(self, (uint64_t)node->until_version);
    add_number(self, node->input_count);
    add_bytes(self, ids, node->input_count * sizeof *ids);
    for (uint32_t i = 0; i < node->attr_count && *out_is_comparable; i++)
        *out_is_comparable = add_attr(self, &node->attrs[i]);
    return orti_text_status(&self->key);
}

static ort_status *merge(search *self, orti_node_id id, bool *changed) {
    const orti_node *node = orti_graph_node(self->graph, id);
    bool can_compare = false;
    ORT_TRY(describe(self, node, &can_compare));
    if (!can_compare) return NULL;
    uint32_t found = orti_map_find(&self->nodes, self->key.data, self->key.length);
    if (found == ORTI_MAP_NONE) return orti_map_set(&self->nodes, self->key.data, self->key.length, id);
    orti_value_id to = orti_graph_node(self->graph, found)->outputs[0];
    ORT_TRY(orti_graph_replace_value(self->graph, node->outputs[0], to));
    orti_graph_remove_node(self->graph, id);
    *changed = true;
    return NULL;
}

ort_status *orti_opt_common_subexpressions(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    const orti_allocator *alloc = orti_rewrite_alloc(graph);
    search self = {.graph = graph};
    const orti_node_id *order = NULL;
    orti_node_id *ids = NULL;
    uint32_t count = 0;
    ort_status *status = NULL;
    (void)context;
    orti_map_init(&self.nodes, alloc);
    orti_map_init(&self.constants, alloc);
    orti_text_init(&self.key, alloc);
    ORT_TRY_TO(done, status, orti_graph_order(graph, &order, &count));
    ORT_TRY_TO(done, status, orti_alloc(alloc, count, sizeof *ids, &ids));
    if (count) memcpy(ids, order, count * sizeof *ids);
    for (uint32_t i = 0; i < count; i++) ORT_TRY_TO(done, status, merge(&self, ids[i], changed));
done:
    orti_free(alloc, ids);
    orti_text_finish(&self.key);
    orti_map_finish(&self.constants);
    orti_map_finish(&self.nodes);
    return status;
}
