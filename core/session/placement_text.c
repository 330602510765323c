/* The placement report, for machines and for people. */
#include "session/inner.h"

#include <string.h>

static const char *const state_names[] = {"", "provider", "folded", "known", "removed", "core"};
#define STATE_COUNT (sizeof state_names / sizeof *state_names)

static void add_pair(orti_text *text, const char *key, const char *value) {
    orti_text_add(text, "\"%s\":\"", key);
    orti_text_add_escaped(text, value, strlen(value));
    orti_text_add(text, "\",");
}

static void node_json(const ort_placement *placement, orti_text *text) {
    orti_text_add(text, "{");
    add_pair(text, "node", placement->node);
    add_pair(text, "op_type", placement->op_type);
    add_pair(text, "domain", placement->domain);
    add_pair(text, "state", state_names[placement->state]);
    add_pair(text, "provider", placement->provider);
    add_pair(text, "device", placement->device);
    add_pair(text, "detail", placement->detail);
    if (placement->partition != UINT32_MAX) orti_text_add(text, "\"partition\":%u,", placement->partition);
    orti_text_add(text, "\"cost_ns\":%.6g}", placement->cost_ns);
}

static const char *part_provider(const ort_session *session, const orti_partition *part) {
    return orti_provider_name(orti_instance_provider(session->composition.candidates[part->candidate].instance));
}

/* Parts are counted over all segments. */
static const orti_partition *part_at(const ort_session *session, uint32_t index) {
    const session_composition *composition = &session->composition;
    uint32_t at = 0;
    while (at + 1 < composition->segment_count && composition->segments[at + 1]->first_part <= index) at++;
    return &composition->segments[at]->partitioning->parts[index - composition->segments[at]->first_part];
}

static void part_json(const ort_session *session, uint32_t index, orti_text *text) {
    const orti_partition *part = part_at(session, index);
    orti_text_add(text, "{\"partition\":%u,", index);
    add_pair(text, "provider", part_provider(session, part));
    orti_text_add(text,
                  "\"device\":%u,\"nodes\":%u,\"inputs\":%u,\"outputs\":%u,\"cost_ns\":%.6g,\"launch_ns\":%.6g,"
                  "\"copy_ns\":%.6g}",
                  part->device, part->node_count, part->input_count, part->output_count, part->cost_ns, part->launch_ns,
                  part->copy_ns);
}

static void counts_of(const ort_session *session, uint32_t counts[STATE_COUNT]) {
    memset(counts, 0, STATE_COUNT * sizeof *counts);
    for (uint32_t i = 0; i < session->placement_count; i++) counts[session->placements[i].state]++;
}

ort_status *ort_session_placement_json(const ort_session *session, char **out) {
    if (!session || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_session_placement_json: an argument is NULL");
    uint32_t part_count = session->composition.part_count;
    uint32_t counts[STATE_COUNT];
    orti_text text;
    *out = NULL;
    counts_of(session, counts);
    orti_text_init(&text, session->alloc);
    orti_text_add(&text, "{\"schema\":1,\"nodes\":[");
    for (uint32_t i = 0; i < session->placement_count; i++) {
        orti_text_add(&text, i ? "," : "");
        node_json(&session->placements[i], &text);
    }
    orti_text_add(&text, "],\"partitions\":[");
    for (uint32_t i = 0; i < part_count; i++) {
        orti_text_add(&text, i ? "," : "");
        part_json(session, i, &text);
    }
    orti_text_add(&text, "],\"totals\":{\"nodes\":%u,\"partitions\":%u", session->placement_count, part_count);
    for (size_t i = 1; i < STATE_COUNT; i++) orti_text_add(&text, ",\"%s\":%u", state_names[i], counts[i]);
    orti_text_add(&text, "}}");
    ort_status *status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}

static void node_text(const ort_placement *placement, orti_text *text) {
    bool is_placed = placement->state == ORT_PLACED_PROVIDER;
    orti_text_add(text, "%-10s %-4.0d %-20s %s", is_placed ? placement->provider : state_names[placement->state],
                  is_placed ? (int)placement->partition + 1 : 0, placement->op_type, placement->node);
    if (*placement->detail) orti_text_add(text, "  [%s]", placement->detail);
    orti_text_add(text, "\n");
}

ort_status *ort_session_placement_text(const ort_session *session, char **out) {
    if (!session || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_session_placement_text: an argument is NULL");
    uint32_t part_count = session->composition.part_count;
    uint32_t counts[STATE_COUNT];
    orti_text text;
    *out = NULL;
    counts_of(session, counts);
    orti_text_init(&text, session->alloc);
    orti_text_add(&text, "%-10s %-4s %-20s %s\n", "where", "part", "operator", "node");
    for (uint32_t i = 0; i < session->placement_count; i++) node_text(&session->placements[i], &text);
    for (uint32_t i = 0; i < part_count; i++) {
        const orti_partition *part = part_at(session, i);
        orti_text_add(&text, "partition %u: %s, %u nodes, estimated %.3g us + %.3g us of copies\n", i + 1,
                      part_provider(session, part), part->node_count, (part->cost_ns + part->launch_ns) / 1000,
                      part->copy_ns / 1000);
    }
    orti_text_add(&text, "%u nodes:", session->placement_count);
    for (size_t i = 1; i < STATE_COUNT; i++)
        if (counts[i]) orti_text_add(&text, " %u %s", counts[i], state_names[i]);
    orti_text_add(&text, "\n");
    ort_status *status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}
