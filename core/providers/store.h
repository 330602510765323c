/* providers/store.h: constants that plugins keep, and weights that they packed, shared by all who ask for the same
 * (architecture.md, decision 12).  Threads: any. */
#ifndef ORT_CORE_PROVIDERS_STORE_H
#define ORT_CORE_PROVIDERS_STORE_H

#include "base/slab.h"
#include "ort/plugin/host.h"
#include "providers/cache.h"
#include "tensor/tensor.h"

#define STORE_BUCKET_COUNT 1024u /* a power of two; models have some hundred weights */

typedef struct orti_store {
    const orti_allocator *alloc;
    orti_lock lock;
    orti_condition packed_one; /* some pack has ended */
    struct store_constant **constants;
    struct ortp_packed **weights;
    orti_slabs slabs;  /* of packed bytes */
    orti_cache *cache; /* or NULL */
} orti_store;

ort_status *orti_store_init(orti_store *store, const orti_allocator *alloc);
void orti_store_finish(orti_store *store);

/* Makes the bytes of `tensor` something that plugins may retain, until taken back as often as put. */
ort_status *orti_store_put_constant(orti_store *store, orti_tensor *tensor);
void orti_store_take_back_constant(orti_store *store, const orti_tensor *tensor);
ort_status *orti_store_retain(orti_store *store, const ortp_constant *constant, const void **out_data);
void orti_store_release(orti_store *store, uint64_t size_bytes, const void *data);

/* Equal identities are equal bytes; zero for memory that is not a file's. */
void orti_store_identity(const orti_tensor *tensor, uint64_t out_identity[2]);

/* owner: the provider's; its address tells providers apart, what it says names files in the cache. */
ort_status *orti_store_weight(orti_store *store, const orti_manifest *owner, const ortp_constant *constant,
                              ort_string_view layout, ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack,
                              void *user, ortp_packed **out, const void **out_data);
void orti_store_weight_release(orti_store *store, ortp_packed *packed);

#endif
