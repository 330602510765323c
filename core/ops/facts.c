/* Inference with numbers, for a plan: every value's shape for these inputs, and contents where they follow. */
#include "ops/infer.h"

#include <stdio.h>
#include <string.h>

struct orti_facts {
    const orti_allocator *alloc;
    orti_arena arena;
    orti_dim_pool *pool; /* numbers below zero alone */
    orti_fact *facts;
    uint32_t fact_count;
    int64_t *symbols;
    uint32_t symbol_count;
};

typedef struct planning {
    orti_facts *facts;
    orti_engine engine;
    const orti_dim_pool *names; /* the graph's pool: symbols */
} planning;

static ort_status *shape_error(const planning *self, const orti_value *value, const orti_fact *fact, const char *why) {
    orti_text wanted, given;
    orti_text_init(&wanted, self->facts->alloc);
    orti_text_init(&given, self->facts->alloc);
    orti_text_add(&wanted, "%s[", orti_dtype_name(value->dtype));
    for (uint32_t i = 0; i < value->rank; i++) {
        orti_text_add(&wanted, i ? "," : "");
        orti_dim_print(self->names, value->dims[i], &wanted);
    }
    orti_text_add(&wanted, "]");
    orti_shape_print(fact->dtype, fact->dims, fact->rank, &given);
    ort_status *status = ORT_STATUS(INVALID_ARGUMENT, "input '%s' is %s, the model wants %s%s", value->name, given.data,
                                    wanted.data, why);
    orti_text_finish(&wanted);
    orti_text_finish(&given);
    return status;
}

/* A declared dimension against a number: a symbol without a number takes it. */
static bool agrees(planning *self, orti_dim declared, int64_t number) {
    int64_t value;
    uint32_t symbol = orti_dim_symbol_index(self->names, declared);
    if (number == ORTI_DIM_INVALID || declared == ORTI_DIM_INVALID) return true;
    if (symbol < self->facts->symbol_count && self->facts->symbols[symbol] == ORTI_DIM_INVALID) {
        self->facts->symbols[symbol] = number;
        return true;
    }
    return !orti_dim_eval(self->names, declared, self->facts->symbols, self->facts->symbol_count, &value) ||
           value == number;
}

static ort_status *check_input(planning *self, const orti_value *value, const orti_fact *fact) {
    if (value->dtype != ORT_DTYPE_NONE && fact->dtype != value->dtype) return shape_error(self, value, fact, "");
    if (!value->has_shape) return NULL;
    if (value->rank != fact->rank) return shape_error(self, value, fact, "");
    for (uint32_t i = 0; i < value->rank; i++) {
        if (fact->dims[i] < 0) return shape_error(self, value, fact, "");
        if (agrees(self, value->dims[i], fact->dims[i])) continue;
        uint32_t symbol = orti_dim_symbol_index(self->names, value->dims[i]);
        if (symbol >= self->facts->symbol_count) return shape_error(self, value, fact, "");
        char why[160];
        snprintf(why, sizeof why, ", and '%s' is %lld already", orti_dim_symbol_name(self->names, symbol),
                 (long long)self->facts->symbols[symbol]);
        return shape_error(self, value, fact, why);
    }
    return NULL;
}

static ort_status *number_cell(planning *self, const orti_tensor *tensor, int64_t index, orti_cell *out) {
    if (orti_dtype_is_float(tensor->dtype)) {
        out->number = orti_dtype_get_f64(tensor->dtype, tensor->data, index);
        return NULL;
    }
    return orti_dim_from_i64(self->facts->pool, orti_dtype_get_i64(tensor->dtype, tensor->data, index), &out->dim);
}

static ort_status *seed_input(planning *self, orti_value_id id, const orti_fact *fact) {
    orti_state *state = &self->engine.states[id];
    const orti_tensor *known = orti_graph_value(self->engine.graph, id)->needs_contents ? fact->known : NULL;
    *state = (orti_state){.dtype = fact->dtype, .has_shape = true, .is_set = true, .rank = fact->rank};
    ORT_TRY(orti_arena_copy(&self->facts->arena, fact->dims, (fact->rank + 1) * sizeof *fact->dims, &state->dims));
    if (!known || known->dtype == ORT_DTYPE_STRING || known->element_count > (int64_t)ORTI_KNOWN_MAX) return NULL;
    ORT_TRY(
        orti_arena_alloc(&self->facts->arena, (size_t)known->element_count + 1, sizeof *state->cells, &state->cells));
    state->count = (uint32_t)known->element_count;
    for (uint32_t i = 0; i < state->count; i++) ORT_TRY(number_cell(self, known, i, &state->cells[i]));
    return NULL;
}

static ort_status *seed(planning *self, const orti_fact *inputs, uint32_t input_count) {
    orti_graph *graph = self->engine.graph;
    for (orti_value_id id = 0; id < orti_graph_value_count(graph); id++) {
        const orti_value *value = orti_graph_value(graph, id);
        orti_state *state = &self->engine.states[id];
        if (!value->constant) continue;
        *state = (orti_state){.dtype = value->constant->dtype,
                              .has_shape = true,
                              .is_set = true,
                              .rank = value->constant->rank,
                              .dims = value->constant->dims};
    }
    if (input_count != orti_graph_input_count(graph))
        ORT_FAIL(INVALID_ARGUMENT, "%u inputs are given, the model has %u", input_count, orti_graph_input_count(graph));
    for (uint32_t i = 0; i < input_count; i++) {
        orti_value_id id = orti_graph_input(graph, i);
        ORT_TRY(check_input(self, orti_graph_value(graph, id), &inputs[i]));
        ORT_TRY(seed_input(self, id, &inputs[i]));
    }
    return NULL;
}

/* Contents become a tensor when every element is a number. */
static ort_status *keep_contents(planning *self, const orti_state *state, orti_fact *fact) {
    int64_t count;
    if (!state->cells || !orti_shape_count(fact->dims, fact->rank, &count) || count != (int64_t)state->count)
        return NULL;
    if (!orti_dtype_is_float(fact->dtype))
        for (uint32_t i = 0; i < state->count; i++)
            if (state->cells[i].dim == ORTI_DIM_INVALID) return NULL;
    ORT_TRY(orti_tensor_create(self->facts->alloc, fact->dtype, fact->dims, fact->rank, 0, &fact->known));
    for (uint32_t i = 0; i < state->count; i++) {
        int64_t number = 0;
        if (orti_dtype_is_float(fact->dtype)) {
            orti_dtype_set_f64(fact->dtype, fact->known->data, i, state->cells[i].number);
            continue;
        }
        if (!orti_dim_constant(self->facts->pool, state->cells[i].dim, &number))
            ORT_FAIL(BUG, "a known element is no number");
        orti_dtype_set_i64(fact->dtype, fact->known->data, i, number);
    }
    return NULL;
}

static ort_status *keep(planning *self, orti_value_id id) {
    const orti_state *state = &self->engine.states[id];
    const orti_value *value = orti_graph_value(self->engine.graph, id);
    orti_fact *fact = &self->facts->facts[id];
    fact->dtype = state->dtype != ORT_DTYPE_NONE ? state->dtype : value->dtype;
    fact->has_shape = state->has_shape;
    fact->rank = state->rank;
    bool is_full = state->has_shape;
    for (uint32_t i = 0; state->has_shape && i < state->rank; i++) {
        fact->dims[i] = state->dims[i];
        is_full = is_full && fact->dims[i] != ORTI_DIM_INVALID;
        /* Symbols that came up inside the graph get their numbers too. */
        if (value->has_shape && value->rank == state->rank && fact->dims[i] != ORTI_DIM_INVALID)
            (void)agrees(self, value->dims[i], fact->dims[i]);
    }
    return is_full ? keep_contents(self, state, fact) : NULL;
}

static ort_status *plan(planning *self, const orti_fact *inputs, uint32_t input_count) {
    orti_facts *facts = self->facts;
    ORT_TRY(orti_dim_pool_create(facts->alloc, &facts->pool));
    self->engine.pool = facts->pool;
    ORT_TRY(orti_arena_alloc(&facts->arena, facts->fact_count + 1, sizeof *facts->facts, &facts->facts));
    ORT_TRY(orti_arena_alloc(&facts->arena, facts->fact_count + 1, sizeof *self->engine.states, &self->engine.states));
    ORT_TRY(orti_arena_alloc(&facts->arena, facts->symbol_count + 1, sizeof *facts->symbols, &facts->symbols));
    for (uint32_t i = 0; i < facts->symbol_count; i++) facts->symbols[i] = ORTI_DIM_INVALID;
    ORT_TRY(seed(self, inputs, input_count));
    ort_status *status = orti_engine_run(&self->engine);
    if (status) {
        /* The model is sound: these shapes are what it can't take. */
        ort_status *wrong = ORT_STATUS(INVALID_ARGUMENT, "with these input shapes: %s", ort_status_message(status));
        ort_code code = ort_status_code(status);
        if (code != ORT_CODE_INVALID_MODEL) {
            ort_status_destroy(wrong);
            return status;
        }
        ort_status_destroy(status);
        return wrong;
    }
    for (orti_value_id id = 0; id < facts->fact_count; id++) ORT_TRY(keep(self, id));
    return NULL;
}

ort_status *orti_facts_create(orti_graph *graph, const orti_fact *inputs, uint32_t input_count, orti_facts **out) {
    const orti_allocator *alloc = orti_allocator_default();
    orti_facts *facts = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *facts, &facts));
    facts->alloc = alloc;
    orti_arena_init(&facts->arena, alloc);
    facts->fact_count = orti_graph_value_count(graph);
    facts->symbol_count = orti_dim_symbol_count(orti_graph_pool(graph));
    planning self = {.facts = facts,
                     .engine = {.graph = graph, .arena = &facts->arena, .is_plan = true},
                     .names = orti_graph_pool(graph)};
    ort_status *status = plan(&self, inputs, input_count);
    if (status) {
        orti_facts_destroy(facts);
        return status;
    }
    *out = facts;
    return NULL;
}

void orti_facts_destroy(orti_facts *facts) {
    if (!facts) return;
    for (uint32_t i = 0; facts->facts && i < facts->fact_count; i++) orti_tensor_release(facts->facts[i].known);
    orti_dim_pool_destroy(facts->pool);
    orti_arena_finish(&facts->arena);
    orti_free(facts->alloc, facts);
}

const orti_fact *orti_facts_get(const orti_facts *facts, orti_value_id value) {
    return &facts->facts[value];
}

const int64_t *orti_facts_symbols(const orti_facts *facts, uint32_t *out_count) {
    *out_count = facts->symbol_count;
    return facts->symbols;
}
