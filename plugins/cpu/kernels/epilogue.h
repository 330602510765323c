/* kernels/epilogue.h: what a product does to its results before it stores them.
 *
 *     y = act(scale * product + bias[column] + residual[row][column])                     residual_after false
 *     y = act(scale * product + bias[column]) + residual[row][column]                     residual_after true
 *
 * A zero-initialized epilogue does nothing. NaN passes through every activation. */
#ifndef ORTCPU_KERNELS_EPILOGUE_H
#define ORTCPU_KERNELS_EPILOGUE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ortcpu_act {
    ORTCPU_ACT_NONE,
    ORTCPU_ACT_RELU,         /* max(0, x) */
    ORTCPU_ACT_CLIP,         /* min(beta, max(alpha, x)): alpha is the lower bound; relu6 is 0, 6 */
    ORTCPU_ACT_LEAKY_RELU,   /* x < 0 ? alpha * x : x */
    ORTCPU_ACT_PRELU,        /* x < 0 ? slope[column] * x : x */
    ORTCPU_ACT_ELU,          /* x < 0 ? alpha * (exp(x) - 1) : x */
    ORTCPU_ACT_HARD_SIGMOID, /* max(0, min(1, alpha * x + beta)) */
    ORTCPU_ACT_HARD_SWISH,   /* x * max(0, min(1, x / 6 + 0.5)) */
    ORTCPU_ACT_SIGMOID,
    ORTCPU_ACT_TANH,
    ORTCPU_ACT_SILU,      /* x * sigmoid(x) */
    ORTCPU_ACT_GELU,      /* 0.5 * x * (1 + erf(x / sqrt(2))) */
    ORTCPU_ACT_GELU_TANH, /* 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) */
    ORTCPU_ACT_QUANTIZED, /* step * min(beta, max(alpha, round(x / step))) */
    ORTCPU_ACT_COUNT
} ortcpu_act;

typedef struct ortcpu_epilogue {
    const float *bias; /* one for each column (output channel), or NULL */
    /* Or NULL. May be the destination itself, element for element, but not in a product of an unpacked B or of an A
     * whose columns are not adjacent; must not overlap it otherwise. */
    const float *residual;
    int64_t residual_pitch; /* floats from one row (pixel) to the next */
    const float *slope;     /* PRELU: one for each column */
    float scale;            /* 0 is read as 1 */
    float alpha, beta, step;
    ortcpu_act act;
    bool residual_after;
} ortcpu_epilogue;

#endif
