/* JUnit's XML as CI systems read it: testsuites > testsuite > testcase. A waived or declined case is skipped with its
 * reason; everything else that is not passed is a failure, and a crash, timeout or broken case an error. */
#include "report/report.h"

#include <string.h>

static const char *element_of(const char *verdict) {
    static const char *const elements[][2] = {{"failed", "failure"}, {"declined", "skipped"}, {"waived", "skipped"},
                                              {"crash", "error"},    {"timeout", "error"},    {"broken case", "error"}};
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcmp(elements[i][0], verdict) == 0) return elements[i][1];
    return NULL;
}

static void attribute(FILE *file, const char *name, const char *value) {
    fprintf(file, " %s=\"", name);
    ortc_report_escape(file, value);
    fputc('"', file);
}

/* "L3/add_f32" is case "add_f32" of class "L3". */
static void case_write(FILE *file, const json_t *item, const char *subject) {
    const char *id = ortc_report_field(item, "id"), *slash = strchr(id, '/');
    const char *element = element_of(ortc_report_field(item, "verdict"));
    fputs("    <testcase", file);
    attribute(file, "name", slash ? slash + 1 : id);
    fprintf(file, " classname=\"");
    ortc_report_escape(file, subject);
    fprintf(file, ".L%lld\" time=\"%.3f\"", ortc_report_number(item, "level"),
            json_number_value(json_object_get(item, "seconds")));
    if (!element) {
        fputs("/>\n", file);
        return;
    }
    fprintf(file, ">\n      <%s", element);
    if (strcmp(element, "skipped") != 0) {
        const char *rule = ortc_report_field(item, "rule");
        attribute(file, "type", *rule ? rule : ortc_report_field(item, "verdict"));
    }
    attribute(file, "message", ortc_report_field(item, "text"));
    fputs("/>\n", file);
    if (strcmp(element, "skipped") != 0) {
        fputs("      <system-out>", file);
        ortc_report_escape(file, ortc_report_field(item, "repro"));
        fputs("</system-out>\n", file);
    }
    fputs("    </testcase>\n", file);
}

static void suite_write(FILE *file, const json_t *report, const json_t *level) {
    const json_t *counts = json_object_get(level, "counts");
    ortc_totals totals = ortc_report_totals(counts);
    long long failures = ortc_report_number(counts, "failed");
    size_t i;
    json_t *item;
    fprintf(file, "  <testsuite name=\"L%lld\" tests=\"%lld\" failures=\"%lld\" errors=\"%lld\" skipped=\"%lld\">\n",
            ortc_report_number(level, "level"), totals.passed + totals.failed + totals.skipped, failures,
            totals.failed - failures, totals.skipped);
    json_array_foreach(json_object_get(report, "cases"), i,
                       item) if (ortc_report_number(item, "level") == ortc_report_number(level, "level"))
        case_write(file, item, ortc_report_field(json_object_get(report, "subject"), "name"));
    fputs("  </testsuite>\n", file);
}

bool ortc_report_junit(const json_t *report, FILE *file) {
    size_t i;
    json_t *level;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ort-conformance\">\n", file);
    json_array_foreach(json_object_get(report, "levels"), i, level) suite_write(file, report, level);
    fputs("</testsuites>\n", file);
    return ortc_report_finish(file);
}
