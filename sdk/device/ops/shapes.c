#include "ops.h"

#include <string.h>

static const char *const type_tokens[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F32] = "f32", [ORT_DTYPE_F16] = "f16", [ORT_DTYPE_I32] = "i32",
    [ORT_DTYPE_I64] = "i64", [ORT_DTYPE_U8] = "u8",   [ORT_DTYPE_BOOL] = "u8",
};

const char *ortk_type_token(uint32_t dtype) {
    return dtype < ORT_DTYPE_COUNT ? type_tokens[dtype] : NULL;
}

const char *ortk_size_token(uint32_t dtype) {
    static const char *const tokens[] = {[1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64"};
    uint64_t bytes = dtype < ORT_DTYPE_COUNT && (MOVED & ORT_DTYPE_BIT(dtype)) ? ortk_dtype_bytes(dtype, 1) : 0;
    return bytes < sizeof tokens / sizeof tokens[0] ? tokens[bytes] : NULL;
}

ort_status *ortk_sizes_check(const ortk_desc *in, uint32_t in_count, const ortk_desc *out, uint32_t out_count) {
    for (uint32_t i = 0; i < in_count + out_count; i++) {
        const ortk_desc *desc = i < in_count ? &in[i] : &out[i - in_count];
        if (desc->is_present && desc->element_count > INT32_MAX)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "a tensor of %lld elements: kernels index with 31 bits",
                             (long long)desc->element_count);
    }
    return NULL;
}

ort_status *ortk_loops_find(const ortk_desc *out, const ortk_desc *in, uint32_t in_count, ortk_loops *loops) {
    ortk_broadcast b;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    if (!ortk_broadcast_init(&b, out, in, in_count))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the inputs do not broadcast to the output");
    if (b.rank > DIMS) return ortk_fail(ORT_CODE_UNSUPPORTED, "%u loops: kernels have %u", (unsigned)b.rank, DIMS);
    memset(loops, 0, sizeof *loops);
    loops->count = (int32_t)b.element_count;
    for (uint32_t k = 0; k < DIMS; k++) loops->dims[k] = 1;
    for (uint32_t k = 0; k < b.rank; k++) {
        uint32_t to = DIMS - b.rank + k;
        loops->dims[to] = (int32_t)b.dims[k];
        for (uint32_t i = 0; i < in_count; i++) loops->strides[i][to] = (int32_t)b.strides[i + 1][k];
    }
    return NULL;
}

bool ortk_rank_claim(ortk_node *node) {
    for (uint32_t i = 0; i < ortk_node_input_count(node); i++)
        if (ortk_node_has_input(node, i) && ortk_node_input_rank(node, i) > (int32_t)DIMS)
            return ortk_decline(node, ORTP_DECLINE_SHAPE, "input %u has rank %d: kernels have %u loops", (unsigned)i,
                                (int)ortk_node_input_rank(node, i), DIMS);
    return true;
}

ort_status *ortk_device_kernels(ortk_kernels *all) {
    static const ortk_device_table *const tables[] = {&ortk_device_elementwise, &ortk_device_move, &ortk_device_heavy,
                                                      &ortk_device_rows, &ortk_device_index};
    for (uint32_t i = 0; i < ORTK_COUNT_OF(tables); i++)
        ORTK_TRY(ortk_kernels_add(all, tables[i]->kernels, tables[i]->count));
    return NULL;
}
