/* ort/plugin/queue.h: queues that take work and timelines that say when it is done.
 *
 * What depends on a failed point does not execute and fails its own points with the same status. Every point settles,
 * also after device loss. Buffers live until the points of the work that uses them settle. */
#ifndef ORT_PLUGIN_QUEUE_H
#define ORT_PLUGIN_QUEUE_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_QUEUE_INLINE  0x0001u /* works on the calling thread; everything is settled on return */
#define ORTP_QUEUE_ORDERED 0x0002u /* work starts in the order of submission */
#define ORTP_QUEUE_COPY    0x0004u /* for copies that overlap with other queues */

typedef struct ortp_queue_info {
    uint32_t size, flags;
    uint32_t device, reserved;
} ortp_queue_info;
#define ORTP_QUEUE_INFO_SIZE_0_0 16u

/* One copy of bytes; either side may be host memory (`host` set, buffer NULL). Ranges of one list don't overlap. */
typedef struct ortp_copy {
    uint32_t size, reserved;
    ortp_buffer *src_buffer;
    const void *src_host;
    uint64_t src_offset_bytes;
    ortp_buffer *dst_buffer;
    void *dst_host;
    uint64_t dst_offset_bytes;
    uint64_t size_bytes;
} ortp_copy;
#define ORTP_COPY_SIZE_0_0 64u

/* What a piece of work waits for and signals. */
typedef struct ortp_order {
    uint32_t size, wait_count;
    const ortp_point *waits; /* points of this instance's timelines */
    ortp_point signal;       /* settles when the work has; timeline NULL: none wanted (inline queues) */
} ortp_order;
#define ORTP_ORDER_SIZE_0_0 32u

/* `status` is NULL when the point was reached; borrowed for the call. Called once, from any thread, maybe before
 * on_settled returns; must not block. */
typedef void (*ortp_settled_fn)(void *user, const ort_status *status);

/* Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_queue_table {
    uint32_t size, reserved;
    /* flags: ORTP_QUEUE_* wished for; see describe for what came. errors: INVALID_ARGUMENT. out: create. */
    ort_status *(*create)(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out);
    void (*destroy)(ortp_queue *queue); /* blocking: until its work has settled. NULL: nothing */
    void (*describe)(const ortp_queue *queue, ortp_queue_info *out);
    /* Queues a list of copies, elements `stride` bytes apart. blocking: no (inline: for the copy). errors:
     * INVALID_ARGUMENT. */
    ort_status *(*copy)(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order);
    /* A timeline that begins at `initial_value`, which counts as reached. Signalled by queues and by the host. out:
     * create. */
    ort_status *(*timeline_create)(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out);
    void (*timeline_destroy)(ortp_timeline *timeline); /* none of its points is pending; NULL: nothing */
    /* ORTP_POINT_*; when failed and `out_failure` is not NULL, *out_failure: create. blocking: no. */
    uint32_t (*point_state)(ortp_point point, ort_status **out_failure);
    /* NULL when reached; the point's failure when failed; DEADLINE after `timeout_ns` (UINT64_MAX: never).
     * blocking: until deadline. errors: the point's own, DEADLINE. */
    ort_status *(*point_wait)(ortp_point point, uint64_t timeout_ns);
    /* On error fn is not called. */
    ort_status *(*on_settled)(ortp_point point, ortp_settled_fn fn, void *user);
    /* The host settles points itself: every value up to `value`. `failure`: take; NULL: reached. */
    ort_status *(*host_signal)(ortp_timeline *timeline, uint64_t value, ort_status *failure);
    /* Gives a timeline out for another plugin to wait on (kind: ORTP_SHARE_*). errors: UNSUPPORTED. */
    ort_status *(*timeline_export)(ortp_timeline *timeline, uint32_t kind, uint64_t *out_handle);
    /* Takes another plugin's timeline in. out: create. errors: UNSUPPORTED. */
    ort_status *(*timeline_import)(ortp_instance *instance, uint32_t kind, uint64_t handle, ortp_timeline **out);
} ortp_queue_table;
#define ORTP_QUEUE_TABLE_SIZE_0_0 104u

#ifdef __cplusplus
}
#endif

#endif
