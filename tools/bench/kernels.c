/* bench-kernels [isa|bf16] [filter]: GFLOP/s of the CPU kernels at the shapes of ResNet-50, MobileNetV2 and BERT, one
 * thread, beside the machine's own peak. The peak and the kernel take turns and both show their best turn, so that a
 * busy neighbour slows both or is left out; the last column is their ratio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/kernels.h"

enum { TURNS = 40 };

typedef struct peak {
    float (*run)(int64_t steps);
    int64_t (*flops)(int64_t steps);
} peak;

float bench_peak_baseline(int64_t steps);
int64_t bench_peak_flops_baseline(int64_t steps);
#if defined(__x86_64__)
float bench_peak_avx2(int64_t steps);
int64_t bench_peak_flops_avx2(int64_t steps);
float bench_peak_avx512(int64_t steps);
int64_t bench_peak_flops_avx512(int64_t steps);
static const peak peaks[] = {{bench_peak_baseline, bench_peak_flops_baseline},
                             {bench_peak_avx2, bench_peak_flops_avx2},
                             {bench_peak_avx512, bench_peak_flops_avx512}};
#else
static const peak peaks[] = {{bench_peak_baseline, bench_peak_flops_baseline}};
#endif

static const ortcpu_kernels *k;
static const char *filter;
static volatile float sink;

/* The thread's own time: a turn longer than a time slice would else count its neighbours. */
static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static float *numbers(int64_t n) {
    size_t bytes = ((size_t)n * sizeof(float) + 4095) / 4096 * 4096 + 4096;
    float *p = aligned_alloc(4096, bytes);
    if (!p) abort();
    for (int64_t i = 0; i < n; i++) p[i] = (float)((i * 2654435761U >> 8) % 1024) / 512.0f - 1.0f;
    return p;
}

typedef struct job {
    ortcpu_gemm_plan gemm;
    ortcpu_gemm_args gemm_args;
    ortcpu_conv_plan conv;
    ortcpu_conv_args conv_args;
    void *scratch;
    int64_t repeat;
} job;

static void job_run(const job *j) {
    for (int64_t i = 0; i < j->repeat; i++) {
        if (j->gemm.task_count)
            k->gemm_run(&j->gemm, &j->gemm_args, 0, j->gemm.task_count, j->scratch);
        else
            k->conv_run(&j->conv, &j->conv_args, 0, j->conv.task_count, j->scratch);
    }
}

static double turn_ns(const job *j) {
    double t = now_ns();
    job_run(j);
    return now_ns() - t;
}

static void report(const char *name, job *j, double flops, double bytes) {
    const int64_t steps = 20000;
    double best = 1e30, peak_best = 1e30;
    j->repeat = 1;
    job_run(j);
    while (turn_ns(j) < 2e5) j->repeat *= 2;
    for (int i = 0; i < TURNS; i++) {
        double t = now_ns();
        sink = peaks[k->isa].run(steps);
        t = now_ns() - t;
        peak_best = t < peak_best ? t : peak_best;
        t = turn_ns(j) / (double)j->repeat;
        best = t < best ? t : best;
    }
    double rate = flops / best, top = (double)peaks[k->isa].flops(steps) / peak_best;
    printf("%-44s %10.2f us %7.1f GFLOP/s of %6.1f %6.1f GB/s   %.3f\n", name, best / 1e3, rate, top, bytes / best,
           rate / top);
    fflush(stdout);
}

static bool wanted(const char *name) {
    return !filter || strstr(name, filter);
}

static void gemm_case(const char *net, int64_t m, int64_t n, int64_t depth, bool packed, int64_t batch,
                      ortcpu_act act) {
    char name[80];
    snprintf(name, sizeof(name), "%s gemm %lldx%lldx%lld%s%s", net, (long long)m, (long long)n, (long long)depth,
             batch > 1 ? " batched" : "", packed ? "" : " unpacked");
    if (!wanted(name)) return;
    ortcpu_gemm_shape s = {.m = m, .n = n, .k = depth, .batch = batch, .a_row_stride = depth, .b_packed = packed};
    s.b_row_stride = s.c_row_stride = n;
    job j = {.gemm_args = {.a_stride = m * depth, .b_stride = depth * n, .c_stride = m * n}};
    k->gemm_plan(&s, 1, &j.gemm);
    float *a = numbers(m * depth * batch), *b = numbers(depth * n * batch), *c = numbers(m * n * batch);
    float *bias = numbers(n), *panels = numbers((int64_t)(k->gemm_pack_bytes(n, depth) / sizeof(float)));
    k->gemm_pack(n, depth, b, n, 1, panels);
    j.gemm_args.a = a, j.gemm_args.b = packed ? panels : b, j.gemm_args.c = c;
    j.gemm_args.epilogue = (ortcpu_epilogue){.bias = bias, .act = act};
    j.scratch = numbers((int64_t)(j.gemm.scratch_bytes / sizeof(float)) + 16);
    double products = (double)m * (double)n * (double)depth * (double)batch;
    report(name, &j, 2 * products, 4.0 * (double)(depth * n * batch));
    free(a), free(b), free(c), free(bias), free(panels), free(j.scratch);
}

typedef struct conv_case {
    const char *net;
    int64_t in_c, out_c, kernel, stride, size;
    bool depthwise, nchw, transposed;
} conv_case;

static void conv_measure(const conv_case *v) {
    char name[80];
    snprintf(name, sizeof(name), "%s %s %lld->%lld k%lld s%lld %lld%s", v->net,
             v->depthwise    ? "depthwise"
             : v->transposed ? "transpose"
                             : "conv",
             (long long)v->in_c, (long long)v->out_c, (long long)v->kernel, (long long)v->stride, (long long)v->size,
             v->nchw ? " nchw" : "");
    if (!wanted(name)) return;
    int64_t pad = v->transposed ? 0 : v->kernel / 2;
    int64_t out =
        v->transposed ? (v->size - 1) * v->stride + v->kernel : (v->size + 2 * pad - v->kernel) / v->stride + 1;
    ortcpu_conv_shape s = {.batch = 1, .in_h = v->size, .in_w = v->size, .in_c = v->in_c, .out_c = v->out_c};
    s.out_h = s.out_w = out, s.kernel_h = s.kernel_w = v->kernel, s.stride_h = s.stride_w = v->stride;
    s.dilation_h = s.dilation_w = 1, s.pad_top = s.pad_left = pad, s.groups = v->depthwise ? v->in_c : 1;
    s.in_pitch = v->in_c, s.out_pitch = v->out_c, s.in_nchw = v->nchw, s.transposed = v->transposed;
    s.no_winograd = getenv("NO_WINOGRAD") != NULL;
    job j = {0};
    k->conv_plan(&s, 1, &j.conv);
    float *in = numbers(v->size * v->size * v->in_c), *y = numbers(out * out * v->out_c), *bias = numbers(v->out_c);
    float *w = numbers(v->in_c / s.groups * v->out_c * v->kernel * v->kernel);
    float *packed = numbers((int64_t)(k->conv_pack_bytes(&j.conv) / sizeof(float)));
    k->conv_pack(&j.conv, w, packed);
    j.scratch = numbers((int64_t)(j.conv.scratch_bytes / sizeof(float)) + 16);
    j.conv_args = (ortcpu_conv_args){.in = in, .weights = packed, .out = y};
    j.conv_args.epilogue = (ortcpu_epilogue){.bias = bias, .act = ORTCPU_ACT_RELU};
    double pixels = v->transposed ? (double)(v->size * v->size) : (double)(out * out);
    double products = pixels * (double)(v->in_c / s.groups * v->out_c * v->kernel * v->kernel);
    report(name, &j, 2 * products, 4.0 * (double)(v->size * v->size * v->in_c + out * out * v->out_c));
    free(in), free(y), free(bias), free(w), free(packed), free(j.scratch);
}

#define CONV(net, in_c, out_c, kernel, stride, size)                                                                   \
    { net, in_c, out_c, kernel, stride, size, false, false, false }
#define FIRST_CONV(net, in_c, out_c, kernel, stride, size)                                                             \
    { net, in_c, out_c, kernel, stride, size, false, true, false }
#define DEPTHWISE(net, channels, kernel, stride, size)                                                                 \
    { net, channels, channels, kernel, stride, size, true, false, false }
#define TRANSPOSE(net, in_c, out_c, kernel, stride, size)                                                              \
    { net, in_c, out_c, kernel, stride, size, false, false, true }

static const conv_case convs[] = {
    FIRST_CONV("resnet50", 3, 64, 7, 2, 224), CONV("resnet50", 64, 64, 1, 1, 56),
    CONV("resnet50", 64, 64, 3, 1, 56),       CONV("resnet50", 64, 256, 1, 1, 56),
    CONV("resnet50", 256, 64, 1, 1, 56),      CONV("resnet50", 256, 128, 1, 1, 56),
    CONV("resnet50", 128, 128, 3, 2, 56),     CONV("resnet50", 256, 512, 1, 2, 56),
    CONV("resnet50", 128, 512, 1, 1, 28),     CONV("resnet50", 512, 128, 1, 1, 28),
    CONV("resnet50", 128, 128, 3, 1, 28),     CONV("resnet50", 256, 256, 3, 2, 28),
    CONV("resnet50", 512, 1024, 1, 2, 28),    CONV("resnet50", 256, 1024, 1, 1, 14),
    CONV("resnet50", 1024, 256, 1, 1, 14),    CONV("resnet50", 256, 256, 3, 1, 14),
    CONV("resnet50", 512, 512, 3, 2, 14),     CONV("resnet50", 1024, 2048, 1, 2, 14),
    CONV("resnet50", 512, 2048, 1, 1, 7),     CONV("resnet50", 2048, 512, 1, 1, 7),
    CONV("resnet50", 512, 512, 3, 1, 7),      FIRST_CONV("mobilenetv2", 3, 32, 3, 2, 224),
    CONV("mobilenetv2", 32, 16, 1, 1, 112),   CONV("mobilenetv2", 16, 96, 1, 1, 112),
    CONV("mobilenetv2", 96, 24, 1, 1, 56),    CONV("mobilenetv2", 24, 144, 1, 1, 56),
    CONV("mobilenetv2", 144, 32, 1, 1, 28),   CONV("mobilenetv2", 192, 64, 1, 1, 14),
    CONV("mobilenetv2", 576, 160, 1, 1, 7),   CONV("mobilenetv2", 320, 1280, 1, 1, 7),
    DEPTHWISE("mobilenetv2", 32, 3, 1, 112),  DEPTHWISE("mobilenetv2", 96, 3, 2, 112),
    DEPTHWISE("mobilenetv2", 144, 3, 1, 56),  DEPTHWISE("mobilenetv2", 144, 3, 2, 56),
    DEPTHWISE("mobilenetv2", 192, 3, 1, 28),  DEPTHWISE("mobilenetv2", 384, 3, 1, 14),
    DEPTHWISE("mobilenetv2", 576, 3, 2, 14),  DEPTHWISE("mobilenetv2", 960, 3, 1, 7),
    DEPTHWISE("efficientnet", 240, 5, 1, 28), DEPTHWISE("efficientnet", 672, 5, 2, 14),
    TRANSPOSE("unet", 128, 64, 2, 2, 28),     TRANSPOSE("unet", 64, 64, 4, 2, 28),
};

static void gemms(void) {
    static const int64_t rows[] = {1, 4, 8, 16, 32, 128, 384};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gemm_case("bert", rows[i], 768, 768, true, 1, ORTCPU_ACT_NONE);
        gemm_case("bert", rows[i], 3072, 768, true, 1, ORTCPU_ACT_NONE);
        gemm_case("bert", rows[i], 768, 3072, true, 1, ORTCPU_ACT_NONE);
    }
    gemm_case("bert gelu", 128, 3072, 768, true, 1, ORTCPU_ACT_GELU);
    gemm_case("bert", 128, 128, 64, false, 12, ORTCPU_ACT_NONE);
    gemm_case("bert", 128, 64, 128, false, 12, ORTCPU_ACT_NONE);
    gemm_case("gpt decode", 1, 64, 512, false, 12, ORTCPU_ACT_NONE);
    gemm_case("square", 512, 512, 512, false, 1, ORTCPU_ACT_NONE);
    gemm_case("square", 1024, 1024, 1024, true, 1, ORTCPU_ACT_NONE);
    gemm_case("small", 1, 64, 64, true, 1, ORTCPU_ACT_RELU);
    gemm_case("small", 1, 16, 16, true, 1, ORTCPU_ACT_RELU);
    gemm_case("small", 8, 64, 64, true, 1, ORTCPU_ACT_RELU);
    gemm_case("small", 1, 1000, 2048, true, 1, ORTCPU_ACT_NONE);
}

int main(int argc, char **argv) {
    ortcpu_isa isa = ortcpu_isa_detect();
    bool is_bf16 = argc > 1 && strcmp(argv[1], "bf16") == 0;
    if (argc > 1 && !is_bf16 && !ortcpu_isa_by_name(argv[1], &isa)) {
        fprintf(stderr, "bench-kernels: '%s' is not an instruction set of this machine (baseline, avx2, avx512)\n",
                argv[1]);
        return 2;
    }
    if (argc > 2) filter = argv[2];
    k = is_bf16 ? ortcpu_kernels_bf16() : ortcpu_kernels_get(isa);
    if (!k) {
        fprintf(stderr, "bench-kernels: this machine has no bf16\n");
        return 2;
    }
    printf("%s, one thread, best of %d turns\n", k->name, TURNS);
    gemms();
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) conv_measure(&convs[i]);
    return 0;
}
