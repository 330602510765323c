/* Elementwise loops on float32, compiled for each instruction set. Tails use masked loads and stores, so that a lane's
 * result does not depend on where the row ends. Input and output may be the same memory. */
#include "kernels/vmath.h"
#include "ops/loops_isa.h"

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

/* ---- two operands ---- */

#define BINARY_ROW(load_a, load_b, EXPR)                                                                               \
    for (int64_t i = 0; i < n; i += VL) {                                                                              \
        int64_t left = n - i;                                                                                          \
        if (left >= VL) {                                                                                              \
            vf a = load_a(i, vf_load(x + i)), b = load_b(i, vf_load(z + i));                                           \
            vf_store(y + i, EXPR);                                                                                     \
        } else {                                                                                                       \
            vf a = load_a(i, vf_load_n(x + i, left)), b = load_b(i, vf_load_n(z + i, left));                           \
            vf_store_n(y + i, EXPR, left);                                                                             \
        }                                                                                                              \
    }
#define EACH(i, load)  load
#define ONE_A(i, load) one_a
#define ONE_B(i, load) one_b

#define BINARY(name, EXPR)                                                                                             \
    static void name(const ortcpu_block *block) {                                                                      \
        const int64_t n = block->count;                                                                                \
        const int64_t *inc = block->inc, *step = block->step;                                                          \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            float *y = AT(block->ptr[0], r * step[0]);                                                                 \
            const float *x = AT(block->ptr[1], r * step[1]), *z = AT(block->ptr[2], r * step[2]);                      \
            vf one_a = vf_set1(*x), one_b = vf_set1(*z);                                                               \
            (void)one_a, (void)one_b;                                                                                  \
            if (inc[1] != 0 && inc[2] != 0) {                                                                          \
                BINARY_ROW(EACH, EACH, EXPR)                                                                           \
            } else if (inc[1] != 0) {                                                                                  \
                BINARY_ROW(EACH, ONE_B, EXPR)                                                                          \
            } else {                                                                                                   \
                BINARY_ROW(ONE_A, EACH, EXPR)                                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }

BINARY(loop_add, a + b)
BINARY(loop_sub, a - b)
BINARY(loop_mul, a *b)
BINARY(loop_div, a / b)
BINARY(loop_max, vf_max(a, b))
BINARY(loop_min, vf_min(a, b))
BINARY(loop_prelu, vf_select(vf_lt(a, vf_zero()), a *b, a))

/* To bool: scalar in form, so that the compiler packs the truth values. */
#define COMPARE(name, OP)                                                                                              \
    static void name(const ortcpu_block *block) {                                                                      \
        const int64_t n = block->count;                                                                                \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            uint8_t *restrict y = AT(block->ptr[0], r * block->step[0]);                                               \
            const float *restrict x = AT(block->ptr[1], r * block->step[1]);                                           \
            const float *restrict z = AT(block->ptr[2], r * block->step[2]);                                           \
            if (block->inc[1] != 0 && block->inc[2] != 0) {                                                            \
                for (int64_t i = 0; i < n; i++) y[i] = x[i] OP z[i];                                                   \
            } else if (block->inc[1] != 0) {                                                                           \
                const float b = *z;                                                                                    \
                for (int64_t i = 0; i < n; i++) y[i] = x[i] OP b;                                                      \
            } else {                                                                                                   \
                const float a = *x;                                                                                    \
                for (int64_t i = 0; i < n; i++) y[i] = a OP z[i];                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

COMPARE(loop_equal, ==)
COMPARE(loop_less, <)
COMPARE(loop_less_equal, <=)
COMPARE(loop_greater, >)
COMPARE(loop_greater_equal, >=)

/* ---- one operand ---- */

#define UNARY(name, EXPR)                                                                                              \
    static void name(const ortcpu_block *block) {                                                                      \
        const ortcpu_unary_params *p = block->params;                                                                  \
        const vf alpha = vf_set1(p->alpha), beta = vf_set1(p->beta);                                                   \
        (void)alpha, (void)beta;                                                                                       \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            float *y = AT(block->ptr[0], r * block->step[0]);                                                          \
            const float *x = AT(block->ptr[1], r * block->step[1]);                                                    \
            int64_t i = 0;                                                                                             \
            for (; i + VL <= block->count; i += VL) {                                                                  \
                vf a = vf_load(x + i);                                                                                 \
                vf_store(y + i, EXPR);                                                                                 \
            }                                                                                                          \
            if (i < block->count) {                                                                                    \
                vf a = vf_load_n(x + i, block->count - i);                                                             \
                vf_store_n(y + i, EXPR, block->count - i);                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

#define BELOW_ZERO(then, otherwise) vf_select(vf_lt(a, vf_zero()), then, otherwise)

static vf sign(vf a) {
    vf y = vf_select(vf_gt(a, vf_zero()), vf_set1(1.0f), vf_zero());
    y = BELOW_ZERO(vf_set1(-1.0f), y);
    return vf_select(vf_isnan(a), a, y);
}
static vf clamp01(vf a) {
    return vf_min_bound(vf_max_bound(a, vf_zero()), vf_set1(1.0f));
}
static vf gelu_tanh(vf a) {
    return a * 0.5f * (vf_tanh((a + a * a * a * 0.044715f) * 0.797884561f) + 1.0f);
}

UNARY(loop_abs, vf_abs(a))
UNARY(loop_neg, -a)
UNARY(loop_sign, sign(a))
UNARY(loop_relu, vf_relu(a))
UNARY(loop_leaky_relu, BELOW_ZERO(a *alpha, a))
UNARY(loop_floor, vf_floor(a))
UNARY(loop_ceil, vf_ceil(a))
UNARY(loop_round, vf_round_even(a))
UNARY(loop_sqrt, vf_sqrt(a))
UNARY(loop_reciprocal, vf_recip(a))
UNARY(loop_exp, vf_exp(a))
UNARY(loop_log, vf_log(a))
UNARY(loop_tanh, vf_tanh(a))
UNARY(loop_sigmoid, vf_sigmoid(a))
UNARY(loop_erf, vf_erf(a))
UNARY(loop_softplus, vf_softplus(a))
UNARY(loop_softsign, a / (vf_abs(a) + 1.0f))
UNARY(loop_elu, BELOW_ZERO(vf_expm1(a) * alpha, a))
UNARY(loop_celu, BELOW_ZERO(vf_expm1(a / alpha) * alpha, a))
UNARY(loop_selu, BELOW_ZERO(vf_expm1(a) * alpha, a) * beta)
UNARY(loop_thresholded, vf_select(vf_le(a, alpha), vf_zero(), a))
UNARY(loop_hard_sigmoid, clamp01(a *alpha + beta))
UNARY(loop_hard_swish, a *clamp01(a *(1.0f / 6.0f) + 0.5f))
UNARY(loop_mish, a *vf_tanh(vf_softplus(a)))
UNARY(loop_swish, a *vf_sigmoid(a *alpha))
UNARY(loop_gelu, a * 0.5f * (vf_erf(a * 0.707106781f) + 1.0f))
UNARY(loop_gelu_tanh, gelu_tanh(a))
UNARY(loop_scale, a *alpha)

/* Without parameters: the params of a block of Pow are not a unary loop's. */
#define POWER(name, EXPR)                                                                                              \
    static void name(const ortcpu_block *block) {                                                                      \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            float *y = AT(block->ptr[0], r * block->step[0]);                                                          \
            const float *x = AT(block->ptr[1], r * block->step[1]);                                                    \
            int64_t left = block->count;                                                                               \
            for (; left >= VL; left -= VL, x += VL, y += VL) {                                                         \
                const vf a = vf_load(x);                                                                               \
                vf_store(y, EXPR);                                                                                     \
            }                                                                                                          \
            const vf a = vf_load_n(x, left);                                                                           \
            vf_store_n(y, EXPR, left);                                                                                 \
        }                                                                                                              \
    }
POWER(pow_square, a *a)
POWER(pow_cube, a *a *a)
POWER(pow_root, vf_select(vf_eq(a, vf_set1(-INFINITY)), vf_set1(INFINITY), vf_sqrt(a + 0.0f)))
POWER(pow_inverse, vf_recip(a))

static void loop_clip(const ortcpu_block *block) {
    const float *low = block->ptr[2], *high = block->ptr[3];
    const vf lower = vf_set1(low != NULL ? *low : -INFINITY), upper = vf_set1(high != NULL ? *high : INFINITY);
    for (int64_t r = 0; r < block->rows; r++) {
        float *y = AT(block->ptr[0], r * block->step[0]);
        const float *x = AT(block->ptr[1], r * block->step[1]);
        int64_t i = 0;
        for (; i + VL <= block->count; i += VL)
            vf_store(y + i, vf_min_bound(vf_max_bound(vf_load(x + i), lower), upper));
        int64_t left = block->count - i;
        if (left > 0) vf_store_n(y + i, vf_min_bound(vf_max_bound(vf_load_n(x + i, left), lower), upper), left);
    }
}

#define TEST(name, EXPR)                                                                                               \
    static void name(const ortcpu_block *block) {                                                                      \
        const ortcpu_unary_params *p = block->params;                                                                  \
        const bool negative = p->alpha != 0.0f, positive = p->beta != 0.0f;                                            \
        (void)negative, (void)positive;                                                                                \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            uint8_t *restrict y = AT(block->ptr[0], r * block->step[0]);                                               \
            const float *restrict x = AT(block->ptr[1], r * block->step[1]);                                           \
            for (int64_t i = 0; i < block->count; i++) y[i] = (EXPR);                                                  \
        }                                                                                                              \
    }
TEST(loop_is_nan, x[i] != x[i])
TEST(loop_is_inf, (negative && x[i] == -INFINITY) || (positive && x[i] == INFINITY))

/* (x - mean) / sqrt(variance + epsilon) * scale + bias (ONNX BatchNormalization-15), all four spread like x or by row.
 */
static void loop_batch_norm(const ortcpu_block *block) {
    const ortcpu_unary_params *p = block->params;
    const vf epsilon = vf_set1(p->alpha);
    for (int64_t r = 0; r < block->rows; r++) {
        float *y = AT(block->ptr[0], r * block->step[0]);
        const float *at[6];
        for (uint32_t k = 1; k < 6; k++) at[k] = AT(block->ptr[k], r * block->step[k]);
        for (int64_t i = 0; i < block->count; i += VL) {
            int64_t left = block->count - i < VL ? block->count - i : VL;
            vf v[6];
            for (uint32_t k = 1; k < 6; k++) v[k] = block->inc[k] == 0 ? vf_set1(*at[k]) : vf_load_n(at[k] + i, left);
            vf_store_n(y + i, (v[1] - v[4]) * (v[2] / vf_sqrt(v[5] + epsilon)) + v[3], left);
        }
    }
}

const ortcpu_elementwise_loops ORTCPU_FN(ortcpu_elementwise_loops) = {
    .binary = {[ORTCPU_ADD] = loop_add,
               [ORTCPU_SUB] = loop_sub,
               [ORTCPU_MUL] = loop_mul,
               [ORTCPU_DIV] = loop_div,
               [ORTCPU_MAX] = loop_max,
               [ORTCPU_MIN] = loop_min,
               [ORTCPU_PRELU] = loop_prelu,
               [ORTCPU_EQUAL] = loop_equal,
               [ORTCPU_LESS] = loop_less,
               [ORTCPU_LESS_EQUAL] = loop_less_equal,
               [ORTCPU_GREATER] = loop_greater,
               [ORTCPU_GREATER_EQUAL] = loop_greater_equal},
    .unary = {[ORTCPU_ABS] = loop_abs,
              [ORTCPU_NEG] = loop_neg,
              [ORTCPU_SIGN] = loop_sign,
              [ORTCPU_RELU] = loop_relu,
              [ORTCPU_LEAKY_RELU] = loop_leaky_relu,
              [ORTCPU_CLIP] = loop_clip,
              [ORTCPU_FLOOR] = loop_floor,
              [ORTCPU_CEIL] = loop_ceil,
              [ORTCPU_ROUND] = loop_round,
              [ORTCPU_SQRT] = loop_sqrt,
              [ORTCPU_RECIPROCAL] = loop_reciprocal,
              [ORTCPU_EXP] = loop_exp,
              [ORTCPU_LOG] = loop_log,
              [ORTCPU_TANH] = loop_tanh,
              [ORTCPU_SIGMOID] = loop_sigmoid,
              [ORTCPU_ERF] = loop_erf,
              [ORTCPU_SOFTPLUS] = loop_softplus,
              [ORTCPU_SOFTSIGN] = loop_softsign,
              [ORTCPU_ELU] = loop_elu,
              [ORTCPU_CELU] = loop_celu,
              [ORTCPU_SELU] = loop_selu,
              [ORTCPU_THRESHOLDED] = loop_thresholded,
              [ORTCPU_HARD_SIGMOID] = loop_hard_sigmoid,
              [ORTCPU_HARD_SWISH] = loop_hard_swish,
              [ORTCPU_MISH] = loop_mish,
              [ORTCPU_SWISH] = loop_swish,
              [ORTCPU_GELU] = loop_gelu,
              [ORTCPU_GELU_TANH] = loop_gelu_tanh,
              [ORTCPU_IS_NAN] = loop_is_nan,
              [ORTCPU_IS_INF] = loop_is_inf},
    .pow = {[ORTCPU_POW_SQUARE] = pow_square,
            [ORTCPU_POW_CUBE] = pow_cube,
            [ORTCPU_POW_ROOT] = pow_root,
            [ORTCPU_POW_INVERSE] = pow_inverse},
    .batch_norm = loop_batch_norm,
    .scale = loop_scale,
};
