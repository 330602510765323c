/* load/tensor_file.h: values in files of their own: ONNX's TensorProto, SequenceProto, OptionalProto and MapProto
 * (.pb), and numpy's arrays (.npy). Start at: orti_tensor_load_pb().  Used by: tools, through ort.h.  Threads: any.
 * errors: NOT_FOUND, IO; INVALID_ARGUMENT naming the file when it is damaged; UNSUPPORTED for what it may hold besides
 * (sparse tensors, Fortran order). */
#ifndef ORT_CORE_LOAD_TENSOR_FILE_H
#define ORT_CORE_LOAD_TENSOR_FILE_H

#include "base/text.h"
#include "tensor/tensor.h"

/* The tensor has memory of its own. out_name: NULL when not wanted; free with orti_free; "" when it has none. */
ORT_MUST_USE ort_status *orti_tensor_load_pb(const orti_allocator *alloc, const char *path, orti_tensor **out,
                                             char **out_name);
/* `name` NULL: none. */
ORT_MUST_USE ort_status *orti_tensor_save_pb(const orti_tensor *tensor, const char *name, const char *path);
/* A value of a type: a .pb file does not say itself which message it holds. What are maps of scalars come with one
 * tensor of values. */
ORT_MUST_USE ort_status *orti_datum_load_pb(const orti_allocator *alloc, const char *path, orti_value_type type,
                                            orti_datum **out);
ORT_MUST_USE ort_status *orti_datum_save_pb(orti_datum *datum, const char *name, const char *path);
ORT_MUST_USE ort_status *orti_tensor_load_npy(const orti_allocator *alloc, const char *path, orti_tensor **out);
/* Element types that numpy has itself; bfloat16, the 8-bit floats, sub-byte types and strings: UNSUPPORTED. */
ORT_MUST_USE ort_status *orti_tensor_save_npy(const orti_tensor *tensor, const char *path);

/* ---- between the files of this room ---- */
/* A TensorProto's bytes. */
ORT_MUST_USE ort_status *orti_tensor_decode_pb(const orti_allocator *alloc, const uint8_t *data, size_t size_bytes,
                                               orti_tensor **out, char **out_name);
ORT_MUST_USE ort_status *orti_tensor_encode_pb(const orti_tensor *tensor, const char *name, orti_text *out);

#endif
