#include "load/context.h"
#include "load/skim.h"

#include <inttypes.h>
#include <string.h>

/* ---- protobuf-c's memory, counted ---- */

typedef struct proto_memory {
    const orti_allocator *alloc;
    uint64_t left_bytes;
    bool is_over_limit, is_out_of_memory;
} proto_memory;

static void *proto_alloc(void *user, size_t size_bytes) {
    proto_memory *memory = user;
    if (size_bytes > memory->left_bytes) {
        memory->is_over_limit = true;
        return NULL;
    }
    memory->left_bytes -= size_bytes;
    void *got = memory->alloc->alloc(memory->alloc->user, size_bytes ? size_bytes : 1, 16);
    memory->is_out_of_memory |= !got;
    return got;
}

static void proto_free(void *user, void *pointer) {
    proto_memory *memory = user;
    memory->alloc->release(memory->alloc->user, pointer);
}

static ort_status *unpack_failure(const load_context *context, const proto_memory *memory) {
    if (memory->is_over_limit)
        ORT_FAIL(LIMIT_EXCEEDED, "needs more than %" PRIu64 " bytes of memory (limit host_bytes)",
                 context->limits.host_bytes);
    if (memory->is_out_of_memory) ORT_FAIL(OUT_OF_MEMORY, "out of memory while the model is read");
    ORT_FAIL(INVALID_MODEL, "is not a valid ONNX model: a field has the wrong wire type or length");
}

/* ---- the model's own facts ---- */

static ort_status *keep_text(orti_model *model, const char *text, const char **out) {
    return orti_arena_string(&model->arena, load_text(text), strlen(load_text(text)), out);
}

static ort_status *read_facts(load_context *context) {
    const Onnx__ModelProto *proto = context->proto;
    orti_model *model = context->model;
    if (!proto->has_ir_version) ORT_FAIL(INVALID_MODEL, "has no IR version: it is no ONNX model");
    if (proto->ir_version < ORTI_IR_MIN || proto->ir_version > ORTI_IR_MAX)
        ORT_FAIL(UNSUPPORTED, "IR version %" PRId64 ", this build knows %d to %d", proto->ir_version, ORTI_IR_MIN,
                 ORTI_IR_MAX);
    if (!proto->graph) ORT_FAIL(INVALID_MODEL, "has no graph");
    if (!proto->n_opset_import) ORT_FAIL(INVALID_MODEL, "imports no operator set");
    model->ir_version = proto->ir_version;
    model->model_version = proto->model_version;
    ORT_TRY(keep_text(model, proto->producer_name, &model->producer_name));
    ORT_TRY(keep_text(model, proto->producer_version, &model->producer_version));
    ORT_TRY(keep_text(model, proto->domain, &model->domain));
    ORT_TRY(keep_text(model, proto->doc_string, &model->doc_string));
    ORT_TRY(orti_arena_alloc(&model->arena, proto->n_metadata_props, sizeof *model->metadata, &model->metadata));
    for (size_t i = 0; i < proto->n_metadata_props; i++) {
        ORT_TRY(keep_text(model, proto->metadata_props[i]->key, &model->metadata[i].key));
        ORT_TRY(keep_text(model, proto->metadata_props[i]->value, &model->metadata[i].value));
        model->metadata_count++;
    }
    return orti_load_imports(&model->arena, proto->opset_import, proto->n_opset_import, &model->imports);
}

/* ---- loading ---- */

static ort_status *build(load_context *context) {
    ORT_TRY(read_facts(context));
    ORT_TRY(orti_load_functions(context));
    ORT_TRY(orti_load_graph(context, NULL, context->proto->graph, &context->model->graph));
    for (uint32_t i = 0; i < context->options->kept_input_count; i++)
        if (orti_graph_find_value(context->model->graph, context->options->kept_inputs[i]) == ORTI_NONE)
            ORT_FAIL(NOT_FOUND, "has no initializer '%s' that could stay an input", context->options->kept_inputs[i]);
    return orti_graph_verify(context->model->graph);
}

static ort_status *decode(load_context *context) {
    const orti_file *file = context->model->file;
    uint8_t *reduced = NULL;
    uint64_t reduced_bytes = 0;
    ORT_TRY(orti_skim_model(context->alloc, file->data, file->size_bytes, context->limits.nesting, &reduced,
                            &reduced_bytes));
    proto_memory memory = {.alloc = context->alloc, .left_bytes = context->limits.host_bytes};
    ProtobufCAllocator proto_allocator = {proto_alloc, proto_free, &memory};
    Onnx__ModelProto *proto = onnx__model_proto__unpack(&proto_allocator, (size_t)reduced_bytes, reduced);
    orti_free(context->alloc, reduced);
    if (!proto) return unpack_failure(context, &memory);
    context->proto = proto;
    ort_status *status = build(context);
    onnx__model_proto__free_unpacked(proto, &proto_allocator);
    return status;
}

static uint64_t limit_or(uint64_t limit, uint64_t fallback) {
    return limit ? limit : fallback;
}

#define NESTING_MAX 256u /* what the stack bears, whatever the options say */

static orti_load_limits limits_of(const orti_load_options *options) {
    orti_load_limits limits = options->limits;
    limits.model_bytes = limit_or(limits.model_bytes, UINT64_C(64) << 30);
    limits.host_bytes = limit_or(limits.host_bytes, UINT64_MAX);
    limits.tensor_bytes = limit_or(limits.tensor_bytes, UINT64_MAX);
    limits.sparse_bytes = limit_or(limits.sparse_bytes, UINT64_C(64) << 20);
    limits.node_count = (uint32_t)limit_or(limits.node_count, 1000000);
    limits.nesting = (uint32_t)limit_or(limits.nesting, 64);
    if (limits.nesting > NESTING_MAX) limits.nesting = NESTING_MAX;
    return limits;
}

static void context_finish(load_context *context) {
    for (uint32_t i = 0; i < context->external_count; i++) orti_file_release(context->external_files[i]);
    orti_free(context->alloc, context->external_files);
    orti_free(context->alloc, context->call_stack);
    orti_map_finish(&context->external_map);
    orti_map_finish(&context->function_map);
}

/* Takes `file`. */
static ort_status *load(const orti_allocator *alloc, orti_file *file, const char *folder,
                        const orti_load_options *options, orti_model **out) {
    orti_model *model = NULL;
    ort_status *status = orti_alloc(alloc, 1, sizeof *model, &model);
    if (status) {
        orti_file_release(file);
        return status;
    }
    orti_arena_init(&model->arena, alloc);
    model->file = file;
    load_context context = {
        .alloc = alloc, .model = model, .folder = folder, .options = options, .limits = limits_of(options)};
    orti_map_init(&context.external_map, alloc);
    orti_map_init(&context.function_map, alloc);
    ORT_TRY_TO(done, status, orti_arena_string(&model->arena, file->path, strlen(file->path), &model->path));
    ORT_TRY_TO(done, status, decode(&context));
    *out = model;
    model = NULL;
done:
    if (status) status = ORT_NOTE(status, "model '%s'", file->path);
    context_finish(&context);
    orti_model_destroy(model);
    return status;
}

static const orti_load_options default_options;

ort_status *orti_model_load_file(const orti_allocator *alloc, const char *path, const orti_load_options *options,
                                 orti_model **out) {
    orti_file *file = NULL;
    char *folder = NULL;
    *out = NULL;
    if (!options) options = &default_options;
    ORT_TRY(orti_path_folder(alloc, path, &folder));
    ort_status *status = orti_file_open(alloc, path, options->wants_copy, limits_of(options).model_bytes, &file);
    if (!status) status = load(alloc, file, folder, options, out);
    orti_free(alloc, folder);
    return status;
}

ort_status *orti_model_load_bytes(const orti_allocator *alloc, const void *data, uint64_t size_bytes,
                                  const char *folder, const orti_load_options *options, orti_model **out) {
    orti_file *file = NULL;
    *out = NULL;
    if (!options) options = &default_options;
    if (size_bytes > limits_of(options).model_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "a model of %" PRIu64 " bytes, the limit is %" PRIu64, size_bytes,
                 limits_of(options).model_bytes);
    ORT_TRY(orti_file_from_bytes(alloc, data, size_bytes, true, &file));
    return load(alloc, file, folder, options, out);
}

/* ---- copying ---- */

static ort_status *copy_imports(orti_arena *arena, const orti_opset_list *from, orti_opset_list *out) {
    ORT_TRY(orti_arena_copy(arena, from->opsets, from->count * sizeof *from->opsets, &out->opsets));
    out->count = from->count;
    for (uint32_t i = 0; i < from->count; i++)
        ORT_TRY(
            orti_arena_string(arena, from->opsets[i].domain, strlen(from->opsets[i].domain), &out->opsets[i].domain));
    return NULL;
}

static ort_status *copy_metadata(const orti_model *from, orti_model *out) {
    ORT_TRY(orti_arena_alloc(&out->arena, from->metadata_count, sizeof *out->metadata, &out->metadata));
    for (uint32_t i = 0; i < from->metadata_count; i++) {
        ORT_TRY(keep_text(out, from->metadata[i].key, &out->metadata[i].key));
        ORT_TRY(keep_text(out, from->metadata[i].value, &out->metadata[i].value));
        out->metadata_count++;
    }
    return NULL;
}

static ort_status *copy_functions(const orti_model *from, orti_model *out) {
    ORT_TRY(orti_arena_alloc(&out->arena, from->function_count, sizeof *out->functions, &out->functions));
    for (uint32_t i = 0; i < from->function_count; i++) {
        ORT_TRY(keep_text(out, from->functions[i].body_name, &out->functions[i].body_name));
        ORT_TRY(copy_imports(&out->arena, &from->functions[i].imports, &out->functions[i].imports));
        out->function_count++;
    }
    return NULL;
}

static ort_status *copy_facts(const orti_model *from, orti_model *out) {
    out->ir_version = from->ir_version;
    out->model_version = from->model_version;
    ORT_TRY(keep_text(out, from->path, &out->path));
    ORT_TRY(keep_text(out, from->producer_name, &out->producer_name));
    ORT_TRY(keep_text(out, from->producer_version, &out->producer_version));
    ORT_TRY(keep_text(out, from->domain, &out->domain));
    ORT_TRY(keep_text(out, from->doc_string, &out->doc_string));
    ORT_TRY(copy_imports(&out->arena, &from->imports, &out->imports));
    ORT_TRY(copy_metadata(from, out));
    return copy_functions(from, out);
}

ort_status *orti_model_copy(const orti_model *model, orti_graph *graph, orti_model **out) {
    orti_model *copy = NULL;
    *out = NULL;
    ort_status *status = orti_alloc(model->arena.alloc, 1, sizeof *copy, &copy);
    if (status) {
        orti_graph_destroy(graph);
        return status;
    }
    orti_arena_init(&copy->arena, model->arena.alloc);
    copy->graph = graph;
    copy->file = orti_file_retain(model->file);
    status = copy_facts(model, copy);
    if (status)
        orti_model_destroy(copy);
    else
        *out = copy;
    return status;
}

void orti_model_destroy(orti_model *model) {
    if (!model) return;
    const orti_allocator *alloc = model->arena.alloc;
    orti_graph_destroy(model->graph);
    orti_file_release(model->file);
    orti_arena_finish(&model->arena);
    orti_free(alloc, model);
}
