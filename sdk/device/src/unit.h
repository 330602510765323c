/* sdk/device/src/unit.h: what the device kit's files share.
 * A unit is an opened device with its images; a launch is a kernel's share of a step; a job is work on a queue. */
#ifndef ORTK_DEVICE_UNIT_H
#define ORTK_DEVICE_UNIT_H

#include "ort/sdk/device.h"
#include "program.h"
#include "timeline.h"

#include <pthread.h>

/* The context of every instance of a device provider. */
typedef struct ortk_unit {
    const ortp_host *host;
    const ortk_driver *driver;
    ortk_device *device;
    ortk_limits limits;
    pthread_mutex_t mutex; /* over images and uploads */
    ortk_image **images;   /* by variant; NULL: not loaded yet */
    ortk_stream *uploads;
} ortk_unit;

static inline ortk_unit *ortk_unit_of(const ortp_instance *instance) {
    return instance->settings.context;
}
ort_status *ortk_unit_image(ortk_unit *unit, uint32_t variant, ortk_image **out);
/* Device memory filled with `data`; waits for the copy. blocking: yes. */
ort_status *ortk_unit_upload(ortk_unit *unit, const void *data, uint64_t size_bytes, ortk_memory **out);
void *ortk_unit_alloc(const ortk_unit *unit, size_t size_bytes); /* zeroed; NULL: none */
void ortk_unit_release(const ortk_unit *unit, void *memory);

/* ---- launches: what plan answers for a device ---- */
#define ORTK_ARG_CONTENTS 0x100u /* or-ed to an output's index: the known contents that belong there */
#define ORTK_ARG_TABLE    0x200u /* the launch's table */
typedef struct ortk_launch {
    struct ortk_launch *next;
    ortk_image *image; /* NULL: a copy of bytes from args[0] to args[1] */
    const ortk_variant *variant;
    uint32_t groups[3], params_bytes, arg_count;
    uint32_t args[ORTK_OPERANDS_MAX]; /* the step's inputs, then its outputs */
    unsigned char params[ORTK_PARAMS_BYTES_MAX];
    const void *table; /* bytes that plan computed and the kernel reads; lives as long as the plan. NULL: none */
    uint64_t table_bytes, table_offset; /* offset: in the plan's upload */
} ortk_launch;
/* Appends a launch of the variant `name`; params: `params_bytes` of 32-bit members. */
ort_status *ortk_launch_add(ortk_planner *planner, ortk_step_plan *step, const char *name, const uint32_t groups[3],
                            const void *params, size_t params_bytes, const uint32_t *args, uint32_t arg_count);
/* The same with one work-item for each of `count` elements. */
ort_status *ortk_launch_each(ortk_planner *planner, ortk_step_plan *step, const char *name, int64_t count,
                             const void *params, size_t params_bytes, const uint32_t *args, uint32_t arg_count);
/* Gives the launch added last its table. */
void ortk_launch_table(ortk_step_plan *step, const void *table, uint64_t size_bytes);
ort_status *ortk_launch_move(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out);

/* ---- bytes that the host knows, brought to the device once ---- */
typedef struct ortk_upload {
    ortk_memory *memory; /* NULL: nothing was needed */
    uint64_t *offsets;   /* by value; UINT64_MAX: not there */
} ortk_upload;

/* Records what a binding runs. */
ort_status *ortk_record(const ortp_plan *plan, const ortp_bind_args *args, ortk_sequence **out);

/* ---- jobs ---- */
typedef struct ortk_job {
    struct ortk_job *next;
    ortk_sequence *sequence; /* NULL: nothing to submit */
    ortp_point *waits;
    uint32_t wait_count, wait_capacity;
    ortp_point signal;
    const ortp_cancel *cancel;
    uint64_t deadline_ns, value;
    ort_status *failure;
    /* Host work before it is submitted and after it has ended well; may be NULL. `done` is the last that is heard of
     * the job before its point settles. */
    void (*before)(struct ortk_job *job);
    void (*after)(struct ortk_job *job);
    void (*done)(struct ortk_job *job);
    ortp_span *span;
    const uint32_t *nodes;
    uint64_t node_count;
} ortk_job;
/* Takes the job until its point settles. When it fails, the job was not taken. */
ort_status *ortk_queue_submit(ortp_queue *queue, ortk_job *job, const ortp_order *order);
/* Room for so many waits, so that submitting asks for no memory. */
ort_status *ortk_job_reserve(const ortk_unit *unit, ortk_job *job, uint32_t wait_count);
void ortk_job_finish(const ortp_host *host, ortk_job *job);

#endif
