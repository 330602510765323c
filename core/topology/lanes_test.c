#include "testing/test.h"
#include "topology/machine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TWO_SOCKETS "package:2 [numa] l3:1 core:4 pu:2"
#define FOUR_L3     "package:2 [numa] l3:2 core:4 pu:1"

/* The plan as "threads@cpus threads@cpus ...". */
static void plan_print(orti_topology_source source, orti_lane_config config, char *out, size_t out_bytes) {
    orti_topology *topology = NULL;
    orti_lanes *lanes = NULL;
    config.is_plan_only = true;
    CHECK_OK(orti_topology_create(orti_allocator_default(), &source, &topology));
    CHECK_OK(orti_lanes_create(topology, &config, &lanes));
    out[0] = 0;
    for (uint32_t i = 0; i < orti_lanes_count(lanes); i++) {
        const orti_lane *lane = orti_lanes_at(lanes, i);
        size_t used = strlen(out);
        CHECK(lane->number == i && lane->team == NULL);
        snprintf(out + used, out_bytes - used, "%s%u@%s", i ? " " : "", lane->thread_count, lane->cpus);
    }
    CHECK(orti_lanes_at(lanes, orti_lanes_count(lanes)) == NULL);
    orti_lanes_destroy(lanes);
    orti_topology_destroy(topology);
}

static void check_plan(const char *synthetic, const char *allowed, double quota, uint32_t lane_count,
                       uint32_t thread_count, const char *want) {
    char got[512];
    plan_print((orti_topology_source){.synthetic = synthetic, .allowed_cpus = allowed, .quota_cpus = quota},
               (orti_lane_config){.lane_count = lane_count, .thread_count = thread_count}, got, sizeof got);
    CHECK_STR(got, want);
}

ORT_TEST(lanes, are_cut_along_caches) {
    check_plan(TWO_SOCKETS, NULL, 0, 0, 0, "8@0-15");
    check_plan(TWO_SOCKETS, NULL, 0, 2, 0, "4@0-7 4@8-15");
    check_plan(FOUR_L3, NULL, 0, 2, 0, "8@0-7 8@8-15");
    check_plan(FOUR_L3, NULL, 0, 4, 0, "4@0-3 4@4-7 4@8-11 4@12-15");
    check_plan(FOUR_L3, NULL, 0, 3, 0, "4@0-3 4@4-7 8@8-15");
    check_plan(TWO_SOCKETS, NULL, 0, 3, 0, "2@0-3 2@4-7 4@8-15");
    check_plan("package:1 core:4 pu:1", NULL, 0, 2, 0, "2@0-1 2@2-3");
}

ORT_TEST(lanes, never_exceed_limits) {
    check_plan(TWO_SOCKETS, NULL, 0, 100, 0, "1@0-1 1@2-3 1@4-5 1@6-7 1@8-9 1@10-11 1@12-13 1@14-15");
    check_plan(TWO_SOCKETS, NULL, 0, 2, 3, "3@0-7 3@8-15");
    check_plan(TWO_SOCKETS, NULL, 0, 2, 100, "8@0-7 8@8-15"); /* siblings when asked for */
    check_plan(TWO_SOCKETS, NULL, 1.5, 0, 0, "2@0-15");
    check_plan(TWO_SOCKETS, NULL, 1.5, 0, 16, "2@0-15");
    check_plan(TWO_SOCKETS, NULL, 3, 2, 0, "2@0-7 1@8-15");
    check_plan(TWO_SOCKETS, NULL, 0.2, 4, 0, "1@0-15");
    check_plan(TWO_SOCKETS, NULL, 12, 1, 100, "12@0-15");
    check_plan(TWO_SOCKETS, "3-4,10", 0, 0, 0, "3@3-4,10");
    check_plan(TWO_SOCKETS, "3-4,10", 0, 2, 0, "2@3-4 1@10");
}

ORT_TEST(lanes, know_their_node) {
    orti_topology *topology = NULL;
    orti_lanes *lanes = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), &(orti_topology_source){.synthetic = FOUR_L3}, &topology));
    CHECK_OK(orti_lanes_create(topology, &(orti_lane_config){.lane_count = 4, .is_plan_only = true}, &lanes));
    CHECK(orti_lanes_at(lanes, 1)->numa_node == 0 && orti_lanes_at(lanes, 2)->numa_node == 1);
    CHECK(orti_lanes_near_node(lanes, 0) == 0 && orti_lanes_near_node(lanes, 1) == 2);
    CHECK(orti_lanes_near_node(lanes, 9) == 0);
    CHECK(!orti_lanes_bind_caller(lanes, 0) && !orti_lanes_bind_caller(lanes, 9));
    CHECK(orti_lanes_at(lanes, 0)->l3_bytes == orti_topology_facts_of(topology)->l3_bytes);
    orti_lanes_destroy(lanes);
    CHECK_OK(orti_lanes_create(topology, &(orti_lane_config){.is_plan_only = true}, &lanes));
    CHECK(orti_lanes_at(lanes, 0)->numa_node == ORTI_TOPOLOGY_NONE);
    orti_lanes_destroy(lanes);
    orti_lanes_destroy(NULL);
    orti_topology_destroy(topology);
}

static orti_bind bind_of(orti_topology_source source, orti_bind bind, uint32_t lane_count) {
    orti_topology *topology = NULL;
    orti_lanes *lanes = NULL;
    orti_lane_config config = {.lane_count = lane_count, .bind = bind, .is_plan_only = true};
    CHECK_OK(orti_topology_create(orti_allocator_default(), &source, &topology));
    CHECK_OK(orti_lanes_create(topology, &config, &lanes));
    bind = orti_lanes_at(lanes, 0)->bind;
    orti_lanes_destroy(lanes);
    orti_topology_destroy(topology);
    return bind;
}

ORT_TEST(lanes, bind_where_it_pays) {
    orti_topology_source small = {.synthetic = "package:1 l3:1 core:4 pu:1"}, large = {.synthetic = TWO_SOCKETS};
    orti_topology_source masked = {.synthetic = TWO_SOCKETS, .allowed_cpus = "0-9"};
    orti_topology_source quota = {.synthetic = TWO_SOCKETS, .quota_cpus = 4};
    CHECK(bind_of(small, ORTI_BIND_AUTO, 1) == ORTI_BIND_NONE);
    CHECK(bind_of(small, ORTI_BIND_AUTO, 2) == ORTI_BIND_AUTO);
    CHECK(bind_of(large, ORTI_BIND_AUTO, 1) == ORTI_BIND_AUTO);
    CHECK(bind_of(masked, ORTI_BIND_AUTO, 2) == ORTI_BIND_NONE);
    CHECK(bind_of(quota, ORTI_BIND_AUTO, 2) == ORTI_BIND_NONE);
    CHECK(bind_of(large, ORTI_BIND_NONE, 2) == ORTI_BIND_NONE);
    CHECK(bind_of(masked, ORTI_BIND_CORES, 1) == ORTI_BIND_CORES);
}

/* Two efficient cores before two fast ones, as some machines number them. */
static void write_hybrid_xml(const char *path) {
    hwloc_topology_t hwloc;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    CHECK(hwloc_topology_init(&hwloc) == 0 && hwloc_topology_set_synthetic(hwloc, "package:1 l3:1 core:4 pu:1") == 0);
    CHECK(hwloc_topology_load(hwloc) == 0);
    hwloc_bitmap_set_range(cpus, 0, 1);
    CHECK(hwloc_cpukinds_register(hwloc, cpus, 0, 0, NULL, 0) == 0);
    hwloc_bitmap_zero(cpus);
    hwloc_bitmap_set_range(cpus, 2, 3);
    CHECK(hwloc_cpukinds_register(hwloc, cpus, 1, 0, NULL, 0) == 0);
    CHECK(hwloc_topology_export_xml(hwloc, path, 0) == 0);
    hwloc_bitmap_free(cpus);
    hwloc_topology_destroy(hwloc);
}

ORT_TEST(lanes, know_hybrid_cores) {
    char path[] = "/tmp/ort-lanes-test-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    write_hybrid_xml(path);
    orti_topology *topology = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), &(orti_topology_source){.xml_path = path}, &topology));
    CHECK(orti_topology_facts_of(topology)->core_kind_count == 2 &&
          topology->cores[3].efficiency > topology->cores[0].efficiency);
    orti_topology_destroy(topology);
    char got[64];
    plan_print((orti_topology_source){.xml_path = path}, (orti_lane_config){0}, got, sizeof got);
    CHECK_STR(got, "4@0-3");
    remove(path);
}

typedef struct bound_state {
    hwloc_topology_t hwloc;
    _Atomic int outside_count;
    _Atomic int arrived;
    int wanted;
    hwloc_const_bitmap_t allowed;
} bound_state;

/* Each thread waits for the others, so that all are asked. */
static void ask_place(void *user, int64_t begin, int64_t end, uint32_t slot) {
    bound_state *state = user;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    (void)begin;
    (void)end;
    if (slot > 0 && (hwloc_get_cpubind(state->hwloc, cpus, HWLOC_CPUBIND_THREAD) != 0 ||
                     hwloc_bitmap_weight(cpus) != 1 || !hwloc_bitmap_isincluded(cpus, state->allowed)))
        atomic_fetch_add(&state->outside_count, 1);
    hwloc_bitmap_free(cpus);
    atomic_fetch_add(&state->arrived, 1);
    while (atomic_load(&state->arrived) < state->wanted) usleep(100);
}

ORT_TEST(lanes, workers_are_on_their_cores) {
    orti_topology *topology = NULL;
    orti_lanes *lanes = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), NULL, &topology));
    CHECK_OK(orti_lanes_create(topology, &(orti_lane_config){.bind = ORTI_BIND_CORES}, &lanes));
    const orti_lane *lane = orti_lanes_at(lanes, 0);
    CHECK(orti_team_thread_count(lane->team) == lane->thread_count);
    CHECK(lane->thread_count == orti_topology_facts_of(topology)->thread_limit);
    if (orti_topology_facts_of(topology)->cpu_count == lane->core_count) {
        bound_state state = {.hwloc = topology->hwloc, .wanted = (int)lane->thread_count, .allowed = topology->allowed};
        orti_team_for(lane->team, lane->thread_count, 1, ask_place, &state);
        CHECK(state.outside_count == 0);
    }
    orti_lanes_destroy(lanes);
    orti_topology_destroy(topology);
}

static void *bind_caller(void *user) {
    return orti_lanes_bind_caller(user, 0) ? user : NULL;
}

ORT_TEST(lanes, bind_a_thread_of_the_host) {
    orti_topology *topology = NULL;
    orti_lanes *lanes = NULL;
    pthread_t thread;
    void *answer = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), NULL, &topology));
    CHECK_OK(orti_lanes_create(topology, NULL, &lanes));
    CHECK(pthread_create(&thread, NULL, bind_caller, lanes) == 0 && pthread_join(thread, &answer) == 0);
    CHECK(answer == lanes);
    orti_lanes_destroy(lanes);
    orti_topology_destroy(topology);
}
