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

/* The smallest time of a run, over rounds of `repeat` runs each. */
static double min_run_ns(ort_environment *environment, const onnx_bytes *bytes, const ort_options *options,
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

int main(void) {
    ort_options *options = NULL;
    ort_environment *environment = NULL;
    must(ort_options_create(&options));
    must(ort_options_set(options, "threads.per_lane", "1"));
    must(ort_options_set(options, "providers", "[{\"name\": \"cpu\", \"options\": {\"fusion\": false}}]"));
    must(ort_environment_create(options, NULL, NULL, &environment));
    onnx_bytes chain = {0}, layers = {0}, one = {0};
    write_chain(&chain, 1000);
    write_layers(&layers, 20);
    write_chain(&one, 1);
    double chain_ns = min_run_ns(environment, &chain, options, 5);
    double one_ns = min_run_ns(environment, &one, options, 1000);
    ort_options *fused = NULL;
    must(ort_options_create(&fused));
    must(ort_options_set(fused, "threads.per_lane", "1"));
    double layers_ns = min_run_ns(environment, &layers, fused, 100);
    printf("chain of 1,000 unary nodes, unfused   %8.1f ns a node   (at most 80)\n", chain_ns / 1000);
    printf("20 x Gemm 64x64 + Relu, batch 1       %8.3f us a layer  (at most 0.4)\n", layers_ns / 20 / 1000);
    printf("one node                              %8.3f us a run    (at most 1)\n", one_ns / 1000);
    free(chain.data);
    free(layers.data);
    free(one.data);
    ort_environment_destroy(environment);
    ort_options_destroy(fused);
    ort_options_destroy(options);
    return 0;
}
