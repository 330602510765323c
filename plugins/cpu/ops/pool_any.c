/* MaxPool, AveragePool and LpPool over any number of axes, with the places of maxima, and their global forms;
 * MaxUnpool. What images of float32 need is faster in adapters/pool.c, which is asked first. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/window_any.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct pool_params {
    ortcpu_window_any window;
    bool is_global, counts_padding, by_columns;
    int64_t p;
    bool is_max, is_power;
} pool_params;

typedef struct pool_state pool_state;
/* One output of one plane. */
typedef void (*pool_fn)(const pool_state *s, const void *plane, int64_t position, void *out, int64_t *index);

struct pool_state {
    pool_fn fn;
    ortcpu_windows w;
    bool counts_padding, by_columns;
    double p;
    int64_t bytes;
};

static bool claim(ortk_node *node) {
    const int32_t rank = ortk_node_input_rank(node, 0);
    if (rank >= 3 && rank <= (int32_t)ORTCPU_SPATIAL_MAX + 2) return true;
    return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d", (int)rank);
}

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    pool_params *p = params;
    const char *op = ortk_node_op(node);
    ortcpu_window_any_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window);
    p->is_global = strncmp(op, "Global", 6) == 0;
    p->is_max = strstr(op, "Max") != NULL;
    p->is_power = strstr(op, "Lp") != NULL;
    p->counts_padding = ortk_attr_int(node, "count_include_pad", 0) != 0;
    p->by_columns = ortk_attr_int(node, "storage_order", 0) != 0;
    p->p = ortk_attr_int(node, "p", 2);
    return NULL;
}

#define MAX_POOL(name, T)                                                                                              \
    static void name(const pool_state *s, const void *plane, int64_t position, void *out, int64_t *index) {            \
        const T *x = plane;                                                                                            \
        int64_t best = -1;                                                                                             \
        bool is_padding;                                                                                               \
        for (int64_t tap = 0; tap < s->w.tap_count; tap++) {                                                           \
            const int64_t at = ortcpu_windows_at(&s->w, position, tap, &is_padding);                                   \
            if (at >= 0 && (best < 0 || x[at] > x[best] || x[at] != x[at])) best = at;                                 \
        }                                                                                                              \
        *index = best;                                                                                                 \
        if (out != NULL && best >= 0) *(T *)out = x[best];                                                             \
    }
MAX_POOL(max_f32, float)
MAX_POOL(max_f64, double)
MAX_POOL(max_i8, int8_t)
MAX_POOL(max_u8, uint8_t)

#define SUM_POOLS(suffix, T)                                                                                           \
    static void average_##suffix(const pool_state *s, const void *plane, int64_t position, void *out,                  \
                                 int64_t *index) {                                                                     \
        const T *x = plane;                                                                                            \
        double sum = 0;                                                                                                \
        int64_t count = 0;                                                                                             \
        bool is_padding;                                                                                               \
        for (int64_t tap = 0; tap < s->w.tap_count; tap++) {                                                           \
            const int64_t at = ortcpu_windows_at(&s->w, position, tap, &is_padding);                                   \
            if (at >= 0) sum += (double)x[at];                                                                         \
            count += at >= 0 || (s->counts_padding && is_padding);                                                     \
        }                                                                                                              \
        *index = 0;                                                                                                    \
        *(T *)out = (T)(sum / (double)count);                                                                          \
    }                                                                                                                  \
    static void power_##suffix(const pool_state *s, const void *plane, int64_t position, void *out, int64_t *index) {  \
        const T *x = plane;                                                                                            \
        double sum = 0;                                                                                                \
        bool is_padding;                                                                                               \
        for (int64_t tap = 0; tap < s->w.tap_count; tap++) {                                                           \
            const int64_t at = ortcpu_windows_at(&s->w, position, tap, &is_padding);                                   \
            if (at >= 0) sum += pow(fabs((double)x[at]), s->p);                                                        \
        }                                                                                                              \
        *index = 0;                                                                                                    \
        *(T *)out = (T)pow(sum, 1 / s->p);                                                                             \
    }
SUM_POOLS(f32, float)
SUM_POOLS(f64, double)

/* ONNX MaxPool-22, storage_order 1: the first spatial axis counts fastest. */
static int64_t index_by_columns(const ortcpu_windows *w, int64_t at) {
    int64_t index = 0, pitch = w->in_count;
    for (uint32_t i = w->rank; i-- > 0;) {
        pitch /= w->in[i];
        index += at % w->in[i] * pitch;
        at /= w->in[i];
    }
    return index;
}

static void pool_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const pool_state *s = step->state;
    char *out = ortk_out(step, 0);
    int64_t *places = step->output_count > 1 ? ortk_out(step, 1) : NULL;
    for (int64_t plane = begin; plane < end; plane++)
        for (int64_t i = 0; i < s->w.out_count; i++) {
            const int64_t to = plane * s->w.out_count + i;
            int64_t index;
            s->fn(s, (const char *)ortk_in(step, 0) + plane * s->w.in_count * s->bytes, i,
                  out != NULL ? out + to * s->bytes : NULL, &index);
            if (places != NULL)
                places[to] = plane * s->w.in_count + (s->by_columns ? index_by_columns(&s->w, index) : index);
        }
}

static pool_fn fn_of(const pool_params *p, uint32_t dtype) {
    static const pool_fn maxima[ORT_DTYPE_COUNT] = {
        [ORT_DTYPE_F32] = max_f32, [ORT_DTYPE_F64] = max_f64, [ORT_DTYPE_I8] = max_i8, [ORT_DTYPE_U8] = max_u8};
    if (p->is_max) return maxima[dtype];
    if (p->is_power) return dtype == ORT_DTYPE_F32 ? power_f32 : power_f64;
    return dtype == ORT_DTYPE_F32 ? average_f32 : average_f64;
}

static ort_status *pool_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    const pool_params *p = params;
    const ortk_desc *result = out[0].is_present || out_count < 2 ? &out[0] : &out[1];
    if (result->element_count == 0) return NULL;
    pool_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (pool_state){.fn = fn_of(p, in->dtype),
                      .counts_padding = p->counts_padding,
                      .by_columns = p->by_columns,
                      .p = (double)p->p,
                      .bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1)};
    ortcpu_windows_set(&p->window, in, result, p->is_global ? in->dims + 2 : NULL, &s->w);
    step->run = pool_run;
    step->state = s;
    step->task_count = in->dims[0] * in->dims[1];
    step->cost_ns = (double)result->element_count * (double)s->w.tap_count * 3;
    return NULL;
}

/* ---- MaxUnpool: zeros, and each value where its index says ---- */

typedef struct unpool_state {
    int64_t count, out_count, bytes;
    /* Where output_shape asks for more than the pool's own size, indices count in that. */
    uint32_t rank;
    int64_t own[ORTK_RANK_MAX], dims[ORTK_RANK_MAX];
} unpool_state;

static void unpool_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const unpool_state *s = step->state;
    const int64_t *indices = ortk_in(step, 1);
    char *out = ortk_out(step, 0);
    memset(out, 0, (size_t)(s->out_count * s->bytes));
    for (int64_t i = 0; i < s->count; i++) {
        int64_t rest = indices[i], at = 0, pitch = 1;
        for (uint32_t d = s->rank; d-- > 0; pitch *= s->dims[d]) {
            at += rest % s->own[d] * pitch;
            rest /= s->own[d];
        }
        if (indices[i] >= 0 && rest == 0)
            memcpy(out + at * s->bytes, (const char *)ortk_in(step, 0) + i * s->bytes, (size_t)s->bytes);
    }
}

static ort_status *unpool_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    const pool_params *p = params;
    if (out->element_count == 0) return NULL;
    if (in[1].element_count != in->element_count)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld values at %lld places", (long long)in->element_count,
                         (long long)in[1].element_count);
    unpool_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (unpool_state){.count = in->element_count,
                        .out_count = out->element_count,
                        .bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1),
                        .rank = in->rank};
    const uint32_t spatial = in->rank - 2;
    for (uint32_t i = 0; i < in->rank; i++) {
        s->dims[i] = s->own[i] = out->dims[i];
        if (i < 2) continue;
        const ortcpu_window_any *w = &p->window;
        s->own[i] = (in->dims[i] - 1) * w->stride[i - 2] + w->kernel[i - 2] - w->pads[i - 2] - w->pads[i - 2 + spatial];
        if (s->own[i] > s->dims[i] || s->own[i] < 1) s->own[i] = s->dims[i];
    }
    step->run = unpool_run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)out->element_count;
    return NULL;
}

#define POOL(NAME, SINCE, TYPES, PLAN_FN)                                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(pool_params), .claim = claim, .compile = compile,               \
        .plan = PLAN_FN                                                                                                \
    }
static const ortk_kernel kernels[] = {
    POOL("MaxPool", 1, ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I8) | ORT_DTYPE_BIT(ORT_DTYPE_U8), pool_plan),
    POOL("AveragePool", 7, ORTCPU_TYPES_FLOAT, pool_plan),
    POOL("LpPool", 2, ORTCPU_TYPES_FLOAT, pool_plan),
    POOL("GlobalMaxPool", 1, ORTCPU_TYPES_FLOAT, pool_plan),
    POOL("GlobalAveragePool", 1, ORTCPU_TYPES_FLOAT, pool_plan),
    POOL("GlobalLpPool", 2, ORTCPU_TYPES_FLOAT, pool_plan),
    POOL("MaxUnpool", 9, ORTCPU_TYPES_FLOAT, unpool_plan),
};
const ortcpu_op_table ortcpu_ops_pool_any = ORTCPU_TABLE(kernels);
