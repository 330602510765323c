/* Frames: the values of a graph that is being run, and the runs of its segments. */
#include "run/frame.h"

#include <stdatomic.h>
#include <string.h>

static ort_status *place_fill(orti_execution *execution, const orti_command *command, run_place *place) {
    if (command->schedule)
        return orti_arena_alloc(&execution->arena, command->input_count, sizeof(orti_tensor *), &place->inputs);
    ORT_TRY(orti_core_operator_find(command->node, &place->core));
    if (place->core->run)
        return orti_arena_alloc(&execution->arena, (size_t)command->input_count + command->output_count,
                                sizeof(orti_datum *), &place->operands);
    return orti_arena_alloc(&execution->arena, command->body_count, sizeof(run_frame *), &place->bodies);
}

ort_status *orti_frame_create(orti_execution *execution, const orti_script *script, run_frame *parent,
                              run_frame **out) {
    run_frame *frame = NULL;
    *out = NULL;
    ORT_TRY(orti_arena_alloc(&execution->arena, 1, sizeof *frame, &frame));
    frame->script = script;
    frame->parent = parent;
    ORT_TRY(orti_arena_alloc(&execution->arena, script->slot_count, sizeof(orti_datum *), &frame->slots));
    ORT_TRY(orti_arena_alloc(&execution->arena, script->command_count, sizeof(run_place), &frame->places));
    for (uint32_t i = 0; i < script->command_count; i++)
        ORT_TRY(place_fill(execution, &script->commands[i], &frame->places[i]));
    for (uint32_t i = 0; i < script->constant_count; i++) /* borrowed from the graph */
        frame->slots[script->constants[i].slot] = &script->constants[i].tensor->datum;
    *out = frame;
    return NULL;
}

void orti_execution_drop(orti_execution *execution, orti_run *run) {
    if (!run) return;
    uint64_t bytes = orti_run_memory_bytes(run);
    execution->memory_bytes -= bytes;
    atomic_fetch_sub(&execution->counters->memory_bytes, bytes);
    orti_run_destroy(run);
}

void orti_frame_finish(orti_execution *execution, run_frame *frame) {
    if (!frame) return;
    orti_frame_clear(frame);
    for (uint32_t i = 0; i < frame->script->command_count; i++) {
        run_place *place = &frame->places[i];
        orti_run_loop_finish(place->loop);
        for (uint32_t k = 0; k < SEGMENT_RUN_COUNT; k++) orti_execution_drop(execution, place->runs[k]);
        for (uint32_t k = 0; place->bodies && k < frame->script->commands[i].body_count; k++)
            orti_frame_finish(execution, place->bodies[k]);
    }
}

void orti_frame_clear(run_frame *frame) {
    const orti_script *script = frame->script;
    for (uint32_t i = 0; i < script->constant_count; i++) frame->slots[script->constants[i].slot] = NULL;
    for (uint32_t i = 0; i < script->slot_count; i++) {
        orti_datum_release(frame->slots[i]);
        frame->slots[i] = NULL;
    }
    for (uint32_t i = 0; i < script->constant_count; i++)
        frame->slots[script->constants[i].slot] = &script->constants[i].tensor->datum;
    for (uint32_t i = 0; i < script->command_count; i++) orti_run_loop_clear(frame->places[i].loop);
    frame->next = 0;
    frame->is_inside = false;
}

void orti_frame_put(run_frame *frame, uint32_t slot, orti_datum *datum) {
    if (slot == ORTI_NONE) {
        orti_datum_release(datum);
        return;
    }
    orti_datum *old = frame->slots[slot];
    frame->slots[slot] = datum;
    orti_datum_release(old);
}

orti_datum *orti_frame_get(const run_frame *frame, uint32_t slot) {
    return slot == ORTI_NONE ? NULL : frame->slots[slot];
}

ort_status *orti_frame_enter(orti_execution *execution, run_frame *frame, uint32_t index, run_frame **out) {
    const orti_script *script = frame->script->commands[frame->next].bodies[index];
    run_frame **body = &frame->places[frame->next].bodies[index];
    frame->places[frame->next].entered = index;
    if (script->refusal) ORT_FAIL(INVALID_ARGUMENT, "a branch that it can't take: %s", script->refusal);
    uint32_t formal_count = script->input_count - script->capture_count;
    if (!*body)
        ORT_TRY(orti_frame_create(execution, script, frame, body));
    else
        orti_frame_clear(*body);
    for (uint32_t i = 0; i < script->capture_count; i++)
        (*body)->slots[formal_count + i] = orti_datum_retain(frame->slots[script->captures[i]]);
    execution->frame = *out = *body;
    return NULL;
}

/* ---- segments ---- */

static ort_status *inputs_read(const run_frame *frame, const orti_command *command, orti_tensor **out) {
    for (uint32_t i = 0; i < command->input_count; i++) {
        orti_datum *datum = orti_frame_get(frame, command->inputs[i]);
        const orti_graph *segment = command->schedule->graph;
        out[i] = orti_datum_tensor(datum);
        const orti_value *value = orti_graph_value(segment, orti_graph_input(segment, i));
        if (!out[i])
            ORT_FAIL(UNSUPPORTED, "value '%s' is %s: a provider reads tensors alone", value->name,
                     datum ? orti_value_type_name(datum->type) : "missing");
        /* What comes out of a sequence is what somebody put in. */
        if (value->dtype != ORT_DTYPE_NONE && value->dtype != out[i]->dtype)
            ORT_FAIL(INVALID_ARGUMENT, "value '%s' is %s, the model says %s", value->name,
                     orti_dtype_name(out[i]->dtype), orti_dtype_name(value->dtype));
    }
    return NULL;
}

ort_status *orti_segment_run_make(orti_execution *execution, orti_schedule *schedule, orti_tensor *const *inputs,
                                  orti_run **out) {
    orti_run_counters *counters = execution->counters;
    orti_plan *plan = NULL;
    bool was_made = false;
    ORT_TRY(orti_schedule_plan(schedule, inputs, &plan, &was_made));
    atomic_fetch_add(&counters->plan_made_count, was_made);
    ort_status *status = orti_run_create(plan, execution->lane, out);
    orti_plan_release(plan);
    if (status) return status;
    atomic_fetch_add(&counters->run_made_count, 1);
    execution->memory_bytes += orti_run_memory_bytes(*out);
    atomic_fetch_add(&counters->memory_bytes, orti_run_memory_bytes(*out));
    return NULL;
}

/* One of those that are kept, or a new one in the place of the one that was not used for longest. */
static ort_status *run_find(orti_execution *execution, orti_schedule *schedule, run_place *place, orti_run **out) {
    uint32_t at = 0;
    while (at < SEGMENT_RUN_COUNT && place->runs[at] && !orti_plan_fits(orti_run_plan(place->runs[at]), place->inputs))
        at++;
    *out = at < SEGMENT_RUN_COUNT ? place->runs[at] : NULL;
    if (!*out) {
        at = SEGMENT_RUN_COUNT - 1;
        orti_execution_drop(execution, place->runs[at]);
        place->runs[at] = NULL;
        ORT_TRY(orti_segment_run_make(execution, schedule, place->inputs, out));
    }
    memmove(&place->runs[1], &place->runs[0], at * sizeof(orti_run *));
    place->runs[0] = *out;
    return NULL;
}

ort_status *orti_segment_begin(orti_execution *execution, run_frame *frame, orti_run **out) {
    const orti_command *command = &frame->script->commands[frame->next];
    run_place *place = &frame->places[frame->next];
    ORT_TRY(inputs_read(frame, command, place->inputs));
    ORT_TRY(run_find(execution, command->schedule, place, out));
    for (uint32_t i = 0; i < command->input_count; i++) orti_run_set_input(*out, i, place->inputs[i]);
    orti_run_renew_outputs(*out);
    return NULL;
}

ort_status *orti_segment_end(run_frame *frame, orti_run *run) {
    const orti_command *command = &frame->script->commands[frame->next];
    orti_run_release_inputs(run);
    for (uint32_t i = 0; i < command->output_count; i++) {
        orti_tensor *tensor = orti_run_output(run, i);
        const orti_graph *segment = command->schedule->graph;
        if (!tensor)
            ORT_FAIL(PLUGIN, "value '%s': no provider told its size",
                     orti_graph_value(segment, orti_graph_output(segment, i))->name);
        orti_frame_put(frame, command->outputs[i], &orti_tensor_retain(tensor)->datum);
    }
    return NULL;
}
