/* Addresses: which memory every argument of every operation is. */
#include "run/inner.h"

#include <stdatomic.h>
#include <string.h>

/* What stands in for no bytes at all: arguments without address mean something else. */
static uint64_t no_bytes;

static ort_status *timeline_open(orti_run *run, uint32_t queue) {
    const orti_schedule_queue *facts = &run->plan->schedule->queues[queue];
    run_timeline *timeline = &run->timelines[queue];
    if (facts->is_inline || timeline->timeline || !run->plan->queue_values[queue]) return NULL;
    timeline->base = timeline->submitted = 0;
    return orti_timeline_create(facts->instance, 0, &timeline->timeline);
}

ort_status *orti_run_timelines_open(orti_run *run) {
    for (uint32_t i = 0; i < run->plan->schedule->queue_count; i++) ORT_TRY(timeline_open(run, i));
    return NULL;
}

void orti_run_timelines_close(orti_run *run) {
    const orti_schedule *schedule = run->plan->schedule;
    for (uint32_t i = 0; i < schedule->queue_count; i++) {
        orti_timeline_destroy(schedule->queues[i].instance, run->timelines[i].timeline);
        run->timelines[i] = (run_timeline){0};
    }
}

/* The caller's tensor of a place, or NULL. */
static const orti_tensor *place_tensor(const orti_run *run, const orti_place *place) {
    if (place->kind == ORTI_PLACE_INPUT) return run->inputs[place->index];
    return place->kind == ORTI_PLACE_OUTPUT ? run->outputs[place->index] : NULL;
}

static void *host_address(const orti_run *run, const orti_place *place) {
    const orti_tensor *tensor = place_tensor(run, place);
    void *address = tensor ? tensor->data : NULL;
    if (place->kind == ORTI_PLACE_MEMORY && place->index == 0 && place->size_bytes)
        address = (char *)run->memories[0].host + place->offset_bytes;
    return address ? address : &no_bytes;
}

static bool is_device(const orti_place *place) {
    return place->kind == ORTI_PLACE_MEMORY && place->index != 0 && place->size_bytes;
}

static void arg_fill(const orti_run *run, const orti_place *place, ortp_tensor_arg *arg) {
    const orti_tensor *tensor = place_tensor(run, place);
    *arg = (ortp_tensor_arg){
        .size = sizeof *arg, .dtype = place->dtype, .size_bytes = tensor ? tensor->size_bytes : place->size_bytes};
    if (place->kind == ORTI_PLACE_TOLD || place->kind == ORTI_PLACE_NONE) return;
    if (is_device(place)) {
        arg->buffer = run->memories[place->index].buffer;
        arg->offset_bytes = place->offset_bytes;
    } else {
        arg->host = host_address(run, place);
    }
}

static void copy_fill(const orti_run *run, const orti_place *from, const orti_place *to, ortp_copy *copy) {
    copy->src_buffer = is_device(from) ? run->memories[from->index].buffer : NULL;
    copy->src_offset_bytes = is_device(from) ? from->offset_bytes : 0;
    copy->src_host = is_device(from) ? NULL : host_address(run, from);
    copy->dst_buffer = is_device(to) ? run->memories[to->index].buffer : NULL;
    copy->dst_offset_bytes = is_device(to) ? to->offset_bytes : 0;
    copy->dst_host = is_device(to) ? NULL : host_address(run, to);
}

static ort_status *operation_bind(orti_run *run, run_operation *at) {
    const orti_operation *operation = at->operation;
    at->is_dirty = false;
    if (operation->action == ORTI_ACTION_COPY) {
        copy_fill(run, &operation->inputs[0], &operation->outputs[0], &at->copy_args);
        return NULL;
    }
    for (uint32_t i = 0; i < operation->input_count; i++) arg_fill(run, &operation->inputs[i], &at->inputs[i]);
    for (uint32_t i = 0; i < operation->output_count; i++) arg_fill(run, &operation->outputs[i], &at->outputs[i]);
    if (at->binding) return orti_binding_rebind(at->instance, at->binding, &at->bind);
    arg_fill(run, &operation->workspace, &at->bind.workspace);
    at->bind.workspace.size_bytes = operation->workspace.size_bytes;
    return orti_plan_bind(at->instance, operation->prepared->plan, &at->bind, &at->binding);
}

static ort_status *outputs_make(orti_run *run) {
    for (uint32_t i = 0; i < run->plan->output_count; i++) {
        const orti_plan_output *output = &run->plan->outputs[i];
        orti_tensor *tensor = NULL;
        if (run->outputs[i] || output->is_told) continue;
        uint64_t string_bytes = 0;
        if (output->dtype == ORT_DTYPE_STRING) {
            int64_t count = 0;
            (void)orti_shape_count(output->dims, output->rank, &count);
            string_bytes = output->size_bytes - ((uint64_t)count + 1) * sizeof(int64_t);
        }
        ORT_TRY(orti_tensor_create(run->plan->schedule->alloc, output->dtype, output->dims, output->rank, string_bytes,
                                   &tensor));
        ort_status *status = orti_run_set_output(run, i, tensor);
        orti_tensor_release(tensor);
        ORT_TRY(status);
        run->is_own_output[i] = true;
    }
    return NULL;
}

static bool is_overlap(const orti_tensor *a, const orti_tensor *b) {
    const char *first = a->data, *second = b->data;
    return a->size_bytes && b->size_bytes && first < second + b->size_bytes && second < first + a->size_bytes;
}

/* Plugins were not told that an output may lie where an input does. */
static ort_status *alias_check(const orti_run *run) {
    const orti_graph *graph = run->plan->schedule->graph;
    for (uint32_t o = 0; o < run->plan->output_count; o++) {
        for (uint32_t i = 0; run->outputs[o] && i < run->plan->schedule->input_count; i++)
            if (is_overlap(run->outputs[o], run->inputs[i]))
                ORT_FAIL(UNSUPPORTED, "output '%s' lies in the memory of input '%s': that is not built yet",
                         orti_graph_value(graph, orti_graph_output(graph, o))->name,
                         orti_graph_value(graph, orti_graph_input(graph, i))->name);
        for (uint32_t k = 0; run->outputs[o] && k < o; k++)
            if (run->outputs[k] && is_overlap(run->outputs[o], run->outputs[k]))
                ORT_FAIL(INVALID_ARGUMENT, "outputs '%s' and '%s' lie in the same memory",
                         orti_graph_value(graph, orti_graph_output(graph, o))->name,
                         orti_graph_value(graph, orti_graph_output(graph, k))->name);
    }
    return NULL;
}

ort_status *orti_run_bind(orti_run *run) {
    if (run->is_bound && !run->has_dirty) return NULL;
    ORT_TRY(outputs_make(run));
    ORT_TRY(alias_check(run));
    ORT_TRY(orti_run_timelines_open(run));
    for (uint32_t i = 0; i < run->plan->operation_count; i++) {
        run_operation *at = &run->operations[i];
        if (run->is_bound && !at->is_dirty) continue;
        ort_status *status = operation_bind(run, at);
        if (status) {
            run->is_bound = false;
            return status;
        }
    }
    run->is_bound = true;
    run->has_dirty = false;
    return NULL;
}

/* The tensor that is there when it serves: the caller's has to, ours is made anew when it does not. */
static ort_status *told_tensor(orti_run *run, uint32_t output, const int64_t *dims, uint32_t rank, uint64_t size_bytes,
                               orti_tensor **out) {
    const orti_plan_output *want = &run->plan->outputs[output];
    orti_tensor *have = run->outputs[output];
    uint64_t least = 0;
    int64_t count = 0;
    bool is_string = want->dtype == ORT_DTYPE_STRING;
    bool is_same = have && have->rank == rank && memcmp(have->dims, dims, rank * sizeof *dims) == 0;
    *out = have;
    if (is_same && have->size_bytes == size_bytes &&
        (!run->is_own_output[output] || atomic_load(&have->datum.ref_count) == 1))
        return NULL;
    if (have && !run->is_own_output[output])
        ORT_FAIL(INVALID_ARGUMENT, "output %u has another size than the tensor that was set for it", output);
    if (!orti_shape_count(dims, rank, &count) || rank > ORTI_RANK_MAX ||
        !orti_dtype_bytes(is_string ? ORT_DTYPE_I64 : want->dtype, count + is_string, &least) || size_bytes < least)
        ORT_FAIL(PLUGIN, "a provider told a size that can't be for output %u", output);
    ORT_TRY(orti_tensor_create(run->plan->schedule->alloc, want->dtype, dims, rank, is_string ? size_bytes - least : 0,
                               out));
    orti_tensor_release(have);
    run->outputs[output] = *out;
    run->is_own_output[output] = true;
    return NULL;
}

ort_status *orti_run_provide(void *user, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes,
                             ortp_tensor_arg *out) {
    run_told *told = user;
    orti_tensor *tensor = NULL;
    if (index >= told->operation->output_count || told->operation->outputs[index].kind != ORTI_PLACE_TOLD)
        ORT_FAIL(PLUGIN, "a provider told the size of output %u, which is not its to tell", index);
    ORT_TRY(told_tensor(told->run, told->operation->outputs[index].index, dims, rank, size_bytes, &tensor));
    uint32_t size = out->size;
    *out = (ortp_tensor_arg){.size = size,
                             .dtype = tensor->dtype,
                             .size_bytes = tensor->size_bytes,
                             .host = tensor->data ? tensor->data : &no_bytes};
    return NULL;
}
