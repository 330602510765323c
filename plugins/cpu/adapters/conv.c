/* Conv-11 and ConvTranspose-11, 1-d and 2-d, float32; by bfloat16 where the session asks. Constant weights are packed
 * once; computed ones are packed by every run, in scratch, which makes the step one task. */
#include "adapters/heavy.h"
#include "ops/wide.h"

#include <stdio.h>
#include <string.h>

typedef struct conv_params {
    const ortcpu_kernels *kernels;
    ortcpu_window window;
    int64_t groups, in_c, out_c;
    bool transposed, has_bias, has_output_shape, is_computed; /* is_computed: the weights come with each run */
    const float *weights;                                     /* packed for a channels-last image */
    const float *weights_nchw;                                /* packed for an image in rows; NULL: never read so */
    ortk_fused fused;
} conv_params;

typedef struct conv_state {
    const ortcpu_kernels *kernels;
    ortcpu_conv_plan plan;
    ortcpu_conv_args args;
    uint32_t bias; /* index of the step's input; 0: none */
    bool has_residual;
    size_t packed_bytes; /* of computed weights, before the kernel's own scratch */
} conv_state;

/* Channels up to which the kit may give an image in rows (the kit's layout.c). */
#define ROWS_CHANNELS_MAX 4

static bool conv_claim(ortk_node *node) {
    ortcpu_window window;
    int32_t rank = ortk_node_input_rank(node, 1);
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "weights of rank %d: 1-d and 2-d are done", (int)rank);
    if (ortk_node_input_rank(node, 0) != rank)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "the input's rank is not that of the weights");
    if (!ortcpu_window_read(node, (uint32_t)rank - 2, &window))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "strides, dilations, pads or auto_pad out of range");
    if (ortk_attr_int(node, "group", 1) < 1) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "group is below 1");
    return true;
}

/* The shape without sizes of images: they don't decide the packing. */
static ortcpu_conv_shape shape_of(const conv_params *p, bool in_nchw, bool no_winograd) {
    return (ortcpu_conv_shape){.batch = 1,
                               .in_h = 64,
                               .in_w = 64,
                               .in_c = p->in_c,
                               .out_h = 64,
                               .out_w = 64,
                               .out_c = p->out_c,
                               .kernel_h = p->window.kernel[0],
                               .kernel_w = p->window.kernel[1],
                               .stride_h = p->window.stride[0],
                               .stride_w = p->window.stride[1],
                               .dilation_h = p->window.dilation[0],
                               .dilation_w = p->window.dilation[1],
                               .pad_top = p->window.pad_begin[0],
                               .pad_left = p->window.pad_begin[1],
                               .groups = p->groups,
                               .in_pitch = p->in_c,
                               .out_pitch = p->out_c,
                               .in_nchw = in_nchw,
                               .transposed = p->transposed,
                               .no_winograd = no_winograd};
}

/* A 1x1 convolution with SAME pads has none, whatever the image. */
static void pads_settle(ortcpu_window *window) {
    if (window->auto_pad == ORTCPU_PAD_VALID) {
        memset(window->pad_begin, 0, sizeof window->pad_begin);
        memset(window->pad_end, 0, sizeof window->pad_end);
        window->auto_pad = ORTCPU_PAD_EXPLICIT;
    }
}

typedef struct pack_job {
    const ortcpu_kernels *kernels;
    ortcpu_conv_plan plan;
} pack_job;

static void conv_pack(const void *user, const void *constant, void *packed) {
    const pack_job *job = user;
    job->kernels->conv_pack(&job->plan, constant, packed);
}

static ort_status *weights_pack(ortk_compiler *compiler, const ortk_node *node, const conv_params *p, bool in_nchw,
                                const float **out) {
    const ortcpu_instance *instance = ortk_compiler_context(compiler);
    pack_job job = {.kernels = p->kernels};
    ortcpu_conv_shape shape = shape_of(p, in_nchw, instance->no_winograd);
    p->kernels->conv_plan(&shape, 1, &job.plan);
    char layout[128];
    snprintf(layout, sizeof layout, "conv-%d-%s-%lld-g%lld-s%lldx%lld-d%lldx%lld-n%d-t%d-v2", (int)job.plan.algorithm,
             p->kernels->name, (long long)p->kernels->panel_floats, (long long)p->groups,
             (long long)p->window.stride[0], (long long)p->window.stride[1], (long long)p->window.dilation[0],
             (long long)p->window.dilation[1], in_nchw, p->transposed);
    const void *packed = NULL;
    ort_status *status =
        ortk_compiler_pack(compiler, node, 1, layout, p->kernels->conv_pack_bytes(&job.plan), conv_pack, &job, &packed);
    *out = packed;
    return status;
}

/* What the weights' dims say. */
static ort_status *weights_read(conv_params *p, const int64_t *dims, uint32_t rank) {
    p->window.kernel[0] = rank == 4 ? dims[2] : 1;
    p->window.kernel[1] = dims[rank - 1];
    p->in_c = p->transposed ? dims[0] : dims[1] * p->groups;
    p->out_c = p->transposed ? dims[1] * p->groups : dims[0];
    if (p->in_c < 1 || p->out_c < 1 || p->in_c % p->groups || p->out_c % p->groups)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "a convolution from %lld to %lld channels in %lld groups",
                         (long long)p->in_c, (long long)p->out_c, (long long)p->groups);
    return NULL;
}

static ort_status *conv_read(ortk_compiler *compiler, const ortk_node *node, conv_params *p) {
    int32_t rank = ortk_node_input_rank(node, 1);
    if (!ortcpu_window_read(node, (uint32_t)rank - 2, &p->window))
        return ortk_fail(ORT_CODE_BUG, "%s: attributes that claim took", ortk_node_name(node));
    pads_settle(&p->window);
    p->groups = ortk_attr_int(node, "group", 1);
    p->has_bias = ortk_node_has_input(node, 2);
    p->has_output_shape = ortk_attr_has(node, "output_shape");
    p->fused = *ortk_node_fused(node);
    p->kernels = ortcpu_compiler_kernels(compiler);
    int64_t dims[4], count = 0;
    p->is_computed =
        ortk_node_input_dtype(node, 1) != ORT_DTYPE_F32 || !ortk_node_is_constant(node, 1, &count) || count == 0;
    if (p->is_computed) return NULL;
    for (uint32_t i = 0; i < 4; i++) dims[i] = i < (uint32_t)rank ? ortk_node_input_dim(node, 1, i) : 1;
    ort_status *status = weights_read(p, dims, (uint32_t)rank);
    if (!status) status = weights_pack(compiler, node, p, false, &p->weights);
    if (!status && !p->transposed && p->in_c <= ROWS_CHANNELS_MAX)
        status = weights_pack(compiler, node, p, true, &p->weights_nchw);
    return status;
}

static ort_status *conv_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return conv_read(compiler, node, params);
}

static ort_status *transpose_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    conv_params *p = params;
    p->transposed = true;
    return conv_read(compiler, node, p);
}

static void conv_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const conv_state *s = step->state;
    ortcpu_conv_args args = s->args;
    args.in = ortk_in(step, 0);
    args.out = ortk_out(step, 0);
    if (s->bias) args.epilogue.bias = ortk_in(step, s->bias);
    if (s->has_residual) args.epilogue.residual = ortk_in(step, step->input_count - 1);
    s->kernels->conv_run(&s->plan, &args, begin, end, scratch);
}

static void computed_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const conv_state *s = step->state;
    ortcpu_conv_args args = s->args;
    float *packed = scratch;
    s->kernels->conv_pack(&s->plan, ortk_in(step, 1), packed);
    args.in = ortk_in(step, 0);
    args.weights = packed;
    args.out = ortk_out(step, 0);
    if (s->bias) args.epilogue.bias = ortk_in(step, s->bias);
    if (s->has_residual) args.epilogue.residual = ortk_in(step, step->input_count - 1);
    s->kernels->conv_run(&s->plan, &args, 0, s->plan.task_count, (unsigned char *)scratch + s->packed_bytes);
}

/* ONNX ConvTranspose-11: with output_shape or SAME the pads follow from the sizes. */
static int64_t transpose_pad(const conv_params *p, uint32_t axis, int64_t in, int64_t out) {
    const ortcpu_window *w = &p->window;
    bool same = w->auto_pad == ORTCPU_PAD_SAME_UPPER || w->auto_pad == ORTCPU_PAD_SAME_LOWER;
    if (!p->has_output_shape && !same) return w->pad_begin[axis];
    int64_t total =
        w->stride[axis] * (in - 1) + w->output_padding[axis] + (w->kernel[axis] - 1) * w->dilation[axis] + 1 - out;
    if (total < 0) total = 0;
    return w->auto_pad == ORTCPU_PAD_SAME_UPPER ? total / 2 : total - total / 2;
}

static void swap(int64_t *a, int64_t *b) {
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* An image of one column is the same memory as one of one row, and the kernels' tiles lie along rows. The packed
 * weights are the same too: taps are numbered ky * kernel_w + kx, and one of the two is always 0. */
static void column_to_row(ortcpu_conv_shape *s) {
    bool is_column = s->in_w == 1 && s->out_w == 1 && s->kernel_w == 1 && s->stride_w == 1;
    if (!is_column || s->transposed || s->kernel_h == 1) return;
    s->dilation_w = 1;
    swap(&s->in_h, &s->in_w);
    swap(&s->out_h, &s->out_w);
    swap(&s->kernel_h, &s->kernel_w);
    swap(&s->stride_h, &s->stride_w);
    swap(&s->dilation_h, &s->dilation_w);
    swap(&s->pad_top, &s->pad_left);
}

static ortcpu_conv_shape sized_shape(const conv_params *p, const ortk_desc *in, const ortk_desc *out,
                                     bool no_winograd) {
    bool nchw = in->layout == ORTK_LAYOUT_ROWS;
    ortcpu_conv_shape shape = shape_of(p, nchw, no_winograd);
    int64_t in_size[2], out_size[2], pads[2], end = 0;
    ortcpu_image_size(in, in_size);
    ortcpu_image_size(out, out_size);
    for (uint32_t i = 0; i < 2; i++) {
        if (p->transposed)
            pads[i] = transpose_pad(p, i, in_size[i], out_size[i]);
        else
            ortcpu_window_pads(&p->window, i, in_size[i], out_size[i], &pads[i], &end);
    }
    shape.batch = in->dims[0];
    shape.in_h = in_size[0];
    shape.in_w = in_size[1];
    shape.out_h = out_size[0];
    shape.out_w = out_size[1];
    shape.pad_top = pads[0];
    shape.pad_left = pads[1];
    shape.in_pitch = nchw ? p->in_c : in->pitch;
    shape.out_pitch = out->pitch;
    column_to_row(&shape);
    return shape;
}

static double cost_ns(const ortcpu_conv_shape *s) {
    double pixels = (double)s->batch * (double)(s->transposed ? s->in_h * s->in_w : s->out_h * s->out_w);
    double taps = (double)(s->kernel_h * s->kernel_w);
    return pixels * (double)s->in_c * (double)s->out_c / (double)s->groups * taps * ORTCPU_MULTIPLY_ADD_NS;
}

static void step_fill(const conv_params *p, conv_state *s, ortk_step_plan *step) {
    step->run = conv_run;
    step->state = s;
    step->task_count = s->plan.task_count;
    step->scratch_bytes = s->plan.scratch_bytes;
    step->cost_ns = cost_ns(&s->plan.s);
    if (!p->is_computed) return;
    s->packed_bytes = (s->kernels->conv_pack_bytes(&s->plan) + 63) & ~(size_t)63;
    step->run = computed_run;
    step->task_count = 1;
    step->scratch_bytes += s->packed_bytes;
}

static ort_status *conv_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    conv_params p = *(const conv_params *)params;
    const ortcpu_instance *instance = ortk_planner_context(planner);
    bool nchw = in[0].layout == ORTK_LAYOUT_ROWS;
    (void)out_count;
    ort_status *status = p.is_computed ? weights_read(&p, in[1].dims, in[1].rank) : NULL;
    if (status) return status;
    if (in[0].dims[1] != p.in_c || out[0].dims[1] != p.out_c)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "convolution of %lld channels with weights for %lld",
                         (long long)in[0].dims[1], (long long)p.in_c);
    if (out[0].element_count == 0) return NULL;
    if (nchw && !p.is_computed && !p.weights_nchw) return ortk_fail(ORT_CODE_BUG, "a convolution was given rows");
    conv_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    ortcpu_conv_shape shape = sized_shape(&p, &in[0], &out[0], instance->no_winograd);
    s->kernels = p.kernels;
    s->kernels->conv_plan(&shape, p.is_computed ? 1 : ortk_planner_thread_count(planner), &s->plan);
    s->args.weights = nchw ? p.weights_nchw : p.weights;
    s->args.epilogue = ortcpu_epilogue_of(&p.fused);
    s->bias = p.has_bias ? 2 : 0;
    s->has_residual = p.fused.has_residual;
    if (s->has_residual) s->args.epilogue.residual_pitch = in[in_count - 1].pitch;
    step_fill(&p, s, step);
    return NULL;
}

/* Weights of 16-bit floats are packed by every run, like computed ones. */
ORTCPU_WIDE_PLAN(conv_plan, 0)

#define TYPES (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORTCPU_TYPES_SHORT)
#define FUSES                                                                                                          \
    (ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_GELU | ORTK_KERNEL_FUSES_QUANTIZED | ORTK_KERNEL_FUSES_ADD |            \
     ORTK_KERNEL_FUSES_BIAS | ORTK_KERNEL_REDUCES)
static const ortk_kernel kernels[] = {
    {"", "Conv", 1, 9999, TYPES, ORTK_MODE_PIXELS_IN_ANY, FUSES, sizeof(conv_params), conv_claim, conv_compile,
     conv_plan_wide},
    {"", "ConvTranspose", 1, 9999, TYPES, ORTK_MODE_PIXELS, FUSES, sizeof(conv_params), conv_claim, transpose_compile,
     conv_plan_wide},
};
const ortcpu_op_table ortcpu_heavy_conv = {kernels, 2};
