/* What plan answers for a device: launches of variants, and copies of bytes. */
#include "unit.h"

#include <string.h>

static ort_status *append(ortk_planner *planner, ortk_step_plan *step, ortk_launch **out) {
    ortk_launch *launch = ortk_planner_alloc(planner, sizeof *launch);
    *out = launch;
    if (!launch) return ortk_out_of_memory();
    /* The list belongs to the plan that is being made: appending to it is no change of something shared. */
    ortk_launch *last = (ortk_launch *)(uintptr_t)step->launches;
    while (last && last->next) last = last->next;
    if (last)
        last->next = launch;
    else
        step->launches = launch;
    return NULL;
}

ort_status *ortk_launch_add(ortk_planner *planner, ortk_step_plan *step, const char *name, const uint32_t groups[3],
                            const void *params, size_t params_bytes, const uint32_t *args, uint32_t arg_count) {
    ortk_launch *launch = NULL;
    uint32_t variant = ortk_variant_find(name);
    if (variant == UINT32_MAX) return ortk_fail(ORT_CODE_BUG, "kernel %s is not in the list of variants", name);
    const ortk_variant *facts = ortk_variant_at(variant);
    if (params_bytes > ORTK_PARAMS_BYTES_MAX || arg_count != facts->input_count + facts->output_count)
        return ortk_fail(ORT_CODE_BUG, "kernel %s is given %u buffers and %zu bytes of parameters", name,
                         (unsigned)arg_count, params_bytes);
    for (int i = 0; i < 3; i++)
        if (groups[i] == 0 || groups[i] > ORTK_GROUPS_MAX)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "kernel %s would need %u groups along axis %d: at most %u are done",
                             name, (unsigned)groups[i], i, ORTK_GROUPS_MAX);
    ORTK_TRY(append(planner, step, &launch));
    ORTK_TRY(ortk_unit_image(planner->context, variant, &launch->image));
    launch->variant = facts;
    launch->params_bytes = (uint32_t)params_bytes;
    launch->arg_count = arg_count;
    memcpy(launch->groups, groups, sizeof launch->groups);
    memcpy(launch->params, params, params_bytes);
    memcpy(launch->args, args, arg_count * sizeof *args);
    return NULL;
}

ort_status *ortk_launch_each(ortk_planner *planner, ortk_step_plan *step, const char *name, int64_t count,
                             const void *params, size_t params_bytes, const uint32_t *args, uint32_t arg_count) {
    int64_t groups = (count + 63) / 64; /* kernels stride over what is more */
    if (count <= 0) return NULL;
    const uint32_t axes[3] = {groups > 4096 ? 4096 : (uint32_t)groups, 1, 1};
    return ortk_launch_add(planner, step, name, axes, params, params_bytes, args, arg_count);
}

void ortk_launch_table(ortk_step_plan *step, const void *table, uint64_t size_bytes) {
    ortk_launch *last = (ortk_launch *)(uintptr_t)step->launches; /* see append */
    while (last->next) last = last->next;
    last->table = table;
    last->table_bytes = size_bytes;
}

static ort_status *copy_add(ortk_planner *planner, ortk_step_plan *step, uint32_t from, uint32_t to) {
    ortk_launch *launch = NULL;
    ORTK_TRY(append(planner, step, &launch));
    launch->arg_count = 2;
    launch->args[0] = from;
    launch->args[1] = to;
    return NULL;
}

ort_status *ortk_launch_move(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    if (op->role == ORTK_ROLE_KNOWN) {
        for (uint32_t i = 0; i < op->output_count; i++) {
            uint32_t value = op->outputs[i];
            if (value == ORTP_NONE || plan->program->values[value].output == ORTP_NONE) continue;
            if (plan->places[value].size_bytes) ORTK_TRY(copy_add(planner, out, i | ORTK_ARG_CONTENTS, i));
        }
        return NULL;
    }
    if (op->role != ORTK_ROLE_VIEW)
        return ortk_fail(ORT_CODE_BUG, "%s: a device has no channels-last values", op->name);
    const ortk_place *in = &plan->places[op->inputs[0]], *result = &plan->places[op->outputs[0]];
    if (result->parent == op->inputs[0] || in->parent == op->outputs[0] || !result->size_bytes) return NULL;
    return copy_add(planner, out, 0, op->input_count);
}
