/* F(4x4, 3x3) after A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks": a tile of 4 x 4 outputs
 * is made from 6 x 6 inputs by 36 products over the channels in place of 144. */
#include "kernels/direct.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

enum {
    OUT = 4,                        /* outputs of a tile, on each axis */
    IN = 6,                         /* inputs of a tile, on each axis */
    POINTS = IN * IN,               /* products of a tile */
    BLOCK = MR == 14 ? 28 : 4 * MR, /* tiles transformed at once: whole rows of the microkernel */
    PAD = 16                        /* floats between rows of scratch, so that they do not alias */
};

static int64_t row_floats(int64_t channels) {
    return (channels + VL - 1) / VL * VL + PAD;
}

size_t ORTCPU_FN(ortcpu_winograd_scratch_bytes)(const ortcpu_conv_shape *s) {
    return (size_t)(POINTS * BLOCK * (row_floats(s->in_c) + row_floats(s->out_c))) * sizeof(float);
}

int64_t ORTCPU_FN(ortcpu_winograd_tiles)(const ortcpu_conv_shape *s) {
    return s->batch * ortcpu_ceil_div(s->out_h, OUT) * ortcpu_ceil_div(s->out_w, OUT);
}

size_t ORTCPU_FN(ortcpu_winograd_pack_bytes)(const ortcpu_conv_shape *s) {
    return (size_t)(POINTS * ortcpu_packed_columns(s->out_c) * s->in_c) * sizeof(float);
}

/* G * w * G^T of one 3 x 3 kernel. */
static void kernel_transform(const float *w, double out[POINTS]) {
    static const double g[IN][3] = {{1.0 / 4, 0, 0},
                                    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                    {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                    {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                    {0, 0, 1}};
    double half[IN][3];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < 3; j++) half[i][j] = g[i][0] * w[j] + g[i][1] * w[3 + j] + g[i][2] * w[6 + j];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < IN; j++)
            out[i * IN + j] = half[i][0] * g[j][0] + half[i][1] * g[j][1] + half[i][2] * g[j][2];
}

/* For each of the 36 points: panels as a product's weights have them. */
void ORTCPU_FN(ortcpu_winograd_pack)(const ortcpu_conv_plan *p, const float *weights, float *packed) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t point = ortcpu_packed_columns(s->out_c) * s->in_c;
    memset(packed, 0, ORTCPU_FN(ortcpu_winograd_pack_bytes)(s));
    for (int64_t oc = 0; oc < s->out_c; oc++) {
        int64_t n0 = oc / NR * NR, width = ortcpu_panel_width(s->out_c - n0);
        for (int64_t ic = 0; ic < s->in_c; ic++) {
            double u[POINTS];
            kernel_transform(weights + (oc * s->in_c + ic) * 9, u);
            for (int64_t i = 0; i < POINTS; i++) packed[i * point + n0 * s->in_c + ic * width + oc - n0] = (float)u[i];
        }
    }
}

/* B^T of one line of six. */
ORTCPU_INLINE void line_in(const vf *d, int step, vf *o) {
    vf four = vf_set1(4.0f), five = vf_set1(5.0f), two = vf_set1(2.0f);
    vf d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    vf a = vf_fnma(four, d2, d4), b = vf_fnma(four, d1, d3), c = d4 - d2, e = two * (d3 - d1);
    o[0] = vf_fma(four, d0, vf_fnma(five, d2, d4));
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = vf_fma(four, d1, vf_fnma(five, d3, d5));
}

/* A^T of one line of six. */
ORTCPU_INLINE void line_out(const vf *m, int step, vf *o) {
    vf two = vf_set1(2.0f), four = vf_set1(4.0f), eight = vf_set1(8.0f);
    vf p = m[step] + m[2 * step], q = m[step] - m[2 * step], r = m[3 * step] + m[4 * step];
    vf s = m[3 * step] - m[4 * step];
    o[0] = m[0] + (p + r);
    o[1] = vf_fma(two, s, q);
    o[2] = vf_fma(four, r, p);
    o[3] = vf_fma(eight, s, q) + m[5 * step];
}

typedef struct place {
    int64_t image, y, x; /* a tile's first output */
} place;

static place tile_place(const ortcpu_conv_shape *s, int64_t tile) {
    int64_t across = ortcpu_ceil_div(s->out_w, OUT), down = ortcpu_ceil_div(s->out_h, OUT);
    return (place){tile / (across * down), tile / across % down * OUT, tile % across * OUT};
}

ORTCPU_INLINE vf load(const float *p, int64_t n) {
    return n == VL ? vf_load(p) : vf_load_n(p, n);
}

/* n channels of a tile's 6 x 6 inputs into rows of `to`, `apart` floats from point to point. */
ORTCPU_INLINE void channels_in(const float *const *from, int64_t c, int64_t n, float *to, int64_t apart) {
    vf half[POINTS]; /* [row][column], the rows transformed */
    UNROLLED for (int j = 0; j < IN; j++) {
        vf d[IN], o[IN];
        UNROLLED for (int i = 0; i < IN; i++) d[i] = load(from[i * IN + j] + c, n);
        line_in(d, 1, o);
        UNROLLED for (int i = 0; i < IN; i++) half[i * IN + j] = o[i];
    }
    UNROLLED for (int i = 0; i < IN; i++) {
        vf o[IN];
        line_in(half + i * IN, 1, o);
        UNROLLED for (int j = 0; j < IN; j++) vf_store(to + (i * IN + j) * apart, o[j]);
    }
}

static void tile_in(const ortcpu_conv_part *part, place at, const float *zeros, float *to, int64_t apart) {
    const ortcpu_conv_shape *s = &part->plan->s;
    const float *from[POINTS];
    for (int64_t i = 0; i < POINTS; i++) {
        int64_t y = at.y - s->pad_top + i / IN, x = at.x - s->pad_left + i % IN;
        bool inside = y >= 0 && y < s->in_h && x >= 0 && x < s->in_w;
        from[i] = inside ? part->args->in + ((at.image * s->in_h + y) * s->in_w + x) * s->in_pitch : zeros;
    }
    int64_t c = 0;
    for (; c + VL <= s->in_c; c += VL) channels_in(from, c, VL, to + c, apart);
    if (c < s->in_c) channels_in(from, c, s->in_c - c, to + c, apart);
}

/* One row of at most four outputs, n channels from c. */
ORTCPU_INLINE void row_finish(const ortcpu_tile *t, vf *o, int64_t count, int64_t c, int64_t n) {
    if (t->full || n < VL) {
        ortcpu_tile part = *t;
        part.c += c;
        part.n = n;
        if (t->bias) part.bias += c;
        if (t->residual) part.residual += c;
        if (t->slope) part.slope += c;
        float sums[OUT * VL];
        UNROLLED for (int j = 0; j < OUT; j++) vf_store(sums + j * VL, o[j]);
        ORTCPU_FN(ortcpu_tile_finish)(&part, sums, VL, count);
        return;
    }
    vf bias = t->bias ? vf_load(t->bias + c) : vf_zero(), low = vf_set1(t->low), high = vf_set1(t->high);
    UNROLLED for (int j = 0; j < OUT; j++) {
        if (j >= count) break;
        vf y = o[j] * t->scale + bias;
        if (t->residual) y = y + vf_load(t->residual + j * t->residual_stride + c);
        vf_store(t->c + j * t->c_stride + c, vf_min_bound(vf_max_bound(y, low), high));
    }
}

ORTCPU_INLINE void channels_out(const ortcpu_tile *rows, const float *from, int64_t apart, int64_t down, int64_t across,
                                int64_t c, int64_t n) {
    vf half[OUT * IN]; /* [row][column], the rows transformed */
    UNROLLED for (int j = 0; j < IN; j++) {
        vf m[IN], o[OUT];
        UNROLLED for (int i = 0; i < IN; i++) m[i] = vf_load(from + (i * IN + j) * apart + c);
        line_out(m, 1, o);
        UNROLLED for (int i = 0; i < OUT; i++) half[i * IN + j] = o[i];
    }
    UNROLLED for (int i = 0; i < OUT; i++) {
        vf o[OUT];
        line_out(half + i * IN, 1, o);
        if (i < down) row_finish(rows + i, o, across, c, n);
    }
}

static void tile_out(const ortcpu_conv_part *part, const ortcpu_tile *base, place at, const float *from,
                     int64_t apart) {
    const ortcpu_conv_shape *s = &part->plan->s;
    const ortcpu_epilogue *e = &part->args->epilogue;
    int64_t down = ortcpu_least(OUT, s->out_h - at.y), across = ortcpu_least(OUT, s->out_w - at.x), c = 0;
    ortcpu_tile rows[OUT];
    for (int64_t i = 0; i < down; i++) {
        int64_t pixel = (at.image * s->out_h + at.y + i) * s->out_w + at.x;
        rows[i] = *base;
        rows[i].c = part->args->out + pixel * s->out_pitch;
        if (e->residual) rows[i].residual = e->residual + pixel * e->residual_pitch;
    }
    for (; c + VL <= s->out_c; c += VL) channels_out(rows, from, apart, down, across, c, VL);
    if (c < s->out_c) channels_out(rows, from, apart, down, across, c, s->out_c - c);
}

/* The products of `count` transformed tiles at one point. */
static void point_run(const ortcpu_conv_part *part, int64_t point, const float *v, float *m, int64_t count) {
    static const int64_t no_offset = 0;
    const ortcpu_conv_shape *s = &part->plan->s;
    ortcpu_tile t = {.a_stride = row_floats(s->in_c),
                     .tap_offset = &no_offset,
                     .taps = 1,
                     .k = s->in_c,
                     .b = part->args->weights + point * ortcpu_packed_columns(s->out_c) * s->in_c,
                     .panel_stride = s->in_c * NR,
                     .c_stride = row_floats(s->out_c),
                     .scale = 1.0f,
                     .last = true};
    int64_t tiles = ortcpu_ceil_div(count, MR);
    for (int64_t i = 0; i < tiles; i++) {
        int64_t r0 = count * i / tiles, r1 = count * (i + 1) / tiles;
        t.a = v + r0 * t.a_stride;
        t.c = m + r0 * t.c_stride;
        ORTCPU_FN(ortcpu_tile_panels)(&t, r1 - r0, s->out_c);
    }
}

void ORTCPU_FN(ortcpu_winograd_run)(const ortcpu_conv_part *part, int64_t tile0, int64_t tile1) {
    const ortcpu_conv_shape *s = &part->plan->s;
    int64_t v_row = row_floats(s->in_c), m_row = row_floats(s->out_c);
    float *v = (float *)(void *)part->scratch, *m = v + POINTS * BLOCK * v_row;
    ortcpu_tile base = {.c_stride = s->out_pitch};
    ORTCPU_FN(ortcpu_tile_epilogue)(&base, &part->args->epilogue);
    for (int64_t t0 = tile0; t0 < tile1; t0 += BLOCK) {
        int64_t count = ortcpu_least(BLOCK, tile1 - t0);
        /* The products' room is free until they start: zeros for pixels outside the image. */
        memset(m, 0, (size_t)s->in_c * sizeof(float));
        for (int64_t i = 0; i < count; i++) tile_in(part, tile_place(s, t0 + i), m, v + i * v_row, BLOCK * v_row);
        for (int64_t i = 0; i < POINTS; i++) point_run(part, i, v + i * BLOCK * v_row, m + i * BLOCK * m_row, count);
        for (int64_t i = 0; i < count; i++) tile_out(part, &base, tile_place(s, t0 + i), m + i * m_row, BLOCK * m_row);
    }
}
