/* Published models, where they lie beside the repository (ORT_TEST_DATA, or ../shared). */
#include "load/load.h"
#include "load/tensor_file.h"
#include "testing/test.h"

#include <stdio.h>

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static const char *const models[] = {"basic-pitch-nmp",
                                     "blazeface-back-256",
                                     "bodypix-mbv1-050-s16",
                                     "coreml-bikesharing-onehot",
                                     "fastestdet-352",
                                     "gtcrn-stream",
                                     "linear-classifier",
                                     "magika-v1",
                                     "magika-v3.3",
                                     "mediapipe-iris-external-data",
                                     "mediapipe-palm-lite-192",
                                     "mnist-cntk-8",
                                     "nanogpt-char-65",
                                     "nanogpt-greedy-loop",
                                     "nnsplit-en-lstm",
                                     "ppocr-en-number-rec",
                                     "ppocr-v3-det-en",
                                     "silero-vad-v3-mini",
                                     "silero-vad-v3-mini-dynquant",
                                     "silero-vad-v6",
                                     "snips-qlstm-scan",
                                     "super-resolution-10",
                                     "tfidf-string-vectorizer",
                                     "tiny-gpt2-contrib",
                                     "tiny-llama-fp16-external",
                                     "ultraface-rfb-320",
                                     "ultraface-rfb-320-nms",
                                     "ultraface-slim-320-qdq-int8",
                                     "xgboost-classifier-tree",
                                     "xgboost-iris-hummingbird"};
#define MODEL_COUNT (sizeof models / sizeof *models)

static void path_of(const char *model, const char *file, char *out, size_t size) {
    const char *data = orti_env("ORT_TEST_DATA");
    if (data)
        snprintf(out, size, "%s/models/%s/%s", data, model, file);
    else
        snprintf(out, size, "%s/../shared/models/%s/%s", ORT_SOURCE_DIR, model, file);
}

static void skip_without_models(void) {
    char path[1024];
    path_of("mnist-cntk-8", "model.onnx", path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (!file) SKIP("no models: neither ORT_TEST_DATA nor ../shared/models is there");
    fclose(file);
}

static orti_model *load(const char *name, const orti_load_options *options) {
    char path[1024];
    orti_model *model = NULL;
    path_of(name, "model.onnx", path, sizeof path);
    CHECK_OK(orti_model_load_file(alloc(), path, options, &model));
    return model;
}

static uint32_t count_nodes(const orti_graph *graph) {
    uint32_t count = orti_graph_node_count(graph);
    for (uint32_t n = 0; n < orti_graph_node_count(graph); n++)
        for (uint32_t i = 0; i < orti_node_subgraph_count(orti_graph_node(graph, n)); i++)
            count += count_nodes(orti_node_subgraph(orti_graph_node(graph, n), i));
    return count;
}

ORT_TEST(models, all_load_and_their_text_is_stable) {
    skip_without_models();
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        orti_model *model = load(models[i], NULL);
        orti_graph *copy = NULL;
        orti_text first, second;
        orti_text_init(&first, alloc());
        orti_text_init(&second, alloc());
        CHECK_OK(orti_graph_copy(model->graph, &copy));
        CHECK_OK(orti_graph_verify(copy));
        CHECK_OK(orti_graph_print(model->graph, 4, &first));
        CHECK_OK(orti_graph_print(copy, 4, &second));
        CHECK(strcmp(first.data, second.data) == 0, "the copy of %s prints differently", models[i]);
        CHECK(orti_graph_input_count(copy) > 0 && orti_graph_output_count(copy) > 0, "%s", models[i]);
        orti_text_finish(&first);
        orti_text_finish(&second);
        orti_graph_destroy(copy);
        orti_model_destroy(model);
    }
}

/* With every constant printed: large ones would take minutes, so only models that have few. */
ORT_TEST(models, text_parses_back) {
    static const char *const small[] = {"coreml-bikesharing-onehot",
                                        "linear-classifier",
                                        "snips-qlstm-scan",
                                        "mnist-cntk-8",
                                        "tfidf-string-vectorizer",
                                        "xgboost-classifier-tree",
                                        "xgboost-iris-hummingbird",
                                        "nanogpt-greedy-loop",
                                        "gtcrn-stream"};
    skip_without_models();
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        orti_model *model = load(small[i], NULL);
        orti_graph *again = NULL;
        orti_text first, second;
        orti_text_init(&first, alloc());
        orti_text_init(&second, alloc());
        CHECK_OK(orti_graph_print(model->graph, UINT32_MAX, &first));
        CHECK_OK(orti_graph_parse(alloc(), first.data, first.length, &again));
        CHECK_OK(orti_graph_print(again, UINT32_MAX, &second));
        CHECK(count_nodes(again) == count_nodes(model->graph), "%s", small[i]);
        CHECK(first.length == second.length, "%s: %zu and %zu bytes", small[i], first.length, second.length);
        orti_text_finish(&first);
        orti_text_finish(&second);
        orti_graph_destroy(again);
        orti_model_destroy(model);
    }
}

ORT_TEST(models, facts) {
    skip_without_models();
    orti_model *model = load("mnist-cntk-8", NULL);
    CHECK(model->ir_version == 3 && orti_model_opset(model, "ai.onnx") == 8 && orti_model_opset(model, "") == 8);
    CHECK(orti_graph_input_count(model->graph) == 1 && orti_graph_node_count(model->graph) == 12);
    CHECK_STR(orti_graph_value(model->graph, orti_graph_input(model->graph, 0))->name, "Input3");
    CHECK_STR(model->producer_name, "CNTK");
    orti_model_destroy(model);

    model = load("linear-classifier", NULL);
    CHECK(orti_model_opset(model, "") == 21 && orti_model_opset(model, "ai.onnx.ml") == 1 && model->imports.count == 2);
    orti_model_destroy(model);

    model = load("silero-vad-v6", NULL);
    CHECK(count_nodes(model->graph) == 689, "%u", count_nodes(model->graph));
    orti_model_destroy(model);

    model = load("nanogpt-greedy-loop", NULL);
    CHECK(count_nodes(model->graph) == 451, "%u", count_nodes(model->graph));
    orti_model_destroy(model);
}

ORT_TEST(models, large_tensors_are_views_of_the_file) {
    skip_without_models();
    orti_model *model = load("ultraface-rfb-320", NULL);
    uint32_t views = 0;
    for (uint32_t v = 0; v < orti_graph_value_count(model->graph); v++) {
        const orti_tensor *tensor = orti_graph_value(model->graph, v)->constant;
        if (!tensor || tensor->size_bytes < 1024) continue;
        CHECK(tensor->file == model->file, "%s was copied", orti_graph_value(model->graph, v)->name);
        views++;
    }
    CHECK(views > 20, "%u", views);
    orti_model_destroy(model);

    model = load("mediapipe-iris-external-data", NULL);
    views = 0;
    for (uint32_t v = 0; v < orti_graph_value_count(model->graph); v++) {
        const orti_tensor *tensor = orti_graph_value(model->graph, v)->constant;
        views += tensor && tensor->file && tensor->file != model->file;
    }
    CHECK(views > 20, "%u", views);
    orti_model_destroy(model);
}

ORT_TEST(models, an_initializer_may_stay_an_input) {
    skip_without_models();
    const char *name = "Parameter193";
    orti_load_options options = {.kept_inputs = &name, .kept_input_count = 1};
    orti_model *model = load("mnist-cntk-8", &options);
    CHECK(orti_graph_input_count(model->graph) == 2);
    CHECK(orti_graph_value(model->graph, orti_graph_find_value(model->graph, name))->kind == ORTI_VALUE_INPUT);
    orti_model_destroy(model);
}

ORT_TEST(models, limits) {
    skip_without_models();
    char path[1024];
    orti_model *model = NULL;
    path_of("silero-vad-v6", "model.onnx", path, sizeof path);
    orti_load_options options = {.limits = {.node_count = 100}};
    CHECK_FAILS(orti_model_load_file(alloc(), path, &options, &model), ORT_CODE_LIMIT_EXCEEDED, "more than 100 nodes");
    options = (orti_load_options){.limits = {.nesting = 1}};
    CHECK_FAILS(orti_model_load_file(alloc(), path, &options, &model), ORT_CODE_LIMIT_EXCEEDED, "more than 1 deep");
    options = (orti_load_options){.limits = {.model_bytes = 1000}};
    CHECK_FAILS(orti_model_load_file(alloc(), path, &options, &model), ORT_CODE_LIMIT_EXCEEDED, "the limit is 1000");
    options = (orti_load_options){.limits = {.host_bytes = 100000}};
    CHECK_FAILS(orti_model_load_file(alloc(), path, &options, &model), ORT_CODE_LIMIT_EXCEEDED, "limit host_bytes");
    options = (orti_load_options){.limits = {.tensor_bytes = 1000}};
    CHECK_FAILS(orti_model_load_file(alloc(), path, &options, &model), ORT_CODE_LIMIT_EXCEEDED, "limit tensor_bytes");
    CHECK(model == NULL);
}

ORT_TEST(models, test_data_loads) {
    skip_without_models();
    char path[1024], *name = NULL;
    orti_tensor *tensor = NULL;
    path_of("mnist-cntk-8", "test_data_set_0/input_0.pb", path, sizeof path);
    CHECK_OK(orti_tensor_load_pb(alloc(), path, &tensor, &name));
    CHECK_STR(name, "Input3");
    CHECK(tensor->dtype == ORT_DTYPE_F32 && tensor->rank == 4 && tensor->dims[3] == 28);
    orti_tensor_release(tensor);
    orti_free(alloc(), name);
    path_of("tfidf-string-vectorizer", "test_data_set_0/input_0.pb", path, sizeof path);
    CHECK_OK(orti_tensor_load_pb(alloc(), path, &tensor, NULL));
    CHECK(tensor->dtype == ORT_DTYPE_STRING && tensor->rank == 1);
    orti_tensor_release(tensor);
}
