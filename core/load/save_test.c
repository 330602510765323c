/* Graphs in text become files and graphs again; what a file can't say is refused. */
#include "load/save.h"
#include "ops/ops.h"
#include "testing/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static int32_t newest(void *user, const char *domain) {
    (void)user;
    return *domain ? 1 : 22;
}

/* A model around a graph in text, as if it had been loaded. `opset` 0: it imports nothing. */
static orti_model *model_of(const char *text, int32_t opset, bool is_bound) {
    static orti_opset opsets[1];
    orti_model model = {.ir_version = 8,
                        .path = "",
                        .producer_name = "",
                        .producer_version = "",
                        .domain = "d",
                        .doc_string = "what it is",
                        .model_version = 7};
    orti_model *out = NULL;
    opsets[0] = (orti_opset){"", opset};
    model.imports = (orti_opset_list){opsets, opset ? 1 : 0};
    model.metadata = &(orti_metadata){"key", "value"};
    model.metadata_count = 1;
    model.arena.alloc = alloc();
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(alloc(), text, strlen(text), &graph));
    if (is_bound) CHECK_OK(orti_ops_bind(graph, newest, NULL));
    CHECK_OK(orti_file_from_bytes(alloc(), "", 0, true, &model.file));
    CHECK_OK(orti_model_copy(&model, graph, &out));
    orti_file_release(model.file);
    return out;
}

static orti_model *round_trip(const orti_model *model, int32_t opset) {
    const orti_save_options options = {.opset = opset, .version = "1"};
    orti_model *again = NULL;
    orti_text bytes;
    orti_text_init(&bytes, alloc());
    CHECK_OK(orti_model_save_bytes(model, model->graph, &options, &bytes));
    CHECK_OK(orti_model_load_bytes(alloc(), bytes.data, bytes.length, NULL, NULL, &again));
    orti_text_finish(&bytes);
    return again;
}

static void check_text(const orti_graph *graph, const char *want) {
    orti_text text;
    orti_text_init(&text, alloc());
    CHECK_OK(orti_graph_print(graph, 64, &text));
    CHECK(strcmp(text.data, want) == 0, "got\n%s", text.data);
    orti_text_finish(&text);
}

/* The text comes back as it was. */
static void check_same(const char *text) {
    orti_model *model = model_of(text, 22, false);
    orti_model *again = round_trip(model, 0);
    check_text(again->graph, text);
    orti_model_destroy(again);
    orti_model_destroy(model);
}

ORT_TEST(save, every_kind_comes_back) {
    check_same("graph \"g\" {\n"
               "  input %x : float32[batch,3]\n"
               "  input %s : type \"seq(tensor(float))\"\n"
               "  input %o : type \"optional(seq(tensor(int64)))\"\n"
               "  input %m : type \"map(int64, tensor(double))\"\n"
               "  const %w : float32[2] = {0.5, -1.0}\n"
               "  const %b : bool[2] = {1, 0}\n"
               "  const %h : float16[2] = {0.5, 1.0}\n"
               "  const %n : int4[3] = {1, -2, 3}\n"
               "  const %t : string[2] = {\"a\", \"\"}\n"
               "  const %e : int64[0] = {}\n"
               "  %y : float32[batch,3], _, %z = com.example::Odd (%x, _, %w) {i = 1, f = 2.5, s = \"text\", "
               "is = [1, 2], fs = [0.5, 1.0], ss = [\"a\", \"b\"], t = tensor float32[2] {1.0, 2.0}, "
               "sp = sparse float32[2,2] {0.0, 2.0, 0.0, 4.0}, ty = type \"seq(tensor(string))\", "
               "ts = [tensor int64[1] {1}, tensor int64[] {2}], em = ints[]} \"odd\"\n"
               "  output %y\n"
               "  output %z\n"
               "}\n");
}

ORT_TEST(save, facts_of_the_model_are_kept) {
    orti_model *model = model_of("graph g { input %x : float32[2] %y = Relu (%x) output %y }", 17, false);
    orti_model *again = round_trip(model, 0);
    CHECK(again->ir_version == 8 && again->model_version == 7 && orti_model_opset(again, "") == 17);
    CHECK_STR(again->producer_name, "orthrus");
    CHECK_STR(again->producer_version, "1");
    CHECK_STR(again->domain, "d");
    CHECK_STR(again->doc_string, "what it is");
    CHECK(again->metadata_count == 1);
    CHECK_STR(again->metadata[0].value, "value");
    orti_model_destroy(again);
    orti_model_destroy(model);
}

/* In a file a name stands for one value in a graph and all bodies in it, and a body makes its outputs itself. */
ORT_TEST(save, bodies_get_names_of_their_own) {
    orti_model *model = model_of("graph g { input %x : float32[2] input %b : bool[] %v = Abs (%x) \"n\" "
                                 "%y = If (%b) {then_branch = graph then { capture %other : float32[2] = %v "
                                 "%v = Neg (%other) \"n\" output %v }, else_branch = graph else { "
                                 "capture %w : float32[2] = %x output %w }} \"n\" output %y }",
                                 22, false);
    orti_model *again = round_trip(model, 0);
    check_text(again->graph, "graph \"g\" {\n"
                             "  input %x : float32[2]\n"
                             "  input %b : bool[]\n"
                             "  %v = Abs (%x) \"n\"\n"
                             "  %y = If (%b) {then_branch = graph \"then\" {\n"
                             "    capture %v = %v\n"
                             "    %v_1 = Neg (%v) \"n\"\n"
                             "    output %v_1\n"
                             "  }, else_branch = graph \"else\" {\n"
                             "    capture %x : float32[2] = %x\n"
                             "    %x_1 : float32[2] = Identity (%x) \"x_1\"\n"
                             "    output %x_1\n"
                             "  }} \"n_1\"\n"
                             "  output %y\n"
                             "}\n");
    orti_model_destroy(again);
    orti_model_destroy(model);
}

static const char relu_of_mean[] = "graph g { input %x : float32[2,2] const %a : int64[1] = {0} "
                                   "%m = ReduceMean (%x, %a) \"mean\" %y = Relu (%m) output %y }";

ORT_TEST(save, operator_sets_are_those_that_every_node_allows) {
    static const struct {
        int32_t imported, wanted, got;
    } cases[] = {{9, 0, 18}, {18, 0, 18}, {22, 0, 22}, {9, 20, 20}, {0, 0, 18}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        orti_model *model = model_of(relu_of_mean, cases[i].imported, true);
        orti_model *again = round_trip(model, cases[i].wanted);
        CHECK(orti_model_opset(again, "") == cases[i].got, "case %zu: opset %d", i, (int)orti_model_opset(again, ""));
        CHECK(again->ir_version == (cases[i].got >= 21 ? 10 : cases[i].got >= 19 ? 9 : 8));
        orti_model_destroy(again);
        orti_model_destroy(model);
    }
}

ORT_TEST(save, what_no_operator_set_suits_is_refused_by_name) {
    orti_text bytes;
    const orti_save_options options = {.opset = 17};
    orti_model *model = model_of(relu_of_mean, 9, true);
    orti_text_init(&bytes, alloc());
    CHECK_FAILS(orti_model_save_bytes(model, model->graph, &options, &bytes), ORT_CODE_UNSUPPORTED,
                "node 'mean' (ReduceMean) needs version 18 of ai.onnx, not 17");
    orti_model_destroy(model);
    model = model_of("graph g { input %x : float32[2] %y = Softmax@1..1 (%x) \"old\" output %y }", 13, false);
    CHECK_FAILS(orti_model_save_bytes(model, model->graph, &(orti_save_options){0}, &bytes), ORT_CODE_UNSUPPORTED,
                "node 'old' (Softmax) means what it does up to version 10 of ai.onnx, not in 13");
    orti_model_destroy(model);
    model =
        model_of("graph g { input %x : float32[2] %y = Softmax (%x) {axis = ref \"a\"} \"ref\" output %y }", 13, false);
    CHECK_FAILS(orti_model_save_bytes(model, model->graph, &(orti_save_options){0}, &bytes), ORT_CODE_UNSUPPORTED,
                "node 'ref' (Softmax): attribute 'axis'");
    orti_text_finish(&bytes);
    orti_model_destroy(model);
}

static ort_status *remove_entry(void *user, const char *name) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", (const char *)user, name);
    CHECK(unlink(path) == 0);
    return NULL;
}

ORT_TEST(save, weights_lie_outside_on_request) {
    char folder[] = "/tmp/ort-save-XXXXXX", path[128];
    static char text[8192];
    orti_model *again = NULL;
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/m.onnx", folder);
    int length =
        snprintf(text, sizeof text,
                 "graph g { input %%x : float32[300] const %%s : float32[1] = {2.0} const %%w : float32[300] = {");
    for (int i = 0; i < 300; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%d.0", i ? "," : "", i);
    (void)snprintf(text + length, sizeof text - (size_t)length,
                   "} %%a = Mul (%%x, %%w) %%b = Mul (%%a, %%s) %%y = Add (%%b, %%w) output %%y }");
    orti_model *model = model_of(text, 17, false);
    CHECK_OK(orti_model_save(model, model->graph, &(orti_save_options){.is_external = true}, path));
    CHECK_OK(orti_model_load_file(alloc(), path, NULL, &again));
    const orti_tensor *outside = orti_graph_value(again->graph, orti_graph_find_value(again->graph, "w"))->constant;
    const orti_tensor *inside = orti_graph_value(again->graph, orti_graph_find_value(again->graph, "s"))->constant;
    CHECK(outside->file && outside->file != again->file && ((const float *)outside->data)[299] == 299.0f);
    CHECK((!inside->file || inside->file == again->file) && ((const float *)inside->data)[0] == 2.0f);
    orti_model_destroy(again);
    CHECK_OK(orti_folder_list(alloc(), folder, remove_entry, folder));
    CHECK(rmdir(folder) == 0);
    CHECK_FAILS(orti_model_save(model, model->graph, &(orti_save_options){0}, path), ORT_CODE_NOT_FOUND, "m.onnx");
    orti_model_destroy(model);
}

/* Wherever memory ends, the failure is told and nothing is left behind. */
ORT_TEST(save, out_of_memory) {
    orti_model *model = model_of("graph g { input %x : float32[n] input %b : bool[] const %w : float32[1] = {1.0} "
                                 "%y = If (%b) {then_branch = graph t { capture %c : float32[n] = %x %v = Neg (%c) "
                                 "output %v }, else_branch = graph e { capture %d : float32[n] = %x output %d }} "
                                 "%z = Add (%y, %w) {a = [\"s\"]} output %z }",
                                 17, false);
    ort_status *status = NULL;
    uint64_t at = 0;
    do {
        orti_allocator_failing failing;
        orti_text bytes;
        ort_status_destroy(status);
        orti_allocator_failing_init(&failing, ++at);
        model->arena.alloc = &failing.allocator;
        orti_text_init(&bytes, alloc());
        status = orti_model_save_bytes(model, model->graph, &(orti_save_options){0}, &bytes);
        orti_text_finish(&bytes);
        model->arena.alloc = alloc();
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        CHECK(failing.live_count == 0);
    } while (status && at < 10000);
    CHECK(!status && at > 3, "%llu", (unsigned long long)at);
    orti_model_destroy(model);
}
