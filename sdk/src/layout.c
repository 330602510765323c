/* Layouts: which values lie channels-last. Kernels that want PIXELS get them, what stands between goes along, and a
 * conversion is made where a value is needed in the other layout, once. */
#include "program.h"

#include <string.h>

typedef struct layouter {
    ortp_program *program;
    ortk_op *ops; /* the new list */
    uint32_t count, capacity;
    bool is_free; /* false: conversions around every kernel that wants PIXELS */
} layouter;

static ortk_value *value_at(const layouter *l, uint32_t value) {
    return &l->program->values[value];
}

static bool is_pixels(const layouter *l, uint32_t value) {
    return value != ORTP_NONE && value_at(l, value)->layout == ORTK_LAYOUT_PIXELS;
}

static ort_status *op_append(layouter *l, const ortk_op *op) {
    if (l->count == l->capacity) {
        uint32_t capacity = l->capacity * 2 + 64;
        ortk_op *ops = ortk_arena_array(&l->program->arena, capacity, sizeof *ops);
        if (!ops) return ortk_out_of_memory();
        if (l->count) memcpy(ops, l->ops, l->count * sizeof *ops);
        l->ops = ops;
        l->capacity = capacity;
    }
    l->ops[l->count++] = *op;
    return NULL;
}

static ort_status *convert_append(layouter *l, uint32_t from, uint32_t to) {
    uint32_t *ends = ortk_arena_array(&l->program->arena, 2, sizeof *ends);
    if (!ends) return ortk_out_of_memory();
    ends[0] = from;
    ends[1] = to;
    ortk_op op = {.role = ORTK_ROLE_CONVERT,
                  .node = ORTP_NONE,
                  .input_count = 1,
                  .output_count = 1,
                  .inputs = ends,
                  .outputs = ends + 1,
                  .name = "layout"};
    return op_append(l, &op);
}

/* The other layout's value of the same id. */
static ort_status *twin_of(layouter *l, uint32_t value, uint32_t *out) {
    ortk_value twin = *value_at(l, value);
    *out = twin.twin;
    if (twin.twin != ORTP_NONE) return NULL;
    twin.kind = ORTK_VALUE_INNER;
    twin.input = twin.output = ORTP_NONE;
    twin.layout = twin.layout == ORTK_LAYOUT_ROWS ? ORTK_LAYOUT_PIXELS : ORTK_LAYOUT_ROWS;
    twin.twin = value;
    ORTK_TRY(ortk_value_add(l->program, &twin, out));
    value_at(l, value)->twin = *out;
    return NULL;
}

/* Makes sure that input `index` of `op` comes in `layout`. */
static ort_status *input_need(layouter *l, ortk_op *op, uint32_t index, uint32_t layout) {
    uint32_t value = op->inputs[index], twin = ORTP_NONE;
    if (value == ORTP_NONE || value_at(l, value)->layout == layout) return NULL;
    bool is_made = value_at(l, value)->twin != ORTP_NONE;
    ORTK_TRY(twin_of(l, value, &twin));
    if (!is_made) ORTK_TRY(convert_append(l, value, twin));
    op->inputs[index] = twin;
    return NULL;
}

/* Output 0 of `op` is made in PIXELS. A value that crosses the border keeps its name in ROWS and is converted behind.
 */
static ort_status *output_pixels(layouter *l, ortk_op *op, uint32_t index, bool *out_convert) {
    uint32_t value = op->outputs[index], twin = ORTP_NONE;
    *out_convert = false;
    if (value_at(l, value)->output == ORTP_NONE) {
        value_at(l, value)->layout = ORTK_LAYOUT_PIXELS;
        return NULL;
    }
    ORTK_TRY(twin_of(l, value, &twin));
    uint32_t *outputs = ortk_arena_array(&l->program->arena, op->output_count, sizeof *outputs);
    if (!outputs) return ortk_out_of_memory();
    memcpy(outputs, op->outputs, op->output_count * sizeof *outputs);
    outputs[index] = twin;
    op->outputs = outputs;
    *out_convert = true;
    return NULL;
}

/* Appends `op`, whose outputs are all PIXELS, and the conversions behind it. */
static ort_status *append_pixels(layouter *l, ortk_op *op) {
    bool converts[ORTK_RANK_MAX * 8] = {false};
    for (uint32_t i = 0; i < op->output_count && i < ORTK_COUNT_OF(converts); i++)
        if (op->outputs[i] != ORTP_NONE) ORTK_TRY(output_pixels(l, op, i, &converts[i]));
    ORTK_TRY(op_append(l, op));
    for (uint32_t i = 0; i < op->output_count && i < ORTK_COUNT_OF(converts); i++)
        if (converts[i]) ORTK_TRY(convert_append(l, op->outputs[i], value_at(l, op->outputs[i])->twin));
    return NULL;
}

static ort_status *lay_rows(layouter *l, ortk_op *op) {
    for (uint32_t i = 0; i < op->input_count; i++) ORTK_TRY(input_need(l, op, i, ORTK_LAYOUT_ROWS));
    return op_append(l, op);
}

/* Few channels are read from ROWS faster than they are converted. */
static bool reads_rows(const layouter *l, const ortk_op *op) {
    const ortk_value *in = value_at(l, op->inputs[0]);
    return op->kernel->mode == ORTK_MODE_PIXELS_IN_ANY && in->layout == ORTK_LAYOUT_ROWS && in->rank >= 3 &&
           in->dims[1] >= 1 && in->dims[1] <= 4 && in->twin == ORTP_NONE;
}

static ort_status *lay_pixels(layouter *l, ortk_op *op) {
    if (value_at(l, op->inputs[0])->rank < 3) return lay_rows(l, op);
    uint32_t last = op->input_count - 1;
    if (!reads_rows(l, op)) ORTK_TRY(input_need(l, op, 0, ORTK_LAYOUT_PIXELS));
    for (uint32_t i = 1; i < op->input_count; i++)
        ORTK_TRY(input_need(l, op, i, op->has_residual && i == last ? ORTK_LAYOUT_PIXELS : ORTK_LAYOUT_ROWS));
    return append_pixels(l, op);
}

static bool is_big(const ortk_value *in, const ortk_value *out) {
    return in->rank == out->rank && memcmp(in->dims, out->dims, in->rank * sizeof in->dims[0]) == 0;
}

/* Any mix of layouts is right (ort/sdk/broadcast.h); alike ones are fast. */
static ort_status *lay_elementwise(layouter *l, ortk_op *op) {
    const ortk_value out = *value_at(l, op->outputs[0]);
    bool some = false;
    for (uint32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] != ORTP_NONE) some |= is_pixels(l, op->inputs[i]) && is_big(value_at(l, op->inputs[i]), &out);
    if (!some || out.rank < 3 || op->output_count != 1 || !l->is_free) return lay_rows(l, op);
    for (uint32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] != ORTP_NONE && is_big(value_at(l, op->inputs[i]), &out))
            ORTK_TRY(input_need(l, op, i, ORTK_LAYOUT_PIXELS));
    return append_pixels(l, op);
}

static bool named(const ortk_op *op, const char *name) {
    return op->role == ORTK_ROLE_KERNEL && op->kernel->domain[0] == 0 && strcmp(op->kernel->op, name) == 0;
}

static bool node_of(const layouter *l, const ortk_op *op, ortk_node *node) {
    ort_status *status = ortk_node_init(node, l->program->host, l->program->view, op->node, &l->program->constants);
    ortk_status_drop(l->program->host, status);
    return !status;
}

/* The `axis` attribute names the channels of a rank that has pixels. */
static bool axis_is_channels(const layouter *l, const ortk_op *op, int64_t fallback) {
    ortk_node node;
    int64_t rank = value_at(l, op->outputs[0])->rank;
    if (rank < 3 || !node_of(l, op, &node)) return false;
    int64_t axis = ortk_attr_int(&node, "axis", fallback);
    return axis == 1 || axis + rank == 1;
}

static bool takes_pixel_concat(const layouter *l, const ortk_op *op) {
    uint32_t pixels = 0;
    for (uint32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] == ORTP_NONE || value_at(l, op->inputs[i])->kind == ORTK_VALUE_CONSTANT) return false;
        pixels += is_pixels(l, op->inputs[i]);
    }
    return pixels * 2 > op->input_count && axis_is_channels(l, op, 0);
}

static ort_status *lay_concat(layouter *l, ortk_op *op) {
    if (!takes_pixel_concat(l, op)) return lay_rows(l, op);
    for (uint32_t i = 0; i < op->input_count; i++) ORTK_TRY(input_need(l, op, i, ORTK_LAYOUT_PIXELS));
    op->role = ORTK_ROLE_CONCAT;
    return append_pixels(l, op);
}

static ort_status *lay_split(layouter *l, ortk_op *op) {
    if (!is_pixels(l, op->inputs[0]) || !axis_is_channels(l, op, 0) || op->output_count > ORTK_RANK_MAX * 8)
        return lay_rows(l, op);
    op->role = ORTK_ROLE_SPLIT;
    op->input_count = 1;
    return append_pixels(l, op);
}

/* 1: N,C,spatial -> N,spatial,C; 2: back; 0: neither. */
static uint32_t transpose_kind(const layouter *l, const ortk_op *op) {
    ortk_node node;
    int64_t perm[ORTK_RANK_MAX];
    uint32_t rank = value_at(l, op->outputs[0])->rank;
    if (rank < 3 || !node_of(l, op, &node) || ortk_attr_ints(&node, "perm", perm, ORTK_RANK_MAX) != rank || perm[0])
        return 0;
    bool to_last = perm[rank - 1] == 1, to_first = perm[1] == (int64_t)rank - 1;
    for (uint32_t i = 1; i + 1 < rank; i++) to_last &= perm[i] == (int64_t)i + 1;
    for (uint32_t i = 2; i < rank; i++) to_first &= perm[i] == (int64_t)i - 1;
    return to_last ? 1 : to_first ? 2 : 0;
}

static ort_status *lay_transpose(layouter *l, ortk_op *op) {
    uint32_t kind = transpose_kind(l, op);
    bool pixels = is_pixels(l, op->inputs[0]);
    bool leaves = value_at(l, op->outputs[0])->output != ORTP_NONE;
    if (kind == 1 && pixels) {
        op->role = ORTK_ROLE_RELABEL;
        return op_append(l, op);
    }
    if (kind == 2 && !pixels && !leaves) {
        op->role = ORTK_ROLE_RELABEL;
        return append_pixels(l, op);
    }
    return lay_rows(l, op);
}

static ort_status *lay_op(layouter *l, ortk_op *op) {
    if (op->role == ORTK_ROLE_KNOWN) return op_append(l, op);
    if (op->role != ORTK_ROLE_KERNEL) return lay_rows(l, op);
    if (op->kernel->mode == ORTK_MODE_PIXELS || op->kernel->mode == ORTK_MODE_PIXELS_IN_ANY) return lay_pixels(l, op);
    if (op->kernel->mode == ORTK_MODE_ELEMENTWISE && op->output_count > 0) return lay_elementwise(l, op);
    if (l->is_free && named(op, "Concat")) return lay_concat(l, op);
    if (l->is_free && named(op, "Split")) return lay_split(l, op);
    if (l->is_free && named(op, "Transpose")) return lay_transpose(l, op);
    return lay_rows(l, op);
}

ort_status *ortk_program_lay_out(ortp_program *program) {
    layouter l = {.program = program};
    l.is_free = !(program->instance->settings.flags & ORTK_SETTING_NO_LAYOUTS);
    for (uint32_t i = 0; i < program->op_count; i++) {
        ortk_op op = program->ops[i];
        if (op.role != ORTK_ROLE_DEAD) ORTK_TRY(lay_op(&l, &op));
    }
    program->ops = l.ops;
    program->op_count = l.count;
    ortk_program_count_readers(program);
    return NULL;
}
