/* Operators and types: what the cases that touched each became of. */
#include "suite/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count(json_t *row, const char *key) {
    json_object_set_new(row, key, json_integer(json_integer_value(json_object_get(row, key)) + 1));
}

/* "Add:T=float32": in the matrix the type alone counts, in the sums the type variable too. */
static void add_entry(json_t *rows, const char *entry, bool by_variable, ortc_verdict verdict) {
    const char *colon = strchr(entry, ':'), *equals = colon ? strchr(colon, '=') : NULL;
    if (!colon) return;
    const char *type = equals && !by_variable ? equals + 1 : colon + 1;
    char key[256];
    snprintf(key, sizeof key, "%.*s:%s", (int)(colon - entry), entry, type);
    json_t *row = json_object_get(rows, key);
    if (!row) {
        row = json_pack("{s:o, s:s, s:i, s:i, s:i, s:i}", "op", json_stringn(entry, (size_t)(colon - entry)), "type",
                        type, "cases", 0, "passed", 0, "failed", 0, "declined", 0);
        json_object_set_new(rows, key, row);
    }
    count(row, "cases");
    if (verdict == ORTC_PASSED) count(row, "passed");
    if (verdict == ORTC_DECLINED) count(row, "declined");
    if (ortc_verdict_fails(verdict) || verdict == ORTC_WAIVED) count(row, "failed");
}

static json_t *rows_of(const ortc_cases *cases, bool by_variable) {
    json_t *rows = json_object();
    for (uint32_t i = 0; i < cases->count; i++) {
        const ortc_result *result = &cases->items[i].result;
        char *copy = cases->items[i].is_selected && result->coverage ? strdup(result->coverage) : NULL;
        char *rest = copy, *entry;
        while (copy && (entry = strsep(&rest, " "))) add_entry(rows, entry, by_variable, result->verdict);
        free(copy);
    }
    return rows;
}

json_t *ortc_signatures_make(const ortc_cases *cases) {
    json_t *rows = rows_of(cases, true), *row;
    const char *key;
    int claimed = 0, passed = 0, offered = (int)json_object_size(rows);
    json_object_foreach(rows, key, row) {
        bool has_passed = json_integer_value(json_object_get(row, "passed")) > 0;
        bool has_failed = json_integer_value(json_object_get(row, "failed")) > 0;
        claimed += has_passed || has_failed;
        passed += has_passed && !has_failed;
    }
    json_decref(rows);
    return json_pack("{s:i, s:i, s:i}", "offered", offered, "claimed", claimed, "passed", passed);
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
    json_t *rows = rows_of(cases, false), *list = sorted_rows(rows);
    json_decref(rows);
    return list;
}
