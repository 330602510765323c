/* async.h: the objects of this plugin. The border names them (ort/plugin/types.h) and leaves them to the plugin.
 *
 * One lock and one condition per instance guard its timelines, queues, claims and counts. Whatever runs for long
 * (kernels, copies) or calls back (on_settled) runs outside of the lock. */
#ifndef ASYNC_H
#define ASYNC_H

#include <ort/plugin/plugin.h>

#include <pthread.h>
#include <stdbool.h>

enum { ASYNC_RANK_MAX = 8, ASYNC_WAITS_INSIDE = 8 };
#ifndef ASYNC_VERSION
#define ASYNC_VERSION "1.0.0" /* the build says it, from one place with the manifest */
#endif
#define ASYNC_ALIGN_BYTES  64u
#define ASYNC_MEMORY_BYTES (UINT64_C(1) << 30)

struct ortp_plugin {
    const ortp_host *host;
};

typedef struct async_claim async_claim;

struct ortp_instance {
    const ortp_host *host;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something settled, was queued, or has to stop */
    uint64_t live_bytes, peak_bytes, live_count;
    uint64_t job_count; /* queued and not settled */
    uint64_t last_token;
    async_claim *claims;
};

/* ---- plugin.c: what all files use ---- */

/* A status of this host. */
ort_status *async_fail(const ortp_host *host, ort_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
ort_status *async_out_of_memory(const ortp_host *host, const char *what);
/* Zeroed; NULL when the host has none. */
void *async_alloc(const ortp_host *host, uint64_t size_bytes);
void async_free(const ortp_host *host, void *memory);
/* Is this in-struct one that can be read: long enough, no flag and no extension that has to be understood and is not?
 */
ort_status *async_check(const ortp_host *host, const char *what, uint32_t size, uint32_t least, uint32_t flags,
                        const ortp_ext *next);
/* Fills an out-struct of ours up to the size that its owner has room for. */
void async_give(void *out, const void *from, uint32_t size);
extern const ortp_plugin_table async_plugin_table;

/* ---- device.c ---- */

ort_status *async_device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason);
ort_status *async_device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out);

/* ---- timeline.c ---- */

/* Waits for a point. Part of the object that waits, or made by on_settled. */
typedef struct async_waiter {
    struct async_waiter *next;
    uint64_t value;
    ortp_settled_fn fn;
    void *user;
    ort_status *failure; /* while it is being told */
    bool is_made;        /* to be freed once told */
} async_waiter;

/* Values first .. last failed. */
typedef struct async_failure {
    struct async_failure *next;
    uint64_t first, last;
    ort_status *status;
} async_failure;

struct ortp_timeline {
    ortp_instance *instance;
    uint64_t settled; /* every value up to it */
    async_failure *failures;
    async_failure for_good; /* used when no memory is left to note a failure: all from `first` on have failed */
    async_waiter *waiters;
};

/* The lock is held. *out_failure: borrow until the lock is given back. */
uint32_t async_point_look(ortp_point point, const ort_status **out_failure);
/* Settles every value up to `value`. failure: take; NULL: reached. The timeline may be gone when this returns. */
void async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);
/* Calls waiter->fn once the point has settled; now, if it has. */
void async_point_watch(const ortp_host *host, ortp_point point, async_waiter *waiter);
ort_status *async_timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out);
void async_timeline_destroy(ortp_timeline *timeline);
uint32_t async_point_state(ortp_point point, ort_status **out_failure);
ort_status *async_point_wait(ortp_point point, uint64_t timeout_ns);
ort_status *async_on_settled(ortp_point point, ortp_settled_fn fn, void *user);
ort_status *async_host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure);

/* ---- memory.c ---- */

/* Memory of the device. The host never sees `bytes`: it names a buffer and an offset. */
struct ortp_buffer {
    ortp_instance *instance;
    unsigned char *bytes;
    uint64_t size_bytes;
    void *mapping;
    uint64_t mapping_bytes;
    async_waiter release;
};

/* [offset, offset + size) of a buffer, or a failure that names `what`. */
ort_status *async_buffer_range(const ortp_host *host, const char *what, const ortp_buffer *buffer,
                               uint64_t offset_bytes, uint64_t size_bytes, unsigned char **out);
extern const ortp_memory_table async_memory_table;

/* ---- queue.c ---- */

/* A piece of work. Nothing of it is touched once its signal has settled: whoever owns it may destroy or reuse it then.
 */
typedef struct async_job {
    struct async_job *next;
    ort_status *(*work)(struct async_job *job);
    void (*destroy)(struct async_job *job); /* NULL: it belongs to somebody */
    const ortp_host *host;
    ortp_point *waits, inside[ASYNC_WAITS_INSIDE], signal;
    uint32_t wait_count, wait_capacity;
} async_job;

/* order: borrow. Queues the job. */
ort_status *async_queue_submit(ortp_queue *queue, async_job *job, const ortp_order *order);
void async_job_finish(async_job *job);
extern const ortp_queue_table async_queue_table;

/* ---- kernels.c ---- */

/* How a step walks: over the dimensions of its output, operands moving by `step` elements, 0 where they repeat. For a
 * product the dimensions are those of the batch. */
typedef struct async_walk {
    uint32_t rank;
    int64_t dims[ASYNC_RANK_MAX], step[2][ASYNC_RANK_MAX];
    int64_t m, n, k; /* of a product */
} async_walk;

/* `count` elements of one row. */
typedef struct async_row {
    const void *in[2];
    int64_t step[2];
    void *out;
    int64_t count;
} async_row;

typedef struct async_operator {
    const char *name;
    int32_t since_version;
    uint32_t input_count;
    void (*row_f32)(const async_row *row); /* NULL: a product */
    void (*row_i32)(const async_row *row); /* NULL: float32 alone */
    double cost_ns;                        /* for an element of the output, or for a product of two */
} async_operator;

typedef struct async_shape {
    uint32_t rank;
    int64_t dims[ASYNC_RANK_MAX];
} async_shape;

const async_operator *async_operator_find(ort_string_view name);
/* False when the operands' shapes don't make that output. */
bool async_walk_make(const async_operator *op, const async_shape *in, const async_shape *out, async_walk *walk);
void async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in, void *out);

/* ---- claim.c ---- */

struct async_claim {
    async_claim *next;
    uint64_t token, epoch;
    uint32_t node_count;
    uint32_t nodes[]; /* in the order in which they run */
};

/* Takes the claim out of the instance: a token is good for one compile. NULL: there is none. */
async_claim *async_claim_take(ortp_instance *instance, uint64_t token);
extern const ortp_claim_table async_claim_table;

/* ---- program.c, binding.c ---- */

typedef enum async_kind { ASYNC_INPUT, ASYNC_OUTPUT, ASYNC_CONSTANT, ASYNC_TEMPORARY } async_kind;

/* A value that steps read or write. */
typedef struct async_operand {
    uint32_t value;
    async_kind kind;
    ort_dtype dtype;
    ortp_buffer *constant;
} async_operand;

typedef struct async_step {
    const async_operator *op;
    uint32_t node, in[2], out; /* in, out: indexes of operands */
} async_step;

struct ortp_program {
    ortp_instance *instance;
    async_operand *operands; /* inputs, outputs, then the rest */
    async_step *steps;
    uint32_t input_count, output_count, operand_count, step_count;
};

/* What a plan adds to an operand. */
typedef struct async_place {
    async_shape shape;
    uint64_t size_bytes, offset_bytes; /* offset: of a temporary, in the workspace */
} async_place;

struct ortp_plan {
    ortp_program *program;
    async_place *places; /* by operand */
    async_walk *walks;   /* by step */
    uint64_t workspace_bytes;
};

ort_status *async_bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out);
ort_status *async_rebind(ortp_binding *binding, const ortp_bind_args *args);
void async_binding_destroy(ortp_binding *binding);
ort_status *async_run(ortp_binding *binding, const ortp_run_args *args);
extern const ortp_program_table async_program_table;

#endif
