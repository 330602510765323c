#include "run/run.h"

#include "partition/testdata/fake_graphs.h"
#include "partition/testdata/fake_rooms.h"
#include "testing/test.h"

#include <stdatomic.h>

enum { COUNT = 64 };

typedef struct test_path {
    fake_rooms rooms;
    orti_partitioning *parts;
    orti_schedule *schedule;
    orti_plan *plan;
    orti_run *run;
    orti_tensor *input;
} test_path;

static float value_at(const orti_tensor *tensor, int index) {
    return ((const float *)tensor->data)[index];
}

/* The input is of `count` elements. */
static void path_open_of(test_path *path, const char *graph, const char *far_ops, const char *near_ops, int count) {
    const int64_t dims[] = {count};
    memset(path, 0, sizeof *path);
    CHECK_OK(fake_rooms_open(&path->rooms, graph, far_ops, near_ops));
    CHECK_OK(orti_partition_create(&path->rooms.request, &path->parts));
    const orti_schedule_request request = {.alloc = orti_allocator_default(),
                                           .partitioning = path->parts,
                                           .candidates = path->rooms.candidates,
                                           .policy = &path->rooms.policy,
                                           .host_limit_bytes = UINT64_MAX,
                                           .plan_limit = 4};
    CHECK_OK(orti_schedule_create(&request, &path->schedule));
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims, 1, 0, &path->input));
    for (int i = 0; i < count; i++) ((float *)path->input->data)[i] = (float)(i - count / 2);
    CHECK_OK(orti_schedule_plan(path->schedule, &path->input, &path->plan, NULL));
    CHECK_OK(orti_run_create(path->plan, NULL, &path->run));
    orti_run_set_input(path->run, 0, path->input);
}

static void path_open(test_path *path, const char *graph, const char *far_ops, const char *near_ops) {
    path_open_of(path, graph, far_ops, near_ops, COUNT);
}

static void path_close(test_path *path) {
    orti_run_destroy(path->run);
    orti_plan_release(path->plan);
    orti_tensor_release(path->input);
    orti_schedule_destroy(path->schedule);
    orti_partitioning_destroy(path->parts);
    fake_rooms_close(&path->rooms);
    CHECK(fake_live_buffers == 0, "%d buffers live", fake_live_buffers);
    CHECK(fake_open_points == 0, "%d points open", fake_open_points);
}

/* A plan that needs less memory, and a run of it. */
static void path_plan_again(test_path *path) {
    orti_run_destroy(path->run);
    orti_plan_release(path->plan);
    orti_schedule_save_memory(path->schedule);
    CHECK_OK(orti_schedule_plan(path->schedule, &path->input, &path->plan, NULL));
    CHECK_OK(orti_run_create(path->plan, NULL, &path->run));
    orti_run_set_input(path->run, 0, path->input);
}

#define LADDER                                                                                                         \
    "graph \"ladder\" {\n"                                                                                             \
    "  input %x : float32[64]\n"                                                                                       \
    "  %a : float32[64] = Neg@13 (%x) \"a\"\n"                                                                         \
    "  %b : float32[64] = Abs@13 (%a) \"b\"\n"                                                                         \
    "  %c : float32[64] = Neg@13 (%b) \"c\"\n"                                                                         \
    "  %d : float32[64] = Add@14 (%a, %c) \"d\"\n"                                                                     \
    "  output %d\n"                                                                                                    \
    "  output %c\n"                                                                                                    \
    "}\n"

/* a = -x, c = -|x|, d = a + c */
static void ladder_check(const orti_run *run) {
    for (int i = 0; i < COUNT; i++) {
        float x = (float)(i - COUNT / 2), c = x > 0 ? -x : x;
        CHECK(value_at(orti_run_output(run, 1), i) == c, "c[%d] = %g", i, (double)value_at(orti_run_output(run, 1), i));
        CHECK(value_at(orti_run_output(run, 0), i) == c - x, "d[%d] = %g", i,
              (double)value_at(orti_run_output(run, 0), i));
    }
}

ORT_TEST(run, one_inline_piece) {
    test_path path;
    const orti_run_request request = {0};
    path_open(&path, LADDER, "", "Neg Abs Add");
    CHECK(path.plan->is_plain && path.plan->operation_count == 1 && path.plan->copy_count == 0);
    CHECK_OK(orti_run_execute(path.run, &request));
    ladder_check(path.run);
    CHECK_OK(orti_run_execute(path.run, &request));
    ladder_check(path.run);
    path_close(&path);
}

/* All on the far device: the input goes there, two outputs come back, each waits for exactly one other. */
ORT_TEST(run, a_device_of_its_own_memory) {
    test_path path;
    const orti_run_request request = {0};
    path_open(&path, LADDER, "Neg Abs Add", "");
    const orti_plan *plan = path.plan;
    CHECK(plan->operation_count == 4 && plan->copy_count == 3);
    CHECK(plan->operations[0].wait_count == 0 && plan->operations[0].host_wait_count == 0);
    for (uint32_t i = 1; i < 4; i++) {
        CHECK(plan->operations[i].host_wait_count == 0);
        CHECK(plan->operations[i].wait_count == 1);
    }
    CHECK(plan->operations[2].waits[0].queue == plan->operations[1].queue);
    CHECK(plan->final_wait_count == 2 || plan->final_wait_count == 1);
    for (int i = 0; i < 50; i++) {
        fake_far_delay = i % 3;
        CHECK_OK(orti_run_execute(path.run, &request));
        ladder_check(path.run);
    }
    path_close(&path);
}

/* far, near, far: copies in both directions, and the host waits only where an inline piece reads. */
ORT_TEST(run, two_providers_by_turns) {
    test_path path;
    const orti_run_request request = {0};
    path_open(&path,
              "graph \"turns\" {\n"
              "  input %x : float32[64]\n"
              "  %a : float32[64] = Neg@13 (%x) \"a\"\n"
              "  %b : float32[64] = Abs@13 (%a) \"b\"\n"
              "  %c : float32[64] = Relu@14 (%b) \"c\"\n"
              "  %d : float32[64] = Mul@14 (%c, %c) \"d\"\n"
              "  output %d\n"
              "}\n",
              "Neg Relu Mul", "Abs");
    for (int i = 0; i < 20; i++) {
        fake_far_delay = i % 3;
        CHECK_OK(orti_run_execute(path.run, &request));
        for (int k = 0; k < COUNT; k++) {
            float x = (float)(k - COUNT / 2);
            CHECK(value_at(orti_run_output(path.run, 0), k) == x * x);
        }
    }
    path_close(&path);
}

ORT_TEST(run, a_failed_point_fails_the_run_and_the_next_one_works) {
    test_path path;
    const orti_run_request request = {0};
    fake_rooms probe;
    (void)probe;
    path_open(&path, LADDER, "Neg Abs Add", "");
    path_close(&path);
    const int64_t dims[] = {COUNT};
    memset(&path, 0, sizeof path);
    CHECK_OK(fake_rooms_open(&path.rooms, LADDER, "Neg Abs Add", ""));
    fake_failing_node = "b";
    CHECK_OK(orti_partition_create(&path.rooms.request, &path.parts));
    const orti_schedule_request schedule = {.alloc = orti_allocator_default(),
                                            .partitioning = path.parts,
                                            .candidates = path.rooms.candidates,
                                            .policy = &path.rooms.policy,
                                            .host_limit_bytes = UINT64_MAX,
                                            .plan_limit = 4};
    CHECK_OK(orti_schedule_create(&schedule, &path.schedule));
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims, 1, 0, &path.input));
    memset(path.input->data, 0, (size_t)path.input->size_bytes);
    CHECK_OK(orti_schedule_plan(path.schedule, &path.input, &path.plan, NULL));
    CHECK_OK(orti_run_create(path.plan, NULL, &path.run));
    orti_run_set_input(path.run, 0, path.input);
    for (int i = 0; i < 3; i++)
        CHECK_FAILS(orti_run_execute(path.run, &request), ORT_CODE_DEVICE_LOST, "the far device went away");
    path_close(&path);
}

ORT_TEST(run, cancelled_and_late_runs_stop) {
    test_path path;
    ortp_cancel cancel = {0};
    orti_run_request request = {.cancel = &cancel};
    path_open(&path, LADDER, "Neg Abs Add", "");
    atomic_store(&cancel.is_requested, 1);
    CHECK_FAILS(orti_run_execute(path.run, &request), ORT_CODE_CANCELLED, "cancelled");
    atomic_store(&cancel.is_requested, 0);
    request.deadline_ns = 1;
    CHECK_FAILS(orti_run_execute(path.run, &request), ORT_CODE_DEADLINE, "longer");
    request.deadline_ns = 0;
    CHECK_OK(orti_run_execute(path.run, &request));
    ladder_check(path.run);
    path_close(&path);
}

ORT_TEST(run, plans_are_found_again) {
    test_path path;
    orti_plan *again = NULL;
    bool was_made = true;
    path_open(&path, LADDER, "", "Neg Abs Add");
    CHECK_OK(orti_schedule_plan(path.schedule, &path.input, &again, &was_made));
    CHECK(again == path.plan && !was_made);
    orti_plan_release(again);
    path_close(&path);
}

ORT_TEST(run, an_output_on_an_input_is_refused) {
    test_path path;
    const orti_run_request request = {0};
    path_open(&path, LADDER, "", "Neg Abs Add");
    CHECK_OK(orti_run_set_output(path.run, 0, path.input));
    CHECK_FAILS(orti_run_execute(path.run, &request), ORT_CODE_UNSUPPORTED, "lies in the memory of input 'x'");
    path_close(&path);
}

/* What near computes alone, on the calling thread, is what both compute together, with memory to spare and without. */
ORT_TEST(run, drawn_graphs_give_one_answer_however_they_are_cut) {
    static char text[8192];
    const orti_run_request request = {0};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        test_path path;
        orti_tensor *want[FAKE_GRAPH_OUTPUTS];
        fake_graph_draw(seed, text, sizeof text);
        path_open_of(&path, text, "", "Neg Abs Relu Add Mul", 8);
        CHECK_OK(orti_run_execute(path.run, &request));
        for (uint32_t o = 0; o < FAKE_GRAPH_OUTPUTS; o++) want[o] = orti_tensor_retain(orti_run_output(path.run, o));
        path_close(&path);
        for (int turn = 0; turn < 2; turn++) {
            path_open_of(&path, text, fake_graph_ops[seed % 4][0], fake_graph_ops[seed % 4][1], 8);
            if (turn) path_plan_again(&path);
            fake_far_delay = (int)(seed % 3);
            for (int again = 0; again < 2; again++) CHECK_OK(orti_run_execute(path.run, &request));
            for (uint32_t o = 0; o < FAKE_GRAPH_OUTPUTS; o++)
                CHECK(memcmp(orti_run_output(path.run, o)->data, want[o]->data, 8 * sizeof(float)) == 0,
                      "seed %u, output %u", (unsigned)seed, o);
            path_close(&path);
        }
        for (uint32_t o = 0; o < FAKE_GRAPH_OUTPUTS; o++) orti_tensor_release(want[o]);
    }
}
