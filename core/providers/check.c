/* What a plugin says is looked at here before anybody believes it. */
#include "providers/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HIGH_FLAGS 0xffff0000u

ort_status *orti_check_text(orti_arena *arena, ort_string_view view, const char *what, const char **out) {
    *out = "";
    if (view.length == 0) return NULL;
    if (!view.data) ORT_FAIL(PLUGIN, "%s has a length and no text", what);
    if (view.length > PROVIDER_TEXT_MAX_BYTES)
        ORT_FAIL(PLUGIN, "%s has %llu bytes; %u are the most", what, (unsigned long long)view.length,
                 PROVIDER_TEXT_MAX_BYTES);
    if (memchr(view.data, 0, (size_t)view.length)) ORT_FAIL(PLUGIN, "%s has a zero byte inside", what);
    return orti_arena_string(arena, view.data, (size_t)view.length, out);
}

ort_status *orti_check_view(orti_arena *arena, ort_string_view view, const char *what, ort_string_view *out) {
    const char *text = NULL;
    ORT_TRY(orti_check_text(arena, view, what, &text));
    *out = (ort_string_view){text, strlen(text)};
    return NULL;
}

ort_status *orti_check_flags(uint32_t flags, const char *what) {
    if (!(flags & HIGH_FLAGS)) return NULL;
    ORT_FAIL(UNSUPPORTED, "%s has the flags 0x%x, which this version must know and does not", what, flags & HIGH_FLAGS);
}

ort_status *orti_check_extensions(const ortp_ext *next, const char *what) {
    for (uint32_t count = 0; next; next = next->next, count++) {
        if (next->size < sizeof *next || count > 1000) ORT_FAIL(PLUGIN, "%s has a broken chain of extensions", what);
        if (next->kind & ORTP_EXT_MUST)
            ORT_FAIL(UNSUPPORTED, "%s has the extension 0x%x, which this version must know and does not", what,
                     next->kind);
    }
    return NULL;
}

ort_status *orti_give_struct(void *out, const void *full, uint32_t size_bytes, uint32_t minimum_bytes,
                             const char *what) {
    uint32_t capacity = 0;
    memcpy(&capacity, out, sizeof capacity);
    if (capacity < minimum_bytes)
        ORT_FAIL(INVALID_ARGUMENT, "%s: `size` is %u, at least %u are needed", what, capacity, minimum_bytes);
    uint32_t written = capacity < size_bytes ? capacity : size_bytes;
    memcpy(out, full, written);
    memcpy(out, &written, sizeof written);
    return NULL;
}

ort_status *orti_breach(const orti_instance *instance, const char *function, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ort_status *status = orti_status_create_v(ORT_CODE_PLUGIN, __FILE__, __LINE__, fmt, args);
    va_end(args);
    return ORT_NOTE(status, "provider '%s': %s", instance->provider->manifest.name, function);
}
