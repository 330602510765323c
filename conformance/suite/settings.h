/* suite/settings.h: what the command line says, and the plugin it means. */
#ifndef ORTC_SUITE_SETTINGS_H
#define ORTC_SUITE_SETTINGS_H

#include "common/common.h"
#include "suite/suite.h"

#define ORTC_LEVEL_COUNT 7u

typedef struct ortc_settings {
    tool_list providers, suites, paths, options;
    const char *levels_text, *cases_folder, *filter, *fraction, *waivers, *repro;
    const char *json, *junit, *html, *record;
    double jobs, timeout_seconds, seed;
    bool is_list, is_rules, is_verbose, is_worker;
    uint32_t levels;           /* a bit a level; 0: not said */
    uint32_t part, part_count; /* of --fraction: part from 0 on; count 1: everything */
    char **argv;               /* as given, for the workers and for the command that repeats a case */
    int argc;
} ortc_settings;

extern const tool *const ortc_tool;

/* The exit code to leave with, or -1 to go on. What is wrong is on standard error. */
int ortc_settings_parse(int argc, char **argv, ortc_settings *out);
/* "L0-L3", "0,1,2", "L3": a bit a level. */
bool ortc_levels_parse(const char *text, uint32_t *out);
/* "2/4": part 1 of 4, counted from 0. */
bool ortc_fraction_parse(const char *text, uint32_t *out_part, uint32_t *out_count);

/* Finds the plugin by its manifest, without the core and without opening it. `word`: NAME, NAME:DEVICE, or the path of
 * a manifest. A manifest that is no JSON is still a subject when its path was given: level 0 judges it. Returns 0 or an
 * exit code. Strings are never NULL, and live until finish. One subject a process. */
int ortc_subject_find(const ortc_settings *settings, ortc_subject *out);
void ortc_subject_finish(void);
/* Where the generated cases lie when --cases does not say: beside the program. malloc'd; NULL: they are not there. */
char *ortc_cases_folder_default(void);

#endif
