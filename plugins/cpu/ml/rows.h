/* cpu/ml/rows.h: what the operators on rows of features share.
 *
 * Inputs are [N, C]; a row [C] counts as [1, C]. Elements of any number type are read as float32, or as double where
 * the input is no float32 (integers keep their value so). */
#ifndef ORTCPU_ML_ROWS_H
#define ORTCPU_ML_ROWS_H

#include "ort/sdk/attr.h"
#include "ort/sdk/broadcast.h"
#include "ort/sdk/kernel.h"

#include <string.h>

#define ORTCPU_NEWEST_ML 5 /* the newest opset of ai.onnx.ml that these kernels were compared with */
#define ORTCPU_TYPES_ML                                                                                                \
    (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F64) | ORT_DTYPE_BIT(ORT_DTYPE_I32) |                      \
     ORT_DTYPE_BIT(ORT_DTYPE_I64))
/* A row of the tables: one kernel of ai.onnx.ml. */
#define ORTCPU_ML(NAME, SINCE, TYPES, PARAMS, CLAIM, COMPILE, PLAN)                                                    \
    {                                                                                                                  \
        .op = NAME, .domain = "ai.onnx.ml", .since_version = SINCE, .until_version = ORTCPU_NEWEST_ML,                 \
        .types = (TYPES), .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(PARAMS), .claim = CLAIM, .compile = COMPILE,  \
        .plan = PLAN                                                                                                   \
    }

typedef struct ortcpu_rows {
    int64_t count, width;
    uint32_t dtype;
} ortcpu_rows;

static inline ortcpu_rows ortcpu_rows_of(const ortk_desc *in) {
    const int64_t count = in->rank <= 1 ? 1 : in->dims[0];
    return (ortcpu_rows){count, count ? in->element_count / count : 0, in->dtype};
}

/* Element `index` of X. */
static inline double ortcpu_row_get(uint32_t dtype, const void *x, int64_t index) {
    switch (dtype) {
    case ORT_DTYPE_F32:
        return (double)((const float *)x)[index];
    case ORT_DTYPE_I32:
        return (double)((const int32_t *)x)[index];
    case ORT_DTYPE_I64:
        return (double)((const int64_t *)x)[index];
    default:
        return ((const double *)x)[index];
    }
}

/* Row `row` as float32: where it is, or converted into `scratch` (width floats). */
static inline const float *ortcpu_row_f32(const ortcpu_rows *rows, const void *x, int64_t row, float *scratch) {
    if (rows->dtype == ORT_DTYPE_F32) return (const float *)x + row * rows->width;
    for (int64_t i = 0; i < rows->width; i++) scratch[i] = (float)ortcpu_row_get(rows->dtype, x, row * rows->width + i);
    return scratch;
}

/* Copies of list attributes that live as long as the program; *out_count 0 and NULL when absent. */
ort_status *ortcpu_attr_floats(ortk_compiler *compiler, const ortk_node *node, const char *name, const float **out,
                               int64_t *out_count);
ort_status *ortcpu_attr_ints(ortk_compiler *compiler, const ortk_node *node, const char *name, const int64_t **out,
                             int64_t *out_count);
ort_status *ortcpu_attr_strings(ortk_compiler *compiler, const ortk_node *node, const char *name,
                                const ort_string_view **out, int64_t *out_count);

/* Makes borrowed strings the program's; NULL: nothing. */
ort_status *ortcpu_strings_keep(ortk_compiler *compiler, ort_string_view *strings, int64_t count);

/* ---- post.c: what becomes of a row of scores (ai.onnx.ml, attribute post_transform) ---- */
typedef enum ortcpu_post {
    ORTCPU_POST_NONE,
    ORTCPU_POST_SOFTMAX,
    ORTCPU_POST_LOGISTIC,
    ORTCPU_POST_SOFTMAX_ZERO,
    ORTCPU_POST_PROBIT
} ortcpu_post;
/* INVALID_ARGUMENT for a word that is none of them. */
ort_status *ortcpu_post_read(const ortk_node *node, ortcpu_post *out);
void ortcpu_post_apply(ortcpu_post post, float *scores, int64_t count);

/* ---- classes.c: labels of classes, and the steps of classifiers ---- */
typedef struct ortcpu_classes {
    const int64_t *ints;            /* NULL: strings */
    const ort_string_view *strings; /* NULL: integers */
    int64_t count;
} ortcpu_classes;
ort_status *ortcpu_classes_read(ortk_compiler *compiler, const ortk_node *node, const char *ints_name,
                                ortcpu_classes *out);
/* Where the scores of all rows go; NULL when they are left out. */
static inline float *ortcpu_scores_out(const ortk_step *step) {
    return step->output_count > 1 ? ortk_out(step, 1) : NULL;
}
/* Scores rows [begin, end) of input 0 into output 1 and writes the class of each to `chosen`. */
typedef void (*ortcpu_score_fn)(const void *model, const ortk_step *step, int64_t begin, int64_t end, void *scratch,
                                int32_t *chosen);
/* The step of a classifier: `score` over all rows, `columns` scores each, then labels. `model` lives as long as the
 * plan. INVALID_MODEL when the scores' shape is another. */
ort_status *ortcpu_classify_plan(ortk_planner *planner, const ortcpu_classes *classes, int64_t row_count,
                                 int64_t columns, const ortk_desc *out, uint32_t out_count, ortcpu_score_fn score,
                                 const void *model, uint64_t scratch_bytes, int64_t rows_per_task, double row_cost_ns,
                                 ortk_step_plan *step);

#endif
