/* One folder to a verdict: load, compile, run, compare, and ask the watch who did the work. */
#include "cases/case.h"

#include <stdio.h>
#include <string.h>

/* A failure that no case expects. Whose it is follows from its code: what is not built is declined, a model that the
 * core calls invalid can't be judged here, everything else broke `rule`. */
static void judge_failure(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle, const char *rule,
                          ort_status *status) {
    ort_code code = ort_status_code(status);
    const char *text = ort_status_message(status);
    if (code == ORT_CODE_UNSUPPORTED || code == ORT_CODE_LIMIT_EXCEEDED)
        ortc_place_declined(context, notes, vehicle, text);
    else if (code == ORT_CODE_INVALID_MODEL || code == ORT_CODE_NOT_FOUND)
        ortc_broken(context, "%s", text);
    else
        ortc_fail(context, rule, "%s: %s", ort_code_name(code), text);
    ort_status_destroy(status);
}

/* The case expects a refusal: the first one that came, or none. */
static void judge_refusal(ortc_context *context, const ortc_notes *notes, ort_status *status) {
    const char *got = status ? ort_code_name(ort_status_code(status)) : "success";
    if (!status || strcmp(got, notes->error_code) != 0)
        ortc_fail(context, "fault.input", "the model must be refused with %s, and gave %s%s%s", notes->error_code, got,
                  status ? ": " : "", ort_status_message(status));
    ort_status_destroy(status);
}

/* A run that the provider was given and that failed is its failure, though no node ran. Before it was given one, it may
 * still say that these sizes are none of its. */
static bool is_its_own(const ortc_vehicle *vehicle, const ort_session *session, ort_code code) {
    const ortc_watch_totals totals = ortc_watch_count(vehicle->watch);
    bool is_refusal = code == ORT_CODE_UNSUPPORTED || code == ORT_CODE_LIMIT_EXCEEDED;
    return code != ORT_CODE_OK && totals.programs && (totals.launches || !is_refusal) && !ortc_place_is_shared(session);
}

static void run_session(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle,
                        ort_session *session) {
    ort_status *status = ortc_sets_run(context, notes, session);
    ort_code code = ort_status_code(status);
    if (*notes->error_code) {
        judge_refusal(context, notes, status);
    } else if (status) {
        ortc_fail(context, context->check->level == 4 ? "graph.correct" : "run.correct", "the run fails: %s: %s",
                  ort_code_name(code), ort_status_message(status));
        ort_status_destroy(status);
    }
    if (*notes->error_code || is_its_own(vehicle, session, code) || ortc_place_judge(context, notes, vehicle, session))
        return;
    /* What somebody else computed wrong is not the provider's: only that it declined is known. */
    if (context->rule && ortc_has_failed(context)) {
        context->verdict = ORTC_PASSED;
        context->rule = NULL;
        context->text[0] = 0;
        ortc_place_judge(context, notes, vehicle, session);
    }
}

static void run_model(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle, ort_model *model) {
    ort_session *session = NULL;
    ort_status *status = ort_session_create(vehicle->environment, model, vehicle->options, &session);
    if (status && *notes->error_code)
        judge_refusal(context, notes, status);
    else if (status)
        judge_failure(context, notes, vehicle, "claim.compiles", status);
    else
        run_session(context, notes, vehicle, session);
    ort_session_destroy(session);
}

void ortc_findings_take(ortc_context *context, const ortc_watch *watch) {
    for (uint32_t i = 0; i < ortc_watch_finding_count(watch); i++) {
        const ortc_watch_finding *finding = ortc_watch_finding_get(watch, i);
        ortc_fail(context, finding->rule, "%s", finding->text);
    }
}

static void run_folder(ortc_context *context, const ortc_notes *notes, const ortc_vehicle *vehicle) {
    char path[4200];
    ort_model *model = NULL;
    snprintf(path, sizeof path, "%s/model.onnx", context->folder);
    ort_status *status = ort_model_load(vehicle->environment, path, vehicle->options, &model);
    if (status && *notes->error_code)
        judge_refusal(context, notes, status);
    else if (status)
        judge_failure(context, notes, vehicle, "claim.compiles", status);
    else
        run_model(context, notes, vehicle, model);
    ort_model_destroy(model);
    ortc_findings_take(context, vehicle->watch);
    ortc_watch_forget(vehicle->watch);
}

void ortc_case_run(ortc_context *context) {
    ortc_notes notes;
    const ortc_vehicle *vehicle = NULL;
    if (ortc_notes_read(context, &notes)) vehicle = ortc_vehicle_get(context, context->check->level);
    if (vehicle) run_folder(context, &notes, vehicle);
    ortc_notes_finish(&notes);
}
