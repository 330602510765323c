/* bench-overhead: what a node and a run cost when there is next to nothing to compute. One thread. Prints minima of
 * many rounds: a chain of 1,000 unary nodes on 8 numbers, unfused; twenty layers of Gemm + Relu, batch 1, weights
 * 64x64; a run of one node. */
#include "common/common.h"
#include "common/onnx_writer.h"

enum { ROUNDS = 400 };

static const tool self = {.name = "bench-overhead"};

static void must(ort_status *status) {
    if (status) exit(tool_fail(&self, status));
}

static void write_chain(onnx_bytes *model, int node_count) {
    static const char *const ops[] = {"Abs", "Neg", "Sqrt", "Abs"};
    const int64_t dims[] = {8};
    char names[2][16] = {"x", ""};
    onnx_bytes graph = {0};
    for (int i = 0; i < node_count; i++) {
        snprintf(names[(i + 1) & 1], sizeof names[0], i + 1 == node_count ? "y" : "v%d", i);
        onnx_node(&graph, node_count == 1 ? "Abs" : ops[i % 4], names[(i + 1) & 1],
                  (const char *const[]){names[i & 1], NULL});
    }
    onnx_value(&graph, 11, "x", dims, 1);
    onnx_value(&graph, 12, "y", dims, 1);
    onnx_model(model, &graph, 13);
}

static void write_layers(onnx_bytes *model, int layer_count) {
    static float weights[64 * 64], bias[64];
    const int64_t square[] = {64, 64}, row[] = {64}, dims[] = {1, 64};
    onnx_bytes graph = {0};
    char names[2][16] = {"x", ""}, weight[16], add[16], sum[16];
    for (int i = 0; i < layer_count; i++) {
        for (int k = 0; k < 64 * 64; k++) weights[k] = (float)((k * 37 + i * 11) % 101 - 50) / 400.0f;
        for (int k = 0; k < 64; k++) bias[k] = (float)((k * 7 + i) % 13) / 26.0f;
        snprintf(weight, sizeof weight, "w%d", i);
        snprintf(add, sizeof add, "b%d", i);
        snprintf(sum, sizeof sum, "s%d", i);
        snprintf(names[(i + 1) & 1], sizeof names[0], i + 1 == layer_count ? "y" : "v%d", i);
        onnx_initializer(&graph, weight, square, 2, weights);
        onnx_initializer(&graph, add, row, 1, bias);
        onnx_node(&graph, "Gemm", sum, (const char *const[]){names[i & 1], weight, add, NULL});
        onnx_node(&graph, "Relu", names[(i + 1) & 1], (const char *const[]){sum, NULL});
    }
    onnx_value(&graph, 11, "x", dims, 2);
    onnx_value(&graph, 12, "y", dims, 2);
    onnx_model(model, &graph, 13);
}

/* Steps of one run, counted in its profile: a figure for 1,000 nodes means nothing if a pass took half of them. */
static int step_count(ort_session *session, ort_binding *binding) {
    char *trace = NULL;
    int count = 0;
    must(ort_session_profile_start(session));
    must(ort_binding_run(binding, NULL));
    must(ort_session_profile_stop(session, &trace));
    json_t *profile = json_loads(trace, 0, NULL), *event = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(profile, "traceEvents"), i, event) {
        const char *kind = json_string_value(json_object_get(event, "cat"));
        if (kind && strcmp(kind, "kernel") == 0) count++;
    }
    json_decref(profile);
    ort_string_destroy(trace);
    return count;
}

static void expect_steps(int got, int wanted) {
    if (got == wanted) return;
    tool_error(&self, "a run is of %d steps, %d were to be measured", got, wanted);
    exit(TOOL_EXIT_BUG);
}

/* The smallest time of a run, over rounds of `repeat` runs each. */
static double min_run_ns(ort_environment *environment, const onnx_bytes *bytes, const ort_options *options, int steps,
                         int repeat) {
    ort_model *model = NULL;
    ort_session *session = NULL;
    ort_binding *binding = NULL;
    ort_tensor *input = NULL;
    ort_value_info info = ORT_INIT(ort_value_info);
    must(ort_model_load_bytes(environment, bytes->data, bytes->size, NULL, NULL, &model));
    must(ort_session_create(environment, model, options, &session));
    must(ort_session_input(session, 0, &info));
    must(ort_tensor_create(info.dtype, info.dims, info.rank, &input));
    float *values = ort_tensor_data(input);
    for (int64_t i = 0; i < ort_tensor_element_count(input); i++) values[i] = (float)(i % 5) * 0.25f;
    must(ort_binding_create(session, &binding));
    must(ort_binding_set_input(binding, 0, input));
    must(ort_binding_prepare(binding));
    expect_steps(step_count(session, binding), steps);
    double best_ns = 1e300;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin_ns = tool_clock_ns();
        for (int i = 0; i < repeat; i++) must(ort_binding_run(binding, NULL));
        double run_ns = (double)(tool_clock_ns() - begin_ns) / repeat;
        if (run_ns < best_ns) best_ns = run_ns;
    }
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    ort_session_destroy(session);
    ort_model_destroy(model);
    return best_ns;
}

/* On one thread, with the CPU provider's fusion on or off; prints a row. */
static void measure(const char *title, const onnx_bytes *bytes, bool is_fused, int steps, int repeat, double limit_ns) {
    ort_options *options = NULL;
    ort_environment *environment = NULL;
    must(ort_options_create(&options));
    must(ort_options_set(options, "threads.per_lane", "1"));
    must(ort_options_set(options, "providers",
                         is_fused ? "[{\"name\": \"cpu\", \"options\": {\"fusion\": true}}]"
                                  : "[{\"name\": \"cpu\", \"options\": {\"fusion\": false}}]"));
    must(ort_environment_create(options, NULL, NULL, &environment));
    double run_ns = min_run_ns(environment, bytes, options, steps, repeat);
    printf("%-36s %5d steps  %9.1f ns each  (at most %.0f)\n", title, steps, run_ns / steps, limit_ns);
    ort_environment_destroy(environment);
    ort_options_destroy(options);
}

int main(void) {
    onnx_bytes chain = {0}, layers = {0}, one = {0};
    write_chain(&chain, 1000);
    write_layers(&layers, 20);
    write_chain(&one, 1);
    measure("1,000 unary nodes, unfused", &chain, false, 1000, 5, 80);
    measure("20 x Gemm 64x64 + Relu, batch 1", &layers, true, 20, 100, 400);
    measure("one node, the whole run", &one, false, 1, 1000, 1000);
    free(chain.data);
    free(layers.data);
    free(one.data);
    return 0;
}
