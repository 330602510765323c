/* watch/inner.h: shared by the files of this room. Start at: `ortc_middle`. */
#ifndef ORTC_WATCH_INNER_H
#define ORTC_WATCH_INNER_H

#include "watch/watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct watch_node {
    ortc_watch_node facts;
    _Atomic uint64_t run_count;
    struct watch_node *next;
} watch_node;

/* A proposal from propose to compile. */
typedef struct watch_claim {
    struct watch_claim *next;
    ortp_instance *instance;
    uint64_t epoch, token;
    uint32_t device, node_count;
    bool is_deterministic;
    watch_node *nodes[];
} watch_claim;

typedef struct watch_plugin {
    struct watch_plugin *next;
    ortp_plugin *plugin;
    ortp_host host; /* the core's, with tables of ours */
} watch_plugin;

#define WATCH_DEVICES 16u
typedef struct watch_instance {
    struct watch_instance *next;
    ortp_instance *instance;
    uint32_t device_flags[WATCH_DEVICES];
} watch_instance;

typedef struct watch_buffer {
    struct watch_buffer *next;
    ortp_buffer *buffer;
    uint32_t device, space;
    uint64_t align_bytes;
} watch_buffer;

struct ortc_watch {
    _Atomic uint32_t flags;
    ortp_plugin_table subject;
    ortp_memory_table memory;
    ortp_queue_table queue;
    ortp_claim_table claim;
    ortp_program_table program;
    ortp_entry_fn entry;
    const ortp_host_core *core; /* of the host: static, the same for every environment of the process */
    const ortp_host_graph *graph;
    const ortp_host_output *output;
    const ortp_host_exec *exec;

    pthread_mutex_t lock; /* of all below, but what is atomic */
    ortc_cut cut;
    uint64_t seed;
    const char *const *hidden;
    uint32_t hidden_count;
    watch_node *nodes, **last_node;
    uint32_t node_count;
    watch_claim *claims;
    watch_plugin *plugins;
    watch_instance *instances;
    watch_buffer *buffers;
    ortc_watch_finding findings[ORTC_WATCH_FINDINGS];
    uint32_t finding_count;
    _Atomic uint64_t programs, runs, launches, copies, copied_bytes, allocations, live_blocks, live_buffers;
    _Atomic uint64_t fail_at; /* of `allocations`; 0: none */
    _Atomic uint32_t give_up; /* ortc_give_up */
};

/* The one watch of the process, and the tables that the core is given: they have to live for ever. */
extern ortc_watch *ortc_middle;
extern const ortp_claim_table ortc_watch_claims;
extern const ortp_program_table ortc_watch_programs;

/* Takes the first two findings of a rule; more say nothing new. threads: any. */
void ortc_watch_note(const char *rule, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A status of the subject's host, for what the watch itself can't do. */
ort_status *ortc_watch_out_of_memory(void);
/* True while the calling thread is inside a run of the subject's that may not allocate. */
extern _Thread_local bool ortc_watch_in_run;

const watch_instance *ortc_watch_instance_find(const ortp_instance *instance);
bool ortc_watch_buffer_find(const ortp_buffer *buffer, watch_buffer *out);

/* Ends the claim's stay in the list; NULL: there is none. The caller frees it. */
watch_claim *ortc_watch_claim_take(const ortp_instance *instance, uint64_t epoch, uint64_t token);
void ortc_watch_claims_drop(const ortp_instance *instance);

/* ---- programs, plans, bindings: the watch's own, each around the subject's ---- */

struct ortp_program {
    ortp_program *real; /* the subject's: never looked into */
    ortp_instance *instance;
    watch_claim *claim; /* NULL: not known */
    uint32_t input_count, output_count;
    bool is_host_addressable;
};

struct ortp_plan {
    ortp_plan *real;
    ortp_program *program;
    ortp_plan_info info;
    bool is_plain; /* inputs are donated or shared: repeating a run would not be the same run */
};

/* A stand-in for a tensor argument: its bytes between two guards. */
typedef struct watch_cell {
    uint64_t size_bytes, head_bytes; /* head: the guard before; one of WATCH_TAIL behind */
    unsigned char *block;            /* head, body, tail: the memory itself, or the image of a device's */
    ortp_buffer *buffer;             /* NULL: of the host */
    ortp_tensor_arg arg;             /* what the subject is given */
} watch_cell;
#define WATCH_TAIL 256u

/* What a run told of an output. */
typedef struct watch_told {
    bool is_told;
    uint32_t rank;
    int64_t dims[32];
} watch_told;

struct ortp_outputs {
    ortp_outputs *real;
    ortp_binding *binding;
    bool is_guarded; /* told outputs come from cells */
};

typedef struct watch_output {
    ortp_tensor_arg real; /* where the core wants it; size 0 for one whose size the run tells */
    watch_cell cells[2];
    unsigned char *first; /* the first run's answer */
    uint64_t first_bytes;
    watch_told told;
    bool is_guarded;
} watch_output;

typedef struct watch_input {
    ortp_tensor_arg arg;
    unsigned char *before;
} watch_input;

struct ortp_binding {
    ortp_binding *real;
    ortp_plan *plan;
    bool is_guarded, is_told_changed, is_again; /* is_again: the inputs are those of the run before */
    uint32_t input_count, output_count, set;    /* set: which cells are bound */
    watch_input *inputs;
    watch_output *outputs;
    watch_cell workspace;
    ortp_tensor_arg *args; /* room for input_count + output_count */
    ortp_outputs told;
    ortp_timeline *timeline; /* NULL until a queue needs it */
    uint64_t value;
};

/* ---- cell.c ---- */

/* `like`: the argument to stand in for. align_bytes: of the body. False: no memory. */
bool ortc_cell_create(ortp_instance *instance, const ortp_tensor_arg *like, uint64_t align_bytes, watch_cell *out);
void ortc_cell_finish(ortp_instance *instance, watch_cell *cell);
unsigned char *ortc_cell_body(const watch_cell *cell);
/* Guards anew, the body full of `byte`. */
ort_status *ortc_cell_fill(ortp_binding *binding, ortp_queue *queue, watch_cell *cell, unsigned char byte);
/* Brings what the device wrote into the image. */
ort_status *ortc_cell_fetch(ortp_binding *binding, ortp_queue *queue, watch_cell *cell);
/* Notes a broken guard as `rule`. */
void ortc_cell_check(const ortp_binding *binding, const watch_cell *cell, const char *rule, const char *what,
                     uint32_t index);
/* One copy, done on return. */
ort_status *ortc_watch_transfer(ortp_binding *binding, ortp_queue *queue, const ortp_copy *copy);
/* The next point of the binding's own timeline; NULL timeline: the queue is inline and wants none. */
ort_status *ortc_watch_point(ortp_binding *binding, ortp_queue *queue, ortp_point *out);

/* The caller's word in the form that ORTC_GIVE_UP_* asks for: changes `args`. */
void ortc_watch_give_up_apply(ortp_run_args *args);

/* ---- run.c ---- */

ort_status *ortc_watch_run(ortp_binding *binding, const ortp_run_args *args);
ort_status *ortc_watch_provide(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                               uint64_t size_bytes, ortp_tensor_arg *out);
/* "Add 'a' and 2 more", into `text`; returns it. */
const char *ortc_watch_title(const ortp_program *program, char *text, size_t text_bytes);
/* The args of bind and rebind around the arguments in force. */
ortp_bind_args ortc_watch_bind_args(ortp_binding *binding);

#endif
