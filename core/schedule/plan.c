/* One plan, for one set of input shapes. */
#include "schedule/inner.h"

#include <stdatomic.h>
#include <string.h>

/* ---- keys ---- */

static bool is_key_contents(const orti_schedule *schedule, uint32_t input, const orti_tensor *tensor) {
    return schedule->needs_contents[input] && tensor->element_count <= ORTI_KNOWN_MAX &&
           tensor->dtype != ORT_DTYPE_STRING;
}

static size_t content_words(const orti_tensor *tensor) {
    return (size_t)(tensor->size_bytes + sizeof(int64_t) - 1) / sizeof(int64_t);
}

bool orti_plan_fits(const orti_plan *plan, orti_tensor *const *inputs) {
    const orti_schedule *schedule = plan->schedule;
    const int64_t *key = plan->key;
    for (uint32_t i = 0; i < schedule->input_count; i++) {
        const orti_tensor *tensor = inputs[i];
        if (*key++ != tensor->rank) return false;
        for (uint32_t k = 0; k < tensor->rank; k++)
            if (*key++ != tensor->dims[k]) return false;
        if (!is_key_contents(schedule, i, tensor)) continue;
        if (tensor->size_bytes && memcmp(key, tensor->data, (size_t)tensor->size_bytes) != 0) return false;
        key += content_words(tensor);
    }
    return true;
}

static ort_status *key_make(orti_plan *plan, orti_tensor *const *inputs) {
    const orti_schedule *schedule = plan->schedule;
    size_t length = 0;
    for (uint32_t i = 0; i < schedule->input_count; i++)
        length += 1u + inputs[i]->rank + (is_key_contents(schedule, i, inputs[i]) ? content_words(inputs[i]) : 0);
    ORT_TRY(orti_arena_alloc(&plan->arena, length, sizeof(int64_t), &plan->key));
    int64_t *key = plan->key;
    for (uint32_t i = 0; i < schedule->input_count; i++) {
        const orti_tensor *tensor = inputs[i];
        *key++ = tensor->rank;
        for (uint32_t k = 0; k < tensor->rank; k++) *key++ = tensor->dims[k];
        if (!is_key_contents(schedule, i, tensor)) continue;
        if (tensor->size_bytes) memcpy(key, tensor->data, (size_t)tensor->size_bytes);
        key += content_words(tensor);
    }
    return NULL;
}

/* ---- shapes ---- */

static ort_status *facts_make(plan_builder *builder, orti_tensor *const *inputs) {
    const orti_schedule *schedule = builder->schedule;
    orti_fact *facts = NULL;
    ORT_TRY(orti_alloc(schedule->alloc, schedule->input_count, sizeof *facts, &facts));
    for (uint32_t i = 0; i < schedule->input_count; i++) {
        orti_tensor *tensor = inputs[i];
        facts[i] = (orti_fact){.dtype = tensor->dtype, .has_shape = true, .rank = tensor->rank};
        memcpy(facts[i].dims, tensor->dims, tensor->rank * sizeof(int64_t));
        if (is_key_contents(schedule, i, tensor)) facts[i].known = tensor;
    }
    ort_status *status = orti_facts_create(schedule->graph, facts, schedule->input_count, &builder->facts);
    orti_free(schedule->alloc, facts);
    return status;
}

static ort_status *symbols_keep(plan_builder *builder) {
    orti_plan *plan = builder->plan;
    const int64_t *symbols = orti_facts_symbols(builder->facts, &plan->symbol_count);
    return orti_arena_copy(&plan->arena, symbols, plan->symbol_count * sizeof *symbols, &plan->symbols);
}

/* ---- outputs ---- */

static ort_status *output_describe(plan_builder *builder, uint32_t index, orti_plan_output *out) {
    orti_value_id id = orti_graph_output(builder->schedule->graph, index);
    const orti_value *value = orti_graph_value(builder->schedule->graph, id);
    const orti_fact *fact = orti_facts_get(builder->facts, id);
    const orti_tensor *constant = value->constant;
    int64_t count = 0;
    out->dtype = constant ? constant->dtype : fact ? fact->dtype : value->dtype;
    out->rank = constant ? constant->rank : fact && fact->has_shape ? fact->rank : 0;
    ORT_TRY(orti_arena_alloc(&builder->plan->arena, out->rank, sizeof(int64_t), &out->dims));
    if (out->rank) memcpy(out->dims, constant ? constant->dims : fact->dims, out->rank * sizeof(int64_t));
    out->is_told = (!constant && (!fact || !fact->has_shape)) || !orti_shape_count(out->dims, out->rank, &count) ||
                   !orti_dtype_bytes(out->dtype, count, &out->size_bytes);
    return NULL;
}

/* The bytes of an output that no program writes. */
static ort_status *fixed_find(plan_builder *builder, uint32_t index, orti_fixed_output *out, bool *out_is_fixed) {
    orti_graph *graph = builder->schedule->graph;
    orti_value_id id = orti_graph_output(graph, index);
    const orti_value *value = orti_graph_value(graph, id);
    const orti_fact *fact = orti_facts_get(builder->facts, id);
    orti_tensor *tensor = value->constant;
    *out = (orti_fixed_output){index, ORTI_NONE, ORTI_NONE, NULL};
    *out_is_fixed = true;
    if (builder->output_of[id] != index) {
        out->same_as = builder->output_of[id];
    } else if (value->kind == ORTI_VALUE_INPUT) {
        out->input = 0;
        while (orti_graph_input(graph, out->input) != id) out->input++;
    } else if (builder->schedule->partitioning->is_known_value[id]) {
        if (!fact || !fact->known)
            ORT_FAIL(UNSUPPORTED, "graph output '%s' should follow from the shapes, and does not for these",
                     value->name);
        tensor = fact->known;
    } else {
        *out_is_fixed = value->kind == ORTI_VALUE_CONSTANT;
    }
    if (tensor) out->tensor = orti_tensor_retain(tensor);
    return NULL;
}

static ort_status *outputs_make(plan_builder *builder) {
    orti_plan *plan = builder->plan;
    orti_graph *graph = builder->schedule->graph;
    uint32_t value_count = orti_graph_value_count(graph), count = orti_graph_output_count(graph);
    ORT_TRY(orti_arena_alloc(&plan->arena, count, sizeof *plan->outputs, &plan->outputs));
    ORT_TRY(orti_arena_alloc(&plan->arena, count, sizeof *plan->fixed, &plan->fixed));
    ORT_TRY(orti_arena_alloc(&plan->arena, value_count, sizeof(uint32_t), &builder->output_of));
    for (uint32_t i = 0; i < value_count; i++) builder->output_of[i] = ORTI_NONE;
    for (uint32_t i = count; i-- > 0;) builder->output_of[orti_graph_output(graph, i)] = i;
    plan->output_count = count;
    for (uint32_t i = 0; i < count; i++) {
        bool is_fixed;
        ORT_TRY(output_describe(builder, i, &plan->outputs[i]));
        ORT_TRY(fixed_find(builder, i, &plan->fixed[plan->fixed_count], &is_fixed));
        plan->fixed_count += is_fixed;
        const orti_tensor *tensor = is_fixed ? plan->fixed[plan->fixed_count - 1].tensor : NULL;
        if (!tensor) continue;
        /* Strings too: their bytes are known here. */
        plan->outputs[i].is_told = false;
        plan->outputs[i].size_bytes = tensor->size_bytes;
    }
    return NULL;
}

/* ---- operations ---- */

static ort_status *workspace_place(plan_builder *builder, const orti_step *step, orti_operation *operation) {
    const orti_prepared *prepared = operation->prepared;
    if (!prepared->workspace_bytes) return NULL;
    uint32_t domain =
        orti_schedule_domain(builder->schedule, step->instance, step->part->device, prepared->workspace_space);
    if (domain == UINT32_MAX)
        return orti_instance_note(step->instance,
                                  ORT_STATUS(PLUGIN, "a plan wants its workspace from space %u, which is not there",
                                             prepared->workspace_space));
    return orti_builder_add_block(builder, domain, prepared->workspace_bytes, prepared->workspace_align_bytes,
                                  &operation->workspace);
}

static ort_status *step_plan(plan_builder *builder, uint32_t index) {
    const orti_step *step = &builder->schedule->steps[index];
    const orti_partition *part = step->part;
    orti_prepared *prepared = NULL;
    orti_operation operation = {.action = ORTI_ACTION_RUN,
                                .step = index,
                                .queue = step->queue,
                                .input_count = part->input_count,
                                .output_count = part->output_count};
    ORT_TRY(orti_arena_alloc(&builder->plan->arena, part->input_count, sizeof(orti_place), &operation.inputs));
    ORT_TRY(orti_arena_alloc(&builder->plan->arena, part->output_count, sizeof(orti_place), &operation.outputs));
    for (uint32_t i = 0; i < part->input_count; i++)
        ORT_TRY(orti_builder_locate(builder, part->inputs[i], step->input_domains[i], &operation.inputs[i]));
    for (uint32_t i = 0; i < part->output_count; i++) {
        ORT_TRY(orti_builder_place(builder, part->outputs[i], step->output_domains[i], &operation.outputs[i]));
        operation.has_told_outputs |= operation.outputs[i].kind == ORTI_PLACE_TOLD;
    }
    ORT_TRY(orti_builder_prepare(builder, step, &prepared));
    operation.prepared = prepared;
    ort_status *status = workspace_place(builder, step, &operation);
    if (!status) status = orti_builder_add_operation(builder, &operation);
    if (status) {
        orti_prepared_release(builder->schedule, prepared);
        return status;
    }
    return orti_builder_fetch_outputs(builder, step);
}

static ort_status *plan_fill(plan_builder *builder, orti_tensor *const *inputs) {
    orti_plan *plan = builder->plan;
    ORT_TRY(key_make(plan, inputs));
    ORT_TRY(facts_make(builder, inputs));
    ORT_TRY(symbols_keep(builder));
    ORT_TRY(outputs_make(builder));
    ORT_TRY(orti_arena_alloc(&plan->arena, builder->schedule->domain_count, sizeof(uint64_t), &plan->domain_bytes));
    ORT_TRY(orti_arena_alloc(&plan->arena, builder->schedule->queue_count, sizeof(uint64_t), &plan->queue_values));
    /* Less is alive at once where the graph's own order is kept. */
    for (uint32_t i = 0; i < builder->schedule->step_count; i++)
        ORT_TRY(step_plan(builder, builder->schedule->is_frugal ? i : builder->schedule->order[i]));
    if (builder->schedule->is_frugal) {
        ORT_TRY(orti_builder_lay_out(builder));
        return orti_builder_depend(builder);
    }
    ORT_TRY(orti_builder_depend(builder));
    return orti_builder_lay_out(builder);
}

ort_status *orti_plan_create(orti_schedule *schedule, orti_tensor *const *inputs, orti_plan **out) {
    orti_plan *plan = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(schedule->alloc, 1, sizeof *plan, &plan));
    atomic_init(&plan->ref_count, 1);
    plan->schedule = schedule;
    orti_arena_init(&plan->arena, schedule->alloc);
    plan_builder builder = {.schedule = schedule, .plan = plan};
    ort_status *status = plan_fill(&builder, inputs);
    orti_facts_destroy(builder.facts);
    orti_free(schedule->alloc, builder.present);
    orti_free(schedule->alloc, builder.blocks);
    orti_free(schedule->alloc, builder.before);
    if (status)
        orti_plan_release(plan);
    else
        *out = plan;
    return status;
}

orti_plan *orti_plan_retain(orti_plan *plan) {
    atomic_fetch_add_explicit(&plan->ref_count, 1, memory_order_relaxed);
    return plan;
}

void orti_plan_release(orti_plan *plan) {
    if (!plan || atomic_fetch_sub_explicit(&plan->ref_count, 1, memory_order_acq_rel) != 1) return;
    orti_schedule *schedule = plan->schedule;
    for (uint32_t i = 0; i < plan->operation_count; i++) orti_prepared_release(schedule, plan->operations[i].prepared);
    for (uint32_t i = 0; i < plan->fixed_count; i++) orti_tensor_release(plan->fixed[i].tensor);
    orti_free(schedule->alloc, plan->operations);
    orti_arena_finish(&plan->arena);
    orti_free(schedule->alloc, plan);
}
