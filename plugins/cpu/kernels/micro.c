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

/* A tile's columns: `vecs` vectors, the last of which may be half a one. */
typedef struct columns {
    int vecs;
    bool half;
} columns;
ORTCPU_INLINE int width_of(const columns w) {
    return w.vecs * VL - (w.half ? VL / 2 : 0);
}

/* Lanes of vector v of a tile: only the last may be partial. */
ORTCPU_INLINE vf tile_load(const float *p, int64_t n, const columns w, const int v, const bool whole) {
    if (v < w.vecs - 1 || (whole && !w.half)) return vf_load(p + v * VL);
#if ORTCPU_HALVES
    if (whole) return vh_widen(vh_load(p + v * VL));
#endif
    return vf_load_n(p + v * VL, n - v * VL);
}

ORTCPU_INLINE void tile_store(float *p, vf x, int64_t n, const columns w, const int v, const bool whole) {
    if (v < w.vecs - 1 || (whole && !w.half)) {
        vf_store(p + v * VL, x);
        return;
    }
#if ORTCPU_HALVES
    if (whole) {
        vh_store(p + v * VL, vf_lower(x));
        return;
    }
#endif
    vf_store_n(p + v * VL, x, n - v * VL);
}

/* A bias is where the sums begin, unless they are scaled. */
ORTCPU_INLINE bool bias_is_first(const ortcpu_tile *t) {
    return t->bias && t->scale == 1.0f;
}

ORTCPU_INLINE void sums_load_from(const ortcpu_tile *t, vf *sum, const int rows, const columns w, const bool whole) {
    UNROLLED for (int m = 0; m < rows; m++) {
        UNROLLED for (int v = 0; v < w.vecs; v++) sum[m * w.vecs + v] =
            tile_load(t->c + m * t->c_stride, t->n, w, v, whole);
    }
}

ORTCPU_INLINE void sums_load(const ortcpu_tile *t, vf *sum, const int rows, const columns w) {
    if (t->load_c && t->n >= width_of(w)) {
        sums_load_from(t, sum, rows, w, true);
    } else if (t->load_c) {
        sums_load_from(t, sum, rows, w, false);
    } else if (bias_is_first(t)) {
        UNROLLED for (int v = 0; v < w.vecs; v++) {
            vf bias = tile_load(t->bias, t->n, w, v, false);
            UNROLLED for (int m = 0; m < rows; m++) sum[m * w.vecs + v] = bias;
        }
    } else {
        UNROLLED for (int i = 0; i < rows * w.vecs; i++) sum[i] = vf_zero();
    }
}

/* The same operations in the same order as ortcpu_tile_finish, but for a bias that the sums began with. */
ORTCPU_INLINE void sums_finish(const ortcpu_tile *t, vf *sum, const int rows, const columns w, const bool whole) {
    if (t->scale != 1.0f) {
        UNROLLED for (int i = 0; i < rows * w.vecs; i++) sum[i] = sum[i] * t->scale;
    }
    if (t->bias && !bias_is_first(t)) {
        UNROLLED for (int v = 0; v < w.vecs; v++) {
            vf bias = tile_load(t->bias, t->n, w, v, whole);
            UNROLLED for (int m = 0; m < rows; m++) sum[m * w.vecs + v] = sum[m * w.vecs + v] + bias;
        }
    }
    if (t->residual) {
        UNROLLED for (int m = 0; m < rows; m++) {
            UNROLLED for (int v = 0; v < w.vecs; v++) sum[m * w.vecs + v] =
                sum[m * w.vecs + v] + tile_load(t->residual + m * t->residual_stride, t->n, w, v, whole);
        }
    }
    if (!t->bounded) return;
    vf low = vf_set1(t->low), high = vf_set1(t->high);
    UNROLLED for (int i = 0; i < rows * w.vecs; i++) sum[i] = vf_max_bound(sum[i], low);
    if (t->high == INFINITY) return;
    UNROLLED for (int i = 0; i < rows * w.vecs; i++) sum[i] = vf_min_bound(sum[i], high);
}

ORTCPU_INLINE void sums_write(const ortcpu_tile *t, vf *sum, const int rows, const columns w, const bool whole) {
    if (t->last) sums_finish(t, sum, rows, w, whole);
    UNROLLED for (int m = 0; m < rows; m++) {
        UNROLLED for (int v = 0; v < w.vecs; v++)
            tile_store(t->c + m * t->c_stride, sum[m * w.vecs + v], t->n, w, v, whole);
    }
}

ORTCPU_INLINE void sums_store(const ortcpu_tile *t, vf *sum, const int rows, const columns w) {
    if (t->last && t->full) {
        float copy[MR * NR];
        UNROLLED for (int i = 0; i < rows * w.vecs; i++) vf_store(copy + i * VL, sum[i]);
        ortcpu_tile rest = *t;
        if (bias_is_first(t)) rest.bias = NULL;
        ORTCPU_FN(ortcpu_tile_finish)(&rest, copy, w.vecs * VL, rows);
    } else if (t->n >= width_of(w)) {
        sums_write(t, sum, rows, w, true);
    } else {
        sums_write(t, sum, rows, w, false);
    }
}

ORTCPU_INLINE void kernel(const ortcpu_tile *t, const int rows, const columns w) {
    const int vecs = w.vecs, full = w.half ? vecs - 1 : vecs;
    vf sum[2 * MR];
    sums_load(t, sum, rows, w);
#if ORTCPU_HALVES
    vh halves[MR];
    UNROLLED for (int m = 0; m < rows; m++) halves[m] = vf_lower(sum[m * vecs + vecs - 1]);
#endif
    const float *b = t->b;
    const int64_t stride = t->a_stride, b_stride = t->b_stride, panel = t->panel_stride, depth = t->k;
    for (int64_t tap = 0; tap < t->taps; tap++) {
        const float *p = t->a + t->tap_offset[tap], *p5 = p + 5 * stride, *p10 = p + 10 * stride;
        (void)p5, (void)p10;
        for (int64_t k = 0; k < depth; k++) {
            vf row[8];
            UNROLLED for (int v = 0; v < full; v++) {
                const float *from = b + (v / 2) * panel + (v % 2) * VL;
                row[v] = vf_load(from);
                if (v * VL % 16 == 0) __builtin_prefetch(from + PREFETCH_FLOATS); /* once for a cache line */
            }
#if ORTCPU_HALVES
            vh last = w.half ? vh_load(b + full * VL) : (vh){0};
#endif
            b += b_stride;
            UNROLLED for (int m = 0; m < rows; m++) {
                vf x = vf_set1(ROW_BASE(p, m)[k]);
                UNROLLED for (int v = 0; v < full; v++) sum[m * vecs + v] =
                    ortcpu_multiply_add(x, row[v], sum[m * vecs + v]);
#if ORTCPU_HALVES
                vh x_half = full ? vf_lower(x) : vh_set1(ROW_BASE(p, m)[k]);
                if (w.half) halves[m] = vh_fma(x_half, last, halves[m]);
#endif
            }
        }
    }
#if ORTCPU_HALVES
    if (w.half) {
        UNROLLED for (int m = 0; m < rows; m++) sum[m * vecs + vecs - 1] = vh_widen(halves[m]);
    }
#endif
    sums_store(t, sum, rows, w);
}

#define KERNEL(rows, vecs, half)                                                                                       \
    static void kernel_##rows##_##vecs##_##half(const ortcpu_tile *t) {                                                \
        kernel(t, rows, (columns){vecs, half});                                                                        \
    }
#if ORTCPU_HALVES
#define KERNELS_HALF(rows)                                                                                             \
    KERNEL(rows, 1, 1)                                                                                                 \
    KERNEL(rows, 2, 1)
#define ENTRY_HALF(rows) [COLUMNS_HALF] = kernel_##rows##_1_1, [COLUMNS_1_HALF] = kernel_##rows##_2_1,
#else
#define KERNELS_HALF(rows)
#define ENTRY_HALF(rows)
#endif
#define KERNELS(rows)                                                                                                  \
    KERNEL(rows, 1, 0)                                                                                                 \
    KERNEL(rows, 2, 0)                                                                                                 \
    KERNELS_HALF(rows)
/* Whole functions, which clang-format takes for statements. */
/* clang-format off */
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4) KERNELS(5) KERNELS(6)
KERNEL(1, 4, 0) KERNEL(1, 8, 0) KERNEL(2, 4, 0) KERNEL(3, 4, 0)
#if defined(ORTCPU_AVX512)
KERNELS(7) KERNELS(8) KERNELS(9) KERNELS(10) KERNELS(11) KERNELS(12) KERNELS(13) KERNELS(14)
#endif

#define ENTRIES(rows) ENTRY_HALF(rows) [COLUMNS_1] = kernel_##rows##_1_0, [COLUMNS_2] = kernel_##rows##_2_0
ortcpu_micro_fn *const ORTCPU_FN(ortcpu_micro)[MR + 1][COLUMNS_KINDS] = {
    [1] = {ENTRIES(1), [COLUMNS_4] = kernel_1_4_0, [COLUMNS_8] = kernel_1_8_0},
    [2] = {ENTRIES(2), [COLUMNS_4] = kernel_2_4_0},
    [3] = {ENTRIES(3), [COLUMNS_4] = kernel_3_4_0},
    [4] = {ENTRIES(4)}, [5] = {ENTRIES(5)}, [6] = {ENTRIES(6)},
#if defined(ORTCPU_AVX512)
    [7] = {ENTRIES(7)}, [8] = {ENTRIES(8)}, [9] = {ENTRIES(9)}, [10] = {ENTRIES(10)}, [11] = {ENTRIES(11)},
    [12] = {ENTRIES(12)}, [13] = {ENTRIES(13)}, [14] = {ENTRIES(14)},
#endif
};
/* clang-format on */

/* The widest kernel that n columns fill; below a panel's width the one that fits the panel. */
static int columns_of(ortcpu_micro_fn *const *micro, int64_t n) {
    if (n >= 8 * VL && micro[COLUMNS_8]) return COLUMNS_8;
    if (n >= 4 * VL && micro[COLUMNS_4]) return COLUMNS_4;
    return (int)(ortcpu_panel_width(n) * 2 / VL) - 1;
}

void ORTCPU_FN(ortcpu_tile_panels)(const ortcpu_tile *first, int64_t rows, int64_t n) {
    ortcpu_tile t = *first;
    const float *panel = t.b;
    ortcpu_micro_fn *const *micro = ORTCPU_FN(ortcpu_micro)[rows];
    while (n > 0) {
        static const int64_t widths[] = {VL / 2, VL, VL + VL / 2, 2 * VL, 4 * VL, 8 * VL};
        int i = columns_of(micro, n);
        int64_t width = widths[i];
        t.b_stride = t.b_plain_stride ? t.b_plain_stride : width < NR ? width : NR;
        t.b = panel + t.b_skip * t.b_stride;
        t.n = n < width ? n : width;
        micro[i](&t);
        n -= width;
        panel += width / NR * t.panel_stride;
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

/* The reciprocal's last place is below what the sum itself was rounded by. */
ORTCPU_INLINE vf quantized(vf x, float inverse, const ortcpu_epilogue *e) {
    return vf_min_bound(vf_max_bound(vf_round_even(x * inverse), vf_set1(e->alpha)), vf_set1(e->beta)) * e->step;
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
    case ORTCPU_ACT_QUANTIZED:
        return quantized(x, 1.0f / e->step, e);
    default:
        return vf_min_bound(vf_max_bound(x, vf_set1(t->low)), vf_set1(t->high));
    }
}

/* Networks of quantised numbers have it behind every product: whole vectors, and nothing else asked. */
static void finish_quantized(const ortcpu_tile *t, const float *sums, int64_t sums_stride, int64_t rows) {
    float inverse = 1.0f / t->full->step;
    for (int64_t m = 0; m < rows; m++, sums += sums_stride) {
        float *c = t->c + m * t->c_stride;
        for (int64_t j = 0; j < t->n; j += VL) {
            vf x = vf_load(sums + j) * t->scale;
            if (t->bias) x = x + vf_load(t->bias + j);
            vf_store(c + j, quantized(x, inverse, t->full));
        }
    }
}

void ORTCPU_FN(ortcpu_tile_finish)(const ortcpu_tile *t, const float *sums, int64_t sums_stride, int64_t rows) {
    if (t->full && t->full->act == ORTCPU_ACT_QUANTIZED && !t->residual && t->n % VL == 0) {
        finish_quantized(t, sums, sums_stride, rows);
        return;
    }
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
