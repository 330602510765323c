/* Attention at run: one task is a block of queries of one head; it also writes what the head's keys and values become.
 */
#include "adapters/attention.h"
#include "ops/loops.h"

#include <math.h>
#include <string.h>

#define FEW_HEADS  8
#define ROWS_SMALL 64
#define ROWS_LARGE 256

static size_t element_bytes(bool is_half) {
    return is_half ? 2 : 4;
}

static void *at(const ortk_step *step, const ortcpu_place *place, int64_t batch, int64_t head, bool is_half) {
    if (place->arg == ORTCPU_NO_ARG) return NULL;
    const int64_t elements = place->offset + batch * place->batch + head * place->head;
    return (char *)step->args[place->arg] + elements * (int64_t)element_bytes(is_half);
}

static size_t rounded(size_t floats) {
    return (floats + 15) / 16 * 16;
}

/* ---- what the next run's past will be ---- */
static void rows_copy(const ortcpu_attention_shape *s, char *to, const void *from, int64_t rows, int64_t pitch,
                      int64_t columns, bool from_half) {
    const size_t wide = element_bytes(s->y_is_half) * (size_t)columns;
    for (int64_t r = 0; r < rows; r++, to += wide) {
        const char *row = (const char *)from + (size_t)(r * pitch) * element_bytes(from_half);
        if (from_half == s->y_is_half)
            memcpy(to, row, wide);
        else
            s->narrow((uint16_t *)(void *)to, (const float *)(const void *)row, columns);
    }
}

static void present_write(const ortcpu_attention_shape *s, void *out, const void *const parts[2], bool is_value) {
    char *to = out;
    const int64_t columns = is_value ? s->value_head : s->head;
    for (int i = 0; i < 2 && out != NULL; i++) {
        const ortcpu_attention_rows *rows = &s->keys[i];
        rows_copy(s, to, parts[i], rows->count, is_value ? rows->v_pitch : rows->k_pitch, columns, rows->is_half);
        to += (size_t)(rows->count * columns) * element_bytes(s->y_is_half);
    }
}

/* ---- queries, keys and values made in scratch ---- */
static void project(const ortcpu_attention_state *s, const ortk_step *step, int64_t batch, int64_t head,
                    ortcpu_attention_args *args, float *room) {
    const ortcpu_projection *p = s->projection;
    const ortcpu_gemm_shape *g = &p->plan.s;
    const float *x = (const float *)step->args[0] + batch * p->input_batch;
    float *out = room + (p->input_is_half ? rounded((size_t)p->input_batch) : 0);
    if (p->input_is_half) {
        s->shape.widen(room, (const uint16_t *)step->args[0] + batch * p->input_batch, p->input_batch);
        x = room;
    }
    ortcpu_gemm_args gemm = {.a = x, .b = p->packed + head * p->head_floats, .c = out};
    if (p->bias != NULL) gemm.epilogue.bias = p->bias + head * p->columns;
    p->kernels->gemm_run(&p->plan, &gemm, 0, p->plan.task_count, out + rounded((size_t)(g->m * g->n)));
    args->q = out;
    args->k[1] = out + s->shape.head;
    args->v[1] = out + 2 * s->shape.head;
}

static float *matrix_add(const ortcpu_attention_shape *s, const void *from, int64_t rows, int64_t pitch,
                         int64_t columns, const void *addend, float *room) {
    float *sum = room + rounded((size_t)columns);
    const float *vector = addend;
    if (s->y_is_half) s->widen(room, addend, columns), vector = room;
    for (int64_t r = 0; r < rows; r++) {
        float *y = sum + r * columns;
        if (s->y_is_half)
            s->widen(y, (const uint16_t *)from + r * pitch, columns);
        else
            memcpy(y, (const float *)from + r * pitch, (size_t)columns * sizeof *y);
        for (int64_t c = 0; c < columns; c++) y[c] += vector[c];
    }
    return sum;
}

/* Q, K and V with their bias; the shape says that these rows are dense float32. */
static void addends_add(const ortcpu_attention_state *s, const ortk_step *step, int64_t head,
                        ortcpu_attention_args *args, float *room) {
    const ortcpu_attention_shape *shape = &s->shape;
    const size_t bytes = element_bytes(shape->y_is_half);
    const char *vector = step->args[s->addend];
    const int64_t hidden = s->heads * shape->head,
                  rows[] = {shape->queries, shape->keys[1].count, shape->keys[1].count};
    const int64_t columns[] = {shape->head, shape->head, shape->value_head};
    const int64_t pitches[] = {s->addend_pitch[0], s->addend_pitch[1], s->addend_pitch[2]};
    const void **sides[] = {&args->q, &args->k[1], &args->v[1]};
    for (int64_t i = 0; i < 3; i++) {
        const char *part = vector + (size_t)(i * hidden + head * columns[i]) * bytes;
        *sides[i] = matrix_add(shape, *sides[i], rows[i], pitches[i], columns[i], part, room);
        room += rounded((size_t)columns[i]) + rounded((size_t)(rows[i] * columns[i]));
    }
}

/* ---- a task ---- */
static void bias_place(const ortcpu_attention_state *s, const ortk_step *step, int64_t batch, int64_t head,
                       ortcpu_attention_args *args) {
    for (int i = 0; i < 2; i++) {
        const ortcpu_bias_place *from = &s->bias[i];
        ortcpu_attention_bias *to = &args->bias[i];
        *to = from->bias;
        if (to->kind == ORTCPU_BIAS_NONE) continue;
        const size_t bytes = to->kind == ORTCPU_BIAS_BOOL ? 1 : to->kind == ORTCPU_BIAS_HALF ? 2 : 4;
        const char *base = step->args[from->place.arg];
        to->data = base + (size_t)(batch * from->place.batch + head * from->place.head) * bytes;
        if (to->kind != ORTCPU_BIAS_RANGE) continue;
        const int32_t *lengths = step->args[from->place.arg];
        to->begin = from->length_begin < 0 ? 0 : lengths[from->length_begin + batch];
        to->end = lengths[batch];
    }
}

static void head_run(const ortcpu_attention_state *s, const ortk_step *step, int64_t task, void *scratch) {
    const ortcpu_attention_shape *shape = &s->shape;
    const int64_t block = task % s->blocks, head = task / s->blocks % s->heads, batch = task / s->blocks / s->heads;
    const int64_t kv_head = head / s->group, total = shape->keys[0].count + shape->keys[1].count;
    const int64_t begin = block * s->block_rows, left = shape->queries - begin;
    const bool half = shape->y_is_half;
    ortcpu_attention_args args = {.position = shape->keys[0].count, .key_end = total};
    args.q = at(step, &s->q, batch, head, half);
    for (int i = 0; i < 2; i++) {
        args.k[i] = at(step, &s->k[i], batch, kv_head, half);
        args.v[i] = at(step, &s->v[i], batch, kv_head, half);
    }
    args.y = at(step, &s->y, batch, head, half);
    args.scores = at(step, &s->scores, batch, head, half);
    if (s->key_lengths != ORTCPU_NO_ARG) args.key_end = ((const int64_t *)step->args[s->key_lengths])[batch];
    if (s->ends_positions) args.position = args.key_end - shape->queries;
    bias_place(s, step, batch, head, &args);
    if (s->projection != NULL) project(s, step, batch, head, &args, scratch);
    if (s->addend != ORTCPU_NO_ARG) addends_add(s, step, head, &args, scratch);
    if (block == 0 && head % s->group == 0) {
        present_write(shape, at(step, &s->present_k, batch, kv_head, half), args.k, false);
        present_write(shape, at(step, &s->present_v, batch, kv_head, half), args.v, true);
    }
    s->kernels->attention_run(shape, &args, begin, begin + (left < s->block_rows ? left : s->block_rows),
                              (float *)scratch + s->staged_floats);
}

static void attention_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    for (int64_t task = begin; task < end; task++) head_run(step->state, step, task, scratch);
}

/* ---- planning that the operators share ---- */
ortcpu_attention_state *ortcpu_attention_begin(ortk_planner *planner, uint32_t dtype) {
    const ortcpu_instance *instance = ortk_planner_context(planner);
    ortcpu_attention_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return NULL;
    ortcpu_place *const places[] = {&s->q, &s->k[0],      &s->k[1],      &s->v[0],  &s->v[1],
                                    &s->y, &s->present_k, &s->present_v, &s->scores};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) places[i]->arg = ORTCPU_NO_ARG;
    s->key_lengths = s->addend = ORTCPU_NO_ARG;
    s->kernels = instance->kernels;
    s->group = 1;
    s->shape.left = s->shape.right = -1;
    s->shape.scores = ORTCPU_SCORES_NONE;
    if (dtype == ORT_DTYPE_F32) return s;
    const ortcpu_half_rows *half = ortcpu_loops_get()->half;
    const ortcpu_half kind = dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16;
    s->shape.widen = half->widen[kind], s->shape.narrow = half->narrow[kind];
    s->shape.q_is_half = s->shape.y_is_half = s->shape.keys[0].is_half = s->shape.keys[1].is_half = true;
    return s;
}

bool ortcpu_attention_mask(ortcpu_attention_state *s, uint32_t index, uint32_t arg, const ortk_desc *desc,
                           int64_t batch, float masked, bool may_be_short) {
    const int64_t total = s->shape.keys[0].count + s->shape.keys[1].count;
    const int64_t wanted[4] = {batch, s->heads, s->shape.queries, total};
    int64_t dims[4] = {1, 1, 1, 1}, stride = 1, strides[4];
    if (desc->rank > 4 || desc->rank == 0) return false;
    for (uint32_t i = 0; i < desc->rank; i++) dims[4 - desc->rank + i] = desc->dims[i];
    for (int i = 3; i >= 0; i--) {
        const bool is_short = i == 3 && may_be_short && dims[i] < wanted[i];
        if (dims[i] != wanted[i] && !is_short && (dims[i] != 1 || i == 3)) return false;
        strides[i] = dims[i] == 1 ? 0 : stride;
        stride *= dims[i];
    }
    const ortcpu_bias_kind kind = desc->dtype == ORT_DTYPE_F32    ? ORTCPU_BIAS_F32
                                  : desc->dtype == ORT_DTYPE_BOOL ? ORTCPU_BIAS_BOOL
                                  : desc->dtype == ORT_DTYPE_I32  ? ORTCPU_BIAS_I32
                                                                  : ORTCPU_BIAS_HALF;
    s->bias[index] = (ortcpu_bias_place){
        .place = {arg, 0, strides[0], strides[1]},
        .bias = {.kind = kind, .pitch = strides[2], .count = dims[3], .masked = masked},
    };
    return true;
}

bool ortcpu_attention_padding(ortcpu_attention_state *s, uint32_t arg, const ortk_desc *desc, int64_t batch,
                              float masked) {
    const int64_t total = s->shape.keys[0].count + s->shape.keys[1].count;
    ortk_desc spread = *desc;
    if (desc->rank == 1 && (desc->element_count == batch || desc->element_count == 2 * batch)) {
        s->bias[0] = (ortcpu_bias_place){.place = {arg, 0, 0, 0},
                                         .bias = {ORTCPU_BIAS_RANGE, .count = total, .masked = masked},
                                         .length_begin = desc->element_count == batch ? -1 : batch};
        return true;
    }
    if (desc->rank != 2 && desc->rank != 3) return false;
    spread.rank = 4;
    spread.dims[1] = 1, spread.dims[2] = desc->rank == 3 ? desc->dims[1] : 1;
    spread.dims[3] = desc->dims[desc->rank - 1];
    return ortcpu_attention_mask(s, 0, arg, &spread, batch, masked, false);
}

ort_status *ortcpu_attention_finish(ortk_planner *planner, ortcpu_attention_state *s, int64_t batch,
                                    ortk_step_plan *step) {
    (void)planner;
    const ortcpu_attention_shape *shape = &s->shape;
    const double total = (double)(shape->keys[0].count + shape->keys[1].count);
    const bool whole = s->projection != NULL; /* keys are made once for a head */
    s->block_rows = whole ? shape->queries : batch * s->heads < FEW_HEADS ? ROWS_SMALL : ROWS_LARGE;
    s->blocks = whole || shape->queries == 0 ? 1 : (shape->queries + s->block_rows - 1) / s->block_rows;
    if (batch * s->heads == 0) return NULL;
    const int64_t rows = shape->queries < s->block_rows ? shape->queries : s->block_rows;
    step->run = attention_run;
    step->state = s;
    step->task_count = batch * s->heads * s->blocks;
    step->scratch_bytes = s->staged_floats * sizeof(float) + s->kernels->attention_scratch_bytes(shape, rows);
    step->cost_ns = (double)(batch * s->heads * shape->queries) * total *
                    ((double)(shape->head + shape->value_head) * ORTCPU_MULTIPLY_ADD_NS + 0.5);
    if (s->projection != NULL)
        step->cost_ns += (double)(batch * s->heads * shape->queries) * (double)s->projection->columns *
                         (double)s->projection->plan.s.k * ORTCPU_MULTIPLY_ADD_NS;
    return NULL;
}
