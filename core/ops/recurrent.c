/* Inference of RNN, GRU and LSTM (ONNX RNN-22, GRU-22, LSTM-22). */
#include "ops/infer.h"

#include <string.h>

/* Size of an axis of an input; ORTI_DIM_INVALID when it is not known. */
static orti_dim size_of(orti_infer *infer, uint32_t index, uint32_t rank, uint32_t axis) {
    const orti_state *in = orti_in_shaped(infer, index);
    if (!in) return ORTI_DIM_INVALID;
    if (in->rank == rank) return in->dims[axis];
    orti_infer_fail(infer, "input %u has rank %u instead of %u", index, in->rank, rank);
    return ORTI_DIM_INVALID;
}

static void check_size(orti_infer *infer, uint32_t index, uint32_t rank, uint32_t axis, int64_t wanted) {
    int64_t have;
    if (!orti_dim_is_number(infer, size_of(infer, index, rank, axis), &have) || have == wanted) return;
    orti_infer_fail(infer, "axis %u of input %u has the size %lld, it has to be %lld", axis, index, (long long)have,
                    (long long)wanted);
}

/* Weights of `gates` gates: W [directions, gates * hidden, input], R [..., hidden], B [directions, 2 * gates * hidden].
 */
static void check_weights(orti_infer *infer, int64_t directions, int64_t gates, int64_t hidden) {
    int64_t input;
    for (uint32_t i = 1; i < 3; i++) {
        check_size(infer, i, 3, 0, directions);
        check_size(infer, i, 3, 1, gates * hidden);
    }
    check_size(infer, 2, 3, 2, hidden);
    check_size(infer, 3, 2, 0, directions);
    check_size(infer, 3, 2, 1, 2 * gates * hidden);
    if (orti_dim_is_number(infer, size_of(infer, 0, 3, 2), &input)) check_size(infer, 1, 3, 2, input);
}

static bool hidden_size(orti_infer *infer, orti_dim *out) {
    int64_t given = orti_node_attr_int(infer->node, "hidden_size", 0), own;
    *out = size_of(infer, 2, 3, 2);
    if (orti_node_attr(infer->node, "hidden_size")) *out = given;
    if (!orti_dim_is_number(infer, *out, &own) || own > 0) return infer->status == NULL;
    orti_infer_fail(infer, "attribute 'hidden_size' is %lld", (long long)given);
    return false;
}

void orti_infer_recurrent(orti_infer *infer) {
    const char *op = infer->node->op_type, *direction = orti_node_attr_string(infer->node, "direction", "forward");
    int64_t gates = strcmp(op, "LSTM") == 0 ? 4 : strcmp(op, "GRU") == 0 ? 3 : 1, number;
    int64_t directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    bool batch_first = orti_node_attr_int(infer->node, "layout", 0) != 0;
    if (directions == 1 && strcmp(direction, "forward") != 0 && strcmp(direction, "reverse") != 0) {
        orti_infer_fail(infer, "attribute 'direction' is '%s'", direction);
        return;
    }
    orti_dim hidden, steps = size_of(infer, 0, 3, batch_first), batch = size_of(infer, 0, 3, !batch_first);
    if (!hidden_size(infer, &hidden)) return;
    if (orti_dim_is_number(infer, hidden, &number)) check_weights(infer, directions, gates, number);
    for (uint32_t k = 0; k < 3; k++)
        if (orti_in(infer, 0)) orti_set_dtype(infer, k, orti_in(infer, 0)->dtype);
    if (batch_first) {
        orti_set_dims(infer, 0, (const orti_dim[]){batch, steps, directions, hidden}, 4);
        for (uint32_t k = 1; k < 3; k++) orti_set_dims(infer, k, (const orti_dim[]){batch, directions, hidden}, 3);
    } else {
        orti_set_dims(infer, 0, (const orti_dim[]){steps, directions, batch, hidden}, 4);
        for (uint32_t k = 1; k < 3; k++) orti_set_dims(infer, k, (const orti_dim[]){directions, batch, hidden}, 3);
    }
}
