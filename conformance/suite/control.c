/* The controller: keeps the workers busy, and turns their silence into verdicts.
 *
 *     a record {"end"}             its verdict
 *     no end, and a signal         crash; run once more alone, to say whether it needs the cases before it
 *     no end, and an exit          process.exit
 *     no end in its time           timeout; the worker's group is killed
 *
 * A worker serves many cases, one that wants to be alone only one. Nothing here opens a plugin. */
#include "suite/control.h"
#include "suite/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define CASES_A_WORKER       64u
#define SLOW_FACTOR          10.0
#define END_DEADLINE_SECONDS 30.0

typedef struct slot {
    ortc_worker worker;
    ortc_case *running, *last; /* last: the one whose record came last */
    uint32_t served;
    bool is_ending, is_confirming, has_said_bye;
    int64_t printed_bytes; /* when it said bye */
    uint64_t deadline_ns;
} slot;

typedef struct control {
    const ortc_settings *settings;
    ortc_cases *cases;
    ortc_done_fn done;
    void *user;
    slot *slots;
    uint32_t slot_count, next; /* next: of cases */
    ortc_case **again;         /* crashed ones, to be run alone */
    uint32_t again_count, disasters;
} control;

static volatile sig_atomic_t caught_signal;

static void catch_signal(int number) {
    caught_signal = number;
}

static void finish_case(control *self, ortc_case *item) {
    self->done(self->user, item);
}

static uint64_t after_seconds(double seconds) {
    return tool_clock_ns() + (uint64_t)(seconds * 1e9);
}

/* ---- what a worker says ---- */

static char *copy_of(json_t *record, const char *key) {
    const char *text = json_string_value(json_object_get(record, key));
    return strdup(text ? text : "");
}

static void append_text(ortc_result *result, const char *more) {
    size_t size = strlen(result->text) + strlen(more) + 1;
    char *joined = malloc(size);
    if (!joined) return;
    snprintf(joined, size, "%s%s", result->text, more);
    free(result->text);
    result->text = joined;
}

static void take_end(slot *at, json_t *record) {
    ortc_case *item = at->running;
    json_int_t verdict = json_integer_value(json_object_get(record, "verdict"));
    at->running = NULL;
    at->last = item;
    at->served++;
    if (at->is_confirming) { /* it crashed before: that verdict stays */
        append_text(&item->result, "; run alone it ends");
        return;
    }
    ortc_result_set(&item->result, verdict >= 0 && verdict < ORTC_VERDICT_COUNT ? (ortc_verdict)verdict : ORTC_BROKEN,
                    json_string_value(json_object_get(record, "rule")),
                    json_string_value(json_object_get(record, "text")));
    free(item->result.metrics);
    free(item->result.coverage);
    item->result.metrics = copy_of(record, "metrics");
    item->result.coverage = copy_of(record, "coverage");
    item->result.milliseconds = json_number_value(json_object_get(record, "ms"));
}

/* What was broken when the plugin was closed is the last case's, for want of a better one. */
static void take_bye(slot *at, json_t *record) {
    const char *rule = json_string_value(json_object_get(record, "bye"));
    char text[1600];
    at->has_said_bye = true;
    at->printed_bytes = json_integer_value(json_object_get(record, "printed"));
    if (!rule || !*rule || !at->last || ortc_verdict_fails(at->last->result.verdict)) return;
    snprintf(text, sizeof text, "at the end of the process, after %u cases: %s", at->served,
             json_string_value(json_object_get(record, "text")));
    ortc_result_set(&at->last->result, ORTC_FAILED, rule, text);
}

static void take_record(slot *at, json_t *record) {
    const char *end = json_string_value(json_object_get(record, "end"));
    if (json_object_get(record, "bye")) take_bye(at, record);
    if (end && at->running && strcmp(end, at->running->id) == 0) take_end(at, record);
    json_decref(record);
}

/* ---- how a worker ends ---- */

static const char *signal_name(int number) {
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
                 {SIGILL, "SIGILL"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"},
                 {SIGSYS, "SIGSYS"},   {SIGPIPE, "SIGPIPE"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number) return names[i].name;
    return strsignal(number);
}

static void blame(ortc_case *item, int status, const char *when, const ortc_printed *printed) {
    char text[1400], how[64];
    bool is_signal = WIFSIGNALED(status), is_crash = is_signal || printed->is_of_sanitizer;
    if (is_signal)
        snprintf(how, sizeof how, "%s", signal_name(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "%s with code %d", is_crash ? "a sanitizer" : "an exit", WEXITSTATUS(status));
    snprintf(text, sizeof text, "%s by %s%s%s", when, how, *printed->tail ? "; the last it printed: " : "",
             printed->tail);
    ortc_result_set(&item->result, is_crash ? ORTC_CRASH : ORTC_FAILED, is_crash ? "survive.crash" : "process.exit",
                    text);
}

/* After a crash in company the case runs alone once; the verdict stays, the text says what was learned. */
static void died_in_case(control *self, slot *at, ortc_case *item, int status, const ortc_printed *printed) {
    if (at->is_confirming) {
        append_text(&item->result, "; alone it ends the process too");
        finish_case(self, item);
        return;
    }
    blame(item, status, "the process was ended", printed);
    self->disasters++;
    if (item->result.verdict == ORTC_CRASH && at->served > 0)
        self->again[self->again_count++] = item;
    else
        finish_case(self, item);
}

/* The plugin's own end belongs to the last case: it was passed before, and is it no longer. */
static void died_after_case(slot *at, int status, const ortc_printed *printed) {
    ortc_case *item = at->last;
    bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0 && at->has_said_bye;
    bool is_quiet = printed->size_bytes == at->printed_bytes;
    if (!item || (is_clean && is_quiet) || ortc_verdict_fails(item->result.verdict)) return;
    if (is_clean)
        ortc_result_set(&item->result, ORTC_FAILED, "process.output", "something was printed while the process ended");
    else
        blame(item, status, "while the process ended after this case it was stopped", printed);
}

static void close_slot(control *self, slot *at, bool is_late) {
    ortc_printed printed = {0};
    ortc_case *item = at->running, *last = at->last;
    int status = ortc_worker_stop(&at->worker, is_late, &printed);
    if (item && is_late) {
        char text[128];
        snprintf(text, sizeof text, "no end after %.6g seconds",
                 self->settings->timeout_seconds * (item->check->flags & ORTC_CHECK_SLOW ? SLOW_FACTOR : 1));
        if (!at->is_confirming) ortc_result_set(&item->result, ORTC_TIMEOUT, "survive.hang", text);
        self->disasters++;
        finish_case(self, item);
    } else if (item) {
        died_in_case(self, at, item, status, &printed);
    } else if (last && is_late) {
        ortc_result_set(&last->result, ORTC_TIMEOUT, "survive.hang", "the process did not end after this case");
        self->disasters++;
    } else {
        died_after_case(at, status, &printed);
    }
    if (last && last != item) finish_case(self, last);
    *at = (slot){.worker = at->worker};
}

/* ---- which case next ---- */

static ortc_case *peek_next(control *self) {
    while (self->next < self->cases->count && !self->cases->items[self->next].is_selected) self->next++;
    return self->next < self->cases->count ? &self->cases->items[self->next] : NULL;
}

/* A check that failed ends where it is, and may leave threads, files and memory behind: they are nobody else's. Folders
 * of data are judged by a vehicle that they share, and clean up. */
static bool leaves_more(const ortc_case *last) {
    return !last->folder && last->result.verdict == ORTC_FAILED;
}

static bool fits(const slot *at, const ortc_case *item) {
    if (at->last && leaves_more(at->last)) return false;
    return at->served < CASES_A_WORKER && !at->is_confirming &&
           !(at->served && (item->check->flags & ORTC_CHECK_ALONE)) &&
           !(at->last && (at->last->check->flags & ORTC_CHECK_ALONE)) && (!at->last || at->last->level == item->level);
}

static void end_slot(slot *at) {
    ortc_worker_release(&at->worker);
    at->is_ending = true;
    at->deadline_ns = after_seconds(END_DEADLINE_SECONDS);
}

static int send_case(control *self, slot *at, ortc_case *item) {
    if (at->worker.pid <= 0 && !ortc_worker_start(self->settings, &at->worker)) {
        tool_error(ortc_tool, "can't start a worker: %s", strerror(errno));
        return TOOL_EXIT_PROVIDER;
    }
    double seconds = self->settings->timeout_seconds * (item->check->flags & ORTC_CHECK_SLOW ? SLOW_FACTOR : 1);
    /* The case before has its final verdict now: nothing that happens from here on is blamed on it. */
    if (at->last) finish_case(self, at->last);
    at->last = NULL;
    at->running = item;
    at->deadline_ns = after_seconds(seconds);
    ortc_worker_send(&at->worker, item); /* to a dead worker: its records end, which is noticed */
    return 0;
}

static int feed(control *self, slot *at) {
    if (at->running || at->is_ending) return 0;
    bool is_idle = at->worker.pid <= 0;
    if (is_idle && self->again_count) {
        at->is_confirming = true;
        return send_case(self, at, self->again[--self->again_count]);
    }
    ortc_case *item = self->disasters < ORTC_DISASTERS_MAX ? peek_next(self) : NULL;
    if (item && (is_idle || fits(at, item))) {
        self->next++;
        return send_case(self, at, item);
    }
    if (!is_idle) end_slot(at);
    return 0;
}

/* ---- the loop ---- */

static bool is_busy(control *self) {
    for (uint32_t i = 0; i < self->slot_count; i++)
        if (self->slots[i].worker.pid > 0) return true;
    return self->again_count > 0 || (self->disasters < ORTC_DISASTERS_MAX && peek_next(self));
}

static int wait_ms(const control *self) {
    uint64_t now = tool_clock_ns(), soonest = now + UINT64_C(1000000000);
    for (uint32_t i = 0; i < self->slot_count; i++)
        if (self->slots[i].worker.pid > 0 && self->slots[i].deadline_ns < soonest) soonest = self->slots[i].deadline_ns;
    return soonest <= now ? 0 : (int)((soonest - now) / 1000000 + 1);
}

static void serve(control *self, slot *at) {
    bool is_open = ortc_worker_receive(&at->worker);
    for (json_t *record; (record = ortc_worker_next(&at->worker));) take_record(at, record);
    if (!is_open)
        close_slot(self, at, false);
    else if (tool_clock_ns() >= at->deadline_ns && (at->running || at->is_ending))
        close_slot(self, at, true);
}

static int step(control *self, struct pollfd *polls) {
    for (uint32_t i = 0; i < self->slot_count; i++) {
        int code = feed(self, &self->slots[i]);
        if (code) return code;
        polls[i] =
            (struct pollfd){.fd = self->slots[i].worker.pid > 0 ? self->slots[i].worker.out : -1, .events = POLLIN};
    }
    poll(polls, self->slot_count, wait_ms(self));
    for (uint32_t i = 0; i < self->slot_count; i++)
        if (self->slots[i].worker.pid > 0) serve(self, &self->slots[i]);
    return 0;
}

static void give_up_rest(control *self) {
    for (uint32_t i = 0; i < self->cases->count; i++) {
        ortc_case *item = &self->cases->items[i];
        if (!item->is_selected || item->result.has_run) continue;
        ortc_result_set(&item->result, ORTC_FAILED, "survive.hang",
                        "not run: too many cases before it crashed or hung");
        finish_case(self, item);
    }
}

static int loop(control *self, struct pollfd *polls) {
    int code = 0;
    do {
        code = step(self, polls);
        if (caught_signal) code = 128 + (int)caught_signal;
    } while (!code && is_busy(self));
    for (uint32_t i = 0; i < self->slot_count; i++)
        if (self->slots[i].worker.pid > 0) ortc_worker_stop(&self->slots[i].worker, true, &(ortc_printed){0});
    if (!code) give_up_rest(self);
    return code;
}

static void set_signals(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = catch_signal};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) sigaction(ends[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int ortc_control_run(const ortc_settings *settings, ortc_cases *cases, ortc_done_fn done, void *user) {
    control self = {.settings = settings, .cases = cases, .done = done, .user = user};
    self.slot_count = (uint32_t)settings->jobs;
    self.slots = calloc(self.slot_count, sizeof *self.slots);
    self.again = calloc(cases->count + 1, sizeof(ortc_case *));
    struct pollfd *polls = calloc(self.slot_count, sizeof *polls);
    int code = TOOL_EXIT_PROVIDER;
    if (self.slots && self.again && polls) {
        set_signals();
        code = loop(&self, polls);
    } else {
        tool_error(ortc_tool, "no memory for %u workers", self.slot_count);
    }
    free(polls);
    free(self.again);
    free(self.slots);
    return code;
}
