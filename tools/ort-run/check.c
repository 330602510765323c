/* --check: golden answers. The comparison is ONNX's backend test's: |got - want| <= atol + rtol * |want|, integers and
 * strings exactly, type and shape exactly, NaN equals NaN. */
#include "ort-run/ort_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_type_and_shape(const ort_tensor *got, const ort_tensor *want, run_difference *out) {
    uint32_t rank = ort_tensor_rank(want);
    bool is_same = ort_tensor_dtype(got) == ort_tensor_dtype(want) && ort_tensor_rank(got) == rank;
    for (uint32_t i = 0; is_same && i < rank; i++) is_same = ort_tensor_dims(got)[i] == ort_tensor_dims(want)[i];
    if (is_same) return true;
    char shapes[2][96] = {"", ""};
    const ort_tensor *tensors[2] = {got, want};
    for (int k = 0; k < 2; k++) {
        size_t used = 0;
        for (uint32_t i = 0; i < ort_tensor_rank(tensors[k]) && used < 80; i++)
            used += (size_t)snprintf(shapes[k] + used, sizeof shapes[k] - used, "%s%lld", i ? "," : "",
                                     (long long)ort_tensor_dims(tensors[k])[i]);
    }
    snprintf(out->text, sizeof out->text, "is %s[%s], wanted %s[%s]", ort_dtype_name(ort_tensor_dtype(got)), shapes[0],
             ort_dtype_name(ort_tensor_dtype(want)), shapes[1]);
    return false;
}

static bool is_float(ort_dtype dtype) {
    return dtype == ORT_DTYPE_F32 || dtype == ORT_DTYPE_F64 || dtype == ORT_DTYPE_F16 || dtype == ORT_DTYPE_BF16;
}

static double excess_of(double got, double want, run_tolerance tolerance) {
    if (isnan(got) || isnan(want)) return isnan(got) && isnan(want) ? 0 : INFINITY;
    if (isinf(got) || isinf(want)) return got == want ? 0 : INFINITY;
    double error = fabs(got - want), allowed = tolerance.atol + tolerance.rtol * fabs(want);
    if (error == 0) return 0;
    return allowed > 0 ? error / allowed : INFINITY;
}

static void compare_floats(const ort_tensor *got, const ort_tensor *want, run_tolerance tolerance,
                           run_difference *out) {
    int64_t count = ort_tensor_element_count(want);
    for (int64_t i = 0; i < count; i++) {
        double g = tool_element(got, i), w = tool_element(want, i), excess = excess_of(g, w, tolerance);
        if (excess > 1) out->wrong_count++;
        if (excess > out->worst_excess || i == 0) {
            out->worst_index = i;
            out->worst_got = g;
            out->worst_want = w;
            out->worst_excess = excess;
        }
    }
}

static void compare_bytes(const ort_tensor *got, const ort_tensor *want, run_difference *out) {
    uint64_t size = ort_tensor_size_bytes(want);
    int64_t count = ort_tensor_element_count(want);
    if (size != ort_tensor_size_bytes(got)) {
        out->wrong_count = 1;
        return;
    }
    uint64_t width = count ? size / (uint64_t)count : 1;
    const char *g = ort_tensor_data_const(got), *w = ort_tensor_data_const(want);
    for (uint64_t at = 0; width && at + width <= size; at += width) {
        if (memcmp(g + at, w + at, width) == 0) continue;
        if (out->wrong_count++ == 0) out->worst_index = (int64_t)(at / width);
    }
    out->worst_excess = out->wrong_count ? INFINITY : 0;
    if (out->wrong_count && ort_tensor_dtype(want) != ORT_DTYPE_STRING) {
        out->worst_got = tool_element(got, out->worst_index);
        out->worst_want = tool_element(want, out->worst_index);
    }
}

static void compare_tensors(const ort_tensor *got, const ort_tensor *want, run_tolerance tolerance,
                            run_difference *out) {
    if (!same_type_and_shape(got, want, out)) return;
    if (is_float(ort_tensor_dtype(want)))
        compare_floats(got, want, tolerance, out);
    else
        compare_bytes(got, want, out);
    out->is_equal = out->wrong_count == 0;
    if (!out->is_equal)
        snprintf(out->text, sizeof out->text,
                 "%lld of %lld elements differ, worst at %lld: got %.9g, wanted %.9g (%.3g x the tolerance)",
                 (long long)out->wrong_count, (long long)ort_tensor_element_count(want), (long long)out->worst_index,
                 out->worst_got, out->worst_want, out->worst_excess);
}

static const char *kind_name(const ort_value *value) {
    static const char *const names[] = {"a tensor", "a sequence", "an optional", "a map", "a sparse tensor"};
    return value ? names[ort_value_kind(value)] : "nothing";
}

/* Item by item; the first that differs is told of. */
static void compare_items(ort_value *got, ort_value *want, run_tolerance tolerance, run_difference *out) {
    uint32_t count = ort_value_item_count(want);
    if (ort_value_kind(got) != ort_value_kind(want) || ort_value_item_count(got) != count) {
        snprintf(out->text, sizeof out->text, "is %s of %u items, wanted %s of %u", kind_name(got),
                 ort_value_item_count(got), kind_name(want), count);
        return;
    }
    out->is_equal = true;
    for (uint32_t i = 0; i < count && out->is_equal; i++) {
        run_difference item;
        run_compare(ort_value_item(got, i), ort_value_item(want, i), tolerance, &item);
        out->is_equal = item.is_equal;
        if (item.worst_excess > out->worst_excess) out->worst_excess = item.worst_excess;
        if (!item.is_equal) snprintf(out->text, sizeof out->text, "item %u: %.200s", i, item.text);
    }
}

void run_compare(ort_value *got, ort_value *want, run_tolerance tolerance, run_difference *out) {
    *out = (run_difference){0};
    if (ort_value_tensor(got) && ort_value_tensor(want))
        compare_tensors(ort_value_tensor(got), ort_value_tensor(want), tolerance, out);
    else
        compare_items(got, want, tolerance, out);
}

/* The tolerance of output `name`: from the command line, else from inputs.json beside the data sets, else ONNX's. */
static run_tolerance tolerance_of(const run_arguments *arguments, json_t *notes, const char *name) {
    json_t *entry = json_object_get(json_object_get(notes, "tolerance"), name);
    json_t *rtol = json_object_get(entry, "rtol"), *atol = json_object_get(entry, "atol");
    run_tolerance tolerance = {json_is_number(rtol) ? json_number_value(rtol) : 1e-3,
                               json_is_number(atol) ? json_number_value(atol) : 1e-5};
    if (arguments->rtol >= 0) tolerance.rtol = arguments->rtol;
    if (arguments->atol >= 0) tolerance.atol = arguments->atol;
    return tolerance;
}

static bool file_exists(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL;
}

static void report_output(const run_arguments *arguments, const char *folder, const char *name,
                          const run_difference *difference, json_t *outputs) {
    json_array_append_new(outputs,
                          json_pack("{s:s, s:b, s:f, s:s}", "name", name, "equal", difference->is_equal, "worst",
                                    isfinite(difference->worst_excess) ? difference->worst_excess : 1e300, "text",
                                    difference->text));
    if (arguments->json) return;
    if (difference->is_equal)
        printf("  %s: equal, worst %.3g of the tolerance\n", name, difference->worst_excess);
    else
        printf("  %s: %s: %s\n", folder, name, difference->text);
}

static ort_status *compare_set(const run_arguments *arguments, ort_session *session, const char *folder, json_t *notes,
                               const tool_values *got, const tool_values *want, json_t *outputs, bool *is_equal) {
    for (uint32_t i = 0; i < want->count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status = ort_session_output(session, i, &value);
        if (status) return status;
        run_difference difference;
        run_compare(got->items[i], want->items[i], tolerance_of(arguments, notes, value.name), &difference);
        report_output(arguments, folder, value.name, &difference, outputs);
        *is_equal = *is_equal && difference.is_equal;
    }
    return NULL;
}

static ort_status *check_set(const run_arguments *arguments, ort_session *session, const char *folder, json_t *report,
                             bool *is_equal) {
    tool_values inputs = {.count = 0}, want = {.count = 0}, got = {.count = ort_session_output_count(session)};
    char path[4096];
    snprintf(path, sizeof path, "%s/../inputs.json", folder);
    json_t *notes = json_load_file(path, 0, NULL), *outputs = json_array();
    for (uint32_t i = 0; i < got.count; i++) got.items[i] = NULL;
    *is_equal = true;
    if (!arguments->json) printf("%s\n", folder);
    ort_status *status = tool_values_load(folder, "input", ort_session_input_count(session), session, &inputs);
    if (!status) status = tool_values_load(folder, "output", got.count, session, &want);
    if (!status) status = ort_session_run_values(session, inputs.items, inputs.count, got.items, got.count, NULL);
    if (!status) status = compare_set(arguments, session, folder, notes, &got, &want, outputs, is_equal);
    json_array_append_new(
        report, json_pack("{s:s, s:b, s:o}", "set", folder, "equal", !status && *is_equal, "outputs", outputs));
    json_decref(notes);
    tool_values_finish(&inputs);
    tool_values_finish(&want);
    tool_values_finish(&got);
    return status;
}

ort_status *run_check_folder(const run_arguments *arguments, ort_session *session, const char *folder, json_t *report,
                             uint32_t *out_failed) {
    char path[4096];
    bool is_equal;
    snprintf(path, sizeof path, "%s/test_data_set_0/output_0.pb", folder);
    if (!file_exists(path)) {
        ort_status *status = check_set(arguments, session, folder, report, &is_equal);
        *out_failed += !is_equal;
        return status;
    }
    for (uint32_t set = 0;; set++) {
        snprintf(path, sizeof path, "%s/test_data_set_%u/output_0.pb", folder, set);
        if (!file_exists(path)) return NULL;
        path[strlen(path) - strlen("/output_0.pb")] = 0;
        ort_status *status = check_set(arguments, session, path, report, &is_equal);
        if (status) return status;
        *out_failed += !is_equal;
    }
}
