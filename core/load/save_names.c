#include "load/save_context.h"

#include <string.h>

static bool is_taken(const save_scope *scope, const char *name) {
    for (; scope; scope = scope->outer)
        if (orti_map_find(&scope->used, name, strlen(name)) != ORTI_MAP_NONE) return true;
    return false;
}

ort_status *orti_save_name_fresh(save_context *context, save_scope *scope, const char *like, const char **out) {
    orti_text text;
    ort_status *status = NULL;
    orti_text_init(&text, context->alloc);
    orti_text_add(&text, "%s", like);
    for (uint32_t number = 1; !text.has_failed; number++) {
        bool is_own = orti_graph_find_value(scope->graph, text.data) != ORTI_NONE;
        if (!is_own && !is_taken(scope, text.data)) break;
        text.length = 0;
        orti_text_add(&text, "%s_%u", like, number);
    }
    ORT_TRY_TO(done, status, orti_text_status(&text));
    ORT_TRY_TO(done, status, orti_arena_string(&context->arena, text.data, text.length, out));
    status = orti_map_set(&scope->used, *out, strlen(*out), 0);
done:
    orti_text_finish(&text);
    return status;
}

/* ONNX wants a name to stand for one value in a graph and in all bodies in it (IR specification, "Names within a
 * graph"). */
static ort_status *name_value(save_context *context, save_scope *scope, orti_value_id id) {
    const orti_value *value = orti_graph_value(scope->graph, id);
    if (value->kind == ORTI_VALUE_CAPTURE) {
        scope->names[id] = scope->outer->names[value->outer_id];
        return NULL;
    }
    if (is_taken(scope->outer, value->name))
        return orti_save_name_fresh(context, scope, value->name, &scope->names[id]);
    scope->names[id] = value->name;
    return orti_map_set(&scope->used, value->name, strlen(value->name), 0);
}

ort_status *orti_save_node_name(save_context *context, save_scope *scope, const char *name, const char **out) {
    orti_text text;
    ort_status *status = NULL;
    orti_text_init(&text, context->alloc);
    orti_text_add(&text, "%s", name);
    for (uint32_t number = 1; !text.has_failed; number++) {
        if (orti_map_find(&scope->used_by_nodes, text.data, text.length) == ORTI_MAP_NONE) break;
        text.length = 0;
        orti_text_add(&text, "%s_%u", name, number);
    }
    ORT_TRY_TO(done, status, orti_text_status(&text));
    ORT_TRY_TO(done, status, orti_arena_string(&context->arena, text.data, text.length, out));
    status = orti_map_set(&scope->used_by_nodes, *out, strlen(*out), 0);
done:
    orti_text_finish(&text);
    return status;
}

ort_status *orti_save_scope_begin(save_context *context, const save_scope *outer, const orti_graph *graph,
                                  save_scope *out) {
    *out = (save_scope){.outer = outer, .graph = graph};
    orti_map_init(&out->used, context->alloc);
    orti_map_init(&out->used_by_nodes, context->alloc);
    ORT_TRY(orti_arena_alloc(&context->arena, orti_graph_value_count(graph), sizeof *out->names, &out->names));
    for (orti_value_id id = 0; id < orti_graph_value_count(graph); id++) ORT_TRY(name_value(context, out, id));
    return NULL;
}

void orti_save_scope_end(save_scope *scope) {
    orti_map_finish(&scope->used);
    orti_map_finish(&scope->used_by_nodes);
}
