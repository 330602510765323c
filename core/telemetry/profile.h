/* telemetry/profile.h: spans of time, collected from any thread, given out as a Chrome trace.
 * Start at: orti_profile_create(), orti_profile_add().  Used by: run, session.  Threads: any. */
#ifndef ORT_CORE_TELEMETRY_PROFILE_H
#define ORT_CORE_TELEMETRY_PROFILE_H

#include "base/text.h"

typedef struct orti_profile orti_profile;

/* Keeps at most `span_limit` spans; later ones are counted and dropped. */
ORT_MUST_USE ort_status *orti_profile_create(const orti_allocator *alloc, uint32_t span_limit, orti_profile **out);
void orti_profile_destroy(orti_profile *profile); /* takes NULL */
void orti_profile_clear(orti_profile *profile);
/* `kind` becomes the category ("run", "partition", "kernel", "copy", "core"); both are copied. `track` tells rows
 * apart: the runs of one binding. Times are of orti_clock_ns. What doesn't fit in memory is dropped, too. */
void orti_profile_add(orti_profile *profile, const char *kind, const char *name, size_t name_length, uint32_t track,
                      uint64_t begin_ns, uint64_t end_ns);
/* {"displayTimeUnit":"ns","traceEvents":[{"name","cat","ph":"X","ts","dur","pid","tid"}...]}; times in microseconds
 * since the first span. */
ORT_MUST_USE ort_status *orti_profile_json(orti_profile *profile, orti_text *text);

#endif
