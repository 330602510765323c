#include "topology/machine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CPUS_TEXT_MAX 4096

ort_status *orti_machine_cpus_text(orti_arena *arena, hwloc_const_bitmap_t cpus, const char **out) {
    char text[CPUS_TEXT_MAX];
    int length = hwloc_bitmap_list_snprintf(text, sizeof text, cpus);
    size_t kept = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    return orti_arena_string(arena, text, kept, out);
}

static hwloc_bitmap_t bitmap_and(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b) {
    hwloc_bitmap_t both = hwloc_bitmap_alloc();
    if (both && hwloc_bitmap_and(both, a, b) != 0) {
        hwloc_bitmap_free(both);
        return NULL;
    }
    return both;
}

/* hwloc's plugins for these open the device's own library and its contexts: slow, and not ours to do. */
static void components_refuse(hwloc_topology_t hwloc) {
    static const char *const names[] = {"cuda", "nvml", "opencl", "rsmi", "levelzero", "gl"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)hwloc_topology_set_components(hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, names[i]);
}

static ort_status *source_apply(hwloc_topology_t hwloc, const orti_topology_source *source) {
    if (source->xml_path && access(source->xml_path, R_OK) != 0)
        ORT_FAIL(NOT_FOUND, "topology file '%s' does not exist or can't be read", source->xml_path);
    if (source->xml_path && hwloc_topology_set_xml(hwloc, source->xml_path) != 0)
        ORT_FAIL(INVALID_ARGUMENT, "topology file '%s' is no hwloc XML export", source->xml_path);
    if (source->synthetic && hwloc_topology_set_synthetic(hwloc, source->synthetic) != 0)
        ORT_FAIL(INVALID_ARGUMENT, "'%s' is no synthetic topology", source->synthetic);
    if (!source->xml_path && !source->synthetic) components_refuse(hwloc);
    if (source->wants_devices) (void)hwloc_topology_set_io_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    return NULL;
}

static ort_status *hwloc_open(orti_topology *topology, const orti_topology_source *source) {
    bool is_described = source->xml_path || source->synthetic;
    if (hwloc_topology_init(&topology->hwloc) != 0) {
        topology->hwloc = NULL;
        ORT_FAIL(IO, "hwloc can't start: %s", strerror(errno));
    }
    ORT_TRY(source_apply(topology->hwloc, source));
    if (hwloc_topology_load(topology->hwloc) == 0) return NULL;
    if (is_described)
        ORT_FAIL(INVALID_ARGUMENT, "topology '%s' can't be read",
                 source->xml_path ? source->xml_path : source->synthetic);
    ORT_FAIL(IO, "hwloc can't read this machine: %s", strerror(errno));
}

/* Narrows `allowed`, but never to nothing: a mask that names no CPU that is there is no use as a limit. */
static void allowed_narrow(hwloc_bitmap_t allowed, hwloc_const_bitmap_t limit) {
    if (hwloc_bitmap_intersects(allowed, limit)) hwloc_bitmap_and(allowed, allowed, limit);
}

static ort_status *allowed_find(orti_topology *topology, const orti_topology_source *source) {
    ort_status *status = NULL;
    hwloc_bitmap_t limit = hwloc_bitmap_alloc();
    topology->allowed = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(topology->hwloc));
    if (!limit || !topology->allowed) ORT_TRY_TO(done, status, ORT_STATUS(OUT_OF_MEMORY, "out of memory in hwloc"));
    allowed_narrow(topology->allowed, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    /* The process's mask, not the thread's: an application may have pinned the thread that calls. */
    if (topology->facts.is_this_machine && hwloc_get_cpubind(topology->hwloc, limit, HWLOC_CPUBIND_PROCESS) == 0)
        allowed_narrow(topology->allowed, limit);
    if (source->allowed_cpus) {
        if (hwloc_bitmap_list_sscanf(limit, source->allowed_cpus) != 0 || hwloc_bitmap_iszero(limit))
            ORT_TRY_TO(done, status, ORT_STATUS(INVALID_ARGUMENT, "'%s' is no list of CPUs", source->allowed_cpus));
        allowed_narrow(topology->allowed, limit);
    }
done:
    hwloc_bitmap_free(limit);
    return status;
}

static uint64_t cache_bytes(hwloc_topology_t hwloc, hwloc_obj_t core, hwloc_obj_type_t type) {
    hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(hwloc, type, core);
    return cache ? cache->attr->cache.size : 0;
}

/* The first node that holds the core: hwloc puts ordinary memory before slower kinds. */
static hwloc_obj_t node_of(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus) {
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)))
        if (hwloc_bitmap_intersects(node->cpuset, cpus)) return node;
    return NULL;
}

static int efficiency_of(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus) {
    int efficiency = 0, kind = hwloc_cpukinds_get_by_cpuset(hwloc, cpus, 0);
    if (kind < 0 || hwloc_cpukinds_get_info(hwloc, (unsigned)kind, NULL, &efficiency, NULL, NULL, 0) != 0) return 0;
    return efficiency;
}

/* The L3 cache or NUMA node over the core; a new group when it is not that of the core before. */
static ort_status *core_group(orti_topology *topology, machine_core *core) {
    hwloc_obj_t over = hwloc_get_ancestor_obj_by_type(topology->hwloc, HWLOC_OBJ_L3CACHE, core->object);
    if (!over) over = node_of(topology->hwloc, core->cpus);
    hwloc_const_bitmap_t reach = over ? over->cpuset : hwloc_topology_get_topology_cpuset(topology->hwloc);
    uint32_t last = topology->group_count - 1;
    core->group = last;
    if (topology->group_count && hwloc_bitmap_isincluded(core->cpus, topology->groups[last])) return NULL;
    hwloc_bitmap_t cpus = bitmap_and(reach, topology->allowed);
    if (!cpus) ORT_FAIL(OUT_OF_MEMORY, "out of memory in hwloc");
    core->group = topology->group_count;
    topology->groups[topology->group_count++] = cpus;
    return NULL;
}

static ort_status *core_add(orti_topology *topology, hwloc_obj_t object) {
    machine_core *core = &topology->cores[topology->core_count];
    *core = (machine_core){.object = object, .cpus = bitmap_and(object->cpuset, topology->allowed)};
    if (!core->cpus) ORT_FAIL(OUT_OF_MEMORY, "out of memory in hwloc");
    topology->core_count++;
    hwloc_obj_t node = node_of(topology->hwloc, core->cpus);
    core->numa_node = node ? node->os_index : ORTI_TOPOLOGY_NONE;
    core->efficiency = efficiency_of(topology->hwloc, core->cpus);
    core->l1_bytes = cache_bytes(topology->hwloc, object, HWLOC_OBJ_L1CACHE);
    core->l2_bytes = cache_bytes(topology->hwloc, object, HWLOC_OBJ_L2CACHE);
    core->l3_bytes = cache_bytes(topology->hwloc, object, HWLOC_OBJ_L3CACHE);
    return core_group(topology, core);
}

static ort_status *cores_find(orti_topology *topology) {
    /* Some virtual machines and exports have no core objects. */
    hwloc_obj_type_t type =
        hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    int count = hwloc_get_nbobjs_by_type(topology->hwloc, type);
    if (count <= 0) ORT_FAIL(INVALID_ARGUMENT, "the topology has no CPU");
    ORT_TRY(orti_arena_alloc(&topology->arena, (size_t)count, sizeof *topology->cores, &topology->cores));
    ORT_TRY(orti_arena_alloc(&topology->arena, (size_t)count, sizeof *topology->groups, &topology->groups));
    hwloc_obj_t object = NULL;
    while ((object = hwloc_get_next_obj_by_type(topology->hwloc, type, object)))
        if (hwloc_bitmap_intersects(object->cpuset, topology->allowed)) ORT_TRY(core_add(topology, object));
    return NULL;
}

/* Facts. */

static ort_status *caches_find(orti_topology *topology) {
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                             HWLOC_OBJ_L4CACHE};
    orti_topology_cache *caches = NULL;
    uint32_t count = 0;
    ORT_TRY(orti_arena_alloc(&topology->arena, sizeof types / sizeof *types, sizeof *caches, &caches));
    for (uint32_t i = 0; i < sizeof types / sizeof *types; i++) {
        orti_topology_cache cache = {.level = i + 1};
        hwloc_obj_t object = NULL;
        while ((object = hwloc_get_next_obj_by_type(topology->hwloc, types[i], object))) {
            uint32_t core_count = 0;
            for (uint32_t c = 0; c < topology->core_count; c++)
                core_count += hwloc_bitmap_intersects(topology->cores[c].cpus, object->cpuset) != 0;
            if (core_count == 0) continue;
            if (cache.count++ == 0) cache.size_bytes = object->attr->cache.size;
            if (cache.core_count < core_count) cache.core_count = core_count;
        }
        if (cache.count) caches[count++] = cache;
    }
    topology->facts.caches = caches;
    topology->facts.cache_count = count;
    return NULL;
}

static ort_status *nodes_find(orti_topology *topology) {
    orti_topology_node *nodes = NULL;
    int count = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE);
    ORT_TRY(orti_arena_alloc(&topology->arena, count > 0 ? (size_t)count : 0, sizeof *nodes, &nodes));
    topology->facts.nodes = nodes;
    hwloc_obj_t object = NULL;
    while ((object = hwloc_get_next_obj_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, object))) {
        orti_topology_node *node = &nodes[topology->facts.node_count];
        node->number = object->os_index;
        node->memory_bytes = object->attr->numanode.local_memory;
        for (uint32_t c = 0; c < topology->core_count; c++)
            node->core_count += topology->cores[c].numa_node == node->number;
        hwloc_bitmap_t cpus = bitmap_and(object->cpuset, topology->allowed);
        if (!cpus) ORT_FAIL(OUT_OF_MEMORY, "out of memory in hwloc");
        ort_status *status = orti_machine_cpus_text(&topology->arena, cpus, &node->cpus);
        hwloc_bitmap_free(cpus);
        if (status) return status;
        topology->facts.node_count++;
    }
    return NULL;
}

static uint32_t node_of_device(const orti_topology *topology, hwloc_obj_t device) {
    hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology->hwloc, device);
    /* Below the whole machine of several nodes nothing is near. */
    if (!place || !place->nodeset || hwloc_bitmap_weight(place->nodeset) != 1) return ORTI_TOPOLOGY_NONE;
    return (uint32_t)hwloc_bitmap_first(place->nodeset);
}

static ort_status *device_add(orti_topology *topology, orti_topology_device *device, hwloc_obj_t object) {
    const struct hwloc_pcidev_attr_s *pci = &object->attr->pcidev;
    const char *name = hwloc_obj_get_info_by_name(object, "PCIDevice");
    snprintf(device->address, sizeof device->address, "%04x:%02x:%02x.%01x", (unsigned)pci->domain & 0xffffu, pci->bus,
             pci->dev, pci->func & 7u);
    device->vendor = pci->vendor_id;
    device->device = pci->device_id;
    device->class_id = pci->class_id;
    device->numa_node = node_of_device(topology, object);
    return orti_arena_string(&topology->arena, name ? name : "", name ? strlen(name) : 0, &device->name);
}

static ort_status *devices_find(orti_topology *topology) {
    orti_topology_device *devices = NULL;
    int count = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_PCI_DEVICE);
    ORT_TRY(orti_arena_alloc(&topology->arena, count > 0 ? (size_t)count : 0, sizeof *devices, &devices));
    topology->facts.devices = devices;
    hwloc_obj_t object = NULL;
    while ((object = hwloc_get_next_pcidev(topology->hwloc, object)))
        ORT_TRY(device_add(topology, &devices[topology->facts.device_count++], object));
    return NULL;
}

static ort_status *names_find(orti_topology *topology) {
    hwloc_obj_t package = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_PACKAGE, 0);
    const char *name = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    ORT_TRY(orti_arena_string(&topology->arena, name ? name : "", name ? strlen(name) : 0, &topology->facts.cpu_name));
    return orti_machine_cpus_text(&topology->arena, topology->allowed, &topology->facts.allowed_cpus);
}

static uint32_t packages_count(const orti_topology *topology) {
    uint32_t count = 0;
    hwloc_obj_t package = NULL;
    while ((package = hwloc_get_next_obj_by_type(topology->hwloc, HWLOC_OBJ_PACKAGE, package)))
        count += hwloc_bitmap_intersects(package->cpuset, topology->allowed) != 0;
    return count;
}

static double quota_find(const orti_topology *topology, const orti_topology_source *source) {
    double quota = topology->facts.is_this_machine ? orti_machine_quota_read("") : 0;
    if (source->quota_cpus > 0 && (quota == 0 || source->quota_cpus < quota)) quota = source->quota_cpus;
    return quota;
}

static ort_status *facts_find(orti_topology *topology, const orti_topology_source *source) {
    orti_topology_facts *facts = &topology->facts;
    hwloc_const_bitmap_t machine = hwloc_topology_get_complete_cpuset(topology->hwloc);
    facts->quota_cpus = quota_find(topology, source);
    facts->package_count = packages_count(topology);
    facts->core_count = topology->core_count;
    facts->group_count = topology->group_count;
    facts->cpu_count = (uint32_t)hwloc_bitmap_weight(topology->allowed);
    facts->machine_cpu_count = (uint32_t)hwloc_bitmap_weight(machine);
    facts->thread_limit = facts->core_count;
    /* A part of a CPU is a thread too: 1.5 CPUs keep two busy three quarters of the time. */
    if (facts->quota_cpus > 0 && ceil(facts->quota_cpus) < facts->core_count)
        facts->thread_limit = (uint32_t)ceil(facts->quota_cpus);
    bool is_under_quota = facts->thread_limit < facts->core_count;
    facts->thread_limit_reason = is_under_quota ? "the CPU quota"
                                 : facts->cpu_count < facts->machine_cpu_count
                                     ? "one a core that the affinity mask or cpuset allows"
                                     : "one a core";
    facts->is_whole_machine = facts->quota_cpus == 0 && hwloc_bitmap_isequal(topology->allowed, machine);
    facts->core_kind_count = 1;
    for (uint32_t c = 1; c < topology->core_count; c++)
        if (topology->cores[c].efficiency != topology->cores[0].efficiency) facts->core_kind_count = 2;
    facts->l1_bytes = topology->cores[0].l1_bytes;
    facts->l2_bytes = topology->cores[0].l2_bytes;
    facts->l3_bytes = topology->cores[0].l3_bytes;
    ORT_TRY(names_find(topology));
    ORT_TRY(caches_find(topology));
    ORT_TRY(nodes_find(topology));
    return devices_find(topology);
}

ort_status *orti_topology_create(const orti_allocator *alloc, const orti_topology_source *source, orti_topology **out) {
    static const orti_topology_source this_machine = {0};
    orti_topology *topology = NULL;
    ort_status *status = NULL;
    *out = NULL;
    if (!source) source = &this_machine;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *topology, &topology));
    topology->alloc = alloc;
    orti_arena_init(&topology->arena, alloc);
    ORT_TRY_TO(done, status, hwloc_open(topology, source));
    topology->facts.is_this_machine = hwloc_topology_is_thissystem(topology->hwloc) != 0;
    ORT_TRY_TO(done, status, allowed_find(topology, source));
    ORT_TRY_TO(done, status, cores_find(topology));
    ORT_TRY_TO(done, status, facts_find(topology, source));
    *out = topology;
    topology = NULL;
done:
    orti_topology_destroy(topology);
    return status;
}

void orti_topology_destroy(orti_topology *topology) {
    if (!topology) return;
    for (uint32_t i = 0; i < topology->core_count; i++) hwloc_bitmap_free(topology->cores[i].cpus);
    for (uint32_t i = 0; i < topology->group_count; i++) hwloc_bitmap_free(topology->groups[i]);
    hwloc_bitmap_free(topology->allowed);
    if (topology->hwloc) hwloc_topology_destroy(topology->hwloc);
    orti_arena_finish(&topology->arena);
    orti_free(topology->alloc, topology);
}

const orti_topology_facts *orti_topology_facts_of(const orti_topology *topology) {
    return &topology->facts;
}

/* Places. */

/* The kernel's own word, where devices were not read. */
static uint32_t node_of_sysfs(const char *address) {
    char path[96];
    int node = -1;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/numa_node", address);
    FILE *file = fopen(path, "re");
    if (!file) return ORTI_TOPOLOGY_NONE;
    if (fscanf(file, "%d", &node) != 1) node = -1;
    fclose(file);
    return node < 0 ? ORTI_TOPOLOGY_NONE : (uint32_t)node;
}

uint32_t orti_topology_node_near_pci(const orti_topology *topology, const char *address) {
    unsigned domain = 0, bus = 0, slot = 0, function = 0;
    char full[32];
    if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4) {
        domain = 0;
        if (sscanf(address, "%x:%x.%x", &bus, &slot, &function) != 3) return ORTI_TOPOLOGY_NONE;
    }
    snprintf(full, sizeof full, "%04x:%02x:%02x.%01x", domain & 0xffffu, bus & 0xffu, slot & 0x1fu, function & 7u);
    for (uint32_t i = 0; i < topology->facts.device_count; i++)
        if (strcmp(topology->facts.devices[i].address, full) == 0) return topology->facts.devices[i].numa_node;
    return topology->facts.is_this_machine ? node_of_sysfs(full) : ORTI_TOPOLOGY_NONE;
}

bool orti_topology_place_memory(const orti_topology *topology, uint32_t numa_node, void *memory, size_t size_bytes) {
    if (!topology->facts.is_this_machine || numa_node == ORTI_TOPOLOGY_NONE || size_bytes == 0) return false;
    hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(topology->hwloc, numa_node);
    return node && hwloc_set_area_membind(topology->hwloc, memory, size_bytes, node->nodeset, HWLOC_MEMBIND_BIND,
                                          HWLOC_MEMBIND_BYNODESET) == 0;
}
