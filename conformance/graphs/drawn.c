/* Level 4 without files: graphs drawn from a seed, of operators that are exact on whole numbers, so that what a plugin
 * does with many values at once (where they lie, how long they live, who reads them) is judged for every provider. */
#include "graphs/graphs.h"
#include "graphs/rig.h"

#include "common/onnx_writer.h"

#define GRAPH_COUNT 24u
#define INPUTS      2u
#define OUTPUTS     2u
#define NODES_MAX   24u
#define COUNT_MAX   96
#define OPSET       14

typedef struct exact {
    const char *name;
    uint32_t arity;
    float (*apply)(float a, float b);
} exact;

static float add(float a, float b) {
    return a + b;
}
static float subtract(float a, float b) {
    return a - b;
}
static float larger(float a, float b) {
    return a > b ? a : b;
}
static float smaller(float a, float b) {
    return a < b ? a : b;
}
static float negative(float a, float b) {
    (void)b;
    return 0 - a;
}
static float magnitude(float a, float b) {
    (void)b;
    return a < 0 ? -a : a;
}
static float rectified(float a, float b) {
    (void)b;
    return a > 0 ? a : 0;
}

static const exact exacts[] = {{"Add", 2, add},      {"Sub", 2, subtract},  {"Max", 2, larger},    {"Min", 2, smaller},
                               {"Neg", 1, negative}, {"Abs", 1, magnitude}, {"Relu", 1, rectified}};
#define EXACT_COUNT (sizeof exacts / sizeof *exacts)

/* Values are numbered: the inputs, then each node's output. */
typedef struct drawn {
    uint32_t node_count;
    struct {
        const exact *op;
        uint32_t in[2];
    } nodes[NODES_MAX];
    uint32_t outputs[OUTPUTS];
} drawn;

typedef struct drawer {
    ortc_rig rig;
    uint64_t state;
    const exact *taken[EXACT_COUNT];
    uint32_t taken_count, skipped_count;
} drawer;

/* Knuth's MMIX generator; its high bits are the good ones. */
static uint32_t draw(drawer *self, uint32_t bound) {
    self->state = self->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((self->state >> 33) % bound);
}

static void node_add(drawn *graph, const exact *op, uint32_t first, uint32_t second) {
    graph->nodes[graph->node_count].op = op;
    graph->nodes[graph->node_count].in[0] = first;
    graph->nodes[graph->node_count++].in[1] = second;
}

/* The first node's value from `from` on that nobody reads; the value behind the last when all are read. */
static uint32_t unread_find(const drawn *graph, uint32_t from) {
    for (; from < INPUTS + graph->node_count; from++) {
        bool is_read = false;
        for (uint32_t i = 0; i < graph->node_count; i++)
            is_read = is_read || graph->nodes[i].in[0] == from ||
                      (graph->nodes[i].op->arity > 1 && graph->nodes[i].in[1] == from);
        if (!is_read) break;
    }
    return from;
}

/* What nobody reads is put together two by two, as far as there is an operator for it: it lives until then, and no
 * node is dead. */
static void graph_close(drawer *self, drawn *graph) {
    const exact *binary = NULL;
    for (uint32_t i = 0; i < self->taken_count && !binary; i++)
        if (self->taken[i]->arity > 1) binary = self->taken[i];
    while (binary && graph->node_count < NODES_MAX) {
        uint32_t first = unread_find(graph, INPUTS), second = unread_find(graph, first + 1);
        if (second >= INPUTS + graph->node_count) break;
        node_add(graph, binary, first, second);
    }
}

static void graph_draw(drawer *self, drawn *out) {
    uint32_t count = 4 + draw(self, NODES_MAX / 2 - 3);
    while (out->node_count < count) {
        const exact *op = self->taken[draw(self, self->taken_count)];
        uint32_t first = draw(self, INPUTS + out->node_count);
        node_add(out, op, first, draw(self, INPUTS + out->node_count));
    }
    graph_close(self, out);
    out->outputs[0] = INPUTS + out->node_count - 1;
    out->outputs[1] = INPUTS + draw(self, out->node_count - 1);
}

/* ---- as ONNX ---- */

static const char *value_name(uint32_t value, char *out) {
    snprintf(out, 16, "%c%u", value < INPUTS ? 'x' : 'v', value);
    return out;
}

static void graph_write(const drawn *self, onnx_bytes *out) {
    const int64_t any = -1;
    char names[3][16];
    onnx_bytes graph = {0};
    for (uint32_t i = 0; i < self->node_count; i++) {
        const char *inputs[3] = {NULL};
        for (uint32_t k = 0; k < self->nodes[i].op->arity; k++) inputs[k] = value_name(self->nodes[i].in[k], names[k]);
        onnx_node(&graph, self->nodes[i].op->name, value_name(INPUTS + i, names[2]), inputs);
    }
    for (uint32_t i = 0; i < INPUTS; i++) onnx_value(&graph, 11, value_name(i, names[0]), &any, 1);
    for (uint32_t i = 0; i < OUTPUTS; i++) onnx_value(&graph, 12, value_name(self->outputs[i], names[0]), &any, 1);
    *out = (onnx_bytes){0};
    onnx_model(out, &graph, OPSET);
}

/* ---- what it must give ---- */

static void graph_answer(const drawn *self, ort_tensor *const *inputs, int64_t count, float (*out)[COUNT_MAX]) {
    float values[INPUTS + NODES_MAX];
    for (int64_t e = 0; e < count; e++) {
        for (uint32_t i = 0; i < INPUTS; i++) values[i] = ((const float *)ort_tensor_data_const(inputs[i]))[e];
        for (uint32_t i = 0; i < self->node_count; i++)
            values[INPUTS + i] = self->nodes[i].op->apply(values[self->nodes[i].in[0]], values[self->nodes[i].in[1]]);
        for (uint32_t i = 0; i < OUTPUTS; i++) out[i][e] = values[self->outputs[i]];
    }
}

#define TEXT_BYTES 300

static bool outputs_check(const drawn *graph, ort_tensor *const *inputs, ort_tensor *const *outputs, int64_t count,
                          char *text) {
    float want[OUTPUTS][COUNT_MAX];
    graph_answer(graph, inputs, count, want);
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        const float *got = ort_tensor_data_const(outputs[i]);
        for (int64_t e = 0; e < count; e++) {
            if (got[e] == want[i][e]) continue;
            snprintf(text, TEXT_BYTES, "output %u, element %lld of %lld is %.9g, not %.9g", i, (long long)e,
                     (long long)count, (double)got[e], (double)want[i][e]);
            return false;
        }
    }
    return true;
}

/* False: `text` (TEXT_BYTES) says what is wrong. */
static bool graph_run(drawer *self, const drawn *graph, ort_session *session, int64_t count, char *text) {
    ort_tensor *inputs[INPUTS] = {NULL}, *outputs[OUTPUTS] = {NULL};
    ort_status *status = NULL;
    for (uint32_t i = 0; !status && i < INPUTS; i++) {
        status = ort_tensor_create(ORT_DTYPE_F32, &count, 1, &inputs[i]);
        for (int64_t e = 0; !status && e < count; e++)
            ((float *)ort_tensor_data(inputs[i]))[e] = (float)((int)draw(self, 17) - 8);
    }
    if (!status) status = ort_session_run(session, inputs, INPUTS, outputs, OUTPUTS, NULL);
    if (status) snprintf(text, TEXT_BYTES, "%s", ort_status_message(status));
    bool is_right = !status && outputs_check(graph, inputs, outputs, count, text);
    ort_status_destroy(status);
    for (uint32_t i = 0; i < INPUTS; i++) ort_tensor_release(inputs[i]);
    for (uint32_t i = 0; i < OUTPUTS; i++) ort_tensor_release(outputs[i]);
    return is_right;
}

/* ---- sessions ---- */

static ort_status *session_open(drawer *self, const drawn *graph, ort_model **out_model, ort_session **out) {
    onnx_bytes bytes;
    graph_write(graph, &bytes);
    ort_status *status =
        ort_model_load_bytes(self->rig.environments[0], bytes.data, bytes.size, NULL, self->rig.options, out_model);
    free(bytes.data);
    return status ? status : ort_session_create(self->rig.environments[0], *out_model, self->rig.options, out);
}

/* Right in a session that knows no other size: then the sizes before it are what was wrong. */
static bool is_right_alone(drawer *self, const drawn *graph, int64_t count) {
    ort_model *model = NULL;
    ort_session *session = NULL;
    char text[TEXT_BYTES];
    ort_status *status = session_open(self, graph, &model, &session);
    bool is_right = !status && graph_run(self, graph, session, count, text);
    ort_status_destroy(status);
    ort_session_destroy(session);
    ort_model_destroy(model);
    return is_right;
}

static void sizes_run(drawer *self, const drawn *graph, ort_session *session, const char *what) {
    static const int64_t counts[] = {7, COUNT_MAX, 1};
    char text[TEXT_BYTES];
    for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (graph_run(self, graph, session, counts[i], text)) continue;
        bool is_size = i && is_right_alone(self, graph, counts[i]);
        ortc_fail(self->rig.context, is_size ? "graph.dynamic" : "graph.correct", "%s: %s", what, text);
        return;
    }
    if (!ortc_watch_count(self->rig.watch).runs)
        ortc_fail(self->rig.context, "claim.compiles", "%s: nothing ran on the provider", what);
}

static void graph_judge(drawer *self, const drawn *graph, ortc_cut cut, const char *what) {
    ort_model *model = NULL;
    ort_session *session = NULL;
    ortc_watch_set_cut(self->rig.watch, cut, self->state);
    ort_status *status = session_open(self, graph, &model, &session);
    if (ort_status_code(status) == ORT_CODE_UNSUPPORTED) { /* taken one by one, and not together */
        self->skipped_count++;
        ort_status_destroy(status);
    } else if (ortc_is_good(self->rig.context, "claim.compiles", what, status)) {
        sizes_run(self, graph, session, what);
    }
    ort_session_destroy(session);
    ort_model_destroy(model);
    ortc_rig_take_findings(&self->rig, what);
}

/* Which of the operators the subject takes, each in a graph of its own. */
static void operators_try(drawer *self) {
    for (size_t i = 0; i < EXACT_COUNT; i++) {
        drawn alone = {.node_count = 2, .outputs = {INPUTS, INPUTS + 1}};
        ort_model *model = NULL;
        ort_session *session = NULL;
        alone.nodes[0].op = alone.nodes[1].op = &exacts[i];
        alone.nodes[0].in[1] = alone.nodes[1].in[0] = 1;
        ort_status *status = session_open(self, &alone, &model, &session);
        if (!status) self->taken[self->taken_count++] = &exacts[i];
        ort_session_destroy(session);
        ort_model_destroy(model);
        if (ort_status_code(status) == ORT_CODE_UNSUPPORTED)
            ort_status_destroy(status);
        else
            ortc_is_good(self->rig.context, "claim.compiles", exacts[i].name, status);
    }
}

static void graphs_judge(drawer *self) {
    static const ortc_cut cuts[] = {ORTC_CUT_NONE, ORTC_CUT_EACH, ORTC_CUT_GROUPS, ORTC_CUT_GROUPS};
    static const char *const names[] = {"whole", "each node alone", "in groups", "in other groups"};
    ortc_context *context = self->rig.context;
    for (uint32_t g = 0; g < GRAPH_COUNT && context->verdict == ORTC_PASSED; g++) {
        drawn graph = {0};
        char what[64];
        graph_draw(self, &graph);
        for (uint32_t c = 0; c < sizeof cuts / sizeof *cuts && context->verdict == ORTC_PASSED; c++) {
            snprintf(what, sizeof what, "graph %u of %u nodes, %s", g, graph.node_count, names[c]);
            graph_judge(self, &graph, cuts[c], what);
        }
    }
    if (self->skipped_count == GRAPH_COUNT * sizeof cuts / sizeof *cuts)
        ortc_decline(context, "none of the graphs is taken: their operators are, one by one");
    ortc_metric(context, "graphs=%u operators=%u skipped=%u", GRAPH_COUNT, self->taken_count, self->skipped_count);
}

static void check_drawn(ortc_context *context) {
    drawer self = {.state = context->subject->seed};
    if (ortc_rig_open(context, ORTC_WATCH_GUARD | ORTC_WATCH_REPEAT, &self.rig) &&
        ortc_is_good(context, "device.facts", "options", ort_options_set(self.rig.options, "fallback", "error")) &&
        ortc_rig_environment(&self.rig, 0, 2)) {
        operators_try(&self);
        if (!self.taken_count)
            ortc_decline(context, "none of the operators that are exact on whole numbers is taken");
        else
            graphs_judge(&self);
    }
    ortc_rig_close(&self.rig);
}

ortc_checks ortc_graph_checks(void) {
    static const ortc_check checks[] = {{"drawn-graphs", 4, ORTC_CHECK_ALONE | ORTC_CHECK_SLOW,
                                         "graphs drawn from the seed, whole and cut, of operators that are exact",
                                         check_drawn}};
    return (ortc_checks){checks, sizeof checks / sizeof *checks};
}
