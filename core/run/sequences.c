/* Operators on sequences and optionals. Lists never change: each makes a new one of the same items. */
#include "run/values.h"

#include "tensor/pieces.h"

#include <string.h>

static const orti_allocator *alloc_of(orti_datum *datum) {
    return datum ? datum->alloc : orti_allocator_default();
}

static ort_status *sequence_read(orti_datum *datum, const orti_list **out) {
    *out = orti_datum_list(datum);
    if (!*out || datum->type != ORTI_TYPE_SEQUENCE)
        ORT_FAIL(INVALID_ARGUMENT, "its input is %s, needs a sequence",
                 datum ? orti_value_type_name(datum->type) : "left out");
    return NULL;
}

static ort_status *tensor_read(orti_datum *datum, const char *what, orti_tensor **out) {
    *out = orti_datum_tensor(datum);
    if (!*out) ORT_FAIL(INVALID_ARGUMENT, "%s is no tensor", what);
    return NULL;
}

/* One integer; `fallback` where it is left out. */
static ort_status *int_read(orti_datum *datum, const char *what, int64_t fallback, int64_t *out) {
    orti_tensor *tensor = NULL;
    *out = fallback;
    if (!datum) return NULL;
    ORT_TRY(tensor_read(datum, what, &tensor));
    if (tensor->element_count != 1 || !orti_dtype_is_integer(tensor->dtype))
        ORT_FAIL(INVALID_ARGUMENT, "%s is no single integer", what);
    *out = orti_dtype_get_i64(tensor->dtype, tensor->data, 0);
    return NULL;
}

/* A position from the end where it is negative; 0 to `last`. */
static ort_status *position_read(orti_datum *datum, int64_t fallback, int64_t count, int64_t last, int64_t *out) {
    ORT_TRY(int_read(datum, "its position", fallback, out));
    int64_t given = *out;
    if (given < 0) *out += count;
    if (*out < 0 || *out > last)
        ORT_FAIL(INVALID_ARGUMENT, "position %lld of a sequence of %lld", (long long)given, (long long)count);
    return NULL;
}

static ort_status *list_make(const orti_allocator *alloc, orti_value_type type, orti_datum *const *items,
                             uint32_t count, orti_datum **out) {
    orti_list *list = NULL;
    ORT_TRY(orti_list_create(alloc, type, items, count, &list));
    *out = &list->datum;
    return NULL;
}

static ort_status *scalar_make(const orti_allocator *alloc, ort_dtype dtype, int64_t number, orti_datum **out) {
    orti_tensor *tensor = NULL;
    ORT_TRY(orti_tensor_create(alloc, dtype, NULL, 0, 0, &tensor));
    orti_dtype_set_i64(dtype, tensor->data, 0, number);
    *out = &tensor->datum;
    return NULL;
}

ort_status *orti_sequence_empty_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    (void)node, (void)inputs;
    return list_make(orti_allocator_default(), ORTI_TYPE_SEQUENCE, NULL, 0, outputs);
}

ort_status *orti_sequence_construct_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    return list_make(alloc_of(inputs[0]), ORTI_TYPE_SEQUENCE, inputs, node->input_count, outputs);
}

/* The items of `list` with item `at` taken out (`item` NULL) or put in before it. */
static ort_status *list_change(const orti_list *list, int64_t at, orti_datum *item, orti_datum **out) {
    orti_datum **items = NULL;
    uint32_t count = item ? list->count + 1 : list->count - 1, to = 0;
    if (!count) return list_make(list->datum.alloc, ORTI_TYPE_SEQUENCE, NULL, 0, out);
    ORT_TRY(orti_alloc(list->datum.alloc, count, sizeof *items, &items));
    for (uint32_t i = 0; i <= list->count; i++) {
        if (i == at && item) items[to++] = item;
        if (i < list->count && (i != at || item)) items[to++] = list->items[i];
    }
    ort_status *status = list_make(list->datum.alloc, ORTI_TYPE_SEQUENCE, items, count, out);
    orti_free(list->datum.alloc, items);
    return status;
}

ort_status *orti_sequence_add(orti_datum *sequence, orti_datum *item, orti_datum **out) {
    const orti_list *list = orti_datum_list(sequence);
    return list_change(list, list->count, item, out);
}

static orti_datum *input_at(const orti_node *node, orti_datum *const *inputs, uint32_t index) {
    return index < node->input_count ? inputs[index] : NULL;
}

ort_status *orti_sequence_insert_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_list *list = NULL;
    int64_t at;
    ORT_TRY(sequence_read(inputs[0], &list));
    if (!inputs[1]) ORT_FAIL(INVALID_ARGUMENT, "what is to be inserted is left out");
    ORT_TRY(position_read(input_at(node, inputs, 2), list->count, list->count, list->count, &at));
    return list_change(list, at, inputs[1], outputs);
}

ort_status *orti_sequence_erase_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_list *list = NULL;
    int64_t at;
    ORT_TRY(sequence_read(inputs[0], &list));
    ORT_TRY(position_read(input_at(node, inputs, 1), -1, list->count, (int64_t)list->count - 1, &at));
    return list_change(list, at, NULL, outputs);
}

ort_status *orti_sequence_at_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_list *list = NULL;
    int64_t at;
    (void)node;
    ORT_TRY(sequence_read(inputs[0], &list));
    ORT_TRY(position_read(inputs[1], 0, list->count, (int64_t)list->count - 1, &at));
    outputs[0] = orti_datum_retain(list->items[at]);
    return NULL;
}

ort_status *orti_sequence_length_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_list *list = NULL;
    (void)node;
    ORT_TRY(sequence_read(inputs[0], &list));
    return scalar_make(alloc_of(inputs[0]), ORT_DTYPE_I64, list->count, outputs);
}

/* ---- SplitToSequence, ConcatFromSequence ---- */

static ort_status *axis_read(const orti_node *node, uint32_t rank, uint32_t *out) {
    int64_t axis = orti_node_attr_int(node, "axis", 0);
    int64_t from_front = axis < 0 ? axis + (int64_t)rank : axis;
    if (from_front < 0 || from_front >= (int64_t)rank)
        ORT_FAIL(INVALID_ARGUMENT, "axis %lld is outside a value of rank %u", (long long)axis, rank);
    *out = (uint32_t)from_front;
    return NULL;
}

/* Where it is cut: pieces of one size (the last may be shorter), or of the sizes given, which add up. */
typedef struct split_rule {
    const orti_tensor *sizes; /* NULL: all of `size` */
    int64_t size, length;
    bool keeps_axis;
} split_rule;

static ort_status *rule_read(const orti_node *node, orti_datum *split, int64_t length, split_rule *out) {
    orti_tensor *sizes = NULL;
    *out = (split_rule){NULL, 1, length, split || orti_node_attr_int(node, "keepdims", 1) != 0};
    if (!split) return NULL;
    ORT_TRY(tensor_read(split, "its split", &sizes));
    if (!orti_dtype_is_integer(sizes->dtype)) ORT_FAIL(INVALID_ARGUMENT, "its split is not of integers");
    if (sizes->rank) {
        out->sizes = sizes;
        return NULL;
    }
    out->size = orti_dtype_get_i64(sizes->dtype, sizes->data, 0);
    if (out->size < 1) ORT_FAIL(INVALID_ARGUMENT, "pieces of %lld elements", (long long)out->size);
    return NULL;
}

static uint32_t piece_count(const split_rule *rule) {
    if (rule->sizes) return (uint32_t)rule->sizes->element_count;
    return (uint32_t)((rule->length + rule->size - 1) / rule->size);
}

static int64_t piece_size(const split_rule *rule, uint32_t index, int64_t from) {
    if (rule->sizes) return orti_dtype_get_i64(rule->sizes->dtype, rule->sizes->data, index);
    return rule->length - from < rule->size ? rule->length - from : rule->size;
}

static ort_status *pieces_make(const orti_tensor *tensor, uint32_t axis, const split_rule *rule, orti_datum **items) {
    int64_t from = 0;
    for (uint32_t i = 0; i < piece_count(rule); i++) {
        int64_t size = piece_size(rule, i, from);
        orti_tensor *piece = NULL;
        if (size < 0 || size > rule->length - from)
            ORT_FAIL(INVALID_ARGUMENT, "piece %u has the size %lld, %lld are left", i, (long long)size,
                     (long long)(rule->length - from));
        ORT_TRY(orti_tensor_slice(tensor, axis, from, from + size, rule->keeps_axis, &piece));
        items[i] = &piece->datum;
        from += size;
    }
    if (from != rule->length)
        ORT_FAIL(INVALID_ARGUMENT, "pieces of %lld elements together, the axis has %lld", (long long)from,
                 (long long)rule->length);
    return NULL;
}

ort_status *orti_split_to_sequence_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    orti_tensor *tensor = NULL;
    orti_datum **items = NULL;
    uint32_t axis = 0;
    split_rule rule;
    ORT_TRY(tensor_read(inputs[0], "its input", &tensor));
    ORT_TRY(axis_read(node, tensor->rank, &axis));
    ORT_TRY(rule_read(node, input_at(node, inputs, 1), tensor->dims[axis], &rule));
    if (rule.length / rule.size > UINT32_MAX / 2) ORT_FAIL(LIMIT_EXCEEDED, "too many pieces");
    ORT_TRY(orti_alloc(tensor->datum.alloc, piece_count(&rule), sizeof *items, &items));
    ort_status *status = pieces_make(tensor, axis, &rule, items);
    if (!status) status = list_make(tensor->datum.alloc, ORTI_TYPE_SEQUENCE, items, piece_count(&rule), outputs);
    for (uint32_t i = 0; i < piece_count(&rule) && items; i++) orti_datum_release(items[i]);
    orti_free(tensor->datum.alloc, items);
    return status;
}

ort_status *orti_concat_from_sequence_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_list *list = NULL;
    orti_tensor **tensors = NULL, *whole = NULL;
    bool is_new = orti_node_attr_int(node, "new_axis", 0) != 0;
    uint32_t axis = 0;
    ORT_TRY(sequence_read(inputs[0], &list));
    if (!list->count) ORT_FAIL(INVALID_ARGUMENT, "an empty sequence makes no tensor");
    ORT_TRY(orti_alloc(list->datum.alloc, list->count, sizeof *tensors, &tensors));
    ort_status *status = NULL;
    for (uint32_t i = 0; i < list->count && !status; i++)
        status = tensor_read(list->items[i], "an element of its sequence", &tensors[i]);
    if (!status) status = axis_read(node, tensors[0]->rank + is_new, &axis);
    if (!status) status = orti_tensor_concat(tensors, list->count, axis, is_new, &whole);
    if (!status) outputs[0] = &whole->datum;
    orti_free(list->datum.alloc, tensors);
    return status;
}

/* ---- optionals: what may be left out may also be given as it is ---- */

ort_status *orti_optional_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    orti_datum *item = input_at(node, inputs, 0);
    return list_make(alloc_of(item), ORTI_TYPE_OPTIONAL, inputs, item ? 1 : 0, outputs);
}

ort_status *orti_optional_get_element_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    orti_datum *item = inputs[0];
    (void)node;
    if (item && item->type == ORTI_TYPE_OPTIONAL)
        item = orti_datum_list(item)->count ? orti_datum_list(item)->items[0] : NULL;
    if (!item) ORT_FAIL(INVALID_ARGUMENT, "its input holds nothing");
    outputs[0] = orti_datum_retain(item);
    return NULL;
}

ort_status *orti_optional_has_element_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    orti_datum *item = input_at(node, inputs, 0);
    bool has_one = item && (item->type != ORTI_TYPE_OPTIONAL || orti_datum_list(item)->count);
    return scalar_make(alloc_of(item), ORT_DTYPE_BOOL, has_one, outputs);
}

ort_status *orti_identity_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    (void)node;
    if (!inputs[0]) ORT_FAIL(INVALID_ARGUMENT, "its input is left out");
    outputs[0] = orti_datum_retain(inputs[0]);
    return NULL;
}
