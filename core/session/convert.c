/* What passes make of a model, as a model: to look at, to save, to run. */
#include "load/save.h"
#include "session/inner.h"

#include <string.h>

static ort_status *names_read(orti_arena *arena, const json_t *list, const char *const **out, uint32_t *out_count) {
    const char **names = NULL;
    size_t index;
    json_t *item;
    ORT_TRY(orti_arena_alloc(arena, json_array_size(list), sizeof *names, &names));
    json_array_foreach(list, index, item) names[index] = json_string_value(item);
    *out = names;
    *out_count = (uint32_t)json_array_size(list);
    return NULL;
}

ort_status *orti_passes_read(orti_arena *arena, const ort_options *options, orti_passes_options *out) {
    json_t *only = orti_options_get(options, "passes.only");
    ORT_TRY(names_read(arena, orti_options_get(options, "passes.disable"), &out->disabled, &out->disabled_count));
    ORT_TRY(names_read(arena, only, &out->only, &out->only_count));
    out->has_only = only != NULL;
    out->opset = (int32_t)orti_options_int(options, "passes.opset", 0);
    return NULL;
}

/* The providers are there to compute constants; where none can be opened, nothing is folded. */
static ort_status *passes_run(ort_model *model, ort_environment *environment) {
    session_composition composition = {.alloc = model->alloc};
    evaluate_context context = {environment, &composition};
    orti_passes_options options = {.evaluate = orti_evaluate,
                                   .evaluate_user = &context,
                                   .keeps_quantized = true,
                                   .log = &environment->log,
                                   .record = model->passes};
    ort_status *status = NULL;
    orti_arena_init(&composition.arena, model->alloc);
    ORT_TRY_TO(done, status, orti_passes_read(&model->arena, model->options, &options));
    ORT_TRY_TO(done, status, orti_policy_read(model->options, NULL, &composition));
    ORT_TRY_TO(done, status, orti_candidates_open(environment, model->options, &composition));
    status = orti_passes_run(model->graph, &options);
done:
    orti_composition_finish(&composition);
    return status;
}

/* Passes see what the model's functions compute; what a call leaves out, its operators must be able to do without. */
static ort_status *expand_calls(orti_graph *graph) {
    const orti_node_id loaded_count = orti_graph_node_count(graph);
    ORT_TRY(orti_graph_inline_calls(graph));
    for (orti_node_id id = loaded_count; id < orti_graph_node_count(graph); id++)
        if (!orti_graph_node(graph, id)->is_deleted) ORT_TRY(orti_ops_check_arity(orti_graph_node(graph, id)));
    return NULL;
}

static ort_status *simplify(ort_environment *environment, const ort_model *from, const ort_options *options,
                            ort_model *model) {
    orti_graph *graph = NULL;
    ORT_TRY(orti_options_merged(from->options, options, true, &model->options));
    ORT_TRY(orti_arena_alloc(&model->arena, 1, sizeof *model->passes, &model->passes));
    ORT_TRY(orti_graph_copy(from->graph, &graph));
    ORT_TRY(orti_model_copy(from->loaded, graph, &model->loaded));
    model->graph = graph;
    ORT_TRY(expand_calls(graph));
    ORT_TRY(passes_run(model, environment));
    ORT_TRY(orti_values_describe(&model->arena, graph, false, &model->inputs));
    return orti_values_describe(&model->arena, graph, true, &model->outputs);
}

ort_status *ort_model_simplify(ort_environment *environment, const ort_model *model, const ort_options *options,
                               ort_model **out) {
    ort_model *made = NULL;
    if (out) *out = NULL;
    if (!environment || !model || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_model_simplify: an argument is NULL");
    ORT_TRY(orti_alloc(environment->alloc, 1, sizeof *made, &made));
    made->alloc = environment->alloc;
    orti_arena_init(&made->arena, made->alloc);
    ort_status *status = ORT_NOTE(simplify(environment, model, options, made), "model '%s'", model->loaded->path);
    if (status)
        ort_model_destroy(made);
    else
        *out = made;
    return status;
}

ort_status *ort_model_save(const ort_model *model, const ort_save_options *options, const char *path) {
    const ort_save_options none = ORT_INIT(ort_save_options);
    if (!options) options = &none;
    if (!model || !path || !*path) ORT_FAIL(INVALID_ARGUMENT, "ort_model_save: an argument is NULL");
    if (options->size < sizeof *options)
        ORT_FAIL(INVALID_ARGUMENT, "ort_model_save: options.size is %u, wanted %zu", options->size, sizeof *options);
    if (options->flags & ~ORT_SAVE_EXTERNAL)
        ORT_FAIL(INVALID_ARGUMENT, "ort_model_save: unknown flags 0x%x", options->flags);
    if (options->opset && (options->opset < ORTI_OPSET_MIN || options->opset > ORTI_OPSET_MAX))
        ORT_FAIL(INVALID_ARGUMENT, "opset %d: this build knows %d to %d", (int)options->opset, ORTI_OPSET_MIN,
                 ORTI_OPSET_MAX);
    const orti_save_options wanted = {
        .opset = options->opset, .is_external = (options->flags & ORT_SAVE_EXTERNAL) != 0, .version = ort_version()};
    return ORT_NOTE(orti_model_save(model->loaded, model->graph, &wanted, path), "saving '%s'", path);
}

ort_status *ort_passes_json(char **out) {
    orti_text text;
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "ort_passes_json: out is NULL");
    *out = NULL;
    orti_text_init(&text, orti_allocator_default());
    orti_text_add(&text, "[");
    for (uint32_t i = 0; orti_passes_name(i); i++)
        orti_text_add(&text, "%s{\"name\":\"%s\",\"summary\":\"%s\",\"required\":%s}", i ? "," : "",
                      orti_passes_name(i), orti_passes_summary(i), orti_passes_is_required(i) ? "true" : "false");
    orti_text_add(&text, "]");
    ort_status *status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}
