/* Conv, ConvTranspose, pools, MatMul and Gemm through the border, against plain loops, on random shapes and attributes.
 */
#include "fake_host.h"
#include "kernels/isa.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

static uint64_t seed;
static int64_t among(int64_t low, int64_t high) {
    return low + (int64_t)(fake_random(&seed) % (uint32_t)(high - low + 1));
}

static uint32_t random_constant(fake_graph *g, uint32_t rank, const int64_t *dims) {
    int64_t count = 1;
    for (uint32_t i = 0; i < rank; i++) count *= dims[i];
    float *data = malloc((size_t)count * 4);
    for (int64_t i = 0; i < count; i++) data[i] = (float)among(-8, 8) / 8;
    uint32_t id = fake_constant(g, ORT_DTYPE_F32, rank, dims, data);
    free(data);
    return id;
}

/* All values are multiples of 1/16 below 2 or of 1/8 up to 1: exact in bfloat16 too. */
static void run_check(fake_graph *g, const float *want, const char *what) {
    static const char *const settings[][5] = {
        {NULL}, {"fusion", "false", "layouts", "false", NULL}, {"isa", "baseline", NULL}, {"precision", "bf16", NULL}};
    fake_report *report = malloc(sizeof *report);
    for (size_t i = 0; i < (ortcpu_isa_has_bf16() ? 4 : 3); i++) {
        fake_run(g, ortp_entry_v0, settings[i], 1 + (uint32_t)i, report);
        CHECK(report->failure[0] == 0 && report->decline_count == 0, "seed %llu %s: %s%s", (unsigned long long)seed,
              what, report->failure, report->declines[0].text);
        const fake_value *v = &g->values[g->outputs[0]];
        for (int64_t k = 0; k < v->count; k++) {
            float got = ((const float *)v->data)[k];
            CHECK(fabsf(got - want[k]) <= 2e-3f, "%s, settings %zu, element %lld: %g not %g", what, i, (long long)k,
                  (double)got, (double)want[k]);
        }
    }
    free(report);
    fake_destroy(g);
}

typedef struct image_case {
    int64_t n, c, h, w, m, groups, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, oh, ow;
} image_case;

static image_case image_random(void) {
    image_case s = {.n = among(1, 2),
                    .h = among(5, 12),
                    .w = among(5, 12),
                    .kh = among(1, 3),
                    .kw = among(1, 3),
                    .sh = among(1, 2),
                    .sw = among(1, 2),
                    .dh = among(1, 2),
                    .dw = among(1, 2)};
    if (among(0, 4) == 0) s.w = s.kw = s.sw = 1; /* a column, which the adapter turns into a row */
    s.groups = among(0, 2) == 0 ? among(1, 4) : 1;
    s.c = s.groups * among(1, 5);
    s.m = s.groups * (among(0, 1) ? s.c / s.groups : among(1, 9));
    s.pt = among(0, s.kh - 1), s.pb = among(0, s.kh - 1), s.pl = among(0, s.kw - 1), s.pr = among(0, s.kw - 1);
    s.oh = (s.h + s.pt + s.pb - (s.kh - 1) * s.dh - 1) / s.sh + 1;
    s.ow = (s.w + s.pl + s.pr - (s.kw - 1) * s.dw - 1) / s.sw + 1;
    return s;
}

static void image_attrs(fake_graph *g, uint32_t node, const image_case *s, bool dilates) {
    fake_attr_ints(g, node, "kernel_shape", (int64_t[]){s->kh, s->kw}, 2);
    fake_attr_ints(g, node, "strides", (int64_t[]){s->sh, s->sw}, 2);
    fake_attr_ints(g, node, "pads", (int64_t[]){s->pt, s->pl, s->pb, s->pr}, 4);
    if (dilates) fake_attr_ints(g, node, "dilations", (int64_t[]){s->dh, s->dw}, 2);
}

static float pixel_at(const float *x, const image_case *s, int64_t n, int64_t c, int64_t y, int64_t w, float outside) {
    bool inside = y >= 0 && y < s->h && w >= 0 && w < s->w;
    return inside ? x[((n * s->c + c) * s->h + y) * s->w + w] : outside;
}

static float conv_pixel(const image_case *s, const float *x, const float *w, int64_t n, int64_t m, int64_t y,
                        int64_t o) {
    int64_t per = s->c / s->groups, group = m / (s->m / s->groups);
    double sum = 0;
    for (int64_t c = 0; c < per; c++)
        for (int64_t i = 0; i < s->kh; i++)
            for (int64_t j = 0; j < s->kw; j++)
                sum += (double)w[((m * per + c) * s->kh + i) * s->kw + j] *
                       (double)pixel_at(x, s, n, group * per + c, y * s->sh + i * s->dh - s->pt,
                                        o * s->sw + j * s->dw - s->pl, 0);
    return (float)sum;
}

/* Conv, then Add of a residual, then Relu, as the kit fuses them. */
static void conv_case(void) {
    image_case s = image_random();
    fake_graph *g = fake_create();
    int64_t out[] = {s.n, s.m, s.oh, s.ow};
    uint32_t x = fake_input(g, 4, (int64_t[]){s.n, s.c, s.h, s.w}), other = fake_input(g, 4, out);
    uint32_t w = random_constant(g, 4, (int64_t[]){s.m, s.c / s.groups, s.kh, s.kw});
    uint32_t b = random_constant(g, 1, &s.m), y = fake_result(g, 4, out), sum = fake_result(g, 4, out);
    uint32_t last = fake_result(g, 4, out);
    uint32_t node = fake_node(g, "Conv", (uint32_t[]){x, w, b}, 3, &y, 1);
    image_attrs(g, node, &s, true);
    fake_attr_int(g, node, "group", s.groups);
    fake_node(g, "Add", (uint32_t[]){other, y}, 2, &sum, 1);
    fake_node(g, "Relu", &sum, 1, &last, 1);
    g->nodes[2].since = 14;
    fake_output(g, last);
    float *want = malloc((size_t)g->values[last].count * 4), *at = want;
    const float *bias = g->values[b].data, *added = g->values[other].data;
    for (int64_t n = 0; n < s.n; n++)
        for (int64_t m = 0; m < s.m; m++)
            for (int64_t i = 0; i < s.oh; i++)
                for (int64_t o = 0; o < s.ow; o++, at++) {
                    float v =
                        conv_pixel(&s, g->values[x].data, g->values[w].data, n, m, i, o) + bias[m] + added[at - want];
                    *at = v > 0 ? v : 0;
                }
    run_check(g, want, "Conv");
    free(want);
}

static float pool_pixel(const image_case *s, const float *x, int64_t n, int64_t c, int64_t y, int64_t o, int kind) {
    float best = -INFINITY, sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < s->kh; i++)
        for (int64_t j = 0; j < s->kw; j++) {
            int64_t py = y * s->sh + i * s->dh - s->pt, px = o * s->sw + j * s->dw - s->pl;
            if (py < 0 || py >= s->h || px < 0 || px >= s->w) continue;
            float v = pixel_at(x, s, n, c, py, px, 0);
            best = v > best ? v : best;
            sum += v;
            count++;
        }
    return kind == 0 ? best : sum / (float)(kind == 1 ? count : s->kh * s->kw);
}

static void pool_case(void) {
    image_case s = image_random();
    fake_graph *g = fake_create();
    int kind = (int)among(0, 2);
    int64_t out[] = {s.n, s.c, s.oh, s.ow};
    uint32_t x = fake_input(g, 4, (int64_t[]){s.n, s.c, s.h, s.w}), y = fake_result(g, 4, out);
    uint32_t node = fake_node(g, kind == 0 ? "MaxPool" : "AveragePool", &x, 1, &y, 1);
    image_attrs(g, node, &s, true);
    if (kind == 2) fake_attr_int(g, node, "count_include_pad", 1);
    fake_output(g, y);
    float *want = malloc((size_t)g->values[y].count * 4), *at = want;
    for (int64_t n = 0; n < s.n; n++)
        for (int64_t c = 0; c < s.c; c++)
            for (int64_t i = 0; i < s.oh; i++)
                for (int64_t o = 0; o < s.ow; o++) *at++ = pool_pixel(&s, g->values[x].data, n, c, i, o, kind);
    run_check(g, want, kind == 0 ? "MaxPool" : "AveragePool");
    free(want);
}

static void gemm_case(void) {
    int64_t m = among(1, 9), n = among(1, 40), k = among(0, 30), ta = among(0, 1), tb = among(0, 1), form = among(0, 3);
    float alpha = (float)among(1, 4) / 2, beta = (float)among(0, 4) / 2;
    fake_graph *g = fake_create();
    int64_t out[] = {m, n}, c_dims[][2] = {{n, 0}, {1, n}, {m, 1}, {m, n}};
    uint32_t a = fake_input(g, 2, ta ? (int64_t[]){k, m} : (int64_t[]){m, k});
    uint32_t b = random_constant(g, 2, tb ? (int64_t[]){n, k} : (int64_t[]){k, n});
    uint32_t c = random_constant(g, form == 0 ? 1 : 2, c_dims[form]), y = fake_result(g, 2, out);
    uint32_t node = fake_node(g, "Gemm", (uint32_t[]){a, b, c}, 3, &y, 1);
    fake_attr_int(g, node, "transA", ta);
    fake_attr_int(g, node, "transB", tb);
    fake_attr_float(g, node, "alpha", alpha);
    fake_attr_float(g, node, "beta", beta);
    fake_output(g, y);
    float *want = malloc((size_t)(m * n) * 4);
    const float *A = g->values[a].data, *B = g->values[b].data, *C = g->values[c].data;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t p = 0; p < k; p++) sum += A[ta ? p * m + i : i * k + p] * B[tb ? j * k + p : p * n + j];
            want[i * n + j] = alpha * sum + beta * C[form < 2 ? j : form == 2 ? i : i * n + j];
        }
    run_check(g, want, "Gemm");
    free(want);
}

static uint32_t gelu_add(fake_graph *g, uint32_t x, bool by_tanh) {
    const fake_value *v = &g->values[x];
    uint32_t y = fake_result(g, v->rank, v->dims);
    uint32_t node = fake_node(g, "Gelu", &x, 1, &y, 1);
    g->nodes[node].since = 20;
    if (by_tanh) fake_attr_text(g, node, "approximate", "tanh");
    return y;
}

static float gelu_of(float x, bool by_tanh) {
    const float inner = by_tanh ? tanhf(0.797884561f * (x + 0.044715f * x * x * x)) : erff(x * 0.707106781f);
    return 0.5f * x * (1 + inner);
}

/* Batches that broadcast, a computed or a constant right side, a bias behind it. */
static void matmul_case(void) {
    int64_t m = among(1, 6), n = among(1, 40), k = among(0, 30), p = among(1, 3), q = among(1, 3),
            repeats = among(0, 2);
    bool constant = among(0, 1);
    fake_graph *g = fake_create();
    int64_t out[] = {p, q, m, n}, b_dims[] = {repeats == 1 ? 1 : p, q, k, n};
    uint32_t a = fake_input(g, 4, (int64_t[]){p, repeats == 2 ? 1 : q, m, k});
    uint32_t b = constant ? random_constant(g, 2, (int64_t[]){k, n}) : fake_input(g, 4, b_dims);
    uint32_t y = fake_result(g, 4, out), bias = random_constant(g, 1, &n), z = fake_result(g, 4, out);
    if (constant && repeats == 2) q = g->values[y].dims[1] = g->values[z].dims[1] = 1;
    g->values[y].count = g->values[z].count = p * q * m * n;
    fake_node(g, "MatMul", (uint32_t[]){a, b}, 2, &y, 1);
    fake_node(g, "Add", (uint32_t[]){y, bias}, 2, &z, 1);
    g->nodes[1].since = 14;
    int64_t gelu = among(0, 2); /* 0: none, 1: by erf, 2: by tanh */
    uint32_t last = gelu != 0 ? gelu_add(g, z, gelu == 2) : z;
    fake_output(g, last);
    float *want = malloc((size_t)(p * q * m * n) * 4), *at = want;
    const float *A = g->values[a].data, *B = g->values[b].data;
    for (int64_t i = 0; i < p * q; i++)
        for (int64_t r = 0; r < m; r++)
            for (int64_t c = 0; c < n; c++) {
                const float *left = A + ((repeats == 2 ? i / q : i) * m + r) * k;
                const float *right = B + (constant ? 0 : (repeats == 1 ? i % q : i) * k * n);
                float sum = ((const float *)g->values[bias].data)[c];
                for (int64_t x = 0; x < k; x++) sum += left[x] * right[x * n + c];
                *at++ = gelu == 0 ? sum : gelu_of(sum, gelu == 2);
            }
    run_check(g, want, constant ? "MatMul with a constant" : "MatMul");
    free(want);
}

#define CASES(name, fn, count)                                                                                         \
    ORT_TEST(heavy, name) {                                                                                            \
        for (uint64_t i = 1; i <= (count); i++) {                                                                      \
            seed = i * 104729;                                                                                         \
            fn();                                                                                                      \
        }                                                                                                              \
    }
CASES(convolutions_fused, conv_case, 150)
CASES(pools, pool_case, 100)
CASES(gemm, gemm_case, 100)
CASES(matmul, matmul_case, 100)

ORT_TEST(heavy, bf16_is_refused_with_the_reason) {
    fake_report *report = malloc(sizeof *report);
    fake_graph *g = fake_create();
    fake_run(g, ortp_entry_v0, (const char *const[]){"isa", "baseline", "precision", "bf16", NULL}, 1, report);
    CHECK(report->failure_code == ORT_CODE_UNSUPPORTED, "code %u", report->failure_code);
    CHECK(strstr(report->failure, "AVX512_BF16") != NULL, "'%s'", report->failure);
    fake_destroy(g);
    free(report);
}
