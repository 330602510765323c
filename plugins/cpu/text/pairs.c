/* StringConcat and Equal: two strings at a time, with broadcasting. */
#include "ops/table.h"
#include "ort/sdk/broadcast.h"
#include "text/strings.h"
#include "text/text.h"

typedef struct pair_state {
    ortk_broadcast broadcast;
    ortk_desc in[2], out;
} pair_state;

typedef void (*pair_fn)(void *user, ort_string_view first, ort_string_view second);

static void pairs_visit(const ortk_step *step, pair_fn fn, void *user) {
    const pair_state *s = step->state;
    const ortk_broadcast *b = &s->broadcast;
    ortk_broadcast_cursor c;
    ortk_broadcast_seek(b, 0, &c);
    for (int64_t n; (n = ortk_broadcast_next(b, &c, b->element_count)) != 0;)
        for (int64_t i = 0; i < n; i++)
            fn(user, ortcpu_string_at(ortk_in(step, 0), s->in[0].element_count, c.offset[1] + i * b->step[1]),
               ortcpu_string_at(ortk_in(step, 1), s->in[1].element_count, c.offset[2] + i * b->step[2]));
}

static void length_add(void *user, ort_string_view first, ort_string_view second) {
    *(uint64_t *)user += first.length + second.length;
}

static void both_write(void *user, ort_string_view first, ort_string_view second) {
    char *to = ortcpu_strings_room(user, first.length + second.length);
    if (first.length) memcpy(to, first.data, (size_t)first.length);
    if (second.length) memcpy(to + first.length, second.data, (size_t)second.length);
}

static void concat_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const pair_state *s = step->state;
    ortcpu_string_writer writer;
    uint64_t bytes = 0;
    pairs_visit(step, length_add, &bytes);
    if (ortcpu_strings_begin(step, 0, s->out.dims, s->out.rank, s->out.element_count, bytes, &writer))
        pairs_visit(step, both_write, &writer);
}

static void equal_write(void *user, ort_string_view first, ort_string_view second) {
    *(*(uint8_t **)user)++ = ortcpu_string_same(first, second);
}

static void equal_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    uint8_t *out = ortk_out(step, 0);
    pairs_visit(step, equal_write, &out);
}

static ort_status *pair_plan(ortk_planner *planner, const ortk_desc *in, uint32_t in_count, const ortk_desc *out,
                             ortk_run_fn run, ortk_step_plan *step) {
    pair_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    s->in[0] = in[0];
    s->in[1] = in[1];
    s->out = *out;
    if (!ortk_broadcast_init(&s->broadcast, out, in, in_count))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the two inputs don't broadcast");
    step->run = run;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = 1 + 10 * (double)out->element_count;
    return NULL;
}

static ort_status *concat_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    return pair_plan(planner, in, in_count, out, concat_run, step);
}

static ort_status *equal_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    return pair_plan(planner, in, in_count, out, equal_run, step);
}

#define PAIR(NAME, SINCE, PLAN)                                                                                        \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_STRING, .mode = ORTK_MODE_ROWS, .plan = PLAN                                                   \
    }
static const ortk_kernel kernels[] = {PAIR("StringConcat", 20, concat_plan), PAIR("Equal", 19, equal_plan)};
const ortcpu_op_table ortcpu_text_pairs = ORTCPU_TABLE(kernels);
