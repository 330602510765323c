/* session/text_house.h: a session on a graph that is given as text, for tests. */
#ifndef ORT_CORE_SESSION_TEXT_HOUSE_H
#define ORT_CORE_SESSION_TEXT_HOUSE_H

#include "session/inner.h"

#include <string.h>

typedef struct text_house {
    ort_options *options;
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
} text_house;

static inline int32_t text_house_opset(void *user, const char *domain) {
    (void)user;
    return strcmp(domain, "ai.onnx.ml") == 0 ? 1 : *domain ? 0 : 26;
}

/* `providers`: in order of preference; the CPU's plugin and the simulated device's are in `plugins`. */
static inline ort_status *text_house_begin(text_house *house, const char *plugins, const char *providers) {
    ort_status *status = NULL;
    memset(house, 0, sizeof *house);
    status = ort_options_create(&house->options);
    if (!status) status = ort_options_set(house->options, "plugins.path", plugins);
    if (!status) status = ort_options_set(house->options, "providers", providers);
    return status ? status : ort_environment_create(house->options, NULL, NULL, &house->environment);
}

/* As ort_model_load() makes one. */
static inline ort_status *text_house_model(text_house *house, const char *text) {
    const orti_allocator *alloc = orti_allocator_default();
    orti_model *loaded = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *house->model, &house->model));
    house->model->alloc = alloc;
    orti_arena_init(&house->model->arena, alloc);
    ORT_TRY(orti_alloc(alloc, 1, sizeof *loaded, &loaded));
    house->model->loaded = loaded;
    orti_arena_init(&loaded->arena, alloc);
    loaded->path = "<text>";
    ORT_TRY(orti_graph_parse(alloc, text, strlen(text), &loaded->graph));
    house->model->graph = loaded->graph;
    ORT_TRY(orti_ops_bind(loaded->graph, text_house_opset, NULL));
    return orti_infer_graph(loaded->graph);
}

static inline ort_status *text_house_session(text_house *house, const char *text) {
    ORT_TRY(text_house_model(house, text));
    return ort_session_create(house->environment, house->model, house->options, &house->session);
}

/* Makes room for another model. */
static inline void text_house_drop(text_house *house) {
    ort_session_destroy(house->session);
    ort_model_destroy(house->model);
    house->session = NULL;
    house->model = NULL;
}

static inline ort_status *text_house_open(text_house *house, const char *plugins, const char *providers,
                                          const char *text) {
    ORT_TRY(text_house_begin(house, plugins, providers));
    return text_house_session(house, text);
}

static inline void text_house_close(text_house *house) {
    text_house_drop(house);
    ort_environment_destroy(house->environment);
    ort_options_destroy(house->options);
}

#endif
