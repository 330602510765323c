/* cpu/adapters/attention.h: what attention operators plan and one runner runs. Private to this folder.
 *
 * Each operator says where the matrices of a head lie in its arguments; attention_run.c goes through batches, heads and
 * blocks of queries with that. */
#ifndef ORTCPU_ADAPTERS_ATTENTION_H
#define ORTCPU_ADAPTERS_ATTENTION_H

#include "adapters/heavy.h"

#define ORTCPU_NO_ARG UINT32_MAX

/* A matrix for each batch and head in one argument of the step; elements. */
typedef struct ortcpu_place {
    uint32_t arg; /* of step->args: inputs, then outputs; ORTCPU_NO_ARG: none */
    int64_t offset, batch, head;
} ortcpu_place;

typedef struct ortcpu_bias_place {
    ortcpu_place place;
    ortcpu_attention_bias bias; /* but for the data */
    int64_t length_begin;       /* RANGE: int32 index of the batch's begin (-1: 0); its end is at the batch's index */
} ortcpu_bias_place;

/* X * W for one head inside the task: com.microsoft Attention. */
typedef struct ortcpu_projection {
    const ortcpu_kernels *kernels;
    ortcpu_gemm_plan plan;
    const float *packed, *bias;                /* of head 0; bias may be NULL */
    int64_t head_floats, columns, input_batch; /* packed floats of a head; its columns; elements of X in a batch */
    bool input_is_half;
} ortcpu_projection;

typedef struct ortcpu_attention_state {
    const ortcpu_kernels *kernels;
    ortcpu_attention_shape shape;
    int64_t heads, group;       /* of queries; of them to one head of keys */
    int64_t blocks, block_rows; /* of queries in a head */
    ortcpu_place q, k[2], v[2], y, present_k, present_v, scores;
    ortcpu_bias_place bias[2];
    uint32_t key_lengths; /* argument of int64 key counts, one for each batch */
    bool ends_positions;  /* query 0 stands at its batch's key count - queries; else behind the past */
    /* MultiHeadAttention's bias of Q, K and V in one vector of `heads` times (head, head, value_head): they are added
     * in scratch. */
    uint32_t addend;
    int64_t addend_pitch[3];
    const ortcpu_projection *projection; /* NULL: q, k[1], v[1] are arguments */
    size_t staged_floats;                /* scratch before attention's own */
} ortcpu_attention_state;

/* Fills what follows from shape and places. `batch`: 0 gives no step. */
ort_status *ortcpu_attention_finish(ortk_planner *planner, ortcpu_attention_state *state, int64_t batch,
                                    ortk_step_plan *step);
/* The state with kernels and no places, 16-bit rows where input 0 is such. NULL: out of memory. */
ortcpu_attention_state *ortcpu_attention_begin(ortk_planner *planner, uint32_t dtype);
/* [batch, 1 or heads, 1 or queries, keys], right-aligned, as a bias. False: it does not fit. */
bool ortcpu_attention_mask(ortcpu_attention_state *state, uint32_t index, uint32_t arg, const ortk_desc *desc,
                           int64_t batch, float masked, bool may_be_short);
/* com.microsoft's int32 padding as bias 0: key counts of each batch, or exclusive ends followed by inclusive begins, or
 * truths for each key of each batch and, perhaps, query. False: none of these. */
bool ortcpu_attention_padding(ortcpu_attention_state *state, uint32_t arg, const ortk_desc *desc, int64_t batch,
                              float masked);
/* Element types of rows. */
#define ORTCPU_ATTENTION_TYPES                                                                                         \
    (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16))

extern const ortcpu_op_table ortcpu_heavy_attention, ortcpu_heavy_projected_attention;

#endif
