/* Loops along rows and down columns on float32: reductions, softmax, normalization; compiled for each instruction set.
 * Four accumulators in a fixed order, so that a row's result depends on its contents alone. */
#include "kernels/vmath.h"
#include "ops/loops_isa.h"

static vf add(vf a, vf b) {
    return a + b;
}
static vf mul(vf a, vf b) {
    return a * b;
}

/* MAP is of `v` (and shift), FOLD(a, b) joins, ONE joins two scalars `a` and `b`. IDENTITY fills lanes without data. */
#define FOLD(name, MAP, JOIN, IDENTITY, HORIZONTAL, ONE)                                                               \
    static float row_##name(const float *x, int64_t count, float start, float shift) {                                 \
        const vf s = vf_set1(shift);                                                                                   \
        (void)s;                                                                                                       \
        vf acc[4];                                                                                                     \
        for (int k = 0; k < 4; k++) acc[k] = vf_set1(IDENTITY);                                                        \
        int64_t i = 0;                                                                                                 \
        for (; i + 4 * VL <= count; i += 4 * VL)                                                                       \
            for (int k = 0; k < 4; k++) {                                                                              \
                vf v = vf_load(x + i + k * VL);                                                                        \
                acc[k] = JOIN(acc[k], MAP);                                                                            \
            }                                                                                                          \
        for (; i < count; i += VL) {                                                                                   \
            int64_t left = count - i < VL ? count - i : VL;                                                            \
            vf v = vf_load_n(x + i, left);                                                                             \
            acc[0] = JOIN(acc[0], vf_select(vm_first(left), MAP, vf_set1(IDENTITY)));                                  \
        }                                                                                                              \
        vf all = JOIN(JOIN(acc[0], acc[1]), JOIN(acc[2], acc[3]));                                                     \
        float a = start, b = HORIZONTAL(all);                                                                          \
        return ONE;                                                                                                    \
    }                                                                                                                  \
    static void column_##name(float *acc, const float *x, int64_t count, const float *shift) {                         \
        for (int64_t i = 0; i < count; i += VL) {                                                                      \
            int64_t left = count - i < VL ? count - i : VL;                                                            \
            vf v = vf_load_n(x + i, left), s = shift != NULL ? vf_load_n(shift + i, left) : vf_zero();                 \
            (void)s;                                                                                                   \
            vf_store_n(acc + i, JOIN(vf_load_n(acc + i, left), MAP), left);                                            \
        }                                                                                                              \
    }

static float product(vf x) {
    float t[VL], y = 1.0f;
    vf_store(t, x);
    for (int i = 0; i < VL; i++) y *= t[i];
    return y;
}

FOLD(sum, v, add, 0.0f, vf_sum, a + b)
FOLD(abs, vf_abs(v), add, 0.0f, vf_sum, a + b)
FOLD(square, v *v, add, 0.0f, vf_sum, a + b)
FOLD(exp, vf_exp(v - s), add, 0.0f, vf_sum, a + b)
FOLD(prod, v, mul, 1.0f, product, a *b)
FOLD(max, v, vf_max, -INFINITY, vf_largest, a > b || a != a ? a : b)
FOLD(min, v, vf_min, INFINITY, vf_smallest, a < b || a != a ? a : b)

/* Where a whole row is -inf or +inf the difference to its maximum is NaN, as numpy's is. */
static void softmax_row(float *y, const float *x, int64_t count, bool is_log) {
    const float top = row_max(x, count, -INFINITY, 0.0f);
    const vf shift = vf_set1(top);
    if (is_log) {
        vf log_sum = vf_log(vf_set1(row_exp(x, count, 0.0f, top)));
        for (int64_t i = 0; i < count; i += VL) {
            int64_t left = count - i < VL ? count - i : VL;
            vf_store_n(y + i, vf_load_n(x + i, left) - shift - log_sum, left);
        }
        return;
    }
    vf acc = vf_zero();
    for (int64_t i = 0; i < count; i += VL) {
        int64_t left = count - i < VL ? count - i : VL;
        vf e = vf_exp(vf_load_n(x + i, left) - shift);
        acc += vf_select(vm_first(left), e, vf_zero());
        vf_store_n(y + i, e, left);
    }
    const float total = vf_sum(acc);
    for (int64_t i = 0; i < count; i += VL) {
        int64_t left = count - i < VL ? count - i : VL;
        vf_store_n(y + i, vf_load_n(y + i, left) / total, left);
    }
}

static void softmax_columns(float *y, const float *x, int64_t rows, int64_t step, int64_t count, bool is_log) {
    for (int64_t i = 0; i < count; i += VL) {
        const int64_t left = count - i < VL ? count - i : VL;
        vf top = vf_set1(-INFINITY), sum = vf_zero();
        for (int64_t r = 0; r < rows; r++) top = vf_max(top, vf_load_n(x + r * step + i, left));
        for (int64_t r = 0; r < rows; r++) {
            vf d = vf_load_n(x + r * step + i, left) - top, e = vf_exp(d);
            sum += e;
            vf_store_n(y + r * step + i, is_log ? d : e, left);
        }
        const vf scale = is_log ? vf_log(sum) : sum;
        for (int64_t r = 0; r < rows; r++) {
            vf v = vf_load_n(y + r * step + i, left);
            vf_store_n(y + r * step + i, is_log ? v - scale : v / scale, left);
        }
    }
}

static float row_square_around(const float *x, int64_t count, float mean) {
    vf acc = vf_zero();
    for (int64_t i = 0; i < count; i += VL) {
        int64_t left = count - i < VL ? count - i : VL;
        vf d = vf_select(vm_first(left), vf_load_n(x + i, left) - mean, vf_zero());
        acc += d * d;
    }
    return vf_sum(acc);
}

static void norm_row(float *y, const float *x, int64_t count, const float *scale, const float *bias, int64_t inc,
                     float epsilon, bool centred, float *out_mean, float *out_inverse) {
    const float mean = centred ? row_sum(x, count, 0.0f, 0.0f) / (float)count : 0.0f;
    const float inverse = 1.0f / sqrtf(row_square_around(x, count, mean) / (float)count + epsilon);
    for (int64_t i = 0; i < count; i += VL) {
        const int64_t left = count - i < VL ? count - i : VL;
        vf v = (vf_load_n(x + i, left) - mean) * inverse;
        if (scale != NULL) v = v * (inc != 0 ? vf_load_n(scale + i, left) : vf_set1(*scale));
        if (bias != NULL) v = v + (inc != 0 ? vf_load_n(bias + i, left) : vf_set1(*bias));
        vf_store_n(y + i, v, left);
    }
    *out_mean = mean;
    *out_inverse = inverse;
}

static void rotate_row(float *y, const float *x, const float *cosines, const float *sines, int64_t count, int64_t pairs,
                       bool interleaved) {
    for (int64_t i = 0; interleaved && i < pairs; i++) {
        const float a = x[2 * i], b = x[2 * i + 1];
        y[2 * i] = a * cosines[i] - b * sines[i];
        y[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
    for (int64_t i = 0; !interleaved && i < pairs; i += VL) {
        const int64_t left = pairs - i < VL ? pairs - i : VL;
        const vf a = vf_load_n(x + i, left), b = vf_load_n(x + pairs + i, left);
        const vf c = vf_load_n(cosines + i, left), s = vf_load_n(sines + i, left);
        vf_store_n(y + i, a * c - b * s, left);
        vf_store_n(y + pairs + i, a * s + b * c, left);
    }
    if (y != x && count > 2 * pairs) memcpy(y + 2 * pairs, x + 2 * pairs, (size_t)(count - 2 * pairs) * sizeof *y);
}

static void add_row(float *y, const float *a, const float *b, const float *c, int64_t count) {
    for (int64_t i = 0; i < count; i += VL) {
        const int64_t left = count - i < VL ? count - i : VL;
        vf v = vf_load_n(a + i, left) + vf_load_n(b + i, left);
        if (c != NULL) v = v + vf_load_n(c + i, left);
        vf_store_n(y + i, v, left);
    }
}

#define BY_FOLD(prefix)                                                                                                \
    {                                                                                                                  \
        [ORTCPU_FOLD_SUM] = prefix##_sum, [ORTCPU_FOLD_ABS] = prefix##_abs, [ORTCPU_FOLD_SQUARE] = prefix##_square,    \
        [ORTCPU_FOLD_EXP] = prefix##_exp, [ORTCPU_FOLD_PROD] = prefix##_prod, [ORTCPU_FOLD_MAX] = prefix##_max,        \
        [ORTCPU_FOLD_MIN] = prefix##_min                                                                               \
    }
const ortcpu_row_loops ORTCPU_FN(ortcpu_row_loops) = {
    .fold_row = BY_FOLD(row),
    .fold_column = BY_FOLD(column),
    .softmax_row = softmax_row,
    .softmax_columns = softmax_columns,
    .norm_row = norm_row,
    .rotate_row = rotate_row,
    .add_row = add_row,
};
