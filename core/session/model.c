#include "session/inner.h"

#include <inttypes.h>
#include <string.h>

static int32_t opset_of(void *user, const char *domain) {
    return orti_model_opset(user, domain);
}

/* Types and shapes are inferred once here, so that what is wrong with a model is said when it is loaded. */
static ort_status *model_check(ort_model *model) {
    model->graph = model->loaded->graph;
    ORT_TRY(orti_ops_bind(model->graph, opset_of, model->loaded));
    ORT_TRY(orti_infer_graph(model->graph));
    ORT_TRY(orti_values_describe(&model->arena, model->graph, false, &model->inputs));
    return orti_values_describe(&model->arena, model->graph, true, &model->outputs);
}

typedef struct model_source {
    const char *path;
    const void *data;
    uint64_t size_bytes;
    const char *folder;
} model_source;

static ort_status *source_load(ort_model *model, const model_source *source) {
    json_t *kept = orti_options_get(model->options, "inputs");
    const char **names = NULL;
    size_t count = json_array_size(kept);
    ORT_TRY(orti_arena_alloc(&model->arena, count, sizeof *names, &names));
    for (size_t i = 0; i < count; i++) names[i] = json_string_value(json_array_get(kept, i));
    const orti_load_options options = {
        .limits.model_bytes = orti_options_bytes(model->options, "limits.model_bytes", 0),
        .limits.host_bytes = orti_options_bytes(model->options, "limits.host_bytes", 0),
        .wants_copy = strcmp(orti_options_text(model->options, "weights", "map"), "copy") == 0,
        .kept_inputs = names,
        .kept_input_count = (uint32_t)count};
    if (source->path) return orti_model_load_file(model->alloc, source->path, &options, &model->loaded);
    return orti_model_load_bytes(model->alloc, source->data, source->size_bytes, source->folder, &options,
                                 &model->loaded);
}

static ort_status *model_create(ort_environment *environment, const model_source *source, const ort_options *options,
                                ort_model **out) {
    ort_model *model = NULL;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(environment->alloc, 1, sizeof *model, &model));
    model->alloc = environment->alloc;
    orti_arena_init(&model->arena, model->alloc);
    ORT_TRY_TO(done, status, orti_options_merged(environment->options, options, true, &model->options));
    ORT_TRY_TO(done, status, source_load(model, source));
    status = model_check(model);
    if (status)
        status = ORT_NOTE(status, "model '%s'", model->loaded->path);
    else
        *out = model;
done:
    if (status) ort_model_destroy(model);
    return status;
}

ort_status *ort_model_load(ort_environment *environment, const char *path, const ort_options *options,
                           ort_model **out) {
    if (out) *out = NULL;
    if (!environment || !path || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_model_load: an argument is NULL");
    const model_source source = {.path = path};
    return model_create(environment, &source, options, out);
}

ort_status *ort_model_load_bytes(ort_environment *environment, const void *data, uint64_t size_bytes,
                                 const char *folder, const ort_options *options, ort_model **out) {
    if (out) *out = NULL;
    if (!environment || (!data && size_bytes) || !out)
        ORT_FAIL(INVALID_ARGUMENT, "ort_model_load_bytes: an argument is NULL");
    const model_source source = {.data = data, .size_bytes = size_bytes, .folder = folder};
    return model_create(environment, &source, options, out);
}

void ort_model_destroy(ort_model *model) {
    if (!model) return;
    orti_model_destroy(model->loaded);
    ort_options_destroy(model->options);
    orti_arena_finish(&model->arena);
    orti_free(model->alloc, model);
}

static ort_status *list_get(const value_list *list, uint32_t index, const char *what, ort_value_info *out) {
    if (index >= list->count) ORT_FAIL(NOT_FOUND, "the model has no %s %u, only %u", what, index, list->count);
    return orti_info_copy(out, &list->items[index], sizeof list->items[index], what);
}

uint32_t ort_model_input_count(const ort_model *model) {
    return model ? model->inputs.count : 0;
}

uint32_t ort_model_output_count(const ort_model *model) {
    return model ? model->outputs.count : 0;
}

ort_status *ort_model_input(const ort_model *model, uint32_t index, ort_value_info *out) {
    if (!model) ORT_FAIL(INVALID_ARGUMENT, "ort_model_input: model is NULL");
    return list_get(&model->inputs, index, "input", out);
}

ort_status *ort_model_output(const ort_model *model, uint32_t index, ort_value_info *out) {
    if (!model) ORT_FAIL(INVALID_ARGUMENT, "ort_model_output: model is NULL");
    return list_get(&model->outputs, index, "output", out);
}

uint32_t ort_session_input_count(const ort_session *session) {
    return session ? session->inputs.count : 0;
}

uint32_t ort_session_output_count(const ort_session *session) {
    return session ? session->outputs.count : 0;
}

ort_status *ort_session_input(const ort_session *session, uint32_t index, ort_value_info *out) {
    if (!session) ORT_FAIL(INVALID_ARGUMENT, "ort_session_input: session is NULL");
    return list_get(&session->inputs, index, "input", out);
}

ort_status *ort_session_output(const ort_session *session, uint32_t index, ort_value_info *out) {
    if (!session) ORT_FAIL(INVALID_ARGUMENT, "ort_session_output: session is NULL");
    return list_get(&session->outputs, index, "output", out);
}

static void text_pair(orti_text *text, const char *key, const char *value) {
    orti_text_add(text, ",\"");
    orti_text_add_escaped(text, key, strlen(key));
    orti_text_add(text, "\":\"");
    orti_text_add_escaped(text, value ? value : "", value ? strlen(value) : 0);
    orti_text_add(text, "\"");
}

static void describe(const orti_model *loaded, orti_text *text) {
    orti_text_add(text, "{\"schema\":1,\"ir_version\":%" PRId64 ",\"model_version\":%" PRId64, loaded->ir_version,
                  loaded->model_version);
    text_pair(text, "path", loaded->path);
    text_pair(text, "graph", orti_graph_name(loaded->graph));
    text_pair(text, "producer", loaded->producer_name);
    text_pair(text, "producer_version", loaded->producer_version);
    text_pair(text, "domain", loaded->domain);
    text_pair(text, "doc", loaded->doc_string);
    orti_text_add(text, ",\"opsets\":[");
    for (uint32_t i = 0; i < loaded->imports.count; i++) {
        orti_text_add(text, "%s{\"version\":%d", i ? "," : "", (int)loaded->imports.opsets[i].version);
        text_pair(text, "domain", loaded->imports.opsets[i].domain);
        orti_text_add(text, "}");
    }
    orti_text_add(text, "],\"metadata\":[");
    for (uint32_t i = 0; i < loaded->metadata_count; i++) {
        orti_text_add(text, "%s{\"index\":%u", i ? "," : "", i);
        text_pair(text, "key", loaded->metadata[i].key);
        text_pair(text, "value", loaded->metadata[i].value);
        orti_text_add(text, "}");
    }
    orti_text_add(text, "],\"nodes\":%u", orti_graph_live_node_count(loaded->graph));
}

ort_status *ort_model_describe_json(const ort_model *model, char **out) {
    if (!model || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_model_describe_json: an argument is NULL");
    *out = NULL;
    orti_text text;
    orti_text_init(&text, model->alloc);
    describe(model->loaded, &text);
    ort_status *status = NULL;
    if (model->passes) {
        orti_text_add(&text, ",\"passes\":");
        status = orti_passes_record_json(model->passes, &text);
    }
    orti_text_add(&text, "}");
    if (!status) status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}

#define PRINT_CONSTANT_ELEMENTS 16u

ort_status *ort_model_print(const ort_model *model, char **out) {
    if (!model || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_model_print: an argument is NULL");
    *out = NULL;
    orti_text text;
    orti_text_init(&text, model->alloc);
    ort_status *status = orti_graph_print(model->graph, PRINT_CONSTANT_ELEMENTS, &text);
    if (!status) status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}
