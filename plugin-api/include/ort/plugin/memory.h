/* ort/plugin/memory.h: buffers. A buffer is a handle; an address is a handle and an offset. */
#ifndef ORT_PLUGIN_MEMORY_H
#define ORT_PLUGIN_MEMORY_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a buffer can be made from, or given out as. */
#define ORTP_SHARE_HOST_POINTER 1u /* `pointer` */
#define ORTP_SHARE_MEMFD        2u /* `fd`, duplicated by the receiver */
#define ORTP_SHARE_DMA_BUF      3u
#define ORTP_SHARE_OPAQUE_FD    4u
#define ORTP_SHARE_NATIVE       5u /* the vendor's own handle (CUdeviceptr, VkBuffer) in `native` */

typedef struct ortp_share {
    uint32_t size, kind;
    const ortp_ext *next;
    void *pointer;
    int32_t fd, reserved;
    uint64_t native, offset_bytes, size_bytes;
    ortp_point ready; /* contents are valid once it settles */
} ortp_share;
#define ORTP_SHARE_SIZE_0_0 72u

typedef struct ortp_memory_stats {
    uint32_t size, reserved;
    uint64_t live_bytes, peak_bytes, reserved_bytes, live_count;
} ortp_memory_stats;
#define ORTP_MEMORY_STATS_SIZE_0_0 40u

/* Unless said: threads: any; blocking: no; errors: INVALID_ARGUMENT. */
typedef struct ortp_memory_table {
    uint32_t size, reserved;
    /* Allocates from space `space` of device `device` (indexes of the instance). The memory may be used by work that
     * waits for `after` (timeline NULL: at once). blocking: no. out: create. errors: OUT_OF_MEMORY. */
    ort_status *(*alloc)(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out);
    /* Gives a buffer back: its memory is reused only once `after` settles. blocking: no. buffer: take, may be NULL. */
    void (*release)(ortp_instance *instance, ortp_buffer *buffer, ortp_point after);
    /* Makes bytes readable and writable by the host until unmap. Only for host-visible spaces. blocking: no.
     * out: borrow-parent (buffer). errors: UNSUPPORTED. */
    ort_status *(*map)(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                       void **out);
    void (*unmap)(ortp_instance *instance, ortp_buffer *buffer);
    /* Wraps foreign memory; the owner keeps it until release has returned and its point settled. out: create.
     * errors: UNSUPPORTED. */
    ort_status *(*import)(ortp_instance *instance, uint32_t device, const ortp_share *share, ortp_buffer **out);
    /* Gives a buffer out as `share->kind`. share: in and out. errors: UNSUPPORTED. */
    ort_status *(*export_as)(ortp_instance *instance, ortp_buffer *buffer, ortp_share *share);
    ort_status *(*stats)(ortp_instance *instance, uint32_t device, uint32_t space, ortp_memory_stats *out);
    /* Returns unused memory to the system until at most `budget_bytes` are kept. blocking: yes. */
    ort_status *(*trim)(ortp_instance *instance, uint32_t device, uint64_t budget_bytes);
} ortp_memory_table;
#define ORTP_MEMORY_TABLE_SIZE_0_0 72u

#ifdef __cplusplus
}
#endif

#endif
