#include "kernels/direct.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

enum {
#if defined(ORTCPU_AVX512)
    TILE = 8, /* outputs of one row whose sums are in registers at once */
#else
    TILE = 4,
#endif
    KERNEL_MAX = 7,
    COLUMNS_MAX = KERNEL_MAX + (TILE - 1) * 2
};

/* One row of outputs, up to TILE of them. */
typedef struct strip {
    const float *in; /* the strip's first input pixel, in the first kernel row inside the image */
    int64_t pixel, row;
    /* Where the strip reaches outside the image: every input pixel of every kernel row, zeros for those outside. */
    const float *edge[KERNEL_MAX][COLUMNS_MAX];
    const float *weights; /* of the first kernel row inside the image: [tap][channel] */
    int64_t kernel_rows, channels, weight_row;
    int64_t outputs;
    ortcpu_tile tile; /* out, epilogue */
} strip;

void ORTCPU_FN(ortcpu_depthwise_pack)(const ortcpu_conv_plan *p, const float *weights, float *packed) {
    int64_t area = p->s.kernel_h * p->s.kernel_w, channels = p->s.in_c;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < area; i++) packed[i * channels + c] = weights[c * area + i];
}

ORTCPU_INLINE vf load(const float *p, int64_t n) {
    return n == VL ? vf_load(p) : vf_load_n(p, n);
}

/* The epilogue of the sums of channels [c, c + n), for the strip's outputs: at most `count`. */
ORTCPU_INLINE void strip_store(const strip *s, vf *sum, const int count, int64_t c, int64_t n) {
    const ortcpu_tile *t = &s->tile;
    if (t->full) {
        ortcpu_tile part = *t;
        part.c += c;
        part.n = n;
        if (t->bias) part.bias += c;
        if (t->residual) part.residual += c;
        if (t->slope) part.slope += c;
        float sums[TILE * VL];
        UNROLLED for (int x = 0; x < count; x++) vf_store(sums + x * VL, sum[x]);
        ORTCPU_FN(ortcpu_tile_finish)(&part, sums, VL, s->outputs);
        return;
    }
    vf bias = t->bias ? load(t->bias + c, n) : vf_zero(), low = vf_set1(t->low), high = vf_set1(t->high);
    UNROLLED for (int x = 0; x < count; x++) {
        if (x >= s->outputs) break;
        vf y = sum[x] * t->scale + bias;
        if (t->residual) y = y + load(t->residual + x * t->residual_stride + c, n);
        y = vf_min_bound(vf_max_bound(y, low), high);
        if (n == VL)
            vf_store(t->c + x * t->c_stride + c, y);
        else
            vf_store_n(t->c + x * t->c_stride + c, y, n);
    }
}

ORTCPU_INLINE void strip_channels(const strip *s, const int kw, const int stride, const bool interior, int64_t c,
                                  int64_t n) {
    vf sum[TILE];
    UNROLLED for (int x = 0; x < TILE; x++) sum[x] = vf_zero();
    const float *w = s->weights + c;
    for (int64_t ky = 0; ky < s->kernel_rows; ky++, w += s->weight_row) {
        vf weight[8];
        UNROLLED for (int kx = 0; kx < kw; kx++) weight[kx] = load(w + kx * s->channels, n);
        const float *row = s->in + ky * s->row + c;
        UNROLLED for (int j = 0; j < (TILE - 1) * stride + kw; j++) {
            vf d = load(interior ? row + j * s->pixel : s->edge[ky][j] + c, n);
            /* The next strip's pixels of the one row that the row of outputs before did not read. */
            if (interior && stride == 1 && ky + 1 == s->kernel_rows && j >= kw - 1)
                __builtin_prefetch(row + (j + TILE) * s->pixel);
            UNROLLED for (int kx = 0; kx < kw; kx++) {
                if (j >= kx && (j - kx) % stride == 0 && (j - kx) / stride < TILE)
                    sum[(j - kx) / stride] = vf_fma(d, weight[kx], sum[(j - kx) / stride]);
            }
        }
    }
    strip_store(s, sum, TILE, c, n);
}

ORTCPU_INLINE void strip_run(const strip *s, const int kw, const int stride, const bool interior) {
    int64_t c = 0;
    for (; c + VL <= s->channels; c += VL) strip_channels(s, kw, stride, interior, c, VL);
    if (c < s->channels) strip_channels(s, kw, stride, interior, c, s->channels - c);
}

#define STRIPS(kw, stride)                                                                                             \
    static void strip_##kw##_##stride(const strip *s, bool interior) {                                                 \
        if (interior)                                                                                                  \
            strip_run(s, kw, stride, true);                                                                            \
        else                                                                                                           \
            strip_run(s, kw, stride, false);                                                                           \
    }
STRIPS(3, 1)
STRIPS(3, 2)
STRIPS(5, 1)
STRIPS(5, 2)
STRIPS(7, 1)
STRIPS(7, 2)

typedef void strip_fn(const strip *s, bool interior);

static strip_fn *strip_for(const ortcpu_conv_shape *s) {
    static strip_fn *const table[3][2] = {{strip_3_1, strip_3_2}, {strip_5_1, strip_5_2}, {strip_7_1, strip_7_2}};
    if (s->kernel_h > KERNEL_MAX || s->dilation_w != 1 || s->stride_w > 2 || s->kernel_w < 3 || s->kernel_w > 7 ||
        s->kernel_w % 2 == 0)
        return NULL;
    return table[(s->kernel_w - 3) / 2][s->stride_w - 1];
}

/* Any kernel: one output at a time over the taps that lie inside, kernel columns [k0, k1). */
static void pixel_run(strip *s, const ortcpu_conv_shape *shape, int64_t k0, int64_t k1) {
    s->outputs = 1;
    for (int64_t c = 0; c < s->channels; c += VL) {
        int64_t n = ortcpu_least(VL, s->channels - c);
        vf sum = vf_zero();
        for (int64_t ky = 0; ky < s->kernel_rows; ky++)
            for (int64_t kx = k0; kx < k1; kx++)
                sum = vf_fma(load(s->in + ky * s->row + kx * shape->dilation_w * s->pixel + c, n),
                             load(s->weights + ky * s->weight_row + kx * s->channels + c, n), sum);
        strip_store(s, &sum, 1, c, n);
    }
}

static void tile_move(const ortcpu_tile *row, ortcpu_tile *t, int64_t x) {
    t->c = row->c + x * row->c_stride;
    if (row->residual) t->residual = row->residual + x * row->residual_stride;
}

/* The strip of `outputs` outputs from x: whether all its input columns are inside the image. */
static bool strip_place(strip *s, const ortcpu_conv_shape *shape, const float *row, int64_t x, int64_t outputs,
                        const float *zeros) {
    int64_t first = x * shape->stride_w - shape->pad_left;
    int64_t count = (TILE - 1) * shape->stride_w + shape->kernel_w;
    s->outputs = outputs;
    if (outputs == TILE && first >= 0 && first + count <= shape->in_w) {
        s->in = row + first * s->pixel;
        return true;
    }
    for (int64_t ky = 0; ky < s->kernel_rows; ky++)
        for (int64_t j = 0; j < count; j++) {
            bool inside = first + j >= 0 && first + j < shape->in_w;
            s->edge[ky][j] = inside ? row + ky * s->row + (first + j) * s->pixel : zeros;
        }
    return false;
}

static void pixels_run(strip *s, const ortcpu_conv_shape *shape, const ortcpu_tile *row_tile, const float *row) {
    for (int64_t x = 0; x < shape->out_w; x++) {
        int64_t first = x * shape->stride_w - shape->pad_left, d = shape->dilation_w;
        int64_t k0 = first < 0 ? ortcpu_ceil_div(-first, d) : 0;
        int64_t k1 = first < shape->in_w ? ortcpu_least(shape->kernel_w, (shape->in_w - 1 - first) / d + 1) : 0;
        s->in = row + first * s->pixel;
        tile_move(row_tile, &s->tile, x);
        pixel_run(s, shape, k0, k1);
    }
}

static void output_row_run(const ortcpu_conv_part *part, int64_t y, const float *zeros) {
    const ortcpu_conv_shape *shape = &part->plan->s;
    int64_t at = y * shape->stride_h - shape->pad_top, d = shape->dilation_h;
    int64_t k0 = at < 0 ? ortcpu_ceil_div(-at, d) : 0;
    int64_t k1 = at < shape->in_h ? ortcpu_least(shape->kernel_h, (shape->in_h - 1 - at) / d + 1) : 0;
    strip s = {.pixel = shape->in_pitch,
               .row = d * shape->in_w * shape->in_pitch,
               .channels = shape->in_c,
               .weight_row = shape->kernel_w * shape->in_c,
               .weights = part->args->weights + k0 * shape->kernel_w * shape->in_c,
               .kernel_rows = k1 > k0 ? k1 - k0 : 0};
    const float *row = part->args->in + (part->image * shape->in_h + at + k0 * d) * shape->in_w * shape->in_pitch;
    const ortcpu_epilogue *e = &part->args->epilogue;
    ORTCPU_FN(ortcpu_tile_epilogue)(&s.tile, e);
    int64_t pixel = (part->image * shape->out_h + y) * shape->out_w;
    s.tile.c = part->args->out + pixel * shape->out_pitch;
    s.tile.c_stride = shape->out_pitch;
    if (e->residual) s.tile.residual = e->residual + pixel * e->residual_pitch;
    ortcpu_tile row_tile = s.tile;
    strip_fn *run = strip_for(shape);
    if (!run) {
        pixels_run(&s, shape, &row_tile, row);
        return;
    }
    for (int64_t x = 0; x < shape->out_w; x += TILE) {
        tile_move(&row_tile, &s.tile, x);
        run(&s, strip_place(&s, shape, row, x, ortcpu_least(TILE, shape->out_w - x), zeros));
    }
}

void ORTCPU_FN(ortcpu_depthwise_run)(const ortcpu_conv_part *part, int64_t row0, int64_t row1) {
    float *zeros = (float *)(void *)part->scratch;
    memset(zeros, 0, (size_t)part->plan->s.in_c * sizeof(float));
    for (int64_t y = row0; y < row1; y++) output_row_run(part, y, zeros);
}
