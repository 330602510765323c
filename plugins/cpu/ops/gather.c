/* Gather, GatherElements, OneHot. An index out of range can't fail a run: such elements of the result are 0. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/walk.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct axis_params {
    int64_t axis;
} axis_params;

static ort_status *axis_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    const bool last = strcmp(ortk_node_op(node), "OneHot") == 0;
    ((axis_params *)params)->axis = ortk_attr_int(node, "axis", last ? -1 : 0);
    return NULL;
}

static bool index_claim(ortk_node *node) {
    uint32_t dtype = ortk_node_input_dtype(node, 1);
    if (dtype == ORT_DTYPE_I32 || dtype == ORT_DTYPE_I64) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "indices of element type %u", dtype);
}

typedef struct gather_state {
    int64_t outer, dim, inner, index_count; /* result [outer][index_count][inner] of data [outer][dim][inner] */
    int64_t bytes, inner_bytes, per_task;
    bool wide; /* int64 indices */
    uint32_t rank;
    int64_t out_dims[ORTK_RANK_MAX], data_strides[ORTK_RANK_MAX], axis_stride; /* GatherElements */
    uint32_t axis;
} gather_state;

static int64_t index_at(const void *indices, bool wide, int64_t i, int64_t dim) {
    int64_t index = wide ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
    if (index < 0) index += dim;
    return index >= 0 && index < dim ? index : -1;
}

static void copy_or_clear(char *to, const char *from, int64_t bytes) {
    if (from == NULL)
        memset(to, 0, (size_t)bytes);
    else if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)bytes);
}

static void gather_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const gather_state *s = step->state;
    const char *data = ortk_in(step, 0);
    const void *indices = ortk_in(step, 1);
    char *out = ortk_out(step, 0);
    int64_t to = end * s->per_task, total = s->outer * s->index_count;
    if (to > total) to = total;
    for (int64_t row = begin * s->per_task; row < to; row++) {
        int64_t index = index_at(indices, s->wide, row % s->index_count, s->dim);
        const char *from = data + (row / s->index_count * s->dim + index) * s->inner_bytes;
        copy_or_clear(out + row * s->inner_bytes, index < 0 ? NULL : from, s->inner_bytes);
    }
}

static ort_status *gather_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    gather_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    memset(s, 0, sizeof *s);
    const uint32_t axis = ortcpu_axis(((const axis_params *)params)->axis, in->rank);
    s->outer = ortcpu_product(in->dims, 0, axis);
    s->dim = in->dims[axis];
    s->inner = ortcpu_product(in->dims, axis + 1, in->rank);
    s->index_count = in[1].element_count;
    s->wide = in[1].dtype == ORT_DTYPE_I64;
    s->inner_bytes = s->inner * (int64_t)ortk_dtype_bytes(in->dtype, 1);
    s->per_task = ORTCPU_TASK_ELEMENTS / s->inner + 1;
    step->run = gather_run;
    step->state = s;
    step->task_count = (s->outer * s->index_count + s->per_task - 1) / s->per_task;
    step->cost_ns = (double)(s->outer * s->index_count) * (3 + 0.1 * (double)s->inner);
    return NULL;
}

/* ---- GatherElements: out[i][j][k] = data[i][index[i][j][k]][k] for axis 1 ---- */

static void elements_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const gather_state *s = step->state;
    const char *data = ortk_in(step, 0);
    const void *indices = ortk_in(step, 1);
    char *out = ortk_out(step, 0);
    int64_t to = end * s->per_task;
    if (to > s->index_count) to = s->index_count;
    for (int64_t i = begin * s->per_task; i < to; i++) {
        int64_t rest = i, base = 0;
        for (uint32_t d = s->rank; d-- > 0;) {
            if (d != s->axis) base += rest % s->out_dims[d] * s->data_strides[d];
            rest /= s->out_dims[d];
        }
        int64_t index = index_at(indices, s->wide, i, s->dim);
        const char *from = data + (base + index * s->axis_stride) * s->bytes;
        copy_or_clear(out + i * s->bytes, index < 0 ? NULL : from, s->bytes);
    }
}

static ort_status *elements_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    gather_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    memset(s, 0, sizeof *s);
    s->rank = out->rank;
    s->axis = ortcpu_axis(((const axis_params *)params)->axis, in->rank);
    memcpy(s->out_dims, out->dims, sizeof s->out_dims);
    ortk_desc_strides(in, s->data_strides);
    s->axis_stride = s->data_strides[s->axis];
    s->dim = in->dims[s->axis];
    s->index_count = out->element_count;
    s->wide = in[1].dtype == ORT_DTYPE_I64;
    s->bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1);
    s->per_task = 4096;
    step->run = elements_run;
    step->state = s;
    step->task_count = (s->index_count + s->per_task - 1) / s->per_task;
    step->cost_ns = (double)s->index_count * 4;
    return NULL;
}

/* ---- OneHot: the depth is known by the result's shape ---- */

static bool one_hot_claim(ortk_node *node) {
    if ((ORT_DTYPE_BIT(ortk_node_input_dtype(node, 2)) & ORTCPU_TYPES_MOVED) != 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "OneHot of this element type");
}

static int64_t one_hot_index(const void *indices, uint32_t dtype, int64_t i, int64_t depth) {
    if (dtype == ORT_DTYPE_I64 || dtype == ORT_DTYPE_I32) return index_at(indices, dtype == ORT_DTYPE_I64, i, depth);
    const double value = dtype == ORT_DTYPE_F32   ? (double)((const float *)indices)[i]
                         : dtype == ORT_DTYPE_F64 ? ((const double *)indices)[i]
                                                  : (double)((const uint8_t *)indices)[i];
    if (!(value >= (double)-depth && value < (double)depth)) return -1;
    return value < 0 ? (int64_t)value + depth : (int64_t)value;
}

static void one_hot_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const gather_state *s = step->state;
    const char *values = ortk_in(step, 2);
    for (int64_t o = begin; o < end; o++) {
        char *out = (char *)ortk_out(step, 0) + o * s->dim * s->inner * s->bytes;
        ortcpu_repeat(out, values, s->bytes, s->dim * s->inner);
        for (int64_t i = 0; i < s->inner; i++) {
            int64_t index = one_hot_index(ortk_in(step, 0), s->rank, o * s->inner + i, s->dim);
            if (index >= 0) copy_or_clear(out + (index * s->inner + i) * s->bytes, values + s->bytes, s->bytes);
        }
    }
}

static ort_status *one_hot_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    gather_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    memset(s, 0, sizeof *s);
    const uint32_t axis = ortcpu_axis(((const axis_params *)params)->axis, out->rank);
    s->outer = ortcpu_product(out->dims, 0, axis);
    s->dim = out->dims[axis];
    s->inner = ortcpu_product(out->dims, axis + 1, out->rank);
    s->bytes = (int64_t)ortk_dtype_bytes(out->dtype, 1);
    s->rank = in->dtype;
    step->run = one_hot_run;
    step->state = s;
    step->task_count = s->outer;
    step->grain = 1 + 4096 / (s->dim * s->inner);
    step->cost_ns = (double)out->element_count;
    return NULL;
}

#define GATHER(NAME, SINCE, TYPES, CLAIM, PLAN_FN, FLAGS)                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(axis_params), .claim = CLAIM, .compile = axis_compile,          \
        .plan = PLAN_FN, .flags = (FLAGS)                                                                              \
    }
static const ortk_kernel kernels[] = {
    GATHER("Gather", 1, ORTCPU_TYPES_MOVED, index_claim, gather_plan, ORTK_KERNEL_BYTES),
    GATHER("GatherElements", 11, ORTCPU_TYPES_MOVED, index_claim, elements_plan, 0),
    GATHER("OneHot", 9,
           ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64) |
               ORT_DTYPE_BIT(ORT_DTYPE_U8),
           one_hot_claim, one_hot_plan, 0),
};
const ortcpu_op_table ortcpu_ops_gather = ORTCPU_TABLE(kernels);
