/* A tiny provider on the border's headers alone: one host device, Identity and Relu of float32, an inline queue.
 * Built again with one WRONG_ each, it is every wrong plugin of providers_test.c. */
#include "ort/plugin/plugin.h"

#include <string.h>

#if defined(WRONG_CRASH) || defined(WRONG_HANG) || defined(WRONG_EXIT)
#include <stdlib.h>
#include <unistd.h>
#endif

#ifndef PLUGIN_ID
#define PLUGIN_ID "org.orthrus.test.null"
#endif
#define TEXT(literal)                                                                                                  \
    { literal, sizeof(literal) - 1 }

struct ortp_plugin {
    const ortp_host *host;
};
struct ortp_instance {
    const ortp_host *host;
};
struct ortp_buffer {
    void *memory;
};
struct ortp_queue {
    const ortp_host *host;
    uint32_t device;
};
struct ortp_timeline {
    const ortp_host *host;
    uint64_t value;
    ort_status *failure;
};
struct ortp_program {
    const ortp_host *host;
    uint32_t input, is_relu;
};
struct ortp_plan {
    ortp_program *program;
    uint64_t count;
};
struct ortp_binding {
    ortp_plan *plan;
    const float *input;
    float *output;
};

static ort_status *fail(const ortp_host *host, ort_code code, const char *text) {
    return host->core->status_create(host->context, code, (ort_string_view){text, strlen(text)});
}

/* Zeroed; NULL when there is none. */
static void *make(const ortp_host *host, uint64_t size_bytes) {
    void *memory = host->core->alloc(host->context, size_bytes, 64);
    if (memory) memset(memory, 0, size_bytes);
    return memory;
}

#define MAKE(host, pointer)                                                                                            \
    do {                                                                                                               \
        (pointer) = make(host, sizeof *(pointer));                                                                     \
        if (!(pointer)) return fail(host, ORT_CODE_OUT_OF_MEMORY, "out of memory");                                    \
    } while (0)

/* ---- memory ---- */

__attribute__((unused)) static ort_status *null_alloc(ortp_instance *instance, uint32_t device, uint32_t space,
                                                      uint64_t size_bytes, uint64_t align_bytes, ortp_point after,
                                                      ortp_buffer **out) {
    ortp_buffer *buffer;
    (void)device, (void)space, (void)after;
    MAKE(instance->host, buffer);
    buffer->memory = instance->host->core->alloc(instance->host->context, size_bytes, align_bytes);
    if (!buffer->memory) {
        instance->host->core->release(instance->host->context, buffer);
        return fail(instance->host, ORT_CODE_OUT_OF_MEMORY, "out of memory");
    }
    *out = buffer;
    return NULL;
}

static void null_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    (void)after;
    instance->host->core->release(instance->host->context, buffer->memory);
    instance->host->core->release(instance->host->context, buffer);
}

static ort_status *null_map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                            void **out) {
    (void)instance, (void)size_bytes;
    *out = (char *)buffer->memory + offset_bytes;
    return NULL;
}

static void null_unmap(ortp_instance *instance, ortp_buffer *buffer) {
    (void)instance, (void)buffer;
}

static const ortp_memory_table memory = {.size = sizeof memory,
#ifndef WRONG_NULL_SLOT
                                         .alloc = null_alloc,
#endif
                                         .release = null_release,
                                         .map = null_map,
                                         .unmap = null_unmap};

/* ---- queue ---- */

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    ortp_queue *queue;
    (void)flags;
    MAKE(instance->host, queue);
    queue->host = instance->host;
    queue->device = device;
    *out = queue;
    return NULL;
}

static void queue_destroy(ortp_queue *queue) {
    if (queue) queue->host->core->release(queue->host->context, queue);
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    out->flags = ORTP_QUEUE_INLINE | ORTP_QUEUE_ORDERED;
    out->device = queue->device;
}

static void order_signal(const ortp_order *order) {
    if (order && order->signal.timeline && order->signal.value > order->signal.timeline->value)
        order->signal.timeline->value = order->signal.value;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    const char *at = (const char *)copies;
    (void)queue;
    for (uint64_t i = 0; i < copy_count; i++, at += stride) {
        const ortp_copy *copy = (const ortp_copy *)(const void *)at;
        const char *src = copy->src_buffer ? copy->src_buffer->memory : copy->src_host;
        char *dst = copy->dst_buffer ? copy->dst_buffer->memory : copy->dst_host;
        memcpy(dst + copy->dst_offset_bytes, src + copy->src_offset_bytes, copy->size_bytes);
    }
    order_signal(order);
    return NULL;
}

static ort_status *timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    ortp_timeline *timeline;
    MAKE(instance->host, timeline);
    timeline->host = instance->host;
    timeline->value = initial_value;
    *out = timeline;
    return NULL;
}

static void timeline_destroy(ortp_timeline *timeline) {
    if (!timeline) return;
    timeline->host->core->status_destroy(timeline->failure);
    timeline->host->core->release(timeline->host->context, timeline);
}

static uint32_t point_state(ortp_point point, ort_status **out_failure) {
    ortp_timeline *timeline = point.timeline;
    if (timeline->failure && out_failure)
        *out_failure = timeline->host->core->status_copy(timeline->host->context, timeline->failure);
    if (timeline->failure) return ORTP_POINT_FAILED;
    return point.value <= timeline->value ? ORTP_POINT_REACHED : ORTP_POINT_PENDING;
}

static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    ort_status *failure = NULL;
    (void)timeout_ns;
    uint32_t state = point_state(point, &failure);
    return state == ORTP_POINT_PENDING ? fail(point.timeline->host, ORT_CODE_DEADLINE, "nobody signals this point")
                                       : failure;
}

static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    if (point_state(point, NULL) == ORTP_POINT_PENDING)
        return fail(point.timeline->host, ORT_CODE_UNSUPPORTED, "an inline queue has no pending points");
    fn(user, point.timeline->failure);
    return NULL;
}

static ort_status *host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    if (value > timeline->value) timeline->value = value;
    timeline->failure = failure;
    return NULL;
}

static const ortp_queue_table queue = {.size = sizeof queue,
                                       .create = queue_create,
                                       .destroy = queue_destroy,
                                       .describe = queue_describe,
                                       .copy = queue_copy,
                                       .timeline_create = timeline_create,
                                       .timeline_destroy = timeline_destroy,
                                       .point_state = point_state,
                                       .point_wait = point_wait,
                                       .on_settled = on_settled,
                                       .host_signal = host_signal};

/* ---- claim ---- */

static uint32_t is_op(const ortp_node_info *node, const char *op_type) {
    return node->op_type.length == strlen(op_type) && memcmp(node->op_type.data, op_type, node->op_type.length) == 0;
}

/* Tokens are the node's id + 1. */
static ort_status *claim_node(ortp_instance *instance, const ortp_view *view, uint32_t id,
                              const ortp_claim_sink *sink) {
    static const ort_string_view why = TEXT("only Identity and Relu of float32");
    const ortp_host *host = instance->host;
    ortp_node_info node = {.size = sizeof node};
    ortp_value_info value = {.size = sizeof value};
    ort_status *status = host->graph->node(view, id, &node);
    if (!status) status = host->graph->value(view, node.inputs[0], &value);
    if (status) return status;
    if ((!is_op(&node, "Identity") && !is_op(&node, "Relu")) || value.dtype != ORT_DTYPE_F32)
        return sink->decline(sink->user, id, ORTP_DECLINE_OPERATOR, why);
    double cost = 100;
    ortp_proposal proposal = {.size = sizeof proposal,
                              .token = id + 1,
                              .node_count = 1,
                              .nodes = &id,
                              .node_cost_ns = &cost,
                              .cost_ns = cost};
    return sink->propose(sink->user, &proposal);
}

#if defined(WRONG_UNKNOWN_NODE) || defined(WRONG_NOT_ALLOWED) || defined(WRONG_TWICE) || defined(WRONG_TOKEN) ||       \
    defined(WRONG_CONVEX) || defined(WRONG_COST)
#define LIES
/* Says what the name of the build says, and nothing else. */
static ort_status *lie(const ortp_graph_info *graph, const ortp_claim_sink *sink) {
    uint32_t nodes[2] = {graph->nodes[0], graph->nodes[graph->node_count - 1]};
    ortp_proposal proposal = {.size = sizeof proposal, .token = 1, .node_count = 1, .nodes = nodes};
#ifdef WRONG_UNKNOWN_NODE
    nodes[0] = 4000000000u;
#elif defined(WRONG_TOKEN)
    proposal.token = 0;
#elif defined(WRONG_COST)
    proposal.cost_ns = -1;
#elif defined(WRONG_CONVEX)
    proposal.node_count = 2;
#elif defined(WRONG_TWICE)
    ort_status *status = sink->propose(sink->user, &proposal);
    if (status) return status;
    proposal.token = 2;
#endif
    return sink->propose(sink->user, &proposal);
}
#endif

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    ortp_graph_info graph = {.size = sizeof graph};
    ort_status *status = instance->host->graph->graph(view, &graph);
    (void)policy;
#ifdef LIES
    (void)allowed, (void)claim_node;
    return status ? status : lie(&graph, sink);
#else
    for (uint32_t i = 0; !status && i < graph.node_count; i++)
        if (!allowed || allowed[i]) status = claim_node(instance, view, graph.nodes[i], sink);
    return status;
#endif
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    (void)instance, (void)epoch, (void)tokens, (void)token_count;
}

static const ortp_claim_table claim = {
#ifdef WRONG_SHORT
    .size = 8,
#else
    .size = sizeof claim,
#endif
    .propose = propose,
    .settle = settle};

/* ---- program ---- */

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    ortp_program *program;
    ortp_node_info node = {.size = sizeof node};
    ort_status *status = instance->host->graph->node(args->view, (uint32_t)args->token - 1, &node);
    if (status) return status;
#ifdef WRONG_NULL_OUT
    return NULL;
#endif
    MAKE(instance->host, program);
    program->host = instance->host;
    program->input = node.inputs[0];
    program->is_relu = is_op(&node, "Relu");
    *out = program;
    return NULL;
}

static void program_destroy(ortp_program *program) {
    if (program) program->host->core->release(program->host->context, program);
}

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    ortp_shape shape = {.size = sizeof shape};
    ortp_plan *plan;
    ort_status *status = program->host->infer->shape(args->shapes, program->input, &shape);
    if (status) return status;
    MAKE(program->host, plan);
    plan->program = program;
    plan->count = 1;
    for (uint32_t i = 0; i < shape.rank; i++) plan->count *= (uint64_t)shape.dims[i];
    *out = plan;
    return NULL;
}

static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    (void)plan;
    out->launch_count = 1;
}

static void plan_destroy(ortp_plan *plan) {
    if (plan) plan->program->host->core->release(plan->program->host->context, plan);
}

static void *arg_address(const ortp_tensor_arg *arg) {
    char *base = arg->host ? arg->host : arg->buffer ? arg->buffer->memory : NULL;
    return base && !arg->host ? base + arg->offset_bytes : base;
}

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    const float *input = arg_address(&args->inputs[0]);
    float *output = arg_address(&args->outputs[0]);
    if (input) binding->input = input;
    if (output) binding->output = output;
    return NULL;
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    ortp_binding *binding;
    MAKE(plan->program->host, binding);
    binding->plan = plan;
    *out = binding;
    return rebind(binding, args);
}

static void binding_destroy(ortp_binding *binding) {
    if (binding) binding->plan->program->host->core->release(binding->plan->program->host->context, binding);
}

static void relu_range(void *user, int64_t begin, int64_t end, uint32_t slot) {
    ortp_binding *binding = user;
    uint32_t is_relu = binding->plan->program->is_relu;
    (void)slot;
    for (int64_t i = begin; i < end; i++) binding->output[i] = is_relu && binding->input[i] < 0 ? 0 : binding->input[i];
}

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    const ortp_host *host = binding->plan->program->host;
    host->exec->parallel_for(args->lane, (int64_t)binding->plan->count, 1024, relu_range, binding);
    order_signal(args->order);
    return NULL;
}

static const ortp_program_table program = {.size = sizeof program,
                                           .compile = compile,
                                           .program_destroy = program_destroy,
                                           .prepare = prepare,
                                           .plan_describe = plan_describe,
                                           .plan_destroy = plan_destroy,
                                           .bind = bind,
                                           .rebind = rebind,
                                           .binding_destroy = binding_destroy,
                                           .run = run};

/* ---- plugin ---- */

static ort_status *create(const ortp_host *host, ortp_plugin **out) {
    ortp_plugin *plugin;
    MAKE(host, plugin);
    plugin->host = host;
    *out = plugin;
    return NULL;
}

static void shutdown(ortp_plugin *plugin) {
    if (plugin) plugin->host->core->release(plugin->host->context, plugin);
}

static ort_status *device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason) {
    (void)plugin, (void)out_reason;
#ifdef WRONG_DEVICES
    *out_count = 4000000000u;
#else
    *out_count = 1;
#endif
    return NULL;
}

static ort_status *device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info space = {
        .size = sizeof space, .flags = ORTP_SPACE_HOST_VISIBLE, .name = TEXT("host"), .align_bytes = 64};
    (void)plugin, (void)device;
    /* A kind from a later version: unknown enums are tolerated. */
    out->kind = 77;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE;
#ifndef WRONG_DEVICE_ID
    out->id = (ort_string_view)TEXT("null:0");
#endif
    out->name = (ort_string_view)TEXT("a device that copies");
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32);
    out->space_count = 1;
    out->space_stride = sizeof space;
    out->spaces = &space;
    return NULL;
}

static ort_status *open_instance(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    ortp_instance *instance;
    (void)args;
    MAKE(plugin->host, instance);
    instance->host = plugin->host;
    *out = instance;
    return NULL;
}

static void close_instance(ortp_instance *instance) {
    if (instance) instance->host->core->release(instance->host->context, instance);
}

static const ort_string_view modes[] = {TEXT("fast"), TEXT("exact")};
static const ortp_option options[] = {
    {.size = sizeof(ortp_option), .kind = ORTP_SETTING_INT, .name = TEXT("threads"), .minimum = 1, .maximum = 64},
    {.size = sizeof(ortp_option),
     .kind = ORTP_SETTING_STRING,
     .name = TEXT("mode"),
     .choices = modes,
     .choice_count = 2}};
static const ortp_option_schema schema = {
    .size = sizeof schema, .stride = sizeof(ortp_option), .options = options, .option_count = 2};

static const ortp_plugin_table plugin_table = {.size = sizeof plugin_table,
#ifdef WRONG_ID
                                               .id = TEXT("org.orthrus.test.somebody.else"),
#else
                                               .id = TEXT(PLUGIN_ID),
#endif
                                               .version = TEXT("1.0"),
                                               .options = &schema,
                                               .create = create,
                                               .shutdown = shutdown,
                                               .device_count = device_count,
                                               .device_describe = device_describe,
                                               .open = open_instance,
                                               .close = close_instance,
                                               .memory = &memory,
                                               .queue = &queue,
                                               .claim = &claim,
                                               .program = &program};

#ifdef WRONG_SYMBOL
#define ENTRY ortp_entry_v7
#elif defined(STATIC_ENTRY)
#define ENTRY STATIC_ENTRY
#else
#define ENTRY ortp_entry_v0
#endif
ORT_EXPORT uint32_t ENTRY(const ortp_entry_request *request, ortp_entry_reply *reply);
uint32_t ENTRY(const ortp_entry_request *request, ortp_entry_reply *reply) {
    (void)request;
#ifdef WRONG_TOO_NEW
    reply->min_minor = reply->max_minor = 9;
    reply->code = ORT_CODE_UNSUPPORTED;
    strcpy(reply->text, "needs ABI 0.9");
    return reply->code;
#elif defined(WRONG_AGREED)
    reply->agreed_minor = 9;
#elif defined(WRONG_NO_TABLE)
    return ORT_CODE_OK;
#endif
    reply->plugin = &plugin_table;
    return ORT_CODE_OK;
}

#if defined(WRONG_CRASH)
__attribute__((constructor)) static void begin(void) {
    abort();
}
#elif defined(WRONG_HANG)
__attribute__((constructor)) static void begin(void) {
    for (;;) pause();
}
#elif defined(WRONG_EXIT)
__attribute__((constructor)) static void begin(void) {
    _exit(0);
}
#endif
