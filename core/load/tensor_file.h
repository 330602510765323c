/* load/tensor_file.h: tensors in files of their own: ONNX's TensorProto (.pb) and numpy's arrays (.npy).
 * Start at: orti_tensor_load_pb().  Used by: tools, through ort.h.  Threads: any.
 * errors: NOT_FOUND, IO; INVALID_ARGUMENT naming the file when it is damaged; UNSUPPORTED for what it may hold besides
 * (sequences and optionals, Fortran order, numpy's own string types). */
#ifndef ORT_CORE_LOAD_TENSOR_FILE_H
#define ORT_CORE_LOAD_TENSOR_FILE_H

#include "tensor/tensor.h"

/* The tensor has memory of its own. out_name: NULL when not wanted; free with orti_free; "" when it has none. */
ORT_MUST_USE ort_status *orti_tensor_load_pb(const orti_allocator *alloc, const char *path, orti_tensor **out,
                                             char **out_name);
/* `name` NULL: none. */
ORT_MUST_USE ort_status *orti_tensor_save_pb(const orti_tensor *tensor, const char *name, const char *path);
ORT_MUST_USE ort_status *orti_tensor_load_npy(const orti_allocator *alloc, const char *path, orti_tensor **out);
/* Element types that numpy has itself; bfloat16, the 8-bit floats, sub-byte types and strings: UNSUPPORTED. */
ORT_MUST_USE ort_status *orti_tensor_save_npy(const orti_tensor *tensor, const char *path);

#endif
