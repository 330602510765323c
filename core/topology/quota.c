/* CPU quotas: cpu.max (cgroup v2) and cpu.cfs_quota_us (v1), from the process's group up to the mount. */
#include "topology/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES 16384
#define PATH_MAX_BYTES 2048

/* Files of /proc and /sys have no length before they are read. */
static bool read_small(const char *path, char *text) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    size_t length = 0;
    ssize_t got = 0;
    while (length < FILE_MAX_BYTES - 1 && (got = read(fd, text + length, FILE_MAX_BYTES - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = 0;
    return got >= 0;
}

static bool read_in(const char *folder, const char *name, char *text) {
    char path[PATH_MAX_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return read_small(path, text);
}

static void keep_least(double *least, double cpus) {
    if (cpus > 0 && (*least == 0 || cpus < *least)) *least = cpus;
}

static void quota_of_folder(const char *folder, bool is_v2, double *least) {
    char text[FILE_MAX_BYTES];
    double quota = 0, period = 100000;
    if (is_v2) {
        if (read_in(folder, "cpu.max", text) && sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0)
            keep_least(least, quota / period);
        return;
    }
    if (!read_in(folder, "cpu.cfs_quota_us", text)) return;
    quota = strtod(text, NULL);
    if (read_in(folder, "cpu.cfs_period_us", text)) period = strtod(text, NULL);
    if (quota > 0 && period > 0) keep_least(least, quota / period);
}

/* True when the comma-separated list holds the word. */
static bool list_has(const char *list, size_t length, const char *word) {
    size_t word_length = strlen(word);
    for (size_t i = 0; i + word_length <= length; i++)
        if ((i == 0 || list[i - 1] == ',') && memcmp(list + i, word, word_length) == 0 &&
            (i + word_length == length || list[i + word_length] == ','))
            return true;
    return false;
}

/* The process's group in the hierarchy: a line "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1). */
static bool group_path(const char *lines, bool is_v2, char *path) {
    for (const char *line = lines; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        const char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
        if (!second) continue;
        size_t length = strcspn(second + 1, "\n");
        bool is_it = is_v2 ? second == first + 1 : list_has(first + 1, (size_t)(second - first - 1), "cpu");
        if (!is_it || length >= PATH_MAX_BYTES / 2) continue;
        memcpy(path, second + 1, length);
        path[length] = 0;
        return true;
    }
    return false;
}

/* Where the hierarchy is mounted, and which of its groups the mount shows as its root. From mountinfo: "ID parent
 * major:minor ROOT MOUNT options ... - type source super-options". */
static bool mount_path(const char *lines, bool is_v2, char *mount, char *mount_root) {
    for (const char *line = lines; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        char copy[PATH_MAX_BYTES], type[32], options[PATH_MAX_BYTES / 2];
        size_t length = strcspn(line, "\n");
        if (length >= sizeof copy) continue;
        memcpy(copy, line, length);
        copy[length] = 0;
        const char *dash = strstr(copy, " - ");
        if (!dash || sscanf(dash, " - %31s %*s %1023s", type, options) != 2) continue;
        bool is_it = is_v2 ? strcmp(type, "cgroup2") == 0
                           : strcmp(type, "cgroup") == 0 && list_has(options, strlen(options), "cpu");
        if (is_it && sscanf(copy, "%*s %*s %*s %1023s %1023s", mount_root, mount) == 2) return true;
    }
    return false;
}

static void quota_of_hierarchy(const char *root, const char *groups, const char *mounts, bool is_v2, double *least) {
    char group[PATH_MAX_BYTES / 2], mount[PATH_MAX_BYTES / 2], mount_root[PATH_MAX_BYTES / 2];
    char folder[2 * PATH_MAX_BYTES];
    if (!group_path(groups, is_v2, group) || !mount_path(mounts, is_v2, mount, mount_root)) return;
    size_t shown = strlen(mount_root);
    const char *below = shown > 1 && strncmp(group, mount_root, shown) == 0 ? group + shown : group;
    snprintf(folder, sizeof folder, "%s%s%s", root, mount, strcmp(below, "/") == 0 ? "" : below);
    size_t mount_length = strlen(root) + strlen(mount);
    for (;;) {
        quota_of_folder(folder, is_v2, least);
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= mount_length || !slash) return;
        *slash = 0;
    }
}

double orti_machine_quota_read(const char *root) {
    char groups[FILE_MAX_BYTES], mounts[FILE_MAX_BYTES], path[PATH_MAX_BYTES];
    double least = 0;
    snprintf(path, sizeof path, "%s/proc/self", root);
    if (!read_in(path, "cgroup", groups) || !read_in(path, "mountinfo", mounts)) return 0;
    quota_of_hierarchy(root, groups, mounts, true, &least);
    quota_of_hierarchy(root, groups, mounts, false, &least);
    return least;
}
