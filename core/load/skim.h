/* load/skim.h: the wire format, walked before protobuf-c sees it. */
#ifndef ORT_CORE_LOAD_SKIM_H
#define ORT_CORE_LOAD_SKIM_H

#include "load/load.h"

#define SKIM_LIFT_MIN_BYTES 1024u

/* Bytes for protobuf-c: the ModelProto without any raw_data of SKIM_LIFT_MIN_BYTES and more, in whose place fields 1001
 * and 1002 say where it lies in `data`. Refuses what would hurt behind it: bodies deeper than `nesting`, messages that
 * occur twice where one is allowed (protobuf-c merges them in quadratic time), groups, truncation (INVALID_MODEL with
 * the offset). Memory: at most a little more than the bytes that stay. Free *out_data with orti_free. */
ORT_MUST_USE ort_status *orti_skim_model(const orti_allocator *alloc, const uint8_t *data, uint64_t size_bytes,
                                         uint32_t nesting, uint8_t **out_data, uint64_t *out_size_bytes);

#endif
