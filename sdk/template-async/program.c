/* program.c: a claim becomes a list of steps; with shapes it becomes a plan. */
#include "async.h"

#include <string.h>

/* ---- operands ---- */

static uint32_t operand_find(const ortp_program *program, uint32_t value) {
    for (uint32_t i = 0; i < program->operand_count; i++)
        if (program->operands[i].value == value) return i;
    return ORTP_NONE;
}

static uint32_t operand_add(ortp_program *program, uint32_t value, async_kind kind, ort_dtype dtype) {
    program->operands[program->operand_count] = (async_operand){.value = value, .kind = kind, .dtype = dtype};
    return program->operand_count++;
}

static ort_status *upload(ortp_program *program, const ortp_constant *constant, const void *data, ortp_buffer **out) {
    const ortp_point at_once = {NULL, 0};
    ort_status *status =
        async_memory_table.alloc(program->instance, 0, 0, constant->size_bytes, ASYNC_ALIGN_BYTES, at_once, out);
    if (!status && constant->size_bytes) memcpy((*out)->bytes, data, constant->size_bytes);
    return status;
}

/* Weights go to the device once, here. The host may keep them in a file: the store makes them readable. */
static ort_status *constant_add(ortp_program *program, const ortp_view *view, uint32_t value, uint32_t *out) {
    const ortp_host *host = program->instance->host;
    ortp_constant constant = {.size = sizeof constant};
    const void *data = NULL;
    ort_status *status = host->graph->constant(view, value, &constant);
    if (!status) status = host->store->constant_retain(host->context, &constant, &data);
    if (status) return status;
    *out = operand_add(program, value, ASYNC_CONSTANT, constant.dtype);
    status = upload(program, &constant, data, &program->operands[*out].constant);
    host->store->constant_release(host->context, &constant, data);
    return status;
}

static ort_status *input_resolve(ortp_program *program, const ortp_view *view, uint32_t value, uint32_t *out) {
    const ortp_host *host = program->instance->host;
    ortp_value_info info = {.size = sizeof info};
    *out = operand_find(program, value);
    if (*out != ORTP_NONE) return NULL;
    ort_status *status = host->graph->value(view, value, &info);
    if (status) return status;
    if (info.kind == ORTP_VALUE_CONSTANT) return constant_add(program, view, value, out);
    return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "value '%.*s' is read, and is no input of this program",
                      (int)info.name.length, info.name.data);
}

static ort_status *output_resolve(ortp_program *program, const ortp_view *view, uint32_t value, uint32_t *out) {
    ortp_value_info info = {.size = sizeof info};
    *out = operand_find(program, value);
    if (*out != ORTP_NONE) return NULL;
    ort_status *status = program->instance->host->graph->value(view, value, &info);
    if (!status) *out = operand_add(program, value, ASYNC_TEMPORARY, info.dtype);
    return status;
}

/* ---- compile ---- */

static ort_status *border_add(ortp_program *program, const ortp_compile_args *args) {
    const ortp_host_graph *graph = program->instance->host->graph;
    program->input_count = args->input_count;
    program->output_count = args->output_count;
    for (uint32_t i = 0; i < args->input_count + args->output_count; i++) {
        bool is_input = i < args->input_count;
        uint32_t value = is_input ? args->inputs[i] : args->outputs[i - args->input_count];
        ortp_value_info info = {.size = sizeof info};
        ort_status *status = graph->value(args->view, value, &info);
        if (status) return status;
        operand_add(program, value, is_input ? ASYNC_INPUT : ASYNC_OUTPUT, info.dtype);
    }
    return NULL;
}

static ort_status *step_add(ortp_program *program, const ortp_view *view, uint32_t id) {
    async_step *step = &program->steps[program->step_count++];
    ortp_node_info node = {.size = sizeof node};
    ort_status *status = program->instance->host->graph->node(view, id, &node);
    if (status) return status;
    *step = (async_step){.op = async_operator_find(node.op_type), .node = id};
    for (uint32_t i = 0; i < step->op->input_count && !status; i++)
        status = input_resolve(program, view, node.inputs[i], &step->in[i]);
    return status ? status : output_resolve(program, view, node.outputs[0], &step->out);
}

static ort_status *steps_add(ortp_program *program, const ortp_compile_args *args, const async_claim *claim) {
    const ortp_host *host = program->instance->host;
    for (uint32_t i = 0; i < claim->node_count; i++) {
        if (args->cancel && host->exec->is_cancelled(args->cancel))
            return async_fail(host, ORT_CODE_CANCELLED, "compiling was cancelled");
        ort_status *status = step_add(program, args->view, claim->nodes[i]);
        if (status) return status;
        host->exec->progress(args->job, (i + 1.0) / claim->node_count);
    }
    return NULL;
}

static void program_destroy(ortp_program *program) {
    const ortp_point at_once = {NULL, 0};
    if (!program) return;
    for (uint32_t i = 0; i < program->operand_count; i++)
        async_memory_table.release(program->instance, program->operands[i].constant, at_once);
    async_free(program->instance->host, program->operands);
    async_free(program->instance->host, program->steps);
    async_free(program->instance->host, program);
}

static ort_status *program_fill(ortp_program *program, const ortp_compile_args *args, const async_claim *claim) {
    const ortp_host *host = program->instance->host;
    uint64_t operand_max = (uint64_t)args->input_count + args->output_count + 3 * (uint64_t)claim->node_count;
    program->operands = async_alloc(host, operand_max * sizeof *program->operands);
    program->steps = async_alloc(host, claim->node_count * sizeof *program->steps);
    if (!program->operands || !program->steps) return async_out_of_memory(host, "a program");
    ort_status *status = border_add(program, args);
    return status ? status : steps_add(program, args, claim);
}

static ort_status *program_compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    const ortp_host *host = instance->host;
    *out = NULL;
    ort_status *status = async_check(host, "compile", args->size, ORTP_COMPILE_ARGS_SIZE_0_0, args->flags, args->next);
    if (status) return status;
    async_claim *claim = async_claim_take(instance, args->token);
    if (!claim)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "there is no claim %llu", (unsigned long long)args->token);
    ortp_program *program = async_alloc(host, sizeof *program);
    if (program) program->instance = instance;
    status = program ? program_fill(program, args, claim) : async_out_of_memory(host, "a program");
    async_free(host, claim);
    if (status)
        program_destroy(program);
    else
        *out = program;
    return status;
}

/* ---- prepare ---- */

static ort_status *place_fill(const ortp_plan *plan, const ortp_shapes *shapes, uint32_t operand) {
    const ortp_host *host = plan->program->instance->host;
    uint32_t value = plan->program->operands[operand].value;
    async_place *place = &plan->places[operand];
    ortp_shape shape = {.size = sizeof shape};
    ort_status *status = host->infer->shape(shapes, value, &shape);
    if (status) return status;
    if (shape.is_partial || shape.rank > ASYNC_RANK_MAX)
        return async_fail(host, ORT_CODE_UNSUPPORTED, "value %u: its shape is not known before the run", value);
    place->shape.rank = shape.rank;
    place->size_bytes = 4; /* float32 and int32 */
    for (uint32_t i = 0; i < shape.rank; i++) {
        int64_t dim = place->shape.dims[i] = shape.dims[i];
        if (dim < 0 || (dim && place->size_bytes > ASYNC_MEMORY_BYTES / (uint64_t)dim))
            return async_fail(host, ORT_CODE_OUT_OF_MEMORY, "value %u is larger than the device's memory", value);
        place->size_bytes *= (uint64_t)dim;
    }
    return NULL;
}

static ort_status *walk_fill(const ortp_plan *plan, uint32_t index) {
    const async_step *step = &plan->program->steps[index];
    const ortp_host *host = plan->program->instance->host;
    async_shape in[2] = {{0}};
    for (uint32_t i = 0; i < step->op->input_count; i++) in[i] = plan->places[step->in[i]].shape;
    if (async_walk_make(step->op, in, &plan->places[step->out].shape, &plan->walks[index])) return NULL;
    return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "node %u (%s): its operands' shapes don't go together",
                      step->node, step->op->name);
}

/* Temporaries lie behind one another in the workspace. */
static ort_status *plan_fill(ortp_plan *plan, const ortp_shapes *shapes) {
    const ortp_program *program = plan->program;
    ort_status *status = NULL;
    for (uint32_t i = 0; i < program->operand_count && !status; i++) {
        status = place_fill(plan, shapes, i);
        if (program->operands[i].kind != ASYNC_TEMPORARY) continue;
        plan->places[i].offset_bytes = plan->workspace_bytes;
        plan->workspace_bytes +=
            (plan->places[i].size_bytes + ASYNC_ALIGN_BYTES - 1) & ~(uint64_t)(ASYNC_ALIGN_BYTES - 1);
    }
    for (uint32_t i = 0; i < program->step_count && !status; i++) status = walk_fill(plan, i);
    return status;
}

static void plan_destroy(ortp_plan *plan) {
    if (!plan) return;
    const ortp_host *host = plan->program->instance->host;
    async_free(host, plan->places);
    async_free(host, plan->walks);
    async_free(host, plan);
}

static ort_status *program_prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    const ortp_host *host = program->instance->host;
    *out = NULL;
    ort_status *status = async_check(host, "prepare", args->size, ORTP_PREPARE_ARGS_SIZE_0_0, args->flags, args->next);
    if (status) return status;
    ortp_plan *plan = async_alloc(host, sizeof *plan);
    if (!plan) return async_out_of_memory(host, "a plan");
    plan->program = program;
    plan->places = async_alloc(host, program->operand_count * sizeof *plan->places);
    plan->walks = async_alloc(host, program->step_count * sizeof *plan->walks);
    status = plan->places && plan->walks ? plan_fill(plan, args->shapes) : async_out_of_memory(host, "a plan");
    if (status)
        plan_destroy(plan);
    else
        *out = plan;
    return status;
}

/* No ranges: a plan is for its own shapes. Nothing is shared: donated inputs are left as they are. */
static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    const ortp_plan_info info = {.size = sizeof info,
                                 .workspace_bytes = plan->workspace_bytes,
                                 .workspace_align_bytes = ASYNC_ALIGN_BYTES,
                                 .launch_count = plan->program->step_count};
    async_give(out, &info, sizeof info);
}

const ortp_program_table async_program_table = {.size = sizeof async_program_table,
                                                .compile = program_compile,
                                                .program_destroy = program_destroy,
                                                .prepare = program_prepare,
                                                .plan_describe = plan_describe,
                                                .plan_destroy = plan_destroy,
                                                .bind = async_bind,
                                                .rebind = async_rebind,
                                                .binding_destroy = async_binding_destroy,
                                                .run = async_run};
