/* Two-operand loops on every type but float32. Integers wrap (arithmetic is done unsigned), division truncates, and
 * what C leaves undefined is given a value: x / 0 is 0, the lowest number / -1 is itself. */
#include "ops/loops.h"

#include <math.h>
#include <stdbool.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))
#if defined(__clang__)
#define NO_CARRY
#else
#define NO_CARRY _Pragma("GCC ivdep")
#endif

/* Rows of R from rows of T. The output may be either input itself, element by element. */
#define LOOP(name, T, R, EXPR)                                                                                         \
    static void name(const ortcpu_block *block) {                                                                      \
        const int64_t n = block->count;                                                                                \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            R *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]), *z = AT(block->ptr[2], r * block->step[2]);            \
            if (block->inc[1] != 0 && block->inc[2] != 0) {                                                            \
                NO_CARRY for (int64_t i = 0; i < n; i++) {                                                             \
                    const T a = x[i], b = z[i];                                                                        \
                    y[i] = (R)(EXPR);                                                                                  \
                }                                                                                                      \
            } else if (block->inc[1] != 0) {                                                                           \
                const T b = *z;                                                                                        \
                NO_CARRY for (int64_t i = 0; i < n; i++) {                                                             \
                    const T a = x[i];                                                                                  \
                    y[i] = (R)(EXPR);                                                                                  \
                }                                                                                                      \
            } else {                                                                                                   \
                const T a = *x;                                                                                        \
                NO_CARRY for (int64_t i = 0; i < n; i++) {                                                             \
                    const T b = z[i];                                                                                  \
                    y[i] = (R)(EXPR);                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Family of an integer type T with unsigned form U, wide enough that products of small types don't become int. */
#define INTEGER_LOOPS(suffix, T, U, DIVIDE)                                                                            \
    LOOP(add_##suffix, T, T, (T)((U)a + (U)b))                                                                         \
    LOOP(sub_##suffix, T, T, (T)((U)a - (U)b))                                                                         \
    LOOP(mul_##suffix, T, T, (T)((U)a * (U)b))                                                                         \
    LOOP(div_##suffix, T, T, DIVIDE)                                                                                   \
    LOOP(prelu_##suffix, T, T, a < (T)1 && a != 0 ? (T)((U)a * (U)b) : a)                                              \
    ORDER_LOOPS(suffix, T)

#define ORDER_LOOPS(suffix, T)                                                                                         \
    LOOP(max_##suffix, T, T, a > b || a != a ? a : b)                                                                  \
    LOOP(min_##suffix, T, T, a < b || a != a ? a : b)                                                                  \
    LOOP(equal_##suffix, T, bool, a == b)                                                                              \
    LOOP(less_##suffix, T, bool, a < b)                                                                                \
    LOOP(less_equal_##suffix, T, bool, a <= b)                                                                         \
    LOOP(greater_##suffix, T, bool, a > b)                                                                             \
    LOOP(greater_equal_##suffix, T, bool, a >= b)

#define SIGNED_DIVIDE(T, U)   (b == 0 ? 0 : b == -1 ? (T)(0u - (U)a) : (T)(a / b))
#define UNSIGNED_DIVIDE(T, U) (b == 0 ? 0 : (T)(a / b))

INTEGER_LOOPS(i8, int8_t, uint32_t, SIGNED_DIVIDE(int8_t, uint32_t))
INTEGER_LOOPS(i16, int16_t, uint32_t, SIGNED_DIVIDE(int16_t, uint32_t))
INTEGER_LOOPS(i32, int32_t, uint32_t, SIGNED_DIVIDE(int32_t, uint32_t))
INTEGER_LOOPS(i64, int64_t, uint64_t, SIGNED_DIVIDE(int64_t, uint64_t))
INTEGER_LOOPS(u8, uint8_t, uint32_t, UNSIGNED_DIVIDE(uint8_t, uint32_t))
INTEGER_LOOPS(u16, uint16_t, uint32_t, UNSIGNED_DIVIDE(uint16_t, uint32_t))
INTEGER_LOOPS(u32, uint32_t, uint32_t, UNSIGNED_DIVIDE(uint32_t, uint32_t))
INTEGER_LOOPS(u64, uint64_t, uint64_t, UNSIGNED_DIVIDE(uint64_t, uint64_t))
LOOP(add_f64, double, double, a + b)
LOOP(sub_f64, double, double, a - b)
LOOP(mul_f64, double, double, a *b)
LOOP(div_f64, double, double, a / b)
LOOP(prelu_f64, double, double, a < 0 ? a * b : a)
ORDER_LOOPS(f64, double)

/* Truth values: any byte but 0 is true. */
LOOP(equal_bool, uint8_t, bool, (a != 0) == (b != 0))

#define BY_TYPE(name)                                                                                                  \
    {                                                                                                                  \
        [ORT_DTYPE_I8] = name##_i8, [ORT_DTYPE_I16] = name##_i16, [ORT_DTYPE_I32] = name##_i32,                        \
        [ORT_DTYPE_I64] = name##_i64, [ORT_DTYPE_U8] = name##_u8, [ORT_DTYPE_U16] = name##_u16,                        \
        [ORT_DTYPE_U32] = name##_u32, [ORT_DTYPE_U64] = name##_u64, [ORT_DTYPE_F64] = name##_f64                       \
    }

static const ortcpu_loop_fn table[ORTCPU_BINARY_COUNT][ORT_DTYPE_COUNT] = {
    [ORTCPU_ADD] = BY_TYPE(add),         [ORTCPU_SUB] = BY_TYPE(sub),
    [ORTCPU_MUL] = BY_TYPE(mul),         [ORTCPU_DIV] = BY_TYPE(div),
    [ORTCPU_MAX] = BY_TYPE(max),         [ORTCPU_MIN] = BY_TYPE(min),
    [ORTCPU_PRELU] = BY_TYPE(prelu),     [ORTCPU_EQUAL] = BY_TYPE(equal),
    [ORTCPU_LESS] = BY_TYPE(less),       [ORTCPU_LESS_EQUAL] = BY_TYPE(less_equal),
    [ORTCPU_GREATER] = BY_TYPE(greater), [ORTCPU_GREATER_EQUAL] = BY_TYPE(greater_equal),
};

ortcpu_loop_fn ortcpu_binary_loop(ortcpu_binary op, uint32_t dtype) {
    if (ORTCPU_TYPES_SHORT & ORT_DTYPE_BIT(dtype)) dtype = ORT_DTYPE_F32;
    if (dtype == ORT_DTYPE_F32) return ortcpu_loops_get()->elementwise->binary[op];
    if (dtype == ORT_DTYPE_BOOL) return op == ORTCPU_EQUAL ? equal_bool : NULL;
    return dtype < ORT_DTYPE_COUNT ? table[op][dtype] : NULL;
}
