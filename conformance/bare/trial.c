#include "bare/trial.h"

#include <string.h>

ort_status *ortc_compile_call(ortc_bare *bare, const ortc_example *example, const ortp_view *view, uint64_t token,
                              uint32_t flags, const ortp_ext *next, const ortp_cancel *cancel, ortp_program **out) {
    const ortp_policy policy = {.size = sizeof policy};
    ortp_compile_job job = {.is_open = 1};
    uint32_t *inputs = ortc_block_lend(bare->host, example->inputs, example->input_count * sizeof(uint32_t));
    uint32_t *outputs = ortc_block_lend(bare->host, &example->output, sizeof(uint32_t));
    const ortp_compile_args args = {.size = sizeof args,
                                    .flags = flags,
                                    .next = next,
                                    .token = token,
                                    .view = view,
                                    .job = &job,
                                    .inputs = inputs,
                                    .outputs = outputs,
                                    .input_count = example->input_count,
                                    .output_count = 1,
                                    .setting_stride = sizeof(ortp_setting),
                                    .policy = &policy,
                                    .cancel = cancel};
    ortp_compile_args *lent = ortc_block_lend(bare->host, &args, sizeof args);
    ort_status *status = bare->program.compile(bare->instance, lent, out);
    atomic_store(&job.is_open, 0);
    ortc_block_destroy(lent);
    ortc_block_destroy(inputs);
    ortc_block_destroy(outputs);
    return status;
}

/* One proposal for all nodes, or the plugin does not take it as a whole. */
static bool is_whole(const ortc_trial *trial, const ortc_answers *answers) {
    return answers->proposal_count == 1 && answers->proposals[0].node_count == trial->example.graph.node_count;
}

static bool trial_compile(ortc_trial *trial, const ortp_view *view, uint64_t token) {
    ortc_bare *bare = trial->bare;
    ort_status *status = ortc_compile_call(bare, &trial->example, view, token, 0, NULL, NULL, &trial->program);
    if (!ortc_bare_ok(bare, status, "claim.compiles", "compile of what was proposed and accepted")) return false;
    if (!trial->program)
        ortc_fail(bare->context, "out.written", "compile of %s succeeded and gave no program",
                  trial->example.probe->name);
    return trial->program != NULL && ortc_bare_is_clean(bare);
}

bool ortc_trial_open(ortc_trial *trial, ortc_bare *bare, const ortc_probe *probe, int64_t n, bool is_symbolic) {
    ortc_answers answers;
    memset(trial, 0, sizeof *trial);
    trial->bare = bare;
    ortp_view *view = NULL;
    if (ortc_example_init(&trial->example, probe, n, is_symbolic, bare->context->subject->seed + (uint64_t)n))
        view = ortc_view_create(bare->host, &trial->example.graph, ++bare->epoch);
    if (!view) {
        ortc_broken(bare->context, "no memory for the graph of %s", probe->name);
        return false;
    }
    if (!ortc_claim_ask(bare, &trial->example.graph, view, NULL, &answers)) return false;
    trial->is_taken = is_whole(trial, &answers);
    trial->is_deterministic = trial->is_taken && answers.proposals[0].is_deterministic;
    ortc_claim_settle(bare, &answers.proposals[0].token, trial->is_taken);
    bool is_right = !trial->is_taken || trial_compile(trial, view, answers.proposals[0].token);
    ortc_view_close(view);
    return is_right;
}

ort_status *ortc_prepare_call(ortc_trial *trial, const int64_t *symbols, bool is_donated, uint32_t flags,
                              const ortp_ext *next, ortp_plan **out) {
    static const uint8_t donated[ORTC_PROBE_INPUTS] = {1, 1};
    static const uint32_t same_as[1] = {0};
    ortc_bare *bare = trial->bare;
    ortp_shapes *shapes = ortc_shapes_create(bare->host, &trial->example.graph, symbols, 1);
    int64_t *lent_symbols = ortc_block_lend(bare->host, symbols, sizeof *symbols);
    uint8_t *lent_donated = is_donated ? ortc_block_lend(bare->host, donated, trial->example.input_count) : NULL;
    uint32_t *lent_same = is_donated ? ortc_block_lend(bare->host, same_as, sizeof same_as) : NULL;
    const ortp_prepare_args args = {.size = sizeof args,
                                    .flags = flags,
                                    .next = next,
                                    .symbols = lent_symbols,
                                    .symbol_count = trial->example.graph.symbol_count,
                                    .shapes = shapes,
                                    .donated = lent_donated,
                                    .same_as = lent_same};
    ortp_prepare_args *lent = ortc_block_lend(bare->host, &args, sizeof args);
    ort_status *status = bare->program.prepare(trial->program, lent, out);
    ortc_shapes_close(shapes);
    ortc_block_destroy(lent);
    ortc_block_destroy(lent_symbols);
    ortc_block_destroy(lent_donated);
    ortc_block_destroy(lent_same);
    return status;
}

static bool info_check(ortc_trial *trial) {
    ortc_context *context = trial->bare->context;
    const ortp_plan_info *info = &trial->info;
    uint64_t align = info->workspace_align_bytes;
    trial->shared = info->shared ? info->shared[0] : ORTP_SHARED_NO;
    if (info->workspace_bytes && align & (align - 1))
        ortc_fail(context, "plan.workspace", "the workspace's alignment, %llu, is no power of two",
                  (unsigned long long)align);
    if (info->workspace_bytes && info->workspace_space >= trial->bare->device.space_count)
        ortc_fail(context, "plan.workspace", "the workspace is to come from space %u", info->workspace_space);
    if (trial->shared > ORTP_SHARED_COPIED)
        ortc_fail(context, "values.known", "an output is shared in an unknown way, %u", trial->shared);
    if (info->flags & 0xffff0000u) ortc_fail(context, "values.known", "a plan's flags are 0x%x", info->flags);
    for (uint64_t i = 0; info->ranges && i < info->range_count; i++)
        if (info->ranges[i].symbol >= trial->example.graph.symbol_count || info->ranges[i].min > info->ranges[i].max)
            ortc_fail(context, "plan.ranges", "range %llu is empty or of an unknown symbol", (unsigned long long)i);
    return !ortc_has_failed(context);
}

bool ortc_trial_prepare(ortc_trial *trial, bool is_donated) {
    ortc_bare *bare = trial->bare;
    ort_status *status = ortc_prepare_call(trial, &trial->example.n, is_donated, 0, NULL, &trial->plan);
    if (!ortc_bare_ok(bare, status, "claim.compiles", "prepare")) return false;
    if (!trial->plan) {
        ortc_fail(bare->context, "out.written", "prepare succeeded and gave no plan");
        return false;
    }
    trial->info = (ortp_plan_info){.size = sizeof trial->info};
    bare->program.plan_describe(trial->plan, &trial->info);
    return info_check(trial) && ortc_bare_is_clean(bare);
}

void ortc_trial_close(ortc_trial *trial) {
    if (!trial->bare || ortc_has_failed(trial->bare->context)) return;
    trial->bare->program.plan_destroy(trial->plan);
    trial->bare->program.program_destroy(trial->program);
    ortc_example_finish(&trial->example);
    memset(trial, 0, sizeof *trial);
}

bool ortc_trial_find(ortc_trial *trial, ortc_bare *bare, int form, int64_t n, bool is_symbolic) {
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        if (form >= 0 && (int)ortc_probes[i].form != form) continue;
        if (is_symbolic && ortc_probes[i].form == ORTC_FORM_CONSTANT) continue;
        if (!ortc_trial_open(trial, bare, &ortc_probes[i], n, is_symbolic)) return false;
        if (trial->is_taken) return true;
        ortc_trial_close(trial);
    }
    ortc_decline(bare->context, "the plugin takes none of this check's graphs");
    return false;
}

bool ortc_trial_once(ortc_bare *bare) {
    ortc_trial trial = {0};
    ortc_bound bound = {0};
    for (uint32_t i = 0; i < ortc_probe_count && !trial.is_taken; i++) {
        ortc_trial_close(&trial);
        if (!ortc_trial_open(&trial, bare, &ortc_probes[i], 33, false)) return false;
    }
    if (trial.is_taken) {
        if (!ortc_trial_prepare(&trial, false) || !ortc_bound_open(&bound, &trial, 0) ||
            !ortc_bound_go(&bound, 0, NULL, "run.correct", NULL))
            return false;
        ortc_bound_close(&bound);
    }
    ortc_trial_close(&trial);
    return !ortc_has_failed(bare->context);
}
