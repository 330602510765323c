#include "schedule/inner.h"

#include <string.h>

uint32_t orti_schedule_domain(const orti_schedule *schedule, const orti_instance *instance, uint32_t device,
                              uint32_t space) {
    if (orti_instance_is_host_addressable(instance, device)) return 0;
    for (uint32_t i = 1; i < schedule->domain_count; i++) {
        const orti_domain *domain = &schedule->domains[i];
        if (domain->instance == instance && domain->device == device && domain->space == space) return i;
    }
    return UINT32_MAX;
}

/* All spaces of a device that the host can't address become memories, once. */
static ort_status *domains_add(orti_schedule *schedule, orti_instance *instance, uint32_t device, size_t *capacity) {
    if (orti_schedule_domain(schedule, instance, device, 0) != UINT32_MAX) return NULL;
    const ortp_device_info *info = orti_instance_device(instance, device);
    for (uint32_t space = 0; space < info->space_count; space++) {
        const char *spaces = (const char *)info->spaces;
        const ortp_space_info *facts = (const void *)(spaces + (size_t)space * info->space_stride);
        uint64_t align = facts->align_bytes ? facts->align_bytes : ORTI_ALIGN_BYTES;
        ORT_TRY(
            orti_grow(schedule->alloc, &schedule->domains, capacity, schedule->domain_count + 1, sizeof(orti_domain)));
        schedule->domains[schedule->domain_count++] = (orti_domain){instance, device, space, align};
    }
    return NULL;
}

static ort_status *domain_of_value(orti_schedule *schedule, const orti_step *step, orti_value_id value,
                                   size_t *capacity, uint32_t *out) {
    const orti_partition *part = step->part;
    uint32_t device = part->device, space = 0;
    for (uint32_t i = 0; i < part->boundary_count; i++) {
        if (part->boundaries[i].value != value) continue;
        device = part->boundaries[i].device;
        space = part->boundaries[i].space;
    }
    if (device >= orti_instance_device_count(step->instance))
        return orti_instance_note(step->instance, ORT_STATUS(PLUGIN, "a proposal names device %u of %u", device,
                                                             orti_instance_device_count(step->instance)));
    ORT_TRY(domains_add(schedule, step->instance, device, capacity));
    *out = orti_schedule_domain(schedule, step->instance, device, space);
    if (*out == UINT32_MAX)
        return orti_instance_note(step->instance, ORT_STATUS(PLUGIN, "device %u has no space %u", device, space));
    return NULL;
}

static ort_status *step_domains(orti_schedule *schedule, orti_step *step, size_t *capacity) {
    const orti_partition *part = step->part;
    ORT_TRY(domains_add(schedule, step->instance, part->device, capacity));
    ORT_TRY(orti_arena_alloc(&schedule->arena, part->input_count, sizeof(uint32_t), &step->input_domains));
    ORT_TRY(orti_arena_alloc(&schedule->arena, part->output_count, sizeof(uint32_t), &step->output_domains));
    for (uint32_t i = 0; i < part->input_count; i++)
        ORT_TRY(domain_of_value(schedule, step, part->inputs[i], capacity, &step->input_domains[i]));
    for (uint32_t i = 0; i < part->output_count; i++)
        ORT_TRY(domain_of_value(schedule, step, part->outputs[i], capacity, &step->output_domains[i]));
    return NULL;
}

static ort_status *queue_add(orti_schedule *schedule, orti_instance *instance, uint32_t device, uint32_t flags,
                             size_t *capacity) {
    ORT_TRY(orti_grow(schedule->alloc, &schedule->queues, capacity, schedule->queue_count + 1,
                      sizeof(orti_schedule_queue)));
    orti_schedule_queue *queue = &schedule->queues[schedule->queue_count];
    ortp_queue_info info = {.size = sizeof info};
    ORT_TRY(orti_queue_create(instance, device, flags, &queue->queue));
    schedule->queue_count++;
    queue->instance = instance;
    queue->device = device;
    orti_queue_describe(instance, queue->queue, &info);
    queue->is_inline = info.flags & ORTP_QUEUE_INLINE;
    return NULL;
}

/* The queue for programs on a step's device, and next to it, where the host can't touch its memory, one for copies in
 * each direction: what goes there does not stand behind what comes back once a program is done. */
static ort_status *step_queues(orti_schedule *schedule, orti_step *step, size_t *capacity) {
    uint32_t device = step->part->device;
    bool is_host = orti_instance_is_host_addressable(step->instance, device);
    for (uint32_t i = 0; i < schedule->queue_count; i++) {
        if (schedule->queues[i].instance != step->instance || schedule->queues[i].device != device) continue;
        step->queue = i;
        step->copy_in_queue = is_host ? i : i + 1;
        step->copy_out_queue = is_host ? i : i + 2;
        return NULL;
    }
    step->queue = step->copy_in_queue = step->copy_out_queue = schedule->queue_count;
    ORT_TRY(queue_add(schedule, step->instance, device, is_host ? ORTP_QUEUE_INLINE : 0, capacity));
    if (is_host) return NULL;
    step->copy_in_queue += 1;
    step->copy_out_queue += 2;
    ORT_TRY(queue_add(schedule, step->instance, device, ORTP_QUEUE_COPY, capacity));
    return queue_add(schedule, step->instance, device, ORTP_QUEUE_COPY, capacity);
}

/* What crosses a border has to be a tensor whose bytes a plan can place. */
static ort_status *step_check(const orti_schedule *schedule, const orti_step *step) {
    const orti_partition *part = step->part;
    for (uint32_t i = 0; i < part->input_count + part->output_count; i++) {
        bool is_input = i < part->input_count;
        orti_value_id id = is_input ? part->inputs[i] : part->outputs[i - part->input_count];
        const orti_value *value = orti_graph_value(schedule->graph, id);
        if (value->type != ORTI_TYPE_TENSOR)
            ORT_FAIL(UNSUPPORTED, "value '%s' is a %s: what is no tensor is not run yet", value->name,
                     value->type_text ? value->type_text : "non-tensor");
        if (value->dtype == ORT_DTYPE_STRING && is_input && value->kind != ORTI_VALUE_INPUT)
            ORT_FAIL(UNSUPPORTED, "value '%s': strings that go from one provider's piece to another are not built yet",
                     value->name);
    }
    return NULL;
}

static ort_status *step_compile(const orti_schedule_request *request, orti_step *step) {
    const orti_partition *part = step->part;
    ortp_compile_job job = {0};
    ortp_compile_args args = {.size = sizeof args,
                              .token = part->token,
                              .view = request->partitioning->view,
                              .job = &job,
                              .inputs = part->inputs,
                              .outputs = part->outputs,
                              .input_count = part->input_count,
                              .output_count = part->output_count,
                              .setting_stride = sizeof(ortp_setting),
                              .policy = request->policy,
                              .cancel = request->cancel};
    if (request->settings) {
        args.settings = request->settings[part->candidate].settings;
        args.setting_count = request->settings[part->candidate].count;
    }
    const orti_node *first = orti_graph_node(request->partitioning->graph, part->nodes[0]);
    ort_status *status = orti_program_compile(step->instance, &args, &step->program);
    return status ? ORT_NOTE(status, "piece of %u nodes from node '%s' on", part->node_count, first->name) : NULL;
}

static ort_status *contents_find(orti_schedule *schedule) {
    uint32_t count = schedule->input_count = orti_graph_input_count(schedule->graph);
    ORT_TRY(orti_arena_alloc(&schedule->arena, count, sizeof(bool), &schedule->needs_contents));
    for (uint32_t i = 0; i < count; i++) {
        schedule->needs_contents[i] = orti_infer_needs_contents(schedule->graph, i);
        schedule->has_contents_key |= schedule->needs_contents[i];
    }
    return NULL;
}

static ort_status *schedule_fill(orti_schedule *schedule, const orti_schedule_request *request) {
    size_t domain_capacity = 0, queue_capacity = 0;
    const orti_partitioning *parts = request->partitioning;
    ORT_TRY(orti_grow(schedule->alloc, &schedule->domains, &domain_capacity, 1, sizeof(orti_domain)));
    schedule->domains[0] = (orti_domain){.align_bytes = ORTI_ALIGN_BYTES};
    schedule->domain_count = 1;
    ORT_TRY(contents_find(schedule));
    ORT_TRY(orti_arena_alloc(&schedule->arena, parts->part_count, sizeof(orti_step), &schedule->steps));
    for (uint32_t i = 0; i < parts->part_count; i++) {
        orti_step *step = &schedule->steps[i];
        step->part = &parts->parts[i];
        step->instance = request->candidates[step->part->candidate].instance;
        step->hot = orti_instance_hot_table(step->instance);
        schedule->step_count++;
        ORT_TRY(step_check(schedule, step));
        ORT_TRY(step_domains(schedule, step, &domain_capacity));
        ORT_TRY(step_queues(schedule, step, &queue_capacity));
        ORT_TRY(step_compile(request, step));
    }
    ORT_TRY(orti_schedule_order(schedule));
    return orti_schedule_cache_create(schedule, request->plan_limit);
}

ort_status *orti_schedule_create(const orti_schedule_request *request, orti_schedule **out) {
    orti_schedule *schedule = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(request->alloc, 1, sizeof *schedule, &schedule));
    schedule->alloc = request->alloc;
    orti_arena_init(&schedule->arena, request->alloc);
    schedule->graph = request->partitioning->graph;
    schedule->partitioning = request->partitioning;
    schedule->host_limit_bytes = request->host_limit_bytes;
    ort_status *status = schedule_fill(schedule, request);
    if (status)
        orti_schedule_destroy(schedule);
    else
        *out = schedule;
    return status;
}

void orti_schedule_destroy(orti_schedule *schedule) {
    if (!schedule) return;
    orti_schedule_cache_destroy(schedule);
    for (uint32_t i = 0; i < schedule->step_count; i++)
        orti_program_destroy(schedule->steps[i].instance, schedule->steps[i].program);
    for (uint32_t i = 0; i < schedule->queue_count; i++)
        orti_queue_destroy(schedule->queues[i].instance, schedule->queues[i].queue);
    orti_free(schedule->alloc, schedule->queues);
    orti_free(schedule->alloc, schedule->domains);
    orti_arena_finish(&schedule->arena);
    orti_free(schedule->alloc, schedule);
}
