/* L2: what is proposed can be believed, and compiles. The rules are looked at in ask.c, whatever the graph. */
#include "bare/trial.h"

#include <string.h>

static bool view_make(ortc_bare *bare, const ortc_graph *graph, ortp_view **out) {
    *out = ortc_view_create(bare->host, graph, ++bare->epoch);
    if (!*out) ortc_broken(bare->context, "no memory for a view");
    return *out != NULL;
}

/* Asks, accepts nothing. */
static bool ask_once(ortc_bare *bare, const ortc_graph *graph, const uint8_t *allowed, ortc_answers *answers) {
    ortp_view *view;
    if (!view_make(bare, graph, &view) || !ortc_claim_ask(bare, graph, view, allowed, answers)) return false;
    ortc_claim_settle(bare, NULL, 0);
    ortc_view_close(view);
    return true;
}

/* Every probe, alone: compiles, prepares, and is closed again. */
static void each_run(ortc_context *context) {
    ortc_bare bare;
    uint32_t taken = 0;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_trial trial;
        if (!ortc_trial_open(&trial, &bare, &ortc_probes[i], 17, i % 2 == 1)) goto done;
        if (trial.is_taken && !ortc_trial_prepare(&trial, false)) goto done;
        taken += trial.is_taken;
        ortc_trial_close(&trial);
    }
    ortc_metric(context, "taken=%u asked=%u", taken, ortc_probe_count);
    if (!taken) ortc_decline(context, "the plugin takes none of %u small graphs", ortc_probe_count);
done:
    ortc_bare_finish(&bare);
}

/* All masks of a fork around an operator that nobody knows. */
static void fork_run(ortc_context *context) {
    ortc_bare bare;
    ortc_graph graph;
    ortc_answers answers;
    if (!ortc_bare_start(&bare, context)) goto done;
    ortc_fork_build(&graph);
    if (!ask_once(&bare, &graph, NULL, &answers)) goto done;
    for (uint32_t mask = 0; mask < 8; mask++) {
        const uint8_t allowed[3] = {mask & 1, (mask >> 1) & 1, (mask >> 2) & 1};
        if (!ask_once(&bare, &graph, allowed, &answers)) goto done;
    }
    ortc_opaque_build(&graph);
    ask_once(&bare, &graph, NULL, &answers);
done:
    ortc_bare_finish(&bare);
}

/* A chain of two, of which only one may be taken. */
static void mask_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_example example;
        ortc_answers answers;
        if (ortc_probes[i].form != ORTC_FORM_CHAIN) continue;
        bool is_right = ortc_example_init(&example, &ortc_probes[i], 9, false, 1);
        for (uint32_t mask = 0; is_right && mask < 4; mask++) {
            const uint8_t allowed[2] = {mask & 1, (mask >> 1) & 1};
            is_right = ask_once(&bare, &example.graph, allowed, &answers);
        }
        ortc_example_finish(&example);
        if (!is_right) break;
    }
done:
    ortc_bare_finish(&bare);
}

static bool is_same(const ortc_answers *a, const ortc_answers *b) {
    if (a->proposal_count != b->proposal_count || a->decline_count != b->decline_count) return false;
    for (uint32_t i = 0; i < a->proposal_count; i++)
        if (a->proposals[i].node_count != b->proposals[i].node_count ||
            memcmp(a->proposals[i].nodes, b->proposals[i].nodes, sizeof a->proposals[i].nodes) != 0)
            return false;
    return memcmp(a->declined, b->declined, sizeof a->declined) == 0;
}

/* The same view asked twice in one epoch, and once more in the next. */
static void pure_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_start(&bare, context)) goto done;
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_example example;
        ortc_answers first, second, third;
        ortp_view *view;
        if (!ortc_example_init(&example, &ortc_probes[i], 9, true, 1) || !view_make(&bare, &example.graph, &view) ||
            !ortc_claim_ask(&bare, &example.graph, view, NULL, &first) ||
            !ortc_claim_ask(&bare, &example.graph, view, NULL, &second))
            goto done;
        ortc_claim_settle(&bare, NULL, 0);
        ortc_view_close(view);
        if (!ask_once(&bare, &example.graph, NULL, &third)) goto done;
        if (!is_same(&first, &second) || !is_same(&first, &third))
            ortc_fail(context, "claim.pure", "%s is answered otherwise when asked again", ortc_probes[i].name);
        for (uint32_t k = 0; k < first.proposal_count && k < second.proposal_count; k++)
            if (first.proposals[k].token == second.proposals[k].token)
                ortc_fail(context, "claim.token", "one token stands for two proposals of an epoch");
        ortc_example_finish(&example);
    }
done:
    ortc_bare_finish(&bare);
}

/* Tokens that are not valid: never given, settled away, used before. */
static bool token_refused(ortc_bare *bare, const ortc_example *example, const ortp_view *view, uint64_t token,
                          const char *what) {
    ortp_program *program = NULL;
    ort_status *status = ortc_compile_call(bare, example, view, token, 0, NULL, NULL, &program);
    if (!ortc_bare_fails(bare, status, ORT_CODE_OK, "fault.input", what)) return false;
    if (program) ortc_fail(bare->context, "out.written", "%s failed and gave a program", what);
    return !program;
}

static void tokens_run(ortc_context *context) {
    ortc_bare bare;
    ortc_trial trial = {0};
    ortc_answers answers;
    ortp_view *view;
    if (!ortc_bare_start(&bare, context) || !ortc_trial_find(&trial, &bare, -1, 9, false)) goto done;
    const ortc_example *example = &trial.example;
    if (!view_make(&bare, &example->graph, &view) || !ortc_claim_ask(&bare, &example->graph, view, NULL, &answers) ||
        answers.proposal_count == 0)
        goto done;
    uint64_t token = answers.proposals[0].token;
    if (!token_refused(&bare, example, view, token + 1000, "compile with a token that was never given")) goto done;
    ortc_claim_settle(&bare, NULL, 0);
    if (!token_refused(&bare, example, view, token, "compile with a token that was not accepted")) goto done;
    ortc_view_close(view);
    ortc_trial_close(&trial);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_claim_checks[] = {
    {"claim-each", 2, 0, "what is proposed compiles, for every small graph", each_run},
    {"claim-fork", 2, 0, "no proposal reaches around an unknown operator", fork_run},
    {"claim-mask", 2, 0, "masks are respected", mask_run},
    {"claim-pure", 2, 0, "the same question has the same answer", pure_run},
    {"claim-tokens", 5, 0, "tokens that are not valid are refused", tokens_run},
};
const uint32_t ortc_claim_check_count = ORTC_COUNT(ortc_claim_checks);
