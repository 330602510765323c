#include "graphs/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- tolerances ---- */

static json_t *json_of(const ortc_context *context, const char *name) {
    char path[4300];
    snprintf(path, sizeof path, "%s/%s", context->folder, name);
    return json_load_file(path, 0, NULL);
}

/* A model's inputs.json says rtol and atol for each output by name; class O is what they mean. */
static json_t *tolerance_of(const json_t *facts, const char *output) {
    const json_t *named = json_object_get(json_object_get(facts, "tolerance"), output);
    if (!named) return NULL;
    return json_pack("{s:s, s:f, s:f}", "class", "O", "rtol", json_number_value(json_object_get(named, "rtol")), "atol",
                     json_number_value(json_object_get(named, "atol")));
}

static bool tolerances_read(ortc_context *context, ortc_data *data) {
    json_t *notes = json_of(context, "case.json"), *facts = json_of(context, "inputs.json");
    bool is_good = true;
    data->is_model = facts != NULL;
    data->is_refusal = json_object_get(notes, "expect") != NULL;
    for (uint32_t i = 0; is_good && i < data->output_count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        char why[256] = "";
        ort_status_destroy(ort_model_output(data->model, i, &value));
        json_t *own = tolerance_of(facts, value.name ? value.name : "");
        is_good = ortc_tolerance_read(own ? own : notes, &data->tolerances[i], why, sizeof why);
        if (!is_good) ortc_broken(context, "%s", why);
        json_decref(own);
    }
    json_decref(notes);
    json_decref(facts);
    return is_good;
}

/* ---- sets ---- */

static bool tensor_load(ortc_context *context, uint32_t set, const char *kind, uint32_t index, bool is_needed,
                        ort_tensor **out) {
    char path[4300];
    snprintf(path, sizeof path, "%s/test_data_set_%u/%s_%u.pb", context->folder, set, kind, index);
    if (!is_needed && access(path, R_OK) != 0) return true;
    ort_status *status = ort_tensor_load(path, out);
    if (!status) return true;
    ortc_broken(context, "%s", ort_status_message(status));
    ort_status_destroy(status);
    return false;
}

static bool set_load(ortc_context *context, ortc_data *data, uint32_t index) {
    ortc_set *set = &data->sets[index];
    bool is_good = true;
    set->inputs = calloc(data->input_count + 1u, sizeof *set->inputs);
    set->wanted = calloc(data->output_count + 1u, sizeof *set->wanted);
    set->bounds = calloc(data->output_count + 1u, sizeof *set->bounds);
    data->set_count = index + 1;
    if (!set->inputs || !set->wanted || !set->bounds) return ortc_broken(context, "no memory is left"), false;
    for (uint32_t i = 0; is_good && i < data->input_count; i++)
        is_good = tensor_load(context, index, "input", i, true, &set->inputs[i]);
    for (uint32_t i = 0; is_good && i < data->output_count; i++)
        is_good =
            tensor_load(context, index, "output", i, true, &set->wanted[i]) &&
            tensor_load(context, index, "bound", i, ortc_tolerance_needs_bound(&data->tolerances[i]), &set->bounds[i]);
    return is_good;
}

static bool sets_load(ortc_context *context, ortc_data *data) {
    for (uint32_t set = 0; set < ORTC_SETS_MAX; set++) {
        char path[4300];
        snprintf(path, sizeof path, "%s/test_data_set_%u", context->folder, set);
        if (access(path, R_OK | X_OK) != 0) break;
        if (!set_load(context, data, set)) return false;
    }
    if (!data->set_count) ortc_broken(context, "there is no test_data_set_0");
    return data->set_count > 0;
}

/* A sequence or optional is no tensor; ort.h has none of them. */
static bool are_tensors(ortc_context *context, const ortc_data *data) {
    for (uint32_t i = 0; i < data->input_count + data->output_count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status_destroy(i < data->input_count ? ort_model_input(data->model, i, &value)
                                                 : ort_model_output(data->model, i - data->input_count, &value));
        if (value.type && !strchr(value.type, '(')) continue;
        ortc_decline(context, "'%s' is no tensor but %s", value.name, value.type);
        return false;
    }
    return true;
}

static bool model_load(ortc_context *context, ort_environment *environment, const ort_options *options,
                       ortc_data *data) {
    char path[4300];
    snprintf(path, sizeof path, "%s/model.onnx", context->folder);
    ort_status *status = ort_model_load(environment, path, options, &data->model);
    if (!status) return true;
    if (ort_status_code(status) == ORT_CODE_UNSUPPORTED || ort_status_code(status) == ORT_CODE_LIMIT_EXCEEDED)
        ortc_decline(context, "%s", ort_status_message(status));
    else
        ortc_broken(context, "%s", ort_status_message(status));
    ort_status_destroy(status);
    return false;
}

bool ortc_data_load(ortc_context *context, ort_environment *environment, const ort_options *options, ortc_data *out) {
    *out = (ortc_data){0};
    if (!model_load(context, environment, options, out)) return false;
    out->input_count = ort_model_input_count(out->model);
    out->output_count = ort_model_output_count(out->model);
    out->tolerances = calloc(out->output_count + 1u, sizeof *out->tolerances);
    if (!out->tolerances) return ortc_broken(context, "no memory is left"), false;
    if (!tolerances_read(context, out)) return false;
    return out->is_refusal || (are_tensors(context, out) && sets_load(context, out));
}

static void tensors_release(ort_tensor **tensors, uint32_t count) {
    for (uint32_t i = 0; tensors && i < count; i++) ort_tensor_release(tensors[i]);
    free(tensors);
}

void ortc_data_finish(ortc_data *data) {
    for (uint32_t i = 0; i < data->set_count; i++) {
        tensors_release(data->sets[i].inputs, data->input_count);
        tensors_release(data->sets[i].wanted, data->output_count);
        tensors_release(data->sets[i].bounds, data->output_count);
    }
    free(data->tolerances);
    ort_model_destroy(data->model);
    *data = (ortc_data){0};
}

bool ortc_data_is_dynamic(const ortc_data *data, uint32_t set) {
    for (uint32_t i = 0; i < data->input_count; i++) {
        const ort_tensor *first = data->sets[0].inputs[i], *other = data->sets[set].inputs[i];
        uint32_t rank = ort_tensor_rank(first);
        if (rank != ort_tensor_rank(other)) return true;
        if (rank && memcmp(ort_tensor_dims(first), ort_tensor_dims(other), rank * sizeof(int64_t)) != 0) return true;
    }
    return false;
}

/* ---- running ---- */

static ortc_tensor view_of(const ort_tensor *tensor) {
    return (ortc_tensor){.dtype = ort_tensor_dtype(tensor),
                         .rank = ort_tensor_rank(tensor),
                         .dims = ort_tensor_dims(tensor),
                         .data = ort_tensor_data_const(tensor),
                         .size_bytes = ort_tensor_size_bytes(tensor)};
}

static bool output_judge(const ortc_data *data, uint32_t set, uint32_t index, const ort_tensor *got, double *out_used,
                         bool *out_is_broken, char *out_text, size_t text_bytes) {
    const ortc_set *files = &data->sets[set];
    ortc_tensor answer = view_of(got), want = view_of(files->wanted[index]), bound;
    ort_value_info value = ORT_INIT(ort_value_info);
    ortc_finding finding;
    if (files->bounds[index]) bound = view_of(files->bounds[index]);
    ortc_judge(&answer, &want, files->bounds[index] ? &bound : NULL, &data->tolerances[index], &finding);
    if (finding.used > *out_used) *out_used = finding.used;
    *out_is_broken = finding.is_broken;
    if (finding.is_equal && !finding.is_broken) return true;
    ort_status_destroy(ort_model_output(data->model, index, &value));
    snprintf(out_text, text_bytes, "output '%s' of set %u: %s", value.name, set, finding.text);
    return false;
}

bool ortc_data_run(const ortc_data *data, uint32_t set, ort_session *session, double *out_used, bool *out_is_broken,
                   char *out_text, size_t text_bytes) {
    ort_tensor **got = calloc(data->output_count + 1u, sizeof *got);
    bool is_right = got != NULL;
    *out_is_broken = !got;
    snprintf(out_text, text_bytes, "no memory is left");
    if (!got) return false;
    ort_status *status =
        ort_session_run(session, data->sets[set].inputs, data->input_count, got, data->output_count, NULL);
    if (status) {
        snprintf(out_text, text_bytes, "set %u: the run fails: %s: %s", set, ort_code_name(ort_status_code(status)),
                 ort_status_message(status));
        ort_status_destroy(status);
        is_right = false;
    }
    for (uint32_t i = 0; is_right && i < data->output_count; i++)
        is_right = output_judge(data, set, i, got[i], out_used, out_is_broken, out_text, text_bytes);
    tensors_release(got, data->output_count);
    return is_right;
}
