/* prepare: shapes with numbers, then aliases, kernels' steps and the workspace. A plan is immutable and re-entrant. */
#include "program.h"

#include <string.h>

void *ortk_planner_alloc(ortk_planner *planner, size_t size_bytes) {
    return ortk_arena_alloc(planner->arena, size_bytes);
}

void *ortk_planner_context(const ortk_planner *planner) {
    return planner->context;
}

uint32_t ortk_planner_thread_count(const ortk_planner *planner) {
    return planner->thread_count;
}

static const char *maker_of(const ortp_program *program, const ortk_value *value) {
    if (value->producer == ORTP_NONE) return "outside";
    return program->ops[value->producer].name;
}

static bool is_made_by_teller(const ortp_program *program, const ortk_value *value) {
    const ortk_op *op = value->producer == ORTP_NONE ? NULL : &program->ops[value->producer];
    return op && op->role == ORTK_ROLE_KERNEL && op->kernel->flags & ORTK_KERNEL_TELLS;
}

/* What is known of a shape that the run completes. */
static void told_dims_read(const ortp_shape *shape, ortk_desc *desc) {
    desc->element_count = -1;
    desc->rank = shape->rank < ORTK_RANK_MAX ? shape->rank : 0;
    for (uint32_t i = 0; i < desc->rank; i++) desc->dims[i] = shape->dims[i] < 0 ? -1 : shape->dims[i];
}

static ort_status *dims_read(const ortp_program *program, const ortk_value *value, const ortp_shape *shape,
                             ortk_desc *desc) {
    if (shape->is_partial && is_made_by_teller(program, value)) {
        told_dims_read(shape, desc);
        return NULL;
    }
    if (shape->is_partial)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "the shape of value %u (made by %s) is told by the run alone",
                         (unsigned)value->id, maker_of(program, value));
    if (shape->rank > ORTK_RANK_MAX || (value->layout == ORTK_LAYOUT_PIXELS && shape->rank < 3))
        return ortk_fail(ORT_CODE_UNSUPPORTED, "value %u (made by %s) has rank %u", (unsigned)value->id,
                         maker_of(program, value), (unsigned)shape->rank);
    desc->element_count = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dims[i];
        if (dim < 0 || (dim && desc->element_count > INT64_MAX / 64 / dim))
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "value %u (made by %s): dimension %u is %lld",
                             (unsigned)value->id, maker_of(program, value), (unsigned)i, (long long)dim);
        desc->dims[i] = dim;
        desc->element_count *= dim;
    }
    desc->rank = shape->rank;
    return NULL;
}

/* Contents that a step reads at run, or plans see, live as long as the plan; a constant's as long as the program. */
static ort_status *contents_keep(ortp_plan *plan, const ortk_value *value, const ortp_shape *shape, ortk_desc *desc,
                                 ortk_place *place) {
    static const uint64_t nothing[2];
    if (value->kind == ORTK_VALUE_CONSTANT && (value->data || desc->element_count > 0)) {
        desc->known = value->data; /* NULL: packed, and read by nobody */
    } else if (shape->known && shape->known_bytes) {
        void *copy = ortk_arena_alloc(&plan->arena, (size_t)shape->known_bytes);
        if (!copy) return ortk_out_of_memory();
        memcpy(copy, shape->known, (size_t)shape->known_bytes);
        desc->known = place->known = copy;
    } else if (desc->element_count == 0) {
        desc->known = place->known = nothing;
    }
    if (desc->known) desc->known_bytes = ortk_dtype_bytes(desc->dtype, desc->element_count);
    return NULL;
}

static ort_status *value_plan(ortp_plan *plan, const ortp_shapes *shapes, uint32_t index) {
    const ortp_program *program = plan->program;
    const ortk_value *value = &program->values[index];
    ortk_desc *desc = &plan->descs[index];
    ortk_place *place = &plan->places[index];
    ortp_shape shape = {.size = sizeof shape};
    ORTK_TRY(program->host->infer->shape(shapes, value->id, &shape));
    desc->dtype = value->dtype ? value->dtype : shape.dtype;
    desc->layout = value->layout;
    desc->is_present = true;
    ORTK_TRY(dims_read(program, value, &shape, desc));
    if (desc->layout == ORTK_LAYOUT_PIXELS) desc->pitch = desc->dims[1];
    place->parent = ORTP_NONE;
    place->size_bytes = ortk_dtype_bytes(desc->dtype, desc->element_count);
    place->is_fixed = value->kind != ORTK_VALUE_INNER || value->output != ORTP_NONE;
    place->is_told = (desc->element_count < 0 || desc->dtype == ORT_DTYPE_STRING) && value->kind == ORTK_VALUE_INNER;
    if (place->is_told) place->told = plan->told_count++;
    bool may_know = value->kind != ORTK_VALUE_INPUT || value->producer == ORTP_NONE;
    return may_know ? contents_keep(plan, value, &shape, desc, place) : NULL;
}

static ort_status *values_plan(ortp_plan *plan, const ortp_shapes *shapes) {
    const ortp_program *program = plan->program;
    bool *used = ortk_arena_array(&plan->arena, program->value_count, sizeof *used);
    if (!used) return ortk_out_of_memory();
    for (uint32_t i = 0; i < program->op_count; i++) {
        const ortk_op *op = &program->ops[i];
        for (uint32_t k = 0; k < op->input_count; k++)
            if (op->inputs[k] != ORTP_NONE) used[op->inputs[k]] = true;
        for (uint32_t k = 0; k < op->output_count; k++)
            if (op->outputs[k] != ORTP_NONE) used[op->outputs[k]] = true;
    }
    for (uint32_t i = 0; i < program->input_count; i++) used[program->inputs[i]] = true;
    for (uint32_t i = 0; i < program->value_count; i++) {
        plan->places[i].parent = ORTP_NONE;
        if (used[i]) ORTK_TRY(value_plan(plan, shapes, i));
    }
    for (uint32_t i = 0; i < program->input_count; i++)
        plan->input_bytes[i] = plan->places[program->inputs[i]].size_bytes;
    for (uint32_t i = 0; i < program->output_count; i++)
        plan->output_bytes[i] = plan->places[program->outputs[i]].size_bytes;
    return NULL;
}

static ort_status *known_check(const ortp_plan *plan, const ortk_op *op) {
    for (uint32_t k = 0; k < op->input_count && k < ORTK_KERNEL_KNOWN_COUNT; k++) {
        if (!(op->kernel->flags & ORTK_KERNEL_KNOWN(k)) || op->inputs[k] == ORTP_NONE) continue;
        if (!plan->descs[op->inputs[k]].known)
            return ortk_fail(ORT_CODE_BUG, "%s: the contents of input %u were not given to prepare", op->name,
                             (unsigned)k);
    }
    return NULL;
}

static ort_status *kernel_plan(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    uint32_t total = op->input_count + op->output_count;
    ortk_desc *descs = ortk_arena_array(&plan->arena, total, sizeof *descs);
    if (!descs) return ortk_out_of_memory();
    for (uint32_t i = 0; i < total; i++) {
        uint32_t value = i < op->input_count ? op->inputs[i] : op->outputs[i - op->input_count];
        if (value != ORTP_NONE) descs[i] = plan->descs[value];
    }
    ORTK_TRY(known_check(plan, op));
    ort_status *status =
        op->kernel->plan(planner, op->params, descs, op->input_count, descs + op->input_count, op->output_count, out);
    const ortp_host *host = plan->program->host;
    ort_string_view name = {op->name, strlen(op->name)};
    return status ? host->core->status_note(host->context, status, name) : NULL;
}

static ortk_source source_of(const ortp_plan *plan, uint32_t value) {
    ortk_source source = {0};
    if (value == ORTP_NONE) return source;
    uint32_t root = ortk_place_root(plan->places, value, &source.offset_bytes);
    const ortk_value *holder = &plan->program->values[root];
    if (plan->places[root].is_told) return (ortk_source){.kind = ORTK_SOURCE_TOLD, .index = root};
    if (holder->output != ORTP_NONE) {
        source.kind = ORTK_SOURCE_OUTPUT;
        source.index = holder->output;
    } else if (holder->kind == ORTK_VALUE_INPUT) {
        source.kind = ORTK_SOURCE_INPUT;
        source.index = holder->input;
    } else if (holder->kind == ORTK_VALUE_INNER) {
        source.kind = ORTK_SOURCE_WORKSPACE;
        source.offset_bytes += plan->places[root].workspace_offset;
    } else {
        const void *data =
            holder->kind == ORTK_VALUE_CONSTANT && holder->data ? holder->data : plan->places[root].known;
        source.kind = data ? ORTK_SOURCE_POINTER : ORTK_SOURCE_NONE;
        source.pointer = data ? (const unsigned char *)data + source.offset_bytes : NULL;
    }
    return source;
}

static ort_status *sources_fill(ortp_plan *plan, ortk_plan_step *step) {
    const ortk_op *op = &plan->program->ops[step->op];
    ortk_source *sources = ortk_arena_array(&plan->arena, op->input_count + op->output_count, sizeof *sources);
    if (!sources) return ortk_out_of_memory();
    for (uint32_t k = 0; k < op->input_count; k++) {
        bool is_read = k >= 32 || !(op->unread >> k & 1);
        if (!is_read) continue;
        sources[k] = source_of(plan, op->inputs[k]);
        if (sources[k].kind == ORTK_SOURCE_NONE && op->inputs[k] != ORTP_NONE)
            return ortk_fail(ORT_CODE_BUG, "%s: input %u has no contents", op->name, (unsigned)k);
    }
    for (uint32_t k = 0; k < op->output_count; k++) sources[op->input_count + k] = source_of(plan, op->outputs[k]);
    for (uint32_t k = 0; k < op->input_count + op->output_count; k++)
        plan->told_read_count += sources[k].kind == ORTK_SOURCE_TOLD;
    step->sources = sources;
    step->input_count = op->input_count;
    step->output_count = op->output_count;
    return NULL;
}

static ort_status *steps_plan(ortp_plan *plan, ortk_move_fn move) {
    const ortp_program *program = plan->program;
    ortk_planner planner = {&plan->arena, program->instance->settings.context, plan->thread_count, move};
    plan->steps = ortk_arena_array(&plan->arena, program->op_count, sizeof *plan->steps);
    if (!plan->steps) return ortk_out_of_memory();
    for (uint32_t i = 0; i < program->op_count; i++) {
        const ortk_op *op = &program->ops[i];
        ortk_plan_step *step = &plan->steps[plan->step_count];
        memset(step, 0, sizeof *step);
        step->op = i;
        ORTK_TRY(op->role == ORTK_ROLE_KERNEL ? kernel_plan(plan, &planner, op, &step->plan)
                                              : move(plan, &planner, op, &step->plan));
        if (!step->plan.launches && (!step->plan.run || step->plan.task_count <= 0)) continue;
        if (step->plan.scratch_bytes > plan->scratch_stride) plan->scratch_stride = step->plan.scratch_bytes;
        plan->step_count++;
    }
    return NULL;
}

static ort_status *plan_fill(ortp_plan *plan, const ortp_prepare_args *args, ortk_move_fn move) {
    const ortp_program *program = plan->program;
    ORTK_TRY(ortk_unknown_check("prepare", args->flags, args->next));
    plan->descs = ortk_arena_array(&plan->arena, program->value_count, sizeof *plan->descs);
    plan->places = ortk_arena_array(&plan->arena, program->value_count, sizeof *plan->places);
    plan->input_bytes = ortk_arena_array(&plan->arena, program->input_count, sizeof *plan->input_bytes);
    plan->output_bytes = ortk_arena_array(&plan->arena, program->output_count, sizeof *plan->output_bytes);
    if (!plan->descs || !plan->places || !plan->input_bytes || !plan->output_bytes) return ortk_out_of_memory();
    plan->thread_count = program->host->exec->thread_count_max(program->host->context);
    if (plan->thread_count == 0) plan->thread_count = 1;
    ORTK_TRY(values_plan(plan, args->shapes));
    ORTK_TRY(ortk_plan_alias(plan));
    ORTK_TRY(steps_plan(plan, move));
    ORTK_TRY(ortk_memory_assign(&plan->arena, plan->places, program->value_count,
                                program->instance->settings.align_bytes, &plan->scratch_offset));
    plan->scratch_stride = (plan->scratch_stride + ORTK_ALIGN - 1) & ~(uint64_t)(ORTK_ALIGN - 1);
    plan->workspace_bytes = plan->scratch_offset + plan->scratch_stride * plan->thread_count;
    for (uint32_t i = 0; i < plan->step_count; i++) ORTK_TRY(sources_fill(plan, &plan->steps[i]));
    return NULL;
}

ort_status *ortk_prepare_with(ortp_program *program, const ortp_prepare_args *args, ortk_move_fn move,
                              ortp_plan **out) {
    *out = NULL;
    const ortp_host *before = ortk_host_enter(program->host);
    ortk_arena arena;
    ortk_arena_init(&arena, program->host);
    ort_status *status = NULL;
    ortp_plan *plan = ortk_arena_alloc(&arena, sizeof *plan);
    if (!plan) {
        status = ortk_out_of_memory();
        goto done;
    }
    plan->arena = arena;
    plan->program = program;
    ORTK_TRY_TO(done, plan_fill(plan, args, move));
    *out = plan;
    plan = NULL;
done:
    ortk_plan_destroy(plan);
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    return ortk_prepare_with(program, args, ortk_plan_move, out);
}

void ortk_plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    ortp_plan_info info = {
        .workspace_bytes = plan->workspace_bytes,
        .workspace_align_bytes = plan->program->instance->settings.align_bytes,
        .launch_count = plan->step_count,
    };
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
}

void ortk_plan_destroy(ortp_plan *plan) {
    if (!plan) return;
    ortk_arena arena = plan->arena; /* the plan lives in it */
    ortk_arena_finish(&arena);
}
