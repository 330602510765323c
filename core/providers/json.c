#include "providers/internal.h"

#include <string.h>

static void add_text(orti_text *text, const char *key, const char *value) {
    orti_text_add(text, "\"%s\":\"", key);
    orti_text_add_escaped(text, value, strlen(value));
    orti_text_add(text, "\",");
}

static void add_device(orti_text *text, const ortp_device_info *device, uint32_t index) {
    static const char *const kinds[] = {"other", "cpu", "gpu", "npu", "other"};
    orti_text_add(text, "%s{", index ? "," : "");
    add_text(text, "id", device->id.data);
    add_text(text, "name", device->name.data);
    add_text(text, "vendor", device->vendor.data);
    add_text(text, "driver_version", device->driver_version.data);
    add_text(text, "pci_address", device->pci_address.data);
    add_text(text, "kind", kinds[device->kind < 5 ? device->kind : 0]);
    orti_text_add(text, "\"index\":%u}", index);
}

static void add_provider(orti_text *text, const orti_provider *provider, uint32_t index) {
    static const char *const states[] = {"usable", "refused", "shadowed"};
    orti_provider_facts facts;
    orti_provider_describe(provider, &facts);
    orti_text_add(text, "%s{", index ? "," : "");
    add_text(text, "name", facts.name);
    add_text(text, "id", facts.id);
    add_text(text, "version", facts.version);
    add_text(text, "vendor", facts.vendor);
    add_text(text, "manifest", facts.path);
    add_text(text, "library", facts.library);
    add_text(text, "state", states[facts.state]);
    add_text(text, "stage", facts.stage);
    add_text(text, "code", facts.code ? ort_code_name(facts.code) : "");
    add_text(text, "reason", facts.reason);
    orti_text_add(text, "\"devices\":[");
    for (uint32_t i = 0; facts.is_open && i < provider->device_count; i++) add_device(text, &provider->devices[i], i);
    orti_text_add(text, "]}");
}

ort_status *orti_providers_json(const orti_providers *providers, orti_text *text) {
    orti_text_add(text, "{\"schema\":1,\"providers\":[");
    for (uint32_t i = 0; i < providers->count; i++) add_provider(text, providers->items[i], i);
    orti_text_add(text, "]}");
    return orti_text_status(text);
}
