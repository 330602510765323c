/* What becomes of a row of scores (ai.onnx.ml, attribute post_transform). */
#include "ml/rows.h"

#include <math.h>

ort_status *ortcpu_post_read(const ortk_node *node, ortcpu_post *out) {
    static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        *out = (ortcpu_post)i;
        if (ortk_attr_is(node, "post_transform", "NONE", names[i])) return NULL;
    }
    ort_string_view text = ortk_attr_text(node, "post_transform", "NONE");
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': post_transform is '%.*s'", ortk_node_op(node),
                     ortk_node_name(node), (int)text.length, text.data);
}

static float logistic(float x) {
    const float v = 1 / (1 + expf(-fabsf(x)));
    return x < 0 ? 1 - v : v;
}

/* Winitzki's approximation of the inverse error function, which the operators' definition uses. */
static float probit(float x) {
    const float twice = 2 * x - 1, rest = (1 - twice) * (1 + twice);
    if (rest == 0) return 0;
    const float log = logf(rest), first = 2 / (3.14159265f * 0.147f) + 0.5f * log, second = log / 0.147f;
    return (twice < 0 ? -1.41421356f : 1.41421356f) * sqrtf(-first + sqrtf(first * first - second));
}

/* exp(x - max) over their sum. Where `keeps_zero`, what is (nearly) 0 stays at its share of exp(-max). */
static void softmax(float *scores, int64_t count, bool keeps_zero) {
    float largest = scores[0], sum = 0;
    for (int64_t i = 1; i < count; i++) largest = scores[i] > largest ? scores[i] : largest;
    for (int64_t i = 0; i < count; i++) {
        const bool is_zero = keeps_zero && fabsf(scores[i]) <= 1e-7f;
        scores[i] = is_zero ? scores[i] * expf(-largest) : expf(scores[i] - largest);
        sum += scores[i];
    }
    for (int64_t i = 0; i < count; i++) scores[i] = sum == 0 ? 0.5f : scores[i] / sum;
}

void ortcpu_post_apply(ortcpu_post post, float *scores, int64_t count) {
    if (post == ORTCPU_POST_SOFTMAX || post == ORTCPU_POST_SOFTMAX_ZERO)
        softmax(scores, count, post == ORTCPU_POST_SOFTMAX_ZERO);
    if (post == ORTCPU_POST_LOGISTIC)
        for (int64_t i = 0; i < count; i++) scores[i] = logistic(scores[i]);
    if (post == ORTCPU_POST_PROBIT)
        for (int64_t i = 0; i < count; i++) scores[i] = probit(scores[i]);
}
