#include "kernels/pool.h"

#include "kernels/transpose.h"

ortcpu_pool_run_fn ORTCPU_FN(ortcpu_pool_run);
ortcpu_nchw_to_nhwc_fn ORTCPU_FN(ortcpu_nchw_to_nhwc);
ortcpu_nhwc_to_nchw_fn ORTCPU_FN(ortcpu_nhwc_to_nchw);

enum { WIDE = 4 }; /* vectors of channels at once */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The taps of one output position on one axis: those inside the image, and how many the average divides by. */
typedef struct window {
    int64_t start; /* input position of tap 0 */
    int64_t tap0, tap1, divisor;
} window;

static window window_of(int64_t out, int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_before,
                        int64_t pad_after, bool count_pad) {
    window w = {.start = out * stride - pad_before};
    w.tap0 = w.start < 0 ? (-w.start + dilation - 1) / dilation : 0;
    w.tap1 = w.start < in ? least(kernel, (in - 1 - w.start) / dilation + 1) : 0;
    w.tap1 = most(w.tap0, w.tap1);
    /* ONNX AveragePool: ceil_mode may hang a window over the padding's end; what lies beyond is not counted. */
    int64_t padded = in + pad_after - 1 - w.start;
    w.divisor = !count_pad ? w.tap1 - w.tap0 : padded < 0 ? 0 : least(kernel, padded / dilation + 1);
    return w;
}

ORTCPU_INLINE vf load(const float *p, int64_t n) {
    return n == VL ? vf_load(p) : vf_load_n(p, n);
}

typedef struct spot {
    const float *in; /* the first tap inside the image */
    int64_t rows, columns, row_step, column_step;
    float scale;
} spot;

ORTCPU_INLINE void spot_run(const spot *s, const bool max, const int vecs, int64_t n, float *out) {
    vf acc[WIDE];
    for (int v = 0; v < vecs; v++) acc[v] = vf_set1(max ? -INFINITY : 0.0f);
    for (int64_t y = 0; y < s->rows; y++) {
        const float *p = s->in + y * s->row_step;
        for (int64_t x = 0; x < s->columns; x++, p += s->column_step)
            for (int v = 0; v < vecs; v++) {
                vf d = load(p + v * VL, n);
                acc[v] = max ? vf_max(acc[v], d) : acc[v] + d;
            }
    }
    for (int v = 0; v < vecs; v++) {
        vf y = max ? acc[v] : acc[v] / s->scale;
        if (n == VL)
            vf_store(out + v * VL, y);
        else
            vf_store_n(out + v * VL, y, n);
    }
}

static void spot_max(const spot *at, int64_t channels, float *out) {
    spot s = *at;
    int64_t c = 0;
    for (; c + WIDE * VL <= channels; c += WIDE * VL, s.in += WIDE * VL) spot_run(&s, true, WIDE, VL, out + c);
    for (; c + VL <= channels; c += VL, s.in += VL) spot_run(&s, true, 1, VL, out + c);
    if (c < channels) spot_run(&s, true, 1, channels - c, out + c);
}

static void spot_average(const spot *at, int64_t channels, float *out) {
    spot s = *at;
    int64_t c = 0;
    for (; c + WIDE * VL <= channels; c += WIDE * VL, s.in += WIDE * VL) spot_run(&s, false, WIDE, VL, out + c);
    for (; c + VL <= channels; c += VL, s.in += VL) spot_run(&s, false, 1, VL, out + c);
    if (c < channels) spot_run(&s, false, 1, channels - c, out + c);
}

void ORTCPU_FN(ortcpu_pool_run)(const ortcpu_pool_shape *p, const float *in, float *out, int64_t row_begin,
                                int64_t row_end) {
    bool count_pad = p->kind == ORTCPU_POOL_AVERAGE_WITH_PAD;
    for (int64_t row = row_begin; row < row_end; row++) {
        int64_t image = row / p->out_h;
        window y = window_of(row % p->out_h, p->in_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top,
                             p->pad_bottom, count_pad);
        const float *first = in + (image * p->in_h + y.start + y.tap0 * p->dilation_h) * p->in_w * p->in_pitch;
        for (int64_t i = 0; i < p->out_w; i++) {
            window x =
                window_of(i, p->in_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, p->pad_right, count_pad);
            spot s = {.in = first + (x.start + x.tap0 * p->dilation_w) * p->in_pitch,
                      .rows = y.tap1 - y.tap0,
                      .columns = x.tap1 - x.tap0,
                      .row_step = p->dilation_h * p->in_w * p->in_pitch,
                      .column_step = p->dilation_w * p->in_pitch,
                      .scale = (float)(y.divisor * x.divisor)};
            float *to = out + (row * p->out_w + i) * p->out_pitch;
            if (p->kind == ORTCPU_POOL_MAX)
                spot_max(&s, p->channels, to);
            else
                spot_average(&s, p->channels, to);
        }
    }
}

void ORTCPU_FN(ortcpu_nchw_to_nhwc)(int64_t channels, int64_t pixels, const float *in, float *out, int64_t pitch,
                                    int64_t pixel_begin, int64_t pixel_end) {
    ortcpu_transpose(channels, pixel_end - pixel_begin, in + pixel_begin, pixels, out + pixel_begin * pitch, pitch);
}

void ORTCPU_FN(ortcpu_nhwc_to_nchw)(int64_t channels, int64_t pixels, const float *in, int64_t pitch, float *out,
                                    int64_t pixel_begin, int64_t pixel_end) {
    ortcpu_transpose(pixel_end - pixel_begin, channels, in + pixel_begin * pitch, pitch, out + pixel_begin, pixels);
}
