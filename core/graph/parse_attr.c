/* Tensors and attributes of the text form. */
#include "graph/parse.h"

/* Elements up to the closing brace, which is not consumed: commas outside strings, plus one. */
static int64_t count_elements(const scanner *scan) {
    int64_t count = 0;
    bool is_quoted = false, is_empty = true;
    for (const char *c = scan->at; c < scan->end && (is_quoted || *c != '}'); c++) {
        if (is_quoted && *c == '\\' && c + 1 < scan->end)
            c++;
        else if (*c == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && *c == ',')
            count++;
        if (is_quoted || (*c != ' ' && *c != '\n' && *c != '\t' && *c != '\r')) is_empty = false;
    }
    return is_empty ? 0 : count + 1;
}

static ort_status *parse_numbers(scanner *scan, orti_tensor *tensor) {
    bool is_float = orti_dtype_is_float(tensor->dtype);
    for (int64_t i = 0; i < tensor->element_count; i++) {
        double number = 0;
        int64_t integer = 0;
        bool is_int = false;
        if (i) ORT_TRY(orti_scan_expect(scan, ","));
        ORT_TRY(orti_scan_number(scan, &number, &integer, &is_int));
        if (!is_float && !is_int) return orti_scan_failure(scan, "an integer before this");
        if (is_float)
            orti_dtype_set_f64(tensor->dtype, tensor->data, i, number);
        else
            orti_dtype_set_i64(tensor->dtype, tensor->data, i, integer);
    }
    return NULL;
}

static ort_status *parse_strings(scanner *scan, const orti_allocator *alloc, const int64_t *dims, uint32_t rank,
                                 int64_t count, orti_tensor **out) {
    orti_text bytes;
    int64_t *offsets = NULL;
    ort_status *status = NULL;
    orti_text_init(&bytes, alloc);
    ORT_TRY_TO(done, status, orti_alloc(alloc, (size_t)count + 1, sizeof *offsets, &offsets));
    for (int64_t i = 0; i < count; i++) {
        const char *data = NULL;
        size_t length = 0;
        if (i) ORT_TRY_TO(done, status, orti_scan_expect(scan, ","));
        ORT_TRY_TO(done, status, orti_scan_string(scan, &data, &length));
        orti_text_add_bytes(&bytes, data, length);
        offsets[i + 1] = (int64_t)bytes.length;
    }
    ORT_TRY_TO(done, status, orti_text_status(&bytes));
    ORT_TRY_TO(done, status, orti_tensor_create(alloc, ORT_DTYPE_STRING, dims, rank, bytes.length, out));
    memcpy((*out)->data, offsets, ((size_t)count + 1) * sizeof *offsets);
    if (bytes.length) memcpy((char *)(*out)->data + ((size_t)count + 1) * sizeof *offsets, bytes.data, bytes.length);
done:
    orti_free(alloc, offsets);
    orti_text_finish(&bytes);
    return status;
}

ort_status *orti_parse_contents(scanner *scan, const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims,
                                uint32_t rank, orti_tensor **out) {
    int64_t count = 0;
    orti_tensor *tensor = NULL;
    ort_status *status = NULL;
    *out = NULL;
    if (orti_scan_peek(scan) == '<')
        return orti_scan_failure(scan, "elements in braces (this text was printed without them)");
    ORT_TRY(orti_scan_expect(scan, "{"));
    (void)orti_scan_peek(scan);
    /* Before anything is allocated: a shape is cheap to write. */
    if (!orti_shape_count(dims, rank, &count) || count != count_elements(scan) || dtype == ORT_DTYPE_C64 ||
        dtype == ORT_DTYPE_C128)
        return orti_scan_failure(scan, "as many elements as the shape has");
    if (dtype == ORT_DTYPE_STRING) {
        status = parse_strings(scan, alloc, dims, rank, count, &tensor);
    } else {
        ORT_TRY(orti_tensor_create(alloc, dtype, dims, rank, 0, &tensor));
        if (tensor->size_bytes) memset(tensor->data, 0, (size_t)tensor->size_bytes); /* bits that no element owns */
        status = parse_numbers(scan, tensor);
    }
    if (!status) status = orti_scan_expect(scan, "}");
    if (status)
        orti_tensor_release(tensor);
    else
        *out = tensor;
    return status;
}

ort_status *orti_parse_tensor(scanner *scan, const orti_allocator *alloc, orti_tensor **out) {
    int64_t dims[ORTI_RANK_MAX];
    const char *name = NULL;
    uint32_t rank = 0;
    ORT_TRY(orti_scan_word(scan, "", &name));
    ort_dtype dtype = orti_dtype_from_name(name);
    if (dtype == ORT_DTYPE_NONE) return orti_scan_failure(scan, "an element type before this");
    ORT_TRY(orti_scan_expect(scan, "["));
    while (!orti_scan_accept(scan, "]")) {
        if (rank) ORT_TRY(orti_scan_expect(scan, ","));
        if (rank == ORTI_RANK_MAX) return orti_scan_failure(scan, "a rank of at most 32");
        ORT_TRY(orti_scan_int(scan, &dims[rank++]));
    }
    return orti_parse_contents(scan, alloc, dtype, dims, rank, out);
}

/* ---- attributes ---- */

typedef struct list_work {
    orti_attr attr;
    int64_t *ints;
    float *floats;
    const char **strings;
    uint64_t *lengths;
    orti_graph **graphs;
    orti_tensor **tensors;
    size_t capacities[6]; /* in the order of the six above */
} list_work;

static ort_status *parse_one_graph(scanner *scan, orti_graph *graph, orti_graph **out) {
    if (!orti_scan_accept_word(scan, "graph")) return orti_scan_failure(scan, "'graph'");
    return orti_parse_graph(scan, graph->arena.alloc, graph, out);
}

static ort_status *list_number(scanner *scan, const orti_allocator *alloc, list_work *work) {
    double number = 0;
    int64_t integer = 0;
    bool is_int = false;
    size_t wanted = (size_t)work->attr.count + 1;
    ORT_TRY(orti_scan_number(scan, &number, &integer, &is_int));
    if (work->attr.count == 0) work->attr.kind = is_int ? ORTI_ATTR_INTS : ORTI_ATTR_FLOATS;
    if (is_int != (work->attr.kind == ORTI_ATTR_INTS)) return orti_scan_failure(scan, "a list of one kind before this");
    ORT_TRY(orti_grow(alloc, &work->ints, &work->capacities[0], wanted, sizeof *work->ints));
    ORT_TRY(orti_grow(alloc, &work->floats, &work->capacities[1], wanted, sizeof *work->floats));
    work->ints[work->attr.count] = integer;
    work->floats[work->attr.count] = (float)number;
    return NULL;
}

static ort_status *list_string(scanner *scan, const orti_allocator *alloc, list_work *work) {
    size_t wanted = (size_t)work->attr.count + 1, length = 0;
    ORT_TRY(orti_grow(alloc, &work->strings, &work->capacities[2], wanted, sizeof *work->strings));
    ORT_TRY(orti_grow(alloc, &work->lengths, &work->capacities[3], wanted, sizeof *work->lengths));
    ORT_TRY(orti_scan_string(scan, &work->strings[work->attr.count], &length));
    work->lengths[work->attr.count] = length;
    work->attr.kind = ORTI_ATTR_STRINGS;
    return NULL;
}

static ort_status *list_item(scanner *scan, orti_graph *graph, list_work *work) {
    const orti_allocator *alloc = graph->arena.alloc;
    orti_attr_kind before = work->attr.kind;
    uint32_t count = work->attr.count;
    char c = orti_scan_peek(scan);
    if (c == '"') {
        ORT_TRY(list_string(scan, alloc, work));
    } else if (c == 'g') {
        ORT_TRY(orti_grow(alloc, &work->graphs, &work->capacities[4], (size_t)count + 1, sizeof *work->graphs));
        ORT_TRY(parse_one_graph(scan, graph, &work->graphs[count]));
        work->attr.kind = ORTI_ATTR_GRAPHS;
    } else if (orti_scan_accept_word(scan, "tensor")) {
        ORT_TRY(orti_grow(alloc, &work->tensors, &work->capacities[5], (size_t)count + 1, sizeof *work->tensors));
        ORT_TRY(orti_parse_tensor(scan, alloc, &work->tensors[count]));
        work->attr.kind = ORTI_ATTR_TENSORS;
    } else {
        ORT_TRY(list_number(scan, alloc, work));
    }
    work->attr.count++;
    if (count && before != work->attr.kind) return orti_scan_failure(scan, "a list of one kind before this");
    return NULL;
}

static void list_finish(const orti_allocator *alloc, list_work *work, bool owns_graphs) {
    for (size_t i = 0; i < work->capacities[4] && owns_graphs; i++) orti_graph_destroy(work->graphs[i]);
    for (size_t i = 0; i < work->capacities[5]; i++) orti_tensor_release(work->tensors[i]);
    orti_free(alloc, work->ints);
    orti_free(alloc, work->floats);
    orti_free(alloc, work->strings);
    orti_free(alloc, work->lengths);
    orti_free(alloc, work->graphs);
    orti_free(alloc, work->tensors);
}

static void list_select(list_work *work) {
    orti_attr *attr = &work->attr;
    attr->ints = attr->kind == ORTI_ATTR_INTS ? work->ints : NULL;
    attr->floats = attr->kind == ORTI_ATTR_FLOATS ? work->floats : NULL;
    attr->strings = attr->kind == ORTI_ATTR_STRINGS ? work->strings : NULL;
    attr->string_lengths = work->lengths;
    attr->graphs = attr->kind == ORTI_ATTR_GRAPHS ? work->graphs : NULL;
    attr->tensors = attr->kind == ORTI_ATTR_TENSORS ? work->tensors : NULL;
}

/* "[1, 2]", with the bracket consumed already; `kind` is that of an empty list. */
static ort_status *parse_list(scanner *scan, orti_graph *graph, orti_node_id node, const char *name,
                              orti_attr_kind kind) {
    list_work work = {.attr = {.name = name, .kind = kind}};
    ort_status *status = NULL;
    bool owns_graphs = true;
    while (!orti_scan_accept(scan, "]")) {
        if (work.attr.count) ORT_TRY_TO(done, status, orti_scan_expect(scan, ","));
        ORT_TRY_TO(done, status, list_item(scan, graph, &work));
    }
    list_select(&work);
    owns_graphs = work.attr.kind != ORTI_ATTR_GRAPHS;
    status = orti_graph_set_attr(graph, node, &work.attr);
done:
    list_finish(graph->arena.alloc, &work, owns_graphs);
    return status;
}

static ort_status *parse_number_attr(scanner *scan, orti_graph *graph, orti_node_id node, const char *name) {
    double number = 0;
    int64_t integer = 0;
    bool is_int = false;
    ORT_TRY(orti_scan_number(scan, &number, &integer, &is_int));
    return is_int ? orti_graph_set_attr_int(graph, node, name, integer)
                  : orti_graph_set_attr_float(graph, node, name, (float)number);
}

static ort_status *parse_text_attr(scanner *scan, orti_graph *graph, orti_node_id node, orti_attr *attr) {
    size_t length = 0;
    ORT_TRY(orti_scan_string(scan, &attr->text, &length));
    attr->count = attr->kind == ORTI_ATTR_STRING ? (uint32_t)length : 1;
    return orti_graph_set_attr(graph, node, attr);
}

static ort_status *parse_tensor_attr(scanner *scan, orti_graph *graph, orti_node_id node, orti_attr *attr) {
    ORT_TRY(orti_parse_tensor(scan, graph->arena.alloc, &attr->tensor));
    ort_status *status = orti_graph_set_attr(graph, node, attr);
    orti_tensor_release(attr->tensor);
    return status;
}

static ort_status *parse_attr_value(scanner *scan, orti_graph *graph, orti_node_id node, const char *name) {
    static const struct {
        const char *word;
        orti_attr_kind kind;
    } words[] = {{"type", ORTI_ATTR_TYPE},      {"ref", ORTI_ATTR_REF},         {"tensor", ORTI_ATTR_TENSOR},
                 {"sparse", ORTI_ATTR_SPARSE},  {"graph", ORTI_ATTR_GRAPH},     {"ints", ORTI_ATTR_INTS},
                 {"floats", ORTI_ATTR_FLOATS},  {"strings", ORTI_ATTR_STRINGS}, {"graphs", ORTI_ATTR_GRAPHS},
                 {"tensors", ORTI_ATTR_TENSORS}};
    orti_attr attr = {.name = name, .count = 1};
    if (orti_scan_peek(scan) == '"') attr.kind = ORTI_ATTR_STRING;
    for (size_t i = 0; i < sizeof words / sizeof *words && !attr.kind; i++)
        if (orti_scan_accept_word(scan, words[i].word)) attr.kind = words[i].kind;
    if (attr.kind == ORTI_ATTR_STRING || attr.kind == ORTI_ATTR_TYPE || attr.kind == ORTI_ATTR_REF)
        return parse_text_attr(scan, graph, node, &attr);
    if (attr.kind == ORTI_ATTR_TENSOR || attr.kind == ORTI_ATTR_SPARSE)
        return parse_tensor_attr(scan, graph, node, &attr);
    if (attr.kind == ORTI_ATTR_GRAPH) {
        ORT_TRY(orti_parse_graph(scan, graph->arena.alloc, graph, &attr.graph));
        return orti_graph_set_attr(graph, node, &attr);
    }
    if (orti_scan_accept(scan, "[")) return parse_list(scan, graph, node, name, attr.kind ? attr.kind : ORTI_ATTR_INTS);
    return attr.kind ? orti_scan_failure(scan, "'['") : parse_number_attr(scan, graph, node, name);
}

ort_status *orti_parse_attrs(scanner *scan, orti_graph *graph, orti_node_id node) {
    const char *name = NULL;
    while (!orti_scan_accept(scan, "}")) {
        if (name) ORT_TRY(orti_scan_expect(scan, ","));
        ORT_TRY(orti_scan_word(scan, ".-", &name));
        if (orti_node_attr(graph->nodes[node], name))
            ORT_FAIL(INVALID_MODEL, "line %u: attribute '%s' is given twice", orti_scan_line(scan), name);
        ORT_TRY(orti_scan_expect(scan, "="));
        ORT_TRY(parse_attr_value(scan, graph, node, name));
    }
    return NULL;
}
