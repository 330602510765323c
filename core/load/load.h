/* load/load.h: an ONNX file, or its bytes, becomes a graph.
 * Start at: orti_model_load_file().  Used by: session.  Threads: a model that is loaded is read by any.
 *
 * The graph is complete in structure and not bound: node->op is NULL, since_version 0 (orti_ops_bind comes next).
 * - A body in an attribute is a graph; what it reads from around it is a value of kind ORTI_VALUE_CAPTURE.
 * - A call of a function of the model has the function's nodes as its `body`, with attribute references resolved. A
 *   body is named "function DOMAIN::NAME:OVERLOAD"; its nodes' operators are of the opsets that the function imports,
 *   which orti_model_opset_in() tells, also of copies of the graph. They must not contradict the model's (UNSUPPORTED).
 * - Large raw_data is not copied: its tensors are views of the file, which they keep alive (skim.c).
 *
 * Where files are looser than the standard: nodes may stand in any order; an initializer that is also an input is a
 * constant, unless options name it; initializers need not be inputs in IR 3; a dimension of -1 is unknown; a domain
 * imported twice counts with its highest version.
 *
 * errors: NOT_FOUND, IO; INVALID_MODEL, LIMIT_EXCEEDED, UNSUPPORTED naming the file, the node and the value. */
#ifndef ORT_CORE_LOAD_LOAD_H
#define ORT_CORE_LOAD_LOAD_H

#include "graph/graph.h"

#define ORTI_IR_MIN    3
#define ORTI_IR_MAX    14 /* ONNX 1.23 */
#define ORTI_OPSET_MIN 7
#define ORTI_OPSET_MAX 28

/* 0: the default. */
typedef struct orti_load_limits {
    uint64_t model_bytes;  /* of the model's file, and of each file of external data; 64 GiB */
    uint64_t host_bytes;   /* memory for what is decoded, mapped files left out; no limit */
    uint64_t tensor_bytes; /* of one tensor; no limit */
    uint64_t sparse_bytes; /* of all sparse tensors made dense; 64 MiB */
    uint32_t node_count;   /* all nodes, bodies and function calls expanded; 1,000,000 */
    uint32_t nesting;      /* bodies inside bodies; 64 */
} orti_load_limits;

typedef struct orti_load_options {
    orti_load_limits limits;
    bool wants_copy; /* files are read, not mapped: for files that may change under us */
    /* Initializers that are also graph inputs and stay inputs. */
    const char *const *kept_inputs;
    uint32_t kept_input_count;
} orti_load_options;

typedef struct orti_opset {
    const char *domain; /* "" is ai.onnx */
    int32_t version;
} orti_opset;

typedef struct orti_opset_list {
    orti_opset *opsets;
    uint32_t count;
} orti_opset_list;

typedef struct orti_metadata {
    const char *key, *value;
} orti_metadata;

typedef struct orti_model_function {
    const char *body_name; /* of every body made of it */
    orti_opset_list imports;
} orti_model_function;

typedef struct orti_model {
    orti_arena arena; /* all text below */
    orti_graph *graph;
    orti_file *file;
    int64_t ir_version, model_version;
    const char *path; /* "<memory>" for bytes */
    const char *producer_name, *producer_version, *domain, *doc_string;
    orti_opset_list imports;
    orti_metadata *metadata;
    uint32_t metadata_count;
    orti_model_function *functions;
    uint32_t function_count;
} orti_model;

/* options NULL: defaults. External data lies in the file's folder. */
ORT_MUST_USE ort_status *orti_model_load_file(const orti_allocator *alloc, const char *path,
                                              const orti_load_options *options, orti_model **out);
/* The bytes are copied. `folder`: where external data may lie; NULL: none is allowed. */
ORT_MUST_USE ort_status *orti_model_load_bytes(const orti_allocator *alloc, const void *data, uint64_t size_bytes,
                                               const char *folder, const orti_load_options *options, orti_model **out);
/* Another model with the same facts about `graph`, which it takes, also on failure. */
ORT_MUST_USE ort_status *orti_model_copy(const orti_model *model, orti_graph *graph_taken, orti_model **out);
/* The graph too, unless it was moved out (set `graph` to NULL); takes NULL. */
void orti_model_destroy(orti_model *model);

/* The model's import of `domain` ("" and "ai.onnx" are one), or 0. */
int32_t orti_model_opset(const orti_model *model, const char *domain);
/* The same for the nodes of `graph`: the function's import when the graph lies in a function's body. `graph` is the
 * model's graph, a body in it, or a copy of one. */
int32_t orti_model_opset_in(const orti_model *model, const orti_graph *graph, const char *domain);

#endif
