/* Whole machines, from hwloc's XML exports: which lanes, which limits, which cores feed which device. */
#include "testing/test.h"
#include "topology/topology.h"

#include <stdio.h>

typedef struct machine {
    orti_topology *topology;
    orti_lanes *lanes;
} machine;

static machine machine_open(const char *name, orti_topology_source source, uint32_t lane_count) {
    char path[512];
    machine at = {NULL, NULL};
    snprintf(path, sizeof path, "%s/%s.xml", TEST_TOPOLOGIES, name);
    source.xml_path = path;
    source.wants_devices = true;
    CHECK_OK(orti_topology_create(orti_allocator_default(), &source, &at.topology));
    CHECK_OK(
        orti_lanes_create(at.topology, &(orti_lane_config){.lane_count = lane_count, .is_plan_only = true}, &at.lanes));
    return at;
}

static void machine_close(machine *at) {
    orti_lanes_destroy(at->lanes);
    orti_topology_destroy(at->topology);
}

static void lane_check(const machine *at, uint32_t number, uint32_t threads, const char *cpus, uint32_t node) {
    const orti_lane *lane = orti_lanes_at(at->lanes, number);
    CHECK(lane != NULL, "there is no lane %u", number);
    CHECK(lane->thread_count == threads, "lane %u has %u threads", number, lane->thread_count);
    CHECK(lane->numa_node == node, "lane %u: node %u", number, lane->numa_node);
    CHECK_STR(lane->cpus, cpus);
}

static void feed_check(const machine *at, const char *address, uint32_t said, const char *cpus, uint32_t lane,
                       const char *reason) {
    orti_feed feed;
    orti_lanes_feed(at->lanes, at->topology, address, said, &feed);
    CHECK_STR(feed.cpus, cpus);
    CHECK(feed.lane == lane, "%s is fed from lane %u", address, feed.lane);
    CHECK(strstr(feed.reason, reason) != NULL, "%s", feed.reason);
}

#define NOWHERE ORTI_TOPOLOGY_NONE

ORT_TEST(machines, one_socket) {
    machine at = machine_open("one-socket", (orti_topology_source){0}, 0);
    CHECK(orti_lanes_count(at.lanes) == 1);
    lane_check(&at, 0, 4, "0-7", 0);
    CHECK_STR(orti_lanes_reason(at.lanes), "one, for the least latency");
    CHECK_STR(orti_lanes_at(at.lanes, 0)->thread_reason, "one a core");
    CHECK(orti_lanes_at(at.lanes, 0)->bind == ORTI_BIND_NONE);
    feed_check(&at, "0000:01:00.0", NOWHERE, "0-7", 0, "its PCI slot");
    feed_check(&at, "0000:02:00.0", NOWHERE, "0-7", NOWHERE, "not known");
    feed_check(&at, "", NOWHERE, "0-7", NOWHERE, "not known");
    feed_check(&at, NULL, 0, "0-7", 0, "its provider names");
    machine_close(&at);
}

ORT_TEST(machines, two_sockets) {
    machine at = machine_open("two-sockets", (orti_topology_source){0}, 2);
    lane_check(&at, 0, 4, "0-7", 0);
    lane_check(&at, 1, 4, "8-15", 1);
    CHECK(orti_lanes_at(at.lanes, 0)->bind == ORTI_BIND_AUTO);
    CHECK_STR(orti_lanes_at(at.lanes, 0)->bind_reason, "near their caches: the machine is the process's");
    CHECK_STR(orti_lanes_reason(at.lanes), "as asked for, cut along caches and NUMA nodes");
    feed_check(&at, "0000:17:00.0", NOWHERE, "0-7", 0, "its PCI slot");
    feed_check(&at, "ca:00.0", NOWHERE, "8-15", 1, "its PCI slot");
    /* The slot is believed before the provider. */
    feed_check(&at, "0000:ca:00.0", 0, "8-15", 1, "its PCI slot");
    feed_check(&at, "0000:99:00.0", 1, "8-15", 1, "its provider names");
    feed_check(&at, "", 7, "0-15", NOWHERE, "no core of its NUMA node");
    machine_close(&at);
    /* One lane over both: the device is still near one half of it. */
    at = machine_open("two-sockets", (orti_topology_source){0}, 1);
    lane_check(&at, 0, 8, "0-15", NOWHERE);
    feed_check(&at, "0000:ca:00.0", NOWHERE, "8-15", 0, "its PCI slot");
    machine_close(&at);
    at = machine_open("two-sockets", (orti_topology_source){0}, 4);
    lane_check(&at, 3, 2, "12-15", 1);
    CHECK_STR(orti_lanes_reason(at.lanes), "as asked for, cut inside caches and NUMA nodes");
    machine_close(&at);
}

/* Several NUMA nodes a package: lanes and feeding follow the node, not the package. */
ORT_TEST(machines, sub_numa) {
    machine at = machine_open("sub-numa", (orti_topology_source){0}, 4);
    const orti_topology_facts *facts = orti_topology_facts_of(at.topology);
    CHECK(facts->package_count == 2 && facts->node_count == 4 && facts->group_count == 4);
    lane_check(&at, 0, 2, "0-1", 0);
    lane_check(&at, 3, 2, "6-7", 3);
    feed_check(&at, "0000:17:00.0", NOWHERE, "2-3", 1, "its PCI slot");
    feed_check(&at, "0000:ca:00.0", NOWHERE, "6-7", 3, "its PCI slot");
    machine_close(&at);
    at = machine_open("sub-numa", (orti_topology_source){0}, 2);
    lane_check(&at, 1, 4, "4-7", NOWHERE);
    feed_check(&at, "0000:ca:00.0", NOWHERE, "6-7", 1, "its PCI slot");
    machine_close(&at);
}

/* A lane that does not need all cores has the fast ones. */
ORT_TEST(machines, hybrid_cores) {
    machine at = machine_open("hybrid", (orti_topology_source){0}, 0);
    CHECK(orti_topology_facts_of(at.topology)->core_kind_count == 2);
    lane_check(&at, 0, 6, "0-5", 0);
    machine_close(&at);
    at = machine_open("hybrid", (orti_topology_source){.allowed_cpus = "1-5"}, 0);
    lane_check(&at, 0, 5, "1-5", 0);
    machine_close(&at);
}

/* A cpuset on the second socket, and a quota: limits, never errors. */
ORT_TEST(machines, container) {
    machine at = machine_open("container", (orti_topology_source){.quota_cpus = 1.5}, 4);
    const orti_topology_facts *facts = orti_topology_facts_of(at.topology);
    CHECK(facts->machine_cpu_count == 16 && facts->cpu_count == 4 && facts->core_count == 2);
    CHECK(facts->thread_limit == 2 && !facts->is_whole_machine);
    CHECK_STR(facts->thread_limit_reason, "one a core that the affinity mask or cpuset allows");
    CHECK(orti_lanes_count(at.lanes) == 2);
    CHECK_STR(orti_lanes_reason(at.lanes), "asked for more, one for each thread that pays");
    CHECK(orti_lanes_at(at.lanes, 0)->bind == ORTI_BIND_NONE);
    CHECK_STR(orti_lanes_at(at.lanes, 0)->bind_reason, "a mask, cpuset or quota says that others run here too");
    /* The first socket is out of sight, and with it the place of its device. */
    feed_check(&at, "0000:17:00.0", NOWHERE, "8-11", NOWHERE, "its place is not known");
    feed_check(&at, "0000:ca:00.0", NOWHERE, "8-11", 0, "its PCI slot");
    machine_close(&at);
    at = machine_open("container", (orti_topology_source){.quota_cpus = 0.5}, 0);
    lane_check(&at, 0, 1, "8-11", 1);
    CHECK_STR(orti_topology_facts_of(at.topology)->thread_limit_reason, "the CPU quota");
    CHECK_STR(orti_lanes_at(at.lanes, 0)->thread_reason, "its share of the CPU quota");
    machine_close(&at);
}

/* An affinity mask across both sockets, smaller than either. */
ORT_TEST(machines, masks) {
    machine at = machine_open("two-sockets", (orti_topology_source){.allowed_cpus = "6-7,8"}, 2);
    lane_check(&at, 0, 1, "6-7", 0);
    lane_check(&at, 1, 1, "8", 1);
    feed_check(&at, "0000:ca:00.0", NOWHERE, "8", 1, "its PCI slot");
    machine_close(&at);
    at = machine_open("two-sockets", (orti_topology_source){.allowed_cpus = "8-11"}, 1);
    feed_check(&at, "0000:17:00.0", NOWHERE, "8-11", NOWHERE, "no core of its NUMA node may be used");
    machine_close(&at);
}
