/* The Reduce family (ONNX 18 to 28). The input is a nest of loops, some kept and some reduced, neighbours of one kind
 * joined. Float32 goes along rows where the innermost loop is reduced and over columns where it is kept; other types go
 * element by element. Nothing is split along a reduced loop, so the bits don't depend on the threads. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/wide.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef enum finish { FINISH_NONE, FINISH_MEAN, FINISH_SQRT, FINISH_LOG } finish;

typedef struct reduce_fact {
    const char *name;
    ortcpu_fold fold;
    finish finish;
} reduce_fact;

static const reduce_fact facts[] = {
    {"ReduceSum", ORTCPU_FOLD_SUM, FINISH_NONE},   {"ReduceMean", ORTCPU_FOLD_SUM, FINISH_MEAN},
    {"ReduceMax", ORTCPU_FOLD_MAX, FINISH_NONE},   {"ReduceMin", ORTCPU_FOLD_MIN, FINISH_NONE},
    {"ReduceProd", ORTCPU_FOLD_PROD, FINISH_NONE}, {"ReduceSumSquare", ORTCPU_FOLD_SQUARE, FINISH_NONE},
    {"ReduceL1", ORTCPU_FOLD_ABS, FINISH_NONE},    {"ReduceL2", ORTCPU_FOLD_SQUARE, FINISH_SQRT},
    {"ReduceLogSum", ORTCPU_FOLD_SUM, FINISH_LOG}, {"ReduceLogSumExp", ORTCPU_FOLD_EXP, FINISH_LOG},
};

typedef struct reduce_params {
    reduce_fact fact;
    bool noop;
} reduce_params;

typedef struct nest {
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX], strides[ORTK_RANK_MAX];
} nest;

#define COLUMNS 512

typedef struct reduce_state {
    const ortcpu_row_loops *loops;
    reduce_fact fact;
    nest kept, reduced;           /* without the innermost loop, which is `count` */
    int64_t count, reduced_count; /* reduced_count: elements to one result */
    int64_t rows;                 /* turns of `reduced` */
    int64_t out_count, column_splits;
    bool along_rows;
} reduce_state;

static ort_status *reduce_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    reduce_params *p = params;
    const char *name = ortk_node_op(node);
    p->noop = ortk_attr_int(node, "noop_with_empty_axes", 0) != 0;
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (strcmp(facts[i].name, name) != 0) continue;
        p->fact = facts[i];
        return NULL;
    }
    return ortk_fail(ORT_CODE_BUG, "no loop for operator %s", name);
}

static int64_t nest_offset(const nest *n, int64_t index) {
    int64_t offset = 0;
    for (uint32_t d = n->rank; d-- > 0;) {
        offset += index % n->dims[d] * n->strides[d];
        index /= n->dims[d];
    }
    return offset;
}

static float start_of(ortcpu_fold fold) {
    return fold == ORTCPU_FOLD_PROD  ? 1.0f
           : fold == ORTCPU_FOLD_MAX ? -INFINITY
           : fold == ORTCPU_FOLD_MIN ? INFINITY
                                     : 0.0f;
}

/* `shift` was taken off before exp. */
static float finished(const reduce_state *s, float value, float shift) {
    switch (s->fact.finish) {
    case FINISH_MEAN:
        return value / (float)s->reduced_count;
    case FINISH_SQRT:
        return sqrtf(value);
    case FINISH_LOG:
        return logf(value) + shift;
    default:
        return value;
    }
}

static float fold_rows(const reduce_state *s, ortcpu_fold fold, const float *x, float shift) {
    float acc = start_of(fold);
    for (int64_t r = 0; r < s->rows; r++)
        acc = s->loops->fold_row[fold](x + nest_offset(&s->reduced, r), s->count, acc, shift);
    return acc;
}

static void rows_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const reduce_state *s = step->state;
    float *y = ortk_out(step, 0);
    for (int64_t o = begin; o < end; o++) {
        const float *x = (const float *)ortk_in(step, 0) + nest_offset(&s->kept, o);
        float shift = 0.0f;
        if (s->fact.fold == ORTCPU_FOLD_EXP) {
            shift = fold_rows(s, ORTCPU_FOLD_MAX, x, 0.0f);
            if (isinf(shift)) shift = 0.0f;
        }
        y[o] = finished(s, fold_rows(s, s->fact.fold, x, shift), shift);
    }
}

static void fold_columns(const reduce_state *s, ortcpu_fold fold, float *acc, const float *x, int64_t count,
                         const float *shift) {
    for (int64_t i = 0; i < count; i++) acc[i] = start_of(fold);
    for (int64_t r = 0; r < s->rows; r++)
        s->loops->fold_column[fold](acc, x + nest_offset(&s->reduced, r), count, shift);
}

static void columns_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const reduce_state *s = step->state;
    for (int64_t t = begin; t < end; t++) {
        const int64_t outer = t / s->column_splits, column = t % s->column_splits * COLUMNS;
        const int64_t count = s->count - column < COLUMNS ? s->count - column : COLUMNS;
        const float *x = (const float *)ortk_in(step, 0) + nest_offset(&s->kept, outer) + column;
        float *y = (float *)ortk_out(step, 0) + outer * s->count + column;
        float acc[COLUMNS], shift[COLUMNS] = {0};
        if (s->fact.fold == ORTCPU_FOLD_EXP) {
            fold_columns(s, ORTCPU_FOLD_MAX, shift, x, count, NULL);
            for (int64_t i = 0; i < count; i++)
                if (isinf(shift[i])) shift[i] = 0.0f;
        }
        fold_columns(s, s->fact.fold, acc, x, count, shift);
        for (int64_t i = 0; i < count; i++) y[i] = finished(s, acc[i], shift[i]);
    }
}

/* Other types: A holds the sum (integers wrap), `LOW` and `HIGH` bound T. */
#define REDUCE(suffix, T, A, LOW, HIGH)                                                                                \
    static void run_##suffix(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                       \
        (void)scratch;                                                                                                 \
        const reduce_state *s = step->state;                                                                           \
        const ortcpu_fold fold = s->fact.fold;                                                                         \
        for (int64_t o = begin; o < end; o++) {                                                                        \
            const T *x = (const T *)ortk_in(step, 0) + nest_offset(&s->kept, o);                                       \
            A sum = fold == ORTCPU_FOLD_PROD;                                                                          \
            T best = fold == ORTCPU_FOLD_MAX ? (LOW) : (HIGH);                                                         \
            for (int64_t r = 0; r < s->rows; r++) {                                                                    \
                const T *row = x + nest_offset(&s->reduced, r);                                                        \
                for (int64_t i = 0; i < s->count; i++) {                                                               \
                    const T v = row[i];                                                                                \
                    const A a = (A)v;                                                                                  \
                    if (fold == ORTCPU_FOLD_MAX)                                                                       \
                        best = v > best || v != v ? v : best;                                                          \
                    else if (fold == ORTCPU_FOLD_MIN)                                                                  \
                        best = v < best || v != v ? v : best;                                                          \
                    else if (fold == ORTCPU_FOLD_PROD)                                                                 \
                        sum = (A)(sum * a);                                                                            \
                    else                                                                                               \
                        sum = (A)(sum + (fold == ORTCPU_FOLD_SQUARE                           ? (A)(a * a)             \
                                         : fold == ORTCPU_FOLD_ABS && v < (T)1 && !(v > (T)0) ? (A)((A)0 - a)          \
                                         : fold == ORTCPU_FOLD_EXP                            ? (A)exp((double)v)      \
                                                                                              : a));                                              \
                }                                                                                                      \
            }                                                                                                          \
            T y = fold == ORTCPU_FOLD_MAX || fold == ORTCPU_FOLD_MIN ? best : (T)sum;                                  \
            if (s->fact.finish == FINISH_MEAN) y = (T)(s->reduced_count == 0 ? (T)0 : (T)(y / (T)s->reduced_count));   \
            if (s->fact.finish == FINISH_SQRT) y = (T)sqrt((double)y);                                                 \
            if (s->fact.finish == FINISH_LOG) y = (T)log((double)y);                                                   \
            ((T *)ortk_out(step, 0))[o] = y;                                                                           \
        }                                                                                                              \
    }
REDUCE(i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
REDUCE(i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)
REDUCE(f64, double, double, -INFINITY, INFINITY)
REDUCE(i8, int8_t, uint32_t, INT8_MIN, INT8_MAX)
REDUCE(u8, uint8_t, uint32_t, 0, UINT8_MAX)
REDUCE(u32, uint32_t, uint32_t, 0, UINT32_MAX)
REDUCE(u64, uint64_t, uint64_t, 0, UINT64_MAX)
REDUCE(truth, uint8_t, uint32_t, 0, 1)

static void nest_add(nest *n, int64_t dim, int64_t stride) {
    n->dims[n->rank] = dim;
    n->strides[n->rank++] = stride;
}

static void find_reduced(const reduce_params *p, const ortk_desc *in, uint32_t in_count, bool *reduced) {
    const bool given = ortcpu_is_known(in, in_count, 1) && in[1].element_count > 0;
    for (uint32_t d = 0; d < in->rank; d++) reduced[d] = !given && !p->noop;
    for (int64_t i = 0; given && i < in[1].element_count; i++)
        reduced[ortcpu_axis(ortcpu_known_int(&in[1], i), in->rank)] = true;
}

/* Loops of one turn fall away; the last that is left is the innermost. */
static void build(reduce_state *s, const ortk_desc *in, const bool *reduced) {
    struct {
        int64_t dim, stride;
        bool reduced;
    } loops[ORTK_RANK_MAX];
    uint32_t count = 0;
    int64_t stride = 1;
    for (uint32_t d = in->rank; d-- > 0;) { /* innermost first */
        if (reduced[d]) s->reduced_count *= in->dims[d];
        if (in->dims[d] != 1) {
            if (count > 0 && loops[count - 1].reduced == reduced[d]) {
                loops[count - 1].dim *= in->dims[d];
            } else {
                loops[count].dim = in->dims[d];
                loops[count].stride = stride;
                loops[count++].reduced = reduced[d];
            }
        }
        stride *= in->dims[d];
    }
    s->along_rows = count == 0 || loops[0].reduced || in->dtype != ORT_DTYPE_F32;
    const bool inner_first = count > 0 && loops[0].reduced == s->along_rows;
    s->count = inner_first ? loops[0].dim : 1;
    s->rows = 1;
    for (uint32_t i = count; i-- > (inner_first ? 1u : 0u);) {
        nest_add(loops[i].reduced ? &s->reduced : &s->kept, loops[i].dim, loops[i].stride);
        if (loops[i].reduced) s->rows *= loops[i].dim;
    }
}

static ort_status *reduce_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {
        [ORT_DTYPE_I32] = run_i32, [ORT_DTYPE_I64] = run_i64,    [ORT_DTYPE_F64] = run_f64, [ORT_DTYPE_I8] = run_i8,
        [ORT_DTYPE_U8] = run_u8,   [ORT_DTYPE_BOOL] = run_truth, [ORT_DTYPE_U32] = run_u32, [ORT_DTYPE_U64] = run_u64,
    };
    const reduce_params *p = params;
    if (out->element_count == 0) return NULL;
    bool reduced[ORTK_RANK_MAX] = {false};
    reduce_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (reduce_state){.loops = ortcpu_loops_get()->row, .fact = p->fact, .reduced_count = 1};
    find_reduced(p, in, in_count, reduced);
    build(s, in, reduced);
    s->out_count = out->element_count;
    s->column_splits = (s->count + COLUMNS - 1) / COLUMNS;
    step->state = s;
    step->run = in->dtype != ORT_DTYPE_F32 ? by_type[in->dtype] : s->along_rows ? rows_run : columns_run;
    step->task_count = s->along_rows ? s->out_count : s->out_count / s->count * s->column_splits;
    step->grain = 1 + 16384 / (s->reduced_count * (s->along_rows ? 1 : COLUMNS) + 1);
    step->cost_ns = (double)in->element_count * 0.2 + (double)out->element_count * 2;
    return NULL;
}

ORTCPU_WIDE_PLAN(reduce_plan, 0)

#define TYPES                                                                                                          \
    (ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64) |           \
     ORT_DTYPE_BIT(ORT_DTYPE_U32) | ORT_DTYPE_BIT(ORT_DTYPE_U64))
#define ORDERED (TYPES | ORT_DTYPE_BIT(ORT_DTYPE_I8) | ORT_DTYPE_BIT(ORT_DTYPE_U8) | ORTCPU_TYPE_BOOL)
#define KERNEL(NAME, SINCE, TYPE_SET)                                                                                  \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPE_SET),   \
        .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_KNOWN(1), .params_bytes = sizeof(reduce_params),                  \
        .compile = reduce_compile, .plan = reduce_plan_wide                                                            \
    }
static const ortk_kernel kernels[] = {
    KERNEL("ReduceSum", 13, TYPES),
    KERNEL("ReduceMean", 18, TYPES),
    KERNEL("ReduceMax", 18, ORDERED),
    KERNEL("ReduceMin", 18, ORDERED),
    KERNEL("ReduceProd", 18, TYPES),
    KERNEL("ReduceSumSquare", 18, TYPES),
    KERNEL("ReduceL1", 18, TYPES),
    KERNEL("ReduceL2", 18, TYPES),
    KERNEL("ReduceLogSum", 18, ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT),
    KERNEL("ReduceLogSumExp", 18, ORTCPU_TYPES_FLOAT | ORTCPU_TYPES_SHORT),
};
const ortcpu_op_table ortcpu_ops_reduce = ORTCPU_TABLE(kernels);
