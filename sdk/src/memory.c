/* Workspace offsets: the largest roots first, each in the tightest gap between the placed ones whose time overlaps. */
#include "program.h"

#include <string.h>

uint32_t ortk_place_root(const ortk_place *places, uint32_t value, uint64_t *out_offset_bytes) {
    uint64_t offset = 0;
    while (places[value].parent != ORTP_NONE) {
        offset += places[value].offset_bytes;
        value = places[value].parent;
    }
    *out_offset_bytes = offset;
    return value;
}

static uint64_t rounded(uint64_t size_bytes, uint64_t align_bytes) {
    return (size_bytes + align_bytes - 1) & ~(align_bytes - 1);
}

/* Larger first, then earlier, then by id: the same order for the same program on every machine. */
static bool goes_before(const ortk_place *places, uint32_t a, uint32_t b) {
    if (places[a].size_bytes != places[b].size_bytes) return places[a].size_bytes > places[b].size_bytes;
    if (places[a].first != places[b].first) return places[a].first < places[b].first;
    return a < b;
}

static void sift(const ortk_place *places, uint32_t *heap, uint32_t at, uint32_t count) {
    for (;;) {
        uint32_t last = at, left = 2 * at + 1;
        if (left < count && goes_before(places, heap[last], heap[left])) last = left;
        if (left + 1 < count && goes_before(places, heap[last], heap[left + 1])) last = left + 1;
        if (last == at) return;
        uint32_t swap = heap[at];
        heap[at] = heap[last];
        heap[last] = swap;
        at = last;
    }
}

static void order_sort(const ortk_place *places, uint32_t *order, uint32_t count) {
    for (uint32_t i = count / 2; i-- > 0;) sift(places, order, i, count);
    for (uint32_t n = count; n-- > 1;) {
        uint32_t swap = order[0];
        order[0] = order[n];
        order[n] = swap;
        sift(places, order, 0, n);
    }
}

/* `placed` is kept sorted by offset. */
static uint64_t gap_find(const ortk_place *places, const uint32_t *placed, uint32_t placed_count,
                         const ortk_place *want, uint64_t align_bytes) {
    uint64_t at = 0, best = UINT64_MAX, best_size = UINT64_MAX, need = rounded(want->size_bytes, align_bytes);
    for (uint32_t i = 0; i < placed_count; i++) {
        const ortk_place *p = &places[placed[i]];
        if (p->last < want->first || p->first > want->last) continue;
        if (p->workspace_offset > at && p->workspace_offset - at >= need && p->workspace_offset - at < best_size) {
            best = at;
            best_size = p->workspace_offset - at;
        }
        uint64_t end = p->workspace_offset + rounded(p->size_bytes, align_bytes);
        if (end > at) at = end;
    }
    return best != UINT64_MAX ? best : at;
}

static void placed_insert(const ortk_place *places, uint32_t *placed, uint32_t count, uint32_t value) {
    uint32_t at = count;
    while (at > 0 && places[placed[at - 1]].workspace_offset > places[value].workspace_offset) {
        placed[at] = placed[at - 1];
        at--;
    }
    placed[at] = value;
}

ort_status *ortk_memory_assign(ortk_arena *arena, ortk_place *places, uint32_t count, uint64_t align_bytes,
                               uint64_t *out_bytes) {
    uint32_t *order = ortk_arena_array(arena, count, sizeof *order);
    uint32_t *placed = ortk_arena_array(arena, count, sizeof *placed), roots = 0;
    if (!order || !placed) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++)
        if (places[i].parent == ORTP_NONE && places[i].is_used && !places[i].is_fixed) order[roots++] = i;
    order_sort(places, order, roots);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < roots; i++) {
        ortk_place *place = &places[order[i]];
        place->workspace_offset = gap_find(places, placed, i, place, align_bytes);
        placed_insert(places, placed, i, order[i]);
        uint64_t end = place->workspace_offset + rounded(place->size_bytes, align_bytes);
        if (end > bytes) bytes = end;
    }
    *out_bytes = bytes;
    return NULL;
}
