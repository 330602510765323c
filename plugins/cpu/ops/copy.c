#include "ops/copy.h"
#include "ops/copy_block.h"
#include "ops/walk.h"

#include <string.h>

/* One box, ready to run: the two innermost loops are the block's, what is outside is counted in units. */
typedef struct piece {
    ortcpu_copy_block block;
    ortcpu_copy_fn run;
    uint32_t in, out, outer_rank;
    int64_t in_offset, out_offset; /* bytes */
    int64_t row_chunk, col_chunk, row_splits, col_splits;
    int64_t unit_count, units_per_task, first_task;
    int64_t outer_dims[ORTCPU_COPY_RANK_MAX];
    int64_t outer_in[ORTCPU_COPY_RANK_MAX], outer_out[ORTCPU_COPY_RANK_MAX];
} piece;

struct ortcpu_copy_list {
    uint32_t count, capacity, bytes;
    int64_t element_count;
    double cost_ns;
    piece pieces[];
};

static const char zeros[16];

ortcpu_copy_list *ortcpu_copy_create(ortk_planner *planner, uint32_t capacity, uint32_t element_bytes) {
    ortcpu_copy_list *list = ortk_planner_alloc(planner, sizeof *list + capacity * sizeof list->pieces[0]);
    if (list == NULL) return NULL;
    memset(list, 0, sizeof *list);
    list->capacity = capacity;
    list->bytes = element_bytes;
    return list;
}

/* Loops of one turn fall away, the rest go by the destination's stride, and neighbours join where both sides run on. */
static void normalize(ortcpu_box *box) {
    uint32_t rank = 0;
    for (uint32_t d = 0; d < box->rank; d++) {
        if (box->dims[d] == 1) continue;
        int64_t dim = box->dims[d], in = box->in_strides[d], out = box->out_strides[d];
        uint32_t at = rank++;
        for (; at > 0 && box->out_strides[at - 1] < out; at--) {
            box->dims[at] = box->dims[at - 1];
            box->in_strides[at] = box->in_strides[at - 1];
            box->out_strides[at] = box->out_strides[at - 1];
        }
        box->dims[at] = dim;
        box->in_strides[at] = in;
        box->out_strides[at] = out;
    }
    box->rank = 0;
    for (uint32_t d = 0; d < rank; d++) {
        uint32_t last = box->rank - 1;
        bool joins = box->rank > 0 && box->in_strides[last] == box->in_strides[d] * box->dims[d] &&
                     box->out_strides[last] == box->out_strides[d] * box->dims[d];
        if (!joins) last = box->rank++;
        box->dims[last] = joins ? box->dims[last] * box->dims[d] : box->dims[d];
        box->in_strides[last] = box->in_strides[d];
        box->out_strides[last] = box->out_strides[d];
    }
}

/* Where the innermost loop jumps in the source and another one runs there, that one comes next to it. */
static void pair_transposed(ortcpu_box *box) {
    if (box->rank < 2 || box->in_strides[box->rank - 1] == 1 || box->in_strides[box->rank - 1] == 0) return;
    const uint32_t to = box->rank - 2;
    uint32_t from = to;
    while (from > 0 && box->in_strides[from] != 1) from--;
    if (box->in_strides[from] != 1) return;
    int64_t dim = box->dims[from], in = box->in_strides[from], out = box->out_strides[from];
    for (uint32_t d = from; d < to; d++) {
        box->dims[d] = box->dims[d + 1];
        box->in_strides[d] = box->in_strides[d + 1];
        box->out_strides[d] = box->out_strides[d + 1];
    }
    box->dims[to] = dim;
    box->in_strides[to] = in;
    box->out_strides[to] = out;
}

static ortcpu_copy_kind choose_kind(const ortcpu_copy_block *b, int64_t bytes) {
    if (b->out_inc != bytes) return ORTCPU_COPY_STRIDED;
    if (b->in_inc == bytes || b->count == 1) return ORTCPU_COPY_RUNS;
    if (b->in_inc == 0) return ORTCPU_COPY_FILL;
    return b->in_row == bytes && b->rows > 1 ? ORTCPU_COPY_TRANSPOSE : ORTCPU_COPY_STRIDED;
}

static int64_t at_most(int64_t value, int64_t bound) {
    return value < bound ? value : bound;
}

static void split(piece *p, ortcpu_copy_kind kind, int64_t slab_count) {
    const int64_t rows = p->block.rows, count = p->block.count;
    if (kind == ORTCPU_COPY_TRANSPOSE) {
        p->row_chunk = at_most(rows, 64);
        p->col_chunk = at_most(count, ORTCPU_TASK_ELEMENTS / p->row_chunk);
    } else {
        p->col_chunk = count > 2 * ORTCPU_TASK_ELEMENTS ? ORTCPU_TASK_ELEMENTS : count;
        p->row_chunk = p->col_chunk < count ? 1 : at_most(rows, (ORTCPU_TASK_ELEMENTS + count - 1) / count);
    }
    p->row_splits = (rows + p->row_chunk - 1) / p->row_chunk;
    p->col_splits = (count + p->col_chunk - 1) / p->col_chunk;
    p->unit_count = slab_count * p->row_splits * p->col_splits;
    p->units_per_task = ORTCPU_TASK_ELEMENTS / (p->row_chunk * p->col_chunk);
    if (p->units_per_task < 1) p->units_per_task = 1;
}

void ortcpu_copy_add(ortcpu_copy_list *list, const ortcpu_box *given) {
    ortcpu_box box = *given;
    for (uint32_t d = 0; d < box.rank; d++)
        if (box.dims[d] <= 0) return;
    if (list->count == list->capacity) return;
    normalize(&box);
    pair_transposed(&box);
    const int64_t bytes = list->bytes;
    const uint32_t rank = box.rank;
    piece *p = &list->pieces[list->count++];
    memset(p, 0, sizeof *p);
    p->in = box.in;
    p->out = box.out;
    p->in_offset = box.in_offset * bytes;
    p->out_offset = box.out_offset * bytes;
    p->block = (ortcpu_copy_block){.count = 1, .rows = 1, .in_inc = bytes, .out_inc = bytes};
    if (rank > 0) {
        p->block.count = box.dims[rank - 1];
        p->block.in_inc = box.in_strides[rank - 1] * bytes;
        p->block.out_inc = box.out_strides[rank - 1] * bytes;
    }
    if (rank > 1) {
        p->block.rows = box.dims[rank - 2];
        p->block.in_row = box.in_strides[rank - 2] * bytes;
        p->block.out_row = box.out_strides[rank - 2] * bytes;
    }
    p->outer_rank = rank > 2 ? rank - 2 : 0;
    int64_t slab_count = 1;
    for (uint32_t d = 0; d < p->outer_rank; d++) {
        p->outer_dims[d] = box.dims[d];
        p->outer_in[d] = box.in_strides[d] * bytes;
        p->outer_out[d] = box.out_strides[d] * bytes;
        slab_count *= box.dims[d];
    }
    ortcpu_copy_kind kind = choose_kind(&p->block, bytes);
    p->run = ortcpu_copy_block_fn(kind, list->bytes);
    split(p, kind, slab_count);
    const int64_t elements = slab_count * p->block.rows * p->block.count;
    list->element_count += elements;
    list->cost_ns += 10 + (double)elements * (kind == ORTCPU_COPY_RUNS || kind == ORTCPU_COPY_FILL ? 0.1 : 0.6);
}

static void run_unit(const piece *p, int64_t unit, char *out, const char *in) {
    int64_t col = unit % p->col_splits * p->col_chunk;
    int64_t rest = unit / p->col_splits;
    int64_t row = rest % p->row_splits * p->row_chunk;
    rest /= p->row_splits;
    ortcpu_copy_block block = p->block;
    block.count = at_most(block.count - col, p->col_chunk);
    block.rows = at_most(block.rows - row, p->row_chunk);
    int64_t in_at = p->in_offset + col * block.in_inc + row * block.in_row;
    int64_t out_at = p->out_offset + col * block.out_inc + row * block.out_row;
    for (uint32_t d = p->outer_rank; d-- > 0;) {
        int64_t index = rest % p->outer_dims[d];
        rest /= p->outer_dims[d];
        in_at += index * p->outer_in[d];
        out_at += index * p->outer_out[d];
    }
    p->run(&block, out + out_at, in + in_at);
}

static void run_piece(const ortk_step *step, const piece *p, int64_t begin, int64_t end) {
    const char *in = p->in == ORTCPU_COPY_ZERO ? zeros : ortk_in(step, p->in);
    char *out = ortk_out(step, p->out);
    if (p->unit_count == 1) {
        p->run(&p->block, out + p->out_offset, in + p->in_offset);
        return;
    }
    for (int64_t unit = begin; unit < at_most(end, p->unit_count); unit++) run_unit(p, unit, out, in);
}

/* A small step: all of it at once. */
static void run_all(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const ortcpu_copy_list *list = step->state;
    for (uint32_t i = 0; i < list->count; i++) run_piece(step, &list->pieces[i], 0, list->pieces[i].unit_count);
}

static void run_tasks(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const ortcpu_copy_list *list = step->state;
    for (uint32_t i = 0; i < list->count; i++) {
        const piece *p = &list->pieces[i];
        int64_t task_count = (p->unit_count + p->units_per_task - 1) / p->units_per_task;
        int64_t from = begin > p->first_task ? begin - p->first_task : 0;
        int64_t to = at_most(end - p->first_task, task_count);
        if (from < to) run_piece(step, p, from * p->units_per_task, to * p->units_per_task);
    }
}

void ortcpu_copy_plan(ortcpu_copy_list *list, ortk_step_plan *step) {
    if (list->count == 0) return;
    int64_t tasks = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        piece *p = &list->pieces[i];
        p->first_task = tasks;
        tasks += (p->unit_count + p->units_per_task - 1) / p->units_per_task;
    }
    const bool small = list->element_count <= ORTCPU_TASK_ELEMENTS;
    step->run = small ? run_all : run_tasks;
    step->state = list;
    step->task_count = small ? 1 : tasks;
    step->cost_ns = list->cost_ns;
}

void ortcpu_copy_run_box(const ortcpu_copy_list *list, uint32_t index, void *out, const void *in) {
    const piece *p = &list->pieces[index];
    for (int64_t unit = 0; unit < p->unit_count; unit++) run_unit(p, unit, out, in);
}

ort_status *ortcpu_copy_plan_one(ortk_planner *planner, const ortcpu_box *box, uint32_t dtype, ortk_step_plan *step) {
    ortcpu_copy_list *list = ortcpu_copy_create(planner, 1, (uint32_t)ortk_dtype_bytes(dtype, 1));
    if (list == NULL) return ortk_out_of_memory();
    ortcpu_copy_add(list, box);
    ortcpu_copy_plan(list, step);
    return NULL;
}
