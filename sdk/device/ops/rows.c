/* Operators that fold rows or axes: Softmax, the Reduce family, normalisations, ArgMax. */
#include "ops.h"

#include <string.h>

/* The shape seen from one axis: outer x length x inner. */
typedef struct axis_shape {
    int64_t outer, length, inner;
} axis_shape;

static axis_shape shape_around(const ortk_desc *in, int64_t axis) {
    uint32_t at = ortk_axis(axis, in->rank);
    if (!in->rank) return (axis_shape){1, 1, 1};
    return (axis_shape){ortk_product(in->dims, 0, at), in->dims[at], ortk_product(in->dims, at + 1, in->rank)};
}

/* A work-group a row; the kernels stride over what is more. */
static ort_status *rows_launch(ortk_planner *planner, ortk_step_plan *step, const char *name, int64_t rows,
                               const void *params, size_t params_bytes, const uint32_t *args, uint32_t arg_count) {
    const uint32_t groups[3] = {rows > 4096 ? 4096 : (uint32_t)rows, 1, 1};
    return ortk_launch_add(planner, step, name, groups, params, params_bytes, args, arg_count);
}

/* ---- Softmax ---- */

typedef struct softmax_params {
    int64_t axis;
    bool is_log;
} softmax_params;

typedef struct softmax_launch {
    int32_t rows, length, inner;
} softmax_launch;

OP_COMPILE(softmax_compile) {
    (void)compiler;
    *(softmax_params *)params =
        (softmax_params){ortk_attr_int(node, "axis", -1), strcmp(ortk_node_op(node), "LogSoftmax") == 0};
    return NULL;
}

OP_PLAN(softmax_plan) {
    (void)out_count;
    const softmax_params *p = params;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    axis_shape s = shape_around(in, p->axis);
    softmax_launch launch = {(int32_t)(s.outer * s.inner), (int32_t)s.length, (int32_t)s.inner};
    snprintf(name, sizeof name, "softmax_%s_%s", p->is_log ? "LogSoftmax" : "Softmax", ortk_type_token(in->dtype));
    return rows_launch(planner, step, name, launch.rows, &launch, sizeof launch, (uint32_t[]){0, in_count}, 2);
}

/* ---- Reduce ---- */

typedef struct reduce_params {
    char op[24];
    bool keeps_without_axes;
} reduce_params;

#define REDUCE_LOOPS 3u
typedef struct reduce_launch {
    int32_t count, inner_count, outer[REDUCE_LOOPS], outer_stride[REDUCE_LOOPS], inner[REDUCE_LOOPS],
        inner_stride[REDUCE_LOOPS];
} reduce_launch;

OP_COMPILE(reduce_compile) {
    (void)compiler;
    reduce_params *p = params;
    snprintf(p->op, sizeof p->op, "%s", ortk_node_op(node));
    p->keeps_without_axes = ortk_attr_int(node, "noop_with_empty_axes", 0) != 0;
    return NULL;
}

/* Kept and reduced loops alternate: six dimensions are three of each at most. */
static bool reduce_claim(ortk_node *node) {
    bool is_sum = strcmp(ortk_node_op(node), "ReduceSum") == 0;
    if (ortk_attr_int(node, "noop_with_empty_axes", 0) && !is_sum)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "noop_with_empty_axes is built for ReduceSum alone");
    return ortk_rank_claim(node);
}

static void reduced_axes(const reduce_params *p, const ortk_desc *in, uint32_t in_count, bool *out) {
    bool is_given = ortk_is_known(in, in_count, 1) && in[1].element_count > 0;
    for (uint32_t k = 0; k < in->rank; k++) out[k] = !is_given && !p->keeps_without_axes;
    for (int64_t i = 0; is_given && i < in[1].element_count; i++)
        out[ortk_axis(ortk_known_int(&in[1], i), in->rank)] = true;
}

/* Innermost first; neighbours of one kind are one loop. False: more loops of a kind than the kernel has. */
static bool loops_fill(const ortk_desc *in, const bool *is_reduced, reduce_launch *launch) {
    uint32_t used[2] = {0, 0};
    int64_t stride = 1;
    int last = -1;
    for (uint32_t k = 0; k < REDUCE_LOOPS; k++) launch->outer[k] = launch->inner[k] = 1;
    for (uint32_t k = in->rank; k-- > 0; stride *= in->dims[k]) {
        if (in->dims[k] == 1) continue;
        int32_t *dims = is_reduced[k] ? launch->inner : launch->outer;
        int32_t *strides = is_reduced[k] ? launch->inner_stride : launch->outer_stride;
        if (last != (int)is_reduced[k]) used[is_reduced[k]]++;
        if (used[is_reduced[k]] > REDUCE_LOOPS) return false;
        uint32_t at = REDUCE_LOOPS - used[is_reduced[k]];
        if (last != (int)is_reduced[k]) strides[at] = (int32_t)stride;
        dims[at] *= (int32_t)in->dims[k];
        last = is_reduced[k];
    }
    return true;
}

OP_PLAN(reduce_plan) {
    (void)out_count;
    const reduce_params *p = params;
    bool is_reduced[ORTK_RANK_MAX] = {false};
    reduce_launch launch = {.count = (int32_t)out->element_count};
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    if (!in->element_count) return ortk_fail(ORT_CODE_UNSUPPORTED, "a reduction of no elements is not built");
    reduced_axes(p, in, in_count, is_reduced);
    if (!loops_fill(in, is_reduced, &launch))
        return ortk_fail(ORT_CODE_UNSUPPORTED, "axes that alternate more than three times");
    launch.inner_count = (int32_t)(in->element_count / out->element_count);
    snprintf(name, sizeof name, "reduce_%s_%s", p->op, ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, (uint32_t[]){0, in_count},
                            2);
}

/* ---- normalisations ---- */

typedef struct norm_params {
    int64_t axis;
    float epsilon;
    bool by_channel, has_bias;
} norm_params;

typedef struct norm_launch {
    int32_t rows, length, channels, has_bias;
    float epsilon;
} norm_launch;

typedef struct batch_launch {
    int32_t count, channels, area;
    float epsilon;
} batch_launch;

static bool norm_claim(ortk_node *node) {
    for (uint32_t i = 1; i < ortk_node_input_count(node); i++)
        if (ortk_node_has_input(node, i) && ortk_node_input_dtype(node, i) != ortk_node_input_dtype(node, 0))
            return ortk_decline(node, ORTP_DECLINE_TYPE, "input %u has another type than input 0", (unsigned)i);
    if (ortk_node_output_count(node) > 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "the outputs behind the first are not built");
    if (ortk_attr_int(node, "training_mode", 0))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "training_mode is not built");
    return true;
}

OP_COMPILE(norm_compile) {
    (void)compiler;
    norm_params *p = params;
    p->axis = ortk_attr_int(node, "axis", -1);
    p->epsilon = ortk_attr_float(node, "epsilon", 1e-5f);
    p->by_channel = strcmp(ortk_node_op(node), "InstanceNormalization") == 0;
    p->has_bias = ortk_node_has_input(node, 2);
    return NULL;
}

OP_PLAN(norm_plan) {
    (void)out_count;
    const norm_params *p = params;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    uint32_t axis = p->by_channel ? 2 : ortk_axis(p->axis, in->rank);
    norm_launch launch = {(int32_t)ortk_product(in->dims, 0, axis), (int32_t)ortk_product(in->dims, axis, in->rank),
                          p->by_channel ? (int32_t)in->dims[1] : 0, p->has_bias, p->epsilon};
    int64_t want = p->by_channel ? launch.channels : launch.length;
    for (uint32_t i = 1; i < in_count; i++)
        if (in[i].is_present && in[i].element_count != want)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "scale or bias has %lld elements, not %lld",
                             (long long)in[i].element_count, (long long)want);
    snprintf(name, sizeof name, "layernorm_%s", ortk_type_token(in->dtype));
    return rows_launch(planner, step, name, launch.rows, &launch, sizeof launch,
                       (uint32_t[]){0, 1, p->has_bias ? 2 : 1, in_count}, 4);
}

OP_PLAN(batch_plan) {
    (void)out_count;
    const norm_params *p = params;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    batch_launch launch = {(int32_t)out->element_count, in->rank > 1 ? (int32_t)in->dims[1] : 1,
                           in->rank > 2 ? (int32_t)ortk_product(in->dims, 2, in->rank) : 1, p->epsilon};
    snprintf(name, sizeof name, "batchnorm_%s", ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                            (uint32_t[]){0, 1, 2, 3, 4, in_count}, 6);
}

/* ---- ArgMax, ArgMin ---- */

typedef struct arg_params {
    int64_t axis;
    bool is_max, is_last;
} arg_params;

typedef struct arg_launch {
    int32_t count, length, inner, is_last;
} arg_launch;

OP_COMPILE(arg_compile) {
    (void)compiler;
    *(arg_params *)params = (arg_params){ortk_attr_int(node, "axis", 0), strcmp(ortk_node_op(node), "ArgMax") == 0,
                                         ortk_attr_int(node, "select_last_index", 0) != 0};
    return NULL;
}

OP_PLAN(arg_plan) {
    (void)out_count;
    const arg_params *p = params;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    axis_shape s = shape_around(in, p->axis);
    if (!s.length) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the extreme of an axis without elements");
    arg_launch launch = {(int32_t)out->element_count, (int32_t)s.length, (int32_t)s.inner, p->is_last};
    snprintf(name, sizeof name, "argextreme_%s_%s", p->is_max ? "ArgMax" : "ArgMin", ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, (uint32_t[]){0, in_count},
                            2);
}

#define SOFTMAX(op)                                                                                                    \
    { "", op, 13, NEWEST, FLOATS, ORTK_MODE_ROWS, 0, sizeof(softmax_params), NULL, softmax_compile, softmax_plan }
#define REDUCE(op, since)                                                                                              \
    {                                                                                                                  \
        "", op, since, NEWEST, FLOATS, ORTK_MODE_ROWS, ORTK_KERNEL_KNOWN(1), sizeof(reduce_params), reduce_claim,      \
            reduce_compile, reduce_plan                                                                                \
    }
#define NORM(op, since, plan)                                                                                          \
    { "", op, since, NEWEST, FLOATS, ORTK_MODE_ROWS, 0, sizeof(norm_params), norm_claim, norm_compile, plan }
#define ARG(op)                                                                                                        \
    { "", op, 12, NEWEST, FLOATS, ORTK_MODE_ROWS, 0, sizeof(arg_params), NULL, arg_compile, arg_plan }
static const ortk_kernel kernels[] = {
    SOFTMAX("Softmax"),
    SOFTMAX("LogSoftmax"),
    REDUCE("ReduceSum", 13),
    REDUCE("ReduceMean", 18),
    REDUCE("ReduceMax", 18),
    REDUCE("ReduceMin", 18),
    REDUCE("ReduceProd", 18),
    REDUCE("ReduceSumSquare", 18),
    REDUCE("ReduceL1", 18),
    REDUCE("ReduceL2", 18),
    NORM("LayerNormalization", 17, norm_plan),
    NORM("InstanceNormalization", 6, norm_plan),
    NORM("BatchNormalization", 9, batch_plan),
    ARG("ArgMax"),
    ARG("ArgMin"),
};
const ortk_device_table ortk_device_rows = {kernels, ORTK_COUNT_OF(kernels)};
