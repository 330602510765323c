/* Memory of the values that cross pieces, shared by those that are never alive at the same time. */
#include "schedule/inner.h"

#include <inttypes.h>
#include <stdlib.h>

static void block_touch(plan_builder *builder, const orti_place *place, uint32_t operation) {
    if (place->kind != ORTI_PLACE_MEMORY) return;
    plan_block *block = &builder->blocks[place->offset_bytes];
    if (block->first == UINT32_MAX) block->first = operation;
    block->last = operation;
}

static void block_resolve(const plan_builder *builder, orti_place *place) {
    if (place->kind == ORTI_PLACE_MEMORY) place->offset_bytes = builder->blocks[place->offset_bytes].offset_bytes;
}

static int larger_first(const void *left, const void *right) {
    const plan_block *a = *(plan_block *const *)left, *b = *(plan_block *const *)right;
    if (a->size_bytes != b->size_bytes) return a->size_bytes > b->size_bytes ? -1 : 1;
    return a < b ? -1 : 1;
}

static bool is_rival(const plan_block *a, const plan_block *b) {
    return a->domain == b->domain && a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which `block` meets none of the `count` placed ones. */
static void block_place(plan_block *block, plan_block *const *placed, size_t count) {
    uint64_t mask = block->align_bytes - 1, offset = 0;
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        for (size_t i = 0; i < count; i++) {
            uint64_t end = placed[i]->offset_bytes + placed[i]->size_bytes;
            if (!is_rival(block, placed[i]) || offset >= end) continue;
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

ort_status *orti_builder_lay_out(plan_builder *builder) {
    plan_block **sorted = NULL;
    places_each(builder, false);
    ORT_TRY(orti_alloc(builder->schedule->alloc, builder->block_count, sizeof *sorted, &sorted));
    for (size_t i = 0; i < builder->block_count; i++) sorted[i] = &builder->blocks[i];
    if (builder->block_count) qsort(sorted, builder->block_count, sizeof *sorted, larger_first);
    for (size_t i = 0; i < builder->block_count; i++) {
        plan_block *block = sorted[i];
        uint64_t *bytes = &builder->plan->domain_bytes[block->domain];
        block_place(block, sorted, i);
        if (block->offset_bytes + block->size_bytes > *bytes) *bytes = block->offset_bytes + block->size_bytes;
    }
    orti_free(builder->schedule->alloc, sorted);
    places_each(builder, true);
    return domain_bytes_check(builder);
}
