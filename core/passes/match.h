/* passes/match.h: finds an expression in a graph. Inside this room only.
 * Start at: orti_match_expression().
 *
 * An expression is written as it is computed: "Mul(x, Div(Clip(Add(x, 3), 0, 6), 6))".
 * - a small letter is a value, the same one wherever it stands; "d:Sub(x, m)" names what an operator makes; "@g" is a
 *   value that is a constant
 * - a number is a constant of one element near it
 * - "ReduceMean[keepdims=1](x, @a)": numbers as attributes, by their default where left out
 * Operands of Add and Mul may stand the other way round. */
#ifndef ORT_CORE_PASSES_MATCH_H
#define ORT_CORE_PASSES_MATCH_H

#include "passes/pass.h"

#define ORTI_MATCH_NODE_MAX 24u

typedef struct orti_match {
    orti_graph *graph;
    orti_value_id values[26]; /* by letter; ORTI_NONE: not met */
    orti_node_id nodes[ORTI_MATCH_NODE_MAX];
    uint32_t node_count;
} orti_match;

/* Does node `root` compute the expression, of which nobody else reads a part? */
ORT_MUST_USE ort_status *orti_match_expression(orti_graph *graph, orti_node_id root, const char *expression,
                                               orti_match *match, bool *out);
static inline orti_value_id orti_match_value(const orti_match *match, char letter) {
    return match->values[letter - 'a'];
}
/* Puts an operator in the place of the root; the rest is dead code. *out: the new node. */
ORT_MUST_USE ort_status *orti_match_replace(const orti_match *match, orti_node_id root, const char *op_type,
                                            const orti_value_id *inputs, uint32_t input_count, orti_node_id *out);
/* May this pass write the operator, for the operator set that the result is for? */
bool orti_match_may_write(const orti_pass_context *context, const char *op_type);

#endif
