#include "graph/graph.h"
#include "testing/test.h"

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static orti_value_id add_value(orti_graph *graph, const char *name, orti_value_kind kind) {
    orti_value_id id = ORTI_NONE;
    CHECK_OK(orti_graph_add_value(graph, name, kind, &id));
    return id;
}

static orti_node_id add_node(orti_graph *graph, const char *op, orti_value_id input, orti_value_id output) {
    orti_node_id id = ORTI_NONE;
    CHECK_OK(orti_graph_add_node(graph, NULL, "", op, &input, 1, &output, 1, &id));
    return id;
}

static orti_tensor *make_tensor(float a, float b) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(alloc(), ORT_DTYPE_F32, (int64_t[]){2}, 1, 0, &tensor));
    memcpy(tensor->data, (float[]){a, b}, 8);
    return tensor;
}

/* x -> Relu -> a -> Neg -> y, y an output. */
typedef struct chain {
    orti_graph *graph;
    orti_value_id x, a, y;
    orti_node_id relu, neg;
} chain;

static chain chain_create(void) {
    chain c = {0};
    CHECK_OK(orti_graph_create(alloc(), NULL, &c.graph));
    CHECK_OK(orti_graph_set_name(c.graph, "chain"));
    c.x = add_value(c.graph, "x", ORTI_VALUE_INNER);
    c.a = add_value(c.graph, "a", ORTI_VALUE_INNER);
    c.y = add_value(c.graph, "y", ORTI_VALUE_INNER);
    CHECK_OK(orti_graph_add_input(c.graph, c.x));
    c.neg = add_node(c.graph, "Neg", c.a, c.y);
    c.relu = add_node(c.graph, "Relu", c.x, c.a);
    CHECK_OK(orti_graph_add_output(c.graph, c.y));
    CHECK_OK(orti_graph_verify(c.graph));
    return c;
}

ORT_TEST(graph, order_puts_producers_first) {
    chain c = chain_create();
    const orti_node_id *ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_order(c.graph, &ids, &count));
    CHECK(count == 2 && ids[0] == c.relu && ids[1] == c.neg, "%u %u", ids[0], ids[1]);
    orti_graph_remove_node(c.graph, c.neg);
    CHECK_OK(orti_graph_order(c.graph, &ids, &count));
    CHECK(count == 1 && ids[0] == c.relu);
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, order_keeps_an_order_that_is_good) {
    orti_graph *graph = NULL;
    const orti_node_id *ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_create(alloc(), NULL, &graph));
    orti_value_id x = add_value(graph, "x", ORTI_VALUE_INNER), left = add_value(graph, "l", ORTI_VALUE_INNER),
                  right = add_value(graph, "r", ORTI_VALUE_INNER), last = add_value(graph, "z", ORTI_VALUE_INNER);
    CHECK_OK(orti_graph_add_input(graph, x));
    add_node(graph, "Relu", x, left);
    add_node(graph, "Neg", x, right);
    add_node(graph, "Abs", left, last);
    CHECK_OK(orti_graph_order(graph, &ids, &count));
    CHECK(count == 3 && ids[0] == 0 && ids[1] == 1 && ids[2] == 2);
    orti_graph_destroy(graph);
}

ORT_TEST(graph, consumers_are_listed_once_and_follow_edits) {
    chain c = chain_create();
    const orti_node_id *ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_consumers(c.graph, c.a, &ids, &count));
    CHECK(count == 1 && ids[0] == c.neg);
    orti_value_id z = add_value(c.graph, "z", ORTI_VALUE_INNER);
    orti_node_id add = ORTI_NONE;
    CHECK_OK(orti_graph_add_node(c.graph, "sum", "", "Add", (orti_value_id[]){c.a, c.a}, 2, &z, 1, &add));
    CHECK_OK(orti_graph_consumers(c.graph, c.a, &ids, &count));
    CHECK(count == 2 && ids[0] == c.neg && ids[1] == add);
    CHECK_OK(orti_graph_set_input(c.graph, c.neg, 0, c.x));
    CHECK_OK(orti_graph_consumers(c.graph, c.a, &ids, &count));
    CHECK(count == 1 && ids[0] == add);
    CHECK_OK(orti_graph_consumers(c.graph, z, &ids, &count));
    CHECK(count == 0);
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, names) {
    chain c = chain_create();
    orti_value_id id = 0;
    const char *name = NULL;
    CHECK_FAILS(orti_graph_add_value(c.graph, "a", ORTI_VALUE_INNER, &id), ORT_CODE_INVALID_MODEL,
                "graph 'chain' has two values named 'a'");
    CHECK(id == ORTI_NONE);
    CHECK(orti_graph_find_value(c.graph, "y") == c.y && orti_graph_find_value(c.graph, "nobody") == ORTI_NONE);
    CHECK_OK(orti_graph_unique_name(c.graph, "a", &name));
    CHECK(orti_graph_find_value(c.graph, name) == ORTI_NONE && strncmp(name, "a_", 2) == 0, "%s", name);
    CHECK_STR(orti_graph_node(c.graph, c.relu)->name, "Relu_1");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, a_value_has_one_producer) {
    chain c = chain_create();
    orti_node_id id = ORTI_NONE;
    CHECK_FAILS(orti_graph_add_node(c.graph, "n", "", "Abs", &c.x, 1, &c.y, 1, &id), ORT_CODE_INVALID_MODEL,
                "node 'n' produces value 'y', which is the output of another node");
    CHECK_FAILS(orti_graph_add_node(c.graph, "n", "", "Abs", &c.a, 1, &c.x, 1, &id), ORT_CODE_INVALID_MODEL,
                "which is a graph input");
    orti_value_id z = add_value(c.graph, "z", ORTI_VALUE_INNER);
    CHECK_FAILS(orti_graph_add_node(c.graph, "n", "", "Split", &c.a, 1, (orti_value_id[]){z, z}, 2, &id),
                ORT_CODE_INVALID_MODEL, "node 'n' produces value 'z' twice");
    CHECK(orti_graph_value(c.graph, z)->producer == ORTI_NONE);
    CHECK_FAILS(orti_graph_add_node(c.graph, "n", "", "Abs", (orti_value_id[]){99}, 1, &z, 1, &id),
                ORT_CODE_INVALID_ARGUMENT, "has no value 99");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, replacing_an_output_keeps_its_name) {
    chain c = chain_create();
    orti_value_id z = add_value(c.graph, "z", ORTI_VALUE_INNER);
    add_node(c.graph, "Abs", c.a, z);
    CHECK_OK(orti_graph_replace_value(c.graph, c.y, z));
    CHECK(orti_graph_output(c.graph, 0) == z && orti_graph_value(c.graph, z)->is_output);
    CHECK_STR(orti_graph_value(c.graph, z)->name, "y");
    CHECK(orti_graph_find_value(c.graph, "y") == z && orti_graph_find_value(c.graph, "z") == c.y);
    orti_graph_remove_node(c.graph, c.neg);
    CHECK_OK(orti_graph_verify(c.graph));
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, replacing_an_output_by_an_input_needs_an_identity) {
    chain c = chain_create();
    CHECK_OK(orti_graph_replace_value(c.graph, c.y, c.x));
    orti_value_id output = orti_graph_output(c.graph, 0);
    const orti_value *value = orti_graph_value(c.graph, output);
    CHECK_STR(value->name, "y");
    const orti_node *node = orti_graph_node(c.graph, value->producer);
    CHECK_STR(node->op_type, "Identity");
    CHECK(node->inputs[0] == c.x && node->since_version == 1 && node->until_version == INT32_MAX);
    CHECK_OK(orti_graph_verify(c.graph));
    CHECK_OK(orti_graph_add_output(c.graph, c.x));
    CHECK_FAILS(orti_graph_replace_value(c.graph, c.x, c.a), ORT_CODE_INVALID_ARGUMENT, "an input and an output");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, replacing_reaches_captures) {
    chain c = chain_create();
    orti_graph *body = NULL;
    orti_value_id seen = ORTI_NONE, inner = ORTI_NONE;
    const orti_node_id *ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_create(alloc(), c.graph, &body));
    CHECK_OK(orti_graph_add_capture(body, "a", c.a, &seen));
    inner = add_value(body, "b", ORTI_VALUE_INNER);
    add_node(body, "Abs", seen, inner);
    CHECK_OK(orti_graph_add_output(body, inner));
    CHECK_OK(orti_graph_set_attr(c.graph, c.neg,
                                 &(orti_attr){.name = "then", .kind = ORTI_ATTR_GRAPH, .count = 1, .graph = body}));
    CHECK_OK(orti_graph_verify(c.graph));
    CHECK_OK(orti_graph_set_input(c.graph, c.neg, 0, c.x));
    CHECK_OK(orti_graph_consumers(c.graph, c.a, &ids, &count));
    CHECK(count == 1 && ids[0] == c.neg, "the body's capture counts as a read");
    CHECK_OK(orti_graph_order(c.graph, &ids, &count));
    CHECK(count == 2 && ids[0] == c.relu);
    CHECK_OK(orti_graph_replace_value(c.graph, c.a, c.x));
    CHECK(orti_graph_value(body, seen)->outer_id == c.x);
    CHECK_OK(orti_graph_consumers(c.graph, c.a, &ids, &count));
    CHECK(count == 0);
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, make_constant) {
    chain c = chain_create();
    orti_tensor *tensor = make_tensor(1, 2);
    CHECK_OK(orti_graph_make_constant(c.graph, c.a, tensor));
    CHECK(tensor->datum.ref_count == 2);
    const orti_value *value = orti_graph_value(c.graph, c.a);
    CHECK(value->kind == ORTI_VALUE_CONSTANT && value->dtype == ORT_DTYPE_F32 && value->rank == 1 &&
          value->dims[0] == 2 && value->producer == ORTI_NONE);
    CHECK(orti_graph_node(c.graph, c.relu)->outputs[0] == ORTI_NONE);
    CHECK_OK(orti_graph_verify(c.graph));
    CHECK_FAILS(orti_graph_make_constant(c.graph, c.x, tensor), ORT_CODE_INVALID_ARGUMENT, "'x' is not the output");
    orti_graph_destroy(c.graph);
    CHECK(tensor->datum.ref_count == 1);
    orti_tensor_release(tensor);
}

ORT_TEST(graph, attributes) {
    chain c = chain_create();
    orti_node_id n = c.neg;
    CHECK_OK(orti_graph_set_attr_int(c.graph, n, "axis", -1));
    CHECK_OK(orti_graph_set_attr_ints(c.graph, n, "pads", (int64_t[]){1, 2, 3}, 3));
    CHECK_OK(orti_graph_set_attr_float(c.graph, n, "alpha", 0.5f));
    CHECK_OK(orti_graph_set_attr_string(c.graph, n, "mode", "linear"));
    CHECK_OK(orti_graph_set_attr_int(c.graph, n, "extra", 5));
    CHECK_OK(orti_graph_set_attr_int(c.graph, n, "axis", 7));
    const orti_node *node = orti_graph_node(c.graph, n);
    CHECK(node->attr_count == 5);
    CHECK(orti_node_attr_int(node, "axis", 0) == 7 && orti_node_attr_int(node, "mode", 9) == 9);
    CHECK(orti_node_attr_float(node, "alpha", 0) == 0.5f);
    CHECK_STR(orti_node_attr_string(node, "mode", ""), "linear");
    CHECK(orti_node_attr(node, "pads")->ints[2] == 3);
    orti_graph_remove_attr(c.graph, n, "axis");
    CHECK(node->attr_count == 4 && !orti_node_attr(node, "axis") && orti_node_attr_int(node, "extra", 0) == 5);
    CHECK_FAILS(orti_graph_set_attr(c.graph, n, &(orti_attr){.name = "t", .kind = ORTI_ATTR_TENSOR}),
                ORT_CODE_INVALID_ARGUMENT, "attribute 't' has no value");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, verify_names_what_is_wrong) {
    chain c = chain_create();
    orti_graph_remove_node(c.graph, c.relu);
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL,
                "node 'Neg_0' (Neg): graph 'chain': an input is value 'a', which nothing produces");
    orti_graph_remove_node(c.graph, c.neg);
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL, "an output is value 'y', which nothing produces");
    orti_graph_destroy(c.graph);

    c = chain_create();
    CHECK_OK(orti_graph_set_input(c.graph, c.relu, 0, c.y));
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL, "is on a cycle");
    orti_graph_destroy(c.graph);

    c = chain_create();
    orti_graph_node(c.graph, c.relu)->inputs[0] = 77;
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL, "is value 77, the graph has 3 values");
    orti_graph_destroy(c.graph);

    c = chain_create();
    orti_tensor *tensor = make_tensor(1, 2);
    CHECK_OK(orti_graph_make_constant(c.graph, c.a, tensor));
    orti_tensor_release(tensor);
    CHECK_OK(orti_graph_set_shape(c.graph, c.a, ORT_DTYPE_F32, (orti_dim[]){3}, 1));
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL,
                "constant 'a' is declared float32[3] and holds float32[2]");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, a_cycle_through_a_body_is_one) {
    chain c = chain_create();
    orti_graph *body = NULL;
    orti_value_id seen = ORTI_NONE;
    CHECK_OK(orti_graph_create(alloc(), c.graph, &body));
    CHECK_OK(orti_graph_add_capture(body, "y", c.y, &seen));
    CHECK_OK(orti_graph_add_output(body, seen));
    orti_graph_node(c.graph, c.relu)->body = body;
    CHECK_FAILS(orti_graph_verify(c.graph), ORT_CODE_INVALID_MODEL, "is on a cycle");
    orti_graph_destroy(c.graph);
}

ORT_TEST(graph, survives_running_out_of_memory) {
    for (uint64_t fail_at = 1;; fail_at++) {
        orti_allocator_failing failing;
        orti_allocator_failing_init(&failing, fail_at);
        const char *text = "graph \"g\" { input %x : float32[n,4]\n const %w : float32[2] = {1.0, 2.0}\n"
                           "%y = Add (%x, %w) {a = [1, 2], s = [\"p\"], t = tensor int64[1] {4},"
                           " g = graph \"b\" { capture %q = %x\n output %q }} output %y }";
        orti_graph *graph = NULL, *copy = NULL;
        const orti_node_id *ids = NULL;
        uint32_t count = 0;
        ort_status *status = orti_graph_parse(&failing.allocator, text, strlen(text), &graph);
        if (!status) status = orti_graph_copy(graph, &copy);
        if (!status) status = orti_graph_consumers(copy, 0, &ids, &count);
        if (!status) status = orti_graph_replace_value(copy, orti_graph_output(copy, 0), 0);
        orti_graph_destroy(graph);
        orti_graph_destroy(copy);
        CHECK(failing.live_count == 0, "%llu leaked at %llu", (unsigned long long)failing.live_count,
              (unsigned long long)fail_at);
        bool is_over = !status;
        CHECK(is_over || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        ort_status_destroy(status);
        if (is_over) break;
    }
}
