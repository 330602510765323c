/* Memory that runs out, and devices that go. */
#include "session/inner.h"
#include "session/test_house.h"
#include "testing/test.h"

#include <stdatomic.h>

static void house_begin(test_house *house, const char *providers) {
    fake_far_good_count = -1;
    fake_far_code = ORT_CODE_DEVICE_LOST;
    fake_far_limit_bytes = -1;
    fake_far_trim_count = fake_far_is_lost = 0;
    CHECK_OK(house_open(house, providers, "Neg Neg Neg", "n"));
}

static void house_end(test_house *house) {
    house_close(house);
    CHECK(fake_live_buffers == 0 && fake_open_points == 0, "%d buffers, %d points", fake_live_buffers,
          fake_open_points);
}

static ort_status *run_of(test_house *house, int64_t count) {
    ort_tensor *input = house_tensor(count, 1), *output = NULL;
    ort_status *status = ort_session_run(house->session, &input, 1, &output, 1, NULL);
    if (!status) CHECK(((float *)ort_tensor_data(output))[count - 1] == -(float)count);
    ort_tensor_release(input);
    ort_tensor_release(output);
    return status;
}

/* What earlier runs left is released when a later one does not fit beside it. */
ORT_TEST(recover, old_runs_make_room) {
    test_house house;
    house_begin(&house, "far");
    CHECK_OK(run_of(&house, 1000));
    long one_bytes = fake_far_live_bytes;
    CHECK(one_bytes >= 2 * 1000 * 4);
    fake_far_limit_bytes = 2 * one_bytes;
    CHECK_OK(run_of(&house, 2000));
    CHECK(fake_far_trim_count == 1, "trimmed %d times", fake_far_trim_count);
    CHECK_OK(run_of(&house, 1000));
    CHECK(fake_far_trim_count == 2, "trimmed %d times", fake_far_trim_count);
    house_end(&house);
}

ORT_TEST(recover, what_does_not_fit_at_all_is_an_error_and_the_next_run_works) {
    test_house house;
    house_begin(&house, "far");
    fake_far_limit_bytes = 100;
    CHECK_FAILS(run_of(&house, 1000), ORT_CODE_OUT_OF_MEMORY, "the far device is full");
    CHECK_FAILS(run_of(&house, 1000), ORT_CODE_OUT_OF_MEMORY, "also with all that was unused released");
    fake_far_limit_bytes = -1;
    CHECK_OK(run_of(&house, 1000));
    house_end(&house);
}

/* Every length once, in an order that goes up and down. */
ORT_TEST(recover, a_thousand_lengths_keep_no_more_than_the_largest) {
    enum { LENGTHS = 1000, UNIT = 256 };
    test_house house;
    house_begin(&house, "far");
    CHECK_OK(run_of(&house, (int64_t)LENGTHS * UNIT));
    long alone_bytes = fake_far_live_bytes;
    CHECK(atomic_load(&house.session->metrics.runs.memory_bytes) >= (uint64_t)alone_bytes);
    house_end(&house);
    house_begin(&house, "far");
    for (int64_t i = 0; i < LENGTHS; i++) CHECK_OK(run_of(&house, (i * 387 % LENGTHS + 1) * UNIT));
    CHECK(fake_far_live_bytes * 5 <= alone_bytes * 6, "%ld bytes, alone %ld", fake_far_live_bytes, alone_bytes);
    CHECK(orti_schedule_plan_count(house.session->composition.segments[0]->schedule) <= PLAN_COUNT_MAX);
    CHECK(house.session->pool_count < POOL_RUN_COUNT_MAX);
    house_end(&house);
}

/* It is tried once more, not for ever. */
ORT_TEST(recover, memory_that_runs_out_during_a_run) {
    test_house house;
    house_begin(&house, "far");
    fake_far_code = ORT_CODE_OUT_OF_MEMORY;
    fake_far_good_count = 0;
    CHECK_OK(run_of(&house, 10));
    CHECK(fake_far_trim_count == 1, "trimmed %d times", fake_far_trim_count);
    house_end(&house);
}

ORT_TEST(recover, a_binding_is_planned_again) {
    test_house house;
    ort_binding *binding = NULL;
    ort_tensor *input = house_tensor(1000, 1);
    house_begin(&house, "far");
    CHECK_OK(run_of(&house, 1000));
    fake_far_limit_bytes = fake_far_live_bytes * 5 / 2;
    CHECK_OK(ort_binding_create(house.session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_binding_run(binding, NULL));
    ort_tensor_release(input);
    input = house_tensor(2000, 1);
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(fake_far_trim_count == 1, "trimmed %d times", fake_far_trim_count);
    CHECK(((float *)ort_tensor_data(ort_binding_output(binding, 0)))[1999] == -2000);
    ort_tensor_release(input);
    ort_binding_destroy(binding);
    house_end(&house);
}

ORT_TEST(recover, a_lost_device_fails_the_run_and_the_next_session_has_another) {
    test_house house;
    ort_session *other = NULL;
    house_begin(&house, "far");
    fake_far_good_count = 0;
    CHECK_FAILS(run_of(&house, 10), ORT_CODE_DEVICE_LOST, "bad luck");
    fake_far_is_lost = 1;
    CHECK_FAILS(ort_session_create(house.environment, house.model, house.options, &other), ORT_CODE_DEVICE_LOST,
                "device 0 of provider 'far' is lost");
    CHECK_OK(ort_options_set(house.options, "providers", "far,near"));
    CHECK_OK(ort_options_set(house.options, "fallback", "allow"));
    CHECK_OK(ort_session_create(house.environment, house.model, house.options, &other));
    ort_session_destroy(house.session);
    house.session = other;
    CHECK_OK(run_of(&house, 10));
    ort_placement placement = ORT_INIT(ort_placement);
    CHECK_OK(ort_session_placement(house.session, 0, &placement));
    CHECK_STR(placement.provider, "near");
    fake_far_is_lost = 0;
    house_end(&house);
}
