#include "graphs/rig.h"

#include "cases/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ortc_is_good(ortc_context *context, const char *rule, const char *what, ort_status *status) {
    if (!status) return true;
    ortc_fail(context, rule, "%s: %s: %s", what, ort_code_name(ort_status_code(status)), ort_status_message(status));
    ort_status_destroy(status);
    return false;
}

ort_status *ortc_options_for(const char *providers, ort_options **out) {
    ort_status *status = ort_options_create(out);
    if (!status) status = ort_options_set(*out, "providers", providers);
    if (!status) status = ort_options_set(*out, "fallback", "allow");
    return status;
}

bool ortc_rig_open(ortc_context *context, uint32_t watch_flags, ortc_rig *out) {
    char why[512] = "";
    const ortc_watch_options watched = {.library_path = context->subject->library_path, .flags = watch_flags};
    *out = (ortc_rig){.context = context};
    ortc_case_finish(context); /* there is one watch a process, and operator cases keep theirs */
    if (!ortc_watch_create(&watched, &out->watch, why, sizeof why)) {
        ortc_fail(context, "entry.negotiates", "the plugin can't be opened: %s", why);
        return false;
    }
    char *providers = ortc_providers_text(context->subject);
    bool is_good =
        ortc_is_good(context, "device.facts", "options", ortc_options_for(providers ? providers : "[]", &out->options));
    free(providers);
    return is_good;
}

bool ortc_rig_environment(ortc_rig *rig, uint32_t index, uint32_t thread_count) {
    char number[16];
    ort_options *threads = NULL;
    snprintf(number, sizeof number, "%u", thread_count);
    ort_status *status = ort_options_create(&threads);
    if (!status) status = ort_options_set(threads, "threads.lanes", "1");
    if (!status) status = ort_options_set(threads, "threads.per_lane", number);
    if (!status) status = ort_environment_create(threads, NULL, NULL, &rig->environments[index]);
    if (!status) status = ortc_watch_register(rig->watch, rig->environments[index]);
    ort_options_destroy(threads);
    return ortc_is_good(rig->context, "device.facts", "environment", status);
}

void ortc_rig_close_environment(ortc_rig *rig, uint32_t index) {
    ort_environment_destroy(rig->environments[index]);
    rig->environments[index] = NULL;
}

void ortc_rig_take_findings(ortc_rig *rig, const char *what) {
    for (uint32_t i = 0; i < ortc_watch_finding_count(rig->watch); i++) {
        const ortc_watch_finding *finding = ortc_watch_finding_get(rig->watch, i);
        ortc_fail(rig->context, finding->rule, "%s: %s", what, finding->text);
    }
    ortc_watch_forget(rig->watch);
}

void ortc_rig_close(ortc_rig *rig) {
    for (uint32_t i = 0; i < ORTC_RIG_ENVIRONMENTS; i++) ortc_rig_close_environment(rig, i);
    ort_options_destroy(rig->options);
    if (!rig->watch) return;
    ortc_watch_expect_empty(rig->watch);
    ortc_rig_take_findings(rig, "at the end");
    ortc_watch_destroy(rig->watch);
    rig->watch = NULL;
}
