/* The provider: which kernels, which devices, which options. To make it yours, rename `acme` everywhere, change this
 * file, and replace the kernels one by one. */
#include "acme.h"

/* ---- options: data, checked by the host before open sees them ---- */

#define CHUNK_DEFAULT 4096

static const ortp_option options[] = {{
    .size = sizeof(ortp_option),
    .kind = ORTP_SETTING_INT,
    .scope = ORTP_OPTION_SCOPE_INSTANCE,
    .name = ORTK_VIEW_LIT("chunk"),
    .summary = ORTK_VIEW_LIT("elements that one elementwise task computes"),
    .default_text = ORTK_VIEW_LIT("4096"),
    .minimum = 256,
    .maximum = 1 << 20,
}};
static const ortp_option_schema schema = {
    .size = sizeof schema, .stride = sizeof options[0], .options = options, .option_count = 1};

/* ---- devices ---- */

/* Asks the driver. No driver or no device is no error: a count of 0, with a reason that `ort-info --why` shows. */
static ort_status *device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context, (void)out_reason;
    *out_count = 1;
    return NULL;
}

/* Everything pointed to is static, or lives in the context that create made. */
static ort_status *device_describe(void *context, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info host = {
        .size = sizeof host,
        .flags = ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING,
        .name = ORTK_VIEW_LIT("host"),
        .align_bytes = 64,
    };
    (void)context, (void)device;
    out->kind = ORTP_DEVICE_KIND_CPU;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE | ORTP_DEVICE_INTEGRATED;
    out->numa_node = ORTP_NONE;
    out->id =
        (ort_string_view)ORTK_VIEW_LIT("acme-0"); /* the same in every process and boot: a serial, a PCI address */
    out->name = (ort_string_view)ORTK_VIEW_LIT("Acme One");
    out->vendor = (ort_string_view)ORTK_VIEW_LIT("Acme");
    out->dtypes = ACME_F32 | ACME_F16 | ACME_I32;
    out->spaces = &host;
    out->space_stride = sizeof host;
    out->space_count = 1;
    out->flops_per_ns = 10;
    out->bytes_per_ns = 10;
    out->launch_ns = 100;
    return NULL;
}

/* ---- instances ---- */

static ort_status *context_create(const ortp_host *host, void **out_context) {
    *out_context = (void *)(uintptr_t)host; /* nothing else to keep here */
    return NULL;
}

static ort_status *instance_open(void *context, const ortp_open_args *args, ortk_settings *out) {
    const ortp_host *host = context;
    acme_instance *instance = host->core->alloc(host->context, sizeof *instance, 64);
    if (!instance) return ortk_out_of_memory();
    instance->chunk = ortk_setting_int(args, "chunk", CHUNK_DEFAULT);
    out->context = instance;
    return NULL;
}

static void instance_close(void *context, ortk_settings *settings) {
    const ortp_host *host = context;
    host->core->release(host->context, settings->context);
}

/* What a node would cost here, for the decision who gets it: honest numbers, or users are better off without you. Leave
 * the function out, and the kit guesses from the device's rates above. */
static double node_cost_ns(void *context, const ortp_node_info *node, const ortk_node_size *size) {
    (void)context, (void)node;
    double compute = 0.2 * size->multiply_adds, move = 0.1 * (size->input_bytes + size->output_bytes);
    return 100 + (compute > move ? compute : move);
}

/* ---- kernels ---- */

static ort_status *kernels_add(void *context, ortk_kernels *all) {
    static const ortk_kernel *const tables[] = {acme_elementwise, acme_product, acme_softmax, acme_move};
    (void)context;
    for (uint32_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        uint32_t count = 0;
        while (tables[i][count].op) count++;
        ort_status *status = ortk_kernels_add(all, tables[i], count);
        if (status) return status;
    }
    return NULL;
}

static const ortk_provider acme = {
    .create = context_create,
    .kernels = kernels_add,
    .device_count = device_count,
    .device_describe = device_describe,
    .open = instance_open,
    .close = instance_close,
    .node_cost_ns = node_cost_ns,
};

/* The id is the manifest's. A device with memory of its own brings its own two tables in place of the last two. */
ORTK_PROVIDER_ENTRY(acme, acme, "com.example.acme", ACME_VERSION, &schema, &ortk_host_memory, &ortk_inline_queue)
