/* Values whose numbers inference knows become constants: nobody computes them.
 * Needs: inference. Keeps: names. Breaks: nothing; the nodes that are left without readers are dead code. */
#include "passes/pass.h"

static bool has_known_numbers(const orti_graph *graph, const orti_value *value, int64_t *dims) {
    const orti_known *known = value->known;
    int64_t number, count = 0;
    if (value->kind != ORTI_VALUE_INNER || value->is_output || value->producer == ORTI_NONE || !known) return false;
    if (!value->has_shape || !(orti_dtype_is_integer(value->dtype) || value->dtype == ORT_DTYPE_BOOL)) return false;
    for (uint32_t i = 0; i < value->rank; i++)
        if (value->dims[i] == ORTI_DIM_INVALID || !orti_dim_constant(orti_graph_pool(graph), value->dims[i], &dims[i]))
            return false;
    if (!orti_shape_count(dims, value->rank, &count) || count != known->count) return false;
    for (uint32_t i = 0; i < known->count; i++)
        if (known->dims[i] == ORTI_DIM_INVALID || !orti_dim_constant(orti_graph_pool(graph), known->dims[i], &number))
            return false;
    return true;
}

static ort_status *make_constant(orti_graph *graph, orti_value_id id, const int64_t *dims) {
    const orti_value *value = orti_graph_value(graph, id);
    orti_tensor *tensor = NULL;
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(graph), value->dtype, dims, value->rank, 0, &tensor));
    for (uint32_t i = 0; i < value->known->count; i++) {
        int64_t number = 0;
        (void)orti_dim_constant(orti_graph_pool(graph), value->known->dims[i], &number);
        orti_dtype_set_i64(value->dtype, tensor->data, i, number);
    }
    ort_status *status = orti_graph_make_constant(graph, id, tensor);
    orti_tensor_release(tensor);
    return status;
}

ort_status *orti_opt_known(orti_graph *graph, const orti_pass_context *context, bool *changed) {
    (void)context;
    for (orti_value_id id = 0; id < orti_graph_value_count(graph); id++) {
        int64_t dims[ORTI_RANK_MAX];
        if (!has_known_numbers(graph, orti_graph_value(graph, id), dims)) continue;
        ORT_TRY(make_constant(graph, id, dims));
        *changed = true;
    }
    return NULL;
}
