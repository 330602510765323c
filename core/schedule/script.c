/* Divides graphs into scripts. Every node has a level: those of one level that are for providers are one segment, and
 * the core's own nodes of the level come behind it. */
#include "schedule/script.h"

#include <string.h>

/* What a node reads: its inputs, then what its bodies capture, one body after the other. */
typedef struct node_reads {
    const orti_value_id *ids;
    uint32_t count;
    const uint32_t *body_counts; /* captures of each body */
} node_reads;

typedef struct division {
    const orti_script_request *request;
    orti_arena *arena;  /* the script's */
    orti_arena scratch; /* for the division alone */
    orti_graph *graph;
    orti_script *script;
    const orti_node_id *order;
    uint32_t order_count, level_count, core_count;
    node_reads *reads; /* by node */
    uint32_t *levels;  /* by node */
    bool *is_crossing; /* by value: it is read outside the segment that makes it */
    uint32_t *slots;   /* by value, or ORTI_NONE */
} division;

static const orti_node *node_of(const division *self, orti_node_id id) {
    return orti_graph_node(self->graph, id);
}

static bool is_core_made(const division *self, const orti_value *value) {
    return value->producer != ORTI_NONE && orti_op_is_core(node_of(self, value->producer));
}

/* ---- what is read ---- */

static uint32_t capture_count(const orti_graph *body) {
    uint32_t count = 0;
    for (orti_value_id v = 0; v < orti_graph_value_count(body); v++)
        count += orti_graph_value(body, v)->kind == ORTI_VALUE_CAPTURE;
    return count;
}

static ort_status *core_reads(division *self, const orti_node *node, node_reads *out) {
    uint32_t body_count = orti_node_subgraph_count(node), total = node->input_count;
    orti_value_id *ids = NULL, *outer_ids = NULL;
    uint32_t *counts = NULL;
    for (uint32_t i = 0; i < body_count; i++) total += capture_count(orti_node_subgraph(node, i));
    ORT_TRY(orti_arena_alloc(&self->scratch, total, sizeof *ids, &ids));
    ORT_TRY(orti_arena_alloc(&self->scratch, body_count, sizeof *counts, &counts));
    if (node->input_count) memcpy(ids, node->inputs, node->input_count * sizeof *ids);
    *out = (node_reads){ids, node->input_count, counts};
    for (uint32_t i = 0; i < body_count; i++) {
        ORT_TRY(orti_graph_close(orti_node_subgraph(node, i), &outer_ids, &counts[i]));
        if (counts[i]) memcpy(&ids[out->count], outer_ids, counts[i] * sizeof *ids);
        out->count += counts[i];
    }
    self->core_count++;
    return NULL;
}

static ort_status *reads_find(division *self) {
    const orti_node_id *order = NULL;
    ORT_TRY(orti_graph_order(self->graph, &order, &self->order_count));
    ORT_TRY(orti_arena_copy(&self->scratch, order, self->order_count * sizeof *order, &self->order));
    ORT_TRY(orti_arena_alloc(&self->scratch, orti_graph_node_count(self->graph), sizeof *self->reads, &self->reads));
    for (uint32_t at = 0; at < self->order_count; at++) {
        const orti_node *node = node_of(self, self->order[at]);
        node_reads *reads = &self->reads[self->order[at]];
        *reads = (node_reads){node->inputs, node->input_count, NULL};
        if (orti_op_is_core(node)) ORT_TRY(core_reads(self, node, reads));
    }
    return NULL;
}

/* ---- levels ---- */

static ort_status *levels_find(division *self) {
    ORT_TRY(orti_arena_alloc(&self->scratch, orti_graph_node_count(self->graph), sizeof(uint32_t), &self->levels));
    for (uint32_t at = 0; at < self->order_count; at++) {
        orti_node_id id = self->order[at];
        bool is_core = orti_op_is_core(node_of(self, id));
        for (uint32_t i = 0; i < self->reads[id].count; i++) {
            if (self->reads[id].ids[i] == ORTI_NONE) continue;
            const orti_value *value = orti_graph_value(self->graph, self->reads[id].ids[i]);
            if (value->producer == ORTI_NONE) continue;
            bool ends = !is_core && (value->is_told || is_core_made(self, value));
            uint32_t level = self->levels[value->producer] + ends;
            if (level > self->levels[id]) self->levels[id] = level;
        }
        if (self->levels[id] >= self->level_count) self->level_count = self->levels[id] + 1;
    }
    return NULL;
}

/* Constants go into segments; the core reads them from slots. */
static bool is_inside(const division *self, const orti_value *value, orti_node_id reader) {
    if (orti_op_is_core(node_of(self, reader))) return false;
    if (value->constant) return true;
    return value->producer != ORTI_NONE && !is_core_made(self, value) &&
           self->levels[value->producer] == self->levels[reader];
}

static ort_status *crossings_find(division *self) {
    ORT_TRY(orti_arena_alloc(&self->scratch, orti_graph_value_count(self->graph), sizeof(bool), &self->is_crossing));
    for (uint32_t at = 0; at < self->order_count; at++) {
        const node_reads *reads = &self->reads[self->order[at]];
        for (uint32_t i = 0; i < reads->count; i++)
            if (reads->ids[i] != ORTI_NONE &&
                !is_inside(self, orti_graph_value(self->graph, reads->ids[i]), self->order[at]))
                self->is_crossing[reads->ids[i]] = true;
    }
    for (uint32_t i = 0; i < orti_graph_output_count(self->graph); i++)
        self->is_crossing[orti_graph_output(self->graph, i)] = true;
    return NULL;
}

/* ---- slots ---- */

static void slot_add(division *self, orti_value_id value) {
    if (value != ORTI_NONE && self->slots[value] == ORTI_NONE) self->slots[value] = self->script->slot_count++;
}

static ort_status *slots_of(const division *self, const orti_value_id *ids, uint32_t count, uint32_t **out) {
    ORT_TRY(orti_arena_alloc(self->arena, count, sizeof **out, out));
    for (uint32_t i = 0; i < count; i++) (*out)[i] = ids[i] == ORTI_NONE ? ORTI_NONE : self->slots[ids[i]];
    return NULL;
}

static ort_status *constants_keep(division *self) {
    orti_script *script = self->script;
    uint32_t value_count = orti_graph_value_count(self->graph);
    ORT_TRY(orti_arena_alloc(self->arena, value_count, sizeof *script->constants, &script->constants));
    for (orti_value_id v = 0; v < value_count; v++) {
        orti_tensor *constant = orti_graph_value(self->graph, v)->constant;
        if (self->is_crossing[v] && constant)
            script->constants[script->constant_count++] = (orti_script_constant){self->slots[v], constant};
    }
    return NULL;
}

static ort_status *slots_find(division *self) {
    orti_script *script = self->script;
    orti_graph *graph = self->graph;
    uint32_t value_count = orti_graph_value_count(graph);
    orti_value_id *outputs = NULL;
    script->input_count = orti_graph_input_count(graph);
    script->output_count = orti_graph_output_count(graph);
    ORT_TRY(orti_arena_alloc(&self->scratch, value_count, sizeof(uint32_t), &self->slots));
    for (orti_value_id v = 0; v < value_count; v++) self->slots[v] = ORTI_NONE;
    for (uint32_t i = 0; i < script->input_count; i++) slot_add(self, orti_graph_input(graph, i));
    for (orti_value_id v = 0; v < value_count; v++)
        if (self->is_crossing[v]) slot_add(self, v);
    for (uint32_t at = 0; at < self->order_count; at++) {
        const orti_node *node = node_of(self, self->order[at]);
        for (uint32_t k = 0; orti_op_is_core(node) && k < node->output_count; k++) slot_add(self, node->outputs[k]);
    }
    ORT_TRY(orti_arena_alloc(&self->scratch, script->output_count, sizeof *outputs, &outputs));
    for (uint32_t i = 0; i < script->output_count; i++) outputs[i] = orti_graph_output(graph, i);
    ORT_TRY(slots_of(self, outputs, script->output_count, &script->outputs));
    return constants_keep(self);
}

/* ---- segments ---- */

typedef struct segment_list {
    orti_node_id *nodes;
    orti_value_id *outputs;
    uint32_t node_count, output_count;
} segment_list;

/* The nodes of a level that are for providers, and what others read of them. */
static ort_status *segment_find(division *self, uint32_t level, segment_list *out) {
    size_t value_count = 0;
    *out = (segment_list){0};
    ORT_TRY(orti_arena_alloc(self->arena, self->order_count, sizeof *out->nodes, &out->nodes));
    for (uint32_t at = 0; at < self->order_count; at++) {
        orti_node_id id = self->order[at];
        if (self->levels[id] != level || orti_op_is_core(node_of(self, id))) continue;
        out->nodes[out->node_count++] = id;
        value_count += node_of(self, id)->output_count;
    }
    ORT_TRY(orti_arena_alloc(&self->scratch, value_count, sizeof *out->outputs, &out->outputs));
    for (uint32_t i = 0; i < out->node_count; i++) {
        const orti_node *node = node_of(self, out->nodes[i]);
        for (uint32_t k = 0; k < node->output_count; k++)
            if (node->outputs[k] != ORTI_NONE && self->is_crossing[node->outputs[k]])
                out->outputs[out->output_count++] = node->outputs[k];
    }
    return NULL;
}

/* The slots of a segment's inputs: names are the same on both sides. */
static ort_status *segment_inputs(const division *self, const orti_graph *segment, orti_command *command) {
    command->input_count = orti_graph_input_count(segment);
    ORT_TRY(orti_arena_alloc(self->arena, command->input_count, sizeof(uint32_t), &command->inputs));
    for (uint32_t i = 0; i < command->input_count; i++) {
        const char *name = orti_graph_value(segment, orti_graph_input(segment, i))->name;
        command->inputs[i] = self->slots[orti_graph_find_value(self->graph, name)];
    }
    return NULL;
}

static ort_status *segment_add(division *self, uint32_t level) {
    orti_command *command = &self->script->commands[self->script->command_count];
    orti_graph *segment = NULL;
    segment_list list;
    ORT_TRY(segment_find(self, level, &list));
    if (!list.output_count) return NULL;
    command->output_count = list.output_count;
    ORT_TRY(slots_of(self, list.outputs, list.output_count, &command->outputs));
    ORT_TRY(orti_graph_extract(self->graph, list.nodes, list.node_count, list.outputs, list.output_count, &segment));
    ort_status *status = segment_inputs(self, segment, command);
    if (!status) status = orti_infer_graph(segment);
    if (status) {
        orti_graph_destroy(segment);
        return status;
    }
    self->script->command_count++;
    return self->request->compose(self->request->user, segment, self->graph, list.nodes, &command->schedule);
}

/* ---- the core's own nodes ---- */

/* A branch of an If whose shapes contradict each other is refused when it is taken: it seldom is. */
static ort_status *branch_refuse(const division *self, ort_status *status, orti_script **out) {
    const char *message = ort_status_message(status);
    ort_status *copied = orti_arena_alloc(self->arena, 1, sizeof **out, out);
    if (!copied) copied = orti_arena_string(self->arena, message, strlen(message), &(*out)->refusal);
    ort_status_destroy(status);
    return copied;
}

static ort_status *body_add(const division *self, const orti_node *node, orti_graph *body, orti_script **out) {
    ort_status *status = orti_infer_graph(body);
    if (status && strcmp(node->op_type, "If") == 0 && ort_status_code(status) == ORT_CODE_INVALID_MODEL)
        return branch_refuse(self, status, out);
    if (!status) status = orti_script_create(self->request, body, out);
    return ORT_NOTE(status, "node '%s' (%s)", node->name, node->op_type);
}

static ort_status *core_add(division *self, orti_node_id id) {
    const orti_node *node = node_of(self, id);
    const node_reads *reads = &self->reads[id];
    orti_command *command = &self->script->commands[self->script->command_count++];
    const orti_value_id *captures = reads->ids + node->input_count;
    *command = (orti_command){.node = node,
                              .input_count = node->input_count,
                              .output_count = node->output_count,
                              .body_count = orti_node_subgraph_count(node)};
    ORT_TRY(slots_of(self, node->inputs, node->input_count, &command->inputs));
    ORT_TRY(slots_of(self, node->outputs, node->output_count, &command->outputs));
    ORT_TRY(orti_arena_alloc(self->arena, command->body_count, sizeof(orti_script *), &command->bodies));
    for (uint32_t i = 0; i < command->body_count; i++) {
        ORT_TRY(body_add(self, node, orti_node_subgraph(node, i), &command->bodies[i]));
        command->bodies[i]->capture_count = reads->body_counts[i];
        ORT_TRY(slots_of(self, captures, reads->body_counts[i], &command->bodies[i]->captures));
        captures += reads->body_counts[i];
    }
    return NULL;
}

/* ---- commands ---- */

static ort_status *commands_add(division *self) {
    ORT_TRY(orti_arena_alloc(self->arena, self->level_count + self->core_count, sizeof(orti_command),
                             &self->script->commands));
    for (uint32_t level = 0; level < self->level_count; level++) {
        ORT_TRY(segment_add(self, level));
        for (uint32_t at = 0; at < self->order_count; at++)
            if (self->levels[self->order[at]] == level && orti_op_is_core(node_of(self, self->order[at])))
                ORT_TRY(core_add(self, self->order[at]));
    }
    return NULL;
}

static void last_mark(uint32_t *last, const uint32_t *slots, uint32_t count, uint32_t command) {
    for (uint32_t i = 0; i < count; i++)
        if (slots[i] != ORTI_NONE) last[slots[i]] = command;
}

/* Values are let go behind the command that reads them last; constants and outputs stay. */
static ort_status *drops_find(division *self) {
    orti_script *script = self->script;
    uint32_t *last = NULL;
    ORT_TRY(orti_arena_alloc(&self->scratch, script->slot_count, sizeof *last, &last));
    for (uint32_t i = 0; i < script->command_count; i++) {
        const orti_command *command = &script->commands[i];
        last_mark(last, command->outputs, command->output_count, i);
        last_mark(last, command->inputs, command->input_count, i);
        for (uint32_t b = 0; b < command->body_count; b++)
            last_mark(last, command->bodies[b]->captures, command->bodies[b]->capture_count, i);
    }
    last_mark(last, script->outputs, script->output_count, ORTI_NONE);
    for (uint32_t i = 0; i < script->constant_count; i++) last[script->constants[i].slot] = ORTI_NONE;
    for (uint32_t i = 0; i < script->command_count; i++) {
        orti_command *command = &script->commands[i];
        ORT_TRY(orti_arena_alloc(self->arena, script->slot_count, sizeof(uint32_t), &command->dropped));
        for (uint32_t slot = 0; slot < script->slot_count; slot++)
            if (last[slot] == i) command->dropped[command->dropped_count++] = slot;
    }
    return NULL;
}

/* The whole graph is one segment. */
static ort_status *plain_make(division *self) {
    orti_script *script = self->script;
    ORT_TRY(orti_arena_alloc(self->arena, 1, sizeof(orti_command), &script->commands));
    script->is_plain = true;
    script->input_count = orti_graph_input_count(self->graph);
    script->output_count = orti_graph_output_count(self->graph);
    script->command_count = 1;
    return self->request->compose(self->request->user, self->graph, self->graph, NULL, &script->commands[0].schedule);
}

static bool has_tensors_alone(const division *self) {
    for (orti_value_id v = 0; v < orti_graph_value_count(self->graph); v++)
        if (orti_graph_value(self->graph, v)->type != ORTI_TYPE_TENSOR) return false;
    return true;
}

static ort_status *divide(division *self) {
    ORT_TRY(reads_find(self));
    ORT_TRY(levels_find(self));
    if (!orti_graph_outer(self->graph) && !self->core_count && self->level_count <= 1 && has_tensors_alone(self))
        return plain_make(self);
    ORT_TRY(crossings_find(self));
    ORT_TRY(slots_find(self));
    ORT_TRY(commands_add(self));
    return drops_find(self);
}

ort_status *orti_script_create(const orti_script_request *request, orti_graph *graph, orti_script **out) {
    division self = {.request = request, .arena = request->arena, .graph = graph};
    *out = NULL;
    ORT_TRY(orti_arena_alloc(request->arena, 1, sizeof *self.script, &self.script));
    self.script->graph = graph;
    orti_arena_init(&self.scratch, request->alloc);
    ort_status *status = divide(&self);
    orti_arena_finish(&self.scratch);
    if (!status) *out = self.script;
    return status;
}
