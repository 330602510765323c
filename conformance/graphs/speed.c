/* Level 6: how fast, beside the CPU provider, in turns in one process. A report: nothing here passes or fails by time.
 */
#include "graphs/rig.h"

#include "common/onnx_writer.h"

#include <time.h>

#define ROUNDS 25u
#define WARM   5u

typedef struct shape {
    uint32_t rank;
    int64_t dims[4];
} shape;

/* One node: y = op(x, w) or op(x); w is a weight. */
typedef struct course {
    const char *op;
    shape x, w, y; /* w of rank 0: there is none */
    double work;   /* operations, or bytes moved when `is_bytes`, in one run */
    bool is_bytes;
} course;

static void course_write(const course *self, onnx_bytes *out) {
    const char *inputs[] = {"x", self->w.rank ? "w" : NULL, NULL};
    onnx_bytes graph = {0};
    int64_t count = self->w.rank ? 1 : 0;
    for (uint32_t i = 0; i < self->w.rank; i++) count *= self->w.dims[i];
    float *weights = malloc((size_t)count * sizeof *weights + 1);
    if (!weights) abort(); /* as the writer does: a few hundred kilobytes */
    for (int64_t i = 0; i < count; i++) weights[i] = (float)(i % 7) / 8;
    onnx_node(&graph, self->op, "y", inputs);
    onnx_value(&graph, 11, "x", self->x.dims, self->x.rank);
    onnx_value(&graph, 12, "y", self->y.dims, self->y.rank);
    if (count) onnx_initializer(&graph, "w", self->w.dims, self->w.rank, weights);
    *out = (onnx_bytes){0};
    onnx_model(out, &graph, 14);
    free(weights);
}

/* ---- one side: a session with its inputs bound ---- */

typedef struct side {
    ort_model *model;
    ort_session *session;
    ort_binding *binding;
    double times_us[ROUNDS];
} side;

static void side_close(side *self) {
    ort_binding_destroy(self->binding);
    ort_session_destroy(self->session);
    ort_model_destroy(self->model);
}

static ort_status *side_open(ort_environment *environment, const ort_options *options, const onnx_bytes *bytes,
                             ort_tensor *x, side *out) {
    ort_status *status = ort_model_load_bytes(environment, bytes->data, bytes->size, NULL, options, &out->model);
    if (!status) status = ort_session_create(environment, out->model, options, &out->session);
    if (!status) status = ort_binding_create(out->session, &out->binding);
    if (!status) status = ort_binding_set_input(out->binding, 0, x);
    for (uint32_t i = 0; !status && i < WARM; i++) status = ort_binding_run(out->binding, NULL);
    return status;
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static ort_status *side_run(side *self, uint32_t round) {
    double begin = now_us();
    ort_status *status = ort_binding_run(self->binding, NULL);
    self->times_us[round] = now_us() - begin;
    return status;
}

static int time_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(side *self) {
    qsort(self->times_us, ROUNDS, sizeof *self->times_us, time_compare);
    return self->times_us[ROUNDS / 2];
}

/* ---- a course, run in turns ---- */

static void course_tell(ortc_context *context, const course *self, side *subject, side *cpu, bool has_cpu,
                        uint64_t copied_bytes) {
    double time = median(subject), other = has_cpu ? median(cpu) : 0;
    ortc_metric(context, "median_us=%.1f", time);
    ortc_metric(context, self->is_bytes ? "GB_per_s=%.2f" : "GFLOP_per_s=%.2f", self->work / time / 1e3);
    if (has_cpu) ortc_metric(context, "cpu_us=%.1f times_cpu=%.2f", other, other / time);
    if (!has_cpu) ortc_metric(context, "cpu=absent");
    if (copied_bytes)
        ortc_metric(context, "copied_bytes=%llu copies_GB_per_s_at_least=%.2f", (unsigned long long)copied_bytes,
                    (double)copied_bytes / time / 1e3);
}

static void course_time(ortc_context *context, const course *self, const ortc_rig *rig, side *subject, side *cpu,
                        bool has_cpu) {
    uint64_t before = ortc_watch_count(rig->watch).copied_bytes;
    ort_status *status = NULL;
    for (uint32_t round = 0; !status && round < ROUNDS; round++) {
        status = side_run(subject, round);
        if (!status && has_cpu) status = side_run(cpu, round);
    }
    uint64_t copied = (ortc_watch_count(rig->watch).copied_bytes - before) / ROUNDS;
    if (ortc_is_good(context, "run.correct", self->op, status))
        course_tell(context, self, subject, cpu, has_cpu, copied);
}

static void course_judge(ortc_context *context, const course *self, const ortc_rig *rig, ort_tensor *x) {
    side subject = {0}, cpu = {0};
    ort_options *options = NULL;
    onnx_bytes bytes;
    course_write(self, &bytes);
    ort_status *status = side_open(rig->environments[0], rig->options, &bytes, x, &subject);
    ort_status *absent = ortc_options_for("[\"cpu\"]", &options);
    if (!absent) absent = side_open(rig->environments[0], options, &bytes, x, &cpu);
    if (ort_status_code(status) == ORT_CODE_UNSUPPORTED) {
        ortc_decline(context, "%s", ort_status_message(status));
        ort_status_destroy(status);
    } else if (ortc_is_good(context, "claim.compiles", self->op, status)) {
        if (!ortc_watch_count(rig->watch).runs) ortc_decline(context, "%s did not run on the provider", self->op);
        course_time(context, self, rig, &subject, &cpu, !absent);
    }
    ort_status_destroy(absent);
    side_close(&subject);
    side_close(&cpu);
    ort_options_destroy(options);
    free(bytes.data);
}

static void course_run(ortc_context *context, const course *self) {
    ortc_rig rig;
    ort_tensor *x = NULL;
    if (ortc_rig_open(context, 0, &rig) &&
        ortc_is_good(context, "device.facts", "options", ort_options_set(rig.options, "fallback", "error")) &&
        ortc_rig_environment(&rig, 0, 2) &&
        ortc_is_good(context, "device.facts", "input",
                     ort_tensor_create(ORT_DTYPE_F32, self->x.dims, self->x.rank, &x))) {
        float *values = ort_tensor_data(x);
        for (int64_t i = 0; i < ort_tensor_element_count(x); i++) values[i] = (float)(i % 11) / 16;
        course_judge(context, self, &rig, x);
    }
    ort_tensor_release(x);
    ortc_rig_close(&rig);
}

/* ---- the courses ---- */

static void elementwise(ortc_context *context) {
    static const course self = {
        .op = "Relu", .x = {1, {1 << 18}}, .y = {1, {1 << 18}}, .work = 2 << 20, .is_bytes = true};
    course_run(context, &self);
}

static void product(ortc_context *context) {
    static const course self = {.op = "MatMul",
                                .x = {2, {256, 256}},
                                .w = {2, {256, 256}},
                                .y = {2, {256, 256}},
                                .work = 2.0 * 256 * 256 * 256};
    course_run(context, &self);
}

static void convolution(ortc_context *context) {
    static const course self = {.op = "Conv",
                                .x = {4, {1, 32, 58, 58}},
                                .w = {4, {32, 32, 3, 3}},
                                .y = {4, {1, 32, 56, 56}},
                                .work = 2.0 * 32 * 56 * 56 * 32 * 9};
    course_run(context, &self);
}

static void latency(ortc_context *context) {
    static const course self = {.op = "Relu", .x = {1, {4}}, .y = {1, {4}}, .work = 32, .is_bytes = true};
    course_run(context, &self);
}

static void copies(ortc_context *context) {
    static const course self = {
        .op = "Relu", .x = {1, {1 << 22}}, .y = {1, {1 << 22}}, .work = 2 << 24, .is_bytes = true};
    course_run(context, &self);
}

ortc_checks ortc_speed_checks(void) {
    static const ortc_check checks[] = {
        {"elementwise-1mb", 6, ORTC_CHECK_ALONE, "Relu on 1 MB of float32", elementwise},
        {"matmul-256", 6, ORTC_CHECK_ALONE, "a product of two 256 x 256 matrices", product},
        {"conv-3x3", 6, ORTC_CHECK_ALONE, "a 3 x 3 convolution, 32 channels of 58 x 58", convolution},
        {"latency", 6, ORTC_CHECK_ALONE, "a run with next to nothing to compute", latency},
        {"copies-16mb", 6, ORTC_CHECK_ALONE, "Relu on 16 MB: what a device has to copy", copies},
    };
    return (ortc_checks){checks, sizeof checks / sizeof *checks};
}
