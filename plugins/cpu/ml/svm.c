/* SVMClassifier and SVMRegressor: kernels with support vectors, or, without those, a linear machine (liblinear). */
#include "ml/ml.h"
#include "ml/rows.h"
#include "ops/table.h"

#include <math.h>

typedef enum svm_kernel { SVM_LINEAR, SVM_POLY, SVM_RBF, SVM_SIGMOID } svm_kernel;

typedef struct svm_params {
    svm_kernel kernel;
    float gamma, coef0, degree;
    const float *vectors, *coefficients, *rho, *prob_a, *prob_b;
    int64_t vector_values, coefficient_count, rho_count, prob_a_count, prob_b_count;
    const int64_t *per_class;
    int64_t per_class_count, vector_count;
    bool is_one_class, are_positive; /* no coefficient is negative */
    ortcpu_post post;
    ortcpu_classes classes;
} svm_params;

typedef struct svm_state {
    const svm_params *params;
    ortcpu_rows rows;
    int64_t pair_count, columns;
} svm_state;

/* ---- compile ---- */

static ort_status *wrong(const ortk_node *node, const char *what) {
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': %s", ortk_node_op(node), ortk_node_name(node), what);
}

static ort_status *kernel_read(const ortk_node *node, svm_params *p) {
    static const char *const names[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    float numbers[3] = {0};
    uint32_t count = ortk_attr_floats(node, "kernel_params", numbers, 3), i = 0;
    while (i < 4 && !ortk_attr_is(node, "kernel_type", "LINEAR", names[i])) i++;
    if (i == 4) return wrong(node, "kernel_type is none that there is");
    if (count && count != 3) return wrong(node, "kernel_params are three numbers");
    p->kernel = p->vector_count ? (svm_kernel)i : SVM_LINEAR;
    p->gamma = numbers[0];
    p->coef0 = numbers[1];
    p->degree = numbers[2];
    return NULL;
}

static ort_status *svm_compile(ortk_compiler *compiler, const ortk_node *node, svm_params *p) {
    ort_status *status = ortcpu_attr_floats(compiler, node, "support_vectors", &p->vectors, &p->vector_values);
    if (!status) status = ortcpu_attr_floats(compiler, node, "coefficients", &p->coefficients, &p->coefficient_count);
    if (!status) status = ortcpu_attr_floats(compiler, node, "rho", &p->rho, &p->rho_count);
    if (!status) status = ortcpu_attr_floats(compiler, node, "prob_a", &p->prob_a, &p->prob_a_count);
    if (!status) status = ortcpu_attr_floats(compiler, node, "prob_b", &p->prob_b, &p->prob_b_count);
    if (!status) status = ortcpu_post_read(node, &p->post);
    if (status) return status;
    if (p->rho_count == 0 || p->coefficient_count == 0) return wrong(node, "needs rho and coefficients");
    p->are_positive = true;
    for (int64_t i = 0; i < p->coefficient_count; i++) p->are_positive &= p->coefficients[i] >= 0;
    return kernel_read(node, p);
}

static ort_status *regressor_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    svm_params *p = params;
    p->vector_count = ortk_attr_int(node, "n_supports", 0);
    p->is_one_class = ortk_attr_int(node, "one_class", 0) != 0;
    ort_status *status = svm_compile(compiler, node, p);
    if (status) return status;
    if (p->vector_count < 0 || (p->vector_count && p->coefficient_count != p->vector_count))
        return wrong(node, "a coefficient for each support vector is needed");
    return NULL;
}

/* One-against-one: coefficients [classes - 1][vectors], rho for each pair. */
static ort_status *classifier_check(const ortk_node *node, const svm_params *p) {
    const int64_t count = p->classes.count, pairs = count * (count - 1) / 2;
    if (p->vector_count == 0)
        return p->coefficient_count % count ? wrong(node, "coefficients don't fit its classes") : NULL;
    if (p->per_class_count != count) return wrong(node, "vectors_per_class is not as long as its labels");
    if (p->coefficient_count != (count - 1) * p->vector_count) return wrong(node, "coefficients don't fit its vectors");
    if (p->rho_count < pairs) return wrong(node, "rho has fewer numbers than there are pairs of classes");
    if (p->prob_a_count && (p->prob_a_count < pairs || p->prob_b_count < pairs))
        return wrong(node, "prob_a and prob_b have fewer numbers than there are pairs of classes");
    return NULL;
}

static ort_status *classifier_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    svm_params *p = params;
    ort_status *status = ortcpu_classes_read(compiler, node, "classlabels_ints", &p->classes);
    if (!status) status = ortcpu_attr_ints(compiler, node, "vectors_per_class", &p->per_class, &p->per_class_count);
    for (int64_t i = 0; !status && i < p->per_class_count; i++) {
        if (p->per_class[i] < 0 || p->per_class[i] > INT32_MAX)
            status = wrong(node, "vectors_per_class is out of range");
        p->vector_count += p->per_class[i];
    }
    if (!status) status = svm_compile(compiler, node, p);
    return status ? status : classifier_check(node, p);
}

/* ---- kernels ---- */

static float kernel_of(const svm_params *p, const float *a, const float *b, int64_t width) {
    float sum = 0;
    for (int64_t i = 0; i < width; i++) {
        const float d = a[i] - b[i];
        sum += p->kernel == SVM_RBF ? d * d : a[i] * b[i];
    }
    switch (p->kernel) {
    case SVM_POLY:
        return powf(p->gamma * sum + p->coef0, p->degree);
    case SVM_SIGMOID:
        return tanhf(p->gamma * sum + p->coef0);
    case SVM_RBF:
        return expf(-p->gamma * sum);
    default:
        return sum;
    }
}

static ort_status *state_make(ortk_planner *planner, const svm_params *p, const ortk_desc *in, svm_state **out) {
    svm_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (svm_state){.params = p, .rows = ortcpu_rows_of(in)};
    const int64_t count = p->classes.count ? p->classes.count : 1;
    const int64_t wanted = p->vector_count ? p->vector_values : p->coefficient_count / count;
    const int64_t width = p->vector_count ? wanted / p->vector_count : wanted;
    s->pair_count = p->vector_count ? count * (count - 1) / 2 : count;
    if (s->rows.width != width || (p->vector_count && wanted % p->vector_count))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "rows of %lld features, the machine has %lld",
                         (long long)s->rows.width, (long long)width);
    *out = s;
    return NULL;
}

/* ---- SVMRegressor ---- */

static void regress_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const svm_state *s = step->state;
    const svm_params *p = s->params;
    const int64_t width = s->rows.width;
    for (int64_t row = begin; row < end; row++) {
        const float *x = ortcpu_row_f32(&s->rows, ortk_in(step, 0), row, scratch);
        float *out = (float *)ortk_out(step, 0) + row, sum = p->rho[0];
        for (int64_t i = 0; i < p->vector_count; i++)
            sum += p->coefficients[i] * kernel_of(p, x, p->vectors + i * width, width);
        if (p->vector_count == 0) sum += kernel_of(p, x, p->coefficients, width);
        *out = !p->is_one_class ? sum : sum > 0 ? 1 : -1;
        ortcpu_post_apply(p->post, out, 1);
    }
}

static ort_status *regress_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    const svm_params *p = params;
    svm_state *s = NULL;
    ort_status *status = state_make(planner, p, in, &s);
    if (status) return status;
    step->run = regress_run;
    step->state = s;
    step->task_count = s->rows.count;
    step->grain = 1 + 4096 / ((p->vector_count + 1) * (s->rows.width + 1));
    step->scratch_bytes = (uint64_t)s->rows.width * sizeof(float);
    step->cost_ns = 1 + (double)(s->rows.count * (p->vector_count + 1) * s->rows.width);
    return NULL;
}

/* ---- SVMClassifier ---- */

/* What a thread works in. */
typedef struct svm_space {
    float *row, *kernels, *votes, *scores, *probabilities, *pairwise, *squares, *product;
} svm_space;

static svm_space space_cut(const svm_state *s, void *scratch) {
    const int64_t count = s->params->classes.count;
    svm_space space;
    space.row = scratch;
    space.kernels = space.row + s->rows.width;
    space.votes = space.kernels + s->params->vector_count;
    space.scores = space.votes + count;
    space.probabilities = space.scores + s->pair_count + 2;
    space.pairwise = space.probabilities + count;
    space.squares = space.pairwise + count * count;
    space.product = space.squares + count * count;
    return space;
}

static uint64_t space_bytes(const svm_state *s) {
    const int64_t count = s->params->classes.count;
    return (uint64_t)(s->rows.width + s->params->vector_count + 3 * count + s->pair_count + 2 + 2 * count * count) *
           sizeof(float);
}

/* A score and a vote for each pair of classes. */
static void pairs_score(const svm_state *s, const float *x, const svm_space *space) {
    const svm_params *p = s->params;
    const int64_t count = p->classes.count;
    int64_t pair = 0, from_i = 0;
    for (int64_t v = 0; v < p->vector_count; v++)
        space->kernels[v] = kernel_of(p, x, p->vectors + v * s->rows.width, s->rows.width);
    memset(space->votes, 0, (size_t)count * sizeof *space->votes);
    for (int64_t i = 0; i < count; from_i += p->per_class[i++]) {
        int64_t from_j = from_i + p->per_class[i];
        for (int64_t j = i + 1; j < count; from_j += p->per_class[j++], pair++) {
            const float *first = p->coefficients + (j - 1) * p->vector_count,
                        *second = p->coefficients + i * p->vector_count;
            float sum = p->rho[pair];
            for (int64_t v = from_i; v < from_i + p->per_class[i]; v++) sum += first[v] * space->kernels[v];
            for (int64_t v = from_j; v < from_j + p->per_class[j]; v++) sum += second[v] * space->kernels[v];
            space->scores[pair] = sum;
            space->votes[sum > 0 ? i : j] += 1;
        }
    }
}

/* Probabilities of classes from those of pairs: Wu, Lin and Weng, "Probability estimates for multi-class
 * classification by pairwise coupling" (2004), second method. */
static void pairs_couple(int64_t count, const float *pairwise, float *q, float *product, float *out) {
    const int64_t iterations = count > 100 ? count : 100;
    for (int64_t t = 0; t < count; t++) {
        out[t] = 1 / (float)count;
        q[t * count + t] = 0;
        for (int64_t j = 0; j < count; j++) {
            const float back = pairwise[j * count + t];
            if (j == t) continue;
            q[t * count + t] += back * back;
            q[t * count + j] = -back * pairwise[t * count + j];
        }
    }
    for (int64_t round = 0; round < iterations; round++) {
        float whole = 0, error = 0;
        for (int64_t t = 0; t < count; t++) {
            product[t] = 0;
            for (int64_t j = 0; j < count; j++) product[t] += q[t * count + j] * out[j];
            whole += out[t] * product[t];
        }
        for (int64_t t = 0; t < count; t++) error = fmaxf(error, fabsf(product[t] - whole));
        if (error < 0.005f / (float)count) return;
        for (int64_t t = 0; t < count; t++) {
            const float own = q[t * count + t], step = (whole - product[t]) / own, grown = 1 + step;
            out[t] += step;
            whole = (whole + step * (step * own + 2 * product[t])) / grown / grown;
            for (int64_t j = 0; j < count; j++) {
                product[j] = (product[j] + step * q[t * count + j]) / grown;
                out[j] /= grown;
            }
        }
    }
}

/* Platt's sigmoid of each pair's score, then one probability a class. */
static void probabilities_make(const svm_state *s, const svm_space *space) {
    const svm_params *p = s->params;
    const int64_t count = p->classes.count;
    int64_t pair = 0;
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = i + 1; j < count; j++, pair++) {
            float one = 1 / (1 + expf(space->scores[pair] * p->prob_a[pair] + p->prob_b[pair]));
            one = fminf(fmaxf(one, 1e-7f), 1 - 1e-7f);
            space->pairwise[i * count + j] = one;
            space->pairwise[j * count + i] = 1 - one;
        }
    pairs_couple(count, space->pairwise, space->squares, space->product, space->probabilities);
}

static int32_t largest(const float *numbers, int64_t count) {
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (numbers[i] > numbers[best]) best = i;
    return best;
}

/* One row's scores into `out` (columns of them); its class. */
static int32_t row_classify(const svm_state *s, const float *x, const svm_space *space, float *out) {
    const svm_params *p = s->params;
    const int64_t count = p->classes.count;
    const bool has_probabilities = p->vector_count && p->prob_a_count;
    int32_t best;
    if (p->vector_count) {
        pairs_score(s, x, space);
        if (has_probabilities) probabilities_make(s, space);
        best = largest(space->votes, count);
    } else {
        for (int64_t c = 0; c < count; c++)
            space->scores[c] = p->rho[0] + kernel_of(p, x, p->coefficients + c * s->rows.width, s->rows.width);
        best = largest(space->scores, count);
        if (p->rho_count == 1 && count == 2 && p->are_positive && space->scores[best] >= 0.5f) best = 1;
    }
    if (has_probabilities) {
        memcpy(out, space->probabilities, (size_t)count * sizeof *out);
    } else if (s->pair_count == 1) {
        out[0] = -space->scores[0];
        out[1] = space->scores[0];
    } else {
        memcpy(out, space->scores, (size_t)s->pair_count * sizeof *out);
    }
    ortcpu_post_apply(p->post, out, s->columns);
    return best;
}

static void classify_score(const void *model, const ortk_step *step, int64_t begin, int64_t end, void *scratch,
                           int32_t *chosen) {
    const svm_state *s = model;
    const svm_space space = space_cut(s, scratch);
    float *spare = (float *)(void *)((char *)scratch + space_bytes(s));
    for (int64_t row = begin; row < end; row++) {
        float *out = ortcpu_scores_out(step) ? ortcpu_scores_out(step) + row * s->columns : spare;
        const float *x = ortcpu_row_f32(&s->rows, ortk_in(step, 0), row, space.row);
        chosen[row - begin] = row_classify(s, x, &space, out);
    }
}

static ort_status *classify_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    const svm_params *p = params;
    svm_state *s = NULL;
    ort_status *status = state_make(planner, p, in, &s);
    if (status) return status;
    s->columns = p->vector_count && p->prob_a_count ? p->classes.count : s->pair_count == 1 ? 2 : s->pair_count;
    const double cost_ns = (double)((p->vector_count + p->classes.count) * (s->rows.width + 1));
    return ortcpu_classify_plan(planner, &p->classes, s->rows.count, s->columns, out, out_count, classify_score, s,
                                space_bytes(s) + (uint64_t)s->columns * sizeof(float), 8, cost_ns, step);
}

static const ortk_kernel kernels[] = {
    ORTCPU_ML("SVMClassifier", 1, ORTCPU_TYPES_ML, svm_params, NULL, classifier_compile, classify_plan),
    ORTCPU_ML("SVMRegressor", 1, ORTCPU_TYPES_ML, svm_params, NULL, regressor_compile, regress_plan),
};
const ortcpu_op_table ortcpu_ml_svm = ORTCPU_TABLE(kernels);
