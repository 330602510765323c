/* DFT (ONNX DFT-20) and STFT (ONNX STFT-17), float: sums over a table of roots of unity, in double. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct fourier_params {
    bool is_inverse, is_onesided;
} fourier_params;

typedef struct fourier_state {
    bool is_inverse, completes; /* completes: the input is one half of a spectrum of real numbers */
    int64_t length;             /* of the transform */
    int64_t in_size, out_size;  /* elements of the axis, places of the result that are made */
    int64_t in_parts, out_parts;
    int64_t outer, inner;    /* DFT: [outer][axis][inner][parts] */
    int64_t frames, hop;     /* STFT: [outer][frames] over signals of in_size */
    double *cosines, *sines; /* of 2 pi i / length */
} fourier_state;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    const bool is_stft = strcmp(ortk_node_op(node), "STFT") == 0;
    *(fourier_params *)params =
        (fourier_params){ortk_attr_int(node, "inverse", 0) != 0, ortk_attr_int(node, "onesided", is_stft ? 1 : 0) != 0};
    return NULL;
}

/* Real and imaginary part of element i of a line; zeros behind its end. */
#define FOURIER(suffix, T)                                                                                             \
    static void read_##suffix(const fourier_state *s, const T *line, int64_t pitch, int64_t i, double *re,             \
                              double *im) {                                                                            \
        const bool is_mirrored = s->completes && i > s->length / 2;                                                    \
        const int64_t at = is_mirrored ? s->length - i : i;                                                            \
        *re = at < s->in_size ? (double)line[at * pitch] : 0;                                                          \
        *im = at < s->in_size && s->in_parts > 1 ? (double)line[at * pitch + 1] : 0;                                   \
        if (is_mirrored) *im = -*im;                                                                                   \
    }                                                                                                                  \
    static void dft_##suffix(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                       \
        (void)scratch;                                                                                                 \
        const fourier_state *s = step->state;                                                                          \
        for (int64_t task = begin; task < end; task++) {                                                               \
            const int64_t line = task / s->out_size, k = task % s->out_size, o = line / s->inner, n = line % s->inner; \
            const T *x = (const T *)ortk_in(step, 0) + (o * s->in_size * s->inner + n) * s->in_parts;                  \
            T *y = (T *)ortk_out(step, 0) + ((o * s->out_size + k) * s->inner + n) * s->out_parts;                     \
            double sum_re = 0, sum_im = 0;                                                                             \
            for (int64_t i = 0; i < s->length; i++) {                                                                  \
                double re, im;                                                                                         \
                read_##suffix(s, x, s->inner * s->in_parts, i, &re, &im);                                              \
                const int64_t at = i * k % s->length;                                                                  \
                const double c = s->cosines[at], d = s->is_inverse ? s->sines[at] : -s->sines[at];                     \
                sum_re += re * c - im * d;                                                                             \
                sum_im += re * d + im * c;                                                                             \
            }                                                                                                          \
            const double scale = s->is_inverse ? 1 / (double)s->length : 1;                                            \
            y[0] = (T)(sum_re * scale);                                                                                \
            if (s->out_parts > 1) y[1] = (T)(sum_im * scale);                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void stft_##suffix(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                      \
        (void)scratch;                                                                                                 \
        const fourier_state *s = step->state;                                                                          \
        const T *window = step->input_count > 2 ? ortk_in(step, 2) : NULL;                                             \
        for (int64_t task = begin; task < end; task++) {                                                               \
            const int64_t frame = task / s->out_size, k = task % s->out_size;                                          \
            const T *x = (const T *)ortk_in(step, 0) +                                                                 \
                         (frame / s->frames * s->in_size + frame % s->frames * s->hop) * s->in_parts;                  \
            T *y = (T *)ortk_out(step, 0) + task * 2;                                                                  \
            double sum_re = 0, sum_im = 0;                                                                             \
            for (int64_t i = 0; i < s->length; i++) {                                                                  \
                const double w = window != NULL ? (double)window[i] : 1;                                               \
                const double re = w * (double)x[i * s->in_parts];                                                      \
                const double im = s->in_parts > 1 ? w * (double)x[i * s->in_parts + 1] : 0;                            \
                const int64_t at = i * k % s->length;                                                                  \
                sum_re += re * s->cosines[at] + im * s->sines[at];                                                     \
                sum_im += im * s->cosines[at] - re * s->sines[at];                                                     \
            }                                                                                                          \
            y[0] = (T)sum_re;                                                                                          \
            y[1] = (T)sum_im;                                                                                          \
        }                                                                                                              \
    }
FOURIER(f32, float)
FOURIER(f64, double)

static ort_status *roots_make(ortk_planner *planner, fourier_state *s) {
    s->cosines = ortk_planner_alloc(planner, (size_t)(2 * s->length) * sizeof(double));
    if (s->cosines == NULL) return ortk_out_of_memory();
    s->sines = s->cosines + s->length;
    for (int64_t i = 0; i < s->length; i++) {
        const double angle = 6.283185307179586476925 * (double)i / (double)s->length;
        s->cosines[i] = cos(angle);
        s->sines[i] = sin(angle);
    }
    return NULL;
}

static ort_status *dft_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const fourier_params *p = params;
    if (out->element_count == 0) return NULL;
    const uint32_t axis = ortcpu_axis(ortcpu_is_known(in, in_count, 2) ? ortcpu_known_int(&in[2], 0) : -2, in->rank);
    fourier_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (fourier_state){.is_inverse = p->is_inverse,
                         .completes = p->is_inverse && p->is_onesided,
                         .in_size = in->dims[axis],
                         .out_size = out->dims[axis],
                         .in_parts = in->dims[in->rank - 1],
                         .out_parts = out->dims[out->rank - 1],
                         .outer = ortcpu_product(in->dims, 0, axis),
                         .inner = ortcpu_product(in->dims, axis + 1, in->rank - 1)};
    s->length = ortcpu_is_known(in, in_count, 1) ? ortcpu_known_int(&in[1], 0)
                : s->completes                   ? s->out_size
                                                 : s->in_size;
    if (axis + 1 >= in->rank || s->length < 1 || s->in_parts > 2)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a transform of length %lld along axis %u of rank %u",
                         (long long)s->length, axis, in->rank);
    if (s->in_parts < 1) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "numbers without parts");
    step->run = in->dtype == ORT_DTYPE_F32 ? dft_f32 : dft_f64;
    step->state = s;
    step->task_count = s->outer * s->inner * s->out_size;
    step->grain = 1 + 16384 / s->length;
    step->cost_ns = (double)step->task_count * (double)s->length * 4;
    return roots_make(planner, s);
}

static ort_status *stft_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count, (void)params;
    if (out->element_count == 0) return NULL;
    fourier_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (fourier_state){.in_size = in->dims[1],
                         .out_size = out->dims[2],
                         .in_parts = in->rank > 2 ? in->dims[2] : 1,
                         .frames = out->dims[1],
                         .hop = ortcpu_known_int(&in[1], 0)};
    s->length = ortcpu_is_known(in, in_count, 3)   ? ortcpu_known_int(&in[3], 0)
                : in_count > 2 && in[2].is_present ? in[2].element_count
                                                   : 0;
    const bool has_window = in_count > 2 && in[2].is_present;
    if (s->length < 1 || s->hop < 1 || (s->frames - 1) * s->hop + s->length > s->in_size ||
        (has_window && in[2].element_count < s->length))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "frames of %lld at steps of %lld in a signal of %lld",
                         (long long)s->length, (long long)s->hop, (long long)s->in_size);
    if (s->in_parts < 1) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "numbers without parts");
    step->run = in->dtype == ORT_DTYPE_F32 ? stft_f32 : stft_f64;
    step->state = s;
    step->task_count = out->dims[0] * s->frames * s->out_size;
    step->grain = 1 + 16384 / s->length;
    step->cost_ns = (double)step->task_count * (double)s->length * 4;
    return roots_make(planner, s);
}

#define TRANSFORM(NAME, SINCE, FLAGS, PLAN_FN)                                                                         \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_FLOAT, .mode = ORTK_MODE_ROWS, .flags = (FLAGS), .params_bytes = sizeof(fourier_params), \
        .compile = compile, .plan = PLAN_FN                                                                            \
    }
static const ortk_kernel kernels[] = {
    TRANSFORM("DFT", 20, ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2), dft_plan),
    TRANSFORM("STFT", 17, ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(3), stft_plan),
};
const ortcpu_op_table ortcpu_ops_fourier = ORTCPU_TABLE(kernels);
