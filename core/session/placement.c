/* What became of every node of the model as loaded: told by ids, which the session's copy of the graph keeps. */
#include "session/inner.h"

#include <string.h>

static ort_status *keep(ort_session *session, const char *text, const char **out) {
    return orti_arena_string(&session->arena, text, strlen(text), out);
}

static ort_status *keep_text(ort_session *session, orti_text *text, const char **out) {
    ort_status *status = orti_text_status(text);
    if (!status) status = orti_arena_string(&session->arena, text->data, text->length, out);
    orti_text_finish(text);
    return status;
}

/* A graph of the model and what has become of it, with the places of its nodes in segments. */
typedef struct placement_walk {
    ort_session *session;
    const struct placement_walk *outer; /* of the graph around; NULL: none */
    const orti_graph *loaded, *graph;
    const session_segment **segments; /* by node id: whose it is; NULL: nobody's */
    uint32_t *locals;                 /* by node id: its id there */
    const char *const *taken_by;      /* by node id of `loaded`: the pass that took it; NULL: not known */
    size_t *capacity;                 /* of the session's placements */
} placement_walk;

static ort_status *placement_add(const placement_walk *walk, const orti_node *node, ort_placement **out) {
    ort_session *session = walk->session;
    ORT_TRY(
        orti_grow(session->alloc, &session->placements, walk->capacity, session->placement_count + 1u, sizeof **out));
    *out = &session->placements[session->placement_count++];
    **out = ORT_INIT(ort_placement);
    (*out)->provider = (*out)->device = (*out)->detail = "";
    (*out)->partition = UINT32_MAX;
    ORT_TRY(keep(session, node->name, &(*out)->node));
    ORT_TRY(keep(session, node->op_type, &(*out)->op_type));
    return keep(session, node->domain, &(*out)->domain);
}

static ort_status *place_provider(ort_session *session, const session_segment *segment, orti_node_id id,
                                  ort_placement *out) {
    const orti_partitioning *parts = segment->partitioning;
    const orti_partition *part = &parts->parts[parts->part_of[id]];
    orti_instance *instance = session->composition.candidates[part->candidate].instance;
    ort_string_view device = orti_instance_device(instance, part->device)->name;
    out->state = ORT_PLACED_PROVIDER;
    out->partition = segment->first_part + parts->part_of[id];
    out->cost_ns = orti_partition_node_cost_ns(part, id);
    ORT_TRY(keep(session, orti_provider_name(orti_instance_provider(instance)), &out->provider));
    ORT_TRY(orti_arena_string(&session->arena, device.data, (size_t)device.length, &out->device));
    return keep(session, parts->details[id] ? parts->details[id] : "", &out->detail);
}

/* A node that is gone: its outputs tell whether it was computed, replaced, or read by nobody. */
static ort_status *place_gone(ort_session *session, const orti_graph *graph, const orti_node *was, const char *pass,
                              ort_placement *out) {
    uint32_t constant_count = 0, output_count = 0;
    const orti_node *heir = NULL;
    for (uint32_t i = 0; i < was->output_count; i++) {
        if (was->outputs[i] == ORTI_NONE) continue;
        const orti_value *value = orti_graph_value(graph, was->outputs[i]);
        output_count++;
        constant_count += value->kind == ORTI_VALUE_CONSTANT;
        if (value->kind == ORTI_VALUE_INNER && value->producer != ORTI_NONE)
            heir = orti_graph_node(graph, value->producer);
    }
    orti_text text;
    orti_text_init(&text, session->alloc);
    if (pass) orti_text_add(&text, "%s: ", pass);
    out->state = ORT_PLACED_REMOVED;
    if (output_count && constant_count == output_count) {
        out->state = ORT_PLACED_FOLDED;
        orti_text_add(&text, "computed once, when the session was created");
    } else if (heir) {
        orti_text_add(&text, "now part of node '%s' (%s)", heir->name, heir->op_type);
    } else {
        orti_text_add(&text, "its readers read an equal value, or nobody reads it");
    }
    return keep_text(session, &text, &out->detail);
}

/* A node of a segment, by its id there. */
static ort_status *place_in_segment(ort_session *session, const session_segment *segment, orti_node_id id,
                                    ort_placement *out) {
    const orti_partitioning *parts = segment->partitioning;
    if (segment->origins[id] & COMPOSITION_EXPANDED) {
        out->state = ORT_PLACED_REMOVED;
        out->detail = "replaced by its body: no provider takes it whole";
        return NULL;
    }
    if (orti_graph_node(segment->graph, id)->is_deleted) {
        out->state = ORT_PLACED_REMOVED;
        out->detail = "simplified once more when composites were expanded";
        return NULL;
    }
    if (parts->part_of[id] != ORTI_NONE) return place_provider(session, segment, id, out);
    out->state = ORT_PLACED_KNOWN;
    out->detail = "follows from the shapes";
    return NULL;
}

static ort_status *place_node(const placement_walk *walk, const orti_node *node, orti_node_id id) {
    const session_segment *segment = walk->segments[id];
    const orti_node *is = orti_graph_node(walk->graph, id);
    ort_placement *out = NULL;
    ORT_TRY(placement_add(walk, node, &out));
    bool is_expanded = segment && segment->origins[walk->locals[id]] & COMPOSITION_EXPANDED;
    if (is->is_deleted && !is_expanded)
        return place_gone(walk->session, walk->graph, node, walk->taken_by ? walk->taken_by[id] : NULL, out);
    if (segment) return place_in_segment(walk->session, segment, walk->locals[id], out);
    out->state = orti_op_is_core(is) ? ORT_PLACED_CORE : ORT_PLACED_REMOVED;
    if (out->state == ORT_PLACED_REMOVED) out->detail = "nobody reads it";
    return NULL;
}

/* Named after a node of the model that was replaced by a graph of its own: "call/node". */
static bool is_named_after(const orti_graph *loaded, const orti_node *node) {
    for (orti_node_id id = 0; id < orti_graph_node_count(loaded); id++) {
        const orti_node *owner = orti_graph_node(loaded, id);
        size_t length = strlen(owner->name);
        if (owner->is_deleted || !orti_node_subgraph_count(owner)) continue;
        if (strncmp(node->name, owner->name, length) == 0 && node->name[length] == '/') return true;
    }
    return false;
}

static bool has_node(const orti_graph *loaded, const orti_node *node) {
    for (orti_node_id id = 0; id < orti_graph_node_count(loaded); id++)
        if (strcmp(orti_graph_node(loaded, id)->name, node->name) == 0) return true;
    return false;
}

/* A node that runs and comes from one of the model: out of a graph that took its node's place, or as a copy in a branch
 * of what was outside. */
static bool is_inlined(const placement_walk *walk, orti_node_id at) {
    const orti_node *node = orti_graph_node(walk->graph, at);
    if (node->is_deleted || (!walk->segments[at] && !orti_op_is_core(node))) return false;
    if (is_named_after(walk->loaded, node)) return true;
    for (const placement_walk *outer = walk->outer; outer; outer = outer->outer)
        if (is_named_after(outer->loaded, node) || has_node(outer->loaded, node)) return true;
    return false;
}

/* True when a node of that name, which the one of a body gets as it is inlined, is told of itself. */
static bool is_moved(const placement_walk *walk, const char *prefix, const orti_node *node) {
    size_t length = strlen(prefix);
    for (orti_node_id id = orti_graph_node_count(walk->loaded); id < orti_graph_node_count(walk->graph); id++) {
        const char *name = orti_graph_node(walk->graph, id)->name;
        if (strncmp(name, prefix, length) == 0 && name[length] == '/' && strcmp(name + length + 1, node->name) == 0)
            return is_inlined(walk, id);
    }
    return false;
}

static ort_status *place_lost(const placement_walk *walk, const orti_graph *body, const orti_node *owner,
                              const char *prefix);

/* The nodes of the graphs of a node that is gone; `prefix`: its name, with those around it. */
static ort_status *place_lost_bodies(const placement_walk *walk, const orti_node *owner, const char *prefix) {
    for (uint32_t i = owner->body ? 1 : 0; i < orti_node_subgraph_count(owner); i++)
        ORT_TRY(place_lost(walk, orti_node_subgraph(owner, i), owner, prefix));
    return NULL;
}

static ort_status *place_lost(const placement_walk *walk, const orti_graph *body, const orti_node *owner,
                              const char *prefix) {
    for (orti_node_id id = 0; id < orti_graph_node_count(body); id++) {
        const orti_node *node = orti_graph_node(body, id);
        const char *path = NULL;
        ort_placement *out = NULL;
        orti_text text;
        if (node->is_deleted) continue;
        orti_text_init(&text, walk->session->alloc);
        orti_text_add(&text, "%s/%s", prefix, node->name);
        ORT_TRY(keep_text(walk->session, &text, &path));
        ORT_TRY(place_lost_bodies(walk, node, path));
        if (is_moved(walk, prefix, node)) continue;
        ORT_TRY(placement_add(walk, node, &out));
        out->state = ORT_PLACED_REMOVED;
        orti_text_init(&text, walk->session->alloc);
        orti_text_add(&text, "in a graph of node '%s' (%s), which is gone", owner->name, owner->op_type);
        ORT_TRY(keep_text(walk->session, &text, &out->detail));
    }
    return NULL;
}

/* Nodes that came out of composites in a segment; what became of one of them in a pass is not told. */
static ort_status *place_expanded(const placement_walk *walk, const session_segment *segment) {
    for (uint32_t id = segment->node_count; id < segment->mark_count; id++) {
        const orti_node *node = orti_graph_node(segment->graph, id);
        ort_placement *out = NULL;
        if (node->is_deleted || !(segment->origins[id] & COMPOSITION_OF_BODY)) continue;
        ORT_TRY(placement_add(walk, node, &out));
        ORT_TRY(place_in_segment(walk->session, segment, id, out));
    }
    return NULL;
}

static ort_status *segments_find(placement_walk *walk, orti_arena *scratch) {
    const session_composition *composition = &walk->session->composition;
    uint32_t bound = orti_graph_node_count(walk->graph);
    ORT_TRY(orti_arena_alloc(scratch, bound, sizeof *walk->segments, &walk->segments));
    ORT_TRY(orti_arena_alloc(scratch, bound, sizeof *walk->locals, &walk->locals));
    for (uint32_t s = 0; s < composition->segment_count; s++) {
        const session_segment *segment = composition->segments[s];
        for (uint32_t i = 0; segment->from == walk->graph && i < segment->node_count; i++) {
            orti_node_id id = segment->nodes ? segment->nodes[i] : i;
            walk->segments[id] = segment;
            walk->locals[id] = i;
        }
    }
    return NULL;
}

static ort_status *walk_graph(placement_walk *walk);

static ort_status *walk_bodies(const placement_walk *walk, orti_node_id id) {
    const orti_node *was = orti_graph_node(walk->loaded, id), *is = orti_graph_node(walk->graph, id);
    if (is->is_deleted) return place_lost_bodies(walk, was, was->name);
    for (uint32_t i = was->body ? 1 : 0; i < orti_node_subgraph_count(was); i++) {
        placement_walk inner = {.session = walk->session,
                                .outer = walk,
                                .loaded = orti_node_subgraph(was, i),
                                .graph = orti_node_subgraph(is, i),
                                .capacity = walk->capacity};
        ORT_TRY(walk_graph(&inner));
    }
    return NULL;
}

static ort_status *walk_nodes(const placement_walk *walk) {
    const session_composition *composition = &walk->session->composition;
    uint32_t loaded_count = orti_graph_node_count(walk->loaded);
    for (orti_node_id id = 0; id < orti_graph_node_count(walk->graph); id++) {
        const orti_node *is = orti_graph_node(walk->graph, id);
        bool is_loaded = id < loaded_count;
        const orti_node *node = is_loaded ? orti_graph_node(walk->loaded, id) : is;
        if (node->is_deleted || (!is_loaded && !is_inlined(walk, id))) continue;
        ORT_TRY(place_node(walk, node, id));
        if (is_loaded) ORT_TRY(walk_bodies(walk, id));
    }
    for (uint32_t s = 0; s < composition->segment_count; s++)
        if (composition->segments[s]->from == walk->graph) ORT_TRY(place_expanded(walk, composition->segments[s]));
    return NULL;
}

static ort_status *walk_graph(placement_walk *walk) {
    orti_arena scratch;
    orti_arena_init(&scratch, walk->session->alloc);
    ort_status *status = segments_find(walk, &scratch);
    if (!status) status = walk_nodes(walk);
    orti_arena_finish(&scratch);
    return status;
}

ort_status *orti_placements_make(ort_session *session, const orti_graph *loaded) {
    size_t capacity = 0;
    placement_walk walk = {.session = session,
                           .loaded = loaded,
                           .graph = session->graph,
                           .taken_by = session->taken_by,
                           .capacity = &capacity};
    return walk_graph(&walk);
}

uint32_t ort_session_placement_count(const ort_session *session) {
    return session ? session->placement_count : 0;
}

ort_status *ort_session_placement(const ort_session *session, uint32_t index, ort_placement *out) {
    if (!session) ORT_FAIL(INVALID_ARGUMENT, "ort_session_placement: session is NULL");
    if (index >= session->placement_count)
        ORT_FAIL(NOT_FOUND, "there is no placement %u, only %u", index, session->placement_count);
    return orti_info_copy(out, &session->placements[index], sizeof(ort_placement), "ort_session_placement");
}
