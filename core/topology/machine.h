/* topology/machine.h: what topology's sources share. Private. */
#ifndef ORT_CORE_TOPOLOGY_MACHINE_H
#define ORT_CORE_TOPOLOGY_MACHINE_H

#include "topology/topology.h"

#include <hwloc.h>

/* An allowed core, in hwloc's order: neighbours share caches. */
typedef struct machine_core {
    hwloc_obj_t object;
    hwloc_bitmap_t cpus; /* allowed ones */
    uint32_t group, numa_node;
    int efficiency; /* higher: faster; 0 when all are alike */
    uint64_t l1_bytes, l2_bytes, l3_bytes;
} machine_core;

struct orti_topology {
    const orti_allocator *alloc;
    orti_arena arena;
    hwloc_topology_t hwloc;
    hwloc_bitmap_t allowed;
    machine_core *cores;
    hwloc_bitmap_t *groups; /* allowed CPUs of each */
    uint32_t core_count, group_count;
    orti_topology_facts facts;
};

/* "0-3,8" in the arena. */
ort_status *orti_machine_cpus_text(orti_arena *arena, hwloc_const_bitmap_t cpus, const char **out);

/* CPUs that the process's cgroups allow it to use at once, the least on the way up, version 1 or 2; 0: no quota.
 * `root` is "" or, for tests, a folder that stands for "/". What can't be read is no limit. */
double orti_machine_quota_read(const char *root);

#endif
