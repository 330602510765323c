#include "judge/judge.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>

#define COUNT(array)           ((int64_t)(sizeof(array) / sizeof *(array)))
#define TENSOR(type, array, n) ((ortc_tensor){type, 1, (const int64_t[]){n}, array, sizeof(array)})
#define F32(array)             TENSOR(ORT_DTYPE_F32, array, COUNT(array))

static ortc_tolerance tolerance(const char *json) {
    char text[200] = "";
    ortc_tolerance out;
    json_t *notes = json_loads(json, 0, NULL);
    CHECK(notes != NULL, "%s is no JSON", json);
    CHECK(ortc_tolerance_read(notes, &out, text, sizeof text), "%s", text);
    json_decref(notes);
    return out;
}

static ortc_finding judge_bound(ortc_tensor got, ortc_tensor want, const ortc_tensor *bound, const char *json) {
    ortc_finding finding;
    ortc_tolerance allowed = tolerance(json);
    ortc_judge(&got, &want, bound, &allowed, &finding);
    CHECK(finding.is_equal == (finding.text[0] == 0), "a verdict and its text agree");
    return finding;
}

static ortc_finding judge(ortc_tensor got, ortc_tensor want, const char *json) {
    return judge_bound(got, want, NULL, json);
}

ORT_TEST(judge, official_tolerance_is_relative_and_absolute) {
    float want[] = {1000, 0}, near[] = {1000.9f, 0.9e-7f}, far[] = {1001.2f, 0}, off[] = {1000, 2e-7f};
    CHECK(judge(F32(near), F32(want), "{}").is_equal, "inside");
    ortc_finding finding = judge(F32(far), F32(want), "{}");
    CHECK(!finding.is_equal && finding.wrong_count == 1 && finding.worst_index == 0, "%s", finding.text);
    CHECK(!judge(F32(off), F32(want), "{}").is_equal, "atol counts at zero");
}

ORT_TEST(judge, exact_knows_nan_and_signed_zero) {
    float want[] = {NAN, 0, INFINITY, -1}, same[] = {-NAN, -0.0f, INFINITY, -1}, missing[] = {0, 0, INFINITY, -1};
    CHECK(judge(F32(same), F32(want), "{\"class\":\"E\"}").is_equal, "NaN is NaN, zero is zero");
    float zero[] = {0, 1}, negative[] = {-0.0f, 1};
    CHECK(!judge(F32(negative), F32(zero), "{\"class\":\"E\",\"bits\":true}").is_equal, "bitwise: -0 is not 0");
    CHECK(!judge(F32(missing), F32(want), "{\"class\":\"E\"}").is_equal, "a NaN must be where it is wanted");
}

ORT_TEST(judge, nan_and_infinity_count_in_every_class) {
    float want[] = {INFINITY, 1}, wrong[] = {3.4e38f, 1}, nan[] = {NAN, 1}, bound_[] = {1, 1};
    ortc_tensor bound = F32(bound_);
    static const char *const each[] = {"{\"class\":\"E\"}",
                                       "{\"class\":\"U\",\"ulp\":100}",
                                       "{\"class\":\"D\",\"products\":9}",
                                       "{\"class\":\"R\",\"products\":9}",
                                       "{\"class\":\"C\"}",
                                       "{\"class\":\"Q\"}",
                                       "{\"class\":\"O\",\"rtol\":9}"};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        CHECK(judge_bound(F32(want), F32(want), &bound, each[i]).is_equal, "%s: itself", each[i]);
        CHECK(!judge_bound(F32(wrong), F32(want), &bound, each[i]).is_equal, "%s: finite for infinite", each[i]);
        CHECK(!judge_bound(F32(nan), F32(want), &bound, each[i]).is_equal, "%s: NaN for infinite", each[i]);
    }
}

ORT_TEST(judge, ulp_counts_units_of_the_output) {
    float want[] = {1}, one[] = {1 + 0x1p-23f}, five[] = {1 + 5 * 0x1p-23f};
    CHECK(!judge(F32(one), F32(want), "{\"class\":\"U\",\"ulp\":0}").is_equal, "0 is correct rounding");
    CHECK(judge(F32(one), F32(want), "{\"class\":\"U\",\"ulp\":1}").is_equal, "one of one");
    CHECK(!judge(F32(five), F32(want), "{\"class\":\"U\",\"ulp\":4}").is_equal, "five of four");
    uint16_t half_want[] = {0x3c00}, half_next[] = {0x3c01}, half_far[] = {0x3c03};
    CHECK(judge(TENSOR(ORT_DTYPE_F16, half_next, 1), TENSOR(ORT_DTYPE_F16, half_want, 1), "{\"class\":\"U\",\"ulp\":1}")
              .is_equal,
          "a unit of float16 is 2^-10");
    CHECK(!judge(TENSOR(ORT_DTYPE_F16, half_far, 1), TENSOR(ORT_DTYPE_F16, half_want, 1), "{\"class\":\"U\",\"ulp\":1}")
               .is_equal,
          "three are not one");
}

ORT_TEST(judge, subnormals_may_be_flushed_and_are_counted) {
    float want[] = {1e-40f, 1}, flushed[] = {0, 1}, wrong[] = {1e-37f, 1};
    ortc_finding finding = judge(F32(flushed), F32(want), "{\"class\":\"U\",\"ulp\":0}");
    CHECK(finding.is_equal && finding.subnormal_count == 1, "%s", finding.text);
    CHECK(!judge(F32(wrong), F32(want), "{\"class\":\"U\",\"ulp\":0}").is_equal, "a normal number is none");
}

/* 48 x K outputs of products of numbers from a fixed sequence: correct float32 passes, narrower inputs do not. */
enum { OUTPUTS = 64, PRODUCTS = 256 };
static double sequence(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 8388608.0 - 1;
}
static float narrowed(float x) { /* tf32: 10 bits of significand */
    return (float)(ldexp(nearbyint(ldexp(x, 11 - ilogbf(x))), ilogbf(x) - 11));
}
ORT_TEST(judge, dot_products_tell_float32_from_narrower_formats) {
    static float want[OUTPUTS], single[OUTPUTS], narrow[OUTPUTS], lost[OUTPUTS], bound_[OUTPUTS];
    uint32_t state = 7;
    for (int i = 0; i < OUTPUTS; i++) {
        double exact = 0, magnitude = 0;
        float sum = 0, sum_narrow = 0, sum_lost = 0;
        for (int k = 0; k < PRODUCTS; k++) {
            float a = (float)sequence(&state), b = (float)sequence(&state);
            exact += (double)a * (double)b;
            magnitude += fabs((double)a * (double)b);
            sum += a * b;
            sum_narrow += narrowed(a) * narrowed(b);
            if (k < PRODUCTS - 1) sum_lost += a * b;
        }
        want[i] = (float)exact, single[i] = sum, narrow[i] = sum_narrow, lost[i] = sum_lost,
        bound_[i] = (float)magnitude;
    }
    ortc_tensor bound = F32(bound_);
    const char *notes = "{\"class\":\"D\",\"products\":256,\"zero_mean\":true}";
    ortc_finding finding = judge_bound(F32(single), F32(want), &bound, notes);
    CHECK(finding.is_equal, "float32 accumulation: %s", finding.text);
    CHECK(!judge_bound(F32(narrow), F32(want), &bound, notes).is_equal, "tf32 inputs must fail");
    CHECK(!judge_bound(F32(lost), F32(want), &bound, notes).is_equal, "a lost product must fail");
}

ORT_TEST(judge, composites_are_measured_whole_and_by_element) {
    float want[64], near[64], spike[64];
    for (int i = 0; i < 64; i++) want[i] = near[i] = spike[i] = (float)(i + 1);
    near[3] *= 1.0002f;
    spike[0] = 1.01f;
    CHECK(judge(F32(near), F32(want), "{\"class\":\"C\"}").is_equal, "a little off");
    CHECK(!judge(F32(spike), F32(want), "{\"class\":\"C\"}").is_equal, "one element far off hides in no mean");
    for (int i = 0; i < 64; i++) near[i] = want[i] * (1 + 1e-4f);
    CHECK(!judge(F32(near), F32(want), "{\"class\":\"C\"}").is_equal, "all elements a little off add up");
}

ORT_TEST(judge, quantised_results_may_be_a_step_off) {
    uint8_t want[] = {7, 8}, step[] = {7, 9}, two[] = {7, 10};
    CHECK(judge(TENSOR(ORT_DTYPE_U8, step, 2), TENSOR(ORT_DTYPE_U8, want, 2), "{\"class\":\"Q\"}").is_equal,
          "one step");
    CHECK(!judge(TENSOR(ORT_DTYPE_U8, two, 2), TENSOR(ORT_DTYPE_U8, want, 2), "{\"class\":\"Q\"}").is_equal, "two");
    CHECK(!judge(TENSOR(ORT_DTYPE_U8, step, 2), TENSOR(ORT_DTYPE_U8, want, 2), "{}").is_equal, "O: integers are exact");
}

ORT_TEST(judge, integers_are_exact_beyond_what_a_double_holds) {
    int64_t want[] = {(INT64_C(1) << 60) + 1}, got[] = {INT64_C(1) << 60};
    CHECK(!judge(TENSOR(ORT_DTYPE_I64, got, 1), TENSOR(ORT_DTYPE_I64, want, 1), "{}").is_equal, "they differ by one");
}

ORT_TEST(judge, small_formats_decode) {
    static const struct {
        ort_dtype dtype;
        uint8_t bits;
        double value;
    } cases[] = {{ORT_DTYPE_F8E4M3FN, 0x7e, 448},
                 {ORT_DTYPE_F8E4M3FN, 0x7f, NAN},
                 {ORT_DTYPE_F8E4M3FN, 0x01, 0x1p-9},
                 {ORT_DTYPE_F8E5M2, 0x7c, INFINITY},
                 {ORT_DTYPE_F8E5M2, 0x7b, 57344},
                 {ORT_DTYPE_F8E4M3FNUZ, 0x80, NAN},
                 {ORT_DTYPE_F8E4M3FNUZ, 0x7f, 240},
                 {ORT_DTYPE_F8E5M2FNUZ, 0x7f, 57344},
                 {ORT_DTYPE_F8E8M0, 127, 1},
                 {ORT_DTYPE_F8E8M0, 255, NAN},
                 {ORT_DTYPE_F4E2M1, 0x07, 6},
                 {ORT_DTYPE_F4E2M1, 0x09, -0.5},
                 {ORT_DTYPE_I4, 0x0f, -1},
                 {ORT_DTYPE_U4, 0x0f, 15},
                 {ORT_DTYPE_I2, 0x02, -2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ortc_tensor tensor = {cases[i].dtype, 1, (const int64_t[]){1}, &cases[i].bits, 1};
        double got = ortc_element(&tensor, 0), want = cases[i].value;
        CHECK(got == want || (isnan(got) && isnan(want)), "%s 0x%02x is %g, got %g", ortc_dtype_name(cases[i].dtype),
              cases[i].bits, want, got);
    }
    uint8_t packed[] = {0x21, 0x03};
    ortc_tensor three = {ORT_DTYPE_U4, 1, (const int64_t[]){3}, packed, 2};
    CHECK(ortc_element(&three, 0) == 1 && ortc_element(&three, 1) == 2 && ortc_element(&three, 2) == 3,
          "low bits first");
}

ORT_TEST(judge, type_and_shape_are_exact) {
    float want[] = {1, 2};
    double other[] = {1, 2};
    ortc_finding finding = judge(TENSOR(ORT_DTYPE_F64, other, 2), F32(want), "{}");
    CHECK(!finding.is_equal);
    CHECK_STR(finding.text, "is float64[2], wanted float32[2]");
    ortc_tensor square = {ORT_DTYPE_F32, 2, (const int64_t[]){1, 2}, want, sizeof want};
    CHECK(!judge(square, F32(want), "{}").is_equal, "rank counts");
}

ORT_TEST(judge, a_case_that_can_not_be_judged_is_broken) {
    float want[] = {1};
    CHECK(judge(F32(want), F32(want), "{\"class\":\"D\",\"products\":4}").is_broken, "no bound");
    char text[200];
    ortc_tolerance out;
    json_t *notes = json_pack("{s:s}", "class", "Z");
    CHECK(!ortc_tolerance_read(notes, &out, text, sizeof text) && strstr(text, "'Z'"), "unknown class");
    json_decref(notes);
    notes = json_pack("{s:s, s:s}", "class", "U", "ulp", "many");
    CHECK(!ortc_tolerance_read(notes, &out, text, sizeof text) && strstr(text, "'ulp'"), "ulp is no number");
    json_decref(notes);
    notes = json_pack("{s:s, s:f}", "class", "D", "products", 1e300);
    CHECK(!ortc_tolerance_read(notes, &out, text, sizeof text) && strstr(text, "'products'"), "no such count");
    json_decref(notes);
}

ORT_TEST(judge, empty_tensors_are_equal) {
    ortc_tensor empty = {ORT_DTYPE_F32, 2, (const int64_t[]){0, 3}, NULL, 0};
    CHECK(judge(empty, empty, "{}").is_equal);
}

ORT_TEST(judge, complex_numbers_are_right_when_both_parts_are) {
    float want[] = {1, 2, 3, 4}, wrong[] = {1, 2, 3, 5};
    const int64_t dims[] = {2};
    ortc_tensor wanted = {ORT_DTYPE_C64, 1, dims, want, sizeof want};
    CHECK(judge(wanted, wanted, "{\"class\":\"E\"}").is_equal, "itself");
    ortc_finding finding =
        judge((ortc_tensor){ORT_DTYPE_C64, 1, dims, wrong, sizeof wrong}, wanted, "{\"class\":\"E\"}");
    CHECK(!finding.is_equal && finding.worst_index == 3, "%s", finding.text);
    ortc_tensor pairs = {ORT_DTYPE_F32, 2, (const int64_t[]){2, 2}, want, sizeof want};
    CHECK(!judge(pairs, wanted, "{}").is_equal, "a pair of floats is no complex number");
}
