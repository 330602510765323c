/* The list. */
#include "passes/pass.h"

#include <inttypes.h>
#include <string.h>

/* Every pass, by name. */
static const orti_pass passes[] = {
    {"lower_constant", orti_lower_constant, "Constant nodes become constants", ORTI_PASS_BLIND},
    {"lower_versions", orti_lower_versions, "every node gets the form of its operator's newest version",
     ORTI_PASS_BLIND},
    {"lower_standard_forms", orti_lower_standard_forms, "com.microsoft operators that ONNX can say become ONNX's",
     ORTI_PASS_BLIND},
    {"lower_calls", orti_lower_calls, "calls that hold control flow become the nodes of their bodies", 0},
    {"lower_captures", orti_lower_captures, "what a body captures and is constant becomes a constant of the body",
     ORTI_PASS_BLIND},
    {"lower_open_ranks", orti_lower_open_ranks, "what reads an If of open rank moves into its branches", 0},
    {"lower_bodies", orti_lower_bodies, "composites get a body of smaller operators beside their own meaning", 0},
    {"opt_known", orti_opt_known, "values that follow from shapes alone become constants", ORTI_PASS_KEEPS},
    {"opt_inline_if", orti_opt_inline_if, "an If whose condition is known becomes the branch that it takes", 0},
    {"opt_identity", orti_opt_identity, "nodes that give back what they get go", ORTI_PASS_KEEPS},
    {"opt_dead_code", orti_opt_dead_code, "nodes and constants that nobody reads go",
     ORTI_PASS_BLIND | ORTI_PASS_KEEPS},
    {"opt_common_subexpressions", orti_opt_common_subexpressions, "equal computations are done once",
     ORTI_PASS_BLIND | ORTI_PASS_KEEPS},
    {"opt_batch_norm", orti_opt_batch_norm, "BatchNormalization with constant statistics becomes Mul and Add", 0},
    {"opt_fold_constants", orti_opt_fold_constants, "nodes that read constants alone are computed once", 0},
    {"opt_fuse_conv_affine", orti_opt_fuse_conv_affine, "Mul and Add by channel go into the convolution before them",
     ORTI_PASS_BLIND},
    {"opt_compose_moves", orti_opt_compose_moves, "Transposes, and views, one after the other become one or none", 0},
    {"opt_lift_activations", orti_opt_lift_activations,
     "Gelu, HardSwish, HardSigmoid and Mish written out become one node", 0},
    {"opt_lift_layer_norm", orti_opt_lift_layer_norm, "a layer normalization written out becomes LayerNormalization",
     0},
};
#define PASS_COUNT (sizeof passes / sizeof *passes)
_Static_assert(PASS_COUNT <= ORTI_PASS_COUNT_MAX, "a record has room for every pass");

/* A model walks down it once. Folding runs before fusion, which looks for constants, and after it, because fusion
 * writes arithmetic on them. */
static const char *const pipeline[] = {
    "lower_constant",
    "lower_calls",
    "lower_captures",
    "lower_versions",
    "lower_standard_forms",
    "opt_known",
    "opt_inline_if",
    "lower_open_ranks",
    "opt_identity",
    "opt_dead_code",
    "opt_common_subexpressions",
    "opt_batch_norm",
    "opt_fold_constants",
    "opt_compose_moves",
    "opt_lift_layer_norm",
    "opt_lift_activations",
    "opt_fuse_conv_affine",
    "opt_fold_constants",
    "lower_captures",
    "opt_known",
    "opt_inline_if",
    "opt_identity",
    "opt_dead_code",
    "lower_bodies",
};
#define STEP_COUNT (sizeof pipeline / sizeof *pipeline)

const char *orti_passes_name(uint32_t index) {
    return index < PASS_COUNT ? passes[index].name : NULL;
}

const char *orti_passes_summary(uint32_t index) {
    return index < PASS_COUNT ? passes[index].summary : NULL;
}

static const orti_pass *find(const char *name) {
    for (size_t i = 0; i < PASS_COUNT; i++)
        if (strcmp(passes[i].name, name) == 0) return &passes[i];
    return NULL;
}

static bool is_required(const orti_pass *pass) {
    return strncmp(pass->name, "lower_", 6) == 0;
}

static ort_status *check_name(const char *name, bool must_be_optional) {
    const char *names[PASS_COUNT];
    const orti_pass *pass = find(name);
    for (size_t i = 0; i < PASS_COUNT; i++) names[i] = passes[i].name;
    if (!pass) {
        const char *nearest = orti_nearest_name(name, names, PASS_COUNT);
        ORT_FAIL(INVALID_ARGUMENT, "there is no pass '%s'%s%s", name, nearest ? ", did you mean " : "",
                 nearest ? nearest : "");
    }
    if (must_be_optional && is_required(pass))
        ORT_FAIL(INVALID_ARGUMENT, "pass '%s' is required and can't be disabled", name);
    return NULL;
}

bool orti_passes_is_required(uint32_t index) {
    return index < PASS_COUNT && is_required(&passes[index]);
}

static bool is_among(const char *name, const char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static bool is_wanted(const orti_passes_options *options, const orti_pass *pass) {
    if (options->is_expanded && strncmp(pass->name, "opt_lift_", strlen("opt_lift_")) == 0) return false;
    if (is_required(pass)) return true;
    if (options->has_only && !is_among(pass->name, options->only, options->only_count)) return false;
    return !is_among(pass->name, options->disabled, options->disabled_count);
}

/* Bodies first: what a body captures is then still as the graph around it has it. Required passes go into bodies
 * themselves, because some look at the graph around; a call's body is the expansion of it and is simplified then. */
static ort_status *run_on(orti_graph *graph, const orti_pass *pass, const orti_pass_context *context, bool *changed) {
    for (orti_node_id id = 0; !is_required(pass) && id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        for (uint32_t i = node->body ? 1 : 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(ORT_NOTE(run_on(orti_node_subgraph(node, i), pass, context, changed), "node '%s'", node->name));
    }
    return pass->run(graph, context, changed);
}

/* How far the facts of a graph are behind it. */
typedef struct facts_age {
    const char *changed_by; /* the pass that left values without facts; NULL: every value has true ones */
    bool is_stale;          /* nodes changed since inference: which contents are needed and known may differ */
} facts_age;

static ort_status *refresh(orti_graph *graph, facts_age *age) {
    const char *changed_by = age->changed_by;
    *age = (facts_age){0};
    ort_status *status = orti_infer_graph(graph);
    return changed_by ? ORT_NOTE(status, "after %s", changed_by) : status;
}

static ort_status *run_pass(orti_graph *graph, const orti_pass *pass, const orti_pass_context *context, facts_age *age,
                            bool *changed) {
    if (age->changed_by && !(pass->flags & ORTI_PASS_BLIND)) ORT_TRY(refresh(graph, age));
    ORT_TRY(ORT_NOTE(run_on(graph, pass, context, changed), "%s", pass->name));
#ifndef NDEBUG
    ORT_TRY(ORT_NOTE(orti_graph_verify(graph), "after %s", pass->name));
#endif
    if (!*changed) return NULL;
    age->is_stale = true;
    if (!(pass->flags & ORTI_PASS_KEEPS)) age->changed_by = pass->name;
    if (context->options->log) orti_log_write(context->options->log, ORTI_LOG_DEBUG, "passes", "%s", pass->name);
    if (context->options->observe) context->options->observe(context->options->observe_user, pass->name, graph);
    return NULL;
}

static ort_status *run_timed(orti_graph *graph, const orti_pass *pass, const orti_pass_context *context,
                             facts_age *age) {
    orti_passes_record *record = context->options->record;
    bool changed = false;
    if (!record) return run_pass(graph, pass, context, age, &changed);
    orti_pass_record *entry = &record->passes[pass - passes];
    const uint64_t begin_ns = orti_clock_ns();
    const int64_t node_count = orti_graph_live_node_count(graph);
    ORT_TRY(run_pass(graph, pass, context, age, &changed));
    entry->run_count++;
    entry->change_count += changed;
    entry->removed_count += node_count - (int64_t)orti_graph_live_node_count(graph);
    entry->time_ns += orti_clock_ns() - begin_ns;
    return NULL;
}

static const orti_passes_options no_options = {0};

ort_status *orti_passes_run(orti_graph *graph, const orti_passes_options *options) {
    const orti_pass_context context = {options ? options : &no_options};
    for (uint32_t i = 0; i < context.options->disabled_count; i++)
        ORT_TRY(check_name(context.options->disabled[i], true));
    for (uint32_t i = 0; i < context.options->only_count; i++) ORT_TRY(check_name(context.options->only[i], false));
    facts_age age = {.is_stale = true};
    for (size_t i = 0; i < STEP_COUNT; i++) {
        const orti_pass *pass = find(pipeline[i]);
        if (is_wanted(context.options, pass)) ORT_TRY(run_timed(graph, pass, &context, &age));
    }
    return age.is_stale ? refresh(graph, &age) : NULL;
}

ort_status *orti_passes_run_named(orti_graph *graph, const char *const *names, uint32_t count,
                                  const orti_passes_options *options) {
    const orti_pass_context context = {options ? options : &no_options};
    for (uint32_t i = 0; i < count; i++) ORT_TRY(check_name(names[i], false));
    facts_age age = {0};
    for (uint32_t i = 0; i < count; i++) ORT_TRY(run_timed(graph, find(names[i]), &context, &age));
    return age.is_stale ? refresh(graph, &age) : NULL;
}

ort_status *orti_passes_record_json(const orti_passes_record *record, orti_text *text) {
    orti_text_add(text, "[");
    for (uint32_t i = 0, count = 0; i < PASS_COUNT; i++) {
        const orti_pass_record *entry = &record->passes[i];
        if (!entry->run_count) continue;
        orti_text_add(text, "%s{\"name\":\"%s\",\"time_ns\":%" PRIu64 ",\"runs\":%u,\"changes\":%u,\"removed\":%lld}",
                      count++ ? "," : "", passes[i].name, entry->time_ns, entry->run_count, entry->change_count,
                      (long long)entry->removed_count);
    }
    orti_text_add(text, "]");
    return orti_text_status(text);
}
