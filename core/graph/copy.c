#include "graph/inner.h"

/* Dimensions of one pool as dimensions of another. `memo` remembers what was translated. */
typedef struct dim_move {
    const orti_dim_pool *from;
    orti_dim_pool *to; /* NULL: the pool is shared and nothing changes */
    orti_map memo;
} dim_move;

static ort_status *graph_copy_into(const orti_graph *from, orti_graph *outer, dim_move *move, orti_graph **out);

/* Symbols first and in order, so that symbol i is symbol i in both pools. */
static ort_status *symbols_move(const dim_move *move) {
    for (uint32_t i = 0; i < orti_dim_symbol_count(move->from); i++) {
        orti_dim ignored;
        ORT_TRY(orti_dim_symbol(move->to, orti_dim_symbol_name(move->from, i), &ignored));
    }
    return NULL;
}

static ort_status *dim_move_one(dim_move *move, orti_dim dim, const orti_allocator *alloc, orti_dim *out) {
    *out = dim;
    if (dim >= 0 || dim == ORTI_DIM_INVALID || !move->to) return NULL;
    uint32_t known = orti_map_find(&move->memo, (const char *)&dim, sizeof dim);
    if (known != ORTI_MAP_NONE) {
        *out = -(orti_dim)known - 1;
        return NULL;
    }
    orti_text text;
    orti_text_init(&text, alloc);
    orti_dim_print(move->from, dim, &text);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_dim_parse(move->to, text.data, text.length, out);
    orti_text_finish(&text);
    /* Ids of expressions are small negative numbers; others are translated anew each time. */
    if (!status && *out < 0 && -(*out + 1) < UINT32_MAX)
        status = orti_map_set(&move->memo, (const char *)&dim, sizeof dim, (uint32_t)(-(*out + 1)));
    return status;
}

static ort_status *dims_copy(orti_graph *to, dim_move *move, const orti_dim *dims, uint32_t count, orti_dim **out) {
    ORT_TRY(orti_arena_alloc(&to->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) ORT_TRY(dim_move_one(move, dims[i], to->arena.alloc, &(*out)[i]));
    return NULL;
}

static ort_status *text_copy(orti_graph *to, const char *text, const char **out) {
    return orti_arena_string(&to->arena, text, strlen(text), out);
}

static ort_status *value_copy(orti_graph *to, dim_move *move, const orti_value *from) {
    orti_value *copy = NULL;
    ORT_TRY(orti_arena_copy(&to->arena, from, sizeof *from, &copy));
    copy->known = NULL;
    ORT_TRY(text_copy(to, from->name, &copy->name));
    if (from->type_text) ORT_TRY(text_copy(to, from->type_text, &copy->type_text));
    ORT_TRY(dims_copy(to, move, from->dims, from->rank, &copy->dims));
    if (from->known) {
        ORT_TRY(orti_arena_copy(&to->arena, from->known, sizeof *from->known, &copy->known));
        ORT_TRY(dims_copy(to, move, from->known->dims, from->known->count, &copy->known->dims));
    }
    ORT_TRY(orti_map_set(&to->names, copy->name, strlen(copy->name), to->value_count));
    if (copy->constant) orti_tensor_retain(copy->constant);
    to->values[to->value_count++] = copy;
    return NULL;
}

static ort_status *attr_graphs_copy(orti_graph *to, dim_move *move, const orti_attr *from, orti_attr *copy) {
    orti_graph **graphs = NULL;
    if (from->graph) ORT_TRY(graph_copy_into(from->graph, to, move, &copy->graph));
    if (!from->graphs) return NULL;
    ORT_TRY(orti_arena_alloc(&to->arena, from->count, sizeof *graphs, &graphs));
    copy->graphs = graphs;
    for (uint32_t i = 0; i < from->count; i++) ORT_TRY(graph_copy_into(from->graphs[i], to, move, &graphs[i]));
    return NULL;
}

static ort_status *attrs_copy(orti_graph *to, dim_move *move, const orti_node *from, orti_node *copy) {
    size_t capacity = 1; /* a power of two, as attr.c grows it */
    while (capacity < from->attr_count) capacity *= 2;
    ORT_TRY(orti_arena_alloc(&to->arena, capacity, sizeof *copy->attrs, &copy->attrs));
    for (uint32_t i = 0; i < from->attr_count; i++) {
        orti_attr plain = from->attrs[i], *attr = &copy->attrs[i];
        plain.graph = NULL;
        plain.graphs = NULL;
        ORT_TRY(orti_graph_attr_copy(to, &plain, attr));
        copy->attr_count++;
        ORT_TRY(attr_graphs_copy(to, move, &from->attrs[i], attr));
    }
    return NULL;
}

static ort_status *node_copy(orti_graph *to, dim_move *move, const orti_node *from) {
    orti_node *copy = NULL;
    ORT_TRY(orti_arena_copy(&to->arena, from, sizeof *from, &copy));
    copy->attr_count = 0;
    copy->attrs = NULL;
    copy->body = NULL;
    ORT_TRY(text_copy(to, from->name, &copy->name));
    ORT_TRY(text_copy(to, from->domain, &copy->domain));
    ORT_TRY(text_copy(to, from->op_type, &copy->op_type));
    ORT_TRY(orti_arena_copy(&to->arena, from->inputs, from->input_count * sizeof *from->inputs, &copy->inputs));
    ORT_TRY(orti_arena_copy(&to->arena, from->outputs, from->output_count * sizeof *from->outputs, &copy->outputs));
    to->nodes[to->node_count++] = copy; /* from here on destroying `to` cleans up */
    if (from->is_deleted) return NULL;
    if (from->body) ORT_TRY(graph_copy_into(from->body, to, move, &copy->body));
    return attrs_copy(to, move, from, copy);
}

static ort_status *list_copy(orti_graph *to, id_list *list, const id_list *from) {
    ORT_TRY(orti_graph_list_resize(to, list, from->count));
    if (from->count) memcpy(list->ids, from->ids, from->count * sizeof *from->ids);
    return NULL;
}

static ort_status *graph_fill(orti_graph *to, dim_move *move, const orti_graph *from) {
    const orti_allocator *alloc = to->arena.alloc;
    ORT_TRY(text_copy(to, from->name, &to->name));
    to->unique_count = from->unique_count;
    ORT_TRY(orti_grow(alloc, &to->values, &to->value_capacity, from->value_count, sizeof *to->values));
    ORT_TRY(orti_grow(alloc, &to->nodes, &to->node_capacity, from->node_count, sizeof *to->nodes));
    for (uint32_t i = 0; i < from->value_count; i++) ORT_TRY(value_copy(to, move, from->values[i]));
    for (uint32_t i = 0; i < from->node_count; i++) ORT_TRY(node_copy(to, move, from->nodes[i]));
    ORT_TRY(list_copy(to, &to->inputs, &from->inputs));
    return list_copy(to, &to->outputs, &from->outputs);
}

static ort_status *graph_copy_into(const orti_graph *from, orti_graph *outer, dim_move *move, orti_graph **out) {
    orti_graph *copy = NULL;
    *out = NULL;
    ORT_TRY(orti_graph_create(from->arena.alloc, outer, &copy));
    ort_status *status = graph_fill(copy, move, from);
    if (status)
        orti_graph_destroy(copy);
    else
        *out = copy;
    return status;
}

/* The pool of a main graph is copied: two graphs that are edited by two threads share nothing that is written. */
ort_status *orti_graph_copy(const orti_graph *graph, orti_graph **out) {
    orti_graph *copy = NULL;
    ort_status *status = NULL;
    *out = NULL;
    ORT_TRY(orti_graph_create(graph->arena.alloc, graph->outer, &copy));
    dim_move move = {.from = graph->pool, .to = graph->outer ? NULL : copy->pool};
    orti_map_init(&move.memo, graph->arena.alloc);
    if (move.to) ORT_TRY_TO(done, status, symbols_move(&move));
    ORT_TRY_TO(done, status, graph_fill(copy, &move, graph));
    *out = copy;
    copy = NULL;
done:
    orti_map_finish(&move.memo);
    orti_graph_destroy(copy);
    return status;
}
