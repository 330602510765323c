/* What each operation waits for: exactly the earlier ones whose bytes it touches, less what another wait implies.
 *
 * Inline operations are done when they return, so only operations of other queues are waited for. A queue can wait for
 * points of its own instance; for all else the host waits before it submits, and from then on everybody has waited. A
 * clock for each operation says, by queue, up to which value all is settled before it begins. */
#include "schedule/inner.h"

#include <string.h>

typedef struct depend_state {
    plan_builder *builder;
    uint32_t queue_count;
    uint64_t *clocks; /* by operation, by queue */
    uint64_t *host;   /* by queue: what the host has waited for */
    orti_wait *waits; /* scratch: one a queue */
    orti_wait *host_waits;
    uint32_t wait_count, host_wait_count;
} depend_state;

static bool is_overlap(const orti_place *a, const orti_place *b) {
    if (a->kind != b->kind || a->index != b->index || a->kind == ORTI_PLACE_NONE) return false;
    if (a->kind != ORTI_PLACE_MEMORY) return true;
    return a->offset_bytes < b->offset_bytes + b->size_bytes && b->offset_bytes < a->offset_bytes + a->size_bytes;
}

static bool is_any_overlap(const orti_place *a, uint32_t a_count, const orti_place *b, uint32_t b_count) {
    for (uint32_t i = 0; i < a_count; i++)
        for (uint32_t k = 0; k < b_count; k++)
            if (is_overlap(&a[i], &b[k])) return true;
    return false;
}

/* Both touch the same bytes and one writes them. */
static bool is_conflict(const orti_operation *a, const orti_operation *b) {
    const orti_place *a_writes[] = {a->outputs, &a->workspace}, *b_writes[] = {b->outputs, &b->workspace};
    uint32_t a_counts[] = {a->output_count, 1}, b_counts[] = {b->output_count, 1};
    for (int i = 0; i < 2; i++) {
        if (is_any_overlap(a_writes[i], a_counts[i], b->inputs, b->input_count)) return true;
        if (is_any_overlap(b_writes[i], b_counts[i], a->inputs, a->input_count)) return true;
        for (int k = 0; k < 2; k++)
            if (is_any_overlap(a_writes[i], a_counts[i], b_writes[k], b_counts[k])) return true;
    }
    return false;
}

static void clock_join(depend_state *state, uint64_t *clock, uint32_t operation) {
    const orti_operation *done = &state->builder->plan->operations[operation];
    const uint64_t *other = &state->clocks[(size_t)operation * state->queue_count];
    for (uint32_t q = 0; q < state->queue_count; q++)
        if (other[q] > clock[q]) clock[q] = other[q];
    if (done->signal > clock[done->queue]) clock[done->queue] = done->signal;
}

/* True when the queue of `operation` can wait for points of `queue` itself. */
static bool can_wait(const depend_state *state, const orti_operation *operation, uint32_t queue) {
    const orti_schedule_queue *queues = state->builder->schedule->queues;
    return !queues[operation->queue].is_inline && queues[operation->queue].instance == queues[queue].instance;
}

static ort_status *operation_depend(depend_state *state, uint32_t index) {
    orti_operation *operations = state->builder->plan->operations, *operation = &operations[index];
    orti_arena *arena = &state->builder->plan->arena;
    uint64_t *clock = &state->clocks[(size_t)index * state->queue_count];
    state->wait_count = state->host_wait_count = 0;
    memcpy(clock, state->host, state->queue_count * sizeof *clock);
    for (uint32_t i = index; i-- > 0;) {
        uint32_t queue = operations[i].queue;
        if (!operations[i].signal || operations[i].signal <= clock[queue]) continue;
        if (!is_conflict(&operations[i], operation)) continue;
        bool is_queues = can_wait(state, operation, queue);
        orti_wait wait = {queue, operations[i].signal};
        if (is_queues)
            state->waits[state->wait_count++] = wait;
        else
            state->host_waits[state->host_wait_count++] = wait;
        clock_join(state, clock, i);
        if (!is_queues) clock_join(state, state->host, i);
    }
    operation->wait_count = state->wait_count;
    operation->host_wait_count = state->host_wait_count;
    ORT_TRY(orti_arena_copy(arena, state->waits, state->wait_count * sizeof(orti_wait), &operation->waits));
    return orti_arena_copy(arena, state->host_waits, state->host_wait_count * sizeof(orti_wait),
                           &operation->host_waits);
}

/* The last value of each queue that nobody on the host has waited for yet. */
static ort_status *final_depend(depend_state *state) {
    orti_plan *plan = state->builder->plan;
    uint32_t count = 0;
    for (uint32_t q = 0; q < state->queue_count; q++)
        if (plan->queue_values[q] > state->host[q]) state->waits[count++] = (orti_wait){q, plan->queue_values[q]};
    plan->final_wait_count = count;
    return orti_arena_copy(&plan->arena, state->waits, count * sizeof(orti_wait), &plan->final_waits);
}

static void signals_number(plan_builder *builder) {
    orti_plan *plan = builder->plan;
    plan->is_plain = true;
    for (uint32_t i = 0; i < plan->operation_count; i++) {
        orti_operation *operation = &plan->operations[i];
        if (builder->schedule->queues[operation->queue].is_inline) continue;
        operation->signal = ++plan->queue_values[operation->queue];
        plan->is_plain = false;
    }
}

ort_status *orti_builder_depend(plan_builder *builder) {
    orti_plan *plan = builder->plan;
    depend_state state = {.builder = builder, .queue_count = builder->schedule->queue_count};
    orti_arena scratch;
    ort_status *status = NULL;
    signals_number(builder);
    if (plan->is_plain) return NULL;
    orti_arena_init(&scratch, builder->schedule->alloc);
    size_t clock_count = (size_t)plan->operation_count * state.queue_count;
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, clock_count, sizeof(uint64_t), &state.clocks));
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, state.queue_count, sizeof(uint64_t), &state.host));
    /* Each operation that is waited for raises the clock of its queue, so one may be met more than once for a queue. */
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, plan->operation_count, sizeof(orti_wait), &state.waits));
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, plan->operation_count, sizeof(orti_wait), &state.host_waits));
    for (uint32_t i = 0; i < plan->operation_count; i++) ORT_TRY_TO(done, status, operation_depend(&state, i));
    status = final_depend(&state);
done:
    orti_arena_finish(&scratch);
    return status;
}
