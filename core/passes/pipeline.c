/* The list. */
#include "passes/pass.h"

#include <string.h>

/* A model walks down it once. Folding runs before fusion, which looks for constants, and after it, because fusion
 * writes arithmetic on them. */
static const orti_pass pipeline[] = {
    {"lower_constant", orti_lower_constant},
    {"lower_versions", orti_lower_versions},
    {"opt_known", orti_opt_known},
    {"opt_identity", orti_opt_identity},
    {"opt_dead_code", orti_opt_dead_code},
    {"opt_common_subexpressions", orti_opt_common_subexpressions},
    {"opt_batch_norm", orti_opt_batch_norm},
    {"opt_fold_constants", orti_opt_fold_constants},
    {"opt_fuse_conv_affine", orti_opt_fuse_conv_affine},
    {"opt_fold_constants", orti_opt_fold_constants},
    {"opt_known", orti_opt_known},
    {"opt_identity", orti_opt_identity},
    {"opt_dead_code", orti_opt_dead_code},
    {"lower_bodies", orti_lower_bodies},
};
#define PASS_COUNT (sizeof pipeline / sizeof *pipeline)

const char *orti_passes_name(uint32_t index) {
    return index < PASS_COUNT ? pipeline[index].name : NULL;
}

static const orti_pass *find(const char *name) {
    for (size_t i = 0; i < PASS_COUNT; i++)
        if (strcmp(pipeline[i].name, name) == 0) return &pipeline[i];
    return NULL;
}

static ort_status *check_name(const char *name, bool must_be_optional) {
    const char *names[PASS_COUNT];
    for (size_t i = 0; i < PASS_COUNT; i++) names[i] = pipeline[i].name;
    if (!find(name)) {
        const char *nearest = orti_nearest_name(name, names, PASS_COUNT);
        ORT_FAIL(INVALID_ARGUMENT, "there is no pass '%s'%s%s", name, nearest ? ", did you mean " : "",
                 nearest ? nearest : "");
    }
    if (must_be_optional && strncmp(name, "lower_", 6) == 0)
        ORT_FAIL(INVALID_ARGUMENT, "pass '%s' is required and can't be disabled", name);
    return NULL;
}

static bool is_disabled(const orti_passes_options *options, const char *name) {
    for (uint32_t i = 0; i < options->disabled_count; i++)
        if (strcmp(options->disabled[i], name) == 0) return true;
    return false;
}

static ort_status *run_pass(orti_graph *graph, const orti_pass *pass, const orti_pass_context *context) {
    bool changed = false;
    ORT_TRY(ORT_NOTE(pass->run(graph, context, &changed), "%s", pass->name));
#ifndef NDEBUG
    ORT_TRY(ORT_NOTE(orti_graph_verify(graph), "after %s", pass->name));
#endif
    if (!changed) return NULL;
    ORT_TRY(ORT_NOTE(orti_infer_graph(graph), "after %s", pass->name));
    if (context->options->log) orti_log_write(context->options->log, ORTI_LOG_DEBUG, "passes", "%s", pass->name);
    if (context->options->observe) context->options->observe(context->options->observe_user, pass->name, graph);
    return NULL;
}

static const orti_passes_options no_options = {0};

ort_status *orti_passes_run(orti_graph *graph, const orti_passes_options *options) {
    const orti_pass_context context = {options ? options : &no_options};
    for (uint32_t i = 0; i < context.options->disabled_count; i++)
        ORT_TRY(check_name(context.options->disabled[i], true));
    for (size_t i = 0; i < PASS_COUNT; i++)
        if (!is_disabled(context.options, pipeline[i].name)) ORT_TRY(run_pass(graph, &pipeline[i], &context));
    return orti_infer_graph(graph);
}

ort_status *orti_passes_run_named(orti_graph *graph, const char *const *names, uint32_t count,
                                  const orti_passes_options *options) {
    const orti_pass_context context = {options ? options : &no_options};
    for (uint32_t i = 0; i < count; i++) ORT_TRY(check_name(names[i], false));
    for (uint32_t i = 0; i < count; i++) ORT_TRY(run_pass(graph, find(names[i]), &context));
    return NULL;
}
