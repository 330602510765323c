#include "kernels/conv.h"

#include "kernels/direct.h"
#include "kernels/element.h"
#include "kernels/gemm.h"

ortcpu_gemm_plan_fn ORTCPU_FN(ortcpu_gemm_plan);
ortcpu_gemm_pack_fn ORTCPU_FN(ortcpu_gemm_pack);
ortcpu_gemm_run_fn ORTCPU_FN(ortcpu_gemm_run);
ortcpu_conv_plan_fn ORTCPU_FN(ortcpu_conv_plan);
ortcpu_conv_pack_bytes_fn ORTCPU_FN(ortcpu_conv_pack_bytes);
ortcpu_conv_pack_fn ORTCPU_FN(ortcpu_conv_pack);
ortcpu_conv_run_fn ORTCPU_FN(ortcpu_conv_run);

enum {
    TASK_WORK_MIN = 250000,
    TASK_WORK_MIN_DEPTHWISE = 100000,
    TASKS_PER_THREAD = 4,
    WINOGRAD_TILES_MIN = 14,    /* of one task: the transformed weights are walked once for each */
    WINOGRAD_CHANNELS_MIN = 16, /* below, the transforms cost more than they save */
    /* channels in * out: above, the weights' traffic does; and pairs of bfloat16 are as fast */
    WINOGRAD_WEIGHTS_MAX = ORTCPU_ROUNDS ? 16384 : 65536
};

static bool winograd_pays(const ortcpu_conv_shape *s) {
    bool kernel = s->kernel_h == 3 && s->kernel_w == 3 && s->stride_h == 1 && s->stride_w == 1;
    bool dense = s->dilation_h == 1 && s->dilation_w == 1 && s->groups == 1 && !s->in_nchw;
    bool channels = s->in_c >= WINOGRAD_CHANNELS_MIN && s->out_c >= WINOGRAD_CHANNELS_MIN;
    return kernel && dense && channels && s->in_c * s->out_c <= WINOGRAD_WEIGHTS_MAX && !s->no_winograd;
}

static ortcpu_conv_algorithm algorithm_of(const ortcpu_conv_shape *s) {
    if (s->transposed) return ORTCPU_CONV_TRANSPOSE;
    if (s->groups > 1 && s->groups == s->in_c && s->groups == s->out_c && !s->in_nchw) return ORTCPU_CONV_DEPTHWISE;
    bool point = s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1;
    bool unpadded = s->pad_top == 0 && s->pad_left == 0 && s->out_h == s->in_h && s->out_w == s->in_w;
    if (point && unpadded && s->groups == 1 && !s->in_nchw) return ORTCPU_CONV_GEMM;
    return winograd_pays(s) ? ORTCPU_CONV_WINOGRAD : ORTCPU_CONV_DIRECT;
}

static double work_of(const ortcpu_conv_shape *s) {
    double pixels = s->transposed ? (double)s->in_h * (double)s->in_w : (double)s->out_h * (double)s->out_w;
    double each = (double)(s->in_c / s->groups) * (double)s->out_c * (double)(s->kernel_h * s->kernel_w);
    return (double)s->batch * pixels * each;
}

/* How many tasks `threads` threads would like. */
static int64_t tasks_wanted(const ortcpu_conv_shape *s, int64_t threads, double work_min) {
    if (threads <= 1) return 1;
    double fair = (double)(threads * TASKS_PER_THREAD), work = work_of(s) / work_min;
    return ortcpu_most(1, (int64_t)(work < fair ? work : fair));
}

static void plan_direct(ortcpu_conv_plan *p, int64_t threads) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t parts = s->batch * s->groups;
    int64_t each = ortcpu_ceil_div(tasks_wanted(s, threads, TASK_WORK_MIN), ortcpu_most(1, parts));
    int64_t rows = s->transposed ? ortcpu_ceil_div(s->out_h, s->stride_h) : s->out_h;
    /* Weights that outweigh the image are read once when the channels are shared out. */
    int64_t weights = s->kernel_h * s->kernel_w * s->in_c / s->groups * (s->out_c / s->groups);
    if (weights > 2 * s->in_h * s->in_w * (s->in_c / s->groups)) {
        p->panel_splits = ortcpu_most(1, ortcpu_least(each, p->panels));
        p->row_splits = ortcpu_most(1, ortcpu_least(each / p->panel_splits, rows));
    } else {
        p->row_splits = ortcpu_most(1, ortcpu_least(each, rows));
        p->panel_splits = ortcpu_most(1, ortcpu_least(each / p->row_splits, p->panels));
    }
    p->task_count = parts * p->row_splits * p->panel_splits;
    ORTCPU_FN(ortcpu_direct_plan)(p);
}

static void plan_depthwise(ortcpu_conv_plan *p, int64_t threads) {
    int64_t each = ortcpu_ceil_div(tasks_wanted(&p->s, threads, TASK_WORK_MIN_DEPTHWISE), ortcpu_most(1, p->s.batch));
    p->panel_splits = 1;
    p->row_splits = ortcpu_most(1, ortcpu_least(each, p->s.out_h));
    p->task_count = p->s.batch * p->row_splits;
    p->scratch_bytes = (size_t)p->s.in_c * sizeof(float);
}

static void plan_winograd(ortcpu_conv_plan *p, int64_t threads) {
    int64_t most_tasks = ORTCPU_FLOAT_FN(ortcpu_winograd_tiles)(&p->s) / WINOGRAD_TILES_MIN;
    p->panel_splits = 1;
    p->row_splits = ortcpu_most(1, ortcpu_least(tasks_wanted(&p->s, threads, TASK_WORK_MIN), most_tasks));
    p->task_count = p->row_splits;
    p->scratch_bytes = ORTCPU_FLOAT_FN(ortcpu_winograd_scratch_bytes)(&p->s);
}

static void plan_gemm(ortcpu_conv_plan *p, int64_t threads) {
    const ortcpu_conv_shape *s = &p->s;
    ortcpu_gemm_shape g = {.m = s->batch * s->out_h * s->out_w,
                           .n = s->out_c,
                           .k = s->in_c,
                           .a_row_stride = s->in_pitch,
                           .b_packed = true,
                           .c_row_stride = s->out_pitch};
    ORTCPU_FN(ortcpu_gemm_plan)(&g, threads, &p->gemm);
    p->task_count = p->gemm.task_count;
    p->scratch_bytes = p->gemm.scratch_bytes;
}

void ORTCPU_FN(ortcpu_conv_plan)(const ortcpu_conv_shape *shape, int64_t thread_count, ortcpu_conv_plan *out) {
    *out = (ortcpu_conv_plan){.s = *shape, .algorithm = algorithm_of(shape)};
    out->panels = ortcpu_ceil_div(shape->out_c / shape->groups, NR);
    switch (out->algorithm) {
    case ORTCPU_CONV_GEMM:
        plan_gemm(out, thread_count);
        break;
    case ORTCPU_CONV_DEPTHWISE:
        plan_depthwise(out, thread_count);
        break;
    case ORTCPU_CONV_WINOGRAD:
        plan_winograd(out, thread_count);
        break;
    default:
        plan_direct(out, thread_count);
        break;
    }
    if (shape->batch <= 0 || shape->out_h <= 0 || shape->out_w <= 0 || shape->out_c <= 0) out->task_count = 0;
}

size_t ORTCPU_FN(ortcpu_conv_pack_bytes)(const ortcpu_conv_plan *p) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t area = s->kernel_h * s->kernel_w;
    if (p->algorithm == ORTCPU_CONV_DEPTHWISE) return (size_t)(area * s->in_c) * sizeof(float);
    if (p->algorithm == ORTCPU_CONV_WINOGRAD) return ORTCPU_FLOAT_FN(ortcpu_winograd_pack_bytes)(s);
    int64_t columns = ortcpu_packed_columns(s->out_c / s->groups) * s->groups;
    return (size_t)(columns * area * ortcpu_units(s->in_c / s->groups)) * sizeof(float);
}

void ORTCPU_FN(ortcpu_conv_pack)(const ortcpu_conv_plan *p, const float *weights, float *packed) {
    const ortcpu_conv_shape *s = &p->s;
    switch (p->algorithm) {
    case ORTCPU_CONV_DEPTHWISE:
        ORTCPU_FLOAT_FN(ortcpu_depthwise_pack)(p, weights, packed);
        return;
    case ORTCPU_CONV_GEMM:
        ORTCPU_FN(ortcpu_gemm_pack)(s->out_c, s->in_c, weights, 1, s->in_c, packed);
        return;
    case ORTCPU_CONV_WINOGRAD:
        ORTCPU_FLOAT_FN(ortcpu_winograd_pack)(p, weights, packed);
        return;
    default:
        ORTCPU_FN(ortcpu_direct_pack)(p, weights, packed);
        return;
    }
}

/* Share `index` of `count` of n rows or tiles. */
static int64_t share(int64_t n, int64_t index, int64_t count) {
    return n * index / count;
}

static void task_run(const ortcpu_conv_plan *p, const ortcpu_conv_args *args, int64_t task, void *scratch) {
    int64_t panel = task % p->panel_splits, part_index = task / p->panel_splits / p->row_splits;
    int64_t row = task / p->panel_splits % p->row_splits;
    int64_t groups = p->algorithm == ORTCPU_CONV_DEPTHWISE ? 1 : p->s.groups;
    ortcpu_conv_part part = {.plan = p,
                             .args = args,
                             .image = part_index / groups,
                             .group = part_index % groups,
                             .row_index = row,
                             .panel0 = share(p->panels, panel, p->panel_splits),
                             .panel1 = share(p->panels, panel + 1, p->panel_splits),
                             .scratch = scratch};
    int64_t tiles;
    switch (p->algorithm) {
    case ORTCPU_CONV_DEPTHWISE:
        ORTCPU_FLOAT_FN(ortcpu_depthwise_run)
        (&part, share(p->s.out_h, row, p->row_splits), share(p->s.out_h, row + 1, p->row_splits));
        return;
    case ORTCPU_CONV_WINOGRAD:
        tiles = ORTCPU_FLOAT_FN(ortcpu_winograd_tiles)(&p->s);
        ORTCPU_FLOAT_FN(ortcpu_winograd_run)
        (&part, share(tiles, row, p->row_splits), share(tiles, row + 1, p->row_splits));
        return;
    default:
        ORTCPU_FN(ortcpu_direct_run)(&part);
        return;
    }
}

void ORTCPU_FN(ortcpu_conv_run)(const ortcpu_conv_plan *p, const ortcpu_conv_args *args, int64_t task_begin,
                                int64_t task_end, void *scratch) {
    if (p->algorithm == ORTCPU_CONV_GEMM) {
        ortcpu_gemm_args g = {.a = args->in, .b = args->weights, .c = args->out, .epilogue = args->epilogue};
        ORTCPU_FN(ortcpu_gemm_run)(&p->gemm, &g, task_begin, task_end, scratch);
        return;
    }
    for (int64_t task = task_begin; task < task_end; task++) task_run(p, args, task, scratch);
}
