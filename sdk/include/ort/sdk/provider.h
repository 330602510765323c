/* ort/sdk/provider.h: a whole provider out of a table of kernels (ort/sdk/kernel.h).
 * Start at: ortk_provider and ORTK_PROVIDER_ENTRY. A plugin's main file is one ortk_provider, one line of macro, and
 * the functions that say what the machine has.
 *
 * The kit supplies negotiation, claim, compile (fusion, layouts), prepare (memory plan), bind and run. Memory and queue
 * are tables of their own: ortk_host_memory and ortk_inline_queue serve devices that compute in host memory on the
 * calling thread; another device brings its own two tables.
 *
 * Statuses are made by the host; ortk_fail() finds it through a thread-local set by every border function of the kit on
 * entry and restored on return, so it works in any callback below and in kernels' claim, compile and plan, and on no
 * other thread. */
#ifndef ORT_SDK_PROVIDER_H
#define ORT_SDK_PROVIDER_H

#include "ort/sdk/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTK_VIEW_LIT(text)                                                                                            \
    { text, sizeof(text) - 1 }

/* Where a provider's kernels are gathered. Several for one operator: the first added that takes a node wins. */
typedef struct ortk_kernels ortk_kernels;
/* kernels: borrow, for ever (constant data). */
ort_status *ortk_kernels_add(ortk_kernels *all, const ortk_kernel *kernels, uint32_t count);

/* What open decides for one instance. The kit zeroes it before. */
#define ORTK_SETTING_NO_FUSION  0x1u /* every node is a step of its own */
#define ORTK_SETTING_NO_LAYOUTS 0x2u /* PIXELS only inside conversions around the kernels that need it */
typedef struct ortk_settings {
    void *context;                        /* ortk_compiler_context(), ortk_planner_context() and close get it */
    uint32_t flags;                       /* ORTK_SETTING_* */
    double inline_hot_ns, inline_cold_ns; /* steps below these run on the caller; 0: 3 us, 100 us */
    uint32_t precision;      /* ORTP_PRECISION_*: of sessions that ask for the model's, by an option of the provider */
    uint32_t precision_bits; /* 1 << ORTP_PRECISION_*: what kernels with ORTK_KERNEL_REDUCES can keep here */
    uint64_t align_bytes;    /* of what a plan keeps in its workspace: a power of two; below 64: 64 */
} ortk_settings;

/* What a node costs is guessed from: symbolic sizes at the policy's `opt`, else 0 where not known. */
typedef struct ortk_node_size {
    double output_elements, input_bytes, output_bytes; /* constants count as input */
    double multiply_adds;                              /* of products and convolutions; else 0 */
} ortk_node_size;

/* Callbacks may be NULL where said. `context` is what create gave. */
typedef struct ortk_provider {
    /* NULL: no context. host: borrow until destroy. */
    ort_status *(*create)(const ortp_host *host, void **out_context);
    void (*destroy)(const ortp_host *host, void *context); /* NULL: nothing to do */
    /* Adds every kernel, best first. Once, after create. NULL: claim and program tables of one's own. */
    ort_status *(*kernels)(void *context, ortk_kernels *all);
    /* 0 with a reason when the hardware or driver is not there. */
    ort_status *(*device_count)(void *context, uint32_t *out_count, ort_string_view *out_reason);
    ort_status *(*device_describe)(void *context, uint32_t device, ortp_device_info *out);
    ort_status *(*device_live)(void *context, uint32_t device, ortp_device_live *out); /* NULL: not offered */
    /* Reads the settings; the host has checked them against the schema. NULL: none. */
    ort_status *(*open)(void *context, const ortp_open_args *args, ortk_settings *out);
    void (*close)(void *context, ortk_settings *settings); /* NULL: nothing to do */
    /* NULL: from the device's flops_per_ns, bytes_per_ns and launch_ns. */
    double (*node_cost_ns)(void *context, const ortp_node_info *node, const ortk_node_size *size);
} ortk_provider;

/* What the provider's open gave as settings.context. */
void *ortk_compiler_context(const ortk_compiler *compiler);
void *ortk_planner_context(const ortk_planner *planner);
/* What the piece was proposed with, ORTP_PRECISION_*: for kernels with ORTK_KERNEL_REDUCES, the others go on as the
 * model's types say. Never a precision that settings.precision_bits lacks. */
uint32_t ortk_compiler_precision(const ortk_compiler *compiler);
/* Threads that may run tasks of one step at the same time; plan may make tasks by it only where the result's bits do
 * not depend on how they are cut. */
uint32_t ortk_planner_thread_count(const ortk_planner *planner);
/* The option's value: `fallback` when it was not set. */
bool ortk_setting_bool(const ortp_open_args *args, const char *name, bool fallback);
int64_t ortk_setting_int(const ortp_open_args *args, const char *name, int64_t fallback);
ort_string_view ortk_setting_text(const ortp_open_args *args, const char *name, const char *fallback);
bool ortk_view_is(ort_string_view view, const char *text);

/* ---- for providers with claim and program tables of their own (ORTK_PROVIDER_ENTRY_TABLES) ---- */
const ortp_host *ortk_instance_host(const ortp_instance *instance);
void *ortk_instance_context(const ortp_instance *instance); /* settings.context, as open gave it */
/* Around every border function of one's own, so that ortk_fail works inside. Calls nest. */
const ortp_host *ortk_host_enter(const ortp_host *host); /* returns the one before, for ortk_host_leave */
void ortk_host_leave(const ortp_host *before);
/* UNSUPPORTED for what types.h says must be understood: flags of the high 16, extensions with ORTP_EXT_MUST. `what`
 * names the call. Inside ortk_host_enter. */
ort_status *ortk_unknown_check(const char *what, uint32_t flags, const ortp_ext *next);
/* Where an argument of a ortk_host_memory device lies; NULL when it names neither buffer nor host memory. */
void *ortk_host_address(const ortp_tensor_arg *arg);
/* INVALID_ARGUMENT, naming `what` and `index`, unless an argument of such a device has `size_bytes` inside its buffer,
 * dense. */
ort_status *ortk_arg_check(const ortp_tensor_arg *arg, uint64_t size_bytes, const char *what, uint32_t index);

/* The defaults for devices whose memory is the host's. */
extern const ortp_memory_table ortk_host_memory;
extern const ortp_queue_table ortk_inline_queue;

/* What the macro refers to. */
extern const ortp_claim_table ortk_claim_table;
extern const ortp_program_table ortk_program_table;
uint32_t ortk_entry(const ortp_plugin_table *table, const ortp_entry_request *request, ortp_entry_reply *reply);
ort_status *ortk_plugin_create(const ortk_provider *provider, const ortp_plugin_table *table, const ortp_host *host,
                               ortp_plugin **out);
void ortk_plugin_shutdown(ortp_plugin *plugin);
ort_status *ortk_plugin_device_count(ortp_plugin *plugin, uint32_t *out_count, ort_string_view *out_reason);
ort_status *ortk_plugin_device_describe(ortp_plugin *plugin, uint32_t device, ortp_device_info *out);
ort_status *ortk_plugin_device_live(ortp_plugin *plugin, uint32_t device, ortp_device_live *out);
ort_status *ortk_plugin_open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out);
ort_status *ortk_plugin_quiesce(ortp_instance *instance, uint64_t deadline_ns);
void ortk_plugin_close(ortp_instance *instance);

/* Defines the plugin's table `NAME_table` and the exported entry.
 * id_text, version_text: literals; schema: const ortp_option_schema * or NULL; memory_, queue_: tables. */
#define ORTK_PROVIDER_ENTRY(NAME, provider_, id_text, version_text, schema, memory_, queue_)                           \
    ORTK_PROVIDER_ENTRY_TABLES(NAME, provider_, id_text, version_text, schema, memory_, queue_, ortk_claim_table,      \
                               ortk_program_table)
/* The same with tables of one's own for claim and program: names of objects. */
#define ORTK_PROVIDER_ENTRY_TABLES(NAME, provider_, id_text, version_text, schema, memory_, queue_, claim_, program_)  \
    static ort_status *NAME##_create(const ortp_host *host, ortp_plugin **out);                                        \
    const ortp_plugin_table NAME##_table = {                                                                           \
        .size = sizeof(ortp_plugin_table),                                                                             \
        .id = ORTK_VIEW_LIT(id_text),                                                                                  \
        .version = ORTK_VIEW_LIT(version_text),                                                                        \
        .options = (schema),                                                                                           \
        .create = NAME##_create,                                                                                       \
        .shutdown = ortk_plugin_shutdown,                                                                              \
        .device_count = ortk_plugin_device_count,                                                                      \
        .device_describe = ortk_plugin_device_describe,                                                                \
        .device_live = ortk_plugin_device_live,                                                                        \
        .open = ortk_plugin_open,                                                                                      \
        .quiesce = ortk_plugin_quiesce,                                                                                \
        .close = ortk_plugin_close,                                                                                    \
        .memory = (memory_),                                                                                           \
        .queue = (queue_),                                                                                             \
        .claim = &(claim_),                                                                                            \
        .program = &(program_),                                                                                        \
    };                                                                                                                 \
    static ort_status *NAME##_create(const ortp_host *host, ortp_plugin **out) {                                       \
        return ortk_plugin_create(&(provider_), &NAME##_table, host, out);                                             \
    }                                                                                                                  \
    ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);                     \
    ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply) {                    \
        return ortk_entry(&NAME##_table, request, reply);                                                              \
    }

#ifdef __cplusplus
}
#endif

#endif
