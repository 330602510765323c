/* HannWindow, HammingWindow, BlackmanWindow; TensorScatter. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

/* a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n) */
typedef struct window_params {
    double a[3];
    bool is_periodic;
} window_params;

typedef struct window_state {
    window_params p;
    int64_t count;
    bool is_wide;
} window_state;

static bool window_claim(ortk_node *node) {
    const uint32_t dtype = ortk_node_output_dtype(node, 0);
    if (dtype == ORT_DTYPE_F32 || dtype == ORT_DTYPE_F64) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "a window of this element type");
}

static ort_status *window_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const struct {
        const char *op;
        double a[3];
    } known[] = {{"HannWindow", {0.5, 0.5, 0}},
                 {"HammingWindow", {25.0 / 46, 21.0 / 46, 0}},
                 {"BlackmanWindow", {0.42, 0.5, 0.08}}};
    (void)compiler;
    window_params *p = params;
    p->is_periodic = ortk_attr_int(node, "periodic", 1) != 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].op, ortk_node_op(node)) == 0) memcpy(p->a, known[i].a, sizeof p->a);
    return NULL;
}

static void window_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const window_state *s = step->state;
    const double n = (double)(s->p.is_periodic ? s->count : s->count - 1), turn = 6.283185307179586476925;
    for (int64_t i = 0; i < s->count; i++) {
        const double x = n > 0 ? turn * (double)i / n : 0;
        const double y = n > 0 ? s->p.a[0] - s->p.a[1] * cos(x) + s->p.a[2] * cos(2 * x) : 1; /* one element */
        if (s->is_wide)
            ((double *)ortk_out(step, 0))[i] = y;
        else
            ((float *)ortk_out(step, 0))[i] = (float)y;
    }
}

static ort_status *window_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in, (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    window_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (window_state){*(const window_params *)params, out->element_count, out->dtype == ORT_DTYPE_F64};
    step->run = window_run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)out->element_count * 30;
    return NULL;
}

/* ---- TensorScatter (ONNX TensorScatter-24): updates of a cache from where each batch is ---- */

typedef struct cache_params {
    int64_t axis;
    bool is_circular;
} cache_params;

typedef struct cache_state {
    bool is_circular;
    int64_t batch, outer, room, steps, block, bytes; /* [batch][outer][room or steps][block bytes] */
} cache_state;

static ort_status *cache_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    *(cache_params *)params =
        (cache_params){ortk_attr_int(node, "axis", -2), ortk_attr_is(node, "mode", "linear", "circular")};
    return NULL;
}

static void cache_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const cache_state *s = step->state;
    const int64_t *starts = step->input_count > 2 ? ortk_in(step, 2) : NULL;
    char *out = ortk_out(step, 0);
    if (out != ortk_in(step, 0)) memcpy(out, ortk_in(step, 0), (size_t)s->bytes);
    for (int64_t row = 0; row < s->batch * s->outer; row++)
        for (int64_t i = 0; i < s->steps; i++) {
            int64_t at = (starts != NULL ? starts[row / s->outer] : 0) + i;
            if (s->is_circular && at >= 0) at %= s->room;
            if (at < 0 || at >= s->room) { /* beyond the cache */
                ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "place %lld of a cache of %lld", (long long)at,
                              (long long)s->room);
                return;
            }
            memcpy(out + (row * s->room + at) * s->block,
                   (const char *)ortk_in(step, 1) + (row * s->steps + i) * s->block, (size_t)s->block);
        }
}

static ort_status *cache_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const cache_params *p = params;
    if (out->element_count == 0) return NULL;
    const uint32_t axis = ortcpu_axis(p->axis, in->rank);
    cache_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    if (axis == 0 || in[1].rank != in->rank)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "axis %lld of caches of ranks %u and %u", (long long)p->axis,
                         in->rank, in[1].rank);
    for (uint32_t i = 0; i < in->rank; i++)
        if (i != axis && in[1].dims[i] != in->dims[i])
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "axis %u of the update has the size %lld, the cache %lld", i,
                             (long long)in[1].dims[i], (long long)in->dims[i]);
    if (in_count > 2 && in[2].is_present && in[2].element_count != in->dims[0])
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld places for %lld caches", (long long)in[2].element_count,
                         (long long)in->dims[0]);
    const int64_t bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1);
    *s = (cache_state){.is_circular = p->is_circular,
                       .batch = in->dims[0],
                       .outer = ortcpu_product(in->dims, 1, axis),
                       .room = in->dims[axis],
                       .steps = in[1].dims[axis],
                       .block = ortcpu_product(in->dims, axis + 1, in->rank) * bytes,
                       .bytes = in->element_count * bytes};
    step->run = cache_run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)s->bytes * 0.05 + (double)in[1].element_count;
    return NULL;
}

#define WINDOW(NAME)                                                                                                   \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 17, .until_version = ORTCPU_NEWEST_OPSET,                           \
        .types = ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64), .mode = ORTK_MODE_ROWS,                  \
        .params_bytes = sizeof(window_params), .claim = window_claim, .compile = window_compile, .plan = window_plan   \
    }
static const ortk_kernel kernels[] = {
    WINDOW("HannWindow"),
    WINDOW("HammingWindow"),
    WINDOW("BlackmanWindow"),
    {.op = "TensorScatter",
     .domain = "",
     .since_version = 24,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_TYPES_MOVED,
     .mode = ORTK_MODE_ROWS,
     .flags = ORTK_KERNEL_INPLACE_FIRST,
     .params_bytes = sizeof(cache_params),
     .compile = cache_compile,
     .plan = cache_plan},
};
const ortcpu_op_table ortcpu_ops_windows = ORTCPU_TABLE(kernels);
