/* ort/plugin/words.h: the words that applications, the core and plugins share: versions, status codes, element types.
 * Includes nothing of ours. Everything here is part of the ABI: values are never reused or changed, only added. */
#ifndef ORT_PLUGIN_WORDS_H
#define ORT_PLUGIN_WORDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the border. 0.0 promises nothing; from 0.1 on tables only grow. */
#define ORTP_ABI_MAJOR 0u
#define ORTP_ABI_MINOR 0u

#if defined(__GNUC__)
#define ORT_MUST_USE __attribute__((warn_unused_result))
#define ORT_EXPORT   __attribute__((visibility("default")))
#else
#define ORT_MUST_USE
#define ORT_EXPORT
#endif

/* A status: NULL is success. Otherwise an opaque object with a code, a message and notes; whoever receives one owns it.
 * Made by the host alone (ortp_host_core.status_create at the border). */
typedef struct ort_status ort_status;

/* Whose turn it is when something fails. */
typedef uint32_t ort_code;
#define ORT_CODE_OK               0u
#define ORT_CODE_INVALID_ARGUMENT 1u  /* caller: an argument, option, key, input shape or type is wrong */
#define ORT_CODE_NOT_FOUND        2u  /* caller: the file, provider, device, value or key named does not exist */
#define ORT_CODE_INVALID_MODEL    3u  /* model: it breaks the ONNX standard or contradicts itself */
#define ORT_CODE_UNSUPPORTED      4u  /* model or caller: correct, but nothing here does it (yet) */
#define ORT_CODE_LIMIT_EXCEEDED   5u  /* model or caller: asks for more than `limits` allow */
#define ORT_CODE_OUT_OF_MEMORY    6u  /* machine: no memory of the kind asked for */
#define ORT_CODE_IO               7u  /* machine: the operating system refused a file, thread or mapping */
#define ORT_CODE_DEVICE_LOST      8u  /* machine: a device failed or went away; a new session may work */
#define ORT_CODE_PLUGIN           9u  /* plugin: it broke the contract of this border */
#define ORT_CODE_CANCELLED        10u /* caller: asked for it */
#define ORT_CODE_DEADLINE         11u /* caller: the time it gave is over */
#define ORT_CODE_BUSY             12u /* caller: a thing that serves one at a time is in use */
#define ORT_CODE_BUG              13u /* us: please report it */

/* Element types: ONNX's own TensorProto.DataType values, so that nothing is translated. */
typedef uint32_t ort_dtype;
#define ORT_DTYPE_NONE       0u
#define ORT_DTYPE_F32        1u
#define ORT_DTYPE_U8         2u
#define ORT_DTYPE_I8         3u
#define ORT_DTYPE_U16        4u
#define ORT_DTYPE_I16        5u
#define ORT_DTYPE_I32        6u
#define ORT_DTYPE_I64        7u
#define ORT_DTYPE_STRING     8u
#define ORT_DTYPE_BOOL       9u
#define ORT_DTYPE_F16        10u
#define ORT_DTYPE_F64        11u
#define ORT_DTYPE_U32        12u
#define ORT_DTYPE_U64        13u
#define ORT_DTYPE_C64        14u
#define ORT_DTYPE_C128       15u
#define ORT_DTYPE_BF16       16u
#define ORT_DTYPE_F8E4M3FN   17u
#define ORT_DTYPE_F8E4M3FNUZ 18u
#define ORT_DTYPE_F8E5M2     19u
#define ORT_DTYPE_F8E5M2FNUZ 20u
#define ORT_DTYPE_U4         21u
#define ORT_DTYPE_I4         22u
#define ORT_DTYPE_F4E2M1     23u
#define ORT_DTYPE_F8E8M0     24u
#define ORT_DTYPE_U2         25u
#define ORT_DTYPE_I2         26u
#define ORT_DTYPE_F6E2M3     27u
#define ORT_DTYPE_F6E3M2     28u
#define ORT_DTYPE_COUNT      29u

/* A set of element types, one bit each. */
#define ORT_DTYPE_BIT(dtype) (UINT64_C(1) << (dtype))

/* A string that crosses the border: UTF-8, not terminated, borrowed for the call unless a label says otherwise. */
typedef struct ort_string_view {
    const char *data;
    uint64_t length;
} ort_string_view;

#ifdef __cplusplus
}
#endif

#endif
