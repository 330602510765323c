/* Inference of operators on strings. */
#include "ops/infer.h"

#include <string.h>

/* Without stop words every element stays; with them the run tells how many do. */
void orti_infer_string_normalizer(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_attr *stopwords = orti_node_attr(infer->node, "stopwords");
    orti_dim dims[2] = {1, ORTI_DIM_INVALID};
    if (!in) return;
    if (in->rank != 1 && in->rank != 2) {
        orti_infer_fail(infer, "needs [C] or [1, C], its input has the rank %u", in->rank);
        return;
    }
    if (!stopwords || stopwords->count == 0)
        orti_set_dims(infer, 0, in->dims, in->rank);
    else
        orti_set_dims(infer, 0, dims + 2 - in->rank, in->rank);
}

void orti_infer_string_split(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[ORTI_RANK_MAX];
    orti_set_dtype(infer, 0, ORT_DTYPE_STRING);
    orti_set_dtype(infer, 1, ORT_DTYPE_I64);
    if (!in || in->rank == ORTI_RANK_MAX) return;
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    dims[in->rank] = ORTI_DIM_INVALID;
    orti_set_dims(infer, 0, dims, in->rank + 1);
    orti_set_dims(infer, 1, in->dims, in->rank);
}

/* com.microsoft Tokenizer: [C] or [N, C] becomes [.., D], D being the most tokens that an element has. */
void orti_infer_tokenizer(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    orti_dim dims[3];
    if (!in) return;
    if (in->rank != 1 && in->rank != 2) {
        orti_infer_fail(infer, "needs [C] or [N, C], its input has the rank %u", in->rank);
        return;
    }
    memcpy(dims, in->dims, in->rank * sizeof *dims);
    dims[in->rank] = ORTI_DIM_INVALID;
    orti_set_dims(infer, 0, dims, in->rank + 1);
}

void orti_infer_tfidf_vectorizer(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    const orti_attr *indexes = orti_node_attr(infer->node, "ngram_indexes");
    int64_t columns = 0;
    if (!in || !indexes) return;
    for (uint32_t i = 0; i < indexes->count; i++)
        if (indexes->ints[i] >= columns && indexes->ints[i] < INT64_MAX) columns = indexes->ints[i] + 1;
    if (in->rank > 2 || columns > INT32_MAX) {
        orti_infer_fail(infer, "needs [C] or [N, C] and columns below 2^31, its input has the rank %u", in->rank);
        return;
    }
    if (in->rank == 2)
        orti_set_dims(infer, 0, (const orti_dim[]){in->dims[0], columns}, 2);
    else
        orti_set_dims(infer, 0, (const orti_dim[]){columns}, 1);
}
