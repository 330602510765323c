/* Inside a worker: cases from one pipe, records to another, and an eye on what the plugin prints. */
#include "suite/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_record(json_t *record) {
    char *line = json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
    size_t length = line ? strlen(line) : 0;
    json_decref(record);
    if (!line) return;
    line[length] = '\n';
    for (size_t at = 0; at <= length;) {
        ssize_t written = write(ORTC_WORKER_OUT, line + at, length + 1 - at);
        if (written < 0 && errno != EINTR) break;
        if (written > 0) at += (size_t)written;
    }
    free(line);
}

static int64_t printed_bytes(void) {
    struct stat info;
    fflush(stdout);
    fflush(stderr);
    return fstat(STDOUT_FILENO, &info) == 0 ? (int64_t)info.st_size : 0;
}

/* The first line of what was printed from `from` on, without bytes that would spoil a report. */
static void printed_text(int64_t from, char *out, size_t size) {
    ssize_t length = pread(STDOUT_FILENO, out, size - 1, from);
    out[length > 0 ? length : 0] = 0;
    for (char *at = out; *at; at++) {
        if (*at == '\n')
            *at = 0;
        else if ((unsigned char)*at < 32 || (unsigned char)*at > 126)
            *at = '?';
        if (!*at) break;
    }
}

void ortc_case_judge(const ortc_levels *levels, const ortc_subject *subject, const ortc_check *check,
                     const char *folder, ortc_context *out) {
    *out = (ortc_context){.subject = subject, .check = check, .folder = folder};
    ortc_process *before = levels->look ? levels->look() : NULL;
    check->run(out);
    if (levels->compare) levels->compare(out, before, folder != NULL);
}

void ortc_cases_end(const ortc_levels *levels, const ortc_subject *subject, ortc_process *first, ortc_context *out) {
    *out = (ortc_context){.subject = subject};
    if (levels->finish) levels->finish(out);
    if (levels->compare) levels->compare(out, first, false);
}

static const char *text_or_empty(const char *text) {
    return text ? text : "";
}

/* A plugin's text may hold anything; a record holds UTF-8. */
static json_t *clean_string(const char *text) {
    char copy[1600];
    json_t *string = json_string(text);
    if (string) return string;
    size_t length = 0;
    for (; text[length] && length < sizeof copy - 1; length++)
        copy[length] = (unsigned char)text[length] < 128 ? text[length] : '?';
    copy[length] = 0;
    return json_string(copy);
}

static void record_end(const char *id, const ortc_context *context, double milliseconds) {
    write_record(json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:f}", "end", id, "verdict", (int)context->verdict, "rule",
                           text_or_empty(context->rule), "text", clean_string(context->text), "metrics",
                           clean_string(context->metrics), "coverage", clean_string(context->coverage), "ms",
                           milliseconds));
}

/* What was printed since the last look; between cases too, by a thread that goes on. */
static void judge_output(int64_t *printed, ortc_context *context) {
    int64_t now = printed_bytes();
    if (now > *printed) {
        char text[160];
        printed_text(*printed, text, sizeof text);
        ortc_fail(context, "process.output", "%lld bytes were printed, beginning with '%s'",
                  (long long)(now - *printed), text);
    }
    *printed = now;
}

static void run_line(const ortc_levels *levels, const ortc_subject *subject, const ortc_check *check, const char *id,
                     const char *folder, int64_t *printed) {
    uint64_t start = tool_clock_ns();
    ortc_context context;
    write_record(json_pack("{s:s}", "begin", id));
    ortc_case_judge(levels, subject, check, folder, &context);
    judge_output(printed, &context);
    record_end(id, &context, (double)(tool_clock_ns() - start) / 1e6);
}

static const ortc_check *find_check(const ortc_levels *levels, const char *id) {
    for (uint32_t t = 0; t < levels->table_count; t++) {
        for (uint32_t i = 0; i < levels->tables[t].count; i++) {
            const ortc_check *check = &levels->tables[t].items[i];
            if ((uint32_t)(id[1] - '0') == check->level && strcmp(id + 3, check->name) == 0) return check;
        }
    }
    return NULL;
}

int ortc_worker_run(const ortc_levels *levels, const ortc_subject *subject) {
    char line[8192];
    int64_t printed = 0;
    /* Nobody reads the records of a worker whose controller is gone. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fcntl(ORTC_WORKER_IN, F_SETFD, FD_CLOEXEC);
    fcntl(ORTC_WORKER_OUT, F_SETFD, FD_CLOEXEC);
    FILE *in = fdopen(ORTC_WORKER_IN, "r");
    if (!in) return TOOL_EXIT_BUG;
    ortc_process *first = levels->look ? levels->look() : NULL;
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        char *folder = strchr(line, '\t');
        if (folder) *folder++ = 0;
        const ortc_check *check =
            folder ? ortc_folder_check(levels, (uint32_t)(line[1] - '0')) : find_check(levels, line);
        if (!check) return TOOL_EXIT_BUG;
        run_line(levels, subject, check, line, folder, &printed);
    }
    ortc_context end;
    ortc_cases_end(levels, subject, first, &end);
    judge_output(&printed, &end);
    write_record(json_pack("{s:s, s:I, s:o}", "bye", text_or_empty(end.rule), "printed", (json_int_t)printed, "text",
                           clean_string(end.text)));
    fclose(in);
    return 0;
}
