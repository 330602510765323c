#include "load/context.h"

#include <inttypes.h>
#include <string.h>

typedef struct external_place {
    const char *location;
    uint64_t offset, length;
    bool has_length;
} external_place;

static ort_status *parse_number(const char *key, const char *text, uint64_t *out) {
    uint64_t number = 0;
    bool is_good = text[0] != 0;
    for (const char *c = text; *c && is_good; c++) {
        is_good = *c >= '0' && *c <= '9' && number <= (UINT64_MAX - 9) / 10;
        if (is_good) number = number * 10 + (uint64_t)(*c - '0');
    }
    if (!is_good) ORT_FAIL(INVALID_MODEL, "the external data's %s '%s' is not a number of bytes", key, text);
    *out = number;
    return NULL;
}

static ort_status *place_of(const Onnx__TensorProto *proto, external_place *out) {
    *out = (external_place){0};
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const char *key = load_text(proto->external_data[i]->key), *value = load_text(proto->external_data[i]->value);
        if (strcmp(key, "location") == 0) out->location = value;
        if (strcmp(key, "offset") == 0) ORT_TRY(parse_number(key, value, &out->offset));
        if (strcmp(key, "length") == 0) {
            ORT_TRY(parse_number(key, value, &out->length));
            out->has_length = true;
        }
    }
    if (!out->location || !out->location[0]) ORT_FAIL(INVALID_MODEL, "its external data has no location");
    return NULL;
}

static ort_status *file_of(load_context *context, const char *location, orti_file **out) {
    size_t length = strlen(location);
    uint32_t index = orti_map_find(&context->external_map, location, length);
    if (index != ORTI_MAP_NONE) {
        *out = context->external_files[index];
        return NULL;
    }
    if (!context->folder)
        ORT_FAIL(INVALID_ARGUMENT, "its data is in the file '%s', and no folder was given for external data", location);
    if (context->external_count == LOAD_EXTERNAL_FILES_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "the model's external data is in more than %u files", LOAD_EXTERNAL_FILES_MAX);
    ORT_TRY(orti_grow(context->alloc, &context->external_files, &context->external_capacity,
                      (size_t)context->external_count + 1, sizeof *context->external_files));
    ort_status *status = orti_file_open_inside(context->alloc, context->folder, location, context->options->wants_copy,
                                               context->limits.model_bytes, out);
    if (status) return ORT_NOTE(status, "external data");
    context->external_files[context->external_count] = *out;
    return orti_map_set(&context->external_map, location, length, context->external_count++);
}

ort_status *orti_load_external_tensor(load_context *context, const Onnx__TensorProto *proto, ort_dtype dtype,
                                      const int64_t *dims, uint64_t size_bytes, orti_tensor **out) {
    external_place place;
    orti_file *file = NULL;
    ORT_TRY(place_of(proto, &place));
    if (place.has_length && place.length != size_bytes)
        ORT_FAIL(INVALID_MODEL, "its shape needs %" PRIu64 " bytes, its external data has %" PRIu64, size_bytes,
                 place.length);
    ORT_TRY(file_of(context, place.location, &file));
    if (place.offset > file->size_bytes || size_bytes > file->size_bytes - place.offset)
        ORT_FAIL(INVALID_MODEL, "external data '%s' has %" PRIu64 " bytes, it needs %" PRIu64 " at offset %" PRIu64,
                 place.location, file->size_bytes, size_bytes, place.offset);
    return orti_tensor_from_file(context->alloc, dtype, dims, (uint32_t)proto->n_dims, file, place.offset, size_bytes,
                                 out);
}
