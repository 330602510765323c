/* bench-bounds: two bounds of a session, on a model of yours.
 *   bench-bounds cancel MODEL SIZE: from a cancel to the return, in the midst of runs, median and worst
 *   bench-bounds lengths MODEL SIZE COUNT STEP: RSS after COUNT lengths, STEP apart, up to SIZE, and after SIZE alone
 * The last size that an input leaves open is SIZE (or the length), others are 1. Inputs are zeros. */
#include "common/common.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 40, INPUTS_MAX = 32 };

static const tool self = {.name = "bench-bounds"};

typedef struct house {
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
    uint32_t input_count, output_count;
} house;

static void must(ort_status *status) {
    if (status) exit(tool_fail(&self, status));
}

static void house_open(house *h, const char *path) {
    must(ort_environment_create(NULL, NULL, NULL, &h->environment));
    must(ort_model_load(h->environment, path, NULL, &h->model));
    must(ort_session_create(h->environment, h->model, NULL, &h->session));
    h->input_count = ort_session_input_count(h->session);
    h->output_count = ort_session_output_count(h->session);
    if (h->input_count <= INPUTS_MAX && h->output_count <= INPUTS_MAX) return;
    tool_error(&self, "the model has %u inputs and %u outputs, at most %d are expected", h->input_count,
               h->output_count, INPUTS_MAX);
    exit(TOOL_EXIT_BUG);
}

static void house_close(house *h) {
    ort_session_destroy(h->session);
    ort_model_destroy(h->model);
    ort_environment_destroy(h->environment);
}

static ort_tensor *input_make(const house *h, uint32_t index, int64_t size) {
    ort_value_info info = ORT_INIT(ort_value_info);
    ort_tensor *tensor = NULL;
    int64_t dims[16];
    bool is_last = true;
    must(ort_session_input(h->session, index, &info));
    for (uint32_t d = info.rank; d-- > 0 && d < 16;) {
        dims[d] = info.dims[d] >= 0 ? info.dims[d] : is_last ? size : 1;
        is_last &= info.dims[d] >= 0;
    }
    must(ort_tensor_create(info.dtype, dims, info.rank, &tensor));
    memset(ort_tensor_data(tensor), 0, ort_tensor_size_bytes(tensor));
    return tensor;
}

static ort_status *run_once(const house *h, int64_t size, const ort_run_options *options) {
    ort_tensor *inputs[INPUTS_MAX], *outputs[INPUTS_MAX] = {0};
    for (uint32_t i = 0; i < h->input_count; i++) inputs[i] = input_make(h, i, size);
    ort_status *status = ort_session_run(h->session, inputs, h->input_count, outputs, h->output_count, options);
    for (uint32_t i = 0; i < h->input_count; i++) ort_tensor_release(inputs[i]);
    for (uint32_t i = 0; i < h->output_count; i++) ort_tensor_release(outputs[i]);
    return status;
}

/* ---- cancel ---- */

typedef struct flight {
    const house *house;
    int64_t size;
    ort_run_options options;
    uint64_t end_ns;
    ort_code code;
} flight;

static void *flight_main(void *user) {
    flight *at = user;
    ort_status *status = run_once(at->house, at->size, &at->options);
    at->end_ns = tool_clock_ns();
    at->code = ort_status_code(status);
    ort_status_destroy(status);
    return NULL;
}

static int time_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds from the cancel to the return; false when the run was over before. */
static bool cancel_once(const house *h, int64_t size, uint64_t after_ns, uint64_t *out_ns) {
    flight at = {.house = h, .size = size, .options = ORT_INIT(ort_run_options)};
    pthread_t thread;
    must(ort_run_create(&at.options.run));
    if (pthread_create(&thread, NULL, flight_main, &at) != 0) exit(TOOL_EXIT_BUG);
    nanosleep(&(struct timespec){(time_t)(after_ns / 1000000000), (long)(after_ns % 1000000000)}, NULL);
    uint64_t begin_ns = tool_clock_ns();
    ort_run_cancel(at.options.run);
    pthread_join(thread, NULL);
    ort_run_destroy(at.options.run);
    *out_ns = at.end_ns > begin_ns ? at.end_ns - begin_ns : 0;
    return at.code == ORT_CODE_CANCELLED;
}

static void measure_cancel(const char *path, int64_t size) {
    house h;
    uint64_t times_ns[ROUNDS];
    size_t count = 0;
    house_open(&h, path);
    must(run_once(&h, size, NULL));
    uint64_t begin_ns = tool_clock_ns();
    must(run_once(&h, size, NULL));
    uint64_t run_ns = tool_clock_ns() - begin_ns;
    for (uint64_t i = 0; i < ROUNDS; i++)
        count += cancel_once(&h, size, run_ns * (i + 1) / (ROUNDS + 2), &times_ns[count]);
    qsort(times_ns, count, sizeof *times_ns, time_order);
    printf("a run: %.2f ms; %zu of %d cancelled", (double)run_ns / 1e6, count, ROUNDS);
    if (count)
        printf("; cancel to return: median %.2f ms, worst %.2f ms", (double)times_ns[count / 2] / 1e6,
               (double)times_ns[count - 1] / 1e6);
    printf("\n");
    house_close(&h);
}

/* ---- lengths ---- */

static double rss_mib(void) {
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu %lu", &pages, &resident) != 2) exit(TOOL_EXIT_BUG);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* In a process of its own, so that nothing is left of another. Every length once, up and down. */
static void measure_lengths(const char *path, int64_t size, int64_t count, int64_t step) {
    fflush(stdout);
    pid_t child = fork();
    if (child > 0) {
        int result = 0;
        if (waitpid(child, &result, 0) != child || result != 0) exit(TOOL_EXIT_BUG);
        return;
    }
    static const char *const told[] = {"plans_made", "plans_kept", "runs_idle", "run_memory_bytes"};
    house h;
    char *metrics = NULL;
    house_open(&h, path);
    for (int64_t i = 0; i < count - 1; i++) must(run_once(&h, size - (count - 1 - i * 389 % count) * step, NULL));
    must(run_once(&h, size, NULL));
    must(ort_session_metrics_json(h.session, &metrics));
    double rss = rss_mib();
    json_t *root = json_loads(metrics, 0, NULL);
    printf("%5lld lengths up to %lld: RSS %.1f MiB;", (long long)count, (long long)size, rss);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        printf(" %s %lld", told[i], (long long)json_integer_value(json_object_get(root, told[i])));
    printf("\n");
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv) {
    int64_t size = argc > 3 ? strtoll(argv[3], NULL, 10) : 0, count = argc > 4 ? strtoll(argv[4], NULL, 10) : 1000;
    int64_t step = argc > 5 ? strtoll(argv[5], NULL, 10) : 1;
    bool is_lengths = argc > 3 && strcmp(argv[1], "lengths") == 0;
    if (size < 1 || count < 1 || (is_lengths && (step < 1 || count > size / step)) ||
        (!is_lengths && strcmp(argv[1], "cancel") != 0)) {
        tool_error(&self, "usage: bench-bounds cancel MODEL SIZE | lengths MODEL SIZE [COUNT [STEP]]");
        return TOOL_EXIT_USAGE;
    }
    if (is_lengths) {
        measure_lengths(argv[2], size, 1, step);
        measure_lengths(argv[2], size, count, step);
    } else {
        measure_cancel(argv[2], size);
    }
    return 0;
}
