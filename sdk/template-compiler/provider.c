/* The provider: one device of the host's memory, and an instance that holds open claims. The kit negotiates, opens, and
 * gives memory and an inline queue; claim and program are this provider's own tables. */
#include "weld.h"

void *weld_alloc(const ortp_host *host, uint64_t count, uint64_t item_bytes) {
    uint64_t size_bytes = (count ? count : 1) * item_bytes;
    void *memory = host->core->alloc(host->context, size_bytes, 64);
    return memory ? memset(memory, 0, (size_t)size_bytes) : NULL;
}

void weld_release(const ortp_host *host, void *memory) {
    if (memory) host->core->release(host->context, memory);
}

static ort_status *context_create(const ortp_host *host, void **out_context) {
    *out_context = (void *)(uintptr_t)host;
    return NULL;
}

static ort_status *device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context, (void)out_reason;
    *out_count = 1;
    return NULL;
}

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
    out->id = (ort_string_view)ORTK_VIEW_LIT("weld-0");
    out->name = (ort_string_view)ORTK_VIEW_LIT("Welder");
    out->vendor = (ort_string_view)ORTK_VIEW_LIT("Example");
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32);
    out->spaces = &host;
    out->space_stride = sizeof host;
    out->space_count = 1;
    out->flops_per_ns = 5;
    out->bytes_per_ns = 10;
    out->launch_ns = 200;
    return NULL;
}

static ort_status *instance_open(void *context, const ortp_open_args *args, ortk_settings *out) {
    const ortp_host *host = context;
    weld_instance *instance = weld_alloc(host, 1, sizeof *instance);
    (void)args;
    if (!instance) return ortk_out_of_memory();
    if (mtx_init(&instance->lock, mtx_plain) != thrd_success) {
        weld_release(host, instance);
        return ortk_fail(ORT_CODE_IO, "a lock could not be made");
    }
    out->context = instance;
    return NULL;
}

static void instance_close(void *context, ortk_settings *settings) {
    const ortp_host *host = context;
    weld_instance *instance = settings->context;
    for (weld_claim *next = NULL, *claim = instance->claims; claim; claim = next) {
        next = claim->next;
        weld_claim_destroy(host, claim);
    }
    mtx_destroy(&instance->lock);
    weld_release(host, instance);
}

static const ortk_provider weld = {
    .create = context_create,
    .device_count = device_count,
    .device_describe = device_describe,
    .open = instance_open,
    .close = instance_close,
};

ORTK_PROVIDER_ENTRY_TABLES(weld, weld, "com.example.weld", WELD_VERSION, NULL, &ortk_host_memory, &ortk_inline_queue,
                           weld_claim_table, weld_program_table)
