/* Mod, BitShift and the bitwise operators. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

/* A missing second operand, of BitwiseNot, reads the first again. */
#define LOOP(name, T, EXPR)                                                                                            \
    static void name(const ortcpu_block *block) {                                                                      \
        const uint32_t second = block->operand_count > 2 ? 2 : 1;                                                      \
        const int64_t ix = block->inc[1] != 0, iz = block->inc[second] != 0;                                           \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            T *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]);                                                        \
            const T *z = AT(block->ptr[second], r * block->step[second]);                                              \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                const T a = x[i * ix], b = z[i * iz];                                                                  \
                (void)b;                                                                                               \
                y[i] = (T)(EXPR);                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* By size: signs don't matter to bits. */
#define BITS(bytes, T)                                                                                                 \
    LOOP(and_##bytes, T, a &b)                                                                                         \
    LOOP(or_##bytes, T, a | b)                                                                                         \
    LOOP(xor_##bytes, T, a ^ b)                                                                                        \
    LOOP(not_##bytes, T, ~a)                                                                                           \
    LOOP(left_##bytes, T, b < 8 * sizeof(T) ? (uint64_t)a << b : 0)                                                    \
    LOOP(right_##bytes, T, b < 8 * sizeof(T) ? (uint64_t)a >> b : 0)
BITS(1, uint8_t)
BITS(2, uint16_t)
BITS(4, uint32_t)
BITS(8, uint64_t)

/* What C leaves undefined is 0: by 0, and of the least number by -1. */
#define REMAINDER(a, b)  ((b) == 0 || ((b) + 1 == 0) ? 0 : (a) % (b))
#define FLOORED(a, b)    (REMAINDER(a, b) != 0 && (a < 0) != (b < 0) ? REMAINDER(a, b) + b : REMAINDER(a, b))
#define UREMAINDER(a, b) ((b) == 0 ? 0 : (a) % (b))
#define SIGNED_MODS(suffix, T)                                                                                         \
    LOOP(fmod_##suffix, T, REMAINDER(a, b))                                                                            \
    LOOP(mod_##suffix, T, FLOORED(a, b))
#define UNSIGNED_MODS(suffix, T)                                                                                       \
    LOOP(fmod_##suffix, T, UREMAINDER(a, b))                                                                           \
    LOOP(mod_##suffix, T, UREMAINDER(a, b))
SIGNED_MODS(i8, int8_t)
SIGNED_MODS(i16, int16_t)
SIGNED_MODS(i32, int32_t)
SIGNED_MODS(i64, int64_t)
UNSIGNED_MODS(u8, uint8_t)
UNSIGNED_MODS(u16, uint16_t)
UNSIGNED_MODS(u32, uint32_t)
UNSIGNED_MODS(u64, uint64_t)
LOOP(fmod_f32, float, fmodf(a, b))
LOOP(fmod_f64, double, fmod(a, b))

typedef enum bit_op { BIT_AND, BIT_OR, BIT_XOR, BIT_NOT, BIT_LEFT, BIT_RIGHT, BIT_OP_COUNT } bit_op;

/* By the logarithm of the element's bytes. */
static const ortcpu_loop_fn bit_loops[BIT_OP_COUNT][4] = {
    [BIT_AND] = {and_1, and_2, and_4, and_8},      [BIT_OR] = {or_1, or_2, or_4, or_8},
    [BIT_XOR] = {xor_1, xor_2, xor_4, xor_8},      [BIT_NOT] = {not_1, not_2, not_4, not_8},
    [BIT_LEFT] = {left_1, left_2, left_4, left_8}, [BIT_RIGHT] = {right_1, right_2, right_4, right_8},
};
#define MODS(name)                                                                                                     \
    {                                                                                                                  \
        [ORT_DTYPE_I8] = name##_i8, [ORT_DTYPE_I16] = name##_i16, [ORT_DTYPE_I32] = name##_i32,                        \
        [ORT_DTYPE_I64] = name##_i64, [ORT_DTYPE_U8] = name##_u8, [ORT_DTYPE_U16] = name##_u16,                        \
        [ORT_DTYPE_U32] = name##_u32, [ORT_DTYPE_U64] = name##_u64, [ORT_DTYPE_F32] = fmod_f32,                        \
        [ORT_DTYPE_F64] = fmod_f64                                                                                     \
    }
static const ortcpu_loop_fn mod_loops[2][ORT_DTYPE_COUNT] = {MODS(mod), MODS(fmod)};

typedef struct bits_params {
    uint32_t mode; /* a bit_op; of Mod: its attribute fmod */
} bits_params;

static ort_status *bits_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const char *const names[] = {
        [BIT_AND] = "BitwiseAnd", [BIT_OR] = "BitwiseOr", [BIT_XOR] = "BitwiseXor", [BIT_NOT] = "BitwiseNot"};
    (void)compiler;
    bits_params *p = params;
    p->mode = ortk_attr_is(node, "direction", "", "LEFT") ? BIT_LEFT : BIT_RIGHT;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], ortk_node_op(node)) == 0) p->mode = i;
    return NULL;
}

static bool shift_claim(ortk_node *node) {
    if (ortk_attr_is(node, "direction", "", "LEFT") || ortk_attr_is(node, "direction", "", "RIGHT")) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "a direction that is neither LEFT nor RIGHT");
}

static ort_status *bits_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const uint64_t bytes = ortk_dtype_bytes(out->dtype, 1);
    const uint32_t size = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
    ortcpu_walk_spec spec = {bit_loops[((const bits_params *)params)->mode][size], NULL, out, in, in_count, 0.3};
    return ortcpu_walk_plan(planner, &spec, step);
}

static ort_status *mod_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((bits_params *)params)->mode = ortk_attr_int(node, "fmod", 0) != 0;
    return NULL;
}

static ort_status *mod_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    ortcpu_walk_spec spec = {mod_loops[((const bits_params *)params)->mode][out->dtype], NULL, out, in, in_count, 3};
    return ortcpu_walk_plan(planner, &spec, step);
}

#define BITWISE(NAME, SINCE, TYPES, CLAIM, COMPILE, PLAN_FN)                                                           \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE, .params_bytes = sizeof(bits_params),              \
        .claim = CLAIM, .compile = COMPILE, .plan = PLAN_FN                                                            \
    }
#define WHOLE (ORTCPU_TYPES_INT | ORTCPU_TYPES_UINT)
static const ortk_kernel kernels[] = {
    BITWISE("BitwiseAnd", 18, WHOLE, NULL, bits_compile, bits_plan),
    BITWISE("BitwiseOr", 18, WHOLE, NULL, bits_compile, bits_plan),
    BITWISE("BitwiseXor", 18, WHOLE, NULL, bits_compile, bits_plan),
    BITWISE("BitwiseNot", 18, WHOLE, NULL, bits_compile, bits_plan),
    BITWISE("BitShift", 11, ORTCPU_TYPES_UINT, shift_claim, bits_compile, bits_plan),
    BITWISE("Mod", 10, ORTCPU_TYPES_REAL, NULL, mod_compile, mod_plan),
};
const ortcpu_op_table ortcpu_ops_bits = ORTCPU_TABLE(kernels);
