#include "graph/inner.h"

/* Producers of each live node's reads: deps[starts[n]] to deps[starts[n + 1]]. */
typedef struct order_work {
    const orti_graph *graph;
    uint32_t *starts, *deps, *stack, *cursors;
    uint8_t *states; /* 0 not met, 1 on the stack, 2 done */
    uint32_t node;
    uint64_t dep_count;
    bool is_filling;
} order_work;

static void dep_visit(void *user, orti_value_id value) {
    order_work *work = user;
    if (value >= work->graph->value_count) return; /* verify names it */
    orti_node_id producer = work->graph->values[value]->producer;
    if (producer >= work->graph->node_count || work->graph->nodes[producer]->is_deleted) return;
    if (work->is_filling) work->deps[work->dep_count] = producer;
    work->dep_count++;
}

static ort_status *deps_walk(order_work *work, bool is_filling) {
    work->is_filling = is_filling;
    work->dep_count = 0;
    for (uint32_t n = 0; n < work->graph->node_count; n++) {
        if (is_filling) work->starts[n] = (uint32_t)work->dep_count;
        const orti_node *node = work->graph->nodes[n];
        if (!node->is_deleted) orti_graph_node_reads(node, dep_visit, work);
    }
    if (work->dep_count > UINT32_MAX) ORT_FAIL(LIMIT_EXCEEDED, "graph '%s' has too many edges", work->graph->name);
    if (is_filling) work->starts[work->graph->node_count] = (uint32_t)work->dep_count;
    return NULL;
}

static ort_status *work_create(order_work *work) {
    const orti_allocator *alloc = work->graph->arena.alloc;
    size_t count = work->graph->node_count;
    ORT_TRY(deps_walk(work, false));
    ORT_TRY(orti_alloc(alloc, count + 1, sizeof(uint32_t), &work->starts));
    ORT_TRY(orti_alloc(alloc, (size_t)work->dep_count, sizeof(uint32_t), &work->deps));
    ORT_TRY(orti_alloc(alloc, count, sizeof(uint32_t), &work->stack));
    ORT_TRY(orti_alloc(alloc, count, sizeof(uint32_t), &work->cursors));
    ORT_TRY(orti_alloc(alloc, count, 1, &work->states));
    return deps_walk(work, true);
}

static void work_finish(order_work *work) {
    const orti_allocator *alloc = work->graph->arena.alloc;
    orti_free(alloc, work->starts);
    orti_free(alloc, work->deps);
    orti_free(alloc, work->stack);
    orti_free(alloc, work->cursors);
    orti_free(alloc, work->states);
}

/* Depth first from `root`, producers before readers; a node met while it is on the stack closes a cycle. */
static ort_status *order_from(order_work *work, uint32_t root, id_list *order) {
    uint32_t depth = 0;
    work->stack[depth++] = root;
    work->states[root] = 1;
    work->cursors[root] = work->starts[root];
    while (depth) {
        uint32_t top = work->stack[depth - 1];
        if (work->cursors[top] == work->starts[top + 1]) {
            work->states[top] = 2;
            order->ids[order->count++] = top;
            depth--;
            continue;
        }
        uint32_t next = work->deps[work->cursors[top]++];
        if (work->states[next] == 1)
            ORT_FAIL(INVALID_MODEL, "graph '%s': node '%s' (%s) is on a cycle", work->graph->name,
                     work->graph->nodes[next]->name, work->graph->nodes[next]->op_type);
        if (work->states[next] == 2) continue;
        work->states[next] = 1;
        work->cursors[next] = work->starts[next];
        work->stack[depth++] = next;
    }
    return NULL;
}

/* Roots are taken by id, so a graph whose nodes are in order already keeps that order. */
static ort_status *order_rebuild(orti_graph *graph) {
    order_work work = {.graph = graph};
    ort_status *status = NULL;
    ORT_TRY_TO(done, status, work_create(&work));
    ORT_TRY_TO(done, status, orti_graph_list_resize(graph, &graph->order, graph->node_count));
    graph->order.count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (work.states[n] == 0 && !graph->nodes[n]->is_deleted)
            ORT_TRY_TO(done, status, order_from(&work, n, &graph->order));
    graph->has_order = true;
done:
    work_finish(&work);
    return status;
}

ort_status *orti_graph_order(orti_graph *graph, const orti_node_id **out_ids, uint32_t *out_count) {
    *out_ids = NULL;
    *out_count = 0;
    if (!graph->has_order) ORT_TRY(order_rebuild(graph));
    *out_ids = graph->order.ids;
    *out_count = graph->order.count;
    return NULL;
}

/* ---- consumers ---- */

typedef struct use_work {
    orti_graph *graph;
    uint32_t *last_node; /* by value: the node counted last, so that each reader counts once */
    uint32_t node;
    bool is_filling;
} use_work;

static void use_visit(void *user, orti_value_id value) {
    use_work *work = user;
    orti_graph *graph = work->graph;
    if (value >= graph->value_count || work->last_node[value] == work->node) return;
    work->last_node[value] = work->node;
    uint32_t *slot = &graph->use_starts.ids[value + 1];
    if (work->is_filling) graph->uses.ids[*slot] = work->node;
    ++*slot;
}

static void uses_walk(use_work *work, bool is_filling) {
    work->is_filling = is_filling;
    memset(work->last_node, 0xff, work->graph->value_count * sizeof *work->last_node); /* ORTI_NONE */
    for (uint32_t n = 0; n < work->graph->node_count; n++) {
        work->node = n;
        if (!work->graph->nodes[n]->is_deleted) orti_graph_node_reads(work->graph->nodes[n], use_visit, work);
    }
}

/* A counting sort: while filling, starts[v + 1] runs from v's first use to its end, which is where v + 1's begin. */
static ort_status *uses_fill(use_work *work) {
    orti_graph *graph = work->graph;
    uint32_t *starts = graph->use_starts.ids;
    uint64_t total = 0;
    memset(starts, 0, graph->use_starts.count * sizeof *starts);
    uses_walk(work, false);
    for (uint32_t v = 0; v < graph->value_count; v++) {
        uint32_t count = starts[v + 1];
        starts[v + 1] = (uint32_t)total;
        total += count;
        if (total > UINT32_MAX) ORT_FAIL(LIMIT_EXCEEDED, "graph '%s' has too many edges", graph->name);
    }
    ORT_TRY(orti_graph_list_resize(graph, &graph->uses, (uint32_t)total));
    uses_walk(work, true);
    return NULL;
}

static ort_status *uses_rebuild(orti_graph *graph) {
    use_work work = {.graph = graph};
    ORT_TRY(orti_graph_list_resize(graph, &graph->use_starts, graph->value_count + 1));
    ORT_TRY(orti_alloc(graph->arena.alloc, graph->value_count, sizeof *work.last_node, &work.last_node));
    ort_status *status = graph->value_count ? uses_fill(&work) : NULL;
    orti_free(graph->arena.alloc, work.last_node);
    graph->has_uses = !status;
    return status;
}

ort_status *orti_graph_consumers(orti_graph *graph, orti_value_id value, const orti_node_id **out_ids,
                                 uint32_t *out_count) {
    *out_ids = NULL;
    *out_count = 0;
    ORT_TRY(orti_graph_check_value(graph, value));
    if (!graph->has_uses) ORT_TRY(uses_rebuild(graph));
    const uint32_t *starts = graph->use_starts.ids;
    *out_count = starts[value + 1] - starts[value];
    *out_ids = *out_count ? graph->uses.ids + starts[value] : NULL;
    return NULL;
}
