/* Labels of classes, and the steps of classifiers: rows are scored, then the label of each is written. */
#include "ml/rows.h"
#include "text/strings.h"

#define BLOCK_ROWS 64

ort_status *ortcpu_classes_read(ortk_compiler *compiler, const ortk_node *node, const char *ints_name,
                                ortcpu_classes *out) {
    ort_status *status = ortcpu_attr_strings(compiler, node, "classlabels_strings", &out->strings, &out->count);
    if (!status && !out->strings) status = ortcpu_attr_ints(compiler, node, ints_name, &out->ints, &out->count);
    if (status || out->count >= 2) return status;
    return ortk_fail(ORT_CODE_UNSUPPORTED, "%s '%s' with fewer than two class labels", ortk_node_op(node),
                     ortk_node_name(node));
}

typedef struct classify_state {
    const ortcpu_classes *classes;
    ortcpu_score_fn score;
    const void *model;
    int64_t row_count, rows_per_task, chosen_offset;
} classify_state;

static void ints_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const classify_state *s = step->state;
    int32_t chosen[BLOCK_ROWS];
    int64_t *labels = ortk_out(step, 0);
    int64_t last = end * s->rows_per_task < s->row_count ? end * s->rows_per_task : s->row_count;
    for (int64_t row = begin * s->rows_per_task; row < last; row += BLOCK_ROWS) {
        int64_t count = last - row < BLOCK_ROWS ? last - row : BLOCK_ROWS;
        s->score(s->model, step, row, row + count, scratch, chosen);
        for (int64_t i = 0; labels && i < count; i++) labels[row + i] = s->classes->ints[chosen[i]];
    }
}

/* One task: how long the labels are is known only when all are. */
static void strings_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const classify_state *s = step->state;
    int32_t *chosen = (int32_t *)(void *)((char *)scratch + s->chosen_offset);
    uint64_t bytes = 0;
    (void)begin, (void)end;
    s->score(s->model, step, 0, s->row_count, scratch, chosen);
    for (int64_t i = 0; i < s->row_count; i++) bytes += s->classes->strings[chosen[i]].length;
    ortcpu_string_writer writer;
    if (!ortcpu_strings_begin(step, 0, &s->row_count, 1, s->row_count, bytes, &writer)) return;
    for (int64_t i = 0; i < s->row_count; i++) ortcpu_strings_add(&writer, s->classes->strings[chosen[i]]);
}

ort_status *ortcpu_classify_plan(ortk_planner *planner, const ortcpu_classes *classes, int64_t row_count,
                                 int64_t columns, const ortk_desc *out, uint32_t out_count, ortcpu_score_fn score,
                                 const void *model, uint64_t scratch_bytes, int64_t rows_per_task, double row_cost_ns,
                                 ortk_step_plan *step) {
    classify_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    if (out_count > 1 && out[1].is_present && out[1].element_count != row_count * columns)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "%lld scores where %lld rows have %lld each",
                         (long long)out[1].element_count, (long long)row_count, (long long)columns);
    *s = (classify_state){classes,   score,         model,
                          row_count, rows_per_task, (int64_t)((scratch_bytes + 63) & ~UINT64_C(63))};
    step->state = s;
    step->scratch_bytes = scratch_bytes;
    step->cost_ns = 1 + row_cost_ns * (double)row_count;
    if (classes->strings) {
        step->run = strings_run;
        step->task_count = 1;
        step->scratch_bytes = (uint64_t)s->chosen_offset + (uint64_t)row_count * sizeof(int32_t);
    } else {
        step->run = ints_run;
        step->task_count = (row_count + rows_per_task - 1) / rows_per_task;
    }
    return NULL;
}
