#include "ops/resize_axis.h"

#include <math.h>

/* The first tap, counted from the pixel at or before the coordinate. */
static int64_t first_tap(const ortcpu_resize_rule *rule, double scale) {
    const double reach = rule->mode == ORTCPU_RESIZE_CUBIC ? 2.0 : 1.0;
    if (rule->antialias && scale < 1.0) return (int64_t)floor(-reach / scale) + 1;
    return rule->mode == ORTCPU_RESIZE_CUBIC ? -1 : 0;
}

int64_t ortcpu_resize_taps(const ortcpu_resize_rule *rule, double scale) {
    if (rule->mode == ORTCPU_RESIZE_NEAREST) return 1;
    const int64_t first = first_tap(rule, scale);
    return 2 - 2 * first; /* as many behind the coordinate as before it */
}

static double original(const ortcpu_resize_rule *rule, double scale, double start, double end,
                       const ortcpu_resize_axis *axis, int64_t i) {
    const double x = (double)i, in = (double)axis->in_dim, out = (double)axis->out_dim, exact = in * scale;
    switch (rule->coordinates) {
    case ORTCPU_RESIZE_HALF_PIXEL_SYMMETRIC:
        return in / 2 * (1 - out / exact) + (x + 0.5) / scale - 0.5;
    case ORTCPU_RESIZE_PYTORCH_HALF_PIXEL:
        return axis->out_dim > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case ORTCPU_RESIZE_ALIGN_CORNERS:
        return exact == 1 || axis->out_dim == 1 ? 0 : x * (in - 1) / (exact - 1);
    case ORTCPU_RESIZE_ASYMMETRIC:
        return x / scale;
    case ORTCPU_RESIZE_TF_CROP:
        if (axis->out_dim == 1) return 0.5 * (start + end) * (in - 1);
        return start * (in - 1) + x * (end - start) * (in - 1) / (out - 1);
    default:
        return (x + 0.5) / scale - 0.5;
    }
}

static double nearest(ortcpu_resize_nearest mode, double x) {
    switch (mode) {
    case ORTCPU_RESIZE_PREFER_CEIL:
        return floor(x + 0.5);
    case ORTCPU_RESIZE_FLOOR:
        return floor(x);
    case ORTCPU_RESIZE_CEIL:
        return ceil(x);
    default:
        return ceil(x - 0.5);
    }
}

/* Equation 4 of Keys, "Cubic convolution interpolation for digital image processing". */
static double cubic(double a, double distance) {
    const double d = fabs(distance);
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static double weight_at(const ortcpu_resize_rule *rule, double distance) {
    if (rule->mode == ORTCPU_RESIZE_CUBIC) return cubic((double)rule->cubic_a, distance);
    const double d = 1 - fabs(distance);
    return d > 0 ? d : 0;
}

static int64_t clamped(double x, int64_t dim) {
    return x < 0 ? 0 : x > (double)(dim - 1) ? dim - 1 : (int64_t)x;
}

static void fill_taps(const ortcpu_resize_rule *rule, double scale, const ortcpu_resize_axis *axis, int64_t i,
                      double x) {
    const double squeeze = rule->antialias && scale < 1 ? scale : 1, base = floor(x);
    const int64_t first = first_tap(rule, scale);
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < axis->taps; k++) {
            const double at = base + (double)(first + k);
            double weight = weight_at(rule, (at - x) * squeeze);
            if (rule->exclude_outside && (at < 0 || at >= (double)axis->in_dim)) weight = 0;
            if (pass == 0) {
                sum += weight;
                continue;
            }
            axis->indices[i * axis->taps + k] = clamped(at, axis->in_dim);
            axis->weights[i * axis->taps + k] = (float)(sum != 0 ? weight / sum : weight);
        }
}

void ortcpu_resize_fill(const ortcpu_resize_rule *rule, double scale, double start, double end,
                        ortcpu_resize_axis *axis) {
    for (int64_t i = 0; i < axis->out_dim; i++) {
        const double x = original(rule, scale, start, end, axis, i);
        axis->outside[i] = rule->coordinates == ORTCPU_RESIZE_TF_CROP && (x < 0 || x > (double)(axis->in_dim - 1));
        if (rule->mode != ORTCPU_RESIZE_NEAREST) {
            fill_taps(rule, scale, axis, i, x);
            continue;
        }
        axis->indices[i] = clamped(nearest(rule->nearest, x), axis->in_dim);
        axis->weights[i] = 1.0f;
    }
}
