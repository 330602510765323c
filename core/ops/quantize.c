/* Inference of the operators between real and quantised numbers. */
#include "ops/infer.h"

/* ONNX QuantizeLinear-25: one scale; one for each place along `axis`; or, with block_size, one for each block of it. */
static void scale_check(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0), *scale = orti_in_shaped(infer, 1);
    int64_t size = 0, given = 0, block = orti_node_attr_int(infer->node, "block_size", 0);
    uint32_t axis = 0;
    if (!scale) return;
    if (!x || scale->rank == 0 || (scale->rank == 1 && orti_state_count(infer->engine, scale) == 1)) return;
    if (!orti_axis(infer, orti_node_attr_int(infer->node, "axis", 1), x->rank, &axis)) return;
    if (scale->rank != (block ? x->rank : 1)) {
        orti_infer_fail(infer, "the scale has rank %u, which is neither 0 nor %u", scale->rank, block ? x->rank : 1);
        return;
    }
    if (!orti_dim_is_number(infer, x->dims[axis], &size) ||
        !orti_dim_is_number(infer, scale->dims[block ? axis : 0], &given))
        return;
    int64_t wanted = block > 0 ? size / block + (size % block != 0) : size;
    if (block < 0 || given != wanted)
        orti_infer_fail(infer, "%lld scales for axis %u, which has %lld elements (block_size %lld)", (long long)given,
                        axis, (long long)size, (long long)block);
}

/* Attribute output_dtype, `fallback` where it is left out or 0. */
static ort_dtype wanted_dtype(orti_infer *infer, ort_dtype fallback) {
    int64_t wanted = orti_node_attr_int(infer->node, "output_dtype", 0);
    if (wanted >= 0 && wanted < ORT_DTYPE_COUNT) return wanted ? (ort_dtype)wanted : fallback;
    orti_infer_fail(infer, "attribute 'output_dtype' is %lld, which is no element type", (long long)wanted);
    return fallback;
}

void orti_infer_quantize(orti_infer *infer) {
    const orti_state *zero = orti_in(infer, 2);
    bool is_told = zero && zero->dtype != ORT_DTYPE_NONE;
    ort_dtype dtype = wanted_dtype(infer, is_told ? zero->dtype : ORT_DTYPE_U8);
    if (is_told && dtype != zero->dtype)
        orti_infer_fail(infer, "attribute 'output_dtype' and the zero point's type are not one");
    scale_check(infer);
    orti_infer_same(infer);
    orti_set_dtype(infer, 0, dtype);
}

void orti_infer_dequantize(orti_infer *infer) {
    const orti_state *scale = orti_in(infer, 1);
    scale_check(infer);
    orti_infer_same(infer);
    orti_set_dtype(infer, 0, wanted_dtype(infer, scale ? scale->dtype : ORT_DTYPE_NONE));
}

void orti_infer_dynamic_quantize(orti_infer *infer) {
    orti_infer_same(infer);
    orti_set_dtype(infer, 0, ORT_DTYPE_U8);
    orti_set_dtype(infer, 1, ORT_DTYPE_F32);
    orti_set_dtype(infer, 2, ORT_DTYPE_U8);
    orti_set_dims(infer, 1, NULL, 0);
    orti_set_dims(infer, 2, NULL, 0);
}
