/* Inference of tensor operators whose result has a size of its own: TopK, GatherND, EyeLike, windows, Det and others.
 */
#include "ops/infer.h"

#include <string.h>

/* ONNX TopK-24: `k` elements of the axis, and their places. */
void orti_infer_top_k(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX], size = ORTI_DIM_INVALID;
    uint32_t axis, count;
    int64_t all, wanted;
    orti_set_dtype(infer, 1, ORT_DTYPE_I64);
    if (!in || !orti_axis(infer, orti_node_attr_int(infer->node, "axis", -1), in->rank, &axis)) return;
    const orti_cell *k = orti_in_cells(infer, 1, &count);
    if (k && count == 1) size = k->dim;
    if (orti_dim_is_number(infer, size, &wanted) && orti_dim_is_number(infer, in->dims[axis], &all) && wanted > all)
        orti_infer_fail(infer, "the first %lld of %lld", (long long)wanted, (long long)all);
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    dims[axis] = size;
    for (uint32_t i = 0; i < 2; i++) orti_set_dims(infer, i, dims, in->rank);
}

/* ONNX GatherND-13: the indices' shape without its last axis, then what is left of the data behind the tuples. */
void orti_infer_gather_nd(orti_infer *infer) {
    const orti_state *data = orti_in_shaped(infer, 0), *indices = orti_in_shaped(infer, 1);
    int64_t batch = orti_node_attr_int(infer->node, "batch_dims", 0), depth;
    if (!data || !indices) return;
    if (indices->rank == 0 || batch < 0 || batch >= (int64_t)indices->rank || batch > (int64_t)data->rank) {
        orti_infer_fail(infer, "%lld batch axes of ranks %u and %u", (long long)batch, data->rank, indices->rank);
        return;
    }
    if (!orti_dim_is_number(infer, indices->dims[indices->rank - 1], &depth)) return;
    if (depth + batch > (int64_t)data->rank) {
        orti_infer_fail(infer, "an index of %lld numbers into a value of rank %u", (long long)depth, data->rank);
        return;
    }
    orti_dim dims[2 * ORTI_RANK_MAX];
    uint32_t rank = indices->rank - 1, first = (uint32_t)(batch + depth);
    memcpy(dims, indices->dims, rank * sizeof *dims);
    for (uint32_t i = first; i < data->rank; i++) dims[rank++] = data->dims[i];
    if (rank > ORTI_RANK_MAX)
        orti_infer_fail(infer, "the result's rank is over %u", ORTI_RANK_MAX);
    else
        orti_set_dims(infer, 0, dims, rank);
}

/* The input's shape; the type of attribute `dtype`, else the input's. */
void orti_infer_eye_like(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    int64_t dtype = orti_node_attr_int(infer->node, "dtype", 0);
    if (dtype < 0 || dtype >= (int64_t)ORT_DTYPE_COUNT) {
        orti_infer_fail(infer, "attribute 'dtype' is %lld, which is no element type", (long long)dtype);
        return;
    }
    if (dtype)
        orti_set_dtype(infer, 0, (ort_dtype)dtype);
    else if (orti_in(infer, 0))
        orti_set_dtype(infer, 0, orti_in(infer, 0)->dtype);
    if (in && strcmp(infer->node->op_type, "EyeLike") == 0 && in->rank != 2)
        orti_infer_fail(infer, "the input has rank %u instead of 2", in->rank);
    if (in) orti_set_dims(infer, 0, in->dims, in->rank);
}

/* HannWindow and the like: `size` numbers. */
void orti_infer_window(orti_infer *infer) {
    uint32_t count;
    int64_t dtype = orti_node_attr_int(infer->node, "output_datatype", ORT_DTYPE_F32);
    if (dtype <= 0 || dtype >= (int64_t)ORT_DTYPE_COUNT) {
        orti_infer_fail(infer, "attribute 'output_datatype' is %lld, which is no element type", (long long)dtype);
        return;
    }
    orti_set_dtype(infer, 0, (ort_dtype)dtype);
    const orti_cell *size = orti_in_cells(infer, 0, &count);
    orti_set_dims(infer, 0, (const orti_dim[]){size && count == 1 ? size->dim : ORTI_DIM_INVALID}, 1);
}

/* Without the last two axes, which are of one size. */
void orti_infer_det(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    int64_t rows, columns;
    if (!in) return;
    if (in->rank < 2) {
        orti_infer_fail(infer, "the input has rank %u", in->rank);
        return;
    }
    if (orti_dim_is_number(infer, in->dims[in->rank - 2], &rows) &&
        orti_dim_is_number(infer, in->dims[in->rank - 1], &columns) && rows != columns)
        orti_infer_fail(infer, "matrices of %lld by %lld", (long long)rows, (long long)columns);
    orti_set_dims(infer, 0, in->dims, in->rank - 2);
}

/* ONNX Dropout-22: the mask of what is kept has the input's shape. */
void orti_infer_dropout(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_set_dtype(infer, 1, ORT_DTYPE_BOOL);
    for (uint32_t i = 0; in && i < 2; i++) orti_set_dims(infer, i, in->dims, in->rank);
}

/* Both sizes of batch and channels are the input's, the rest is the grid's (ONNX GridSample-22). */
void orti_infer_grid_sample(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *grid = orti_in_shaped(infer, 1);
    orti_dim dims[ORTI_RANK_MAX];
    if (!in || !grid) return;
    if (in->rank < 3 || in->rank != grid->rank) {
        orti_infer_fail(infer, "an input of rank %u with a grid of rank %u", in->rank, grid->rank);
        return;
    }
    dims[0] = in->dims[0];
    dims[1] = in->dims[1];
    for (uint32_t i = 2; i < in->rank; i++) dims[i] = grid->dims[i - 1];
    orti_set_dims(infer, 0, dims, in->rank);
}

/* ONNX RoiAlign-22: regions, channels, height, width. */
void orti_infer_roi_align(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *regions = orti_in_shaped(infer, 1);
    const orti_dim dims[] = {regions && regions->rank ? regions->dims[0] : ORTI_DIM_INVALID,
                             in && in->rank == 4 ? in->dims[1] : ORTI_DIM_INVALID,
                             orti_node_attr_int(infer->node, "output_height", 1),
                             orti_node_attr_int(infer->node, "output_width", 1)};
    if (in && in->rank != 4) orti_infer_fail(infer, "the input has rank %u instead of 4", in->rank);
    if (regions && regions->rank != 2) orti_infer_fail(infer, "the regions have rank %u instead of 2", regions->rank);
    orti_set_dims(infer, 0, dims, 4);
}

/* Without a reduction a loss for each class that is asked for, else one number; the logarithms like the scores. */
void orti_infer_loss(orti_infer *infer) {
    const orti_state *scores = orti_in_shaped(infer, 0), *classes = orti_in_shaped(infer, 1);
    bool is_each = strcmp(orti_node_attr_string(infer->node, "reduction", "mean"), "none") == 0;
    if (scores && classes && classes->rank + 1 != scores->rank)
        orti_infer_fail(infer, "scores of rank %u and classes of rank %u", scores->rank, classes->rank);
    if (!is_each)
        orti_set_dims(infer, 0, NULL, 0);
    else if (classes)
        orti_set_dims(infer, 0, classes->dims, classes->rank);
    if (scores) orti_set_dims(infer, 1, scores->dims, scores->rank);
}

/* One half of a spectrum. */
static orti_dim half_of(orti_infer *infer, orti_dim length) {
    return orti_dims_op(infer, orti_dim_add, orti_dims_op(infer, orti_dim_floordiv, length, 2), 1);
}

static orti_dim scalar_of(orti_infer *infer, uint32_t index) {
    uint32_t count;
    const orti_cell *cells = orti_in_cells(infer, index, &count);
    return cells && count == 1 ? cells->dim : ORTI_DIM_INVALID;
}

/* ONNX DFT-20: the axis is an input; the last one holds real and imaginary parts. From half a spectrum the inverse
 * makes real numbers. */
void orti_infer_dft(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    bool is_onesided = orti_node_attr_int(infer->node, "onesided", 0) != 0;
    bool is_inverse = orti_node_attr_int(infer->node, "inverse", 0) != 0;
    orti_dim dims[ORTI_RANK_MAX];
    int64_t given = -2;
    uint32_t axis;
    if (!in) return;
    if (orti_in(infer, 2) && !orti_dim_is_number(infer, scalar_of(infer, 2), &given)) {
        for (uint32_t i = 0; i < in->rank; i++) dims[i] = ORTI_DIM_INVALID;
        orti_set_dims(infer, 0, dims, in->rank);
        return;
    }
    if (!orti_axis(infer, given, in->rank, &axis)) return;
    if (axis + 1 == in->rank) {
        orti_infer_fail(infer, "the last axis holds the parts of the numbers");
        return;
    }
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    if (orti_in(infer, 1))
        dims[axis] = scalar_of(infer, 1);
    else if (is_inverse && is_onesided)
        dims[axis] = orti_dims_op(infer, orti_dim_mul, orti_dims_op(infer, orti_dim_sub, dims[axis], 1), 2);
    if (is_onesided && !is_inverse) dims[axis] = half_of(infer, dims[axis]);
    dims[in->rank - 1] = is_onesided && is_inverse ? 1 : 2;
    orti_set_dims(infer, 0, dims, in->rank);
}

/* ONNX STFT-17: batch, frames, places of the spectrum, two parts. */
void orti_infer_stft(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *window = orti_in_shaped(infer, 2);
    orti_dim length = scalar_of(infer, 3), hop = scalar_of(infer, 1);
    int64_t number;
    if (!in) return;
    if (in->rank < 2 || in->rank > 3) {
        orti_infer_fail(infer, "the signal has rank %u", in->rank);
        return;
    }
    if (!orti_in(infer, 3) && window && window->rank == 1) length = window->dims[0];
    if (orti_dim_is_number(infer, hop, &number) && number < 1)
        orti_infer_fail(infer, "frames at steps of %lld", (long long)number);
    orti_dim frames =
        orti_dims_op(infer, orti_dim_floordiv, orti_dims_op(infer, orti_dim_sub, in->dims[1], length), hop);
    orti_dim places = orti_node_attr_int(infer->node, "onesided", 1) ? half_of(infer, length) : length;
    orti_set_dims(infer, 0, (const orti_dim[]){in->dims[0], orti_dims_op(infer, orti_dim_add, frames, 1), places, 2},
                  4);
}
