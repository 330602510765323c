#include "ops/copy_block.h"

#include <stddef.h>
#include <string.h>

typedef struct bytes16 {
    uint64_t part[2];
} bytes16;

#define TILE 16

#define BY_SIZE(bytes, T)                                                                                              \
    static void strided_##bytes(const ortcpu_copy_block *b, char *out, const char *in) {                               \
        for (int64_t r = 0; r < b->rows; r++) {                                                                        \
            char *y = out + r * b->out_row;                                                                            \
            const char *x = in + r * b->in_row;                                                                        \
            for (int64_t i = 0; i < b->count; i++)                                                                     \
                *(T *)(void *)(y + i * b->out_inc) = *(const T *)(const void *)(x + i * b->in_inc);                    \
        }                                                                                                              \
    }                                                                                                                  \
    static void runs_##bytes(const ortcpu_copy_block *b, char *out, const char *in) {                                  \
        const int64_t count = b->count, size = count * (int64_t)sizeof(T);                                             \
        for (int64_t r = 0; r < b->rows; r++) {                                                                        \
            char *y = out + r * b->out_row;                                                                            \
            const char *x = in + r * b->in_row;                                                                        \
            if (count > 8) {                                                                                           \
                memcpy(y, x, (size_t)size);                                                                            \
            } else {                                                                                                   \
                for (int64_t i = 0; i < count; i++) ((T *)(void *)y)[i] = ((const T *)(const void *)x)[i];             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void fill_##bytes(const ortcpu_copy_block *b, char *out, const char *in) {                                  \
        for (int64_t r = 0; r < b->rows; r++) {                                                                        \
            T *y = (T *)(void *)(out + r * b->out_row);                                                                \
            const T value = *(const T *)(const void *)(in + r * b->in_row);                                            \
            for (int64_t i = 0; i < b->count; i++) y[i] = value;                                                       \
        }                                                                                                              \
    }                                                                                                                  \
    static void tile_##bytes(const ortcpu_copy_block *b, char *out, const char *in, int64_t rows, int64_t count) {     \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            T *y = (T *)(void *)(out + r * b->out_row);                                                                \
            const char *x = in + r * (int64_t)sizeof(T);                                                               \
            for (int64_t i = 0; i < count; i++) y[i] = *(const T *)(const void *)(x + i * b->in_inc);                  \
        }                                                                                                              \
    }
BY_SIZE(1, uint8_t)
BY_SIZE(2, uint16_t)
BY_SIZE(4, uint32_t)
BY_SIZE(8, uint64_t)
BY_SIZE(16, bytes16)

typedef uint32_t quad __attribute__((vector_size(16)));
typedef uint32_t quad_any __attribute__((vector_size(16), aligned(4), may_alias));

/* Four runs of four elements become four others. */
static void tile_4x4(char *out, int64_t out_row, const char *in, int64_t in_inc) {
    quad a = *(const quad_any *)(const void *)in, b = *(const quad_any *)(const void *)(in + in_inc);
    quad c = *(const quad_any *)(const void *)(in + 2 * in_inc), d = *(const quad_any *)(const void *)(in + 3 * in_inc);
    quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad_any *)(void *)out = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(quad_any *)(void *)(out + out_row) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(quad_any *)(void *)(out + 2 * out_row) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(quad_any *)(void *)(out + 3 * out_row) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

static void tile_4_by_quads(const ortcpu_copy_block *b, char *out, const char *in, int64_t rows, int64_t count) {
    const int64_t full_rows = rows & ~INT64_C(3), full_count = count & ~INT64_C(3);
    for (int64_t r = 0; r < full_rows; r += 4)
        for (int64_t i = 0; i < full_count; i += 4)
            tile_4x4(out + r * b->out_row + i * 4, b->out_row, in + r * 4 + i * b->in_inc, b->in_inc);
    if (full_count < count) tile_4(b, out + full_count * 4, in + full_count * b->in_inc, full_rows, count - full_count);
    if (full_rows < rows) tile_4(b, out + full_rows * b->out_row, in + full_rows * 4, rows - full_rows, count);
}

typedef void (*tile_fn)(const ortcpu_copy_block *b, char *out, const char *in, int64_t rows, int64_t count);

/* By tiles whose lines on both sides stay in the first cache. */
static void transpose(const ortcpu_copy_block *b, char *out, const char *in, int64_t bytes, tile_fn tile) {
    for (int64_t r = 0; r < b->rows; r += TILE)
        for (int64_t i = 0; i < b->count; i += TILE)
            tile(b, out + r * b->out_row + i * bytes, in + r * bytes + i * b->in_inc,
                 b->rows - r < TILE ? b->rows - r : TILE, b->count - i < TILE ? b->count - i : TILE);
}

#define TRANSPOSE(bytes, tile)                                                                                         \
    static void transpose_##bytes(const ortcpu_copy_block *b, char *out, const char *in) {                             \
        transpose(b, out, in, bytes, tile);                                                                            \
    }
TRANSPOSE(1, tile_1)
TRANSPOSE(2, tile_2)
TRANSPOSE(4, tile_4_by_quads)
TRANSPOSE(8, tile_8)
TRANSPOSE(16, tile_16)

#define SIZES(name)                                                                                                    \
    { name##_1, name##_2, name##_4, name##_8, name##_16 }
static const ortcpu_copy_fn table[ORTCPU_COPY_KIND_COUNT][5] = {
    [ORTCPU_COPY_STRIDED] = SIZES(strided),
    [ORTCPU_COPY_RUNS] = SIZES(runs),
    [ORTCPU_COPY_FILL] = SIZES(fill),
    [ORTCPU_COPY_TRANSPOSE] = SIZES(transpose),
};

ortcpu_copy_fn ortcpu_copy_block_fn(ortcpu_copy_kind kind, uint32_t element_bytes) {
    uint32_t log2 = 0;
    while ((1u << log2) < element_bytes && log2 < 4) log2++;
    return table[kind][log2];
}
