#include "ops/loops.h"

#include <stdalign.h>
#include <string.h>

/* Elements that the slow path gathers at once. */
#define GATHER_COUNT 256
#define GATHER_BYTES 16

typedef struct walk {
    ortcpu_loop_fn loop;
    const void *params;
    int64_t count, rows;          /* of a slab: the two innermost loops */
    int64_t row_chunk, col_chunk; /* of a unit */
    int64_t row_splits, col_splits;
    int64_t unit_count, units_per_task;
    uint32_t operand_count, outer_rank;
    uint32_t bytes[ORTCPU_OPERAND_MAX];
    int64_t inc[ORTCPU_OPERAND_MAX], step[ORTCPU_OPERAND_MAX];
    int64_t outer_dims[ORTK_RANK_MAX];
    int64_t outer_steps[ORTCPU_OPERAND_MAX][ORTK_RANK_MAX];
} walk;

static void *operand(const ortk_step *step, uint32_t index) {
    return index == 0 ? ortk_out(step, 0) : step->args[index - 1];
}

static void advance(void **pointer, int64_t bytes) {
    if (*pointer != NULL) *pointer = (char *)*pointer + bytes;
}

static void run_whole(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const walk *w = step->state;
    ortcpu_block block = {w->count, w->rows, w->inc, w->step, w->params, w->operand_count, {0}};
    for (uint32_t i = 0; i < w->operand_count; i++) block.ptr[i] = operand(step, i);
    w->loop(&block);
}

/* One array after another, each of `count` elements: tasks are ranges of them. */
static void run_flat(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const walk *w = step->state;
    int64_t from = begin * w->col_chunk, to = end * w->col_chunk;
    if (to > w->count) to = w->count;
    ortcpu_block block = {to - from, 1, w->inc, w->step, w->params, w->operand_count, {0}};
    for (uint32_t i = 0; i < w->operand_count; i++) {
        block.ptr[i] = operand(step, i);
        advance(&block.ptr[i], from * w->inc[i]);
    }
    w->loop(&block);
}

/* Bytes from the start of each operand to unit `unit`, and how large it is. */
static void locate(const walk *w, int64_t unit, int64_t *offset, int64_t *count, int64_t *rows) {
    int64_t col = unit % w->col_splits * w->col_chunk;
    int64_t rest = unit / w->col_splits;
    int64_t row = rest % w->row_splits * w->row_chunk;
    rest /= w->row_splits;
    *count = w->count - col < w->col_chunk ? w->count - col : w->col_chunk;
    *rows = w->rows - row < w->row_chunk ? w->rows - row : w->row_chunk;
    for (uint32_t i = 0; i < w->operand_count; i++) offset[i] = col * w->inc[i] + row * w->step[i];
    for (uint32_t d = w->outer_rank; d-- > 0;) {
        int64_t index = rest % w->outer_dims[d];
        rest /= w->outer_dims[d];
        for (uint32_t i = 0; i < w->operand_count; i++) offset[i] += index * w->outer_steps[i][d];
    }
}

static void run_units(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const walk *w = step->state;
    int64_t to = end * w->units_per_task;
    if (to > w->unit_count) to = w->unit_count;
    for (int64_t unit = begin * w->units_per_task; unit < to; unit++) {
        int64_t offset[ORTCPU_OPERAND_MAX];
        ortcpu_block block = {0, 0, w->inc, w->step, w->params, w->operand_count, {0}};
        locate(w, unit, offset, &block.count, &block.rows);
        for (uint32_t i = 0; i < w->operand_count; i++) {
            block.ptr[i] = operand(step, i);
            advance(&block.ptr[i], offset[i]);
        }
        w->loop(&block);
    }
}

/* ---- 16-bit floats: a loop on float32, some elements at a time ---- */

#define WIDE_COUNT 512

typedef struct wide_loop {
    ortcpu_loop_fn loop;
    const void *params;
    const ortcpu_half_rows *rows;
    bool is_half[ORTCPU_OPERAND_MAX];
    ortcpu_half kind[ORTCPU_OPERAND_MAX];
} wide_loop;

/* Elements [at, at + count) of one row. */
static void run_wide(const ortcpu_block *block, int64_t row, int64_t at, int64_t count) {
    alignas(64) float buffer[ORTCPU_OPERAND_MAX][WIDE_COUNT];
    const wide_loop *w = block->params;
    int64_t inc[ORTCPU_OPERAND_MAX];
    ortcpu_block wide = {count, 1, inc, block->step, w->params, block->operand_count, {0}};
    char *out = (char *)block->ptr[0] + row * block->step[0] + at * block->inc[0];
    for (uint32_t i = 0; i < block->operand_count; i++) {
        inc[i] = block->inc[i];
        wide.ptr[i] = block->ptr[i];
        advance(&wide.ptr[i], row * block->step[i] + at * block->inc[i]);
        if (!w->is_half[i] || wide.ptr[i] == NULL) continue;
        if (i > 0) w->rows->widen[w->kind[i]](buffer[i], wide.ptr[i], inc[i] == 0 ? 1 : count);
        wide.ptr[i] = buffer[i];
        inc[i] *= 2;
    }
    w->loop(&wide);
    if (w->is_half[0]) w->rows->narrow[w->kind[0]]((uint16_t *)(void *)out, buffer[0], count);
}

static void loop_wide(const ortcpu_block *block) {
    for (int64_t r = 0; r < block->rows; r++)
        for (int64_t at = 0; at < block->count; at += WIDE_COUNT)
            run_wide(block, r, at, block->count - at < WIDE_COUNT ? block->count - at : WIDE_COUNT);
}

static void wide_set(wide_loop *wide, uint32_t operand, uint32_t dtype) {
    wide->is_half[operand] = dtype == ORT_DTYPE_F16 || dtype == ORT_DTYPE_BF16;
    wide->kind[operand] = dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16;
}

static void copy_strided(char *to, int64_t to_inc, const char *from, int64_t from_inc, int64_t count, uint32_t bytes) {
    for (int64_t i = 0; i < count; i++) memcpy(to + i * to_inc, from + i * from_inc, bytes);
}

/* One row whose elements are not side by side in some operand: through buffers. */
static void run_gathered_row(const walk *w, ortcpu_block *row) {
    alignas(64) char buffer[ORTCPU_OPERAND_MAX][GATHER_COUNT * GATHER_BYTES];
    int64_t inc[ORTCPU_OPERAND_MAX];
    for (uint32_t i = 0; i < w->operand_count; i++) inc[i] = w->inc[i] == 0 ? 0 : w->bytes[i];
    for (int64_t at = 0; at < row->count; at += GATHER_COUNT) {
        int64_t n = row->count - at < GATHER_COUNT ? row->count - at : GATHER_COUNT;
        ortcpu_block block = {n, 1, inc, w->step, w->params, w->operand_count, {0}};
        for (uint32_t i = 0; i < w->operand_count; i++) {
            if (row->ptr[i] == NULL) continue;
            block.ptr[i] = buffer[i];
            int64_t take = inc[i] == 0 ? 1 : n;
            if (i > 0)
                copy_strided(buffer[i], w->bytes[i], (char *)row->ptr[i] + at * w->inc[i], w->inc[i], take,
                             w->bytes[i]);
        }
        w->loop(&block);
        copy_strided((char *)row->ptr[0] + at * w->inc[0], w->inc[0], buffer[0], w->bytes[0], n, w->bytes[0]);
    }
}

static void run_gathered(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const walk *w = step->state;
    int64_t to = end * w->units_per_task;
    if (to > w->unit_count) to = w->unit_count;
    for (int64_t unit = begin * w->units_per_task; unit < to; unit++) {
        int64_t offset[ORTCPU_OPERAND_MAX], rows;
        ortcpu_block block = {0, 1, w->inc, w->step, w->params, w->operand_count, {0}};
        locate(w, unit, offset, &block.count, &rows);
        for (int64_t r = 0; r < rows; r++) {
            for (uint32_t i = 0; i < w->operand_count; i++) {
                block.ptr[i] = operand(step, i);
                advance(&block.ptr[i], offset[i] + r * w->step[i]);
            }
            run_gathered_row(w, &block);
        }
    }
}

static void split(walk *w, int64_t element_count) {
    int64_t slab_count = element_count / (w->count * w->rows);
    w->col_chunk = w->count > 2 * ORTCPU_TASK_ELEMENTS ? ORTCPU_TASK_ELEMENTS : w->count;
    w->col_splits = (w->count + w->col_chunk - 1) / w->col_chunk;
    w->row_chunk = w->col_splits > 1 ? 1 : (ORTCPU_TASK_ELEMENTS + w->count - 1) / w->count;
    if (w->row_chunk > w->rows) w->row_chunk = w->rows;
    w->row_splits = (w->rows + w->row_chunk - 1) / w->row_chunk;
    w->unit_count = slab_count * w->row_splits * w->col_splits;
    w->units_per_task = ORTCPU_TASK_ELEMENTS / (w->row_chunk * w->col_chunk);
    if (w->units_per_task < 1) w->units_per_task = 1;
}

static void set_operand(walk *w, const ortk_broadcast *b, uint32_t i, uint32_t dtype) {
    int64_t bytes = (int64_t)ortk_dtype_bytes(dtype, 1);
    w->bytes[i] = (uint32_t)bytes;
    w->inc[i] = b->step[i] * bytes;
    w->step[i] = b->rank > 1 ? b->strides[i][b->rank - 2] * bytes : 0;
    for (uint32_t d = 0; d < w->outer_rank; d++) w->outer_steps[i][d] = b->strides[i][d] * bytes;
}

static ortk_run_fn choose_run(const walk *w) {
    for (uint32_t i = 0; i < w->operand_count; i++)
        if (w->inc[i] != w->bytes[i] && (w->inc[i] != 0 || i == 0)) return run_gathered;
    if (w->unit_count == 1) return run_whole;
    return w->rows == 1 && w->outer_rank == 0 ? run_flat : run_units;
}

ort_status *ortcpu_walk_plan(ortk_planner *planner, const ortcpu_walk_spec *spec, ortk_step_plan *step) {
    if (spec->out->element_count == 0) return NULL;
    ortk_broadcast b;
    if (!ortk_broadcast_init(&b, spec->out, spec->in, spec->in_count))
        return ortk_fail(ORT_CODE_BUG, "inputs do not broadcast to the output");
    walk *w = ortk_planner_alloc(planner, sizeof *w);
    if (w == NULL) return ortk_out_of_memory();
    *w = (walk){.loop = spec->loop, .params = spec->params, .operand_count = spec->in_count + 1};
    w->count = b.dims[b.rank - 1];
    w->rows = b.rank > 1 ? b.dims[b.rank - 2] : 1;
    w->outer_rank = b.rank > 2 ? b.rank - 2 : 0;
    for (uint32_t d = 0; d < w->outer_rank; d++) w->outer_dims[d] = b.dims[d];
    set_operand(w, &b, 0, spec->out->dtype);
    for (uint32_t i = 0; i < spec->in_count; i++) set_operand(w, &b, i + 1, spec->in[i].dtype);
    split(w, spec->out->element_count);
    step->run = choose_run(w);
    step->state = w;
    step->task_count = (w->unit_count + w->units_per_task - 1) / w->units_per_task;
    step->cost_ns = (double)spec->out->element_count * spec->element_ns;
    return NULL;
}

ort_status *ortcpu_walk_plan_f32(ortk_planner *planner, const ortcpu_walk_spec *spec, ortk_step_plan *step) {
    ortcpu_walk_spec own = *spec;
    wide_loop *wide = ortk_planner_alloc(planner, sizeof *wide);
    if (wide == NULL) return ortk_out_of_memory();
    *wide = (wide_loop){.loop = spec->loop, .params = spec->params, .rows = ortcpu_loops_get()->half};
    bool some = false;
    wide_set(wide, 0, spec->out->dtype);
    for (uint32_t i = 0; i < spec->in_count; i++) wide_set(wide, i + 1, spec->in[i].dtype);
    for (uint32_t i = 0; i <= spec->in_count; i++) some |= wide->is_half[i];
    if (some) {
        own.loop = loop_wide;
        own.params = wide;
    }
    return ortcpu_walk_plan(planner, &own, step);
}
