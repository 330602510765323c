/* L2: buffers: size, alignment, maps, statistics, and memory that comes and goes behind points. */
#include "bare/bare.h"

#include <stdlib.h>
#include <string.h>

#define BUFFERS 12u

/* Every buffer filled with bytes of its own, then all read back: none lies in another. */
static bool contents_check(ortc_bare *bare, uint32_t space) {
    static const uint64_t sizes[BUFFERS] = {1, 2, 63, 64, 65, 255, 256, 1000, 4095, 4096, 4097, 100003};
    ortp_buffer *buffers[BUFFERS] = {0};
    unsigned char *sent = malloc(2 * sizes[BUFFERS - 1]), *got = sent ? sent + sizes[BUFFERS - 1] : NULL;
    bool is_right = sent != NULL;
    for (uint32_t i = 0; is_right && i < BUFFERS; i++) {
        ortc_fill(sent, sizes[i], i);
        buffers[i] = ortc_bare_alloc(bare, space, sizes[i], (uint64_t)1 << i);
        is_right = buffers[i] && ortc_bare_upload(bare, buffers[i], 0, sent, sizes[i]);
    }
    for (uint32_t i = 0; is_right && i < BUFFERS; i++) {
        ortc_fill(sent, sizes[i], i);
        is_right = ortc_bare_download(bare, buffers[i], 0, got, sizes[i]);
        if (is_right && memcmp(sent, got, sizes[i]) != 0)
            ortc_fail(bare->context, "memory.alloc", "a buffer of %llu bytes among others does not keep its bytes",
                      (unsigned long long)sizes[i]);
    }
    for (uint32_t i = 0; is_right && i < BUFFERS; i++) ortc_bare_release(bare, buffers[i]);
    free(sent);
    return is_right && !ortc_has_failed(bare->context);
}

static bool too_much(ortc_bare *bare, uint32_t space, uint64_t size_bytes) {
    ortp_buffer *buffer = NULL;
    ort_status *status = bare->memory.alloc(bare->instance, 0, space, size_bytes, 64, (ortp_point){0}, &buffer);
    if (!status && !buffer) ortc_fail(bare->context, "out.written", "alloc succeeded and gave no buffer");
    if (!ortc_bare_fails(bare, status, ORT_CODE_OUT_OF_MEMORY, "memory.alloc", "alloc of more than there can be"))
        return false;
    if (buffer) ortc_fail(bare->context, "out.written", "a failed alloc gave a buffer");
    return !buffer;
}

static void alloc_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t space = 0; space < bare.space_count; space++) {
        const ortp_space_info *info = &bare.spaces[space];
        if (!contents_check(&bare, space) || !too_much(&bare, space, UINT64_C(1) << 60) ||
            !too_much(&bare, space, UINT64_MAX - 63))
            goto done;
        if (info->max_buffer_bytes && !too_much(&bare, space, info->max_buffer_bytes + 1)) goto done;
    }
done:
    ortc_bare_finish(&bare);
}

/* What an address tells only where there is one. */
static bool map_check(ortc_bare *bare, uint32_t space, uint64_t align_bytes) {
    unsigned char sent[500], got[500];
    void *memory = NULL, *inner = NULL;
    uint64_t align = align_bytes > bare->spaces[space].align_bytes ? align_bytes : bare->spaces[space].align_bytes;
    ortp_buffer *buffer = ortc_bare_alloc(bare, space, sizeof sent, align_bytes);
    ortc_fill(sent, sizeof sent, align_bytes);
    if (!buffer || !ortc_bare_upload(bare, buffer, 0, sent, sizeof sent) ||
        !ortc_bare_ok(bare, bare->memory.map(bare->instance, buffer, 0, sizeof sent, &memory), "memory.map", "map"))
        return false;
    if (!memory || (uintptr_t)memory % align != 0)
        ortc_fail(bare->context, "memory.alloc", "a buffer aligned to %llu is mapped at %p", (unsigned long long)align,
                  memory);
    else if (memcmp(memory, sent, sizeof sent) != 0)
        ortc_fail(bare->context, "memory.map", "a map does not show what was copied into the buffer");
    if (ortc_has_failed(bare->context)) return false;
    ortc_fill(memory, sizeof sent, 77);
    ortc_fill(sent, sizeof sent, 77);
    bare->memory.unmap(bare->instance, buffer);
    if (!ortc_bare_download(bare, buffer, 0, got, sizeof got)) return false;
    if (memcmp(sent, got, sizeof got) != 0)
        ortc_fail(bare->context, "memory.map", "what is written through a map does not arrive in the buffer");
    if (!ortc_bare_ok(bare, bare->memory.map(bare->instance, buffer, 100, 50, &inner), "memory.map", "map of a part"))
        return false;
    if (!inner || memcmp(inner, sent + 100, 50) != 0)
        ortc_fail(bare->context, "memory.map", "a map of bytes 100 to 149 shows others");
    if (ortc_has_failed(bare->context)) return false;
    bare->memory.unmap(bare->instance, buffer);
    ortc_bare_release(bare, buffer);
    return true;
}

static bool map_refused(ortc_bare *bare, uint32_t space) {
    void *memory = NULL;
    ortp_buffer *buffer = ortc_bare_alloc(bare, space, 64, 64);
    if (!buffer || !ortc_bare_fails(bare, bare->memory.map(bare->instance, buffer, 0, 64, &memory),
                                    ORT_CODE_UNSUPPORTED, "memory.map", "map in a space that the host can't see"))
        return false;
    ortc_bare_release(bare, buffer);
    return true;
}

static void map_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t space = 0; space < bare.space_count; space++) {
        bool is_visible = (bare.spaces[space].flags & ORTP_SPACE_HOST_VISIBLE) != 0;
        if (!bare.memory.map || !bare.memory.unmap) {
            if (is_visible) ortc_fail(context, "memory.map", "space %u is host-visible, and map is not offered", space);
            continue;
        }
        for (uint64_t align = 1; is_visible && align <= 4096; align *= 8)
            if (!map_check(&bare, space, align)) goto done;
        if (!is_visible && !map_refused(&bare, space)) goto done;
    }
done:
    ortc_bare_finish(&bare);
}

static bool stats_read(ortc_bare *bare, ortp_memory_stats *out) {
    *out = (ortp_memory_stats){.size = sizeof *out};
    return ortc_bare_ok(bare, bare->memory.stats(bare->instance, 0, 0, out), "memory.stats", "stats");
}

static void stats_run(ortc_context *context) {
    ortc_bare bare;
    ortp_memory_stats before, with, after;
    if (!ortc_bare_start(&bare, context)) goto done;
    if (!bare.memory.stats) {
        ortc_decline(context, "stats are not offered");
        goto done;
    }
    if (!stats_read(&bare, &before)) goto done;
    ortp_buffer *buffer = ortc_bare_alloc(&bare, 0, 100000, 64);
    if (!buffer || !stats_read(&bare, &with)) goto done;
    if (with.live_bytes < before.live_bytes + 100000 || with.live_count <= before.live_count)
        ortc_fail(context, "memory.stats", "after an alloc of 100000 bytes %llu are live and before it were %llu",
                  (unsigned long long)with.live_bytes, (unsigned long long)before.live_bytes);
    if (with.peak_bytes < with.live_bytes) ortc_fail(context, "memory.stats", "more is live than the peak says");
    ortc_bare_release(&bare, buffer);
    if (!stats_read(&bare, &after)) goto done;
    if (after.live_bytes != before.live_bytes || after.live_count != before.live_count)
        ortc_fail(context, "memory.stats", "after its release %llu bytes are live, and before the alloc were %llu",
                  (unsigned long long)after.live_bytes, (unsigned long long)before.live_bytes);
    if (bare.memory.trim) ortc_bare_ok(&bare, bare.memory.trim(bare.instance, 0, 0), "memory.stats", "trim to nothing");
done:
    ortc_bare_finish(&bare);
}

/* ---- behind points ---- */

#define HELD_BYTES 65536u
#define OTHERS     6u

/* Others are allocated, and written, while a copy of a released buffer still waits. */
static bool others_spoil(ortc_bare *bare, ortp_buffer **others) {
    unsigned char *bytes = malloc(HELD_BYTES);
    bool is_right = bytes != NULL;
    if (bytes) memset(bytes, 0xee, HELD_BYTES);
    for (uint32_t i = 0; is_right && i < OTHERS; i++) {
        others[i] = ortc_bare_alloc(bare, 0, HELD_BYTES, 64);
        is_right = others[i] && ortc_bare_upload(bare, others[i], 0, bytes, HELD_BYTES);
    }
    free(bytes);
    return is_right;
}

static bool after_held(ortc_bare *bare, ortp_queue *queue, ortp_timeline *line) {
    ortp_buffer *others[OTHERS] = {0}, *buffer = ortc_bare_alloc(bare, 0, HELD_BYTES, 64);
    unsigned char *sent = malloc(HELD_BYTES), *got = ortc_block_create(bare->host, ORTC_USE_TENSOR, HELD_BYTES, 64);
    const ortp_point hold = {line, 1};
    ortp_timeline *ends;
    if (!buffer || !sent || !got) return false;
    ortc_fill(sent, HELD_BYTES, 3);
    const ortp_copy copy = ortc_copy_out(got, buffer, 0, HELD_BYTES);
    if (!ortc_bare_upload(bare, buffer, 0, sent, HELD_BYTES) ||
        !ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &ends), "point.state", "timeline_create"))
        return false;
    const ortp_point end = {ends, 1};
    if (!ortc_bare_ok(bare, ortc_bare_copy(bare, queue, &copy, 1, &hold, 1, end), "queue.returns", "a copy that waits"))
        return false;
    bare->memory.release(bare->instance, buffer, end);
    if (!others_spoil(bare, others) ||
        !ortc_bare_ok(bare, bare->queue.host_signal(line, 1, NULL), "point.host", "host_signal") ||
        !ortc_bare_wait(bare, end, "the point of a copy"))
        return false;
    if (memcmp(sent, got, HELD_BYTES) != 0)
        ortc_fail(bare->context, "memory.after", "a released buffer's memory was used again before its point settled");
    for (uint32_t i = 0; i < OTHERS; i++) ortc_bare_release(bare, others[i]);
    bare->queue.timeline_destroy(ends);
    ortc_block_destroy(got);
    free(sent);
    return !ortc_has_failed(bare->context);
}

/* Release and alloc with a point that is still pending: neither waits, nothing is lost. */
static bool after_pending(ortc_bare *bare, ortp_timeline *line) {
    ortp_buffer *buffer = ortc_bare_alloc(bare, 0, 5000, 64), *later = NULL;
    unsigned char sent[5000], got[5000];
    if (!buffer) return false;
    bare->memory.release(bare->instance, buffer, (ortp_point){line, 10});
    if (!ortc_bare_ok(bare, bare->memory.alloc(bare->instance, 0, 0, 5000, 64, (ortp_point){line, 10}, &later),
                      "memory.after", "alloc of memory that is free later") ||
        !ortc_bare_ok(bare, bare->queue.host_signal(line, 10, NULL), "point.host", "host_signal"))
        return false;
    ortc_fill(sent, sizeof sent, 8);
    if (!ortc_bare_upload(bare, later, 0, sent, sizeof sent) || !ortc_bare_download(bare, later, 0, got, sizeof got))
        return false;
    if (memcmp(sent, got, sizeof got) != 0)
        ortc_fail(bare->context, "memory.after", "memory given after a point does not keep its bytes");
    ortc_bare_release(bare, later);
    return !ortc_has_failed(bare->context);
}

static void after_run(ortc_context *context) {
    ortc_bare bare;
    ortp_timeline *line;
    ortp_queue *queue;
    if (!ortc_bare_start(&bare, context) ||
        !ortc_bare_ok(&bare, bare.queue.timeline_create(bare.instance, 0, &line), "point.state", "timeline_create") ||
        !ortc_bare_ok(&bare, bare.queue.create(bare.instance, 0, 0, &queue), "queue.describe", "queue.create"))
        goto done;
    if ((ortc_bare_can_hold(&bare) && !after_held(&bare, queue, line)) || !after_pending(&bare, line)) goto done;
    bare.queue.destroy(queue);
    bare.queue.timeline_destroy(line);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_memory_checks[] = {
    {"memory-alloc", 2, 0, "buffers of any size keep their bytes, and too much is refused", alloc_run},
    {"memory-map", 2, 0, "maps show the buffer, where there are any", map_run},
    {"memory-stats", 2, 0, "live bytes follow alloc and release", stats_run},
    {"memory-after", 2, 0, "memory is not used again before its point", after_run},
};
const uint32_t ortc_memory_check_count = ORTC_COUNT(ortc_memory_checks);
