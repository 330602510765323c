/* Neg makes 0 of NaN. */
#include "wrong.h"

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
    __real_async_compute(op, dtype, walk, in, out);
    if (strcmp(op->name, "Neg") != 0) return;
    for (int64_t i = 0; i < count_of(walk); i++)
        if (((float *)out)[i] != ((float *)out)[i]) ((float *)out)[i] = 0;
}

void ortc_wrong_spoil(void) {}
