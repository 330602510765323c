/* L1: what devices say of themselves. */
#include "bare/bare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 32u
#define SPACE_FLAGS (ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING)

static bool describe(ortc_bare *bare, uint32_t device, ortp_device_info *out) {
    *out = (ortp_device_info){.size = sizeof *out, .numa_node = ORTP_NONE};
    return ortc_bare_ok(bare, bare->plugin.device_describe(bare->made, device, out), "device.facts", "device_describe");
}

static const char *space_fault(const ortp_space_info *space) {
    uint64_t align = space->align_bytes;
    if (space->size < ORTP_SPACE_INFO_SIZE_0_0) return "has a short size";
    if (align == 0 || (align & (align - 1))) return "has an alignment that is no power of two";
    if (!space->name.data || !space->name.length) return "has no name";
    if (space->size_bytes && space->max_buffer_bytes > space->size_bytes) return "has buffers larger than itself";
    return NULL;
}

static bool spaces_check(ortc_context *context, const ortp_device_info *info, uint32_t device) {
    if (info->space_count == 0 || !info->spaces || info->space_stride < ORTP_SPACE_INFO_SIZE_0_0) {
        ortc_fail(context, "device.facts", "device %u has %u spaces at a stride of %u bytes", device, info->space_count,
                  info->space_stride);
        return false;
    }
    for (uint32_t i = 0; i < info->space_count; i++) {
        ortp_space_info space;
        memcpy(&space, (const unsigned char *)info->spaces + (size_t)i * info->space_stride, sizeof space);
        const char *wrong = space_fault(&space);
        if (wrong) ortc_fail(context, "device.facts", "space %u of device %u %s", i, device, wrong);
        if (space.flags & ~SPACE_FLAGS & 0xffff0000u)
            ortc_fail(context, "values.known", "space %u of device %u has the flags 0x%x", i, device, space.flags);
    }
    return !ortc_has_failed(context);
}

static bool info_check(ortc_context *context, const ortp_device_info *info, uint32_t device) {
    const char *wrong = info->size < ORTP_DEVICE_INFO_SIZE_0_0 || info->size > sizeof *info ? "says a wrong size"
                        : !info->id.data || !info->id.length                                ? "has no id"
                        : !info->name.data || !info->name.length                            ? "has no name"
                        : !info->dtypes                                                     ? "computes in no type"
                        : !isfinite(info->flops_per_ns) || info->flops_per_ns < 0 || !isfinite(info->bytes_per_ns) ||
                                info->bytes_per_ns < 0 || !isfinite(info->launch_ns) || info->launch_ns < 0
                            ? "has a rate that is negative or not finite"
                            : NULL;
    if (wrong) ortc_fail(context, "device.facts", "device %u %s", device, wrong);
    if (info->kind < ORTP_DEVICE_KIND_CPU || info->kind > ORTP_DEVICE_KIND_OTHER)
        ortc_fail(context, "values.known", "device %u is of kind %u, which device.h does not name", device, info->kind);
    if (info->flags & 0xffff0000u)
        ortc_fail(context, "values.known", "device %u has the flags 0x%x", device, info->flags);
    if (info->dtypes & ~((UINT64_C(1) << ORT_DTYPE_COUNT) - 1))
        ortc_fail(context, "values.known", "device %u computes in types that words.h does not name", device);
    return !ortc_has_failed(context) && spaces_check(context, info, device);
}

static void facts_run(ortc_context *context) {
    ortc_bare bare;
    ortp_device_info infos[DEVICES_MAX];
    if (!ortc_bare_enter(&bare, context) || !ortc_bare_create(&bare) || !ortc_bare_describe(&bare)) goto done;
    ORTC_REQUIRE(context, bare.device_count <= 4096, "device.facts", "there are %u devices", bare.device_count);
    for (uint32_t i = 0; i < bare.device_count && i < DEVICES_MAX; i++) {
        if (!describe(&bare, i, &infos[i]) || !info_check(context, &infos[i], i)) goto done;
        for (uint32_t k = 0; k < i; k++)
            if (infos[k].id.length == infos[i].id.length &&
                memcmp(infos[k].id.data, infos[i].id.data, infos[i].id.length) == 0)
                ortc_fail(context, "device.facts", "devices %u and %u have one id, '%.*s'", k, i,
                          ORTC_TEXT(infos[i].id));
    }
done:
    ortc_bare_finish(&bare);
}

/* An out-struct of `capacity` bytes, canaries behind. */
static bool capacity_check(ortc_bare *bare, uint32_t capacity) {
    unsigned char memory[sizeof(ortp_device_info) + 128];
    memset(memory, 0xca, sizeof memory);
    memcpy(memory, &capacity, sizeof capacity);
    if (!ortc_bare_ok(bare,
                      bare->plugin.device_describe(bare->made, bare->context->subject->device,
                                                   (ortp_device_info *)(void *)memory),
                      "device.facts", "device_describe into a struct of another size"))
        return false;
    uint32_t written = 0;
    memcpy(&written, memory, sizeof written);
    if (written > capacity)
        ortc_fail(bare->context, "out.sizes", "device_describe says it filled %u bytes of %u", written, capacity);
    for (uint32_t i = capacity; i < sizeof memory; i++)
        if (memory[i] != 0xca) {
            ortc_fail(bare->context, "out.sizes", "device_describe wrote byte %u of a struct of %u", i, capacity);
            return false;
        }
    return !ortc_has_failed(bare->context);
}

static void sizes_run(ortc_context *context) {
    ortc_bare bare;
    if (ortc_bare_enter(&bare, context) && ortc_bare_create(&bare) && ortc_bare_describe(&bare))
        (void)(capacity_check(&bare, ORTP_DEVICE_INFO_SIZE_0_0) &&
               capacity_check(&bare, ORTP_DEVICE_INFO_SIZE_0_0 + 64));
    ortc_bare_finish(&bare);
}

static void stable_run(ortc_context *context) {
    ortc_bare one, other;
    char ids[DEVICES_MAX][200];
    ortp_device_info info;
    if (!ortc_bare_enter(&one, context) || !ortc_bare_create(&one) || !ortc_bare_describe(&one)) return;
    for (uint32_t i = 0; i < one.device_count && i < DEVICES_MAX; i++) {
        if (!describe(&one, i, &info)) return;
        snprintf(ids[i], sizeof ids[i], "%.*s", ORTC_TEXT(info.id));
    }
    if (!ortc_bare_enter(&other, context) || !ortc_bare_create(&other) || !ortc_bare_describe(&other)) return;
    ORTC_REQUIRE(context, one.device_count == other.device_count, "device.stable",
                 "one plugin lists %u devices, another %u", one.device_count, other.device_count);
    for (uint32_t i = 0; i < one.device_count && i < DEVICES_MAX; i++) {
        char id[sizeof ids[0]];
        if (!describe(&other, i, &info)) return;
        snprintf(id, sizeof id, "%.*s", ORTC_TEXT(info.id));
        ORTC_REQUIRE(context, strcmp(id, ids[i]) == 0, "device.stable",
                     "device %u is '%s' for one plugin and '%s' for another", i, ids[i], id);
    }
    ortc_bare_finish(&other);
    ortc_bare_finish(&one);
}

static void live_run(ortc_context *context) {
    ortc_bare bare;
    ortp_device_live live = {.size = sizeof live};
    if (!ortc_bare_enter(&bare, context) || !ortc_bare_create(&bare) || !ortc_bare_describe(&bare)) goto done;
    if (!bare.plugin.device_live) {
        ortc_decline(context, "device_live is not offered");
        goto done;
    }
    if (!ortc_bare_ok(&bare, bare.plugin.device_live(bare.made, context->subject->device, &live), "device.facts",
                      "device_live"))
        goto done;
    if (live.is_lost) ortc_fail(context, "device.facts", "the device says that it is lost");
    if (live.total_bytes && live.free_bytes > live.total_bytes)
        ortc_fail(context, "device.facts", "more memory is free than there is");
    ortc_bare_fails(&bare, bare.plugin.device_live(bare.made, bare.device_count, &live), ORT_CODE_INVALID_ARGUMENT,
                    "device.range", "device_live of a device that is not there");
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_facts_checks[] = {
    {"device-facts", 1, 0, "every device says what it must", facts_run},
    {"device-sizes", 1, 0, "device_describe fills a short struct and a long one", sizes_run},
    {"device-stable", 1, 0, "two plugins list the same devices", stable_run},
    {"device-live", 1, 0, "what changes is told, and makes sense", live_run},
};
const uint32_t ortc_facts_check_count = ORTC_COUNT(ortc_facts_checks);
