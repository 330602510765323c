/* Operators that only move elements: boxes of up to six loops, copied with strides. */
#include "ops.h"

#include <string.h>

typedef struct box_launch {
    int32_t count, from_offset, to_offset, dims[DIMS], from[DIMS], to[DIMS];
} box_launch;

/* Joins loops that run as one, and drops those of one turn. */
static void box_shrink(ortk_box *b) {
    uint32_t rank = 0;
    for (uint32_t k = 0; k < b->rank; k++) {
        if (b->dims[k] == 1) continue;
        uint32_t last = rank ? rank - 1 : 0;
        if (rank && b->from[last] == b->from[k] * b->dims[k] && b->to[last] == b->to[k] * b->dims[k]) {
            b->dims[last] *= b->dims[k];
        } else {
            last = rank++;
            b->dims[last] = b->dims[k];
        }
        b->from[last] = b->from[k];
        b->to[last] = b->to[k];
    }
    b->rank = rank;
}

ort_status *ortk_box_add(ortk_planner *planner, ortk_step_plan *step, const ortk_box *given, uint32_t dtype,
                         uint32_t from_arg, uint32_t to_arg) {
    ortk_box b = *given;
    box_launch launch = {.count = 1, .from_offset = (int32_t)b.from_offset, .to_offset = (int32_t)b.to_offset};
    char name[16];
    int64_t count = ortk_product(b.dims, 0, b.rank);
    if (!count) return NULL;
    box_shrink(&b);
    if (b.rank > DIMS) return ortk_fail(ORT_CODE_UNSUPPORTED, "a copy of %u loops: kernels have %u", b.rank, DIMS);
    for (uint32_t k = 0; k < DIMS; k++) launch.dims[k] = 1;
    for (uint32_t k = 0; k < b.rank; k++) {
        launch.dims[DIMS - b.rank + k] = (int32_t)b.dims[k];
        launch.from[DIMS - b.rank + k] = (int32_t)b.from[k];
        launch.to[DIMS - b.rank + k] = (int32_t)b.to[k];
    }
    launch.count = (int32_t)count;
    snprintf(name, sizeof name, "copy_%s", ortk_size_token(dtype));
    return ortk_launch_each(planner, step, name, count, &launch, sizeof launch, (uint32_t[]){from_arg, to_arg}, 2);
}

/* All of `out`, in its own order. */
ortk_box ortk_box_whole(const ortk_desc *out) {
    ortk_box b = {.rank = out->rank};
    memcpy(b.dims, out->dims, sizeof out->dims);
    ortk_desc_strides(out, b.to);
    return b;
}

typedef struct move_params {
    int64_t axis, perm[ORTK_RANK_MAX], block;
    bool has_perm, to_space, is_crd;
} move_params;

OP_COMPILE(move_compile) {
    (void)compiler;
    move_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 0);
    p->has_perm = ortk_attr_ints(node, "perm", p->perm, ORTK_RANK_MAX) > 0;
    p->block = ortk_attr_int(node, "blocksize", 1);
    p->is_crd = ortk_attr_is(node, "mode", "DCR", "CRD");
    p->to_space = strcmp(ortk_node_op(node), "DepthToSpace") == 0;
    return NULL;
}

OP_PLAN(transpose_plan) {
    (void)out_count;
    const move_params *p = params;
    ortk_box b = ortk_box_whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    ortk_desc_strides(in, strides);
    for (uint32_t k = 0; k < out->rank; k++) b.from[k] = strides[p->has_perm ? p->perm[k] : out->rank - 1 - k];
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(expand_plan) {
    (void)params, (void)out_count;
    ortk_box b = ortk_box_whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    ortk_desc_strides(in, strides);
    for (uint32_t k = 0; k < in->rank; k++) b.from[out->rank - in->rank + k] = in->dims[k] == 1 ? 0 : strides[k];
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(tile_plan) {
    (void)params, (void)out_count;
    ortk_box b = {.rank = 2 * out->rank};
    int64_t from[ORTK_RANK_MAX], to[ORTK_RANK_MAX];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    ortk_desc_strides(in, from);
    ortk_desc_strides(out, to);
    for (uint32_t k = 0; k < out->rank; k++) {
        b.dims[2 * k] = out->dims[k] / in->dims[k];
        b.to[2 * k] = to[k] * in->dims[k];
        b.dims[2 * k + 1] = in->dims[k];
        b.from[2 * k + 1] = from[k];
        b.to[2 * k + 1] = to[k];
    }
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

/* ONNX Slice-13: a negative start counts from the end, and what the step can't reach is cut off. */
static int64_t slice_start(int64_t start, int64_t dim, int64_t stride) {
    int64_t last = stride > 0 ? dim : dim - 1;
    if (start < 0) start += dim;
    return start < 0 ? 0 : start > last ? last : start;
}

OP_PLAN(slice_plan) {
    (void)params, (void)out_count;
    ortk_box b = ortk_box_whole(out);
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    ortk_desc_strides(in, b.from);
    for (int64_t i = 0; i < in[1].element_count; i++) {
        uint32_t axis = ortk_axis(ortk_is_known(in, in_count, 3) ? ortk_known_int(&in[3], i) : i, in->rank);
        int64_t stride = ortk_is_known(in, in_count, 4) ? ortk_known_int(&in[4], i) : 1;
        b.from_offset += slice_start(ortk_known_int(&in[1], i), in->dims[axis], stride) * b.from[axis];
        b.from[axis] *= stride;
    }
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(concat_plan) {
    (void)out_count;
    uint32_t axis = ortk_axis(((const move_params *)params)->axis, out->rank);
    int64_t at = 0;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    for (uint32_t i = 0; i < in_count; i++) {
        ortk_box b = ortk_box_whole(out);
        memcpy(b.dims, in[i].dims, sizeof in[i].dims);
        ortk_desc_strides(&in[i], b.from);
        b.to_offset = at * b.to[axis];
        ORTK_TRY(ortk_box_add(planner, step, &b, out->dtype, i, in_count));
        at += in[i].dims[axis];
    }
    return NULL;
}

OP_PLAN(split_plan) {
    uint32_t axis = ortk_axis(((const move_params *)params)->axis, in->rank);
    int64_t at = 0;
    ORTK_TRY(ortk_sizes_check(in, 1, out, out_count));
    for (uint32_t i = 0; i < out_count; i++) {
        if (!out[i].is_present)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "a Split whose output %u nobody reads", (unsigned)i);
        ortk_box b = ortk_box_whole(&out[i]);
        ortk_desc_strides(in, b.from);
        b.from_offset = at * b.from[axis];
        ORTK_TRY(ortk_box_add(planner, step, &b, out[i].dtype, 0, in_count + i));
        at += out[i].dims[axis];
    }
    return NULL;
}

/* ONNX DepthToSpace-13 and SpaceToDepth-13: six loops of which one side has the blocks apart. */
OP_PLAN(depth_plan) {
    (void)out_count;
    const move_params *p = params;
    const ortk_desc *deep = p->to_space ? in : out, *wide = p->to_space ? out : in;
    const int64_t n = p->block, rest = wide->dims[1];
    int64_t d[ORTK_RANK_MAX], w[ORTK_RANK_MAX];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    ortk_desc_strides(deep, d);
    ortk_desc_strides(wide, w);
    const int64_t of_rest = p->is_crd ? d[1] * n * n : d[1], of_row = p->is_crd ? d[1] * n : d[1] * n * rest;
    const int64_t deep_strides[] = {d[0], of_rest, d[2], of_row, d[3], p->is_crd ? d[1] : d[1] * rest};
    const int64_t wide_strides[] = {w[0], w[1], w[2] * n, w[2], w[3] * n, w[3]};
    ortk_box b = {.rank = 6, .dims = {deep->dims[0], rest, deep->dims[2], n, deep->dims[3], n}};
    memcpy(b.from, p->to_space ? deep_strides : wide_strides, sizeof deep_strides);
    memcpy(b.to, p->to_space ? wide_strides : deep_strides, sizeof deep_strides);
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

#define MOVE(op, since, flags, claim, plan)                                                                            \
    { "", op, since, NEWEST, MOVED, ORTK_MODE_ROWS, flags, sizeof(move_params), claim, move_compile, plan }
#define KNOWN(i) ORTK_KERNEL_KNOWN(i)
#define VIEW(op, since, flags)                                                                                         \
    { "", op, since, NEWEST, MOVED, ORTK_MODE_ROWS, ORTK_KERNEL_RESHAPES | (flags), 0, NULL, NULL, NULL }
static const ortk_kernel kernels[] = {
    MOVE("Transpose", 1, 0, NULL, transpose_plan),
    MOVE("Expand", 8, KNOWN(1), NULL, expand_plan),
    MOVE("Tile", 6, KNOWN(1), NULL, tile_plan),
    MOVE("Slice", 10, KNOWN(1) | KNOWN(2) | KNOWN(3) | KNOWN(4), NULL, slice_plan),
    MOVE("Concat", 4, 0, ortk_rank_claim, concat_plan),
    MOVE("Split", 13, KNOWN(1), ortk_rank_claim, split_plan),
    MOVE("DepthToSpace", 1, 0, NULL, depth_plan),
    MOVE("SpaceToDepth", 1, 0, NULL, depth_plan),
    VIEW("Reshape", 5, KNOWN(1)),
    VIEW("Flatten", 1, 0),
    VIEW("Squeeze", 13, KNOWN(1)),
    VIEW("Unsqueeze", 13, KNOWN(1)),
    VIEW("Identity", 1, 0),
};
const ortk_device_table ortk_device_move = {kernels, ORTK_COUNT_OF(kernels)};
