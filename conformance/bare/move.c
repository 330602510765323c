#include "bare/bare.h"

#include <string.h>
#include <time.h>

bool ortc_bare_is_inline(const ortc_bare *bare) {
    return (bare->mover_info.flags & ORTP_QUEUE_INLINE) != 0;
}

bool ortc_bare_can_hold(const ortc_bare *bare) {
    return !ortc_bare_is_inline(bare) && (bare->device.flags & ORTP_DEVICE_WAIT_BEFORE_SIGNAL);
}

ortp_buffer *ortc_bare_alloc(ortc_bare *bare, uint32_t space, uint64_t size_bytes, uint64_t align_bytes) {
    ortp_buffer *buffer = NULL;
    if (!ortc_bare_ok(bare,
                      bare->memory.alloc(bare->instance, 0, space, size_bytes, align_bytes, (ortp_point){0}, &buffer),
                      "memory.alloc", "alloc"))
        return NULL;
    if (!buffer)
        ortc_fail(bare->context, "out.written", "alloc of %llu bytes succeeded and gave no buffer",
                  (unsigned long long)size_bytes);
    return buffer;
}

void ortc_bare_release(ortc_bare *bare, ortp_buffer *buffer) {
    bare->memory.release(bare->instance, buffer, (ortp_point){0});
}

ort_status *ortc_bare_copy(ortc_bare *bare, ortp_queue *queue, const ortp_copy *copies, uint64_t copy_count,
                           const ortp_point *waits, uint32_t wait_count, ortp_point signal) {
    ortp_copy *lent = ortc_block_lend(bare->host, copies, copy_count * sizeof *copies);
    ortp_point *lent_waits = ortc_block_lend(bare->host, waits, wait_count * sizeof *waits);
    ortp_order order = {.size = sizeof order, .wait_count = wait_count, .waits = lent_waits, .signal = signal};
    ortp_order *lent_order = ortc_block_lend(bare->host, &order, sizeof order);
    ort_status *status = bare->queue.copy(queue, lent, sizeof *copies, copy_count, lent_order);
    ortc_block_destroy(lent);
    ortc_block_destroy(lent_waits);
    ortc_block_destroy(lent_order);
    return status;
}

ortp_copy ortc_copy_in(ortp_buffer *to, uint64_t offset_bytes, const void *from, uint64_t size_bytes) {
    return (ortp_copy){.size = sizeof(ortp_copy),
                       .src_host = from,
                       .dst_buffer = to,
                       .dst_offset_bytes = offset_bytes,
                       .size_bytes = size_bytes};
}

ortp_copy ortc_copy_out(void *to, ortp_buffer *from, uint64_t offset_bytes, uint64_t size_bytes) {
    return (ortp_copy){.size = sizeof(ortp_copy),
                       .src_buffer = from,
                       .dst_host = to,
                       .src_offset_bytes = offset_bytes,
                       .size_bytes = size_bytes};
}

static bool move(ortc_bare *bare, ortp_copy copy, const char *what) {
    ortp_point done = {bare->moves, ++bare->moved};
    return ortc_bare_ok(bare, ortc_bare_copy(bare, bare->mover, &copy, 1, NULL, 0, done), "queue.copy", what) &&
           ortc_bare_wait(bare, done, what);
}

bool ortc_bare_upload(ortc_bare *bare, ortp_buffer *buffer, uint64_t offset_bytes, const void *data,
                      uint64_t size_bytes) {
    return move(bare, ortc_copy_in(buffer, offset_bytes, data, size_bytes), "a copy to the device");
}

bool ortc_bare_download(ortc_bare *bare, ortp_buffer *buffer, uint64_t offset_bytes, void *data, uint64_t size_bytes) {
    return move(bare, ortc_copy_out(data, buffer, offset_bytes, size_bytes), "a copy from the device");
}

void ortc_fill(void *data, uint64_t size_bytes, uint64_t seed) {
    unsigned char *at = data;
    uint64_t state = seed * UINT64_C(2862933555777941757) + 3037000493u;
    for (uint64_t i = 0; i < size_bytes; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at[i] = (unsigned char)(state >> 56);
    }
}

void ortc_bare_pause(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}
