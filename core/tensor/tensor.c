#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

bool orti_shape_count(const int64_t *dims, uint32_t rank, int64_t *out) {
    int64_t count = 1;
    bool has_zero = false;
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 0) return false;
        has_zero |= dims[i] == 0;
    }
    for (uint32_t i = 0; i < rank && !has_zero; i++) {
        if (count > INT64_MAX / dims[i]) return false;
        count *= dims[i];
    }
    *out = has_zero ? 0 : count;
    return true;
}

void orti_shape_print(ort_dtype dtype, const int64_t *dims, uint32_t rank, orti_text *text) {
    orti_text_add(text, "%s[", orti_dtype_name(dtype));
    for (uint32_t i = 0; i < rank; i++) orti_text_add(text, "%s%" PRId64, i ? "," : "", dims[i]);
    orti_text_add(text, "]");
}

/* A failure that names the shape. */
static ort_status *shape_failure(ort_code code, ort_dtype dtype, const int64_t *dims, uint32_t rank, const char *why) {
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    orti_shape_print(dtype, dims, rank, &text);
    ort_status *status = orti_status_create(code, __FILE__, __LINE__, "tensor %s %s", text.data, why);
    orti_text_finish(&text);
    return status;
}

/* A tensor without data; size_bytes is what the shape needs, for strings the offsets alone. */
static ort_status *tensor_alloc(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims, uint32_t rank,
                                orti_tensor **out) {
    orti_tensor *tensor = NULL;
    int64_t count = 0;
    uint64_t bytes = 0;
    *out = NULL;
    if (rank > ORTI_RANK_MAX) ORT_FAIL(LIMIT_EXCEEDED, "a tensor of rank %u, the limit is %u", rank, ORTI_RANK_MAX);
    if (dtype == ORT_DTYPE_NONE || dtype >= ORT_DTYPE_COUNT)
        ORT_FAIL(INVALID_ARGUMENT, "%u is no element type", (unsigned)dtype);
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] < 0) return shape_failure(ORT_CODE_INVALID_ARGUMENT, dtype, dims, rank, "has a negative dimension");
    bool is_string = dtype == ORT_DTYPE_STRING;
    if (!orti_shape_count(dims, rank, &count) || count > INT64_MAX - is_string ||
        !orti_dtype_bytes(is_string ? ORT_DTYPE_I64 : dtype, count + is_string, &bytes) || bytes > PTRDIFF_MAX)
        return shape_failure(ORT_CODE_LIMIT_EXCEEDED, dtype, dims, rank, "is larger than the address space");
    ORT_TRY(orti_alloc(alloc, 1, sizeof *tensor, &tensor));
    tensor->datum.alloc = alloc;
    atomic_init(&tensor->datum.ref_count, 1);
    tensor->datum.type = ORTI_TYPE_TENSOR;
    tensor->dtype = dtype;
    tensor->rank = rank;
    if (rank) memcpy(tensor->dims, dims, rank * sizeof *dims);
    tensor->element_count = count;
    tensor->size_bytes = bytes;
    *out = tensor;
    return NULL;
}

ort_status *orti_tensor_create(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims, uint32_t rank,
                               uint64_t string_bytes, orti_tensor **out) {
    orti_tensor *tensor = NULL;
    *out = NULL;
    ORT_TRY(tensor_alloc(alloc, dtype, dims, rank, &tensor));
    ort_status *status = NULL;
    if (string_bytes && dtype != ORT_DTYPE_STRING)
        status = shape_failure(ORT_CODE_INVALID_ARGUMENT, dtype, dims, rank, "has no room for strings");
    else if (string_bytes > PTRDIFF_MAX - tensor->size_bytes)
        status = shape_failure(ORT_CODE_LIMIT_EXCEEDED, dtype, dims, rank, "is larger than the address space");
    if (!status) {
        tensor->size_bytes += string_bytes;
        status = orti_alloc_aligned(alloc, (size_t)tensor->size_bytes, &tensor->data);
    }
    if (status) {
        orti_tensor_release(tensor);
        return status;
    }
    tensor->owns_data = true;
    *out = tensor;
    return NULL;
}

/* Offsets start at 0, don't fall and end where the bytes end. */
static ort_status *strings_check(const orti_tensor *tensor, const uint8_t *data, uint64_t size_bytes) {
    uint64_t text_bytes = size_bytes - ((uint64_t)tensor->element_count + 1) * sizeof(int64_t);
    int64_t previous = 0;
    for (int64_t i = 0; i <= tensor->element_count; i++) {
        int64_t offset = orti_dtype_get_i64(ORT_DTYPE_I64, data, i);
        if (offset < previous || (uint64_t)offset > text_bytes || (i == 0 && offset != 0))
            ORT_FAIL(INVALID_ARGUMENT, "string tensor: offset %" PRId64 " of element %" PRId64 " is out of order",
                     offset, i);
        previous = offset;
    }
    if ((uint64_t)previous != text_bytes)
        ORT_FAIL(INVALID_ARGUMENT, "string tensor: the offsets end at %" PRId64 ", the bytes at %" PRIu64, previous,
                 text_bytes);
    return NULL;
}

static ort_status *size_check(const orti_tensor *tensor, const void *data, uint64_t size_bytes) {
    bool is_string = tensor->dtype == ORT_DTYPE_STRING;
    if (size_bytes != tensor->size_bytes && (!is_string || size_bytes < tensor->size_bytes)) {
        char why[96];
        snprintf(why, sizeof why, "needs %" PRIu64 " bytes, not %" PRIu64, tensor->size_bytes, size_bytes);
        return shape_failure(ORT_CODE_INVALID_ARGUMENT, tensor->dtype, tensor->dims, tensor->rank, why);
    }
    if (!data && size_bytes) ORT_FAIL(INVALID_ARGUMENT, "a tensor of %" PRIu64 " bytes without memory", size_bytes);
    return is_string ? strings_check(tensor, data, size_bytes) : NULL;
}

ort_status *orti_tensor_wrap(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims, uint32_t rank,
                             void *data, uint64_t size_bytes, void (*release)(void *user, void *data),
                             void *release_user, orti_tensor **out) {
    orti_tensor *tensor = NULL;
    *out = NULL;
    ORT_TRY(tensor_alloc(alloc, dtype, dims, rank, &tensor));
    ort_status *status = size_check(tensor, data, size_bytes);
    if (status) {
        orti_tensor_release(tensor);
        return status;
    }
    tensor->size_bytes = size_bytes;
    tensor->data = data;
    tensor->release = release;
    tensor->release_user = release_user;
    *out = tensor;
    return NULL;
}

ort_status *orti_tensor_from_file(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims, uint32_t rank,
                                  orti_file *file, uint64_t offset, uint64_t size_bytes, orti_tensor **out) {
    *out = NULL;
    if (dtype == ORT_DTYPE_STRING)
        ORT_FAIL(INVALID_ARGUMENT, "file '%s': strings can't be viewed in place", file->path);
    if (offset > file->size_bytes || size_bytes > file->size_bytes - offset)
        ORT_FAIL(INVALID_ARGUMENT, "file '%s' of %" PRIu64 " bytes has no %" PRIu64 " bytes at offset %" PRIu64,
                 file->path, file->size_bytes, size_bytes, offset);
    /* The file is read-only; a tensor's data pointer is not const, for other tensors are written. */
    void *data = size_bytes ? (void *)(uintptr_t)(file->data + offset) : NULL;
    ort_status *status = orti_tensor_wrap(alloc, dtype, dims, rank, data, size_bytes, NULL, NULL, out);
    if (status) return ORT_NOTE(status, "file '%s'", file->path);
    (*out)->file = orti_file_retain(file);
    return NULL;
}

ort_status *orti_tensor_check_strings(const orti_tensor *tensor) {
    return tensor->dtype == ORT_DTYPE_STRING ? strings_check(tensor, tensor->data, tensor->size_bytes) : NULL;
}

orti_tensor *orti_tensor_retain(orti_tensor *tensor) {
    orti_datum_retain(&tensor->datum);
    return tensor;
}

void orti_tensor_release(orti_tensor *tensor) {
    if (tensor) orti_datum_release(&tensor->datum);
}

#define DROP_MIN_BYTES 65536u

void orti_tensor_drop_pages(const orti_tensor *tensor) {
    if (!tensor->file || tensor->size_bytes < DROP_MIN_BYTES) return;
    orti_file_drop_pages(tensor->file, (uint64_t)((const uint8_t *)tensor->data - tensor->file->data),
                         tensor->size_bytes);
}

ort_status *orti_tensor_outline(const orti_tensor *tensor, orti_tensor **out) {
    const int64_t nothing = 0;
    *out = NULL;
    ORT_TRY(orti_tensor_create(tensor->datum.alloc, tensor->dtype, &nothing, 1, 0, out));
    (*out)->rank = tensor->rank;
    memcpy((*out)->dims, tensor->dims, sizeof tensor->dims);
    (*out)->element_count = tensor->element_count;
    return NULL;
}

void orti_tensor_finish(orti_tensor *tensor) {
    if (tensor->owns_data)
        orti_free(tensor->datum.alloc, tensor->data);
    else if (tensor->release)
        tensor->release(tensor->release_user, tensor->data);
    orti_file_release(tensor->file);
}
