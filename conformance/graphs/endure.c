/* Level 5: the same again and again. What grows is looked at in whole numbers: blocks, threads, files; and in pages of
 * the process, with an allowance for what an allocator keeps. */
#include "graphs/fault.h"
#include "graphs/scene.h"

#include <dirent.h>
#include <unistd.h>

#define RUN_COUNT         1000u
#define SESSION_COUNT     200u
#define ENVIRONMENT_COUNT 20u
#define ALLOWANCE_KB      3072u /* of resident memory: a leak of 4 KB a run is over it */

typedef struct figures {
    uint64_t resident_kb, blocks, buffers, threads, files;
} figures;

static uint64_t entries_of(const char *path) {
    uint64_t count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

static uint64_t resident_kb(void) {
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%llu %llu", &total, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

static figures look(const ortc_scene *scene) {
    const ortc_watch_totals totals = ortc_watch_count(scene->rig.watch);
    return (figures){resident_kb(), totals.live_blocks, totals.live_buffers, entries_of("/proc/self/task"),
                     entries_of("/proc/self/fd")};
}

/* A sanitizer keeps what was freed, to find who uses it, and has a thread of its own: there pages and threads say
 * nothing of the plugin. */
static bool is_plain(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

static void compare(ortc_scene *scene, const char *what, const figures *before, const figures *after) {
    ortc_context *context = scene->context;
    if (after->blocks > before->blocks)
        ortc_fail(context, "endure.memory", "%s: the host's blocks grow from %llu to %llu", what,
                  (unsigned long long)before->blocks, (unsigned long long)after->blocks);
    if (after->buffers > before->buffers)
        ortc_fail(context, "endure.memory", "%s: the buffers grow from %llu to %llu", what,
                  (unsigned long long)before->buffers, (unsigned long long)after->buffers);
    if (after->threads > before->threads)
        ortc_fail(context, "threads.left", "%s: threads grow from %llu to %llu", what,
                  (unsigned long long)before->threads, (unsigned long long)after->threads);
    if (after->files > before->files)
        ortc_fail(context, "process.files", "%s: open files grow from %llu to %llu", what,
                  (unsigned long long)before->files, (unsigned long long)after->files);
    if (is_plain() && after->resident_kb > before->resident_kb + ALLOWANCE_KB)
        ortc_fail(context, "endure.memory", "%s: the process grows from %llu to %llu KB", what,
                  (unsigned long long)before->resident_kb, (unsigned long long)after->resident_kb);
    ortc_metric(context, "grown_kb=%lld", (long long)after->resident_kb - (long long)before->resident_kb);
}

/* `step` often enough for caches to fill, then `count` times under the eye. */
static void endure(ortc_scene *scene, const char *what, uint32_t count,
                   bool (*step)(ortc_scene *scene, uint32_t turn)) {
    for (uint32_t i = 0; i < count / 5; i++)
        if (!step(scene, i)) return;
    figures before = look(scene);
    for (uint32_t i = 0; i < count; i++)
        if (!step(scene, i)) return;
    figures after = look(scene);
    compare(scene, what, &before, &after);
}

static bool step_run(ortc_scene *scene, uint32_t turn) {
    return ortc_scene_expect(scene, "endure.memory", "one of many runs", 513, turn);
}

void ortc_check_runs(ortc_context *context) {
    ortc_scene scene;
    if (ortc_scene_open(context, 0, 1, &scene)) endure(&scene, "runs", RUN_COUNT, step_run);
    ortc_scene_close(&scene);
}

static bool step_session(ortc_scene *scene, uint32_t turn) {
    ortc_scene_end(scene);
    return ortc_is_good(scene->context, "endure.memory", "one of many sessions", ortc_scene_begin(scene)) &&
           ortc_scene_expect(scene, "endure.memory", "one of many sessions", 65, turn);
}

void ortc_check_sessions(ortc_context *context) {
    ortc_scene scene;
    if (ortc_scene_open(context, 0, 1, &scene)) endure(&scene, "sessions", SESSION_COUNT, step_session);
    ortc_scene_close(&scene);
}

/* A whole life each turn: at its end nothing of it is left. */
static bool step_environment(ortc_scene *scene, uint32_t turn) {
    bool is_good = ortc_rig_environment(&scene->rig, 0, 2) &&
                   ortc_is_good(scene->context, "endure.memory", "one of many environments", ortc_scene_begin(scene)) &&
                   ortc_scene_expect(scene, "endure.memory", "one of many environments", 4099, turn);
    ortc_scene_end(scene);
    ortc_rig_close_environment(&scene->rig, 0);
    uint64_t blocks = ortc_watch_count(scene->rig.watch).live_blocks;
    if (blocks)
        ortc_fail(scene->context, "lifetime.leak", "environment %u: %llu blocks of the host's memory are left", turn,
                  (unsigned long long)blocks);
    return is_good && !blocks;
}

void ortc_check_environments(ortc_context *context) {
    ortc_scene scene;
    uint64_t threads = entries_of("/proc/self/task");
    if (ortc_scene_open(context, 0, 2, &scene)) {
        ortc_scene_end(&scene);
        ortc_rig_close_environment(&scene.rig, 0);
        endure(&scene, "environments", ENVIRONMENT_COUNT, step_environment);
        uint64_t left = entries_of("/proc/self/task");
        if (is_plain() && left > threads)
            ortc_fail(context, "threads.left", "%llu threads before the first environment, %llu behind the last",
                      (unsigned long long)threads - 2, (unsigned long long)left - 2); /* less . and .. */
    }
    ortc_scene_close(&scene);
}
