/* Softmax from version 13 on, along any one axis. Before 13 it means another thing: such nodes are not claimed. */
#include "acme.h"

#include <math.h>

typedef struct softmax_params {
    int64_t axis; /* as written: may count from the end */
} softmax_params;

typedef struct softmax_state {
    int64_t count, inner; /* elements along the axis, and elements from one to the next */
} softmax_state;

static ort_status *softmax_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((softmax_params *)params)->axis = ortk_attr_int(node, "axis", -1);
    return NULL;
}

/* The largest element becomes exp(0): nothing overflows. */
static void softmax_line(const float *in, float *out, int64_t count, int64_t stride) {
    float most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < count; i++) most = fmaxf(most, in[i * stride]);
    for (int64_t i = 0; i < count; i++) sum += out[i * stride] = expf(in[i * stride] - most);
    for (int64_t i = 0; i < count; i++) out[i * stride] /= sum;
}

/* A task is one line along the axis. */
static void softmax_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const softmax_state *s = step->state;
    (void)scratch;
    for (int64_t line = begin; line < end; line++) {
        int64_t start = line / s->inner * s->count * s->inner + line % s->inner;
        softmax_line((const float *)ortk_in(step, 0) + start, (float *)ortk_out(step, 0) + start, s->count, s->inner);
    }
}

static ort_status *softmax_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    softmax_state *s = ortk_planner_alloc(planner, sizeof *s);
    (void)in_count, (void)out_count;
    if (!s) return ortk_out_of_memory();
    if (in->element_count == 0) return NULL; /* no run function: an empty result */
    uint32_t axis = acme_axis(((const softmax_params *)params)->axis, in->rank);
    s->count = in->rank ? in->dims[axis] : 1;
    s->inner = 1;
    for (uint32_t i = axis + 1; i < in->rank; i++) s->inner *= in->dims[i];
    *step = (ortk_step_plan){.run = softmax_run, .state = s, .task_count = out->element_count / s->count};
    step->cost_ns = 8 * (double)out->element_count;
    return NULL;
}

const ortk_kernel acme_softmax[] = {
    {"", "Softmax", 13, ACME_OPSET, ACME_F32, ORTK_MODE_ROWS, ORTK_KERNEL_INPLACE, sizeof(softmax_params), NULL,
     softmax_compile, softmax_plan},
    {.op = NULL},
};
