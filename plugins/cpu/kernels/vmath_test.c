/* vmath.h under every instruction set of this machine against the C library in double precision: patterns of bits from
 * the whole range, denormals, infinities and NaN among them. */
#include <math.h>
#include <string.h>

#include "kernels/isa.h"
#include "kernels/vmath_probe.h"
#include "testing/test.h"

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double softplus(double x) {
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}
static double same_sqrt(double x) {
    return sqrt(x);
}

typedef struct expected {
    const char *name;
    double (*f)(double);
    double ulps;
} expected;

static const expected table[PROBE_COUNT] = {
    [PROBE_EXP] = {"exp", exp, 1.1},       [PROBE_EXPM1] = {"expm1", expm1, 1.7},
    [PROBE_LOG] = {"log", log, 1.0},       [PROBE_LOG1P] = {"log1p", log1p, 2.5},
    [PROBE_TANH] = {"tanh", tanh, 2.7},    [PROBE_SIGMOID] = {"sigmoid", sigmoid, 2.5},
    [PROBE_ERF] = {"erf", erf, 1.5},       [PROBE_SOFTPLUS] = {"softplus", softplus, 2.8},
    [PROBE_SQRT] = {"sqrt", same_sqrt, 1}, [PROBE_ROUND] = {"round", nearbyint, 0},
    [PROBE_FLOOR] = {"floor", floor, 0},   [PROBE_CEIL] = {"ceil", ceil, 0},
    [PROBE_TRUNC] = {"trunc", trunc, 0},
};

static bool close_enough(float got, double want, double ulps) {
    float rounded = (float)want;
    if (isnan(rounded)) return isnan(got);
    if (isinf(rounded)) return got == rounded;
    int e = 0;
    frexp(want, &e);
    if (e < -125) e = -125;
    return fabs(got - want) <= ulps * ldexp(1, e - 24);
}

static void sweep(const char *isa, vmath_probe_fn *probe) {
    enum { N = 1003 };
    float x[N], y[N];
    for (uint32_t start = 0; start < 400; start++) {
        for (uint32_t i = 0; i < N; i++) {
            uint32_t bits = (start * N + i) * 10711U;
            memcpy(x + i, &bits, sizeof(bits));
        }
        x[0] = NAN, x[1] = INFINITY, x[2] = -INFINITY, x[3] = 0.0f, x[4] = -0.0f;
        for (int f = 0; f < PROBE_COUNT; f++) {
            probe(f, x, y, N);
            for (int i = 0; i < N; i++)
                CHECK(close_enough(y[i], table[f].f((double)x[i]), table[f].ulps), "%s %s(%a) is %a, want %a", isa,
                      table[f].name, (double)x[i], (double)y[i], table[f].f((double)x[i]));
        }
    }
}

static void signs_of_zero(vmath_probe_fn *probe) {
    static const int odd[] = {PROBE_EXPM1, PROBE_TANH, PROBE_ERF, PROBE_ROUND, PROBE_FLOOR, PROBE_CEIL, PROBE_TRUNC};
    float x[2] = {0.0f, -0.0f}, y[2];
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        probe(odd[i], x, y, 2);
        CHECK(!signbit(y[0]) && signbit(y[1]), "%s", table[odd[i]].name);
    }
}

static void bounds(vmath_probe_bounds_fn *probe) {
    float a[6] = {1, NAN, 1, -INFINITY, 3, NAN}, b[6] = {2, 1, NAN, 1, -3, NAN}, larger[6], smaller[6];
    probe(a, b, larger, smaller, 6);
    CHECK(larger[0] == 2 && smaller[0] == 1 && larger[3] == 1 && smaller[3] == -INFINITY && larger[4] == 3);
    CHECK(isnan(larger[1]) && isnan(larger[2]) && isnan(smaller[1]) && isnan(smaller[2]) && isnan(larger[5]));
}

ORT_TEST(vmath, within_ulps_over_the_whole_range) {
    sweep("baseline", vmath_probe_baseline);
#if defined(__x86_64__)
    if (ortcpu_isa_available(ORTCPU_ISA_AVX2)) sweep("avx2", vmath_probe_avx2);
    if (ortcpu_isa_available(ORTCPU_ISA_AVX512)) sweep("avx512", vmath_probe_avx512);
#endif
}

ORT_TEST(vmath, zero_keeps_its_sign) {
    signs_of_zero(vmath_probe_baseline);
#if defined(__x86_64__)
    if (ortcpu_isa_available(ORTCPU_ISA_AVX2)) signs_of_zero(vmath_probe_avx2);
    if (ortcpu_isa_available(ORTCPU_ISA_AVX512)) signs_of_zero(vmath_probe_avx512);
#endif
}

ORT_TEST(vmath, larger_and_smaller_keep_nan) {
    bounds(vmath_probe_bounds_baseline);
#if defined(__x86_64__)
    if (ortcpu_isa_available(ORTCPU_ISA_AVX2)) bounds(vmath_probe_bounds_avx2);
    if (ortcpu_isa_available(ORTCPU_ISA_AVX512)) bounds(vmath_probe_bounds_avx512);
#endif
}
