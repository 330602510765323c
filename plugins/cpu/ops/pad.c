/* Pad (ONNX Pad-25): along each dimension the output is runs of the input, read forwards, backwards or one element over
 * and over, or lies outside. Every combination of runs is a box. */
#include "ops/copy.h"
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;
typedef struct pad_params {
    pad_mode mode;
} pad_params;

typedef struct run {
    int64_t to, count, from, stride;
    bool outside;
} run;
typedef struct runs {
    uint32_t count;
    run *at;
} runs;

static ort_status *pad_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    pad_params *p = params;
    if (ortk_attr_is(node, "mode", "constant", "reflect")) p->mode = PAD_REFLECT;
    if (ortk_attr_is(node, "mode", "constant", "edge")) p->mode = PAD_EDGE;
    if (ortk_attr_is(node, "mode", "constant", "wrap")) p->mode = PAD_WRAP;
    return NULL;
}

/* Where position `at` (0 is the input's first element) comes from; -1: outside. */
static int64_t source(pad_mode mode, int64_t at, int64_t dim) {
    if (at >= 0 && at < dim) return at;
    if (mode == PAD_CONSTANT || dim <= 0) return -1;
    if (mode == PAD_EDGE || dim == 1) return at < 0 ? 0 : dim - 1;
    const int64_t period = mode == PAD_WRAP ? dim : 2 * (dim - 1);
    int64_t in = at % period;
    if (in < 0) in += period;
    return in < dim ? in : period - in;
}

/* Continues the last run or begins another; `out` NULL only counts. */
static void append(runs *list, bool store, int64_t to, int64_t from, run *last) {
    const bool outside = from < 0;
    bool joins = list->count > 0 && last->outside == outside;
    if (joins && !outside) {
        int64_t stride = from - (last->from + last->stride * (last->count - 1));
        joins = stride >= -1 && stride <= 1 && (last->count == 1 || stride == last->stride);
        if (joins) last->stride = stride;
    }
    if (joins) {
        last->count++;
    } else {
        *last = (run){.to = to, .count = 1, .from = outside ? 0 : from, .outside = outside};
        list->count++;
    }
    if (store) list->at[list->count - 1] = *last;
}

static bool find_runs(ortk_planner *planner, pad_mode mode, int64_t in_dim, int64_t out_dim, int64_t before,
                      runs *out) {
    run last = {0};
    for (int64_t i = 0; i < out_dim; i++) append(out, false, i, source(mode, i - before, in_dim), &last);
    out->at = ortk_planner_alloc(planner, (out->count + 1) * sizeof(run));
    if (out->at == NULL) return false;
    out->count = 0;
    for (int64_t i = 0; i < out_dim; i++) append(out, true, i, source(mode, i - before, in_dim), &last);
    return true;
}

typedef struct pad_build {
    ortcpu_copy_list *list;
    const runs *runs;
    const int64_t *out_dims, *in_strides, *out_strides;
    uint32_t rank, value; /* value: the input with the constant, or ORTCPU_COPY_ZERO */
} pad_build;

/* Fixes dimension d of the box to each of its runs in turn. Outside, the rest of the dimensions is one whole. */
static void emit(const pad_build *b, uint32_t d, ortcpu_box box) {
    if (d == b->rank) {
        ortcpu_copy_add(b->list, &box);
        return;
    }
    for (uint32_t i = 0; i < b->runs[d].count; i++) {
        const run *r = &b->runs[d].at[i];
        ortcpu_box next = box;
        next.dims[d] = r->count;
        next.out_strides[d] = b->out_strides[d];
        next.out_offset += r->to * b->out_strides[d];
        if (!r->outside) {
            next.in_offset += r->from * b->in_strides[d];
            next.in_strides[d] = r->stride * b->in_strides[d];
            emit(b, d + 1, next);
            continue;
        }
        next.in = b->value;
        next.in_offset = 0;
        memset(next.in_strides, 0, sizeof next.in_strides);
        for (uint32_t e = d + 1; e < b->rank; e++) {
            next.dims[e] = b->out_dims[e];
            next.out_strides[e] = b->out_strides[e];
        }
        ortcpu_copy_add(b->list, &next);
    }
}

static void read_pads(const ortk_desc *in, uint32_t in_count, int64_t *before) {
    memset(before, 0, ORTK_RANK_MAX * sizeof *before);
    const int64_t axis_count = in[1].element_count / 2;
    for (int64_t i = 0; i < axis_count; i++) {
        int64_t axis = ortcpu_is_known(in, in_count, 3) ? ortcpu_known_int(&in[3], i) : i;
        before[ortcpu_axis(axis, in->rank)] = ortcpu_known_int(&in[1], i);
    }
}

static ort_status *pad_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const pad_params *p = params;
    if (out->element_count == 0) return NULL;
    int64_t before[ORTK_RANK_MAX], in_strides[ORTK_RANK_MAX], out_strides[ORTK_RANK_MAX], boxes = 1;
    runs found[ORTK_RANK_MAX] = {{0}};
    read_pads(in, in_count, before);
    ortk_desc_strides(in, in_strides);
    ortk_desc_strides(out, out_strides);
    for (uint32_t d = 0; d < in->rank; d++) {
        if (!find_runs(planner, p->mode, in->dims[d], out->dims[d], before[d], &found[d])) return ortk_out_of_memory();
        boxes *= found[d].count;
        if (boxes > 65536) return ortk_fail(ORT_CODE_LIMIT_EXCEEDED, "padding takes more than 65536 pieces");
    }
    pad_build build = {.runs = found, .out_dims = out->dims, .in_strides = in_strides, .out_strides = out_strides};
    build.rank = in->rank;
    build.value = in_count > 2 && in[2].is_present ? 2 : ORTCPU_COPY_ZERO;
    build.list = ortcpu_copy_create(planner, (uint32_t)boxes, (uint32_t)ortk_dtype_bytes(out->dtype, 1));
    if (build.list == NULL) return ortk_out_of_memory();
    emit(&build, 0, (ortcpu_box){.rank = in->rank});
    ortcpu_copy_plan(build.list, step);
    return NULL;
}

static bool pixels_claim(ortk_node *node) {
    if (ortk_node_input_rank(node, 0) == 4) return true;
    return ortk_decline(node, ORTP_DECLINE_SHAPE, "not an image");
}

#define PAD(TYPES, MODE, CLAIM)                                                                                        \
    {                                                                                                                  \
        .op = "Pad", .domain = "", .since_version = 11, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),        \
        .mode = MODE, .flags = ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(3), .params_bytes = sizeof(pad_params),        \
        .claim = CLAIM, .compile = pad_compile, .plan = pad_plan                                                       \
    }
static const ortk_kernel kernels[] = {
    PAD(ORTCPU_TYPE_F32, ORTK_MODE_PIXELS, pixels_claim),
    PAD(ORTCPU_TYPES_MOVED, ORTK_MODE_ROWS, NULL),
};
const ortcpu_op_table ortcpu_ops_pad = ORTCPU_TABLE(kernels);
