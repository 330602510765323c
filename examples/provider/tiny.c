/* tiny.c: a whole execution provider: Relu on float32, on the host. The kit does the rest: it talks to the core, claims
 * nodes, plans memory, runs steps and spreads them over threads. */
#include <ort/sdk/broadcast.h>
#include <ort/sdk/provider.h>

static void relu_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const ortk_broadcast *walk = step->state; /* operand 0 is the output, 1 the input */
    const float *in = ortk_in(step, 0);
    float *out = ortk_out(step, 0);
    ortk_broadcast_cursor at;
    (void)scratch;
    ortk_broadcast_seek(walk, begin, &at);
    for (int64_t n; (n = ortk_broadcast_next(walk, &at, end)) != 0;)
        for (int64_t i = 0; i < n; i++) {
            float x = in[at.offset[1] + i * walk->step[1]];
            out[at.offset[0] + i * walk->step[0]] = x > 0 ? x : 0;
        }
}

static ort_status *relu_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    ortk_broadcast *walk = ortk_planner_alloc(planner, sizeof *walk);
    (void)params, (void)out_count;
    if (!walk) return ortk_out_of_memory();
    if (!ortk_broadcast_init(walk, out, in, in_count)) return ortk_fail(ORT_CODE_BUG, "Relu: shapes differ");
    *step = (ortk_step_plan){.run = relu_run, .state = walk, .task_count = walk->element_count, .grain = 4096};
    step->cost_ns = (double)walk->element_count;
    return NULL;
}

static const ortk_kernel kernels[] = {{.op = "Relu",
                                       .domain = "",
                                       .since_version = 6,
                                       .until_version = 28,
                                       .types = ORT_DTYPE_BIT(ORT_DTYPE_F32),
                                       .mode = ORTK_MODE_ELEMENTWISE,
                                       .flags = ORTK_KERNEL_INPLACE,
                                       .plan = relu_plan}};

static ort_status *tiny_kernels(void *context, ortk_kernels *all) {
    (void)context;
    return ortk_kernels_add(all, kernels, 1);
}

static ort_status *tiny_device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context, (void)out_reason;
    *out_count = 1;
    return NULL;
}

static ort_status *tiny_device_describe(void *context, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info host = {.size = sizeof host,
                                         .flags = ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED |
                                                  ORTP_SPACE_STAGING,
                                         .name = ORTK_VIEW_LIT("host"),
                                         .align_bytes = 64};
    (void)context, (void)device;
    out->kind = ORTP_DEVICE_KIND_CPU;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE;
    out->numa_node = ORTP_NONE;
    out->id = out->name = (ort_string_view){"tiny", 4};
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32);
    out->spaces = &host;
    out->space_stride = sizeof host;
    out->space_count = 1;
    return NULL;
}

static const ortk_provider tiny = {
    .kernels = tiny_kernels, .device_count = tiny_device_count, .device_describe = tiny_device_describe};

ORTK_PROVIDER_ENTRY(tiny, tiny, "org.example.tiny", "1.0", NULL, &ortk_host_memory, &ortk_inline_queue)
