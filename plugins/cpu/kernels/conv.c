#include "kernels/conv.h"

#include "kernels/direct.h"
#include "kernels/gemm.h"

ortcpu_gemm_plan_fn ORTCPU_FN(ortcpu_gemm_plan);
ortcpu_gemm_pack_fn ORTCPU_FN(ortcpu_gemm_pack);
ortcpu_gemm_run_fn ORTCPU_FN(ortcpu_gemm_run);
ortcpu_conv_plan_fn ORTCPU_FN(ortcpu_conv_plan);
ortcpu_conv_pack_bytes_fn ORTCPU_FN(ortcpu_conv_pack_bytes);
ortcpu_conv_pack_fn ORTCPU_FN(ortcpu_conv_pack);
ortcpu_conv_run_fn ORTCPU_FN(ortcpu_conv_run);

enum { TASK_WORK_MIN = 250000, TASK_WORK_MIN_DEPTHWISE = 100000, TASKS_PER_THREAD = 4 };

static ortcpu_conv_algorithm algorithm_of(const ortcpu_conv_shape *s) {
    if (s->transposed) return ORTCPU_CONV_TRANSPOSE;
    if (s->groups > 1 && s->groups == s->in_c && s->groups == s->out_c && !s->in_nchw) return ORTCPU_CONV_DEPTHWISE;
    bool point = s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1;
    bool unpadded = s->pad_top == 0 && s->pad_left == 0 && s->out_h == s->in_h && s->out_w == s->in_w;
    if (point && unpadded && s->groups == 1 && !s->in_nchw) return ORTCPU_CONV_GEMM;
    return ORTCPU_CONV_DIRECT;
}

static double work_of(const ortcpu_conv_shape *s) {
    double pixels = s->transposed ? (double)s->in_h * (double)s->in_w : (double)s->out_h * (double)s->out_w;
    double each = (double)(s->in_c / s->groups) * (double)s->out_c * (double)(s->kernel_h * s->kernel_w);
    return (double)s->batch * pixels * each;
}

static void plan_tasks(ortcpu_conv_plan *p, int64_t threads, double work_min) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t wanted = 1;
    if (threads > 1) {
        double fair = (double)(threads * TASKS_PER_THREAD), work = work_of(s) / work_min;
        wanted = (int64_t)(work < fair ? work : fair);
    }
    bool depthwise = p->algorithm == ORTCPU_CONV_DEPTHWISE;
    int64_t parts = s->batch * (depthwise ? 1 : s->groups);
    int64_t each = ortcpu_most(1, ortcpu_ceil_div(ortcpu_most(1, wanted), ortcpu_most(1, parts)));
    int64_t rows = s->transposed ? ortcpu_ceil_div(s->out_h, s->stride_h) : s->out_h;
    /* Weights that outweigh the image are read once when the channels are shared out. */
    int64_t weights = s->kernel_h * s->kernel_w * s->in_c / s->groups * (s->out_c / s->groups);
    if (!depthwise && weights > 2 * s->in_h * s->in_w * (s->in_c / s->groups)) {
        p->panel_splits = ortcpu_most(1, ortcpu_least(each, p->panels));
        p->row_splits = ortcpu_most(1, ortcpu_least(each / p->panel_splits, rows));
    } else {
        p->row_splits = ortcpu_most(1, ortcpu_least(each, rows));
        p->panel_splits = depthwise ? 1 : ortcpu_most(1, ortcpu_least(each / p->row_splits, p->panels));
    }
    bool some = s->batch > 0 && s->out_h > 0 && s->out_w > 0 && s->out_c > 0;
    p->task_count = some ? parts * p->row_splits * p->panel_splits : 0;
}

void ORTCPU_FN(ortcpu_conv_plan)(const ortcpu_conv_shape *shape, int64_t thread_count, ortcpu_conv_plan *out) {
    *out = (ortcpu_conv_plan){.s = *shape, .algorithm = algorithm_of(shape)};
    const ortcpu_conv_shape *s = &out->s;
    out->panels = ortcpu_ceil_div(s->out_c / s->groups, NR);
    if (out->algorithm == ORTCPU_CONV_GEMM) {
        ortcpu_gemm_shape g = {.m = s->batch * s->out_h * s->out_w,
                               .n = s->out_c,
                               .k = s->in_c,
                               .a_row_stride = s->in_pitch,
                               .b_packed = true,
                               .c_row_stride = s->out_pitch};
        ORTCPU_FN(ortcpu_gemm_plan)(&g, thread_count, &out->gemm);
        out->task_count = out->gemm.task_count;
        out->scratch_bytes = out->gemm.scratch_bytes;
        return;
    }
    bool depthwise = out->algorithm == ORTCPU_CONV_DEPTHWISE;
    plan_tasks(out, thread_count, depthwise ? TASK_WORK_MIN_DEPTHWISE : TASK_WORK_MIN);
    if (depthwise)
        out->scratch_bytes = (size_t)s->in_c * sizeof(float);
    else
        ORTCPU_FN(ortcpu_direct_plan)(out);
}

size_t ORTCPU_FN(ortcpu_conv_pack_bytes)(const ortcpu_conv_plan *p) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t area = s->kernel_h * s->kernel_w;
    if (p->algorithm == ORTCPU_CONV_DEPTHWISE) return (size_t)(area * s->in_c) * sizeof(float);
    int64_t columns = ORTCPU_FN(ortcpu_packed_columns)(s->out_c / s->groups) * s->groups;
    return (size_t)(columns * area * (s->in_c / s->groups)) * sizeof(float);
}

void ORTCPU_FN(ortcpu_conv_pack)(const ortcpu_conv_plan *p, const float *weights, float *packed) {
    const ortcpu_conv_shape *s = &p->s;
    switch (p->algorithm) {
    case ORTCPU_CONV_DEPTHWISE:
        ORTCPU_FN(ortcpu_depthwise_pack)(p, weights, packed);
        return;
    case ORTCPU_CONV_GEMM:
        ORTCPU_FN(ortcpu_gemm_pack)(s->out_c, s->in_c, weights, 1, s->in_c, packed);
        return;
    default:
        ORTCPU_FN(ortcpu_direct_pack)(p, weights, packed);
        return;
    }
}

static void task_run(const ortcpu_conv_plan *p, const ortcpu_conv_args *args, int64_t task, void *scratch) {
    bool depthwise = p->algorithm == ORTCPU_CONV_DEPTHWISE;
    int64_t groups = depthwise ? 1 : p->s.groups, splits = p->row_splits * p->panel_splits;
    int64_t in_splits = task % splits, part_index = task / splits, panel = in_splits % p->panel_splits;
    ortcpu_conv_part part = {.plan = p,
                             .args = args,
                             .image = part_index / groups,
                             .group = part_index % groups,
                             .row_index = in_splits / p->panel_splits,
                             .panel0 = p->panels * panel / p->panel_splits,
                             .panel1 = p->panels * (panel + 1) / p->panel_splits,
                             .scratch = scratch};
    if (!depthwise) {
        ORTCPU_FN(ortcpu_direct_run)(&part);
        return;
    }
    int64_t row0 = p->s.out_h * part.row_index / p->row_splits,
            row1 = p->s.out_h * (part.row_index + 1) / p->row_splits;
    ORTCPU_FN(ortcpu_depthwise_run)(&part, row0, row1);
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
