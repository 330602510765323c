/* What an environment tells of its providers, devices and cores. */
#include "session/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

ort_status *ort_environment_open_providers(ort_environment *environment) {
    if (!environment) ORT_FAIL(INVALID_ARGUMENT, "ort_environment_open_providers: environment is NULL");
    for (uint32_t i = 0; i < orti_providers_count(environment->providers); i++) {
        orti_provider *provider = orti_providers_at(environment->providers, i);
        orti_provider_facts facts;
        orti_provider_describe(provider, &facts);
        if (facts.state != ORTI_PROVIDER_USABLE) continue;
        ort_status *status = orti_provider_open(provider);
        if (ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY) return status;
        ort_status_destroy(status); /* recorded with the provider */
    }
    return NULL;
}

uint32_t ort_environment_provider_count(const ort_environment *environment) {
    return environment ? orti_providers_count(environment->providers) : 0;
}

static ort_status *provider_at(const ort_environment *environment, uint32_t index, orti_provider **out) {
    if (!environment) ORT_FAIL(INVALID_ARGUMENT, "environment is NULL");
    if (index >= orti_providers_count(environment->providers))
        ORT_FAIL(NOT_FOUND, "there is no provider %u, only %u", index, orti_providers_count(environment->providers));
    *out = orti_providers_at(environment->providers, index);
    return NULL;
}

ort_status *ort_environment_provider(const ort_environment *environment, uint32_t index, ort_provider_info *out) {
    static const uint32_t states[] = {[ORTI_PROVIDER_USABLE] = ORT_PROVIDER_USABLE,
                                      [ORTI_PROVIDER_REFUSED] = ORT_PROVIDER_REFUSED,
                                      [ORTI_PROVIDER_SHADOWED] = ORT_PROVIDER_SHADOWED};
    orti_provider *provider = NULL;
    orti_provider_facts facts;
    ORT_TRY(provider_at(environment, index, &provider));
    orti_provider_describe(provider, &facts);
    const ort_provider_info info = {.state = states[facts.state],
                                    .name = facts.name,
                                    .id = facts.id,
                                    .version = facts.version,
                                    .vendor = facts.vendor,
                                    .path = facts.path,
                                    .stage = facts.stage,
                                    .reason = facts.reason,
                                    .code = facts.code,
                                    .device_count = facts.is_open ? orti_provider_device_count(provider) : 0};
    return orti_info_copy(out, &info, sizeof info, "ort_environment_provider");
}

static const char *kind_name(uint32_t kind) {
    static const char *const names[] = {"unknown", "cpu", "gpu", "npu", "other"};
    return kind < sizeof names / sizeof *names ? names[kind] : "other";
}

static const char *text_of(ort_string_view view) {
    return view.length ? view.data : "";
}

ort_status *ort_environment_device(const ort_environment *environment, uint32_t provider_index, uint32_t device,
                                   ort_device_info *out) {
    orti_provider *provider = NULL;
    ORT_TRY(provider_at(environment, provider_index, &provider));
    orti_provider_facts facts;
    orti_provider_describe(provider, &facts);
    if (!facts.is_open || device >= orti_provider_device_count(provider))
        ORT_FAIL(NOT_FOUND, "provider '%s' has no device %u%s", facts.name, device,
                 facts.is_open ? "" : ": it is not open");
    const ortp_device_info *known = orti_provider_device(provider, device);
    ortp_device_live live = {0};
    ort_status_destroy(orti_provider_device_live(provider, device, &live));
    /* The provider's copies of texts are terminated. */
    const ort_device_info info = {.provider = provider_index,
                                  .index = device,
                                  .numa_node = known->numa_node,
                                  .kind = kind_name(known->kind),
                                  .name = text_of(known->name),
                                  .vendor = text_of(known->vendor),
                                  .id = text_of(known->id),
                                  .driver_version = text_of(known->driver_version),
                                  .pci_address = text_of(known->pci_address),
                                  .memory_bytes = live.total_bytes     ? live.total_bytes
                                                  : known->space_count ? known->spaces[0].size_bytes
                                                                       : 0,
                                  .free_bytes = live.free_bytes};
    return orti_info_copy(out, &info, sizeof info, "ort_environment_device");
}

/* ---- topology as JSON ---- */

static void text_escaped(orti_text *text, const char *key, const char *value) {
    orti_text_add(text, "\"%s\":\"", key);
    orti_text_add_escaped(text, value, strlen(value));
    orti_text_add(text, "\"");
}

static void print_node_number(orti_text *text, uint32_t number) {
    if (number == ORTI_TOPOLOGY_NONE)
        orti_text_add(text, "\"numa_node\":null");
    else
        orti_text_add(text, "\"numa_node\":%u", number);
}

static void print_facts(orti_text *text, const orti_topology_facts *facts) {
    text_escaped(text, "cpu", facts->cpu_name);
    orti_text_add(text, ",\"packages\":%u,\"cores\":%u,\"cpus\":%u,\"machine_cpus\":%u,\"groups\":%u",
                  facts->package_count, facts->core_count, facts->cpu_count, facts->machine_cpu_count,
                  facts->group_count);
    orti_text_add(text, ",\"limits\":{\"threads\":%u,", facts->thread_limit);
    text_escaped(text, "threads_reason", facts->thread_limit_reason);
    orti_text_add(text, ",\"whole_machine\":%s,\"quota_cpus\":", facts->is_whole_machine ? "true" : "false");
    if (facts->quota_cpus > 0)
        orti_text_add(text, "%.3g,", facts->quota_cpus);
    else
        orti_text_add(text, "null,");
    text_escaped(text, "allowed_cpus", facts->allowed_cpus);
    orti_text_add(text, "},\"caches\":[");
    for (uint32_t i = 0; i < facts->cache_count; i++)
        orti_text_add(text, "%s{\"level\":%u,\"count\":%u,\"bytes\":%" PRIu64 ",\"cores\":%u}", i ? "," : "",
                      facts->caches[i].level, facts->caches[i].count, facts->caches[i].size_bytes,
                      facts->caches[i].core_count);
    orti_text_add(text, "],\"nodes\":[");
    for (uint32_t i = 0; i < facts->node_count; i++) {
        orti_text_add(text, "%s{\"number\":%u,\"cores\":%u,\"bytes\":%" PRIu64 ",", i ? "," : "",
                      facts->nodes[i].number, facts->nodes[i].core_count, facts->nodes[i].memory_bytes);
        text_escaped(text, "cpus", facts->nodes[i].cpus);
        orti_text_add(text, "}");
    }
    orti_text_add(text, "]");
}

static void print_lane(orti_text *text, const orti_lane *lane) {
    static const char *const binds[] = {"caches", "none", "cores"};
    orti_text_add(text, "{\"lane\":%u,\"threads\":%u,\"cores\":%u,", lane->number, lane->thread_count,
                  lane->core_count);
    print_node_number(text, lane->numa_node);
    orti_text_add(text, ",\"l1_bytes\":%" PRIu64 ",\"l2_bytes\":%" PRIu64 ",\"l3_bytes\":%" PRIu64 ",", lane->l1_bytes,
                  lane->l2_bytes, lane->l3_bytes);
    text_escaped(text, "cpus", lane->cpus);
    orti_text_add(text, ",");
    text_escaped(text, "threads_reason", lane->thread_reason);
    orti_text_add(text, ",");
    text_escaped(text, "bind", binds[lane->bind]);
    orti_text_add(text, ",");
    text_escaped(text, "bind_reason", lane->bind_reason);
    orti_text_add(text, "}");
}

static void print_feed(orti_text *text, const char *device, const char *name, const orti_feed *feed) {
    orti_text_add(text, "{");
    text_escaped(text, "device", device);
    orti_text_add(text, ",");
    text_escaped(text, "name", name);
    orti_text_add(text, ",");
    print_node_number(text, feed->numa_node);
    if (feed->lane == ORTI_TOPOLOGY_NONE)
        orti_text_add(text, ",\"lane\":null,");
    else
        orti_text_add(text, ",\"lane\":%u,", feed->lane);
    orti_text_add(text, "\"cores\":%u,", feed->core_count);
    text_escaped(text, "cpus", feed->cpus);
    orti_text_add(text, ",");
    text_escaped(text, "reason", feed->reason);
    orti_text_add(text, "}");
}

/* Display controllers and processing accelerators (PCI Code and ID Assignment: classes 03 and 12). */
static bool is_accelerator(const orti_topology_device *device) {
    return device->class_id >> 8 == 0x03 || device->class_id >> 8 == 0x12;
}

static void print_pci_feeds(orti_text *text, const ort_environment *environment, const orti_topology *topology,
                            uint32_t *io_count) {
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    for (uint32_t i = 0; i < facts->device_count; i++) {
        const orti_topology_device *device = &facts->devices[i];
        orti_feed feed;
        if (!is_accelerator(device)) continue;
        orti_lanes_feed(environment->lanes, topology, device->address, ORTI_TOPOLOGY_NONE, &feed);
        orti_text_add(text, (*io_count)++ ? "," : "");
        print_feed(text, device->address, device->name, &feed);
    }
}

/* Devices of the providers that are open. */
static void print_provider_feeds(orti_text *text, const ort_environment *environment, const orti_topology *topology,
                                 uint32_t *io_count) {
    for (uint32_t p = 0; p < orti_providers_count(environment->providers); p++) {
        const orti_provider *provider = orti_providers_at(environment->providers, p);
        orti_provider_facts facts;
        orti_provider_describe(provider, &facts);
        for (uint32_t d = 0; facts.is_open && d < orti_provider_device_count(provider); d++) {
            const ortp_device_info *device = orti_provider_device(provider, d);
            char name[160];
            orti_feed feed;
            if (device->kind == ORTP_DEVICE_KIND_CPU) continue;
            snprintf(name, sizeof name, "%.128s:%u", facts.name, d);
            orti_environment_feed(environment, topology, device, &feed);
            orti_text_add(text, (*io_count)++ ? "," : "");
            print_feed(text, name, text_of(device->name), &feed);
        }
    }
}

ort_status *ort_environment_topology_json(const ort_environment *environment, char **out) {
    if (!environment || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_environment_topology_json: an argument is NULL");
    const orti_topology_source with_devices = {.wants_devices = true};
    orti_topology *topology = NULL;
    uint32_t count = 0;
    orti_text text;
    *out = NULL;
    /* Reading PCI takes a while, so that an environment does without. */
    ORT_TRY(orti_topology_create(environment->alloc, &with_devices, &topology));
    orti_text_init(&text, environment->alloc);
    orti_text_add(&text, "{\"schema\":1,");
    print_facts(&text, orti_topology_facts_of(environment->topology));
    orti_text_add(&text, ",");
    text_escaped(&text, "lanes_reason", orti_lanes_reason(environment->lanes));
    orti_text_add(&text, ",\"lanes\":[");
    for (uint32_t i = 0; i < environment->lane_count; i++) {
        orti_text_add(&text, i ? "," : "");
        print_lane(&text, orti_lanes_at(environment->lanes, i));
    }
    orti_text_add(&text, "],\"feeding\":[");
    print_pci_feeds(&text, environment, topology, &count);
    print_provider_feeds(&text, environment, topology, &count);
    orti_text_add(&text, "]}");
    ort_status *status = orti_text_take(&text, out);
    orti_text_finish(&text);
    orti_topology_destroy(topology);
    return status;
}
