/* Contents that follow from shapes: with symbols, with numbers, and what contradicts them. */
#include "ops/ops.h"
#include "testing/test.h"

static int32_t newest_opset(void *user, const char *domain) {
    (void)user;
    return orti_ops_newest_opset(domain);
}

static orti_graph *inferred(const char *text) {
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    CHECK_OK(orti_ops_bind(graph, newest_opset, NULL));
    CHECK_OK(orti_infer_graph(graph));
    return graph;
}

/* Known elements of a value, "batch*2,-1". */
static void check_known(const orti_graph *graph, const char *name, const char *want) {
    const orti_value *value = orti_graph_value(graph, orti_graph_find_value(graph, name));
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK(value->known != NULL, "nothing is known of '%s'", name);
    for (uint32_t i = 0; i < value->known->count; i++) {
        if (i) orti_text_add(&text, ",");
        orti_dim_print(orti_graph_pool(graph), value->known->dims[i], &text);
    }
    CHECK_STR(text.data, want);
    orti_text_finish(&text);
}

static orti_fact shaped(ort_dtype dtype, int64_t a, int64_t b) {
    return (orti_fact){.dtype = dtype, .has_shape = true, .rank = 2, .dims = {a, b}};
}

static const char reshaping[] = "graph g { input %x : float32[batch,12] const %zero : int64[] = {0} "
                                "const %axes : int64[1] = {0} const %tail : int64[2] = {-1, 3} "
                                "const %two : int64[] = {2} %s = Shape (%x) %d = Gather (%s, %zero) "
                                "%m = Mul (%d, %two) %u = Unsqueeze (%m, %axes) "
                                "%t = Concat (%u, %tail) {axis = 0} %y = Reshape (%x, %t) output %y }";

ORT_TEST(contents, arithmetic_on_symbols) {
    orti_graph *graph = inferred(reshaping);
    check_known(graph, "s", "batch,12");
    check_known(graph, "m", "batch*2");
    check_known(graph, "t", "batch*2,-1,3");
    for (orti_node_id id = 0; id < 5; id++)
        CHECK(orti_infer_is_known(graph, id), "node %s", orti_graph_node(graph, id)->name);
    CHECK(!orti_infer_is_known(graph, 5), "the Reshape's output holds the caller's numbers");
    CHECK(!orti_infer_needs_contents(graph, 0), "shapes are enough");
    orti_graph_destroy(graph);
}

/* A value that may be longer than what is looked at is run, unless a shape depends on it. */
ORT_TEST(contents, what_may_be_long_is_run) {
    orti_graph *graph =
        inferred("graph g { input %x : float32[n] const %zero : int64[] = {0} const %one : int64[] = {1} "
                 "%s = Shape (%x) %d = Gather (%s, %zero) %r = Range (%zero, %d, %one) \"counted\" "
                 "%p = Range (%zero, %d, %one) \"a shape\" %y = Expand (%one, %p) "
                 "%f = Cast (%r) {to = 1} %z = Add (%x, %f) output %z output %y }");
    CHECK(orti_infer_is_known(graph, 0) && orti_infer_is_known(graph, 1));
    CHECK(!orti_infer_is_known(graph, 2), "node %s", orti_graph_node(graph, 2)->name);
    CHECK(orti_infer_is_known(graph, 3), "node %s", orti_graph_node(graph, 3)->name);
    orti_graph_destroy(graph);
}

ORT_TEST(contents, numbers_of_a_plan) {
    orti_graph *graph = inferred(reshaping);
    const orti_fact input = shaped(ORT_DTYPE_F32, 6, 12);
    orti_facts *facts = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_facts_create(graph, &input, 1, &facts));
    const orti_fact *shape = orti_facts_get(facts, orti_graph_find_value(graph, "t"));
    const orti_fact *y = orti_facts_get(facts, orti_graph_find_value(graph, "y"));
    CHECK(shape->known && shape->known->element_count == 3 && ((const int64_t *)shape->known->data)[1] == -1);
    CHECK(y->rank == 3 && y->dims[0] == 12 && y->dims[1] == 2 && y->dims[2] == 3, "dims %lld %lld %lld",
          (long long)y->dims[0], (long long)y->dims[1], (long long)y->dims[2]);
    CHECK(orti_facts_symbols(facts, &count)[0] == 6 && count >= 1, "the batch is 6");
    orti_facts_destroy(facts);
    orti_graph_destroy(graph);
}

/* Floats are known in a plan: a size that a model scales and rounds. */
ORT_TEST(contents, floats_of_a_plan) {
    orti_graph *graph = inferred("graph g { input %x : float32[h,w] const %f : float32[] = {1.5} %s = Shape (%x) "
                                 "%r = Cast (%s) {to = 1} %m = Mul (%r, %f) %o = Floor (%m) %i = Cast (%o) {to = 7} "
                                 "%y = ConstantOfShape (%i) output %y }");
    const orti_fact input = shaped(ORT_DTYPE_F32, 5, 3);
    orti_facts *facts = NULL;
    CHECK_OK(orti_facts_create(graph, &input, 1, &facts));
    const orti_fact *y = orti_facts_get(facts, orti_graph_find_value(graph, "y"));
    CHECK(y->rank == 2 && y->dims[0] == 7 && y->dims[1] == 4, "[%lld,%lld]", (long long)y->dims[0],
          (long long)y->dims[1]);
    orti_facts_destroy(facts);
    orti_graph_destroy(graph);
}

/* A complex number has no cell: its contents are not known, rather than known as something else. */
ORT_TEST(contents, complex_numbers_are_not_known) {
    orti_graph *graph =
        inferred("graph g { input %x : float32[2,3] %s = Shape (%x) %y = Cast (%s) {to = 14} output %y }");
    const orti_fact input = shaped(ORT_DTYPE_F32, 2, 3);
    orti_facts *facts = NULL;
    CHECK_OK(orti_facts_create(graph, &input, 1, &facts));
    const orti_fact *y = orti_facts_get(facts, orti_graph_find_value(graph, "y"));
    CHECK(y->dtype == ORT_DTYPE_C64 && y->rank == 1 && y->known == NULL &&
          !orti_graph_value(graph, orti_graph_find_value(graph, "y"))->is_known);
    orti_facts_destroy(facts);
    orti_graph_destroy(graph);
}

ORT_TEST(contents, of_an_input_that_is_a_shape) {
    orti_graph *graph = inferred("graph g { input %x : float32[n,4] input %to : int64[2] "
                                 "%y = Reshape (%x, %to) output %y }");
    const int64_t dims[] = {2}, wanted[] = {2, -1};
    orti_tensor *to = NULL;
    orti_facts *facts = NULL;
    CHECK(!orti_infer_needs_contents(graph, 0) && orti_infer_needs_contents(graph, 1), "the shape is looked at");
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_I64, dims, 1, 0, &to));
    memcpy(to->data, wanted, sizeof wanted);
    const orti_fact inputs[] = {shaped(ORT_DTYPE_F32, 3, 4),
                                {.dtype = ORT_DTYPE_I64, .has_shape = true, .rank = 1, .dims = {2}, .known = to}};
    CHECK_OK(orti_facts_create(graph, inputs, 2, &facts));
    const orti_fact *y = orti_facts_get(facts, orti_graph_find_value(graph, "y"));
    CHECK(y->rank == 2 && y->dims[0] == 2 && y->dims[1] == 6, "[%lld,%lld]", (long long)y->dims[0],
          (long long)y->dims[1]);
    orti_facts_destroy(facts);
    orti_tensor_release(to);
    orti_graph_destroy(graph);
}

ORT_TEST(contents, inputs_that_contradict_the_model) {
    orti_graph *graph = inferred("graph g { input %a : float32[n,4] input %b : float32[n,4] "
                                 "%y = Add (%a, %b) output %y }");
    orti_fact inputs[] = {shaped(ORT_DTYPE_F32, 3, 4), shaped(ORT_DTYPE_F32, 2, 4)};
    orti_facts *facts = NULL;
    CHECK_FAILS(orti_facts_create(graph, inputs, 2, &facts), ORT_CODE_INVALID_ARGUMENT,
                "input 'b' is float32[2,4], the model wants float32[n,4], and 'n' is 3 already");
    inputs[1] = shaped(ORT_DTYPE_F32, 3, 5);
    CHECK_FAILS(orti_facts_create(graph, inputs, 2, &facts), ORT_CODE_INVALID_ARGUMENT, "float32[3,5]");
    inputs[1] = shaped(ORT_DTYPE_I64, 3, 4);
    CHECK_FAILS(orti_facts_create(graph, inputs, 2, &facts), ORT_CODE_INVALID_ARGUMENT, "int64[3,4]");
    CHECK(facts == NULL, "nothing is written by a failure");
    orti_graph_destroy(graph);
}

ORT_TEST(contents, a_model_that_contradicts_itself) {
    static const char text[] = "graph g { input %a : float32[2,3] input %b : float32[2,4] "
                               "%y = Add (%a, %b) \"sum\" output %y }";
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, sizeof text - 1, &graph));
    CHECK_OK(orti_ops_bind(graph, newest_opset, NULL));
    CHECK_FAILS(orti_infer_graph(graph), ORT_CODE_INVALID_MODEL, "node 'sum' (Add)");
    orti_graph_destroy(graph);
}

/* What has been a short float on its way is left to a run. */
ORT_TEST(contents, of_short_floats_nothing_is_known) {
    orti_graph *graph = inferred("graph g { input %x : float32[2049,12] const %zero : int64[] = {0} "
                                 "%s = Shape (%x) %d = Gather (%s, %zero) %h = Cast (%d) {to = 10} "
                                 "%y = Cast (%h) {to = 7} output %y }");
    check_known(graph, "d", "2049");
    CHECK(!orti_infer_is_known(graph, 2) && !orti_infer_is_known(graph, 3), "float16 or what came of it is known");
    orti_graph_destroy(graph);
}
