/* In which order pieces are submitted. The host waits before a piece of its own that reads what a device makes, and
 * submits nothing while it computes: so what devices can begin goes first, then what needs no wait, and devices work
 * meanwhile. */
#include "schedule/inner.h"

typedef struct order_state {
    const orti_schedule *schedule;
    uint32_t *maker_of; /* by value: the step that makes it, or ORTI_NONE */
    bool *is_placed;    /* by step */
} order_state;

static bool is_ready(const order_state *state, const orti_step *step) {
    for (uint32_t i = 0; i < step->part->input_count; i++) {
        uint32_t maker = state->maker_of[step->part->inputs[i]];
        if (maker != ORTI_NONE && !state->is_placed[maker]) return false;
    }
    return true;
}

static bool is_inline(const order_state *state, uint32_t step) {
    return state->schedule->queues[state->schedule->steps[step].queue].is_inline;
}

/* 0: a device works on its own; 1: the host computes at once; 2: the host waits first. */
static uint32_t turn_of(const order_state *state, uint32_t index) {
    const orti_step *step = &state->schedule->steps[index];
    if (!is_inline(state, index)) return 0;
    for (uint32_t i = 0; i < step->part->input_count; i++) {
        uint32_t maker = state->maker_of[step->part->inputs[i]];
        if (maker != ORTI_NONE && !is_inline(state, maker)) return 2;
    }
    return 1;
}

/* Of the ready ones the first whose turn comes first. */
static uint32_t step_next(const order_state *state) {
    uint32_t next = ORTI_NONE, next_turn = UINT32_MAX;
    for (uint32_t i = 0; i < state->schedule->step_count; i++) {
        if (state->is_placed[i] || !is_ready(state, &state->schedule->steps[i])) continue;
        uint32_t turn = turn_of(state, i);
        if (turn >= next_turn) continue;
        next = i;
        next_turn = turn;
    }
    return next;
}

static ort_status *order_fill(orti_schedule *schedule, orti_arena *scratch) {
    order_state state = {.schedule = schedule};
    uint32_t value_count = orti_graph_value_count(schedule->graph);
    ORT_TRY(orti_arena_alloc(scratch, value_count, sizeof(uint32_t), &state.maker_of));
    ORT_TRY(orti_arena_alloc(scratch, schedule->step_count, sizeof(bool), &state.is_placed));
    for (uint32_t v = 0; v < value_count; v++) state.maker_of[v] = ORTI_NONE;
    for (uint32_t i = 0; i < schedule->step_count; i++)
        for (uint32_t k = 0; k < schedule->steps[i].part->output_count; k++)
            state.maker_of[schedule->steps[i].part->outputs[k]] = i;
    for (uint32_t i = 0; i < schedule->step_count; i++) {
        uint32_t next = step_next(&state);
        if (next == ORTI_NONE) ORT_FAIL(BUG, "the pieces of graph '%s' form a cycle", orti_graph_name(schedule->graph));
        state.is_placed[next] = true;
        schedule->order[i] = next;
    }
    return NULL;
}

ort_status *orti_schedule_order(orti_schedule *schedule) {
    orti_arena scratch;
    ORT_TRY(orti_arena_alloc(&schedule->arena, schedule->step_count, sizeof(uint32_t), &schedule->order));
    orti_arena_init(&scratch, schedule->alloc);
    ort_status *status = order_fill(schedule, &scratch);
    orti_arena_finish(&scratch);
    return status;
}
