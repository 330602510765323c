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
