/* NonZero, Compress and Unique: only the data tells how much comes out. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/sort.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct chosen_params {
    bool has_axis, is_sorted;
    int64_t axis;
} chosen_params;

/* The input as [outer][dim][inner]; without an axis as [1][element_count][1]. */
typedef struct chosen_state {
    int64_t outer, dim, inner, bytes, count;
    uint32_t rank, axis;
    bool keeps_rank; /* an axis was given */
    bool is_sorted;
    int64_t dims[ORTK_RANK_MAX];
    int64_t condition_count; /* Compress */
    uint64_t mask;           /* NonZero: bits that make an element differ from 0 */
    ortcpu_compare_fn compare;
} chosen_state;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    chosen_params *p = params;
    p->has_axis = ortk_attr_has(node, "axis");
    p->axis = ortk_attr_int(node, "axis", 0);
    p->is_sorted = ortk_attr_int(node, "sorted", 1) != 0;
    return NULL;
}

static chosen_state *state_create(ortk_planner *planner, const chosen_params *p, const ortk_desc *in,
                                  ortk_step_plan *step) {
    chosen_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return NULL;
    memset(s, 0, sizeof *s);
    s->rank = in->rank;
    s->keeps_rank = p->has_axis;
    s->is_sorted = p->is_sorted;
    s->axis = ortcpu_axis(p->axis, in->rank);
    s->bytes = (int64_t)ortk_dtype_bytes(in->dtype, 1);
    s->count = in->element_count;
    memcpy(s->dims, in->dims, sizeof s->dims);
    s->outer = p->has_axis ? ortcpu_product(in->dims, 0, s->axis) : 1;
    s->dim = p->has_axis ? in->dims[s->axis] : in->element_count;
    s->inner = p->has_axis ? ortcpu_product(in->dims, s->axis + 1, in->rank) : 1;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)in->element_count * 2;
    return s;
}

/* Output 0 with `found` places of the axis. */
static char *result_provide(const ortk_step *step, const chosen_state *s, int64_t found) {
    int64_t dims[ORTK_RANK_MAX];
    memcpy(dims, s->dims, sizeof dims);
    dims[s->keeps_rank ? s->axis : 0] = found;
    return ortk_provide(step, 0, dims, s->keeps_rank ? s->rank : 1, (uint64_t)(s->outer * found * s->inner * s->bytes));
}

/* Place `from` of the input's axis becomes place `to` of `found`. */
static void slice_copy(const chosen_state *s, const char *in, int64_t from, char *out, int64_t to, int64_t found) {
    const int64_t bytes = s->inner * s->bytes;
    for (int64_t o = 0; o < s->outer; o++)
        memcpy(out + (o * found + to) * bytes, in + (o * s->dim + from) * bytes, (size_t)bytes);
}

/* ---- NonZero ---- */

static bool is_set(const chosen_state *s, const char *in, int64_t i) {
    uint64_t bits = 0; /* the low bytes of a little-endian machine's number */
    memcpy(&bits, in + i * s->bytes, (size_t)s->bytes);
    return (bits & s->mask) != 0;
}

static void non_zero_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const chosen_state *s = step->state;
    const char *in = ortk_in(step, 0);
    int64_t found = 0, at = 0;
    for (int64_t i = 0; i < s->count; i++) found += is_set(s, in, i);
    const int64_t dims[] = {s->rank, found};
    int64_t *out = ortk_provide(step, 0, dims, 2, (uint64_t)(s->rank * found) * sizeof *out);
    for (int64_t i = 0; out != NULL && i < s->count; i++) {
        if (!is_set(s, in, i)) continue;
        int64_t rest = i;
        for (uint32_t axis = s->rank; axis-- > 0; rest /= s->dims[axis]) out[axis * found + at] = rest % s->dims[axis];
        at++;
    }
}

static ort_status *non_zero_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    const uint64_t floats = ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16);
    chosen_state *s = state_create(planner, params, in, step);
    if (s == NULL) return ortk_out_of_memory();
    s->mask = UINT64_MAX >> (64 - 8 * s->bytes);
    if ((ORT_DTYPE_BIT(in->dtype) & floats) != 0) s->mask >>= 1; /* -0 is 0 */
    step->run = non_zero_run;
    return NULL;
}

/* ---- Compress ---- */

static void compress_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const chosen_state *s = step->state;
    const uint8_t *condition = ortk_in(step, 1);
    int64_t found = 0, at = 0;
    for (int64_t i = 0; i < s->condition_count; i++) found += condition[i] != 0;
    char *out = result_provide(step, s, found);
    for (int64_t i = 0; out != NULL && i < s->condition_count; i++)
        if (condition[i] != 0) slice_copy(s, ortk_in(step, 0), i, out, at++, found);
}

static ort_status *compress_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    chosen_state *s = state_create(planner, params, in, step);
    if (s == NULL) return ortk_out_of_memory();
    /* ONNX Compress-11: a condition shorter than the axis leaves the rest out. */
    s->condition_count = in[1].element_count < s->dim ? in[1].element_count : s->dim;
    step->run = compress_run;
    return NULL;
}

/* ---- Unique ---- */

typedef struct unique_walk {
    const chosen_state *s;
    const char *in;
} unique_walk;

static int slices_compare(const unique_walk *w, int64_t a, int64_t b) {
    const chosen_state *s = w->s;
    const int64_t bytes = s->inner * s->bytes;
    for (int64_t o = 0; o < s->outer; o++) {
        const char *x = w->in + (o * s->dim + a) * bytes, *y = w->in + (o * s->dim + b) * bytes;
        for (int64_t i = 0; i < bytes; i += s->bytes) {
            const int order = s->compare(x + i, y + i);
            if (order != 0) return order;
        }
    }
    return 0;
}

static bool slice_before(const void *context, int64_t a, int64_t b) {
    return slices_compare(context, a, b) < 0;
}

static bool place_before(const void *context, int64_t a, int64_t b) {
    const int64_t *firsts = context;
    return firsts[a] < firsts[b];
}

/* Scratch of Unique: four lists of `dim` places. */
typedef struct unique_lists {
    int64_t *order;  /* slices by value, equal ones by place */
    int64_t *firsts; /* of each group of equal ones: where it comes first; groups by value */
    int64_t *counts; /* of each group */
    int64_t *groups; /* of each slice: its group */
} unique_lists;

static int64_t groups_find(const unique_walk *w, const unique_lists *lists) {
    int64_t found = 0;
    for (int64_t i = 0; i < w->s->dim; i++) {
        if (i == 0 || slices_compare(w, lists->order[i - 1], lists->order[i]) != 0) {
            lists->firsts[found] = lists->order[i];
            lists->counts[found++] = 0;
        }
        lists->counts[found - 1]++;
        lists->groups[lists->order[i]] = found - 1;
    }
    return found;
}

/* `order` lists the groups as they come out; `rank_of` is where each stands in it. */
static void unique_write(const ortk_step *step, const unique_walk *w, const unique_lists *lists, const int64_t *order,
                         const int64_t *rank_of, int64_t found) {
    const int64_t dims[] = {found}, all[] = {w->s->dim};
    char *out = result_provide(step, w->s, found);
    int64_t *more[3] = {NULL};
    for (uint32_t k = 1; k < step->output_count; k++) {
        const int64_t *size = k == 2 ? all : dims;
        more[k - 1] = ortk_provide(step, k, size, 1, (uint64_t)*size * sizeof **more);
    }
    for (int64_t i = 0; i < found; i++) {
        const int64_t group = order[i];
        if (out != NULL) slice_copy(w->s, w->in, lists->firsts[group], out, i, found);
        if (more[0] != NULL) more[0][i] = lists->firsts[group];
        if (more[2] != NULL) more[2][i] = lists->counts[group];
    }
    for (int64_t i = 0; more[1] != NULL && i < w->s->dim; i++) more[1][i] = rank_of[lists->groups[i]];
}

static void unique_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const chosen_state *s = step->state;
    const unique_walk w = {s, ortk_in(step, 0)};
    int64_t *room = scratch;
    const unique_lists lists = {room, room + s->dim, room + 2 * s->dim, room + 3 * s->dim};
    int64_t *spare = room + 4 * s->dim, *ranks = room + 5 * s->dim;
    for (int64_t i = 0; i < s->dim; i++) lists.order[i] = i;
    ortcpu_sort(lists.order, spare, s->dim, slice_before, &w);
    const int64_t found = groups_find(&w, &lists);
    for (int64_t i = 0; i < found; i++) lists.order[i] = i;
    if (!s->is_sorted) ortcpu_sort(lists.order, spare, found, place_before, lists.firsts);
    for (int64_t i = 0; i < found; i++) ranks[lists.order[i]] = i;
    unique_write(step, &w, &lists, lists.order, ranks, found);
}

static ort_status *unique_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    chosen_state *s = state_create(planner, params, in, step);
    if (s == NULL) return ortk_out_of_memory();
    s->compare = ortcpu_compare_of(in->dtype);
    step->run = unique_run;
    step->scratch_bytes = (uint64_t)(6 * s->dim + 1) * sizeof(int64_t);
    step->cost_ns = (double)in->element_count * 50;
    return NULL;
}

#define CHOSEN(NAME, SINCE, TYPES, PLAN_FN)                                                                            \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_TELLS, .params_bytes = sizeof(chosen_params), .compile = compile, \
        .plan = PLAN_FN                                                                                                \
    }
#define HALVES (ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16))
static const ortk_kernel kernels[] = {
    CHOSEN("NonZero", 9, ORTCPU_TYPES_REAL | ORTCPU_TYPE_BOOL | HALVES, non_zero_plan),
    CHOSEN("Compress", 9, ORTCPU_TYPES_MOVED, compress_plan),
    CHOSEN("Unique", 11, ORTCPU_TYPES_REAL | ORTCPU_TYPE_BOOL | HALVES, unique_plan),
};
const ortcpu_op_table ortcpu_ops_chosen = ORTCPU_TABLE(kernels);
