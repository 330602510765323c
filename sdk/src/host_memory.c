/* Buffers for devices that compute in host memory. */
#include "kit.h"

#include <string.h>

void *ortk_host_address(const ortp_tensor_arg *arg) {
    if (arg->host) return arg->host;
    return arg->buffer ? arg->buffer->data + arg->offset_bytes : NULL;
}

void ortk_count_in(ortp_instance *instance, uint64_t size_bytes) {
    uint64_t live = atomic_fetch_add_explicit(&instance->live_bytes, size_bytes, memory_order_relaxed) + size_bytes;
    atomic_fetch_add_explicit(&instance->live_count, 1, memory_order_relaxed);
    uint_fast64_t peak = atomic_load_explicit(&instance->peak_bytes, memory_order_relaxed);
    while (live > peak && !atomic_compare_exchange_weak_explicit(&instance->peak_bytes, &peak, live,
                                                                 memory_order_relaxed, memory_order_relaxed))
        ;
}

static ort_status *buffer_create(ortp_instance *instance, uint64_t size_bytes, uint64_t align_bytes,
                                 ortp_buffer **out) {
    const ortp_host *host = instance->host;
    if (align_bytes < ORTK_ALIGN) align_bytes = ORTK_ALIGN;
    if (align_bytes & (align_bytes - 1))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a buffer of %llu bytes, aligned to %llu",
                         (unsigned long long)size_bytes, (unsigned long long)align_bytes);
    if (size_bytes > UINT64_MAX - 2 * align_bytes) return ortk_out_of_memory();
    ortp_buffer *buffer = host->core->alloc(host->context, sizeof *buffer, ORTK_ALIGN);
    if (!buffer) return ortk_out_of_memory();
    *buffer = (ortp_buffer){.size_bytes = size_bytes};
    buffer->data = host->core->alloc(host->context, size_bytes ? size_bytes : 1, align_bytes);
    if (!buffer->data) {
        host->core->release(host->context, buffer);
        return ortk_fail(ORT_CODE_OUT_OF_MEMORY, "no memory left for a buffer of %llu bytes",
                         (unsigned long long)size_bytes);
    }
    ortk_count_in(instance, size_bytes);
    *out = buffer;
    return NULL;
}

static ort_status *place_check(uint32_t device, uint32_t space) {
    if (device == 0 && space == 0) return NULL;
    return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "no space %u on device %u of this instance", (unsigned)space,
                     (unsigned)device);
}

static ort_status *memory_alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                                uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    (void)after; /* memory of its own: free at once */
    *out = NULL;
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = place_check(device, space);
    if (!status) status = buffer_create(instance, size_bytes, align_bytes, out);
    ortk_host_leave(before);
    return status;
}

void ortk_count_out(ortp_instance *instance, uint64_t size_bytes) {
    atomic_fetch_sub_explicit(&instance->live_bytes, size_bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&instance->live_count, 1, memory_order_relaxed);
}

static void buffer_free(ortp_instance *instance, ortp_buffer *buffer) {
    const ortp_host *host = instance->host;
    ortk_count_out(instance, buffer->is_foreign ? 0 : buffer->size_bytes);
    if (!buffer->is_foreign) host->core->release(host->context, buffer->data);
    host->core->release(host->context, buffer);
}

typedef struct late_release {
    ortp_instance *instance;
    ortp_buffer *buffer;
    ortk_buffer_free_fn free_buffer;
} late_release;

static void release_settled(void *user, const ort_status *status) {
    (void)status; /* the memory is free however the work ended */
    late_release *late = user;
    ortp_instance *instance = late->instance;
    late->free_buffer(instance, late->buffer);
    instance->host->core->release(instance->host->context, late);
}

void ortk_release_after(ortp_instance *instance, ortp_buffer *buffer, ortp_point after,
                        ortk_buffer_free_fn free_buffer) {
    const ortp_queue_table *queue = instance->plugin->table->queue;
    const ortp_host *host = instance->host, *before = ortk_host_enter(host);
    if (after.timeline && queue->point_state(after, NULL) == ORTP_POINT_PENDING) {
        late_release *late = host->core->alloc(host->context, sizeof *late, ORTK_ALIGN);
        if (late) {
            *late = (late_release){instance, buffer, free_buffer};
            ort_status *status = queue->on_settled(after, release_settled, late);
            if (!status) goto done;
            ortk_status_drop(host, status);
            host->core->release(host->context, late);
        }
        ortk_status_drop(host, queue->point_wait(after, UINT64_MAX));
    }
    free_buffer(instance, buffer);
done:
    ortk_host_leave(before);
}

static void memory_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    if (buffer) ortk_release_after(instance, buffer, after, buffer_free);
}

static ort_status *memory_map(ortp_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes, uint64_t size_bytes,
                              void **out) {
    *out = NULL;
    if (offset_bytes > buffer->size_bytes || size_bytes > buffer->size_bytes - offset_bytes) {
        const ortp_host *before = ortk_host_enter(instance->host);
        ort_status *status = ortk_fail(ORT_CODE_INVALID_ARGUMENT, "mapping %llu bytes at %llu of a buffer of %llu",
                                       (unsigned long long)size_bytes, (unsigned long long)offset_bytes,
                                       (unsigned long long)buffer->size_bytes);
        ortk_host_leave(before);
        return status;
    }
    *out = buffer->data + offset_bytes;
    return NULL;
}

static void memory_unmap(ortp_instance *instance, ortp_buffer *buffer) {
    (void)instance;
    (void)buffer;
}

static ort_status *buffer_wrap(ortp_instance *instance, const ortp_share *share, ortp_buffer **out) {
    const ortp_host *host = instance->host;
    if (share->kind != ORTP_SHARE_HOST_POINTER || !share->pointer)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "this device takes in host memory alone, not a share of kind %u",
                         (unsigned)share->kind);
    if (share->ready.timeline) ORTK_TRY(instance->plugin->table->queue->point_wait(share->ready, UINT64_MAX));
    ortp_buffer *buffer = host->core->alloc(host->context, sizeof *buffer, ORTK_ALIGN);
    if (!buffer) return ortk_out_of_memory();
    *buffer = (ortp_buffer){.data = (unsigned char *)share->pointer + share->offset_bytes,
                            .size_bytes = share->size_bytes,
                            .is_foreign = 1};
    atomic_fetch_add_explicit(&instance->live_count, 1, memory_order_relaxed);
    *out = buffer;
    return NULL;
}

static ort_status *memory_import(ortp_instance *instance, uint32_t device, const ortp_share *share, ortp_buffer **out) {
    *out = NULL;
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = place_check(device, 0);
    if (!status) status = ortk_unknown_check("import", 0, share->next);
    if (!status) status = buffer_wrap(instance, share, out);
    ortk_host_leave(before);
    return status;
}

static ort_status *memory_export(ortp_instance *instance, ortp_buffer *buffer, ortp_share *share) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = NULL;
    if (share->kind == ORTP_SHARE_HOST_POINTER) {
        share->pointer = buffer->data;
        share->offset_bytes = 0;
        share->size_bytes = buffer->size_bytes;
        share->ready = (ortp_point){NULL, 0};
    } else {
        status = ortk_fail(ORT_CODE_UNSUPPORTED, "this device gives its buffers out as host pointers alone");
    }
    ortk_host_leave(before);
    return status;
}

static ort_status *memory_stats(ortp_instance *instance, uint32_t device, uint32_t space, ortp_memory_stats *out) {
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = place_check(device, space);
    ortk_host_leave(before);
    if (status) return status;
    ortp_memory_stats stats = {
        .live_bytes = atomic_load_explicit(&instance->live_bytes, memory_order_relaxed),
        .peak_bytes = atomic_load_explicit(&instance->peak_bytes, memory_order_relaxed),
        .live_count = atomic_load_explicit(&instance->live_count, memory_order_relaxed),
    };
    stats.reserved_bytes = stats.live_bytes;
    uint32_t size = out->size < sizeof stats ? out->size : (uint32_t)sizeof stats;
    memcpy(out, &stats, size);
    out->size = size;
    return NULL;
}

static ort_status *memory_trim(ortp_instance *instance, uint32_t device, uint64_t budget_bytes) {
    (void)budget_bytes; /* nothing is kept back */
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = place_check(device, 0);
    ortk_host_leave(before);
    return status;
}

const ortp_memory_table ortk_host_memory = {
    .size = sizeof(ortp_memory_table),
    .alloc = memory_alloc,
    .release = memory_release,
    .map = memory_map,
    .unmap = memory_unmap,
    .import = memory_import,
    .export_as = memory_export,
    .stats = memory_stats,
    .trim = memory_trim,
};
