/* bench-peer: one model through onnxruntime's C API, measured phase by phase as ort-bench measures ours, and reported
 * in the same JSON. tools/bench/against-onnxruntime runs the two in turns.
 *
 * The library is opened by path. Its API is one table of functions that only grows at its end (onnxruntime_c_api.h,
 * "OrtApi"), so the few that are needed are taken by their place in it and no header is wanted. */
#include "ort-bench/ort_bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { API_VERSION = 7, STEADY_RUNS_MIN = 10 };
enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_LOG_SEVERITY = 22,
    SET_INTRA_OP_THREADS = 24,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    DEFAULT_ALLOCATOR = 78,
    RELEASE_VALUE = 96
};
enum { NAMES_MAX = 64 };

typedef struct api_base {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} api_base;

static bench_arguments arguments = {.seconds = 1, .concurrency = 1, .seed = 1};
static const char *library_path;
static const tool_option options[] = {
    {"--library", TOOL_TEXT, "FILE", "onnxruntime's shared library", &library_path},
    {"--data", TOOL_TEXT, "DIR", "a data set: input_0.pb ...", &arguments.data_folder},
    {"--seconds", TOOL_NUMBER, "S", "time of steady runs (default 1); a fifth more is warm-up", &arguments.seconds},
    {"--threads", TOOL_TEXT, "N", "intra-op threads (default: the library's)", &arguments.settings.threads},
};
const tool bench_tool = {.name = "bench-peer",
                         .usage = "bench-peer MODEL --library FILE --data DIR [options]",
                         .summary = "Times onnxruntime on one model and prints ort-bench's JSON.",
                         .options = options,
                         .option_count = sizeof options / sizeof *options,
                         .positional = &arguments.positional};

static const void *const *api;

static _Noreturn void give_up(const char *what, const char *why) {
    tool_error(&bench_tool, "%s: %s", what, why);
    exit(TOOL_EXIT_PROVIDER);
}

/* Each call's type is written where it is made: the table holds nothing but addresses. */
#define CALL(place, ...) (((void *(*)(__VA_ARGS__))(uintptr_t)api[place]))

static void check(void *status, const char *what) {
    if (status) give_up(what, ((const char *(*)(const void *))(uintptr_t)api[GET_ERROR_MESSAGE])(status));
}

typedef struct peer {
    void *session, *memory_info, *allocator;
    char *input_names[NAMES_MAX], *output_names[NAMES_MAX];
    size_t input_count, output_count;
    void *inputs[NAMES_MAX];
    tool_values tensors;
} peer;

static const char *library_open(void) {
    void *library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    if (!library) give_up(library_path, dlerror());
    const api_base *(*get_base)(void) = (const api_base *(*)(void))(uintptr_t)dlsym(library, "OrtGetApiBase");
    if (!get_base) give_up(library_path, "is not onnxruntime's library: it has no OrtGetApiBase");
    api = get_base()->get_api(API_VERSION);
    if (!api) give_up(library_path, "does not offer its API version 7");
    return get_base()->get_version();
}

/* Outside the clock, as ort-bench's environment is. */
static void *environment_create(void) {
    void *environment = NULL;
    check(CALL(CREATE_ENV, int, const char *, void **)(3, "bench-peer", &environment), "CreateEnv");
    return environment;
}

static void session_create(peer *self, void *environment) {
    void *session_options = NULL;
    check(CALL(CREATE_SESSION_OPTIONS, void **)(&session_options), "CreateSessionOptions");
    check(CALL(SET_LOG_SEVERITY, void *, int)(session_options, 4), "SetSessionLogSeverityLevel");
    if (arguments.settings.threads)
        check(CALL(SET_INTRA_OP_THREADS, void *, int)(session_options, atoi(arguments.settings.threads)),
              "SetIntraOpNumThreads");
    const char *path = arguments.positional.items[0];
    check(
        CALL(CREATE_SESSION, void *, const char *, void *, void **)(environment, path, session_options, &self->session),
        path);
}

static void names_read(peer *self) {
    check(CALL(DEFAULT_ALLOCATOR, void **)(&self->allocator), "GetAllocatorWithDefaultOptions");
    check(CALL(INPUT_COUNT, void *, size_t *)(self->session, &self->input_count), "SessionGetInputCount");
    check(CALL(OUTPUT_COUNT, void *, size_t *)(self->session, &self->output_count), "SessionGetOutputCount");
    if (self->input_count > NAMES_MAX || self->output_count > NAMES_MAX) give_up("model", "more than 64 values");
    for (size_t i = 0; i < self->input_count; i++)
        check(
            CALL(INPUT_NAME, void *, size_t, void *, char **)(self->session, i, self->allocator, &self->input_names[i]),
            "SessionGetInputName");
    for (size_t i = 0; i < self->output_count; i++)
        check(CALL(OUTPUT_NAME, void *, size_t, void *, char **)(self->session, i, self->allocator,
                                                                 &self->output_names[i]),
              "SessionGetOutputName");
}

/* The same files as ort-bench reads; onnxruntime takes the tensors where they lie. */
static void inputs_create(peer *self) {
    ort_status *status =
        tool_values_load(arguments.data_folder, "input", (uint32_t)self->input_count, NULL, &self->tensors);
    if (status) exit(tool_fail(&bench_tool, status));
    check(CALL(CREATE_CPU_MEMORY_INFO, int, int, void **)(1, 0, &self->memory_info), "CreateCpuMemoryInfo");
    for (size_t i = 0; i < self->input_count; i++) {
        ort_tensor *tensor = ort_value_tensor(self->tensors.items[i]);
        check(CALL(CREATE_TENSOR_WITH_DATA, void *, void *, size_t, const int64_t *, size_t, int, void **)(
                  self->memory_info, ort_tensor_data(tensor), ort_tensor_size_bytes(tensor), ort_tensor_dims(tensor),
                  ort_tensor_rank(tensor), (int)ort_tensor_dtype(tensor), &self->inputs[i]),
              self->input_names[i]);
    }
}

static void run(peer *self) {
    void *outputs[NAMES_MAX] = {NULL};
    check(CALL(RUN, void *, const void *, const char *const *, void *const *, size_t, const char *const *, size_t,
               void **)(self->session, NULL, (const char *const *)self->input_names, self->inputs, self->input_count,
                        (const char *const *)self->output_names, self->output_count, outputs),
          "Run");
    for (size_t i = 0; i < self->output_count; i++) ((void (*)(void *))(uintptr_t)api[RELEASE_VALUE])(outputs[i]);
}

static void measure(peer *self, bench_result *out) {
    void *environment = environment_create();
    out->before_bytes = bench_resident_bytes();
    uint64_t begin_ns = tool_clock_ns();
    session_create(self, environment);
    out->create_ns = (double)(tool_clock_ns() - begin_ns);
    names_read(self);
    inputs_create(self);
    begin_ns = tool_clock_ns();
    run(self);
    out->first_run_ns = (double)(tool_clock_ns() - begin_ns);
    out->first_run_bytes = bench_resident_bytes();
    uint64_t now_ns = tool_clock_ns(), warm_until_ns = now_ns + (uint64_t)(arguments.seconds * 0.2e9);
    uint64_t until_ns = now_ns + (uint64_t)(arguments.seconds * 1.2e9);
    while ((now_ns = tool_clock_ns()) < until_ns || out->runs.count < STEADY_RUNS_MIN) {
        run(self);
        uint64_t end_ns = tool_clock_ns();
        if (now_ns >= warm_until_ns && !bench_samples_add(&out->runs, (double)(end_ns - now_ns)))
            give_up("samples", "no memory");
    }
    out->steady_ns = (double)(tool_clock_ns() - warm_until_ns);
    out->steady_bytes = bench_resident_bytes();
}

int main(int argc, char **argv) {
    static peer self;
    bench_result result = {.load_ns = 0};
    int code = tool_parse(&bench_tool, argc, argv);
    if (code >= 0) return code;
    if (arguments.positional.count != 1 || !library_path || !arguments.data_folder) {
        tool_error(&bench_tool, "MODEL, --library and --data are needed; see --help");
        return TOOL_EXIT_USAGE;
    }
    snprintf(result.providers, sizeof result.providers, "onnxruntime %s", library_open());
    snprintf(result.precision, sizeof result.precision, "model");
    result.thread_count = arguments.settings.threads ? (uint32_t)atoi(arguments.settings.threads) : 0;
    measure(&self, &result);
    tool_print_json(bench_report(&arguments, &result));
    bench_result_finish(&result);
    tool_values_finish(&self.tensors);
    return TOOL_EXIT_GOOD;
}
