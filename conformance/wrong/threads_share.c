/* Programs that run at the same time use one place for what lies between their nodes, or for what they answer. */
#include "wrong.h"

#include <sched.h>
#include <string.h>

void __real_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);
void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);

static uint64_t bytes_of(const async_walk *walk) {
    int64_t count = walk->m || walk->n ? walk->m * walk->n : 1;
    for (uint32_t i = 0; i < walk->rank; i++) count *= walk->dims[i];
    return (uint64_t)count * sizeof(float);
}

void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out) {
    static _Alignas(64) unsigned char shared[1 << 16];
    uint64_t size_bytes = bytes_of(walk);
    bool fits = size_bytes <= sizeof shared;
    __real_async_compute(op, dtype, walk, in, fits ? shared : out);
    if (!fits) return;
    for (int i = 0; i < 8; i++) sched_yield(); /* the others' turn */
    memcpy(out, shared, size_bytes);
}

void ortc_wrong_spoil(void) {}
