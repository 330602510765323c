/* Inference of reductions, normalisations and Resize, and reductions of small known contents. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

/* ---- reductions ---- */
/* Contents of which a reduction is known here: others round or wrap as only the kernel does. */
static bool contents_fit(ort_dtype dtype) {
    return dtype == ORT_DTYPE_I64 || dtype == ORT_DTYPE_I32 || dtype == ORT_DTYPE_F32 || dtype == ORT_DTYPE_F64;
}

typedef struct reducer {
    const char *op_type;
    orti_dim_fn dim_fn;
    double (*number_fn)(double a, double b);
    bool has_start; /* what nothing reduces to */
    int64_t start;
} reducer;

static double number_sum(double a, double b) {
    return a + b;
}

static double number_product(double a, double b) {
    return a * b;
}

static double number_min(double a, double b) {
    return isnan(a) || isnan(b) ? NAN : fmin(a, b);
}

static double number_max(double a, double b) {
    return isnan(a) || isnan(b) ? NAN : fmax(a, b);
}

static const reducer *reducer_find(const char *op_type) {
    static const reducer table[] = {{"ReduceSum", orti_dim_add, number_sum, true, 0},
                                    {"ReduceProd", orti_dim_mul, number_product, true, 1},
                                    {"ReduceMin", orti_dim_min, number_min, false, 0},
                                    {"ReduceMax", orti_dim_max, number_max, false, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].op_type, op_type) == 0) return &table[i];
    return NULL;
}

/* An element's size may be more than the pool can express: it is not known then, which is no fault of the model. */
static orti_dim dims_combine(orti_infer *infer, orti_dim_fn fn, orti_dim a, orti_dim b) {
    orti_dim out = ORTI_DIM_INVALID;
    if (a == ORTI_DIM_INVALID || b == ORTI_DIM_INVALID) return ORTI_DIM_INVALID;
    ort_status *status = fn(infer->engine->pool, a, b, &out);
    if (status) out = ORTI_DIM_INVALID;
    ort_status_destroy(status);
    return out;
}

/* Where element `index` of the input goes to, when the axes in `is_reduced` are taken away. */
static uint32_t target_index(const orti_infer *infer, const orti_state *in, const bool *is_reduced, uint32_t index) {
    uint32_t at = 0, stride = 1;
    for (uint32_t axis = in->rank; axis-- > 0;) {
        int64_t size = 1;
        orti_dim_is_number(infer, in->dims[axis], &size);
        uint32_t place = index % (uint32_t)size;
        index /= (uint32_t)size;
        if (is_reduced[axis]) continue;
        at += place * stride;
        stride *= (uint32_t)size;
    }
    return at;
}

static void cells_round(orti_infer *infer, ort_dtype dtype, orti_cell *cells, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        int64_t number;
        if (dtype == ORT_DTYPE_F32) cells[i].number = (double)(float)cells[i].number;
        /* What wraps around in the kernel is not known. */
        if (dtype == ORT_DTYPE_I32 && orti_dim_is_number(infer, cells[i].dim, &number) &&
            (number < INT32_MIN || number > INT32_MAX))
            cells[i].dim = ORTI_DIM_INVALID;
    }
}

static void reduce_known(orti_infer *infer, const orti_state *in, const bool *is_reduced) {
    uint32_t count;
    const reducer *how = reducer_find(infer->node->op_type);
    const orti_cell *cells = orti_in_cells(infer, 0, &count);
    const orti_state *result = orti_result(infer, 0);
    if (!how || !cells || !result || !result->has_shape || !contents_fit(in->dtype)) return;
    int64_t out_count = orti_state_count(infer->engine, result);
    if (orti_state_count(infer->engine, in) != (int64_t)count || out_count < 0 || out_count > (int64_t)ORTI_KNOWN_MAX)
        return;
    if (count == 0 && !how->has_start) return;
    bool is_float = orti_dtype_is_float(in->dtype), is_filled[ORTI_KNOWN_MAX] = {false};
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)out_count);
    for (uint32_t i = 0; out && i < out_count; i++) {
        if (is_float)
            out[i].number = (double)how->start;
        else
            out[i].dim = how->start;
    }
    for (uint32_t i = 0; out && i < count; i++) {
        uint32_t at = target_index(infer, in, is_reduced, i);
        if (!is_filled[at])
            out[at] = cells[i];
        else if (is_float)
            out[at].number = how->number_fn(out[at].number, cells[i].number);
        else
            out[at].dim = dims_combine(infer, how->dim_fn, out[at].dim, cells[i].dim);
        is_filled[at] = true;
    }
    if (out) cells_round(infer, in->dtype, out, (uint32_t)out_count);
}

/* The axes are computed while running: keepdims tells the rank, or their number does. */
static void reduce_unknown_axes(orti_infer *infer, const orti_state *in, bool keeps) {
    orti_dim dims[ORTI_RANK_MAX];
    const orti_state *axes = orti_in_shaped(infer, 1);
    int64_t count = 0;
    for (uint32_t i = 0; i < in->rank; i++) dims[i] = ORTI_DIM_INVALID;
    if (!keeps) {
        if (!axes || (count = orti_state_count(infer->engine, axes)) < 1) return;
        if (count > (int64_t)in->rank) {
            orti_infer_fail(infer, "%lld axes for a value of rank %u", (long long)count, in->rank);
            return;
        }
    }
    orti_set_dims(infer, 0, dims, in->rank - (uint32_t)count);
}

static void reduce_dims(orti_infer *infer, const orti_state *in, const bool *is_reduced, bool keeps) {
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < in->rank; i++) {
        if (is_reduced[i] && !keeps) continue;
        dims[rank++] = is_reduced[i] ? 1 : in->dims[i];
    }
    orti_set_dims(infer, 0, dims, rank);
}

/* ONNX Reduce*-18: the axes are input 1; none means all of them, or none where noop_with_empty_axes is set. */
void orti_infer_reduce(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *axes = orti_in(infer, 1);
    bool keeps = orti_node_attr_int(infer->node, "keepdims", 1) != 0, is_reduced[ORTI_RANK_MAX] = {false};
    int64_t listed[ORTI_RANK_MAX];
    uint32_t count = 0;
    if (!in) return;
    if (axes && !orti_in_ints(infer, 1, listed, ORTI_RANK_MAX, &count)) {
        if (count > ORTI_RANK_MAX)
            orti_infer_fail(infer, "%u axes for a value of rank %u", count, in->rank);
        else
            reduce_unknown_axes(infer, in, keeps);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis;
        if (!orti_axis(infer, listed[i], in->rank, &axis)) return;
        is_reduced[axis] = true;
    }
    bool takes_all = count == 0 && orti_node_attr_int(infer->node, "noop_with_empty_axes", 0) == 0;
    for (uint32_t i = 0; takes_all && i < in->rank; i++) is_reduced[i] = true;
    reduce_dims(infer, in, is_reduced, keeps);
    reduce_known(infer, in, is_reduced);
}

void orti_infer_arg(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    bool is_reduced[ORTI_RANK_MAX] = {false};
    uint32_t axis;
    orti_set_dtype(infer, 0, ORT_DTYPE_I64);
    if (!in || !orti_axis(infer, orti_node_attr_int(infer->node, "axis", 0), in->rank, &axis)) return;
    is_reduced[axis] = true;
    reduce_dims(infer, in, is_reduced, orti_node_attr_int(infer->node, "keepdims", 1) != 0);
}

/* ---- normalisations ---- */
/* The channels of scale, bias, mean and variance: input 0's axis 1 (1 when it has none), and each is 1-D of them. */
void orti_infer_batch_norm(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim channels = !in ? ORTI_DIM_INVALID : in->rank > 1 ? in->dims[1] : 1;
    int64_t own, other;
    if (in && in->rank == 0) orti_infer_fail(infer, "input 0 is a scalar");
    for (uint32_t i = 1; i < infer->node->input_count; i++) {
        const orti_state *part = orti_in_shaped(infer, i);
        if (!part) continue;
        if (part->rank != 1) {
            orti_infer_fail(infer, "input %u has rank %u instead of 1", i, part->rank);
            return;
        }
        if (orti_dim_is_number(infer, part->dims[0], &other) && orti_dim_is_number(infer, channels, &own) &&
            own != other)
            orti_infer_fail(infer, "input %u has %lld elements, input 0 has %lld channels", i, (long long)other,
                            (long long)own);
        if (!orti_dim_is_number(infer, channels, &own)) channels = part->dims[0];
    }
    if (in) orti_set_dims(infer, 0, in->dims, in->rank);
    for (uint32_t k = 1; k < infer->node->output_count; k++) orti_set_dims(infer, k, &channels, 1);
}

/* Scale and bias broadcast to the input, never the other way. */
static bool broadcasts_to(orti_infer *infer, const orti_state *in, uint32_t index) {
    const orti_state *part = orti_in_shaped(infer, index);
    if (part && part->rank > in->rank) {
        orti_infer_fail(infer, "input %u has rank %u, input 0 has rank %u", index, part->rank, in->rank);
        return false;
    }
    for (uint32_t i = 0; part && i < part->rank; i++) {
        int64_t own, wanted;
        uint32_t axis = in->rank - part->rank + i;
        if (!orti_dim_is_number(infer, part->dims[i], &own) || own == 1 ||
            !orti_dim_is_number(infer, in->dims[axis], &wanted) || own == wanted)
            continue;
        orti_infer_fail(infer, "input %u has the size %lld where input 0 has %lld on axis %u", index, (long long)own,
                        (long long)wanted, axis);
        return false;
    }
    return true;
}

void orti_infer_layer_norm(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    uint32_t axis;
    /* ONNX LayerNormalization-17: stash_type is the type of mean and deviation. */
    int64_t stash = orti_node_attr_int(infer->node, "stash_type", ORT_DTYPE_F32);
    if (stash <= 0 || stash >= (int64_t)ORT_DTYPE_COUNT || !orti_dtype_is_float((ort_dtype)stash)) {
        orti_infer_fail(infer, "attribute 'stash_type' is %lld, which is no float type", (long long)stash);
        return;
    }
    for (uint32_t k = 1; k < infer->node->output_count; k++) orti_set_dtype(infer, k, (ort_dtype)stash);
    if (!in || !orti_axis(infer, orti_node_attr_int(infer->node, "axis", -1), in->rank, &axis)) return;
    if (!broadcasts_to(infer, in, 1) || !broadcasts_to(infer, in, 2)) return;
    orti_dim dims[ORTI_RANK_MAX];
    for (uint32_t i = 0; i < in->rank; i++) dims[i] = i < axis ? in->dims[i] : 1;
    orti_set_dims(infer, 0, in->dims, in->rank);
    for (uint32_t k = 1; k < infer->node->output_count; k++) orti_set_dims(infer, k, dims, in->rank);
}

/* ---- Resize ---- */
/* The largest double below which every one fits an int64. */
#define SIZE_LIMIT 9.2e18

/* floor(size*scale), ONNX Resize-19. Whole scales and whole inverses work on symbols too, and take the same path for
 * numbers, so that both passes agree. Other products are rounded to float32, as converters compute them. */
static orti_dim scaled_size(orti_infer *infer, orti_dim size, double scale) {
    if (!(scale > 0) || scale > SIZE_LIMIT) {
        orti_infer_fail(infer, "the scale %g is not above 0", scale);
        return ORTI_DIM_INVALID;
    }
    float inverse = (float)(1 / scale);
    int64_t number;
    if (scale == floor(scale)) return orti_dims_op(infer, orti_dim_mul, size, orti_dim_number(infer, (int64_t)scale));
    if (scale < 1 && inverse == floorf(inverse) && inverse < 1e6f)
        return orti_dims_op(infer, orti_dim_floordiv, size, orti_dim_number(infer, (int64_t)inverse));
    if (!orti_dim_is_number(infer, size, &number)) return ORTI_DIM_INVALID;
    double product = floor((double)((float)number * (float)scale));
    if (product < SIZE_LIMIT) return orti_dim_number(infer, (int64_t)product);
    orti_infer_fail(infer, "the size %lld times the scale %g is too large", (long long)number, scale);
    return ORTI_DIM_INVALID;
}

/* Which axes scales or sizes are for: the attribute's, or all. */
static bool resize_axes(orti_infer *infer, uint32_t rank, uint32_t *out, uint32_t *out_count) {
    const orti_attr *attr = orti_node_attr(infer->node, "axes");
    bool is_seen[ORTI_RANK_MAX] = {false};
    *out_count = attr && attr->kind == ORTI_ATTR_INTS ? attr->count : rank;
    if (*out_count > rank) {
        orti_infer_fail(infer, "attribute 'axes' has %u values for a value of rank %u", *out_count, rank);
        return false;
    }
    for (uint32_t i = 0; i < *out_count; i++) {
        out[i] = i;
        if (attr && attr->kind == ORTI_ATTR_INTS && !orti_axis(infer, attr->ints[i], rank, &out[i])) return false;
        if (is_seen[out[i]]) orti_infer_fail(infer, "attribute 'axes' has the axis %u twice", out[i]);
        is_seen[out[i]] = true;
    }
    return infer->status == NULL;
}

/* ONNX Resize-19, keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest of what sizes ask for;
 * sizes are rounded half up. */
static void keep_ratio(orti_infer *infer, const orti_state *in, const uint32_t *axes, uint32_t count, bool is_larger,
                       orti_dim *dims) {
    double scale = 0;
    int64_t size, wanted;
    bool are_known = true;
    for (uint32_t i = 0; i < count; i++) {
        are_known = are_known && orti_dim_is_number(infer, in->dims[axes[i]], &size) && size > 0 &&
                    orti_dim_is_number(infer, dims[axes[i]], &wanted);
        if (!are_known) break;
        double own = (double)wanted / (double)size;
        if (i == 0 || (is_larger ? own > scale : own < scale)) scale = own;
    }
    for (uint32_t i = 0; i < count; i++) {
        dims[axes[i]] = ORTI_DIM_INVALID;
        if (!are_known || !orti_dim_is_number(infer, in->dims[axes[i]], &size)) continue;
        double product = floor((double)size * scale + 0.5);
        if (product > -1 && product < SIZE_LIMIT) dims[axes[i]] = orti_dim_number(infer, (int64_t)product);
    }
}

/* True when an input is there and is not the empty tensor that stands for one left out. */
static bool is_given(orti_infer *infer, uint32_t index) {
    const orti_state *state = orti_in(infer, index);
    uint32_t count;
    if (!state || (state->has_shape && orti_state_count(infer->engine, state) == 0)) return false;
    return !orti_in_cells(infer, index, &count) || count > 0;
}

static void resize_known(orti_infer *infer, const orti_state *in, const uint32_t *axes, uint32_t axis_count,
                         bool has_sizes, orti_dim *dims) {
    uint32_t count, index = has_sizes ? 3 : 2;
    const orti_cell *cells = orti_in_cells(infer, index, &count);
    if (cells && count != axis_count) {
        orti_infer_fail(infer, "input %u has %u elements for %u axes", index, count, axis_count);
        return;
    }
    for (uint32_t i = 0; i < axis_count; i++) {
        orti_dim own = in->dims[axes[i]];
        dims[axes[i]] = !cells ? ORTI_DIM_INVALID : has_sizes ? cells[i].dim : scaled_size(infer, own, cells[i].number);
    }
    const char *policy = orti_node_attr_string(infer->node, "keep_aspect_ratio_policy", "stretch");
    bool is_larger = strcmp(policy, "not_smaller") == 0;
    if (!is_larger && strcmp(policy, "not_larger") != 0 && strcmp(policy, "stretch") != 0)
        orti_infer_fail(infer, "attribute 'keep_aspect_ratio_policy' is '%s', which is no policy", policy);
    else if (has_sizes && strcmp(policy, "stretch") != 0)
        keep_ratio(infer, in, axes, axis_count, is_larger, dims);
}

void orti_infer_resize(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    uint32_t axes[ORTI_RANK_MAX], axis_count;
    orti_dim dims[ORTI_RANK_MAX];
    if (!in || !resize_axes(infer, in->rank, axes, &axis_count)) return;
    bool has_sizes = is_given(infer, 3);
    if (!has_sizes && !is_given(infer, 2)) {
        if (axis_count)
            orti_infer_fail(infer, "neither 'scales' nor 'sizes' is given");
        else
            orti_set_dims(infer, 0, in->dims, in->rank);
        return;
    }
    for (uint32_t i = 0; i < in->rank; i++) dims[i] = in->dims[i];
    resize_known(infer, in, axes, axis_count, has_sizes, dims);
    orti_set_dims(infer, 0, dims, in->rank);
}
