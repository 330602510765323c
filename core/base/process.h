/* base/process.h: one short-lived child program, with a deadline.
 * Start at: orti_process_run().  Used by: providers (probing plugins).  Threads: any. */
#ifndef ORT_CORE_BASE_PROCESS_H
#define ORT_CORE_BASE_PROCESS_H

#include "base/text.h"

typedef enum orti_process_end {
    ORTI_PROCESS_EXITED, /* value: its exit status */
    ORTI_PROCESS_KILLED, /* value: the signal that ended it */
    ORTI_PROCESS_TIMED_OUT
} orti_process_end;

/* Starts `arguments[0]` (a path) with arguments and this process's environment. Its file descriptor 3 is a pipe, whose
 * bytes (at most `limit_bytes`, the rest is thrown away) are added to `text`; standard input, output and error are
 * /dev/null. Returns when it has ended; after `timeout_ns` it is killed, with what it started in its process group.
 * errors: IO when it can't be started. */
ORT_MUST_USE ort_status *orti_process_run(const char *const *arguments, uint64_t timeout_ns, size_t limit_bytes,
                                          orti_text *text, orti_process_end *out_end, int *out_value);

#endif
