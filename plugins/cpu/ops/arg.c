/* ArgMax and ArgMin (ONNX 13): the index of the largest or smallest element along an axis; the first, or the last with
 * select_last_index. NaN is beyond everything, as numpy has it. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/wide.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct arg_params {
    int64_t axis;
    bool smallest, last;
} arg_params;

typedef struct arg_state {
    int64_t dim, inner;
    bool smallest, last;
} arg_state;

static ort_status *arg_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    arg_params *p = params;
    p->axis = ortk_attr_int(node, "axis", 0);
    p->last = ortk_attr_int(node, "select_last_index", 0) != 0;
    p->smallest = strcmp(ortk_node_op(node), "ArgMin") == 0;
    return NULL;
}

#define ARG(name, T)                                                                                                   \
    static void name(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const arg_state *s = step->state;                                                                              \
        for (int64_t o = begin; o < end; o++) {                                                                        \
            const T *x = (const T *)ortk_in(step, 0) + o / s->inner * s->dim * s->inner + o % s->inner;                \
            T best = x[0];                                                                                             \
            int64_t at = 0;                                                                                            \
            for (int64_t i = 1; i < s->dim; i++) {                                                                     \
                const T v = x[i * s->inner];                                                                           \
                const bool equal = v == best || (v != v && best != best);                                              \
                const bool better = (best == best && v != v) || (s->smallest ? v < best : v > best);                   \
                if (better || (s->last && equal)) {                                                                    \
                    best = v;                                                                                          \
                    at = i;                                                                                            \
                }                                                                                                      \
            }                                                                                                          \
            ((int64_t *)ortk_out(step, 0))[o] = at;                                                                    \
        }                                                                                                              \
    }
ARG(arg_f32, float)
ARG(arg_f64, double)
ARG(arg_i8, int8_t)
ARG(arg_i16, int16_t)
ARG(arg_i32, int32_t)
ARG(arg_i64, int64_t)
ARG(arg_u8, uint8_t)
ARG(arg_u16, uint16_t)
ARG(arg_u32, uint32_t)
ARG(arg_u64, uint64_t)

static ort_status *arg_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    static const ortk_run_fn by_type[ORT_DTYPE_COUNT] = {
        [ORT_DTYPE_F32] = arg_f32, [ORT_DTYPE_F64] = arg_f64, [ORT_DTYPE_I8] = arg_i8, [ORT_DTYPE_I16] = arg_i16,
        [ORT_DTYPE_I32] = arg_i32, [ORT_DTYPE_I64] = arg_i64, [ORT_DTYPE_U8] = arg_u8, [ORT_DTYPE_U16] = arg_u16,
        [ORT_DTYPE_U32] = arg_u32, [ORT_DTYPE_U64] = arg_u64,
    };
    const arg_params *p = params;
    if (out->element_count == 0) return NULL;
    if (in->element_count == 0) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "no largest element of an empty axis");
    arg_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    const uint32_t axis = ortcpu_axis(p->axis, in->rank);
    *s = (arg_state){in->rank == 0 ? 1 : in->dims[axis], ortcpu_product(in->dims, axis + 1, in->rank), p->smallest,
                     p->last};
    step->run = by_type[in->dtype];
    step->state = s;
    step->task_count = out->element_count;
    step->grain = 1 + 8192 / s->dim;
    step->cost_ns = (double)in->element_count;
    return NULL;
}

ORTCPU_WIDE_PLAN(arg_plan, 0)

#define KERNEL(NAME)                                                                                                   \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 12, .until_version = ORTCPU_NEWEST_OPSET,                           \
        .types = ORTCPU_TYPES_REAL | ORTCPU_TYPES_SHORT, .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(arg_params),   \
        .compile = arg_compile, .plan = arg_plan_wide                                                                  \
    }
static const ortk_kernel kernels[] = {KERNEL("ArgMax"), KERNEL("ArgMin")};
const ortcpu_op_table ortcpu_ops_arg = ORTCPU_TABLE(kernels);
