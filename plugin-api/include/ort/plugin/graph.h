/* ort/plugin/graph.h: what a plugin sees of a graph: plain facts about nodes, values, attributes and constants.
 * They are asked of the host's graph table (host.h). Everything is borrowed from the view, which is an immutable
 * snapshot. Ids of nodes and values are the same in every view of one graph. */
#ifndef ORT_PLUGIN_GRAPH_H
#define ORT_PLUGIN_GRAPH_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A dimension or known element: >= 0 is the number; below zero an expression over symbols, opaque here: compare ids
 * (equal ids are equal sizes), print with dim_text, evaluate with dim_eval. */
typedef int64_t ortp_dim;
#define ORTP_DIM_UNKNOWN INT64_MIN

typedef struct ortp_graph_info {
    uint32_t size, flags;
    uint32_t node_bound, value_bound; /* ids are below these */
    uint32_t node_count, symbol_count;
    const uint32_t *nodes; /* the view's nodes, producers first */
    uint32_t input_count, output_count;
    const uint32_t *inputs, *outputs; /* of the whole graph */
    uint64_t epoch;                   /* tells snapshots apart; tokens belong to one */
} ortp_graph_info;
#define ORTP_GRAPH_INFO_SIZE_0_0 64u

#define ORTP_NODE_HAS_BODY 0x0001u /* a composite: ask body() for the same meaning in smaller operators */

typedef struct ortp_node_info {
    uint32_t size, flags;
    ort_string_view name, domain, op_type; /* domain "" is ai.onnx */
    int32_t since_version, until_version; /* versions of the operator whose meaning the node equals: match on overlap */
    uint32_t input_count, output_count;
    const uint32_t *inputs, *outputs; /* ORTP_NONE where left out */
    uint32_t attr_count, reserved;
} ortp_node_info;
#define ORTP_NODE_INFO_SIZE_0_0 96u

#define ORTP_ATTR_FLOAT   1u
#define ORTP_ATTR_INT     2u
#define ORTP_ATTR_STRING  3u
#define ORTP_ATTR_TENSOR  4u
#define ORTP_ATTR_GRAPH   5u
#define ORTP_ATTR_FLOATS  6u
#define ORTP_ATTR_INTS    7u
#define ORTP_ATTR_STRINGS 8u

/* An attribute as a typed span of `count` elements. */
typedef struct ortp_attr_info {
    uint32_t size, kind;
    ort_string_view name;
    uint64_t count;
    const float *floats;            /* FLOAT, FLOATS */
    const int64_t *ints;            /* INT, INTS */
    const ort_string_view *strings; /* STRING, STRINGS */
    const struct ortp_constant *tensor;
    const ortp_view *graph;
} ortp_attr_info;
#define ORTP_ATTR_INFO_SIZE_0_0 72u

#define ORTP_VALUE_INNER    0u /* a node's output */
#define ORTP_VALUE_INPUT    1u /* from outside */
#define ORTP_VALUE_CONSTANT 2u /* constant() gives its contents */
#define ORTP_VALUE_CAPTURE  3u

#define ORTP_VALUE_IS_OUTPUT 0x0001u /* of the whole graph */
#define ORTP_VALUE_IS_KNOWN  0x0002u /* contents follow from shapes: given to prepare, computed by nobody */
#define ORTP_VALUE_HAS_SHAPE 0x0004u

typedef struct ortp_value_info {
    uint32_t size, flags, kind, dtype;
    ort_string_view name;
    uint32_t rank, producer; /* producer: ORTP_NONE unless INNER */
    const ortp_dim *dims;    /* rank of them, when HAS_SHAPE */
    uint32_t consumer_count, known_count;
    const uint32_t *consumers; /* nodes of the whole graph */
    const ortp_dim *known;     /* known_count elements of an integer tensor, ORTP_DIM_UNKNOWN where not known */
} ortp_value_info;
#define ORTP_VALUE_INFO_SIZE_0_0 72u

/* Bytes that don't change: in a file, in memory, or both. `align_bytes` may be 1. Retained through the store table. */
typedef struct ortp_constant {
    uint32_t size, dtype;
    uint32_t rank, align_bytes;
    const int64_t *dims;
    const void *data;     /* NULL: read it from `fd` */
    int32_t fd, reserved; /* -1: memory only */
    uint64_t offset_bytes, size_bytes;
    uint64_t identity[2]; /* equal identities are equal bytes (inside a process); zero: not known */
} ortp_constant;
#define ORTP_CONSTANT_SIZE_0_0 72u

#ifdef __cplusplus
}
#endif

#endif
