/* Stand-ins for tensors: bytes between guards, in the host's memory or in the device's with an image here. */
#include "watch/inner.h"

#include <stdlib.h>

#define GUARD_BYTE  0xc5u
#define ALIGN_BYTES 64u

static uint64_t block_bytes(const watch_cell *cell) {
    return cell->head_bytes + cell->size_bytes + WATCH_TAIL;
}

unsigned char *ortc_cell_body(const watch_cell *cell) {
    return cell->block + cell->head_bytes;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static bool buffer_create(ortp_instance *instance, const ortp_tensor_arg *like, watch_cell *cell) {
    const ortc_watch *watch = ortc_middle;
    watch_buffer facts;
    if (!ortc_watch_buffer_find(like->buffer, &facts)) return false;
    cell->head_bytes = larger(cell->head_bytes, facts.align_bytes);
    ort_status *status = watch->memory.alloc(instance, facts.device, facts.space, block_bytes(cell), facts.align_bytes,
                                             (ortp_point){0}, &cell->buffer);
    if (status) watch->core->status_destroy(status);
    return !status && cell->buffer;
}

bool ortc_cell_create(ortp_instance *instance, const ortp_tensor_arg *like, uint64_t align_bytes, watch_cell *out) {
    uint64_t align = larger(align_bytes, ALIGN_BYTES);
    watch_cell cell = {.size_bytes = like->size_bytes, .head_bytes = larger(align, WATCH_TAIL), .arg = *like};
    if (!like->host && !buffer_create(instance, like, &cell)) return false;
    void *block = NULL;
    if (posix_memalign(&block, (size_t)align, (size_t)block_bytes(&cell)) != 0) {
        ortc_cell_finish(instance, &cell);
        return false;
    }
    cell.block = block;
    cell.arg.buffer = cell.buffer;
    cell.arg.offset_bytes = cell.buffer ? cell.head_bytes : 0;
    cell.arg.host = cell.buffer ? NULL : ortc_cell_body(&cell);
    *out = cell;
    return true;
}

void ortc_cell_finish(ortp_instance *instance, watch_cell *cell) {
    if (cell->buffer) ortc_middle->memory.release(instance, cell->buffer, (ortp_point){0});
    free(cell->block);
    cell->block = NULL;
    cell->buffer = NULL;
}

/* ---- copies ---- */

ort_status *ortc_watch_point(ortp_binding *binding, ortp_queue *queue, ortp_point *out) {
    const ortp_queue_table *table = &ortc_middle->queue;
    ortp_queue_info info = {.size = sizeof info};
    *out = (ortp_point){0};
    table->describe(queue, &info);
    if (info.flags & ORTP_QUEUE_INLINE) return NULL;
    if (!binding->timeline) {
        ort_status *status = table->timeline_create(binding->plan->program->instance, 0, &binding->timeline);
        if (status) return status;
    }
    *out = (ortp_point){binding->timeline, ++binding->value};
    return NULL;
}

ort_status *ortc_watch_transfer(ortp_binding *binding, ortp_queue *queue, const ortp_copy *copy) {
    const ortp_queue_table *table = &ortc_middle->queue;
    ortp_order order = {.size = sizeof order};
    ort_status *status = ortc_watch_point(binding, queue, &order.signal);
    if (!status) status = table->copy(queue, copy, sizeof *copy, 1, &order);
    if (!status && order.signal.timeline) status = table->point_wait(order.signal, UINT64_MAX);
    return status;
}

ort_status *ortc_cell_fill(ortp_binding *binding, ortp_queue *queue, watch_cell *cell, unsigned char byte) {
    memset(cell->block, GUARD_BYTE, (size_t)block_bytes(cell));
    memset(ortc_cell_body(cell), byte, (size_t)cell->size_bytes);
    if (!cell->buffer) return NULL;
    const ortp_copy up = {
        .size = sizeof up, .src_host = cell->block, .dst_buffer = cell->buffer, .size_bytes = block_bytes(cell)};
    return ortc_watch_transfer(binding, queue, &up);
}

ort_status *ortc_cell_fetch(ortp_binding *binding, ortp_queue *queue, watch_cell *cell) {
    if (!cell->buffer) return NULL;
    const ortp_copy down = {
        .size = sizeof down, .src_buffer = cell->buffer, .dst_host = cell->block, .size_bytes = block_bytes(cell)};
    return ortc_watch_transfer(binding, queue, &down);
}

void ortc_cell_check(const ortp_binding *binding, const watch_cell *cell, const char *rule, const char *what,
                     uint32_t index) {
    char title[200];
    uint64_t end = cell->head_bytes + cell->size_bytes;
    for (uint64_t at = 0; at < block_bytes(cell); at++) {
        if (at == cell->head_bytes) at = end;
        if (cell->block[at] == GUARD_BYTE) continue;
        bool is_before = at < cell->head_bytes;
        ortc_watch_note(rule, "%s: %s %u of %llu bytes: written %llu bytes %s",
                        ortc_watch_title(binding->plan->program, title, sizeof title), what, index,
                        (unsigned long long)cell->size_bytes,
                        (unsigned long long)(is_before ? cell->head_bytes - at : at - end),
                        is_before ? "before its beginning" : "behind its end");
        return;
    }
}
