/* The end of a run on a terminal or in a log. */
#include "report/report.h"

#include <string.h>

static const char *const verdicts[] = {"passed", "failed", "declined", "waived", "broken case", "crash", "timeout"};
enum { VERDICT_COUNT = sizeof verdicts / sizeof *verdicts, REASONS_MAX = 12 };

static void counts_write(FILE *file, const json_t *counts) {
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        long long count = ortc_report_number(counts, verdicts[i]);
        if (count || i == 0) fprintf(file, "%s%lld %s", i ? ", " : "", count, verdicts[i]);
    }
    fputc('\n', file);
}

static const char *rule_text(const json_t *report, const char *id) {
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(report, "rules"), i,
                       rule) if (strcmp(ortc_report_field(rule, "id"), id) == 0) return ortc_report_field(rule, "text");
    return "";
}

static bool is_bad(const json_t *item) {
    const char *verdict = ortc_report_field(item, "verdict");
    return strcmp(verdict, "passed") != 0 && strcmp(verdict, "declined") != 0 && strcmp(verdict, "waived") != 0;
}

static void failures_write(FILE *file, const json_t *report) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(report, "cases"), i, item) {
        const char *rule = ortc_report_field(item, "rule");
        if (!is_bad(item)) continue;
        fprintf(file, "%s %s: %s\n", ortc_report_field(item, "verdict"), ortc_report_field(item, "id"),
                ortc_report_field(item, "text"));
        if (*rule) fprintf(file, "    rule %s: %s\n", rule, rule_text(report, rule));
        fprintf(file, "    again: %s\n", ortc_report_field(item, "repro"));
    }
}

/* How often each reason was given; the cases' own names are in the JSON. */
json_t *ortc_report_reasons(const json_t *report, const char *verdict) {
    json_t *reasons = json_object(), *item;
    size_t i;
    json_array_foreach(json_object_get(report, "cases"), i, item) {
        const char *text = ortc_report_field(item, "text");
        if (strcmp(ortc_report_field(item, "verdict"), verdict) != 0) continue;
        json_object_set_new(reasons, text, json_integer(ortc_report_number(reasons, text) + 1));
    }
    return reasons;
}

static void declines_write(FILE *file, const json_t *report) {
    json_t *reasons = ortc_report_reasons(report, "declined"), *count;
    const char *text;
    size_t shown = 0;
    if (json_object_size(reasons)) fputs("declined, by the provider's own words:\n", file);
    json_object_foreach(reasons, text, count) {
        if (shown++ < REASONS_MAX) fprintf(file, "  %5lld  %s\n", (long long)json_integer_value(count), text);
    }
    if (shown > REASONS_MAX)
        fprintf(file, "         and %zu other reasons: see --json or --html\n", shown - REASONS_MAX);
    json_decref(reasons);
}

static void signatures_write(FILE *file, const json_t *signatures) {
    if (!ortc_report_number(signatures, "offered")) return;
    fprintf(file, "operators x types: %lld offered, %lld claimed, %lld passed\n",
            ortc_report_number(signatures, "offered"), ortc_report_number(signatures, "claimed"),
            ortc_report_number(signatures, "passed"));
}

bool ortc_report_text(const json_t *report, FILE *file) {
    size_t i;
    json_t *level;
    const json_t *counts = json_object_get(report, "counts");
    failures_write(file, report);
    declines_write(file, report);
    json_array_foreach(json_object_get(report, "levels"), i, level) {
        fprintf(file, "L%lld: ", ortc_report_number(level, "level"));
        counts_write(file, json_object_get(level, "counts"));
    }
    signatures_write(file, json_object_get(report, "signatures"));
    fputs("all: ", file);
    counts_write(file, counts);
    fputs("declined: the provider says no, which is its right. waived: fails, and a waiver names it. Both count as "
          "skipped.\n",
          file);
    ortc_totals totals = ortc_report_totals(counts);
    fprintf(file, "%lld passed, %lld failed, %lld skipped\n", totals.passed, totals.failed, totals.skipped);
    return ortc_report_finish(file);
}
