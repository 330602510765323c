/* Pow. The exponent has a type of its own (ONNX Pow-15); the result has the base's. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

#include <math.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

/* Whole powers of integers by squaring, wrapping as products do. Below 0 it is one over the power, cut towards zero; of
 * a base of 0, where ONNX says nothing, 0. */
static uint64_t power_whole(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 || (base == -1 && exponent % 2 == 0) ? 1 : base == -1 ? UINT64_MAX : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (; exponent != 0; exponent >>= 1, square *= square)
        if (exponent & 1) result *= square;
    return result;
}

/* An integer's power by a float: cut towards zero; the nearest number of the type where it does not fit. */
#define CUT(name, T, LEAST, MOST)                                                                                      \
    static T name(double x) {                                                                                          \
        return x >= (double)(MOST) ? (MOST) : x <= (double)(LEAST) ? (LEAST) : x != x ? 0 : (T)x;                      \
    }
CUT(cut_i32, int32_t, INT32_MIN, INT32_MAX)
CUT(cut_i64, int64_t, INT64_MIN, INT64_MAX)

#define POW(name, T, E, EXPR)                                                                                          \
    static void name(const ortcpu_block *block) {                                                                      \
        const int64_t ia = block->inc[1] != 0, ib = block->inc[2] != 0;                                                \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            T *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]);                                                        \
            const E *z = AT(block->ptr[2], r * block->step[2]);                                                        \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                const T a = x[i * ia];                                                                                 \
                const E b = z[i * ib];                                                                                 \
                y[i] = (T)(EXPR);                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
/* By an exponent of type E: of floats, and of integers. */
#define POWERS(suffix, E, WHOLE_32, WHOLE_64)                                                                          \
    POW(f32_##suffix, float, E, pow((double)a, (double)b))                                                             \
    POW(f64_##suffix, double, E, pow(a, (double)b))                                                                    \
    POW(i32_##suffix, int32_t, E, WHOLE_32)                                                                            \
    POW(i64_##suffix, int64_t, E, WHOLE_64)
#define BY_WHOLE(suffix, E) POWERS(suffix, E, power_whole(a, (int64_t)b), power_whole(a, (int64_t)b))
#define BY_FLOAT(suffix, E) POWERS(suffix, E, cut_i32(pow((double)a, (double)b)), cut_i64(pow((double)a, (double)b)))

BY_WHOLE(i8, int8_t)
BY_WHOLE(i16, int16_t)
BY_WHOLE(i32, int32_t)
BY_WHOLE(i64, int64_t)
BY_WHOLE(u8, uint8_t)
BY_WHOLE(u16, uint16_t)
BY_WHOLE(u32, uint32_t)
/* From 2^63 on only the parity still matters to an integer's power: of 1 and -1. The others wrapped to 0 or are odd. */
POWERS(u64, uint64_t, power_whole(a, (int64_t)(b &INT64_MAX)), power_whole(a, (int64_t)(b &INT64_MAX)))
BY_FLOAT(f32, float)
BY_FLOAT(f64, double)

#define BY_EXPONENT(base)                                                                                              \
    {                                                                                                                  \
        [ORT_DTYPE_I8] = base##_i8, [ORT_DTYPE_I16] = base##_i16, [ORT_DTYPE_I32] = base##_i32,                        \
        [ORT_DTYPE_I64] = base##_i64, [ORT_DTYPE_U8] = base##_u8, [ORT_DTYPE_U16] = base##_u16,                        \
        [ORT_DTYPE_U32] = base##_u32, [ORT_DTYPE_U64] = base##_u64, [ORT_DTYPE_F32] = base##_f32,                      \
        [ORT_DTYPE_F64] = base##_f64                                                                                   \
    }
static const ortcpu_loop_fn table[ORT_DTYPE_COUNT][ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_F32] = BY_EXPONENT(f32),
    [ORT_DTYPE_F64] = BY_EXPONENT(f64),
    [ORT_DTYPE_I32] = BY_EXPONENT(i32),
    [ORT_DTYPE_I64] = BY_EXPONENT(i64),
};

/* Float32 by one exponent for a whole row: the exponents of which networks are full are a few vector instructions. */
static void pow_f32(const ortcpu_block *block) {
    const ortcpu_loop_fn *by_number = ortcpu_loops_get()->elementwise->pow;
    for (int64_t r = 0; r < block->rows; r++) {
        ortcpu_block row = *block;
        row.rows = 1;
        for (uint32_t k = 0; k < 3; k++) row.ptr[k] = AT(block->ptr[k], r * block->step[k]);
        const float exponent = *(const float *)row.ptr[2];
        ortcpu_loop_fn loop = f32_f32;
        if (block->inc[2] == 0)
            loop = exponent == 2.0f    ? by_number[ORTCPU_POW_SQUARE]
                   : exponent == 0.5f  ? by_number[ORTCPU_POW_ROOT]
                   : exponent == 3.0f  ? by_number[ORTCPU_POW_CUBE]
                   : exponent == -1.0f ? by_number[ORTCPU_POW_INVERSE]
                                       : loop;
        loop(&row);
    }
}

static bool claim(ortk_node *node) {
    if ((ORT_DTYPE_BIT(ortk_node_input_dtype(node, 1)) & ORTCPU_TYPES_REAL) != 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "an exponent of this element type");
}

static ort_status *plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    const bool is_f32 = in[0].dtype == ORT_DTYPE_F32 && in[1].dtype == ORT_DTYPE_F32;
    const bool is_fast = is_f32 && in[1].element_count == 1;
    ortcpu_walk_spec spec = {
        is_f32 ? pow_f32 : table[in[0].dtype][in[1].dtype], NULL, out, in, in_count, is_fast ? 0.3 : 20};
    return ortcpu_walk_plan(planner, &spec, step);
}

static const ortk_kernel kernels[] = {
    {.op = "Pow",
     .domain = "",
     .since_version = 7,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64),
     .mode = ORTK_MODE_ELEMENTWISE,
     .flags = ORTK_KERNEL_INPLACE,
     .claim = claim,
     .plan = plan},
};
const ortcpu_op_table ortcpu_ops_pow = ORTCPU_TABLE(kernels);
