/* run/stack.h: tensors cut along an axis, and put together again. Used by the files of this room alone. */
#ifndef ORT_CORE_RUN_STACK_H
#define ORT_CORE_RUN_STACK_H

#include "tensor/tensor.h"

/* Equal tensors, one behind the other. It grows by doubling. */
typedef struct run_stack {
    orti_tensor *tensor; /* [capacity, element ...]; NULL: empty so far */
    int64_t count;
} run_stack;

/* `expected_count`: how many there will be, at least 1; a guess does. */
ORT_MUST_USE ort_status *orti_stack_add(run_stack *stack, const orti_allocator *alloc, const orti_tensor *element,
                                        int64_t expected_count);
/* What was added, along `axis` of the result, which is in range; `is_backward`: the last one first. The stack is empty
 * then. Something was added. */
ORT_MUST_USE ort_status *orti_stack_take(run_stack *stack, uint32_t axis, bool is_backward, orti_tensor **out);
void orti_stack_clear(run_stack *stack);

/* A tensor's slices along an axis, one at a time: views where the axis is the first, else copies. Two take turns. */
typedef struct run_slicer {
    orti_tensor *source; /* held */
    uint32_t axis;
    orti_tensor *turns[2];
} run_slicer;

/* UNSUPPORTED: strings, or elements of a few bits. */
ORT_MUST_USE ort_status *orti_slicer_begin(run_slicer *slicer, orti_tensor *source, uint32_t axis);
/* out: retained. */
ORT_MUST_USE ort_status *orti_slicer_get(run_slicer *slicer, int64_t index, orti_tensor **out);
void orti_slicer_clear(run_slicer *slicer);

#endif
