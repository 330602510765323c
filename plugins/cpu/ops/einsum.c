/* Einsum (ONNX Einsum-12): for each element of the result a walk over the labels that it lacks. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

/* Labels are letters by their code; the axes of an ellipsis, counted from its end, come behind them. */
enum { EQUATION_MAX = 256, INPUTS_MAX = 8, ELLIPSIS = 128, LABELS = ELLIPSIS + ORTK_RANK_MAX, AXES_MAX = 32 };

typedef struct einsum_params {
    char equation[EQUATION_MAX];
    uint32_t input_count;
} einsum_params;

typedef struct einsum_state {
    uint32_t input_count, out_rank, axis_count; /* axes: the result's, then those that are summed */
    int64_t count, sums;                        /* elements of the result; terms of each */
    int64_t dims[AXES_MAX], strides[INPUTS_MAX][AXES_MAX];
} einsum_state;

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool claim(ortk_node *node) {
    if (ortk_node_input_count(node) <= INPUTS_MAX) return true;
    return ortk_decline(node, ORTP_DECLINE_SHAPE, "more than %d inputs", INPUTS_MAX);
}

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    einsum_params *p = params;
    const ort_string_view equation = ortk_attr_text(node, "equation", "");
    uint32_t length = 0;
    for (size_t i = 0; i < equation.length; i++) {
        if (equation.data[i] == ' ') continue;
        if (length + 1 >= EQUATION_MAX) return ortk_fail(ORT_CODE_UNSUPPORTED, "an equation of over 255 letters");
        p->equation[length++] = equation.data[i];
    }
    p->input_count = ortk_node_input_count(node);
    return NULL;
}

/* Labels of a term; an ellipsis stands for as many as `rank` leaves. Returns how many. */
static uint32_t term_read(const char **at, uint32_t rank, uint32_t *labels) {
    uint32_t letters = 0, count = 0;
    for (const char *c = *at; *c && *c != ',' && *c != '-'; c++) letters += is_letter(*c);
    const uint32_t rest = rank > letters ? rank - letters : 0;
    for (; **at && **at != ',' && **at != '-'; (*at)++) {
        if (is_letter(**at) && count < ORTK_RANK_MAX) labels[count++] = (uint32_t) * *at;
        if (**at != '.') continue;
        for (uint32_t i = 0; i < rest && count < ORTK_RANK_MAX; i++) labels[count++] = ELLIPSIS + rest - 1 - i;
        *at += 2;
    }
    return count;
}

typedef struct label_table {
    int64_t sizes[LABELS], strides[INPUTS_MAX][LABELS];
    uint32_t uses[LABELS], ellipsis_rank;
} label_table;

/* A label that a term has twice walks its diagonal: strides add up. */
static void input_read(label_table *t, uint32_t input, const ortk_desc *in, const uint32_t *labels, uint32_t count) {
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t label = labels[k];
        if (in->dims[k] != 1) t->strides[input][label] += strides[k];
        if (t->uses[label]++ == 0 || t->sizes[label] == 1) t->sizes[label] = in->dims[k];
        if (label >= ELLIPSIS && label - ELLIPSIS + 1 > t->ellipsis_rank) t->ellipsis_rank = label - ELLIPSIS + 1;
    }
}

static uint32_t result_read(const label_table *t, const char *at, uint32_t rank, uint32_t *labels) {
    uint32_t count = 0;
    if (strncmp(at, "->", 2) == 0) {
        at += 2;
        return term_read(&at, rank, labels);
    }
    for (uint32_t i = t->ellipsis_rank; i-- > 0 && count < ORTK_RANK_MAX;) labels[count++] = ELLIPSIS + i;
    for (uint32_t c = 'A'; c <= 'z'; c++)
        if (t->uses[c] == 1 && count < ORTK_RANK_MAX) labels[count++] = c;
    return count;
}

static bool axis_add(einsum_state *s, const label_table *t, uint32_t label) {
    if (s->axis_count == AXES_MAX) return false;
    s->dims[s->axis_count] = t->uses[label] ? t->sizes[label] : 1;
    for (uint32_t i = 0; i < s->input_count; i++) s->strides[i][s->axis_count] = t->strides[i][label];
    s->axis_count++;
    return true;
}

static void offsets_of(const einsum_state *s, int64_t index, uint32_t first, uint32_t end, int64_t *offsets) {
    for (uint32_t axis = end; axis-- > first; index /= s->dims[axis])
        for (uint32_t i = 0; i < s->input_count; i++) offsets[i] += index % s->dims[axis] * s->strides[i][axis];
}

/* The last summed axis is walked by strides alone. */
#define EINSUM(name, T, SUM)                                                                                           \
    static void name(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const einsum_state *s = step->state;                                                                           \
        const bool has_sum = s->axis_count > s->out_rank;                                                              \
        const int64_t inner = has_sum ? s->dims[s->axis_count - 1] : 1, outer = inner > 0 ? s->sums / inner : 0;       \
        for (int64_t at = begin; at < end; at++) {                                                                     \
            SUM sum = 0;                                                                                               \
            for (int64_t o = 0; o < outer; o++) {                                                                      \
                int64_t offsets[INPUTS_MAX] = {0};                                                                     \
                offsets_of(s, at, 0, s->out_rank, offsets);                                                            \
                if (has_sum) offsets_of(s, o, s->out_rank, s->axis_count - 1, offsets);                                \
                for (int64_t k = 0; k < inner; k++) {                                                                  \
                    SUM product = 1;                                                                                   \
                    for (uint32_t i = 0; i < s->input_count; i++) {                                                    \
                        product *= (SUM)((const T *)ortk_in(step, i))[offsets[i]];                                     \
                        if (has_sum) offsets[i] += s->strides[i][s->axis_count - 1];                                   \
                    }                                                                                                  \
                    sum += product;                                                                                    \
                }                                                                                                      \
            }                                                                                                          \
            ((T *)ortk_out(step, 0))[at] = (T)sum;                                                                     \
        }                                                                                                              \
    }
EINSUM(einsum_f32, float, double)
EINSUM(einsum_f64, double, double)
EINSUM(einsum_i32, int32_t, uint32_t)
EINSUM(einsum_i64, int64_t, uint64_t)

static ort_status *plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const einsum_params *p = params;
    const char *at = p->equation;
    uint32_t labels[ORTK_RANK_MAX];
    bool is_small = true, is_out[LABELS] = {false};
    label_table t = {0};
    if (out->element_count == 0) return NULL;
    einsum_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (einsum_state){.input_count = in_count, .count = out->element_count, .sums = 1};
    for (uint32_t i = 0; i < in_count; i++) {
        const uint32_t count = term_read(&at, in[i].rank, labels);
        if (count != in[i].rank) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u does not fit the equation", i);
        input_read(&t, i, &in[i], labels, count);
        if (*at == ',') at++;
    }
    s->out_rank = result_read(&t, at, out->rank, labels);
    for (uint32_t i = 0; i < s->out_rank; i++) {
        is_small = axis_add(s, &t, labels[i]) && is_small;
        is_out[labels[i]] = true;
    }
    for (uint32_t label = 0; label < LABELS; label++) {
        if (!t.uses[label] || is_out[label]) continue;
        is_small = axis_add(s, &t, label) && is_small;
        s->sums *= t.sizes[label];
    }
    if (!is_small) return ortk_fail(ORT_CODE_UNSUPPORTED, "an equation of more than %d labels", AXES_MAX);
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {[ORT_DTYPE_F32] = einsum_f32,
                                                         [ORT_DTYPE_F64] = einsum_f64,
                                                         [ORT_DTYPE_I32] = einsum_i32,
                                                         [ORT_DTYPE_I64] = einsum_i64};
    step->run = by_type[in->dtype];
    step->state = s;
    step->task_count = s->count;
    step->grain = 1 + 4096 / (s->sums + 1);
    step->cost_ns = (double)s->count * ((double)s->sums * (double)in_count * 1.5 + 30);
    return NULL;
}

static const ortk_kernel kernels[] = {
    {.op = "Einsum",
     .domain = "",
     .since_version = 12,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64),
     .mode = ORTK_MODE_ROWS,
     .params_bytes = sizeof(einsum_params),
     .claim = claim,
     .compile = compile,
     .plan = plan},
};
const ortcpu_op_table ortcpu_ops_einsum = ORTCPU_TABLE(kernels);
