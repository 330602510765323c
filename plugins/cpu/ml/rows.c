/* Scaler, Normalizer, Binarizer, Imputer: row by row, shapes stay. */
#include "ml/rows.h"

#include "ml/ml.h"
#include "ops/table.h"

#include <math.h>

#define TASK_ELEMENTS 4096

static void step_fill(ortk_step_plan *step, ortk_run_fn run, const void *state, const ortcpu_rows *rows) {
    step->run = run;
    step->state = state;
    step->task_count = rows->width ? rows->count : 0;
    step->grain = 1 + TASK_ELEMENTS / (rows->width + 1);
    step->cost_ns = 1 + (double)(rows->count * rows->width);
}

/* ---- Scaler: (x - offset) * scale ---- */

typedef struct scaler_params {
    const float *offsets, *scales;
    int64_t offset_count, scale_count;
} scaler_params;

typedef struct scaler_state {
    const scaler_params *params;
    ortcpu_rows rows;
} scaler_state;

static ort_status *scaler_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    scaler_params *p = params;
    ort_status *status = ortcpu_attr_floats(compiler, node, "offset", &p->offsets, &p->offset_count);
    return status ? status : ortcpu_attr_floats(compiler, node, "scale", &p->scales, &p->scale_count);
}

static void scaler_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const scaler_state *s = step->state;
    const scaler_params *p = s->params;
    const int64_t width = s->rows.width;
    for (int64_t i = begin * width; i < end * width; i++) {
        float x = (float)ortcpu_row_get(s->rows.dtype, ortk_in(step, 0), i);
        if (p->offset_count) x -= p->offsets[p->offset_count == 1 ? 0 : i % width];
        if (p->scale_count) x *= p->scales[p->scale_count == 1 ? 0 : i % width];
        ((float *)ortk_out(step, 0))[i] = x;
    }
}

static ort_status *scaler_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    const scaler_params *p = params;
    scaler_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (scaler_state){p, ortcpu_rows_of(in)};
    if ((p->offset_count > 1 && p->offset_count != s->rows.width) ||
        (p->scale_count > 1 && p->scale_count != s->rows.width))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld offsets and %lld scales for rows of %lld",
                         (long long)p->offset_count, (long long)p->scale_count, (long long)s->rows.width);
    step_fill(step, scaler_run, s, &s->rows);
    return NULL;
}

/* ---- Normalizer: a row over its largest element, its sum of magnitudes, or its length; 0 leaves it alone ---- */

typedef enum norm_kind { NORM_MAX, NORM_L1, NORM_L2 } norm_kind;

typedef struct norm_params {
    norm_kind kind;
} norm_params;

typedef struct norm_state {
    norm_kind kind;
    ortcpu_rows rows;
} norm_state;

static ort_status *norm_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const char *const names[] = {"MAX", "L1", "L2"};
    (void)compiler;
    for (uint32_t i = 0; i < 3; i++) {
        ((norm_params *)params)->kind = (norm_kind)i;
        if (ortk_attr_is(node, "norm", "MAX", names[i])) return NULL;
    }
    ort_string_view text = ortk_attr_text(node, "norm", "MAX");
    return ortk_fail(ORT_CODE_INVALID_MODEL, "Normalizer '%s': norm is '%.*s'", ortk_node_name(node), (int)text.length,
                     text.data);
}

static double row_norm(norm_kind kind, const float *x, int64_t count) {
    double norm = kind == NORM_MAX && count ? (double)x[0] : 0;
    for (int64_t i = 0; i < count; i++) {
        const double size = fabs((double)x[i]);
        norm = kind == NORM_MAX ? fmax(norm, (double)x[i]) : norm + (kind == NORM_L1 ? size : size * size);
    }
    return kind == NORM_L2 ? sqrt(norm) : norm;
}

static void norm_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const norm_state *s = step->state;
    for (int64_t row = begin; row < end; row++) {
        const float *x = ortcpu_row_f32(&s->rows, ortk_in(step, 0), row, scratch);
        float *out = (float *)ortk_out(step, 0) + row * s->rows.width;
        const double norm = row_norm(s->kind, x, s->rows.width);
        for (int64_t i = 0; i < s->rows.width; i++) out[i] = norm == 0 ? x[i] : (float)((double)x[i] / norm);
    }
}

static ort_status *norm_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    norm_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (norm_state){((const norm_params *)params)->kind, ortcpu_rows_of(in)};
    step_fill(step, norm_run, s, &s->rows);
    step->scratch_bytes = (uint64_t)s->rows.width * sizeof(float);
    return NULL;
}

/* ---- Binarizer: 1 above the threshold ---- */

typedef struct binarizer_params {
    float threshold;
} binarizer_params;

typedef struct binarizer_state {
    double threshold;
    ortcpu_rows rows;
} binarizer_state;

static ort_status *binarizer_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((binarizer_params *)params)->threshold = ortk_attr_float(node, "threshold", 0);
    return NULL;
}

#define BINARIZE(NAME, T)                                                                                              \
    static void NAME(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const binarizer_state *s = step->state;                                                                        \
        const T *x = ortk_in(step, 0);                                                                                 \
        T *out = ortk_out(step, 0);                                                                                    \
        for (int64_t i = begin * s->rows.width; i < end * s->rows.width; i++) out[i] = (double)x[i] > s->threshold;    \
    }
BINARIZE(binarize_f32, float)
BINARIZE(binarize_f64, double)
BINARIZE(binarize_i32, int32_t)
BINARIZE(binarize_i64, int64_t)

static ort_status *binarizer_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {[ORT_DTYPE_F32] = binarize_f32,
                                                         [ORT_DTYPE_F64] = binarize_f64,
                                                         [ORT_DTYPE_I32] = binarize_i32,
                                                         [ORT_DTYPE_I64] = binarize_i64};
    (void)in_count, (void)out, (void)out_count;
    binarizer_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (binarizer_state){(double)((const binarizer_params *)params)->threshold, ortcpu_rows_of(in)};
    step_fill(step, by_type[in->dtype], s, &s->rows);
    return NULL;
}

/* ---- Imputer: one value becomes another, for each column; NaN finds NaN ---- */

typedef struct imputer_params {
    const float *floats;
    const int64_t *ints;
    int64_t count, replaced_int;
    float replaced_float;
} imputer_params;

typedef struct imputer_state {
    const imputer_params *params;
    ortcpu_rows rows;
} imputer_state;

static bool imputer_claim(ortk_node *node) {
    const bool is_float =
        ortk_node_input_dtype(node, 0) == ORT_DTYPE_F32 || ortk_node_input_dtype(node, 0) == ORT_DTYPE_F64;
    const char *name = is_float ? "imputed_value_floats" : "imputed_value_int64s";
    return ortk_attr_has(node, name) || ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "Imputer without %s", name);
}

static ort_status *imputer_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    imputer_params *p = params;
    p->replaced_float = ortk_attr_float(node, "replaced_value_float", 0);
    p->replaced_int = ortk_attr_int(node, "replaced_value_int64", 0);
    const uint32_t dtype = ortk_node_input_dtype(node, 0);
    if (dtype == ORT_DTYPE_F32 || dtype == ORT_DTYPE_F64)
        return ortcpu_attr_floats(compiler, node, "imputed_value_floats", &p->floats, &p->count);
    return ortcpu_attr_ints(compiler, node, "imputed_value_int64s", &p->ints, &p->count);
}

#define IMPUTE(NAME, T, VALUES, REPLACED)                                                                              \
    static void NAME(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const imputer_state *s = step->state;                                                                          \
        const T *x = ortk_in(step, 0), replaced = (T)s->params->REPLACED;                                              \
        T *out = ortk_out(step, 0);                                                                                    \
        for (int64_t i = begin * s->rows.width; i < end * s->rows.width; i++) {                                        \
            const bool is_it = x[i] == replaced || (x[i] != x[i] && replaced != replaced);                             \
            out[i] = is_it ? (T)s->params->VALUES[s->params->count == 1 ? 0 : i % s->rows.width] : x[i];               \
        }                                                                                                              \
    }
IMPUTE(impute_f32, float, floats, replaced_float)
IMPUTE(impute_f64, double, floats, replaced_float)
IMPUTE(impute_i32, int32_t, ints, replaced_int)
IMPUTE(impute_i64, int64_t, ints, replaced_int)

static ort_status *imputer_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {[ORT_DTYPE_F32] = impute_f32,
                                                         [ORT_DTYPE_F64] = impute_f64,
                                                         [ORT_DTYPE_I32] = impute_i32,
                                                         [ORT_DTYPE_I64] = impute_i64};
    (void)in_count, (void)out, (void)out_count;
    const imputer_params *p = params;
    imputer_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (imputer_state){p, ortcpu_rows_of(in)};
    s->rows.width = in->rank ? in->dims[in->rank - 1] : 1;
    s->rows.count = s->rows.width ? in->element_count / s->rows.width : 0;
    if (p->count != 1 && p->count != s->rows.width)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld imputed values for rows of %lld", (long long)p->count,
                         (long long)s->rows.width);
    step_fill(step, by_type[in->dtype], s, &s->rows);
    return NULL;
}

static const ortk_kernel kernels[] = {
    ORTCPU_ML("Scaler", 1, ORTCPU_TYPES_ML, scaler_params, NULL, scaler_compile, scaler_plan),
    ORTCPU_ML("Normalizer", 1, ORTCPU_TYPES_ML, norm_params, NULL, norm_compile, norm_plan),
    ORTCPU_ML("Binarizer", 1, ORTCPU_TYPES_ML, binarizer_params, NULL, binarizer_compile, binarizer_plan),
    ORTCPU_ML("Imputer", 1, ORTCPU_TYPES_ML, imputer_params, imputer_claim, imputer_compile, imputer_plan),
};
const ortcpu_op_table ortcpu_ml_rows = ORTCPU_TABLE(kernels);
