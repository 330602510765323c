/* Statuses live in slots of one array, so that any pointer can be told from a status. A slot is used again only after
 * all others were. */
#include "host/inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096u

struct ort_status {
    ortc_host *host; /* NULL: never used */
    bool is_live;
    ort_code code;
    char text[1024];
};

static ort_status slots[SLOTS];
static uint32_t next_slot;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_slot(const ort_status *status) {
    uintptr_t at = (uintptr_t)status, first = (uintptr_t)slots;
    return at >= first && at < first + sizeof slots && (at - first) % sizeof slots[0] == 0;
}

static bool is_usable(const ort_status *status, const char *call) {
    const char *wrong = !status            ? "NULL"
                        : !is_slot(status) ? "what is no status of the host"
                        : !status->is_live ? "a status that was destroyed"
                                           : NULL;
    if (!wrong) return true;
    ortc_fault_note(status && is_slot(status) ? "lifetime.after_release" : "status.owned", "%s was given %s", call,
                    wrong);
    return false;
}

static ort_status *slot_take(ortc_host *host) {
    ort_status *found = NULL;
    pthread_mutex_lock(&slots_lock);
    for (uint32_t turn = 0; turn < SLOTS && !found; turn++) {
        ort_status *slot = &slots[next_slot];
        next_slot = (next_slot + 1) % SLOTS;
        if (!slot->is_live) found = slot;
    }
    if (!found) { /* a plugin that leaks this many is told so; the host must go on */
        ortc_fault_note("lifetime.leak", "%u statuses were made and none was destroyed", SLOTS);
        found = &slots[next_slot];
        next_slot = (next_slot + 1) % SLOTS;
    }
    found->host = host;
    found->is_live = true;
    pthread_mutex_unlock(&slots_lock);
    atomic_fetch_add(&host->live_statuses, 1);
    return found;
}

ort_status *ortc_status_make(ortp_host_context *context, ort_code code, ort_string_view message) {
    if (code == ORT_CODE_OK || code > ORT_CODE_BUG)
        ortc_fault_note("status.owned", "status_create with code %u, which is no failure", code);
    if (message.length && !message.data) {
        ortc_fault_note("host.calls", "status_create with a message of %llu bytes at NULL",
                        (unsigned long long)message.length);
        message.length = 0;
    }
    if (message.length == 0) ortc_fault_note("status.owned", "status_create without a message");
    ort_status *status = slot_take(context);
    int length = message.length < sizeof status->text - 1 ? (int)message.length : (int)sizeof status->text - 1;
    memcpy(status->text, length ? message.data : "", (size_t)length);
    status->text[length] = 0;
    status->code = code;
    return status;
}

ort_status *ortc_status_create(ortc_host *host, ort_code code, const char *fmt, ...) {
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return ortc_status_make(host, code, (ort_string_view){text, strlen(text)});
}

ort_status *ortc_status_note(ortp_host_context *context, ort_status *status, ort_string_view note) {
    (void)context;
    if (!is_usable(status, "status_note")) return status;
    char text[sizeof status->text];
    snprintf(text, sizeof text, "%.*s: %.*s", (int)(note.length < 300 ? note.length : 300), note.data,
             (int)sizeof text - 304, status->text);
    memcpy(status->text, text, sizeof text);
    return status;
}

ort_code ortc_status_code(const ort_status *status) {
    return is_usable(status, "status_code") ? status->code : ORT_CODE_OK;
}

const char *ortc_status_text(const ort_status *status) {
    return status && is_slot(status) ? status->text : "";
}

ort_string_view ortc_status_message(const ort_status *status) {
    if (!is_usable(status, "status_message")) return (ort_string_view){"", 0};
    return (ort_string_view){status->text, strlen(status->text)};
}

ort_status *ortc_status_copy(ortp_host_context *context, const ort_status *status) {
    if (!is_usable(status, "status_copy")) return ortc_status_create(context, ORT_CODE_PLUGIN, "a copy of no status");
    return ortc_status_make(context, status->code, ortc_status_message(status));
}

void ortc_status_destroy(ort_status *status) {
    if (!status || !is_usable(status, "status_destroy")) return;
    atomic_fetch_sub(&status->host->live_statuses, 1);
    pthread_mutex_lock(&slots_lock);
    status->is_live = false;
    pthread_mutex_unlock(&slots_lock);
}

bool ortc_status_is_of(const ort_status *status, const ortc_host *host) {
    return status && is_slot(status) && status->is_live && status->host == host;
}

void ortc_status_forget(const ortc_host *owner, char *text, uint64_t text_bytes) {
    pthread_mutex_lock(&slots_lock);
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i].host != owner || !slots[i].is_live) continue;
        if (text[0] == 0) snprintf(text, text_bytes, "a status saying '%.200s'", slots[i].text);
        slots[i].is_live = false;
        slots[i].host = NULL;
    }
    pthread_mutex_unlock(&slots_lock);
}
