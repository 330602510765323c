/* graphs/fault.h: the checks of level 5, for their one table. */
#ifndef ORTC_GRAPHS_FAULT_H
#define ORTC_GRAPHS_FAULT_H

#include "suite/suite.h"

/* fault.c */
void ortc_check_inputs(ortc_context *context);
void ortc_check_cancel(ortc_context *context);
void ortc_check_deadline(ortc_context *context);
void ortc_check_host_memory(ortc_context *context);
void ortc_check_device_memory(ortc_context *context);
/* threads.c */
void ortc_check_one_session(ortc_context *context);
void ortc_check_many_shapes(ortc_context *context);
void ortc_check_many_sessions(ortc_context *context);
void ortc_check_asynchronous(ortc_context *context);
void ortc_check_cancel_between(ortc_context *context);
/* endure.c */
void ortc_check_runs(ortc_context *context);
void ortc_check_sessions(ortc_context *context);
void ortc_check_environments(ortc_context *context);

#endif
