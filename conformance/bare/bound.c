/* Memory between guards, and runs on it. */
#include "bare/trial.h"

#include <stdlib.h>
#include <string.h>

#define GUARD 0xca

/* ---- tensors ---- */

static uint64_t guard_bytes_for(const ortc_bare *bare, uint32_t space, uint64_t align_bytes) {
    uint64_t align = bare->spaces[space].align_bytes;
    if (align < align_bytes) align = align_bytes;
    return align < 256 ? 256 : align;
}

static bool guards_write(ortc_tensor *tensor, ortc_bare *bare) {
    uint64_t total = tensor->guard_bytes * 2 + tensor->size_bytes;
    unsigned char *bytes = malloc(total);
    if (!bytes) return false;
    memset(bytes, GUARD, total);
    bool is_right = ortc_bare_upload(bare, tensor->buffer, 0, bytes, total);
    free(bytes);
    return is_right;
}

bool ortc_tensor_open(ortc_tensor *tensor, ortc_bare *bare, uint32_t dtype, uint64_t size_bytes, uint64_t align_bytes,
                      uint32_t space, bool is_host) {
    memset(tensor, 0, sizeof *tensor);
    if (align_bytes == 0) align_bytes = 1;
    tensor->size_bytes = size_bytes;
    tensor->arg = (ortp_tensor_arg){.size = sizeof tensor->arg, .dtype = dtype, .size_bytes = size_bytes};
    if (is_host) {
        if (align_bytes < bare->spaces[space].align_bytes) align_bytes = bare->spaces[space].align_bytes;
        tensor->host = tensor->arg.host = ortc_block_create(
            bare->host, dtype == ORT_DTYPE_NONE ? ORTC_USE_WORKSPACE : ORTC_USE_TENSOR, size_bytes, align_bytes);
        if (!tensor->host) ortc_broken(bare->context, "no memory for a tensor");
        return tensor->host != NULL;
    }
    tensor->guard_bytes = guard_bytes_for(bare, space, align_bytes);
    tensor->buffer = ortc_bare_alloc(bare, space, size_bytes + 2 * tensor->guard_bytes, tensor->guard_bytes);
    tensor->arg.buffer = tensor->buffer;
    tensor->arg.offset_bytes = tensor->guard_bytes;
    return tensor->buffer && guards_write(tensor, bare);
}

void ortc_tensor_close(ortc_tensor *tensor, ortc_bare *bare) {
    if (!tensor->is_shared && tensor->host) ortc_block_destroy(tensor->host);
    if (!tensor->is_shared && tensor->buffer) ortc_bare_release(bare, tensor->buffer);
    memset(tensor, 0, sizeof *tensor);
}

bool ortc_tensor_write(ortc_tensor *tensor, ortc_bare *bare, const void *data) {
    if (tensor->size_bytes == 0) return true;
    if (!tensor->host) return ortc_bare_upload(bare, tensor->buffer, tensor->guard_bytes, data, tensor->size_bytes);
    memcpy(tensor->host, data, tensor->size_bytes);
    return true;
}

bool ortc_tensor_poison(ortc_tensor *tensor, ortc_bare *bare, unsigned char byte) {
    unsigned char *bytes = malloc(tensor->size_bytes + 1);
    if (bytes) memset(bytes, byte, tensor->size_bytes);
    bool is_right = bytes && ortc_tensor_write(tensor, bare, bytes);
    free(bytes);
    return is_right;
}

static bool guards_check(const ortc_tensor *tensor, ortc_bare *bare, const unsigned char *all, const char *what) {
    uint64_t guard = tensor->guard_bytes, end = guard + tensor->size_bytes;
    for (uint64_t i = 0; i < end + guard; i++) {
        if (i == guard) i = end;
        if (all[i] == GUARD) continue;
        ortc_fail(bare->context, strcmp(what, "the workspace") == 0 ? "plan.workspace" : "run.bounds",
                  "byte %lld of %s, which has %llu, was written", (long long)i - (long long)guard, what,
                  (unsigned long long)tensor->size_bytes);
        return false;
    }
    return true;
}

bool ortc_tensor_read(ortc_tensor *tensor, ortc_bare *bare, void *data, const char *what) {
    if (tensor->host) {
        if (data) memcpy(data, tensor->host, tensor->size_bytes);
        return ortc_bare_is_clean(bare);
    }
    uint64_t total = tensor->guard_bytes * 2 + tensor->size_bytes;
    unsigned char *all = malloc(total);
    bool is_right =
        all && ortc_bare_download(bare, tensor->buffer, 0, all, total) && guards_check(tensor, bare, all, what);
    if (is_right && data) memcpy(data, all + tensor->guard_bytes, tensor->size_bytes);
    free(all);
    return is_right;
}

/* ---- binding ---- */

static void args_fill(const ortc_bound *bound, bool has_inputs, bool has_output, ortp_tensor_arg *inputs,
                      ortp_tensor_arg *output) {
    for (uint32_t i = 0; i < ORTC_PROBE_INPUTS; i++)
        inputs[i] = has_inputs ? bound->inputs[i].arg : (ortp_tensor_arg){.size = sizeof inputs[i]};
    *output = has_output ? bound->output.arg : (ortp_tensor_arg){.size = sizeof *output};
}

static ort_status *bind_or_rebind(ortc_bound *bound, bool has_inputs, bool has_output, uint32_t input_count,
                                  uint32_t flags, const ortp_ext *next, ortp_binding **out) {
    ortc_bare *bare = bound->trial->bare;
    ortp_tensor_arg inputs[ORTC_PROBE_INPUTS], output;
    args_fill(bound, has_inputs, has_output, inputs, &output);
    ortp_tensor_arg *lent_inputs = ortc_block_lend(bare->host, inputs, sizeof inputs);
    ortp_tensor_arg *lent_output = ortc_block_lend(bare->host, &output, sizeof output);
    ortp_bind_args args = {.size = sizeof args,
                           .flags = flags,
                           .next = next,
                           .inputs = lent_inputs,
                           .outputs = lent_output,
                           .input_count = input_count,
                           .output_count = 1,
                           .arg_stride = sizeof(ortp_tensor_arg),
                           .workspace = {.size = sizeof args.workspace}};
    if (out) args.workspace = bound->workspace.arg;
    args.workspace.size = sizeof args.workspace;
    ortp_bind_args *lent = ortc_block_lend(bare->host, &args, sizeof args);
    ort_status *status =
        out ? bare->program.bind(bound->trial->plan, lent, out) : bare->program.rebind(bound->binding, lent);
    ortc_block_destroy(lent);
    ortc_block_destroy(lent_inputs);
    ortc_block_destroy(lent_output);
    return status;
}

ort_status *ortc_bind_call(ortc_bound *bound, uint32_t input_count, uint32_t flags, const ortp_ext *next,
                           ortp_binding **out) {
    return bind_or_rebind(bound, true, true, input_count, flags, next, out);
}

ort_status *ortc_rebind_call(ortc_bound *bound, bool has_inputs, bool has_output) {
    return bind_or_rebind(bound, has_inputs, has_output, bound->trial->example.input_count, 0, NULL, NULL);
}

static bool tensors_open(ortc_bound *bound, uint32_t flags) {
    ortc_trial *trial = bound->trial;
    ortc_bare *bare = trial->bare;
    const ortc_example *e = &trial->example;
    for (uint32_t i = 0; i < e->input_count; i++)
        if (!ortc_tensor_open(&bound->inputs[i], bare, e->probe->dtype, e->input_bytes[i], 0, 0, bound->is_host))
            return false;
    if (flags & ORTC_BIND_SHARE) {
        bound->output = bound->inputs[0];
        bound->output.is_shared = true;
        bound->output.arg.dtype = e->probe->out_dtype;
    } else if (!ortc_tensor_open(&bound->output, bare, e->probe->out_dtype, e->output_bytes, 0, 0, bound->is_host)) {
        return false;
    }
    const ortp_plan_info *info = &trial->info;
    return info->workspace_bytes == 0 ||
           (ortc_tensor_open(&bound->workspace, bare, ORT_DTYPE_NONE, info->workspace_bytes,
                             info->workspace_align_bytes, info->workspace_space, bound->is_host) &&
            ortc_tensor_poison(&bound->workspace, bare, 0x7f));
}

bool ortc_bound_open(ortc_bound *bound, ortc_trial *trial, uint32_t flags) {
    ortc_bare *bare = trial->bare;
    memset(bound, 0, sizeof *bound);
    bound->trial = trial;
    bound->queue = bare->mover;
    bound->is_host = (flags & ORTC_BIND_HOST) != 0;
    if (!tensors_open(bound, flags) ||
        !ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &bound->timeline), "point.state",
                      "timeline_create") ||
        !ortc_bare_ok(bare, ortc_bind_call(bound, trial->example.input_count, 0, NULL, &bound->binding),
                      trial->bind_rule ? trial->bind_rule : "claim.compiles", "bind"))
        return false;
    if (!bound->binding) ortc_fail(bare->context, "out.written", "bind succeeded and gave no binding");
    return bound->binding && ortc_bare_is_clean(bare);
}

void ortc_bound_close(ortc_bound *bound) {
    if (!bound->trial || ortc_has_failed(bound->trial->bare->context)) return;
    ortc_bare *bare = bound->trial->bare;
    bare->program.binding_destroy(bound->binding);
    bare->queue.timeline_destroy(bound->timeline);
    ortc_tensor_close(&bound->output, bare);
    for (uint32_t i = 0; i < ORTC_PROBE_INPUTS; i++) ortc_tensor_close(&bound->inputs[i], bare);
    ortc_tensor_close(&bound->workspace, bare);
    memset(bound, 0, sizeof *bound);
}

/* ---- running ---- */

bool ortc_bound_fill(ortc_bound *bound, unsigned char poison) {
    ortc_trial *trial = bound->trial;
    if (!bound->output.is_shared && !ortc_tensor_poison(&bound->output, trial->bare, poison)) return false;
    for (uint32_t i = 0; i < trial->example.input_count; i++)
        if (!ortc_tensor_write(&bound->inputs[i], trial->bare, trial->example.data[i])) return false;
    return true;
}

ort_status *ortc_run_call(ortc_bound *bound, const ortc_run_wish *wish, ortp_point *out_point) {
    static const ortc_run_wish nothing;
    ortc_trial *trial = bound->trial;
    const ortc_host *host = trial->bare->host;
    if (!wish) wish = &nothing;
    *out_point = (ortp_point){bound->timeline, ++bound->submitted};
    ortp_point *waits = ortc_block_lend(host, wish->waits, wish->wait_count * sizeof *waits);
    const ortp_order order = {
        .size = sizeof order, .wait_count = wish->wait_count, .waits = waits, .signal = *out_point};
    ortp_order *lent_order = ortc_block_lend(host, &order, sizeof order);
    int64_t *symbols = ortc_block_lend(host, &trial->example.n, sizeof(int64_t));
    const ortp_run_args args = {.size = sizeof args,
                                .flags = wish->flags,
                                .next = wish->next,
                                .queue = bound->queue,
                                .order = lent_order,
                                .lane = wish->lane,
                                .cancel = wish->cancel,
                                .deadline_ns = wish->deadline_ns,
                                .symbols = symbols,
                                .symbol_count = trial->example.graph.symbol_count};
    ortp_run_args *lent = ortc_block_lend(host, &args, sizeof args);
    ort_status *status = trial->bare->program.run(bound->binding, lent);
    ortc_block_destroy(lent);
    ortc_block_destroy(symbols);
    ortc_block_destroy(lent_order);
    ortc_block_destroy(waits);
    return status;
}

bool ortc_bound_run(ortc_bound *bound, const ortc_run_wish *wish) {
    ortp_point point;
    ortc_bare *bare = bound->trial->bare;
    return ortc_bare_ok(bare, ortc_run_call(bound, wish, &point), "run.correct", "run") &&
           ortc_bare_wait(bare, point, "the point of a run");
}

/* ---- judging ---- */

static bool inputs_check(ortc_bound *bound) {
    ortc_trial *trial = bound->trial;
    for (uint32_t i = 0; i < trial->example.input_count; i++) {
        unsigned char *now = malloc(trial->example.input_bytes[i] + 1);
        bool is_right = now && ortc_tensor_read(&bound->inputs[i], trial->bare, now, "an input");
        if (is_right && memcmp(now, trial->example.data[i], trial->example.input_bytes[i]) != 0)
            ortc_fail(trial->bare->context, "run.inputs", "input %u of %s was changed", i, trial->example.probe->name);
        free(now);
        if (!is_right || ortc_has_failed(trial->bare->context)) return false;
    }
    return true;
}

bool ortc_bound_judge(ortc_bound *bound, const char *rule, void *out_bytes) {
    ortc_trial *trial = bound->trial;
    const ortc_example *e = &trial->example;
    double got = 0, want = 0;
    void *bytes = malloc(bound->output.size_bytes + 1); /* a shared one may be larger than what is in it */
    bool is_right =
        bytes && ortc_tensor_read(&bound->output, trial->bare, bytes, "an output") &&
        (bound->output.is_shared || inputs_check(bound)) &&
        (!trial->info.workspace_bytes || ortc_tensor_read(&bound->workspace, trial->bare, NULL, "the workspace"));
    int64_t wrong = is_right ? ortc_example_compare(e, bytes, &got, &want) : -1;
    if (wrong >= 0)
        ortc_fail(trial->bare->context, rule, "%s of %lld: element %lld is %.9g and should be %.9g", e->probe->name,
                  (long long)e->n, (long long)wrong, got, want);
    if (out_bytes && is_right) memcpy(out_bytes, bytes, e->output_bytes);
    free(bytes);
    return is_right && wrong < 0;
}

bool ortc_bound_go(ortc_bound *bound, unsigned char poison, const ortc_run_wish *wish, const char *rule,
                   void *out_bytes) {
    return ortc_bound_fill(bound, poison) && ortc_bound_run(bound, wish) && ortc_bound_judge(bound, rule, out_bytes);
}
