/* ort/ort.h: Orthrus for applications: everything, in one sitting.
 *
 *     environment   plugins found once, devices listed, threads               ort_environment
 *     model         bytes -> graph; inspectable, shareable                     ort_model
 *     session       model + options; immutable, used by many threads           ort_session
 *     run           one call: ort_session_run, or a prepared ort_binding       inputs -> outputs
 *
 * Every function that can fail returns `ort_status *`: NULL is success; otherwise you own it (ort_status_destroy), its
 * code says whose turn it is and its message names the thing. On failure out-parameters are NULL or zero.
 * Ownership words: create/destroy (we allocate, you are the one owner), retain/release (counted), borrow (valid until
 * the named parent is destroyed). Every destroy and release takes NULL. Children are destroyed before their parents.
 * Strings are UTF-8, terminated. Structs that you fill begin with `size`: set it with ORT_INIT(type).
 * Threads: environment, model and session from any thread, also at once; a tensor and a binding by one at a time.
 * The library writes to no file descriptor and opens no socket unless asked. Since: everything here is 0.1. */
#ifndef ORT_ORT_H
#define ORT_ORT_H

#include "ort/plugin/words.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORT_VERSION_MAJOR 0
#define ORT_VERSION_MINOR 1
#define ORT_VERSION_PATCH 0
#define ORT_API           ORT_EXPORT

/* "0.1.0": of the library at run time. Static. */
ORT_API const char *ort_version(void);

typedef struct ort_environment ort_environment;
typedef struct ort_options ort_options;
typedef struct ort_model ort_model;
typedef struct ort_session ort_session;
typedef struct ort_binding ort_binding;
typedef struct ort_run ort_run;
typedef struct ort_tensor ort_tensor;
typedef struct ort_value ort_value;

/* ---- status ---- */
ORT_API ort_code ort_status_code(const ort_status *status);
ORT_API const char *ort_status_message(const ort_status *status); /* borrow: status; "" for NULL */
ORT_API const char *ort_status_where(const ort_status *status);   /* file:line in our source, for bug reports */
ORT_API const char *ort_code_name(ort_code code);                 /* "invalid-argument" ...; static */
ORT_API void ort_status_destroy(ort_status *status);

/* ---- options: one JSON document, in a file, as text, or key by key ---- */
/* An unknown key or a wrong type is INVALID_ARGUMENT naming the key and the nearest one. */
ORT_API ORT_MUST_USE ort_status *ort_options_create(ort_options **out);
ORT_API ORT_MUST_USE ort_status *ort_options_load(ort_options *options, const char *path);
ORT_API ORT_MUST_USE ort_status *ort_options_parse(ort_options *options, const char *json);
/* One key: "threads.per_lane", "4". `value` is JSON, or a bare word, which counts as a string. */
ORT_API ORT_MUST_USE ort_status *ort_options_set(ort_options *options, const char *key, const char *value);
ORT_API void ort_options_destroy(ort_options *options);

/* ---- environment ---- */
#define ORT_LOG_ERROR   1u
#define ORT_LOG_WARNING 2u
#define ORT_LOG_INFO    3u
#define ORT_LOG_DEBUG   4u
typedef void (*ort_log_fn)(void *user, uint32_t level, const char *room, const char *message);

/* Finds plugins and cores; opens no plugin yet. `options` NULL: defaults; ORT_CONFIG and ORT_PLUGIN_PATH are read here,
 * once, and ignored when the process runs with raised rights. log NULL: silent; it is called from any thread. */
ORT_API ORT_MUST_USE ort_status *ort_environment_create(const ort_options *options, ort_log_fn log, void *log_user,
                                                        ort_environment **out);
ORT_API void ort_environment_destroy(ort_environment *environment);

/* What was found: one entry a manifest, in order of search. Strings: borrow (environment), "" where unknown. */
#define ORT_PROVIDER_USABLE   1u
#define ORT_PROVIDER_REFUSED  2u /* `stage`, `code` and `reason` say why */
#define ORT_PROVIDER_SHADOWED 3u /* a higher version of the same id was found */
typedef struct ort_provider_info {
    uint32_t size, state;
    const char *name, *id, *version, *vendor, *path;
    const char *stage, *reason;
    ort_code code;
    uint32_t device_count; /* 0 until ort_environment_open_providers */
} ort_provider_info;

typedef struct ort_device_info {
    uint32_t size, provider; /* index of the provider */
    uint32_t index, numa_node;
    const char *kind, *name, *vendor, *id, *driver_version, *pci_address;
    uint64_t memory_bytes, free_bytes;
} ort_device_info;
#define ORT_INIT(type) ((type){.size = (uint32_t)sizeof(type)})

/* Opens every provider that fits, so that its devices are listed; one that fails becomes REFUSED and costs nobody
 * else anything. With "plugins": {"probe": true} each is first opened in a process of its own. blocking: yes. */
ORT_API ORT_MUST_USE ort_status *ort_environment_open_providers(ort_environment *environment);
ORT_API uint32_t ort_environment_provider_count(const ort_environment *environment);
ORT_API ORT_MUST_USE ort_status *ort_environment_provider(const ort_environment *environment, uint32_t index,
                                                          ort_provider_info *out);
ORT_API ORT_MUST_USE ort_status *ort_environment_device(const ort_environment *environment, uint32_t provider,
                                                        uint32_t device, ort_device_info *out);
/* Cores, caches, NUMA nodes, limits and lanes as JSON (schema 1). out: create, free with ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_environment_topology_json(const ort_environment *environment, char **out);
ORT_API void ort_string_destroy(char *string);

/* Registers a provider that is linked in: the manifest's text and the plugin's entry (an ortp_entry_fn). Before
 * ort_environment_open_providers and the first session. */
ORT_API ORT_MUST_USE ort_status *ort_environment_register(ort_environment *environment, const char *manifest_json,
                                                          uint32_t (*entry)(const void *request, void *reply));

/* ---- model ---- */
/* The file stays mapped (option "weights": "map") until the model and its sessions are gone. options NULL: defaults;
 * "limits" and "weights" count here. errors: NOT_FOUND, INVALID_MODEL, LIMIT_EXCEEDED, UNSUPPORTED. */
ORT_API ORT_MUST_USE ort_status *ort_model_load(ort_environment *environment, const char *path,
                                                const ort_options *options, ort_model **out);
/* From memory, which is copied. `folder`: where external data may lie; NULL: none allowed. */
ORT_API ORT_MUST_USE ort_status *ort_model_load_bytes(ort_environment *environment, const void *data,
                                                      uint64_t size_bytes, const char *folder,
                                                      const ort_options *options, ort_model **out);
ORT_API void ort_model_destroy(ort_model *model); /* sessions made from it go on */

/* An input or output. dims: -1 where a size is not fixed, dim_names[i] then names it ("" when it has no name).
 * Borrow: the model or session it was asked of. */
typedef struct ort_value_info {
    uint32_t size, dtype;
    const char *name;
    const char *type; /* "float32"; for what is no tensor ONNX's words: "seq(tensor(float))" */
    uint32_t has_shape, rank;
    const int64_t *dims;
    const char *const *dim_names;
    uint32_t kind, reserved; /* ORT_VALUE_*; ORT_VALUE_SPARSE is described, and never run */
} ort_value_info;
ORT_API uint32_t ort_model_input_count(const ort_model *model);
ORT_API uint32_t ort_model_output_count(const ort_model *model);
ORT_API ORT_MUST_USE ort_status *ort_model_input(const ort_model *model, uint32_t index, ort_value_info *out);
ORT_API ORT_MUST_USE ort_status *ort_model_output(const ort_model *model, uint32_t index, ort_value_info *out);
/* Opset, IR version, producer, metadata, number of nodes as JSON; of a simplified model also what each pass did. out:
 * create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_model_describe_json(const ort_model *model, char **out);
/* The graph's text form (docs/graph-text.md). out: create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_model_print(const ort_model *model, char **out);

/* What the passes make of the model: a model of its own, equal in what it computes, that can be printed, saved and made
 * into sessions. The options "passes" and "providers" count: providers compute the constants. out: create,
 * ort_model_destroy. errors: as ort_session_create for what can't be raised to the newest operators. */
ORT_API ORT_MUST_USE ort_status *ort_model_simplify(ort_environment *environment, const ort_model *model,
                                                    const ort_options *options, ort_model **out);
#define ORT_SAVE_EXTERNAL 1u /* weights in a file beside the model, "PATH.data" */
typedef struct ort_save_options {
    uint32_t size, flags;
    int32_t opset; /* of ai.onnx; 0: the model's, or the lowest above it that every node allows */
} ort_save_options;
/* As an ONNX file that any reader takes. Written under another name and renamed when it is complete. options NULL:
 * defaults; over 1.9 GB weights are external in any case. errors: IO; NOT_FOUND for the folder; UNSUPPORTED naming the
 * node that the operator set does not suit. */
ORT_API ORT_MUST_USE ort_status *ort_model_save(const ort_model *model, const ort_save_options *options,
                                                const char *path);
/* The passes that there are: [{"name", "summary", "required"}, ...]. out: create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_passes_json(char **out);

/* ---- session ---- */
/* Simplifies, places and compiles. errors: UNSUPPORTED naming the first operator that no provider takes, and why. */
ORT_API ORT_MUST_USE ort_status *ort_session_create(ort_environment *environment, ort_model *model,
                                                    const ort_options *options, ort_session **out);
ORT_API void ort_session_destroy(ort_session *session); /* no run is in flight */
ORT_API uint32_t ort_session_input_count(const ort_session *session);
ORT_API uint32_t ort_session_output_count(const ort_session *session);
ORT_API ORT_MUST_USE ort_status *ort_session_input(const ort_session *session, uint32_t index, ort_value_info *out);
ORT_API ORT_MUST_USE ort_status *ort_session_output(const ort_session *session, uint32_t index, ort_value_info *out);

/* Where every node of the loaded model went. */
#define ORT_PLACED_PROVIDER 1u /* ran by `provider` */
#define ORT_PLACED_FOLDED   2u /* computed once, at creation: now a constant */
#define ORT_PLACED_KNOWN    3u /* follows from shapes: computed by the core when shapes change */
#define ORT_PLACED_REMOVED  4u /* `detail` says which pass took it and why it means the same */
#define ORT_PLACED_CORE     5u /* the core's own: control flow, sequences */
typedef struct ort_placement {
    uint32_t size, state;
    const char *node, *op_type, *domain;
    const char *provider, *device; /* "" unless PROVIDER */
    uint32_t partition;            /* its number; UINT32_MAX unless PROVIDER */
    double cost_ns;
    const char *detail; /* why others were refused, or what became of it */
} ort_placement;
/* One entry for each node of the model as loaded. Borrow: session. */
ORT_API uint32_t ort_session_placement_count(const ort_session *session);
ORT_API ORT_MUST_USE ort_status *ort_session_placement(const ort_session *session, uint32_t index, ort_placement *out);
/* The same, with partitions, copies and totals, as JSON (schema 1) or text. out: create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_session_placement_json(const ort_session *session, char **out);
ORT_API ORT_MUST_USE ort_status *ort_session_placement_text(const ort_session *session, char **out);

/* ---- tensors ---- */
/* Own memory, zeroed. out: create. Rank at most 32. Of strings: all empty, and meant to stay so. */
ORT_API ORT_MUST_USE ort_status *ort_tensor_create(ort_dtype dtype, const int64_t *dims, uint32_t rank,
                                                   ort_tensor **out);
/* Your memory of exactly `size_bytes`, which outlives the tensor; any alignment, 64 bytes is fastest. */
ORT_API ORT_MUST_USE ort_status *ort_tensor_wrap(ort_dtype dtype, const int64_t *dims, uint32_t rank, void *data,
                                                 uint64_t size_bytes, ort_tensor **out);
ORT_API ort_tensor *ort_tensor_retain(ort_tensor *tensor);
ORT_API void ort_tensor_release(ort_tensor *tensor);
ORT_API ort_dtype ort_tensor_dtype(const ort_tensor *tensor);
ORT_API uint32_t ort_tensor_rank(const ort_tensor *tensor);
ORT_API const int64_t *ort_tensor_dims(const ort_tensor *tensor); /* borrow: tensor */
ORT_API int64_t ort_tensor_element_count(const ort_tensor *tensor);
ORT_API uint64_t ort_tensor_size_bytes(const ort_tensor *tensor);
ORT_API void *ort_tensor_data(ort_tensor *tensor); /* row-major; NULL only when it has no elements */
ORT_API const void *ort_tensor_data_const(const ort_tensor *tensor);
ORT_API const char *ort_dtype_name(ort_dtype dtype); /* "float32" ...; static */
/* ONNX TensorProto (.pb) and NumPy (.npy) files, told by the name's ending. name may be NULL. */
ORT_API ORT_MUST_USE ort_status *ort_tensor_load(const char *path, ort_tensor **out);
ORT_API ORT_MUST_USE ort_status *ort_tensor_save(const ort_tensor *tensor, const char *name, const char *path);

/* Strings are one buffer: int64 offsets[n + 1] from the first byte behind them, then all bytes, without terminators:
 * string i is [offsets[i], offsets[i + 1]). That is what ort_tensor_data shows and ort_tensor_wrap takes. */
/* Copies n strings, as many as the shape has elements. lengths NULL: they are terminated. out: create. */
ORT_API ORT_MUST_USE ort_status *ort_tensor_create_strings(const int64_t *dims, uint32_t rank,
                                                           const char *const *strings, const uint64_t *lengths,
                                                           ort_tensor **out);
/* String `index`, not terminated; NULL when there is none. Borrow: tensor. */
ORT_API const char *ort_tensor_string(const ort_tensor *tensor, int64_t index, uint64_t *out_length);

/* ---- values: tensors, and the sequences, optionals and maps that hold them ---- */
/* Threads: as tensors; which items a value holds never changes. */
#define ORT_VALUE_TENSOR   0u
#define ORT_VALUE_SEQUENCE 1u
#define ORT_VALUE_OPTIONAL 2u /* holds one item or none */
#define ORT_VALUE_MAP                                                                                                  \
    3u /* holds two: a tensor of keys [n], integers or strings, and a tensor [n] or a sequence of n                    \
        */
#define ORT_VALUE_SPARSE 4u
/* A tensor is a value: the same object, seen as one, and back (NULL when the value is no tensor). Borrow. */
ORT_API ort_value *ort_tensor_value(ort_tensor *tensor);
ORT_API ort_tensor *ort_value_tensor(ort_value *value);
ORT_API uint32_t ort_value_kind(const ort_value *value);
ORT_API uint32_t ort_value_item_count(const ort_value *value);             /* 0 for a tensor */
ORT_API ort_value *ort_value_item(const ort_value *value, uint32_t index); /* borrow: value; NULL: no such item */
/* Retains the items. out: create. errors: INVALID_ARGUMENT when they don't fit the kind. */
ORT_API ORT_MUST_USE ort_status *ort_value_create(uint32_t kind, ort_value *const *items, uint32_t item_count,
                                                  ort_value **out);
ORT_API ort_value *ort_value_retain(ort_value *value);
ORT_API void ort_value_release(ort_value *value);
/* ONNX .pb files of a value of the type that ort_value_info.type says: TensorProto, SequenceProto, OptionalProto,
 * MapProto. Tensors also as .npy. name may be NULL. */
ORT_API ORT_MUST_USE ort_status *ort_value_load(const char *path, const char *type, ort_value **out);
ORT_API ORT_MUST_USE ort_status *ort_value_save(const ort_value *value, const char *name, const char *path);

/* ---- run ---- */
typedef struct ort_run_options {
    uint32_t size, flags;
    uint64_t timeout_ns; /* 0: none; over it the run fails with DEADLINE */
    ort_run *run;        /* a handle for cancel, or NULL */
    uint64_t seed;
} ort_run_options;

/* One call: inputs[i] for input i, all of them; *outputs[j] for output j: created for you when NULL, written in place
 * when not (its type and shape must then be right). Any number of threads at once. run_options NULL: defaults. errors:
 * INVALID_ARGUMENT naming the input, its shape and the one wanted; CANCELLED; DEADLINE; DEVICE_LOST. */
ORT_API ORT_MUST_USE ort_status *ort_session_run(ort_session *session, ort_tensor *const *inputs, uint32_t input_count,
                                                 ort_tensor **outputs, uint32_t output_count,
                                                 const ort_run_options *run_options);

/* The same for values of every kind. An output is written in place where it is a tensor. */
ORT_API ORT_MUST_USE ort_status *ort_session_run_values(ort_session *session, ort_value *const *inputs,
                                                        uint32_t input_count, ort_value **outputs,
                                                        uint32_t output_count, const ort_run_options *run_options);

/* A prepared run that keeps its inputs and outputs in place: ort_binding_run allocates nothing and, on one thread,
 * makes no system call. Set every input, then run. Outputs that were not set are created when the shapes are known. */
ORT_API ORT_MUST_USE ort_status *ort_binding_create(ort_session *session, ort_binding **out);
ORT_API void ort_binding_destroy(ort_binding *binding);
/* Retains the tensor. A new shape means a new plan, made at the next prepare or run. */
ORT_API ORT_MUST_USE ort_status *ort_binding_set_input(ort_binding *binding, uint32_t index, ort_tensor *tensor);
ORT_API ORT_MUST_USE ort_status *ort_binding_set_output(ort_binding *binding, uint32_t index, ort_tensor *tensor);
/* Does all that can be done before the run; ort_binding_run does it when needed. */
ORT_API ORT_MUST_USE ort_status *ort_binding_prepare(ort_binding *binding);
ORT_API ORT_MUST_USE ort_status *ort_binding_run(ort_binding *binding, const ort_run_options *run_options);
ORT_API ort_tensor *ort_binding_output(ort_binding *binding, uint32_t index); /* borrow: binding; NULL before a run */
/* The same for values of every kind. */
ORT_API ORT_MUST_USE ort_status *ort_binding_set_value(ort_binding *binding, uint32_t index, ort_value *value);
ORT_API ort_value *ort_binding_value(ort_binding *binding, uint32_t index);

/* Runs on a thread of the library, and on none while it waits for a device. `done` is called once, from there, with
 * NULL or a status that it borrows; the binding is in use until then. A deadline is looked at where the run goes on. */
typedef void (*ort_done_fn)(void *user, const ort_status *status);
ORT_API ORT_MUST_USE ort_status *ort_binding_run_async(ort_binding *binding, const ort_run_options *run_options,
                                                       ort_done_fn done, void *user);

/* A handle by which another thread cancels a run; one run at a time uses it. */
ORT_API ORT_MUST_USE ort_status *ort_run_create(ort_run **out);
ORT_API void ort_run_cancel(ort_run *run); /* any thread; what has not begun is dropped, the run fails with CANCELLED */
ORT_API void ort_run_destroy(ort_run *run);

/* ---- numbers ---- */
/* Counters and times of a session (runs, plans made and found, bytes of workspace and weights, creation phases) as JSON
 * (schema 1). out: create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_session_metrics_json(const ort_session *session, char **out);
/* Profiles runs from now on; stop gives a Chrome trace (JSON). out: create, ort_string_destroy. */
ORT_API ORT_MUST_USE ort_status *ort_session_profile_start(ort_session *session);
ORT_API ORT_MUST_USE ort_status *ort_session_profile_stop(ort_session *session, char **out);

#ifdef __cplusplus
}
#endif

#endif
