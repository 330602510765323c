/* Every kernel, under every instruction set of this machine, against plain loops in double precision. Values are small
 * multiples of 1/4, so that sums are exact and a wrong element can't hide in a tolerance. Buffers are exactly as large
 * as the contract says (the sanitizers watch their ends), gaps between rows must survive, scratch starts as NaN. */
#include "kernels/kernels.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing/test.h"

static uint64_t seed = 88172645463325252ULL;

static int64_t pick(int64_t low, int64_t high) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return low + (int64_t)((seed >> 20) % (uint64_t)(high - low + 1));
}

static const float GAP = -12345.0f;
/* Of 1 + the value: one rounding or an activation; Winograd's sums are as large as 50 * 9 * 4. */
static const double TIGHT = 2e-6, WINOGRAD = 2e-3;

static float *floats(int64_t n) {
    void *p = NULL;
    CHECK(posix_memalign(&p, 64, (size_t)(n > 0 ? n : 1) * sizeof(float)) == 0);
    return p;
}

static float *filled(int64_t n, float value) {
    float *p = floats(n);
    for (int64_t i = 0; i < n; i++) p[i] = value;
    return p;
}

static float *values(int64_t n) {
    float *p = floats(n);
    for (int64_t i = 0; i < n; i++) p[i] = (float)pick(-8, 8) / 4.0f;
    return p;
}

static double act_reference(const ortcpu_epilogue *e, double x, int64_t column) {
    double hard = fmax(0, fmin(1, x / 6 + 0.5));
    switch (e->act) {
    case ORTCPU_ACT_RELU:
        return x > 0 ? x : 0;
    case ORTCPU_ACT_CLIP:
        return fmin(e->beta, fmax(e->alpha, x));
    case ORTCPU_ACT_LEAKY_RELU:
        return x < 0 ? e->alpha * x : x;
    case ORTCPU_ACT_PRELU:
        return x < 0 ? e->slope[column] * x : x;
    case ORTCPU_ACT_ELU:
        return x < 0 ? e->alpha * expm1(x) : x;
    case ORTCPU_ACT_HARD_SIGMOID:
        return fmax(0, fmin(1, e->alpha * x + e->beta));
    case ORTCPU_ACT_HARD_SWISH:
        return x * hard;
    case ORTCPU_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case ORTCPU_ACT_TANH:
        return tanh(x);
    case ORTCPU_ACT_SILU:
        return x / (1 + exp(-x));
    case ORTCPU_ACT_GELU:
        return 0.5 * x * (1 + erf(x * sqrt(0.5)));
    case ORTCPU_ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case ORTCPU_ACT_QUANTIZED:
        return e->step * fmin(e->beta, fmax(e->alpha, rint(x / e->step)));
    default:
        return x;
    }
}

static double finish_reference(const ortcpu_epilogue *e, double sum, int64_t row, int64_t column) {
    double x = sum * (e->scale == 0 ? 1 : e->scale) + (e->bias ? e->bias[column] : 0);
    double r = e->residual ? e->residual[row * e->residual_pitch + column] : 0;
    return e->residual_after ? act_reference(e, x, column) + r : act_reference(e, x + r, column);
}

/* A random epilogue; the buffers it holds are freed by epilogue_destroy. */
static ortcpu_epilogue epilogue_make(int64_t rows, int64_t columns) {
    ortcpu_epilogue e = {.act = (ortcpu_act)pick(0, ORTCPU_ACT_GELU_TANH), .alpha = 0.25f, .beta = 0.5f};
    if (e.act == ORTCPU_ACT_CLIP) e.alpha = -2, e.beta = 6;
    if (pick(0, 1)) e.act = (ortcpu_act)pick(0, 2);
    if (pick(0, 1)) e.bias = values(columns);
    if (pick(0, 2) == 0) e.scale = 0.5f;
    if (pick(0, 1)) {
        e.residual_pitch = columns + pick(0, 1) * 3;
        e.residual = values((rows - 1) * e.residual_pitch + columns);
        e.residual_after = pick(0, 2) == 0;
    }
    if (e.act == ORTCPU_ACT_PRELU) e.slope = values(columns);
    return e;
}

static void epilogue_destroy(ortcpu_epilogue *e) {
    free((void *)(uintptr_t)e->bias);
    free((void *)(uintptr_t)e->residual);
    free((void *)(uintptr_t)e->slope);
}

static bool near(float got, double want, double tolerance) {
    return fabs(got - want) <= tolerance * (1 + fabs(want));
}

static void check_rows(const char *what, const float *got, const double *want, int64_t rows, int64_t columns,
                       int64_t pitch, double tolerance) {
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++)
            CHECK(near(got[r * pitch + c], want[r * columns + c], tolerance), "%s: [%lld][%lld] is %g, want %g", what,
                  (long long)r, (long long)c, (double)got[r * pitch + c], want[r * columns + c]);
        for (int64_t c = columns; c < pitch && r + 1 < rows; c++)
            CHECK(got[r * pitch + c] == GAP, "%s: the gap after row %lld was written", what, (long long)r);
    }
}

static void check_same(const char *what, const float *a, const float *b, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        CHECK(memcmp(a + i, b + i, sizeof(float)) == 0, "%s: other chunks, other bits at %lld: %a, %a", what,
              (long long)i, (double)a[i], (double)b[i]);
}

/* Calls `body` with each instruction set's table, and with bfloat16's, in which the values here are exact. */
static void each_isa(void (*body)(const ortcpu_kernels *k)) {
    for (int i = 0; i < ORTCPU_ISA_COUNT; i++) {
        const ortcpu_kernels *k = ortcpu_kernels_get((ortcpu_isa)i);
        if (k) body(k);
    }
    if (ortcpu_kernels_bf16()) body(ortcpu_kernels_bf16());
}

/* ---- products ---- */

typedef struct gemm_case {
    ortcpu_gemm_shape s;
    bool a_transposed, b_transposed;
    int64_t a_gap, b_gap, c_gap;
} gemm_case;

static void gemm_run(const ortcpu_kernels *k, const ortcpu_gemm_shape *s, const ortcpu_gemm_args *args,
                     int64_t threads) {
    ortcpu_gemm_plan p;
    k->gemm_plan(s, threads, &p);
    if (threads == 1) CHECK(p.task_count <= (s->batch > 0 ? s->batch : 1));
    float *scratch = filled((int64_t)(p.scratch_bytes / sizeof(float)), NAN);
    if (threads == 1)
        k->gemm_run(&p, args, 0, p.task_count, scratch);
    else
        for (int64_t t = p.task_count; t-- > 0;) k->gemm_run(&p, args, t, t + 1, scratch);
    free(scratch);
}

static void gemm_check(const ortcpu_kernels *k, gemm_case g) {
    ortcpu_gemm_shape *s = &g.s;
    int64_t m = s->m, n = s->n, depth = s->k, batch = s->batch > 0 ? s->batch : 1;
    int64_t a_pitch = (g.a_transposed ? m : depth) + g.a_gap, b_pitch = (g.b_transposed ? depth : n) + g.b_gap;
    int64_t a_floats = ((g.a_transposed ? depth : m) - 1) * a_pitch + (g.a_transposed ? m : depth);
    int64_t b_floats = ((g.b_transposed ? n : depth) - 1) * b_pitch + (g.b_transposed ? depth : n);
    s->a_row_stride = g.a_transposed ? 1 : a_pitch;
    s->a_col_stride = g.a_transposed ? a_pitch : 1;
    s->b_row_stride = g.b_transposed ? 1 : b_pitch;
    s->b_col_stride = g.b_transposed ? b_pitch : 1;
    s->c_row_stride = n + g.c_gap;
    int64_t c_floats = (m - 1) * s->c_row_stride + n;
    char what[160];
    snprintf(what, sizeof(what), "%s gemm m %lld n %lld k %lld batch %lld packed %d transposed %d %d gaps %lld",
             k->name, (long long)m, (long long)n, (long long)depth, (long long)batch, s->b_packed, g.a_transposed,
             g.b_transposed, (long long)g.a_gap);
    float *a = values(a_floats * batch), *b = values(b_floats * (s->b_packed ? 1 : batch));
    float *c = filled(c_floats * batch, GAP), *c2 = filled(c_floats * batch, GAP);
    float *packed = floats((int64_t)(k->gemm_pack_bytes(n, depth) / sizeof(float)));
    k->gemm_pack(n, depth, b, s->b_row_stride, s->b_col_stride, packed);
    ortcpu_gemm_args args = {.a = a, .b = s->b_packed ? packed : b, .c = c, .a_stride = a_floats, .c_stride = c_floats};
    args.b_stride = b_floats;
    args.epilogue = epilogue_make(m, n);
    gemm_run(k, s, &args, 1);
    args.c = c2;
    gemm_run(k, s, &args, 5);
    check_same(what, c, c2, c_floats * batch);
    double *want = calloc((size_t)(m * n), sizeof(double));
    CHECK(want != NULL);
    for (int64_t i = 0; i < batch; i++) {
        const float *ai = a + i * a_floats, *bi = b + (s->b_packed ? 0 : i * b_floats);
        for (int64_t r = 0; r < m; r++)
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t q = 0; q < depth; q++)
                    sum += (double)ai[r * s->a_row_stride + q * s->a_col_stride] *
                           (double)bi[q * s->b_row_stride + j * s->b_col_stride];
                want[r * n + j] = finish_reference(&args.epilogue, sum, r, j);
            }
        check_rows(what, c + i * c_floats, want, m, n, s->c_row_stride, TIGHT);
    }
    epilogue_destroy(&args.epilogue);
    free(want), free(a), free(b), free(c), free(c2), free(packed);
}

static void gemm_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 300; i++) {
        gemm_case g = {.s = {.m = pick(1, i % 3 ? 5 : 60), .n = pick(1, i % 2 ? 40 : 150), .k = pick(1, 70)}};
        g.s.b_packed = pick(0, 1);
        g.s.batch = pick(0, 3);
        g.a_transposed = pick(0, 3) == 0;
        g.b_transposed = pick(0, 2) == 0;
        g.a_gap = pick(0, 1) * 5, g.b_gap = pick(0, 1) * 3, g.c_gap = pick(0, 1) * 7;
        gemm_check(k, g);
    }
}
ORT_TEST(kernels, products_of_many_shapes) {
    each_isa(gemm_random);
}

static void gemm_blocked(const ortcpu_kernels *k) {
    static const int64_t shapes[][3] = {{40, 300, 1300}, {3, 70, 1100}, {1, 513, 1024}, {2, 100, 600}, {400, 33, 513},
                                        {29, 129, 1024}, {100, 16, 64}, {100, 24, 64},  {15, 1, 2000}, {1, 1, 1}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        for (int form = 0; form < 4; form++) {
            gemm_case g = {.s = {.m = shapes[i][0], .n = shapes[i][1], .k = shapes[i][2]}};
            g.s.b_packed = form < 2;
            g.a_transposed = form & 1;
            gemm_check(k, g);
        }
}
ORT_TEST(kernels, products_larger_than_a_block) {
    each_isa(gemm_blocked);
}

static void gemm_in_place(const ortcpu_kernels *k) {
    int64_t m = 30, n = 70, depth = 1100;
    float *a = values(m * depth), *b = values(depth * n), *c = values(m * n), *apart = filled(m * n, 0);
    float *packed = floats((int64_t)(k->gemm_pack_bytes(n, depth) / sizeof(float)));
    k->gemm_pack(n, depth, b, n, 1, packed);
    ortcpu_gemm_shape s = {.m = m, .n = n, .k = depth, .a_row_stride = depth, .b_packed = true, .c_row_stride = n};
    ortcpu_gemm_args args = {.a = a, .b = packed, .c = apart, .epilogue = {.residual = c, .residual_pitch = n}};
    gemm_run(k, &s, &args, 1);
    args.c = c;
    gemm_run(k, &s, &args, 3);
    check_same("a residual in place", apart, c, m * n);
    free(a), free(b), free(c), free(apart), free(packed);
}
ORT_TEST(kernels, a_residual_may_be_the_destination) {
    each_isa(gemm_in_place);
}

static void gemm_offsets(const ortcpu_kernels *k) {
    float *a = values(2 * 5 * 7), *b = values(3 * 7 * 9), *c = floats(6 * 5 * 9), *want = floats(6 * 5 * 9);
    int64_t a_at[6], b_at[6];
    for (int64_t i = 0; i < 6; i++) a_at[i] = i / 3 * 35, b_at[i] = i % 3 * 63;
    ortcpu_gemm_shape s = {.m = 5, .n = 9, .k = 7, .batch = 6, .a_row_stride = 7, .b_row_stride = 9, .c_row_stride = 9};
    ortcpu_gemm_args args = {.a = a, .b = b, .c = c, .a_offset = a_at, .b_offset = b_at, .c_stride = 45};
    gemm_run(k, &s, &args, 1);
    s.batch = 1;
    for (int64_t i = 0; i < 6; i++) {
        ortcpu_gemm_args one = {.a = a + a_at[i], .b = b + b_at[i], .c = want + i * 45};
        gemm_run(k, &s, &one, 1);
    }
    check_same("a batch by offsets", want, c, 6 * 45);
    free(a), free(b), free(c), free(want);
}
ORT_TEST(kernels, a_batch_broadcasts_by_offsets) {
    each_isa(gemm_offsets);
}

static void nan_and_infinity(const ortcpu_kernels *k) {
    static const ortcpu_act acts[] = {ORTCPU_ACT_RELU,       ORTCPU_ACT_CLIP,       ORTCPU_ACT_SIGMOID,
                                      ORTCPU_ACT_HARD_SWISH, ORTCPU_ACT_TANH,       ORTCPU_ACT_ELU,
                                      ORTCPU_ACT_GELU,       ORTCPU_ACT_LEAKY_RELU, ORTCPU_ACT_QUANTIZED};
    float a[3] = {NAN, INFINITY, -INFINITY}, one = 1, c[3];
    float *packed = floats((int64_t)(k->gemm_pack_bytes(1, 1) / sizeof(float)));
    k->gemm_pack(1, 1, &one, 1, 1, packed);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        ortcpu_gemm_shape s = {.m = 3, .n = 1, .k = 1, .a_row_stride = 1, .b_packed = true, .c_row_stride = 1};
        ortcpu_gemm_args args = {
            .a = a, .b = packed, .c = c, .epilogue = {.act = acts[i], .alpha = 0, .beta = 6, .step = 0.5f}};
        gemm_run(k, &s, &args, 1);
        CHECK(isnan(c[0]), "act %d of NaN is %g", (int)acts[i], (double)c[0]);
        if (acts[i] == ORTCPU_ACT_RELU) CHECK(c[1] == INFINITY && c[2] == 0);
        if (acts[i] == ORTCPU_ACT_CLIP) CHECK(c[1] == 6 && c[2] == 0);
        if (acts[i] == ORTCPU_ACT_QUANTIZED) CHECK(c[1] == 3 && c[2] == 0);
        if (acts[i] == ORTCPU_ACT_SIGMOID) CHECK(c[1] == 1 && c[2] == 0);
    }
    free(packed);
}
ORT_TEST(kernels, nan_passes_activations) {
    each_isa(nan_and_infinity);
}

/* ---- convolutions ---- */

static int64_t conv_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pads) {
    return (in + pads - (kernel - 1) * dilation - 1) / stride + 1;
}

static double conv_sum(const ortcpu_conv_shape *s, const float *in, const float *w, int64_t image, int64_t oy,
                       int64_t ox, int64_t oc) {
    int64_t icg = s->in_c / s->groups, ocg = s->out_c / s->groups, g = oc / ocg;
    double sum = 0;
    for (int64_t ky = 0; ky < s->kernel_h; ky++)
        for (int64_t kx = 0; kx < s->kernel_w; kx++) {
            int64_t y, x;
            if (s->transposed) {
                y = oy + s->pad_top - ky * s->dilation_h, x = ox + s->pad_left - kx * s->dilation_w;
                if (y < 0 || x < 0 || y % s->stride_h || x % s->stride_w) continue;
                y /= s->stride_h, x /= s->stride_w;
            } else {
                y = oy * s->stride_h - s->pad_top + ky * s->dilation_h;
                x = ox * s->stride_w - s->pad_left + kx * s->dilation_w;
            }
            if (y < 0 || x < 0 || y >= s->in_h || x >= s->in_w) continue;
            for (int64_t c = 0; c < icg; c++) {
                int64_t channel = g * icg + c;
                int64_t at = s->in_nchw ? ((image * s->in_c + channel) * s->in_h + y) * s->in_w + x
                                        : ((image * s->in_h + y) * s->in_w + x) * s->in_pitch + channel;
                int64_t wi = s->transposed ? channel * ocg + oc % ocg : oc * icg + c;
                sum += (double)in[at] * (double)w[(wi * s->kernel_h + ky) * s->kernel_w + kx];
            }
        }
    return sum;
}

static void conv_run(const ortcpu_kernels *k, const ortcpu_conv_shape *s, const ortcpu_conv_args *args,
                     int64_t threads) {
    ortcpu_conv_plan p;
    k->conv_plan(s, threads, &p);
    float *scratch = filled((int64_t)((p.scratch_bytes + 3) / sizeof(float)), NAN);
    if (threads == 1)
        k->conv_run(&p, args, 0, p.task_count, scratch);
    else
        for (int64_t t = p.task_count; t-- > 0;) k->conv_run(&p, args, t, t + 1, scratch);
    free(scratch);
}

static void conv_check(const ortcpu_kernels *k, const ortcpu_conv_shape *s) {
    char what[240];
    snprintf(what, sizeof(what),
             "%s conv %lldx%lldx%lldx%lld -> %lldx%lldx%lld kernel %lldx%lld stride %lld,%lld dilation %lld,%lld pads "
             "%lld,%lld groups %lld pitch %lld,%lld nchw %d transposed %d",
             k->name, (long long)s->batch, (long long)s->in_h, (long long)s->in_w, (long long)s->in_c,
             (long long)s->out_h, (long long)s->out_w, (long long)s->out_c, (long long)s->kernel_h,
             (long long)s->kernel_w, (long long)s->stride_h, (long long)s->stride_w, (long long)s->dilation_h,
             (long long)s->dilation_w, (long long)s->pad_top, (long long)s->pad_left, (long long)s->groups,
             (long long)s->in_pitch, (long long)s->out_pitch, s->in_nchw, s->transposed);
    int64_t pixels = s->batch * s->in_h * s->in_w, out_pixels = s->batch * s->out_h * s->out_w;
    int64_t out_floats = (out_pixels - 1) * s->out_pitch + s->out_c;
    float *in = values(s->in_nchw ? pixels * s->in_c : (pixels - 1) * s->in_pitch + s->in_c);
    float *w = values(s->in_c / s->groups * s->out_c * s->kernel_h * s->kernel_w);
    float *out = filled(out_floats, GAP), *out2 = filled(out_floats, GAP);
    ortcpu_conv_plan p;
    k->conv_plan(s, 1, &p);
    float *packed = filled((int64_t)(k->conv_pack_bytes(&p) / sizeof(float)), NAN);
    k->conv_pack(&p, w, packed);
    ortcpu_conv_args args = {.in = in, .weights = packed, .out = out};
    args.epilogue = epilogue_make(out_pixels, s->out_c);
    conv_run(k, s, &args, 1);
    args.out = out2;
    conv_run(k, s, &args, 4);
    check_same(what, out, out2, out_floats);
    double *want = calloc((size_t)(out_pixels * s->out_c), sizeof(double));
    CHECK(want != NULL);
    for (int64_t i = 0; i < out_pixels; i++)
        for (int64_t c = 0; c < s->out_c; c++) {
            double sum = conv_sum(s, in, w, i / (s->out_h * s->out_w), i / s->out_w % s->out_h, i % s->out_w, c);
            want[i * s->out_c + c] = finish_reference(&args.epilogue, sum, i, c);
        }
    check_rows(what, out, want, out_pixels, s->out_c, s->out_pitch,
               p.algorithm == ORTCPU_CONV_WINOGRAD ? WINOGRAD : TIGHT);
    epilogue_destroy(&args.epilogue);
    free(in), free(w), free(out), free(out2), free(packed), free(want);
}

/* Fills the sizes that follow; false when nothing would come out. */
static bool conv_complete(ortcpu_conv_shape *s, int64_t pad_bottom, int64_t pad_right) {
    if (s->transposed) {
        s->out_h = (s->in_h - 1) * s->stride_h + (s->kernel_h - 1) * s->dilation_h + 1 - s->pad_top - pad_bottom;
        s->out_w = (s->in_w - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w + 1 - s->pad_left - pad_right;
        s->out_h += pick(0, s->stride_h - 1), s->out_w += pick(0, s->stride_w - 1);
    } else {
        s->out_h = conv_size(s->in_h, s->kernel_h, s->stride_h, s->dilation_h, s->pad_top + pad_bottom);
        s->out_w = conv_size(s->in_w, s->kernel_w, s->stride_w, s->dilation_w, s->pad_left + pad_right);
    }
    s->in_pitch = s->in_c + pick(0, 1) * 5;
    s->out_pitch = s->out_c + pick(0, 1) * 9;
    int64_t reach_h = (s->kernel_h - 1) * s->dilation_h + 1, reach_w = (s->kernel_w - 1) * s->dilation_w + 1;
    bool fits =
        s->transposed || (s->in_h + s->pad_top + pad_bottom >= reach_h && s->in_w + s->pad_left + pad_right >= reach_w);
    return fits && s->out_h > 0 && s->out_w > 0;
}

static ortcpu_conv_shape conv_random_shape(bool transposed) {
    ortcpu_conv_shape s = {.batch = pick(1, 2),
                           .in_h = pick(1, 12),
                           .in_w = pick(1, 20),
                           .kernel_h = pick(1, 4),
                           .kernel_w = pick(1, 4),
                           .stride_h = pick(1, 3),
                           .stride_w = pick(1, 3),
                           .dilation_h = pick(1, 5) / 4 + 1,
                           .dilation_w = pick(1, 5) / 4 + 1,
                           .groups = pick(0, 3) == 0 ? pick(2, 3) : 1,
                           .transposed = transposed};
    s.in_c = pick(1, pick(0, 1) ? 4 : 24) * s.groups;
    s.out_c = pick(1, pick(0, 1) ? 20 : 70) * s.groups;
    s.pad_top = pick(0, s.kernel_h), s.pad_left = pick(0, s.kernel_w);
    s.in_nchw = !transposed && pick(0, 3) == 0;
    return s;
}

static void conv_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 250; i++) {
        ortcpu_conv_shape s = conv_random_shape(false);
        if (i % 4 == 0) s.kernel_h = s.kernel_w = s.stride_h = s.stride_w = 1, s.pad_top = s.pad_left = 0;
        if (conv_complete(&s, s.kernel_h == 1 ? 0 : pick(0, 3), s.kernel_w == 1 ? 0 : pick(0, 3))) conv_check(k, &s);
    }
}
ORT_TEST(kernels, convolutions_of_many_shapes) {
    each_isa(conv_random);
}

static void transposed_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 250; i++) {
        ortcpu_conv_shape s = conv_random_shape(true);
        if (conv_complete(&s, pick(0, 2), pick(0, 2))) conv_check(k, &s);
    }
}
ORT_TEST(kernels, transposed_convolutions_of_many_shapes) {
    each_isa(transposed_random);
}

static void depthwise_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 250; i++) {
        ortcpu_conv_shape s = conv_random_shape(false);
        s.in_nchw = false;
        s.in_w = pick(1, 40);
        s.in_c = s.out_c = s.groups = pick(2, 80);
        s.kernel_w = i % 3 ? 1 + 2 * pick(1, 3) : s.kernel_w;
        s.kernel_h = i % 3 ? s.kernel_w : s.kernel_h;
        s.pad_top = pick(0, s.kernel_h - 1), s.pad_left = pick(0, s.kernel_w - 1);
        if (i % 4 == 0) s.out_c *= 2;
        if (conv_complete(&s, pick(0, s.kernel_h - 1), pick(0, s.kernel_w - 1))) conv_check(k, &s);
    }
}
ORT_TEST(kernels, depthwise_convolutions_of_many_shapes) {
    each_isa(depthwise_random);
}

/* Weights that don't fit the cache, whose taps are walked in blocks; copied rows in several bands. */
static void conv_large(const ortcpu_kernels *k) {
    ortcpu_conv_shape s = {.batch = 1, .in_h = 5, .in_w = 9, .in_c = 512, .out_c = 70, .kernel_h = 3, .kernel_w = 3};
    s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = s.groups = s.pad_top = s.pad_left = 1;
    s.no_winograd = true;
    conv_complete(&s, 1, 1);
    conv_check(k, &s);
    s.in_h = 40, s.in_w = 33, s.in_c = 64, s.out_c = 8;
    conv_complete(&s, 1, 1);
    conv_check(k, &s);
    s.in_h = s.in_w = 1, s.in_c = 600, s.out_c = 300, s.kernel_h = s.kernel_w = 2, s.pad_top = s.pad_left = 0;
    conv_complete(&s, 1, 1);
    conv_check(k, &s);
}
ORT_TEST(kernels, convolutions_larger_than_a_block) {
    each_isa(conv_large);
}

static void winograd_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 60; i++) {
        ortcpu_conv_shape s = conv_random_shape(false);
        s.in_nchw = false;
        s.in_h = pick(1, 20), s.in_w = pick(1, 33), s.in_c = pick(16, 50), s.out_c = pick(16, 80);
        s.kernel_h = s.kernel_w = 3;
        s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = s.groups = 1;
        s.pad_top = pick(0, 2), s.pad_left = pick(0, 2);
        if (conv_complete(&s, pick(0, 2), pick(0, 2))) conv_check(k, &s);
    }
}
ORT_TEST(kernels, winograd_of_many_shapes) {
    each_isa(winograd_random);
}

/* ---- pools and layouts ---- */

static double pool_reference(const ortcpu_pool_shape *p, const float *in, int64_t image, int64_t oy, int64_t ox,
                             int64_t c) {
    double best = -INFINITY, sum = 0;
    int64_t inside = 0, padded = 0;
    for (int64_t ky = 0; ky < p->kernel_h; ky++)
        for (int64_t kx = 0; kx < p->kernel_w; kx++) {
            int64_t y = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
            int64_t x = ox * p->stride_w - p->pad_left + kx * p->dilation_w;
            if (y < p->in_h + p->pad_bottom && x < p->in_w + p->pad_right) padded++;
            if (y < 0 || x < 0 || y >= p->in_h || x >= p->in_w) continue;
            float v = in[((image * p->in_h + y) * p->in_w + x) * p->in_pitch + c];
            best = fmax(best, v), sum += v, inside++;
        }
    return p->kind == ORTCPU_POOL_MAX       ? best
           : p->kind == ORTCPU_POOL_AVERAGE ? sum / (double)inside
                                            : sum / (double)padded;
}

static void pool_check(const ortcpu_kernels *k, const ortcpu_pool_shape *p) {
    int64_t pixels = p->batch * p->in_h * p->in_w, rows = p->batch * p->out_h, out_pixels = rows * p->out_w;
    int64_t out_floats = (out_pixels - 1) * p->out_pitch + p->channels;
    float *in = values((pixels - 1) * p->in_pitch + p->channels), *out = filled(out_floats, GAP);
    float *out2 = filled(out_floats, GAP);
    k->pool_run(p, in, out, 0, rows);
    for (int64_t r = rows; r-- > 0;) k->pool_run(p, in, out2, r, r + 1);
    check_same("pool", out, out2, out_floats);
    double *want = calloc((size_t)(out_pixels * p->channels), sizeof(double));
    CHECK(want != NULL);
    for (int64_t i = 0; i < out_pixels * p->channels; i++) {
        int64_t at = i / p->channels;
        want[i] =
            pool_reference(p, in, at / (p->out_h * p->out_w), at / p->out_w % p->out_h, at % p->out_w, i % p->channels);
    }
    char what[100];
    snprintf(what, sizeof(what), "%s pool %d channels %lld", k->name, (int)p->kind, (long long)p->channels);
    check_rows(what, out, want, out_pixels, p->channels, p->out_pitch, TIGHT);
    free(in), free(out), free(out2), free(want);
}

static int64_t pool_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t before, int64_t after,
                         bool ceil_mode) {
    int64_t span = in + before + after - (kernel - 1) * dilation - 1;
    if (span < 0) return 0;
    int64_t out = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    /* ONNX: the last window must start inside the image or its left padding. */
    return (out - 1) * stride >= in + before ? out - 1 : out;
}

static void pool_random(const ortcpu_kernels *k) {
    for (int i = 0; i < 300; i++) {
        ortcpu_pool_shape p = {.kind = (ortcpu_pool_kind)pick(0, 2), .batch = pick(1, 2), .channels = pick(1, 90)};
        p.in_h = pick(1, 9), p.in_w = pick(1, 14), p.kernel_h = pick(1, 4), p.kernel_w = pick(1, 4);
        p.stride_h = pick(1, 3), p.stride_w = pick(1, 3), p.dilation_h = pick(1, 5) / 5 + 1;
        p.dilation_w = pick(1, 5) / 5 + 1;
        if (i % 5 == 0) p.kernel_h = p.in_h, p.kernel_w = p.in_w, p.dilation_h = p.dilation_w = 1;
        /* Padding below one dilated kernel keeps a tap inside every window. */
        p.pad_top = p.dilation_h == 1 ? pick(0, p.kernel_h - 1) : 0,
        p.pad_left = p.dilation_w == 1 ? pick(0, p.kernel_w - 1) : 0;
        p.pad_bottom = p.dilation_h == 1 ? pick(0, p.kernel_h - 1) : 0;
        p.pad_right = p.dilation_w == 1 ? pick(0, p.kernel_w - 1) : 0;
        bool ceil_mode = pick(0, 1);
        p.out_h = pool_size(p.in_h, p.kernel_h, p.stride_h, p.dilation_h, p.pad_top, p.pad_bottom, ceil_mode);
        p.out_w = pool_size(p.in_w, p.kernel_w, p.stride_w, p.dilation_w, p.pad_left, p.pad_right, ceil_mode);
        p.in_pitch = p.channels + pick(0, 1) * 3, p.out_pitch = p.channels + pick(0, 1) * 2;
        bool inside =
            (p.out_h - 1) * p.stride_h - p.pad_top < p.in_h && (p.out_w - 1) * p.stride_w - p.pad_left < p.in_w;
        if (p.out_h > 0 && p.out_w > 0 && inside) pool_check(k, &p);
    }
}
ORT_TEST(kernels, pools_of_many_shapes) {
    each_isa(pool_random);
}

static void pool_nan(const ortcpu_kernels *k) {
    ortcpu_pool_shape p = {.batch = 1, .channels = 1, .in_h = 1, .in_w = 3, .out_h = 1, .out_w = 1};
    p.kernel_h = p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = p.in_pitch = p.out_pitch = 1;
    p.kernel_w = 3;
    for (int at = 0; at < 3; at++) {
        float in[3] = {1, 2, 3}, out = 0;
        in[at] = NAN;
        k->pool_run(&p, in, &out, 0, 1);
        CHECK(isnan(out));
    }
}
ORT_TEST(kernels, max_pool_keeps_nan) {
    each_isa(pool_nan);
}

static void layouts(const ortcpu_kernels *k) {
    for (int i = 0; i < 60; i++) {
        int64_t channels = pick(1, 20), pixels = pick(1, 40), pitch = channels + pick(0, 1) * 3, cut = pick(0, pixels);
        int64_t n = (pixels - 1) * pitch + channels;
        float *in = values(channels * pixels), *wide = filled(n, GAP), *back = filled(channels * pixels, GAP);
        k->nchw_to_nhwc(channels, pixels, in, wide, pitch, cut, pixels);
        k->nchw_to_nhwc(channels, pixels, in, wide, pitch, 0, cut);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++) CHECK(wide[p * pitch + c] == in[c * pixels + p]);
        k->nhwc_to_nchw(channels, pixels, wide, pitch, back, 0, cut);
        k->nhwc_to_nchw(channels, pixels, wide, pitch, back, cut, pixels);
        check_same("layout", in, back, channels * pixels);
        free(in), free(wide), free(back);
    }
}
ORT_TEST(kernels, layouts_there_and_back) {
    each_isa(layouts);
}

ORT_TEST(kernels, instruction_sets_by_name) {
    ortcpu_isa isa = ORTCPU_ISA_COUNT;
    CHECK(ortcpu_isa_by_name("baseline", &isa) && isa == ORTCPU_ISA_BASELINE);
    CHECK(!ortcpu_isa_by_name("AVX9", &isa) && isa == ORTCPU_ISA_BASELINE);
    CHECK(ortcpu_isa_by_name(ortcpu_isa_name(ortcpu_isa_detect()), &isa) && isa == ortcpu_isa_detect());
    CHECK(ortcpu_kernels_get(ORTCPU_ISA_COUNT) == NULL);
}
