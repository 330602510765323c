#include "base/status.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

struct ort_status {
    ort_code code;
    char *message; /* inside the same block as the status, so that one release frees all */
    char where[64];
};

/* Stands in when there is no memory for a status. Shared by all threads, so nobody writes it. */
static ort_status out_of_memory = {ORT_CODE_OUT_OF_MEMORY, (char[]){"out of memory"}, "base/status.c"};

/* The last two parts of a source's path: enough to find it, and nothing of the machine that built it. */
static const char *path_tail(const char *path) {
    const char *tail = path;
    int slash_count = 0;
    for (const char *p = path + strlen(path); p > path; p--)
        if (p[-1] == '/' && ++slash_count <= 2) tail = p;
    return tail;
}

/* A status with room for a message of `length` bytes, or NULL. */
static ort_status *status_alloc(ort_code code, size_t length) {
    const orti_allocator *alloc = orti_allocator_default();
    ort_status *status = alloc->alloc(alloc->user, sizeof *status + length + 1, 16);
    if (!status) return NULL;
    status->code = code;
    status->message = (char *)(status + 1);
    status->message[0] = 0;
    return status;
}

static size_t format_length(const char *fmt, va_list args) {
    va_list copy;
    va_copy(copy, args);
    int length = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);
    return length < 0 ? 0 : (size_t)length;
}

ort_status *orti_status_create_v(ort_code code, const char *file, int line, const char *fmt, va_list args) {
    size_t length = format_length(fmt, args);
    ort_status *status = status_alloc(code, length);
    if (!status) return &out_of_memory;
    vsnprintf(status->message, length + 1, fmt, args);
    snprintf(status->where, sizeof status->where, "%s:%d", path_tail(file), line);
    return status;
}

ort_status *orti_status_create(ort_code code, const char *file, int line, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ort_status *status = orti_status_create_v(code, file, line, fmt, args);
    va_end(args);
    return status;
}

static ort_status *status_note_v(ort_status *status, const char *fmt, va_list args) {
    size_t note_length = format_length(fmt, args), message_length = strlen(status->message);
    ort_status *noted = status_alloc(status->code, note_length + 2 + message_length);
    if (!noted) return status; /* the failure itself matters more than the note */
    vsnprintf(noted->message, note_length + 1, fmt, args);
    memcpy(noted->message + note_length, ": ", 2);
    memcpy(noted->message + note_length + 2, status->message, message_length + 1);
    memcpy(noted->where, status->where, sizeof noted->where);
    ort_status_destroy(status);
    return noted;
}

ort_status *orti_status_note(ort_status *status, const char *fmt, ...) {
    if (!status) return NULL;
    va_list args;
    va_start(args, fmt);
    status = status_note_v(status, fmt, args);
    va_end(args);
    return status;
}

ort_status *orti_status_join(ort_status *first, ort_status *second) {
    if (!first) return second;
    ort_status_destroy(second);
    return first;
}

ort_code ort_status_code(const ort_status *status) {
    return status ? status->code : ORT_CODE_OK;
}

const char *ort_status_message(const ort_status *status) {
    return status ? status->message : "";
}

const char *ort_status_where(const ort_status *status) {
    return status ? status->where : "";
}

void ort_status_destroy(ort_status *status) {
    if (!status || status == &out_of_memory) return;
    const orti_allocator *alloc = orti_allocator_default();
    alloc->release(alloc->user, status);
}

const char *ort_code_name(ort_code code) {
    static const char *const names[] = {
        "ok", "invalid-argument", "not-found", "invalid-model", "unsupported", "limit-exceeded", "out-of-memory",
        "io", "device-lost",      "plugin",    "cancelled",     "deadline",    "busy",           "bug"};
    return code < sizeof names / sizeof *names ? names[code] : "unknown";
}
