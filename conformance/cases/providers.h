/* cases/providers.h: the subject as the configuration key "providers" names it.  Used by: cases, graphs.  Threads: any.
 */
#ifndef ORTC_CASES_PROVIDERS_H
#define ORTC_CASES_PROVIDERS_H

#include "suite/suite.h"

/* A JSON list of one object: the watch, the subject's device, its options. The caller frees it; NULL: no memory. */
char *ortc_providers_text(const ortc_subject *subject);

#endif
