/* watch/watch.h: the plugin in the middle. It opens the subject and is registered with the core in its place; every
 * call goes through it to the subject, is counted, and is checked on the way, so that nothing rests on the core's word.
 * Start at: ortc_watch_create(), ortc_watch_register().  Used by: cases, graphs.
 *
 * Handles of instances, buffers, queues and timelines are the subject's own. The tables that the core is given have no
 * place for a word of ours, so there is one watch a process, kept in statics; it serves any number of environments and
 * sessions, from any thread. What it is told (cut, guard) counts for sessions made afterwards.
 * While guarded, work is done one piece at a time: run and copy return when their point has settled. Runs are then made
 * by ort_session_run or ort_binding_run, not asynchronously. */
#ifndef ORTC_WATCH_WATCH_H
#define ORTC_WATCH_WATCH_H

#include "ort/ort.h"
#include "ort/plugin/plugin.h"

#include <stdbool.h>

#define ORTC_WATCH_ID   "org.orthrus.conformance.watched"
#define ORTC_WATCH_NAME "watched" /* what "providers" takes */

typedef struct ortc_watch ortc_watch;

/* How much of a graph the subject is shown at once. */
typedef enum ortc_cut {
    ORTC_CUT_NONE,   /* all of it */
    ORTC_CUT_EACH,   /* every node is proposed alone */
    ORTC_CUT_GROUPS, /* three groups by seed, one after the other */
    ORTC_CUT_HIDE    /* about half of the nodes, by seed; the others are declined in its name */
} ortc_cut;

#define ORTC_WATCH_GUARD  0x1u /* edges of outputs and workspace, inputs, completeness */
#define ORTC_WATCH_REPEAT 0x2u /* with GUARD: each run is done again at other addresses on memory of other contents */

typedef struct ortc_watch_options {
    const char *library_path; /* the subject, or */
    ortp_entry_fn entry;      /* its entry, when it is linked in; library_path is then NULL */
    uint32_t flags;           /* ORTC_WATCH_* */
} ortc_watch_options;

/* False: `why` says what the library, its entry or the system refused. The library stays loaded for good. */
bool ortc_watch_create(const ortc_watch_options *options, ortc_watch **out, char *why, size_t why_bytes);
void ortc_watch_destroy(ortc_watch *watch); /* every environment it was registered in is gone; NULL: nothing */
/* Before the environment's first session. The subject itself may be in the environment too, under its own id. */
ORT_MUST_USE ort_status *ortc_watch_register(ortc_watch *watch, ort_environment *environment);

void ortc_watch_set_flags(ortc_watch *watch, uint32_t flags);
void ortc_watch_set_cut(ortc_watch *watch, ortc_cut cut, uint64_t seed);
/* Nodes of these names and operator types are hidden as well. Borrow: until set anew. */
void ortc_watch_set_hidden(ortc_watch *watch, const char *const *names, uint32_t name_count);

/* ---- what happened ---- */

#define ORTC_NODE_PROPOSED 0x01u
#define ORTC_NODE_DECLINED 0x02u
#define ORTC_NODE_HIDDEN   0x04u
#define ORTC_NODE_ACCEPTED 0x08u
#define ORTC_NODE_COMPILED 0x10u

/* A node that the subject was asked about, in the order of asking. Nodes are the same when name, operator and first
 * output are; state and counts add up over sessions. Texts: borrow, until forget or destroy. */
typedef struct ortc_watch_node {
    const char *name, *op_type, *domain, *output; /* output: the first one's name */
    uint32_t in_dtype, out_dtype;                 /* of the first input and output; ORT_DTYPE_NONE: there is none */
    uint32_t state;
    uint32_t decline_code;
    const char *decline_text; /* "" unless declined */
    bool is_deterministic;    /* its last proposal said so */
    uint64_t run_count;       /* runs of programs that hold it and succeeded: the proof that it ran there */
} ortc_watch_node;
uint32_t ortc_watch_node_count(const ortc_watch *watch);
ortc_watch_node ortc_watch_node_get(const ortc_watch *watch, uint32_t index);
/* The runs of the node of this name, of all of them when several have it the fewest; 0: none. */
uint64_t ortc_watch_runs_of(const ortc_watch *watch, const char *name);

typedef struct ortc_watch_totals {
    uint64_t programs, runs, launches; /* launches: calls of run, the repeated ones too */
    uint64_t copies, copied_bytes;
    uint64_t allocations, live_blocks; /* of the host's memory */
    uint64_t live_buffers;
} ortc_watch_totals;
ortc_watch_totals ortc_watch_count(const ortc_watch *watch);

/* A rule of suite/rules.def that was broken, and how. The first ORTC_WATCH_FINDINGS are kept. */
#define ORTC_WATCH_FINDINGS 16u
typedef struct ortc_watch_finding {
    const char *rule; /* static */
    char text[512];
} ortc_watch_finding;
uint32_t ortc_watch_finding_count(const ortc_watch *watch);
const ortc_watch_finding *ortc_watch_finding_get(const ortc_watch *watch, uint32_t index); /* borrow: until forget */
/* When every environment is gone: what the subject still holds of them becomes a finding. */
void ortc_watch_expect_empty(ortc_watch *watch);
/* Forgets nodes, counts and findings. No session is alive. */
void ortc_watch_forget(ortc_watch *watch);

/* ---- faults ---- */

/* The `nth` allocation from the host from now on fails (1: the next); 0: none does. */
void ortc_watch_fail_alloc(ortc_watch *watch, uint64_t nth);

/* How the caller of every run has given up, in the subject's eyes; the core knows nothing of it. */
typedef enum ortc_give_up {
    ORTC_GIVE_UP_NOT,
    ORTC_GIVE_UP_CANCEL,  /* is_cancelled says yes */
    ORTC_GIVE_UP_DEADLINE /* the deadline is long over */
} ortc_give_up;
void ortc_watch_give_up(ortc_watch *watch, ortc_give_up how);

#endif
