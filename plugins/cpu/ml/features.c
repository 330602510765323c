/* ArrayFeatureExtractor, FeatureVectorizer, OneHotEncoder: features picked, joined and spread. */
#include "ml/lookup.h"
#include "ml/ml.h"
#include "ml/rows.h"
#include "ops/table.h"
#include "text/strings.h"

/* ---- ArrayFeatureExtractor: elements of the last axis, by index ---- */

typedef struct no_params {
    char none;
} no_params;

typedef struct pick_state {
    int64_t row_count, width, index_count, element_bytes;
    ortk_desc out;
} pick_state;

static bool picks_check(const ortk_step *step, const pick_state *s) {
    const int64_t *indices = ortk_in(step, 1);
    for (int64_t k = 0; k < s->index_count; k++) {
        if (indices[k] >= 0 && indices[k] < s->width) continue;
        ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "index %lld of %lld features", (long long)indices[k],
                      (long long)s->width);
        return false;
    }
    return true;
}

static void pick_strings_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const pick_state *s = step->state;
    const int64_t *indices = ortk_in(step, 1), all = s->row_count * s->width, count = s->out.element_count;
    ortcpu_string_writer writer;
    uint64_t bytes = 0;
    if (!picks_check(step, s)) return;
    for (int64_t i = 0; i < count; i++)
        bytes +=
            ortcpu_string_at(ortk_in(step, 0), all, i / s->index_count * s->width + indices[i % s->index_count]).length;
    if (!ortcpu_strings_begin(step, 0, s->out.dims, s->out.rank, count, bytes, &writer)) return;
    for (int64_t i = 0; i < count; i++)
        ortcpu_strings_add(&writer, ortcpu_string_at(ortk_in(step, 0), all,
                                                     i / s->index_count * s->width + indices[i % s->index_count]));
}

static void pick_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const pick_state *s = step->state;
    const int64_t *indices = ortk_in(step, 1);
    if (!picks_check(step, s)) return;
    for (int64_t row = begin; row < end; row++) {
        const char *from = (const char *)ortk_in(step, 0) + row * s->width * s->element_bytes;
        char *to = (char *)ortk_out(step, 0) + row * s->index_count * s->element_bytes;
        for (int64_t k = 0; k < s->index_count; k++)
            memcpy(to + k * s->element_bytes, from + indices[k] * s->element_bytes, (size_t)s->element_bytes);
    }
}

static ort_status *pick_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)in_count, (void)out_count;
    const bool is_string = in->dtype == ORT_DTYPE_STRING;
    if (out->element_count == 0 && !is_string) return NULL;
    pick_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    const int64_t width = in->dims[in->rank - 1];
    *s = (pick_state){width ? in->element_count / width : 0, width, in[1].element_count,
                      (int64_t)ortk_dtype_bytes(in->dtype, 1), *out};
    step->run = is_string ? pick_strings_run : pick_run;
    step->state = s;
    step->task_count = is_string ? 1 : s->row_count;
    step->grain = 1 + 4096 / (s->index_count + 1);
    step->cost_ns = 1 + (double)out->element_count * 2;
    return NULL;
}

/* ---- FeatureVectorizer: rows of several inputs side by side, as float32 ---- */

typedef struct join_part {
    int64_t width;
    uint32_t dtype;
} join_part;

typedef struct join_state {
    int64_t width;
    uint32_t count;
    join_part parts[];
} join_state;

static void join_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const join_state *s = step->state;
    for (int64_t row = begin; row < end; row++) {
        float *out = (float *)ortk_out(step, 0) + row * s->width;
        for (uint32_t k = 0; k < s->count; k++) {
            const int64_t width = s->parts[k].width;
            for (int64_t i = 0; i < width; i++)
                *out++ = (float)ortcpu_row_get(s->parts[k].dtype, ortk_in(step, k), row * width + i);
        }
    }
}

static ort_status *join_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    join_state *s = ortk_planner_alloc(planner, sizeof *s + in_count * sizeof s->parts[0]);
    if (!s) return ortk_out_of_memory();
    const int64_t row_count = ortcpu_rows_of(in).count;
    s->width = 0;
    s->count = in_count;
    for (uint32_t k = 0; k < in_count; k++) {
        const ortcpu_rows rows = ortcpu_rows_of(&in[k]);
        if (rows.count != row_count)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld rows, input 0 %lld", (unsigned)k,
                             (long long)rows.count, (long long)row_count);
        s->parts[k] = (join_part){rows.width, rows.dtype};
        s->width += rows.width;
    }
    step->run = join_run;
    step->state = s;
    step->task_count = out->element_count ? row_count : 0;
    step->grain = 1 + 4096 / (s->width + 1);
    step->cost_ns = 1 + (double)out->element_count;
    return NULL;
}

/* ---- OneHotEncoder: one 1 at the element's category ---- */

typedef struct one_hot_params {
    const int64_t *ints;
    const ort_string_view *strings;
    int64_t count;
    ortcpu_lookup lookup;
    bool may_miss; /* what is in no category is all zeros; else the run fails */
} one_hot_params;

typedef struct one_hot_state {
    const one_hot_params *params;
    uint32_t dtype;
} one_hot_state;

static bool one_hot_claim(ortk_node *node) {
    const bool is_string = ortk_node_input_dtype(node, 0) == ORT_DTYPE_STRING;
    const char *name = is_string ? "cats_strings" : "cats_int64s";
    return ortk_attr_has(node, name) || ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "OneHotEncoder without %s", name);
}

static ort_status *one_hot_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    one_hot_params *p = params;
    ort_status *status = NULL;
    p->may_miss = ortk_attr_int(node, "zeros", 1) != 0;
    if (ortk_node_input_dtype(node, 0) == ORT_DTYPE_STRING)
        status = ortcpu_attr_strings(compiler, node, "cats_strings", &p->strings, &p->count);
    else
        status = ortcpu_attr_ints(compiler, node, "cats_int64s", &p->ints, &p->count);
    return status ? status : ortcpu_lookup_make(compiler, p->strings, p->ints, p->count, &p->lookup);
}

/* -1: in none. Numbers are cut to integers first. */
static int64_t category_of(const one_hot_state *s, const void *x, int64_t count, int64_t index) {
    const one_hot_params *p = s->params;
    if (p->strings) {
        const ort_string_view text = ortcpu_string_at(x, count, index);
        return ortcpu_lookup_string(&p->lookup, text.data, text.length);
    }
    if (s->dtype == ORT_DTYPE_I64) return ortcpu_lookup_int(&p->lookup, ((const int64_t *)x)[index]);
    const double number = ortcpu_row_get(s->dtype, x, index);
    const bool is_integer = number > -9.2e18 && number < 9.2e18;
    return is_integer ? ortcpu_lookup_int(&p->lookup, (int64_t)number) : -1;
}

static void one_hot_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const one_hot_state *s = step->state;
    const int64_t width = s->params->count;
    for (int64_t i = begin; i < end; i++) {
        float *out = (float *)ortk_out(step, 0) + i * width;
        const int64_t at = category_of(s, ortk_in(step, 0), step->task_count, i);
        memset(out, 0, (size_t)width * sizeof *out);
        if (at >= 0) out[at] = 1;
        if (at < 0 && !s->params->may_miss)
            ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "element %lld is in no category", (long long)i);
    }
}

static ort_status *one_hot_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    one_hot_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (one_hot_state){params, in->dtype};
    step->run = one_hot_run;
    step->state = s;
    step->task_count = in->element_count;
    step->grain = 1 + 4096 / (s->params->count + 1);
    step->cost_ns = 1 + (double)out->element_count;
    return NULL;
}

#define TYPES_WITH_STRINGS (ORTCPU_TYPES_ML | ORT_DTYPE_BIT(ORT_DTYPE_STRING))
static const ortk_kernel kernels[] = {
    ORTCPU_ML("ArrayFeatureExtractor", 1, TYPES_WITH_STRINGS, no_params, NULL, NULL, pick_plan),
    ORTCPU_ML("FeatureVectorizer", 1, ORTCPU_TYPES_ML, no_params, NULL, NULL, join_plan),
    ORTCPU_ML("OneHotEncoder", 1, TYPES_WITH_STRINGS, one_hot_params, one_hot_claim, one_hot_compile, one_hot_plan),
};
const ortcpu_op_table ortcpu_ml_features = ORTCPU_TABLE(kernels);
