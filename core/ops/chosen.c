/* Inference of operators that choose elements by their contents: only the data tells how many there are. */
#include "ops/infer.h"

/* Contents as truth values; false where one of them is not known. */
static bool truths_read(orti_infer *infer, uint32_t index, bool *out, uint32_t *out_count) {
    const orti_cell *cells = orti_in_cells(infer, index, out_count);
    if (!cells) return false;
    bool is_float = orti_dtype_is_float(orti_in(infer, index)->dtype);
    for (uint32_t i = 0; i < *out_count; i++) {
        int64_t number = 0;
        if (!is_float && !orti_dim_is_number(infer, cells[i].dim, &number)) return false;
        out[i] =
            is_float ? cells[i].number < 0 || cells[i].number > 0 || cells[i].number != cells[i].number : number != 0;
    }
    return true;
}

/* The axis of each index, outermost first, of the chosen elements in order (ONNX NonZero-13). */
static void non_zero_known(orti_infer *infer, const orti_state *in, const bool *chosen, uint32_t count) {
    uint32_t found = 0;
    int64_t sizes[ORTI_RANK_MAX];
    for (uint32_t i = 0; i < count; i++) found += chosen[i];
    for (uint32_t axis = 0; axis < in->rank; axis++)
        if (!orti_dim_is_number(infer, in->dims[axis], &sizes[axis])) return;
    orti_set_dims(infer, 0, (const orti_dim[]){in->rank, found}, 2);
    orti_cell *out = orti_set_cells(infer, 0, in->rank * found);
    for (uint32_t i = 0, at = 0; out && i < count; i++) {
        int64_t rest = i;
        if (!chosen[i]) continue;
        for (uint32_t axis = in->rank; axis-- > 0; rest /= sizes[axis]) out[axis * found + at].dim = rest % sizes[axis];
        at++;
    }
}

void orti_infer_non_zero(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    bool chosen[ORTI_KNOWN_MAX];
    uint32_t count;
    orti_set_dtype(infer, 0, ORT_DTYPE_I64);
    if (!in) return;
    if (truths_read(infer, 0, chosen, &count) && orti_state_count(infer->engine, in) == (int64_t)count)
        non_zero_known(infer, in, chosen, count);
    else
        orti_set_dims(infer, 0, (const orti_dim[]){in->rank, ORTI_DIM_INVALID}, 2);
}

/* ONNX Compress-11: by an axis the others stay; without one the input counts as flat. */
void orti_infer_compress(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_attr *attr = orti_node_attr(infer->node, "axis");
    orti_dim dims[ORTI_RANK_MAX] = {ORTI_DIM_INVALID};
    uint32_t axis, rank = 1;
    if (attr) {
        if (!in || !orti_axis(infer, attr->i, in->rank, &axis)) return;
        rank = in->rank;
        for (uint32_t i = 0; i < rank; i++) dims[i] = i == axis ? ORTI_DIM_INVALID : in->dims[i];
    }
    orti_set_dims(infer, 0, dims, rank);
}

/* ONNX Unique-11: as Compress; where each came first, which one each element is, and how often it came. */
void orti_infer_unique(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_attr *attr = orti_node_attr(infer->node, "axis");
    orti_dim all = ORTI_DIM_INVALID;
    uint32_t axis;
    orti_infer_compress(infer);
    for (uint32_t k = 1; k < 4; k++) orti_set_dtype(infer, k, ORT_DTYPE_I64);
    if (in && !attr) all = orti_dims_product(infer, in->dims, in->rank);
    if (in && attr && orti_axis(infer, attr->i, in->rank, &axis)) all = in->dims[axis];
    const orti_state *out = orti_result(infer, 0);
    orti_dim found = ORTI_DIM_INVALID;
    if (out && out->has_shape) found = out->dims[attr ? axis : 0];
    orti_set_dims(infer, 1, &found, 1);
    orti_set_dims(infer, 2, &all, 1);
    orti_set_dims(infer, 3, &found, 1);
}

/* ONNX NonMaxSuppression-11: batch, class and box of each that is taken. */
void orti_infer_non_max_suppression(orti_infer *infer) {
    for (uint32_t i = 0; i < 2; i++) {
        const orti_state *in = orti_in_shaped(infer, i);
        if (in && in->rank != 3) orti_infer_fail(infer, "input %u has rank %u instead of 3", i, in->rank);
    }
    const orti_state *boxes = orti_in_shaped(infer, 0), *scores = orti_in_shaped(infer, 1);
    int64_t count, other;
    for (uint32_t axis = 0; !infer->status && boxes && scores && axis < 2; axis++) {
        const orti_dim of_scores = scores->dims[axis == 0 ? 0 : 2];
        if (orti_dim_is_number(infer, boxes->dims[axis], &count) && orti_dim_is_number(infer, of_scores, &other) &&
            count != other)
            orti_infer_fail(infer, "%lld %s in the boxes, %lld in the scores", (long long)count,
                            axis == 0 ? "batches" : "boxes", (long long)other);
    }
    if (!infer->status && boxes && orti_dim_is_number(infer, boxes->dims[2], &count) && count != 4)
        orti_infer_fail(infer, "boxes of %lld numbers, a box has 4", (long long)count);
    orti_set_dtype(infer, 0, ORT_DTYPE_I64);
    orti_set_dims(infer, 0, (const orti_dim[]){ORTI_DIM_INVALID, 3}, 2);
}
