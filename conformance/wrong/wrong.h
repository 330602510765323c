/* wrong/ortc_wrong.h: a right plugin (sdk/template-async) with one function replaced.
 *
 * Each file here but ortc_wrong.c is one plugin. It replaces a slot of a table in ortc_wrong_spoil(), or a function of
 * the right plugin by defining __wrap_FUNCTION, which calls __real_FUNCTION (ld, --wrap). tools/tests/wrong.sh builds
 * all of them. */
#ifndef ORTC_WRONG_WRONG_H
#define ORTC_WRONG_WRONG_H

#include "async.h"

/* What this plugin gives out: copies of the right tables. */
typedef struct ortc_wrong_tables {
    ortp_plugin_table plugin;
    ortp_memory_table memory;
    ortp_queue_table queue;
    ortp_claim_table claim;
    ortp_program_table program;
    ortp_entry_fn entry; /* NULL: the right one */
} ortc_wrong_tables;
extern ortc_wrong_tables ortc_wrong;

/* Called when the library is loaded. */
void ortc_wrong_spoil(void);
/* The right plugin's entry; on success the reply has the tables above. */
uint32_t ortc_wrong_entry(const ortp_entry_request *request, ortp_entry_reply *reply);

#endif
