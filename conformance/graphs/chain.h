/* graphs/chain.h: small models whose answer is known without anybody's kernels: float32 elementwise chains on small
 * whole numbers, where every operator is exact. */
#ifndef ORTC_GRAPHS_CHAIN_H
#define ORTC_GRAPHS_CHAIN_H

#include "common/onnx_writer.h"

#include <stdbool.h>

/* v = x, then v = op(v) or op(v, x) for each of `ops`, `repeat` times over; y is the last v. */
typedef struct ortc_chain {
    const char *name;
    const char *ops[4]; /* NULL ends them */
} ortc_chain;
/* From what says most to what most providers take. */
const ortc_chain *ortc_chains(uint32_t *out_count);

/* x and y of `count` elements; below zero: of a free size. out: the caller frees data. */
void ortc_chain_write(const ortc_chain *chain, uint32_t repeat, int64_t count, onnx_bytes *out);
/* y for x, once through the ops. */
void ortc_chain_answer(const ortc_chain *chain, const float *x, float *y, int64_t count);
/* Whole numbers from -8 to 8, the same for the same seed. */
void ortc_chain_fill(float *x, int64_t count, uint32_t seed);

#endif
