#include "topology/topology.h"

#include <inttypes.h>

static void add_size(orti_text *text, uint64_t size_bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)size_bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) size /= 1024;
    orti_text_add(text, "%.4g %s", size, units[unit]);
}

static void add_node(orti_text *text, uint32_t node) {
    if (node == ORTI_TOPOLOGY_NONE)
        orti_text_add(text, "-");
    else
        orti_text_add(text, "%" PRIu32, node);
}

static void add_machine(orti_text *text, const orti_topology_facts *facts) {
    orti_text_add(text, "cpu       %s\n", facts->cpu_name[0] ? facts->cpu_name : "(no name)");
    orti_text_add(text, "cores     %" PRIu32 " in %" PRIu32 " packages, %" PRIu32 " groups, %s\n", facts->core_count,
                  facts->package_count, facts->group_count,
                  facts->core_kind_count > 1 ? "of several kinds" : "all of one kind");
    orti_text_add(text, "cpus      %" PRIu32 " of the machine's %" PRIu32 " allowed: %s\n", facts->cpu_count,
                  facts->machine_cpu_count, facts->allowed_cpus);
    if (facts->quota_cpus > 0)
        orti_text_add(text, "quota     %.2f cpus\n", facts->quota_cpus);
    else
        orti_text_add(text, "quota     none\n");
    orti_text_add(text, "threads   at most %" PRIu32 "\n", facts->thread_limit);
    for (uint32_t i = 0; i < facts->cache_count; i++) {
        orti_text_add(text, "cache     L%" PRIu32 " ", facts->caches[i].level);
        add_size(text, facts->caches[i].size_bytes);
        orti_text_add(text, ", %" PRIu32 " of them, %" PRIu32 " cores each\n", facts->caches[i].count,
                      facts->caches[i].core_count);
    }
    for (uint32_t i = 0; i < facts->node_count; i++) {
        orti_text_add(text, "numa      node %" PRIu32 ": ", facts->nodes[i].number);
        add_size(text, facts->nodes[i].memory_bytes);
        orti_text_add(text, ", %" PRIu32 " cores, cpus %s\n", facts->nodes[i].core_count, facts->nodes[i].cpus);
    }
}

static void add_lanes(orti_text *text, const orti_lanes *lanes) {
    static const char *const binds[] = {"to groups", "free", "to cores"};
    for (uint32_t i = 0; i < orti_lanes_count(lanes); i++) {
        const orti_lane *lane = orti_lanes_at(lanes, i);
        orti_text_add(text, "lane      %" PRIu32 ": %" PRIu32 " threads %s on cpus %s, numa node ", i,
                      lane->thread_count, binds[lane->bind], lane->cpus);
        add_node(text, lane->numa_node);
        orti_text_add(text, "\n");
    }
}

void orti_topology_describe(const orti_topology *topology, const orti_lanes *lanes, orti_text *text) {
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    add_machine(text, facts);
    if (lanes) add_lanes(text, lanes);
    for (uint32_t i = 0; i < facts->device_count; i++) {
        const orti_topology_device *device = &facts->devices[i];
        orti_text_add(text, "pci       %s %04" PRIx32 ":%04" PRIx32 " %s, numa node ", device->address, device->vendor,
                      device->device, device->name[0] ? device->name : "(no name)");
        add_node(text, device->numa_node);
        orti_text_add(text, "\n");
    }
}
