/* Operators that only move elements: boxes of up to six loops, copied with strides. */
#include "ops.h"

#include <string.h>

typedef struct box_launch {
    int32_t count, from_offset, to_offset, dims[DIMS], from[DIMS], to[DIMS];
} box_launch;

typedef struct box {
    uint32_t rank;
    int64_t from_offset, to_offset, dims[2 * ORTK_RANK_MAX], from[2 * ORTK_RANK_MAX], to[2 * ORTK_RANK_MAX];
} box;

/* Joins loops that run as one, and drops those of one turn. */
static void box_shrink(box *b) {
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

static ort_status *box_add(ortk_planner *planner, ortk_step_plan *step, const box *given, uint32_t dtype,
                           uint32_t from_arg, uint32_t to_arg) {
    box b = *given;
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
static box whole(const ortk_desc *out) {
    box b = {.rank = out->rank};
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
    box b = whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    ortk_desc_strides(in, strides);
    for (uint32_t k = 0; k < out->rank; k++) b.from[k] = strides[p->has_perm ? p->perm[k] : out->rank - 1 - k];
    return box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(expand_plan) {
    (void)params, (void)out_count;
    box b = whole(out);
    int64_t strides[ORTK_RANK_MAX];
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    ortk_desc_strides(in, strides);
    for (uint32_t k = 0; k < in->rank; k++) b.from[out->rank - in->rank + k] = in->dims[k] == 1 ? 0 : strides[k];
    return box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(tile_plan) {
    (void)params, (void)out_count;
    box b = {.rank = 2 * out->rank};
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
    return box_add(planner, step, &b, out->dtype, 0, in_count);
}

/* ONNX Slice-13: a negative start counts from the end, and what the step can't reach is cut off. */
static int64_t slice_start(int64_t start, int64_t dim, int64_t stride) {
    int64_t last = stride > 0 ? dim : dim - 1;
    if (start < 0) start += dim;
    return start < 0 ? 0 : start > last ? last : start;
}

OP_PLAN(slice_plan) {
    (void)params, (void)out_count;
    box b = whole(out);
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    ortk_desc_strides(in, b.from);
    for (int64_t i = 0; i < in[1].element_count; i++) {
        uint32_t axis = ortk_axis(ortk_is_known(in, in_count, 3) ? ortk_known_int(&in[3], i) : i, in->rank);
        int64_t stride = ortk_is_known(in, in_count, 4) ? ortk_known_int(&in[4], i) : 1;
        b.from_offset += slice_start(ortk_known_int(&in[1], i), in->dims[axis], stride) * b.from[axis];
        b.from[axis] *= stride;
    }
    return box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(concat_plan) {
    (void)out_count;
    uint32_t axis = ortk_axis(((const move_params *)params)->axis, out->rank);
    int64_t at = 0;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    for (uint32_t i = 0; i < in_count; i++) {
        box b = whole(out);
        memcpy(b.dims, in[i].dims, sizeof in[i].dims);
        ortk_desc_strides(&in[i], b.from);
        b.to_offset = at * b.to[axis];
        ORTK_TRY(box_add(planner, step, &b, out->dtype, i, in_count));
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
        box b = whole(&out[i]);
        ortk_desc_strides(in, b.from);
        b.from_offset = at * b.from[axis];
        ORTK_TRY(box_add(planner, step, &b, out[i].dtype, 0, in_count + i));
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
    box b = {.rank = 6, .dims = {deep->dims[0], rest, deep->dims[2], n, deep->dims[3], n}};
    memcpy(b.from, p->to_space ? deep_strides : wide_strides, sizeof deep_strides);
    memcpy(b.to, p->to_space ? wide_strides : deep_strides, sizeof deep_strides);
    return box_add(planner, step, &b, out->dtype, 0, in_count);
}

/* ---- Gather ---- */

typedef struct gather_launch {
    int32_t count, index_count, axis, inner;
} gather_launch;

static bool gather_claim(ortk_node *node) {
    return ((INTS & ORT_DTYPE_BIT(ortk_node_input_dtype(node, 1))) != 0) ||
           ortk_decline(node, ORTP_DECLINE_TYPE, "indices that are neither int32 nor int64");
}

OP_PLAN(gather_plan) {
    (void)out_count;
    uint32_t axis = ortk_axis(((const move_params *)params)->axis, in->rank);
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    gather_launch launch = {(int32_t)out->element_count, (int32_t)in[1].element_count, (int32_t)in->dims[axis],
                            (int32_t)ortk_product(in->dims, axis + 1, in->rank)};
    snprintf(name, sizeof name, "gather_%s_%s", ortk_size_token(in->dtype), ortk_type_token(in[1].dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                            (uint32_t[]){0, 1, in_count}, 3);
}

/* ---- Pad ---- */

static bool pad_claim(ortk_node *node) {
    if (!ortk_attr_is(node, "mode", "constant", "constant"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "only padding with a constant is built");
    if (!ortk_node_has_input(node, 2))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "a constant of its own is wanted, the default is not built");
    return ortk_rank_claim(node);
}

typedef struct fill_launch {
    int32_t count;
} fill_launch;

OP_PLAN(pad_plan) {
    (void)params, (void)out_count;
    box b = whole(out);
    fill_launch fill = {(int32_t)out->element_count};
    char name[16];
    int64_t count = in[1].element_count / 2;
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    snprintf(name, sizeof name, "fill_%s", ortk_size_token(out->dtype));
    ORTK_TRY(
        ortk_launch_each(planner, step, name, out->element_count, &fill, sizeof fill, (uint32_t[]){2, in_count}, 2));
    ortk_desc_strides(in, b.from);
    memcpy(b.dims, in->dims, sizeof in->dims);
    for (int64_t i = 0; i < count; i++) {
        uint32_t axis = ortk_axis(ortk_is_known(in, in_count, 3) ? ortk_known_int(&in[3], i) : i, in->rank);
        int64_t begin = ortk_known_int(&in[1], i), end = ortk_known_int(&in[1], i + count);
        /* A negative pad cuts. */
        b.dims[axis] += (begin < 0 ? begin : 0) + (end < 0 ? end : 0);
        if (begin < 0)
            b.from_offset -= begin * b.from[axis];
        else
            b.to_offset += begin * b.to[axis];
        if (b.dims[axis] < 0) b.dims[axis] = 0;
    }
    return box_add(planner, step, &b, out->dtype, 0, in_count);
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
    MOVE("Gather", 1, 0, gather_claim, gather_plan),
    MOVE("Pad", 11, KNOWN(1) | KNOWN(3), pad_claim, pad_plan),
    VIEW("Reshape", 5, KNOWN(1)),
    VIEW("Flatten", 1, 0),
    VIEW("Squeeze", 13, KNOWN(1)),
    VIEW("Unsqueeze", 13, KNOWN(1)),
    VIEW("Identity", 1, 0),
};
const ortk_device_table ortk_device_move = {kernels, ORTK_COUNT_OF(kernels)};
