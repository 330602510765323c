/* Checks that misbehave on purpose, so that tools/tests/conformance.sh sees what the controller makes of each. The
 * program ort-conformance-fake is the suite's own code around this table. */
#include "suite/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void pass(ortc_context *context) {
    ortc_metric(context, "seed=%llu", (unsigned long long)context->subject->seed);
}

static void fail(ortc_context *context) {
    ortc_fail(context, "values.known", "planted");
}

static void decline(ortc_context *context) {
    ortc_decline(context, "planted");
}

static void broken(ortc_context *context) {
    ortc_broken(context, "planted");
}

static void unknown_rule(ortc_context *context) {
    ortc_fail(context, "no.such.rule", "planted");
}

static void crash(ortc_context *context) {
    (void)context;
    raise(SIGSEGV);
}

static void leave(ortc_context *context) {
    (void)context;
    exit(0);
}

static void leave_hard(ortc_context *context) {
    (void)context;
    _exit(0);
}

static void hang(ortc_context *context) {
    (void)context;
    for (;;) pause();
}

static void print(ortc_context *context) {
    (void)context;
    printf("a line that no plugin may write\n");
}

/* What a plugin left in a static destructor does. */
static void crash_at_end(void) {
    raise(SIGABRT);
}

static void plant_end(ortc_context *context) {
    (void)context;
    if (atexit(crash_at_end) != 0) abort();
}

static void fail_and_plant(ortc_context *context) {
    ortc_fail(context, "values.known", "planted");
    plant_end(context);
}

static void print_at_end(void) {
    printf("a line from a static destructor\n");
}

static void plant_print(ortc_context *context) {
    (void)context;
    if (atexit(print_at_end) != 0) abort();
}

/* A child that outlives its worker, unless the controller ends the group. */
static void leave_child(ortc_context *context) {
    char seconds[32]; /* by the seed, so that runs beside each other can tell their children */
    snprintf(seconds, sizeof seconds, "313.%llu", (unsigned long long)context->subject->seed);
    if (fork() != 0) return;
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    execlp("sleep", "sleep", seconds, (char *)NULL);
    _exit(0);
}

static const ortc_check checks[] = {
    {.name = "broken", .level = 0, .what = "its data is wrong", .run = broken},
    {.name = "crash", .level = 0, .what = "ends by SIGSEGV", .run = crash},
    {.name = "decline", .level = 0, .what = "says no", .run = decline},
    {.name = "exit", .level = 0, .what = "ends the process", .run = leave},
    {.name = "exit-hard", .level = 0, .what = "ends the process without atexit", .run = leave_hard},
    {.name = "fail", .level = 0, .what = "breaks a rule", .run = fail},
    {.name = "fail-leaves", .level = 0, .what = "breaks a rule, and leaves a crash behind", .run = fail_and_plant},
    {.name = "hang", .level = 0, .what = "never returns", .run = hang},
    {.name = "late-crash",
     .level = 0,
     .flags = ORTC_CHECK_ALONE,
     .what = "crashes as the process ends",
     .run = plant_end},
    {.name = "late-print",
     .level = 0,
     .flags = ORTC_CHECK_ALONE,
     .what = "prints as the process ends",
     .run = plant_print},
    {.name = "leave-child",
     .level = 0,
     .flags = ORTC_CHECK_ALONE,
     .what = "leaves a process behind",
     .run = leave_child},
    {.name = "pass", .level = 0, .what = "is right", .run = pass},
    {.name = "pass-alone", .level = 0, .flags = ORTC_CHECK_ALONE, .what = "is right, alone", .run = pass},
    {.name = "pass-last", .level = 1, .what = "is right", .run = pass},
    {.name = "print", .level = 0, .what = "prints", .run = print},
    {.name = "print-not", .level = 0, .what = "is right, after one that prints", .run = pass},
    {.name = "unknown-rule", .level = 0, .what = "names no rule", .run = unknown_rule},
};

ortc_levels ortc_levels_built(void) {
    return (ortc_levels){.tables = {{checks, sizeof checks / sizeof *checks}}, .table_count = 1};
}
