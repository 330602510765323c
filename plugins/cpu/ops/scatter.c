/* ScatterND, ScatterElements and Scatter: the data, with updates put in or joined with what is there, one after the
 * other in the order of the indices. What an index out of range points at can't fail a run: it is left out. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct scatter_params {
    int64_t axis;
    bool joins; /* a reduction */
    ortcpu_binary op;
} scatter_params;

typedef struct scatter_state {
    ortcpu_loop_fn join;            /* NULL: updates replace */
    int64_t bytes, data_bytes;      /* of an element, of all */
    int64_t count, depth, slice;    /* ND: index tuples, their length, elements of what a tuple points at */
    int64_t dims[ORTK_RANK_MAX];    /* of the data: ND the first `depth`; elements all */
    int64_t strides[ORTK_RANK_MAX]; /* elements of data from one index to the next */
    int64_t update_dims[ORTK_RANK_MAX];
    uint32_t rank, axis;
    bool wide; /* int64 indices */
} scatter_state;

static bool claim(ortk_node *node) {
    uint32_t dtype = ortk_node_input_dtype(node, 1);
    if (dtype != ORT_DTYPE_I32 && dtype != ORT_DTYPE_I64)
        return ortk_decline(node, ORTP_DECLINE_TYPE, "indices of element type %u", dtype);
    if (ortk_attr_is(node, "reduction", "none", "none") ||
        (ORT_DTYPE_BIT(ortk_node_input_dtype(node, 0)) & ORTCPU_TYPES_REAL) != 0)
        return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "a reduction of this element type");
}

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const struct {
        const char *name;
        ortcpu_binary op;
    } reductions[] = {{"add", ORTCPU_ADD}, {"mul", ORTCPU_MUL}, {"max", ORTCPU_MAX}, {"min", ORTCPU_MIN}};
    (void)compiler;
    scatter_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 0);
    for (size_t i = 0; i < sizeof reductions / sizeof reductions[0]; i++) {
        if (!ortk_attr_is(node, "reduction", "none", reductions[i].name)) continue;
        p->joins = true;
        p->op = reductions[i].op;
    }
    if (p->joins || ortk_attr_is(node, "reduction", "none", "none")) return NULL;
    return ortk_fail(ORT_CODE_INVALID_MODEL, "an unknown reduction");
}

static int64_t index_at(const scatter_state *s, const void *indices, int64_t i, int64_t dim) {
    int64_t index = s->wide ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
    if (index < 0) index += dim;
    return index >= 0 && index < dim ? index : -1;
}

static void put(const scatter_state *s, char *to, const char *from, int64_t count) {
    if (s->join == NULL) {
        memcpy(to, from, (size_t)(count * s->bytes));
        return;
    }
    const int64_t inc[] = {s->bytes, s->bytes, s->bytes}, step[] = {0, 0, 0};
    const ortcpu_block block = {count, 1, inc, step, NULL, 3, {to, to, (void *)(uintptr_t)from}};
    s->join(&block);
}

static char *data_take(const ortk_step *step, const scatter_state *s) {
    char *out = ortk_out(step, 0);
    if (out != ortk_in(step, 0)) memcpy(out, ortk_in(step, 0), (size_t)s->data_bytes);
    return out;
}

static void nd_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const scatter_state *s = step->state;
    const char *updates = ortk_in(step, 2);
    char *out = data_take(step, s);
    for (int64_t i = 0; i < s->count; i++) {
        int64_t at = 0;
        bool is_inside = true;
        for (int64_t d = 0; d < s->depth; d++) {
            const int64_t index = index_at(s, ortk_in(step, 1), i * s->depth + d, s->dims[d]);
            is_inside = is_inside && index >= 0;
            at += index * s->strides[d];
        }
        if (is_inside) put(s, out + at * s->bytes, updates + i * s->slice * s->bytes, s->slice);
    }
}

static void elements_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const scatter_state *s = step->state;
    const char *updates = ortk_in(step, 2);
    char *out = data_take(step, s);
    for (int64_t i = 0; i < s->count; i++) {
        int64_t rest = i, at = 0;
        for (uint32_t d = s->rank; d-- > 0;) {
            if (d != s->axis) at += rest % s->update_dims[d] * s->strides[d];
            rest /= s->update_dims[d];
        }
        const int64_t index = index_at(s, ortk_in(step, 1), i, s->dims[s->axis]);
        if (index >= 0) put(s, out + (at + index * s->strides[s->axis]) * s->bytes, updates + i * s->bytes, 1);
    }
}

static ort_status *state_create(ortk_planner *planner, const scatter_params *p, const ortk_desc *in,
                                ortk_step_plan *step, scatter_state **out) {
    scatter_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    memset(s, 0, sizeof *s);
    s->join = p->joins ? ortcpu_binary_loop(p->op, in[0].dtype) : NULL;
    s->bytes = (int64_t)ortk_dtype_bytes(in[0].dtype, 1);
    s->data_bytes = in[0].element_count * s->bytes;
    s->wide = in[1].dtype == ORT_DTYPE_I64;
    s->rank = in[0].rank;
    memcpy(s->dims, in[0].dims, sizeof s->dims);
    memcpy(s->update_dims, in[2].dims, sizeof s->update_dims);
    ortk_desc_strides(&in[0], s->strides);
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)s->data_bytes * 0.1 + 4 * (double)in[1].element_count + (double)in[2].element_count;
    *out = s;
    return NULL;
}

static ort_status *nd_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                           const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    scatter_state *s = NULL;
    if (out->element_count == 0) return NULL;
    ort_status *status = state_create(planner, params, in, step, &s);
    if (status != NULL) return status;
    s->depth = in[1].dims[in[1].rank - 1];
    s->count = ortcpu_product(in[1].dims, 0, in[1].rank - 1);
    s->slice = ortcpu_product(in[0].dims, (uint32_t)s->depth, in[0].rank);
    if (in[2].element_count != s->count * s->slice)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld updates, the indices ask for %lld",
                         (long long)in[2].element_count, (long long)(s->count * s->slice));
    step->run = nd_run;
    return NULL;
}

static ort_status *elements_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    scatter_state *s = NULL;
    if (out->element_count == 0) return NULL;
    ort_status *status = state_create(planner, params, in, step, &s);
    if (status != NULL) return status;
    s->axis = ortcpu_axis(((const scatter_params *)params)->axis, in->rank);
    s->count = in[1].element_count;
    bool fits = in[2].element_count == in[1].element_count && in[1].rank == in->rank;
    for (uint32_t d = 0; fits && d < in->rank; d++) fits = d == s->axis || in[1].dims[d] <= in->dims[d];
    if (!fits) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "indices or updates reach beyond the data");
    step->run = elements_run;
    return NULL;
}

#define SCATTER(NAME, SINCE, PLAN_FN)                                                                                  \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_MOVED, .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_INPLACE_FIRST,                       \
        .params_bytes = sizeof(scatter_params), .claim = claim, .compile = compile, .plan = PLAN_FN                    \
    }
static const ortk_kernel kernels[] = {
    SCATTER("ScatterND", 11, nd_plan),
    SCATTER("ScatterElements", 11, elements_plan),
    SCATTER("Scatter", 9, elements_plan),
};
const ortcpu_op_table ortcpu_ops_scatter = ORTCPU_TABLE(kernels);
