/* Inference of If, Loop and Scan: their bodies are inferred from what they are given, and say what comes out. Numbers
 * alone are of no use here: a plan never holds one of these nodes. */
#include "ops/infer.h"

#include <string.h>

typedef struct control_body {
    orti_infer *infer;
    orti_graph *graph;
    const char *attr_name;
} control_body;

static bool body_find(orti_infer *infer, const char *attr_name, control_body *out) {
    const orti_attr *attr = orti_node_attr(infer->node, attr_name);
    *out = (control_body){infer, attr ? attr->graph : NULL, attr_name};
    if (!out->graph) orti_infer_fail(infer, "has no graph '%s'", attr_name);
    return !infer->status && !infer->engine->is_plan;
}

static bool counts_check(const control_body *body, uint32_t input_count, uint32_t output_count) {
    uint32_t inputs = orti_graph_input_count(body->graph), outputs = orti_graph_output_count(body->graph);
    if (inputs != input_count)
        orti_infer_fail(body->infer, "its graph '%s' has %u inputs, needs %u", body->attr_name, inputs, input_count);
    if (outputs != output_count)
        orti_infer_fail(body->infer, "its graph '%s' has %u outputs, needs %u", body->attr_name, outputs, output_count);
    return !body->infer->status;
}

static void value_set(const control_body *body, orti_value_id id, ort_dtype dtype, const orti_dim *dims,
                      uint32_t rank) {
    const orti_value *value = orti_graph_value(body->graph, id);
    orti_infer *infer = body->infer;
    if (infer->status || value->type != ORTI_TYPE_TENSOR) return;
    if (value->dtype != ORT_DTYPE_NONE && dtype != ORT_DTYPE_NONE && value->dtype != dtype) {
        orti_infer_fail(infer, "value '%s' of its graph '%s' is declared as %s and given %s", value->name,
                        body->attr_name, orti_dtype_name(value->dtype), orti_dtype_name(dtype));
        return;
    }
    infer->status = orti_graph_set_shape(body->graph, id, dtype != ORT_DTYPE_NONE ? dtype : value->dtype, dims, rank);
}

/* What was not known to be a sequence when the model was loaded. */
static void capture_type_set(const control_body *body, orti_value_id id, const orti_value *outer) {
    orti_value *value = orti_graph_value(body->graph, id);
    if (body->infer->status || outer->type == ORTI_TYPE_TENSOR || value->type != ORTI_TYPE_TENSOR || !outer->type_text)
        return;
    value->type = outer->type;
    body->infer->status =
        orti_arena_string(orti_graph_arena(body->graph), outer->type_text, strlen(outer->type_text), &value->type_text);
}

static void captures_set(const control_body *body) {
    for (orti_value_id id = 0; id < orti_graph_value_count(body->graph); id++) {
        const orti_value *value = orti_graph_value(body->graph, id);
        if (value->kind != ORTI_VALUE_CAPTURE) continue;
        capture_type_set(body, id, orti_graph_value(body->infer->engine->graph, value->outer_id));
        const orti_state *state = &body->infer->engine->states[value->outer_id];
        if (state->has_shape)
            value_set(body, id, state->dtype, state->dims, state->rank);
        else
            value_set(body, id, state->dtype, NULL, ORTI_NONE);
    }
}

static void body_infer(const control_body *body) {
    if (body->infer->status) return;
    captures_set(body);
    if (!body->infer->status) body->infer->status = orti_infer_graph(body->graph);
    if (body->infer->status)
        body->infer->status = ORT_NOTE(body->infer->status, "graph '%s' of node '%s' (%s)", body->attr_name,
                                       body->infer->node->name, body->infer->node->op_type);
}

static const orti_value *body_output(const control_body *body, uint32_t index) {
    return orti_graph_value(body->graph, orti_graph_output(body->graph, index));
}

/* What is no tensor is told by the body's words alone. */
static void type_set(const control_body *body, uint32_t result, const orti_value *from) {
    orti_infer *infer = body->infer;
    orti_value_id id = infer->node->outputs[result];
    orti_value *value = id == ORTI_NONE ? NULL : orti_graph_value(infer->engine->graph, id);
    if (infer->status || !value || value->type_text || from->type == ORTI_TYPE_TENSOR || !from->type_text) return;
    value->type = from->type;
    infer->status = orti_arena_string(orti_graph_arena(infer->engine->graph), from->type_text, strlen(from->type_text),
                                      &value->type_text);
}

/* A fact that holds for both: sizes that differ are open. */
static void merge(orti_infer *infer, uint32_t result, const orti_value *a, const orti_value *b) {
    orti_dim dims[ORTI_RANK_MAX];
    if (a->dtype != ORT_DTYPE_NONE && b->dtype != ORT_DTYPE_NONE && a->dtype != b->dtype)
        orti_infer_fail(infer, "output %u is %s in one branch ('%s') and %s in the other ('%s')", result,
                        orti_dtype_name(a->dtype), a->name, orti_dtype_name(b->dtype), b->name);
    orti_set_dtype(infer, result, a->dtype != ORT_DTYPE_NONE ? a->dtype : b->dtype);
    if (!a->has_shape || !b->has_shape || a->rank != b->rank) return;
    for (uint32_t i = 0; i < a->rank; i++) dims[i] = a->dims[i] == b->dims[i] ? a->dims[i] : ORTI_DIM_INVALID;
    orti_set_dims(infer, result, dims, a->rank);
}

/* ONNX If-1: the condition is one bool. */
static bool condition_check(orti_infer *infer, uint32_t input) {
    const orti_state *state = orti_in(infer, input);
    int64_t count = state ? orti_state_count(infer->engine, state) : -1;
    if (state && state->dtype != ORT_DTYPE_NONE && state->dtype != ORT_DTYPE_BOOL)
        orti_infer_fail(infer, "its condition is %s, needs one bool", orti_dtype_name(state->dtype));
    if (count >= 0 && count != 1)
        orti_infer_fail(infer, "its condition has %lld elements, needs one bool", (long long)count);
    return !infer->status;
}

/* A branch that makes no sense for what it captures is none that is taken: the other one tells. */
static bool branches_infer(const control_body branches[2], bool is_sound[2]) {
    orti_infer *infer = branches[0].infer;
    ort_status *first = NULL;
    for (uint32_t i = 0; i < 2 && !infer->status; i++) {
        body_infer(&branches[i]);
        is_sound[i] = !infer->status;
        if (is_sound[i] || first || ort_status_code(infer->status) != ORT_CODE_INVALID_MODEL) continue;
        first = infer->status;
        infer->status = NULL;
    }
    ort_status_destroy(first);
    return !infer->status;
}

void orti_infer_if(orti_infer *infer) {
    control_body branches[2];
    bool is_sound[2];
    uint32_t count = infer->node->output_count;
    if (!condition_check(infer, 0)) return;
    for (uint32_t i = 0; i < 2; i++) {
        if (!body_find(infer, i ? "else_branch" : "then_branch", &branches[i])) return;
        if (!counts_check(&branches[i], 0, count)) return;
    }
    if (!branches_infer(branches, is_sound)) return;
    for (uint32_t k = 0; k < count && !infer->status; k++) {
        const orti_value *a = body_output(&branches[0], k), *b = body_output(&branches[1], k);
        merge(infer, k, is_sound[0] ? a : b, is_sound[1] ? b : a);
        type_set(&branches[0], k, a);
        type_set(&branches[1], k, b);
    }
}

/* ---- states that go around ---- */

/* What is known of one state at the begin of any iteration. */
typedef struct carried {
    ort_dtype dtype;
    bool has_shape;
    uint32_t rank;
    orti_dim dims[ORTI_RANK_MAX];
    bool is_open[ORTI_RANK_MAX]; /* the size differs between iterations */
} carried;

static void carried_begin(orti_infer *infer, uint32_t input, carried *out) {
    const orti_state *state = orti_in(infer, input);
    *out = (carried){.dtype = state ? state->dtype : ORT_DTYPE_NONE, .has_shape = state && state->has_shape};
    if (!out->has_shape) return;
    out->rank = state->rank;
    if (state->rank) memcpy(out->dims, state->dims, state->rank * sizeof *state->dims);
}

/* Takes back what one more iteration contradicts; true when there was something. */
static bool carried_loosen(orti_infer *infer, carried *self, const orti_value *after) {
    bool has_changed = false;
    if (self->dtype == ORT_DTYPE_NONE) self->dtype = after->dtype;
    if (!self->has_shape) return false;
    if (!after->has_shape || after->rank != self->rank) {
        self->has_shape = false;
        return true;
    }
    for (uint32_t i = 0; i < self->rank; i++) {
        if (self->is_open[i] || self->dims[i] == after->dims[i]) continue;
        self->is_open[i] = has_changed = true;
        self->dims[i] = orti_dim_fresh(infer);
    }
    return has_changed;
}

/* Infers the body until what holds of its states holds for every iteration: each round opens at least one size. */
static void body_settle(const control_body *body, uint32_t first_input, uint32_t first_output, carried *states,
                        uint32_t count) {
    bool has_changed = true;
    while (has_changed && !body->infer->status) {
        has_changed = false;
        for (uint32_t i = 0; i < count; i++)
            value_set(body, orti_graph_input(body->graph, first_input + i), states[i].dtype, states[i].dims,
                      states[i].has_shape ? states[i].rank : ORTI_NONE);
        body_infer(body);
        for (uint32_t i = 0; i < count && !body->infer->status; i++)
            has_changed |= carried_loosen(body->infer, &states[i], body_output(body, first_output + i));
    }
}

static void states_begin(orti_infer *infer, uint32_t first_input, uint32_t count, carried **out) {
    if (!infer->status) infer->status = orti_arena_alloc(infer->engine->arena, count, sizeof **out, out);
    for (uint32_t i = 0; i < count && !infer->status; i++) carried_begin(infer, first_input + i, &(*out)[i]);
}

static void states_set(const control_body *body, uint32_t first_output, const carried *states, uint32_t count) {
    for (uint32_t i = 0; i < count && !body->infer->status; i++) {
        const orti_value *value = body_output(body, first_output + i);
        orti_set_dtype(body->infer, i, states[i].dtype != ORT_DTYPE_NONE ? states[i].dtype : value->dtype);
        if (states[i].has_shape) orti_set_dims(body->infer, i, states[i].dims, states[i].rank);
        type_set(body, i, value);
    }
}

/* Slices of `element`, `count` of them along a new axis. */
static void stacked_set(orti_infer *infer, uint32_t result, const orti_value *element, int64_t axis, orti_dim count) {
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t at = 0;
    orti_set_dtype(infer, result, element->dtype);
    if (!element->has_shape || element->rank == ORTI_RANK_MAX) return;
    if (!orti_axis(infer, axis, element->rank + 1, &at)) return;
    for (uint32_t i = 0, from = 0; i <= element->rank; i++) dims[i] = i == at ? count : element->dims[from++];
    orti_set_dims(infer, result, dims, element->rank + 1);
}

void orti_infer_loop(orti_infer *infer) {
    const orti_dim none[1] = {0};
    uint32_t state_count = infer->node->input_count > 2 ? infer->node->input_count - 2 : 0;
    uint32_t output_count = infer->node->output_count;
    const orti_state *trip_count = orti_in(infer, 0);
    carried *states = NULL;
    control_body body;
    if (!condition_check(infer, 1)) return;
    if (trip_count && orti_state_count(infer->engine, trip_count) >= 0 &&
        orti_state_count(infer->engine, trip_count) != 1)
        orti_infer_fail(infer, "its trip count has %lld elements, needs one",
                        (long long)orti_state_count(infer->engine, trip_count));
    if (!body_find(infer, "body", &body)) return;
    if (output_count < state_count) orti_infer_fail(infer, "has %u states and %u outputs", state_count, output_count);
    if (infer->status || !counts_check(&body, state_count + 2, output_count + 1)) return;
    value_set(&body, orti_graph_input(body.graph, 0), ORT_DTYPE_I64, none, 0);
    value_set(&body, orti_graph_input(body.graph, 1), ORT_DTYPE_BOOL, none, 0);
    states_begin(infer, 2, state_count, &states);
    body_settle(&body, 2, 1, states, state_count);
    states_set(&body, 1, states, state_count);
    for (uint32_t k = state_count; k < output_count && !infer->status; k++)
        stacked_set(infer, k, body_output(&body, k + 1), 0, ORTI_DIM_INVALID);
}

/* ---- Scan ---- */

static int64_t axis_of(const orti_node *node, const char *name, uint32_t index) {
    const orti_attr *attr = orti_node_attr(node, name);
    return attr && attr->ints && index < attr->count ? attr->ints[index] : 0;
}

/* The body's input for scan input `index`: a slice. *length: of the axis. */
static void slice_set(const control_body *body, uint32_t input, uint32_t index, orti_dim *length) {
    orti_infer *infer = body->infer;
    orti_value_id id = orti_graph_input(body->graph, input);
    const orti_state *state = orti_in(infer, input);
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t axis = 0, rank = 0;
    if (infer->status || !state) return;
    if (!state->has_shape) {
        value_set(body, id, state->dtype, NULL, ORTI_NONE);
        return;
    }
    if (!orti_axis(infer, axis_of(infer->node, "scan_input_axes", index), state->rank, &axis)) return;
    if (*length == ORTI_DIM_INVALID) *length = state->dims[axis];
    for (uint32_t i = 0; i < state->rank; i++)
        if (i != axis) dims[rank++] = state->dims[i];
    value_set(body, id, state->dtype, dims, rank);
}

void orti_infer_scan(orti_infer *infer) {
    uint32_t input_count = infer->node->input_count, output_count = infer->node->output_count;
    int64_t scan_count = orti_node_attr_int(infer->node, "num_scan_inputs", 0);
    orti_dim length = ORTI_DIM_INVALID;
    carried *states = NULL;
    control_body body;
    if (scan_count < 1 || scan_count > (int64_t)input_count)
        orti_infer_fail(infer, "has %u inputs, %lld of them to scan", input_count, (long long)scan_count);
    if (!body_find(infer, "body", &body)) return;
    uint32_t state_count = input_count - (uint32_t)scan_count;
    if (output_count < state_count) orti_infer_fail(infer, "has %u states and %u outputs", state_count, output_count);
    if (infer->status || !counts_check(&body, input_count, output_count)) return;
    for (uint32_t i = 0; i < scan_count; i++) slice_set(&body, state_count + i, i, &length);
    states_begin(infer, 0, state_count, &states);
    body_settle(&body, 0, 0, states, state_count);
    states_set(&body, 0, states, state_count);
    for (uint32_t k = state_count; k < output_count && !infer->status; k++)
        stacked_set(infer, k, body_output(&body, k), axis_of(infer->node, "scan_output_axes", k - state_count), length);
}

/* ---- SequenceMap: the body once for each element; tensors beside the sequences are the same every time ---- */

static void map_input_set(const control_body *body, uint32_t input) {
    orti_infer *infer = body->infer;
    orti_value_id id = orti_graph_input(body->graph, input);
    const orti_value *given = orti_graph_value(infer->engine->graph, infer->node->inputs[input]);
    const orti_state *state = orti_in(infer, input);
    orti_value *value = orti_graph_value(body->graph, id);
    if (given->type == ORTI_TYPE_TENSOR && state)
        value_set(body, id, state->dtype, state->dims, state->has_shape ? state->rank : ORTI_NONE);
    else if (value->dtype == ORT_DTYPE_NONE) /* elements differ in shape: what the body declares stays */
        value_set(body, id, orti_in_element_dtype(infer, input), NULL, ORTI_NONE);
}

void orti_infer_sequence_map(orti_infer *infer) {
    control_body body;
    if (!body_find(infer, "body", &body)) return;
    if (!counts_check(&body, infer->node->input_count, infer->node->output_count)) return;
    for (uint32_t i = 0; i < infer->node->input_count && !infer->status; i++)
        if (infer->node->inputs[i] != ORTI_NONE) map_input_set(&body, i);
    body_infer(&body);
    for (uint32_t k = 0; k < infer->node->output_count && !infer->status; k++)
        orti_set_sequence(infer, k, body_output(&body, k)->dtype);
}
