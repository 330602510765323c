/* bare/bare.h: a plugin that is open without the core, and how its answers are judged.
 * Start at: ortc_bare_start().  Used by: this room; the suite sees the tables of suite.h alone.
 *
 * Functions that return bool have recorded a failure (or a decline) when they return false; the check then returns.
 * Threads: one, unless said. */
#ifndef ORTC_BARE_BARE_H
#define ORTC_BARE_BARE_H

#include "host/graph.h"
#include "host/host.h"
#include "suite/suite.h"

/* Longer than any honest device needs for the work of one check, on a busy machine too: only a broken plugin waits it
 * out. ThreadSanitizer makes everything some ten times slower. */
#if defined(__SANITIZE_THREAD__)
#define ORTC_WAIT_NS UINT64_C(40000000000)
#else
#define ORTC_WAIT_NS UINT64_C(8000000000)
#endif
#define ORTC_SPACES_MAX 8u

typedef struct ortc_bare {
    ortc_context *context;
    ortp_entry_fn entry;
    const ortp_plugin_table *given; /* the plugin's own; the others are copies, zero where it has nothing */
    ortp_plugin_table plugin;
    ortp_memory_table memory;
    ortp_queue_table queue;
    ortp_claim_table claim;
    ortp_program_table program;
    ortc_host *host;
    ortp_plugin *made;
    uint32_t device_count;
    ortp_device_info device;
    ortp_space_info spaces[ORTC_SPACES_MAX];
    uint32_t space_count;
    ortp_instance *instance;
    /* For uploads and downloads. */
    ortp_queue *mover;
    ortp_queue_info mover_info;
    ortp_timeline *moves;
    uint64_t moved;
    uint64_t epoch; /* of the last view */
} ortc_bare;

/* ---- opening (library.c) ---- */

bool ortc_bare_enter(ortc_bare *bare, ortc_context *context); /* the library, its entry, its tables */
bool ortc_bare_create(ortc_bare *bare);                       /* a host, a plugin */
bool ortc_bare_describe(ortc_bare *bare);                     /* the device under judgement */
bool ortc_bare_open(ortc_bare *bare);                         /* an instance with a queue to move data */
bool ortc_bare_start(ortc_bare *bare, ortc_context *context); /* all of it */
void ortc_bare_close(ortc_bare *bare);                        /* the instance */
/* Ends everything and looks for leaks and faults; after a failure only reports the faults. */
void ortc_bare_finish(ortc_bare *bare);
/* Records the first fault of the host, if there is one. */
bool ortc_bare_is_clean(ortc_bare *bare);
/* One open with the subject's options. */
ort_status *ortc_bare_open_call(ortc_bare *bare, const uint32_t *devices, uint32_t device_count, uint32_t flags,
                                const ortp_ext *next, ortp_instance **out);
uint32_t ortc_entry_call(ortp_entry_fn entry, uint32_t major, uint32_t min_minor, uint32_t max_minor,
                         const ortp_ext *next, uint32_t flags, ortp_entry_reply *reply);
bool ortc_text_is(ort_string_view text, const char *want);
#define ORTC_TEXT(view) (int)((view).length < 200 ? (view).length : 200), (view).data ? (view).data : ""

/* ---- judging a status ---- */

/* status: take. */
bool ortc_bare_ok(ortc_bare *bare, ort_status *status, const char *rule, const char *what);
/* `code` must be the failure's; ORT_CODE_OK: any failure will do. status: take. */
bool ortc_bare_fails(ortc_bare *bare, ort_status *status, ort_code code, const char *rule, const char *what);
bool ortc_bare_wait(ortc_bare *bare, ortp_point point, const char *what); /* until it is reached */

/* ---- bytes on the device (move.c) ---- */

bool ortc_bare_is_inline(const ortc_bare *bare);
bool ortc_bare_can_hold(const ortc_bare *bare); /* takes waits on what the host signals later */
ortp_buffer *ortc_bare_alloc(ortc_bare *bare, uint32_t space, uint64_t size_bytes, uint64_t align_bytes);
void ortc_bare_release(ortc_bare *bare, ortp_buffer *buffer);
bool ortc_bare_upload(ortc_bare *bare, ortp_buffer *buffer, uint64_t offset_bytes, const void *data,
                      uint64_t size_bytes);
bool ortc_bare_download(ortc_bare *bare, ortp_buffer *buffer, uint64_t offset_bytes, void *data, uint64_t size_bytes);
/* Copies that are lent for the call alone, like everything that goes in. waits: at most 8. */
ort_status *ortc_bare_copy(ortc_bare *bare, ortp_queue *queue, const ortp_copy *copies, uint64_t copy_count,
                           const ortp_point *waits, uint32_t wait_count, ortp_point signal);
ortp_copy ortc_copy_in(ortp_buffer *to, uint64_t offset_bytes, const void *from, uint64_t size_bytes);
ortp_copy ortc_copy_out(void *to, ortp_buffer *from, uint64_t offset_bytes, uint64_t size_bytes);
void ortc_bare_pause(void); /* a millisecond: for loops that look and have a deadline */
void ortc_fill(void *data, uint64_t size_bytes, uint64_t seed); /* reproducible bytes */

/* ---- the process (process.c) ---- */

/* What differs from `before`: the rule, or NULL; `text` says it. Destroys nothing. */
const char *ortc_process_difference(const ortc_process *before, char *text, uint64_t text_bytes);
void ortc_process_destroy(ortc_process *process);

/* ---- tables of checks in the files of this room ---- */

#define ORTC_LEVEL_CHECKS_MAX 64u

typedef struct ortc_part {
    const ortc_check *items;
    uint32_t count;
} ortc_part;
/* all: room for ORTC_LEVEL_CHECKS_MAX. */
ortc_checks ortc_checks_join(ortc_check *all, const ortc_part *parts, uint32_t part_count);

extern const ortc_check ortc_manifest_checks[], ortc_entry_checks[], ortc_table_checks[];
extern const uint32_t ortc_manifest_check_count, ortc_entry_check_count, ortc_table_check_count;
extern const ortc_check ortc_facts_checks[], ortc_life_checks[], ortc_claim_checks[], ortc_program_checks[];
extern const ortc_check ortc_memory_checks[], ortc_queue_checks[], ortc_point_checks[], ortc_order_checks[];
extern const ortc_check ortc_fault_input_checks[];
extern const uint32_t ortc_memory_check_count, ortc_queue_check_count, ortc_point_check_count, ortc_order_check_count;
extern const uint32_t ortc_fault_input_check_count;
extern const uint32_t ortc_facts_check_count, ortc_life_check_count, ortc_claim_check_count, ortc_program_check_count;

#define ORTC_COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

#endif
