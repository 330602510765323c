/* Nodes whose inputs are all constants are computed once, by `evaluate`.
 * Needs: inference (sizes). Keeps: names. Breaks: nothing. A result much larger than what it is made of (Expand, Tile)
 * stays a node, and so does what no provider takes. */
#include "passes/pass.h"

#include <string.h>

#define FOLD_LIMIT_BYTES  (UINT64_C(64) << 20)
#define FOLD_GROWTH       2u     /* times the inputs' bytes ... */
#define FOLD_SMALL_BYTES  65536u /* ... or this much, whichever is more */
#define FOLD_SINGLE_COUNT 256u   /* nodes tried one at a time when all at once fail */

typedef struct fold {
    orti_graph *graph, *sub;
    const orti_pass_context *context;
    const orti_allocator *alloc;
    bool *is_constant;     /* by value: a constant, or made by a chosen node */
    bool *is_chosen;       /* by node */
    orti_value_id *mapped; /* by value: its id in `sub`, or ORTI_NONE */
    uint64_t limit_bytes;
    uint32_t chosen_count;
} fold;

/* These give different answers each time. */
static bool is_random(const orti_node *node) {
    static const char *const names[] = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
                                        "Bernoulli",    "Multinomial",      "Dropout"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(node->op_type, names[i]) == 0) return true;
    return false;
}

static bool size_of(const orti_graph *graph, const orti_value *value, uint64_t *out) {
    int64_t dims[ORTI_RANK_MAX], count = 0;
    if (value->constant) {
        *out = value->constant->size_bytes;
        return true;
    }
    if (!value->has_shape || value->type != ORTI_TYPE_TENSOR) return false;
    for (uint32_t i = 0; i < value->rank; i++)
        if (value->dims[i] == ORTI_DIM_INVALID || !orti_dim_constant(orti_graph_pool(graph), value->dims[i], &dims[i]))
            return false;
    return orti_shape_count(dims, value->rank, &count) && orti_dtype_bytes(value->dtype, count, out);
}

static bool can_fold(const fold *self, const orti_node *node) {
    uint64_t in_bytes = 0, out_bytes = 0, bytes = 0;
    if (!node->op || node->input_count == 0 || orti_node_subgraph_count(node) || is_random(node)) return false;
    if (self->context->options->keeps_quantized && strcmp(node->op_type, "DequantizeLinear") == 0) return false;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == ORTI_NONE) continue;
        if (!self->is_constant[node->inputs[i]]) return false;
        if (!size_of(self->graph, orti_graph_value(self->graph, node->inputs[i]), &bytes)) return false;
        in_bytes += bytes;
    }
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == ORTI_NONE) continue;
        if (orti_graph_value(self->graph, node->outputs[i])->is_output) return false;
        if (!size_of(self->graph, orti_graph_value(self->graph, node->outputs[i]), &bytes)) return false;
        out_bytes += bytes;
    }
    return out_bytes <= self->limit_bytes && (out_bytes <= FOLD_SMALL_BYTES || out_bytes / FOLD_GROWTH <= in_bytes);
}

static ort_status *choose(fold *self) {
    const orti_node_id *order = NULL;
    uint32_t count = 0;
    ORT_TRY(orti_graph_order(self->graph, &order, &count));
    for (orti_value_id v = 0; v < orti_graph_value_count(self->graph); v++)
        self->is_constant[v] = orti_graph_value(self->graph, v)->constant != NULL;
    for (uint32_t i = 0; i < count; i++) {
        const orti_node *node = orti_graph_node(self->graph, order[i]);
        self->is_chosen[order[i]] = can_fold(self, node);
        if (!self->is_chosen[order[i]]) continue;
        self->chosen_count++;
        for (uint32_t k = 0; k < node->output_count; k++)
            if (node->outputs[k] != ORTI_NONE) self->is_constant[node->outputs[k]] = true;
    }
    return NULL;
}

static ort_status *map_input(fold *self, orti_value_id id, orti_value_id *out) {
    *out = ORTI_NONE;
    if (id == ORTI_NONE) return NULL;
    if (self->mapped[id] == ORTI_NONE)
        ORT_TRY(orti_graph_add_constant(self->sub, orti_graph_value(self->graph, id)->name,
                                        orti_graph_value(self->graph, id)->constant, &self->mapped[id]));
    *out = self->mapped[id];
    return NULL;
}

static ort_status *map_output(fold *self, orti_value_id id, orti_value_id *out) {
    *out = ORTI_NONE;
    if (id == ORTI_NONE) return NULL;
    ORT_TRY(orti_graph_add_value(self->sub, orti_graph_value(self->graph, id)->name, ORTI_VALUE_INNER, out));
    self->mapped[id] = *out;
    return NULL;
}

static ort_status *copy_node(fold *self, const orti_node *node) {
    orti_value_id *ids = NULL;
    orti_node_id copy = ORTI_NONE;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(self->alloc, (size_t)node->input_count + node->output_count + 1, sizeof *ids, &ids));
    for (uint32_t i = 0; i < node->input_count; i++)
        ORT_TRY_TO(done, status, map_input(self, node->inputs[i], &ids[i]));
    for (uint32_t i = 0; i < node->output_count; i++)
        ORT_TRY_TO(done, status, map_output(self, node->outputs[i], &ids[node->input_count + i]));
    ORT_TRY_TO(done, status,
               orti_graph_add_node(self->sub, node->name, node->domain, node->op_type, ids, node->input_count,
                                   ids + node->input_count, node->output_count, &copy));
    for (uint32_t i = 0; i < node->attr_count; i++)
        ORT_TRY_TO(done, status, orti_graph_set_attr(self->sub, copy, &node->attrs[i]));
    orti_node *made = orti_graph_node(self->sub, copy);
    made->op = node->op;
    made->since_version = node->since_version;
    made->until_version = node->until_version;
done:
    orti_free(self->alloc, ids);
    return status;
}

/* A value that some node outside the choice reads is asked for. */
static ort_status *is_wanted(fold *self, orti_value_id id, bool *out) {
    const orti_node_id *readers = NULL;
    uint32_t count = 0;
    *out = false;
    if (self->mapped[id] == ORTI_NONE || orti_graph_value(self->graph, id)->constant) return NULL;
    ORT_TRY(orti_graph_consumers(self->graph, id, &readers, &count));
    for (uint32_t i = 0; i < count && !*out; i++) *out = !self->is_chosen[readers[i]];
    return NULL;
}

/* What was computed from a mapped file stands for it. */
static void inputs_drop(const fold *self) {
    for (orti_value_id v = 0; v < orti_graph_value_count(self->sub); v++) {
        const orti_tensor *tensor = orti_graph_value(self->sub, v)->constant;
        if (tensor) orti_tensor_drop_pages(tensor);
    }
}

static ort_status *evaluate(fold *self, const orti_value_id *wanted, uint32_t count, orti_tensor **tensors) {
    const orti_passes_options *options = self->context->options;
    ORT_TRY(orti_infer_graph(self->sub));
    ORT_TRY(options->evaluate(options->evaluate_user, self->sub, tensors));
    for (uint32_t i = 0; i < count; i++)
        if (!tensors[i])
            ORT_FAIL(BUG, "evaluation gave no value for '%s'", orti_graph_value(self->graph, wanted[i])->name);
    for (uint32_t i = 0; i < count; i++) ORT_TRY(orti_graph_make_constant(self->graph, wanted[i], tensors[i]));
    inputs_drop(self);
    return NULL;
}

/* Computes the chosen nodes of order[begin..end) as one graph. */
static ort_status *fold_nodes(fold *self, const orti_node_id *order, uint32_t count) {
    const uint32_t value_count = orti_graph_value_count(self->graph);
    orti_value_id *wanted = NULL;
    orti_tensor **tensors = NULL;
    uint32_t wanted_count = 0;
    ort_status *status = NULL;
    for (orti_value_id v = 0; v < value_count; v++) self->mapped[v] = ORTI_NONE;
    ORT_TRY_TO(done, status, orti_graph_create(self->alloc, NULL, &self->sub));
    for (uint32_t i = 0; i < count; i++)
        ORT_TRY_TO(done, status, copy_node(self, orti_graph_node(self->graph, order[i])));
    ORT_TRY_TO(done, status, orti_alloc(self->alloc, value_count, sizeof *wanted, &wanted));
    for (orti_value_id v = 0; v < value_count; v++) {
        bool is_asked = false;
        ORT_TRY_TO(done, status, is_wanted(self, v, &is_asked));
        if (!is_asked) continue;
        wanted[wanted_count++] = v;
        ORT_TRY_TO(done, status, orti_graph_add_output(self->sub, self->mapped[v]));
    }
    ORT_TRY_TO(done, status, orti_alloc(self->alloc, wanted_count, sizeof(orti_tensor *), &tensors));
    if (wanted_count) ORT_TRY_TO(done, status, evaluate(self, wanted, wanted_count, tensors));
done:
    for (uint32_t i = 0; tensors && i < wanted_count; i++) orti_tensor_release(tensors[i]);
    orti_free(self->alloc, tensors);
    orti_free(self->alloc, wanted);
    orti_graph_destroy(self->sub);
    self->sub = NULL;
    return status;
}

/* What no provider takes is left alone; a machine without memory is told. */
static ort_status *forgive(const fold *self, ort_status *status) {
    if (!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY) return status;
    if (self->context->options->log)
        orti_log_write(self->context->options->log, ORTI_LOG_INFO, "passes", "not folded: %s",
                       ort_status_message(status));
    ort_status_destroy(status);
    return NULL;
}

static bool has_constant_inputs(const fold *self, const orti_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != ORTI_NONE && !orti_graph_value(self->graph, node->inputs[i])->constant) return false;
    return true;
}

/* One at a time: a node that fails keeps those that read it. */
static ort_status *fold_singly(fold *self, const orti_node_id *order, uint32_t count) {
    memset(self->is_chosen, 0, orti_graph_node_count(self->graph) * sizeof *self->is_chosen);
    for (uint32_t i = 0; i < count && i < FOLD_SINGLE_COUNT; i++) {
        if (!has_constant_inputs(self, orti_graph_node(self->graph, order[i]))) continue;
        ORT_TRY(forgive(self, fold_nodes(self, &order[i], 1)));
    }
    return NULL;
}

static ort_status *fold_all(fold *self) {
    const orti_node_id *order = NULL;
    orti_node_id *chosen = NULL;
    uint32_t count = 0, chosen_count = 0;
    ORT_TRY(choose(self));
    if (!self->chosen_count) return NULL;
    ORT_TRY(orti_alloc(self->alloc, self->chosen_count, sizeof *chosen, &chosen));
    ort_status *status = orti_graph_order(self->graph, &order, &count);
    for (uint32_t i = 0; !status && i < count; i++)
        if (self->is_chosen[order[i]]) chosen[chosen_count++] = order[i];
    if (!status) status = fold_nodes(self, chosen, chosen_count);
    if (status && chosen_count > 1) {
        status = forgive(self, status);
        if (!status) status = fold_singly(self, chosen, chosen_count);
    }
    orti_free(self->alloc, chosen);
    return forgive(self, status);
}

ort_status *orti_opt_fold_constants(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    const orti_passes_options *options = context->options;
    const size_t value_count = orti_graph_value_count(graph), node_count = orti_graph_node_count(graph);
    fold self = {.graph = graph, .context = context, .alloc = orti_rewrite_alloc(graph)};
    ort_status *status = NULL;
    if (!options->evaluate) return NULL;
    self.limit_bytes = options->fold_limit_bytes ? options->fold_limit_bytes : FOLD_LIMIT_BYTES;
    ORT_TRY_TO(done, status, orti_alloc(self.alloc, value_count + 1, sizeof(bool), &self.is_constant));
    ORT_TRY_TO(done, status, orti_alloc(self.alloc, node_count + 1, sizeof(bool), &self.is_chosen));
    ORT_TRY_TO(done, status, orti_alloc(self.alloc, value_count + 1, sizeof(orti_value_id), &self.mapped));
    ORT_TRY_TO(done, status, fold_all(&self));
    if (self.chosen_count) ORT_TRY_TO(done, status, orti_opt_dead_code(graph, context, changed));
done:
    orti_free(self.alloc, self.mapped);
    orti_free(self.alloc, self.is_chosen);
    orti_free(self.alloc, self.is_constant);
    return status;
}
