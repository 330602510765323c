/* suite/worker.h: the process that runs cases, seen from both sides.
 *
 * A worker is this program again with --worker. It reads a line for each case from ORTC_WORKER_IN, "ID\n" or
 * "ID\tFOLDER\n", and writes JSON lines to ORTC_WORKER_OUT: {"begin": id}, then {"end": id, "verdict": ...}. End of
 * input ends it, after {"bye": true}. Its standard output and error are a file of the controller's. */
#ifndef ORTC_SUITE_WORKER_H
#define ORTC_SUITE_WORKER_H

#include "suite/cases.h"

#define ORTC_WORKER_IN  3
#define ORTC_WORKER_OUT 4

/* The worker's main function: the exit code. */
int ortc_worker_run(const ortc_levels *levels, const ortc_subject *subject);
/* The end of a process that judged cases: closes what was kept and compares with `first`, as it was before them. */
void ortc_cases_end(const ortc_levels *levels, const ortc_subject *subject, ortc_process *first, ortc_context *out);
/* Runs one case in this process. */
void ortc_case_judge(const ortc_levels *levels, const ortc_subject *subject, const ortc_check *check,
                     const char *folder, ortc_context *out);

/* The controller's side of one worker. */
typedef struct ortc_worker {
    int pid; /* 0: none */
    int in, out, output_file;
    char *buffer;
    size_t used, capacity;
} ortc_worker;

/* Starts argv with --worker added. False: the machine refused, errno says why. */
bool ortc_worker_start(const ortc_settings *settings, ortc_worker *out);
bool ortc_worker_send(ortc_worker *worker, const ortc_case *item);
/* No more cases: it may end. */
void ortc_worker_release(ortc_worker *worker);
/* Reads what is there; false at the end of the stream. */
bool ortc_worker_receive(ortc_worker *worker);
/* The next record, or NULL: none is complete. json_decref it. */
json_t *ortc_worker_next(ortc_worker *worker);
typedef struct ortc_printed {
    int64_t size_bytes;
    char tail[400];       /* the last of it, in one line */
    bool is_of_sanitizer; /* a sanitizer's report is in it */
} ortc_printed;
/* Kills its process group, if `kill_it`, waits for it and closes everything. Returns waitpid's status. */
int ortc_worker_stop(ortc_worker *worker, bool kill_it, ortc_printed *out_printed);
/* Kills the group and nothing else: for signal time. */
void ortc_worker_kill(const ortc_worker *worker);

#endif
