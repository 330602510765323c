/* tensor/tensor.h: a dense tensor on the host, and its file forms.
 * Start at: orti_tensor_create().  Used by: load, passes, run, session, tools (through ort.h).
 * Threads: retain and release from any; contents are the owner's business. */
#ifndef ORT_CORE_TENSOR_TENSOR_H
#define ORT_CORE_TENSOR_TENSOR_H

#include "base/file.h"
#include "tensor/datum.h"
#include "tensor/dtype.h"

#define ORTI_RANK_MAX 32u /* a model that asks for more is refused (LIMIT_EXCEEDED) */

/* Row-major, dense. A string tensor is one buffer: int64 offsets[n+1], then the bytes (architecture.md, decision 15).
 */
typedef struct orti_tensor {
    orti_datum datum;
    ort_dtype dtype;
    uint32_t rank;
    int64_t dims[ORTI_RANK_MAX];
    int64_t element_count;
    uint64_t size_bytes;
    void *data;                              /* NULL only when size_bytes is 0 */
    orti_file *file;                         /* the bytes live in here when not NULL: read-only, any alignment */
    void (*release)(void *user, void *data); /* the caller's own memory: called when the last reference goes; or NULL */
    void *release_user;
    bool owns_data;
} orti_tensor;

/* Element count of a shape; false when a dimension is negative or the product overflows int64. */
bool orti_shape_count(const int64_t *dims, uint32_t rank, int64_t *out);

/* Own memory, aligned to ORTI_ALIGN_BYTES, not initialised. Strings need `size_bytes`; for others pass 0. */
ORT_MUST_USE ort_status *orti_tensor_create(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims,
                                            uint32_t rank, uint64_t string_bytes, orti_tensor **out);
/* Wraps the caller's memory of exactly `size_bytes`: INVALID_ARGUMENT when the shape needs another size, or a string
 * tensor's offsets are out of order. When it fails the memory is still the caller's: no release is called. */
ORT_MUST_USE ort_status *orti_tensor_wrap(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims,
                                          uint32_t rank, void *data, uint64_t size_bytes,
                                          void (*release)(void *user, void *data), void *release_user,
                                          orti_tensor **out);
/* A view of [offset, offset + size) of a file, which is retained. */
ORT_MUST_USE ort_status *orti_tensor_from_file(const orti_allocator *alloc, ort_dtype dtype, const int64_t *dims,
                                               uint32_t rank, orti_file *file, uint64_t offset, uint64_t size_bytes,
                                               orti_tensor **out);
/* Contents that lie in a mapped file and were copied into another form need not stay resident: their whole pages go,
 * from 64 KB on. Who reads them all the same gets them back from the file. Nothing happens to other tensors. */
void orti_tensor_drop_pages(const orti_tensor *tensor);
/* The type and shape of a tensor without its contents: data NULL, size_bytes 0. */
ORT_MUST_USE ort_status *orti_tensor_outline(const orti_tensor *tensor, orti_tensor **out);
/* The offsets of a string tensor are in order still: whoever holds it may have written them. NULL for other types. */
ORT_MUST_USE ort_status *orti_tensor_check_strings(const orti_tensor *tensor);
orti_tensor *orti_tensor_retain(orti_tensor *tensor);
void orti_tensor_release(orti_tensor *tensor); /* takes NULL */
/* Gives back what a tensor holds beside itself; for the last release alone. */
void orti_tensor_finish(orti_tensor *tensor);

/* "float32[2,3]" into text. */
void orti_shape_print(ort_dtype dtype, const int64_t *dims, uint32_t rank, orti_text *text);

#endif
