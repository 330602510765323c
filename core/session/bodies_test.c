/* Each composite of ONNX's own, computed whole by the CPU provider and by its body: the same up to rounding. */
#include "passes/passes.h"
#include "session/inner.h"
#include "testing/test.h"

#include <math.h>

enum { ROWS = 3, COLUMNS = 8 };

typedef struct body_case {
    const char *node; /* of %x : float32[3,8], %z : float32[8], and constants %low, %high, %axes */
    double tolerance; /* relative to 1 + |want| */
} body_case;

static const body_case cases[] = {
    {"Celu@12 (%x) {alpha = 0.5}", 1e-6},
    {"Clip@13 (%x, %low)", 0},
    {"Clip@13 (%x, %low, %high)", 0},
    {"Elu@22 (%x) {alpha = 1.5}", 1e-6},
    {"Gelu@20 (%x)", 1e-6},
    {"Gelu@20 (%x) {approximate = \"tanh\"}", 1e-6},
    {"HardSigmoid@22 (%x) {alpha = 0.3, beta = 0.4}", 1e-6},
    {"HardSwish@22 (%x)", 1e-6},
    {"LayerNormalization@17 (%x, %z)", 1e-5},
    {"LayerNormalization@17 (%x, %z, %z) {axis = 1, epsilon = 0.01}", 1e-5},
    {"LogSoftmax@13 (%x)", 1e-5},
    {"ReduceL1@18 (%x)", 1e-5},
    {"ReduceL2@18 (%x, %axes)", 1e-5},
    {"Swish@24 (%x) {alpha = 1.3}", 1e-6},
    {"LeakyRelu@16 (%x) {alpha = 0.2}", 1e-6},
    {"Mish@22 (%x)", 1e-6},
    {"PRelu@16 (%x, %z)", 1e-6},
    {"RMSNormalization@23 (%x, %z)", 1e-5},
    {"ReduceLogSum@18 (%p)", 1e-5},
    {"ReduceLogSum@18 (%p, %axes) {keepdims = 0}", 1e-5},
    {"ReduceSumSquare@18 (%x)", 1e-5},
    {"ReduceSumSquare@18 (%x, %axes)", 1e-5},
    {"Selu@22 (%x)", 1e-6},
    {"Softmax@13 (%x) {axis = 0}", 1e-6},
    {"Softplus@22 (%x)", 1e-6},
    {"Softsign@22 (%x)", 1e-6},
    {"ThresholdedRelu@22 (%x) {alpha = 0.7}", 0},
};
#define CASE_COUNT (sizeof cases / sizeof *cases)

static int32_t opset_of(void *user, const char *domain) {
    (void)user;
    return *domain ? 0 : 26;
}

static orti_graph *graph_of(const char *node) {
    orti_graph *graph = NULL;
    char text[1024];
    int length = snprintf(text, sizeof text,
                          "graph \"g\" {\n"
                          "  input %%x : float32[3,8]\n"
                          "  input %%z : float32[8]\n"
                          "  const %%low : float32[] = {-0.5}\n"
                          "  const %%high : float32[] = {0.75}\n"
                          "  const %%axes : int64[1] = {1}\n"
                          "  %%p = Abs@13 (%%x)\n"
                          "  %%y = %s \"composite\"\n"
                          "  output %%y\n"
                          "  output %%p\n"
                          "}\n",
                          node);
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, (size_t)length, &graph));
    CHECK_OK(orti_ops_bind(graph, opset_of, NULL));
    CHECK_OK(orti_passes_run(graph, NULL));
    return graph;
}

static orti_node_id composite_of(orti_graph *graph) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++)
        if (!orti_graph_node(graph, id)->is_deleted && strcmp(orti_graph_node(graph, id)->name, "composite") == 0)
            return id;
    return ORTI_NONE;
}

static void inputs_make(orti_tensor **inputs) {
    const int64_t dims[][2] = {{ROWS, COLUMNS}, {COLUMNS, 0}};
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims[i], 2 - i, 0, &inputs[i]));
        for (int64_t k = 0; k < inputs[i]->element_count; k++)
            ((float *)inputs[i]->data)[k] = (float)(k * 7 % 24) / 4 - 2.9f;
    }
}

/* The first output of the graph. */
static orti_tensor *compute(ort_environment *environment, orti_graph *graph) {
    session_composition composition = {.alloc = orti_allocator_default()};
    const orti_run_request request = {0};
    orti_tensor *inputs[2], *output = NULL;
    orti_plan *plan = NULL;
    orti_run *run = NULL;
    orti_arena_init(&composition.arena, composition.alloc);
    CHECK_OK(orti_policy_read(environment->options, graph, &composition));
    CHECK_OK(orti_candidates_open(environment, environment->options, &composition));
    CHECK_OK(orti_compose(environment, graph, 1, &composition));
    inputs_make(inputs);
    CHECK_OK(orti_schedule_plan(composition.segments[0]->schedule, inputs, &plan, NULL));
    CHECK_OK(orti_run_create(plan, NULL, &run));
    for (uint32_t i = 0; i < 2; i++) orti_run_set_input(run, i, inputs[i]);
    CHECK_OK(orti_run_execute(run, &request));
    output = orti_tensor_retain(orti_run_output(run, 0));
    orti_run_destroy(run);
    orti_plan_release(plan);
    for (uint32_t i = 0; i < 2; i++) orti_tensor_release(inputs[i]);
    orti_composition_finish(&composition);
    return output;
}

static ort_environment *environment_open(void) {
    ort_options *options = NULL;
    ort_environment *environment = NULL;
    CHECK_OK(ort_options_create(&options));
    CHECK_OK(ort_options_set(options, "plugins.path", TEST_PLUGINS));
    CHECK_OK(ort_options_set(options, "providers", "cpu"));
    CHECK_OK(ort_environment_create(options, NULL, NULL, &environment));
    ort_options_destroy(options);
    return environment;
}

static void case_check(ort_environment *environment, const body_case *at) {
    orti_graph *whole = graph_of(at->node), *small = graph_of(at->node);
    orti_node_id composite = composite_of(small), first = ORTI_NONE;
    CHECK(composite != ORTI_NONE && orti_graph_node(small, composite)->body, "%s has no body", at->node);
    CHECK_OK(orti_graph_inline_body(small, composite, &first));
    CHECK_OK(orti_passes_run(small, NULL));
    orti_tensor *want = compute(environment, whole), *got = compute(environment, small);
    CHECK(composite_of(whole) != ORTI_NONE && composite_of(small) == ORTI_NONE, "%s", at->node);
    CHECK(want->rank == got->rank && want->element_count == got->element_count, "%s: another shape", at->node);
    for (int64_t i = 0; i < want->element_count; i++) {
        double x = (double)((float *)want->data)[i], y = (double)((float *)got->data)[i];
        CHECK(fabs(x - y) <= at->tolerance * (1 + fabs(x)), "%s [%d]: whole %.9g, by body %.9g", at->node, (int)i, x,
              y);
    }
    orti_tensor_release(want);
    orti_tensor_release(got);
    orti_graph_destroy(whole);
    orti_graph_destroy(small);
}

ORT_TEST(bodies, mean_what_the_whole_means) {
    ort_environment *environment = environment_open();
    for (size_t i = 0; i < CASE_COUNT; i++) case_check(environment, &cases[i]);
    ort_environment_destroy(environment);
}

/* What the CPU has no kernel for runs as its body. */
ORT_TEST(bodies, make_up_for_a_kernel_that_is_not_there) {
    ort_environment *environment = environment_open();
    orti_graph *graph = graph_of("Shrink@9 (%x) {lambd = 1.0, bias = 0.25}");
    orti_tensor *inputs[2], *output = compute(environment, graph);
    inputs_make(inputs);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        float x = ((float *)inputs[0]->data)[i], want = x < -1 ? x + 0.25f : x > 1 ? x - 0.25f : 0;
        CHECK(((float *)output->data)[i] == want, "[%d]: %g", i, (double)((float *)output->data)[i]);
    }
    for (uint32_t i = 0; i < 2; i++) orti_tensor_release(inputs[i]);
    orti_tensor_release(output);
    orti_graph_destroy(graph);
    ort_environment_destroy(environment);
}
