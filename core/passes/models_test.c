/* Published models (ORT_TEST_DATA, or ../shared beside the repository): shapes that inference tells, with symbols and
 * with numbers, against those that the oracle's answers have. */
#include "load/load.h"
#include "load/tensor_file.h"
#include "passes/passes.h"
#include "testing/test.h"

#include <stdio.h>

#define SHAPES_MAX 16u

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static void path_of(const char *model, const char *file, char *out, size_t size) {
    const char *data = orti_env("ORT_TEST_DATA");
    if (data)
        (void)snprintf(out, size, "%s/models/%s/%s", data, model, file);
    else
        (void)snprintf(out, size, "%s/../shared/models/%s/%s", ORT_SOURCE_DIR, model, file);
}

static int32_t opset_of(void *user, const char *domain) {
    return orti_model_opset(user, domain);
}

static orti_tensor *read_tensor(const char *model, uint32_t set, const char *side, uint32_t index) {
    char name[64], path[1024];
    orti_tensor *tensor = NULL;
    char *stored = NULL;
    (void)snprintf(name, sizeof name, "test_data_set_%u/%s_%u.pb", set, side, index);
    path_of(model, name, path, sizeof path);
    CHECK_OK(orti_tensor_load_pb(alloc(), path, &tensor, &stored));
    orti_free(alloc(), stored);
    return tensor;
}

static void check_output(const orti_graph *graph, const orti_facts *facts, const char *model, uint32_t set,
                         uint32_t index) {
    const orti_value_id id = orti_graph_output(graph, index);
    const orti_fact *fact = orti_facts_get(facts, id);
    orti_tensor *want = read_tensor(model, set, "output", index);
    CHECK(fact->has_shape && fact->rank == want->rank && fact->dtype == want->dtype,
          "%s, set %u: output %u has rank %u and type %u, want %u and %u", model, set, index, fact->rank,
          (unsigned)fact->dtype, want->rank, (unsigned)want->dtype);
    for (uint32_t i = 0; i < want->rank; i++)
        CHECK(fact->dims[i] == want->dims[i], "%s, set %u: output %u, axis %u is %lld, want %lld", model, set, index, i,
              (long long)fact->dims[i], (long long)want->dims[i]);
    orti_tensor_release(want);
}

static void check_set(orti_graph *graph, const char *model, uint32_t set) {
    static orti_fact inputs[SHAPES_MAX];
    orti_facts *facts = NULL;
    const uint32_t count = orti_graph_input_count(graph);
    CHECK(count <= SHAPES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        orti_tensor *tensor = read_tensor(model, set, "input", i);
        inputs[i] = (orti_fact){.dtype = tensor->dtype, .has_shape = true, .rank = tensor->rank};
        memcpy(inputs[i].dims, tensor->dims, sizeof tensor->dims);
        inputs[i].known = tensor;
    }
    CHECK_OK(orti_facts_create(graph, inputs, count, &facts));
    for (uint32_t i = 0; i < orti_graph_output_count(graph); i++) check_output(graph, facts, model, set, i);
    for (uint32_t i = 0; i < count; i++) orti_tensor_release(inputs[i].known);
    orti_facts_destroy(facts);
}

/* Every value that is left has a type and a rank: nothing of these models is out of inference's reach. */
static void check_values(const orti_graph *graph, const char *model) {
    for (orti_node_id n = 0; n < orti_graph_node_count(graph); n++) {
        const orti_node *node = orti_graph_node(graph, n);
        if (node->is_deleted) continue;
        CHECK(node->op && node->until_version >= orti_op_newest(node->domain, node->op_type)->since_version);
        for (uint32_t i = 0; i < node->output_count; i++) {
            if (node->outputs[i] == ORTI_NONE) continue;
            const orti_value *value = orti_graph_value(graph, node->outputs[i]);
            CHECK(value->dtype != ORT_DTYPE_NONE && value->has_shape, "%s: nothing is known of '%s', made by '%s' (%s)",
                  model, value->name, node->name, node->op_type);
        }
    }
}

static void check_model(const char *name) {
    char path[1024];
    orti_model *model = NULL;
    path_of(name, "model.onnx", path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (!file) SKIP("no models: neither ORT_TEST_DATA nor ../shared/models is there");
    (void)fclose(file);
    CHECK_OK(orti_model_load_file(alloc(), path, NULL, &model));
    CHECK_OK(orti_ops_bind(model->graph, opset_of, model));
    CHECK_OK(orti_passes_run(model->graph, NULL));
    CHECK_OK(orti_graph_verify(model->graph));
    check_values(model->graph, name);
    for (uint32_t set = 0; set < 2; set++) check_set(model->graph, name, set);
    orti_model_destroy(model);
}

#define MODEL(test, name)                                                                                              \
    ORT_TEST(models, test) {                                                                                           \
        check_model(name);                                                                                             \
    }

MODEL(mnist, "mnist-cntk-8")
MODEL(super_resolution, "super-resolution-10")
MODEL(ultraface, "ultraface-rfb-320")
MODEL(fastestdet, "fastestdet-352")
MODEL(blazeface, "blazeface-back-256")
MODEL(palm, "mediapipe-palm-lite-192")
MODEL(iris, "mediapipe-iris-external-data")
MODEL(bodypix, "bodypix-mbv1-050-s16")
MODEL(ppocr_det, "ppocr-v3-det-en")
MODEL(basic_pitch, "basic-pitch-nmp")
MODEL(magika_v1, "magika-v1")
MODEL(magika_v3, "magika-v3.3")
MODEL(xgboost, "xgboost-iris-hummingbird")
