/* host/inner.h: a host from inside, shared by the files of this room. */
#ifndef ORTC_HOST_INNER_H
#define ORTC_HOST_INNER_H

#include "host/host.h"

#include <pthread.h>

#define TASKS_MAX 256

typedef struct retained retained;

struct ortp_packed {
    ortc_host *host;
    uint64_t identity[2];
    char layout[200], device[120];
    void *data;
    uint64_t size_bytes;
    uint32_t users;
    struct ortp_packed *next;
};

struct ortp_host_context {
    ortp_host table;
    uint32_t thread_count;
    pthread_mutex_t lock; /* of the lists */
    retained *retained;
    ortp_packed *packed;
    ortp_view *views;
    ortp_shapes *shapes;
    pthread_t tasks[TASKS_MAX];
    uint32_t task_count;
    atomic_uint_fast64_t alloc_calls, fail_in, live_blocks, live_bytes, live_statuses;
    atomic_uint_fast64_t retained_count, packed_count, packings, log_messages;
    atomic_bool is_lasting, has_refused;
};

extern const ortp_host_exec ortc_exec_table;
extern const ortp_host_graph ortc_graph_table;
extern const ortp_host_infer ortc_infer_table;
extern const ortp_host_store ortc_store_table;

/* Whether this allocation is the one that fails. */
bool ortc_host_must_fail(ortc_host *host);
void ortc_store_finish(ortc_host *host);
void ortc_exec_finish(ortc_host *host);
void ortc_views_finish(ortc_host *host);
void ortc_shapes_finish(ortc_host *host);

/* heap.c: one region for all hosts, open while one lives. */
bool ortc_heap_open(void);
void ortc_heap_close(void);
void *ortc_heap_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes);
void ortc_heap_release(ortp_host_context *context, void *memory);
/* Takes every live block of this owner away; the first is described. Returns how many. */
uint64_t ortc_heap_forget(const ortc_host *owner, char *text, uint64_t text_bytes);

/* status.c */
ort_status *ortc_status_make(ortp_host_context *context, ort_code code, ort_string_view message);
ort_status *ortc_status_note(ortp_host_context *context, ort_status *status, ort_string_view note);
ort_string_view ortc_status_message(const ort_status *status);
ort_status *ortc_status_copy(ortp_host_context *context, const ort_status *status);
void ortc_status_forget(const ortc_host *owner, char *text, uint64_t text_bytes);

/* Out-structs: as much as the caller has room for. NULL, or a status of `host` when it is shorter than `minimum`. */
ort_status *ortc_give_struct(ortc_host *host, void *out, const void *full, uint32_t size_bytes, uint32_t minimum_bytes,
                             const char *what);

#endif
