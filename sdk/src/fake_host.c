#include "fake_host.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ort_status {
    ort_code code;
    char text[400];
};

struct ortp_view {
    fake_graph *graph;
};

static atomic_int live_allocations;
static fake_report *report_now;
static uint32_t threads_now;

uint32_t fake_live_allocations(void) {
    return (uint32_t)atomic_load(&live_allocations);
}

uint32_t fake_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void *must_alloc(size_t size) {
    void *memory = calloc(1, size ? size : 1);
    if (!memory) abort();
    return memory;
}

/* ---- building ---- */

fake_graph *fake_create(void) {
    return must_alloc(sizeof(fake_graph));
}

void fake_destroy(fake_graph *graph) {
    for (uint32_t i = 0; i < graph->value_count; i++) free(graph->values[i].data);
    free(graph);
}

static size_t dtype_bytes(uint32_t dtype) {
    return dtype == ORT_DTYPE_I64 ? 8 : dtype == ORT_DTYPE_U8 ? 1 : 4;
}

static uint32_t value_add(fake_graph *graph, uint32_t kind, uint32_t dtype, uint32_t rank, const int64_t *dims) {
    if (graph->value_count == FAKE_VALUES) abort();
    uint32_t id = graph->value_count++;
    fake_value *value = &graph->values[id];
    snprintf(value->name, sizeof value->name, "v%u", (unsigned)id);
    value->kind = kind;
    value->dtype = dtype;
    value->rank = rank;
    value->flags = ORTP_VALUE_HAS_SHAPE;
    value->producer = ORTP_NONE;
    value->count = 1;
    for (uint32_t i = 0; i < rank; i++) value->count *= value->dims[i] = dims[i];
    value->data = must_alloc((size_t)value->count * dtype_bytes(dtype));
    return id;
}

uint32_t fake_input(fake_graph *graph, uint32_t rank, const int64_t *dims) {
    uint32_t id = value_add(graph, ORTP_VALUE_INPUT, ORT_DTYPE_F32, rank, dims);
    float *data = graph->values[id].data;
    uint64_t seed = id + 1;
    for (int64_t i = 0; i < graph->values[id].count; i++) data[i] = (float)(int)(fake_random(&seed) % 64) / 16 - 2;
    graph->inputs[graph->input_count++] = id;
    return id;
}

uint32_t fake_constant(fake_graph *graph, uint32_t dtype, uint32_t rank, const int64_t *dims, const void *data) {
    uint32_t id = value_add(graph, ORTP_VALUE_CONSTANT, dtype, rank, dims);
    memcpy(graph->values[id].data, data, (size_t)graph->values[id].count * dtype_bytes(dtype));
    return id;
}

uint32_t fake_result(fake_graph *graph, uint32_t rank, const int64_t *dims) {
    return value_add(graph, ORTP_VALUE_INNER, ORT_DTYPE_F32, rank, dims);
}

uint32_t fake_node(fake_graph *graph, const char *op, const uint32_t *inputs, uint32_t input_count,
                   const uint32_t *outputs, uint32_t output_count) {
    if (graph->node_count == FAKE_NODES || input_count > FAKE_EDGES || output_count > FAKE_EDGES) abort();
    uint32_t id = graph->node_count++;
    fake_node_record *node = &graph->nodes[id];
    snprintf(node->name, sizeof node->name, "n%u", (unsigned)id);
    node->op = op;
    node->since = 13;
    node->until = 28;
    node->input_count = input_count;
    node->output_count = output_count;
    graph->order[id] = id;
    for (uint32_t i = 0; i < input_count; i++) {
        node->inputs[i] = inputs[i];
        if (inputs[i] == ORTP_NONE) continue;
        fake_value *value = &graph->values[inputs[i]];
        if (value->consumer_count == 0 || value->consumers[value->consumer_count - 1] != id)
            value->consumers[value->consumer_count++] = id;
    }
    for (uint32_t i = 0; i < output_count; i++) {
        node->outputs[i] = outputs[i];
        graph->values[outputs[i]].producer = id;
    }
    return id;
}

static fake_attr *attr_add(fake_graph *graph, uint32_t node, const char *name, uint32_t kind) {
    fake_node_record *record = &graph->nodes[node];
    if (record->attr_count == FAKE_ATTRS) abort();
    fake_attr *attr = &record->attrs[record->attr_count++];
    attr->name = name;
    attr->kind = kind;
    attr->count = 1;
    return attr;
}

void fake_attr_ints(fake_graph *graph, uint32_t node, const char *name, const int64_t *values, uint32_t count) {
    fake_attr *attr = attr_add(graph, node, name, ORTP_ATTR_INTS);
    attr->count = count;
    memcpy(attr->ints, values, count * sizeof *values);
}

void fake_attr_int(fake_graph *graph, uint32_t node, const char *name, int64_t value) {
    attr_add(graph, node, name, ORTP_ATTR_INT)->ints[0] = value;
}

void fake_attr_float(fake_graph *graph, uint32_t node, const char *name, float value) {
    attr_add(graph, node, name, ORTP_ATTR_FLOAT)->number = value;
}

void fake_attr_text(fake_graph *graph, uint32_t node, const char *name, const char *value) {
    attr_add(graph, node, name, ORTP_ATTR_STRING)->text = (ort_string_view){value, strlen(value)};
}

void fake_output(fake_graph *graph, uint32_t value) {
    graph->values[value].flags |= ORTP_VALUE_IS_OUTPUT;
    graph->outputs[graph->output_count++] = value;
}

/* ---- the host's tables ---- */

static void host_log(ortp_host_context *context, uint32_t level, ort_string_view message) {
    (void)context, (void)level, (void)message;
}

static ort_status *status_create(ortp_host_context *context, ort_code code, ort_string_view message) {
    (void)context;
    ort_status *status = must_alloc(sizeof *status);
    atomic_fetch_add(&live_allocations, 1);
    status->code = code;
    snprintf(status->text, sizeof status->text, "%.*s", (int)message.length, message.data);
    return status;
}

static ort_status *status_note(ortp_host_context *context, ort_status *status, ort_string_view note) {
    (void)context, (void)note;
    return status;
}

static ort_code status_code(const ort_status *status) {
    return status->code;
}

static ort_string_view status_message(const ort_status *status) {
    return (ort_string_view){status->text, strlen(status->text)};
}

static ort_status *status_copy(ortp_host_context *context, const ort_status *status) {
    return status_create(context, status->code, status_message(status));
}

static void status_destroy(ort_status *status) {
    if (!status) return;
    atomic_fetch_sub(&live_allocations, 1);
    free(status);
}

/* Poisoned, so that nobody counts on zeroes. */
static void *host_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    (void)context;
    uint64_t align = align_bytes < 64 ? 64 : align_bytes;
    uint64_t size = (size_bytes + align - 1) / align * align;
    void *memory = aligned_alloc((size_t)align, (size_t)(size ? size : align));
    if (!memory) return NULL;
    atomic_fetch_add(&live_allocations, 1);
    return memset(memory, 0xa5, (size_t)(size ? size : align));
}

static void host_release(ortp_host_context *context, void *memory) {
    (void)context;
    if (memory) atomic_fetch_sub(&live_allocations, 1);
    free(memory);
}

static uint64_t clock_ns(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const ortp_host_core core_table = {.size = sizeof core_table,
                                          .log = host_log,
                                          .status_create = status_create,
                                          .status_note = status_note,
                                          .status_code = status_code,
                                          .status_message = status_message,
                                          .status_copy = status_copy,
                                          .status_destroy = status_destroy,
                                          .alloc = host_alloc,
                                          .release = host_release,
                                          .clock_ns = clock_ns};

static ort_status *graph_graph(const ortp_view *view, ortp_graph_info *out) {
    fake_graph *g = view->graph;
    *out = (ortp_graph_info){.size = sizeof *out,
                             .node_bound = g->node_count,
                             .value_bound = g->value_count,
                             .node_count = g->node_count,
                             .nodes = g->order,
                             .input_count = g->input_count,
                             .output_count = g->output_count,
                             .inputs = g->inputs,
                             .outputs = g->outputs,
                             .epoch = 7};
    return NULL;
}

static ort_status *graph_node(const ortp_view *view, uint32_t id, ortp_node_info *out) {
    const fake_node_record *node = &view->graph->nodes[id];
    *out = (ortp_node_info){.size = sizeof *out,
                            .name = {node->name, strlen(node->name)},
                            .domain = {"", 0},
                            .op_type = {node->op, strlen(node->op)},
                            .since_version = node->since,
                            .until_version = node->until,
                            .input_count = node->input_count,
                            .output_count = node->output_count,
                            .inputs = node->inputs,
                            .outputs = node->outputs,
                            .attr_count = node->attr_count};
    return NULL;
}

static ort_status *graph_attr(const ortp_view *view, uint32_t id, uint32_t index, ortp_attr_info *out) {
    const fake_attr *attr = &view->graph->nodes[id].attrs[index];
    *out = (ortp_attr_info){.size = sizeof *out,
                            .kind = attr->kind,
                            .name = {attr->name, strlen(attr->name)},
                            .count = attr->count,
                            .floats = &attr->number,
                            .ints = attr->ints,
                            .strings = &attr->text};
    return NULL;
}

static ort_status *graph_value(const ortp_view *view, uint32_t id, ortp_value_info *out) {
    const fake_value *value = &view->graph->values[id];
    *out = (ortp_value_info){.size = sizeof *out,
                             .flags = value->flags,
                             .kind = value->kind,
                             .dtype = value->dtype,
                             .name = {value->name, strlen(value->name)},
                             .rank = value->rank,
                             .producer = value->producer,
                             .dims = value->dims,
                             .consumer_count = value->consumer_count,
                             .consumers = value->consumers};
    return NULL;
}

static ort_status *graph_constant(const ortp_view *view, uint32_t id, ortp_constant *out) {
    const fake_value *value = &view->graph->values[id];
    *out = (ortp_constant){.size = sizeof *out,
                           .dtype = value->dtype,
                           .rank = value->rank,
                           .align_bytes = 1,
                           .dims = value->dims,
                           .data = value->data,
                           .fd = -1,
                           .size_bytes = (uint64_t)value->count * dtype_bytes(value->dtype)};
    return NULL;
}

static uint32_t dim_eval(const ortp_view *view, ortp_dim dim, const int64_t *symbols, uint64_t count, int64_t *out) {
    (void)view, (void)dim, (void)symbols, (void)count, (void)out;
    return 0;
}

static const ortp_host_graph graph_table = {.size = sizeof graph_table,
                                            .graph = graph_graph,
                                            .node = graph_node,
                                            .attr = graph_attr,
                                            .value = graph_value,
                                            .constant = graph_constant,
                                            .dim_eval = dim_eval};

/* Chunks from the last to the first: an answer must not depend on their order. */
static void parallel_for(ortp_lane *lane, int64_t n, int64_t grain, ortp_for_fn fn, void *user) {
    (void)lane;
    for (int64_t chunk = (n + grain - 1) / grain; chunk-- > 0;) {
        int64_t end = (chunk + 1) * grain < n ? (chunk + 1) * grain : n;
        fn(user, chunk * grain, end, (uint32_t)(chunk % threads_now));
    }
}

static uint32_t lane_is_hot(const ortp_lane *lane) {
    return lane != NULL;
}

static uint32_t thread_count_max(ortp_host_context *context) {
    (void)context;
    return threads_now;
}

static uint32_t is_cancelled(const ortp_cancel *cancel) {
    return cancel != NULL;
}

static const ortp_host_exec exec_table = {.size = sizeof exec_table,
                                          .parallel_for = parallel_for,
                                          .lane_is_hot = lane_is_hot,
                                          .thread_count_max = thread_count_max,
                                          .is_cancelled = is_cancelled};

static ort_status *constant_retain(ortp_host_context *context, const ortp_constant *constant, const void **out_data) {
    (void)context;
    atomic_fetch_add(&live_allocations, 1);
    *out_data = constant->data;
    return NULL;
}

static void constant_release(ortp_host_context *context, const ortp_constant *constant, const void *data) {
    (void)context, (void)constant, (void)data;
    atomic_fetch_sub(&live_allocations, 1);
}

static ort_status *weight(ortp_host_context *context, const ortp_constant *constant, ort_string_view layout,
                          ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack, void *user, ortp_packed **out,
                          const void **out_data) {
    (void)constant, (void)layout, (void)device;
    void *memory = host_alloc(context, size_bytes, 64);
    ort_status *status = pack(user, memory, size_bytes);
    *out = memory;
    *out_data = memory;
    return status;
}

static void weight_release(ortp_host_context *context, ortp_packed *packed) {
    host_release(context, packed);
}

static const ortp_host_store store_table = {.size = sizeof store_table,
                                            .constant_retain = constant_retain,
                                            .constant_release = constant_release,
                                            .weight = weight,
                                            .weight_release = weight_release};

static bool is_told(const fake_value *value) {
    bool is_partial = false;
    for (uint32_t i = 0; i < value->rank; i++) is_partial |= value->dims[i] < 0;
    return is_partial;
}

static ort_status *infer_shape(const ortp_shapes *shapes, uint32_t id, ortp_shape *out) {
    const fake_value *value = &((const fake_graph *)(const void *)shapes)->values[id];
    bool known = value->kind == ORTP_VALUE_CONSTANT || value->flags & ORTP_VALUE_IS_KNOWN;
    *out = (ortp_shape){.size = sizeof *out, .dtype = value->dtype, .rank = value->rank, .dims = value->dims};
    out->is_partial = is_told(value);
    if (known && value->count <= 1024) {
        out->known = value->data;
        out->known_bytes = (uint64_t)value->count * dtype_bytes(value->dtype);
    }
    return NULL;
}

static const ortp_host_infer infer_table = {.size = sizeof infer_table, .shape = infer_shape};

/* Told outputs have room for what they were made with. */
static ort_status *provide(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                           uint64_t size_bytes, ortp_tensor_arg *out) {
    fake_graph *graph = (fake_graph *)(void *)outputs;
    fake_value *value = &graph->values[graph->outputs[index]];
    if (!is_told(value) || rank != value->rank || size_bytes > (uint64_t)value->count * 4) abort();
    value->count = (int64_t)(size_bytes / 4);
    memcpy(value->dims, dims, rank * sizeof *dims);
    *out = (ortp_tensor_arg){.size = sizeof *out, .size_bytes = size_bytes, .host = value->data};
    return NULL;
}

static const ortp_host_output output_table = {.size = sizeof output_table, .provide = provide};

static void trace_span(ortp_span *span, const uint32_t *nodes, uint64_t node_count, ort_string_view name,
                       uint64_t begin_ns, uint64_t end_ns) {
    (void)span, (void)nodes, (void)node_count, (void)begin_ns, (void)end_ns;
    if (report_now->span_count < FAKE_NODES * 4)
        snprintf(report_now->spans[report_now->span_count++], 16, "%.*s", (int)name.length, name.data);
}

static const ortp_host_trace trace_table = {.size = sizeof trace_table, .span = trace_span};
static const ortp_host host = {.size = sizeof host,
                               .context = NULL,
                               .core = &core_table,
                               .graph = &graph_table,
                               .exec = &exec_table,
                               .store = &store_table,
                               .infer = &infer_table,
                               .output = &output_table,
                               .trace = &trace_table};

const ortp_host *fake_host(void) {
    return &host;
}

/* ---- through the border ---- */

typedef struct journey {
    fake_graph *graph;
    const ortp_plugin_table *table;
    ortp_plugin *plugin;
    ortp_instance *instance;
    struct ortp_view view;
    uint64_t token;
    ortp_program *program;
    ortp_plan *plan;
    ortp_binding *binding;
    void *workspace;
} journey;

static bool failed(ort_status *status) {
    if (!status) return false;
    if (!report_now->failure[0]) {
        snprintf(report_now->failure, sizeof report_now->failure, "%s", status->text);
        report_now->failure_code = status->code;
    }
    status_destroy(status);
    return true;
}

static ort_status *on_propose(void *user, const ortp_proposal *proposal) {
    journey *j = user;
    j->token = proposal->token;
    report_now->proposal_count++;
    for (uint32_t i = 0; i < proposal->node_count; i++)
        report_now->proposed[report_now->proposed_count++] = proposal->nodes[i];
    return NULL;
}

static ort_status *on_decline(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    (void)user;
    fake_decline *decline = &report_now->declines[report_now->decline_count++];
    decline->node = node;
    decline->code = code;
    snprintf(decline->text, sizeof decline->text, "%.*s", (int)text.length, text.data);
    return NULL;
}

static uint32_t settings_read(const char *const *texts, ortp_setting *out) {
    uint32_t count = 0;
    for (; texts && texts[count * 2]; count++) {
        const char *name = texts[count * 2], *text = texts[count * 2 + 1];
        bool is_bool = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
        out[count] = (ortp_setting){.size = sizeof *out,
                                    .kind = is_bool ? ORTP_SETTING_BOOL : ORTP_SETTING_STRING,
                                    .name = {name, strlen(name)},
                                    .text = {text, strlen(text)},
                                    .integer = strcmp(text, "true") == 0};
    }
    return count;
}

static bool journey_open(journey *j, ortp_entry_fn entry, const char *const *settings) {
    ortp_entry_request request = {.size = sizeof request};
    ortp_entry_reply reply = {.size = sizeof reply};
    ortp_setting read[8];
    uint32_t device = 0;
    if (entry(&request, &reply) != ORT_CODE_OK) abort();
    j->table = reply.plugin;
    if (failed(j->table->create(&host, &j->plugin))) return false;
    ortp_open_args args = {
        .size = sizeof args, .devices = &device, .device_count = 1, .settings = read, .setting_stride = sizeof read[0]};
    args.setting_count = settings_read(settings, read);
    return !failed(j->table->open(j->plugin, &args, &j->instance));
}

static bool journey_propose(journey *j, const uint8_t *allowed) {
    ortp_claim_sink sink = {.size = sizeof sink, .user = j, .propose = on_propose, .decline = on_decline};
    return !failed(j->table->claim->propose(j->instance, &j->view, allowed, NULL, &sink));
}

static bool journey_compile(journey *j) {
    fake_graph *g = j->graph;
    ortp_compile_args args = {.size = sizeof args,
                              .token = j->token,
                              .view = &j->view,
                              .inputs = g->inputs,
                              .outputs = g->outputs,
                              .input_count = g->input_count,
                              .output_count = g->output_count};
    if (failed(j->table->program->compile(j->instance, &args, &j->program))) return false;
    ortp_prepare_args prepare = {.size = sizeof prepare, .shapes = (const ortp_shapes *)(const void *)g};
    return !failed(j->table->program->prepare(j->program, &prepare, &j->plan));
}

static bool journey_run(journey *j) {
    fake_graph *g = j->graph;
    ortp_tensor_arg inputs[16], outputs[16];
    ortp_plan_info info = {.size = sizeof info};
    j->table->program->plan_describe(j->plan, &info);
    report_now->workspace_bytes = info.workspace_bytes;
    report_now->step_count = info.launch_count;
    j->workspace = host_alloc(NULL, info.workspace_bytes, 64);
    for (uint32_t i = 0; i < g->input_count; i++) {
        fake_value *v = &g->values[g->inputs[i]];
        inputs[i] = (ortp_tensor_arg){.size = sizeof *inputs, .size_bytes = (uint64_t)v->count * 4, .host = v->data};
    }
    for (uint32_t i = 0; i < g->output_count; i++) {
        fake_value *v = &g->values[g->outputs[i]];
        memset(v->data, 0x7f, (size_t)v->count * 4);
        outputs[i] = (ortp_tensor_arg){.size = sizeof *outputs};
        if (is_told(v)) continue;
        outputs[i].size_bytes = (uint64_t)v->count * 4;
        outputs[i].host = v->data;
    }
    ortp_bind_args args = {.size = sizeof args,
                           .inputs = inputs,
                           .outputs = outputs,
                           .input_count = g->input_count,
                           .output_count = g->output_count,
                           .arg_stride = sizeof inputs[0],
                           .workspace = {.size_bytes = info.workspace_bytes, .host = j->workspace}};
    if (failed(j->table->program->bind(j->plan, &args, &j->binding))) return false;
    ortp_run_args run = {.size = sizeof run,
                         .span = (ortp_span *)(void *)j,
                         .outputs = (ortp_outputs *)(void *)g,
                         .lane = threads_now > 1 ? (ortp_lane *)(void *)j : NULL};
    uint32_t before = fake_live_allocations();
    if (failed(j->table->program->run(j->binding, &run))) return false;
    if (fake_live_allocations() != before) abort();
    return true;
}

static void journey_end(journey *j) {
    if (!j->table) return;
    j->table->program->binding_destroy(j->binding);
    j->table->program->plan_destroy(j->plan);
    j->table->program->program_destroy(j->program);
    j->table->close(j->instance);
    j->table->shutdown(j->plugin);
    host_release(NULL, j->workspace);
}

void fake_propose(fake_graph *graph, ortp_entry_fn entry, const uint8_t *allowed, fake_report *report) {
    journey j = {.graph = graph, .view = {graph}};
    memset(report, 0, sizeof *report);
    report_now = report;
    threads_now = 1;
    if (journey_open(&j, entry, NULL)) (void)journey_propose(&j, allowed);
    journey_end(&j);
}

void fake_run(fake_graph *graph, ortp_entry_fn entry, const char *const *settings, uint32_t thread_count,
              fake_report *report) {
    journey j = {.graph = graph, .view = {graph}};
    memset(report, 0, sizeof *report);
    report_now = report;
    threads_now = thread_count;
    bool going = journey_open(&j, entry, settings) && journey_propose(&j, NULL);
    if (going && report->proposal_count == 1) {
        j.table->claim->settle(j.instance, 7, &j.token, 1);
        going = journey_compile(&j) && journey_run(&j);
    }
    journey_end(&j);
}
