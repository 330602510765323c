/* common/tensors.h: the values that a program feeds a model: random, from files, from stored data sets.
 * Used by: ort-run, ort-bench.  Threads: one. */
#ifndef ORT_TOOLS_TENSORS_H
#define ORT_TOOLS_TENSORS_H

#include "common/common.h"

#define TOOL_VALUES_MAX 256u

/* The values of one run, each owned once. */
typedef struct tool_values {
    ort_value *items[TOOL_VALUES_MAX];
    uint32_t count;
} tool_values;
void tool_values_finish(tool_values *values);

/* What the command line says of inputs: "NAME=FILE" or "NAME=<shape_mark>1x3x224x224". With an empty mark all are
 * shapes. What is not given is random from `seed`; sizes that are not fixed count as 1. */
typedef struct tool_inputs {
    const tool *program;
    const char *option; /* "--input": for messages */
    const tool_list *given;
    const char *shape_mark;
    uint64_t seed;
} tool_inputs;
/* One tensor for each input of the session. A word that can't be meant ends the program with TOOL_EXIT_USAGE. */
ort_status *tool_inputs_create(const tool_inputs *wanted, ort_session *session, tool_values *out);

/* FOLDER/KIND_0.pb ... as many as `count`, KIND being input or output: of the types that the session has, of tensors
 * where it is NULL. What was loaded before a failure is in `out`. */
ort_status *tool_values_load(const char *folder, const char *kind, uint32_t count, const ort_session *session,
                             tool_values *out);

/* Element `index` as a number; NaN for types that are none. */
double tool_element(const ort_tensor *tensor, int64_t index);

#endif
