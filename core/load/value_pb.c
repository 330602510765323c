/* SequenceProto, OptionalProto and MapProto in files. They nest as deep as a file says; the walk stops early. */
#include "base/text.h"
#include "load/tensor_file.h"

#include <inttypes.h>
#include <string.h>

#define NESTING_MAX 8u /* a sequence of optionals of maps of sequences ... */

/* ---- the wire format ---- */

typedef enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 } wire_type;

typedef struct wire {
    const uint8_t *at, *end;
} wire;

typedef struct wire_field {
    uint32_t number;
    wire_type type;
    uint64_t varint;
    wire bytes;
} wire_field;

static bool varint_read(wire *in, uint64_t *out) {
    *out = 0;
    for (uint32_t shift = 0; in->at < in->end && shift < 64; shift += 7) {
        uint8_t byte = *in->at++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool skip(wire *in, uint64_t size_bytes, wire *out) {
    if (size_bytes > (uint64_t)(in->end - in->at)) return false;
    *out = (wire){in->at, in->at + size_bytes};
    in->at += size_bytes;
    return true;
}

/* The next field; INVALID_ARGUMENT when the bytes are no message. */
static ort_status *field_read(wire *in, wire_field *out) {
    uint64_t key = 0, length = 0;
    bool is_good = varint_read(in, &key) && key >> 3 && key >> 3 <= INT32_MAX;
    *out = (wire_field){.number = (uint32_t)(key >> 3), .type = (wire_type)(key & 7)};
    if (out->type == WIRE_VARINT)
        is_good = is_good && varint_read(in, &out->varint);
    else if (out->type == WIRE_BYTES)
        is_good = is_good && varint_read(in, &length) && skip(in, length, &out->bytes);
    else
        is_good = is_good && (out->type == WIRE_64 || out->type == WIRE_32) &&
                  skip(in, out->type == WIRE_64 ? 8 : 4, &out->bytes);
    if (!is_good) ORT_FAIL(INVALID_ARGUMENT, "is damaged");
    return NULL;
}

/* ---- reading ---- */

typedef struct item_list {
    const orti_allocator *alloc;
    orti_datum **items;
    size_t capacity;
    uint32_t count;
} item_list;

static void items_release(item_list *list) {
    for (uint32_t i = 0; i < list->count; i++) orti_datum_release(list->items[i]);
    orti_free(list->alloc, list->items);
}

/* `item`: taken, on failure too. */
static ort_status *item_add(item_list *list, orti_datum *item) {
    ort_status *status = orti_grow(list->alloc, &list->items, &list->capacity, list->count + 1u, sizeof item);
    if (status)
        orti_datum_release(item);
    else
        list->items[list->count++] = item;
    return status;
}

static ort_status *message_read(const orti_allocator *alloc, orti_value_type type, wire in, uint32_t nesting,
                                orti_datum **out);

/* In SequenceProto and OptionalProto alike: which kind of value a field holds. */
static bool kind_of(uint32_t number, orti_value_type *out) {
    static const orti_value_type kinds[] = {[3] = ORTI_TYPE_TENSOR,
                                            [4] = ORTI_TYPE_SPARSE,
                                            [5] = ORTI_TYPE_SEQUENCE,
                                            [6] = ORTI_TYPE_MAP,
                                            [7] = ORTI_TYPE_OPTIONAL};
    if (number < 3 || number > 7) return false;
    *out = kinds[number];
    return true;
}

static ort_status *items_read(wire in, uint32_t nesting, item_list *list) {
    while (in.at < in.end) {
        wire_field field;
        orti_value_type kind;
        orti_datum *item = NULL;
        ORT_TRY(field_read(&in, &field));
        if (!kind_of(field.number, &kind)) continue;
        if (field.type != WIRE_BYTES) ORT_FAIL(INVALID_ARGUMENT, "is damaged");
        ORT_TRY(message_read(list->alloc, kind, field.bytes, nesting + 1, &item));
        ORT_TRY(item_add(list, item));
    }
    return NULL;
}

/* ---- maps ---- */

typedef struct map_parts {
    int64_t key_type;
    orti_text ints; /* int64 each */
    orti_text strings;
    orti_text offsets; /* int64 each: where the strings end */
    orti_datum *values;
} map_parts;

static ort_status *int_keys_add(const wire_field *field, map_parts *parts) {
    wire in = field->bytes;
    if (field->type == WIRE_VARINT) orti_text_add_bytes(&parts->ints, (const char *)&field->varint, 8);
    while (field->type == WIRE_BYTES && in.at < in.end) {
        uint64_t key;
        if (!varint_read(&in, &key)) ORT_FAIL(INVALID_ARGUMENT, "is damaged");
        orti_text_add_bytes(&parts->ints, (const char *)&key, 8);
    }
    return orti_text_status(&parts->ints);
}

static ort_status *map_field_read(const orti_allocator *alloc, const wire_field *field, uint32_t nesting,
                                  map_parts *parts) {
    if (field->number == 2 && field->type == WIRE_VARINT) parts->key_type = (int64_t)field->varint;
    if (field->number == 3) return int_keys_add(field, parts);
    if (field->type != WIRE_BYTES) return NULL;
    if (field->number == 4) {
        orti_text_add_bytes(&parts->strings, (const char *)field->bytes.at,
                            (size_t)(field->bytes.end - field->bytes.at));
        int64_t end = (int64_t)parts->strings.length;
        orti_text_add_bytes(&parts->offsets, (const char *)&end, 8);
        return orti_text_status(&parts->strings);
    }
    if (field->number != 5) return NULL;
    if (parts->values) ORT_FAIL(INVALID_ARGUMENT, "is a map with values twice");
    return message_read(alloc, ORTI_TYPE_SEQUENCE, field->bytes, nesting + 1, &parts->values);
}

static ort_status *keys_make(const orti_allocator *alloc, const map_parts *parts, orti_tensor **out) {
    int64_t count = (int64_t)(parts->ints.length / 8), string_count = (int64_t)(parts->offsets.length / 8);
    ort_dtype dtype = (ort_dtype)parts->key_type;
    *out = NULL;
    if (parts->key_type == (int64_t)ORT_DTYPE_STRING) {
        ORT_TRY(orti_tensor_create(alloc, ORT_DTYPE_STRING, &string_count, 1, parts->strings.length, out));
        char *to = (*out)->data;
        memset(to, 0, 8);
        if (string_count) memcpy(to + 8, parts->offsets.data, parts->offsets.length);
        if (parts->strings.length) memcpy(to + 8 + parts->offsets.length, parts->strings.data, parts->strings.length);
        return NULL;
    }
    if (parts->key_type < 0 || parts->key_type >= (int64_t)ORT_DTYPE_COUNT || !orti_dtype_is_integer(dtype) ||
        orti_dtype_bits(dtype) < 8)
        ORT_FAIL(INVALID_ARGUMENT, "is a map with keys of element type %" PRId64, parts->key_type);
    ORT_TRY(orti_tensor_create(alloc, dtype, &count, 1, 0, out));
    for (int64_t i = 0; i < count; i++)
        orti_dtype_set_i64(dtype, (*out)->data, i, orti_dtype_get_i64(ORT_DTYPE_I64, parts->ints.data, i));
    return NULL;
}

static bool is_number(orti_datum *datum, ort_dtype dtype) {
    const orti_tensor *tensor = orti_datum_tensor(datum);
    return tensor && tensor->element_count == 1 && tensor->dtype == dtype && orti_dtype_bits(dtype) >= 8;
}

/* Numbers, one a key, become one tensor; what is more stays a sequence. */
static ort_status *numbers_join(const orti_allocator *alloc, orti_datum **values) {
    const orti_list *list = orti_datum_list(*values);
    const orti_tensor *first = list && list->count ? orti_datum_tensor(list->items[0]) : NULL;
    orti_tensor *joined = NULL;
    if (!first) return NULL;
    for (uint32_t i = 0; i < list->count; i++)
        if (!is_number(list->items[i], first->dtype)) return NULL;
    ORT_TRY(orti_tensor_create(alloc, first->dtype, &(int64_t){list->count}, 1, 0, &joined));
    size_t bytes = orti_dtype_bits(first->dtype) / 8;
    for (uint32_t i = 0; i < list->count; i++)
        memcpy((char *)joined->data + i * bytes, orti_datum_tensor(list->items[i])->data, bytes);
    orti_datum_release(*values);
    *values = &joined->datum;
    return NULL;
}

static ort_status *map_make(const orti_allocator *alloc, map_parts *parts, orti_datum **out) {
    orti_tensor *keys = NULL;
    orti_list *list = NULL;
    ort_status *status = keys_make(alloc, parts, &keys);
    if (!status && !parts->values) {
        status = orti_list_create(alloc, ORTI_TYPE_SEQUENCE, NULL, 0, &list);
        if (!status) parts->values = &list->datum;
        list = NULL;
    }
    if (!status) status = numbers_join(alloc, &parts->values);
    orti_datum *items[2] = {keys ? &keys->datum : NULL, parts->values};
    if (!status) status = orti_list_create(alloc, ORTI_TYPE_MAP, items, 2, &list);
    if (!status) *out = &list->datum;
    orti_tensor_release(keys);
    return status;
}

static ort_status *map_read(const orti_allocator *alloc, wire in, uint32_t nesting, orti_datum **out) {
    map_parts parts = {.key_type = ORT_DTYPE_NONE};
    ort_status *status = NULL;
    orti_text_init(&parts.ints, alloc);
    orti_text_init(&parts.strings, alloc);
    orti_text_init(&parts.offsets, alloc);
    while (!status && in.at < in.end) {
        wire_field field;
        status = field_read(&in, &field);
        if (!status) status = map_field_read(alloc, &field, nesting, &parts);
    }
    if (!status) status = map_make(alloc, &parts, out);
    orti_datum_release(parts.values);
    orti_text_finish(&parts.ints);
    orti_text_finish(&parts.strings);
    orti_text_finish(&parts.offsets);
    return status;
}

static ort_status *message_read(const orti_allocator *alloc, orti_value_type type, wire in, uint32_t nesting,
                                orti_datum **out) {
    orti_tensor *tensor = NULL;
    orti_list *list = NULL;
    *out = NULL;
    if (nesting > NESTING_MAX) ORT_FAIL(LIMIT_EXCEEDED, "has values inside values deeper than %u", NESTING_MAX);
    if (type == ORTI_TYPE_SPARSE) ORT_FAIL(UNSUPPORTED, "holds a sparse tensor, which is not supported");
    if (type == ORTI_TYPE_MAP) return map_read(alloc, in, nesting, out);
    if (type == ORTI_TYPE_TENSOR) {
        ORT_TRY(orti_tensor_decode_pb(alloc, in.at, (size_t)(in.end - in.at), &tensor, NULL));
        *out = &tensor->datum;
        return NULL;
    }
    item_list items = {.alloc = alloc};
    ort_status *status = items_read(in, nesting, &items);
    if (!status) status = orti_list_create(alloc, type, items.items, items.count, &list);
    if (!status) *out = &list->datum;
    items_release(&items);
    return status;
}

ort_status *orti_datum_load_pb(const orti_allocator *alloc, const char *path, orti_value_type type, orti_datum **out) {
    orti_file *file = NULL;
    *out = NULL;
    ORT_TRY(orti_file_open(alloc, path, false, INT32_MAX, &file));
    wire in = {file->data, file->data + file->size_bytes};
    ort_status *status = message_read(alloc, type, in, 0, out);
    orti_file_release(file);
    return status ? ORT_NOTE(status, "%s file '%s'", orti_value_type_name(type), path) : NULL;
}

/* ---- writing ---- */

static void varint_add(orti_text *out, uint64_t number) {
    do {
        char byte = (char)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
        orti_text_add_bytes(out, &byte, 1);
        number >>= 7;
    } while (number);
}

static void bytes_field(orti_text *out, uint32_t number, const char *data, size_t size_bytes) {
    varint_add(out, (uint64_t)number << 3 | WIRE_BYTES);
    varint_add(out, size_bytes);
    if (size_bytes) orti_text_add_bytes(out, data, size_bytes);
}

static ort_status *message_add(orti_datum *datum, const char *name, orti_text *out);

static ort_status *item_field(orti_text *out, uint32_t number, orti_datum *item) {
    orti_text inner;
    orti_text_init(&inner, item->alloc);
    ort_status *status = message_add(item, NULL, &inner);
    if (!status) bytes_field(out, number, inner.data ? inner.data : "", inner.length);
    orti_text_finish(&inner);
    return status;
}

/* The values of a map as a sequence of scalars. */
static ort_status *map_values_add(orti_tensor *values, orti_text *out) {
    size_t bytes = orti_dtype_bits(values->dtype) / 8;
    orti_text inner;
    ort_status *status = NULL;
    if (!bytes) ORT_FAIL(UNSUPPORTED, "a map of %s", orti_dtype_name(values->dtype));
    orti_text_init(&inner, values->datum.alloc);
    for (int64_t i = 0; !status && i < values->element_count; i++) {
        orti_tensor *one = NULL;
        status = orti_tensor_wrap(values->datum.alloc, values->dtype, NULL, 0, (char *)values->data + (size_t)i * bytes,
                                  bytes, NULL, NULL, &one);
        if (!status) status = item_field(&inner, 3, &one->datum);
        orti_tensor_release(one);
    }
    if (!status) bytes_field(out, 5, inner.data ? inner.data : "", inner.length);
    orti_text_finish(&inner);
    return status;
}

static ort_status *map_add(const orti_list *map, orti_text *out) {
    const orti_tensor *keys = orti_datum_tensor(map->items[0]);
    varint_add(out, 2 << 3 | WIRE_VARINT);
    varint_add(out, keys->dtype);
    for (int64_t i = 0; i < keys->element_count; i++) {
        if (keys->dtype != ORT_DTYPE_STRING) {
            varint_add(out, 3 << 3 | WIRE_VARINT);
            varint_add(out, (uint64_t)orti_dtype_get_i64(keys->dtype, keys->data, i));
            continue;
        }
        int64_t from = orti_dtype_get_i64(ORT_DTYPE_I64, keys->data, i);
        int64_t to = orti_dtype_get_i64(ORT_DTYPE_I64, keys->data, i + 1);
        bytes_field(out, 4, (const char *)keys->data + ((size_t)keys->element_count + 1) * 8 + from,
                    (size_t)(to - from));
    }
    orti_tensor *values = orti_datum_tensor(map->items[1]);
    return values ? map_values_add(values, out) : item_field(out, 5, map->items[1]);
}

/* SequenceProto and OptionalProto number what they hold alike. */
static ort_status *message_add(orti_datum *datum, const char *name, orti_text *out) {
    static const uint8_t kinds[] = {
        [ORTI_TYPE_TENSOR] = 1, [ORTI_TYPE_SEQUENCE] = 3, [ORTI_TYPE_MAP] = 4, [ORTI_TYPE_OPTIONAL] = 5};
    static const uint8_t fields[] = {
        [ORTI_TYPE_TENSOR] = 3, [ORTI_TYPE_SEQUENCE] = 5, [ORTI_TYPE_MAP] = 6, [ORTI_TYPE_OPTIONAL] = 7};
    const orti_list *list = orti_datum_list(datum);
    if (!list) return orti_tensor_encode_pb(orti_datum_tensor(datum), name, out);
    if (name) bytes_field(out, 1, name, strlen(name));
    if (datum->type == ORTI_TYPE_MAP) return map_add(list, out);
    varint_add(out, 2 << 3 | WIRE_VARINT);
    varint_add(out, list->count ? kinds[list->items[0]->type] : 0u);
    for (uint32_t i = 0; i < list->count; i++) ORT_TRY(item_field(out, fields[list->items[i]->type], list->items[i]));
    return orti_text_status(out);
}

ort_status *orti_datum_save_pb(orti_datum *datum, const char *name, const char *path) {
    orti_text text;
    orti_text_init(&text, datum->alloc);
    ort_status *status = message_add(datum, name, &text);
    if (!status) status = orti_text_status(&text);
    if (!status) status = orti_file_write(path, text.data, text.length);
    orti_text_finish(&text);
    return status ? ORT_NOTE(status, "%s file '%s'", orti_value_type_name(datum->type), path) : NULL;
}
