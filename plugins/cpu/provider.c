/* The CPU provider: options, device and kernels, handed to the kit. Start at: provider. */
#include "adapters/attention.h"
#include "device.h"
#include "ml/ml.h"
#include "text/text.h"

#include <stdatomic.h>
#include <string.h>

#define VIEW(text) ORTK_VIEW_LIT(text)

static const ort_string_view isa_choices[] = {VIEW("auto"), VIEW("baseline"), VIEW("avx2"), VIEW("avx512")};
static const ort_string_view precision_choices[] = {VIEW("model"), VIEW("bf16")};
static const ortp_option options[] = {
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_STRING,
     .name = VIEW("isa"),
     .summary = VIEW("the instruction set that kernels use; auto is the best that this machine has"),
     .default_text = VIEW("auto"),
     .choices = isa_choices,
     .choice_count = 4},
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_BOOL,
     .name = VIEW("winograd"),
     .summary = VIEW("3x3 convolutions by F(4x4, 3x3): faster, error about 2e-5 of the largest value"),
     .default_text = VIEW("true")},
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_BOOL,
     .name = VIEW("fusion"),
     .summary = VIEW("bias, residual and activation join the step before them; false: a step for every node"),
     .default_text = VIEW("true")},
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_BOOL,
     .name = VIEW("layouts"),
     .summary = VIEW("values stay channels-last between kernels that want it; false: converted around each"),
     .default_text = VIEW("true")},
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_STRING,
     .name = VIEW("precision"),
     .summary = VIEW("what constant weights are multiplied in; bf16 rounds both sides and adds in float32"),
     .default_text = VIEW("model"),
     .choices = precision_choices,
     .choice_count = 2},
};
static const ortp_option_schema schema = {.size = sizeof schema,
                                          .stride = sizeof options[0],
                                          .options = options,
                                          .option_count = sizeof options / sizeof options[0]};

typedef struct cpu_plugin {
    const ortp_host *host;
    ortcpu_device device;
} cpu_plugin;

static ort_status *cpu_create(const ortp_host *host, void **out_context) {
    cpu_plugin *plugin = host->core->alloc(host->context, sizeof *plugin, 64);
    if (!plugin) return ortk_out_of_memory();
    plugin->host = host;
    ortcpu_device_read(ortcpu_isa_detect(), host->exec->thread_count_max(host->context), &plugin->device);
    *out_context = plugin;
    return NULL;
}

static void cpu_destroy(const ortp_host *host, void *context) {
    host->core->release(host->context, context);
}

static ort_status *cpu_kernels(void *context, ortk_kernels *all) {
    static const ortcpu_op_table *const heavy[] = {&ortcpu_heavy_conv,
                                                   &ortcpu_heavy_product,
                                                   &ortcpu_heavy_pool,
                                                   &ortcpu_heavy_recurrent,
                                                   &ortcpu_heavy_int8,
                                                   &ortcpu_heavy_attention,
                                                   &ortcpu_heavy_projected_attention};
    (void)context;
    ort_status *status = NULL;
    for (uint32_t i = 0; !status && i < sizeof heavy / sizeof heavy[0]; i++)
        status = ortk_kernels_add(all, heavy[i]->kernels, heavy[i]->count);
    for (uint32_t i = 0; !status && i < ortcpu_ops_count; i++)
        status = ortk_kernels_add(all, ortcpu_ops[i]->kernels, ortcpu_ops[i]->count);
    for (uint32_t i = 0; !status && i < ortcpu_ml_count; i++)
        status = ortk_kernels_add(all, ortcpu_ml[i]->kernels, ortcpu_ml[i]->count);
    for (uint32_t i = 0; !status && i < ortcpu_text_count; i++)
        status = ortk_kernels_add(all, ortcpu_text[i]->kernels, ortcpu_text[i]->count);
    return status;
}

static ort_status *cpu_device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    (void)context;
    (void)out_reason;
    *out_count = 1;
    return NULL;
}

static ort_status *cpu_device_describe(void *context, uint32_t device, ortp_device_info *out) {
    (void)device;
    ortcpu_device_describe(&((const cpu_plugin *)context)->device, out);
    return NULL;
}

static ort_status *cpu_device_live(void *context, uint32_t device, ortp_device_live *out) {
    (void)device;
    out->total_bytes = ((const cpu_plugin *)context)->device.memory_bytes;
    out->free_bytes = ortcpu_device_free_bytes();
    return NULL;
}

static ort_status *isa_choose(const ortp_open_args *args, ortcpu_isa *out) {
    ort_string_view wish = ortk_setting_text(args, "isa", "auto");
    *out = ortcpu_isa_detect();
    if (ortk_view_is(wish, "auto")) return NULL;
    for (int i = 0; i < ORTCPU_ISA_COUNT; i++) {
        if (!ortk_view_is(wish, ortcpu_isa_name((ortcpu_isa)i))) continue;
        if (!ortcpu_isa_available((ortcpu_isa)i) || !ortcpu_kernels_get((ortcpu_isa)i)) break;
        *out = (ortcpu_isa)i;
        return NULL;
    }
    return ortk_fail(ORT_CODE_UNSUPPORTED, "option isa: '%.*s' is not available here; this machine has %s",
                     (int)wish.length, wish.data, ortcpu_isa_name(*out));
}

static ort_status *cpu_open(void *context, const ortp_open_args *args, ortk_settings *out) {
    const cpu_plugin *plugin = context;
    ortcpu_isa isa;
    ort_status *status = isa_choose(args, &isa);
    if (status) return status;
    const ortcpu_kernels *bf16 = isa == ORTCPU_ISA_AVX512 ? ortcpu_kernels_bf16() : NULL;
    bool wants_bf16 = ortk_view_is(ortk_setting_text(args, "precision", "model"), "bf16");
    if (wants_bf16 && !bf16)
        return ortk_fail(ORT_CODE_UNSUPPORTED,
                         "option precision: bf16 needs AVX512_BF16, which this processor or the option isa lacks");
    ortcpu_instance *instance = plugin->host->core->alloc(plugin->host->context, sizeof *instance, 64);
    if (!instance) return ortk_out_of_memory();
    out->precision = wants_bf16 ? ORTP_PRECISION_BF16 : ORTP_PRECISION_MODEL;
    out->precision_bits = bf16 ? 1U << ORTP_PRECISION_BF16 : 0;
    *instance = (ortcpu_instance){.kernels = ortcpu_kernels_get(isa),
                                  .kernels_bf16 = bf16,
                                  .no_winograd = !ortk_setting_bool(args, "winograd", true)};
    ortcpu_ops_use(isa);
    out->context = instance;
    if (!ortk_setting_bool(args, "fusion", true)) out->flags |= ORTK_SETTING_NO_FUSION;
    if (!ortk_setting_bool(args, "layouts", true)) out->flags |= ORTK_SETTING_NO_LAYOUTS;
    return NULL;
}

static void cpu_close(void *context, ortk_settings *settings) {
    const cpu_plugin *plugin = context;
    ortcpu_instance *instance = settings->context;
    if (!instance) return;
    ortcpu_letters_close(&instance->letters);
    plugin->host->core->release(plugin->host->context, instance);
}

static const ortk_provider provider = {
    .create = cpu_create,
    .destroy = cpu_destroy,
    .kernels = cpu_kernels,
    .device_count = cpu_device_count,
    .device_describe = cpu_device_describe,
    .device_live = cpu_device_live,
    .open = cpu_open,
    .close = cpu_close,
};

ORTK_PROVIDER_ENTRY(ortcpu, provider, "org.orthrus.cpu", ORTCPU_VERSION, &schema, &ortk_host_memory, &ortk_inline_queue)
