/* Truth values, and the choice between two values by them. Any byte but 0 is true; results are 0 or 1. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

#include <string.h>

#define AT(p, bytes) ((void *)((char *)(p) + (bytes)))

#define LOGIC(name, EXPR)                                                                                              \
    static void name(const ortcpu_block *block) {                                                                      \
        const int64_t ix = block->inc[1], iz = block->inc[2];                                                          \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            uint8_t *y = AT(block->ptr[0], r * block->step[0]);                                                        \
            const uint8_t *x = AT(block->ptr[1], r * block->step[1]), *z = AT(block->ptr[2], r * block->step[2]);      \
            for (int64_t i = 0; i < block->count; i++) {                                                               \
                const int a = x[i * ix] != 0, b = z[i * iz] != 0;                                                      \
                y[i] = (uint8_t)(EXPR);                                                                                \
            }                                                                                                          \
        }                                                                                                              \
    }
LOGIC(loop_and, a &b)
LOGIC(loop_or, a | b)
LOGIC(loop_xor, a ^ b)

static void loop_not(const ortcpu_block *block) {
    for (int64_t r = 0; r < block->rows; r++) {
        uint8_t *y = AT(block->ptr[0], r * block->step[0]);
        const uint8_t *x = AT(block->ptr[1], r * block->step[1]);
        for (int64_t i = 0; i < block->count; i++) y[i] = x[i] == 0;
    }
}

typedef struct bytes16 {
    uint64_t part[2];
} bytes16;

/* The output may be an operand itself, element by element. */
#if defined(__clang__)
#define NO_CARRY
#else
#define NO_CARRY _Pragma("GCC ivdep")
#endif

#define CHOOSE(ONE, OTHER)                                                                                             \
    NO_CARRY for (int64_t i = 0; i < block->count; i++) { /* both are read, so that no branch is left */               \
        const T one = ONE, other = OTHER;                                                                              \
        y[i] = c[i] != 0 ? one : other;                                                                                \
    }
#define WHERE(name, TYPE)                                                                                              \
    static void name(const ortcpu_block *block) {                                                                      \
        typedef TYPE T;                                                                                                \
        const int64_t size = sizeof(T), ic = block->inc[1], ix = block->inc[2] / size, iz = block->inc[3] / size;      \
        for (int64_t r = 0; r < block->rows; r++) {                                                                    \
            T *y = AT(block->ptr[0], r * block->step[0]);                                                              \
            const uint8_t *c = AT(block->ptr[1], r * block->step[1]);                                                  \
            const T *x = AT(block->ptr[2], r * block->step[2]), *z = AT(block->ptr[3], r * block->step[3]);            \
            const T first_x = *x, first_z = *z;                                                                        \
            if (ic == 1 && ix == 1 && iz == 1) {                                                                       \
                CHOOSE(x[i], z[i])                                                                                     \
            } else if (ic == 1 && ix == 1) {                                                                           \
                CHOOSE(x[i], first_z)                                                                                  \
            } else if (ic == 1 && iz == 1) {                                                                           \
                CHOOSE(first_x, z[i])                                                                                  \
            } else {                                                                                                   \
                for (int64_t i = 0; i < block->count; i++) y[i] = c[i * ic] != 0 ? x[i * ix] : z[i * iz];              \
            }                                                                                                          \
        }                                                                                                              \
    }
WHERE(where_1, uint8_t)
WHERE(where_2, uint16_t)
WHERE(where_4, uint32_t)
WHERE(where_8, uint64_t)
WHERE(where_16, bytes16)

static ort_status *plan(ortk_planner *planner, ortcpu_loop_fn loop, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, double element_ns, ortk_step_plan *step) {
    ortcpu_walk_spec spec = {loop, NULL, out, in, in_count, element_ns};
    return ortcpu_walk_plan(planner, &spec, step);
}

#define PLAN(name, loop)                                                                                               \
    static ort_status *name(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,         \
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {                          \
        (void)params, (void)out_count;                                                                                 \
        return plan(planner, loop, in, in_count, out, 0.2, step);                                                      \
    }
PLAN(plan_and, loop_and)
PLAN(plan_or, loop_or)
PLAN(plan_xor, loop_xor)
PLAN(plan_not, loop_not)

static bool where_claim(ortk_node *node) {
    if ((ORT_DTYPE_BIT(ortk_node_input_dtype(node, 1)) & ORTCPU_TYPES_MOVED) != 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "Where of this element type");
}

static ort_status *plan_where(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)params, (void)out_count;
    ortcpu_loop_fn loop = where_1;
    switch (ortk_dtype_bytes(out->dtype, 1)) {
    case 2:
        loop = where_2;
        break;
    case 4:
        loop = where_4;
        break;
    case 8:
        loop = where_8;
        break;
    case 16:
        loop = where_16;
        break;
    default:
        break;
    }
    return plan(planner, loop, in, in_count, out, 0.6, step);
}

#define LOGICAL(NAME, SINCE, CLAIM, PLAN_FN)                                                                           \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPE_BOOL, .mode = ORTK_MODE_ELEMENTWISE, .flags = ORTK_KERNEL_INPLACE, .claim = CLAIM,        \
        .plan = PLAN_FN                                                                                                \
    }
static const ortk_kernel kernels[] = {
    LOGICAL("And", 7, NULL, plan_and),
    LOGICAL("Or", 7, NULL, plan_or),
    LOGICAL("Xor", 7, NULL, plan_xor),
    LOGICAL("Not", 1, NULL, plan_not),
    LOGICAL("Where", 9, where_claim, plan_where),
};
const ortcpu_op_table ortcpu_ops_logic = ORTCPU_TABLE(kernels);
