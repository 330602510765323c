/* What a view tells lies in one lent block, so that a pointer which is kept too long is found; the view itself stays as
 * a stub until the host ends, so that a question asked too late is answered with a failure. */
#include "host/graph.h"
#include "host/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct told {
    ortc_graph graph;
    ortp_graph_info info;
    ortp_node_info nodes[ORTC_NODES_MAX];
    ortp_value_info values[ORTC_VALUES_MAX];
    ortp_constant constants[ORTC_VALUES_MAX];
    ortp_attr_info attrs[ORTC_NODES_MAX][ORTC_ATTRS_MAX];
    uint32_t order[ORTC_NODES_MAX], inputs[ORTC_VALUES_MAX], outputs[ORTC_VALUES_MAX];
    uint32_t consumers[ORTC_VALUES_MAX][ORTC_NODES_MAX * ORTC_EDGES_MAX];
    char names[ORTC_NODES_MAX][48], texts[ORTC_EXPRS_MAX][48];
} told;

struct ortp_view {
    ortc_host *host;
    told *told;
    void *data[ORTC_VALUES_MAX]; /* of constants */
    atomic_bool is_open;
    ortp_view *next;
};

static const uint32_t dtype_bytes[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F32] = 4, [ORT_DTYPE_U8] = 1,  [ORT_DTYPE_I8] = 1,   [ORT_DTYPE_U16] = 2, [ORT_DTYPE_I16] = 2,
    [ORT_DTYPE_I32] = 4, [ORT_DTYPE_I64] = 8, [ORT_DTYPE_BOOL] = 1, [ORT_DTYPE_F16] = 2, [ORT_DTYPE_F64] = 8,
    [ORT_DTYPE_U32] = 4, [ORT_DTYPE_U64] = 8, [ORT_DTYPE_BF16] = 2};

uint32_t ortc_dtype_bytes(uint32_t dtype) {
    return dtype < ORT_DTYPE_COUNT ? dtype_bytes[dtype] : 0;
}

uint32_t ortc_graph_value(ortc_graph *graph, const char *name, uint32_t dtype, uint32_t rank, const ortp_dim *dims) {
    ortc_value *value = &graph->values[graph->value_count];
    *value = (ortc_value){.name = name, .dtype = dtype, .rank = rank};
    if (rank) memcpy(value->dims, dims, rank * sizeof *dims);
    return graph->value_count++;
}

static uint32_t edges_copy(uint32_t *to, const uint32_t *from) {
    uint32_t count = 0;
    for (; from[count] != ORTP_NONE; count++) to[count] = from[count];
    return count;
}

uint32_t ortc_graph_node(ortc_graph *graph, const char *domain, const char *op_type, int32_t since_version,
                         const uint32_t *inputs, const uint32_t *outputs) {
    ortc_node *node = &graph->nodes[graph->node_count];
    *node = (ortc_node){
        .domain = domain, .op_type = op_type, .since_version = since_version, .until_version = since_version};
    node->input_count = edges_copy(node->inputs, inputs);
    node->output_count = edges_copy(node->outputs, outputs);
    return graph->node_count++;
}

int64_t ortc_dim_number(const ortc_graph *graph, ortp_dim dim, const int64_t *symbols, uint64_t symbol_count) {
    if (dim >= 0) return dim;
    uint64_t index = (uint64_t)(-1 - dim);
    if (index >= graph->expr_count) return ORTP_DIM_UNKNOWN;
    const ortc_expr *expr = &graph->exprs[index];
    if (expr->symbol >= symbol_count || symbols[expr->symbol] == ORTP_DIM_UNKNOWN) return ORTP_DIM_UNKNOWN;
    return expr->scale * symbols[expr->symbol] + expr->offset;
}

static ort_string_view text_view(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

/* ---- telling ---- */

static void attr_tell(ortp_attr_info *info, const ortc_attr *attr) {
    *info =
        (ortp_attr_info){.size = sizeof *info, .kind = attr->kind, .name = text_view(attr->name), .count = attr->count};
    if (attr->kind == ORTP_ATTR_FLOAT)
        info->floats = &attr->number;
    else
        info->ints = attr->ints;
}

static void node_tell(told *t, uint32_t id) {
    const ortc_node *node = &t->graph.nodes[id];
    snprintf(t->names[id], sizeof t->names[id], "node %u (%s)", id, node->op_type);
    t->order[id] = id;
    t->nodes[id] = (ortp_node_info){.size = sizeof(ortp_node_info),
                                    .name = text_view(t->names[id]),
                                    .domain = text_view(node->domain),
                                    .op_type = text_view(node->op_type),
                                    .since_version = node->since_version,
                                    .until_version = node->until_version,
                                    .input_count = node->input_count,
                                    .output_count = node->output_count,
                                    .inputs = node->inputs,
                                    .outputs = node->outputs,
                                    .attr_count = node->attr_count};
    for (uint32_t i = 0; i < node->attr_count; i++) attr_tell(&t->attrs[id][i], &node->attrs[i]);
}

static uint32_t producer_of(const ortc_graph *graph, uint32_t value) {
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t o = 0; o < graph->nodes[n].output_count; o++)
            if (graph->nodes[n].outputs[o] == value) return n;
    return ORTP_NONE;
}

static uint32_t consumers_tell(told *t, uint32_t value) {
    uint32_t count = 0;
    for (uint32_t n = 0; n < t->graph.node_count; n++)
        for (uint32_t i = 0; i < t->graph.nodes[n].input_count; i++)
            if (t->graph.nodes[n].inputs[i] == value) {
                t->consumers[value][count++] = n;
                break;
            }
    return count;
}

static bool constant_tell(ortp_view *view, uint32_t id) {
    const ortc_value *value = &view->told->graph.values[id];
    view->data[id] = ortc_block_create(view->host, ORTC_USE_LENT, value->size_bytes, 64);
    if (!view->data[id]) return false;
    memcpy(view->data[id], value->data, value->size_bytes);
    view->told->constants[id] = (ortp_constant){.size = sizeof(ortp_constant),
                                                .dtype = value->dtype,
                                                .rank = value->rank,
                                                .align_bytes = 64,
                                                .dims = value->dims,
                                                .data = view->data[id],
                                                .fd = -1,
                                                .size_bytes = value->size_bytes,
                                                .identity = {(uintptr_t)value->data, value->size_bytes}};
    return true;
}

static bool value_tell(ortp_view *view, uint32_t id) {
    told *t = view->told;
    const ortc_value *value = &t->graph.values[id];
    bool is_constant = value->data != NULL;
    t->values[id] = (ortp_value_info){.size = sizeof(ortp_value_info),
                                      .flags = ORTP_VALUE_HAS_SHAPE | (value->is_output ? ORTP_VALUE_IS_OUTPUT : 0),
                                      .kind = is_constant       ? ORTP_VALUE_CONSTANT
                                              : value->is_input ? ORTP_VALUE_INPUT
                                                                : ORTP_VALUE_INNER,
                                      .dtype = value->dtype,
                                      .name = text_view(value->name),
                                      .rank = value->rank,
                                      .producer = producer_of(&t->graph, id),
                                      .dims = value->dims,
                                      .consumer_count = consumers_tell(t, id),
                                      .consumers = t->consumers[id]};
    return !is_constant || constant_tell(view, id);
}

static bool graph_tell(ortp_view *view, uint64_t epoch) {
    told *t = view->told;
    ortp_graph_info *info = &t->info;
    *info = (ortp_graph_info){.size = sizeof *info,
                              .node_bound = t->graph.node_count,
                              .value_bound = t->graph.value_count,
                              .node_count = t->graph.node_count,
                              .symbol_count = t->graph.symbol_count,
                              .nodes = t->order,
                              .inputs = t->inputs,
                              .outputs = t->outputs,
                              .epoch = epoch};
    for (uint32_t i = 0; i < t->graph.node_count; i++) node_tell(t, i);
    for (uint32_t i = 0; i < t->graph.value_count; i++) {
        if (!value_tell(view, i)) return false;
        if (t->graph.values[i].is_input) t->inputs[info->input_count++] = i;
        if (t->graph.values[i].is_output) t->outputs[info->output_count++] = i;
    }
    for (uint32_t i = 0; i < t->graph.expr_count; i++) {
        const ortc_expr *expr = &t->graph.exprs[i];
        snprintf(t->texts[i], sizeof t->texts[i], "%lld*%s + %lld", (long long)expr->scale,
                 t->graph.symbols[expr->symbol], (long long)expr->offset);
    }
    return true;
}

ortp_view *ortc_view_create(ortc_host *host, const ortc_graph *graph, uint64_t epoch) {
    ortp_view *view = calloc(1, sizeof *view);
    if (!view) return NULL;
    view->host = host;
    view->told = ortc_block_create(host, ORTC_USE_LENT, sizeof *view->told, 16);
    atomic_store(&view->is_open, true);
    pthread_mutex_lock(&host->lock);
    view->next = host->views;
    host->views = view;
    pthread_mutex_unlock(&host->lock);
    if (!view->told) return NULL;
    memset(view->told, 0, sizeof *view->told);
    view->told->graph = *graph;
    return graph_tell(view, epoch) ? view : NULL;
}

void ortc_view_close(ortp_view *view) {
    if (!view || !atomic_exchange(&view->is_open, false)) return;
    ortc_block_destroy(view->told);
    for (uint32_t i = 0; i < ORTC_VALUES_MAX; i++) ortc_block_destroy(view->data[i]);
}

void ortc_views_finish(ortc_host *host) {
    while (host->views) {
        ortp_view *next = host->views->next;
        ortc_view_close(host->views);
        free(host->views);
        host->views = next;
    }
}

/* ---- asking ---- */

static ort_status *refuse(const ortp_view *view, const char *what, uint32_t id) {
    return ortc_status_create(view->host, ORT_CODE_INVALID_ARGUMENT, "the graph has no %s %u", what, id);
}

static ort_status *view_check(const ortp_view *view) {
    if (atomic_load(&view->is_open)) return NULL;
    ortc_fault_note("lifetime.after_release", "a view was asked after its time");
    return ortc_status_create(view->host, ORT_CODE_INVALID_ARGUMENT, "this view has ended");
}

static ort_status *ask_graph(const ortp_view *view, ortp_graph_info *out) {
    ort_status *status = view_check(view);
    return status
               ? status
               : ortc_give_struct(view->host, out, &view->told->info, sizeof *out, ORTP_GRAPH_INFO_SIZE_0_0, "graph");
}

static ort_status *ask_node(const ortp_view *view, uint32_t node, ortp_node_info *out) {
    ort_status *status = view_check(view);
    if (status) return status;
    if (node >= view->told->graph.node_count) return refuse(view, "node", node);
    return ortc_give_struct(view->host, out, &view->told->nodes[node], sizeof *out, ORTP_NODE_INFO_SIZE_0_0, "node");
}

static ort_status *ask_attr(const ortp_view *view, uint32_t node, uint32_t index, ortp_attr_info *out) {
    ort_status *status = view_check(view);
    if (status) return status;
    if (node >= view->told->graph.node_count) return refuse(view, "node", node);
    if (index >= view->told->graph.nodes[node].attr_count) return refuse(view, "attribute", index);
    return ortc_give_struct(view->host, out, &view->told->attrs[node][index], sizeof *out, ORTP_ATTR_INFO_SIZE_0_0,
                            "attr");
}

static ort_status *ask_value(const ortp_view *view, uint32_t value, ortp_value_info *out) {
    ort_status *status = view_check(view);
    if (status) return status;
    if (value >= view->told->graph.value_count) return refuse(view, "value", value);
    return ortc_give_struct(view->host, out, &view->told->values[value], sizeof *out, ORTP_VALUE_INFO_SIZE_0_0,
                            "value");
}

static ort_status *ask_constant(const ortp_view *view, uint32_t value, ortp_constant *out) {
    ort_status *status = view_check(view);
    if (status) return status;
    if (value >= view->told->graph.value_count || !view->told->graph.values[value].data)
        return refuse(view, "constant", value);
    return ortc_give_struct(view->host, out, &view->told->constants[value], sizeof *out, ORTP_CONSTANT_SIZE_0_0,
                            "constant");
}

static ort_status *ask_body(const ortp_view *view, uint32_t node, const ortp_view **out) {
    *out = NULL;
    ort_status *status = view_check(view);
    return status || node < view->told->graph.node_count ? status : refuse(view, "node", node);
}

static uint32_t dim_eval(const ortp_view *view, ortp_dim dim, const int64_t *symbols, uint64_t symbol_count,
                         int64_t *out) {
    ort_status *status = view_check(view);
    int64_t number = status ? ORTP_DIM_UNKNOWN : ortc_dim_number(&view->told->graph, dim, symbols, symbol_count);
    ortc_status_destroy(status);
    if (number == ORTP_DIM_UNKNOWN) return 0;
    *out = number;
    return 1;
}

static ort_string_view dim_text(const ortp_view *view, ortp_dim dim) {
    if (!atomic_load(&view->is_open) || dim >= 0 || (uint64_t)(-1 - dim) >= view->told->graph.expr_count)
        return text_view("?");
    return text_view(view->told->texts[-1 - dim]);
}

static ort_string_view symbol_name(const ortp_view *view, uint32_t symbol) {
    if (!atomic_load(&view->is_open) || symbol >= view->told->graph.symbol_count) return text_view("?");
    return text_view(view->told->graph.symbols[symbol]);
}

const ortp_host_graph ortc_graph_table = {.size = sizeof(ortp_host_graph),
                                          .graph = ask_graph,
                                          .node = ask_node,
                                          .attr = ask_attr,
                                          .value = ask_value,
                                          .constant = ask_constant,
                                          .body = ask_body,
                                          .dim_eval = dim_eval,
                                          .dim_text = dim_text,
                                          .symbol_name = symbol_name};
