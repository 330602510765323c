/* suite/control.h: runs the selected cases in workers. */
#ifndef ORTC_SUITE_CONTROL_H
#define ORTC_SUITE_CONTROL_H

#include "suite/cases.h"

/* Called when a case has its verdict. */
typedef void (*ortc_done_fn)(void *user, const ortc_case *item);

/* Every selected case has a result afterwards. Returns 0, an exit code when no worker can be started, or 128 + the
 * number of the signal that ended it. Bounded: after ORTC_DISASTERS_MAX crashes and timeouts the rest is not run, and
 * fails. */
#define ORTC_DISASTERS_MAX 64u
int ortc_control_run(const ortc_settings *settings, ortc_cases *cases, ortc_done_fn done, void *user);

#endif
