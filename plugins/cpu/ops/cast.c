/* Cast and CastLike (ONNX Cast-28). Between integers the high bits fall away. From floats to integers the fraction is
 * cut off; what ONNX leaves undefined saturates, and NaN gives 0. To bool: whatever is not zero is true. */
#include "kernels/half_scalar.h"
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

#include <stdbool.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

#define LOOP(from, to, T, R, EXPR)                                                                                     \
    static void from##_to_##to(const ortcpu_block *block) {                                                            \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            R *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]);                                                        \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                const T a = x[i];                                                                                      \
                y[i] = (R)(EXPR);                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* `past` is the first power of two beyond the type: exact in either float type. */
#define SATURATED(R, low, high, past) (a != a ? 0 : a <= (low) ? (R)(low) : a >= (past) ? (R)(high) : (R)a)

#define FROM_FLOAT(from, T)                                                                                            \
    LOOP(from, truth, T, uint8_t, a != 0)                                                                              \
    LOOP(from, i8, T, int8_t, SATURATED(int8_t, -128, 127, 128))                                                       \
    LOOP(from, i16, T, int16_t, SATURATED(int16_t, -32768, 32767, 32768))                                              \
    LOOP(from, i32, T, int32_t, SATURATED(int32_t, (T)INT32_MIN, INT32_MAX, (T)0x1p31))                                \
    LOOP(from, i64, T, int64_t, SATURATED(int64_t, (T)INT64_MIN, INT64_MAX, (T)0x1p63))                                \
    LOOP(from, u8, T, uint8_t, SATURATED(uint8_t, 0, 255, 256))                                                        \
    LOOP(from, u16, T, uint16_t, SATURATED(uint16_t, 0, 65535, 65536))                                                 \
    LOOP(from, u32, T, uint32_t, SATURATED(uint32_t, 0, UINT32_MAX, (T)0x1p32))                                        \
    LOOP(from, u64, T, uint64_t, SATURATED(uint64_t, 0, UINT64_MAX, (T)0x1p64))                                        \
    LOOP(from, f32, T, float, a)                                                                                       \
    LOOP(from, f64, T, double, a)                                                                                      \
    LOOP(from, f16, T, uint16_t, ortcpu_f32_to_f16(ortcpu_f64_to_f32_odd((double)a)))                                  \
    LOOP(from, bf16, T, uint16_t, ortcpu_f32_to_bf16(ortcpu_f64_to_f32_odd((double)a)))

/* `v` is the value of `a`, of an integer type. */
#define FROM_INTEGER(from, T, v)                                                                                       \
    LOOP(from, truth, T, uint8_t, (v) != 0)                                                                            \
    LOOP(from, i8, T, int8_t, v)                                                                                       \
    LOOP(from, i16, T, int16_t, v)                                                                                     \
    LOOP(from, i32, T, int32_t, v)                                                                                     \
    LOOP(from, i64, T, int64_t, v)                                                                                     \
    LOOP(from, u8, T, uint8_t, v)                                                                                      \
    LOOP(from, u16, T, uint16_t, v)                                                                                    \
    LOOP(from, u32, T, uint32_t, v)                                                                                    \
    LOOP(from, u64, T, uint64_t, v)                                                                                    \
    LOOP(from, f32, T, float, v)                                                                                       \
    LOOP(from, f64, T, double, v)                                                                                      \
    LOOP(from, f16, T, uint16_t, ortcpu_f32_to_f16(ortcpu_f64_to_f32_odd((double)(v))))                                \
    LOOP(from, bf16, T, uint16_t, ortcpu_f32_to_bf16(ortcpu_f64_to_f32_odd((double)(v))))

FROM_FLOAT(f32, float)
FROM_FLOAT(f64, double)
FROM_INTEGER(truth, uint8_t, a != 0)
FROM_INTEGER(i8, int8_t, a)
FROM_INTEGER(i16, int16_t, a)
FROM_INTEGER(i32, int32_t, a)
FROM_INTEGER(i64, int64_t, a)
FROM_INTEGER(u8, uint8_t, a)
FROM_INTEGER(u16, uint16_t, a)
FROM_INTEGER(u32, uint32_t, a)
FROM_INTEGER(u64, uint64_t, a)
LOOP(f16, f32, uint16_t, float, ortcpu_f16_to_f32(a))
LOOP(bf16, f32, uint16_t, float, ortcpu_bf16_to_f32(a))
LOOP(half, same, uint16_t, uint16_t, a)

#define TO_ALL(from)                                                                                                   \
    {                                                                                                                  \
        [ORT_DTYPE_BOOL] = from##_to_truth, [ORT_DTYPE_I8] = from##_to_i8, [ORT_DTYPE_I16] = from##_to_i16,            \
        [ORT_DTYPE_I32] = from##_to_i32, [ORT_DTYPE_I64] = from##_to_i64, [ORT_DTYPE_U8] = from##_to_u8,               \
        [ORT_DTYPE_U16] = from##_to_u16, [ORT_DTYPE_U32] = from##_to_u32, [ORT_DTYPE_U64] = from##_to_u64,             \
        [ORT_DTYPE_F32] = from##_to_f32, [ORT_DTYPE_F64] = from##_to_f64, [ORT_DTYPE_F16] = from##_to_f16,             \
        [ORT_DTYPE_BF16] = from##_to_bf16                                                                              \
    }
static const ortcpu_loop_fn table[ORT_DTYPE_COUNT][ORT_DTYPE_COUNT] = {
    [ORT_DTYPE_BOOL] = TO_ALL(truth),
    [ORT_DTYPE_I8] = TO_ALL(i8),
    [ORT_DTYPE_I16] = TO_ALL(i16),
    [ORT_DTYPE_I32] = TO_ALL(i32),
    [ORT_DTYPE_I64] = TO_ALL(i64),
    [ORT_DTYPE_U8] = TO_ALL(u8),
    [ORT_DTYPE_U16] = TO_ALL(u16),
    [ORT_DTYPE_U32] = TO_ALL(u32),
    [ORT_DTYPE_U64] = TO_ALL(u64),
    [ORT_DTYPE_F32] = TO_ALL(f32),
    [ORT_DTYPE_F64] = TO_ALL(f64),
    [ORT_DTYPE_F16] = {[ORT_DTYPE_F32] = f16_to_f32, [ORT_DTYPE_F16] = half_to_same},
    [ORT_DTYPE_BF16] = {[ORT_DTYPE_F32] = bf16_to_f32, [ORT_DTYPE_BF16] = half_to_same},
};

/* From a 16-bit float to anything else: by float32, some elements at a time. */
typedef struct two_loops {
    ortcpu_loop_fn first, second;
} two_loops;

#define CHUNK 512

static void loop_by_f32(const ortcpu_block *block) {
    const two_loops *by = block->params;
    const int64_t in_inc[] = {4, 2}, out_inc[] = {block->inc[0], 4}, step[] = {0, 0};
    float wide[CHUNK];
    for (int64_t r = 0; r < block->rows; r++)
        for (int64_t at = 0; at < block->count; at += CHUNK) {
            const int64_t n = block->count - at < CHUNK ? block->count - at : CHUNK;
            void *x = AT(block->ptr[1], r * block->step[1] + at * block->inc[1]);
            void *y = AT(block->ptr[0], r * block->step[0] + at * block->inc[0]);
            by->first(&(ortcpu_block){n, 1, in_inc, step, NULL, 2, {wide, x}});
            by->second(&(ortcpu_block){n, 1, out_inc, step, NULL, 2, {y, wide}});
        }
}

static bool cast_claim(ortk_node *node) {
    uint32_t to = ortk_node_output_dtype(node, 0);
    if (to < ORT_DTYPE_COUNT && table[ORT_DTYPE_F32][to] != NULL) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "no cast to element type %u", to);
}

static ort_status *cast_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)in_count, (void)out_count;
    two_loops *by = ortk_planner_alloc(planner, sizeof *by);
    if (by == NULL) return ortk_out_of_memory();
    by->first = table[in[0].dtype][ORT_DTYPE_F32];
    by->second = table[ORT_DTYPE_F32][out->dtype];
    ortcpu_loop_fn loop = table[in[0].dtype][out->dtype];
    ortcpu_walk_spec spec = {loop != NULL ? loop : loop_by_f32, by, out, in, 1, 0.6};
    return ortcpu_walk_plan(planner, &spec, step);
}

#define CAST(NAME, SINCE)                                                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_REAL | ORTCPU_TYPE_BOOL | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16),  \
        .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE, .claim = cast_claim, .plan = cast_plan            \
    }
static const ortk_kernel kernels[] = {CAST("Cast", 6), CAST("CastLike", 15)};
const ortcpu_op_table ortcpu_ops_cast = ORTCPU_TABLE(kernels);
