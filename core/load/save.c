#include "load/save_context.h"

#include <string.h>

#define MODEL_MOST_BYTES UINT64_C(1900000000) /* protobuf's messages end at 2 GiB */

/* ---- nodes ---- */

static ort_status *save_names(save_context *context, const save_scope *scope, const orti_value_id *ids, uint32_t count,
                              size_t *out_count, char ***out) {
    while (count && ids[count - 1] == ORTI_NONE) count--;
    ORT_TRY(orti_arena_alloc(&context->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) (*out)[i] = save_text(ids[i] == ORTI_NONE ? "" : scope->names[ids[i]]);
    *out_count = count;
    return NULL;
}

static ort_status *save_node(save_context *context, save_scope *scope, const orti_node *node, Onnx__NodeProto **out) {
    SAVE_NEW(context, node_proto, out);
    Onnx__NodeProto *proto = *out;
    const char *name = NULL;
    ORT_TRY(orti_save_node_name(context, scope, node->name, &name));
    proto->name = save_text(name);
    proto->op_type = save_text(node->op_type);
    if (node->domain[0]) proto->domain = save_text(node->domain);
    ORT_TRY(save_names(context, scope, node->inputs, node->input_count, &proto->n_input, &proto->input));
    ORT_TRY(save_names(context, scope, node->outputs, node->output_count, &proto->n_output, &proto->output));
    ORT_TRY(orti_arena_alloc(&context->arena, node->attr_count, sizeof *proto->attribute, &proto->attribute));
    for (uint32_t i = 0; i < node->attr_count; i++)
        ORT_TRY(orti_save_attr(context, scope, &node->attrs[i], &proto->attribute[i]));
    proto->n_attribute = node->attr_count;
    return NULL;
}

static ort_status *save_nodes(save_context *context, save_scope *scope, Onnx__GraphProto *proto) {
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    orti_graph *graph = (orti_graph *)(uintptr_t)scope->graph; /* an order is worked out once and kept */
    ORT_TRY(orti_graph_order(graph, &order, &count));
    /* Room for an Identity before each output. */
    ORT_TRY(orti_arena_alloc(&context->arena, (size_t)count + orti_graph_output_count(graph), sizeof *proto->node,
                             &proto->node));
    for (uint32_t i = 0; i < count; i++) {
        const orti_node *node = orti_graph_node(graph, order[i]);
        ORT_TRY(
            ORT_NOTE(save_node(context, scope, node, &proto->node[i]), "node '%s' (%s)", node->name, node->op_type));
    }
    proto->n_node = count;
    return NULL;
}

/* ---- inputs, outputs, constants, what is known of inner values ---- */

static ort_status *save_identity(save_context *context, const char *from, const char *to, Onnx__GraphProto *proto) {
    Onnx__NodeProto *node = NULL;
    SAVE_NEW(context, node_proto, &node);
    ORT_TRY(orti_arena_alloc(&context->arena, 1, sizeof *node->input, &node->input));
    ORT_TRY(orti_arena_alloc(&context->arena, 1, sizeof *node->output, &node->output));
    node->op_type = save_text("Identity");
    node->name = node->output[0] = save_text(to);
    node->input[0] = save_text(from);
    node->n_input = node->n_output = 1;
    proto->node[proto->n_node++] = node;
    return NULL;
}

static ort_status *save_output(save_context *context, save_scope *scope, orti_value_id id, Onnx__GraphProto *proto,
                               Onnx__ValueInfoProto **out) {
    const orti_value *value = orti_graph_value(scope->graph, id);
    const char *name = scope->names[id];
    if (value->kind == ORTI_VALUE_CAPTURE) {
        ORT_TRY(orti_save_name_fresh(context, scope, name, &name));
        ORT_TRY(save_identity(context, scope->names[id], name, proto));
    }
    return orti_save_value_info(context, scope->graph, value, name, out);
}

static ort_status *save_border(save_context *context, save_scope *scope, Onnx__GraphProto *proto) {
    const orti_graph *graph = scope->graph;
    const uint32_t input_count = orti_graph_input_count(graph), output_count = orti_graph_output_count(graph);
    ORT_TRY(orti_arena_alloc(&context->arena, input_count, sizeof *proto->input, &proto->input));
    ORT_TRY(orti_arena_alloc(&context->arena, output_count, sizeof *proto->output, &proto->output));
    for (uint32_t i = 0; i < input_count; i++) {
        orti_value_id id = orti_graph_input(graph, i);
        ORT_TRY(orti_save_value_info(context, graph, orti_graph_value(graph, id), scope->names[id], &proto->input[i]));
    }
    for (uint32_t i = 0; i < output_count; i++)
        ORT_TRY(save_output(context, scope, orti_graph_output(graph, i), proto, &proto->output[i]));
    proto->n_input = input_count;
    proto->n_output = output_count;
    return NULL;
}

static bool is_worth_telling(const save_scope *scope, const orti_value *value) {
    return !scope->outer && value->kind == ORTI_VALUE_INNER && value->producer != ORTI_NONE && !value->is_output &&
           (value->type_text || (value->dtype != ORT_DTYPE_NONE && value->has_shape));
}

static ort_status *save_values(save_context *context, save_scope *scope, Onnx__GraphProto *proto) {
    const orti_graph *graph = scope->graph;
    const uint32_t count = orti_graph_value_count(graph);
    ORT_TRY(orti_arena_alloc(&context->arena, count, sizeof *proto->initializer, &proto->initializer));
    ORT_TRY(orti_arena_alloc(&context->arena, count, sizeof *proto->value_info, &proto->value_info));
    for (orti_value_id id = 0; id < count; id++) {
        const orti_value *value = orti_graph_value(graph, id);
        const char *name = scope->names[id];
        if (value->kind == ORTI_VALUE_CONSTANT)
            ORT_TRY(
                ORT_NOTE(orti_save_tensor(context, value->constant, name, &proto->initializer[proto->n_initializer++]),
                         "value '%s'", name));
        else if (is_worth_telling(scope, value))
            ORT_TRY(orti_save_value_info(context, graph, value, name, &proto->value_info[proto->n_value_info++]));
    }
    return NULL;
}

static ort_status *fill_graph(save_context *context, save_scope *scope, Onnx__GraphProto *proto) {
    const char *name = orti_graph_name(scope->graph);
    proto->name = save_text(name[0] ? name : "graph"); /* ONNX wants one */
    ORT_TRY(save_nodes(context, scope, proto));
    ORT_TRY(save_border(context, scope, proto));
    return save_values(context, scope, proto);
}

ort_status *orti_save_graph(save_context *context, const save_scope *outer, const orti_graph *graph,
                            Onnx__GraphProto **out) {
    save_scope scope;
    SAVE_NEW(context, graph_proto, out);
    ort_status *status = orti_save_scope_begin(context, outer, graph, &scope);
    if (!status) status = fill_graph(context, &scope, *out);
    orti_save_scope_end(&scope);
    return status;
}

/* ---- the model ---- */

static ort_status *save_imports(save_context *context, const orti_opset_list *imports, Onnx__ModelProto *proto) {
    ORT_TRY(orti_arena_alloc(&context->arena, imports->count, sizeof *proto->opset_import, &proto->opset_import));
    for (uint32_t i = 0; i < imports->count; i++) {
        SAVE_NEW(context, operator_set_id_proto, &proto->opset_import[i]);
        proto->opset_import[i]->domain = save_text(imports->opsets[i].domain);
        proto->opset_import[i]->has_version = 1;
        proto->opset_import[i]->version = imports->opsets[i].version;
    }
    proto->n_opset_import = imports->count;
    return NULL;
}

static ort_status *save_metadata(save_context *context, const orti_model *model, Onnx__ModelProto *proto) {
    ORT_TRY(orti_arena_alloc(&context->arena, model->metadata_count, sizeof *proto->metadata_props,
                             &proto->metadata_props));
    for (uint32_t i = 0; i < model->metadata_count; i++) {
        SAVE_NEW(context, string_string_entry_proto, &proto->metadata_props[i]);
        proto->metadata_props[i]->key = save_text(model->metadata[i].key);
        proto->metadata_props[i]->value = save_text(model->metadata[i].value);
    }
    proto->n_metadata_props = model->metadata_count;
    return NULL;
}

static ort_status *fill_model(save_context *context, const orti_model *model, const orti_save_options *options,
                              Onnx__ModelProto *proto) {
    orti_opset_list imports = {0};
    ORT_TRY(orti_save_imports(&context->arena, model, context->graph, options->opset, &imports));
    proto->has_ir_version = proto->has_model_version = 1;
    proto->ir_version = orti_save_ir_version(model, &imports);
    proto->model_version = model->model_version;
    proto->producer_name = save_text("orthrus");
    proto->producer_version = save_text(options->version ? options->version : "");
    proto->domain = save_text(model->domain);
    proto->doc_string = save_text(model->doc_string);
    ORT_TRY(save_imports(context, &imports, proto));
    ORT_TRY(save_metadata(context, model, proto));
    return orti_save_graph(context, NULL, context->graph, &proto->graph);
}

/* ---- files ---- */

typedef struct file_buffer {
    ProtobufCBuffer base;
    orti_file_writer *file;
} file_buffer;

static void file_append(ProtobufCBuffer *base, size_t length, const uint8_t *data) {
    orti_file_writer_add(((file_buffer *)base)->file, data, length);
}

static uint64_t count_bytes(const orti_graph *graph) {
    uint64_t bytes = 0;
    for (orti_value_id id = 0; id < orti_graph_value_count(graph); id++) {
        const orti_tensor *tensor = orti_graph_value(graph, id)->constant;
        if (tensor) bytes += tensor->size_bytes;
    }
    return bytes;
}

/* "FOLDER/NAME.data" to write, "NAME.data" in the model. */
static ort_status *open_data(save_context *context, const char *path) {
    const char *slash = strrchr(path, '/');
    orti_text text;
    orti_text_init(&text, context->alloc);
    orti_text_add(&text, "%s.data", path);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_file_writer_create(context->alloc, text.data, &context->data_file);
    if (!status) {
        const char *name = slash ? text.data + (slash + 1 - path) : text.data;
        status = orti_arena_string(&context->arena, name, strlen(name), &context->data_name);
    }
    orti_text_finish(&text);
    return status;
}

/* A copy of the graph, because calls are expanded in it, as a message. */
static ort_status *context_begin(save_context *context, const orti_graph *graph) {
    orti_arena_init(&context->arena, context->alloc);
    ORT_TRY(orti_graph_copy(graph, &context->graph));
    return orti_graph_inline_calls(context->graph);
}

static void context_end(save_context *context) {
    orti_file_writer_destroy(context->data_file);
    orti_graph_destroy(context->graph);
    orti_arena_finish(&context->arena);
}

ort_status *orti_model_save(const orti_model *model, const orti_graph *graph, const orti_save_options *options,
                            const char *path) {
    save_context context = {.alloc = model->arena.alloc};
    Onnx__ModelProto proto = ONNX__MODEL_PROTO__INIT;
    file_buffer buffer = {.base = {file_append}};
    ort_status *status = NULL;
    ORT_TRY_TO(done, status, context_begin(&context, graph));
    ORT_TRY_TO(done, status, orti_file_writer_create(context.alloc, path, &buffer.file));
    if (options->is_external || count_bytes(context.graph) > MODEL_MOST_BYTES)
        ORT_TRY_TO(done, status, open_data(&context, path));
    ORT_TRY_TO(done, status, fill_model(&context, model, options, &proto));
    (void)onnx__model_proto__pack_to_buffer(&proto, &buffer.base);
    if (context.data_file) ORT_TRY_TO(done, status, orti_file_writer_commit(context.data_file));
    status = orti_file_writer_commit(buffer.file);
done:
    orti_file_writer_destroy(buffer.file);
    context_end(&context);
    return status;
}

typedef struct text_buffer {
    ProtobufCBuffer base;
    orti_text *text;
} text_buffer;

static void text_append(ProtobufCBuffer *base, size_t length, const uint8_t *data) {
    orti_text_add_bytes(((text_buffer *)base)->text, (const char *)data, length);
}

ort_status *orti_model_save_bytes(const orti_model *model, const orti_graph *graph, const orti_save_options *options,
                                  orti_text *out) {
    save_context context = {.alloc = model->arena.alloc};
    Onnx__ModelProto proto = ONNX__MODEL_PROTO__INIT;
    text_buffer buffer = {{text_append}, out};
    ort_status *status = context_begin(&context, graph);
    if (!status) status = fill_model(&context, model, options, &proto);
    if (!status) {
        (void)onnx__model_proto__pack_to_buffer(&proto, &buffer.base);
        status = orti_text_status(out);
    }
    context_end(&context);
    return status;
}
