/* ort-bench/ort_bench.h: the pieces of the program: what was asked, what was measured. */
#ifndef ORT_TOOLS_ORT_BENCH_H
#define ORT_TOOLS_ORT_BENCH_H

#include "common/tensors.h"

typedef struct bench_arguments {
    tool_settings settings;
    tool_list positional, shapes;
    const char *data_folder, *against_path;
    double seconds, concurrency, seed;
    bool json;
} bench_arguments;

extern const tool bench_tool;

/* Durations in nanoseconds, in the order in which they were taken. */
typedef struct bench_samples {
    double *items;
    size_t count, capacity;
} bench_samples;

/* One model's measurements. Bytes are resident memory of the process, -1 where the system does not tell. */
typedef struct bench_result {
    double load_ns, create_ns, first_run_ns;
    double steady_ns; /* wall time of the counted runs, all threads together */
    double before_bytes, first_run_bytes, steady_bytes;
    bench_samples runs;
    char providers[256]; /* "cpu" or "sim:0,cpu": who computed at least one node */
    char precision[16];
    uint32_t thread_count; /* of the first lane */
} bench_result;

/* load, create, first run, warm-up (a fifth of the time), steady runs. */
ort_status *bench_measure(const bench_arguments *arguments, const ort_options *options, bench_result *out);
void bench_result_finish(bench_result *result);
/* False: no memory, nothing added. */
bool bench_samples_add(bench_samples *samples, double value);
/* Of this process; -1 where the system does not tell. */
double bench_resident_bytes(void);

/* Sorts the samples; percentiles by nearest rank. */
json_t *bench_report(const bench_arguments *arguments, bench_result *result);
void bench_print(const json_t *report);
/* Prints or adds ratios to an earlier report of --json. False: the file is none. */
bool bench_compare(const bench_arguments *arguments, json_t *report);

#endif
