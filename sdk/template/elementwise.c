/* Unary and binary operators, one loop for each function and element type, made by two macros. A new one is one
 * UNARY or BINARY line for each type, one OPERATOR line and one line in the table. */
#include "acme.h"

#include <math.h>

/* ---- half precision: computed in float, rounded once ---- */

float acme_float_of(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = half & 0x7fffu, bits;
    float small = (float)rest * 0x1p-24f, value; /* right below 2^-14, where halves are multiples of 2^-24 */
    memcpy(&bits, &small, sizeof bits);
    if (rest >= 0x0400u) bits = (rest << 13) + (rest >= 0x7c00u ? 0x70000000u : 0x38000000u);
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t acme_half_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);  /* not a number */
    if (size >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and more round to infinity */
    if (size >= 0x38800000u)                                    /* a normal half: add half a unit, minus one if even */
        return (uint16_t)(sign | (size - 0x38000000u + 0x0fffu + (size >> 13 & 1u)) >> 13);
    float small, magic = 0.5f; /* one unit of 0.5f is 2^-24: the sum rounds as a half does */
    memcpy(&small, &size, sizeof small);
    small += magic;
    memcpy(&size, &small, sizeof size);
    return (uint16_t)(sign | (size - 0x3f000000u));
}

#define SAME(x)    (x)
#define F16_IN(x)  acme_float_of(x)
#define F16_OUT(x) acme_half_of(x)

/* ---- the loops ---- */

/* TYPE: as stored; WIDE: as computed. Tasks are elements of the output, in its memory's order; the kit cuts them into
 * chunks and may hand these to several threads. The walk gives runs in which every operand has one step (0: repeats).
 */
#define UNARY(NAME, TYPE, WIDE, LOAD, STORE, EXPRESSION)                                                               \
    static void NAME(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        const ortk_broadcast *walk = step->state;                                                                      \
        const TYPE *in = ortk_in(step, 0);                                                                             \
        TYPE *out = ortk_out(step, 0);                                                                                 \
        ortk_broadcast_cursor at;                                                                                      \
        (void)scratch;                                                                                                 \
        ortk_broadcast_seek(walk, begin, &at);                                                                         \
        for (int64_t n; (n = ortk_broadcast_next(walk, &at, end)) != 0;)                                               \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                WIDE a = LOAD(in[at.offset[1] + i * walk->step[1]]);                                                   \
                out[at.offset[0] + i * walk->step[0]] = STORE(EXPRESSION);                                             \
            }                                                                                                          \
    }

#define BINARY(NAME, TYPE, WIDE, LOAD, STORE, EXPRESSION)                                                              \
    static void NAME(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        const ortk_broadcast *walk = step->state;                                                                      \
        const TYPE *left = ortk_in(step, 0), *right = ortk_in(step, 1);                                                \
        TYPE *out = ortk_out(step, 0);                                                                                 \
        ortk_broadcast_cursor at;                                                                                      \
        (void)scratch;                                                                                                 \
        ortk_broadcast_seek(walk, begin, &at);                                                                         \
        for (int64_t n; (n = ortk_broadcast_next(walk, &at, end)) != 0;)                                               \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                WIDE a = LOAD(left[at.offset[1] + i * walk->step[1]]);                                                 \
                WIDE b = LOAD(right[at.offset[2] + i * walk->step[2]]);                                                \
                out[at.offset[0] + i * walk->step[0]] = STORE(EXPRESSION);                                             \
            }                                                                                                          \
    }

#define FLOATS(KIND, NAME, EXPRESSION)                                                                                 \
    KIND(NAME##_f32, float, float, SAME, SAME, EXPRESSION)                                                             \
    KIND(NAME##_f16, uint16_t, float, F16_IN, F16_OUT, EXPRESSION)
/* int32 is computed without a sign: what overflows wraps, as ONNX leaves it to. */
#define INTS(KIND, NAME, EXPRESSION) KIND(NAME##_i32, uint32_t, uint32_t, SAME, SAME, EXPRESSION)

static inline float sigmoid(float x) {
    return 1 / (1 + expf(-x));
}

FLOATS(BINARY, add, a + b)
FLOATS(BINARY, sub, a - b)
FLOATS(BINARY, mul, a *b)
FLOATS(BINARY, div, a / b)
INTS(BINARY, add, a + b)
INTS(BINARY, sub, a - b)
INTS(BINARY, mul, a *b)
FLOATS(UNARY, relu, a > 0 || isnan(a) ? a : 0)
FLOATS(UNARY, neg, -a)
FLOATS(UNARY, abs, fabsf(a))
FLOATS(UNARY, sigmoid, sigmoid(a))
FLOATS(UNARY, tanh, tanhf(a))
INTS(UNARY, relu, a >> 31 ? 0 : a)
INTS(UNARY, neg, 0 - a)
INTS(UNARY, abs, a >> 31 ? 0 - a : a)

/* ---- from loops to kernels ---- */

typedef struct loops {
    ortk_run_fn f32, f16, i32; /* NULL: the table does not claim that type */
    double element_ns;
} loops;

/* Once for each new set of shapes: picks the loop, and says what the step costs, by which the kit decides whether other
 * threads are worth waking. */
static ort_status *loops_plan(ortk_planner *planner, const loops *all, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, ortk_step_plan *step) {
    const acme_instance *instance = ortk_planner_context(planner);
    ortk_broadcast *walk = ortk_planner_alloc(planner, sizeof *walk);
    if (!walk) return ortk_out_of_memory();
    if (!ortk_broadcast_init(walk, out, in, in_count))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the inputs don't broadcast to the output's shape");
    step->run = out->dtype == ORT_DTYPE_F32 ? all->f32 : out->dtype == ORT_DTYPE_F16 ? all->f16 : all->i32;
    step->state = walk;
    step->task_count = walk->element_count;
    step->grain = instance->chunk;
    step->cost_ns = all->element_ns * (double)walk->element_count;
    return NULL;
}

#define OPERATOR(NAME, F32_LOOP, F16_LOOP, I32_LOOP, ELEMENT_NS)                                                       \
    static ort_status *NAME##_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,  \
                                   const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {                   \
        static const loops all = {F32_LOOP, F16_LOOP, I32_LOOP, ELEMENT_NS};                                           \
        (void)params, (void)out_count;                                                                                 \
        return loops_plan(planner, &all, in, in_count, out, step);                                                     \
    }

OPERATOR(add, add_f32, add_f16, add_i32, 0.5)
OPERATOR(sub, sub_f32, sub_f16, sub_i32, 0.5)
OPERATOR(mul, mul_f32, mul_f16, mul_i32, 0.5)
OPERATOR(div, div_f32, div_f16, NULL, 1)
OPERATOR(relu, relu_f32, relu_f16, relu_i32, 0.5)
OPERATOR(neg, neg_f32, neg_f16, neg_i32, 0.5)
OPERATOR(abs, abs_f32, abs_f16, abs_i32, 0.5)
OPERATOR(sigmoid, sigmoid_f32, sigmoid_f16, NULL, 8)
OPERATOR(tanh, tanh_f32, tanh_f16, NULL, 10)

/* SINCE: the first version of the operator that means what the loop computes. ELEMENTWISE: any layout will do.
 * INPLACE: the output may take an input's memory. */
#define KERNEL(OP, SINCE, TYPES, PLAN)                                                                                 \
    { "", OP, SINCE, ACME_OPSET, TYPES, ORTK_MODE_ELEMENTWISE, ORTK_KERNEL_INPLACE, 0, NULL, NULL, PLAN }

const ortk_kernel acme_elementwise[] = {
    KERNEL("Add", 7, ACME_F32 | ACME_F16 | ACME_I32, add_plan),
    KERNEL("Sub", 7, ACME_F32 | ACME_F16 | ACME_I32, sub_plan),
    KERNEL("Mul", 7, ACME_F32 | ACME_F16 | ACME_I32, mul_plan),
    KERNEL("Div", 7, ACME_F32 | ACME_F16, div_plan),
    KERNEL("Relu", 6, ACME_F32 | ACME_F16 | ACME_I32, relu_plan),
    KERNEL("Neg", 6, ACME_F32 | ACME_F16 | ACME_I32, neg_plan),
    KERNEL("Abs", 6, ACME_F32 | ACME_F16 | ACME_I32, abs_plan),
    KERNEL("Sigmoid", 6, ACME_F32 | ACME_F16, sigmoid_plan),
    KERNEL("Tanh", 6, ACME_F32 | ACME_F16, tanh_plan),
    {.op = NULL},
};
