#include "load/context.h"

#include <inttypes.h>
#include <string.h>

/* Calls may not blow a small file up: what they expand to stays a multiple of the nodes that are written. */
#define EXPANSION_FACTOR 64u
#define EXPANSION_FLOOR  10000u

static void add_key(orti_text *text, const char *domain, const char *name, const char *overload) {
    if (strcmp(domain, "ai.onnx") == 0) domain = "";
    orti_text_add(text, "%s::%s:%s", domain, name, overload);
}

static ort_status *add_function(load_context *context, const Onnx__FunctionProto *proto, uint32_t index) {
    orti_model *model = context->model;
    orti_text text;
    ort_status *status = NULL;
    orti_text_init(&text, context->alloc);
    orti_text_add(&text, "function ");
    size_t prefix = text.length;
    add_key(&text, load_text(proto->domain), load_text(proto->name), load_text(proto->overload));
    ORT_TRY_TO(done, status, orti_text_status(&text));
    if (orti_map_find(&context->function_map, text.data + prefix, text.length - prefix) != ORTI_MAP_NONE)
        ORT_TRY_TO(done, status, ORT_STATUS(INVALID_MODEL, "%s is defined twice", text.data));
    ORT_TRY_TO(done, status, orti_map_set(&context->function_map, text.data + prefix, text.length - prefix, index));
    ORT_TRY_TO(done, status,
               orti_arena_string(&model->arena, text.data, text.length, &model->functions[index].body_name));
    status =
        orti_load_imports(&model->arena, proto->opset_import, proto->n_opset_import, &model->functions[index].imports);
    if (status) status = ORT_NOTE(status, "%s", text.data);
done:
    orti_text_finish(&text);
    return status;
}

/* Nodes are bound at the model's imports (ops): a function written for another version would change its meaning. */
static ort_status *check_imports(const orti_model *model, const orti_model_function *function) {
    for (uint32_t i = 0; i < function->imports.count; i++) {
        const orti_opset *import = &function->imports.opsets[i];
        int32_t version = orti_model_opset(model, import->domain);
        if (version && version != import->version)
            ORT_FAIL(UNSUPPORTED, "%s imports opset %" PRId32 " of '%s', the model %" PRId32 ": not supported yet",
                     function->body_name, import->version, import->domain[0] ? import->domain : "ai.onnx", version);
    }
    return NULL;
}

ort_status *orti_load_functions(load_context *context) {
    const Onnx__ModelProto *proto = context->proto;
    orti_model *model = context->model;
    if (proto->n_functions > UINT32_MAX / 2) ORT_FAIL(LIMIT_EXCEEDED, "the model has too many functions");
    ORT_TRY(orti_arena_alloc(&model->arena, proto->n_functions, sizeof *model->functions, &model->functions));
    ORT_TRY(orti_alloc(context->alloc, (size_t)context->limits.nesting + 1, sizeof *context->call_stack,
                       &context->call_stack));
    context->expansion_left = EXPANSION_FLOOR + EXPANSION_FACTOR * (uint64_t)proto->graph->n_node;
    for (size_t i = 0; i < proto->n_functions; i++) {
        context->expansion_left += EXPANSION_FACTOR * (uint64_t)proto->functions[i]->n_node;
        ORT_TRY(add_function(context, proto->functions[i], (uint32_t)i));
        ORT_TRY(check_imports(model, &model->functions[i]));
        model->function_count++;
    }
    return NULL;
}

static uint32_t find_function(load_context *context, const Onnx__NodeProto *proto) {
    orti_text key;
    if (context->model->function_count == 0) return ORTI_MAP_NONE;
    orti_text_init(&key, context->alloc);
    add_key(&key, load_text(proto->domain), proto->op_type, load_text(proto->overload));
    uint32_t index = key.has_failed ? ORTI_MAP_NONE : orti_map_find(&context->function_map, key.data, key.length);
    orti_text_finish(&key);
    return index;
}

static ort_status *check_call(load_context *context, const Onnx__FunctionProto *function, uint32_t index,
                              const Onnx__NodeProto *call) {
    const char *name = context->model->functions[index].body_name;
    for (uint32_t i = 0; i < context->call_depth; i++)
        if (context->call_stack[i] == index) ORT_FAIL(INVALID_MODEL, "%s calls itself", name);
    if (context->nesting > context->limits.nesting || context->call_depth > context->limits.nesting)
        ORT_FAIL(LIMIT_EXCEEDED, "bodies lie more than %" PRIu32 " deep inside each other (limit nesting)",
                 context->limits.nesting);
    if (function->n_node > context->expansion_left)
        ORT_FAIL(LIMIT_EXCEEDED, "calls of functions expand to too many nodes");
    context->expansion_left -= function->n_node;
    if (call->n_input > function->n_input || call->n_output > function->n_output)
        ORT_FAIL(INVALID_MODEL, "%s has %zu inputs and %zu outputs, the call %zu and %zu", name, function->n_input,
                 function->n_output, call->n_input, call->n_output);
    return NULL;
}

static ort_status *add_formals(load_scope *scope, const Onnx__FunctionProto *function) {
    for (size_t i = 0; i < function->n_input; i++) {
        orti_value_id id = ORTI_NONE;
        if (!function->input[i][0]) ORT_FAIL(INVALID_MODEL, "input %zu of the function has no name", i);
        ORT_TRY(orti_graph_add_value(scope->graph, function->input[i], ORTI_VALUE_INNER, &id));
        ORT_TRY(orti_graph_add_input(scope->graph, id));
    }
    return NULL;
}

static ort_status *fill_body(load_context *context, load_scope *scope, const Onnx__FunctionProto *function) {
    ORT_TRY(add_formals(scope, function));
    ORT_TRY(orti_load_define_outputs(scope, function->node, function->n_node));
    ORT_TRY(orti_load_nodes(context, scope, function->node, function->n_node));
    for (size_t i = 0; i < function->n_output; i++) {
        orti_value_id id = orti_graph_find_value(scope->graph, function->output[i]);
        if (id == ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "output '%s' of the function is produced by no node", function->output[i]);
        ORT_TRY(orti_graph_add_output(scope->graph, id));
    }
    return NULL;
}

ort_status *orti_load_call(load_context *context, load_scope *scope, orti_node_id node, const Onnx__NodeProto *proto) {
    uint32_t index = find_function(context, proto);
    if (index == ORTI_MAP_NONE) return NULL;
    const Onnx__FunctionProto *function = context->proto->functions[index];
    const char *name = context->model->functions[index].body_name;
    ORT_TRY(check_call(context, function, index, proto));
    orti_node *call = orti_graph_node(scope->graph, node);
    load_scope body = {.function = function, .call = call};
    ORT_TRY(orti_graph_create(context->alloc, scope->graph, &body.graph));
    call->body = body.graph; /* destroyed with the node, whatever happens */
    ORT_TRY(orti_graph_set_name(body.graph, name));
    context->call_stack[context->call_depth++] = index;
    context->nesting++;
    ort_status *status = fill_body(context, &body, function);
    context->nesting--;
    context->call_depth--;
    return status ? ORT_NOTE(status, "%s", name) : NULL;
}
