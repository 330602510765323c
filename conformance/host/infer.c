/* Shapes with numbers, for one prepare. */
#include "host/graph.h"
#include "host/inner.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_MAX 1024u /* elements, as ortp_shape says */

typedef struct told_shapes {
    ortp_shape shapes[ORTC_VALUES_MAX];
    int64_t dims[ORTC_VALUES_MAX][ORTC_RANK_MAX];
} told_shapes;

struct ortp_shapes {
    ortc_host *host;
    const ortc_graph *graph;
    told_shapes *told;
    atomic_bool is_open;
    struct ortp_shapes *next;
};

static void shape_tell(told_shapes *told, const ortc_graph *graph, uint32_t id, const int64_t *symbols,
                       uint64_t symbol_count) {
    const ortc_value *value = &graph->values[id];
    ortp_shape *shape = &told->shapes[id];
    *shape = (ortp_shape){.size = sizeof *shape, .dtype = value->dtype, .rank = value->rank, .dims = told->dims[id]};
    for (uint32_t i = 0; i < value->rank; i++) {
        told->dims[id][i] = ortc_dim_number(graph, value->dims[i], symbols, symbol_count);
        if (told->dims[id][i] == ORTP_DIM_UNKNOWN) shape->is_partial = 1;
    }
    uint32_t bytes = ortc_dtype_bytes(value->dtype);
    if (!value->data || bytes == 0 || value->size_bytes / bytes > KNOWN_MAX) return;
    shape->known = value->data;
    shape->known_bytes = value->size_bytes;
}

static ortp_shapes *shapes_make(ortc_host *host, const ortc_graph *graph) {
    ortp_shapes *shapes = calloc(1, sizeof *shapes);
    if (!shapes) return NULL;
    shapes->host = host;
    shapes->graph = graph;
    shapes->told = ortc_block_create(host, ORTC_USE_LENT, sizeof *shapes->told, 16);
    atomic_store(&shapes->is_open, true);
    pthread_mutex_lock(&host->lock);
    shapes->next = host->shapes;
    host->shapes = shapes;
    pthread_mutex_unlock(&host->lock);
    return shapes->told ? shapes : NULL;
}

ortp_shapes *ortc_shapes_create(ortc_host *host, const ortc_graph *graph, const int64_t *symbols,
                                uint64_t symbol_count) {
    ortp_shapes *shapes = shapes_make(host, graph);
    if (!shapes) return NULL;
    for (uint32_t i = 0; i < graph->value_count; i++) shape_tell(shapes->told, graph, i, symbols, symbol_count);
    return shapes;
}

void ortc_shapes_close(ortp_shapes *shapes) {
    if (shapes && atomic_exchange(&shapes->is_open, false)) ortc_block_destroy(shapes->told);
}

void ortc_shapes_finish(ortc_host *host) {
    while (host->shapes) {
        ortp_shapes *next = host->shapes->next;
        ortc_shapes_close(host->shapes);
        free(host->shapes);
        host->shapes = next;
    }
}

static ort_status *shapes_check(const ortp_shapes *shapes, uint32_t value) {
    if (!atomic_load(&shapes->is_open)) {
        ortc_fault_note("lifetime.after_release", "shapes were asked after their prepare had ended");
        return ortc_status_create(shapes->host, ORT_CODE_INVALID_ARGUMENT, "these shapes have ended");
    }
    if (value < shapes->graph->value_count) return NULL;
    return ortc_status_create(shapes->host, ORT_CODE_INVALID_ARGUMENT, "the graph has no value %u", value);
}

static ort_status *shape(const ortp_shapes *shapes, uint32_t value, ortp_shape *out) {
    ort_status *status = shapes_check(shapes, value);
    return status ? status
                  : ortc_give_struct(shapes->host, out, &shapes->told->shapes[value], sizeof *out, ORTP_SHAPE_SIZE_0_0,
                                     "shape");
}

static ort_status *resolve(ortp_host_context *context, const ortp_shapes *shapes, const uint32_t *values,
                           const int64_t *const *dims, uint64_t value_count, const ortp_shapes **out) {
    *out = NULL;
    for (uint64_t i = 0; i < value_count; i++) {
        ort_status *status = shapes_check(shapes, values[i]);
        if (status) return status;
    }
    ortp_shapes *found = shapes_make(context, shapes->graph);
    if (!found) return ortc_status_create(context, ORT_CODE_OUT_OF_MEMORY, "no memory for shapes");
    memcpy(found->told, shapes->told, sizeof *found->told);
    for (uint32_t i = 0; i < found->graph->value_count; i++) found->told->shapes[i].dims = found->told->dims[i];
    for (uint64_t i = 0; i < value_count; i++) {
        ortp_shape *at = &found->told->shapes[values[i]];
        memcpy(found->told->dims[values[i]], dims[i], at->rank * sizeof *dims[i]);
        at->is_partial = 0;
    }
    *out = found;
    return NULL;
}

static ort_status *set(ortp_shapes *shapes, uint32_t node, uint32_t index, uint32_t dtype, const ortp_dim *dims,
                       uint32_t rank) {
    (void)index, (void)dtype, (void)dims, (void)rank;
    ortc_fault_note("host.calls", "a shape function set an output of node %u, and none was asked for", node);
    return ortc_status_create(shapes->host, ORT_CODE_INVALID_ARGUMENT, "no shape of node %u was asked for", node);
}

const ortp_host_infer ortc_infer_table = {
    .size = sizeof(ortp_host_infer), .shape = shape, .resolve = resolve, .set = set};
