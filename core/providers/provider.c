#include "providers/internal.h"

#include <string.h>

#define PROBE_TIMEOUT_NS UINT64_C(5000000000)

ort_status *orti_provider_create(orti_providers *providers, const char *path, orti_provider **out) {
    orti_provider *provider = NULL;
    *out = NULL;
    ORT_TRY(orti_grow(providers->alloc, &providers->items, &providers->capacity, providers->count + 1,
                      sizeof(orti_provider *)));
    ORT_TRY(orti_alloc(providers->alloc, 1, sizeof *provider, &provider));
    orti_lock_init(&provider->lock);
    orti_arena_init(&provider->arena, providers->alloc);
    provider->owner = providers;
    provider->stage = provider->reason = provider->device_reason = "";
    provider->manifest = (orti_manifest){
        .id = "", .name = "", .version = "", .vendor = "", .library = "", .architecture = "", .sha256 = ""};
    provider->path = "";
    ort_status *status = orti_arena_string(&provider->arena, path, strlen(path), &provider->path);
    if (status) {
        orti_provider_destroy(provider);
        return status;
    }
    providers->items[providers->count++] = provider;
    *out = provider;
    return NULL;
}

void orti_provider_destroy(orti_provider *provider) {
    if (!provider) return;
    ORT_ASSERT(!provider->instances);
    if (provider->plugin) provider->table.shutdown(provider->plugin);
    orti_arena_finish(&provider->arena);
    orti_lock_finish(&provider->lock);
    orti_free(provider->owner->alloc, provider);
}

bool orti_provider_refuse(orti_provider *provider, const char *stage, ort_status *taken) {
    if (!taken) return true;
    const char *message = ort_status_message(taken), *copy = NULL;
    ort_status *status = orti_arena_string(&provider->arena, message, strlen(message), &copy);
    provider->state = ORTI_PROVIDER_REFUSED;
    provider->stage = stage;
    provider->code = ort_status_code(taken);
    provider->reason = copy ? copy : "out of memory";
    orti_log_write(provider->owner->log, ORTI_LOG_INFO, "providers", "%s: refused (%s): %s", provider->path, stage,
                   message);
    ort_status_destroy(status);
    ort_status_destroy(taken);
    return false;
}

ort_status *orti_provider_refusal(const orti_provider *provider) {
    const char *name = *provider->manifest.name ? provider->manifest.name : provider->path;
    return orti_status_create(provider->code ? provider->code : ORT_CODE_PLUGIN, __FILE__, __LINE__,
                              "provider '%s' was refused (%s): %s", name, provider->stage, provider->reason);
}

ort_status *orti_providers_create(const orti_allocator *alloc, const orti_providers_options *options,
                                  orti_providers **out) {
    orti_providers *providers = NULL;
    ort_status *status = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *providers, &providers));
    providers->alloc = alloc;
    providers->log = options->log;
    providers->probe = options->probe;
    providers->probe_timeout_ns = options->probe_timeout_ns ? options->probe_timeout_ns : PROBE_TIMEOUT_NS;
    providers->thread_count_max = options->thread_count_max ? options->thread_count_max : 1;
    orti_lock_init(&providers->worker_lock);
    ORT_TRY_TO(done, status, orti_store_init(&providers->store, alloc));
    if (options->cache_folder)
        ORT_TRY_TO(done, status,
                   ORT_NOTE(orti_cache_open(alloc, options->cache_folder, options->log, &providers->store.cache),
                            "configuration key 'cache.folder'"));
    if (options->probe_program)
        ORT_TRY_TO(done, status, orti_path_join(alloc, "", options->probe_program, &providers->probe_program));
    ORT_TRY_TO(done, status, orti_find_all(providers, options));
    for (uint32_t i = 0; i < options->static_count; i++)
        ORT_TRY_TO(done, status,
                   orti_find_add_static(providers, options->statics[i].manifest_json, options->statics[i].entry));
    ORT_TRY_TO(done, status, orti_find_shadow(providers));
    *out = providers;
    return NULL;
done:
    orti_providers_destroy(providers);
    return status;
}

void orti_providers_destroy(orti_providers *providers) {
    if (!providers) return;
    orti_worker_destroy(providers->worker);
    for (size_t i = providers->count; i > 0; i--) orti_provider_destroy(providers->items[i - 1]);
    orti_store_finish(&providers->store);
    orti_lock_finish(&providers->worker_lock);
    orti_free(providers->alloc, providers->probe_program);
    orti_free(providers->alloc, providers->items);
    orti_free(providers->alloc, providers);
}

ort_status *orti_providers_register(orti_providers *providers, const char *manifest_json, ortp_entry_fn entry) {
    ORT_TRY(orti_find_add_static(providers, manifest_json, entry));
    const orti_provider *added = providers->items[providers->count - 1];
    /* The one who registers is at hand, unlike who installed a manifest: tell him. */
    if (added->state == ORTI_PROVIDER_REFUSED) return orti_provider_refusal(added);
    return orti_find_shadow(providers);
}

void orti_providers_set_thread_count_max(orti_providers *providers, uint32_t thread_count) {
    providers->thread_count_max = thread_count ? thread_count : 1;
}

uint32_t orti_providers_count(const orti_providers *providers) {
    return (uint32_t)providers->count;
}

orti_provider *orti_providers_at(const orti_providers *providers, uint32_t index) {
    return index < providers->count ? providers->items[index] : NULL;
}

static bool is_called(const orti_provider *provider, const char *name) {
    return strcmp(provider->manifest.name, name) == 0 || strcmp(provider->manifest.id, name) == 0;
}

static ort_status *not_found(const orti_providers *providers, const char *name) {
    const char **names = NULL;
    ORT_TRY(orti_alloc(providers->alloc, providers->count, sizeof *names, &names));
    for (size_t i = 0; i < providers->count; i++) names[i] = providers->items[i]->manifest.name;
    const char *nearest = orti_nearest_name(name, names, providers->count);
    orti_free(providers->alloc, names);
    if (nearest && *nearest) ORT_FAIL(NOT_FOUND, "there is no provider '%s'; did you mean '%s'?", name, nearest);
    ORT_FAIL(NOT_FOUND, "there is no provider '%s' among the %zu found", name, providers->count);
}

ort_status *orti_providers_find(const orti_providers *providers, const char *name, orti_provider **out) {
    orti_provider *refused = NULL;
    *out = NULL;
    for (size_t i = 0; i < providers->count; i++) {
        orti_provider_facts facts;
        if (!is_called(providers->items[i], name)) continue;
        orti_provider_describe(providers->items[i], &facts);
        if (facts.state == ORTI_PROVIDER_USABLE) {
            *out = providers->items[i];
            return NULL;
        }
        if (facts.state == ORTI_PROVIDER_REFUSED) refused = providers->items[i];
    }
    return refused ? orti_provider_refusal(refused) : not_found(providers, name);
}

void orti_provider_describe(const orti_provider *provider, orti_provider_facts *out) {
    orti_lock *lock = (orti_lock *)(uintptr_t)&provider->lock;
    orti_lock_take(lock);
    *out = (orti_provider_facts){.id = provider->manifest.id,
                                 .name = provider->manifest.name,
                                 .version = provider->manifest.version,
                                 .vendor = provider->manifest.vendor,
                                 .path = provider->path,
                                 .library = provider->manifest.library,
                                 .state = provider->state,
                                 .stage = provider->stage,
                                 .reason = provider->reason,
                                 .code = provider->code,
                                 .priority = provider->manifest.priority,
                                 .is_open = provider->is_open,
                                 .is_static = provider->is_static};
    orti_lock_give(lock);
}

const char *orti_provider_name(const orti_provider *provider) {
    return provider->manifest.name;
}

uint32_t orti_provider_device_count(const orti_provider *provider) {
    return provider->device_count;
}

const ortp_device_info *orti_provider_device(const orti_provider *provider, uint32_t index) {
    return index < provider->device_count ? &provider->devices[index] : NULL;
}

const char *orti_provider_device_reason(const orti_provider *provider) {
    return provider->device_reason;
}

const ortp_option_schema *orti_provider_options(const orti_provider *provider) {
    return provider->options.options ? &provider->options : NULL;
}

const ortp_ops_table *orti_provider_ops(const orti_provider *provider) {
    return provider->ops.schema_count ? &provider->ops : NULL;
}
