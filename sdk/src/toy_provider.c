#include "toy_provider.h"

#include "ort/sdk/attr.h"
#include "ort/sdk/broadcast.h"

#include <string.h>

#define F32 ORT_DTYPE_BIT(ORT_DTYPE_F32)

/* ---- elementwise: Add, Relu ---- */

static void add_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const ortk_broadcast *b = step->state;
    const float *x = ortk_in(step, 0), *y = ortk_in(step, 1);
    float *z = ortk_out(step, 0);
    ortk_broadcast_cursor c;
    ortk_broadcast_seek(b, begin, &c);
    for (int64_t n; (n = ortk_broadcast_next(b, &c, end)) != 0;)
        for (int64_t i = 0; i < n; i++)
            z[c.offset[0] + i * b->step[0]] = x[c.offset[1] + i * b->step[1]] + y[c.offset[2] + i * b->step[2]];
}

static void relu_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const ortk_broadcast *b = step->state;
    const float *x = ortk_in(step, 0);
    float *z = ortk_out(step, 0);
    ortk_broadcast_cursor c;
    ortk_broadcast_seek(b, begin, &c);
    for (int64_t n; (n = ortk_broadcast_next(b, &c, end)) != 0;)
        for (int64_t i = 0; i < n; i++) {
            float v = x[c.offset[1] + i * b->step[1]];
            z[c.offset[0] + i * b->step[0]] = v > 0 ? v : 0;
        }
}

static ort_status *elementwise_plan(ortk_planner *planner, const ortk_desc *in, uint32_t in_count, const ortk_desc *out,
                                    ortk_run_fn run, ortk_step_plan *step) {
    ortk_broadcast *b = ortk_planner_alloc(planner, sizeof *b);
    if (!b) return ortk_out_of_memory();
    if (!ortk_broadcast_init(b, out, in, in_count)) return ortk_fail(ORT_CODE_BUG, "no broadcast");
    step->run = run;
    step->state = b;
    step->task_count = b->element_count;
    step->cost_ns = 1e6; /* so that it is spread over threads */
    return NULL;
}

static ort_status *add_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    return elementwise_plan(planner, in, in_count, out, add_run, step);
}

static ort_status *relu_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    return elementwise_plan(planner, in, in_count, out, relu_run, step);
}

/* ---- Blur: y = act(2 * x * weight[c] + bias[c] + residual), channels-last ---- */

typedef struct blur_params {
    const float *weight;
    bool has_bias;
    ortk_fused fused;
} blur_params;

typedef struct blur_state {
    const blur_params *params;
    int64_t channels, in_pitch, out_pitch, residual_pitch;
} blur_state;

static void blur_pack(const void *user, const void *constant, void *packed) {
    int64_t channels = *(const int64_t *)user;
    for (int64_t i = 0; i < channels; i++) ((float *)packed)[i] = 2 * ((const float *)constant)[i];
}

static ort_status *blur_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    blur_params *p = params;
    int64_t channels = ortk_node_input_dim(node, 1, 0);
    const void *packed = NULL;
    p->has_bias = ortk_node_has_input(node, 2);
    p->fused = *ortk_node_fused(node);
    ort_status *status =
        ortk_compiler_pack(compiler, node, 1, "blur", (uint64_t)channels * 4, blur_pack, &channels, &packed);
    p->weight = packed;
    return status;
}

static void blur_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const blur_state *s = step->state;
    const blur_params *p = s->params;
    const float *bias = p->has_bias ? ortk_in(step, 2) : NULL;
    const float *residual = p->fused.has_residual ? ortk_in(step, step->input_count - 1) : NULL;
    float *row = scratch;
    for (int64_t pixel = begin; pixel < end; pixel++) {
        const float *x = (const float *)ortk_in(step, 0) + pixel * s->in_pitch;
        for (int64_t c = 0; c < s->channels; c++) {
            row[c] = x[c] * p->weight[c] + (bias ? bias[c] : 0);
            if (residual) row[c] += residual[pixel * s->residual_pitch + c];
            if (p->fused.activation == ORTK_ACT_RELU && !(row[c] > 0)) row[c] = 0;
        }
        memcpy((float *)ortk_out(step, 0) + pixel * s->out_pitch, row, (size_t)s->channels * 4);
    }
}

static ort_status *blur_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    blur_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    if (in[0].layout != ORTK_LAYOUT_PIXELS || out[0].layout != ORTK_LAYOUT_PIXELS)
        return ortk_fail(ORT_CODE_BUG, "Blur was not given pixels");
    *s = (blur_state){params, in[0].dims[1], in[0].pitch, out[0].pitch, in[in_count - 1].pitch};
    step->run = blur_run;
    step->state = s;
    step->task_count = in[0].element_count / in[0].dims[1];
    step->scratch_bytes = (uint64_t)s->channels * 4;
    step->cost_ns = 1e6;
    return NULL;
}

/* ---- rows: Concat, Split, Transpose; Reshape ---- */

typedef struct move_params {
    int64_t axis, perm[ORTK_RANK_MAX];
} move_params;

typedef struct move_state {
    int64_t outer, inner, parts[8], total, strides[ORTK_RANK_MAX];
    ortk_desc out;
} move_state;

static ort_status *move_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    move_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 0);
    (void)ortk_attr_ints(node, "perm", p->perm, ORTK_RANK_MAX);
    return NULL;
}

static move_state *slices_plan(ortk_planner *planner, const move_params *p, const ortk_desc *whole,
                               const ortk_desc *parts, uint32_t count) {
    move_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return NULL;
    s->outer = s->inner = 1;
    for (uint32_t i = 0; i < whole->rank; i++) {
        if (i < (uint32_t)p->axis) s->outer *= whole->dims[i];
        if (i > (uint32_t)p->axis) s->inner *= whole->dims[i];
    }
    s->total = whole->dims[p->axis];
    for (uint32_t i = 0; i < count; i++) s->parts[i] = parts[i].dims[p->axis];
    return s;
}

static void concat_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const move_state *s = step->state;
    for (int64_t o = begin; o < end; o++) {
        float *to = (float *)ortk_out(step, 0) + o * s->total * s->inner;
        for (uint32_t i = 0; i < step->input_count; i++) {
            int64_t n = s->parts[i] * s->inner;
            memcpy(to, (const float *)ortk_in(step, i) + o * n, (size_t)n * 4);
            to += n;
        }
    }
}

static void split_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const move_state *s = step->state;
    for (int64_t o = begin; o < end; o++) {
        const float *from = (const float *)ortk_in(step, 0) + o * s->total * s->inner;
        for (uint32_t i = 0; i < step->output_count; i++) {
            int64_t n = s->parts[i] * s->inner;
            memcpy((float *)ortk_out(step, i) + o * n, from, (size_t)n * 4);
            from += n;
        }
    }
}

static ort_status *concat_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    move_state *s = slices_plan(planner, params, out, in, in_count);
    if (!s) return ortk_out_of_memory();
    step->run = concat_run;
    step->state = s;
    step->task_count = s->outer;
    return NULL;
}

static ort_status *split_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    move_state *s = slices_plan(planner, params, in, out, out_count);
    if (!s) return ortk_out_of_memory();
    step->run = split_run;
    step->state = s;
    step->task_count = s->outer;
    return NULL;
}

static void transpose_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const move_state *s = step->state;
    for (int64_t e = begin; e < end; e++) {
        int64_t rest = e, from = 0;
        for (uint32_t i = s->out.rank; i-- > 0; rest /= s->out.dims[i]) from += rest % s->out.dims[i] * s->strides[i];
        ((float *)ortk_out(step, 0))[e] = ((const float *)ortk_in(step, 0))[from];
    }
}

static ort_status *transpose_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    const move_params *p = params;
    move_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    s->out = *out;
    for (uint32_t i = 0; i < in->rank; i++) s->strides[i] = strides[p->perm[i]];
    step->run = transpose_run;
    step->state = s;
    step->task_count = out->element_count;
    return NULL;
}

/* ---- Filter: the positive elements of a row; how many the run tells ---- */

static void filter_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const ortk_desc *in = step->state;
    const float *x = ortk_in(step, 0);
    int64_t count = 0;
    for (int64_t i = 0; i < in->element_count; i++) {
        count += x[i] > 0;
        if (x[i] != x[i]) {
            ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "element %lld is no number", (long long)i);
            return;
        }
    }
    float *out = ortk_provide(step, 0, &count, 1, (uint64_t)count * sizeof *out);
    for (int64_t i = 0; out && i < in->element_count; i++)
        if (x[i] > 0) *out++ = x[i];
}

static ort_status *filter_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)in_count, (void)out, (void)out_count;
    ortk_desc *state = ortk_planner_alloc(planner, sizeof *state);
    if (!state) return ortk_out_of_memory();
    *state = *in;
    step->run = filter_run;
    step->state = state;
    step->task_count = 1;
    return NULL;
}

static bool relu_claim(ortk_node *node) {
    if (!ortk_attr_has(node, "refuse")) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "refuse is set on %s", ortk_node_name(node));
}

#define BLUR_FUSES (ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_ADD | ORTK_KERNEL_FUSES_BIAS)
static const ortk_kernel kernels[] = {
    {"", "Add", 14, 28, F32, ORTK_MODE_ELEMENTWISE, ORTK_KERNEL_INPLACE, 0, NULL, NULL, add_plan},
    {"", "Relu", 14, 28, F32, ORTK_MODE_ELEMENTWISE, ORTK_KERNEL_INPLACE, 0, relu_claim, NULL, relu_plan},
    {"", "Blur", 1, 28, F32, ORTK_MODE_PIXELS, BLUR_FUSES, sizeof(blur_params), NULL, blur_compile, blur_plan},
    {"", "Concat", 13, 28, F32, ORTK_MODE_ROWS, 0, sizeof(move_params), NULL, move_compile, concat_plan},
    {"", "Split", 13, 28, F32, ORTK_MODE_ROWS, 0, sizeof(move_params), NULL, move_compile, split_plan},
    {"", "Transpose", 13, 28, F32, ORTK_MODE_ROWS, 0, sizeof(move_params), NULL, move_compile, transpose_plan},
    {"", "Filter", 1, 28, F32, ORTK_MODE_ROWS, ORTK_KERNEL_TELLS, 0, NULL, NULL, filter_plan},
    {"", "Reshape", 13, 28, F32, ORTK_MODE_ROWS, ORTK_KERNEL_RESHAPES | ORTK_KERNEL_KNOWN(1), 0, NULL, NULL, NULL},
};

static ort_status *toy_kernels(void *context, ortk_kernels *all) {
    (void)context;
    return ortk_kernels_add(all, kernels, sizeof kernels / sizeof kernels[0]);
}

static ort_status *toy_device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context, (void)out_reason;
    *out_count = 1;
    return NULL;
}

static ort_status *toy_device_describe(void *context, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info space = {
        .size = sizeof space,
        .flags = ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING,
        .name = ORTK_VIEW_LIT("host"),
        .align_bytes = 64,
    };
    (void)context, (void)device;
    out->kind = ORTP_DEVICE_KIND_CPU;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE | ORTP_DEVICE_INTEGRATED;
    out->numa_node = ORTP_NONE;
    out->id = out->name = (ort_string_view){"toy", 3};
    out->dtypes = F32;
    out->spaces = &space;
    out->space_stride = sizeof space;
    out->space_count = 1;
    return NULL;
}

static ort_status *toy_open(void *context, const ortp_open_args *args, ortk_settings *out) {
    (void)context;
    if (!ortk_setting_bool(args, "fusion", true)) out->flags |= ORTK_SETTING_NO_FUSION;
    if (!ortk_setting_bool(args, "layouts", true)) out->flags |= ORTK_SETTING_NO_LAYOUTS;
    return NULL;
}

static const ortk_provider toy = {
    .kernels = toy_kernels,
    .device_count = toy_device_count,
    .device_describe = toy_device_describe,
    .open = toy_open,
};

ORTK_PROVIDER_ENTRY(toy, toy, "test.toy", "1", NULL, &ortk_host_memory, &ortk_inline_queue)
