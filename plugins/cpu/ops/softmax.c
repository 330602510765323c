/* Softmax and LogSoftmax (ONNX 13: along one axis), float32. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/wide.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct softmax_params {
    int64_t axis;
    bool is_log;
} softmax_params;

typedef struct softmax_state {
    const ortcpu_row_loops *loops;
    int64_t outer, dim, inner, column_chunk, column_splits;
    bool is_log;
} softmax_state;

static ort_status *softmax_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    softmax_params *p = params;
    p->axis = ortk_attr_int(node, "axis", -1);
    p->is_log = strcmp(ortk_node_op(node), "LogSoftmax") == 0;
    return NULL;
}

static void rows_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const softmax_state *s = step->state;
    const float *x = ortk_in(step, 0);
    float *y = ortk_out(step, 0);
    for (int64_t r = begin; r < end; r++) s->loops->softmax_row(y + r * s->dim, x + r * s->dim, s->dim, s->is_log);
}

/* Rows of a few elements: some of them at once, turned into columns. */
#define SHORT_DIM  16
#define SHORT_ROWS 64

static void short_rows_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const softmax_state *s = step->state;
    float turned[SHORT_DIM * SHORT_ROWS];
    for (int64_t r = begin; r < end; r += SHORT_ROWS) {
        const int64_t rows = end - r < SHORT_ROWS ? end - r : SHORT_ROWS;
        const float *x = (const float *)ortk_in(step, 0) + r * s->dim;
        float *y = (float *)ortk_out(step, 0) + r * s->dim;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t k = 0; k < s->dim; k++) turned[k * SHORT_ROWS + i] = x[i * s->dim + k];
        s->loops->softmax_columns(turned, turned, s->dim, SHORT_ROWS, rows, s->is_log);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t k = 0; k < s->dim; k++) y[i * s->dim + k] = turned[k * SHORT_ROWS + i];
    }
}

static void columns_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const softmax_state *s = step->state;
    const float *x = ortk_in(step, 0);
    float *y = ortk_out(step, 0);
    for (int64_t t = begin; t < end; t++) {
        int64_t column = t % s->column_splits * s->column_chunk;
        int64_t at = t / s->column_splits * s->dim * s->inner + column;
        int64_t count = s->inner - column < s->column_chunk ? s->inner - column : s->column_chunk;
        s->loops->softmax_columns(y + at, x + at, s->dim, s->inner, count, s->is_log);
    }
}

static ort_status *softmax_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    const softmax_params *p = params;
    if (out->element_count == 0) return NULL;
    softmax_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    const uint32_t axis = ortcpu_axis(p->axis, in->rank);
    *s = (softmax_state){.loops = ortcpu_loops_get()->row, .is_log = p->is_log, .column_chunk = 256};
    s->outer = ortcpu_product(in->dims, 0, axis);
    s->dim = in->rank == 0 ? 1 : in->dims[axis];
    s->inner = ortcpu_product(in->dims, axis + 1, in->rank);
    s->column_splits = (s->inner + s->column_chunk - 1) / s->column_chunk;
    step->run = s->inner != 1 ? columns_run : s->dim <= SHORT_DIM ? short_rows_run : rows_run;
    step->state = s;
    step->task_count = s->inner == 1 ? s->outer : s->outer * s->column_splits;
    step->grain = 1 + 8192 / (s->inner == 1 ? s->dim : s->dim * s->column_chunk);
    step->cost_ns = (double)out->element_count * 1.2;
    return NULL;
}

ORTCPU_WIDE_PLAN(softmax_plan, 0)

#define SOFTMAX(NAME)                                                                                                  \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 13, .until_version = ORTCPU_NEWEST_OPSET,                           \
        .types = ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT, .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_INPLACE,           \
        .params_bytes = sizeof(softmax_params), .compile = softmax_compile, .plan = softmax_plan_wide                  \
    }
static const ortk_kernel kernels[] = {SOFTMAX("Softmax"), SOFTMAX("LogSoftmax")};
const ortcpu_op_table ortcpu_ops_softmax = ORTCPU_TABLE(kernels);
