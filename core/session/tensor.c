#include "load/tensor_file.h"
#include "session/inner.h"

#include <string.h>

#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)

const char *ort_version(void) {
    return TEXT_OF(ORT_VERSION_MAJOR) "." TEXT_OF(ORT_VERSION_MINOR) "." TEXT_OF(ORT_VERSION_PATCH);
}

void ort_string_destroy(char *string) {
    orti_free(orti_allocator_default(), string);
}

const char *ort_dtype_name(ort_dtype dtype) {
    return orti_dtype_name(dtype);
}

static ort_status *shape_check(const int64_t *dims, uint32_t rank, const void *out) {
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "tensor: out is NULL");
    if (rank && !dims) ORT_FAIL(INVALID_ARGUMENT, "tensor: rank is %u and dims NULL", rank);
    return NULL;
}

ort_status *ort_tensor_create(ort_dtype dtype, const int64_t *dims, uint32_t rank, ort_tensor **out) {
    orti_tensor *tensor = NULL;
    if (out) *out = NULL;
    ORT_TRY(shape_check(dims, rank, out));
    ORT_TRY(orti_tensor_create(orti_allocator_default(), dtype, dims, rank, 0, &tensor));
    if (tensor->size_bytes) memset(tensor->data, 0, (size_t)tensor->size_bytes);
    *out = tensor_out(tensor);
    return NULL;
}

ort_status *ort_tensor_wrap(ort_dtype dtype, const int64_t *dims, uint32_t rank, void *data, uint64_t size_bytes,
                            ort_tensor **out) {
    orti_tensor *tensor = NULL;
    if (out) *out = NULL;
    ORT_TRY(shape_check(dims, rank, out));
    ORT_TRY(orti_tensor_wrap(orti_allocator_default(), dtype, dims, rank, data, size_bytes, NULL, NULL, &tensor));
    *out = tensor_out(tensor);
    return NULL;
}

ort_tensor *ort_tensor_retain(ort_tensor *tensor) {
    return tensor ? tensor_out(orti_tensor_retain(tensor_in(tensor))) : NULL;
}

void ort_tensor_release(ort_tensor *tensor) {
    orti_tensor_release(tensor_in(tensor));
}

ort_dtype ort_tensor_dtype(const ort_tensor *tensor) {
    return tensor_in(tensor)->dtype;
}

uint32_t ort_tensor_rank(const ort_tensor *tensor) {
    return tensor_in(tensor)->rank;
}

const int64_t *ort_tensor_dims(const ort_tensor *tensor) {
    return tensor_in(tensor)->dims;
}

int64_t ort_tensor_element_count(const ort_tensor *tensor) {
    return tensor_in(tensor)->element_count;
}

uint64_t ort_tensor_size_bytes(const ort_tensor *tensor) {
    return tensor_in(tensor)->size_bytes;
}

void *ort_tensor_data(ort_tensor *tensor) {
    return tensor_in(tensor)->data;
}

const void *ort_tensor_data_const(const ort_tensor *tensor) {
    return tensor_in(tensor)->data;
}

/* ---- files, told by the ending of their names ---- */

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static ort_status *ending_failure(const char *path) {
    ORT_FAIL(INVALID_ARGUMENT, "%s: a tensor's file ends in .pb or .npy", path);
}

ort_status *ort_tensor_load(const char *path, ort_tensor **out) {
    orti_tensor *tensor = NULL;
    if (out) *out = NULL;
    if (!path || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_tensor_load: an argument is NULL");
    if (ends_with(path, ".pb"))
        ORT_TRY(orti_tensor_load_pb(orti_allocator_default(), path, &tensor, NULL));
    else if (ends_with(path, ".npy"))
        ORT_TRY(orti_tensor_load_npy(orti_allocator_default(), path, &tensor));
    else
        return ending_failure(path);
    *out = tensor_out(tensor);
    return NULL;
}

ort_status *ort_tensor_save(const ort_tensor *tensor, const char *name, const char *path) {
    if (!tensor || !path) ORT_FAIL(INVALID_ARGUMENT, "ort_tensor_save: an argument is NULL");
    if (ends_with(path, ".pb")) return orti_tensor_save_pb(tensor_in(tensor), name, path);
    if (ends_with(path, ".npy")) return orti_tensor_save_npy(tensor_in(tensor), path);
    return ending_failure(path);
}
