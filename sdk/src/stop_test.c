/* A run that is given up in the middle of a step: no worker begins more than one further slice, and the session goes
 * on. The step's own slices give the run up, once every thread of the team is inside one. */
#include "common/onnx_writer.h"
#include "ort/ort.h"
#include "ort/sdk/provider.h"
#include "testing/test.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

#define ELEMENTS   4096
#define SLICES     4 /* of such a step for each thread */
#define TIMEOUT_NS 30000000

typedef enum stop_way { STOP_NONE, STOP_CANCEL, STOP_DEADLINE } stop_way;

static struct {
    stop_way way;
    ort_run *run;
    uint32_t thread_count;
    _Atomic uint32_t begun, late_begun;
    _Atomic bool is_over; /* the run has been given up */
} watch;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Inside a slice: waits until the run has been given up. The thread that comes last cancels, or the first to have
 * waited long; a deadline is over when that much time has passed since any slice began. */
static void give_up(void) {
    uint64_t until_ns = now_ns() + TIMEOUT_NS;
    bool is_last = atomic_fetch_add(&watch.begun, 1) == watch.thread_count - 1;
    while (watch.way != STOP_NONE && !atomic_load(&watch.is_over)) {
        sched_yield();
        bool is_time = now_ns() > until_ns;
        if (!is_time && (watch.way == STOP_DEADLINE || !is_last)) continue;
        if (watch.way == STOP_CANCEL) ort_run_cancel(watch.run);
        atomic_store(&watch.is_over, true);
    }
}

static void neg_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const float *x = ortk_in(step, 0);
    float *y = ortk_out(step, 0);
    (void)scratch;
    if (atomic_load(&watch.is_over)) atomic_fetch_add(&watch.late_begun, 1);
    give_up();
    for (int64_t i = begin; i < end; i++) y[i] = -x[i];
}

static ort_status *neg_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)planner, (void)params, (void)in, (void)in_count, (void)out_count;
    step->run = neg_run;
    step->task_count = out->element_count;
    step->cost_ns = 1e6; /* so that it is spread over threads */
    return NULL;
}

static const ortk_kernel kernels[] = {
    {"", "Neg", 13, 28, ORT_DTYPE_BIT(ORT_DTYPE_F32), ORTK_MODE_ROWS, 0, 0, NULL, NULL, neg_plan},
};

static ort_status *stop_kernels(void *context, ortk_kernels *all) {
    (void)context;
    return ortk_kernels_add(all, kernels, sizeof kernels / sizeof kernels[0]);
}

static ort_status *stop_device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context, (void)out_reason;
    *out_count = 1;
    return NULL;
}

static ort_status *stop_device_describe(void *context, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info space = {
        .size = sizeof space,
        .flags = ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING,
        .name = ORTK_VIEW_LIT("host"),
        .align_bytes = 64,
    };
    (void)context, (void)device;
    out->kind = ORTP_DEVICE_KIND_CPU;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE | ORTP_DEVICE_INTEGRATED;
    out->numa_node = ORTP_NONE;
    out->id = out->name = (ort_string_view){"stop", 4};
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32);
    out->spaces = &space;
    out->space_stride = sizeof space;
    out->space_count = 1;
    return NULL;
}

static const ortk_provider stop = {
    .kernels = stop_kernels,
    .device_count = stop_device_count,
    .device_describe = stop_device_describe,
};

ORTK_PROVIDER_ENTRY(stop, stop, "test.orthrus.stop", "0.1.0", NULL, &ortk_host_memory, &ortk_inline_queue)

static const char manifest[] =
    "{\"id\":\"test.orthrus.stop\",\"name\":\"stop\",\"version\":\"0.1.0\",\"vendor\":\"Orthrus\","
    "\"abi\":{\"major\":0,\"min_minor\":0,\"built_minor\":0}}";

static uint32_t entry(const void *request, void *reply) {
    return ortp_entry_v0(request, reply);
}

typedef struct house {
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
    ort_tensor *input;
} house;

static void house_open(house *h) {
    const int64_t shape[] = {ELEMENTS};
    ort_options *options = NULL;
    onnx_bytes model = {0}, graph = {0};
    onnx_node(&graph, "Neg", "y", (const char *const[]){"x", NULL});
    onnx_value(&graph, 11, "x", shape, 1);
    onnx_value(&graph, 12, "y", shape, 1);
    onnx_model(&model, &graph, 17);
    CHECK_OK(ort_options_create(&options));
    CHECK_OK(ort_options_set(options, "providers", "stop"));
    CHECK_OK(ort_options_set(options, "fallback", "error"));
    CHECK_OK(ort_options_set(options, "threads.per_lane", "4"));
    CHECK_OK(ort_environment_create(options, NULL, NULL, &h->environment));
    CHECK_OK(ort_environment_register(h->environment, manifest, entry));
    CHECK_OK(ort_model_load_bytes(h->environment, model.data, model.size, NULL, options, &h->model));
    CHECK_OK(ort_session_create(h->environment, h->model, options, &h->session));
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, shape, 1, &h->input));
    for (int i = 0; i < ELEMENTS; i++) ((float *)ort_tensor_data(h->input))[i] = (float)i;
    ort_options_destroy(options);
    free(model.data);
}

static void house_close(house *h) {
    ort_tensor_release(h->input);
    ort_session_destroy(h->session);
    ort_model_destroy(h->model);
    ort_environment_destroy(h->environment);
}

static void watch_begin(stop_way way, ort_run *run) {
    watch.way = way;
    watch.run = run;
    atomic_store(&watch.begun, 0);
    atomic_store(&watch.late_begun, 0);
    atomic_store(&watch.is_over, false);
}

static void session_is_usable(house *h) {
    ort_tensor *output = NULL;
    watch_begin(STOP_NONE, NULL);
    CHECK_OK(ort_session_run(h->session, &h->input, 1, &output, 1, NULL));
    for (int i = 0; i < ELEMENTS; i++) CHECK(((const float *)ort_tensor_data(output))[i] == -(float)i, "at %d", i);
    watch.thread_count = watch.begun / SLICES;
    CHECK(watch.thread_count >= 1, "the step has %u slices", (unsigned)watch.begun);
    ort_tensor_release(output);
}

static void run_stopped(house *h, const ort_run_options *options, ort_code code) {
    ort_tensor *output = NULL;
    CHECK_FAILS(ort_session_run(h->session, &h->input, 1, &output, 1, options), code, "");
    CHECK(watch.late_begun <= watch.thread_count, "%u slices began afterwards", (unsigned)watch.late_begun);
    CHECK(output == NULL);
    session_is_usable(h);
}

ORT_TEST(stop, a_cancel_is_seen_before_the_next_slice) {
    house h;
    ort_run_options options = ORT_INIT(ort_run_options);
    house_open(&h);
    session_is_usable(&h);
    CHECK_OK(ort_run_create(&options.run));
    watch_begin(STOP_CANCEL, options.run);
    run_stopped(&h, &options, ORT_CODE_CANCELLED);
    ort_run_destroy(options.run);
    house_close(&h);
}

ORT_TEST(stop, a_deadline_is_seen_before_the_next_slice) {
    house h;
    ort_run_options options = ORT_INIT(ort_run_options);
    options.timeout_ns = TIMEOUT_NS;
    house_open(&h);
    session_is_usable(&h); /* what is made in the first run takes none of the time */
    watch_begin(STOP_DEADLINE, NULL);
    run_stopped(&h, &options, ORT_CODE_DEADLINE);
    house_close(&h);
}
