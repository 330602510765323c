/* Where values lie, and the copies that bring them there. */
#include "schedule/inner.h"

#define BLOCK_BYTES_MAX (UINT64_C(1) << 62)

ort_status *orti_builder_add_operation(plan_builder *builder, const orti_operation *operation) {
    orti_plan *plan = builder->plan;
    ORT_TRY(orti_grow(builder->schedule->alloc, &plan->operations, &builder->operation_capacity,
                      plan->operation_count + 1u, sizeof *operation));
    plan->operations[plan->operation_count++] = *operation;
    return NULL;
}

ort_status *orti_builder_add_block(plan_builder *builder, uint32_t domain, uint64_t size_bytes, uint64_t align_bytes,
                                   orti_place *out) {
    const orti_schedule *schedule = builder->schedule;
    uint64_t least = schedule->domains[domain].align_bytes;
    if (align_bytes < least) align_bytes = least;
    /* So that no offset, aligned, wraps around. */
    if (size_bytes > BLOCK_BYTES_MAX || align_bytes > BLOCK_BYTES_MAX - size_bytes ||
        builder->block_bytes > BLOCK_BYTES_MAX - size_bytes - align_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "a run of graph '%s' takes more than 2^62 bytes for values between its pieces",
                 orti_graph_name(schedule->graph));
    builder->block_bytes += size_bytes + align_bytes;
    ORT_TRY(orti_grow(builder->schedule->alloc, &builder->blocks, &builder->block_capacity, builder->block_count + 1,
                      sizeof(plan_block)));
    builder->blocks[builder->block_count] =
        (plan_block){.domain = domain, .first = UINT32_MAX, .size_bytes = size_bytes, .align_bytes = align_bytes};
    *out = (orti_place){ORTI_PLACE_MEMORY, domain, builder->block_count++, size_bytes, ORT_DTYPE_NONE};
    return NULL;
}

static ort_status *present_add(plan_builder *builder, orti_value_id value, uint32_t domain, const orti_place *place) {
    ORT_TRY(orti_grow(builder->schedule->alloc, &builder->present, &builder->present_capacity,
                      builder->present_count + 1, sizeof(plan_copy_of_value)));
    builder->present[builder->present_count++] = (plan_copy_of_value){value, domain, *place};
    return NULL;
}

/* The value in `domain`, or in any with UINT32_MAX (the host first). */
static const plan_copy_of_value *present_find(const plan_builder *builder, orti_value_id value, uint32_t domain) {
    const plan_copy_of_value *found = NULL;
    for (size_t i = 0; i < builder->present_count; i++) {
        const plan_copy_of_value *at = &builder->present[i];
        if (at->value != value || (domain != UINT32_MAX && at->domain != domain)) continue;
        if (!found || at->domain < found->domain) found = at;
    }
    return found;
}

/* Bytes of a value; false when only the run tells its size. */
static bool value_size(const plan_builder *builder, orti_value_id value, uint64_t *out) {
    const orti_fact *fact = orti_facts_get(builder->facts, value);
    int64_t count;
    if (!fact || !fact->has_shape || !orti_shape_count(fact->dims, fact->rank, &count)) return false;
    return orti_dtype_bytes(fact->dtype, count, out);
}

static ort_dtype value_dtype(const plan_builder *builder, orti_value_id value) {
    const orti_fact *fact = orti_facts_get(builder->facts, value);
    return fact ? fact->dtype : orti_graph_value(builder->schedule->graph, value)->dtype;
}

static ort_status *told_failure(const plan_builder *builder, orti_value_id value) {
    const orti_value *facts = orti_graph_value(builder->schedule->graph, value);
    const orti_node *node = orti_graph_node(builder->schedule->graph, facts->producer);
    ORT_FAIL(UNSUPPORTED,
             "value '%s': its size is known only once node '%s' (%s) has run, and another provider's piece reads it; "
             "that is not built yet",
             facts->name, node->name, node->op_type);
}

/* The queue that copies to (`is_in`) or from a memory. */
static uint32_t copy_queue_of(const orti_schedule *schedule, uint32_t domain_index, bool is_in) {
    const orti_domain *domain = &schedule->domains[domain_index];
    uint32_t found = 0;
    for (uint32_t i = schedule->step_count; i-- > 0;) {
        const orti_step *step = &schedule->steps[i];
        if (step->instance != domain->instance) continue;
        found = is_in ? step->copy_in_queue : step->copy_out_queue;
        if (step->part->device == domain->device) return found;
    }
    return found;
}

static ort_status *add_copy(plan_builder *builder, const orti_place *from, const orti_place *to, uint32_t device_domain,
                            bool is_in) {
    orti_operation copy = {.action = ORTI_ACTION_COPY,
                           .queue = copy_queue_of(builder->schedule, device_domain, is_in),
                           .input_count = 1,
                           .output_count = 1};
    ORT_TRY(orti_arena_copy(&builder->plan->arena, from, sizeof *from, &copy.inputs));
    ORT_TRY(orti_arena_copy(&builder->plan->arena, to, sizeof *to, &copy.outputs));
    builder->plan->copy_count++;
    return orti_builder_add_operation(builder, &copy);
}

/* Brings a value from one memory to another, over the host where both are devices'. */
static ort_status *bring(plan_builder *builder, const plan_copy_of_value *source, uint32_t domain, orti_place *out) {
    orti_value_id value = source->value;
    orti_place from = source->place, to;
    uint32_t from_domain = source->domain;
    if (from_domain && domain) {
        ORT_TRY(bring(builder, source, 0, &from));
        from_domain = 0;
    }
    ORT_TRY(orti_builder_add_block(builder, domain, from.size_bytes, 0, &to));
    to.dtype = from.dtype;
    ORT_TRY(add_copy(builder, &from, &to, domain ? domain : from_domain, domain != 0));
    ORT_TRY(present_add(builder, value, domain, &to));
    *out = to;
    return NULL;
}

static ort_status *input_place(plan_builder *builder, orti_value_id value) {
    orti_graph *graph = builder->schedule->graph;
    orti_place place = {.kind = ORTI_PLACE_INPUT, .dtype = value_dtype(builder, value)};
    while (orti_graph_input(graph, place.index) != value) place.index++;
    /* The bytes of strings follow from the tensor, not from its shape: they are looked at when it is bound. */
    if (!value_size(builder, value, &place.size_bytes) && place.dtype != ORT_DTYPE_STRING)
        ORT_FAIL(BUG, "graph input '%s' has no size", orti_graph_value(graph, value)->name);
    return present_add(builder, value, 0, &place);
}

ort_status *orti_builder_locate(plan_builder *builder, orti_value_id value, uint32_t domain, orti_place *out) {
    const orti_value *facts = orti_graph_value(builder->schedule->graph, value);
    const plan_copy_of_value *found = present_find(builder, value, domain);
    if (!found && facts->kind == ORTI_VALUE_INPUT && !present_find(builder, value, UINT32_MAX)) {
        ORT_TRY(input_place(builder, value));
        found = present_find(builder, value, domain);
    }
    if (!found) {
        found = present_find(builder, value, UINT32_MAX);
        if (!found) ORT_FAIL(BUG, "value '%s' is read before it is made", facts->name);
        if (found->place.kind == ORTI_PLACE_TOLD) return told_failure(builder, value);
        if (found->place.dtype == ORT_DTYPE_STRING)
            ORT_FAIL(UNSUPPORTED, "value '%s': strings on a device of its own memory are not built yet", facts->name);
        const plan_copy_of_value source = *found;
        return bring(builder, &source, domain, out);
    }
    if (found->place.kind == ORTI_PLACE_TOLD) return told_failure(builder, value);
    *out = found->place;
    return NULL;
}

ort_status *orti_builder_place(plan_builder *builder, orti_value_id value, uint32_t domain, orti_place *out) {
    uint32_t output = builder->output_of[value];
    orti_place place = {.kind = ORTI_PLACE_OUTPUT, .index = output, .dtype = value_dtype(builder, value)};
    bool is_told = place.dtype == ORT_DTYPE_STRING || !value_size(builder, value, &place.size_bytes);
    if (is_told && (domain || output == ORTI_NONE)) return told_failure(builder, value);
    if (is_told) place.kind = ORTI_PLACE_TOLD;
    if (domain || output == ORTI_NONE) {
        ort_dtype dtype = place.dtype;
        ORT_TRY(orti_builder_add_block(builder, domain, place.size_bytes, 0, &place));
        place.dtype = dtype;
    }
    ORT_TRY(present_add(builder, value, domain, &place));
    *out = place;
    return NULL;
}

ort_status *orti_builder_fetch_outputs(plan_builder *builder, const orti_step *step) {
    for (uint32_t i = 0; i < step->part->output_count; i++) {
        orti_value_id value = step->part->outputs[i];
        uint32_t output = builder->output_of[value];
        if (output == ORTI_NONE || !step->output_domains[i]) continue;
        const plan_copy_of_value *source = present_find(builder, value, step->output_domains[i]);
        orti_place from = source->place;
        orti_place to = {ORTI_PLACE_OUTPUT, output, 0, from.size_bytes, from.dtype};
        ORT_TRY(add_copy(builder, &from, &to, step->output_domains[i], false));
        /* From now on the host has it: pieces there read the caller's memory. */
        ORT_TRY(present_add(builder, value, 0, &to));
    }
    return NULL;
}
