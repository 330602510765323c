#include "kernels/gemm.h"

#include "kernels/micro.h"
#include "kernels/panel.h"

ortcpu_gemm_plan_fn ORTCPU_FN(ortcpu_gemm_plan);
ortcpu_gemm_pack_bytes_fn ORTCPU_FN(ortcpu_gemm_pack_bytes);
ortcpu_gemm_pack_fn ORTCPU_FN(ortcpu_gemm_pack);
ortcpu_gemm_run_fn ORTCPU_FN(ortcpu_gemm_run);
#if defined(ORTCPU_BF16)
ortcpu_gemm_plan_fn ORTCPU_FLOAT_FN(ortcpu_gemm_plan); /* of products with a computed B */
ortcpu_gemm_run_fn ORTCPU_FLOAT_FN(ortcpu_gemm_run);
#endif

enum {
    DEPTH_BLOCK = 768, /* of k: a tile's rows of A stay in the first cache */
    PANEL_BLOCK = 4,   /* panels whose block of k stays in the second cache */
    PANEL_BYTES_MAX = 400 * 1024,
    A_BYTES_MAX = 512 * 1024, /* of A that is walked once for each block of panels */
    A_BLOCK_BYTES = 384 * 1024,
    TASK_WORK_MIN = 250000, /* products: some 4 us of one core */
    TASKS_PER_THREAD = 4,
    COPY_PAD = 16,
    FEW_ROWS = 3 /* rows whose products read an unpacked B in place */
};

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}
static int64_t round_64_bytes(int64_t floats) {
    return (floats + 15) / 16 * 16;
}

size_t ORTCPU_FN(ortcpu_gemm_pack_bytes)(int64_t n, int64_t k) {
    return (size_t)(ortcpu_packed_columns(n) * ortcpu_units(k)) * sizeof(float);
}

void ORTCPU_FN(ortcpu_gemm_pack)(int64_t n, int64_t k, const float *b, int64_t row_stride, int64_t col_stride,
                                 float *packed) {
    for (int64_t j = 0; j < n; j += NR)
        ortcpu_panel_pack(b + j * col_stride, row_stride, col_stride, k, least(n - j, NR),
                          packed + j * ortcpu_units(k));
}

/* Rows that lie a multiple of 1 KB apart fall into few sets of the first cache. */
static bool rows_alias(int64_t row_stride) {
    return row_stride >= 1024 && row_stride % 256 == 0;
}

static void plan_blocks(ortcpu_gemm_plan *p) {
    const ortcpu_gemm_shape *s = &p->s;
    int64_t depth = ortcpu_units(s->k);
    int64_t blocks = (s->m <= MR && s->b_packed) || ORTCPU_ROUNDS ? 1 : most(1, ceil_div(depth, DEPTH_BLOCK));
    p->k_block = most(1, ceil_div(depth, blocks));
    p->b_direct = !s->b_packed && !s->b_widen && s->m <= FEW_ROWS && s->b_col_stride == 1;
    p->a_copied = ORTCPU_ROUNDS || s->a_col_stride != 1 || (rows_alias(s->a_row_stride) && s->m > MR && p->panels >= 4);
    int64_t row_bytes = p->k_block * (int64_t)sizeof(float);
    bool whole = s->m * row_bytes <= A_BYTES_MAX || (!s->b_packed && !p->a_copied);
    p->m_block = whole ? s->m : most(MR, A_BLOCK_BYTES / row_bytes / MR * MR);
    int64_t a_floats = p->a_copied ? least(p->m_block, s->m) * (p->k_block + COPY_PAD) : 0;
    int64_t b_panels = s->b_packed ? 0 : p->b_direct ? 1 : least(p->panels, PANEL_BLOCK);
    p->a_scratch_offset = round_64_bytes(a_floats);
    p->scratch_bytes = (size_t)(p->a_scratch_offset + b_panels * NR * p->k_block) * sizeof(float);
}

static void plan_tasks(ortcpu_gemm_plan *p, int64_t threads) {
    const ortcpu_gemm_shape *s = &p->s;
    int64_t wanted = 1;
    if (threads > 1) {
        double work = (double)s->batch * (double)s->m * (double)s->n * (double)s->k;
        double most_tasks = (double)(threads * TASKS_PER_THREAD);
        wanted = (int64_t)(work / TASK_WORK_MIN < most_tasks ? work / TASK_WORK_MIN : most_tasks);
    }
    int64_t each = most(1, ceil_div(most(1, wanted), s->batch));
    bool by_columns = !s->b_packed || s->n > 2 * s->m;
    if (by_columns) {
        p->n_splits = most(1, least(each, p->panels));
        p->m_splits = most(1, least(each / p->n_splits, p->m_tiles));
    } else {
        p->m_splits = most(1, least(each, p->m_tiles));
        p->n_splits = most(1, least(each / p->m_splits, p->panels));
    }
    p->few_rows = !ORTCPU_ROUNDS && s->m > 0 && s->m <= MR && s->b_packed && s->a_col_stride == 1 && s->batch == 1 &&
                  p->m_splits * p->n_splits == 1;
    p->task_count = s->m > 0 && s->n > 0 ? s->batch * p->m_splits * p->n_splits : 0;
}

void ORTCPU_FN(ortcpu_gemm_plan)(const ortcpu_gemm_shape *shape, int64_t thread_count, ortcpu_gemm_plan *out) {
    *out = (ortcpu_gemm_plan){.s = *shape};
    ortcpu_gemm_shape *s = &out->s;
    if (s->batch == 0) s->batch = 1;
    if (s->a_col_stride == 0) s->a_col_stride = 1;
    if (s->b_col_stride == 0) s->b_col_stride = 1;
    if (ORTCPU_ROUNDS && !s->b_packed) {
        ORTCPU_FLOAT_FN(ortcpu_gemm_plan)(shape, thread_count, out);
        return;
    }
    out->m_tiles = ceil_div(s->m, MR);
    out->panels = ceil_div(s->n, NR);
    plan_blocks(out);
    plan_tasks(out, thread_count);
}

/* What one task works on: rows [m0, m1) and columns [n0, n1) of one product. */
typedef struct part {
    const ortcpu_gemm_plan *plan;
    const float *a, *b; /* b: float32, packed or not, unless the plan widens it */
    const uint16_t *b_short;
    float *c;
    const ortcpu_epilogue *epilogue;
    const float *residual;
    int64_t m0, m1, n0, n1;
    float *scratch;
    bool a_copied;
} part;

static const int64_t no_offset = 0;

/* Columns of A that are not adjacent, or lie transposed. */
static void a_gather(const part *w, const float *from, int64_t rows, int64_t n) {
    const ortcpu_gemm_shape *s = &w->plan->s;
    int64_t stride = w->plan->k_block + COPY_PAD;
    if (ORTCPU_ROUNDS) {
        float run[VL];
        for (int64_t m = 0; m < rows; m++)
            for (int64_t k = 0; k < n; k += VL) {
                for (int64_t i = 0; i < least(VL, n - k); i++)
                    run[i] = from[m * s->a_row_stride + (k + i) * s->a_col_stride];
                ortcpu_units_copy(run, least(VL, n - k), w->scratch + m * stride + k / ORTCPU_UNIT);
            }
    } else if (s->a_row_stride == 1) {
        ortcpu_transpose(n, rows, from, s->a_col_stride, w->scratch, stride);
    } else {
        for (int64_t m = 0; m < rows; m++)
            for (int64_t k = 0; k < n; k++)
                w->scratch[m * stride + k] = from[m * s->a_row_stride + k * s->a_col_stride];
    }
}

/* Units [k0, k1) of rows [m0, m1). */
static void a_copy(const part *w, int64_t m0, int64_t m1, int64_t k0, int64_t k1) {
    const ortcpu_gemm_shape *s = &w->plan->s;
    int64_t stride = w->plan->k_block + COPY_PAD, n = least(k1 * ORTCPU_UNIT, s->k) - k0 * ORTCPU_UNIT;
    const float *from = w->a + m0 * s->a_row_stride + k0 * ORTCPU_UNIT * s->a_col_stride;
    if (s->a_col_stride != 1)
        a_gather(w, from, m1 - m0, n);
    else
        for (int64_t m = 0; m < m1 - m0; m++) ortcpu_units_copy(from + m * s->a_row_stride, n, w->scratch + m * stride);
}

/* Tiles of [m0, m1) by the columns [j0, j1), whose panels begin at t->b. */
static void tiles_run(const part *w, const ortcpu_tile *block, const float *a, int64_t m0, int64_t m1, int64_t j0,
                      int64_t j1) {
    int64_t count = ceil_div(m1 - m0, MR);
    ortcpu_tile t = *block;
    for (int64_t i = 0; i < count; i++) {
        int64_t r0 = (m1 - m0) * i / count, r1 = (m1 - m0) * (i + 1) / count;
        t.a = a + r0 * t.a_stride;
        t.c = w->c + (m0 + r0) * t.c_stride + j0;
        t.bias = block->bias ? block->bias + j0 : NULL;
        t.slope = block->slope ? block->slope + j0 : NULL;
        t.residual = w->residual ? w->residual + (m0 + r0) * t.residual_stride + j0 : NULL;
        ORTCPU_FN(ortcpu_tile_panels)(&t, r1 - r0, j1 - j0);
    }
}

enum { WIDEN_RUN = 256 };

/* A panel of n columns, at most NR, of k rows, of 16-bit floats. */
static void panel_widen(const ortcpu_gemm_shape *s, const uint16_t *b, int64_t k, int64_t n, float *out) {
    int64_t width = ortcpu_panel_width(n);
    if (n < width) memset(out, 0, (size_t)(k * width) * sizeof(float));
    if (s->b_col_stride == 1) {
        for (int64_t i = 0; i < k; i++) s->b_widen(out + i * width, b + i * s->b_row_stride, n);
        return;
    }
    float run[WIDEN_RUN];
    int64_t step = s->b_row_stride == 1 ? WIDEN_RUN : 1;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < k; i += step) {
            int64_t count = least(step, k - i);
            s->b_widen(run, b + j * s->b_col_stride + i * s->b_row_stride, count);
            for (int64_t d = 0; d < count; d++) out[(i + d) * width + j] = run[d];
        }
}

/* One block of columns of an unpacked B: packed into scratch, or read where it is but for the last narrow panel. */
static void unpacked_run(const part *w, ortcpu_tile *t, const float *a, int64_t m0, int64_t m1, int64_t j0, int64_t j1,
                         int64_t k0, int64_t k1) {
    const ortcpu_gemm_shape *s = &w->plan->s;
    float *room = w->scratch + w->plan->a_scratch_offset;
    int64_t from = k0 * s->b_row_stride;
    if (w->plan->b_direct) {
        int64_t whole = j0 + (j1 - j0) / NR * NR;
        t->b = w->b + from + j0;
        t->b_plain_stride = s->b_row_stride;
        t->panel_stride = NR;
        tiles_run(w, t, a, m0, m1, j0, whole);
        j0 = whole;
    }
    t->b_plain_stride = 0;
    t->panel_stride = (k1 - k0) * NR;
    t->b = room;
    for (int64_t j = j0; j < j1; j += NR) {
        float *panel = room + (j - j0) * (k1 - k0);
        int64_t at = from + j * s->b_col_stride, n = least(j1 - j, NR);
        if (s->b_widen)
            panel_widen(s, w->b_short + at, k1 - k0, n, panel);
        else
            ortcpu_panel_pack(w->b + at, s->b_row_stride, s->b_col_stride, k1 - k0, n, panel);
    }
    if (j0 < j1) tiles_run(w, t, a, m0, m1, j0, j1);
}

/* Panels whose block of k stays in the second cache; the whole depth may leave room for one. */
static int64_t panel_block(const ortcpu_gemm_plan *p) {
    int64_t panel_bytes = p->k_block * NR * (int64_t)sizeof(float);
    return ORTCPU_ROUNDS ? most(1, least(PANEL_BLOCK, PANEL_BYTES_MAX / panel_bytes)) : PANEL_BLOCK;
}

/* A step of k for the rows [m0, m1): every column. */
static void depth_run(const part *w, ortcpu_tile *t, int64_t m0, int64_t m1, int64_t k0, int64_t k1) {
    const ortcpu_gemm_plan *p = w->plan;
    const float *a = w->a + m0 * p->s.a_row_stride + k0;
    t->a_stride = p->s.a_row_stride;
    if (w->a_copied) {
        a_copy(w, m0, m1, k0, k1);
        a = w->scratch;
        t->a_stride = p->k_block + COPY_PAD;
    }
    int64_t step = p->s.b_packed && m1 - m0 <= MR ? w->n1 - w->n0 : panel_block(p) * NR;
    for (int64_t j = w->n0; j < w->n1; j += step) {
        int64_t end = least(j + step, w->n1);
        if (!p->s.b_packed) {
            unpacked_run(w, t, a, m0, m1, j, end, k0, k1);
            continue;
        }
        t->b = w->b + j * ortcpu_units(p->s.k);
        t->b_skip = k0;
        tiles_run(w, t, a, m0, m1, j, end);
    }
}

static void part_run(part *w) {
    const ortcpu_gemm_plan *p = w->plan;
    ortcpu_tile t = {
        .tap_offset = &no_offset, .taps = 1, .c_stride = p->s.c_row_stride, .panel_stride = ortcpu_units(p->s.k) * NR};
    ORTCPU_FN(ortcpu_tile_epilogue)(&t, w->epilogue);
    /* Partial sums in C would destroy a residual that is C itself. */
    bool in_place = w->residual == w->c && p->s.b_packed && p->s.a_col_stride == 1;
    int64_t units = ortcpu_units(p->s.k), depth = in_place ? most(1, units) : p->k_block;
    w->a_copied = p->a_copied && (ORTCPU_ROUNDS || !in_place);
    for (int64_t m0 = w->m0; m0 < w->m1; m0 += p->m_block) {
        int64_t m1 = least(m0 + p->m_block, w->m1), k0 = 0;
        do {
            int64_t k1 = least(k0 + depth, units);
            t.load_c = k0 > 0;
            t.last = k1 == units;
            t.k = k1 - k0;
            depth_run(w, &t, m0, m1, k0, k1);
            k0 = k1;
        } while (k0 < units);
    }
}

/* A few rows by packed weights in one task: nothing to block, copy or share out. */
static void few_rows_run(const ortcpu_gemm_plan *p, const ortcpu_gemm_args *args) {
    ortcpu_tile t = {.a = args->a + (args->a_offset ? args->a_offset[0] : 0),
                     .a_stride = p->s.a_row_stride,
                     .tap_offset = &no_offset,
                     .taps = 1,
                     .k = p->s.k,
                     .b = args->b,
                     .panel_stride = p->s.k * NR,
                     .c = args->c,
                     .c_stride = p->s.c_row_stride,
                     .last = true};
    ORTCPU_FN(ortcpu_tile_epilogue)(&t, &args->epilogue);
    ORTCPU_FN(ortcpu_tile_panels)(&t, p->s.m, p->s.n);
}

void ORTCPU_FN(ortcpu_gemm_run)(const ortcpu_gemm_plan *p, const ortcpu_gemm_args *args, int64_t task_begin,
                                int64_t task_end, void *scratch) {
    if (ORTCPU_ROUNDS && !p->s.b_packed) {
        ORTCPU_FLOAT_FN(ortcpu_gemm_run)(p, args, task_begin, task_end, scratch);
        return;
    }
    if (p->few_rows && task_begin < task_end) {
        few_rows_run(p, args);
        return;
    }
    int64_t splits = p->m_splits * p->n_splits;
    for (int64_t task = task_begin; task < task_end; task++) {
        int64_t i = task / splits, mi = task % splits / p->n_splits, ni = task % p->n_splits;
        int64_t b = p->s.b_packed ? 0 : args->b_offset ? args->b_offset[i] : i * args->b_stride;
        part w = {.plan = p,
                  .a = args->a + (args->a_offset ? args->a_offset[i] : i * args->a_stride),
                  .b = p->s.b_widen ? NULL : (const float *)args->b + b,
                  .b_short = p->s.b_widen ? (const uint16_t *)args->b + b : NULL,
                  .c = args->c + i * args->c_stride,
                  .epilogue = &args->epilogue,
                  .residual = args->epilogue.residual ? args->epilogue.residual + i * args->residual_stride : NULL,
                  .m0 = p->s.m * mi / p->m_splits,
                  .m1 = p->s.m * (mi + 1) / p->m_splits,
                  .n0 = p->panels * ni / p->n_splits * NR,
                  .n1 = least(p->panels * (ni + 1) / p->n_splits * NR, p->s.n),
                  .scratch = scratch};
        part_run(&w);
    }
}
