/* The devices that a plugin lists: asked once, checked, copied. */
#include "providers/internal.h"

#include <math.h>
#include <string.h>

static bool is_good_number(double number) {
    return isfinite(number) && number >= 0;
}

static bool is_power_of_two(uint64_t number) {
    return number && (number & (number - 1)) == 0;
}

/* A copy of what the plugin filled, zero behind it. */
static ort_status *space_copy(orti_arena *arena, const uint8_t *from, ortp_space_info *out) {
    uint32_t size = 0;
    memcpy(&size, from, sizeof size);
    if (size < ORTP_SPACE_INFO_SIZE_0_0)
        ORT_FAIL(PLUGIN, "a memory space has the size %u, at least %u are due", size, ORTP_SPACE_INFO_SIZE_0_0);
    memcpy(out, from, size < sizeof *out ? size : sizeof *out);
    ORT_TRY(orti_check_flags(out->flags, "a memory space"));
    ORT_TRY(orti_check_view(arena, out->name, "the name of a memory space", &out->name));
    if (!out->align_bytes) out->align_bytes = ORTI_ALIGN_BYTES;
    if (!is_power_of_two(out->align_bytes))
        ORT_FAIL(PLUGIN, "a memory space is aligned to %llu bytes, which is no power of two",
                 (unsigned long long)out->align_bytes);
    return NULL;
}

static ort_status *spaces_copy(orti_arena *arena, ortp_device_info *info) {
    const uint8_t *from = (const uint8_t *)info->spaces;
    ortp_space_info *spaces = NULL;
    if (info->space_count == 0 || !from) ORT_FAIL(PLUGIN, "has no memory space");
    if (info->space_count > PROVIDER_SPACE_COUNT_MAX)
        ORT_FAIL(PLUGIN, "has %u memory spaces; %u are the most", info->space_count, PROVIDER_SPACE_COUNT_MAX);
    if (info->space_stride < ORTP_SPACE_INFO_SIZE_0_0)
        ORT_FAIL(PLUGIN, "its memory spaces are %u bytes apart, at least %u are due", info->space_stride,
                 ORTP_SPACE_INFO_SIZE_0_0);
    ORT_TRY(orti_arena_alloc(arena, info->space_count, sizeof *spaces, &spaces));
    for (uint32_t i = 0; i < info->space_count; i++)
        ORT_TRY(space_copy(arena, from + (size_t)i * info->space_stride, &spaces[i]));
    info->spaces = spaces;
    info->space_stride = sizeof *spaces;
    return NULL;
}

static ort_status *device_check(orti_arena *arena, ortp_device_info *info) {
    if (info->size < ORTP_DEVICE_INFO_SIZE_0_0 || info->size > sizeof *info)
        ORT_FAIL(PLUGIN, "is described in %u bytes, %u to %zu are due", info->size, ORTP_DEVICE_INFO_SIZE_0_0,
                 sizeof *info);
    ORT_TRY(orti_check_flags(info->flags, "it"));
    ORT_TRY(orti_check_view(arena, info->id, "its id", &info->id));
    if (!info->id.length) ORT_FAIL(PLUGIN, "has no stable id");
    ORT_TRY(orti_check_view(arena, info->name, "its name", &info->name));
    ORT_TRY(orti_check_view(arena, info->vendor, "its vendor", &info->vendor));
    ORT_TRY(orti_check_view(arena, info->driver_version, "its driver's version", &info->driver_version));
    ORT_TRY(orti_check_view(arena, info->pci_address, "its PCI address", &info->pci_address));
    if (!is_good_number(info->flops_per_ns) || !is_good_number(info->bytes_per_ns) || !is_good_number(info->launch_ns))
        ORT_FAIL(PLUGIN, "estimates a rate that is no number or below zero");
    return spaces_copy(arena, info);
}

static ort_status *device_read(orti_provider *provider, uint32_t index) {
    ortp_device_info *info = &provider->devices[index];
    *info = (ortp_device_info){.size = sizeof *info, .numa_node = ORTP_NONE};
    ort_status *status = provider->table.device_describe(provider->plugin, index, info);
    if (!status) status = device_check(&provider->arena, info);
    for (uint32_t i = 0; !status && i < index; i++)
        if (strcmp(provider->devices[i].id.data, info->id.data) == 0)
            status = ORT_STATUS(PLUGIN, "has the id '%s' of device %u", info->id.data, i);
    return ORT_NOTE(status, "device %u", index);
}

ort_status *orti_devices_read(orti_provider *provider) {
    uint32_t count = 0;
    ort_string_view reason = {0};
    ORT_TRY(provider->table.device_count(provider->plugin, &count, &reason));
    ORT_TRY(orti_check_text(&provider->arena, reason, "the reason for having no device", &provider->device_reason));
    if (count > PROVIDER_DEVICE_COUNT_MAX)
        ORT_FAIL(PLUGIN, "lists %u devices; %u are the most", count, PROVIDER_DEVICE_COUNT_MAX);
    ORT_TRY(orti_arena_alloc(&provider->arena, count, sizeof *provider->devices, &provider->devices));
    for (uint32_t i = 0; i < count; i++) ORT_TRY(device_read(provider, i));
    provider->device_count = count;
    return NULL;
}

ort_status *orti_provider_device_live(orti_provider *provider, uint32_t index, ortp_device_live *out) {
    *out = (ortp_device_live){.size = sizeof *out};
    if (index >= provider->device_count)
        ORT_FAIL(NOT_FOUND, "provider '%s' has no device %u, but %u devices", provider->manifest.name, index,
                 provider->device_count);
    if (!provider->table.device_live) return NULL;
    return ORT_NOTE(provider->table.device_live(provider->plugin, index, out), "provider '%s'",
                    provider->manifest.name);
}
