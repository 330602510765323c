#include "ml/lookup.h"

#include <string.h>

static uint64_t mix(uint64_t x) {
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    return x ^ x >> 33;
}

/* FNV-1a, mixed, for its low bits choose the slot. */
static uint64_t hash_string(const char *text, uint64_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return mix(hash);
}

static bool is_same(const ort_string_view *key, const char *text, uint64_t length) {
    return key->length == length && (length == 0 || memcmp(key->data, text, (size_t)length) == 0);
}

static uint32_t *string_slot(const ortcpu_lookup *lookup, const char *text, uint64_t length) {
    uint64_t at = hash_string(text, length) & lookup->mask;
    while (lookup->slots[at] && !is_same(&lookup->strings[lookup->slots[at] - 1], text, length))
        at = (at + 1) & lookup->mask;
    return &lookup->slots[at];
}

static uint32_t *int_slot(const ortcpu_lookup *lookup, int64_t key) {
    uint64_t at = mix((uint64_t)key) & lookup->mask;
    while (lookup->slots[at] && lookup->ints[lookup->slots[at] - 1] != key) at = (at + 1) & lookup->mask;
    return &lookup->slots[at];
}

ort_status *ortcpu_lookup_make(ortk_compiler *compiler, const ort_string_view *strings, const int64_t *ints,
                               int64_t count, ortcpu_lookup *out) {
    uint64_t size = 4;
    while (size < 2 * (uint64_t)count) size *= 2;
    *out = (ortcpu_lookup){strings, ints, NULL, size - 1};
    if (count >= UINT32_MAX) return ortk_fail(ORT_CODE_LIMIT_EXCEEDED, "%lld keys", (long long)count);
    out->slots = ortk_compiler_alloc(compiler, (size_t)size * sizeof *out->slots);
    if (!out->slots) return ortk_out_of_memory();
    for (int64_t i = 0; i < count; i++)
        *(strings ? string_slot(out, strings[i].data, strings[i].length) : int_slot(out, ints[i])) = (uint32_t)i + 1;
    return NULL;
}

int64_t ortcpu_lookup_string(const ortcpu_lookup *lookup, const char *text, uint64_t length) {
    return (int64_t)*string_slot(lookup, text, length) - 1;
}

int64_t ortcpu_lookup_int(const ortcpu_lookup *lookup, int64_t key) {
    return (int64_t)*int_slot(lookup, key) - 1;
}

int64_t ortcpu_float_key(double number) {
    int64_t bits = 0;
    if (number == 0) return 0;
    if (number != number) return INT64_MIN;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}
