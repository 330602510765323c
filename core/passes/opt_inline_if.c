/* An If whose condition is known becomes the nodes of the branch that it takes; so does one inside of that branch, once
 * the shapes around it are known. Needs: inference. Keeps: names of outputs. Breaks: nothing. */
#include "passes/pass.h"

static ort_status *inline_all(orti_graph *graph, bool *changed) {
    for (orti_node_id id = 0; id < orti_graph_node_count(graph); id++) {
        const orti_node *node = orti_graph_node(graph, id);
        orti_node_id first = ORTI_NONE;
        if (!orti_rewrite_is(node, "If")) continue;
        const orti_tensor *condition = orti_rewrite_constant(graph, orti_rewrite_input(node, 0));
        if (!condition || condition->dtype != ORT_DTYPE_BOOL || condition->element_count != 1) continue;
        bool is_taken = orti_dtype_get_i64(ORT_DTYPE_BOOL, condition->data, 0) != 0;
        ORT_TRY(orti_graph_inline_attr(graph, id, is_taken ? "then_branch" : "else_branch", &first));
        *changed = true;
    }
    return NULL;
}

ort_status *orti_opt_inline_if(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    for (bool has_inlined = true; has_inlined;) {
        has_inlined = false;
        ORT_TRY(inline_all(graph, &has_inlined));
        *changed = *changed || has_inlined;
        if (!has_inlined) break;
        ort_status *status = orti_infer_graph(graph);
        /* A branch that contradicts itself is left for whoever takes it. */
        if (status && orti_graph_outer(graph) && ort_status_code(status) == ORT_CODE_INVALID_MODEL) {
            ort_status_destroy(status);
            return NULL;
        }
        ORT_TRY(status);
        ORT_TRY(orti_opt_known(graph, context, changed));
    }
    return NULL;
}
