/* graphs/data.h: what a folder's files want: inputs, outputs and how close. Read once, used for every way to run. */
#ifndef ORTC_GRAPHS_DATA_H
#define ORTC_GRAPHS_DATA_H

#include "graphs/rig.h"
#include "judge/judge.h"

#define ORTC_SETS_MAX 8u

typedef struct ortc_set {
    ort_tensor **inputs, **wanted, **bounds; /* bounds[i] NULL: there is none */
} ortc_set;

typedef struct ortc_data {
    ort_model *model;
    uint32_t input_count, output_count, set_count;
    ortc_set sets[ORTC_SETS_MAX];
    ortc_tolerance *tolerances; /* by output */
    bool is_model;              /* has an inputs.json: a whole model with golden outputs */
    bool is_refusal;            /* must be refused: no case of this room */
} ortc_data;

/* False: the context says what is wrong with the files, or that they hold what is no tensor. The model belongs to
 * `environment`. */
bool ortc_data_load(ortc_context *context, ort_environment *environment, const ort_options *options, ortc_data *out);
void ortc_data_finish(ortc_data *data);
/* Whether the sets' inputs differ in shape. */
bool ortc_data_is_dynamic(const ortc_data *data, uint32_t set);

/* Runs a set in the session. True when it is right; else `out_text` says what is wrong (`out_is_broken`: with the
 * files). out_used: the largest part of a tolerance that was needed. */
bool ortc_data_run(const ortc_data *data, uint32_t set, ort_session *session, double *out_used, bool *out_is_broken,
                   char *out_text, size_t text_bytes);

#endif
