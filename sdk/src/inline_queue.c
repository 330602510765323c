/* A queue that works on the calling thread. Everything is settled on return; what can be pending are points that the
 * host signals itself. */
#include "timeline.h"

#include <string.h>

struct ortp_queue {
    ortp_instance *instance;
    uint32_t device, flags;
};

static void *host_alloc(ortp_instance *instance, size_t size_bytes) {
    void *memory = instance->host->core->alloc(instance->host->context, size_bytes, ORTK_ALIGN);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

static void host_release(ortp_instance *instance, void *memory) {
    instance->host->core->release(instance->host->context, memory);
}

/* ---- the queue ---- */

static ort_status *queue_create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    *out = NULL;
    (void)flags; /* whatever was wished for, this is what there is */
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = NULL;
    ortp_queue *queue = device == 0 ? host_alloc(instance, sizeof *queue) : NULL;
    if (device != 0) {
        status = ortk_fail(ORT_CODE_INVALID_ARGUMENT, "this instance has no device %u", (unsigned)device);
    } else if (queue) {
        *queue = (ortp_queue){instance, device, ORTP_QUEUE_INLINE | ORTP_QUEUE_ORDERED};
        *out = queue;
    } else {
        status = ortk_out_of_memory();
    }
    ortk_host_leave(before);
    return status;
}

static void queue_destroy(ortp_queue *queue) {
    if (queue) host_release(queue->instance, queue);
}

static void queue_describe(const ortp_queue *queue, ortp_queue_info *out) {
    ortp_queue_info info = {.flags = queue->flags, .device = queue->device};
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
}

static ort_status *wait_all(const ortp_order *order) {
    for (uint32_t i = 0; order && i < order->wait_count; i++) ORTK_TRY(ortk_point_wait(order->waits[i], UINT64_MAX));
    return NULL;
}

/* One side of a copy as an address: of host memory, or inside of its buffer. */
static ort_status *side_find(const ortp_buffer *buffer, const void *host, uint64_t offset_bytes, uint64_t size_bytes,
                             const char *what, unsigned char **out) {
    *out = NULL;
    if (size_bytes == 0) return NULL;
    if (!host && !buffer) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the %s of a copy is nowhere", what);
    if (!host && (offset_bytes > buffer->size_bytes || size_bytes > buffer->size_bytes - offset_bytes))
        return ortk_fail(
            ORT_CODE_INVALID_ARGUMENT, "the %s of a copy, %llu bytes at %llu, reaches beyond its buffer of %llu", what,
            (unsigned long long)size_bytes, (unsigned long long)offset_bytes, (unsigned long long)buffer->size_bytes);
    *out = (unsigned char *)(host ? (uintptr_t)host : (uintptr_t)buffer->data) + offset_bytes;
    return NULL;
}

static ort_status *copy_do(const ortp_copy *copy, bool is_dry) {
    unsigned char *src, *dst;
    ORTK_TRY(side_find(copy->src_buffer, copy->src_host, copy->src_offset_bytes, copy->size_bytes, "source", &src));
    ORTK_TRY(
        side_find(copy->dst_buffer, copy->dst_host, copy->dst_offset_bytes, copy->size_bytes, "destination", &dst));
    if (!is_dry && copy->size_bytes) memcpy(dst, src, (size_t)copy->size_bytes);
    return NULL;
}

/* The whole list is looked at before a byte moves. */
static ort_status *copies_do(const ortp_copy *copies, uint32_t stride, uint64_t copy_count) {
    for (int is_dry = 1; is_dry >= 0; is_dry--) {
        const unsigned char *at = (const unsigned char *)copies;
        for (uint64_t i = 0; i < copy_count; i++, at += stride)
            ORTK_TRY(copy_do((const ortp_copy *)(const void *)at, is_dry != 0));
    }
    return NULL;
}

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    ORTK_TRY(wait_all(order));
    const ortp_host *before = ortk_host_enter(queue->instance->host);
    ort_status *status = copies_do(copies, stride, copy_count);
    ortk_host_leave(before);
    if (status) return status;
    if (order && order->signal.timeline) return ortk_host_signal(order->signal.timeline, order->signal.value, NULL);
    return NULL;
}

const ortp_queue_table ortk_inline_queue = {
    .size = sizeof(ortp_queue_table),
    .create = queue_create,
    .destroy = queue_destroy,
    .describe = queue_describe,
    .copy = queue_copy,
    .timeline_create = ortk_timeline_create,
    .timeline_destroy = ortk_timeline_destroy,
    .point_state = ortk_point_state,
    .point_wait = ortk_point_wait,
    .on_settled = ortk_on_settled,
    .host_signal = ortk_host_signal,
    .timeline_export = ortk_timeline_export,
    .timeline_import = ortk_timeline_import,
};
