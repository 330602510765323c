#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SMALL_ALIGN_BYTES 16u /* what malloc gives on every 64-bit machine */
#define HUGE_PAGE_BYTES   (UINT64_C(2) << 20)

/* Weights and arenas are written once from end to end: a fault for 2 MB costs little more than one for 4 KB. Whole huge
 * pages alone, so that no byte is resident that was not asked for. */
static void *huge_alloc(size_t size_bytes) {
    size_t whole = size_bytes & ~(size_t)(HUGE_PAGE_BYTES - 1);
    void *memory = aligned_alloc(HUGE_PAGE_BYTES, (size_bytes + HUGE_PAGE_BYTES - 1) & ~(size_t)(HUGE_PAGE_BYTES - 1));
    if (memory) (void)madvise(memory, whole, MADV_HUGEPAGE); /* advice: may be refused */
    return memory;
}

static void *default_alloc(void *user, size_t size_bytes, size_t align_bytes) {
    (void)user;
    if (align_bytes <= SMALL_ALIGN_BYTES) return malloc(size_bytes);
    if (size_bytes > SIZE_MAX / 2 || align_bytes > SIZE_MAX / 2) return NULL;
    if (size_bytes >= HUGE_PAGE_BYTES && align_bytes <= HUGE_PAGE_BYTES) return huge_alloc(size_bytes);
    /* C17's aligned_alloc wants a multiple of the alignment. */
    return aligned_alloc(align_bytes, (size_bytes + align_bytes - 1) & ~(align_bytes - 1));
}

static void default_release(void *user, void *memory) {
    (void)user;
    free(memory);
}

const orti_allocator *orti_allocator_default(void) {
    static const orti_allocator allocator = {NULL, default_alloc, default_release};
    return &allocator;
}

static void *failing_alloc(void *user, size_t size_bytes, size_t align_bytes) {
    orti_allocator_failing *failing = user;
    if (atomic_fetch_add(&failing->call_count, 1) + 1 == failing->fail_at) return NULL;
    void *memory = default_alloc(NULL, size_bytes, align_bytes);
    if (memory) atomic_fetch_add(&failing->live_count, 1);
    return memory;
}

static void failing_release(void *user, void *memory) {
    orti_allocator_failing *failing = user;
    if (memory) atomic_fetch_sub(&failing->live_count, 1);
    default_release(NULL, memory);
}

void orti_allocator_failing_init(orti_allocator_failing *failing, uint64_t fail_at) {
    failing->allocator = (orti_allocator){failing, failing_alloc, failing_release};
    atomic_init(&failing->call_count, 0);
    atomic_init(&failing->live_count, 0);
    failing->fail_at = fail_at;
}

/* `out_pointer` is a T ** of any T: written as bytes, for a T * may not be aliased as a void *. */
static void pointer_store(void *out_pointer, void *memory) {
    memcpy(out_pointer, &memory, sizeof memory);
}

static void *pointer_load(const void *pointer) {
    void *memory;
    memcpy(&memory, pointer, sizeof memory);
    return memory;
}

ort_status *orti_alloc(const orti_allocator *alloc, size_t count, size_t size_bytes, void *out_pointer) {
    pointer_store(out_pointer, NULL);
    if (count == 0 || size_bytes == 0) return NULL;
    if (count > SIZE_MAX / size_bytes) ORT_FAIL(OUT_OF_MEMORY, "out of memory: %zu times %zu bytes", count, size_bytes);
    void *memory = alloc->alloc(alloc->user, count * size_bytes, SMALL_ALIGN_BYTES);
    if (!memory) ORT_FAIL(OUT_OF_MEMORY, "out of memory: %zu bytes", count * size_bytes);
    memset(memory, 0, count * size_bytes);
    pointer_store(out_pointer, memory);
    return NULL;
}

ort_status *orti_alloc_aligned(const orti_allocator *alloc, size_t size_bytes, void *out_pointer) {
    pointer_store(out_pointer, NULL);
    if (size_bytes == 0) return NULL;
    void *memory = alloc->alloc(alloc->user, size_bytes, ORTI_ALIGN_BYTES);
    if (!memory) ORT_FAIL(OUT_OF_MEMORY, "out of memory: %zu bytes", size_bytes);
    pointer_store(out_pointer, memory);
    return NULL;
}

void orti_free(const orti_allocator *alloc, void *memory) {
    if (memory) alloc->release(alloc->user, memory);
}

ort_status *orti_grow(const orti_allocator *alloc, void *items, size_t *capacity, size_t wanted, size_t item_size) {
    if (wanted <= *capacity) return NULL;
    size_t grown = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    if (grown < 8) grown = 8;
    if (grown < wanted) grown = wanted;
    void *larger = NULL, *old = pointer_load(items);
    ORT_TRY(orti_alloc(alloc, grown, item_size, &larger));
    if (old) memcpy(larger, old, *capacity * item_size);
    orti_free(alloc, old);
    pointer_store(items, larger);
    *capacity = grown;
    return NULL;
}

/* The bytes follow the header, which is as long as the alignment. */
typedef struct orti_arena_block {
    _Alignas(SMALL_ALIGN_BYTES) struct orti_arena_block *next;
} arena_block;

#define ARENA_BLOCK_MIN_BYTES 1024u
#define ARENA_BLOCK_MAX_BYTES (256u * 1024u)

void orti_arena_init(orti_arena *arena, const orti_allocator *alloc) {
    *arena = (orti_arena){.alloc = alloc};
}

void orti_arena_finish(orti_arena *arena) {
    for (arena_block *block = arena->head, *next; block; block = next) {
        next = block->next;
        orti_free(arena->alloc, block);
    }
    *arena = (orti_arena){.alloc = arena->alloc};
}

/* Adds a block of `size_bytes` usable bytes: as the head, or behind it, where it serves one large request. */
static ort_status *arena_add_block(orti_arena *arena, size_t size_bytes, bool as_head, arena_block **out) {
    arena_block *block = NULL;
    ORT_TRY(orti_alloc_aligned(arena->alloc, size_bytes + sizeof *block, &block));
    arena->total_bytes += size_bytes + sizeof *block;
    if (as_head || !arena->head) {
        block->next = arena->head;
        arena->head = block;
        arena->used = as_head ? 0 : size_bytes;
        arena->size = size_bytes;
    } else {
        block->next = arena->head->next;
        arena->head->next = block;
    }
    *out = block;
    return NULL;
}

static ort_status *arena_take(orti_arena *arena, size_t size_bytes, uint8_t **out) {
    arena_block *block = arena->head;
    if (block && size_bytes <= arena->size - arena->used) {
        *out = (uint8_t *)(block + 1) + arena->used;
        arena->used += size_bytes;
        return NULL;
    }
    size_t next_size = arena->size < ARENA_BLOCK_MIN_BYTES / 2 ? ARENA_BLOCK_MIN_BYTES : arena->size * 2;
    if (next_size > ARENA_BLOCK_MAX_BYTES) next_size = ARENA_BLOCK_MAX_BYTES;
    bool is_large = size_bytes > next_size / 4;
    ORT_TRY(arena_add_block(arena, is_large ? size_bytes : next_size, !is_large, &block));
    if (!is_large) arena->used = size_bytes;
    *out = (uint8_t *)(block + 1);
    return NULL;
}

ort_status *orti_arena_alloc(orti_arena *arena, size_t count, size_t size_bytes, void *out_pointer) {
    pointer_store(out_pointer, NULL);
    if (count == 0 || size_bytes == 0) return NULL;
    if (count > (SIZE_MAX / 2) / size_bytes)
        ORT_FAIL(OUT_OF_MEMORY, "out of memory: %zu times %zu bytes", count, size_bytes);
    size_t rounded = (count * size_bytes + SMALL_ALIGN_BYTES - 1) & ~(size_t)(SMALL_ALIGN_BYTES - 1);
    uint8_t *memory = NULL;
    ORT_TRY(arena_take(arena, rounded, &memory));
    memset(memory, 0, rounded);
    pointer_store(out_pointer, memory);
    return NULL;
}

ort_status *orti_arena_string(orti_arena *arena, const char *data, size_t length, const char **out) {
    *out = NULL;
    char *copy = NULL;
    if (length == SIZE_MAX) ORT_FAIL(OUT_OF_MEMORY, "out of memory: a string of %zu bytes", length);
    ORT_TRY(orti_arena_alloc(arena, length + 1, 1, &copy));
    if (length) memcpy(copy, data, length);
    *out = copy;
    return NULL;
}

ort_status *orti_arena_copy(orti_arena *arena, const void *data, size_t size_bytes, void *out_pointer) {
    uint8_t *copy = NULL;
    pointer_store(out_pointer, NULL);
    ORT_TRY(orti_arena_alloc(arena, size_bytes, 1, &copy));
    if (size_bytes) memcpy(copy, data, size_bytes);
    pointer_store(out_pointer, copy);
    return NULL;
}
