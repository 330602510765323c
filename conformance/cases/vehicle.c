/* The core as a vehicle: an environment in which the subject is known by the watch's name. */
#include "cases/case.h"
#include "cases/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ortc_vehicle vehicle;

/* Of the optional passes. Operators are judged one by one: none may be folded, fused or removed before it runs. */
static const char passes_off[] = "[\"opt_known\", \"opt_identity\", \"opt_dead_code\", \"opt_common_subexpressions\", "
                                 "\"opt_batch_norm\", \"opt_fold_constants\", \"opt_fuse_conv_affine\"]";

static bool refuse(ortc_context *context, const char *rule, ort_status *status) {
    if (!status) return true;
    ortc_fail(context, rule, "%s", ort_status_message(status));
    ort_status_destroy(status);
    return false;
}

/* "key=value": a number or true is one, everything else is text. */
static void add_option(json_t *options, const char *assignment) {
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);
    json_t *value = equals ? json_loads(equals + 1, JSON_DECODE_ANY, NULL) : json_true();
    if (equals && (!value || json_is_object(value) || json_is_array(value))) {
        json_decref(value);
        value = json_string(equals + 1);
    }
    json_object_setn_new(options, assignment, length, value);
}

char *ortc_providers_text(const ortc_subject *subject) {
    char name[64];
    json_t *options = json_object();
    for (uint32_t i = 0; i < subject->option_count; i++) add_option(options, subject->options[i]);
    snprintf(name, sizeof name, "%s:%u", ORTC_WATCH_NAME, subject->device);
    json_t *list = json_pack("[{s:s, s:o}]", "name", name, "options", options);
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

static ort_status *set_options(const ortc_subject *subject, ort_options *options) {
    static const char *const fixed[][2] = {{"fallback", "allow"}, {"threads.lanes", "1"}, {"threads.per_lane", "2"}};
    char *providers = ortc_providers_text(subject);
    ort_status *status = ort_options_set(options, "providers", providers ? providers : "[]");
    for (size_t i = 0; !status && i < sizeof fixed / sizeof *fixed; i++)
        status = ort_options_set(options, fixed[i][0], fixed[i][1]);
    free(providers);
    return status;
}

static bool create(ortc_context *context) {
    char why[512] = "";
    const ortc_watch_options watched = {.library_path = context->subject->library_path,
                                        .flags = ORTC_WATCH_GUARD | ORTC_WATCH_REPEAT};
    if (!ortc_watch_create(&watched, &vehicle.watch, why, sizeof why)) {
        ortc_fail(context, "entry.negotiates", "the plugin can't be opened: %s", why);
        return false;
    }
    return refuse(context, "device.facts", ort_options_create(&vehicle.options)) &&
           refuse(context, "device.facts", set_options(context->subject, vehicle.options)) &&
           refuse(context, "device.facts", ort_environment_create(vehicle.options, NULL, NULL, &vehicle.environment)) &&
           refuse(context, "device.facts", ortc_watch_register(vehicle.watch, vehicle.environment));
}

const ortc_vehicle *ortc_vehicle_get(ortc_context *context, uint32_t level) {
    if (!vehicle.environment && !create(context)) {
        ortc_case_finish(context);
        return NULL;
    }
    const char *passes = level == 3 ? passes_off : "[]";
    return refuse(context, "device.facts", ort_options_set(vehicle.options, "passes.disable", passes)) ? &vehicle
                                                                                                       : NULL;
}

void ortc_case_finish(ortc_context *context) {
    ort_environment_destroy(vehicle.environment);
    ort_options_destroy(vehicle.options);
    if (vehicle.watch) {
        ortc_watch_expect_empty(vehicle.watch);
        ortc_findings_take(context, vehicle.watch);
    }
    ortc_watch_destroy(vehicle.watch);
    vehicle = (ortc_vehicle){0};
}
