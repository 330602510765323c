/* Data sets: test_data_set_N/{input,output,bound}_I.pb. */
#include "cases/case.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct values {
    ort_tensor *items[ORTC_CASE_VALUES_MAX];
    uint32_t count;
} values;

static void values_finish(values *self) {
    for (uint32_t i = 0; i < self->count; i++) ort_tensor_release(self->items[i]);
    self->count = 0;
}

static bool has_set(const char *folder, uint32_t set) {
    char path[4300];
    snprintf(path, sizeof path, "%s/test_data_set_%u", folder, set);
    return access(path, R_OK | X_OK) == 0;
}

static bool load_values(ortc_context *context, uint32_t set, const char *kind, uint32_t count, values *out) {
    for (uint32_t i = 0; i < count; i++) {
        char path[4300];
        snprintf(path, sizeof path, "%s/test_data_set_%u/%s_%u.pb", context->folder, set, kind, i);
        ort_status *status = ort_tensor_load(path, &out->items[i]);
        if (status) {
            ortc_broken(context, "%s", ort_status_message(status));
            ort_status_destroy(status);
            return false;
        }
        out->count = i + 1;
    }
    return true;
}

/* A sequence or optional is no tensor; ort.h has none of them. */
static bool are_tensors(ortc_context *context, const ort_session *session, uint32_t inputs, uint32_t outputs) {
    if (inputs > ORTC_CASE_VALUES_MAX || outputs > ORTC_CASE_VALUES_MAX) {
        ortc_broken(context, "more than %u inputs or outputs", ORTC_CASE_VALUES_MAX);
        return false;
    }
    for (uint32_t i = 0; i < inputs + outputs; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status =
            i < inputs ? ort_session_input(session, i, &value) : ort_session_output(session, i - inputs, &value);
        bool is_tensor = !status && !strchr(value.type, '(');
        if (!is_tensor) ortc_decline(context, "'%s' is no tensor but %s", status ? "?" : value.name, value.type);
        ort_status_destroy(status);
        if (!is_tensor) return false;
    }
    return true;
}

static ortc_tensor view_of(const ort_tensor *tensor) {
    return (ortc_tensor){.dtype = ort_tensor_dtype(tensor),
                         .rank = ort_tensor_rank(tensor),
                         .dims = ort_tensor_dims(tensor),
                         .data = ort_tensor_data_const(tensor),
                         .size_bytes = ort_tensor_size_bytes(tensor)};
}

static void compare_output(ortc_context *context, const ortc_notes *notes, const char *name, uint32_t set,
                           const ort_tensor *got, const ort_tensor *want, const ort_tensor *bound) {
    const char *rule = context->check->level == 4 ? "graph.correct" : "run.correct";
    ortc_tensor views[3] = {view_of(got), view_of(want)};
    ortc_finding finding;
    if (bound) views[2] = view_of(bound);
    ortc_judge(&views[0], &views[1], bound ? &views[2] : NULL, &notes->tolerance, &finding);
    if (finding.is_broken)
        ortc_broken(context, "output '%s' of set %u: %s", name, set, finding.text);
    else if (!finding.is_equal)
        ortc_fail(context, rule, "output '%s' of set %u: %s", name, set, finding.text);
    if (finding.used > 0) ortc_metric(context, "used=%.3g", finding.used);
}

static void compare_set(ortc_context *context, const ortc_notes *notes, const ort_session *session, uint32_t set,
                        const values *got, const values *want, const values *bound) {
    for (uint32_t i = 0; i < want->count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status = ort_session_output(session, i, &value);
        compare_output(context, notes, status ? "?" : value.name, set, got->items[i], want->items[i],
                       i < bound->count ? bound->items[i] : NULL);
        ort_status_destroy(status);
    }
}

/* A refusal is what some cases expect, so it is the caller's to judge. */
static ort_status *run_set(ortc_context *context, const ortc_notes *notes, ort_session *session, uint32_t set) {
    values inputs = {.count = 0}, want = {.count = 0}, bound = {.count = 0},
           got = {.count = ort_session_output_count(session)};
    ort_status *status = NULL;
    bool is_wanted = !*notes->error_code;
    memset(got.items, 0, sizeof got.items);
    bool is_loaded = load_values(context, set, "input", ort_session_input_count(session), &inputs) &&
                     (!is_wanted || load_values(context, set, "output", got.count, &want)) &&
                     (!is_wanted || !ortc_tolerance_needs_bound(&notes->tolerance) ||
                      load_values(context, set, "bound", got.count, &bound));
    if (is_loaded) status = ort_session_run(session, inputs.items, inputs.count, got.items, got.count, NULL);
    if (is_loaded && !status && is_wanted) compare_set(context, notes, session, set, &got, &want, &bound);
    values_finish(&inputs);
    values_finish(&want);
    values_finish(&bound);
    values_finish(&got);
    return status;
}

ort_status *ortc_sets_run(ortc_context *context, const ortc_notes *notes, ort_session *session) {
    uint32_t set = 0;
    if (!are_tensors(context, session, ort_session_input_count(session), ort_session_output_count(session)))
        return NULL;
    for (; has_set(context->folder, set); set++) {
        ort_status *status = run_set(context, notes, session, set);
        if (status) return status;
    }
    if (set == 0) ortc_broken(context, "there is no test_data_set_0");
    if (set > 1) ortc_metric(context, "sets=%u", set);
    return NULL;
}
