#include "passes/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENT_MAX 4u

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

static const char *skip_spaces(const char *at) {
    while (*at == ' ') at++;
    return at;
}

/* The comma, bracket or end after an expression. */
static const char *skip(const char *at) {
    for (uint32_t depth = 0; *at; at++) {
        if (depth == 0 && (*at == ',' || *at == ')' || *at == ']')) return at;
        if (*at == '(' || *at == '[') depth++;
        if (*at == ')' || *at == ']') depth--;
    }
    return at;
}

static bool bind(orti_match *match, char letter, orti_value_id value) {
    orti_value_id *bound = &match->values[letter - 'a'];
    if (*bound == ORTI_NONE) *bound = value;
    return *bound == value;
}

/* Within what the narrowest type of floats tells apart. */
static bool is_near(ort_dtype dtype, double number, double wanted) {
    return fabs(number - wanted) <= fabs(wanted) * (orti_dtype_bits(dtype) < 32 ? 2e-3 : 1e-5);
}

static bool is_number(const orti_match *match, orti_value_id value, double wanted) {
    const orti_tensor *tensor = orti_rewrite_constant(match->graph, value);
    if (!tensor || tensor->element_count != 1 || tensor->dtype == ORT_DTYPE_STRING) return false;
    return is_near(tensor->dtype, orti_dtype_get_f64(tensor->dtype, tensor->data, 0), wanted);
}

/* A number as an attribute, or its default. */
static bool is_attr(const orti_node *node, const char *name, size_t length, double wanted) {
    for (uint32_t i = 0; node->op && i < node->op->attr_count; i++) {
        const orti_op_attr_fact *fact = &node->op->attrs[i];
        if (strlen(fact->name) != length || strncmp(fact->name, name, length) != 0) continue;
        if (fact->kind == ORTI_ATTR_INT)
            return (double)orti_node_attr_int(node, fact->name, fact->default_int) == wanted;
        return is_near(ORT_DTYPE_F32, (double)orti_node_attr_float(node, fact->name, fact->default_float), wanted);
    }
    return false;
}

/* "[keepdims=1, ...]", or nothing. */
static bool match_attrs(const orti_node *node, const char **at) {
    if (**at != '[') return true;
    while (**at != ']') {
        const char *name = skip_spaces(*at + 1), *equals = strchr(name, '=');
        if (!is_attr(node, name, (size_t)(equals - name), strtod(equals + 1, NULL))) return false;
        *at = skip(name);
    }
    ++*at;
    return true;
}

static bool match_value(orti_match *match, const char *at, orti_value_id value);

static bool match_pair(orti_match *match, const char *const *arguments, orti_value_id first, orti_value_id second) {
    return match_value(match, arguments[0], first) && match_value(match, arguments[1], second);
}

static bool match_inputs(orti_match *match, const orti_node *node, const char *const *arguments, uint32_t count) {
    if (count != 2) {
        for (uint32_t i = 0; i < count; i++)
            if (!match_value(match, arguments[i], node->inputs[i])) return false;
        return true;
    }
    const orti_match before = *match;
    if (match_pair(match, arguments, node->inputs[0], node->inputs[1])) return true;
    *match = before;
    bool commutes = strcmp(node->op_type, "Add") == 0 || strcmp(node->op_type, "Mul") == 0;
    return commutes && match_pair(match, arguments, node->inputs[1], node->inputs[0]);
}

static bool match_node(orti_match *match, const char *at, orti_node_id id) {
    const orti_node *node = orti_graph_node(match->graph, id);
    const char *arguments[ARGUMENT_MAX] = {0};
    const size_t length = strcspn(at, "[(");
    uint32_t count = 0;
    if (node->is_deleted || node->domain[0] || node->body || node->output_count != 1) return false;
    if (strlen(node->op_type) != length || strncmp(node->op_type, at, length) != 0) return false;
    at += length;
    if (!match_attrs(node, &at)) return false;
    while (*at != ')' && count < ARGUMENT_MAX) {
        arguments[count++] = at + 1;
        at = skip(at + 1);
    }
    if (node->input_count != count || match->node_count == ORTI_MATCH_NODE_MAX) return false;
    match->nodes[match->node_count++] = id;
    return match_inputs(match, node, arguments, count);
}

static bool match_value(orti_match *match, const char *at, orti_value_id value) {
    at = skip_spaces(at);
    if (value == ORTI_NONE) return false;
    if (*at == '@') return orti_rewrite_constant(match->graph, value) && bind(match, at[1], value);
    if (is_letter(*at) && at[1] == ':') return bind(match, *at, value) && match_value(match, at + 2, value);
    if (is_letter(*at)) return bind(match, *at, value);
    if (*at == '-' || (*at >= '0' && *at <= '9')) return is_number(match, value, strtod(at, NULL));
    const orti_node_id producer = orti_graph_value(match->graph, value)->producer;
    return producer != ORTI_NONE && match_node(match, at, producer);
}

static bool is_among(const orti_match *match, orti_node_id id) {
    for (uint32_t i = 0; i < match->node_count; i++)
        if (match->nodes[i] == id) return true;
    return false;
}

/* Parts that others read would be computed twice. */
static ort_status *is_closed(const orti_match *match, bool *out) {
    *out = true;
    for (uint32_t i = 1; i < match->node_count && *out; i++) {
        const orti_value_id made = orti_graph_node(match->graph, match->nodes[i])->outputs[0];
        const orti_node_id *readers = NULL;
        uint32_t count = 0;
        ORT_TRY(orti_graph_consumers(match->graph, made, &readers, &count));
        *out = !orti_graph_value(match->graph, made)->is_output;
        for (uint32_t k = 0; k < count && *out; k++) *out = is_among(match, readers[k]);
    }
    return NULL;
}

ort_status *orti_match_expression(orti_graph *graph, orti_node_id root, const char *expression, orti_match *match,
                                  bool *out) {
    *match = (orti_match){.graph = graph};
    memset(match->values, 0xff, sizeof match->values); /* ORTI_NONE */
    *out = match_node(match, expression, root);
    return *out ? is_closed(match, out) : NULL;
}

ort_status *orti_match_replace(const orti_match *match, orti_node_id root, const char *op_type,
                               const orti_value_id *inputs, uint32_t input_count, orti_node_id *out) {
    const orti_value_id made = orti_graph_node(match->graph, root)->outputs[0];
    orti_value_id same = ORTI_NONE;
    orti_graph_remove_node(match->graph, root);
    ORT_TRY(orti_rewrite_node(match->graph, op_type, inputs, input_count, made, &same));
    *out = orti_graph_value(match->graph, same)->producer;
    return NULL;
}

bool orti_match_may_write(const orti_pass_context *context, const char *op_type) {
    const orti_op *op = orti_op_newest("", op_type);
    while (op && op->since_version > 1) {
        const orti_op *older = orti_op_find("", op_type, op->since_version - 1);
        if (!older || older->last_equal_version < op->since_version) break;
        op = older;
    }
    return op && (!context->options->opset || op->since_version <= context->options->opset);
}
