/* Negotiation, plugin and instance. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

static uint32_t refuse(ortp_entry_reply *reply, ort_code code, const char *text) {
    reply->code = code;
    snprintf(reply->text, sizeof reply->text, "%s", text);
    return code;
}

uint32_t ortk_entry(const ortp_plugin_table *table, const ortp_entry_request *request, ortp_entry_reply *reply) {
    if (!request || !reply || reply->size < ORTP_ENTRY_REPLY_SIZE_0_0) return ORT_CODE_INVALID_ARGUMENT;
    reply->min_minor = 0;
    reply->max_minor = ORTP_ABI_MINOR;
    if (request->size < ORTP_ENTRY_REQUEST_SIZE_0_0)
        return refuse(reply, ORT_CODE_INVALID_ARGUMENT, "the host's request is shorter than that of ABI 0.0");
    if (request->flags & 0xffff0000u)
        return refuse(reply, ORT_CODE_UNSUPPORTED, "the host demands a flag that this plugin does not know");
    for (const ortp_ext *ext = request->next; ext; ext = ext->next)
        if (ext->kind & ORTP_EXT_MUST)
            return refuse(reply, ORT_CODE_UNSUPPORTED, "the host demands an extension that this plugin does not know");
    if (request->major != ORTP_ABI_MAJOR || request->min_minor > ORTP_ABI_MINOR)
        return refuse(reply, ORT_CODE_UNSUPPORTED, "no common version of the plugin ABI");
    uint32_t newest = ORTP_ABI_MINOR;
    reply->agreed_minor = request->max_minor < newest ? request->max_minor : newest;
    reply->plugin = table;
    reply->code = ORT_CODE_OK;
    return ORT_CODE_OK;
}

void ortk_plugin_shutdown(ortp_plugin *plugin) {
    if (!plugin) return;
    const ortp_host *host = plugin->host, *before = ortk_host_enter(host);
    if (plugin->context && plugin->provider->destroy) plugin->provider->destroy(host, plugin->context);
    ortk_arena_finish(&plugin->kernels.arena);
    host->core->release(host->context, plugin);
    ortk_host_leave(before);
}

/* The host's tables that the kit calls without asking again. */
static bool host_is_usable(const ortp_host *host) {
    return host->size >= ORTP_HOST_SIZE_0_0 && host->core && host->graph && host->exec && host->store && host->infer &&
           host->core->size >= ORTP_HOST_CORE_SIZE_0_0 && host->graph->size >= ORTP_HOST_GRAPH_SIZE_0_0 &&
           host->exec->size >= ORTP_HOST_EXEC_SIZE_0_0 && host->store->size >= ORTP_HOST_STORE_SIZE_0_0 &&
           host->infer->size >= ORTP_HOST_INFER_SIZE_0_0;
}

static ort_status *plugin_fill(ortp_plugin *plugin) {
    ortk_kernels *all = &plugin->kernels;
    ortk_arena_init(&all->arena, plugin->host);
    memset(all->first, 0xff, sizeof all->first);
    if (plugin->provider->create) ORTK_TRY(plugin->provider->create(plugin->host, &plugin->context));
    return plugin->provider->kernels ? plugin->provider->kernels(plugin->context, all) : NULL;
}

ort_status *ortk_plugin_create(const ortk_provider *provider, const ortp_plugin_table *table, const ortp_host *host,
                               ortp_plugin **out) {
    *out = NULL;
    const ortp_host *before = ortk_host_enter(host);
    ort_status *status = NULL;
    ortp_plugin *plugin = NULL;
    if (!host_is_usable(host)) {
        status = ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the host offers fewer tables than ABI 0.0 asks for");
        goto done;
    }
    plugin = host->core->alloc(host->context, sizeof *plugin, ORTK_ALIGN);
    if (!plugin) {
        status = ortk_out_of_memory();
        goto done;
    }
    memset(plugin, 0, sizeof *plugin);
    plugin->provider = provider;
    plugin->table = table;
    plugin->host = host;
    ORTK_TRY_TO(done, plugin_fill(plugin));
    *out = plugin;
    plugin = NULL;
done:
    ortk_plugin_shutdown(plugin);
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_plugin_device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason) {
    const ortp_host *before = ortk_host_enter(plugin->host);
    *out_count = 0;
    if (out_reason) *out_reason = (ort_string_view){"", 0};
    ort_string_view reason = {"", 0};
    ort_status *status = plugin->provider->device_count(plugin->context, out_count, &reason);
    if (out_reason) *out_reason = reason;
    ortk_host_leave(before);
    return status;
}

/* Out-structs: what the callee knows, as much as the caller has room for. */
static void out_copy(void *out, const void *filled, uint32_t filled_bytes) {
    uint32_t capacity = *(uint32_t *)out, size = capacity < filled_bytes ? capacity : filled_bytes;
    memcpy(out, filled, size);
    *(uint32_t *)out = size;
}

static ort_status *device_check(ortp_plugin *plugin, uint32_t device) {
    uint32_t count = 0;
    ort_string_view reason;
    ORTK_TRY(plugin->provider->device_count(plugin->context, &count, &reason));
    if (device < count) return NULL;
    return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "device %u: there are %u", (unsigned)device, (unsigned)count);
}

ort_status *ortk_plugin_device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    const ortp_host *before = ortk_host_enter(plugin->host);
    ortp_device_info info = {.size = sizeof info, .numa_node = ORTP_NONE};
    ort_status *status = device_check(plugin, device);
    if (!status) status = plugin->provider->device_describe(plugin->context, device, &info);
    if (!status) out_copy(out, &info, sizeof info);
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_plugin_device_live(ortp_plugin *plugin, uint32_t device, ortp_device_live *out) {
    const ortp_host *before = ortk_host_enter(plugin->host);
    ortp_device_live live = {.size = sizeof live};
    ort_status *status = device_check(plugin, device);
    if (!status && plugin->provider->device_live)
        status = plugin->provider->device_live(plugin->context, device, &live);
    if (!status) out_copy(out, &live, sizeof live);
    ortk_host_leave(before);
    return status;
}

static ort_status *instance_fill(ortp_instance *instance, const ortp_open_args *args) {
    ortp_plugin *plugin = instance->plugin;
    ortp_device_info info = {.size = sizeof info};
    ORTK_TRY(ortk_unknown_check("open", args->flags, args->next));
    if (args->device_count != 1)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "an instance of %u devices: this provider opens one at a time",
                         (unsigned)args->device_count);
    ORTK_TRY(device_check(plugin, args->devices[0]));
    ORTK_TRY(plugin->provider->device_describe(plugin->context, args->devices[0], &info));
    instance->device_id = info.id;
    instance->flops_per_ns = info.flops_per_ns > 0 ? info.flops_per_ns : 10;
    instance->bytes_per_ns = info.bytes_per_ns > 0 ? info.bytes_per_ns : 10;
    instance->launch_ns = info.launch_ns;
    if (plugin->provider->open) ORTK_TRY(plugin->provider->open(plugin->context, args, &instance->settings));
    if (instance->settings.align_bytes < ORTK_ALIGN) instance->settings.align_bytes = ORTK_ALIGN;
    if (!(instance->settings.inline_hot_ns > 0)) instance->settings.inline_hot_ns = 3000;
    if (!(instance->settings.inline_cold_ns > 0)) instance->settings.inline_cold_ns = 100000;
    return NULL;
}

ort_status *ortk_plugin_open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    *out = NULL;
    const ortp_host *host = plugin->host, *before = ortk_host_enter(host);
    ort_status *status = NULL;
    ortp_instance *instance = host->core->alloc(host->context, sizeof *instance, ORTK_ALIGN);
    if (!instance) {
        status = ortk_out_of_memory();
        goto done;
    }
    memset(instance, 0, sizeof *instance);
    instance->plugin = plugin;
    instance->host = host;
    atomic_flag_clear(&instance->lock);
    atomic_init(&instance->next_token, 1);
    status = instance_fill(instance, args);
    if (status) {
        host->core->release(host->context, instance);
        goto done;
    }
    *out = instance;
done:
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_plugin_quiesce(ortp_instance *instance, uint64_t deadline_ns) {
    (void)instance; /* inline queues: what was submitted has settled */
    (void)deadline_ns;
    return NULL;
}

void ortk_plugin_close(ortp_instance *instance) {
    if (!instance) return;
    const ortp_host *host = instance->host, *before = ortk_host_enter(host);
    ortk_claim *next = NULL;
    for (ortk_claim *claim = instance->claims; claim; claim = next) {
        next = claim->next;
        ortk_claim_destroy(claim);
    }
    if (instance->plugin->provider->close)
        instance->plugin->provider->close(instance->plugin->context, &instance->settings);
    host->core->release(host->context, instance);
    ortk_host_leave(before);
}

static const ortp_setting *setting_find(const ortp_open_args *args, const char *name) {
    const unsigned char *at = (const unsigned char *)args->settings;
    uint32_t stride = args->setting_stride ? args->setting_stride : (uint32_t)sizeof(ortp_setting);
    for (uint64_t i = 0; i < args->setting_count; i++, at += stride) {
        const ortp_setting *setting = (const ortp_setting *)(const void *)at;
        if (ortk_view_is(setting->name, name)) return setting;
    }
    return NULL;
}

bool ortk_setting_bool(const ortp_open_args *args, const char *name, bool fallback) {
    const ortp_setting *setting = setting_find(args, name);
    return setting && setting->kind == ORTP_SETTING_BOOL ? setting->integer != 0 : fallback;
}

int64_t ortk_setting_int(const ortp_open_args *args, const char *name, int64_t fallback) {
    const ortp_setting *setting = setting_find(args, name);
    return setting && setting->kind == ORTP_SETTING_INT ? setting->integer : fallback;
}

ort_string_view ortk_setting_text(const ortp_open_args *args, const char *name, const char *fallback) {
    const ortp_setting *setting = setting_find(args, name);
    if (setting && setting->kind == ORTP_SETTING_STRING) return setting->text;
    return (ort_string_view){fallback, strlen(fallback)};
}

const ortp_host *ortk_instance_host(const ortp_instance *instance) {
    return instance->host;
}

void *ortk_instance_context(const ortp_instance *instance) {
    return instance->settings.context;
}
