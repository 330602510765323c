#include "kernels/direct.h"

#include "kernels/element.h"

enum {
    PAD = 16,
    BAND_BYTES = 192 * 1024,       /* of copied rows, so that they stay in the second cache beside the weights */
    BAND_BYTES_HEAVY = 512 * 1024, /* where the weights do not fit and each copy means walking them again */
    WEIGHT_BYTES = 384 * 1024,     /* of all panels of a part: below, the panels are the inner loop */
    TAP_BYTES = 256 * 1024,        /* of one panel's taps that are walked for every row before the next taps */
    NARROW_CHANNELS = 16           /* below, kx and channels are worth merging by a copy */
};

int64_t ORTCPU_FN(ortcpu_phase_count)(const ortcpu_conv_shape *s, bool vertical) {
    return !s->transposed ? 1 : vertical ? s->stride_h : s->stride_w;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* Output o takes kernel position k from input (o + pad - k * dilation) / stride where that is whole: with
 * o + pad = q * stride + phase, those k whose k * dilation leaves `phase`, walked from the last so that inputs ascend.
 */
static ortcpu_axis transposed_axis(int64_t out, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad,
                                   int64_t phase) {
    int64_t found = 0, first = 0, second = 0, last = 0;
    for (int64_t k = 0; k < kernel; k++) {
        if (k * dilation % stride != phase) continue;
        if (found == 0) first = k;
        if (found == 1) second = k;
        last = k;
        found++;
    }
    int64_t q0 = -floor_div(phase - pad, stride), q1 = floor_div(out - 1 + pad - phase, stride);
    int64_t period = found > 1 ? second - first : 1;
    return (ortcpu_axis){.taps = found,
                         .first = -((last * dilation - phase) / stride),
                         .step = found > 1 ? period * dilation / stride : 1,
                         .in_step = 1,
                         .in_base = q0,
                         .out_step = stride,
                         .out_base = q0 * stride + phase - pad,
                         .count = ortcpu_most(0, q1 - q0 + 1),
                         .kernel_first = last,
                         .kernel_step = -period};
}

ortcpu_axis ORTCPU_FN(ortcpu_phase_axis)(const ortcpu_conv_shape *s, bool vertical, int64_t phase) {
    int64_t out = vertical ? s->out_h : s->out_w, kernel = vertical ? s->kernel_h : s->kernel_w;
    int64_t stride = vertical ? s->stride_h : s->stride_w, dilation = vertical ? s->dilation_h : s->dilation_w;
    int64_t pad = vertical ? s->pad_top : s->pad_left;
    if (s->transposed) return transposed_axis(out, kernel, stride, dilation, pad, phase);
    return (ortcpu_axis){.taps = kernel,
                         .step = kernel > 1 ? dilation : 1,
                         .in_step = stride,
                         .in_base = -pad,
                         .out_step = 1,
                         .count = out,
                         .kernel_step = 1};
}

/* Input positions [first, last) that an axis' outputs [i0, i1) reach. */
static void axis_reach(const ortcpu_axis *x, int64_t i0, int64_t i1, int64_t *first, int64_t *last) {
    *first = x->in_base + i0 * x->in_step + x->first;
    *last = x->in_base + (i1 - 1) * x->in_step + x->first + (x->taps - 1) * x->step + 1;
}

typedef struct geometry {
    int64_t channels, columns; /* of one group: in, out */
    int64_t units;             /* of one pixel of one group as it is multiplied */
    bool banded, merged;
    int64_t column0, width; /* of the copy */
    int64_t pixel, row;     /* floats between pixels and rows of what the kernels read */
} geometry;

static geometry geometry_of(const ortcpu_conv_shape *s, const ortcpu_axis *x) {
    geometry g = {
        .channels = s->in_c / s->groups, .columns = s->out_c / s->groups, .units = ortcpu_units(s->in_c / s->groups)};
    if (x->taps == 0 || x->count == 0) return g;
    int64_t last;
    axis_reach(x, 0, x->count, &g.column0, &last);
    g.width = last - g.column0;
    bool narrow = x->taps > 1 && x->step == 1 && s->in_pitch != g.channels && g.channels < NARROW_CHANNELS;
    /* Pixels that lie a multiple of 4 KB apart fall into one set of the first cache. */
    int64_t between = x->in_step * s->in_pitch;
    bool alias = between % 1024 == 0 && g.columns >= 4 * NR;
    g.banded = ORTCPU_ROUNDS || s->in_nchw || g.column0 < 0 || last > s->in_w || narrow || alias;
    g.pixel = !g.banded ? s->in_pitch : alias ? g.units + PAD : g.units;
    g.row = g.banded ? g.width * g.pixel : s->in_w * s->in_pitch;
    if (g.banded && g.row >= 1024 && g.row % 256 == 0) g.row += PAD;
    g.merged = x->step == 1 && g.pixel == g.units;
    return g;
}

static int64_t group_weight_floats(const ortcpu_conv_shape *s, int64_t taps) {
    return ortcpu_packed_columns(s->out_c / s->groups) * ortcpu_units(s->in_c / s->groups) * taps;
}

static bool weights_heavy(const ortcpu_conv_shape *s, int64_t taps, int64_t panels) {
    return panels * NR * taps * ortcpu_units(s->in_c / s->groups) * (int64_t)sizeof(float) > WEIGHT_BYTES;
}

/* Output rows whose input is copied at once. */
static int64_t band_outputs(const geometry *g, const ortcpu_axis *y, int64_t rows, bool heavy) {
    int64_t budget = (heavy ? BAND_BYTES_HEAVY : BAND_BYTES) / (g->row * (int64_t)sizeof(float));
    int64_t fit = (budget - (y->taps - 1) * y->step - 1) / y->in_step + 1;
    return ortcpu_most(1, ortcpu_least(fit, rows));
}

void ORTCPU_FN(ortcpu_direct_plan)(ortcpu_conv_plan *p) {
    const ortcpu_conv_shape *s = &p->s;
    int64_t floats = 0;
    for (int64_t py = 0; py < ORTCPU_FN(ortcpu_phase_count)(s, true); py++) {
        ortcpu_axis y = ORTCPU_FN(ortcpu_phase_axis)(s, true, py);
        for (int64_t px = 0; px < ORTCPU_FN(ortcpu_phase_count)(s, false); px++) {
            ortcpu_axis x = ORTCPU_FN(ortcpu_phase_axis)(s, false, px);
            geometry g = geometry_of(s, &x);
            if (!g.banded || y.taps == 0 || y.count == 0) continue;
            int64_t rows = (band_outputs(&g, &y, y.count, true) - 1) * y.in_step + (y.taps - 1) * y.step + 1;
            floats = ortcpu_most(floats, rows * g.row);
        }
    }
    p->offset_floats = (s->kernel_h * s->kernel_w + 7) / 8 * 16;
    p->band_bytes = floats * (int64_t)sizeof(float);
    p->scratch_bytes = (size_t)(p->offset_floats * (int64_t)sizeof(float) + p->band_bytes);
}

/* weights of one output channel, tap and input channel */
static float weight_at(const ortcpu_conv_shape *s, const float *w, int64_t group, int64_t oc, int64_t ky, int64_t kx,
                       int64_t ic) {
    int64_t icg = s->in_c / s->groups, ocg = s->out_c / s->groups, area = s->kernel_h * s->kernel_w;
    int64_t at = s->transposed ? (group * icg + ic) * ocg + oc : (group * ocg + oc) * icg + ic;
    return w[at * area + ky * s->kernel_w + kx];
}

/* One unit of column n0 + j, zero past the columns and past the channels. */
static void unit_pack(const ortcpu_conv_shape *s, const float *w, int64_t group, int64_t oc, int64_t ky, int64_t kx,
                      int64_t unit, float *out) {
    float values[ORTCPU_UNIT] = {0};
    int64_t icg = s->in_c / s->groups;
    for (int64_t i = 0; i < ORTCPU_UNIT && unit * ORTCPU_UNIT + i < icg; i++)
        if (oc < s->out_c / s->groups) values[i] = weight_at(s, w, group, oc, ky, kx, unit * ORTCPU_UNIT + i);
    ortcpu_units_copy(values, ORTCPU_UNIT, out);
}

static float *phase_pack(const ortcpu_conv_shape *s, const float *w, const ortcpu_axis *y, const ortcpu_axis *x,
                         int64_t group, float *out) {
    int64_t units = ortcpu_units(s->in_c / s->groups), ocg = s->out_c / s->groups;
    for (int64_t n0 = 0; n0 < ocg; n0 += NR) {
        int64_t n = ortcpu_least(ocg - n0, NR), width = ortcpu_panel_width(n);
        for (int64_t ty = 0; ty < y->taps; ty++)
            for (int64_t tx = 0; tx < x->taps; tx++)
                for (int64_t unit = 0; unit < units; unit++, out += width)
                    for (int64_t j = 0; j < width; j++)
                        unit_pack(s, w, group, n0 + j, y->kernel_first + ty * y->kernel_step,
                                  x->kernel_first + tx * x->kernel_step, unit, out + j);
    }
    return out;
}

void ORTCPU_FN(ortcpu_direct_pack)(const ortcpu_conv_plan *p, const float *weights, float *packed) {
    const ortcpu_conv_shape *s = &p->s;
    for (int64_t py = 0; py < ORTCPU_FN(ortcpu_phase_count)(s, true); py++) {
        ortcpu_axis y = ORTCPU_FN(ortcpu_phase_axis)(s, true, py);
        for (int64_t px = 0; px < ORTCPU_FN(ortcpu_phase_count)(s, false); px++) {
            ortcpu_axis x = ORTCPU_FN(ortcpu_phase_axis)(s, false, px);
            for (int64_t g = 0; g < s->groups; g++) packed = phase_pack(s, weights, &y, &x, g, packed);
        }
    }
}

/* One phase of one task. */
typedef struct work {
    const ortcpu_conv_part *part;
    const ortcpu_conv_shape *s;
    ortcpu_axis y, x;
    geometry g;
    const float *weights, *a; /* a: where input (row0, column0 of the reach) of this group is, for the rows at hand */
    int64_t a_row;            /* the input row that `a` begins with */
    const int64_t *offsets;
    int64_t taps_per_row, depth; /* of one kernel row; values of A for each tap */
    float *band;
} work;

/* Channels that lie `plane` apart into adjacent ones, pixel by pixel. */
static void channels_interleave(const float *in, int64_t plane, int64_t channels, int64_t count, float *to,
                                int64_t pixel) {
    if (!ORTCPU_ROUNDS) {
        ortcpu_transpose(channels, count, in, plane, to, pixel);
        return;
    }
    float run[VL];
    for (int64_t c = 0; c < channels; c += VL) {
        int64_t n = ortcpu_least(VL, channels - c);
        for (int64_t i = 0; i < count; i++) {
            for (int64_t k = 0; k < n; k++) run[k] = in[(c + k) * plane + i];
            ortcpu_units_copy(run, n, to + i * pixel + c / ORTCPU_UNIT);
        }
    }
}

/* Copies one input row's pixels [column0, column0 + width), zero outside the image. */
static void band_row_copy(const work *w, int64_t row, float *to) {
    const ortcpu_conv_shape *s = w->s;
    int64_t c = w->g.channels, x0 = ortcpu_most(0, w->g.column0), x1 = ortcpu_least(s->in_w, w->g.column0 + w->g.width);
    x1 = ortcpu_most(x0, x1);
    int64_t left = ortcpu_least(x0 - w->g.column0, w->g.width), done = left + (x1 - x0);
    int64_t pixel = w->g.pixel;
    memset(to, 0, (size_t)(left * pixel) * sizeof(float));
    memset(to + done * pixel, 0, (size_t)((w->g.width - done) * pixel) * sizeof(float));
    to += left * pixel;
    const float *in = w->part->args->in;
    int64_t first = w->part->group * c;
    if (s->in_nchw) {
        int64_t plane = s->in_h * s->in_w;
        in += (w->part->image * s->in_c + first) * plane + row * s->in_w + x0;
        channels_interleave(in, plane, c, x1 - x0, to, pixel);
        return;
    }
    in += ((w->part->image * s->in_h + row) * s->in_w + x0) * s->in_pitch + first;
    if (s->in_pitch == c && pixel * ORTCPU_UNIT == c) {
        ortcpu_units_copy(in, (x1 - x0) * c, to);
        return;
    }
    for (int64_t i = 0; i < x1 - x0; i++) ortcpu_units_copy(in + i * s->in_pitch, c, to + i * pixel);
}

/* Rows outside the image are left alone: no tap reads them. */
static void band_fill(work *w, int64_t y0, int64_t y1) {
    int64_t first, last;
    axis_reach(&w->y, y0, y1, &first, &last);
    for (int64_t r = ortcpu_most(0, first); r < ortcpu_least(last, w->s->in_h); r++)
        band_row_copy(w, r, w->band + (r - first) * w->g.row);
    w->a = w->band;
    w->a_row = first;
}

/* Kernel rows of [t0, t1) that lie inside the image for output row i. */
static void rows_clip(const work *w, int64_t i, int64_t *t0, int64_t *t1) {
    int64_t at = w->y.in_base + i * w->y.in_step + w->y.first;
    int64_t low = at < 0 ? ortcpu_ceil_div(-at, w->y.step) : 0;
    int64_t high = at < w->s->in_h ? (w->s->in_h - 1 - at) / w->y.step + 1 : 0;
    *t1 = ortcpu_most(0, ortcpu_least(*t1, high));
    *t0 = ortcpu_least(ortcpu_most(*t0, low), *t1);
}

/* Kernel rows [t0, t1) of output row i, for n columns from n0. */
static void row_run(const work *w, const ortcpu_tile *base, int64_t i, int64_t n0, int64_t n, int64_t t0, int64_t t1) {
    const ortcpu_conv_shape *s = w->s;
    const ortcpu_epilogue *e = &w->part->args->epilogue;
    ortcpu_tile t = *base;
    rows_clip(w, i, &t0, &t1);
    int64_t from = w->y.in_base + i * w->y.in_step + w->y.first - w->a_row;
    const float *a = w->a + from * w->g.row;
    t.tap_offset = w->offsets + t0 * w->taps_per_row;
    t.taps = (t1 - t0) * w->taps_per_row;
    t.b_skip = t0 * w->taps_per_row * w->depth;
    t.b = w->weights + n0 * w->y.taps * w->x.taps * w->g.units;
    int64_t column = w->part->group * w->g.columns + n0;
    int64_t pixel = (w->part->image * s->out_h + w->y.out_base + i * w->y.out_step) * s->out_w + w->x.out_base;
    t.bias = e->bias ? e->bias + column : NULL;
    t.slope = e->slope ? e->slope + column : NULL;
    int64_t tiles = ortcpu_ceil_div(w->x.count, MR);
    for (int64_t j = 0; j < tiles; j++) {
        int64_t x0 = w->x.count * j / tiles, x1 = w->x.count * (j + 1) / tiles;
        int64_t out = pixel + x0 * w->x.out_step;
        t.a = a + x0 * t.a_stride;
        t.c = w->part->args->out + out * s->out_pitch + column;
        t.residual = e->residual ? e->residual + out * e->residual_pitch + column : NULL;
        ORTCPU_FN(ortcpu_tile_panels)(&t, x1 - x0, n);
    }
}

/* Output rows [y0, y1), whose input is in reach of w->a. */
static void rows_run(const work *w, ortcpu_tile *t, int64_t y0, int64_t y1) {
    int64_t n0 = w->part->panel0 * NR, n1 = ortcpu_least(w->part->panel1 * NR, w->g.columns);
    t->last = true;
    if (!weights_heavy(w->s, w->y.taps * w->x.taps, w->part->panel1 - w->part->panel0)) {
        for (int64_t y = y0; y < y1; y++) row_run(w, t, y, n0, n1 - n0, 0, w->y.taps);
        return;
    }
    int64_t rows = ortcpu_least(w->x.count, MR), step = rows == 1 ? 4 * NR : rows <= 3 ? 2 * NR : NR;
    int64_t tap_bytes = w->taps_per_row * w->depth * NR * (int64_t)sizeof(float);
    int64_t block = ortcpu_most(1, TAP_BYTES / tap_bytes);
    const ortcpu_conv_args *args = w->part->args;
    if (args->epilogue.residual == args->out || (y1 - y0) * w->x.count <= MR) block = w->y.taps;
    for (int64_t n = n0; n < n1; n += step)
        for (int64_t tap = 0; tap < w->y.taps; tap += block) {
            t->load_c = tap > 0;
            t->last = tap + block >= w->y.taps;
            int64_t end = ortcpu_least(tap + block, w->y.taps);
            for (int64_t y = y0; y < y1; y++) row_run(w, t, y, n, ortcpu_least(step, n1 - n), tap, end);
        }
}

static void offsets_fill(const work *w, int64_t *offsets) {
    int64_t columns = w->g.merged ? 1 : w->x.taps;
    for (int64_t ty = 0; ty < w->y.taps; ty++)
        for (int64_t tx = 0; tx < columns; tx++) *offsets++ = ty * w->y.step * w->g.row + tx * w->x.step * w->g.pixel;
}

static void phase_run(work *w, int64_t *offsets) {
    const ortcpu_conv_part *part = w->part;
    const ortcpu_conv_shape *s = w->s;
    int64_t y0 = w->y.count * part->row_index / part->plan->row_splits;
    int64_t y1 = w->y.count * (part->row_index + 1) / part->plan->row_splits;
    int64_t taps = w->y.taps * w->x.taps;
    if (taps == 0) w->y.taps = w->x.taps = 0; /* outputs that no input reaches: the epilogue of zero */
    w->g = geometry_of(s, &w->x);
    w->taps_per_row = w->g.merged ? 1 : w->x.taps;
    w->depth = w->g.merged ? w->x.taps * w->g.units : w->g.units;
    w->offsets = offsets;
    offsets_fill(w, offsets);
    ortcpu_tile t = {.a_stride = w->x.in_step * w->g.pixel,
                     .k = w->depth,
                     .c_stride = w->x.out_step * s->out_pitch,
                     .panel_stride = taps * w->g.units * NR};
    ORTCPU_FN(ortcpu_tile_epilogue)(&t, &part->args->epilogue);
    t.residual_stride = w->x.out_step * part->args->epilogue.residual_pitch;
    if (!w->g.banded) {
        w->a = part->args->in + (part->image * s->in_h * s->in_w + w->g.column0) * s->in_pitch +
               part->group * w->g.channels;
        rows_run(w, &t, y0, y1);
        return;
    }
    bool heavy = weights_heavy(s, taps, part->panel1 - part->panel0);
    int64_t step = band_outputs(&w->g, &w->y, ortcpu_most(1, y1 - y0), heavy);
    for (int64_t y = y0; y < y1; y += step) {
        int64_t end = ortcpu_least(y + step, y1);
        band_fill(w, y, end);
        rows_run(w, &t, y, end);
    }
}

void ORTCPU_FN(ortcpu_direct_run)(const ortcpu_conv_part *part) {
    const ortcpu_conv_plan *p = part->plan;
    work w = {.part = part, .s = &p->s, .weights = part->args->weights};
    w.band = (float *)(void *)part->scratch + p->offset_floats;
    for (int64_t py = 0; py < ORTCPU_FN(ortcpu_phase_count)(&p->s, true); py++) {
        for (int64_t px = 0; px < ORTCPU_FN(ortcpu_phase_count)(&p->s, false); px++) {
            w.y = ORTCPU_FN(ortcpu_phase_axis)(&p->s, true, py);
            w.x = ORTCPU_FN(ortcpu_phase_axis)(&p->s, false, px);
            w.a_row = 0;
            const float *weights = w.weights;
            int64_t floats = group_weight_floats(&p->s, w.y.taps * w.x.taps);
            w.weights = weights + part->group * floats;
            if (w.y.count > 0 && w.x.count > 0) phase_run(&w, (int64_t *)(void *)part->scratch);
            w.weights = weights + p->s.groups * floats;
        }
    }
}
