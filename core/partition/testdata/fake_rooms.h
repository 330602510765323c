/* partition/testdata/fake_rooms.h: a graph and the fake providers, for tests of this room and those after it. */
#ifndef ORT_CORE_PARTITION_FAKE_ROOMS_H
#define ORT_CORE_PARTITION_FAKE_ROOMS_H

#include "partition/partition.h"
#include "partition/testdata/fake.h"

#include <string.h>

typedef struct fake_rooms {
    orti_providers *providers;
    orti_graph *graph;
    orti_candidate candidates[2]; /* far, near */
    ortp_policy policy;
    orti_partition_request request;
} fake_rooms;

static inline int32_t fake_opset(void *user, const char *domain) {
    (void)user;
    return *domain ? 0 : 22;
}

static inline ort_status *fake_candidate_open(fake_rooms *rooms, const char *name, orti_candidate *out) {
    const uint32_t device = 0;
    orti_provider *provider = NULL;
    ORT_TRY(orti_providers_find(rooms->providers, name, &provider));
    return orti_instance_open(provider, &device, 1, NULL, 0, &out->instance);
}

/* `far_ops`, `near_ops`: what each takes. Both have rank 0: the cost decides. */
static inline ort_status *fake_rooms_open(fake_rooms *rooms, const char *graph, const char *far_ops,
                                          const char *near_ops) {
    static const orti_providers_static statics[] = {{fake_far_manifest, fake_far_entry},
                                                    {fake_near_manifest, fake_near_entry}};
    const orti_providers_options options = {.skip_defaults = true, .statics = statics, .static_count = 2};
    memset(rooms, 0, sizeof *rooms);
    fake_far_ops = far_ops;
    fake_near_ops = near_ops;
    fake_far_lies = fake_far_scatters = fake_far_by_body = 0;
    fake_far_delay = 0;
    fake_far_good_count = -1;
    fake_far_limit_bytes = -1;
    fake_failing_node = "";
    fake_settle_count = 0;
    ORT_TRY(orti_graph_parse(orti_allocator_default(), graph, strlen(graph), &rooms->graph));
    ORT_TRY(orti_ops_bind(rooms->graph, fake_opset, NULL));
    ORT_TRY(orti_infer_graph(rooms->graph));
    ORT_TRY(orti_providers_create(orti_allocator_default(), &options, &rooms->providers));
    ORT_TRY(fake_candidate_open(rooms, "far", &rooms->candidates[0]));
    ORT_TRY(fake_candidate_open(rooms, "near", &rooms->candidates[1]));
    rooms->candidates[0].is_asked_for = rooms->candidates[1].is_asked_for = true;
    rooms->policy.size = sizeof rooms->policy;
    rooms->request = (orti_partition_request){.alloc = orti_allocator_default(),
                                              .providers = rooms->providers,
                                              .graph = rooms->graph,
                                              .candidates = rooms->candidates,
                                              .candidate_count = 2,
                                              .policy = &rooms->policy};
    return NULL;
}

static inline void fake_rooms_close(fake_rooms *rooms) {
    orti_instance_release(rooms->candidates[0].instance);
    orti_instance_release(rooms->candidates[1].instance);
    orti_providers_destroy(rooms->providers);
    orti_graph_destroy(rooms->graph);
}

static inline uint32_t fake_part_of(const orti_partitioning *parts, const char *node) {
    for (uint32_t i = 0; i < orti_graph_node_count(parts->graph); i++)
        if (strcmp(orti_graph_node(parts->graph, i)->name, node) == 0) return parts->part_of[i];
    return ORTI_NONE;
}

#endif
