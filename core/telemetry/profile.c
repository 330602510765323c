#include "telemetry/profile.h"

#include "base/lock.h"

#include <inttypes.h>
#include <string.h>

typedef struct profile_span {
    const char *kind, *name;
    size_t name_length;
    uint32_t track;
    uint64_t begin_ns, end_ns;
} profile_span;

struct orti_profile {
    const orti_allocator *alloc;
    orti_lock lock;
    orti_arena names;
    profile_span *spans;
    size_t count, capacity, limit;
    uint64_t dropped_count;
};

ort_status *orti_profile_create(const orti_allocator *alloc, uint32_t span_limit, orti_profile **out) {
    orti_profile *profile = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *profile, &profile));
    profile->alloc = alloc;
    profile->limit = span_limit;
    orti_lock_init(&profile->lock);
    orti_arena_init(&profile->names, alloc);
    *out = profile;
    return NULL;
}

void orti_profile_destroy(orti_profile *profile) {
    if (!profile) return;
    orti_lock_finish(&profile->lock);
    orti_arena_finish(&profile->names);
    orti_free(profile->alloc, profile->spans);
    orti_free(profile->alloc, profile);
}

void orti_profile_clear(orti_profile *profile) {
    orti_lock_take(&profile->lock);
    orti_arena_finish(&profile->names);
    profile->count = 0;
    profile->dropped_count = 0;
    orti_lock_give(&profile->lock);
}

static ort_status *span_add(orti_profile *profile, const profile_span *span) {
    profile_span copy = *span;
    ORT_TRY(orti_grow(profile->alloc, &profile->spans, &profile->capacity, profile->count + 1, sizeof copy));
    ORT_TRY(orti_arena_string(&profile->names, span->name, span->name_length, &copy.name));
    ORT_TRY(orti_arena_string(&profile->names, span->kind, strlen(span->kind), &copy.kind));
    profile->spans[profile->count++] = copy;
    return NULL;
}

void orti_profile_add(orti_profile *profile, const char *kind, const char *name, size_t name_length, uint32_t track,
                      uint64_t begin_ns, uint64_t end_ns) {
    const profile_span span = {kind, name, name_length, track, begin_ns, end_ns};
    orti_lock_take(&profile->lock);
    bool has_room = profile->count < profile->limit;
    ort_status *status = has_room ? span_add(profile, &span) : NULL;
    if (status || !has_room) profile->dropped_count++;
    orti_lock_give(&profile->lock);
    ort_status_destroy(status);
}

static void span_print(const profile_span *span, uint64_t origin_ns, orti_text *text) {
    orti_text_add(text, "{\"name\":\"");
    orti_text_add_escaped(text, span->name, span->name_length);
    orti_text_add(text, "\",\"cat\":\"%s\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":1,\"tid\":%u}", span->kind,
                  (double)(span->begin_ns - origin_ns) / 1000, (double)(span->end_ns - span->begin_ns) / 1000,
                  span->track);
}

ort_status *orti_profile_json(orti_profile *profile, orti_text *text) {
    uint64_t origin_ns = UINT64_MAX;
    orti_lock_take(&profile->lock);
    for (size_t i = 0; i < profile->count; i++)
        if (profile->spans[i].begin_ns < origin_ns) origin_ns = profile->spans[i].begin_ns;
    orti_text_add(text, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"dropped\":%" PRIu64 "},\"traceEvents\":[",
                  profile->dropped_count);
    for (size_t i = 0; i < profile->count; i++) {
        orti_text_add(text, "%s\n", i ? "," : "");
        span_print(&profile->spans[i], origin_ns, text);
    }
    orti_text_add(text, "]}\n");
    orti_lock_give(&profile->lock);
    return orti_text_status(text);
}
