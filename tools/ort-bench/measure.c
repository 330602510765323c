/* The protocol: every phase once, in the order in which an application meets them; then steady runs.
 * Inputs and bindings are made outside the clock, and so is the growth of the sample list. */
#include "ort-bench/ort_bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEADY_RUNS_MIN = 10, THREADS_MAX = 256 };

/* One thread's part: a binding of its own on the shared session. */
typedef struct runner {
    const bench_arguments *arguments;
    ort_session *session;
    ort_binding *binding;
    tool_values inputs;
    uint64_t warm_until_ns, end_ns;
    bench_samples samples;
    ort_status *status;
} runner;

static bool file_exists(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL;
}

/* --data names a data set or a model's folder, whose first set is meant then. */
static ort_status *inputs_create(const bench_arguments *arguments, ort_session *session, tool_values *out) {
    if (!arguments->data_folder) {
        tool_inputs wanted = {&bench_tool, "--shape", &arguments->shapes, "", (uint64_t)arguments->seed};
        return tool_inputs_create(&wanted, session, out);
    }
    char path[4096], folder[4096];
    snprintf(folder, sizeof folder, "%.4000s/test_data_set_0", arguments->data_folder);
    snprintf(path, sizeof path, "%.4000s/input_0.pb", folder);
    bool is_outer = file_exists(path);
    return tool_values_load(is_outer ? folder : arguments->data_folder, "input", ort_session_input_count(session),
                            session, out);
}

static ort_status *runner_init(runner *self, const bench_arguments *arguments, ort_session *session) {
    *self = (runner){.arguments = arguments, .session = session};
    ort_status *status = inputs_create(arguments, session, &self->inputs);
    if (!status) status = ort_binding_create(session, &self->binding);
    for (uint32_t i = 0; !status && i < self->inputs.count; i++)
        status = ort_binding_set_value(self->binding, i, self->inputs.items[i]);
    return status;
}

static void runner_finish(runner *self) {
    ort_binding_destroy(self->binding);
    tool_values_finish(&self->inputs);
    free(self->samples.items);
    ort_status_destroy(self->status);
}

static void *runner_go(void *user) {
    runner *self = user;
    while (!self->status) {
        uint64_t begin_ns = tool_clock_ns();
        if (begin_ns >= self->end_ns && self->samples.count >= STEADY_RUNS_MIN) break;
        self->status = ort_binding_run(self->binding, NULL);
        uint64_t end_ns = tool_clock_ns();
        if (begin_ns >= self->warm_until_ns && !bench_samples_add(&self->samples, (double)(end_ns - begin_ns))) break;
    }
    return NULL;
}

static ort_status *samples_gather(runner *runners, uint32_t count, bench_samples *out) {
    for (uint32_t i = 0; i < count; i++) {
        if (runners[i].status) {
            ort_status *status = runners[i].status;
            runners[i].status = NULL;
            return status;
        }
        for (size_t k = 0; k < runners[i].samples.count; k++)
            if (!bench_samples_add(out, runners[i].samples.items[k])) break;
    }
    return NULL;
}

/* Runs all threads to their end; the first works on the caller. */
static ort_status *runners_go(runner *runners, uint32_t count, double seconds, bench_result *out) {
    pthread_t threads[THREADS_MAX];
    uint32_t started = 1;
    uint64_t now_ns = tool_clock_ns();
    for (uint32_t i = 0; i < count; i++) {
        runners[i].warm_until_ns = now_ns + (uint64_t)(seconds * 0.2e9);
        runners[i].end_ns = now_ns + (uint64_t)(seconds * 1.2e9);
    }
    while (started < count && pthread_create(&threads[started], NULL, runner_go, &runners[started]) == 0) started++;
    runner_go(&runners[0]);
    for (uint32_t i = 1; i < started; i++) pthread_join(threads[i], NULL);
    if (started < count) {
        tool_error(&bench_tool, "--concurrency %u: the system gave only %u threads", count, started);
        exit(TOOL_EXIT_PROVIDER);
    }
    out->steady_ns = (double)(tool_clock_ns() - runners[0].warm_until_ns);
    return samples_gather(runners, count, &out->runs);
}

static ort_status *measure_runs(const bench_arguments *arguments, ort_session *session, bench_result *out) {
    uint32_t count = (uint32_t)arguments->concurrency, ready = 0;
    runner *runners = calloc(count, sizeof *runners);
    if (!runners) {
        tool_error(&bench_tool, "no memory for %u threads", count);
        exit(TOOL_EXIT_PROVIDER);
    }
    ort_status *status = NULL;
    while (!status && ready < count) status = runner_init(&runners[ready++], arguments, session);
    uint64_t begin_ns = tool_clock_ns();
    if (!status) status = ort_binding_run(runners[0].binding, NULL);
    out->first_run_ns = (double)(tool_clock_ns() - begin_ns);
    out->first_run_bytes = bench_resident_bytes();
    if (!status) status = runners_go(runners, count, arguments->seconds, out);
    out->steady_bytes = bench_resident_bytes();
    for (uint32_t i = 0; i < ready; i++) runner_finish(&runners[i]);
    free(runners);
    return status;
}

static void add_provider(bench_result *out, const char *name) {
    size_t used = strlen(out->providers), length = strlen(name);
    for (const char *at = out->providers; (at = strstr(at, name)) != NULL; at += length)
        if ((at == out->providers || at[-1] == ',') && (at[length] == 0 || at[length] == ',')) return;
    snprintf(out->providers + used, sizeof out->providers - used, "%s%s", used ? "," : "", name);
}

static ort_status *describe(ort_environment *environment, ort_session *session, bench_result *out) {
    char *text = NULL;
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement placement = ORT_INIT(ort_placement);
        ort_status *status = ort_session_placement(session, i, &placement);
        if (status) return status;
        if (placement.state == ORT_PLACED_PROVIDER) add_provider(out, placement.provider);
    }
    ort_status *status = ort_session_metrics_json(session, &text);
    if (status) return status;
    json_t *metrics = json_loads(text, 0, NULL);
    const char *precision = json_string_value(json_object_get(metrics, "precision"));
    snprintf(out->precision, sizeof out->precision, "%s", precision ? precision : "");
    json_decref(metrics);
    ort_string_destroy(text);
    status = ort_environment_topology_json(environment, &text);
    if (status) return status;
    json_t *topology = json_loads(text, 0, NULL);
    json_t *lane = json_array_get(json_object_get(topology, "lanes"), 0);
    out->thread_count = (uint32_t)json_integer_value(json_object_get(lane, "threads"));
    json_decref(topology);
    ort_string_destroy(text);
    return NULL;
}

ort_status *bench_measure(const bench_arguments *arguments, const ort_options *options, bench_result *out) {
    ort_environment *environment = NULL;
    ort_model *model = NULL;
    ort_session *session = NULL;
    *out = (bench_result){.load_ns = 0};
    ort_status *status = ort_environment_create(options, tool_log, (void *)(uintptr_t)&bench_tool, &environment);
    out->before_bytes = bench_resident_bytes();
    uint64_t begin_ns = tool_clock_ns();
    if (!status) status = ort_model_load(environment, arguments->positional.items[0], options, &model);
    uint64_t loaded_ns = tool_clock_ns();
    if (!status) status = ort_session_create(environment, model, options, &session);
    out->load_ns = (double)(loaded_ns - begin_ns);
    out->create_ns = (double)(tool_clock_ns() - loaded_ns);
    if (!status) status = describe(environment, session, out);
    if (!status) status = measure_runs(arguments, session, out);
    ort_session_destroy(session);
    ort_model_destroy(model);
    ort_environment_destroy(environment);
    return status;
}
