/* The text form, docs/graph-text.md, back into a graph. */
#include "graph/parse.h"

/* The value of that name, made when it is new: a statement may read what a later one defines. */
static ort_status *value_named(orti_graph *graph, const char *name, orti_value_id *out) {
    *out = orti_graph_find_value(graph, name);
    return *out == ORTI_NONE ? orti_graph_add_value(graph, name, ORTI_VALUE_INNER, out) : NULL;
}

/* "%name", or "_" for none. */
static ort_status *parse_value(scanner *scan, orti_graph *graph, orti_value_id *out) {
    const char *name = NULL;
    *out = ORTI_NONE;
    if (orti_scan_accept_word(scan, "_")) return NULL;
    ORT_TRY(orti_scan_expect(scan, "%"));
    ORT_TRY(orti_scan_word(scan, ".:/$-", &name));
    if (!name[0]) return orti_scan_failure(scan, "a name that is not empty");
    return value_named(graph, name, out);
}

static ort_status *parse_dims(scanner *scan, orti_graph *graph, orti_dim *dims, uint32_t *rank) {
    *rank = 0;
    if (orti_scan_accept(scan, "]")) return NULL;
    do {
        const char *end = scan->at;
        bool is_quoted = false;
        for (int depth = 0; end < scan->end && (is_quoted || depth || (*end != ',' && *end != ']')); end++) {
            if (is_quoted && *end == '\\' && end + 1 < scan->end)
                end++;
            else if (*end == '\'')
                is_quoted = !is_quoted;
            else if (!is_quoted)
                depth += (*end == '(') - (*end == ')');
        }
        if (*rank == ORTI_RANK_MAX) return orti_scan_failure(scan, "a rank of at most 32");
        ORT_TRY(orti_dim_parse(graph->pool, scan->at, (size_t)(end - scan->at), &dims[(*rank)++]));
        scan->at = end;
    } while (orti_scan_accept(scan, ","));
    return orti_scan_expect(scan, "]");
}

static const struct {
    const char *start;
    orti_value_type type;
} type_words[] = {{"seq(", ORTI_TYPE_SEQUENCE},
                  {"optional(", ORTI_TYPE_OPTIONAL},
                  {"map(", ORTI_TYPE_MAP},
                  {"sparse_tensor(", ORTI_TYPE_SPARSE}};

static ort_status *parse_type_text(scanner *scan, orti_graph *graph, orti_value *value) {
    const char *text = NULL;
    size_t length = 0;
    ORT_TRY(orti_scan_string(scan, &text, &length));
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++) {
        if (strncmp(text, type_words[i].start, strlen(type_words[i].start)) != 0) continue;
        value->type = type_words[i].type;
        return orti_arena_string(&graph->arena, text, length, &value->type_text);
    }
    return orti_scan_failure(scan,
                             "a type that is seq(...), optional(...), map(...) or sparse_tensor(...) before this");
}

static ort_status *parse_type(scanner *scan, orti_graph *graph, orti_value_id id) {
    orti_dim dims[ORTI_RANK_MAX];
    const char *name = NULL;
    uint32_t rank = ORTI_NONE;
    ort_dtype dtype = ORT_DTYPE_NONE;
    if (orti_scan_accept_word(scan, "type")) return parse_type_text(scan, graph, graph->values[id]);
    if (!orti_scan_accept(scan, "?")) {
        ORT_TRY(orti_scan_word(scan, "", &name));
        dtype = orti_dtype_from_name(name);
        if (dtype == ORT_DTYPE_NONE) return orti_scan_failure(scan, "an element type before this");
    }
    if (orti_scan_accept(scan, "[")) ORT_TRY(parse_dims(scan, graph, dims, &rank));
    return orti_graph_set_shape(graph, id, dtype, dims, rank);
}

static ort_status *parse_typed(scanner *scan, orti_graph *graph, orti_value_id *out) {
    ORT_TRY(parse_value(scan, graph, out));
    if (!orti_scan_accept(scan, ":")) return NULL;
    if (*out == ORTI_NONE) return orti_scan_failure(scan, "a value that has a type, not '_',");
    return parse_type(scan, graph, *out);
}

/* A value that a statement defines: it must not have been defined before. */
static ort_status *parse_defined(scanner *scan, orti_graph *graph, orti_value_id *out) {
    (void)orti_scan_peek(scan);
    const char *start = scan->at;
    ORT_TRY(parse_typed(scan, graph, out));
    if (*out == ORTI_NONE) return orti_scan_failure(scan, "a value, not '_',");
    const orti_value *value = graph->values[*out];
    if (value->kind == ORTI_VALUE_INNER && value->producer == ORTI_NONE) return NULL;
    scan->at = start;
    ORT_FAIL(INVALID_MODEL, "line %u: value '%s' is defined twice", orti_scan_line(scan), value->name);
}

static ort_status *parse_input(scanner *scan, orti_graph *graph) {
    orti_value_id id = ORTI_NONE;
    ORT_TRY(parse_defined(scan, graph, &id));
    return orti_graph_add_input(graph, id);
}

static ort_status *parse_output(scanner *scan, orti_graph *graph) {
    orti_value_id id = ORTI_NONE;
    ORT_TRY(parse_typed(scan, graph, &id));
    if (id == ORTI_NONE) return orti_scan_failure(scan, "a value, not '_',");
    return orti_graph_add_output(graph, id);
}

static ort_status *parse_const(scanner *scan, orti_graph *graph) {
    orti_value_id id = ORTI_NONE;
    orti_tensor *tensor = NULL;
    ORT_TRY(parse_defined(scan, graph, &id));
    const orti_value *value = graph->values[id];
    if (!value->has_shape) return orti_scan_failure(scan, "a constant's shape before this");
    ORT_TRY(orti_scan_expect(scan, "="));
    ORT_TRY(orti_parse_contents(scan, graph->arena.alloc, value->dtype, value->dims, value->rank, &tensor));
    ort_status *status = orti_graph_make_constant(graph, id, tensor);
    orti_tensor_release(tensor);
    return status;
}

static ort_status *parse_capture(scanner *scan, orti_graph *graph) {
    orti_value_id id = ORTI_NONE, outer = ORTI_NONE;
    ORT_TRY(parse_defined(scan, graph, &id));
    if (!graph->outer) return orti_scan_failure(scan, "a graph around this one to capture from");
    ORT_TRY(orti_scan_expect(scan, "="));
    ORT_TRY(parse_value(scan, graph->outer, &outer));
    if (outer == ORTI_NONE) return orti_scan_failure(scan, "a value, not '_',");
    graph->values[id]->kind = ORTI_VALUE_CAPTURE;
    graph->values[id]->outer_id = outer;
    orti_graph_touch(graph);
    return NULL;
}

static ort_status *parse_versions(scanner *scan, orti_node *node) {
    int64_t since = 0, until = 0;
    if (!orti_scan_accept(scan, "@")) return NULL;
    ORT_TRY(orti_scan_int(scan, &since));
    until = since;
    if (orti_scan_accept(scan, "..")) ORT_TRY(orti_scan_int(scan, &until));
    if (since < 0 || until < since || until > INT32_MAX)
        return orti_scan_failure(scan, "a range of versions before this");
    node->since_version = (int32_t)since;
    node->until_version = (int32_t)until;
    return NULL;
}

/* "_", "%a" ... up to `close`, which is consumed; `is_typed` allows ": type" after each. */
static ort_status *parse_values(scanner *scan, orti_graph *graph, const char *close, bool is_typed, id_list *list) {
    if (orti_scan_accept(scan, close)) return NULL;
    do {
        orti_value_id id = ORTI_NONE;
        ORT_TRY(is_typed ? parse_typed(scan, graph, &id) : parse_value(scan, graph, &id));
        ORT_TRY(orti_graph_list_add(graph, list, id));
    } while (orti_scan_accept(scan, ","));
    return orti_scan_expect(scan, close);
}

static ort_status *parse_node_rest(scanner *scan, orti_graph *graph, orti_node_id id) {
    const char *name = NULL;
    orti_node *node = graph->nodes[id];
    if (orti_scan_accept(scan, "{")) ORT_TRY(orti_parse_attrs(scan, graph, id));
    if (orti_scan_peek(scan) == '"') {
        ORT_TRY(orti_scan_word(scan, "", &name));
        if (name[0]) ORT_TRY(orti_arena_string(&graph->arena, name, strlen(name), &node->name));
    }
    if (!orti_scan_accept_word(scan, "body")) return NULL;
    if (!orti_scan_accept_word(scan, "graph")) return orti_scan_failure(scan, "'graph'");
    return orti_parse_graph(scan, graph->arena.alloc, graph, &node->body);
}

static ort_status *parse_node(scanner *scan, orti_graph *graph) {
    id_list inputs = {0}, outputs = {0};
    const char *op_type = NULL, *domain = "";
    orti_node versions = {0};
    orti_node_id id = ORTI_NONE;
    ort_status *status = NULL;
    ORT_TRY_TO(done, status, parse_values(scan, graph, "=", true, &outputs));
    ORT_TRY_TO(done, status, orti_scan_word(scan, ".-", &op_type));
    if (orti_scan_accept(scan, "::")) {
        domain = op_type;
        ORT_TRY_TO(done, status, orti_scan_word(scan, "-", &op_type));
    }
    ORT_TRY_TO(done, status, parse_versions(scan, &versions));
    ORT_TRY_TO(done, status, orti_scan_expect(scan, "("));
    ORT_TRY_TO(done, status, parse_values(scan, graph, ")", false, &inputs));
    ORT_TRY_TO(
        done, status,
        orti_graph_add_node(graph, NULL, domain, op_type, inputs.ids, inputs.count, outputs.ids, outputs.count, &id));
    graph->nodes[id]->since_version = versions.since_version;
    graph->nodes[id]->until_version = versions.until_version;
    ORT_TRY_TO(done, status, parse_node_rest(scan, graph, id));
done:
    orti_free(graph->arena.alloc, inputs.ids);
    orti_free(graph->arena.alloc, outputs.ids);
    return status;
}

static ort_status *parse_statements(scanner *scan, orti_graph *graph) {
    static const struct {
        const char *word;
        ort_status *(*parse)(scanner *scan, orti_graph *graph);
    } statements[] = {
        {"input", parse_input}, {"output", parse_output}, {"const", parse_const}, {"capture", parse_capture}};
    while (!orti_scan_accept(scan, "}")) {
        size_t i = 0;
        while (i < sizeof statements / sizeof *statements && !orti_scan_accept_word(scan, statements[i].word)) i++;
        ORT_TRY(i < sizeof statements / sizeof *statements ? statements[i].parse(scan, graph)
                                                           : parse_node(scan, graph));
    }
    return NULL;
}

ort_status *orti_parse_graph(scanner *scan, const orti_allocator *alloc, orti_graph *outer, orti_graph **out) {
    orti_graph *graph = NULL;
    const char *name = NULL;
    ort_status *status = NULL;
    *out = NULL;
    if (scan->depth >= SCAN_DEPTH_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "line %u: more than %u bodies inside each other", orti_scan_line(scan),
                 SCAN_DEPTH_MAX);
    scan->depth++;
    ORT_TRY_TO(done, status, orti_graph_create(alloc, outer, &graph));
    ORT_TRY_TO(done, status, orti_scan_word(scan, "", &name));
    ORT_TRY_TO(done, status, orti_graph_set_name(graph, name));
    ORT_TRY_TO(done, status, orti_scan_expect(scan, "{"));
    ORT_TRY_TO(done, status, parse_statements(scan, graph));
    *out = graph;
    graph = NULL;
done:
    scan->depth--;
    orti_graph_destroy(graph);
    return status;
}

static ort_status *parse_text(const orti_allocator *alloc, orti_graph *outer, const char *text, size_t length,
                              orti_graph **out) {
    scanner scan = {.start = text, .at = text, .end = text + length};
    orti_graph *graph = NULL;
    ort_status *status = NULL;
    *out = NULL;
    orti_arena_init(&scan.arena, alloc);
    if (!orti_scan_accept_word(&scan, "graph")) ORT_TRY_TO(done, status, orti_scan_failure(&scan, "'graph'"));
    ORT_TRY_TO(done, status, orti_parse_graph(&scan, alloc, outer, &graph));
    if (orti_scan_peek(&scan)) ORT_TRY_TO(done, status, orti_scan_failure(&scan, "the end"));
    ORT_TRY_TO(done, status, orti_graph_verify(graph));
    *out = graph;
    graph = NULL;
done:
    if (status && strncmp(ort_status_message(status), "line ", 5) != 0)
        status = ORT_NOTE(status, "line %u", orti_scan_line(&scan));
    orti_graph_destroy(graph);
    orti_arena_finish(&scan.arena);
    return status;
}

ort_status *orti_graph_parse(const orti_allocator *alloc, const char *text, size_t length, orti_graph **out) {
    return parse_text(alloc, NULL, text, length, out);
}

ort_status *orti_graph_parse_body(orti_graph *outer, const char *text, size_t length, orti_graph **out) {
    return parse_text(outer->arena.alloc, outer, text, length, out);
}
