#include "base/text.h"

#include <string.h>

/* A free slot has no key. */
typedef struct orti_map_slot {
    const char *key;
    uint64_t hash;
    size_t key_length;
    uint32_t value;
} map_slot;

static uint64_t hash_mix(uint64_t x) { /* the finaliser of MurmurHash3, a bijection with full avalanche */
    x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

uint64_t orti_hash_bytes(const void *data, size_t length, uint64_t seed) {
    const uint8_t *bytes = data;
    uint64_t hash = hash_mix(seed ^ (uint64_t)length * UINT64_C(0x9e3779b97f4a7c15));
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        hash = hash_mix(hash ^ word) + UINT64_C(0x9e3779b97f4a7c15);
    }
    uint64_t tail = 0;
    if (length) memcpy(&tail, bytes, length);
    return hash_mix(hash ^ tail);
}

void orti_map_init(orti_map *map, const orti_allocator *alloc) {
    *map = (orti_map){0};
    orti_arena_init(&map->arena, alloc);
    /* Where the system puts the map is not known to who writes a model, so its names can't be made to collide. */
    map->seed = (uint64_t)(uintptr_t)map ^ ((uint64_t)(uintptr_t)alloc << 20);
}

void orti_map_finish(orti_map *map) {
    if (map->slots) orti_free(map->arena.alloc, map->slots);
    orti_arena_finish(&map->arena);
    map->slots = NULL;
    map->slot_count = map->used_count = 0;
}

/* The slot with the key, or the free one where it would go. There is always a free one. */
static map_slot *map_probe(const orti_map *map, const char *key, size_t key_length, uint64_t hash) {
    for (uint32_t i = (uint32_t)hash;; i++) {
        map_slot *slot = &map->slots[i & (map->slot_count - 1)];
        if (!slot->key) return slot;
        if (slot->hash == hash && slot->key_length == key_length && memcmp(slot->key, key, key_length) == 0)
            return slot;
    }
}

uint32_t orti_map_find(const orti_map *map, const char *key, size_t key_length) {
    if (!map->slot_count) return ORTI_MAP_NONE;
    const map_slot *slot = map_probe(map, key, key_length, orti_hash_bytes(key, key_length, map->seed));
    return slot->key ? slot->value : ORTI_MAP_NONE;
}

static ort_status *map_grow(orti_map *map) {
    if (map->slot_count >= UINT32_C(1) << 31) ORT_FAIL(LIMIT_EXCEEDED, "a map holds at most 2^30 keys");
    orti_map larger = *map;
    larger.slot_count = map->slot_count ? map->slot_count * 2 : 16;
    ORT_TRY(orti_alloc(map->arena.alloc, larger.slot_count, sizeof *larger.slots, &larger.slots));
    for (uint32_t i = 0; i < map->slot_count; i++) {
        const map_slot *old = &map->slots[i];
        if (old->key) *map_probe(&larger, old->key, old->key_length, old->hash) = *old;
    }
    orti_free(map->arena.alloc, map->slots);
    *map = larger;
    return NULL;
}

ort_status *orti_map_set(orti_map *map, const char *key, size_t key_length, uint32_t value) {
    ORT_ASSERT(value != ORTI_MAP_NONE);
    if (map->used_count >= map->slot_count / 2) ORT_TRY(map_grow(map));
    uint64_t hash = orti_hash_bytes(key, key_length, map->seed);
    map_slot *slot = map_probe(map, key, key_length, hash);
    if (!slot->key) {
        const char *copy = NULL;
        ORT_TRY(orti_arena_string(&map->arena, key, key_length, &copy));
        *slot = (map_slot){copy, hash, key_length, value};
        map->used_count++;
    }
    slot->value = value;
    return NULL;
}
