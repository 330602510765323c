/* host/host.h: kernels compiled for the host, as work-groups that any thread can run.
 * Start at: ortk_host_image_find(), ortk_host_image_run().  Used by: sdk/sim and the tests.
 * Threads: any; a group runs on one thread from begin to end. */
#ifndef ORTK_DEVICE_HOST_H
#define ORTK_DEVICE_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Where a work-item stands. */
typedef struct ortk_work_item {
    uint32_t local[3], group[3], groups[3];
    void *fiber; /* in kernels with barriers */
} ortk_work_item;

typedef void (*ortk_item_fn)(const void *params, void *const *buffers, const ortk_work_item *self);
typedef void (*ortk_group_fn)(const void *params, void *const *buffers, const ortk_work_item *first);

/* A variant as the host runs it. */
typedef struct ortk_host_image {
    ortk_group_fn group;
    uint32_t params_bytes;
} ortk_host_image;

/* By the variant's index (ort/sdk/device.h); NULL: no such variant. */
const ortk_host_image *ortk_host_image_find(uint32_t variant);
/* All groups, one after the other. False when there was no memory for the work-items' stacks; nothing is written then.
 */
bool ortk_host_image_run(const ortk_host_image *image, const uint32_t groups[3], const void *params,
                         void *const *buffers);

/* For kernels with barriers: `count_x` * `count_y` work-items, each on a stack of its own. Called between
 * ortk_work_stacks_take and _give of this thread. */
void ortk_work_group_run(ortk_item_fn item, const void *params, void *const *buffers, const ortk_work_item *first,
                         uint32_t count_x, uint32_t count_y);
/* The barrier: all others of the group come here first. */
void ortk_work_item_yield(const ortk_work_item *self);
/* The group's own memory from `offset_bytes` on: the same for all its work-items, with anything in it. */
void *ortk_work_shared(const ortk_work_item *self, uint32_t offset_bytes);
/* Stacks of this thread; false: none to be had. */
bool ortk_work_stacks_take(void);
void ortk_work_stacks_give(void);

#endif
