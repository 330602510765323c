#include "kit.h"

#include <string.h>

struct ortk_chunk {
    ortk_chunk *next;
};

#define CHUNK_BYTES ((size_t)16384)

void ortk_arena_init(ortk_arena *arena, const ortp_host *host) {
    memset(arena, 0, sizeof *arena);
    arena->host = host;
}

void ortk_arena_finish(ortk_arena *arena) {
    ortk_chunk *next = NULL;
    for (ortk_chunk *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        arena->host->core->release(arena->host->context, chunk);
    }
    arena->chunks = NULL;
    arena->at = arena->end = NULL;
}

static size_t align_up(size_t size) {
    return (size + ORTK_ALIGN - 1) & ~(size_t)(ORTK_ALIGN - 1);
}

void *ortk_arena_take(ortk_arena *arena, size_t size_bytes) {
    if (size_bytes > SIZE_MAX / 2) return NULL;
    size_t need = align_up(size_bytes ? size_bytes : 1);
    if ((size_t)(arena->end - arena->at) < need) {
        size_t body = need > CHUNK_BYTES / 4 ? need : CHUNK_BYTES;
        ortk_chunk *chunk = arena->host->core->alloc(arena->host->context, body + ORTK_ALIGN, ORTK_ALIGN);
        if (!chunk) return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        unsigned char *start = (unsigned char *)chunk + ORTK_ALIGN;
        if (body == need) return start; /* what is left of the last chunk stays in use */
        arena->at = start;
        arena->end = start + body;
    }
    unsigned char *memory = arena->at;
    arena->at += need;
    return memory;
}

void *ortk_arena_alloc(ortk_arena *arena, size_t size_bytes) {
    void *memory = ortk_arena_take(arena, size_bytes);
    return memory ? memset(memory, 0, align_up(size_bytes ? size_bytes : 1)) : NULL;
}

void *ortk_arena_array(ortk_arena *arena, size_t count, size_t item_bytes) {
    if (item_bytes && count > SIZE_MAX / 2 / item_bytes) return NULL;
    return ortk_arena_alloc(arena, count * item_bytes);
}

char *ortk_arena_text(ortk_arena *arena, ort_string_view text) {
    char *copy = ortk_arena_alloc(arena, (size_t)text.length + 1);
    if (copy && text.length) memcpy(copy, text.data, (size_t)text.length);
    return copy;
}
