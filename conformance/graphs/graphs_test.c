/* Levels 4 to 6 in this process, on the CPU provider: under a sanitizer these are its checks of the judge as well. What
 * has to fail is made to fail by files that are wrong. */
#include "graphs/chain.h"
#include "graphs/graphs.h"
#include "judge/judge.h"
#include "testing/test.h"

#include "ort/ort.h"

#include <sys/stat.h>
#include <unistd.h>

static ortc_context context_of(const ortc_check *check, const char *folder) {
    static const ortc_subject cpu = {.name = "cpu",
                                     .id = "org.orthrus.cpu",
                                     .version = "0.1.0",
                                     .manifest_path = "",
                                     .library_path = CPU_LIBRARY,
                                     .seed = 1};
    return (ortc_context){.subject = &cpu, .check = check, .folder = folder};
}

/* ---- levels 5 and 6 ---- */

static void all_pass(ortc_checks checks) {
    CHECK(checks.count > 0);
    for (uint32_t i = 0; i < checks.count; i++) {
        ortc_context context = context_of(&checks.items[i], NULL);
        checks.items[i].run(&context);
        CHECK(context.verdict == ORTC_PASSED, "%s: %s: %s", checks.items[i].name, context.rule ? context.rule : "",
              context.text);
    }
}
ORT_TEST(conformance_graphs, the_cpu_provider_passes_level_5) {
    all_pass(ortc_fault_checks());
}
ORT_TEST(conformance_graphs, the_cpu_provider_passes_drawn_graphs) {
    all_pass(ortc_graph_checks());
}
ORT_TEST(conformance_graphs, level_6_reports_and_judges_nothing) {
    all_pass(ortc_speed_checks());
}

ORT_TEST(conformance_graphs, a_library_that_is_not_there_breaks_a_rule) {
    ortc_subject none = {.name = "none", .library_path = "/nowhere/libortp_none.so"};
    ortc_context context = {.subject = &none, .check = ortc_fault_checks().items};
    context.check->run(&context);
    CHECK(context.verdict == ORTC_FAILED, "%s", ortc_verdict_name(context.verdict));
    CHECK_STR(context.rule, "entry.negotiates");
}

/* ---- chains ---- */

ORT_TEST(conformance_graphs, a_chain_says_what_it_gives) {
    static const float x[] = {-2, 3};
    static const struct {
        ortc_chain chain;
        float want[2];
    } facts[] = {{{"a", {"Add", "Mul", "Relu", NULL}}, {8, 18}}, /* (x + x) x */
                 {{"b", {"Neg", NULL}}, {2, -3}},
                 {{"c", {"Abs", "Neg", NULL}}, {-2, -3}},
                 {{"d", {"Relu", NULL}}, {0, 3}}};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        float y[2];
        ortc_chain_answer(&facts[i].chain, x, y, 2);
        CHECK(memcmp(y, facts[i].want, sizeof y) == 0, "%s: %g %g", facts[i].chain.name, (double)y[0], (double)y[1]);
    }
}

/* ---- level 4: a folder of add-relu, right and wrong ---- */

typedef struct folder {
    char path[64];
} folder;

static void tensor_write(const folder *self, int set, const char *name, const float *values, int64_t count) {
    char path[128];
    ort_tensor *tensor = NULL;
    snprintf(path, sizeof path, "%s/test_data_set_%d/%s_0.pb", self->path, set, name);
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &count, 1, &tensor));
    memcpy(ort_tensor_data(tensor), values, (size_t)count * sizeof *values);
    CHECK_OK(ort_tensor_save(tensor, name, path));
    ort_tensor_release(tensor);
}

static void text_write(const folder *self, const char *name, const void *data, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", self->path, name);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(data, 1, size, file) == size);
    fclose(file);
}

/* Set s has 5 + 20 s elements; `error` is added to the first wanted one of set `wrong_set`. */
static void folder_write(folder *self, int set_count, int wrong_set, float error) {
    static const ortc_chain chain = {"add-relu", {"Add", "Relu", NULL}};
    onnx_bytes model;
    strcpy(self->path, "/tmp/ortc_graphs_XXXXXX");
    CHECK(mkdtemp(self->path) != NULL);
    ortc_chain_write(&chain, 2, -1, &model);
    text_write(self, "model.onnx", model.data, model.size);
    free(model.data);
    for (int set = 0; set < set_count; set++) {
        float x[64], once[64], y[64];
        int64_t count = 5 + 20 * set;
        char path[128];
        snprintf(path, sizeof path, "%s/test_data_set_%d", self->path, set);
        CHECK(mkdir(path, 0700) == 0);
        ortc_chain_fill(x, count, (uint32_t)set + 1);
        ortc_chain_answer(&chain, x, once, count);
        for (int64_t i = 0; i < count; i++) y[i] = once[i] + x[i] > 0 ? once[i] + x[i] : 0; /* the second time */
        if (set == wrong_set) y[0] += error;
        tensor_write(self, set, "input", x, count);
        tensor_write(self, set, "output", y, count);
    }
}

static void folder_remove(const folder *self) {
    static const char *const names[] = {"/test_data_set_0/input_0.pb",
                                        "/test_data_set_0/output_0.pb",
                                        "/test_data_set_1/input_0.pb",
                                        "/test_data_set_1/output_0.pb",
                                        "/test_data_set_0",
                                        "/test_data_set_1",
                                        "/model.onnx",
                                        "/inputs.json",
                                        "/case.json",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", self->path, names[i]);
        (void)remove(path);
    }
}

static ortc_context folder_judge(const folder *self) {
    static const ortc_check check = {.name = "graph", .level = 4};
    ortc_context context = context_of(&check, self->path);
    ortc_graph_run(&context);
    folder_remove(self);
    return context;
}

static void expect(const ortc_context *context, ortc_verdict verdict, const char *rule, const char *text) {
    CHECK(context->verdict == verdict, "%s: %s", ortc_verdict_name(context->verdict), context->text);
    CHECK_STR(context->rule ? context->rule : "", rule);
    CHECK(strstr(context->text, text) != NULL, "'%s' lacks '%s'", context->text, text);
}

ORT_TEST(conformance_graphs, a_right_folder_passes_in_every_way) {
    folder self;
    folder_write(&self, 2, -1, 0);
    ortc_context context = folder_judge(&self);
    expect(&context, ORTC_PASSED, "", "");
    CHECK(strstr(context.metrics, "ways=11 nodes=4/4") != NULL, "%s", context.metrics);
}
ORT_TEST(conformance_graphs, a_wrong_answer_breaks_graph_correct) {
    folder self;
    folder_write(&self, 1, 0, 1);
    ortc_context context = folder_judge(&self);
    expect(&context, ORTC_FAILED, "graph.correct", "whole: output 'y' of set 0");
}
ORT_TEST(conformance_graphs, a_wrong_answer_of_the_second_size_alone_is_no_matter_of_sizes) {
    folder self;
    folder_write(&self, 2, 1, 1); /* wrong in a session of its own too */
    ortc_context context = folder_judge(&self);
    expect(&context, ORTC_FAILED, "graph.correct", "set 1");
}
ORT_TEST(conformance_graphs, a_model_has_a_rule_and_tolerances_of_its_own) {
    static const char strict[] = "{\"tolerance\": {\"y\": {\"rtol\": 0.0, \"atol\": 0.25}}}";
    static const char loose[] = "{\"tolerance\": {\"y\": {\"rtol\": 0.0, \"atol\": 4}}}";
    folder self;
    folder_write(&self, 1, 0, 1);
    text_write(&self, "inputs.json", strict, sizeof strict - 1);
    ortc_context context = folder_judge(&self);
    expect(&context, ORTC_FAILED, "model.correct", "set 0");
    folder_write(&self, 1, 0, 1);
    text_write(&self, "inputs.json", loose, sizeof loose - 1);
    context = folder_judge(&self);
    expect(&context, ORTC_PASSED, "", "");
}
ORT_TEST(conformance_graphs, a_folder_without_data_is_a_broken_case) {
    folder self;
    folder_write(&self, 0, -1, 0);
    ortc_context context = folder_judge(&self);
    expect(&context, ORTC_BROKEN, "", "test_data_set_0");
}
