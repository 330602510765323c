/* Each file of testdata is a graph, the passes to run and the graph that comes out; the first lines are
 * "passes NAME ..." and "opset N", a line "----" stands between the graphs. */
#include "passes/passes.h"
#include "testing/test.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static int32_t opset_of(void *user, const char *domain) {
    return *domain ? 1 : *(const int32_t *)user;
}

/* ---- a provider in small: float32 arithmetic with broadcasting, and Reshape ---- */
static float compute(const char *op, float a, float b) {
    if (strcmp(op, "Add") == 0) return a + b;
    if (strcmp(op, "Sub") == 0) return a - b;
    if (strcmp(op, "Mul") == 0) return a * b;
    if (strcmp(op, "Div") == 0) return a / b;
    return sqrtf(a);
}

/* The element of `in` that stands at element `at` of `out`. */
static int64_t position(const orti_tensor *out, const orti_tensor *in, int64_t at) {
    int64_t index = 0, step = 1;
    for (uint32_t i = 0; i < in->rank; i++) {
        uint32_t axis_out = out->rank - 1 - i, axis_in = in->rank - 1 - i;
        if (in->dims[axis_in] != 1) index += at % out->dims[axis_out] * step;
        at /= out->dims[axis_out];
        step *= in->dims[axis_in];
    }
    return index;
}

static ort_status *run_node(orti_graph *graph, const orti_node *node, orti_tensor **values) {
    const orti_value *made = orti_graph_value(graph, node->outputs[0]);
    const orti_tensor *a = values[node->inputs[0]];
    orti_tensor *out = NULL;
    if (strcmp(node->op_type, "Tanh") == 0) ORT_FAIL(UNSUPPORTED, "node '%s': nobody takes it", node->name);
    CHECK(made->has_shape && made->dtype == ORT_DTYPE_F32);
    CHECK_OK(orti_tensor_create(alloc(), ORT_DTYPE_F32, made->dims, made->rank, 0, &out));
    if (strcmp(node->op_type, "Reshape") == 0) {
        memcpy(out->data, a->data, out->size_bytes);
    } else {
        const orti_tensor *b = node->input_count > 1 ? values[node->inputs[1]] : a;
        for (int64_t i = 0; i < out->element_count; i++)
            ((float *)out->data)[i] = compute(node->op_type, ((const float *)a->data)[position(out, a, i)],
                                              ((const float *)b->data)[position(out, b, i)]);
    }
    values[node->outputs[0]] = out;
    return NULL;
}

static ort_status *evaluate(void *user, orti_graph *graph, orti_tensor **outputs) {
    orti_tensor *values[256] = {0};
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    ort_status *status = NULL;
    (void)user;
    CHECK(orti_graph_value_count(graph) <= 256);
    CHECK_OK(orti_graph_verify(graph));
    CHECK_OK(orti_graph_order(graph, &order, &count));
    for (orti_value_id v = 0; v < orti_graph_value_count(graph); v++)
        if (orti_graph_value(graph, v)->constant) values[v] = orti_tensor_retain(orti_graph_value(graph, v)->constant);
    for (uint32_t i = 0; !status && i < count; i++) status = run_node(graph, orti_graph_node(graph, order[i]), values);
    for (uint32_t i = 0; !status && i < orti_graph_output_count(graph); i++)
        outputs[i] = orti_tensor_retain(values[orti_graph_output(graph, i)]);
    for (size_t v = 0; v < 256; v++) orti_tensor_release(values[v]);
    return status;
}

/* ---- cases ---- */
typedef struct test_case {
    char *text;
    const char *before, *after;
    const char *passes[16];
    uint32_t pass_count;
    int32_t opset;
} test_case;

static void read_case(const char *path, test_case *out) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s can't be read", path);
    size_t size = 0;
    out->text = calloc(1, 65536);
    CHECK(out->text != NULL);
    size = fread(out->text, 1, 65535, file);
    (void)fclose(file);
    CHECK(size > 0 && size < 65535);
    char *graphs = strstr(out->text, "graph "), *line = strstr(out->text, "\n----\n");
    CHECK(graphs && line, "%s lacks a graph or the line between two", path);
    *line = 0;
    out->before = graphs;
    out->after = line + 6;
    graphs[-1] = 0;
    char *opset = strstr(out->text, "opset ");
    CHECK(opset != NULL);
    out->opset = (int32_t)strtol(opset + 6, NULL, 10);
    *opset = 0;
    for (char *word = strtok(out->text, " \n"); word; word = strtok(NULL, " \n"))
        if (strcmp(word, "passes") != 0) out->passes[out->pass_count++] = word;
}

static void run_case(const char *name) {
    test_case test = {0};
    char path[512];
    orti_graph *graph = NULL;
    orti_text got;
    (void)snprintf(path, sizeof path, "%s/%s.ortg", ORT_PASSES_TESTDATA, name);
    read_case(path, &test);
    const orti_passes_options options = {.evaluate = evaluate};
    CHECK_OK(orti_graph_parse(alloc(), test.before, strlen(test.before), &graph));
    CHECK_OK(orti_ops_bind(graph, opset_of, &test.opset));
    CHECK_OK(orti_infer_graph(graph));
    CHECK_OK(orti_passes_run_named(graph, test.passes, test.pass_count, &options));
    CHECK_OK(orti_graph_verify(graph));
    orti_text_init(&got, alloc());
    CHECK_OK(orti_graph_print(graph, 64, &got));
    CHECK(strcmp(got.data, test.after) == 0, "%s gives\n%s", name, got.data);
    orti_text_finish(&got);
    orti_graph_destroy(graph);
    free(test.text);
}

#define CASE(name)                                                                                                     \
    ORT_TEST(passes, name) {                                                                                           \
        run_case(#name);                                                                                               \
    }

CASE(lower_constant)
CASE(lower_softmax)
CASE(lower_attributes)
CASE(lower_renamed)
CASE(lower_standard_forms)
CASE(lower_upsample)
CASE(opt_identity)
CASE(opt_known)
CASE(opt_dead_code)
CASE(opt_common_subexpressions)
CASE(opt_batch_norm)
CASE(opt_fold_constants)
CASE(opt_fuse_conv_affine)
CASE(opt_in_bodies)
CASE(opt_compose_moves)
CASE(opt_lift_activations)
CASE(opt_lift_layer_norm)
CASE(opt_inline_if)
CASE(lower_open_ranks)

static orti_graph *parse_bound(const char *text, int32_t opset) {
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(alloc(), text, strlen(text), &graph));
    CHECK_OK(orti_ops_bind(graph, opset_of, &opset));
    return graph;
}

ORT_TEST(passes, names_are_checked) {
    const char *wrong[] = {"opt_identiti"}, *required[] = {"lower_versions"};
    orti_passes_options options = {.disabled = wrong, .disabled_count = 1};
    orti_graph *graph = parse_bound("graph g { input %x : float32[2] %y = Relu (%x) output %y }", 13);
    CHECK_FAILS(orti_passes_run(graph, &options), ORT_CODE_INVALID_ARGUMENT, "did you mean opt_identity");
    options.disabled = required;
    CHECK_FAILS(orti_passes_run(graph, &options), ORT_CODE_INVALID_ARGUMENT, "required");
    CHECK_OK(orti_passes_run(graph, NULL));
    CHECK(orti_graph_node(graph, 0)->until_version >= 14 && orti_graph_node(graph, 0)->since_version == 13);
    orti_graph_destroy(graph);
}

/* What stays behind an If must not stand between it and what moves into it. */
ORT_TEST(passes, open_ranks_make_no_cycle) {
    orti_graph *graph = parse_bound(
        "graph g { input %x : float32[1,n] input %b : bool[] "
        "%m, %k = If (%b) {then_branch = graph then { capture %x1 : float32[1,n] = %x const %axis : int64[1] = {0} "
        "%p = Squeeze (%x1, %axis) %s = Abs (%x1) output %p output %s }, "
        "else_branch = graph else { capture %x2 : float32[1,n] = %x %q = Neg (%x2) %t = Exp (%x2) output %q output %t "
        "}} "
        "%a = Exp (%k) %y = Add (%m, %a) output %y }",
        16);
    CHECK_OK(orti_passes_run(graph, NULL));
    CHECK_OK(orti_graph_verify(graph));
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_graph_order(graph, &order, &count));
    CHECK(count == 3, "%u nodes", count);
    orti_graph_destroy(graph);
}

ORT_TEST(passes, a_version_without_a_step_is_named) {
    orti_graph *graph =
        parse_bound("graph g { input %x : float32[1,2,3] %y = GlobalLpPool (%x) \"glp\" output %y }", 1);
    CHECK_FAILS(orti_passes_run(graph, NULL), ORT_CODE_UNSUPPORTED,
                "node 'glp': GlobalLpPool-1 can't be raised to GlobalLpPool-22");
    orti_graph_destroy(graph);
}

ORT_TEST(passes, the_whole_list) {
    orti_passes_options options = {.evaluate = evaluate};
    orti_graph *graph = parse_bound("graph g { input %x : float32[1,1,3,3] const %w : float32[2,1,1,1] = {1, 2} "
                                    "const %g : float32[2] = {1, 2} const %b : float32[2] = {0, 1} "
                                    "const %m : float32[2] = {1, 1} const %v : float32[2] = {4, 4} "
                                    "%c = Conv (%x, %w) %n = BatchNormalization (%c, %g, %b, %m, %v) {epsilon = 0.0} "
                                    "%y = Relu (%n) output %y }",
                                    9);
    CHECK_OK(orti_passes_run(graph, &options));
    const orti_node *conv = orti_graph_node(graph, 0);
    CHECK_STR(conv->op_type, "Conv");
    CHECK(conv->input_count == 3);
    const orti_tensor *weights = orti_graph_value(graph, conv->inputs[1])->constant;
    const orti_tensor *bias = orti_graph_value(graph, conv->inputs[2])->constant;
    CHECK(weights && bias);
    CHECK(fabsf(((const float *)weights->data)[1] - 2.0f) < 1e-6f);
    CHECK(fabsf(((const float *)bias->data)[0] + 0.5f) < 1e-6f && fabsf(((const float *)bias->data)[1]) < 1e-6f);
    uint32_t live = 0;
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) live += !orti_graph_node(graph, id)->is_deleted;
    CHECK(live == 2, "%u nodes are left", live);
    orti_graph_destroy(graph);
}

ORT_TEST(passes, what_each_did_is_recorded) {
    orti_passes_record record = {0};
    orti_passes_options options = {.record = &record};
    orti_graph *graph = parse_bound("graph g { input %x : float32[2] %i = Identity (%x) %a = Relu (%i) %b = Relu (%i) "
                                    "%y = Add (%a, %b) output %y }",
                                    13);
    orti_text text;
    CHECK_OK(orti_passes_run(graph, &options));
    int64_t removed = 0;
    for (uint32_t i = 0; orti_passes_name(i); i++) {
        const orti_pass_record *entry = &record.passes[i];
        bool is_identity = strcmp(orti_passes_name(i), "opt_identity") == 0;
        CHECK(orti_passes_summary(i)[0] && entry->run_count > 0 && entry->time_ns > 0);
        CHECK(!is_identity || (entry->change_count == 1 && entry->removed_count == 1));
        removed += entry->removed_count;
    }
    CHECK(removed == 2, "%lld nodes are said to be removed", (long long)removed);
    orti_text_init(&text, alloc());
    CHECK_OK(orti_passes_record_json(&record, &text));
    CHECK(strstr(text.data, "{\"name\":\"opt_identity\",\"time_ns\":") != NULL, "%s", text.data);
    orti_text_finish(&text);
    orti_graph_destroy(graph);
}

/* Wherever memory ends, the failure is told and nothing is left behind. */
ORT_TEST(passes, out_of_memory) {
    static const char text[] = "graph g { input %x : float32[1,1,3,3] const %w : float32[2,1,1,1] = {1, 2} "
                               "const %g : float32[2] = {1, 2} const %v : float32[2] = {4, 4} "
                               "%c = Conv (%x, %w) %n = BatchNormalization (%c, %g, %g, %g, %v) "
                               "%s = Softmax (%n) {axis = 1} %i = Identity (%s) %y = Clip (%i) {min = 0.0} output %y }";
    ort_status *status = NULL;
    int32_t opset = 9;
    uint64_t at = 0;
    do {
        orti_allocator_failing failing;
        orti_graph *graph = NULL;
        const orti_passes_options options = {.evaluate = evaluate};
        ort_status_destroy(status);
        orti_allocator_failing_init(&failing, ++at);
        status = orti_graph_parse(&failing.allocator, text, sizeof text - 1, &graph);
        if (!status) status = orti_ops_bind(graph, opset_of, &opset);
        if (!status) status = orti_passes_run(graph, &options);
        orti_graph_destroy(graph);
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        CHECK(atomic_load(&failing.live_count) == 0, "%llu allocations are left after failure %llu",
              (unsigned long long)atomic_load(&failing.live_count), (unsigned long long)at);
    } while (status && at < 100000);
    CHECK(!status && at > 20);
}
