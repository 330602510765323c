/* host/graph.h: small graphs described by data, shown to a plugin as views, and their shapes with numbers.
 * Start at: ortc_graph_value(), ortc_graph_node(), ortc_view_create().  Used by: bare.
 * Threads: a graph is written by one; views and shapes are read by any. */
#ifndef ORTC_HOST_GRAPH_H
#define ORTC_HOST_GRAPH_H

#include "host/host.h"

#define ORTC_RANK_MAX   4u
#define ORTC_VALUES_MAX 16u
#define ORTC_NODES_MAX  8u
#define ORTC_EDGES_MAX  4u
#define ORTC_ATTRS_MAX  2u
#define ORTC_EXPRS_MAX  4u

/* Dimension `index` of a graph's expressions: scale * symbol + offset. */
#define ORTC_EXPR(index) (-1 - (ortp_dim)(index))
typedef struct ortc_expr {
    uint32_t symbol;
    int64_t scale, offset;
} ortc_expr;

typedef struct ortc_value {
    const char *name;
    uint32_t dtype, rank;
    ortp_dim dims[ORTC_RANK_MAX];
    const void *data; /* of a constant; NULL: none. Lives as long as the graph */
    uint64_t size_bytes;
    bool is_input, is_output;
} ortc_value;

typedef struct ortc_attr {
    const char *name;
    uint32_t kind, count; /* INT, INTS or FLOAT */
    int64_t ints[ORTC_RANK_MAX];
    float number;
} ortc_attr;

typedef struct ortc_node {
    const char *domain, *op_type;
    int32_t since_version, until_version;
    uint32_t inputs[ORTC_EDGES_MAX], outputs[ORTC_EDGES_MAX], input_count, output_count;
    ortc_attr attrs[ORTC_ATTRS_MAX];
    uint32_t attr_count;
} ortc_node;

/* Zero at first. Nodes stand in order, producers first. */
typedef struct ortc_graph {
    ortc_value values[ORTC_VALUES_MAX];
    ortc_node nodes[ORTC_NODES_MAX];
    uint32_t value_count, node_count;
    const char *symbols[ORTC_EXPRS_MAX];
    ortc_expr exprs[ORTC_EXPRS_MAX];
    uint32_t symbol_count, expr_count;
} ortc_graph;

/* Both give the id. A value is inner until it is made an input or output, or given data. */
uint32_t ortc_graph_value(ortc_graph *graph, const char *name, uint32_t dtype, uint32_t rank, const ortp_dim *dims);
/* Inputs and outputs: ids ended by ORTP_NONE. */
uint32_t ortc_graph_node(ortc_graph *graph, const char *domain, const char *op_type, int32_t since_version,
                         const uint32_t *inputs, const uint32_t *outputs);
/* ORTP_DIM_UNKNOWN when a symbol of it is. */
int64_t ortc_dim_number(const ortc_graph *graph, ortp_dim dim, const int64_t *symbols, uint64_t symbol_count);
uint32_t ortc_dtype_bytes(uint32_t dtype); /* 0: none of whole bytes */

/* NULL: no memory left. graph: borrow, until the host ends. */
ortp_view *ortc_view_create(ortc_host *host, const ortc_graph *graph, uint64_t epoch);
/* From now on each question about it, and each touch of what it told, is a fault. NULL: nothing. */
void ortc_view_close(ortp_view *view);

ortp_shapes *ortc_shapes_create(ortc_host *host, const ortc_graph *graph, const int64_t *symbols,
                                uint64_t symbol_count);
void ortc_shapes_close(ortp_shapes *shapes); /* as with a view */

#endif
