#include "base/file.h"
#include "session/inner.h"

#include <string.h>

/* ORT_CONFIG under what the caller gives. */
static ort_status *options_open(const ort_options *given, ort_options **out) {
    ort_options *file = NULL;
    ort_status *status = NULL;
    const char *path = orti_env("ORT_CONFIG");
    ORT_TRY(ort_options_create(&file));
    if (path) status = ORT_NOTE(ort_options_load(file, path), "ORT_CONFIG");
    if (!status) status = orti_options_merged(file, given, false, out);
    ort_options_destroy(file);
    return status;
}

static orti_bind bind_read(const ort_options *options) {
    const char *word = orti_options_text(options, "threads.bind", "auto");
    if (strcmp(word, "none") == 0) return ORTI_BIND_NONE;
    return strcmp(word, "cores") == 0 ? ORTI_BIND_CORES : ORTI_BIND_AUTO;
}

static ort_status *lanes_open(ort_environment *environment) {
    orti_lane_config config = {.lane_count = (uint32_t)orti_options_int(environment->options, "threads.lanes", 0),
                               .thread_count = (uint32_t)orti_options_int(environment->options, "threads.per_lane", 0),
                               .bind = bind_read(environment->options)};
    ORT_TRY(orti_topology_create(environment->alloc, NULL, &environment->topology));
    /* HWLOC_XMLFILE shows another machine: its threads are planned, not started. */
    config.is_plan_only = !orti_topology_facts_of(environment->topology)->is_this_machine;
    ORT_TRY(orti_lanes_create(environment->topology, &config, &environment->lanes));
    environment->lane_count = orti_lanes_count(environment->lanes);
    ORT_TRY(orti_alloc(environment->alloc, environment->lane_count, sizeof(ortp_lane), &environment->border_lanes));
    ORT_TRY(orti_alloc(environment->alloc, environment->lane_count, sizeof(orti_worker *), &environment->drivers));
    for (uint32_t i = 0; i < environment->lane_count; i++) {
        const orti_lane *lane = orti_lanes_at(environment->lanes, i);
        environment->border_lanes[i] =
            (ortp_lane){lane->team, lane->numa_node, lane->l1_bytes, lane->l2_bytes, lane->l3_bytes};
    }
    return NULL;
}

static uint32_t thread_count_max(const ort_environment *environment) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < environment->lane_count; i++) {
        uint32_t count = orti_lanes_at(environment->lanes, i)->thread_count;
        if (count > most) most = count;
    }
    return most;
}

static ort_status *providers_open(ort_environment *environment) {
    json_t *list = orti_options_get(environment->options, "plugins.path");
    const char **paths = NULL;
    size_t count = json_array_size(list);
    ORT_TRY(orti_alloc(environment->alloc, count, sizeof *paths, &paths));
    for (size_t i = 0; i < count; i++) paths[i] = json_string_value(json_array_get(list, i));
    const orti_providers_options options = {.api_paths = paths,
                                            .api_path_count = (uint32_t)count,
                                            .environment_path = orti_env("ORT_PLUGIN_PATH"),
                                            .probe = orti_options_bool(environment->options, "plugins.probe"),
                                            .cache_folder =
                                                orti_options_text(environment->options, "cache.folder", NULL),
                                            .log = &environment->log,
                                            .thread_count_max = thread_count_max(environment)};
    ort_status *status = orti_providers_create(environment->alloc, &options, &environment->providers);
    orti_free(environment->alloc, paths);
    return status;
}

ort_status *ort_environment_create(const ort_options *options, ort_log_fn log, void *log_user, ort_environment **out) {
    ort_environment *environment = NULL;
    ort_status *status = NULL;
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "ort_environment_create: out is NULL");
    *out = NULL;
    ORT_TRY(orti_alloc(orti_allocator_default(), 1, sizeof *environment, &environment));
    environment->alloc = orti_allocator_default();
    environment->log = (orti_log){log, log_user, log ? ORTI_LOG_DEBUG : 0};
    orti_lock_init(&environment->lock);
    ORT_TRY_TO(done, status, options_open(options, &environment->options));
    ORT_TRY_TO(done, status, lanes_open(environment));
    ORT_TRY_TO(done, status, providers_open(environment));
    *out = environment;
done:
    if (status) ort_environment_destroy(environment);
    return status;
}

void ort_environment_destroy(ort_environment *environment) {
    if (!environment) return;
    for (uint32_t i = 0; environment->drivers && i < environment->lane_count; i++)
        orti_worker_destroy(environment->drivers[i]);
    orti_free(environment->alloc, environment->drivers);
    orti_providers_destroy(environment->providers);
    orti_free(environment->alloc, environment->border_lanes);
    orti_lanes_destroy(environment->lanes);
    orti_topology_destroy(environment->topology);
    ort_options_destroy(environment->options);
    orti_lock_finish(&environment->lock);
    orti_free(environment->alloc, environment);
}

ortp_lane *orti_environment_lane(ort_environment *environment, uint32_t number) {
    if (!environment->lane_count) return NULL;
    if (number == ORTI_TOPOLOGY_NONE) number = atomic_fetch_add(&environment->next_lane, 1);
    return &environment->border_lanes[number % environment->lane_count];
}

void orti_environment_feed(const ort_environment *environment, const orti_topology *topology,
                           const ortp_device_info *device, orti_feed *out) {
    uint32_t node = device->numa_node == ORTP_NONE ? ORTI_TOPOLOGY_NONE : device->numa_node;
    orti_lanes_feed(environment->lanes, topology, device->pci_address.length ? device->pci_address.data : NULL, node,
                    out);
}

/* The driver's first task. Where the lane is not bound, neither is its driver. */
typedef struct driver_place {
    orti_lanes *lanes;
    uint32_t lane;
} driver_place;

static void driver_bind(void *user) {
    const driver_place place = *(driver_place *)user;
    orti_free(orti_allocator_default(), user);
    (void)orti_lanes_bind_caller(place.lanes, place.lane);
}

static ort_status *driver_create(ort_environment *environment, uint32_t lane, orti_worker **out) {
    driver_place *place = NULL;
    ORT_TRY(orti_worker_create(environment->alloc, out));
    if (orti_lanes_at(environment->lanes, lane)->bind == ORTI_BIND_NONE) return NULL;
    ort_status *status = orti_alloc(orti_allocator_default(), 1, sizeof *place, &place);
    if (!status) {
        *place = (driver_place){environment->lanes, lane};
        status = orti_worker_submit(*out, driver_bind, place);
    }
    if (!status) return NULL;
    orti_free(orti_allocator_default(), place);
    orti_worker_destroy(*out);
    *out = NULL;
    return status;
}

ort_status *orti_environment_driver(ort_environment *environment, const ortp_lane *lane, orti_worker **out) {
    uint32_t index = lane ? (uint32_t)(lane - environment->border_lanes) : 0;
    ort_status *status = NULL;
    orti_lock_take(&environment->lock);
    if (!environment->drivers[index]) status = driver_create(environment, index, &environment->drivers[index]);
    *out = environment->drivers[index];
    orti_lock_give(&environment->lock);
    return status;
}

ort_status *ort_environment_register(ort_environment *environment, const char *manifest_json,
                                     uint32_t (*entry)(const void *request, void *reply)) {
    if (!environment || !manifest_json || !entry)
        ORT_FAIL(INVALID_ARGUMENT, "ort_environment_register: an argument is NULL");
    /* ort.h does not show the border's types; the entry is called as what it is. */
    return orti_providers_register(environment->providers, manifest_json, (ortp_entry_fn)(void (*)(void))entry);
}
