#include "ops/sort.h"

#include "kernels/half_scalar.h"
#include "ort/sdk/kernel.h"

#include <string.h>

#define COMPARE(name, T, GET)                                                                                          \
    static int name(const void *left, const void *right) {                                                             \
        T x, y;                                                                                                        \
        memcpy(&x, left, sizeof x);                                                                                    \
        memcpy(&y, right, sizeof y);                                                                                   \
        GET(x, y)                                                                                                      \
    }
#define NUMBERS(x, y) return (x > y) - (x < y);
#define FLOATS(x, y)                                                                                                   \
    if (x != x || y != y) return (x != x) - (y != y);                                                                  \
    return (x > y) - (x < y);
#define F16S(x, y)                                                                                                     \
    const float a = ortcpu_f16_to_f32(x), b = ortcpu_f16_to_f32(y);                                                    \
    FLOATS(a, b)
#define BF16S(x, y)                                                                                                    \
    const float a = ortcpu_bf16_to_f32(x), b = ortcpu_bf16_to_f32(y);                                                  \
    FLOATS(a, b)

COMPARE(compare_i8, int8_t, NUMBERS)
COMPARE(compare_i16, int16_t, NUMBERS)
COMPARE(compare_i32, int32_t, NUMBERS)
COMPARE(compare_i64, int64_t, NUMBERS)
COMPARE(compare_u8, uint8_t, NUMBERS)
COMPARE(compare_u16, uint16_t, NUMBERS)
COMPARE(compare_u32, uint32_t, NUMBERS)
COMPARE(compare_u64, uint64_t, NUMBERS)
COMPARE(compare_f32, float, FLOATS)
COMPARE(compare_f64, double, FLOATS)
COMPARE(compare_f16, uint16_t, F16S)
COMPARE(compare_bf16, uint16_t, BF16S)

ortcpu_compare_fn ortcpu_compare_of(uint32_t dtype) {
    static const ortcpu_compare_fn by_type[ORT_DTYPE_COUNT] = {
        [ORT_DTYPE_I8] = compare_i8,   [ORT_DTYPE_I16] = compare_i16, [ORT_DTYPE_I32] = compare_i32,
        [ORT_DTYPE_I64] = compare_i64, [ORT_DTYPE_U8] = compare_u8,   [ORT_DTYPE_U16] = compare_u16,
        [ORT_DTYPE_U32] = compare_u32, [ORT_DTYPE_U64] = compare_u64, [ORT_DTYPE_F32] = compare_f32,
        [ORT_DTYPE_F64] = compare_f64, [ORT_DTYPE_F16] = compare_f16, [ORT_DTYPE_BF16] = compare_bf16,
        [ORT_DTYPE_BOOL] = compare_u8,
    };
    return dtype < ORT_DTYPE_COUNT ? by_type[dtype] : NULL;
}

/* Merges from[begin, middle) and from[middle, end) into to. */
static void merge(const int64_t *from, int64_t *to, int64_t begin, int64_t middle, int64_t end, ortcpu_before_fn before,
                  const void *context) {
    int64_t left = begin, right = middle;
    for (int64_t at = begin; at < end; at++) {
        const bool takes_right = left == middle || (right < end && before(context, from[right], from[left]));
        to[at] = takes_right ? from[right++] : from[left++];
    }
}

void ortcpu_sort(int64_t *places, int64_t *spare, int64_t count, ortcpu_before_fn before, const void *context) {
    int64_t *from = places, *to = spare;
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t begin = 0; begin < count; begin += 2 * width) {
            const int64_t middle = begin + width < count ? begin + width : count;
            const int64_t end = begin + 2 * width < count ? begin + 2 * width : count;
            merge(from, to, begin, middle, end, before, context);
        }
        int64_t *const other = from;
        from = to;
        to = other;
    }
    if (from != places) memcpy(places, from, (size_t)count * sizeof *places);
}
