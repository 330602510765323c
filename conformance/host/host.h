/* host/host.h: a host that can account for everything a plugin does with it.
 * Start at: ortc_host_create().  Used by: bare.
 *
 * One process has any number of hosts, but one list of faults: a misuse is noted as the rule it breaks
 * (suite/rules.def) and a sentence, and the plugin goes on. Memory that a plugin may hold lies in pages of its own,
 * directly before a page that can't be touched; what was released can't be touched either. A touch is caught (SIGSEGV,
 * only while a host lives), noted, and the page opened so that the plugin goes on. Threads: any, except that hosts are
 * created and destroyed by one. */
#ifndef ORTC_HOST_HOST_H
#define ORTC_HOST_HOST_H

#include "ort/plugin/plugin.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct ortp_host_context ortc_host;

/* thread_count: of the widest lane, at least 1. NULL: the system has no memory or address space left. */
ortc_host *ortc_host_create(uint32_t thread_count);
/* Waits for tasks and gives up what a plugin left behind. NULL: nothing. */
void ortc_host_destroy(ortc_host *host);
/* Leaves everything as it is, for a plugin that nobody trusts to end; only the fault handler is taken down. NULL:
 * nothing. */
void ortc_host_abandon(ortc_host *host);
const ortp_host *ortc_host_table(const ortc_host *host); /* lives as long as the host */

/* ---- what went wrong ---- */

typedef struct ortc_fault {
    const char *rule; /* static */
    char text[280];
} ortc_fault;

#define ORTC_FAULTS 32 /* the first ones are kept */

void ortc_fault_note(const char *rule, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint32_t ortc_fault_count(void); /* of those kept */
const ortc_fault *ortc_fault_get(uint32_t index);
void ortc_fault_clear(void);

/* ---- what is out ---- */

typedef struct ortc_balance {
    uint64_t alloc_calls; /* ever, failed ones too */
    uint64_t live_blocks, live_bytes;
    uint64_t live_statuses; /* made and not yet destroyed, whoever holds them */
    uint64_t retained_constants, packed_weights, packings;
    uint64_t log_messages, tasks;
} ortc_balance;

ortc_balance ortc_host_weigh(const ortc_host *host);
/* Notes a fault (lifetime.leak) for all that a plugin still holds after its shutdown. */
void ortc_host_expect_empty(ortc_host *host, const char *when);
/* The `nth` allocation from now fails (1: the next; 0: none), and all after it when `is_lasting`. Packed weights,
 * retained constants and tasks count as allocations. Returns whether what was asked for before came to it. */
bool ortc_host_fail_alloc(ortc_host *host, uint64_t nth, bool is_lasting);

/* ---- memory that a plugin is lent ---- */

typedef enum ortc_use { ORTC_USE_HEAP, ORTC_USE_LENT, ORTC_USE_TENSOR, ORTC_USE_WORKSPACE } ortc_use;

/* The use names the rule that a touch breaks. Contents: 0xa5 at first. align_bytes: a power of two; NULL: none left. */
void *ortc_block_create(const ortc_host *owner, ortc_use use, uint64_t size_bytes, uint64_t align_bytes);
void ortc_block_destroy(void *block); /* out of reach from now on; NULL: nothing */
/* A copy of an argument, out of reach once it is destroyed: for what a plugin may look at during one call. */
void *ortc_block_lend(const ortc_host *owner, const void *data, uint64_t size_bytes);

/* ---- statuses ---- */

bool ortc_status_is_of(const ort_status *status, const ortc_host *host); /* live and made by this host */
ort_code ortc_status_code(const ort_status *status);
const char *ortc_status_text(const ort_status *status); /* terminated; borrow */
void ortc_status_destroy(ort_status *status);           /* NULL: nothing */
ort_status *ortc_status_create(ortc_host *host, ort_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- what a call is given ---- */

typedef enum ortc_spread {
    ORTC_SPREAD_ORDERED, /* chunks in their order, on the calling thread */
    ORTC_SPREAD_REVERSE, /* the last chunk first, on the calling thread, slots by turns */
    ORTC_SPREAD_THREADS  /* on as many threads as the lane has */
} ortc_spread;

struct ortp_lane {
    uint32_t thread_count;
    ortc_spread spread;
    bool is_hot;
};
struct ortp_cancel {
    atomic_uint is_asked;
};
struct ortp_span {
    const ortc_host *host;
    atomic_uint is_open, count;
};
struct ortp_compile_job {
    atomic_uint reports, is_open;
    double fraction;
};
struct ortp_outputs {
    ort_status *(*provide)(void *user, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes,
                           ortp_tensor_arg *out);
    void *user;
    atomic_uint is_open;
};

#endif
