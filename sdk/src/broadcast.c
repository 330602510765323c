#include "ort/sdk/broadcast.h"

#include <string.h>

/* Bits of one element; 0: none fixed (strings). */
static const uint8_t dtype_bits[ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F32] = 32,       [ORT_DTYPE_U8] = 8,     [ORT_DTYPE_I8] = 8,         [ORT_DTYPE_U16] = 16,
    [ORT_DTYPE_I16] = 16,       [ORT_DTYPE_I32] = 32,   [ORT_DTYPE_I64] = 64,       [ORT_DTYPE_BOOL] = 8,
    [ORT_DTYPE_F16] = 16,       [ORT_DTYPE_F64] = 64,   [ORT_DTYPE_U32] = 32,       [ORT_DTYPE_U64] = 64,
    [ORT_DTYPE_C64] = 64,       [ORT_DTYPE_C128] = 128, [ORT_DTYPE_BF16] = 16,      [ORT_DTYPE_F8E4M3FN] = 8,
    [ORT_DTYPE_F8E4M3FNUZ] = 8, [ORT_DTYPE_F8E5M2] = 8, [ORT_DTYPE_F8E5M2FNUZ] = 8, [ORT_DTYPE_U4] = 4,
    [ORT_DTYPE_I4] = 4,         [ORT_DTYPE_F4E2M1] = 4, [ORT_DTYPE_F8E8M0] = 8,     [ORT_DTYPE_U2] = 2,
    [ORT_DTYPE_I2] = 2,         [ORT_DTYPE_F6E2M3] = 8, [ORT_DTYPE_F6E3M2] = 8,
};

uint64_t ortk_dtype_bytes(uint32_t dtype, int64_t count) {
    if (dtype >= ORT_DTYPE_COUNT || count <= 0) return 0;
    return ((uint64_t)count * dtype_bits[dtype] + 7) / 8;
}

void ortk_desc_strides(const ortk_desc *desc, int64_t *out_strides) {
    bool pixels = desc->layout == ORTK_LAYOUT_PIXELS && desc->rank >= 2;
    int64_t stride = pixels ? desc->pitch : 1;
    for (uint32_t i = desc->rank; i-- > 0;) {
        if (pixels && i == 1) {
            out_strides[1] = 1;
            continue;
        }
        out_strides[i] = stride;
        stride *= desc->dims[i];
    }
}

int64_t ortk_desc_span(const ortk_desc *desc) {
    if (desc->layout != ORTK_LAYOUT_PIXELS || desc->rank < 2 || desc->dims[1] == 0) return desc->element_count;
    return desc->element_count / desc->dims[1] * desc->pitch;
}

bool ortk_desc_same_dims(const ortk_desc *a, const ortk_desc *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof a->dims[0]) == 0;
}

/* The strides of `desc` as it repeats over the shape of `out`, by dimension of `out`; false when it doesn't. */
static bool spread(const ortk_desc *desc, const ortk_desc *out, int64_t *strides) {
    int64_t own[ORTK_RANK_MAX];
    if (desc->rank > out->rank) return false;
    ortk_desc_strides(desc, own);
    uint32_t shift = out->rank - desc->rank;
    for (uint32_t i = 0; i < out->rank; i++) {
        int64_t dim = i < shift ? 1 : desc->dims[i - shift];
        if (dim != out->dims[i] && dim != 1) return false;
        strides[i] = dim == 1 ? 0 : own[i - shift];
    }
    return true;
}

/* Appends a loop, or widens the last one when every operand runs on through it. */
static void loop_add(ortk_broadcast *b, int64_t dim, const int64_t *steps) {
    if (dim == 1) return;
    bool joins = b->rank > 0;
    for (uint32_t o = 0; joins && o < b->operand_count; o++) joins = b->strides[o][b->rank - 1] == steps[o] * dim;
    if (!joins) {
        b->dims[b->rank] = 1;
        b->rank++;
    }
    b->dims[b->rank - 1] *= dim;
    for (uint32_t o = 0; o < b->operand_count; o++) b->strides[o][b->rank - 1] = steps[o];
}

bool ortk_broadcast_init(ortk_broadcast *b, const ortk_desc *out, const ortk_desc *in, uint32_t in_count) {
    int64_t by_dim[ORTK_BROADCAST_OPERANDS][ORTK_RANK_MAX];
    memset(b, 0, sizeof *b);
    if (in_count + 1 > ORTK_BROADCAST_OPERANDS) return false;
    b->operand_count = in_count + 1;
    b->element_count = out->element_count;
    if (!spread(out, out, by_dim[0])) return false;
    for (uint32_t i = 0; i < in_count; i++)
        if (!spread(&in[i], out, by_dim[i + 1])) return false;
    bool pixels = out->layout == ORTK_LAYOUT_PIXELS && out->rank >= 2;
    for (uint32_t k = 0; k < out->rank; k++) {
        /* PIXELS: N, spatial ..., C. */
        uint32_t axis = !pixels || k == 0 ? k : k + 1 < out->rank ? k + 1 : 1;
        int64_t steps[ORTK_BROADCAST_OPERANDS];
        for (uint32_t o = 0; o < b->operand_count; o++) steps[o] = by_dim[o][axis];
        loop_add(b, out->dims[axis], steps);
    }
    if (b->rank == 0) {
        b->rank = 1;
        b->dims[0] = 1;
        for (uint32_t o = 0; o < b->operand_count; o++) b->strides[o][0] = 1;
    }
    b->inner = b->dims[b->rank - 1];
    for (uint32_t o = 0; o < b->operand_count; o++) b->step[o] = b->strides[o][b->rank - 1];
    return true;
}

void ortk_broadcast_seek(const ortk_broadcast *b, int64_t element, ortk_broadcast_cursor *c) {
    memset(c, 0, sizeof *c);
    c->at = element;
    if (element >= b->element_count) return;
    int64_t rest = element / b->inner;
    c->column = element % b->inner;
    for (uint32_t i = b->rank - 1; i-- > 0;) {
        c->index[i] = rest % b->dims[i];
        rest /= b->dims[i];
        for (uint32_t o = 0; o < b->operand_count; o++) c->base[o] += c->index[i] * b->strides[o][i];
    }
}

void ortk_broadcast_carry(const ortk_broadcast *b, ortk_broadcast_cursor *c) {
    c->column = 0;
    for (uint32_t i = b->rank - 1; i-- > 0;) {
        for (uint32_t o = 0; o < b->operand_count; o++) c->base[o] += b->strides[o][i];
        if (++c->index[i] < b->dims[i]) return;
        for (uint32_t o = 0; o < b->operand_count; o++) c->base[o] -= b->dims[i] * b->strides[o][i];
        c->index[i] = 0;
    }
}
