/* MaxPool, AveragePool and the global ones, 1-d and 2-d, float32. */
#include "adapters/heavy.h"
#include "ops/wide.h"

typedef struct pool_params {
    ortcpu_window window;
    ortcpu_pool_kind kind;
    bool is_global;
} pool_params;

typedef struct pool_state {
    const ortcpu_kernels *kernels;
    ortcpu_pool_shape shape;
} pool_state;

static bool rank_claim(ortk_node *node) {
    int32_t rank = ortk_node_input_rank(node, 0);
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1-d and 2-d are done", (int)rank);
    if (ortk_node_output_count(node) > 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "the output of indices is not done");
    return true;
}

static bool pool_claim(ortk_node *node) {
    ortcpu_window window;
    if (!rank_claim(node)) return false;
    if (!ortcpu_window_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &window))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "kernel_shape, strides, dilations, pads or auto_pad");
    return true;
}

static ort_status *pool_read(const ortk_node *node, pool_params *p, ortcpu_pool_kind kind) {
    p->kind = kind;
    if (ortcpu_window_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window)) return NULL;
    return ortk_fail(ORT_CODE_BUG, "%s: attributes that claim took", ortk_node_name(node));
}

static ort_status *max_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    return pool_read(node, params, ORTCPU_POOL_MAX);
}

static ort_status *average_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    bool with_pad = ortk_attr_int(node, "count_include_pad", 0) != 0;
    return pool_read(node, params, with_pad ? ORTCPU_POOL_AVERAGE_WITH_PAD : ORTCPU_POOL_AVERAGE);
}

static ort_status *global_average_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    (void)node;
    *(pool_params *)params = (pool_params){.kind = ORTCPU_POOL_AVERAGE, .is_global = true};
    return NULL;
}

static ort_status *global_max_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    (void)node;
    *(pool_params *)params = (pool_params){.kind = ORTCPU_POOL_MAX, .is_global = true};
    return NULL;
}

static void pool_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const pool_state *s = step->state;
    s->kernels->pool_run(&s->shape, ortk_in(step, 0), ortk_out(step, 0), begin, end);
}

static ortcpu_pool_shape shape_of(const pool_params *p, const ortk_desc *in, const ortk_desc *out) {
    int64_t in_size[2], out_size[2], begin[2], end[2];
    ortcpu_image_size(in, in_size);
    ortcpu_image_size(out, out_size);
    ortcpu_window w = p->window;
    for (uint32_t i = 0; i < 2; i++) {
        if (p->is_global) {
            w.kernel[i] = in_size[i];
            w.stride[i] = w.dilation[i] = 1;
        }
        ortcpu_window_pads(&w, i, in_size[i], out_size[i], &begin[i], &end[i]);
    }
    return (ortcpu_pool_shape){.kind = p->kind,
                               .batch = in->dims[0],
                               .channels = in->dims[1],
                               .in_h = in_size[0],
                               .in_w = in_size[1],
                               .out_h = out_size[0],
                               .out_w = out_size[1],
                               .kernel_h = w.kernel[0],
                               .kernel_w = w.kernel[1],
                               .stride_h = w.stride[0],
                               .stride_w = w.stride[1],
                               .dilation_h = w.dilation[0],
                               .dilation_w = w.dilation[1],
                               .pad_top = begin[0],
                               .pad_left = begin[1],
                               .pad_bottom = end[0],
                               .pad_right = end[1],
                               .in_pitch = in->pitch,
                               .out_pitch = out->pitch};
}

static ort_status *pool_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const ortcpu_instance *instance = ortk_planner_context(planner);
    (void)in_count;
    (void)out_count;
    if (out[0].element_count == 0) return NULL;
    pool_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    s->kernels = instance->kernels;
    s->shape = shape_of(params, in, out);
    int64_t row = s->shape.out_w * s->shape.channels * s->shape.kernel_h * s->shape.kernel_w;
    step->run = pool_run;
    step->state = s;
    step->task_count = s->shape.batch * s->shape.out_h;
    step->grain = row < 32768 ? 32768 / (row > 0 ? row : 1) : 1;
    step->cost_ns = (double)(row * step->task_count) * 0.15;
    return NULL;
}

ORTCPU_WIDE_PLAN(pool_plan, 0)

#define FLOATS (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORTCPU_TYPES_SHORT)
static const ortk_kernel kernels[] = {
    {"", "MaxPool", 1, 9999, FLOATS, ORTK_MODE_PIXELS, 0, sizeof(pool_params), pool_claim, max_compile, pool_plan_wide},
    {"", "AveragePool", 1, 9999, FLOATS, ORTK_MODE_PIXELS, 0, sizeof(pool_params), pool_claim, average_compile,
     pool_plan_wide},
    {"", "GlobalAveragePool", 1, 9999, FLOATS, ORTK_MODE_PIXELS, 0, sizeof(pool_params), rank_claim,
     global_average_compile, pool_plan_wide},
    {"", "GlobalMaxPool", 1, 9999, FLOATS, ORTK_MODE_PIXELS, 0, sizeof(pool_params), rank_claim, global_max_compile,
     pool_plan_wide},
};
const ortcpu_op_table ortcpu_heavy_pool = {kernels, 4};
