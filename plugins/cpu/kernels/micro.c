#include "kernels/micro.h"

#include "kernels/element.h"
#include "kernels/vmath.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

enum { PREFETCH_FLOATS = 512 };

/* A's rows are reached from three pointers, so that one scaled stride serves five of them: 14 do not fit the registers.
 */
#define ROW_BASE(p, m) ((m) < 5 ? (p) + (m)*stride : (m) < 10 ? (p##5) + ((m)-5) * stride : (p##10) + ((m)-10) * stride)

/* Lanes of vector v of a tile: only the last may be partial. */
ORTCPU_INLINE vf tile_load(const float *p, int64_t n, const int vecs, const int v, const bool whole) {
    return whole || v < vecs - 1 ? vf_load(p + v * VL) : vf_load_n(p + v * VL, n - v * VL);
}

ORTCPU_INLINE void sums_load(const ortcpu_tile *t, vf *sum, const int rows, const int vecs) {
    if (!t->load_c) {
        UNROLLED for (int i = 0; i < rows * vecs; i++) sum[i] = vf_zero();
    } else if (t->n >= vecs * VL) {
        UNROLLED for (int m = 0; m < rows; m++) {
            UNROLLED for (int v = 0; v < vecs; v++) sum[m * vecs + v] = vf_load(t->c + m * t->c_stride + v * VL);
        }
    } else {
        UNROLLED for (int m = 0; m < rows; m++) {
            UNROLLED for (int v = 0; v < vecs; v++) sum[m * vecs + v] =
                tile_load(t->c + m * t->c_stride, t->n, vecs, v, false);
        }
    }
}

ORTCPU_INLINE void tile_store(float *p, vf x, int64_t n, const int vecs, const int v, const bool whole) {
    if (whole || v < vecs - 1)
        vf_store(p + v * VL, x);
    else
        vf_store_n(p + v * VL, x, n - v * VL);
}

/* The same operations in the same order as ortcpu_tile_finish. */
ORTCPU_INLINE void sums_finish(const ortcpu_tile *t, vf *sum, const int rows, const int vecs, const bool whole) {
    if (t->scale != 1.0f) {
        UNROLLED for (int i = 0; i < rows * vecs; i++) sum[i] = sum[i] * t->scale;
    }
    if (t->bias) {
        UNROLLED for (int v = 0; v < vecs; v++) {
            vf bias = tile_load(t->bias, t->n, vecs, v, whole);
            UNROLLED for (int m = 0; m < rows; m++) sum[m * vecs + v] = sum[m * vecs + v] + bias;
        }
    }
    if (t->residual) {
        UNROLLED for (int m = 0; m < rows; m++) {
            UNROLLED for (int v = 0; v < vecs; v++) sum[m * vecs + v] =
                sum[m * vecs + v] + tile_load(t->residual + m * t->residual_stride, t->n, vecs, v, whole);
        }
    }
    if (!t->bounded) return;
    vf low = vf_set1(t->low), high = vf_set1(t->high);
    UNROLLED for (int i = 0; i < rows * vecs; i++) sum[i] = vf_min_bound(vf_max_bound(sum[i], low), high);
}

ORTCPU_INLINE void sums_write(const ortcpu_tile *t, vf *sum, const int rows, const int vecs, const bool whole) {
    if (t->last) sums_finish(t, sum, rows, vecs, whole);
    UNROLLED for (int m = 0; m < rows; m++) {
        UNROLLED for (int v = 0; v < vecs; v++)
            tile_store(t->c + m * t->c_stride, sum[m * vecs + v], t->n, vecs, v, whole);
    }
}

ORTCPU_INLINE void sums_store(const ortcpu_tile *t, vf *sum, const int rows, const int vecs) {
    if (t->last && t->full) {
        float copy[MR * NR];
        UNROLLED for (int i = 0; i < rows * vecs; i++) vf_store(copy + i * VL, sum[i]);
        ORTCPU_FN(ortcpu_tile_finish)(t, copy, vecs * VL, rows);
    } else if (t->n >= vecs * VL) {
        sums_write(t, sum, rows, vecs, true);
    } else {
        sums_write(t, sum, rows, vecs, false);
    }
}

ORTCPU_INLINE void kernel(const ortcpu_tile *t, const int rows, const int vecs) {
    vf sum[2 * MR];
    sums_load(t, sum, rows, vecs);
    const float *b = t->b;
    const int64_t stride = t->a_stride, b_stride = t->b_stride, panel = t->panel_stride, depth = t->k;
    for (int64_t tap = 0; tap < t->taps; tap++) {
        const float *p = t->a + t->tap_offset[tap], *p5 = p + 5 * stride, *p10 = p + 10 * stride;
        (void)p5, (void)p10;
        for (int64_t k = 0; k < depth; k++) {
            vf row[8];
            UNROLLED for (int v = 0; v < vecs; v++) {
                const float *from = b + (v / 2) * panel + (v % 2) * VL;
                row[v] = vf_load(from);
                if (v * VL % 16 == 0) __builtin_prefetch(from + PREFETCH_FLOATS); /* once for a cache line */
            }
            b += b_stride;
            UNROLLED for (int m = 0; m < rows; m++) {
                vf x = vf_set1(ROW_BASE(p, m)[k]);
                UNROLLED for (int v = 0; v < vecs; v++) sum[m * vecs + v] =
                    ortcpu_multiply_add(x, row[v], sum[m * vecs + v]);
            }
        }
    }
    sums_store(t, sum, rows, vecs);
}

#define KERNEL(rows, vecs)                                                                                             \
    static void kernel_##rows##_##vecs(const ortcpu_tile *t) {                                                         \
        kernel(t, rows, vecs);                                                                                         \
    }
#define KERNELS(rows)                                                                                                  \
    KERNEL(rows, 1)                                                                                                    \
    KERNEL(rows, 2)
/* Whole functions, which clang-format takes for statements. */
/* clang-format off */
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4) KERNELS(5) KERNELS(6)
KERNEL(1, 4) KERNEL(1, 8) KERNEL(2, 4) KERNEL(3, 4)
#if defined(ORTCPU_AVX512)
KERNELS(7) KERNELS(8) KERNELS(9) KERNELS(10) KERNELS(11) KERNELS(12) KERNELS(13) KERNELS(14)
#endif
/* clang-format on */

#define ENTRY(rows) [rows] = {kernel_##rows##_1, kernel_##rows##_2, NULL, NULL}
        ortcpu_micro_fn *const ORTCPU_FN(ortcpu_micro)[MR + 1][4] = {
            [1] = {kernel_1_1, kernel_1_2, kernel_1_4, kernel_1_8},
            [2] = {kernel_2_1, kernel_2_2, kernel_2_4, NULL},
            [3] = {kernel_3_1, kernel_3_2, kernel_3_4, NULL},
            ENTRY(4),
            ENTRY(5),
            ENTRY(6),
#if defined(ORTCPU_AVX512)
            ENTRY(7),
            ENTRY(8),
            ENTRY(9),
            ENTRY(10),
            ENTRY(11),
            ENTRY(12),
            ENTRY(13),
            ENTRY(14),
#endif
};

void ORTCPU_FN(ortcpu_tile_panels)(const ortcpu_tile *first, int64_t rows, int64_t n) {
    ortcpu_tile t = *first;
    const float *panel = t.b;
    ortcpu_micro_fn *const *micro = ORTCPU_FN(ortcpu_micro)[rows];
    while (n > 0) {
        int i = n <= VL ? 0 : 1;
        while (i > 0 && i < 3 && n >= (VL << (i + 1)) && micro[i + 1]) i++;
        int64_t width = VL << i;
        t.b_stride = t.b_plain_stride ? t.b_plain_stride : i ? NR : VL;
        t.b = panel + t.b_skip * t.b_stride;
        t.n = n < width ? n : width;
        micro[i](&t);
        n -= width;
        panel += (i ? width / NR : 1) * t.panel_stride;
        t.c += width;
        if (t.bias) t.bias += width;
        if (t.residual) t.residual += width;
        if (t.slope) t.slope += width;
    }
}

void ORTCPU_FN(ortcpu_tile_epilogue)(ortcpu_tile *t, const ortcpu_epilogue *e) {
    t->bias = e->bias;
    t->residual = e->residual;
    t->residual_stride = e->residual_pitch;
    t->slope = e->slope;
    t->scale = e->scale == 0.0f ? 1.0f : e->scale;
    bool clip = e->act == ORTCPU_ACT_CLIP;
    t->low = e->act == ORTCPU_ACT_RELU ? 0.0f : clip ? e->alpha : -INFINITY;
    t->high = clip ? e->beta : INFINITY;
    t->bounded = clip || e->act == ORTCPU_ACT_RELU;
    bool plain = e->act == ORTCPU_ACT_NONE || e->act == ORTCPU_ACT_RELU || clip;
    t->full = plain && !(e->residual && e->residual_after) ? NULL : e;
}

ORTCPU_INLINE vf hard_sigmoid(vf x, float alpha, float beta) {
    vf y = vf_fma(x, vf_set1(alpha), vf_set1(beta));
    return vf_max_bound(vf_min_bound(y, vf_set1(1.0f)), vf_zero());
}

ORTCPU_INLINE vf gelu_tanh(vf x) {
    vf inner = vf_fma(x * x * 0.044715f, x, x) * 0.797884583f;
    return x * 0.5f * (vf_tanh(inner) + 1.0f);
}

ORTCPU_INLINE vf activated(const ortcpu_tile *t, vf x, int64_t column, int64_t n) {
    const ortcpu_epilogue *e = t->full;
    if (!e) return vf_min_bound(vf_max_bound(x, vf_set1(t->low)), vf_set1(t->high));
    switch (e->act) {
    case ORTCPU_ACT_LEAKY_RELU:
        return vf_select(vf_lt(x, vf_zero()), x * e->alpha, x);
    case ORTCPU_ACT_PRELU:
        return vf_select(vf_lt(x, vf_zero()), x * vf_load_n(t->slope + column, n), x);
    case ORTCPU_ACT_ELU:
        return vf_select(vf_lt(x, vf_zero()), vf_expm1(x) * e->alpha, x);
    case ORTCPU_ACT_HARD_SIGMOID:
        return hard_sigmoid(x, e->alpha, e->beta);
    case ORTCPU_ACT_HARD_SWISH:
        return x * hard_sigmoid(x, 1.0f / 6.0f, 0.5f);
    case ORTCPU_ACT_SIGMOID:
        return vf_sigmoid(x);
    case ORTCPU_ACT_TANH:
        return vf_tanh(x);
    case ORTCPU_ACT_SILU:
        return x * vf_sigmoid(x);
    case ORTCPU_ACT_GELU:
        return x * 0.5f * (vf_erf(x * 0.707106769f) + 1.0f);
    case ORTCPU_ACT_GELU_TANH:
        return gelu_tanh(x);
    default:
        return vf_min_bound(vf_max_bound(x, vf_set1(t->low)), vf_set1(t->high));
    }
}

void ORTCPU_FN(ortcpu_tile_finish)(const ortcpu_tile *t, const float *sums, int64_t sums_stride, int64_t rows) {
    bool after = t->full && t->full->residual_after;
    for (int64_t m = 0; m < rows; m++, sums += sums_stride) {
        float *c = t->c + m * t->c_stride;
        const float *residual = t->residual ? t->residual + m * t->residual_stride : NULL;
        for (int64_t j = 0; j < t->n; j += VL) {
            int64_t n = t->n - j < VL ? t->n - j : VL;
            vf x = vf_load_n(sums + j, n) * t->scale;
            if (t->bias) x = x + vf_load_n(t->bias + j, n);
            vf r = residual ? vf_load_n(residual + j, n) : vf_zero();
            if (residual && !after) x = x + r;
            x = activated(t, x, j, n);
            if (residual && after) x = x + r;
            vf_store_n(c + j, x, n);
        }
    }
}
