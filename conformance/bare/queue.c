/* L2: queues: what they say of themselves, and copies. */
#include "bare/bare.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_FLAGS (ORTP_QUEUE_INLINE | ORTP_QUEUE_ORDERED | ORTP_QUEUE_COPY)
#define BYTES       4096u

static bool describe_check(ortc_bare *bare, uint32_t wished) {
    ortp_queue *queue = NULL;
    if (!ortc_bare_ok(bare, bare->queue.create(bare->instance, 0, wished, &queue), "queue.describe", "queue.create"))
        return false;
    struct {
        ortp_queue_info info;
        unsigned char behind[32];
    } told;
    memset(&told, 0xca, sizeof told);
    told.info = (ortp_queue_info){.size = sizeof told.info, .device = 77};
    bare->queue.describe(queue, &told.info);
    if (told.info.device != 0) ortc_fail(bare->context, "queue.describe", "a queue says device %u", told.info.device);
    if (told.info.flags & ~QUEUE_FLAGS & 0xffff0000u)
        ortc_fail(bare->context, "values.known", "a queue's flags are 0x%x", told.info.flags);
    for (uint32_t i = 0; i < sizeof told.behind; i++)
        if (told.behind[i] != 0xca) ortc_fail(bare->context, "out.sizes", "describe wrote behind its out-struct");
    if (ortc_has_failed(bare->context)) return false;
    bare->queue.destroy(queue);
    return true;
}

/* An inline queue has settled everything when it returns. */
static bool inline_check(ortc_bare *bare) {
    unsigned char *sent = malloc(BYTES), *got = malloc(BYTES);
    ortp_buffer *buffer = ortc_bare_alloc(bare, 0, BYTES, 64);
    if (!sent || !got || !buffer) return false;
    for (uint32_t turn = 0; turn < 20; turn++) {
        ortc_fill(sent, BYTES, turn);
        const ortp_copy in = ortc_copy_in(buffer, 0, sent, BYTES), out = ortc_copy_out(got, buffer, 0, BYTES);
        const ortp_point first = {bare->moves, bare->moved + 1}, second = {bare->moves, bare->moved + 2};
        bare->moved += 2;
        if (!ortc_bare_ok(bare, ortc_bare_copy(bare, bare->mover, &in, 1, NULL, 0, first), "queue.copy", "copy") ||
            !ortc_bare_ok(bare, ortc_bare_copy(bare, bare->mover, &out, 1, NULL, 0, second), "queue.copy", "copy"))
            return false;
        uint32_t state = bare->queue.point_state(second, NULL);
        if (state != ORTP_POINT_REACHED || memcmp(sent, got, BYTES) != 0) {
            ortc_fail(bare->context, "queue.describe",
                      "a queue says that it is inline, and its work is not done on return");
            return false;
        }
    }
    ortc_bare_release(bare, buffer);
    free(sent);
    free(got);
    return true;
}

static void describe_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context) || !describe_check(&bare, 0) || !describe_check(&bare, ORTP_QUEUE_ORDERED) ||
        !describe_check(&bare, ORTP_QUEUE_COPY) || !describe_check(&bare, ORTP_QUEUE_INLINE))
        goto done;
    if (ortc_bare_is_inline(&bare)) inline_check(&bare);
done:
    ortc_bare_finish(&bare);
}

/* ---- copies ---- */

static bool all_is(ortc_bare *bare, const unsigned char *got, const unsigned char *want, uint64_t size_bytes,
                   const char *what) {
    for (uint64_t i = 0; i < size_bytes; i++)
        if (got[i] != want[i]) {
            ortc_fail(bare->context, "queue.copy", "%s: byte %llu is 0x%02x and should be 0x%02x", what,
                      (unsigned long long)i, got[i], want[i]);
            return false;
        }
    return true;
}

/* Copies that lie `stride` bytes apart, in lent memory that is gone when the call returns. */
static bool list_copy(ortc_bare *bare, const ortp_copy *copies, uint32_t count, uint32_t stride, const char *what) {
    unsigned char *list = ortc_block_create(bare->host, ORTC_USE_LENT, (uint64_t)count * stride + 1, 16);
    const ortp_order order = {.size = sizeof order, .signal = {bare->moves, ++bare->moved}};
    if (!list) return false;
    memset(list, 0x6b, (size_t)count * stride);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(list + (size_t)i * stride, &copies[i], sizeof copies[i]);
        memcpy(list + (size_t)i * stride, &stride, sizeof stride); /* its size: what lies behind is not known to 0.0 */
    }
    ort_status *status = bare->queue.copy(bare->mover, (const ortp_copy *)(const void *)list, stride, count, &order);
    ortc_block_destroy(list);
    return ortc_bare_ok(bare, status, "queue.copy", what) && ortc_bare_wait(bare, order.signal, what);
}

/* in: [7, 7 + 1000) of the host to [13, ...) of a, then pieces of a to b at odd places, then all of b out. */
static bool pieces_check(ortc_bare *bare, uint32_t stride) {
    static const struct {
        uint32_t from, to, size;
    } pieces[] = {{13, 1, 100}, {113, 300, 1}, {200, 511, 257}, {700, 2000, 313}, {64, 1024, 0}, {0, 3000, 64}};
    unsigned char *sent = malloc(3 * BYTES), *want = sent ? sent + BYTES : NULL, *got = sent ? want + BYTES : NULL;
    ortp_buffer *a = ortc_bare_alloc(bare, 0, BYTES, 64), *b = ortc_bare_alloc(bare, 0, BYTES, 64);
    ortp_copy list[ORTC_COUNT(pieces)];
    if (!sent || !a || !b) return false;
    ortc_fill(sent, BYTES, stride);
    memset(want, 0x11, BYTES);
    if (!ortc_bare_upload(bare, a, 0, sent, BYTES) || !ortc_bare_upload(bare, b, 0, want, BYTES)) return false;
    for (uint32_t i = 0; i < ORTC_COUNT(pieces); i++) {
        list[i] = (ortp_copy){.src_buffer = a,
                              .src_offset_bytes = pieces[i].from,
                              .dst_buffer = b,
                              .dst_offset_bytes = pieces[i].to,
                              .size_bytes = pieces[i].size};
        memcpy(want + pieces[i].to, sent + pieces[i].from, pieces[i].size);
    }
    if (!list_copy(bare, list, ORTC_COUNT(pieces), stride, "a list of copies") ||
        !ortc_bare_download(bare, b, 0, got, BYTES) || !all_is(bare, got, want, BYTES, "a list of copies") ||
        !list_copy(bare, list, 0, stride, "an empty list of copies"))
        return false;
    ortc_bare_release(bare, a);
    ortc_bare_release(bare, b);
    free(sent);
    return true;
}

/* Offsets on the host's side too, and several directions in one list. */
static bool host_side_check(ortc_bare *bare) {
    unsigned char *sent = malloc(2 * BYTES), *got = sent ? sent + BYTES : NULL;
    ortp_buffer *buffer = ortc_bare_alloc(bare, 0, BYTES, 64);
    if (!sent || !buffer) return false;
    ortc_fill(sent, BYTES, 5);
    memset(got, 0x22, BYTES);
    ortp_copy in = ortc_copy_in(buffer, 13, sent, 1000), out = ortc_copy_out(got, buffer, 13, 1000);
    in.src_offset_bytes = 7;
    out.dst_offset_bytes = 501;
    if (!list_copy(bare, &in, 1, sizeof in, "a copy from an offset of host memory") ||
        !list_copy(bare, &out, 1, sizeof out, "a copy to an offset of host memory") ||
        !all_is(bare, got + 501, sent + 7, 1000, "a copy through offsets of host memory"))
        return false;
    if (got[500] != 0x22 || got[1501] != 0x22) ortc_fail(bare->context, "queue.copy", "a copy wrote beside its range");
    ortc_bare_release(bare, buffer);
    free(sent);
    return !ortc_has_failed(bare->context);
}

static void copy_run(ortc_context *context) {
    ortc_bare bare;
    if (ortc_bare_start(&bare, context) && pieces_check(&bare, sizeof(ortp_copy)) &&
        pieces_check(&bare, sizeof(ortp_copy) + 16) && pieces_check(&bare, 128))
        host_side_check(&bare);
    ortc_bare_finish(&bare);
}

const ortc_check ortc_queue_checks[] = {
    {"queue-describe", 2, 0, "queues say what they are", describe_run},
    {"queue-copy", 2, 0, "copies move the bytes named and no others", copy_run},
};
const uint32_t ortc_queue_check_count = ORTC_COUNT(ortc_queue_checks);
