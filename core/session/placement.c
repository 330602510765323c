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

static ort_status *place_provider(ort_session *session, orti_node_id id, uint32_t index, ort_placement *out) {
    const orti_partitioning *parts = session->composition.partitioning;
    const orti_partition *part = &parts->parts[index];
    orti_instance *instance = session->composition.candidates[part->candidate].instance;
    ort_string_view device = orti_instance_device(instance, part->device)->name;
    out->state = ORT_PLACED_PROVIDER;
    out->partition = index;
    out->cost_ns = orti_partition_node_cost_ns(part, id);
    ORT_TRY(keep(session, orti_provider_name(orti_instance_provider(instance)), &out->provider));
    ORT_TRY(orti_arena_string(&session->arena, device.data, (size_t)device.length, &out->device));
    return keep(session, parts->details[id] ? parts->details[id] : "", &out->detail);
}

/* A node that is gone: its outputs tell whether it was computed, replaced, or read by nobody. */
static ort_status *place_gone(ort_session *session, const orti_node *was, const char *pass, ort_placement *out) {
    uint32_t constant_count = 0, output_count = 0;
    const orti_node *heir = NULL;
    for (uint32_t i = 0; i < was->output_count; i++) {
        if (was->outputs[i] == ORTI_NONE) continue;
        const orti_value *value = orti_graph_value(session->graph, was->outputs[i]);
        output_count++;
        constant_count += value->kind == ORTI_VALUE_CONSTANT;
        if (value->kind == ORTI_VALUE_INNER && value->producer != ORTI_NONE)
            heir = orti_graph_node(session->graph, value->producer);
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

static ort_status *place_node(ort_session *session, const orti_graph *loaded, orti_node_id id, ort_placement *out) {
    const orti_partitioning *parts = session->composition.partitioning;
    const orti_node *was = orti_graph_node(loaded, id), *is = orti_graph_node(session->graph, id);
    *out = ORT_INIT(ort_placement);
    out->provider = out->device = out->detail = "";
    out->partition = UINT32_MAX;
    ORT_TRY(keep(session, was->name, &out->node));
    ORT_TRY(keep(session, was->op_type, &out->op_type));
    ORT_TRY(keep(session, was->domain, &out->domain));
    if (session->composition.origins[id] & COMPOSITION_EXPANDED) {
        out->state = ORT_PLACED_REMOVED;
        out->detail = "replaced by its body: no provider takes it whole";
        return NULL;
    }
    if (is->is_deleted) return place_gone(session, was, session->taken_by[id], out);
    if (parts->part_of[id] != ORTI_NONE) return place_provider(session, id, parts->part_of[id], out);
    out->state = parts->is_known_node[id] ? ORT_PLACED_KNOWN : ORT_PLACED_CORE;
    out->detail = parts->is_known_node[id] ? "follows from the shapes" : "";
    return NULL;
}

/* Nodes that came out of composites are told of too; what became of one of them in a pass is not. */
static bool is_of_body(const ort_session *session, orti_node_id id) {
    const session_composition *composition = &session->composition;
    return id < composition->mark_count && (composition->origins[id] & COMPOSITION_OF_BODY) &&
           !orti_graph_node(session->graph, id)->is_deleted;
}

ort_status *orti_placements_make(ort_session *session, const orti_graph *loaded) {
    uint32_t loaded_count = orti_graph_node_count(loaded), bound = orti_graph_node_count(session->graph);
    ORT_TRY(orti_arena_alloc(&session->arena, bound, sizeof *session->placements, &session->placements));
    for (uint32_t i = 0; i < bound; i++) {
        bool is_loaded = i < loaded_count;
        if (is_loaded ? orti_graph_node(loaded, i)->is_deleted : !is_of_body(session, i)) continue;
        ORT_TRY(place_node(session, is_loaded ? loaded : session->graph, i,
                           &session->placements[session->placement_count]));
        session->placement_count++;
    }
    return NULL;
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
