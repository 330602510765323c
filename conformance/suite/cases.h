/* suite/cases.h: the list of cases and what became of each. */
#ifndef ORTC_SUITE_CASES_H
#define ORTC_SUITE_CASES_H

#include "suite/program.h"
#include "suite/settings.h"

typedef struct ortc_result {
    ortc_verdict verdict;
    const char *rule; /* static; NULL: none */
    char *text, *metrics, *coverage;
    double milliseconds;
    bool has_run;
    ortc_verdict before_waiver; /* when verdict is WAIVED */
} ortc_result;

typedef struct ortc_case {
    char *id;                /* "L3/test_add": unique */
    const ortc_check *check; /* one compiled in, or the runner of folders */
    char *folder;            /* NULL: compiled in */
    uint32_t level;
    bool is_selected;
    ortc_result result;
} ortc_case;

typedef struct ortc_cases {
    ortc_case *items; /* in order of id */
    uint32_t count, capacity, selected_count;
    uint32_t missing_levels; /* a bit a level: wanted by default, and without cases here */
} ortc_cases;

/* Everything that the levels and trees of the settings hold; what --filter and --fraction leave out is there but not
 * selected. Returns 0 or an exit code. */
int ortc_cases_collect(const ortc_levels *levels, const ortc_settings *settings, ortc_cases *out);
/* Names the missing levels and how to get their cases. Returns 0 when there are none, else an exit code. */
int ortc_cases_say_missing(const ortc_cases *cases);
void ortc_cases_finish(ortc_cases *cases);
ortc_case *ortc_cases_find(const ortc_cases *cases, const char *id);
/* The id's place among `count` parts: the same on every machine and in every version that has the case. */
uint32_t ortc_part_of(const char *id, uint32_t count);
/* Takes copies of the texts; NULL counts as empty. */
void ortc_result_set(ortc_result *result, ortc_verdict verdict, const char *rule, const char *text);
/* Whether the verdict counts against the plugin. */
bool ortc_verdict_fails(ortc_verdict verdict);
/* A folder of data as a check, for its level. */
const ortc_check *ortc_folder_check(const ortc_levels *levels, uint32_t level);
/* The level that DIR/case.json names, or 3. */
uint32_t ortc_folder_level(const char *folder);

#endif
