/* Memory of the values that cross pieces, shared by those that are never alive at the same time. Where queues work on
 * their own, the order of submission is no order in time: bytes go on to an operation that waits for all who used them
 * before, so that sharing adds no wait and what overlaps goes on overlapping. */
#include "schedule/inner.h"

#include <inttypes.h>
#include <stdlib.h>

static void block_touch(plan_builder *builder, const orti_place *place, uint32_t operation) {
    if (place->kind != ORTI_PLACE_MEMORY) return;
    plan_block *block = &builder->blocks[place->offset_bytes];
    if (block->first == UINT32_MAX) block->first = operation;
    block->last = operation;
    if (block->users && builder->plan->operations[operation].signal)
        block->users[operation / 64] |= UINT64_C(1) << (operation % 64);
}

static void block_resolve(const plan_builder *builder, orti_place *place) {
    if (place->kind == ORTI_PLACE_MEMORY) place->offset_bytes = builder->blocks[place->offset_bytes].offset_bytes;
}

static int larger_first(const void *left, const void *right) {
    const plan_block *a = *(plan_block *const *)left, *b = *(plan_block *const *)right;
    if (a->size_bytes != b->size_bytes) return a->size_bytes > b->size_bytes ? -1 : 1;
    return a < b ? -1 : 1;
}

/* Who writes `next` first begins when nobody uses `block` any more. */
static bool is_over(const plan_builder *builder, const plan_block *block, const plan_block *next) {
    if (block->last >= next->first) return false;
    if (!block->users) return true;
    const uint64_t *before = builder->before + (size_t)next->first * builder->set_word_count;
    for (uint32_t i = 0; i < builder->set_word_count; i++)
        if (block->users[i] & ~before[i]) return false;
    return true;
}

static bool is_rival(const plan_builder *builder, const plan_block *a, const plan_block *b) {
    return a->domain == b->domain && !is_over(builder, a, b) && !is_over(builder, b, a);
}

/* The lowest offset at which `block` meets none of the `count` placed ones. */
static void block_place(const plan_builder *builder, plan_block *block, plan_block *const *placed, size_t count) {
    uint64_t mask = block->align_bytes - 1, offset = 0;
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        for (size_t i = 0; i < count; i++) {
            uint64_t end = placed[i]->offset_bytes + placed[i]->size_bytes;
            if (!is_rival(builder, block, placed[i]) || offset >= end) continue;
            if (offset + block->size_bytes <= placed[i]->offset_bytes) continue;
            offset = (end + mask) & ~mask;
            has_moved = true;
        }
    }
    block->offset_bytes = offset;
}

static ort_status *domain_bytes_check(const plan_builder *builder) {
    const orti_schedule *schedule = builder->schedule;
    uint64_t host_bytes = builder->plan->domain_bytes[0];
    if (host_bytes > schedule->host_limit_bytes)
        ORT_FAIL(LIMIT_EXCEEDED,
                 "a run of graph '%s' needs %" PRIu64 " bytes on the host, limits.host_bytes is %" PRIu64,
                 orti_graph_name(schedule->graph), host_bytes, schedule->host_limit_bytes);
    return NULL;
}

static void places_each(plan_builder *builder, bool is_layout_known) {
    for (uint32_t i = 0; i < builder->plan->operation_count; i++) {
        orti_operation *operation = &builder->plan->operations[i];
        uint32_t counts[] = {operation->input_count, operation->output_count, 1};
        orti_place *places[] = {operation->inputs, operation->outputs, &operation->workspace};
        for (int k = 0; k < 3; k++)
            for (uint32_t p = 0; p < counts[k]; p++)
                if (is_layout_known)
                    block_resolve(builder, &places[k][p]);
                else
                    block_touch(builder, &places[k][p], i);
    }
}

static ort_status *blocks_place(plan_builder *builder) {
    plan_block **sorted = NULL;
    ORT_TRY(orti_alloc(builder->schedule->alloc, builder->block_count, sizeof *sorted, &sorted));
    for (size_t i = 0; i < builder->block_count; i++) sorted[i] = &builder->blocks[i];
    if (builder->block_count) qsort(sorted, builder->block_count, sizeof *sorted, larger_first);
    for (size_t i = 0; i < builder->block_count; i++) {
        plan_block *block = sorted[i];
        uint64_t *bytes = &builder->plan->domain_bytes[block->domain];
        block_place(builder, block, sorted, i);
        if (block->offset_bytes + block->size_bytes > *bytes) *bytes = block->offset_bytes + block->size_bytes;
    }
    orti_free(builder->schedule->alloc, sorted);
    return NULL;
}

ort_status *orti_builder_lay_out(plan_builder *builder) {
    uint64_t *users = NULL;
    size_t word_count = builder->before ? builder->set_word_count : 0;
    ORT_TRY(orti_alloc(builder->schedule->alloc, builder->block_count * word_count, sizeof *users, &users));
    for (size_t i = 0; word_count && i < builder->block_count; i++) builder->blocks[i].users = users + i * word_count;
    places_each(builder, false);
    ort_status *status = blocks_place(builder);
    orti_free(builder->schedule->alloc, users);
    ORT_TRY(status);
    places_each(builder, true);
    builder->is_laid_out = true;
    return domain_bytes_check(builder);
}
