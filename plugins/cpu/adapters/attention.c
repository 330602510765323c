/* ONNX Attention-23 and com.microsoft MultiHeadAttention: queries, keys and values are arguments. */
#include "adapters/attention.h"

#include <math.h>
#include <string.h>

typedef struct attention_params {
    int64_t q_heads, kv_heads; /* 0: told by 4-d inputs */
    float scale, softcap, masked;
    bool is_causal;
    int64_t left, right;
    ortcpu_scores scores;
} attention_params;

/* ---- how heads lie in an input ---- */
typedef struct matrix_view {
    int64_t batch, heads, rows, columns, pitch;
    ortcpu_place place;
} matrix_view;

/* [batch, heads, rows, columns], or [batch, rows, heads * columns]. */
static bool view_read(const ortk_desc *desc, uint32_t arg, int64_t heads, matrix_view *v) {
    const int64_t *d = desc->dims;
    if (desc->rank == 4) {
        *v = (matrix_view){d[0], d[1], d[2], d[3], d[3], {arg, 0, d[1] * d[2] * d[3], d[2] * d[3]}};
        return true;
    }
    if (desc->rank != 3 || heads <= 0 || d[2] % heads != 0) return false;
    const int64_t columns = d[2] / heads;
    *v = (matrix_view){d[0], heads, d[1], columns, d[2], {arg, 0, d[1] * d[2], columns}};
    return true;
}

/* Part `index` of `parts` in [batch, rows, heads, parts, columns]. */
static void view_packed(const ortk_desc *desc, uint32_t arg, int64_t index, matrix_view *v) {
    const int64_t *d = desc->dims, pitch = d[2] * d[3] * d[4];
    *v = (matrix_view){d[0], d[2], d[1], d[4], pitch, {arg, index * d[4], d[1] * pitch, d[3] * d[4]}};
}

static ort_status *misfit(const char *what) {
    return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "attention: %s", what);
}

static bool is_given(const ortk_desc *desc, uint32_t count, uint32_t index) {
    return index < count && desc[index].is_present;
}

/* Past of `columns` for every head of keys; `out_rows`: its keys. */
static bool past_read(const ortk_desc *desc, uint32_t arg, const matrix_view *fresh, ortcpu_place *place,
                      int64_t *out_rows) {
    matrix_view past;
    if (desc->rank != 4 || !view_read(desc, arg, 0, &past)) return false;
    *place = past.place;
    *out_rows = past.rows;
    return past.batch == fresh->batch && past.heads == fresh->heads && past.columns == fresh->columns;
}

/* Fills places and shape. `past` is the index of the past keys among the inputs; values follow it. */
static ort_status *views_place(ortcpu_attention_state *s, const matrix_view *q, const matrix_view *k,
                               const matrix_view *v, const ortk_desc *in, uint32_t in_count, uint32_t past) {
    int64_t key_rows = 0, value_rows = 0;
    if (q->columns != k->columns) return misfit("queries and keys have rows of different sizes");
    if (k->rows != v->rows || k->heads != v->heads || k->batch != q->batch || v->batch != q->batch)
        return misfit("keys, values and queries do not belong together");
    if (k->heads == 0 || q->heads % k->heads != 0) return misfit("heads of keys do not divide heads of queries");
    if (is_given(in, in_count, past) != is_given(in, in_count, past + 1))
        return misfit("past keys and past values come together or not at all");
    if (is_given(in, in_count, past) &&
        (!past_read(&in[past], past, k, &s->k[0], &key_rows) ||
         !past_read(&in[past + 1], past + 1, v, &s->v[0], &value_rows) || key_rows != value_rows))
        return misfit("the past has another shape than keys and values");
    s->q = q->place, s->k[1] = k->place, s->v[1] = v->place;
    s->heads = q->heads;
    s->group = q->heads / k->heads;
    ortcpu_attention_shape *shape = &s->shape;
    shape->queries = q->rows, shape->head = q->columns, shape->value_head = v->columns;
    shape->q_pitch = q->pitch;
    shape->keys[0].count = key_rows;
    shape->keys[0].k_pitch = k->columns, shape->keys[0].v_pitch = v->columns;
    shape->keys[1].count = k->rows;
    shape->keys[1].k_pitch = k->pitch, shape->keys[1].v_pitch = v->pitch;
    return NULL;
}

/* Output 0 in the form of the queries; 1 and 2 by heads; 3 the scores. */
static void outputs_place(ortcpu_attention_state *s, bool is_merged, const ortk_desc *out, uint32_t out_count,
                          uint32_t in_count) {
    const ortcpu_attention_shape *shape = &s->shape;
    const int64_t total = shape->keys[0].count + shape->keys[1].count, kv_heads = s->heads / s->group;
    const int64_t rows = shape->queries, columns = shape->value_head;
    s->shape.y_pitch = is_merged ? s->heads * columns : columns;
    s->y = (ortcpu_place){in_count, 0, s->heads * rows * columns, is_merged ? columns : rows * columns};
    if (is_given(out, out_count, 1))
        s->present_k = (ortcpu_place){in_count + 1, 0, kv_heads * total * shape->head, total * shape->head};
    if (is_given(out, out_count, 2))
        s->present_v = (ortcpu_place){in_count + 2, 0, kv_heads * total * columns, total * columns};
    if (is_given(out, out_count, 3)) s->scores = (ortcpu_place){in_count + 3, 0, s->heads * rows * total, rows * total};
}

static void params_apply(const attention_params *p, ortcpu_attention_state *s) {
    s->shape.scale = p->scale != 0.0f ? p->scale : 1.0f / sqrtf((float)s->shape.head);
    s->shape.softcap = p->softcap;
    s->shape.is_causal = p->is_causal;
    s->shape.left = p->left, s->shape.right = p->right;
}

static bool types_claim(ortk_node *node, const uint32_t *inputs, uint32_t count) {
    const uint32_t dtype = ortk_node_input_dtype(node, 0);
    for (uint32_t i = 0; i < count; i++)
        if (ortk_node_has_input(node, inputs[i]) && ortk_node_input_dtype(node, inputs[i]) != dtype)
            return ortk_decline(node, ORTP_DECLINE_TYPE, "input %u of another type than input 0", inputs[i]);
    return true;
}

/* ---- ONNX Attention ---- */
static bool standard_claim(ortk_node *node) {
    static const uint32_t same[] = {1, 2, 4, 5};
    const int64_t precision = ortk_attr_int(node, "softmax_precision", ORT_DTYPE_F32);
    const uint32_t mask = ortk_node_has_input(node, 3) ? ortk_node_input_dtype(node, 3) : ORT_DTYPE_BOOL;
    if (precision == ORT_DTYPE_F64) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "softmax_precision of float64");
    if (mask != ORT_DTYPE_BOOL && mask != ORT_DTYPE_F32 && mask != ortk_node_input_dtype(node, 0))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "a mask of another type than bool or input 0's");
    return types_claim(node, same, 4);
}

static ort_status *standard_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    attention_params *p = params;
    p->q_heads = ortk_attr_int(node, "q_num_heads", 0);
    p->kv_heads = ortk_attr_int(node, "kv_num_heads", 0);
    p->scale = ortk_attr_float(node, "scale", 0);
    p->softcap = ortk_attr_float(node, "softcap", 0);
    p->is_causal = ortk_attr_int(node, "is_causal", 0) != 0;
    p->left = ortk_attr_int(node, "left_window_size", -1);
    p->right = ortk_attr_int(node, "right_window_size", -1);
    p->scores = (ortcpu_scores)ortk_attr_int(node, "qk_matmul_output_mode", 0);
    return NULL;
}

static ort_status *standard_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const attention_params *p = params;
    matrix_view q, k, v;
    ortcpu_attention_state *s = ortcpu_attention_begin(planner, in[0].dtype);
    if (s == NULL) return ortk_out_of_memory();
    if (!view_read(&in[0], 0, p->q_heads, &q) || !view_read(&in[1], 1, p->kv_heads, &k) ||
        !view_read(&in[2], 2, p->kv_heads, &v))
        return misfit("inputs are neither by heads nor split into them");
    ort_status *status = views_place(s, &q, &k, &v, in, in_count, 4);
    if (status != NULL) return status;
    params_apply(p, s);
    outputs_place(s, in[0].rank == 3, out, out_count, in_count);
    if (s->scores.arg != ORTCPU_NO_ARG) s->shape.scores = p->scores;
    if (is_given(in, in_count, 3) && !ortcpu_attention_mask(s, 0, 3, &in[3], q.batch, -INFINITY, true))
        return misfit("the mask does not broadcast to the scores");
    if (is_given(in, in_count, 6)) {
        if (in[6].element_count != q.batch) return misfit("one key count for each batch is needed");
        s->key_lengths = 6;
        s->ends_positions = !is_given(in, in_count, 4);
    }
    return ortcpu_attention_finish(planner, s, q.batch, step);
}

/* ---- com.microsoft MultiHeadAttention ---- */
static bool multi_claim(ortk_node *node) {
    static const uint32_t same[] = {1, 2, 3, 5, 6, 7};
    if (ortk_node_has_input(node, 8) || ortk_node_has_input(node, 9))
        return ortk_decline(node, ORTP_DECLINE_OPERATOR, "a past in a shared buffer");
    if (ortk_node_output_count(node) > 3) return ortk_decline(node, ORTP_DECLINE_OPERATOR, "scores as an output");
    return types_claim(node, same, 6);
}

static ort_status *multi_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    attention_params *p = params;
    p->q_heads = p->kv_heads = ortk_attr_int(node, "num_heads", 0);
    p->scale = ortk_attr_float(node, "scale", 0);
    p->masked = ortk_attr_float(node, "mask_filter_value", -10000.0f);
    p->is_causal = ortk_attr_int(node, "unidirectional", 0) != 0;
    p->left = p->right = -1;
    return NULL;
}

static ort_status *multi_views(const attention_params *p, const ortk_desc *in, uint32_t in_count, matrix_view *q,
                               matrix_view *k, matrix_view *v) {
    const bool has_key = is_given(in, in_count, 1), has_value = is_given(in, in_count, 2);
    if (in[0].rank == 5 && in[0].dims[3] == 3) {
        view_packed(&in[0], 0, 0, q), view_packed(&in[0], 0, 1, k), view_packed(&in[0], 0, 2, v);
        return NULL;
    }
    if (!view_read(&in[0], 0, p->q_heads, q) || !has_key) return misfit("queries without keys");
    if (in[1].rank == 5 && in[1].dims[3] == 2) {
        view_packed(&in[1], 1, 0, k), view_packed(&in[1], 1, 1, v);
        return NULL;
    }
    if (!has_value || !view_read(&in[1], 1, p->kv_heads, k) || !view_read(&in[2], 2, p->kv_heads, v))
        return misfit("keys or values are neither by heads nor split into them");
    return NULL;
}

/* Adding a bias makes queries, keys and values dense float32 rows in scratch. */
static ort_status *addend_place(ortcpu_attention_state *s, const ortk_desc *desc) {
    ortcpu_attention_shape *shape = &s->shape;
    const int64_t sizes[] = {shape->head,       shape->queries * shape->head,
                             shape->head,       shape->keys[1].count * shape->head,
                             shape->value_head, shape->keys[1].count * shape->value_head};
    if (desc->element_count != s->heads * (2 * shape->head + shape->value_head))
        return misfit("the bias has another size than queries, keys and values together");
    s->addend = 3;
    s->addend_pitch[0] = shape->q_pitch, shape->q_pitch = shape->head;
    s->addend_pitch[1] = shape->keys[1].k_pitch, shape->keys[1].k_pitch = shape->head;
    s->addend_pitch[2] = shape->keys[1].v_pitch, shape->keys[1].v_pitch = shape->value_head;
    shape->q_is_half = shape->keys[1].is_half = false;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) s->staged_floats += (size_t)(sizes[i] + 15) / 16 * 16;
    return NULL;
}

static ort_status *multi_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const attention_params *p = params;
    matrix_view q, k, v;
    ortcpu_attention_state *s = ortcpu_attention_begin(planner, in[0].dtype);
    if (s == NULL) return ortk_out_of_memory();
    ort_status *status = multi_views(p, in, in_count, &q, &k, &v);
    if (status == NULL) status = views_place(s, &q, &k, &v, in, in_count, 6);
    if (status != NULL) return status;
    params_apply(p, s);
    outputs_place(s, true, out, out_count, in_count);
    if (is_given(in, in_count, 4) && !ortcpu_attention_padding(s, 4, &in[4], q.batch, p->masked))
        return misfit("a padding mask of this form is not known");
    if (is_given(in, in_count, 5) && !ortcpu_attention_mask(s, 1, 5, &in[5], q.batch, 0, false))
        return misfit("the attention bias does not broadcast to the scores");
    if (is_given(in, in_count, 3)) status = addend_place(s, &in[3]);
    return status != NULL ? status : ortcpu_attention_finish(planner, s, q.batch, step);
}

static const ortk_kernel kernels[] = {
    {"", "Attention", 23, 9999, ORTCPU_ATTENTION_TYPES, ORTK_MODE_ROWS, 0, sizeof(attention_params), standard_claim,
     standard_compile, standard_plan},
    {"com.microsoft", "MultiHeadAttention", 1, 1, ORTCPU_ATTENTION_TYPES, ORTK_MODE_ROWS, 0, sizeof(attention_params),
     multi_claim, multi_compile, multi_plan},
};
const ortcpu_op_table ortcpu_heavy_attention = {kernels, 2};
