/* Steps that only move bytes: copies of regions with pitches, and changes of layout. */
#include "program.h"

#include <string.h>

#define TASK_BYTES 65536

/* ---- regions ---- */

typedef struct region_task {
    ortk_region region;
    int64_t rows_per_task, first_task;
} region_task;

typedef struct region_moves {
    uint32_t count;
    region_task tasks[];
} region_moves;

static void region_copy(const ortk_step *step, const ortk_region *r, int64_t begin, int64_t end) {
    const unsigned char *from = ortk_in(step, r->from);
    unsigned char *to = ortk_out(step, r->to);
    from += r->from_offset + begin * r->from_pitch;
    to += r->to_offset + begin * r->to_pitch;
    if (r->from_pitch == r->row_bytes && r->to_pitch == r->row_bytes) {
        memcpy(to, from, (size_t)(r->row_bytes * (end - begin)));
        return;
    }
    for (int64_t i = begin; i < end; i++, from += r->from_pitch, to += r->to_pitch)
        memcpy(to, from, (size_t)r->row_bytes);
}

static void regions_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const region_moves *moves = step->state;
    for (uint32_t i = 0; i < moves->count; i++) {
        const region_task *t = &moves->tasks[i];
        int64_t next = i + 1 < moves->count ? moves->tasks[i + 1].first_task : step->task_count;
        int64_t from = begin > t->first_task ? begin : t->first_task, to = end < next ? end : next;
        if (from >= to) continue;
        int64_t row = (from - t->first_task) * t->rows_per_task, stop = (to - t->first_task) * t->rows_per_task;
        region_copy(step, &t->region, row, stop < t->region.rows ? stop : t->region.rows);
    }
}

ort_status *ortk_move_regions(ortk_planner *planner, const ortk_region *regions, uint32_t count, ortk_step_plan *out) {
    region_moves *moves = ortk_planner_alloc(planner, sizeof *moves + count * sizeof moves->tasks[0]);
    if (!moves) return ortk_out_of_memory();
    int64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (regions[i].rows <= 0 || regions[i].row_bytes <= 0) continue;
        region_task *t = &moves->tasks[moves->count++];
        t->region = regions[i];
        t->rows_per_task = (TASK_BYTES + t->region.row_bytes - 1) / t->region.row_bytes;
        t->first_task = out->task_count;
        out->task_count += (t->region.rows + t->rows_per_task - 1) / t->rows_per_task;
        bytes += t->region.rows * t->region.row_bytes;
    }
    if (moves->count == 0) return NULL;
    out->run = regions_run;
    out->state = moves;
    out->cost_ns = (double)bytes / 8;
    return NULL;
}

/* ---- layouts ---- */

typedef struct layout_move {
    int64_t images, channels, pixels, from_pitch, to_pitch, blocks; /* blocks of pixels in an image */
} layout_move;

#define PIXEL_BLOCK 256

/* Squares of 8 x 8 keep both sides inside a few cache lines. */
#define ORTK_TRANSPOSE(name, type)                                                                                     \
    static void name(const void *from_, int64_t from_pitch, void *to_, int64_t to_pitch, int64_t rows, int64_t cols) { \
        const type *restrict from = from_;                                                                             \
        type *restrict to = to_;                                                                                       \
        for (int64_t r = 0; r < rows; r += 8)                                                                          \
            for (int64_t c = 0; c < cols; c += 8) {                                                                    \
                int64_t r_end = r + 8 < rows ? r + 8 : rows, c_end = c + 8 < cols ? c + 8 : cols;                      \
                for (int64_t i = r; i < r_end; i++)                                                                    \
                    for (int64_t j = c; j < c_end; j++) to[j * to_pitch + i] = from[i * from_pitch + j];               \
            }                                                                                                          \
    }
ORTK_TRANSPOSE(transpose_1, uint8_t)
ORTK_TRANSPOSE(transpose_2, uint16_t)
ORTK_TRANSPOSE(transpose_4, uint32_t)
ORTK_TRANSPOSE(transpose_8, uint64_t)

typedef void (*transpose_fn)(const void *from, int64_t from_pitch, void *to, int64_t to_pitch, int64_t rows,
                             int64_t cols);

static transpose_fn transpose_for(uint32_t element_bytes) {
    return element_bytes == 1   ? transpose_1
           : element_bytes == 2 ? transpose_2
           : element_bytes == 4 ? transpose_4
                                : transpose_8;
}

typedef struct layout_state {
    layout_move m;
    uint32_t element_bytes;
    bool to_pixels;
} layout_state;

static void layout_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const layout_state *s = step->state;
    const layout_move *m = &s->m;
    transpose_fn transpose = transpose_for(s->element_bytes);
    int64_t bytes = s->element_bytes;
    for (int64_t task = begin; task < end; task++) {
        int64_t image = task / m->blocks, pixel = task % m->blocks * PIXEL_BLOCK;
        int64_t count = m->pixels - pixel < PIXEL_BLOCK ? m->pixels - pixel : PIXEL_BLOCK;
        const unsigned char *from = ortk_in(step, 0);
        unsigned char *to = ortk_out(step, 0);
        if (s->to_pixels) {
            from += (image * m->channels * m->pixels + pixel) * bytes;
            to += (image * m->pixels + pixel) * m->to_pitch * bytes;
            transpose(from, m->pixels, to, m->to_pitch, m->channels, count);
        } else {
            from += (image * m->pixels + pixel) * m->from_pitch * bytes;
            to += (image * m->channels * m->pixels + pixel) * bytes;
            transpose(from, m->from_pitch, to, m->pixels, count, m->channels);
        }
    }
}

ort_status *ortk_move_layout(ortk_planner *planner, const ortk_desc *from, const ortk_desc *to, ortk_step_plan *out) {
    if (from->element_count == 0) return NULL;
    uint64_t bytes = ortk_dtype_bytes(from->dtype, 1);
    if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || ortk_dtype_bytes(from->dtype, 8) != bytes * 8)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "elements of type %u have no channels-last layout",
                         (unsigned)from->dtype);
    layout_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    s->element_bytes = (uint32_t)bytes;
    s->to_pixels = to->layout == ORTK_LAYOUT_PIXELS;
    s->m.images = from->dims[0];
    s->m.channels = from->dims[1];
    s->m.pixels = from->element_count / (from->dims[0] * from->dims[1]);
    s->m.from_pitch = from->pitch;
    s->m.to_pitch = to->pitch;
    s->m.blocks = (s->m.pixels + PIXEL_BLOCK - 1) / PIXEL_BLOCK;
    out->run = layout_run;
    out->state = s;
    out->task_count = s->m.images * s->m.blocks;
    out->cost_ns = (double)from->element_count * (double)bytes / 4;
    return NULL;
}

/* ---- ops that move ---- */

static int64_t element_bytes(const ortk_desc *desc) {
    return (int64_t)ortk_dtype_bytes(desc->dtype, 1);
}

/* Pixels (or rows) of `desc`, and its channels, from one to the next `pitch`. */
static void pixels_of(const ortk_desc *desc, int64_t *count, int64_t *pitch) {
    *count = desc->dims[1] ? desc->element_count / desc->dims[1] : 0;
    *pitch = desc->pitch * element_bytes(desc);
}

/* CONCAT and SPLIT: the parts that are not slices of the whole already. */
static ort_status *move_channels(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    bool is_concat = op->role == ORTK_ROLE_CONCAT;
    uint32_t whole = is_concat ? op->outputs[0] : op->inputs[0], count = is_concat ? op->input_count : op->output_count;
    const uint32_t *parts = is_concat ? op->inputs : op->outputs;
    ortk_region *regions = ortk_planner_alloc(planner, count * sizeof *regions);
    if (!regions) return ortk_out_of_memory();
    int64_t rows = 0, pitch = 0, part_pitch = 0, at = 0;
    pixels_of(&plan->descs[whole], &rows, &pitch);
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i] == ORTP_NONE) continue;
        const ortk_desc *part = &plan->descs[parts[i]];
        int64_t bytes = part->dims[1] * element_bytes(part), unused = 0;
        bool is_slice = plan->places[parts[i]].parent == whole && plan->places[parts[i]].offset_bytes == (uint64_t)at;
        /* A part that stands twice in a Concat is a slice at one place only. */
        pixels_of(part, &unused, &part_pitch);
        if (!is_slice)
            regions[used++] = is_concat ? (ortk_region){i, 0, rows, bytes, part_pitch, pitch, 0, at}
                                        : (ortk_region){0, i, rows, bytes, pitch, part_pitch, at, 0};
        at += bytes;
    }
    return ortk_move_regions(planner, regions, used, out);
}

/* VIEW and RELABEL that could not share memory. */
static ort_status *move_whole(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    const ortk_desc *from = &plan->descs[op->inputs[0]], *to = &plan->descs[op->outputs[0]];
    int64_t total = (int64_t)ortk_dtype_bytes(to->dtype, to->element_count);
    ortk_region region = {.rows = 1, .row_bytes = total, .from_pitch = total, .to_pitch = total};
    const ortk_desc *pixels = from->layout == ORTK_LAYOUT_PIXELS ? from : to;
    if (pixels->layout == ORTK_LAYOUT_PIXELS && pixels->element_count) {
        int64_t pitch = 0;
        pixels_of(pixels, &region.rows, &pitch);
        region.row_bytes = pixels->dims[1] * element_bytes(pixels);
        region.from_pitch = pixels == from ? pitch : region.row_bytes;
        region.to_pitch = pixels == to ? pitch : region.row_bytes;
    }
    return ortk_move_regions(planner, &region, 1, out);
}

typedef struct known_copy {
    const void *data;
    uint64_t size_bytes;
} known_copy;

static void known_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin;
    (void)end;
    (void)scratch;
    const known_copy *copies = step->state;
    for (uint32_t i = 0; i < step->output_count; i++)
        if (copies[i].size_bytes && ortk_out(step, i)) memcpy(ortk_out(step, i), copies[i].data, copies[i].size_bytes);
}

/* A known value is written only where it leaves the program. */
static ort_status *move_known(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    known_copy *copies = ortk_planner_alloc(planner, op->output_count * sizeof *copies);
    if (!copies) return ortk_out_of_memory();
    for (uint32_t i = 0; i < op->output_count; i++) {
        uint32_t value = op->outputs[i];
        if (value == ORTP_NONE || plan->program->values[value].output == ORTP_NONE) continue;
        copies[i] = (known_copy){plan->places[value].known, plan->places[value].size_bytes};
        out->run = known_run;
    }
    out->state = copies;
    out->task_count = 1;
    return NULL;
}

ort_status *ortk_plan_move(ortp_plan *plan, ortk_planner *planner, const ortk_op *op, ortk_step_plan *out) {
    if (op->role == ORTK_ROLE_KNOWN) return move_known(plan, planner, op, out);
    if (op->role == ORTK_ROLE_CONCAT || op->role == ORTK_ROLE_SPLIT) return move_channels(plan, planner, op, out);
    const ortk_place *in = &plan->places[op->inputs[0]], *result = &plan->places[op->outputs[0]];
    if (result->parent == op->inputs[0] || in->parent == op->outputs[0]) return NULL;
    if (op->role == ORTK_ROLE_CONVERT)
        return ortk_move_layout(planner, &plan->descs[op->inputs[0]], &plan->descs[op->outputs[0]], out);
    return move_whole(plan, planner, op, out);
}
