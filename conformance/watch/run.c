/* run: once as asked when the watch is not guarded; else on stand-ins, again on others, compared, and only then handed
 * to the core. */
#include "watch/inner.h"

#include <stdio.h>
#include <stdlib.h>

/* What memory holds before a run: a byte that is the same after both was written by neither. */
static const unsigned char poison[2] = {0x00, 0xff};

/* ---- outputs whose size the run tells ---- */

static ort_status *told_fail(const char *text) {
    return ortc_middle->core->status_create(ortc_middle->plugins->host.context, ORT_CODE_PLUGIN,
                                            (ort_string_view){text, strlen(text)});
}

static ort_status *told_cell(ortp_binding *binding, watch_output *output, uint64_t size_bytes) {
    watch_cell *cell = &output->cells[binding->set];
    ortp_tensor_arg like = output->real;
    like.size_bytes = size_bytes;
    like.host = cell; /* any address: the cell is the host's */
    ortc_cell_finish(binding->plan->program->instance, cell);
    if (!ortc_cell_create(binding->plan->program->instance, &like, 0, cell)) return ortc_watch_out_of_memory();
    return ortc_cell_fill(binding, NULL, cell, poison[binding->set]);
}

ort_status *ortc_watch_provide(ortp_outputs *outputs, uint32_t index, const int64_t *dims, uint32_t rank,
                               uint64_t size_bytes, ortp_tensor_arg *out) {
    ortp_binding *binding = outputs->binding;
    if (!outputs->is_guarded || index >= binding->output_count || rank > 32)
        return ortc_middle->output->provide(outputs->real, index, dims, rank, size_bytes, out);
    watch_output *output = &binding->outputs[index];
    watch_told *told = &output->told;
    if (output->real.host || output->real.buffer) return told_fail("the size of this output is not the run's to tell");
    if (told->is_told && (told->rank != rank || memcmp(told->dims, dims, rank * sizeof *dims) != 0))
        binding->is_told_changed = true;
    ort_status *status = told_cell(binding, output, size_bytes);
    if (status) return status;
    if (!told->is_told) { /* the first run's size is the one that is handed on */
        told->is_told = true;
        told->rank = rank;
        if (rank) memcpy(told->dims, dims, rank * sizeof *dims);
    }
    uint32_t size = out->size;
    *out = output->cells[binding->set].arg;
    out->size = size;
    return NULL;
}

/* ---- one launch ---- */

static void success_count(const ortp_program *program) {
    atomic_fetch_add(&ortc_middle->runs, 1);
    for (uint32_t i = 0; program->claim && i < program->claim->node_count; i++)
        atomic_fetch_add(&program->claim->nodes[i]->run_count, 1);
}

/* How many bytes strings have, only the data tells. Those that stay inside a program have no output to be told through:
 * their memory grows with the data, and the same data again finds it grown. */
static bool may_grow(const ortp_binding *binding) {
    const watch_claim *claim = binding->plan->program->claim;
    if (!claim || claim->node_count < 2 || binding->is_again) return false;
    for (uint32_t i = 0; i < claim->node_count; i++)
        if (claim->nodes[i]->facts.out_dtype == ORT_DTYPE_STRING) return true;
    return false;
}

static ort_status *launch(ortp_binding *binding, ortp_run_args *args) {
    atomic_fetch_add(&ortc_middle->launches, 1);
    ortc_watch_give_up_apply(args);
    ortc_watch_in_run = !may_grow(binding);
    ort_status *status = ortc_middle->program.run(binding->real, args);
    ortc_watch_in_run = false;
    return status;
}

static ort_status *run_plain(ortp_binding *binding, const ortp_run_args *args) {
    ortp_run_args given = *args;
    binding->told = (ortp_outputs){.real = args->outputs, .binding = binding};
    given.outputs = args->outputs ? &binding->told : NULL;
    ort_status *status = launch(binding, &given);
    if (!status) success_count(binding->plan->program);
    return status;
}

/* Done on return, whatever the queue. */
static ort_status *launch_and_wait(ortp_binding *binding, const ortp_run_args *args) {
    ortp_run_args given = *args;
    ortp_order order = {.size = sizeof order};
    if (args->order) memcpy(&order, args->order, args->order->size < sizeof order ? args->order->size : sizeof order);
    ort_status *status = ortc_watch_point(binding, args->queue, &order.signal);
    if (status) return status;
    given.order = &order;
    binding->told = (ortp_outputs){args->outputs, binding, binding->plan->program->is_host_addressable};
    given.outputs = args->outputs ? &binding->told : NULL;
    status = launch(binding, &given);
    if (!status && order.signal.timeline) status = ortc_middle->queue.point_wait(order.signal, UINT64_MAX);
    return status;
}

/* ---- inputs ---- */

static ort_status *input_fetch(ortp_binding *binding, ortp_queue *queue, const ortp_tensor_arg *arg,
                               unsigned char *to) {
    if (arg->host && arg->size_bytes) memcpy(to, arg->host, (size_t)arg->size_bytes);
    if (arg->host || !arg->buffer || !arg->size_bytes) return NULL;
    const ortp_copy down = {.size = sizeof down,
                            .src_buffer = arg->buffer,
                            .src_offset_bytes = arg->offset_bytes,
                            .dst_host = to,
                            .size_bytes = arg->size_bytes};
    return ortc_watch_transfer(binding, queue, &down);
}

static ort_status *inputs_keep(ortp_binding *binding, ortp_queue *queue) {
    for (uint32_t i = 0; i < binding->input_count; i++) {
        ort_status *status = input_fetch(binding, queue, &binding->inputs[i].arg, binding->inputs[i].before);
        if (status) return status;
    }
    return NULL;
}

static bool input_is_same(ortp_binding *binding, ortp_queue *queue, const watch_input *input, ort_status **out) {
    const ortp_tensor_arg *arg = &input->arg;
    if (!arg->size_bytes || (!arg->host && !arg->buffer)) return true;
    if (arg->host) return memcmp(arg->host, input->before, (size_t)arg->size_bytes) == 0;
    unsigned char *now = malloc((size_t)arg->size_bytes);
    *out = now ? input_fetch(binding, queue, arg, now) : ortc_watch_out_of_memory();
    bool is_same = *out || memcmp(now, input->before, (size_t)arg->size_bytes) == 0;
    free(now);
    return is_same;
}

/* Notes inputs that the run changed and puts them back, so that what follows is judged alone. */
static ort_status *inputs_check(ortp_binding *binding, ortp_queue *queue) {
    char title[200];
    ort_status *status = NULL;
    for (uint32_t i = 0; !status && i < binding->input_count; i++) {
        const watch_input *input = &binding->inputs[i];
        if (input_is_same(binding, queue, input, &status)) continue;
        ortc_watch_note("run.inputs", "%s: input %u of %llu bytes was changed by the run",
                        ortc_watch_title(binding->plan->program, title, sizeof title), i,
                        (unsigned long long)input->arg.size_bytes);
        if (input->arg.host) memcpy(input->arg.host, input->before, (size_t)input->arg.size_bytes);
    }
    return status;
}

/* ---- outputs ---- */

static bool is_judged(const watch_output *output) {
    return output->is_guarded || output->told.is_told;
}

/* Bytes of an output of which every bit counts: elements below a byte may leave bits of the last one unused. */
static uint64_t whole_bytes(const watch_output *output, uint64_t size_bytes) {
    bool is_packed = (output->real.dtype >= ORT_DTYPE_U4 && output->real.dtype <= ORT_DTYPE_F4E2M1) ||
                     (output->real.dtype >= ORT_DTYPE_U2 && output->real.dtype <= ORT_DTYPE_F6E3M2);
    return is_packed && size_bytes ? size_bytes - 1 : size_bytes;
}

static ort_status *outputs_fill(ortp_binding *binding, ortp_queue *queue) {
    ort_status *status = NULL;
    if (binding->workspace.block) status = ortc_cell_fill(binding, queue, &binding->workspace, poison[binding->set]);
    for (uint32_t i = 0; !status && i < binding->output_count; i++) {
        watch_output *output = &binding->outputs[i];
        if (output->is_guarded)
            status = ortc_cell_fill(binding, queue, &output->cells[binding->set], poison[binding->set]);
    }
    return status;
}

static ort_status *outputs_fetch(ortp_binding *binding, ortp_queue *queue) {
    if (binding->workspace.block) {
        ort_status *status = ortc_cell_fetch(binding, queue, &binding->workspace);
        if (status) return status;
        ortc_cell_check(binding, &binding->workspace, "plan.workspace", "workspace", 0);
    }
    for (uint32_t i = 0; i < binding->output_count; i++) {
        watch_output *output = &binding->outputs[i];
        if (!is_judged(output)) continue;
        ort_status *status = ortc_cell_fetch(binding, queue, &output->cells[binding->set]);
        if (status) return status;
        ortc_cell_check(binding, &output->cells[binding->set], "run.bounds", "output", i);
    }
    return NULL;
}

static ort_status *firsts_keep(ortp_binding *binding) {
    for (uint32_t i = 0; i < binding->output_count; i++) {
        watch_output *output = &binding->outputs[i];
        const watch_cell *cell = &output->cells[binding->set];
        if (!is_judged(output)) continue;
        if (!output->is_guarded) {
            free(output->first);
            output->first = malloc((size_t)cell->size_bytes + 1);
            if (!output->first) return ortc_watch_out_of_memory();
        }
        output->first_bytes = cell->size_bytes;
        memcpy(output->first, ortc_cell_body(cell), (size_t)cell->size_bytes);
    }
    return NULL;
}

/* ---- a launch with all its checks ---- */

static ort_status *round_run(ortp_binding *binding, const ortp_run_args *args) {
    ort_status *status = outputs_fill(binding, args->queue);
    if (!status) status = launch_and_wait(binding, args);
    if (!status) status = outputs_fetch(binding, args->queue);
    if (!status) status = inputs_check(binding, args->queue);
    return status;
}

static ort_status *set_other(ortp_binding *binding) {
    binding->set ^= 1u;
    ortp_bind_args args = ortc_watch_bind_args(binding);
    return ortc_middle->program.rebind(binding->real, &args);
}

/* A byte that holds the poison of both runs was written by none. */
static bool complete_check(const ortp_binding *binding, uint32_t index) {
    const watch_output *output = &binding->outputs[index];
    const watch_cell *cell = &output->cells[binding->set];
    char title[200];
    if (cell->size_bytes != output->first_bytes) return true;
    for (uint64_t at = 0; at < whole_bytes(output, cell->size_bytes); at++) {
        if (output->first[at] != poison[binding->set ^ 1u] || ortc_cell_body(cell)[at] != poison[binding->set])
            continue;
        ortc_watch_note("run.complete", "%s: byte %llu of the %llu of output %u is not written",
                        ortc_watch_title(binding->plan->program, title, sizeof title), (unsigned long long)at,
                        (unsigned long long)cell->size_bytes, index);
        return false;
    }
    return true;
}

/* The cells that the first run wrote are not the second's to touch. */
static ort_status *former_check(ortp_binding *binding, ortp_queue *queue, uint32_t index) {
    watch_output *output = &binding->outputs[index];
    watch_cell *former = &output->cells[binding->set ^ 1u];
    char title[200];
    if (!output->is_guarded) return NULL;
    ort_status *status = ortc_cell_fetch(binding, queue, former);
    if (status) return status;
    if (memcmp(ortc_cell_body(former), output->first, (size_t)former->size_bytes) != 0)
        ortc_watch_note("run.rebind", "%s: output %u: the address before the rebind was written",
                        ortc_watch_title(binding->plan->program, title, sizeof title), index);
    return NULL;
}

/* Whether an output's answer in the present cells is the first run's, bit for bit. */
static bool is_same(const ortp_binding *binding, const watch_output *output) {
    const watch_cell *cell = &output->cells[binding->set];
    return cell->size_bytes == output->first_bytes &&
           memcmp(ortc_cell_body(cell), output->first, (size_t)whole_bytes(output, cell->size_bytes)) == 0;
}

static bool are_same(const ortp_binding *binding, uint32_t *out_index) {
    for (*out_index = 0; *out_index < binding->output_count; ++*out_index) {
        const watch_output *output = &binding->outputs[*out_index];
        if (is_judged(output) && !is_same(binding, output)) return false;
    }
    return true;
}

/* Two runs differ where bits were promised. A third tells runs that change once, and stay so, from runs that go on
 * changing. */
static ort_status *difference_judge(ortp_binding *binding, const ortp_run_args *args, uint32_t index) {
    const watch_output *output = &binding->outputs[index];
    uint64_t second_bytes = output->cells[binding->set].size_bytes;
    unsigned char *second = malloc((size_t)second_bytes + 1);
    char title[200];
    if (!second) return ortc_watch_out_of_memory();
    memcpy(second, ortc_cell_body(&output->cells[binding->set]), (size_t)second_bytes);
    ort_status *status = set_other(binding);
    if (!status) status = round_run(binding, args);
    if (!status) {
        const watch_cell *third = &output->cells[binding->set];
        bool is_second = third->size_bytes == second_bytes &&
                         memcmp(ortc_cell_body(third), second, (size_t)whole_bytes(output, second_bytes)) == 0;
        ortc_watch_title(binding->plan->program, title, sizeof title);
        if (is_second)
            ortc_watch_note("run.repeats",
                            "%s: output %u of the second run differs from the first's, the third is like it", title,
                            index);
        else
            ortc_watch_note("run.deterministic", "%s says deterministic, and output %u differs from run to run%s",
                            title, index, is_same(binding, output) ? " (the third is the first's again)" : "");
    }
    free(second);
    return status;
}

static ort_status *second_run(ortp_binding *binding, const ortp_run_args *args) {
    const ortp_program *program = binding->plan->program;
    ort_status *status = set_other(binding);
    uint32_t different = 0;
    bool is_complete = true;
    if (!status) status = round_run(binding, args);
    for (uint32_t i = 0; !status && i < binding->output_count; i++) {
        if (!is_judged(&binding->outputs[i])) continue;
        status = former_check(binding, args->queue, i);
        if (!status) is_complete = complete_check(binding, i) && is_complete;
    }
    /* What was not written differs because the memory did. */
    if (status || !is_complete || binding->is_told_changed || !program->claim || !program->claim->is_deterministic)
        return status;
    bool is_different = !are_same(binding, &different) && different < binding->output_count;
    return is_different ? difference_judge(binding, args, different) : NULL;
}

/* ---- handing over ---- */

static ort_status *output_deliver(ortp_binding *binding, const ortp_run_args *args, uint32_t index) {
    const watch_output *output = &binding->outputs[index];
    ortp_tensor_arg to = output->real;
    if (output->told.is_told) {
        to = (ortp_tensor_arg){.size = sizeof to};
        ort_status *status = ortc_middle->output->provide(args->outputs, index, output->told.dims, output->told.rank,
                                                          output->first_bytes, &to);
        if (status) return status;
    }
    if (to.host && output->first_bytes) memcpy(to.host, output->first, (size_t)output->first_bytes);
    if (to.host || !output->first_bytes) return NULL;
    const ortp_copy up = {.size = sizeof up,
                          .src_host = output->first,
                          .dst_buffer = to.buffer,
                          .dst_offset_bytes = to.offset_bytes,
                          .size_bytes = output->first_bytes};
    return ortc_watch_transfer(binding, args->queue, &up);
}

static ort_status *waits_settle(const ortp_order *order) {
    for (uint32_t i = 0; order && i < order->wait_count; i++) {
        ort_status *status = ortc_middle->queue.point_wait(order->waits[i], UINT64_MAX);
        if (status) return status;
    }
    return NULL;
}

/* A failure is returned, also that of a point: the core then fails its own point. */
static ort_status *run_guarded(ortp_binding *binding, const ortp_run_args *args) {
    const ortp_order *order = args->order;
    bool is_repeated = atomic_load(&ortc_middle->flags) & ORTC_WATCH_REPEAT;
    for (uint32_t i = 0; i < binding->output_count; i++) binding->outputs[i].told.is_told = false;
    binding->is_told_changed = binding->is_again = false;
    ort_status *status = waits_settle(order);
    if (!status) status = inputs_keep(binding, args->queue);
    if (!status) status = round_run(binding, args);
    if (!status) status = firsts_keep(binding);
    binding->is_again = true;
    if (!status && is_repeated) status = second_run(binding, args);
    if (!status && binding->is_told_changed)
        ortc_watch_note("run.repeats", "an output has another size in the second run");
    for (uint32_t i = 0; !status && i < binding->output_count; i++)
        if (is_judged(&binding->outputs[i])) status = output_deliver(binding, args, i);
    if (status) return status;
    success_count(binding->plan->program);
    if (!order || !order->signal.timeline) return NULL;
    return ortc_middle->queue.host_signal(order->signal.timeline, order->signal.value, NULL);
}

ort_status *ortc_watch_run(ortp_binding *binding, const ortp_run_args *args) {
    return binding->is_guarded ? run_guarded(binding, args) : run_plain(binding, args);
}
