/* session/test_house.h: an environment with the fake providers and a session on them, for tests. */
#ifndef ORT_CORE_SESSION_TEST_HOUSE_H
#define ORT_CORE_SESSION_TEST_HOUSE_H

#include "ort/ort.h"
#include "partition/testdata/fake.h"
#include "session/tiny_model.h"

typedef struct test_house {
    ort_options *options;
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
} test_house;

static inline uint32_t house_near(const void *request, void *reply) {
    return fake_near_entry(request, reply);
}
static inline uint32_t house_far(const void *request, void *reply) {
    return fake_far_entry(request, reply);
}

static inline ort_status *house_environment(test_house *house, const char *providers) {
    ort_status *status = NULL;
    memset(house, 0, sizeof *house);
    fake_near_ops = "Neg Abs Relu Identity";
    fake_far_ops = "Neg Abs Relu Identity";
    status = ort_options_create(&house->options);
    if (!status) status = ort_options_set(house->options, "threads.per_lane", "1");
    if (!status) status = ort_options_set(house->options, "providers", providers);
    /* A CPU provider may have been built beside the tests: it is not meant. */
    if (!status) status = ort_options_set(house->options, "fallback", "error");
    if (!status) status = ort_environment_create(house->options, NULL, NULL, &house->environment);
    if (!status) status = ort_environment_register(house->environment, fake_near_manifest, house_near);
    if (!status) status = ort_environment_register(house->environment, fake_far_manifest, house_far);
    return status;
}

static inline ort_status *house_open(test_house *house, const char *providers, const char *ops, const char *symbol) {
    tiny_bytes bytes;
    ort_status *status = house_environment(house, providers);
    tiny_model_make(&bytes, ops, symbol);
    if (!status)
        status =
            ort_model_load_bytes(house->environment, bytes.data, bytes.length, NULL, house->options, &house->model);
    if (!status) status = ort_session_create(house->environment, house->model, house->options, &house->session);
    return status;
}

static inline void house_close(test_house *house) {
    ort_session_destroy(house->session);
    ort_model_destroy(house->model);
    ort_environment_destroy(house->environment);
    ort_options_destroy(house->options);
}

static inline ort_tensor *house_tensor(int64_t count, float first) {
    ort_tensor *tensor = NULL;
    ort_status_destroy(ort_tensor_create(ORT_DTYPE_F32, &count, 1, &tensor));
    for (int64_t i = 0; tensor && i < count; i++) ((float *)ort_tensor_data(tensor))[i] = first + (float)i;
    return tensor;
}

#endif
