/* ort/sdk/kernel.h: a kernel as data. A provider that has a table of these has a whole plugin: the kit makes claim,
 * compile, prepare, bind and run of them (ort/sdk/provider.h).
 *
 *     claim    may I have this node?                    once a node, symbolic shapes
 *     compile  attributes -> params, weights packed     once a node
 *     plan     shapes -> a step: what to run, how many tasks, how much scratch        once for each new shape
 *     run      tasks [begin, end) of a step             the hot path: no allocation, no decision
 *
 * Work is split so that the same tasks give the same bits on any number of threads. Threads: compile and plan on one
 * thread for each program; run from several at once, with a scratch of its own each. */
#ifndef ORT_SDK_KERNEL_H
#define ORT_SDK_KERNEL_H

#include "ort/plugin/plugin.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORTK_RANK_MAX 8u /* the kit declines nodes with values of a higher rank */

/* How a tensor lies in memory. Dimensions are always listed in ONNX's order (N, C, spatial...). */
#define ORTK_LAYOUT_ROWS 0u /* row-major, dense: as at the border */
#define ORTK_LAYOUT_PIXELS                                                                                             \
    1u /* N, spatial..., then C; `pitch` elements from one pixel to the next, pitch >= C.                              \
          Rank >= 3. Inside programs only. Channel Concat and Split are views in it */

/* A tensor when shapes are known. */
typedef struct ortk_desc {
    uint32_t dtype, rank;
    int64_t dims[ORTK_RANK_MAX];
    int64_t element_count;
    uint32_t layout;
    int64_t pitch;     /* PIXELS only */
    const void *known; /* contents, dense, when the value is constant or known; else NULL */
    uint64_t known_bytes;
    bool is_present; /* false: an optional input or output left out */
} ortk_desc;

/* What is fused behind a kernel's result, in this order: bias is the kernel's own business (its own input). */
#define ORTK_ACT_NONE        0u
#define ORTK_ACT_RELU        1u
#define ORTK_ACT_CLIP        2u /* alpha = min, beta = max */
#define ORTK_ACT_LEAKY       3u /* alpha */
#define ORTK_ACT_PRELU       4u /* slopes: one for each channel, or one */
#define ORTK_ACT_SIGMOID     5u
#define ORTK_ACT_TANH        6u
#define ORTK_ACT_HARDSIGMOID 7u /* alpha, beta */
#define ORTK_ACT_HARDSWISH   8u
#define ORTK_ACT_SILU        9u
#define ORTK_ACT_GELU        10u /* by erf; this and the next only for ORTK_KERNEL_FUSES_GELU */
#define ORTK_ACT_GELU_TANH   11u
/* step * min(beta, max(alpha, round(x / step))), ties to even; only for ORTK_KERNEL_FUSES_QUANTIZED */
#define ORTK_ACT_QUANTIZED 12u
typedef struct ortk_fused {
    bool
        has_residual; /* added before the activation: the last input of the step; same shape and layout as the output */
    uint32_t activation;
    float alpha, beta;
    const float *slopes; /* PRELU; lives as long as the program */
    int64_t slope_count;
    float step; /* QUANTIZED */
} ortk_fused;

/* A node as a kernel sees it at claim and compile: through ortk_attr_* (ort/sdk/attr.h) and ortk_node_* below. */
typedef struct ortk_node ortk_node;
typedef struct ortk_compiler ortk_compiler;
typedef struct ortk_planner ortk_planner;
typedef struct ortk_step ortk_step;

uint32_t ortk_node_input_count(const ortk_node *node); /* trailing left-out ones not counted */
uint32_t ortk_node_output_count(const ortk_node *node);
bool ortk_node_has_input(const ortk_node *node, uint32_t index);
uint32_t ortk_node_input_dtype(const ortk_node *node, uint32_t index);
uint32_t ortk_node_output_dtype(const ortk_node *node, uint32_t index);
int32_t ortk_node_input_rank(const ortk_node *node, uint32_t index);               /* -1: not known */
int64_t ortk_node_input_dim(const ortk_node *node, uint32_t index, uint32_t axis); /* -1: not a fixed number */
/* A constant's bytes (NULL: not constant) and element count; borrow: the program at compile, the call at claim. */
const void *ortk_node_constant(const ortk_node *node, uint32_t index, int64_t *out_count);
/* The same question without the bytes, which are not retained: for weights that only ortk_compiler_pack reads. False,
 * with a count of 0, for an input that is left out or computed. */
bool ortk_node_is_constant(const ortk_node *node, uint32_t index, int64_t *out_count);
/* True when the input is constant or known, so that plan will see ortk_desc.known. */
bool ortk_node_is_known(const ortk_node *node, uint32_t index);
const char *ortk_node_name(const ortk_node *node);
const char *ortk_node_op(const ortk_node *node);
const ortk_fused *ortk_node_fused(const ortk_node *node); /* never NULL; at claim always empty */

/* "Not mine, because ...": claim returns it through this. Returns false, so that `return ortk_decline(...)` reads well.
 */
bool ortk_decline(ortk_node *node, uint32_t code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Memory that lives as long as the program; zeroed; NULL when there is none (return ortk_out_of_memory). */
void *ortk_compiler_alloc(ortk_compiler *compiler, size_t size_bytes);
/* The packed form of constant input `index`, from the host's store, under `layout`; `pack` is called when nobody has
 * packed it yet with the constant's bytes. 64-byte aligned; borrow: program. */
typedef void (*ortk_pack_fn)(const void *user, const void *constant, void *packed);
ort_status *ortk_compiler_pack(ortk_compiler *compiler, const ortk_node *node, uint32_t index, const char *layout,
                               uint64_t size_bytes, ortk_pack_fn pack, const void *user, const void **out);
/* Memory that lives as long as the plan. */
void *ortk_planner_alloc(ortk_planner *planner, size_t size_bytes);

ort_status *ortk_fail(ort_code code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
ort_status *ortk_out_of_memory(void);

/* Runs tasks [begin, end) of the step. `scratch`: step's scratch_bytes for this thread, 64-byte aligned, or NULL. */
typedef void (*ortk_run_fn)(const ortk_step *step, int64_t begin, int64_t end, void *scratch);

/* What plan answers. The kit zeroes it before. */
typedef struct ortk_step_plan {
    ortk_run_fn run;        /* NULL: nothing to do (an empty result, or a view) */
    const void *state;      /* the kernel's own record for run: from ortk_planner_alloc, or its params */
    int64_t task_count;     /* 1: always inline on the caller */
    int64_t grain;          /* tasks to a chunk; 0: 1 */
    uint64_t scratch_bytes; /* for each thread */
    double cost_ns;         /* of the whole step on one thread; the kit runs small steps inline. 0: not known */
    const struct ortk_launch *launches; /* on a device (ort/sdk/device.h): instead of all the above */
} ortk_step_plan;

/* The hot record: made by bind. args: inputs then outputs, as many as the node has; NULL where left out. A fused
 * residual is one more input, after the node's own: args[input_count - 1]. */
struct ortk_step {
    ortk_run_fn run;
    const void *state;
    uint32_t input_count, output_count;
    int64_t task_count, grain;
    ortp_binding *binding; /* the kit's */
    uint32_t op;           /* the kit's */
#ifdef __cplusplus
    void *args[1]; /* as many as there are: C++ has no flexible arrays */
#else
    void *args[];
#endif
};
static inline const void *ortk_in(const ortk_step *step, uint32_t index) {
    return step->args[index];
}
static inline void *ortk_out(const ortk_step *step, uint32_t index) {
    return step->args[step->input_count + index];
}

/* ---- during the run ---- */
/* Memory for output `index` of a step whose kernel tells sizes (ORTK_KERNEL_TELLS), or whose output is of strings: once
 * for each present output, from a step of one task. `size_bytes` counts the offsets and the bytes of strings. NULL when
 * the output is left out, or after a failure, which the run then returns: the kernel just returns. Kernels of host
 * memory only. Strings are int64 offsets[n+1], then bytes. */
void *ortk_provide(const ortk_step *step, uint32_t index, const int64_t *dims, uint32_t rank, uint64_t size_bytes);
/* The run fails with this, naming the operator; any thread, the first one counts. The kernel then returns. */
void ortk_run_fail(const ortk_step *step, ort_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* How a kernel wants its tensors. */
#define ORTK_MODE_ROWS 0u /* inputs and outputs ROWS */
#define ORTK_MODE_ELEMENTWISE                                                                                          \
    1u /* any one layout and pitch shared by all big inputs and the output: the kernel sees it as a                    \
          dense array, or (pitch > C) as rows of C elements; see ortk_desc. Inputs that broadcast                      \
          are given in ROWS when they are constant or 1-element, or the kit converts all to ROWS */
#define ORTK_MODE_PIXELS 2u /* input 0 and output 0 PIXELS (conv, pool, resize ...); other inputs ROWS */
#define ORTK_MODE_PIXELS_IN_ANY                                                                                        \
    3u /* as PIXELS, but input 0 may also be ROWS (a first convolution reading NCHW itself) */

#define ORTK_KERNEL_INPLACE   0x01u /* output 0 may share memory with an input of the same size (element by element) */
#define ORTK_KERNEL_RESHAPES  0x02u /* output 0 is input 0's bytes with another shape: a view, no kernel runs */
#define ORTK_KERNEL_FUSES_ACT 0x04u /* takes ortk_fused.activation */
#define ORTK_KERNEL_FUSES_ADD 0x08u /* takes a residual */
#define ORTK_KERNEL_UNARY     0x10u /* one input, same shape: may itself be fused as an activation when it has a kind */
#define ORTK_KERNEL_INPLACE_FIRST                                                                                      \
    0x20u /* output 0 may share memory with input 0 where that has the same size; with no other input */
#define ORTK_KERNEL_FUSES_GELU 0x40000000u /* beside FUSES_ACT: Gelu in both forms too */
#define ORTK_KERNEL_FUSES_QUANTIZED                                                                                    \
    0x20000000u /* beside FUSES_ACT: to quantised numbers and back too, alone or after a Relu */
#define ORTK_KERNEL_FUSES_BIAS                                                                                         \
    0x40u /* may be given a third input that the node lacks: a vector added along the output's                         \
             channels (axis 1 in PIXELS modes, else the last), float32 as the output */
/* The shapes of its outputs follow from the data: they come by ortk_provide, and what reads them is another piece. plan
 * sees the dimensions that the run tells as -1, and then element_count as -1. */
#define ORTK_KERNEL_TELLS 0x80u
/* Reads input 0 as bytes, so that a constant may lie at any address: large tables stay in the model's file. */
#define ORTK_KERNEL_BYTES 0x10000000u
/* Computes in a lower precision where the session asks for it: ortk_compiler_precision(). */
#define ORTK_KERNEL_REDUCES 0x80000000u
/* Inputs that plan needs by contents (shapes, axes, pads): bit i for input i. The kit claims the node only if they are
 * constant or known, and gives ortk_desc.known. They need not exist in memory at run. */
#define ORTK_KERNEL_KNOWN(i)    (0x100u << (i)) /* i below ORTK_KERNEL_KNOWN_COUNT */
#define ORTK_KERNEL_KNOWN_COUNT 20u

typedef struct ortk_kernel {
    const char *domain; /* "" is ai.onnx */
    const char *op;
    int32_t since_version, until_version; /* meanings that it computes; overlap with the node's range is a match */
    uint64_t types;                       /* element types of input 0 (of output 0 without inputs) */
    uint32_t mode, flags;
    size_t params_bytes;
    /* Further conditions. NULL: none. Use ortk_decline. */
    bool (*claim)(ortk_node *node);
    /* Fills `params` (zeroed). NULL: nothing to fill. */
    ort_status *(*compile)(ortk_compiler *compiler, const ortk_node *node, void *params);
    /* Fills `step`. `in` and `out` as many as the node has (a fused residual after the inputs). */
    ort_status *(*plan)(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step);
} ortk_kernel;

#ifdef __cplusplus
}
#endif

#endif
