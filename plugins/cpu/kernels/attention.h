/* kernels/attention.h: y = softmax(cap(scale * Q * K') + bias) * V for one head, block by block of keys.
 *
 * Scores never leave the caches: each block's are turned into weights against the largest one so far, and what was
 * summed before is scaled when a larger one comes (M. Milakov, N. Gimelshein, Online normalizer calculation for
 * softmax, 2018; T. Dao et al., FlashAttention, 2022). Work may be cut by heads and by rows of Q, never over keys, and
 * a row's result does not depend on how it was cut: the same bits on any number of threads. A row that sees no key is
 * 0.
 *
 * Rows are float32, or 16-bit floats where `widen` and `narrow` are given and the flag says so. Pitches count elements.
 * Nothing is allocated, nothing fails. */
#ifndef ORTCPU_KERNELS_ATTENTION_H
#define ORTCPU_KERNELS_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys and values come in two stretches: those of earlier runs, then the new ones. */
typedef struct ortcpu_attention_rows {
    int64_t count, k_pitch, v_pitch;
    bool is_half;
} ortcpu_attention_rows;

/* What the fourth output of ONNX Attention holds. */
typedef enum ortcpu_scores {
    ORTCPU_SCORES_PRODUCT,
    ORTCPU_SCORES_CAPPED,
    ORTCPU_SCORES_BIASED,
    ORTCPU_SCORES_WEIGHTS,
    ORTCPU_SCORES_NONE
} ortcpu_scores;

typedef struct ortcpu_attention_shape {
    int64_t queries, head, value_head; /* rows of Q; columns of Q and K; columns of V */
    int64_t q_pitch, y_pitch;
    ortcpu_attention_rows keys[2];
    float scale, softcap; /* softcap 0: none */
    bool is_causal;
    int64_t left, right; /* keys that a query sees before and after its own position; -1: all */
    bool q_is_half, y_is_half;
    ortcpu_scores scores; /* not NONE: args->scores is written, and a block holds all keys */
    void (*widen)(float *y, const uint16_t *x, int64_t count);
    void (*narrow)(uint16_t *y, const float *x, int64_t count);
} ortcpu_attention_shape;

typedef enum ortcpu_bias_kind {
    ORTCPU_BIAS_NONE,
    ORTCPU_BIAS_F32,
    ORTCPU_BIAS_HALF,
    ORTCPU_BIAS_BOOL, /* 0: `masked` is added */
    ORTCPU_BIAS_I32,  /* 0: `masked` is added */
    ORTCPU_BIAS_RANGE /* outside keys [begin, end): `masked` is added */
} ortcpu_bias_kind;

/* Added to the scores. Keys from `count` on get -inf. */
typedef struct ortcpu_attention_bias {
    ortcpu_bias_kind kind;
    const void *data; /* at query 0, key 0 */
    int64_t pitch;    /* to the next query's row; 0: one row for all */
    int64_t count, begin, end;
    float masked;
} ortcpu_attention_bias;

typedef struct ortcpu_attention_args {
    const void *q, *k[2], *v[2];
    void *y, *scores; /* scores: rows of all keys, dense, in y's type */
    ortcpu_attention_bias bias[2];
    int64_t position; /* of query 0 among the keys */
    int64_t key_end;  /* keys from here on are not there */
} ortcpu_attention_args;

/* For up to `rows` rows of Q at once. */
typedef size_t ortcpu_attention_scratch_bytes_fn(const ortcpu_attention_shape *shape, int64_t rows);
/* Rows [begin, end) of Q. scratch: 64-byte aligned. */
typedef void ortcpu_attention_run_fn(const ortcpu_attention_shape *shape, const ortcpu_attention_args *args,
                                     int64_t begin, int64_t end, void *scratch);

#endif
