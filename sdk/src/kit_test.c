/* The kit through the border: claims, fusion, layouts, shared memory; random graphs against a plain evaluation. */
#include "fake_host.h"
#include "testing/test.h"
#include "timeline.h"
#include "toy_provider.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const plain[] = {"fusion", "false", "layouts", "false", NULL};
static const char *const unfused[] = {"fusion", "false", NULL};
static const char *const no_layouts[] = {"layouts", "false", NULL};

static bool has_span(const fake_report *report, const char *name) {
    for (uint32_t i = 0; i < report->span_count; i++)
        if (strcmp(report->spans[i], name) == 0) return true;
    return false;
}

static uint32_t blur_add(fake_graph *g, uint32_t x) {
    const fake_value *v = &g->values[x];
    float weights[16];
    for (int i = 0; i < 16; i++) weights[i] = 0.25f * (float)(i + 1);
    uint32_t w = fake_constant(g, ORT_DTYPE_F32, 1, &v->dims[1], weights);
    uint32_t y = fake_result(g, v->rank, v->dims);
    fake_node(g, "Blur", (uint32_t[]){x, w}, 2, &y, 1);
    return y;
}

static uint32_t unary_add(fake_graph *g, const char *op, uint32_t x) {
    uint32_t y = fake_result(g, g->values[x].rank, g->values[x].dims);
    fake_node(g, op, &x, 1, &y, 1);
    return y;
}

static uint32_t sum_add(fake_graph *g, uint32_t a, uint32_t b) {
    uint32_t y = fake_result(g, g->values[a].rank, g->values[a].dims);
    fake_node(g, "Add", (uint32_t[]){a, b}, 2, &y, 1);
    return y;
}

static uint32_t transpose_add(fake_graph *g, uint32_t x, const int64_t *perm) {
    const fake_value *v = &g->values[x];
    int64_t dims[4];
    for (int i = 0; i < 4; i++) dims[i] = v->dims[perm[i]];
    uint32_t y = fake_result(g, 4, dims);
    uint32_t node = fake_node(g, "Transpose", &x, 1, &y, 1);
    fake_attr_ints(g, node, "perm", perm, 4);
    return y;
}

static uint32_t concat_add(fake_graph *g, uint32_t a, uint32_t b) {
    int64_t dims[4];
    memcpy(dims, g->values[a].dims, sizeof dims);
    dims[1] += g->values[b].dims[1];
    uint32_t y = fake_result(g, 4, dims);
    uint32_t node = fake_node(g, "Concat", (uint32_t[]){a, b}, 2, &y, 1);
    fake_attr_int(g, node, "axis", 1);
    return y;
}

/* ---- a plain evaluation, in rows ---- */

static void eval_slices(fake_graph *g, const fake_node_record *node, bool is_concat) {
    fake_value *whole = &g->values[is_concat ? node->outputs[0] : node->inputs[0]];
    uint32_t count = is_concat ? node->input_count : node->output_count;
    int64_t area = whole->dims[2] * whole->dims[3];
    for (int64_t n = 0; n < whole->dims[0]; n++) {
        float *at = (float *)whole->data + n * whole->dims[1] * area;
        for (uint32_t i = 0; i < count; i++) {
            fake_value *part = &g->values[is_concat ? node->inputs[i] : node->outputs[i]];
            float *piece = (float *)part->data + n * part->dims[1] * area;
            size_t bytes = (size_t)(part->dims[1] * area) * 4;
            memcpy(is_concat ? at : piece, is_concat ? piece : at, bytes);
            at += part->dims[1] * area;
        }
    }
}

static void eval_transpose(fake_graph *g, const fake_node_record *node) {
    const fake_value *x = &g->values[node->inputs[0]];
    fake_value *y = &g->values[node->outputs[0]];
    int64_t strides[4] = {x->dims[1] * x->dims[2] * x->dims[3], x->dims[2] * x->dims[3], x->dims[3], 1};
    for (int64_t e = 0; e < y->count; e++) {
        int64_t rest = e, from = 0;
        for (int i = 3; i >= 0; rest /= y->dims[i], i--) from += rest % y->dims[i] * strides[node->attrs[0].ints[i]];
        ((float *)y->data)[e] = ((const float *)x->data)[from];
    }
}

static void eval_simple(fake_graph *g, const fake_node_record *node) {
    const fake_value *x = &g->values[node->inputs[0]];
    fake_value *y = &g->values[node->outputs[0]];
    const fake_value *b = node->input_count > 1 ? &g->values[node->inputs[1]] : NULL;
    int64_t area = x->rank == 4 ? x->dims[2] * x->dims[3] : 1;
    for (int64_t i = 0; i < y->count; i++) {
        float v = ((const float *)x->data)[i];
        int64_t channel = x->rank == 4 ? i / area % x->dims[1] : 0;
        if (strcmp(node->op, "Relu") == 0) v = v > 0 ? v : 0;
        if (strcmp(node->op, "Add") == 0) v += ((const float *)b->data)[b->count == y->count ? i : channel];
        if (strcmp(node->op, "Blur") == 0) v *= 2 * ((const float *)b->data)[channel];
        ((float *)y->data)[i] = v;
    }
}

static void evaluate(fake_graph *g) {
    for (uint32_t i = 0; i < g->node_count; i++) {
        const fake_node_record *node = &g->nodes[i];
        if (strcmp(node->op, "Concat") == 0 || strcmp(node->op, "Split") == 0)
            eval_slices(g, node, node->op[0] == 'C');
        else if (strcmp(node->op, "Transpose") == 0)
            eval_transpose(g, node);
        else
            eval_simple(g, node);
    }
}

/* Runs `g` and compares every output with the plain evaluation. */
static void run_check(fake_graph *g, const char *const *settings, uint32_t threads, fake_report *report,
                      const char *what) {
    float *wants[16];
    evaluate(g);
    for (uint32_t i = 0; i < g->output_count; i++) {
        const fake_value *v = &g->values[g->outputs[i]];
        wants[i] = malloc((size_t)v->count * 4);
        memcpy(wants[i], v->data, (size_t)v->count * 4);
    }
    uint32_t before = fake_live_allocations();
    fake_run(g, ortp_entry_v0, settings, threads, report);
    CHECK(report->failure[0] == 0, "%s: %s", what, report->failure);
    CHECK(report->decline_count == 0, "%s: %s", what, report->declines[0].text);
    CHECK(fake_live_allocations() == before, "%s: something was not given back", what);
    for (uint32_t i = 0; i < g->output_count; i++) {
        const fake_value *v = &g->values[g->outputs[i]];
        for (int64_t k = 0; k < v->count; k++) {
            float got = ((const float *)v->data)[k];
            CHECK(fabsf(got - wants[i][k]) <= 1e-4f * (1 + fabsf(wants[i][k])), "%s: output %u element %lld: %g not %g",
                  what, (unsigned)i, (long long)k, (double)got, (double)wants[i][k]);
        }
        free(wants[i]);
    }
}

/* ---- claims ---- */

ORT_TEST(kit, declines_say_why) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 2, (int64_t[]){2, 3});
    uint32_t a = unary_add(g, "Relu", x), b = unary_add(g, "LSTM", a), c = unary_add(g, "Relu", b);
    fake_output(g, c);
    g->nodes[2].until = 13; /* an older meaning than Relu-14 */
    fake_propose(g, ortp_entry_v0, NULL, report);
    CHECK(report->decline_count == 2, "%u declines", report->decline_count);
    CHECK_STR(report->declines[0].text, "LSTM: no kernel");
    CHECK(report->declines[0].code == ORTP_DECLINE_OPERATOR, "code %u", report->declines[0].code);
    CHECK_STR(report->declines[1].text, "Relu: no kernel for version 13");
    CHECK(report->proposed_count == 1 && report->proposed[0] == 0, "%u proposed", report->proposed_count);
    fake_destroy(g);

    g = fake_create();
    x = fake_constant(g, ORT_DTYPE_I64, 1, (int64_t[]){2}, (int64_t[]){1, 2});
    a = unary_add(g, "Relu", x);
    fake_propose(g, ortp_entry_v0, NULL, report);
    CHECK_STR(report->declines[0].text, "Relu: no kernel for int64 (float32)");
    CHECK(report->declines[0].code == ORTP_DECLINE_TYPE, "code %u", report->declines[0].code);
    fake_destroy(g);

    g = fake_create();
    x = fake_input(g, 1, (int64_t[]){2});
    a = unary_add(g, "Relu", x);
    fake_attr_int(g, 0, "refuse", 1);
    fake_propose(g, ortp_entry_v0, NULL, report);
    CHECK_STR(report->declines[0].text, "Relu: refuse is set on n0");
    CHECK(report->declines[0].code == ORTP_DECLINE_ATTRIBUTE, "code %u", report->declines[0].code);
    fake_destroy(g);
    free(report);
}

/* ---- sizes that the run tells ---- */

static uint32_t filter_add(fake_graph *g, uint32_t x) {
    uint32_t y = fake_result(g, 1, g->values[x].dims);
    g->values[y].dims[0] = -1;
    fake_node(g, "Filter", &x, 1, &y, 1);
    return y;
}

ORT_TEST(kit, the_run_tells_sizes) {
    fake_report *report = malloc(sizeof *report);
    for (int is_failing = 0; is_failing < 2; is_failing++) {
        fake_graph *g = fake_create();
        uint32_t x = fake_input(g, 1, (int64_t[]){4});
        memcpy(g->values[x].data, (float[]){-1, 2, 0, is_failing ? NAN : 3}, 16);
        uint32_t y = filter_add(g, x);
        fake_output(g, y);
        fake_run(g, ortp_entry_v0, NULL, 1, report);
        const fake_value *told = &g->values[y];
        if (is_failing) {
            CHECK_STR(report->failure, "Filter: element 3 is no number");
        } else {
            CHECK(report->failure[0] == 0, "%s", report->failure);
            CHECK(told->dims[0] == 2 && ((const float *)told->data)[0] == 2 && ((const float *)told->data)[1] == 3,
                  "%lld elements", (long long)told->dims[0]);
        }
        fake_destroy(g);
    }
    free(report);
}

ORT_TEST(kit, what_reads_a_told_size_is_another_piece) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 1, (int64_t[]){4});
    uint32_t told = filter_add(g, unary_add(g, "Relu", x)), after = fake_result(g, 1, g->values[x].dims);
    fake_node(g, "Relu", &told, 1, &after, 1);
    fake_output(g, after);
    fake_propose(g, ortp_entry_v0, NULL, report);
    CHECK(report->proposal_count == 2 && report->proposed_count == 3, "%u proposals", report->proposal_count);
    CHECK(report->proposed[0] == 0 && report->proposed[1] == 1 && report->proposed[2] == 2, "other pieces");
    fake_destroy(g);
    free(report);
}

/* x -> Relu -> LSTM -> Relu: the two Relus may not be one piece, for a path between them leaves it. */
ORT_TEST(kit, pieces_are_convex) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 2, (int64_t[]){2, 3});
    uint32_t a = unary_add(g, "Relu", x), b = unary_add(g, "LSTM", a), c = unary_add(g, "Relu", b);
    uint32_t d = sum_add(g, a, c), e = unary_add(g, "Relu", x);
    fake_output(g, d);
    fake_output(g, e);
    fake_propose(g, ortp_entry_v0, NULL, report);
    CHECK(report->proposal_count == 2, "%u proposals", report->proposal_count);
    CHECK(report->proposed_count == 4, "%u nodes", report->proposed_count);
    CHECK(report->proposed[0] == 0 && report->proposed[1] == 4, "the first piece is not nodes 0 and 4");
    fake_propose(g, ortp_entry_v0, (uint8_t[]){1, 1, 0, 0, 0}, report);
    CHECK(report->proposal_count == 1 && report->proposed_count == 1 && report->decline_count == 1, "the mask");
    fake_destroy(g);
    free(report);
}

/* ---- fusion and layouts: what is left of the steps ---- */

ORT_TEST(kit, a_block_becomes_one_step) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    int64_t dims[] = {1, 3, 4, 5}, bias_dims[] = {3, 1, 1};
    uint32_t x = fake_input(g, 4, dims);
    uint32_t bias = fake_constant(g, ORT_DTYPE_F32, 3, bias_dims, (float[]){1, -2, 3});
    uint32_t y = unary_add(g, "Relu", sum_add(g, sum_add(g, blur_add(g, x), bias), x));
    fake_output(g, y);
    run_check(g, NULL, 3, report, "fused");
    CHECK(!has_span(report, "Add") && !has_span(report, "Relu"), "something was left unfused");
    CHECK(report->step_count == 3, "%u steps: in, Blur, out", report->step_count);
    run_check(g, plain, 1, report, "plain");
    CHECK(has_span(report, "Add") && has_span(report, "Relu"), "fused although told not to");
    fake_destroy(g);
    free(report);
}

ORT_TEST(kit, a_value_that_others_read_stays) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 4, (int64_t[]){1, 2, 3, 3});
    uint32_t a = blur_add(g, x), b = unary_add(g, "Relu", a);
    fake_output(g, a);
    fake_output(g, b);
    run_check(g, NULL, 1, report, "output before the activation");
    CHECK(has_span(report, "Relu"), "fused over an output");
    fake_destroy(g);
    free(report);
}

ORT_TEST(kit, transposes_around_pixels_are_views) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 4, (int64_t[]){2, 4, 5, 3}); /* N, H, W, C */
    uint32_t a = transpose_add(g, x, (int64_t[]){0, 3, 1, 2});
    uint32_t b = blur_add(g, blur_add(g, a));
    uint32_t c = transpose_add(g, b, (int64_t[]){0, 2, 3, 1});
    fake_output(g, c);
    run_check(g, NULL, 2, report, "absorbed");
    CHECK(report->step_count == 2, "%u steps, not the two Blurs", report->step_count);
    fake_destroy(g);
    free(report);
}

ORT_TEST(kit, channel_concat_of_pixels_copies_nothing) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    int64_t dims[] = {1, 3, 4, 4};
    uint32_t x = fake_input(g, 4, dims);
    uint32_t a = blur_add(g, x), b = blur_add(g, x);
    uint32_t c = concat_add(g, concat_add(g, a, unary_add(g, "Relu", b)), b);
    fake_output(g, blur_add(g, c));
    run_check(g, unfused, 1, report, "nested concat");
    /* in, Blur, Blur, Relu, one copy of b (it stands outside the inner Concat alone), Blur, out */
    CHECK(report->step_count <= 7, "%u steps", report->step_count);
    run_check(g, NULL, 4, report, "fused");
    fake_destroy(g);
    free(report);
}

ORT_TEST(kit, results_take_their_inputs_place) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    uint32_t x = fake_input(g, 2, (int64_t[]){16, 64});
    for (int i = 0; i < 50; i++) x = unary_add(g, "Relu", x);
    fake_output(g, x);
    run_check(g, plain, 1, report, "chain");
    CHECK(report->workspace_bytes <= 16 * 64 * 4, "%llu bytes", (unsigned long long)report->workspace_bytes);
    fake_destroy(g);
    free(report);
}

/* ---- random graphs ---- */

static uint32_t pick(fake_graph *g, uint64_t *seed, uint32_t first) {
    for (;;) {
        uint32_t id = fake_random(seed) % g->value_count;
        const fake_value *v = &g->values[id];
        if (id >= first && v->kind != ORTP_VALUE_CONSTANT && v->rank == 4) return id;
    }
}

static void split_add(fake_graph *g, uint32_t x) {
    const fake_value *v = &g->values[x];
    int64_t dims[4];
    memcpy(dims, v->dims, sizeof dims);
    dims[1] = 1;
    uint32_t a = fake_result(g, 4, dims);
    dims[1] = g->values[x].dims[1] - 1;
    uint32_t b = fake_result(g, 4, dims);
    uint32_t node = fake_node(g, "Split", &x, 1, (uint32_t[]){a, b}, 2);
    fake_attr_int(g, node, "axis", 1);
}

static bool fits(const fake_value *a, const fake_value *b, bool all) {
    return a->dims[0] == b->dims[0] && a->dims[2] == b->dims[2] && a->dims[3] == b->dims[3] &&
           (!all || a->dims[1] == b->dims[1]);
}

static void random_node(fake_graph *g, uint64_t *seed) {
    uint32_t a = pick(g, seed, 0), b = pick(g, seed, 0), kind = fake_random(seed) % 8;
    bool wide = g->values[a].dims[1] + g->values[b].dims[1] <= 12;
    if (kind == 0) (void)unary_add(g, "Relu", a);
    if (kind == 1 || kind == 2) (void)(g->values[a].dims[1] <= 16 ? blur_add(g, a) : 0);
    if (kind == 3 && fits(&g->values[a], &g->values[b], true)) (void)sum_add(g, a, b);
    if (kind == 4 && wide && fits(&g->values[a], &g->values[b], false)) (void)concat_add(g, a, b);
    if (kind == 5 && g->values[a].dims[1] > 1) split_add(g, a);
    if (kind == 6) (void)transpose_add(g, a, (int64_t[]){0, 2, 3, 1});
    if (kind == 7) (void)transpose_add(g, a, (int64_t[]){0, 3, 1, 2});
}

static fake_graph *random_graph(uint64_t seed) {
    fake_graph *g = fake_create();
    int64_t side = 2 + (int64_t)(fake_random(&seed) % 3), images = 1 + (int64_t)(fake_random(&seed) % 2);
    (void)fake_input(g, 4, (int64_t[]){images, 3, side, side});
    (void)fake_input(g, 4, (int64_t[]){images, side, side, side});
    uint32_t steps = 4 + fake_random(&seed) % 40;
    for (uint32_t i = 0; i < steps; i++) random_node(g, &seed);
    for (uint32_t i = 0; i < g->value_count && g->output_count < 12; i++) {
        const fake_value *v = &g->values[i];
        if (v->kind == ORTP_VALUE_INNER && (v->consumer_count == 0 || fake_random(&seed) % 8 == 0)) fake_output(g, i);
    }
    return g;
}

ORT_TEST(kit, random_graphs_answer_as_the_plain_evaluation) {
    fake_report *report = malloc(sizeof *report);
    static const char *const *const settings[] = {NULL, plain, unfused, no_layouts};
    for (uint64_t seed = 1; seed <= 400; seed++) {
        fake_graph *g = random_graph(seed * 7919);
        for (size_t i = 0; g->output_count && i < 4; i++) {
            char what[64];
            snprintf(what, sizeof what, "seed %llu, settings %zu", (unsigned long long)seed, i);
            run_check(g, settings[i], 1 + (uint32_t)seed % 4, report, what);
        }
        fake_destroy(g);
    }
    free(report);
}

static uint32_t entry_code(uint32_t flags, const ortp_ext *next) {
    ortp_entry_request request = {.size = sizeof request, .flags = flags, .next = next, .major = ORTP_ABI_MAJOR};
    ortp_entry_reply reply = {.size = sizeof reply};
    return ortp_entry_v0(&request, &reply);
}

/* The suite's checks open-unknown and fault-unknown hold the other calls to it. */
ORT_TEST(kit, the_entry_refuses_what_it_must_understand) {
    const ortp_ext may = {sizeof may, 5, NULL}, must = {sizeof must, 5 | ORTP_EXT_MUST, NULL};
    CHECK(entry_code(0, NULL) == ORT_CODE_OK);
    CHECK(entry_code(0x8000u, &may) == ORT_CODE_OK);
    CHECK(entry_code(0x10000u, NULL) == ORT_CODE_UNSUPPORTED);
    CHECK(entry_code(0, &must) == ORT_CODE_UNSUPPORTED);
}

/* ---- timelines ---- */

static bool is_memory_out;

static void *alloc_or_not(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    return is_memory_out ? NULL : fake_host()->core->alloc(context, size_bytes, align_bytes);
}

static void count_call(void *user, const ort_status *status) {
    *(int *)user += status ? 1 : 100;
}

/* Whoever waits for a point does so for ever when it does not settle. */
ORT_TEST(timelines, a_point_fails_without_memory_to_note_it) {
    ortp_host_core core = *fake_host()->core;
    ortp_host host = *fake_host();
    ortp_instance instance = {.host = &host};
    ortp_timeline *timeline = NULL;
    uint32_t before = fake_live_allocations();
    int call_count = 0;
    core.alloc = alloc_or_not;
    host.core = &core;
    CHECK(!ortk_timeline_create(&instance, 0, &timeline));
    CHECK(!ortk_host_signal(timeline, 1, NULL));
    CHECK(!ortk_on_settled((ortp_point){timeline, 2}, count_call, &call_count));
    is_memory_out = true;
    for (uint64_t value = 2; value <= 3; value++) {
        ort_status *failure =
            core.status_create(host.context, ORT_CODE_DEVICE_LOST, (ort_string_view){"it is lost", 10});
        CHECK(!ortk_host_signal(timeline, value, failure));
    }
    is_memory_out = false;
    CHECK(call_count == 1, "%d", call_count);
    CHECK(ortk_point_state((ortp_point){timeline, 1}, NULL) == ORTP_POINT_REACHED);
    CHECK(ortk_point_state((ortp_point){timeline, 3}, NULL) == ORTP_POINT_FAILED);
    CHECK(ortk_point_state((ortp_point){timeline, 4}, NULL) == ORTP_POINT_PENDING);
    ort_status *status = ortk_point_wait((ortp_point){timeline, 2}, UINT64_MAX);
    CHECK(status && core.status_code(status) == ORT_CODE_DEVICE_LOST);
    core.status_destroy(status);
    ortk_timeline_destroy(timeline);
    CHECK(fake_live_allocations() == before);
}
