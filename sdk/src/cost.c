/* What a node costs, guessed from sizes before anything is compiled. */
#include "claim.h"

#include <string.h>

/* Elements of a value with every symbol at its wished-for number; a size that nobody told counts as 1. */
static double elements_of(const ortk_asker *asker, const ortp_value_info *info) {
    double count = 1;
    if (!(info->flags & ORTP_VALUE_HAS_SHAPE)) return count;
    for (uint32_t i = 0; i < info->rank; i++) {
        int64_t dim = info->dims[i];
        if (dim < 0 && !asker->host->graph->dim_eval(asker->view, dim, asker->symbols, asker->symbol_count, &dim))
            dim = 1;
        count *= (double)(dim > 0 ? dim : 0);
    }
    return count;
}

static double bytes_of(const ortk_asker *asker, uint32_t value, double *out_elements, int64_t *out_last_dim) {
    ortp_value_info info;
    *out_elements = 0;
    *out_last_dim = 1;
    if (value == ORTP_NONE) return 0;
    ort_status *status = ortk_view_value(asker->host, asker->view, value, &info);
    if (status) {
        ortk_status_drop(asker->host, status);
        return 0;
    }
    *out_elements = elements_of(asker, &info);
    if (info.flags & ORTP_VALUE_HAS_SHAPE && info.rank) {
        int64_t last = info.dims[info.rank - 1];
        if (last >= 0 || asker->host->graph->dim_eval(asker->view, last, asker->symbols, asker->symbol_count, &last))
            *out_last_dim = last > 0 ? last : 1;
    }
    return (double)ortk_dtype_bytes(info.dtype, 64) / 64 * *out_elements;
}

static bool is_convolution(const char *op) {
    return strcmp(op, "Conv") == 0 || strcmp(op, "ConvTranspose") == 0;
}

static bool is_product(const char *op) {
    return strcmp(op, "MatMul") == 0 || strcmp(op, "Gemm") == 0;
}

static ortk_node_size size_of(const ortk_asker *asker, const ortk_node *node) {
    ortk_node_size size = {0};
    double elements = 0, weights = 0, data = 0;
    int64_t last = 1, depth = 1;
    for (uint32_t i = 0; i < node->output_count; i++) {
        size.output_bytes += bytes_of(asker, node->outputs[i], &elements, &last);
        if (i == 0) size.output_elements = elements;
    }
    for (uint32_t i = 0; i < node->input_count; i++) {
        size.input_bytes += bytes_of(asker, node->inputs[i], &elements, &last);
        if (i == 0) {
            data = elements;
            depth = last;
        }
        if (i == 1) weights = elements;
    }
    if (is_product(node->op)) size.multiply_adds = size.output_elements * (double)depth;
    if (is_convolution(node->op) && node->input_count > 1) {
        /* Every output (input, when transposed) element meets the weights of one output (input) channel. */
        int64_t channels = ortk_node_input_dim(node, 1, 0);
        double swept = strcmp(node->op, "Conv") == 0 ? size.output_elements : data;
        size.multiply_adds = swept * weights / (double)(channels > 0 ? channels : 1);
    }
    return size;
}

double ortk_node_cost_ns(const ortk_asker *asker, const ortk_node *node) {
    const ortp_instance *instance = asker->instance;
    ortk_node_size size = size_of(asker, node);
    if (instance->plugin->provider->node_cost_ns)
        return instance->plugin->provider->node_cost_ns(instance->settings.context, &node->info, &size);
    double compute = 2 * size.multiply_adds / instance->flops_per_ns;
    double move = (size.input_bytes + size.output_bytes) / instance->bytes_per_ns;
    return instance->launch_ns + (compute > move ? compute : move);
}
