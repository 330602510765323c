/* Every node gets the form of its operator's newest version (architecture.md, decision 3).
 * Needs: bound nodes. Keeps: names of values, ids of nodes. Breaks: nothing; inference runs inside it, because some
 * steps look at types and ranks. */
#include "passes/raise.h"

#include <string.h>

/* Names of other domains mean something else. */
static bool is_onnx(const char *domain) {
    return domain[0] == 0 || strcmp(domain, "ai.onnx.ml") == 0;
}

/* The numbers first: hardly any step is left for a node whose form is new. */
static const orti_raise_step *find_step(const orti_node *node) {
    for (uint32_t i = 0; i < orti_raise_step_count; i++) {
        const orti_raise_step *step = &orti_raise_steps[i];
        if (node->until_version < step->version && step->op_type[0] == node->op_type[0] &&
            strcmp(step->op_type, node->op_type) == 0)
            return step;
    }
    return NULL;
}

/* The newest version that is not a notice of withdrawal; an operator that was withdrawn keeps its last form. */
static const orti_op *newest_form(const orti_node *node) {
    const orti_op *newest = orti_op_newest(node->domain, node->op_type);
    return newest && newest->is_deprecated ? node->op : newest;
}

/* Same meaning all the way: the node shows the newest facts and keeps its oldest equal version. */
static void settle(orti_node *node, const orti_op *newest) {
    node->op = newest;
    node->until_version = newest->last_equal_version;
}

/* An older form that only its input's rank can raise hides what comes after it from inference, so such steps wait for
 * their input; at last what is still not known is done without. */
typedef enum raise_effort { PLAIN_STEPS, STEPS_THAT_KNOW_THEIR_INPUT, ALL_STEPS } raise_effort;

static bool is_time_for(const orti_raise_step *step, const orti_graph *graph, const orti_node *node,
                        raise_effort effort) {
    if (!step->looks_at_input || effort == ALL_STEPS) return true;
    if (effort == PLAIN_STEPS || node->input_count == 0 || node->inputs[0] == ORTI_NONE) return false;
    const orti_value *value = orti_graph_value(graph, node->inputs[0]);
    return value->has_shape && value->dtype != ORT_DTYPE_NONE;
}

static ort_status *raise_node(orti_graph *graph, orti_node_id id, raise_effort effort, bool *changed) {
    for (;;) {
        orti_node *node = orti_graph_node(graph, id);
        if (!node->op) return NULL;
        const orti_raise_step *step = is_onnx(node->domain) ? find_step(node) : NULL;
        const orti_op *newest = newest_form(node);
        if (!step && node->until_version >= newest->since_version) {
            settle(node, newest);
            return NULL;
        }
        if (!step)
            ORT_FAIL(UNSUPPORTED, "node '%s': %s-%d can't be raised to %s-%d yet", node->name, node->op_type,
                     (int)node->since_version, node->op_type, (int)newest->since_version);
        if (!is_time_for(step, graph, node, effort)) return NULL;
        const orti_raise raise = {graph, id, node};
        ORT_TRY(step->run(&raise));
        node = orti_graph_node(graph, id);
        node->op = orti_op_find(node->domain, node->op_type, step->version);
        if (!node->op) ORT_FAIL(BUG, "%s has no version %d", node->op_type, (int)step->version);
        node->since_version = node->op->since_version;
        node->until_version = node->op->last_equal_version;
        *changed = true;
    }
}

static ort_status *raise_graph(orti_graph *graph, raise_effort effort, bool *changed) {
    for (orti_node_id id = 0, count = orti_graph_node_count(graph); id < count; id++) {
        const orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        for (uint32_t i = 0; i < orti_node_subgraph_count(node); i++)
            ORT_TRY(raise_graph(orti_node_subgraph(node, i), effort, changed));
        ORT_TRY(raise_node(graph, id, effort, changed));
    }
    return NULL;
}

ort_status *orti_lower_versions(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    (void)context;
    ORT_TRY(raise_graph(graph, PLAIN_STEPS, changed));
    for (bool has_raised = true; has_raised;) {
        has_raised = false;
        ORT_TRY(orti_infer_graph(graph));
        ORT_TRY(raise_graph(graph, STEPS_THAT_KNOW_THEIR_INPUT, &has_raised));
        *changed = *changed || has_raised;
    }
    return raise_graph(graph, ALL_STEPS, changed);
}
