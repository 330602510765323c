/* Activations written out in arithmetic become the operator that says so.
 * Needs: constants folded; inference (shapes). Keeps: names of what they make. Breaks: nothing; what is left without
 * readers is dead code. */
#include "passes/match.h"

#include <string.h>

typedef struct activation_row {
    const char *op_type, *expression;
    const char *mode;  /* Gelu's `approximate`; NULL: none */
    float alpha, beta; /* HardSigmoid's */
} activation_row;

#define SIXTH     "0.166666667"
#define CLIPPED   "Clip(Add(x, 3), 0, 6)"
#define ERF_DIV   "Add(Erf(Div(x, 1.414213562)), 1)"
#define ERF_MUL   "Add(Erf(Mul(x, 0.707106781)), 1)"
#define TANH_CUBE "Add(Tanh(Mul(Add(x, Mul(Pow(x, 3), 0.044715)), 0.797884561)), 1)"
#define TANH_MUL  "Add(Tanh(Mul(Add(x, Mul(Mul(Mul(x, x), x), 0.044715)), 0.797884561)), 1)"
/* x * f / 2 in the three orders that exporters write. */
#define GELU(f, mode)                                                                                                  \
    {"Gelu", "Mul(Mul(x, " f "), 0.5)", mode, 0, 0}, {"Gelu", "Mul(Mul(x, 0.5), " f ")", mode, 0, 0}, {                \
        "Gelu", "Mul(x, Mul(" f ", 0.5))", mode, 0, 0                                                                  \
    }

/* Wholes before what is a part of them. */
static const activation_row rows[] = {
    {"HardSwish", "Div(Mul(x, " CLIPPED "), 6)", NULL, 0, 0},
    {"HardSwish", "Mul(x, Div(" CLIPPED ", 6))", NULL, 0, 0},
    {"HardSwish", "Mul(Mul(x, " CLIPPED "), " SIXTH ")", NULL, 0, 0},
    {"HardSwish", "Mul(x, Mul(" CLIPPED ", " SIXTH "))", NULL, 0, 0},
    {"HardSwish", "Mul(x, HardSigmoid[alpha=" SIXTH ", beta=0.5](x))", NULL, 0, 0},
    {"HardSigmoid", "Div(" CLIPPED ", 6)", NULL, 0.166666667f, 0.5f},
    {"HardSigmoid", "Mul(" CLIPPED ", " SIXTH ")", NULL, 0.166666667f, 0.5f},
    {"Mish", "Mul(x, Tanh(Softplus(x)))", NULL, 0, 0},
    GELU(ERF_DIV, "none"),
    GELU(ERF_MUL, "none"),
    GELU(TANH_CUBE, "tanh"),
    GELU(TANH_MUL, "tanh"),
};

/* Constants of more axes than x has would make the result larger. */
static bool is_elementwise(const orti_match *match, orti_node_id root) {
    const orti_value *x = orti_graph_value(match->graph, orti_match_value(match, 'x'));
    const orti_node *node = orti_graph_node(match->graph, root);
    return orti_dtype_is_float(x->dtype) &&
           orti_rewrite_same_shape(x, orti_graph_value(match->graph, node->outputs[0]));
}

static ort_status *lift(const orti_match *match, orti_node_id root, const activation_row *row) {
    const orti_value_id x = orti_match_value(match, 'x');
    orti_node_id made = ORTI_NONE;
    ORT_TRY(orti_match_replace(match, root, row->op_type, &x, 1, &made));
    if (row->mode) return orti_graph_set_attr_string(match->graph, made, "approximate", row->mode);
    if (row->alpha == 0) return NULL;
    ORT_TRY(orti_graph_set_attr_float(match->graph, made, "alpha", row->alpha));
    return orti_graph_set_attr_float(match->graph, made, "beta", row->beta);
}

ort_status *orti_opt_lift_activations(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    orti_match match;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!orti_match_may_write(context, rows[i].op_type)) continue;
        for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
            bool is_found = false;
            ORT_TRY(orti_match_expression(graph, id, rows[i].expression, &match, &is_found));
            if (!is_found || !is_elementwise(&match, id)) continue;
            ORT_TRY(lift(&match, id, &rows[i]));
            *changed = true;
        }
    }
    return NULL;
}
