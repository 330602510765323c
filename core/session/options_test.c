#include "session/options.h"

#include "testing/test.h"

typedef struct case_bad {
    const char *json, *text;
    ort_code code;
} case_bad;

ORT_TEST(options, wrong_documents_name_the_key) {
    static const case_bad cases[] = {
        {"{", "line 1", ORT_CODE_INVALID_ARGUMENT},
        {"[]", "one JSON object", ORT_CODE_INVALID_ARGUMENT},
        {"{\"a\":1,\"a\":2}", "duplicate", ORT_CODE_INVALID_ARGUMENT},
        {"{\"thread\": {}}", "did you mean 'threads'?", ORT_CODE_INVALID_ARGUMENT},
        {"{\"threads\": {\"per_lan\": 1}}", "did you mean 'threads.per_lane'?", ORT_CODE_INVALID_ARGUMENT},
        {"{\"provider\": []}", "did you mean 'providers'?", ORT_CODE_INVALID_ARGUMENT},
        {"{\"xyzzy\": 1}", "unknown configuration key 'xyzzy'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"threads\": 4}", "'threads' wants an object", ORT_CODE_INVALID_ARGUMENT},
        {"{\"threads\": {\"lanes\": 0}}", "'threads.lanes': wants 1 to", ORT_CODE_INVALID_ARGUMENT},
        {"{\"threads\": {\"lanes\": \"many\"}}", "wants one of auto, got 'many'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"threads\": {\"lanes\": 1.5}}", "got a number", ORT_CODE_INVALID_ARGUMENT},
        {"{\"fallback\": \"never\"}", "allow|warn|error", ORT_CODE_INVALID_ARGUMENT},
        {"{\"fallback\": \"allow|warn\"}", "got 'allow|warn'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"precision\": \"fp4\"}", "'precision'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"deterministic\": 1}", "true or false", ORT_CODE_INVALID_ARGUMENT},
        {"{\"limits\": {\"model_bytes\": \"4 GB\"}}", "'limits.model_bytes'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"limits\": {\"model_bytes\": -1}}", "'limits.model_bytes'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"shapes\": {\"batch\": {\"most\": 1}}}", "min, opt, max", ORT_CODE_INVALID_ARGUMENT},
        {"{\"shapes\": {\"batch\": 3}}", "'batch' wants", ORT_CODE_INVALID_ARGUMENT},
        {"{\"providers\": [3]}", "element 0", ORT_CODE_INVALID_ARGUMENT},
        {"{\"providers\": [{\"nam\": \"cpu\"}]}", "no \"name\"", ORT_CODE_INVALID_ARGUMENT},
        {"{\"providers\": [{\"name\": \"cpu\", \"option\": {}}]}", "unknown key 'option'", ORT_CODE_INVALID_ARGUMENT},
        {"{\"passes\": {\"disable\": [1]}}", "element 0 is an integer", ORT_CODE_INVALID_ARGUMENT},
        {"{\"plugins\": {\"isolate\": [\"npu\"]}}", "not built yet", ORT_CODE_UNSUPPORTED},
        {"{\"cache\": {\"folder\": 1}}", "wants a string", ORT_CODE_INVALID_ARGUMENT},
        {"{\"denormals\": \"flush\"}", "not built yet", ORT_CODE_UNSUPPORTED},
        {"{\"state\": [[\"a\", \"b\"]]}", "not built yet", ORT_CODE_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ort_options *options = NULL;
        CHECK_OK(ort_options_create(&options));
        CHECK_FAILS(ort_options_parse(options, cases[i].json), cases[i].code, cases[i].text);
        CHECK(json_object_size(options->root) == 0, "case %zu left something behind", i);
        ort_options_destroy(options);
    }
}

ORT_TEST(options, the_whole_document_of_the_manual) {
    ort_options *options = NULL;
    CHECK_OK(ort_options_create(&options));
    CHECK_OK(ort_options_parse(
        options, "{\"providers\": [\"vulkan:0\", {\"name\": \"cpu\", \"options\": {\"precision\": \"bf16\"}}],"
                 "\"fallback\": \"warn\", \"precision\": \"model\", \"deterministic\": false,"
                 "\"threads\": {\"lanes\": 1, \"per_lane\": \"auto\", \"bind\": \"auto\"},"
                 "\"limits\": {\"model_bytes\": \"4GiB\", \"host_bytes\": \"none\"},"
                 "\"shapes\": {\"batch\": {\"min\": 1, \"opt\": 8, \"max\": 32}}, \"weights\": \"map\","
                 "\"passes\": {\"disable\": [\"opt_fuse_gelu\"]}, \"plugins\": {\"path\": [\"/opt/vendor\"]}}"));
    CHECK(orti_options_bytes(options, "limits.model_bytes", 0) == UINT64_C(4) << 30);
    CHECK(orti_options_bytes(options, "limits.host_bytes", 0) == UINT64_MAX);
    CHECK(orti_options_int(options, "threads.lanes", 0) == 1);
    CHECK(orti_options_int(options, "threads.per_lane", 7) == 7);
    CHECK_STR(orti_options_text(options, "fallback", ""), "warn");
    ort_options_destroy(options);
}

ORT_TEST(options, single_keys_of_a_command_line) {
    ort_options *options = NULL;
    CHECK_OK(ort_options_create(&options));
    CHECK_OK(ort_options_set(options, "threads.per_lane", "4"));
    CHECK_OK(ort_options_set(options, "providers", "vulkan:1,cpu"));
    CHECK_OK(ort_options_set(options, "limits.host_bytes", "16MiB"));
    CHECK_OK(ort_options_set(options, "shapes.batch.max", "32"));
    CHECK_OK(ort_options_set(options, "shapes.batch.min", "2"));
    CHECK_OK(ort_options_set(options, "plugins.path", "[\"/a\", \"/b,c\"]"));
    CHECK_OK(ort_options_set(options, "deterministic", "true"));
    CHECK(orti_options_int(options, "threads.per_lane", 0) == 4);
    CHECK(orti_options_int(options, "shapes.batch.max", 0) == 32 &&
          orti_options_int(options, "shapes.batch.min", 0) == 2);
    CHECK(json_array_size(orti_options_get(options, "providers")) == 2);
    CHECK(json_array_size(orti_options_get(options, "plugins.path")) == 2);
    CHECK(orti_options_bytes(options, "limits.host_bytes", 0) == 16u << 20);
    CHECK(orti_options_bool(options, "deterministic"));
    CHECK_FAILS(ort_options_set(options, "threads.perlane", "4"), ORT_CODE_INVALID_ARGUMENT, "threads.per_lane");
    CHECK_FAILS(ort_options_set(options, "", "4"), ORT_CODE_INVALID_ARGUMENT, "unknown");
    CHECK_FAILS(ort_options_set(options, "...", "4"), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_options_load(options, "/no/such/file.json"), ORT_CODE_NOT_FOUND, "/no/such/file.json");
    ort_options_destroy(options);
}

ORT_TEST(options, the_environments_keys_are_fixed) {
    ort_options *base = NULL, *over = NULL, *merged = NULL;
    CHECK_OK(ort_options_create(&base));
    CHECK_OK(ort_options_create(&over));
    CHECK_OK(ort_options_set(base, "threads.lanes", "2"));
    CHECK_OK(ort_options_set(over, "threads.lanes", "2"));
    CHECK_OK(ort_options_set(over, "fallback", "error"));
    CHECK_OK(orti_options_merged(base, over, true, &merged));
    CHECK_STR(orti_options_text(merged, "fallback", ""), "error");
    CHECK(orti_options_int(merged, "threads.lanes", 0) == 2);
    ort_options_destroy(merged);
    CHECK_OK(ort_options_set(over, "threads.lanes", "3"));
    CHECK_FAILS(orti_options_merged(base, over, true, &merged), ORT_CODE_INVALID_ARGUMENT, "threads.lanes");
    CHECK_OK(orti_options_merged(base, over, false, &merged));
    CHECK(orti_options_int(merged, "threads.lanes", 0) == 3);
    ort_options_destroy(merged);
    ort_options_destroy(base);
    ort_options_destroy(over);
}

ORT_TEST(options, sizes) {
    uint64_t bytes = 0;
    CHECK(orti_bytes_parse("512", &bytes) && bytes == 512);
    CHECK(orti_bytes_parse("3KiB", &bytes) && bytes == 3072);
    CHECK(orti_bytes_parse("none", &bytes) && bytes == UINT64_MAX);
    CHECK(!orti_bytes_parse("", &bytes) && !orti_bytes_parse("GiB", &bytes) && !orti_bytes_parse("4GB", &bytes));
    CHECK(!orti_bytes_parse("99999999999999999999", &bytes) && !orti_bytes_parse("99999999999TiB", &bytes));
}
