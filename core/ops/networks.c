/* Inference of the operators that networks are made of: convolutions, pools, matrix products. */
#include "ops/infer.h"

#include <string.h>

/* ---- attributes ---- */
/* A list attribute of `count` numbers, none below `lowest`; all `fallback` when it is left out. */
static bool ints_read(orti_infer *infer, const char *name, uint32_t count, int64_t fallback, int64_t lowest,
                      int64_t *out) {
    const orti_attr *attr = orti_node_attr(infer->node, name);
    for (uint32_t i = 0; i < count; i++) out[i] = fallback;
    if (!attr) return true;
    if (attr->kind != ORTI_ATTR_INTS || attr->count != count) {
        orti_infer_fail(infer, "attribute '%s' has %u values, its input asks for %u integers", name, attr->count,
                        count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = attr->ints[i];
        if (out[i] < lowest) {
            orti_infer_fail(infer, "attribute '%s' has the value %lld, the lowest that is allowed is %lld", name,
                            (long long)out[i], (long long)lowest);
            return false;
        }
    }
    return true;
}

static orti_dim add(orti_infer *infer, orti_dim a, orti_dim b) {
    return orti_dims_op(infer, orti_dim_add, a, b);
}

static orti_dim sub(orti_infer *infer, orti_dim a, orti_dim b) {
    return orti_dims_op(infer, orti_dim_sub, a, b);
}

static orti_dim mul(orti_infer *infer, orti_dim a, orti_dim b) {
    return orti_dims_op(infer, orti_dim_mul, a, b);
}

/* Two sizes that have to be one: a failure when both are numbers and differ. */
static bool sizes_agree(orti_infer *infer, const char *what, orti_dim a, const char *a_name, orti_dim b,
                        const char *b_name) {
    int64_t x, y;
    if (!orti_dim_is_number(infer, a, &x) || !orti_dim_is_number(infer, b, &y) || x == y) return true;
    orti_infer_fail(infer, "%s: %lld in %s, %lld in %s", what, (long long)x, a_name, (long long)y, b_name);
    return false;
}

/* ---- windows: what a convolution or a pool slides over its input ---- */
typedef enum padding { PADDING_NOTSET, PADDING_VALID, PADDING_SAME } padding;

typedef struct sliding {
    uint32_t rank; /* spatial axes */
    padding padding;
    bool is_ceil;
    orti_dim kernel[ORTI_RANK_MAX]; /* ORTI_DIM_INVALID: not known */
    int64_t strides[ORTI_RANK_MAX], dilations[ORTI_RANK_MAX];
    int64_t pads[2 * ORTI_RANK_MAX]; /* all begins, then all ends */
} sliding;

static bool padding_read(orti_infer *infer, padding *out) {
    static const struct {
        const char *name;
        padding padding;
    } table[] = {{"NOTSET", PADDING_NOTSET},
                 {"VALID", PADDING_VALID},
                 {"SAME_UPPER", PADDING_SAME},
                 {"SAME_LOWER", PADDING_SAME}};
    const char *name = orti_node_attr_string(infer->node, "auto_pad", "NOTSET");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) != 0) continue;
        *out = table[i].padding;
        return true;
    }
    orti_infer_fail(infer, "attribute 'auto_pad' is '%s', which is no way to pad", name);
    return false;
}

/* The window of a node whose input 0 is `x`. Pads count only where auto_pad is NOTSET. */
static bool window_read(orti_infer *infer, const orti_state *x, sliding *out) {
    *out = (sliding){0};
    if (x->rank < 3) {
        orti_infer_fail(infer, "input 0 has rank %u, but a batch, channels and at least one more axis are needed",
                        x->rank);
        return false;
    }
    out->rank = x->rank - 2;
    out->is_ceil = orti_node_attr_int(infer->node, "ceil_mode", 0) != 0;
    if (!padding_read(infer, &out->padding) || !ints_read(infer, "strides", out->rank, 1, 1, out->strides) ||
        !ints_read(infer, "dilations", out->rank, 1, 1, out->dilations) ||
        !ints_read(infer, "pads", 2 * out->rank, 0, 0, out->pads))
        return false;
    if (out->padding != PADDING_NOTSET) memset(out->pads, 0, sizeof out->pads);
    return true;
}

/* kernel_shape where it is given, else the weight's axes from 2 on; both have to agree. */
static bool kernel_read(orti_infer *infer, const orti_state *weight, sliding *out) {
    int64_t given[ORTI_RANK_MAX];
    bool is_given = orti_node_attr(infer->node, "kernel_shape") != NULL;
    if (!ints_read(infer, "kernel_shape", out->rank, 1, 1, given)) return false;
    for (uint32_t i = 0; i < out->rank; i++) {
        orti_dim own = weight ? weight->dims[i + 2] : ORTI_DIM_INVALID;
        out->kernel[i] = is_given ? given[i] : own;
        if (is_given && !sizes_agree(infer, "kernel sizes differ", given[i], "'kernel_shape'", own, "the weight"))
            return false;
        if (out->kernel[i] == 0) {
            orti_infer_fail(infer, "the kernel's size on axis %u is 0", i + 2);
            return false;
        }
    }
    return true;
}

/* What a window spans: dilation*(kernel - 1) + 1. */
static orti_dim window_span(orti_infer *infer, const sliding *window, uint32_t axis) {
    orti_dim steps = sub(infer, window->kernel[axis], 1);
    return add(infer, mul(infer, steps, window->dilations[axis]), 1);
}

static orti_dim window_pads(orti_infer *infer, const sliding *window, uint32_t axis) {
    return add(infer, window->pads[axis], window->pads[window->rank + axis]);
}

/* ONNX MaxPool-22, ceil_mode: windows that would start in the padding behind the input are left out. Comparing is
 * needed only where stride + pad is more than the window spans. */
static orti_dim drop_late_windows(orti_infer *infer, const sliding *window, uint32_t axis, orti_dim size, orti_dim span,
                                  orti_dim positions) {
    int64_t span_number, slack;
    orti_dim reach = add(infer, window->strides[axis], window->pads[window->rank + axis]);
    if (orti_dim_is_number(infer, span, &span_number) && orti_dim_is_number(infer, reach, &slack) &&
        slack <= span_number)
        return positions;
    orti_dim padded = add(infer, size, window->pads[axis]);
    orti_dim starts = orti_dims_op(infer, orti_dim_ceildiv, padded, window->strides[axis]);
    return orti_dims_op(infer, orti_dim_min, positions, starts);
}

/* How many windows fit on an axis of `size` elements. */
static orti_dim window_positions(orti_infer *infer, const sliding *window, uint32_t axis, orti_dim size) {
    if (window->padding == PADDING_SAME) return orti_dims_op(infer, orti_dim_ceildiv, size, window->strides[axis]);
    orti_dim padded = add(infer, size, window_pads(infer, window, axis));
    orti_dim span = window_span(infer, window, axis);
    int64_t padded_number, span_number;
    /* An empty axis passes: it gives no windows where the kernel allows it. */
    if (orti_dim_is_number(infer, padded, &padded_number) && orti_dim_is_number(infer, span, &span_number) &&
        padded_number > 0 && span_number > padded_number) {
        orti_infer_fail(infer, "the window spans %lld elements, but axis %u has %lld with padding",
                        (long long)span_number, axis + 2, (long long)padded_number);
        return ORTI_DIM_INVALID;
    }
    orti_dim room = sub(infer, padded, span);
    orti_dim steps =
        orti_dims_op(infer, window->is_ceil ? orti_dim_ceildiv : orti_dim_floordiv, room, window->strides[axis]);
    orti_dim positions = add(infer, steps, 1);
    return window->is_ceil ? drop_late_windows(infer, window, axis, size, span, positions) : positions;
}

/* ---- convolutions ---- */
static int64_t group_read(orti_infer *infer) {
    int64_t group = orti_node_attr_int(infer->node, "group", 1);
    if (group < 1) orti_infer_fail(infer, "attribute 'group' is %lld", (long long)group);
    return group;
}

static bool weight_fits(orti_infer *infer, const orti_state *x, const orti_state *weight) {
    if (weight && weight->rank != x->rank) {
        orti_infer_fail(infer, "the input has rank %u, the weight has rank %u", x->rank, weight->rank);
        return false;
    }
    return infer->status == NULL;
}

static bool splits(orti_infer *infer, const char *what, orti_dim size, int64_t group) {
    int64_t number;
    if (!orti_dim_is_number(infer, size, &number) || number % group == 0) return true;
    orti_infer_fail(infer, "%s %lld are not divisible by the group %lld", what, (long long)number, (long long)group);
    return false;
}

/* The input that is a bias; other operators that share the inference keep something else there, or have none. */
static const orti_state *bias_of(orti_infer *infer) {
    static const struct {
        const char *op;
        uint32_t index;
    } table[] = {{"Conv", 2}, {"ConvTranspose", 2}, {"QLinearConv", 8}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].op, infer->node->op_type) == 0) return orti_in_shaped(infer, table[i].index);
    return NULL;
}

static void bias_check(orti_infer *infer, orti_dim channels) {
    const orti_state *bias = bias_of(infer);
    if (!bias || infer->status) return;
    if (bias->rank != 1)
        orti_infer_fail(infer, "the bias has rank %u instead of 1", bias->rank);
    else
        sizes_agree(infer, "the bias does not fit", bias->dims[0], "the bias", channels, "the output's channels");
}

static void conv_infer(orti_infer *infer, uint32_t weight_index) {
    const orti_state *x = orti_in_shaped(infer, 0), *weight = orti_in_shaped(infer, weight_index);
    sliding window;
    int64_t group = group_read(infer);
    if (!x || !weight_fits(infer, x, weight) || !window_read(infer, x, &window) || !kernel_read(infer, weight, &window))
        return;
    orti_dim dims[ORTI_RANK_MAX] = {x->dims[0], weight ? weight->dims[0] : ORTI_DIM_INVALID};
    orti_dim wanted = weight ? mul(infer, weight->dims[1], group) : ORTI_DIM_INVALID;
    if (!sizes_agree(infer, "channels differ", x->dims[1], "the input", wanted, "the weight (times the group)") ||
        !splits(infer, "the weight's output channels", dims[1], group))
        return;
    bias_check(infer, dims[1]);
    for (uint32_t i = 0; i < window.rank; i++) dims[i + 2] = window_positions(infer, &window, i, x->dims[i + 2]);
    orti_set_dims(infer, 0, dims, x->rank);
}

void orti_infer_conv(orti_infer *infer) {
    conv_infer(infer, 1);
}

void orti_infer_quantized_conv(orti_infer *infer) {
    conv_infer(infer, 3);
}

/* ONNX ConvTranspose-22: stride*(in - 1) + output_padding + span - pads; SAME keeps in*stride. */
static orti_dim transposed_size(orti_infer *infer, const sliding *window, uint32_t axis, orti_dim size, int64_t extra) {
    if (window->padding == PADDING_SAME) return mul(infer, size, window->strides[axis]);
    orti_dim base = mul(infer, sub(infer, size, 1), window->strides[axis]);
    orti_dim full = add(infer, add(infer, base, extra), window_span(infer, window, axis));
    return sub(infer, full, window_pads(infer, window, axis));
}

void orti_infer_conv_transpose(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0), *weight = orti_in_shaped(infer, 1);
    sliding window;
    int64_t group = group_read(infer), extra[ORTI_RANK_MAX], given[ORTI_RANK_MAX];
    if (!x || !weight_fits(infer, x, weight) || !window_read(infer, x, &window) ||
        !kernel_read(infer, weight, &window) || !ints_read(infer, "output_padding", window.rank, 0, 0, extra) ||
        !ints_read(infer, "output_shape", window.rank, 0, 0, given))
        return;
    orti_dim dims[ORTI_RANK_MAX] = {x->dims[0], ORTI_DIM_INVALID};
    if (weight) dims[1] = mul(infer, weight->dims[1], group);
    if (weight && !sizes_agree(infer, "channels differ", x->dims[1], "the input", weight->dims[0], "the weight"))
        return;
    if (!splits(infer, "the input's channels", x->dims[1], group)) return;
    bias_check(infer, dims[1]);
    bool is_given = orti_node_attr(infer->node, "output_shape") != NULL;
    for (uint32_t i = 0; i < window.rank; i++)
        dims[i + 2] = is_given ? given[i] : transposed_size(infer, &window, i, x->dims[i + 2], extra[i]);
    orti_set_dims(infer, 0, dims, x->rank);
}

/* ---- pools ---- */
void orti_infer_pool(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0);
    sliding window;
    orti_set_dtype(infer, 1, ORT_DTYPE_I64); /* MaxPool's Indices */
    if (!orti_node_attr(infer->node, "kernel_shape")) {
        orti_infer_fail(infer, "attribute 'kernel_shape' is missing");
        return;
    }
    if (!x || !window_read(infer, x, &window) || !kernel_read(infer, NULL, &window)) return;
    orti_dim dims[ORTI_RANK_MAX] = {x->dims[0], x->dims[1]};
    for (uint32_t i = 0; i < window.rank; i++) dims[i + 2] = window_positions(infer, &window, i, x->dims[i + 2]);
    orti_set_dims(infer, 0, dims, x->rank);
    const orti_state *values = orti_result(infer, 0);
    if (values && values->has_shape) /* unknown sizes are one symbol in both outputs */
        orti_set_dims(infer, 1, values->dims, values->rank);
    else
        orti_set_dims(infer, 1, dims, x->rank);
}

/* ONNX MaxUnpool-22: as large as the pool's input was, unless output_shape says how large. */
void orti_infer_max_unpool(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    sliding window;
    uint32_t count;
    const orti_cell *given = orti_in_cells(infer, 2, &count);
    if (!x || !window_read(infer, x, &window) || !kernel_read(infer, NULL, &window)) return;
    for (uint32_t i = 0; i < x->rank; i++) {
        dims[i] = i < 2 ? x->dims[i] : ORTI_DIM_INVALID;
        if (given && count == x->rank) dims[i] = given[i].dim;
        if (i < 2 || orti_in(infer, 2)) continue;
        uint32_t axis = i - 2;
        dims[i] = mul(infer, sub(infer, x->dims[i], 1), window.strides[axis]);
        dims[i] =
            sub(infer, add(infer, dims[i], window.kernel[axis]), window.pads[axis] + window.pads[axis + window.rank]);
    }
    orti_set_dims(infer, 0, dims, x->rank);
}

void orti_infer_global_pool(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0);
    if (!x) return;
    if (x->rank < 2) {
        orti_infer_fail(infer, "input 0 has rank %u, but a batch and channels are needed", x->rank);
        return;
    }
    orti_dim dims[ORTI_RANK_MAX] = {x->dims[0], x->dims[1]};
    for (uint32_t i = 2; i < x->rank; i++) dims[i] = 1;
    orti_set_dims(infer, 0, dims, x->rank);
}

/* ---- matrix products ---- */
/* numpy.matmul's rules: a vector on the left is a row, on the right a column, and that axis leaves the result. A
 * turned matrix has its last two axes exchanged; a vector has none to exchange. */
static void matmul(orti_infer *infer, uint32_t right, bool turns_a, bool turns_b) {
    const orti_state *a = orti_in_shaped(infer, 0), *b = orti_in_shaped(infer, right);
    if (!a || !b) return;
    if (a->rank == 0 || b->rank == 0) {
        orti_infer_fail(infer, "inputs of rank %u and %u: a scalar is no matrix", a->rank, b->rank);
        return;
    }
    turns_a = turns_a && a->rank > 1;
    turns_b = turns_b && b->rank > 1;
    orti_dim inner = b->dims[b->rank == 1 ? 0 : b->rank - (turns_b ? 1 : 2)];
    orti_dim own = a->dims[a->rank - (turns_a ? 2 : 1)];
    if (!sizes_agree(infer, "the inner sizes differ", own, "input 0", inner, right == 1 ? "input 1" : "input 3"))
        return;
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank, a_batch = a->rank > 2 ? a->rank - 2 : 0, b_batch = b->rank > 2 ? b->rank - 2 : 0;
    if (!orti_broadcast(infer, a->dims, a_batch, b->dims, b_batch, dims, &rank)) return;
    if (a->rank > 1) dims[rank++] = a->dims[a->rank - (turns_a ? 1 : 2)];
    if (b->rank > 1) dims[rank++] = b->dims[b->rank - (turns_b ? 2 : 1)];
    orti_set_dims(infer, 0, dims, rank);
}

void orti_infer_matmul(orti_infer *infer) {
    matmul(infer, 1, false, false);
}

void orti_infer_quantized_matmul(orti_infer *infer) {
    matmul(infer, 3, false, false);
}

/* com.microsoft FusedMatMul. With transBatch the batch axes move too: the shape is left open, nobody takes it. */
void orti_infer_fused_matmul(orti_infer *infer) {
    if (orti_node_attr_int(infer->node, "transBatchA", 0) || orti_node_attr_int(infer->node, "transBatchB", 0)) return;
    matmul(infer, 1, orti_node_attr_int(infer->node, "transA", 0) != 0,
           orti_node_attr_int(infer->node, "transB", 0) != 0);
}

/* C broadcasts to the result, never the other way. */
static void addend_check(orti_infer *infer, const orti_dim *dims) {
    const orti_state *addend = orti_in_shaped(infer, 2);
    if (!addend) return;
    if (addend->rank > 2) {
        orti_infer_fail(infer, "input 2 has rank %u, which does not broadcast to a matrix", addend->rank);
        return;
    }
    for (uint32_t i = 0; i < addend->rank; i++) {
        orti_dim own = addend->dims[i], wanted = dims[2 - addend->rank + i];
        if (own != 1 && !sizes_agree(infer, "input 2 does not broadcast", own, "input 2", wanted, "the result")) return;
    }
}

void orti_infer_gemm(orti_infer *infer) {
    const orti_state *a = orti_in_shaped(infer, 0), *b = orti_in_shaped(infer, 1);
    bool turns_a = orti_node_attr_int(infer->node, "transA", 0) != 0;
    bool turns_b = orti_node_attr_int(infer->node, "transB", 0) != 0;
    if ((a && a->rank != 2) || (b && b->rank != 2)) {
        orti_infer_fail(infer, "input %u has rank %u instead of 2", a && a->rank != 2 ? 0u : 1u,
                        a && a->rank != 2 ? a->rank : b->rank);
        return;
    }
    orti_dim dims[2] = {a ? a->dims[turns_a] : ORTI_DIM_INVALID, b ? b->dims[!turns_b] : ORTI_DIM_INVALID};
    if (a && b &&
        !sizes_agree(infer, "the inner sizes differ", a->dims[!turns_a], "input 0", b->dims[turns_b], "input 1"))
        return;
    addend_check(infer, dims);
    orti_set_dims(infer, 0, dims, 2);
}
