/* ai.onnx.ml's operators on maps: rows of scores become maps, maps become rows. */
#include "run/values.h"

#include <string.h>

typedef struct text_view {
    const char *data;
    uint64_t length;
} text_view;

static text_view string_at(const orti_tensor *strings, int64_t index) {
    int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, strings->data, index);
    int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, strings->data, index + 1);
    const char *bytes = (const char *)strings->data + ((size_t)strings->element_count + 1) * sizeof(int64_t);
    return (text_view){bytes + from, (uint64_t)(to - from)};
}

static text_view attr_string_at(const orti_attr *attr, uint32_t index) {
    uint64_t length = attr->string_lengths ? attr->string_lengths[index] : strlen(attr->strings[index]);
    return (text_view){attr->strings[index], length};
}

static bool is_same(text_view a, text_view b) {
    return a.length == b.length && (!a.length || memcmp(a.data, b.data, (size_t)a.length) == 0);
}

/* ---- ZipMap: a map for each row ---- */

static ort_status *keys_make(const orti_allocator *alloc, const orti_attr *names, const orti_attr *ints,
                             orti_tensor **out) {
    const orti_attr *keys = names ? names : ints;
    int64_t count = keys->count;
    uint64_t bytes = 0;
    for (uint32_t i = 0; names && i < names->count; i++) bytes += attr_string_at(names, i).length;
    ORT_TRY(orti_tensor_create(alloc, names ? ORT_DTYPE_STRING : ORT_DTYPE_I64, &count, 1, bytes, out));
    if (!names) {
        if (count) memcpy((*out)->data, ints->ints, (size_t)(*out)->size_bytes);
        return NULL;
    }
    int64_t *offsets = (*out)->data;
    char *text = (char *)(offsets + count + 1);
    offsets[0] = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        text_view name = attr_string_at(names, i);
        if (name.length) memcpy(text + offsets[i], name.data, (size_t)name.length);
        offsets[i + 1] = offsets[i] + (int64_t)name.length;
    }
    return NULL;
}

static ort_status *row_map_make(orti_tensor *keys, const orti_tensor *scores, int64_t row, orti_datum **out) {
    orti_tensor *values = NULL;
    orti_list *map = NULL;
    int64_t width = keys->element_count;
    ORT_TRY(orti_tensor_create(scores->datum.alloc, ORT_DTYPE_F32, &width, 1, 0, &values));
    if (width) memcpy(values->data, (const float *)scores->data + row * width, (size_t)values->size_bytes);
    orti_datum *items[] = {&keys->datum, &values->datum};
    ort_status *status = orti_list_create(scores->datum.alloc, ORTI_TYPE_MAP, items, 2, &map);
    orti_tensor_release(values);
    if (!status) *out = &map->datum;
    return status;
}

static ort_status *row_maps_make(orti_tensor *keys, const orti_tensor *scores, uint32_t row_count, orti_datum **out) {
    const orti_allocator *alloc = scores->datum.alloc;
    orti_datum **maps = NULL;
    orti_list *sequence = NULL;
    ort_status *status = NULL;
    ORT_TRY(orti_alloc(alloc, row_count, sizeof *maps, &maps));
    for (uint32_t i = 0; i < row_count && !status; i++) status = row_map_make(keys, scores, i, &maps[i]);
    if (!status) status = orti_list_create(alloc, ORTI_TYPE_SEQUENCE, maps, row_count, &sequence);
    if (!status) *out = &sequence->datum;
    for (uint32_t i = 0; i < row_count && maps; i++) orti_datum_release(maps[i]);
    orti_free(alloc, maps);
    return status;
}

ort_status *orti_zip_map_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_attr *names = orti_node_attr(node, "classlabels_strings");
    const orti_attr *ints = orti_node_attr(node, "classlabels_int64s");
    const orti_tensor *scores = orti_datum_tensor(inputs[0]);
    orti_tensor *keys = NULL;
    if (!names == !ints) ORT_FAIL(INVALID_MODEL, "needs one of classlabels_strings and classlabels_int64s");
    int64_t width = names ? names->count : ints->count;
    if (!scores || scores->dtype != ORT_DTYPE_F32 || scores->rank < 1 || scores->rank > 2 ||
        scores->dims[scores->rank - 1] != width || scores->dims[0] > UINT32_MAX / 2)
        ORT_FAIL(INVALID_ARGUMENT, "its input is no float32 rows of %lld", (long long)width);
    ORT_TRY(keys_make(scores->datum.alloc, names, ints, &keys));
    ort_status *status = row_maps_make(keys, scores, scores->rank == 1 ? 1 : (uint32_t)scores->dims[0], outputs);
    orti_tensor_release(keys);
    return status;
}

/* ---- DictVectorizer, CastMap ---- */

typedef struct map_view {
    const orti_tensor *keys, *values; /* [n] both */
} map_view;

static ort_status *map_read(orti_datum *datum, map_view *out) {
    const orti_list *map = datum && datum->type == ORTI_TYPE_MAP ? orti_datum_list(datum) : NULL;
    if (!map) ORT_FAIL(INVALID_ARGUMENT, "its input is no map");
    *out = (map_view){orti_datum_tensor(map->items[0]), orti_datum_tensor(map->items[1])};
    if (!out->values && orti_datum_list(map->items[1])->count)
        ORT_FAIL(UNSUPPORTED, "a map whose values are no row of scalars");
    return NULL;
}

/* The place of a key in the vocabulary; its size when it is not there. */
static uint32_t word_find(const orti_attr *words, const orti_tensor *keys, int64_t index) {
    uint32_t at = 0;
    bool is_string = words->kind == ORTI_ATTR_STRINGS;
    for (; at < words->count; at++)
        if (is_string ? is_same(attr_string_at(words, at), string_at(keys, index))
                      : words->ints[at] == orti_dtype_get_i64(keys->dtype, keys->data, index))
            break;
    return at;
}

ort_status *orti_dict_vectorizer_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const orti_attr *words = orti_node_attr(node, "string_vocabulary");
    orti_tensor *row = NULL;
    map_view map;
    if (!words) words = orti_node_attr(node, "int64_vocabulary");
    if (!words) ORT_FAIL(INVALID_MODEL, "needs one of string_vocabulary and int64_vocabulary");
    ORT_TRY(map_read(inputs[0], &map));
    ort_dtype dtype = map.values ? map.values->dtype : ORT_DTYPE_F32;
    if ((words->kind == ORTI_ATTR_STRINGS) != (map.keys->dtype == ORT_DTYPE_STRING))
        ORT_FAIL(INVALID_ARGUMENT, "the map's keys are %s, the vocabulary's are not", orti_dtype_name(map.keys->dtype));
    if (orti_dtype_bits(dtype) < 8) ORT_FAIL(UNSUPPORTED, "a map of %s", orti_dtype_name(dtype));
    ORT_TRY(orti_tensor_create(inputs[0]->alloc, dtype, (const int64_t[]){1, words->count}, 2, 0, &row));
    size_t width = orti_dtype_bits(dtype) / 8;
    if (row->size_bytes) memset(row->data, 0, (size_t)row->size_bytes);
    for (int64_t i = 0; i < map.keys->element_count; i++) {
        uint32_t at = word_find(words, map.keys, i);
        if (at == words->count) continue; /* a key that nobody knows adds nothing */
        memcpy((char *)row->data + at * width, (const char *)map.values->data + (size_t)i * width, width);
    }
    outputs[0] = &row->datum;
    return NULL;
}

/* Values in the order of their keys: one after the other, or at the place that is the key. */
static ort_status *cast_values(const map_view *map, bool is_dense, orti_tensor *row) {
    for (int64_t i = 0; i < map->keys->element_count; i++) {
        int64_t key = orti_dtype_get_i64(map->keys->dtype, map->keys->data, i), at = is_dense ? 0 : key;
        for (int64_t k = 0; is_dense && k < map->keys->element_count; k++)
            at += orti_dtype_get_i64(map->keys->dtype, map->keys->data, k) < key;
        if (at < 0 || at >= row->element_count)
            ORT_FAIL(INVALID_ARGUMENT, "key %lld in a row of %lld", (long long)key, (long long)row->element_count);
        orti_dtype_set_f64(row->dtype, row->data, at, orti_dtype_get_f64(map->values->dtype, map->values->data, i));
    }
    return NULL;
}

ort_status *orti_cast_map_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs) {
    const char *to = orti_node_attr_string(node, "cast_to", "TO_FLOAT");
    bool is_dense = strcmp(orti_node_attr_string(node, "map_form", "DENSE"), "DENSE") == 0;
    orti_tensor *row = NULL;
    map_view map;
    ORT_TRY(map_read(inputs[0], &map));
    bool has_strings = strcmp(to, "TO_STRING") == 0 || (map.values && map.values->dtype == ORT_DTYPE_STRING);
    if (has_strings || map.keys->dtype == ORT_DTYPE_STRING) ORT_FAIL(UNSUPPORTED, "CastMap with strings is not built");
    int64_t dims[] = {1, is_dense ? map.keys->element_count : orti_node_attr_int(node, "max_map", 1)};
    ORT_TRY(orti_tensor_create(inputs[0]->alloc, strcmp(to, "TO_INT64") == 0 ? ORT_DTYPE_I64 : ORT_DTYPE_F32, dims, 2,
                               0, &row));
    if (row->size_bytes) memset(row->data, 0, (size_t)row->size_bytes);
    outputs[0] = &row->datum;
    return cast_values(&map, is_dense, row);
}
