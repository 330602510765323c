/* Inference of Einsum (ONNX Einsum-12). */
#include "ops/infer.h"

#include <string.h>

/* Labels are letters by their code; the axes of an ellipsis, counted from its end, come behind them. */
enum { ELLIPSIS = 128, LABELS = ELLIPSIS + ORTI_RANK_MAX };

typedef struct einsum {
    orti_dim sizes[LABELS];
    uint32_t uses[LABELS];
    uint32_t ellipsis_rank; /* the longest */
} einsum;

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Labels of a term up to ',' , '-' or its end; an ellipsis takes `ellipsis_rank` of them. Returns how many, or -1. */
static int32_t term_read(const char **at, uint32_t ellipsis_rank, uint32_t *labels) {
    int32_t count = 0;
    for (; **at && **at != ',' && **at != '-'; (*at)++) {
        if (**at == ' ') continue;
        uint32_t run = is_letter(**at) ? 1 : strncmp(*at, "...", 3) == 0 ? ellipsis_rank : UINT32_MAX;
        if (run == UINT32_MAX || (uint32_t)count + run > ORTI_RANK_MAX) return -1;
        for (uint32_t i = 0; i < run; i++)
            labels[count++] = is_letter(**at) ? (uint32_t) * *at : ELLIPSIS + ellipsis_rank - 1 - i;
        if (!is_letter(**at)) *at += 2;
    }
    return count;
}

static void size_join(orti_infer *infer, einsum *e, uint32_t label, orti_dim dim) {
    int64_t own, other;
    bool has_own = orti_dim_is_number(infer, e->sizes[label], &own), has_other = orti_dim_is_number(infer, dim, &other);
    if (e->uses[label]++ == 0 || (has_own && own == 1)) {
        e->sizes[label] = dim;
        return;
    }
    if (has_own && has_other && own != other && other != 1)
        orti_infer_fail(infer, "one label stands for sizes %lld and %lld", (long long)own, (long long)other);
    if (!has_own && has_other && other != 1) e->sizes[label] = dim;
}

/* Letters of a term that are no part of an ellipsis. */
static uint32_t letters_count(const char *at) {
    uint32_t count = 0;
    for (; *at && *at != ',' && *at != '-'; at++) count += is_letter(*at);
    return count;
}

static bool inputs_read(orti_infer *infer, einsum *e, const char **at) {
    uint32_t labels[ORTI_RANK_MAX];
    for (uint32_t i = 0; i < infer->node->input_count; i++) {
        const orti_state *in = orti_in_shaped(infer, i);
        if (!in) return false;
        uint32_t letters = letters_count(*at), rest = in->rank >= letters ? in->rank - letters : 0;
        int32_t count = term_read(at, rest, labels);
        if (count != (int32_t)in->rank) {
            orti_infer_fail(infer, "the equation does not fit input %u of rank %u", i, in->rank);
            return false;
        }
        if (rest > e->ellipsis_rank) e->ellipsis_rank = rest;
        for (uint32_t k = 0; k < in->rank; k++) size_join(infer, e, labels[k], in->dims[k]);
        if (**at == ',') (*at)++;
    }
    return infer->status == NULL;
}

void orti_infer_einsum(orti_infer *infer) {
    const char *at = orti_node_attr_string(infer->node, "equation", "");
    uint32_t labels[LABELS];
    orti_dim dims[ORTI_RANK_MAX];
    int32_t count = 0;
    einsum e = {{0}, {0}, 0};
    if (!inputs_read(infer, &e, &at)) return;
    if (strncmp(at, "->", 2) == 0) {
        at += 2;
        count = term_read(&at, e.ellipsis_rank, labels);
    } else { /* the ellipsis, then what stands once, in the order of the letters */
        for (uint32_t i = e.ellipsis_rank; i-- > 0;) labels[count++] = ELLIPSIS + i;
        for (uint32_t c = 'A'; c <= 'z'; c++)
            if (e.uses[c] == 1) labels[count++] = c;
    }
    if (count < 0 || count > (int32_t)ORTI_RANK_MAX || *at) {
        orti_infer_fail(infer, "the equation '%s' makes no sense", orti_node_attr_string(infer->node, "equation", ""));
        return;
    }
    for (int32_t i = 0; i < count; i++) dims[i] = e.uses[labels[i]] ? e.sizes[labels[i]] : 1;
    orti_set_dims(infer, 0, dims, (uint32_t)count);
}
