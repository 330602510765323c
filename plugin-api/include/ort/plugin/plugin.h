/* ort/plugin/plugin.h: the plugin's table, and with it the whole border.
 * A provider begins here: fill one static ortp_plugin_table, answer ortp_entry_v0 with it. */
#ifndef ORT_PLUGIN_PLUGIN_H
#define ORT_PLUGIN_PLUGIN_H

#include "ort/plugin/claim.h"
#include "ort/plugin/device.h"
#include "ort/plugin/entry.h"
#include "ort/plugin/graph.h"
#include "ort/plugin/host.h"
#include "ort/plugin/memory.h"
#include "ort/plugin/options.h"
#include "ort/plugin/program.h"
#include "ort/plugin/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ortp_open_args {
    uint32_t size, flags;
    const ortp_ext *next;
    const uint32_t *devices; /* indexes of devices(); they become 0, 1 ... of the instance */
    uint32_t device_count, setting_stride;
    const ortp_setting *settings; /* checked against the schema; defaults are not filled in */
    uint64_t setting_count;
    void *native_context; /* the application's own context of the vendor's API, or NULL */
} ortp_open_args;
#define ORTP_OPEN_ARGS_SIZE_0_0 56u

/* Required: create, shutdown, device_count, device_describe, open, close and the tables memory, queue, claim and
 * program; in memory alloc and release, in queue all but timeline_export and timeline_import, in claim both, in program
 * all but save and load. The rest may be NULL. Static.
 * Unless said: threads: any; blocking: no; errors: none of its own. */
typedef struct ortp_plugin_table {
    uint32_t size, flags;
    ort_string_view id; /* reverse DNS, as in the manifest */
    ort_string_view version;
    const ortp_option_schema *options; /* NULL: it has none */
    /* One for each host. host: borrow until shutdown. out: create. */
    ort_status *(*create)(const ortp_host *host, ortp_plugin **out);
    /* Everything opened is closed before. threads: one per object. NULL: nothing. */
    void (*shutdown)(ortp_plugin *plugin);
    /* Looks at the hardware. An absent driver or device is a count of 0, with a reason for `ort-info`. blocking: yes.
     */
    ort_status *(*device_count)(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason);
    /* Pointers in *out: borrow-parent (plugin). errors: INVALID_ARGUMENT. */
    ort_status *(*device_describe)(ortp_plugin *plugin, uint32_t device, ortp_device_info *out);
    /* errors: INVALID_ARGUMENT. */
    ort_status *(*device_live)(ortp_plugin *plugin, uint32_t device, ortp_device_live *out);
    /* blocking: yes. errors: INVALID_ARGUMENT naming the option, DEVICE_LOST. out: create. */
    ort_status *(*open)(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out);
    /* No new work follows; returns when what was submitted has settled. blocking: until deadline (host clock).
     * errors: DEADLINE, DEVICE_LOST. */
    ort_status *(*quiesce)(ortp_instance *instance, uint64_t deadline_ns);
    /* All its objects are gone. threads: one per object. NULL: nothing. */
    void (*close)(ortp_instance *instance);
    const ortp_memory_table *memory;
    const ortp_queue_table *queue;
    const ortp_claim_table *claim;
    const ortp_program_table *program;
    const ortp_state_table *state; /* may be NULL */
    const ortp_ops_table *ops;     /* may be NULL */
    /* Experimental interfaces, vendor-prefixed: "acme.profile". May be NULL. */
    const void *(*find_interface)(ort_string_view name, uint32_t version);
} ortp_plugin_table;
#define ORTP_PLUGIN_TABLE_SIZE_0_0 168u

#ifdef __cplusplus
}
#endif

#endif
