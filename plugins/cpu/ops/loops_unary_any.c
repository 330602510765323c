/* One-operand loops on every type but float32, and the functions that libm alone knows. */
#include "ops/loops.h"

#include <math.h>
#include <stdbool.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

#define LOOP(name, T, R, EXPR)                                                                                         \
    static void name(const ortcpu_block *block) {                                                                      \
        const ortcpu_unary_params *p = block->params;                                                                  \
        const float alpha = p->alpha, beta = p->beta;                                                                  \
        (void)alpha, (void)beta;                                                                                       \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            R *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]);                                                        \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                const T a = x[i];                                                                                      \
                y[i] = (R)(EXPR);                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#define CLIP(name, T)                                                                                                  \
    static void name(const ortcpu_block *block) {                                                                      \
        const T *low = block->ptr[2], *high = block->ptr[3];                                                           \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            T *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const T *x = AT(block->ptr[1], r * block->step[1]);                                                        \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                T a = x[i];                                                                                            \
                if (low != NULL && a < *low) a = *low;                                                                 \
                if (high != NULL && a > *high) a = *high;                                                              \
                y[i] = a;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }

/* The lowest number stays itself under Abs and Neg, as two's complement has it. */
#define SIGNED(suffix, T, U)                                                                                           \
    LOOP(abs_##suffix, T, T, a < 0 ? (T)(0u - (U)a) : a)                                                               \
    LOOP(neg_##suffix, T, T, (T)(0u - (U)a))                                                                           \
    LOOP(sign_##suffix, T, T, (a > 0) - (a < 0))                                                                       \
    LOOP(relu_##suffix, T, T, a > 0 ? a : 0)                                                                           \
    CLIP(clip_##suffix, T)
#define UNSIGNED(suffix, T)                                                                                            \
    LOOP(same_##suffix, T, T, a)                                                                                       \
    LOOP(sign_##suffix, T, T, a != 0)                                                                                  \
    CLIP(clip_##suffix, T)

SIGNED(i8, int8_t, uint32_t)
SIGNED(i16, int16_t, uint32_t)
SIGNED(i32, int32_t, uint32_t)
SIGNED(i64, int64_t, uint64_t)
UNSIGNED(u8, uint8_t)
UNSIGNED(u16, uint16_t)
UNSIGNED(u32, uint32_t)
UNSIGNED(u64, uint64_t)

static double clamp01(double a) {
    return a < 0 ? 0 : a > 1 ? 1 : a;
}
static double softplus(double a) {
    return (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
}
static double gelu_tanh(double a) {
    return 0.5 * a * (1 + tanh(0.79788456080286535588 * (a + 0.044715 * a * a * a)));
}

LOOP(abs_f64, double, double, fabs(a))
LOOP(neg_f64, double, double, -a)
LOOP(sign_f64, double, double, a > 0 ? 1 : a < 0 ? -1 : a)
LOOP(relu_f64, double, double, a < 0 ? 0 : a)
LOOP(leaky_relu_f64, double, double, a < 0 ? a * (double)alpha : a)
CLIP(clip_f64, double)
LOOP(floor_f64, double, double, floor(a))
LOOP(ceil_f64, double, double, ceil(a))
LOOP(round_f64, double, double, nearbyint(a))
LOOP(sqrt_f64, double, double, sqrt(a))
LOOP(reciprocal_f64, double, double, 1 / a)
LOOP(exp_f64, double, double, exp(a))
LOOP(log_f64, double, double, log(a))
LOOP(tanh_f64, double, double, tanh(a))
LOOP(sigmoid_f64, double, double, a < 0 ? exp(a) / (1 + exp(a)) : 1 / (1 + exp(-a)))
LOOP(erf_f64, double, double, erf(a))
LOOP(softplus_f64, double, double, softplus(a))
LOOP(softsign_f64, double, double, a / (1 + fabs(a)))
LOOP(elu_f64, double, double, a < 0 ? (double)alpha * expm1(a) : a)
LOOP(celu_f64, double, double, a < 0 ? (double)alpha * expm1(a / (double)alpha) : a)
LOOP(selu_f64, double, double, (double)beta *(a < 0 ? (double)alpha * expm1(a) : a))
LOOP(thresholded_f64, double, double, a <= (double)alpha ? 0 : a)
LOOP(hard_sigmoid_f64, double, double, clamp01(a *(double)alpha + (double)beta))
LOOP(hard_swish_f64, double, double, a *clamp01(a / 6 + 0.5))
LOOP(mish_f64, double, double, a *tanh(softplus(a)))
LOOP(swish_f64, double, double, a / (1 + exp(-a * (double)alpha)))
LOOP(gelu_f64, double, double, 0.5 * a * (1 + erf(a * 0.70710678118654752440)))
LOOP(gelu_tanh_f64, double, double, gelu_tanh(a))
LOOP(is_nan_f64, double, bool, isnan(a))
LOOP(is_inf_f64, double, bool, isinf(a) && (a < 0 ? alpha != 0.0f : beta != 0.0f))

#define LIBM(name)                                                                                                     \
    LOOP(name##_f32, float, float, name##f(a))                                                                         \
    LOOP(name##_f64, double, double, name(a))
LIBM(sin)
LIBM(cos)
LIBM(tan)
LIBM(asin)
LIBM(acos)
LIBM(atan)
LIBM(sinh)
LIBM(cosh)
LIBM(asinh)
LIBM(acosh)
LIBM(atanh)

#define F64(op, name)  [op] = {[ORT_DTYPE_F64] = name##_f64}
#define BOTH(op, name) [op] = {[ORT_DTYPE_F32] = name##_f32, [ORT_DTYPE_F64] = name##_f64}
#define SIGNED_OF(name)                                                                                                \
    [ORT_DTYPE_I8] = name##_i8, [ORT_DTYPE_I16] = name##_i16, [ORT_DTYPE_I32] = name##_i32,                            \
    [ORT_DTYPE_I64] = name##_i64, [ORT_DTYPE_F64] = name##_f64
#define UNSIGNED_OF(name)                                                                                              \
    [ORT_DTYPE_U8] = name##_u8, [ORT_DTYPE_U16] = name##_u16, [ORT_DTYPE_U32] = name##_u32, [ORT_DTYPE_U64] = name##_u64

static const ortcpu_loop_fn table[ORTCPU_UNARY_COUNT][ORT_DTYPE_COUNT] = {
    [ORTCPU_ABS] = {SIGNED_OF(abs), UNSIGNED_OF(same)},
    [ORTCPU_NEG] = {SIGNED_OF(neg)},
    [ORTCPU_SIGN] = {SIGNED_OF(sign), UNSIGNED_OF(sign)},
    [ORTCPU_RELU] = {SIGNED_OF(relu)},
    [ORTCPU_CLIP] = {SIGNED_OF(clip), UNSIGNED_OF(clip)},
    F64(ORTCPU_LEAKY_RELU, leaky_relu),
    F64(ORTCPU_FLOOR, floor),
    F64(ORTCPU_CEIL, ceil),
    F64(ORTCPU_ROUND, round),
    F64(ORTCPU_SQRT, sqrt),
    F64(ORTCPU_RECIPROCAL, reciprocal),
    F64(ORTCPU_EXP, exp),
    F64(ORTCPU_LOG, log),
    F64(ORTCPU_TANH, tanh),
    F64(ORTCPU_SIGMOID, sigmoid),
    F64(ORTCPU_ERF, erf),
    F64(ORTCPU_SOFTPLUS, softplus),
    F64(ORTCPU_SOFTSIGN, softsign),
    F64(ORTCPU_ELU, elu),
    F64(ORTCPU_CELU, celu),
    F64(ORTCPU_SELU, selu),
    F64(ORTCPU_THRESHOLDED, thresholded),
    F64(ORTCPU_HARD_SIGMOID, hard_sigmoid),
    F64(ORTCPU_HARD_SWISH, hard_swish),
    F64(ORTCPU_MISH, mish),
    F64(ORTCPU_SWISH, swish),
    F64(ORTCPU_GELU, gelu),
    F64(ORTCPU_GELU_TANH, gelu_tanh),
    F64(ORTCPU_IS_NAN, is_nan),
    F64(ORTCPU_IS_INF, is_inf),
    BOTH(ORTCPU_SIN, sin),
    BOTH(ORTCPU_COS, cos),
    BOTH(ORTCPU_TAN, tan),
    BOTH(ORTCPU_ASIN, asin),
    BOTH(ORTCPU_ACOS, acos),
    BOTH(ORTCPU_ATAN, atan),
    BOTH(ORTCPU_SINH, sinh),
    BOTH(ORTCPU_COSH, cosh),
    BOTH(ORTCPU_ASINH, asinh),
    BOTH(ORTCPU_ACOSH, acosh),
    BOTH(ORTCPU_ATANH, atanh),
};

ortcpu_loop_fn ortcpu_unary_loop(ortcpu_unary op, uint32_t dtype) {
    if (ORTCPU_TYPES_SHORT & ORT_DTYPE_BIT(dtype)) dtype = ORT_DTYPE_F32;
    if (dtype == ORT_DTYPE_F32 && op < ORTCPU_SIN) return ortcpu_loops_get()->elementwise->unary[op];
    return dtype < ORT_DTYPE_COUNT ? table[op][dtype] : NULL;
}
