/* What every benchmark of a model keeps: durations, resident memory. */
#include "ort-bench/ort_bench.h"

#include <stdio.h>
#include <stdlib.h>

double bench_resident_bytes(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = -1;
    while (file && fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %lf", &kilobytes) != 1) {
    }
    if (file) fclose(file);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

bool bench_samples_add(bench_samples *samples, double value) {
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? 2 * samples->capacity : 4096;
        double *items = realloc(samples->items, capacity * sizeof *items);
        if (!items) return false;
        samples->items = items;
        samples->capacity = capacity;
    }
    samples->items[samples->count++] = value;
    return true;
}

void bench_result_finish(bench_result *result) {
    free(result->runs.items);
    result->runs = (bench_samples){0};
}
