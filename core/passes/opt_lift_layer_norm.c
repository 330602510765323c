/* A layer normalization written out in means, differences and a root becomes LayerNormalization (ONNX
 * LayerNormalization-17, whose definition is what is looked for).
 * Needs: constants folded; inference (shapes). Keeps: names of what it makes. Breaks: nothing; what is left without
 * readers is dead code. */
#include "passes/match.h"

#define CENTERED       "d:Sub(x, ReduceMean[keepdims=1](x, @r))"
#define ROOT(square)   "Sqrt(Add(ReduceMean[keepdims=1](" square ", @s), @e))"
#define NORMAL(square) "Div(" CENTERED ", " ROOT(square) ")"
#define BY_POWER       NORMAL("Pow(d, 2)")
#define BY_PRODUCT     NORMAL("Mul(d, d)")

static const struct {
    const char *expression;
    bool has_shift;
} rows[] = {
    {"Add(Mul(" BY_POWER ", @g), @b)", true},
    {"Add(Mul(" BY_PRODUCT ", @g), @b)", true},
    {"Mul(" BY_POWER ", @g)", false},
    {"Mul(" BY_PRODUCT ", @g)", false},
};

/* The axes are the last `axis_count` ones of `rank`, in order. */
static bool are_last_axes(const orti_tensor *axes, uint32_t rank) {
    if (axes->dtype != ORT_DTYPE_I64 || axes->element_count < 1 || axes->element_count > rank) return false;
    for (int64_t i = 0; i < axes->element_count; i++) {
        int64_t axis = orti_dtype_get_i64(ORT_DTYPE_I64, axes->data, i);
        if (axis < 0) axis += rank;
        if (axis != rank - axes->element_count + i) return false;
    }
    return true;
}

/* One number for each place of the axes that are normalized. */
static bool has_shape_of_axes(const orti_value *x, const orti_tensor *tensor, uint32_t axis_count) {
    if (tensor->dtype != x->dtype || tensor->rank != axis_count) return false;
    for (uint32_t i = 0; i < axis_count; i++)
        if (x->dims[x->rank - axis_count + i] != tensor->dims[i]) return false;
    return true;
}

static bool fits(const orti_match *match, bool has_shift) {
    const orti_value *x = orti_graph_value(match->graph, orti_match_value(match, 'x'));
    const orti_tensor *r = orti_rewrite_constant(match->graph, orti_match_value(match, 'r'));
    const orti_tensor *s = orti_rewrite_constant(match->graph, orti_match_value(match, 's'));
    const orti_tensor *e = orti_rewrite_constant(match->graph, orti_match_value(match, 'e'));
    const orti_tensor *g = orti_rewrite_constant(match->graph, orti_match_value(match, 'g'));
    const orti_tensor *b = orti_rewrite_constant(match->graph, orti_match_value(match, 'b'));
    /* The definition computes narrower floats in float32, which what is written out does not. */
    if (!x->has_shape || (x->dtype != ORT_DTYPE_F32 && x->dtype != ORT_DTYPE_F64)) return false;
    if (!are_last_axes(r, x->rank) || !are_last_axes(s, x->rank) || r->element_count != s->element_count) return false;
    const uint32_t axis_count = (uint32_t)r->element_count;
    if (e->element_count != 1 || e->rank > x->rank || !has_shape_of_axes(x, g, axis_count)) return false;
    return !has_shift || has_shape_of_axes(x, b, axis_count);
}

static ort_status *lift(const orti_match *match, orti_node_id root, bool has_shift) {
    const orti_value_id inputs[] = {orti_match_value(match, 'x'), orti_match_value(match, 'g'),
                                    orti_match_value(match, 'b')};
    const orti_tensor *axes = orti_rewrite_constant(match->graph, orti_match_value(match, 'r'));
    const orti_tensor *epsilon = orti_rewrite_constant(match->graph, orti_match_value(match, 'e'));
    const float number = (float)orti_dtype_get_f64(epsilon->dtype, epsilon->data, 0);
    orti_node_id made = ORTI_NONE;
    ORT_TRY(orti_match_replace(match, root, "LayerNormalization", inputs, has_shift ? 3 : 2, &made));
    ORT_TRY(orti_graph_set_attr_int(match->graph, made, "axis", -axes->element_count));
    return orti_graph_set_attr_float(match->graph, made, "epsilon", number);
}

ort_status *orti_opt_lift_layer_norm(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    orti_match match;
    if (!orti_match_may_write(context, "LayerNormalization")) return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
            bool is_found = false;
            ORT_TRY(orti_match_expression(graph, id, rows[i].expression, &match, &is_found));
            if (!is_found || !fits(&match, rows[i].has_shift)) continue;
            ORT_TRY(lift(&match, id, rows[i].has_shift));
            *changed = true;
        }
    }
    return NULL;
}
