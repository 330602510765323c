/* Says that it is deterministic, and the last bit changes from run to run. */
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
    static unsigned runs;
    __real_async_compute(op, dtype, walk, in, out);
    if (!count_of(walk) || dtype != ORT_DTYPE_F32 || strcmp(op->name, "Identity") == 0) return;
    uint32_t bits;
    memcpy(&bits, out, sizeof bits);
    if ((bits & 0x7f800000u) != 0x7f800000u && bits & 0x7fffffffu) bits ^= runs++ & 1;
    memcpy(out, &bits, sizeof bits);
}

void ortc_wrong_spoil(void) {}
