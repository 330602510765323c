/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss (ONNX 22 and 13): scores [batch][class][places] against the
 * class of each place. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef enum reduction { REDUCTION_NONE, REDUCTION_SUM, REDUCTION_MEAN } reduction;

typedef struct loss_params {
    reduction reduction;
    bool has_ignored, is_softmax; /* is_softmax: scores become logarithms of probabilities first */
    int64_t ignored;
} loss_params;

typedef struct loss_state {
    loss_params p;
    int64_t batch, classes, places;
    bool is_wide; /* int64 classes */
} loss_state;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    *(loss_params *)params =
        (loss_params){.reduction = ortk_attr_is(node, "reduction", "mean", "none")  ? REDUCTION_NONE
                                   : ortk_attr_is(node, "reduction", "mean", "sum") ? REDUCTION_SUM
                                                                                    : REDUCTION_MEAN,
                      .has_ignored = ortk_attr_has(node, "ignore_index"),
                      .is_softmax = strcmp(ortk_node_op(node), "SoftmaxCrossEntropyLoss") == 0,
                      .ignored = ortk_attr_int(node, "ignore_index", 0)};
    return NULL;
}

/* The logarithm of the sum of exponentials over the classes of one place. */
#define LOSS(suffix, T)                                                                                                \
    static double log_sum_##suffix(const T *x, int64_t classes, int64_t pitch) {                                       \
        double most = -INFINITY, sum = 0;                                                                              \
        for (int64_t c = 0; c < classes; c++) most = fmax(most, (double)x[c * pitch]);                                 \
        for (int64_t c = 0; c < classes; c++) sum += exp((double)x[c * pitch] - most);                                 \
        return most + log(sum);                                                                                        \
    }                                                                                                                  \
    static void run_##suffix(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                       \
        (void)begin, (void)end, (void)scratch;                                                                         \
        const loss_state *s = step->state;                                                                             \
        const T *weights = step->input_count > 2 ? ortk_in(step, 2) : NULL;                                            \
        T *out = ortk_out(step, 0), *logs = step->output_count > 1 ? ortk_out(step, 1) : NULL;                         \
        double total = 0, total_weight = 0;                                                                            \
        for (int64_t i = 0; i < s->batch * s->places; i++) {                                                           \
            const int64_t at = i / s->places * s->classes * s->places + i % s->places;                                 \
            const T *x = (const T *)ortk_in(step, 0) + at;                                                             \
            const double norm = s->p.is_softmax ? log_sum_##suffix(x, s->classes, s->places) : 0;                      \
            for (int64_t c = 0; logs != NULL && c < s->classes; c++)                                                   \
                logs[at + c * s->places] = (T)((double)x[c * s->places] - norm);                                       \
            const int64_t class =                                                                                      \
                s->is_wide ? ((const int64_t *)ortk_in(step, 1))[i] : ((const int32_t *)ortk_in(step, 1))[i];          \
            const bool is_ignored = s->p.has_ignored && class == s->p.ignored;                                         \
            if (!is_ignored && (class < 0 || class >= s->classes)) {                                                   \
                ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "class %lld of %lld", (long long)class,                 \
                              (long long)s->classes);                                                                  \
                return;                                                                                                \
            }                                                                                                          \
            const double weight = is_ignored ? 0 : weights != NULL ? (double)weights[class] : 1;                       \
            const double loss = is_ignored ? 0 : -weight * ((double)x[class * s->places] - norm);                      \
            if (s->p.reduction == REDUCTION_NONE && out != NULL) out[i] = (T)loss;                                     \
            total += loss;                                                                                             \
            total_weight += weight;                                                                                    \
        }                                                                                                              \
        if (s->p.reduction == REDUCTION_MEAN) total /= total_weight;                                                   \
        if (s->p.reduction != REDUCTION_NONE && out != NULL) *out = (T)total;                                          \
    }
LOSS(f32, float)
LOSS(f64, double)

static ort_status *plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out, (void)out_count;
    if (in->rank < 2) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "scores of rank %u", in->rank);
    loss_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (loss_state){*(const loss_params *)params, in->dims[0], in->dims[1], ortcpu_product(in->dims, 2, in->rank),
                      in[1].dtype == ORT_DTYPE_I64};
    if (in[1].element_count != s->batch * s->places ||
        (in_count > 2 && in[2].is_present && in[2].element_count != s->classes))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld classes are asked for at %lld places, or other weights",
                         (long long)in[1].element_count, (long long)(s->batch * s->places));
    step->run = in->dtype == ORT_DTYPE_F32 ? run_f32 : run_f64;
    step->state = s;
    step->task_count = 1;
    step->cost_ns = (double)in->element_count * (s->p.is_softmax ? 10 : 1);
    return NULL;
}

#define LOSSES(NAME, SINCE)                                                                                            \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_FLOAT, .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(loss_params), .compile = compile,  \
        .plan = plan                                                                                                   \
    }
static const ortk_kernel kernels[] = {LOSSES("NegativeLogLikelihoodLoss", 12), LOSSES("SoftmaxCrossEntropyLoss", 12)};
const ortcpu_op_table ortcpu_ops_loss = ORTCPU_TABLE(kernels);
