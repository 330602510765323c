/* Operators that look up where elements come from: Gather and its kin, OneHot, Pad, ConstantOfShape. */
#include "ops.h"

#include "ort/sdk/attr.h"

#include <string.h>

typedef struct axis_params {
    int64_t axis;
} axis_params;

OP_COMPILE(axis_compile) {
    (void)compiler;
    bool is_one_hot = strcmp(ortk_node_op(node), "OneHot") == 0;
    ((axis_params *)params)->axis = ortk_attr_int(node, "axis", is_one_hot ? -1 : 0);
    return NULL;
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
    uint32_t axis = ortk_axis(((const axis_params *)params)->axis, in->rank);
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    gather_launch launch = {(int32_t)out->element_count, (int32_t)in[1].element_count, (int32_t)in->dims[axis],
                            (int32_t)ortk_product(in->dims, axis + 1, in->rank)};
    snprintf(name, sizeof name, "gather_%s_%s", ortk_size_token(in->dtype), ortk_type_token(in[1].dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                            (uint32_t[]){0, 1, in_count}, 3);
}

/* ---- GatherElements ---- */

typedef struct elements_launch {
    int32_t count, axis, step, dims[DIMS], from[DIMS];
} elements_launch;

static bool elements_claim(ortk_node *node) {
    return gather_claim(node) && ortk_rank_claim(node);
}

OP_PLAN(elements_plan) {
    (void)out_count;
    uint32_t axis = ortk_axis(((const axis_params *)params)->axis, in->rank), shift = DIMS - out->rank;
    int64_t strides[ORTK_RANK_MAX];
    elements_launch launch = {.count = (int32_t)out->element_count};
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    ortk_desc_strides(in, strides);
    launch.axis = (int32_t)in->dims[axis];
    launch.step = (int32_t)strides[axis];
    for (uint32_t k = 0; k < DIMS; k++) launch.dims[k] = 1;
    for (uint32_t k = 0; k < out->rank; k++) {
        launch.dims[shift + k] = (int32_t)out->dims[k];
        launch.from[shift + k] = k == axis ? 0 : (int32_t)strides[k];
    }
    snprintf(name, sizeof name, "gatherelements_%s_%s", ortk_size_token(in->dtype), ortk_type_token(in[1].dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                            (uint32_t[]){0, 1, in_count}, 3);
}

/* ---- OneHot ---- */

typedef struct one_hot_launch {
    int32_t count, depth, inner;
} one_hot_launch;

static bool one_hot_claim(ortk_node *node) {
    return ortk_size_token(ortk_node_input_dtype(node, 2)) ||
           ortk_decline(node, ORTP_DECLINE_TYPE, "elements of this size are not moved");
}

OP_PLAN(one_hot_plan) {
    (void)out_count;
    uint32_t axis = ortk_axis(((const axis_params *)params)->axis, out->rank);
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    one_hot_launch launch = {(int32_t)out->element_count, (int32_t)out->dims[axis],
                             (int32_t)ortk_product(out->dims, axis + 1, out->rank)};
    snprintf(name, sizeof name, "onehot_%s_%s", ortk_size_token(out->dtype), ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                            (uint32_t[]){0, 2, in_count}, 3);
}

/* ---- filling ---- */

typedef struct fill_launch {
    int32_t count;
} fill_launch;

/* All of output `to` from element 0 of argument `from`. */
static ort_status *fill_add(ortk_planner *planner, ortk_step_plan *step, const ortk_desc *out, uint32_t from,
                            uint32_t to) {
    fill_launch fill = {(int32_t)out->element_count};
    char name[16];
    snprintf(name, sizeof name, "fill_%s", ortk_size_token(out->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &fill, sizeof fill, (uint32_t[]){from, to}, 2);
}

typedef struct constant_params {
    unsigned char value[8];
} constant_params;

OP_COMPILE(constant_compile) {
    (void)compiler;
    uint32_t dtype = ORT_DTYPE_F32;
    int64_t count = 0;
    const void *value = ortk_attr_tensor(node, "value", &dtype, &count);
    if (value && count) memcpy(((constant_params *)params)->value, value, (size_t)ortk_dtype_bytes(dtype, 1));
    return NULL;
}

static bool constant_claim(ortk_node *node) {
    return ortk_size_token(ortk_node_output_dtype(node, 0)) ||
           ortk_decline(node, ORTP_DECLINE_TYPE, "elements of this size are not moved");
}

OP_PLAN(constant_plan) {
    (void)out_count;
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    ORTK_TRY(fill_add(planner, step, out, ORTK_ARG_TABLE, in_count));
    ortk_launch_table(step, params, sizeof(constant_params));
    return NULL;
}

/* ---- Pad ---- */

static const char *const pad_modes[] = {"edge", "reflect", "wrap", "constant"};
#define PAD_CONSTANT 3u

typedef struct pad_params {
    uint32_t mode;
    unsigned char zero[8]; /* what fills where no constant is given */
    bool has_value;
} pad_params;

typedef struct pad_launch {
    int32_t count, mode, dims[DIMS], from[DIMS], before[DIMS];
} pad_launch;

OP_COMPILE(pad_compile) {
    (void)compiler;
    pad_params *p = params;
    while (p->mode < PAD_CONSTANT && !ortk_attr_is(node, "mode", "constant", pad_modes[p->mode])) p->mode++;
    p->has_value = ortk_node_has_input(node, 2);
    return NULL;
}

/* Elements before and behind, by axis. */
static void pads_read(const ortk_desc *in, uint32_t in_count, int64_t *begin, int64_t *end) {
    int64_t count = in[1].element_count / 2;
    for (uint32_t k = 0; k < in->rank; k++) begin[k] = end[k] = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t axis = ortk_axis(ortk_is_known(in, in_count, 3) ? ortk_known_int(&in[3], i) : i, in->rank);
        begin[axis] = ortk_known_int(&in[1], i);
        end[axis] = ortk_known_int(&in[1], i + count);
    }
}

static ort_status *pad_constant(ortk_planner *planner, const pad_params *p, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, ortk_step_plan *step) {
    int64_t begin[ORTK_RANK_MAX], end[ORTK_RANK_MAX];
    ortk_box b = ortk_box_whole(out);
    pads_read(in, in_count, begin, end);
    ORTK_TRY(fill_add(planner, step, out, p->has_value ? 2 : ORTK_ARG_TABLE, in_count));
    if (!p->has_value) ortk_launch_table(step, p->zero, sizeof p->zero);
    ortk_desc_strides(in, b.from);
    for (uint32_t k = 0; k < in->rank; k++) {
        /* A negative pad cuts. */
        b.dims[k] = in->dims[k] + (begin[k] < 0 ? begin[k] : 0) + (end[k] < 0 ? end[k] : 0);
        if (b.dims[k] <= 0) return NULL;
        if (begin[k] < 0)
            b.from_offset -= begin[k] * b.from[k];
        else
            b.to_offset += begin[k] * b.to[k];
    }
    return ortk_box_add(planner, step, &b, out->dtype, 0, in_count);
}

OP_PLAN(pad_plan) {
    (void)out_count;
    const pad_params *p = params;
    int64_t begin[ORTK_RANK_MAX], end[ORTK_RANK_MAX];
    char name[16];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    if (p->mode == PAD_CONSTANT) return pad_constant(planner, p, in, in_count, out, step);
    if (!in->element_count) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "padding with elements of nothing");
    pads_read(in, in_count, begin, end);
    pad_launch launch = {.count = (int32_t)out->element_count, .mode = (int32_t)p->mode};
    for (uint32_t k = 0; k < DIMS; k++) launch.dims[k] = launch.from[k] = 1;
    for (uint32_t k = 0; k < out->rank; k++) {
        launch.dims[DIMS - out->rank + k] = (int32_t)out->dims[k];
        launch.from[DIMS - out->rank + k] = (int32_t)in->dims[k];
        launch.before[DIMS - out->rank + k] = (int32_t)begin[k];
    }
    snprintf(name, sizeof name, "padmode_%s", ortk_size_token(out->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, (uint32_t[]){0, in_count},
                            2);
}

#define KNOWN(i) ORTK_KERNEL_KNOWN(i)
static const ortk_kernel kernels[] = {
    {"", "Gather", 1, NEWEST, MOVED, ORTK_MODE_ROWS, 0, sizeof(axis_params), gather_claim, axis_compile, gather_plan},
    {"", "GatherElements", 11, NEWEST, MOVED, ORTK_MODE_ROWS, 0, sizeof(axis_params), elements_claim, axis_compile,
     elements_plan},
    {"", "OneHot", 9, NEWEST, INTS | BIT(F32), ORTK_MODE_ROWS, KNOWN(1), sizeof(axis_params), one_hot_claim,
     axis_compile, one_hot_plan},
    {"", "ConstantOfShape", 9, NEWEST, INTS, ORTK_MODE_ROWS, KNOWN(0), sizeof(constant_params), constant_claim,
     constant_compile, constant_plan},
    {"", "Pad", 11, NEWEST, MOVED, ORTK_MODE_ROWS, KNOWN(1) | KNOWN(3), sizeof(pad_params), ortk_rank_claim,
     pad_compile, pad_plan},
};
const ortk_device_table ortk_device_index = {kernels, ORTK_COUNT_OF(kernels)};
