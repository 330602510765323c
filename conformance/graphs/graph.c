/* Level 4: one graph, run in many ways, always with the answer of the files. */
#include "graphs/data.h"
#include "graphs/graphs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_NODE_COUNT 150u /* from here on only the ways marked for it: the rest would take minutes */

typedef struct way {
    const char *name;
    ortc_cut cut;
    uint32_t seed; /* added to the suite's */
    bool has_passes, is_fixed, is_for_large;
    uint32_t environment; /* 0: one thread, 1: several */
} way;

static const way ways[] = {
    {"whole", ORTC_CUT_NONE, 0, true, false, true, 0},
    {"whole, several threads", ORTC_CUT_NONE, 0, true, false, true, 1},
    {"whole, without passes", ORTC_CUT_NONE, 0, false, false, true, 0},
    {"whole, sizes fixed", ORTC_CUT_NONE, 0, true, true, true, 0},
    {"each node alone", ORTC_CUT_EACH, 0, true, false, true, 0},
    {"each node alone, without passes", ORTC_CUT_EACH, 0, false, false, false, 1},
    {"in groups 1", ORTC_CUT_GROUPS, 1, true, false, true, 0},
    {"in groups 2, without passes", ORTC_CUT_GROUPS, 2, false, false, false, 0},
    {"in groups 3, several threads", ORTC_CUT_GROUPS, 3, true, false, false, 1},
    {"half hidden 1", ORTC_CUT_HIDE, 1, true, false, true, 0},
    {"half hidden 2, without passes", ORTC_CUT_HIDE, 2, false, false, false, 0},
};
#define WAY_COUNT (sizeof ways / sizeof *ways)

static const char no_passes[] = "[\"opt_known\", \"opt_identity\", \"opt_dead_code\", \"opt_common_subexpressions\", "
                                "\"opt_batch_norm\", \"opt_fold_constants\", \"opt_fuse_conv_affine\"]";
/* For a model whose ranks and sizes only folding tells: a node that lacks them may be declined. */
static const char only_folding[] = "[\"opt_identity\", \"opt_common_subexpressions\", \"opt_batch_norm\", "
                                   "\"opt_fuse_conv_affine\"]";

typedef struct judge {
    ortc_context *context;
    ortc_rig rig;
    ortc_data data;
    double used;
    uint32_t way_count, ran_count, node_count; /* nodes of the first way */
} judge;

/* ---- the session of a way ---- */

/* {"N": {"min": 3, "opt": 3, "max": 3}, ...} from the first set's inputs. NULL: every size is fixed already. */
static char *shapes_text(const judge *self) {
    json_t *shapes = json_object();
    for (uint32_t i = 0; i < self->data.input_count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        const ort_tensor *tensor = self->data.sets[0].inputs[i];
        ort_status_destroy(ort_model_input(self->data.model, i, &value));
        for (uint32_t k = 0; value.has_shape && k < value.rank && k < ort_tensor_rank(tensor); k++) {
            json_int_t size = (json_int_t)ort_tensor_dims(tensor)[k];
            if (value.dims[k] >= 0 || !value.dim_names[k] || !*value.dim_names[k]) continue;
            json_object_set_new(shapes, value.dim_names[k],
                                json_pack("{s:I, s:I, s:I}", "min", size, "opt", size, "max", size));
        }
    }
    char *text = json_object_size(shapes) ? json_dumps(shapes, JSON_COMPACT) : NULL;
    json_decref(shapes);
    return text;
}

static bool is_decline(ort_code code) {
    return code == ORT_CODE_UNSUPPORTED || code == ORT_CODE_LIMIT_EXCEEDED || code == ORT_CODE_NOT_FOUND;
}

static ort_status *session_open(const judge *self, const way *at, const char *shapes, const char *disabled,
                                ort_session **out) {
    ort_status *status = ort_options_set(self->rig.options, "passes.disable", disabled);
    if (!status) status = ort_options_set(self->rig.options, "shapes", at->is_fixed && shapes ? shapes : "{}");
    if (status) return status;
    return ort_session_create(self->rig.environments[at->environment], self->data.model, self->rig.options, out);
}

static ort_status *way_open(const judge *self, const way *at, const char *shapes, ort_session **out) {
    ort_status *status = session_open(self, at, shapes, at->has_passes ? "[]" : no_passes, out);
    if (!status || at->has_passes || !is_decline(ort_status_code(status))) return status;
    ort_status_destroy(status);
    return session_open(self, at, shapes, only_folding, out);
}

/* ---- who did the work ---- */

static bool is_elsewhere(const ort_session *session, uint32_t *out_count) {
    bool is_any = false;
    *out_count = 0;
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement place = ORT_INIT(ort_placement);
        ort_status_destroy(ort_session_placement(session, i, &place));
        if (place.state != ORT_PLACED_PROVIDER) continue;
        ++*out_count;
        is_any = is_any || strcmp(place.provider, ORTC_WATCH_NAME) != 0;
    }
    return is_any;
}

static uint32_t nodes_that_ran(const ortc_watch *watch) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ortc_watch_node_count(watch); i++) count += ortc_watch_node_get(watch, i).run_count > 0;
    return count;
}

static void decline_with_reason(judge *self, const char *otherwise) {
    for (uint32_t i = 0; i < ortc_watch_node_count(self->rig.watch); i++) {
        const ortc_watch_node node = ortc_watch_node_get(self->rig.watch, i);
        if (!(node.state & ORTC_NODE_DECLINED) || node.state & ORTC_NODE_COMPILED) continue;
        ortc_decline(self->context, "%s: %s", node.op_type, node.decline_text);
        return;
    }
    ortc_decline(self->context, "%s", otherwise);
}

/* Without the subject: a wrong answer here is not its fault. */
static bool is_right_without(judge *self, uint32_t set) {
    ort_options *options = NULL;
    ort_session *session = NULL;
    double used = 0;
    bool is_broken = false;
    char text[400];
    ort_status *status = ortc_options_for("[\"cpu\"]", &options);
    if (!status) status = ort_session_create(self->rig.environments[0], self->data.model, options, &session);
    bool is_right = !status && ortc_data_run(&self->data, set, session, &used, &is_broken, text, sizeof text);
    ort_status_destroy(status);
    ort_session_destroy(session);
    ort_options_destroy(options);
    return is_right;
}

/* ---- one way ---- */

/* A set that is right in a session of its own and wrong behind another size: the session kept something of it. */
static const char *rule_for(judge *self, const way *at, uint32_t set) {
    ort_session *alone = NULL;
    double used = 0;
    bool is_broken = false;
    char text[400];
    if (set && ortc_data_is_dynamic(&self->data, set)) {
        ort_status *status =
            ort_session_create(self->rig.environments[at->environment], self->data.model, self->rig.options, &alone);
        bool is_right = !status && ortc_data_run(&self->data, set, alone, &used, &is_broken, text, sizeof text);
        ort_status_destroy(status);
        ort_session_destroy(alone);
        if (is_right) return "graph.dynamic";
    }
    return self->data.is_model ? "model.correct" : "graph.correct";
}

static void way_wrong(judge *self, const way *at, uint32_t set, bool is_broken, bool has_strangers, const char *text) {
    if (is_broken)
        ortc_broken(self->context, "%s", text);
    else if (has_strangers && !is_right_without(self, set))
        ortc_broken(self->context, "%s: wrong without the provider as well: %s", at->name, text);
    else
        ortc_fail(self->context, rule_for(self, at, set), "%s: %s", at->name, text);
}

static void way_run(judge *self, const way *at, ort_session *session) {
    uint32_t placed = 0, set_count = at->is_fixed ? 1 : self->data.set_count;
    bool has_strangers = is_elsewhere(session, &placed);
    char text[600];
    for (uint32_t set = 0; set < set_count; set++) {
        bool is_broken = false;
        if (ortc_data_run(&self->data, set, session, &self->used, &is_broken, text, sizeof text)) continue;
        way_wrong(self, at, set, is_broken, has_strangers, text);
        break;
    }
    self->way_count++;
    if (at != ways) return;
    self->ran_count = nodes_that_ran(self->rig.watch);
    self->node_count = placed;
}

/* The core does not yet carry strings from one program to another: a cut between them is not the subject's to answer.
 */
static bool has_strings_to_cut(const judge *self, const way *at) {
    for (uint32_t i = 0; at->cut != ORTC_CUT_NONE && i < ortc_watch_node_count(self->rig.watch); i++)
        if (ortc_watch_node_get(self->rig.watch, i).out_dtype == ORT_DTYPE_STRING) return true;
    return false;
}

/* The first way decides whether there is anything to judge. */
static void way_refused(judge *self, const way *at, ort_status *status) {
    ort_code code = ort_status_code(status);
    if (is_decline(code) && at == ways)
        decline_with_reason(self, ort_status_message(status));
    else if (!is_decline(code) || (at->cut != ORTC_CUT_HIDE &&
                                   !has_strings_to_cut(self, at))) /* nobody may be there to take what is hidden */
        ortc_fail(self->context, "claim.compiles", "%s: %s: %s", at->name, ort_code_name(code),
                  ort_status_message(status));
    ort_status_destroy(status);
}

static void way_try(judge *self, const way *at, const char *shapes) {
    ort_session *session = NULL;
    ortc_watch_set_cut(self->rig.watch, at->cut, self->context->subject->seed + at->seed);
    ort_status *status = way_open(self, at, shapes, &session);
    if (status)
        way_refused(self, at, status);
    else
        way_run(self, at, session);
    ort_session_destroy(session);
    if (at == ways && !self->ran_count && self->context->verdict == ORTC_PASSED)
        decline_with_reason(self, "no node of it ran on the provider");
    ortc_rig_take_findings(&self->rig, at->name);
}

static void all_ways(judge *self) {
    char *shapes = shapes_text(self);
    for (size_t i = 0; i < WAY_COUNT && self->context->verdict == ORTC_PASSED; i++) {
        if (self->node_count >= LARGE_NODE_COUNT && !ways[i].is_for_large) continue;
        if (ways[i].is_fixed && !shapes) continue;
        way_try(self, &ways[i], shapes);
    }
    free(shapes);
    ortc_metric(self->context, "ways=%u nodes=%u/%u used=%.3g", self->way_count, self->ran_count, self->node_count,
                self->used);
}

void ortc_graph_run(ortc_context *context) {
    judge self = {.context = context};
    bool is_refusal = false;
    if (ortc_rig_open(context, ORTC_WATCH_GUARD | ORTC_WATCH_REPEAT, &self.rig) &&
        ortc_rig_environment(&self.rig, 0, 1) && ortc_rig_environment(&self.rig, 1, 2) &&
        ortc_data_load(context, self.rig.environments[0], self.rig.options, &self.data)) {
        is_refusal = self.data.is_refusal;
        if (!is_refusal) all_ways(&self);
    }
    ortc_data_finish(&self.data);
    ortc_rig_close(&self.rig);
    if (is_refusal) ortc_case_run(context);
}
