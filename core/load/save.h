/* load/save.h: a graph becomes an ONNX file.
 * Start at: orti_model_save().  Used by: session.  Threads: graph and model are only read.
 *
 * The file is valid ONNX for any reader: nodes in order, names unique across bodies, nothing of ours in it. A value
 * that a body captures is read by its outer name; calls of the model's functions are expanded; a body's output that is
 * a value of the graph around gets an Identity. The operator sets are those that the model imports, raised to what its
 * nodes need; a node that has been raised shows the versions that it means (since_version to until_version). */
#ifndef ORT_CORE_LOAD_SAVE_H
#define ORT_CORE_LOAD_SAVE_H

#include "load/load.h"

typedef struct orti_save_options {
    int32_t opset;       /* of ai.onnx; 0: the model's own, or the lowest above it that every node allows */
    bool is_external;    /* weights go to a file of their own, "PATH.data"; in any case when all are over 1.9 GB */
    const char *version; /* of the producer, "orthrus" */
} orti_save_options;

/* Both files are written under other names and renamed when complete, the weights first. `model` tells names, imports
 * and metadata; `graph` is its graph or what passes made of it.
 * errors: IO, NOT_FOUND for the path; UNSUPPORTED naming the node that no operator set suits, or that refers to a
 * function's attribute. */
ORT_MUST_USE ort_status *orti_model_save(const orti_model *model, const orti_graph *graph,
                                         const orti_save_options *options, const char *path);
/* The bytes of the model, weights inside, are added to `out`. errors: UNSUPPORTED as above. */
ORT_MUST_USE ort_status *orti_model_save_bytes(const orti_model *model, const orti_graph *graph,
                                               const orti_save_options *options, orti_text *out);

#endif
