/* Inference of ai.onnx.ml: operators on rows of features. A row [C] counts as a batch of one, [1, C]. */
#include "ops/infer.h"

#include <string.h>

static uint32_t attr_count(const orti_infer *infer, const char *name) {
    const orti_attr *attr = orti_node_attr(infer->node, name);
    if (!attr) return 0;
    return attr->kind == ORTI_ATTR_TENSOR ? (uint32_t)attr->tensor->element_count : attr->count;
}

static orti_dim row_count(const orti_state *in) {
    return in->rank <= 1 ? 1 : in->dims[0];
}

static void set_rows(orti_infer *infer, uint32_t index, const orti_state *in, orti_dim columns) {
    orti_set_dims(infer, index, (const orti_dim[]){row_count(in), columns}, 2);
}

/* Strings where the attribute with strings is there, else `otherwise`. */
static void set_label_dtype(orti_infer *infer, const char *strings) {
    orti_set_dtype(infer, 0, orti_node_attr(infer->node, strings) ? ORT_DTYPE_STRING : ORT_DTYPE_I64);
}

/* The picked elements of the last axis: indices of any rank count as one row. */
void orti_infer_array_feature_extractor(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0), *indices = orti_in_shaped(infer, 1);
    orti_dim dims[ORTI_RANK_MAX] = {1};
    if (!in || !indices) return;
    if (in->rank == 0) {
        orti_infer_fail(infer, "its input is a scalar, which has no axis to pick from");
        return;
    }
    uint32_t rank = in->rank == 1 ? 2 : in->rank;
    if (in->rank > 1) memcpy(dims, in->dims, in->rank * sizeof *dims);
    dims[rank - 1] = orti_dims_product(infer, indices->dims, indices->rank);
    orti_set_dims(infer, 0, dims, rank);
}

void orti_infer_feature_vectorizer(orti_infer *infer) {
    orti_dim columns = 0;
    const orti_state *first = orti_in_shaped(infer, 0);
    orti_set_dtype(infer, 0, ORT_DTYPE_F32);
    for (uint32_t i = 0; i < infer->node->input_count; i++) {
        const orti_state *in = orti_in_shaped(infer, i);
        if (!in) return;
        uint32_t from = in->rank <= 1 ? 0 : 1;
        columns =
            orti_dims_op(infer, orti_dim_add, columns, orti_dims_product(infer, in->dims + from, in->rank - from));
    }
    if (first) set_rows(infer, 0, first, columns);
}

void orti_infer_one_hot_encoder(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t strings = attr_count(infer, "cats_strings"), ints = attr_count(infer, "cats_int64s");
    if (!in || in->rank == ORTI_RANK_MAX) return;
    if ((strings == 0) == (ints == 0)) {
        orti_infer_fail(infer, "needs one of the attributes 'cats_int64s' and 'cats_strings'");
        return;
    }
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    dims[in->rank] = strings ? strings : ints;
    orti_set_dims(infer, 0, dims, in->rank + 1);
}

void orti_infer_label_encoder(orti_infer *infer) {
    static const struct {
        const char *attr;
        ort_dtype dtype;
    } values[] = {
        {"values_strings", ORT_DTYPE_STRING}, {"values_int64s", ORT_DTYPE_I64}, {"values_floats", ORT_DTYPE_F32}};
    const orti_attr *tensor = orti_node_attr(infer->node, "values_tensor");
    if (tensor && tensor->tensor) orti_set_dtype(infer, 0, tensor->tensor->dtype);
    for (uint32_t i = 0; i < sizeof values / sizeof *values; i++)
        if (orti_node_attr(infer->node, values[i].attr)) orti_set_dtype(infer, 0, values[i].dtype);
    orti_infer_same(infer);
}

void orti_infer_category_mapper(orti_infer *infer) {
    const orti_state *in = orti_in(infer, 0);
    if (in && in->dtype != ORT_DTYPE_NONE)
        orti_set_dtype(infer, 0, in->dtype == ORT_DTYPE_STRING ? ORT_DTYPE_I64 : ORT_DTYPE_STRING);
    orti_infer_same(infer);
}

/* Labels [N] and scores [N, columns]. */
static void classified(orti_infer *infer, int64_t columns) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_set_dtype(infer, 1, ORT_DTYPE_F32);
    if (!in) return;
    orti_set_dims(infer, 0, (const orti_dim[]){row_count(in)}, 1);
    set_rows(infer, 1, in, columns);
}

/* One set of coefficients for two classes gives two scores: -s and s. */
void orti_infer_linear_classifier(orti_infer *infer) {
    uint32_t labels = attr_count(infer, "classlabels_strings"), rows = attr_count(infer, "intercepts");
    const orti_state *in = orti_in_shaped(infer, 0);
    int64_t features;
    if (!labels) labels = attr_count(infer, "classlabels_ints");
    if (!rows && in && in->rank && orti_dim_is_number(infer, in->dims[in->rank - 1], &features) && features > 0)
        rows = (uint32_t)(attr_count(infer, "coefficients") / features);
    if (!rows) rows = labels;
    set_label_dtype(infer, "classlabels_strings");
    classified(infer, rows == 1 && labels == 2 ? 2 : rows);
}

void orti_infer_linear_regressor(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    if (in) set_rows(infer, 0, in, orti_node_attr_int(infer->node, "targets", 1));
}

/* Without probabilities a machine of support vectors gives a score for each pair of classes. */
void orti_infer_svm_classifier(orti_infer *infer) {
    uint32_t labels = attr_count(infer, "classlabels_strings");
    if (!labels) labels = attr_count(infer, "classlabels_ints");
    bool has_pairs = attr_count(infer, "vectors_per_class") && !attr_count(infer, "prob_a");
    int64_t pairs = (int64_t)labels * ((int64_t)labels - 1) / 2, columns = has_pairs ? pairs : labels;
    set_label_dtype(infer, "classlabels_strings");
    classified(infer, columns == 1 && labels == 2 ? 2 : columns);
}

void orti_infer_svm_regressor(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    if (in) set_rows(infer, 0, in, 1);
}

/* A single class that is voted for has a second one beside it: not this class. */
void orti_infer_tree_classifier(orti_infer *infer) {
    uint32_t labels = attr_count(infer, "classlabels_strings");
    if (!labels) labels = attr_count(infer, "classlabels_int64s");
    set_label_dtype(infer, "classlabels_strings");
    classified(infer, labels == 1 ? 2 : labels);
}

void orti_infer_tree_regressor(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    if (in) set_rows(infer, 0, in, orti_node_attr_int(infer->node, "n_targets", 1));
}
