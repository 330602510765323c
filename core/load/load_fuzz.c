/* libFuzzer: any bytes are a model or an error, in bounded time and memory, without a leak. */
#include "load/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orti_model *model = NULL;
    orti_load_options options = {.limits = {.host_bytes = UINT64_C(256) << 20, .sparse_bytes = UINT64_C(1) << 20}};
    ort_status *status = orti_model_load_bytes(orti_allocator_default(), data, size, NULL, &options, &model);
    orti_graph *copy = NULL;
    if (!status) status = orti_graph_copy(model->graph, &copy);
    if (!status) status = orti_graph_verify(copy);
    orti_graph_destroy(copy);
    orti_model_destroy(model);
    ort_status_destroy(status);
    return 0;
}
