/* The program from the command line to its exit code. */
#include "judge/judge.h"
#include "report/report.h"
#include "suite/control.h"
#include "suite/document.h"
#include "suite/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int print_rules(void) {
    uint32_t count, class_count;
    const ortc_rule *rules = ortc_rules(&count);
    for (uint32_t i = 0; i < count; i++) printf("L%u  %-22s %s\n", rules[i].level, rules[i].id, rules[i].text);
    const ortc_class *classes = ortc_classes(&class_count);
    printf("\ntolerance classes:\n");
    for (uint32_t i = 0; i < class_count; i++)
        printf("%s  %s\n   because: %s\n", classes[i].name, classes[i].allows, classes[i].reason);
    return TOOL_EXIT_GOOD;
}

static int print_list(const ortc_cases *cases) {
    for (uint32_t i = 0; i < cases->count; i++)
        if (cases->items[i].is_selected)
            printf("%s%s%s\n", cases->items[i].id, cases->items[i].folder ? "" : "  ",
                   cases->items[i].folder ? "" : cases->items[i].check->what);
    return TOOL_EXIT_GOOD;
}

/* In this process, so that a debugger sees it. */
static int run_alone(const ortc_levels *levels, const ortc_settings *settings, const ortc_subject *subject,
                     const ortc_cases *cases) {
    const ortc_case *item = ortc_cases_find(cases, settings->repro);
    ortc_context context, end;
    char *command = ortc_repro_command(settings, item->id);
    printf("%s\n%s\n", command ? command : "", item->check->what);
    fflush(stdout);
    free(command);
    ortc_process *first = levels->look ? levels->look() : NULL;
    ortc_case_judge(levels, subject, item->check, item->folder, &context);
    ortc_cases_end(levels, subject, first, &end);
    if (ortc_has_failed(&end)) ortc_fail(&context, end.rule, "after the case: %s", end.text);
    printf("%s%s%s%s%s\n", ortc_verdict_name(context.verdict), context.rule ? "  " : "",
           context.rule ? context.rule : "", *context.text ? ": " : "", context.text);
    if (context.rule) printf("  the rule: %s\n", ortc_rule_find(context.rule)->text);
    if (*context.metrics) printf("  %s\n", context.metrics);
    if (*context.coverage) printf("  ran: %s\n", context.coverage);
    return ortc_verdict_fails(context.verdict) ? TOOL_EXIT_NO : TOOL_EXIT_GOOD;
}

/* Standard output is for people unless a report has it for itself. */
static bool is_quiet(const ortc_settings *settings) {
    const char *const paths[] = {settings->json, settings->junit, settings->html, settings->record};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i] && strcmp(paths[i], "-") == 0) return true;
    return false;
}

typedef struct progress {
    const ortc_settings *settings;
    uint32_t done, all;
} progress;

static bool shows_progress(const ortc_settings *settings) {
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && !settings->is_verbose && terminal && strcmp(terminal, "dumb") != 0;
}

static void say_case(void *user, const ortc_case *item) {
    progress *state = user;
    const ortc_result *result = &item->result;
    state->done++;
    if (shows_progress(state->settings)) fprintf(stderr, "\r\033[K%u of %u", state->done, state->all);
    if (!state->settings->is_verbose || is_quiet(state->settings)) return;
    printf("%-11s %s%s%s%s%s\n", ortc_verdict_name(result->verdict), item->id, result->rule ? "  " : "",
           result->rule ? result->rule : "", *result->text ? ": " : "", result->text);
    fflush(stdout);
}

static bool write_json(const json_t *document, FILE *file) {
    return json_dumpf(document, file, JSON_INDENT(1)) == 0 && fputc('\n', file) != EOF;
}

static bool write_record(const json_t *document, FILE *file) {
    json_t *record = ortc_report_record(document);
    bool is_written = write_json(record, file);
    json_decref(record);
    return is_written;
}

static int write_report(const json_t *document, const char *path, bool (*write)(const json_t *, FILE *)) {
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool is_written = file && write(document, file);
    if (file && file != stdout && fclose(file) != 0) is_written = false;
    if (!is_written) tool_error(ortc_tool, "%s: can't be written: %s", path, strerror(errno));
    return is_written ? 0 : TOOL_EXIT_USAGE;
}

static int write_reports(const ortc_settings *settings, const json_t *document) {
    const struct {
        const char *path;
        bool (*write)(const json_t *document, FILE *file);
    } reports[] = {{settings->json, write_json},
                   {settings->junit, ortc_report_junit},
                   {settings->html, ortc_report_html},
                   {settings->record, write_record}};
    int code = 0;
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        int written = reports[i].path ? write_report(document, reports[i].path, reports[i].write) : 0;
        code = code ? code : written;
    }
    if (!is_quiet(settings) && !ortc_report_text(document, stdout)) code = TOOL_EXIT_USAGE;
    return code;
}

static int run_all(const ortc_settings *settings, const ortc_subject *subject, ortc_cases *cases,
                   ortc_waivers *waivers) {
    char today[16];
    time_t now = time(NULL);
    struct tm date;
    progress state = {.settings = settings, .all = cases->selected_count};
    uint64_t start = tool_clock_ns();
    int code = ortc_control_run(settings, cases, say_case, &state);
    if (shows_progress(settings)) fputs("\r\033[K", stderr);
    if (code) return code;
    double seconds = (double)(tool_clock_ns() - start) / 1e9;
    strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &date));
    ortc_waivers_apply(waivers, cases, today);
    json_t *document = ortc_document_make(settings, subject, cases, waivers, seconds);
    ortc_totals totals = ortc_report_totals(json_object_get(document, "counts"));
    /* A part of a split run may be empty; what was selected and only skipped says nothing of the plugin. */
    bool is_mute = cases->selected_count && !totals.passed && !totals.failed;
    code = write_reports(settings, document);
    json_decref(document);
    if (is_mute) tool_error(ortc_tool, "nothing was judged: every case of this run was declined or waived");
    if (!code) code = ortc_cases_say_missing(cases);
    return code ? code : totals.failed || is_mute ? TOOL_EXIT_NO : TOOL_EXIT_GOOD;
}

static int check_subject(const ortc_levels *levels, const ortc_settings *settings, const ortc_subject *subject) {
    char text[512];
    if (settings->is_list || !levels->fits || levels->fits(subject, text, sizeof text)) return 0;
    tool_error(ortc_tool, "%s", text);
    return TOOL_EXIT_USAGE;
}

static int run_cases(const ortc_levels *levels, const ortc_settings *settings, const ortc_subject *subject) {
    ortc_cases cases;
    ortc_waivers waivers = {0};
    int code = ortc_cases_collect(levels, settings, &cases);
    if (!code) code = check_subject(levels, settings, subject);
    if (!code) code = ortc_waivers_load(settings->waivers, &waivers);
    if (!code)
        code = settings->is_list ? print_list(&cases)
               : settings->repro ? run_alone(levels, settings, subject, &cases)
                                 : run_all(settings, subject, &cases, &waivers);
    ortc_waivers_finish(&waivers);
    ortc_cases_finish(&cases);
    return code;
}

static int run_subject(const ortc_levels *levels, const ortc_settings *settings, const ortc_subject *subject) {
    return settings->is_worker ? ortc_worker_run(levels, subject) : run_cases(levels, settings, subject);
}

int ortc_program_run(const ortc_levels *levels, int argc, char **argv) {
    ortc_settings settings;
    ortc_subject subject;
    int code = ortc_settings_parse(argc, argv, &settings);
    if (code >= 0) return code;
    if (settings.is_rules) return print_rules();
    /* With --suite the tree is the question; the suite's own cases are added when they are named. */
    char *folder = settings.cases_folder || settings.suites.count ? NULL : ortc_cases_folder_default();
    if (folder) settings.cases_folder = folder;
    code = ortc_subject_find(&settings, &subject);
    if (!code) code = run_subject(levels, &settings, &subject);
    ortc_subject_finish();
    free(folder);
    return code;
}
