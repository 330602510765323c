/* Constant subgraphs are computed by the rooms that compute everything else (architecture.md, decision 5). */
#include "session/inner.h"

#include <string.h>

/* The parent's candidates whose memory the host addresses, the CPU first. */
static ort_status *host_candidates(const session_composition *parent, session_composition *child) {
    ORT_TRY(orti_alloc(child->alloc, parent->candidate_count, sizeof(orti_candidate), &child->candidates));
    ORT_TRY(orti_alloc(child->alloc, parent->candidate_count, sizeof(orti_compile_settings), &child->settings));
    for (uint32_t i = parent->candidate_count; i-- > 0;) {
        orti_instance *instance = parent->candidates[i].instance;
        if (!orti_instance_is_host_addressable(instance, 0)) continue;
        bool is_cpu = strcmp(orti_provider_name(orti_instance_provider(instance)), "cpu") == 0;
        uint32_t rank = is_cpu ? 0 : 1;
        child->settings[child->candidate_count] = parent->settings[i];
        child->candidates[child->candidate_count++] = (orti_candidate){orti_instance_retain(instance), rank, true};
    }
    if (!child->candidate_count) ORT_FAIL(UNSUPPORTED, "no provider on the host computes constants");
    return NULL;
}

static ort_status *compute(ort_environment *environment, const session_composition *composition,
                           orti_tensor **outputs) {
    orti_run_counters counters = {0};
    const orti_execution_request request = {.alloc = composition->alloc,
                                            .script = composition->script,
                                            .lane = orti_environment_lane(environment, ORTI_TOPOLOGY_NONE),
                                            .counters = &counters};
    const orti_run_request run = {0};
    orti_execution *execution = NULL;
    ort_status *status = NULL;
    ORT_TRY_TO(done, status, orti_execution_create(&request, &execution));
    ORT_TRY_TO(done, status, orti_execution_plan(execution, NULL));
    ORT_TRY_TO(done, status, orti_execution_run(execution, &run));
    for (uint32_t i = 0; i < composition->script->output_count; i++)
        outputs[i] = orti_tensor_retain(orti_datum_tensor(orti_execution_output(execution, i)));
done:
    orti_execution_destroy(execution);
    return status;
}

ort_status *orti_evaluate(void *user, orti_graph *graph, orti_tensor **outputs) {
    const evaluate_context *context = user;
    session_composition child = {.alloc = context->parent->alloc,
                                 .policy = context->parent->policy,
                                 .fallback = ORTI_FALLBACK_ALLOW,
                                 .host_limit_bytes = context->parent->host_limit_bytes};
    ort_status *status = NULL;
    orti_arena_init(&child.arena, child.alloc);
    child.policy.precision = ORTP_PRECISION_MODEL; /* constants are folded in the model's own */
    child.policy.range_count = 0;
    child.policy.ranges = NULL;
    ORT_TRY_TO(done, status, host_candidates(context->parent, &child));
    ORT_TRY_TO(done, status, orti_compose(context->environment, graph, 1, &child));
    status = compute(context->environment, &child, outputs);
done:
    orti_composition_finish(&child);
    return status;
}
