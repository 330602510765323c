#include "base/slab.h"

#define SLAB_BYTES      (UINT64_C(8) << 20)
#define SLAB_MIN_BYTES  (UINT64_C(16) << 10) /* of a block that is cut from a slab ... */
#define SLAB_MAX_BYTES  (UINT64_C(2) << 20)  /* ... below this */
#define SLAB_HEAD_BYTES ORTI_ALIGN_BYTES     /* before every block: the slab that it lies in, or NULL */

/* An overflow into the neighbour is for a sanitizer to see. */
#if defined(__SANITIZE_ADDRESS__)
enum { CUTS_SLABS = 0 };
#elif defined(__has_feature)
enum { CUTS_SLABS = !__has_feature(address_sanitizer) };
#else
enum { CUTS_SLABS = 1 };
#endif

typedef struct orti_slab {
    size_t used_bytes;
    uint32_t live_count;
} orti_slab;

static orti_slab **head_of(void *memory) {
    return (orti_slab **)(void *)((char *)memory - SLAB_HEAD_BYTES);
}

void orti_slabs_init(orti_slabs *slabs, const orti_allocator *alloc) {
    *slabs = (orti_slabs){.alloc = alloc};
    orti_lock_init(&slabs->lock);
}

void orti_slabs_finish(orti_slabs *slabs) {
    orti_free(slabs->alloc, slabs->current);
    orti_lock_finish(&slabs->lock);
}

static ort_status *slab_begin(orti_slabs *slabs) {
    orti_slab *slab = NULL;
    ORT_TRY(orti_alloc_aligned(slabs->alloc, SLAB_BYTES, &slab));
    *slab = (orti_slab){.used_bytes = SLAB_HEAD_BYTES};
    if (slabs->current && slabs->current->live_count == 0) orti_free(slabs->alloc, slabs->current);
    slabs->current = slab;
    return NULL;
}

static ort_status *slab_cut(orti_slabs *slabs, size_t whole_bytes, void **out) {
    if (!slabs->current || slabs->current->used_bytes + whole_bytes > SLAB_BYTES) ORT_TRY(slab_begin(slabs));
    orti_slab *slab = slabs->current;
    *out = (char *)slab + slab->used_bytes + SLAB_HEAD_BYTES;
    *head_of(*out) = slab;
    slab->used_bytes += whole_bytes;
    slab->live_count++;
    return NULL;
}

static ort_status *block_alone(const orti_slabs *slabs, size_t whole_bytes, void **out) {
    char *block = NULL;
    ORT_TRY(orti_alloc_aligned(slabs->alloc, whole_bytes, &block));
    *out = block + SLAB_HEAD_BYTES;
    *head_of(*out) = NULL;
    return NULL;
}

ort_status *orti_slabs_alloc(orti_slabs *slabs, size_t size_bytes, void **out) {
    *out = NULL;
    if (size_bytes > SIZE_MAX - 2 * SLAB_HEAD_BYTES) ORT_FAIL(OUT_OF_MEMORY, "out of memory: %zu bytes", size_bytes);
    size_t whole_bytes = SLAB_HEAD_BYTES + (size_bytes + SLAB_HEAD_BYTES - 1) / SLAB_HEAD_BYTES * SLAB_HEAD_BYTES;
    if (!CUTS_SLABS || size_bytes < SLAB_MIN_BYTES || size_bytes >= SLAB_MAX_BYTES)
        return block_alone(slabs, whole_bytes, out);
    orti_lock_take(&slabs->lock);
    ort_status *status = slab_cut(slabs, whole_bytes, out);
    orti_lock_give(&slabs->lock);
    return status;
}

void orti_slabs_release(orti_slabs *slabs, void *memory) {
    if (!memory) return;
    orti_slab *slab = *head_of(memory);
    if (!slab) {
        orti_free(slabs->alloc, (char *)memory - SLAB_HEAD_BYTES);
        return;
    }
    orti_lock_take(&slabs->lock);
    bool is_empty = --slab->live_count == 0, is_current = slab == slabs->current;
    if (is_empty && is_current) slab->used_bytes = SLAB_HEAD_BYTES;
    orti_lock_give(&slabs->lock);
    if (is_empty && !is_current) orti_free(slabs->alloc, slab);
}
