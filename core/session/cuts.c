/* Whose nodes are to be: the configuration's "placement" (docs/adr/0012-composites-and-cuts.md). */
#include "session/inner.h"

#include <stdlib.h>
#include <string.h>

ort_status *orti_marks_grow(session_composition *composition, session_segment *segment) {
    uint32_t count = orti_graph_node_count(segment->graph);
    ORT_TRY(orti_grow(composition->alloc, &segment->pins, &segment->pin_capacity, count, sizeof(orti_pin)));
    ORT_TRY(orti_grow(composition->alloc, &segment->origins, &segment->origin_capacity, count, 1));
    for (; segment->mark_count < count; segment->mark_count++)
        segment->pins[segment->mark_count] = (orti_pin){ORTI_NONE, ORTI_PIN_DRAWN};
    return NULL;
}

/* ---- a node's own wish ---- */

/* The index that the device has at its provider. */
static uint32_t device_index(const orti_instance *instance) {
    const orti_provider *provider = orti_instance_provider(instance);
    uint32_t index = 0;
    while (index < orti_provider_device_count(provider) &&
           orti_provider_device(provider, index) != orti_instance_device(instance, 0))
        index++;
    return index;
}

/* "sim:1" is that device of the session's, "sim" the first one. */
static ort_status *candidate_find(const session_composition *composition, const char *text, uint32_t *out) {
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    char *end = NULL;
    unsigned long device = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (colon && (colon[1] < '0' || colon[1] > '9' || *end))
        ORT_FAIL(INVALID_ARGUMENT, "configuration key 'placement.nodes': '%s' wants NAME or NAME:DEVICE", text);
    for (uint32_t c = 0; c < composition->candidate_count; c++) {
        const orti_instance *instance = composition->candidates[c].instance;
        const char *name = orti_provider_name(orti_instance_provider(instance));
        if (strlen(name) != length || strncmp(name, text, length) != 0) continue;
        *out = c;
        if (!colon || device == device_index(instance)) return NULL;
    }
    ORT_FAIL(INVALID_ARGUMENT, "configuration key 'placement.nodes': the session has no provider '%s'", text);
}

/* True when there is such a node, or was before it was expanded. */
static bool wish_pin(session_segment *segment, const char *pattern, uint32_t candidate) {
    bool is_found = false;
    for (uint32_t i = 0; i < orti_graph_node_count(segment->graph); i++) {
        const orti_node *node = orti_graph_node(segment->graph, i);
        bool is_expanded = segment->origins[i] & COMPOSITION_EXPANDED;
        if ((node->is_deleted && !is_expanded) || !orti_glob_match(pattern, node->name)) continue;
        if (!node->is_deleted) segment->pins[i] = (orti_pin){candidate, ORTI_PIN_STRICT};
        is_found = true;
    }
    return is_found;
}

static ort_status *wishes_pin(session_composition *composition, session_segment *segment, json_t *nodes) {
    const char *pattern;
    json_t *provider;
    uint32_t index = 0;
    if (!composition->is_wish_served)
        ORT_TRY(
            orti_arena_alloc(&composition->arena, json_object_size(nodes), sizeof(bool), &composition->is_wish_served));
    json_object_foreach(nodes, pattern, provider) {
        uint32_t candidate = 0;
        ORT_TRY(candidate_find(composition, json_string_value(provider), &candidate));
        composition->is_wish_served[index++] |= wish_pin(segment, pattern, candidate);
    }
    return NULL;
}

ort_status *orti_cuts_check(const session_composition *composition) {
    json_t *nodes = composition->options ? orti_options_get(composition->options, "placement.nodes") : NULL;
    const char *pattern;
    json_t *provider;
    uint32_t index = 0;
    json_object_foreach(nodes, pattern, provider) {
        (void)provider;
        if (composition->is_wish_served && composition->is_wish_served[index++]) continue;
        ORT_FAIL(INVALID_ARGUMENT,
                 "configuration key 'placement.nodes': the model, once it is simplified, has no node '%s' for "
                 "providers",
                 pattern);
    }
    return NULL;
}

/* ---- drawn cuts ---- */

/* Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014. */
static uint64_t draw(uint64_t *seed) {
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Another one than the last, where there is another; of those that the user asked for. */
static uint32_t candidate_draw(const session_composition *composition, uint32_t last, uint64_t *seed) {
    uint32_t asked_count = 0, place = 0;
    for (uint32_t c = 0; c < composition->candidate_count; c++)
        asked_count += composition->candidates[c].is_asked_for && c != last;
    if (!asked_count) return last;
    place = (uint32_t)(draw(seed) % asked_count);
    for (uint32_t c = 0; c < composition->candidate_count; c++)
        if (composition->candidates[c].is_asked_for && c != last && place-- == 0) return c;
    return last;
}

/* The nodes, in the order of the graph, in so many stretches, each for a candidate that is drawn. */
static ort_status *cuts_draw(const session_composition *composition, session_segment *segment, uint32_t part_count,
                             uint64_t seed) {
    const orti_node_id *order = NULL;
    uint32_t count = 0, candidate = ORTI_NONE;
    ORT_TRY(orti_graph_order(segment->graph, &order, &count));
    for (uint32_t i = 0, cuts_left = part_count; i < count; i++) {
        /* Each place is a cut with the chance that leaves all of them room: the first one always is. */
        bool is_cut = i == 0 || (cuts_left && draw(&seed) % (count - i) < cuts_left);
        if (is_cut && cuts_left) cuts_left--;
        if (is_cut) candidate = candidate_draw(composition, candidate, &seed);
        orti_pin *pin = &segment->pins[order[i]];
        if (pin->candidate == ORTI_NONE) *pin = (orti_pin){candidate, ORTI_PIN_DRAWN};
    }
    return NULL;
}

ort_status *orti_cuts_pin(session_composition *composition, session_segment *segment) {
    const ort_options *options = composition->options;
    if (!options) return NULL;
    ORT_TRY(wishes_pin(composition, segment, orti_options_get(options, "placement.nodes")));
    int64_t part_count = orti_options_int(options, "placement.parts", 0);
    if (!part_count && orti_options_get(options, "placement.seed"))
        ORT_FAIL(INVALID_ARGUMENT, "configuration key 'placement.seed' draws nothing without 'placement.parts'");
    if (!part_count) return NULL;
    return cuts_draw(composition, segment, (uint32_t)part_count,
                     (uint64_t)orti_options_int(options, "placement.seed", 0));
}
