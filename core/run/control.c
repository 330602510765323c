/* If, Loop and Scan. Values go from a body to the next by reference. */
#include "run/frame.h"
#include "run/stack.h"
#include "run/values.h"

#include <string.h>

/* One element of an integer type or bool. */
static ort_status *scalar_read(const orti_datum *datum, ort_dtype dtype, const char *what, int64_t *out) {
    const orti_tensor *tensor = orti_datum_tensor((orti_datum *)(uintptr_t)datum);
    if (!tensor || tensor->dtype != dtype || tensor->element_count != 1)
        ORT_FAIL(INVALID_ARGUMENT, "%s is no single %s", what, orti_dtype_name(dtype));
    *out = orti_dtype_get_i64(dtype, tensor->data, 0);
    return NULL;
}

static orti_datum *body_output(const run_frame *body, uint32_t index) {
    return orti_frame_get(body, body->script->outputs[index]);
}

static ort_status *output_retain(const run_frame *body, uint32_t index, orti_datum **out) {
    orti_datum *datum = body_output(body, index);
    if (!datum) ORT_FAIL(BUG, "output %u of graph '%s' was not made", index, orti_graph_name(body->script->graph));
    *out = orti_datum_retain(datum);
    return NULL;
}

/* The body that is the node's attribute of that name. */
static uint32_t body_index(const orti_command *command, const char *attr_name) {
    const orti_attr *attr = orti_node_attr(command->node, attr_name);
    uint32_t index = 0;
    while (index + 1 < command->body_count && orti_node_subgraph(command->node, index) != attr->graph) index++;
    return index;
}

/* ---- If ---- */

ort_status *orti_if_begin(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_frame *body = NULL;
    int64_t condition = 0;
    ORT_TRY(scalar_read(orti_frame_get(frame, command->inputs[0]), ORT_DTYPE_BOOL, "its condition", &condition));
    return orti_frame_enter(execution, frame, body_index(command, condition ? "then_branch" : "else_branch"), &body);
}

ort_status *orti_if_resume(orti_execution *execution, run_frame *frame, const orti_command *command) {
    const run_place *place = &frame->places[frame->next];
    run_frame *body = place->bodies[place->entered];
    (void)execution;
    for (uint32_t k = 0; k < command->output_count; k++) {
        orti_datum *datum = NULL;
        ORT_TRY(output_retain(body, k, &datum));
        orti_frame_put(frame, command->outputs[k], datum);
    }
    orti_frame_clear(body);
    return NULL;
}

/* ---- what Loop and Scan share ---- */

/* A node that goes around its body. The first formal inputs of the body are `lead_count` of the node's own (the
 * iteration and the condition of a Loop), then the states, then slices. */
struct run_loop {
    int64_t trip, limit;
    orti_datum *condition; /* NULL: true */
    orti_datum **states;
    uint32_t state_count, stack_count, slicer_count;
    run_stack *stacks;
    run_slicer *slicers;
    orti_tensor *counter; /* the iteration, as the body reads it; kept */
};

void orti_run_loop_clear(run_loop *loop) {
    if (!loop) return;
    for (uint32_t i = 0; i < loop->state_count; i++) {
        orti_datum_release(loop->states[i]);
        loop->states[i] = NULL;
    }
    for (uint32_t i = 0; i < loop->stack_count; i++) orti_stack_clear(&loop->stacks[i]);
    for (uint32_t i = 0; i < loop->slicer_count; i++) orti_slicer_clear(&loop->slicers[i]);
    orti_datum_release(loop->condition);
    loop->condition = NULL;
}

void orti_run_loop_finish(run_loop *loop) {
    if (!loop) return;
    orti_run_loop_clear(loop);
    orti_tensor_release(loop->counter);
    loop->counter = NULL;
}

static ort_status *loop_open(orti_execution *execution, run_place *place, uint32_t state_count, uint32_t stack_count,
                             uint32_t slicer_count) {
    run_loop *loop = place->loop;
    if (!loop) {
        ORT_TRY(orti_arena_alloc(&execution->arena, 1, sizeof *loop, &loop));
        ORT_TRY(orti_arena_alloc(&execution->arena, state_count, sizeof(orti_datum *), &loop->states));
        ORT_TRY(orti_arena_alloc(&execution->arena, stack_count, sizeof(run_stack), &loop->stacks));
        ORT_TRY(orti_arena_alloc(&execution->arena, slicer_count, sizeof(run_slicer), &loop->slicers));
        loop->state_count = state_count;
        loop->stack_count = stack_count;
        loop->slicer_count = slicer_count;
        place->loop = loop;
    }
    loop->trip = 0;
    loop->limit = INT64_MAX;
    return NULL;
}

/* States, as slots of the node's inputs. */
static ort_status *states_begin(run_loop *loop, const run_frame *frame, const uint32_t *slots) {
    for (uint32_t i = 0; i < loop->state_count; i++) {
        orti_datum *datum = orti_frame_get(frame, slots[i]);
        if (!datum) ORT_FAIL(INVALID_MODEL, "its state %u has no value to begin with", i);
        loop->states[i] = orti_datum_retain(datum);
    }
    return NULL;
}

/* Body inputs from `first` on become the states, which the loop gives up. */
static void states_hand_over(run_loop *loop, run_frame *body, uint32_t first) {
    for (uint32_t i = 0; i < loop->state_count; i++) {
        orti_frame_put(body, first + i, loop->states[i]);
        loop->states[i] = NULL;
    }
}

/* Body outputs from `first` on: states, then what is stacked. The body is left empty. */
static ort_status *body_leave(orti_execution *execution, run_loop *loop, run_frame *body, uint32_t first,
                              int64_t expected_count) {
    for (uint32_t i = 0; i < loop->state_count; i++) ORT_TRY(output_retain(body, first + i, &loop->states[i]));
    for (uint32_t i = 0; i < loop->stack_count; i++) {
        const orti_tensor *element = orti_datum_tensor(body_output(body, first + loop->state_count + i));
        if (!element) ORT_FAIL(UNSUPPORTED, "its scan output %u is no tensor", i);
        ORT_TRY(orti_stack_add(&loop->stacks[i], execution->alloc, element, expected_count));
    }
    orti_frame_clear(body);
    loop->trip++;
    return NULL;
}

/* No iteration: sizes are those that inference knows, and 0 where it does not. */
static ort_status *stack_of_none(const orti_execution *execution, const run_frame *body, uint32_t output, uint32_t axis,
                                 orti_tensor **out) {
    const orti_graph *graph = body->script->graph;
    const orti_value *value = orti_graph_value(graph, orti_graph_output(graph, output));
    int64_t dims[ORTI_RANK_MAX] = {0};
    uint32_t rank = value->has_shape ? value->rank + 1 : 1;
    for (uint32_t i = 0, from = 0; value->has_shape && i < rank; i++) {
        if (i == axis) continue;
        if (!orti_dim_constant(orti_graph_pool(graph), value->dims[from++], &dims[i])) dims[i] = 0;
    }
    return orti_tensor_create(execution->alloc, value->dtype, dims, rank, 0, out);
}

static int64_t attr_at(const orti_node *node, const char *name, uint32_t index) {
    const orti_attr *attr = orti_node_attr(node, name);
    return attr && attr->ints && index < attr->count ? attr->ints[index] : 0;
}

/* An axis that may count from the end. */
static ort_status *axis_find(int64_t axis, uint32_t rank, uint32_t *out) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= (int64_t)rank)
        ORT_FAIL(INVALID_ARGUMENT, "axis %lld is outside a value of rank %u", (long long)axis, rank);
    *out = (uint32_t)axis;
    return NULL;
}

/* The node's outputs: states, then stacks; body outputs from `first` on. */
static ort_status *loop_end(orti_execution *execution, run_frame *frame, const orti_command *command, uint32_t first) {
    run_loop *loop = frame->places[frame->next].loop;
    run_frame *body = frame->places[frame->next].bodies[0];
    const orti_node *node = command->node;
    for (uint32_t i = 0; i < loop->state_count; i++) {
        orti_frame_put(frame, command->outputs[i], loop->states[i]);
        loop->states[i] = NULL;
    }
    for (uint32_t i = 0; i < loop->stack_count; i++) {
        run_stack *stack = &loop->stacks[i];
        bool is_backward = attr_at(node, "scan_output_directions", i) != 0;
        orti_tensor *tensor = NULL;
        uint32_t axis = 0;
        if (stack->tensor) ORT_TRY(axis_find(attr_at(node, "scan_output_axes", i), stack->tensor->rank, &axis));
        if (stack->tensor)
            ORT_TRY(orti_stack_take(stack, axis, is_backward, &tensor));
        else
            ORT_TRY(stack_of_none(execution, body, first + loop->state_count + i, axis, &tensor));
        orti_frame_put(frame, command->outputs[loop->state_count + i], &tensor->datum);
    }
    orti_frame_clear(body);
    orti_run_loop_clear(loop);
    return NULL;
}

/* ---- Loop: inputs trip count, condition, states; the body's are iteration, condition, states ---- */

/* A loop that is not said to end soon begins with room for this many scan outputs. */
#define STACK_COUNT_FIRST 16

static ort_status *counter_set(orti_execution *execution, run_loop *loop, run_frame *body) {
    orti_tensor *counter = loop->counter;
    /* A body may have kept the last one. */
    if (!counter || counter->datum.ref_count != 1) {
        orti_tensor_release(counter);
        loop->counter = NULL;
        ORT_TRY(orti_tensor_create(execution->alloc, ORT_DTYPE_I64, NULL, 0, 0, &loop->counter));
        counter = loop->counter;
    }
    *(int64_t *)counter->data = loop->trip;
    orti_frame_put(body, 0, &orti_tensor_retain(counter)->datum);
    return NULL;
}

/* Once more, or the end. */
static ort_status *loop_go(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    int64_t condition = 1;
    run_frame *body = NULL;
    if (loop->condition) ORT_TRY(scalar_read(loop->condition, ORT_DTYPE_BOOL, "its condition", &condition));
    ORT_TRY(orti_frame_enter(execution, frame, 0, &body));
    if (!condition || loop->trip >= loop->limit) {
        execution->frame = frame;
        return loop_end(execution, frame, command, 1);
    }
    ORT_TRY(counter_set(execution, loop, body));
    orti_frame_put(body, 1, loop->condition ? loop->condition : &orti_tensor_retain(execution->yes)->datum);
    loop->condition = NULL;
    states_hand_over(loop, body, 2);
    return NULL;
}

ort_status *orti_loop_begin(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_place *place = &frame->places[frame->next];
    uint32_t state_count = command->input_count > 2 ? command->input_count - 2 : 0;
    orti_datum *limit = orti_frame_get(frame, command->inputs[0]);
    orti_datum *condition = command->input_count > 1 ? orti_frame_get(frame, command->inputs[1]) : NULL;
    ORT_TRY(loop_open(execution, place, state_count, command->output_count - state_count, 0));
    if (limit) ORT_TRY(scalar_read(limit, ORT_DTYPE_I64, "its trip count", &place->loop->limit));
    if (condition) place->loop->condition = orti_datum_retain(condition);
    ORT_TRY(states_begin(place->loop, frame, command->inputs + 2));
    return loop_go(execution, frame, command);
}

ort_status *orti_loop_resume(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    run_frame *body = frame->places[frame->next].bodies[0];
    int64_t left = loop->limit - loop->trip;
    ORT_TRY(output_retain(body, 0, &loop->condition));
    ORT_TRY(body_leave(execution, loop, body, 1, left < STACK_COUNT_FIRST ? left : STACK_COUNT_FIRST));
    return loop_go(execution, frame, command);
}

/* ---- Scan: inputs states, then what is scanned; the body's are states, then slices ---- */

static ort_status *slices_set(run_loop *loop, run_frame *body, const orti_node *node) {
    for (uint32_t i = 0; i < loop->slicer_count; i++) {
        bool is_backward = attr_at(node, "scan_input_directions", i) != 0;
        orti_tensor *slice = NULL;
        ORT_TRY(orti_slicer_get(&loop->slicers[i], is_backward ? loop->limit - 1 - loop->trip : loop->trip, &slice));
        orti_frame_put(body, loop->state_count + i, &slice->datum);
    }
    return NULL;
}

static ort_status *scan_go(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    run_frame *body = NULL;
    ORT_TRY(orti_frame_enter(execution, frame, 0, &body));
    if (loop->trip >= loop->limit) {
        execution->frame = frame;
        return loop_end(execution, frame, command, 0);
    }
    ORT_TRY(slices_set(loop, body, command->node));
    states_hand_over(loop, body, 0);
    return NULL;
}

static ort_status *slicers_begin(run_loop *loop, const run_frame *frame, const orti_command *command) {
    for (uint32_t i = 0; i < loop->slicer_count; i++) {
        orti_tensor *source = orti_datum_tensor(orti_frame_get(frame, command->inputs[loop->state_count + i]));
        uint32_t axis = 0;
        if (!source) ORT_FAIL(INVALID_ARGUMENT, "its scan input %u is no tensor", i);
        ORT_TRY(axis_find(attr_at(command->node, "scan_input_axes", i), source->rank, &axis));
        if (i && source->dims[axis] != loop->limit)
            ORT_FAIL(INVALID_ARGUMENT, "its scan input %u has %lld slices, the ones before have %lld", i,
                     (long long)source->dims[axis], (long long)loop->limit);
        loop->limit = source->dims[axis];
        ORT_TRY(orti_slicer_begin(&loop->slicers[i], source, axis));
    }
    return NULL;
}

ort_status *orti_scan_begin(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_place *place = &frame->places[frame->next];
    uint32_t scan_count = (uint32_t)orti_node_attr_int(command->node, "num_scan_inputs", 0);
    uint32_t state_count = command->input_count - scan_count;
    ORT_TRY(loop_open(execution, place, state_count, command->output_count - state_count, scan_count));
    ORT_TRY(slicers_begin(place->loop, frame, command));
    ORT_TRY(states_begin(place->loop, frame, command->inputs));
    return scan_go(execution, frame, command);
}

ort_status *orti_scan_resume(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    ORT_TRY(body_leave(execution, loop, frame->places[frame->next].bodies[0], 0, loop->limit - loop->trip));
    return scan_go(execution, frame, command);
}

/* ---- SequenceMap: the loop's states are the sequences that it makes ---- */

static ort_status *map_go(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    run_frame *body = NULL;
    if (loop->trip == loop->limit) {
        execution->frame = frame;
        for (uint32_t k = 0; k < loop->state_count; k++) {
            orti_frame_put(frame, command->outputs[k], loop->states[k]);
            loop->states[k] = NULL;
        }
        orti_run_loop_clear(loop);
        return NULL;
    }
    ORT_TRY(orti_frame_enter(execution, frame, 0, &body));
    for (uint32_t i = 0; i < command->input_count; i++) {
        orti_datum *datum = orti_frame_get(frame, command->inputs[i]);
        const orti_list *list = orti_datum_list(datum);
        if (list && (int64_t)list->count != loop->limit)
            ORT_FAIL(INVALID_ARGUMENT, "its input %u has %u elements, input 0 has %lld", i, list->count,
                     (long long)loop->limit);
        orti_frame_put(body, i, datum ? orti_datum_retain(list ? list->items[loop->trip] : datum) : NULL);
    }
    return NULL;
}

ort_status *orti_sequence_map_begin(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_place *place = &frame->places[frame->next];
    orti_datum *datum = orti_frame_get(frame, command->inputs[0]);
    if (!datum || datum->type != ORTI_TYPE_SEQUENCE) ORT_FAIL(INVALID_ARGUMENT, "its input 0 is no sequence");
    ORT_TRY(loop_open(execution, place, command->output_count, 0, 0));
    place->loop->limit = orti_datum_list(datum)->count;
    for (uint32_t k = 0; k < command->output_count; k++) {
        orti_list *list = NULL;
        ORT_TRY(orti_list_create(execution->alloc, ORTI_TYPE_SEQUENCE, NULL, 0, &list));
        place->loop->states[k] = &list->datum;
    }
    return map_go(execution, frame, command);
}

ort_status *orti_sequence_map_resume(orti_execution *execution, run_frame *frame, const orti_command *command) {
    run_loop *loop = frame->places[frame->next].loop;
    run_frame *body = frame->places[frame->next].bodies[0];
    for (uint32_t k = 0; k < loop->state_count; k++) {
        orti_datum *longer = NULL, *item = body_output(body, k);
        if (!item) ORT_FAIL(BUG, "output %u of graph '%s' was not made", k, orti_graph_name(body->script->graph));
        ORT_TRY(orti_sequence_add(loop->states[k], item, &longer));
        orti_datum_release(loop->states[k]);
        loop->states[k] = longer;
    }
    orti_frame_clear(body);
    loop->trip++;
    return map_go(execution, frame, command);
}
