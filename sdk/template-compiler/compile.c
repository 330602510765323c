/* A piece of graph becomes straight-line code. Registers are given out in the order of the nodes and taken back after
 * the last use; an output is stored as soon as it is there. */
#include "weld.h"

typedef struct maker {
    const ortp_host *host;
    const ortp_compile_args *args;
    const weld_claim *claim;
    weld_code *code;
    uint32_t *registers; /* by value id: where it is, or ORTP_NONE */
    uint32_t *uses;      /* by value id: reads to come */
    uint32_t *free;      /* registers to take, a stack */
    uint32_t free_count;
} maker;

static uint32_t index_of(const uint32_t *items, uint32_t count, uint32_t item) {
    for (uint32_t i = 0; i < count; i++)
        if (items[i] == item) return i;
    return ORTP_NONE;
}

static ort_status *node_get(const ortp_host *host, const ortp_view *view, uint32_t node, ortp_node_info *out) {
    *out = (ortp_node_info){.size = sizeof *out};
    return host->graph->node(view, node, out);
}

/* The number in a constant of one element; *out_is_constant says whether `value` is one. */
static ort_status *number_read(const ortp_host *host, const ortp_view *view, uint32_t value, bool *out_is_constant,
                               float *out) {
    ortp_value_info info = {.size = sizeof info};
    ortp_constant constant = {.size = sizeof constant};
    const void *data = NULL;
    WELD_TRY(host->graph->value(view, value, &info));
    *out_is_constant = info.kind == ORTP_VALUE_CONSTANT;
    if (!*out_is_constant) return NULL;
    WELD_TRY(host->graph->constant(view, value, &constant));
    WELD_TRY(host->store->constant_retain(host->context, &constant, &data)); /* it may lie in a file */
    memcpy(out, data, sizeof *out);
    host->store->constant_release(host->context, &constant, data);
    return NULL;
}

/* ---- code ---- */

static uint32_t register_take(maker *m) {
    return m->free_count ? m->free[--m->free_count] : m->code->register_count++;
}

static void value_used(maker *m, uint32_t value) {
    if (--m->uses[value] == 0) m->free[m->free_count++] = m->registers[value];
}

static void emit(maker *m, uint32_t code, uint32_t out, uint32_t left, uint32_t right) {
    m->code->instructions[m->code->instruction_count++] =
        (weld_instruction){(uint16_t)code, (uint16_t)out, (uint16_t)left, (uint16_t)right};
}

/* Has the value in a register: it may be there, come from outside, or be a number. */
static ort_status *operand_place(maker *m, uint32_t value) {
    bool is_constant = false;
    float number = 0;
    if (m->registers[value] != ORTP_NONE) return NULL;
    WELD_TRY(number_read(m->host, m->args->view, value, &is_constant, &number));
    uint32_t input = index_of(m->args->inputs, m->args->input_count, value);
    if (!is_constant && input == ORTP_NONE)
        return ortk_fail(ORT_CODE_BUG, "value %u is neither computed here nor an input", (unsigned)value);
    m->registers[value] = register_take(m);
    if (is_constant) {
        m->code->numbers[m->code->number_count] = number;
        emit(m, WELD_NUMBER, m->registers[value], m->code->number_count++, 0);
    } else {
        emit(m, WELD_LOAD, m->registers[value], input, 0);
    }
    return NULL;
}

static ort_status *node_make(maker *m, uint32_t index) {
    ortp_node_info node;
    uint32_t places[2] = {0, 0};
    WELD_TRY(node_get(m->host, m->args->view, m->claim->nodes[index], &node));
    for (uint32_t i = 0; i < node.input_count; i++) {
        WELD_TRY(operand_place(m, node.inputs[i]));
        places[i] = m->registers[node.inputs[i]];
    }
    for (uint32_t i = 0; i < node.input_count; i++) value_used(m, node.inputs[i]);
    uint32_t result = node.outputs[0], output = index_of(m->args->outputs, m->args->output_count, result);
    m->registers[result] = register_take(m); /* maybe an operand's: functions work element by element */
    emit(m, WELD_FIRST + m->claim->operators[index], m->registers[result], places[0], places[1]);
    if (output != ORTP_NONE) emit(m, WELD_STORE, output, m->registers[result], 0);
    if (m->uses[result] == 0) m->free[m->free_count++] = m->registers[result];
    return NULL;
}

static ort_status *nodes_make(maker *m) {
    for (uint32_t i = 0; i < m->claim->node_count; i++) {
        ortp_node_info node;
        WELD_TRY(node_get(m->host, m->args->view, m->claim->nodes[i], &node));
        for (uint32_t k = 0; k < node.input_count; k++) m->uses[node.inputs[k]]++;
    }
    for (uint32_t i = 0; i < m->claim->node_count; i++) {
        if (m->args->cancel && m->host->exec->is_cancelled(m->args->cancel))
            return ortk_fail(ORT_CODE_CANCELLED, "compiling was cancelled after %u of %u nodes", (unsigned)i,
                             (unsigned)m->claim->node_count);
        WELD_TRY(node_make(m, i));
    }
    const weld_code *code = m->code;
    if (code->register_count > UINT16_MAX || code->number_count > UINT16_MAX || m->args->input_count > UINT16_MAX ||
        m->args->output_count > UINT16_MAX)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "a piece of %u nodes needs more than 65,535 registers or arguments",
                         (unsigned)m->claim->node_count);
    return NULL;
}

static ort_status *code_fill(maker *m) {
    ortp_graph_info graph = {.size = sizeof graph};
    uint64_t nodes = m->claim->node_count;
    WELD_TRY(m->host->graph->graph(m->args->view, &graph));
    m->registers = weld_alloc(m->host, graph.value_bound, sizeof *m->registers);
    m->uses = weld_alloc(m->host, graph.value_bound, sizeof *m->uses);
    m->free = weld_alloc(m->host, 3 * nodes, sizeof *m->free);
    /* A node emits at most itself, two operands and a store. */
    m->code->instructions = weld_alloc(m->host, 4 * nodes, sizeof *m->code->instructions);
    m->code->numbers = weld_alloc(m->host, 2 * nodes, sizeof *m->code->numbers);
    if (!m->registers || !m->uses || !m->free || !m->code->instructions || !m->code->numbers)
        return ortk_out_of_memory();
    for (uint32_t i = 0; i < graph.value_bound; i++) m->registers[i] = ORTP_NONE;
    return nodes_make(m);
}

ort_status *weld_code_make(ortp_instance *instance, const ortp_compile_args *args, const weld_claim *claim,
                           weld_code *out) {
    *out = (weld_code){.input_count = args->input_count, .output_count = args->output_count};
    maker m = {.host = ortk_instance_host(instance), .args = args, .claim = claim, .code = out};
    ort_status *status = weld_source(instance, args, claim, &out->source);
    if (!status) status = code_fill(&m);
    weld_release(m.host, m.registers);
    weld_release(m.host, m.uses);
    weld_release(m.host, m.free);
    if (status) weld_code_finish(m.host, out);
    return status;
}

void weld_code_finish(const ortp_host *host, weld_code *code) {
    weld_release(host, code->instructions);
    weld_release(host, code->numbers);
    *code = (weld_code){0};
}

/* ---- what the code was made from ---- */

/* FNV-1a over 32-bit words: http://www.isthe.com/chongo/tech/comp/fnv/ */
static void mix(uint64_t *hash, uint32_t word) {
    for (int i = 0; i < 4; i++, word >>= 8) *hash = (*hash ^ (word & 0xffu)) * UINT64_C(0x100000001b3);
}

/* A value as this piece sees it: a number, an input, or the result of one of its nodes. Ids would not do: they are
 * another process's. */
static ort_status *operand_mix(const ortp_host *host, const ortp_compile_args *args, const weld_claim *claim,
                               uint32_t value, uint64_t *hash) {
    bool is_constant = false;
    float number = 0;
    uint32_t bits, input = index_of(args->inputs, args->input_count, value);
    ortp_value_info info = {.size = sizeof info};
    WELD_TRY(number_read(host, args->view, value, &is_constant, &number));
    WELD_TRY(host->graph->value(args->view, value, &info));
    memcpy(&bits, &number, sizeof bits);
    mix(hash, is_constant ? 0 : input != ORTP_NONE ? 1 : 2);
    mix(hash, is_constant          ? bits
              : input != ORTP_NONE ? input
                                   : index_of(claim->nodes, claim->node_count, info.producer));
    return NULL;
}

ort_status *weld_source(ortp_instance *instance, const ortp_compile_args *args, const weld_claim *claim,
                        uint64_t *out_source) {
    const ortp_host *host = ortk_instance_host(instance);
    *out_source = UINT64_C(0xcbf29ce484222325);
    mix(out_source, args->input_count);
    for (uint32_t i = 0; i < claim->node_count; i++) {
        ortp_node_info node;
        WELD_TRY(node_get(host, args->view, claim->nodes[i], &node));
        mix(out_source, claim->operators[i]);
        for (uint32_t k = 0; k < node.input_count; k++)
            WELD_TRY(operand_mix(host, args, claim, node.inputs[k], out_source));
        mix(out_source, index_of(args->outputs, args->output_count, node.outputs[0]));
    }
    return NULL;
}
