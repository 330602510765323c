/* ort/plugin/types.h: what every table of the border is made of: sizes, extension chains, handles, points.
 *
 * Rules for every type (docs/adr/0002-the-border.md):
 *  - Fixed-width integers, doubles, pointers and function pointers with a `void *user`. No bool, enum, bit-field, long,
 *    size_t, varargs. Enums are uint32_t constants; an unknown value is tolerated. Zero means default.
 *  - A struct begins with `size`, the bytes that its writer filled. A reader takes any size >= the frozen first size
 *    (..._SIZE_0_0) and reads a missing tail as zero. In an out-struct the caller sets `size` to its capacity; the
 *    callee writes no more than that and sets what it filled.
 *  - `next` chains typed extensions; an unknown kind with ORTP_EXT_MUST set is refused with UNSUPPORTED, else skipped.
 *  - An array of structs that may grow carries the stride of its elements.
 *  - Flags: unknown bits of the low 16 are ignored, of the high 16 refused.
 *  - A table's slot that is NULL or beyond `size` is not offered. Tables only grow at the end.
 *  - Strings are UTF-8 views. A `const` pointer that goes in is borrowed for the call; what comes out is borrowed from
 *    its parent (the object it was asked of) unless its label says otherwise.
 *  - No exception, longjmp, signal handler, or change of locale, FPU mode or environment crosses the border.
 *  - Every host service can be served inside a worker process: no table assumes one address space beyond the buffers.
 *
 * Labels of each function: threads (any / one per object), blocking (no / yes / until deadline), errors beyond
 * OUT_OF_MEMORY and PLUGIN, ownership by argument (borrow: for the call; borrow-parent: as long as the object it was
 * asked of; take: the callee's from now on; create: the receiver's, who ends it by the function made for that). What a
 * function leaves out stands at its table, behind "Unless said". Since: everything here is 0.0 unless marked. */
#ifndef ORT_PLUGIN_TYPES_H
#define ORT_PLUGIN_TYPES_H

#include "ort/plugin/words.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_NONE UINT32_MAX /* no node, no value (an optional input left out), no device */

#define ORTP_EXT_MUST 0x80000000u
typedef struct ortp_ext {
    uint32_t size, kind;
    const struct ortp_ext *next;
} ortp_ext;

/* Owned by the plugin. */
typedef struct ortp_plugin ortp_plugin;
typedef struct ortp_instance ortp_instance;
typedef struct ortp_buffer ortp_buffer;
typedef struct ortp_queue ortp_queue;
typedef struct ortp_timeline ortp_timeline;
typedef struct ortp_program ortp_program;
typedef struct ortp_plan ortp_plan;
typedef struct ortp_binding ortp_binding;
typedef struct ortp_state ortp_state;

/* Owned by the host. */
typedef struct ortp_host_context ortp_host_context; /* whom a host table speaks for: first argument of its functions */
typedef struct ortp_view ortp_view;                 /* an immutable snapshot of a graph */
typedef struct ortp_shapes ortp_shapes;             /* shapes and known values for one prepare */
typedef struct ortp_lane ortp_lane;                 /* cores that a run may use */
typedef struct ortp_cancel ortp_cancel;             /* asked from any thread: has the caller given up? */
typedef struct ortp_outputs ortp_outputs;           /* receives outputs whose size the run tells */
typedef struct ortp_span ortp_span;                 /* where a run's profile goes */
typedef struct ortp_compile_job ortp_compile_job;   /* one compile: progress and packed weights belong to it */

/* A place on a timeline: the only completion object. `timeline` NULL: settled already. Points of one timeline settle in
 * the order of their values. */
typedef struct ortp_point {
    ortp_timeline *timeline;
    uint64_t value;
} ortp_point;

#define ORTP_POINT_PENDING 0u
#define ORTP_POINT_REACHED 1u
#define ORTP_POINT_FAILED  2u

/* A value of a named option or property. */
#define ORTP_SETTING_STRING 1u
#define ORTP_SETTING_INT    2u
#define ORTP_SETTING_FLOAT  3u
#define ORTP_SETTING_BOOL   4u /* in `integer`: 0 or 1 */
typedef struct ortp_setting {
    uint32_t size, kind;
    ort_string_view name;
    ort_string_view text;
    int64_t integer;
    double number;
} ortp_setting;
#define ORTP_SETTING_SIZE_0_0 56u

/* A tensor argument where work is bound: bytes [offset, offset + size) of `buffer`, row-major in ONNX's order.
 * `host` is set, and `buffer` may then be NULL, only towards devices with ORTP_DEVICE_HOST_ADDRESSABLE: the caller's
 * own memory, which outlives the binding or the next rebind. `strides` (elements) only towards devices with
 * ORTP_DEVICE_STRIDED; NULL is dense. */
typedef struct ortp_tensor_arg {
    uint32_t size, dtype;
    ortp_buffer *buffer;
    uint64_t offset_bytes, size_bytes;
    void *host;
    const int64_t *strides;
} ortp_tensor_arg;
#define ORTP_TENSOR_ARG_SIZE_0_0 48u

#ifdef __cplusplus
}
#endif

#endif
