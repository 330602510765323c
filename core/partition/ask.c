#include "partition/inner.h"

#include <string.h>

/* Keeps the words of a failed dialogue; running out of memory stays a failure of ours. */
static ort_status *refuse(attempt *at, uint32_t candidate, ort_status *status) {
    if (ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY) return status;
    const char *message = ort_status_message(status);
    ort_status *copied =
        orti_arena_string(&at->result->arena, message, strlen(message), &at->answers[candidate].refusal);
    ort_status_destroy(status);
    return copied;
}

ort_status *orti_attempt_ask(attempt *at, uint32_t candidate, const uint8_t *only, orti_claims *out) {
    for (uint32_t i = 0; i < at->shown_count; i++) {
        orti_node_id node = at->shown[i];
        bool is_theirs = orti_attempt_may_take(at, candidate, node);
        at->mask[i] = at->piece_of[node] == PIECE_NONE && is_theirs && (!only || only[node]);
    }
    at->answers[candidate].is_asked = true;
    ort_status *status = orti_instance_propose(at->request->candidates[candidate].instance, at->result->view, at->mask,
                                               at->request->policy, out);
    return status ? refuse(at, candidate, status) : NULL;
}

static ort_status *answer_read(attempt *at, uint32_t candidate) {
    attempt_answer *answer = &at->answers[candidate];
    ORT_TRY(orti_arena_alloc(&at->arena, at->node_bound, sizeof(double), &answer->node_cost_ns));
    ORT_TRY(orti_arena_alloc(&at->arena, at->node_bound, sizeof(char *), &answer->decline));
    for (uint32_t i = 0; i < at->node_bound; i++) answer->node_cost_ns[i] = INFINITY;
    for (size_t i = 0; i < answer->claims.proposal_count; i++) {
        const orti_proposal *proposal = &answer->claims.proposals[i];
        double copies;
        ORT_TRY(orti_attempt_copy_ns(at, candidate, proposal, &copies));
        double extra = (proposal->launch_ns + copies) / proposal->node_count;
        for (uint32_t n = 0; n < proposal->node_count; n++)
            answer->node_cost_ns[proposal->nodes[n]] =
                extra + (proposal->node_cost_ns ? proposal->node_cost_ns[n] : proposal->cost_ns / proposal->node_count);
    }
    for (size_t i = 0; i < answer->claims.decline_count; i++)
        answer->decline[answer->claims.declines[i].node] = answer->claims.declines[i].text;
    return NULL;
}

ort_status *orti_attempt_ask_all(attempt *at) {
    for (uint32_t i = 0; i < at->request->candidate_count; i++) {
        attempt_answer *answer = &at->answers[i];
        if (!answer->refusal) ORT_TRY(orti_attempt_ask(at, i, NULL, &answer->claims));
        ORT_TRY(answer_read(at, i));
    }
    return NULL;
}
