#include "kernels/attention.h"

#include "kernels/gemm.h"
#include "kernels/micro.h"
#include "kernels/vmath.h"

ortcpu_attention_scratch_bytes_fn ORTCPU_FN(ortcpu_attention_scratch_bytes);
ortcpu_attention_run_fn ORTCPU_FN(ortcpu_attention_run);
ortcpu_gemm_pack_bytes_fn ORTCPU_FN(ortcpu_gemm_pack_bytes);
ortcpu_gemm_pack_fn ORTCPU_FN(ortcpu_gemm_pack);

enum {
    KEY_BLOCK = 256, /* keys whose packed form stays in the second cache; scores of MR rows stay in the first */
    FEW_QUERIES = 3, /* rows that are not worth packing keys for */
    SCORE_PAD = 16
};

/* One call's room, cut out of its scratch. */
typedef struct work {
    const ortcpu_attention_shape *s;
    const ortcpu_attention_args *args;
    int64_t begin, end, total; /* queries; all keys */
    int64_t block, pitch;      /* keys of a block at most; floats from one row of scores to the next */
    float *scores, *keys, *values, *stage, *bias, *joined, *top, *sum, *q, *y;
    int64_t q_pitch, y_pitch;
    /* Of the block: a bias that the product itself adds, at query 0 and its first key, and which one that is (-1:
     * none).
     */
    const float *residual;
    int64_t residual_pitch;
    int residual_of;
} work;

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static int64_t rounded(int64_t floats) {
    return (floats + 15) / 16 * 16;
}

static float *room_take(float **at, int64_t floats) {
    float *room = *at;
    if (room != NULL) *at += rounded(floats);
    return room;
}

/* Cuts scratch, or, where scratch is NULL, only counts. */
static int64_t work_init(work *w, const ortcpu_attention_shape *s, int64_t rows, float *scratch) {
    const int64_t total = s->keys[0].count + s->keys[1].count, wide = most(s->head, s->value_head);
    w->s = s;
    w->total = total;
    w->block = s->scores != ORTCPU_SCORES_NONE ? total : least(total, KEY_BLOCK);
    w->pitch = rounded(w->block) + SCORE_PAD;
    const bool packs = s->queries > FEW_QUERIES;
    const int64_t sizes[] = {(packs ? MR : FEW_QUERIES) * w->pitch,
                             packs ? (w->block + NR) * s->head : 0,
                             packs ? (s->value_head + NR) * w->block : 0,
                             w->block * wide,
                             w->pitch,
                             w->pitch,
                             rows,
                             rows,
                             s->q_is_half ? rows * s->head : 0,
                             s->y_is_half ? rows * s->value_head : 0};
    float **const rooms[] = {&w->scores, &w->keys, &w->values, &w->stage, &w->bias,
                             &w->joined, &w->top,  &w->sum,    &w->q,     &w->y};
    int64_t floats = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        *rooms[i] = room_take(&scratch, sizes[i]);
        floats += rounded(sizes[i]);
    }
    return floats;
}

size_t ORTCPU_FN(ortcpu_attention_scratch_bytes)(const ortcpu_attention_shape *shape, int64_t rows) {
    work w;
    return (size_t)work_init(&w, shape, rows, NULL) * sizeof(float);
}

static const void *at(const void *base, int64_t elements, bool is_half) {
    return (const char *)base + elements * (is_half ? 2 : 4);
}

/* ---- keys and values ---- */
/* Rows [k0, k1) as floats: where they lie, or in the stage. */
static const float *rows_view(const work *w, bool is_value, int64_t k0, int64_t k1, int64_t *out_pitch) {
    const ortcpu_attention_shape *s = w->s;
    const int64_t columns = is_value ? s->value_head : s->head, past = s->keys[0].count;
    const void *const *base = is_value ? w->args->v : w->args->k;
    const int part = k0 >= past;
    const ortcpu_attention_rows *rows = &s->keys[part];
    const int64_t pitch = is_value ? rows->v_pitch : rows->k_pitch, first = part != 0 ? past : 0;
    if (!rows->is_half && (part != 0 || k1 <= past)) {
        *out_pitch = pitch;
        return (const float *)base[part] + (k0 - first) * pitch;
    }
    *out_pitch = columns;
    for (int64_t k = k0; k < k1; k++) {
        const int from = k >= past;
        const ortcpu_attention_rows *r = &s->keys[from];
        const int64_t row = (k - (from != 0 ? past : 0)) * (is_value ? r->v_pitch : r->k_pitch);
        float *y = w->stage + (k - k0) * columns;
        if (r->is_half)
            s->widen(y, at(base[from], row, true), columns);
        else
            memcpy(y, at(base[from], row, false), (size_t)columns * sizeof *y);
    }
    return w->stage;
}

static void block_pack(const work *w, int64_t k0, int64_t k1) {
    int64_t pitch;
    const float *k = rows_view(w, false, k0, k1, &pitch);
    ORTCPU_FN(ortcpu_gemm_pack)(k1 - k0, w->s->head, k, 1, pitch, w->keys);
    const float *v = rows_view(w, true, k0, k1, &pitch);
    ORTCPU_FN(ortcpu_gemm_pack)(w->s->value_head, k1 - k0, v, pitch, 1, w->values);
}

/* ---- products ---- */
static const int64_t no_offset = 0;

/* scores = scale * Q * K', by packed keys. */
static void scores_packed(const work *w, int64_t r0, int64_t r1, int64_t count) {
    ortcpu_tile t = {.a = w->q + (r0 - w->begin) * w->q_pitch,
                     .a_stride = w->q_pitch,
                     .tap_offset = &no_offset,
                     .taps = 1,
                     .k = w->s->head,
                     .b = w->keys,
                     .panel_stride = w->s->head * NR,
                     .c = w->scores,
                     .c_stride = w->pitch,
                     .last = true,
                     .scale = w->s->scale};
    if (w->residual_of >= 0) {
        t.residual = w->residual + r0 * w->residual_pitch;
        t.residual_stride = w->residual_pitch;
    }
    ORTCPU_FN(ortcpu_tile_panels)(&t, r1 - r0, count);
}

/* y += weights * V, or = for the first block. */
static void values_packed(const work *w, int64_t r0, int64_t r1, int64_t count, bool is_first) {
    ortcpu_tile t = {.a = w->scores,
                     .a_stride = w->pitch,
                     .tap_offset = &no_offset,
                     .taps = 1,
                     .k = count,
                     .b = w->values,
                     .panel_stride = count * NR,
                     .c = w->y + (r0 - w->begin) * w->y_pitch,
                     .c_stride = w->y_pitch,
                     .load_c = !is_first,
                     .last = true,
                     .scale = 1.0f};
    ORTCPU_FN(ortcpu_tile_panels)(&t, r1 - r0, w->s->value_head);
}

static float dot(const float *a, const float *b, int64_t count) {
    vf sum = vf_zero();
    for (int64_t i = 0; i < count; i += VL) {
        const int64_t n = least(count - i, VL);
        sum = vf_fma(vf_load_n(a + i, n), vf_load_n(b + i, n), sum);
    }
    return vf_sum(sum);
}

static void scores_direct(const work *w, int64_t r0, int64_t r1, const float *k, int64_t pitch, int64_t count) {
    for (int64_t r = r0; r < r1; r++) {
        const float *q = w->q + (r - w->begin) * w->q_pitch;
        float *scores = w->scores + (r - r0) * w->pitch;
        for (int64_t j = 0; j < count; j++) scores[j] = dot(q, k + j * pitch, w->s->head) * w->s->scale;
    }
}

/* Columns of `vecs` vectors; the last may be partial. */
ORTCPU_INLINE void columns_add(float *y, const float *p, const float *v, int64_t pitch, int64_t count, int64_t n,
                               const int vecs) {
    vf sum[4];
    for (int i = 0; i < vecs; i++) sum[i] = vf_load_n(y + i * VL, least(n - i * VL, VL));
    for (int64_t j = 0; j < count; j++, v += pitch)
        for (int i = 0; i < vecs; i++)
            sum[i] = vf_fma(vf_set1(p[j]), vf_load_n(v + i * VL, least(n - i * VL, VL)), sum[i]);
    for (int i = 0; i < vecs; i++) vf_store_n(y + i * VL, sum[i], least(n - i * VL, VL));
}

static void values_direct(const work *w, int64_t r0, int64_t r1, const float *v, int64_t pitch, int64_t count) {
    for (int64_t r = r0; r < r1; r++) {
        const float *p = w->scores + (r - r0) * w->pitch;
        float *y = w->y + (r - w->begin) * w->y_pitch;
        int64_t c = 0;
        for (; c + 3 * VL < w->s->value_head; c += 4 * VL)
            columns_add(y + c, p, v + c, pitch, count, w->s->value_head - c, 4);
        for (; c < w->s->value_head; c += VL) columns_add(y + c, p, v + c, pitch, count, w->s->value_head - c, 1);
    }
}

/* ---- bias ---- */
/* Keys [k0, k1) of the bias at query `row`, as floats. */
static const float *bias_row(const work *w, const ortcpu_attention_bias *b, int64_t row, int64_t k0, int64_t k1,
                             float *y) {
    const int64_t from = row * b->pitch + k0, there = most(least(k1, b->count) - k0, 0);
    if (b->kind == ORTCPU_BIAS_F32 && there == k1 - k0) return (const float *)b->data + from;
    for (int64_t j = 0; j < there; j++) {
        if (b->kind == ORTCPU_BIAS_F32) y[j] = ((const float *)b->data)[from + j];
        if (b->kind == ORTCPU_BIAS_BOOL) y[j] = ((const uint8_t *)b->data)[from + j] != 0 ? 0.0f : b->masked;
        if (b->kind == ORTCPU_BIAS_I32) y[j] = ((const int32_t *)b->data)[from + j] != 0 ? 0.0f : b->masked;
        if (b->kind == ORTCPU_BIAS_RANGE) y[j] = k0 + j >= b->begin && k0 + j < b->end ? 0.0f : b->masked;
    }
    if (b->kind == ORTCPU_BIAS_HALF && there > 0) w->s->widen(y, (const uint16_t *)b->data + from, there);
    for (int64_t j = there; j < k1 - k0; j++) y[j] = -INFINITY;
    return y;
}

/* The product adds a bias that lies in memory as floats, or is one row for all queries, where nothing comes between. */
static void residual_choose(work *w, int64_t k0, int64_t k1) {
    const int first = w->args->bias[0].kind != ORTCPU_BIAS_NONE ? 0 : 1;
    const ortcpu_attention_bias *b = &w->args->bias[first];
    const bool is_whole = b->kind == ORTCPU_BIAS_F32 && k1 <= b->count;
    w->residual_of = -1;
    if (w->s->queries <= FEW_QUERIES || w->s->softcap != 0.0f || w->s->scores < ORTCPU_SCORES_BIASED ||
        b->kind == ORTCPU_BIAS_NONE || (!is_whole && b->pitch != 0))
        return;
    w->residual_of = first;
    w->residual = bias_row(w, b, 0, k0, k1, w->joined);
    w->residual_pitch = b->pitch;
}

static void bias_add(const work *w, float *scores, int64_t row, int64_t k0, int64_t k1) {
    for (int i = 0; i < 2; i++) {
        if (w->args->bias[i].kind == ORTCPU_BIAS_NONE || i == w->residual_of) continue;
        const float *bias = bias_row(w, &w->args->bias[i], row, k0, k1, w->bias);
        for (int64_t j = 0; j < k1 - k0; j += VL) {
            const int64_t n = least(k1 - k0 - j, VL);
            vf_store_n(scores + j, vf_load_n(scores + j, n) + vf_load_n(bias + j, n), n);
        }
    }
}

/* ---- a row of scores becomes weights ---- */
static void cap(float *scores, int64_t count, float limit) {
    for (int64_t j = 0; j < count; j += VL) {
        const int64_t n = least(count - j, VL);
        vf_store_n(scores + j, vf_tanh(vf_load_n(scores + j, n) / limit) * limit, n);
    }
}

/* The largest, above -inf: NaN does not count. */
static float largest(const float *x, int64_t count, float start) {
    vf top[4];
    int64_t j = 0;
    for (int i = 0; i < 4; i++) top[i] = vf_set1(start);
    for (; j + 4 * VL <= count; j += 4 * VL)
        for (int i = 0; i < 4; i++) top[i] = vf_max_bound(top[i], vf_load(x + j + i * VL));
    for (; j < count; j += VL) {
        const int64_t n = least(count - j, VL);
        top[0] = vf_max_bound(top[0], vf_select(vm_first(n), vf_load_n(x + j, n), vf_set1(start)));
    }
    return ortcpu_top(vf_max_bound(vf_max_bound(top[0], top[1]), vf_max_bound(top[2], top[3])));
}

/* x = exp(x - top); their sum. */
static float weights(float *x, int64_t count, float top) {
    const vf shift = vf_set1(top);
    vf sum = vf_zero();
    int64_t j = 0;
    for (; j + VL <= count; j += VL) {
        const vf e = vf_exp(vf_load(x + j) - shift);
        sum += e;
        vf_store(x + j, e);
    }
    if (j < count) {
        const vf e = vf_exp(vf_load_n(x + j, count - j) - shift);
        sum += vf_select(vm_first(count - j), e, vf_zero());
        vf_store_n(x + j, e, count - j);
    }
    return vf_sum(sum);
}

static void row_scale(float *y, int64_t count, float factor) {
    for (int64_t j = 0; j < count; j += VL) {
        const int64_t n = least(count - j, VL);
        vf_store_n(y + j, vf_load_n(y + j, n) * factor, n);
    }
}

static void scores_tell(const work *w, ortcpu_scores stage, const float *scores, int64_t row) {
    if (w->s->scores != stage) return;
    if (w->s->y_is_half)
        w->s->narrow((uint16_t *)w->args->scores + row * w->total, scores, w->total);
    else
        memcpy((float *)w->args->scores + row * w->total, scores, (size_t)w->total * sizeof *scores);
}

/* The keys of [k0, k1) that query `row` may see. */
static void visible(const work *w, int64_t row, int64_t k0, int64_t k1, int64_t *out_begin, int64_t *out_end) {
    const ortcpu_attention_shape *s = w->s;
    const int64_t own = w->args->position + row;
    int64_t begin = k0, end = least(k1, w->args->key_end);
    if (s->is_causal) end = least(end, own + 1);
    if (s->right >= 0) end = least(end, own + s->right + 1);
    if (s->left >= 0) begin = most(begin, own - s->left);
    *out_end = most(end, k0);
    *out_begin = least(begin, *out_end);
}

static void fill(float *x, int64_t begin, int64_t end, float value) {
    for (int64_t j = begin; j < end; j++) x[j] = value;
}

/* Everything that comes between a product and its weights; keys [*out_begin, *out_end) of the block remain. */
static void row_prepare(const work *w, float *scores, int64_t row, int64_t k0, int64_t k1, int64_t *out_begin,
                        int64_t *out_end) {
    const bool tells = w->s->scores != ORTCPU_SCORES_NONE;
    scores_tell(w, ORTCPU_SCORES_PRODUCT, scores, row);
    if (w->s->softcap != 0.0f) cap(scores, k1 - k0, w->s->softcap);
    scores_tell(w, ORTCPU_SCORES_CAPPED, scores, row);
    bias_add(w, scores, row, k0, k1);
    visible(w, row, k0, k1, out_begin, out_end);
    *out_begin -= k0, *out_end -= k0;
    fill(scores, 0, *out_begin, tells ? -INFINITY : 0.0f);
    fill(scores, *out_end, k1 - k0, tells ? -INFINITY : 0.0f);
    scores_tell(w, ORTCPU_SCORES_BIASED, scores, row);
    if (!tells) return;
    fill(scores, 0, *out_begin, 0.0f);
    fill(scores, *out_end, k1 - k0, 0.0f);
}

/* Scores become weights against `top`; their sum. Where every key is masked there is nothing to weigh but NaN. */
static float row_weights(float *scores, int64_t count, float top) {
    if (top != -INFINITY) return weights(scores, count, top);
    bool has_nan = false;
    for (int64_t j = 0; j < count; j++) has_nan = has_nan || scores[j] != scores[j];
    fill(scores, 0, count, has_nan ? NAN : 0.0f);
    return has_nan ? NAN : 0.0f;
}

/* Scores of one query become weights, and y is made ready to take their block's values. */
static void row_weigh(const work *w, float *scores, int64_t row, int64_t k0, int64_t k1, bool is_first) {
    const int64_t r = row - w->begin;
    int64_t begin, end;
    row_prepare(w, scores, row, k0, k1, &begin, &end);
    const float before = is_first ? -INFINITY : w->top[r], top = largest(scores + begin, end - begin, before);
    float total = row_weights(scores + begin, end - begin, top);
    if (w->s->scores == ORTCPU_SCORES_WEIGHTS && total != 0.0f) {
        row_scale(scores, k1 - k0, 1.0f / total);
        total = 1.0f;
    }
    scores_tell(w, ORTCPU_SCORES_WEIGHTS, scores, row);
    if (!is_first && top > before && before != -INFINITY) {
        const float shrink = ortcpu_top(vf_exp(vf_set1(before - top)));
        w->sum[r] *= shrink;
        row_scale(w->y + r * w->y_pitch, w->s->value_head, shrink);
    }
    w->sum[r] = total + (is_first ? 0.0f : w->sum[r]);
    w->top[r] = top;
}

/* ---- the whole ---- */
static bool block_is_seen(const work *w, int64_t r0, int64_t r1, int64_t k0, int64_t k1) {
    int64_t first_begin, first_end, last_begin, last_end;
    visible(w, r0, k0, k1, &first_begin, &first_end);
    visible(w, r1 - 1, k0, k1, &last_begin, &last_end);
    return first_begin < last_end;
}

static void block_run(work *w, int64_t k0, int64_t k1) {
    const bool packs = w->s->queries > FEW_QUERIES, is_first = k0 == 0;
    const int64_t height = packs ? MR : FEW_QUERIES, rows = w->end - w->begin, count = k1 - k0;
    const int64_t tiles = (rows + height - 1) / height;
    if (!is_first && !block_is_seen(w, w->begin, w->end, k0, k1)) return;
    residual_choose(w, k0, k1);
    if (packs) block_pack(w, k0, k1);
    for (int64_t i = 0; i < tiles; i++) {
        const int64_t r0 = w->begin + rows * i / tiles, r1 = w->begin + rows * (i + 1) / tiles;
        int64_t pitch;
        if (packs) {
            scores_packed(w, r0, r1, count);
        } else {
            const float *k = rows_view(w, false, k0, k1, &pitch);
            scores_direct(w, r0, r1, k, pitch, count);
        }
        for (int64_t r = r0; r < r1; r++) row_weigh(w, w->scores + (r - r0) * w->pitch, r, k0, k1, is_first);
        if (packs) {
            values_packed(w, r0, r1, count, is_first);
            continue;
        }
        const float *v = rows_view(w, true, k0, k1, &pitch);
        for (int64_t r = r0; r < r1 && is_first; r++)
            fill(w->y + (r - w->begin) * w->y_pitch, 0, w->s->value_head, 0.0f);
        values_direct(w, r0, r1, v, pitch, count);
    }
}

static void finish(const work *w, void *y) {
    const int64_t columns = w->s->value_head;
    for (int64_t r = 0; r < w->end - w->begin; r++) {
        float *row = w->y + r * w->y_pitch;
        if (w->total == 0 || w->sum[r] == 0.0f)
            fill(row, 0, columns, 0.0f);
        else
            row_scale(row, columns, 1.0f / w->sum[r]);
        if (w->s->y_is_half) w->s->narrow((uint16_t *)y + r * w->s->y_pitch, row, columns);
    }
}

void ORTCPU_FN(ortcpu_attention_run)(const ortcpu_attention_shape *s, const ortcpu_attention_args *args, int64_t begin,
                                     int64_t end, void *scratch) {
    work w = {0};
    work_init(&w, s, end - begin, scratch);
    w.args = args;
    w.begin = begin, w.end = end;
    w.q_pitch = s->q_is_half ? s->head : s->q_pitch;
    w.y_pitch = s->y_is_half ? s->value_head : s->y_pitch;
    if (s->q_is_half)
        for (int64_t r = begin; r < end; r++)
            s->widen(w.q + (r - begin) * s->head, (const uint16_t *)args->q + r * s->q_pitch, s->head);
    else
        w.q = (float *)(uintptr_t)((const float *)args->q + begin * s->q_pitch);
    void *y = (char *)args->y + begin * s->y_pitch * (s->y_is_half ? 2 : 4);
    if (!s->y_is_half) w.y = y;
    for (int64_t k = 0; k < w.total; k += w.block) block_run(&w, k, least(k + w.block, w.total));
    finish(&w, y);
}
