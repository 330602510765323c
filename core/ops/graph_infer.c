/* The symbolic pass over a graph, and what it learns: shapes, known contents, which inputs' contents matter. */
#include "ops/infer.h"

#include <string.h>

/* What the model itself says of inputs, constants and captures. */
static void seed_state(const orti_value *value, orti_state *state) {
    *state =
        (orti_state){.dtype = value->dtype, .has_shape = value->has_shape, .rank = value->rank, .dims = value->dims};
}

static ort_status *check_output(orti_engine *engine, const orti_value *value, const orti_state *state) {
    orti_infer infer = {.engine = engine};
    if (value->dtype != ORT_DTYPE_NONE && state->dtype != ORT_DTYPE_NONE && value->dtype != state->dtype)
        ORT_FAIL(INVALID_MODEL, "value '%s' is declared as %s but node '%s' (%s) makes %s", value->name,
                 orti_dtype_name(value->dtype), orti_graph_node(engine->graph, value->producer)->name,
                 orti_graph_node(engine->graph, value->producer)->op_type, orti_dtype_name(state->dtype));
    if (!value->is_output || !value->has_shape || !state->has_shape) return NULL;
    /* Exporters and editors of models leave outputs behind whose declaration has another rank; nothing reads it. */
    if (value->rank != state->rank) return NULL;
    const orti_node *node = orti_graph_node(engine->graph, value->producer);
    bool agrees = true;
    for (uint32_t i = 0; agrees && i < value->rank; i++) {
        int64_t declared, inferred;
        agrees = !orti_dim_is_number(&infer, value->dims[i], &declared) ||
                 !orti_dim_is_number(&infer, state->dims[i], &inferred) || declared == inferred;
    }
    if (agrees) return NULL;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    for (int side = 0; side < 2; side++) {
        uint32_t rank = side ? state->rank : value->rank;
        const orti_dim *dims = side ? state->dims : value->dims;
        orti_text_add(&text, side ? " but comes out as [" : "[");
        for (uint32_t i = 0; i < rank; i++) {
            orti_text_add(&text, i ? "," : "");
            orti_dim_print(engine->pool, dims[i], &text);
        }
        orti_text_add(&text, "]");
    }
    ort_status *status = ORT_STATUS(INVALID_MODEL, "node '%s' (%s): output '%s' is declared as %s", node->name,
                                    node->op_type, value->name, text.data);
    orti_text_finish(&text);
    return status;
}

/* What a state says goes into the graph's value. */
static ort_status *write_back(orti_engine *engine, orti_value_id id) {
    orti_state *state = &engine->states[id];
    orti_value *value = orti_graph_value(engine->graph, id);
    if (value->kind != ORTI_VALUE_INNER || !state->is_set) return NULL;
    ORT_TRY(check_output(engine, value, state));
    ort_dtype dtype = state->dtype != ORT_DTYPE_NONE ? state->dtype : value->dtype;
    if (state->has_shape)
        ORT_TRY(orti_graph_set_shape(engine->graph, id, dtype, state->dims, state->rank));
    else
        orti_graph_value(engine->graph, id)->dtype = dtype;
    value = orti_graph_value(engine->graph, id);
    value->known = NULL;
    if (!state->cells || orti_dtype_is_float(dtype)) return NULL;
    orti_known *known = NULL;
    ORT_TRY(orti_arena_alloc(orti_graph_arena(engine->graph), 1, sizeof *known, &known));
    ORT_TRY(orti_arena_alloc(orti_graph_arena(engine->graph), state->count ? state->count : 1, sizeof *known->dims,
                             &known->dims));
    known->count = state->count;
    for (uint32_t i = 0; i < state->count; i++) known->dims[i] = state->cells[i].dim;
    value->known = known;
    return NULL;
}

static bool is_complete(const orti_engine *engine, orti_value_id id) {
    const orti_value *value = orti_graph_value(engine->graph, id);
    const orti_state *state = &engine->states[id];
    if (value->constant)
        return orti_has_cells(value->constant->dtype) && value->constant->element_count <= (int64_t)ORTI_KNOWN_MAX;
    if (!state->cells) return false;
    for (uint32_t i = 0; i < state->count && !orti_dtype_is_float(state->dtype); i++)
        if (state->cells[i].dim == ORTI_DIM_INVALID) return false;
    return true;
}

/* Backwards over the order: a value whose contents shapes depend on, and that shapes don't tell, is needed. */
static void mark_needs(const orti_engine *engine, const orti_node_id *order, uint32_t count, bool *needs) {
    for (uint32_t at = count; at-- > 0;) {
        const orti_node *node = orti_graph_node(engine->graph, order[at]);
        const orti_meaning *meaning = orti_meaning_of(node);
        bool is_needed = false;
        for (uint32_t k = 0; k < node->output_count; k++)
            is_needed = is_needed || (node->outputs[k] != ORTI_NONE && needs[node->outputs[k]]);
        for (uint32_t i = 0; meaning && i < node->input_count; i++) {
            orti_value_id id = node->inputs[i];
            bool for_shape = i < 32 && (meaning->contents_mask >> i & 1);
            bool for_contents = is_needed && (meaning->flags & ORTI_MEANING_KNOWABLE);
            if (id != ORTI_NONE && (for_shape || for_contents) && !is_complete(engine, id)) needs[id] = true;
        }
    }
}

static bool is_small(const orti_engine *engine, orti_value_id id) {
    if (!orti_has_cells(engine->states[id].dtype)) return false;
    int64_t count = orti_state_count(engine, &engine->states[id]);
    /* A shape-like input of a size that is not fixed: its contents are looked at when a plan is made. */
    if (count < 0) return engine->states[id].has_shape && engine->states[id].rank <= 1;
    return count <= (int64_t)ORTI_KNOWN_MAX;
}

/* Forwards: what the core can compute itself whenever shapes change. */
static void mark_known(const orti_engine *engine, const orti_node_id *order, uint32_t count, bool *known) {
    for (orti_value_id id = 0; id < orti_graph_value_count(engine->graph); id++) {
        const orti_value *value = orti_graph_value(engine->graph, id);
        known[id] = is_complete(engine, id) ||
                    (value->kind == ORTI_VALUE_INPUT && value->needs_contents && is_small(engine, id));
    }
    for (uint32_t at = 0; at < count; at++) {
        const orti_node *node = orti_graph_node(engine->graph, order[at]);
        const orti_meaning *meaning = orti_meaning_of(node);
        bool is_shape = meaning && (meaning->flags & ORTI_MEANING_SHAPES);
        bool follows = is_shape || (meaning && (meaning->flags & ORTI_MEANING_KNOWABLE));
        for (uint32_t i = 0; follows && !is_shape && i < node->input_count; i++)
            follows = node->inputs[i] == ORTI_NONE || known[node->inputs[i]];
        for (uint32_t k = 0; k < node->output_count && follows; k++) {
            orti_value_id id = node->outputs[k];
            if (id == ORTI_NONE || !is_small(engine, id)) continue;
            /* What may turn out long is run where no shape depends on it. */
            bool may_be_long = !is_shape && orti_state_count(engine, &engine->states[id]) < 0;
            known[id] = known[id] || !may_be_long || orti_graph_value(engine->graph, id)->needs_contents;
        }
    }
}

static bool is_read_known(const orti_node *node, const bool *follows) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != ORTI_NONE && !follows[node->inputs[i]]) return false;
    return true;
}

/* Forwards: where a run has to have told before what reads the value can be planned. That are sizes, and contents that
 * shapes depend on, as far as they don't follow from others of these. `follows` is scratch. */
static void mark_told(const orti_engine *engine, const orti_node_id *order, uint32_t count, bool *follows) {
    for (orti_value_id id = 0; id < orti_graph_value_count(engine->graph); id++) {
        orti_value *value = orti_graph_value(engine->graph, id);
        value->is_told = false;
        follows[id] = value->is_known || (value->needs_contents && is_small(engine, id));
    }
    for (uint32_t at = 0; at < count; at++) {
        const orti_node *node = orti_graph_node(engine->graph, order[at]);
        const orti_meaning *meaning = orti_meaning_of(node);
        bool can_follow = meaning && (meaning->flags & ORTI_MEANING_KNOWABLE) && is_read_known(node, follows);
        for (uint32_t k = 0; k < node->output_count; k++) {
            if (node->outputs[k] == ORTI_NONE) continue;
            orti_value *value = orti_graph_value(engine->graph, node->outputs[k]);
            if (value->is_known) continue;
            value->is_told = orti_op_is_told(node) || (follows[node->outputs[k]] && !can_follow);
        }
    }
}

static ort_status *learn(orti_engine *engine) {
    const orti_node_id *order;
    uint32_t count, value_count = orti_graph_value_count(engine->graph);
    bool *needs = NULL, *known = NULL;
    ORT_TRY(orti_arena_alloc(engine->arena, value_count + 1, sizeof *needs, &needs));
    ORT_TRY(orti_arena_alloc(engine->arena, value_count + 1, sizeof *known, &known));
    ORT_TRY(orti_graph_order(engine->graph, &order, &count));
    mark_needs(engine, order, count, needs);
    for (orti_value_id id = 0; id < value_count; id++) orti_graph_value(engine->graph, id)->needs_contents = needs[id];
    mark_known(engine, order, count, known);
    for (orti_value_id id = 0; id < value_count; id++) orti_graph_value(engine->graph, id)->is_known = known[id];
    mark_told(engine, order, count, known);
    return NULL;
}

/* What a body's formal inputs are at this call; then the body's own values. */
static ort_status *body_learn(const orti_graph *graph, const orti_node *node) {
    for (uint32_t i = 0; i < node->input_count && i < orti_graph_input_count(node->body); i++) {
        if (node->inputs[i] == ORTI_NONE) continue;
        const orti_value *value = orti_graph_value(graph, node->inputs[i]);
        ORT_TRY(orti_graph_set_shape(node->body, orti_graph_input(node->body, i), value->dtype, value->dims,
                                     value->has_shape ? value->rank : ORTI_NONE));
    }
    return orti_infer_graph(node->body);
}

static ort_status *bodies_learn(orti_graph *graph) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted || !node->body) continue;
        ORT_TRY(ORT_NOTE(body_learn(graph, node), "node '%s' (%s)", node->name, node->op_type));
    }
    return NULL;
}

ort_status *orti_infer_graph(orti_graph *graph) {
    orti_arena arena;
    orti_arena_init(&arena, orti_allocator_default());
    orti_engine engine = {.graph = graph, .pool = orti_graph_pool(graph), .arena = &arena};
    uint32_t count = orti_graph_value_count(graph);
    ort_status *status = orti_arena_alloc(&arena, count + 1, sizeof *engine.states, &engine.states);
    if (status) goto done;
    for (orti_value_id id = 0; id < count; id++) seed_state(orti_graph_value(graph, id), &engine.states[id]);
    ORT_TRY_TO(done, status, orti_engine_run(&engine));
    for (orti_value_id id = 0; id < count; id++) ORT_TRY_TO(done, status, write_back(&engine, id));
    ORT_TRY_TO(done, status, learn(&engine));
    status = bodies_learn(graph);
done:
    orti_arena_finish(&arena);
    return status;
}

bool orti_infer_needs_contents(const orti_graph *graph, uint32_t input_index) {
    return orti_graph_value(graph, orti_graph_input(graph, input_index))->needs_contents;
}

bool orti_infer_is_known(const orti_graph *graph, orti_node_id id) {
    const orti_node *node = orti_graph_node(graph, id);
    for (uint32_t k = 0; k < node->output_count; k++)
        if (node->outputs[k] != ORTI_NONE && !orti_graph_value(graph, node->outputs[k])->is_known) return false;
    return true;
}
