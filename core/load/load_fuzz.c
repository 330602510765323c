/* libFuzzer: any bytes are a model or an error, in bounded time and memory, without a leak; a model that loads is saved
 * as one that loads and can be saved, or is refused as unsupported. */
#include "load/load.h"
#include "load/save.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const orti_load_options options = {
    .limits = {.host_bytes = UINT64_C(256) << 20, .sparse_bytes = UINT64_C(1) << 20}};

static void stop(const char *what, ort_status *status) {
    fprintf(stderr, "%s: %s\n", what, ort_status_message(status));
    abort();
}

static bool save(const orti_model *model, orti_text *out) {
    const orti_save_options wanted = {0};
    orti_text_init(out, orti_allocator_default());
    ort_status *status = orti_model_save_bytes(model, model->graph, &wanted, out);
    bool is_saved = !status;
    if (status && ort_status_code(status) != ORT_CODE_UNSUPPORTED) stop("saving", status);
    ort_status_destroy(status);
    return is_saved;
}

static void go_round(const orti_model *model) {
    orti_text first, second;
    orti_model *again = NULL;
    if (save(model, &first)) {
        ort_status *status =
            orti_model_load_bytes(orti_allocator_default(), first.data, first.length, NULL, &options, &again);
        if (status) stop("loading what was saved", status);
        if (!save(again, &second)) stop("what was saved can't be saved again", NULL);
        orti_text_finish(&second);
    }
    orti_model_destroy(again);
    orti_text_finish(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orti_model *model = NULL;
    ort_status *status = orti_model_load_bytes(orti_allocator_default(), data, size, NULL, &options, &model);
    orti_graph *copy = NULL;
    if (!status) status = orti_graph_copy(model->graph, &copy);
    if (!status) status = orti_graph_verify(copy);
    if (!status) go_round(model);
    orti_graph_destroy(copy);
    orti_model_destroy(model);
    ort_status_destroy(status);
    return 0;
}
