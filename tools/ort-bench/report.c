/* Numbers for people and for scripts. The JSON keys are documented in docs/man/ort-bench.1. */
#include "ort-bench/ort_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: a value that was measured, never one in between. */
static double percentile_ms(const bench_samples *samples, double part) {
    size_t rank = (size_t)ceil(part * (double)samples->count);
    return samples->items[rank ? rank - 1 : 0] / 1e6;
}

static double mean_ms(const bench_samples *samples) {
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++) sum += samples->items[i];
    return sum / (double)samples->count / 1e6;
}

static json_t *megabytes(double bytes) {
    return bytes < 0 ? json_null() : json_real(bytes / 1e6);
}

json_t *bench_report(const bench_arguments *arguments, bench_result *result) {
    const bench_samples *runs = &result->runs;
    qsort(runs->items, runs->count, sizeof *runs->items, by_value);
    bool has_bytes = result->before_bytes >= 0 && result->first_run_bytes >= 0;
    json_t *report =
        json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:i}", "schema", 1, "model", arguments->positional.items[0],
                  "provider", result->providers, "precision", result->precision, "threads", (int)result->thread_count,
                  "concurrency", (int)arguments->concurrency, "runs", (int)runs->count);
    const struct {
        const char *key;
        double value;
    } times[] = {{"load_ms", result->load_ns / 1e6},
                 {"create_ms", result->create_ns / 1e6},
                 {"first_run_ms", result->first_run_ns / 1e6},
                 {"min_ms", percentile_ms(runs, 0)},
                 {"median_ms", percentile_ms(runs, 0.5)},
                 {"mean_ms", mean_ms(runs)},
                 {"p90_ms", percentile_ms(runs, 0.9)},
                 {"p99_ms", percentile_ms(runs, 0.99)},
                 {"max_ms", percentile_ms(runs, 1)},
                 {"runs_per_second", (double)runs->count / (result->steady_ns / 1e9)}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        json_object_set_new(report, times[i].key, json_real(times[i].value));
    json_object_set_new(report, "rss_mb", megabytes(result->steady_bytes));
    json_object_set_new(report, "rss_growth_mb",
                        has_bytes ? json_real((result->first_run_bytes - result->before_bytes) / 1e6) : json_null());
    return report;
}

static double number(const json_t *report, const char *key) {
    const json_t *value = json_object_get(report, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

void bench_print(const json_t *report) {
    char text[3][32];
    static const char *const phases[] = {"load", "create", "first_run"};
    printf("%s\n", json_string_value(json_object_get(report, "model")));
    printf("  on %s, %s precision, %.0f threads, %.0f at once\n",
           json_string_value(json_object_get(report, "provider")),
           json_string_value(json_object_get(report, "precision")), number(report, "threads"),
           number(report, "concurrency"));
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        char key[32];
        snprintf(key, sizeof key, "%s_ms", phases[i]);
        printf("  %-10s %s\n", phases[i], tool_duration(number(report, key) * 1e6, text[0]));
    }
    printf("  %-10s median %s, min %s, p90 %s", "steady", tool_duration(number(report, "median_ms") * 1e6, text[0]),
           tool_duration(number(report, "min_ms") * 1e6, text[1]),
           tool_duration(number(report, "p90_ms") * 1e6, text[2]));
    printf(", p99 %s, max %s\n", tool_duration(number(report, "p99_ms") * 1e6, text[0]),
           tool_duration(number(report, "max_ms") * 1e6, text[1]));
    printf("  %-10s %.0f runs, %.4g a second\n", "", number(report, "runs"), number(report, "runs_per_second"));
    printf("  %-10s %.1f MB resident, %.1f MB of them since before the load\n", "memory", number(report, "rss_mb"),
           number(report, "rss_growth_mb"));
}

bool bench_compare(const bench_arguments *arguments, json_t *report) {
    static const char *const keys[] = {"median_ms", "min_ms",       "p99_ms", "load_ms",
                                       "create_ms", "first_run_ms", "rss_mb"};
    json_error_t error;
    json_t *earlier = json_load_file(arguments->against_path, 0, &error);
    if (!json_is_object(earlier) || !json_is_number(json_object_get(earlier, "median_ms"))) {
        tool_error(&bench_tool, "--against %s: is no report of ort-bench --json%s%s", arguments->against_path,
                   earlier ? "" : ": ", earlier ? "" : error.text);
        json_decref(earlier);
        return false;
    }
    json_t *ratios = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        double ratio = number(report, keys[i]) / number(earlier, keys[i]);
        json_object_set_new(ratios, keys[i], isfinite(ratio) ? json_real(ratio) : json_null());
        if (!arguments->json && isfinite(ratio)) printf("  against    %s %.3f x\n", keys[i], ratio);
    }
    json_object_set_new(report, "against", ratios);
    json_decref(earlier);
    return true;
}
