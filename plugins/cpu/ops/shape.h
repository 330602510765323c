/* cpu/ops/shape.h: small arithmetic on shapes that the planners share. */
#ifndef ORTCPU_OPS_SHAPE_H
#define ORTCPU_OPS_SHAPE_H

#include "ort/sdk/broadcast.h"
#include "ort/sdk/kernel.h"

#include <string.h>

/* An axis counted from the front; 0 where it is out of range. */
static inline uint32_t ortcpu_axis(int64_t axis, uint32_t rank) {
    if (axis < 0) axis += rank;
    return axis >= 0 && axis < (int64_t)rank ? (uint32_t)axis : 0;
}

static inline int64_t ortcpu_product(const int64_t *dims, uint32_t begin, uint32_t end) {
    int64_t product = 1;
    for (uint32_t i = begin; i < end; i++) product *= dims[i];
    return product;
}

/* Element `index` of a known int32 or int64 tensor. */
static inline int64_t ortcpu_known_int(const ortk_desc *desc, int64_t index) {
    if (desc->dtype == ORT_DTYPE_I32) return ((const int32_t *)desc->known)[index];
    return ((const int64_t *)desc->known)[index];
}

static inline bool ortcpu_is_known(const ortk_desc *in, uint32_t in_count, uint32_t index) {
    return index < in_count && in[index].is_present && in[index].known != NULL;
}

/* Writes the `bytes` of `value` `count` times. */
static inline void ortcpu_repeat(char *out, const void *value, int64_t bytes, int64_t count) {
    if (count <= 0) return;
    memcpy(out, value, (size_t)bytes);
    for (int64_t done = 1; done < count; done *= 2)
        memcpy(out + done * bytes, out, (size_t)((count - done < done ? count - done : done) * bytes));
}

#endif
