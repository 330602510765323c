#include "base/file.h"
#include "testing/test.h"
#include "topology/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TWO_SOCKETS "package:2 [numa(memory=64GB)] l3:1(size=33554432) l2:4(size=1048576) l1d:1(size=32768) core:1 pu:2"

static orti_topology *topology_of(orti_topology_source source) {
    orti_topology *topology = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), &source, &topology));
    return topology;
}

ORT_TEST(topology, two_sockets) {
    orti_topology *topology = topology_of((orti_topology_source){.synthetic = TWO_SOCKETS});
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    CHECK(facts->package_count == 2 && facts->core_count == 8 && facts->cpu_count == 16);
    CHECK(facts->machine_cpu_count == 16 && facts->group_count == 2 && facts->thread_limit == 8);
    CHECK(facts->quota_cpus == 0 && facts->core_kind_count == 1);
    CHECK(!facts->is_this_machine && facts->is_whole_machine);
    CHECK_STR(facts->allowed_cpus, "0-15");
    CHECK(facts->l1_bytes == 32768 && facts->l2_bytes == 1048576 && facts->l3_bytes == 33554432);
    CHECK(facts->cache_count == 3);
    CHECK(facts->caches[2].level == 3 && facts->caches[2].count == 2 && facts->caches[2].core_count == 4);
    CHECK(facts->caches[1].level == 2 && facts->caches[1].count == 8 && facts->caches[1].core_count == 1);
    CHECK(facts->node_count == 2 && facts->nodes[1].number == 1 && facts->nodes[1].core_count == 4);
    CHECK_STR(facts->nodes[1].cpus, "8-15");
    CHECK(facts->nodes[0].memory_bytes >= UINT64_C(64000000000) && facts->device_count == 0);
    orti_topology_destroy(topology);
    orti_topology_destroy(NULL);
}

ORT_TEST(topology, one_socket_without_l3) {
    orti_topology *topology = topology_of((orti_topology_source){.synthetic = "package:1 l2:2 core:2 pu:1"});
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    CHECK(facts->package_count == 1 && facts->core_count == 4 && facts->group_count == 1 && facts->l3_bytes == 0);
    CHECK(facts->cache_count == 1 && facts->caches[0].count == 2 && facts->caches[0].core_count == 2);
    orti_topology_destroy(topology);
}

ORT_TEST(topology, masks_narrow) {
    orti_topology *topology = topology_of((orti_topology_source){.synthetic = TWO_SOCKETS, .allowed_cpus = "2,8-11"});
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    CHECK(facts->core_count == 3 && facts->cpu_count == 5 && facts->machine_cpu_count == 16);
    CHECK(facts->package_count == 2 && facts->group_count == 2 && facts->thread_limit == 3 && !facts->is_whole_machine);
    CHECK(facts->caches[1].count == 3 && facts->nodes[0].core_count == 1 && facts->nodes[1].core_count == 2);
    CHECK_STR(facts->nodes[1].cpus, "8-11");
    orti_topology_destroy(topology);
    /* A mask without any CPU that is there is no limit. */
    topology = topology_of((orti_topology_source){.synthetic = TWO_SOCKETS, .allowed_cpus = "99"});
    CHECK(orti_topology_facts_of(topology)->core_count == 8);
    orti_topology_destroy(topology);
}

ORT_TEST(topology, quotas_limit_threads) {
    static const struct {
        double quota;
        uint32_t limit;
    } cases[] = {{0.5, 1}, {1.5, 2}, {2, 2}, {7.1, 8}, {100, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        orti_topology *topology =
            topology_of((orti_topology_source){.synthetic = TWO_SOCKETS, .quota_cpus = cases[i].quota});
        const orti_topology_facts *facts = orti_topology_facts_of(topology);
        CHECK(facts->thread_limit == cases[i].limit, "quota %g: %u", cases[i].quota, facts->thread_limit);
        CHECK(facts->quota_cpus == cases[i].quota && !facts->is_whole_machine);
        orti_topology_destroy(topology);
    }
}

ORT_TEST(topology, create_refuses) {
    orti_topology *topology = NULL;
    const orti_allocator *alloc = orti_allocator_default();
    CHECK_FAILS(orti_topology_create(alloc, &(orti_topology_source){.xml_path = "/none.xml"}, &topology),
                ORT_CODE_NOT_FOUND, "/none.xml");
    CHECK_FAILS(orti_topology_create(alloc, &(orti_topology_source){.synthetic = "nonsense"}, &topology),
                ORT_CODE_INVALID_ARGUMENT, "nonsense");
    CHECK_FAILS(orti_topology_create(alloc, &(orti_topology_source){.synthetic = "core:2 pu:1", .allowed_cpus = "x"},
                                     &topology),
                ORT_CODE_INVALID_ARGUMENT, "'x' is no list of CPUs");
    char path[] = "/tmp/ort-topology-test-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, "<broken", 7) == 7);
    close(fd);
    CHECK_FAILS(orti_topology_create(alloc, &(orti_topology_source){.xml_path = path}, &topology),
                ORT_CODE_INVALID_ARGUMENT, path);
    CHECK(topology == NULL);
    remove(path);
}

ORT_TEST(topology, every_allocation_may_fail) {
    for (uint64_t fail_at = 1;; fail_at++) {
        orti_allocator_failing failing;
        orti_topology *topology = NULL;
        orti_lanes *lanes = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        orti_topology_source source = {.synthetic = TWO_SOCKETS};
        ort_status *status = orti_topology_create(&failing.allocator, &source, &topology);
        if (!status) status = orti_lanes_create(topology, &(orti_lane_config){.lane_count = 3}, &lanes);
        orti_lanes_destroy(lanes);
        orti_topology_destroy(topology);
        CHECK(failing.live_count == 0, "leaks after failing at %u", (unsigned)fail_at);
        if (!status) {
            CHECK(fail_at > 8);
            break;
        }
        CHECK(ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        ort_status_destroy(status);
    }
}

ORT_TEST(topology, this_machine) {
    orti_topology *topology = NULL;
    CHECK_OK(orti_topology_create(orti_allocator_default(), NULL, &topology));
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    CHECK(facts->is_this_machine && facts->core_count >= 1 && facts->cpu_count >= facts->core_count);
    CHECK(facts->thread_limit >= 1 && facts->thread_limit <= facts->core_count && facts->allowed_cpus[0]);
    char memory[64];
    CHECK(!orti_topology_place_memory(topology, ORTI_TOPOLOGY_NONE, memory, sizeof memory));
    CHECK(!orti_topology_place_memory(topology, 0, memory, 0));
    CHECK(orti_topology_node_near_pci(topology, "nonsense") == ORTI_TOPOLOGY_NONE);
    CHECK(orti_topology_node_near_pci(topology, "ffff:ff:1f.7") == ORTI_TOPOLOGY_NONE);
    orti_topology_destroy(topology);
}

/* An export of two sockets with a device below the second one. */
static void write_xml_with_device(char *path) {
    hwloc_topology_t hwloc;
    char *xml = NULL, *end, *at;
    int length = 0;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK(hwloc_topology_init(&hwloc) == 0 && hwloc_topology_set_synthetic(hwloc, TWO_SOCKETS) == 0);
    CHECK(hwloc_topology_load(hwloc) == 0 && hwloc_topology_export_xmlbuffer(hwloc, &xml, &length, 0) == 0);
    end = NULL;
    for (at = xml; (at = strstr(at, "</object>")); at++) end = at; /* the machine's */
    for (at = xml; (at = strstr(at, "</object>")) && at < end; at++) {
        char *next = strstr(at + 1, "</object>");
        if (next == end) break; /* the second package's */
    }
    orti_text_add_bytes(&text, xml, (size_t)(at - xml));
    orti_text_add(&text, "<object type=\"Bridge\" gp_index=\"901\" bridge_type=\"0-1\" depth=\"0\" "
                         "bridge_pci=\"0000:[60-7f]\"><object type=\"PCIDev\" gp_index=\"902\" "
                         "pci_busid=\"0000:65:00.0\" pci_type=\"0302 [10de:2335] [10de:18be] a1\" "
                         "pci_link_speed=\"63.0\"><info name=\"PCIDevice\" value=\"Some GPU\"/></object></object>");
    orti_text_add(&text, "%s", at);
    CHECK_OK(orti_file_write(path, text.data, text.length));
    orti_text_finish(&text);
    hwloc_free_xmlbuffer(hwloc, xml);
    hwloc_topology_destroy(hwloc);
}

ORT_TEST(topology, devices_have_a_node) {
    char path[] = "/tmp/ort-topology-test-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    write_xml_with_device(path);
    orti_topology *topology = topology_of((orti_topology_source){.xml_path = path, .wants_devices = true});
    const orti_topology_facts *facts = orti_topology_facts_of(topology);
    CHECK(facts->core_count == 8 && facts->device_count == 1, "%u devices", facts->device_count);
    CHECK_STR(facts->devices[0].address, "0000:65:00.0");
    CHECK_STR(facts->devices[0].name, "Some GPU");
    CHECK(facts->devices[0].vendor == 0x10de && facts->devices[0].device == 0x2335);
    CHECK(facts->devices[0].class_id == 0x302 && facts->devices[0].numa_node == 1);
    CHECK(orti_topology_node_near_pci(topology, "0000:65:00.0") == 1);
    CHECK(orti_topology_node_near_pci(topology, "65:00.0") == 1);
    CHECK(orti_topology_node_near_pci(topology, "0000:66:00.0") == ORTI_TOPOLOGY_NONE);
    orti_topology_destroy(topology);
    topology = topology_of((orti_topology_source){.xml_path = path});
    CHECK(orti_topology_facts_of(topology)->device_count == 0);
    orti_topology_destroy(topology);
    remove(path);
}

ORT_TEST(topology, describes_itself) {
    orti_topology *topology = topology_of((orti_topology_source){.synthetic = TWO_SOCKETS, .quota_cpus = 3.5});
    orti_lanes *lanes = NULL;
    CHECK_OK(orti_lanes_create(topology, &(orti_lane_config){.lane_count = 2, .is_plan_only = true}, &lanes));
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    orti_topology_describe(topology, lanes, &text);
    static const char *const lines[] = {"cores     8 in 2 packages, 2 groups, all of one kind\n",
                                        "cpus      16 of the machine's 16 allowed: 0-15\n",
                                        "quota     3.50 cpus\n",
                                        "threads   at most 4\n",
                                        "cache     L3 32 MiB, 2 of them, 4 cores each\n",
                                        "lane      1: 2 threads free on cpus 8-15, numa node 1\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK(strstr(text.data, lines[i]) != NULL, "%s lacks %s", text.data, lines[i]);
    orti_text_finish(&text);
    orti_lanes_destroy(lanes);
    orti_topology_destroy(topology);
}
