/* The host's tables, but for the graph's: what a plugin may ask of us. */
#include "base/file.h"
#include "providers/internal.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

static int text_length(ort_string_view text) {
    if (!text.data) return 0;
    return text.length > PROVIDER_TEXT_MAX_BYTES ? (int)PROVIDER_TEXT_MAX_BYTES : (int)text.length;
}

/* ---- core ---- */

static void host_log(ortp_host_context *context, uint32_t level, ort_string_view message) {
    orti_log_write(context->providers->log, level, context->provider->manifest.name, "%.*s", text_length(message),
                   message.data ? message.data : "");
}

static ort_status *host_status_create(ortp_host_context *context, ort_code code, ort_string_view message) {
    /* A failure without a code is a failure all the same. */
    return orti_status_create(code ? code : ORT_CODE_PLUGIN, context->provider->manifest.name, 0, "%.*s",
                              text_length(message), message.data ? message.data : "");
}

static ort_status *host_status_note(ortp_host_context *context, ort_status *status, ort_string_view note) {
    (void)context;
    return ORT_NOTE(status, "%.*s", text_length(note), note.data ? note.data : "");
}

static ort_string_view host_status_message(const ort_status *status) {
    const char *message = ort_status_message(status);
    return (ort_string_view){message, strlen(message)};
}

static ort_status *host_status_copy(ortp_host_context *context, const ort_status *status) {
    (void)context;
    if (!status) return NULL;
    return orti_status_create(ort_status_code(status), ort_status_where(status), 0, "%s", ort_status_message(status));
}

static void *host_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    const orti_allocator *alloc = context->providers->alloc;
    if (size_bytes > SIZE_MAX / 2 || align_bytes > SIZE_MAX / 4) return NULL;
    if (align_bytes & (align_bytes - 1)) return NULL;
    return alloc->alloc(alloc->user, size_bytes ? (size_t)size_bytes : 1, align_bytes ? (size_t)align_bytes : 16);
}

static void host_release(ortp_host_context *context, void *memory) {
    orti_free(context->providers->alloc, memory);
}

static const void *host_find_interface(ortp_host_context *context, ort_string_view name, uint32_t version) {
    (void)context, (void)name, (void)version;
    return NULL;
}

const ortp_host_core orti_host_core = {.size = sizeof(ortp_host_core),
                                       .log_level = ORTP_LOG_DEBUG,
                                       .log = host_log,
                                       .status_create = host_status_create,
                                       .status_note = host_status_note,
                                       .status_code = ort_status_code,
                                       .status_message = host_status_message,
                                       .status_copy = host_status_copy,
                                       .status_destroy = ort_status_destroy,
                                       .alloc = host_alloc,
                                       .release = host_release,
                                       .clock_ns = orti_clock_ns,
                                       .find_interface = host_find_interface};

/* ---- exec ---- */

static void inline_for(int64_t n, int64_t grain, ortp_for_fn fn, void *user) {
    int64_t step = grain > 0 ? grain : 1;
    for (int64_t begin = 0; begin < n; begin += step) fn(user, begin, n - begin < step ? n : begin + step, 0);
}

static void host_parallel_for(ortp_lane *lane, int64_t n, int64_t grain, ortp_for_fn fn, void *user) {
    if (n <= 0) return;
    if (lane && lane->team)
        orti_team_for(lane->team, n, grain > 0 ? grain : 1, fn, user);
    else
        inline_for(n, grain, fn, user);
}

static ort_status *host_submit(ortp_host_context *context, ortp_task_fn fn, void *user) {
    orti_providers *providers = context->providers;
    ort_status *status = NULL;
    orti_lock_take(&providers->worker_lock);
    if (!providers->worker) status = orti_worker_create(providers->alloc, &providers->worker);
    orti_lock_give(&providers->worker_lock);
    return status ? status : orti_worker_submit(providers->worker, fn, user);
}

static void host_lane_describe(const ortp_lane *lane, ortp_lane_info *out) {
    ortp_lane_info info = {.thread_count = 1, .numa_node = ORTP_NONE};
    if (lane)
        info = (ortp_lane_info){.thread_count = lane->team ? orti_team_thread_count(lane->team) : 1,
                                .numa_node = lane->numa_node,
                                .l1_bytes = lane->l1_bytes,
                                .l2_bytes = lane->l2_bytes,
                                .l3_bytes = lane->l3_bytes};
    ort_status_destroy(orti_give_struct(out, &info, sizeof info, ORTP_LANE_INFO_SIZE_0_0, "lane_describe"));
}

static uint32_t host_lane_is_hot(const ortp_lane *lane) {
    return lane && lane->team && orti_team_is_hot(lane->team);
}

static uint32_t host_thread_count_max(ortp_host_context *context) {
    return context->providers->thread_count_max;
}

static uint32_t host_is_cancelled(const ortp_cancel *cancel) {
    if (!cancel) return 0;
    if (atomic_load_explicit(&cancel->is_requested, memory_order_relaxed)) return 1;
    return cancel->deadline_ns && orti_clock_ns() > cancel->deadline_ns;
}

static void host_progress(ortp_compile_job *job, double fraction) {
    if (job && job->progress) job->progress(job->user, fraction);
}

const ortp_host_exec orti_host_exec = {.size = sizeof(ortp_host_exec),
                                       .parallel_for = host_parallel_for,
                                       .submit = host_submit,
                                       .lane_describe = host_lane_describe,
                                       .lane_is_hot = host_lane_is_hot,
                                       .thread_count_max = host_thread_count_max,
                                       .is_cancelled = host_is_cancelled,
                                       .progress = host_progress};

/* ---- store ---- */

static ort_status *host_constant_retain(ortp_host_context *context, const ortp_constant *constant,
                                        const void **out_data) {
    *out_data = NULL;
    if (!constant || constant->size < ORTP_CONSTANT_SIZE_0_0)
        ORT_FAIL(INVALID_ARGUMENT, "constant_retain: no constant, or one that is too short");
    return orti_store_retain(&context->providers->store, constant, out_data);
}

static void host_constant_release(ortp_host_context *context, const ortp_constant *constant, const void *data) {
    if (constant) orti_store_release(&context->providers->store, constant->size_bytes, data);
}

static ort_status *host_weight(ortp_host_context *context, const ortp_constant *constant, ort_string_view layout,
                               ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack, void *user,
                               ortp_packed **out, const void **out_data) {
    *out = NULL;
    *out_data = NULL;
    if (!constant || constant->size < ORTP_CONSTANT_SIZE_0_0 || !pack || (layout.length && !layout.data) ||
        (device.length && !device.data))
        ORT_FAIL(INVALID_ARGUMENT, "weight: no constant, no pack function, or a name without bytes");
    return orti_store_weight(&context->providers->store, &context->provider->manifest, constant, layout, device,
                             size_bytes, pack, user, out, out_data);
}

static void host_weight_release(ortp_host_context *context, ortp_packed *packed) {
    orti_store_weight_release(&context->providers->store, packed);
}

static ort_status *host_cache_get(ortp_host_context *context, ort_string_view key, const void **out_data,
                                  uint64_t *out_size_bytes) {
    (void)context;
    *out_data = NULL;
    *out_size_bytes = 0;
    ORT_FAIL(UNSUPPORTED, "a provider's own entries in the disk cache are not built yet: '%.*s'", text_length(key),
             key.data ? key.data : "");
}

static ort_status *host_cache_put(ortp_host_context *context, ort_string_view key, const void *data,
                                  uint64_t size_bytes) {
    (void)context, (void)data;
    ORT_FAIL(UNSUPPORTED, "a provider's own entries in the disk cache are not built yet: '%.*s' of %llu bytes",
             text_length(key), key.data ? key.data : "", (unsigned long long)size_bytes);
}

const ortp_host_store orti_host_store = {.size = sizeof(ortp_host_store),
                                         .constant_retain = host_constant_retain,
                                         .constant_release = host_constant_release,
                                         .weight = host_weight,
                                         .weight_release = host_weight_release,
                                         .cache_get = host_cache_get,
                                         .cache_put = host_cache_put};

/* ---- infer, output, trace: the rooms that hand the objects out answer ---- */

static ort_status *host_shape(const ortp_shapes *shapes, uint32_t value, ortp_shape *out) {
    ortp_shape full = {.size = sizeof full};
    if (!shapes || !shapes->shape) ORT_FAIL(INVALID_ARGUMENT, "shape: no shapes are at hand");
    ORT_TRY(shapes->shape(shapes->user, value, &full));
    return orti_give_struct(out, &full, sizeof full, ORTP_SHAPE_SIZE_0_0, "shape");
}

static ort_status *host_resolve(ortp_host_context *context, const ortp_shapes *shapes, const uint32_t *values,
                                const int64_t *const *dims, uint64_t value_count, const ortp_shapes **out) {
    (void)context;
    *out = NULL;
    if (!shapes || !shapes->resolve) ORT_FAIL(UNSUPPORTED, "resolve: sizes that the run tells end a partition here");
    return shapes->resolve(shapes->user, values, dims, value_count, out);
}

static ort_status *host_set(ortp_shapes *shapes, uint32_t node, uint32_t index, uint32_t dtype, const ortp_dim *dims,
                            uint32_t rank) {
    if (!shapes || !shapes->set) ORT_FAIL(UNSUPPORTED, "set: no shape function is being asked");
    return shapes->set(shapes->user, node, index, dtype, dims, rank);
}

const ortp_host_infer orti_host_infer = {
    .size = sizeof(ortp_host_infer), .shape = host_shape, .resolve = host_resolve, .set = host_set};

static ort_status *host_provide(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                                uint64_t size_bytes, ortp_tensor_arg *out) {
    ortp_tensor_arg full = {.size = sizeof full};
    if (!outputs || !outputs->provide) ORT_FAIL(INVALID_ARGUMENT, "provide: this run has no outputs of unknown size");
    if (rank && !dims) ORT_FAIL(INVALID_ARGUMENT, "provide: output %u has a rank and no dimensions", index);
    ORT_TRY(outputs->provide(outputs->user, index, dims, rank, size_bytes, &full));
    return orti_give_struct(out, &full, sizeof full, ORTP_TENSOR_ARG_SIZE_0_0, "provide");
}

const ortp_host_output orti_host_output = {.size = sizeof(ortp_host_output), .provide = host_provide};

static void host_span(ortp_span *span, const uint32_t *nodes, uint64_t node_count, ort_string_view name,
                      uint64_t begin_ns, uint64_t end_ns) {
    if (span && span->span) span->span(span->user, nodes, node_count, name, begin_ns, end_ns);
}

const ortp_host_trace orti_host_trace = {.size = sizeof(ortp_host_trace), .span = host_span};
