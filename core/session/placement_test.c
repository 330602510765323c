/* Who gets what by wish: composites whole, by body or expanded, and forced cuts. */
#include "session/test_house.h"
#include "testing/test.h"

#include <stdlib.h>

static void house_begin(test_house *house, const char *providers, const char *far_ops, const char *near_ops) {
    CHECK_OK(house_environment(house, providers));
    fake_far_ops = far_ops;
    fake_near_ops = near_ops;
    fake_far_by_body = 0;
    fake_far_good_count = -1;
}

static void house_model(test_house *house, const char *ops, const char *function) {
    tiny_bytes bytes;
    tiny_model_make(&bytes, ops, NULL);
    if (function) tiny_function(&bytes, function);
    CHECK_OK(ort_model_load_bytes(house->environment, bytes.data, bytes.length, NULL, house->options, &house->model));
}

static ort_status *house_session(test_house *house) {
    return ort_session_create(house->environment, house->model, house->options, &house->session);
}

/* Runs once on 1, 2, 3, 4 and compares with `want` times that. */
static void house_run(test_house *house, float want) {
    ort_tensor *input = house_tensor(4, 1), *output = NULL;
    CHECK_OK(ort_session_run(house->session, &input, 1, &output, 1, NULL));
    for (int i = 0; i < 4; i++) {
        float got = ((const float *)ort_tensor_data(output))[i];
        CHECK(got == want * (float)(i + 1), "[%d] is %g", i, (double)got);
    }
    ort_tensor_release(input);
    ort_tensor_release(output);
}

/* The provider of the node whose name begins with `name`; "" where it has none, NULL where nothing is told of it. */
static const char *provider_of(const test_house *house, const char *name) {
    static ort_placement placement;
    for (uint32_t i = 0; i < ort_session_placement_count(house->session); i++) {
        placement = ORT_INIT(ort_placement);
        CHECK_OK(ort_session_placement(house->session, i, &placement));
        if (strncmp(placement.node, name, strlen(name)) == 0 && strlen(name) > 0) return placement.provider;
    }
    return NULL;
}

static void provider_check(const test_house *house, const char *node, const char *want) {
    const char *got = provider_of(house, node);
    CHECK(got != NULL, "nothing is told of node '%s'", node);
    CHECK_STR(got, want);
}

/* ---- composites ---- */

ORT_TEST(composites, what_nobody_takes_whole_is_expanded) {
    test_house house;
    house_begin(&house, "near", "", "Neg Abs");
    house_model(&house, "Neg Call Neg", "Neg Neg Abs");
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n0", "near");
    provider_check(&house, "n1", "");
    provider_check(&house, "n1/n0", "near");
    provider_check(&house, "n1/n2", "near");
    house_close(&house);
}

ORT_TEST(composites, one_whole_for_who_takes_it) {
    test_house house;
    house_begin(&house, "far,near", "Call", "Neg");
    house_model(&house, "Neg Call Neg", "Neg Neg Abs");
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n0", "near");
    provider_check(&house, "n1", "far");
    CHECK(provider_of(&house, "n1/") == NULL);
    house_close(&house);
}

/* Far is preferred, and near has the whole. */
ORT_TEST(composites, by_body_for_who_takes_it_so) {
    test_house house;
    house_begin(&house, "far,near", "Call Abs", "Call Neg");
    fake_far_by_body = 1;
    house_model(&house, "Neg Call Neg", "Abs Abs");
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n0", "near");
    provider_check(&house, "n2", "near");
    provider_check(&house, "n1/n0", "far");
    provider_check(&house, "n1/n1", "far");
    house_close(&house);
}

/* Near is preferred: it does not have the composite, but its parts. */
ORT_TEST(composites, the_parts_for_who_is_preferred) {
    test_house house;
    house_begin(&house, "near,far", "Call Neg Abs", "Neg Abs");
    fake_far_by_body = 1;
    house_model(&house, "Neg Call Neg", "Neg Neg Abs");
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n1/n0", "near");
    provider_check(&house, "n1/n2", "near");
    house_close(&house);
}

/* Far promised the body and then takes a part of it: the rest is for who can. */
ORT_TEST(composites, what_the_winner_leaves_of_a_body_is_anybodys) {
    test_house house;
    house_begin(&house, "far,near", "Call Neg", "Neg Abs");
    fake_far_by_body = 1;
    house_model(&house, "Call Neg", "Neg Abs");
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n0/n0", "far");
    provider_check(&house, "n0/n1", "near");
    house_close(&house);
}

/* The call gives one input, and the body adds two. */
ORT_TEST(composites, an_input_that_a_body_needs_and_the_call_leaves_out) {
    test_house house;
    tiny_bytes bytes, function = {.length = 0}, node = function;
    house_begin(&house, "near", "", "Neg Abs Add");
    tiny_model_make(&bytes, "Neg Call", NULL);
    tiny_text(&node, 1, "x");
    tiny_text(&node, 1, "w");
    tiny_text(&node, 2, "y");
    tiny_text(&node, 3, "sum");
    tiny_text(&node, 4, "Add");
    tiny_text(&function, 1, "Call");
    tiny_text(&function, 4, "x");
    tiny_text(&function, 4, "w");
    tiny_text(&function, 5, "y");
    tiny_part(&function, 7, &node);
    tiny_imports(&function, 9);
    tiny_text(&function, 10, "test");
    tiny_part(&bytes, 25, &function);
    CHECK_OK(ort_model_load_bytes(house.environment, bytes.data, bytes.length, NULL, house.options, &house.model));
    CHECK_FAILS(house_session(&house), ORT_CODE_INVALID_MODEL, "node 'n1/sum' (Add-14): input 1 (B) is left out");
    house_close(&house);
}

ORT_TEST(composites, an_operator_in_a_body_that_nobody_takes_is_named) {
    test_house house;
    house_begin(&house, "near", "", "Neg");
    house_model(&house, "Neg Call", "Neg Abs");
    CHECK_FAILS(house_session(&house), ORT_CODE_UNSUPPORTED, "node 'n1/n1' (Abs)");
    house_close(&house);
}

/* With the plugins that are built beside the test. */
static void house_real(test_house *house, const char *providers) {
    memset(house, 0, sizeof *house);
    CHECK_OK(ort_options_create(&house->options));
    CHECK_OK(ort_options_set(house->options, "fallback", "error"));
    CHECK_OK(ort_options_set(house->options, "providers", providers));
    CHECK_OK(ort_options_set(house->options, "plugins.path", TEST_PLUGINS));
    CHECK_OK(ort_environment_create(house->options, NULL, NULL, &house->environment));
}

/* The kit claims by body what it has no kernel for and whose parts it has; the CPU, which has the whole, is not served
 * first. */
ORT_TEST(composites, the_kit_takes_by_body_what_it_has_the_parts_of) {
    test_house house;
    house_real(&house, "sim,cpu");
    house_model(&house, "Celu Neg", NULL);
    CHECK_OK(house_session(&house));
    house_run(&house, -1);
    provider_check(&house, "n0", "");
    provider_check(&house, "n0/Exp", "sim");
    provider_check(&house, "n0/Max", "sim");
    house_close(&house);
}

ORT_TEST(composites, a_function_runs_on_the_cpu) {
    test_house house;
    house_real(&house, "cpu");
    house_model(&house, "Neg Call Call Neg", "Relu Neg Neg");
    CHECK_OK(house_session(&house));
    house_run(&house, 0);
    provider_check(&house, "n1/", "cpu");
    provider_check(&house, "n2/", "cpu");
    house_close(&house);
}

/* Whatever the bytes say: an answer or an error. */
static void bytes_try(test_house *house, const tiny_bytes *bytes) {
    ort_tensor *input = NULL, *output = NULL;
    ort_status *status =
        ort_model_load_bytes(house->environment, bytes->data, bytes->length, NULL, house->options, &house->model);
    if (!status) status = house_session(house);
    if (!status) {
        input = house_tensor(4, 1);
        status = ort_session_run(house->session, &input, 1, &output, 1, NULL);
    }
    ort_status_destroy(status);
    ort_tensor_release(input);
    ort_tensor_release(output);
    ort_session_destroy(house->session);
    ort_model_destroy(house->model);
    house->session = NULL;
    house->model = NULL;
}

ORT_TEST(composites, cut_and_flipped) {
    test_house house;
    tiny_bytes bytes;
    house_real(&house, "cpu");
    tiny_model_make(&bytes, "Mish Call Call", NULL);
    tiny_function(&bytes, "Elu Celu");
    CHECK_OK(ort_model_load_bytes(house.environment, bytes.data, bytes.length, NULL, house.options, &house.model));
    CHECK_OK(house_session(&house));
    ort_session_destroy(house.session);
    ort_model_destroy(house.model);
    house.session = NULL;
    house.model = NULL;
    size_t whole = bytes.length;
    for (bytes.length = 0; bytes.length < whole; bytes.length++) bytes_try(&house, &bytes);
    for (size_t bit = 0; bit < whole * 8; bit++) {
        bytes.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        bytes_try(&house, &bytes);
        bytes.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    house_close(&house);
}

/* ---- forced cuts ---- */

static uint32_t part_count(const ort_session *session) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement placement = ORT_INIT(ort_placement);
        CHECK_OK(ort_session_placement(session, i, &placement));
        if (placement.partition != UINT32_MAX && placement.partition >= count) count = placement.partition + 1;
    }
    return count;
}

ORT_TEST(cuts, two_hundred_drawn_ones_give_one_answer) {
    test_house house;
    uint32_t most = 0;
    house_begin(&house, "far,near", "Neg Abs Relu Call", "Neg Abs Relu");
    house_model(&house, "Neg Relu Abs Neg Abs Neg Call Neg Abs Neg Neg Relu Neg Abs Call Neg", "Neg Abs");
    for (int seed = 0; seed < 200; seed++) {
        char text[32];
        snprintf(text, sizeof text, "%d", seed);
        CHECK_OK(ort_options_set(house.options, "placement.seed", text));
        snprintf(text, sizeof text, "%d", 1 + seed % 18);
        CHECK_OK(ort_options_set(house.options, "placement.parts", text));
        fake_far_by_body = seed % 2;
        CHECK_OK(house_session(&house));
        house_run(&house, 0);
        uint32_t count = part_count(house.session);
        if (count > most) most = count;
        ort_session_destroy(house.session);
        house.session = NULL;
    }
    CHECK(most > 10, "at most %u pieces", most);
    CHECK(fake_live_buffers == 0 && fake_open_points == 0);
    house_close(&house);
}

ORT_TEST(cuts, a_seed_draws_the_same_again) {
    test_house house;
    char *first = NULL, *again = NULL;
    house_begin(&house, "far,near", "Neg Abs", "Neg Abs");
    house_model(&house, "Neg Abs Neg Abs Neg Abs Neg Abs", NULL);
    CHECK_OK(ort_options_set(house.options, "placement", "{\"seed\": 7, \"parts\": 5}"));
    CHECK_OK(house_session(&house));
    CHECK(part_count(house.session) == 5, "%u pieces", part_count(house.session));
    CHECK_OK(ort_session_placement_json(house.session, &first));
    ort_session_destroy(house.session);
    CHECK_OK(house_session(&house));
    CHECK_OK(ort_session_placement_json(house.session, &again));
    CHECK_STR(first, again);
    ort_string_destroy(first);
    ort_string_destroy(again);
    house_close(&house);
}

ORT_TEST(cuts, nodes_go_to_whom_they_are_given) {
    test_house house;
    house_begin(&house, "far,near", "Neg Abs", "Neg Abs");
    house_model(&house, "Neg Abs Neg Abs", NULL);
    CHECK_OK(ort_options_set(house.options, "placement.nodes", "{\"?1\": \"near:0\"}"));
    CHECK_OK(house_session(&house));
    house_run(&house, 1);
    provider_check(&house, "n0", "far");
    provider_check(&house, "n1", "near");
    provider_check(&house, "n2", "far");
    house_close(&house);
}

static void wish_refused(const char *key, const char *value, ort_code code, const char *text) {
    test_house house;
    house_begin(&house, "far,near", "Neg", "Neg Abs");
    house_model(&house, "Neg Abs", NULL);
    CHECK_OK(ort_options_set(house.options, key, value));
    CHECK_FAILS(house_session(&house), code, text);
    house_close(&house);
}

ORT_TEST(cuts, a_wish_that_can_not_be_had_is_refused) {
    wish_refused("placement.nodes", "{\"n1\": \"far\"}", ORT_CODE_UNSUPPORTED,
                 "is to be taken by provider 'far', which does not: has no such operator");
    wish_refused("placement.nodes", "{\"n1\": \"nobody\"}", ORT_CODE_INVALID_ARGUMENT, "no provider 'nobody'");
    wish_refused("placement.nodes", "{\"n1\": \"near:9\"}", ORT_CODE_INVALID_ARGUMENT, "no provider 'near:9'");
    wish_refused("placement.nodes", "{\"n1\": \"near:\"}", ORT_CODE_INVALID_ARGUMENT, "'near:' wants NAME");
    wish_refused("placement.nodes", "{\"n1\": \"near:0x\"}", ORT_CODE_INVALID_ARGUMENT, "'near:0x' wants NAME");
    wish_refused("placement.nodes", "{\"n1\": \"near:gpu\"}", ORT_CODE_INVALID_ARGUMENT, "'near:gpu' wants NAME");
    wish_refused("placement.nodes", "{\"n?x\": \"near\"}", ORT_CODE_INVALID_ARGUMENT, "has no node 'n?x'");
    wish_refused("placement.seed", "1", ORT_CODE_INVALID_ARGUMENT, "without 'placement.parts'");
}
