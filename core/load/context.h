/* load/context.h: what the files of this room share while one model is loaded. */
#ifndef ORT_CORE_LOAD_CONTEXT_H
#define ORT_CORE_LOAD_CONTEXT_H

#include "load/load.h"

#include "onnx.pb-c.h"

#define LOAD_EXTERNAL_FILES_MAX 256u /* each keeps a file descriptor */

typedef struct load_context {
    const orti_allocator *alloc;
    orti_model *model;
    const Onnx__ModelProto *proto;
    const char *folder; /* of external data; NULL: none is allowed */
    const orti_load_options *options;
    orti_load_limits limits; /* without zeros */
    uint64_t host_bytes, sparse_bytes, expansion_left;
    uint32_t node_count, nesting;
    orti_map external_map; /* location -> index of external_files */
    orti_file **external_files;
    size_t external_capacity;
    uint32_t external_count;
    orti_map function_map; /* "DOMAIN::NAME:OVERLOAD" -> index of the model's functions */
    uint32_t *call_stack;  /* functions whose bodies are being built */
    uint32_t call_depth;
} load_context;

/* Where names are looked up, and attribute references of a function's body. */
typedef struct load_scope {
    orti_graph *graph;
    struct load_scope *outer;            /* NULL for the main graph and for a function's body */
    const Onnx__FunctionProto *function; /* the function whose body this is in, or NULL */
    const orti_node *call;               /* the call of it */
} load_scope;

/* ---- tensor.c, external.c, sparse.c ---- */
/* `context` NULL: without a model (no external data, no lifted data, no limits). */
ort_status *orti_load_tensor(load_context *context, const orti_allocator *alloc, const Onnx__TensorProto *proto,
                             orti_tensor **out);
ort_status *orti_load_sparse_tensor(load_context *context, const Onnx__SparseTensorProto *proto, orti_tensor **out);
ort_status *orti_load_external_tensor(load_context *context, const Onnx__TensorProto *proto, ort_dtype dtype,
                                      const int64_t *dims, uint64_t size_bytes, orti_tensor **out);
/* Counts memory against limits.host_bytes before it is taken. */
ort_status *orti_load_count_host(load_context *context, uint64_t bytes);
/* ---- types.c ---- */
/* Gives the value the type; a type that contradicts one that is known is INVALID_MODEL. */
ort_status *orti_load_value_type(orti_graph *graph, orti_value_id id, const Onnx__TypeProto *proto);
/* "seq(tensor(float))" */
ort_status *orti_load_type_text(const Onnx__TypeProto *proto, orti_text *text);
/* ---- build.c ---- */
ort_status *orti_load_graph(load_context *context, load_scope *outer, const Onnx__GraphProto *proto, orti_graph **out);
/* The value of that name here or around (captured then); ORTI_NONE when there is none. */
ort_status *orti_load_resolve(load_scope *scope, const char *name, orti_value_id *out);
ort_status *orti_load_nodes(load_context *context, load_scope *scope, Onnx__NodeProto **nodes, size_t count);
ort_status *orti_load_define_outputs(load_scope *scope, Onnx__NodeProto **nodes, size_t count);
/* ---- attr.c ---- */
ort_status *orti_load_attrs(load_context *context, load_scope *scope, orti_node_id node, const Onnx__NodeProto *proto);
/* ---- function.c ---- */
ort_status *orti_load_functions(load_context *context);
/* Gives the node a body when it calls a function of the model. */
ort_status *orti_load_call(load_context *context, load_scope *scope, orti_node_id node, const Onnx__NodeProto *proto);
/* ---- opset.c ---- */
ort_status *orti_load_imports(orti_arena *arena, Onnx__OperatorSetIdProto **protos, size_t count, orti_opset_list *out);

static inline const char *load_text(const char *text) {
    return text ? text : "";
}

#endif
