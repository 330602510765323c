/* suite/waivers.h: cases that may fail, each by its exact id and with one reason.
 *
 *     {"schema": 1, "waivers": [{"case": "L3/test_bernoulli", "rule": "run.correct", "reason": "...",
 *                                "until": "2027-06-30"}]}
 *
 * "rule" narrows it to one broken rule, "until" ends it. A waiver that names no case, whose case passes, or that has
 * expired is stale, and a stale waiver fails the run. One whose case was declined or not selected is only unused. */
#ifndef ORTC_SUITE_WAIVERS_H
#define ORTC_SUITE_WAIVERS_H

#include "suite/cases.h"

typedef struct ortc_waiver {
    char *id, *rule, *reason, *until; /* rule, until: "" when not given */
    const char *stale;                /* why it is; NULL: it is not */
    uint32_t level;                   /* of the id; 0 when it has none */
    bool is_used;
} ortc_waiver;

typedef struct ortc_waivers {
    ortc_waiver *items;
    uint32_t count, used_count, stale_count;
} ortc_waivers;

/* `path` NULL: none. Returns 0, or an exit code when the file is no such list. */
int ortc_waivers_load(const char *path, ortc_waivers *out);
/* After the run. `today`: "2026-01-31". */
void ortc_waivers_apply(ortc_waivers *waivers, ortc_cases *cases, const char *today);
void ortc_waivers_finish(ortc_waivers *waivers);

#endif
