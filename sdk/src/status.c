#include "kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Set by every border function on entry, restored on return: the only thing of a host outside the objects it gave. */
static _Thread_local const ortp_host *current_host;

const ortp_host *ortk_host_enter(const ortp_host *host) {
    const ortp_host *before = current_host;
    current_host = host;
    return before;
}

void ortk_host_leave(const ortp_host *before) {
    current_host = before;
}

ort_status *ortk_fail(ort_code code, const char *fmt, ...) {
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (length < 0) length = 0;
    if ((size_t)length >= sizeof text) length = (int)sizeof text - 1;
    ort_string_view message = {text, (uint64_t)length};
    return current_host->core->status_create(current_host->context, code, message);
}

ort_status *ortk_out_of_memory(void) {
    return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "no memory left for the provider");
}

void ortk_status_drop(const ortp_host *host, ort_status *status) {
    if (status) host->core->status_destroy(status);
}

ort_status *ortk_unknown_check(const char *what, uint32_t flags, const ortp_ext *next) {
    if (flags & 0xffff0000u)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "%s: the flags 0x%x must be understood, and are not", what,
                         (unsigned)(flags & 0xffff0000u));
    for (; next; next = next->next)
        if (next->kind & ORTP_EXT_MUST)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "%s: the extension 0x%x must be understood, and is not", what,
                             (unsigned)next->kind);
    return NULL;
}

bool ortk_view_is(ort_string_view view, const char *text) {
    size_t length = strlen(text);
    return view.length == length && (length == 0 || memcmp(view.data, text, length) == 0);
}
