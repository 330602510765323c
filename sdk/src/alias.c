/* Which values of a plan share memory. Parts of a channel Concat are made inside the whole; views hang below what they
 * show; a result takes its input's place when nobody needs the input afterwards. */
#include "program.h"

#include <string.h>

static bool is_movable(const ortp_plan *plan, uint32_t value) {
    const ortk_place *place = &plan->places[value];
    return place->parent == ORTP_NONE && !place->is_fixed;
}

static int64_t channel_bytes(const ortk_desc *desc) {
    return desc->dims[1] * (int64_t)ortk_dtype_bytes(desc->dtype, 1);
}

/* Can `value` be made inside another value, pixel by pixel? Views of something else can't. */
static bool is_made_by_pixels(const ortp_plan *plan, uint32_t value) {
    const ortp_program *program = plan->program;
    if (program->values[value].kind != ORTK_VALUE_INNER || program->values[value].producer == ORTP_NONE) return false;
    uint32_t role = program->ops[program->values[value].producer].role;
    return role == ORTK_ROLE_KERNEL || role == ORTK_ROLE_CONVERT || role == ORTK_ROLE_CONCAT;
}

static void concat_alias(ortp_plan *plan, const ortk_op *op) {
    uint32_t whole = op->outputs[0];
    uint64_t at = 0;
    for (uint32_t i = 0; i < op->input_count; i++) {
        uint32_t part = op->inputs[i];
        if (is_movable(plan, part) && is_made_by_pixels(plan, part)) {
            plan->places[part].parent = whole;
            plan->places[part].offset_bytes = at;
            plan->descs[part].pitch = plan->descs[whole].pitch;
        }
        at += (uint64_t)channel_bytes(&plan->descs[part]);
    }
}

/* `view` shows `offset_bytes` of `of`; true when they now share memory. */
static bool view_alias(ortp_plan *plan, uint32_t view, uint32_t of, uint64_t offset_bytes) {
    ortk_place *places = plan->places;
    if (is_movable(plan, view)) {
        places[view].parent = of;
        places[view].offset_bytes = offset_bytes;
        return true;
    }
    /* What the view shows is made where the view must be. */
    if (offset_bytes == 0 && places[view].parent == ORTP_NONE && is_movable(plan, of) &&
        places[view].size_bytes == places[of].size_bytes && plan->program->values[view].output != ORTP_NONE) {
        places[of].parent = view;
        return true;
    }
    return false;
}

static void split_alias(ortp_plan *plan, const ortk_op *op) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < op->output_count; i++) {
        uint32_t part = op->outputs[i];
        if (part == ORTP_NONE) continue;
        if (is_movable(plan, part)) {
            plan->places[part].parent = op->inputs[0];
            plan->places[part].offset_bytes = at;
            plan->descs[part].pitch = plan->descs[op->inputs[0]].pitch;
        }
        at += (uint64_t)channel_bytes(&plan->descs[part]);
    }
}

static bool is_dense(const ortk_desc *desc) {
    return desc->layout == ORTK_LAYOUT_ROWS || desc->pitch == desc->dims[1];
}

/* Both layouts are the same bytes: one pixel an image, or one channel. */
static bool is_same_bytes(const ortk_desc *desc) {
    return desc->element_count == 0 || desc->dims[1] == 1 || desc->element_count == desc->dims[0] * desc->dims[1];
}

static void op_alias(ortp_plan *plan, const ortk_op *op) {
    if (op->role == ORTK_ROLE_SPLIT) split_alias(plan, op);
    if (op->role != ORTK_ROLE_VIEW && op->role != ORTK_ROLE_CONVERT && op->role != ORTK_ROLE_RELABEL) return;
    const ortk_desc *in = &plan->descs[op->inputs[0]], *out = &plan->descs[op->outputs[0]];
    if (!is_dense(in) || !is_dense(out)) return;
    if (op->role == ORTK_ROLE_CONVERT && !is_same_bytes(in)) return;
    (void)view_alias(plan, op->outputs[0], op->inputs[0], 0);
}

/* ---- when a root's bytes are needed ---- */

static void use(ortp_plan *plan, uint32_t value, uint32_t op) {
    uint64_t offset = 0;
    if (value == ORTP_NONE) return;
    ortk_place *root = &plan->places[ortk_place_root(plan->places, value, &offset)];
    if (!root->is_used) root->first = root->last = op;
    root->is_used = true;
    if (op < root->first) root->first = op;
    if (op > root->last) root->last = op;
}

static void lifetimes_find(ortp_plan *plan) {
    const ortp_program *program = plan->program;
    for (uint32_t i = 0; i < program->op_count; i++) {
        const ortk_op *op = &program->ops[i];
        for (uint32_t k = 0; k < op->input_count; k++)
            if (k >= 32 || !(op->unread >> k & 1)) use(plan, op->inputs[k], i);
        for (uint32_t k = 0; k < op->output_count; k++) use(plan, op->outputs[k], i);
    }
}

/* ---- results in place ---- */

static bool same_form(const ortk_desc *a, const ortk_desc *b) {
    return ortk_dtype_bytes(a->dtype, 1) == ortk_dtype_bytes(b->dtype, 1) && ortk_desc_same_dims(a, b) &&
           a->layout == b->layout && (a->layout == ORTK_LAYOUT_ROWS || a->pitch == b->pitch);
}

/* No other input lies in the same memory, unless it is element by element the same. */
static bool is_alone(const ortp_plan *plan, const ortk_op *op, uint32_t index, uint32_t root, bool is_elementwise) {
    for (uint32_t i = 0; i < op->input_count; i++) {
        uint64_t offset = 0;
        if (i == index || op->inputs[i] == ORTP_NONE) continue;
        if (ortk_place_root(plan->places, op->inputs[i], &offset) != root) continue;
        if (!is_elementwise || offset || !same_form(&plan->descs[op->inputs[i]], &plan->descs[op->inputs[index]]))
            return false;
    }
    return true;
}

static bool inplace_try(ortp_plan *plan, uint32_t at, uint32_t index, bool is_elementwise) {
    const ortk_op *op = &plan->program->ops[at];
    uint32_t in = op->inputs[index], out = op->outputs[0];
    uint64_t offset = 0;
    if (in == ORTP_NONE || out == ORTP_NONE || (index < 32 && op->unread >> index & 1)) return false;
    uint32_t root = ortk_place_root(plan->places, in, &offset);
    ortk_place *from = &plan->places[root], *to = &plan->places[out];
    if (root == out || from->is_fixed || offset || from->last != at || to->parent != ORTP_NONE ||
        from->size_bytes != plan->places[in].size_bytes || from->size_bytes != to->size_bytes ||
        !same_form(&plan->descs[in], &plan->descs[out]) || !is_alone(plan, op, index, root, is_elementwise))
        return false;
    if (to->is_fixed) { /* an output of the program: its input is made there already */
        from->parent = out;
        from->offset_bytes = 0;
        return true;
    }
    to->parent = root;
    to->offset_bytes = 0;
    if (to->last > from->last) from->last = to->last;
    return true;
}

static void inplace_alias(ortp_plan *plan) {
    for (uint32_t i = 0; i < plan->program->op_count; i++) {
        const ortk_op *op = &plan->program->ops[i];
        if (op->role != ORTK_ROLE_KERNEL || op->output_count == 0) continue;
        if (op->has_residual) {
            (void)inplace_try(plan, i, op->input_count - 1, false);
        } else if (op->kernel->flags & ORTK_KERNEL_INPLACE) {
            for (uint32_t k = 0; k < op->input_count; k++)
                if (inplace_try(plan, i, k, true)) break;
        } else if (op->kernel->flags & ORTK_KERNEL_INPLACE_FIRST && op->input_count > 0) {
            (void)inplace_try(plan, i, 0, false);
        }
    }
}

ort_status *ortk_plan_alias(ortp_plan *plan) {
    const ortp_program *program = plan->program;
    /* Outer Concats first, so that the parts of inner ones take the outer's pitch. */
    for (uint32_t i = program->op_count; i-- > 0;)
        if (program->ops[i].role == ORTK_ROLE_CONCAT) concat_alias(plan, &program->ops[i]);
    for (uint32_t i = 0; i < program->op_count; i++) op_alias(plan, &program->ops[i]);
    lifetimes_find(plan);
    inplace_alias(plan);
    return NULL;
}
