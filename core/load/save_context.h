/* load/save_context.h: what the files that save share. Inside this room only.
 * Messages are built in one arena and point into the graph: tensors are not copied. */
#ifndef ORT_CORE_LOAD_SAVE_CONTEXT_H
#define ORT_CORE_LOAD_SAVE_CONTEXT_H

#include "load/save.h"

#include "onnx.pb-c.h"

typedef struct save_context {
    const orti_allocator *alloc;
    orti_arena arena;            /* all messages */
    orti_graph *graph;           /* what is saved: a copy without calls */
    const char *data_name;       /* of the file beside the model that holds its weights; NULL: they are in the model */
    orti_file_writer *data_file; /* that file */
} save_context;

/* The names of one graph's values, by id, and those of the graphs around it. */
typedef struct save_scope {
    const struct save_scope *outer;
    const orti_graph *graph;
    const char **names;
    orti_map used, used_by_nodes;
} save_scope;

/* ---- save_names.c ---- */
/* Every value of the graph gets a name that no graph around it uses. */
ort_status *orti_save_scope_begin(save_context *context, const save_scope *outer, const orti_graph *graph,
                                  save_scope *out);
void orti_save_scope_end(save_scope *scope);
/* A name that nobody here or around has. */
ort_status *orti_save_name_fresh(save_context *context, save_scope *scope, const char *like, const char **out);
/* The node's name, made unique in its graph: ONNX does not ask for it, readers do. */
ort_status *orti_save_node_name(save_context *context, save_scope *scope, const char *name, const char **out);
/* ---- save_value.c ---- */
ort_status *orti_save_tensor(save_context *context, const orti_tensor *tensor, const char *name,
                             Onnx__TensorProto **out);
/* Dense contents as the elements that are not zero, by their flat index. */
ort_status *orti_save_sparse(save_context *context, const orti_tensor *tensor, Onnx__SparseTensorProto **out);
ort_status *orti_save_value_info(save_context *context, const orti_graph *graph, const orti_value *value,
                                 const char *name, Onnx__ValueInfoProto **out);
/* "seq(tensor(float))" */
ort_status *orti_save_type_text(save_context *context, const char *text, Onnx__TypeProto **out);
/* ---- save_attr.c ---- */
ort_status *orti_save_attr(save_context *context, save_scope *scope, const orti_attr *attr, Onnx__AttributeProto **out);
/* ---- save.c ---- */
ort_status *orti_save_graph(save_context *context, const save_scope *outer, const orti_graph *graph,
                            Onnx__GraphProto **out);
/* ---- save_opset.c ---- */
/* The operator sets that suit every node, `opset` (0: any) for ai.onnx. */
ort_status *orti_save_imports(orti_arena *arena, const orti_model *model, const orti_graph *graph, int32_t opset,
                              orti_opset_list *out);
/* The lowest IR version that has these operator sets and initializers that are no inputs. */
int64_t orti_save_ir_version(const orti_model *model, const orti_opset_list *imports);

/* A message of its type in the arena, initialised. */
#define SAVE_NEW(context, kind, out)                                                                                   \
    do {                                                                                                               \
        ORT_TRY(orti_arena_alloc(&(context)->arena, 1, sizeof **(out), (out)));                                        \
        onnx__##kind##__init(*(out));                                                                                  \
    } while (0)

/* protobuf-c's fields are not const; packing reads them only. */
static inline char *save_text(const char *text) {
    return (char *)(uintptr_t)text;
}

#endif
