/* Inference of attention and of the composites of transformers: ONNX Attention, com.microsoft's Attention,
 * MultiHeadAttention, EmbedLayerNormalization and SkipLayerNormalization. */
#include "ops/infer.h"

#include <string.h>

static orti_dim over(orti_infer *infer, orti_dim dim, int64_t parts) {
    int64_t size;
    if (parts <= 0) return ORTI_DIM_INVALID;
    if (orti_dim_is_number(infer, dim, &size) && size % parts != 0)
        orti_infer_fail(infer, "%lld columns do not split into %lld heads", (long long)size, (long long)parts);
    return orti_dims_op(infer, orti_dim_floordiv, dim, orti_dim_number(infer, parts));
}

static orti_dim sum(orti_infer *infer, orti_dim a, orti_dim b) {
    return orti_dims_op(infer, orti_dim_add, a, b);
}

static bool has_rank(orti_infer *infer, uint32_t index, const orti_state *state, uint32_t rank) {
    if (!state || state->rank == rank) return true;
    orti_infer_fail(infer, "input %u has rank %u, not %u", index, state->rank, rank);
    return false;
}

/* An attribute that must be above 0. */
static bool heads_read(orti_infer *infer, const char *name, int64_t *out) {
    *out = orti_node_attr_int(infer->node, name, 0);
    if (*out > 0) return true;
    orti_infer_fail(infer, "attribute '%s' is %lld: at least one head is needed", name, (long long)*out);
    return false;
}

/* ---- ONNX Attention-23 ---- */
/* [batch, heads, rows, columns] of input `index`, 3-d ones seen as heads side by side. */
static bool by_heads(orti_infer *infer, uint32_t index, const char *attr, orti_dim out[4]) {
    const orti_state *state = orti_in_shaped(infer, index);
    int64_t heads;
    for (int i = 0; i < 4; i++) out[i] = ORTI_DIM_INVALID;
    if (!state) return true;
    if (state->rank == 4) {
        memcpy(out, state->dims, 4 * sizeof *out);
        return true;
    }
    if (state->rank != 3) {
        orti_infer_fail(infer, "input %u has rank %u, not 3 or 4", index, state->rank);
        return false;
    }
    if (!heads_read(infer, attr, &heads)) return false;
    out[0] = state->dims[0];
    out[1] = orti_dim_number(infer, heads);
    out[2] = state->dims[1];
    out[3] = over(infer, state->dims[2], heads);
    return infer->status == NULL;
}

void orti_infer_attention(orti_infer *infer) {
    const orti_state *query = orti_in_shaped(infer, 0), *past = orti_in_shaped(infer, 4);
    orti_dim q[4], k[4], v[4];
    orti_set_dtype(infer, 3, orti_in(infer, 0) ? orti_in(infer, 0)->dtype : ORT_DTYPE_NONE);
    if (!by_heads(infer, 0, "q_num_heads", q) || !by_heads(infer, 1, "kv_num_heads", k) ||
        !by_heads(infer, 2, "kv_num_heads", v) || !has_rank(infer, 4, past, 4))
        return;
    if (!query) return;
    orti_dim total = k[2];
    if (orti_in(infer, 4)) total = past ? sum(infer, past->dims[2], k[2]) : ORTI_DIM_INVALID;
    const orti_dim merged[3] = {q[0], q[2], orti_dims_op(infer, orti_dim_mul, q[1], v[3])};
    const orti_dim apart[4] = {q[0], q[1], q[2], v[3]};
    orti_set_dims(infer, 0, query->rank == 3 ? merged : apart, query->rank);
    const orti_dim keys[4] = {k[0], k[1], total, k[3]}, values[4] = {v[0], v[1], total, v[3]};
    const orti_dim scores[4] = {q[0], q[1], q[2], total};
    orti_set_dims(infer, 1, keys, 4);
    orti_set_dims(infer, 2, values, 4);
    orti_set_dims(infer, 3, scores, 4);
}

/* ---- com.microsoft Attention: the projection of queries, keys and values is inside ---- */
void orti_infer_projected_attention(orti_infer *infer) {
    const orti_state *x = orti_in_shaped(infer, 0), *weights = orti_in_shaped(infer, 1);
    const orti_state *past = orti_in_shaped(infer, 4);
    const orti_attr *sizes = orti_node_attr(infer->node, "qkv_hidden_sizes");
    int64_t heads;
    if (!heads_read(infer, "num_heads", &heads) || !has_rank(infer, 0, x, 3) || !has_rank(infer, 1, weights, 2) ||
        !has_rank(infer, 4, past, 5))
        return;
    if (sizes && (sizes->kind != ORTI_ATTR_INTS || sizes->count != 3)) {
        orti_infer_fail(infer, "attribute 'qkv_hidden_sizes' is no list of three");
        return;
    }
    orti_dim width = ORTI_DIM_INVALID;
    if (sizes)
        width = orti_dim_number(infer, sizes->ints[2]);
    else if (weights)
        width = over(infer, weights->dims[1], 3);
    if (!x) return;
    const orti_dim dims[3] = {x->dims[0], x->dims[1], width};
    orti_set_dims(infer, 0, dims, 3);
    if (orti_in(infer, 4) && !past) return;
    const bool is_shared = orti_node_attr_int(infer->node, "past_present_share_buffer", 0) != 0;
    const orti_dim total = !past ? x->dims[1] : is_shared ? past->dims[3] : sum(infer, past->dims[3], x->dims[1]);
    const orti_dim present[5] = {2, x->dims[0], orti_dim_number(infer, heads), total, over(infer, width, heads)};
    orti_set_dims(infer, 1, present, 5);
}

/* ---- com.microsoft MultiHeadAttention ---- */
/* Rows and columns of keys or values, whatever their form: packed with the query (5-d query), packed with each other
 * (5-d key), one matrix for each batch (3-d), or by heads (4-d). */
static void side_read(orti_infer *infer, uint32_t index, int64_t heads, orti_dim *rows, orti_dim *columns) {
    const orti_state *query = orti_in_shaped(infer, 0), *side = orti_in_shaped(infer, index);
    const orti_state *key = orti_in_shaped(infer, 1);
    const orti_state *packed = query && query->rank == 5 ? query : key && key->rank == 5 ? key : NULL;
    *rows = *columns = ORTI_DIM_INVALID;
    if (packed) {
        *rows = packed->dims[1];
        *columns = packed->dims[4];
    } else if (side && side->rank == 4) {
        *rows = side->dims[2];
        *columns = side->dims[3];
    } else if (side && side->rank == 3) {
        *rows = side->dims[1];
        *columns = over(infer, side->dims[2], heads);
    } else if (side) {
        orti_infer_fail(infer, "input %u has rank %u, not 3, 4 or 5", index, side->rank);
    }
}

void orti_infer_multi_head_attention(orti_infer *infer) {
    const orti_state *query = orti_in_shaped(infer, 0), *past = orti_in_shaped(infer, 6);
    int64_t heads;
    if (!heads_read(infer, "num_heads", &heads) || !has_rank(infer, 6, past, 4)) return;
    if (!query) return;
    if (query->rank != 3 && query->rank != 5) {
        orti_infer_fail(infer, "input 0 has rank %u, not 3 or 5", query->rank);
        return;
    }
    orti_dim rows, head, value_rows, value_head;
    side_read(infer, 1, heads, &rows, &head);
    side_read(infer, 2, heads, &value_rows, &value_head);
    const orti_dim count = orti_dim_number(infer, heads), total = past ? sum(infer, past->dims[2], rows) : rows;
    const orti_dim dims[3] = {query->dims[0], query->dims[1], orti_dims_op(infer, orti_dim_mul, count, value_head)};
    orti_set_dims(infer, 0, dims, 3);
    const orti_dim keys[4] = {query->dims[0], count, total, head};
    const orti_dim values[4] = {query->dims[0], count, total, value_head};
    const orti_dim scores[4] = {query->dims[0], count, query->dims[1], total};
    orti_set_dims(infer, 3, scores, 4);
    if (orti_in(infer, 6) && !past) return;
    orti_set_dims(infer, 1, keys, 4);
    orti_set_dims(infer, 2, values, 4);
}

/* ---- com.microsoft EmbedLayerNormalization, SkipLayerNormalization ---- */
void orti_infer_embed_norm(orti_infer *infer) {
    const orti_state *ids = orti_in_shaped(infer, 0), *words = orti_in_shaped(infer, 2);
    if (!has_rank(infer, 0, ids, 2) || !has_rank(infer, 2, words, 2) || !ids) return;
    const orti_dim dims[3] = {ids->dims[0], ids->dims[1], words ? words->dims[1] : ORTI_DIM_INVALID};
    orti_set_dims(infer, 0, dims, 3);
    orti_set_dims(infer, 1, dims, 1);
    if (words) orti_set_dims(infer, 2, dims, 3);
}

void orti_infer_skip_norm(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    if (!in) return;
    if (in->rank == 0) {
        orti_infer_fail(infer, "a scalar has no row to normalize");
        return;
    }
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    orti_set_dims(infer, 0, dims, in->rank);
    orti_set_dims(infer, 3, dims, in->rank);
    dims[in->rank - 1] = 1;
    orti_set_dims(infer, 1, dims, in->rank);
    orti_set_dims(infer, 2, dims, in->rank);
}
