/* graph/parse.h: the parts of the text form's parser. Used by parse*.c alone. */
#ifndef ORT_CORE_GRAPH_PARSE_H
#define ORT_CORE_GRAPH_PARSE_H

#include "graph/scan.h"

/* "graph "name" { ... }", with the word "graph" consumed already. */
ort_status *orti_parse_graph(scanner *scan, const orti_allocator *alloc, orti_graph *outer, orti_graph **out);
/* "float32[2,3]": a shape of numbers, then the elements in braces. */
ort_status *orti_parse_tensor(scanner *scan, const orti_allocator *alloc, orti_tensor **out);
/* The elements in braces, of a shape that is known. */
ort_status *orti_parse_contents(scanner *scan, const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims,
                                uint32_t rank, orti_tensor **out);
/* "{name = value, ...}" of a node, with the brace consumed already. */
ort_status *orti_parse_attrs(scanner *scan, orti_graph *graph, orti_node_id node);

#endif
