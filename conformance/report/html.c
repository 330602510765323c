/* One page: what was judged, the levels as bars, the operators by type, what failed and how to see it again, what was
 * declined and why. No script, no font, no file beside it. */
#include "report/report.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *verdict, *style;
} kinds[] = {{"passed", "good"},      {"failed", "bad"},  {"crash", "bad"},    {"timeout", "bad"},
             {"broken case", "worn"}, {"waived", "worn"}, {"declined", "mute"}};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>ort-conformance</title>\n<style>\n"
    ":root{--ink:#1b2430;--soft:#667085;--line:#e3e7ee;--page:#fff;--card:#f7f8fb;--good:#1f9d63;--bad:#d23b3b;"
    "--worn:#c98a10;--mute:#b9c1cf}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--soft:#9aa4b5;--line:#2c3443;--page:#141922;--card:#1b2230;"
    "--good:#3dbd81;--bad:#ef6461;--worn:#e0ab45;--mute:#47526a}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1180px;margin:2.5rem "
    "auto;"
    "padding:0 1.5rem}h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 "
    ".8rem}.soft{color:var(--soft)}\n"
    "code{font:13px/1.5 ui-monospace,monospace}.cards{display:flex;gap:.8rem;flex-wrap:wrap;margin-top:1.4rem}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem "
    "1.1rem;min-width:6.5rem}"
    ".card b{display:block;font-size:1.6rem;font-variant-numeric:tabular-nums}\n"
    ".bar{display:flex;height:14px;border-radius:7px;overflow:hidden;background:var(--line);min-width:260px}"
    ".bar i{display:block}i.good{background:var(--good)}i.bad{background:var(--bad)}i.worn{background:var(--worn)}"
    "i.mute{background:var(--mute)}.good b{color:var(--good)}.bad b{color:var(--bad)}.worn b{color:var(--worn)}\n"
    "table{border-collapse:collapse}td,th{padding:.28rem .6rem;text-align:left;vertical-align:top}"
    "th{font-weight:600}.levels td:nth-child(2){width:50%}.levels .bar{width:100%}\n"
    ".matrix{font-size:12px}.matrix th{font-weight:500}.matrix td{padding:1px}.matrix thead "
    "th{writing-mode:vertical-rl;"
    "transform:rotate(180deg);padding:.4rem "
    "1px;color:var(--soft)}.cell{width:34px;height:20px;border-radius:4px;display:block;"
    "text-align:center;line-height:20px;color:#fff;font-variant-numeric:tabular-nums}.cell.good{background:var(--good)}"
    ".cell.bad{background:var(--bad)}.cell.mute{background:var(--mute)}.scroll{overflow-x:auto}\n"
    ".fail{border-left:3px solid var(--bad);padding:.2rem 0 .2rem .9rem;margin:.7rem 0}.fail p{margin:.15rem 0}\n"
    "</style></head><body>\n";

static void text(FILE *file, const json_t *object, const char *key) {
    ortc_report_escape(file, ortc_report_field(object, key));
}

static void title_write(FILE *file, const json_t *report) {
    const json_t *subject = json_object_get(report, "subject"), *machine = json_object_get(report, "machine");
    fputs("<h1>", file);
    text(file, subject, "name");
    fputs(" <span class=\"soft\">", file);
    text(file, subject, "version");
    fputs("</span></h1>\n<p class=\"soft\">", file);
    text(file, subject, "id");
    fputs(" on ", file);
    text(file, subject, "device");
    fputs(" · ", file);
    text(file, machine, "cpu");
    fputs(", ", file);
    text(file, machine, "os");
    fputs(" · suite ", file);
    text(file, json_object_get(report, "suite"), "version");
    fprintf(file, " · %.1f s<br><code>", json_number_value(json_object_get(report, "seconds")));
    text(file, report, "command");
    fputs("</code><br><code>sha256 ", file);
    text(file, subject, "sha256");
    fputs("</code></p>\n", file);
}

static void cards_write(FILE *file, const json_t *counts) {
    fputs("<div class=\"cards\">\n", file);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        long long count = ortc_report_number(counts, kinds[i].verdict);
        if (count || i < 2)
            fprintf(file, "<div class=\"card %s\"><b>%lld</b>%s</div>\n", count ? kinds[i].style : "mute", count,
                    kinds[i].verdict);
    }
    fputs("</div>\n", file);
}

static void level_write(FILE *file, const json_t *level) {
    const json_t *counts = json_object_get(level, "counts");
    ortc_totals totals = ortc_report_totals(counts);
    double all = (double)(totals.passed + totals.failed + totals.skipped);
    fprintf(file, "<tr><th>L%lld</th><td><div class=\"bar\">", ortc_report_number(level, "level"));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        long long count = ortc_report_number(counts, kinds[i].verdict);
        if (count) fprintf(file, "<i class=\"%s\" style=\"flex:%lld\"></i>", kinds[i].style, count);
    }
    fprintf(file, "</div></td><td>%lld of %.0f passed, %lld failed, %lld skipped</td></tr>\n", totals.passed, all,
            totals.failed, totals.skipped);
}

static void levels_write(FILE *file, const json_t *report) {
    size_t i;
    json_t *level;
    fputs("<h2>Levels</h2>\n<table class=\"levels\">\n", file);
    json_array_foreach(json_object_get(report, "levels"), i, level) level_write(file, level);
    fputs("</table>\n", file);
}

/* The matrix: rows are operators, columns types, in the order in which they are first met. */
static json_t *column_names(const json_t *coverage) {
    json_t *names = json_object(), *row;
    size_t i;
    json_array_foreach(coverage, i, row) json_object_set_new(names, ortc_report_field(row, "type"), json_true());
    return names;
}

static void cell_write(FILE *file, const json_t *row) {
    long long passed = ortc_report_number(row, "passed"), failed = ortc_report_number(row, "failed");
    long long cases = ortc_report_number(row, "cases"), declined = ortc_report_number(row, "declined");
    if (!row) {
        fputs("<td></td>", file);
        return;
    }
    fprintf(file, "<td><span class=\"cell %s\" title=\"", failed ? "bad" : passed ? "good" : "mute");
    text(file, row, "op");
    fputc(' ', file);
    text(file, row, "type");
    fprintf(file, ": %lld cases, %lld passed, %lld failed, %lld declined\">%lld</span></td>", cases, passed, failed,
            declined,
            failed   ? failed
            : passed ? passed
                     : declined);
}

static const json_t *cell_find(const json_t *coverage, const char *op, const char *type) {
    size_t i;
    json_t *row;
    json_array_foreach(coverage, i, row) if (strcmp(ortc_report_field(row, "op"), op) == 0 &&
                                             strcmp(ortc_report_field(row, "type"), type) == 0) return row;
    return NULL;
}

static void matrix_row(FILE *file, const json_t *coverage, const json_t *columns, const char *op) {
    const char *type;
    json_t *unused;
    fputs("<tr><th>", file);
    ortc_report_escape(file, op);
    fputs("</th>", file);
    json_object_foreach((json_t *)(uintptr_t)columns, type, unused) cell_write(file, cell_find(coverage, op, type));
    fputs("</tr>\n", file);
}

static void matrix_head(FILE *file, const json_t *columns) {
    const char *type;
    json_t *unused;
    fputs("<p class=\"soft\">Green: passed cases. Red: failed ones. Grey: declined.</p><div class=\"scroll\">"
          "<table class=\"matrix\">\n<thead><tr><th></th>",
          file);
    json_object_foreach((json_t *)(uintptr_t)columns, type, unused) {
        fputs("<th>", file);
        ortc_report_escape(file, type);
        fputs("</th>", file);
    }
    fputs("</tr></thead>\n", file);
}

/* Counted by the schema's type variables: finer than the matrix. */
static void signatures_write(FILE *file, const json_t *signatures) {
    if (!ortc_report_number(signatures, "offered")) return;
    fprintf(file, "<p>Of %lld operators x types that the cases offer, the provider claims %lld; %lld pass.</p>\n",
            ortc_report_number(signatures, "offered"), ortc_report_number(signatures, "claimed"),
            ortc_report_number(signatures, "passed"));
}

static void matrix_write(FILE *file, const json_t *report) {
    const json_t *coverage = json_object_get(report, "coverage");
    json_t *columns = column_names(coverage), *done = json_object(), *row;
    size_t i;
    fputs("<h2>Operators by type</h2>\n", file);
    signatures_write(file, json_object_get(report, "signatures"));
    if (json_array_size(coverage)) matrix_head(file, columns);
    json_array_foreach(coverage, i, row) {
        const char *op = ortc_report_field(row, "op");
        if (!json_object_get(done, op)) matrix_row(file, coverage, columns, op);
        json_object_set_new(done, op, json_true());
    }
    fputs(json_array_size(coverage) ? "</table></div>\n" : "<p class=\"soft\">No operator was judged.</p>\n", file);
    json_decref(columns);
    json_decref(done);
}

static void rule_write(FILE *file, const json_t *report, const char *id) {
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(report, "rules"), i, rule) {
        if (strcmp(ortc_report_field(rule, "id"), id) != 0) continue;
        fputs("<p class=\"soft\">rule <code>", file);
        ortc_report_escape(file, id);
        fputs("</code>: ", file);
        text(file, rule, "text");
        fputs("</p>", file);
    }
}

static void failures_write(FILE *file, const json_t *report) {
    size_t i, shown = 0;
    json_t *item;
    fputs("<h2>What failed</h2>\n", file);
    json_array_foreach(json_object_get(report, "cases"), i, item) {
        const char *verdict = ortc_report_field(item, "verdict");
        if (strcmp(verdict, "passed") == 0 || strcmp(verdict, "declined") == 0 || strcmp(verdict, "waived") == 0)
            continue;
        shown++;
        fputs("<div class=\"fail\"><p><b>", file);
        text(file, item, "id");
        fputs("</b> ", file);
        ortc_report_escape(file, verdict);
        fputs("</p><p>", file);
        text(file, item, "text");
        fputs("</p>", file);
        rule_write(file, report, ortc_report_field(item, "rule"));
        fputs("<p><code>", file);
        text(file, item, "repro");
        fputs("</code></p></div>\n", file);
    }
    if (!shown) fputs("<p class=\"soft\">Nothing.</p>\n", file);
}

static void reasons_write(FILE *file, const json_t *report, const char *verdict, const char *heading) {
    json_t *reasons = ortc_report_reasons(report, verdict), *count;
    const char *reason;
    if (json_object_size(reasons)) fprintf(file, "<h2>%s</h2>\n<table>\n", heading);
    json_object_foreach(reasons, reason, count) {
        fprintf(file, "<tr><td>%lld</td><td>", (long long)json_integer_value(count));
        ortc_report_escape(file, reason);
        fputs("</td></tr>\n", file);
    }
    if (json_object_size(reasons)) fputs("</table>\n", file);
    json_decref(reasons);
}

bool ortc_report_html(const json_t *report, FILE *file) {
    fputs(head, file);
    title_write(file, report);
    cards_write(file, json_object_get(report, "counts"));
    levels_write(file, report);
    failures_write(file, report);
    matrix_write(file, report);
    reasons_write(file, report, "declined", "Declined, in the provider's own words");
    reasons_write(file, report, "waived", "Waived");
    fputs("</body></html>\n", file);
    return ortc_report_finish(file);
}
