/* suite/document.h: the finished run as one JSON document, schema 1 (report/report.h has its keys). */
#ifndef ORTC_SUITE_DOCUMENT_H
#define ORTC_SUITE_DOCUMENT_H

#include "suite/waivers.h"

/* A stale waiver is in it as a failed case, so that every report shows it. out: new. */
json_t *ortc_document_make(const ortc_settings *settings, const ortc_subject *subject, const ortc_cases *cases,
                           const ortc_waivers *waivers, double seconds);
/* {offered, claimed, passed}: how many (operator, type variable, type) the cases touched, how many of them the provider
 * took at least once, and with how many of those nothing failed. out: new. */
json_t *ortc_signatures_make(const ortc_cases *cases);
/* [{op, type, cases, passed, failed, declined}] in order of op and type, for the matrix. out: new.
 */
json_t *ortc_coverage_make(const ortc_cases *cases);
/* The command that runs one case alone, for a shell. malloc'd; NULL: no memory. */
char *ortc_repro_command(const ortc_settings *settings, const char *id);

#endif
