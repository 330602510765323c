#include "graph/graph.h"
#include "testing/test.h"

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static orti_graph *parse(const char *text) {
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(alloc(), text, strlen(text), &graph));
    return graph;
}

static void check_prints(const orti_graph *graph, const char *want) {
    orti_text text;
    orti_text_init(&text, alloc());
    CHECK_OK(orti_graph_print(graph, 16, &text));
    CHECK_STR(text.data, want);
    orti_text_finish(&text);
}

static const char everything[] =
    "graph \"all \\\"kinds\\\"\" {\n"
    "  input %x : float32[batch,3,floor((h + 1)/2)]\n"
    "  input %\"odd name\" : type \"seq(tensor(float))\"\n"
    "  input %u : ?[2,'dim with space']\n"
    "  const %w : float32[2,2] = {0.5, -1.0, inf, 1.17549435e-38}\n"
    "  const %s : string[2] = {\"a\\n\", \"\"}\n"
    "  const %i : int4[3] = {-8, 7, 1}\n"
    "  const %big : uint64[] = {18446744073709551615}\n"
    "  const %none : int64[0] = {}\n"
    "  %a:0 : float32[batch,3], _, %b = com.microsoft::Odd@1 (%x, _, %w) {f = 1.0, i = -3, s = \"q\\u0001\", "
    "is = [1, 2], fs = [1.0, nan], ss = [\"x\", \"y\"], none = floats[], t = tensor float16[2] {1.0, 2.0}, "
    "ts = [tensor int64[1] {1}, tensor bool[] {1}], ty = type \"tensor(float)\", r = ref \"alpha\", "
    "sp = sparse int64[1] {5}} \"the node\"\n"
    "  %c = If@11..22 (%b) {then_branch = graph \"then\" {\n"
    "    capture %a : float32[batch,3] = %a:0\n"
    "    %z = Neg (%a) \"n\"\n"
    "    output %z\n"
    "  }, all = [graph \"\" {\n"
    "  }, graph \"\" {\n"
    "  }]} \"If_1\"\n"
    "  %d = mine::Call (%c) \"call\" body graph \"Call\" {\n"
    "    input %p\n"
    "    %q = Abs (%p) \"abs\"\n"
    "    output %q\n"
    "  }\n"
    "  output %d\n"
    "  output %a:0\n"
    "}\n";

ORT_TEST(graph_text, round_trip) {
    orti_graph *graph = parse(everything);
    check_prints(graph, everything);
    orti_graph_destroy(graph);
}

ORT_TEST(graph_text, a_copy_prints_the_same) {
    orti_graph *graph = parse(everything), *copy = NULL;
    CHECK_OK(orti_graph_copy(graph, &copy));
    CHECK_OK(orti_graph_verify(copy));
    check_prints(copy, everything);
    CHECK(orti_graph_pool(copy) != orti_graph_pool(graph));
    orti_graph_destroy(graph);
    check_prints(copy, everything);
    orti_node *node = orti_graph_node(copy, 0);
    orti_graph *body = orti_node_attr(orti_graph_node(copy, 1), "then_branch")->graph;
    CHECK(orti_graph_outer(body) == copy && orti_graph_pool(body) == orti_graph_pool(copy));
    for (int i = 0; i < 20; i++) {
        char name[] = {(char)('A' + i), 0};
        CHECK_OK(orti_graph_set_attr_int(copy, 0, name, i));
    }
    CHECK(node->attr_count == 32 && orti_node_attr_int(node, "T", 0) == 19 && orti_node_attr_int(node, "i", 0) == -3);
    orti_graph_destroy(copy);
}

ORT_TEST(graph_text, statements_in_any_order) {
    orti_graph *graph =
        parse("graph g { output %y # what we want\n %y = Neg (%a) %a = Relu (%x) input %x : float32[2] }");
    const orti_node_id *ids = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_order(graph, &ids, &count));
    CHECK(count == 2 && ids[0] == 1);
    orti_graph_destroy(graph);
}

ORT_TEST(graph_text, large_constants_are_not_printed) {
    orti_graph *graph = parse("graph g { const %w : float32[2] = {1.0, 2.0} output %w }");
    orti_text text;
    orti_text_init(&text, alloc());
    CHECK_OK(orti_graph_print(graph, 1, &text));
    CHECK(strstr(text.data, "const %w : float32[2] = <memory bytes 8>") != NULL, "%s", text.data);
    orti_graph *again = NULL;
    CHECK_FAILS(orti_graph_parse(alloc(), text.data, text.length, &again), ORT_CODE_INVALID_MODEL,
                "line 2: elements in braces");
    orti_text_finish(&text);
    orti_graph_destroy(graph);
}

ORT_TEST(graph_text, malformed_text_names_its_line) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: 'graph' expected, the text ends"},
        {"grph", "line 1: 'graph' expected, found 'grph'"},
        {"graph g {\n  input x\n}", "line 2: '%' expected, found 'x'"},
        {"graph g {\n\n  input %x : float33\n}", "line 3: an element type before this"},
        {"graph g {\n  input %x : float32[a b]\n}", "line 2"},
        {"graph g {\n  input %x : float32[2\n}", "line 2"},
        {"graph g {\n  input %x\n  input %x\n}", "line 3: value 'x' is defined twice"},
        {"graph g {\n  const %x : float32[3] = {1.0}\n}", "line 2: as many elements as the shape has"},
        {"graph g {\n  const %x : float32[1000000000000] = {1.0}\n}", "line 2: as many elements"},
        {"graph g {\n  const %x : int64[1] = {1.5}\n}", "line 2: an integer"},
        {"graph g {\n  const %x : int64[1] = {99999999999999999999}\n}", "line 2: a number of 64 bits"},
        {"graph g {\n  const %x = {1}\n}", "line 2: a constant's shape"},
        {"graph g {\n  %y = Neg (%x\n}", "line 3: ')' expected, found '}'"},
        {"graph g {\n  %y = (%x)\n}", "line 2: a name expected"},
        {"graph g {\n  %y = Neg (%x) {a = 1, a = 2}\n}", "line 2: attribute 'a' is given twice"},
        {"graph g {\n  %y = Neg (%x) {a = [1, \"x\"]}\n}", "line 2: a list of one kind"},
        {"graph g {\n  %y = Neg (%x) {a = maybe}\n}", "line 2: a number expected, found 'maybe"},
        {"graph g {\n  %y = Neg (%x) {a = \"open}\n}", "line 2: a closing quote expected"},
        {"graph g {\n  %y = Neg (%x) {a = \"\\q\"}\n}", "line 2: an escape as in JSON"},
        {"graph g {\n  %y = Neg@9..7 (%x)\n}", "line 2: a range of versions"},
        {"graph g {\n  capture %x = %y\n}", "line 2: a graph around this one"},
        {"graph g {\n  input %x : type \"tensor(float)\"\n}", "line 2: a type that is seq"},
        {"graph g {\n  %y = Neg (%x)\n  %y = Abs (%x)\n}", "line 3: graph 'g': node 'Abs' produces value 'y'"},
        {"graph g {\n  %y = Neg (%x)\n}", "an input is value 'x', which nothing produces"},
        {"graph g {\n  output _\n}", "a value, not '_', expected"},
        {"graph g {\n}\nmore", "line 3: the end expected, found 'more'"},
        {"graph g {\n", "line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        orti_graph *graph = NULL;
        ort_status *status = orti_graph_parse(alloc(), cases[i].text, strlen(cases[i].text), &graph);
        CHECK(status && !graph, "case %zu succeeds", i);
        CHECK(strstr(ort_status_message(status), cases[i].message) != NULL, "case %zu: '%s' lacks '%s'", i,
              ort_status_message(status), cases[i].message);
        ort_status_destroy(status);
    }
}

ORT_TEST(graph_text, every_prefix_is_refused_or_good) {
    for (size_t length = 0; length < sizeof everything - 2; length++) {
        orti_graph *graph = NULL;
        ort_status *status = orti_graph_parse(alloc(), everything, length, &graph);
        CHECK(status != NULL && graph == NULL, "the first %zu bytes parse", length);
        ort_status_destroy(status);
    }
}

ORT_TEST(graph_text, nesting_has_a_limit) {
    orti_text text;
    orti_graph *graph = NULL;
    orti_text_init(&text, alloc());
    for (int i = 0; i < 100; i++) orti_text_add(&text, "graph g { = X () {b = ");
    CHECK_FAILS(orti_graph_parse(alloc(), text.data, text.length, &graph), ORT_CODE_LIMIT_EXCEEDED,
                "more than 64 bodies");
    orti_text_finish(&text);
}

/* An output that is there twice, one that is a formal input, one that is a constant; an input that is left out; a graph
 * inside that captures; a call inside. */
ORT_TEST(graph, a_body_takes_the_place_of_its_call) {
    static const char text[] = "graph \"g\" {\n"
                               "  input %x : float32[4]\n"
                               "  %a, %b, %c, %d = F@1 (%x, _) \"f\" body graph \"F\" {\n"
                               "    input %i : float32[4]\n"
                               "    input %j\n"
                               "    const %k : float32[1] = {2}\n"
                               "    %t : float32[4] = Neg@13 (%i) \"n\"\n"
                               "    %u = If@21 (%t) {then_branch = graph \"then\" {\n"
                               "      capture %v : float32[4] = %t\n"
                               "      %w : float32[4] = Clip@13 (%v)\n"
                               "      output %w\n"
                               "    }} \"m\"\n"
                               "    %z = G@1 (%u, %j, %k) \"o\" body graph \"G\" {\n"
                               "      input %p\n"
                               "      %q = Abs@13 (%p) \"n\"\n"
                               "      output %q\n"
                               "    }\n"
                               "    output %t\n"
                               "    output %t\n"
                               "    output %i\n"
                               "    output %k\n"
                               "  }\n"
                               "  %e = Sum@13 (%a, %b, %c, %d)\n"
                               "  output %b\n"
                               "  output %c\n"
                               "  output %e\n"
                               "}\n";
    orti_graph *graph = NULL;
    orti_node_id first = ORTI_NONE;
    orti_text printed;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    CHECK_FAILS(orti_graph_inline_body(graph, 1, &first), ORT_CODE_INVALID_ARGUMENT, "has no body");
    CHECK_OK(orti_graph_inline_body(graph, 0, &first));
    CHECK(first == 2);
    CHECK_OK(orti_graph_verify(graph));
    const orti_node *inner = orti_graph_node(graph, 4);
    CHECK_STR(inner->name, "f/o");
    CHECK(inner->inputs[1] == ORTI_NONE && orti_graph_value(graph, inner->inputs[2])->kind == ORTI_VALUE_CONSTANT);
    CHECK_OK(orti_graph_inline_body(graph, 4, &first));
    CHECK_STR(orti_graph_node(graph, first)->name, "f/o/n");
    CHECK_OK(orti_graph_verify(graph));
    /* The outputs keep their names. */
    CHECK_STR(orti_graph_value(graph, orti_graph_output(graph, 0))->name, "b");
    CHECK_STR(orti_graph_value(graph, orti_graph_output(graph, 1))->name, "c");
    orti_text_init(&printed, orti_allocator_default());
    CHECK_OK(orti_graph_print(graph, 4, &printed));
    CHECK(strstr(printed.data, "capture %v : float32[4] = %t_") ||
              strstr(printed.data, "capture %v : float32[4] = %b") ||
              strstr(printed.data, "capture %v : float32[4] = %a"),
          "%s", printed.data);
    orti_text_finish(&printed);
    orti_graph_destroy(graph);
}

ORT_TEST(graph, a_graph_inside_a_body_captures_what_the_call_leaves_out) {
    static const char text[] = "graph \"g\" {\n"
                               "  input %x : bool[]\n"
                               "  %y = F@1 (%x, _) \"f\" body graph \"F\" {\n"
                               "    input %i : bool[]\n"
                               "    input %j\n"
                               "    %u = If@21 (%i) {then_branch = graph \"then\" {\n"
                               "      capture %v = %j\n"
                               "      %w = Clip@13 (%v)\n"
                               "      output %w\n"
                               "    }}\n"
                               "    output %u\n"
                               "  }\n"
                               "  output %y\n"
                               "}\n";
    orti_graph *graph = NULL;
    orti_node_id first = ORTI_NONE;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    CHECK_FAILS(orti_graph_inline_body(graph, 0, &first), ORT_CODE_UNSUPPORTED, "node 'f': it leaves out 'j'");
    orti_graph_destroy(graph);
}
