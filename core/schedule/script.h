/* schedule/script.h: a graph as a list of commands: segments, each with a schedule of its own, and between them the
 * nodes that the core runs itself (docs/adr/0015-scripts.md).
 * Start at: orti_script_create().  Used by: run, session.
 * Threads: any on a finished script; it never changes.
 *
 * A segment is a stretch of the graph that can be planned as a whole. It ends where only a run can tell how to go on:
 * at If, Loop and Scan, at sizes that the data tells, and at contents that shapes depend on. Values between commands
 * are in numbered slots; the bodies of a node are scripts of their own. */
#ifndef ORT_CORE_SCHEDULE_SCRIPT_H
#define ORT_CORE_SCHEDULE_SCRIPT_H

#include "schedule/schedule.h"

typedef struct orti_script orti_script;

typedef struct orti_command {
    orti_schedule *schedule; /* of a segment; NULL: `node` is run by the core */
    const orti_node *node;   /* borrow: the graph */
    uint32_t input_count, output_count, body_count;
    uint32_t *inputs, *outputs; /* slots; ORTI_NONE where left out */
    orti_script **bodies;       /* in the order of orti_node_subgraph() */
    uint32_t *dropped;          /* slots that no later command reads */
    uint32_t dropped_count;
} orti_command;

typedef struct orti_script_constant {
    uint32_t slot;
    orti_tensor *tensor; /* borrow: the graph */
} orti_script_constant;

struct orti_script {
    orti_graph *graph; /* borrow */
    orti_command *commands;
    uint32_t command_count, slot_count, constant_count;
    uint32_t input_count, output_count, capture_count;
    uint32_t *outputs;  /* slots; the inputs' are 0, 1 ... */
    uint32_t *captures; /* of a body: slots of the script around it; the last inputs are these */
    orti_script_constant *constants;
    bool is_plain;       /* one segment that is the whole graph */
    const char *refusal; /* of a branch that makes no sense for what it captures: why it can't be entered; or NULL */
};

typedef struct orti_script_request {
    const orti_allocator *alloc;
    orti_arena *arena; /* the script lives in it */
    /* Schedules a segment, whose node i is nodes[i] of `graph`; `segment` is taken where it is not `graph` itself
     * (`nodes` is NULL then). *out is borrowed and outlives the script. */
    ort_status *(*compose)(void *user, orti_graph *segment, const orti_graph *graph, const orti_node_id *nodes,
                           orti_schedule **out);
    void *user;
} orti_script_request;

/* The graph is inferred and simplified. Bodies are closed: what they captured are inputs of theirs from now on. */
ORT_MUST_USE ort_status *orti_script_create(const orti_script_request *request, orti_graph *graph, orti_script **out);

#endif
