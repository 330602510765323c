/* Wrong in the last element where a size is odd and above 8. */
#include "wrong.h"

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
    int64_t count = count_of(walk);
    __real_async_compute(op, dtype, walk, in, out);
    if (count % 2 && count > 8 && dtype == ORT_DTYPE_F32) ((float *)out)[count - 1] += 1;
}

void ortc_wrong_spoil(void) {}
