/* What each operation waits for: the transitive reduction of who depends on whom (docs/adr/0010-exact-waits.md).
 *
 * Two operations depend on each other when both touch the same bytes and one of them writes. Inline operations are done
 * when they return, so only operations of other queues are waited for. A queue can wait for points of its own instance;
 * for all else the host waits before it submits, and from then on everybody has waited. A failed point fails those that
 * wait for it, so a wait implies another only where the work itself does: that a later value of a timeline has settled
 * says that an earlier one has, not that it went well. Memory is laid out afterwards, in a way that adds no wait. */
#include "schedule/inner.h"

#include <string.h>

/* Sets of operations, one bit each. */
typedef struct depend_state {
    plan_builder *builder;
    uint32_t word_count; /* of a set */
    uint64_t *before;    /* by operation: who is done and good before it begins; the builder's */
    uint64_t *host;      /* whom the host has waited for */
    orti_wait *waits;    /* scratch: one an operation */
    orti_wait *host_waits;
    uint32_t wait_count, host_wait_count;
} depend_state;

static bool set_has(const uint64_t *set, uint32_t operation) {
    return set[operation / 64] >> (operation % 64) & 1;
}

static uint64_t *before_of(const depend_state *state, uint32_t operation) {
    return &state->before[(size_t)operation * state->word_count];
}

/* `operation`, and all that was done before it. */
static void set_join(const depend_state *state, uint64_t *set, uint32_t operation) {
    const uint64_t *other = before_of(state, operation);
    for (uint32_t i = 0; i < state->word_count; i++) set[i] |= other[i];
    set[operation / 64] |= UINT64_C(1) << (operation % 64);
}

static bool is_overlap(const orti_place *a, const orti_place *b, bool is_laid_out) {
    if (a->kind != b->kind || a->index != b->index || a->kind == ORTI_PLACE_NONE) return false;
    if (a->kind != ORTI_PLACE_MEMORY) return true;
    if (!is_laid_out) return a->offset_bytes == b->offset_bytes; /* blocks */
    return a->offset_bytes < b->offset_bytes + b->size_bytes && b->offset_bytes < a->offset_bytes + a->size_bytes;
}

/* A stretch of an operation's places. */
typedef struct place_list {
    const orti_place *items;
    uint32_t count;
} place_list;

static bool is_any_overlap(place_list a, place_list b, bool is_laid_out) {
    for (uint32_t i = 0; i < a.count; i++)
        for (uint32_t k = 0; k < b.count; k++)
            if (is_overlap(&a.items[i], &b.items[k], is_laid_out)) return true;
    return false;
}

/* Both touch the same bytes and one writes them. */
static bool is_conflict(const orti_operation *a, const orti_operation *b, bool is_laid_out) {
    const place_list a_reads = {a->inputs, a->input_count}, b_reads = {b->inputs, b->input_count};
    const place_list a_writes[] = {{a->outputs, a->output_count}, {&a->workspace, 1}};
    const place_list b_writes[] = {{b->outputs, b->output_count}, {&b->workspace, 1}};
    for (int i = 0; i < 2; i++) {
        if (is_any_overlap(a_writes[i], b_reads, is_laid_out)) return true;
        if (is_any_overlap(b_writes[i], a_reads, is_laid_out)) return true;
        for (int k = 0; k < 2; k++)
            if (is_any_overlap(a_writes[i], b_writes[k], is_laid_out)) return true;
    }
    return false;
}

/* True when the queue of `operation` can wait for points of `queue` itself. */
static bool can_wait(const depend_state *state, const orti_operation *operation, uint32_t queue) {
    const orti_schedule_queue *queues = state->builder->schedule->queues;
    return !queues[operation->queue].is_inline && queues[operation->queue].instance == queues[queue].instance;
}

/* The latest come first: whom they imply is met after them and is not waited for again. */
static ort_status *operation_depend(depend_state *state, uint32_t index) {
    orti_operation *operations = state->builder->plan->operations, *operation = &operations[index];
    orti_arena *arena = &state->builder->plan->arena;
    uint64_t *before = before_of(state, index);
    state->wait_count = state->host_wait_count = 0;
    memcpy(before, state->host, state->word_count * sizeof *before);
    for (uint32_t i = index; i-- > 0;) {
        if (!operations[i].signal || set_has(before, i)) continue;
        if (!is_conflict(&operations[i], operation, state->builder->is_laid_out)) continue;
        const orti_wait wait = {operations[i].queue, operations[i].signal};
        set_join(state, before, i);
        if (can_wait(state, operation, operations[i].queue)) {
            state->waits[state->wait_count++] = wait;
        } else {
            state->host_waits[state->host_wait_count++] = wait;
            set_join(state, state->host, i);
        }
    }
    operation->wait_count = state->wait_count;
    operation->host_wait_count = state->host_wait_count;
    ORT_TRY(orti_arena_copy(arena, state->waits, state->wait_count * sizeof(orti_wait), &operation->waits));
    return orti_arena_copy(arena, state->host_waits, state->host_wait_count * sizeof(orti_wait),
                           &operation->host_waits);
}

/* Those that nobody has waited for. */
static ort_status *final_depend(depend_state *state) {
    orti_plan *plan = state->builder->plan;
    uint64_t *waited = state->host;
    uint32_t count = 0;
    for (uint32_t i = plan->operation_count; i-- > 0;) {
        if (!plan->operations[i].signal || set_has(waited, i)) continue;
        state->waits[count++] = (orti_wait){plan->operations[i].queue, plan->operations[i].signal};
        set_join(state, waited, i);
    }
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
    depend_state state = {.builder = builder, .word_count = plan->operation_count / 64 + 1};
    orti_arena scratch;
    ort_status *status = NULL;
    signals_number(builder);
    if (plan->is_plain) return NULL;
    orti_arena_init(&scratch, builder->schedule->alloc);
    builder->set_word_count = state.word_count;
    size_t word_count = (size_t)plan->operation_count * state.word_count;
    ORT_TRY_TO(done, status, orti_alloc(builder->schedule->alloc, word_count, sizeof(uint64_t), &builder->before));
    state.before = builder->before;
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, state.word_count, sizeof(uint64_t), &state.host));
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, plan->operation_count, sizeof(orti_wait), &state.waits));
    ORT_TRY_TO(done, status, orti_arena_alloc(&scratch, plan->operation_count, sizeof(orti_wait), &state.host_waits));
    for (uint32_t i = 0; i < plan->operation_count; i++) ORT_TRY_TO(done, status, operation_depend(&state, i));
    status = final_depend(&state);
done:
    orti_arena_finish(&scratch);
    return status;
}
