#include "base/file.h"
#include "testing/test.h"
#include "topology/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char root[64];

/* Makes the folders on the way; `name` is relative to the root. */
static void put(const char *name, const char *contents) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    CHECK_OK(orti_file_write(path, contents, strlen(contents)));
}

static void root_begin(void) {
    strcpy(root, "/tmp/ort-quota-test-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
}

static void root_end(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    CHECK(system(command) == 0);
}

static bool quota_is(double want) {
    double got = orti_machine_quota_read(root), off = got - want;
    if (off < 1e-9 && off > -1e-9) return true;
    fprintf(stderr, "quota %g, want %g\n", got, want);
    return false;
}

ORT_TEST(quota, nothing_to_read_is_no_limit) {
    root_begin();
    CHECK(quota_is(0));
    put("proc/self/cgroup", "garbage\n\n::::\n");
    put("proc/self/mountinfo", "1 2 3\n - cgroup2\n");
    CHECK(quota_is(0));
    root_end();
}

ORT_TEST(quota, version_2_takes_the_least_on_the_way_up) {
    root_begin();
    put("proc/self/cgroup", "0::/user/app\n");
    put("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/user/app/cpu.max", "max 100000\n");
    CHECK(quota_is(0));
    put("sys/fs/cgroup/user/app/cpu.max", "150000 100000\n");
    CHECK(quota_is(1.5));
    put("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
    CHECK(quota_is(0.5));
    root_end();
}

ORT_TEST(quota, version_2_in_a_container_that_sees_its_group_as_root) {
    root_begin();
    put("proc/self/cgroup", "0::/docker/abc\n");
    put("proc/self/mountinfo", "31 23 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    put("sys/fs/cgroup/cpu.max", "300000 100000\n");
    CHECK(quota_is(3));
    put("proc/self/cgroup", "0::/\n");
    CHECK(quota_is(3));
    root_end();
}

ORT_TEST(quota, version_1_beside_others) {
    root_begin();
    put("proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/box\n0::/\n");
    put("proc/self/mountinfo", "30 23 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                               "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
    put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
    CHECK(quota_is(0));
    put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "25000\n");
    CHECK(quota_is(0.25));
    put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "10000\n");
    CHECK(quota_is(2.5));
    root_end();
}
