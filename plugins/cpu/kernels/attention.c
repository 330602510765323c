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
    float *scores, *keys, *values, *stage, *bias, *top, *sum, *q, *y;
    int64_t q_pitch, y_pitch;
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
                             rows,
                             rows,
                             s->q_is_half ? rows * s->head : 0,
                             s->y_is_half ? rows * s->value_head : 0};
    float **const rooms[] = {&w->scores, &w->keys, &w->values, &w->stage, &w->bias, &w->top, &w->sum, &w->q, &w->y};
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
static const float *bias_row(const work *w, const ortcpu_attention_bias *b, int64_t row, int64_t k0, int64_t k1) {
    const int64_t from = row * b->pitch + k0, there = most(least(k1, b->count) - k0, 0);
    float *y = w->bias;
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

static void bias_add(const work *w, float *scores, int64_t row, int64_t k0, int64_t k1) {
    for (int i = 0; i < 2; i++) {
        if (w->args->bias[i].kind == ORTCPU_BIAS_NONE) continue;
        const float *bias = bias_row(w, &w->args->bias[i], row, k0, k1);
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

static float largest(const float *x, int64_t count, float start) {
    vf top = vf_set1(start);
    int64_t j = 0;
    for (; j + VL <= count; j += VL) top = vf_max(top, vf_load(x + j));
    if (j < count) top = vf_max(top, vf_select(vm_first(count - j), vf_load_n(x + j, count - j), top));
    return vf_largest(top);
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

/* Scores of one query become weights, and y is made ready to take their block's values. */
static void row_weigh(const work *w, float *scores, int64_t row, int64_t k0, int64_t k1, bool is_first) {
    const int64_t r = row - w->begin, count = k1 - k0;
    int64_t begin, end;
    visible(w, row, k0, k1, &begin, &end);
    begin -= k0, end -= k0;
    scores_tell(w, ORTCPU_SCORES_PRODUCT, scores, row);
    if (w->s->softcap != 0.0f) cap(scores, count, w->s->softcap);
    scores_tell(w, ORTCPU_SCORES_CAPPED, scores, row);
    bias_add(w, scores, row, k0, k1);
    const bool tells = w->s->scores != ORTCPU_SCORES_NONE;
    fill(scores, 0, begin, tells ? -INFINITY : 0.0f);
    fill(scores, end, count, tells ? -INFINITY : 0.0f);
    scores_tell(w, ORTCPU_SCORES_BIASED, scores, row);
    const float before = is_first ? -INFINITY : w->top[r], top = largest(scores + begin, end - begin, before);
    float total = 0.0f;
    if (top == -INFINITY) {
        fill(scores, 0, count, 0.0f);
    } else {
        total = weights(scores + begin, end - begin, top);
        fill(scores, 0, begin, 0.0f);
        fill(scores, end, count, 0.0f);
    }
    if (w->s->scores == ORTCPU_SCORES_WEIGHTS && total != 0.0f) {
        row_scale(scores, count, 1.0f / total);
        total = 1.0f;
    }
    scores_tell(w, ORTCPU_SCORES_WEIGHTS, scores, row);
    if (!is_first && top != before && before != -INFINITY) {
        const float shrink = vf_largest(vf_exp(vf_set1(before - top)));
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

static void block_run(const work *w, int64_t k0, int64_t k1) {
    const bool packs = w->s->queries > FEW_QUERIES, is_first = k0 == 0;
    const int64_t height = packs ? MR : FEW_QUERIES, rows = w->end - w->begin, count = k1 - k0;
    const int64_t tiles = (rows + height - 1) / height;
    if (!is_first && !block_is_seen(w, w->begin, w->end, k0, k1)) return;
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
