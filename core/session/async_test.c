/* Runs that hold no thread while they wait. */
#include "base/lock.h"
#include "base/worker.h"
#include "session/inner.h"
#include "session/test_house.h"
#include "testing/test.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RUNS = 64, QUEUES = 3, LANES = 1 };

typedef struct async_flight {
    ort_binding *binding;
    ort_tensor *input;
    struct async_house *house;
    ort_code code;
} async_flight;

/* Neg on far, Abs on near, Neg on far: each run waits on the host between. */
typedef struct async_house {
    test_house house;
    async_flight flights[RUNS];
    orti_lock lock;
    orti_condition changed;
    int done_count;
} async_house;

/* The model, the session, and a binding for each run. */
static void house_fill(async_house *at) {
    tiny_bytes bytes;
    tiny_model_make(&bytes, "Neg Abs Neg", NULL);
    CHECK_OK(ort_model_load_bytes(at->house.environment, bytes.data, bytes.length, NULL, at->house.options,
                                  &at->house.model));
    CHECK_OK(ort_session_create(at->house.environment, at->house.model, at->house.options, &at->house.session));
    for (int i = 0; i < RUNS; i++) {
        async_flight *flight = &at->flights[i];
        flight->house = at;
        flight->input = house_tensor(4, (float)i);
        CHECK_OK(ort_binding_create(at->house.session, &flight->binding));
        CHECK_OK(ort_binding_set_input(flight->binding, 0, flight->input));
    }
}

static void house_build(async_house *at, const char *providers, const char *far_ops, const char *near_ops) {
    memset(at, 0, sizeof *at);
    orti_lock_init(&at->lock);
    orti_condition_init(&at->changed);
    CHECK_OK(house_environment(&at->house, providers));
    fake_far_ops = far_ops;
    fake_near_ops = near_ops;
    fake_far_good_count = -1;
    house_fill(at);
}

static void house_leave(async_house *at) {
    for (int i = 0; i < RUNS; i++) {
        ort_binding_destroy(at->flights[i].binding);
        ort_tensor_release(at->flights[i].input);
    }
    house_close(&at->house);
    orti_condition_finish(&at->changed);
    orti_lock_finish(&at->lock);
    CHECK(fake_live_buffers == 0 && fake_open_points == 0, "%d buffers, %d points", fake_live_buffers,
          fake_open_points);
}

static void flight_done(void *user, const ort_status *status) {
    async_flight *flight = user;
    async_house *at = flight->house;
    orti_lock_take(&at->lock);
    flight->code = ort_status_code(status);
    at->done_count++;
    orti_condition_wake_all(&at->changed);
    orti_lock_give(&at->lock);
}

static void flights_start(async_house *at, int count, const ort_run_options *options) {
    at->done_count = 0;
    for (int i = 0; i < count; i++)
        CHECK_OK(ort_binding_run_async(at->flights[i].binding, options, flight_done, &at->flights[i]));
}

static void flights_wait(async_house *at, int count) {
    orti_lock_take(&at->lock);
    while (at->done_count < count) orti_condition_wait(&at->changed, &at->lock);
    orti_lock_give(&at->lock);
}

/* -|-x| */
static void flights_check(const async_house *at, int count) {
    for (int i = 0; i < count; i++) {
        const float *out = ort_tensor_data(ort_binding_output(at->flights[i].binding, 0));
        CHECK(at->flights[i].code == ORT_CODE_OK && out[1] == -(float)(i + 1), "run %d: code %d, %g", i,
              (int)at->flights[i].code, (double)out[1]);
    }
}

static int thread_count(void) {
    DIR *folder = opendir("/proc/self/task");
    int count = -2; /* . and .. */
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

static void many_in_flight(const char *far_ops, const char *near_ops) {
    async_house at;
    orti_worker *first = NULL;
    /* A tool that watches threads starts one of its own beside the first. */
    CHECK_OK(orti_worker_create(orti_allocator_default(), &first));
    orti_worker_destroy(first);
    int before = thread_count();
    house_build(&at, "far,near", far_ops, near_ops);
    for (int round = 0; round < 3; round++) {
        fake_far_hold();
        flights_start(&at, RUNS, NULL);
        /* All have been begun: of each a copy there, the first piece and a copy back are queued. */
        fake_far_wait_open(RUNS * 3);
        int count = thread_count();
        fake_far_release();
        CHECK(count <= before + LANES + QUEUES, "%d threads, %d before there was anything", count, before);
        flights_wait(&at, RUNS);
        flights_check(&at, RUNS);
    }
    house_leave(&at);
}

ORT_TEST(async, runs_in_flight_hold_no_thread) {
    many_in_flight("Neg Abs", "");
}

ORT_TEST(async, runs_that_come_back_to_the_host_hold_no_thread) {
    many_in_flight("Neg", "Abs");
}

/* A real plugin, whose queues take their time: while all are in flight there are the threads that one run
 * needed: the driver and the queues'. */
ORT_TEST(async, runs_on_the_simulated_accelerator_hold_no_thread) {
    async_house at;
    memset(&at, 0, sizeof at);
    orti_lock_init(&at.lock);
    orti_condition_init(&at.changed);
    CHECK_OK(ort_options_create(&at.house.options));
    CHECK_OK(ort_options_set(at.house.options, "plugins.path", TEST_PLUGINS));
    CHECK_OK(ort_options_set(at.house.options, "threads.per_lane", "1"));
    CHECK_OK(ort_options_set(at.house.options, "providers",
                             "[{\"name\": \"sim\", \"options\": {\"delay_us\": 500}}, \"cpu\"]"));
    CHECK_OK(ort_options_set(at.house.options, "placement", "{\"nodes\": {\"n1\": \"cpu\"}}"));
    CHECK_OK(ort_options_set(at.house.options, "fallback", "allow"));
    CHECK_OK(ort_environment_create(at.house.options, NULL, NULL, &at.house.environment));
    house_fill(&at);
    /* A plugin may start its threads with its first work. */
    flights_start(&at, 1, NULL);
    flights_wait(&at, 1);
    int idle = thread_count();
    flights_start(&at, RUNS, NULL);
    int busy = thread_count();
    flights_wait(&at, RUNS / 2);
    int half = thread_count();
    flights_wait(&at, RUNS);
    CHECK(busy <= idle && half <= idle, "%d threads, then %d; %d when idle", busy, half, idle);
    flights_check(&at, RUNS);
    house_leave(&at);
}

/* One of them fails, the others give their answers, and so does the same binding the next time. */
ORT_TEST(async, a_failed_point_fails_its_run_and_no_other) {
    async_house at;
    house_build(&at, "far,near", "Neg", "Abs");
    fake_far_good_count = RUNS / 2;
    flights_start(&at, RUNS, NULL);
    flights_wait(&at, RUNS);
    int failed_count = 0;
    for (int i = 0; i < RUNS; i++) {
        ort_code code = at.flights[i].code;
        CHECK(code == ORT_CODE_OK || code == ORT_CODE_DEVICE_LOST, "run %d: code %d", i, (int)code);
        failed_count += code != ORT_CODE_OK;
        const float *out = code ? NULL : ort_tensor_data(ort_binding_output(at.flights[i].binding, 0));
        CHECK(!out || out[1] == -(float)(i + 1));
    }
    CHECK(failed_count == 1, "%d failed", failed_count);
    flights_start(&at, RUNS, NULL);
    flights_wait(&at, RUNS);
    flights_check(&at, RUNS);
    house_leave(&at);
}

ORT_TEST(async, parked_runs_are_cancelled_and_late) {
    async_house at;
    ort_run_options options = ORT_INIT(ort_run_options);
    house_build(&at, "far,near", "Neg", "Abs");
    CHECK_OK(ort_run_create(&options.run));
    fake_far_hold();
    flights_start(&at, 4, &options);
    fake_far_wait_open(4 * 3);
    ort_run_cancel(options.run);
    fake_far_release();
    flights_wait(&at, 4);
    for (int i = 0; i < 4; i++) CHECK(at.flights[i].code == ORT_CODE_CANCELLED, "code %d", (int)at.flights[i].code);
    ort_run_destroy(options.run);
    options = ORT_INIT(ort_run_options);
    options.timeout_ns = 1;
    flights_start(&at, 4, &options);
    flights_wait(&at, 4);
    for (int i = 0; i < 4; i++) CHECK(at.flights[i].code == ORT_CODE_DEADLINE, "code %d", (int)at.flights[i].code);
    flights_start(&at, 4, NULL);
    flights_wait(&at, 4);
    flights_check(&at, 4);
    house_leave(&at);
}

/* On a machine of two sockets, with a lane on each, a device at node 1 is fed from lane 1, whoever is next in turn. */
ORT_TEST(async, runs_are_driven_near_their_device) {
    async_house at;
    CHECK(setenv("HWLOC_XMLFILE", TEST_TOPOLOGIES "/two-sockets.xml", 1) == 0);
    CHECK(setenv("ORT_CONFIG", TEST_TOPOLOGIES "/two-lanes.json", 1) == 0);
    fake_far_numa_node = 1;
    house_build(&at, "far,near", "Neg", "Abs");
    unsetenv("HWLOC_XMLFILE");
    unsetenv("ORT_CONFIG");
    fake_far_numa_node = ORTP_NONE;
    ort_environment *environment = at.house.environment;
    CHECK(environment->lane_count == 2 && at.house.session->feed_lane == 1);
    flights_start(&at, 8, NULL);
    flights_wait(&at, 8);
    flights_check(&at, 8);
    for (int i = 0; i < 8; i++)
        CHECK(orti_execution_lane(at.flights[i].binding->execution) == &environment->border_lanes[1], "run %d", i);
    CHECK(environment->drivers[1] != NULL);
    house_leave(&at);
}
