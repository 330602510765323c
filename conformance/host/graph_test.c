/* Views and shapes of a small graph, and what happens when they are used too long. */
#include "host/graph.h"

#include "testing/test.h"

#include <string.h>

static const float weights[3] = {1, 2, 3};

/* X float32[N, 3] -> Relu -> Y -> Add(weights) -> Z. */
static ortc_graph chain(void) {
    ortc_graph graph = {0};
    static const ortp_dim wide[] = {ORTC_EXPR(0), 3}, three[] = {3};
    graph.symbols[graph.symbol_count++] = "N";
    graph.exprs[graph.expr_count++] = (ortc_expr){0, 1, 0};
    uint32_t x = ortc_graph_value(&graph, "X", ORT_DTYPE_F32, 2, wide);
    uint32_t y = ortc_graph_value(&graph, "Y", ORT_DTYPE_F32, 2, wide);
    uint32_t w = ortc_graph_value(&graph, "W", ORT_DTYPE_F32, 1, three);
    uint32_t z = ortc_graph_value(&graph, "Z", ORT_DTYPE_F32, 2, wide);
    graph.values[x].is_input = graph.values[z].is_output = true;
    graph.values[w].data = weights;
    graph.values[w].size_bytes = sizeof weights;
    ortc_graph_node(&graph, "", "Relu", 14, (uint32_t[]){x, ORTP_NONE}, (uint32_t[]){y, ORTP_NONE});
    uint32_t add = ortc_graph_node(&graph, "", "Add", 14, (uint32_t[]){y, w, ORTP_NONE}, (uint32_t[]){z, ORTP_NONE});
    graph.nodes[add].attrs[graph.nodes[add].attr_count++] =
        (ortc_attr){.name = "axis", .kind = ORTP_ATTR_INT, .count = 1, .ints = {-1}};
    return graph;
}

ORT_TEST(host_graph, a_view_tells_the_graph) {
    ortc_fault_clear();
    ortc_host *host = ortc_host_create(1);
    const ortp_host_graph *ask = ortc_host_table(host)->graph;
    ortc_graph graph = chain();
    ortp_view *view = ortc_view_create(host, &graph, 7);
    ortp_graph_info info = {.size = sizeof info};
    ortp_node_info node = {.size = sizeof node};
    ortp_value_info value = {.size = sizeof value};
    ortp_attr_info attr = {.size = sizeof attr};
    ortp_constant constant = {.size = sizeof constant};
    CHECK(!ask->graph(view, &info) && info.epoch == 7 && info.node_count == 2 && info.outputs[0] == 3);
    CHECK(!ask->node(view, 1, &node) && memcmp(node.op_type.data, "Add", 3) == 0 && node.inputs[0] == 1);
    CHECK(!ask->value(view, 1, &value) && value.producer == 0 && value.consumers[0] == 1 && value.dims[0] < 0);
    CHECK(!ask->attr(view, 1, 0, &attr) && attr.ints[0] == -1);
    CHECK(!ask->constant(view, 2, &constant) && memcmp(constant.data, weights, sizeof weights) == 0);
    int64_t n = 5, got = 0;
    CHECK(ask->dim_eval(view, value.dims[0], &n, 1, &got) == 1 && got == 5);
    CHECK(ask->dim_eval(view, value.dims[0], NULL, 0, &got) == 0);
    ort_status *status = ask->node(view, 2, &node);
    CHECK(ortc_status_code(status) == ORT_CODE_INVALID_ARGUMENT);
    ortc_status_destroy(status);
    CHECK(ortc_fault_count() == 0);
    ortc_host_destroy(host);
}

ORT_TEST(host_graph, a_view_asked_too_late_is_a_fault) {
    ortc_fault_clear();
    ortc_host *host = ortc_host_create(1);
    ortc_graph graph = chain();
    ortp_view *view = ortc_view_create(host, &graph, 1);
    ortp_graph_info info = {.size = sizeof info};
    ortc_view_close(view);
    ortc_status_destroy(ortc_host_table(host)->graph->graph(view, &info));
    CHECK(ortc_fault_count() == 1);
    CHECK_STR(ortc_fault_get(0)->rule, "lifetime.after_release");
    ortc_host_destroy(host);
    ortc_fault_clear();
}

ORT_TEST(host_graph, shapes_follow_the_symbols) {
    ortc_fault_clear();
    ortc_host *host = ortc_host_create(1);
    const ortp_host_infer *ask = ortc_host_table(host)->infer;
    ortc_graph graph = chain();
    int64_t n = 4, unknown = ORTP_DIM_UNKNOWN;
    ortp_shapes *shapes = ortc_shapes_create(host, &graph, &n, 1);
    ortp_shapes *partial = ortc_shapes_create(host, &graph, &unknown, 1);
    ortp_shape shape = {.size = sizeof shape};
    CHECK(!ask->shape(shapes, 3, &shape) && shape.dims[0] == 4 && shape.dims[1] == 3 && !shape.is_partial);
    CHECK(!ask->shape(shapes, 2, &shape) && shape.known_bytes == sizeof weights);
    CHECK(!ask->shape(partial, 0, &shape) && shape.is_partial);
    const ortp_shapes *resolved = NULL;
    const int64_t told[] = {9, 3}, *dims[] = {told};
    CHECK(!ask->resolve(ortc_host_table(host)->context, partial, (uint32_t[]){0}, dims, 1, &resolved));
    CHECK(!ask->shape(resolved, 0, &shape) && shape.dims[0] == 9 && !shape.is_partial);
    ortc_shapes_close(shapes);
    ortc_status_destroy(ask->shape(shapes, 0, &shape));
    CHECK(ortc_fault_count() == 1);
    ortc_host_destroy(host);
    ortc_fault_clear();
}
