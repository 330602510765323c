/* LinearClassifier and LinearRegressor: scores = X * coefficients + intercepts. */
#include "ml/ml.h"
#include "ml/rows.h"
#include "ops/table.h"

typedef struct linear_params {
    const float *coefficients, *intercepts; /* [targets][width], [targets] or NULL */
    int64_t coefficient_count, intercept_count, targets;
    ortcpu_post post;
    ortcpu_classes classes;
} linear_params;

typedef struct linear_state {
    const linear_params *params;
    ortcpu_rows rows;
    int64_t targets, columns; /* columns: 2 for one target that tells two classes apart */
} linear_state;

static ort_status *linear_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    linear_params *p = params;
    p->targets = ortk_attr_int(node, "targets", 1);
    ort_status *status = ortcpu_attr_floats(compiler, node, "coefficients", &p->coefficients, &p->coefficient_count);
    if (!status) status = ortcpu_attr_floats(compiler, node, "intercepts", &p->intercepts, &p->intercept_count);
    return status ? status : ortcpu_post_read(node, &p->post);
}

static ort_status *classifier_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    ort_status *status = linear_compile(compiler, node, params);
    return status ? status
                  : ortcpu_classes_read(compiler, node, "classlabels_ints", &((linear_params *)params)->classes);
}

/* Coefficients for a row as wide as the input's, one set a target. */
static ort_status *state_make(ortk_planner *planner, const linear_params *p, const ortk_desc *in, int64_t targets,
                              linear_state **out) {
    const ortcpu_rows rows = ortcpu_rows_of(in);
    if (targets < 1 || p->coefficient_count != targets * rows.width)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld coefficients for rows of %lld and %lld results",
                         (long long)p->coefficient_count, (long long)rows.width, (long long)targets);
    if (p->intercept_count && p->intercept_count != targets)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld intercepts for %lld results", (long long)p->intercept_count,
                         (long long)targets);
    *out = ortk_planner_alloc(planner, sizeof **out);
    if (!*out) return ortk_out_of_memory();
    **out = (linear_state){p, rows, targets, targets};
    return NULL;
}

/* Eight partial sums, so that the compiler takes vectors. */
static float dot(const float *a, const float *b, int64_t count) {
    float sums[8] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int k = 0; k < 8; k++) sums[k] += a[i + k] * b[i + k];
    for (; i < count; i++) sum += a[i] * b[i];
    for (int k = 0; k < 8; k++) sum += sums[k];
    return sum;
}

static void row_scores(const linear_state *s, const float *x, float *out) {
    for (int64_t t = 0; t < s->targets; t++) {
        out[t] = dot(x, s->params->coefficients + t * s->rows.width, s->rows.width);
        if (s->params->intercepts) out[t] += s->params->intercepts[t];
    }
}

static void regress_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const linear_state *s = step->state;
    for (int64_t row = begin; row < end; row++) {
        float *out = (float *)ortk_out(step, 0) + row * s->columns;
        row_scores(s, ortcpu_row_f32(&s->rows, ortk_in(step, 0), row, scratch), out);
        ortcpu_post_apply(s->params->post, out, s->columns);
    }
}

static ort_status *regress_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    linear_state *s = NULL;
    if (out->element_count == 0) return NULL;
    ort_status *status = state_make(planner, params, in, ((const linear_params *)params)->targets, &s);
    if (status) return status;
    step->run = regress_run;
    step->state = s;
    step->task_count = s->rows.count;
    step->grain = 1 + 4096 / (s->rows.width * s->targets + 1);
    step->scratch_bytes = (uint64_t)s->rows.width * sizeof(float);
    step->cost_ns = 1 + (double)(s->rows.count * s->rows.width * s->targets) * 0.2;
    return NULL;
}

/* The first largest score; of one target, whether it is positive. */
static void classify_score(const void *model, const ortk_step *step, int64_t begin, int64_t end, void *scratch,
                           int32_t *chosen) {
    const linear_state *s = model;
    float *spare = (float *)scratch + s->rows.width;
    for (int64_t row = begin; row < end; row++) {
        float *out = ortcpu_scores_out(step) ? ortcpu_scores_out(step) + row * s->columns : spare;
        int32_t best = 0;
        row_scores(s, ortcpu_row_f32(&s->rows, ortk_in(step, 0), row, scratch), out);
        if (s->columns > s->targets) {
            out[1] = out[0];
            out[0] = -out[1];
        }
        ortcpu_post_apply(s->params->post, out, s->columns);
        for (int32_t i = 1; i < s->columns; i++)
            if (out[i] > out[best]) best = i;
        chosen[row - begin] = best;
    }
}

static ort_status *classify_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    const linear_params *p = params;
    const ortcpu_rows rows = ortcpu_rows_of(in);
    linear_state *s = NULL;
    int64_t targets = p->intercept_count ? p->intercept_count : rows.width ? p->coefficient_count / rows.width : 0;
    ort_status *status = state_make(planner, p, in, targets, &s);
    if (status) return status;
    if (targets == 1 && p->classes.count == 2) s->columns = 2;
    if (s->columns > p->classes.count)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld scores for %lld class labels", (long long)s->columns,
                         (long long)p->classes.count);
    return ortcpu_classify_plan(planner, &p->classes, rows.count, s->columns, out, out_count, classify_score, s,
                                (uint64_t)(rows.width + s->columns) * sizeof(float), 16,
                                (double)(rows.width * targets) * 0.2, step);
}

static const ortk_kernel kernels[] = {
    ORTCPU_ML("LinearClassifier", 1, ORTCPU_TYPES_ML, linear_params, NULL, classifier_compile, classify_plan),
    ORTCPU_ML("LinearRegressor", 1, ORTCPU_TYPES_ML, linear_params, NULL, linear_compile, regress_plan),
};
const ortcpu_op_table ortcpu_ml_linear = ORTCPU_TABLE(kernels);
