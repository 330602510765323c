/* The plugins' part of a plan: shapes are shown to each program, which answers with the symbols its plan holds for. */
#include "schedule/inner.h"

#include <stdatomic.h>
#include <string.h>

static void shape_from_tensor(const orti_tensor *tensor, ortp_shape *out) {
    out->dtype = tensor->dtype;
    out->rank = tensor->rank;
    out->dims = tensor->dims;
    if (tensor->element_count > ORTI_KNOWN_MAX) return;
    out->known = tensor->data;
    out->known_bytes = tensor->size_bytes;
}

static bool is_partial(const orti_fact *fact) {
    bool is_open = !fact->has_shape;
    for (uint32_t i = 0; i < fact->rank; i++) is_open |= fact->dims[i] < 0;
    return is_open;
}

static ort_status *shape_of(void *user, uint32_t value, ortp_shape *out) {
    const plan_builder *builder = user;
    orti_graph *graph = builder->schedule->graph;
    uint32_t size = out->size;
    if (value >= orti_graph_value_count(graph)) ORT_FAIL(INVALID_ARGUMENT, "there is no value %u", value);
    *out = (ortp_shape){.size = size};
    const orti_value *facts = orti_graph_value(graph, value);
    const orti_fact *fact = orti_facts_get(builder->facts, value);
    if (facts->kind == ORTI_VALUE_CONSTANT) {
        shape_from_tensor(facts->constant, out);
    } else if (fact) {
        out->dtype = fact->dtype;
        out->rank = fact->has_shape ? fact->rank : 0;
        out->dims = fact->dims;
        out->is_partial = is_partial(fact);
        if (fact->known) shape_from_tensor(fact->known, out);
    }
    return NULL;
}

static ort_status *prepared_describe(orti_prepared *prepared, const orti_step *step, const orti_allocator *alloc) {
    ortp_plan_info info = {0};
    ORT_TRY(orti_plan_describe(step->instance, prepared->plan, step->part->device, &info));
    prepared->workspace_bytes = info.workspace_bytes;
    prepared->workspace_align_bytes = info.workspace_align_bytes;
    prepared->workspace_space = info.workspace_space;
    prepared->launch_count = info.launch_count;
    if (!info.range_count || !info.ranges) return NULL;
    ORT_TRY(orti_alloc(alloc, info.range_count, sizeof *info.ranges, &prepared->ranges));
    memcpy(prepared->ranges, info.ranges, info.range_count * sizeof *info.ranges);
    prepared->range_count = info.range_count;
    return NULL;
}

static ort_status *prepared_create(plan_builder *builder, const orti_step *step, orti_prepared **out) {
    orti_prepared *prepared = NULL;
    uint32_t symbol_count = 0;
    const int64_t *symbols = orti_facts_symbols(builder->facts, &symbol_count);
    const ortp_shapes shapes = {.user = builder, .shape = shape_of};
    const ortp_prepare_args args = {
        .size = sizeof args, .symbols = symbols, .symbol_count = symbol_count, .shapes = &shapes};
    ORT_TRY(orti_alloc(builder->schedule->alloc, 1, sizeof *prepared, &prepared));
    atomic_init(&prepared->ref_count, 1);
    prepared->instance = step->instance;
    ort_status *status = orti_program_prepare(step->instance, step->program, &args, &prepared->plan);
    if (!status) status = prepared_describe(prepared, step, builder->schedule->alloc);
    if (status)
        orti_prepared_release(builder->schedule, prepared);
    else
        *out = prepared;
    return status;
}

ort_status *orti_builder_prepare(plan_builder *builder, const orti_step *step, orti_prepared **out) {
    uint32_t symbol_count = 0;
    const int64_t *symbols = orti_facts_symbols(builder->facts, &symbol_count);
    *out = orti_schedule_cache_prepared(builder->schedule, step, symbols, symbol_count);
    return *out ? NULL : prepared_create(builder, step, out);
}

orti_prepared *orti_prepared_retain(orti_prepared *prepared) {
    atomic_fetch_add_explicit(&prepared->ref_count, 1, memory_order_relaxed);
    return prepared;
}

void orti_prepared_release(const orti_schedule *schedule, orti_prepared *prepared) {
    if (!prepared || atomic_fetch_sub_explicit(&prepared->ref_count, 1, memory_order_acq_rel) != 1) return;
    orti_plan_destroy(prepared->instance, prepared->plan);
    orti_free(schedule->alloc, prepared->ranges);
    orti_free(schedule->alloc, prepared);
}
