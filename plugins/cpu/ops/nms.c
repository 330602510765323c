/* NonMaxSuppression (ONNX NonMaxSuppression-11): box by box in falling order of scores, class by class; a box that
 * overlaps one taken before is left out. Only the data tells how many are taken. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/sort.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct nms_params {
    bool is_centred; /* boxes are x, y of the centre, width, height; else two corners y, x */
} nms_params;

typedef struct nms_state {
    bool is_centred;
    int64_t batch, classes, boxes;
} nms_state;

typedef struct box {
    float low[2], high[2], area;
} box;

/* The limits that the inputs set: one element each, or left out. */
typedef struct nms_limits {
    int64_t most; /* of a class */
    float overlap, score;
    bool has_score;
} nms_limits;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((nms_params *)params)->is_centred = ortk_attr_int(node, "center_point_box", 0) != 0;
    return NULL;
}

static box box_read(const float *at, bool is_centred) {
    box b;
    for (int i = 0; i < 2; i++) {
        const float x = at[i], y = at[i + 2];
        b.low[i] = is_centred ? x - y / 2 : x < y ? x : y;
        b.high[i] = is_centred ? x + y / 2 : x < y ? y : x;
    }
    b.area = (b.high[0] - b.low[0]) * (b.high[1] - b.low[1]);
    return b;
}

static bool overlaps(const box *a, const box *b, float threshold) {
    float both = 1;
    for (int i = 0; i < 2; i++) {
        const float low = a->low[i] > b->low[i] ? a->low[i] : b->low[i];
        const float high = a->high[i] < b->high[i] ? a->high[i] : b->high[i];
        if (high <= low) return false;
        both *= high - low;
    }
    return a->area > 0 && b->area > 0 && both / (a->area + b->area - both) > threshold;
}

static bool score_before(const void *context, int64_t a, int64_t b) {
    const float *scores = context;
    return scores[a] > scores[b];
}

/* Takes boxes of one class into `taken`; how many. */
static int64_t class_run(const nms_state *s, const nms_limits *limits, const box *boxes, const float *scores,
                         int64_t *places, int64_t *spare, int64_t *taken) {
    int64_t count = 0, found = 0;
    for (int64_t i = 0; i < s->boxes; i++)
        if (!limits->has_score || scores[i] > limits->score) places[count++] = i;
    ortcpu_sort(places, spare, count, score_before, scores);
    for (int64_t i = 0; i < count && found < limits->most; i++) {
        bool is_free = true;
        for (int64_t k = 0; is_free && k < found; k++)
            is_free = !overlaps(&boxes[places[i]], &boxes[taken[k]], limits->overlap);
        if (is_free) taken[found++] = places[i];
    }
    return found;
}

static const void *limit(const ortk_step *step, uint32_t index) {
    return step->input_count > index ? ortk_in(step, index) : NULL;
}

static nms_limits limits_read(const ortk_step *step, const nms_state *s) {
    const int64_t *most = limit(step, 2);
    const float *overlap = limit(step, 3), *score = limit(step, 4);
    nms_limits limits = {most != NULL ? *most : 0, overlap != NULL ? *overlap : 0, 0, score != NULL};
    if (score != NULL) limits.score = *score;
    if (limits.most > s->boxes) limits.most = s->boxes;
    return limits;
}

static void nms_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const nms_state *s = step->state;
    const nms_limits limits = limits_read(step, s);
    const int64_t groups = s->batch * s->classes;
    int64_t *places = scratch, *spare = places + s->boxes, *counts = spare + s->boxes, *taken = counts + groups;
    box *boxes = (box *)(void *)(taken + groups * s->boxes);
    int64_t total = 0;
    for (int64_t group = 0; group < groups; group++) {
        const int64_t n = group / s->classes;
        for (int64_t i = 0; group % s->classes == 0 && i < s->boxes; i++)
            boxes[i] = box_read((const float *)ortk_in(step, 0) + (n * s->boxes + i) * 4, s->is_centred);
        counts[group] = class_run(s, &limits, boxes, (const float *)ortk_in(step, 1) + group * s->boxes, places, spare,
                                  taken + total);
        total += counts[group];
    }
    const int64_t dims[] = {total, 3};
    int64_t *out = ortk_provide(step, 0, dims, 2, (uint64_t)total * 3 * sizeof *out);
    for (int64_t group = 0; out != NULL && group < groups; group++)
        for (int64_t i = 0; i < counts[group]; i++, out += 3) {
            out[0] = group / s->classes;
            out[1] = group % s->classes;
            out[2] = *taken++;
        }
}

static ort_status *nms_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out, (void)out_count;
    for (uint32_t i = 2; i < in_count; i++)
        if (in[i].is_present && in[i].element_count != 1)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld elements, not one", i,
                             (long long)in[i].element_count);
    nms_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (nms_state){((const nms_params *)params)->is_centred, in[1].dims[0], in[1].dims[1], in[1].dims[2]};
    const uint64_t groups = (uint64_t)(s->batch * s->classes), boxes = (uint64_t)s->boxes;
    step->run = nms_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = (2 * boxes + groups + groups * boxes) * sizeof(int64_t) + boxes * sizeof(box);
    step->cost_ns = (double)in[1].element_count * 5;
    return NULL;
}

static const ortk_kernel kernels[] = {
    {.op = "NonMaxSuppression",
     .domain = "",
     .since_version = 10,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_TYPE_F32,
     .mode = ORTK_MODE_ROWS,
     .flags = ORTK_KERNEL_TELLS,
     .params_bytes = sizeof(nms_params),
     .compile = compile,
     .plan = nms_plan},
};
const ortcpu_op_table ortcpu_ops_nms = ORTCPU_TABLE(kernels);
