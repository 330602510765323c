/* report/report.h: renders a finished run. The run is one JSON document, schema 1, which is also what --json writes:
 *
 *   suite    {version, cases_sha256, seed}          subject  {name, id, version, library, sha256, device}
 *   machine  {cpu, os, threads}                     command, seconds
 *   counts   {passed, failed, declined, waived, "broken case", crash, timeout}
 *   levels   [{level, counts}]                      coverage [{op, type, cases, passed, failed, declined}]
 *   cases    [{id, level, verdict, rule, text, metrics, ran, seconds, repro}]
 *   signatures {offered, claimed, passed}           ran: "Add:T=float32 ...": what the case touched
 *   waivers  [{case, rule, reason, used}]           rules    [{id, level, text}]
 *
 * A key that is absent reads as empty. Threads: one. Each returns false when writing failed. */
#ifndef ORTC_REPORT_REPORT_H
#define ORTC_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Levels, failures with their rules, what declined and why, and the line `N passed, N failed, N skipped`. */
bool ortc_report_text(const json_t *report, FILE *file);
/* One testsuite a level, one testcase a case, named after its folder. */
bool ortc_report_junit(const json_t *report, FILE *file);
/* One page that needs nothing else: summary, operator x type matrix, failures, declines. */
bool ortc_report_html(const json_t *report, FILE *file);
/* Suite, plugin digest, machine and numbers: small enough for the manifest's key "conformance". out: new. */
json_t *ortc_report_record(const json_t *report);

/* What fails a run: failed, broken case, crash, timeout. What skips: declined, waived. */
typedef struct ortc_totals {
    long long passed, failed, skipped;
} ortc_totals;
ortc_totals ortc_report_totals(const json_t *counts);

/* ---- write.c: for the renderers ---- */
const char *ortc_report_field(const json_t *object, const char *key); /* "" when absent or no string */
long long ortc_report_number(const json_t *object, const char *key);
/* Text with the five characters of XML escaped; control characters that XML 1.0 forbids become '?'. */
void ortc_report_escape(FILE *file, const char *text);
bool ortc_report_finish(FILE *file); /* no write has failed */
/* {"reason": how many cases of that verdict gave it}. out: new. */
json_t *ortc_report_reasons(const json_t *report, const char *verdict);

#endif
