/* providers/internal.h: what the files of this room share. Not included from outside it. */
#ifndef ORT_CORE_PROVIDERS_INTERNAL_H
#define ORT_CORE_PROVIDERS_INTERNAL_H

#include "base/lock.h"
#include "base/worker.h"
#include "providers/manifest.h"
#include "providers/providers.h"
#include "providers/store.h"

#define PROVIDER_DEVICE_COUNT_MAX 4096u /* more is a plugin that answers garbage */
#define PROVIDER_SPACE_COUNT_MAX  64u
#define PROVIDER_OPTION_COUNT_MAX 4096u
#define PROVIDER_TEXT_MAX_BYTES   65536u /* of any string that a plugin shows */

struct ortp_host_context {
    orti_providers *providers;
    orti_provider *provider;
};

struct orti_provider {
    orti_providers *owner;
    orti_lock lock; /* state, opening, instances */
    orti_arena arena;
    orti_manifest manifest;
    const char *path; /* of the manifest; "<static>" for a linked-in one */
    ortp_entry_fn entry;
    bool is_static;

    orti_provider_state state;
    const char *stage, *reason;
    ort_code code;
    bool is_open;
    /* Told of each step of opening: the probe writes it down before the step can crash. NULL: nobody. */
    void (*on_stage)(void *user, const char *stage);
    void *on_stage_user;

    ortp_host host;
    ortp_host_context context;
    ortp_plugin *plugin;
    /* Copies: a tail that an older plugin does not have is zero, so every slot of ours may be read. */
    ortp_plugin_table table;
    ortp_memory_table memory;
    ortp_queue_table queue;
    ortp_claim_table claim;
    ortp_program_table program;
    ortp_ops_table ops;
    ortp_option_schema options; /* dense, checked; options NULL: none */
    ortp_device_info *devices;
    uint32_t device_count;
    const char *device_reason;
    orti_instance *instances; /* list of the open ones */
};

struct orti_instance {
    orti_provider *provider;
    orti_instance *next;
    uint32_t ref_count; /* under the provider's lock */
    char *key;
    uint32_t *devices;
    uint32_t device_count;
    ortp_instance *handle;
    orti_instance_hot hot;
};

struct orti_providers {
    const orti_allocator *alloc;
    const orti_log *log;
    orti_provider **items;
    size_t count, capacity;
    bool probe;
    char *probe_program;
    uint64_t probe_timeout_ns;
    uint32_t thread_count_max;
    orti_store store;
    orti_lock worker_lock;
    orti_worker *worker; /* made when the first plugin asks for a task */
};

/* ---- find.c ---- */
ort_status *orti_find_all(orti_providers *providers, const orti_providers_options *options);
/* Lists a provider from manifest text; what is wrong with it becomes its refusal. */
ort_status *orti_find_add_static(orti_providers *providers, const char *manifest_json, ortp_entry_fn entry);
/* Decides which of those with one id wins. */
ort_status *orti_find_shadow(orti_providers *providers);

/* ---- provider.c ---- */
ort_status *orti_provider_create(orti_providers *providers, const char *path, orti_provider **out);
void orti_provider_destroy(orti_provider *provider);
/* Records why it can't be used; takes the status, which may be NULL: then nothing happens. False when refused. */
bool orti_provider_refuse(orti_provider *provider, const char *stage, ort_status *taken);
/* A fresh status that says the recorded refusal. */
ort_status *orti_provider_refusal(const orti_provider *provider);

/* ---- host tables ---- */
extern const ortp_host_core orti_host_core;
extern const ortp_host_graph orti_host_graph;
extern const ortp_host_exec orti_host_exec;
extern const ortp_host_store orti_host_store;
extern const ortp_host_infer orti_host_infer;
extern const ortp_host_output orti_host_output;
extern const ortp_host_trace orti_host_trace;

/* ---- devices.c, settings.c ---- */
ort_status *orti_devices_read(orti_provider *provider);
ort_status *orti_options_read(orti_provider *provider, const ortp_option_schema *schema);

/* ---- check.c: what a plugin says ---- */
/* A terminated copy of a plugin's string in `arena`; PLUGIN naming `what` when data is NULL or it is too long. */
ort_status *orti_check_text(orti_arena *arena, ort_string_view view, const char *what, const char **out);
/* The same as a view of the copy. */
ort_status *orti_check_view(orti_arena *arena, ort_string_view view, const char *what, ort_string_view *out);
/* Unknown flags of the high 16 bits are refused. */
ort_status *orti_check_flags(uint32_t flags, const char *what);
ort_status *orti_check_extensions(const ortp_ext *next, const char *what);
/* Writes `full` (size_bytes long, its first word set by this) to an out-struct of the plugin's capacity, which must be
 * at least `minimum_bytes`. */
ort_status *orti_give_struct(void *out, const void *full, uint32_t size_bytes, uint32_t minimum_bytes,
                             const char *what);
/* A status for what a plugin did not keep to: "provider 'cpu': function: ...". */
ort_status *orti_breach(const orti_instance *instance, const char *function, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- view.c ---- */
struct ortp_view {
    orti_providers *providers;
    orti_graph *graph;
    uint64_t epoch;
    orti_arena arena;
    uint32_t *nodes;     /* shown, producers first */
    uint32_t *positions; /* of each node id in `order`; ORTI_NONE for deleted ones */
    uint32_t *order;     /* all live nodes */
    uint32_t node_count, order_count;
    uint8_t *is_shown; /* by node id */
    uint8_t *known;    /* by value id, or NULL */
    uint32_t *inputs, *outputs;
    uint32_t input_count, output_count;
    struct view_node *facts; /* by node id */
    uint32_t **consumers;    /* by value id */
    uint32_t *consumer_counts;
    orti_lock text_lock; /* texts are made on demand */
    orti_arena text_arena;
};
/* Values that node `id` reads, also those its bodies capture. */
const uint32_t *orti_view_reads(const ortp_view *view, uint32_t id, uint32_t *out_count);

/* ---- probe.c ---- */
ort_status *orti_probe(orti_provider *provider);

#endif
