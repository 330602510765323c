/* A graph as plugins see it. Everything that the graph computes on demand is computed at creation, so that a view is
 * read by any thread without a lock; only texts are made when asked for. */
#include "providers/internal.h"

#include <stdatomic.h>
#include <string.h>

typedef struct view_node {
    ortp_attr_info *attrs;
    ortp_constant *tensors;      /* one for each attribute */
    uint32_t *reads, read_count; /* inputs and what bodies capture */
    ortp_view *body;
} view_node;

_Static_assert(ORTP_DIM_UNKNOWN == ORTI_DIM_INVALID && sizeof(ortp_dim) == sizeof(orti_dim), "one dimension");
_Static_assert(ORTP_NONE == ORTI_NONE, "one word for no node");
_Static_assert(ORTP_VALUE_INNER == (int)ORTI_VALUE_INNER && ORTP_VALUE_INPUT == (int)ORTI_VALUE_INPUT &&
                   ORTP_VALUE_CONSTANT == (int)ORTI_VALUE_CONSTANT && ORTP_VALUE_CAPTURE == (int)ORTI_VALUE_CAPTURE,
               "kinds of values are the border's");

static ort_status *view_build(orti_providers *providers, orti_graph *graph, const uint8_t *hidden, const uint8_t *known,
                              ortp_view **out);

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text ? text : "", text ? strlen(text) : 0};
}

/* ---- constants ---- */

static void constant_fill(const orti_tensor *tensor, ortp_constant *out) {
    const orti_file *file = tensor->file;
    uintptr_t address = (uintptr_t)tensor->data;
    uint64_t align = address ? address & (~address + 1) : ORTI_ALIGN_BYTES;
    *out = (ortp_constant){.size = sizeof *out,
                           .dtype = tensor->dtype,
                           .rank = tensor->rank,
                           .align_bytes = align > 4096 ? 4096u : (uint32_t)align,
                           .dims = tensor->dims,
                           .data = tensor->data,
                           .fd = file ? file->fd : -1,
                           .size_bytes = tensor->size_bytes};
    if (file && file->fd >= 0 && tensor->data)
        out->offset_bytes = (uint64_t)((const uint8_t *)tensor->data - file->data);
    orti_store_identity(tensor, out->identity);
}

/* A capture of a constant is that constant. NULL: no constant. */
static orti_tensor *constant_of(const orti_graph *graph, uint32_t value) {
    const orti_value *facts = orti_graph_value(graph, value);
    while (facts && facts->kind == ORTI_VALUE_CAPTURE && (graph = orti_graph_outer(graph)) != NULL)
        facts = facts->outer_id < orti_graph_value_count(graph) ? orti_graph_value(graph, facts->outer_id) : NULL;
    return facts && facts->kind == ORTI_VALUE_CONSTANT ? facts->constant : NULL;
}

typedef ort_status *(*constant_fn)(orti_store *store, orti_tensor *tensor);

static ort_status *constant_take_back(orti_store *store, orti_tensor *tensor) {
    orti_store_take_back_constant(store, tensor);
    return NULL;
}

/* Calls fn on every constant and tensor attribute of the graph itself; bodies have views of their own. Stops at
 * `*io_left` calls, which it counts down: what was put can so be taken back after a failure. */
static ort_status *constants_visit(ortp_view *view, constant_fn fn, uint32_t *io_count, uint32_t limit) {
    const orti_graph *graph = view->graph;
    for (uint32_t i = 0; i < orti_graph_value_count(graph); i++) {
        orti_tensor *tensor = constant_of(graph, i);
        if (!tensor) continue;
        if (*io_count == limit) return NULL;
        ORT_TRY(fn(&view->providers->store, tensor));
        ++*io_count;
    }
    for (uint32_t i = 0; i < view->order_count; i++) {
        const orti_node *node = orti_graph_node(graph, view->order[i]);
        for (uint32_t a = 0; a < node->attr_count; a++) {
            if (!node->attrs[a].tensor) continue;
            if (*io_count == limit) return NULL;
            ORT_TRY(fn(&view->providers->store, node->attrs[a].tensor));
            ++*io_count;
        }
    }
    return NULL;
}

/* ---- build ---- */

static ort_status *attr_fill(ortp_view *view, const orti_attr *attr, ortp_attr_info *out, ortp_constant *tensor) {
    *out = (ortp_attr_info){
        .size = sizeof *out, .kind = (uint32_t)attr->kind, .name = view_of(attr->name), .count = attr->count};
    ort_string_view *texts = NULL;
    switch (attr->kind) {
    case ORTI_ATTR_FLOAT:
        out->floats = &attr->f, out->count = 1;
        break;
    case ORTI_ATTR_FLOATS:
        out->floats = attr->floats;
        break;
    case ORTI_ATTR_INT:
        out->ints = &attr->i, out->count = 1;
        break;
    case ORTI_ATTR_INTS:
        out->ints = attr->ints;
        break;
    case ORTI_ATTR_STRING:
        ORT_TRY(orti_arena_alloc(&view->arena, 1, sizeof *texts, &texts));
        texts[0] = (ort_string_view){attr->text, attr->count};
        out->strings = texts, out->count = 1;
        break;
    case ORTI_ATTR_STRINGS:
        ORT_TRY(orti_arena_alloc(&view->arena, attr->count, sizeof *texts, &texts));
        for (uint32_t i = 0; i < attr->count; i++)
            texts[i] = (ort_string_view){attr->strings[i], attr->string_lengths[i]};
        out->strings = texts;
        break;
    case ORTI_ATTR_TENSOR:
        if (!attr->tensor) break;
        constant_fill(attr->tensor, tensor);
        out->tensor = tensor, out->count = 1;
        break;
    case ORTI_ATTR_GRAPH: {
        ortp_view *body = NULL;
        if (attr->graph) ORT_TRY(view_build(view->providers, attr->graph, NULL, NULL, &body));
        out->graph = body, out->count = 1;
        break;
    }
    default:
        break; /* a kind that the border has no span for: told by its number alone */
    }
    return NULL;
}

static void capture_count(const orti_graph *body, uint32_t *io_count, uint32_t *values) {
    for (uint32_t i = 0; body && i < orti_graph_value_count(body); i++) {
        const orti_value *value = orti_graph_value(body, i);
        if (value->kind != ORTI_VALUE_CAPTURE) continue;
        if (values) values[*io_count] = value->outer_id;
        ++*io_count;
    }
}

static void reads_collect(const orti_node *node, uint32_t *io_count, uint32_t *values) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == ORTI_NONE) continue;
        if (values) values[*io_count] = node->inputs[i];
        ++*io_count;
    }
    for (uint32_t a = 0; a < node->attr_count; a++) {
        const orti_attr *attr = &node->attrs[a];
        if (attr->kind == ORTI_ATTR_GRAPH) capture_count(attr->graph, io_count, values);
        for (uint32_t g = 0; attr->kind == ORTI_ATTR_GRAPHS && g < attr->count; g++)
            capture_count(attr->graphs[g], io_count, values);
    }
}

static ort_status *node_build(ortp_view *view, uint32_t id) {
    const orti_node *node = orti_graph_node(view->graph, id);
    view_node *facts = &view->facts[id];
    uint32_t count = 0;
    ORT_TRY(orti_arena_alloc(&view->arena, node->attr_count, sizeof *facts->attrs, &facts->attrs));
    ORT_TRY(orti_arena_alloc(&view->arena, node->attr_count, sizeof *facts->tensors, &facts->tensors));
    for (uint32_t i = 0; i < node->attr_count; i++)
        ORT_TRY(attr_fill(view, &node->attrs[i], &facts->attrs[i], &facts->tensors[i]));
    reads_collect(node, &count, NULL);
    ORT_TRY(orti_arena_alloc(&view->arena, count, sizeof *facts->reads, &facts->reads));
    reads_collect(node, &facts->read_count, facts->reads);
    if (node->body) ORT_TRY(view_build(view->providers, node->body, NULL, NULL, &facts->body));
    return NULL;
}

static ort_status *order_copy(ortp_view *view, const uint8_t *hidden) {
    const orti_node_id *order = NULL;
    uint32_t bound = orti_graph_node_count(view->graph), count = 0;
    ORT_TRY(orti_graph_order(view->graph, &order, &count));
    ORT_TRY(orti_arena_copy(&view->arena, order, count * sizeof *order, &view->order));
    view->order_count = count; /* what ends a view after a failure goes by it */
    ORT_TRY(orti_arena_alloc(&view->arena, view->order_count, sizeof *view->nodes, &view->nodes));
    ORT_TRY(orti_arena_alloc(&view->arena, bound, sizeof *view->positions, &view->positions));
    ORT_TRY(orti_arena_alloc(&view->arena, bound, 1, &view->is_shown));
    ORT_TRY(orti_arena_alloc(&view->arena, bound, sizeof *view->facts, &view->facts));
    for (uint32_t i = 0; i < bound; i++) view->positions[i] = ORTI_NONE;
    for (uint32_t i = 0; i < view->order_count; i++) {
        uint32_t id = view->order[i];
        view->positions[id] = i;
        if (hidden && hidden[id]) continue;
        view->is_shown[id] = 1;
        view->nodes[view->node_count++] = id;
    }
    return NULL;
}

static ort_status *values_copy(ortp_view *view, const uint8_t *known) {
    orti_graph *graph = view->graph;
    uint32_t bound = orti_graph_value_count(graph);
    if (known) ORT_TRY(orti_arena_copy(&view->arena, known, bound, &view->known));
    view->input_count = orti_graph_input_count(graph);
    view->output_count = orti_graph_output_count(graph);
    ORT_TRY(orti_arena_alloc(&view->arena, view->input_count, sizeof *view->inputs, &view->inputs));
    ORT_TRY(orti_arena_alloc(&view->arena, view->output_count, sizeof *view->outputs, &view->outputs));
    for (uint32_t i = 0; i < view->input_count; i++) view->inputs[i] = orti_graph_input(graph, i);
    for (uint32_t i = 0; i < view->output_count; i++) view->outputs[i] = orti_graph_output(graph, i);
    ORT_TRY(orti_arena_alloc(&view->arena, bound, sizeof *view->consumers, &view->consumers));
    ORT_TRY(orti_arena_alloc(&view->arena, bound, sizeof *view->consumer_counts, &view->consumer_counts));
    for (uint32_t i = 0; i < bound; i++) {
        const orti_node_id *ids = NULL;
        ORT_TRY(orti_graph_consumers(graph, i, &ids, &view->consumer_counts[i]));
        ORT_TRY(orti_arena_copy(&view->arena, ids, view->consumer_counts[i] * sizeof *ids, &view->consumers[i]));
    }
    return NULL;
}

static void bodies_destroy(ortp_view *view) {
    for (uint32_t i = 0; view->facts && i < view->order_count; i++) {
        view_node *facts = &view->facts[view->order[i]];
        const orti_node *node = orti_graph_node(view->graph, view->order[i]);
        for (uint32_t a = 0; facts->attrs && a < node->attr_count; a++) orti_view_destroy(facts->attrs[a].graph);
        orti_view_destroy(facts->body);
    }
}

static void view_free(ortp_view *view) {
    const orti_allocator *alloc = view->providers->alloc;
    bodies_destroy(view);
    orti_arena_finish(&view->arena);
    orti_arena_finish(&view->text_arena);
    orti_lock_finish(&view->text_lock);
    orti_free(alloc, view);
}

static ort_status *view_build(orti_providers *providers, orti_graph *graph, const uint8_t *hidden, const uint8_t *known,
                              ortp_view **out) {
    static _Atomic uint64_t epochs;
    ortp_view *view = NULL;
    ort_status *status = NULL;
    uint32_t put_count = 0, back_count = 0;
    ORT_TRY(orti_alloc(providers->alloc, 1, sizeof *view, &view));
    view->providers = providers;
    view->graph = graph;
    view->epoch = atomic_fetch_add(&epochs, 1) + 1;
    orti_arena_init(&view->arena, providers->alloc);
    orti_arena_init(&view->text_arena, providers->alloc);
    orti_lock_init(&view->text_lock);
    ORT_TRY_TO(done, status, order_copy(view, hidden));
    ORT_TRY_TO(done, status, values_copy(view, known));
    for (uint32_t i = 0; i < view->order_count; i++) ORT_TRY_TO(done, status, node_build(view, view->order[i]));
    ORT_TRY_TO(done, status, constants_visit(view, orti_store_put_constant, &put_count, UINT32_MAX));
    *out = view;
    return NULL;
done:
    ort_status_destroy(constants_visit(view, constant_take_back, &back_count, put_count));
    view_free(view);
    return status;
}

ort_status *orti_view_create(orti_providers *providers, orti_graph *graph, const uint8_t *hidden, const uint8_t *known,
                             const ortp_view **out) {
    ortp_view *view = NULL;
    *out = NULL;
    ORT_TRY(view_build(providers, graph, hidden, known, &view));
    *out = view;
    return NULL;
}

void orti_view_destroy(const ortp_view *const_view) {
    if (!const_view) return;
    /* Plugins see it const; the room that made it does not. */
    ortp_view *view = (ortp_view *)(uintptr_t)const_view;
    uint32_t back_count = 0;
    ort_status_destroy(constants_visit(view, constant_take_back, &back_count, UINT32_MAX));
    view_free(view);
}

uint64_t orti_view_epoch(const ortp_view *view) {
    return view->epoch;
}

const orti_graph *orti_view_graph(const ortp_view *view) {
    return view->graph;
}

const uint32_t *orti_view_reads(const ortp_view *view, uint32_t id, uint32_t *out_count) {
    *out_count = view->facts[id].read_count;
    return view->facts[id].reads;
}

/* ---- the border's graph table ---- */

static ort_status *host_graph(const ortp_view *view, ortp_graph_info *out) {
    const ortp_graph_info full = {.size = sizeof full,
                                  .node_bound = orti_graph_node_count(view->graph),
                                  .value_bound = orti_graph_value_count(view->graph),
                                  .node_count = view->node_count,
                                  .symbol_count = orti_dim_symbol_count(orti_graph_pool(view->graph)),
                                  .nodes = view->nodes,
                                  .input_count = view->input_count,
                                  .output_count = view->output_count,
                                  .inputs = view->inputs,
                                  .outputs = view->outputs,
                                  .epoch = view->epoch};
    return orti_give_struct(out, &full, sizeof full, ORTP_GRAPH_INFO_SIZE_0_0, "graph");
}

/* A deleted node is none. */
static ort_status *node_find(const ortp_view *view, uint32_t id, const orti_node **out) {
    if (id >= orti_graph_node_count(view->graph) || view->positions[id] == ORTI_NONE)
        ORT_FAIL(INVALID_ARGUMENT, "graph '%s' has no node %u", orti_graph_name(view->graph), id);
    *out = orti_graph_node(view->graph, id);
    return NULL;
}

static ort_status *value_find(const ortp_view *view, uint32_t id, const orti_value **out) {
    if (id >= orti_graph_value_count(view->graph))
        ORT_FAIL(INVALID_ARGUMENT, "graph '%s' has no value %u", orti_graph_name(view->graph), id);
    *out = orti_graph_value(view->graph, id);
    return NULL;
}

static ort_status *host_node(const ortp_view *view, uint32_t id, ortp_node_info *out) {
    const orti_node *node = NULL;
    ORT_TRY(node_find(view, id, &node));
    const ortp_node_info full = {.size = sizeof full,
                                 .flags = node->body ? ORTP_NODE_HAS_BODY : 0,
                                 .name = view_of(node->name),
                                 .domain = view_of(node->domain),
                                 .op_type = view_of(node->op_type),
                                 .since_version = node->since_version,
                                 .until_version = node->until_version,
                                 .input_count = node->input_count,
                                 .output_count = node->output_count,
                                 .inputs = node->inputs,
                                 .outputs = node->outputs,
                                 .attr_count = node->attr_count};
    return orti_give_struct(out, &full, sizeof full, ORTP_NODE_INFO_SIZE_0_0, "node");
}

static ort_status *host_attr(const ortp_view *view, uint32_t id, uint32_t index, ortp_attr_info *out) {
    const orti_node *node = NULL;
    ORT_TRY(node_find(view, id, &node));
    if (index >= node->attr_count) ORT_FAIL(INVALID_ARGUMENT, "node '%s' has no attribute %u", node->name, index);
    return orti_give_struct(out, &view->facts[id].attrs[index], sizeof *out, ORTP_ATTR_INFO_SIZE_0_0, "attr");
}

static ort_status *host_value(const ortp_view *view, uint32_t id, ortp_value_info *out) {
    const orti_value *value = NULL;
    ORT_TRY(value_find(view, id, &value));
    uint32_t flags = (value->is_output ? ORTP_VALUE_IS_OUTPUT : 0) | (value->has_shape ? ORTP_VALUE_HAS_SHAPE : 0) |
                     (view->known && view->known[id] ? ORTP_VALUE_IS_KNOWN : 0);
    const ortp_value_info full = {.size = sizeof full,
                                  .flags = flags,
                                  .kind = (uint32_t)value->kind,
                                  .dtype = value->type == ORTI_TYPE_TENSOR ? value->dtype : ORT_DTYPE_NONE,
                                  .name = view_of(value->name),
                                  .rank = value->has_shape ? value->rank : 0,
                                  .producer = value->producer,
                                  .dims = value->has_shape ? value->dims : NULL,
                                  .consumer_count = view->consumer_counts[id],
                                  .known_count = value->known ? value->known->count : 0,
                                  .consumers = view->consumers[id],
                                  .known = value->known ? value->known->dims : NULL};
    return orti_give_struct(out, &full, sizeof full, ORTP_VALUE_INFO_SIZE_0_0, "value");
}

static ort_status *host_constant(const ortp_view *view, uint32_t id, ortp_constant *out) {
    const orti_value *value = NULL;
    ortp_constant full;
    ORT_TRY(value_find(view, id, &value));
    const orti_tensor *tensor = constant_of(view->graph, id);
    if (!tensor) ORT_FAIL(INVALID_ARGUMENT, "value '%s' is no constant", value->name);
    constant_fill(tensor, &full);
    return orti_give_struct(out, &full, sizeof full, ORTP_CONSTANT_SIZE_0_0, "constant");
}

static ort_status *host_body(const ortp_view *view, uint32_t id, const ortp_view **out) {
    const orti_node *node = NULL;
    *out = NULL;
    ORT_TRY(node_find(view, id, &node));
    *out = view->facts[id].body;
    return NULL;
}

static uint32_t host_dim_eval(const ortp_view *view, ortp_dim dim, const int64_t *symbols, uint64_t symbol_count,
                              int64_t *out) {
    uint32_t count = symbol_count > UINT32_MAX ? UINT32_MAX : (uint32_t)symbol_count;
    return dim != ORTP_DIM_UNKNOWN && orti_dim_eval(orti_graph_pool(view->graph), dim, symbols, count, out);
}

static ort_string_view host_dim_text(const ortp_view *const_view, ortp_dim dim) {
    ortp_view *view = (ortp_view *)(uintptr_t)const_view;
    const char *copy = NULL;
    orti_text text;
    if (dim == ORTP_DIM_UNKNOWN) return view_of("?");
    orti_text_init(&text, view->providers->alloc);
    orti_dim_print(orti_graph_pool(view->graph), dim, &text);
    orti_lock_take(&view->text_lock);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&view->text_arena, text.data, text.length, &copy);
    orti_lock_give(&view->text_lock);
    orti_text_finish(&text);
    ort_status_destroy(status);
    return view_of(copy);
}

static ort_string_view host_symbol_name(const ortp_view *view, uint32_t symbol) {
    const orti_dim_pool *pool = orti_graph_pool(view->graph);
    return view_of(symbol < orti_dim_symbol_count(pool) ? orti_dim_symbol_name(pool, symbol) : "");
}

const ortp_host_graph orti_host_graph = {.size = sizeof(ortp_host_graph),
                                         .graph = host_graph,
                                         .node = host_node,
                                         .attr = host_attr,
                                         .value = host_value,
                                         .constant = host_constant,
                                         .body = host_body,
                                         .dim_eval = host_dim_eval,
                                         .dim_text = host_dim_text,
                                         .symbol_name = host_symbol_name};
