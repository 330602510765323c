/* providers/providers.h: execution providers as the core uses them: found, explained, checked, opened, wrapped.
 * Start at: orti_providers_create(), orti_provider_open(), orti_instance_open().  Used by: partition, schedule, run,
 * session.
 *
 * This is the only room that sees a plugin's tables. Everything that comes out of a plugin is checked here: a NULL
 * where an object was promised, an index out of range, a claim of a node that was not offered is ORT_CODE_PLUGIN naming
 * the provider and the rule. Objects of a plugin (ortp_program, ortp_buffer ...) stay its own opaque handles; the
 * instance that made them is the first argument of every function on them. Threads: any, on everything, unless said.
 * Statics: none, but for the numbers that tell views apart. */
#ifndef ORT_CORE_PROVIDERS_PROVIDERS_H
#define ORT_CORE_PROVIDERS_PROVIDERS_H

#include "base/log.h"
#include "base/team.h"
#include "base/text.h"
#include "graph/graph.h"
#include "ort/plugin/plugin.h"

typedef struct orti_providers orti_providers; /* all that was found; one an environment */
typedef struct orti_provider orti_provider;   /* one manifest; owned by orti_providers */
typedef struct orti_instance orti_instance;   /* devices and options of a provider, open; counted */

/* ---- the host's own objects behind the border's opaque names: the rooms that hand them out fill them in ---- */

/* Cores that a run may use. `team` NULL: the calling thread alone. */
struct ortp_lane {
    orti_team *team;
    uint32_t numa_node; /* ORTP_NONE: not known */
    uint64_t l1_bytes, l2_bytes, l3_bytes;
};
/* Set from any thread; asked by providers and by run. */
struct ortp_cancel {
    _Atomic uint32_t is_requested;
    uint64_t deadline_ns; /* 0: none */
};
/* Shapes for one prepare. `shape` fills `out` (size is set) for a value of the view; `resolve` may be NULL
 * (UNSUPPORTED), `set` too (only shape functions of vendor operators need it). */
struct ortp_shapes {
    void *user;
    ort_status *(*shape)(void *user, uint32_t value, ortp_shape *out);
    ort_status *(*resolve)(void *user, const uint32_t *values, const int64_t *const *dims, uint64_t value_count,
                           const ortp_shapes **out);
    ort_status *(*set)(void *user, uint32_t node, uint32_t index, uint32_t dtype, const ortp_dim *dims, uint32_t rank);
};
/* Receives outputs whose size the run tells. Any thread. */
struct ortp_outputs {
    void *user;
    ort_status *(*provide)(void *user, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes,
                           ortp_tensor_arg *out);
};
/* Receives the pieces of a run. Any thread. */
struct ortp_span {
    void *user;
    void (*span)(void *user, const uint32_t *nodes, uint64_t node_count, ort_string_view name, uint64_t begin_ns,
                 uint64_t end_ns);
};
/* One compile. progress may be NULL. */
struct ortp_compile_job {
    void *user;
    void (*progress)(void *user, double fraction);
};

/* ---- find ---- */

/* A provider that is linked in. */
typedef struct orti_providers_static {
    const char *manifest_json;
    ortp_entry_fn entry;
} orti_providers_static;

typedef struct orti_providers_options {
    /* Folders (or single NAME.ortp.json files) in order of trust: those of the API, then ORT_PLUGIN_PATH split at ':'.
     */
    const char *const *api_paths;
    uint32_t api_path_count;
    const char *environment_path; /* the value of ORT_PLUGIN_PATH as the session read it, or NULL */
    bool skip_defaults;           /* do not look into user, system and library folders (tests) */
    bool probe;                   /* open each provider in a process of its own first */
    const char *probe_program;    /* NULL: libexec/orthrus/ort-probe beside the library */
    uint64_t probe_timeout_ns;    /* 0: 5 s */
    const orti_providers_static *statics;
    uint32_t static_count;
    const char *cache_folder;  /* of packed weights; NULL: none */
    const orti_log *log;       /* borrow: providers; NULL: silent */
    uint32_t thread_count_max; /* of the widest lane; 0: 1 */
} orti_providers_options;

/* Reads manifests; opens nothing. Wrong manifests are records, never a failure. errors: OUT_OF_MEMORY. */
ORT_MUST_USE ort_status *orti_providers_create(const orti_allocator *alloc, const orti_providers_options *options,
                                               orti_providers **out);
/* All instances are released and all views destroyed before. Shuts plugins down; they stay in memory. Takes NULL. */
void orti_providers_destroy(orti_providers *providers);
/* Adds a linked-in provider later. Before anything is opened. */
ORT_MUST_USE ort_status *orti_providers_register(orti_providers *providers, const char *manifest_json,
                                                 ortp_entry_fn entry);
/* The widest lane, once topology knows it: what plugins size scratch by. Before anything is opened. */
void orti_providers_set_thread_count_max(orti_providers *providers, uint32_t thread_count);

/* One for each manifest, in order of search; a shadowed one is listed too. */
uint32_t orti_providers_count(const orti_providers *providers);
orti_provider *orti_providers_at(const orti_providers *providers, uint32_t index);
/* The usable provider with that name or id; NOT_FOUND names the nearest, and for a refused one the reason. */
ORT_MUST_USE ort_status *orti_providers_find(const orti_providers *providers, const char *name, orti_provider **out);

typedef enum orti_provider_state {
    ORTI_PROVIDER_USABLE,  /* nothing speaks against it (so far) */
    ORTI_PROVIDER_REFUSED, /* stage, code and reason say why */
    ORTI_PROVIDER_SHADOWED /* another manifest of the same id wins; reason names it */
} orti_provider_state;

/* Strings: borrow (providers), never NULL, "" where not known. `stage`: "manifest", "needs", "digest", "probe", "open",
 * "entry", "table", "create", "devices". reason and stage are "" while usable. */
typedef struct orti_provider_facts {
    const char *id, *name, *version, *vendor, *path, *library;
    orti_provider_state state;
    const char *stage, *reason;
    ort_code code;
    int32_t priority; /* from the manifest; higher goes first where costs are equal */
    bool is_open, is_static;
} orti_provider_facts;
void orti_provider_describe(const orti_provider *provider, orti_provider_facts *out);
const char *orti_provider_name(const orti_provider *provider); /* "cpu"; borrow */

/* ---- enter ---- */

/* Loads, negotiates, checks tables, creates the plugin and lists its devices; at most once, later calls answer the
 * same. A refusal is recorded on the provider and returned (a fresh status each time). */
ORT_MUST_USE ort_status *orti_provider_open(orti_provider *provider);
/* Valid after open. Checked deep copies; borrow: providers. */
uint32_t orti_provider_device_count(const orti_provider *provider);
const ortp_device_info *orti_provider_device(const orti_provider *provider, uint32_t index);
/* Why there is no device ("no driver"), or "". */
const char *orti_provider_device_reason(const orti_provider *provider);
/* Zeros where the provider does not tell. */
ORT_MUST_USE ort_status *orti_provider_device_live(orti_provider *provider, uint32_t index, ortp_device_live *out);
/* The provider's options: the plugin's schema once open. NULL: it has none. */
const ortp_option_schema *orti_provider_options(const orti_provider *provider);
/* Operators of the vendor's own, or NULL. Valid after open. */
const ortp_ops_table *orti_provider_ops(const orti_provider *provider);
/* Checks settings of `scope` (ORTP_OPTION_SCOPE_*) against the schema: INVALID_ARGUMENT naming provider, key, nearest
 * key, kind or range. */
ORT_MUST_USE ort_status *orti_provider_check_settings(const orti_provider *provider, uint32_t scope,
                                                      const ortp_setting *settings, uint32_t setting_count);

/* ---- open ---- */

/* Opens provider (when it is not yet) and instance. The same devices and settings give the same instance, retained once
 * more. `devices`: indexes of orti_provider_device; they become 0, 1 ... of the instance. */
ORT_MUST_USE ort_status *orti_instance_open(orti_provider *provider, const uint32_t *devices, uint32_t device_count,
                                            const ortp_setting *settings, uint32_t setting_count, orti_instance **out);
orti_instance *orti_instance_retain(orti_instance *instance);
void orti_instance_release(orti_instance *instance); /* quiesces and closes with the last; takes NULL */
orti_provider *orti_instance_provider(const orti_instance *instance);
uint32_t orti_instance_device_count(const orti_instance *instance);
const ortp_device_info *orti_instance_device(const orti_instance *instance, uint32_t device); /* borrow: provider */
/* Host pointers may be given as arguments, and buffers map. */
bool orti_instance_is_host_addressable(const orti_instance *instance, uint32_t device);

/* What the hot path calls without a check in between: plain functions of the plugin, never NULL. Borrow: instance. */
typedef struct orti_instance_hot {
    ort_status *(*run)(ortp_binding *binding, const ortp_run_args *args);
    ort_status *(*rebind)(ortp_binding *binding, const ortp_bind_args *args);
    ort_status *(*copy)(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                        const ortp_order *order);
    uint32_t (*point_state)(ortp_point point, ort_status **out_failure);
} orti_instance_hot;
const orti_instance_hot *orti_instance_hot_table(const orti_instance *instance);

/* ---- views: a graph as a plugin sees it ---- */

/* A snapshot of `graph` (borrowed, not edited while the view lives) with a fresh epoch. Ids are the graph's own.
 * `hidden`: 1 for nodes that are not shown in ortp_graph_info.nodes (known ones, control flow), NULL: all are shown.
 * `known`: 1 for values that carry ORTP_VALUE_IS_KNOWN (contents given to prepare, computed by nobody), NULL: none.
 * Both have one byte for each id and are copied. Constants can be retained by plugins through the store until released,
 * also after the view is gone. Bodies are views of their own, made on demand, destroyed with this one. */
ORT_MUST_USE ort_status *orti_view_create(orti_providers *providers, orti_graph *graph, const uint8_t *hidden,
                                          const uint8_t *known, const ortp_view **out);
void orti_view_destroy(const ortp_view *view); /* takes NULL */
uint64_t orti_view_epoch(const ortp_view *view);
const orti_graph *orti_view_graph(const ortp_view *view);

/* ---- claim ---- */

/* A checked copy of what a plugin proposed. Everything lives in the claims' arena. by_body, node_cost_ns, ranges may be
 * NULL as in ortp_proposal; boundaries are dense here. */
typedef struct orti_proposal {
    uint64_t token;
    uint32_t flags, device;
    uint32_t node_count;
    const uint32_t *nodes; /* in the order of the view: producers first */
    const uint8_t *by_body;
    const double *node_cost_ns;
    double cost_ns, launch_ns;
    uint64_t constant_bytes, workspace_bytes;
    uint32_t precision, accumulate_dtype;
    const ortp_boundary *boundaries;
    uint32_t boundary_count;
    const ortp_symbol_range *ranges;
    uint64_t range_count;
} orti_proposal;

typedef struct orti_decline {
    uint32_t node, code; /* ORTP_DECLINE_* or one that is not known yet */
    const char *text;
} orti_decline;

typedef struct orti_claims {
    orti_arena arena;
    orti_proposal *proposals;
    size_t proposal_count, proposal_capacity;
    orti_decline *declines;
    size_t decline_count, decline_capacity;
} orti_claims;

/* Asks one instance. `allowed`: one byte for each of ortp_graph_info.nodes, in that order (NULL: all). Rules kept by
 * the copy: nodes exist, are allowed, appear in one proposal once; token unique and not 0; device in range; the set is
 * convex; numbers are finite and not negative; every node allowed has an answer (one without gets a decline "said
 * nothing"). A breach is PLUGIN and leaves `out` empty; so does a failure of the plugin. Settle in every case. */
ORT_MUST_USE ort_status *orti_instance_propose(orti_instance *instance, const ortp_view *view, const uint8_t *allowed,
                                               const ortp_policy *policy, orti_claims *out);
void orti_claims_finish(orti_claims *claims);
/* Once for each instance that was asked about the view. */
void orti_instance_settle(orti_instance *instance, const ortp_view *view, const uint64_t *tokens, uint64_t token_count);

/* ---- program. Failures name the provider. ---- */
ORT_MUST_USE ort_status *orti_program_compile(orti_instance *instance, const ortp_compile_args *args,
                                              ortp_program **out);
void orti_program_destroy(orti_instance *instance, ortp_program *program);
ORT_MUST_USE ort_status *orti_program_prepare(orti_instance *instance, ortp_program *program,
                                              const ortp_prepare_args *args, ortp_plan **out);
/* `size` need not be set. Checked: alignment is a power of two (0 becomes ORTI_ALIGN_BYTES), the space exists. */
ORT_MUST_USE ort_status *orti_plan_describe(orti_instance *instance, const ortp_plan *plan, uint32_t device,
                                            ortp_plan_info *out);
void orti_plan_destroy(orti_instance *instance, ortp_plan *plan);
ORT_MUST_USE ort_status *orti_plan_bind(orti_instance *instance, ortp_plan *plan, const ortp_bind_args *args,
                                        ortp_binding **out);
void orti_plan_unbind(orti_instance *instance, ortp_binding *binding);
/* As the hot table's, with the provider's name put before a failure. */
ORT_MUST_USE ort_status *orti_binding_rebind(orti_instance *instance, ortp_binding *binding,
                                             const ortp_bind_args *args);
ORT_MUST_USE ort_status *orti_binding_launch(orti_instance *instance, ortp_binding *binding, const ortp_run_args *args);
/* Puts "provider 'cpu'" before a status that a hot function returned. NULL stays NULL. */
ORT_MUST_USE ort_status *orti_instance_note(const orti_instance *instance, ort_status *status);

/* ---- memory ---- */
ORT_MUST_USE ort_status *orti_buffer_alloc(orti_instance *instance, uint32_t device, uint32_t space,
                                           uint64_t size_bytes, uint64_t align_bytes, ortp_point after,
                                           ortp_buffer **out);
void orti_buffer_release(orti_instance *instance, ortp_buffer *buffer, ortp_point after); /* buffer may be NULL */
ORT_MUST_USE ort_status *orti_buffer_map(orti_instance *instance, ortp_buffer *buffer, uint64_t offset_bytes,
                                         uint64_t size_bytes, void **out);
void orti_buffer_unmap(orti_instance *instance, ortp_buffer *buffer);
/* UNSUPPORTED when the provider does not offer it. */
ORT_MUST_USE ort_status *orti_buffer_import(orti_instance *instance, uint32_t device, const ortp_share *share,
                                            ortp_buffer **out);
ORT_MUST_USE ort_status *orti_buffer_export(orti_instance *instance, ortp_buffer *buffer, ortp_share *share);
ORT_MUST_USE ort_status *orti_instance_memory_stats(orti_instance *instance, uint32_t device, uint32_t space,
                                                    ortp_memory_stats *out);
ORT_MUST_USE ort_status *orti_instance_trim(orti_instance *instance, uint32_t device, uint64_t budget_bytes);

/* ---- queues, timelines, points ---- */
ORT_MUST_USE ort_status *orti_queue_create(orti_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out);
void orti_queue_destroy(orti_instance *instance, ortp_queue *queue);
void orti_queue_describe(orti_instance *instance, const ortp_queue *queue, ortp_queue_info *out);
ORT_MUST_USE ort_status *orti_queue_copy(orti_instance *instance, ortp_queue *queue, const ortp_copy *copies,
                                         uint64_t copy_count, const ortp_order *order);
ORT_MUST_USE ort_status *orti_timeline_create(orti_instance *instance, uint64_t initial_value, ortp_timeline **out);
void orti_timeline_destroy(orti_instance *instance, ortp_timeline *timeline);
/* ORTP_POINT_*; an unknown answer counts as failed with PLUGIN. A point without timeline is reached. */
uint32_t orti_point_state(orti_instance *instance, ortp_point point, ort_status **out_failure);
ORT_MUST_USE ort_status *orti_point_wait(orti_instance *instance, ortp_point point, uint64_t timeout_ns);
ORT_MUST_USE ort_status *orti_point_on_settled(orti_instance *instance, ortp_point point, ortp_settled_fn fn,
                                               void *user);
ORT_MUST_USE ort_status *orti_timeline_signal(orti_instance *instance, ortp_timeline *timeline, uint64_t value,
                                              ort_status *failure_taken);

/* ---- listing for ort-info and the application ---- */
/* {"schema":1,"providers":[{...,"devices":[...]}]} of what is known now. */
ORT_MUST_USE ort_status *orti_providers_json(const orti_providers *providers, orti_text *text);

#endif
