/* base/slab.h: blocks of middling size cut from large ones.
 * Start at: orti_slabs_alloc().  Used by: providers.
 * Threads: any.
 *
 * A fresh page of 4 KB costs a fault; a block of 2 MB or more is asked for in huge pages and costs next to none
 * (alloc.c). Packed weights are mostly smaller than that, live as long as each other and are written once, so they are
 * cut from slabs. A slab goes back when its last block does. */
#ifndef ORT_CORE_BASE_SLAB_H
#define ORT_CORE_BASE_SLAB_H

#include "base/alloc.h"
#include "base/lock.h"

typedef struct orti_slabs {
    const orti_allocator *alloc;
    orti_lock lock;
    struct orti_slab *current; /* or NULL */
} orti_slabs;

void orti_slabs_init(orti_slabs *slabs, const orti_allocator *alloc);
/* Every block has been released. */
void orti_slabs_finish(orti_slabs *slabs);
/* Aligned to ORTI_ALIGN_BYTES, not initialised. Very small and large blocks come from the allocator itself. */
ORT_MUST_USE ort_status *orti_slabs_alloc(orti_slabs *slabs, size_t size_bytes, void **out);
void orti_slabs_release(orti_slabs *slabs, void *memory); /* takes NULL */

#endif
