/* Tensors for people: what came out, in a line. */
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

void run_print_tensor(const char *name, const ort_tensor *tensor) {
    char type[512];
    double min, max, mean;
    tensor_type_text(tensor, type, sizeof type);
    tensor_range(tensor, &min, &max, &mean);
    printf("%s %s", name, type);
    int64_t count = ort_tensor_element_count(tensor);
    if (count && ort_tensor_dtype(tensor) != ORT_DTYPE_STRING) printf("  min %g  max %g  mean %g", min, max, mean);
    for (int64_t i = 0; i < count && i < 6 && ort_tensor_dtype(tensor) != ORT_DTYPE_STRING; i++)
        printf("%s%.6g", i ? ", " : "  = ", tool_element(tensor, i));
    puts(count > 6 ? ", ..." : "");
}

static json_t *number_json(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *run_tensor_json(const char *name, const ort_tensor *tensor) {
    double min, max, mean;
    tensor_range(tensor, &min, &max, &mean);
    json_t *dims = json_array();
    for (uint32_t i = 0; i < ort_tensor_rank(tensor); i++)
        json_array_append_new(dims, json_integer(ort_tensor_dims(tensor)[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", name, "dtype", ort_dtype_name(ort_tensor_dtype(tensor)),
                     "dims", dims, "min", number_json(min), "max", number_json(max), "mean", number_json(mean));
}
