/* Products, convolutions, pools and Resize. */
#include "ops.h"

#include <math.h>
#include <string.h>

/* ---- windows ---- */

typedef struct window {
    uint32_t spatial; /* 1 or 2; 1 is an image of one row */
    int64_t kernel[2], stride[2], dilation[2], begin[2], end[2];
    uint32_t auto_pad; /* an index of auto_pads */
} window;

static const char *const auto_pads[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};

static void pair_read(const ortk_node *node, const char *name, uint32_t spatial, int64_t out[2]) {
    int64_t values[2] = {1, 1};
    (void)ortk_attr_ints(node, name, values, spatial);
    out[0] = spatial == 2 ? values[0] : 1;
    out[1] = spatial == 2 ? values[1] : values[0];
}

static bool window_read(const ortk_node *node, uint32_t spatial, window *out) {
    int64_t pads[4] = {0};
    *out = (window){.spatial = spatial, .auto_pad = 4};
    if (spatial < 1 || spatial > 2) return false;
    for (uint32_t i = 0; i < 4; i++)
        if (ortk_attr_is(node, "auto_pad", "NOTSET", auto_pads[i])) out->auto_pad = i;
    pair_read(node, "kernel_shape", spatial, out->kernel);
    pair_read(node, "strides", spatial, out->stride);
    pair_read(node, "dilations", spatial, out->dilation);
    (void)ortk_attr_ints(node, "pads", pads, 2 * spatial);
    bool is_good = out->auto_pad < 4;
    for (uint32_t i = 0; i < spatial; i++) {
        out->begin[i + 2 - spatial] = pads[i];
        out->end[i + 2 - spatial] = pads[i + spatial];
        is_good &= pads[i] >= 0 && pads[i + spatial] >= 0;
    }
    for (uint32_t i = 0; i < 2; i++) is_good &= out->kernel[i] >= 1 && out->stride[i] >= 1 && out->dilation[i] >= 1;
    return is_good;
}

static void image_size(const ortk_desc *desc, int64_t out[2]) {
    out[0] = desc->rank == 4 ? desc->dims[2] : 1;
    out[1] = desc->dims[desc->rank - 1];
}

/* Fixes the padding of one axis where auto_pad leaves it to the sizes (ONNX Conv-22). `wide` is the side that the
 * window sweeps over, `narrow` the other. */
static void pads_fix(window *w, uint32_t axis, int64_t wide, int64_t narrow) {
    if (w->auto_pad == 0) return;
    int64_t total = (narrow - 1) * w->stride[axis] + (w->kernel[axis] - 1) * w->dilation[axis] + 1 - wide;
    if (total < 0 || w->auto_pad == 3) total = 0;
    w->begin[axis] = w->auto_pad == 1 ? total / 2 : total - total / 2;
    w->end[axis] = total - w->begin[axis];
}

/* ---- what is fused behind a product or convolution ---- */

typedef struct act_launch {
    int32_t act;
    float alpha, beta;
} act_launch;

static act_launch act_of(const ortk_fused *fused) {
    return (act_launch){(int32_t)fused->activation, fused->alpha, fused->beta};
}

/* The slopes of PRelu lie along the last axis; without them some buffer has to stand there. */
static uint32_t slopes_arg(const ortk_fused *fused) {
    return fused->slopes ? ORTK_ARG_TABLE : 0;
}

static void slopes_give(ortk_step_plan *step, const ortk_fused *fused) {
    if (fused->slopes) ortk_launch_table(step, fused->slopes, (uint64_t)fused->slope_count * sizeof(float));
}

/* ---- Conv, ConvTranspose ---- */

typedef struct conv_params {
    window window;
    int64_t groups;
    bool is_transposed, has_bias;
    ortk_fused fused;
} conv_params;

typedef struct conv_launch {
    int32_t images, in_channels, out_channels, in_h, in_w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h,
        pad_w, dilation_h, dilation_w, groups, has_bias;
    act_launch act;
} conv_launch;

static bool conv_claim(ortk_node *node) {
    window w;
    int32_t rank = ortk_node_input_rank(node, 0);
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1-d and 2-d are done", (int)rank);
    if (!window_read(node, (uint32_t)rank - 2, &w))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "strides, dilations, pads or auto_pad");
    if (strcmp(ortk_node_op(node), "ConvTranspose") == 0 && w.auto_pad != 0)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "auto_pad of a transposed convolution is not built");
    if (ortk_attr_has(node, "output_shape"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "output_shape is not built");
    return true;
}

OP_COMPILE(conv_compile) {
    (void)compiler;
    conv_params *p = params;
    p->groups = ortk_attr_int(node, "group", 1);
    p->is_transposed = strcmp(ortk_node_op(node), "ConvTranspose") == 0;
    p->has_bias = ortk_node_has_input(node, 2);
    p->fused = *ortk_node_fused(node);
    if (window_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window)) return NULL;
    return ortk_fail(ORT_CODE_BUG, "%s: attributes that claim took", ortk_node_name(node));
}

static conv_launch conv_launch_of(const conv_params *p, const ortk_desc *in, const ortk_desc *out) {
    int64_t from[2], to[2], kernel[2];
    window w = p->window;
    image_size(in, from);
    image_size(out, to);
    image_size(&in[1], kernel);
    for (uint32_t i = 0; i < 2; i++) {
        w.kernel[i] = kernel[i];
        pads_fix(&w, i, from[i], to[i]);
    }
    return (conv_launch){(int32_t)in->dims[0], (int32_t)in->dims[1],   (int32_t)out->dims[1],  (int32_t)from[0],
                         (int32_t)from[1],     (int32_t)to[0],         (int32_t)to[1],         (int32_t)kernel[0],
                         (int32_t)kernel[1],   (int32_t)w.stride[0],   (int32_t)w.stride[1],   (int32_t)w.begin[0],
                         (int32_t)w.begin[1],  (int32_t)w.dilation[0], (int32_t)w.dilation[1], (int32_t)p->groups,
                         p->has_bias,          act_of(&p->fused)};
}

static ort_status *tiles_check(int64_t across, int64_t down, int64_t deep) {
    if (across <= ORTK_GROUPS_MAX && down <= ORTK_GROUPS_MAX && deep <= ORTK_GROUPS_MAX) return NULL;
    return ortk_fail(ORT_CODE_UNSUPPORTED, "a product of %lld x %lld x %lld tiles", (long long)across, (long long)down,
                     (long long)deep);
}

OP_PLAN(conv_plan) {
    (void)out_count;
    const conv_params *p = params;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    conv_launch launch = conv_launch_of(p, in, out);
    /* A left-out bias is never read; some buffer has to stand there. */
    const uint32_t args[] = {0, 1, p->has_bias ? 2 : 0, slopes_arg(&p->fused), in_count};
    bool is_depthwise = p->groups == in->dims[1] && p->groups > 1;
    const char *kernel = p->is_transposed ? "convtranspose" : is_depthwise ? "depthwise" : "conv";
    snprintf(name, sizeof name, "%s_%s", kernel, ortk_type_token(in->dtype));
    if (p->is_transposed || is_depthwise) {
        ORTK_TRY(ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, args, 5));
    } else {
        int64_t pixels = (int64_t)launch.images * launch.out_h * launch.out_w, rows = out->dims[1] / p->groups;
        ORTK_TRY(tiles_check((pixels + 31) / 32, (rows + 31) / 32, p->groups));
        const uint32_t groups[3] = {(uint32_t)((pixels + 31) / 32), (uint32_t)((rows + 31) / 32), (uint32_t)p->groups};
        ORTK_TRY(ortk_launch_add(planner, step, name, groups, &launch, sizeof launch, args, 5));
    }
    slopes_give(step, &p->fused);
    return NULL;
}

/* ---- MatMul, Gemm ---- */

typedef struct product_params {
    bool is_gemm, trans_a, trans_b;
    float scale, addend;
    ortk_fused fused;
} product_params;

typedef struct product_launch {
    int32_t m, n, k, a_row, a_col, b_row, b_col, c_row, c_col, batch1, a_batch0, a_batch1, b_batch0, b_batch1;
    float scale, addend;
    act_launch act;
} product_launch;

static bool product_claim(ortk_node *node) {
    if (ortk_node_input_dtype(node, 1) != ortk_node_input_dtype(node, 0))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "inputs of two types");
    for (uint32_t i = 0; i < 2; i++)
        if (ortk_node_input_rank(node, i) < 1 || ortk_node_input_rank(node, i) > 4)
            return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1 to 4 are done",
                                (int)ortk_node_input_rank(node, i));
    return true;
}

OP_COMPILE(product_compile) {
    (void)compiler;
    product_params *p = params;
    p->is_gemm = strcmp(ortk_node_op(node), "Gemm") == 0;
    p->trans_a = p->is_gemm && ortk_attr_int(node, "transA", 0) != 0;
    p->trans_b = p->is_gemm && ortk_attr_int(node, "transB", 0) != 0;
    p->fused = *ortk_node_fused(node);
    p->scale = p->is_gemm ? ortk_attr_float(node, "alpha", 1) : 1;
    p->addend = ortk_node_has_input(node, 2) ? ortk_attr_float(node, "beta", 1) : 0; /* MatMul: a bias that was fused */
    return NULL;
}

/* Elements from one matrix of the batch to the next along the batch's dimension `from_end`; 0 repeats. */
static int64_t batch_stride(const ortk_desc *desc, uint32_t from_end) {
    int64_t stride = 1;
    uint32_t matrix = desc->rank < 2 ? desc->rank : 2;
    if (desc->rank < 3 + from_end || desc->dims[desc->rank - 3 - from_end] == 1) return 0;
    for (uint32_t i = 0; i < matrix + from_end; i++) stride *= desc->dims[desc->rank - 1 - i];
    return stride;
}

static int64_t batch_dim(const ortk_desc *in, uint32_t from_end) {
    int64_t dim = 1;
    for (uint32_t i = 0; i < 2; i++)
        if (in[i].rank >= 3 + from_end && in[i].dims[in[i].rank - 3 - from_end] != 1)
            dim = in[i].dims[in[i].rank - 3 - from_end];
    return dim;
}

static product_launch product_launch_of(const product_params *p, const ortk_desc *in) {
    const ortk_desc *a = &in[0], *b = &in[1];
    int64_t a_rows = a->rank > 1 ? a->dims[a->rank - 2] : 1, a_cols = a->dims[a->rank - 1];
    int64_t b_rows = b->rank > 1 ? b->dims[b->rank - 2] : b->dims[0], b_cols = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    return (product_launch){.m = (int32_t)(p->trans_a ? a_cols : a_rows),
                            .n = (int32_t)(p->trans_b ? b_rows : b_cols),
                            .k = (int32_t)(p->trans_a ? a_rows : a_cols),
                            .a_row = p->trans_a ? 1 : (int32_t)a_cols,
                            .a_col = p->trans_a ? (int32_t)a_cols : 1,
                            .b_row = p->trans_b ? 1 : (int32_t)b_cols,
                            .b_col = p->trans_b ? (int32_t)b_cols : 1,
                            .batch1 = (int32_t)batch_dim(in, 0),
                            .a_batch0 = (int32_t)batch_stride(a, 1),
                            .a_batch1 = (int32_t)batch_stride(a, 0),
                            .b_batch0 = (int32_t)batch_stride(b, 1),
                            .b_batch1 = (int32_t)batch_stride(b, 0),
                            .scale = p->scale,
                            .addend = p->addend,
                            .act = act_of(&p->fused)};
}

OP_PLAN(product_plan) {
    (void)out_count;
    const product_params *p = params;
    char name[16];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    product_launch launch = product_launch_of(p, in);
    bool has_c = p->addend != 0;
    if (has_c) {
        const ortk_desc *c = &in[2];
        launch.c_col = c->rank >= 1 && c->dims[c->rank - 1] != 1;
        launch.c_row = c->rank >= 2 && c->dims[c->rank - 2] != 1 ? (int32_t)c->dims[c->rank - 1] : 0;
    }
    if (!launch.k) return ortk_fail(ORT_CODE_UNSUPPORTED, "a product over no elements is not built");
    int64_t batches = batch_dim(in, 1) * batch_dim(in, 0);
    ORTK_TRY(tiles_check((launch.n + 31) / 32, (launch.m + 31) / 32, batches));
    const uint32_t groups[3] = {(uint32_t)((launch.n + 31) / 32), (uint32_t)((launch.m + 31) / 32), (uint32_t)batches};
    snprintf(name, sizeof name, "gemm_%s", ortk_type_token(in->dtype));
    ORTK_TRY(ortk_launch_add(planner, step, name, groups, &launch, sizeof launch,
                             (uint32_t[]){0, 1, has_c ? 2 : 0, slopes_arg(&p->fused), in_count}, 5));
    slopes_give(step, &p->fused);
    return NULL;
}

/* ---- pools ---- */

typedef struct pool_params {
    window window;
    bool is_max, is_global, counts_pad;
} pool_params;

typedef struct pool_launch {
    int32_t planes, in_h, in_w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, pad_end_h,
        pad_end_w, dilation_h, dilation_w, counts_pad;
} pool_launch;

static bool pool_claim(ortk_node *node) {
    window w;
    int32_t rank = ortk_node_input_rank(node, 0);
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1-d and 2-d are done", (int)rank);
    if (ortk_node_output_count(node) > 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "the output of indices is not built");
    if (strncmp(ortk_node_op(node), "Global", 6) == 0 || window_read(node, (uint32_t)rank - 2, &w)) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "kernel_shape, strides, dilations, pads or auto_pad");
}

OP_COMPILE(pool_compile) {
    (void)compiler;
    pool_params *p = params;
    p->is_max = strstr(ortk_node_op(node), "MaxPool") != NULL;
    p->is_global = strncmp(ortk_node_op(node), "Global", 6) == 0;
    p->counts_pad = ortk_attr_int(node, "count_include_pad", 0) != 0;
    if (p->is_global || window_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window)) return NULL;
    return ortk_fail(ORT_CODE_BUG, "%s: attributes that claim took", ortk_node_name(node));
}

OP_PLAN(pool_plan) {
    (void)out_count;
    const pool_params *p = params;
    int64_t from[2], to[2];
    window w = p->window;
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, in_count, out, 1));
    image_size(in, from);
    image_size(out, to);
    for (uint32_t i = 0; i < 2; i++) {
        if (p->is_global) {
            w.kernel[i] = from[i];
            w.stride[i] = w.dilation[i] = 1;
        }
        pads_fix(&w, i, from[i], to[i]);
    }
    pool_launch launch = {(int32_t)(in->dims[0] * in->dims[1]),
                          (int32_t)from[0],
                          (int32_t)from[1],
                          (int32_t)to[0],
                          (int32_t)to[1],
                          (int32_t)w.kernel[0],
                          (int32_t)w.kernel[1],
                          (int32_t)w.stride[0],
                          (int32_t)w.stride[1],
                          (int32_t)w.begin[0],
                          (int32_t)w.begin[1],
                          (int32_t)w.end[0],
                          (int32_t)w.end[1],
                          (int32_t)w.dilation[0],
                          (int32_t)w.dilation[1],
                          p->counts_pad};
    snprintf(name, sizeof name, "pool_%s_%s", p->is_max ? "MaxPool" : "AveragePool", ortk_type_token(in->dtype));
    return ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch, (uint32_t[]){0, in_count},
                            2);
}

/* ---- Resize ---- */

typedef struct resize_params {
    bool is_linear;
    uint32_t coordinates, rounding; /* indexes of the names below */
} resize_params;

static const char *const coordinate_names[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"};
static const char *const rounding_names[] = {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"};

static uint32_t named(const ortk_node *node, const char *attr, const char *fallback, const char *const *names,
                      uint32_t count) {
    uint32_t i = 0;
    while (i < count && !ortk_attr_is(node, attr, fallback, names[i])) i++;
    return i;
}

static bool resize_claim(ortk_node *node) {
    int32_t rank = ortk_node_input_rank(node, 0);
    bool is_linear = ortk_attr_is(node, "mode", "nearest", "linear");
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1-d and 2-d images are done", (int)rank);
    if (!is_linear && !ortk_attr_is(node, "mode", "nearest", "nearest"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "mode cubic is not built");
    if (named(node, "coordinate_transformation_mode", "half_pixel", coordinate_names, 4) == 4)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "this coordinate_transformation_mode is not built");
    if (ortk_attr_int(node, "antialias", 0) || ortk_attr_int(node, "exclude_outside", 0) || ortk_attr_has(node, "axes"))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "antialias, exclude_outside and axes are not built");
    return true;
}

OP_COMPILE(resize_compile) {
    (void)compiler;
    resize_params *p = params;
    p->is_linear = ortk_attr_is(node, "mode", "nearest", "linear");
    p->coordinates = named(node, "coordinate_transformation_mode", "half_pixel", coordinate_names, 4);
    p->rounding = named(node, "nearest_mode", "round_prefer_floor", rounding_names, 4);
    return NULL;
}

typedef struct resize_launch {
    int32_t planes, in_h, in_w, out_h, out_w;
} resize_launch;

/* Where output `x` lies in the source (ONNX Resize-19). */
static double source_of(const resize_params *p, int64_t in, int64_t out, double scale, int64_t x) {
    double exact = (double)in * scale;
    if (p->coordinates == 1 && out <= 1) return 0;
    if (p->coordinates == 2) return out <= 1 || exact == 1 ? 0 : (double)x * ((double)in - 1) / (exact - 1);
    return p->coordinates == 3 ? (double)x / scale : ((double)x + 0.5) / scale - 0.5;
}

static double rounded(uint32_t rounding, double x) {
    return rounding == 0 ? floor(x) : rounding == 1 ? ceil(x) : rounding == 2 ? ceil(x - 0.5) : floor(x + 0.5);
}

static float inside(double index, int64_t in) {
    return (float)(index < 0 ? 0 : index > (double)(in - 1) ? (double)(in - 1) : index);
}

/* Three numbers for each output: see kernels/resize.okl. */
static void axis_fill(const resize_params *p, int64_t in, int64_t out, double scale, float *table) {
    for (int64_t x = 0; x < out; x++) {
        double source = source_of(p, in, out, scale, x), low = floor(source);
        table[x * 3] = inside(p->is_linear ? low : rounded(p->rounding, source), in);
        table[x * 3 + 1] = inside(low + 1, in);
        table[x * 3 + 2] = (float)(source - low);
    }
}

static double scale_of(const ortk_desc *in, uint32_t in_count, const ortk_desc *out, uint32_t axis) {
    if (ortk_is_known(in, in_count, 2) && in[2].element_count > axis) return (double)((const float *)in[2].known)[axis];
    return (double)out->dims[axis] / (double)in->dims[axis];
}

OP_PLAN(resize_plan) {
    (void)out_count;
    const resize_params *p = params;
    int64_t from[2], to[2];
    char name[32];
    if (!out->element_count) return NULL;
    ORTK_TRY(ortk_sizes_check(in, 1, out, 1));
    if (in->dims[0] != out->dims[0] || in->dims[1] != out->dims[1])
        return ortk_fail(ORT_CODE_UNSUPPORTED, "a Resize of images or channels is not built");
    image_size(in, from);
    image_size(out, to);
    if (from[0] > 1 << 24 || from[1] > 1 << 24) return ortk_fail(ORT_CODE_UNSUPPORTED, "an axis of more than 2^24");
    resize_launch launch = {(int32_t)(in->dims[0] * in->dims[1]), (int32_t)from[0], (int32_t)from[1], (int32_t)to[0],
                            (int32_t)to[1]};
    size_t table_bytes = (size_t)(to[0] + to[1]) * 3 * sizeof(float);
    float *table = ortk_planner_alloc(planner, table_bytes);
    if (!table) return ortk_out_of_memory();
    if (in->rank == 4) axis_fill(p, from[0], to[0], scale_of(in, in_count, out, 2), table);
    axis_fill(p, from[1], to[1], scale_of(in, in_count, out, in->rank - 1), table + to[0] * 3);
    snprintf(name, sizeof name, "resize_%s_%s", p->is_linear ? "linear" : "nearest", ortk_type_token(in->dtype));
    ORTK_TRY(ortk_launch_each(planner, step, name, out->element_count, &launch, sizeof launch,
                              (uint32_t[]){0, ORTK_ARG_TABLE, in_count}, 3));
    ortk_launch_table(step, table, table_bytes);
    return NULL;
}

#define CONV(op)                                                                                                       \
    {                                                                                                                  \
        "", op, 1, NEWEST, FLOATS, ORTK_MODE_ROWS, ORTK_KERNEL_FUSES_ACT, sizeof(conv_params), conv_claim,             \
            conv_compile, conv_plan                                                                                    \
    }
#define PRODUCT(op, since, flags)                                                                                      \
    {                                                                                                                  \
        "", op, since, NEWEST, FLOATS, ORTK_MODE_ROWS, (flags), sizeof(product_params), product_claim,                 \
            product_compile, product_plan                                                                              \
    }
#define POOL(op)                                                                                                       \
    { "", op, 1, NEWEST, FLOATS, ORTK_MODE_ROWS, 0, sizeof(pool_params), pool_claim, pool_compile, pool_plan }
static const ortk_kernel kernels[] = {
    CONV("Conv"),
    CONV("ConvTranspose"),
    PRODUCT("MatMul", 1, ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_BIAS),
    PRODUCT("Gemm", 7, ORTK_KERNEL_FUSES_ACT),
    POOL("MaxPool"),
    POOL("AveragePool"),
    POOL("GlobalMaxPool"),
    POOL("GlobalAveragePool"),
    {"", "Resize", 11, NEWEST, FLOATS, ORTK_MODE_ROWS,
     ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2) | ORTK_KERNEL_KNOWN(3), sizeof(resize_params), resize_claim,
     resize_compile, resize_plan},
};
const ortk_device_table ortk_device_heavy = {kernels, ORTK_COUNT_OF(kernels)};
