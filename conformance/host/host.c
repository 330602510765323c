#include "host/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool ortc_host_must_fail(ortc_host *host) {
    atomic_fetch_add(&host->alloc_calls, 1);
    uint64_t left = atomic_load(&host->fail_in);
    while (left && !atomic_compare_exchange_weak(&host->fail_in, &left, left - 1)) continue;
    if (left != 1) return false;
    atomic_store(&host->has_refused, true);
    if (atomic_load(&host->is_lasting)) atomic_store(&host->fail_in, 1);
    return true;
}

bool ortc_host_fail_alloc(ortc_host *host, uint64_t nth, bool is_lasting) {
    atomic_store(&host->is_lasting, is_lasting);
    atomic_store(&host->fail_in, nth);
    return atomic_exchange(&host->has_refused, false);
}

ort_status *ortc_give_struct(ortc_host *host, void *out, const void *full, uint32_t size_bytes, uint32_t minimum_bytes,
                             const char *what) {
    uint32_t capacity = 0;
    memcpy(&capacity, out, sizeof capacity);
    if (capacity < minimum_bytes) {
        ortc_fault_note("host.calls", "%s: the out-struct's size is %u, at least %u are needed", what, capacity,
                        minimum_bytes);
        return ortc_status_create(host, ORT_CODE_INVALID_ARGUMENT, "%s: size %u is too small", what, capacity);
    }
    uint32_t written = capacity < size_bytes ? capacity : size_bytes;
    memcpy(out, full, written);
    memcpy(out, &written, sizeof written);
    return NULL;
}

static void core_log(ortp_host_context *context, uint32_t level, ort_string_view message) {
    atomic_fetch_add(&context->log_messages, 1);
    if (level < ORTP_LOG_ERROR || level > ORTP_LOG_DEBUG) ortc_fault_note("host.calls", "log with level %u", level);
    if (message.length && !message.data) ortc_fault_note("host.calls", "log with a message at NULL");
}

static uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const void *find_interface(ortp_host_context *context, ort_string_view name, uint32_t version) {
    (void)context, (void)name, (void)version;
    return NULL;
}

static ort_status *provide(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                           uint64_t size_bytes, ortp_tensor_arg *out) {
    if (!atomic_load(&outputs->is_open))
        ortc_fault_note("lifetime.after_release", "output %u was told after its run had settled", index);
    return outputs->provide(outputs->user, index, dims, rank, size_bytes, out);
}

static void span(ortp_span *at, const uint32_t *nodes, uint64_t node_count, ort_string_view name, uint64_t begin_ns,
                 uint64_t end_ns) {
    (void)name;
    if (!at) return;
    if (!atomic_load(&at->is_open)) ortc_fault_note("lifetime.after_release", "a span after its run had settled");
    if (begin_ns > end_ns) ortc_fault_note("host.calls", "a span that ends before it begins");
    if (node_count && !nodes)
        ortc_fault_note("host.calls", "a span of %llu nodes at NULL", (unsigned long long)node_count);
    atomic_fetch_add(&at->count, 1);
}

static const ortp_host_core core_table = {.size = sizeof core_table,
                                          .log_level = ORTP_LOG_DEBUG,
                                          .log = core_log,
                                          .status_create = ortc_status_make,
                                          .status_note = ortc_status_note,
                                          .status_code = ortc_status_code,
                                          .status_message = ortc_status_message,
                                          .status_copy = ortc_status_copy,
                                          .status_destroy = ortc_status_destroy,
                                          .alloc = ortc_heap_alloc,
                                          .release = ortc_heap_release,
                                          .clock_ns = clock_ns,
                                          .find_interface = find_interface};
static const ortp_host_output output_table = {.size = sizeof output_table, .provide = provide};
static const ortp_host_trace trace_table = {.size = sizeof trace_table, .span = span};

ortc_host *ortc_host_create(uint32_t thread_count) {
    if (!ortc_heap_open()) return NULL;
    ortc_host *host = calloc(1, sizeof *host);
    if (!host) {
        ortc_heap_close();
        return NULL;
    }
    pthread_mutex_init(&host->lock, NULL);
    host->thread_count = thread_count ? thread_count : 1;
    host->table = (ortp_host){.size = sizeof host->table,
                              .agreed_minor = ORTP_ABI_MINOR,
                              .context = host,
                              .core = &core_table,
                              .graph = &ortc_graph_table,
                              .exec = &ortc_exec_table,
                              .store = &ortc_store_table,
                              .infer = &ortc_infer_table,
                              .output = &output_table,
                              .trace = &trace_table};
    return host;
}

void ortc_host_destroy(ortc_host *host) {
    char text[300] = "";
    if (!host) return;
    ortc_exec_finish(host);
    ortc_store_finish(host);
    ortc_views_finish(host);
    ortc_shapes_finish(host);
    ortc_heap_forget(host, text, sizeof text);
    ortc_status_forget(host, text, sizeof text);
    pthread_mutex_destroy(&host->lock);
    free(host);
    ortc_heap_close();
}

void ortc_host_abandon(ortc_host *host) {
    if (host) ortc_heap_close();
}

const ortp_host *ortc_host_table(const ortc_host *host) {
    return &host->table;
}

ortc_balance ortc_host_weigh(const ortc_host *host) {
    return (ortc_balance){.alloc_calls = atomic_load(&host->alloc_calls),
                          .live_blocks = atomic_load(&host->live_blocks),
                          .live_bytes = atomic_load(&host->live_bytes),
                          .live_statuses = atomic_load(&host->live_statuses),
                          .retained_constants = atomic_load(&host->retained_count),
                          .packed_weights = atomic_load(&host->packed_count),
                          .packings = atomic_load(&host->packings),
                          .log_messages = atomic_load(&host->log_messages),
                          .tasks = host->task_count};
}

void ortc_host_expect_empty(ortc_host *host, const char *when) {
    char text[300] = "";
    ortc_exec_finish(host);
    ortc_balance held = ortc_host_weigh(host);
    if (!held.live_blocks && !held.live_statuses && !held.retained_constants && !held.packed_weights) return;
    ortc_heap_forget(host, text, sizeof text);
    ortc_status_forget(host, text, sizeof text);
    ortc_fault_note(
        "lifetime.leak",
        "%s, %llu blocks (%llu bytes), %llu statuses, %llu constants and %llu packed weights are held: %.80s", when,
        (unsigned long long)held.live_blocks, (unsigned long long)held.live_bytes,
        (unsigned long long)held.live_statuses, (unsigned long long)held.retained_constants,
        (unsigned long long)held.packed_weights, text);
}
