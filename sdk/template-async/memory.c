/* memory.c: buffers. Their bytes come from the operating system, not from the host, and stay in here. */
#include "async.h"

#include <sys/mman.h>

static void buffer_free(void *user, const ort_status *status) {
    ortp_buffer *buffer = user;
    ortp_instance *instance = buffer->instance;
    (void)status; /* a failed point has settled, too */
    munmap(buffer->mapping, buffer->mapping_bytes);
    pthread_mutex_lock(&instance->lock);
    instance->live_bytes -= buffer->size_bytes;
    instance->live_count--;
    pthread_mutex_unlock(&instance->lock);
    async_free(instance->host, buffer);
}

/* Takes bytes from the device's budget. */
static bool budget_take(ortp_instance *instance, uint64_t size_bytes) {
    pthread_mutex_lock(&instance->lock);
    bool fits = size_bytes <= ASYNC_MEMORY_BYTES - instance->live_bytes;
    if (fits) {
        instance->live_bytes += size_bytes;
        instance->live_count++;
        if (instance->live_bytes > instance->peak_bytes) instance->peak_bytes = instance->live_bytes;
    }
    pthread_mutex_unlock(&instance->lock);
    return fits;
}

static void budget_give(ortp_instance *instance, uint64_t size_bytes) {
    pthread_mutex_lock(&instance->lock);
    instance->live_bytes -= size_bytes;
    instance->live_count--;
    pthread_mutex_unlock(&instance->lock);
}

static ort_status *place_check(ortp_instance *instance, uint32_t device, uint32_t space) {
    if (device == 0 && space == 0) return NULL;
    return async_fail(instance->host, ORT_CODE_INVALID_ARGUMENT, "there is no space %u of device %u", space, device);
}

static bool buffer_map(ortp_buffer *buffer, uint64_t align_bytes) {
    buffer->mapping_bytes = buffer->size_bytes + align_bytes; /* pages alone are aligned to less than some ask for */
    buffer->mapping = mmap(NULL, buffer->mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer->mapping == MAP_FAILED) return false;
    uintptr_t address = ((uintptr_t)buffer->mapping + align_bytes - 1) & ~(uintptr_t)(align_bytes - 1);
    buffer->bytes = (unsigned char *)buffer->mapping + (address - (uintptr_t)buffer->mapping);
    return true;
}

/* Memory is fresh each time, so nobody has to wait for `after` before using it. */
static ort_status *buffer_alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                                uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    const ortp_host *host = instance->host;
    (void)after;
    *out = NULL;
    ort_status *status = place_check(instance, device, space);
    if (status) return status;
    if (align_bytes < ASYNC_ALIGN_BYTES) align_bytes = ASYNC_ALIGN_BYTES;
    if (align_bytes & (align_bytes - 1) || align_bytes > ASYNC_MEMORY_BYTES)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "memory can't be aligned to %llu bytes",
                          (unsigned long long)align_bytes);
    if (!budget_take(instance, size_bytes)) return async_out_of_memory(host, "the device");
    ortp_buffer *buffer = async_alloc(host, sizeof *buffer);
    if (buffer) {
        *buffer = (ortp_buffer){.instance = instance, .size_bytes = size_bytes};
        buffer->release = (async_waiter){.fn = buffer_free, .user = buffer};
    }
    if (buffer && buffer_map(buffer, align_bytes)) {
        *out = buffer;
        return NULL;
    }
    async_free(host, buffer);
    budget_give(instance, size_bytes);
    return async_out_of_memory(host, "a buffer");
}

static void buffer_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    if (buffer) async_point_watch(instance->host, after, &buffer->release);
}

static ort_status *memory_stats(ortp_instance *instance, uint32_t device, uint32_t space, ortp_memory_stats *out) {
    ort_status *status = place_check(instance, device, space);
    if (status) return status;
    pthread_mutex_lock(&instance->lock);
    const ortp_memory_stats stats = {.size = sizeof stats,
                                     .live_bytes = instance->live_bytes,
                                     .peak_bytes = instance->peak_bytes,
                                     .reserved_bytes = instance->live_bytes,
                                     .live_count = instance->live_count};
    pthread_mutex_unlock(&instance->lock);
    async_give(out, &stats, sizeof stats);
    return NULL;
}

ort_status *async_buffer_range(const ortp_host *host, const char *what, const ortp_buffer *buffer,
                               uint64_t offset_bytes, uint64_t size_bytes, unsigned char **out) {
    *out = NULL;
    if (size_bytes == 0) return NULL;
    if (!buffer) return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "%s is in no buffer of this device", what);
    if (offset_bytes > buffer->size_bytes || size_bytes > buffer->size_bytes - offset_bytes)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "%s: %llu bytes from %llu on leave a buffer of %llu", what,
                          (unsigned long long)size_bytes, (unsigned long long)offset_bytes,
                          (unsigned long long)buffer->size_bytes);
    *out = buffer->bytes + offset_bytes;
    return NULL;
}

/* No map: the space is not host-visible. No trim: nothing is kept. */
const ortp_memory_table async_memory_table = {
    .size = sizeof async_memory_table, .alloc = buffer_alloc, .release = buffer_release, .stats = memory_stats};
