/* The path through all rooms: load -> passes -> partition -> schedule -> run. */
#include "base/file.h"
#include "session/inner.h"

#include <string.h>

static bool is_expanded(const ort_session *session, orti_node_id node) {
    const session_composition *composition = &session->composition;
    const session_segment *whole = composition->segment_count ? composition->segments[0] : NULL;
    return whole && whole->graph == session->graph && node < whole->mark_count &&
           whole->origins[node] & COMPOSITION_EXPANDED;
}

/* Remembers which pass took each node of the model as loaded. */
static void pass_observe(void *user, const char *pass, const orti_graph *graph) {
    ort_session *session = user;
    if (graph != session->graph) return; /* a segment of it */
    for (uint32_t i = 0; i < session->loaded_bound; i++)
        if (!session->taken_by[i] && orti_graph_node(graph, i)->is_deleted && !is_expanded(session, i))
            session->taken_by[i] = pass;
}

/* Simplified and raised; what is constant is computed on the candidates. */
static ort_status *passes_run(ort_session *session, orti_graph *graph, bool is_expanded) {
    evaluate_context context = {session->environment, &session->composition};
    orti_passes_options options = {.evaluate = orti_evaluate,
                                   .evaluate_user = &context,
                                   .log = &session->environment->log,
                                   .observe = pass_observe,
                                   .observe_user = session,
                                   .is_expanded = is_expanded,
                                   .record = &session->metrics.passes};
    ORT_TRY(orti_passes_read(&session->arena, session->options, &options));
    uint64_t begin_ns = orti_clock_ns();
    ort_status *status = orti_passes_run(graph, &options);
    session->metrics.passes_ns += orti_clock_ns() - begin_ns;
    return status;
}

static ort_status *passes_run_again(void *user, orti_graph *graph) {
    return passes_run(user, graph, true);
}

/* Runs of a session that uses a device are driven from cores near it, the first of its devices where there are several.
 */
static uint32_t feed_lane_of(const ort_session *session, const orti_partition *part) {
    const orti_instance *instance = session->composition.candidates[part->candidate].instance;
    orti_feed feed;
    if (orti_instance_is_host_addressable(instance, part->device)) return ORTI_TOPOLOGY_NONE;
    orti_environment_feed(session->environment, session->environment->topology,
                          orti_instance_device(instance, part->device), &feed);
    return feed.lane;
}

static uint32_t feed_lane_find(const ort_session *session) {
    const session_composition *composition = &session->composition;
    for (uint32_t s = 0; s < composition->segment_count; s++) {
        const orti_partitioning *parts = composition->segments[s]->partitioning;
        for (uint32_t i = 0; i < parts->part_count; i++) {
            uint32_t lane = feed_lane_of(session, &parts->parts[i]);
            if (lane != ORTI_TOPOLOGY_NONE) return lane;
        }
    }
    return ORTI_TOPOLOGY_NONE;
}

static ort_status *session_fill(ort_session *session, const ort_model *model) {
    session_composition *composition = &session->composition;
    composition->alloc = session->alloc;
    orti_arena_init(&composition->arena, session->alloc);
    ORT_TRY(orti_graph_copy(model->graph, &session->graph));
    ORT_TRY(orti_policy_read(session->options, session->graph, composition));
    ORT_TRY(orti_candidates_open(session->environment, session->options, composition));
    session->loaded_bound = orti_graph_node_count(session->graph);
    ORT_TRY(orti_arena_alloc(&session->arena, session->loaded_bound, sizeof(char *), &session->taken_by));
    ORT_TRY(passes_run(session, session->graph, false));
    composition->options = session->options;
    composition->simplify = passes_run_again;
    composition->simplify_user = session;
    uint64_t begin_ns = orti_clock_ns();
    ORT_TRY(orti_compose(session->environment, session->graph, PLAN_COUNT_MAX, composition));
    session->metrics.compose_ns = orti_clock_ns() - begin_ns;
    session->feed_lane = feed_lane_find(session);
    ORT_TRY(orti_values_describe(&session->arena, session->graph, false, &session->inputs));
    ORT_TRY(orti_values_describe(&session->arena, session->graph, true, &session->outputs));
    ORT_TRY(orti_placements_make(session, model->graph));
    return orti_composition_release_constants(composition, session->graph);
}

ort_status *ort_session_create(ort_environment *environment, ort_model *model, const ort_options *options,
                               ort_session **out) {
    ort_session *session = NULL;
    ort_status *status = NULL;
    if (out) *out = NULL;
    if (!environment || !model || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_session_create: an argument is NULL");
    ORT_TRY(orti_alloc(environment->alloc, 1, sizeof *session, &session));
    session->alloc = environment->alloc;
    session->environment = environment;
    orti_arena_init(&session->arena, session->alloc);
    orti_lock_init(&session->lock);
    uint64_t begin_ns = orti_clock_ns();
    ORT_TRY_TO(done, status, orti_options_merged(environment->options, options, true, &session->options));
    status = session_fill(session, model);
    if (status) status = ORT_NOTE(status, "model '%s'", model->loaded->path);
    session->metrics.create_ns = orti_clock_ns() - begin_ns;
done:
    if (status)
        ort_session_destroy(session);
    else
        *out = session;
    return status;
}

void ort_session_destroy(ort_session *session) {
    if (!session) return;
    orti_pool_drop(session);
    orti_composition_finish(&session->composition);
    orti_graph_destroy(session->graph);
    orti_free(session->alloc, session->placements);
    orti_profile_destroy(session->profile_owned);
    ort_options_destroy(session->options);
    orti_arena_finish(&session->arena);
    orti_lock_finish(&session->lock);
    orti_free(session->alloc, session);
}
