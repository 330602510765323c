/* Inference of operators that repeat, extend or fill: Expand, Tile, Pad, Range, ConstantOfShape, DepthToSpace. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

/* Contents of a shape input as dims; ORTI_DIM_INVALID where they are not known; false when not even their count is. */
static bool shape_dims(orti_infer *infer, uint32_t input, orti_dim *dims, uint32_t *rank) {
    const orti_cell *cells = orti_in_cells(infer, input, rank);
    const orti_state *state = orti_in_shaped(infer, input);
    int64_t count = cells ? (int64_t)*rank : -1;
    if (!cells && state && state->rank == 1) count = orti_state_count(infer->engine, state);
    if (count < 0 || count > (int64_t)ORTI_RANK_MAX) return false;
    *rank = (uint32_t)count;
    for (uint32_t i = 0; i < *rank; i++) dims[i] = cells ? cells[i].dim : ORTI_DIM_INVALID;
    return true;
}

/* Repeats small contents: element i of the result is element i modulo each axis of the input. */
static void repeat_cells(orti_infer *infer) {
    const orti_state *in = orti_in(infer, 0), *result = orti_result(infer, 0);
    uint32_t in_count;
    const orti_cell *cells = orti_in_cells(infer, 0, &in_count);
    int64_t count = result && result->has_shape ? orti_state_count(infer->engine, result) : -1;
    if (!cells || count < 0 || count > (int64_t)ORTI_KNOWN_MAX || orti_state_count(infer->engine, in) < 0) return;
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)count);
    for (int64_t i = 0; out && i < count; i++) {
        int64_t rest = i, at = 0, stride = 1;
        for (uint32_t k = 0; k < in->rank; k++) {
            int64_t size = 1, own = 1;
            orti_dim_is_number(infer, result->dims[result->rank - 1 - k], &size);
            orti_dim_is_number(infer, in->dims[in->rank - 1 - k], &own);
            at += rest % size % own * stride;
            rest /= size;
            stride *= own;
        }
        out[i] = cells[at];
    }
}

void orti_infer_expand(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank;
    if (!in || !shape_dims(infer, 1, dims, &rank)) return;
    if (!orti_broadcast(infer, in->dims, in->rank, dims, rank, dims, &rank)) return;
    orti_set_dims(infer, 0, dims, rank);
    repeat_cells(infer);
}

void orti_infer_tile(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank;
    if (!in || !shape_dims(infer, 1, dims, &rank)) return;
    if (rank != in->rank) {
        orti_infer_fail(infer, "%u repeats on a value of rank %u", rank, in->rank);
        return;
    }
    for (uint32_t i = 0; i < rank; i++) dims[i] = orti_dims_op(infer, orti_dim_mul, dims[i], in->dims[i]);
    orti_set_dims(infer, 0, dims, rank);
    repeat_cells(infer);
}

void orti_infer_pad(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim pads[2 * ORTI_RANK_MAX], dims[ORTI_RANK_MAX];
    int64_t axes[ORTI_RANK_MAX];
    uint32_t pad_count, axis_count = in ? in->rank : 0;
    if (!in) return;
    const orti_cell *cells = orti_in_cells(infer, 1, &pad_count);
    bool has_axes = orti_in(infer, 3) != NULL;
    if (!cells || (has_axes && !orti_in_ints(infer, 3, axes, ORTI_RANK_MAX, &axis_count))) {
        for (uint32_t i = 0; i < in->rank; i++) dims[i] = ORTI_DIM_INVALID;
        orti_set_dims(infer, 0, dims, in->rank);
        return;
    }
    if (pad_count != 2 * axis_count || axis_count > in->rank) {
        orti_infer_fail(infer, "%u pads for %u axes", pad_count, axis_count);
        return;
    }
    for (uint32_t i = 0; i < pad_count; i++) pads[i] = cells[i].dim;
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    for (uint32_t i = 0; i < axis_count; i++) {
        uint32_t axis = i;
        if (has_axes && !orti_axis(infer, axes[i], in->rank, &axis)) return;
        orti_dim both = orti_dims_op(infer, orti_dim_add, pads[i], pads[i + axis_count]);
        dims[axis] = orti_dims_op(infer, orti_dim_add, dims[axis], both);
    }
    orti_set_dims(infer, 0, dims, in->rank);
}

static void range_of_floats(orti_infer *infer, double start, double limit, double delta, ort_dtype dtype) {
    double count = delta != 0 ? ceil((limit - start) / delta) : NAN;
    if (!(count < 1e15)) {
        orti_infer_fail(infer, "from %g to %g by %g never ends", start, limit, delta);
        return;
    }
    if (count < 0) count = 0;
    orti_set_dims(infer, 0, (const orti_dim[]){(int64_t)count}, 1);
    orti_cell *out = count <= ORTI_KNOWN_MAX ? orti_set_cells(infer, 0, (uint32_t)count) : NULL;
    for (uint32_t i = 0; out && i < count; i++) {
        out[i].number = start + i * delta;
        if (dtype == ORT_DTYPE_F32) out[i].number = (double)((float)start + (float)i * (float)delta);
    }
}

static void range_of_numbers(orti_infer *infer, int64_t start, int64_t limit, int64_t delta) {
    if (delta == 0) {
        orti_infer_fail(infer, "a step of 0");
        return;
    }
    double span = ((double)limit - (double)start) / (double)delta;
    int64_t count = span <= 0 ? 0 : span > 1e15 ? -1 : (limit - start) / delta + ((limit - start) % delta != 0);
    if (count < 0) {
        orti_infer_fail(infer, "from %lld to %lld is too long", (long long)start, (long long)limit);
        return;
    }
    orti_set_dims(infer, 0, (const orti_dim[]){count}, 1);
    orti_cell *out = count <= ORTI_KNOWN_MAX ? orti_set_cells(infer, 0, (uint32_t)count) : NULL;
    for (int64_t i = 0; out && i < count; i++) out[i].dim = orti_dim_number(infer, start + i * delta);
}

void orti_infer_range(orti_infer *infer) {
    const orti_cell *cells[3];
    int64_t numbers[3] = {0};
    bool are_numbers = true;
    orti_dim size = ORTI_DIM_INVALID;
    const orti_state *first = orti_in(infer, 0);
    if (first) orti_set_dtype(infer, 0, first->dtype);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t count;
        cells[i] = orti_in_cells(infer, i, &count);
        if (!cells[i] || count != 1) {
            orti_set_dims(infer, 0, &size, 1);
            return;
        }
        if (first && !orti_dtype_is_float(first->dtype))
            are_numbers = orti_dim_is_number(infer, cells[i]->dim, &numbers[i]) && are_numbers;
    }
    if (orti_dtype_is_float(first->dtype)) {
        range_of_floats(infer, cells[0]->number, cells[1]->number, cells[2]->number, first->dtype);
    } else if (are_numbers) {
        range_of_numbers(infer, numbers[0], numbers[1], numbers[2]);
    } else {
        if (orti_dim_is_number(infer, cells[2]->dim, &numbers[2]) && numbers[2] > 0)
            size = orti_dims_op(infer, orti_dim_ceildiv,
                                orti_dims_op(infer, orti_dim_sub, cells[1]->dim, cells[0]->dim), numbers[2]);
        orti_set_dims(infer, 0, &size, 1);
    }
}

void orti_infer_constant_of_shape(orti_infer *infer) {
    const orti_attr *value = orti_node_attr(infer->node, "value");
    const orti_tensor *tensor = value ? value->tensor : NULL;
    ort_dtype dtype = tensor ? tensor->dtype : ORT_DTYPE_F32;
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank;
    if (orti_result(infer, 0)) orti_result(infer, 0)->dtype = dtype;
    if (!shape_dims(infer, 0, dims, &rank)) return;
    orti_set_dims(infer, 0, dims, rank);
    const orti_state *result = orti_result(infer, 0);
    int64_t count = result && result->has_shape ? orti_state_count(infer->engine, result) : -1;
    if (count < 0 || count > (int64_t)ORTI_KNOWN_MAX || dtype == ORT_DTYPE_STRING) return;
    if (tensor && tensor->element_count != 1) {
        orti_infer_fail(infer, "attribute 'value' has %lld elements, needs 1", (long long)tensor->element_count);
        return;
    }
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)count);
    for (int64_t i = 0; out && i < count; i++) {
        if (orti_dtype_is_float(dtype))
            out[i].number = tensor ? orti_dtype_get_f64(dtype, tensor->data, 0) : 0;
        else
            out[i].dim = orti_dim_number(infer, tensor ? orti_dtype_get_i64(dtype, tensor->data, 0) : 0);
    }
}

/* Depth to space (is_up) or back: channels by block squared, height and width by block. */
static void move_blocks(orti_infer *infer, bool is_up) {
    const orti_state *in = orti_in_shaped(infer, 0);
    int64_t block = orti_node_attr_int(infer->node, "blocksize", 0);
    if (!in) return;
    if (in->rank != 4 || block < 1 || block > 65536) {
        orti_infer_fail(infer, "needs rank 4 and a block size of 1 or more, has rank %u and %lld", in->rank,
                        (long long)block);
        return;
    }
    int64_t sizes[3];
    for (uint32_t i = 0; i < 3; i++) {
        int64_t unit = is_up ? block * block : block;
        if (is_up == (i == 0) && orti_dim_is_number(infer, in->dims[i + 1], &sizes[i]) && sizes[i] % unit) {
            orti_infer_fail(infer, "axis %u has the size %lld, which is no multiple of %lld", i + 1,
                            (long long)sizes[i], (long long)unit);
            return;
        }
    }
    orti_dim_fn grow = is_up ? orti_dim_mul : orti_dim_floordiv, shrink = is_up ? orti_dim_floordiv : orti_dim_mul;
    orti_set_dims(infer, 0,
                  (const orti_dim[]){in->dims[0], orti_dims_op(infer, shrink, in->dims[1], block * block),
                                     orti_dims_op(infer, grow, in->dims[2], block),
                                     orti_dims_op(infer, grow, in->dims[3], block)},
                  4);
}

void orti_infer_depth_to_space(orti_infer *infer) {
    move_blocks(infer, true);
}
void orti_infer_space_to_depth(orti_infer *infer) {
    move_blocks(infer, false);
}
