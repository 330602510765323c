/* numpy's .npy, versions 1 to 3 (NEP 1): "\x93NUMPY", version, header length, a Python dictionary, the elements. */
#include "load/tensor_file.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    const char *descr;
    ort_dtype dtype;
} descrs[] = {{"<f4", ORT_DTYPE_F32}, {"<f8", ORT_DTYPE_F64},  {"<f2", ORT_DTYPE_F16}, {"|i1", ORT_DTYPE_I8},
              {"<i2", ORT_DTYPE_I16}, {"<i4", ORT_DTYPE_I32},  {"<i8", ORT_DTYPE_I64}, {"|u1", ORT_DTYPE_U8},
              {"<u2", ORT_DTYPE_U16}, {"<u4", ORT_DTYPE_U32},  {"<u8", ORT_DTYPE_U64}, {"|b1", ORT_DTYPE_BOOL},
              {"<c8", ORT_DTYPE_C64}, {"<c16", ORT_DTYPE_C128}};
#define DESCR_COUNT (sizeof descrs / sizeof *descrs)

typedef struct npy_header {
    ort_dtype dtype;
    uint32_t rank;
    int64_t dims[ORTI_RANK_MAX];
    uint64_t data_offset;
} npy_header;

/* Behind "'key':" and spaces, or NULL. */
static const char *value_of(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == ' ' || *at == ':') at++;
    return at;
}

static ort_status *parse_descr(const char *at, npy_header *out) {
    char descr[8] = {0};
    size_t length = at && *at == '\'' ? strcspn(at + 1, "'") : sizeof descr;
    if (length < sizeof descr) memcpy(descr, at + 1, length);
    for (size_t i = 0; i < DESCR_COUNT; i++)
        if (strcmp(descr, descrs[i].descr) == 0) out->dtype = descrs[i].dtype;
    if (out->dtype == ORT_DTYPE_NONE)
        ORT_FAIL(UNSUPPORTED, "element type %.32s is not one of little-endian numbers and bool", at ? at : "(none)");
    return NULL;
}

static ort_status *parse_shape(const char *at, npy_header *out) {
    if (!at || *at++ != '(') ORT_FAIL(INVALID_ARGUMENT, "its header has no shape");
    while (*at && *at != ')') {
        int64_t dim = 0;
        if (*at == ' ' || *at == ',') {
            at++;
            continue;
        }
        if (*at < '0' || *at > '9') ORT_FAIL(INVALID_ARGUMENT, "its shape is not a tuple of numbers");
        for (; *at >= '0' && *at <= '9'; at++) {
            if (dim > (INT64_MAX - 9) / 10) ORT_FAIL(INVALID_ARGUMENT, "its shape has a number beyond 64 bits");
            dim = dim * 10 + (*at - '0');
        }
        if (*at == 'L') at++; /* Python 2 wrote long integers so */
        if (out->rank == ORTI_RANK_MAX) ORT_FAIL(LIMIT_EXCEEDED, "its rank is over %u", ORTI_RANK_MAX);
        out->dims[out->rank++] = dim;
    }
    return NULL;
}

static ort_status *parse_header(const orti_allocator *alloc, const orti_file *file, npy_header *out) {
    const uint8_t *data = file->data;
    char *header = NULL;
    *out = (npy_header){0};
    if (file->size_bytes < 10 || memcmp(data, "\x93NUMPY", 6) != 0) ORT_FAIL(INVALID_ARGUMENT, "is no .npy file");
    if (data[6] < 1 || data[6] > 3) ORT_FAIL(UNSUPPORTED, "is .npy version %u.%u", data[6], data[7]);
    uint64_t start = data[6] == 1 ? 10 : 12, length = (uint64_t)data[8] | (uint64_t)data[9] << 8;
    if (start == 12 && file->size_bytes >= 12) length |= (uint64_t)data[10] << 16 | (uint64_t)data[11] << 24;
    if (start > file->size_bytes || length > file->size_bytes - start) ORT_FAIL(INVALID_ARGUMENT, "ends in its header");
    ORT_TRY(orti_alloc(alloc, (size_t)length + 1, 1, &header));
    memcpy(header, data + start, (size_t)length);
    const char *order = value_of(header, "'fortran_order'");
    ort_status *status = parse_descr(value_of(header, "'descr'"), out);
    if (!status) status = parse_shape(value_of(header, "'shape'"), out);
    if (!status && (!order || strncmp(order, "False", 5) != 0)) status = ORT_STATUS(UNSUPPORTED, "is not in C order");
    orti_free(alloc, header);
    out->data_offset = start + length;
    return status;
}

static ort_status *load_from(const orti_allocator *alloc, const orti_file *file, orti_tensor **out) {
    npy_header header;
    int64_t count = 0;
    uint64_t bytes = 0;
    ORT_TRY(parse_header(alloc, file, &header));
    uint64_t has = file->size_bytes - header.data_offset;
    if (!orti_shape_count(header.dims, header.rank, &count) || !orti_dtype_bytes(header.dtype, count, &bytes) ||
        bytes != has)
        ORT_FAIL(INVALID_ARGUMENT, "has %" PRIu64 " bytes of elements, its shape needs another number", has);
    ORT_TRY(orti_tensor_create(alloc, header.dtype, header.dims, header.rank, 0, out));
    if (bytes) memcpy((*out)->data, file->data + header.data_offset, (size_t)bytes);
    return NULL;
}

ort_status *orti_tensor_load_npy(const orti_allocator *alloc, const char *path, orti_tensor **out) {
    orti_file *file = NULL;
    *out = NULL;
    ORT_TRY(orti_file_open(alloc, path, false, UINT64_MAX, &file));
    ort_status *status = load_from(alloc, file, out);
    orti_file_release(file);
    return status ? ORT_NOTE(status, "tensor file '%s'", path) : NULL;
}

/* Padded with spaces so that the elements begin at a multiple of 64 (NEP 1). */
static void add_header(const orti_tensor *tensor, const char *descr, orti_text *text) {
    orti_text_add(text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < tensor->rank; i++) orti_text_add(text, "%" PRId64 ",", tensor->dims[i]);
    orti_text_add(text, "), }");
    while ((text->length + 10 + 1) % 64 && !text->has_failed) orti_text_add_bytes(text, " ", 1);
    orti_text_add(text, "\n");
}

ort_status *orti_tensor_save_npy(const orti_tensor *tensor, const char *path) {
    orti_text header, file;
    const char *descr = NULL;
    for (size_t i = 0; i < DESCR_COUNT; i++)
        if (descrs[i].dtype == tensor->dtype) descr = descrs[i].descr;
    if (!descr) ORT_FAIL(UNSUPPORTED, "tensor file '%s': numpy has no %s", path, orti_dtype_name(tensor->dtype));
    orti_text_init(&header, tensor->datum.alloc);
    orti_text_init(&file, tensor->datum.alloc);
    add_header(tensor, descr, &header);
    orti_text_add_bytes(&file, "\x93NUMPY\x01\x00", 8);
    orti_text_add_bytes(&file, (char[2]){(char)(header.length & 0xff), (char)(header.length >> 8)}, 2);
    orti_text_add_bytes(&file, header.data, header.length);
    orti_text_add_bytes(&file, tensor->data, (size_t)tensor->size_bytes);
    ort_status *status = orti_status_join(orti_text_status(&header), orti_text_status(&file));
    if (!status) status = orti_file_write(path, file.data, file.length);
    orti_text_finish(&header);
    orti_text_finish(&file);
    return status;
}
