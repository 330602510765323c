/* Operators and types: what the cases that touched each became of. */
#include "suite/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count(json_t *row, const char *key) {
    json_object_set_new(row, key, json_integer(json_integer_value(json_object_get(row, key)) + 1));
}

static void add_entry(json_t *rows, const char *entry, ortc_verdict verdict) {
    const char *colon = strchr(entry, ':');
    if (!colon) return;
    json_t *row = json_object_get(rows, entry);
    if (!row) {
        row = json_pack("{s:o, s:s, s:i, s:i, s:i, s:i}", "op", json_stringn(entry, (size_t)(colon - entry)), "type",
                        colon + 1, "cases", 0, "passed", 0, "failed", 0, "declined", 0);
        json_object_set_new(rows, entry, row);
    }
    count(row, "cases");
    if (verdict == ORTC_PASSED) count(row, "passed");
    if (verdict == ORTC_DECLINED) count(row, "declined");
    if (ortc_verdict_fails(verdict) || verdict == ORTC_WAIVED) count(row, "failed");
}

static void add_case(json_t *rows, const ortc_case *item) {
    char *copy = item->result.coverage ? strdup(item->result.coverage) : NULL, *rest = copy, *entry;
    while (copy && (entry = strsep(&rest, " "))) add_entry(rows, entry, item->result.verdict);
    free(copy);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted_rows(json_t *rows) {
    size_t size = json_object_size(rows), used = 0;
    const char **names = calloc(size + 1, sizeof *names), *name;
    json_t *list = json_array(), *row;
    json_object_foreach(rows, name, row) {
        if (names) names[used++] = name;
    }
    if (used) qsort(names, used, sizeof *names, compare_names);
    for (size_t i = 0; i < used; i++) json_array_append(list, json_object_get(rows, names[i]));
    free(names);
    return list;
}

json_t *ortc_coverage_make(const ortc_cases *cases) {
    json_t *rows = json_object();
    for (uint32_t i = 0; i < cases->count; i++)
        if (cases->items[i].is_selected) add_case(rows, &cases->items[i]);
    json_t *list = sorted_rows(rows);
    json_decref(rows);
    return list;
}
