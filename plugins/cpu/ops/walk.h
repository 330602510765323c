/* cpu/ops/walk.h: element by element over broadcast operands: one plan and one run for every such operator.
 *
 * A walk turns a step into calls of one loop on blocks of `rows` rows of `count` elements. All decisions (which loops,
 * how many tasks) are the plan's; a run of a small step is one call of the loop.
 *
 * Operand 0 is the output, operand i + 1 is input i. Threads: as the kit's plan and run. */
#ifndef ORTCPU_OPS_WALK_H
#define ORTCPU_OPS_WALK_H

#include "ort/sdk/broadcast.h"
#include "ort/sdk/kernel.h"

#define ORTCPU_OPERAND_MAX ORTK_BROADCAST_OPERANDS

/* What a loop is called with. inc: bytes from one element to the next, the element's size or 0 (the output's is never
 * 0); step: bytes from one row to the next. An input left out is NULL. */
typedef struct ortcpu_block {
    int64_t count, rows;
    const int64_t *inc, *step;
    const void *params;
    uint32_t operand_count;
    void *ptr[ORTCPU_OPERAND_MAX];
} ortcpu_block;
typedef void (*ortcpu_loop_fn)(const ortcpu_block *block);

typedef struct ortcpu_walk_spec {
    ortcpu_loop_fn loop;
    const void *params; /* lives as long as the plan */
    const ortk_desc *out, *in;
    uint32_t in_count; /* the first of the step's inputs; at most ORTCPU_OPERAND_MAX - 1 */
    double element_ns; /* what one element costs on one thread */
} ortcpu_walk_spec;

ort_status *ortcpu_walk_plan(ortk_planner *planner, const ortcpu_walk_spec *spec, ortk_step_plan *step);
/* The same of a loop that computes in float32: operands of 16-bit floats are converted around it. */
ort_status *ortcpu_walk_plan_f32(ortk_planner *planner, const ortcpu_walk_spec *spec, ortk_step_plan *step);

/* Elements in a task of a step that is bound by memory or by vector arithmetic. */
#define ORTCPU_TASK_ELEMENTS 16384

#endif
