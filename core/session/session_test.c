#include "session/test_house.h"

#include "base/lock.h"
#include "base/worker.h"
#include "testing/test.h"

#include <jansson.h>

static float at(const ort_tensor *tensor, int index) {
    return ((const float *)ort_tensor_data_const(tensor))[index];
}

ORT_TEST(session, from_bytes_to_an_answer) {
    test_house house;
    ort_tensor *input = house_tensor(4, -2), *output = NULL;
    CHECK_OK(house_open(&house, "near", "Neg Abs Neg", NULL));
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK(at(output, 0) == -2 && at(output, 3) == -1);
    ort_tensor *kept = output;
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK(output == kept, "an output that is given is written in place");
    ort_tensor_release(output);
    ort_tensor_release(input);
    house_close(&house);
}

ORT_TEST(session, on_a_device_of_its_own_memory) {
    test_house house;
    ort_tensor *input = house_tensor(4, -2), *output = NULL;
    CHECK_OK(house_open(&house, "far,near", "Neg Abs Neg", NULL));
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK(at(output, 0) == -2 && at(output, 3) == -1);
    ort_tensor_release(output);
    ort_tensor_release(input);
    house_close(&house);
}

ORT_TEST(session, new_shapes_on_the_same_session) {
    test_house house;
    char *metrics = NULL;
    CHECK_OK(house_open(&house, "near", "Neg Abs", "n"));
    for (int64_t count = 0; count < 40; count++) {
        ort_tensor *input = house_tensor(count % 20 + 1, 1), *output = NULL;
        CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
        CHECK(ort_tensor_element_count(output) == count % 20 + 1);
        CHECK(at(output, 0) == 1);
        ort_tensor_release(input);
        ort_tensor_release(output);
    }
    CHECK_OK(ort_session_metrics_json(house.session, &metrics));
    json_t *root = json_loads(metrics, 0, NULL);
    CHECK(json_integer_value(json_object_get(root, "runs")) == 40, "%s", metrics);
    CHECK_STR(json_string_value(json_object_get(root, "precision")), "model");
    json_decref(root);
    ort_string_destroy(metrics);
    house_close(&house);
}

ORT_TEST(session, wrong_inputs_are_named) {
    test_house house;
    const int64_t three = 3, four = 4;
    ort_tensor *input = house_tensor(4, 0), *wrong = NULL, *output = NULL, *none = NULL;
    CHECK_OK(house_open(&house, "near", "Neg Abs", NULL));
    CHECK_FAILS(ort_session_run(house.session, &input, 0, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "1 inputs");
    CHECK_FAILS(ort_session_run(house.session, &input, 1, &output, 2, NULL), ORT_CODE_INVALID_ARGUMENT, "1 outputs");
    CHECK_FAILS(ort_session_run(house.session, &none, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "'x'");
    CHECK_OK(ort_tensor_create(ORT_DTYPE_I32, &four, 1, &wrong));
    CHECK_FAILS(ort_session_run(house.session, &wrong, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT,
                "'x' is int32[4], but the model wants float32");
    ort_tensor_release(wrong);
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &three, 1, &wrong));
    CHECK_FAILS(ort_session_run(house.session, &wrong, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "x");
    CHECK_FAILS(ort_session_run(house.session, &input, 1, &wrong, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "output 'y'");
    CHECK(output == NULL);
    ort_tensor_release(wrong);
    ort_tensor_release(input);
    house_close(&house);
}

ORT_TEST(session, what_nobody_takes_is_named) {
    test_house house;
    CHECK_FAILS(house_open(&house, "near", "Neg Cos Sin", NULL), ORT_CODE_UNSUPPORTED, "node 'n1' (Cos)");
    house_close(&house);
    CHECK_FAILS(house_open(&house, "nearr", "Neg", NULL), ORT_CODE_NOT_FOUND, "'near'");
    house_close(&house);
    CHECK_FAILS(house_open(&house, "near:7", "Neg", NULL), ORT_CODE_NOT_FOUND, "device 7");
    house_close(&house);
    CHECK_FAILS(house_open(&house, "near:x", "Neg", NULL), ORT_CODE_INVALID_ARGUMENT, "NAME:DEVICE");
    house_close(&house);
}

ORT_TEST(session, wishes_that_nobody_keeps_are_refused) {
    test_house house;
    CHECK_OK(house_open(&house, "near", "Neg", NULL));
    ort_session_destroy(house.session);
    house.session = NULL;
    CHECK_OK(ort_options_set(house.options, "precision", "bf16"));
    CHECK_FAILS(ort_session_create(house.environment, house.model, house.options, &house.session), ORT_CODE_UNSUPPORTED,
                "'precision'");
    CHECK_OK(ort_options_set(house.options, "precision", "model"));
    CHECK_OK(ort_options_set(house.options, "deterministic", "true"));
    CHECK_FAILS(ort_session_create(house.environment, house.model, house.options, &house.session), ORT_CODE_UNSUPPORTED,
                "provider 'near' does not promise");
    CHECK(house.session == NULL);
    house_close(&house);
}

ORT_TEST(session, the_report_accounts_for_every_node) {
    test_house house;
    char *text = NULL;
    CHECK_OK(house_open(&house, "near", "Neg Identity Abs Neg", NULL));
    CHECK(ort_session_placement_count(house.session) == 4);
    for (uint32_t i = 0; i < 4; i++) {
        ort_placement placement = ORT_INIT(ort_placement);
        CHECK_OK(ort_session_placement(house.session, i, &placement));
        CHECK(placement.state == (i == 1 ? ORT_PLACED_REMOVED : ORT_PLACED_PROVIDER), "node %s: state %u (%s)",
              placement.node, placement.state, placement.detail);
    }
    CHECK_OK(ort_session_placement_json(house.session, &text));
    json_t *root = json_loads(text, 0, NULL);
    CHECK(json_array_size(json_object_get(root, "nodes")) == 4, "%s", text);
    CHECK(json_integer_value(json_object_get(json_object_get(root, "totals"), "removed")) == 1);
    json_decref(root);
    ort_string_destroy(text);
    CHECK_OK(ort_session_placement_text(house.session, &text));
    CHECK(strstr(text, "near") != NULL);
    ort_string_destroy(text);
    house_close(&house);
}

ORT_TEST(session, values_are_described) {
    test_house house;
    ort_value_info info = ORT_INIT(ort_value_info), bare = {0};
    CHECK_OK(house_open(&house, "near", "Neg", "batch"));
    CHECK_OK(ort_session_input(house.session, 0, &info));
    CHECK_STR(info.name, "x");
    CHECK_STR(info.type, "float32");
    CHECK(info.has_shape && info.rank == 1 && info.dims[0] == -1);
    CHECK_STR(info.dim_names[0], "batch");
    CHECK_FAILS(ort_session_input(house.session, 1, &info), ORT_CODE_NOT_FOUND, "input 1");
    CHECK_FAILS(ort_model_output(house.model, 0, &bare), ORT_CODE_INVALID_ARGUMENT, "ORT_INIT");
    house_close(&house);
}

ORT_TEST(binding, runs_in_place) {
    test_house house;
    ort_binding *binding = NULL;
    ort_tensor *input = house_tensor(4, -2), *longer = house_tensor(6, -9), *output = house_tensor(6, 0);
    CHECK_OK(house_open(&house, "near", "Neg Neg Abs", "n"));
    CHECK_OK(ort_binding_create(house.session, &binding));
    CHECK_FAILS(ort_binding_run(binding, NULL), ORT_CODE_INVALID_ARGUMENT, "input 'x' is not set");
    CHECK(ort_binding_output(binding, 0) == NULL);
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(at(ort_binding_output(binding, 0), 0) == 2);
    ((float *)ort_tensor_data(input))[0] = -7;
    CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(at(ort_binding_output(binding, 0), 0) == 7);
    CHECK_OK(ort_binding_set_input(binding, 0, longer));
    CHECK_OK(ort_binding_set_output(binding, 0, output));
    CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(ort_binding_output(binding, 0) == output && at(output, 0) == 9 && at(output, 5) == 4);
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    ort_tensor_release(longer);
    ort_tensor_release(output);
    house_close(&house);
}

ORT_TEST(binding, cancel_and_deadline) {
    test_house house;
    ort_binding *binding = NULL;
    ort_run *run = NULL;
    ort_tensor *input = house_tensor(4, 0);
    ort_run_options options = ORT_INIT(ort_run_options), bare = {0};
    CHECK_OK(house_open(&house, "near", "Neg", NULL));
    CHECK_OK(ort_binding_create(house.session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_run_create(&run));
    options.run = run;
    CHECK_OK(ort_binding_run(binding, &options));
    ort_run_cancel(run);
    CHECK_FAILS(ort_binding_run(binding, &options), ORT_CODE_CANCELLED, "cancelled");
    options.run = NULL;
    options.timeout_ns = 1;
    CHECK_FAILS(ort_binding_run(binding, &options), ORT_CODE_DEADLINE, "longer");
    CHECK_FAILS(ort_binding_run(binding, &bare), ORT_CODE_INVALID_ARGUMENT, "ORT_INIT");
    ort_run_destroy(run);
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    house_close(&house);
}

typedef struct async_wait {
    orti_lock lock;
    orti_condition done;
    int count;
    ort_code code;
} async_wait;

static void async_done(void *user, const ort_status *status) {
    async_wait *wait = user;
    orti_lock_take(&wait->lock);
    wait->count++;
    wait->code = ort_status_code(status);
    orti_condition_wake_all(&wait->done);
    orti_lock_give(&wait->lock);
}

ORT_TEST(binding, runs_on_another_thread) {
    test_house house;
    ort_binding *binding = NULL;
    ort_tensor *input = house_tensor(4, 1);
    async_wait wait = {.count = 0};
    orti_lock_init(&wait.lock);
    orti_condition_init(&wait.done);
    CHECK_OK(house_open(&house, "far", "Neg", NULL));
    CHECK_OK(ort_binding_create(house.session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_binding_run_async(binding, NULL, async_done, &wait));
    orti_lock_take(&wait.lock);
    while (!wait.count) orti_condition_wait(&wait.done, &wait.lock);
    orti_lock_give(&wait.lock);
    CHECK(wait.code == ORT_CODE_OK);
    CHECK(at(ort_binding_output(binding, 0), 3) == -4);
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    house_close(&house);
    orti_condition_finish(&wait.done);
    orti_lock_finish(&wait.lock);
}

enum { THREADS = 8, ROUNDS = 50 };
typedef struct racer {
    ort_session *session;
    int number, failures;
} racer;

static void race(void *user) {
    racer *self = user;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t count = 1 + (self->number + i) % 5;
        ort_tensor *input = house_tensor(count, (float)self->number), *output = NULL;
        ort_status *status = ort_session_run(self->session, &input, 1, &output, 1, NULL);
        self->failures += status != NULL || at(output, 0) != (float)self->number;
        ort_status_destroy(status);
        ort_tensor_release(input);
        ort_tensor_release(output);
    }
}

static void race_on(const char *providers) {
    test_house house;
    orti_worker *workers[THREADS];
    racer racers[THREADS];
    CHECK_OK(house_open(&house, providers, "Neg Neg Abs", "n"));
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (racer){house.session, i, 0};
        CHECK_OK(orti_worker_create(orti_allocator_default(), &workers[i]));
        CHECK_OK(orti_worker_submit(workers[i], race, &racers[i]));
    }
    for (int i = 0; i < THREADS; i++) orti_worker_destroy(workers[i]);
    for (int i = 0; i < THREADS; i++) CHECK(racers[i].failures == 0, "thread %d: %d", i, racers[i].failures);
    house_close(&house);
}

ORT_TEST(session, eight_threads_inline) {
    race_on("near");
}

ORT_TEST(session, eight_threads_on_queues) {
    race_on("far");
}

ORT_TEST(session, a_profile_is_a_chrome_trace) {
    test_house house;
    char *trace = NULL;
    ort_tensor *input = house_tensor(4, 1), *output = NULL;
    CHECK_OK(house_open(&house, "far", "Neg", NULL));
    CHECK_FAILS(ort_session_profile_stop(house.session, &trace), ORT_CODE_INVALID_ARGUMENT, "not being profiled");
    CHECK_OK(ort_session_profile_start(house.session));
    CHECK_FAILS(ort_session_profile_start(house.session), ORT_CODE_BUSY, "already");
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK_OK(ort_session_profile_stop(house.session, &trace));
    json_t *root = json_loads(trace, 0, NULL);
    CHECK(json_array_size(json_object_get(root, "traceEvents")) == 4, "%s", trace);
    json_decref(root);
    ort_string_destroy(trace);
    ort_tensor_release(input);
    ort_tensor_release(output);
    house_close(&house);
}

ORT_TEST(environment, lists_cores_and_providers) {
    test_house house;
    char *text = NULL;
    ort_provider_info provider = ORT_INIT(ort_provider_info);
    ort_device_info device = ORT_INIT(ort_device_info);
    CHECK_OK(house_environment(&house, "near"));
    CHECK_OK(ort_environment_open_providers(house.environment));
    uint32_t count = ort_environment_provider_count(house.environment), found = 0;
    for (uint32_t i = 0; i < count; i++) {
        CHECK_OK(ort_environment_provider(house.environment, i, &provider));
        if (strcmp(provider.name, "far") != 0) continue;
        found++;
        CHECK(provider.state == ORT_PROVIDER_USABLE && provider.device_count == 1);
        CHECK_OK(ort_environment_device(house.environment, i, 0, &device));
        CHECK_STR(device.name, "test device");
    }
    CHECK(found == 1);
    CHECK_FAILS(ort_environment_provider(house.environment, count, &provider), ORT_CODE_NOT_FOUND, "provider");
    CHECK_OK(ort_environment_topology_json(house.environment, &text));
    json_t *root = json_loads(text, 0, NULL);
    CHECK(json_integer_value(json_object_get(root, "schema")) == 1, "%s", text);
    CHECK(json_array_size(json_object_get(root, "lanes")) == 1);
    json_decref(root);
    ort_string_destroy(text);
    house_close(&house);
}
