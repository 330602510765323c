/* The words for every node: who else could, who would not, and why. */
#include "partition/inner.h"

#include <string.h>

static const char *candidate_name(const attempt *at, uint32_t candidate) {
    return orti_provider_name(orti_instance_provider(at->request->candidates[candidate].instance));
}

/* "cuda: declines: no float64; vulkan: could, at 12.3 us" about everybody but `chosen`. */
static void explain_node(const attempt *at, orti_node_id node, uint32_t chosen, orti_text *text) {
    for (uint32_t c = 0; c < at->request->candidate_count; c++) {
        const attempt_answer *answer = &at->answers[c];
        if (c == chosen) continue;
        orti_text_add(text, "%s%s: ", text->length ? "; " : "", candidate_name(at, c));
        if (answer->refusal)
            orti_text_add(text, "left out: %s", answer->refusal);
        else if (answer->decline && answer->decline[node])
            orti_text_add(text, "%s", answer->decline[node]);
        else if (isfinite(answer->node_cost_ns[node]))
            orti_text_add(text, "could, at %.3g us", answer->node_cost_ns[node] / 1000);
        else
            orti_text_add(text, "did not get it");
    }
}

/* "node 'relu1' (Relu)", with the domain where it is not ONNX's own. */
static void name_node(const orti_node *node, orti_text *text) {
    orti_text_add(text, "node '%s' (%s%s%s)", node->name, node->domain, *node->domain ? "." : "", node->op_type);
}

ort_status *orti_attempt_check_all_placed(attempt *at) {
    for (uint32_t i = 0; i < at->shown_count; i++) {
        orti_node_id id = at->shown[i];
        if (at->piece_of[id] != PIECE_NONE) continue;
        orti_text name, why;
        orti_text_init(&name, at->request->alloc);
        orti_text_init(&why, at->request->alloc);
        name_node(orti_graph_node(at->request->graph, id), &name);
        explain_node(at, id, ORTI_NONE, &why);
        ort_status *status = ORT_STATUS(UNSUPPORTED, "%s is taken by no provider: %s", name.data,
                                        why.length ? why.data : "there is none");
        orti_text_finish(&name);
        orti_text_finish(&why);
        return status;
    }
    return NULL;
}

ort_status *orti_attempt_check_fallback(attempt *at) {
    uint32_t count = 0;
    orti_node_id first = ORTI_NONE;
    for (uint32_t i = 0; i < at->shown_count; i++) {
        const orti_partition *piece = &at->pieces[at->piece_of[at->shown[i]]];
        if (at->request->candidates[piece->candidate].is_asked_for) continue;
        if (first == ORTI_NONE) first = at->shown[i];
        count++;
    }
    if (!count || at->request->fallback == ORTI_FALLBACK_ALLOW) return NULL;
    orti_text text;
    orti_text_init(&text, at->request->alloc);
    uint32_t chosen = at->pieces[at->piece_of[first]].candidate;
    orti_text_add(&text, "%u of %u nodes fall back to provider '%s', the first is ", count, at->shown_count,
                  candidate_name(at, chosen));
    name_node(orti_graph_node(at->request->graph, first), &text);
    orti_text_add(&text, ": ");
    size_t before = text.length;
    orti_text why;
    orti_text_init(&why, at->request->alloc);
    explain_node(at, first, chosen, &why);
    orti_text_add(&text, "%s", why.data);
    orti_text_finish(&why);
    ort_status *status = NULL;
    if (at->request->fallback == ORTI_FALLBACK_ERROR)
        status = ORT_STATUS(UNSUPPORTED, "fallback is \"error\", but %s", text.data);
    else if (at->request->log && text.length > before)
        orti_log_write(at->request->log, ORTI_LOG_WARNING, "partition", "%s", text.data);
    orti_text_finish(&text);
    return status;
}

ort_status *orti_attempt_explain(attempt *at) {
    const char **details;
    ORT_TRY(orti_arena_alloc(&at->result->arena, at->node_bound, sizeof *details, &details));
    for (uint32_t i = 0; i < at->node_bound; i++) details[i] = "";
    for (uint32_t i = 0; i < at->shown_count; i++) {
        orti_node_id node = at->shown[i];
        orti_text text;
        orti_text_init(&text, at->request->alloc);
        explain_node(at, node, at->pieces[at->piece_of[node]].candidate, &text);
        ort_status *status = orti_text_status(&text);
        if (!status && text.length)
            status = orti_arena_string(&at->result->arena, text.data, text.length, &details[node]);
        orti_text_finish(&text);
        ORT_TRY(status);
    }
    at->result->details = details;
    return NULL;
}
