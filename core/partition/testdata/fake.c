#include "partition/testdata/fake.h"

#include "base/lock.h"
#include "base/worker.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST(name)                                                                                                 \
    "{\"id\":\"test.orthrus." name "\",\"name\":\"" name "\",\"version\":\"0.1.0\",\"vendor\":\"Orthrus\","            \
    "\"abi\":{\"major\":0,\"min_minor\":0,\"built_minor\":0}}"
const char fake_far_manifest[] = MANIFEST("far"), fake_near_manifest[] = MANIFEST("near");
const char *fake_far_ops = "", *fake_near_ops = "", *fake_failing_node = "";
int fake_far_lies, fake_far_scatters, fake_far_by_body, fake_far_delay;
_Atomic int fake_settle_count, fake_live_buffers, fake_open_points, fake_far_good_count = -1;
uint32_t fake_far_numa_node = ORTP_NONE;
_Atomic uint32_t fake_far_code = ORT_CODE_DEVICE_LOST;
_Atomic long fake_far_limit_bytes = -1, fake_far_live_bytes;
_Atomic int fake_far_trim_count, fake_far_is_lost;

/* The gate before far work. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_held;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

enum { NODES_MAX = 32, ARGS_MAX = 16, WAITS_MAX = 64 };

struct ortp_plugin {
    const ortp_host *host;
    int is_far;
};
struct ortp_instance {
    ortp_plugin *plugin;
};
struct ortp_buffer {
    char *bytes; /* nobody outside this file reads it */
    long size_bytes;
};
/* Who wants to be told. */
typedef struct fake_waiter {
    struct fake_waiter *next;
    uint64_t value;
    ortp_settled_fn fn;
    void *user;
    const ortp_host *host;
    ort_status *failure;
} fake_waiter;
struct ortp_timeline {
    fake_waiter *waiters;
    ortp_instance *instance;
    orti_lock lock;
    orti_condition changed;
    uint64_t reached, failed_from;
    ort_status *failure;
};
struct ortp_queue {
    ortp_instance *instance;
    orti_worker *worker; /* NULL: inline */
};
typedef struct fake_node {
    char op[16];
    uint32_t inputs[2], output;
    uint32_t input_count;
    int fails;
} fake_node;
struct ortp_program {
    ortp_instance *instance;
    fake_node nodes[NODES_MAX];
    uint32_t node_count, input_count, output_count;
    uint32_t inputs[ARGS_MAX], outputs[ARGS_MAX], sizes_of[ARGS_MAX];
};
struct ortp_plan {
    ortp_program *program;
};
struct ortp_binding {
    ortp_plan *plan;
    float *inner; /* values inside, by node: made once, so that a run allocates nothing */
    ortp_tensor_arg inputs[ARGS_MAX], outputs[ARGS_MAX];
};

static ort_status *fail(const ortp_instance *instance, ort_code code, const char *text) {
    const ortp_host *host = instance->plugin->host;
    return host->core->status_create(host->context, code, (ort_string_view){text, strlen(text)});
}

/* ---- memory ---- */

static ort_status *memory_alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                                uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    (void)device, (void)space, (void)align_bytes, (void)after;
    long live_bytes = atomic_fetch_add(&fake_far_live_bytes, (long)size_bytes) + (long)size_bytes;
    if (fake_far_limit_bytes >= 0 && live_bytes > fake_far_limit_bytes) {
        atomic_fetch_sub(&fake_far_live_bytes, (long)size_bytes);
        return fail(instance, ORT_CODE_OUT_OF_MEMORY, "the far device is full");
    }
    *out = malloc(sizeof **out);
    (*out)->size_bytes = (long)size_bytes;
    (*out)->bytes = calloc(1, (size_t)size_bytes);
    atomic_fetch_add(&fake_live_buffers, 1);
    return NULL;
}
static void memory_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    (void)instance, (void)after;
    if (!buffer) return;
    atomic_fetch_sub(&fake_far_live_bytes, buffer->size_bytes);
    free(buffer->bytes);
    free(buffer);
    atomic_fetch_sub(&fake_live_buffers, 1);
}
static ort_status *memory_map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                              void **out) {
    (void)buffer, (void)offset_bytes, (void)size_bytes;
    *out = NULL;
    return fail(instance, ORT_CODE_UNSUPPORTED, "no map");
}
static void memory_unmap(ortp_instance *instance, ortp_buffer *buffer) {
    (void)instance, (void)buffer;
}
static ort_status *memory_trim(ortp_instance *instance, uint32_t device, uint64_t budget_bytes) {
    (void)device, (void)budget_bytes;
    if (instance->plugin->is_far) atomic_fetch_add(&fake_far_trim_count, 1);
    return NULL;
}
static const ortp_memory_table memory = {.size = sizeof memory,
                                         .alloc = memory_alloc,
                                         .release = memory_release,
                                         .map = memory_map,
                                         .unmap = memory_unmap,
                                         .trim = memory_trim};

/* ---- timelines ---- */

static ort_status *timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    ortp_timeline *timeline = calloc(1, sizeof *timeline);
    timeline->instance = instance;
    timeline->reached = initial_value;
    timeline->failed_from = UINT64_MAX;
    orti_lock_init(&timeline->lock);
    orti_condition_init(&timeline->changed);
    *out = timeline;
    return NULL;
}
static void timeline_destroy(ortp_timeline *timeline) {
    if (!timeline) return;
    timeline->instance->plugin->host->core->status_destroy(timeline->failure);
    orti_lock_finish(&timeline->lock);
    orti_condition_finish(&timeline->changed);
    free(timeline);
}
static ort_status *point_failure(const ortp_timeline *timeline, uint64_t value) {
    const ortp_host *host = timeline->instance->plugin->host;
    return value >= timeline->failed_from ? host->core->status_copy(host->context, timeline->failure) : NULL;
}
/* Those whose value is reached. The lock is held. */
static fake_waiter *waiters_take(ortp_timeline *timeline) {
    fake_waiter *ready = NULL;
    for (fake_waiter **at = &timeline->waiters; *at;) {
        fake_waiter *waiter = *at;
        if (waiter->value > timeline->reached) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->failure = point_failure(timeline, waiter->value);
        waiter->next = ready;
        ready = waiter;
    }
    return ready;
}
/* The timeline may be gone by now. */
static void waiters_tell(fake_waiter *ready) {
    for (fake_waiter *next = NULL; ready; ready = next) {
        next = ready->next;
        ready->fn(ready->user, ready->failure);
        ready->host->core->status_destroy(ready->failure);
        free(ready);
    }
}
static void timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    if (!timeline) return;
    orti_lock_take(&timeline->lock);
    if (failure && !timeline->failure) {
        timeline->failure = failure;
        timeline->failed_from = value;
    } else if (failure) {
        timeline->instance->plugin->host->core->status_destroy(failure);
    }
    if (value > timeline->reached) timeline->reached = value;
    fake_waiter *ready = waiters_take(timeline);
    orti_condition_wake_all(&timeline->changed);
    orti_lock_give(&timeline->lock);
    waiters_tell(ready);
}
static uint32_t point_state(ortp_point point, ort_status **out_failure) {
    if (!point.timeline) return ORTP_POINT_REACHED;
    orti_lock_take(&point.timeline->lock);
    uint32_t state = point.timeline->reached >= point.value ? ORTP_POINT_REACHED : ORTP_POINT_PENDING;
    if (state == ORTP_POINT_REACHED && point.value >= point.timeline->failed_from) state = ORTP_POINT_FAILED;
    if (out_failure) *out_failure = state == ORTP_POINT_FAILED ? point_failure(point.timeline, point.value) : NULL;
    orti_lock_give(&point.timeline->lock);
    return state;
}
static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    if (!point.timeline) return NULL;
    if (timeout_ns == 0) return fail(point.timeline->instance, ORT_CODE_DEADLINE, "late");
    orti_lock_take(&point.timeline->lock);
    while (point.timeline->reached < point.value) orti_condition_wait(&point.timeline->changed, &point.timeline->lock);
    ort_status *status = point_failure(point.timeline, point.value);
    orti_lock_give(&point.timeline->lock);
    return status;
}
static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    ortp_timeline *timeline = point.timeline;
    fake_waiter *waiter = malloc(sizeof *waiter);
    *waiter = (fake_waiter){
        .value = point.value, .fn = fn, .user = user, .host = timeline->instance->plugin->host, .failure = NULL};
    orti_lock_take(&timeline->lock);
    waiter->next = timeline->waiters;
    timeline->waiters = waiter;
    fake_waiter *ready = waiters_take(timeline);
    orti_lock_give(&timeline->lock);
    waiters_tell(ready);
    return NULL;
}
static ort_status *host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    timeline_settle(timeline, value, failure);
    return NULL;
}

/* ---- work ---- */

typedef struct fake_task {
    ortp_queue *queue;
    ortp_binding *binding; /* or a copy */
    ortp_copy copy;
    ortp_point waits[WAITS_MAX], signal;
    uint32_t wait_count;
} fake_task;

static void *copy_address(const ortp_buffer *buffer, const void *host, uint64_t offset) {
    return buffer ? buffer->bytes + offset : (char *)(uintptr_t)host + offset;
}
static float *arg_data(const ortp_tensor_arg *arg) {
    return arg->buffer ? (float *)(void *)(arg->buffer->bytes + arg->offset_bytes) : arg->host;
}
static float compute(const char *op, float a, float b) {
    if (strcmp(op, "Neg") == 0) return -a;
    if (strcmp(op, "Abs") == 0 || strcmp(op, "Call") == 0) return fabsf(a);
    if (strcmp(op, "Relu") == 0) return a > 0 ? a : 0;
    if (strcmp(op, "Add") == 0) return a + b;
    return op[0] == 'M' ? a * b : a; /* Mul, Identity */
}
static int index_of(const uint32_t *ids, uint32_t count, uint32_t id) {
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id) return (int)i;
    return -1;
}

static int is_unlucky(void) {
    return fake_far_good_count >= 0 && atomic_fetch_sub(&fake_far_good_count, 1) == 0;
}

/* Values inside are kept in `inner`, by node. */
static ort_status *program_execute(const ortp_binding *binding) {
    const ortp_program *program = binding->plan->program;
    size_t count = (size_t)(binding->inputs[0].size_bytes / sizeof(float));
    float *inner = binding->inner;
    ort_status *status = NULL;
    for (uint32_t n = 0; n < program->node_count && !status; n++) {
        const fake_node *node = &program->nodes[n];
        const float *in[2] = {inner, inner};
        float *out = inner + n * count;
        for (uint32_t k = 0; k < node->input_count; k++) {
            int index = index_of(program->inputs, program->input_count, node->inputs[k]);
            if (index >= 0) in[k] = arg_data(&binding->inputs[index]);
            for (uint32_t p = 0; p < n && index < 0; p++)
                if (program->nodes[p].output == node->inputs[k]) in[k] = inner + p * count;
        }
        for (size_t i = 0; i < count; i++) out[i] = compute(node->op, in[0][i], in[1][i]);
        int index = index_of(program->outputs, program->output_count, node->output);
        if (index >= 0 && count) memcpy(arg_data(&binding->outputs[index]), out, count * sizeof *out);
        if (program->instance->plugin->is_far && n == 0 && is_unlucky())
            status = fail(program->instance, fake_far_code, "the far device had bad luck");
        else if (node->fails)
            status = fail(program->instance, ORT_CODE_DEVICE_LOST, "the far device went away");
    }
    return status;
}

static ort_status *task_execute(const fake_task *task) {
    if (task->binding) return program_execute(task->binding);
    memcpy(copy_address(task->copy.dst_buffer, task->copy.dst_host, task->copy.dst_offset_bytes),
           copy_address(task->copy.src_buffer, task->copy.src_host, task->copy.src_offset_bytes),
           (size_t)task->copy.size_bytes);
    return NULL;
}

static void gate_set(int is_held) {
    pthread_mutex_lock(&gate.lock);
    gate.is_held = is_held;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}
void fake_far_hold(void) {
    gate_set(1);
}
void fake_far_release(void) {
    gate_set(0);
}
void fake_far_wait_open(int count) {
    pthread_mutex_lock(&gate.lock);
    while (fake_open_points < count) pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}
static void gate_pass(void) {
    pthread_mutex_lock(&gate.lock);
    while (gate.is_held) pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}
static void gate_count(void) {
    pthread_mutex_lock(&gate.lock);
    fake_open_points++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void task_run(void *user) {
    fake_task *task = user;
    ort_status *status = NULL;
    gate_pass();
    for (uint32_t i = 0; i < task->wait_count && !status; i++) status = point_wait(task->waits[i], UINT64_MAX);
    for (volatile int i = 0; i < fake_far_delay * 1000; i++) continue;
    if (!status) status = task_execute(task);
    atomic_fetch_sub(&fake_open_points, 1);
    timeline_settle(task->signal.timeline, task->signal.value, status);
    free(task);
}

static ort_status *queue_submit(ortp_queue *queue, ortp_binding *binding, const ortp_copy *copy,
                                const ortp_order *order) {
    fake_task now = {.queue = queue, .binding = binding};
    if (copy) now.copy = *copy;
    if (!queue->worker) return task_execute(&now);
    fake_task *task = malloc(sizeof *task);
    *task = now;
    task->wait_count = order->wait_count;
    if (order->wait_count) memcpy(task->waits, order->waits, order->wait_count * sizeof *order->waits);
    task->signal = order->signal;
    gate_count();
    ort_status *status = orti_worker_submit(queue->worker, task_run, task);
    if (status) {
        atomic_fetch_sub(&fake_open_points, 1);
        free(task);
    }
    return status;
}

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    (void)device, (void)flags;
    ortp_queue *queue = calloc(1, sizeof *queue);
    queue->instance = instance;
    ort_status *status = instance->plugin->is_far ? orti_worker_create(orti_allocator_default(), &queue->worker) : NULL;
    if (status) {
        free(queue);
        queue = NULL;
    }
    *out = queue;
    return status;
}
static void queue_destroy(ortp_queue *queue) {
    if (!queue) return;
    orti_worker_destroy(queue->worker);
    free(queue);
}
static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    out->flags = ORTP_QUEUE_ORDERED | (queue->worker ? 0u : ORTP_QUEUE_INLINE);
    out->device = 0;
}
static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    (void)stride;
    return copy_count == 1 ? queue_submit(queue, NULL, copies, order)
                           : fail(queue->instance, ORT_CODE_UNSUPPORTED, "one copy at a time");
}
static const ortp_queue_table queues = {.size = sizeof queues,
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

static int takes(const char *list, ort_string_view op) {
    const char *at = list;
    while ((at = strstr(at, op.data)) != NULL) {
        int begins = at == list || at[-1] == ' ', ends = !at[op.length] || at[op.length] == ' ';
        if (begins && ends) return 1;
        at++;
    }
    return 0;
}

/* Nodes next to each other in the order of the view are convex. */
static ort_status *propose_run(ortp_instance *instance, const ortp_view *view, const uint32_t *nodes, uint32_t count,
                               uint64_t *token, const ortp_claim_sink *sink) {
    uint8_t by_body[NODES_MAX] = {0};
    for (uint32_t i = 0; i < count; i++) {
        ortp_node_info node = {.size = sizeof node};
        ort_status *status = instance->plugin->host->graph->node(view, nodes[i], &node);
        if (status) return status;
        by_body[i] = fake_far_by_body && instance->plugin->is_far && (node.flags & ORTP_NODE_HAS_BODY);
    }
    const ortp_proposal proposal = {.size = sizeof proposal,
                                    .token = ++*token,
                                    .node_count = count,
                                    .nodes = nodes,
                                    .by_body = by_body,
                                    .cost_ns = (instance->plugin->is_far ? 10.0 : 100000.0) * count};
    return count ? sink->propose(sink->user, &proposal) : NULL;
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    static _Atomic uint64_t tokens;
    const ortp_host *host = instance->plugin->host;
    ortp_graph_info graph = {.size = sizeof graph};
    uint32_t run[NODES_MAX], count = 0;
    uint64_t token = atomic_fetch_add(&tokens, 1000);
    (void)policy;
    ort_status *status = host->graph->graph(view, &graph);
    for (uint32_t i = 0; i < graph.node_count && !status; i++) {
        ortp_node_info node = {.size = sizeof node};
        if (allowed && !allowed[i]) {
            if (!fake_far_scatters || !instance->plugin->is_far) {
                status = propose_run(instance, view, run, count, &token, sink);
                count = 0;
            }
            continue;
        }
        status = host->graph->node(view, graph.nodes[i], &node);
        if (status) break;
        if (takes(instance->plugin->is_far ? fake_far_ops : fake_near_ops, node.op_type)) {
            run[count++] = graph.nodes[i];
            if (fake_far_lies && instance->plugin->is_far)
                status = propose_run(instance, view, run, count, &token, sink);
        } else {
            static const char words[] = "has no such operator";
            status = sink->decline(sink->user, graph.nodes[i], ORTP_DECLINE_OPERATOR,
                                   (ort_string_view){words, sizeof words - 1});
            if (status || (fake_far_scatters && instance->plugin->is_far)) continue;
            status = propose_run(instance, view, run, count, &token, sink);
            count = 0;
        }
    }
    return status ? status : propose_run(instance, view, run, count, &token, sink);
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *accepted, uint64_t token_count) {
    (void)epoch, (void)accepted, (void)token_count;
    if (instance->plugin->is_far) atomic_fetch_add(&fake_settle_count, 1);
}
static const ortp_claim_table claims = {.size = sizeof claims, .propose = propose, .settle = settle};

/* ---- program ---- */

static ort_status *node_compile(ortp_program *program, const ortp_view *view, uint32_t id) {
    ortp_node_info info = {.size = sizeof info};
    ort_status *status = program->instance->plugin->host->graph->node(view, id, &info);
    if (status) return status;
    fake_node *node = &program->nodes[program->node_count++];
    memcpy(node->op, info.op_type.data, (size_t)info.op_type.length);
    node->input_count = info.input_count;
    memcpy(node->inputs, info.inputs, info.input_count * sizeof *info.inputs);
    node->output = info.outputs[0];
    node->fails = strlen(fake_failing_node) == info.name.length &&
                  strncmp(fake_failing_node, info.name.data, (size_t)info.name.length) == 0;
    return NULL;
}

/* Nodes that lead from the program's outputs back to its inputs: the token is not kept here. */
static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    const ortp_host *host = instance->plugin->host;
    ortp_graph_info graph = {.size = sizeof graph};
    uint8_t wanted[1024] = {0};
    ortp_program *program = calloc(1, sizeof *program);
    program->instance = instance;
    program->input_count = args->input_count;
    program->output_count = args->output_count;
    memcpy(program->inputs, args->inputs, args->input_count * sizeof *args->inputs);
    memcpy(program->outputs, args->outputs, args->output_count * sizeof *args->outputs);
    for (uint32_t i = 0; i < args->output_count; i++) wanted[args->outputs[i]] = 1;
    ort_status *status = host->graph->graph(args->view, &graph);
    for (uint32_t i = graph.node_count; i-- > 0 && !status;) {
        ortp_node_info info = {.size = sizeof info};
        status = host->graph->node(args->view, graph.nodes[i], &info);
        if (status || !wanted[info.outputs[0]]) continue;
        wanted[info.outputs[0]] = 2;
        for (uint32_t k = 0; k < info.input_count; k++)
            if (index_of(args->inputs, args->input_count, info.inputs[k]) < 0) wanted[info.inputs[k]] = 1;
    }
    for (uint32_t i = 0; i < graph.node_count && !status; i++) {
        ortp_node_info info = {.size = sizeof info};
        status = host->graph->node(args->view, graph.nodes[i], &info);
        if (!status && wanted[info.outputs[0]] == 2) status = node_compile(program, args->view, graph.nodes[i]);
    }
    *out = program;
    return status;
}
static void program_destroy(ortp_program *program) {
    free(program);
}
static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    (void)args;
    *out = calloc(1, sizeof **out);
    (*out)->program = program;
    return NULL;
}
static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    (void)plan;
    out->workspace_bytes = 128;
    out->workspace_align_bytes = 64;
}
static void plan_destroy(ortp_plan *plan) {
    free(plan);
}
static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    if (args->input_count) memcpy(binding->inputs, args->inputs, args->input_count * sizeof *args->inputs);
    if (args->output_count) memcpy(binding->outputs, args->outputs, args->output_count * sizeof *args->outputs);
    return NULL;
}
static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    *out = calloc(1, sizeof **out);
    (*out)->plan = plan;
    (*out)->inner = calloc(((size_t)args->inputs[0].size_bytes / sizeof(float) + 1) * NODES_MAX, sizeof(float));
    return rebind(*out, args);
}
static void binding_destroy(ortp_binding *binding) {
    if (binding) free(binding->inner);
    free(binding);
}
static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    return queue_submit(args->queue, binding, NULL, args->order);
}
static const ortp_program_table programs = {.size = sizeof programs,
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

static ort_status *create_far(const ortp_host *host, ortp_plugin **out) {
    *out = calloc(1, sizeof **out);
    **out = (ortp_plugin){host, 1};
    return NULL;
}
static ort_status *create_near(const ortp_host *host, ortp_plugin **out) {
    *out = calloc(1, sizeof **out);
    **out = (ortp_plugin){host, 0};
    return NULL;
}
static void shut_down(ortp_plugin *plugin) {
    free(plugin);
}
static ort_status *device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason) {
    (void)plugin, (void)out_reason;
    *out_count = 1;
    return NULL;
}
#define VIEW(text)                                                                                                     \
    { text, sizeof text - 1 }
static ort_status *device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out) {
    static const ortp_space_info space = {
        .size = sizeof space, .flags = ORTP_SPACE_DEVICE, .name = VIEW("memory"), .align_bytes = 64};
    (void)device;
    uint32_t size = out->size;
    *out = (ortp_device_info){.size = size,
                              .kind = ORTP_DEVICE_KIND_OTHER,
                              .flags = plugin->is_far ? 0u : ORTP_DEVICE_HOST_ADDRESSABLE,
                              .numa_node = plugin->is_far ? fake_far_numa_node : ORTP_NONE,
                              .id = VIEW("test-0"),
                              .name = VIEW("test device"),
                              .vendor = VIEW("Orthrus"),
                              .space_count = 1,
                              .space_stride = sizeof space,
                              .spaces = &space};
    return NULL;
}
static ort_status *device_live(ortp_plugin *plugin, uint32_t device, ortp_device_live *out) {
    (void)device;
    out->is_lost = plugin->is_far && fake_far_is_lost;
    return NULL;
}
static ort_status *open_instance(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    (void)args;
    *out = calloc(1, sizeof **out);
    (*out)->plugin = plugin;
    return NULL;
}
static void close_instance(ortp_instance *instance) {
    free(instance);
}

#define TABLE(fake_name, fake_create)                                                                                  \
    {                                                                                                                  \
        .size = sizeof(ortp_plugin_table), .id = VIEW("test.orthrus." fake_name), .version = VIEW("0.1.0"),            \
        .create = fake_create, .shutdown = shut_down, .device_count = device_count,                                    \
        .device_describe = device_describe, .device_live = device_live, .open = open_instance,                         \
        .close = close_instance, .memory = &memory, .queue = &queues, .claim = &claims, .program = &programs           \
    }
static const ortp_plugin_table far_table = TABLE("far", create_far), near_table = TABLE("near", create_near);

static uint32_t enter(const ortp_plugin_table *table, ortp_entry_reply *reply) {
    reply->code = ORT_CODE_OK;
    reply->plugin = table;
    return ORT_CODE_OK;
}
uint32_t fake_far_entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    (void)request;
    return enter(&far_table, reply);
}
uint32_t fake_near_entry(const ortp_entry_request *request, ortp_entry_reply *reply) {
    (void)request;
    return enter(&near_table, reply);
}
