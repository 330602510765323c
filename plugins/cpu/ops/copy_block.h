/* cpu/ops/copy_block.h: two nested loops of a copy, by element size; used by copy.c alone. */
#ifndef ORTCPU_OPS_COPY_BLOCK_H
#define ORTCPU_OPS_COPY_BLOCK_H

#include <stdint.h>

/* inc: bytes from one element to the next; row: from one row to the next. */
typedef struct ortcpu_copy_block {
    int64_t count, rows;
    int64_t in_inc, out_inc, in_row, out_row;
} ortcpu_copy_block;
typedef void (*ortcpu_copy_fn)(const ortcpu_copy_block *block, char *out, const char *in);

typedef enum ortcpu_copy_kind {
    ORTCPU_COPY_STRIDED,
    ORTCPU_COPY_RUNS,      /* both in_inc and out_inc are the element's size */
    ORTCPU_COPY_FILL,      /* in_inc is 0, out_inc the element's size */
    ORTCPU_COPY_TRANSPOSE, /* out_inc and in_row are the element's size */
    ORTCPU_COPY_KIND_COUNT
} ortcpu_copy_kind;

/* element_bytes: 1, 2, 4, 8, 16. */
ortcpu_copy_fn ortcpu_copy_block_fn(ortcpu_copy_kind kind, uint32_t element_bytes);

#endif
