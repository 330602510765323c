/* graph/graph.h: the IR: one graph of nodes and values, each named by a 32-bit id.
 * Start at: orti_graph_create(), orti_graph_add_node(), orti_graph_verify().  Used by: ops and every room after it.
 * Threads: a graph is edited by one thread; a finished graph is read by any.
 *
 * Ids are never reused; a deleted node keeps its slot with is_deleted set (iterate and skip). Everything lives in the
 * graph's arena. Subgraphs (bodies of If, Loop, Scan and of functions) are graphs of their own whose `outer` is the
 * graph around them; a value that a body captures is, in the body, a value of kind ORTI_VALUE_CAPTURE with the outer
 * id. Pointers from accessors are borrowed until the next edit. */
#ifndef ORT_CORE_GRAPH_GRAPH_H
#define ORT_CORE_GRAPH_GRAPH_H

#include "base/text.h"
#include "tensor/dim.h"
#include "tensor/tensor.h"

typedef uint32_t orti_node_id;
typedef uint32_t orti_value_id;
#define ORTI_NONE UINT32_MAX /* no node; no value (an optional input left out) */

typedef struct orti_graph orti_graph;

typedef enum orti_value_kind {
    ORTI_VALUE_INNER,    /* produced by a node */
    ORTI_VALUE_INPUT,    /* a graph input without a default */
    ORTI_VALUE_CONSTANT, /* an initializer or folded constant: `constant` holds it */
    ORTI_VALUE_CAPTURE   /* a body's view of a value of the graph around it */
} orti_value_kind;

/* Elements of an integer tensor that are known symbolically: `dims[i]` is element i (ORTI_DIM_INVALID: not known).
 * At most ORTI_KNOWN_MAX elements. Floats are known at plan time only (ops/known.h). */
#define ORTI_KNOWN_MAX 1024u
typedef struct orti_known {
    uint32_t count;
    orti_dim *dims;
} orti_known;

/* `type`: sequences, optionals and maps are described by `type_text` ("seq(tensor(float))") alone. */
typedef struct orti_value {
    const char *name;
    orti_value_kind kind;
    orti_value_type type;
    const char *type_text; /* for types other than tensor; else NULL */
    ort_dtype dtype;       /* ORT_DTYPE_NONE: not known */
    bool has_shape;        /* rank and dims are known (dims may be expressions) */
    uint32_t rank;
    orti_dim *dims;
    orti_node_id producer; /* ORTI_NONE unless INNER */
    uint32_t producer_index;
    orti_tensor *constant;  /* CONSTANT: the value, held by the graph */
    orti_known *known;      /* NULL: nothing known */
    orti_value_id outer_id; /* CAPTURE */
    bool is_output;
    bool needs_contents; /* set by inference: shapes depend on its contents */
    bool is_known;       /* set by inference: contents follow from input shapes and needed contents */
    bool is_told;        /* set by inference: only a run tells its size, or contents that shapes depend on */
} orti_value;

typedef enum orti_attr_kind {
    ORTI_ATTR_FLOAT = 1,
    ORTI_ATTR_INT = 2,
    ORTI_ATTR_STRING = 3,
    ORTI_ATTR_TENSOR = 4,
    ORTI_ATTR_GRAPH = 5,
    ORTI_ATTR_FLOATS = 6,
    ORTI_ATTR_INTS = 7,
    ORTI_ATTR_STRINGS = 8,
    ORTI_ATTR_TENSORS = 9,
    ORTI_ATTR_GRAPHS = 10,
    ORTI_ATTR_SPARSE = 11,
    ORTI_ATTR_TYPE = 13,
    ORTI_ATTR_REF = 100 /* a function's formal attribute: text */
} orti_attr_kind;       /* ONNX AttributeProto.AttributeType */

typedef struct orti_attr {
    const char *name;
    orti_attr_kind kind;
    uint32_t count; /* elements of a list, bytes of a string, 1 else */
    float f;
    int64_t i;
    const char *text; /* STRING (terminated, `count` bytes), REF, TYPE */
    const float *floats;
    const int64_t *ints;
    const char *const *strings;
    const uint64_t *string_lengths;
    orti_tensor *tensor; /* held by the graph */
    orti_graph *graph;   /* owned by the graph */
    orti_graph *const *graphs;
    orti_tensor *const *tensors; /* held by the graph */
} orti_attr;

typedef struct orti_node {
    const char *name;   /* never empty: "Conv_17" is made up from the id where the model has none */
    const char *domain; /* "" is ai.onnx */
    const char *op_type;
    /* The versions of the operator whose meaning this node equals (decision 3). As loaded: from the version in force at
     * the model's opset import up to the last version before the meaning changes. */
    int32_t since_version, until_version;
    uint32_t input_count, output_count, attr_count;
    orti_value_id *inputs, *outputs; /* ORTI_NONE where left out */
    orti_attr *attrs;
    const struct orti_op *op; /* its meaning (ops/ops.h); NULL until bound or for an unknown operator */
    /* What ops looked up for `meant_op`; whoever reads them asks whether that is `op` still. */
    const struct orti_op *meant_op;
    const struct orti_meaning *meaning;
    int32_t newest_version;
    orti_graph *body; /* a function call's body, in which formal inputs and outputs are inputs and outputs; or NULL */
    bool is_deleted;
    bool handles_values; /* set by inference: something that it reads or makes is no tensor */
} orti_node;

/* `outer` NULL for a model's main graph, which then makes the pool of dimensions that bodies share. */
ORT_MUST_USE ort_status *orti_graph_create(const orti_allocator *alloc, orti_graph *outer, orti_graph **out);
void orti_graph_destroy(orti_graph *graph); /* bodies included; takes NULL */
/* Deep copy: same ids, constants shared by reference. Bodies too. */
ORT_MUST_USE ort_status *orti_graph_copy(const orti_graph *graph, orti_graph **out);

const char *orti_graph_name(const orti_graph *graph);
ORT_MUST_USE ort_status *orti_graph_set_name(orti_graph *graph, const char *name);
orti_arena *orti_graph_arena(orti_graph *graph);
orti_dim_pool *orti_graph_pool(const orti_graph *graph);
orti_graph *orti_graph_outer(const orti_graph *graph);

uint32_t orti_graph_node_count(const orti_graph *graph); /* slots, deleted ones included: ids are below it */
uint32_t orti_graph_value_count(const orti_graph *graph);
/* Nodes that are left to compute: those of graphs in attributes count too, the bodies of calls don't. */
uint32_t orti_graph_live_node_count(const orti_graph *graph);
orti_node *orti_graph_node(const orti_graph *graph, orti_node_id id);
orti_value *orti_graph_value(const orti_graph *graph, orti_value_id id);
orti_value_id orti_graph_find_value(const orti_graph *graph, const char *name); /* ORTI_NONE */
uint32_t orti_graph_input_count(const orti_graph *graph);
orti_value_id orti_graph_input(const orti_graph *graph, uint32_t index);
uint32_t orti_graph_output_count(const orti_graph *graph);
orti_value_id orti_graph_output(const orti_graph *graph, uint32_t index);
/* Live nodes in an order in which producers come first. Computed on demand after edits; borrow: until the next edit.
 * Fails with INVALID_MODEL naming a node on the cycle. */
ORT_MUST_USE ort_status *orti_graph_order(orti_graph *graph, const orti_node_id **out_ids, uint32_t *out_count);
/* Nodes that read `value`, each once; computed on demand, borrow: until the next edit. */
ORT_MUST_USE ort_status *orti_graph_consumers(orti_graph *graph, orti_value_id value, const orti_node_id **out_ids,
                                              uint32_t *out_count);

/* ---- build and edit. Names are copied. A duplicate value name: INVALID_MODEL naming it. A tensor that is handed over
 * gets a reference of the graph's own; the caller keeps and releases its own. ---- */
/* name NULL or "": made up. */
ORT_MUST_USE ort_status *orti_graph_add_value(orti_graph *graph, const char *name, orti_value_kind kind,
                                              orti_value_id *out);
/* A name that is not in use, "prefix_1" ...; in the graph's arena. */
ORT_MUST_USE ort_status *orti_graph_unique_name(orti_graph *graph, const char *prefix, const char **out);
ORT_MUST_USE ort_status *orti_graph_add_constant(orti_graph *graph, const char *name, orti_tensor *tensor_retained,
                                                 orti_value_id *out);
/* A body's view of value `outer_id` of the graph around it, with the type and shape known there. */
ORT_MUST_USE ort_status *orti_graph_add_capture(orti_graph *graph, const char *name, orti_value_id outer_id,
                                                orti_value_id *out);
/* rank ORTI_NONE: the shape is not known. Rank over ORTI_RANK_MAX: LIMIT_EXCEEDED. */
ORT_MUST_USE ort_status *orti_graph_set_shape(orti_graph *graph, orti_value_id value, ort_dtype dtype,
                                              const orti_dim *dims, uint32_t rank);
ORT_MUST_USE ort_status *orti_graph_add_input(orti_graph *graph, orti_value_id value);
ORT_MUST_USE ort_status *orti_graph_add_output(orti_graph *graph, orti_value_id value);
/* Adds a node; `outputs` must have no producer yet. name NULL or "": made up. Attributes are added afterwards. */
ORT_MUST_USE ort_status *orti_graph_add_node(orti_graph *graph, const char *name, const char *domain,
                                             const char *op_type, const orti_value_id *inputs, uint32_t input_count,
                                             const orti_value_id *outputs, uint32_t output_count, orti_node_id *out);
/* Copies `attr` (strings and lists too; a tensor is retained, a graph is taken: it is the graph's even on failure);
 * replaces one of the same name. A graph handed over was created with `graph` as its outer. */
ORT_MUST_USE ort_status *orti_graph_set_attr(orti_graph *graph, orti_node_id node, const orti_attr *attr);
ORT_MUST_USE ort_status *orti_graph_set_attr_int(orti_graph *graph, orti_node_id node, const char *name, int64_t value);
ORT_MUST_USE ort_status *orti_graph_set_attr_ints(orti_graph *graph, orti_node_id node, const char *name,
                                                  const int64_t *values, uint32_t count);
ORT_MUST_USE ort_status *orti_graph_set_attr_float(orti_graph *graph, orti_node_id node, const char *name, float value);
ORT_MUST_USE ort_status *orti_graph_set_attr_string(orti_graph *graph, orti_node_id node, const char *name,
                                                    const char *value);
void orti_graph_remove_attr(orti_graph *graph, orti_node_id node, const char *name);
ORT_MUST_USE ort_status *orti_graph_set_input(orti_graph *graph, orti_node_id node, uint32_t index,
                                              orti_value_id value);
ORT_MUST_USE ort_status *orti_graph_set_inputs(orti_graph *graph, orti_node_id node, const orti_value_id *inputs,
                                               uint32_t count);
/* Every reader of `from`, the graph's outputs and the bodies' captures included, reads `to` instead. When `from` is a
 * graph output its name moves to `to`, so that the outputs keep their names, and what
 * is known of `from` alone is known of `to`; where `to` can't carry it (an input,
 * a constant, or an output itself) an Identity node is put between (versions 1 to INT32_MAX, op NULL). A `from` that is
 * graph input and output at once: INVALID_ARGUMENT. */
ORT_MUST_USE ort_status *orti_graph_replace_value(orti_graph *graph, orti_value_id from, orti_value_id to);
/* The node's outputs lose their producer; they must have no readers left (checked by verify). */
void orti_graph_remove_node(orti_graph *graph, orti_node_id node);
/* Puts the nodes of a function call's body in its place: the call is gone, its outputs are made by them. *out_first is
 * the first of the new nodes, which have the highest ids; their names begin with the call's. The call has a body.
 * What the call leaves out is left out there too: whether an operator can do without is for ops to check. UNSUPPORTED
 * where a graph inside the body captures it. */
ORT_MUST_USE ort_status *orti_graph_inline_body(orti_graph *graph, orti_node_id call, orti_node_id *out_first);
/* The same with the graph that is the node's attribute: its formal inputs are the node's inputs. */
ORT_MUST_USE ort_status *orti_graph_inline_attr(orti_graph *graph, orti_node_id node, const char *attr_name,
                                                orti_node_id *out_first);
/* Copies of some nodes as a graph of their own, whose node i is nodes[i]. What they read and don't make becomes an
 * input, or a constant; names stay. `graph` is its outer and lives longer. */
ORT_MUST_USE ort_status *orti_graph_extract(orti_graph *graph, const orti_node_id *nodes, uint32_t node_count,
                                            const orti_value_id *outputs, uint32_t output_count, orti_graph **out);
/* Moves nodes, a copy into each graph of `node`'s attributes, which then makes what they made: `nodes` are all that
 * depend on some of its outputs, producers first. Outputs of the node that are not read any more go. */
ORT_MUST_USE ort_status *orti_graph_sink(orti_graph *graph, orti_node_id node, const orti_node_id *nodes,
                                         uint32_t node_count);
/* A copy of a body that lies beside `inside`, as one that lies in it and captures through it. */
ORT_MUST_USE ort_status *orti_graph_copy_inside(orti_graph *inside, const orti_graph *body, orti_graph **out);
/* A body that stands alone: its captures become inputs behind the others. *out_outer_ids: what they captured, in that
 * order; in the body's arena. */
ORT_MUST_USE ort_status *orti_graph_close(orti_graph *body, orti_value_id **out_outer_ids, uint32_t *out_count);
/* A capture of a constant becomes that constant, and one that is not read nothing at all; others stay. */
ORT_MUST_USE ort_status *orti_graph_settle_capture(orti_graph *body, orti_value_id id, bool is_read);
/* Every call of a model's function (a body, and no operator) becomes the nodes of its body, what they call in turn too,
 * and in graphs in attributes. A composite, which has both, stays. */
ORT_MUST_USE ort_status *orti_graph_inline_calls(orti_graph *graph);
/* Once a graph is compiled nobody reads a large constant's bytes from it: constants of more than ORTI_KNOWN_MAX
 * elements that are no outputs, no strings and not asked for by `is_kept` become outlines of themselves. Bodies are
 * left alone. */
ORT_MUST_USE ort_status *orti_graph_outline_constants(orti_graph *graph,
                                                      bool (*is_kept)(void *user, const orti_tensor *tensor),
                                                      void *user);
/* Makes an inner value a constant: its producer loses that output. */
ORT_MUST_USE ort_status *orti_graph_make_constant(orti_graph *graph, orti_value_id value, orti_tensor *tensor_retained);

/* ---- bodies of a node: the function's body, then graphs in attributes, in order ---- */
uint32_t orti_node_subgraph_count(const orti_node *node);
orti_graph *orti_node_subgraph(const orti_node *node, uint32_t index);

/* ---- attributes: NULL (fallback) when absent or of another kind ---- */
const orti_attr *orti_node_attr(const orti_node *node, const char *name);
int64_t orti_node_attr_int(const orti_node *node, const char *name, int64_t fallback);
float orti_node_attr_float(const orti_node *node, const char *name, float fallback);
const char *orti_node_attr_string(const orti_node *node, const char *name, const char *fallback);

/* ---- check, print, parse ---- */
/* Ids in range, one producer a value, names unique, no cycle, captures point outwards, inputs and outputs listed,
 * constants match their type and shape. INVALID_MODEL naming node and value. Bodies too. */
ORT_MUST_USE ort_status *orti_graph_verify(orti_graph *graph);

/* The text form (docs/graph-text.md), one statement a line:
 *   graph "name" {
 *     input %x : float32[batch,3,224,224]
 *     const %w : float32[64,3,7,7] = <file offset 1024 bytes 37632> | {0.5, 1, ...}
 *     %y : float32[batch,64,112,112] = Conv@11..22 (%x, %w, _) {strides = [2, 2], auto_pad = "NOTSET"} "node name"
 *     output %y
 *   }
 * Parses back when every constant is small enough to be printed in braces (`max_constant_elements`). */
ORT_MUST_USE ort_status *orti_graph_print(const orti_graph *graph, uint32_t max_constant_elements, orti_text *text);
ORT_MUST_USE ort_status *orti_graph_parse(const orti_allocator *alloc, const char *text, size_t length,
                                          orti_graph **out);
/* The same for a body that lies in `outer`. */
ORT_MUST_USE ort_status *orti_graph_parse_body(orti_graph *outer, const char *text, size_t length, orti_graph **out);

#endif
