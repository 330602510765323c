/* topology/topology.h: where threads and memory go: cores, caches, NUMA nodes, PCI devices and limits, by hwloc; and
 * the lanes that CPU work runs on (architecture.md, decision 13). Start at: orti_topology_create(),
 * orti_lanes_create().  Used by: session, partition. Threads: everything is read-only once created; ask from any. Teams
 * are as team.h says.
 *
 * Affinity masks, cpusets and CPU quotas of cgroups are limits, never errors: what is asked beyond them is cut down. */
#ifndef ORT_CORE_TOPOLOGY_TOPOLOGY_H
#define ORT_CORE_TOPOLOGY_TOPOLOGY_H

#include "base/team.h"
#include "base/text.h"

#define ORTI_TOPOLOGY_NONE UINT32_MAX /* a NUMA node that is not known */

typedef struct orti_topology orti_topology;

/* What to look at. All zero: this machine. */
typedef struct orti_topology_source {
    const char *xml_path;     /* an hwloc XML export instead of this machine */
    const char *synthetic;    /* or hwloc's synthetic description, "package:2 core:4 pu:1" */
    const char *allowed_cpus; /* narrows the CPUs, "0-3,8"; NULL: all that the process may use */
    double quota_cpus;        /* a CPU quota besides the cgroup's; 0: none */
    bool wants_devices;       /* PCI devices too: some ten milliseconds on this machine */
} orti_topology_source;

/* `source` NULL: this machine, without devices. NOT_FOUND: no such XML file; INVALID_ARGUMENT: a description or CPU
 * list that can't be read; IO: hwloc failed; OUT_OF_MEMORY. */
ORT_MUST_USE ort_status *orti_topology_create(const orti_allocator *alloc, const orti_topology_source *source,
                                              orti_topology **out);
void orti_topology_destroy(orti_topology *topology); /* takes NULL; after its lanes */

typedef struct orti_topology_cache {
    uint32_t level;
    uint32_t count; /* in the allowed cores */
    uint64_t size_bytes;
    uint32_t core_count; /* that share one */
} orti_topology_cache;

typedef struct orti_topology_node {
    uint32_t number; /* the operating system's */
    uint32_t core_count;
    uint64_t memory_bytes;
    const char *cpus; /* allowed ones, "0-3,8" */
} orti_topology_node;

typedef struct orti_topology_device {
    char address[16]; /* "0000:65:00.0" */
    uint32_t vendor, device, class_id;
    uint32_t numa_node; /* ORTI_TOPOLOGY_NONE: not known */
    const char *name;   /* "" when not known */
} orti_topology_device;

/* Plain facts. Counts are of what the process may use, but for machine_cpu_count. Borrow: topology. */
typedef struct orti_topology_facts {
    const char *cpu_name; /* "" when not known */
    uint32_t package_count, core_count, cpu_count;
    uint32_t machine_cpu_count;
    uint32_t core_kind_count; /* above 1: performance and efficiency cores */
    uint32_t group_count;     /* sets of cores under one L3 cache, or NUMA node where there is no L3 */
    uint32_t thread_limit;    /* threads that pay: one a core, fewer under a quota */
    const char *thread_limit_reason;
    double quota_cpus;        /* 0: no quota */
    const char *allowed_cpus; /* "0-3,8" */
    bool is_this_machine;
    bool is_whole_machine;                 /* no mask, cpuset or quota narrows it: nobody else is meant to run here */
    uint64_t l1_bytes, l2_bytes, l3_bytes; /* of the first core; data or unified; 0: none or not known */
    const orti_topology_cache *caches;
    const orti_topology_node *nodes;
    const orti_topology_device *devices; /* none unless wanted */
    uint32_t cache_count, node_count, device_count;
} orti_topology_facts;
const orti_topology_facts *orti_topology_facts_of(const orti_topology *topology);

/* The NUMA node nearest to a PCI address ("0000:65:00.0", "65:00.0"), or ORTI_TOPOLOGY_NONE. Without the topology's own
 * devices the kernel is asked. */
uint32_t orti_topology_node_near_pci(const orti_topology *topology, const char *address);

/* Asks that pages of [memory, memory + size_bytes) come from the node. A wish: false when it can't be had. */
bool orti_topology_place_memory(const orti_topology *topology, uint32_t numa_node, void *memory, size_t size_bytes);

/* ---- lanes ---- */

/* Where workers are pinned. The calling thread is the application's and is never touched.
 * auto: to the L3 group (or the lane, where that is less) of the worker's core, when the process has the whole machine
 *       and that is narrower than all of it: caches and memory stay near, the kernel still balances among neighbours.
 *       On a shared machine, under a quota or mask, nothing: a pinned worker would wait behind a stranger. */
typedef enum orti_bind { ORTI_BIND_AUTO, ORTI_BIND_NONE, ORTI_BIND_CORES } orti_bind;

typedef struct orti_lane_config {
    uint32_t lane_count;   /* 0: auto, one lane */
    uint32_t thread_count; /* of each lane, the caller included; 0: auto, one a core */
    orti_bind bind;
    bool is_plan_only; /* no thread is started and teams are NULL */
} orti_lane_config;

typedef struct orti_lane {
    uint32_t number, core_count;
    uint32_t thread_count;                   /* physical cores first; more only when asked for, then siblings */
    uint32_t numa_node;                      /* of all its cores, or ORTI_TOPOLOGY_NONE when it spans several */
    uint64_t l1_bytes, l2_bytes, l3_bytes;   /* of its first core */
    const char *cpus;                        /* "0-3,8" */
    orti_bind bind;                          /* AUTO here means: to groups */
    const char *thread_reason, *bind_reason; /* why so many, why there */
    orti_team *team;
} orti_lane;

typedef struct orti_lanes orti_lanes;

/* `config` NULL: all auto. Lanes are cut along L3 caches and NUMA nodes where the count allows; their threads together
 * stay within the quota. IO when a thread can't be started. */
ORT_MUST_USE ort_status *orti_lanes_create(const orti_topology *topology, const orti_lane_config *config,
                                           orti_lanes **out);
void orti_lanes_destroy(orti_lanes *lanes); /* takes NULL */
uint32_t orti_lanes_count(const orti_lanes *lanes);
const orti_lane *orti_lanes_at(const orti_lanes *lanes, uint32_t number); /* Borrow: lanes */
const char *orti_lanes_reason(const orti_lanes *lanes);                   /* why so many, and cut so */
/* The lane with most cores in the node; 0 when none has any. Feed a device from there. */
uint32_t orti_lanes_near_node(const orti_lanes *lanes, uint32_t numa_node);

/* The cores that a device is fed from. Borrow: topology and lanes. */
typedef struct orti_feed {
    uint32_t numa_node, lane; /* ORTI_TOPOLOGY_NONE: any */
    uint32_t core_count;
    const char *cpus; /* "0-3,8" */
    const char *reason;
} orti_feed;
/* pci_address: "" or NULL where it has none. numa_node: what the device's provider says, or ORTI_TOPOLOGY_NONE. The PCI
 * slot is believed first. What is not known, or has no core that may be used, is fed from anywhere. */
void orti_lanes_feed(const orti_lanes *lanes, const orti_topology *topology, const char *pci_address,
                     uint32_t numa_node, orti_feed *out);
/* Pins the calling thread, one of the host's own, to the lane's cores. A wish. */
bool orti_lanes_bind_caller(const orti_lanes *lanes, uint32_t number);

/* A page of text for people. `lanes` may be NULL. */
void orti_topology_describe(const orti_topology *topology, const orti_lanes *lanes, orti_text *text);

#endif
