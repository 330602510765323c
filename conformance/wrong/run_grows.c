/* Each run keeps a little memory that nobody counts. */
#include "wrong.h"

#include <stdlib.h>
#include <string.h>

void __real_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);
void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);

static int64_t count_of(const async_walk *walk) {
    int64_t count = walk->m || walk->n ? walk->m * walk->n : 1;
    for (uint32_t i = 0; i < walk->rank; i++) count *= walk->dims[i];
    return count;
}

void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out) {
    static void *volatile kept;
    __real_async_compute(op, dtype, walk, in, out);
    if (!count_of(walk)) return;
    void **more = malloc(65536);
    if (!more) return;
    memset(more, 1, 65536);
    *more = kept;
    kept = more;
}

void ortc_wrong_spoil(void) {}
