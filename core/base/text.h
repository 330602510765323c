/* base/text.h: growing text, a map from strings to 32-bit ids, nearest names, hashing.
 * Start at: orti_text_add(), orti_map_find().  Used by: every room.  Threads: one at a time for each object. */
#ifndef ORT_CORE_BASE_TEXT_H
#define ORT_CORE_BASE_TEXT_H

#include "base/alloc.h"

#include <stdarg.h>

/* A terminated, growing string. Zero with orti_text_init; a failed add leaves it as it was and is remembered: check
 * once with orti_text_status() at the end. */
typedef struct orti_text {
    const orti_allocator *alloc;
    char *data; /* "" until the first add */
    size_t length, capacity;
    bool has_failed;
} orti_text;
void orti_text_init(orti_text *text, const orti_allocator *alloc);
void orti_text_finish(orti_text *text);
void orti_text_add(orti_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void orti_text_add_v(orti_text *text, const char *fmt, va_list args);
void orti_text_add_bytes(orti_text *text, const char *data, size_t length);
/* Adds `data` with quotes, backslashes and control characters escaped as JSON does. No quotes around it. */
void orti_text_add_escaped(orti_text *text, const char *data, size_t length);
ORT_MUST_USE ort_status *orti_text_status(const orti_text *text);
/* Moves the string out (never NULL on success); free with orti_free. */
ORT_MUST_USE ort_status *orti_text_take(orti_text *text, char **out);

/* Open addressing; keys are copied into the map's arena. */
#define ORTI_MAP_NONE UINT32_MAX
typedef struct orti_map {
    orti_arena arena;
    struct orti_map_slot *slots;
    uint32_t slot_count, used_count;
    uint64_t seed;
} orti_map;
void orti_map_init(orti_map *map, const orti_allocator *alloc);
void orti_map_finish(orti_map *map);
/* The value, or ORTI_MAP_NONE. */
uint32_t orti_map_find(const orti_map *map, const char *key, size_t key_length);
/* Sets or replaces. `value` is not ORTI_MAP_NONE. */
ORT_MUST_USE ort_status *orti_map_set(orti_map *map, const char *key, size_t key_length, uint32_t value);

uint64_t orti_hash_bytes(const void *data, size_t length, uint64_t seed);

/* The name nearest to `word` by edits, or NULL when none is within a third of its length (at least 1 edit).
 * `names` are `count` pointers. For "unknown key 'thread', did you mean 'threads'?". */
const char *orti_nearest_name(const char *word, const char *const *names, size_t count);
/* Shell-style match: '*' and '?'. */
bool orti_glob_match(const char *pattern, const char *text);

#endif
