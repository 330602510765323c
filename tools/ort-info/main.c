/* ort-info: which providers and devices are here, and why others are not. */
#include "common/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    tool_settings settings;
    tool_list positional;
    const char *model;
    bool why, topology, placement, json;
} arguments;

static const tool_option options[] = {
    {"--why", TOOL_FLAG, NULL, "also what was found and not used: one line each, with the reason", &arguments.why},
    {"--topology", TOOL_FLAG, NULL, "cores, caches, NUMA nodes, limits, lanes, and which cores feed which device; why",
     &arguments.topology},
    {"--model", TOOL_TEXT, "FILE", "describe a model's inputs and outputs", &arguments.model},
    {"--placement", TOOL_FLAG, NULL, "with --model: where every node would go", &arguments.placement},
    {"--provider", TOOL_TEXT, "LIST", "with --placement: providers in order of preference",
     &arguments.settings.providers},
    {"--config", TOOL_TEXT, "FILE", "a JSON file of options", &arguments.settings.config},
    {"-o", TOOL_LIST, "KEY=VALUE", "one option; may repeat", &arguments.settings.assignments},
    {"--json", TOOL_FLAG, NULL, "one JSON document (schema 1) instead of text", &arguments.json},
};
static const tool self = {
    .name = "ort-info",
    .usage = "ort-info [PROVIDER[:DEVICE]] [options]",
    .summary =
        "Lists execution providers and their devices. Plugins are opened in a process of their own first, so that\n"
        "one that crashes or hangs is a line in the list.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional = &arguments.positional,
};

static const char *const states[] = {"?", "usable", "refused", "shadowed"};

static json_t *device_json(const ort_device_info *device) {
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "index", (int)device->index, "kind", device->kind,
                     "name", device->name, "vendor", device->vendor, "id", device->id, "driver", device->driver_version,
                     "pci", device->pci_address, "memory_bytes", (json_int_t)device->memory_bytes, "free_bytes",
                     (json_int_t)device->free_bytes);
}

static json_t *provider_json(const ort_provider_info *provider) {
    const char *state = provider->state < 4 ? states[provider->state] : states[0];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[]}", "name", provider->name, "id", provider->id,
                     "version", provider->version, "vendor", provider->vendor, "manifest", provider->path, "state",
                     state, "stage", provider->stage, "code", provider->code ? ort_code_name(provider->code) : "",
                     "reason", provider->reason, "devices");
}

static void print_device(const char *provider, const ort_device_info *device, bool is_detailed) {
    printf("  %s:%u  %s  %s", provider, device->index, device->kind, device->name);
    if (device->memory_bytes) printf("  %.1f GiB", (double)device->memory_bytes / (1u << 30));
    putchar('\n');
    if (!is_detailed) return;
    printf("    id %s\n", device->id);
    if (*device->vendor) printf("    vendor %s\n", device->vendor);
    if (*device->driver_version) printf("    driver %s\n", device->driver_version);
    if (*device->pci_address) printf("    pci %s\n", device->pci_address);
    if (device->numa_node != UINT32_MAX) printf("    numa node %u\n", device->numa_node);
    if (device->free_bytes) printf("    free %.1f GiB\n", (double)device->free_bytes / (1u << 30));
}

/* "cpu" wants all of its devices, "cpu:0" one; NULL everything. */
static bool is_wanted(const char *wanted, const char *provider, uint32_t device) {
    if (!wanted) return true;
    size_t length = strcspn(wanted, ":");
    if (strlen(provider) != length || strncmp(wanted, provider, length) != 0) return false;
    return wanted[length] == 0 || device == UINT32_MAX || strtoul(wanted + length + 1, NULL, 10) == device;
}

static void print_refusal(const ort_provider_info *provider) {
    printf("%s: %s at %s: %s (%s)\n", *provider->name ? provider->name : provider->path,
           provider->state < 4 ? states[provider->state] : states[0], *provider->stage ? provider->stage : "find",
           provider->reason, provider->path);
}

static ort_status *show_devices(const ort_environment *environment, uint32_t index, const ort_provider_info *provider,
                                const char *wanted, json_t *list, uint32_t *shown_count) {
    for (uint32_t d = 0; d < provider->device_count; d++) {
        if (!is_wanted(wanted, provider->name, d)) continue;
        ort_device_info device = ORT_INIT(ort_device_info);
        ort_status *status = ort_environment_device(environment, index, d, &device);
        if (status) return status;
        json_array_append_new(list, device_json(&device));
        if (!arguments.json) print_device(provider->name, &device, wanted != NULL);
        ++*shown_count;
    }
    return NULL;
}

static ort_status *show_providers(const ort_environment *environment, const char *wanted, json_t *report,
                                  uint32_t *shown_count) {
    json_t *list = json_array();
    json_object_set_new(report, "providers", list);
    for (uint32_t i = 0; i < ort_environment_provider_count(environment); i++) {
        ort_provider_info provider = ORT_INIT(ort_provider_info);
        ort_status *status = ort_environment_provider(environment, i, &provider);
        if (status) return status;
        if (!is_wanted(wanted, provider.name, UINT32_MAX)) continue;
        json_t *entry = provider_json(&provider);
        json_array_append_new(list, entry);
        if (provider.state != ORT_PROVIDER_USABLE) {
            if (!arguments.json && (arguments.why || wanted || provider.state == ORT_PROVIDER_REFUSED))
                print_refusal(&provider);
            continue;
        }
        if (!arguments.json) {
            printf("%s %s  %s\n", provider.name, provider.version, provider.vendor);
            if (arguments.why) printf("  usable: %s\n", provider.path);
        }
        status = show_devices(environment, i, &provider, wanted, json_object_get(entry, "devices"), shown_count);
        if (status) return status;
    }
    return NULL;
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int number_at(const json_t *object, const char *key) {
    return (int)json_integer_value(json_object_get(object, key));
}

/* "numa node 1" or "several numa nodes". */
static void print_place(const json_t *object, const char *otherwise) {
    if (json_is_integer(json_object_get(object, "numa_node")))
        printf(", numa node %d", number_at(object, "numa_node"));
    else
        printf("%s", otherwise);
}

static void print_limits(const json_t *topology) {
    const json_t *limits = json_object_get(topology, "limits"), *quota = json_object_get(limits, "quota_cpus");
    printf("cpu      %s\n", text_at(topology, "cpu"));
    printf("machine  %d packages, %d cores, %d of %d CPUs allowed (%s), %d cache or node groups\n",
           number_at(topology, "packages"), number_at(topology, "cores"), number_at(topology, "cpus"),
           number_at(topology, "machine_cpus"), text_at(limits, "allowed_cpus"), number_at(topology, "groups"));
    printf("quota    ");
    if (json_is_number(quota))
        printf("%.3g CPUs\n", json_number_value(quota));
    else
        printf("none\n");
    printf("threads  at most %d: %s\n", number_at(limits, "threads"), text_at(limits, "threads_reason"));
}

static void print_memory(const json_t *topology) {
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(topology, "caches"), index, item)
        printf("cache    L%d: %d of %.0f KiB, %d cores each\n", number_at(item, "level"), number_at(item, "count"),
               json_number_value(json_object_get(item, "bytes")) / 1024, number_at(item, "cores"));
    json_array_foreach(json_object_get(topology, "nodes"), index, item) printf(
        "node     %d: %.4g GiB, %d cores, cpus %s\n", number_at(item, "number"),
        json_number_value(json_object_get(item, "bytes")) / (1 << 30), number_at(item, "cores"), text_at(item, "cpus"));
}

static void print_lanes(const json_t *topology) {
    size_t index;
    json_t *item;
    printf("lanes    %zu: %s\n", json_array_size(json_object_get(topology, "lanes")),
           text_at(topology, "lanes_reason"));
    json_array_foreach(json_object_get(topology, "lanes"), index, item) {
        printf("lane     %d: %d threads (%s) on cpus %s", number_at(item, "lane"), number_at(item, "threads"),
               text_at(item, "threads_reason"), text_at(item, "cpus"));
        print_place(item, ", several numa nodes");
        printf("; bound to %s (%s)\n", text_at(item, "bind"), text_at(item, "bind_reason"));
    }
    json_array_foreach(json_object_get(topology, "feeding"), index, item) {
        printf("device   %s %s: fed from cpus %s", text_at(item, "device"), text_at(item, "name"),
               text_at(item, "cpus"));
        print_place(item, "");
        if (json_is_integer(json_object_get(item, "lane"))) printf(", lane %d", number_at(item, "lane"));
        printf(" (%s)\n", text_at(item, "reason"));
    }
}

static ort_status *show_topology(ort_environment *environment, json_t *report) {
    char *text = NULL;
    ort_status *status = ort_environment_open_providers(environment);
    if (!status) status = ort_environment_topology_json(environment, &text);
    if (status) return status;
    json_t *topology = json_loads(text, 0, NULL);
    ort_string_destroy(text);
    if (arguments.json) {
        json_object_set_new(report, "topology", topology);
        return NULL;
    }
    print_limits(topology);
    print_memory(topology);
    print_lanes(topology);
    json_decref(topology);
    return NULL;
}

typedef ort_status *(*value_fn)(const ort_model *model, uint32_t index, ort_value_info *out);

static ort_status *show_values(const ort_model *model, const char *kind, uint32_t count, value_fn get, json_t *report) {
    json_t *list = json_array();
    json_object_set_new(report, kind, list);
    for (uint32_t i = 0; i < count; i++) {
        char type[1024];
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status = get(model, i, &value);
        if (status) return status;
        tool_value_text(&value, type, sizeof type);
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", value.name, "type", type));
        if (!arguments.json) printf("%-7s %s  %s\n", kind, value.name, type);
    }
    return NULL;
}

static ort_status *show_placement(ort_environment *environment, ort_model *model, const ort_options *chosen,
                                  json_t *report) {
    ort_session *session = NULL;
    char *text = NULL;
    ort_status *status = ort_session_create(environment, model, chosen, &session);
    if (!status)
        status =
            arguments.json ? ort_session_placement_json(session, &text) : ort_session_placement_text(session, &text);
    if (!status && arguments.json) json_object_set_new(report, "placement", json_loads(text, 0, NULL));
    if (!status && !arguments.json) fputs(text, stdout);
    ort_string_destroy(text);
    ort_session_destroy(session);
    return status;
}

static ort_status *show_model(ort_environment *environment, const ort_options *chosen, json_t *report) {
    ort_model *model = NULL;
    ort_status *status = ort_model_load(environment, arguments.model, chosen, &model);
    if (!status) status = show_values(model, "input", ort_model_input_count(model), ort_model_input, report);
    if (!status) status = show_values(model, "output", ort_model_output_count(model), ort_model_output, report);
    if (!status && arguments.placement) status = show_placement(environment, model, chosen, report);
    ort_model_destroy(model);
    return status;
}

static ort_status *show(ort_environment *environment, const ort_options *chosen, const char *wanted, json_t *report,
                        uint32_t *shown_count) {
    if (arguments.model) return show_model(environment, chosen, report);
    if (arguments.topology) return show_topology(environment, report);
    ort_status *status = ort_environment_open_providers(environment);
    return status ? status : show_providers(environment, wanted, report, shown_count);
}

int main(int argc, char **argv) {
    int code = tool_parse(&self, argc, argv);
    if (code >= 0) return code;
    if (arguments.positional.count > 1 || (arguments.placement && !arguments.model)) {
        tool_error(&self, "%s; see --help",
                   arguments.placement ? "--placement needs --model FILE" : "one PROVIDER at most");
        return TOOL_EXIT_USAGE;
    }
    if (tool_settings_clash(&self, &arguments.settings)) return TOOL_EXIT_USAGE;
    const char *wanted = arguments.positional.count ? arguments.positional.items[0] : NULL;
    ort_options *chosen = NULL;
    ort_environment *environment = NULL;
    uint32_t shown_count = 0;
    json_t *report = json_pack("{s:i}", "schema", 1);
    ort_status *status = tool_settings_options(&arguments.settings, &chosen);
    if (!status && !arguments.model) status = ort_options_set(chosen, "plugins.probe", "true");
    if (!status) status = ort_environment_create(chosen, tool_log, (void *)(uintptr_t)&self, &environment);
    if (!status) status = show(environment, chosen, wanted, report, &shown_count);
    if (!status && arguments.json) tool_print_json(json_incref(report));
    json_decref(report);
    ort_environment_destroy(environment);
    ort_options_destroy(chosen);
    if (status) return tool_fail(&self, status);
    if (arguments.model || arguments.topology || shown_count) return TOOL_EXIT_GOOD;
    tool_error(&self, "%s%s: no such device here; --why says what was found", wanted ? wanted : "",
               wanted ? "" : "no provider");
    return TOOL_EXIT_NO;
}
