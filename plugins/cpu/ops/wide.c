#include "ops/wide.h"

#include <string.h>

/* An input or output that exists in scratch as float32. */
typedef struct converted {
    uint32_t arg; /* of the step */
    ortcpu_half kind;
    int64_t rows, count, pitch; /* elements of a row, and from one row to the next */
    size_t offset_bytes;
} converted;

typedef struct wide_state {
    const ortcpu_half_rows *rows;
    ortk_step_plan inner;
    uint32_t converted_in, converted_out;
    size_t data_bytes; /* of the inner step and of all that is converted */
    converted *list;   /* inputs, then outputs */
} wide_state;

static size_t round_64(size_t bytes) {
    return (bytes + 63) & ~(size_t)63;
}

static void wide_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const wide_state *s = step->state;
    char *data = scratch;
    ortk_step *inner = scratch;
    memcpy(inner, step, sizeof *inner + (step->input_count + step->output_count) * sizeof step->args[0]);
    inner->run = s->inner.run;
    inner->state = s->inner.state;
    inner->task_count = s->inner.task_count;
    inner->grain = s->inner.grain;
    for (uint32_t i = 0; i < s->converted_in + s->converted_out; i++) {
        const converted *c = &s->list[i];
        float *wide = (float *)(void *)(data + c->offset_bytes);
        inner->args[c->arg] = wide;
        if (i < s->converted_in) s->rows->widen[c->kind](wide, step->args[c->arg], (c->rows - 1) * c->pitch + c->count);
    }
    inner->run(inner, 0, inner->task_count, s->inner.scratch_bytes ? data + s->data_bytes : NULL);
    for (uint32_t i = s->converted_in; i < s->converted_in + s->converted_out; i++) {
        const converted *c = &s->list[i];
        const float *wide = (const float *)(const void *)(data + c->offset_bytes);
        uint16_t *y = step->args[c->arg];
        for (int64_t r = 0; r < c->rows; r++) s->rows->narrow[c->kind](y + r * c->pitch, wide + r * c->pitch, c->count);
    }
}

/* Notes that argument `arg` is converted; one row where nothing lies between its elements. */
static void note(wide_state *s, const ortk_desc *desc, uint32_t arg) {
    converted *c = &s->list[s->converted_in + s->converted_out];
    bool is_pitched = desc->layout == ORTK_LAYOUT_PIXELS && desc->pitch != desc->dims[1];
    *c = (converted){.arg = arg,
                     .kind = ortcpu_half_of(desc->dtype),
                     .rows = is_pitched ? desc->element_count / desc->dims[1] : 1,
                     .count = is_pitched ? desc->dims[1] : desc->element_count,
                     .pitch = is_pitched ? desc->pitch : desc->element_count,
                     .offset_bytes = s->data_bytes};
    s->data_bytes += round_64((size_t)(c->rows * c->pitch) * sizeof(float));
}

static bool is_converted(const ortk_desc *desc) {
    return desc->is_present && ortcpu_is_half(desc->dtype) && desc->element_count > 0;
}

/* The descriptions as the float32 kernel sees them; known contents would be of the short type and are not shown. */
static ort_status *descs_widen(ortk_planner *planner, const ortk_desc *descs, uint32_t count, uint32_t kept,
                               ortk_desc **out) {
    *out = ortk_planner_alloc(planner, (count + 1) * sizeof **out);
    if (!*out) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++) {
        (*out)[i] = descs[i];
        if (!ortcpu_is_half(descs[i].dtype) || kept >> i & 1u) continue;
        (*out)[i].dtype = ORT_DTYPE_F32;
        (*out)[i].known = NULL;
    }
    return NULL;
}

ort_status *ortcpu_wide_plan(ortcpu_plan_fn *plan, uint32_t kept, ortk_planner *planner, const void *params,
                             const ortk_desc *in, uint32_t in_count, const ortk_desc *out, uint32_t out_count,
                             ortk_step_plan *step) {
    bool some = false;
    for (uint32_t i = 0; i < in_count; i++) some |= ortcpu_is_half(in[i].dtype);
    for (uint32_t i = 0; i < out_count; i++) some |= ortcpu_is_half(out[i].dtype);
    if (!some) return plan(planner, params, in, in_count, out, out_count, step);
    ortk_desc *wide_in = NULL, *wide_out = NULL;
    wide_state *s = ortk_planner_alloc(planner, sizeof *s);
    converted *list = ortk_planner_alloc(planner, (in_count + out_count) * sizeof *list);
    if (!s || !list) return ortk_out_of_memory();
    ort_status *status = descs_widen(planner, in, in_count, kept, &wide_in);
    if (!status) status = descs_widen(planner, out, out_count, 0, &wide_out);
    if (!status) status = plan(planner, params, wide_in, in_count, wide_out, out_count, &s->inner);
    if (status || !s->inner.run) return status;
    s->rows = ortcpu_loops_get()->half;
    s->list = list;
    s->data_bytes = round_64(sizeof(ortk_step) + (in_count + out_count) * sizeof(void *));
    for (uint32_t i = 0; i < in_count; i++)
        if (is_converted(&in[i]) && !(kept >> i & 1u)) note(s, &in[i], i), s->converted_in++;
    for (uint32_t i = 0; i < out_count; i++)
        if (is_converted(&out[i])) note(s, &out[i], in_count + i), s->converted_out++;
    step->run = wide_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = s->data_bytes + s->inner.scratch_bytes;
    step->cost_ns = s->inner.cost_ns;
    return NULL;
}
