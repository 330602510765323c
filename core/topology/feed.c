/* Which cores feed a device: those of the NUMA node that its slot hangs on. */
#include "topology/topology.h"

static const orti_topology_node *node_find(const orti_topology_facts *facts, uint32_t number) {
    for (uint32_t i = 0; i < facts->node_count; i++)
        if (facts->nodes[i].number == number && facts->nodes[i].core_count) return &facts->nodes[i];
    return NULL;
}

void orti_lanes_feed(const orti_lanes *lanes, const orti_topology *topology, const char *pci_address,
                     uint32_t numa_node, orti_feed *out) {
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    uint32_t near =
        pci_address && *pci_address ? orti_topology_node_near_pci(topology, pci_address) : ORTI_TOPOLOGY_NONE;
    *out = (orti_feed){.numa_node = ORTI_TOPOLOGY_NONE,
                       .lane = ORTI_TOPOLOGY_NONE,
                       .core_count = facts->core_count,
                       .cpus = facts->allowed_cpus,
                       .reason = "its place is not known: any core"};
    if (near != ORTI_TOPOLOGY_NONE) numa_node = near;
    if (numa_node == ORTI_TOPOLOGY_NONE) return;
    const orti_topology_node *node = node_find(facts, numa_node);
    if (!node) {
        out->reason = "no core of its NUMA node may be used: any core";
        return;
    }
    *out = (orti_feed){.numa_node = numa_node,
                       .lane = orti_lanes_near_node(lanes, numa_node),
                       .core_count = node->core_count,
                       .cpus = node->cpus,
                       .reason = near != ORTI_TOPOLOGY_NONE ? "its PCI slot hangs on this NUMA node"
                                                            : "its provider names this NUMA node"};
}
