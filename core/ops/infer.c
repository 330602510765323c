/* The machine: states of values, helpers of one node's inference, the walk over the graph. */
#include "ops/infer.h"

#include <stdio.h>
#include <string.h>

void orti_infer_fail(orti_infer *infer, const char *fmt, ...) {
    if (infer->status) return;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    infer->status = ORT_STATUS(INVALID_MODEL, "node '%s' (%s): %s", infer->node->name, infer->node->op_type, text);
}

const orti_state *orti_in(orti_infer *infer, uint32_t index) {
    if (index >= infer->node->input_count || infer->node->inputs[index] == ORTI_NONE) return NULL;
    return &infer->engine->states[infer->node->inputs[index]];
}

const orti_state *orti_in_shaped(orti_infer *infer, uint32_t index) {
    const orti_state *state = orti_in(infer, index);
    return state && state->has_shape ? state : NULL;
}

static void *allocate(orti_infer *infer, size_t count, size_t size_bytes) {
    void *memory = NULL;
    if (!infer->status) infer->status = orti_arena_alloc(infer->engine->arena, count ? count : 1, size_bytes, &memory);
    return memory;
}

bool orti_has_cells(ort_dtype dtype) {
    const uint64_t without = ORT_DTYPE_BIT(ORT_DTYPE_STRING) | ORT_DTYPE_BIT(ORT_DTYPE_C64) |
                             ORT_DTYPE_BIT(ORT_DTYPE_C128) | ORT_DTYPE_BIT(ORT_DTYPE_F16) |
                             ORT_DTYPE_BIT(ORT_DTYPE_BF16);
    return !(without & ORT_DTYPE_BIT(dtype));
}

/* A small constant's elements become cells. */
static void load_constant(orti_infer *infer, const orti_tensor *tensor, orti_state *state) {
    if (!tensor || tensor->element_count > (int64_t)ORTI_KNOWN_MAX || !orti_has_cells(tensor->dtype)) return;
    uint32_t count = (uint32_t)tensor->element_count;
    orti_cell *cells = allocate(infer, count, sizeof *cells);
    for (uint32_t i = 0; cells && i < count; i++) {
        if (orti_dtype_is_float(tensor->dtype))
            cells[i].number = orti_dtype_get_f64(tensor->dtype, tensor->data, i);
        else
            cells[i].dim = orti_dim_number(infer, orti_dtype_get_i64(tensor->dtype, tensor->data, i));
    }
    if (!cells || infer->status) return;
    state->cells = cells;
    state->count = count;
}

const orti_cell *orti_in_cells(orti_infer *infer, uint32_t index, uint32_t *out_count) {
    *out_count = 0;
    if (!orti_in(infer, index)) return NULL;
    orti_value_id id = infer->node->inputs[index];
    orti_state *state = &infer->engine->states[id];
    if (!state->cells) load_constant(infer, orti_graph_value(infer->engine->graph, id)->constant, state);
    *out_count = state->cells ? state->count : 0;
    return state->cells;
}

bool orti_in_ints(orti_infer *infer, uint32_t index, int64_t *out, uint32_t capacity, uint32_t *out_count) {
    const orti_cell *cells = orti_in_cells(infer, index, out_count);
    if (!cells || *out_count > capacity || orti_dtype_is_float(orti_in(infer, index)->dtype)) return false;
    for (uint32_t i = 0; i < *out_count; i++)
        if (!orti_dim_is_number(infer, cells[i].dim, &out[i])) return false;
    return true;
}

orti_state *orti_result(orti_infer *infer, uint32_t index) {
    if (index >= infer->node->output_count || infer->node->outputs[index] == ORTI_NONE) return NULL;
    return &infer->engine->states[infer->node->outputs[index]];
}

void orti_set_dtype(orti_infer *infer, uint32_t index, ort_dtype dtype) {
    orti_state *state = orti_result(infer, index);
    if (state && dtype != ORT_DTYPE_NONE) state->dtype = dtype;
}

void orti_set_dims(orti_infer *infer, uint32_t index, const orti_dim *dims, uint32_t rank) {
    orti_state *state = orti_result(infer, index);
    if (!state || infer->status) return;
    orti_dim *copy = allocate(infer, rank, sizeof *copy);
    if (!copy) return;
    for (uint32_t i = 0; i < rank; i++) {
        int64_t number;
        if (orti_dim_is_number(infer, dims[i], &number) && number < 0)
            orti_infer_fail(infer, "output %u would have the size %lld on axis %u", index, (long long)number, i);
        copy[i] = dims[i];
        if (dims[i] == ORTI_DIM_INVALID && !infer->engine->is_plan) copy[i] = orti_dim_fresh(infer);
    }
    state->dims = copy;
    state->rank = rank;
    state->has_shape = infer->status == NULL;
}

orti_cell *orti_set_cells(orti_infer *infer, uint32_t index, uint32_t count) {
    orti_state *state = orti_result(infer, index);
    if (!state || infer->status || count > ORTI_KNOWN_MAX || !orti_has_cells(state->dtype)) return NULL;
    state->cells = allocate(infer, count, sizeof *state->cells);
    state->count = state->cells ? count : 0;
    return state->cells;
}

int64_t orti_state_count(const orti_engine *engine, const orti_state *state) {
    int64_t dims[ORTI_RANK_MAX], count;
    if (!state->has_shape) return -1;
    for (uint32_t i = 0; i < state->rank; i++)
        if (state->dims[i] == ORTI_DIM_INVALID || !orti_dim_constant(engine->pool, state->dims[i], &dims[i])) return -1;
    return orti_shape_count(dims, state->rank, &count) ? count : -1;
}

orti_dim orti_dims_op(orti_infer *infer, orti_dim_fn fn, orti_dim a, orti_dim b) {
    orti_dim out = ORTI_DIM_INVALID;
    if (infer->status || a == ORTI_DIM_INVALID || b == ORTI_DIM_INVALID) return ORTI_DIM_INVALID;
    infer->status = fn(infer->engine->pool, a, b, &out);
    if (infer->status)
        infer->status = ORT_NOTE(infer->status, "node '%s' (%s)", infer->node->name, infer->node->op_type);
    return infer->status ? ORTI_DIM_INVALID : out;
}

orti_dim orti_dim_number(orti_infer *infer, int64_t number) {
    orti_dim out = number;
    if (number >= 0 || infer->status) return out;
    infer->status = orti_dim_from_i64(infer->engine->pool, number, &out);
    return infer->status ? ORTI_DIM_INVALID : out;
}

bool orti_dim_is_number(const orti_infer *infer, orti_dim dim, int64_t *out) {
    return dim != ORTI_DIM_INVALID && orti_dim_constant(infer->engine->pool, dim, out);
}

orti_dim orti_dims_product(orti_infer *infer, const orti_dim *dims, uint32_t count) {
    orti_dim product = 1;
    for (uint32_t i = 0; i < count; i++) product = orti_dims_op(infer, orti_dim_mul, product, dims[i]);
    return product;
}

orti_dim orti_dim_fresh(orti_infer *infer) {
    orti_dim out = ORTI_DIM_INVALID;
    if (!infer->status) infer->status = orti_dim_symbol(infer->engine->pool, NULL, &out);
    return out;
}

bool orti_axis(orti_infer *infer, int64_t axis, uint32_t rank, uint32_t *out) {
    *out = 0;
    if (axis < -(int64_t)rank || axis >= (int64_t)rank) {
        orti_infer_fail(infer, "axis %lld is outside a value of rank %u", (long long)axis, rank);
        return false;
    }
    *out = (uint32_t)(axis < 0 ? axis + (int64_t)rank : axis);
    return true;
}

/* One axis of a broadcast. Where one side is no number the other side's number above 1 wins: ONNX asks that they agree.
 */
static orti_dim broadcast_dim(orti_infer *infer, orti_dim a, orti_dim b, uint32_t axis) {
    int64_t x, y;
    bool has_x = orti_dim_is_number(infer, a, &x), has_y = orti_dim_is_number(infer, b, &y);
    if (a == b || (has_y && y == 1)) return a;
    if (has_x && x == 1) return b;
    if (has_x && has_y)
        orti_infer_fail(infer, "sizes %lld and %lld on axis %u don't broadcast", (long long)x, (long long)y, axis);
    if (has_x) return a;
    if (has_y) return b;
    return ORTI_DIM_INVALID;
}

bool orti_broadcast(orti_infer *infer, const orti_dim *a, uint32_t a_rank, const orti_dim *b, uint32_t b_rank,
                    orti_dim *out, uint32_t *out_rank) {
    uint32_t rank = a_rank > b_rank ? a_rank : b_rank;
    orti_dim result[ORTI_RANK_MAX];
    for (uint32_t i = 0; i < rank; i++) {
        orti_dim x = i + a_rank < rank ? 1 : a[i + a_rank - rank], y = i + b_rank < rank ? 1 : b[i + b_rank - rank];
        result[i] = broadcast_dim(infer, x, y, i);
    }
    memcpy(out, result, rank * sizeof *out);
    *out_rank = rank;
    return infer->status == NULL;
}

const orti_meaning *orti_meaning_find(const char *domain, const char *name) {
    uint32_t low = 0, high = orti_meaning_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const orti_meaning *row = &orti_meanings[middle];
        int order = strcmp(row->domain, domain);
        if (order == 0) order = strcmp(row->name, name);
        if (order == 0) return row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The newest version that is no notice of withdrawal. */
static const orti_op *newest_form(const orti_node *node) {
    const orti_op *newest = orti_op_newest(node->domain, node->op_type);
    return newest->is_deprecated ? orti_op_find(node->domain, node->op_type, newest->since_version - 1) : newest;
}

/* Inference asks some ten times a pass for each node: the node keeps the answer, for the operator it has now. */
static const orti_meaning *meaning_look_up(const orti_node *node) {
    orti_node *self = (orti_node *)(uintptr_t)node;
    if (!node->op || node->meant_op == node->op) return node->op ? node->meaning : NULL;
    const orti_op *newest = newest_form(node);
    self->meant_op = node->op;
    self->meaning = orti_meaning_find(node->domain, node->op_type);
    self->newest_version = newest ? newest->since_version : INT32_MAX;
    return node->meaning;
}

const orti_meaning *orti_meaning_of(const orti_node *node) {
    const orti_meaning *meaning = meaning_look_up(node);
    return meaning && node->until_version >= node->newest_version ? meaning : NULL;
}

static bool has_flag(const orti_node *node, uint32_t flag) {
    const orti_meaning *meaning = meaning_look_up(node);
    return meaning && (meaning->flags & flag);
}

bool orti_op_is_core(const orti_node *node) {
    return has_flag(node, ORTI_MEANING_CORE) || node->handles_values;
}

/* StringNormalizer keeps every element where no word stops it. */
static bool is_nothing_told(const orti_node *node) {
    const orti_attr *words = orti_node_attr(node, "stopwords");
    return strcmp(node->op_type, "StringNormalizer") == 0 && (!words || words->count == 0);
}

bool orti_op_is_told(const orti_node *node) {
    return has_flag(node, ORTI_MEANING_TOLD) && !is_nothing_told(node);
}

/* Types follow from the facts where an output shares its variable with an input. */
static void infer_types(orti_infer *infer, const orti_op *op) {
    for (uint32_t k = 0; k < infer->node->output_count; k++) {
        orti_state *state = orti_result(infer, k);
        uint32_t row = k < op->output_fact_count ? k : op->output_fact_count - 1;
        if (!state || !op->output_fact_count || state->dtype != ORT_DTYPE_NONE) continue;
        const orti_op_param_fact *out = &op->outputs[row];
        for (uint32_t i = 0; i < infer->node->input_count && op->input_fact_count; i++) {
            const orti_op_param_fact *in = &op->inputs[i < op->input_fact_count ? i : op->input_fact_count - 1];
            const orti_state *source = orti_in(infer, i);
            if (source && out->type_var != 255 && in->type_var == out->type_var && !out->is_heterogeneous)
                orti_set_dtype(infer, k, source->dtype);
        }
        if (state->dtype == ORT_DTYPE_NONE && out->types && (out->types & (out->types - 1)) == 0)
            for (ort_dtype dtype = 1; dtype < ORT_DTYPE_COUNT; dtype++)
                if (out->types == ORT_DTYPE_BIT(dtype)) state->dtype = dtype;
    }
}

static ort_status *check_types(orti_infer *infer, const orti_op *op) {
    for (uint32_t i = 0; i < infer->node->input_count && op->input_fact_count; i++) {
        const orti_op_param_fact *fact = &op->inputs[i < op->input_fact_count ? i : op->input_fact_count - 1];
        const orti_state *state = orti_in(infer, i);
        if (!state || state->dtype == ORT_DTYPE_NONE || !fact->types) continue;
        if (!(fact->types & ORT_DTYPE_BIT(state->dtype)))
            ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): input %u ('%s') is %s, which the operator does not take",
                     infer->node->name, op->name, (int)op->since_version, i,
                     orti_graph_value(infer->engine->graph, infer->node->inputs[i])->name,
                     orti_dtype_name(state->dtype));
    }
    return NULL;
}

static const orti_op_param_fact *input_fact(const orti_op *op, uint32_t index) {
    return &op->inputs[index < op->input_fact_count ? index : op->input_fact_count - 1];
}

/* Inputs of one type variable are of one type. */
static ort_status *check_equal_types(orti_infer *infer, const orti_op *op) {
    for (uint32_t i = 1; i < infer->node->input_count && op->input_fact_count; i++) {
        const orti_op_param_fact *fact = input_fact(op, i);
        const orti_state *state = orti_in(infer, i);
        if (!state || state->dtype == ORT_DTYPE_NONE || fact->type_var == 255 || fact->is_heterogeneous) continue;
        for (uint32_t k = 0; k < i; k++) {
            const orti_state *other = orti_in(infer, k);
            if (!other || other->dtype == ORT_DTYPE_NONE || input_fact(op, k)->type_var != fact->type_var) continue;
            if (other->dtype != state->dtype)
                ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): input %u is %s and input %u is %s: they must be the same",
                         infer->node->name, op->name, (int)op->since_version, k, orti_dtype_name(other->dtype), i,
                         orti_dtype_name(state->dtype));
        }
    }
    return NULL;
}

/* A composite means what its body says: the same machine over the body, from the node's inputs to its outputs. */
static ort_status *infer_body(orti_infer *infer) {
    const orti_engine *outer = infer->engine;
    orti_graph *body = infer->node->body;
    orti_engine engine = *outer;
    uint32_t count = orti_graph_value_count(body);
    engine.graph = body;
    ORT_TRY(orti_arena_alloc(outer->arena, count + 1, sizeof *engine.states, &engine.states));
    for (orti_value_id id = 0; id < count; id++) {
        orti_tensor *constant = orti_graph_value(body, id)->constant;
        if (!constant) continue;
        engine.states[id] = (orti_state){.dtype = constant->dtype,
                                         .has_shape = true,
                                         .is_set = true,
                                         .rank = constant->rank,
                                         .dims = constant->dims};
    }
    for (uint32_t i = 0; i < infer->node->input_count && i < orti_graph_input_count(body); i++) {
        const orti_state *given = orti_in(infer, i);
        uint32_t cell_count = 0;
        (void)orti_in_cells(infer, i, &cell_count); /* small constants are read */
        if (given) engine.states[orti_graph_input(body, i)] = *given;
    }
    ORT_TRY(infer->status);
    ORT_TRY(orti_engine_run(&engine));
    for (uint32_t k = 0; k < infer->node->output_count && k < orti_graph_output_count(body); k++) {
        orti_state *state = orti_result(infer, k);
        if (state) *state = engine.states[orti_graph_output(body, k)];
        if (state) state->is_set = true;
    }
    return NULL;
}

/* Providers know tensors alone: Identity of a sequence is the core's. Calls are looked into instead. */
static bool handles_values(const orti_graph *graph, const orti_node *node) {
    for (uint32_t i = 0; i < node->input_count && !node->body; i++)
        if (node->inputs[i] != ORTI_NONE && orti_graph_value(graph, node->inputs[i])->type != ORTI_TYPE_TENSOR)
            return true;
    for (uint32_t k = 0; k < node->output_count && !node->body; k++)
        if (node->outputs[k] != ORTI_NONE && orti_graph_value(graph, node->outputs[k])->type != ORTI_TYPE_TENSOR)
            return true;
    return false;
}

static ort_status *infer_node(orti_engine *engine, orti_node *node) {
    orti_infer infer = {.engine = engine, .node = node};
    for (uint32_t k = 0; k < node->output_count; k++) {
        orti_state *state = orti_result(&infer, k);
        if (state) *state = (orti_state){.is_set = true};
    }
    if (node->op) {
        ORT_TRY(check_types(&infer, node->op));
        ORT_TRY(check_equal_types(&infer, node->op));
        infer_types(&infer, node->op);
    }
    const orti_meaning *meaning = orti_meaning_of(node);
    if (meaning && meaning->infer)
        meaning->infer(&infer);
    else if (node->body && !infer.status)
        return ORT_NOTE(infer_body(&infer), "node '%s' (%s)", node->name, node->op_type);
    if (!engine->is_plan) node->handles_values = handles_values(engine->graph, node);
    return infer.status;
}

ort_status *orti_engine_run(orti_engine *engine) {
    const orti_node_id *order;
    uint32_t count;
    ORT_TRY(orti_graph_order(engine->graph, &order, &count));
    for (uint32_t i = 0; i < count; i++) ORT_TRY(infer_node(engine, orti_graph_node(engine->graph, order[i])));
    return NULL;
}
