/* The simulated accelerator as a provider. How many devices there are, and where, is asked before any option is given:
 * the variable ORT_SIM_DEVICES says it, "PCI@NUMA,PCI@NUMA"; without it there are two on different nodes. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VIEW(text)  ORTK_VIEW_LIT(text)
#define DEVICES_MAX 16u

typedef struct sim_place {
    char id[24], name[40], pci[24];
    uint32_t numa_node;
} sim_place;

typedef struct sim_plugin {
    const ortp_host *host;
    sim_place places[DEVICES_MAX];
    uint32_t count;
} sim_plugin;

#define COUNT_OPTION(name_, summary_, default_)                                                                        \
    {                                                                                                                  \
        .size = sizeof(ortp_option), .kind = ORTP_SETTING_INT, .name = VIEW(name_), .summary = VIEW(summary_),         \
        .default_text = VIEW(default_), .minimum = 0, .maximum = 1e15                                                  \
    }
static const ortp_option options[] = {
    COUNT_OPTION("memory_bytes", "memory of the device; 0: no bound", "1073741824"),
    COUNT_OPTION("delay_us", "time that passes before each piece of work begins", "0"),
    COUNT_OPTION("copy_ns_per_kib", "time that a copy takes for each KiB", "0"),
    COUNT_OPTION("seed", "of the random faults", "1"),
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_BOOL,
     .name = VIEW("random"),
     .summary = VIEW("the faults below come once in n, by the seed; false: the n-th time"),
     .default_text = VIEW("false")},
    COUNT_OPTION("out_of_memory_at", "the allocation that fails; 0: none", "0"),
    COUNT_OPTION("fail_at", "the piece of work that fails; 0: none", "0"),
    COUNT_OPTION("lose_at", "the piece of work at which the device is lost; 0: never", "0"),
    COUNT_OPTION("wrong_at", "the piece of work whose result is wrong; 0: none", "0"),
    COUNT_OPTION("hang_at", "the piece of work that does not end until the device is given up; 0: none", "0"),
};
static const ortp_option_schema schema = {.size = sizeof schema,
                                          .stride = sizeof options[0],
                                          .options = options,
                                          .option_count = sizeof options / sizeof options[0]};

static void place_add(sim_plugin *plugin, const char *pci, uint32_t pci_length, uint32_t numa_node) {
    if (plugin->count == DEVICES_MAX) return;
    sim_place *place = &plugin->places[plugin->count];
    snprintf(place->id, sizeof place->id, "sim-%.*s", (int)pci_length, pci);
    snprintf(place->name, sizeof place->name, "simulated accelerator %u", (unsigned)plugin->count);
    snprintf(place->pci, sizeof place->pci, "%.*s", (int)pci_length, pci);
    place->numa_node = numa_node;
    plugin->count++;
}

static void places_read(sim_plugin *plugin) {
    const char *at = getenv("ORT_SIM_DEVICES");
    if (!at) at = "0000:51:00.0@0,0000:d1:00.0@1";
    while (*at) {
        uint32_t length = (uint32_t)strcspn(at, "@,");
        const char *next = at + length;
        uint32_t numa_node = *next == '@' ? (uint32_t)strtoul(next + 1, NULL, 10) : ORTP_NONE;
        if (length) place_add(plugin, at, length < 15 ? length : 15, numa_node);
        next += strcspn(next, ",");
        at = *next ? next + 1 : next;
    }
}

static ort_status *sim_create(const ortp_host *host, void **out_context) {
    sim_plugin *plugin = host->core->alloc(host->context, sizeof *plugin, ORTK_ALIGN);
    if (!plugin) return ortk_out_of_memory();
    memset(plugin, 0, sizeof *plugin);
    plugin->host = host;
    places_read(plugin);
    *out_context = plugin;
    return NULL;
}

static void sim_destroy(const ortp_host *host, void *context) {
    host->core->release(host->context, context);
}

static ort_status *sim_kernels(void *context, ortk_kernels *all) {
    (void)context;
    return ortk_device_kernels(all);
}

static ort_status *sim_device_count(void *context, uint32_t *out_count, ort_string_view *out_reason) {
    *out_count = ((const sim_plugin *)context)->count;
    if (!*out_count) *out_reason = (ort_string_view)VIEW("ORT_SIM_DEVICES names none");
    return NULL;
}

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

static ort_status *sim_device_describe(void *context, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info spaces[] = {
        {.size = sizeof(ortp_space_info), .flags = ORTP_SPACE_DEVICE, .name = VIEW("device"), .align_bytes = 256},
        {.size = sizeof(ortp_space_info),
         .flags = ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING,
         .name = VIEW("staging"),
         .align_bytes = 256},
    };
    const sim_place *place = &((const sim_plugin *)context)->places[device];
    out->kind = ORTP_DEVICE_KIND_OTHER;
    out->numa_node = place->numa_node;
    out->id = view_of(place->id);
    out->name = view_of(place->name);
    out->vendor = view_of("Orthrus");
    out->driver_version = view_of("1");
    out->pci_address = view_of(place->pci);
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_I32) |
                  ORT_DTYPE_BIT(ORT_DTYPE_I64) | ORT_DTYPE_BIT(ORT_DTYPE_BOOL);
    out->spaces = spaces;
    out->space_count = sizeof spaces / sizeof spaces[0];
    out->space_stride = sizeof spaces[0];
    /* A slow device: the CPU is cheaper wherever cost decides. */
    out->flops_per_ns = 0.5;
    out->bytes_per_ns = 0.5;
    out->launch_ns = 20000;
    return NULL;
}

static sim_faults faults_read(const ortp_open_args *args) {
    return (sim_faults){.seed = ortk_setting_int(args, "seed", 1),
                        .delay_us = ortk_setting_int(args, "delay_us", 0),
                        .copy_ns_per_kib = ortk_setting_int(args, "copy_ns_per_kib", 0),
                        .memory_bytes = ortk_setting_int(args, "memory_bytes", 1073741824),
                        .out_of_memory_at = ortk_setting_int(args, "out_of_memory_at", 0),
                        .fail_at = ortk_setting_int(args, "fail_at", 0),
                        .lose_at = ortk_setting_int(args, "lose_at", 0),
                        .wrong_at = ortk_setting_int(args, "wrong_at", 0),
                        .hang_at = ortk_setting_int(args, "hang_at", 0),
                        .is_random = ortk_setting_bool(args, "random", false)};
}

static ort_status *sim_open(void *context, const ortp_open_args *args, ortk_settings *out) {
    const sim_plugin *plugin = context;
    const sim_faults faults = faults_read(args);
    ortk_device *device = NULL;
    ORTK_TRY(ortk_sim_device_create(plugin->host, &faults, &device));
    ort_status *status = ortk_device_open(plugin->host, &ortk_sim_driver, device, out);
    if (status) ortk_sim_device_destroy(device);
    return status;
}

static void sim_close(void *context, ortk_settings *settings) {
    ortk_sim_device_destroy(ortk_device_close(((const sim_plugin *)context)->host, settings));
}

static const ortk_provider provider = {
    .create = sim_create,
    .destroy = sim_destroy,
    .kernels = sim_kernels,
    .device_count = sim_device_count,
    .device_describe = sim_device_describe,
    .open = sim_open,
    .close = sim_close,
};

ORTK_DEVICE_ENTRY(ortk_sim, provider, "org.orthrus.sim", ORTK_SIM_VERSION, &schema)
