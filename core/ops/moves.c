/* Inference of operators that move elements without changing them, and of those that make shapes. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

/* The same elements in the same order under another shape. */
static void copy_cells(orti_infer *infer) {
    uint32_t count;
    const orti_cell *in = orti_in_cells(infer, 0, &count);
    orti_cell *out = in ? orti_set_cells(infer, 0, count) : NULL;
    if (out) memcpy(out, in, count * sizeof *out);
}

/* The shape of an input as numbers; false when some are not. */
static bool number_dims(const orti_infer *infer, const orti_state *state, int64_t *out) {
    for (uint32_t i = 0; i < state->rank; i++)
        if (!orti_dim_is_number(infer, state->dims[i], &out[i])) return false;
    return true;
}

/* Element (c0, c1, ...) of output `index` is element base + sum(c * strides) of the contents `in`. */
static void move_cells(orti_infer *infer, uint32_t index, const orti_cell *in, int64_t base, const int64_t *strides) {
    const orti_state *result = orti_result(infer, index);
    int64_t dims[ORTI_RANK_MAX], place[ORTI_RANK_MAX] = {0};
    if (!in || !result || !result->has_shape || !number_dims(infer, result, dims)) return;
    int64_t count = orti_state_count(infer->engine, result);
    if (count < 0 || count > (int64_t)ORTI_KNOWN_MAX) return;
    orti_cell *out = orti_set_cells(infer, index, (uint32_t)count);
    for (int64_t i = 0; out && i < count; i++) {
        int64_t at = base;
        for (uint32_t k = 0; k < result->rank; k++) at += place[k] * strides[k];
        out[i] = in[at];
        for (uint32_t k = result->rank; k-- > 0 && ++place[k] == dims[k];) place[k] = 0;
    }
}

/* Row-major strides; false when the shape is not all numbers. */
static bool dense_strides(const orti_infer *infer, const orti_state *state, int64_t *strides) {
    int64_t dims[ORTI_RANK_MAX], stride = 1;
    if (!number_dims(infer, state, dims)) return false;
    for (uint32_t k = state->rank; k-- > 0; stride *= dims[k]) strides[k] = stride;
    return true;
}

void orti_infer_identity(orti_infer *infer) {
    orti_infer_sequence_same(infer);
    const orti_state *in = orti_in_shaped(infer, 0);
    if (in) orti_set_dims(infer, 0, in->dims, in->rank);
    copy_cells(infer);
}

void orti_infer_shape(orti_infer *infer) {
    orti_set_dtype(infer, 0, ORT_DTYPE_I64);
    const orti_state *in = orti_in_shaped(infer, 0);
    if (!in) {
        orti_set_dims(infer, 0, (const orti_dim[]){ORTI_DIM_INVALID}, 1);
        return;
    }
    int64_t rank = in->rank, start = orti_node_attr_int(infer->node, "start", 0);
    int64_t end = orti_node_attr_int(infer->node, "end", rank);
    start = start < 0 ? start + rank : start;
    end = end < 0 ? end + rank : end;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    orti_set_dims(infer, 0, (const orti_dim[]){end - start}, 1);
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)(end - start));
    for (int64_t i = start; out && i < end; i++) out[i - start].dim = in->dims[i];
}

void orti_infer_size(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_set_dtype(infer, 0, ORT_DTYPE_I64);
    orti_set_dims(infer, 0, NULL, 0);
    orti_cell *out = in ? orti_set_cells(infer, 0, 1) : NULL;
    if (out) out->dim = orti_dims_product(infer, in->dims, in->rank);
}

/* ---- new shapes ---- */
/* One -1 takes what is left of the input's elements. */
static void fill_rest(orti_infer *infer, const orti_state *in, orti_dim *dims, uint32_t rank, uint32_t at) {
    orti_dim rest = 1, total = in ? orti_dims_product(infer, in->dims, in->rank) : ORTI_DIM_INVALID;
    int64_t all, others;
    for (uint32_t i = 0; i < rank; i++)
        if (i != at) rest = orti_dims_op(infer, orti_dim_mul, rest, dims[i]);
    bool are_numbers = orti_dim_is_number(infer, total, &all) && orti_dim_is_number(infer, rest, &others);
    if (are_numbers && others == 0) {
        dims[at] = 0;
    } else if (are_numbers && all % others != 0) {
        orti_infer_fail(infer, "%lld elements can't be reshaped: %lld does not divide them", (long long)all,
                        (long long)others);
    } else {
        dims[at] = orti_dims_op(infer, orti_dim_floordiv, total, rest);
    }
}

static void check_element_count(orti_infer *infer, const orti_state *in, const orti_dim *dims, uint32_t rank) {
    int64_t before, after;
    if (!in || !orti_dim_is_number(infer, orti_dims_product(infer, in->dims, in->rank), &before)) return;
    if (orti_dim_is_number(infer, orti_dims_product(infer, dims, rank), &after) && before != after)
        orti_infer_fail(infer, "%lld elements can't take a shape of %lld elements", (long long)before,
                        (long long)after);
}

/* Contents of the target shape that are not known: its length still gives the rank. */
static void reshape_unknown(orti_infer *infer) {
    orti_dim dims[ORTI_RANK_MAX];
    int64_t rank;
    const orti_state *target = orti_in_shaped(infer, 1);
    if (!target || target->rank != 1 || !orti_dim_is_number(infer, target->dims[0], &rank) || rank > ORTI_RANK_MAX)
        return;
    for (int64_t i = 0; i < rank; i++) dims[i] = ORTI_DIM_INVALID;
    orti_set_dims(infer, 0, dims, (uint32_t)rank);
}

void orti_infer_reshape(orti_infer *infer) {
    uint32_t rank, rest = UINT32_MAX;
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_cell *target = orti_in_cells(infer, 1, &rank);
    bool keeps_zero = orti_node_attr_int(infer->node, "allowzero", 0) != 0;
    if (!target || rank > ORTI_RANK_MAX) {
        reshape_unknown(infer);
        return;
    }
    orti_dim dims[ORTI_RANK_MAX];
    for (uint32_t i = 0; i < rank; i++) {
        int64_t number;
        dims[i] = target[i].dim;
        if (!orti_dim_is_number(infer, target[i].dim, &number)) continue;
        if (number == 0 && !keeps_zero) {
            if (in && i >= in->rank)
                orti_infer_fail(infer, "0 at place %u of the shape: the input's rank is %u", i, in->rank);
            dims[i] = in && i < in->rank ? in->dims[i] : ORTI_DIM_INVALID;
        } else if (number == -1) {
            if (rest != UINT32_MAX) orti_infer_fail(infer, "the shape has more than one -1");
            rest = i;
        } else if (number < -1) {
            orti_infer_fail(infer, "the shape holds %lld", (long long)number);
        }
    }
    if (rest != UINT32_MAX) fill_rest(infer, in, dims, rank, rest);
    if (!infer->status) check_element_count(infer, in, dims, rank);
    orti_set_dims(infer, 0, dims, rank);
    copy_cells(infer);
}

void orti_infer_flatten(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    if (!in) return;
    int64_t axis = orti_node_attr_int(infer->node, "axis", 1);
    if (axis < 0) axis += in->rank;
    if (axis < 0 || axis > (int64_t)in->rank) {
        orti_infer_fail(infer, "axis %lld is outside a value of rank %u", (long long)axis, in->rank);
        return;
    }
    orti_set_dims(infer, 0,
                  (const orti_dim[]){orti_dims_product(infer, in->dims, (uint32_t)axis),
                                     orti_dims_product(infer, in->dims + axis, in->rank - (uint32_t)axis)},
                  2);
    copy_cells(infer);
}

/* Axes from an input, as marks on `rank` axes. */
static bool mark_axes(orti_infer *infer, uint32_t input, uint32_t rank, bool *marks) {
    int64_t axes[ORTI_RANK_MAX];
    uint32_t count;
    if (!orti_in_ints(infer, input, axes, ORTI_RANK_MAX, &count)) return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis;
        if (!orti_axis(infer, axes[i], rank, &axis)) return false;
        if (marks[axis]) orti_infer_fail(infer, "axis %u is named twice", axis);
        marks[axis] = true;
    }
    return true;
}

void orti_infer_squeeze(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    bool marks[ORTI_RANK_MAX] = {false};
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank = 0;
    int64_t number;
    if (!in) return;
    bool has_axes = orti_in(infer, 1) != NULL;
    if (has_axes && !mark_axes(infer, 1, in->rank, marks)) return;
    for (uint32_t i = 0; i < in->rank; i++) {
        bool is_number = orti_dim_is_number(infer, in->dims[i], &number);
        if (!has_axes && !is_number) return;
        if (has_axes && marks[i] && is_number && number != 1)
            orti_infer_fail(infer, "axis %u has the size %lld, only 1 can be squeezed", i, (long long)number);
        if (has_axes ? !marks[i] : number != 1) dims[rank++] = in->dims[i];
    }
    orti_set_dims(infer, 0, dims, rank);
    copy_cells(infer);
}

void orti_infer_unsqueeze(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *axes = orti_in_shaped(infer, 1);
    bool marks[ORTI_RANK_MAX] = {false};
    orti_dim dims[ORTI_RANK_MAX];
    int64_t added;
    if (!in || !axes || axes->rank > 1) return;
    if (axes->rank == 0) added = 1;
    if (axes->rank == 1 && !orti_dim_is_number(infer, axes->dims[0], &added)) return;
    if (added < 0 || in->rank + (uint64_t)added > ORTI_RANK_MAX) {
        orti_infer_fail(infer, "the result's rank is over %u", ORTI_RANK_MAX);
        return;
    }
    uint32_t rank = in->rank + (uint32_t)added;
    if (!mark_axes(infer, 1, rank, marks)) return;
    for (uint32_t i = 0, from = 0; i < rank && from <= in->rank; i++) dims[i] = marks[i] ? 1 : in->dims[from++];
    orti_set_dims(infer, 0, dims, rank);
    copy_cells(infer);
}

void orti_infer_transpose(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_attr *perm = orti_node_attr(infer->node, "perm");
    orti_dim dims[ORTI_RANK_MAX];
    int64_t strides[ORTI_RANK_MAX], moved[ORTI_RANK_MAX];
    bool marks[ORTI_RANK_MAX] = {false};
    if (!in) return;
    if (perm && perm->count != in->rank) {
        orti_infer_fail(infer, "perm has %u axes, the input has %u", perm->count, in->rank);
        return;
    }
    bool has_strides = dense_strides(infer, in, strides);
    for (uint32_t i = 0; i < in->rank; i++) {
        uint32_t axis = in->rank - 1 - i;
        if (perm && !orti_axis(infer, perm->ints[i], in->rank, &axis)) return;
        if (marks[axis]) orti_infer_fail(infer, "perm names axis %u twice", axis);
        marks[axis] = true;
        dims[i] = in->dims[axis];
        moved[i] = has_strides ? strides[axis] : 0;
    }
    orti_set_dims(infer, 0, dims, in->rank);
    uint32_t count;
    if (has_strides) move_cells(infer, 0, orti_in_cells(infer, 0, &count), 0, moved);
}

/* ---- joining and cutting ---- */
static void concat_cells(orti_infer *infer, uint32_t axis) {
    const orti_state *result = orti_result(infer, 0);
    int64_t total = result ? orti_state_count(infer->engine, result) : -1, outer = 1, dims[ORTI_RANK_MAX];
    if (total < 0 || total > (int64_t)ORTI_KNOWN_MAX || !number_dims(infer, result, dims)) return;
    for (uint32_t k = 0; k < axis; k++) outer *= dims[k];
    uint32_t count;
    for (uint32_t i = 0; i < infer->node->input_count; i++)
        if (!orti_in_cells(infer, i, &count)) return;
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)total);
    for (int64_t o = 0; out && o < outer; o++)
        for (uint32_t i = 0; i < infer->node->input_count; i++) {
            const orti_cell *in = orti_in_cells(infer, i, &count);
            uint32_t block = (uint32_t)(count / outer);
            if (block) memcpy(out, in + o * block, block * sizeof *out);
            out += block;
        }
}

void orti_infer_concat(orti_infer *infer) {
    const orti_state *first = orti_in_shaped(infer, 0);
    uint32_t axis;
    orti_dim dims[ORTI_RANK_MAX];
    if (!first || !orti_axis(infer, orti_node_attr_int(infer->node, "axis", 0), first->rank, &axis)) return;
    memcpy(dims, first->dims, first->rank * sizeof *dims);
    for (uint32_t i = 1; i < infer->node->input_count; i++) {
        const orti_state *in = orti_in_shaped(infer, i);
        if (!in) return;
        if (in->rank != first->rank) {
            orti_infer_fail(infer, "input %u has rank %u, input 0 has %u", i, in->rank, first->rank);
            return;
        }
        for (uint32_t k = 0; k < in->rank; k++) {
            int64_t a, b;
            if (k == axis) dims[k] = orti_dims_op(infer, orti_dim_add, dims[k], in->dims[k]);
            if (k == axis || !orti_dim_is_number(infer, in->dims[k], &b)) continue;
            if (orti_dim_is_number(infer, dims[k], &a) && a != b)
                orti_infer_fail(infer, "input %u has %lld on axis %u, others %lld", i, (long long)b, k, (long long)a);
            dims[k] = in->dims[k];
        }
    }
    orti_set_dims(infer, 0, dims, first->rank);
    if (!infer->status) concat_cells(infer, axis);
}

/* The size of piece `index` along the axis. */
static orti_dim piece_size(orti_infer *infer, orti_dim whole, uint32_t index, const orti_cell *sizes,
                           uint32_t size_count) {
    int64_t number, count = orti_node_attr_int(infer->node, "num_outputs", infer->node->output_count);
    if (sizes) return index < size_count ? sizes[index].dim : ORTI_DIM_INVALID;
    if (orti_in(infer, 1) || count <= 0) return ORTI_DIM_INVALID;
    /* ONNX Split-18: equal pieces, the last one smaller. */
    orti_dim piece = orti_dims_op(infer, orti_dim_ceildiv, whole, count);
    if ((int64_t)index + 1 < count || !orti_dim_is_number(infer, whole, &number)) return piece;
    return orti_dims_op(infer, orti_dim_sub, whole, orti_dims_op(infer, orti_dim_mul, piece, count - 1));
}

void orti_infer_split(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    uint32_t axis, size_count, count;
    if (!in || !orti_axis(infer, orti_node_attr_int(infer->node, "axis", 0), in->rank, &axis)) return;
    const orti_cell *sizes = orti_in_cells(infer, 1, &size_count), *cells = orti_in_cells(infer, 0, &count);
    if (sizes && size_count != infer->node->output_count)
        orti_infer_fail(infer, "%u sizes for %u outputs", size_count, infer->node->output_count);
    int64_t strides[ORTI_RANK_MAX], begin = 0, number;
    bool has_strides = dense_strides(infer, in, strides);
    for (uint32_t i = 0; i < infer->node->output_count; i++) {
        orti_dim dims[ORTI_RANK_MAX];
        memcpy(dims, in->dims, in->rank * sizeof *dims);
        dims[axis] = piece_size(infer, in->dims[axis], i, sizes, size_count);
        orti_set_dims(infer, i, dims, in->rank);
        if (!orti_dim_is_number(infer, dims[axis], &number)) has_strides = false;
        if (has_strides && cells) move_cells(infer, i, cells, begin * strides[axis], strides);
        begin += has_strides ? number : 0;
    }
    if (has_strides && orti_dim_is_number(infer, in->dims[axis], &number) && begin != number)
        orti_infer_fail(infer, "the pieces add up to %lld, axis %u has %lld", (long long)begin, axis,
                        (long long)number);
}

/* ---- Slice ---- */
typedef struct cut {
    int64_t start, step; /* where the first element lies, when `has_start` */
    bool has_start;
    orti_dim size;
} cut;

/* ONNX Slice-13: clamps, for numbers. */
static cut cut_numbers(int64_t dim, int64_t start, int64_t end, int64_t step) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    start = start < 0 ? start + dim : start;
    end = end < 0 ? (end < -dim ? -1 : end + dim) : end;
    if (step > 0 && end < 0) end = 0;
    start = start < (step > 0 ? 0 : 0) ? 0 : start > high ? high : start;
    end = end < low ? low : end > dim ? dim : end;
    int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    int64_t size = span > 0 ? (span + stride - 1) / stride : 0;
    return (cut){start < 0 ? 0 : start, step, true, size};
}

/* Where some of it is an expression; sizes are taken to be as long as the cut asks. */
static orti_dim cut_symbols(orti_infer *infer, orti_dim dim, orti_dim start, orti_dim end, int64_t step) {
    int64_t s, e;
    bool has_s = orti_dim_is_number(infer, start, &s), has_e = orti_dim_is_number(infer, end, &e);
    if (step == -1 && has_s && has_e && s == -1 && e <= -INT32_MAX) return dim;
    if (step < 1 || start == ORTI_DIM_INVALID || end == ORTI_DIM_INVALID) return ORTI_DIM_INVALID;
    if (has_s && s < 0 && has_e && e >= INT32_MAX) {
        orti_dim tail = orti_dims_op(infer, orti_dim_min, dim, -s);
        return step == 1 ? tail : orti_dims_op(infer, orti_dim_ceildiv, tail, step);
    }
    orti_dim from = has_s && s < 0 ? orti_dims_op(infer, orti_dim_add, dim, start) : start, to;
    if (has_e && e >= INT32_MAX)
        to = dim;
    else if (has_e && e < 0)
        to = orti_dims_op(infer, orti_dim_add, dim, end);
    else
        to = end == dim ? dim : orti_dims_op(infer, orti_dim_min, dim, end);
    orti_dim span = orti_dims_op(infer, orti_dim_sub, to, from);
    return step == 1 ? span : orti_dims_op(infer, orti_dim_ceildiv, span, step);
}

static cut cut_axis(orti_infer *infer, orti_dim dim, orti_dim start, orti_dim end, int64_t step) {
    int64_t d, s, e;
    if (orti_dim_is_number(infer, dim, &d) && orti_dim_is_number(infer, start, &s) &&
        orti_dim_is_number(infer, end, &e))
        return cut_numbers(d, s, e, step);
    return (cut){.step = step, .size = cut_symbols(infer, dim, start, end, step)};
}

void orti_infer_slice(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    uint32_t start_count, end_count, axis_count, step_count, count;
    int64_t axes[ORTI_RANK_MAX], steps[ORTI_RANK_MAX], strides[ORTI_RANK_MAX], base = 0;
    orti_dim dims[ORTI_RANK_MAX];
    if (!in) return;
    const orti_cell *starts = orti_in_cells(infer, 1, &start_count), *ends = orti_in_cells(infer, 2, &end_count);
    bool has_axes = orti_in(infer, 3) != NULL, has_steps = orti_in(infer, 4) != NULL;
    for (uint32_t i = 0; i < in->rank; i++) dims[i] = ORTI_DIM_INVALID;
    if ((has_axes && !orti_in_ints(infer, 3, axes, ORTI_RANK_MAX, &axis_count)) ||
        (has_steps && !orti_in_ints(infer, 4, steps, ORTI_RANK_MAX, &step_count)) || !starts || !ends) {
        orti_set_dims(infer, 0, dims, in->rank);
        return;
    }
    uint32_t cut_count = has_axes ? axis_count : start_count;
    if (start_count != cut_count || end_count != cut_count || (has_steps && step_count != cut_count) ||
        cut_count > in->rank) {
        orti_infer_fail(infer, "%u starts, %u ends and %u axes on a value of rank %u", start_count, end_count,
                        cut_count, in->rank);
        return;
    }
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    bool can_move = dense_strides(infer, in, strides);
    for (uint32_t i = 0; i < cut_count; i++) {
        uint32_t axis = i;
        if (has_axes && !orti_axis(infer, axes[i], in->rank, &axis)) return;
        int64_t step = has_steps ? steps[i] : 1;
        if (step == 0) orti_infer_fail(infer, "a step of 0 on axis %u", axis);
        if (infer->status) return;
        cut one = cut_axis(infer, in->dims[axis], starts[i].dim, ends[i].dim, step);
        dims[axis] = one.size;
        can_move = can_move && one.has_start;
        if (can_move) base += one.start * strides[axis];
        if (can_move) strides[axis] *= one.step;
    }
    orti_set_dims(infer, 0, dims, in->rank);
    if (can_move) move_cells(infer, 0, orti_in_cells(infer, 0, &count), base, strides);
}

/* ---- choosing ---- */
static void gather_cells(orti_infer *infer, uint32_t axis) {
    const orti_state *data = orti_in(infer, 0);
    uint32_t data_count, index_count;
    int64_t dims[ORTI_RANK_MAX], inner = 1, outer = 1;
    const orti_cell *cells = orti_in_cells(infer, 0, &data_count), *indices = orti_in_cells(infer, 1, &index_count);
    if (!cells || !indices || !number_dims(infer, data, dims)) return;
    for (uint32_t k = 0; k < data->rank; k++) *(k < axis ? &outer : &inner) *= k == axis ? 1 : dims[k];
    if (outer * inner * index_count > (int64_t)ORTI_KNOWN_MAX) return;
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)(outer * inner * index_count));
    for (int64_t o = 0; out && o < outer; o++)
        for (uint32_t i = 0; i < index_count; i++) {
            int64_t at;
            if (!orti_dim_is_number(infer, indices[i].dim, &at)) {
                orti_result(infer, 0)->cells = NULL;
                return;
            }
            at = at < 0 ? at + dims[axis] : at;
            if (at < 0 || at >= dims[axis]) {
                orti_infer_fail(infer, "index %lld is outside axis %u of size %lld", (long long)at, axis,
                                (long long)dims[axis]);
                return;
            }
            memcpy(out + (o * index_count + i) * inner, cells + (o * dims[axis] + at) * inner,
                   (size_t)inner * sizeof *out);
        }
}

void orti_infer_gather(orti_infer *infer) {
    const orti_state *data = orti_in_shaped(infer, 0), *indices = orti_in_shaped(infer, 1);
    uint32_t axis, rank = 0;
    orti_dim dims[2 * ORTI_RANK_MAX];
    if (!data || !indices) return;
    if (!orti_axis(infer, orti_node_attr_int(infer->node, "axis", 0), data->rank, &axis)) return;
    for (uint32_t i = 0; i < axis; i++) dims[rank++] = data->dims[i];
    for (uint32_t i = 0; i < indices->rank; i++) dims[rank++] = indices->dims[i];
    for (uint32_t i = axis + 1; i < data->rank; i++) dims[rank++] = data->dims[i];
    if (rank > ORTI_RANK_MAX) {
        orti_infer_fail(infer, "the result's rank %u is over %u", rank, ORTI_RANK_MAX);
        return;
    }
    orti_set_dims(infer, 0, dims, rank);
    gather_cells(infer, axis);
}

void orti_infer_gather_elements(orti_infer *infer) {
    const orti_state *data = orti_in_shaped(infer, 0), *indices = orti_in_shaped(infer, 1);
    if (data && indices && data->rank != indices->rank)
        orti_infer_fail(infer, "data has rank %u, indices have %u", data->rank, indices->rank);
    if (indices) orti_set_dims(infer, 0, indices->dims, indices->rank);
}

/* The data's shape. ONNX ScatterElements-18: indices and updates have the data's rank. */
void orti_infer_scatter_elements(orti_infer *infer) {
    const orti_state *data = orti_in_shaped(infer, 0);
    if (!data) return;
    for (uint32_t i = 1; i < 3; i++) {
        const orti_state *other = orti_in_shaped(infer, i);
        if (other && other->rank != data->rank)
            orti_infer_fail(infer, "data has rank %u, input %u has %u", data->rank, i, other->rank);
    }
    const orti_state *indices = orti_in_shaped(infer, 1), *updates = orti_in_shaped(infer, 2);
    for (uint32_t i = 0; indices && updates && !infer->status && i < data->rank; i++) {
        int64_t a, b;
        if (orti_dim_is_number(infer, indices->dims[i], &a) && orti_dim_is_number(infer, updates->dims[i], &b) &&
            a != b)
            orti_infer_fail(infer, "on axis %u the indices have the size %lld, the updates %lld", i, (long long)a,
                            (long long)b);
    }
    orti_set_dims(infer, 0, data->dims, data->rank);
}

/* ONNX ScatterND-18: updates have the indices' shape without its last axis, then the data's behind as many axes as
 * an index tuple is long. */
void orti_infer_scatter_nd(orti_infer *infer) {
    const orti_state *data = orti_in_shaped(infer, 0), *indices = orti_in_shaped(infer, 1);
    const orti_state *updates = orti_in_shaped(infer, 2);
    int64_t depth, have, wanted;
    if (!data) return;
    orti_set_dims(infer, 0, data->dims, data->rank);
    if (!indices) return;
    if (indices->rank == 0) {
        orti_infer_fail(infer, "the indices are a scalar");
    } else if (orti_dim_is_number(infer, indices->dims[indices->rank - 1], &depth) && depth > (int64_t)data->rank) {
        orti_infer_fail(infer, "an index of %lld numbers into a value of rank %u", (long long)depth, data->rank);
    } else if (updates && orti_dim_is_number(infer, indices->dims[indices->rank - 1], &depth)) {
        uint32_t lead = indices->rank - 1, rank = lead + data->rank - (uint32_t)depth;
        if (updates->rank != rank)
            orti_infer_fail(infer, "the updates have rank %u, these indices ask for %u", updates->rank, rank);
        for (uint32_t i = 0; !infer->status && i < rank; i++) {
            orti_dim dim = i < lead ? indices->dims[i] : data->dims[i - lead + (uint32_t)depth];
            if (orti_dim_is_number(infer, dim, &wanted) && orti_dim_is_number(infer, updates->dims[i], &have) &&
                have != wanted)
                orti_infer_fail(infer, "axis %u of the updates has the size %lld, it has to be %lld", i,
                                (long long)have, (long long)wanted);
        }
    }
}

void orti_infer_one_hot(orti_infer *infer) {
    const orti_state *indices = orti_in_shaped(infer, 0), *values = orti_in(infer, 2), *depth = orti_in(infer, 1);
    uint32_t axis, count;
    orti_dim dims[ORTI_RANK_MAX];
    if (values) orti_set_dtype(infer, 0, values->dtype);
    if (!indices || indices->rank + 1 > ORTI_RANK_MAX) return;
    if (!orti_axis(infer, orti_node_attr_int(infer->node, "axis", -1), indices->rank + 1, &axis)) return;
    const orti_cell *cells = orti_in_cells(infer, 1, &count);
    orti_dim size = ORTI_DIM_INVALID;
    if (cells && count == 1)
        size = orti_dtype_is_float(depth->dtype) ? orti_dim_number(infer, (int64_t)cells->number) : cells->dim;
    for (uint32_t i = 0; i <= indices->rank; i++) dims[i] = i == axis ? size : indices->dims[i < axis ? i : i - 1];
    orti_set_dims(infer, 0, dims, indices->rank + 1);
}
