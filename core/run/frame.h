/* run/frame.h: a script that is being run: frames and their commands. Used by the files of this room alone. */
#ifndef ORT_CORE_RUN_FRAME_H
#define ORT_CORE_RUN_FRAME_H

#include "run/inner.h"

#define SEGMENT_RUN_COUNT 2u /* runs that a segment keeps in one frame */

typedef struct run_frame run_frame;
typedef struct run_loop run_loop;

/* How the core runs a node: by one call on whole values, or by entering its bodies. */
typedef struct core_operator {
    const char *domain, *name;
    /* inputs: NULL where left out; borrowed. outputs: NULL on entry, and in the end a reference each, also after a
     * failure as far as they were made. */
    ort_status *(*run)(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
    /* Where `run` is NULL. One that enters a body says so by what it leaves in `execution->frame`; it is resumed when
     * the body is over, with the body's outputs in its frame. */
    ort_status *(*begin)(orti_execution *execution, run_frame *frame, const orti_command *command);
    ort_status *(*resume)(orti_execution *execution, run_frame *frame, const orti_command *command);
} core_operator;

/* A command's own in a frame. */
typedef struct run_place {
    orti_run *runs[SEGMENT_RUN_COUNT]; /* of a segment: the last one used is first */
    orti_tensor **inputs;              /* of a segment: room for them */
    orti_datum **operands;             /* of a node: room for inputs, then outputs */
    const core_operator *core;         /* of a node */
    run_frame **bodies;                /* made when first entered */
    uint32_t entered;                  /* the one that was entered last */
    run_loop *loop;                    /* of a node that goes around */
    uint64_t begin_ns;                 /* of a node in a profiled run */
} run_place;

/* A graph that was entered. */
struct run_frame {
    const orti_script *script;
    run_frame *parent; /* NULL: the session's graph */
    uint32_t next;     /* the next command */
    bool is_inside;    /* it has begun, and entered a body */
    orti_datum **slots;
    run_place *places; /* by command */
};

struct orti_execution {
    const orti_allocator *alloc;
    const orti_script *script;
    ortp_lane *lane;
    orti_run_counters *counters;
    uint64_t memory_bytes; /* of the runs it keeps */
    orti_arena arena;
    orti_run *run;                   /* of a plain script; else NULL */
    orti_tensor **tensors;           /* of a plain script: room for its inputs */
    orti_datum **inputs;             /* set by the caller */
    orti_tensor **bound;             /* outputs set by the caller */
    orti_datum **outputs;            /* of the last run */
    orti_tensor *yes;                /* true: the condition of a Loop without one */
    run_frame *root, *frame;         /* frame: the one that goes on; NULL: all is over */
    const orti_run_request *request; /* of the run in flight */
    /* An asynchronous run. */
    bool is_async;
    orti_run_request own_request;
    orti_worker *driver;
    orti_worker_task task;
    orti_run_done_fn done;
    void *user;
    orti_run *parked; /* the segment that it waits for */
};

/* ---- frame.c ---- */
ORT_MUST_USE ort_status *orti_frame_create(orti_execution *execution, const orti_script *script, run_frame *parent,
                                           run_frame **out);
void orti_execution_drop(orti_execution *execution, orti_run *run);  /* destroys a run that it keeps; takes NULL */
void orti_frame_finish(orti_execution *execution, run_frame *frame); /* bodies included; takes NULL */
/* Lets all values go that are not constants; loops that were left halfway too. */
void orti_frame_clear(run_frame *frame);
/* `datum`: taken. */
void orti_frame_put(run_frame *frame, uint32_t slot, orti_datum *datum);
orti_datum *orti_frame_get(const run_frame *frame, uint32_t slot); /* borrow; NULL for ORTI_NONE */
/* Enters body `index` of the frame's next command: it is empty but for what it captures. *out gets its formal inputs
 * from the caller. */
ORT_MUST_USE ort_status *orti_frame_enter(orti_execution *execution, run_frame *frame, uint32_t index, run_frame **out);
/* A run of the plan that fits these inputs. */
ORT_MUST_USE ort_status *orti_segment_run_make(orti_execution *execution, orti_schedule *schedule,
                                               orti_tensor *const *inputs, orti_run **out);
/* The run of a segment for the inputs in the frame, ready to be executed. */
ORT_MUST_USE ort_status *orti_segment_begin(orti_execution *execution, run_frame *frame, orti_run **out);
/* Puts what it made into the frame. */
ORT_MUST_USE ort_status *orti_segment_end(run_frame *frame, orti_run *run);

/* ---- operators.c ---- */
/* UNSUPPORTED: none. */
ORT_MUST_USE ort_status *orti_core_operator_find(const orti_node *node, const core_operator **out);

/* ---- control.c ---- */
ORT_MUST_USE ort_status *orti_if_begin(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_if_resume(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_loop_begin(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_loop_resume(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_scan_begin(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_scan_resume(orti_execution *execution, run_frame *frame, const orti_command *command);
ORT_MUST_USE ort_status *orti_sequence_map_begin(orti_execution *execution, run_frame *frame,
                                                 const orti_command *command);
ORT_MUST_USE ort_status *orti_sequence_map_resume(orti_execution *execution, run_frame *frame,
                                                  const orti_command *command);
void orti_run_loop_clear(run_loop *loop);  /* takes NULL */
void orti_run_loop_finish(run_loop *loop); /* takes NULL */

#endif
