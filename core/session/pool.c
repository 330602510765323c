/* Runs that wait for their next use, and the one call that needs no binding. */
#include "session/inner.h"

#include "base/file.h"

#include <string.h>

/* What the model declares as an optional may be given as what it would hold. */
static bool is_kind_right(uint32_t wanted, const orti_datum *datum) {
    return wanted == (uint32_t)datum->type || wanted == ORT_VALUE_OPTIONAL;
}

ort_status *orti_input_check(const ort_session *session, uint32_t index, orti_datum *datum) {
    const ort_value_info *want = &session->inputs.items[index];
    if (!datum) ORT_FAIL(INVALID_ARGUMENT, "input '%s' is not set", want->name);
    const orti_tensor *tensor = orti_datum_tensor(datum);
    bool is_right = is_kind_right(want->kind, datum);
    if (is_right && (!tensor || want->kind != ORT_VALUE_TENSOR || tensor->dtype == want->dtype))
        return tensor && tensor->dtype == ORT_DTYPE_STRING
                   ? ORT_NOTE(orti_tensor_check_strings(tensor), "input '%s'", want->name)
                   : NULL;
    orti_text got;
    orti_text_init(&got, session->alloc);
    if (tensor)
        orti_shape_print(tensor->dtype, tensor->dims, tensor->rank, &got);
    else
        orti_text_add(&got, "a %s", orti_value_type_name(datum->type));
    ort_status *status =
        ORT_STATUS(INVALID_ARGUMENT, "input '%s' is %s, but the model wants %s", want->name, got.data, want->type);
    orti_text_finish(&got);
    return status;
}

static orti_execution *pool_find(ort_session *session, orti_datum *const *inputs) {
    orti_execution *found = NULL;
    orti_lock_take(&session->lock);
    for (uint32_t i = session->pool_count; i-- > 0 && !found;) {
        if (!orti_execution_fits(session->pool[i], inputs)) continue;
        found = session->pool[i];
        session->pool_count--;
        memmove(&session->pool[i], &session->pool[i + 1], (session->pool_count - i) * sizeof *session->pool);
    }
    orti_lock_give(&session->lock);
    return found;
}

ort_status *orti_pool_take(ort_session *session, orti_datum *const *inputs, orti_execution **out) {
    *out = pool_find(session, inputs);
    if (*out) return NULL;
    const orti_execution_request request = {.alloc = session->alloc,
                                            .script = session->composition.script,
                                            .lane = orti_environment_lane(session->environment, session->feed_lane),
                                            .counters = &session->metrics.runs};
    ORT_TRY(orti_execution_create(&request, out));
    ort_status *status = orti_execution_plan(*out, inputs);
    if (!status) return NULL;
    orti_execution_destroy(*out);
    *out = NULL;
    return status;
}

static uint64_t idle_bytes(const ort_session *session) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < session->pool_count; i++) bytes += orti_execution_memory_bytes(session->pool[i]);
    return bytes;
}

/* Takes out those that were not used for longest: what idles holds no more than an eighth above what was once in use
 * at one time, whatever shapes came by. */
static uint32_t pool_shrink(ort_session *session, orti_execution **out) {
    uint64_t idle = idle_bytes(session), limit = session->peak_bytes + session->peak_bytes / 8 + POOL_FREE_BYTES;
    uint32_t count = 0;
    while (count < session->pool_count && (idle > limit || session->pool_count - count == POOL_RUN_COUNT_MAX)) {
        out[count] = session->pool[count];
        idle -= orti_execution_memory_bytes(out[count++]);
    }
    session->pool_count -= count;
    memmove(&session->pool[0], &session->pool[count], session->pool_count * sizeof *session->pool);
    return count;
}

void orti_pool_give(ort_session *session, orti_execution *execution) {
    orti_execution *old[POOL_RUN_COUNT_MAX];
    orti_execution_release_values(execution);
    orti_lock_take(&session->lock);
    uint64_t all = atomic_load(&session->metrics.runs.memory_bytes), idle = idle_bytes(session);
    if (all > idle && all - idle > session->peak_bytes) session->peak_bytes = all - idle;
    session->pool[session->pool_count++] = execution;
    uint32_t count = pool_shrink(session, old);
    orti_lock_give(&session->lock);
    while (count) orti_execution_destroy(old[--count]);
}

void orti_pool_drop(ort_session *session) {
    orti_execution *executions[POOL_RUN_COUNT_MAX];
    orti_lock_take(&session->lock);
    uint32_t count = session->pool_count;
    memcpy(executions, session->pool, sizeof executions);
    session->pool_count = 0;
    orti_lock_give(&session->lock);
    while (count) orti_execution_destroy(executions[--count]);
}

ort_status *orti_request_read(ort_session *session, const ort_run_options *options, ortp_cancel *own_cancel,
                              orti_run_request *out) {
    *out = (orti_run_request){.profile = atomic_load_explicit(&session->profile, memory_order_acquire)};
    if (!options) return NULL;
    if (options->size < sizeof *options)
        ORT_FAIL(INVALID_ARGUMENT, "run options: size is %u: set it with ORT_INIT(ort_run_options)", options->size);
    if (options->flags) ORT_FAIL(UNSUPPORTED, "run options: flags 0x%x are not known", options->flags);
    out->seed = options->seed;
    if (options->run) out->cancel = &options->run->cancel;
    if (options->timeout_ns) {
        uint64_t now = orti_clock_ns();
        out->deadline_ns = options->timeout_ns < UINT64_MAX - now ? now + options->timeout_ns : UINT64_MAX;
        if (!out->cancel) out->cancel = own_cancel;
    }
    if (out->cancel) out->cancel->deadline_ns = out->deadline_ns;
    return NULL;
}

static ort_status *run_once(ort_session *session, orti_execution *execution, orti_datum *const *inputs,
                            orti_datum **outputs, const orti_run_request *request) {
    uint32_t count = session->outputs.count;
    for (uint32_t i = 0; i < session->inputs.count; i++) orti_execution_set_input(execution, i, inputs[i]);
    for (uint32_t i = 0; i < count; i++) {
        if (outputs[i] && !orti_datum_tensor(outputs[i]))
            ORT_FAIL(INVALID_ARGUMENT, "output '%s': only tensors are written in place",
                     session->outputs.items[i].name);
        ORT_TRY(orti_execution_set_output(execution, i, orti_datum_tensor(outputs[i])));
    }
    ORT_TRY(orti_execution_run(execution, request));
    for (uint32_t i = 0; i < count; i++)
        if (!outputs[i]) outputs[i] = orti_datum_retain(orti_execution_output(execution, i));
    return NULL;
}

static ort_status *run_pooled(ort_session *session, orti_datum *const *inputs, orti_datum **outputs,
                              const orti_run_request *request) {
    orti_execution *execution = NULL;
    ORT_TRY(orti_pool_take(session, inputs, &execution));
    ort_status *status = run_once(session, execution, inputs, outputs, request);
    orti_pool_give(session, execution);
    return status;
}

static ort_status *arguments_check(const ort_session *session, const void *inputs, uint32_t input_count,
                                   const void *outputs, uint32_t output_count) {
    if (!session) ORT_FAIL(INVALID_ARGUMENT, "ort_session_run: session is NULL");
    if (input_count != session->inputs.count || (input_count && !inputs))
        ORT_FAIL(INVALID_ARGUMENT, "the model has %u inputs, the call gives %u", session->inputs.count,
                 inputs ? input_count : 0);
    if (output_count != session->outputs.count || (output_count && !outputs))
        ORT_FAIL(INVALID_ARGUMENT, "the model has %u outputs, the call gives %u", session->outputs.count,
                 outputs ? output_count : 0);
    return NULL;
}

ort_status *ort_session_run_values(ort_session *session, ort_value *const *inputs, uint32_t input_count,
                                   ort_value **outputs, uint32_t output_count, const ort_run_options *run_options) {
    orti_run_request request;
    ortp_cancel cancel = {0};
    ORT_TRY(arguments_check(session, inputs, input_count, outputs, output_count));
    orti_datum *const *data = (orti_datum *const *)(const void *)inputs;
    orti_datum **results = (orti_datum **)(void *)outputs;
    for (uint32_t i = 0; i < input_count; i++) ORT_TRY(orti_input_check(session, i, data[i]));
    ORT_TRY(orti_request_read(session, run_options, &cancel, &request));
    if (request.profile) request.track = atomic_fetch_add(&session->next_track, 1);
    ort_status *status = run_pooled(session, data, results, &request);
    if (orti_session_save_memory(session, &status))
        status = orti_memory_note(run_pooled(session, data, results, &request));
    atomic_fetch_add_explicit(status ? &session->metrics.failure_count : &session->metrics.run_count, 1,
                              memory_order_relaxed);
    return status;
}

/* A tensor is a value as it stands. */
ort_status *ort_session_run(ort_session *session, ort_tensor *const *inputs, uint32_t input_count, ort_tensor **outputs,
                            uint32_t output_count, const ort_run_options *run_options) {
    ORT_TRY(arguments_check(session, inputs, input_count, outputs, output_count));
    for (uint32_t i = 0; i < output_count; i++)
        if (session->outputs.items[i].kind != ORT_VALUE_TENSOR)
            ORT_FAIL(INVALID_ARGUMENT, "output '%s' is %s: ort_session_run_values gives what is no tensor",
                     session->outputs.items[i].name, session->outputs.items[i].type);
    return ort_session_run_values(session, (ort_value *const *)(const void *)inputs, input_count,
                                  (ort_value **)(void *)outputs, output_count, run_options);
}
