/* cpu/ops/copy.h: moving boxes of elements, the whole work of Transpose, Slice, Concat, Pad and their like.
 *
 * A box is a nest of loops with a stride for the source and one for the destination; strides of the source may be
 * negative or 0. A list of boxes is one step. Only the size of an element matters.
 *
 *     ortcpu_copy_list *list = ortcpu_copy_create(planner, capacity, bytes);
 *     ortcpu_copy_add(list, &box);                     for each box; at most `capacity`
 *     ortcpu_copy_plan(list, step);
 *
 * Threads: as the kit's plan and run. */
#ifndef ORTCPU_OPS_COPY_H
#define ORTCPU_OPS_COPY_H

#include "ort/sdk/broadcast.h"
#include "ort/sdk/kernel.h"

#define ORTCPU_COPY_RANK_MAX 16u
#define ORTCPU_COPY_ZERO     UINT32_MAX /* as `in`: from zeros; all strides of the source must be 0 */

typedef struct ortcpu_box {
    uint32_t in, out; /* which input of the step, which output */
    uint32_t rank;
    int64_t in_offset, out_offset; /* elements */
    int64_t dims[ORTCPU_COPY_RANK_MAX];
    int64_t in_strides[ORTCPU_COPY_RANK_MAX], out_strides[ORTCPU_COPY_RANK_MAX]; /* elements */
} ortcpu_box;

typedef struct ortcpu_copy_list ortcpu_copy_list;

/* NULL: out of memory. Belongs to the plan. */
ortcpu_copy_list *ortcpu_copy_create(ortk_planner *planner, uint32_t capacity, uint32_t element_bytes);
/* An empty box is left out. */
void ortcpu_copy_add(ortcpu_copy_list *list, const ortcpu_box *box);
void ortcpu_copy_plan(ortcpu_copy_list *list, ortk_step_plan *step);

/* Does box `index` of the list at once between these arrays: for kernels that move parts as they go. */
void ortcpu_copy_run_box(const ortcpu_copy_list *list, uint32_t index, void *out, const void *in);

/* The usual step of one box: input 0 to output 0. */
ort_status *ortcpu_copy_plan_one(ortk_planner *planner, const ortcpu_box *box, uint32_t dtype, ortk_step_plan *step);

#endif
