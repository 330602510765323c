/* The same kernels on an OpenCL device and on the host: equal but for rounding. OpenCL is opened with dlopen; without a
 * loader or device the test says so. The few names of cl.h that it needs stand here (OpenCL 1.2 specification). */
#include "host/half.h"
#include "host/host.h"
#include "ort/sdk/device.h"
#include "testing/test.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- cases ---- */

typedef struct buffer_case {
    char type; /* f float32, h float16, p positive float32, i int32, l int64, b bool, w 16 bits, q 64 bits, n float32
                  indexes */
    int count; /* 0: no such buffer */
} buffer_case;

typedef struct kernel_case {
    const char *variant;
    uint32_t groups[3];
    const char *types; /* of the parameters: i or f */
    double params[26];
    buffer_case buffers[7];
} kernel_case;

#define LOOPS "iiiiii"
static const kernel_case cases[] = {
    {"unary_Gelu_f32", {2, 1, 1}, "iff", {100}, {{'f', 100}, {'f', 100}}},
    {"unary_Elu_f16", {1, 1, 1}, "iff", {100, 0.5}, {{'h', 100}, {'h', 100}}},
    {"unary_HardSigmoid_f32", {1, 1, 1}, "iff", {70, 0.2, 0.5}, {{'f', 70}, {'f', 70}}},
    {"unary_Not_u8", {1, 1, 1}, "iff", {33}, {{'b', 33}, {'b', 33}}},
    {"binary_Pow_f32",
     {1, 1, 1},
     "i" LOOPS LOOPS LOOPS,
     {60, 1, 1, 1, 3, 4, 5, 0, 0, 0, 20, 5, 1, 0, 0, 0, 0, 1, 0},
     {{'p', 60}, {'f', 4}, {'f', 60}}},
    {"binary_PRelu_f16",
     {1, 1, 1},
     "i" LOOPS LOOPS LOOPS,
     {60, 1, 1, 1, 3, 4, 5, 0, 0, 0, 20, 5, 1, 0, 0, 0, 0, 1, 0},
     {{'h', 60}, {'h', 4}, {'h', 60}}},
    {"binary_Less_i64_u8",
     {1, 1, 1},
     "i" LOOPS LOOPS LOOPS,
     {20, 1, 1, 1, 1, 4, 5, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 1},
     {{'l', 20}, {'l', 5}, {'b', 20}}},
    {"where_u16",
     {1, 1, 1},
     "i" LOOPS LOOPS LOOPS LOOPS,
     {20, 1, 1, 1, 1, 4, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 0},
     {{'b', 4}, {'w', 20}, {'w', 1}, {'w', 20}}},
    {"copy_u64",
     {1, 1, 1},
     "iii" LOOPS LOOPS LOOPS,
     {24, 0, 0, 1, 1, 1, 2, 3, 4, 0, 0, 0, 1, 2, 6, 0, 0, 0, 12, 4, 1},
     {{'q', 24}, {'q', 24}}},
    {"fill_u8", {1, 1, 1}, "i", {50}, {{'b', 1}, {'b', 50}}},
    {"cast_f32_i64", {1, 1, 1}, "ii", {50}, {{'f', 50}, {'l', 50}}},
    {"cast_f16_f32", {1, 1, 1}, "ii", {50}, {{'h', 50}, {'f', 50}}},
    {"cast_f32_f16", {1, 1, 1}, "ii", {50}, {{'f', 50}, {'h', 50}}},
    {"cast_i32_u8", {1, 1, 1}, "ii", {50, 1}, {{'i', 50}, {'b', 50}}},
    {"gather_u32_i64", {1, 1, 1}, "iiii", {2 * 6 * 3, 6, 5, 3}, {{'f', 30}, {'l', 6}, {'f', 36}}},
    {"gemm_f32",
     {2, 2, 1},
     "iiiiiiiiiiiiiiffiff",
     {33, 40, 50, 50, 1, 40, 1, 0, 1, 1, 0, 0, 0, 0, 0.5, 2, 0, 0, 0},
     {{'f', 1650}, {'f', 2000}, {'f', 40}, {'f', 48}, {'f', 1320}}},
    {"gemm_f16",
     {1, 1, 2},
     "iiiiiiiiiiiiiiffiff",
     {9, 8, 17, 1, 9, 8, 1, 0, 0, 2, 0, 153, 0, 136, 1, 0, 0, 0, 0},
     {{'h', 306}, {'h', 272}, {'h', 1}, {'f', 48}, {'h', 144}}},
    {"conv_f32",
     {2, 1, 2},
     "iiiiiiiiiiiiiiiiiiff",
     {1, 4, 6, 7, 6, 7, 6, 3, 3, 1, 1, 1, 1, 1, 1, 2, 1, 0, 0, 0},
     {{'f', 168}, {'f', 108}, {'f', 6}, {'f', 48}, {'f', 252}}},
    {"conv_f16",
     {1, 1, 1},
     "iiiiiiiiiiiiiiiiiiff",
     {1, 3, 5, 9, 9, 4, 4, 3, 3, 2, 2, 0, 0, 1, 1, 1, 0, 1, 0, 0},
     {{'h', 243}, {'h', 135}, {'h', 1}, {'f', 48}, {'h', 80}}},
    {"depthwise_f32",
     {2, 1, 1},
     "iiiiiiiiiiiiiiiiiiff",
     {1, 4, 4, 7, 6, 7, 6, 3, 3, 1, 1, 1, 1, 1, 1, 4, 1, 2, 0, 1},
     {{'f', 168}, {'f', 36}, {'f', 4}, {'f', 48}, {'f', 168}}},
    {"convtranspose_f32",
     {2, 1, 1},
     "iiiiiiiiiiiiiiiiiiff",
     {1, 4, 2, 3, 4, 7, 9, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1, 0, 0, 0},
     {{'f', 48}, {'f', 72}, {'f', 2}, {'f', 48}, {'f', 126}}},
    {"pool_MaxPool_f32",
     {1, 1, 1},
     "iiiiiiiiiiiiiiii",
     {3, 7, 7, 4, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0},
     {{'f', 147}, {'f', 48}}},
    {"pool_AveragePool_f16",
     {1, 1, 1},
     "iiiiiiiiiiiiiiii",
     {3, 7, 7, 4, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
     {{'h', 147}, {'h', 48}}},
    {"reduce_ReduceMean_f32",
     {1, 1, 1},
     "iiiiiiiiiiiiii",
     {6, 20, 1, 2, 3, 0, 60, 1, 1, 1, 20, 0, 0, 3},
     {{'f', 120}, {'f', 6}}},
    {"reduce_ReduceL2_f16",
     {1, 1, 1},
     "iiiiiiiiiiiiii",
     {5, 7, 1, 1, 5, 0, 0, 7, 1, 1, 7, 0, 0, 1},
     {{'h', 35}, {'h', 5}}},
    {"softmax_Softmax_f32", {3, 1, 1}, "iii", {4, 150, 2}, {{'f', 600}, {'f', 600}}},
    {"softmax_LogSoftmax_f16", {4, 1, 1}, "iii", {4, 70, 1}, {{'h', 280}, {'h', 280}}},
    {"layernorm_f32", {3, 1, 1}, "iiiif", {5, 90, 0, 1, 1e-5}, {{'f', 450}, {'f', 90}, {'f', 90}, {'f', 450}}},
    {"batchnorm_f32",
     {1, 1, 1},
     "iiif",
     {48, 4, 6, 1e-5},
     {{'f', 48}, {'f', 4}, {'f', 4}, {'f', 4}, {'p', 4}, {'f', 48}}},
    {"argextreme_ArgMax_f32", {1, 1, 1}, "iiii", {12, 9, 3, 1}, {{'f', 108}, {'l', 12}}},
    {"padmode_u32",
     {1, 1, 1},
     "ii" LOOPS LOOPS LOOPS,
     {70, 1, 1, 1, 1, 1, 7, 10, 1, 1, 1, 1, 4, 5, 0, 0, 0, 0, 2, 3},
     {{'f', 20}, {'f', 70}}},
    {"gatherelements_u32_i64",
     {1, 1, 1},
     "iii" LOOPS LOOPS,
     {12, 5, 4, 1, 1, 1, 1, 3, 4, 0, 0, 0, 0, 0, 1},
     {{'f', 20}, {'l', 12}, {'f', 12}}},
    {"onehot_u32_i64", {1, 1, 1}, "iii", {2 * 5 * 3, 5, 3}, {{'l', 6}, {'f', 2}, {'f', 30}}},
    {"resize_linear_f32", {1, 1, 1}, "iiiii", {2, 9, 9, 7, 9}, {{'f', 162}, {'n', 48}, {'f', 126}}},
    {"resize_nearest_f16", {1, 1, 1}, "iiiii", {2, 9, 9, 8, 10}, {{'h', 162}, {'n', 54}, {'h', 160}}},
};

static int type_bytes(char type) {
    return type == 'b' ? 1 : type == 'h' || type == 'w' ? 2 : type == 'l' || type == 'q' ? 8 : 4;
}

static void fill(buffer_case b, unsigned char *bytes) {
    for (int i = 0; i < b.count; i++) {
        float value = (float)((i * 37 + b.count) % 61) / 16.0f - 1.75f;
        if (b.type == 'p') value = fabsf(value) + 0.125f;
        if (b.type == 'n') value = (float)(i % 9);
        uint16_t half = ortk_to_half(value);
        int32_t whole = i * 7 % 9 - 4;
        int64_t wide = b.type == 'q' ? (int64_t)i << 40 | i : i * 7 % 9 - 4;
        uint16_t word = (uint16_t)(i * 257);
        unsigned char truth = i * 5 % 3 == 1;
        const void *from = b.type == 'h'                    ? (const void *)&half
                           : b.type == 'i'                  ? (const void *)&whole
                           : b.type == 'l' || b.type == 'q' ? (const void *)&wide
                           : b.type == 'w'                  ? (const void *)&word
                           : b.type == 'b'                  ? (const void *)&truth
                                                            : (const void *)&value;
        memcpy(bytes + i * type_bytes(b.type), from, (size_t)type_bytes(b.type));
    }
}

static double element(buffer_case b, const unsigned char *bytes, int i) {
    float value;
    uint16_t half;
    if (b.type == 'h') {
        memcpy(&half, bytes + i * 2, 2);
        return (double)ortk_from_half(half);
    }
    memcpy(&value, bytes + i * 4, 4);
    return (double)value;
}

static void compare(const kernel_case *c, buffer_case b, const unsigned char *got, const unsigned char *want) {
    if (b.type != 'f' && b.type != 'p' && b.type != 'h') {
        CHECK(memcmp(got, want, (size_t)(b.count * type_bytes(b.type))) == 0, "%s: other bytes", c->variant);
        return;
    }
    for (int i = 0; i < b.count; i++) {
        double x = element(b, got, i), y = element(b, want, i), bound = b.type == 'h' ? 2e-3 : 2e-5;
        CHECK(fabs(x - y) <= bound * (1 + fabs(y)), "%s: element %d is %g, on the host %g", c->variant, i, x, y);
    }
}

/* ---- OpenCL ---- */

#define CL_DEVICE_TYPE_ALL   0xffffffffull
#define CL_MEM_READ_WRITE    1ull
#define CL_MEM_COPY_HOST_PTR 32ull
#define CL_PROGRAM_BUILD_LOG 0x1183u

typedef struct opencl {
    int32_t (*get_platforms)(uint32_t, void **, uint32_t *);
    int32_t (*get_devices)(void *, uint64_t, uint32_t, void **, uint32_t *);
    void *(*create_context)(const intptr_t *, uint32_t, void *const *, void *, void *, int32_t *);
    void *(*create_queue)(void *, void *, uint64_t, int32_t *);
    void *(*create_program)(void *, uint32_t, const char **, const size_t *, int32_t *);
    int32_t (*build)(void *, uint32_t, void *const *, const char *, void *, void *);
    int32_t (*build_info)(void *, void *, uint32_t, size_t, void *, size_t *);
    void *(*create_kernel)(void *, const char *, int32_t *);
    void *(*create_buffer)(void *, uint64_t, size_t, void *, int32_t *);
    int32_t (*set_arg)(void *, uint32_t, size_t, const void *);
    int32_t (*launch)(void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, void *const *,
                      void **);
    int32_t (*read)(void *, void *, uint32_t, size_t, size_t, void *, uint32_t, void *const *, void **);
    int32_t (*release_memory)(void *);
    int32_t (*release_kernel)(void *);
    int32_t (*release_program)(void *);
    void *context, *queue, *device;
} opencl;

static bool load(void *library, const char *name, void *out) {
    void *symbol = dlsym(library, name);
    memcpy(out, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* NULL: there is OpenCL; else why not. */
static const char *opencl_open(opencl *cl) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL), *platform = NULL;
    if (!library) return "no OpenCL loader (package ocl-icd-libopencl1)";
    bool found =
        load(library, "clGetPlatformIDs", &cl->get_platforms) && load(library, "clGetDeviceIDs", &cl->get_devices) &&
        load(library, "clCreateContext", &cl->create_context) &&
        load(library, "clCreateCommandQueue", &cl->create_queue) &&
        load(library, "clCreateProgramWithSource", &cl->create_program) &&
        load(library, "clBuildProgram", &cl->build) && load(library, "clGetProgramBuildInfo", &cl->build_info) &&
        load(library, "clCreateKernel", &cl->create_kernel) && load(library, "clCreateBuffer", &cl->create_buffer) &&
        load(library, "clSetKernelArg", &cl->set_arg) && load(library, "clEnqueueNDRangeKernel", &cl->launch) &&
        load(library, "clEnqueueReadBuffer", &cl->read) && load(library, "clReleaseMemObject", &cl->release_memory) &&
        load(library, "clReleaseKernel", &cl->release_kernel) &&
        load(library, "clReleaseProgram", &cl->release_program);
    uint32_t count = 0;
    int32_t error = 0;
    if (!found) return "the OpenCL loader lacks functions of version 1.2";
    if (cl->get_platforms(1, &platform, &count) || !count) return "no OpenCL platform (package pocl-opencl-icd)";
    if (cl->get_devices(platform, CL_DEVICE_TYPE_ALL, 1, &cl->device, &count) || !count) return "no OpenCL device";
    cl->context = cl->create_context(NULL, 1, &cl->device, NULL, NULL, &error);
    cl->queue = error ? NULL : cl->create_queue(cl->context, cl->device, 0, &error);
    return error ? "the OpenCL device can't be opened" : NULL;
}

static void *kernel_build(const opencl *cl, const ortk_variant *variant, void **out_program) {
    char source[128], flags[1024], log[2048] = "";
    const char *text = source;
    int32_t error = 0;
    snprintf(source, sizeof source, "#include \"%s.okl\"\n", variant->kernel);
    snprintf(flags, sizeof flags, "-I %s/dialect -I %s/kernels -DOKL_NAME=%s %s", KIT_FOLDER, KIT_FOLDER, variant->name,
             variant->macros);
    void *program = cl->create_program(cl->context, 1, &text, NULL, &error);
    error = cl->build(program, 1, &cl->device, flags, NULL, NULL);
    if (error) (void)cl->build_info(program, cl->device, CL_PROGRAM_BUILD_LOG, sizeof log, log, NULL);
    CHECK(error == 0, "%s: %s", variant->name, log);
    *out_program = program;
    return cl->create_kernel(program, variant->name, &error);
}

static void opencl_run(const opencl *cl, const kernel_case *c, const ortk_variant *variant, const void *params,
                       size_t params_bytes, unsigned char *const *bytes) {
    void *program = NULL, *kernel = kernel_build(cl, variant, &program), *buffers[8] = {0};
    const size_t local[3] = {variant->group_x, variant->group_y, 1};
    const size_t global[3] = {c->groups[0] * local[0], c->groups[1] * local[1], c->groups[2]};
    uint32_t count = variant->input_count + variant->output_count;
    int32_t error = 0;
    CHECK(cl->set_arg(kernel, 0, params_bytes, params) == 0, "%s: parameters", c->variant);
    for (uint32_t i = 0; i < count; i++) {
        size_t size = (size_t)(c->buffers[i].count * type_bytes(c->buffers[i].type));
        buffers[i] = cl->create_buffer(cl->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, size, bytes[i], &error);
        CHECK(error == 0 && cl->set_arg(kernel, i + 1, sizeof(void *), &buffers[i]) == 0, "%s: buffer %u", c->variant,
              i);
    }
    error = cl->launch(cl->queue, kernel, 3, NULL, global, local, 0, NULL, NULL);
    CHECK(error == 0, "%s: launch says %d", c->variant, error);
    for (uint32_t i = variant->input_count; i < count; i++) {
        size_t size = (size_t)(c->buffers[i].count * type_bytes(c->buffers[i].type));
        CHECK(cl->read(cl->queue, buffers[i], 1, 0, size, bytes[i], 0, NULL, NULL) == 0, "%s: read", c->variant);
    }
    for (uint32_t i = 0; i < count; i++) (void)cl->release_memory(buffers[i]);
    (void)cl->release_kernel(kernel);
    (void)cl->release_program(program);
}

/* ---- both ---- */

static size_t params_make(const kernel_case *c, unsigned char *out) {
    size_t count = strlen(c->types);
    for (size_t i = 0; i < count; i++) {
        int32_t whole = (int32_t)c->params[i];
        float number = (float)c->params[i];
        memcpy(out + i * 4, c->types[i] == 'f' ? (const void *)&number : (const void *)&whole, 4);
    }
    return count * 4;
}

static void case_run(const opencl *cl, const kernel_case *c) {
    uint32_t index = ortk_variant_find(c->variant), count = 0;
    const ortk_variant *variant = ortk_variant_at(index);
    CHECK(variant != NULL, "%s is not in the list", c->variant);
    const ortk_host_image *image = ortk_host_image_find(index);
    unsigned char params[128], *here[8] = {0}, *there[8] = {0};
    size_t params_bytes = params_make(c, params);
    CHECK(params_bytes == image->params_bytes, "%s takes %u bytes of parameters", c->variant, image->params_bytes);
    for (count = 0; count < 7 && c->buffers[count].count; count++) {
        size_t size = (size_t)(c->buffers[count].count * type_bytes(c->buffers[count].type));
        here[count] = calloc(1, size);
        there[count] = calloc(1, size);
        if (count >= variant->input_count) continue;
        fill(c->buffers[count], here[count]);
        memcpy(there[count], here[count], size);
    }
    CHECK(count == variant->input_count + variant->output_count, "%s: %u buffers", c->variant, count);
    CHECK(ortk_host_image_run(image, c->groups, params, (void *const *)here));
    opencl_run(cl, c, variant, params, params_bytes, there);
    for (uint32_t i = variant->input_count; i < count; i++) compare(c, c->buffers[i], there[i], here[i]);
    for (uint32_t i = 0; i < count; i++) free(here[i]), free(there[i]);
}

ORT_TEST(opencl, kernels_give_what_they_give_on_the_host) {
    opencl cl = {0};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("OpenCL's own compiler is not built for sanitizers");
#endif
    const char *why = opencl_open(&cl);
    if (why) {
        fprintf(stderr, "skipped: %s\n", why);
        SKIP("there is no OpenCL device here");
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) case_run(&cl, &cases[i]);
    ortk_work_stacks_give();
}
