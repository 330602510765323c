/* Graphs divided for control flow: stretches, bodies that stand alone, branches that take their node's place. */
#include "graph/graph.h"
#include "testing/test.h"

#define BRANCHES                                                                                                       \
    "graph \"g\" {\n"                                                                                                  \
    "  input %x : float32[2]\n"                                                                                        \
    "  input %b : bool[]\n"                                                                                            \
    "  const %w : float32[2] = {1.0, 2.0}\n"                                                                           \
    "  %m : float32[2] = Mul@14 (%x, %w) \"mul\"\n"                                                                    \
    "  %t : float32[2] = If@16 (%b) {then_branch = graph \"then\" {\n"                                                 \
    "    capture %m1 : float32[2] = %m\n"                                                                              \
    "    capture %w1 : float32[2] = %w\n"                                                                              \
    "    capture %unread : float32[2] = %x\n"                                                                          \
    "    %p : float32[2] = Add@14 (%m1, %w1) \"add\"\n"                                                                \
    "    output %p\n"                                                                                                  \
    "  }, else_branch = graph \"else\" {\n"                                                                            \
    "    capture %m2 : float32[2] = %m\n"                                                                              \
    "    %q : float32[2] = Neg@13 (%m2) \"neg\"\n"                                                                     \
    "    output %q\n"                                                                                                  \
    "  }} \"if\"\n"                                                                                                    \
    "  %y : float32[2] = Abs@13 (%t) \"abs\"\n"                                                                        \
    "  output %y\n"                                                                                                    \
    "}\n"

static orti_graph *graph_of(const char *text) {
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    CHECK_OK(orti_graph_verify(graph));
    return graph;
}

static orti_node_id node_named(const orti_graph *graph, const char *name) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++)
        if (!orti_graph_node(graph, id)->is_deleted && strcmp(orti_graph_node(graph, id)->name, name) == 0) return id;
    return ORTI_NONE;
}

static void print_check(const orti_graph *graph, const char *want) {
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK_OK(orti_graph_print(graph, 16, &text));
    CHECK(strcmp(text.data, want) == 0, "%s", text.data);
    orti_text_finish(&text);
}

ORT_TEST(divide, a_stretch_has_inputs_of_what_it_reads) {
    orti_graph *graph = graph_of(BRANCHES), *stretch = NULL;
    const orti_node_id nodes[] = {node_named(graph, "mul"), node_named(graph, "abs")};
    const orti_value_id outputs[] = {orti_graph_find_value(graph, "m"), orti_graph_find_value(graph, "y")};
    CHECK_OK(orti_graph_extract(graph, nodes, 2, outputs, 2, &stretch));
    CHECK_OK(orti_graph_verify(stretch));
    print_check(stretch, "graph \"g\" {\n"
                         "  input %x : float32[2]\n"
                         "  input %t : float32[2]\n"
                         "  const %w : float32[2] = {1.0, 2.0}\n"
                         "  %m : float32[2] = Mul@14 (%x, %w) \"mul\"\n"
                         "  %y : float32[2] = Abs@13 (%t) \"abs\"\n"
                         "  output %m\n"
                         "  output %y\n"
                         "}\n");
    orti_graph_destroy(stretch);
    CHECK_FAILS(orti_graph_extract(graph, nodes, 1, &outputs[1], 1, &stretch), ORT_CODE_INVALID_ARGUMENT,
                "value 'y' is none of the nodes'");
    orti_graph_destroy(graph);
}

ORT_TEST(divide, a_body_stands_alone) {
    orti_graph *graph = graph_of(BRANCHES);
    orti_graph *body = orti_node_attr(orti_graph_node(graph, node_named(graph, "if")), "then_branch")->graph;
    orti_value_id *outer_ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_settle_capture(body, orti_graph_find_value(body, "w1"), true));
    CHECK_OK(orti_graph_settle_capture(body, orti_graph_find_value(body, "m1"), true));
    CHECK_OK(orti_graph_settle_capture(body, orti_graph_find_value(body, "unread"), false));
    CHECK_OK(orti_graph_close(body, &outer_ids, &count));
    CHECK(count == 1 && outer_ids[0] == orti_graph_find_value(graph, "m"), "%u captures", count);
    CHECK_OK(orti_graph_verify(body));
    print_check(body, "graph \"then\" {\n"
                      "  input %m1 : float32[2]\n"
                      "  const %w1 : float32[2] = {1.0, 2.0}\n"
                      "  %p : float32[2] = Add@14 (%m1, %w1) \"add\"\n"
                      "  output %p\n"
                      "}\n");
    orti_graph_destroy(graph);
}

ORT_TEST(divide, a_branch_takes_the_place_of_its_node) {
    orti_graph *graph = graph_of(BRANCHES);
    orti_node_id first = ORTI_NONE;
    CHECK_FAILS(orti_graph_inline_attr(graph, node_named(graph, "if"), "body", &first), ORT_CODE_INVALID_ARGUMENT,
                "node 'if' (If) has no graph 'body'");
    CHECK_OK(orti_graph_inline_attr(graph, node_named(graph, "if"), "else_branch", &first));
    CHECK_OK(orti_graph_verify(graph));
    print_check(graph, "graph \"g\" {\n"
                       "  input %x : float32[2]\n"
                       "  input %b : bool[]\n"
                       "  const %w : float32[2] = {1.0, 2.0}\n"
                       "  %m : float32[2] = Mul@14 (%x, %w) \"mul\"\n"
                       "  %y : float32[2] = Abs@13 (%t) \"abs\"\n"
                       "  %t : float32[2] = Neg@13 (%m) \"if/neg\"\n"
                       "  output %y\n"
                       "}\n");
    orti_graph_destroy(graph);
}

/* What is behind the If goes into both branches; the If then makes the output. */
ORT_TEST(divide, nodes_sink_into_branches) {
    orti_graph *graph = graph_of(BRANCHES);
    const orti_node_id tail = node_named(graph, "abs"), choice = node_named(graph, "if");
    CHECK_OK(orti_graph_sink(graph, choice, &tail, 1));
    CHECK_OK(orti_graph_verify(graph));
    const orti_node *node = orti_graph_node(graph, choice);
    CHECK(node->output_count == 1 && node->outputs[0] == orti_graph_find_value(graph, "y"));
    CHECK(node_named(graph, "abs") == ORTI_NONE);
    for (uint32_t i = 0; i < 2; i++) {
        const orti_graph *branch = orti_node_subgraph(node, i);
        CHECK(node_named(branch, "abs") != ORTI_NONE, "branch %u", i);
        CHECK(orti_graph_output_count(branch) == 1);
        CHECK_STR(orti_graph_value(branch, orti_graph_output(branch, 0))->name, "y");
    }
    orti_graph_destroy(graph);
}
