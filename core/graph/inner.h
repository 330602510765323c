/* graph/inner.h: how a graph is stored. Used by the files of this room alone. */
#ifndef ORT_CORE_GRAPH_INNER_H
#define ORT_CORE_GRAPH_INNER_H

#include "graph/graph.h"

#include <string.h>

/* A growing list of ids outside the arena, which would keep every size it ever had. */
typedef struct id_list {
    uint32_t *ids;
    size_t capacity;
    uint32_t count;
} id_list;

struct orti_graph {
    orti_arena arena;
    orti_graph *outer;
    orti_dim_pool *pool; /* owned where `outer` is NULL */
    const char *name;
    orti_node **nodes; /* nodes and values never move: only these arrays do */
    orti_value **values;
    size_t node_capacity, value_capacity;
    uint32_t node_count, value_count;
    id_list inputs, outputs;
    orti_map names; /* value name -> id */
    uint32_t unique_count;
    /* Derived, rebuilt on demand after an edit: uses of value v are uses[use_starts[v]] to uses[use_starts[v + 1]]. */
    bool has_order, has_uses;
    id_list order, use_starts, uses;
};

ort_status *orti_graph_list_add(orti_graph *graph, id_list *list, uint32_t id);
/* Room for `count` ids; what was in the list is lost. */
ort_status *orti_graph_list_resize(orti_graph *graph, id_list *list, uint32_t count);

/* Forgets what was derived, here and in the graphs around, whose nodes read what this body captures. */
void orti_graph_touch(orti_graph *graph);
/* INVALID_ARGUMENT when the id is no live node (no value). */
ort_status *orti_graph_check_node(const orti_graph *graph, orti_node_id id);
ort_status *orti_graph_check_value(const orti_graph *graph, orti_value_id id);

/* Calls `visit` with every value of the node's graph that the node reads: its inputs, then what its bodies capture. */
void orti_graph_node_reads(const orti_node *node, void (*visit)(void *user, orti_value_id value), void *user);

/* A deep copy of `from` into the graph's arena; a tensor is retained, a graph pointer is copied as it is. */
ort_status *orti_graph_attr_copy(orti_graph *graph, const orti_attr *from, orti_attr *to);
void orti_graph_attr_release(orti_attr *attr);

/* "float32[batch,3]", "?" when nothing is known, type "seq(...)" for what is no tensor. */
void orti_graph_print_type(const orti_graph *graph, const orti_value *value, orti_text *text);

#endif
