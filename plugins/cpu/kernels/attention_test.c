/* Attention under every instruction set against plain loops in double precision, whole and cut by rows: the same bits.
 * Buffers are exactly as large as the contract says, scratch starts as NaN. */
#include "kernels/kernels.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "testing/test.h"

static uint64_t seed = 88172645463325252ULL;

static int64_t pick(int64_t low, int64_t high) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return low + (int64_t)((seed >> 20) % (uint64_t)(high - low + 1));
}

static float *floats(int64_t count) {
    void *p = NULL;
    CHECK(posix_memalign(&p, 64, (size_t)(count > 0 ? count : 1) * sizeof(float)) == 0);
    return p;
}

static float *values(int64_t count) {
    float *p = floats(count);
    for (int64_t i = 0; i < count; i++) p[i] = (float)pick(-100, 100) / 50.0f;
    return p;
}

typedef struct attention_case {
    ortcpu_attention_shape s;
    ortcpu_attention_args a;
    int64_t total;
    float *owned[8];
    uint8_t *truths;
} attention_case;

static float *own(attention_case *c, int slot, float *p) {
    return c->owned[slot] = p;
}

/* A float bias that sometimes repeats along queries, and a mask of truths that may end before the keys do. */
static void biases_draw(attention_case *c) {
    const int64_t rows = c->s.queries;
    const bool repeats = pick(0, 1) == 1;
    if (pick(0, 1) == 1)
        c->a.bias[0] = (ortcpu_attention_bias){.kind = ORTCPU_BIAS_F32,
                                               .data = own(c, 6, values(repeats ? c->total : rows * c->total)),
                                               .pitch = repeats ? 0 : c->total,
                                               .count = c->total};
    if (pick(0, 1) == 1) return;
    const int64_t count = pick(0, 2) == 0 ? pick(0, c->total) : c->total;
    c->truths = malloc((size_t)(rows * count) + 1);
    for (int64_t i = 0; i < rows * count; i++) c->truths[i] = pick(0, 3) != 0;
    c->a.bias[1] = (ortcpu_attention_bias){
        .kind = ORTCPU_BIAS_BOOL, .data = c->truths, .pitch = count, .count = count, .masked = -INFINITY};
}

static attention_case draw(bool is_few) {
    attention_case c = {0};
    ortcpu_attention_shape *s = &c.s;
    s->queries = is_few ? pick(1, 3) : pick(4, 40);
    s->head = pick(1, 70), s->value_head = pick(1, 70);
    s->keys[0].count = pick(0, 1) == 0 ? 0 : pick(1, 300);
    s->keys[1].count = pick(1, 40);
    c.total = s->keys[0].count + s->keys[1].count;
    s->q_pitch = s->head + pick(0, 3), s->y_pitch = s->value_head + pick(0, 3);
    for (int i = 0; i < 2; i++) {
        s->keys[i].k_pitch = s->head + pick(0, 2), s->keys[i].v_pitch = s->value_head + pick(0, 2);
        c.a.k[i] = own(&c, i, values((s->keys[i].count - 1) * s->keys[i].k_pitch + s->head));
        c.a.v[i] = own(&c, 2 + i, values((s->keys[i].count - 1) * s->keys[i].v_pitch + s->value_head));
    }
    s->scale = 0.5f;
    s->softcap = pick(0, 2) == 0 ? 2.0f : 0.0f;
    s->is_causal = pick(0, 1) == 1;
    s->left = pick(0, 2) == 0 ? pick(0, 50) : -1, s->right = pick(0, 2) == 0 ? pick(0, 5) : -1;
    s->scores = pick(0, 2) == 0 ? (ortcpu_scores)pick(0, 3) : ORTCPU_SCORES_NONE;
    c.a.q = own(&c, 4, values((s->queries - 1) * s->q_pitch + s->head));
    c.a.position = s->keys[0].count;
    c.a.key_end = pick(0, 2) == 0 ? pick(0, c.total) : c.total;
    biases_draw(&c);
    return c;
}

static void case_free(attention_case *c) {
    for (int i = 0; i < 8; i++) free(c->owned[i]);
    free(c->truths);
}

static const float *row_of(const attention_case *c, int64_t key, bool is_value) {
    const int part = key >= c->s.keys[0].count;
    const ortcpu_attention_rows *rows = &c->s.keys[part];
    const int64_t row = key - (part != 0 ? c->s.keys[0].count : 0);
    return is_value ? (const float *)c->a.v[part] + row * rows->v_pitch
                    : (const float *)c->a.k[part] + row * rows->k_pitch;
}

static double bias_at(const ortcpu_attention_bias *b, int64_t row, int64_t key) {
    if (b->kind == ORTCPU_BIAS_NONE) return 0;
    if (key >= b->count) return -INFINITY;
    const int64_t at = row * b->pitch + key;
    if (b->kind == ORTCPU_BIAS_F32) return (double)((const float *)b->data)[at];
    return ((const uint8_t *)b->data)[at] != 0 ? 0 : (double)b->masked;
}

/* Scores of one query after each stage, and its result. */
static void reference(const attention_case *c, int64_t row, double *stages[4], double *y) {
    const ortcpu_attention_shape *s = &c->s;
    const int64_t own_key = c->a.position + row;
    double top = -INFINITY, sum = 0;
    for (int64_t k = 0; k < c->total; k++) {
        double dot = 0;
        for (int64_t i = 0; i < s->head; i++)
            dot += (double)((const float *)c->a.q)[row * s->q_pitch + i] * (double)row_of(c, k, false)[i];
        stages[0][k] = dot * (double)s->scale;
        stages[1][k] = s->softcap != 0 ? (double)s->softcap * tanh(stages[0][k] / (double)s->softcap) : stages[0][k];
        stages[2][k] = stages[1][k] + bias_at(&c->a.bias[0], row, k) + bias_at(&c->a.bias[1], row, k);
        if (k >= c->a.key_end || (s->is_causal && k > own_key) || (s->right >= 0 && k > own_key + s->right) ||
            (s->left >= 0 && k < own_key - s->left))
            stages[2][k] = -INFINITY;
        top = fmax(top, stages[2][k]);
    }
    for (int64_t k = 0; k < c->total; k++) sum += stages[3][k] = top == -INFINITY ? 0 : exp(stages[2][k] - top);
    for (int64_t k = 0; k < c->total && sum > 0; k++) stages[3][k] /= sum;
    for (int64_t i = 0; i < s->value_head; i++) {
        y[i] = 0;
        for (int64_t k = 0; k < c->total; k++) y[i] += stages[3][k] * (double)row_of(c, k, true)[i];
    }
}

static void near(double got, double want, const char *what, int64_t row, int64_t column) {
    CHECK(got == want || fabs(got - want) <= 2e-5 * (1 + fabs(want)), "%s [%lld, %lld] is %g, not %g", what,
          (long long)row, (long long)column, got, want);
}

static void case_check(const attention_case *c, const float *y, const float *scores) {
    double *room = malloc((size_t)(4 * c->total + c->s.value_head) * sizeof *room);
    double *stages[4], *want = room + 4 * c->total;
    for (int i = 0; i < 4; i++) stages[i] = room + i * c->total;
    for (int64_t r = 0; r < c->s.queries; r++) {
        reference(c, r, stages, want);
        for (int64_t i = 0; i < c->s.value_head; i++) near((double)y[r * c->s.y_pitch + i], want[i], "y", r, i);
        for (int64_t k = 0; k < c->total && c->s.scores != ORTCPU_SCORES_NONE; k++)
            near((double)scores[r * c->total + k], stages[c->s.scores][k], "score", r, k);
    }
    free(room);
}

/* Rows [0, cut) and [cut, queries). */
static void run(const ortcpu_kernels *k, const attention_case *c, int64_t cut, float *y, float *scores) {
    ortcpu_attention_args args = c->a;
    const int64_t ends[] = {0, cut, c->s.queries};
    args.y = y, args.scores = scores;
    for (int i = 0; i < 2; i++) {
        const size_t bytes = k->attention_scratch_bytes(&c->s, ends[i + 1] - ends[i]);
        float *scratch = floats((int64_t)(bytes / sizeof(float)));
        memset(scratch, 0xff, bytes);
        if (ends[i] < ends[i + 1]) k->attention_run(&c->s, &args, ends[i], ends[i + 1], scratch);
        free(scratch);
    }
}

ORT_TEST(attention, of_random_forms) {
    for (int round = 0; round < 120; round++) {
        attention_case c = draw(round % 3 == 0);
        const int64_t count = (c.s.queries - 1) * c.s.y_pitch + c.s.value_head;
        for (int isa = 0; isa < ORTCPU_ISA_COUNT; isa++) {
            const ortcpu_kernels *k = ortcpu_kernels_get((ortcpu_isa)isa);
            if (k == NULL) continue;
            float *y = values(count), *cut = floats(count), *scores = floats(c.s.queries * c.total);
            memcpy(cut, y, (size_t)count * sizeof *y);
            run(k, &c, c.s.queries, y, scores);
            case_check(&c, y, scores);
            run(k, &c, pick(0, c.s.queries), cut, scores);
            CHECK(memcmp(y, cut, (size_t)count * sizeof *y) == 0, "round %d: cut rows have other bits", round);
            free(y), free(cut), free(scores);
        }
        case_free(&c);
    }
}
