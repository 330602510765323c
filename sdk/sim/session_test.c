/* Sessions on the simulated accelerator: the plugin as it is loaded, faults drawn from seeds, hangs, two devices. */
#include "common/onnx_writer.h"
#include "ort/ort.h"
#include "testing/test.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

#define ROWS 8
#define COLS 24

typedef struct house {
    ort_environment *environment;
    ort_model *model;
    ort_tensor *input;
    float want[ROWS * COLS];
} house;

static void model_write(onnx_bytes *model) {
    static float weights[COLS * COLS];
    const int64_t shape[] = {ROWS, COLS}, square[] = {COLS, COLS}, row[] = {COLS};
    onnx_bytes graph = {0};
    for (int i = 0; i < COLS * COLS; i++) weights[i] = (float)(i % 7 - 3) / 8;
    onnx_node(&graph, "MatMul", "product", (const char *const[]){"x", "w", NULL});
    onnx_node(&graph, "Add", "sum", (const char *const[]){"product", "b", NULL});
    onnx_node(&graph, "Tanh", "bent", (const char *const[]){"sum", NULL});
    onnx_node(&graph, "MatMul", "again", (const char *const[]){"bent", "w", NULL});
    onnx_node(&graph, "Softmax", "y", (const char *const[]){"again", NULL});
    onnx_initializer(&graph, "w", square, 2, weights);
    onnx_initializer(&graph, "b", row, 1, weights);
    onnx_value(&graph, 11, "x", shape, 2);
    onnx_value(&graph, 12, "y", shape, 2);
    onnx_model(model, &graph, 17);
}

static ort_status *session_open(house *h, const char *providers, ort_session **out) {
    ort_options *options = NULL;
    ort_status *status = ort_options_create(&options);
    if (!status) status = ort_options_set(options, "providers", providers);
    if (!status) status = ort_session_create(h->environment, h->model, options, out);
    ort_options_destroy(options);
    return status;
}

/* The answer, or the run's failure. */
static ort_status *answer(ort_session *session, house *h, const ort_run_options *run, float *out) {
    ort_tensor *output = NULL;
    ort_status *status = ort_session_run(session, &h->input, 1, &output, 1, run);
    if (!status) memcpy(out, ort_tensor_data_const(output), sizeof h->want);
    ort_tensor_release(output);
    return status;
}

static bool is_right(const house *h, const float *got) {
    for (int i = 0; i < ROWS * COLS; i++)
        if (!(fabsf(got[i] - h->want[i]) < 1e-5f)) return false;
    return true;
}

static void house_open(house *h) {
    ort_options *options = NULL;
    ort_session *session = NULL;
    onnx_bytes model = {0};
    const int64_t shape[] = {ROWS, COLS};
    CHECK_OK(ort_options_create(&options));
    CHECK_OK(ort_options_set(options, "plugins.path", TEST_PLUGINS));
    CHECK_OK(ort_options_set(options, "threads.per_lane", "1"));
    CHECK_OK(ort_environment_create(options, NULL, NULL, &h->environment));
    model_write(&model);
    CHECK_OK(ort_model_load_bytes(h->environment, model.data, model.size, NULL, options, &h->model));
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, shape, 2, &h->input));
    for (int i = 0; i < ROWS * COLS; i++) ((float *)ort_tensor_data(h->input))[i] = (float)(i % 11) / 5 - 1;
    CHECK_OK(session_open(h, "cpu", &session));
    CHECK_OK(answer(session, h, NULL, h->want));
    ort_session_destroy(session);
    ort_options_destroy(options);
    free(model.data);
}

static void house_close(house *h) {
    ort_tensor_release(h->input);
    ort_model_destroy(h->model);
    ort_environment_destroy(h->environment);
}

ORT_TEST(sim_session, answers_on_either_device) {
    house h;
    float got[ROWS * COLS];
    house_open(&h);
    for (int i = 0; i < 2; i++) {
        ort_session *session = NULL;
        CHECK_OK(session_open(&h, i ? "sim:1" : "sim:0", &session));
        for (int run = 0; run < 20; run++) {
            CHECK_OK(answer(session, &h, NULL, got));
            CHECK(is_right(&h, got), "run %d on device %d", run, i);
        }
        ort_session_destroy(session);
    }
    house_close(&h);
}

ORT_TEST(sim_session, work_that_takes_its_time) {
    house h;
    float got[ROWS * COLS];
    ort_session *session = NULL;
    house_open(&h);
    CHECK_OK(session_open(&h, "[{\"name\": \"sim\", \"options\": {\"delay_us\": 1500}}]", &session));
    for (int run = 0; run < 5; run++) {
        CHECK_OK(answer(session, &h, NULL, got));
        CHECK(is_right(&h, got), "run %d", run);
    }
    ort_session_destroy(session);
    house_close(&h);
}

/* Every run is right or an error; after a device is lost a new session on it works. */
static void faults_draw(house *h, int seed, int *out_failed) {
    char providers[256];
    float got[ROWS * COLS];
    ort_session *session = NULL;
    snprintf(providers, sizeof providers,
             "[{\"name\": \"sim:%d\", \"options\": {\"random\": true, \"seed\": %d, \"fail_at\": 9, "
             "\"out_of_memory_at\": 9, "
             "\"lose_at\": 40}}]",
             seed % 2, seed);
    ort_status *status = session_open(h, providers, &session);
    for (int run = 0; run < 10 && !status; run++) {
        status = answer(session, h, NULL, got);
        CHECK(status || is_right(h, got), "seed %d, run %d: a wrong answer without an error", seed, run);
        ort_code code = ort_status_code(status);
        CHECK(!status || code == ORT_CODE_DEVICE_LOST || code == ORT_CODE_OUT_OF_MEMORY, "seed %d: %s", seed,
              ort_status_message(status));
        *out_failed += status != NULL;
        ort_status_destroy(status);
        status = NULL;
    }
    *out_failed += status != NULL;
    ort_status_destroy(status);
    ort_session_destroy(session);
}

ORT_TEST(sim_session, faults_are_errors_and_nothing_else) {
    house h;
    int failed = 0;
    house_open(&h);
    for (int seed = 1; seed <= 100; seed++) faults_draw(&h, seed, &failed);
    CHECK(failed > 100, "only %d of about a thousand runs met a fault", failed);
    house_close(&h);
}

ORT_TEST(sim_session, a_hang_is_bounded_by_the_deadline) {
    house h;
    float got[ROWS * COLS];
    ort_session *session = NULL;
    const ort_run_options run = {.size = sizeof run, .timeout_ns = 30000000};
    house_open(&h);
    CHECK_OK(session_open(&h, "[{\"name\": \"sim\", \"options\": {\"hang_at\": 3}}]", &session));
    ort_status *status = answer(session, &h, &run, got);
    ort_code code = ort_status_code(status);
    CHECK(code == ORT_CODE_DEADLINE || code == ORT_CODE_DEVICE_LOST, "%s", ort_status_message(status));
    ort_status_destroy(status);
    ort_session_destroy(session);
    CHECK_OK(session_open(&h, "sim", &session));
    CHECK_OK(answer(session, &h, NULL, got));
    CHECK(is_right(&h, got));
    ort_session_destroy(session);
    house_close(&h);
}

/* ---- runs that nobody waits for ---- */

typedef struct flight {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
    ort_code code;
} flight;

static void flight_done(void *user, const ort_status *status) {
    flight *self = user;
    pthread_mutex_lock(&self->lock);
    self->is_over = true;
    self->code = ort_status_code(status);
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

/* It is over while the work waits on the device: a host that asks whether the run is given up hears yes, as after a
 * cancel, and the reason is still the right one. */
ORT_TEST(sim_session, a_deadline_is_told_as_one) {
    house h;
    ort_session *session = NULL;
    ort_binding *binding = NULL;
    ort_run_options options = ORT_INIT(ort_run_options);
    flight self = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    house_open(&h);
    CHECK_OK(session_open(&h, "[{\"name\": \"sim\", \"options\": {\"delay_us\": 30000}}]", &session));
    CHECK_OK(ort_binding_create(session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, h.input));
    CHECK_OK(ort_binding_prepare(binding));
    options.timeout_ns = 5000000;
    CHECK_OK(ort_binding_run_async(binding, &options, flight_done, &self));
    pthread_mutex_lock(&self.lock);
    while (!self.is_over) pthread_cond_wait(&self.changed, &self.lock);
    pthread_mutex_unlock(&self.lock);
    CHECK(self.code == ORT_CODE_DEADLINE, "code %d", (int)self.code);
    ort_binding_destroy(binding);
    ort_session_destroy(session);
    house_close(&h);
}
