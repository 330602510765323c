#include "kit.h"

#include <string.h>

/* KNOWN(0) to KNOWN(19) lie between them; what one bit means, no other does. */
#define SINGLE_BITS                                                                                                    \
    (ORTK_KERNEL_INPLACE + ORTK_KERNEL_RESHAPES + ORTK_KERNEL_FUSES_ACT + ORTK_KERNEL_FUSES_ADD + ORTK_KERNEL_UNARY +  \
     ORTK_KERNEL_INPLACE_FIRST + ORTK_KERNEL_FUSES_BIAS + ORTK_KERNEL_TELLS + ORTK_KERNEL_BYTES +                      \
     ORTK_KERNEL_FUSES_QUANTIZED + ORTK_KERNEL_FUSES_GELU + ORTK_KERNEL_REDUCES)
_Static_assert(SINGLE_BITS == 0xf00000ffu, "two flags of ortk_kernel share a bit");

static uint32_t bucket_of(const char *text, uint64_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (uint64_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash % ORTK_KERNEL_BUCKETS;
}

static ort_status *entries_reserve(ortk_kernels *all, uint32_t count) {
    if (count <= all->capacity) return NULL;
    uint32_t capacity = count * 2;
    ortk_kernel_entry *entries = ortk_arena_array(&all->arena, capacity, sizeof *entries);
    if (!entries) return ortk_out_of_memory();
    if (all->count) memcpy(entries, all->entries, all->count * sizeof *entries);
    all->entries = entries;
    all->capacity = capacity;
    return NULL;
}

ort_status *ortk_kernels_add(ortk_kernels *all, const ortk_kernel *kernels, uint32_t count) {
    ORTK_TRY(entries_reserve(all, all->count + count));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bucket = bucket_of(kernels[i].op, strlen(kernels[i].op)), id = all->count++;
        all->entries[id] = (ortk_kernel_entry){&kernels[i], ORTP_NONE};
        if (all->first[bucket] == ORTP_NONE)
            all->first[bucket] = id;
        else
            all->entries[all->last[bucket]].next = id;
        all->last[bucket] = id;
    }
    return NULL;
}

uint32_t ortk_kernels_first(const ortk_kernels *all, ort_string_view op) {
    return all->first[bucket_of(op.data, op.length)];
}
