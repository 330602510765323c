#include "tensor/pieces.h"

#include <string.h>

static ort_status *dtype_check(ort_dtype dtype) {
    if (dtype == ORT_DTYPE_STRING || orti_dtype_bits(dtype) >= 8) return NULL;
    ORT_FAIL(UNSUPPORTED, "%s can't be cut or put together: not built yet", orti_dtype_name(dtype));
}

static int64_t product(const int64_t *dims, uint32_t from, uint32_t to) {
    int64_t all = 1;
    for (uint32_t i = from; i < to; i++) all *= dims[i];
    return all;
}

static int64_t offset_of(const orti_tensor *strings, int64_t index) {
    return orti_dtype_get_i64(ORT_DTYPE_I64, strings->data, index);
}

/* Bytes that elements [start, start + count) hold beside their offsets. */
static uint64_t text_bytes(const orti_tensor *from, int64_t start, int64_t count) {
    return from->dtype == ORT_DTYPE_STRING ? (uint64_t)(offset_of(from, start + count) - offset_of(from, start)) : 0;
}

/* Elements are written one range after the other. */
typedef struct piece_writer {
    orti_tensor *to;
    int64_t at;
} piece_writer;

static void strings_write(piece_writer *writer, const orti_tensor *from, int64_t start, int64_t count) {
    int64_t *offsets = writer->to->data, base = offset_of(from, start);
    char *to = (char *)(offsets + writer->to->element_count + 1);
    const char *text = (const char *)from->data + ((size_t)from->element_count + 1) * sizeof *offsets;
    int64_t bytes = offset_of(from, start + count) - base;
    if (writer->at == 0) offsets[0] = 0;
    if (bytes) memcpy(to + offsets[writer->at], text + base, (size_t)bytes);
    for (int64_t i = 1; i <= count; i++)
        offsets[writer->at + i] = offsets[writer->at] + offset_of(from, start + i) - base;
}

static void range_write(piece_writer *writer, const orti_tensor *from, int64_t start, int64_t count) {
    size_t width = orti_dtype_bits(from->dtype) / 8;
    if (from->dtype == ORT_DTYPE_STRING)
        strings_write(writer, from, start, count);
    else if (count)
        memcpy((char *)writer->to->data + (size_t)writer->at * width, (const char *)from->data + (size_t)start * width,
               (size_t)count * width);
    writer->at += count;
}

static ort_status *result_create(const orti_tensor *like, const int64_t *dims, uint32_t rank, uint64_t string_bytes,
                                 orti_tensor **out) {
    ORT_TRY(orti_tensor_create(like->datum.alloc, like->dtype, dims, rank, string_bytes, out));
    if (like->dtype == ORT_DTYPE_STRING) *(int64_t *)(*out)->data = 0;
    return NULL;
}

ort_status *orti_tensor_slice(const orti_tensor *tensor, uint32_t axis, int64_t from, int64_t to, bool keeps_axis,
                              orti_tensor **out) {
    int64_t dims[ORTI_RANK_MAX];
    uint32_t rank = 0;
    uint64_t string_bytes = 0;
    *out = NULL;
    ORT_TRY(dtype_check(tensor->dtype));
    if (axis >= tensor->rank || from < 0 || to < from || to > tensor->dims[axis] || (!keeps_axis && to - from != 1))
        ORT_FAIL(INVALID_ARGUMENT, "elements %lld to %lld of axis %u are not there", (long long)from, (long long)to,
                 axis);
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (i != axis || keeps_axis) dims[rank++] = i == axis ? to - from : tensor->dims[i];
    const int64_t outer = product(tensor->dims, 0, axis), inner = product(tensor->dims, axis + 1, tensor->rank);
    const int64_t row = tensor->dims[axis] * inner, count = (to - from) * inner;
    for (int64_t o = 0; o < outer; o++) string_bytes += text_bytes(tensor, o * row + from * inner, count);
    ORT_TRY(result_create(tensor, dims, rank, string_bytes, out));
    piece_writer writer = {*out, 0};
    for (int64_t o = 0; o < outer; o++) range_write(&writer, tensor, o * row + from * inner, count);
    return NULL;
}

static bool is_same_but(const orti_tensor *a, const orti_tensor *b, uint32_t axis, bool is_new) {
    if (a->dtype != b->dtype || a->rank != b->rank) return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if ((is_new || i != axis) && a->dims[i] != b->dims[i]) return false;
    return true;
}

/* The result's dims: `axis` is the sum of sizes, or the number of tensors. */
static ort_status *concat_shape(orti_tensor *const *tensors, uint32_t count, uint32_t axis, bool is_new, int64_t *dims,
                                uint64_t *string_bytes) {
    const orti_tensor *first = tensors[0];
    uint32_t rank = first->rank + is_new;
    if (rank > ORTI_RANK_MAX || axis >= rank)
        ORT_FAIL(INVALID_ARGUMENT, "no axis %u to put tensors of rank %u together along", axis, first->rank);
    for (uint32_t i = 0, from = 0; i < rank; i++) dims[i] = i == axis && is_new ? 0 : first->dims[from++];
    dims[axis] = 0;
    for (uint32_t t = 0; t < count; t++) {
        if (!is_same_but(first, tensors[t], axis, is_new))
            ORT_FAIL(INVALID_ARGUMENT, "tensor %u has another type or shape than the first", t);
        dims[axis] += is_new ? 1 : tensors[t]->dims[axis];
        *string_bytes += text_bytes(tensors[t], 0, tensors[t]->element_count);
    }
    return NULL;
}

ort_status *orti_tensor_concat(orti_tensor *const *tensors, uint32_t count, uint32_t axis, bool is_new,
                               orti_tensor **out) {
    int64_t dims[ORTI_RANK_MAX];
    uint64_t string_bytes = 0;
    *out = NULL;
    ORT_TRY(dtype_check(tensors[0]->dtype));
    ORT_TRY(concat_shape(tensors, count, axis, is_new, dims, &string_bytes));
    ORT_TRY(result_create(tensors[0], dims, tensors[0]->rank + is_new, string_bytes, out));
    const int64_t outer = product(dims, 0, axis);
    piece_writer writer = {*out, 0};
    for (int64_t o = 0; o < outer; o++)
        for (uint32_t t = 0; t < count; t++) {
            const int64_t block = tensors[t]->element_count / outer;
            range_write(&writer, tensors[t], o * block, block);
        }
    return NULL;
}
