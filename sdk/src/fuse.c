/* Fusion: a bias, a residual and an activation behind a kernel that takes them become part of its step. Only values
 * that nobody else reads disappear, so every answer stays what it was up to rounding. */
#include "program.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct fuser {
    ortp_program *program;
    uint32_t at; /* the op that takes others in */
} fuser;

static bool op_is(const ortk_op *op, const char *name) {
    return op->role == ORTK_ROLE_KERNEL && op->kernel->domain[0] == 0 && strcmp(op->kernel->op, name) == 0;
}

static ortk_value *value_at(const fuser *f, uint32_t value) {
    return &f->program->values[value];
}

static bool same_shape(const ortk_value *a, const ortk_value *b) {
    if (a->rank != b->rank || a->dtype != b->dtype) return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i] || a->dims[i] == ORTP_DIM_UNKNOWN) return false;
    return true;
}

/* The only reader of op's result, when the result is nothing else. */
static ortk_op *tail_of(const fuser *f, const ortk_op *op) {
    const ortk_value *result = value_at(f, op->outputs[0]);
    if (op->output_count != 1 || result->output != ORTP_NONE || result->reader_count != 1) return NULL;
    ortk_op *tail = &f->program->ops[result->reader];
    return tail->role == ORTK_ROLE_KERNEL && tail->output_count == 1 ? tail : NULL;
}

static ort_status *nodes_join(const fuser *f, ortk_op *op, const ortk_op *tail) {
    uint32_t *nodes = ortk_arena_array(&f->program->arena, op->node_count + tail->node_count, sizeof *nodes);
    if (!nodes) return ortk_out_of_memory();
    memcpy(nodes, op->nodes, op->node_count * sizeof *nodes);
    memcpy(nodes + op->node_count, tail->nodes, tail->node_count * sizeof *nodes);
    op->nodes = nodes;
    op->node_count += tail->node_count;
    return NULL;
}

/* `op` takes `tail` in and makes its result. */
static ort_status *absorb(const fuser *f, ortk_op *op, ortk_op *tail) {
    ORTK_TRY(nodes_join(f, op, tail));
    op->outputs = tail->outputs;
    tail->role = ORTK_ROLE_DEAD;
    ortk_program_count_readers(f->program);
    return NULL;
}

static const void *constant_of(const fuser *f, uint32_t value, int64_t *out_count) {
    const ortk_constant_entry *entry = NULL;
    *out_count = 0;
    if (value == ORTP_NONE || value_at(f, value)->kind != ORTK_VALUE_CONSTANT) return NULL;
    ort_status *status = ortk_constants_get(&f->program->constants, f->program->view, value_at(f, value)->id, &entry);
    if (status) {
        ortk_status_drop(f->program->host, status);
        return NULL;
    }
    *out_count = ortk_constant_count(&entry->constant);
    return entry->data;
}

/* The axis along which a bias or slopes lie. */
static uint32_t channel_axis(const ortk_op *op, const ortk_value *result) {
    return op->kernel->mode >= ORTK_MODE_PIXELS ? 1 : result->rank - 1;
}

/* True for a float32 constant that varies along the channels alone. */
static bool lies_along_channels(const fuser *f, const ortk_op *op, uint32_t value) {
    const ortk_value *result = value_at(f, op->outputs[0]), *v = value_at(f, value);
    if (v->kind != ORTK_VALUE_CONSTANT || v->dtype != ORT_DTYPE_F32 || v->rank > result->rank || !result->rank)
        return false;
    uint32_t axis = channel_axis(op, result), shift = result->rank - v->rank;
    if (axis < shift || v->dims[axis - shift] != result->dims[axis]) return false;
    for (uint32_t i = 0; i < v->rank; i++)
        if (i + shift != axis && v->dims[i] != 1) return false;
    return true;
}

static uint32_t other_input(const ortk_op *op, uint32_t value) {
    return op->inputs[0] == value ? op->inputs[1] : op->inputs[0];
}

static bool has_tail_work(const ortk_op *op) {
    return op->has_residual || op->fused.activation != ORTK_ACT_NONE;
}

static ort_status *bias_try(const fuser *f, ortk_op *op, bool *did) {
    ortk_op *tail = tail_of(f, op);
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_BIAS) || op->input_count != 2 || has_tail_work(op) || !tail ||
        !op_is(tail, "Add"))
        return NULL;
    uint32_t bias = other_input(tail, op->outputs[0]);
    if (!lies_along_channels(f, op, bias) || !same_shape(value_at(f, op->outputs[0]), value_at(f, tail->outputs[0])))
        return NULL;
    op->inputs[op->input_count++] = bias;
    *did = true;
    return absorb(f, op, tail);
}

static bool could_take_residual(const fuser *f, uint32_t producer) {
    const ortk_op *op = &f->program->ops[producer];
    return op->role == ORTK_ROLE_KERNEL && (op->kernel->flags & ORTK_KERNEL_FUSES_ADD) && !has_tail_work(op) &&
           tail_of(f, op);
}

/* The step then stands where the Add stood: what is added may be made later than the product. */
static ort_status *residual_try(fuser *f, ortk_op *op, bool *did) {
    ortk_op *tail = tail_of(f, op);
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_ADD) || has_tail_work(op) || !tail || !op_is(tail, "Add")) return NULL;
    uint32_t result = op->outputs[0], added = other_input(tail, result);
    const ortk_value *other = value_at(f, added);
    if (added == result || other->kind == ORTK_VALUE_CONSTANT || other->kind == ORTK_VALUE_KNOWN ||
        other->dtype != ORT_DTYPE_F32 || !same_shape(value_at(f, result), other) ||
        !same_shape(other, value_at(f, tail->outputs[0])))
        return NULL;
    if (other->producer != ORTP_NONE && other->producer > f->at && could_take_residual(f, other->producer)) return NULL;
    uint32_t tail_at = (uint32_t)(tail - f->program->ops);
    op->inputs[op->input_count++] = added;
    op->has_residual = true;
    ORTK_TRY(nodes_join(f, op, tail));
    op->outputs = tail->outputs;
    *tail = *op;
    op->role = ORTK_ROLE_DEAD;
    f->at = tail_at;
    *did = true;
    ortk_program_count_readers(f->program);
    return NULL;
}

static bool bound_read(const fuser *f, const ortk_op *tail, uint32_t index, float *out) {
    if (index >= tail->input_count || tail->inputs[index] == ORTP_NONE) return true;
    int64_t count = 0;
    const float *bound = constant_of(f, tail->inputs[index], &count);
    if (!bound || count != 1 || isnan(bound[0])) return false;
    *out = bound[0];
    return true;
}

static bool prelu_read(const fuser *f, const ortk_op *op, const ortk_op *tail, ortk_fused *out) {
    if (tail->inputs[0] != op->outputs[0]) return false;
    int64_t count = 0;
    const float *slopes = constant_of(f, tail->inputs[1], &count);
    if (!slopes) return false;
    if (count == 1) {
        *out = (ortk_fused){.activation = ORTK_ACT_LEAKY, .alpha = slopes[0]};
        return true;
    }
    *out = (ortk_fused){.activation = ORTK_ACT_PRELU, .slopes = slopes, .slope_count = count};
    return lies_along_channels(f, op, tail->inputs[1]);
}

typedef struct act_name {
    const char *op;
    uint32_t activation;
    float alpha, beta; /* the attributes' defaults; 0: it has none */
} act_name;

static const act_name act_names[] = {
    {"Relu", ORTK_ACT_RELU, 0, 0},           {"LeakyRelu", ORTK_ACT_LEAKY, 0.01f, 0},
    {"Sigmoid", ORTK_ACT_SIGMOID, 0, 0},     {"Tanh", ORTK_ACT_TANH, 0, 0},
    {"HardSwish", ORTK_ACT_HARDSWISH, 0, 0}, {"HardSigmoid", ORTK_ACT_HARDSIGMOID, 0.2f, 0.5f},
};

static bool gelu_read(const fuser *f, const ortk_op *op, const ortk_op *tail, ortk_fused *out) {
    ortk_node node;
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_GELU)) return false;
    ort_status *status = ortk_node_init(&node, f->program->host, f->program->view, tail->node, &f->program->constants);
    ortk_status_drop(f->program->host, status);
    if (status) return false;
    const bool by_tanh = ortk_attr_is(&node, "approximate", "none", "tanh");
    *out = (ortk_fused){.activation = by_tanh ? ORTK_ACT_GELU_TANH : ORTK_ACT_GELU};
    return true;
}

static bool act_read(const fuser *f, const ortk_op *op, const ortk_op *tail, ortk_fused *out) {
    if (op_is(tail, "Gelu")) return gelu_read(f, op, tail, out);
    if (op_is(tail, "PRelu")) return prelu_read(f, op, tail, out);
    if (op_is(tail, "Clip")) {
        *out = (ortk_fused){.activation = ORTK_ACT_CLIP, .alpha = -FLT_MAX, .beta = FLT_MAX};
        return tail->inputs[0] == op->outputs[0] && bound_read(f, tail, 1, &out->alpha) &&
               bound_read(f, tail, 2, &out->beta);
    }
    for (size_t i = 0; i < ORTK_COUNT_OF(act_names); i++) {
        if (!op_is(tail, act_names[i].op)) continue;
        ortk_node node;
        ort_status *status =
            ortk_node_init(&node, f->program->host, f->program->view, tail->node, &f->program->constants);
        ortk_status_drop(f->program->host, status);
        if (status) return false;
        *out = (ortk_fused){.activation = act_names[i].activation,
                            .alpha = ortk_attr_float(&node, "alpha", act_names[i].alpha),
                            .beta = ortk_attr_float(&node, "beta", act_names[i].beta)};
        return true;
    }
    return false;
}

static ort_status *activation_try(const fuser *f, ortk_op *op, bool *did) {
    ortk_op *tail = tail_of(f, op);
    ortk_fused fused;
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_ACT) || op->fused.activation != ORTK_ACT_NONE || !tail ||
        value_at(f, tail->outputs[0])->dtype != ORT_DTYPE_F32 || !act_read(f, op, tail, &fused))
        return NULL;
    op->fused = fused;
    *did = true;
    return absorb(f, op, tail);
}

/* x * Sigmoid(x) and x * HardSigmoid(x) with alpha 1/6: two readers of x, one of them the other's. */
static ort_status *gate_try(const fuser *f, ortk_op *op, bool *did) {
    const ortk_value *x = value_at(f, op->outputs[0]);
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_ACT) || op->fused.activation != ORTK_ACT_NONE ||
        op->output_count != 1 || x->output != ORTP_NONE || x->reader_count != 2)
        return NULL;
    ortk_op *mul = &f->program->ops[x->reader]; /* the later reader */
    if (!op_is(mul, "Mul")) return NULL;
    uint32_t gated = other_input(mul, op->outputs[0]);
    const ortk_value *gate_value = value_at(f, gated);
    if (gated == op->outputs[0] || gate_value->producer == ORTP_NONE || gate_value->reader_count != 1 ||
        gate_value->output != ORTP_NONE)
        return NULL;
    ortk_op *gate = &f->program->ops[gate_value->producer];
    ortk_fused fused;
    if (gate->role != ORTK_ROLE_KERNEL || gate->inputs[0] != op->outputs[0] || !act_read(f, op, gate, &fused))
        return NULL;
    bool is_hard =
        fused.activation == ORTK_ACT_HARDSIGMOID && fabsf(fused.alpha - 1.0f / 6.0f) < 1e-6f && fused.beta == 0.5f;
    if (!is_hard && fused.activation != ORTK_ACT_SIGMOID) return NULL;
    op->fused = (ortk_fused){.activation = is_hard ? ORTK_ACT_HARDSWISH : ORTK_ACT_SILU};
    ORTK_TRY(nodes_join(f, op, gate));
    gate->role = ORTK_ROLE_DEAD;
    *did = true;
    return absorb(f, op, mul);
}

/* The least and the largest number of an integer type that is quantised to; false for others. */
static bool range_of(uint32_t dtype, float *low, float *high) {
    static const struct {
        uint32_t dtype;
        float low, high;
    } table[] = {
        {ORT_DTYPE_U8, 0, 255}, {ORT_DTYPE_I8, -128, 127}, {ORT_DTYPE_U16, 0, 65535}, {ORT_DTYPE_I16, -32768, 32767}};
    for (size_t i = 0; i < ORTK_COUNT_OF(table); i++) {
        if (table[i].dtype != dtype) continue;
        *low = table[i].low;
        *high = table[i].high;
        return true;
    }
    return false;
}

static float whole_of(uint32_t dtype, const void *data) {
    return dtype == ORT_DTYPE_U8    ? *(const uint8_t *)data
           : dtype == ORT_DTYPE_I8  ? *(const int8_t *)data
           : dtype == ORT_DTYPE_U16 ? *(const uint16_t *)data
                                    : *(const int16_t *)data;
}

/* One scale and one zero point of a QuantizeLinear or its reverse, when they are constants. */
static bool steps_read(const fuser *f, const ortk_op *op, float *step, float *zero, float *low, float *high) {
    if (op->input_count != 3 || op->inputs[1] == ORTP_NONE || op->inputs[2] == ORTP_NONE) return false;
    int64_t scale_count = 0, zero_count = 0;
    uint32_t dtype = value_at(f, op->inputs[2])->dtype;
    if (value_at(f, op->inputs[1])->dtype != ORT_DTYPE_F32 || !range_of(dtype, low, high)) return false;
    const float *scale = constant_of(f, op->inputs[1], &scale_count);
    const void *zeros = constant_of(f, op->inputs[2], &zero_count);
    if (!scale || !zeros || scale_count != 1 || zero_count != 1) return false;
    *step = scale[0];
    *zero = whole_of(dtype, zeros);
    return isfinite(*step) && *step > 0;
}

/* A QuantizeLinear and the DequantizeLinear that alone reads it, by the same numbers. */
static ort_status *quantized_try(const fuser *f, ortk_op *op, bool *did) {
    bool after_relu = op->fused.activation == ORTK_ACT_RELU;
    ortk_op *quantize = tail_of(f, op), *back = NULL;
    float step, zero, low, high, back_step, back_zero, unused;
    if (!(op->kernel->flags & ORTK_KERNEL_FUSES_QUANTIZED) || (!after_relu && op->fused.activation != ORTK_ACT_NONE) ||
        !quantize || !op_is(quantize, "QuantizeLinear") || quantize->inputs[0] != op->outputs[0])
        return NULL;
    back = tail_of(f, quantize);
    if (!back || !op_is(back, "DequantizeLinear") || back->inputs[0] != quantize->outputs[0] ||
        value_at(f, op->outputs[0])->dtype != ORT_DTYPE_F32 || value_at(f, back->outputs[0])->dtype != ORT_DTYPE_F32 ||
        !steps_read(f, quantize, &step, &zero, &low, &high) ||
        !steps_read(f, back, &back_step, &back_zero, &unused, &unused) || step != back_step || zero != back_zero)
        return NULL;
    op->fused = (ortk_fused){.activation = ORTK_ACT_QUANTIZED, .alpha = low - zero, .beta = high - zero, .step = step};
    if (after_relu && op->fused.alpha < 0) op->fused.alpha = 0;
    *did = true;
    ORTK_TRY(absorb(f, op, quantize));
    return absorb(f, op, back);
}

static ort_status *fuse_at(ortp_program *program, uint32_t at) {
    fuser f = {program, at};
    for (bool did = true; did;) {
        ortk_op *op = &program->ops[f.at];
        did = false;
        if (op->role != ORTK_ROLE_KERNEL || op->output_count != 1) return NULL;
        ORTK_TRY(bias_try(&f, op, &did));
        if (!did) ORTK_TRY(residual_try(&f, op, &did));
        if (!did) ORTK_TRY(activation_try(&f, op, &did));
        if (!did) ORTK_TRY(quantized_try(&f, op, &did));
        if (!did) ORTK_TRY(gate_try(&f, op, &did));
    }
    program->ops[f.at].fused.has_residual = program->ops[f.at].has_residual;
    return NULL;
}

ort_status *ortk_program_fuse(ortp_program *program) {
    const uint32_t takes = ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_ADD | ORTK_KERNEL_FUSES_BIAS;
    for (uint32_t i = 0; i < program->op_count; i++)
        if (program->ops[i].role == ORTK_ROLE_KERNEL && program->ops[i].kernel->flags & takes)
            ORTK_TRY(fuse_at(program, i));
    return NULL;
}
