/* Operators that only move bytes: by element size, whatever the type. */
#include "acme.h"

/* ---- Transpose ---- */

typedef struct transpose_params {
    uint32_t perm_count; /* 0: reverse the axes */
    int64_t perm[ORTK_RANK_MAX];
} transpose_params;

typedef struct transpose_state {
    ortk_desc out;
    size_t element_bytes;
    int64_t strides[ORTK_RANK_MAX]; /* of the input, for each axis of the output */
} transpose_state;

static ort_status *transpose_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    transpose_params *p = params;
    (void)compiler;
    p->perm_count = ortk_attr_ints(node, "perm", p->perm, ORTK_RANK_MAX);
    return NULL;
}

/* A task is one element of the output. */
static void transpose_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const transpose_state *s = step->state;
    const unsigned char *in = ortk_in(step, 0);
    unsigned char *out = ortk_out(step, 0);
    (void)scratch;
    for (int64_t element = begin; element < end; element++) {
        int64_t rest = element, from = 0;
        for (uint32_t i = s->out.rank; i-- > 0; rest /= s->out.dims[i]) from += rest % s->out.dims[i] * s->strides[i];
        memcpy(out + (size_t)element * s->element_bytes, in + (size_t)from * s->element_bytes, s->element_bytes);
    }
}

static ort_status *transpose_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const transpose_params *p = params;
    transpose_state *s = ortk_planner_alloc(planner, sizeof *s);
    int64_t strides[ORTK_RANK_MAX];
    (void)in_count, (void)out_count;
    if (!s) return ortk_out_of_memory();
    ortk_desc_strides(in, strides);
    s->out = *out;
    s->element_bytes = (size_t)ortk_dtype_bytes(in->dtype, 1);
    for (uint32_t i = 0; i < in->rank; i++)
        s->strides[i] = strides[p->perm_count ? acme_axis(p->perm[i], in->rank) : in->rank - 1 - i];
    *step = (ortk_step_plan){.run = transpose_run, .state = s, .task_count = out->element_count, .grain = 4096};
    step->cost_ns = 4 * (double)out->element_count;
    return NULL;
}

/* ---- Concat ---- */

typedef struct concat_params {
    int64_t axis;
} concat_params;

typedef struct concat_state {
    size_t row_bytes;     /* of the output, for one step along the axes before `axis` */
    size_t piece_bytes[]; /* of each input */
} concat_state;

static ort_status *concat_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((concat_params *)params)->axis = ortk_attr_int(node, "axis", 0);
    return NULL;
}

static void concat_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const concat_state *s = step->state;
    (void)scratch;
    for (int64_t row = begin; row < end; row++) {
        unsigned char *to = (unsigned char *)ortk_out(step, 0) + (size_t)row * s->row_bytes;
        for (uint32_t i = 0; i < step->input_count; to += s->piece_bytes[i++])
            if (s->piece_bytes[i])
                memcpy(to, (const unsigned char *)ortk_in(step, i) + (size_t)row * s->piece_bytes[i],
                       s->piece_bytes[i]);
    }
}

static ort_status *concat_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    concat_state *s = ortk_planner_alloc(planner, sizeof *s + in_count * sizeof s->piece_bytes[0]);
    int64_t rows = 1;
    (void)out_count;
    if (!s) return ortk_out_of_memory();
    if (out->element_count == 0) return NULL;
    uint32_t axis = acme_axis(((const concat_params *)params)->axis, out->rank);
    for (uint32_t i = 0; i < axis; i++) rows *= out->dims[i];
    s->row_bytes = (size_t)ortk_dtype_bytes(out->dtype, out->element_count / rows);
    for (uint32_t i = 0; i < in_count; i++)
        s->piece_bytes[i] = (size_t)ortk_dtype_bytes(in[i].dtype, in[i].element_count / rows);
    *step = (ortk_step_plan){.run = concat_run, .state = s, .task_count = rows, .grain = 64};
    step->cost_ns = 0.2 * (double)rows * (double)s->row_bytes;
    return NULL;
}

#define MOVED (ACME_F32 | ACME_F16 | ACME_I32)

const ortk_kernel acme_move[] = {
    {"", "Transpose", 1, ACME_OPSET, MOVED, ORTK_MODE_ROWS, 0, sizeof(transpose_params), NULL, transpose_compile,
     transpose_plan},
    {"", "Concat", 4, ACME_OPSET, MOVED, ORTK_MODE_ROWS, 0, sizeof(concat_params), NULL, concat_compile, concat_plan},
    {.op = NULL},
};
