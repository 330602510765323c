#include "base/file.h"
#include "providers/internal.h"

#include <stdlib.h>
#include <string.h>

#define QUIESCE_NS UINT64_C(10000000000)

/* ---- key: equal devices and settings are one instance ---- */

static int setting_compare(const void *a, const void *b) {
    const ortp_setting *x = *(const ortp_setting *const *)a, *y = *(const ortp_setting *const *)b;
    size_t shorter = (size_t)(x->name.length < y->name.length ? x->name.length : y->name.length);
    int order = memcmp(x->name.data, y->name.data, shorter);
    if (order) return order;
    return x->name.length < y->name.length ? -1 : x->name.length > y->name.length;
}

static void setting_print(const ortp_setting *setting, orti_text *text) {
    orti_text_add(text, ";%llu:", (unsigned long long)setting->name.length);
    orti_text_add_bytes(text, setting->name.data, (size_t)setting->name.length);
    orti_text_add(text, "=%u:", setting->kind);
    switch (setting->kind) {
    case ORTP_SETTING_STRING:
        orti_text_add(text, "%llu:", (unsigned long long)setting->text.length);
        if (setting->text.length) orti_text_add_bytes(text, setting->text.data, (size_t)setting->text.length);
        break;
    case ORTP_SETTING_FLOAT:
        orti_text_add(text, "%a", setting->number);
        break;
    default:
        orti_text_add(text, "%lld", (long long)setting->integer);
        break;
    }
}

static ort_status *key_create(const orti_allocator *alloc, const uint32_t *devices, uint32_t device_count,
                              const ortp_setting *settings, uint32_t setting_count, char **out) {
    orti_text text;
    const ortp_setting **sorted = NULL;
    ORT_TRY(orti_alloc(alloc, setting_count, sizeof *sorted, &sorted));
    for (uint32_t i = 0; i < setting_count; i++) sorted[i] = &settings[i];
    if (setting_count) qsort(sorted, setting_count, sizeof *sorted, setting_compare);
    orti_text_init(&text, alloc);
    for (uint32_t i = 0; i < device_count; i++) orti_text_add(&text, "%u,", devices[i]);
    for (uint32_t i = 0; i < setting_count; i++) setting_print(sorted[i], &text);
    ort_status *status = orti_text_take(&text, out);
    orti_text_finish(&text);
    orti_free(alloc, sorted);
    return status;
}

/* ---- open ---- */

static ort_status *devices_check(const orti_provider *provider, const uint32_t *devices, uint32_t device_count) {
    if (device_count == 0)
        ORT_FAIL(NOT_FOUND, "provider '%s': no device is named%s%s", provider->manifest.name,
                 *provider->device_reason ? ": " : "", provider->device_reason);
    for (uint32_t i = 0; i < device_count; i++) {
        if (devices[i] >= provider->device_count)
            ORT_FAIL(NOT_FOUND, "provider '%s' has no device %u; it has %u%s%s", provider->manifest.name, devices[i],
                     provider->device_count, *provider->device_reason ? ": " : "", provider->device_reason);
        for (uint32_t j = 0; j < i; j++)
            if (devices[j] == devices[i])
                ORT_FAIL(INVALID_ARGUMENT, "provider '%s': device %u is named twice", provider->manifest.name,
                         devices[i]);
    }
    return NULL;
}

static void instance_free(orti_instance *instance) {
    const orti_allocator *alloc = instance->provider->owner->alloc;
    orti_free(alloc, instance->key);
    orti_free(alloc, instance->devices);
    orti_free(alloc, instance);
}

static ort_status *instance_create(orti_provider *provider, const ortp_open_args *args, char **key_taken,
                                   orti_instance **out) {
    const orti_allocator *alloc = provider->owner->alloc;
    orti_instance *instance = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *instance, &instance));
    instance->provider = provider;
    instance->ref_count = 1;
    instance->device_count = args->device_count;
    instance->hot = (orti_instance_hot){provider->program.run, provider->program.rebind, provider->queue.copy,
                                        provider->queue.point_state};
    ort_status *status = orti_alloc(alloc, args->device_count, sizeof *instance->devices, &instance->devices);
    if (!status) memcpy(instance->devices, args->devices, args->device_count * sizeof *instance->devices);
    if (!status) status = orti_instance_note(instance, provider->table.open(provider->plugin, args, &instance->handle));
    if (!status && !instance->handle) status = orti_breach(instance, "open", "succeeded and gave no instance");
    if (status) {
        instance_free(instance);
        return status;
    }
    instance->key = *key_taken;
    *key_taken = NULL;
    instance->next = provider->instances;
    provider->instances = instance;
    *out = instance;
    return NULL;
}

ort_status *orti_instance_open(orti_provider *provider, const uint32_t *devices, uint32_t device_count,
                               const ortp_setting *settings, uint32_t setting_count, orti_instance **out) {
    char *key = NULL;
    orti_instance *found = NULL;
    *out = NULL;
    ORT_TRY(orti_provider_open(provider));
    ORT_TRY(devices_check(provider, devices, device_count));
    ORT_TRY(orti_provider_check_settings(provider, ORTP_OPTION_SCOPE_INSTANCE, settings, setting_count));
    ORT_TRY(key_create(provider->owner->alloc, devices, device_count, settings, setting_count, &key));
    const ortp_open_args args = {.size = sizeof args,
                                 .devices = devices,
                                 .device_count = device_count,
                                 .setting_stride = sizeof *settings,
                                 .settings = setting_count ? settings : NULL,
                                 .setting_count = setting_count};
    orti_lock_take(&provider->lock);
    for (found = provider->instances; found && strcmp(found->key, key) != 0;) found = found->next;
    ort_status *status = NULL;
    if (found)
        found->ref_count++;
    else
        status = instance_create(provider, &args, &key, &found);
    orti_lock_give(&provider->lock);
    orti_free(provider->owner->alloc, key);
    if (!status) *out = found;
    return status;
}

orti_instance *orti_instance_retain(orti_instance *instance) {
    orti_lock_take(&instance->provider->lock);
    instance->ref_count++;
    orti_lock_give(&instance->provider->lock);
    return instance;
}

static void instance_close(orti_instance *instance) {
    orti_provider *provider = instance->provider;
    if (provider->table.quiesce) {
        ort_status *status = provider->table.quiesce(instance->handle, orti_clock_ns() + QUIESCE_NS);
        if (status)
            orti_log_write(provider->owner->log, ORTI_LOG_WARNING, "providers", "provider '%s': quiesce: %s",
                           provider->manifest.name, ort_status_message(status));
        ort_status_destroy(status);
    }
    provider->table.close(instance->handle);
    instance_free(instance);
}

void orti_instance_release(orti_instance *instance) {
    if (!instance) return;
    orti_provider *provider = instance->provider;
    orti_lock_take(&provider->lock);
    bool is_last = --instance->ref_count == 0;
    if (is_last) {
        orti_instance **slot = &provider->instances;
        while (*slot != instance) slot = &(*slot)->next;
        *slot = instance->next;
    }
    orti_lock_give(&provider->lock);
    if (is_last) instance_close(instance);
}

orti_provider *orti_instance_provider(const orti_instance *instance) {
    return instance->provider;
}

uint32_t orti_instance_device_count(const orti_instance *instance) {
    return instance->device_count;
}

const ortp_device_info *orti_instance_device(const orti_instance *instance, uint32_t device) {
    return device < instance->device_count ? &instance->provider->devices[instance->devices[device]] : NULL;
}

bool orti_instance_is_host_addressable(const orti_instance *instance, uint32_t device) {
    const ortp_device_info *info = orti_instance_device(instance, device);
    return info && (info->flags & ORTP_DEVICE_HOST_ADDRESSABLE);
}

const orti_instance_hot *orti_instance_hot_table(const orti_instance *instance) {
    return &instance->hot;
}

ort_status *orti_instance_note(const orti_instance *instance, ort_status *status) {
    return ORT_NOTE(status, "provider '%s'", instance->provider->manifest.name);
}
