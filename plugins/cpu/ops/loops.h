/* cpu/ops/loops.h: the arithmetic of elementwise operators, row reductions and normalizations.
 *
 * Float32 is vectorized: loops_*.c of the "isa" group are compiled once for each instruction set and their table is
 * chosen once for the process (ops.h). Other types are plain C (loops_any.c, loops_unary_any.c, cast.c). Threads: any.
 */
#ifndef ORTCPU_OPS_LOOPS_H
#define ORTCPU_OPS_LOOPS_H

#include "kernels/half.h"
#include "ops/walk.h"

#include <stdbool.h>

typedef enum ortcpu_binary {
    ORTCPU_ADD,
    ORTCPU_SUB,
    ORTCPU_MUL,
    ORTCPU_DIV,
    ORTCPU_MAX,
    ORTCPU_MIN,
    ORTCPU_PRELU, /* a < 0 ? a * b : a */
    ORTCPU_EQUAL, /* from here on: to bool */
    ORTCPU_LESS,
    ORTCPU_LESS_EQUAL,
    ORTCPU_GREATER,
    ORTCPU_GREATER_EQUAL,
    ORTCPU_BINARY_COUNT
} ortcpu_binary;

typedef enum ortcpu_unary {
    ORTCPU_ABS,
    ORTCPU_NEG,
    ORTCPU_SIGN,
    ORTCPU_RELU,
    ORTCPU_LEAKY_RELU, /* alpha */
    ORTCPU_CLIP,       /* operands 2, 3: one-element bounds or NULL */
    ORTCPU_FLOOR,
    ORTCPU_CEIL,
    ORTCPU_ROUND,
    ORTCPU_SQRT,
    ORTCPU_RECIPROCAL,
    ORTCPU_EXP,
    ORTCPU_LOG,
    ORTCPU_TANH,
    ORTCPU_SIGMOID,
    ORTCPU_ERF,
    ORTCPU_SOFTPLUS,
    ORTCPU_SOFTSIGN,
    ORTCPU_ELU,          /* alpha */
    ORTCPU_CELU,         /* alpha */
    ORTCPU_SELU,         /* alpha, beta is gamma */
    ORTCPU_THRESHOLDED,  /* alpha */
    ORTCPU_HARD_SIGMOID, /* alpha, beta */
    ORTCPU_HARD_SWISH,
    ORTCPU_MISH,
    ORTCPU_SWISH, /* alpha */
    ORTCPU_GELU,
    ORTCPU_GELU_TANH,
    ORTCPU_IS_NAN, /* to bool */
    ORTCPU_IS_INF, /* to bool; alpha: detect negative, beta: positive */
    ORTCPU_SIN,    /* from here on: by libm */
    ORTCPU_COS,
    ORTCPU_TAN,
    ORTCPU_ASIN,
    ORTCPU_ACOS,
    ORTCPU_ATAN,
    ORTCPU_SINH,
    ORTCPU_COSH,
    ORTCPU_ASINH,
    ORTCPU_ACOSH,
    ORTCPU_ATANH,
    ORTCPU_UNARY_COUNT
} ortcpu_unary;

/* Powers by one number, which the block's exponent is. */
typedef enum ortcpu_pow {
    ORTCPU_POW_SQUARE,
    ORTCPU_POW_CUBE,
    ORTCPU_POW_ROOT, /* of -0 it is 0, of -inf inf, as pow has it (C17 F.10.4.4) */
    ORTCPU_POW_INVERSE,
    ORTCPU_POW_COUNT
} ortcpu_pow;

/* Params of every unary loop, and of variadic ones. */
typedef struct ortcpu_unary_params {
    float alpha, beta;
} ortcpu_unary_params;

/* What a reduction adds up. MAX and MIN pass NaN on. */
typedef enum ortcpu_fold {
    ORTCPU_FOLD_SUM,
    ORTCPU_FOLD_ABS,
    ORTCPU_FOLD_SQUARE,
    ORTCPU_FOLD_EXP, /* the sum of exp(x - shift) */
    ORTCPU_FOLD_PROD,
    ORTCPU_FOLD_MAX,
    ORTCPU_FOLD_MIN,
    ORTCPU_FOLD_COUNT
} ortcpu_fold;

typedef struct ortcpu_elementwise_loops {
    ortcpu_loop_fn binary[ORTCPU_BINARY_COUNT], unary[ORTCPU_UNARY_COUNT], pow[ORTCPU_POW_COUNT];
    ortcpu_loop_fn batch_norm; /* x, scale, bias, mean, variance; alpha: epsilon */
    ortcpu_loop_fn scale;      /* x * alpha */
} ortcpu_elementwise_loops;

typedef struct ortcpu_row_loops {
    /* The fold of count floats, beginning at `start`. EXP: of x - shift. */
    float (*fold_row[ORTCPU_FOLD_COUNT])(const float *x, int64_t count, float start, float shift);
    /* acc[i] = fold(acc[i], x[i]). EXP: of x[i] - shift[i]. */
    void (*fold_column[ORTCPU_FOLD_COUNT])(float *acc, const float *x, int64_t count, const float *shift);
    /* y = exp(x - max) / sum, or x - max - log(sum), of one row; x may be y. */
    void (*softmax_row)(float *y, const float *x, int64_t count, bool is_log);
    /* The same of `count` neighbouring columns of `rows` rows, `step` floats apart; x may be y. */
    void (*softmax_columns)(float *y, const float *x, int64_t rows, int64_t step, int64_t count, bool is_log);
    /* y = (x - mean) / sqrt(variance + epsilon) * scale + bias over one row. scale and bias may be NULL; `inc` floats
     * from one element's to the next, 0 or 1. Not `centred`: no mean is taken off. x may be y. */
    void (*norm_row)(float *y, const float *x, int64_t count, const float *scale, const float *bias, int64_t inc,
                     float epsilon, bool centred, float *out_mean, float *out_inverse);
    /* A row of `count` whose first 2 * pairs elements turn: (a, b) -> (a cos - b sin, a sin + b cos), where a and b are
     * neighbours (interleaved) or `pairs` apart. x may be y. */
    void (*rotate_row)(float *y, const float *x, const float *cosines, const float *sines, int64_t count, int64_t pairs,
                       bool interleaved);
    /* y = a + b + c over one row; c may be NULL, y may be one of them. */
    void (*add_row)(float *y, const float *a, const float *b, const float *c, int64_t count);
} ortcpu_row_loops;

/* Between float32 and the integer types that have a loop, by type. Operands: y, x, scale, zero point. */
typedef struct ortcpu_quantize_loops {
    ortcpu_loop_fn quantize[ORT_DTYPE_COUNT], dequantize[ORT_DTYPE_COUNT];
    /* Widens [*low, *high] to hold all of x. */
    void (*range)(const float *x, int64_t count, float *low, float *high);
} ortcpu_quantize_loops;

typedef struct ortcpu_loops {
    const ortcpu_elementwise_loops *elementwise;
    const ortcpu_row_loops *row;
    const ortcpu_quantize_loops *quantize;
    const ortcpu_half_rows *half;
} ortcpu_loops;

/* The tables of the chosen instruction set. */
const ortcpu_loops *ortcpu_loops_get(void);

/* The loop of an operator on a type (of input 0), for 16-bit floats the one on float32 (ortcpu_walk_plan_f32); NULL:
 * there is none. */
ortcpu_loop_fn ortcpu_binary_loop(ortcpu_binary op, uint32_t dtype);
ortcpu_loop_fn ortcpu_unary_loop(ortcpu_unary op, uint32_t dtype);

/* Elements that only move: by size. */
#define ORTCPU_TYPES_INT                                                                                               \
    (ORT_DTYPE_BIT(ORT_DTYPE_I8) | ORT_DTYPE_BIT(ORT_DTYPE_I16) | ORT_DTYPE_BIT(ORT_DTYPE_I32) |                       \
     ORT_DTYPE_BIT(ORT_DTYPE_I64))
#define ORTCPU_TYPES_UINT                                                                                              \
    (ORT_DTYPE_BIT(ORT_DTYPE_U8) | ORT_DTYPE_BIT(ORT_DTYPE_U16) | ORT_DTYPE_BIT(ORT_DTYPE_U32) |                       \
     ORT_DTYPE_BIT(ORT_DTYPE_U64))
#define ORTCPU_TYPES_FLOAT (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F64))
#define ORTCPU_TYPES_SHORT (ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16)) /* by loops on float32 */
#define ORTCPU_TYPES_REAL  (ORTCPU_TYPES_INT | ORTCPU_TYPES_UINT | ORTCPU_TYPES_FLOAT)
#define ORTCPU_TYPE_F32    ORT_DTYPE_BIT(ORT_DTYPE_F32)
#define ORTCPU_TYPE_BOOL   ORT_DTYPE_BIT(ORT_DTYPE_BOOL)
#define ORTCPU_TYPES_MOVED                                                                                             \
    (ORTCPU_TYPES_REAL | ORTCPU_TYPE_BOOL | ORTCPU_TYPES_SHORT | ORT_DTYPE_BIT(ORT_DTYPE_C64) |                        \
     ORT_DTYPE_BIT(ORT_DTYPE_C128))

#endif
