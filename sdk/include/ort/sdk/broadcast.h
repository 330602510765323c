/* ort/sdk/broadcast.h: ONNX broadcasting as few nested loops, whatever the layouts.
 * Start at: ortk_broadcast_init() at plan, ortk_broadcast_seek() and ortk_broadcast_next() at run.
 *
 *     ortk_broadcast_cursor c;
 *     ortk_broadcast_seek(b, begin, &c);
 *     for (int64_t n; (n = ortk_broadcast_next(b, &c, end)) != 0;)
 *         add(n, out + c.offset[0], a + c.offset[1], a_step, ...);     element k of the run is at k * b->step[operand]
 *
 * Operand 0 is the output, operand i + 1 is input i. Elements are counted in the output's memory order, so a task is
 * any range of [0, element_count). Operands of one shape and layout collapse to a single loop of element_count. Every
 * mix of ROWS and PIXELS and every pitch is right. Threads: any; nothing is kept. */
#ifndef ORT_SDK_BROADCAST_H
#define ORT_SDK_BROADCAST_H

#include "ort/sdk/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTK_BROADCAST_OPERANDS 6u

typedef struct ortk_broadcast {
    uint32_t rank; /* loops, outermost first, at least 1 */
    uint32_t operand_count;
    int64_t element_count;
    int64_t inner;                         /* = dims[rank - 1]: the longest run */
    int64_t step[ORTK_BROADCAST_OPERANDS]; /* elements from one to the next in the innermost loop: 0 repeats; the
                                              output's is 1 unless it has pixels of one channel and a pitch */
    int64_t dims[ORTK_RANK_MAX];
    int64_t strides[ORTK_BROADCAST_OPERANDS][ORTK_RANK_MAX];
} ortk_broadcast;

/* Where a walk is. `offset`: elements from each operand's start to the run that ortk_broadcast_next just returned. */
typedef struct ortk_broadcast_cursor {
    int64_t at, column;
    int64_t offset[ORTK_BROADCAST_OPERANDS];
    int64_t base[ORTK_BROADCAST_OPERANDS];
    int64_t index[ORTK_RANK_MAX];
} ortk_broadcast_cursor;

/* False when the inputs don't broadcast to `out`, or are more than ORTK_BROADCAST_OPERANDS - 1. */
bool ortk_broadcast_init(ortk_broadcast *b, const ortk_desc *out, const ortk_desc *in, uint32_t in_count);

/* Starts a walk at output element `element`, 0 <= element <= element_count. */
void ortk_broadcast_seek(const ortk_broadcast *b, int64_t element, ortk_broadcast_cursor *c);

/* To the next outer row; not for callers. */
void ortk_broadcast_carry(const ortk_broadcast *b, ortk_broadcast_cursor *c);

/* The length of the next run of the innermost loop, cut at `end`; 0 when the walk is there. */
static inline int64_t ortk_broadcast_next(const ortk_broadcast *b, ortk_broadcast_cursor *c, int64_t end) {
    if (c->at >= end) return 0;
    if (c->column == b->inner) ortk_broadcast_carry(b, c);
    int64_t n = b->inner - c->column;
    if (n > end - c->at) n = end - c->at;
    for (uint32_t i = 0; i < b->operand_count; i++) c->offset[i] = c->base[i] + c->column * b->step[i];
    c->column += n;
    c->at += n;
    return n;
}

/* The strides of `desc` in elements, one for each dimension in ONNX's order. */
void ortk_desc_strides(const ortk_desc *desc, int64_t *out_strides);
/* Elements that the memory of `desc` spans: element_count, or pixels * pitch. */
int64_t ortk_desc_span(const ortk_desc *desc);
/* True when both have the same dims. */
bool ortk_desc_same_dims(const ortk_desc *a, const ortk_desc *b);
/* Bytes of `count` elements of `dtype`, rounded up for types smaller than a byte; 0 for types without a fixed size. */
uint64_t ortk_dtype_bytes(uint32_t dtype, int64_t count);

#ifdef __cplusplus
}
#endif

#endif
