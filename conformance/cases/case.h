/* cases/case.h: one folder of data to a verdict, through the core, with the watch in the middle.
 * Front door: ortc_case_run() and ortc_case_finish() of suite/suite.h. This header is for the files of this room.
 *
 * The vehicle (environment, watch) is made for the first case of a process and kept; a session lives for one case. */
#ifndef ORTC_CASES_CASE_H
#define ORTC_CASES_CASE_H

#include "judge/judge.h"
#include "suite/suite.h"
#include "watch/watch.h"

#include <jansson.h>

#define ORTC_CASE_VALUES_MAX 256u

/* What case.json says; a folder without one is a foreign suite's. */
typedef struct ortc_notes {
    json_t *json; /* NULL: there is none */
    ortc_tolerance tolerance;
    const char *op;         /* "" when not said; borrow: json */
    const char *error_code; /* the model must be refused with it; "": it must run */
} ortc_notes;

/* False: the case is broken, and says why in the context. */
bool ortc_notes_read(ortc_context *context, ortc_notes *out);
void ortc_notes_finish(ortc_notes *notes);

/* What all cases of a process share. */
typedef struct ortc_vehicle {
    ort_environment *environment;
    ort_options *options;
    ortc_watch *watch;
} ortc_vehicle;
/* NULL: a rule is broken, and the context says which. `level`: 3 has the passes off, so that nothing is folded away. */
const ortc_vehicle *ortc_vehicle_get(ortc_context *context, uint32_t level);

/* What the watch found broken. */
void ortc_findings_take(ortc_context *context, const ortc_watch *watch);

/* Runs every data set of the folder in one session and compares. NULL, or the status of the run that failed. */
ort_status *ortc_sets_run(ortc_context *context, const ortc_notes *notes, ort_session *session);

/* Judges who did the work, and writes the coverage. False: declined. */
bool ortc_place_judge(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle,
                      const ort_session *session);
/* Whether somebody else was given a node. */
bool ortc_place_is_shared(const ort_session *session);
/* The coverage and reason of a case that no session could be made for. */
void ortc_place_declined(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle, const char *why);

#endif
