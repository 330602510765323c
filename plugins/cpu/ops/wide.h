/* cpu/ops/wide.h: kernels on float32 serve 16-bit floats: storage stays short, arithmetic is in float32, and each
 * output is rounded once.
 *
 * A wide plan is the float32 kernel's own plan for the same shapes, inside one task that converts what it reads before
 * and what it wrote behind, in scratch. Threads: as the kit's plan and run. */
#ifndef ORTCPU_OPS_WIDE_H
#define ORTCPU_OPS_WIDE_H

#include "ops/loops.h"
#include "ort/sdk/broadcast.h"
#include "ort/sdk/kernel.h"

#include <stdbool.h>

typedef ort_status *ortcpu_plan_fn(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                   const ortk_desc *out, uint32_t out_count, ortk_step_plan *step);

static inline bool ortcpu_is_half(uint32_t dtype) {
    return (ORTCPU_TYPES_SHORT & ORT_DTYPE_BIT(dtype)) != 0;
}

/* Which of the two a 16-bit float is. */
static inline ortcpu_half ortcpu_half_of(uint32_t dtype) {
    return dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16;
}

/* `plan` itself where nothing is a 16-bit float. `kept`: bit i for an input that `plan` reads as it is. */
ort_status *ortcpu_wide_plan(ortcpu_plan_fn *plan, uint32_t kept, ortk_planner *planner, const void *params,
                             const ortk_desc *in, uint32_t in_count, const ortk_desc *out, uint32_t out_count,
                             ortk_step_plan *step);

/* Defines NAME_wide, which is ortcpu_wide_plan of the plan NAME. */
#define ORTCPU_WIDE_PLAN(NAME, KEPT)                                                                                   \
    static ort_status *NAME##_wide(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,  \
                                   const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {                   \
        return ortcpu_wide_plan(NAME, KEPT, planner, params, in, in_count, out, out_count, step);                      \
    }

#endif
