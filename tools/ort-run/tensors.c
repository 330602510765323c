/* Values for people: what came out, in a line. */
#include "ort-run/ort_run.h"

#include <math.h>
#include <stdio.h>

static void tensor_type_text(const ort_tensor *tensor, char *out, size_t size_bytes) {
    int used = snprintf(out, size_bytes, "%s[", ort_dtype_name(ort_tensor_dtype(tensor)));
    for (uint32_t i = 0; i < ort_tensor_rank(tensor) && (size_t)used < size_bytes; i++)
        used += snprintf(out + used, size_bytes - (size_t)used, "%s%lld", i ? "," : "",
                         (long long)ort_tensor_dims(tensor)[i]);
    if ((size_t)used < size_bytes) snprintf(out + used, size_bytes - (size_t)used, "]");
}

static void tensor_range(const ort_tensor *tensor, double *min, double *max, double *mean) {
    int64_t count = ort_tensor_element_count(tensor);
    double sum = 0;
    *min = INFINITY;
    *max = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        double x = tool_element(tensor, i);
        *min = fmin(*min, x);
        *max = fmax(*max, x);
        sum += x;
    }
    *mean = count ? sum / (double)count : 0;
}

static void print_tensor(const char *name, const ort_tensor *tensor) {
    char type[512];
    double min, max, mean;
    tensor_type_text(tensor, type, sizeof type);
    tensor_range(tensor, &min, &max, &mean);
    printf("%s %s", name, type);
    int64_t count = ort_tensor_element_count(tensor);
    if (count && ort_tensor_dtype(tensor) != ORT_DTYPE_STRING) printf("  min %g  max %g  mean %g", min, max, mean);
    for (int64_t i = 0; i < count && i < 6 && ort_tensor_dtype(tensor) != ORT_DTYPE_STRING; i++)
        printf("%s%.6g", i ? ", " : "  = ", tool_element(tensor, i));
    for (int64_t i = 0; i < count && i < 6 && ort_tensor_dtype(tensor) == ORT_DTYPE_STRING; i++) {
        uint64_t length = 0;
        const char *text = ort_tensor_string(tensor, i, &length);
        printf("%s\"%.*s\"", i ? ", " : "  = ", (int)(length < 60 ? length : 60), text);
    }
    puts(count > 6 ? ", ..." : "");
}

void run_print_value(const char *name, ort_value *value) {
    static const char *const kinds[] = {"tensor", "sequence", "optional", "map", "sparse tensor"};
    char item_name[256];
    if (ort_value_tensor(value)) {
        print_tensor(name, ort_value_tensor(value));
        return;
    }
    printf("%s %s of %u\n", name, kinds[ort_value_kind(value)], ort_value_item_count(value));
    for (uint32_t i = 0; i < ort_value_item_count(value); i++) {
        snprintf(item_name, sizeof item_name, "  %.200s[%u]", name, i);
        run_print_value(item_name, ort_value_item(value, i));
    }
}

static json_t *number_json(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *tensor_json(const char *name, const ort_tensor *tensor) {
    double min, max, mean;
    tensor_range(tensor, &min, &max, &mean);
    json_t *dims = json_array();
    for (uint32_t i = 0; i < ort_tensor_rank(tensor); i++)
        json_array_append_new(dims, json_integer(ort_tensor_dims(tensor)[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", name, "dtype", ort_dtype_name(ort_tensor_dtype(tensor)),
                     "dims", dims, "min", number_json(min), "max", number_json(max), "mean", number_json(mean));
}

json_t *run_value_json(const char *name, ort_value *value) {
    if (ort_value_tensor(value)) return tensor_json(name, ort_value_tensor(value));
    json_t *items = json_array();
    for (uint32_t i = 0; i < ort_value_item_count(value); i++)
        json_array_append_new(items, run_value_json("", ort_value_item(value, i)));
    return json_pack("{s:s, s:i, s:o}", "name", name, "kind", (int)ort_value_kind(value), "items", items);
}
