/* ops/ops.h: what an operator means: facts, and shape and type inference.
 * Start at: orti_op_find(), orti_ops_bind(), orti_infer_graph().  Used by: load, passes, partition, schedule, run.
 * Threads: any (tables are constant).
 *
 * Facts (names, versions, arity, types, attributes, defaults) are generated from the pinned `onnx` package into
 * facts_generated.c, by tools/gen-ops; meanings (inference, evaluation of known values, versions whose meaning is
 * equal) are written by hand, one place an operator. */
#ifndef ORT_CORE_OPS_OPS_H
#define ORT_CORE_OPS_OPS_H

#include "graph/graph.h"

typedef struct orti_op_attr_fact {
    const char *name;
    uint32_t kind; /* orti_attr_kind */
    bool is_required, has_default;
    int64_t default_int;
    float default_float;
    const char *default_text;
    uint32_t default_count; /* of a list default; only empty lists and short int lists occur */
    const int64_t *default_ints;
} orti_op_attr_fact;

typedef struct orti_op_param_fact {
    const char *name;
    uint8_t option;        /* 0 single, 1 optional, 2 variadic */
    bool is_heterogeneous; /* variadic of mixed types */
    uint8_t type_var;      /* index among the op's type variables; 255: fixed by `types` alone */
    uint64_t types;        /* allowed tensor element types, ORT_DTYPE_BIT set; 0: no tensor type allowed */
} orti_op_param_fact;

/* One operator at one version. */
typedef struct orti_op {
    const char *domain, *name;
    int32_t since_version;
    int32_t
        last_equal_version; /* newest version whose meaning is the same for every node valid at this one (hand-kept) */
    bool is_deprecated, is_function;
    uint32_t min_inputs, max_inputs, min_outputs, max_outputs; /* max UINT32_MAX: no bound */
    const orti_op_param_fact *inputs, *outputs;
    uint32_t input_fact_count, output_fact_count;
    const orti_op_attr_fact *attrs;
    uint32_t attr_count;
} orti_op;

/* The version of `domain`/`name` in force at opset `opset`, or NULL. Domain "" and "ai.onnx" are one. */
const orti_op *orti_op_find(const char *domain, const char *name, int32_t opset);
/* The newest one, or NULL. */
const orti_op *orti_op_newest(const char *domain, const char *name);
/* Newest opset known of a domain; 0 for an unknown domain. */
int32_t orti_ops_newest_opset(const char *domain);
/* The operator name nearest to `name` in the domain, or NULL: for "unknown operator" errors. */
const char *orti_op_nearest(const char *domain, const char *name);

/* Binds every node (bodies too) to its operator at the opsets imported: sets node->op, since_version, until_version,
 * and checks arity, attributes (known, right kind, required ones present) and, where types are known, input types.
 * `opset_of(user, domain)` gives the model's import or 0. A node with a body (a function call) needs no operator.
 * Unknown operator: INVALID_MODEL in a standard domain, UNSUPPORTED in others; the node and the nearest name are named.
 */
ORT_MUST_USE ort_status *orti_ops_bind(orti_graph *graph, int32_t (*opset_of)(void *user, const char *domain),
                                       void *user);

/* A bound node has the inputs and outputs that its operator asks for, which a call's may not have given it. */
ORT_MUST_USE ort_status *orti_ops_check_arity(const orti_node *node);

/* Infers types, shapes and known values of every live value in order, symbolically. Facts that contradict what the
 * model declares: INVALID_MODEL naming node, value and both shapes. Operators without inference leave outputs unknown.
 * The declared shape of a graph output only names symbols: the inferred one wins unless their numbers contradict;
 * a declaration of another rank is passed over. */
ORT_MUST_USE ort_status *orti_infer_graph(orti_graph *graph);

/* Gives a bound node, in its operator's newest form, a body that means the same in smaller operators, where the
 * operator is a composite that bodies.c knows and the node's types and inputs are such that it holds. *out_given: it
 * did. */
ORT_MUST_USE ort_status *orti_ops_give_body(orti_graph *graph, orti_node_id node, bool *out_given);

/* ---- inference with numbers, for a plan (decision 6) ---- */
/* What is known of a value when symbols have numbers: its shape, and the contents where they follow. */
typedef struct orti_fact {
    ort_dtype dtype;
    bool has_shape;
    uint32_t rank;
    int64_t dims[ORTI_RANK_MAX]; /* ORTI_DIM_INVALID: only the run tells */
    orti_tensor *known;          /* contents, or NULL; at most ORTI_KNOWN_MAX elements; held by the facts */
} orti_fact;

typedef struct orti_facts orti_facts;
/* Evaluates the whole graph for inputs of these shapes: input_facts[i] for graph input i (known contents are looked at
 * when the graph needs them; see orti_infer_needs_contents). INVALID_ARGUMENT when an input contradicts the model's
 * declared shape or symbol use, naming the input and both. */
ORT_MUST_USE ort_status *orti_facts_create(orti_graph *graph, const orti_fact *input_facts, uint32_t input_count,
                                           orti_facts **out);
void orti_facts_destroy(orti_facts *facts);
const orti_fact *orti_facts_get(const orti_facts *facts, orti_value_id value);
/* Values of the pool's symbols (ORTI_DIM_INVALID = not known), symbol_count of them. */
const int64_t *orti_facts_symbols(const orti_facts *facts, uint32_t *out_count);

/* True when some shape depends on the contents of graph input `index`: a plan then needs (and is keyed by) them. */
bool orti_infer_needs_contents(const orti_graph *graph, uint32_t input_index);
/* True when every output of `node` is known from input shapes and contents alone, whatever the numbers, so that nobody
 * has to run it when its value is only used in shapes; valid after orti_infer_graph. */
bool orti_infer_is_known(const orti_graph *graph, orti_node_id node);

/* A node that no provider is shown: the core runs it itself, on whole values (If, Loop, Scan). */
bool orti_op_is_core(const orti_node *node);
/* Only a run of the node tells the sizes of its outputs, where they don't follow from known contents. */
bool orti_op_is_told(const orti_node *node);

#endif
