/* tensor/pieces.h: parts of tensors along an axis, and tensors put together again. Copies; strings too.
 * Start at: orti_tensor_slice(), orti_tensor_concat().  Used by: run.  Threads: any.
 * errors: INVALID_ARGUMENT; UNSUPPORTED for elements of a few bits. */
#ifndef ORT_CORE_TENSOR_PIECES_H
#define ORT_CORE_TENSOR_PIECES_H

#include "tensor/tensor.h"

/* Elements [from, to) of an axis. `keeps_axis` false: to - from is 1, and the axis goes. */
ORT_MUST_USE ort_status *orti_tensor_slice(const orti_tensor *tensor, uint32_t axis, int64_t from, int64_t to,
                                           bool keeps_axis, orti_tensor **out);
/* One behind the other along an axis: of theirs, or with `is_new` a new one. At least one tensor; types and the other
 * sizes are equal. */
ORT_MUST_USE ort_status *orti_tensor_concat(orti_tensor *const *tensors, uint32_t count, uint32_t axis, bool is_new,
                                            orti_tensor **out);

#endif
