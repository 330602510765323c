/* Binding: every node gets its operator at the version that the model imports, and what the operator's facts ask is
 * checked: arity, attributes, types. */
#include "ops/ops.h"

#include <string.h>

typedef struct binder {
    int32_t (*opset_of)(void *user, const char *domain);
    void *user;
} binder;

static const char *domain_name(const char *domain) {
    return *domain ? domain : "ai.onnx";
}

static bool is_standard(const char *domain) {
    return !*domain || strncmp(domain, "ai.onnx", 7) == 0;
}

static ort_status *unknown_operator(const orti_node *node, int32_t opset) {
    const char *nearest = orti_op_nearest(node->domain, node->op_type);
    const orti_op *first = NULL;
    for (int32_t version = 1; !first && version <= orti_ops_newest_opset(node->domain); version++)
        first = orti_op_find(node->domain, node->op_type, version);
    if (first)
        ORT_FAIL(INVALID_MODEL, "node '%s': %s exists in %s from opset %d on, the model imports %d", node->name,
                 node->op_type, domain_name(node->domain), (int)first->since_version, (int)opset);
    const char *question = nearest ? ", did you mean " : "";
    if (is_standard(node->domain))
        ORT_FAIL(INVALID_MODEL, "node '%s': %s has no operator '%s'%s%s", node->name, domain_name(node->domain),
                 node->op_type, question, nearest ? nearest : "");
    ORT_FAIL(UNSUPPORTED, "node '%s': operator %s.%s is not known here, and the model has no function of that name%s%s",
             node->name, node->domain, node->op_type, question, nearest ? nearest : "");
}

static ort_status *check_arity(const orti_node *node, const orti_op *op) {
    uint32_t inputs = node->input_count, outputs = node->output_count;
    if (inputs < op->min_inputs || inputs > op->max_inputs)
        ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): has %u inputs, needs %u to %u", node->name, op->name,
                 (int)op->since_version, inputs, op->min_inputs, op->max_inputs);
    if (outputs < op->min_outputs || outputs > op->max_outputs)
        ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): has %u outputs, needs %u to %u", node->name, op->name,
                 (int)op->since_version, outputs, op->min_outputs, op->max_outputs);
    for (uint32_t i = 0; i < op->input_fact_count && i < inputs; i++)
        if (op->inputs[i].option == 0 && node->inputs[i] == ORTI_NONE)
            ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): input %u (%s) is left out but required", node->name, op->name,
                     (int)op->since_version, i, op->inputs[i].name);
    return NULL;
}

static const orti_op_attr_fact *attr_fact(const orti_op *op, const char *name) {
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (strcmp(op->attrs[i].name, name) == 0) return &op->attrs[i];
    return NULL;
}

static ort_status *unknown_attr(const orti_node *node, const orti_op *op, const char *name) {
    const char *names[64];
    uint32_t count = op->attr_count < 64 ? op->attr_count : 64;
    for (uint32_t i = 0; i < count; i++) names[i] = op->attrs[i].name;
    const char *nearest = orti_nearest_name(name, names, count);
    ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): has no attribute '%s'%s%s", node->name, op->name,
             (int)op->since_version, name, nearest ? ", did you mean " : "", nearest ? nearest : "");
}

ort_status *orti_ops_check_arity(const orti_node *node) {
    return node->op ? check_arity(node, node->op) : NULL;
}

/* Old exporters leave attributes of earlier versions behind: one that any version knew is dropped from sight, not
 * refused. */
static bool was_ever_known(const orti_op *op, const char *name) {
    for (int32_t version = 1; version <= orti_ops_newest_opset(op->domain); version++) {
        const orti_op *other = orti_op_find(op->domain, op->name, version);
        if (other && attr_fact(other, name)) return true;
    }
    return false;
}

static ort_status *check_attrs(const orti_node *node, const orti_op *op) {
    for (uint32_t i = 0; i < node->attr_count; i++) {
        const orti_attr *attr = &node->attrs[i];
        const orti_op_attr_fact *fact = attr_fact(op, attr->name);
        if (!fact && !was_ever_known(op, attr->name)) return unknown_attr(node, op, attr->name);
        if (fact && fact->kind != (uint32_t)attr->kind && attr->kind != ORTI_ATTR_REF)
            ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): attribute '%s' is of kind %u, needs %u", node->name, op->name,
                     (int)op->since_version, attr->name, (unsigned)attr->kind, fact->kind);
    }
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (op->attrs[i].is_required && !orti_node_attr(node, op->attrs[i].name))
            ORT_FAIL(INVALID_MODEL, "node '%s' (%s-%d): attribute '%s' is missing", node->name, op->name,
                     (int)op->since_version, op->attrs[i].name);
    return NULL;
}

static ort_status *bind_node(const binder *self, orti_node *node) {
    int32_t opset = self->opset_of(self->user, node->domain);
    const orti_op *op = orti_op_find(node->domain, node->op_type, opset ? opset : INT32_MAX);
    if (!op && node->body) return NULL;
    if (opset == 0 && !node->body && is_standard(node->domain))
        ORT_FAIL(INVALID_MODEL, "node '%s' (%s): the model imports no opset of domain '%s'", node->name, node->op_type,
                 domain_name(node->domain));
    if (!op || op->is_deprecated) {
        if (node->body) return NULL;
        if (op)
            ORT_FAIL(INVALID_MODEL, "node '%s': %s is deprecated since opset %d, the model imports %d", node->name,
                     op->name, (int)op->since_version, (int)opset);
        return unknown_operator(node, opset);
    }
    ORT_TRY(check_arity(node, op));
    ORT_TRY(check_attrs(node, op));
    node->op = op;
    node->since_version = op->since_version;
    node->until_version = op->last_equal_version;
    return NULL;
}

static ort_status *bind_graph(const binder *self, orti_graph *graph) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        orti_node *node = orti_graph_node(graph, id);
        if (node->is_deleted) continue;
        ORT_TRY(bind_node(self, node));
        if (node->body) ORT_TRY(bind_graph(self, node->body));
        for (uint32_t i = 0; i < node->attr_count; i++) {
            if (node->attrs[i].kind == ORTI_ATTR_GRAPH) ORT_TRY(bind_graph(self, node->attrs[i].graph));
            for (uint32_t k = 0; node->attrs[i].kind == ORTI_ATTR_GRAPHS && k < node->attrs[i].count; k++)
                ORT_TRY(bind_graph(self, node->attrs[i].graphs[k]));
        }
    }
    return NULL;
}

ort_status *orti_ops_bind(orti_graph *graph, int32_t (*opset_of)(void *user, const char *domain), void *user) {
    binder self = {opset_of, user};
    return bind_graph(&self, graph);
}
