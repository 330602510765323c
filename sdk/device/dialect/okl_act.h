/* okl_act.h: what is fused behind a product or convolution: p.act is the kit's number (ORTK_ACT_*, ort/sdk/kernel.h),
 * p.alpha and p.beta its constants; `slope` is read for PRelu alone. Changes the variable `v`. */
#ifndef OKL_ACT_H
#define OKL_ACT_H

#define OKL_UNIT(x) ((x) < 0.0f ? 0.0f : (x) > 1.0f ? 1.0f : (x))
#define ACTIVATE(v, slope)                                                                                             \
    if (p.act == 1) v = v > 0.0f || v != v ? v : 0.0f;                                                                 \
    if (p.act == 2) v = v < p.alpha ? p.alpha : v > p.beta ? p.beta : v;                                               \
    if (p.act == 3 && v < 0.0f) v = p.alpha * v;                                                                       \
    if (p.act == 4 && v < 0.0f) v = (slope)*v;                                                                         \
    if (p.act == 5) v = 1.0f / (1.0f + EXP(-v));                                                                       \
    if (p.act == 6) v = TANH(v);                                                                                       \
    if (p.act == 7) v = OKL_UNIT(p.alpha * v + p.beta);                                                                \
    if (p.act == 8) v = v * OKL_UNIT(v * 0.16666667f + 0.5f);                                                          \
    if (p.act == 9) v = v / (1.0f + EXP(-v));

#endif
