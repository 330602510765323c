/* Runs scripts: the commands of a frame one after the other, bodies in frames of their own. A run that parks goes on
 * here too: what it does next is in the frames alone, never on a thread's stack. */
#include "run/frame.h"

#include "base/file.h"

#include <stdatomic.h>
#include <string.h>

static ort_status *tables_make(orti_execution *execution) {
    const orti_script *script = execution->script;
    orti_arena *arena = &execution->arena;
    ORT_TRY(orti_arena_alloc(arena, script->input_count, sizeof(orti_datum *), &execution->inputs));
    ORT_TRY(orti_arena_alloc(arena, script->output_count, sizeof(orti_tensor *), &execution->bound));
    ORT_TRY(orti_arena_alloc(arena, script->output_count, sizeof(orti_datum *), &execution->outputs));
    ORT_TRY(orti_tensor_create(execution->alloc, ORT_DTYPE_BOOL, NULL, 0, 0, &execution->yes));
    *(uint8_t *)execution->yes->data = 1;
    return orti_frame_create(execution, script, NULL, &execution->root);
}

ort_status *orti_execution_create(const orti_execution_request *request, orti_execution **out) {
    orti_execution *execution = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(request->alloc, 1, sizeof *execution, &execution));
    execution->alloc = request->alloc;
    execution->script = request->script;
    execution->lane = request->lane;
    execution->counters = request->counters;
    orti_arena_init(&execution->arena, request->alloc);
    ort_status *status = request->script->is_plain ? orti_arena_alloc(&execution->arena, request->script->input_count,
                                                                      sizeof(orti_tensor *), &execution->tensors)
                                                   : tables_make(execution);
    if (status)
        orti_execution_destroy(execution);
    else
        *out = execution;
    return status;
}

static void run_drop(orti_execution *execution) {
    if (!execution->run) return;
    orti_execution_drop(execution, execution->run);
    execution->run = NULL;
}

void orti_execution_destroy(orti_execution *execution) {
    if (!execution) return;
    run_drop(execution);
    orti_execution_release_values(execution);
    orti_frame_finish(execution, execution->root);
    orti_tensor_release(execution->yes);
    orti_arena_finish(&execution->arena);
    orti_free(execution->alloc, execution);
}

uint64_t orti_execution_memory_bytes(const orti_execution *execution) {
    return execution->memory_bytes;
}

ortp_lane *orti_execution_lane(const orti_execution *execution) {
    return execution->lane;
}

/* The inputs of a plain script are tensors. */
static orti_tensor **tensors_of(const orti_execution *execution, orti_datum *const *inputs) {
    for (uint32_t i = 0; i < execution->script->input_count; i++) execution->tensors[i] = orti_datum_tensor(inputs[i]);
    return execution->tensors;
}

ort_status *orti_execution_plan(orti_execution *execution, orti_datum *const *inputs) {
    if (!execution->script->is_plain || orti_execution_fits(execution, inputs)) return NULL;
    run_drop(execution);
    return orti_segment_run_make(execution, execution->script->commands[0].schedule, tensors_of(execution, inputs),
                                 &execution->run);
}

bool orti_execution_fits(const orti_execution *execution, orti_datum *const *inputs) {
    if (!execution->script->is_plain) return true;
    return execution->run && orti_plan_fits(orti_run_plan(execution->run), tensors_of(execution, inputs));
}

bool orti_execution_is_current(const orti_execution *execution, orti_datum *const *inputs) {
    if (!execution->run || !execution->script->commands[0].schedule->has_contents_key) return true;
    return orti_plan_fits(orti_run_plan(execution->run), tensors_of(execution, inputs));
}

/* ---- inputs and outputs ---- */

static void slot_put(orti_datum **slot, orti_datum *datum) {
    orti_datum *old = *slot;
    *slot = datum;
    orti_datum_release(old);
}

void orti_execution_set_input(orti_execution *execution, uint32_t index, orti_datum *datum) {
    if (execution->run)
        orti_run_set_input(execution->run, index, orti_datum_tensor(datum));
    else if (execution->inputs)
        slot_put(&execution->inputs[index], datum ? orti_datum_retain(datum) : NULL);
}

ort_status *orti_execution_set_output(orti_execution *execution, uint32_t index, orti_tensor *tensor) {
    if (execution->run) return orti_run_set_output(execution->run, index, tensor);
    if (!execution->bound) return NULL;
    orti_tensor *old = execution->bound[index];
    execution->bound[index] = tensor ? orti_tensor_retain(tensor) : NULL;
    orti_tensor_release(old);
    return NULL;
}

orti_datum *orti_execution_output(const orti_execution *execution, uint32_t index) {
    orti_tensor *tensor = execution->run ? orti_run_output(execution->run, index) : NULL;
    if (execution->run) return tensor ? &tensor->datum : NULL;
    return execution->outputs ? execution->outputs[index] : NULL;
}

void orti_execution_release_values(orti_execution *execution) {
    const orti_script *script = execution->script;
    for (uint32_t i = 0; i < script->input_count; i++) orti_execution_set_input(execution, i, NULL);
    for (uint32_t i = 0; i < script->output_count; i++) {
        ort_status_destroy(orti_execution_set_output(execution, i, NULL));
        if (execution->outputs) slot_put(&execution->outputs[i], NULL);
    }
}

ort_status *orti_execution_bind(orti_execution *execution) {
    return execution->run ? orti_run_bind(execution->run) : NULL;
}

/* True when somebody else may write to the tensor later, or hold it for another purpose. */
static bool is_foreign(const orti_execution *execution, uint32_t index, const orti_tensor *tensor) {
    const orti_script *script = execution->script;
    bool is_foreign = false;
    for (uint32_t i = 0; i < script->input_count; i++) {
        const orti_tensor *input = orti_datum_tensor(execution->inputs[i]);
        is_foreign |= input && input->data == tensor->data;
    }
    for (uint32_t i = 0; i < script->constant_count; i++) is_foreign |= script->constants[i].tensor == tensor;
    for (uint32_t i = 0; i < index; i++) is_foreign |= execution->outputs[i] == &tensor->datum;
    return is_foreign;
}

static ort_status *output_copy(const orti_execution *execution, const orti_tensor *from, orti_tensor **out) {
    uint64_t offsets_bytes = ((uint64_t)from->element_count + 1) * sizeof(int64_t);
    uint64_t string_bytes = from->dtype == ORT_DTYPE_STRING ? from->size_bytes - offsets_bytes : 0;
    ORT_TRY(orti_tensor_create(execution->alloc, from->dtype, from->dims, from->rank, string_bytes, out));
    if (from->size_bytes) memcpy((*out)->data, from->data, (size_t)from->size_bytes);
    return NULL;
}

static ort_status *output_take(orti_execution *execution, uint32_t index) {
    const orti_graph *graph = execution->script->graph;
    orti_datum *datum = orti_frame_get(execution->root, execution->script->outputs[index]);
    orti_tensor *tensor = orti_datum_tensor(datum), *bound = execution->bound[index], *copy = NULL;
    if (!datum || (!tensor && bound))
        ORT_FAIL(INVALID_ARGUMENT, "output '%s' is %s, and was to be written to a tensor",
                 orti_graph_value(graph, orti_graph_output(graph, index))->name,
                 datum ? orti_value_type_name(datum->type) : "missing");
    if (!bound && (!tensor || !is_foreign(execution, index, tensor))) {
        slot_put(&execution->outputs[index], orti_datum_retain(datum));
        return NULL;
    }
    if (!bound) {
        ORT_TRY(output_copy(execution, tensor, &copy));
        slot_put(&execution->outputs[index], &copy->datum);
        return NULL;
    }
    bool is_same = bound->dtype == tensor->dtype && bound->rank == tensor->rank &&
                   bound->size_bytes == tensor->size_bytes &&
                   memcmp(bound->dims, tensor->dims, tensor->rank * sizeof *tensor->dims) == 0;
    const orti_plan_output made = {.dtype = tensor->dtype, .rank = tensor->rank, .dims = tensor->dims};
    if (!is_same) return orti_run_output_refuse(graph, index, &made, bound);
    if (tensor->size_bytes) memmove(bound->data, tensor->data, (size_t)tensor->size_bytes);
    slot_put(&execution->outputs[index], orti_datum_retain(&bound->datum));
    return NULL;
}

/* ---- commands ---- */

static void command_end(run_frame *frame) {
    const orti_command *command = &frame->script->commands[frame->next++];
    for (uint32_t i = 0; i < command->dropped_count; i++) orti_frame_put(frame, command->dropped[i], NULL);
}

/* A node that is done by one call. */
static ort_status *operator_run(run_frame *frame, const orti_command *command) {
    const run_place *place = &frame->places[frame->next];
    orti_datum **inputs = place->operands, **outputs = inputs + command->input_count;
    for (uint32_t i = 0; i < command->input_count; i++) inputs[i] = orti_frame_get(frame, command->inputs[i]);
    for (uint32_t k = 0; k < command->output_count; k++) outputs[k] = NULL;
    ort_status *status = place->core->run(command->node, inputs, outputs);
    for (uint32_t k = 0; k < command->output_count; k++) orti_frame_put(frame, command->outputs[k], outputs[k]);
    return status;
}

/* From its begin to its end, bodies included. */
static void core_span(const orti_execution *execution, const run_frame *frame) {
    const orti_run_request *request = execution->request;
    const orti_node *node = frame->script->commands[frame->next].node;
    orti_text name;
    orti_text_init(&name, execution->alloc);
    orti_text_add(&name, "%s %s", node->op_type, node->name);
    orti_profile_add(request->profile, "core", name.data, name.length, request->track,
                     frame->places[frame->next].begin_ns, orti_clock_ns());
    orti_text_finish(&name);
}

static ort_status *core_go(orti_execution *execution, run_frame *frame) {
    const orti_command *command = &frame->script->commands[frame->next];
    const core_operator *core = frame->places[frame->next].core;
    bool is_profiled = execution->request->profile != NULL;
    ort_status *status = NULL;
    if (is_profiled && !frame->is_inside) frame->places[frame->next].begin_ns = orti_clock_ns();
    if (core->run)
        status = operator_run(frame, command);
    else
        status = frame->is_inside ? core->resume(execution, frame, command) : core->begin(execution, frame, command);
    if (status) return ORT_NOTE(status, "node '%s' (%s)", command->node->name, command->node->op_type);
    frame->is_inside = execution->frame != frame;
    if (frame->is_inside) return NULL;
    if (is_profiled) core_span(execution, frame);
    command_end(frame);
    return NULL;
}

static void segment_done(void *user, ort_status *status);

/* *out_is_parked: it goes on in segment_done(), maybe already. */
static ort_status *segment_go(orti_execution *execution, run_frame *frame, bool *out_is_parked) {
    orti_run *run = NULL;
    ORT_TRY(orti_segment_begin(execution, frame, &run));
    *out_is_parked = execution->is_async && !orti_run_plan(run)->is_plain;
    if (*out_is_parked) {
        execution->parked = run;
        orti_run_start(run, execution->request, execution->driver, segment_done, execution);
        return NULL;
    }
    ORT_TRY(orti_run_execute(run, execution->request));
    ORT_TRY(orti_segment_end(frame, run));
    command_end(frame);
    return NULL;
}

/* So many steps, and an asynchronous run lets others that wait for the driver go first. */
#define TURN_STEP_COUNT 256u

/* *out_is_parked: nothing of the execution may be touched any more. */
static ort_status *commands_go(orti_execution *execution, bool *out_is_parked) {
    uint32_t step_count = 0;
    *out_is_parked = false;
    while (!*out_is_parked && execution->frame) {
        run_frame *frame = execution->frame;
        if (execution->is_async && ++step_count > TURN_STEP_COUNT) {
            *out_is_parked = true;
            orti_worker_push(execution->driver, &execution->task);
            return NULL;
        }
        ORT_TRY(orti_run_give_up_check(execution->request));
        if (frame->next == frame->script->command_count)
            execution->frame = frame->parent;
        else if (frame->script->commands[frame->next].schedule)
            ORT_TRY(segment_go(execution, frame, out_is_parked));
        else
            ORT_TRY(core_go(execution, frame));
    }
    return NULL;
}

static ort_status *execution_begin(orti_execution *execution, const orti_run_request *request) {
    run_frame *root = execution->root;
    execution->request = request;
    execution->frame = root;
    for (uint32_t i = 0; i < execution->script->output_count; i++) slot_put(&execution->outputs[i], NULL);
    for (uint32_t i = 0; i < execution->script->input_count; i++) {
        if (!execution->inputs[i]) ORT_FAIL(INVALID_ARGUMENT, "input %u is not set", i);
        orti_frame_put(root, i, orti_datum_retain(execution->inputs[i]));
    }
    return NULL;
}

/* Returns `status`, or what goes wrong here. */
static ort_status *execution_end(orti_execution *execution, ort_status *status) {
    for (uint32_t i = 0; i < execution->script->output_count && !status; i++) status = output_take(execution, i);
    for (run_frame *frame = execution->frame; frame; frame = frame->parent)
        if (frame != execution->root) orti_frame_clear(frame);
    orti_frame_clear(execution->root);
    execution->frame = NULL;
    return status;
}

ort_status *orti_execution_run(orti_execution *execution, const orti_run_request *request) {
    bool is_parked = false;
    if (execution->run) return orti_run_execute(execution->run, request);
    execution->is_async = false;
    ort_status *status = execution_begin(execution, request);
    if (!status) status = commands_go(execution, &is_parked);
    return execution_end(execution, status);
}

/* ---- asynchronous ---- */

static void async_go(orti_execution *execution, ort_status *status) {
    bool is_parked = false;
    if (!status) status = commands_go(execution, &is_parked);
    if (is_parked) return;
    status = execution_end(execution, status);
    execution->done(execution->user, status);
}

static void segment_done(void *user, ort_status *status) {
    orti_execution *execution = user;
    if (!status) status = orti_segment_end(execution->frame, execution->parked);
    if (!status) command_end(execution->frame);
    async_go(execution, status);
}

static void async_turn(void *user) {
    async_go(user, NULL);
}

static void async_begin(void *user) {
    orti_execution *execution = user;
    execution->task.run = async_turn;
    async_go(execution, execution_begin(execution, &execution->own_request));
}

void orti_execution_start(orti_execution *execution, const orti_run_request *request, orti_worker *driver,
                          orti_run_done_fn done, void *user) {
    if (execution->run) {
        orti_run_start(execution->run, request, driver, done, user);
        return;
    }
    execution->is_async = true;
    execution->own_request = *request;
    execution->driver = driver;
    execution->done = done;
    execution->user = user;
    execution->task = (orti_worker_task){.run = async_begin, .user = execution};
    orti_worker_push(driver, &execution->task);
}
