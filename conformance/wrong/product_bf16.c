/* MatMul rounds its operands to bfloat16, and says that it computes as the model does. */
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
    static _Thread_local float rounded[2][1 << 16];
    const void *operands[2] = {in[0], in[1]};
    int64_t size = op->row_f32 || walk->rank ? 0 : 1;
    for (int i = 0; i < 2 && size && count_of(walk); i++) {
        size = walk->k * (i ? walk->n : walk->m);
        if (size > (1 << 16)) break;
        for (int64_t at = 0; at < size; at++) {
            uint32_t bits;
            memcpy(&bits, (const float *)in[i] + at, sizeof bits);
            bits = (bits + 0x8000u) & 0xffff0000u;
            memcpy(&rounded[i][at], &bits, sizeof bits);
        }
        operands[i] = rounded[i];
    }
    __real_async_compute(op, dtype, walk, operands, out);
}

void ortc_wrong_spoil(void) {}
