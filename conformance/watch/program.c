/* compile, prepare, bind, rebind: the subject's objects wrapped in the watch's own, arguments replaced by stand-ins. */
#include "watch/inner.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- programs ---- */

const char *ortc_watch_title(const ortp_program *program, char *text, size_t text_bytes) {
    const watch_claim *claim = program->claim;
    if (!claim || !claim->node_count) {
        snprintf(text, text_bytes, "a program");
        return text;
    }
    const ortc_watch_node *first = &claim->nodes[0]->facts;
    int length = snprintf(text, text_bytes, "%s '%s'", first->op_type, first->name);
    if (claim->node_count > 1 && length > 0 && (size_t)length < text_bytes)
        snprintf(text + length, text_bytes - (size_t)length, " and %u more", claim->node_count - 1);
    return text;
}

/* What was proposed and accepted has to compile, whatever the core makes of it that it does not. */
static void compile_judge(const ortp_program *program, ort_status *status) {
    const ortp_host_core *core = ortc_middle->core;
    ort_code code = status ? core->status_code(status) : ORT_CODE_OK;
    char title[200];
    if (!program->claim || code == ORT_CODE_OK || code == ORT_CODE_OUT_OF_MEMORY || code == ORT_CODE_CANCELLED ||
        code == ORT_CODE_DEADLINE || code == ORT_CODE_DEVICE_LOST)
        return;
    ort_string_view message = core->status_message(status);
    ortc_watch_note("claim.compiles", "%s was accepted and does not compile: %.*s",
                    ortc_watch_title(program, title, sizeof title), (int)message.length, message.data);
}

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    ortc_watch *watch = ortc_middle;
    ortp_graph_info graph = {.size = sizeof graph};
    *out = NULL;
    ort_status *status = watch->graph->graph(args->view, &graph);
    if (status) return status;
    ortp_program *program = calloc(1, sizeof *program);
    if (!program) return ortc_watch_out_of_memory();
    const watch_instance *facts = ortc_watch_instance_find(instance);
    program->instance = instance;
    program->input_count = args->input_count;
    program->output_count = args->output_count;
    program->claim = ortc_watch_claim_take(instance, graph.epoch, args->token);
    uint32_t device = program->claim ? program->claim->device : 0;
    program->is_host_addressable =
        facts && device < WATCH_DEVICES && facts->device_flags[device] & ORTP_DEVICE_HOST_ADDRESSABLE;
    status = watch->program.compile(instance, args, &program->real);
    compile_judge(program, status);
    if (status || !program->real) {
        free(program->claim);
        free(program);
        return status;
    }
    atomic_fetch_add(&watch->programs, 1);
    *out = program;
    return NULL;
}

static void program_destroy(ortp_program *program) {
    if (!program) return;
    ortc_middle->program.program_destroy(program->real);
    free(program->claim);
    free(program);
}

/* ---- plans ---- */

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    ortc_watch *watch = ortc_middle;
    ortp_prepare_args given = {0};
    *out = NULL;
    memcpy(&given, args, args->size < sizeof given ? args->size : sizeof given);
    if (given.size > sizeof given) given.size = sizeof given;
    if (given.previous) given.previous = given.previous->real;
    ortp_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return ortc_watch_out_of_memory();
    plan->program = program;
    plan->is_plain = given.donated || given.same_as;
    ort_status *status = watch->program.prepare(program->real, &given, &plan->real);
    if (status || !plan->real) {
        free(plan);
        return status;
    }
    plan->info.size = sizeof plan->info;
    watch->program.plan_describe(plan->real, &plan->info);
    *out = plan;
    return NULL;
}

static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    ortc_middle->program.plan_describe(plan->real, out);
}

static void plan_destroy(ortp_plan *plan) {
    if (!plan) return;
    ortc_middle->program.plan_destroy(plan->real);
    free(plan);
}

/* ---- bindings ---- */

static ortp_tensor_arg arg_at(const ortp_tensor_arg *args, uint32_t stride, uint32_t index) {
    ortp_tensor_arg arg = {0};
    if (!stride) stride = sizeof arg;
    memcpy(&arg, (const char *)args + (size_t)stride * index, stride < sizeof arg ? stride : sizeof arg);
    arg.size = sizeof arg;
    return arg;
}

static bool is_bound(const ortp_tensor_arg *arg) {
    return arg->buffer || arg->host;
}

ortp_bind_args ortc_watch_bind_args(ortp_binding *binding) {
    ortp_tensor_arg *outputs = binding->args + binding->input_count;
    for (uint32_t i = 0; i < binding->input_count; i++) binding->args[i] = binding->inputs[i].arg;
    for (uint32_t i = 0; i < binding->output_count; i++) {
        const watch_output *output = &binding->outputs[i];
        outputs[i] = output->is_guarded ? output->cells[binding->set].arg : output->real;
    }
    return (ortp_bind_args){.size = sizeof(ortp_bind_args),
                            .inputs = binding->args,
                            .outputs = outputs,
                            .input_count = binding->input_count,
                            .output_count = binding->output_count,
                            .arg_stride = sizeof *binding->args,
                            .workspace = binding->workspace.arg};
}

static void args_take(ortp_binding *binding, const ortp_bind_args *args) {
    for (uint32_t i = 0; i < binding->input_count; i++) {
        ortp_tensor_arg arg = arg_at(args->inputs, args->arg_stride, i);
        if (is_bound(&arg) || !is_bound(&binding->inputs[i].arg)) binding->inputs[i].arg = arg;
    }
    for (uint32_t i = 0; i < binding->output_count; i++) {
        ortp_tensor_arg arg = arg_at(args->outputs, args->arg_stride, i);
        if (is_bound(&arg) || !is_bound(&binding->outputs[i].real)) binding->outputs[i].real = arg;
    }
}

static bool output_guard(ortp_instance *instance, watch_output *output) {
    const ortp_tensor_arg *real = &output->real;
    watch_buffer buffer;
    if (!is_bound(real) || !real->size_bytes) return true; /* told by the run, or nothing to guard */
    if (!real->host && !ortc_watch_buffer_find(real->buffer, &buffer)) return true; /* foreign memory */
    output->first = malloc((size_t)real->size_bytes);
    output->is_guarded = output->first && ortc_cell_create(instance, real, 0, &output->cells[0]) &&
                         ortc_cell_create(instance, real, 0, &output->cells[1]);
    return output->is_guarded;
}

/* Stand-ins for all that the subject may write, room for all that it may not. */
static bool binding_guard(ortp_binding *binding) {
    ortp_instance *instance = binding->plan->program->instance;
    const ortp_plan_info *info = &binding->plan->info;
    bool is_good = true;
    for (uint32_t i = 0; i < binding->input_count; i++) {
        watch_input *input = &binding->inputs[i];
        input->before = malloc((size_t)input->arg.size_bytes + 1);
        is_good = is_good && input->before;
    }
    for (uint32_t i = 0; i < binding->output_count; i++)
        is_good = is_good && output_guard(instance, &binding->outputs[i]);
    ortp_tensor_arg workspace = binding->workspace.arg;
    workspace.size_bytes = info->workspace_bytes;
    if (is_bound(&workspace) && workspace.size_bytes)
        is_good = is_good && ortc_cell_create(instance, &workspace, info->workspace_align_bytes, &binding->workspace);
    return is_good;
}

static void binding_destroy(ortp_binding *binding) {
    if (!binding) return;
    ortc_watch *watch = ortc_middle;
    ortp_instance *instance = binding->plan->program->instance;
    if (binding->real) watch->program.binding_destroy(binding->real);
    for (uint32_t i = 0; binding->inputs && i < binding->input_count; i++) free(binding->inputs[i].before);
    for (uint32_t i = 0; binding->outputs && i < binding->output_count; i++) {
        ortc_cell_finish(instance, &binding->outputs[i].cells[0]);
        ortc_cell_finish(instance, &binding->outputs[i].cells[1]);
        free(binding->outputs[i].first);
    }
    ortc_cell_finish(instance, &binding->workspace);
    if (binding->timeline) watch->queue.timeline_destroy(binding->timeline);
    free(binding->inputs);
    free(binding->outputs);
    free(binding->args);
    free(binding);
}

static ortp_binding *binding_create(ortp_plan *plan, const ortp_bind_args *args) {
    ortp_binding *binding = calloc(1, sizeof *binding);
    if (!binding) return NULL;
    binding->plan = plan;
    binding->input_count = args->input_count;
    binding->output_count = args->output_count;
    binding->inputs = calloc(args->input_count + 1u, sizeof *binding->inputs);
    binding->outputs = calloc(args->output_count + 1u, sizeof *binding->outputs);
    binding->args = calloc((size_t)args->input_count + args->output_count + 1u, sizeof *binding->args);
    binding->workspace.arg = args->workspace;
    bool is_good = binding->inputs && binding->outputs && binding->args;
    if (is_good) args_take(binding, args);
    binding->is_guarded = atomic_load(&ortc_middle->flags) & ORTC_WATCH_GUARD && !plan->is_plain && !args->state_count;
    if (is_good && binding->is_guarded) is_good = binding_guard(binding);
    if (is_good) return binding;
    binding_destroy(binding);
    return NULL;
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    *out = NULL;
    ortp_binding *binding = binding_create(plan, args);
    if (!binding) return ortc_watch_out_of_memory();
    ortp_bind_args given = ortc_watch_bind_args(binding);
    given.states = args->states;
    given.state_count = args->state_count;
    ort_status *status = ortc_middle->program.bind(plan->real, &given, &binding->real);
    if (status || !binding->real) {
        binding->real = NULL;
        binding_destroy(binding);
        return status;
    }
    *out = binding;
    return NULL;
}

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    args_take(binding, args);
    if (!binding->is_guarded && is_bound(&args->workspace)) binding->workspace.arg = args->workspace;
    ortp_bind_args given = ortc_watch_bind_args(binding);
    return ortc_middle->program.rebind(binding->real, &given);
}

const ortp_program_table ortc_watch_programs = {.size = sizeof(ortp_program_table),
                                                .compile = compile,
                                                .program_destroy = program_destroy,
                                                .prepare = prepare,
                                                .plan_describe = plan_describe,
                                                .plan_destroy = plan_destroy,
                                                .bind = bind,
                                                .rebind = rebind,
                                                .binding_destroy = binding_destroy,
                                                .run = ortc_watch_run};
