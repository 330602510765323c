/* Arguments, files, configurations and plugins that are wrong, through the application's API. */
#include "session/hostile.h"

ORT_TEST(hostile, arguments_that_are_wrong) {
    house h = house_create();
    tiny_bytes bytes;
    const int64_t four = 4, negative = -1, huge[] = {INT64_MAX, INT64_MAX};
    ort_tensor *x = make_tensor("f32 4", 1), *both[] = {x, x}, *none = NULL, *output = NULL;
    ort_tensor *wrong = make_tensor("f32 5", 1), *made = NULL;
    ort_run_options bare = {0};
    float room[4];
    make_model(&bytes, "Neg x > y", 1, "4", 1);
    CHECK_OK(house_open(&h, &bytes));
    CHECK_FAILS(ort_session_run(h.session, &x, 0, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "1 inputs");
    CHECK_FAILS(ort_session_run(h.session, both, 2, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "1 inputs");
    CHECK_FAILS(ort_session_run(h.session, NULL, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_session_run(h.session, &none, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "'x'");
    CHECK_FAILS(ort_session_run(h.session, &x, 1, NULL, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_session_run(h.session, &x, 1, &output, 0, NULL), ORT_CODE_INVALID_ARGUMENT, "1 outputs");
    CHECK_FAILS(ort_session_run(h.session, &x, 1, &wrong, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "output 'y'");
    CHECK_FAILS(ort_session_run(h.session, &x, 1, &output, 1, &bare), ORT_CODE_INVALID_ARGUMENT, "ORT_INIT");
    CHECK_FAILS(ort_session_run(NULL, &x, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK(output == NULL);
    CHECK_FAILS(ort_tensor_create(99, &four, 1, &made), ORT_CODE_INVALID_ARGUMENT, "99");
    CHECK_FAILS(ort_tensor_create(ORT_DTYPE_F32, &negative, 1, &made), ORT_CODE_INVALID_ARGUMENT, "-1");
    CHECK_FAILS(ort_tensor_create(ORT_DTYPE_F32, &four, 33, &made), ORT_CODE_LIMIT_EXCEEDED, "rank 33");
    CHECK_FAILS(ort_tensor_create(ORT_DTYPE_F32, NULL, 1, &made), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_tensor_create(ORT_DTYPE_F32, huge, 2, &made), ORT_CODE_LIMIT_EXCEEDED, "address space");
    CHECK_FAILS(ort_tensor_wrap(ORT_DTYPE_F32, &four, 1, room, 15, &made), ORT_CODE_INVALID_ARGUMENT, "16");
    CHECK_FAILS(ort_tensor_wrap(ORT_DTYPE_F32, &four, 1, NULL, 16, &made), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_tensor_load("/no/such/tensor.pb", &made), ORT_CODE_NOT_FOUND, "/no/such/tensor.pb");
    CHECK_FAILS(ort_tensor_load("/no/such/tensor.txt", &made), ORT_CODE_INVALID_ARGUMENT, "tensor.txt");
    CHECK(made == NULL);
    ort_tensor_release(x);
    ort_tensor_release(wrong);
    house_destroy(&h);
}

ORT_TEST(hostile, files_that_are_no_models) {
    house h = house_create();
    CHECK_FAILS(ort_model_load(h.environment, "/no/such/model.onnx", NULL, &h.model), ORT_CODE_NOT_FOUND,
                "/no/such/model.onnx");
    CHECK_FAILS(ort_model_load(h.environment, "/tmp", NULL, &h.model), ORT_CODE_IO, "'/tmp' is not a regular file");
    CHECK_FAILS(ort_model_load(h.environment, "/dev/null", NULL, &h.model), ORT_CODE_IO, "/dev/null");
    CHECK_FAILS(ort_model_load(h.environment, NULL, NULL, &h.model), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_model_load_bytes(h.environment, "", 0, NULL, NULL, &h.model), ORT_CODE_INVALID_MODEL, "");
    CHECK_FAILS(ort_model_load_bytes(h.environment, NULL, 9, NULL, NULL, &h.model), ORT_CODE_INVALID_ARGUMENT, "");
    CHECK_FAILS(ort_model_load_bytes(h.environment, "{\"a\": 1}", 8, NULL, NULL, &h.model), ORT_CODE_INVALID_MODEL,
                "<memory>");
    CHECK(h.model == NULL);
    house_destroy(&h);
}

/* ---- configuration and providers ---- */

static const struct {
    const char *json;
    ort_code code;
    const char *says;
} configurations[] = {
    {"{\"provider\": [\"cpu\"]}", ORT_CODE_INVALID_ARGUMENT, "providers"},
    {"{\"threads\": {\"perlane\": 1}}", ORT_CODE_INVALID_ARGUMENT, "threads.per_lane"},
    {"{\"threads\": {\"per_lane\": \"many\"}}", ORT_CODE_INVALID_ARGUMENT, "threads.per_lane"},
    {"{\"threads\": {\"per_lane\": 0}}", ORT_CODE_INVALID_ARGUMENT, "wants 1 to 4096, got 0"},
    {"{\"deterministic\": \"yes\"}", ORT_CODE_INVALID_ARGUMENT, "wants true or false, got a string"},
    {"{\"fallback\": \"maybe\"}", ORT_CODE_INVALID_ARGUMENT, "allow|warn|error"},
    {"{\"providers\": [7]}", ORT_CODE_INVALID_ARGUMENT, "element 0"},
    {"{\"providers\": [\"cpuu\"]}", ORT_CODE_NOT_FOUND, "'cpu'"},
    {"{\"providers\": [\"cpu:99\"]}", ORT_CODE_NOT_FOUND, "device 99"},
    {"{\"providers\": [{\"name\": \"cpu\", \"options\": {\"isaa\": \"avx2\"}}]}", ORT_CODE_INVALID_ARGUMENT, "'isa'"},
    {"{\"providers\": [{\"name\": \"cpu\", \"options\": {\"isa\": \"z80\"}}]}", ORT_CODE_INVALID_ARGUMENT, "z80"},
    {"{\"passes\": {\"disable\": [\"no_such_pass\"]}}", ORT_CODE_INVALID_ARGUMENT, "no_such_pass"},
    {"{\"limits\": {\"model_bytes\": 4}}", ORT_CODE_LIMIT_EXCEEDED, "a model of 68 bytes, the limit is 4"},
    {"{\"plugins\": {\"path\": [\"/no/such/folder\"]}, \"providers\": [\"nobody\"]}", ORT_CODE_NOT_FOUND, "nobody"},
    {"{\"plugins\": {\"path\": [\"" BROKEN_PLUGINS "/short\"]}, \"providers\": [\"short\"]}", ORT_CODE_PLUGIN,
     "claim table"},
    {"{\"plugins\": {\"path\": [\"" BROKEN_PLUGINS "/symbol\"]}, \"providers\": [\"symbol\"]}", ORT_CODE_PLUGIN,
     "ortp_entry_v0"},
    {"{\"plugins\": {\"path\": [\"" BROKEN_PLUGINS "/too_new\"]}, \"providers\": [\"too_new\"]}", ORT_CODE_UNSUPPORTED,
     "needs ABI 0.9"},
    {"{\"plugins\": {\"probe\": true, \"path\": [\"" BROKEN_PLUGINS "/crash\"]}, \"providers\": [\"crash\"]}",
     ORT_CODE_PLUGIN, "crashes at 'open'"},
    {"{", ORT_CODE_INVALID_ARGUMENT, "line 1"},
};

ORT_TEST(hostile, configurations_and_plugins) {
    for (size_t i = 0; i < sizeof configurations / sizeof *configurations; i++) {
        house h = {0};
        tiny_bytes bytes;
        make_model(&bytes, "Neg x > y", 1, "4", 1);
        CHECK_OK(ort_options_create(&h.options));
        CHECK_OK(ort_options_parse(h.options, "{\"threads\": {\"per_lane\": 1}, \"providers\": [\"cpu\"],"
                                              " \"plugins\": {\"path\": [\"" TEST_PLUGINS "\"]}}"));
        ort_status *status = ort_options_parse(h.options, configurations[i].json);
        if (!status) status = ort_environment_create(h.options, NULL, NULL, &h.environment);
        if (!status) status = house_open(&h, &bytes);
        check_status(configurations[i].json, status, configurations[i].code, configurations[i].says);
        house_destroy(&h);
    }
}
