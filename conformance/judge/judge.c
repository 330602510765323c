/* The comparison. Each class is a function that says how much of its tolerance one element uses; D and C look at the
 * whole tensor as well. */
#include "judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ORTC_RANK_MAX 32u

typedef struct trial {
    const ortc_tensor *got, *want, *bound;
    const ortc_tolerance *tolerance;
    ortc_finding *out;
    double largest; /* |want|, finite: class C's measure */
} trial;

/* What element `index` uses of its tolerance: 0 nothing, 1 all, more is wrong. */
typedef double (*measure_fn)(const trial *t, int64_t index);

static double part_of(double error, double allowed) {
    return error == 0 ? 0 : allowed > 0 ? error / allowed : INFINITY;
}

static double measure_exact(const trial *t, int64_t index) {
    if (!ortc_dtype_is_float(t->want->dtype) || t->tolerance->is_bitwise)
        return ortc_element_bits(t->got, index) == ortc_element_bits(t->want, index) ? 0 : INFINITY;
    return ortc_element(t->got, index) == ortc_element(t->want, index) ? 0 : INFINITY;
}

/* The unit in the last place of `want`; subnormals are measured by the smallest normal number's. */
static double unit_of(ort_dtype dtype, double want) {
    double magnitude = fmax(fabs(want), ortc_min_normal(dtype));
    return ldexp(1, ilogb(magnitude) - ortc_mantissa_bits(dtype));
}

static double measure_ulp(const trial *t, int64_t index) {
    double want = ortc_element(t->want, index), unit = unit_of(t->want->dtype, want), ulp = t->tolerance->ulp;
    double error = fabs(ortc_element(t->got, index) - want);
    /* `want` is rounded itself: half a unit, once anything beyond correct rounding is allowed. Correct rounding of a
     * subnormal may be flushed. */
    double allowed = ulp > 0 ? (ulp + 0.5) * unit : fabs(want) < ortc_min_normal(t->want->dtype) ? fabs(want) : 0;
    return part_of(error, allowed);
}

static double bound_unit(const trial *t, int64_t index) {
    double bound = fabs(ortc_element(t->bound, index));
    return fmax(ldexp(bound, -1 - ortc_mantissa_bits(t->want->dtype)), ortc_min_normal(t->want->dtype));
}

static double bound_error(const trial *t, int64_t index) {
    return (ortc_element(t->got, index) - ortc_element(t->want, index)) / bound_unit(t, index);
}

static double measure_bound(const trial *t, int64_t index) {
    return part_of(fabs(bound_error(t, index)), 2 * (double)t->tolerance->product_count);
}

static double measure_composite(const trial *t, int64_t index) {
    double want = ortc_element(t->want, index), error = fabs(ortc_element(t->got, index) - want);
    double atol = t->tolerance->atol > 0 ? t->tolerance->atol : 1e-5 * t->largest;
    double widen = ldexp(1, 23 - ortc_mantissa_bits(t->want->dtype)); /* float16 and bfloat16 hold less */
    if (widen > 1) atol = fmax(atol, t->largest * ldexp(4, -ortc_mantissa_bits(t->want->dtype)));
    double rtol = fmax(t->tolerance->rtol, ldexp(4, -ortc_mantissa_bits(t->want->dtype)));
    return part_of(error, atol + rtol * fabs(want));
}

static double measure_steps(const trial *t, int64_t index) {
    if (ortc_dtype_is_float(t->want->dtype)) return measure_ulp(t, index);
    double distance = fabs(ortc_element(t->got, index) - ortc_element(t->want, index));
    return part_of(distance, t->tolerance->ulp);
}

static double measure_official(const trial *t, int64_t index) {
    double want = ortc_element(t->want, index);
    return part_of(fabs(ortc_element(t->got, index) - want), t->tolerance->atol + t->tolerance->rtol * fabs(want));
}

static const struct {
    char name;
    measure_fn measure;
} measures[] = {{'E', measure_exact},     {'U', measure_ulp},   {'D', measure_bound},   {'R', measure_bound},
                {'C', measure_composite}, {'Q', measure_steps}, {'O', measure_official}};

static measure_fn measure_for(const trial *t) {
    char name = *t->tolerance->kind->name;
    if (!ortc_dtype_is_float(t->want->dtype) && name != 'Q') return measure_exact;
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (measures[i].name == name) return measures[i].measure;
    return measure_exact;
}

/* NaN and infinity are right or wrong in every class; the measure sees finite numbers alone. */
static double use_of(const trial *t, measure_fn measure, int64_t index) {
    if (!ortc_dtype_is_float(t->want->dtype)) return measure(t, index);
    double got = ortc_element(t->got, index), want = ortc_element(t->want, index);
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got)) return want == got ? 0 : INFINITY;
    return measure(t, index);
}

static void elements_compare(trial *t) {
    ortc_finding *out = t->out;
    measure_fn measure = measure_for(t);
    int64_t count = ortc_tensor_count(t->want);
    bool is_float = ortc_dtype_is_float(t->want->dtype);
    for (int64_t i = 0; i < count; i++) {
        double used = use_of(t, measure, i), want = is_float ? fabs(ortc_element(t->want, i)) : 0;
        if (want > 0 && want < ortc_min_normal(t->want->dtype)) out->subnormal_count++;
        if (used > 1) out->wrong_count++;
        if (used <= out->used && i > 0) continue;
        out->used = used;
        out->worst_index = i;
    }
    if (count == 0) return;
    out->got = ortc_element(t->got, out->worst_index);
    out->want = ortc_element(t->want, out->worst_index);
    if (out->wrong_count)
        snprintf(out->text, sizeof out->text,
                 "%lld of %lld elements differ, worst at %lld: got %.9g, wanted %.9g (%.3g x what class %s allows)",
                 (long long)out->wrong_count, (long long)count, (long long)out->worst_index, out->got, out->want,
                 out->used, t->tolerance->kind->name);
}

static bool is_number(double x) {
    return !isnan(x) && !isinf(x);
}

/* TOSA: the sum of squared unit errors, and for zero-mean inputs their sum, tell a narrow format from bad luck. */
static void products_compare(trial *t) {
    double squares = 0, sum = 0, products = (double)t->tolerance->product_count;
    int64_t count = ortc_tensor_count(t->want), finite = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!is_number(ortc_element(t->want, i)) || !is_number(ortc_element(t->bound, i))) continue;
        double error = bound_error(t, i);
        squares += error * error;
        sum += error;
        finite++;
    }
    double allowed = 1.6 * products * (double)finite;
    if (t->out->wrong_count == 0 && squares > allowed)
        snprintf(t->out->text, sizeof t->out->text,
                 "unit errors squared add up to %.4g, %.4g allowed for %lld outputs of %lld products", squares, allowed,
                 (long long)finite, (long long)t->tolerance->product_count);
    else if (t->out->wrong_count == 0 && t->tolerance->is_zero_mean && fabs(sum) > sqrt(10 * allowed))
        snprintf(t->out->text, sizeof t->out->text, "unit errors add up to %.4g, %.4g allowed: they lean to one side",
                 sum, sqrt(10 * allowed));
}

static void whole_compare(trial *t) {
    double error = 0, power = 0;
    int64_t count = ortc_tensor_count(t->want);
    for (int64_t i = 0; i < count; i++) {
        double want = ortc_element(t->want, i), got = ortc_element(t->got, i);
        if (!is_number(want) || !is_number(got)) continue;
        error += (got - want) * (got - want);
        power += want * want;
    }
    int bits = ortc_mantissa_bits(t->want->dtype);
    double allowed = bits >= 23 ? 1e-9 : bits >= 10 ? 5e-6 : 5e-4;
    if (t->out->wrong_count == 0 && error > allowed * power)
        snprintf(t->out->text, sizeof t->out->text, "normalised squared error %.3g, %.3g allowed",
                 power > 0 ? error / power : INFINITY, allowed);
}

static void largest_find(trial *t) {
    int64_t count = ortc_tensor_count(t->want);
    for (int64_t i = 0; i < count; i++) {
        double want = fabs(ortc_element(t->want, i));
        if (is_number(want) && want > t->largest) t->largest = want;
    }
}

static size_t shape_text(const ortc_tensor *tensor, char *out, size_t size_bytes) {
    size_t used = (size_t)snprintf(out, size_bytes, "%s[", ortc_dtype_name(tensor->dtype));
    for (uint32_t i = 0; i < tensor->rank && used < size_bytes; i++)
        used += (size_t)snprintf(out + used, size_bytes - used, "%s%lld", i ? "," : "", (long long)tensor->dims[i]);
    if (used < size_bytes) used += (size_t)snprintf(out + used, size_bytes - used, "]");
    return used;
}

static bool same_shape(const ortc_tensor *a, const ortc_tensor *b) {
    bool is_same = a->rank == b->rank;
    for (uint32_t i = 0; is_same && i < a->rank; i++) is_same = a->dims[i] == b->dims[i];
    return is_same;
}

static void strings_compare(trial *t) {
    bool is_same = t->got->size_bytes == t->want->size_bytes &&
                   (t->want->size_bytes == 0 || memcmp(t->got->data, t->want->data, (size_t)t->want->size_bytes) == 0);
    if (is_same) return;
    t->out->wrong_count = 1;
    t->out->used = INFINITY;
    snprintf(t->out->text, sizeof t->out->text, "strings differ");
}

static bool broken(ortc_finding *out, const char *why) {
    out->is_broken = true;
    snprintf(out->text, sizeof out->text, "%s", why);
    return false;
}

static bool is_judgeable(const trial *t) {
    if (t->want->dtype == ORT_DTYPE_STRING) return true;
    if (!ortc_tensor_is_readable(t->want)) return broken(t->out, "the wanted tensor's type or size can't be read");
    if (!ortc_tensor_is_readable(t->got)) {
        snprintf(t->out->text, sizeof t->out->text, "the answer holds %llu bytes, too few for its shape",
                 (unsigned long long)t->got->size_bytes);
        return false;
    }
    if (!ortc_tolerance_needs_bound(t->tolerance)) return true;
    if (!t->bound) return broken(t->out, "classes D and R need a bound tensor, and the case has none");
    if (!same_shape(t->bound, t->want) || !ortc_dtype_is_float(t->bound->dtype) || !ortc_tensor_is_readable(t->bound))
        return broken(t->out, "the bound tensor has not the wanted tensor's shape");
    if (t->tolerance->product_count < 1) return broken(t->out, "classes D and R need \"products\" of at least 1");
    return true;
}

/* A complex number is two floats beside each other, and right when both are. */
static ortc_tensor as_pairs(const ortc_tensor *tensor, int64_t dims[ORTC_RANK_MAX + 1]) {
    ortc_tensor pairs = *tensor;
    memcpy(dims, tensor->dims, tensor->rank * sizeof *dims);
    dims[pairs.rank++] = 2;
    pairs.dims = dims;
    pairs.dtype = tensor->dtype == ORT_DTYPE_C64 ? ORT_DTYPE_F32 : ORT_DTYPE_F64;
    return pairs;
}

static void complex_judge(const ortc_tensor *got, const ortc_tensor *want, const ortc_tensor *bound,
                          const ortc_tolerance *tolerance, ortc_finding *out) {
    int64_t got_dims[ORTC_RANK_MAX + 1], want_dims[ORTC_RANK_MAX + 1];
    if (want->rank > ORTC_RANK_MAX) {
        broken(out, "its rank is too high");
        return;
    }
    const ortc_tensor got_pairs = as_pairs(got, got_dims), want_pairs = as_pairs(want, want_dims);
    ortc_judge(&got_pairs, &want_pairs, bound, tolerance, out);
}

void ortc_judge(const ortc_tensor *got, const ortc_tensor *want, const ortc_tensor *bound,
                const ortc_tolerance *tolerance, ortc_finding *out) {
    trial t = {.got = got, .want = want, .bound = bound, .tolerance = tolerance, .out = out};
    *out = (ortc_finding){.is_equal = false};
    if (got->dtype != want->dtype || !same_shape(got, want)) {
        size_t used = (size_t)snprintf(out->text, sizeof out->text, "is ");
        used += shape_text(got, out->text + used, 120);
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, ", wanted ");
        shape_text(want, out->text + used, 120);
        return;
    }
    if (want->dtype == ORT_DTYPE_C64 || want->dtype == ORT_DTYPE_C128) {
        complex_judge(got, want, bound, tolerance, out);
        return;
    }
    if (!is_judgeable(&t)) return;
    if (want->dtype == ORT_DTYPE_STRING) {
        strings_compare(&t);
    } else {
        bool is_float = ortc_dtype_is_float(want->dtype);
        if (is_float) largest_find(&t);
        elements_compare(&t);
        if (is_float && *tolerance->kind->name == 'D') products_compare(&t);
        if (is_float && *tolerance->kind->name == 'C') whole_compare(&t);
    }
    out->is_equal = out->text[0] == 0;
}
