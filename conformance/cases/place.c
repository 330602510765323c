/* Who did the work. The core's placement says what it meant to do; the watch counts what was done. */
#include "cases/case.h"

#include <stdio.h>
#include <string.h>

/* Once each: "Add:T=float32" by case.json, "Add:float32" by what the watch saw; the operator's domain before it, if
 * any. */
static void add_entry(ortc_context *context, const char *entry) {
    size_t used = strlen(context->coverage), length = strlen(entry);
    if (used + length + 2 > sizeof context->coverage) return;
    for (const char *at = context->coverage; (at = strstr(at, entry)); at += length)
        if ((at == context->coverage || at[-1] == ' ') && (!at[length] || at[length] == ' ')) return;
    snprintf(context->coverage + used, sizeof context->coverage - used, "%s%s", used ? " " : "", entry);
}

static void add_node(ortc_context *context, const ortc_watch_node *node) {
    char entry[160];
    uint32_t dtype = node->in_dtype != ORT_DTYPE_NONE ? node->in_dtype : node->out_dtype;
    snprintf(entry, sizeof entry, "%s%s%s:%s", node->domain, *node->domain ? "." : "", node->op_type,
             ortc_dtype_name(dtype));
    add_entry(context, entry);
}

/* `is_wanted`: which nodes count when case.json does not say what the case touches. */
static void add_coverage(ortc_context *context, const ortc_notes *notes, const ortc_watch *watch,
                         bool (*is_wanted)(const ortc_watch_node *node)) {
    size_t index;
    json_t *type, *types = *notes->op ? json_object_get(notes->json, "types") : NULL;
    const char *domain = json_string_value(json_object_get(notes->json, "domain"));
    json_array_foreach(types, index, type) {
        char entry[160];
        snprintf(entry, sizeof entry, "%s%s%s:%s", domain ? domain : "", domain && *domain ? "." : "", notes->op,
                 json_string_value(type) ? json_string_value(type) : "?");
        add_entry(context, entry);
    }
    for (uint32_t i = 0; !json_array_size(types) && i < ortc_watch_node_count(watch); i++) {
        const ortc_watch_node node = ortc_watch_node_get(watch, i);
        if (is_wanted(&node)) add_node(context, &node);
    }
}

static bool has_run(const ortc_watch_node *node) {
    return node->run_count > 0;
}

static bool is_declined(const ortc_watch_node *node) {
    return (node->state & ORTC_NODE_DECLINED) != 0;
}

/* The provider's own reason for the first node that it declined; "" when it declined none. */
static const char *first_decline(const ortc_watch *watch, const char **out_op) {
    for (uint32_t i = 0; i < ortc_watch_node_count(watch); i++) {
        const ortc_watch_node node = ortc_watch_node_get(watch, i);
        if (!(node.state & ORTC_NODE_DECLINED) || node.state & ORTC_NODE_COMPILED) continue;
        *out_op = node.op_type;
        return *node.decline_text ? node.decline_text : "no reason given";
    }
    return "";
}

void ortc_place_declined(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle, const char *why) {
    const char *op = "", *reason = first_decline(vehicle->watch, &op);
    add_coverage(context, notes, vehicle->watch, is_declined);
    if (*reason)
        ortc_decline(context, "%s: %s", op, reason);
    else
        ortc_decline(context, "%s", why);
}

/* The first node that somebody else ran. */
static bool find_stranger(const ort_session *session, ort_placement *out) {
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement place = ORT_INIT(ort_placement);
        ort_status *status = ort_session_placement(session, i, &place);
        bool is_stranger =
            !status && place.state == ORT_PLACED_PROVIDER && strcmp(place.provider, ORTC_WATCH_NAME) != 0;
        ort_status_destroy(status);
        if (!is_stranger) continue;
        *out = place;
        return true;
    }
    return false;
}

bool ortc_place_is_shared(const ort_session *session) {
    ort_placement stranger;
    return find_stranger(session, &stranger);
}

/* What the core did with the operator instead of giving it to anybody. */
static void core_text(const ort_session *session, const char *op, char *out, size_t size) {
    snprintf(out, size, "%s did not run on the provider", *op ? op : "no node of the model: it");
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement place = ORT_INIT(ort_placement);
        ort_status *status = ort_session_placement(session, i, &place);
        if (!status && place.state == ORT_PLACED_KNOWN && (!*op || strcmp(op, place.op_type) == 0))
            snprintf(out, size, "%s follows from shapes and constants: the core computes it", place.op_type);
        ort_status_destroy(status);
    }
}

static bool ran(const ortc_watch *watch, const char *op) {
    bool any = false;
    for (uint32_t i = 0; i < ortc_watch_node_count(watch); i++) {
        const ortc_watch_node node = ortc_watch_node_get(watch, i);
        any = any || (node.run_count > 0 && (!*op || strcmp(node.op_type, op) == 0));
    }
    return any;
}

bool ortc_place_judge(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle,
                      const ort_session *session) {
    ort_placement stranger;
    bool is_elsewhere = find_stranger(session, &stranger);
    if (is_elsewhere || !ran(vehicle->watch, notes->op)) {
        char why[512];
        if (is_elsewhere)
            snprintf(why, sizeof why, "%s ran on '%s'", stranger.op_type, stranger.provider);
        else
            core_text(session, notes->op, why, sizeof why);
        ortc_place_declined(context, notes, vehicle, why);
        return false;
    }
    add_coverage(context, notes, vehicle->watch, has_run);
    return true;
}
