/* Which operator sets a saved model imports, and which IR version it is of. */
#include "load/save_context.h"
#include "ops/ops.h"

#include <string.h>

/* The versions of one domain that every node allows, and who says so. */
typedef struct opset_range {
    const char *domain;
    int32_t least, most;
    const orti_node *least_node, *most_node;
} opset_range;

/* The last operator set in which the node means what it does: the one before its operator changes again. */
static int32_t last_opset(const orti_node *node) {
    const orti_op *newest = orti_op_newest(node->domain, node->op_type);
    if (!newest || node->until_version >= newest->since_version) return INT32_MAX;
    int32_t version = node->until_version;
    while (orti_op_find(node->domain, node->op_type, version + 1)->since_version <= node->until_version) version++;
    return version;
}

static void narrow(opset_range *range, const orti_node *node) {
    if (strcmp(node->domain, range->domain) != 0 || !node->since_version) return;
    const int32_t last = last_opset(node);
    if (node->since_version > range->least) {
        range->least = node->since_version;
        range->least_node = node;
    }
    if (last < range->most) {
        range->most = last;
        range->most_node = node;
    }
}

static void narrow_by_graph(opset_range *range, const orti_graph *graph) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        narrow(range, node);
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            narrow_by_graph(range, orti_node_subgraph(node, i));
    }
}

static ort_status *check_range(const opset_range *range, int32_t version) {
    const char *domain = range->domain[0] ? range->domain : "ai.onnx";
    if (version < range->least)
        ORT_FAIL(UNSUPPORTED, "node '%s' (%s) needs version %d of %s, not %d", range->least_node->name,
                 range->least_node->op_type, (int)range->least, domain, (int)version);
    if (version > range->most)
        ORT_FAIL(UNSUPPORTED, "node '%s' (%s) means what it does up to version %d of %s, not in %d",
                 range->most_node->name, range->most_node->op_type, (int)range->most, domain, (int)version);
    return NULL;
}

static ort_status *import(const orti_model *model, const orti_graph *graph, const char *domain, int32_t wanted,
                          orti_opset *out) {
    opset_range range = {.domain = domain, .most = INT32_MAX};
    int32_t version = orti_model_opset(model, domain);
    narrow_by_graph(&range, graph);
    if (version < range.least) version = range.least;
    if (wanted) version = wanted;
    if (!version) version = domain[0] ? 1 : ORTI_OPSET_MIN;
    *out = (orti_opset){domain, version};
    return check_range(&range, version);
}

static bool is_listed(const orti_opset_list *list, const char *domain) {
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->opsets[i].domain, domain) == 0) return true;
    return false;
}

static void count_domains(const orti_graph *graph, uint32_t *count) {
    *count += orti_graph_node_count(graph);
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++)
        for (uint32_t i = 0; i < orti_node_subgraph_count(orti_graph_node(graph, id)); i++)
            count_domains(orti_node_subgraph(orti_graph_node(graph, id), i), count);
}

/* In the order in which the nodes name them. */
static void list_domains(const orti_graph *graph, orti_opset_list *out) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        if (!is_listed(out, node->domain)) out->opsets[out->count++] = (orti_opset){node->domain, 0};
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            list_domains(orti_node_subgraph(node, i), out);
    }
}

ort_status *orti_save_imports(orti_arena *arena, const orti_model *model, const orti_graph *graph, int32_t opset,
                              orti_opset_list *out) {
    uint32_t capacity = 1;
    count_domains(graph, &capacity);
    ORT_TRY(orti_arena_alloc(arena, capacity, sizeof *out->opsets, &out->opsets));
    if (orti_model_opset(model, "")) out->opsets[out->count++] = (orti_opset){"", 0};
    list_domains(graph, out);
    if (!out->count) out->opsets[out->count++] = (orti_opset){"", 0};
    for (uint32_t i = 0; i < out->count; i++) {
        const char *domain = out->opsets[i].domain;
        ORT_TRY(import(model, graph, domain, domain[0] ? 0 : opset, &out->opsets[i]));
    }
    return NULL;
}

/* ONNX, "Versioning": the IR version that came out with an operator set. Before 4 every initializer is an input too. */
int64_t orti_save_ir_version(const orti_model *model, const orti_opset_list *imports) {
    static const struct {
        int32_t opset;
        int64_t ir;
    } rows[] = {{10, 5}, {11, 6}, {12, 7}, {15, 8}, {19, 9}, {21, 10}, {23, 11}, {24, 12}, {25, 13}, {28, 14}};
    int64_t version = model->ir_version > 4 ? model->ir_version : 4;
    int32_t opset = 0;
    for (uint32_t i = 0; i < imports->count; i++)
        if (!imports->opsets[i].domain[0]) opset = imports->opsets[i].version;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (opset >= rows[i].opset && rows[i].ir > version) version = rows[i].ir;
    return version;
}
