/* Kernels compiled for the host against plain loops: half precision, tiles with edges, barriers, rows. */
#include "host/half.h"
#include "host/host.h"
#include "ort/sdk/device.h"
#include "testing/test.h"

#include <math.h>
#include <stdlib.h>

typedef struct numbers {
    float *at;
    int count;
} numbers;

static uint64_t stream = 7;

static numbers numbers_make(int count) {
    numbers n = {malloc((size_t)count * sizeof(float)), count};
    for (int i = 0; i < count; i++) {
        stream = stream * 6364136223846793005u + 1442695040888963407u;
        n.at[i] = (float)(int)(stream >> 40 & 255) / 64.0f - 2.0f;
    }
    return n;
}

static void run(const char *name, uint32_t x, uint32_t y, uint32_t z, const void *params, size_t params_bytes,
                void *const *buffers) {
    uint32_t variant = ortk_variant_find(name), groups[3] = {x, y, z};
    const ortk_host_image *image = ortk_host_image_find(variant);
    CHECK(image != NULL, "%s is not there", name);
    CHECK(image->params_bytes == params_bytes, "%s takes %u bytes", name, image->params_bytes);
    CHECK(ortk_host_image_run(image, groups, params, buffers));
}

static void near(const float *got, const float *want, int count, const char *what) {
    for (int i = 0; i < count; i++)
        CHECK(fabsf(got[i] - want[i]) <= 1e-4f * (1 + fabsf(want[i])), "%s: element %d is %g, not %g", what, i,
              (double)got[i], (double)want[i]);
}

ORT_TEST(device_host, every_variant_has_an_image) {
    for (uint32_t i = 0; i < ortk_variant_count(); i++) {
        const ortk_host_image *image = ortk_host_image_find(i);
        const ortk_variant *variant = ortk_variant_at(i);
        CHECK(image && image->params_bytes <= ORTK_PARAMS_BYTES_MAX, "%s", variant->name);
        CHECK(ortk_variant_find(variant->name) == i, "%s is found elsewhere", variant->name);
        CHECK(variant->input_count + variant->output_count <= ORTK_OPERANDS_MAX, "%s", variant->name);
    }
    CHECK(ortk_host_image_find(ortk_variant_count()) == NULL);
    CHECK(ortk_variant_find("unary_Relu_f33") == UINT32_MAX);
}

ORT_TEST(device_host, half_precision_rounds_to_even) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float value = ortk_from_half((uint16_t)bits);
        if (value != value)
            CHECK((ortk_to_half(value) & 0x7c00u) == 0x7c00u && (ortk_to_half(value) & 1023u), "NaN %04x", bits);
        else
            CHECK(ortk_to_half(value) == bits, "%04x came back as %04x", bits, ortk_to_half(value));
    }
    CHECK(ortk_to_half(1.0f + 0x1p-11f) == 0x3c00u, "a tie goes to even, down");
    CHECK(ortk_to_half(1.0f + 3 * 0x1p-11f) == 0x3c02u, "a tie goes to even, up");
    CHECK(ortk_to_half(65519.0f) == 0x7bffu && ortk_to_half(65520.0f) == 0x7c00u, "the largest, and infinity");
    CHECK(ortk_to_half(0x1p-25f) == 0 && ortk_to_half(0x1.8p-25f) == 1, "the least denormal");
}

typedef struct gemm_params {
    int32_t m, n, k, a_row, a_col, b_row, b_col, c_row, c_col, batch1, a_batch0, a_batch1, b_batch0, b_batch1;
    float scale, addend;
    int32_t act;
    float alpha, beta;
} gemm_params;

static void gemm_check(int m, int n, int k) {
    numbers a = numbers_make(m * k), b = numbers_make(k * n), c = numbers_make(n), y = numbers_make(m * n),
            want = numbers_make(m * n);
    const gemm_params p = {.m = m,
                           .n = n,
                           .k = k,
                           .a_row = k,
                           .a_col = 1,
                           .b_row = n,
                           .b_col = 1,
                           .c_col = 1,
                           .batch1 = 1,
                           .scale = 0.5f,
                           .addend = 2};
    run("gemm_f32", (uint32_t)(n + 31) / 32, (uint32_t)(m + 31) / 32, 1, &p, sizeof p,
        (void *[]){a.at, b.at, c.at, c.at, y.at});
    for (int i = 0; i < m * n; i++) {
        double sum = 0;
        for (int q = 0; q < k; q++) sum += (double)a.at[i / n * k + q] * (double)b.at[q * n + i % n];
        want.at[i] = (float)(0.5 * sum) + 2 * c.at[i % n];
    }
    near(y.at, want.at, m * n, "gemm");
    free(a.at), free(b.at), free(c.at), free(y.at), free(want.at);
}

ORT_TEST(device_host, products_with_edges) {
    gemm_check(1, 1, 1);
    gemm_check(32, 32, 16);
    gemm_check(33, 31, 17);
    gemm_check(5, 70, 40);
    ortk_work_stacks_give();
}

typedef struct conv_params {
    int32_t images, in_channels, out_channels, in_h, in_w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h,
        pad_w, dilation_h, dilation_w, groups, has_bias, act;
    float low, high;
} conv_params;

static float conv_at(const conv_params *p, const float *x, const float *w, const float *bias, int image, int channel,
                     int oy, int ox) {
    int depth = p->in_channels / p->groups, first = channel / (p->out_channels / p->groups) * depth;
    double sum = p->has_bias ? (double)bias[channel] : 0;
    for (int c = 0; c < depth; c++)
        for (int a = 0; a < p->kernel_h; a++)
            for (int b = 0; b < p->kernel_w; b++) {
                int iy = oy * p->stride_h - p->pad_h + a * p->dilation_h;
                int ix = ox * p->stride_w - p->pad_w + b * p->dilation_w;
                if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w) continue;
                sum += (double)x[((image * p->in_channels + first + c) * p->in_h + iy) * p->in_w + ix] *
                       (double)w[((channel * depth + c) * p->kernel_h + a) * p->kernel_w + b];
            }
    return (float)sum;
}

static float activated(const conv_params *p, float v, float slope) {
    float unit = v * 0.16666667f + 0.5f;
    switch ((uint32_t)p->act) {
    case ORTK_ACT_RELU:
        return v > 0 ? v : 0;
    case ORTK_ACT_CLIP:
        return fminf(fmaxf(v, p->low), p->high);
    case ORTK_ACT_LEAKY:
        return v < 0 ? v * p->low : v;
    case ORTK_ACT_PRELU:
        return v < 0 ? v * slope : v;
    case ORTK_ACT_SIGMOID:
        return 1 / (1 + expf(-v));
    case ORTK_ACT_TANH:
        return tanhf(v);
    case ORTK_ACT_HARDSIGMOID:
        return fminf(fmaxf(v * p->low + p->high, 0), 1);
    case ORTK_ACT_HARDSWISH:
        return v * fminf(fmaxf(unit, 0), 1);
    case ORTK_ACT_SILU:
        return v / (1 + expf(-v));
    default:
        return v;
    }
}

static void conv_check(const char *name, conv_params p) {
    p.out_h = (p.in_h + 2 * p.pad_h - (p.kernel_h - 1) * p.dilation_h - 1) / p.stride_h + 1;
    p.out_w = (p.in_w + 2 * p.pad_w - (p.kernel_w - 1) * p.dilation_w - 1) / p.stride_w + 1;
    int area = p.out_h * p.out_w, count = p.images * p.out_channels * area, rows = p.out_channels / p.groups;
    numbers x = numbers_make(p.images * p.in_channels * p.in_h * p.in_w), bias = numbers_make(p.out_channels),
            w = numbers_make(p.out_channels * p.in_channels / p.groups * p.kernel_h * p.kernel_w),
            slopes = numbers_make(p.out_w), y = numbers_make(count), want = numbers_make(count);
    run(name, (uint32_t)(p.images * area + 31) / 32, (uint32_t)(rows + 31) / 32, (uint32_t)p.groups, &p, sizeof p,
        (void *[]){x.at, w.at, bias.at, slopes.at, y.at});
    for (int i = 0; i < count; i++)
        want.at[i] = activated(&p,
                               conv_at(&p, x.at, w.at, bias.at, i / area / p.out_channels, i / area % p.out_channels,
                                       i % area / p.out_w, i % p.out_w),
                               slopes.at[i % p.out_w]);
    near(y.at, want.at, count, name);
    free(x.at), free(w.at), free(bias.at), free(slopes.at), free(y.at), free(want.at);
}

ORT_TEST(device_host, convolutions) {
    conv_check("conv_f32", (conv_params){2, 3, 5, 7, 6, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0});
    conv_check("conv_f32", (conv_params){1, 8, 40, 9, 9, 0, 0, 3, 2, 2, 1, 0, 1, 1, 2, 4, 0, 0, 0, 0});
    conv_check("depthwise_f32", (conv_params){2, 4, 4, 8, 7, 0, 0, 3, 3, 2, 2, 1, 1, 1, 1, 4, 1, 0, 0, 0});
    for (int act = 1; act <= (int)ORTK_ACT_SILU; act++) {
        conv_check("conv_f32", (conv_params){1, 3, 5, 7, 6, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, act, -0.25f, 0.75f});
        conv_check("depthwise_f32", (conv_params){1, 4, 4, 8, 7, 0, 0, 3, 3, 2, 2, 1, 1, 1, 1, 4, 1, act, 0.1f, 0.5f});
    }
    ortk_work_stacks_give();
}

typedef struct softmax_params {
    int32_t rows, length, inner;
} softmax_params;

/* 300 is more than the 64 work-items of a group, so that every barrier has something to do. */
ORT_TEST(device_host, rows_that_meet_at_barriers) {
    const softmax_params p = {6, 300, 2};
    numbers x = numbers_make(6 * 300), y = numbers_make(6 * 300), want = numbers_make(6 * 300);
    run("softmax_Softmax_f32", 4, 1, 1, &p, sizeof p, (void *[]){x.at, y.at});
    for (int row = 0; row < 6; row++) {
        double sum = 0;
        int from = row / 2 * 600 + row % 2;
        for (int i = 0; i < 300; i++) sum += exp((double)x.at[from + i * 2]);
        for (int i = 0; i < 300; i++) want.at[from + i * 2] = (float)(exp((double)x.at[from + i * 2]) / sum);
    }
    for (int i = 0; i < 1800; i++)
        CHECK(fabsf(y.at[i] - want.at[i]) < 1e-6f, "element %d is %g, not %g", i, (double)y.at[i], (double)want.at[i]);
    free(x.at), free(y.at), free(want.at);
    ortk_work_stacks_give();
}

typedef struct binary_params {
    int32_t count, dims[6], x[6], y[6];
} binary_params;

ORT_TEST(device_host, broadcasting) {
    const binary_params p = {24, {1, 1, 1, 2, 3, 4}, {0, 0, 0, 0, 4, 1}, {0, 0, 0, 3, 1, 0}};
    numbers x = numbers_make(12), y = numbers_make(6), z = numbers_make(24);
    run("binary_Sub_f32", 1, 1, 1, &p, sizeof p, (void *[]){x.at, y.at, z.at});
    for (int i = 0; i < 24; i++) CHECK(z.at[i] == x.at[i % 12] - y.at[i / 4], "element %d", i);
    free(x.at), free(y.at), free(z.at);
}
