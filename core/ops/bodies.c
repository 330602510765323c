/* Composites of ONNX's own operator set, as graphs of smaller operators. Each row is written from the operator's
 * definition in the ONNX operator reference; where that overflows, in a form that does not. */
#include "ops/ops.h"

#include <stdio.h>
#include <string.h>

#define ANY_TYPE    0u
#define FLOATS      1u /* float16, float32, float64: constants are of the first input's type */
#define WIDE_FLOATS 2u /* float32, float64: the definition computes narrower ones in float32 */

/* In `text` inputs are %a, %b ..., the output is %y. $T: the first input's type; $NAME: the attribute, or its default;
 * $AXES, $AXIS_COUNT: the axes from `axis` on. */
typedef struct body_row {
    const char *op_type;
    uint32_t input_count, types;
    const char *attr, *value; /* the row holds where this attribute is that; NULL: always */
    const char *text;
} body_row;

#define ZERO     "const %zero : $T[] = {0} "
#define ONE      "const %one : $T[] = {1} "
#define ALPHA    "const %alpha : $T[] = {$alpha} "
#define HALF     "const %half : $T[] = {0.5} "
#define NEGATIVE ZERO "%c = Less(%a, %zero) "
#define KEEP     "{keepdims = $keepdims}"
#define AXIS     "const %axes : int64[1] = {$axis} "
#define SOFT_EXPONENT                                                                                                  \
    AXIS "%m = ReduceMax(%a, %axes) {keepdims = 1} %d = Sub(%a, %m) %e = Exp(%d) "                                     \
         "%s = ReduceSum(%e, %axes) {keepdims = 1} "
#define EVERY_AXIS "const %axes : int64[$AXIS_COUNT] = {$AXES} const %tiny : $T[] = {$epsilon} "
#define CENTERED                                                                                                       \
    EVERY_AXIS "%m = ReduceMean(%a, %axes) {keepdims = 1} %d = Sub(%a, %m) %q = Mul(%d, %d) "                          \
               "%v = ReduceMean(%q, %axes) {keepdims = 1} %w = Add(%v, %tiny) %r = Sqrt(%w) "                          \
               "%n = Div(%d, %r) "
#define AXES_OF_ALL "noop_with_empty_axes", "0"

static const body_row rows[] = {
    {"Celu", 1, FLOATS, NULL, NULL,
     ZERO ONE ALPHA "%d = Div(%a, %alpha) %e = Exp(%d) %f = Sub(%e, %one) %s = Mul(%alpha, %f) %n = Min(%zero, %s) "
                    "%p = Max(%zero, %a) %y = Add(%p, %n)"},
    {"Clip", 2, FLOATS, NULL, NULL, "%y = Max(%a, %b)"},
    {"Clip", 3, FLOATS, NULL, NULL, "%m = Max(%a, %b) %y = Min(%m, %c)"},
    {"Elu", 1, FLOATS, NULL, NULL,
     NEGATIVE ONE ALPHA "%e = Exp(%a) %f = Sub(%e, %one) %s = Mul(%alpha, %f) %y = Where(%c, %s, %a)"},
    {"Gelu", 1, FLOATS, "approximate", "none",
     ONE HALF "const %root : $T[] = {1.4142135623730951} %d = Div(%a, %root) %e = Erf(%d) %f = Add(%e, %one) "
              "%h = Mul(%half, %a) %y = Mul(%h, %f)"},
    {"Gelu", 1, FLOATS, "approximate", "tanh",
     ONE HALF
     "const %k : $T[] = {0.044715} const %scale : $T[] = {0.7978845608028654} %s = Mul(%a, %a) %q = Mul(%s, %a) "
     "%u = Mul(%k, %q) %v = Add(%a, %u) %w = Mul(%scale, %v) %t = Tanh(%w) %f = Add(%t, %one) "
     "%h = Mul(%half, %a) %y = Mul(%h, %f)"},
    {"GreaterOrEqual", 2, ANY_TYPE, NULL, NULL, "%g = Greater(%a, %b) %e = Equal(%a, %b) %y = Or(%g, %e)"},
    {"HardSigmoid", 1, FLOATS, NULL, NULL,
     ZERO ONE ALPHA "const %beta : $T[] = {$beta} %s = Mul(%a, %alpha) %t = Add(%s, %beta) %u = Min(%t, %one) "
                    "%y = Max(%u, %zero)"},
    {"HardSwish", 1, FLOATS, NULL, NULL,
     ZERO ONE HALF "const %sixth : $T[] = {0.16666666666666666} %s = Mul(%a, %sixth) %t = Add(%s, %half) "
                   "%u = Min(%t, %one) %v = Max(%u, %zero) %y = Mul(%a, %v)"},
    {"LayerNormalization", 2, WIDE_FLOATS, NULL, NULL, CENTERED "%y = Mul(%n, %b)"},
    {"LayerNormalization", 3, WIDE_FLOATS, NULL, NULL, CENTERED "%s = Mul(%n, %b) %y = Add(%s, %c)"},
    {"LeakyRelu", 1, FLOATS, NULL, NULL, NEGATIVE ALPHA "%s = Mul(%alpha, %a) %y = Where(%c, %s, %a)"},
    {"LessOrEqual", 2, ANY_TYPE, NULL, NULL, "%l = Less(%a, %b) %e = Equal(%a, %b) %y = Or(%l, %e)"},
    {"LogSoftmax", 1, FLOATS, NULL, NULL, SOFT_EXPONENT "%l = Log(%s) %y = Sub(%d, %l)"},
    {"Mish", 1, FLOATS, NULL, NULL, ONE "%e = Exp(%a) %p = Add(%e, %one) %l = Log(%p) %t = Tanh(%l) %y = Mul(%a, %t)"},
    {"PRelu", 2, FLOATS, NULL, NULL, NEGATIVE "%s = Mul(%b, %a) %y = Where(%c, %s, %a)"},
    {"RMSNormalization", 2, WIDE_FLOATS, NULL, NULL,
     EVERY_AXIS "%q = Mul(%a, %a) %v = ReduceMean(%q, %axes) {keepdims = 1} %w = Add(%v, %tiny) %r = Sqrt(%w) "
                "%n = Div(%a, %r) %y = Mul(%n, %b)"},
    {"ReduceL1", 1, FLOATS, AXES_OF_ALL, "%m = Abs(%a) %y = ReduceSum(%m) " KEEP},
    {"ReduceL1", 2, FLOATS, AXES_OF_ALL, "%m = Abs(%a) %y = ReduceSum(%m, %b) " KEEP},
    {"ReduceL2", 1, FLOATS, AXES_OF_ALL, "%q = Mul(%a, %a) %s = ReduceSum(%q) " KEEP " %y = Sqrt(%s)"},
    {"ReduceL2", 2, FLOATS, AXES_OF_ALL, "%q = Mul(%a, %a) %s = ReduceSum(%q, %b) " KEEP " %y = Sqrt(%s)"},
    {"ReduceLogSum", 1, FLOATS, AXES_OF_ALL, "%s = ReduceSum(%a) " KEEP " %y = Log(%s)"},
    {"ReduceLogSum", 2, FLOATS, AXES_OF_ALL, "%s = ReduceSum(%a, %b) " KEEP " %y = Log(%s)"},
    {"ReduceSumSquare", 1, FLOATS, AXES_OF_ALL, "%q = Mul(%a, %a) %y = ReduceSum(%q) " KEEP},
    {"ReduceSumSquare", 2, FLOATS, AXES_OF_ALL, "%q = Mul(%a, %a) %y = ReduceSum(%q, %b) " KEEP},
    {"Selu", 1, FLOATS, NULL, NULL,
     NEGATIVE ALPHA "const %gamma : $T[] = {$gamma} %e = Exp(%a) %s = Mul(%alpha, %e) %t = Sub(%s, %alpha) "
                    "%w = Where(%c, %t, %a) %y = Mul(%gamma, %w)"},
    {"Shrink", 1, FLOATS, NULL, NULL,
     ZERO "const %high : $T[] = {$lambd} const %bias : $T[] = {$bias} %low = Neg(%high) %l = Less(%a, %low) "
          "%g = Greater(%a, %high) %p = Add(%a, %bias) %m = Sub(%a, %bias) %w = Where(%g, %m, %zero) "
          "%y = Where(%l, %p, %w)"},
    {"Softmax", 1, FLOATS, NULL, NULL, SOFT_EXPONENT "%y = Div(%e, %s)"},
    {"Softplus", 1, FLOATS, NULL, NULL,
     ZERO ONE "%u = Abs(%a) %n = Neg(%u) %e = Exp(%n) %f = Add(%e, %one) %l = Log(%f) %p = Max(%a, %zero) "
              "%y = Add(%p, %l)"},
    {"Softsign", 1, FLOATS, NULL, NULL, ONE "%u = Abs(%a) %v = Add(%u, %one) %y = Div(%a, %v)"},
    {"Swish", 1, FLOATS, NULL, NULL, ALPHA "%s = Mul(%a, %alpha) %t = Sigmoid(%s) %y = Mul(%a, %t)"},
    {"ThresholdedRelu", 1, FLOATS, NULL, NULL, ZERO ALPHA "%c = Greater(%a, %alpha) %y = Where(%c, %a, %zero)"},
};

typedef struct body_writer {
    const orti_graph *graph;
    const orti_node *node;
    const orti_value *first;
    orti_text *text;
} body_writer;

static const orti_op_attr_fact *fact_find(const orti_op *op, const char *name) {
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (strcmp(op->attrs[i].name, name) == 0) return &op->attrs[i];
    return NULL;
}

/* The attribute as text, or its default. */
static void attr_add(const orti_node *node, const char *name, orti_text *text) {
    const orti_attr *attr = orti_node_attr(node, name);
    const orti_op_attr_fact *fact = fact_find(node->op, name);
    uint32_t kind = attr ? (uint32_t)attr->kind : fact ? fact->kind : 0;
    if (kind == ORTI_ATTR_FLOAT)
        orti_text_add(text, "%.9g", (double)(attr ? attr->f : fact->default_float));
    else if (kind == ORTI_ATTR_INT)
        orti_text_add(text, "%lld", (long long)(attr ? attr->i : fact->default_int));
    else if (kind == ORTI_ATTR_STRING)
        orti_text_add(text, "%s", attr ? attr->text : fact->default_text ? fact->default_text : "");
}

/* The first axis of a normalization, counted from the end: -1 is the last. False when the rank is not known. */
static bool axis_from_end(const body_writer *writer, int64_t *out) {
    const orti_op_attr_fact *fact = fact_find(writer->node->op, "axis");
    *out = orti_node_attr_int(writer->node, "axis", fact ? fact->default_int : -1);
    if (*out >= 0 && !writer->first->has_shape) return false;
    if (*out >= 0) *out -= writer->first->rank;
    return *out < 0 && *out >= -(int64_t)ORTI_RANK_MAX;
}

static void axes_add(const body_writer *writer, bool is_count) {
    int64_t axis = -1;
    (void)axis_from_end(writer, &axis);
    if (is_count) orti_text_add(writer->text, "%lld", (long long)-axis);
    for (int64_t i = axis; !is_count && i < 0; i++)
        orti_text_add(writer->text, "%s%lld", i > axis ? ", " : "", (long long)i);
}

static void word_add(const body_writer *writer, const char *word) {
    if (strcmp(word, "T") == 0)
        orti_text_add(writer->text, "%s", orti_dtype_name(writer->first->dtype));
    else if (strcmp(word, "AXES") == 0)
        axes_add(writer, false);
    else if (strcmp(word, "AXIS_COUNT") == 0)
        axes_add(writer, true);
    else
        attr_add(writer->node, word, writer->text);
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The row's text with its words replaced. */
static void text_add(const body_writer *writer, const char *from) {
    while (*from) {
        char word[32] = {0};
        size_t length = 0;
        if (*from != '$') {
            orti_text_add_bytes(writer->text, from++, 1);
            continue;
        }
        for (from++; is_letter(*from) && length + 1 < sizeof word; from++) word[length++] = *from;
        word_add(writer, word);
    }
}

static bool is_type(uint32_t types, ort_dtype dtype) {
    if (types == ANY_TYPE) return true;
    if (dtype == ORT_DTYPE_F16) return types == FLOATS;
    return dtype == ORT_DTYPE_F32 || dtype == ORT_DTYPE_F64;
}

static bool is_attr(const body_row *row, const orti_node *node) {
    if (!row->attr) return true;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    attr_add(node, row->attr, &text);
    bool is_same = !text.has_failed && strcmp(text.length ? text.data : "", row->value) == 0;
    orti_text_finish(&text);
    return is_same;
}

/* Inputs that are left out at the end don't count; one left out before is none of the rows'. */
static bool has_inputs(const body_row *row, const orti_node *node) {
    uint32_t count = node->input_count;
    while (count && node->inputs[count - 1] == ORTI_NONE) count--;
    for (uint32_t i = 0; i < count; i++)
        if (node->inputs[i] == ORTI_NONE) return false;
    return count == row->input_count;
}

static const body_row *row_find(const body_writer *writer) {
    const orti_node *node = writer->node;
    int64_t axis;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const body_row *row = &rows[i];
        if (strcmp(row->op_type, node->op_type) != 0 || !has_inputs(row, node)) continue;
        if (!is_type(row->types, writer->first->dtype) || !is_attr(row, node)) continue;
        if (strstr(row->text, "$AXES") && !axis_from_end(writer, &axis)) continue;
        return row;
    }
    return NULL;
}

static int32_t newest_opset(void *user, const char *domain) {
    (void)user;
    return orti_ops_newest_opset(domain);
}

static ort_status *body_make(const body_writer *writer, const body_row *row, orti_graph *graph, orti_graph **out) {
    orti_text_add(writer->text, "graph \"%s\" {", row->op_type);
    for (uint32_t i = 0; i < row->input_count; i++) orti_text_add(writer->text, " input %%%c ", (char)('a' + (char)i));
    text_add(writer, row->text);
    orti_text_add(writer->text, " output %%y }");
    ORT_TRY(orti_text_status(writer->text));
    ORT_TRY(orti_graph_parse_body(graph, writer->text->data, writer->text->length, out));
    ort_status *status = orti_ops_bind(*out, newest_opset, NULL);
    if (!status) return NULL;
    orti_graph_destroy(*out);
    *out = NULL;
    return status;
}

ort_status *orti_ops_give_body(orti_graph *graph, orti_node_id id, bool *out_given) {
    orti_node *node = orti_graph_node(graph, id);
    orti_text text;
    *out_given = false;
    if (!node->op || node->body || node->domain[0] || !node->input_count || node->inputs[0] == ORTI_NONE) return NULL;
    for (uint32_t i = 1; i < node->output_count; i++)
        if (node->outputs[i] != ORTI_NONE) return NULL;
    orti_text_init(&text, orti_allocator_default());
    const body_writer writer = {graph, node, orti_graph_value(graph, node->inputs[0]), &text};
    const body_row *row = row_find(&writer);
    ort_status *status = row ? body_make(&writer, row, graph, &node->body) : NULL;
    orti_text_finish(&text);
    *out_given = node->body != NULL;
    return status ? ORT_NOTE(status, "the body of node '%s' (%s)", node->name, node->op_type) : NULL;
}
