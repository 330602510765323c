/* One thin function for each slot of a plugin's tables: called, looked at, named. */
#include "providers/internal.h"

#define TABLE(table) (instance->provider->table)

/* A success without the object that was promised is none. */
static ort_status *given(const orti_instance *instance, const char *function, ort_status *status, const void *object) {
    if (status) return ORT_NOTE(status, "provider '%s'", instance->provider->manifest.name);
    return object ? NULL : orti_breach(instance, function, "succeeded and gave nothing");
}

static ort_status *not_offered(const orti_instance *instance, const char *function) {
    ORT_FAIL(UNSUPPORTED, "provider '%s' does not offer '%s'", instance->provider->manifest.name, function);
}

/* ---- program ---- */

ort_status *orti_program_compile(orti_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    ortp_program *program = NULL;
    *out = NULL;
    ort_status *status = TABLE(program).compile(instance->handle, args, &program);
    ORT_TRY(given(instance, "compile", status, program));
    *out = program;
    return NULL;
}

void orti_program_destroy(orti_instance *instance, ortp_program *program) {
    if (program) TABLE(program).program_destroy(program);
}

ort_status *orti_program_prepare(orti_instance *instance, ortp_program *program, const ortp_prepare_args *args,
                                 ortp_plan **out) {
    ortp_plan *plan = NULL;
    *out = NULL;
    ort_status *status = TABLE(program).prepare(program, args, &plan);
    ORT_TRY(given(instance, "prepare", status, plan));
    *out = plan;
    return NULL;
}

ort_status *orti_plan_describe(orti_instance *instance, const ortp_plan *plan, uint32_t device, ortp_plan_info *out) {
    ortp_plan_info info = {.size = sizeof info};
    const ortp_device_info *facts = orti_instance_device(instance, device);
    *out = (ortp_plan_info){0};
    if (!facts) ORT_FAIL(INVALID_ARGUMENT, "provider '%s': no device %u", instance->provider->manifest.name, device);
    TABLE(program).plan_describe(plan, &info);
    if (!info.workspace_align_bytes) info.workspace_align_bytes = ORTI_ALIGN_BYTES;
    if (info.size < ORTP_PLAN_INFO_SIZE_0_0 || info.size > sizeof info)
        return orti_breach(instance, "plan_describe", "filled %u bytes", info.size);
    if (info.workspace_align_bytes & (info.workspace_align_bytes - 1))
        return orti_breach(instance, "plan_describe", "wants a workspace aligned to %llu bytes",
                           (unsigned long long)info.workspace_align_bytes);
    if (info.workspace_space >= facts->space_count)
        return orti_breach(instance, "plan_describe", "wants its workspace from space %u of %u", info.workspace_space,
                           facts->space_count);
    if (!info.ranges) info.range_count = 0;
    for (uint64_t i = 0; i < info.range_count; i++)
        if (info.ranges[i].min > info.ranges[i].max)
            return orti_breach(instance, "plan_describe", "holds in an empty range of symbol %u",
                               info.ranges[i].symbol);
    *out = info;
    return NULL;
}

void orti_plan_destroy(orti_instance *instance, ortp_plan *plan) {
    if (plan) TABLE(program).plan_destroy(plan);
}

ort_status *orti_plan_bind(orti_instance *instance, ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    ortp_binding *binding = NULL;
    *out = NULL;
    ort_status *status = TABLE(program).bind(plan, args, &binding);
    ORT_TRY(given(instance, "bind", status, binding));
    *out = binding;
    return NULL;
}

void orti_plan_unbind(orti_instance *instance, ortp_binding *binding) {
    if (binding) TABLE(program).binding_destroy(binding);
}

ort_status *orti_binding_rebind(orti_instance *instance, ortp_binding *binding, const ortp_bind_args *args) {
    return orti_instance_note(instance, TABLE(program).rebind(binding, args));
}

ort_status *orti_binding_launch(orti_instance *instance, ortp_binding *binding, const ortp_run_args *args) {
    return orti_instance_note(instance, TABLE(program).run(binding, args));
}

/* ---- memory ---- */

ort_status *orti_buffer_alloc(orti_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                              uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    const ortp_device_info *facts = orti_instance_device(instance, device);
    ortp_buffer *buffer = NULL;
    *out = NULL;
    if (!facts || space >= facts->space_count)
        ORT_FAIL(INVALID_ARGUMENT, "provider '%s': no space %u of device %u", instance->provider->manifest.name, space,
                 device);
    uint64_t align = align_bytes > facts->spaces[space].align_bytes ? align_bytes : facts->spaces[space].align_bytes;
    ort_status *status = TABLE(memory).alloc(instance->handle, device, space, size_bytes, align, after, &buffer);
    ORT_TRY(given(instance, "alloc", status, buffer));
    *out = buffer;
    return NULL;
}

void orti_buffer_release(orti_instance *instance, ortp_buffer *buffer, ortp_point after) {
    if (buffer) TABLE(memory).release(instance->handle, buffer, after);
}

ort_status *orti_buffer_map(orti_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                            void **out) {
    void *memory = NULL;
    *out = NULL;
    if (!TABLE(memory).map || !TABLE(memory).unmap) return not_offered(instance, "map");
    ort_status *status = TABLE(memory).map(instance->handle, buffer, offset_bytes, size_bytes, &memory);
    ORT_TRY(given(instance, "map", status, memory));
    *out = memory;
    return NULL;
}

void orti_buffer_unmap(orti_instance *instance, ortp_buffer *buffer) {
    if (TABLE(memory).unmap) TABLE(memory).unmap(instance->handle, buffer);
}

ort_status *orti_buffer_import(orti_instance *instance, uint32_t device, const ortp_share *share, ortp_buffer **out) {
    ortp_buffer *buffer = NULL;
    *out = NULL;
    if (!TABLE(memory).import) return not_offered(instance, "import");
    ort_status *status = TABLE(memory).import(instance->handle, device, share, &buffer);
    ORT_TRY(given(instance, "import", status, buffer));
    *out = buffer;
    return NULL;
}

ort_status *orti_buffer_export(orti_instance *instance, ortp_buffer *buffer, ortp_share *share) {
    if (!TABLE(memory).export_as) return not_offered(instance, "export_as");
    return orti_instance_note(instance, TABLE(memory).export_as(instance->handle, buffer, share));
}

ort_status *orti_instance_memory_stats(orti_instance *instance, uint32_t device, uint32_t space,
                                       ortp_memory_stats *out) {
    *out = (ortp_memory_stats){.size = sizeof *out};
    if (!TABLE(memory).stats) return not_offered(instance, "stats");
    return orti_instance_note(instance, TABLE(memory).stats(instance->handle, device, space, out));
}

ort_status *orti_instance_trim(orti_instance *instance, uint32_t device, uint64_t budget_bytes) {
    if (!TABLE(memory).trim) return NULL; /* it keeps nothing */
    return orti_instance_note(instance, TABLE(memory).trim(instance->handle, device, budget_bytes));
}

/* ---- queues, timelines, points ---- */

ort_status *orti_queue_create(orti_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    ortp_queue *queue = NULL;
    *out = NULL;
    ort_status *status = TABLE(queue).create(instance->handle, device, flags, &queue);
    ORT_TRY(given(instance, "queue create", status, queue));
    *out = queue;
    return NULL;
}

void orti_queue_destroy(orti_instance *instance, ortp_queue *queue) {
    if (queue) TABLE(queue).destroy(queue);
}

void orti_queue_describe(orti_instance *instance, const ortp_queue *queue, ortp_queue_info *out) {
    *out = (ortp_queue_info){.size = sizeof *out};
    TABLE(queue).describe(queue, out);
}

ort_status *orti_queue_copy(orti_instance *instance, ortp_queue *queue, const ortp_copy *copies, uint64_t copy_count,
                            const ortp_order *order) {
    if (!copy_count && !order) return NULL;
    return orti_instance_note(instance, TABLE(queue).copy(queue, copies, sizeof *copies, copy_count, order));
}

ort_status *orti_timeline_create(orti_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    ortp_timeline *timeline = NULL;
    *out = NULL;
    ort_status *status = TABLE(queue).timeline_create(instance->handle, initial_value, &timeline);
    ORT_TRY(given(instance, "timeline_create", status, timeline));
    *out = timeline;
    return NULL;
}

void orti_timeline_destroy(orti_instance *instance, ortp_timeline *timeline) {
    if (timeline) TABLE(queue).timeline_destroy(timeline);
}

uint32_t orti_point_state(orti_instance *instance, ortp_point point, ort_status **out_failure) {
    if (out_failure) *out_failure = NULL;
    if (!point.timeline) return ORTP_POINT_REACHED;
    uint32_t state = TABLE(queue).point_state(point, out_failure);
    if (state <= ORTP_POINT_FAILED) {
        if (out_failure) *out_failure = orti_instance_note(instance, *out_failure);
        return state;
    }
    if (out_failure)
        *out_failure = orti_status_join(orti_breach(instance, "point_state", "answered %u", state), *out_failure);
    return ORTP_POINT_FAILED;
}

ort_status *orti_point_wait(orti_instance *instance, ortp_point point, uint64_t timeout_ns) {
    if (!point.timeline) return NULL;
    return orti_instance_note(instance, TABLE(queue).point_wait(point, timeout_ns));
}

ort_status *orti_point_on_settled(orti_instance *instance, ortp_point point, ortp_settled_fn fn, void *user) {
    if (point.timeline) return orti_instance_note(instance, TABLE(queue).on_settled(point, fn, user));
    fn(user, NULL);
    return NULL;
}

ort_status *orti_timeline_signal(orti_instance *instance, ortp_timeline *timeline, uint64_t value,
                                 ort_status *failure_taken) {
    return orti_instance_note(instance, TABLE(queue).host_signal(timeline, value, failure_taken));
}
