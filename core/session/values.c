/* The application's values: the handle is the core's datum. */
#include "load/tensor_file.h"
#include "session/inner.h"

#include <string.h>

ort_value *ort_tensor_value(ort_tensor *tensor) {
    return tensor ? value_out(&tensor_in(tensor)->datum) : NULL;
}

ort_tensor *ort_value_tensor(ort_value *value) {
    return tensor_out(orti_datum_tensor(value_in(value)));
}

uint32_t ort_value_kind(const ort_value *value) {
    return value ? (uint32_t)value_in(value)->type : ORT_VALUE_TENSOR;
}

uint32_t ort_value_item_count(const ort_value *value) {
    const orti_list *list = orti_datum_list(value_in(value));
    return list ? list->count : 0;
}

ort_value *ort_value_item(const ort_value *value, uint32_t index) {
    const orti_list *list = orti_datum_list(value_in(value));
    return list && index < list->count ? value_out(list->items[index]) : NULL;
}

ort_status *ort_value_create(uint32_t kind, ort_value *const *items, uint32_t item_count, ort_value **out) {
    orti_list *list = NULL;
    if (!out || (item_count && !items)) ORT_FAIL(INVALID_ARGUMENT, "ort_value_create: an argument is NULL");
    *out = NULL;
    ORT_TRY(orti_list_create(orti_allocator_default(), (orti_value_type)kind, (orti_datum *const *)(const void *)items,
                             item_count, &list));
    *out = value_out(&list->datum);
    return NULL;
}

ort_value *ort_value_retain(ort_value *value) {
    return value ? value_out(orti_datum_retain(value_in(value))) : NULL;
}

void ort_value_release(ort_value *value) {
    orti_datum_release(value_in(value));
}

/* ---- strings ---- */

ort_status *ort_tensor_create_strings(const int64_t *dims, uint32_t rank, const char *const *strings,
                                      const uint64_t *lengths, ort_tensor **out) {
    orti_tensor *tensor = NULL;
    int64_t count = 0;
    uint64_t bytes = 0;
    if (out) *out = NULL;
    if (!out || (rank && !dims)) ORT_FAIL(INVALID_ARGUMENT, "ort_tensor_create_strings: an argument is NULL");
    if (!orti_shape_count(dims, rank, &count) || (count && !strings))
        ORT_FAIL(INVALID_ARGUMENT, "ort_tensor_create_strings: a shape that can't be, or no strings for it");
    for (int64_t i = 0; i < count; i++) {
        if (!strings[i]) ORT_FAIL(INVALID_ARGUMENT, "ort_tensor_create_strings: string %lld is NULL", (long long)i);
        bytes += lengths ? lengths[i] : strlen(strings[i]);
    }
    ORT_TRY(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_STRING, dims, rank, bytes, &tensor));
    int64_t *offsets = tensor->data;
    char *text = (char *)(offsets + count + 1);
    offsets[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t length = lengths ? lengths[i] : strlen(strings[i]);
        if (length) memcpy(text + offsets[i], strings[i], (size_t)length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    *out = tensor_out(tensor);
    return NULL;
}

const char *ort_tensor_string(const ort_tensor *tensor, int64_t index, uint64_t *out_length) {
    const orti_tensor *self = tensor_in(tensor);
    if (out_length) *out_length = 0;
    if (!self || self->dtype != ORT_DTYPE_STRING || index < 0 || index >= self->element_count) return NULL;
    /* Memory that was wrapped may have any alignment. */
    int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, self->data, index);
    int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, self->data, index + 1);
    if (out_length) *out_length = (uint64_t)(to - from);
    return (const char *)self->data + ((size_t)self->element_count + 1) * sizeof(int64_t) + from;
}

/* ---- files ---- */

static orti_value_type type_of(const char *type) {
    static const struct {
        const char *word;
        orti_value_type type;
    } words[] = {{"seq(", ORTI_TYPE_SEQUENCE}, {"optional(", ORTI_TYPE_OPTIONAL}, {"map(", ORTI_TYPE_MAP}};
    for (size_t i = 0; type && i < sizeof words / sizeof *words; i++)
        if (strncmp(type, words[i].word, strlen(words[i].word)) == 0) return words[i].type;
    return ORTI_TYPE_TENSOR;
}

ort_status *ort_value_load(const char *path, const char *type, ort_value **out) {
    orti_datum *datum = NULL;
    ort_tensor *tensor = NULL;
    if (out) *out = NULL;
    if (!path || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_value_load: an argument is NULL");
    if (type_of(type) == ORTI_TYPE_TENSOR) {
        ORT_TRY(ort_tensor_load(path, &tensor));
        *out = ort_tensor_value(tensor);
        return NULL;
    }
    ORT_TRY(orti_datum_load_pb(orti_allocator_default(), path, type_of(type), &datum));
    *out = value_out(datum);
    return NULL;
}

ort_status *ort_value_save(const ort_value *value, const char *name, const char *path) {
    if (!value || !path) ORT_FAIL(INVALID_ARGUMENT, "ort_value_save: an argument is NULL");
    const ort_tensor *tensor = ort_value_tensor((ort_value *)(uintptr_t)value);
    return tensor ? ort_tensor_save(tensor, name, path) : orti_datum_save_pb(value_in(value), name, path);
}
