/* The text form, docs/graph-text.md. parse.c reads it. */
#include "graph/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct printer {
    const orti_graph *graph;
    orti_text *text;
    uint32_t max_elements, indent;
} printer;

static void print_graph(printer *out, const orti_graph *graph);

static bool is_plain(const char *word, const char *others) {
    for (const char *c = word; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_';
        if (!is_letter && !strchr(others, *c)) return false;
    }
    return word[0] != 0;
}

static void print_quoted(orti_text *text, const char *data, size_t length) {
    orti_text_add(text, "\"");
    orti_text_add_escaped(text, data, length);
    orti_text_add(text, "\"");
}

static void print_word(orti_text *text, const char *word, const char *others) {
    if (is_plain(word, others))
        orti_text_add(text, "%s", word);
    else
        print_quoted(text, word, strlen(word));
}

static void print_value(const printer *out, orti_value_id id) {
    if (id >= out->graph->value_count) {
        orti_text_add(out->text, "_");
        return;
    }
    orti_text_add(out->text, "%%");
    print_word(out->text, out->graph->values[id]->name, ".:/$-");
}

void orti_graph_print_type(const orti_graph *graph, const orti_value *value, orti_text *text) {
    if (value->type != ORTI_TYPE_TENSOR) {
        orti_text_add(text, "type ");
        const char *name = value->type_text ? value->type_text : "";
        print_quoted(text, name, strlen(name));
        return;
    }
    orti_text_add(text, "%s", value->dtype == ORT_DTYPE_NONE ? "?" : orti_dtype_name(value->dtype));
    if (!value->has_shape) return;
    orti_text_add(text, "[");
    for (uint32_t i = 0; i < value->rank; i++) {
        if (i) orti_text_add(text, ",");
        orti_dim_print(graph->pool, value->dims[i], text);
    }
    orti_text_add(text, "]");
}

static void print_typed(const printer *out, orti_value_id id) {
    print_value(out, id);
    if (id >= out->graph->value_count) return;
    const orti_value *value = out->graph->values[id];
    if (value->type == ORTI_TYPE_TENSOR && value->dtype == ORT_DTYPE_NONE && !value->has_shape) return;
    orti_text_add(out->text, " : ");
    orti_graph_print_type(out->graph, value, out->text);
}

/* Enough digits to read the same number back, and always something that says it is no integer. */
static void print_float(orti_text *text, double value, int digits) {
    char number[64];
    if (isnan(value) || isinf(value)) {
        orti_text_add(text, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    snprintf(number, sizeof number, "%.*g", digits, value);
    orti_text_add(text, "%s%s", number, strpbrk(number, ".e") ? "" : ".0");
}

static void print_element(orti_text *text, const orti_tensor *tensor, int64_t index) {
    if (tensor->dtype == ORT_DTYPE_STRING) {
        int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, tensor->data, index);
        int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, tensor->data, index + 1);
        const char *bytes = (const char *)tensor->data + ((size_t)tensor->element_count + 1) * sizeof(int64_t);
        print_quoted(text, bytes + from, (size_t)(to - from));
    } else if (orti_dtype_is_float(tensor->dtype)) {
        print_float(text, orti_dtype_get_f64(tensor->dtype, tensor->data, index),
                    tensor->dtype == ORT_DTYPE_F64 ? 17 : 9);
    } else if (tensor->dtype == ORT_DTYPE_U64) {
        orti_text_add(text, "%" PRIu64, (uint64_t)orti_dtype_get_i64(tensor->dtype, tensor->data, index));
    } else {
        orti_text_add(text, "%" PRId64, orti_dtype_get_i64(tensor->dtype, tensor->data, index));
    }
}

static void print_contents(const printer *out, const orti_tensor *tensor) {
    bool is_complex = tensor->dtype == ORT_DTYPE_C64 || tensor->dtype == ORT_DTYPE_C128;
    if (is_complex || tensor->element_count > out->max_elements) {
        if (tensor->file && tensor->size_bytes)
            orti_text_add(out->text, "<file offset %" PRIu64 " bytes %" PRIu64 ">",
                          (uint64_t)((const uint8_t *)tensor->data - tensor->file->data), tensor->size_bytes);
        else
            orti_text_add(out->text, "<memory bytes %" PRIu64 ">", tensor->size_bytes);
        return;
    }
    orti_text_add(out->text, "{");
    for (int64_t i = 0; i < tensor->element_count; i++) {
        if (i) orti_text_add(out->text, ", ");
        print_element(out->text, tensor, i);
    }
    orti_text_add(out->text, "}");
}

static void print_tensor(const printer *out, const orti_tensor *tensor) {
    orti_shape_print(tensor->dtype, tensor->dims, tensor->rank, out->text);
    orti_text_add(out->text, " ");
    print_contents(out, tensor);
}

static void print_list_item(printer *out, const orti_attr *attr, uint32_t i) {
    orti_text *text = out->text;
    if (attr->kind == ORTI_ATTR_INTS) orti_text_add(text, "%" PRId64, attr->ints[i]);
    if (attr->kind == ORTI_ATTR_FLOATS) print_float(text, (double)attr->floats[i], 9);
    if (attr->kind == ORTI_ATTR_STRINGS) print_quoted(text, attr->strings[i], (size_t)attr->string_lengths[i]);
    if (attr->kind == ORTI_ATTR_GRAPHS) print_graph(out, attr->graphs[i]);
    if (attr->kind == ORTI_ATTR_TENSORS) {
        orti_text_add(text, "tensor ");
        print_tensor(out, attr->tensors[i]);
    }
}

/* An empty list says of what it is empty. */
static void print_list(printer *out, const orti_attr *attr) {
    const char *kind = attr->kind == ORTI_ATTR_INTS      ? "ints"
                       : attr->kind == ORTI_ATTR_FLOATS  ? "floats"
                       : attr->kind == ORTI_ATTR_STRINGS ? "strings"
                       : attr->kind == ORTI_ATTR_GRAPHS  ? "graphs"
                                                         : "tensors";
    orti_text_add(out->text, "%s[", attr->count ? "" : kind);
    for (uint32_t i = 0; i < attr->count; i++) {
        if (i) orti_text_add(out->text, ", ");
        print_list_item(out, attr, i);
    }
    orti_text_add(out->text, "]");
}

static void print_attr(printer *out, const orti_attr *attr) {
    orti_text *text = out->text;
    print_word(text, attr->name, ".-");
    orti_text_add(text, " = ");
    switch (attr->kind) {
    case ORTI_ATTR_FLOAT:
        print_float(text, (double)attr->f, 9);
        break;
    case ORTI_ATTR_INT:
        orti_text_add(text, "%" PRId64, attr->i);
        break;
    case ORTI_ATTR_STRING:
        print_quoted(text, attr->text, attr->count);
        break;
    case ORTI_ATTR_GRAPH:
        print_graph(out, attr->graph);
        break;
    case ORTI_ATTR_TENSOR:
    case ORTI_ATTR_SPARSE:
        orti_text_add(text, attr->kind == ORTI_ATTR_SPARSE ? "sparse " : "tensor ");
        print_tensor(out, attr->tensor);
        break;
    case ORTI_ATTR_TYPE:
    case ORTI_ATTR_REF:
        orti_text_add(text, attr->kind == ORTI_ATTR_TYPE ? "type " : "ref ");
        print_quoted(text, attr->text ? attr->text : "", attr->text ? strlen(attr->text) : 0);
        break;
    default:
        print_list(out, attr);
        break;
    }
}

static void print_attrs(printer *out, const orti_node *node) {
    if (!node->attr_count) return;
    orti_text_add(out->text, " {");
    for (uint32_t i = 0; i < node->attr_count; i++) {
        if (i) orti_text_add(out->text, ", ");
        print_attr(out, &node->attrs[i]);
    }
    orti_text_add(out->text, "}");
}

static void print_operator(const printer *out, const orti_node *node) {
    if (node->domain[0]) {
        print_word(out->text, node->domain, ".-");
        orti_text_add(out->text, "::");
    }
    print_word(out->text, node->op_type, "-");
    if (node->since_version == 0 && node->until_version == 0) return;
    orti_text_add(out->text, "@%" PRId32, node->since_version);
    if (node->until_version != node->since_version) orti_text_add(out->text, "..%" PRId32, node->until_version);
}

static void print_indent(const printer *out) {
    orti_text_add(out->text, "%*s", (int)out->indent * 2, "");
}

static void print_node(printer *out, const orti_node *node) {
    print_indent(out);
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (i) orti_text_add(out->text, ", ");
        print_typed(out, node->outputs[i]);
    }
    orti_text_add(out->text, node->output_count ? " = " : "= ");
    print_operator(out, node);
    orti_text_add(out->text, " (");
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (i) orti_text_add(out->text, ", ");
        print_value(out, node->inputs[i]);
    }
    orti_text_add(out->text, ")");
    print_attrs(out, node);
    orti_text_add(out->text, " ");
    print_quoted(out->text, node->name, strlen(node->name));
    if (node->body) {
        orti_text_add(out->text, " body ");
        print_graph(out, node->body);
    }
    orti_text_add(out->text, "\n");
}

static void print_statement(const printer *out, const char *word, orti_value_id id) {
    print_indent(out);
    orti_text_add(out->text, "%s ", word);
    print_typed(out, id);
    orti_text_add(out->text, "\n");
}

static void print_capture(const printer *out, orti_value_id id) {
    printer outer = *out;
    print_indent(out);
    orti_text_add(out->text, "capture ");
    print_typed(out, id);
    orti_text_add(out->text, " = ");
    outer.graph = out->graph->outer;
    if (outer.graph)
        print_value(&outer, out->graph->values[id]->outer_id);
    else
        orti_text_add(out->text, "_");
    orti_text_add(out->text, "\n");
}

static void print_constant(const printer *out, orti_value_id id) {
    print_indent(out);
    orti_text_add(out->text, "const ");
    print_typed(out, id);
    orti_text_add(out->text, " = ");
    if (out->graph->values[id]->constant) print_contents(out, out->graph->values[id]->constant);
    orti_text_add(out->text, "\n");
}

static void print_statements(printer *out, const orti_graph *graph) {
    for (uint32_t i = 0; i < graph->inputs.count; i++) print_statement(out, "input", graph->inputs.ids[i]);
    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (graph->values[v]->kind == ORTI_VALUE_CAPTURE) print_capture(out, v);
        if (graph->values[v]->kind == ORTI_VALUE_CONSTANT) print_constant(out, v);
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n]->is_deleted) print_node(out, graph->nodes[n]);
    for (uint32_t i = 0; i < graph->outputs.count; i++) {
        print_indent(out);
        orti_text_add(out->text, "output ");
        print_value(out, graph->outputs.ids[i]);
        orti_text_add(out->text, "\n");
    }
}

static void print_graph(printer *out, const orti_graph *graph) {
    const orti_graph *around = out->graph;
    orti_text_add(out->text, "graph ");
    print_quoted(out->text, graph->name, strlen(graph->name));
    orti_text_add(out->text, " {\n");
    out->graph = graph;
    out->indent++;
    print_statements(out, graph);
    out->indent--;
    out->graph = around;
    print_indent(out);
    orti_text_add(out->text, "}");
}

ort_status *orti_graph_print(const orti_graph *graph, uint32_t max_constant_elements, orti_text *text) {
    printer out = {.text = text, .max_elements = max_constant_elements};
    print_graph(&out, graph);
    orti_text_add(text, "\n");
    return orti_text_status(text);
}
