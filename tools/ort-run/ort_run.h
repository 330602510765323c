/* ort-run/ort_run.h: the pieces of the program: options, tensors in, tensors out, comparison. */
#ifndef ORT_TOOLS_ORT_RUN_H
#define ORT_TOOLS_ORT_RUN_H

#include "common/tensors.h"

typedef struct run_arguments {
    tool_settings settings;
    tool_list positional, inputs, checks;
    const char *output_folder, *profile_path, *dump_glob, *compare;
    double rtol, atol; /* below zero: not given */
    double seed;
    bool explain, json;
} run_arguments;

extern const tool run_tool;

/* Given by --input, or random from `seed`; sizes that are not fixed count as 1 unless given with @shape. */
ort_status *run_inputs_create(const run_arguments *arguments, ort_session *session, tool_values *out);

/* How two values of floats may differ: |got - want| <= atol + rtol * |want|. */
typedef struct run_tolerance {
    double rtol, atol;
} run_tolerance;

/* What a comparison found. */
typedef struct run_difference {
    bool is_equal;
    int64_t wrong_count, worst_index;
    double worst_got, worst_want, worst_excess; /* excess: error over what is allowed, <= 1 is fine */
    char text[256];                             /* why not, in one line; "" when equal */
} run_difference;
void run_compare(ort_value *got, ort_value *want, run_tolerance tolerance, run_difference *out);

/* Runs every data set of `folder` (itself one, or a model's folder that holds test_data_set_*) on `session` and
 * compares. Adds one object a set to `report`. *out_failed counts sets that differ. */
ort_status *run_check_folder(const run_arguments *arguments, ort_session *session, const char *folder, json_t *report,
                             uint32_t *out_failed);

/* "kind[dims] min .. max mean" for a person. */
void run_print_value(const char *name, ort_value *value);
json_t *run_value_json(const char *name, ort_value *value);
#endif
