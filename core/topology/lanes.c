/* Lanes: contiguous runs of allowed cores, cut along the groups where the count allows. */
#include "topology/machine.h"

#include <stdlib.h>

typedef struct lane_entry {
    orti_lane lane;
    const orti_topology *topology;
    hwloc_bitmap_t cpus;
    const machine_core **cores; /* the fastest first */
} lane_entry;

struct orti_lanes {
    const orti_allocator *alloc;
    orti_arena arena;
    lane_entry *entries;
    uint32_t count;
    const char *reason;
};

/* Where each lane's cores begin, in the topology's order; begins[count] is the end. */
typedef struct lane_cut {
    uint32_t *begins;
    uint32_t count;
} lane_cut;

static uint32_t group_begin(const orti_topology *topology, uint32_t group) {
    uint32_t begin = 0;
    while (begin < topology->core_count && topology->cores[begin].group < group) begin++;
    return begin;
}

/* Whole groups for each lane. */
static void cut_by_groups(const orti_topology *topology, lane_cut *cut) {
    for (uint32_t i = 0; i <= cut->count; i++)
        cut->begins[i] = group_begin(topology, (uint32_t)((uint64_t)i * topology->group_count / cut->count));
}

/* Several lanes in a group: the next lane goes to the group whose lanes are widest. `shares` has one a group. */
static void shares_find(const orti_topology *topology, uint32_t lane_count, uint32_t *shares) {
    for (uint32_t g = 0; g < topology->group_count; g++) shares[g] = 1;
    for (uint32_t given = topology->group_count; given < lane_count; given++) {
        uint32_t widest = 0;
        double widest_width = 0;
        for (uint32_t g = 0; g < topology->group_count; g++) {
            uint32_t cores = group_begin(topology, g + 1) - group_begin(topology, g);
            double width = (double)cores / (shares[g] + 1);
            if (shares[g] < cores && width > widest_width) {
                widest = g;
                widest_width = width;
            }
        }
        shares[widest]++;
    }
}

static void cut_inside_groups(const orti_topology *topology, const uint32_t *shares, lane_cut *cut) {
    uint32_t lane = 0;
    for (uint32_t g = 0; g < topology->group_count; g++) {
        uint32_t begin = group_begin(topology, g), cores = group_begin(topology, g + 1) - begin;
        for (uint32_t i = 0; i < shares[g]; i++)
            cut->begins[lane++] = begin + (uint32_t)((uint64_t)i * cores / shares[g]);
    }
    cut->begins[lane] = topology->core_count;
}

static ort_status *cut_find(const orti_topology *topology, orti_arena *arena, lane_cut *cut) {
    uint32_t *shares = NULL;
    ORT_TRY(orti_arena_alloc(arena, cut->count + (size_t)1, sizeof *cut->begins, &cut->begins));
    if (cut->count <= topology->group_count) {
        cut_by_groups(topology, cut);
        return NULL;
    }
    ORT_TRY(orti_arena_alloc(arena, topology->group_count, sizeof *shares, &shares));
    shares_find(topology, cut->count, shares);
    cut_inside_groups(topology, shares, cut);
    return NULL;
}

static int cores_compare(const void *a, const void *b) {
    const machine_core *left = *(const machine_core *const *)a, *right = *(const machine_core *const *)b;
    if (left->efficiency != right->efficiency) return left->efficiency > right->efficiency ? -1 : 1;
    return left < right ? -1 : left > right; /* all are in one array, in hwloc's order */
}

static ort_status *lane_fill(orti_lanes *lanes, lane_entry *entry, uint32_t begin, uint32_t end) {
    const orti_topology *topology = entry->topology;
    orti_lane *lane = &entry->lane;
    entry->cpus = hwloc_bitmap_alloc();
    if (!entry->cpus) ORT_FAIL(OUT_OF_MEMORY, "out of memory in hwloc");
    lane->core_count = end - begin;
    ORT_TRY(orti_arena_alloc(&lanes->arena, lane->core_count, sizeof *entry->cores, &entry->cores));
    lane->numa_node = topology->cores[begin].numa_node;
    for (uint32_t i = begin; i < end; i++) {
        entry->cores[i - begin] = &topology->cores[i];
        if (hwloc_bitmap_or(entry->cpus, entry->cpus, topology->cores[i].cpus) != 0)
            ORT_FAIL(OUT_OF_MEMORY, "out of memory in hwloc");
        if (topology->cores[i].numa_node != lane->numa_node) lane->numa_node = ORTI_TOPOLOGY_NONE;
    }
    qsort(entry->cores, lane->core_count, sizeof *entry->cores, cores_compare);
    lane->l1_bytes = entry->cores[0]->l1_bytes;
    lane->l2_bytes = entry->cores[0]->l2_bytes;
    lane->l3_bytes = entry->cores[0]->l3_bytes;
    return orti_machine_cpus_text(&lanes->arena, entry->cpus, &lane->cpus);
}

/* Threads: what was asked for or one a core, within the lane's CPUs and its share of the quota. */
static uint32_t lane_threads(const orti_lanes *lanes, lane_entry *entry, uint32_t wanted) {
    const orti_topology_facts *facts = &entry->topology->facts;
    uint32_t most = (uint32_t)hwloc_bitmap_weight(entry->cpus), number = entry->lane.number;
    uint32_t threads = wanted ? wanted : entry->lane.core_count;
    entry->lane.thread_reason = !wanted ? "one a core" : threads > most ? "asked for more, one a CPU" : "as asked for";
    if (threads > most) threads = most;
    if (facts->quota_cpus > 0) {
        double quota_threads = facts->quota_cpus > facts->cpu_count ? facts->cpu_count : facts->quota_cpus;
        uint32_t limit = (uint32_t)quota_threads + (quota_threads > (uint32_t)quota_threads);
        uint32_t share = limit / lanes->count + (number < limit % lanes->count);
        if (threads > share) {
            entry->lane.thread_reason = "its share of the CPU quota";
            threads = share;
        }
    }
    return threads ? threads : 1;
}

/* The CPUs that worker `slot` may run on; NULL: all. Not owned unless *out_made. */
static hwloc_bitmap_t worker_cpus(const lane_entry *entry, uint32_t slot) {
    const machine_core *core = entry->cores[slot % entry->lane.core_count];
    hwloc_bitmap_t cpus = hwloc_bitmap_dup(core->cpus);
    if (!cpus) return NULL;
    if (entry->lane.bind == ORTI_BIND_AUTO) {
        hwloc_bitmap_and(cpus, entry->topology->groups[core->group], entry->cpus);
    } else if (entry->lane.thread_count > entry->lane.core_count) { /* siblings have threads of their own */
        int cpu = hwloc_bitmap_first(cpus);
        for (uint32_t turn = slot / entry->lane.core_count; turn > 0 && cpu >= 0; turn--)
            cpu = hwloc_bitmap_next(core->cpus, cpu);
        if (cpu >= 0) hwloc_bitmap_only(cpus, (unsigned)cpu);
    }
    return cpus;
}

/* Runs on the worker. Refusals are ignored: a place is a wish. */
static void worker_bind(void *user, uint32_t worker) {
    const lane_entry *entry = user;
    const orti_topology *topology = entry->topology;
    hwloc_bitmap_t cpus = entry->lane.bind == ORTI_BIND_NONE ? NULL : worker_cpus(entry, worker);
    if (!cpus) return;
    (void)hwloc_set_cpubind(topology->hwloc, cpus, HWLOC_CPUBIND_THREAD);
    /* Without STRICT: a node that is full lends from the next. */
    if (topology->facts.node_count > 1)
        (void)hwloc_set_membind(topology->hwloc, cpus, HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_THREAD);
    hwloc_bitmap_free(cpus);
}

static orti_bind bind_settle(const orti_topology *topology, orti_bind wanted, uint32_t lane_count) {
    const orti_topology_facts *facts = &topology->facts;
    if (wanted != ORTI_BIND_AUTO || !facts->is_whole_machine)
        return wanted == ORTI_BIND_CORES ? wanted : ORTI_BIND_NONE;
    return facts->group_count > 1 || lane_count > 1 ? ORTI_BIND_AUTO : ORTI_BIND_NONE;
}

static const char *bind_reason(const orti_topology *topology, orti_bind wanted, uint32_t lane_count) {
    if (wanted != ORTI_BIND_AUTO) return "as asked for";
    if (!topology->facts.is_whole_machine) return "a mask, cpuset or quota says that others run here too";
    return topology->facts.group_count > 1 || lane_count > 1 ? "near their caches: the machine is the process's"
                                                             : "all cores share one cache or node";
}

/* How many lanes, and along what they are cut. */
static const char *lanes_reason(const orti_topology *topology, uint32_t wanted, uint32_t count) {
    if (!wanted) return "one, for the least latency";
    if (count < wanted) return "asked for more, one for each thread that pays";
    return count > topology->group_count ? "as asked for, cut inside caches and NUMA nodes"
                                         : "as asked for, cut along caches and NUMA nodes";
}

static uint32_t lane_count_settle(const orti_topology *topology, uint32_t wanted) {
    uint32_t count = wanted ? wanted : 1;
    return count > topology->facts.thread_limit ? topology->facts.thread_limit : count;
}

static ort_status *lanes_fill(orti_lanes *lanes, const orti_topology *topology, const orti_lane_config *config) {
    lane_cut cut = {.count = lane_count_settle(topology, config->lane_count)};
    ORT_TRY(cut_find(topology, &lanes->arena, &cut));
    ORT_TRY(orti_arena_alloc(&lanes->arena, cut.count, sizeof *lanes->entries, &lanes->entries));
    lanes->count = cut.count;
    lanes->reason = lanes_reason(topology, config->lane_count, cut.count);
    for (uint32_t i = 0; i < cut.count; i++) {
        lane_entry *entry = &lanes->entries[i];
        entry->topology = topology;
        entry->lane.number = i;
        entry->lane.bind = bind_settle(topology, config->bind, cut.count);
        entry->lane.bind_reason = bind_reason(topology, config->bind, cut.count);
        ORT_TRY(lane_fill(lanes, entry, cut.begins[i], cut.begins[i + 1]));
        entry->lane.thread_count = lane_threads(lanes, entry, config->thread_count);
        if (config->is_plan_only) continue;
        bool binds = entry->lane.bind != ORTI_BIND_NONE && topology->facts.is_this_machine;
        ort_status *status = orti_team_create(lanes->alloc, entry->lane.thread_count, binds ? worker_bind : NULL, entry,
                                              &entry->lane.team);
        if (status) return ORT_NOTE(status, "lane %u", i);
    }
    return NULL;
}

ort_status *orti_lanes_create(const orti_topology *topology, const orti_lane_config *config, orti_lanes **out) {
    static const orti_lane_config all_auto = {0};
    orti_lanes *lanes = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(topology->alloc, 1, sizeof *lanes, &lanes));
    lanes->alloc = topology->alloc;
    orti_arena_init(&lanes->arena, topology->alloc);
    ort_status *status = lanes_fill(lanes, topology, config ? config : &all_auto);
    if (status) {
        orti_lanes_destroy(lanes);
        return status;
    }
    *out = lanes;
    return NULL;
}

void orti_lanes_destroy(orti_lanes *lanes) {
    if (!lanes) return;
    for (uint32_t i = 0; i < lanes->count; i++) {
        orti_team_destroy(lanes->entries[i].lane.team);
        hwloc_bitmap_free(lanes->entries[i].cpus);
    }
    orti_arena_finish(&lanes->arena);
    orti_free(lanes->alloc, lanes);
}

uint32_t orti_lanes_count(const orti_lanes *lanes) {
    return lanes->count;
}

const orti_lane *orti_lanes_at(const orti_lanes *lanes, uint32_t number) {
    return number < lanes->count ? &lanes->entries[number].lane : NULL;
}

const char *orti_lanes_reason(const orti_lanes *lanes) {
    return lanes->reason;
}

uint32_t orti_lanes_near_node(const orti_lanes *lanes, uint32_t numa_node) {
    uint32_t nearest = 0, most = 0;
    for (uint32_t i = 0; i < lanes->count; i++) {
        const lane_entry *entry = &lanes->entries[i];
        uint32_t count = 0;
        for (uint32_t c = 0; c < entry->lane.core_count; c++) count += entry->cores[c]->numa_node == numa_node;
        if (count <= most) continue;
        most = count;
        nearest = i;
    }
    return nearest;
}

bool orti_lanes_bind_caller(const orti_lanes *lanes, uint32_t number) {
    if (number >= lanes->count || !lanes->entries[number].topology->facts.is_this_machine) return false;
    const lane_entry *entry = &lanes->entries[number];
    return hwloc_set_cpubind(entry->topology->hwloc, entry->cpus, HWLOC_CPUBIND_THREAD) == 0;
}
