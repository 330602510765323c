/* base/alloc.h: where memory comes from: an allocator that is passed, and an arena on top of it.
 * Start at: orti_allocator_default(), orti_arena_init().  Used by: every room.
 * Threads: the default allocator from any; an arena from one at a time.  Nobody else calls malloc. */
#ifndef ORT_CORE_BASE_ALLOC_H
#define ORT_CORE_BASE_ALLOC_H

#include "base/status.h"

#include <stdbool.h>

#define ORTI_ALIGN_BYTES                                                                                               \
    64u /* what tensors and arenas' big blocks are aligned to: one cache line, one ZMM register                        \
         */

typedef struct orti_allocator {
    void *user;
    /* Returns `size_bytes` (> 0) aligned to `align_bytes` (a power of two), or NULL. */
    void *(*alloc)(void *user, size_t size_bytes, size_t align_bytes);
    void (*release)(void *user, void *memory); /* takes NULL */
} orti_allocator;

/* The C library's. Static. */
const orti_allocator *orti_allocator_default(void);

/* An allocator that fails at its `fail_at`-th call (1 is the first; 0 never): for out-of-memory sweeps in tests.
 * `live_count` says what has not been released. Initialise with orti_allocator_failing_init(). */
typedef struct orti_allocator_failing {
    orti_allocator allocator;
    _Atomic uint64_t call_count, live_count;
    uint64_t fail_at;
} orti_allocator_failing;
void orti_allocator_failing_init(orti_allocator_failing *failing, uint64_t fail_at);

/* Zeroed memory for `count` things of `size_bytes`, aligned to 16; OUT_OF_MEMORY also when the product overflows.
 * count 0 gives NULL and success. */
ORT_MUST_USE ort_status *orti_alloc(const orti_allocator *alloc, size_t count, size_t size_bytes, void *out_pointer);
/* The same, not zeroed, aligned to ORTI_ALIGN_BYTES. */
ORT_MUST_USE ort_status *orti_alloc_aligned(const orti_allocator *alloc, size_t size_bytes, void *out_pointer);
void orti_free(const orti_allocator *alloc, void *memory);

/* Grows `*items` (`*capacity` things of `item_size`) so that `wanted` fit; contents are kept, the tail is zeroed. */
ORT_MUST_USE ort_status *orti_grow(const orti_allocator *alloc, void *items, size_t *capacity, size_t wanted,
                                   size_t item_size);

/* Bump allocation, freed all at once. Zeroed arena = empty, finish is then a no-op. */
typedef struct orti_arena {
    const orti_allocator *alloc;
    struct orti_arena_block *head;
    size_t used, size; /* of the head block */
    size_t total_bytes;
} orti_arena;

void orti_arena_init(orti_arena *arena, const orti_allocator *alloc);
void orti_arena_finish(orti_arena *arena);
/* Zeroed, aligned to 16; count 0 gives NULL. `out_pointer` is a T **. */
ORT_MUST_USE ort_status *orti_arena_alloc(orti_arena *arena, size_t count, size_t size_bytes, void *out_pointer);
/* A terminated copy. */
ORT_MUST_USE ort_status *orti_arena_string(orti_arena *arena, const char *data, size_t length, const char **out);
ORT_MUST_USE ort_status *orti_arena_copy(orti_arena *arena, const void *data, size_t size_bytes, void *out_pointer);

#endif
