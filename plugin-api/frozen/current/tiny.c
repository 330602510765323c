/* A plugin on the border alone, as small as the border allows: one device that takes no node. A later core has to
 * accept its tables, list its device, and show it graphs. Nothing else of the project is included. */
#include <ort/plugin/plugin.h>

#include <string.h>

/* What there is one of: the handles only have to be told from NULL. */
struct ortp_plugin {
    const ortp_host *host;
};
struct ortp_instance {
    const ortp_host *host;
};

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

static ort_status *refuse(const ortp_host *host) {
    return host->core->status_create(host->context, ORT_CODE_UNSUPPORTED, view_of("the frozen plugin does no work"));
}

/* ---- claim ---- */

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    ortp_graph_info graph = {.size = sizeof graph};
    ort_status *status = instance->host->graph->graph(view, &graph);
    (void)policy;
    for (uint32_t i = 0; i < graph.node_count && !status; i++)
        if (!allowed || allowed[i])
            status = sink->decline(sink->user, graph.nodes[i], ORTP_DECLINE_OPERATOR, view_of("frozen: takes nothing"));
    return status;
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    (void)instance, (void)epoch, (void)tokens, (void)token_count;
}

/* ---- memory, queue, program: required, and never reached by who takes no node ---- */

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    (void)device, (void)space, (void)size_bytes, (void)align_bytes, (void)after;
    *out = NULL;
    return refuse(instance->host);
}

static void release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    (void)instance, (void)buffer, (void)after;
}

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    (void)device, (void)flags;
    *out = NULL;
    return refuse(instance->host);
}

static void queue_destroy(ortp_queue *queue) {
    (void)queue;
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    (void)queue, (void)out;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    (void)queue, (void)copies, (void)stride, (void)copy_count, (void)order;
    return NULL;
}

static ort_status *timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    (void)initial_value;
    *out = NULL;
    return refuse(instance->host);
}

static void timeline_destroy(ortp_timeline *timeline) {
    (void)timeline;
}

static uint32_t point_state(ortp_point point, ort_status **out_failure) {
    (void)point;
    if (out_failure) *out_failure = NULL;
    return ORTP_POINT_REACHED;
}

static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    (void)point, (void)timeout_ns;
    return NULL;
}

static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    (void)point;
    fn(user, NULL);
    return NULL;
}

static ort_status *host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    (void)timeline, (void)value, (void)failure;
    return NULL;
}

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    (void)args;
    *out = NULL;
    return refuse(instance->host);
}

static void program_destroy(ortp_program *program) {
    (void)program;
}

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    (void)program, (void)args, (void)out;
    return NULL;
}

static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    (void)plan, (void)out;
}

static void plan_destroy(ortp_plan *plan) {
    (void)plan;
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    (void)plan, (void)args, (void)out;
    return NULL;
}

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    (void)binding, (void)args;
    return NULL;
}

static void binding_destroy(ortp_binding *binding) {
    (void)binding;
}

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    (void)binding, (void)args;
    return NULL;
}

/* ---- plugin ---- */

static ort_status *create(const ortp_host *host, ortp_plugin **out) {
    *out = host->core->alloc(host->context, sizeof **out, 64);
    if (!*out) return host->core->status_create(host->context, ORT_CODE_OUT_OF_MEMORY, view_of("no memory is left"));
    (*out)->host = host;
    return NULL;
}

static void shutdown(ortp_plugin *plugin) {
    if (plugin) plugin->host->core->release(plugin->host->context, plugin);
}

static ort_status *device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason) {
    (void)plugin;
    *out_count = 1;
    *out_reason = view_of("");
    return NULL;
}

static ort_status *device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info space = {
        .size = sizeof space, .flags = ORTP_SPACE_DEVICE, .name = {"own", 3}, .align_bytes = 64};
    ortp_device_info info = {.size = sizeof info, .kind = ORTP_DEVICE_KIND_OTHER, .numa_node = ORTP_NONE};
    (void)plugin, (void)device;
    info.id = info.name = view_of("frozen");
    info.space_count = 1;
    info.space_stride = sizeof space;
    info.spaces = &space;
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
    return NULL;
}

static ort_status *open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    const ortp_host *host = plugin->host;
    (void)args;
    *out = host->core->alloc(host->context, sizeof **out, 64);
    if (!*out) return host->core->status_create(host->context, ORT_CODE_OUT_OF_MEMORY, view_of("no memory is left"));
    (*out)->host = host;
    return NULL;
}

static void close(ortp_instance *instance) {
    if (instance) instance->host->core->release(instance->host->context, instance);
}

static const ortp_memory_table memory = {.size = sizeof memory, .alloc = alloc, .release = release};
static const ortp_queue_table queue = {
    .size = sizeof queue,
    .create = queue_create,
    .destroy = queue_destroy,
    .describe = queue_describe,
    .copy = queue_copy,
    .timeline_create = timeline_create,
    .timeline_destroy = timeline_destroy,
    .point_state = point_state,
    .point_wait = point_wait,
    .on_settled = on_settled,
    .host_signal = host_signal,
};
static const ortp_claim_table claim = {.size = sizeof claim, .propose = propose, .settle = settle};
static const ortp_program_table program = {
    .size = sizeof program,
    .compile = compile,
    .program_destroy = program_destroy,
    .prepare = prepare,
    .plan_describe = plan_describe,
    .plan_destroy = plan_destroy,
    .bind = bind,
    .rebind = rebind,
    .binding_destroy = binding_destroy,
    .run = run,
};
static const ortp_plugin_table table = {
    .size = sizeof table,
    .id = {"org.orthrus.frozen", 18},
    .version = {"1.0", 3},
    .create = create,
    .shutdown = shutdown,
    .device_count = device_count,
    .device_describe = device_describe,
    .open = open,
    .close = close,
    .memory = &memory,
    .queue = &queue,
    .claim = &claim,
    .program = &program,
};

ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);
ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t newest = ORTP_ABI_MINOR;
    reply->min_minor = 0;
    reply->max_minor = ORTP_ABI_MINOR;
    reply->code = ORT_CODE_OK;
    if (request->major != ORTP_ABI_MAJOR || request->min_minor > newest) {
        strcpy(reply->text, "no common version of the plugin ABI");
        return reply->code = ORT_CODE_UNSUPPORTED;
    }
    reply->agreed_minor = request->max_minor < newest ? request->max_minor : newest;
    reply->plugin = &table;
    return ORT_CODE_OK;
}
