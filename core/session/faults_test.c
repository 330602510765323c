/* Ten thousand runs on the simulated accelerator and the CPU, with work that fails and memory that runs out at random:
 * each gives the right answer or an error that says what failed. Under a sanitizer nothing leaks; the alarm proves that
 * nothing hangs. */
#include "base/lock.h"
#include "session/test_house.h"
#include "testing/test.h"

#include <stdbool.h>
#include <unistd.h>

enum { RUNS = 10000, RUNS_OF_SESSION = 200, FLIGHTS = 8, WATCHDOG_SECONDS = 500 };

typedef struct fault_flight {
    struct fault_house *house;
    ort_binding *binding;
    ort_tensor *input;
} fault_flight;

typedef struct fault_house {
    ort_environment *environment;
    ort_options *options;
    ort_model *model;
    ort_session *session;
    fault_flight flights[FLIGHTS];
    orti_lock lock;
    orti_condition changed;
    int done_count, good_count, error_count;
} fault_house;

/* -|x| of the values that house_tensor makes. */
static void answer_check(ort_tensor *output, float first) {
    CHECK(output != NULL);
    for (int i = 0; i < 4; i++)
        CHECK(((const float *)ort_tensor_data(output))[i] == -(first + (float)i), "[%d] is %g", i,
              (double)((const float *)ort_tensor_data(output))[i]);
}

/* What may come of a fault, and that it is told in words. */
static void error_check(const ort_status *status) {
    ort_code code = ort_status_code(status);
    CHECK(code == ORT_CODE_OUT_OF_MEMORY || code == ORT_CODE_DEVICE_LOST || code == ORT_CODE_PLUGIN, "code %d: %s",
          (int)code, ort_status_message(status));
    CHECK(strstr(ort_status_message(status), "simulated device") != NULL, "%s", ort_status_message(status));
}

static void session_options(fault_house *house, int seed) {
    char text[256];
    snprintf(text, sizeof text,
             "[{\"name\": \"sim\", \"options\": {\"seed\": %d, \"random\": true, \"fail_at\": 60, "
             "\"out_of_memory_at\": %d, \"lose_at\": %d}}, \"cpu\"]",
             seed + 1, seed % 2 ? 25 : 0, seed % 3 ? 0 : 700);
    CHECK_OK(ort_options_set(house->options, "providers", text));
    snprintf(text, sizeof text, "{\"seed\": %d, \"parts\": %d}", seed, 2 + seed % 5);
    CHECK_OK(ort_options_set(house->options, "placement", text));
}

static bool session_open(fault_house *house, int seed) {
    session_options(house, seed);
    ort_status *status = ort_session_create(house->environment, house->model, house->options, &house->session);
    if (!status) return true;
    error_check(status);
    ort_status_destroy(status);
    return false;
}

static void count(fault_house *house, const ort_status *status) {
    orti_lock_take(&house->lock);
    *(status ? &house->error_count : &house->good_count) += 1;
    house->done_count++;
    orti_condition_wake_all(&house->changed);
    orti_lock_give(&house->lock);
}

static void flight_done(void *user, const ort_status *status) {
    fault_flight *flight = user;
    if (status)
        error_check(status);
    else
        answer_check(ort_binding_output(flight->binding, 0), (float)(flight - flight->house->flights));
    count(flight->house, status);
}

static void runs_in_flight(fault_house *house) {
    house->done_count = 0;
    for (int i = 0; i < FLIGHTS; i++)
        CHECK_OK(ort_binding_run_async(house->flights[i].binding, NULL, flight_done, &house->flights[i]));
    orti_lock_take(&house->lock);
    while (house->done_count < FLIGHTS) orti_condition_wait(&house->changed, &house->lock);
    orti_lock_give(&house->lock);
}

static void run_alone(fault_house *house, float first) {
    ort_tensor *input = house_tensor(4, first), *output = NULL;
    ort_status *status = ort_session_run(house->session, &input, 1, &output, 1, NULL);
    if (status)
        error_check(status);
    else
        answer_check(output, first);
    count(house, status);
    ort_status_destroy(status);
    ort_tensor_release(input);
    ort_tensor_release(output);
}

static void session_use(fault_house *house) {
    for (int i = 0; i < FLIGHTS; i++) {
        fault_flight *flight = &house->flights[i];
        *flight = (fault_flight){.house = house, .input = house_tensor(4, (float)i)};
        CHECK_OK(ort_binding_create(house->session, &flight->binding));
        CHECK_OK(ort_binding_set_input(flight->binding, 0, flight->input));
    }
    for (int i = 0; i < RUNS_OF_SESSION; i += 2 * FLIGHTS) {
        runs_in_flight(house);
        for (int k = 0; k < FLIGHTS; k++) run_alone(house, (float)(i + k));
    }
    for (int i = 0; i < FLIGHTS; i++) {
        ort_binding_destroy(house->flights[i].binding);
        ort_tensor_release(house->flights[i].input);
    }
    ort_session_destroy(house->session);
    house->session = NULL;
}

ORT_TEST(faults, ten_thousand_runs) {
    fault_house house = {0};
    tiny_bytes bytes;
    alarm(WATCHDOG_SECONDS);
    orti_lock_init(&house.lock);
    orti_condition_init(&house.changed);
    CHECK_OK(ort_options_create(&house.options));
    CHECK_OK(ort_options_set(house.options, "plugins.path", TEST_PLUGINS));
    CHECK_OK(ort_options_set(house.options, "threads.per_lane", "1"));
    CHECK_OK(ort_environment_create(house.options, NULL, NULL, &house.environment));
    tiny_model_make(&bytes, "Neg Abs Relu Neg Abs Relu Abs Neg Abs Neg", NULL);
    CHECK_OK(ort_model_load_bytes(house.environment, bytes.data, bytes.length, NULL, house.options, &house.model));
    for (int seed = 0; house.good_count + house.error_count < RUNS; seed++)
        if (session_open(&house, seed)) session_use(&house);
    CHECK(house.good_count > RUNS / 10 && house.error_count > RUNS / 100, "%d good, %d with an error", house.good_count,
          house.error_count);
    ort_model_destroy(house.model);
    ort_environment_destroy(house.environment);
    ort_options_destroy(house.options);
    orti_condition_finish(&house.changed);
    orti_lock_finish(&house.lock);
    alarm(0);
}
