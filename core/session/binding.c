/* Prepared runs: inputs and outputs stay in place, a run is little more than the plan's operations. */
#include "session/inner.h"

#include <string.h>

ort_status *ort_binding_create(ort_session *session, ort_binding **out) {
    ort_binding *binding = NULL;
    ort_status *status = NULL;
    if (!session || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_binding_create: an argument is NULL");
    *out = NULL;
    ORT_TRY(orti_alloc(session->alloc, 1, sizeof *binding, &binding));
    ORT_TRY_TO(done, status, orti_alloc(session->alloc, session->inputs.count, sizeof(orti_datum *), &binding->inputs));
    ORT_TRY_TO(done, status,
               orti_alloc(session->alloc, session->outputs.count, sizeof(orti_tensor *), &binding->outputs));
    binding->session = session;
    binding->needs_plan = true;
    binding->track = atomic_fetch_add(&session->next_track, 1);
    orti_lock_take(&session->lock);
    binding->previous = &session->bindings;
    binding->next = session->bindings;
    if (binding->next) binding->next->previous = &binding->next;
    session->bindings = binding;
    orti_lock_give(&session->lock);
    *out = binding;
    return NULL;
done:
    orti_free(session->alloc, binding->inputs);
    orti_free(session->alloc, binding);
    return status;
}

/* It goes to the pool: another binding may need one of the same plan. */
static void execution_leave(ort_binding *binding) {
    if (binding->execution) orti_pool_give(binding->session, binding->execution);
    binding->execution = NULL;
}

void ort_binding_destroy(ort_binding *binding) {
    if (!binding) return;
    ort_session *session = binding->session;
    execution_leave(binding);
    orti_lock_take(&session->lock);
    *binding->previous = binding->next;
    if (binding->next) binding->next->previous = binding->previous;
    orti_lock_give(&session->lock);
    atomic_fetch_add(&session->metrics.run_count, atomic_load(&binding->run_count));
    for (uint32_t i = 0; i < session->inputs.count; i++) orti_datum_release(binding->inputs[i]);
    for (uint32_t i = 0; i < session->outputs.count; i++) orti_tensor_release(binding->outputs[i]);
    orti_free(session->alloc, binding->inputs);
    orti_free(session->alloc, binding->outputs);
    orti_free(session->alloc, binding);
}

static ort_status *binding_enter(ort_binding *binding) {
    if (atomic_exchange_explicit(&binding->is_in_use, 1, memory_order_acquire))
        ORT_FAIL(BUSY, "the binding is in use: it serves one call at a time");
    return NULL;
}

static void binding_leave(ort_binding *binding) {
    atomic_store_explicit(&binding->is_in_use, 0, memory_order_release);
}

static bool is_same_shape(orti_datum *a, orti_datum *b) {
    const orti_tensor *first = orti_datum_tensor(a), *second = orti_datum_tensor(b);
    if (!first || !second) return false;
    return first->rank == second->rank && memcmp(first->dims, second->dims, first->rank * sizeof *first->dims) == 0;
}

ort_status *ort_binding_set_value(ort_binding *binding, uint32_t index, ort_value *value) {
    if (!binding) ORT_FAIL(INVALID_ARGUMENT, "an input is set: binding is NULL");
    if (index >= binding->session->inputs.count)
        ORT_FAIL(INVALID_ARGUMENT, "the model has %u inputs, there is no input %u", binding->session->inputs.count,
                 index);
    orti_datum *input = value_in(value), *old = NULL;
    ORT_TRY(orti_input_check(binding->session, index, input));
    ORT_TRY(binding_enter(binding));
    if (binding->execution && is_same_shape(binding->inputs[index], input))
        orti_execution_set_input(binding->execution, index, input);
    else
        binding->needs_plan = true;
    old = binding->inputs[index];
    binding->inputs[index] = orti_datum_retain(input);
    orti_datum_release(old);
    binding_leave(binding);
    return NULL;
}

ort_status *ort_binding_set_input(ort_binding *binding, uint32_t index, ort_tensor *tensor) {
    return ort_binding_set_value(binding, index, ort_tensor_value(tensor));
}

ort_status *ort_binding_set_output(ort_binding *binding, uint32_t index, ort_tensor *tensor) {
    ort_status *status = NULL;
    if (!binding) ORT_FAIL(INVALID_ARGUMENT, "ort_binding_set_output: binding is NULL");
    const value_list *outputs = &binding->session->outputs;
    if (index >= outputs->count)
        ORT_FAIL(INVALID_ARGUMENT, "the model has %u outputs, there is no output %u", outputs->count, index);
    orti_tensor *output = tensor_in(tensor);
    if (output && output->dtype != outputs->items[index].dtype)
        ORT_FAIL(INVALID_ARGUMENT, "output '%s' is %s, but the tensor set for it is %s", outputs->items[index].name,
                 outputs->items[index].type, orti_dtype_name(output->dtype));
    ORT_TRY(binding_enter(binding));
    if (binding->execution && !binding->needs_plan)
        status = orti_execution_set_output(binding->execution, index, output);
    if (!status) {
        orti_tensor *old = binding->outputs[index];
        binding->outputs[index] = output ? orti_tensor_retain(output) : NULL;
        orti_tensor_release(old);
    }
    binding_leave(binding);
    return status;
}

/* An execution for the shapes of the inputs that are set. */
static ort_status *binding_plan(ort_binding *binding) {
    ort_session *session = binding->session;
    orti_execution *execution = NULL;
    for (uint32_t i = 0; i < session->inputs.count; i++)
        if (!binding->inputs[i]) ORT_FAIL(INVALID_ARGUMENT, "input '%s' is not set", session->inputs.items[i].name);
    if (!binding->execution || !orti_execution_fits(binding->execution, binding->inputs)) {
        ORT_TRY(orti_pool_take(session, binding->inputs, &execution));
        execution_leave(binding);
        binding->execution = execution;
    }
    execution = binding->execution;
    for (uint32_t i = 0; i < session->inputs.count; i++) orti_execution_set_input(execution, i, binding->inputs[i]);
    for (uint32_t i = 0; i < session->outputs.count; i++)
        if (binding->outputs[i]) ORT_TRY(orti_execution_set_output(execution, i, binding->outputs[i]));
    binding->needs_plan = false;
    return NULL;
}

/* Contents that shapes depend on may have changed in place. */
static bool is_plan_current(const ort_binding *binding) {
    return !binding->needs_plan && orti_execution_is_current(binding->execution, binding->inputs);
}

static ort_status *binding_bind(ort_binding *binding) {
    if (!is_plan_current(binding)) ORT_TRY(binding_plan(binding));
    return orti_execution_bind(binding->execution);
}

/* True when it may be tried once more after memory ran out; the binding's own execution is given up too. */
static bool binding_save_memory(ort_binding *binding, ort_status **status) {
    if (ort_status_code(*status) != ORT_CODE_OUT_OF_MEMORY) return false;
    execution_leave(binding);
    binding->needs_plan = true;
    return orti_session_save_memory(binding->session, status);
}

ort_status *ort_binding_prepare(ort_binding *binding) {
    if (!binding) ORT_FAIL(INVALID_ARGUMENT, "ort_binding_prepare: binding is NULL");
    ORT_TRY(binding_enter(binding));
    ort_status *status = binding_bind(binding);
    if (binding_save_memory(binding, &status)) status = orti_memory_note(binding_bind(binding));
    binding_leave(binding);
    return status;
}

/* What is left to do after this is the run itself. */
static ort_status *binding_begin(ort_binding *binding) {
    return is_plan_current(binding) ? NULL : binding_plan(binding);
}

static void binding_count(ort_binding *binding, const ort_status *status) {
    uint64_t count = atomic_load_explicit(&binding->run_count, memory_order_relaxed);
    if (!status)
        atomic_store_explicit(&binding->run_count, count + 1, memory_order_relaxed);
    else
        atomic_fetch_add(&binding->session->metrics.failure_count, 1);
}

/* The binding is entered. A second try has the time that the first one left. */
static ort_status *request_make(ort_binding *binding, const ort_run_options *run_options, orti_run_request *out) {
    ORT_TRY(orti_request_read(binding->session, run_options, &binding->cancel, out));
    out->track = binding->track;
    return NULL;
}

static ort_status *binding_execute(ort_binding *binding, const orti_run_request *request) {
    ORT_TRY(binding_begin(binding));
    return orti_execution_run(binding->execution, request);
}

ort_status *ort_binding_run(ort_binding *binding, const ort_run_options *run_options) {
    orti_run_request request;
    if (!binding) ORT_FAIL(INVALID_ARGUMENT, "ort_binding_run: binding is NULL");
    ORT_TRY(binding_enter(binding));
    ort_status *status = request_make(binding, run_options, &request);
    if (!status) status = binding_execute(binding, &request);
    if (status && binding_save_memory(binding, &status)) status = orti_memory_note(binding_execute(binding, &request));
    binding_count(binding, status);
    binding_leave(binding);
    return status;
}

ort_value *ort_binding_value(ort_binding *binding, uint32_t index) {
    if (!binding || index >= binding->session->outputs.count || !binding->execution) return NULL;
    return value_out(orti_execution_output(binding->execution, index));
}

ort_tensor *ort_binding_output(ort_binding *binding, uint32_t index) {
    return ort_value_tensor(ort_binding_value(binding, index));
}

/* ---- without a thread of the caller's ---- */

typedef struct async_run {
    ort_binding *binding;
    orti_run_request request;
    bool is_again; /* after memory ran out */
    ort_done_fn done;
    void *user;
    orti_worker *driver; /* where it is planned */
    orti_worker_task task;
} async_run;

/* On a driver. */
static void async_done(void *user, ort_status *status) {
    async_run *run = user;
    if (!run->is_again && binding_save_memory(run->binding, &status)) {
        run->is_again = true;
        orti_worker_push(run->driver, &run->task);
        return;
    }
    const async_run ended = *run;
    if (ended.is_again) status = orti_memory_note(status);
    orti_free(run->binding->session->alloc, run);
    binding_count(ended.binding, status);
    binding_leave(ended.binding);
    ended.done(ended.user, status);
    ort_status_destroy(status);
}

/* Plans, on a driver, and leaves the rest to the driver of the lane that the run is on. */
static void async_begin(void *user) {
    async_run *run = user;
    orti_worker *driver = NULL;
    ort_binding *binding = run->binding;
    ort_status *status = binding_begin(binding);
    if (!status)
        status =
            orti_environment_driver(binding->session->environment, orti_execution_lane(binding->execution), &driver);
    if (status)
        async_done(run, status);
    else
        orti_execution_start(binding->execution, &run->request, driver, async_done, run);
}

static ort_status *async_create(ort_binding *binding, const ort_run_options *run_options, async_run **out) {
    ort_environment *environment = binding->session->environment;
    const ortp_lane *lane = binding->execution ? orti_execution_lane(binding->execution) : NULL;
    async_run run = {.binding = binding};
    ORT_TRY(request_make(binding, run_options, &run.request));
    ORT_TRY(orti_environment_driver(environment, lane, &run.driver));
    ORT_TRY(orti_alloc(binding->session->alloc, 1, sizeof **out, out));
    run.task = (orti_worker_task){.run = async_begin, .user = *out};
    **out = run;
    return NULL;
}

ort_status *ort_binding_run_async(ort_binding *binding, const ort_run_options *run_options, ort_done_fn done,
                                  void *user) {
    async_run *run = NULL;
    if (!binding || !done) ORT_FAIL(INVALID_ARGUMENT, "ort_binding_run_async: an argument is NULL");
    ORT_TRY(binding_enter(binding));
    ort_status *status = async_create(binding, run_options, &run);
    if (status) {
        binding_leave(binding);
        return status;
    }
    run->done = done;
    run->user = user;
    orti_worker_push(run->driver, &run->task);
    return NULL;
}

ort_status *ort_run_create(ort_run **out) {
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "ort_run_create: out is NULL");
    return orti_alloc(orti_allocator_default(), 1, sizeof **out, out);
}

void ort_run_cancel(ort_run *run) {
    if (run) atomic_store(&run->cancel.is_requested, 1);
}

void ort_run_destroy(ort_run *run) {
    orti_free(orti_allocator_default(), run);
}
