/* ort/plugin/entry.h: the one symbol a plugin exports, and the negotiation behind it.
 * Start at: ortp_entry_fn.  A new major version is a new symbol; this file's is ORTP_ENTRY_SYMBOL. */
#ifndef ORT_PLUGIN_ENTRY_H
#define ORT_PLUGIN_ENTRY_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_ENTRY_SYMBOL "ortp_entry_v0"

struct ortp_plugin_table;

/* What the host speaks: minors min_minor .. max_minor of `major`. */
typedef struct ortp_entry_request {
    uint32_t size, flags;
    const ortp_ext *next;
    uint32_t major, min_minor, max_minor, reserved;
    ort_string_view host_name, host_version;
} ortp_entry_request;
#define ORTP_ENTRY_REQUEST_SIZE_0_0 64u

/* What the plugin answers. The host sets `size` and zeroes the rest. On refusal `code` is not ORT_CODE_OK, `text` says
 * why (terminated) and min_minor .. max_minor what the plugin speaks; no host status exists yet, hence the array. */
typedef struct ortp_entry_reply {
    uint32_t size, code;
    const ortp_ext *next;
    uint32_t agreed_minor, min_minor, max_minor, reserved;
    const struct ortp_plugin_table *plugin; /* static: valid for ever (plugins are never unloaded) */
    char text[256];
} ortp_entry_reply;
#define ORTP_ENTRY_REPLY_SIZE_0_0 296u

/* Pure: no thread, no file, no device, no memory kept; callable by several hosts in one process, again after shutdown.
 * Returns reply->code. threads: any. blocking: no. */
typedef uint32_t (*ortp_entry_fn)(const ortp_entry_request *request, ortp_entry_reply *reply);

#ifdef __cplusplus
}
#endif

#endif
