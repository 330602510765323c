/* Along one axis, with all others kept: CumSum, CumProd, Hardmax, LpNormalization, ReverseSequence, TopK. A tensor is
 * seen as [outer][dim][inner]; a task is some of the outer * inner lines. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/sort.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct along_params {
    int64_t axis, batch_axis, time_axis, norm;
    bool is_exclusive, is_reverse, is_product, is_largest;
} along_params;

typedef struct along_state along_state;
typedef void (*line_fn)(const along_state *s, const void *in, void *out);

struct along_state {
    line_fn line;
    int64_t outer, dim, inner, bytes, k;
    bool is_exclusive, is_reverse, is_largest;
    int64_t norm;
    ortcpu_compare_fn compare;
    int64_t batch_stride, time_stride, batch, time, block; /* ReverseSequence */
};

static ort_status *along_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    along_params *p = params;
    p->axis = ortk_attr_int(node, "axis", -1);
    p->norm = ortk_attr_int(node, "p", 2);
    p->is_exclusive = ortk_attr_int(node, "exclusive", 0) != 0;
    p->is_reverse = ortk_attr_int(node, "reverse", 0) != 0;
    p->is_product = strcmp(ortk_node_op(node), "CumProd") == 0;
    p->is_largest = ortk_attr_int(node, "largest", 1) != 0;
    p->batch_axis = ortk_attr_int(node, "batch_axis", 1);
    p->time_axis = ortk_attr_int(node, "time_axis", 0);
    return NULL;
}

static void lines_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const along_state *s = step->state;
    for (int64_t line = begin; line < end; line++) {
        const int64_t at = (line / s->inner * s->dim * s->inner + line % s->inner) * s->bytes;
        s->line(s, (const char *)ortk_in(step, 0) + at, (char *)ortk_out(step, 0) + at);
    }
}

static along_state *state_create(ortk_planner *planner, const along_params *p, const ortk_desc *in, int64_t axis,
                                 ortk_step_plan *step) {
    along_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return NULL;
    const uint32_t at = ortcpu_axis(axis, in->rank);
    *s = (along_state){.is_exclusive = p->is_exclusive,
                       .is_reverse = p->is_reverse,
                       .is_largest = p->is_largest,
                       .norm = p->norm,
                       .bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1)};
    s->outer = in->rank ? ortcpu_product(in->dims, 0, at) : 1;
    s->dim = in->rank ? in->dims[at] : 1;
    s->inner = in->rank ? ortcpu_product(in->dims, at + 1, in->rank) : 1;
    step->run = lines_run;
    step->state = s;
    step->task_count = s->outer * s->inner;
    step->grain = s->dim > 0 ? 1 + 4096 / s->dim : 1;
    step->cost_ns = (double)in->element_count;
    return s;
}

/* ---- CumSum, CumProd ---- */

#define CUMULATE(name, T, U, OP, START)                                                                                \
    static void name(const along_state *s, const void *in, void *out) {                                                \
        const T *x = in;                                                                                               \
        T *y = out;                                                                                                    \
        U sum = START;                                                                                                 \
        for (int64_t i = 0; i < s->dim; i++) {                                                                         \
            const int64_t at = (s->is_reverse ? s->dim - 1 - i : i) * s->inner;                                        \
            const U next = sum OP(U) x[at];                                                                            \
            y[at] = (T)(s->is_exclusive ? sum : next);                                                                 \
            sum = next;                                                                                                \
        }                                                                                                              \
    }
#define CUMULATES(suffix, T, U)                                                                                        \
    CUMULATE(sum_##suffix, T, U, +, 0)                                                                                 \
    CUMULATE(product_##suffix, T, U, *, 1)
CUMULATES(f32, float, float)
CUMULATES(f64, double, double)
CUMULATES(i32, int32_t, uint32_t)
CUMULATES(i64, int64_t, uint64_t)
CUMULATES(u32, uint32_t, uint32_t)
CUMULATES(u64, uint64_t, uint64_t)

#define CUMULATED(name)                                                                                                \
    {                                                                                                                  \
        [ORT_DTYPE_F32] = name##_f32, [ORT_DTYPE_F64] = name##_f64, [ORT_DTYPE_I32] = name##_i32,                      \
        [ORT_DTYPE_I64] = name##_i64, [ORT_DTYPE_U32] = name##_u32, [ORT_DTYPE_U64] = name##_u64                       \
    }
static const line_fn cumulates[2][ORT_DTYPE_COUNT] = {CUMULATED(sum), CUMULATED(product)};
#define CUMULATED_TYPES                                                                                                \
    (ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64) | ORT_DTYPE_BIT(ORT_DTYPE_U32) | \
     ORT_DTYPE_BIT(ORT_DTYPE_U64))

/* The axis is an input, which changes no shape: it is read when the step runs. */
typedef struct cumulate_state {
    line_fn line;
    const along_params *params;
    int64_t bytes;
    bool is_wide;
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX];
} cumulate_state;

static void cumulate_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const cumulate_state *c = step->state;
    const int64_t given = c->is_wide ? *(const int64_t *)ortk_in(step, 1) : *(const int32_t *)ortk_in(step, 1);
    if (given < -(int64_t)c->rank || given >= (int64_t)c->rank) {
        ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "axis %lld is outside a value of rank %u", (long long)given,
                      c->rank);
        return;
    }
    const uint32_t axis = ortcpu_axis(given, c->rank);
    const along_state s = {.dim = c->dims[axis],
                           .inner = ortcpu_product(c->dims, axis + 1, c->rank),
                           .is_exclusive = c->params->is_exclusive,
                           .is_reverse = c->params->is_reverse};
    const int64_t lines = ortcpu_product(c->dims, 0, axis) * s.inner;
    for (int64_t line = 0; line < lines; line++) {
        const int64_t at = (line / s.inner * s.dim * s.inner + line % s.inner) * c->bytes;
        c->line(&s, (const char *)ortk_in(step, 0) + at, (char *)ortk_out(step, 0) + at);
    }
}

static ort_status *cumulate_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    if (in[1].element_count != 1)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld numbers as an axis", (long long)in[1].element_count);
    cumulate_state *c = ortk_planner_alloc(planner, sizeof *c);
    if (c == NULL) return ortk_out_of_memory();
    const along_params *p = params;
    *c = (cumulate_state){.line = cumulates[p->is_product][in->dtype],
                          .params = p,
                          .bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1),
                          .is_wide = in[1].dtype == ORT_DTYPE_I64,
                          .rank = in->rank};
    memcpy(c->dims, in->dims, sizeof c->dims);
    step->run = cumulate_run;
    step->state = c;
    step->task_count = 1;
    step->cost_ns = (double)out->element_count;
    return NULL;
}

/* ---- Hardmax, LpNormalization ---- */

/* 1 at the first of the largest (ONNX Hardmax-13), 0 elsewhere. */
#define HARDMAX(name, T)                                                                                               \
    static void name(const along_state *s, const void *in, void *out) {                                                \
        const T *x = in;                                                                                               \
        T *y = out;                                                                                                    \
        int64_t best = 0;                                                                                              \
        for (int64_t i = 1; i < s->dim; i++)                                                                           \
            if (x[i * s->inner] > x[best * s->inner]) best = i;                                                        \
        for (int64_t i = 0; i < s->dim; i++) y[i * s->inner] = i == best;                                              \
    }
HARDMAX(hardmax_f32, float)
HARDMAX(hardmax_f64, double)

/* A line of zeros stays (ONNX LpNormalization-22). */
#define LP_NORM(name, T)                                                                                               \
    static void name(const along_state *s, const void *in, void *out) {                                                \
        const T *x = in;                                                                                               \
        T *y = out;                                                                                                    \
        double sum = 0;                                                                                                \
        for (int64_t i = 0; i < s->dim; i++) {                                                                         \
            const double a = (double)x[i * s->inner];                                                                  \
            sum += s->norm == 1 ? fabs(a) : a * a;                                                                     \
        }                                                                                                              \
        const double norm = s->norm == 1 ? sum : sqrt(sum);                                                            \
        for (int64_t i = 0; i < s->dim; i++)                                                                           \
            y[i * s->inner] = (T)(norm > 0 || norm != norm ? (double)x[i * s->inner] / norm : 0);                      \
    }
LP_NORM(lp_norm_f32, float)
LP_NORM(lp_norm_f64, double)

#define LINE_PLAN(name, F32, F64)                                                                                      \
    static ort_status *name(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,         \
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {                          \
        (void)in_count, (void)out_count;                                                                               \
        if (out->element_count == 0) return NULL;                                                                      \
        along_state *s = state_create(planner, params, in, ((const along_params *)params)->axis, step);                \
        if (s == NULL) return ortk_out_of_memory();                                                                    \
        s->line = in->dtype == ORT_DTYPE_F32 ? (F32) : (F64);                                                          \
        return NULL;                                                                                                   \
    }
LINE_PLAN(hardmax_plan, hardmax_f32, hardmax_f64)
LINE_PLAN(lp_norm_plan, lp_norm_f32, lp_norm_f64)

static bool lp_norm_claim(ortk_node *node) {
    const int64_t p = ortk_attr_int(node, "p", 2);
    if (p == 1 || p == 2) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "p is %lld, not 1 or 2", (long long)p);
}

/* ---- ReverseSequence ---- */

/* Of each batch the first so many steps turn around. */
static void reverse_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const along_state *s = step->state;
    const int64_t *lengths = ortk_in(step, 1);
    for (int64_t i = begin; i < end; i++) {
        const int64_t b = i / s->time, t = i % s->time;
        const int64_t from = t < lengths[b] && lengths[b] <= s->time ? lengths[b] - 1 - t : t;
        memcpy((char *)ortk_out(step, 0) + b * s->batch_stride + t * s->time_stride,
               (const char *)ortk_in(step, 0) + b * s->batch_stride + from * s->time_stride, (size_t)s->block);
    }
}

static bool reverse_claim(ortk_node *node) {
    const int64_t batch = ortk_attr_int(node, "batch_axis", 1), time = ortk_attr_int(node, "time_axis", 0);
    if (batch + time == 1 && batch * time == 0) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "batch_axis and time_axis that are not 0 and 1");
}

static ort_status *reverse_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    if (in->rank < 2) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "an input of rank %u", in->rank);
    const along_params *p = params;
    along_state *s = state_create(planner, p, in, 0, step);
    if (s == NULL) return ortk_out_of_memory();
    s->block = ortcpu_product(in->dims, 2, in->rank) * s->bytes;
    s->batch = in->dims[p->batch_axis];
    s->time = in->dims[p->time_axis];
    s->batch_stride = p->batch_axis == 1 ? s->block : s->block * in->dims[1];
    s->time_stride = p->time_axis == 1 ? s->block : s->block * in->dims[1];
    if (in[1].element_count != s->batch)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld lengths of %lld sequences", (long long)in[1].element_count,
                         (long long)s->batch);
    step->run = reverse_run;
    step->task_count = s->batch * s->time;
    step->grain = 1 + 65536 / s->block;
    return NULL;
}

/* ---- TopK ---- */

typedef struct ranking {
    const along_state *s;
    const char *in;
} ranking;

static bool ranks_before(const void *context, int64_t a, int64_t b) {
    const ranking *r = context;
    const int64_t pitch = r->s->inner * r->s->bytes;
    const int order = r->s->compare(r->in + a * pitch, r->in + b * pitch);
    return r->s->is_largest ? order > 0 : order < 0;
}

/* Of equal ones the first comes first (ONNX TopK-24); sorted whether asked for or not. */
static void top_k_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const along_state *s = step->state;
    int64_t *places = scratch;
    for (int64_t line = begin; line < end; line++) {
        const int64_t o = line / s->inner, i = line % s->inner, pitch = s->inner * s->bytes;
        const ranking r = {s, (const char *)ortk_in(step, 0) + (o * s->dim * s->inner + i) * s->bytes};
        char *values = ortk_out(step, 0);
        int64_t *indices = ortk_out(step, 1);
        for (int64_t k = 0; k < s->dim; k++) places[k] = k;
        ortcpu_sort(places, places + s->dim, s->dim, ranks_before, &r);
        for (int64_t k = 0; k < s->k; k++) {
            const int64_t to = (o * s->k + k) * s->inner + i;
            if (values != NULL) memcpy(values + to * s->bytes, r.in + places[k] * pitch, (size_t)s->bytes);
            if (indices != NULL) indices[to] = places[k];
        }
    }
}

static ort_status *top_k_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    const along_params *p = params;
    const ortk_desc *result = out[0].is_present || out_count < 2 ? &out[0] : &out[1];
    if (result->element_count == 0) return NULL;
    along_state *s = state_create(planner, p, in, p->axis, step);
    if (s == NULL) return ortk_out_of_memory();
    s->k = result->dims[ortcpu_axis(p->axis, in->rank)];
    s->compare = ortcpu_compare_of(in->dtype);
    if (s->k > s->dim)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the largest %lld of %lld", (long long)s->k, (long long)s->dim);
    step->run = top_k_run;
    step->scratch_bytes = (uint64_t)(2 * s->dim) * sizeof(int64_t);
    step->cost_ns = (double)in->element_count * 30;
    return NULL;
}

#define ALONG(NAME, SINCE, TYPES, FLAGS, CLAIM, PLAN_FN)                                                               \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .flags = (FLAGS), .params_bytes = sizeof(along_params), .claim = CLAIM,                \
        .compile = along_compile, .plan = PLAN_FN                                                                      \
    }
static const ortk_kernel kernels[] = {
    ALONG("CumSum", 11, CUMULATED_TYPES, 0, NULL, cumulate_plan),
    ALONG("CumProd", 26, CUMULATED_TYPES, 0, NULL, cumulate_plan),
    ALONG("Hardmax", 13, ORTCPU_TYPES_FLOAT, 0, NULL, hardmax_plan),
    ALONG("LpNormalization", 1, ORTCPU_TYPES_FLOAT, 0, lp_norm_claim, lp_norm_plan),
    ALONG("ReverseSequence", 10, ORTCPU_TYPES_MOVED, 0, reverse_claim, reverse_plan),
    ALONG("TopK", 10, ORTCPU_TYPES_REAL | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16), 0, NULL,
          top_k_plan),
};
const ortcpu_op_table ortcpu_ops_along = ORTCPU_TABLE(kernels);
