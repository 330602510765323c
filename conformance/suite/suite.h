/* suite/suite.h: what a check is, what it can say, and what it is told of the plugin under judgement.
 *
 * The controller (suite/control.c) never opens a plugin: it starts workers, which are this program again, and hands
 * them cases by name. A worker runs one case at a time and streams a record when it begins and one when it ends; a case
 * without an end is a crash, a late one a timeout, and the rest of the batch goes to a new worker.
 *
 * A check is one compiled-in case (levels 0 to 2, 5, 6) or the runner of a folder of data (3, 4).
 * Threads: a check runs on the worker's main thread; it may start others and joins them. */
#ifndef ORTC_SUITE_SUITE_H
#define ORTC_SUITE_SUITE_H

#include "ort/plugin/plugin.h"

#include <stdbool.h>

#define ORTC_SUITE_VERSION "0.1.0"

typedef enum ortc_verdict {
    ORTC_PASSED,
    ORTC_FAILED,   /* a rule is broken */
    ORTC_DECLINED, /* the provider said no, cleanly, and that is its right */
    ORTC_WAIVED,   /* failed, and a waiver names this case */
    ORTC_BROKEN,   /* the case itself can't be judged: its data is wrong or absent */
    ORTC_CRASH,
    ORTC_TIMEOUT,
    ORTC_VERDICT_COUNT
} ortc_verdict;
const char *ortc_verdict_name(ortc_verdict verdict); /* "passed" ... "broken case" ...; static */

/* A rule of rules.def. */
typedef struct ortc_rule {
    const char *id;
    uint32_t level;
    const char *text;
} ortc_rule;
const ortc_rule *ortc_rule_find(const char *id); /* NULL: there is none */
const ortc_rule *ortc_rules(uint32_t *out_count);

/* The plugin under judgement, as the command line and its manifest name it. Strings live as long as the process. */
typedef struct ortc_subject {
    const char *name, *id, *version; /* from the manifest; name is what --provider takes */
    const char *manifest_path, *library_path;
    uint32_t device;            /* index in the plugin's list, from PROVIDER:DEVICE; 0 */
    const char *const *options; /* "key=value" for the plugin, from -o */
    uint32_t option_count;
    const char *cases_folder; /* generated cases; NULL: none here */
    uint64_t seed;
} ortc_subject;

typedef struct ortc_check ortc_check;

/* What a running case writes. Made by the worker. */
typedef struct ortc_context {
    const ortc_subject *subject;
    const ortc_check *check;
    const char *folder; /* of the data, for levels 3 and 4; else NULL */
    ortc_verdict verdict;
    const char *rule;   /* of the first failure; static */
    char text[1536];    /* why: of the failure, decline or broken case */
    char metrics[512];  /* "max_ulp=3 products=64": shown in reports; may be empty */
    char coverage[512]; /* "Add:float32 Add:int64": operators and types that ran on the provider */
} ortc_context;

/* Each records the first of its kind and wins over those listed before it: pass, decline, broken, fail. */
void ortc_fail(ortc_context *context, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ortc_decline(ortc_context *context, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ortc_broken(ortc_context *context, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ortc_metric(ortc_context *context, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool ortc_has_failed(const ortc_context *context);
/* For a check's body: leaves it (it returns void) when `cond` does not hold. */
#define ORTC_REQUIRE(context, cond, rule, ...)                                                                         \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            ortc_fail(context, rule, __VA_ARGS__);                                                                     \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define ORTC_CHECK_ALONE 0x1u /* in a worker of its own: it may harm the process, or looks at all of it */
#define ORTC_CHECK_SLOW  0x2u /* gets ten times the deadline */

struct ortc_check {
    const char *name; /* "entry-two-hosts": unique; the case's id is "L0/entry-two-hosts" */
    uint32_t level, flags;
    const char *what; /* one line for people */
    void (*run)(ortc_context *context);
};

/* One table a level, defined by the room that owns it. */
typedef struct ortc_checks {
    const ortc_check *items;
    uint32_t count;
} ortc_checks;
ortc_checks ortc_bare_load_checks(void);     /* L0: bare/load.c */
ortc_checks ortc_bare_lifetime_checks(void); /* L1: bare/lifetime.c */
ortc_checks ortc_bare_device_checks(void);   /* L2: bare/device.c ... */
ortc_checks ortc_fault_checks(void);         /* L5: graphs/fault.c */
ortc_checks ortc_speed_checks(void);         /* L6: graphs/speed.c */
/* Judges one folder in ONNX backend layout (model.onnx, test_data_set_*, maybe case.json): cases/case.c. Level 3 for
 * one operator, 4 for graphs and models. */
void ortc_case_run(ortc_context *context);
/* Closes what is kept from case to case, the last thing that a worker does, and fails what the plugin still holds. */
void ortc_case_finish(ortc_context *context);

/* False: the subject's device is not the plugin's, `text` says it. A plugin that can't even be asked fits: the checks
 * judge it. Asks in a process of its own: bare/subject.c. */
bool ortc_subject_fits(const ortc_subject *subject, char *text, uint64_t text_bytes);

/* What a process must look like before and after a case: bare/process.c. Called by the worker around every case. */
typedef struct ortc_process ortc_process;
ortc_process *ortc_process_look(void);
/* Fails the process.* rules where `before` and now differ, and destroys `before`. is_open: the plugin is still open
 * from case to case, so that its files and threads are compared when it is closed. */
void ortc_process_compare(ortc_context *context, ortc_process *before, bool is_open);

#endif
