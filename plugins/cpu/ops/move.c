/* Operators that only move elements, as lists of boxes (copy.h). */
#include "ops/copy.h"
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

#define PLAN(name)                                                                                                     \
    static ort_status *name(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,         \
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step)

typedef struct move_params {
    int64_t axis, block;
    bool crd, to_space;
    uint32_t perm_count;
    int64_t perm[ORTK_RANK_MAX];
} move_params;

static ort_status *move_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    move_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 0);
    p->block = ortk_attr_int(node, "blocksize", 1);
    p->crd = ortk_attr_is(node, "mode", "DCR", "CRD");
    p->to_space = strcmp(ortk_node_op(node), "DepthToSpace") == 0;
    p->perm_count = ortk_attr_ints(node, "perm", p->perm, ORTK_RANK_MAX);
    return NULL;
}

/* A box over the whole of `desc`, written in place of itself. */
static ortcpu_box whole(const ortk_desc *desc) {
    ortcpu_box box = {.rank = desc->rank};
    memcpy(box.dims, desc->dims, desc->rank * sizeof box.dims[0]);
    ortk_desc_strides(desc, box.out_strides);
    return box;
}

PLAN(transpose_plan) {
    (void)in_count, (void)out_count;
    const move_params *p = params;
    ortcpu_box box = whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    for (uint32_t d = 0; d < out->rank; d++) {
        uint32_t from = p->perm_count == out->rank ? (uint32_t)p->perm[d] : out->rank - 1 - d;
        box.in_strides[d] = strides[from < out->rank ? from : 0];
    }
    return ortcpu_copy_plan_one(planner, &box, out->dtype, step);
}

PLAN(expand_plan) {
    (void)params, (void)in_count, (void)out_count;
    ortcpu_box box = whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    for (uint32_t d = 0; d < in->rank; d++)
        box.in_strides[out->rank - in->rank + d] = in->dims[d] == 1 ? 0 : strides[d];
    return ortcpu_copy_plan_one(planner, &box, out->dtype, step);
}

PLAN(tile_plan) {
    (void)params, (void)in_count, (void)out_count;
    ortcpu_box box = {.rank = 2 * out->rank};
    int64_t from[ORTK_RANK_MAX], to[ORTK_RANK_MAX];
    if (out->element_count == 0) return NULL;
    ortk_desc_strides(in, from);
    ortk_desc_strides(out, to);
    for (uint32_t d = 0; d < out->rank; d++) {
        box.dims[2 * d] = out->dims[d] / in->dims[d];
        box.out_strides[2 * d] = to[d] * in->dims[d];
        box.dims[2 * d + 1] = in->dims[d];
        box.in_strides[2 * d + 1] = from[d];
        box.out_strides[2 * d + 1] = to[d];
    }
    return ortcpu_copy_plan_one(planner, &box, out->dtype, step);
}

/* ONNX Slice-13: starts count from the end when negative and are clamped to what the step's direction can reach. */
static int64_t slice_start(int64_t start, int64_t dim, int64_t stride) {
    if (start < 0) start = start < -dim ? -1 : start + dim;
    if (stride > 0) return start < 0 ? 0 : start > dim ? dim : start;
    return start < 0 ? 0 : start > dim - 1 ? dim - 1 : start;
}

PLAN(slice_plan) {
    (void)params, (void)out_count;
    if (out->element_count == 0) return NULL;
    ortcpu_box box = whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    memcpy(box.in_strides, strides, sizeof strides);
    for (int64_t i = 0; i < in[1].element_count; i++) {
        int64_t axis = ortcpu_is_known(in, in_count, 3) ? ortcpu_known_int(&in[3], i) : i;
        int64_t stride = ortcpu_is_known(in, in_count, 4) ? ortcpu_known_int(&in[4], i) : 1;
        uint32_t d = ortcpu_axis(axis, in->rank);
        box.in_offset += slice_start(ortcpu_known_int(&in[1], i), in->dims[d], stride) * strides[d];
        box.in_strides[d] = strides[d] * stride;
    }
    return ortcpu_copy_plan_one(planner, &box, out->dtype, step);
}

PLAN(concat_plan) {
    (void)out_count;
    const move_params *p = params;
    uint32_t axis = ortcpu_axis(p->axis, out->rank);
    ortcpu_copy_list *list = ortcpu_copy_create(planner, in_count, (uint32_t)ortk_dtype_bytes(out->dtype, 1));
    if (list == NULL) return ortk_out_of_memory();
    int64_t at = 0, to[ORTK_RANK_MAX];
    ortk_desc_strides(out, to);
    for (uint32_t i = 0; i < in_count; i++) {
        ortcpu_box box = {.in = i, .rank = out->rank, .out_offset = at * to[axis]};
        memcpy(box.dims, in[i].dims, sizeof in[i].dims);
        memcpy(box.out_strides, to, sizeof to);
        ortk_desc_strides(&in[i], box.in_strides);
        ortcpu_copy_add(list, &box);
        at += in[i].dims[axis];
    }
    ortcpu_copy_plan(list, step);
    return NULL;
}

PLAN(split_plan) {
    (void)in_count;
    const move_params *p = params;
    uint32_t axis = ortcpu_axis(p->axis, in->rank);
    ortcpu_copy_list *list = ortcpu_copy_create(planner, out_count, (uint32_t)ortk_dtype_bytes(in->dtype, 1));
    if (list == NULL) return ortk_out_of_memory();
    int64_t at = 0, from[ORTK_RANK_MAX];
    ortk_desc_strides(in, from);
    for (uint32_t i = 0; i < out_count; i++) {
        ortcpu_box box = whole(&out[i]);
        box.out = i;
        box.in_offset = at * from[axis];
        memcpy(box.in_strides, from, sizeof from);
        if (out[i].is_present) ortcpu_copy_add(list, &box);
        at += out[i].dims[axis];
    }
    ortcpu_copy_plan(list, step);
    return NULL;
}

/* ONNX DepthToSpace-13 and SpaceToDepth-28 are one transposition of six dimensions, read one way or the other:
 * depth is (block, block, rest) in DCR, (rest, block, block) in CRD. */
PLAN(depth_plan) {
    (void)in_count, (void)out_count;
    const move_params *p = params;
    const ortk_desc *deep = p->to_space ? in : out, *wide = p->to_space ? out : in;
    if (out->element_count == 0) return NULL;
    const int64_t b = p->block, rest = wide->dims[1];
    int64_t d[ORTK_RANK_MAX], w[ORTK_RANK_MAX];
    ortk_desc_strides(deep, d);
    ortk_desc_strides(wide, w);
    ortcpu_box box = {.rank = 6, .dims = {deep->dims[0], rest, deep->dims[2], b, deep->dims[3], b}};
    const int64_t deep_strides[] = {d[0], p->crd ? d[1] * b * b : d[1], d[2], p->crd ? d[1] * b : d[1] * b * rest,
                                    d[3], p->crd ? d[1] : d[1] * rest};
    const int64_t wide_strides[] = {w[0], w[1], w[2] * b, w[2], w[3] * b, w[3]};
    memcpy(box.in_strides, p->to_space ? deep_strides : wide_strides, sizeof deep_strides);
    memcpy(box.out_strides, p->to_space ? wide_strides : deep_strides, sizeof deep_strides);
    return ortcpu_copy_plan_one(planner, &box, out->dtype, step);
}

#define MOVE(NAME, SINCE, FLAGS, PLAN_FN)                                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_MOVED, .mode = ORTK_MODE_ROWS, .flags = (FLAGS), .params_bytes = sizeof(move_params),    \
        .compile = move_compile, .plan = PLAN_FN                                                                       \
    }
static const ortk_kernel kernels[] = {
    MOVE("Transpose", 1, 0, transpose_plan),
    MOVE("Expand", 8, 0, expand_plan),
    MOVE("Tile", 6, 0, tile_plan),
    MOVE("Slice", 10, ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2) | ORTK_KERNEL_KNOWN(3) | ORTK_KERNEL_KNOWN(4),
         slice_plan),
    MOVE("Concat", 4, 0, concat_plan),
    MOVE("Split", 13, 0, split_plan),
    MOVE("DepthToSpace", 1, 0, depth_plan),
    MOVE("SpaceToDepth", 1, 0, depth_plan),
};
const ortcpu_op_table ortcpu_ops_move = ORTCPU_TABLE(kernels);
