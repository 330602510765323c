/* A Loop that never ends is stopped, whoever drives it, and the session goes on; several threads in one script. */
#include "base/lock.h"
#include "session/text_house.h"
#include "testing/test.h"

#include <sched.h>
#include <stdatomic.h>

/* While b is true, which it stays: s = s + x. */
#define ENDLESS                                                                                                        \
    "graph \"endless\" {\n"                                                                                            \
    "  input %x : float32[k]\n"                                                                                        \
    "  input %b : bool[]\n"                                                                                            \
    "  %z = Loop (_, %b, %x) {body = graph \"body\" {\n"                                                               \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[k]\n"                                      \
    "    capture %x1 : float32[k] = %x\n"                                                                              \
    "    %t = Add (%s, %x1)\n"                                                                                         \
    "    output %go\n    output %t\n"                                                                                  \
    "  }} \"around\"\n"                                                                                                \
    "  output %z\n"                                                                                                    \
    "}\n"

typedef struct flight {
    ort_binding *binding;
    ort_tensor *inputs[2];
    orti_lock lock;
    orti_condition changed;
    bool is_done;
    ort_code code;
} flight;

static ort_tensor *vector_of(int64_t count, float first) {
    ort_tensor *tensor = NULL;
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &count, 1, &tensor));
    for (int64_t i = 0; i < count; i++) ((float *)ort_tensor_data(tensor))[i] = first + (float)i;
    return tensor;
}

static ort_tensor *scalar_of(ort_dtype dtype, const void *data, size_t size_bytes) {
    ort_tensor *tensor = NULL;
    CHECK_OK(ort_tensor_create(dtype, NULL, 0, &tensor));
    memcpy(ort_tensor_data(tensor), data, size_bytes);
    return tensor;
}

static void flight_open(flight *at, ort_session *session, bool is_endless) {
    memset(at, 0, sizeof *at);
    orti_lock_init(&at->lock);
    orti_condition_init(&at->changed);
    at->inputs[0] = vector_of(4, 1);
    at->inputs[1] = scalar_of(ORT_DTYPE_BOOL, &is_endless, 1);
    CHECK_OK(ort_binding_create(session, &at->binding));
    for (uint32_t i = 0; i < 2; i++) CHECK_OK(ort_binding_set_input(at->binding, i, at->inputs[i]));
}

static void flight_close(flight *at) {
    ort_binding_destroy(at->binding);
    for (int i = 0; i < 2; i++) ort_tensor_release(at->inputs[i]);
    orti_condition_finish(&at->changed);
    orti_lock_finish(&at->lock);
}

static void flight_done(void *user, const ort_status *status) {
    flight *at = user;
    orti_lock_take(&at->lock);
    at->code = ort_status_code(status);
    at->is_done = true;
    orti_condition_wake_all(&at->changed);
    orti_lock_give(&at->lock);
}

static void flight_wait(flight *at) {
    orti_lock_take(&at->lock);
    while (!at->is_done) orti_condition_wait(&at->changed, &at->lock);
    orti_lock_give(&at->lock);
}

/* One that ends at once, on a binding of its own and on the one that was stopped. */
static void session_is_usable(ort_session *session, flight *stopped) {
    flight other;
    flight_open(&other, session, false);
    CHECK_OK(ort_binding_run(other.binding, NULL));
    CHECK(((const float *)ort_tensor_data(ort_binding_output(other.binding, 0)))[3] == 4.0f);
    CHECK_OK(ort_binding_set_input(stopped->binding, 1, other.inputs[1]));
    CHECK_OK(ort_binding_run(stopped->binding, NULL));
    CHECK(((const float *)ort_tensor_data(ort_binding_output(stopped->binding, 0)))[0] == 1.0f);
    flight_close(&other);
}

ORT_TEST(control_stop, by_deadline) {
    text_house house;
    flight at;
    ort_run_options options = ORT_INIT(ort_run_options);
    options.timeout_ns = 3000000;
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", ENDLESS));
    flight_open(&at, house.session, true);
    CHECK_FAILS(ort_binding_run(at.binding, &options), ORT_CODE_DEADLINE, "");
    CHECK_OK(ort_binding_run_async(at.binding, &options, flight_done, &at));
    flight_wait(&at);
    CHECK(at.code == ORT_CODE_DEADLINE, "code %d", (int)at.code);
    session_is_usable(house.session, &at);
    flight_close(&at);
    text_house_close(&house);
}

/* The body's run is made as the loop begins. */
static void begin_wait(ort_session *session, uint64_t run_count) {
    while (atomic_load(&session->metrics.runs.run_made_count) <= run_count) sched_yield();
}

/* A second run on the same driver is not kept out by the first. */
ORT_TEST(control_stop, by_cancel_while_others_run) {
    text_house house;
    flight at, other;
    ort_run_options options = ORT_INIT(ort_run_options);
    CHECK_OK(ort_run_create(&options.run));
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", ENDLESS));
    flight_open(&at, house.session, true);
    flight_open(&other, house.session, false);
    CHECK_OK(ort_binding_run_async(at.binding, &options, flight_done, &at));
    begin_wait(house.session, 0);
    CHECK_OK(ort_binding_run_async(other.binding, NULL, flight_done, &other));
    flight_wait(&other);
    CHECK(other.code == ORT_CODE_OK, "code %d", (int)other.code);
    CHECK(!at.is_done);
    ort_run_cancel(options.run);
    flight_wait(&at);
    CHECK(at.code == ORT_CODE_CANCELLED, "code %d", (int)at.code);
    session_is_usable(house.session, &at);
    flight_close(&other);
    flight_close(&at);
    text_house_close(&house);
    ort_run_destroy(options.run);
}

static void cancel_soon(void *user) {
    void **both = user;
    begin_wait(both[0], 0);
    ort_run_cancel(both[1]);
}

ORT_TEST(control_stop, by_cancel_from_another_thread) {
    text_house house;
    flight at;
    orti_worker *worker = NULL;
    ort_run_options options = ORT_INIT(ort_run_options);
    CHECK_OK(ort_run_create(&options.run));
    CHECK_OK(orti_worker_create(orti_allocator_default(), &worker));
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", ENDLESS));
    flight_open(&at, house.session, true);
    void *both[2] = {house.session, options.run};
    CHECK_OK(orti_worker_submit(worker, cancel_soon, both));
    CHECK_FAILS(ort_binding_run(at.binding, &options), ORT_CODE_CANCELLED, "");
    orti_worker_destroy(worker);
    session_is_usable(house.session, &at);
    flight_close(&at);
    text_house_close(&house);
    ort_run_destroy(options.run);
}

/* ---- several threads, other shapes each ---- */

enum { THREADS = 4, ROUNDS = 40, SIZES = 24 };

/* n times: s = s + x where b is true, else s = concat(s, x). */
#define SHARED                                                                                                         \
    "graph \"shared\" {\n"                                                                                             \
    "  input %x : float32[k]\n"                                                                                        \
    "  input %n : int64[]\n"                                                                                           \
    "  input %b : bool[]\n"                                                                                            \
    "  %z = Loop (%n, _, %x) {body = graph \"body\" {\n"                                                               \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[m]\n"                                      \
    "    capture %x1 : float32[k] = %x\n    capture %b1 : bool[] = %b\n"                                               \
    "    %t = If (%b1) {then_branch = graph \"then\" {\n"                                                              \
    "      capture %s2 : float32[m] = %s\n      capture %x2 : float32[k] = %x1\n"                                      \
    "      %p = Add (%s2, %x2)\n"                                                                                      \
    "      output %p\n"                                                                                                \
    "    }, else_branch = graph \"else\" {\n"                                                                          \
    "      capture %s3 : float32[m] = %s\n      capture %x3 : float32[k] = %x1\n"                                      \
    "      %q = Concat (%s3, %x3) {axis = 0}\n"                                                                        \
    "      output %q\n"                                                                                                \
    "    }} \"choice\"\n"                                                                                              \
    "    output %go\n    output %t\n"                                                                                  \
    "  }} \"around\"\n"                                                                                                \
    "  output %z\n"                                                                                                    \
    "}\n"

typedef struct shared_thread {
    ort_session *session;
    int number;
    int64_t wrong_count;
} shared_thread;

static int64_t round_run(ort_session *session, int64_t size, int64_t n, bool adds) {
    ort_tensor *inputs[3] = {vector_of(size, 1), scalar_of(ORT_DTYPE_I64, &n, sizeof n),
                             scalar_of(ORT_DTYPE_BOOL, &adds, 1)};
    ort_tensor *output = NULL;
    ort_status *status = ort_session_run(session, inputs, 3, &output, 1, NULL);
    int64_t wrong_count = status != NULL, count = adds ? size : size * (n + 1);
    const orti_tensor *got = status ? NULL : tensor_in(output);
    if (got) wrong_count += got->element_count != count;
    for (int64_t i = 0; got && i < got->element_count; i++)
        wrong_count += ((const float *)got->data)[i] != (float)(i % size + 1) * (float)(adds ? n + 1 : 1);
    ort_status_destroy(status);
    ort_tensor_release(output);
    for (int i = 0; i < 3; i++) ort_tensor_release(inputs[i]);
    return wrong_count;
}

static void shared_rounds(void *user) {
    shared_thread *at = user;
    for (int i = 0; i < ROUNDS; i++)
        at->wrong_count += round_run(at->session, 1 + (i * 7 + at->number * 5) % SIZES, i % 4, (i + at->number) % 2);
}

ORT_TEST(control_stop, four_threads_in_one_script) {
    text_house house;
    shared_thread threads[THREADS];
    orti_worker *workers[THREADS];
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", SHARED));
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (shared_thread){house.session, i, 0};
        CHECK_OK(orti_worker_create(orti_allocator_default(), &workers[i]));
        CHECK_OK(orti_worker_submit(workers[i], shared_rounds, &threads[i]));
    }
    for (int i = 0; i < THREADS; i++) orti_worker_destroy(workers[i]);
    for (int i = 0; i < THREADS; i++)
        CHECK(threads[i].wrong_count == 0, "thread %d: %lld wrong", i, (long long)threads[i].wrong_count);
    text_house_close(&house);
}

/* ---- work that fails and memory that runs out, somewhere in a loop on a device ---- */

enum { SEEDS = 8, FAULT_ROUNDS = 30 };

static bool is_told_of_a_fault(ort_code code) {
    return code == ORT_CODE_OUT_OF_MEMORY || code == ORT_CODE_DEVICE_LOST || code == ORT_CODE_PLUGIN;
}

/* One way and the other, in turns; right, or told in words. */
static void fault_rounds(flight *at, int64_t *good_count) {
    for (int i = 0; i < FAULT_ROUNDS; i++) {
        if (i % 2) {
            at->is_done = false;
            CHECK_OK(ort_binding_run_async(at->binding, NULL, flight_done, at));
            flight_wait(at);
        } else {
            ort_status *status = ort_binding_run(at->binding, NULL);
            at->code = ort_status_code(status);
            ort_status_destroy(status);
        }
        CHECK(at->code == ORT_CODE_OK || is_told_of_a_fault(at->code), "code %d", (int)at->code);
        if (at->code != ORT_CODE_OK) continue;
        ++*good_count;
        CHECK(((const float *)ort_tensor_data(ort_binding_output(at->binding, 0)))[3] == 16.0f);
    }
}

static void fault_session(int seed, int64_t *good_count) {
    const int64_t three = 3;
    text_house house;
    flight at;
    char providers[200];
    snprintf(
        providers, sizeof providers,
        "[{\"name\": \"sim\", \"options\": {\"seed\": %d, \"random\": true, \"fail_at\": 60, \"out_of_memory_at\": "
        "%d}}, \"cpu\"]",
        seed + 1, seed % 2 ? 25 : 0);
    CHECK_OK(text_house_begin(&house, TEST_PLUGINS, providers));
    CHECK_OK(text_house_model(&house, SHARED));
    ort_status *status = ort_session_create(house.environment, house.model, house.options, &house.session);
    CHECK(!status || is_told_of_a_fault(ort_status_code(status)), "%s", ort_status_message(status));
    ort_status_destroy(status);
    if (house.session) {
        bool adds = true;
        ort_tensor *n = scalar_of(ORT_DTYPE_I64, &three, sizeof three), *b = scalar_of(ORT_DTYPE_BOOL, &adds, 1);
        memset(&at, 0, sizeof at);
        orti_lock_init(&at.lock);
        orti_condition_init(&at.changed);
        at.inputs[0] = vector_of(4, 1);
        at.inputs[1] = n;
        CHECK_OK(ort_binding_create(house.session, &at.binding));
        CHECK_OK(ort_binding_set_input(at.binding, 0, at.inputs[0]));
        CHECK_OK(ort_binding_set_input(at.binding, 1, n));
        CHECK_OK(ort_binding_set_input(at.binding, 2, b));
        fault_rounds(&at, good_count);
        flight_close(&at);
        ort_tensor_release(b);
    }
    text_house_close(&house);
}

ORT_TEST(control_stop, faults_in_a_loop) {
    int64_t good_count = 0;
    for (int seed = 0; seed < SEEDS; seed++) fault_session(seed, &good_count);
    CHECK(good_count > 0 && good_count < SEEDS * FAULT_ROUNDS, "%lld good runs", (long long)good_count);
}
