/* providers/testing.h: what this room's tests share. Not part of the room. */
#ifndef ORT_CORE_PROVIDERS_TESTING_H
#define ORT_CORE_PROVIDERS_TESTING_H

#include "providers/providers.h"
#include "testing/test.h"

#include <stdio.h>

/* One test plugin's folder, found and nothing else. */
static inline orti_providers *providers_of(const char *name, bool probe) {
    char path[512];
    const char *paths[] = {path};
    orti_providers *providers = NULL;
    snprintf(path, sizeof path, "%s/%s", TEST_PLUGINS, name);
    const orti_providers_options options = {.api_paths = paths,
                                            .api_path_count = 1,
                                            .skip_defaults = true,
                                            .probe = probe,
                                            .probe_timeout_ns = UINT64_C(1500000000)};
    CHECK_OK(orti_providers_create(orti_allocator_default(), &options, &providers));
    CHECK(orti_providers_count(providers) == 1);
    return providers;
}

static inline orti_instance *instance_of(orti_providers *providers) {
    orti_instance *instance = NULL;
    const uint32_t device = 0;
    CHECK_OK(orti_instance_open(orti_providers_at(providers, 0), &device, 1, NULL, 0, &instance));
    return instance;
}

static inline orti_graph *graph_of(const char *text) {
    orti_graph *graph = NULL;
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    return graph;
}

#endif
