/* sdk/device/ops/ops.h: what the operator tables of the device kit share. */
#ifndef ORTK_DEVICE_OPS_H
#define ORTK_DEVICE_OPS_H

#include "src/unit.h"

#include <stdio.h>

#define NEWEST 9999
#define BIT(t) ORT_DTYPE_BIT(ORT_DTYPE_##t)
#define FLOATS (BIT(F32) | BIT(F16))
#define INTS   (BIT(I32) | BIT(I64))
/* Moved by size: whatever has whole bytes. */
#define MOVED                                                                                                          \
    (FLOATS | INTS | BIT(F64) | BIT(BF16) | BIT(U8) | BIT(I8) | BIT(U16) | BIT(I16) | BIT(U32) | BIT(U64) | BIT(BOOL))

#define OP_PLAN(name)                                                                                                  \
    static ort_status *name(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,         \
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step)
#define OP_COMPILE(name) static ort_status *name(ortk_compiler *compiler, const ortk_node *node, void *params)

typedef struct ortk_device_table {
    const ortk_kernel *kernels;
    uint32_t count;
} ortk_device_table;
extern const ortk_device_table ortk_device_elementwise, ortk_device_move, ortk_device_heavy, ortk_device_rows,
    ortk_device_index;

#define DIMS 6u /* loops of a kernel */
/* Loops of the output's shape with strides for up to three inputs that broadcast to it. */
typedef struct ortk_loops {
    int32_t count, dims[DIMS], strides[3][DIMS];
} ortk_loops;
/* errors: UNSUPPORTED when there are more elements than 31 bits count, or too many loops. */
ort_status *ortk_loops_find(const ortk_desc *out, const ortk_desc *in, uint32_t in_count, ortk_loops *loops);

const char *ortk_type_token(uint32_t dtype); /* "f32"; NULL: kernels don't compute in it */
const char *ortk_size_token(uint32_t dtype); /* "u32" for any type of four bytes; NULL: none */
/* Every value has fewer elements than an int counts. */
ort_status *ortk_sizes_check(const ortk_desc *in, uint32_t in_count, const ortk_desc *out, uint32_t out_count);
/* Declines ranks that kernels have no loops for. */
bool ortk_rank_claim(ortk_node *node);

/* A copy with strides, in elements: loops outermost first. */
typedef struct ortk_box {
    uint32_t rank;
    int64_t from_offset, to_offset, dims[2 * ORTK_RANK_MAX], from[2 * ORTK_RANK_MAX], to[2 * ORTK_RANK_MAX];
} ortk_box;
/* All of `out`, in its own order; `from` is left to the caller. */
ortk_box ortk_box_whole(const ortk_desc *out);
/* errors: UNSUPPORTED when more than DIMS loops are left once those that run as one are joined. */
ort_status *ortk_box_add(ortk_planner *planner, ortk_step_plan *step, const ortk_box *box, uint32_t dtype,
                         uint32_t from_arg, uint32_t to_arg);

static inline uint32_t ortk_axis(int64_t axis, uint32_t rank) {
    if (axis < 0) axis += rank;
    return axis >= 0 && axis < (int64_t)rank ? (uint32_t)axis : 0;
}
static inline int64_t ortk_product(const int64_t *dims, uint32_t begin, uint32_t end) {
    int64_t product = 1;
    for (uint32_t i = begin; i < end; i++) product *= dims[i];
    return product;
}
static inline bool ortk_is_known(const ortk_desc *in, uint32_t in_count, uint32_t index) {
    return index < in_count && in[index].is_present && in[index].known;
}
static inline int64_t ortk_known_int(const ortk_desc *desc, int64_t index) {
    return desc->dtype == ORT_DTYPE_I32 ? ((const int32_t *)desc->known)[index] : ((const int64_t *)desc->known)[index];
}

#endif
