/* graphs/rig.h: an environment with the watch in it, as levels 4 to 6 need it: made for one check, gone after it. */
#ifndef ORTC_GRAPHS_RIG_H
#define ORTC_GRAPHS_RIG_H

#include "suite/suite.h"
#include "watch/watch.h"

#define ORTC_RIG_ENVIRONMENTS 2u

typedef struct ortc_rig {
    ortc_context *context;
    ortc_watch *watch;
    ort_environment *environments[ORTC_RIG_ENVIRONMENTS];
    ort_options *options; /* the subject through the watch, others allowed to help */
} ortc_rig;

/* The watch alone; environments are opened by the next call. watch_flags: ORTC_WATCH_*. False: the context says why. */
bool ortc_rig_open(ortc_context *context, uint32_t watch_flags, ortc_rig *out);
/* environments[index], with one lane of so many threads. */
bool ortc_rig_environment(ortc_rig *rig, uint32_t index, uint32_t thread_count);
void ortc_rig_close_environment(ortc_rig *rig, uint32_t index);
/* Closes all, and takes the watch's findings over. */
void ortc_rig_close(ortc_rig *rig);

/* True when `status` is NULL; else the rule is broken, with its text behind `what`. status: take. */
bool ortc_is_good(ortc_context *context, const char *rule, const char *what, ort_status *status);
/* Options that name other providers than the rig's: "[\"cpu\"]". */
ort_status *ortc_options_for(const char *providers, ort_options **out);
/* Findings of the watch as failures, "`what`: ..." each, and forgotten. */
void ortc_rig_take_findings(ortc_rig *rig, const char *what);

#endif
